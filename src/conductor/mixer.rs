//! What the outputs are told of volume, place and program: the text's, and the performer's factor.

use super::Conductor;
use super::hands::Mix;
use crate::event::{Action, Command, ScheduledEvent, VoiceSlot};
use crate::prompt::{Scene, Voice};
use crate::time::Frames;

/// Stands for the program among the controllers that a slot was told.
pub(super) const PROGRAM: u8 = 128;
const VOLUME: u8 = 7;
const PAN: u8 = 10;

impl Conductor {
    /// Tells the outputs what the scene says of volume, place and program, where that has changed; at once.
    pub fn mix(&mut self, scene: &Scene, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        for voice in &scene.voices {
            let Some(slot) = self.slot(&voice.name) else { continue };
            let pan = (64.0 + 63.0 * voice.pan).round() as u8;
            for (controller, value) in [(VOLUME, volume(voice, &self.hands.mix)), (PAN, pan)] {
                if self.told.insert((slot, controller), value) != Some(value) {
                    out(ScheduledEvent { at: now, action: Action::Control { voice: slot, controller, value } });
                }
            }
            if let Some(program) = voice.program
                && self.told.insert((slot, PROGRAM), program) != Some(program)
            {
                out(ScheduledEvent { at: now, action: Action::Program { voice: slot, program } });
            }
        }
        self.mix_ahead(scene, out);
    }

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
        self.told.extend(told.into_iter().map(|(slot, value)| ((slot, VOLUME), value)));
    }

    /// A mute, a solo or a gain: now, and at the phrase lines that are fixed and still to come.
    pub(super) fn set_mix(&mut self, command: &Command, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        apply(command, &mut self.hands.mix);
        self.armed.mixes_mut().for_each(|mix| apply(command, mix));
        if matches!(command, Command::Gain { .. }) {
            let scene = self.timeline.scene().clone();
            self.mix(&scene, now, out);
        }
    }
}

/// Controller 7 at 100 is unity in the synth's mixer and the usual default in hardware.
fn volume(voice: &Voice, mix: &Mix) -> u8 {
    (100.0 * voice.gain * mix.gain(&voice.name).unwrap_or(1.0)).round().min(127.0) as u8
}

/// What a mute, a solo or a gain changes; other commands nothing.
pub(super) fn apply(command: &Command, mix: &mut Mix) {
    match command {
        Command::Mute { voice, muted } => mix.mute(voice, *muted),
        Command::Solo { voice, soloed } => mix.solo(voice, *soloed),
        Command::Gain { voice, gain } => mix.set_gain(voice, *gain),
        _ => {}
    }
}
