//! What one bar of a voice hands to the next: ties, slurs, the dynamic, how far accidentals reach, and what `%%MIDI` says. Pure.

use super::DEFAULT_VELOCITY;
use super::dynamics::Shade;
use crate::abc::Pitch;
use crate::abc::ast::{Directive, Tune};
use crate::abc::midi::MidiCourse;
use crate::time::Beats;

/// How far an accidental reaches within its bar (ABC 2.1, 11.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Not beyond its note.
    Not,
    /// The same letter in the same octave.
    Octave,
    /// The same letter in all octaves: the standard's default.
    #[default]
    Pitch,
}

impl Propagation {
    /// What the last `%%propagate-accidentals` of a tune says.
    #[must_use]
    pub fn of(directives: &[Directive]) -> Propagation {
        let words = directives.iter().rev().find_map(|d| d.text.strip_prefix("propagate-accidentals"));
        match words.map(str::trim) {
            Some("not") => Propagation::Not,
            Some("octave") => Propagation::Octave,
            _ => Propagation::Pitch,
        }
    }
}

/// What one bar of a voice hands to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Sounding pitches that a tie holds over the bar line.
    pub tied: Vec<Pitch>,
    /// The dynamic in force, 1 to 127.
    pub velocity: u8,
    /// Slurs that are open.
    pub slurs: u8,
    /// Bars played so far.
    pub bars: usize,
    /// Dynamics and hairpins so far, each with its bar and its time in it: what [`super::swell`] goes by.
    pub shades: Vec<(usize, Beats, Shade)>,
    pub propagation: Propagation,
    /// What `%%MIDI` says, bar by bar.
    pub midi: MidiCourse,
}

impl Default for Carry {
    fn default() -> Self {
        let (propagation, midi) = (Propagation::default(), MidiCourse::default());
        Carry { tied: Vec::new(), velocity: DEFAULT_VELOCITY, slurs: 0, bars: 0, shades: Vec::new(), propagation, midi }
    }
}

impl Carry {
    /// What the first bar of a tune's voice begins with.
    #[must_use]
    pub fn of(tune: &Tune, voice: &str) -> Carry {
        let midi = MidiCourse::of(tune, &[voice]);
        Carry { propagation: Propagation::of(&tune.directives), midi, ..Carry::default() }
    }
}
