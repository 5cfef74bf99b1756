//! A bar of raw strokes as written notes: the whole bar is weighed at once, so that triplets, swing, rolled chords and legato are read for
//! what they are. Pure.
//!
//! Every reading has a cost, the negative logarithm of how likely it is: what a stroke is off its place, how odd the place is, and what is
//! odd besides (a rest, a held note). The cheapest reading is written. The same strokes make the same bar on every machine: the arithmetic
//! has no transcendental functions.

mod ends;
mod onsets;
mod places;

use crate::score::Swing;
use crate::time::Beats;

pub(super) use places::Places;

use super::Grid;

/// Shares of the first of two eighths that are told apart, in percent.
pub(super) const SHARES: [u8; 7] = [50, 54, 57, 60, 63, 65, 67];

/// What a swing that nobody asked for costs.
const ODD_SWING: f64 = 1.5;

/// The most that the swing of the bars before speaks for or against one.
const LASTING: f64 = 8.0;

/// The most that a hand is early or late throughout, in milliseconds.
const MOST_LAG: f64 = 60.0;

/// A stroke, in milliseconds from the start of the bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub pitch: u8,
    pub on: f64,
    /// `None` while it is held.
    pub off: Option<f64>,
    /// Where an earlier bar has written its beginning, from the start of this one.
    pub written: Option<Beats>,
}

/// A note of the bar, from its start; the end may lie behind that of the bar, where the note goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub from: Beats,
    pub to: Beats,
}

/// What a hand is used to, from bar to bar.
#[derive(Clone, Debug, Default)]
pub(super) struct Habit {
    /// What speaks against each of [`SHARES`].
    swing: [f64; SHARES.len()],
    /// How late it is, in milliseconds.
    lag: f64,
}

/// A bar as it is read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// As the strokes.
    pub notes: Vec<Written>,
    /// Where triplets end that a note may be held over: it has to be tied there.
    pub triplets: Vec<Beats>,
    pub habit: Habit,
}

/// Reads a bar. `strokes` in the order in which they were struck. `closing`: no bar follows, so that nothing may begin on its end.
pub(super) fn quantise(strokes: &[Stroke], grid: &Grid, habit: &Habit, closing: bool) -> Reading {
    let pair = Beats::QUARTER;
    let swings = grid.is_simple() && grid.beat.is_multiple_of(pair) && grid.quant <= Beats::EIGHTH;
    let known = grid.swing.filter(|swing| swings && swing.pair == pair).map(|swing| swing.share);
    let mut best: Option<(f64, Option<Swing>, onsets::Onsets)> = None;
    let mut costs = [0.0; SHARES.len()];
    for (share, cost) in SHARES.into_iter().zip(&mut costs) {
        let index = SHARES.iter().position(|other| *other == share).unwrap_or(0);
        if index > 0 && !swings {
            continue;
        }
        let swing = (share > 50).then_some(Swing { pair, share });
        let read = onsets::read(strokes, &Places::new(grid, swing, habit.lag), grid, closing);
        let expected = known.map_or(share == 50, |known| known.abs_diff(share) <= 2);
        *cost = read.cost;
        let total = read.cost + habit.swing[index] + if expected { 0.0 } else { ODD_SWING };
        if best.as_ref().is_none_or(|(least, ..)| total < *least) {
            best = Some((total, swing, read));
        }
    }
    let swing = best.as_ref().and_then(|best| best.1);
    let first = best.map(|best| best.2.late).unwrap_or_default();
    // A few strokes say little of the hand's habit.
    let count = first.len() as f64;
    let late = first.iter().sum::<f64>() / (count + 3.0);
    let lag = (habit.lag + late).clamp(-MOST_LAG, MOST_LAG);
    let places = Places::new(grid, swing, lag);
    let onsets = onsets::read(strokes, &places, grid, closing);
    let notes = ends::read(strokes, &onsets, &places, grid);
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let mut lasting = habit.swing;
    if swings {
        for (known, cost) in lasting.iter_mut().zip(costs) {
            *known = (*known * 0.8 + (cost - least)).min(LASTING);
        }
    }
    let triplets = onsets.triplets.iter().map(|(_, end)| *end).collect();
    Reading { notes, triplets, habit: Habit { swing: lasting, lag } }
}
