//! Barline.

pub mod abc;
pub mod check;
pub mod compose;
pub mod event;
pub mod notes;
pub mod prompt;
pub mod score;
pub mod steer;
pub mod time;
pub mod transport;
