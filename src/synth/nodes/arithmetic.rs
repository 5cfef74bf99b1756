//! Sums, differences and products of two signals, and signals that numbers scale and shift. Run on the audio thread.

use fundsp::prelude32::{AudioNode, BufferMut, BufferRef, Frame, U1, U2};

/// How two samples become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Sum,
    Difference,
    Product,
}

/// Two inputs, one output.
#[derive(Clone, Debug)]
pub struct Both(pub Operation);

impl AudioNode for Both {
    const ID: u64 = 0xBA_0020;
    type Inputs = U2;
    type Outputs = U1;

    fn tick(&mut self, input: &Frame<f32, U2>) -> Frame<f32, U1> {
        let [a, b] = [input[0], input[1]];
        let value = match self.0 {
            Operation::Sum => a + b,
            Operation::Difference => a - b,
            Operation::Product => a * b,
        };
        [value].into()
    }

    fn process(&mut self, size: usize, input: &BufferRef<'_>, output: &mut BufferMut<'_>) {
        let [a, b] = [0, 1].map(|channel| &input.channel_f32(channel)[..size]);
        let output = output.channel_f32_mut(0)[..size].iter_mut().zip(a.iter().zip(b));
        // A loop for each, so that the compiler does several samples at once.
        match self.0 {
            Operation::Sum => output.for_each(|(out, (a, b))| *out = a + b),
            Operation::Difference => output.for_each(|(out, (a, b))| *out = a - b),
            Operation::Product => output.for_each(|(out, (a, b))| *out = a * b),
        }
    }
}

/// The input × `factor` + `offset`.
#[derive(Clone, Debug)]
pub struct Scaled {
    pub factor: f32,
    pub offset: f32,
}

impl AudioNode for Scaled {
    const ID: u64 = 0xBA_0021;
    type Inputs = U1;
    type Outputs = U1;

    fn tick(&mut self, input: &Frame<f32, U1>) -> Frame<f32, U1> {
        [input[0] * self.factor + self.offset].into()
    }

    fn process(&mut self, size: usize, input: &BufferRef<'_>, output: &mut BufferMut<'_>) {
        let output = &mut output.channel_f32_mut(0)[..size];
        for (out, sample) in output.iter_mut().zip(input.channel_f32(0)) {
            *out = sample * self.factor + self.offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use fundsp::prelude32::BufferVec;

    use super::*;

    #[test]
    fn blocks_are_as_samples() {
        let size = 61;
        let mut input = BufferVec::new(2);
        for at in 0..size {
            input.set_f32(0, at, at as f32 * 0.5);
            input.set_f32(1, at, 3.0 - at as f32);
        }
        for (operation, expected) in
            [(Operation::Sum, 3.0 - 20.0 * 0.5), (Operation::Difference, 27.0), (Operation::Product, -170.0)]
        {
            let (mut both, mut output) = (Both(operation), BufferVec::new(1));
            both.process(size, &input.buffer_ref(), &mut output.buffer_mut());
            assert_eq!(output.at_f32(0, 20), expected, "{operation:?}");
            for at in 0..size {
                let frame: Frame<f32, U2> = [input.at_f32(0, at), input.at_f32(1, at)].into();
                assert_eq!(output.at_f32(0, at), both.tick(&frame)[0], "{operation:?} {at}");
            }
        }
        let (mut scaled, mut output) = (Scaled { factor: -2.0, offset: 1.0 }, BufferVec::new(1));
        scaled.process(size, &input.buffer_ref(), &mut output.buffer_mut());
        assert_eq!((output.at_f32(0, 20), scaled.tick(&[10.0].into())[0]), (-19.0, -19.0));
    }
}
