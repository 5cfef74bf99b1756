//! Where the strokes of a bar begin: the cheapest way through its places in order, and triplets where they are cheaper. Pure.

use num_rational::Ratio;

use super::super::Grid;
use super::{Places, Stroke};
use crate::time::Beats;

/// Strokes this close together are one chord, however it is rolled, in milliseconds; further apart it costs.
const CHORD: f64 = 25.0;
/// What such a distance is measured with.
const ROLL: f64 = 22.0;
/// What it costs to write two strokes as one chord of which the first was over before the second.
const NO_CHORD: f64 = 4.0;
/// The same for two of one pitch.
const SAME_PITCH: f64 = 12.0;
/// The spans that three equal notes may have, as parts of a whole note, and what they cost.
const TRIPLETS: [(i64, f64); 3] = [(4, 1.2), (8, 2.5), (2, 2.5)];
/// So far may a note of a triplet be off its third, as a share of the span.
const THIRD: f64 = 0.111;

#[derive(Clone, Debug)]
pub(super) struct Onsets {
    /// As the strokes, from the start of the bar.
    pub from: Vec<Beats>,
    /// Triplets: their starts and ends.
    pub triplets: Vec<(Beats, Beats)>,
    pub cost: f64,
    /// How late each stroke was that begins in this bar, in milliseconds.
    pub late: Vec<f64>,
}

/// How much a stroke is off its place by human nature, in milliseconds.
fn looseness(grid: &Grid) -> f64 {
    let beat = Beats::QUARTER.ratio(grid.second);
    18.0 + 20.0 * *beat.numer() as f64 / *beat.denom() as f64
}

/// Strokes that an earlier bar has begun to write stay where they are. `closing`: nothing may stand on the bar's end.
pub(super) fn read(strokes: &[Stroke], places: &Places, grid: &Grid, closing: bool) -> Onsets {
    let sigma = looseness(grid);
    let off = |late: f64| (late / sigma) * (late / sigma) / 2.0;
    let fresh: Vec<usize> = (0..strokes.len()).filter(|at| strokes[*at].written.is_none()).collect();
    let count = places.end + usize::from(!closing);
    let way = cheapest(strokes, &fresh, &places.all[..count], &off);
    let mut onsets = Onsets {
        from: strokes.iter().map(|stroke| stroke.written.unwrap_or(Beats::ZERO)).collect(),
        triplets: Vec::new(),
        cost: 0.0,
        late: Vec::new(),
    };
    let mut late = vec![0.0; strokes.len()];
    let mut own = vec![0.0; strokes.len()];
    for (nth, &at) in fresh.iter().enumerate() {
        let place = places.all[way[nth]];
        onsets.from[at] = place.at;
        late[at] = strokes[at].on - place.ms;
        own[at] = off(late[at]) + if nth == 0 || way[nth - 1] != way[nth] { place.level } else { 0.0 };
    }
    if grid.is_simple() {
        for (part, odd) in TRIPLETS {
            let span = Beats::new(1, part);
            if span < grid.quant * 2 || !grid.length.is_multiple_of(span) {
                continue;
            }
            let mut start = Beats::ZERO;
            while start + span <= grid.length {
                let end = start + span;
                let free = onsets.triplets.iter().all(|(from, to)| end <= *from || start >= *to);
                if let Some((thirds, cost)) = triplet(strokes, &fresh, places, (start, span), &off).filter(|_| free)
                    && odd + cost < thirds.iter().map(|(at, _)| own[*at]).sum::<f64>()
                {
                    for (at, third) in thirds {
                        onsets.from[at] = start + third;
                        late[at] = strokes[at].on - places.straight(start + third);
                        own[at] = off(late[at]);
                    }
                    onsets.triplets.push((start, end));
                    onsets.cost += odd;
                }
                start += span;
            }
        }
    }
    // Nobody stands between the thirds.
    for &at in &fresh {
        let from = onsets.from[at];
        let inside = onsets.triplets.iter().find(|(start, end)| *start < from && from < *end);
        if let Some(&(start, end)) =
            inside.filter(|(start, end)| !(from - *start).is_multiple_of((*end - *start).scale(Ratio::new(1, 3))))
        {
            let (before, behind) = (strokes[at].on - places.straight(start), places.straight(end) - strokes[at].on);
            onsets.from[at] = if before < behind || (closing && end == grid.length) { start } else { end };
        }
    }
    onsets.cost += fresh.iter().map(|at| own[*at]).sum::<f64>();
    onsets.late = fresh.iter().map(|at| late[*at]).collect();
    onsets
}

/// The place of each fresh stroke: never one before that of the stroke before.
fn cheapest(
    strokes: &[Stroke],
    fresh: &[usize],
    places: &[super::places::Place],
    off: &dyn Fn(f64) -> f64,
) -> Vec<usize> {
    let mut costs: Vec<f64> = Vec::new();
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(fresh.len());
    for (nth, &at) in fresh.iter().enumerate() {
        let stroke = &strokes[at];
        let before = nth.checked_sub(1).map(|nth| &strokes[fresh[nth]]);
        let together = before.map_or(0.0, |before| together(before, stroke));
        // The cheapest of the places before this one, as it goes along.
        let mut least = (f64::INFINITY, 0);
        let mut next = Vec::with_capacity(places.len());
        let mut way = Vec::with_capacity(places.len());
        for (index, place) in places.iter().enumerate() {
            let (cost, from) = match costs.get(index) {
                None => (place.level, 0),
                Some(same) if same + together <= least.0 + place.level => (same + together, index),
                Some(_) => (least.0 + place.level, least.1),
            };
            next.push(cost + off(stroke.on - place.ms));
            way.push(from);
            if costs.get(index).is_some_and(|cost| *cost < least.0) {
                least = (costs[index], index);
            }
        }
        costs = next;
        ways.push(way);
    }
    let ends = costs.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    let mut index = ends.map_or(0, |(index, _)| index);
    let mut found = vec![0; fresh.len()];
    for nth in (0..fresh.len()).rev() {
        found[nth] = index;
        index = ways[nth][index];
    }
    found
}

/// What it costs that two strokes stand on one place.
fn together(before: &Stroke, stroke: &Stroke) -> f64 {
    let apart = ((stroke.on - before.on - CHORD) / ROLL).max(0.0);
    let over = before.off.is_some_and(|off| off < stroke.on + 5.0) && stroke.on - before.on > CHORD;
    let same = if before.pitch == stroke.pitch { SAME_PITCH } else { 0.0 };
    apart * apart / 2.0 + same + if over { NO_CHORD } else { 0.0 }
}

/// Who stands on which third of a span, where there is someone on each, and what they are off.
fn triplet(
    strokes: &[Stroke],
    fresh: &[usize],
    places: &Places,
    (start, span): (Beats, Beats),
    off: &dyn Fn(f64) -> f64,
) -> Option<(Vec<(usize, Beats)>, f64)> {
    let (from, to) = (places.straight(start), places.straight(start + span));
    let length = to - from;
    let here = |at: &&usize| (from - length / 6.0..to - length / 6.0).contains(&strokes[**at].on);
    let mut cost = 0.0;
    let mut found = Vec::new();
    let mut taken = [false; 3];
    for &at in fresh.iter().filter(here) {
        let place = (strokes[at].on - from) / length * 3.0;
        let third = place.round().clamp(0.0, 2.0);
        if (place - third).abs() > 3.0 * THIRD {
            return None;
        }
        taken[third as usize] = true;
        cost += off((place - third) / 3.0 * length);
        found.push((at, span.scale(Ratio::new(third as i64, 3))));
    }
    taken.iter().all(|taken| *taken).then_some((found, cost))
}
