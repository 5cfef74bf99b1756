//! Figures of `barline bench synth`: what voices cost, how long a callback takes, whether it touches the heap. On the caller's thread.

use std::time::{Duration, Instant};

use super::{MAX_SOUNDING, POOL_VOICES, Patch, Synth};
use crate::engine::Renderer;
use crate::event::{Action, ScheduledEvent, VoiceSlot};
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
    let run = || {
        let mut synth = full(patch);
        let (mut left, mut right) = (vec![0.0; PERIOD], vec![0.0; PERIOD]);
        let start = Instant::now();
        for _ in 0..seconds * RATE.0 as usize / PERIOD {
            synth.render(&mut left, &mut right);
        }
        start.elapsed()
    };
    (0..3).map(|_| run()).min().unwrap_or(Duration::ZERO).as_secs_f64() / seconds as f64
}

/// What callbacks were like.
#[derive(Clone, Debug)]
pub struct Callbacks {
    /// How long each took, in milliseconds, shortest first.
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
            let mut millis = Vec::with_capacity(count);
            let mut heap_calls = 0;
            let start = Instant::now();
            for turn in 0..count {
                let due = start + RATE.duration_of(Frames((turn * PERIOD) as i64));
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                for action in actions(turn) {
                    let _ = ring.push(ScheduledEvent { at: renderer.frame() + Frames(turn as i64 % 250), action });
                }
                let (begun, before) = (Instant::now(), heap::calls());
                renderer.process(&mut out, 2);
                heap_calls += heap::calls() - before;
                millis.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            millis.sort_by(f64::total_cmp);
            Callbacks { millis, heap_calls }
        });
        thread.join().unwrap_or(Callbacks { millis: Vec::new(), heap_calls: 0 })
    }

    /// So long a share of them took at most, in milliseconds.
    #[must_use]
    pub fn percentile(&self, share: f64) -> f64 {
        let at = ((self.millis.len() as f64 * share).ceil() as usize).clamp(1, self.millis.len().max(1)) - 1;
        self.millis.get(at).copied().unwrap_or(0.0)
    }
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
        assert!(callbacks.percentile(0.5) <= callbacks.percentile(0.999) && callbacks.millis.is_sorted());
        assert!(cost(&patch, 1) > 0.0);
    }
}
