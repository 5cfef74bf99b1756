use std::path::Path;
use std::sync::Arc;

use crate::prompt::{Scene, read};
use crate::steer::Lexicon;
use crate::timeline::{Entry, Timeline};

fn scene(words: &str) -> Arc<Scene> {
    let bars = ["C4", "D4", "E4", "F4", "G4", "A4"];
    let mut lines = words.split('|');
    let mut text =
        format!("X:1\n{}M:4/4\nL:1/4\nK:C\n%%phrase 4\nV:a by=loop\nV:b by=loop\n", lines.next().unwrap_or(""));
    for bar in bars {
        text.extend(["[V:a] ", bar, " |\n", lines.next().unwrap_or("")]);
    }
    text += "[V:b] C,4 |\n";
    Arc::new(read(Path::new("t.abc"), &text, &[], &Lexicon::default()).0.remove(0))
}

/// The levels at the bar lines of the next bars of a voice, and at the end of the last one.
fn levels(timeline: &mut Timeline, voice: usize, bars: usize) -> Vec<i16> {
    let mut levels = Vec::new();
    for _ in 0..bars {
        let (bar, _) = timeline.commit();
        let [from, to] = bar.loudness[voice];
        if levels.last() != Some(&from) {
            levels.push(from);
        }
        levels.push(to);
    }
    levels.dedup();
    levels
}

#[test]
fn words_are_ramps_from_their_bar_on() {
    for (words, expected) in [
        ("", vec![0]),
        // A phrase, unless it is said; then the level holds.
        ("% louder\n", vec![0, 3, 7, 11, 15]),
        ("% crescendo over 2\n", vec![0, 15, 30]),
        ("% fade out over 2\n", vec![0, -64, -127]),
        ("% quiet\n", vec![0, -30]),
        ("% a bit softer over 1\n", vec![0, -7]),
        ("% swell over 4\n", vec![0, 15, 30, 15, 0]),
        ("% fade in over 2\n", vec![-127, -64, 0]),
        // From a bar on, and on from there.
        ("|% soft over 1\n|% louder over 3\n", vec![0, -30, -25, -20, -15]),
        ("% loud\n|% crescendo over 4\n||% not so loud over 1\n", vec![0, 15, 20, 26, 11]),
        // There is no end to it but one.
        ("% much louder over 1\n|% louder over 1\n|% crescendo over 1\n", vec![0, 30, 37]),
        ("% fade out over 1\n|% softer over 1\n", vec![0, -127]),
    ] {
        let mut timeline = Timeline::new(scene(words), 1);
        assert_eq!(levels(&mut timeline, 0, 8), expected, "{words:?}");
    }
}

#[test]
fn words_for_one_voice_are_for_it_alone() {
    let text = "% b: softer over 1\n|% louder over 1\n";
    assert_eq!(levels(&mut Timeline::new(scene(text), 1), 0, 4), [0, 15]);
    assert_eq!(levels(&mut Timeline::new(scene(text), 1), 1, 4), [0, -15, 0]);
}

#[test]
fn an_edit_begins_where_it_is_heard_and_what_stays_goes_on() {
    let mut timeline = Timeline::new(scene(""), 1);
    levels(&mut timeline, 0, 5);
    // It is written at the top, but said now.
    assert_eq!(timeline.evaluate(scene("% crescendo over 3\n"), Entry::Edit, false).from, 6);
    assert_eq!(levels(&mut timeline, 0, 2), [0, 10, 20]);
    // Other words beside it, or elsewhere, do not begin it anew.
    assert_eq!(timeline.evaluate(scene("% high\n% crescendo over 3, low\n"), Entry::Edit, false).from, 8);
    assert_eq!(levels(&mut timeline, 0, 2), [20, 30]);
    // A second one goes on from where the first has led.
    timeline.evaluate(scene("% crescendo over 3\n% softer over 1\n"), Entry::Edit, false);
    assert_eq!(levels(&mut timeline, 0, 2), [30, 15]);
    // Deleted ones are gone at the bar line.
    timeline.evaluate(scene("% softer over 1\n"), Entry::Edit, false);
    assert_eq!(levels(&mut timeline, 0, 2), [-15]);
    timeline.evaluate(scene(""), Entry::Edit, false);
    assert_eq!(levels(&mut timeline, 0, 2), [0]);
    // Another scene begins with its own.
    timeline.evaluate(scene("% louder over 1\n"), Entry::AtOnce, false);
    assert_eq!(levels(&mut timeline, 0, 2), [0, 15]);
    timeline.evaluate(scene("% louder over 1\n"), Entry::AtOnce, false);
    assert_eq!(levels(&mut timeline, 0, 2), [0, 15]);
}

fn in_sections(top: &str, words: &str) -> Arc<Scene> {
    let text = format!(
        "X:1\n{top}M:4/4\nL:1/4\nP:AB\nK:C\n%%phrase 2\nV:a by=loop\nV:b by=loop\n[V:b] C,4 |\nP:A\n[V:a] C4 | D4 |\nP:B\n\
         {words}[V:a] E4 | F4 |\n"
    );
    Arc::new(read(Path::new("t.abc"), &text, &[], &Lexicon::default()).0.remove(0))
}

/// The levels at both ends of the next bars of voice `a`.
fn ends(timeline: &mut Timeline, bars: usize) -> Vec<[i16; 2]> {
    (0..bars).map(|_| timeline.commit().0.loudness[0]).collect()
}

#[test]
fn words_in_a_section_hold_while_it_plays() {
    let bars = |top, words| ends(&mut Timeline::new(in_sections(top, words), 1), 8);
    let plain = [0, 0];
    let round = [plain, plain, [0, 7], [7, 15]];
    assert_eq!(bars("", "% louder\n"), [round, round].concat());
    assert_eq!(bars("", "% b: louder\n"), [plain; 8]);
    // They go on from where those at the top have led, which goes on when the section ends.
    let top = [-15, -15];
    let first = [[0, -15], top, [-15, -8], [-8, 0]];
    assert_eq!(bars("% softer over 1\n", "% louder\n"), [first, [top, top, [-15, -8], [-8, 0]]].concat());
}

#[test]
fn a_word_said_while_its_section_plays_begins_there_and_then() {
    let mut timeline = Timeline::new(in_sections("", ""), 1);
    ends(&mut timeline, 3);
    assert_eq!(timeline.evaluate(in_sections("", "% louder over 1\n"), Entry::Edit, false).from, 4);
    assert_eq!(ends(&mut timeline, 5), [[0, 15], [0, 0], [0, 0], [0, 15], [15, 15]]);
    // What stays goes on, and the model has nothing to write anew.
    let changes = timeline.evaluate(in_sections("", "% louder over 1, softer over 1\n"), Entry::Edit, false);
    assert!(changes.voices.is_empty());
}
