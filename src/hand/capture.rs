//! Notes played by hand, kept as they were played, and what a bar has of them once it is written. Pure.

use num_rational::Ratio;

use super::quantise::{Habit, Places, Reading, Stroke, Written, quantise};
use super::spell::{respelled, spell};
use crate::abc::key::Key;
use crate::abc::{Meter, Pitch};
use crate::score::{Measure, Note, Swing};
use crate::time::{Beats, Tempo};

/// A bar to be written: where its notes may begin and end, and what else is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    pub start: Beats,
    pub length: Beats,
    /// Notes begin and end at each of these from its start, at its end, and on the thirds of triplets.
    pub quant: Beats,
    /// The felt beat.
    pub beat: Beats,
    /// How much music passes in a second.
    pub second: Beats,
    /// What the text says of the voice's swing.
    pub swing: Option<Swing>,
    /// In which notes are spelled.
    pub key: Key,
}

impl Grid {
    /// That of a bar in this metre and key, at its tempo, without swing.
    #[must_use]
    pub fn new(start: Beats, quant: Beats, meter: Meter, tempo: Tempo, key: &Key) -> Grid {
        let second = Beats::WHOLE.scale(tempo.0 / 240);
        Grid { start, length: meter.bar_length(), quant, beat: meter.beat(), second, swing: None, key: *key }
    }

    /// The nearest place, the later one of two.
    fn nearest(&self, at: Beats) -> Beats {
        let steps = ((at - self.start).ratio(self.quant) + Ratio::new(1, 2)).floor().to_integer();
        (self.start + self.quant * steps.max(0)).min(self.start + self.length)
    }

    /// Whether beats are halved, and not divided by three.
    pub(super) fn is_simple(&self) -> bool {
        self.beat.numerator() == 1
    }

    /// So long after its end it is known what a bar has: what hangs over its line ends on it. A tenth of a second, or a step of the grid where
    /// that is shorter.
    #[must_use]
    pub fn patience(&self) -> Beats {
        self.quant.min(self.second.scale(Ratio::new(1, 10)))
    }
}

/// A note as it was played.
#[derive(Clone, Copy, Debug)]
struct Played {
    pitch: u8,
    velocity: u8,
    at: Beats,
    /// `None` while it is held.
    to: Option<Beats>,
    /// Where it ends on the plain grid, for who only listens to whether something sounds.
    heard_to: Option<Beats>,
    /// Where a bar that was given away has written its beginning, and how it is spelled there.
    written: Option<(Beats, Pitch)>,
}

/// What one voice's hand has played. A bar is written as a whole ([`Capture::bar`]); until then everything is kept as it came.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    /// In the order in which they were struck.
    notes: Vec<Played>,
    /// Up to here bars have been given away.
    given: Beats,
    habit: Habit,
    /// The bar that was read last, and whether it was the last one, until something is played.
    read: Option<(Grid, bool, Measure)>,
}

impl Capture {
    /// A note is struck; what sounds of the same pitch ends. Returns its place on the plain grid.
    pub fn strike(&mut self, pitch: u8, velocity: u8, at: Beats, grid: &Grid) -> Beats {
        let from = grid.nearest(at).max(self.given);
        for note in self.notes.iter_mut().filter(|note| note.pitch == pitch && note.to.is_none()) {
            (note.to, note.heard_to) = (Some(at), Some(from));
        }
        self.notes.push(Played { pitch, velocity, at, to: None, heard_to: None, written: None });
        self.read = None;
        from
    }

    /// A note is let go; it lasts a step of the grid at least. Returns its end on the plain grid, or nothing where it was not held.
    pub fn release(&mut self, pitch: u8, at: Beats, grid: &Grid) -> Option<Beats> {
        let given = self.given;
        let note = self.notes.iter_mut().rfind(|note| note.pitch == pitch && note.to.is_none())?;
        let least = grid.nearest(note.at).max(given) + grid.quant;
        note.to = Some(at);
        note.heard_to = Some(grid.nearest(at).max(least));
        self.read = None;
        note.heard_to
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
            note.heard_to = Some(note.heard_to.map_or(at, |to| to.min(at)));
        }
        self.read = None;
    }

    /// Whether nothing is held, and nothing to be given away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Whether what was played up to here has been given away.
    #[must_use]
    pub fn has_given(&self, up_to: Beats) -> bool {
        self.given >= up_to
    }

    /// The end of the last note on the plain grid; `None` while one is held, or where none was played.
    #[must_use]
    pub fn silent_since(&self) -> Option<Beats> {
        let ends: Option<Vec<Beats>> = self.notes.iter().map(|note| note.heard_to).collect();
        ends?.into_iter().max()
    }

    /// The bar as far as it was played, full: what is held ends with it, as if it were let go of now. `closing`: no bar of the hand follows,
    /// so that a note just before the end stays in it.
    pub fn bar(&mut self, grid: &Grid, closing: bool) -> Measure {
        if let Some((_, _, measure)) = self.read.as_ref().filter(|(of, last, _)| (of, *last) == (grid, closing)) {
            return measure.clone();
        }
        let (measure, ..) = self.written(grid, closing, false);
        self.read = Some((*grid, closing, measure.clone()));
        measure
    }

    /// The same for a bar that is over: nothing is played in it any more, what is held is tied on, and what ended in it is forgotten.
    pub fn give(&mut self, grid: &Grid, closing: bool) -> Measure {
        let (measure, indices, pitches, reading) = self.written(grid, closing, true);
        let end = grid.start + grid.length;
        let mut gone = vec![false; self.notes.len()];
        for ((index, written), pitch) in indices.into_iter().zip(&reading.notes).zip(pitches) {
            let (from, to) = (grid.start + written.from, grid.start + written.to);
            if from < end {
                self.notes[index].written = Some((from, pitch));
                gone[index] = to <= end;
            }
        }
        let mut gone = gone.into_iter();
        self.notes.retain(|_| !gone.next().unwrap_or(false));
        (self.given, self.habit, self.read) = (end, reading.habit, None);
        measure
    }

    /// The bar, which notes were read for it, how they are spelled, and where they stand. `over`: what is held goes on.
    fn written(&self, grid: &Grid, closing: bool, over: bool) -> (Measure, Vec<usize>, Vec<Pitch>, Reading) {
        let end = grid.start + grid.length;
        let clock = Places::new(grid, None, 0.0);
        let ms = |at: Beats| clock.straight(at - grid.start);
        let indices: Vec<usize> = (0..self.notes.len()).filter(|at| self.notes[*at].at < end).collect();
        let stroke = |at: &usize| {
            let note = &self.notes[*at];
            let held = (!over).then(|| ms(end.max(note.at)));
            let written = note.written.map(|(from, _)| from - grid.start);
            Stroke { pitch: note.pitch, on: ms(note.at), off: note.to.map(ms).or(held), written }
        };
        let strokes: Vec<Stroke> = indices.iter().map(stroke).collect();
        let reading = quantise(&strokes, grid, &self.habit, closing);
        let pitches = self.spelled(&indices, &reading.notes, &grid.key);
        let pieces = indices.iter().zip(&reading.notes).zip(&pitches).flat_map(|((at, written), pitch)| {
            let note = Note::new(Beats::ZERO, Beats::ZERO, *pitch, self.notes[*at].velocity);
            pieces(note, *written, grid, &reading.triplets)
        });
        let mut notes: Vec<Note> = pieces.collect();
        notes.sort_by_key(|note| (note.onset, note.pitch.midi()));
        // Of one pitch on one place, the last.
        let mut last: Vec<Note> = Vec::with_capacity(notes.len());
        for note in notes {
            last.retain(|other| (other.onset, other.pitch.midi()) != (note.onset, note.pitch.midi()));
            last.push(note);
        }
        (Measure { length: grid.length, notes: last, ..Measure::default() }, indices, pitches, reading)
    }

    /// How the notes of a bar are spelled: those that are held from before as there, the key's own, and then the strange ones, each with a
    /// letter of its own as far as that goes.
    fn spelled(&self, indices: &[usize], written: &[Written], key: &Key) -> Vec<Pitch> {
        let usual = indices.iter().zip(written).map(|(at, place)| {
            let note = &self.notes[*at];
            let later = indices.iter().zip(written).filter(|(_, other)| other.from > place.from);
            let next = later.min_by_key(|(at, other)| (other.from, self.notes[**at].pitch.abs_diff(note.pitch)));
            let leads = next.map_or(0, |(at, _)| i32::from(self.notes[*at].pitch) - i32::from(note.pitch));
            note.written.map_or_else(|| spell(note.pitch, key, leads), |(_, pitch)| pitch)
        });
        let mut pitches: Vec<Pitch> = usual.collect();
        let strange = |pitch: &Pitch| pitch.alter != key.signature[pitch.step as usize];
        let held = |at: usize| self.notes[indices[at]].written.is_some();
        for at in (0..pitches.len()).filter(|at| !held(*at)) {
            let with = |other: usize| written[other].from < written[at].to && written[at].from < written[other].to;
            let first = |other: usize| held(other) || !strange(&pitches[other]) || other < at;
            let around: Vec<Pitch> = (0..pitches.len())
                .filter(|other| *other != at && with(*other) && first(*other))
                .map(|other| pitches[other])
                .collect();
            let free = |pitch: &Pitch| {
                around.iter().all(|other| other.ladder() != pitch.ladder() || other.midi() == pitch.midi())
            };
            if strange(&pitches[at]) && !free(&pitches[at]) {
                let other = [1, -1].into_iter().filter_map(|aside| respelled(pitches[at], aside)).find(free);
                pitches[at] = other.unwrap_or(pitches[at]);
            }
        }
        pitches
    }
}

/// A note within the bar: cut at its lines, and where a triplet ends over which it is held.
fn pieces(note: Note, written: Written, grid: &Grid, triplets: &[Beats]) -> Vec<Note> {
    let (from, to) = (written.from.max(Beats::ZERO), written.to.min(grid.length));
    let mut cuts: Vec<Beats> = triplets.iter().copied().filter(|cut| from < *cut && *cut < to).collect();
    cuts.push(to);
    cuts.sort_unstable();
    let mut pieces = Vec::with_capacity(cuts.len());
    let mut at = from;
    for cut in cuts {
        if at < cut {
            let (tied_from, tied_to) = (written.from < at, written.to > cut);
            pieces.push(Note { onset: at, length: cut - at, tied_from, tied_to, ..note });
        }
        at = cut;
    }
    pieces
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
            let grid = Grid::new(BAR * number, quant, Meter::COMMON, Tempo::DEFAULT, &Key::NONE);
            while let Some((at, on, pitch, velocity)) =
                events.next_if(|event| event.0 < grid.start + BAR + grid.patience())
            {
                if on {
                    capture.strike(pitch, velocity, at, &grid);
                } else {
                    capture.release(pitch, at, &grid);
                }
            }
            let bar = capture.give(&grid, false);
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
        check((1, 4), &[(60, 80, 1, 2), (64, 70, 0, 55)], &["[CE-]2 E2 z4"]);
        // Just before the bar line is on it; over it goes on; just behind it ends on it.
        check((1, 16), &[(60, 80, 98, 120)], &["z8", "C2 z6"]);
        check((1, 16), &[(60, 80, 75, 150)], &["z6 C2-", "C4 z4"]);
        check((1, 16), &[(60, 80, 75, 101)], &["z6 C2", "z8"]);
        // Two of a letter at once are spelled with two.
        check((1, 16), &[(65, 80, 0, 49), (66, 70, 0, 49)], &["[F_G]4 z4"]);
        // Struck again while it is held.
        check((1, 8), &[(60, 80, 0, 50), (60, 90, 25, 60)], &["C2 C2 z4"]);
    }

    #[test]
    fn a_hand_is_silent_from_its_last_end_on() {
        let grid = Grid::new(Beats::ZERO, Beats::EIGHTH, Meter::COMMON, Tempo::DEFAULT, &Key::NONE);
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
