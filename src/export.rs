//! Files of what was played: WAV and Standard MIDI. Offline only; the same input gives the same bytes.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use num_rational::Ratio;

use crate::abc::Meter;
use crate::time::{Beats, SampleRate, Tempo};

/// Ticks of a crotchet in MIDI files.
pub const TICKS_PER_QUARTER: u16 = 480;

/// Writes interleaved stereo as 24-bit WAV, without dither. Samples beyond ±1 are clipped.
pub fn write_wav(path: &Path, rate: SampleRate, samples: &[f32]) -> Result<(), ExportError> {
    let mut file = WavFile::create(path, rate)?;
    file.write(samples)?;
    file.finish()
}

/// What a WAV file can hold, in bytes: its header counts with 32 bits, and is part of what it counts.
const MOST_BYTES: u64 = u32::MAX as u64 - 1024;

/// A WAV file that is written as its sound is made.
pub(crate) struct WavFile<W: Write + Seek = BufWriter<File>> {
    writer: hound::WavWriter<W>,
    path: PathBuf,
    /// What it can hold, in bytes.
    most: u64,
}

impl WavFile {
    pub fn create(path: &Path, rate: SampleRate) -> Result<WavFile, ExportError> {
        let file = File::create(path).map_err(|error| ExportError::new(path, &error))?;
        WavFile::new(BufWriter::new(file), path, rate)
    }
}

impl<W: Write + Seek> WavFile<W> {
    /// In what was opened under this name, and is empty.
    pub fn new(file: W, path: &Path, rate: SampleRate) -> Result<WavFile<W>, ExportError> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: rate.0,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let writer = hound::WavWriter::new(file, spec).map_err(|error| ExportError::new(path, &error))?;
        Ok(WavFile { writer, path: path.to_owned(), most: MOST_BYTES })
    }

    /// The same, full after so many bytes.
    #[cfg(test)]
    pub fn holding(self, most: u64) -> WavFile<W> {
        WavFile { most, ..self }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether so many samples more can be written.
    pub fn has_room(&self, samples: usize) -> bool {
        3 * (u64::from(self.writer.len()) + samples as u64) <= self.most
    }

    /// Interleaved stereo.
    pub fn write(&mut self, samples: &[f32]) -> Result<(), ExportError> {
        if !self.has_room(samples.len()) {
            return Err(ExportError::new(&self.path, &"a WAV file holds four gigabytes, and it is full"));
        }
        let full = f32::from(i16::MAX) * 256.0 + 255.0;
        let mut samples = samples.iter().map(|sample| (sample.clamp(-1.0, 1.0) * full).round() as i32);
        let written = samples.try_for_each(|sample| self.writer.write_sample(sample));
        written.map_err(|error| ExportError::new(&self.path, &error))
    }

    /// What was written so far can be read from here on, whatever comes.
    pub fn flush(&mut self) -> Result<(), ExportError> {
        self.writer.flush().map_err(|error| ExportError::new(&self.path, &error))
    }

    pub fn finish(self) -> Result<(), ExportError> {
        self.writer.finalize().map_err(|error| ExportError::new(&self.path, &error))
    }
}

/// A note for a MIDI file; times from the start of the piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MidiNote {
    pub onset: Beats,
    pub length: Beats,
    /// 0 to 127.
    pub pitch: u8,
    /// 1 to 127.
    pub velocity: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidiTrack {
    pub name: String,
    /// 0 to 15; 9 is percussion.
    pub channel: u8,
    /// 0 to 127; none leaves the instrument's own.
    pub program: Option<u8>,
    pub notes: Vec<MidiNote>,
}

/// Writes a Standard MIDI File of format 1: tempos and metres first, then a track for each voice. Times that 480 ticks a
/// crotchet cannot show are rounded to the nearest tick; no note is shorter than one.
pub fn write_midi(
    path: &Path,
    tempos: &[(Beats, Tempo)],
    meters: &[(Beats, Meter)],
    tracks: &[MidiTrack],
) -> Result<(), ExportError> {
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::from(TICKS_PER_QUARTER)));
    let mut smf = Smf::new(header);
    smf.tracks.push(conductor(tempos, meters));
    smf.tracks.extend(tracks.iter().map(voice));
    smf.save(path).map_err(|error| ExportError::new(path, &error))
}

/// Ticks from the start of the piece.
fn ticks(time: Beats) -> u32 {
    let per_whole = Ratio::from_integer(4 * i64::from(TICKS_PER_QUARTER));
    let exact = Ratio::new(time.numerator(), time.denominator()) * per_whole;
    exact.round().to_integer().max(0) as u32
}

/// Puts events at absolute ticks into a track. Equal ticks keep their order.
fn track(mut events: Vec<(u32, TrackEventKind<'_>)>) -> Track<'_> {
    events.sort_by_key(|(tick, _)| *tick);
    let mut track = Track::new();
    let mut now = 0;
    for (tick, kind) in events {
        track.push(TrackEvent { delta: u28::from(tick - now), kind });
        now = tick;
    }
    track.push(TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

fn conductor(tempos: &[(Beats, Tempo)], meters: &[(Beats, Meter)]) -> Track<'static> {
    let mut events = Vec::new();
    for (at, meter) in meters {
        let Meter::Measured { numerator, denominator } = *meter else { continue };
        let power = u32::from(denominator).trailing_zeros() as u8;
        let clocks = ticks(meter.beat()) * 24 / u32::from(TICKS_PER_QUARTER);
        let signature = MetaMessage::TimeSignature(numerator as u8, power, clocks as u8, 8);
        events.push((ticks(*at), TrackEventKind::Meta(signature)));
    }
    for (at, tempo) in tempos {
        let micros = (Ratio::from_integer(60_000_000) / tempo.0).round().to_integer().clamp(1, 0xFF_FFFF);
        events.push((ticks(*at), TrackEventKind::Meta(MetaMessage::Tempo(u24::from(micros as u32)))));
    }
    track(events)
}

fn voice(voice: &MidiTrack) -> Track<'_> {
    let channel = u4::from(voice.channel & 15);
    let midi = |message| TrackEventKind::Midi { channel, message };
    let mut events = vec![(0, TrackEventKind::Meta(MetaMessage::TrackName(voice.name.as_bytes())))];
    if let Some(program) = voice.program {
        events.push((0, midi(MidiMessage::ProgramChange { program: u7::from(program & 127) })));
    }
    // Note-offs first, so that at equal ticks a repeated note ends before it starts.
    for note in &voice.notes {
        let start = ticks(note.onset);
        let end = ticks(note.onset + note.length).max(start + 1);
        events.push((end, midi(MidiMessage::NoteOff { key: u7::from(note.pitch & 127), vel: u7::from(0) })));
    }
    for note in &voice.notes {
        let (key, vel) = (u7::from(note.pitch & 127), u7::from(note.velocity.clamp(1, 127)));
        events.push((ticks(note.onset), midi(MidiMessage::NoteOn { key, vel })));
    }
    track(events)
}

/// A file that could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportError(String);

impl ExportError {
    pub fn new(path: &Path, error: &dyn std::fmt::Display) -> ExportError {
        ExportError(format!("cannot write {}: {error}", path.display()))
    }
}

impl std::fmt::Display for ExportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ExportError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midi_times_are_exact_and_ends_come_before_starts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mid");
        let note = |onset: Beats, length, pitch| MidiNote { onset, length, pitch, velocity: 90 };
        let eighth = Beats::new(1, 8);
        let triplet = Beats::new(1, 12);
        let lead = MidiTrack {
            name: "lead".to_owned(),
            channel: 2,
            program: Some(71),
            notes: vec![note(Beats::ZERO, eighth, 60), note(eighth, triplet, 60), note(eighth + triplet, triplet, 62)],
        };
        let tempos = [(Beats::ZERO, Tempo::from_beat(Beats::new(3, 8), Ratio::from_integer(60)))];
        let meter = Meter::Measured { numerator: 6, denominator: 8 };
        write_midi(&path, &tempos, &[(Beats::ZERO, meter)], std::slice::from_ref(&lead)).expect("written");
        let bytes = std::fs::read(&path).expect("there");
        let smf = Smf::parse(&bytes).expect("a MIDI file");
        assert_eq!(smf.header.timing, Timing::Metrical(u15::from(480)));
        assert!(
            smf.tracks[0]
                .iter()
                .any(|event| event.kind == TrackEventKind::Meta(MetaMessage::Tempo(u24::from(666_667))))
        );
        assert!(
            smf.tracks[0]
                .iter()
                .any(|event| { event.kind == TrackEventKind::Meta(MetaMessage::TimeSignature(6, 3, 36, 8)) })
        );
        let mut now = 0;
        let mut heard = Vec::new();
        for event in &smf.tracks[1] {
            now += event.delta.as_int();
            match event.kind {
                TrackEventKind::Midi { message: MidiMessage::NoteOn { key, .. }, channel } if channel == 2 => {
                    heard.push((now, 'n', key.as_int()));
                }
                TrackEventKind::Midi { message: MidiMessage::NoteOff { key, .. }, .. } => {
                    heard.push((now, 'f', key.as_int()));
                }
                _ => {}
            }
        }
        let expected = [(0, 'n', 60), (240, 'f', 60), (240, 'n', 60), (400, 'f', 60), (400, 'n', 62), (560, 'f', 62)];
        assert_eq!(heard, expected);
        write_midi(&path, &tempos, &[(Beats::ZERO, meter)], &[lead]).expect("written");
        assert_eq!(bytes, std::fs::read(&path).expect("there"), "the same bytes again");
    }

    #[test]
    fn wav_keeps_24_bits_and_clips() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        write_wav(&path, SampleRate(44_100), &[0.0, 1.0, -1.0, 2.0, 0.5, -3.0]).expect("written");
        let mut reader = hound::WavReader::open(&path).expect("a WAV file");
        assert_eq!((reader.spec().channels, reader.spec().sample_rate), (2, 44_100));
        let samples: Vec<i32> = reader.samples().map(|sample| sample.expect("a sample")).collect();
        assert_eq!(samples, [0, 8_388_607, -8_388_607, 8_388_607, 4_194_304, -8_388_607]);
        assert!(write_wav(Path::new("/nowhere/a.wav"), SampleRate(44_100), &[]).is_err());
        let full = WavFile::create(&path, SampleRate(44_100)).expect("written").holding(12).write(&[0.5; 6]);
        assert!(full.expect_err("two frames fit").to_string().ends_with("four gigabytes, and it is full"));
    }
}
