//! Voices and pools. Built off the audio thread, played on it, sent home to be dropped.

use fundsp::prelude32::{AudioUnit, BufferRef, BufferVec};

use super::patch::{Controls, Part, Patch};
use crate::time::SampleRate;

/// fundsp's largest block, in frames.
pub const BLOCK: usize = fundsp::MAX_BUFFER_SIZE;

/// Voices that one slot's patch gets: two four-note chords that overlap.
pub const POOL_VOICES: usize = 8;

/// Voices of each drum of a kit: a stroke may come before the last has rung out.
const DRUM_VOICES: usize = 2;
/// The hi-hat closed, by the foot and open (General MIDI): one pair of cymbals.
const HATS: [u8; 3] = [42, 44, 46];

/// How long a voice takes to be silenced without a click.
const FADE_SECONDS: f32 = 0.005;

/// A released voice is free once it has stayed below -80 dB for `QUIET_SECONDS`, a gap that is longer than a usual echo's.
const QUIET: f32 = 1.0e-4;
const QUIET_SECONDS: f32 = 0.1;

/// A patch that is louder than this (+40 dB) has blown up, as one has whose samples are no numbers.
const LOUDEST: f32 = 100.0;

/// A released voice that still sounds after this time is faded: its patch does not end by itself.
const LONGEST_RELEASE_SECONDS: f32 = 12.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Free,
    Held,
    Released,
    Fading,
}

/// Controls that all voices of a slot share, as they stand at the start of a block.
#[derive(Clone, Copy, Debug)]
pub struct SlotControls {
    /// Hz.
    pub cutoff: f32,
    pub macros: [f32; 4],
}

/// One sounding note: a graph of its own with controls of its own.
pub struct Voice {
    unit: Box<dyn AudioUnit>,
    /// The only note that it plays, in a kit.
    drum: Option<u8>,
    controls: Controls,
    stereo: bool,
    phase: Phase,
    pitch: u8,
    /// When it was started, counted in note-ons.
    age: u64,
    gain: f32,
    fade: f32,
    fade_step: f32,
    /// The loudest sample since the last [`Voice::retire`].
    peak: f32,
    quiet_for: u32,
    released_for: u32,
    quiet_frames: u32,
    longest_release: u32,
    last: [f32; 2],
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Voice {{ {:?}, pitch: {}, age: {} }}", self.phase, self.pitch, self.age)
    }
}

/// Pitch 69 is 440 Hz.
fn hz(pitch: u8) -> f32 {
    440.0 * 2.0_f32.powf((f32::from(pitch) - 69.0) / 12.0)
}

/// The gain of a MIDI velocity or volume: 40 log10(value/127) dB, as General MIDI 2 recommends.
pub(super) fn midi_gain(value: u8) -> f32 {
    let linear = f32::from(value) / 127.0;
    linear * linear
}

impl Voice {
    fn new(part: &Part<'_>, rate: SampleRate, seed: u64) -> Voice {
        let controls = Controls::default();
        let unit = part.build(rate, &controls, seed);
        let frames = |seconds: f32| (seconds * rate.0 as f32) as u32;
        Voice {
            stereo: part.outputs() == 2,
            unit,
            drum: part.drum,
            controls,
            phase: Phase::Free,
            pitch: 0,
            age: 0,
            gain: 0.0,
            fade: 1.0,
            fade_step: 1.0 / (FADE_SECONDS * rate.0 as f32),
            peak: 0.0,
            quiet_for: 0,
            released_for: 0,
            quiet_frames: frames(QUIET_SECONDS),
            longest_release: frames(LONGEST_RELEASE_SECONDS),
            last: [0.0; 2],
        }
    }

    pub fn is_free(&self) -> bool {
        self.phase == Phase::Free
    }

    /// Whether a note-off for this pitch is for this voice.
    pub fn holds(&self, pitch: u8) -> bool {
        self.phase == Phase::Held && self.pitch == pitch
    }

    /// Whether it can play a drum, or a note where there are no drums.
    pub fn plays(&self, drum: Option<u8>) -> bool {
        self.drum == drum
    }

    /// Whether it sounds and a stroke on this drum silences it: of a pair of cymbals that meet, the others.
    pub fn is_choked_by(&self, drum: u8) -> bool {
        let one_of = |drum: u8| HATS.contains(&drum);
        !self.is_free() && one_of(drum) && self.drum.is_some_and(|own| own != drum && one_of(own))
    }

    /// Who is stolen first: fading, then released, then held voices; among equals the oldest.
    pub fn claim(&self) -> (u8, u64) {
        let priority = match self.phase {
            Phase::Free | Phase::Fading => 0,
            Phase::Released => 1,
            Phase::Held => 2,
        };
        (priority, self.age)
    }

    /// Starts a note. Returns the level at which a note that still sounded was cut off, for the mixer to smooth over.
    pub fn start(&mut self, pitch: u8, velocity: u8, age: u64) -> [f32; 2] {
        let cut = self.cut();
        self.unit.reset();
        self.controls.pitch.set_value(hz(pitch));
        self.controls.velocity.set_value(f32::from(velocity) / 127.0);
        self.controls.gate.set_value(1.0);
        self.phase = Phase::Held;
        self.pitch = pitch;
        self.age = age;
        self.gain = midi_gain(velocity);
        self.fade = 1.0;
        self.peak = 0.0;
        self.quiet_for = 0;
        self.released_for = 0;
        cut
    }

    pub fn release(&mut self) {
        if self.phase == Phase::Held {
            self.controls.gate.set_value(0.0);
            self.phase = Phase::Released;
        }
    }

    /// Silences the voice within [`FADE_SECONDS`].
    pub fn fade(&mut self) {
        if self.phase != Phase::Free {
            self.controls.gate.set_value(0.0);
            self.phase = Phase::Fading;
        }
    }

    /// Frees the voice at once. Returns the level at which it was cut.
    pub fn cut(&mut self) -> [f32; 2] {
        self.phase = Phase::Free;
        std::mem::take(&mut self.last)
    }

    pub fn set(&self, controls: &SlotControls) {
        self.controls.cutoff.set_value(controls.cutoff);
        for (shared, value) in self.controls.macros.iter().zip(controls.macros) {
            shared.set_value(value);
        }
    }

    /// Adds the next `size` frames to the bus. `false` when its patch has blown up: then it is silent, and free.
    pub fn render(&mut self, size: usize, scratch: &mut BufferVec, bus: &mut [[f32; BLOCK]; 2]) -> bool {
        let mut output = scratch.buffer_mut();
        let channels = if self.stereo { 2 } else { 1 };
        self.unit.process(size, &BufferRef::empty(), &mut output.subset(0, channels));
        let left = &output.channel_f32(0)[..size];
        let right = &output.channel_f32(channels - 1)[..size];
        // What is not a number is not below the bound.
        let sane = |samples: &[f32]| samples.iter().fold(true, |sane, sample| sane & (sample.abs() < LOUDEST));
        if !(sane(left) && sane(right)) {
            // The patch must not take the set with it.
            self.last = [0.0; 2];
            self.phase = Phase::Free;
            return false;
        }
        let mut peak = 0.0_f32;
        for i in 0..size {
            if self.phase == Phase::Fading {
                self.fade = (self.fade - self.fade_step).max(0.0);
            }
            let gain = self.gain * self.fade;
            let (l, r) = (left[i] * gain, right[i] * gain);
            bus[0][i] += l;
            bus[1][i] += r;
            peak = peak.max(l.abs()).max(r.abs());
            self.last = [l, r];
        }
        self.peak = self.peak.max(peak);
        true
    }

    /// Frees the voice if it has rung out. Called every [`BLOCK`] frames of the synth's own count, so that which voice is free
    /// when does not depend on how the frames were cut.
    pub fn retire(&mut self) {
        let peak = std::mem::take(&mut self.peak);
        match self.phase {
            Phase::Fading if self.fade == 0.0 => {
                self.cut();
            }
            Phase::Released => {
                self.quiet_for = if peak < QUIET { self.quiet_for + BLOCK as u32 } else { 0 };
                self.released_for += BLOCK as u32;
                if self.quiet_for >= self.quiet_frames {
                    self.cut();
                } else if self.released_for >= self.longest_release {
                    self.fade();
                }
            }
            _ => {}
        }
    }
}

/// The voices of one patch on one slot.
#[derive(Debug)]
pub struct Pool {
    pub(super) voices: Vec<Voice>,
    /// The drums of a kit, in order.
    drums: Vec<u8>,
    /// A voice of it has blown up: it strikes no more notes.
    pub(super) broken: bool,
}

impl Pool {
    /// Builds `voices` voices; allocates, so never on the audio thread. Each gets oscillator phases of its own.
    #[must_use]
    pub fn build(patch: &Patch, rate: SampleRate, voices: usize) -> Box<Pool> {
        let parts: Vec<Part<'_>> = patch.parts().collect();
        let drums: Vec<u8> = parts.iter().filter_map(|part| part.drum).collect();
        let each = if drums.is_empty() { voices.max(1) } else { DRUM_VOICES };
        let of = |part| (0..each).map(move |index| Voice::new(part, rate, index as u64 + 1));
        Box::new(Pool { voices: parts.iter().flat_map(of).collect(), drums, broken: false })
    }

    /// The drum that a note is on, the nearest where the kit has none of its own; `None` where there are no drums.
    pub fn drum(&self, pitch: u8) -> Option<u8> {
        self.drums.iter().copied().min_by_key(|drum| drum.abs_diff(pitch))
    }

    pub fn is_silent(&self) -> bool {
        self.voices.iter().all(Voice::is_free)
    }

    pub fn sounding(&self) -> usize {
        self.voices.iter().filter(|voice| !voice.is_free()).count()
    }
}
