//! Barline.

pub mod abc;
pub mod check;
pub mod event;
pub mod notes;
pub mod prompt;
pub mod score;
pub mod time;
pub mod transport;
