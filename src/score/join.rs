//! Ties joined: a voice's bars as notes from striking to end, in absolute time.

use super::{Measure, Note, Place};
use crate::abc::Pitch;
use crate::time::Beats;

/// A note from its striking to its end; times from the start of the piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    pub onset: Beats,
    pub length: Beats,
    pub pitch: Pitch,
    /// 1 to 127.
    pub velocity: u8,
    /// Of the note that is struck.
    pub place: Place,
}

/// Joins the ties of one voice. Bars come with their starts, in order.
#[must_use]
pub fn join<M: std::borrow::Borrow<Measure>>(bars: impl IntoIterator<Item = (Beats, M)>) -> Vec<Joined> {
    let mut played: Vec<Joined> = Vec::new();
    // Notes that a tie may lengthen, by their place in `played`.
    let mut open: Vec<usize> = Vec::new();
    for (start, bar) in bars {
        // A tie that nothing took up at the bar line is over.
        open.retain(|&at| played[at].onset + played[at].length >= start);
        for note in &bar.borrow().notes {
            let onset = start + note.onset;
            let held = note.tied_from.then(|| open.iter().position(|&at| played[at].pitch == note.pitch)).flatten();
            let place = if let Some(held) = held {
                let place = open.swap_remove(held);
                let first = &mut played[place];
                first.length = first.length.max(onset + note.length - first.onset);
                place
            } else {
                let Note { length, pitch, velocity, place, .. } = *note;
                played.push(Joined { onset, length, pitch, velocity, place });
                played.len() - 1
            };
            if note.tied_to {
                open.push(place);
            }
        }
    }
    played
}
