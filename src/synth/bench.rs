//! Figures of `barline bench synth`: what voices cost, how long a callback takes, whether it touches the heap. On the caller's thread.

use std::time::Instant;

use super::{MAX_SOUNDING, POOL_VOICES, Patch, Synth};
use crate::engine::Renderer;
use crate::event::{Action, ScheduledEvent, VoiceSlot};
use crate::figures::best;
use crate::time::{Frames, SampleRate};
use crate::{heap, realtime};

pub const RATE: SampleRate = SampleRate(48_000);
/// Frames of a callback.
pub const PERIOD: usize = 256;

/// The slots that [`MAX_SOUNDING`] notes take, and the pitches that each holds.
pub const SLOTS: usize = MAX_SOUNDING / POOL_VOICES;
pub const PITCHES: [u8; POOL_VOICES] = [48, 51, 54, 57, 60, 63, 66, 69];

/// A synth in which as many notes are held as can sound together.
fn full(patch: &Patch) -> Synth {
    let (mut synth, _lane) = Synth::new(RATE, &[Some(&patch.in_chords()); SLOTS]);
    for slot in 0..SLOTS {
        for pitch in PITCHES {
            synth.handle(Action::NoteOn { voice: VoiceSlot(slot as u8), pitch, velocity: 90 });
        }
    }
    synth
}

/// Time spent per time rendered with [`MAX_SOUNDING`] notes held for so many seconds; the best of three runs.
#[must_use]
pub fn cost(patch: &Patch, seconds: usize) -> f64 {
    let mut synth = full(patch);
    let (mut left, mut right) = (vec![0.0; PERIOD], vec![0.0; PERIOD]);
    let render = || (0..seconds * RATE.0 as usize / PERIOD).for_each(|_| synth.render(&mut left, &mut right));
    best(3, render).as_secs_f64() / seconds as f64
}

/// What callbacks were like.
#[derive(Clone, Debug)]
pub struct Callbacks {
    /// How long each took, in milliseconds.
    pub millis: Vec<f64>,
    /// Calls of the heap in all of them.
    pub heap_calls: u64,
}

impl Callbacks {
    /// Of so many callbacks at their pace, at the priority of audio where that is permitted, with [`MAX_SOUNDING`] notes that sound, are stolen and
    /// let go, and controllers that move.
    #[must_use]
    pub fn measure(patch: &Patch, count: usize) -> Callbacks {
        let patches = vec![patch.in_chords(); SLOTS];
        let thread = std::thread::spawn(move || {
            let _ = realtime::raise(realtime::AUDIO_PRIORITY);
            let (synth, _lane) = Synth::new(RATE, &patches.iter().map(Some).collect::<Vec<_>>());
            let (mut renderer, mut ring) = Renderer::new(synth);
            let mut out = vec![0.0; 2 * PERIOD];
            let mut heap_calls = 0;
            let mut ring_and_render = |turn: usize| {
                for action in actions(turn) {
                    let _ = ring.push(ScheduledEvent { at: renderer.frame() + Frames(turn as i64 % 250), action });
                }
                let before = heap::calls();
                renderer.process(&mut out, 2);
                heap_calls += heap::calls() - before;
            };
            let millis = paced(count, &mut ring_and_render);
            Callbacks { millis, heap_calls }
        });
        thread.join().unwrap_or(Callbacks { millis: Vec::new(), heap_calls: 0 })
    }
}

/// How long a plain calculation takes, in milliseconds, which is done in the place of callbacks and takes about as long as they do where nothing
/// disturbs it: what the machine itself adds.
#[must_use]
pub fn bare(millis: f64, count: usize) -> Vec<f64> {
    const TRIED: u64 = 1_000_000;
    let thread = std::thread::spawn(move || {
        let _ = realtime::raise(realtime::AUDIO_PRIORITY);
        let calculate = |rounds: u64| {
            let value = (0..rounds).fold(1.0_f32, |value, round| value * 0.5 + (round & 7) as f32);
            std::hint::black_box(value);
        };
        let tried = best(20, || calculate(TRIED)).as_secs_f64() * 1e3;
        let rounds = (TRIED as f64 * millis / tried) as u64;
        paced(count, &mut |_| calculate(rounds))
    });
    thread.join().unwrap_or_default()
}

/// Does something at the pace of callbacks, so many times; how long each time took, in milliseconds.
fn paced(count: usize, work: &mut dyn FnMut(usize)) -> Vec<f64> {
    let mut millis = Vec::with_capacity(count);
    let start = Instant::now();
    for turn in 0..count {
        let due = start + RATE.duration_of(Frames((turn * PERIOD) as i64));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let begun = Instant::now();
        work(turn);
        millis.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    millis
}

/// What comes in a callback: all slots are filled in the first ones, then each second one has a note that takes another's place.
fn actions(turn: usize) -> Vec<Action> {
    let voice = VoiceSlot((turn % SLOTS) as u8);
    let strike = |pitch| Action::NoteOn { voice, pitch, velocity: 90 };
    match turn {
        turn if turn < SLOTS => PITCHES.map(strike).to_vec(),
        turn if turn.is_multiple_of(16) => vec![Action::Control { voice, controller: 74, value: (turn % 128) as u8 }],
        turn if turn.is_multiple_of(2) => {
            let pitch = PITCHES[turn / SLOTS % POOL_VOICES];
            vec![Action::NoteOff { voice, pitch }, strike(pitch)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_are_measured_with_all_notes_sounding() {
        let patch = Patch::parse("test", "sine(pitch) * 0.1").expect("a patch");
        let (synth, _lane) = Synth::new(RATE, &[Some(&patch); SLOTS]);
        let (mut renderer, mut ring) = Renderer::new(synth);
        let mut out = vec![0.0; 2 * PERIOD];
        for turn in 0..200 {
            for action in actions(turn) {
                ring.push(ScheduledEvent { at: renderer.frame(), action }).expect("room");
            }
            renderer.process(&mut out, 2);
            assert!(turn < SLOTS || renderer.stats().sounding() >= MAX_SOUNDING as u64, "{turn}");
        }
        let callbacks = Callbacks::measure(&patch, 20);
        assert_eq!(callbacks.millis.len(), 20);
        assert!(callbacks.millis.iter().all(|millis| *millis > 0.0));
        assert_eq!(bare(0.1, 20).len(), 20);
        assert!(cost(&patch, 1) > 0.0);
    }
}
