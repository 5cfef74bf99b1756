use std::path::Path;

use super::*;
use crate::compose::Role;
use crate::prompt::{By, Scene};
use crate::steer::Lexicon;

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
    Kept { path: "a.abc".into(), scene, meter, unit, key, kind, all: false, voices }
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
    let text = format!("{HEAD}%%MIDI beat 105 90 75 1\nCDE |\n");
    let written = "!mp!A !mf!A A";
    let heard = kept(&text, 1, "1", "AAA |", Kind::Seed);
    let new = keep(&text, &heard).text;
    assert_eq!(new, format!("{HEAD}%%MIDI beat 105 90 75 1\n%- CDE |\n{written} |\n"));
    let velocities = |note: &crate::score::Note| note.velocity;
    assert_eq!(scenes(&new)[0].voices[0].bars[0].measure.notes.iter().map(velocities).collect::<Vec<_>>(), [90; 3]);
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
        ("X:2\nM:3/4\nK:C\nCDE |", "there is no X:1 in the text: 2 bars of lead as a loop noted at its end"),
        ("", "there is no X:1 in the text: 2 bars of lead as a loop noted at its end"),
        ("X:1\nM:4/4\nK:C\n", "the text is in 4/4: 2 bars of lead as a loop noted at its end"),
        ("X:1\nM:3/4\nK:C\nP:A\nC6|\n", "the text has sections: 2 bars of lead as a loop noted at its end"),
    ] {
        let heard = kept(&format!("{HEAD}C3|"), 1, "lead", "!p!A3 | B3 |", Kind::Loop);
        let new = keep(text, &heard);
        assert_eq!(new.said, said);
        let more = new.text.strip_prefix(text).expect("all that was there").trim_start();
        assert_eq!(more, "%- 2 bars of lead as a loop, M:3/4 L:1/4 K:C\n%- [V:lead] !p!A3 | B3 |\n");
    }
}

#[test]
fn a_section_stands_behind_the_others() {
    let text = format!("{HEAD}V:a\nV:b\nP:A\n[V:a] C3 |\n% end\n");
    let mut heard = kept(&text, 1, "a", "!f!A3 | B3 |", Kind::Section);
    heard.voices.push(KeptVoice { name: "b".to_owned(), ..heard.voices[0].clone() });
    let new = keep(&text, &Kept { all: true, ..heard });
    assert_eq!(new.said, "kept 2 bars of all as a section");
    assert_eq!(new.text, format!("{text}P:B\n[V:a] !f!A3 | B3 |\n[V:b] !f!A3 | B3 |\n"));
}

#[test]
fn a_section_says_its_key_and_metre_where_others_do() {
    let text = format!("{HEAD}V:a\nV:b\nP:A\nM:4/4\nK:G\n[V:b] F4 |\n[V:a] C4 |\n");
    let mut heard = kept(&text, 1, "a", "!f!F3 | B3 |", Kind::Section);
    heard.voices.push(KeptVoice { name: "b".to_owned(), ..heard.voices[0].clone() });
    let new = keep(&text, &Kept { all: true, ..heard });
    assert_eq!(new.said, "kept 2 bars of all as a section");
    assert_eq!(new.text, format!("{text}P:B\nM:3/4\nK:C\n[V:a] !f!F3 | B3 |\n[V:b] !f!F3 | B3 |\n"));
}
