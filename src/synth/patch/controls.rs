//! What a voice is told while it sounds. Plain values that the audio thread writes and graphs read.

use std::fmt;

use fundsp::prelude32::{An, AudioUnit, Shared, shared, var, var_fn};

use super::Playing;
use crate::synth::nodes::Glide;

/// What a voice is told while it sounds. `cutoff` and the macros follow the slot's controllers, the rest the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Hz.
    Pitch,
    /// 1 while the note is held, else 0.
    Gate,
    /// 0 to 1.
    Velocity,
    /// Hz, from controller 74.
    Cutoff,
    /// 0 to 1, from controllers 16 to 19.
    Macro(usize),
}

/// One voice's own copies of the controls.
#[derive(Clone)]
pub struct Controls {
    /// Hz.
    pub pitch: Shared,
    /// Hz where a glide of the next stroke begins; 0 for wherever the pitch is.
    pub from: Shared,
    /// 0 between notes, and while one is held the number of its stroke, counted by the voice: a change is a stroke.
    pub gate: Shared,
    pub velocity: Shared,
    pub cutoff: Shared,
    pub macros: [Shared; 4],
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Controls {{ pitch: {}, gate: {} }}", self.pitch.value(), self.gate.value())
    }
}

impl Default for Controls {
    fn default() -> Self {
        Controls {
            pitch: shared(440.0),
            from: shared(0.0),
            gate: shared(0.0),
            velocity: shared(1.0),
            cutoff: shared(3000.0),
            macros: [shared(0.0), shared(0.0), shared(0.0), shared(0.0)],
        }
    }
}

impl Controls {
    /// A node that says how the control stands.
    pub(super) fn node(&self, control: Control, playing: &Playing) -> Box<dyn AudioUnit> {
        match (control, playing.glide) {
            (Control::Pitch, Some(seconds)) => Box::new(An(Glide::new(seconds, &self.pitch, &self.from, &self.gate))),
            (Control::Pitch, None) => Box::new(var(&self.pitch)),
            (Control::Gate, _) => Box::new(var_fn(&self.gate, |stroke| if stroke > 0.0 { 1.0 } else { 0.0 })),
            (Control::Velocity, _) => Box::new(var(&self.velocity)),
            (Control::Cutoff, _) => Box::new(var(&self.cutoff)),
            (Control::Macro(index), _) => Box::new(var(&self.macros[index])),
        }
    }
}
