//! A phrase in free time as the bars that its estimate makes of it. Pure.

use num_rational::Ratio;

use super::{Count, Estimate, Played};
use crate::hand::{Capture, Grid};
use crate::score::Measure;
use crate::time::{Beats, Tempo};

impl Count {
    /// Its tempo, to a tenth of a felt beat a minute.
    #[must_use]
    pub fn tempo(&self) -> Tempo {
        self.near(10)
    }

    fn near(&self, parts: i64) -> Tempo {
        Tempo::from_beat(self.meter.beat(), Ratio::new((self.beats * parts as f64).round() as i64, parts))
    }
}

impl Estimate {
    /// The phrase in full bars on the grid of `quant`, from [`Count::start`] on to the end of its last note.
    #[must_use]
    pub fn bars(&self, played: &[Played], quant: Beats) -> Vec<Measure> {
        // Finer than it is said, so that long phrases do not drift.
        let tempo = self.count.near(1000);
        let whole = 240.0 / tempo.quarters_per_minute();
        let place = |at: f64| Beats::new(((at - self.count.start) / whole * 1920.0).round() as i64, 1920);
        let mut events: Vec<(Beats, bool, u8, u8)> = Vec::with_capacity(played.len() * 2);
        for note in played {
            events.push((place(note.on), true, note.pitch, note.velocity));
            events.push((place(note.off), false, note.pitch, 0));
        }
        // What ends and begins at once ends first.
        events.sort_unstable();
        let Some(&(end, ..)) = events.last() else { return Vec::new() };
        let mut events = events.into_iter().peekable();
        let (mut capture, mut bars, mut start) = (Capture::default(), Vec::new(), Beats::ZERO);
        while start < end || !capture.is_empty() {
            let grid = Grid::new(start, quant, self.count.meter, tempo, &self.key);
            start += grid.length;
            while let Some((at, on, pitch, velocity)) = events.next_if(|event| event.0 < start + grid.patience()) {
                if on {
                    capture.strike(pitch, velocity, at, &grid);
                } else {
                    capture.release(pitch, at, &grid);
                }
            }
            let last = end <= start + grid.patience();
            bars.push(capture.give(&grid, last));
            if last {
                break;
            }
        }
        bars
    }
}
