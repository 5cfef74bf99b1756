//! Where events go, voice by voice: the router's ways to the open ports and to the synth. On the thread of the scheduler, or of a replay.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Outputs, PRIORITY};
use crate::event::{Action, ClockMessage, ScheduledEvent, Snapshot, VoiceSlot};
use crate::midi::{MidiOutput, MidiStats, News, Timing};
use crate::prompt::MAX_VOICES;
use crate::realtime;
use crate::rig::{ClockPort, Clocks, Router, Sound, Step, Way};
use crate::synth::Patch;
use crate::time::{Frames, SampleRate};

/// A port that a sound or the command line names.
#[derive(Debug, Default)]
struct Port {
    /// With its full name, while it is open.
    output: Option<(MidiOutput, String)>,
    /// Controllers and programs that came before it was opened.
    setup: Vec<ScheduledEvent>,
    /// Whether it is known to be missing.
    missing: bool,
}

#[derive(Debug)]
pub(crate) struct Desk {
    outputs: Outputs,
    router: Router,
    /// By the name under which they are wanted. A port may be open before a voice goes there.
    ports: BTreeMap<String, Port>,
    /// Of every output that has been open.
    stats: Vec<Arc<MidiStats>>,
    clocks: Clocks,
    /// What a full ring did not take.
    waiting: VecDeque<ScheduledEvent>,
    /// The patch that each slot plays, by name, and in the version that the synth has.
    patches: Vec<(String, Option<Arc<Patch>>)>,
    /// The real-time priority of the thread, where it has any.
    priority: u8,
}

impl Desk {
    pub(crate) fn new(outputs: Outputs, rate: SampleRate) -> Desk {
        Desk {
            router: Router::new(rate, outputs.midi_for_all.clone()),
            outputs,
            ports: BTreeMap::new(),
            stats: Vec::new(),
            clocks: Clocks::new(rate),
            waiting: VecDeque::new(),
            patches: vec![(String::new(), None); MAX_VOICES],
            priority: PRIORITY,
        }
    }

    /// Does what a step asks, at frame `now`.
    pub(crate) fn take(&mut self, step: Step, now: Frames) {
        match step {
            Step::Send(event) => self.send(event, now),
            Step::Sound(sound) => self.give(&sound),
            Step::Nudge { output, ms, .. } => {
                self.router.nudge(&output, ms);
                self.clocks.nudge(&output, ms);
            }
        }
    }

    fn send(&mut self, event: ScheduledEvent, now: Frames) {
        if let Action::Clock(message) = event.action {
            return self.clock(message, event.at);
        }
        let synth = match self.router.way(event) {
            Way::Everywhere => {
                for (output, _) in self.ports.values_mut().filter_map(|port| port.output.as_mut()) {
                    // A full ring means that the thread is gone, and with it its port; here and below.
                    let _ = output.send(event);
                }
                true
            }
            Way::Synth => true,
            Way::Port { port, event: mut own, synth } => {
                // What is due now comes from the hand and could not leave earlier: late by the box's latency, not left out; nor is it to be later.
                // What is due soon after a box has started the music is late by less.
                own.at = if event.at <= now { event.at } else { own.at.max(now) };
                let port = self.ports.get_mut(&self.router.ports()[port]);
                let open = port.as_ref().is_some_and(|port| port.output.is_some());
                if let Some(Port { output, setup, missing }) = port {
                    if let Some((output, _)) = output {
                        let _ = output.send(own);
                    } else if !*missing && matches!(own.action, Action::Control { .. } | Action::Program { .. }) {
                        setup.push(own);
                    }
                }
                // Until it is there.
                synth || !open
            }
            Way::Nowhere => false,
        };
        if synth {
            // What the hand plays sounds now.
            let event = if event.at <= now { event } else { self.router.for_synth(event) };
            self.waiting.push_back(event);
            self.flush();
        }
    }

    /// For the boxes that are there and follow.
    fn clock(&mut self, message: ClockMessage, at: Frames) {
        let Desk { ports, clocks, .. } = self;
        let open = |port: &str| ports.get(port).is_some_and(|port| port.output.is_some());
        for (port, at) in clocks.hear(message, at, open) {
            if let Some((output, _)) = ports.get_mut(&port).and_then(|port| port.output.as_mut()) {
                let _ = output.send(ScheduledEvent { at, action: Action::Clock(message) });
            }
        }
    }

    /// These boxes follow from here on; those that do no longer are stopped.
    pub(crate) fn follow(&mut self, clocks: &Arc<[ClockPort]>) {
        for clock in clocks.iter() {
            self.want(&clock.port);
        }
        let at = self.frame();
        for port in self.clocks.set(clocks) {
            if let Some((output, _)) = self.ports.get_mut(&port).and_then(|port| port.output.as_mut()) {
                let _ = output.send(ScheduledEvent { at, action: Action::Clock(ClockMessage::Stop) });
            }
        }
    }

    /// Asks for a port, once.
    fn want(&mut self, port: &str) {
        if !self.ports.contains_key(port) {
            self.outputs.ports.want(port);
            self.ports.insert(port.to_owned(), Port::default());
        }
    }

    pub(crate) fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            if let Err(rtrb::PushError::Full(event)) = self.outputs.ring.push(event) {
                self.waiting.push_front(event);
                break;
            }
        }
    }

    /// Drops what the synth has done with. Now and then.
    pub(crate) fn collect(&mut self) {
        self.outputs.lane.collect();
    }

    /// The next frame that the renderer fills.
    pub(crate) fn frame(&self) -> Frames {
        self.outputs.stats.frame()
    }

    /// Gives a slot its patch and its way, and opens the port at its end.
    fn give(&mut self, sound: &Sound) {
        self.router.give(sound);
        for port in self.router.ports().to_vec() {
            self.want(&port);
        }
        let at = usize::from(sound.slot.0) % MAX_VOICES;
        self.patches[at].0.clone_from(&sound.patch);
        self.assign(at);
    }

    /// A new version of a patch: for those who play it.
    pub(crate) fn take_patch(&mut self, patch: &Arc<Patch>) {
        self.outputs.patches.insert(patch.name().to_owned(), Arc::clone(patch));
        (0..MAX_VOICES).for_each(|slot| self.assign(slot));
    }

    fn assign(&mut self, at: usize) {
        let (name, assigned) = &mut self.patches[at];
        let Some(patch) = self.outputs.patches.get(name) else { return };
        let same = assigned.as_ref().is_some_and(|assigned| Arc::ptr_eq(assigned, patch));
        let slot = VoiceSlot(at as u8);
        if !same && self.outputs.lane.assign(slot, patch).is_ok() {
            *assigned = Some(Arc::clone(patch));
        }
    }

    /// What has become of the ports: those that are missing since now or there again, and what else there is to say.
    pub(crate) fn look_at_ports(&mut self) -> (Vec<(String, bool)>, Vec<String>) {
        let (mut changes, mut troubles) = (Vec::new(), Vec::new());
        while let Some(news) = self.outputs.ports.news() {
            match news {
                News::Open { port, name, mut output } => {
                    let stats = output.stats();
                    if self.stats.iter().all(|known| !Arc::ptr_eq(known, &stats)) {
                        self.stats.push(stats);
                    }
                    let known = self.ports.entry(port.clone()).or_default();
                    for event in known.setup.drain(..) {
                        let _ = output.send(event);
                    }
                    known.output = Some((output, name));
                    self.clocks.forget(&port);
                    // A box that is to follow has to be started, however late it is there.
                    if std::mem::take(&mut known.missing) || self.clocks.has(&port) {
                        changes.push((port, true));
                    }
                }
                News::Missing { port, why } => {
                    troubles.extend(why);
                    let lost = Port { missing: true, ..Port::default() };
                    let known = self.ports.insert(port.clone(), lost).unwrap_or_default();
                    known.output.into_iter().for_each(|(output, _)| self.outputs.ports.close(output));
                    if !known.missing {
                        changes.push((port, false));
                    }
                }
            }
        }
        (changes, troubles)
    }

    /// How exactly a set was on time, in one sentence.
    pub(crate) fn account(&self) -> String {
        let mut snapshot = Snapshot::default();
        self.describe(&mut snapshot);
        let Snapshot { xruns, late, left_out, timing, .. } = snapshot;
        let mut text = format!("on time: {xruns} xruns, {late} notes late, {left_out} left out");
        let longest = self.outputs.audio.status().longest;
        if longest > 0.0 {
            let _ = write!(text, "; callbacks ran for {:.0} % of their time at most", longest * 100.0);
        }
        if timing.messages > 0 {
            let _ = write!(text, "; {} MIDI messages, late by {timing} (half, 99 of 100, all)", timing.messages);
        }
        text
    }

    /// How loud the voices are at the synth, what its output is like.
    pub(crate) fn measure(&self, snapshot: &mut Snapshot, slot: impl Fn(&str) -> Option<VoiceSlot>) {
        let meters = self.outputs.stats.meters();
        for voice in &mut snapshot.voices {
            voice.level = slot(&voice.name).map(|slot| meters.voice(usize::from(slot.0))).unwrap_or_default();
        }
        snapshot.sides = meters.sides();
        if self.outputs.stats.sounding() > 0 {
            snapshot.scope = meters.scope();
        }
    }

    /// The slots whose patches have blown up since this was asked before, and their patches' names.
    pub(crate) fn blown(&self) -> Vec<(VoiceSlot, String)> {
        let name = |slot: usize| (VoiceSlot(slot as u8), self.patches[slot].0.clone());
        self.outputs.stats.meters().blown().map(name).collect()
    }

    /// A JACK server may give its clients a lower priority than the calling thread has, which then takes one below it. Now and then.
    pub(crate) fn stay_below_audio(&mut self) {
        let Some(audio) = self.outputs.audio.priority() else { return };
        let priority = PRIORITY.min(audio.saturating_sub(1)).max(1);
        if priority != self.priority {
            self.priority = priority;
            let _ = realtime::raise(priority);
        }
    }

    /// What audio and MIDI say of themselves.
    pub(crate) fn describe(&self, snapshot: &mut Snapshot) {
        let audio = self.outputs.audio.status();
        snapshot.audio = audio.trouble.map_or(audio.output.clone(), |trouble| format!("{}: {trouble}", audio.output));
        snapshot.xruns = audio.xruns;
        snapshot.load = audio.load;
        snapshot.late = self.outputs.stats.late();
        let dropped: u64 = self.stats.iter().map(|stats| stats.dropped()).sum();
        snapshot.left_out = dropped + self.outputs.stats.dropped();
        snapshot.timing = Timing::of(self.stats.iter().map(|stats| stats.lateness()));
        let open = self.ports.values().filter_map(|port| port.output.as_ref());
        let names: Vec<&str> = open.map(|(_, name)| name.as_str()).collect();
        if !names.is_empty() {
            snapshot.midi = names.join(", ");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::mpsc::Sender;

    use rtrb::{Consumer, RingBuffer};

    use super::*;
    use crate::audio::{AudioDevice, AudioOutput};
    use crate::clock::Clock;
    use crate::compose::Role;
    use crate::engine::Renderer;
    use crate::midi::Ports;
    use crate::prompt::{By, Voice};
    use crate::synth::Synth;

    const BASS: VoiceSlot = VoiceSlot(0);

    /// A desk, what goes to its synth, and who makes the news of ports.
    fn desk(default: Option<&str>) -> (Desk, Consumer<ScheduledEvent>, Sender<News>) {
        let (device, (ports, news)) = (AudioDevice::none(), Ports::held());
        let (rate, (ring, synth)) = (device.rate(), RingBuffer::new(64));
        let (renderer, _) = Renderer::new(Synth::new(rate, &[]).0);
        let (stats, lane) = (renderer.stats(), Synth::new(rate, &[]).1);
        let audio = AudioOutput::start(device, renderer, None, Clock::new(rate));
        let midi_for_all = default.map(str::to_owned);
        let outputs = Outputs { ring, lane, stats, audio, ports, midi_for_all, patches: HashMap::new() };
        (Desk::new(outputs, rate), synth, news)
    }

    fn sound(out: Option<&str>) -> Step {
        let sound = Sound::of(&Voice::new("bass", By::Loop, Role::Bass), BASS, Frames(0));
        Step::Sound(Sound { out: out.map(str::to_owned), channel: Some(1), ..sound })
    }

    fn send(desk: &mut Desk, actions: &[Action]) {
        for action in actions {
            desk.take(Step::Send(ScheduledEvent { at: Frames(0), action: *action }), Frames(0));
        }
    }

    fn taken(ring: &mut Consumer<ScheduledEvent>) -> Vec<Action> {
        std::iter::from_fn(|| ring.pop().ok()).map(|event| event.action).collect()
    }

    const ON: Action = Action::NoteOn { voice: BASS, pitch: 40, velocity: 90 };
    const OFF: Action = Action::NoteOff { voice: BASS, pitch: 40 };
    const CONTROL: Action = Action::Control { voice: BASS, controller: 74, value: 3 };
    const PROGRAM: Action = Action::Program { voice: BASS, program: 5 };

    fn open(port: &str) -> (News, Consumer<ScheduledEvent>) {
        let (output, sent) = MidiOutput::held();
        (News::Open { port: port.to_owned(), name: format!("{port} 20:0"), output }, sent)
    }

    #[test]
    fn a_port_that_opens_late_is_set_up_and_no_note_hangs() {
        let (mut desk, mut synth, news) = desk(None);
        desk.take(sound(Some("Box")), Frames(0));
        send(&mut desk, &[PROGRAM, CONTROL, ON]);
        assert_eq!(taken(&mut synth), [PROGRAM, CONTROL, ON], "the synth stands in");
        let (opened, mut port) = open("Box");
        news.send(opened).expect("listens");
        assert_eq!(desk.look_at_ports(), (vec![], vec![]));
        assert_eq!(taken(&mut port), [PROGRAM, CONTROL]);
        send(&mut desk, &[OFF, ON]);
        assert_eq!((taken(&mut port), taken(&mut synth)), (vec![OFF, ON], vec![OFF]));
        let mut snapshot = Snapshot::default();
        desk.describe(&mut snapshot);
        assert_eq!(snapshot.midi, "Box 20:0");
    }

    #[test]
    fn what_becomes_of_a_port_is_told_once() {
        let (mut desk, mut synth, news) = desk(Some("Box"));
        desk.take(sound(Some("synth")), Frames(0));
        let (opened, _) = open("Box");
        news.send(opened).expect("listens");
        let missing = |why: &str| News::Missing { port: "Box".to_owned(), why: Some(why.to_owned()) };
        assert_eq!(desk.look_at_ports(), (vec![], vec![]), "as it was believed to be");
        news.send(missing("pulled")).expect("listens");
        news.send(missing("still")).expect("listens");
        assert_eq!(desk.look_at_ports(), (vec![("Box".to_owned(), false)], vec!["pulled".into(), "still".into()]));
        send(&mut desk, &[ON, CONTROL]);
        desk.take(sound(None), Frames(0));
        // The conductor has not heard of it yet.
        send(&mut desk, &[OFF, CONTROL, ON]);
        assert_eq!(taken(&mut synth), [ON, CONTROL, OFF, CONTROL, ON]);
        let (opened, mut port) = open("Box");
        news.send(opened).expect("listens");
        assert_eq!(desk.look_at_ports(), (vec![("Box".to_owned(), true)], vec![]));
        assert_eq!(taken(&mut port), [], "it is the conductor's to set it up");
        send(&mut desk, &[OFF, Action::AllNotesOff]);
        assert_eq!(taken(&mut port), [OFF, Action::AllNotesOff]);
        assert_eq!(taken(&mut synth), [OFF, Action::AllNotesOff]);
    }

    #[test]
    fn a_box_that_follows_needs_no_voice_and_is_started_when_it_is_there() {
        let (mut desk, mut synth, news) = desk(None);
        let clocks = |ports: &[&str]| {
            let clock = |port: &&str| ClockPort { port: (*port).to_owned(), latency_ms: 0 };
            ports.iter().map(clock).collect::<Arc<[ClockPort]>>()
        };
        let clock = Action::Clock;
        let (tick, go) = (clock(ClockMessage::Tick), clock(ClockMessage::Continue));
        desk.follow(&clocks(&["Drum"]));
        desk.take(sound(Some("Box")), Frames(0));
        let ((drum, mut drum_port), (other, mut box_port)) = (open("Drum"), open("Box"));
        send(&mut desk, &[clock(ClockMessage::Start), tick]);
        news.send(drum).expect("listens");
        news.send(other).expect("listens");
        assert_eq!(desk.look_at_ports(), (vec![("Drum".to_owned(), true)], vec![]), "it has to be told");
        send(&mut desk, &[tick, go, tick, go, ON]);
        assert_eq!(taken(&mut drum_port), [tick, go, tick], "once");
        desk.follow(&clocks(&[]));
        send(&mut desk, &[tick]);
        assert_eq!(taken(&mut drum_port), [clock(ClockMessage::Stop)]);
        assert_eq!((taken(&mut box_port), taken(&mut synth)), (vec![ON], vec![]));
    }

    /// As at the start, where the ports of the command line and of the first scene are open before anybody plays.
    #[test]
    fn a_port_that_opens_before_its_voice_is_known_waits_for_it() {
        let (mut desk, mut synth, news) = desk(Some("Box"));
        let ((default, mut of_default), (named, mut of_named)) = (open("Box"), open("Drum"));
        news.send(default).expect("listens");
        news.send(named).expect("listens");
        assert_eq!(desk.look_at_ports(), (vec![], vec![]));
        for (out, there) in [(Some("Drum"), &mut of_named), (None, &mut of_default)] {
            desk.take(sound(out), Frames(0));
            send(&mut desk, &[ON]);
            assert_eq!((taken(there), taken(&mut synth)), (vec![ON], vec![]), "{out:?}");
        }
    }

    /// A box that needs longer than the late limit of the outputs: what the hand plays leaves at once, its beginning before its end, and so do the
    /// first notes of music that another box has started.
    #[test]
    fn what_the_hand_plays_is_not_late_by_the_latency_of_its_box() {
        let (mut desk, _synth, news) = desk(None);
        let Step::Sound(bass) = sound(Some("Box")) else { unreachable!() };
        desk.take(Step::Sound(Sound { latency_ms: 100, ..bass }), Frames(0));
        let (opened, mut port) = open("Box");
        news.send(opened).expect("listens");
        desk.look_at_ports();
        // The frame of the note and of the turn, and the frame at which it leaves.
        for (at, now, leaves) in [(50_000, 50_000, 50_000), (60_000, 60_010, 60_000), (64_000, 60_000, 60_000)] {
            for action in [ON, OFF] {
                desk.take(Step::Send(ScheduledEvent { at: Frames(at), action }), Frames(now));
                let sent = port.pop().expect("sent");
                assert_eq!((sent.at, sent.action), (Frames(leaves), action));
            }
        }
    }

    /// All but what the hand plays, which is never made to wait.
    #[test]
    fn each_output_is_nudged_by_itself() {
        let (mut desk, mut synth, news) = desk(None);
        desk.take(sound(Some("Box")), Frames(0));
        let (opened, mut port) = open("Box");
        news.send(opened).expect("listens");
        desk.look_at_ports();
        desk.follow(&[ClockPort { port: "Box".to_owned(), latency_ms: 5 }].into());
        let nudge = |output: &str, ms| Step::Nudge { at: Frames(0), output: output.to_owned(), ms };
        desk.take(nudge("Box", 10), Frames(0));
        desk.take(nudge("synth", -10), Frames(0));
        let mut send = |at, action| {
            desk.take(Step::Send(ScheduledEvent { at: Frames(at), action }), Frames(1000));
            let both = [&mut port, &mut synth].map(|ring| ring.pop().ok().map(|event| event.at.0));
            assert!(port.is_empty() && synth.is_empty());
            both
        };
        assert_eq!(send(1000, ON), [Some(1000), None], "by hand");
        assert_eq!(send(1000, OFF), [Some(1000); 2]);
        assert_eq!(send(5000, ON), [Some(5480), None]);
        assert_eq!(send(6000, CONTROL), [Some(6480), Some(5520)]);
        assert_eq!(send(7000, OFF), [Some(7480), Some(6520)]);
        assert_eq!(send(8000, Action::Clock(ClockMessage::Tick)), [Some(8240), None]);
        assert_eq!(send(9000, Action::Flush), [Some(9000); 2]);
    }

    /// Of a port that is open and of one that has gone; the audio system's runs without a sound.
    #[test]
    fn a_set_is_accounted_for_at_its_end() {
        let (mut desk, _synth, news) = desk(None);
        assert_eq!(desk.account(), "on time: 0 xruns, 0 notes late, 0 left out");
        for (port, micros) in [("Box", 1200), ("Drum", 10)] {
            let (opened, _) = open(port);
            let News::Open { output, .. } = &opened else { unreachable!() };
            output.stats().lateness().record(std::time::Duration::from_micros(micros));
            news.send(opened).expect("listens");
        }
        news.send(News::Missing { port: "Box".to_owned(), why: None }).expect("listens");
        desk.look_at_ports();
        let account = desk.account();
        assert!(account.ends_with("; 2 MIDI messages, late by 0.01/1.2/1.2 ms (half, 99 of 100, all)"), "{account}");
    }
}
