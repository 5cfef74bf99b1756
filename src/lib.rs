//! Barline.

pub mod abc;
pub mod audio;
pub mod clock;
pub mod engine;
pub mod event;
pub mod export;
pub mod midi;
pub mod prompt;
pub mod queue;
pub mod realtime;
pub mod score;
pub mod synth;
pub mod time;
pub mod transport;
