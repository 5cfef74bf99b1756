//! Sections that return, edits of them, and scenes that come on their line.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::abc::Meter;
use crate::compose::{ComposedBar, STREAM_UNIT};
use crate::event::{Author, Touch};
use crate::prompt::read;
use crate::steer::Lexicon;
use crate::time::Beats;

fn scene(text: &str) -> Arc<Scene> {
    let (mut scenes, said) = read(Path::new("a.abc"), text, &["reed".into(), "sub".into()], &Lexicon::default());
    assert!(!crate::prompt::has_errors(&said), "{said:?}");
    Arc::new(scenes.remove(0))
}

/// A timeline and a composer that never writes the same bar twice: `n` is its `n`th.
struct Music {
    timeline: Timeline,
    written: usize,
}

impl Music {
    fn new(text: &str) -> Music {
        Music { timeline: Timeline::new(scene(text), 1), written: 0 }
    }

    /// The composer writes what it is asked; a bar at a time is committed up to `last`.
    fn play(&mut self, last: i64) {
        while self.timeline.next_bar() <= last {
            self.compose();
            self.timeline.commit();
        }
    }

    fn compose(&mut self) {
        let prompt = self.timeline.prompt(4);
        let half = prompt.meter.bar_length().ratio(STREAM_UNIT * 2);
        for (index, bar) in prompt.bars.iter().enumerate() {
            let missing = |voice: &usize| prompt.voices[*voice].composed && bar.cells[*voice].is_none();
            let mut cells = Vec::new();
            for voice in (0..prompt.voices.len()).filter(missing) {
                self.written += 1;
                let (low, high) = (self.written % 7, self.written / 7 % 7);
                cells.push((voice, format!("{}{half} {}{half}", &"CDEFGAB"[low..=low], &"cdefgab"[high..=high])));
            }
            let (revision, attempt) = (prompt.revision, prompt.attempt);
            let number = prompt.first_bar + index as i64;
            self.timeline.take(ComposedBar { revision, attempt, number, cells, ..ComposedBar::default() }).unwrap();
        }
    }

    fn heard(&self, voice: &str) -> Vec<String> {
        let of = |bar: &crate::timeline::Bar| {
            let at = bar.scene.voices.iter().position(|other| other.name == voice);
            at.map_or("-".to_owned(), |at| bar.cells[at].text.clone())
        };
        self.timeline.bars().iter().map(of).collect()
    }
}

const AABA: &str = "X:1\n% low\nM:4/4\nL:1/4\nP:AABA\nK:C\n%%phrase 2\nV:bass by=loop\nV:lead\n[V:bass] C,4 |\nP:A\n[V:bass] C,4 | G,,4 |\nP:B\n% high\n";

#[test]
fn a_section_is_composed_once_and_returns_note_for_note() {
    let mut music = Music::new(AABA);
    music.play(16);
    let lead = music.heard("lead");
    assert_eq!([&lead[0..2], &lead[6..8], &lead[8..10]], [&lead[2..4]; 3]);
    assert_eq!(lead[4..6], lead[12..14]);
    assert_ne!(lead[0..2], lead[4..6]);
    assert_eq!(music.heard("bass")[..6], ["C,8", "G,,8", "C,8", "G,,8", "C,8", "C,8"]);
    assert!(music.timeline.prompt(4).first_missing().is_none(), "nothing is left to write");
    let words = |bar: usize| music.timeline.bars()[bar].scene.control_at(0).join(" ");
    assert_eq!([words(3), words(4), words(6)], ["low", "high", "low"]);
}

/// A bridge in three and in another key.
fn bridge() -> String {
    AABA.replace("P:B\n", "P:B\nM:3/4\nK:G\n[V:bass] F,3 | G,3 |\n")
}

#[test]
fn a_section_in_another_key_and_metre_is_written_before_its_line_and_left_behind_it() {
    let mut music = Music::new(&bridge());
    for last in 1..=20 {
        let prompt = music.timeline.prompt(4);
        let bars = prompt.first_bar..prompt.first_bar + prompt.bars.len() as i64;
        let is = |number: &i64| (number - 1) % 8 / 2 == 2;
        assert!(bars.clone().all(|bar| is(&bar) == (prompt.meter != Meter::COMMON)), "{bars:?} in {}", prompt.meter);
        music.play(last);
    }
    let bars = music.timeline.bars();
    let (lead, bass) = (music.heard("lead"), music.heard("bass"));
    assert!(bars.iter().flat_map(|bar| &bar.cells).all(|cell| !matches!(cell.by, Author::Ladder(_))), "{lead:?}");
    assert_eq!([&lead[0..2], &lead[6..8], &lead[8..10]], [&lead[2..4]; 3]);
    assert_eq!((&lead[4..6], &bass[4..6]), (&lead[12..14], &["F,6".to_owned(), "G,6".to_owned()][..]));
    assert_eq!(bars[4].cells[0].measure.notes[0].pitch.midi(), 54, "F sharp in G");
    let starts: Vec<String> = bars[3..8].iter().map(|bar| bar.start.to_string()).collect();
    assert_eq!(starts, ["3", "4", "19/4", "11/2", "13/2"]);
    assert!(bars.iter().all(|bar| bar.cells.iter().all(|cell| cell.measure.length == bar.length())));
}

#[test]
fn a_composer_that_leaves_bars_out_is_asked_for_the_section_behind_the_line_all_the_same() {
    let mut music = Music::new(&bridge());
    music.play(3);
    music.timeline.reroll();
    // It has nothing for the last bar before the bridge.
    let prompt = music.timeline.prompt(4);
    assert_eq!(prompt.meter, Meter::COMMON);
    let (revision, attempt) = (prompt.revision, prompt.attempt);
    music.timeline.take(ComposedBar { revision, attempt, number: 4, ..ComposedBar::default() }).unwrap();
    let prompt = music.timeline.prompt(4);
    assert_eq!((prompt.first_bar, prompt.meter.to_string().as_str(), prompt.bars.len()), (5, "3/4", 2));
}

#[test]
fn another_key_or_metre_of_a_section_leaves_nothing_of_it_to_the_ladder() {
    let mut music = Music::new(&bridge());
    music.play(3);
    music.compose();
    music.timeline.touch(5, "lead", Touch::Pin).unwrap();
    music.timeline.evaluate(scene(&bridge().replace("K:G", "K:Eb")), Entry::Edit, false);
    let bars: Vec<(Author, i32)> = (4..7)
        .map(|_| music.timeline.commit().0.clone())
        .map(|bar| (bar.cells[1].by, bar.cells[0].measure.notes[0].pitch.midi()))
        .collect();
    assert_eq!(bars, [(Author::Model, 43), (Author::Ladder(4), 53), (Author::Ladder(3), 55)]);
}

#[test]
fn sections_shorter_than_the_plan_are_composed_once_too() {
    let mut music = Music::new("X:1\nM:4/4\nL:1/4\nK:C\n%%phrase 1\nV:lead\nP:A\nP:B\n");
    music.play(6);
    let lead = music.heard("lead");
    assert_eq!((&lead[0..2], &lead[2..4]), (&lead[2..4], &lead[4..6]));
    assert_ne!(lead[0], lead[1]);
}

#[test]
fn what_the_ladder_played_returns_as_it_was() {
    let mut timeline = Timeline::new(scene(AABA), 1);
    let rungs: Vec<u64> = (0..8).map(|_| timeline.commit().1).collect();
    assert_eq!(rungs, [1, 1, 0, 0, 1, 1, 0, 0]);
    let text = |bar: usize| timeline.bars()[bar].cells[1].text.clone();
    assert_eq!([text(2), text(3), text(6), text(7)], [text(0), text(1), text(0), text(1)]);
}

#[test]
fn a_section_that_is_varied_differs_where_it_returns_at_the_end_of_its_phrases() {
    let mut music = Music::new(&AABA.replace("P:B", "P:B\n%%sections vary"));
    music.play(22);
    let lead = music.heard("lead");
    assert_eq!((&lead[12], &lead[0..2]), (&lead[4], &lead[2..4]));
    assert_ne!(lead[13], lead[5]);
    let by = |bar: usize| music.timeline.bars()[bar].cells[1].by;
    assert_eq!([by(5), by(12), by(13), by(15)], [Author::Model, Author::Model, Author::Varied, Author::Model]);
    assert_eq!(lead[20], lead[4], "what it is varied from stays");
}

/// Edits after ten bars of [`AABA`]: what is said, and which of the ten bars from there on are those of a section as it was.
#[test]
fn an_edit_keeps_the_place_and_what_still_answers() {
    for (old, new, said, then) in [
        ("K:C", "K:C\n%- a note", "heard from bar 11", "AABBAAAAAA"),
        ("% high", "% high busy", "heard from bar 11; in B lead is composed anew", "AA--AAAAAA"),
        ("% low", "% low sparse", "heard from bar 11; lead is composed anew", "----------"),
        (
            "P:B",
            "P:B\n[V:bass] E,4 | F,4 |",
            "heard from bar 11; in B bass: new loop from bar 11; in B lead is composed anew",
            "AA--AAAAAA",
        ),
        ("G,,4", "A,,4", "heard from bar 11; in A bass keeps its place; in A lead is composed anew", "--BB------"),
        ("P:B\n", "P:B\n[V:lead] G4 |\n", "heard from bar 11; in B lead: bar 1 of the seed", "AA--AAAAAA"),
        // Another order, and another length, hold from where they differ.
        ("P:AABA", "P:AABB", "heard from bar 11", "AABBBBAAAA"),
        ("P:B", "P:B\n%%phrase 3", "heard from bar 11; in B lead is composed anew", "AA---AAAAA"),
        ("V:lead", "V:lead gain=0.5 mute", "heard from bar 11", "AABBAAAAAA"),
        ("P:B", "P:B\nK:G", "heard from bar 11; in B lead is composed anew", "AA--AAAAAA"),
    ] {
        let mut music = Music::new(AABA);
        music.play(10);
        let played = music.heard("lead");
        let changes = music.timeline.evaluate(scene(&AABA.replacen(old, new, 1)), Entry::Edit, false);
        assert_eq!(changes.to_string(), said, "{new}");
        music.play(20);
        let section = |text: &String| match played.iter().position(|known| known == text) {
            Some(4 | 5) => 'B',
            Some(_) => 'A',
            None => '-',
        };
        assert_eq!(music.heard("lead")[10..].iter().map(section).collect::<String>(), then, "{new}");
    }
}

#[test]
fn a_section_of_another_length_is_entered_at_the_next_section_line() {
    let longer = AABA.replace("G,,4 |", "G,,4 | D,4 |");
    for (played, from) in [(9, 11), (10, 11), (11, 13), (12, 13), (14, 15)] {
        let mut music = Music::new(AABA);
        music.play(played);
        let changes = music.timeline.evaluate(scene(&longer), Entry::Edit, false);
        assert_eq!(changes.from, from, "after {played} bars");
        assert_eq!(music.timeline.heard_from(), Some(from));
        music.play(from + 8);
        let step = (from - 9) / 2 % 4;
        let bass: Vec<String> = music.heard("bass")[from as usize - 1..].to_vec();
        let round = ["CGD", "CGD", "CC", "CGD"].into_iter().cycle().skip(step as usize);
        let expected: String = round.take(4).collect();
        let letters: String = bass.iter().map(|text| &text[..1]).collect();
        assert!(expected.starts_with(&letters[..8]), "{letters} {expected}");
    }
    // Into a form and out of it.
    let plain = AABA.replace("P:AABA\n", "").replace("P:A\n", "").replace("P:B\n", "");
    let mut music = Music::new(&plain);
    music.play(2);
    assert_eq!(music.timeline.evaluate(scene(AABA), Entry::Edit, false).from, 3);
    music.play(3);
    assert_eq!(music.timeline.evaluate(scene(&plain), Entry::Edit, false).from, 5);
}

#[test]
fn a_bar_that_is_drawn_again_is_the_kept_one_from_then_on() {
    let mut music = Music::new(AABA);
    music.play(8);
    let before = music.heard("lead");
    music.timeline.touch(10, "lead", Touch::Reroll).unwrap();
    // One bar of a section it is, wherever it plays: it is heard where that is next.
    music.timeline.touch(11, "lead", Touch::Edit("B4".into())).unwrap();
    music.play(18);
    let lead = music.heard("lead");
    assert_eq!(lead[12..14], before[4..6], "the others stay");
    assert!(lead[9] != before[1] && lead[8] == "B8");
    assert_eq!([&lead[10..12], &lead[14..16], &lead[16..18]], [&lead[8..10]; 3]);
    music.timeline.reroll();
    music.play(20);
    assert!(music.heard("lead")[18] != lead[10] && music.heard("lead")[19] != lead[9]);
}

const OTHER: &str = "X:2\nT:Other\nM:4/4\nL:1/4\nK:C\n%%phrase 4\nV:bass by=loop\nV:lead\nV:kit by=loop clef=perc\n[V:bass] C,4 | D,4 |\n[V:lead] e4 |\n[V:kit] C,,4 |\n";

#[test]
fn another_scene_begins_on_the_phrase_line_and_is_written_before() {
    let first = "X:1\nM:4/4\nL:1/4\nK:C\n%%phrase 4\nV:bass by=loop\nV:lead\n[V:bass] C,4 | D,4 |\n";
    // A loop of the same line goes on, one of another begins.
    for (other, bass, said) in [
        (OTHER.to_owned(), "DCDC", "heard from bar 10; bass plays on"),
        (OTHER.replace("D,4", "F,4"), "CFCF", "heard from bar 10"),
        (OTHER.replace("K:C", "K:F").replace("D,4", "F,4"), "CFCF", "heard from bar 10"),
    ] {
        let mut music = Music::new(&first.replace("%%phrase 4", "%%phrase 3"));
        music.play(6);
        music.compose();
        let planned: Vec<_> = (7..10).map(|bar| music.timeline.planned(bar, 1)).collect();
        let changes = music.timeline.evaluate(scene(&other), Entry::PhraseLine, true);
        assert_eq!(changes.to_string(), said);
        assert_eq!((music.timeline.heard_from(), music.timeline.ends_before()), (Some(10), Some(10)));
        music.compose();
        let lead: Vec<Option<Cell>> = (10..14).map(|bar| music.timeline.planned(bar, 1)).collect();
        assert!(lead.iter().all(Option::is_some), "its first phrase is there: {lead:?}");
        assert_eq!((7..10).map(|bar| music.timeline.planned(bar, 1)).collect::<Vec<_>>(), planned);
        // An edit of it, and a reroll, leave it its line and the old scene its last bars.
        music.timeline.reroll();
        let edited = music.timeline.evaluate(scene(&other.replace("e4", "g4")), Entry::Edit, false);
        assert_eq!(edited.to_string(), "heard from bar 10; lead: bar 1 of the seed");
        assert!(music.timeline.touch(8, "lead", Touch::Reroll).unwrap_err().contains("ends before bar 10"));
        music.play(13);
        let heard: String = music.heard("bass")[9..].iter().map(|text| &text[..1]).collect();
        assert_eq!(heard, bass);
        assert_eq!((music.heard("lead")[9].as_str(), music.heard("kit")[9].as_str()), ("g8", "C,,8"));
        assert!(
            music.timeline.bars().iter().all(|bar| bar.cells.iter().all(|cell| !matches!(cell.by, Author::Ladder(_))))
        );
    }
}

#[test]
fn a_scene_lands_on_the_line_of_a_section_and_at_once_where_nothing_plays() {
    for (played, line) in [(4, 5), (5, 7), (6, 7), (7, 9)] {
        let mut music = Music::new(AABA);
        music.play(played);
        assert_eq!(music.timeline.evaluate(scene(OTHER), Entry::PhraseLine, false).from, line, "after {played}");
        music.play(line);
        assert_eq!(music.heard("lead")[line as usize - 1], "e8");
    }
    let mut music = Music::new(AABA);
    music.play(5);
    assert_eq!(music.timeline.evaluate(scene(OTHER), Entry::AtOnce, false).from, 6);
    music.play(6);
    assert_eq!(music.heard("lead")[5], "e8");
}

#[test]
fn an_edit_before_the_line_is_heard_although_another_scene_is_coming() {
    let mut music = Music::new(AABA);
    music.play(5);
    let edit = AABA.replace("[V:bass] C,4 |\nP:A", "[V:bass] A,,4 |\nP:A");
    assert_eq!(music.timeline.evaluate(scene(&edit), Entry::Edit, false).from, 6);
    assert_eq!(music.timeline.evaluate(scene(OTHER), Entry::PhraseLine, false).from, 7);
    music.play(7);
    assert_eq!(music.heard("bass")[4..], ["C,8", "A,,8", "C,8"]);
    // The composer needs its time: the edit comes a bar later, and so does the line that is behind it.
    let mut music = Music::new(AABA);
    music.play(5);
    assert_eq!(music.timeline.evaluate(scene(&edit), Entry::Edit, true).from, 7);
    assert_eq!(music.timeline.evaluate(scene(OTHER), Entry::PhraseLine, true).from, 7);
}

/// Other voices in another order, in another metre and key.
const WALTZ: &str = "X:2\nT:Waltz\nM:3/4\nL:1/4\nK:F\n%%phrase 4\nV:lead\nV:bass by=loop\n[V:bass] F,3 | C,3 |\n";

#[test]
fn a_stop_before_the_line_of_another_scene_takes_the_old_one_back() {
    let plain = "X:1\nM:4/4\nL:1/4\nK:C\n%%phrase 4\nV:bass by=loop\nV:lead\n[V:bass] C,4 | D,4 |\n";
    for (other, entry, line) in
        [(WALTZ, Entry::PhraseLine, 5), (OTHER, Entry::PhraseLine, 5), (&*plain.replace("D,4", "E,4"), Entry::Edit, 4)]
    {
        let mut music = Music::new(plain);
        music.play(3);
        assert_eq!(music.timeline.evaluate(scene(other), entry, false).from, line);
        music.play(line);
        let (bass, lead) = (music.heard("bass"), music.heard("lead"));
        // The bar before the line and the first behind it had not begun.
        music.timeline.take_back(line as usize - 2);
        assert_eq!((music.timeline.next_bar(), music.timeline.heard_from()), (line - 1, Some(line)));
        music.play(line + 4);
        assert_eq!((&music.heard("bass")[..line as usize], &music.heard("lead")[..line as usize]), (&*bass, &*lead));
        let bars = music.timeline.bars();
        assert!(bars.iter().all(|bar| bar.cells.iter().all(|cell| cell.measure.length == bar.length())));
        assert!(bars.windows(2).all(|pair| pair[0].start + pair[0].length() == pair[1].start));
    }
}

#[test]
fn what_the_hand_did_holds_up_to_the_line_of_other_music() {
    let plain = "X:1\nM:4/4\nL:1/4\nK:C\n%%phrase 4\nV:bass by=loop\nV:lead\nV:kit by=loop clef=perc\n[V:bass] C,4 |\n[V:kit] C,,4 |\n";
    let mut music = Music::new(plain);
    music.play(1);
    let edit = |text: &str| Touch::Edit(text.into());
    music.timeline.freeze("kit", true).unwrap();
    music.timeline.evaluate(scene(&plain.replace("C,,4", "D,,4")), Entry::Edit, false);
    for (bar, text) in [(3, "A,4"), (6, "B,4")] {
        music.timeline.touch(bar, "bass", edit(text)).unwrap();
    }
    assert_eq!(music.timeline.evaluate(scene(WALTZ), Entry::PhraseLine, false).from, 5);
    music.timeline.touch(7, "bass", edit("D,3")).unwrap();
    // An edit of the coming scene is of the same music as that.
    music.timeline.evaluate(scene(&WALTZ.replace("C,3", "G,3")), Entry::Edit, false);
    music.play(5);
    music.timeline.take_back(3);
    music.play(8);
    assert_eq!(music.heard("bass"), ["C,8", "C,8", "A,8", "C,8", "F,6", "G,6", "D,6", "G,6"]);
    assert_eq!(music.heard("kit"), ["C,,8", "C,,8", "C,,8", "C,,8", "-", "-", "-", "-"]);
    assert_eq!(music.timeline.freeze("kit", false).unwrap_err(), "kit is not frozen");
}

#[test]
fn what_is_armed_and_what_is_planned_are_different_questions() {
    let mut music = Music::new(AABA);
    music.play(2);
    let edited = |words: &str| scene(&AABA.replace("% low", words));
    let (armed, other) = (edited("% high"), edited("% busy"));
    music.timeline.prepare(&armed, Entry::Edit, 7);
    let asked = music.timeline.in_prepared(|timeline| timeline.question()).expect("armed");
    assert_ne!(asked, music.timeline.question());
    music.timeline.evaluate(other, Entry::Edit, false);
    assert_ne!(asked, music.timeline.question(), "an edit while it is written");
    music.timeline.prepare(&armed, Entry::Edit, 7);
    let again = music.timeline.in_prepared(|timeline| timeline.question()).expect("armed");
    assert!(again != asked && again != music.timeline.question());
    music.play(6);
    music.timeline.evaluate(armed, Entry::Edit, false);
    music.timeline.fulfil();
    assert_eq!(music.timeline.question(), again, "bars that are under way are welcome");
}

#[test]
fn who_listens_rests_for_a_bar_of_its_section() {
    let text = AABA.replace("P:B\n", "P:B\nM:3/4\n[V:bass] C,3 |\n");
    let mut music = Music::new(&text);
    music.timeline.listen(["lead".to_owned()].into());
    music.play(8);
    for bar in music.timeline.bars() {
        assert_eq!(bar.cells[1].measure.length, bar.length(), "bar {}", bar.number);
    }
    assert!(music.timeline.bars().iter().any(|bar| bar.length() == Beats::QUARTER * 3));
}
