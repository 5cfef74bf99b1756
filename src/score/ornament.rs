//! From the notes as written to those that sound: staccato, grace notes and ornaments (ABC 2.1, 4.12 and 4.14). Pure.
//!
//! All of it happens within the time of its own note, so that nothing else moves. Grace notes and the strokes of ornaments last
//! 1/32, which is 62 ms at 120 crotchets a minute, whatever `L:` is: the unit length is spelling, and the same music in another
//! spelling is to sound the same. At `L:1/8` it is the quarter of a unit that abc2midi gives a grace note.

use std::borrow::Cow;

use num_rational::Ratio;

use super::exact::FINEST;
use super::{Grace, Marks, Measure, Note, sort};
use crate::abc::interval::Interval;
use crate::time::Beats;

/// More graces than this are not played.
pub(super) const MOST_GRACES: usize = 8;

/// Graces that would be shorter are left out: 8 ms at 120.
const SHORTEST: i64 = 256;

/// A trill has no more strokes; on a very long note they are slower.
const MOST_STROKES: i64 = 32;

/// What an ornament's sign asks for. What else there is (slides, arpeggios, tremolos) is left plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Main and upper note in turns, from the main note to the main note.
    Trill,
    /// The Irish roll: main, upper, main, lower, main; the three main notes share the time evenly.
    Roll,
    /// Main, lower, main.
    LowerMordent,
    /// Main, upper, main.
    UpperMordent,
    /// Upper, main, lower, main.
    Turn,
    /// Lower, main, upper, main.
    InvertedTurn,
}

impl Figure {
    /// By the name of a decoration.
    #[must_use]
    pub fn of(decoration: &str) -> Option<Figure> {
        Some(match decoration {
            "trill" => Figure::Trill,
            "roll" => Figure::Roll,
            "lowermordent" | "mordent" => Figure::LowerMordent,
            "uppermordent" | "pralltriller" => Figure::UpperMordent,
            "turn" | "turnx" => Figure::Turn,
            "invertedturn" | "invertedturnx" => Figure::InvertedTurn,
            _ => return None,
        })
    }

    /// As it is written before a note.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Figure::Trill => "T",
            Figure::Roll => "~",
            Figure::LowerMordent => "M",
            Figure::UpperMordent => "P",
            Figure::Turn => "!turn!",
            Figure::InvertedTurn => "!invertedturn!",
        }
    }
}

/// An ornament and its neighbours, which key and accidentals in force decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ornament {
    pub figure: Figure,
    /// Semitones up to the upper note, 1 to 3.
    pub above: u8,
    /// Semitones down to the lower note, 1 to 3.
    pub below: u8,
}

/// Whether grace notes and ornaments are played. Staccato always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ornaments {
    LeftOut,
    Played,
}

/// The measure as it sounds, without the marks that are played here.
#[must_use]
pub fn perform(measure: Cow<'_, Measure>, ornaments: Ornaments) -> Cow<'_, Measure> {
    if !measure.is_marked() {
        return measure;
    }
    let mut measure = measure.into_owned();
    let written = std::mem::take(&mut measure.notes);
    let graces = std::mem::take(&mut measure.graces);
    let notes = &mut measure.notes;
    for together in written.chunk_by(|a, b| a.onset == b.onset) {
        let lead = if ornaments == Ornaments::Played { lead(together, &graces, notes) } else { Beats::ZERO };
        for &note in together {
            let length = sounding(&note);
            let marks = Marks { staccato: false, graced: false, ornament: None, ..note.marks };
            let mut plain = Note { length, marks, ..note };
            if note.marks.graced && lead > Beats::ZERO {
                plain = Note { onset: note.onset + lead, length: length - lead, tied_from: false, ..plain };
            }
            match note.marks.ornament.filter(|_| ornaments == Ornaments::Played) {
                Some(ornament) => ornamented(plain, ornament, notes),
                None => notes.push(plain),
            }
        }
    }
    sort(&mut measure.notes);
    Cow::Owned(measure)
}

/// What a grace note would like to have; its written length counts against the other graces'.
pub(super) fn grace_length(written: Ratio<i64>, acciaccatura: bool) -> Beats {
    part(Beats::THIRTY_SECOND * *written.numer(), written.denom() * if acciaccatura { 2 } else { 1 })
}

/// A staccato note lasts half as long; of tied notes the last one decides.
fn sounding(note: &Note) -> Beats {
    if note.marks.staccato && !note.tied_to { part(note.length, 2) } else { note.length }
}

/// Plays the graces before these notes; the time that they take from them is half of the shortest at most.
fn lead(hosts: &[Note], graces: &[Grace], notes: &mut Vec<Note>) -> Beats {
    let hosts = hosts.iter().filter(|note| note.marks.graced);
    let Some(host) = hosts.min_by_key(|note| sounding(note)) else { return Beats::ZERO };
    let first = graces.partition_point(|grace| grace.onset < host.onset);
    let here = graces[first..].iter().take_while(|grace| grace.onset == host.onset);
    let wanted: Beats = here.clone().map(|grace| grace.length).sum();
    let room = part(sounding(host), 2);
    let share = part(room, here.clone().count().max(1) as i64);
    if share < Beats::new(1, SHORTEST) {
        return Beats::ZERO;
    }
    let mut taken = Beats::ZERO;
    for grace in here {
        let length = if wanted > room { share } else { grace.length };
        let onset = host.onset + taken;
        notes.push(Note { place: grace.place, ..Note::new(onset, length, grace.pitch, host.velocity) });
        taken += length;
    }
    taken
}

/// The note with its ornament, or plain where there is no time for one or no key on the keyboard.
fn ornamented(note: Note, ornament: Ornament, notes: &mut Vec<Note>) {
    let strokes = strokes(ornament.figure, note.length);
    let Ornament { above, below, .. } = ornament;
    let midi = note.pitch.midi();
    if strokes.is_empty() || midi + i32::from(above) > 127 || midi < i32::from(below) {
        notes.push(note);
        return;
    }
    let neighbour = |side: i32| {
        let semitones = side * i32::from(if side > 0 { above } else { below });
        note.pitch.transposed(Interval { steps: side, semitones })
    };
    let mut now = note.onset;
    for (at, &(side, length)) in strokes.iter().enumerate() {
        let last = at + 1 == strokes.len();
        notes.push(Note {
            onset: now,
            length,
            pitch: neighbour(side),
            tied_from: note.tied_from && at == 0 && side == 0,
            tied_to: note.tied_to && last,
            marks: Marks { slurred: note.marks.slurred && last, ..note.marks },
            ..note
        });
        now += length;
    }
}

/// The strokes of a figure, 1 for the upper note, -1 for the lower, with their lengths, which together are `length`. None where they
/// would be shorter than 1/32; a roll that has no time for its lower note does without.
fn strokes(figure: Figure, length: Beats) -> Vec<(i32, Beats)> {
    let stroke = Beats::THIRTY_SECOND;
    let fit = i128::from(length.numerator()) * 32 / i128::from(length.denominator());
    let sides: &[i32] = match figure {
        Figure::Trill | Figure::Roll | Figure::UpperMordent => &[0, 1],
        Figure::LowerMordent => &[0, -1],
        Figure::Turn => &[1, 0, -1],
        Figure::InvertedTurn => &[-1, 0, 1],
    };
    if fit <= sides.len() as i128 {
        return Vec::new();
    }
    let mut strokes: Vec<(i32, Beats)> = match figure {
        Figure::Trill => {
            let stroke = part(length, MOST_STROKES).max(stroke);
            // In front of the last stroke an even number, so that it is the main note's.
            let before_last = (fit.min(MOST_STROKES.into()) as usize - 1) / 2 * 2;
            sides.iter().cycle().take(before_last).map(|&side| (side, stroke)).collect()
        }
        Figure::Roll if fit >= 6 => {
            let third = part(length, 3);
            vec![(0, third), (1, stroke), (0, third - stroke), (-1, stroke)]
        }
        _ => sides.iter().map(|&side| (side, stroke)).collect(),
    };
    let taken = strokes.iter().map(|(_, length)| *length).sum();
    strokes.push((0, length - taken));
    strokes
}

/// A part of a time, rounded up to where all times are.
fn part(time: Beats, of: i64) -> Beats {
    let below = i128::from(time.denominator()) * i128::from(of);
    Beats::new(((i128::from(time.numerator()) * i128::from(FINEST) + below - 1) / below) as i64, FINEST)
}
