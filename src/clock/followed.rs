//! Following on the wire: a box sends its clock unevenly to the whole instrument, and another writes down when the notes come.
//! For `barline bench clock` and the tests.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::Clock;
use super::boxes::{Boxes, of};
use super::keyboard::Keyboard;
use crate::audio::{AudioDevice, AudioError, AudioOutput, AudioSpec};
use crate::compose::Silent;
use crate::conductor::{Conductor, Pace};
use crate::engine::Renderer;
use crate::event::Command;
use crate::midi::{CycleInputs, CycleMidi, Patchbay, Ports};
use crate::prompt;
use crate::scheduler::{Outputs, Scheduler};
use crate::steer::Lexicon;
use crate::synth::Synth;

const PLAYER: &str = "barline-player";
const LEADER: &str = "barline-leader";
/// A note on each crotchet; the text's tempo is not the box's.
const TEXT: &str = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:bass by=loop out=barline-player\n[V:bass] C,C,C,C, |\n";
/// Frames between its ticks at 125 to the minute and 48 kHz, and how early or late each may come: 2 ms.
const TICK: i64 = 960;
const JITTER: f64 = 96.0;
/// Ticks in a crotchet, and before the start.
const PULSES: i64 = 24;
const BEFORE: i64 = 48;
/// Messages are handed over so long ahead, in frames.
const AHEAD: i64 = 24_000;
/// How long ports may take to be connected.
const PATIENCE: Duration = Duration::from_secs(20);

/// How it went.
#[derive(Clone, Debug)]
pub struct Followed {
    /// How much later (ms) than the box's true beat each note came, in order.
    pub late_ms: Vec<f64>,
    /// How often the server could not keep up meanwhile: its frames jump then.
    pub dropouts: u32,
}

impl Followed {
    /// The 99th percentile of the distances (ms).
    #[must_use]
    pub fn p99_ms(&self) -> f64 {
        let mut off: Vec<f64> = self.late_ms.iter().map(|late| late.abs()).collect();
        off.sort_by(f64::total_cmp);
        off.get(off.len().saturating_sub(1) * 99 / 100).copied().unwrap_or(0.0)
    }
}

/// A small fixed sequence between -1 and 1.
fn uneven(index: i64) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as f64 / f64::from(1u32 << 23) - 1.0
}

/// Plays so many beats with a box that leads; with one whose clock nobody hears, `deaf`: for tests of the check.
pub fn follow(beats: usize, deaf: bool) -> Result<Followed, AudioError> {
    let wrong = |error: jack::Error| AudioError(error.to_string());
    let mut player = Boxes::plug_in(PLAYER, &["midi"]).map_err(wrong)?;
    let mut leader = Keyboard::plug_in(LEADER).map_err(wrong)?;
    let mut scene = prompt::read(Path::new("led.abc"), TEXT, &[], &Lexicon::default()).0.remove(0);
    scene.leader = (!deaf).then(|| LEADER.into());
    let device = AudioDevice::find(&AudioSpec::Named { host: "jack".to_owned(), device: None })?;
    let clock = Clock::new(device.rate());
    let (synth, lane) = Synth::new(device.rate(), &[]);
    let (renderer, ring) = Renderer::new(synth);
    let stats = renderer.stats();
    let (bay, ends) = Patchbay::new(device.rate(), device.midi_inputs().unwrap_or_default().to_vec());
    let connections = bay.connections();
    let (inputs, arrivals) = CycleInputs::new(Arc::clone(&connections));
    let midi = CycleMidi { outputs: ends, arrivals, connections };
    let audio = AudioOutput::start(device, renderer, Some(midi), Arc::clone(&clock));
    let ports = Ports::in_cycle(bay, vec![PLAYER.to_owned()]);
    let outputs = Outputs { ring, lane, stats, audio, ports, midi_for_all: None, patches: HashMap::new() };
    let conductor = Conductor::new(&Arc::new(scene), Box::new(Silent), clock.rate(), 1, Pace::Live);
    let (events, _seen) = channel();
    let scheduler = Scheduler::start(conductor, outputs, Some(inputs), clock, events, None);
    let begun = Instant::now();
    while !(player.are_played() && (deaf || leader.is_heard())) {
        if begun.elapsed() > PATIENCE {
            return Err(AudioError("the ports do not come to be connected".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let joined = player.dropouts();
    let first = i64::from(leader.frame()) + AHEAD + BEFORE * TICK;
    if deaf {
        scheduler.send(Command::Play);
    }
    for tick in -BEFORE..beats as i64 * PULSES {
        let at = first + tick * TICK;
        while i64::from(leader.frame()) + AHEAD < at {
            std::thread::sleep(Duration::from_millis(10));
        }
        if tick == 0 {
            leader.send((at - 2 * JITTER as i64) as u32, [0xFA, 0, 0]);
        }
        leader.send((at + (uneven(BEFORE + tick) * JITTER) as i64) as u32, [0xF8, 0, 0]);
    }
    std::thread::sleep(Duration::from_millis(700));
    drop(scheduler);
    let dropouts = player.dropouts() - joined;
    let struck = of(&player.heard(), 0).into_iter().filter(|(_, bytes)| bytes[0] & 0xF0 == 0x90);
    let beat = |index: usize| first + index as i64 * PULSES * TICK;
    let late = |(index, (frame, _)): (usize, (u32, [u8; 3]))| (i64::from(frame) - beat(index)) as f64 / 48.0;
    let late_ms: Vec<f64> = struck.take(beats).enumerate().map(late).collect();
    if late_ms.len() < beats {
        return Err(AudioError(format!("{} notes of {beats} came", late_ms.len())));
    }
    Ok(Followed { late_ms, dropouts })
}
