use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::abc::parse::parse;
use crate::compose::sample::Rng;
use crate::prompt::read;
use crate::score::{Carry, measure, swell};
use crate::steer::Lexicon;
use crate::transport::crotchets;

fn setting(meter: Meter) -> Setting {
    Setting { meter, tempo: crotchets(120), loudness: [0, 0], rng: Rng::new(1, 1, 0, 0) }
}

/// The bars of a tune's only voice, and its metre.
fn bars(meter: &str, music: &str) -> (Vec<Measure>, Meter) {
    let (book, _) = parse(&format!("X:1\nM:{meter}\nL:1/8\nK:C\n{music}\n"));
    let tune = &book.tunes[0];
    let mut carry = Carry::of(tune, "1");
    let mut bars: Vec<Measure> = tune.voices[0].bars.iter().map(|bar| measure(bar, &mut carry).0).collect();
    swell(&mut bars, &carry.shades);
    (bars, tune.header.meter())
}

/// What `V:a` with these properties is played like.
fn of_property(meter: &str, properties: &str) -> Expression {
    let text = format!("X:1\nM:{meter}\nL:1/8\nK:C\nV:a {properties}\n");
    let (mut scenes, said) = read(Path::new("t.abc"), &text, &[], &Lexicon::default());
    assert_eq!(said, []);
    scenes.remove(0).voices.remove(0).expression
}

/// Each note as `onset:length:velocity`, bars behind strokes.
fn heard(meter: &str, properties: &str, music: &str) -> String {
    let expression = of_property(meter, properties);
    let (bars, meter) = bars(meter, music);
    let heard = bars.iter().map(|bar| {
        let notes = play(bar, &expression, &setting(meter));
        let notes = notes.iter().map(|note| format!("{}:{}:{}", note.onset, note.length, note.velocity));
        notes.collect::<Vec<_>>().join(" ")
    });
    heard.collect::<Vec<_>>().join(" | ")
}

fn velocities(meter: &str, properties: &str, music: &str) -> String {
    let heard = heard(meter, properties, music);
    let velocity = |note: &str| note.rsplit(':').next().unwrap_or("").to_owned();
    heard.split(' ').map(velocity).collect::<Vec<_>>().join(" ")
}

#[test]
fn velocities_go_by_the_metre() {
    for (meter, music, expected) in [
        ("4/4", "ABcdefga", "100 82 90 82 95 82 90 82"),
        ("4/4", "A/B/c/d/ e4 z2", "100 78 82 78 90"),
        ("3/4", "A2B2c2", "100 90 90"),
        ("3/4", "ABcdef", "100 82 90 82 90 82"),
        ("6/8", "ABcdef", "100 82 82 95 82 82"),
        ("3/8", "ABc", "100 82 82"),
        ("2/2", "A2B2c2d2", "100 90 95 90"),
        ("7/8", "ABc/d/efga", "100 90 90 82 90 90 90 90"),
        ("4/4", "(3ABc d2 e4", "100 78 78 90 95"),
        ("none", "ABc", "90 90 90"),
        // A chord is struck as one.
        ("2/4", "[CEG]2 [CE]2", "100 100 100 95 95"),
        // What says itself how loud places are is not told again.
        ("4/4", "%%MIDI beat 90 80 65 2\nA2BcdefG", "90 65 65 80 65 65 65"),
        ("4/4", "%%MIDI nobeataccents\nABcd e4", "90 90 90 90 90"),
    ] {
        assert_eq!(velocities(meter, "", music), expected, "{meter} {music}");
    }
}

#[test]
fn dynamics_and_hairpins() {
    // Off the beat throughout: 8 less than said.
    for (music, expected) in [
        ("!p!zA!f!zB zczd", "52 97 97 97"),
        ("!p!zLA z!sfz!B zcz!>!d", "68 76 52 68"),
        // From dynamic to dynamic.
        ("!p!!<(!zAzB zcz!<)!!f!d", "58 71 84 97"),
        ("!f!!>(!zAzB zcz!>)!!p!d | zAz4zB", "91 78 65 52 | 52 52"),
        // Words for the same; over the bar line.
        ("!pp!!crescendo(!zAz4z2|zAz4!crescendo)!!mf!zB", "40 | 66 82"),
        // One dynamic on where no dynamic says how far, and it holds.
        ("!p!!<(!zAzB!<)!zczd | zAz4zB", "56 63 67 67 | 67 67"),
        // There and back.
        ("!p!!<(!zAzB!<)!!>(!zcz!>)!d|z!p!A", "56 63 62 52 | 52"),
        // The other way it is one dynamic, too.
        ("!f!!<(!zAzB zc!<)!z!p!d", "100 105 110 52"),
        // One that is left open ends at the next dynamic, or with the text.
        ("!p!!<(!zAz4z2|zAz4z!f!B", "55 | 79 97"),
        ("!<(!zAz4z2|zAz4zB", "83 | 90 96"),
    ] {
        assert_eq!(velocities_of_bars(music), expected, "{music}");
    }
}

fn velocities_of_bars(music: &str) -> String {
    let heard = heard("4/4", "", music);
    let velocities = |bar: &str| velocity_list(bar);
    heard.split(" | ").map(velocities).collect::<Vec<_>>().join(" | ")
}

fn velocity_list(bar: &str) -> String {
    bar.split(' ').filter_map(|note| note.rsplit(':').next()).collect::<Vec<_>>().join(" ")
}

#[test]
fn velocities_have_a_range() {
    for (properties, expected) in [
        ("vel=1..127", "100 90 50 127"),
        ("vel=40..110", "95 89 67 110"),
        ("vel=80", "80 80 80 80"),
        ("vel=100..127", "121 119 111 127"),
    ] {
        assert_eq!(velocities("4/4", properties, "A2 B2 !pp!c2 !fff!d2"), expected, "{properties}");
    }
}

#[test]
fn the_gate_shortens_what_nothing_holds() {
    for (properties, music, expected) in [
        ("gate=50%", "A2 B2 c4", "0:1/8:100 1/4:1/8:90 1/2:1/4:95"),
        ("gate=50%", ".A2 !tenuto!B2 c4", "0:1/16:100 1/4:1/4:90 1/2:1/4:95"),
        // Of tied notes the last one is cut.
        ("gate=50%", "A8-|A4 z4", "0:1:100 | 0:1/4:100"),
        ("gate=50%", "A2-A2 z4", "0:1/4:100 1/4:1/8:90"),
        // Under a slur only the last one is.
        ("gate=50%", "(A2 B2) c4", "0:17/64:100 1/4:1/8:90 1/2:1/4:95"),
        // A grace note takes its time from what is left.
        ("gate=25%", "{g}A2 z6", "0:1/32:100 1/32:1/32:100"),
        ("gate=100%", "A2 .B2 z4", "0:1/4:100 1/4:1/8:90"),
    ] {
        assert_eq!(heard("4/4", properties, music), expected, "{properties} {music}");
    }
}

#[test]
fn slurs_overlap() {
    for (music, expected) in [
        ("(A2 B2) c4", "0:17/64:100 1/4:1/4:90 1/2:1/2:95"),
        // A quarter of a short note.
        ("(A/B/)c/d/ z6", "0:5/64:100 1/16:1/16:78 1/8:1/16:82 3/16:1/16:78"),
        // What is struck again ends before.
        ("(A2 A2 B2) z2", "0:1/4:100 1/4:17/64:90 1/2:1/4:95"),
        // Over the bar line, chords, and slurs within slurs.
        ("z6 (A2|B2) z6", "3/4:17/64:90 | 0:1/4:100"),
        ("([CE]2 B2) c4", "0:17/64:100 0:17/64:100 1/4:1/4:90 1/2:1/2:95"),
        ("(A2 (B2 c2) d2) |e8", "0:17/64:100 1/4:17/64:90 1/2:17/64:95 3/4:1/4:90 | 0:1:100"),
        ("(A2 (B2) c2) d2", "0:17/64:100 1/4:17/64:90 1/2:1/4:95 3/4:1/4:90"),
        // There is nothing to overlap: a rest, a dot, a tie.
        ("(A2 z2 .B2 c2)", "0:1/4:100 1/2:1/8:95 3/4:1/4:90"),
        ("(A2-A2 B2) z2", "0:1/4:100 1/4:17/64:90 1/2:1/4:95"),
        // The last stroke of an ornament.
        ("(MA2 B2) z4", "0:1/32:100 1/32:1/32:100 1/16:13/64:100 1/4:1/4:90"),
    ] {
        assert_eq!(heard("4/4", "", music), expected, "{music}");
    }
}

#[test]
fn swing_bends_each_pair() {
    for (meter, properties, music, expected) in [
        ("4/4", "swing=58%", "AB c4 z2", "0:29/200:100 29/200:21/200:82 1/4:1/2:90"),
        ("4/4", "swing=75%", "A/B/c/d/ z6", "0:3/32:100 3/32:3/32:78 3/16:1/32:82 7/32:1/32:78"),
        ("4/4", "swing=75%/16", "A/B/c/d/ z6", "0:3/32:100 3/32:1/32:78 1/8:3/32:82 7/32:1/32:78"),
        // What ends off the beat ends where that falls now, ties over the bar line end on it.
        ("2/4", "swing=60%", "A3 B-|B2 z2", "0:2/5:100 2/5:1/10:82 | 0:1/4:100"),
        ("2/4", "swing=60%", "z (AB) z", "3/20:37/320:82 1/4:3/20:95"),
        ("2/2", "swing=60%", "zA z6", "3/20:1/10:82"),
        ("4/4", "swing=50%", "AB z6", "0:1/8:100 1/8:1/8:82"),
    ] {
        assert_eq!(heard(meter, properties, music), expected, "{properties} {music}");
    }
    // Where the beat does not divide in two it does nothing.
    let expression = of_property("4/4", "swing=70%");
    for meter in ["6/8", "3/8", "7/8", "none"] {
        let (bars, meter) = bars(meter, "zA");
        assert_eq!(play(&bars[0], &expression, &setting(meter))[0].onset, Beats::EIGHTH, "{meter}");
    }
}

#[test]
fn loudness_by_words_is_a_ramp_within_the_bar() {
    let (bars, meter) = bars("4/4", "zAzB zczd");
    let at = |loudness, range| {
        let expression = Expression { velocity: range, ..Expression::default() };
        let setting = Setting { loudness, ..setting(meter) };
        let notes = play(&bars[0], &expression, &setting);
        notes.iter().map(|note| note.velocity).collect::<Vec<_>>()
    };
    assert_eq!(at([0, 16], (1, 127)), [84, 88, 92, 96]);
    assert_eq!(at([-20, -20], (1, 127)), [62; 4]);
    assert_eq!(at([0, -127], (1, 127)), [66, 34, 3, 1]);
    assert_eq!(at([-127, -127], (40, 110)), [40; 4], "as soft as the range goes");
}

#[test]
fn variation_is_small_and_the_same_for_the_same_seed() {
    let (bars, meter) = bars("4/4", "AAAA A/A/A/A/ (3AAA | {g}[Ac]2 TB2 .A>.A A2");
    let expression = of_property("4/4", "human=5/10");
    let play_with = |seed: u64| -> Vec<Vec<Note>> {
        let setting = Setting { rng: Rng::new(seed, 1, 0, 0), ..setting(meter) };
        bars.iter().map(|bar| play(bar, &expression, &setting)).collect()
    };
    let plain: Vec<Vec<Note>> = bars.iter().map(|bar| play(bar, &Expression::default(), &setting(meter))).collect();
    assert_eq!(play_with(7), play_with(7));
    assert_ne!(play_with(7), play_with(8));
    // 10 ms are 1/200 of a whole note at 120.
    let (mut early, mut late) = (0, 0);
    for seed in 0..50 {
        for (played, plain) in play_with(seed).iter().flatten().zip(plain.iter().flatten()) {
            assert!(played.velocity.abs_diff(plain.velocity) <= 5);
            let moved = played.onset - plain.onset;
            assert!(moved <= Beats::new(1, 200) && -moved <= Beats::new(1, 200), "{moved}");
            (early, late) = (early + i32::from(moved < Beats::ZERO), late + i32::from(moved > Beats::ZERO));
        }
    }
    assert!(early > 200 && late > 200, "{early} early, {late} late");
}

fn property() -> impl Strategy<Value = Expression> {
    let swing = prop_oneof![
        Just(None),
        (50..=75u8, any::<bool>()).prop_map(|(share, eighths)| {
            Some(Swing { pair: if eighths { Beats::QUARTER } else { Beats::EIGHTH }, share })
        }),
    ];
    (1..=127u8, 1..=127u8, 5..=100u8, swing, 0..=30u8, 0..=20u8).prop_map(|(a, b, gate, swing, velocity, millis)| {
        Expression { velocity: (a.min(b), a.max(b)), gate, swing, human: Human { velocity, millis } }
    })
}

/// Two bars of 4/4 in eighths and their parts, with marks of all sorts.
fn music() -> impl Strategy<Value = String> {
    let before = prop::sample::select(vec!["", "", "", ".", "!tenuto!", "{g}", "T", "~", "L", "!p!", "!<(!", "!<)!"]);
    let core = prop::sample::select(vec![
        "A2",
        "B2",
        "AA",
        "A/A/B",
        "(AA)",
        "(AB)",
        "z2",
        "zA",
        "[Ac]2",
        "(3AAA",
        "A>A",
        "A/4A/4A/4A/4A",
        "A-A",
        "(A",
        "B)",
        "A-",
    ]);
    let units = |core: &str| match core {
        "(A" | "B)" | "A-" => "1/8",
        _ => "1/4",
    };
    prop::collection::vec((before, core), 4..10).prop_map(move |elements| {
        let (mut text, mut now) = (String::new(), Beats::ZERO);
        let full = |now: Beats| format!("z{}|", (Beats::WHOLE - now).ratio(Beats::EIGHTH));
        for (before, core) in elements {
            let length: Beats = units(core).parse().expect("a time");
            if now + length > Beats::WHOLE {
                text += &if now < Beats::WHOLE { full(now) } else { "|".to_owned() };
                now = Beats::ZERO;
            }
            text += before;
            text += core;
            now += length;
        }
        if now < Beats::WHOLE { text + full(now).as_str() } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked for: what is struck ends later, in its order, near its bar, and no pitch is struck while it sounds.
    #[test]
    fn notes_stay_notes(expression in property(), music in music(), seed: u64, tempo in 20..400i64) {
        let (bars, meter) = bars("4/4", &music);
        let tempo = crotchets(tempo);
        let play = |bar: &Measure, at: i64| {
            play(bar, &expression, &Setting { tempo, rng: Rng::new(seed, at, 0, 0), ..setting(meter) })
        };
        for (at, bar) in bars.iter().enumerate() {
            let notes = play(bar, at as i64);
            prop_assert_eq!(&notes, &play(bar, at as i64));
            let setting = Setting { tempo, rng: Rng::new(seed, at as i64, 0, 0), ..setting(meter) };
            let plain = perform(Cow::Owned(written(bar, &expression, &setting)), Ornaments::Played);
            prop_assert_eq!(notes.len(), plain.notes.len());
            let (low, high) = expression.velocity;
            let most = expression.human.velocity;
            for (note, written) in notes.iter().zip(&plain.notes) {
                prop_assert!(note.length > Beats::ZERO, "{note:?}");
                prop_assert!(note.onset >= Beats::ZERO && note.onset < bar.length, "{note:?}");
                prop_assert!(note.onset + note.length <= bar.length + OVERLAP);
                prop_assert_eq!((note.pitch, note.tied_from, note.tied_to), (written.pitch, written.tied_from, written.tied_to));
                prop_assert!((low.saturating_sub(most).max(1)..=high.saturating_add(most).min(127)).contains(&note.velocity));
                if note.tied_to && written.onset + written.length == bar.length {
                    prop_assert_eq!(note.onset + note.length, bar.length);
                }
            }
            for (a, b) in notes.iter().zip(&notes[1.min(notes.len())..]) {
                prop_assert!(a.onset <= b.onset, "{a:?} {b:?}");
            }
            for (at, note) in notes.iter().enumerate() {
                for later in notes[at + 1..].iter().filter(|later| later.pitch.midi() == note.pitch.midi()) {
                    prop_assert!(note.onset + note.length <= later.onset, "{note:?} {later:?}");
                }
            }
        }
    }
}
