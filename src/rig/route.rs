//! The way of each event: to the synth, or to a port, in that port's channel, early by its latency and nudged as the performer has set. Pure;
//! live, in a replay and in a rehearsal it is this one.

use std::collections::BTreeMap;

use super::{Nudge, SYNTH, Sound};
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
    /// By the names of ports, and [`SYNTH`].
    nudges: BTreeMap<String, Nudge>,
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
            nudges: BTreeMap::new(),
        }
    }

    /// The default port and those that sounds have named so far, as they were named.
    #[must_use]
    pub fn ports(&self) -> &[String] {
        &self.ports
    }

    /// What leaves for an output from here on is later by so many milliseconds, earlier where there are fewer than none.
    pub fn nudge(&mut self, output: &str, ms: i16) {
        self.nudges.entry(output.to_owned()).or_default().set(ms, self.rate);
    }

    /// An event that goes to the synth, whatever its way besides, as it is for it.
    pub fn for_synth(&mut self, event: ScheduledEvent) -> ScheduledEvent {
        ScheduledEvent { at: self.leave(SYNTH, event), ..event }
    }

    /// When an event leaves for an output, latencies aside.
    fn leave(&mut self, output: &str, event: ScheduledEvent) -> Frames {
        let nudge = self.nudges.entry(output.to_owned()).or_default();
        match event.action {
            Action::NoteOn { .. } | Action::NoteOff { .. } => nudge.leave(event.at),
            // They may be sent long before they are due, out of their order.
            Action::Control { .. } | Action::Program { .. } => nudge.at(event.at),
            // What ends everything does so at once.
            _ => event.at,
        }
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
            Action::DelayTime { .. } => Way::Synth,
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
                self.way_to(port, latency, ScheduledEvent { action, ..event }, false)
            }
            Action::NoteOff { voice, pitch } => {
                let held = self.held.iter().position(|held| (held.slot, held.pitch) == (voice, pitch));
                let Some(held) = held.map(|at| self.held.remove(at)) else { return Way::Synth };
                let Some(port) = held.port else { return Way::Synth };
                let action = Action::NoteOff { voice: VoiceSlot(held.channel), pitch: held.note };
                // Where the port was not open the synth has struck it.
                self.way_to(port, held.latency, ScheduledEvent { action, ..event }, true)
            }
            Action::Control { voice, controller, value } => {
                let Some((port, channel, latency)) = self.box_of(voice) else { return Way::Synth };
                let action = Action::Control { voice: VoiceSlot(channel), controller, value };
                self.way_to(port, latency, ScheduledEvent { action, ..event }, true)
            }
            Action::Program { voice, program } => {
                let Some((port, channel, latency)) = self.box_of(voice) else { return Way::Nowhere };
                let action = Action::Program { voice: VoiceSlot(channel), program };
                self.way_to(port, latency, ScheduledEvent { action, ..event }, false)
            }
        }
    }

    fn way_to(&mut self, port: usize, latency: Frames, event: ScheduledEvent, synth: bool) -> Way {
        let name = self.ports[port].clone();
        Way::Port { port, event: ScheduledEvent { at: self.leave(&name, event) - latency, ..event }, synth }
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

    /// What a box does with what it gets: the notes that it plays, by beginning and end.
    fn played(events: Vec<ScheduledEvent>) -> Vec<(u8, i64, i64)> {
        let mut queue = crate::queue::EventQueue::new();
        for event in events {
            assert!(queue.push(event));
        }
        let (mut notes, mut sounding) = (Vec::new(), BTreeMap::new());
        while let Some(event) = queue.pop_due(Frames(i64::MAX)) {
            match event.action {
                Action::NoteOn { pitch, .. } => assert_eq!(sounding.insert(pitch, event.at.0), None, "doubled"),
                Action::NoteOff { pitch, .. } => {
                    notes.push((pitch, sounding.remove(&pitch).expect("sounding"), event.at.0));
                }
                _ => {}
            }
        }
        assert_eq!(sounding, BTreeMap::new(), "lost");
        notes
    }

    /// Notes of one pitch that touch, and one of a voice beside them, over the frame from which its output is nudged.
    #[test]
    fn a_nudge_in_mid_note_moves_all_of_one_output_and_loses_no_note() {
        let lead = VoiceSlot(2);
        for (ms, touch, long) in [(0, 10_000, 12_000), (7, 10_336, 12_336), (-1, 9952, 11_952), (-100, 7500, 8500)] {
            let mut router = Router::new(RATE, None);
            router.give(&Sound { channel: Some(1), latency_ms: 5, ..sound(BASS, Some("Mini")) });
            router.give(&Sound { channel: Some(2), latency_ms: 5, ..sound(KIT, Some("Mini")) });
            router.give(&Sound { channel: Some(1), ..sound(lead, Some("Drum")) });
            let (mut mini, mut drum, mut synth) = (Vec::new(), Vec::new(), Vec::new());
            let mut take = |router: &mut Router, event: ScheduledEvent| {
                synth.push(router.for_synth(event));
                match router.way(event) {
                    Way::Port { port: 0, event, .. } => mini.push(event),
                    Way::Port { event, .. } => drum.push(event),
                    other => panic!("{other:?}"),
                }
            };
            for event in [on(5000, BASS, 40), on(5000, KIT, 36), on(5000, lead, 60)] {
                take(&mut router, event);
            }
            router.nudge("Mini", ms);
            for at in [10_000, 12_000] {
                for event in [off(at, BASS, 40), off(at, lead, 60), on(at, BASS, 40), on(at, lead, 60)] {
                    take(&mut router, event);
                }
            }
            router.nudge("Mini", 0);
            for event in [off(40_000, BASS, 40), off(40_000, KIT, 36), off(40_000, lead, 60)] {
                take(&mut router, event);
            }
            let early = |at: i64| at - 240;
            let end = early(40_000);
            let notes = [
                (40, early(5000), early(touch)),
                (40, early(touch), early(long)),
                (40, early(long), end),
                (36, early(5000), end),
            ];
            assert_eq!(played(mini), notes, "{ms}");
            let straight = [(60, 5000, 10_000), (60, 10_000, 12_000), (60, 12_000, 40_000)];
            assert_eq!(played(drum), straight);
            assert!(synth.iter().all(|event| [5000, 10_000, 12_000, 40_000].contains(&event.at.0)));
        }
    }

    #[test]
    fn controllers_and_programs_are_nudged_and_what_ends_all_is_not() {
        let mut router = Router::new(RATE, None);
        router.give(&Sound { channel: Some(1), ..sound(BASS, Some("Mini")) });
        router.nudge("Mini", 10);
        router.nudge(SYNTH, -10);
        let at = |at, action| ScheduledEvent { at: Frames(at), action };
        let actions =
            [Action::Control { voice: BASS, controller: 74, value: 9 }, Action::Program { voice: BASS, program: 4 }];
        for (action, synth) in actions.into_iter().zip([true, false]) {
            assert_eq!(router.way(at(1000, action)), Way::Port { port: 0, event: at(1480, action), synth });
            assert_eq!(router.for_synth(at(1000, action)), at(520, action));
        }
        let stop = at(1000, Action::AllNotesOff);
        assert_eq!((router.way(stop), router.for_synth(stop)), (Way::Everywhere, stop));
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
