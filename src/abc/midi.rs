//! `%%MIDI`: what abc2midi's directives say of a voice's instrument, pitch and loudness, and of its accompaniment. Outside the
//! standard, but in most files off the web; after abc2midi's guide. Owns what they can say; `read` reads them, `course` knows where they
//! hold. What they say of sound is done by [`crate::score`] and [`crate::accompany`].

mod course;
mod read;

use std::sync::Arc;

pub use course::MidiCourse;
pub use read::steps;

use super::Meter;
use crate::time::Beats;

/// The letters of `gchord`; `k` is ours, the fifth under the root.
pub const GCHORD_LETTERS: &str = "fcbzkghijGHIJ";

/// One `%%MIDI` directive that is acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MidiSetting {
    /// 0 to 127.
    Program(u8),
    /// 1 to 16.
    Channel(u8),
    /// Semitones, -60 to 60.
    Transpose(i32),
    /// `beat a b c n`: three velocities, and how many of the metre's units lie between strong ones.
    Beat([u8; 3], u8),
    /// `f`, `m` and `p` for the units of a bar.
    BeatString(Arc<str>),
    BeatAccents(bool),
    /// The accompaniment's pattern for a bar, `fzczfzcz`.
    Gchord(Arc<str>),
    GchordOn(bool),
    /// 0 to 127, and octaves from -2 to 2.
    ChordProgram(u8, i8),
    BassProgram(u8, i8),
    /// 0 to 127.
    ChordVolume(u8),
    BassVolume(u8),
    Drum(Arc<DrumPattern>),
    DrumOn(bool),
    /// 1 to 16.
    DrumBars(u8),
}

/// What `%%MIDI drum` says: parts of the time that the pattern fills, each with its drum and velocity, or silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrumPattern(pub Vec<(u32, Option<(u8, u8)>)>);

/// What holds for one voice at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidiSettings {
    pub program: Option<u8>,
    pub channel: Option<u8>,
    pub transpose: i32,
    /// `None` where nothing asks for stress.
    pub stress: Option<Stress>,
    pub gchord: Option<Arc<str>>,
    pub gchord_off: bool,
    pub chord: Instrument,
    pub bass: Instrument,
    pub drum: Option<Arc<DrumPattern>>,
    pub drum_on: bool,
    /// How many bars the drum pattern is spread over.
    pub drum_bars: u8,
    no_accents: bool,
}

impl Default for MidiSettings {
    fn default() -> Self {
        MidiSettings::NONE
    }
}

/// What plays the chords, or their bass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instrument {
    pub program: Option<u8>,
    /// Octaves above its usual place.
    pub octave: i8,
    /// 0 to 127.
    pub velocity: Option<u8>,
}

/// Loudness by the place in the bar, of `beat` and `beatstring`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stress {
    /// Velocities of the bar's first note, of strong ones, of all others.
    levels: [u8; 3],
    every: u8,
    string: Option<Arc<str>>,
    flat: bool,
}

impl Stress {
    /// Of abc2midi's `mf`, for a `beatstring` without a `beat`.
    const PLAIN: Stress = Stress { levels: [90, 80, 65], every: 1, string: None, flat: false };

    /// The velocity, 0 to 127, of a note at this time in the bar. Places are counted in the metre's units, x/y having x of 1/y; between
    /// them nothing is stressed.
    #[must_use]
    pub fn velocity(&self, onset: Beats, meter: Meter) -> u8 {
        let below = if let Meter::Measured { denominator, .. } = meter { denominator } else { 4 };
        let unit = onset.ratio(Beats::new(1, below.into()));
        let at = unit.is_integer().then(|| unit.to_integer());
        let level = match (at, &self.string) {
            _ if self.flat => 1,
            (None, _) => 2,
            (Some(at), Some(string)) => match usize::try_from(at).ok().and_then(|at| string.as_bytes().get(at)) {
                Some(b'f') => 0,
                Some(b'm') => 1,
                _ => 2,
            },
            (Some(0), None) => 0,
            (Some(at), None) => 1 + usize::from(at % i64::from(self.every) != 0),
        };
        self.levels[level]
    }
}

impl MidiSettings {
    const NONE: MidiSettings = MidiSettings {
        program: None,
        channel: None,
        transpose: 0,
        stress: None,
        gchord: None,
        gchord_off: false,
        chord: Instrument { program: None, octave: 0, velocity: None },
        bass: Instrument { program: None, octave: 0, velocity: None },
        drum: None,
        drum_on: false,
        drum_bars: 1,
        no_accents: false,
    };

    /// Whether loudness by the place in the bar is its affair: it asks for stress, or for none.
    #[must_use]
    pub fn places_loudness(&self) -> bool {
        self.stress.is_some() || self.no_accents
    }

    fn apply(&mut self, setting: &MidiSetting) {
        match setting {
            MidiSetting::Program(program) => self.program = Some(*program),
            MidiSetting::Channel(channel) => self.channel = Some(*channel),
            MidiSetting::Transpose(semitones) => self.transpose = *semitones,
            MidiSetting::Beat(levels, every) => {
                let stress = self.stress.get_or_insert(Stress::PLAIN);
                (stress.levels, stress.every) = (*levels, *every);
            }
            MidiSetting::BeatString(string) => {
                self.stress.get_or_insert(Stress::PLAIN).string = Some(Arc::clone(string));
            }
            MidiSetting::BeatAccents(on) => self.no_accents = !on,
            MidiSetting::Gchord(pattern) => self.gchord = Some(Arc::clone(pattern)),
            MidiSetting::GchordOn(on) => self.gchord_off = !on,
            MidiSetting::ChordProgram(program, octave) => {
                (self.chord.program, self.chord.octave) = (Some(*program), *octave);
            }
            MidiSetting::BassProgram(program, octave) => {
                (self.bass.program, self.bass.octave) = (Some(*program), *octave);
            }
            MidiSetting::ChordVolume(velocity) => self.chord.velocity = Some(*velocity),
            MidiSetting::BassVolume(velocity) => self.bass.velocity = Some(*velocity),
            MidiSetting::Drum(pattern) => self.drum = Some(Arc::clone(pattern)),
            MidiSetting::DrumOn(on) => self.drum_on = *on,
            MidiSetting::DrumBars(bars) => self.drum_bars = *bars,
        }
        if let Some(stress) = &mut self.stress {
            stress.flat = self.no_accents;
        }
    }
}

#[cfg(test)]
mod tests;
