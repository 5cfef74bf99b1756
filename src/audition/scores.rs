//! Scores of a piece by its notes alone. Pure.

use super::piece::Piece;
use crate::accompany::on_strong_beats;
use crate::compose::Role;
use crate::feature;
use crate::score::Measure;
use crate::time::Beats;

/// What is compared with the bands of human (or composed) pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// Share of the struck notes whose pitch classes are all of the key's signature.
    ScaleConsistency,
    /// Struck notes per whole note.
    Density,
    /// Share of the time in which nothing sounds.
    RestShare,
    /// Share of the bars, from the second on, that stood in the piece before.
    BarRepetition,
    /// Entropy of the struck pitch classes, in bits: 0 to 3.58.
    PitchClassEntropy,
}

impl Score {
    pub const ALL: [Score; 5] =
        [Score::ScaleConsistency, Score::Density, Score::RestShare, Score::BarRepetition, Score::PitchClassEntropy];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Score::ScaleConsistency => "scale_consistency",
            Score::Density => "density",
            Score::RestShare => "rest_share",
            Score::BarRepetition => "bar_repetition",
            Score::PitchClassEntropy => "pitch_class_entropy",
        }
    }

    /// `None` where the piece says nothing about it: no bars, no notes, drums and their pitches.
    #[must_use]
    pub fn of(self, piece: &Piece) -> Option<f64> {
        let pitched = piece.role != Role::Drums;
        let bars = &piece.bars;
        match self {
            Score::ScaleConsistency if pitched => {
                let scale = feature::scale(&piece.key);
                let notes = feature::struck(bars);
                let inside = notes.iter().filter(|note| note.classes & !scale == 0).count();
                share(inside, notes.len())
            }
            Score::PitchClassEntropy if pitched => {
                let mut counts = [0u32; 12];
                for note in feature::struck(bars) {
                    (0..12).filter(|class| note.classes >> class & 1 == 1).for_each(|class| counts[class] += 1);
                }
                entropy(&counts)
            }
            Score::ScaleConsistency | Score::PitchClassEntropy => None,
            Score::Density => {
                let time = piece.meter.bar_length().to_f64() * bars.len() as f64;
                (time > 0.0).then(|| feature::struck(bars).len() as f64 / time)
            }
            Score::RestShare => {
                let time = feature::ticks(piece.meter.bar_length()) * bars.len() as i64;
                let silent: i64 = bars.iter().map(|bar| silence(bar, piece.meter.bar_length())).sum();
                (time > 0).then(|| silent as f64 / time as f64)
            }
            Score::BarRepetition => {
                let said = |at: &usize| bars[..*at].iter().any(|bar| bar.same_tune(&bars[*at]));
                let again = (1..bars.len()).filter(said).count();
                share(again, bars.len().saturating_sub(1))
            }
        }
    }
}

/// Notes of the voice on the strong beats ([`crate::abc::Meter::strong_beats`]), and how many of them are of the chart's chord.
#[must_use]
pub fn chords_on_strong_beats(piece: &Piece) -> (usize, usize) {
    let (mut agree, mut all) = (0, 0);
    for (bar, beats) in piece.bars.iter().zip(on_strong_beats(&piece.chart, piece.meter)) {
        for (beat, chord) in beats {
            let sounding = bar.notes.iter().rfind(|note| note.onset <= beat && note.onset + note.length > beat);
            if let Some(note) = sounding {
                all += 1;
                agree += usize::from(chord.classes() >> note.pitch.midi().rem_euclid(12) & 1 == 1);
            }
        }
    }
    (agree, all)
}

/// Bars in which nothing is struck or held on.
#[must_use]
pub fn all_rest(bars: &[Measure]) -> usize {
    bars.iter().filter(|bar| bar.notes.is_empty()).count()
}

/// The longest run of one bar after itself, in bars; 1 where no bar comes twice running.
#[must_use]
pub fn longest_same_run(bars: &[Measure]) -> usize {
    bars.chunk_by(Measure::same_tune).map(<[_]>::len).max().unwrap_or(0)
}

/// Ticks of a bar in which nothing sounds.
fn silence(bar: &Measure, length: Beats) -> i64 {
    let (mut silent, mut until) = (0, 0);
    for note in &bar.notes {
        let onset = feature::ticks(note.onset);
        silent += (onset - until).max(0);
        until = until.max(onset + feature::ticks(note.length));
    }
    silent + (feature::ticks(length) - until).max(0)
}

fn entropy(counts: &[u32]) -> Option<f64> {
    let total: u32 = counts.iter().sum();
    let share = |&count: &u32| f64::from(count) / f64::from(total);
    let bits = |part: f64| if part > 0.0 { -part * part.log2() } else { 0.0 };
    (total > 0).then(|| counts.iter().map(share).map(bits).sum())
}

/// `part / all`; `None` of nothing.
#[must_use]
pub fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}
