//! Envelopes. Run on the audio thread.

use fundsp::prelude32::{AudioNode, BufferMut, BufferRef, Frame, Shared, U0, U1};

use super::{DECAYED, Gate};

/// Below -100 dB an envelope is over.
const SILENT: f32 = 1.0e-5;

/// A shorter release would be heard as a click.
const LEAST_RELEASE: f32 = 0.003;

/// The factor per sample that falls by 60 dB in `seconds`; 0 for no time at all.
fn factor(seconds: f32, rate: f32) -> f32 {
    if seconds * rate < 1.0 { 0.0 } else { DECAYED.powf(1.0 / (seconds * rate)) }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Idle,
    Attack,
    Decay,
    Release,
}

/// Attack–decay–sustain–release: a straight attack, then exponentials that reach -60 dB of their way in the given seconds.
/// With no attack the first sample of the note is already at full level.
#[derive(Clone, Debug)]
pub struct Adsr {
    seconds: [f32; 3],
    sustain: f32,
    gate: Gate,
    stage: Stage,
    level: f32,
    step: f32,
    fall: f32,
    end: f32,
}

impl Adsr {
    pub fn new(attack: f32, decay: f32, sustain: f32, release: f32, gate: &Shared) -> Adsr {
        let mut adsr = Adsr {
            seconds: [attack, decay, release.max(LEAST_RELEASE)],
            sustain,
            gate: Gate::new(gate),
            stage: Stage::Idle,
            level: 0.0,
            step: 0.0,
            fall: 0.0,
            end: 0.0,
        };
        adsr.set_sample_rate(fundsp::DEFAULT_SR);
        adsr
    }

    fn look(&mut self) {
        match self.gate.turned() {
            Some(true) => self.stage = Stage::Attack,
            Some(false) if self.stage != Stage::Idle => self.stage = Stage::Release,
            _ => {}
        }
    }

    fn next(&mut self) -> f32 {
        match self.stage {
            Stage::Idle => self.level = 0.0,
            Stage::Attack => {
                self.level += self.step;
                if self.level >= 1.0 {
                    self.level = 1.0;
                    self.stage = Stage::Decay;
                }
            }
            Stage::Decay => self.level = self.sustain + (self.level - self.sustain) * self.fall,
            Stage::Release => {
                self.level *= self.end;
                if self.level < SILENT {
                    self.level = 0.0;
                    self.stage = Stage::Idle;
                }
            }
        }
        self.level
    }
}

impl AudioNode for Adsr {
    const ID: u64 = 0xBA_0001;
    type Inputs = U0;
    type Outputs = U1;

    fn reset(&mut self) {
        self.stage = Stage::Idle;
        self.level = 0.0;
        self.gate.close();
    }

    fn set_sample_rate(&mut self, rate: f64) {
        let rate = rate as f32;
        let [attack, decay, release] = self.seconds;
        self.step = if attack * rate < 1.0 { 1.0 } else { 1.0 / (attack * rate) };
        self.fall = factor(decay, rate);
        self.end = factor(release, rate);
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

/// From 1 exponentially to nothing, started by each note, deaf to its end.
#[derive(Clone, Debug)]
pub struct Decay {
    seconds: f32,
    gate: Gate,
    level: f32,
    fall: f32,
}

impl Decay {
    pub fn new(seconds: f32, gate: &Shared) -> Decay {
        Decay { seconds, gate: Gate::new(gate), level: 0.0, fall: factor(seconds, fundsp::DEFAULT_SR as f32) }
    }

    fn look(&mut self) {
        if self.gate.turned() == Some(true) {
            self.level = 1.0;
        }
    }

    fn next(&mut self) -> f32 {
        let level = self.level;
        self.level = if level < SILENT { 0.0 } else { level * self.fall };
        level
    }
}

impl AudioNode for Decay {
    const ID: u64 = 0xBA_0002;
    type Inputs = U0;
    type Outputs = U1;

    fn reset(&mut self) {
        self.level = 0.0;
        self.gate.close();
    }

    fn set_sample_rate(&mut self, rate: f64) {
        self.fall = factor(self.seconds, rate as f32);
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
