//! The performer's mutes, solos and gains: now, and on phrase lines to come. A gain is a factor beside the text's.
//! On the thread of the scheduler.

use std::sync::Arc;

use super::Conductor;
use super::hands::Mix;
use crate::event::{Action, Command, ScheduledEvent, VoiceSlot};
use crate::prompt::{Scene, Voice};
use crate::rig::controller::VOLUME;
use crate::time::Frames;

impl Conductor {
    /// Tells them of the gains that were armed and wait with the outputs for their phrase lines.
    pub(super) fn mix_ahead(&mut self, scene: &Scene, out: &mut dyn FnMut(ScheduledEvent)) {
        let mut told: Vec<(VoiceSlot, u8)> = Vec::new();
        for (at, mix) in self.armed.mixes() {
            for voice in scene.voices.iter().filter(|voice| mix.gain(&voice.name).is_some()) {
                let Some(slot) = self.slot(&voice.name) else { continue };
                let value = volume(voice, mix);
                out(ScheduledEvent { at: *at, action: Action::Control { voice: slot, controller: VOLUME, value } });
                told.push((slot, value));
            }
        }
        for (slot, value) in told {
            self.told.tell(slot, VOLUME, value);
        }
    }

    /// A mute, a solo or a gain, which the hands have taken: now, and at the phrase lines that are fixed and still to come.
    pub(super) fn set_mix(&mut self, command: &Command, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.armed.mixes_mut().for_each(|mix| mix.take(command));
        if matches!(command, Command::Gain { .. }) {
            let scene = Arc::clone(&self.scene);
            self.mix(&scene, now, out);
        }
    }
}

/// Controller 7 at 100 is unity in the synth's mixer and the usual default in hardware.
pub(super) fn volume(voice: &Voice, mix: &Mix) -> u8 {
    (100.0 * voice.gain * mix.gain(&voice.name).unwrap_or(1.0)).round().min(127.0) as u8
}
