//! How long a composer takes for a bar of one voice, from the bars that it has written. Pure; in the child it decides what can be there in
//! time, in the parent when bars are due.

use std::collections::VecDeque;
use std::time::Duration;

/// Bars from which the longest work is judged.
const MANY: usize = 64;
/// Bars from which the usual work is judged: few, since a machine's load changes.
const FEW: usize = 8;

/// The last bars' work, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Speed {
    works: VecDeque<Duration>,
}

impl Speed {
    /// A bar of one voice took this long.
    pub fn took(&mut self, work: Duration) {
        if self.works.len() >= MANY {
            self.works.pop_front();
        }
        self.works.push_back(work);
    }

    /// The median of the last few; `None` of none.
    #[must_use]
    pub fn usual(&self) -> Option<Duration> {
        self.rank(FEW, 50)
    }

    /// The 95th percentile; `None` of none.
    #[must_use]
    pub fn p95(&self) -> Option<Duration> {
        self.rank(MANY, 95)
    }

    fn rank(&self, of: usize, percent: usize) -> Option<Duration> {
        let mut last: Vec<Duration> = self.works.iter().rev().take(of).copied().collect();
        last.sort_unstable();
        last.get(last.len().saturating_sub(1) * percent / 100).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_follows_soon_and_the_longest_is_remembered() {
        let ms = Duration::from_millis;
        let mut speed = Speed::default();
        assert_eq!((speed.usual(), speed.p95()), (None, None));
        speed.took(ms(900));
        assert_eq!((speed.usual(), speed.p95()), (Some(ms(900)), Some(ms(900))));
        (1..=40).for_each(|n| speed.took(ms(n)));
        // 33 to 40, and all of 1 to 40 with the first.
        assert_eq!((speed.usual(), speed.p95()), (Some(ms(36)), Some(ms(39))));
        (0..64).for_each(|_| speed.took(ms(5)));
        assert_eq!(speed.p95(), Some(ms(5)));
    }
}
