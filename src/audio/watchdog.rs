//! Whether callbacks still come. Looked at by the supervisor, from time to time; a pure value.

/// Looks without a callback after which the stream is given up: a second. A callback that panicked is not called again, and nobody says so.
const STILL: u32 = 10;

/// As many looks pass first, five seconds, since some devices take their time to begin.
const GRACE: u32 = 50;

/// Counted in looks and not in seconds: a process that was stopped for a while has missed nothing.
#[derive(Debug)]
pub struct Watchdog {
    callbacks: u64,
    looks: u32,
    /// Looks since a callback came.
    still: u32,
}

impl Watchdog {
    /// Of a stream that was opened; `callbacks` is how many there have been.
    #[must_use]
    pub fn new(callbacks: u64) -> Watchdog {
        Watchdog { callbacks, looks: 0, still: 0 }
    }

    /// Whether the stream is dead, by the callbacks so far.
    pub fn is_gone(&mut self, callbacks: u64) -> bool {
        self.looks = self.looks.saturating_add(1);
        self.still = if callbacks == self.callbacks { self.still.saturating_add(1) } else { 0 };
        self.callbacks = callbacks;
        self.still >= STILL && self.looks >= GRACE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_whose_callbacks_stay_away_is_gone() {
        let mut watchdog = Watchdog::new(7);
        let begins = (0..40).map(|_| watchdog.is_gone(7)).collect::<Vec<_>>();
        let runs = (8..100).map(|callbacks| watchdog.is_gone(callbacks)).collect::<Vec<_>>();
        let stops = (0..STILL).map(|_| watchdog.is_gone(99)).collect::<Vec<_>>();
        assert!(!begins.contains(&true) && !runs.contains(&true));
        assert_eq!(stops.iter().position(|gone| *gone), Some(STILL as usize - 1));
        let mut never = Watchdog::new(7);
        assert_eq!((1..100).find(|_| never.is_gone(7)), Some(GRACE));
    }
}
