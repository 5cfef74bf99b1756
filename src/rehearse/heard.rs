//! The notes of a rehearsal with their places in the music: frames turned back into the exact times from which they were made. Pure.

use std::collections::HashMap;

use num_rational::Ratio;

use super::{Place, Told};
use crate::event::Author;
use crate::replay::Heard;
use crate::time::{Beats, Frames};
use crate::timeline::Bar;
use crate::transport::Transport;

/// Where a note stands, and who wrote it.
#[derive(Clone, Copy, Debug)]
struct Written {
    place: Place,
    onset: Beats,
    by: &'static str,
}

/// What has been committed, by frames. After a stop bars come again on other frames: the later ones count.
#[derive(Debug, Default)]
pub struct Score {
    written: HashMap<(String, u8, Frames), Written>,
    /// Beginnings and ends of notes, and where notes were cut.
    times: HashMap<Frames, Beats>,
}

impl Score {
    pub fn add(&mut self, bar: &Bar, transport: &Transport) {
        let tempo = transport.tempo_at(bar.start);
        for (at, (voice, cell)) in bar.scene.voices.iter().zip(&bar.cells).enumerate() {
            let by = match cell.by {
                Author::Text => "text",
                Author::Varied => "varied",
                Author::Model => "model",
                Author::Edit => "edit",
                Author::Ladder(_) => "ladder",
            };
            for note in bar.played(at, tempo) {
                let Ok(pitch) = u8::try_from(note.pitch.midi()) else { continue };
                let (onset, end) = (bar.start + note.onset, bar.start + note.onset + note.length);
                let frame = transport.frame_of(onset);
                let written = Written { place: place(bar, onset), onset, by };
                self.written.insert((voice.name.clone(), pitch, frame), written);
                self.times.insert(frame, onset);
                self.times.insert(transport.frame_of(end), end);
            }
        }
    }

    /// This frame stands for this time.
    pub fn cut(&mut self, frame: Frames, beats: Beats) {
        self.times.insert(frame, beats);
    }

    /// `None` for what was not in any bar.
    pub fn note(&self, heard: Heard, transport: &Transport) -> Option<Told> {
        let Heard { voice, pitch, velocity, on, off } = heard;
        let key = (voice, pitch, on);
        let Written { place: Place { bar, beat }, onset, by } = *self.written.get(&key)?;
        let end = self.times.get(&off).copied().unwrap_or_else(|| transport.beats_at(off));
        Some(Told::Note { bar, beat, voice: key.0, pitch, velocity, length: end - onset, by })
    }
}

/// A time within a bar.
fn place(bar: &Bar, beats: Beats) -> Place {
    Place { bar: bar.number, beat: Ratio::from(1) + (beats - bar.start).ratio(bar.scene.meter.beat()) }
}
