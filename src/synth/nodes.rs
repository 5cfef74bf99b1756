//! The synth's own graph nodes: envelopes that start and end on the sample, a string, an echo. Run on the audio thread.
//!
//! The gate is read once at the start of each block. That is sample-accurate because the renderer cuts blocks at events.

mod echo;
mod envelope;
mod string;

use fundsp::prelude32::Shared;

pub use echo::Echo;
pub use envelope::{Adsr, Decay};
pub use string::Pluck;

/// A level that has fallen by 60 dB, the usual meaning of "decayed".
const DECAYED: f32 = 1.0e-3;

/// Notices the gate's rises and falls.
#[derive(Clone)]
pub(super) struct Gate {
    shared: Shared,
    pub(super) open: bool,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({})", self.open)
    }
}

impl Gate {
    pub(super) fn new(shared: &Shared) -> Gate {
        Gate { shared: shared.clone(), open: false }
    }

    /// `Some(true)` when the gate has opened since the last look, `Some(false)` when it has closed.
    pub(super) fn turned(&mut self) -> Option<bool> {
        let open = self.shared.value() > 0.0;
        (open != std::mem::replace(&mut self.open, open)).then_some(open)
    }
}
