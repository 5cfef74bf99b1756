//! What a bar sounds like: notes in exact musical time. Plain values, filled from parsed ABC, printed back by `abc::print`.

use crate::abc::interval::Interval;
use crate::abc::{Pitch, Span, chord};
use crate::time::Beats;

mod carry;
pub mod dynamics;
mod exact;
mod expression;
mod join;
mod measure;
mod ornament;
mod splice;
mod surplus;
mod unfold;

pub use carry::{Carry, Propagation};
pub use dynamics::{LOUDER, Shade, swell};
pub(crate) use exact::summable;
pub use expression::{Expression, Human, OVERLAP, Setting, Swing, accent, play, written};
pub use join::{Joined, join};
pub use measure::measure;
pub use ornament::{Figure, Ornament, Ornaments, perform};
pub use surplus::too_long;
pub use unfold::unfold;

/// One bar of one voice as notes. Onsets count from the bar's start; `0 <= onset`, `onset + length` may pass the bar's end only in text that is itself too long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// The time that the text of the bar fills (not what the metre asks for).
    pub length: Beats,
    /// Sorted by onset, then pitch.
    pub notes: Vec<Note>,
    /// Chord symbols (`"Am7"`), sorted by onset.
    pub chords: Vec<ChordSymbol>,
    /// Grace notes, sorted by the onset of the note that they lead to, then as they are written.
    pub graces: Vec<Grace>,
}

/// A note within its bar as it is written; [`perform`] makes of it what sounds. Ties are kept as flags; whoever plays joins them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub marks: Marks,
    pub place: Place,
}

/// What is to be done with a note besides striking and holding it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each mark may stand beside every other")]
pub struct Marks {
    /// It sounds half its length.
    pub staccato: bool,
    /// It sounds its whole length, whatever the voice's gate is.
    pub tenuto: bool,
    /// A slur joins it to the next note.
    pub slurred: bool,
    /// Its velocity is said: the metre gives it no accent.
    pub fixed: bool,
    /// The measure's graces at its onset lead to it, and take their time from it.
    pub graced: bool,
    pub ornament: Option<Ornament>,
}

/// A grace note: without time of its own (ABC 2.1, 4.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Of the note that it leads to.
    pub onset: Beats,
    /// What it would like to have of that note.
    pub length: Beats,
    pub pitch: Pitch,
    pub place: Place,
}

/// Where the symbol stands in the text that was read; 0 to 0 for what no text says. Music is the same wherever it is written: all
/// places are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(pub Span);

impl PartialEq for Place {
    fn eq(&self, _: &Place) -> bool {
        true
    }
}

impl Eq for Place {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChordSymbol {
    pub onset: Beats,
    /// Without the quotes: `Am7`, `C/G`.
    pub text: String,
}

impl Note {
    /// A note without ties and marks, which no text says.
    #[must_use]
    pub fn new(onset: Beats, length: Beats, pitch: Pitch, velocity: u8) -> Note {
        let (marks, place) = (Marks::default(), Place::default());
        Note { onset, length, pitch, velocity, tied_from: false, tied_to: false, marks, place }
    }

    /// The same with its velocity as it is, on every beat.
    #[must_use]
    pub fn fixed(self) -> Note {
        Note { marks: Marks { fixed: true, ..self.marks }, ..self }
    }
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
        let grace = |grace: &Grace| Grace { pitch: grace.pitch.transposed(interval), ..*grace };
        Measure {
            length: self.length,
            notes,
            chords: self.chords.iter().map(symbol).collect(),
            graces: self.graces.iter().map(grace).collect(),
        }
    }

    /// Whether the same is heard: onsets, lengths and sounding pitches, however they are written.
    #[must_use]
    pub fn same_tune(&self, other: &Measure) -> bool {
        fn tune(bar: &Measure) -> impl Iterator<Item = (Beats, Beats, i32)> {
            bar.notes.iter().map(|note| (note.onset, note.length, note.pitch.midi()))
        }
        tune(self).eq(tune(other))
    }

    /// Whether a note has a mark that is written with it, and that [`perform`] plays: staccato, graces, an ornament.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.notes.iter().any(|note| note.marks.staccato || note.marks.graced || note.marks.ornament.is_some())
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
