//! The bridge between sample time and the machine's monotonic time. The audio side publishes, any thread reads; neither waits
//! for the other.

pub mod bench;
#[cfg(feature = "jack")]
pub mod boxes;
pub mod dll;
#[cfg(feature = "jack")]
pub mod followed;
#[cfg(feature = "jack")]
pub mod keyboard;
#[cfg(unix)]
pub mod server;
#[cfg(feature = "jack")]
pub mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

use crate::time::{Frames, SampleRate};
use dll::Line;

/// Published lines kept at once. A reader that was interrupted while the writer went round retries.
const SLOTS: usize = 4;

/// The loop's bandwidth in Hz: callbacks that come early or late by a millisecond move the clock by some 10 µs, a drifting
/// crystal is followed within seconds.
const BANDWIDTH: f64 = 0.5;

/// A callback this far (s) from its predicted time is a stall or a new stream, not jitter: start over.
const RELOCK_SECONDS: f64 = 0.1;

#[derive(Debug, Default)]
struct Slot {
    from: AtomicI64,
    at: AtomicU64,
    period: AtomicU64,
}

/// Tells which frame it is now, and when a frame is due. Due means that the audio side begins to render it; it is heard
/// [`Clock::latency`] later.
#[derive(Debug)]
pub struct Clock {
    rate: SampleRate,
    epoch: Instant,
    slots: [Slot; SLOTS],
    /// Lines published so far; the newest is in slot `(published - 1) % SLOTS`.
    published: AtomicU64,
    latest: AtomicI64,
    latency_nanos: AtomicU64,
}

impl Clock {
    /// A clock that stands at frame 0 until its [`Publisher`] says something.
    #[must_use]
    pub fn new(rate: SampleRate) -> Arc<Clock> {
        Arc::new(Clock {
            rate,
            epoch: Instant::now(),
            slots: Default::default(),
            published: AtomicU64::new(0),
            latest: AtomicI64::new(0),
            latency_nanos: AtomicU64::new(0),
        })
    }

    /// A clock that runs from now on with nobody publishing: frames from monotonic time alone.
    #[must_use]
    pub fn free_running(rate: SampleRate) -> Arc<Clock> {
        let clock = Clock::new(rate);
        clock.store(Line { from: 0, at: 0.0, period: nominal(rate) });
        clock
    }

    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The frame that is due now. Never goes backwards, also when the audio side stalls.
    #[must_use]
    pub fn now(&self) -> Frames {
        self.frame_at(Instant::now())
    }

    fn frame_at(&self, instant: Instant) -> Frames {
        let Some(line) = self.line() else { return Frames(0) };
        let frame = line.from + ((self.nanos(instant) - line.at) / line.period).floor() as i64;
        Frames(self.latest.fetch_max(frame, Ordering::Relaxed).max(frame))
    }

    /// The frame whose message to a box would have left at an instant, by what is known now: messages leave with the sound of their frame.
    #[must_use]
    pub fn frame_of_message(&self, instant: Instant) -> Frames {
        let Some(line) = self.line() else { return Frames(0) };
        let due = self.nanos(instant) - self.latency().as_nanos() as f64;
        Frames(line.from + ((due - line.at) / line.period).round() as i64)
    }

    /// When `frame` is due, by what is known now. Before anything is published: as if frame 0 were due now.
    #[must_use]
    pub fn instant_at(&self, frame: Frames) -> Instant {
        let line =
            self.line().unwrap_or_else(|| Line { from: 0, at: self.nanos(Instant::now()), period: nominal(self.rate) });
        self.epoch + Duration::from_nanos(line.due(frame.0).max(0.0) as u64)
    }

    /// How long after it is due a frame leaves the loudspeaker, as the audio device says; zero when it does not.
    #[must_use]
    pub fn latency(&self) -> Duration {
        Duration::from_nanos(self.latency_nanos.load(Ordering::Relaxed))
    }

    fn nanos(&self, instant: Instant) -> f64 {
        instant.saturating_duration_since(self.epoch).as_nanos() as f64
    }

    fn line(&self) -> Option<Line> {
        loop {
            let published = self.published.load(Ordering::Acquire);
            let slot = &self.slots[(published.checked_sub(1)? % SLOTS as u64) as usize];
            let line = Line {
                from: slot.from.load(Ordering::Relaxed),
                at: f64::from_bits(slot.at.load(Ordering::Relaxed)),
                period: f64::from_bits(slot.period.load(Ordering::Relaxed)),
            };
            fence(Ordering::Acquire);
            // The writer is at work at most on the slot after the newest.
            if self.published.load(Ordering::Relaxed) - published < SLOTS as u64 - 1 {
                return Some(line);
            }
        }
    }

    /// One thread at a time.
    fn store(&self, line: Line) {
        let published = self.published.load(Ordering::Relaxed);
        let slot = &self.slots[(published % SLOTS as u64) as usize];
        fence(Ordering::Release);
        slot.from.store(line.from, Ordering::Relaxed);
        slot.at.store(line.at.to_bits(), Ordering::Relaxed);
        slot.period.store(line.period.to_bits(), Ordering::Relaxed);
        self.published.store(published + 1, Ordering::Release);
    }
}

/// Nanoseconds per frame.
fn nominal(rate: SampleRate) -> f64 {
    1.0e9 / f64::from(rate.0)
}

/// The audio side's end: a [delay-locked loop](dll) in nanoseconds per frame.
#[derive(Debug)]
pub struct Publisher {
    clock: Arc<Clock>,
    line: Option<Line>,
}

impl Publisher {
    /// There must be one publisher per clock.
    #[must_use]
    pub fn new(clock: Arc<Clock>) -> Publisher {
        Publisher { clock, line: None }
    }

    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.clock.rate
    }

    /// The audio side begins to render `frame` at `instant`. Neither allocates nor waits.
    pub fn publish(&mut self, frame: Frames, instant: Instant) {
        let nanos = self.clock.nanos(instant);
        let line = match self.line {
            Some(line) if frame.0 > line.from => {
                if (nanos - line.due(frame.0)).abs() < RELOCK_SECONDS * 1.0e9 {
                    line.follow(frame.0, nanos, 1.0e9, BANDWIDTH)
                } else {
                    Line { from: frame.0, at: nanos, period: nominal(self.clock.rate) }
                }
            }
            Some(line) if frame.0 == line.from => line,
            _ => Line { from: frame.0, at: nanos, period: nominal(self.clock.rate) },
        };
        self.line = Some(line);
        self.clock.store(line);
    }

    /// What the device says of the time from callback to loudspeaker.
    pub fn set_latency(&self, latency: Duration) {
        self.clock.latency_nanos.store(latency.as_nanos() as u64, Ordering::Relaxed);
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

    /// Publishes `callbacks` periods of a crystal that is `drift` off, each up to 1 ms early or late, and returns the worst
    /// error in µs of the last half.
    fn worst_error(drift: f64, callbacks: i64) -> f64 {
        let clock = Clock::new(RATE);
        let mut publisher = Publisher::new(Arc::clone(&clock));
        let truth = |frame: i64| 1.0e9 + frame as f64 * nominal(RATE) * (1.0 + drift);
        let mut worst = 0.0_f64;
        for callback in 0..callbacks {
            let frame = callback * 256;
            let nanos = truth(frame) + jitter(callback) * 1.0e6;
            publisher.publish(Frames(frame), clock.epoch + Duration::from_nanos(nanos as u64));
            if callback > callbacks / 2 {
                let due = clock.instant_at(Frames(frame + 256)) - clock.epoch;
                worst = worst.max((due.as_nanos() as f64 - truth(frame + 256)).abs() / 1.0e3);
            }
        }
        worst
    }

    #[test]
    fn jitter_is_filtered_and_drift_followed() {
        assert!(worst_error(0.0, 4000) < 200.0, "{}", worst_error(0.0, 4000));
        assert!(worst_error(200.0e-6, 4000) < 200.0, "{}", worst_error(200.0e-6, 4000));
    }

    #[test]
    fn a_stall_is_taken_up_at_once_and_time_never_runs_back() {
        let clock = Clock::new(RATE);
        let mut publisher = Publisher::new(Arc::clone(&clock));
        assert_eq!(clock.now(), Frames(0));
        let at = |ms: u64| clock.epoch + Duration::from_millis(ms);
        publisher.publish(Frames(0), at(0));
        publisher.publish(Frames(480), at(10));
        assert_eq!(clock.frame_at(at(1010)), Frames(48_480));
        // The device stood still for a second.
        publisher.publish(Frames(960), at(1020));
        assert_eq!(clock.frame_at(at(1020)), Frames(48_480), "stays where it was");
        assert_eq!(clock.instant_at(Frames(960)), at(1020));
        assert_eq!(clock.frame_at(at(3020)), Frames(96_960));
    }

    #[test]
    fn a_free_running_clock_counts_the_monotonic_time() {
        let clock = Clock::free_running(RATE);
        assert_eq!(clock.frame_at(clock.epoch + Duration::from_secs(2)), Frames(96_000));
        assert_eq!(clock.instant_at(Frames(24_000)), clock.epoch + Duration::from_millis(500));
    }
}
