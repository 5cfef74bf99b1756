//! The performer's hands on voices and tempo: keys to commands, and to armed ones. Main thread, part of the reducer.

use super::{App, Request};
use crate::compose::Knob;
use crate::conductor::hands::MOST_GAIN;
use crate::event::{Arm, Command, Level, VoiceStatus};
use crate::hand::Use;
use crate::rig::MOST_NUDGE_MS;
use crate::time::{Beats, Tempo};

impl App {
    pub(super) fn mute(&mut self, voice: usize) -> Vec<Request> {
        let Some(VoiceStatus { name: voice, muted, .. }) = self.address(voice) else { return vec![] };
        self.ask(Command::Mute { voice, muted: !muted }, if muted { "sounds" } else { "muted" })
    }

    pub(super) fn solo(&mut self, voice: usize) -> Vec<Request> {
        let Some(VoiceStatus { name: voice, soloed, .. }) = self.address(voice) else { return vec![] };
        self.ask(Command::Solo { voice, soloed: !soloed }, if soloed { "is not alone any more" } else { "alone" })
    }

    /// By so many tenths of what the text says; while arming, counted from what is armed.
    pub(super) fn louder(&mut self, tenths: f32) -> Vec<Request> {
        let Some(VoiceStatus { name: voice, gain, .. }) = self.address(self.voice) else { return vec![] };
        let armed = self.snapshot.armed_gains.iter().find(|(name, _)| self.arming && *name == voice);
        let gain = armed.map_or(gain, |(_, gain)| *gain);
        let gain = (((gain * 10.0).round() + tenths) / 10.0).clamp(0.0, MOST_GAIN);
        self.ask(Command::Gain { voice, gain }, &format!("gain {gain}"))
    }

    /// The voice's output, by so many milliseconds; never armed, since it is done by ear.
    pub(super) fn nudge(&mut self, by: i16) -> Vec<Request> {
        let Some(VoiceStatus { output, nudge, .. }) = self.address(self.voice) else { return vec![] };
        let ms = (nudge + by).clamp(-MOST_NUDGE_MS, MOST_NUDGE_MS);
        let place = match ms {
            0 => "as planned".to_owned(),
            ms => format!("{} ms {}", ms.abs(), if ms > 0 { "later" } else { "earlier" }),
        };
        let end = if ms == nudge { ", and no further" } else { "" };
        self.say(Level::Info, format!("{output} {place}{end}"));
        vec![Request::Command(Command::Nudge { output, ms })]
    }

    /// By so much of what the model's profile says; never armed, since it is done by ear.
    pub(super) fn turn(&mut self, knob: Knob, by: f32) -> Vec<Request> {
        let mut knobs = self.snapshot.knobs;
        // In steps, wherever a controller left it.
        knobs.set(knob, ((knobs.get(knob) + by) / Knob::STEP).round() * Knob::STEP);
        let factor = (knobs.get(knob) * 10.0).round() / 10.0;
        // What is planned stays.
        let planned = self.snapshot.bar + self.snapshot.bars_ahead as i64;
        self.say(Level::Info, format!("{} ×{factor}, heard from bar {}", knob.name(), planned + 1));
        vec![Request::Command(Command::Turn { knob, factor })]
    }

    /// By so many felt beats a minute, while arming counted from what is armed; at a whole number of them, where it stands between two.
    pub(super) fn faster(&mut self, by: i64) -> Vec<Request> {
        let beat = self.snapshot.meter.beat();
        let armed = self.snapshot.armed_tempo.filter(|_| self.arming);
        let count = armed.unwrap_or(self.snapshot.tempo).0 / beat.ratio(Beats::QUARTER);
        let count = if by > 0 { (count + by).floor() } else { (count + by).ceil() };
        let Some(tempo) = Tempo::from_beat(beat, count).checked() else { return vec![] };
        self.ask(Command::Tempo(tempo), "")
    }

    /// The key begins to collect, then says that it is to happen, then withdraws it.
    pub(super) fn arm(&mut self) -> Vec<Request> {
        let arm = |arm| vec![Request::Command(Command::Arm(arm))];
        if self.arming {
            self.arming = false;
            return arm(Arm::Fire);
        }
        if self.snapshot.armed_for.is_some() {
            return arm(Arm::Clear);
        }
        self.arming = true;
        let text =
            "arming: mutes, solos, gains, tempo and evaluations wait; Ctrl+Space a fires them on the next phrase line";
        self.say(Level::Info, text.into());
        vec![]
    }

    /// What the hand is for whose digit came last, or the first one; never armed.
    pub(super) fn use_hand(&mut self, what: Use) -> Vec<Request> {
        let addressed = self.snapshot.voices.get(self.voice).map(|voice| &voice.name);
        let hands = || self.snapshot.hands.iter().map(|hand| &hand.voice);
        let Some(voice) = hands().find(|hand| Some(*hand) == addressed).or_else(|| hands().next()).cloned() else {
            self.say(Level::Warning, format!("nobody plays by hand: {} is for a voice with by=hand", what.name()));
            return vec![];
        };
        vec![Request::Command(Command::Use { voice, what })]
    }

    /// The voice that the next keys are about.
    fn address(&mut self, voice: usize) -> Option<VoiceStatus> {
        let status = self.snapshot.voices.get(voice).cloned();
        match status {
            Some(_) => self.voice = voice,
            None => self.say(Level::Warning, format!("there is no voice {}", voice + 1)),
        }
        status
    }

    /// At once, which is said of a voice, or armed, which the status says.
    pub(super) fn ask(&mut self, command: Command, becomes: &str) -> Vec<Request> {
        if self.arming {
            return vec![Request::Command(Command::Arm(Arm::Add(Box::new(command))))];
        }
        if let Command::Mute { voice, .. } | Command::Solo { voice, .. } | Command::Gain { voice, .. } = &command {
            self.say(Level::Info, format!("{voice} {becomes}"));
        }
        vec![Request::Command(command)]
    }
}
