//! A measure cut where its notes start and end, and the cuts moved to the grid on which canonical text is written.

use std::collections::HashMap;

use num_rational::Ratio;

use super::Pitch;
use crate::score::{ChordSymbol, Figure, Grace, Measure, Note};
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
    /// Graces of the notes that start here.
    pub graces: Vec<Grace>,
    /// The ornament of a note that starts here.
    pub figure: Option<Figure>,
    /// Whether a staccato note ends here.
    pub staccato: bool,
    /// The greatest of the notes that are struck at the start.
    pub velocity: Option<u8>,
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
    let mut symbols: Vec<&ChordSymbol> = measure.chords.iter().collect();
    symbols.sort_by_key(|chord| chord.onset);
    let mut cuts = vec![Beats::ZERO, length];
    cuts.extend(notes.iter().flat_map(|note| [note.onset, note.onset + note.length]));
    cuts.extend(symbols.iter().map(|chord| chord.onset));
    cuts.retain(|cut| (Beats::ZERO..=length).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    // All go forward with the cuts, so that a bar of very many notes takes no longer for each.
    let (mut notes, mut symbols) = (notes.iter().peekable(), symbols.into_iter().peekable());
    let mut graces = measure.graces.iter().peekable();
    let mut sounding: Vec<&Note> = Vec::new();
    let slice = |ends: &[Beats]| {
        let (start, end) = (ends[0], ends[1]);
        sounding.retain(|note| note.onset + note.length > start);
        sounding.extend(std::iter::from_fn(|| notes.next_if(|note| note.onset <= start)));
        let mut pitches: Vec<(Pitch, bool)> =
            sounding.iter().map(|note| (note.pitch, note.tied_to || note.onset + note.length > end)).collect();
        pitches.sort_by_key(|(pitch, _)| (pitch.midi(), pitch.ladder()));
        pitches.dedup_by_key(|(pitch, _)| *pitch);
        let here = std::iter::from_fn(|| symbols.next_if(|chord| chord.onset <= start));
        let chords = here.filter(|chord| chord.onset == start).map(|chord| chord.text.replace('"', "'")).collect();
        let here = std::iter::from_fn(|| graces.next_if(|grace| grace.onset <= start));
        let graces = here.filter(|grace| grace.onset == start).copied().collect();
        let mut starting = sounding.iter().filter(|note| note.onset == start);
        let figure = starting.find_map(|note| Some(note.marks.ornament?.figure));
        let staccato = sounding.iter().any(|note| note.marks.staccato && note.onset + note.length == end);
        let struck = sounding.iter().filter(|note| note.onset == start && !note.tied_from);
        let velocity = struck.map(|note| note.velocity).max();
        Slice { start: ticks(start), end: ticks(end), pitches, chords, graces, figure, staccato, velocity }
    };
    cuts.windows(2).map(slice).collect()
}

/// The notes cut to the bar, by onset, and each cut off where its own pitch is struck again.
fn within(notes: &[Note], length: Beats) -> Vec<Note> {
    let inside = |note: &&Note| (Beats::ZERO..length).contains(&note.onset) && note.length > Beats::ZERO;
    // Cut at the bar's end the note sounds on only where a tie says so.
    let cut = |note: &Note| Note { length: note.length.min(length - note.onset), ..*note };
    let mut kept: Vec<Note> = notes.iter().filter(inside).map(cut).collect();
    kept.sort_by_key(|note| note.onset);
    let mut last: HashMap<Pitch, usize> = HashMap::new();
    for at in 0..kept.len() {
        if let Some(earlier) = last.insert(kept[at].pitch, at) {
            kept[earlier].length = kept[earlier].length.min(kept[at].onset - kept[earlier].onset);
        }
    }
    kept.retain(|note| note.length > Beats::ZERO);
    kept
}

/// Moves every cut that is not on the grid, triplets excepted, to the nearest place that is.
pub(super) fn on_grid(mut waiting: Vec<Slice>) -> Vec<Slice> {
    let mut slices: Vec<Slice> = Vec::with_capacity(waiting.len());
    waiting.reverse(); // the next one is the last
    while let Some(third_last) = waiting.len().checked_sub(1).map(|last| last.saturating_sub(2)) {
        if is_triplet(&waiting[third_last..]) {
            slices.extend(waiting.drain(third_last..).rev());
            continue;
        }
        let Some(mut slice) = waiting.pop() else { break };
        let nearest = (slice.end / GRID).round() * GRID;
        slice.end = nearest;
        if let Some(next) = waiting.last_mut() {
            next.start = nearest;
        }
        if slice.length() > Ratio::from_integer(0) {
            slices.push(slice);
            continue;
        }
        // Too short to be written; its chord symbols go to what follows.
        if let Some(next) = waiting.last_mut() {
            next.start = slice.start;
            slice.chords.append(&mut next.chords);
            next.chords = slice.chords;
        }
        if let (Some(left), Some(right)) = (slices.last_mut(), waiting.last())
            && rejoin(left, right)
        {
            waiting.pop();
            waiting.extend(slices.pop());
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
fn rejoin(left: &mut Slice, right: &Slice) -> bool {
    let same = left.pitches.iter().map(|(pitch, _)| pitch).eq(right.pitches.iter().map(|(pitch, _)| pitch));
    // The last note of a triplet starts off the grid and stays as it is.
    let whole = (left.start / GRID).is_integer();
    let one = whole && same && right.chords.is_empty() && left.pitches.iter().all(|(_, tie)| *tie);
    if one {
        left.end = right.end;
        left.pitches.clone_from(&right.pitches);
    }
    one
}

/// Three equal stretches of 2/3 of a table length, which the grid cannot hold otherwise.
pub(super) fn is_triplet(group: &[Slice]) -> bool {
    group.len() == 3
        && triplet_length(group[0].length()).is_some()
        && group.iter().all(|slice| slice.length() == group[0].length() && !slice.pitches.is_empty())
}

/// The table length of which this is 2/3.
pub(super) fn triplet_length(length: Ratio<i64>) -> Option<i64> {
    let written = length * Ratio::new(3, 2);
    let off_grid = !(length / GRID).is_integer();
    (off_grid && written.is_integer()).then(|| written.to_integer()).filter(|written| LENGTHS.contains(written))
}
