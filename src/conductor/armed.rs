//! What is armed: changes that wait, and happen together on a phrase line. Tempo, ramps and frozen voices begin with its bar; mutes, solos and
//! gains act on its frame, whenever the events leave; a scene is written ahead, and evaluated as soon as the line's bar is the next to be committed.
//! On the thread of the scheduler.

use std::sync::Arc;

use super::Conductor;
use super::hands::Mix;
use crate::event::{Arm, Command, Level, ScheduledEvent};
use crate::time::{Frames, Tempo};
use crate::timeline::Entry;
use crate::transport::Bent;

#[derive(Debug, Default)]
pub struct Armed {
    list: Vec<Command>,
    /// The bar at whose line they act; `None` while they are only collected.
    line: Option<i64>,
    /// The same, once the scene of that line is taken over.
    begun: Option<i64>,
    /// What sounds from a frame on, for lines that are fixed and not over.
    mixes: Vec<(Frames, Mix)>,
    /// What has acted, and when; for the journal.
    fired: Vec<(Frames, Command)>,
}

impl Armed {
    /// The mix that will hold at a frame, when it is another than now.
    pub fn mix_at(&self, at: Frames) -> Option<&Mix> {
        self.mixes.iter().rev().find(|(from, _)| *from <= at).map(|(_, mix)| mix)
    }

    pub fn mixes(&self) -> impl Iterator<Item = &(Frames, Mix)> {
        self.mixes.iter()
    }

    pub fn mixes_mut(&mut self) -> impl Iterator<Item = &mut Mix> {
        self.mixes.iter_mut().map(|(_, mix)| mix)
    }

    /// The tempo map was bent: lines that are fixed move with it.
    pub fn bend(&mut self, bent: &Bent) {
        self.mixes.iter_mut().for_each(|(from, _)| *from = bent.moved(*from));
    }

    /// Lines that have passed are what holds.
    pub fn pass(&mut self, now: Frames, mix: &mut Mix) {
        while self.mixes.first().is_some_and(|(from, _)| *from <= now) {
            *mix = self.mixes.remove(0).1;
        }
    }

    /// Of scenes, tempos and the gains of a voice the last counts; another change is withdrawn when it comes once more.
    fn add(&mut self, command: Command, name: impl Fn(&Command) -> Option<String>) {
        let instead = |other: &Command| match (other, &command) {
            (Command::Gain { voice: other, .. }, Command::Gain { voice, .. }) => other == voice,
            (Command::Tempo(_), Command::Tempo(_)) | (Command::Ramp { .. }, Command::Ramp { .. }) => true,
            (other, command) => is_scene(other) && is_scene(command),
        };
        if let Some(at) = self.list.iter().position(instead) {
            self.list[at] = command;
        } else if let Some(at) = self.list.iter().position(|other| name(other) == name(&command)) {
            self.list.remove(at);
        } else {
            self.list.push(command);
        }
    }

    /// The gains that are armed, by voice.
    pub fn gains(&self) -> Vec<(String, f32)> {
        let gain = |command: &Command| match command {
            Command::Gain { voice, gain } => Some((voice.clone(), *gain)),
            _ => None,
        };
        self.list.iter().filter_map(gain).collect()
    }

    /// The tempo that is armed.
    pub fn tempo(&self) -> Option<Tempo> {
        self.list.iter().find_map(|command| if let Command::Tempo(tempo) = command { Some(*tempo) } else { None })
    }
}

fn is_scene(command: &Command) -> bool {
    matches!(command, Command::Evaluate { .. })
}

impl Conductor {
    pub(super) fn arm(&mut self, arm: Arm, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        match arm {
            Arm::Add(command) if self.name(&command).is_none() => {
                self.say(Level::Warning, "that cannot be armed: it acts at once".to_owned());
            }
            Arm::Add(command) => {
                let mut armed = std::mem::take(&mut self.armed);
                armed.add(*command, |command| self.name(command));
                if armed.list.is_empty() {
                    (armed.line, armed.begun) = (None, None);
                }
                self.armed = armed;
                self.prepare(now);
                self.fire_scene(now, out);
            }
            Arm::Fire if self.armed.list.is_empty() => self.say(Level::Info, "nothing is armed".to_owned()),
            Arm::Fire => {
                let line = *self.armed.line.get_or_insert(self.timeline.phrase_line(self.timeline.next_bar()));
                self.say(Level::Info, format!("armed for bar {line}: {}", self.armed_names().join(", ")));
                self.prepare(now);
                self.fire_scene(now, out);
            }
            Arm::Clear => {
                // A scene is taken over once its bar is the next to be fixed.
                let begun = self.armed.begun.take();
                self.armed.list.clear();
                self.prepare(now);
                self.armed.line = None;
                let scene = &self.timeline.scene().title;
                let text = begun.map_or("nothing is armed any more".to_owned(), |line| {
                    format!("nothing is armed any more, but {scene} is heard from bar {line}: that bar was next")
                });
                self.say(Level::Info, text);
            }
        }
    }

    /// What is armed, in words.
    pub(super) fn armed_names(&self) -> Vec<String> {
        self.armed.list.iter().filter_map(|command| self.name(command)).collect()
    }

    /// The bar at whose line that acts.
    pub(super) fn armed_for(&self) -> Option<i64> {
        self.armed.line
    }

    /// What was armed and has acted since this was last asked, with the frames of its lines.
    pub fn fired(&mut self) -> Vec<(Frames, Command)> {
        std::mem::take(&mut self.armed.fired)
    }

    /// Has an armed scene written before its line; where there is none any more, what was written for it is forgotten.
    pub(super) fn prepare(&mut self, now: Frames) {
        let scene = self.armed.list.iter().find_map(|command| match command {
            Command::Evaluate { scene, fresh } => Some((Arc::clone(scene), *fresh)),
            _ => None,
        });
        match self.armed.line.zip(scene) {
            Some((line, (scene, fresh))) if line > self.timeline.next_bar() => {
                // Its pickup is heard before it is evaluated.
                self.settle(&scene);
                let newest = Arc::clone(self.timeline.scene());
                self.introduce(&scene, &newest, now);
                self.timeline.prepare(&scene, if fresh { Entry::PhraseLine } else { Entry::Edit }, line);
            }
            // On its line it is evaluated.
            Some(_) => {}
            None => self.timeline.withdraw(),
        }
    }

    /// Evaluates an armed scene when the bar of its line is the next to be committed, so that it is heard from there.
    pub(super) fn fire_scene(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        if self.armed.line != Some(self.timeline.next_bar()) {
            return;
        }
        let Some(at) = self.armed.list.iter().position(is_scene) else { return };
        // It stays armed until what was written for it is planned.
        let command = self.armed.list[at].clone();
        if let Command::Evaluate { scene, fresh } = &command {
            // The line was promised: where the composer is too slow for it, the ladder begins.
            let entry = match (fresh, self.is_moving()) {
                (false, _) => Entry::Edit,
                (true, true) => Entry::Promised,
                (true, false) => Entry::AtOnce,
            };
            self.evaluate(scene, entry, false, now, out);
            self.timeline.fulfil();
        }
        self.armed.list.remove(at);
        self.armed.begun = self.armed.line;
        self.armed.fired.push((now, command));
    }

    /// Does what is armed for the bar that is about to be committed.
    pub(super) fn fire(&mut self, out: &mut dyn FnMut(ScheduledEvent)) {
        if self.armed.line != Some(self.timeline.next_bar()) {
            return;
        }
        (self.armed.line, self.armed.begun) = (None, None);
        let start = self.timeline.next_start();
        let at = self.transport.frame_of(start);
        let before = self.armed.mixes.last().map_or(&self.hands.mix, |(_, mix)| mix).clone();
        let mut mix = before.clone();
        for command in std::mem::take(&mut self.armed.list) {
            match &command {
                Command::Tempo(tempo) => self.set_tempo(*tempo),
                Command::Ramp { to, bars } => self.ramp(*to, *bars),
                Command::Freeze { voice, frozen } => {
                    let done = self.timeline.freeze(voice, *frozen);
                    self.answer(done);
                }
                command => mix.take(command),
            }
            self.armed.fired.push((at, command));
        }
        // Who falls silent does so on the line, and who returns strikes there what is tied into it.
        for (slot, name) in self.slots.iter().enumerate() {
            if before.sounds(name) != mix.sounds(name) {
                self.agenda.cut(slot, at);
            }
        }
        self.armed.mixes.push((at, mix));
        let scene = Arc::clone(&self.scene);
        self.mix_ahead(&scene, out);
    }

    /// A command that can be armed, in words.
    fn name(&self, command: &Command) -> Option<String> {
        Some(match command {
            Command::Mute { voice, muted: true } => format!("mute {voice}"),
            Command::Mute { voice, .. } => format!("unmute {voice}"),
            Command::Solo { voice, soloed: true } => format!("solo {voice}"),
            Command::Solo { voice, .. } => format!("unsolo {voice}"),
            Command::Gain { voice, gain } => format!("gain {voice} {gain}"),
            Command::Tempo(tempo) => format!("tempo {}", self.count(*tempo)),
            Command::Ramp { to, bars } => format!("ramp to {} in {bars} bars", self.count(*to)),
            Command::Freeze { voice, frozen: true } => format!("freeze {voice}"),
            Command::Freeze { voice, .. } => format!("free {voice}"),
            Command::Evaluate { scene, .. } => scene.title.clone(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
