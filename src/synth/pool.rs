//! The voices of one patch, and which of them plays what. Built off the audio thread, played on it, sent home to be dropped.

use super::held::{Held, Key};
use super::patch::{Part, Patch, Touch};
use super::voice::{SlotControls, Voice, hz};
use crate::time::SampleRate;

/// Voices that one slot's patch gets, unless it asks for more or fewer: two four-note chords that overlap.
pub const POOL_VOICES: usize = 8;

/// Voices of each drum of a kit: a stroke may come before the last has rung out.
const DRUM_VOICES: usize = 2;

/// The voices of one patch on one slot.
#[derive(Debug)]
pub struct Pool {
    pub(super) voices: Vec<Voice>,
    /// The drums of a kit, in order.
    drums: Vec<u8>,
    touch: Touch,
    /// The keys that are down, where one voice plays them all.
    held: Held,
    /// Hz of the note before; 0 before the first.
    last: f32,
    /// A voice of it has blown up: it strikes no more notes.
    pub(super) broken: bool,
}

impl Pool {
    /// Builds `voices` voices, or as many as the patch declares; allocates, so never on the audio thread. Each gets oscillator phases of
    /// its own.
    #[must_use]
    pub fn build(patch: &Patch, rate: SampleRate, voices: usize) -> Box<Pool> {
        let parts: Vec<Part<'_>> = patch.parts().collect();
        let drums: Vec<u8> = parts.iter().filter_map(|part| part.drum).collect();
        let playing = patch.playing();
        let each = match playing.touch {
            _ if !drums.is_empty() => DRUM_VOICES,
            Touch::Chords => playing.voices.unwrap_or(voices.max(1)),
            Touch::Mono | Touch::Legato => 1,
        };
        let of = |part| (0..each).map(move |index| Voice::new(part, rate, index as u64 + 1));
        let voices = parts.iter().flat_map(of).collect();
        Box::new(Pool { voices, drums, touch: playing.touch, held: Held::default(), last: 0.0, broken: false })
    }

    /// Starts a note. Returns the level that was cut off, for the mixer to smooth over.
    pub fn note_on(&mut self, key: Key, age: u64, controls: &SlotControls) -> [f32; 2] {
        let from = std::mem::replace(&mut self.last, hz(key.pitch));
        if self.touch != Touch::Chords {
            return self.take_over(key, age, from, controls);
        }
        let drum = self.drum(key.pitch);
        if let Some(drum) = drum {
            self.voices.iter_mut().filter(|voice| voice.is_choked_by(drum)).for_each(Voice::fade);
        }
        let able = || (0..self.voices.len()).filter(|&index| self.voices[index].plays(drum));
        let free = able().find(|&index| self.voices[index].is_free());
        let index = free.or_else(|| able().min_by_key(|&index| self.voices[index].claim()));
        let Some(index) = index else { return [0.0; 2] };
        let voice = &mut self.voices[index];
        let cut = voice.start(key, age, from);
        voice.set(controls);
        cut
    }

    /// Whether a note takes a voice that does not sound yet: not where one voice plays all and is at it.
    pub fn needs_voice(&self) -> bool {
        self.touch == Touch::Chords || !self.voices[0].is_alive()
    }

    /// The one voice takes a note that was struck.
    fn take_over(&mut self, key: Key, age: u64, from: f32, controls: &SlotControls) -> [f32; 2] {
        let voice = &mut self.voices[0];
        if !voice.is_held() {
            // Whatever was down has been stolen or silenced since.
            self.held.clear();
        }
        self.held.press(key);
        let bound = self.touch == Touch::Legato;
        let cut = match (voice.is_alive(), voice.is_held()) {
            (_, true) if bound => voice.bind(key),
            // What is not bound does not glide, either.
            (true, _) if bound => voice.strike(key, hz(key.pitch)),
            (true, _) => voice.strike(key, 0.0),
            (false, _) => voice.start(key, age, if bound { 0.0 } else { from }),
        };
        voice.age = age;
        voice.set(controls);
        cut
    }

    /// Ends the note of a key. One voice for all keys goes back to the one before that is still down. Returns by how much the level jumped.
    pub fn note_off(&mut self, pitch: u8) -> [f32; 2] {
        self.held.release(pitch);
        let mut sounding = self.voices.iter_mut().filter(|voice| voice.holds(pitch));
        let Some(key) = self.held.last() else {
            sounding.for_each(Voice::release);
            return [0.0; 2];
        };
        let Some(voice) = sounding.next() else { return [0.0; 2] };
        self.last = hz(key.pitch);
        if self.touch == Touch::Legato { voice.bind(key) } else { voice.strike(key, 0.0) }
    }

    /// The drum that a note is on, the nearest where the kit has none of its own; `None` where there are no drums.
    fn drum(&self, pitch: u8) -> Option<u8> {
        self.drums.iter().copied().min_by_key(|drum| drum.abs_diff(pitch))
    }

    pub fn is_silent(&self) -> bool {
        self.voices.iter().all(Voice::is_free)
    }

    pub fn sounding(&self) -> usize {
        self.voices.iter().filter(|voice| !voice.is_free()).count()
    }
}
