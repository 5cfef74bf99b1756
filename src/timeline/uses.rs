//! What the hand has played as music to come: a loop of its own voice, or the model's beginning. Pure; part of the timeline.

use std::sync::Arc;

use super::stage::Frozen;
use super::{Cell, Timeline, music, rest, silence, style};
use crate::abc::parse::read_bar;
use crate::abc::print;
use crate::compose::STREAM_UNIT;
use crate::event::{Author, Touch};
use crate::prompt::Scene;
use crate::score::{Measure, Note};

/// No phrase by hand is longer, in bars.
const LONGEST: usize = 8;

impl Timeline {
    /// The last bars in a row in which the hand played notes, in the music that comes next, and the first one's number.
    fn phrase_by_hand(&self, name: &str) -> Option<(i64, Vec<Cell>)> {
        let music_to_come = music(self.next_scene());
        let played = |number: i64| {
            let cell = self.played_in(number, name)?;
            let same = self.bar(number).is_some_and(|bar| music(&bar.scene) == music_to_come);
            (same && !cell.measure.notes.is_empty()).then(|| as_struck(cell))
        };
        let last = self.bars.iter().rev().map(|bar| bar.number).find(|number| played(*number).is_some())?;
        let mut cells: Vec<Cell> = (1..=last).rev().map_while(played).take(LONGEST).collect();
        cells.reverse();
        Some((last + 1 - cells.len() as i64, cells))
    }

    /// Makes what the hand has played last the music of its voice from the next phrase line on, in 1, 2, 4 or 8 bars. `Err` says why that cannot be.
    pub fn go_round(&mut self, name: &str) -> Result<String, String> {
        let (first, mut cells) =
            self.phrase_by_hand(name).ok_or_else(|| format!("nothing was played on {name} that could go round"))?;
        let last = first + cells.len() as i64 - 1;
        let scene = Arc::clone(self.next_scene());
        let empty = Cell { text: rest(&scene), measure: silence(&scene), by: Author::Edit };
        cells.resize(cells.len().next_power_of_two(), empty);
        let from = self.phrase_line(self.next);
        let text =
            format!("{} of {name} from bar {from} on, again and again; what is played is added", bars(first, last));
        self.future.stage.freeze(name, Frozen { from, until: None, cells, music: music(&scene) });
        self.attempt += 1;
        Ok(text)
    }

    /// Adds what the hand has played in a bar of its loop, which is heard when that comes round.
    pub fn overdub(&mut self, number: i64, name: &str, played: &Measure) {
        let Some(scene) = self.bar(number).map(|bar| Arc::clone(&bar.scene)) else { return };
        let Some(cell) = self.future.stage.frozen_mut(number, name, music(&scene)) else { return };
        let measure = both(&cell.measure, played);
        *cell = written(&scene, &measure, Author::Edit);
        self.attempt += 1;
    }

    /// Makes what a hand has played last the beginning of a model's voice, from the first bar that is not committed on. `Err` says why that cannot be.
    pub fn begin_with(&mut self, name: &str, hand: &str) -> Result<String, String> {
        let (first, cells) =
            self.phrase_by_hand(hand).ok_or_else(|| format!("nothing was played on {hand} to begin with"))?;
        let from = self.next;
        let its = music(self.next_scene());
        let bars_to_come = (from..).take_while(|number| music(self.scene_of(*number)) == its).take(cells.len());
        // All of them or none.
        let places = bars_to_come.map(|number| Ok(self.touchable(number, name, &Touch::Pin)?.place));
        let places: Vec<_> = places.collect::<Result<_, String>>()?;
        let laid = places.len() as i64;
        for (place, cell) in places.iter().zip(cells) {
            self.put(place, cell);
        }
        let these = bars(first, first + laid - 1);
        Ok(format!("{name} begins with {these} of {hand} in bar {from}, and goes on from there"))
    }
}

impl Timeline {
    /// The notes of a loop and what was played over them, as a bar that is full.
    pub(super) fn over_loop(scene: &Scene, below: &Measure, played: &Measure) -> Measure {
        written(scene, &both(below, played), Author::Hand).measure
    }
}

/// The metre gives what was struck by hand no accents besides its own.
fn as_struck(cell: &Cell) -> Cell {
    let mut measure = cell.measure.clone();
    measure.notes.iter_mut().for_each(|note| *note = note.fixed());
    Cell { text: cell.text.clone(), measure, by: Author::Edit }
}

/// `bar 3`, `bars 3 to 4`.
fn bars(first: i64, last: i64) -> String {
    if first == last { format!("bar {first}") } else { format!("bars {first} to {last}") }
}

/// Of one pitch on one place, what was played last; a note ends where its pitch is struck again.
fn both(below: &Measure, played: &Measure) -> Measure {
    let (mut notes, mut over) = (below.notes.clone(), played.notes.clone());
    let same = |a: &Note, b: &Note| a.pitch.midi() == b.pitch.midi();
    notes.retain(|note| !over.iter().any(|other| same(note, other) && note.onset == other.onset));
    for (of, others) in [(&mut notes, &played.notes), (&mut over, &below.notes)] {
        for note in of {
            let again = others.iter().filter(|other| same(note, other) && other.onset > note.onset);
            if let Some(again) = again.map(|other| other.onset).min().filter(|at| *at < note.onset + note.length) {
                (note.length, note.tied_to) = (again - note.onset, false);
            }
        }
    }
    notes.extend(over);
    notes.sort_by_key(|note| (note.onset, note.pitch.midi()));
    Measure { notes, ..below.clone() }
}

/// What is shown is what is played: the measure is read back from the text, with how hard each note was struck.
fn written(scene: &Scene, measure: &Measure, by: Author) -> Cell {
    let text = print::bar(measure, scene.bar_length(), &style(scene));
    let mut read = read_bar(&text, &scene.key, scene.meter, STREAM_UNIT, &[]).0;
    for note in &mut read.notes {
        let sounding = |other: &&Note| {
            other.pitch.midi() == note.pitch.midi()
                && other.onset <= note.onset
                && note.onset < other.onset + other.length
        };
        if let Some(struck) = measure.notes.iter().rfind(sounding) {
            note.velocity = struck.velocity;
            note.marks.fixed = true;
        }
    }
    Cell { text, measure: read, by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::Meter;
    use crate::abc::key::Key;
    use crate::time::Beats;

    /// What is below, what is played over it, and what stands there then, in C at `L:1/8`.
    fn check(below: &str, played: &str, expected: &str) {
        let key = Key::parse("C").expect("a key").0;
        let read = |text: &str| read_bar(text, &key, Meter::COMMON, Beats::EIGHTH, &[]).0;
        let style = print::Style::new(&key, Meter::COMMON, Beats::EIGHTH);
        let bar = print::bar(&both(&read(below), &read(played)), Beats::WHOLE, &style);
        assert_eq!(bar.replace(' ', ""), expected, "{below} and {played}");
    }

    #[test]
    fn what_is_played_is_added_and_a_pitch_sounds_once() {
        check("C4 z4", "z4 G4", "C4G4");
        check("C4 z4", "E4 z4", "[CE]4z4");
        // Struck on the same place: what was played last.
        check("C4 z4", "C2 z6", "C2z6");
        // Struck while it sounds, from either side.
        check("C8", "z4 C2 z2", "C4C2z2");
        check("z4 C4", "C6 z2", "C4C4");
    }
}
