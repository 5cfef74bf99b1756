//! One voice: a graph that plays one note at a time. Built off the audio thread, played on it.

use fundsp::prelude32::{AudioUnit, BufferRef, BufferVec};

use super::held::Key;
use super::patch::{Controls, Part};
use crate::time::SampleRate;

/// fundsp's largest block, in frames.
pub const BLOCK: usize = fundsp::MAX_BUFFER_SIZE;

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
    strokes: u32,
    /// When it was started, counted in note-ons.
    pub(super) age: u64,
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
pub(super) fn hz(pitch: u8) -> f32 {
    440.0 * 2.0_f32.powf((f32::from(pitch) - 69.0) / 12.0)
}

/// The gain of a MIDI velocity or volume: 40 log10(value/127) dB, as General MIDI 2 recommends.
pub(super) fn midi_gain(value: u8) -> f32 {
    let linear = f32::from(value) / 127.0;
    linear * linear
}

impl Voice {
    pub(super) fn new(part: &Part<'_>, rate: SampleRate, seed: u64) -> Voice {
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
            strokes: 0,
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

    /// Whether its note is held.
    pub fn is_held(&self) -> bool {
        self.phase == Phase::Held
    }

    /// Whether it sounds, and nothing is about to silence it.
    pub fn is_alive(&self) -> bool {
        matches!(self.phase, Phase::Held | Phase::Released)
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

    /// Starts a note; a glide begins at `from` Hz, where that is not 0. Returns the level at which a note that still sounded was cut off,
    /// for the mixer to smooth over.
    pub fn start(&mut self, key: Key, age: u64, from: f32) -> [f32; 2] {
        let cut = self.cut();
        self.unit.reset();
        self.gain = 0.0;
        self.fade = 1.0;
        self.peak = 0.0;
        self.age = age;
        self.strike(key, from);
        cut
    }

    /// Another stroke on the graph as it sounds. A glide begins at `from` Hz, or, where that is 0, wherever the pitch is. Returns by how
    /// much the level jumped.
    pub fn strike(&mut self, key: Key, from: f32) -> [f32; 2] {
        // Back to 1 long before a float runs out of whole numbers.
        self.strokes = self.strokes % 1_000_000 + 1;
        self.controls.from.set_value(from);
        self.controls.gate.set_value(self.strokes as f32);
        self.phase = Phase::Held;
        self.quiet_for = 0;
        self.released_for = 0;
        self.bind(key)
    }

    /// Goes on to another note without a stroke. Returns by how much the level jumped.
    pub fn bind(&mut self, key: Key) -> [f32; 2] {
        self.controls.pitch.set_value(hz(key.pitch));
        self.controls.velocity.set_value(f32::from(key.velocity) / 127.0);
        self.pitch = key.pitch;
        let before = std::mem::replace(&mut self.gain, midi_gain(key.velocity));
        let left = if before > 0.0 { 1.0 - self.gain / before } else { 0.0 };
        let jump = self.last.map(|level| level * left);
        self.last = [self.last[0] - jump[0], self.last[1] - jump[1]];
        jump
    }

    pub fn release(&mut self) {
        if self.phase == Phase::Held {
            self.controls.gate.set_value(0.0);
            self.phase = Phase::Released;
        }
    }

    /// Silences the voice within `FADE_SECONDS`.
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

    /// Adds the next `size` frames to the bus. Errs when its patch has blown up, with the level at which it was cut: then it is silent, and free.
    pub fn render(
        &mut self,
        size: usize,
        scratch: &mut BufferVec,
        bus: &mut [[f32; BLOCK]; 2],
    ) -> Result<(), [f32; 2]> {
        let mut output = scratch.buffer_mut();
        let channels = if self.stereo { 2 } else { 1 };
        self.unit.process(size, &BufferRef::empty(), &mut output.subset(0, channels));
        let left = &output.channel_f32(0)[..size];
        let right = &output.channel_f32(channels - 1)[..size];
        // What is not a number is not below the bound.
        let sane = |samples: &[f32]| samples.iter().fold(true, |sane, sample| sane & (sample.abs() < LOUDEST));
        if !(sane(left) && sane(right)) {
            // The patch must not take the set with it.
            return Err(self.cut());
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
        Ok(())
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
