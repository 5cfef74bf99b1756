//! Barline.

pub mod abc;
pub mod event;
pub mod prompt;
pub mod score;
pub mod time;
pub mod transport;
pub mod ui;
pub mod watch;
