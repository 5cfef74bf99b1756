//! What a hand played, written down: performances of known scores, with human timing, are read as what they were played from.

#[path = "common/performance.rs"]
mod performance;

use barline::abc::print;
use barline::hand::{Capture, Grid};
use barline::score::Measure;
use barline::time::{Beats, Tempo};
use num_rational::Ratio;
use performance::{Manner, Played, Score, perform, scores};

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
    let scores = scores(include_str!("data/phrases.abc"));
    let simple = |score: &Score| !score.meter.is_compound();
    let all = |_: &Score| true;
    let plain = Manner::PLAIN;
    let kinds: &[(&str, Manner, bool, f64, f64)] = &[
        ("plain", plain, true, 98.0, 95.0),
        ("uniform", Manner { sigma: 0.0, uniform: 30.0, ..plain }, true, 96.0, 88.0),
        ("swing 54", Manner { swing: 54, ..plain }, false, 96.0, 88.0),
        ("swing 58", Manner { swing: 58, ..plain }, false, 96.0, 88.0),
        ("swing 62", Manner { swing: 62, ..plain }, false, 96.0, 88.0),
        ("swing 66", Manner { swing: 66, ..plain }, false, 96.0, 88.0),
        ("rolled", Manner { roll: 40.0, ..plain }, true, 96.0, 88.0),
        ("overlaps", Manner { overlap: 60.0, ..plain }, true, 96.0, 88.0),
        ("slips", Manner { slips: 5.0, ..plain }, true, 96.0, 70.0),
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
