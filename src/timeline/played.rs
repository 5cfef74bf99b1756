//! A committed bar as it is played. Pure.

use super::Bar;
use crate::compose::sample::Rng;
use crate::score::{Measure, Note, Setting, play, written};
use crate::time::{Beats, Tempo};

/// Draws of the small variation are none of the composer's.
const VARIATION: u32 = u32::MAX - 2;

impl Bar {
    /// What is struck in a voice, as [`play`] has it, at the tempo of the bar's start; times from the bar's start.
    #[must_use]
    pub fn played(&self, voice: usize, tempo: Tempo) -> Vec<Note> {
        play(&self.cells[voice].measure, &self.scene.voices[voice].expression, &self.setting(voice, tempo))
    }

    /// The notes that stand in a voice's part, with the velocities that they are struck with, and the onsets that sound elsewhere than they
    /// are written, to 1/1048576 of a whole note below.
    #[must_use]
    pub fn struck(&self, voice: usize, tempo: Tempo) -> (Measure, Vec<(Beats, Beats)>) {
        let (expression, measure) = (&self.scene.voices[voice].expression, &self.cells[voice].measure);
        let written = written(measure, expression, &self.setting(voice, tempo));
        let swing = expression.swing.filter(|swing| swing.fits(self.scene.meter));
        let sounds = |note: &Note| swing.map_or(note.onset, |swing| swing.warp(note.onset));
        let pairs = measure.notes.iter().zip(&written.notes).map(|(note, played)| (note.onset, sounds(played)));
        let mut moved: Vec<(Beats, Beats)> =
            pairs.filter(|(from, to)| from != to).map(|(from, to)| (from, below(to))).collect();
        moved.dedup_by_key(|(from, _)| *from);
        (written, moved)
    }

    fn setting(&self, voice: usize, tempo: Tempo) -> Setting {
        // A voice varies as it does whichever others there are: FNV-1a of its name.
        let name = self.scene.voices[voice].name.bytes();
        let hash =
            name.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        Setting {
            meter: self.scene.meter,
            tempo,
            loudness: self.loudness.get(voice).copied().unwrap_or_default(),
            rng: Rng::new(self.seed ^ hash, self.number, 0, VARIATION),
        }
    }
}

/// So coarse that a reader of journals can count with it, and finer than any frame.
fn below(time: Beats) -> Beats {
    let grid = 1 << 20;
    Beats::new((i128::from(time.numerator()) * grid).div_euclid(time.denominator().into()) as i64, grid as i64)
}
