//! The last thing before the output: a peak limiter without look-ahead. Runs on the audio thread.

use crate::time::SampleRate;

/// -0.3 dB.
const CEILING: f32 = 0.966;

/// Time for the gain to come back by 63 %.
const RECOVERY_SECONDS: f32 = 0.15;

/// Both channels get one gain, which falls within the sample that needs it and recovers slowly: nothing passes the ceiling and
/// nothing is delayed. A look-ahead limiter would sound a little smoother, but move every onset.
#[derive(Clone, Debug)]
pub struct Limiter {
    gain: f32,
    recovery: f32,
}

impl Limiter {
    pub fn new(rate: SampleRate) -> Limiter {
        Limiter { gain: 1.0, recovery: 1.0 - (-1.0 / (RECOVERY_SECONDS * rate.0 as f32)).exp() }
    }

    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (l, r) in left.iter_mut().zip(right) {
            let peak = l.abs().max(r.abs());
            let allowed = if peak > CEILING { CEILING / peak } else { 1.0 };
            self.gain = if allowed < self.gain { allowed } else { self.gain + (allowed - self.gain) * self.recovery };
            *l *= self.gain;
            *r *= self.gain;
        }
    }
}
