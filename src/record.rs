//! What was committed, as values and as files: bars with their text and who made them, ABC of such bars, and the notes for a MIDI file. Pure.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::abc::Meter;
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::abc::print;
use crate::compose::Role;
use crate::conductor::in_unit;
use crate::event::Author;
use crate::export::{MidiNote, MidiTrack};
use crate::midi::Channels;
use crate::prompt::{By, Scene, Voice};
use crate::score::{Joined, Measure, OVERLAP, join};
use crate::time::{Beats, Frames, Tempo};
use crate::timeline::{Bar, Cell};
use crate::transport::Transport;

/// Bars on a line of text.
const BARS_A_LINE: usize = 4;

/// A committed bar as it is written down: all that its ABC takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BarRecord {
    pub number: i64,
    /// Its start.
    pub at: Frames,
    pub beats: Beats,
    pub title: String,
    #[serde(with = "meter_text")]
    pub meter: Meter,
    /// `L:`, in which the parts are written.
    pub unit: Beats,
    #[serde(with = "key_text")]
    pub key: Key,
    /// At its start.
    pub tempo: Tempo,
    pub parts: Vec<Part>,
}

/// One voice's part of a bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub voice: String,
    pub role: Role,
    /// `text`, `loop`, `varied`, `model`, `hand`, `edit` or `ladder 3`.
    pub by: String,
    /// ABC without the bar line, as the screen shows it.
    pub text: String,
    /// Of the notes that are struck in it, by onset, then pitch.
    pub velocities: Vec<u8>,
    /// Onsets that swing or small variation moves, from the bar's start: where they are written, and where they sound.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub moved: Vec<(Beats, Beats)>,
}

impl BarRecord {
    #[must_use]
    pub fn of(bar: &Bar, transport: &Transport) -> BarRecord {
        let scene = &bar.scene;
        BarRecord {
            number: bar.number,
            at: transport.frame_of(bar.start),
            beats: bar.start,
            title: scene.title.clone(),
            meter: scene.meter,
            unit: scene.unit,
            key: scene.key,
            tempo: transport.tempo_at(bar.start),
            parts: (0..scene.voices.len()).map(|voice| Part::of(bar, voice, transport.tempo_at(bar.start))).collect(),
        }
    }

    /// What stands in a bar's header, for comparing.
    fn header(&self) -> (Meter, Beats, Key, Tempo) {
        (self.meter, self.unit, self.key, self.tempo)
    }
}

impl Part {
    /// A voice's part of a bar, as it is struck at a tempo.
    #[must_use]
    pub fn of(bar: &Bar, at: usize, tempo: Tempo) -> Part {
        let (written, moved) = bar.struck(at, tempo);
        let struck = written.notes.iter().filter(|note| !note.tied_from);
        let velocities = struck.map(|note| note.velocity).collect();
        Part { velocities, moved, ..Part::played(&bar.scene, at, &bar.cells[at]) }
    }

    /// The same of what was played by hand: as it is.
    #[must_use]
    pub fn played(scene: &Scene, at: usize, cell: &Cell) -> Part {
        let voice = &scene.voices[at];
        let struck = cell.measure.notes.iter().filter(|note| !note.tied_from);
        Part {
            voice: voice.name.clone(),
            role: voice.role,
            by: match cell.by {
                Author::Text if voice.by == By::Loop => "loop".to_owned(),
                Author::Text => "text".to_owned(),
                Author::Varied => "varied".to_owned(),
                Author::Model => "model".to_owned(),
                Author::Hand => "hand".to_owned(),
                Author::Edit => "edit".to_owned(),
                Author::Ladder(rung) => format!("ladder {rung}"),
            },
            text: in_unit(scene, voice.role, cell),
            velocities: struck.map(|note| note.velocity).collect(),
            moved: Vec::new(),
        }
    }
}

/// The bars as one tune with all their voices, one that is not there resting. What changes on the way stands in the lines.
#[must_use]
pub fn abc(bars: &[BarRecord]) -> String {
    let Some(first) = bars.first() else { return String::new() };
    let mut voices: Vec<(&str, Role)> = Vec::new();
    for part in bars.iter().flat_map(|bar| &bar.parts) {
        if voices.iter().all(|(name, _)| *name != part.voice) {
            voices.push((&part.voice, part.role));
        }
    }
    let mut text = format!("%abc-2.1\nX:1\nT:{}\n", first.title);
    // Writing to a string cannot fail, here and below.
    let (meter, tempo) = (first.meter, tempo_mark(first.meter, first.tempo));
    let _ = writeln!(text, "M:{meter}\nL:{}\nQ:{tempo}\nK:{}", first.unit, first.key);
    for (name, role) in &voices {
        let clef = match role {
            Role::Bass => " clef=bass",
            Role::Drums => " clef=perc",
            _ => "",
        };
        let _ = writeln!(text, "V:{name}{clef}");
    }
    let mut before = first.header();
    let last = &bars[bars.len() - 1];
    for line in bars.chunk_by(|a, b| a.header() == b.header()).flat_map(|bars| bars.chunks(BARS_A_LINE)) {
        for (at, (name, _)) in voices.iter().enumerate() {
            let _ = write!(text, "[V:{name}]{}", changes(before, &line[0], at == 0));
            for bar in line {
                let part = bar.parts.iter().find(|part| part.voice == *name);
                let _ = match part {
                    Some(part) if bar.number == last.number => write!(text, " {} |", untied(bar, part)),
                    Some(part) => write!(text, " {} |", part.text),
                    None => write!(text, " z{} |", bar.meter.bar_length().ratio(bar.unit)),
                };
            }
            text.push('\n');
        }
        before = line[0].header();
    }
    text
}

/// A part of the last bar: what is tied over its end finds nothing there.
fn untied(bar: &BarRecord, part: &Part) -> String {
    // No key alters drums.
    let signature = if part.role == Role::Drums { [0; 7] } else { bar.key.signature };
    let key = Key { signature, ..bar.key };
    let (mut measure, _) = read_bar(&part.text, &key, bar.meter, bar.unit, &[]);
    let end = bar.meter.bar_length();
    let mut open = measure.notes.iter_mut().filter(|note| note.tied_to && note.onset + note.length >= end).peekable();
    if open.peek().is_none() {
        return part.text.clone();
    }
    open.for_each(|note| note.tied_to = false);
    let style = print::Style { marks: true, signature, ..print::Style::new(&key, bar.meter, bar.unit) };
    print::bar(&measure, end, &style)
}

/// The fields that are no longer as they were, within a line. A tempo is said once for all voices.
fn changes((meter, unit, key, tempo): (Meter, Beats, Key, Tempo), now: &BarRecord, first: bool) -> String {
    let mut fields = String::new();
    if meter != now.meter {
        let _ = write!(fields, "[M:{}]", now.meter);
    }
    if unit != now.unit {
        let _ = write!(fields, "[L:{}]", now.unit);
    }
    if first && tempo != now.tempo {
        let _ = write!(fields, "[Q:{}]", tempo_mark(now.meter, now.tempo));
    }
    if key != now.key {
        let _ = write!(fields, "[K:{}]", now.key);
    }
    fields
}

/// The tempo exactly, in whole counts as the standard has them: of the felt beat, or else of as small a note as it takes. A tempo that is not of
/// halves, as one that was tapped, has decimals, three at most.
fn tempo_mark(meter: Meter, tempo: Tempo) -> String {
    let beat = meter.beat();
    let count = tempo.0 / beat.ratio(Beats::QUARTER);
    if count.is_integer() {
        format!("{beat}={count}")
    } else if !tempo.0.denom().unsigned_abs().is_power_of_two() {
        let thousandths = (tempo.0 * 1000).round().to_integer();
        let decimals = format!("{:03}", thousandths % 1000);
        format!("1/4={}.{}", thousandths / 1000, decimals.trim_end_matches('0'))
    } else {
        format!("1/{}={}", 4 * tempo.0.denom(), tempo.0.numer())
    }
}

/// A metre as behind `M:`.
mod meter_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::abc::Meter;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(meter: &Meter, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(meter)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Meter, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom(format!("'{text}' is not a metre")))
    }
}

/// A key as behind `K:`.
mod key_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::abc::key::Key;

    pub fn serialize<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(key)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        let text = String::deserialize(deserializer)?;
        let key = Key::parse(&text).map_err(|_| D::Error::custom(format!("'{text}' is not a key")))?;
        Ok(key.0)
    }
}

/// A track for each voice that sounds, with the channels that live MIDI would use. `tempos` are from the start of the first bar.
#[must_use]
pub fn tracks(scene: &Scene, bars: &[Bar], tempos: &[(Beats, Tempo)]) -> Vec<MidiTrack> {
    let percussion: Vec<bool> = scene.voices.iter().map(|voice| voice.role == Role::Drums).collect();
    let channels = Channels::for_voices(&percussion);
    let from = bars.first().map_or(Beats::ZERO, |bar| bar.start);
    let tempo = |at: Beats| tempos.iter().rfind(|(from, _)| *from <= at).map_or(Tempo::DEFAULT, |(_, tempo)| *tempo);
    let track = |(at, voice): (usize, &Voice)| {
        let played = bars.iter().map(|bar| {
            let start = bar.start - from;
            (start, Measure { length: bar.length(), notes: bar.played(at, tempo(start)), ..Measure::default() })
        });
        let mut notes = join(played);
        for at in 0..notes.len() {
            notes[at].length = until_restruck(&notes[at], &notes[at + 1..]);
        }
        let notes = notes.into_iter().filter_map(|note| {
            let pitch = u8::try_from(note.pitch.midi()).ok().filter(|pitch| *pitch < 128)?;
            Some(MidiNote { onset: note.onset, length: note.length, pitch, velocity: note.velocity })
        });
        let channel = voice.channel.map_or(channels.0[at], |channel| channel - 1);
        MidiTrack { name: voice.name.clone(), channel, program: voice.program, notes: notes.collect() }
    };
    scene.voices.iter().enumerate().map(track).collect()
}

/// How long a note lasts; one that is slurred over a bar line ends when it is struck again there. `later` is what is struck after it.
fn until_restruck(note: &Joined, later: &[Joined]) -> Beats {
    let end = note.onset + note.length;
    let again =
        later.iter().take_while(|other| other.onset < end).find(|other| other.pitch.midi() == note.pitch.midi());
    let again = again.filter(|again| again.onset > note.onset && end - again.onset <= OVERLAP);
    again.map_or(note.length, |again| again.onset - note.onset)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::prompt::read;

    #[test]
    fn the_tempo_is_written_exactly() {
        for (meter, written, expected) in [
            ("6/8", "3/8=61", "3/8=61"),
            ("4/4", "1/4=120", "1/4=120"),
            ("4/4", "3/8=61", "1/8=183"),
            ("2/4", "1/2=60", "1/4=120"),
            ("4/4", "1/4=92.5", "1/8=185"),
            ("4/4", "1/4=166.7", "1/4=166.7"),
            ("6/8", "3/8=61.15", "1/4=91.725"),
        ] {
            let text = format!("X:1\nM:{meter}\nL:1/8\nQ:{written}\nK:C\n");
            let scene = read(Path::new("a.abc"), &text, &[], &crate::steer::Lexicon::default()).0.remove(0);
            assert_eq!(tempo_mark(scene.meter, scene.tempo.unwrap()), expected);
        }
    }
}
