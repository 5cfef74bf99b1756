//! What the outputs are told of each slot besides its notes: where it goes, what plays there, programs and controllers; and what becomes of
//! that when a port goes and comes back. On the thread of the scheduler.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::Conductor;
use super::hands::Mix;
use super::lanes::Lanes;
use super::mixer::volume;
use crate::event::{Action, Level, ScheduledEvent, VoiceSlot};
use crate::prompt::{MAX_VOICES, Scene, Voice};
use crate::rig::controller::{BANK, PAN, VOLUME};
use crate::rig::{PROGRAM_AHEAD_MS, SYNTH, Sound};
use crate::score::{Ornaments, perform};
use crate::time::Frames;
use crate::transport::Bent;

/// Stands for the program among the controllers that a slot was told.
const PROGRAM: u8 = 128;

#[derive(Debug)]
pub(super) struct Told {
    /// Where voices go that do not say: a part of a port's name.
    default: Option<String>,
    /// How slots would sound were all ports there.
    wanted: Vec<Option<Sound>>,
    /// How they sound.
    given: Vec<Option<Sound>>,
    /// What the outputs have not been told of that.
    news: Vec<Sound>,
    /// Ports that are not there.
    lost: BTreeSet<String>,
    /// What each slot was last told, by controller; programs under [`PROGRAM`].
    values: HashMap<(VoiceSlot, u8), u8>,
    lanes: Lanes,
    /// How far apart the synth's echoes were last told to be.
    delay: Option<Frames>,
}

impl Default for Told {
    fn default() -> Told {
        Told {
            default: None,
            wanted: vec![None; MAX_VOICES],
            given: vec![None; MAX_VOICES],
            news: Vec::new(),
            lost: BTreeSet::new(),
            values: HashMap::new(),
            lanes: Lanes::default(),
            delay: None,
        }
    }
}

impl Told {
    /// Lets a slot sound as it is wanted, or at home where its port is missing; `from` is when another way begins. Says whether one begins at once.
    fn give(&mut self, slot: VoiceSlot, at: Frames, from: Option<Frames>) -> bool {
        let place = usize::from(slot.0);
        let Some(wanted) = &self.wanted[place] else { return false };
        let missing = wanted.port(self.default.as_deref()).is_some_and(|port| self.lost.contains(port));
        let mut sound = if missing { wanted.at_home() } else { wanted.clone() };
        let before = self.given[place].as_ref();
        let same_way = before.is_some_and(|before| before.goes_as(&sound));
        sound.from = if same_way { before.and_then(|before| before.from) } else { from }.filter(|from| *from > at);
        if !same_way {
            self.values.retain(|(its, _), _| *its != slot);
            self.lanes.tell_again(Some(slot));
        }
        let same = before
            .is_some_and(|before| Sound { at, from: sound.from, ..before.clone() } == Sound { at, ..sound.clone() });
        if !same {
            self.news.push(Sound { at, ..sound.clone() });
        }
        let at_once = !same_way && sound.from.is_none();
        self.given[place] = Some(sound);
        at_once
    }

    /// The tempo map was bent: ways that begin on a bar line move with it.
    pub fn bend(&mut self, bent: &Bent, now: Frames) {
        for sound in self.given.iter_mut().flatten() {
            let Some(from) = sound.from.filter(|from| bent.moved(*from) != *from) else { continue };
            sound.from = Some(bent.moved(from));
            self.news.push(Sound { at: now, ..sound.clone() });
        }
    }

    /// Whether a slot was told this; from now on it was.
    pub fn tell(&mut self, slot: VoiceSlot, controller: u8, value: u8) -> bool {
        self.values.insert((slot, controller), value) != Some(value)
    }

    /// What a program change takes, where the slot does not have it yet.
    fn program(&self, voice: &Voice, slot: VoiceSlot) -> Vec<(u8, u8)> {
        let Some(program) = voice.program else { return Vec::new() };
        let bank =
            voice.bank.map_or_else(Vec::new, |bank| vec![(BANK[0], (bank >> 7) as u8), (BANK[1], (bank & 127) as u8)]);
        let setting: Vec<(u8, u8)> = bank.into_iter().chain([(PROGRAM, program)]).collect();
        let known = setting.iter().all(|(controller, value)| self.values.get(&(slot, *controller)) == Some(value));
        if known { Vec::new() } else { setting }
    }

    /// The name of the port that a slot plays on.
    fn port(&self, slot: VoiceSlot) -> Option<&str> {
        self.given[usize::from(slot.0)].as_ref()?.port(self.default.as_deref())
    }

    /// The output that a slot is meant for, whether or not it is there.
    pub fn output(&self, slot: VoiceSlot) -> &str {
        let wanted = self.wanted[usize::from(slot.0)].as_ref();
        wanted.and_then(|sound| sound.port(self.default.as_deref())).unwrap_or(SYNTH)
    }

    /// What was planned for the outputs and will not be sent.
    pub fn take_back(&mut self, dropped: impl Iterator<Item = ScheduledEvent>, now: Frames) {
        for event in dropped {
            match event.action {
                Action::Control { voice, controller, .. } => drop(self.values.remove(&(voice, controller))),
                Action::Program { voice, .. } => drop(self.values.remove(&(voice, PROGRAM))),
                _ => {}
            }
        }
        self.lanes.tell_again(None);
        self.delay = None;
        // Nothing sounds any more: whoever waits for a bar line is there.
        for place in 0..MAX_VOICES {
            if let Some(sound) = &mut self.given[place]
                && sound.from.take_if(|from| *from > now).is_some()
            {
                self.news.push(Sound { at: now, ..sound.clone() });
            }
        }
    }
}

fn action(slot: VoiceSlot, (controller, value): (u8, u8)) -> Action {
    match controller {
        PROGRAM => Action::Program { voice: slot, program: value },
        _ => Action::Control { voice: slot, controller, value },
    }
}

impl Conductor {
    /// Voices that do not say where they go go to this port.
    pub fn set_default_port(&mut self, port: Option<String>) {
        self.told.default = port;
    }

    /// How slots sound that sound otherwise than before, each once. The outputs have to know before the events that follow.
    pub fn sounds(&mut self) -> Vec<Sound> {
        std::mem::take(&mut self.told.news)
    }

    /// Tells the outputs what the scene says of its voices, where that has changed; at once, but for ramps and, while it plays, programs.
    pub fn mix(&mut self, scene: &Scene, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.mix_from(now, scene, now, out);
    }

    /// The same from frame `at` on, `now` being shortly before it: patches alone change at once.
    pub(super) fn mix_from(&mut self, at: Frames, scene: &Scene, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        let from = Some(at).filter(|at| *at > now);
        let moving = self.is_moving();
        for voice in &scene.voices {
            let Some(slot) = self.slot(&voice.name) else { continue };
            self.told.wanted[usize::from(slot.0)] = Some(Sound::of(voice, slot, now));
            let elsewhere = self.told.give(slot, now, from);
            for lane in voice.lanes.iter().filter(|lane| lane.bars == 0) {
                if self.told.lanes.end(slot, lane.controller) {
                    self.agenda.drop_controls(slot, lane.controller);
                }
            }
            let mut settings = settings(voice, &self.hands.mix);
            settings.retain(|&(controller, value)| self.told.tell(slot, controller, value));
            if !moving || elsewhere {
                let program = self.told.program(voice, slot);
                self.told.values.extend(program.iter().map(|&(controller, value)| ((slot, controller), value)));
                settings.extend(program);
            }
            for setting in settings {
                out(ScheduledEvent { at, action: action(slot, setting) });
            }
        }
        self.mix_ahead(scene, out);
    }

    /// Voices that only a coming scene has, neither that which plays nor another that is `known`, sound as they will, so that nothing is sent to a
    /// slot without a sound.
    pub(super) fn introduce(&mut self, coming: &Scene, known: &Scene, now: Frames) {
        let new = |voice: &&Voice| self.scene.voices.iter().chain(&known.voices).all(|other| other.name != voice.name);
        for voice in coming.voices.iter().filter(new) {
            if let Some(slot) = self.slot(&voice.name) {
                self.told.wanted[usize::from(slot.0)] = Some(Sound::of(voice, slot, now));
                self.told.give(slot, now, None);
            }
        }
    }

    /// Voices that a coming scene plays elsewhere go there from its line on; with the patch that they have, until it begins.
    pub(super) fn redirect(&mut self, coming: &Scene, line: Frames, now: Frames) {
        for voice in &coming.voices {
            let Some(slot) = self.slot(&voice.name) else { continue };
            let will = Sound::of(voice, slot, now);
            let wanted = &mut self.told.wanted[usize::from(slot.0)];
            if let Some(is) = wanted.take_if(|is| !is.goes_as(&will)) {
                *wanted = Some(Sound { patch: is.patch, gain: is.gain, pan: is.pan, ..will });
                self.told.give(slot, now, Some(line));
            }
        }
    }

    /// A port has gone: its voices play their patches at once. Or it is there again: they return to it at the next bar line that is not committed.
    pub(super) fn port(&mut self, port: &str, there: bool, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        let clock = self.has_clock(port);
        if there && clock {
            self.begin_pulses();
        }
        let changed = if there { self.told.lost.remove(port) } else { self.told.lost.insert(port.to_owned()) };
        if !changed {
            return;
        }
        let from = (there && self.is_moving()).then(|| self.transport.frame_of(self.timeline.next_start()));
        let goes_there = |sound: &Sound| sound.port(self.told.default.as_deref()) == Some(port);
        let slots: Vec<VoiceSlot> =
            self.told.wanted.iter().flatten().filter(|sound| goes_there(sound)).map(|sound| sound.slot).collect();
        for slot in &slots {
            self.told.give(*slot, now, from);
        }
        let scene = Arc::clone(&self.scene);
        let heard = |slot: &VoiceSlot| {
            let name = &self.slots[usize::from(slot.0)];
            scene.voices.iter().find(|voice| voice.name == *name)
        };
        let voices: Vec<&Voice> = slots.iter().filter_map(heard).collect();
        let each =
            |what: &dyn Fn(&Voice) -> String| voices.iter().map(|voice| what(voice)).collect::<Vec<_>>().join(", ");
        let (level, text) = if voices.is_empty() {
            if !clock {
                return;
            }
            let level = if there { Level::Info } else { Level::Warning };
            (level, format!("the MIDI port '{port}' is {}", if there { "there again" } else { "missing: no clock" }))
        } else if there {
            let when = if from.is_some() { format!(" from bar {}", self.timeline.next_bar()) } else { String::new() };
            let names = each(&|voice| voice.name.clone());
            (Level::Info, format!("the MIDI port '{port}' is there again, for {names}{when}"))
        } else {
            let patches = each(&|voice| format!("{} plays {}", voice.name, voice.patch));
            (Level::Warning, format!("the MIDI port '{port}' is missing: {patches}"))
        };
        self.say(level, text);
        self.mix(&scene, now, out);
    }

    /// Puts down what the outputs are told in the bar that was just committed: programs ahead of the notes that need them, and ramps.
    pub(super) fn mix_bar(&mut self, now: Frames) {
        let Conductor { timeline, transport, agenda, told, slots, scene, hands, entering, .. } = self;
        let Some(bar) = timeline.bars().last() else { return };
        let before_line = [*entering, timeline.prepared_from()].contains(&Some(bar.number + 1));
        let slot = |voice: &Voice| slots.iter().position(|name| *name == voice.name).map(|at| VoiceSlot(at as u8));
        // Echoes follow the tempo from bar line to bar line.
        let start = transport.frame_of(bar.start);
        let delay = transport.frame_of(bar.start + bar.scene.delay) - start;
        if told.delay.replace(delay) != Some(delay) {
            agenda.put(start, Action::DelayTime { frames: u32::try_from(delay.0).unwrap_or(u32::MAX) });
        }
        told.lanes.keep(&bar.scene.voices.iter().filter_map(slot).collect::<Vec<_>>());
        for (voice, cell) in bar.scene.voices.iter().zip(&bar.cells) {
            let Some(slot) = slot(voice) else { continue };
            let program = told.program(voice, slot);
            // A voice that only a coming scene has is heard before its line.
            let early = before_line && scene.voices.iter().all(|other| other.name != voice.name);
            let mut setting = if early { settings(voice, &hands.mix) } else { Vec::new() };
            setting.retain(|(controller, value)| told.values.get(&(slot, *controller)) != Some(value));
            setting.extend(program);
            if !setting.is_empty() {
                let notes = perform(Cow::Borrowed(&cell.measure), Ornaments::Played);
                let first = notes.notes.iter().filter(|note| !note.tied_from).map(|note| note.onset).min();
                if let Some(first) = first {
                    let ahead = transport.rate().frames_in(program_ahead(voice));
                    let at = (transport.frame_of(bar.start + first) - ahead).max(now);
                    for setting in setting {
                        told.values.insert((slot, setting.0), setting.1);
                        agenda.put(at, action(slot, setting));
                    }
                }
            }
            let Told { lanes, values, .. } = told;
            lanes.schedule((voice, slot), bar, transport, &mut |at, action| {
                if let Action::Control { controller, .. } = action {
                    values.remove(&(slot, controller));
                }
                agenda.put(at, action);
            });
        }
    }

    /// How much earlier than planned events have to leave for the outputs that are in use.
    pub(super) fn latency(&self) -> Duration {
        let earlier = |sound: &Sound| Some(self.earlier(sound.port(self.told.default.as_deref())?, sound.latency_ms));
        let notes = self.told.given.iter().flatten().filter_map(earlier).max().unwrap_or_default();
        // The synth plays for every port that is missing.
        notes.max(self.earlier(SYNTH, 0)).max(self.pulse_latency())
    }

    /// How much earlier than planned what goes to an output has to leave.
    pub(super) fn earlier(&self, output: &str, latency_ms: u16) -> Duration {
        let ms = i64::from(latency_ms) - i64::from(self.hands.nudge(output));
        Duration::from_millis(ms.max(0).unsigned_abs())
    }

    /// How long before the next bar's notes boxes have to be told their programs.
    pub(super) fn program_time(&self) -> Duration {
        let waits = |voice: &&Voice| {
            self.slot(&voice.name)
                .is_some_and(|slot| self.told.port(slot).is_some() && !self.told.program(voice, slot).is_empty())
        };
        let voices = &self.timeline.next_scene().voices;
        voices.iter().filter(waits).map(program_ahead).max().unwrap_or_default()
    }
}

/// What a voice is told of its loudness, its place and the controllers that stand still, by controller.
fn settings(voice: &Voice, mix: &Mix) -> Vec<(u8, u8)> {
    let pan = (64.0 + 63.0 * voice.pan).round() as u8;
    let still = voice.lanes.iter().filter(|lane| lane.bars == 0).map(|lane| (lane.controller, lane.to));
    [(VOLUME, volume(voice, mix)), (PAN, pan)].into_iter().chain(still).collect()
}

fn program_ahead(voice: &Voice) -> Duration {
    let ms = voice.output.as_ref().map_or(PROGRAM_AHEAD_MS, |output| output.program_ahead_ms);
    Duration::from_millis(ms.into())
}

#[cfg(test)]
mod tests;
