//! Accompaniment: chord symbols as notes, by a pattern of one bar. Pure.
//!
//! A pattern is written as abc2midi writes its `gchord` strings: `f` the bass note, `c` the chord, `b` both, `z` a rest, `g h i j` the notes
//! of the chord from below, `G H I J` the same an octave lower; a number behind a letter lengthens it. The string fills one bar, however
//! many letters it has. `k` is ours: the fifth under the root, for the second bass note of a stride.

mod drum;
mod harmony;
mod style;
mod tune;

pub use drum::Drummer;
pub use harmony::on_strong_beats;
pub use style::Style;
pub use tune::{Part, drummed, parts};

use crate::abc::chord::ChordName;
use crate::abc::midi::{GCHORD_LETTERS, Instrument, MidiSettings, steps};
use crate::abc::{Meter, Pitch};
use crate::score::{ChordSymbol, Measure, Note};
use crate::time::Beats;

/// Of abc2midi: the bass a little louder than the chord.
const BASS_VELOCITY: u8 = 80;
const CHORD_VELOCITY: u8 = 75;
/// Where accompaniment lies when nobody says: bass notes from C, up, chords around middle C.
pub const RANGE: (u8, u8) = (36, 84);
/// The lowest chord note lies between these MIDI notes, so that the hand stays where it is.
const HAND: std::ops::RangeInclusive<i32> = 48..=62;
/// The bass lies in the octave from here, as in abc2midi.
const LOWEST_BASS: i32 = 36;

/// Who plays the chords: remembers the chord in force and where the hand lies.
#[derive(Debug)]
pub struct Comper {
    style: Style,
    /// Lowest and highest MIDI note.
    range: (u8, u8),
    symbol: Option<String>,
    hand: Vec<Pitch>,
    /// What `%%MIDI` says, as [`Comper::direct`] was told.
    pattern: Option<String>,
    silent: bool,
    chord: Sound,
    bass: Sound,
}

/// How loud, and how many octaves above the usual place.
#[derive(Clone, Copy, Debug)]
struct Sound {
    velocity: u8,
    octave: i8,
}

impl Comper {
    #[must_use]
    pub fn new(style: Style, range: (u8, u8)) -> Comper {
        let sound = |velocity| Sound { velocity, octave: 0 };
        let (chord, bass) = (sound(CHORD_VELOCITY), sound(BASS_VELOCITY));
        Comper { style, range, symbol: None, hand: Vec::new(), pattern: None, silent: false, chord, bass }
    }

    /// What `%%MIDI` says of the bars to come: `gchord` (where the style leaves the pattern to it), `gchordoff`, `chordvol`, `bassvol`,
    /// and the octaves of `chordprog` and `bassprog`.
    pub fn direct(&mut self, midi: &MidiSettings) {
        let own = midi.gchord.as_deref().filter(|_| self.style == Style::Gchord);
        self.pattern = own.map(str::to_owned);
        self.silent = midi.gchord_off;
        let sound = |instrument: &Instrument, usual: u8| Sound {
            // A velocity of 0 would end a note.
            velocity: instrument.velocity.unwrap_or(usual).max(1),
            octave: instrument.octave,
        };
        (self.chord, self.bass) = (sound(&midi.chord, CHORD_VELOCITY), sound(&midi.bass, BASS_VELOCITY));
    }

    /// One bar of accompaniment to a bar of the chart. A chord holds until the next one, over bar lines too.
    pub fn bar(&mut self, chords: &[ChordSymbol], meter: Meter) -> Measure {
        let length = meter.bar_length();
        let mut measure = Measure { length, ..Measure::default() };
        let pattern = self.pattern.clone().unwrap_or_else(|| self.style.pattern(meter));
        let steps = steps(&pattern, GCHORD_LETTERS).unwrap_or_default();
        let parts: i64 = steps.iter().map(|&(_, length)| i64::from(length)).sum();
        let mut at = 0;
        let mut changes = chords.iter().peekable();
        for (letter, parts_long) in steps {
            let mut onset = length.scale(num_rational::Ratio::new(at, parts.max(1)));
            at += i64::from(parts_long);
            let end = length.scale(num_rational::Ratio::new(at, parts.max(1)));
            while let Some(change) = changes.next_if(|change| change.onset <= onset) {
                self.change(&change.text);
            }
            // What a change falls into is struck again.
            while let Some(change) = changes.next_if(|change| change.onset < end) {
                self.strike(letter, onset, change.onset, &mut measure);
                onset = change.onset;
                self.change(&change.text);
            }
            self.strike(letter, onset, end, &mut measure);
        }
        changes.for_each(|change| self.change(&change.text));
        measure
    }

    /// Another chord: the hand moves as little as it can.
    fn change(&mut self, text: &str) {
        if harmony::NO_CHORD.contains(&text.trim()) {
            self.symbol = None;
            return;
        }
        let Some(chord) = ChordName::parse(text) else { return };
        self.symbol = Some(text.to_owned());
        self.hand = voicing(&chord, &self.hand, self.range);
    }

    fn strike(&self, letter: char, onset: Beats, end: Beats, measure: &mut Measure) {
        if self.silent {
            return;
        }
        let Some(chord) = self.symbol.as_deref().and_then(ChordName::parse) else { return };
        let mut put = |pitch: Pitch, Sound { velocity, octave }| {
            let midi = pitch.midi();
            if (i32::from(self.range.0)..=i32::from(self.range.1)).contains(&midi) {
                let pitch = Pitch { octave: pitch.octave + octave, ..pitch };
                measure.notes.push(Note::new(onset, end - onset, pitch, velocity));
            }
        };
        if matches!(letter, 'f' | 'b' | 'k') {
            put(bass(&chord, letter == 'k', self.range), self.bass);
        }
        if matches!(letter, 'c' | 'b') {
            self.hand.iter().for_each(|&pitch| put(pitch, self.chord));
        }
        let place = |letters: &str| letters.find(letter).filter(|_| !self.hand.is_empty());
        if let Some(at) = place("ghij") {
            put(self.finger(at), self.chord);
        } else if let Some(at) = place("GHIJ") {
            let pitch = self.finger(at);
            put(Pitch { octave: pitch.octave - 1, ..pitch }, self.chord);
        }
    }

    /// The hand's notes from below; beyond the highest they go on an octave up.
    fn finger(&self, at: usize) -> Pitch {
        let pitch = self.hand[at % self.hand.len()];
        Pitch { octave: pitch.octave + (at / self.hand.len()) as i8, ..pitch }
    }
}

/// The bass note in the lowest octave that the range has: the root, what stands behind the slash, or the fifth below.
fn bass(chord: &ChordName<'_>, fifth: bool, range: (u8, u8)) -> Pitch {
    let (step, alter) = chord.bass.unwrap_or(chord.root);
    let mut pitch = Pitch { step, alter, octave: 0 };
    if fifth {
        let (step, alter) = chord.root;
        let root = Pitch { step, alter, octave: 0 };
        let tone = chord.tones().into_iter().find(|tone| tone.steps == 4);
        pitch = root.transposed(tone.unwrap_or_default());
    }
    raised(pitch, LOWEST_BASS.max(range.0.into()))
}

/// The pitch in the octave from `lowest` on.
fn raised(mut pitch: Pitch, lowest: i32) -> Pitch {
    while pitch.midi() < lowest {
        pitch.octave += 1;
    }
    while pitch.midi() >= lowest + 12 {
        pitch.octave -= 1;
    }
    pitch
}

/// The position of the chord that is nearest to where the hand lies; in the middle when it lies nowhere.
fn voicing(chord: &ChordName<'_>, hand: &[Pitch], range: (u8, u8)) -> Vec<Pitch> {
    let (step, alter) = chord.root;
    let root = Pitch { step, alter, octave: 3 };
    let tones: Vec<Pitch> = chord.tones().into_iter().map(|tone| root.transposed(tone)).collect();
    let (low, high) = (HAND.start().max(&range.0.into()).to_owned(), i32::from(range.1));
    let lowest = low..=(*HAND.end()).max(low + 12);
    let positions = lowest.filter_map(|lowest| {
        let mut position: Vec<Pitch> = tones.iter().map(|&tone| raised(tone, lowest)).collect();
        position.sort_by_key(|pitch| pitch.midi());
        position.dedup_by_key(|pitch| pitch.midi());
        (position.first()?.midi() == lowest && position.last()?.midi() <= high).then_some(position)
    });
    // Each finger goes to its own note; where there are more or fewer of them, each to the nearest.
    let way = |position: &Vec<Pitch>| -> i32 {
        let distance = |a: &Pitch, b: &Pitch| (a.midi() - b.midi()).abs();
        if hand.len() == position.len() {
            return hand.iter().zip(position).map(|(held, pitch)| distance(held, pitch)).sum();
        }
        let nearest = |pitch: &Pitch, others: &[Pitch]| others.iter().map(|other| distance(pitch, other)).min();
        let there = position.iter().filter_map(|pitch| nearest(pitch, hand));
        let back = hand.iter().filter_map(|held| nearest(held, position));
        there.chain(back).sum()
    };
    positions.min_by_key(|position| (way(position), (position[0].midi() - 55).abs())).unwrap_or(tones)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::key::Key;
    use crate::abc::parse::read_bar;
    use crate::abc::print;

    /// The bars of a chart, accompanied, as text.
    fn comped(style: &str, meter: (u16, u16), chart: &[&str]) -> Vec<String> {
        let meter = Meter::Measured { numerator: meter.0, denominator: meter.1 };
        let mut comper = Comper::new(Style::parse(style).expect(style), (36, 84));
        let print_style = print::Style::new(&Key::NONE, meter, Beats::EIGHTH);
        let bars = chart.iter().map(|text| read_bar(text, &Key::NONE, meter, Beats::EIGHTH, &[]).0);
        bars.map(|bar| print::bar(&comper.bar(&bar.chords, meter), meter.bar_length(), &print_style)).collect()
    }

    #[test]
    fn the_patterns_of_abc2midi() {
        assert_eq!(comped("gchord", (4, 4), &["\"C\"x8"]), ["C,,z [G,CE]z C,,z [G,CE]z"]);
        assert_eq!(comped("gchord", (2, 4), &["\"C\"x4"]), ["C,,z [G,CE]z"]);
        assert_eq!(comped("gchord", (3, 4), &["\"C\"x6"]), ["C,,z [G,CE]z [G,CE]z"]);
        assert_eq!(comped("gchord", (6, 8), &["\"C\"x6"]), ["C,,z[G,CE] C,,z[G,CE]"]);
        assert_eq!(comped("gchord", (9, 8), &["\"C/E\"x9"]), ["E,,z[G,CE] E,,z[G,CE] E,,z[G,CE]"]);
    }

    #[test]
    fn a_chord_holds_and_the_hand_moves_little() {
        let bars = comped("held", (4, 4), &["\"C\"x8", "x8", "\"F\"x4\"G7\"x4", "\"C\"x8"]);
        assert_eq!(bars, ["[G,CE]8", "[G,CE]8", "[A,CF]4 [G,B,DF]4", "[G,CE]8"]);
        assert_eq!(comped("held", (4, 4), &["x8", "\"Fine\"x8"]), ["z8", "z8"], "nothing before the first chord");
        assert_eq!(comped("held", (4, 4), &["\"C\"x4\"N.C.\"x4"]), ["[G,CE]4 z4"]);
    }

    #[test]
    fn styles_in_common_time() {
        let bar = |style| comped(style, (4, 4), &["\"Am\"x8"]).remove(0);
        assert_eq!(bar("pulse"), "[A,CE]2 [A,CE]2 [A,CE]2 [A,CE]2");
        assert_eq!(bar("offbeat"), "z[A,CE] z[A,CE] z[A,CE] z[A,CE]");
        assert_eq!(bar("stride"), "A,,2 [A,CE]2 E,,2 [A,CE]2");
        assert_eq!(bar("arpeggio"), "A,C EA EC A,C");
        assert_eq!(bar("charleston"), "[A,CE]z2[A,CE] z4");
        assert_eq!(bar("Gc3"), "A,,2 [A,CE]6");
        assert!(Style::parse("swing").is_err_and(|said| said.contains("stride")));
    }

    #[test]
    fn every_style_fills_every_metre() {
        for meter in [(2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (9, 8), (12, 8), (3, 8), (7, 8), (2, 2), (3, 2)] {
            for style in ["gchord", "held", "pulse", "offbeat", "stride", "arpeggio", "charleston", "fzc2g"] {
                let meter = Meter::Measured { numerator: meter.0, denominator: meter.1 };
                let mut comper = Comper::new(Style::parse(style).expect(style), (36, 84));
                let chord = ChordSymbol { onset: Beats::ZERO, text: "F#m7b5/C".into() };
                let bar = comper.bar(&[chord], meter);
                assert_eq!(bar.length, meter.bar_length());
                assert!(!bar.notes.is_empty(), "{style} in {meter}");
                assert!(bar.notes.iter().all(|note| note.onset + note.length <= bar.length), "{style} in {meter}");
            }
        }
    }
}
