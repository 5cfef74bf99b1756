//! What was heard, as files: ABC text and the notes for a MIDI file. Pure; made from the timeline's committed bars.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::compose::Role;
use crate::conductor::in_unit;
use crate::export::{MidiNote, MidiTrack};
use crate::midi::Channels;
use crate::prompt::Scene;
use crate::score::{Ornaments, join, perform};
use crate::time::{Beats, Tempo};
use crate::timeline::Bar;

/// Bars on a line of text.
const BARS_A_LINE: usize = 4;

/// The bars as one tune with the scene's voices. `Q:` is the tempo at its start.
#[must_use]
pub fn abc(scene: &Scene, tempo: Tempo, bars: &[Bar]) -> String {
    let mut text = format!("%abc-2.1\nX:1\nT:{}\n", scene.title);
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "M:{}\nL:{}\nQ:{}\nK:{}", scene.meter, scene.unit, tempo_mark(scene, tempo), scene.key);
    for voice in &scene.voices {
        let clef = match voice.role {
            Role::Bass => " clef=bass",
            Role::Drums => " clef=perc",
            _ => "",
        };
        let _ = writeln!(text, "V:{}{clef}", voice.name);
    }
    for line in bars.chunks(BARS_A_LINE) {
        for (at, voice) in scene.voices.iter().enumerate() {
            let _ = write!(text, "[V:{}]", voice.name);
            for bar in line {
                let _ = write!(text, " {} |", in_unit(scene, voice.role, &bar.cells[at]));
            }
            text.push('\n');
        }
    }
    text
}

/// The tempo exactly, in whole counts as the standard has them: of the felt beat, or else of as small a note as it takes.
fn tempo_mark(scene: &Scene, tempo: Tempo) -> String {
    let beat = scene.meter.beat();
    let count = tempo.0 / beat.ratio(Beats::QUARTER);
    if count.is_integer() {
        format!("{beat}={count}")
    } else {
        format!("1/{}={}", 4 * tempo.0.denom(), tempo.0.numer())
    }
}

/// A track for each voice that sounds, with the channels that live MIDI would use.
#[must_use]
pub fn tracks(scene: &Scene, bars: &[Bar]) -> Vec<MidiTrack> {
    let percussion: Vec<bool> = scene.voices.iter().map(|voice| voice.role == Role::Drums).collect();
    let channels = Channels::for_voices(&percussion);
    let from = bars.first().map_or(Beats::ZERO, |bar| bar.start);
    let track = |(at, voice): (usize, &crate::prompt::Voice)| {
        let notes = join(
            bars.iter()
                .map(|bar| (bar.start - from, perform(Cow::Borrowed(&bar.cells[at].measure), Ornaments::Played))),
        );
        let notes = notes.into_iter().filter_map(|note| {
            let pitch = u8::try_from(note.pitch.midi()).ok().filter(|pitch| *pitch < 128)?;
            Some(MidiNote { onset: note.onset, length: note.length, pitch, velocity: note.velocity })
        });
        let channel = voice.channel.map_or(channels.0[at], |channel| channel - 1);
        MidiTrack { name: voice.name.clone(), channel, program: voice.program, notes: notes.collect() }
    };
    scene.voices.iter().enumerate().map(track).collect()
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
        ] {
            let text = format!("X:1\nM:{meter}\nL:1/8\nQ:{written}\nK:C\n");
            let scene = read(Path::new("a.abc"), &text, &[], &crate::steer::Lexicon::default()).0.remove(0);
            assert_eq!(tempo_mark(&scene, scene.tempo.unwrap()), expected);
        }
    }
}
