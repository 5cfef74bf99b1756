//! How late messages leave: counted on the MIDI thread or in the audio cycle, without a heap or a lock, read from any thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Four to the octave of microseconds, up to 16 s: a quantile is at most a quarter too great.
const BUCKETS: usize = 96;

/// A histogram of the time from due to sent.
#[derive(Debug)]
pub struct Lateness {
    counts: [AtomicU64; BUCKETS],
    /// µs.
    max: AtomicU64,
}

/// What a histogram comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// How many messages it is of.
    pub messages: u64,
    /// Half of them left no later than this, and 99 of 100.
    pub p50: Duration,
    pub p99: Duration,
    pub max: Duration,
}

impl Default for Lateness {
    fn default() -> Lateness {
        Lateness { counts: [const { AtomicU64::new(0) }; BUCKETS], max: AtomicU64::new(0) }
    }
}

impl Lateness {
    /// One more message. Neither allocates nor waits.
    pub fn record(&self, late: Duration) {
        let micros = late.as_micros() as u64;
        self.counts[bucket(micros)].fetch_add(1, Ordering::Relaxed);
        self.max.fetch_max(micros, Ordering::Relaxed);
    }
}

impl Timing {
    /// Of all messages of some outputs.
    #[must_use]
    pub fn of<'a>(outputs: impl Iterator<Item = &'a Lateness>) -> Timing {
        let (mut counts, mut max) = ([0; BUCKETS], 0);
        for output in outputs {
            for (sum, count) in counts.iter_mut().zip(&output.counts) {
                *sum += count.load(Ordering::Relaxed);
            }
            max = output.max.load(Ordering::Relaxed).max(max);
        }
        let messages: u64 = counts.iter().sum();
        let quantile = |percent: u64| {
            let mut left = (messages * percent).div_ceil(100).max(1);
            let at = counts.iter().position(|&count| {
                left = left.saturating_sub(count);
                left == 0
            });
            Duration::from_micros(at.map_or(0, upper).min(max))
        };
        Timing { messages, p50: quantile(50), p99: quantile(99), max: Duration::from_micros(max) }
    }
}

impl std::fmt::Display for Timing {
    /// `0.01/0.2/1.3 ms`: half, 99 of 100, all.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [self.p50, self.p99, self.max].map(|late| {
            let millis = late.as_secs_f64() * 1e3;
            if millis < 0.1 { (millis * 100.0).round() / 100.0 } else { (millis * 10.0).round() / 10.0 }
        });
        write!(f, "{p50}/{p99}/{max} ms")
    }
}

fn bucket(micros: u64) -> usize {
    let octave = micros.checked_ilog2().unwrap_or(0) as usize;
    if octave < 2 {
        return micros as usize;
    }
    (4 * (octave - 1) + (micros >> (octave - 2)) as usize % 4).min(BUCKETS - 1)
}

/// The greatest number of µs in a bucket.
fn upper(bucket: usize) -> u64 {
    if bucket < 4 {
        return bucket as u64;
    }
    ((bucket % 4 + 5) << (bucket / 4 - 1)) as u64 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_begins_behind_the_one_before() {
        for at in 0..BUCKETS - 1 {
            assert_eq!((bucket(upper(at)), bucket(upper(at) + 1)), (at, at + 1));
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_of_all_outputs_and_a_quarter_too_great_at_most() {
        let outputs = [Lateness::default(), Lateness::default()];
        assert_eq!(Timing::of(outputs.iter()), Timing::default());
        for micros in 1..=1000 {
            outputs[micros % 2].record(Duration::from_micros(micros as u64));
        }
        let timing = Timing::of(outputs.iter());
        assert_eq!((timing.messages, timing.max), (1000, Duration::from_millis(1)));
        for (quantile, exact) in [(timing.p50, 500), (timing.p99, 990)] {
            assert!((exact..=exact * 5 / 4).contains(&quantile.as_micros()), "{quantile:?} {exact}");
        }
        let few = Lateness::default();
        for micros in [3, 3, 3, 1260] {
            few.record(Duration::from_micros(micros));
        }
        assert_eq!(Timing::of([&few].into_iter()).to_string(), "0/1.3/1.3 ms");
    }
}
