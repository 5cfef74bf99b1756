//! Where events go, voice by voice: the router's ways to the open ports and to the synth. On the thread of the scheduler, or of a replay.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::Outputs;
use crate::event::{Action, ScheduledEvent, Snapshot, VoiceSlot};
use crate::midi::{MidiOutput, News};
use crate::prompt::MAX_VOICES;
use crate::rig::{Router, Sound, Step, Way};
use crate::synth::Patch;
use crate::time::{Frames, SampleRate};

/// A port that a sound names.
#[derive(Debug, Default)]
struct Port {
    /// With its full name, while it is open.
    output: Option<(MidiOutput, String)>,
    /// Controllers and programs that came before it was opened.
    setup: Vec<ScheduledEvent>,
}

#[derive(Debug)]
pub(crate) struct Desk {
    outputs: Outputs,
    router: Router,
    /// One for each of the router's.
    ports: Vec<Port>,
    /// Ports that are known to be missing.
    missing: BTreeSet<String>,
    /// What a full ring did not take.
    waiting: VecDeque<ScheduledEvent>,
    /// The patch that each slot plays, by name, and in the version that the synth has.
    patches: Vec<(String, Option<Arc<Patch>>)>,
}

impl Desk {
    pub(crate) fn new(outputs: Outputs, rate: SampleRate) -> Desk {
        Desk {
            router: Router::new(rate, outputs.midi_for_all.clone()),
            outputs,
            ports: Vec::new(),
            missing: BTreeSet::new(),
            waiting: VecDeque::new(),
            patches: vec![(String::new(), None); MAX_VOICES],
        }
    }

    pub(crate) fn take(&mut self, step: Step) {
        match step {
            Step::Send(event) => self.send(event),
            Step::Sound(sound) => self.give(&sound),
        }
    }

    fn send(&mut self, event: ScheduledEvent) {
        let synth = match self.router.way(event) {
            Way::Everywhere => {
                for (output, _) in self.ports.iter_mut().filter_map(|port| port.output.as_mut()) {
                    // A full ring means that the thread is gone, and with it its port; here and below.
                    let _ = output.send(event);
                }
                true
            }
            Way::Synth => true,
            Way::Port { port, event: own, synth } => {
                let missing = self.missing.contains(&self.router.ports()[port]);
                let Port { output, setup } = &mut self.ports[port];
                if let Some((output, _)) = output {
                    let _ = output.send(own);
                } else if !missing && matches!(own.action, Action::Control { .. } | Action::Program { .. }) {
                    setup.push(own);
                }
                // Until it is there.
                synth || output.is_none()
            }
            Way::Nowhere => false,
        };
        if synth {
            self.waiting.push_back(event);
            self.flush();
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
        for port in &self.router.ports()[self.ports.len()..] {
            self.outputs.ports.want(port);
        }
        self.ports.resize_with(self.router.ports().len(), Port::default);
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
            let place = |port: &str| self.router.ports().iter().position(|known| known == port);
            match news {
                News::Open { port, name, mut output } => {
                    if let Some(at) = place(&port) {
                        let known = &mut self.ports[at];
                        for event in known.setup.drain(..) {
                            let _ = output.send(event);
                        }
                        known.output = Some((output, name));
                    }
                    if self.missing.remove(&port) {
                        changes.push((port, true));
                    }
                }
                News::Missing { port, why } => {
                    troubles.extend(why);
                    if let Some(at) = place(&port) {
                        let known = std::mem::take(&mut self.ports[at]);
                        known.output.into_iter().for_each(|(output, _)| self.outputs.ports.close(output));
                    }
                    if self.missing.insert(port.clone()) {
                        changes.push((port, false));
                    }
                }
            }
        }
        (changes, troubles)
    }

    /// What audio and MIDI say of themselves.
    pub(crate) fn describe(&self, snapshot: &mut Snapshot) {
        let audio = self.outputs.audio.status();
        snapshot.audio = audio.trouble.map_or(audio.output.clone(), |trouble| format!("{}: {trouble}", audio.output));
        snapshot.xruns = audio.xruns;
        let open = self.ports.iter().filter_map(|port| port.output.as_ref());
        let names: Vec<&str> = open.map(|(_, name)| name.as_str()).collect();
        if !names.is_empty() {
            snapshot.midi = names.join(", ");
        }
    }
}
