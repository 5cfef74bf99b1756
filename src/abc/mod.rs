//! ABC notation, after the ABC standard 2.1 (December 2011): its vocabulary as types. Plain values; nothing here does I/O.
//!
//! `parse` reads text and never fails, `write` writes a whole tune and `print` a bar's notes as text, [`transpose`] moves a tune, [`bar`] is the automaton that knows which bytes may come next.

pub mod ast;
pub mod bar;
pub mod bench;
mod body;
pub mod chord;
pub mod diagnostic;
pub mod field;
pub mod grid;
pub mod interval;
pub mod key;
mod macros;
mod marks;
pub mod midi;
pub(crate) mod music;
pub mod parse;
pub mod piece;
pub mod print;
pub mod report;
mod symbol_line;
#[cfg(test)]
mod tests;
pub mod transpose;
mod tune;
mod voice;
pub mod write;

pub(crate) use tune::NAME_LENGTH;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use diagnostic::{Diagnostic, Fault, Severity};

use crate::time::Beats;

/// A half-open range of byte offsets into the text that was parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// `C D E F G A B`; the discriminant is the diatonic step from C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Step {
    C,
    D,
    E,
    F,
    G,
    A,
    B,
}

impl Step {
    pub const ALL: [Step; 7] = [Step::C, Step::D, Step::E, Step::F, Step::G, Step::A, Step::B];

    /// Semitones above C without accidentals.
    #[must_use]
    pub fn semitones(self) -> i32 {
        [0, 2, 4, 5, 7, 9, 11][self as usize]
    }

    /// From an ABC note letter of either case.
    #[must_use]
    pub fn from_letter(letter: u8) -> Option<Step> {
        Some(match letter.to_ascii_uppercase() {
            b'C' => Step::C,
            b'D' => Step::D,
            b'E' => Step::E,
            b'F' => Step::F,
            b'G' => Step::G,
            b'A' => Step::A,
            b'B' => Step::B,
            _ => return None,
        })
    }

    #[must_use]
    pub fn letter(self) -> u8 {
        b"CDEFGAB"[self as usize]
    }
}

/// A spelled, sounding pitch: the accidental is resolved, whatever the text left to key and bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pitch {
    pub step: Step,
    /// Semitones from the natural, -2 to 2.
    pub alter: i8,
    /// Scientific octave: `C` is C4 (MIDI 60), `c` is C5.
    pub octave: i8,
}

impl Pitch {
    /// MIDI note number; middle C is 60. Outside 0–127 for absurd octaves.
    #[must_use]
    pub fn midi(self) -> i32 {
        12 * (i32::from(self.octave) + 1) + self.step.semitones() + i32::from(self.alter)
    }
}

/// What a file of tunes says. Old tune books are Latin-1, where every byte is a character.
#[must_use]
pub fn decode(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().map(|&byte| char::from(byte)).collect())
}

/// An accidental as ABC writes it; `=` for 0.
pub(crate) fn accidental(alter: i8) -> &'static str {
    match alter {
        ..=-2 => "__",
        -1 => "_",
        0 => "=",
        1 => "^",
        2.. => "^^",
    }
}

/// The reverse of [`accidental`].
fn alteration(signs: &str) -> Option<i8> {
    (-2..=2).find(|&alter| accidental(alter) == signs)
}

/// `M:`. `None` in [`Meter::length`] means free metre (`M:none`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Meter {
    Free,
    Measured { numerator: u16, denominator: u16 },
}

/// As behind `M:`.
impl FromStr for Meter {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Meter, Fault> {
        field::meter(text)
    }
}

impl Meter {
    pub const COMMON: Meter = Meter::Measured { numerator: 4, denominator: 4 };

    /// Reads what stands behind `M:`: `6/8`, `C`, `C|`, `(2+3+2)/8`, `none`.
    pub fn parse(text: &str) -> Result<Meter, Fault> {
        field::meter(text)
    }

    /// The length of a full bar.
    #[must_use]
    pub fn length(self) -> Option<Beats> {
        match self {
            Meter::Free => None,
            Meter::Measured { numerator, denominator } => Some(Beats::new(numerator.into(), denominator.into())),
        }
    }

    /// The length that the instrument counts with: free metre counts as 4/4.
    #[must_use]
    pub fn bar_length(self) -> Beats {
        self.length().unwrap_or(Beats::WHOLE)
    }

    /// 6/8, 9/8, 12/8 and the like, where the beat is dotted.
    #[must_use]
    pub fn is_compound(self) -> bool {
        matches!(self, Meter::Measured { numerator, denominator } if numerator % 3 == 0 && numerator > 3 && denominator >= 8)
    }

    /// The felt beat: a dotted crotchet in compound eighths, the whole bar in 3/8, otherwise a crotchet
    /// (or the denominator where that is longer than the bar divides into).
    #[must_use]
    pub fn beat(self) -> Beats {
        match self {
            Meter::Free => Beats::new(1, 4),
            Meter::Measured { numerator: 3, denominator } if denominator >= 8 => Beats::new(3, denominator.into()),
            Meter::Measured { denominator, .. } if self.is_compound() => Beats::new(3, denominator.into()),
            Meter::Measured { numerator, denominator } => {
                let bar = Beats::new(numerator.into(), denominator.into());
                let quarter = Beats::new(1, 4);
                if bar.is_multiple_of(quarter) { quarter } else { Beats::new(1, denominator.into()) }
            }
        }
    }

    /// Where the strong beats are, from the start of the bar: the first one, and the middle one of an even number.
    pub fn strong_beats(self) -> impl Iterator<Item = Beats> {
        let bar = self.bar_length();
        let even = bar.is_multiple_of(self.beat() * 2);
        [Some(Beats::ZERO), even.then(|| bar.scale((1, 2).into()))].into_iter().flatten()
    }
}

impl std::fmt::Display for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Meter::Free => f.write_str("none"),
            Meter::Measured { numerator, denominator } => write!(f, "{numerator}/{denominator}"),
        }
    }
}
