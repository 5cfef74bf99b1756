//! The journal: a set as it was heard, written down while it is played, so that it can be played again.
//!
//! What sounds is not computed anew from bars, mutes and stops: every event that goes to the outputs is a line, as it was sent. Replaying
//! sends the same events on the same frames, so that it is the same music by construction. The bars, the prompts and what the performer
//! asked stand beside them, for eyes, for ABC and for what later versions make of them.
//!
//! [`Recorder`] runs on the scheduler's thread and gives each [`Line`] to [`Journal`], a room of its own that alone touches the disk;
//! [`read`] is the way back.

mod file;
mod line;
mod reading;
mod recorder;
mod state;
mod stretch;

pub use file::{EXTENSION, Journal};
pub(crate) use file::{create, name};
pub use line::{Evaluated, FORMAT, Header, Line, Played};
pub use reading::{Damage, Recording, read};
pub use recorder::Recorder;

#[cfg(test)]
mod tests;
