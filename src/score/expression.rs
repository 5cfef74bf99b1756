//! How a bar is played: from its notes as they are written to those that are struck and ended, with velocities by metre, dynamics and
//! loudness, a voice's gate and swing, slurs as overlaps, and small variation. The one renderer; pure, the same for the same seed.

use std::borrow::Cow;
use std::collections::HashMap;

use num_rational::Ratio;

use super::{Marks, Measure, Note, Ornaments, perform};
use crate::abc::Meter;
use crate::compose::sample::Rng;
use crate::time::{Beats, Tempo};

/// A slurred note sounds so much longer than it is written, or a quarter of what it is: 31 ms at 120 crotchets a minute.
pub const OVERLAP: Beats = Beats::SIXTY_FOURTH;

/// What the metre adds to a velocity: at the bar's start, in its middle when that is strong ([`Meter::strong_beats`]), on the other felt beats,
/// on their halves (thirds in compound metres), and between. Of the same kind as abc2midi's `beat`, about `mf` instead of below it, and half as much.
const ACCENTS: [i16; 5] = [10, 5, 0, -8, -12];

/// How a voice is played, whoever writes its bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Where 1 and 127 lie, and all between in proportion; each 1 to 127.
    pub velocity: (u8, u8),
    /// The share of its length that a note sounds, 1 to 100 percent; of tied notes the last one's.
    pub gate: u8,
    pub swing: Option<Swing>,
    pub human: Human,
}

/// Where the second of a pair of equal notes falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swing {
    /// The length of a pair: 1/4 for eighths, 1/8 for sixteenths.
    pub pair: Beats,
    /// The share of the first one, 50 to 75 percent.
    pub share: u8,
}

/// The most that velocities and onsets vary, either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Human {
    pub velocity: u8,
    /// At most 20. No onset comes before its bar line or passes another one of its voice, by far.
    pub millis: u8,
}

impl Default for Expression {
    fn default() -> Self {
        Expression { velocity: (1, 127), gate: 100, swing: None, human: Human::default() }
    }
}

/// What a bar is played with besides its notes.
#[derive(Clone, Debug)]
pub struct Setting {
    pub meter: Meter,
    pub tempo: Tempo,
    /// What words add to the velocities, at the bar's start and at its end.
    pub loudness: [i16; 2],
    /// The bar's and the voice's own.
    pub rng: Rng,
}

impl Swing {
    /// Whether there is something to swing: in simple metres whose beat is one of its pairs, or some.
    #[must_use]
    pub fn fits(self, meter: Meter) -> bool {
        meter != Meter::Free && !meter.is_compound() && meter.beat().is_multiple_of(self.pair)
    }

    /// When it sounds what is written at a time of the bar. Monotone; pairs begin and end where they are written.
    #[must_use]
    pub fn warp(self, time: Beats) -> Beats {
        let within = time % self.pair;
        let half = self.pair.scale(Ratio::new(1, 2));
        let share = Ratio::new(i64::from(self.share), 50);
        let warped = if within <= half {
            within.scale(share)
        } else {
            self.pair - (self.pair - within).scale(Ratio::from(2) - share)
        };
        time - within + warped
    }
}

/// The bar as it sounds: ornaments played, ties as flags. By onset, then pitch; the last slurred notes may pass the bar's end, by at most
/// [`OVERLAP`], and end at once when they are struck again there.
#[must_use]
pub fn play(measure: &Measure, expression: &Expression, setting: &Setting) -> Vec<Note> {
    let written = written(measure, expression, setting);
    let mut notes = perform(Cow::Owned(written), Ornaments::Played).into_owned().notes;
    let swing = expression.swing.filter(|swing| swing.fits(setting.meter));
    let mut ends = Vec::with_capacity(notes.len());
    for note in &mut notes {
        let mut end = note.onset + note.length;
        if let Some(swing) = swing {
            (note.onset, end) = (swing.warp(note.onset), swing.warp(end));
        }
        note.length = end - note.onset;
        ends.push(end);
        if note.marks.slurred && !note.tied_to {
            note.length += OVERLAP.min(note.length.scale(Ratio::new(1, 4)));
        }
    }
    for at in 0..notes.len() {
        let again = restruck(&notes[at], ends[at], &notes[at + 1..]);
        notes[at].length = again - notes[at].onset;
    }
    notes
}

/// When a note ends that by itself would do so at `end`, or a little later: no later than the same pitch is struck again.
fn restruck(note: &Note, end: Beats, later: &[Note]) -> Beats {
    let own = note.onset + note.length;
    if own <= end {
        return own;
    }
    let near = later.iter().take_while(|other| other.onset < own);
    let mut again =
        near.filter(|other| other.pitch.midi() == note.pitch.midi() && !other.tied_from && other.onset >= end);
    again.next().map_or(own, |again| again.onset)
}

/// The notes as they stand in the bar, each with the velocity that it is struck with, its onset varied and its length cut by the gate, before
/// the swing. What is not in a voice's range of velocities never leaves it but by variation.
#[must_use]
pub fn written(measure: &Measure, expression: &Expression, setting: &Setting) -> Measure {
    let mut measure = measure.clone();
    let [from, to] = setting.loudness;
    let (mut rng, bar) = (setting.rng.clone(), measure.length);
    for note in &mut measure.notes {
        let ramp = note.onset.ratio(bar.max(Beats::THIRTY_SECOND)) * i64::from(to - from);
        let accent = if note.marks.fixed { 0 } else { accent(note.onset, setting.meter) };
        let level = i16::from(note.velocity) + accent + from + ramp.round().to_integer() as i16;
        let played = between(expression.velocity, level.clamp(1, 127));
        let varied = played + symmetric(&mut rng, expression.human.velocity.into()) as i16;
        note.velocity = varied.clamp(1, 127) as u8;
        let Marks { staccato, tenuto, .. } = note.marks;
        note.marks.slurred &= !staccato;
        if expression.gate < 100 && !(note.tied_to || tenuto || note.marks.slurred) {
            note.length = note.length.scale(Ratio::new(expression.gate.into(), 100));
        }
    }
    if expression.human.millis > 0 {
        vary(&mut measure, expression.human.millis, setting.tempo, &mut rng);
    }
    measure
}

/// What the metre adds to a note at this time of the bar; nothing where there is no metre.
#[must_use]
pub fn accent(onset: Beats, meter: Meter) -> i16 {
    if meter == Meter::Free {
        return 0;
    }
    let beat = meter.beat();
    let parts = if meter.is_compound() || beat.numerator() == 3 { 3 } else { 2 };
    let [first, middle, other, part, between] = ACCENTS;
    if onset == Beats::ZERO {
        first
    } else if meter.strong_beats().any(|strong| strong == onset) {
        middle
    } else if onset.is_multiple_of(beat) {
        other
    } else if onset.is_multiple_of(beat.scale(Ratio::new(1, parts))) {
        part
    } else {
        between
    }
}

/// A velocity from 1 to 127 within a range.
fn between((low, high): (u8, u8), velocity: i16) -> i16 {
    let (low, high) = (i16::from(low), i16::from(high));
    low + ((velocity - 1) * (high - low) + 63) / 126
}

/// From `-most` to `most`.
fn symmetric(rng: &mut Rng, most: i32) -> i32 {
    if most == 0 { 0 } else { rng.below(2 * most as usize + 1) as i32 - most }
}

/// Moves what is struck together, the ends staying where they are: by a quarter of the way to the next onset or bar line at most, so that
/// nothing is reordered and the first beat is never early.
fn vary(measure: &mut Measure, millis: u8, tempo: Tempo, rng: &mut Rng) {
    let mut onsets: Vec<Beats> = measure.notes.iter().map(|note| note.onset).collect();
    onsets.dedup();
    // The last note of each pitch.
    let mut last: HashMap<i32, usize> = HashMap::new();
    for (at, &onset) in onsets.iter().enumerate() {
        let moved = symmetric(rng, i32::from(millis) * 1000);
        let before = at.checked_sub(1).map_or(Beats::ZERO, |before| onsets[before]);
        let after = onsets.get(at + 1).copied().unwrap_or(measure.length);
        let first = measure.notes.partition_point(|note| note.onset < onset);
        let count = measure.notes[first..].iter().take_while(|note| note.onset == onset).count();
        let together = &mut measure.notes[first..first + count];
        let shortest = together.iter().map(|note| note.length).min().unwrap_or_default();
        let room = match moved {
            // What is held on is not struck.
            _ if together.iter().any(|note| note.tied_from) => Beats::ZERO,
            ..0 => onset - before,
            _ => (after - onset).min(shortest),
        };
        let most = room.max(Beats::ZERO).scale(Ratio::new(1, 4));
        let moved = in_time(moved.unsigned_abs(), tempo).min(most) * i64::from(moved.signum());
        for note in together {
            (note.onset, note.length) = (note.onset + moved, note.length - moved);
        }
        // What was to end there ends before it is struck again.
        for at in first..first + count {
            if let Some(before) = last.insert(measure.notes[at].pitch.midi(), at) {
                let note = &mut measure.notes[before];
                if before < first && (onset + moved..=onset).contains(&(note.onset + note.length)) {
                    note.length = onset + moved - note.onset;
                }
            }
        }
        let first = measure.graces.partition_point(|grace| grace.onset < onset);
        for grace in measure.graces[first..].iter_mut().take_while(|grace| grace.onset == onset) {
            grace.onset += moved;
        }
    }
}

/// Microseconds as musical time, to 1/32768 of a whole note: 61 µs at 120.
fn in_time(micros: u32, tempo: Tempo) -> Beats {
    // A whole note lasts 240 s at one crotchet a minute.
    let (above, below) = (i128::from(*tempo.0.numer()), i128::from(*tempo.0.denom()));
    Beats::new((i128::from(micros) * above * 32_768 / (below * 240_000_000)) as i64, 32_768)
}

#[cfg(test)]
mod tests;
