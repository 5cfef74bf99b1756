//! Texts that nobody means: whatever stands in them, nothing panics, nothing takes longer or more memory than the
//! length of the text accounts for, and what can be read is read. The mutator is seeded, so a failure comes again.

#[path = "hostile/long.rs"]
mod long;
#[path = "hostile/mutator.rs"]
mod mutator;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use barline::abc::ast::{Bar, Tune};
use barline::abc::bar::{Automaton, Rules};
use barline::abc::parse::{parse, read_bar};
use barline::abc::print::{self, Style};
use barline::abc::{Meter, Pitch};
use barline::check::check;
use barline::notes::{played, with_accompaniment};
use barline::prompt;
use barline::score::{Carry, Joined, Measure, Ornaments, join, measure};
use barline::time::Beats;
use mutator::Mutator;

/// Whether a time is on the grid of canonical text.
fn on_grid(time: Beats) -> bool {
    time.is_multiple_of(Beats::new(1, 32))
}

#[test]
fn mutated_texts_do_no_harm() {
    mutate(50_000, 1);
}

#[test]
#[ignore = "minutes"]
fn soak_of_mutated_texts() {
    mutate(1_000_000, 2);
}

fn mutate(inputs: u64, seed: u64) {
    let mut mutator = Mutator::new(seed);
    let mut tally = Tally::default();
    for at in 0..inputs {
        let text = mutator.text();
        let done = catch_unwind(AssertUnwindSafe(|| read(&text, &mut tally)));
        assert!(done.is_ok(), "input {at} of seed {seed}:\n{text}\nas a string: {text:?}");
    }
    println!("{inputs} inputs: {tally:?}");
    assert!(tally.tunes > inputs / 2 && tally.bars > inputs && tally.same > tally.bars / 4, "{tally:?}");
}

/// How much of what was thrown at the parser it took for music.
#[derive(Debug, Default)]
struct Tally {
    tunes: u64,
    diagnostics: u64,
    /// Bars that were printed and read again.
    bars: u64,
    /// Those of them that the printer can write exactly.
    same: u64,
    /// Lines that the bar automaton took as a bar.
    accepted: u64,
}

/// Everything that reads text, on one text.
fn read(text: &str, tally: &mut Tally) {
    let (book, diagnostics) = parse(text);
    tally.diagnostics += diagnostics.len() as u64;
    for diagnostic in diagnostics.iter().chain(&check(text)) {
        let (start, end) = (diagnostic.span.start, diagnostic.span.end);
        assert!(start <= end && text.get(start..end).is_some(), "a place in the text: {diagnostic:?}");
    }
    for tune in &book.tunes {
        tally.tunes += 1;
        for note in with_accompaniment(tune, Ornaments::LeftOut).into_iter().chain(played(tune, Ornaments::Played)) {
            assert!(note.onset >= Beats::ZERO && note.length > Beats::ZERO, "{note:?}");
            assert!((0..=127).contains(&note.pitch.midi()) && (1..=127).contains(&note.velocity), "{note:?}");
        }
        print_bars(tune, tally);
    }
    for name in ["a.abc", "a.txt"] {
        let _ = prompt::read(Path::new(name), text, &[], &barline::steer::Lexicon::default());
    }
    walk(text, tally);
}

/// What the printer writes is read back as it was meant, and prints the same again.
fn print_bars(tune: &Tune, tally: &mut Tally) {
    for voice in &tune.voices {
        let mut carry = Carry::of(tune, &voice.id);
        // Rests of very many bars are all alike.
        for bar in voice.bars.iter().take(100) {
            let mut tied = carry.tied.clone();
            let (measure, _) = measure(bar, &mut carry);
            // Whoever prints bar by bar leaves out ties that the next bar does not take up.
            tied.retain(|pitch| measure.notes.iter().any(|note| note.tied_from && note.pitch == *pitch));
            tally.bars += 1;
            print_bar(bar, &measure, &tied, tally);
        }
    }
}

fn print_bar(bar: &Bar, measure: &Measure, tied: &[Pitch], tally: &mut Tally) {
    let length = bar.context.meter.bar_length();
    let style = Style::new(&bar.context.key, bar.context.meter, Beats::EIGHTH);
    // A tied note too short to be written leaves its tie to nobody: such a bar is printed as one that nothing is tied into.
    let exact = is_exact(measure, length);
    let (mut measure, tied) = (measure.clone(), if exact { tied } else { &[] });
    if !exact {
        measure.notes.iter_mut().for_each(|note| note.tied_from = false);
    }
    let text = print::bar(&measure, length, &style);
    let (again, diagnostics) = read_bar(&text, &bar.context.key, bar.context.meter, Beats::EIGHTH, tied);
    assert!(diagnostics.iter().all(|d| d.message.contains("tie")), "{text}: {diagnostics:?}");
    if on_grid(length) {
        assert_eq!(again.length, length, "{text}");
    }
    assert_eq!(print::bar(&again, length, &style), text, "printed once more");
    if exact {
        tally.same += 1;
        assert_eq!(sounds(&again), sounds(&measure), "{text}");
    }
}

/// Whether the printer can write the bar as it is: on the grid, not too long, no pitch struck while it sounds, no tie over a gap (from a
/// note that ends before its chord does).
fn is_exact(measure: &Measure, length: Beats) -> bool {
    let notes = &measure.notes;
    measure.length <= length
        && notes.iter().all(|note| on_grid(note.onset) && on_grid(note.length) && note.onset + note.length <= length)
        && measure.chords.iter().all(|chord| on_grid(chord.onset))
        && notes.iter().enumerate().all(|(at, note)| {
            let end = note.onset + note.length;
            let (mut same, tied) = (notes[at + 1..].iter().filter(|next| next.pitch == note.pitch), note.tied_to);
            same.all(|next| next.onset == end || next.onset > end && !tied)
        })
}

/// The notes of a bar with its ties joined, without loudness.
fn sounds(measure: &Measure) -> Vec<(Beats, Beats, i32)> {
    let joined = join([(Beats::ZERO, measure)]);
    let mut sounds: Vec<_> =
        joined.into_iter().map(|Joined { onset, length, pitch, .. }| (onset, length, pitch.midi())).collect();
    sounds.sort_unstable();
    sounds
}

/// The automaton takes bytes as they come; what it takes it can end, and what it takes whole is a full bar.
fn walk(text: &str, tally: &mut Tally) {
    let automaton = Automaton::new(Rules::plain(96, 24)).expect("a bar of 4/4");
    let start = automaton.start(None);
    for line in text.lines().take(40) {
        let mut state = start;
        for byte in line.bytes() {
            let Some(next) = automaton.push(state, byte) else { break };
            state = next;
        }
        assert!(state == start || !automaton.finish(state).is_empty() || Automaton::is_done(&state), "{line}");
        if automaton.accepts(line, None).is_some() {
            tally.accepted += 1;
            let key = barline::abc::key::Key::NONE;
            let (measure, diagnostics) = read_bar(line, &key, Meter::COMMON, Beats::EIGHTH, &[]);
            assert!(diagnostics.is_empty() && measure.length == Beats::WHOLE, "{line}: {diagnostics:?}");
        }
    }
}
