//! Where the notes of a bar end: at the next onset where the hand only articulates or plays legato, at a rest where it rests, and where it
//! lets go of what it holds. Pure.

use num_rational::Ratio;

use super::super::Grid;
use super::onsets::Onsets;
use super::places::Place;
use super::{Places, Stroke, Written};
use crate::time::Beats;

/// A rest, or the end of a note that is held over others, costs this, and less where something begins.
const REST: f64 = 1.5;
const WITH_OTHERS: f64 = 0.5;
/// What a note costs that is held over others.
const HELD: f64 = 1.0;
/// Legato overlaps by so much, in milliseconds.
const LEGATO: f64 = 60.0;
/// Notes of a chord that are let go of within so many milliseconds end together.
const TOGETHER: f64 = 80.0;

/// The ends of all strokes, given their beginnings. What is held goes on.
pub(super) fn read(strokes: &[Stroke], onsets: &Onsets, places: &Places, grid: &Grid) -> Vec<Written> {
    let end = grid.length;
    let inside = |at: Beats| onsets.triplets.iter().any(|(from, to)| *from < at && at < *to);
    let mut candidates: Vec<Place> = places.all.iter().filter(|place| !inside(place.at)).copied().collect();
    for (from, to) in &onsets.triplets {
        for third in 1..3 {
            let at = *from + (*to - *from).scale(Ratio::new(third, 3));
            candidates.push(Place { at, ms: places.straight(at), level: 0.3 });
        }
    }
    candidates.sort_by_key(|place| place.at);
    let offs = chord_ends(strokes, onsets);
    let ends = strokes.iter().enumerate().map(|(index, stroke)| {
        let from = onsets.from[index];
        let begins = if from < Beats::ZERO { Beats::ZERO } else { from };
        // A stroke that was just early enough for the next bar is that one's.
        if from >= end {
            return Written { from, to: from + grid.quant };
        }
        let Some(off) = offs[index] else { return Written { from, to: end + grid.quant } };
        // It ends no later than where its own pitch is struck again.
        let again = strokes.iter().zip(&onsets.from).filter(|(other, at)| other.pitch == stroke.pitch && **at > from);
        let again = again.map(|(_, at)| *at).min();
        let others = onsets.from.iter().filter(|at| **at > begins);
        let triplet =
            onsets.triplets.iter().find(|(start, to)| *start <= begins && begins < *to && from >= Beats::ZERO);
        let next = others.copied().min().unwrap_or(end).min(end);
        let next = triplet.map_or(next, |(_, to)| next.min(*to));
        let struck = strokes.iter().zip(&onsets.from).filter(|(_, at)| **at == next).map(|(other, _)| other.on);
        let struck = struck.fold(f64::INFINITY, f64::min);
        let nominal = places.played(next);
        let struck = if struck.is_finite() { struck } else { nominal };
        let start = places.played(from);
        let cost = |place: &Place| {
            if place.at == next {
                return fill(struck - off, struck - start);
            }
            let length = place.ms - start;
            let gap = ((place.ms - off) - articulation(length)) / spread(length, 0.08, 50.0);
            let with_others = onsets.from.contains(&place.at) || place.at == end;
            let odd = if with_others { WITH_OTHERS } else { REST } + if place.at > next { HELD } else { 0.0 };
            gap * gap / 2.0 + place.level + odd
        };
        let possible = candidates.iter().filter(|place| place.at > begins && (place.at <= next || off > struck));
        let possible = possible.filter(|place| again.is_none_or(|again| place.at <= again));
        let to = possible.map(|place| (cost(place), place.at)).min_by(|a, b| a.0.total_cmp(&b.0));
        Written { from, to: to.map_or(next, |(_, at)| at) }
    });
    ends.collect()
}

/// How long before the next note a note is let go of, in milliseconds, when it is `length` long.
fn articulation(length: f64) -> f64 {
    (0.08 * length).min(60.0)
}

fn spread(length: f64, share: f64, most: f64) -> f64 {
    25.0 + (share * length).min(most) * 0.75
}

/// What it costs to let a note last to the next one, before which it was let go of by `gap` milliseconds.
fn fill(gap: f64, length: f64) -> f64 {
    let off = if gap < 0.0 {
        gap / LEGATO
    } else {
        let more = gap - articulation(length);
        more / if more < 0.0 { LEGATO } else { spread(length, 0.13, 80.0) }
    };
    off * off / 2.0
}

/// When each stroke was let go of: those of one chord together, where they nearly were.
fn chord_ends(strokes: &[Stroke], onsets: &Onsets) -> Vec<Option<f64>> {
    let ends = strokes.iter().enumerate().map(|(index, stroke)| {
        let own = stroke.off?;
        let with = strokes.iter().zip(&onsets.from).filter(|(_, from)| **from == onsets.from[index]);
        let near: Vec<f64> =
            with.filter_map(|(other, _)| other.off).filter(|off| (off - own).abs() < TOGETHER).collect();
        Some(near.iter().sum::<f64>() / near.len() as f64)
    });
    ends.collect()
}
