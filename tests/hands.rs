//! What a hand played, written down: performances of known scores, with human timing, are read as what they were played from.

#[path = "common/performance.rs"]
mod performance;

use barline::abc::bar::{Automaton, Rules};
use barline::abc::key::Key;
use barline::abc::parse::read_bar;
use barline::abc::{Meter, Pitch, Severity, print};
use barline::hand::{Capture, Grid, tempo};
use barline::score::{Measure, Note, Swing};
use barline::time::{Beats, Tempo};
use num_rational::Ratio;
use proptest::prelude::*;

use performance::{Manner, Played, Score, books, perform, scores};

const PHRASES: &str = include_str!("data/phrases.abc");

/// The places are those of the sound that a hand is heard on: 1/1920 of a whole note.
fn place(seconds: f64, tempo: Tempo) -> Beats {
    Beats::new((seconds * tempo.quarters_per_minute() / 240.0 * 1920.0).floor() as i64, 1920)
}

/// The bars as they are written while the hand plays.
fn written(score: &Score, played: &[Played], tempo: Tempo, quant: Beats) -> Vec<Measure> {
    let mut events: Vec<(Beats, bool, Played)> = Vec::new();
    for note in played {
        events.push((place(note.on, tempo), true, *note));
        events.push((place(note.off, tempo), false, *note));
    }
    events.sort_by_key(|(at, on, _)| (*at, *on));
    let mut events = events.into_iter().peekable();
    let mut capture = Capture::default();
    let length = score.meter.bar_length();
    let grid = |bar: i64| Grid::new(length * bar, quant, score.meter, tempo, &score.key);
    let bars = (0..score.bars.len() as i64).map(|bar| {
        let known = grid(bar).start + length + grid(bar).patience();
        while let Some((at, on, note)) = events.next_if(|(at, ..)| *at < known) {
            let sounding = grid((at.ratio(length)).floor().to_integer().max(0));
            if on {
                capture.strike(note.pitch, note.velocity, at, &sounding);
            } else {
                capture.release(note.pitch, at, &sounding);
            }
        }
        capture.give(&grid(bar), false)
    });
    bars.collect()
}

#[derive(Debug, Default)]
struct Figures {
    notes: usize,
    right: usize,
    bars: usize,
    same: usize,
}

impl Figures {
    fn places(&self) -> f64 {
        100.0 * self.right as f64 / self.notes as f64
    }

    fn identical(&self) -> f64 {
        100.0 * self.same as f64 / self.bars as f64
    }
}

/// Strokes by bar, place and pitch.
fn strokes(bars: &[Measure]) -> Vec<(usize, Beats, i32)> {
    let of = |(at, bar): (usize, &Measure)| -> Vec<(usize, Beats, i32)> {
        bar.notes.iter().filter(|note| !note.tied_from).map(|note| (at, note.onset, note.pitch.midi())).collect()
    };
    bars.iter().enumerate().flat_map(of).collect()
}

/// Every phrase at several tempos of its felt beat; `believed` is the tempo that the writer is told, as a share of the true one.
fn figures(scores: &[Score], manner: &Manner, believed: Ratio<i64>, wanted: impl Fn(&Score) -> bool) -> Figures {
    let mut figures = Figures::default();
    for (number, score) in scores.iter().enumerate().filter(|(_, score)| wanted(score)) {
        for (step, beats) in [70, 84, 96, 108, 120, 132, 140].into_iter().enumerate() {
            let tempo = Tempo::from_beat(score.meter.beat(), beats.into());
            let played = perform(score, tempo, manner, (number * 100 + step) as u64);
            let bars = written(score, &played, Tempo(tempo.0 * believed), Beats::SIXTEENTH);
            let mut found = strokes(&bars);
            for stroke in strokes(&score.bars) {
                figures.notes += 1;
                if let Some(at) = found.iter().position(|other| *other == stroke) {
                    found.swap_remove(at);
                    figures.right += 1;
                }
            }
            let style = print::Style::new(&score.key, score.meter, Beats::EIGHTH);
            for (bar, meant) in bars.iter().zip(&score.bars) {
                let text = |bar: &Measure| print::bar(bar, bar.length, &style);
                figures.bars += 1;
                figures.same += usize::from(text(bar) == text(meant));
                if std::env::var("SHOW").is_ok() && text(bar) != text(meant) {
                    println!("{} {beats}: {} for {}", score.title, text(bar), text(meant));
                }
            }
        }
    }
    figures
}

#[test]
fn bars_are_written_as_they_were_meant() {
    let scores = scores(PHRASES);
    let simple = |score: &Score| !score.meter.is_compound();
    let all = |_: &Score| true;
    let plain = Manner::PLAIN;
    let kinds: &[(&str, Manner, bool, f64, f64)] = &[
        ("plain", plain, true, 98.0, 95.0),
        ("uniform", Manner { sigma: 0.0, uniform: 30.0, ..plain }, true, 98.0, 95.0),
        ("swing 54", Manner { swing: 54, ..plain }, false, 98.0, 95.0),
        ("swing 58", Manner { swing: 58, ..plain }, false, 98.0, 95.0),
        ("swing 62", Manner { swing: 62, ..plain }, false, 98.0, 95.0),
        ("swing 66", Manner { swing: 66, ..plain }, false, 98.0, 95.0),
        ("rolled", Manner { roll: 40.0, ..plain }, true, 98.0, 95.0),
        ("overlaps", Manner { overlap: 60.0, ..plain }, true, 98.0, 95.0),
        ("slips", Manner { slips: 5.0, ..plain }, true, 98.0, 70.0),
        ("push", Manner { push: 1.02, ..plain }, true, 96.0, 88.0),
    ];
    let mut short = Vec::new();
    for &(name, manner, every, places, identical) in kinds {
        let figures =
            if every { figures(&scores, &manner, 1.into(), all) } else { figures(&scores, &manner, 1.into(), simple) };
        println!(
            "{name:<9} {:6.2} % of {} notes on their places, {:6.2} % of {} bars identical",
            figures.places(),
            figures.notes,
            figures.identical(),
            figures.bars
        );
        if figures.places() < places || figures.identical() < identical {
            short.push(name);
        }
    }
    assert!(short.is_empty(), "{short:?}");
}

/// The figures are of the writing, and not of the phrases: who is told a tempo that is three percent wrong falls behind.
#[test]
fn a_wrong_tempo_is_seen_in_the_figures() {
    let figures = figures(&scores(PHRASES), &Manner::PLAIN, Ratio::new(103, 100), |_| true);
    assert!(figures.places() < 90.0 && figures.identical() < 80.0, "{figures:?}");
}

/// Notes of a melody are the composer's own subset, byte for byte.
#[test]
fn melodies_stay_in_the_subset_of_the_composer() {
    let one = |score: &Score| {
        let struck = score.struck();
        struck.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0)
    };
    let mut bars = 0;
    for (number, score) in scores(PHRASES).iter().enumerate().filter(|(_, score)| one(score)) {
        let tempo = Tempo::from_beat(score.meter.beat(), 96.into());
        let ticks = |time: Beats| time.ratio(Beats::new(1, 96)).to_integer() as u16;
        let rules = Rules {
            signature: score.key.signature,
            ..Rules::plain(ticks(score.meter.bar_length()), ticks(score.meter.beat()))
        };
        let automaton = Automaton::new(rules).unwrap();
        let style = print::Style::new(&score.key, score.meter, Beats::EIGHTH);
        let mut tied = None;
        let played = perform(score, tempo, &Manner { overlap: 40.0, ..Manner::PLAIN }, number as u64);
        for bar in written(score, &played, tempo, Beats::SIXTEENTH) {
            let text = print::bar(&bar, bar.length, &style) + "|";
            assert!(automaton.accepts(&text, tied).is_some(), "{}: {text}", score.title);
            tied = bar.tied_out().first().copied();
            bars += 1;
        }
    }
    assert!(bars > 60, "{bars}");
}

/// Whatever the hand does: pitches, beginnings, lengths and velocities.
fn anything() -> impl Strategy<Value = Vec<(u8, i64, i64, u8)>> {
    prop::collection::vec((40..90u8, -60..7000i64, 1..3000i64, 1..=127u8), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_played_is_counted_within_the_felt_range(
        notes in prop::collection::vec((-2.0..40.0f64, 0.0..3.0f64, 0..128u8, 1..=127u8), 0..60),
    ) {
        let played: Vec<tempo::Played> = notes
            .iter()
            .map(|&(on, length, pitch, velocity)| tempo::Played { on, off: on + length, pitch, velocity })
            .collect();
        if let Ok(found) = tempo::estimate(&played) {
            let first = played.iter().map(|note| note.on).fold(f64::INFINITY, f64::min);
            for count in std::iter::once(&found.count).chain(&found.counts) {
                let bar = count.meter.bar_length().ratio(count.meter.beat()).to_integer() as f64 * 60.0 / count.beats;
                prop_assert!((40.0..=240.0).contains(&count.beats), "{:?}", count);
                prop_assert!((-0.25..1.1).contains(&((first - count.start) / bar)), "{:?} from {}", count, first);
            }
            prop_assert!(!found.keys.contains(&found.key));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_hand_does_its_bars_are_full_and_read_back(
        notes in anything(),
        meter in prop::sample::select(vec!["4/4", "3/4", "6/8", "2/4", "9/8", "7/8", "3/8", "2/2"]),
        quant in prop::sample::select(vec![4i64, 8, 16, 32]),
        beats in 30..300i64,
        share in 50..=75u8,
    ) {
        let (meter, key) = (meter.parse::<Meter>().unwrap(), Key::parse("Bb").unwrap().0);
        let tempo = Tempo(beats.into());
        let swing = Some(Swing { pair: Beats::QUARTER, share }).filter(|swing| share > 50 && swing.fits(meter));
        let grid = |start: Beats| Grid { swing, ..Grid::new(start, Beats::new(1, quant), meter, tempo, &key) };
        let mut events: Vec<(i64, bool, u8, u8)> = Vec::new();
        for (pitch, on, length, velocity) in &notes {
            events.push((*on, true, *pitch, *velocity));
            events.push((*on + *length, false, *pitch, 0));
        }
        events.sort_unstable();
        let mut events = events.into_iter().peekable();
        let mut capture = Capture::default();
        let mut start = Beats::ZERO;
        let mut tied = Vec::new();
        let mut heard = std::collections::BTreeSet::new();
        let style = print::Style::new(&key, meter, Beats::EIGHTH);
        while start < Beats::new(11, 2) {
            let grid = grid(start);
            let length = meter.bar_length();
            while let Some((at, on, pitch, velocity)) =
                events.next_if(|event| Beats::new(event.0, 1920) < start + length + grid.patience())
            {
                if on {
                    capture.strike(pitch, velocity, Beats::new(at, 1920), &grid);
                } else {
                    capture.release(pitch, Beats::new(at, 1920), &grid);
                }
            }
            let bars = [capture.bar(&grid, false), capture.give(&grid, false)];
            start += length;
            for bar in &bars {
                prop_assert_eq!(bar.length, length);
                prop_assert!(bar.notes.iter().all(|note| note.onset + note.length <= length));
                let text = print::bar(bar, length, &style);
                let (read, said) = read_bar(&text, &key, meter, Beats::EIGHTH, &tied);
                prop_assert!(said.iter().all(|said| said.severity == Severity::Warning), "{} {:?}", text, said);
                prop_assert_eq!(read.length, length, "{}", text);
                // A letter with two signs at once may lose a tie, in whatever octaves.
                let signs = |a: &Note, b: &Note| a.pitch.step != b.pitch.step || a.pitch.alter == b.pitch.alter;
                if bar.notes.iter().all(|a| bar.notes.iter().all(|b| signs(a, b))) {
                    prop_assert_eq!(&said, &[], "{}", text);
                    prop_assert_eq!(print::bar(&read, length, &style), text);
                }
                heard.extend(bar.notes.iter().map(|note| note.pitch.midi()));
            }
            tied = bars[1].tied_out();
        }
        for (pitch, ..) in &notes {
            prop_assert!(heard.contains(&i32::from(*pitch)), "{} of {:?} is lost", pitch, notes);
        }
    }
}

/// How many phrases were read right, of how many.
#[derive(Debug, Default)]
struct Estimated {
    all: usize,
    tempo: usize,
    key: usize,
    meter: usize,
    line: usize,
    /// Bars, and those that are written as they were meant.
    bars: usize,
    same: usize,
    /// Tempo right, or half or double of it among what is offered.
    offered: usize,
}

/// Phrases played with nothing running, at 60 to 180 felt beats a minute, in any key.
fn estimated(scores: &[Score], count: usize) -> Estimated {
    let mut figures = Estimated::default();
    for number in 0..count {
        let score = &scores[number % scores.len()];
        let mut rng = barline::compose::sample::Rng::new(number as u64, 7, 0, 0);
        // Most are played at a middling pace.
        let spread = f32::midpoint(rng.uniform(), rng.uniform());
        let beats = 60 + (120.0 * spread) as i64;
        let up = rng.below(12) as i32 - 5;
        let tempo = Tempo::from_beat(score.meter.beat(), beats.into());
        let played = perform(score, tempo, &Manner { push: 1.01, ..Manner::PLAIN }, number as u64);
        let notes: Vec<tempo::Played> = played
            .iter()
            .map(|note| tempo::Played {
                on: note.on + 3.0,
                off: note.off + 3.0,
                pitch: (i32::from(note.pitch) + up) as u8,
                velocity: note.velocity,
            })
            .collect();
        let found = tempo::estimate(&notes).unwrap();
        // At the pace of the whole phrase, which gets faster by a hundredth.
        let right = |beats: f64| (beats / (tempo_of(score, tempo) * 1.005) - 1.0).abs() < 0.02;
        let class = |key: &Key| key.tonic.map(|(step, alter)| (step.semitones() + i32::from(alter)).rem_euclid(12));
        let meant = class(&score.key).map(|class| (class + up).rem_euclid(12));
        let bar = 60.0 / found.count.beats
            * found.count.meter.bar_length().ratio(found.count.meter.beat()).to_integer() as f64;
        let off = (found.count.start - 3.0) / bar;
        figures.all += 1;
        figures.tempo += usize::from(right(found.count.beats));
        figures.offered += usize::from(right(found.count.beats) || found.counts.iter().any(|count| right(count.beats)));
        figures.key += usize::from(class(&found.key) == meant && found.key.mode == score.key.mode);
        // 2/2 is counted as 4/4 is.
        let meter = found.count.meter.bar_length() == score.meter.bar_length()
            && found.count.meter.beat() == score.meter.beat();
        figures.meter += usize::from(meter);
        figures.line += usize::from(meter && (off - off.round()).abs() < 0.08);
        // In its own key, as far as the phrase was understood.
        let style = print::Style::new(&Key::NONE, score.meter, Beats::EIGHTH);
        let text = |bar: &Measure, up: i32| {
            let respelled = |note: &Note| Note { pitch: Pitch::from_midi(note.pitch.midi() + up), ..*note };
            print::bar(&Measure { notes: bar.notes.iter().map(respelled).collect(), ..bar.clone() }, bar.length, &style)
        };
        let bars = found.bars(&notes, Beats::SIXTEENTH);
        figures.bars += score.bars.len();
        figures.same += bars.iter().zip(&score.bars).filter(|(bar, meant)| text(bar, 0) == text(meant, up)).count();
        if std::env::var("SHOW").is_ok() {
            let tempo = if right(found.count.beats) { "" } else { "TEMPO" };
            let key = if class(&found.key) == meant && found.key.mode == score.key.mode { "" } else { "KEY" };
            let meter = if meter { "" } else { "METER" };
            println!(
                "{} {beats} {} {} {up}: {:.1} {} {} {tempo} {key} {meter} {:.2}",
                score.title, score.meter, score.key, found.count.beats, found.count.meter, found.key, off
            );
        }
    }
    figures
}

/// Felt beats a minute.
fn tempo_of(score: &Score, tempo: Tempo) -> f64 {
    let beat = score.meter.beat().ratio(Beats::QUARTER);
    tempo.quarters_per_minute() * *beat.denom() as f64 / *beat.numer() as f64
}

#[test]
fn a_phrase_says_its_tempo_metre_and_key() {
    let figures = estimated(&scores(PHRASES), 100);
    println!("{figures:?}");
    assert!(figures.tempo >= 90 && figures.key >= 90, "{figures:?}");
    assert!(figures.offered >= 98 && figures.meter >= 80, "{figures:?}");
}

/// Tunes that none of this was made for, where there are tune books.
#[test]
fn tune_books_are_written_and_estimated() {
    let folder = std::env::var("BARLINE_CORPORA").unwrap_or_else(|_| "../shared/abc".to_owned());
    let scores = books(&folder, 20);
    if scores.is_empty() {
        println!("skipped: no tune books in {folder}");
        return;
    }
    let written = figures(&scores, &Manner::PLAIN, 1.into(), |_| true);
    println!("{:.2} % of places, {:.2} % of {} bars", written.places(), written.identical(), written.bars);
    let estimated = estimated(&scores, scores.len());
    println!("{estimated:?}");
    assert!(written.places() >= 98.0 && written.identical() >= 92.0, "{written:?}");
}
