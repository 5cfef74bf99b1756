//! Two sines, one of which moves the other's phase. Runs on the audio thread.

use std::f32::consts::TAU;

use fundsp::prelude32::{AudioNode, Frame, U1, U3};

/// More than this is noise at any pitch.
const MOST_INDEX: f32 = 100.0;

/// Frequency modulation after Chowning (1973), as modulation of the phase, so that the pitch stays what it is however deep. Inputs: Hz, the
/// modulator's Hz as a multiple of it, the index (radians). Both begin each note at phase 0.
#[derive(Clone, Debug)]
pub struct Fm {
    /// Seconds per frame.
    frame: f32,
    carrier: f32,
    modulator: f32,
}

impl Default for Fm {
    fn default() -> Fm {
        Fm { frame: 1.0 / fundsp::DEFAULT_SR as f32, carrier: 0.0, modulator: 0.0 }
    }
}

/// A phase, 0 to 1, one frame later; what is not a frequency holds it still.
fn advance(phase: f32, step: f32) -> f32 {
    if step.is_finite() { (phase + step) - (phase + step).floor() } else { phase }
}

impl AudioNode for Fm {
    const ID: u64 = 0xBA_0006;
    type Inputs = U3;
    type Outputs = U1;

    fn reset(&mut self) {
        self.carrier = 0.0;
        self.modulator = 0.0;
    }

    fn set_sample_rate(&mut self, rate: f64) {
        self.frame = 1.0 / rate as f32;
    }

    fn tick(&mut self, input: &Frame<f32, U3>) -> Frame<f32, U1> {
        let (hz, ratio, index) = (input[0], input[1], input[2]);
        let value = (self.carrier * TAU + index.clamp(-MOST_INDEX, MOST_INDEX) * (self.modulator * TAU).sin()).sin();
        self.carrier = advance(self.carrier, hz * self.frame);
        self.modulator = advance(self.modulator, hz * ratio * self.frame);
        [value].into()
    }
}
