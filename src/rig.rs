//! The rig: the performer's hardware by name, as `rig.toml` beside the prompts has it, and the way of events to it. Values without I/O.
//!
//! A prompt says `out=bass` and `cutoff=20..110/8`; the rig knows the port, the channel, the controller's number and the notes of a drum box.

mod clocks;
pub mod controller;
pub(crate) mod drum;
mod nudge;
mod read;
mod route;
mod sound;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use clocks::{ClockPort, Clocks};
pub use nudge::{MOST_NUDGE_MS, Nudge};
pub use route::{Router, Way};
pub use sound::{Sound, Step};

use crate::prompt::Source;

/// The name of a rig's file.
pub const FILE: &str = "rig.toml";

/// The output that a voice names when it stays with the built-in synth.
pub const SYNTH: &str = "synth";

/// Milliseconds from a program change to the first note that needs it, where the rig does not say.
pub const PROGRAM_AHEAD_MS: u16 = 50;

/// All hardware by the names that `out=` may say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rig {
    pub outputs: BTreeMap<String, Arc<Output>>,
    /// What it was read from; empty where there is no file.
    pub source: Arc<Source>,
}

/// What MIDI clock is between us and a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockRole {
    /// Nothing.
    #[default]
    Apart,
    /// The box follows ours.
    Follows,
    /// We follow the box's.
    Leads,
}

/// One box, or one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// A part of the MIDI port's name, whatever the case.
    pub port: String,
    /// From 1 to 16; without it one is given.
    pub channel: Option<u8>,
    /// What the box needs from a message to its sound, 0 to 250: messages leave so much earlier.
    pub latency_ms: u16,
    /// Who of the two goes by the other's MIDI clock.
    pub clock: ClockRole,
    /// What the box calls its first program, 0 or 1: `prog=` counts as it does.
    pub program_base: u8,
    /// From a program change to the first note that needs it, 0 to 1000.
    pub program_ahead_ms: u16,
    /// Controllers by the performer's names, 0 to 119.
    pub cc: BTreeMap<String, u8>,
    /// Channel (1 to 16) and note of a drum, by its General MIDI note.
    pub drums: BTreeMap<u8, (u8, u8)>,
    /// The patch that plays while the port is missing; the voice's own without it.
    pub fallback: Option<String>,
}

impl Default for Output {
    fn default() -> Output {
        Output {
            port: String::new(),
            channel: None,
            latency_ms: 0,
            clock: ClockRole::Apart,
            program_base: 0,
            program_ahead_ms: PROGRAM_AHEAD_MS,
            cc: BTreeMap::new(),
            drums: BTreeMap::new(),
            fallback: None,
        }
    }
}

impl Rig {
    /// The output that `out=` names, if it is one of the rig's.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Arc<Output>> {
        self.outputs.get(name)
    }

    /// The ports whose boxes follow our clock, each once.
    #[must_use]
    pub fn clocks(&self) -> Arc<[ClockPort]> {
        let mut clocks: Vec<ClockPort> = Vec::new();
        for output in self.outputs.values().filter(|output| output.clock == ClockRole::Follows) {
            if clocks.iter().all(|known| !known.port.eq_ignore_ascii_case(&output.port)) {
                clocks.push(ClockPort { port: output.port.clone(), latency_ms: output.latency_ms });
            }
        }
        clocks.into()
    }

    /// The port of the box whose clock we follow.
    #[must_use]
    pub fn leader(&self) -> Option<Arc<str>> {
        let leader = self.outputs.values().find(|output| output.clock == ClockRole::Leads)?;
        Some(leader.port.as_str().into())
    }
}

/// Whether `out=` says the built-in synth.
#[must_use]
pub fn is_synth(out: &str) -> bool {
    out.eq_ignore_ascii_case(SYNTH)
}
