//! Barline.

pub mod abc;
pub mod audio;
pub mod check;
pub mod clock;
pub mod compose;
pub mod conductor;
pub mod engine;
pub mod event;
pub mod export;
pub mod ladder;
pub mod midi;
pub mod notes;
pub mod prompt;
pub mod queue;
pub mod realtime;
pub mod record;
pub mod render;
pub mod scheduler;
pub mod score;
pub mod steer;
pub mod synth;
pub mod time;
pub mod timeline;
pub mod transport;
pub mod ui;
pub mod watch;
