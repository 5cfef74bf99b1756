//! The bar automaton against the parser: what it accepts is read as full and within the rules, and it accepts every full bar of the subset.

use barline::abc::bar::{Automaton, LENGTHS, PitchSet, Rules};
use barline::abc::key::{Key, Mode};
use barline::abc::parse::read_bar;
use barline::abc::{Meter, Pitch, Step, print};
use barline::compose::sample::Rng;
use barline::score::{Measure, Note};
use barline::time::Beats;
use proptest::prelude::*;

const METERS: [(u16, u16); 10] = [(4, 4), (3, 4), (6, 8), (2, 4), (9, 8), (12, 8), (5, 4), (7, 8), (2, 2), (3, 8)];

fn meter(index: usize) -> Meter {
    let (numerator, denominator) = METERS[index % METERS.len()];
    Meter::Measured { numerator, denominator }
}

fn ticks(length: Beats) -> u16 {
    (length * 96).numerator() as u16
}

fn key(index: usize) -> Key {
    let tonics = [(Step::C, 0), (Step::G, 0), (Step::D, 0), (Step::F, 0), (Step::B, -1), (Step::A, 0), (Step::E, -1)];
    let (step, alter) = tonics[index % tonics.len()];
    Key::new(step, alter, Mode::CHURCH[index / tonics.len() % 7])
}

/// Walks from the start to the bar line, drawing among the bytes that are allowed. Panics at a dead end.
fn walk(automaton: &Automaton, tied_in: Option<Pitch>, rng: &mut Rng) -> String {
    let mut state = automaton.start(tied_in);
    let mut text = String::new();
    while !Automaton::is_done(&state) {
        let allowed: Vec<(u8, _)> = (0..=255).filter_map(|byte| Some((byte, automaton.push(state, byte)?))).collect();
        assert!(!allowed.is_empty(), "dead end after '{text}' under {:?}", automaton.rules());
        let (byte, next) = allowed[rng.below(allowed.len())];
        text.push(char::from(byte));
        state = next;
        assert!(text.len() < 2000, "no end: {text}");
    }
    text
}

fn struck(measure: &Measure) -> usize {
    let mut onsets: Vec<Beats> = measure.notes.iter().filter(|note| !note.tied_from).map(|note| note.onset).collect();
    onsets.dedup();
    onsets.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the rules, every way through the automaton is a bar that the parser reads as full and that keeps them.
    #[test]
    fn what_is_accepted_is_full(
        seed: u64, meter_index in 0usize..10, key_index in 0usize..49, grid in prop::sample::select(vec![3u16, 6, 12, 24]),
        low in 36u8..70, span in 1u8..40, classes in 1u16..4096, least in 0u8..6, most in 1u8..20, flags in 0u8..8,
    ) {
        let (meter, key) = (meter(meter_index), key(key_index));
        let pitches = PitchSet::range(low, low + span);
        let scaled = pitches.and(PitchSet::classes(classes));
        let rules = Rules {
            length: ticks(meter.bar_length()),
            beat: ticks(meter.beat()),
            grid,
            pitches: if scaled == PitchSet(0) { pitches } else { scaled },
            signature: key.signature,
            notes: (least.min(most), most),
            chords: flags & 1 != 0,
            symbols: flags & 2 != 0,
            tie_out: flags & 4 != 0,
        };
        let Ok(automaton) = Automaton::new(rules.clone()) else { return Ok(()) };
        let mut rng = Rng::new(seed, 0, 0, 0);
        let mut tied: Vec<Pitch> = Vec::new();
        // A few bars in a row, so that ties are carried over the line.
        for _ in 0..4 {
            let tied_in = tied.first().copied();
            // A tie that the rules leave no room for is not demanded, and then not there.
            if automaton.start(tied_in) == automaton.start(None) {
                tied.clear();
            }
            let text = walk(&automaton, tied_in, &mut rng);
            let (measure, diagnostics) = read_bar(&text, &key, meter, Beats::EIGHTH, &tied);
            prop_assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
            prop_assert_eq!(measure.length, meter.bar_length(), "{}", text);
            for note in &measure.notes {
                prop_assert!(rules.pitches.contains(note.pitch.midi()), "{} of {text}", note.pitch.midi());
                prop_assert!(note.onset + note.length <= measure.length);
            }
            let (least, most) = automaton.rules().notes;
            prop_assert!((usize::from(least)..=usize::from(most)).contains(&struck(&measure)), "{text}");
            // A tie leads to the same pitch, in the bar and over its line.
            for note in measure.notes.iter().filter(|note| note.tied_to && note.onset + note.length < measure.length) {
                let next = measure.notes.iter().find(|next| next.onset == note.onset + note.length);
                prop_assert!(next.is_some_and(|next| next.tied_from && next.pitch.midi() == note.pitch.midi()), "{text}");
            }
            let end = automaton.accepts(&text, tied_in).expect("it was walked");
            let tied_out = measure.tied_out();
            prop_assert_eq!(Automaton::tied_out(&end), tied_out.first().map(|pitch| pitch.midi() as u8), "{}", text);
            prop_assert!(tied_out.is_empty() || rules.tie_out);
            tied = tied_out;
        }
    }

    /// A bar that was broken off anywhere can be closed, and is full then.
    #[test]
    fn a_partial_bar_can_be_closed(seed: u64, meter_index in 0usize..10, stop in 0usize..40) {
        let meter = meter(meter_index);
        let automaton = Automaton::new(Rules::plain(ticks(meter.bar_length()), ticks(meter.beat()))).unwrap();
        let whole = walk(&automaton, None, &mut Rng::new(seed, 0, 0, 0));
        let part = &whole[..stop.min(whole.len())];
        let state = part.bytes().try_fold(automaton.start(None), |state, byte| automaton.push(state, byte)).unwrap();
        let text = format!("{part}{}", automaton.finish(state));
        prop_assert!(text.ends_with('|'), "{text}");
        let (measure, diagnostics) = read_bar(&text, &Key::NONE, meter, Beats::EIGHTH, &[]);
        prop_assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        prop_assert_eq!(measure.length, meter.bar_length(), "{}", text);
    }

    /// Every full bar of the subset, as the printer writes it, is accepted, and printing what was read gives the same text.
    #[test]
    fn every_full_bar_is_accepted(seed: u64, meter_index in 0usize..10, key_index in 0usize..49) {
        let (meter, key) = (meter(meter_index), key(key_index));
        let measure = random_bar(meter, &mut Rng::new(seed, 1, 0, 0));
        let style = print::Style::new(&key, meter, Beats::EIGHTH);
        let text = print::bar(&measure, meter.bar_length(), &style);
        let mut rules = Rules::plain(ticks(meter.bar_length()), ticks(meter.beat()));
        rules.signature = key.signature;
        let automaton = Automaton::new(rules).unwrap();
        for line in [format!("{text} |"), format!("{text}|")] {
            prop_assert!(automaton.accepts(&line, None).is_some(), "{line} in {key}");
        }
        let (read, diagnostics) = read_bar(&text, &key, meter, Beats::EIGHTH, &[]);
        prop_assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        prop_assert_eq!(print::bar(&read, meter.bar_length(), &style), text);
    }
}

/// A random bar of the subset: notes, rests, chords, triplets and ties in lengths of the table.
fn random_bar(meter: Meter, rng: &mut Rng) -> Measure {
    let length = meter.bar_length();
    let mut measure = Measure { length, ..Measure::default() };
    let mut at = Beats::ZERO;
    while at < length {
        let left = ticks(length - at);
        let triplet = rng.below(6) == 0;
        let fitting: Vec<u16> = LENGTHS
            .iter()
            .map(|&(_, ticks)| ticks)
            .filter(|ticks| if triplet { *ticks >= 6 && 2 * ticks <= left } else { *ticks <= left })
            .collect();
        let Some(&chosen) = fitting.get(rng.below(fitting.len())) else { continue };
        let unit = Beats::new(i64::from(chosen), 96);
        if triplet {
            let third = unit.scale((2, 3).into());
            for _ in 0..3 {
                measure.notes.push(random_note(at, third, rng));
                at += third;
            }
            continue;
        }
        match rng.below(6) {
            0 => {}
            1 => {
                let low = random_note(at, unit, rng);
                let high = Pitch { octave: low.pitch.octave + 1, ..low.pitch };
                measure.notes.push(low);
                measure.notes.push(Note { pitch: high, ..low });
            }
            _ => measure.notes.push(random_note(at, unit, rng)),
        }
        at += unit;
    }
    measure
}

fn random_note(onset: Beats, length: Beats, rng: &mut Rng) -> Note {
    let pitch = Pitch { step: Step::ALL[rng.below(7)], alter: rng.below(3) as i8 - 1, octave: 3 + rng.below(3) as i8 };
    Note::new(onset, length, pitch, 90)
}
