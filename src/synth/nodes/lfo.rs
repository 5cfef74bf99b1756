//! Low-frequency oscillators. Run on the audio thread.

use std::f32::consts::TAU;

use fundsp::prelude32::{AudioNode, BufferMut, BufferRef, Frame, Shared, U1};

use super::{Gate, Random};

/// What an oscillator does in one turn, from -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// From the middle up.
    Sine,
    /// From the middle up, in straight lines.
    Triangle,
    /// From the bottom up.
    Ramp,
    /// First half at the top, second half at the bottom.
    Square,
    /// Another value for each turn.
    Random,
    /// Wanders from one value to another in each turn.
    Drift,
}

/// An oscillator that begins its turn with each note. Input: Hz. What is not a rate holds it still.
#[derive(Clone, Debug)]
pub struct Lfo {
    shape: Shape,
    gate: Gate,
    /// Seconds per frame.
    frame: f64,
    /// 0 to 1; in double precision, since it may take minutes.
    phase: f64,
    /// The random values at both ends of this turn.
    ends: [f32; 2],
    random: Random,
}

impl Lfo {
    pub fn new(shape: Shape, gate: &Shared) -> Lfo {
        let frame = 1.0 / fundsp::DEFAULT_SR;
        Lfo { shape, gate: Gate::new(gate), frame, phase: 0.0, ends: [0.0; 2], random: Random::new(1) }
    }

    /// The random values go on where they were: each note has others.
    fn look(&mut self) {
        if self.gate.turned() == Some(true) {
            self.phase = 0.0;
            self.ends = [self.random.next(), self.random.next()];
        }
    }

    fn next(&mut self, hz: f32) -> f32 {
        let phase = self.phase as f32;
        let value = match self.shape {
            Shape::Sine => (phase * TAU).sin(),
            Shape::Triangle => 1.0 - 4.0 * ((phase + 0.25).fract() - 0.5).abs(),
            Shape::Ramp => 2.0 * phase - 1.0,
            Shape::Square => 1.0_f32.copysign(0.5 - phase),
            Shape::Random => self.ends[0],
            Shape::Drift => {
                let [from, to] = self.ends;
                from + (to - from) * phase * phase * (3.0 - 2.0 * phase)
            }
        };
        let step = f64::from(hz) * self.frame;
        if step.is_finite() {
            let turns = self.phase + step;
            self.phase = turns - turns.floor();
            if turns != self.phase {
                self.ends = [self.ends[1], self.random.next()];
            }
        }
        value
    }
}

impl AudioNode for Lfo {
    const ID: u64 = 0xBA_0005;
    type Inputs = U1;
    type Outputs = U1;

    fn reset(&mut self) {
        self.phase = 0.0;
        self.gate.close();
    }

    fn set_sample_rate(&mut self, rate: f64) {
        self.frame = 1.0 / rate;
    }

    fn set_hash(&mut self, hash: u64) {
        self.random = Random::new(hash);
    }

    fn tick(&mut self, input: &Frame<f32, U1>) -> Frame<f32, U1> {
        self.look();
        [self.next(input[0])].into()
    }

    fn process(&mut self, size: usize, input: &BufferRef<'_>, output: &mut BufferMut<'_>) {
        self.look();
        for i in 0..size {
            output.set_f32(0, i, self.next(input.at_f32(0, i)));
        }
    }
}
