//! What is seen of the sound: peaks and means of each voice and of both sides, a scope, and which patches blew up. Written by the audio thread,
//! read by any other, without locks.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::prompt::MAX_VOICES;
use crate::time::SampleRate;

/// Samples that the scope goes back: 43 ms at 48 kHz, two periods of the lowest note of a bass.
pub const SCOPE: usize = 2048;

/// The mean goes 63 % of the way to a new level in this time, as a VU meter.
const MEAN_SECONDS: f32 = 0.3;

/// A mean square below this (-100 dB) is none.
const SILENT: f32 = 1.0e-10;

/// A level as it is read: linear, 1 is full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// The loudest sample since it was read before.
    pub peak: f32,
    /// The root of the mean square over some 0.3 s.
    pub rms: f32,
}

/// One meter. Numbers are passed as their bits: those of floats that are not negative are in order.
#[derive(Debug, Default)]
struct Meter {
    peak: AtomicU32,
    square: AtomicU32,
}

impl Meter {
    fn write(&self, peak: f32, square: f32) {
        self.peak.fetch_max(peak.to_bits(), Ordering::Relaxed);
        self.square.store(square.to_bits(), Ordering::Relaxed);
    }

    fn read(&self) -> Level {
        let peak = f32::from_bits(self.peak.swap(0, Ordering::Relaxed));
        Level { peak, rms: f32::from_bits(self.square.load(Ordering::Relaxed)).sqrt() }
    }
}

/// What the audio thread has published.
#[derive(Debug)]
pub struct Meters {
    voices: [Meter; MAX_VOICES],
    sides: [Meter; 2],
    scope: [AtomicU32; SCOPE],
    /// Samples written to the scope so far.
    written: AtomicUsize,
    /// A bit for each slot.
    blown: AtomicU32,
}

impl Default for Meters {
    fn default() -> Meters {
        Meters {
            voices: std::array::from_fn(|_| Meter::default()),
            sides: std::array::from_fn(|_| Meter::default()),
            scope: std::array::from_fn(|_| AtomicU32::new(0)),
            written: AtomicUsize::new(0),
            blown: AtomicU32::new(0),
        }
    }
}

impl Meters {
    /// The levels of a slot. One reader at a time, since reading begins a new peak.
    #[must_use]
    pub fn voice(&self, slot: usize) -> Level {
        self.voices.get(slot).map(Meter::read).unwrap_or_default()
    }

    /// Of the output: left and right.
    #[must_use]
    pub fn sides(&self) -> [Level; 2] {
        [self.sides[0].read(), self.sides[1].read()]
    }

    /// The newest samples of the output, both sides together, oldest first. Some of the oldest may be newer ones already.
    #[must_use]
    pub fn scope(&self) -> Vec<f32> {
        let next = self.written.load(Ordering::Acquire);
        let sample = |at: usize| f32::from_bits(self.scope[(next + at) % SCOPE].load(Ordering::Relaxed));
        (0..SCOPE).map(sample).collect()
    }

    /// The slots whose patches blew up since this was asked before.
    pub fn blown(&self) -> impl Iterator<Item = usize> {
        let blown = self.blown.swap(0, Ordering::Relaxed);
        (0..MAX_VOICES).filter(move |slot| blown & (1 << slot) != 0)
    }

    pub(super) fn blow(&self, slot: usize) {
        if slot < MAX_VOICES {
            self.blown.fetch_or(1 << slot, Ordering::Relaxed);
        }
    }

    pub(super) fn write_scope(&self, left: &[f32], right: &[f32]) {
        let next = self.written.load(Ordering::Relaxed);
        for (at, (left, right)) in left.iter().zip(right).enumerate() {
            self.scope[(next + at) % SCOPE].store((0.5 * (left + right)).to_bits(), Ordering::Relaxed);
        }
        self.written.store((next + left.len()) % SCOPE, Ordering::Release);
    }
}

/// A level on its way to its meter; the audio thread's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    square: f32,
    /// Per frame.
    pace: f32,
}

impl Measured {
    pub fn new(rate: SampleRate) -> Measured {
        Measured { square: 0.0, pace: 1.0 / (MEAN_SECONDS * rate.0 as f32) }
    }

    /// Takes the next frames, whose loudest sample and sum of squares are given, and their number.
    fn take(&mut self, peak: f32, squares: f32, frames: usize, meter: &Meter) {
        let way = (self.pace * frames as f32).min(1.0);
        self.square += (squares / frames as f32 - self.square) * way;
        if self.square < SILENT {
            self.square = 0.0;
        }
        meter.write(peak, self.square);
    }

    /// Of a slot, whose louder side counts.
    pub fn voice(&mut self, slot: usize, [left, right]: [(f32, f32); 2], frames: usize, meters: &Meters) {
        let peak = left.0.max(right.0);
        // Most slots are silent most of the time, and their meters at rest.
        if peak == 0.0 && self.square == 0.0 {
            return;
        }
        if let Some(meter) = meters.voices.get(slot) {
            self.take(peak, left.1.max(right.1), frames, meter);
        }
    }

    /// Of a side of the output.
    pub fn side(&mut self, side: usize, samples: &[f32], meters: &Meters) {
        let (peak, squares) = level(samples);
        self.take(peak, squares, samples.len(), &meters.sides[side]);
    }
}

/// The loudest sample, and the sum of the squares.
pub(super) fn level(samples: &[f32]) -> (f32, f32) {
    samples.iter().fold((0.0, 0.0), |(peak, squares), sample| (sample.abs().max(peak), squares + sample * sample))
}
