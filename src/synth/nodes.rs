//! The synth's own graph nodes: arithmetic, envelopes that start and end on the sample, filters, a glide, slow oscillators, a string, an echo, a reverb. Run on the
//! audio thread.
//!
//! The gate is read once at the start of each block. That is sample-accurate because the renderer cuts blocks at events.

mod arithmetic;
mod echo;
mod envelope;
mod filter;
mod fm;
mod glide;
mod lfo;
mod random;
mod reverb;
mod string;

use fundsp::prelude32::Shared;

pub use arithmetic::{Both, Operation, Scaled};
pub use echo::Echo;
pub use envelope::{Adsr, Decay};
pub use filter::{BandPass, Filter, HighPass, LowPass, Notch, Peak};
pub use fm::Fm;
pub use glide::Glide;
pub use lfo::{Lfo, Shape};
use random::Random;
pub use reverb::Reverb;
pub use string::Pluck;

/// A level that has fallen by 60 dB, the usual meaning of "decayed".
const DECAYED: f32 = 1.0e-3;

/// Notices strokes and the ends of notes. The shared value is 0 between notes, and while one is held the number of its stroke.
#[derive(Clone)]
pub(super) struct Gate {
    shared: Shared,
    seen: f32,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({})", self.seen)
    }
}

impl Gate {
    pub(super) fn new(shared: &Shared) -> Gate {
        Gate { shared: shared.clone(), seen: 0.0 }
    }

    /// `Some(true)` when there was a stroke since the last look, `Some(false)` when the note has ended.
    pub(super) fn turned(&mut self) -> Option<bool> {
        let stroke = self.shared.value();
        (stroke != std::mem::replace(&mut self.seen, stroke)).then_some(stroke > 0.0)
    }

    /// As before the first note.
    pub(super) fn close(&mut self) {
        self.seen = 0.0;
    }
}
