//! Following another instrument's MIDI clock: pulses in, tempo and the frames of beats to come out. Pure.
//!
//! A [delay-locked loop](crate::clock::dll) in frames per pulse, since each comes some milliseconds early or late.

use num_rational::Ratio;

use crate::clock::dll::Line;
use crate::event::ClockMessage;
use crate::time::{Beats, Frames, SampleRate, Tempo};

/// Pulses in a crotchet (MIDI 1.0).
pub const PULSES: i64 = 24;
/// As many pulses are counted before they are believed: a quarter of a second at 120 bpm.
const TO_LOCK: usize = 12;
/// The loop's bandwidth in Hz, at first and when it has settled.
const WIDE: f64 = 4.0;
const NARROW: f64 = 0.6;
/// In so many pulses it narrows.
const SETTLED: f64 = 96.0;
/// A pulse that is this far (in pulses) from where it should be is none, or others are missing.
const ASTRAY: f64 = 0.5;
/// After so many of them in turn the tempo has jumped: begin anew.
const JUMPED: u32 = 4;
/// Without pulses the last tempo holds for so long.
const FREEWHEEL_SECONDS: f64 = 2.0;
/// Slower or faster pulses (crotchets a minute) are no clock.
const TEMPI: std::ops::RangeInclusive<f64> = 20.0..=400.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Following {
    /// No clock, or not for long enough.
    Waiting,
    Locked,
    /// The pulses have stopped coming; the last tempo holds for two seconds.
    Freewheeling,
}

#[derive(Clone, Debug)]
pub struct Follower {
    rate: SampleRate,
    /// The number of the next pulse; 0 is the song's beginning.
    next: i64,
    /// Whether pulses count: after start or continue, until stop.
    running: bool,
    /// Arrivals before there is a line.
    first: Vec<f64>,
    line: Option<Line>,
    /// Frames from pulse to pulse as they were, where the next one begins another line: a box may begin its pulses anew when it is started.
    period: Option<f64>,
    /// Pulses since the line was begun, for its bandwidth.
    age: f64,
    last: f64,
    astray: u32,
    /// Pulses that were taken for lost since the last one that was where it should be.
    supposed: i64,
}

impl Follower {
    #[must_use]
    pub fn new(rate: SampleRate) -> Follower {
        Follower {
            rate,
            next: 0,
            running: false,
            first: Vec::new(),
            line: None,
            period: None,
            age: 0.0,
            last: 0.0,
            astray: 0,
            supposed: 0,
        }
    }

    /// A message that came at a frame.
    pub fn hear(&mut self, message: ClockMessage, at: Frames) {
        match message {
            ClockMessage::Start => {
                self.next = 0;
                self.go();
            }
            ClockMessage::Continue => self.go(),
            ClockMessage::Stop => self.running = false,
            ClockMessage::Tick => self.pulse(at.0 as f64),
            ClockMessage::SongPosition(semiquavers) => {
                self.next = i64::from(semiquavers) * PULSES / 4;
                self.renumber();
            }
        }
    }

    /// The place of the pulse that comes next, from the song's beginning.
    #[must_use]
    pub fn place(&self) -> Beats {
        Beats::new(self.next, 4 * PULSES)
    }

    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running
    }

    #[must_use]
    pub fn state(&self, now: Frames) -> Following {
        let silent = (now.0 as f64 - self.last) / f64::from(self.rate.0);
        match self.line {
            Some(line) if silent < FREEWHEEL_SECONDS => {
                let expected = 2.5 * line.period / f64::from(self.rate.0);
                if silent > expected { Following::Freewheeling } else { Following::Locked }
            }
            _ => Following::Waiting,
        }
    }

    /// To a hundredth of a crotchet a minute.
    #[must_use]
    pub fn tempo(&self) -> Option<Tempo> {
        let period = self.line.map(|line| line.period).or(self.period)?;
        let per_minute = 60.0 * f64::from(self.rate.0) / (period * PULSES as f64);
        Some(Tempo(Ratio::new((per_minute * 100.0).round() as i64, 100)))
    }

    /// The frame of a time since the song's beginning.
    #[must_use]
    pub fn frame_of(&self, beats: Beats) -> Option<Frames> {
        let line = self.line?;
        let pulses = beats.to_f64() * 4.0 * PULSES as f64;
        Some(Frames((line.at + (pulses - line.from as f64) * line.period).round() as i64))
    }

    /// The time since the song's beginning that is at a frame.
    #[must_use]
    pub fn beats_at(&self, frame: Frames) -> Option<Beats> {
        let line = self.line?;
        let pulses = line.from as f64 + (frame.0 as f64 - line.at) / line.period;
        Some(Beats::new((pulses / PULSES as f64 / 4.0 * 1920.0).floor() as i64, 1920))
    }

    fn pulse(&mut self, at: f64) {
        let number = self.next;
        let silent = (at - self.last) / f64::from(self.rate.0);
        self.last = at;
        if let Some(period) = self.period.take() {
            (self.line, self.age) = (Some(Line { from: number, at, period }), SETTLED);
            self.count(1);
            return;
        }
        if silent > FREEWHEEL_SECONDS {
            self.begin_anew();
        }
        let Some(line) = self.line else {
            self.gather(at);
            self.count(1);
            return;
        };
        let error = (at - line.due(number)) / line.period;
        if error.abs() > ASTRAY {
            self.astray += 1;
            if self.astray >= JUMPED {
                // None was lost, they are further apart.
                self.count(-self.supposed);
                self.begin_anew();
                self.gather(at);
                self.count(1);
            } else if error > 0.0 {
                // Pulses were lost on the way: their places pass.
                let lost = error.round() as i64;
                self.supposed += lost;
                self.count(lost + 1);
            }
            return;
        }
        (self.astray, self.supposed) = (0, 0);
        let bandwidth = NARROW + (WIDE - NARROW) * (1.0 - self.age / SETTLED).max(0.0);
        self.line = Some(line.follow(number, at, f64::from(self.rate.0), bandwidth));
        self.age += (number - line.from) as f64;
        self.count(1);
    }

    /// The line through the first pulses, by least squares.
    fn gather(&mut self, at: f64) {
        self.first.push(at);
        if self.first.len() < TO_LOCK {
            return;
        }
        let n = self.first.len() as f64;
        let mean_index = (n - 1.0) / 2.0;
        let mean = self.first.iter().sum::<f64>() / n;
        let indexed = || self.first.iter().enumerate().map(|(index, at)| (index as f64 - mean_index, at - mean));
        let period = indexed().map(|(x, y)| x * y).sum::<f64>() / indexed().map(|(x, _)| x * x).sum::<f64>();
        self.first.clear();
        let per_minute = 60.0 * f64::from(self.rate.0) / (period * PULSES as f64);
        if TEMPI.contains(&per_minute) {
            let at = mean + period * (n - 1.0 - mean_index);
            (self.line, self.age) = (Some(Line { from: self.next, at, period }), 0.0);
        }
    }

    /// From the next pulse on they count.
    fn go(&mut self) {
        self.running = true;
        let period = self.line.map(|line| line.period).or(self.period);
        self.begin_anew();
        self.period = period;
    }

    fn begin_anew(&mut self) {
        (self.line, self.period) = (None, None);
        self.first.clear();
        (self.astray, self.supposed) = (0, 0);
    }

    fn count(&mut self, pulses: i64) {
        if self.running {
            self.next += pulses;
        } else if let Some(line) = &mut self.line {
            // While it stands, the tempo is heard and the song does not move.
            line.from = self.next - pulses;
        }
    }

    /// The pulse that comes next has another number now.
    fn renumber(&mut self) {
        if let Some(line) = &mut self.line {
            line.from = self.next - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    /// A small fixed sequence between -1 and 1.
    fn jitter(index: i64) -> f64 {
        let mixed = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 40) as f64 / f64::from(1u32 << 23) - 1.0
    }

    /// Frames between pulses at a tempo.
    fn period(per_minute: f64) -> f64 {
        60.0 * 48_000.0 / (per_minute * PULSES as f64)
    }

    /// Hears pulses at a tempo, each up to 2 ms early or late; gives how far (ms) the line was from the truth at each.
    fn hear(follower: &mut Follower, from: &mut f64, per_minute: f64, pulses: i64) -> Vec<f64> {
        let mut errors = Vec::new();
        for index in 0..pulses {
            let number = follower.next;
            follower.hear(ClockMessage::Tick, Frames((*from + jitter(index) * 96.0) as i64));
            if let Some(frame) = follower.frame_of(Beats::new(number, 96)) {
                errors.push((frame.0 as f64 - *from) / 48.0);
            }
            *from += period(per_minute);
        }
        errors
    }

    fn p99(errors: &[f64]) -> f64 {
        let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        sizes[sizes.len() * 99 / 100]
    }

    fn running() -> Follower {
        let mut follower = Follower::new(RATE);
        follower.hear(ClockMessage::Start, Frames(0));
        follower
    }

    #[test]
    fn a_jittered_clock_is_followed_within_a_few_milliseconds() {
        for per_minute in [40.0, 97.3, 120.0, 210.0] {
            let (mut follower, mut at) = (running(), 10_000.0);
            let errors = hear(&mut follower, &mut at, per_minute, 4000);
            assert!(p99(&errors) < 1.5, "{per_minute}: {}", p99(&errors));
            assert!(p99(&errors[400..]) < 0.8, "{per_minute}: {}", p99(&errors[400..]));
            let tempo = follower.tempo().unwrap().quarters_per_minute();
            assert!((tempo - per_minute).abs() < 0.005 * per_minute, "{tempo}");
            assert_eq!(follower.state(Frames(at as i64)), Following::Locked);
        }
    }

    #[test]
    fn beats_count_from_the_start_message() {
        let (mut follower, mut at) = (Follower::new(RATE), 0.0);
        // A clock that runs before the song does.
        hear(&mut follower, &mut at, 120.0, 100);
        follower.hear(ClockMessage::Start, Frames(at as i64 - 10));
        let first = at;
        hear(&mut follower, &mut at, 120.0, 97);
        let bar = follower.frame_of(Beats::WHOLE).unwrap().0 as f64;
        assert!((bar - first - 96_000.0).abs() < 60.0, "{bar} after {first}");
        assert_eq!(follower.beats_at(Frames(bar as i64 + 2)), Some(Beats::WHOLE));
        follower.hear(ClockMessage::Stop, Frames(at as i64));
        hear(&mut follower, &mut at, 120.0, 50);
        // Bar 3 by song position.
        follower.hear(ClockMessage::SongPosition(32), Frames(at as i64));
        follower.hear(ClockMessage::Continue, Frames(at as i64 - 10));
        let resumed = at;
        hear(&mut follower, &mut at, 120.0, 24);
        let third = follower.frame_of(Beats::WHOLE * 2).unwrap().0 as f64;
        assert!((third - resumed).abs() < 60.0, "{third} after {resumed}");
    }

    #[test]
    fn another_tempo_is_found_within_a_bar() {
        let (mut follower, mut at) = (running(), 0.0);
        hear(&mut follower, &mut at, 120.0, 500);
        let errors = hear(&mut follower, &mut at, 126.0, 192);
        assert!(p99(&errors[96..]) < 3.0, "{}", p99(&errors[96..]));
        // A jump: it counts anew, and the beats stay in step.
        let number = follower.next;
        let from = at;
        hear(&mut follower, &mut at, 60.0, 200);
        let tempo = follower.tempo().unwrap().quarters_per_minute();
        assert!((tempo - 60.0).abs() < 0.5, "{tempo}");
        let frame = follower.frame_of(Beats::new(number + 100, 96)).unwrap().0 as f64;
        assert!((frame - from - 100.0 * period(60.0)).abs() < 2.0 * period(60.0), "{frame}");
    }

    #[test]
    fn lost_and_doubled_pulses_do_not_move_the_beat() {
        let (mut follower, mut at) = (running(), 0.0);
        hear(&mut follower, &mut at, 120.0, 200);
        let number = follower.next;
        let truth = |pulse: i64| at + (pulse - number) as f64 * period(120.0);
        for pulse in number..number + 200 {
            if pulse % 40 == 13 {
                continue;
            }
            follower.hear(ClockMessage::Tick, Frames(truth(pulse) as i64));
            if pulse % 40 == 30 {
                follower.hear(ClockMessage::Tick, Frames(truth(pulse) as i64 + 3));
            }
        }
        let frame = follower.frame_of(Beats::new(number + 200, 96)).unwrap().0 as f64;
        assert!((frame - truth(number + 200)).abs() < 48.0, "{frame}, {}", truth(number + 200));
    }

    #[test]
    fn without_pulses_it_runs_on_for_two_seconds() {
        let (mut follower, mut at) = (running(), 0.0);
        hear(&mut follower, &mut at, 120.0, 100);
        let state = |seconds: f64| follower.state(Frames((at + seconds * 48_000.0) as i64));
        assert_eq!(
            [0.0, 0.3, 1.8, 2.2].map(state),
            [Following::Locked, Following::Freewheeling, Following::Freewheeling, Following::Waiting]
        );
    }
}
