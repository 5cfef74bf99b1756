//! Notes played by hand, moved to a grid as they come, and what a bar has of them. Pure.

use crate::abc::Pitch;
use crate::score::{Measure, Note};
use crate::time::Beats;

/// Where notes may begin and end in a bar: each `quant` from its start, and at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    pub start: Beats,
    pub length: Beats,
    pub quant: Beats,
}

impl Grid {
    /// The nearest place, the later one of two.
    fn nearest(&self, at: Beats) -> Beats {
        let steps = ((at - self.start).ratio(self.quant) + num_rational::Ratio::new(1, 2)).floor().to_integer();
        (self.start + self.quant * steps.max(0)).min(self.start + self.length)
    }
}

#[derive(Clone, Copy, Debug)]
struct Played {
    pitch: u8,
    velocity: u8,
    from: Beats,
    /// `None` while it is held.
    to: Option<Beats>,
}

/// What one voice's hand has played, on the grid.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    /// In the order in which they were struck.
    notes: Vec<Played>,
    /// Up to here bars have been given away.
    given: Beats,
}

impl Capture {
    /// A note is struck; what sounds of the same pitch ends. Returns its place on the grid.
    pub fn strike(&mut self, pitch: u8, velocity: u8, at: Beats, grid: &Grid) -> Beats {
        let from = grid.nearest(at).max(self.given);
        for note in self.notes.iter_mut().filter(|note| note.pitch == pitch && note.to.is_none_or(|to| to > from)) {
            note.to = Some(from.max(note.from));
        }
        self.notes.retain(|note| note.to != Some(note.from));
        self.notes.push(Played { pitch, velocity, from, to: None });
        from
    }

    /// A note is let go; it lasts a step of the grid at least. Returns its end, or nothing where it was not held.
    pub fn release(&mut self, pitch: u8, at: Beats, grid: &Grid) -> Option<Beats> {
        let given = self.given;
        let note = self.notes.iter_mut().rfind(|note| note.pitch == pitch && note.to.is_none())?;
        // A bar that was given away says that it goes on.
        let least = if note.from < given { given } else { note.from } + grid.quant;
        note.to = Some(grid.nearest(at).max(least));
        note.to
    }

    /// Lets go of everything.
    pub fn release_all(&mut self, at: Beats, grid: &Grid) {
        let held: Vec<u8> = self.notes.iter().filter(|note| note.to.is_none()).map(|note| note.pitch).collect();
        for pitch in held {
            self.release(pitch, at, grid);
        }
    }

    /// From here on the voice is not the hand's: what is held ends, whatever the ear still hears.
    pub fn leave(&mut self, at: Beats) {
        for note in &mut self.notes {
            note.to = Some(note.to.map_or(at, |to| to.min(at)));
        }
    }

    /// Whether nothing is held, and nothing to be given away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// The end of the last note; `None` while one is held, or where none was played.
    #[must_use]
    pub fn silent_since(&self) -> Option<Beats> {
        let ends: Option<Vec<Beats>> = self.notes.iter().map(|note| note.to).collect();
        ends?.into_iter().max()
    }

    /// The bar that begins at `start`, full; notes that pass its end are tied on.
    #[must_use]
    pub fn bar(&self, start: Beats, length: Beats) -> Measure {
        let end = start + length;
        let piece = |note: &Played| {
            let goes_on = note.to.is_none_or(|to| to > end);
            let (from, to) = (note.from.max(start), note.to.unwrap_or(end).min(end));
            let whole = Note::new(from - start, to - from, Pitch::from_midi(note.pitch.into()), note.velocity);
            (from < to).then_some(Note { tied_from: note.from < start, tied_to: goes_on, ..whole })
        };
        let mut notes: Vec<Note> = self.notes.iter().filter_map(piece).collect();
        notes.sort_by_key(|note| (note.onset, note.pitch.midi()));
        Measure { length, notes, ..Measure::default() }
    }

    /// The same for a bar that is over: nothing is played in it any more, and what ended before its end is forgotten.
    pub fn give(&mut self, start: Beats, length: Beats) -> Measure {
        let bar = self.bar(start, length);
        self.given = start + length;
        self.notes.retain(|note| note.to.is_none_or(|to| to > start + length));
        bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::key::Key;
    use crate::abc::{Meter, print};

    const BAR: Beats = Beats::WHOLE;

    /// Notes by pitch, velocity, onset and end in hundredths of a bar of 4/4; what the bars are at `L:1/8`.
    fn check(quant: (i64, i64), notes: &[(u8, u8, i64, i64)], expected: &[&str]) {
        let quant = Beats::new(quant.0, quant.1);
        let time = |hundredths: i64| Beats::new(hundredths, 100);
        let mut events: Vec<(Beats, bool, u8, u8)> = Vec::new();
        for &(pitch, velocity, on, off) in notes {
            events.push((time(on), true, pitch, velocity));
            events.push((time(off), false, pitch, 0));
        }
        events.sort();
        let mut capture = Capture::default();
        let style = print::Style::new(&Key::NONE, Meter::COMMON, Beats::EIGHTH);
        let (mut bars, mut events) = (Vec::new(), events.into_iter().peekable());
        for number in 0..expected.len() as i64 {
            let grid = Grid { start: BAR * number, length: BAR, quant };
            while let Some((at, on, pitch, velocity)) = events.next_if(|event| event.0 < grid.start + BAR) {
                if on {
                    capture.strike(pitch, velocity, at, &grid);
                } else {
                    capture.release(pitch, at, &grid);
                }
            }
            let bar = capture.give(grid.start, BAR);
            assert!(bar.notes.iter().all(|note| notes.iter().any(|played| played.1 == note.velocity)), "{bar:?}");
            bars.push(print::bar(&bar, BAR, &style));
        }
        assert_eq!(bars, expected, "{notes:?}");
    }

    #[test]
    fn what_was_played_stands_on_the_grid_in_full_bars() {
        check((1, 16), &[], &["z8"]);
        check((1, 16), &[(60, 80, 1, 24), (62, 90, 26, 51)], &["C2 D2 z4"]);
        check((1, 16), &[(60, 80, 1, 2), (60, 70, 13, 24)], &["C/z/C z6"]);
        check((1, 4), &[(60, 80, 1, 2), (64, 70, 0, 60)], &["[CE-]2 E2 z4"]);
        // Just before the bar line is on it; over it goes on; just behind it was held, and says so.
        check((1, 16), &[(60, 80, 98, 120)], &["z8", "C3/2z6z/"]);
        check((1, 16), &[(60, 80, 75, 150)], &["z6 C2-", "C4 z4"]);
        check((1, 16), &[(60, 80, 75, 101)], &["z6 C2-", "C/z7z/"]);
        // Struck again while it is held.
        check((1, 8), &[(60, 80, 0, 50), (60, 90, 25, 60)], &["C2 C2 z4"]);
    }

    #[test]
    fn a_hand_is_silent_from_its_last_end_on() {
        let grid = Grid { start: Beats::ZERO, length: BAR, quant: Beats::EIGHTH };
        let mut capture = Capture::default();
        assert_eq!(capture.silent_since(), None);
        capture.strike(60, 80, Beats::ZERO, &grid);
        capture.strike(64, 80, Beats::EIGHTH, &grid);
        capture.release(60, Beats::QUARTER, &grid);
        assert_eq!(capture.silent_since(), None);
        capture.release(64, Beats::EIGHTH * 3, &grid);
        assert_eq!(capture.release(64, Beats::EIGHTH * 3, &grid), None);
        assert_eq!(capture.silent_since(), Some(Beats::EIGHTH * 3));
    }
}
