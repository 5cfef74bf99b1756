//! Reading `%%MIDI` directives, and the patterns in them. Pure.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{DrumPattern, GCHORD_LETTERS, MidiSetting};
use crate::abc::Fault;

/// Of a drum whose directive gives no velocities, as abc2midi has it.
const DRUM_VELOCITY: u8 = 80;

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
pub(super) fn drum(values: &[&str]) -> Option<DrumPattern> {
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
