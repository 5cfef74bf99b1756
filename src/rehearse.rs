//! Rehearsing: a set that is scripted, played on virtual time, and what would be heard and said of it. Pure; runs on the thread that asks.
//!
//! It is the instrument as it plays live, but for time: the same conductor through the same recorder takes the same commands. What is
//! asked at a place is done just before the notes of that place, and the outputs need no notice, so that a mute there is heard there.

mod hand;
mod heard;
mod mortal;
mod player;
mod set;

pub use player::{Given, Rehearsal, rehearse};
pub use set::{Action, Entry, Place, Set};

use num_rational::Ratio;
use serde::{Serialize, Serializer};

use crate::time::Beats;

/// A note that is heard, or a sentence that the performer is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Told {
    Note {
        bar: i64,
        /// From 1, in the beats that are felt ([`crate::abc::Meter::beat`]).
        #[serde(serialize_with = "fraction")]
        beat: Ratio<i64>,
        voice: String,
        /// 0 to 127.
        pitch: u8,
        /// 1 to 127.
        velocity: u8,
        /// From its striking to its end, ties joined.
        length: Beats,
        /// `text`, `varied`, `model`, `hand`, `edit` or `ladder`.
        by: &'static str,
    },
    Message {
        bar: i64,
        #[serde(serialize_with = "fraction")]
        beat: Ratio<i64>,
        message: String,
    },
}

/// `1`, `5/2`.
fn fraction<S: Serializer>(value: &Ratio<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// `  9:5/2  lead 62 80 1/8 model`, as `notes` has them behind the place, and `  9:1    what is said`.
impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Told::Note { bar, beat, voice, pitch, velocity, length, by } => {
                write!(f, "{bar:3}:{:6} {voice} {pitch} {velocity} {length} {by}", beat.to_string())
            }
            Told::Message { bar, beat, message } => write!(f, "{bar:3}:{:6} {message}", beat.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
