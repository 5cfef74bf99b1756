//! A pitch on its way to another. Runs on the audio thread.

use fundsp::prelude32::{AudioNode, BufferMut, BufferRef, Frame, Shared, U0, U1};

use super::{DECAYED, Gate};

/// Octaves beside the aim that nobody hears: a hundredth of a cent.
const ARRIVED: f32 = 1.0e-5;

/// The pitch of a note in Hz, which moves from note to note, each sample by the same part of the interval that is left; a thousandth of it
/// is left after the time. A stroke begins at `from`, or, where that is 0, wherever the pitch is.
#[derive(Clone)]
pub struct Glide {
    seconds: f32,
    pitch: Shared,
    from: Shared,
    gate: Gate,
    fall: f32,
    /// Hz; 0 before the first note.
    now: f32,
    aim: f32,
    /// Octaves above the aim.
    distance: f32,
}

impl std::fmt::Debug for Glide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Glide {{ {} Hz, {} octaves above }}", self.aim, self.distance)
    }
}

impl Glide {
    pub fn new(seconds: f32, pitch: &Shared, from: &Shared, gate: &Shared) -> Glide {
        let (pitch, from, gate) = (pitch.clone(), from.clone(), Gate::new(gate));
        let mut glide = Glide { seconds, pitch, from, gate, fall: 0.0, now: 0.0, aim: 0.0, distance: 0.0 };
        glide.set_sample_rate(fundsp::DEFAULT_SR);
        glide
    }

    fn look(&mut self) {
        let struck = self.gate.turned() == Some(true);
        let from = self.from.value();
        if struck && from > 0.0 {
            self.now = from;
        }
        let pitch = self.pitch.value();
        if self.now == 0.0 {
            self.now = pitch;
        }
        if struck || pitch != self.aim {
            self.aim = pitch;
            self.distance = (self.now / pitch).log2();
        }
    }

    fn next(&mut self) -> f32 {
        if self.distance == 0.0 {
            self.now = self.aim;
            return self.aim;
        }
        self.now = self.aim * self.distance.exp2();
        self.distance *= self.fall;
        if self.distance.abs() < ARRIVED {
            self.distance = 0.0;
        }
        self.now
    }
}

impl AudioNode for Glide {
    const ID: u64 = 0xBA_0007;
    type Inputs = U0;
    type Outputs = U1;

    fn reset(&mut self) {
        self.now = 0.0;
        self.aim = 0.0;
        self.distance = 0.0;
        self.gate.close();
    }

    fn set_sample_rate(&mut self, rate: f64) {
        self.fall = DECAYED.powf(1.0 / (self.seconds * rate as f32));
    }

    fn tick(&mut self, _: &Frame<f32, U0>) -> Frame<f32, U1> {
        self.look();
        [self.next()].into()
    }

    fn process(&mut self, size: usize, _: &BufferRef<'_>, output: &mut BufferMut<'_>) {
        self.look();
        for sample in &mut output.channel_f32_mut(0)[..size] {
            *sample = self.next();
        }
    }
}
