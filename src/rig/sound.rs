//! How a voice sounds and where: what the outputs and the journal are told of it. Plain values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SYNTH, is_synth};
use crate::compose::Role;
use crate::event::{ScheduledEvent, VoiceSlot};
use crate::prompt::{MAX_VOICES, Voice};
use crate::time::Frames;

/// How a voice sounds, and on which slot. Acts at once, as the outputs take it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    pub at: Frames,
    /// The way to the output is this one from here on, where that is later: a port that is found again waits for its bar line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Frames>,
    pub slot: VoiceSlot,
    pub name: String,
    pub role: Role,
    /// What the synth plays of it; on its way to a port, when that is missing.
    pub patch: String,
    /// A part of a port's name, or `synth`; without it where the command line says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub out: Option<String>,
    /// From 1 to 16.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub channel: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub program: Option<u8>,
    #[serde(skip_serializing_if = "is_zero", default)]
    pub latency_ms: u16,
    /// Channel (1 to 16) and note of a drum, by its General MIDI note.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub drums: BTreeMap<u8, (u8, u8)>,
    pub gain: f32,
    pub pan: f32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// What is done for the outputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Send(ScheduledEvent),
    /// A slot sounds otherwise from here on.
    Sound(Sound),
    /// What goes to an output is nudged otherwise from here on: to a port by the part of its name that sounds say, or to [`SYNTH`].
    Nudge {
        at: Frames,
        output: String,
        /// Later, where it is positive.
        ms: i16,
    },
}

impl Sound {
    #[must_use]
    pub fn of(voice: &Voice, slot: VoiceSlot, at: Frames) -> Sound {
        let output = voice.output.as_deref();
        Sound {
            at,
            from: None,
            slot,
            name: voice.name.clone(),
            role: voice.role,
            patch: voice.patch.clone(),
            out: voice.out.clone(),
            channel: voice.channel,
            program: voice.program,
            latency_ms: output.map_or(0, |output| output.latency_ms),
            drums: output.map(|output| output.drums.clone()).unwrap_or_default(),
            gain: voice.gain,
            pan: voice.pan,
        }
    }

    /// The same on the synth.
    #[must_use]
    pub fn at_home(&self) -> Sound {
        Sound { out: Some(SYNTH.to_owned()), from: None, ..self.clone() }
    }

    /// The port that it goes to; `default` is where voices go that do not say.
    #[must_use]
    pub fn port<'a>(&'a self, default: Option<&'a str>) -> Option<&'a str> {
        self.out.as_deref().or(default).filter(|out| !is_synth(out))
    }

    /// Whether events go the same way.
    #[must_use]
    pub fn goes_as(&self, other: &Sound) -> bool {
        let way = |sound: &Sound| (sound.out.clone(), sound.channel, sound.role == Role::Drums);
        way(self) == way(other) && (self.latency_ms, &self.drums) == (other.latency_ms, &other.drums)
    }

    /// Whether its numbers are in their ranges.
    #[must_use]
    pub fn is_sane(&self) -> bool {
        let channel = |channel: &u8| (1..=16).contains(channel);
        usize::from(self.slot.0) < MAX_VOICES
            && self.channel.as_ref().is_none_or(channel)
            && self.latency_ms <= 1000
            && self.drums.values().all(|(its, note)| channel(its) && *note < 128)
    }
}
