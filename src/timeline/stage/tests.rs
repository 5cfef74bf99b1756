//! What the performer's hand does to the bars to come.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::compose::{ComposedBar, Prompt, Rank};
use crate::prompt::read;
use crate::timeline::Entry;

const TEXT: &str = "X:1\nM:4/4\nL:1/4\nK:G\n%%phrase 4\nV:bass by=loop\nV:lead\n[V:bass] G,4 | D,4 |\n";

fn scene(text: &str) -> Arc<Scene> {
    let (mut scenes, diagnostics) = read(Path::new("t.abc"), text, &[], &crate::steer::Lexicon::default());
    assert!(!crate::prompt::has_errors(&diagnostics), "{diagnostics:?}");
    Arc::new(scenes.remove(0))
}

/// Writes what the timeline asks for: bar `n` is a whole note of the letter that its draw has, drafts are `A8` and `B8`.
fn compose(timeline: &mut Timeline, ahead: usize) {
    let prompt: Prompt = timeline.prompt(ahead);
    for (index, bar) in prompt.bars.iter().enumerate().filter(|(_, bar)| bar.cells[1].is_none()) {
        let text = ["c8", "d8", "e8", "f8"][bar.draw(1) as usize].to_owned();
        timeline
            .take(ComposedBar {
                revision: prompt.revision,
                attempt: prompt.attempt,
                number: prompt.first_bar + index as i64,
                cells: vec![(1, text)],
                drafts: vec![(1, drafts())],
                closed: Vec::new(),
                tokens: 0,
                micros: 0,
            })
            .unwrap();
    }
}

fn drafts() -> Vec<Candidate> {
    let draft = |(text, words): (&str, f64)| Candidate { text: text.into(), rank: Rank { words, ..Rank::default() } };
    [("A8", 1.5), ("B8", 0.5)].map(draft).into()
}

/// The lead's next bars with a letter for who made each: `m` model, `e` the performer, `t` text.
fn lead(timeline: &Timeline, count: i64) -> String {
    let cell = |number| match timeline.planned(number, 1) {
        Some(cell) => {
            let by = match cell.by {
                Author::Text => 't',
                Author::Model => 'm',
                Author::Varied => 'v',
                Author::Hand => 'h',
                Author::Edit => 'e',
                Author::Ladder(_) => 'l',
            };
            format!("{}{by}", cell.text)
        }
        None => "-".to_owned(),
    };
    (timeline.next..timeline.next + count).map(cell).collect::<Vec<_>>().join(" ")
}

fn planned() -> Timeline {
    let mut timeline = Timeline::new(scene(TEXT), 1);
    compose(&mut timeline, 4);
    assert_eq!(lead(&timeline, 4), "c8m c8m c8m c8m");
    timeline
}

#[test]
fn the_model_goes_on_from_what_the_hand_did() {
    // What is done to bar 2 of the lead, what is left of the plan, and what the composer makes of it.
    let cases = [
        (Touch::Reroll, "c8m - - -", "c8m d8m c8m c8m"),
        (Touch::Veto, "c8m - - -", "c8m d8m c8m c8m"),
        (Touch::Choose("B8".into()), "c8m B8m - -", "c8m B8m c8m c8m"),
        (Touch::Edit("f2 a2".into()), "c8m f4 a4e - -", "c8m f4 a4e c8m c8m"),
        (Touch::Pin, "c8m c8m c8m c8m", "c8m c8m c8m c8m"),
    ];
    for (touch, left, then) in cases {
        let mut timeline = planned();
        timeline.touch(2, "lead", touch.clone()).unwrap();
        assert_eq!(lead(&timeline, 4), left, "{touch:?}");
        compose(&mut timeline, 4);
        assert_eq!(lead(&timeline, 4), then, "{touch:?}");
    }
}

#[test]
fn what_is_pinned_survives_rerolls_and_evaluations_of_the_same_music() {
    let mut timeline = planned();
    timeline.touch(2, "lead", Touch::Pin).unwrap();
    timeline.touch(3, "lead", Touch::Edit("G4".into())).unwrap();
    timeline.reroll();
    assert_eq!(lead(&timeline, 4), "- c8m G8e -");
    compose(&mut timeline, 4);
    assert_eq!(lead(&timeline, 4), "d8m c8m G8e d8m");
    timeline.evaluate(scene(&TEXT.replace("D,4", "C,4")), Entry::Edit, false);
    assert_eq!(lead(&timeline, 4), "- c8m G8e -");
    timeline.touch(2, "lead", Touch::Unpin).unwrap();
    timeline.reroll();
    assert_eq!(lead(&timeline, 4), "- - G8e -");
    // Other music: a bar of 3/4 is no bar of 4/4.
    timeline.evaluate(scene(&TEXT.replace("M:4/4", "M:3/4").replace(",4", ",3")), Entry::Edit, false);
    assert_eq!(lead(&timeline, 4), "- - - -");
}

#[test]
fn a_veto_is_told_to_the_composer() {
    let mut timeline = planned();
    timeline.touch(2, "lead", Touch::Veto).unwrap();
    let prompt = timeline.prompt(4);
    assert_eq!(prompt.bars[1].vetoed, [vec![], vec!["c8".to_owned()]]);
    assert!(prompt.bars[2].vetoed.is_empty());
}

#[test]
fn what_the_ladder_played_is_the_performers_once_it_is_frozen() {
    let mut timeline = Timeline::new(scene(TEXT), 1);
    let rungs: Vec<u64> = (0..4).map(|_| timeline.commit().1).collect();
    assert_eq!(rungs, [1; 4]);
    let heard: Vec<String> = timeline.bars().iter().map(|bar| bar.cells[1].text.clone()).collect();
    timeline.freeze("lead", true).unwrap();
    for text in heard {
        let (bar, rungs) = timeline.commit();
        assert_eq!((&bar.cells[1].text, bar.cells[1].by, rungs), (&text, Author::Edit, 0));
    }
}

#[test]
fn an_answer_to_what_was_asked_before_the_hand_came_is_dropped() {
    let mut timeline = planned();
    let stale = timeline.prompt(4);
    timeline.touch(2, "lead", Touch::Reroll).unwrap();
    let bar = ComposedBar {
        revision: stale.revision,
        attempt: stale.attempt,
        number: 2,
        cells: vec![(1, "g8".into())],
        drafts: Vec::new(),
        closed: Vec::new(),
        tokens: 0,
        micros: 0,
    };
    timeline.take(bar).unwrap();
    assert_eq!(lead(&timeline, 2), "c8m -");
}

#[test]
fn a_frozen_voice_goes_round_until_it_is_free() {
    let mut timeline = planned();
    timeline.touch(2, "lead", Touch::Edit("F4".into())).unwrap();
    timeline.touch(4, "lead", Touch::Edit("^G4".into())).unwrap();
    compose(&mut timeline, 4);
    timeline.freeze("lead", true).unwrap();
    for _ in 0..6 {
        timeline.commit();
    }
    let heard: Vec<&str> = timeline.bars().iter().map(|bar| bar.cells[1].text.as_str()).collect();
    assert_eq!(heard, ["c8", "F8", "c8", "^G8", "c8", "F8"]);
    assert!(timeline.prompt(4).first_missing().is_none(), "nothing of it is asked for");
    assert_eq!(timeline.touch(8, "lead", Touch::Reroll).unwrap_err(), "lead is frozen; free it first");
    timeline.freeze("lead", false).unwrap();
    assert_eq!(lead(&timeline, 2), "- -");
    compose(&mut timeline, 4);
    assert_eq!(lead(&timeline, 2), "c8m c8m");
}

#[test]
fn what_cannot_be_is_said() {
    let mut timeline = planned();
    timeline.commit();
    let edit = |text: &str| Touch::Edit(text.into());
    let cases = [
        (1, "lead", Touch::Reroll, "bar 1 is already fixed; 2 is the first that can change"),
        (2, "flute", Touch::Reroll, "there is no voice flute in bar 2"),
        (2, "bass", Touch::Veto, "bar 2 of bass is the text's: change it there"),
        (9, "lead", Touch::Pin, "nothing is planned for lead in bar 9 yet"),
        (2, "lead", Touch::Choose("g8".into()), "this draft of lead in bar 2 is gone"),
        (2, "lead", edit("G3"), "this bar lasts 3/4 of a whole note, and 1 are asked by M:4/4"),
        (2, "lead", edit("G2 ?2"), "column 4:"),
    ];
    for (bar, voice, touch, expected) in cases {
        let said = timeline.touch(bar, voice, touch).unwrap_err();
        assert!(said.starts_with(expected), "{said}");
    }
    assert_eq!(lead(&timeline, 3), "c8m c8m c8m");
}

#[test]
fn a_voice_is_frozen_by_its_name_and_only_in_the_same_music() {
    let other = "X:2\nM:4/4\nL:1/4\nK:G\n%%phrase 4\nV:lead by=loop\nV:bass by=loop\n[V:lead] g4 |\n[V:bass] D,4 |\n";
    let waltz = other.replace("M:4/4", "M:3/4").replace('4', "3").replace("M:3/3", "M:3/4").replace("L:1/3", "L:1/4");
    for (other, said, heard) in [
        (other, "lead is frozen: these 4 bars from bar 2 on", "c8 c8 c8 c8 g8 c8 c8 c8 g8"),
        (&*waltz, "lead is frozen: these 3 bars from bar 2 on", "c8 c8 c8 c8 g6 g6 g6 g6 g6"),
    ] {
        let mut timeline = planned();
        timeline.commit();
        compose(&mut timeline, 4);
        assert_eq!(timeline.evaluate(scene(other), Entry::PhraseLine, false).from, 5);
        assert_eq!(timeline.freeze("lead", true).unwrap(), said);
        let lead = (1..9).map(|_| timeline.commit().0.number).collect::<Vec<_>>();
        assert_eq!(lead.last(), Some(&9));
        let cell = |bar: &crate::timeline::Bar| {
            let at = bar.scene.voices.iter().position(|voice| voice.name == "lead").unwrap();
            bar.cells[at].text.clone()
        };
        assert_eq!(timeline.bars().iter().map(cell).collect::<Vec<_>>().join(" "), heard);
    }
    let mut timeline = planned();
    timeline.freeze("lead", true).unwrap();
    timeline.evaluate(scene(&waltz), Entry::AtOnce, false);
    assert_eq!(timeline.commit().0.cells[0].text, "g6", "frozen from the very bar on that is of other music now");
}
