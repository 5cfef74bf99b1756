//! The synth's own graph nodes: envelopes that start and end on the sample, a string, an echo. Run on the audio thread.
//!
//! The gate is read once at the start of each block. That is sample-accurate because the renderer cuts blocks at events.

use fundsp::prelude32::{AudioNode, BufferMut, BufferRef, Frame, Shared, U0, U1};

/// A level that has fallen by 60 dB, the usual meaning of "decayed".
const DECAYED: f32 = 1.0e-3;

/// Below -100 dB an envelope is over.
const SILENT: f32 = 1.0e-5;

/// A shorter release would be heard as a click.
const LEAST_RELEASE: f32 = 0.003;

/// The factor per sample that falls by 60 dB in `seconds`; 0 for no time at all.
fn factor(seconds: f32, rate: f32) -> f32 {
    if seconds * rate < 1.0 { 0.0 } else { DECAYED.powf(1.0 / (seconds * rate)) }
}

/// Notices the gate's rises and falls.
#[derive(Clone)]
struct Gate {
    shared: Shared,
    open: bool,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({})", self.open)
    }
}

impl Gate {
    fn new(shared: &Shared) -> Gate {
        Gate { shared: shared.clone(), open: false }
    }

    /// `Some(true)` when the gate has opened since the last look, `Some(false)` when it has closed.
    fn turned(&mut self) -> Option<bool> {
        let open = self.shared.value() > 0.0;
        (open != std::mem::replace(&mut self.open, open)).then_some(open)
    }
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
        self.gate.open = false;
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
        self.gate.open = false;
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

/// The lowest string.
const LOWEST_HZ: f32 = 16.0;

/// Samples that interpolation reads on either side of the delay.
const MARGIN: usize = 4;

/// A plucked string after Karplus and Strong (1983): a burst of noise, one period long, round a damped delay line whose length
/// may lie between samples (third-order Lagrange interpolation). Input: Hz.
#[derive(Clone, Debug)]
pub struct Pluck {
    seconds: f32,
    /// Weight of the older sample in the loop's two-point average, 0 to 1/2.
    blend: f32,
    gate: Gate,
    rate: f32,
    line: Vec<f32>,
    write: usize,
    previous: f32,
    hz: f32,
    length: f32,
    gain: f32,
    seed: u32,
    random: u32,
}

impl Pluck {
    pub fn new(seconds: f32, damping: f32, gate: &Shared) -> Pluck {
        let mut pluck = Pluck {
            seconds,
            blend: damping * 0.5,
            gate: Gate::new(gate),
            rate: 0.0,
            line: Vec::new(),
            write: 0,
            previous: 0.0,
            hz: 0.0,
            length: 0.0,
            gain: 0.0,
            seed: 1,
            random: 1,
        };
        pluck.set_sample_rate(fundsp::DEFAULT_SR);
        pluck
    }

    fn tune(&mut self, hz: f32) {
        if hz != self.hz {
            self.hz = hz;
            let period = self.rate / hz.clamp(LOWEST_HZ, self.rate / 8.0);
            self.gain = DECAYED.powf(period / (self.rate * self.seconds));
            // The average itself delays by `blend` samples.
            self.length = period - self.blend;
        }
    }

    fn strike(&mut self) {
        let burst = self.length as usize + MARGIN;
        let mask = self.line.len() - 1;
        let mut sum = 0.0;
        for back in 1..=burst {
            // xorshift32 (Marsaglia 2003).
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            let noise = (self.random >> 8) as f32 / (1u32 << 23) as f32 - 1.0;
            self.line[self.write.wrapping_sub(back) & mask] = noise;
            sum += noise;
        }
        // The loop hardly damps a constant part: take it out of the burst.
        let mean = sum / burst as f32;
        for back in 1..=burst {
            self.line[self.write.wrapping_sub(back) & mask] -= mean;
        }
        self.previous = 0.0;
    }

    fn next(&mut self) -> f32 {
        let mask = self.line.len() - 1;
        let whole = self.length as usize;
        let part = self.length - whole as f32;
        let at = |back: usize| self.line[self.write.wrapping_sub(back) & mask];
        // Lagrange through delays whole-1 … whole+2.
        let (a, b, c, d) = (at(whole - 1), at(whole), at(whole + 1), at(whole + 2));
        let (t, s) = (part, 1.0 - part);
        let read =
            -t * s * (1.0 + s) / 6.0 * a + (1.0 + t) * s * (1.0 + s) / 2.0 * b + t * (1.0 + t) * (1.0 + s) / 2.0 * c
                - t * s * (1.0 + t) / 6.0 * d;
        let out = self.gain * ((1.0 - self.blend) * read + self.blend * self.previous);
        self.previous = read;
        self.line[self.write & mask] = out;
        self.write = (self.write + 1) & mask;
        out
    }
}

impl AudioNode for Pluck {
    const ID: u64 = 0xBA_0003;
    type Inputs = U1;
    type Outputs = U1;

    fn reset(&mut self) {
        self.line.fill(0.0);
        self.write = 0;
        self.previous = 0.0;
        self.gate.open = false;
        self.random = self.seed;
    }

    fn set_sample_rate(&mut self, rate: f64) {
        self.rate = rate as f32;
        self.hz = 0.0;
        self.line = vec![0.0; ((self.rate / LOWEST_HZ) as usize + 2 * MARGIN).next_power_of_two()];
        self.reset();
    }

    fn set_hash(&mut self, hash: u64) {
        self.seed = (hash as u32 ^ (hash >> 32) as u32) | 1;
    }

    fn tick(&mut self, input: &Frame<f32, U1>) -> Frame<f32, U1> {
        self.tune(input[0]);
        if self.gate.turned() == Some(true) {
            self.strike();
        }
        [self.next()].into()
    }

    fn process(&mut self, size: usize, input: &BufferRef<'_>, output: &mut BufferMut<'_>) {
        let opened = self.gate.turned() == Some(true);
        for i in 0..size {
            self.tune(input.at_f32(0, i));
            if opened && i == 0 {
                self.strike();
            }
            output.set_f32(0, i, self.next());
        }
    }
}

/// The signal and its echoes: `y[n] = x[n] + feedback · y[n - seconds]`.
#[derive(Clone, Debug)]
pub struct Echo {
    seconds: f32,
    feedback: f32,
    line: Vec<f32>,
    at: usize,
}

impl Echo {
    pub fn new(seconds: f32, feedback: f32) -> Echo {
        let mut echo = Echo { seconds, feedback, line: Vec::new(), at: 0 };
        echo.set_sample_rate(fundsp::DEFAULT_SR);
        echo
    }
}

impl AudioNode for Echo {
    const ID: u64 = 0xBA_0004;
    type Inputs = U1;
    type Outputs = U1;

    fn reset(&mut self) {
        self.line.fill(0.0);
        self.at = 0;
    }

    fn set_sample_rate(&mut self, rate: f64) {
        let length = (f64::from(self.seconds) * rate).round().max(1.0) as usize;
        self.line = vec![0.0; length];
        self.at = 0;
    }

    fn tick(&mut self, input: &Frame<f32, U1>) -> Frame<f32, U1> {
        let out = input[0] + self.feedback * self.line[self.at];
        self.line[self.at] = out;
        self.at = if self.at + 1 == self.line.len() { 0 } else { self.at + 1 };
        [out].into()
    }
}
