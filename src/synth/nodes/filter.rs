//! State-variable filters whose cutoff and Q may move on every sample. Run on the audio thread.

use std::marker::PhantomData;

use fundsp::MAX_BUFFER_SIZE;
use fundsp::prelude32::{AudioNode, BufferMut, BufferRef, Frame, U1, U3};

/// Hz; above, whatever the rate allows.
const LOWEST: f32 = 10.0;
const HIGHEST: f32 = 18_000.0;
/// The highest cutoff against the rate.
const HIGHEST_SHARE: f32 = 0.45;
const LEAST_Q: f32 = 0.05;
const MOST_Q: f32 = 40.0;

/// What of the filter is heard.
pub trait Mode: Clone + Send + Sync + 'static {
    const ID: u64;
    /// From the input and the band-pass and low-pass outputs, with 1/Q.
    fn mix(input: f32, band: f32, low: f32, damping: f32) -> f32;
}

/// The filter: signal, cutoff in Hz and Q in, 12 dB/octave out. The trapezoidal state-variable filter of A. Simper, "Linear trapezoidal integrated
/// state variable filter with low noise optimisation" (2013), as fundsp has it; cutoff and Q are kept where it is stable, and what they come to
/// is computed where they change, which for an envelope is every sample.
#[derive(Clone, Debug)]
pub struct Filter<M> {
    rate: f32,
    cutoff: f32,
    q: f32,
    tuning: Tuning,
    /// States of the two integrators.
    state: [f32; 2],
    mode: PhantomData<M>,
}

/// What cutoff and Q come to: the coefficients a1, a2 and a3, and 1/Q.
type Tuning = [f32; 4];

/// Without branches, so that the compiler does several samples at once.
#[inline]
#[allow(clippy::manual_clamp, reason = "what is no number gets the lower bound")]
fn tune(cutoff: f32, q: f32, rate: f32) -> Tuning {
    let damping = 1.0 / q.max(LEAST_Q).min(MOST_Q);
    let cutoff = cutoff.max(LOWEST).min(HIGHEST.min(HIGHEST_SHARE * rate));
    // With g = sine / cosine, a1 is 1 / (1 + g (g + 1/Q)), a2 is g a1 and a3 is g a2.
    let (sine, cosine) = tangent(std::f32::consts::PI / rate * cutoff);
    let whole = 1.0 / (cosine * cosine + sine * (sine + damping * cosine));
    [cosine * cosine * whole, sine * cosine * whole, sine * sine * whole, damping]
}

/// Two numbers whose quotient is the tangent of 0 to 1.42, within 0.1 %: that of Padé with a fourth power below.
#[inline]
fn tangent(x: f32) -> (f32, f32) {
    let square = x * x;
    (x * (945.0 - 105.0 * square + square * square), 945.0 - 420.0 * square + 15.0 * square * square)
}

impl<M: Mode> Default for Filter<M> {
    fn default() -> Filter<M> {
        let (rate, cutoff, q) = (fundsp::DEFAULT_SR as f32, 1000.0, 1.0);
        Filter { rate, cutoff, q, tuning: tune(cutoff, q, rate), state: [0.0; 2], mode: PhantomData }
    }
}

impl<M: Mode> Filter<M> {
    #[inline]
    fn next(&mut self, input: f32, [a1, a2, a3, damping]: Tuning) -> f32 {
        let [s1, s2] = self.state;
        let rest = input - s2;
        let band = a1 * s1 + a2 * rest;
        let low = s2 + a2 * s1 + a3 * rest;
        self.state = [2.0 * band - s1, 2.0 * low - s2];
        M::mix(input, band, low, damping)
    }

    fn is_tuned_to(&self, cutoff: f32, q: f32) -> bool {
        cutoff == self.cutoff && q == self.q
    }
}

impl<M: Mode> AudioNode for Filter<M> {
    const ID: u64 = M::ID;
    type Inputs = U3;
    type Outputs = U1;

    fn reset(&mut self) {
        self.state = [0.0; 2];
    }

    fn set_sample_rate(&mut self, rate: f64) {
        self.rate = rate as f32;
        self.tuning = tune(self.cutoff, self.q, self.rate);
    }

    fn tick(&mut self, input: &Frame<f32, U3>) -> Frame<f32, U1> {
        let (cutoff, q) = (input[1], input[2]);
        if !self.is_tuned_to(cutoff, q) {
            (self.cutoff, self.q, self.tuning) = (cutoff, q, tune(cutoff, q, self.rate));
        }
        [self.next(input[0], self.tuning)].into()
    }

    /// `size` is at most [`MAX_BUFFER_SIZE`].
    fn process(&mut self, size: usize, input: &BufferRef<'_>, output: &mut BufferMut<'_>) {
        let [signal, cutoff, q] = [0, 1, 2].map(|channel| &input.channel_f32(channel)[..size]);
        let output = &mut output.channel_f32_mut(0)[..size];
        if cutoff.iter().zip(q).all(|(&cutoff, &q)| self.is_tuned_to(cutoff, q)) {
            for (out, &signal) in output.iter_mut().zip(signal) {
                *out = self.next(signal, self.tuning);
            }
            return;
        }
        // Number by number rather than sample by sample, which several at once need.
        let [mut a1, mut a2, mut a3, mut damping] = [[0.0; MAX_BUFFER_SIZE]; 4];
        for (at, (&cutoff, &q)) in cutoff.iter().zip(q).enumerate().take(MAX_BUFFER_SIZE) {
            [a1[at], a2[at], a3[at], damping[at]] = tune(cutoff, q, self.rate);
        }
        for (at, (out, &signal)) in output.iter_mut().zip(signal).enumerate().take(MAX_BUFFER_SIZE) {
            *out = self.next(signal, [a1[at], a2[at], a3[at], damping[at]]);
        }
        if let Some(last) = size.checked_sub(1) {
            (self.cutoff, self.q) = (cutoff[last], q[last]);
            self.tuning = [a1[last], a2[last], a3[last], damping[last]];
        }
    }
}

macro_rules! mode {
    ($name:ident, $id:expr, $help:expr, |$input:ident, $band:ident, $low:ident, $damping:ident| $mix:expr) => {
        #[doc = $help]
        #[derive(Clone, Debug)]
        pub struct $name;

        impl Mode for $name {
            const ID: u64 = $id;
            #[inline]
            fn mix($input: f32, $band: f32, $low: f32, $damping: f32) -> f32 {
                $mix
            }
        }
    };
}

mode!(LowPass, 0xBA_0010, "What lies below the cutoff.", |_input, _band, low, _damping| low);
mode!(HighPass, 0xBA_0011, "What lies above it.", |input, band, low, damping| input - damping * band - low);
mode!(BandPass, 0xBA_0012, "What lies about it.", |_input, band, _low, _damping| band);
mode!(Notch, 0xBA_0013, "All but that.", |input, band, _low, damping| input - damping * band);
mode!(Peak, 0xBA_0014, "Below less above.", |input, band, low, damping| input - damping * band - 2.0 * low);

#[cfg(test)]
mod tests {
    use fundsp::prelude32::{self as dsp, An, BufferVec};

    use super::*;

    #[test]
    fn the_tangent_is_close() {
        for step in 1..=142 {
            let x = step as f32 / 100.0;
            let (sine, cosine) = tangent(x);
            assert!((sine / cosine / x.tan() - 1.0).abs() < 1.0e-3, "{x}: {} {}", sine / cosine, x.tan());
        }
    }

    /// Sine by sine it is what fundsp's own is, standing and moving.
    #[test]
    fn it_filters_as_the_original_does() {
        fn compare(
            mut ours: impl AudioNode<Inputs = U3, Outputs = U1>,
            mut theirs: impl AudioNode<Inputs = U3, Outputs = U1>,
        ) {
            ours.set_sample_rate(48_000.0);
            theirs.set_sample_rate(48_000.0);
            let mut apart = 0.0_f32;
            for at in 0..96_000 {
                let x = (at as f32 * at as f32 * 1.0e-5).sin();
                let cutoff = if at < 48_000 { 700.0 } else { 300.0 + 12_000.0 * (at as f32 * 1.0e-3).sin().abs() };
                let frame: Frame<f32, U3> = [x, cutoff, 0.9].into();
                apart = apart.max((ours.tick(&frame)[0] - theirs.tick(&frame)[0]).abs());
            }
            assert!(apart < 0.01, "{apart}");
        }
        compare(An(Filter::<LowPass>::default()).0, dsp::lowpass().0);
        compare(Filter::<HighPass>::default(), dsp::highpass().0);
        compare(Filter::<BandPass>::default(), dsp::bandpass().0);
        compare(Filter::<Notch>::default(), dsp::notch().0);
        compare(Filter::<Peak>::default(), dsp::peak().0);
    }

    /// In blocks it is what it is sample by sample, with cutoff and Q that stand, move and stand again.
    #[test]
    fn blocks_are_as_samples() {
        let (mut blocks, mut samples) = (Filter::<LowPass>::default(), Filter::<LowPass>::default());
        let mut compared = 0;
        for (block, size) in [64, 64, 7, 1, 64, 33, 64, 64].into_iter().enumerate() {
            let (mut input, mut output) = (BufferVec::new(3), BufferVec::new(1));
            for at in 0..size {
                let moves = if (2..6).contains(&block) { at as f32 } else { 0.0 };
                let frame = [((block * 64 + at) as f32).sin(), 500.0 + 90.0 * moves, 0.7 + 0.1 * moves];
                (0..3).for_each(|channel| input.set_f32(channel, at, frame[channel]));
            }
            blocks.process(size, &input.buffer_ref(), &mut output.buffer_mut());
            for at in 0..size {
                let frame: Frame<f32, U3> = [0, 1, 2].map(|channel| input.at_f32(channel, at)).into();
                assert_eq!(output.at_f32(0, at), samples.tick(&frame)[0], "block {block}, sample {at}");
                compared += 1;
            }
        }
        assert_eq!(compared, 361);
    }

    #[test]
    fn no_cutoff_and_no_q_breaks_it() {
        for rate in [8000.0, 48_000.0, 192_000.0] {
            let mut filter = Filter::<LowPass>::default();
            filter.set_sample_rate(rate);
            let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -1.0, 1.0e30, 1000.0];
            for at in 0..50_000 {
                let frame = [(at % 7) as f32 - 3.0, wild[at % 7], wild[at / 7 % 7]].into();
                let out = filter.tick(&frame)[0];
                assert!(out.is_finite() && out.abs() < 1.0e4, "{rate} {at}: {out}");
            }
        }
    }
}
