//! `%%MIDI`: what abc2midi's directives say of a voice's instrument, pitch and loudness, and of its accompaniment. Outside the
//! standard, but in most files off the web. Owns the reading of them and where they hold; after abc2midi's guide. What they say of
//! sound is done by [`crate::score`] and [`crate::accompany`].

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::ast::{Bar, Change, Symbol, Tune};
use super::{Fault, Meter};
use crate::time::Beats;

/// The letters of `gchord`; `k` is ours, the fifth under the root.
pub const GCHORD_LETTERS: &str = "fcbzkghijGHIJ";
/// Of a drum whose directive gives no velocities, as abc2midi has it.
const DRUM_VELOCITY: u8 = 80;

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

impl MidiSetting {
    /// Reads a directive without its `%%`, or an `I:` field, which may hold several (`MIDI=program 73 MIDI=drumon`). Nothing for other
    /// directives and for what is not acted on. An error says what is wrong with a value.
    pub fn read(directive: &str) -> impl Iterator<Item = Result<MidiSetting, Fault>> {
        let settings = directive.strip_prefix("MIDI").map(|rest| rest.split("MIDI"));
        settings.into_iter().flatten().filter_map(|text| {
            let text = text.trim_start();
            read_one(text.strip_prefix('=').unwrap_or(text))
        })
    }
}

/// A pattern's letters with their lengths; `None` for what is no pattern, and for one of more than 96 letters or parts of a letter.
#[must_use]
pub fn steps(pattern: &str, letters: &str) -> Option<Vec<(char, u32)>> {
    let mut steps: Vec<(char, u32)> = Vec::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = if digits == 0 { 1 } else { rest[..digits].parse().ok()? };
        rest = &rest[digits..];
        if !letters.contains(letter) || !(1..=96).contains(&length) || steps.len() >= 96 {
            return None;
        }
        steps.push((letter, length));
    }
    (!steps.is_empty()).then_some(steps)
}

fn read_one(text: &str) -> Option<Result<MidiSetting, Fault>> {
    let mut words = text.split_whitespace().take_while(|word| !word.starts_with('%'));
    let (name, values) = (words.next()?, words.collect::<Vec<_>>());
    let number = |at: usize, range: RangeInclusive<i32>| -> Option<i32> {
        values.get(at).and_then(|text| text.parse().ok()).filter(|number| range.contains(number))
    };
    let byte = |at: usize| number(at, 0..=127).map(|number| number as u8);
    let (read, wanted) = match name {
        // The channel may stand before the program, and the instrument's name after it.
        "program" => (
            number(0, 1..=16).and(byte(1)).or(byte(0)).map(MidiSetting::Program),
            "a program from 0 to 127, such as 73",
        ),
        "channel" => (number(0, 1..=16).map(|it| MidiSetting::Channel(it as u8)), "a channel from 1 to 16"),
        "transpose" => (number(0, -60..=60).map(MidiSetting::Transpose), "semitones from -60 to 60, such as -12"),
        "beat" => {
            let read = || Some(MidiSetting::Beat([byte(0)?, byte(1)?, byte(2)?], number(3, 1..=127)? as u8));
            (read(), "three velocities and a number, such as 90 80 65 1")
        }
        "beatstring" => {
            let good = |string: &&&str| string.len() <= 128 && string.bytes().all(|letter| b"fmp".contains(&letter));
            (
                values.first().filter(good).map(|string| MidiSetting::BeatString((*string).into())),
                "f, m and p, such as fpmp",
            )
        }
        "beataccents" | "nobeataccents" => (Some(MidiSetting::BeatAccents(name == "beataccents")), ""),
        "gchord" => {
            let good = |pattern: &&&str| steps(pattern, GCHORD_LETTERS).is_some();
            (values.first().filter(good).map(|it| MidiSetting::Gchord((*it).into())), "a pattern, such as fzczfzcz")
        }
        "gchordon" | "gchordoff" => (Some(MidiSetting::GchordOn(name == "gchordon")), ""),
        "chordprog" | "bassprog" => {
            let octave = values.iter().find_map(|word| word.strip_prefix("octave="));
            let octave = octave.map_or(Some(0), |text| text.parse().ok().filter(|octave| (-2..=2).contains(octave)));
            let of = if name == "chordprog" { MidiSetting::ChordProgram } else { MidiSetting::BassProgram };
            let read = byte(0).zip(octave).map(|(program, octave)| of(program, octave));
            (read, "a program from 0 to 127, and perhaps octave=-2 to 2")
        }
        "chordvol" => (byte(0).map(MidiSetting::ChordVolume), "a velocity from 0 to 127"),
        "bassvol" => (byte(0).map(MidiSetting::BassVolume), "a velocity from 0 to 127"),
        "drum" => (
            drum(&values).map(|pattern| MidiSetting::Drum(Arc::new(pattern))),
            "a pattern, a drum for each d, and perhaps a velocity for each, such as d2zd 36 38 100 80",
        ),
        "drumon" | "drumoff" => (Some(MidiSetting::DrumOn(name == "drumon")), ""),
        "drumbars" => (number(0, 1..=16).map(|bars| MidiSetting::DrumBars(bars as u8)), "bars from 1 to 16"),
        _ => return None,
    };
    Some(read.ok_or_else(|| {
        let (wanted, example) = wanted.split_once(", such as ").unwrap_or((wanted, ""));
        let fault = Fault::new(format!("%%MIDI {name} wants {wanted}"));
        if example.is_empty() { fault } else { fault.with_help(format!("as in %%MIDI {name} {example}")) }
    }))
}

/// `d2zdd 35 38 38 100 50 50`: the pattern, its drums, their velocities.
fn drum(values: &[&str]) -> Option<DrumPattern> {
    let (pattern, numbers) = values.split_first()?;
    let steps = steps(pattern, "dz")?;
    let strikes = steps.iter().filter(|(letter, _)| *letter == 'd').count();
    let byte = |text: &&str| text.parse::<u8>().ok().filter(|number| *number < 128);
    let numbers = numbers.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    if !(strikes..=2 * strikes).contains(&numbers.len()) {
        return None;
    }
    let (drums, velocities) = numbers.split_at(strikes);
    let velocities = velocities.iter().copied().chain(std::iter::repeat(DRUM_VELOCITY));
    let mut struck = drums.iter().copied().zip(velocities);
    let step = |(letter, length)| (length, if letter == 'd' { struck.next() } else { None });
    Some(DrumPattern(steps.into_iter().map(step).collect()))
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

/// What holds for a voice from place to place of the text. A directive holds from the next bar on, in the order of the text: a repeat
/// plays its bars as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MidiCourse(Vec<(usize, MidiSettings)>);

impl MidiCourse {
    /// What stands before any voice, and what stands in the music of these voices or after their `V:` lines. `M:` in the music brings the
    /// metre's own `gchord` back.
    #[must_use]
    pub fn of(tune: &Tune, voices: &[&str]) -> MidiCourse {
        let mut marks: Vec<(usize, Option<&MidiSetting>)> = Vec::new();
        for directive in &tune.directives {
            if directive.voice.as_deref().is_none_or(|name| voices.contains(&name)) {
                marks.extend(directive.midi.iter().map(|setting| (directive.span.start, Some(setting))));
            }
        }
        if marks.iter().any(|(_, setting)| matches!(setting, Some(MidiSetting::Gchord(_)))) {
            let bars = voices.iter().filter_map(|name| tune.voice(name)).flat_map(|voice| &voice.bars);
            let changes = bars.flat_map(|bar| &bar.items);
            let meters = changes.filter(|item| matches!(item.symbol, Symbol::Change(Change::Meter(_))));
            marks.extend(meters.map(|item| (item.span.start, None)));
        }
        marks.sort_by_key(|(place, _)| *place);
        let mut settings = MidiSettings::NONE;
        let steps = marks.chunk_by(|a, b| a.0 == b.0).map(|together| {
            for (_, setting) in together {
                match setting {
                    Some(setting) => settings.apply(setting),
                    None => settings.gchord = None,
                }
            }
            (together[0].0, settings.clone())
        });
        MidiCourse(steps.collect())
    }

    /// What holds in a bar whose music begins at this place.
    #[must_use]
    pub fn at(&self, music_start: usize) -> &MidiSettings {
        static NONE: MidiSettings = MidiSettings::NONE;
        let before = self.0.partition_point(|(place, _)| *place < music_start);
        before.checked_sub(1).map_or(&NONE, |last| &self.0[last].1)
    }

    /// What holds in a bar. Nothing to look up in a tune without directives.
    #[must_use]
    #[inline]
    pub fn in_bar(&self, bar: &Bar) -> &MidiSettings {
        if self.0.is_empty() { self.at(0) } else { self.at(bar.music_start()) }
    }

    /// What holds when a voice begins: in its first bar, or, when it has none, after all that is said of it.
    #[must_use]
    pub fn first(&self, tune: &Tune, voice: &str) -> &MidiSettings {
        let first = tune.voice(voice).and_then(|voice| voice.bars.first());
        self.at(first.map_or(usize::MAX, Bar::music_start))
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;
    use crate::notes::notes;

    #[test]
    fn directives_hold_for_their_voice() {
        let text = "X:1\nM:4/4\nL:1/4\n%%MIDI program 40\nV:1\nV:2\n%%MIDI program 3 33 bass\n%%MIDI channel 5\nK:C\n\
                    V:1\nC4|\nV:2\n%%MIDI transpose -12\nC4|\n%%MIDI drum dz 36\n";
        let (book, said) = parse(text);
        assert_eq!(said, []);
        let of = |voice: &str| MidiCourse::of(&book.tunes[0], &[voice]).first(&book.tunes[0], voice).clone();
        assert_eq!(of("1"), MidiSettings { program: Some(40), ..MidiSettings::default() });
        let second = MidiSettings { program: Some(33), channel: Some(5), transpose: -12, ..MidiSettings::default() };
        assert_eq!(of("2"), second);
        let pitches: Vec<i32> = notes(&book.tunes[0]).iter().map(|note| note.pitch.midi()).collect();
        assert_eq!(pitches, [60, 48]);
    }

    /// Pitch and velocity of all notes.
    fn played(text: &str) -> Vec<(i32, u8)> {
        let (book, said) = parse(text);
        assert_eq!(said, [], "{text}");
        notes(&book.tunes[0]).iter().map(|note| (note.pitch.midi(), note.velocity)).collect()
    }

    #[test]
    fn directives_between_bars_hold_from_there_on() {
        let pitches = |body: &str| -> Vec<i32> {
            let text = format!("X:1\nM:4/4\nL:1/1\nK:C\n{body}\n");
            played(&text).into_iter().map(|(pitch, _)| pitch).collect()
        };
        assert_eq!(pitches("C|\n%%MIDI transpose 2\nC|C|\n%%MIDI transpose 0\nC|"), [60, 62, 62, 60]);
        assert_eq!(pitches("C|[I:MIDI=transpose 2]C|[I: MIDI = transpose 3 MIDI=drumon]C|"), [60, 62, 63]);
        assert_eq!(pitches("|:C|\n%%MIDI transpose 2\nC:|C|"), [60, 62, 60, 62, 62], "as it is written");
        assert_eq!(pitches("V:1\nC|C|\nV:2\n%%MIDI transpose 12\nC|C|"), [60, 72, 60, 72]);
    }

    #[test]
    fn stress_and_dynamics() {
        let velocities = |directives: &str, body: &str| -> Vec<u8> {
            let text = format!("X:1\nM:4/4\nL:1/4\n{directives}K:C\n{body}\n");
            played(&text).into_iter().map(|(_, velocity)| velocity).collect()
        };
        let beat = "%%MIDI beat 100 80 60 2\n";
        assert_eq!(velocities("", "CCCC|"), [90; 4]);
        assert_eq!(velocities(beat, "CCCC|zCC/C/C|"), [100, 60, 80, 60, 60, 80, 60, 60]);
        assert_eq!(velocities(beat, "C!f!C!>!CC|!mf!C"), [100, 75, 111, 75, 100]);
        assert_eq!(velocities(beat, "C|\n%%MIDI nobeataccents\nCC|\n%%MIDI beataccents\nC|"), [100, 80, 80, 100]);
        assert_eq!(velocities("%%MIDI nobeataccents\n", "CCCC|"), [90; 4]);
        assert_eq!(velocities("%%MIDI beatstring fpm\n", "CCCC|"), [90, 65, 80, 65]);
        assert_eq!(velocities("%%MIDI beat 0 127 1 1\n", "C!pppp!CC/C/|"), [1, 57, 57, 1]);
    }

    #[test]
    fn gchord_ends_at_a_metre_change() {
        let (book, _) = parse(
            "X:1\nM:4/4\nL:1/4\n%%MIDI gchord fc\nK:C\nC4|[M:3/4]C3|\n%%MIDI gchord f\nC3|[I:MIDI gchordoff]C3|\n",
        );
        let course = MidiCourse::of(&book.tunes[0], &["1"]);
        let bars = &book.tunes[0].voices[0].bars;
        let midi = bars.iter().map(|bar| course.in_bar(bar));
        let held: Vec<_> = midi.map(|midi| (midi.gchord.as_deref(), midi.gchord_off)).collect();
        assert_eq!(held, [(Some("fc"), false), (None, false), (Some("f"), false), (Some("f"), true)]);
    }

    #[test]
    fn drum_patterns() {
        let read = |values: &str| drum(&values.split(' ').collect::<Vec<_>>()).map(|pattern| pattern.0);
        let expect = [(2, Some((35, 100))), (1, None), (1, Some((38, 80)))];
        assert_eq!(read("d2zd 35 38 100"), Some(expect.to_vec()));
        for wrong in ["", "36 38", "d", "dd 36", "dx 36", "d 36 80 1", "d 128", "d0 36", "d97 36"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn wrong_values_are_told_and_others_are_not_ours() {
        for (directive, wanted) in [
            ("MIDI program 300", "0 to 127"),
            ("MIDI channel 17", "1 to 16"),
            ("MIDI transpose up", "semitones"),
            ("MIDI gchord", "pattern"),
            ("MIDI gchord fx", "pattern"),
            ("MIDI beat 90 80", "velocities"),
            ("MIDI beatstring loud", "f, m and p"),
            ("MIDI=drum dd 36", "a drum for each d"),
            ("MIDI drumbars 0", "bars"),
            ("MIDI chordprog 3 octave=9", "octave"),
            ("MIDI drumon MIDI=bassvol 200", "0 to 127"),
        ] {
            let said: Vec<Fault> = MidiSetting::read(directive).filter_map(Result::err).collect();
            assert!(said.len() == 1 && said[0].message.contains(wanted), "{directive}: {said:?}");
        }
        for directive in ["MIDI drumon", "MIDI", "MIDI grace 1/4", "midi program 300", "MIDI program 3 % of 300"] {
            assert_eq!(MidiSetting::read(directive).filter_map(Result::err).count(), 0, "{directive}");
        }
        let (_, said) = parse("X:1\nK:C\n%%MIDI program 300\nC|\n");
        assert_eq!(said.len(), 1);
    }
}
