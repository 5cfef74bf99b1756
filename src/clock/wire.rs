//! On the wire: another JACK client writes down what arrives, sample by sample and message by message, and it is held against the plan.
//! For `barline bench clock` and the tests; the receiver's callback is on JACK's thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Clock;
use super::boxes::{Boxes, of, onsets};
use crate::audio::{AudioDevice, AudioError, AudioOutput, AudioSpec};
use crate::engine::{RenderStats, Renderer};
use crate::event::{Action, ScheduledEvent, VoiceSlot};
use crate::midi::{CycleInputs, CycleMidi, MidiOutput, News, Patchbay, Ports};
use crate::synth::{CLICK, Patch, Synth};
use crate::time::Frames;

const VOICE: VoiceSlot = VoiceSlot(0);
/// Events are sent this much ahead, as the scheduler does: 0.2 s.
const AHEAD: i64 = 9_600;
/// How long ports may take to be connected.
const PATIENCE: Duration = Duration::from_secs(20);
const RECEIVER: &str = "barline-receiver";

/// A note's beginning or end that is to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Frames since the plan's beginning.
    pub at: i64,
    pub pitch: u8,
    pub on: bool,
}

/// Notes at uneven distances of some 10 ms, each with its end.
#[must_use]
pub fn plan(notes: usize) -> Vec<Planned> {
    let mut at = 24_000;
    let mut plan = Vec::new();
    for note in 0..notes {
        at += 500 + (note as i64 * 7919) % 97;
        let pitch = 36 + (note % 60) as u8;
        plan.extend([Planned { at, pitch, on: true }, Planned { at: at + 100, pitch, on: false }]);
    }
    plan
}

/// What arrived, by the server's frame.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    pub midi: Vec<(u32, [u8; 3])>,
    pub onsets: Vec<u32>,
    /// How often the server could not keep up meanwhile: its frames jump then, and what was on the way is lost.
    pub dropouts: u32,
}

/// The instrument's end: synth and one MIDI output through a JACK client.
#[derive(Debug)]
pub struct Instrument {
    ring: rtrb::Producer<ScheduledEvent>,
    ports: Ports,
    pub stats: Arc<RenderStats>,
    pub sound: AudioOutput,
}

impl Instrument {
    pub fn start() -> Result<Instrument, AudioError> {
        Instrument::wanting(vec![])
    }

    /// Starts beside a receiver that is there already, strikes a note and ends while it sounds; gives what arrived.
    pub fn cut_short() -> Result<Arrived, AudioError> {
        let receiver = plug_in()?;
        let instrument = Instrument::wanting(vec![RECEIVER.to_owned()])?;
        let Some(News::Open { mut output, .. }) = instrument.ports.news() else {
            return Err(AudioError("a port that was there at the start is missed".to_owned()));
        };
        wait_until_connected(&receiver)?;
        let joined = receiver.dropouts();
        let at = instrument.stats.frame() + Frames(AHEAD);
        let action = Action::NoteOn { voice: VOICE, pitch: 60, velocity: 100 };
        output.send(ScheduledEvent { at, action }).map_err(|_| AudioError("the ring is full".to_owned()))?;
        instrument.wait_until((at + Frames(AHEAD)).0);
        drop(instrument);
        Ok(arrived(receiver, joined))
    }

    fn wanting(ports: Vec<String>) -> Result<Instrument, AudioError> {
        let device = AudioDevice::find(&AudioSpec::Named { host: "jack".to_owned(), device: None })?;
        let (rate, inputs) = (device.rate(), device.midi_inputs().unwrap_or_default().to_vec());
        let click = Patch::parse("click", CLICK).map_err(|error| AudioError(error.to_string()))?;
        let (synth, _) = Synth::new(rate, &[Some(&click)]);
        let (renderer, ring) = Renderer::new(synth);
        let stats = renderer.stats();
        let (bay, ends) = Patchbay::new(rate, inputs);
        let connections = bay.connections();
        let (_, arrivals) = CycleInputs::new(Arc::clone(&connections));
        let midi = CycleMidi { outputs: ends, arrivals, connections };
        let sound = AudioOutput::start(device, renderer, Some(midi), Clock::new(rate));
        let ports = Ports::in_cycle(bay, ports);
        Ok(Instrument { ring, ports, stats, sound })
    }

    /// Plays a plan and gives what arrived. `spoil` may move an event or leave it out: for tests of the checks.
    pub fn play(&mut self, plan: &[Planned], spoil: &dyn Fn(usize, i64) -> Option<i64>) -> Result<Arrived, AudioError> {
        let receiver = plug_in()?;
        self.ports.want(RECEIVER);
        let mut output = self.opened()?;
        wait_until_connected(&receiver)?;
        let joined = receiver.dropouts();
        let origin = self.stats.frame().0;
        for (index, planned) in plan.iter().enumerate() {
            let Some(at) = spoil(index, planned.at) else { continue };
            let Planned { pitch, on, .. } = *planned;
            let action = if on {
                Action::NoteOn { voice: VOICE, pitch, velocity: 100 }
            } else {
                Action::NoteOff { voice: VOICE, pitch }
            };
            let event = ScheduledEvent { at: Frames(origin + at), action };
            self.wait_until(event.at.0 - AHEAD);
            let full = || AudioError("the rings are full: the server stands still".to_owned());
            output.send(event).map_err(|_| full())?;
            self.ring.push(event).map_err(|_| full())?;
        }
        self.wait_until(origin + plan.last().map_or(0, |planned| planned.at) + AHEAD);
        let arrived = arrived(receiver, joined);
        self.ports.close(output);
        self.gone()?;
        Ok(arrived)
    }

    /// The output to the receiver, as soon as it is found.
    fn opened(&self) -> Result<MidiOutput, AudioError> {
        self.news(&mut |news| match news {
            News::Open { output, .. } => Some(output),
            News::Missing { .. } => None,
        })
    }

    /// Waits until it is missed, so that the next one is found anew.
    fn gone(&self) -> Result<(), AudioError> {
        self.news(&mut |news| matches!(news, News::Missing { .. }).then_some(()))
    }

    fn news<T>(&self, take: &mut dyn FnMut(News) -> Option<T>) -> Result<T, AudioError> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(taken) = self.ports.news().and_then(&mut *take) {
                return Ok(taken);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(AudioError("the ports are not as they should be".to_owned()))
    }

    fn wait_until(&self, frame: i64) {
        while self.stats.frame().0 < frame {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Another program with a MIDI input.
fn plug_in() -> Result<Boxes, AudioError> {
    Boxes::plug_in(RECEIVER, &["midi"]).map_err(|error| AudioError(error.to_string()))
}

fn wait_until_connected(receiver: &Boxes) -> Result<(), AudioError> {
    let begun = Instant::now();
    while !(receiver.are_played() && receiver.listen()) {
        if begun.elapsed() > PATIENCE {
            return Err(AudioError("the ports do not come to be connected".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// What has arrived. `joined` are the server's dropouts before anything was played.
fn arrived(mut receiver: Boxes, joined: u32) -> Arrived {
    let heard = receiver.heard();
    Arrived { midi: of(&heard, 0), onsets: onsets(&heard), dropouts: receiver.dropouts() - joined }
}

/// The greatest distances in frames between what was planned and what arrived: of the messages, and of the sound's onsets. The server's
/// frame of the plan's beginning is that of the first message. Errs where something is missing, too much or another.
pub fn compare(plan: &[Planned], arrived: &Arrived) -> Result<(i64, i64), String> {
    if arrived.midi.len() != plan.len() {
        return Err(format!("{} messages of {} arrived", arrived.midi.len(), plan.len()));
    }
    let onsets: Vec<i64> = plan.iter().filter(|planned| planned.on).map(|planned| planned.at).collect();
    if arrived.onsets.len() != onsets.len() {
        return Err(format!("{} onsets of {} sounded", arrived.onsets.len(), onsets.len()));
    }
    let Some(first) = plan.first() else { return Ok((0, 0)) };
    let origin = i64::from(arrived.midi[0].0) - first.at;
    let mut worst = (0, 0);
    for (Planned { at, pitch, on }, (frame, bytes)) in plan.iter().zip(&arrived.midi) {
        let expected = if *on { [0x90, *pitch, 100] } else { [0x80, *pitch, 0] };
        if *bytes != expected {
            return Err(format!("{bytes:?} came in the place of {expected:?}"));
        }
        worst.0 = worst.0.max((i64::from(*frame) - origin - at).abs());
    }
    for (at, frame) in onsets.iter().zip(&arrived.onsets) {
        worst.1 = worst.1.max((i64::from(*frame) - origin - at).abs());
    }
    Ok(worst)
}
