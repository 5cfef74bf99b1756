//! Random keys and metres of sections on virtual time: each bar is as long as its metre says, and all that is played is in its key.

use barline::abc::key::Key;
use barline::abc::{Meter, Step};
use barline::compose::inline::Inline;
use barline::compose::profile::Profile;
use barline::compose::writer::Writer;
use barline::rehearse::Told;
use barline::time::Beats;
use num_rational::Ratio;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::edits::assert_sound;
use super::noise::Noise;
use super::play;

const KEYS: [&str; 6] = ["C", "Ador", "Eb", "F#m", "Gmix", "none"];
/// With a bar of it.
const METERS: [(&str, &str); 5] =
    [("4/4", "F2 B2"), ("3/4", "F2 B"), ("7/8", "F2 B3/2"), ("6/8", "F3/2 B3/2"), ("5/4", "F2 B3")];
const ORDERS: [&str; 4] = ["AB", "ABA", "BBA", "A2B"];
const LAST: i64 = 9;

/// Of A and B each key and metre; `None` says nothing.
type Text = [(Option<usize>, usize); 2];

fn text(order: usize, sections: Text) -> String {
    let section = |at: usize| {
        let (key, meter) = sections[at];
        let key = key.map_or(String::new(), |key| format!("K:{}\n", KEYS[key]));
        let (meter, bar) = METERS[meter];
        format!("P:{}\nM:{meter}\n{key}[V:bass] {bar} |\n", ["A", "B"][at])
    };
    let order = ORDERS[order];
    format!(
        "X:1\nT:Keys\nM:2/4\nL:1/4\nQ:1/4=120\nP:{order}\nK:D\n%%phrase 2\nV:bass by=loop\nV:lead scale=key grid=1/8\n{}{}",
        section(0),
        section(1)
    )
}

fn check(order: usize, first: Text, edits: &[(i64, i64, Text)]) {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(bar, eighth, _)| (*bar, *eighth));
    let mut script = vec!["1:1 open 0\n1:1 play".to_owned()];
    let mut texts = vec![text(order, first)];
    for (bar, beat, sections) in edits {
        script.push(format!("{bar}:{beat} load {}\n{bar}:{beat} evaluate", texts.len()));
        texts.push(text(order, sections));
    }
    script.push(format!("{}:1 end", LAST + 1));
    let read = |file: &str| file.parse::<usize>().map(|at| texts[at].clone()).map_err(|error| error.to_string());
    let profile = Profile { home_key: "none".into(), ..Profile::default() };
    let model = Inline::new(Writer::new(Noise::new(1, 300, 8192), profile));
    let done = play(&script.join("\n"), Box::new(model), &read);
    assert_eq!(done.fault, None, "{texts:?}");
    assert_sound(&done);
    let bars = done.recording.bars();
    let mut start = Beats::ZERO;
    for bar in &bars {
        assert_eq!(bar.beats, start, "bar {}", bar.number);
        start += bar.meter.bar_length();
    }
    let mut by_model = 0;
    for told in &done.told {
        let Told::Note { bar: number, beat, voice, pitch, by, .. } = told else { continue };
        let bar = bars.iter().find(|bar| bar.number == *number).expect("a bar");
        assert!(bar.meter.beat().scale(beat - Ratio::from(1)) < bar.meter.bar_length(), "{told:?} in {}", bar.meter);
        let class = |step: Step| (step.semitones() + i32::from(bar.key.signature[step as usize])).rem_euclid(12);
        let class_of = i32::from(*pitch) % 12;
        let scale: Vec<i32> = Step::ALL.into_iter().map(class).collect();
        assert!(scale.contains(&class_of), "{told:?} in {} {}: {scale:?}", bar.meter, bar.key);
        if voice == "bass" {
            assert!([Step::F, Step::B].map(class).contains(&class_of), "{told:?}");
        }
        by_model += usize::from(*by == "model");
        assert!(voice == "bass" || *by != "ladder" || edited(&script), "{told:?}: nobody was late");
    }
    assert!(by_model > 0);
    let said: Vec<(Meter, Key)> = bars.iter().map(|bar| (bar.meter, bar.key)).collect();
    let asked = |at: usize| (METERS[first[at].1].0.parse().expect("a metre"), key(first[at].0));
    let begins = usize::from(!ORDERS[order].starts_with('A'));
    assert_eq!(said[0], asked(begins));
}

fn edited(script: &[String]) -> bool {
    script.len() > 2
}

fn key(at: Option<usize>) -> Key {
    Key::parse(at.map_or("D", |at| KEYS[at])).expect("a key").0
}

#[test]
fn sections_are_in_their_key_and_metre_whatever_is_edited() {
    let section = || (prop::option::of(0..KEYS.len()), 0..METERS.len());
    let sections = move || [section(), section()];
    let edits = prop::collection::vec((1..LAST, 1..3i64, sections()), 0..4);
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let cases = (0..ORDERS.len(), sections(), edits);
    let checked = runner.run(&cases, |(order, first, edits)| {
        check(order, first, &edits);
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}
