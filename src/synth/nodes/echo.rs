//! A feedback delay. Runs on the audio thread.

use fundsp::prelude32::{AudioNode, Frame, U1};

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
