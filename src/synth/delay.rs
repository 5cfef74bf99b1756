//! The delay send: echoes that go from side to side, in time with the music. Runs on the audio thread; allocates when it is made.

use crate::time::SampleRate;

/// The longest delay. A longer one is halved until it fits, so that it stays in time.
const LONGEST_SECONDS: usize = 4;
/// A dotted quaver at 120 a minute, until the tempo is known.
const FIRST_SECONDS: f32 = 0.375;
/// Each echo against the one before: -4.4 dB.
const FEEDBACK: f32 = 0.6;
/// Each echo is a little darker and thinner than the one before, as a tape's.
const DARK_HZ: f32 = 4500.0;
const THIN_HZ: f32 = 140.0;
/// From one delay to another the echoes are crossfaded in this time: a read position that moved would bend their pitch.
const CROSSFADE_SECONDS: f32 = 0.05;
/// Echoes until -80 dB.
const ECHOES: usize = 18;

/// One side: a ring, and the filters in its loop.
#[derive(Clone, Debug)]
struct Side {
    line: Vec<f32>,
    dark: f32,
    thin: f32,
}

/// Two delay lines that feed each other. What comes in is heard after one delay on the left, after two on the right, and so on.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    sides: [Side; 2],
    write: usize,
    /// Frames written since it was cleared: what lies before is not there, whatever the rings hold.
    filled: usize,
    /// Delays in frames: that which was heard, the one that it goes over to, and the one that is wanted behind it.
    from: usize,
    to: usize,
    wanted: usize,
    /// The share of the second, 0 to 1.
    over: f32,
    over_step: f32,
    dark_pace: f32,
    thin_pace: f32,
    /// Frames for which echoes are still heard.
    ringing: usize,
}

impl Delay {
    pub fn new(rate: SampleRate) -> Delay {
        let pace = |hz: f32| 1.0 - (-std::f32::consts::TAU * hz / rate.0 as f32).exp();
        let first = (FIRST_SECONDS * rate.0 as f32) as usize;
        let side = Side { line: vec![0.0; LONGEST_SECONDS * rate.0 as usize], dark: 0.0, thin: 0.0 };
        Delay {
            sides: [side.clone(), side],
            write: 0,
            filled: 0,
            from: first,
            to: first,
            wanted: first,
            over: 1.0,
            over_step: 1.0 / (CROSSFADE_SECONDS * rate.0 as f32),
            dark_pace: pace(DARK_HZ),
            thin_pace: pace(THIN_HZ),
            ringing: 0,
        }
    }

    /// From here on the echoes are so many frames apart.
    pub fn set(&mut self, frames: u32) {
        let mut frames = (frames as usize).max(1);
        while frames > self.sides[0].line.len() {
            frames /= 2;
        }
        self.wanted = frames;
        if self.ringing > 0 {
            self.ringing = self.ringing.max(ECHOES * frames);
        } else {
            // Nothing to be heard, nothing to go over from.
            (self.from, self.to, self.over) = (frames, frames, 1.0);
        }
    }

    /// Forgets all echoes.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.ringing = 0;
        for side in &mut self.sides {
            (side.dark, side.thin) = (0.0, 0.0);
        }
    }

    /// Adds the echoes to `mix`, scaled by a gain that falls by `step` a frame. `send` is what went in; `sounding` whether there was anything.
    pub fn process(&mut self, send: [&[f32]; 2], mix: [&mut [f32]; 2], (mut gain, step): (f32, f32), sounding: bool) {
        let size = send[0].len();
        if sounding {
            self.ringing = ECHOES * self.from.max(self.to);
        } else if self.ringing == 0 {
            return;
        }
        self.ringing = self.ringing.saturating_sub(size);
        if self.ringing == 0 {
            // What is still in the rings, a longer delay would bring back.
            self.clear();
            return;
        }
        let [mix_left, mix_right] = mix;
        for i in 0..size {
            if self.over >= 1.0 && self.wanted != self.to {
                (self.from, self.to, self.over) = (self.to, self.wanted, 0.0);
            }
            let echoes = [self.read(0), self.read(1)];
            let (dark, thin) = (self.dark_pace, self.thin_pace);
            let [left, right] = &mut self.sides;
            left.line[self.write] = 0.5 * (send[0][i] + send[1][i]) + left.again(echoes[1], dark, thin);
            right.line[self.write] = right.again(echoes[0], dark, thin);
            mix_left[i] += echoes[0] * gain;
            mix_right[i] += echoes[1] * gain;
            gain = (gain - step).max(0.0);
            self.write = if self.write + 1 == self.sides[0].line.len() { 0 } else { self.write + 1 };
            self.filled = (self.filled + 1).min(self.sides[0].line.len());
            self.over = (self.over + self.over_step).min(1.0);
        }
    }

    fn read(&self, side: usize) -> f32 {
        let at = |delay: usize| {
            let line = &self.sides[side].line;
            let place = if self.write >= delay { self.write - delay } else { self.write + line.len() - delay };
            if delay <= self.filled { line[place] } else { 0.0 }
        };
        if self.over < 1.0 { at(self.from) * (1.0 - self.over) + at(self.to) * self.over } else { at(self.to) }
    }
}

impl Side {
    /// What goes round once more.
    fn again(&mut self, echo: f32, dark: f32, thin: f32) -> f32 {
        self.dark += (echo - self.dark) * dark;
        self.thin += (self.dark - self.thin) * thin;
        (self.dark - self.thin) * FEEDBACK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    /// The echoes of one sample of 1, in blocks of 64.
    fn echoes(delay: &mut Delay, frames: usize, struck: bool) -> [Vec<f32>; 2] {
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        for (at, (left, right)) in left.chunks_mut(64).zip(right.chunks_mut(64)).enumerate() {
            let mut send = vec![0.0; left.len()];
            send[0] = if at == 0 && struck { 1.0 } else { 0.0 };
            delay.process([&send, &send], [left, right], (1.0, 0.0), at == 0 && struck);
        }
        [left, right]
    }

    fn loudest(samples: &[f32]) -> (usize, f32) {
        samples.iter().enumerate().map(|(at, sample)| (at, sample.abs())).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
    }

    #[test]
    fn echoes_change_sides_and_grow_softer() {
        let mut delay = Delay::new(RATE);
        delay.set(1000);
        let [left, right] = echoes(&mut delay, 40_000, true);
        assert_eq!(loudest(&left), (1000, 1.0));
        assert!(right[..2000].iter().all(|sample| *sample == 0.0));
        let (second, third) = (loudest(&right[2000..3000]), loudest(&left[3000..4000]));
        assert!(second.1 < 0.6 && second.0 < 3, "{second:?}");
        assert!(third.1 < second.1 * 0.7 && third.1 > 0.01 && third.0 < 20, "{third:?}");
        assert!(left[30_000..].iter().chain(&right[30_000..]).all(|sample| sample.abs() < 1.0e-4));
    }

    #[test]
    fn a_new_delay_is_crossfaded_and_one_that_is_too_long_stays_in_time() {
        let mut delay = Delay::new(RATE);
        delay.set(10 * 48_000);
        assert_eq!(delay.to, 120_000);
        delay.set(4800);
        let sine: Vec<f32> = (0..48_000).map(|at| (at as f32 * 0.03).sin()).collect();
        let (mut left, mut right) = (vec![0.0; sine.len()], vec![0.0; sine.len()]);
        for (at, send) in sine.chunks(64).enumerate() {
            if at == 400 {
                delay.set(7000);
            }
            let range = at * 64..at * 64 + send.len();
            delay.process([send, send], [&mut left[range.clone()], &mut right[range]], (1.0, 0.0), true);
        }
        let steepest = left[5000..].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(steepest < 0.1, "no click: {steepest}");
    }

    #[test]
    fn what_has_died_away_does_not_come_back_and_a_longer_delay_brings_its_echo() {
        let mut delay = Delay::new(RATE);
        delay.set(1000);
        echoes(&mut delay, 30_000, true);
        delay.set(48_000);
        let [left, right] = echoes(&mut delay, 90_000, true);
        let heard: Vec<usize> = (0..left.len()).filter(|at| left[*at].abs() > 0.5).collect();
        assert_eq!(heard, [48_000], "the new stroke alone");
        assert!(right[..90_000].iter().all(|sample| sample.abs() < 1.0e-3));
        let mut delay = Delay::new(RATE);
        delay.set(1000);
        echoes(&mut delay, 640, true);
        delay.set(30_000);
        let [left, _] = echoes(&mut delay, 60_000, false);
        assert!(loudest(&left[20_000..]).1 > 0.2, "it is still on its way");
    }

    #[test]
    fn what_was_cleared_is_not_heard() {
        let mut delay = Delay::new(RATE);
        delay.set(1000);
        echoes(&mut delay, 512, true);
        delay.clear();
        let [left, right] = echoes(&mut delay, 512, false);
        assert!(left.iter().chain(&right).all(|sample| *sample == 0.0));
        let [left, _] = echoes(&mut delay, 2000, true);
        assert_eq!(left.iter().filter(|sample| **sample == 1.0).count(), 1, "the old stroke is gone");
    }
}
