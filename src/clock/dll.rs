//! A second-order delay-locked loop (F. Adriaensen, "Using a DLL to filter time", 2005): a straight line through events that come at even
//! distances and each a little early or late. Pure.

use std::f64::consts::{SQRT_2, TAU};

/// The line: event `from` is at `at`, the next ones `period` apart, in whatever unit times are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub from: i64,
    pub at: f64,
    pub period: f64,
}

impl Line {
    /// When event `number` is due.
    #[must_use]
    pub fn due(&self, number: i64) -> f64 {
        self.at + (number - self.from) as f64 * self.period
    }

    /// The line after event `number`, a later one than `from`, has come at `time`. `per_second` is how much of the unit is a second,
    /// `bandwidth` (Hz) how quickly the line follows.
    #[must_use]
    pub fn follow(&self, number: i64, time: f64, per_second: f64, bandwidth: f64) -> Line {
        let (due, events) = (self.due(number), (number - self.from) as f64);
        // A long pause must not make the loop unstable.
        let omega = (TAU * bandwidth * events * self.period / per_second).min(0.5);
        let error = time - due;
        Line { from: number, at: due + SQRT_2 * omega * error, period: self.period + omega * omega * error / events }
    }
}
