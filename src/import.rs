//! Standard MIDI Files read into notes: the way back from [`crate::export`]. What that wrote is read as it was meant, and
//! written again it is the same file. Offline only; any bytes may come.

use std::path::Path;

use midly::{Format, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use num_rational::Ratio;

use crate::abc::Meter;
use crate::export::{MidiNote, MidiTrack};
use crate::time::{Beats, Tempo};

/// A piece of music as a MIDI file tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidiPiece {
    pub tempos: Vec<(Beats, Tempo)>,
    /// Of the piece's first bar; free where the file does not say.
    pub meter: Meter,
    /// One for each track, and for each further channel of a track.
    pub tracks: Vec<MidiTrack>,
}

/// Reads a file.
pub fn read_midi(path: &Path) -> Result<MidiPiece, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    midi(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads the bytes of a file.
pub fn midi(bytes: &[u8]) -> Result<MidiPiece, String> {
    let smf = Smf::parse(bytes).map_err(|error| format!("no MIDI file: {error}"))?;
    let Timing::Metrical(division) = smf.header.timing else {
        return Err("the times are those of film frames, not of beats".to_owned());
    };
    let whole = 4 * i64::from(division.as_int().max(1));
    let mut piece = MidiPiece { tempos: Vec::new(), meter: Meter::Free, tracks: Vec::new() };
    for (at, events) in smf.tracks.iter().enumerate() {
        let tracks = track(events, whole, &mut piece);
        // The first of parallel tracks holds the tempi; only notes make it a voice, too.
        let conductor = at == 0 && smf.header.format == Format::Parallel;
        piece.tracks.extend(tracks.into_iter().filter(|track| !conductor || !track.notes.is_empty()));
    }
    piece.tempos.sort_by_key(|(at, _)| *at);
    Ok(piece)
}

/// A note that has not ended: its place in its voice's notes, and whose it is.
struct Sounding {
    channel: u8,
    key: u8,
    voice: usize,
    note: usize,
}

/// A track's voices, by channel in order of appearance; without any, one that is silent.
fn track(events: &[TrackEvent<'_>], whole: i64, piece: &mut MidiPiece) -> Vec<MidiTrack> {
    let (mut now, mut name) = (0i64, String::new());
    let mut voices: Vec<MidiTrack> = Vec::new();
    let mut sounding: Vec<Sounding> = Vec::new();
    for event in events {
        now += i64::from(event.delta.as_int());
        let time = Beats::new(now, whole);
        let (channel, message) = match event.kind {
            TrackEventKind::Midi { channel, message } => (channel.as_int(), message),
            TrackEventKind::Meta(MetaMessage::TrackName(words)) if name.is_empty() => {
                name = String::from_utf8_lossy(words).into_owned();
                continue;
            }
            TrackEventKind::Meta(meta) => {
                conduct(meta, time, piece);
                continue;
            }
            _ => continue,
        };
        let (key, velocity) = match message {
            MidiMessage::NoteOn { key, vel } => (key.as_int(), vel.as_int()),
            // A note-on without velocity is a note-off, too.
            MidiMessage::NoteOff { key, .. } => (key.as_int(), 0),
            MidiMessage::ProgramChange { program } => {
                let voice = voice(&mut voices, channel);
                // The one that it begins with.
                if voices[voice].notes.is_empty() {
                    voices[voice].program = Some(program.as_int());
                }
                continue;
            }
            _ => continue,
        };
        if velocity > 0 {
            let voice = voice(&mut voices, channel);
            let notes = &mut voices[voice].notes;
            sounding.push(Sounding { channel, key, voice, note: notes.len() });
            notes.push(MidiNote { onset: time, length: Beats::ZERO, pitch: key, velocity });
        } else if let Some(at) = sounding.iter().position(|note| (note.channel, note.key) == (channel, key)) {
            let ended = sounding.remove(at);
            let note = &mut voices[ended.voice].notes[ended.note];
            note.length = time - note.onset;
        }
    }
    // What nobody ended lasts as long as the track.
    for left in sounding {
        let note = &mut voices[left.voice].notes[left.note];
        note.length = Beats::new(now, whole) - note.onset;
    }
    if voices.is_empty() {
        voice(&mut voices, 0);
    }
    for voice in &mut voices {
        voice.name.clone_from(&name);
        voice.notes.retain(|note| note.length > Beats::ZERO);
    }
    voices
}

/// The place of the channel's voice, which is made when it is not there.
fn voice(voices: &mut Vec<MidiTrack>, channel: u8) -> usize {
    voices.iter().position(|voice| voice.channel == channel).unwrap_or_else(|| {
        voices.push(MidiTrack { name: String::new(), channel, program: None, notes: Vec::new() });
        voices.len() - 1
    })
}

/// Takes up tempo and metre.
fn conduct(meta: MetaMessage<'_>, time: Beats, piece: &mut MidiPiece) {
    match meta {
        MetaMessage::Tempo(micros) if micros.as_int() > 0 => {
            piece.tempos.push((time, Tempo(Ratio::new(60_000_000, i64::from(micros.as_int())))));
        }
        MetaMessage::TimeSignature(numerator, power, _, _) if time == Beats::ZERO && numerator > 0 && power <= 6 => {
            piece.meter = Meter::Measured { numerator: numerator.into(), denominator: 1 << power };
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::write_midi;

    /// What the file can say: times in ticks, and no pitch struck while it sounds.
    fn voices() -> impl Strategy<Value = Vec<MidiTrack>> {
        let note = (0..960i64, 1..960i64, 0..128u8, 1..128u8);
        let program = proptest::option::of(0..128u8);
        let track = ("[a-z]{1,8}", 0..16u8, program, proptest::collection::vec(note, 1..20));
        let track = track.prop_map(|(name, channel, program, notes)| {
            let mut start = 0;
            let mut ends = [0; 128];
            let mut played = Vec::new();
            for (gap, ticks, pitch, velocity) in notes {
                start += gap / 480 * gap;
                let onset = start.max(ends[usize::from(pitch)]);
                ends[usize::from(pitch)] = onset + ticks;
                let time = |ticks| Beats::new(ticks, 1920);
                played.push(MidiNote { onset: time(onset), length: time(ticks), pitch, velocity });
            }
            played.sort_by_key(|note| note.onset);
            MidiTrack { name, channel, program, notes: played }
        });
        proptest::collection::vec(track, 0..4)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(tracks in voices(), micros in 100_000..2_000_000i64, numerator in 1..13u16, power in 0..5u32) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("a.mid");
            let tempos = vec![(Beats::ZERO, Tempo(Ratio::new(60_000_000, micros)))];
            let meter = Meter::Measured { numerator, denominator: 1 << power };
            write_midi(&path, &tempos, &[(Beats::ZERO, meter)], &tracks).expect("written");
            let read = read_midi(&path).expect("read");
            prop_assert_eq!(&read, &MidiPiece { tempos, meter, tracks });
            let bytes = std::fs::read(&path).expect("there");
            write_midi(&path, &read.tempos, &[(Beats::ZERO, read.meter)], &read.tracks).expect("written");
            prop_assert_eq!(bytes, std::fs::read(&path).expect("there"));
        }

        #[test]
        fn any_bytes_are_read(start in 0..2u8, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let header = b"MThd\0\0\0\x06\0\x01\0\x01\x01\xe0MTrk\0\0\0\x80";
            let _ = midi(&[&header[..usize::from(start) * header.len()], &bytes].concat());
        }
    }
}
