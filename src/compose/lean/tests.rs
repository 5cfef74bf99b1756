//! What the leanings of words prefer, and how much.

use super::*;
use crate::abc::Meter;
use crate::abc::bar::Rules;
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::compose::{Role, STREAM_UNIT};
use crate::score::Measure;

const BOUNDS: Bounds = Bounds { density: [5.0, 8.0], register: [66.0, 72.0], motion: [2.0, 3.0], contour: [-2.0, 2.0] };

fn measure(text: &str) -> Measure {
    read_bar(text, &Key::NONE, Meter::COMMON, STREAM_UNIT, &[]).0
}

/// A passage of four bars of which some are there.
fn passage(words: &str, bars: &[&str]) -> Passage {
    Passage {
        wishes: Wishes::of(words.split(' '), Role::Lead),
        bounds: BOUNDS,
        meter: Meter::COMMON,
        key: Key::parse("C").unwrap().0,
        root: None,
        bars: bars.iter().map(|text| measure(text)).collect(),
        before: Some(measure("z4 z2 G2")),
        length: 4,
    }
}

fn automaton() -> Automaton {
    Automaton::new(Rules { symbols: false, ..Rules::plain(96, 24) }).unwrap()
}

/// The bias of `token` behind `text`.
fn bias(automaton: &Automaton, passage: &Passage, text: &str, token: &str) -> f32 {
    let mut lean = Lean::new(automaton, passage, 1.0).unwrap();
    let mut state = automaton.start(None);
    for byte in text.bytes() {
        lean.follow(state, &[byte]);
        state = automaton.push(state, byte).unwrap();
    }
    lean.bias(state, token.as_bytes())
}

#[test]
fn words_prefer_what_they_say() {
    let automaton = automaton();
    let slow = ["C2D2E2F2", "C2D2E2F2"];
    // Words, the bars before, the text so far; what is preferred to what.
    let cases: &[(&str, &[&str], &str, &str, &str)] = &[
        ("low", &[], "", "C", "c"),
        ("high", &[], "", "c", "C"),
        ("middle", &["c'2c'2c'2c'2"], "", "A", "c'"),
        ("middle", &["C,2C,2C,2C,2"], "", "E", "C,"),
        ("stepwise", &[], "G2", "A", "c"),
        ("leaping", &[], "G2", "c", "A"),
        ("sparse", &[], "G", "2", "A"),
        ("sparse", &[], "G", "4", "2"),
        ("sparse", &[], "", "z", "A"),
        ("busy", &slow, "G", "A", "2"),
        ("busy", &slow, "G", "/", "2"),
        ("rising", &["C2D2E2F2", "C2D2E2F2", "C2D2E2F2"], "", "c", "C"),
        ("falling", &["c2d2e2f2", "c2d2e2f2", "c2d2e2f2"], "", "C", "c"),
        ("rising", &[], "", "C", "c"),
        ("repeating", &[], "G2", "G", "A"),
        ("dotted", &[], "G", "3/2", "2"),
        ("dotted", &[], "G3/2", "A/", "A"),
        ("triplets", &[], "G2", "(", "A"),
        ("syncopated", &[], "G", "A2", "AB"),
        ("chromatic", &[], "G2", "^G", "A"),
        ("cadence", &["C8", "C8", "C8"], "G4", "C4", "D4"),
        ("cadence", &["C8", "C8", "C8"], "G4", "C4", "C2C2"),
        // The end of a passage is led home, whatever else is asked.
        ("jig dotted", &["C8", "C8", "C8"], "G4", "C4", "D4"),
    ];
    for &(words, bars, text, better, worse) in cases {
        let passage = passage(words, bars);
        let (better_bias, worse_bias) =
            (bias(&automaton, &passage, text, better), bias(&automaton, &passage, text, worse));
        assert!(better_bias > worse_bias, "{words} after '{text}': {better} {better_bias}, {worse} {worse_bias}");
    }
}

#[test]
fn a_note_weighs_the_same_however_it_is_cut_into_tokens() {
    let automaton = automaton();
    for words in ["low", "high leaping", "busy falling", "sparse dotted", "chromatic stepwise", "triplets"] {
        let passage = passage(words, &["G2A2B2c2"]);
        for token in ["c'2", "^f3/2", "[CEG]4", "z4", "_B,", "(3cde"] {
            let whole = bias(&automaton, &passage, "", token);
            // A token of its own for every character, as in a vocabulary of bytes.
            let mut lean = Lean::new(&automaton, &passage, 1.0).unwrap();
            let (mut state, mut sum) = (automaton.start(None), 0.0);
            let pulls = lean.pulls;
            for byte in token.bytes() {
                sum += lean.bias(state, &[byte]);
                lean.follow(state, &[byte]);
                // What has been done since changes what is wanted; here only the way of counting is looked at.
                lean.pulls = pulls;
                state = automaton.push(state, byte).unwrap();
            }
            assert!((whole - sum).abs() < 1e-4, "{words}: {token} {whole}, in bytes {sum}");
        }
    }
}

#[test]
fn what_lacks_near_the_end_pulls_harder() {
    for (third, value) in [(0, 1.9), (1, 1.8), (1, 3.2), (2, 3.2)] {
        let [early, late] = [1.0, 3.0].map(|urgency| pull(third, BOUNDS.motion, 0.6, value, urgency));
        assert!(late.abs() > early.abs() && late * early > 0.0, "{third} {value}: {early}, {late}");
    }
    // Where nothing lacks, nothing is urgent.
    for (third, value) in [(0, 1.5), (1, 2.5), (2, 3.5)] {
        assert_eq!(pull(third, BOUNDS.motion, 0.6, value, 3.0), 0.0);
    }
}

#[test]
fn what_is_as_asked_is_left_alone() {
    let automaton = automaton();
    assert!(Lean::new(&automaton, &passage("jig", &[]), 1.0).is_none());
    assert!(Lean::new(&automaton, &passage("low", &[]), 0.0).is_none());
    let deep = passage("low", &["C,2C,2C,2C,2", "C,2C,2C,2C,2"]);
    assert_eq!(bias(&automaton, &deep, "C,2", "C,"), bias(&automaton, &deep, "C,2", "G,"));
}
