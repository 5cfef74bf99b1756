//! What benchmarks share: the best of some runs, and percentiles. Pure but for the clock; on the caller's thread.

use std::time::{Duration, Instant};

/// How long the shortest of so many runs took: what disturbs only slows down.
#[must_use]
pub fn best(runs: usize, mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..runs).map(run).min().unwrap_or(Duration::MAX)
}

/// The value below which a share `p` (0 to 1) of the values lies: the nearest rank. `None` of none.
#[must_use]
pub fn percentile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (p * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1))).copied()
}
