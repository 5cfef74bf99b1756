//! Random edits on virtual time: what is heard is what the text said at its bar line, and nothing else changes.

use std::collections::{BTreeSet, HashMap};

use barline::compose::script::Script;
use barline::event::Action;
use barline::rehearse::{Rehearsal, Told};
use barline::replay::heard;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::play;

/// Bars in 4/4 at `L:1/8`, and their pitches.
const BARS: [(&str, &[u8]); 8] = [
    ("C8", &[60]),
    ("D4 E4", &[62, 64]),
    ("F2 z2 G4", &[65, 67]),
    ("z8", &[]),
    ("(3A2B2c2 d4", &[69, 71, 72, 74]),
    ("e3 f e/f/g/a/ c'2", &[76, 77, 76, 77, 79, 81, 84]),
    ("(G4 C3 C", &[67, 60, 60]),
    ("!<(!C2 .C2 C/C/C/C/) !>(!C2", &[60, 60, 60, 60, 60, 60, 60]),
];
const LOOPS: [&str; 2] = ["bass", "arp"];
const LAST: i64 = 11;

/// What is evaluated.
#[derive(Clone, Debug, Default)]
struct Text {
    /// Two bars of each loop, as indices into [`BARS`].
    loops: [[usize; 2]; 2],
    /// Lines that mean nothing to the music.
    comment: usize,
    /// The loops stand in a section, which goes round as they do.
    section: bool,
    /// What is wrong with it.
    broken: Option<usize>,
}

const COMMENTS: [&str; 4] = ["", "% low and sparse\n", "%- later: higher\n%[V:bass] c8 | c8 |\n", "%%nonsense 9\n\\\n"];
const BROKEN: [(&str, &str); 4] = [
    ("\n[V:arp]", "\n[V:arp] C9 |"),
    ("K:C", "K:Cheese"),
    ("\n[V:bass]", "\n[V:bass] [CE |"),
    ("V:arp", "V:arp patch=gone"),
];

impl Text {
    fn text(&self) -> String {
        let bars = |at: usize| self.loops[at].map(|bar| BARS[bar].0).join(" | ");
        let text = format!(
            "X:1\nT:Edits\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:bass by=loop gate=90%\nV:arp by=loop swing=70% human=8\nV:lead by=model\n{}%\n{}[V:bass] {} |\n[V:arp] {} |\n",
            COMMENTS[self.comment],
            if self.section { "P:A\n" } else { "" },
            bars(0),
            bars(1)
        );
        match self.broken {
            Some(how) => text.replacen(BROKEN[how].0, BROKEN[how].1, 1),
            None => text,
        }
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Bar {
        voice: usize,
        at: usize,
        bar: usize,
    },
    Comment(usize),
    Section(bool),
    Broken(usize),
    /// Done to the lead, or to all: `reroll lead`.
    Line(&'static str),
}

fn edit() -> impl Strategy<Value = (i64, i64, Edit)> {
    let lines = vec![
        "reroll lead",
        "reroll",
        "pin lead",
        "kill-composer",
        "mute lead",
        "unmute lead",
        "hush",
        "play",
        "stop",
        "play",
        "arm mute lead",
        "arm unmute lead",
        "arm gain arp 0.5",
        "arm tempo 133",
        "arm ramp 70 2",
        "arm clear",
        "ramp 150 3",
        "tempo 97",
        "tap",
        "lock",
    ];
    let edit = prop_oneof![
        4 => (0..2usize, 0..2usize, 0..BARS.len()).prop_map(|(voice, at, bar)| Edit::Bar { voice, at, bar }),
        1 => (0..COMMENTS.len()).prop_map(Edit::Comment),
        1 => any::<bool>().prop_map(Edit::Section),
        2 => (0..BROKEN.len()).prop_map(Edit::Broken),
        2 => prop::sample::select(lines).prop_map(Edit::Line),
    ];
    (1..LAST, 0..32i64, edit)
}

/// Plays the edits at their places: the script, and the texts that it loads by number.
fn perform(edits: &[(i64, i64, Edit)]) -> (Rehearsal, Vec<Text>) {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(bar, place, _)| (*bar, *place));
    let mut texts = vec![Text::default()];
    let mut script = vec!["1:1 open 0\n1:1 play".to_owned()];
    for (bar, place, edit) in edits {
        let mut text = texts[texts.len() - 1].clone();
        let place = format!("{bar}:{}/8", 8 + place);
        text.broken = None;
        match edit {
            Edit::Bar { voice, at, bar } => text.loops[voice][at] = bar,
            Edit::Comment(comment) => text.comment = comment,
            Edit::Section(section) => text.section = section,
            Edit::Broken(how) => text.broken = Some(how),
            Edit::Line(line) => {
                script.push(format!("{place} {line}"));
                continue;
            }
        }
        script.push(format!("{place} load {}\n{place} evaluate", texts.len()));
        texts.push(text);
    }
    script.push(format!("{}:1 end", LAST + 1));
    let script = script.join("\n");
    let read = |file: &str| file.parse::<usize>().map(|at| texts[at].text()).map_err(|error| error.to_string());
    let done = play(&script, Box::new(Script::new("E8\nF4 G4\n(3cde f2 g4\nE4 z4\nG8\n[ce]4 d4")), &read);
    assert_eq!(done.fault, None, "{script}");
    (done, texts)
}

fn of_voice<'a>(told: &'a [Told], name: &'a str) -> impl Iterator<Item = &'a Told> {
    told.iter().filter(move |told| matches!(told, Told::Note { voice, .. } if voice == name))
}

/// Every note that is struck ends, none is struck while it sounds, none is sent before one that comes earlier, each has its place.
pub(super) fn assert_sound(done: &Rehearsal) {
    let mut sounding = BTreeSet::new();
    let mut last = barline::time::Frames(0);
    for event in done.recording.events() {
        match event.action {
            Action::NoteOn { voice, pitch, .. } => assert!(sounding.insert((voice, pitch)), "{event:?} sounds already"),
            Action::NoteOff { voice, pitch } => assert!(sounding.remove(&(voice, pitch)), "{event:?} ends nothing"),
            Action::AllNotesOff => sounding.clear(),
            _ => continue,
        }
        assert!(event.at >= last, "{event:?} comes after {last:?}");
        last = event.at;
    }
    assert!(sounding.is_empty(), "{sounding:?} go on");
    let mut places = BTreeSet::new();
    for told in &done.told {
        if let Told::Note { bar, beat, voice, pitch, length, .. } = told {
            assert!(places.insert((*bar, *beat, voice, *pitch)), "twice: {told:?}");
            assert!(*length > barline::time::Beats::ZERO, "{told:?}");
        }
    }
    assert_eq!(places.len(), heard(&done.recording).len(), "each note that is heard stands in a bar");
}

/// The pitches of a loop in each bar are those of the text that was in force there, as it was announced.
fn assert_announced(done: &Rehearsal, texts: &[Text]) {
    let from = |told: &Told| match told {
        Told::Message { message, .. } => {
            let said = message.strip_prefix("Edits: heard from bar ")?;
            said.split(';').next()?.parse::<i64>().ok()
        }
        Told::Note { .. } => None,
    };
    let accepted: Vec<&Text> = texts.iter().filter(|text| text.broken.is_none()).collect();
    let starts: Vec<i64> = std::iter::once(1).chain(done.told.iter().filter_map(from)).collect();
    assert_eq!(starts.len(), accepted.len(), "each text without errors is taken, none with errors");
    for bar in 1..=LAST {
        let text = starts.iter().zip(&accepted).rfind(|(from, _)| **from <= bar).expect("the first").1;
        for (at, name) in LOOPS.iter().enumerate() {
            let played: Vec<u8> = of_voice(&done.told, name)
                .filter_map(|told| match told {
                    Told::Note { bar: its, pitch, .. } if *its == bar => Some(*pitch),
                    _ => None,
                })
                .collect();
            assert_eq!(played, BARS[text.loops[at][(bar - 1) as usize % 2]].1, "{name} in bar {bar}");
        }
    }
}

fn check(edits: &[(i64, i64, Edit)], alone: &[Told]) {
    let (done, texts) = perform(edits);
    assert_sound(&done);
    let lines: Vec<&str> =
        edits.iter().filter_map(|(_, _, edit)| if let Edit::Line(line) = edit { Some(*line) } else { None }).collect();
    // A hush or a stop is heard in all voices.
    if lines.iter().any(|line| matches!(*line, "hush" | "stop")) {
        return;
    }
    assert_announced(&done, &texts);
    let voices: HashMap<&str, bool> = LOOPS
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, texts.iter().any(|text| text.loops[at] != texts[0].loops[at])))
        .chain([(
            "lead",
            // What is composed for a section returns.
            texts.iter().any(|text| text.section)
                || lines.iter().any(|line| matches!(*line, "mute lead" | "arm mute lead" | "kill-composer")),
        )])
        .collect();
    for (name, _) in voices.iter().filter(|(_, changed)| !**changed) {
        let (now, before): (Vec<&Told>, Vec<&Told>) =
            (of_voice(&done.told, name).collect(), of_voice(alone, name).collect());
        assert_eq!(now, before, "{name} is as without edits");
    }
}

fn run(cases: u32) {
    let (alone, _) = perform(&[]);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let edits = prop::collection::vec(edit(), 1..14);
    runner
        .run(&edits, |edits| {
            check(&edits, &alone.told);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn edits_are_heard_from_their_bar_line_and_nothing_else_changes() {
    run(300);
}

#[test]
#[ignore = "soak"]
fn soak_of_edits() {
    run(10_000);
}
