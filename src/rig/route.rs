//! The way of each event: to the synth, or to a port, in that port's channel and early by its latency. Pure; live, in a replay and in a
//! rehearsal it is this one.

use std::collections::BTreeMap;

use super::Sound;
use crate::compose::Role;
use crate::event::{Action, ScheduledEvent, VoiceSlot};
use crate::midi::Channels;
use crate::prompt::MAX_VOICES;
use crate::time::{Frames, SampleRate};

/// Where one event goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// To whatever is open.
    Everywhere,
    Synth,
    /// To this port of [`Router::ports`]: the event as it is for it, with its channel in the place of the voice. `synth`: there, too.
    Port {
        port: usize,
        event: ScheduledEvent,
        synth: bool,
    },
    Nowhere,
}

#[derive(Clone, Debug, Default)]
struct Route {
    /// `None` for the synth.
    port: Option<usize>,
    /// From 0 to 15.
    channel: u8,
    latency: Frames,
    drums: BTreeMap<u8, (u8, u8)>,
}

/// A note that was sent, and where.
#[derive(Clone, Copy, Debug)]
struct Held {
    slot: VoiceSlot,
    pitch: u8,
    port: Option<usize>,
    channel: u8,
    note: u8,
    latency: Frames,
}

#[derive(Debug)]
pub struct Router {
    rate: SampleRate,
    /// Where voices go that do not say.
    default: Option<String>,
    ports: Vec<String>,
    percussion: [bool; MAX_VOICES],
    routes: Vec<Route>,
    /// Routes that wait for their frame.
    coming: Vec<Option<(Frames, Route)>>,
    held: Vec<Held>,
}

impl Router {
    /// All slots go to the synth until they are given a sound. `default` is a part of a port's name.
    #[must_use]
    pub fn new(rate: SampleRate, default: Option<String>) -> Router {
        Router {
            rate,
            ports: default.iter().cloned().collect(),
            default,
            percussion: [false; MAX_VOICES],
            routes: vec![Route::default(); MAX_VOICES],
            coming: vec![None; MAX_VOICES],
            held: Vec::new(),
        }
    }

    /// The default port and those that sounds have named so far, as they were named.
    #[must_use]
    pub fn ports(&self) -> &[String] {
        &self.ports
    }

    /// A slot sounds so from here on.
    pub fn give(&mut self, sound: &Sound) {
        let slot = usize::from(sound.slot.0) % MAX_VOICES;
        self.percussion[slot] = sound.role == Role::Drums;
        let port = sound.port(self.default.as_deref()).map(str::to_owned).map(|name| {
            self.ports.iter().position(|known| *known == name).unwrap_or_else(|| {
                self.ports.push(name);
                self.ports.len() - 1
            })
        });
        let given = Channels::for_voices(&self.percussion).of(sound.slot);
        let route = Route {
            port,
            channel: sound.channel.map_or(given, |channel| channel.saturating_sub(1)),
            latency: Frames(i64::from(self.rate.0) * i64::from(sound.latency_ms) / 1000),
            drums: sound.drums.clone(),
        };
        if let Some(from) = sound.from {
            self.coming[slot] = Some((from, route));
        } else {
            self.coming[slot] = None;
            self.routes[slot] = route;
        }
    }

    /// Where an event goes. A note ends where it was struck. Controllers are for the synth, too, so that it is ready to take over.
    pub fn way(&mut self, event: ScheduledEvent) -> Way {
        match event.action {
            Action::AllNotesOff | Action::Panic => {
                self.held.clear();
                Way::Everywhere
            }
            // Whose boxes follow is not a matter of voices ([`super::Clocks`]).
            Action::Clock(_) => Way::Nowhere,
            Action::Flush => Way::Everywhere,
            Action::NoteOn { voice: VoiceSlot::COUNT_IN, .. } | Action::NoteOff { voice: VoiceSlot::COUNT_IN, .. } => {
                Way::Synth
            }
            Action::NoteOn { voice, pitch, velocity } => {
                let route = self.route(voice, event.at);
                let own = (route.channel, pitch);
                let (channel, note) = route.drums.get(&pitch).map_or(own, |&(channel, note)| (channel - 1, note));
                let (port, latency) = (route.port, route.latency);
                self.held.push(Held { slot: voice, pitch, port, channel, note, latency });
                let Some(port) = port else { return Way::Synth };
                let action = Action::NoteOn { voice: VoiceSlot(channel), pitch: note, velocity };
                Way::Port { port, event: ScheduledEvent { at: event.at - latency, action }, synth: false }
            }
            Action::NoteOff { voice, pitch } => {
                let held = self.held.iter().position(|held| (held.slot, held.pitch) == (voice, pitch));
                let Some(held) = held.map(|at| self.held.remove(at)) else { return Way::Synth };
                let Some(port) = held.port else { return Way::Synth };
                let action = Action::NoteOff { voice: VoiceSlot(held.channel), pitch: held.note };
                let event = ScheduledEvent { at: event.at - held.latency, action };
                // Where the port was not open the synth has struck it.
                Way::Port { port, event, synth: true }
            }
            Action::Control { voice, controller, value } => {
                let Some((port, channel, latency)) = self.box_of(voice) else { return Way::Synth };
                let action = Action::Control { voice: VoiceSlot(channel), controller, value };
                Way::Port { port, event: ScheduledEvent { at: event.at - latency, action }, synth: true }
            }
            Action::Program { voice, program } => {
                let Some((port, channel, latency)) = self.box_of(voice) else { return Way::Nowhere };
                let action = Action::Program { voice: VoiceSlot(channel), program };
                Way::Port { port, event: ScheduledEvent { at: event.at - latency, action }, synth: false }
            }
        }
    }

    /// The route of a slot for what is struck at a frame.
    fn route(&mut self, slot: VoiceSlot, at: Frames) -> &Route {
        let slot = usize::from(slot.0) % MAX_VOICES;
        if let Some((_, route)) = self.coming[slot].take_if(|(from, _)| *from <= at) {
            self.routes[slot] = route;
        }
        &self.routes[slot]
    }

    /// The port, channel and latency for what sets a box up: that which is coming, where one is.
    fn box_of(&self, slot: VoiceSlot) -> Option<(usize, u8, Frames)> {
        let slot = usize::from(slot.0) % MAX_VOICES;
        let route = self.coming[slot].as_ref().map_or(&self.routes[slot], |(_, route)| route);
        route.port.map(|port| (port, route.channel, route.latency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{By, Voice};

    const RATE: SampleRate = SampleRate(48_000);
    const BASS: VoiceSlot = VoiceSlot(0);
    const KIT: VoiceSlot = VoiceSlot(1);

    fn sound(slot: VoiceSlot, out: Option<&str>) -> Sound {
        let role = if slot == KIT { Role::Drums } else { Role::Bass };
        let sound = Sound::of(&Voice::new("v", By::Loop, role), slot, Frames(0));
        Sound { out: out.map(str::to_owned), ..sound }
    }

    fn on(at: i64, voice: VoiceSlot, pitch: u8) -> ScheduledEvent {
        ScheduledEvent { at: Frames(at), action: Action::NoteOn { voice, pitch, velocity: 90 } }
    }

    fn off(at: i64, voice: VoiceSlot, pitch: u8) -> ScheduledEvent {
        ScheduledEvent { at: Frames(at), action: Action::NoteOff { voice, pitch } }
    }

    #[test]
    fn notes_go_to_the_channel_of_the_box_early_by_its_latency() {
        let mut router = Router::new(RATE, None);
        assert_eq!([on(0, BASS, 40), off(10, BASS, 40)].map(|event| router.way(event)), [Way::Synth; 2]);
        router.give(&Sound { channel: Some(3), latency_ms: 5, ..sound(BASS, Some("Mini")) });
        router.give(&Sound { drums: [(36, (1, 48))].into(), ..sound(KIT, Some("Drum")) });
        assert_eq!(router.ports(), ["Mini", "Drum"]);
        let port = |port, event, synth| Way::Port { port, event, synth };
        assert_eq!(router.way(on(1000, BASS, 40)), port(0, on(760, VoiceSlot(2), 40), false));
        assert_eq!(router.way(on(1000, KIT, 36)), port(1, on(1000, VoiceSlot(0), 48), false));
        assert_eq!(router.way(on(1000, KIT, 38)), port(1, on(1000, VoiceSlot(9), 38), false));
        // Whoever holds a note gets its end, on whatever way the voice goes by then.
        router.give(&sound(BASS, Some("Synth")));
        router.give(&sound(KIT, Some("Drum")));
        assert_eq!(router.way(on(1500, BASS, 40)), Way::Synth);
        assert_eq!(router.way(off(2000, BASS, 40)), port(0, off(1760, VoiceSlot(2), 40), true));
        assert_eq!(router.way(off(2000, BASS, 40)), Way::Synth);
        assert_eq!(router.way(off(2000, KIT, 36)), port(1, off(2000, VoiceSlot(0), 48), true));
        let stop = ScheduledEvent { at: Frames(2100), action: Action::AllNotesOff };
        assert_eq!(router.way(stop), Way::Everywhere);
        assert_eq!(router.way(off(2200, KIT, 38)), Way::Synth);
    }

    #[test]
    fn what_counts_in_stays_at_home() {
        let mut router = Router::new(RATE, Some("Mini".to_owned()));
        router.give(&sound(BASS, None));
        let count = VoiceSlot::COUNT_IN;
        assert_eq!([on(0, count, 84), off(10, count, 84)].map(|event| router.way(event)), [Way::Synth; 2]);
    }

    #[test]
    fn controllers_are_for_both_and_programs_for_boxes() {
        let mut router = Router::new(RATE, Some("Mini".to_owned()));
        let control = |voice| Action::Control { voice, controller: 74, value: 9 };
        let program = |voice| Action::Program { voice, program: 4 };
        let at = |at, action| ScheduledEvent { at: Frames(at), action };
        router.give(&sound(BASS, Some("synth")));
        assert_eq!(router.way(at(5, control(BASS))), Way::Synth);
        assert_eq!(router.way(at(5, program(BASS))), Way::Nowhere);
        router.give(&Sound { channel: Some(16), ..sound(BASS, None) });
        let port = |event, synth| Way::Port { port: 0, event, synth };
        assert_eq!(router.way(at(5, control(BASS))), port(at(5, control(VoiceSlot(15))), true));
        assert_eq!(router.way(at(5, program(BASS))), port(at(5, program(VoiceSlot(15))), false));
    }

    #[test]
    fn a_way_that_is_to_come_is_for_notes_from_its_frame_on() {
        let mut router = Router::new(RATE, None);
        router.give(&sound(BASS, Some("synth")));
        router.give(&Sound { from: Some(Frames(100)), ..sound(BASS, Some("Mini")) });
        let program = ScheduledEvent { at: Frames(50), action: Action::Program { voice: BASS, program: 4 } };
        assert_eq!(
            router.way(program),
            Way::Port { port: 0, event: program, synth: false },
            "the box is set up before"
        );
        assert_eq!(router.way(on(99, BASS, 40)), Way::Synth);
        assert_eq!(router.way(on(100, BASS, 42)), Way::Port { port: 0, event: on(100, BASS, 42), synth: false });
        assert_eq!(router.way(off(101, BASS, 40)), Way::Synth);
        assert_eq!(router.way(off(102, BASS, 42)), Way::Port { port: 0, event: off(102, BASS, 42), synth: true });
    }
}
