//! A small reverb that a voice can afford. Runs on the audio thread.

use fundsp::prelude32::{AudioNode, Frame, U1, U2};

use super::DECAYED;

const LINES: usize = 8;
/// Delays (s) of the lines: a room of some ten metres. Their ratios are of no small numbers, so that echoes do not fall together.
const LINE_SECONDS: [f32; LINES] = [0.0211, 0.0253, 0.0289, 0.0331, 0.0367, 0.0409, 0.0447, 0.0491];
/// Delays (s) that blur what goes in.
const BLUR_SECONDS: [f32; 3] = [0.0047, 0.0079, 0.0113];
const BLUR: f32 = 0.6;

/// A delay line of a fixed length.
#[derive(Clone, Debug)]
struct Line {
    samples: Vec<f32>,
    at: usize,
}

impl Line {
    fn new(seconds: f32, rate: f32) -> Line {
        Line { samples: vec![0.0; ((seconds * rate).round() as usize).max(1)], at: 0 }
    }

    /// What went in one length ago.
    fn read(&self) -> f32 {
        self.samples[self.at]
    }

    fn write(&mut self, sample: f32) {
        self.samples[self.at] = sample;
        self.at = if self.at + 1 == self.samples.len() { 0 } else { self.at + 1 };
    }
}

/// A feedback delay network after Jot (1991): eight damped lines, mixed by a Hadamard matrix, behind three allpasses. One channel in, two
/// out, the reverberation alone.
#[derive(Clone, Debug)]
pub struct Reverb {
    seconds: f32,
    damping: f32,
    blur: [Line; 3],
    lines: [Line; LINES],
    gains: [f32; LINES],
    /// Weight of the sample before in each line's low-pass, and the low-passes themselves.
    blend: f32,
    low: [f32; LINES],
}

impl Reverb {
    /// `seconds` to -60 dB; `damping` from 0 to 1 is how much sooner high partials are gone.
    pub fn new(seconds: f32, damping: f32) -> Reverb {
        let rate = fundsp::DEFAULT_SR as f32;
        let mut reverb = Reverb {
            seconds,
            damping,
            blur: BLUR_SECONDS.map(|seconds| Line::new(seconds, rate)),
            lines: LINE_SECONDS.map(|seconds| Line::new(seconds, rate)),
            gains: [0.0; LINES],
            blend: 0.0,
            low: [0.0; LINES],
        };
        reverb.set_sample_rate(fundsp::DEFAULT_SR);
        reverb
    }
}

/// The values times a Hadamard matrix, which keeps their energy.
fn mix(values: &mut [f32; LINES]) {
    let mut stride = 1;
    while stride < LINES {
        for at in (0..LINES).filter(|at| at & stride == 0) {
            let (a, b) = (values[at], values[at + stride]);
            values[at] = a + b;
            values[at + stride] = a - b;
        }
        stride *= 2;
    }
    let scale = (LINES as f32).sqrt().recip();
    for value in values {
        *value *= scale;
    }
}

impl AudioNode for Reverb {
    const ID: u64 = 0xBA_0008;
    type Inputs = U1;
    type Outputs = U2;

    fn reset(&mut self) {
        for line in self.blur.iter_mut().chain(&mut self.lines) {
            line.samples.fill(0.0);
            line.at = 0;
        }
        self.low = [0.0; LINES];
    }

    fn set_sample_rate(&mut self, rate: f64) {
        let rate = rate as f32;
        self.blur = BLUR_SECONDS.map(|seconds| Line::new(seconds, rate));
        self.lines = LINE_SECONDS.map(|seconds| Line::new(seconds, rate));
        self.gains = LINE_SECONDS.map(|line| DECAYED.powf(line / self.seconds));
        // The same at each rate: the blend is that of 48 kHz.
        self.blend = (self.damping * 0.8).powf(48_000.0 / rate);
        self.low = [0.0; LINES];
    }

    fn tick(&mut self, input: &Frame<f32, U1>) -> Frame<f32, U2> {
        let mut sound = input[0];
        for line in &mut self.blur {
            let late = line.read();
            let fed = sound + BLUR * late;
            line.write(fed);
            sound = late - BLUR * fed;
        }
        let mut values = [0.0; LINES];
        for (at, value) in values.iter_mut().enumerate() {
            let late = self.lines[at].read() * self.gains[at];
            self.low[at] = late + (self.low[at] - late) * self.blend;
            *value = self.low[at];
        }
        let side = |odd: usize| values.iter().skip(odd).step_by(2).sum::<f32>() * 0.5;
        let out = [side(0), side(1)];
        mix(&mut values);
        for (line, value) in self.lines.iter_mut().zip(values) {
            line.write(value + sound * 0.5);
        }
        out.into()
    }
}
