//! What some bars of one voice are like, and which control words are true of them. Pure; used on the decode thread and by the audition.
//!
//! The training computes the same (`gguf/train/captions.py`); `tests/data/features.json` holds both to each other.

mod words;

pub use words::{Band, Bands, Bounds, Clear, Wishes, true_words};

use std::borrow::Borrow;

use crate::abc::grid::TICKS;
use crate::abc::key::Key;
use crate::abc::{Meter, Step};
use crate::score::{Measure, Note};
use crate::time::Beats;

/// Fewer struck notes than these say nothing about a voice.
const LEAST_NOTES: usize = 4;

/// What some bars of one voice are like. Chords count as one note; their top is its pitch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Features {
    /// Struck notes per whole note.
    pub density: f64,
    /// Mean of the tops, as MIDI note number.
    pub register: f64,
    /// Mean size of the intervals between successive tops, in semitones.
    pub motion: f64,
    /// Mean of the last third of the tops minus mean of the first third, in semitones; a third of n is `n / 3`, at least 1.
    pub contour: f64,
    /// Neighbours within a bar, without a rest between, whose lengths are 3 to 1 or 1 to 3; per bar.
    pub dotted: f64,
    /// Struck notes whose length is no multiple of 1/32; per bar.
    pub triplets: f64,
    /// Share of the intervals that are 0.
    pub repeating: f64,
    /// Share of the struck notes that begin off the beat and sound past the next one.
    pub syncopated: f64,
    /// Share of the struck notes with a pitch that the key's signature does not have.
    pub chromatic: f64,
    /// 1 where the last struck note is in the last bar, lasts at least a third of it, and is the tonic or the root of the last chord.
    pub cadence: f64,
}

impl Features {
    /// Of at least four struck notes. `root` is the pitch class of the phrase's last chord, where there is a chart.
    #[must_use]
    pub fn of<M: Borrow<Measure>>(bars: &[M], meter: Meter, key: &Key, root: Option<u8>) -> Option<Features> {
        Features::at_least(LEAST_NOTES, bars, meter, key, root)
    }

    /// As [`Features::of`], from one note on: for what is not a phrase yet.
    #[must_use]
    pub fn rough<M: Borrow<Measure>>(bars: &[M], meter: Meter, key: &Key, root: Option<u8>) -> Option<Features> {
        Features::at_least(1, bars, meter, key, root)
    }

    fn at_least<M: Borrow<Measure>>(
        least: usize,
        bars: &[M],
        meter: Meter,
        key: &Key,
        root: Option<u8>,
    ) -> Option<Features> {
        let notes = struck(bars);
        if notes.len() < least {
            return None;
        }
        let (size, beat) = (ticks(meter.bar_length()), ticks(meter.beat()));
        let count = notes.len() as f64;
        let tops: Vec<i32> = notes.iter().map(|note| note.top).collect();
        let steps: Vec<u32> = tops.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect();
        let third = (tops.len() / 3).max(1);
        let sum = |tops: &[i32]| f64::from(tops.iter().sum::<i32>());
        let dotted = |pair: &&[Struck]| {
            let (a, b) = (&pair[0], &pair[1]);
            a.bar == b.bar && a.onset + a.ticks == b.onset && 3 * a.ticks.min(b.ticks) == a.ticks.max(b.ticks)
        };
        let share = |test: &dyn Fn(&Struck) -> bool| notes.iter().filter(|note| test(note)).count() as f64 / count;
        let per_bar = |events: usize| events as f64 / bars.len() as f64;
        let (scale, home) = (scale(key), home(key, root));
        let last = notes.last()?;
        let rests = last.bar + 1 == bars.len() && 3 * last.ticks >= size && last.classes & home != 0;
        Some(Features {
            density: count * TICKS as f64 / (size as f64 * bars.len() as f64),
            register: sum(&tops) / count,
            motion: f64::from(steps.iter().sum::<u32>()) / steps.len().max(1) as f64,
            contour: (sum(&tops[tops.len() - third..]) - sum(&tops[..third])) / third as f64,
            dotted: per_bar(notes.windows(2).filter(dotted).count()),
            triplets: per_bar(notes.iter().filter(|note| note.ticks % 3 != 0).count()),
            repeating: steps.iter().filter(|&&step| step == 0).count() as f64 / steps.len().max(1) as f64,
            syncopated: share(&|note| note.onset % beat != 0 && note.onset % beat + note.ticks > beat),
            chromatic: share(&|note| note.classes & !scale != 0),
            cadence: f64::from(u8::from(rests)),
        })
    }
}

/// The pitch classes of the key's signature, bit 0 for C.
pub(crate) fn scale(key: &Key) -> u16 {
    Step::ALL.iter().fold(0, |scale, &step| scale | class(step, key.signature[step as usize]))
}

/// Where a phrase may come to rest: the tonic, and the root of its last chord.
pub(crate) fn home(key: &Key, root: Option<u8>) -> u16 {
    let tonic = key.tonic.map_or(0, |(step, alter)| class(step, alter));
    root.map_or(tonic, |root| tonic | 1 << root)
}

fn class(step: Step, alter: i8) -> u16 {
    1 << (step.semitones() + i32::from(alter)).rem_euclid(12)
}

/// A struck note or chord.
#[derive(Clone, Debug)]
pub(crate) struct Struck {
    pub bar: usize,
    /// In its bar; times are ticks of 1/96.
    pub onset: i64,
    /// With what ties hold on.
    pub ticks: i64,
    pub top: i32,
    /// Pitch classes, bit 0 for C.
    pub classes: u16,
}

/// What is struck in some bars of one voice. A tie into the first of them is unknown here: its note counts as struck.
pub(crate) fn struck<M: Borrow<Measure>>(bars: &[M]) -> Vec<Struck> {
    let mut struck: Vec<Struck> = Vec::new();
    // The pitches that the element before ties on, and where it ends.
    let mut tied: (Vec<i32>, usize, i64) = (Vec::new(), 0, 0);
    for (number, bar) in bars.iter().map(Borrow::borrow).enumerate() {
        for chord in bar.notes.chunk_by(|a, b| a.onset == b.onset) {
            let pitches: Vec<i32> = chord.iter().map(|note| note.pitch.midi()).collect();
            let (onset, length) =
                (ticks(chord[0].onset), chord.iter().map(|note| ticks(note.length)).max().unwrap_or(0));
            let behind = tied.1 == number && tied.2 == onset || tied.1 + 1 == number && onset == 0;
            match struck.last_mut() {
                Some(last) if behind && tied.0 == pitches => last.ticks += length,
                _ => struck.push(Struck {
                    bar: number,
                    onset,
                    ticks: length,
                    top: pitches.iter().copied().max().unwrap_or(0),
                    classes: pitches.iter().fold(0, |classes, pitch| classes | 1 << pitch.rem_euclid(12)),
                }),
            }
            let all = chord.iter().all(|note: &Note| note.tied_to);
            tied = (if all { pitches } else { Vec::new() }, number, onset + length);
        }
    }
    struck
}

pub(crate) fn ticks(time: Beats) -> i64 {
    (time * TICKS).ratio(Beats::WHOLE).round().to_integer()
}

#[cfg(test)]
mod tests;
