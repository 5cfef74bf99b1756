//! What a bar sounds like: notes in exact musical time. Plain values, filled from parsed ABC, printed back by `abc::print`.

use serde::{Deserialize, Serialize};

use crate::abc::interval::Interval;
use crate::abc::{Pitch, chord};
use crate::time::Beats;

mod join;
mod measure;
mod unfold;

pub use join::{Joined, join};
pub(crate) use measure::summable;
pub use measure::{Carry, Propagation, measure};
pub use unfold::unfold;

/// One bar of one voice as notes. Onsets count from the bar's start; `0 <= onset`, `onset + length` may pass the bar's end only in text that is itself too long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The time that the text of the bar fills (not what the metre asks for).
    pub length: Beats,
    /// Sorted by onset, then pitch.
    pub notes: Vec<Note>,
    /// Chord symbols (`"Am7"`), sorted by onset.
    pub chords: Vec<ChordSymbol>,
}

/// A sounding note within its bar. Ties are kept as flags; whoever plays joins them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub onset: Beats,
    pub length: Beats,
    pub pitch: Pitch,
    /// MIDI velocity, 1–127. `mf` (the default) is 90 (ABC 2.1, 4.14).
    pub velocity: u8,
    /// A tie joins this note to the one before (it is not struck again).
    pub tied_from: bool,
    /// A tie joins this note to the next.
    pub tied_to: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChordSymbol {
    pub onset: Beats,
    /// Without the quotes: `Am7`, `C/G`.
    pub text: String,
}

/// The velocity of `mf`, which holds until the text says otherwise (ABC 2.1, 4.14).
pub const DEFAULT_VELOCITY: u8 = 90;

impl Measure {
    /// The same music moved by an interval, chord symbols and their bass notes included.
    #[must_use]
    pub fn transposed(&self, interval: Interval) -> Measure {
        let mut notes: Vec<Note> =
            self.notes.iter().map(|note| Note { pitch: note.pitch.transposed(interval), ..*note }).collect();
        sort(&mut notes);
        let symbol =
            |symbol: &ChordSymbol| ChordSymbol { onset: symbol.onset, text: chord::transposed(&symbol.text, interval) };
        Measure { length: self.length, notes, chords: self.chords.iter().map(symbol).collect() }
    }

    /// The pitches that a tie holds into the next bar.
    #[must_use]
    pub fn tied_out(&self) -> Vec<Pitch> {
        let last = |note: &&Note| note.tied_to && note.onset + note.length >= self.length;
        self.notes.iter().filter(last).map(|note| note.pitch).collect()
    }
}

/// By onset, then pitch; of equal sounds the lower letter first.
fn sort(notes: &mut [Note]) {
    notes.sort_by_key(|note| (note.onset, note.pitch.midi(), note.pitch.ladder()));
}
