use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::compose::Role;
use crate::event::Author;
use crate::prompt::{By, Scene};
use crate::score::Note;
use crate::steer::Lexicon;
use crate::time::Beats;
use crate::timeline::{Bar, Cell, Timeline};

fn scenes(text: &str) -> Vec<Scene> {
    let (scenes, said) = crate::prompt::read(Path::new("a.abc"), text, &[], &Lexicon::default());
    assert_eq!(said.iter().map(|said| said.display("a.abc", text)).collect::<Vec<_>>(), [""; 0], "{text}");
    scenes
}

/// Bars of a voice of scene `scene` in `text` as they are kept when `heard`, in the text's own key and metre at `L:1/4`, was played.
fn kept(text: &str, scene: u32, voice: &str, heard: &str, kind: Kind) -> Kept {
    let (_, header) = text.rsplit_once(&format!("X:{scene}\n")).expect("the scene");
    let key = header.lines().find(|line| line.starts_with("K:")).expect("a key");
    let meter = header.lines().find(|line| line.starts_with("M:")).expect("a metre");
    let played = format!("X:1\n{meter}\nL:1/4\n{key}\n{heard}\n");
    let scene_played = &scenes(&played)[0];
    let measures = scene_played.voices[0].bars.iter().map(|bar| bar.measure.clone()).collect();
    let Scene { meter, unit, key, .. } = *scene_played;
    let voices = vec![KeptVoice { name: voice.to_owned(), role: Role::Lead, measures }];
    Kept { path: "a.abc".into(), scene, meter, unit, key, kind, section: None, all: false, voices }
}

const FERRY: &str = "%abc-2.1\nX:1\nT:Ferry\n% slow air\nM:3/4\nL:1/8\nK:Ddor\n%%phrase 4\nV:bass  by=loop  clef=bass % low\nV:lead  by=model range=D..d'\n\
                     [V:bass] D,6 | C,6 | % steady\n% busier now\n[V:lead] A2d4 | % try ^c\n[V:lead] c2A4 |\n%- later\n";

#[test]
fn a_loop_stands_where_the_voice_stood_and_the_rest_stays() {
    let heard = kept(FERRY, 1, "lead", "Ad2 | !p!^cLd_B- | B3 |", Kind::Loop);
    let Edit { text, said } = keep(FERRY, &heard);
    assert_eq!(said, "kept 3 bars of lead as a loop");
    let expected = FERRY
        .replace("by=model", "by=loop")
        .replace(
            "[V:lead] A2d4 | % try ^c\n",
            "%- [V:lead] A2d4 | % try ^c\n[V:lead] !mf!A2 d4 | !p!^c2 Ld2 _B2- | _B6 |\n",
        )
        .replace("[V:lead] c2A4 |", "%- [V:lead] c2A4 |");
    assert_eq!(text, expected);
    // Once more it changes nothing.
    let again = keep(&text, &heard);
    assert_eq!(
        (again.text.as_str(), again.said.as_str()),
        (text.as_str(), "3 bars of lead as a loop: the text says so already")
    );
}

/// What the text becomes, without its header; `~` stands for the kept bars `A3 | B3 |` in the place's own unit.
fn check(kind: Kind, text: &str, voice: &str, expected: &str) {
    let heard = kept(text, 1, voice, "A3 | B3 |", kind);
    let new = keep(text, &heard).text;
    assert_eq!(new, expected, "{text}");
    let scene = scenes(&new).into_iter().find(|scene| scene.number == 1).expect("the scene");
    let own = scene.voices.iter().find(|own| own.name == voice).expect(voice);
    assert_eq!(own.by, if kind == Kind::Loop { By::Loop } else { By::Model }, "{new}");
    let bars: Vec<Measure> = own.bars.iter().map(|bar| bar.measure.clone()).collect();
    assert!(write::same(&bars, &heard.voices[0].measures), "{new}");
    assert!(bars.iter().flat_map(|bar| &bar.notes).all(|note| note.velocity == 90), "{new}");
}

const HEAD: &str = "X:1\nM:3/4\nL:1/4\nK:C\n";

#[test]
fn bars_find_their_place_in_every_way_of_writing_voices() {
    let check = |kind, text: &str, voice, expected: &str| {
        check(kind, &format!("{HEAD}{text}"), voice, &format!("{HEAD}{expected}"));
    };
    // One voice without a name repeats by its bar lines.
    check(Kind::Loop, "CDE | FGA |\n", "1", "%- CDE | FGA |\n|: A3 | B3 :|\n");
    check(
        Kind::Loop,
        "|: CDE |1 FGA :|2 c3 |]\nw: one two\n",
        "1",
        "%- |: CDE |1 FGA :|2 c3 |]\n|: A3 | B3 :|\n%- w: one two\n",
    );
    check(Kind::Seed, "|: CDE :|\n", "1", "%- |: CDE :|\nA3 | B3 |\n");
    check(Kind::Loop, "", "1", "|: A3 | B3 :|\n");
    check(Kind::Loop, "% low and slow\n", "1", "% low and slow\n|: A3 | B3 :|\n");
    // Lines of several voices.
    check(
        Kind::Loop,
        "V:a\nV:b\n[V:a] C3 | [V:b] E3 | % both\n[V:b] F3 | [V:a] D3 |\n",
        "a",
        "V:a by=loop\nV:b\n%- [V:a] C3 |\n[V:a] A3 | B3 | [V:b] E3 | % both\n%- [V:a] D3 |\n[V:b] F3 | \n",
    );
    check(
        Kind::Seed,
        "V:a\nV:b\n[V:a] C3 | [V:b] E3 |\nF3 |\n",
        "b",
        "V:a\nV:b\n%- [V:b] E3 |\n[V:a] C3 | [V:b] A3 | B3 |\n%- F3 |\n",
    );
    // Blocks.
    check(
        Kind::Loop,
        "V:a clef=treble\nC3 |\nD3 |\nV:b by=loop\nE3 |\ns: !f!\nF3 |\n",
        "b",
        "V:a clef=treble\nC3 |\nD3 |\nV:b by=loop\n%- E3 |\nA3 | B3 |\n%- s: !f!\n%- F3 |\n",
    );
    // A voice without notes, declared or not.
    check(
        Kind::Loop,
        "V:a by=vary/4\nV:b by=loop\n[V:b] C3 |\n",
        "a",
        "V:a by=loop\nV:b by=loop\n[V:b] C3 |\n[V:a] A3 | B3 |\n",
    );
    check(Kind::Seed, "V:a by=loop\n[V:a] C3 |", "a", "V:a by=model\n%- [V:a] C3 |\n[V:a] A3 | B3 |");
    check(Kind::Loop, "[V:a] C3 |\n[V:b] E3 |\n", "b", "[V:a] C3 |\n%- [V:b] E3 |\n[V:b by=loop] A3 | B3 |\n");
    // What holds at the place counts: key, unit and clef; what stood before is no longer in force or still is.
    check(
        Kind::Loop,
        "V:a octave=-1\n[V:a] [L:1/8] C6 |\n",
        "a",
        "V:a by=loop octave=-1\n%- [V:a] [L:1/8] C6 |\n[V:a] a3 | b3 |\n",
    );
    check(Kind::Seed, "L:1/8\nK:Bb\nC6 |\n", "1", "L:1/8\nK:Bb\n%- C6 |\nA6 | =B6 |\n");
}

#[test]
fn stressed_beats_change_nothing_of_what_is_heard() {
    let text = format!("{HEAD}%%MIDI beat 115 90 75 1\nCDE |\n");
    let heard = kept(&text, 1, "1", "AAA |", Kind::Seed);
    let new = keep(&text, &heard).text;
    assert_eq!(new, format!("{HEAD}%%MIDI beat 115 90 75 1\n%- CDE |\n!mp!A !mf!A A |\n"));
    let velocities = |voice: &crate::prompt::Voice| -> Vec<u8> {
        voice.bars[0].measure.notes.iter().map(|note| note.velocity).collect()
    };
    // 90 and 10 more on the first beat, which is what the metre adds where nothing is said.
    assert_eq!(velocities(&scenes(&new)[0].voices[0]), [100, 90, 90]);
    // In a section, too.
    let new = keep(&text, &Kept { kind: Kind::Section, ..heard }).text;
    let named = new.replace("P:\n", "P:A\n");
    let scene = scenes(&named).remove(0);
    assert_eq!(velocities(&scene.form.expect("a form").sections[0].scene.voices[0]), [100, 90, 90], "{named}");
}

#[test]
fn a_property_is_written_where_it_stands_or_behind_the_name() {
    let text = format!("{HEAD}V:a by=loop patch=sub % low\nV:b\n[V:a] C3 |\n\nX:2\nK:C\nV:a patch=reed\nC3 |\n");
    let set = |scene, voice, name, value| set_property(&text, scene, voice, name, value);
    assert_eq!(set(1, "a", "patch", "pluck").unwrap(), text.replace("patch=sub", "patch=pluck"));
    assert_eq!(set(1, "b", "out", "box").unwrap(), text.replace("V:b\n", "V:b out=box\n"));
    assert_eq!(set(2, "a", "patch", "pluck").unwrap(), text.replace("patch=reed", "patch=pluck"));
    assert_eq!(set(1, "a", "patch", "sub").unwrap(), text);
    assert_eq!(set(1, "c", "patch", "sub").unwrap_err(), "the text has no V: line for c");
    assert_eq!(set(9, "a", "patch", "sub").unwrap_err(), "there is no X:9 in the text");
}

#[test]
fn what_has_its_velocities_gets_no_accents_when_it_is_read_again() {
    let text = format!("{HEAD}V:a\n");
    let mut heard = kept(&text, 1, "a", "!mf!A !f!A !mf!A |", Kind::Loop);
    for note in &mut heard.voices[0].measures[0].notes {
        *note = Note { velocity: if note.onset == Beats::ZERO { 85 } else { 105 }, ..note.fixed() };
    }
    // 75 and 10 by the metre are 85.
    assert_eq!(keep(&text, &heard).text, format!("{HEAD}V:a by=loop\n[V:a] !mp!A !f!A A |\n"));
}

#[test]
fn what_stands_behind_a_voice_is_still_for_it() {
    let check = |text: &str, voice, expected: &str| {
        let text = format!("{HEAD}{text}");
        let new = keep(&text, &kept(&text, 1, voice, "A3 | B3 |", Kind::Seed)).text;
        assert_eq!(new, format!("{HEAD}{expected}"));
        let others = |text: &str| -> Vec<Vec<String>> {
            let others = scenes(text).remove(0).voices.into_iter().filter(|other| other.name != voice);
            others.map(|other| other.bars.iter().map(|bar| bar.text.clone()).collect()).collect()
        };
        assert_eq!(others(&new), others(&text), "{new}");
    };
    check(
        "V:a\nV:b\n[V:a] C3 |\n[V:b] E3 |\n[V:a] D3 |\n% low\nK:D\n[V:b] F3 |\n",
        "a",
        "V:a\nV:b\n%- [V:a] C3 |\n[V:a] A3 | B3 |\n[V:b] E3 |\n%- [V:a] D3 |\nV:a\n% low\nK:D\n[V:b] F3 |\n",
    );
    check(
        "V:a\nV:b\n[V:a] C3 |\n[V:b] E3 | [V:a] D3 |\n%%MIDI transpose 2\n[V:b] F3 |\n",
        "a",
        "V:a\nV:b\n%- [V:a] C3 |\n[V:a] A3 | B3 |\n%- [V:a] D3 |\n[V:b] E3 | \nV:a\n%%MIDI transpose 2\n[V:b] F3 |\n",
    );
    // Text in a block is no music.
    check(
        "V:a\nV:b\n[V:a] C3 |\n%%begintext\n[V:a] D3 |\n\n%%endtext\n[V:b] F3 |\n[V:a] E3 |\n",
        "a",
        "V:a\nV:b\n%- [V:a] C3 |\n[V:a] A3 | B3 |\n%%begintext\n[V:a] D3 |\n\n%%endtext\n[V:b] F3 |\n%- [V:a] E3 |\n",
    );
}

#[test]
fn only_the_tune_that_played_is_touched() {
    let second = "X:2\nT:B\nM:3/4\nL:1/8\nK:G\nV:a\n[V:a] G6 |\n\nX:3\nK:C\n";
    let text = format!("{FERRY}\n{second}").replace('\n', "\r\n");
    let new = keep(&text, &kept(&text.replace('\r', ""), 2, "a", "F3 |", Kind::Loop)).text;
    let expected = format!("{FERRY}\n{}", second.replace("V:a\n[V:a] G6 |", "V:a by=loop\n%- [V:a] G6 |\n[V:a] F6 |"));
    assert_eq!(new, expected.replace('\n', "\r\n"));
}

#[test]
fn more_bars_than_fit_a_line_take_several() {
    let text = format!("{HEAD}V:a\nV:b\n");
    let new = keep(&text, &kept(&text, 1, "b", &"A3 | ".repeat(6), Kind::Loop)).text;
    assert_eq!(new, format!("{HEAD}V:a\nV:b by=loop\n[V:b] A3 | A3 | A3 | A3 |\n[V:b] A3 | A3 |\n"));
}

#[test]
fn what_has_no_place_is_noted_at_the_end() {
    for (text, said) in [
        (
            "X:2\nM:3/4\nK:C\nCDE |",
            "there is no X:1 in the text: 2 bars of lead as a loop noted at the end of the text",
        ),
        ("", "there is no X:1 in the text: 2 bars of lead as a loop noted at the end of the text"),
        ("X:1\nM:4/4\nK:C\n", "the text is in 4/4: 2 bars of lead as a loop noted at the end of the text"),
        ("X:1\nM:3/4\nK:C\nP:A\nC6|\n", "the text has sections: 2 bars of lead as a loop noted at the end of the text"),
    ] {
        let heard = kept(&format!("{HEAD}C3|"), 1, "lead", "!p!A3 | B3 |", Kind::Loop);
        let new = keep(text, &heard);
        assert_eq!(new.said, said);
        let more = new.text.strip_prefix(text).expect("all that was there").trim_start();
        assert_eq!(more, "%- 2 bars of lead as a loop, M:3/4 L:1/4 K:C\n%- [V:lead] !p!A3 | B3 |\n");
    }
}

#[test]
fn a_section_stands_beside_what_plays() {
    let check = |header: &str, body: &str, expected_header: &str, letter: char| {
        let head = |header: &str| HEAD.replace("K:C\n", &format!("{header}K:C\n"));
        let text = format!("{}V:a\nV:b by=loop\n{body}", head(header));
        let mut heard = kept(&text, 1, "a", "!f!A3 | B3 |", Kind::Section);
        heard.voices.push(KeptVoice { name: "b".to_owned(), ..heard.voices[0].clone() });
        let new = keep(&text, &Kept { all: true, ..heard });
        assert_eq!(
            new.said,
            format!("kept 2 bars of all as a section {letter}, which plays where P: in the header names it")
        );
        let section = format!("P:{letter}\n[V:a] !f!A3 | B3 |\n[V:b] !f!A3 | B3 |\n");
        assert_eq!(new.text, format!("{}V:a\nV:b by=loop\n{body}{section}", head(expected_header)));
        // What plays is as it was.
        let (before, after) = (scenes(&text).remove(0), scenes(&new.text).remove(0));
        let plays = |scene: &Scene| -> Vec<_> {
            let order = scene.form.as_ref().map(|form| form.order.clone());
            let sections = scene.form.iter().flat_map(|form| form.order.iter().map(|at| &*form.sections[*at].scene));
            let scenes: Vec<&Scene> = if order.is_some() { sections.collect() } else { vec![scene] };
            scenes.iter().flat_map(|scene| &scene.voices).map(|voice| (voice.by, voice.bars.len())).collect()
        };
        assert_eq!(plays(&after), plays(&before), "{}", new.text);
    };
    check("", "[V:a] C3 |\n[V:b] E3 | F3 |\n% end\n", "P:\n", 'A');
    check("P:AB\n", "P:A\n[V:b] C3 |\nP:B\n[V:b] D3 |\n", "P:AB\n", 'C');
    check("", "P:verse\n[V:b] C3 |\nP:B\n[V:b] D3 |\n", "P:vB\n", 'A');
    check("P:\n", "[V:b] E3 |\nP:A\n[V:b] C3 |\n", "P:\n", 'B');
    for (header, body, why) in [
        ("P:AB\n", "C3 |\n", "P: asks for sections that are not there"),
        ("", "P:verse\nC3 |\nP:vamp\nD3 |\n", "not each section has a letter of its own, by which P: could name it"),
    ] {
        let text = format!("{}{body}", HEAD.replace("K:C\n", &format!("{header}K:C\n")));
        let heard = kept(&format!("{HEAD}C3|"), 1, "1", "A3 |", Kind::Section);
        let said = keep(&text, &heard).said;
        assert_eq!(said, format!("{why}: 1 bar of 1 as a section noted at the end of the text"));
    }
}

#[test]
fn bars_of_a_tune_whose_sections_wait_stand_before_them() {
    let text = |by: &str, a: &str| {
        let head = HEAD.replace("K:C\n", "P:\nK:C\n");
        format!("{head}V:a{by}\nV:b\n{a}[V:b] E3 |\nP:A\n[V:a] C3 |\n")
    };
    let (before, bars) = (text("", ""), "A3 | B3 |");
    let heard = kept(&before, 1, "a", bars, Kind::Loop);
    let expected = text(" by=loop", "").replace("E3 |\n", "E3 |\n[V:a] A3 | B3 |\n");
    assert_eq!(keep(&before, &heard).text, expected);
    let own = keep(&text("", "[V:a] D3 |\n"), &heard).text;
    assert_eq!(own, text(" by=loop", "%- [V:a] D3 |\n[V:a] A3 | B3 |\n"));
}

#[test]
fn bars_go_into_the_section_that_played() {
    let text =
        "V:a\nV:b by=loop\n[V:a] C3 |\nP:A\n[V:a] D3 |\nP:B\n[V:b] E3 | F3 | G3 |\n%- end\nP:A\nV:a\nE3 |\nP:C\nF3 |\n";
    let check = |kind, voice, section: (&str, i64), expected: &str| {
        let text = format!("{HEAD}{text}");
        let heard = Kept {
            section: Some((section.0.to_owned(), section.1)),
            ..kept(&format!("{HEAD}C3|"), 1, voice, "A3 | B3 |", kind)
        };
        let new = keep(&text, &heard);
        if let Some(why) = expected.strip_prefix("! ") {
            let what = heard.what();
            assert_eq!(new.said, format!("{why}: {what} noted at the end of the text"));
            return;
        }
        assert_eq!(new.said, format!("kept 2 bars of {voice} as a {} in section {}", kind.name(), section.0));
        assert_eq!(new.text, format!("{HEAD}{expected}"));
        // Nothing else is read otherwise, and in its section the voice is read as these bars.
        let bars = |text: &str| -> Vec<(String, String, Vec<String>)> {
            let form = scenes(text).remove(0).form.expect("a form");
            let voices = form
                .sections
                .iter()
                .flat_map(|section| section.scene.voices.iter().map(|voice| (section.name.clone(), voice.clone())));
            voices
                .map(|(name, voice)| {
                    (name, voice.name.clone(), voice.bars.iter().map(|bar| bar.text.clone()).collect())
                })
                .collect()
        };
        let here = |(name, of, _): &&(String, String, Vec<String>)| name == section.0 && of == voice;
        let others = |text: &str| bars(text).into_iter().filter(|one| !here(&one)).collect::<Vec<_>>();
        assert_eq!(others(&new.text), others(&text), "{}", new.text);
        let own: Vec<String> = bars(&new.text).iter().find(here).expect("the voice").2.clone();
        let length = if kind == Kind::Loop { section.1 as usize } else { 2 };
        let expected: Vec<&str> = ["A6", "B6"].into_iter().cycle().take(length).collect();
        assert_eq!(own, expected);
    };
    check(
        Kind::Seed,
        "a",
        ("A", 4),
        &text.replace("[V:a] D3 |", "%- [V:a] D3 |\n[V:a] A3 | B3 |").replace("\nE3 |", "\n%- E3 |"),
    );
    // A loop is written out to the section's end.
    check(
        Kind::Loop,
        "b",
        ("B", 3),
        &text.replace("[V:b] E3 | F3 | G3 |", "%- [V:b] E3 | F3 | G3 |\n[V:b] A3 | B3 | A3 |"),
    );
    // A voice that has no bars there yet, behind which the one before goes on.
    check(Kind::Loop, "b", ("A", 2), &text.replace("\nE3 |\n", "\nE3 |\n[V:b] A3 | B3 |\nV:a\n"));
    check(Kind::Seed, "b", ("B", 3), "! b is by=loop in all sections");
    check(Kind::Loop, "a", ("D", 3), "! there is no section D in the text");
}

#[test]
fn what_was_heard_in_a_section_is_of_that_section() {
    let text = "X:1\nM:3/4\nL:1/4\nP:AAB\nK:C\nV:a by=loop\nP:A\n[V:a] C3 | D3 | E3 |\nP:B\n[V:a] G3 |\n";
    let mut timeline = Timeline::new(Arc::new(scenes(text).remove(0)), 1);
    for _ in 0..7 {
        timeline.commit();
    }
    let heard = |bars: usize, asked: usize, kind| {
        let ask = Ask { voice: Some("a".to_owned()), bars: asked, kind };
        let cell = |bar: &Bar, voice: usize| Cell { by: Author::Hand, ..bar.cells[voice].clone() };
        let kept = heard(&timeline.bars()[..bars], &cell, &ask).expect("bars");
        let notes = || kept.voices[0].measures.iter().flat_map(|bar| &bar.notes);
        assert!(notes().all(|note| note.marks.fixed), "what the hand played has its velocities");
        (notes().map(|note| note.pitch.step.letter() as char).collect::<String>(), kept.section)
    };
    let in_section = |notes: &str, name: &str, bars| (notes.to_owned(), Some((name.to_owned(), bars)));
    assert_eq!(heard(5, 2, Kind::Loop), in_section("CD", "A", 3));
    // As it stands in the section, wherever the last bar was.
    assert_eq!(heard(4, 4, Kind::Loop), in_section("CDE", "A", 3));
    assert_eq!(heard(4, 2, Kind::Seed), in_section("EC", "A", 3));
    assert_eq!(heard(7, 4, Kind::Seed), in_section("G", "B", 1));
    // As a section of their own it is all the same where they come from.
    assert_eq!(heard(7, 4, Kind::Section), ("CDEG".to_owned(), None));
}

#[test]
fn a_section_says_its_key_and_metre_where_others_do() {
    let text = format!("{HEAD}V:a\nV:b\nP:A\nM:4/4\nK:G\n[V:b] F4 |\n[V:a] C4 |\n");
    let mut heard = kept(&text, 1, "a", "!f!F3 | B3 |", Kind::Section);
    heard.voices.push(KeptVoice { name: "b".to_owned(), ..heard.voices[0].clone() });
    let new = keep(&text, &Kept { all: true, ..heard });
    assert_eq!(new.said, "kept 2 bars of all as a section B, which plays where P: in the header names it");
    let text = text.replacen("K:C\n", "P:A\nK:C\n", 1);
    assert_eq!(new.text, format!("{text}P:B\nM:3/4\nK:C\n[V:a] !f!F3 | B3 |\n[V:b] !f!F3 | B3 |\n"));
}

#[test]
fn a_section_that_could_not_be_evaluated_is_noted_instead() {
    let text = "X:1\nT:K\nM:4/4\nL:1/8\nK:C\nV:bass by=loop\nV:kit by=loop clef=perc\n[V:kit] C,,8 |\nP:A\nM:3/4\n[V:bass] C,6 |\n[V:kit] D,,6 |\n";
    let heard = kept(&text.replace("M:4/4", "M:3/4"), 1, "bass", "C,3 |", Kind::Section);
    let new = keep(text, &heard);
    let said =
        "section B is in 3/4, and kit loops bars in 4/4: 1 bar of bass as a section noted at the end of the text";
    assert_eq!(new.said, said);
    assert!(
        new.text.starts_with(text) && new.text[text.len()..].lines().all(|line| line.starts_with('%')),
        "{}",
        new.text
    );
}
