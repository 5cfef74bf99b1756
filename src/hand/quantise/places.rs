//! The places of a bar and of the one behind it: when each is played, and how odd it is. Pure.

use num_rational::Ratio;

use super::super::Grid;
use crate::score::Swing;
use crate::time::Beats;

/// What a place costs by how often the beat is halved to get there (in compound beats: thirds, their halves, and so on).
const LEVELS: [f64; 4] = [0.0, 0.3, 1.0, 2.2];

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Place {
    /// From the start of the bar.
    pub at: Beats,
    /// When a hand plays it, in milliseconds.
    pub ms: f64,
    pub level: f64,
}

/// All places of two bars, in order, from the first's start on.
#[derive(Clone, Debug)]
pub(in super::super) struct Places {
    pub all: Vec<Place>,
    /// The place of the bar's end.
    pub end: usize,
    swing: Option<Swing>,
    lag: f64,
    second: Beats,
}

impl Places {
    /// `lag`: how late the hand is, in milliseconds.
    pub fn new(grid: &Grid, swing: Option<Swing>, lag: f64) -> Places {
        let mut places = Places { all: Vec::new(), end: 0, swing, lag, second: grid.second };
        for bar in [Beats::ZERO, grid.length] {
            let mut within = Beats::ZERO;
            while within < grid.length {
                places.push(bar + within, level(within, grid));
                within += grid.quant;
            }
            if bar == Beats::ZERO {
                places.end = places.all.len();
            }
        }
        places.push(grid.length * 2, 0.0);
        places
    }

    fn push(&mut self, at: Beats, level: f64) {
        let place = Place { at, ms: self.played(at), level };
        self.all.push(place);
    }

    /// When the hand plays what is written at a time of the bar.
    pub fn played(&self, at: Beats) -> f64 {
        self.straight(self.swing.map_or(at, |swing| swing.warp(at)))
    }

    /// The same as if it did not swing: so are triplets played.
    pub fn straight(&self, at: Beats) -> f64 {
        let seconds = at.ratio(self.second);
        1000.0 * *seconds.numer() as f64 / *seconds.denom() as f64 + self.lag
    }
}

fn level(within: Beats, grid: &Grid) -> f64 {
    let mut step = grid.beat;
    for (depth, cost) in LEVELS.into_iter().enumerate() {
        if within.is_multiple_of(step) {
            return cost;
        }
        let part = if depth == 0 && !grid.is_simple() { 3 } else { 2 };
        step = step.scale(Ratio::new(1, part));
    }
    LEVELS[3]
}
