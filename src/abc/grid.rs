//! A measure cut where its notes start and end, and the cuts moved to the grid on which canonical text is written.

use num_rational::Ratio;

use super::Pitch;
use crate::score::{ChordSymbol, Measure, Note};
use crate::time::Beats;

/// Ticks of a whole note. Every canonical time is a number of these.
pub const TICKS: i64 = 96;

/// The lengths that are written, longest first, in ticks. At `L:1/8`: 16 12 8 7 6 4 3 2 3/2 1 3/4 / and /4.
pub const LENGTHS: [i64; 13] = [192, 144, 96, 84, 72, 48, 36, 24, 18, 12, 9, 6, 3];

/// The grid of notes that are not in triplets: the shortest length.
pub(super) const GRID: i64 = 3;

/// A stretch of the bar in which the same notes sound throughout.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    /// In ticks; whole after [`on_grid`].
    start: Ratio<i64>,
    end: Ratio<i64>,
    /// Ascending, with whether each is tied to what follows.
    pub pitches: Vec<(Pitch, bool)>,
    /// Chord symbols at the start.
    pub chords: Vec<String>,
}

impl Slice {
    pub fn length(&self) -> Ratio<i64> {
        self.end - self.start
    }
}

pub(super) fn ticks(time: Beats) -> Ratio<i64> {
    time.ratio(Beats::new(1, TICKS))
}

/// Cuts the bar wherever a note starts or ends or a chord symbol stands.
pub(super) fn slices(measure: &Measure, length: Beats) -> Vec<Slice> {
    let notes = within(&measure.notes, length);
    let mut cuts = vec![Beats::ZERO, length];
    cuts.extend(notes.iter().flat_map(|note| [note.onset, note.onset + note.length]));
    cuts.extend(measure.chords.iter().map(|chord| chord.onset));
    cuts.retain(|cut| (Beats::ZERO..=length).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    let slice = |ends: &[Beats]| {
        let (start, end) = (ends[0], ends[1]);
        let sounding = notes.iter().filter(|note| note.onset <= start && note.onset + note.length >= end);
        let mut pitches: Vec<(Pitch, bool)> =
            sounding.map(|note| (note.pitch, note.tied_to || note.onset + note.length > end)).collect();
        pitches.sort_by_key(|(pitch, _)| (pitch.midi(), pitch.ladder()));
        pitches.dedup_by_key(|(pitch, _)| *pitch);
        let here = |chord: &&ChordSymbol| chord.onset == start;
        let chords = measure.chords.iter().filter(here).map(|chord| chord.text.replace('"', "'")).collect();
        Slice { start: ticks(start), end: ticks(end), pitches, chords }
    };
    cuts.windows(2).map(slice).collect()
}

/// The notes cut to the bar, and each cut off where its own pitch is struck again.
fn within(notes: &[Note], length: Beats) -> Vec<Note> {
    let mut kept: Vec<Note> = Vec::new();
    for note in notes {
        if note.onset < Beats::ZERO || note.onset >= length || note.length <= Beats::ZERO {
            continue;
        }
        for earlier in kept.iter_mut().filter(|earlier| earlier.pitch == note.pitch) {
            earlier.length = earlier.length.min(note.onset - earlier.onset);
        }
        kept.retain(|earlier| earlier.length > Beats::ZERO);
        // Cut at the bar's end the note sounds on only where a tie says so.
        kept.push(Note { length: note.length.min(length - note.onset), ..*note });
    }
    kept
}

/// Moves every cut that is not on the grid, triplets excepted, to the nearest place that is.
pub(super) fn on_grid(mut slices: Vec<Slice>) -> Vec<Slice> {
    let mut at = 0;
    while at < slices.len() {
        if slices.get(at..at + 3).is_some_and(is_triplet) {
            at += 3;
            continue;
        }
        let cut = slices[at].end;
        let nearest = (cut / GRID).round() * GRID;
        slices[at].end = nearest;
        if let Some(next) = slices.get_mut(at + 1) {
            next.start = nearest;
        }
        if slices[at].length() <= Ratio::from_integer(0) {
            // Too short to be written; its chord symbols go to what follows.
            let gone = slices.remove(at);
            if let Some(next) = slices.get_mut(at) {
                next.start = gone.start;
                next.chords.splice(0..0, gone.chords);
            }
            at -= usize::from(at > 0 && rejoin(&mut slices, at));
        } else {
            at += 1;
        }
    }
    // A tie holds only to the same pitch, which may have gone, or never been.
    for at in 1..slices.len() {
        let (before, after) = slices.split_at_mut(at);
        for (pitch, tie) in &mut before[at - 1].pitches {
            *tie &= after[0].pitches.iter().any(|(next, _)| next == pitch);
        }
    }
    slices
}

/// Joins two slices that only the one between them kept apart. Says whether it did.
fn rejoin(slices: &mut Vec<Slice>, at: usize) -> bool {
    let (before, after) = slices.split_at_mut(at);
    let (Some(left), Some(right)) = (before.last_mut(), after.first()) else { return false };
    let same = left.pitches.iter().map(|(pitch, _)| pitch).eq(right.pitches.iter().map(|(pitch, _)| pitch));
    // The last note of a triplet starts off the grid and stays as it is.
    let whole = (left.start / GRID).is_integer();
    let one = whole && same && right.chords.is_empty() && left.pitches.iter().all(|(_, tie)| *tie);
    if one {
        left.end = right.end;
        left.pitches.clone_from(&right.pitches);
        slices.remove(at);
    }
    one
}

/// Three equal stretches of 2/3 of a table length, which the grid cannot hold otherwise.
pub(super) fn is_triplet(group: &[Slice]) -> bool {
    triplet_length(group[0].length()).is_some()
        && group.iter().all(|slice| slice.length() == group[0].length() && !slice.pitches.is_empty())
}

/// The table length of which this is 2/3.
pub(super) fn triplet_length(length: Ratio<i64>) -> Option<i64> {
    let written = length * Ratio::new(3, 2);
    let off_grid = !(length / GRID).is_integer();
    (off_grid && written.is_integer()).then(|| written.to_integer()).filter(|written| LENGTHS.contains(written))
}
