//! A plucked string. Runs on the audio thread.

use fundsp::prelude32::{AudioNode, BufferMut, BufferRef, Frame, Shared, U1};

use super::{DECAYED, Gate, Random};

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
    seed: u64,
    random: Random,
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
            random: Random::new(1),
        };
        pluck.set_sample_rate(fundsp::DEFAULT_SR);
        pluck
    }

    fn tune(&mut self, hz: f32) {
        if hz != self.hz {
            self.hz = hz;
            // `max` takes the number where there is one that is none.
            let period = self.rate / hz.max(LOWEST_HZ).min(self.rate / 8.0);
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
            let noise = self.random.next();
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
        self.gate.close();
        self.random = Random::new(self.seed);
    }

    fn set_sample_rate(&mut self, rate: f64) {
        self.rate = rate as f32;
        // Unlike any number, so that the first is tuned to, 0 too.
        self.hz = f32::NAN;
        self.line = vec![0.0; ((self.rate / LOWEST_HZ) as usize + 2 * MARGIN).next_power_of_two()];
        self.reset();
    }

    fn set_hash(&mut self, hash: u64) {
        self.seed = hash;
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
