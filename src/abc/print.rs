//! Notes to canonical text: one spelling for every bar, so that a language model has one thing to learn and a text that
//! was printed once prints the same again. [`crate::score::measure`] is the way back.
//!
//! The form: lengths from a table and no others, the rest by ties; every altered note with its accidental; a space at
//! each beat; triplets as `(3abc`; chords with one length outside. Times off the grid of 1/32 (and its triplets) are
//! rounded to it.

mod loudness;

pub use loudness::Loudness;

use num_rational::Ratio;

use super::grid::{GRID, LENGTHS, Slice, TICKS, is_triplet, on_grid, slices, triplet_length};
use super::key::Key;
use super::{Meter, Pitch, accidental};
use crate::score::{Figure, Measure};
use crate::time::Beats;

/// What the text is written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// Alteration of each letter that goes without saying, C first.
    pub signature: [i8; 7],
    /// `L:`.
    pub unit: Beats,
    /// A space stands before each element that starts on a multiple of this.
    pub beat: Beats,
    /// Whether staccato, grace notes and ornaments are written.
    pub marks: bool,
    /// What the bar before ties over its end, whether this one goes on with it or not: without an accidental a letter would be read as that.
    pub tied_in: Vec<Pitch>,
}

impl Style {
    /// The style of a text with these `K:`, `M:` and `L:`, without marks: the notes alone, as a language model is to see them.
    #[must_use]
    pub fn new(key: &Key, meter: Meter, unit: Beats) -> Style {
        Style { signature: key.signature, unit, beat: meter.beat(), marks: false, tied_in: Vec::new() }
    }
}

/// The bar as canonical text without its bar line: rests where nothing sounds, and up to `length`.
#[must_use]
pub fn bar(measure: &Measure, length: Beats, style: &Style) -> String {
    bar_with(measure, length, style, None)
}

/// The same with its dynamics, where there are such: `loudness` goes from bar to bar.
#[must_use]
pub fn bar_with(measure: &Measure, length: Beats, style: &Style, loudness: Option<&mut Loudness>) -> String {
    let slices = on_grid(slices(measure, length));
    let chart = slices.iter().all(|slice| slice.pitches.is_empty()) && slices.iter().any(|s| !s.chords.is_empty());
    let rest = if chart { 'x' } else { 'z' };
    let held = measure.notes.iter().filter(|note| note.tied_from && note.onset == Beats::ZERO);
    let held = held.map(|note| note.pitch).chain(style.tied_in.iter().copied()).collect();
    let mut printer = Printer { style, text: String::new(), at: 0, current: style.signature, rest, held, loudness };
    let mut at = 0;
    while at < slices.len() {
        let triplet = slices.get(at..at + 3).filter(|group| is_triplet(group));
        if let Some(group) = triplet {
            printer.triplet(group);
            at += 3;
        } else {
            printer.slice(&slices[at]);
            at += 1;
        }
    }
    printer.text
}

struct Printer<'a> {
    style: &'a Style,
    text: String,
    /// Ticks from the start of the bar.
    at: i64,
    /// What each letter stands at now, as a reader understands it.
    current: [i8; 7],
    rest: char,
    /// What a tie holds on from before: without an accidental its letter would be read as this.
    held: Vec<Pitch>,
    loudness: Option<&'a mut Loudness>,
}

impl Printer<'_> {
    fn triplet(&mut self, group: &[Slice]) {
        let written = triplet_length(group[0].length()).unwrap_or(GRID);
        for (member, slice) in group.iter().enumerate() {
            if member == 0 {
                self.space();
            }
            self.chords(&slice.chords);
            if member == 0 {
                self.text.push_str("(3");
            }
            self.leading(slice);
            self.staccato(slice);
            self.element(&slice.pitches, written, false);
        }
        self.at += 2 * written;
    }

    fn slice(&mut self, slice: &Slice) {
        let mut left = slice.length().to_integer();
        let (mut chords, mut first) = (&slice.chords[..], true);
        while left > 0 {
            // The shortest length divides every place on the grid; what is off it at the end is not written.
            let Some(length) = LENGTHS.into_iter().find(|length| *length <= left) else { break };
            left -= length;
            self.space();
            self.chords(chords);
            chords = &[];
            if std::mem::take(&mut first) {
                self.leading(slice);
            }
            // Of tied notes the last one decides.
            if left < GRID {
                self.staccato(slice);
            }
            self.element(&slice.pitches, length, left >= GRID);
            self.at += length;
        }
    }

    fn space(&mut self) {
        let here = Beats::new(self.at, TICKS);
        if !self.text.is_empty() && here.is_multiple_of(self.style.beat) {
            self.text.push(' ');
        }
    }

    fn chords(&mut self, chords: &[String]) {
        for chord in chords {
            self.text.push('"');
            self.text.push_str(chord);
            self.text.push('"');
        }
    }

    /// Graces and ornament of what starts here.
    fn leading(&mut self, slice: &Slice) {
        if !self.style.marks {
            return;
        }
        if !slice.graces.is_empty() {
            let crushed = slice.graces.iter().all(|grace| grace.length * 2 == Beats::THIRTY_SECOND);
            self.text.push_str(if crushed { "{/" } else { "{" });
            for grace in &slice.graces {
                self.pitch(grace.pitch);
                let length = grace.length.ratio(Beats::THIRTY_SECOND) * if crushed { 2 } else { 1 };
                self.text.push_str(&written(length));
            }
            self.text.push('}');
        }
        if let (Some(loudness), Some(velocity)) = (&mut self.loudness, slice.velocity) {
            loudness.write(velocity, &mut self.text);
        }
        self.text.push_str(slice.figure.map_or("", Figure::sign));
    }

    fn staccato(&mut self, slice: &Slice) {
        if self.style.marks && slice.staccato {
            self.text.push('.');
        }
    }

    /// A rest, note or chord; `tied` when it goes on in the next element.
    fn element(&mut self, pitches: &[(Pitch, bool)], length: i64, tied: bool) {
        let length = written(Beats::new(length, TICKS).ratio(self.style.unit));
        match pitches {
            [] => {
                self.text.push(self.rest);
                self.text.push_str(&length);
            }
            [(pitch, tie)] => {
                self.pitch(*pitch);
                self.text.push_str(&length);
                self.tie(*tie || tied);
            }
            _ => {
                // A tie of all members stands outside, like the length.
                let all = tied || pitches.iter().all(|(_, tie)| *tie);
                self.text.push('[');
                for (pitch, tie) in pitches {
                    self.pitch(*pitch);
                    self.tie(*tie && !all);
                }
                self.text.push(']');
                self.text.push_str(&length);
                self.tie(all);
            }
        }
        self.held = pitches.iter().filter(|(_, tie)| tied || *tie).map(|(pitch, _)| *pitch).collect();
    }

    fn tie(&mut self, tie: bool) {
        if tie {
            self.text.push('-');
        }
    }

    /// Every altered note carries its accidental; one that is not carries one only to take back an earlier one.
    fn pitch(&mut self, pitch: Pitch) {
        let letter = pitch.step as usize;
        let plain = self.style.signature[letter];
        let other = |held: &Pitch| held.ladder() == pitch.ladder() && held.alter != pitch.alter;
        if pitch.alter != plain || self.current[letter] != plain || self.held.iter().any(other) {
            self.text.push_str(accidental(pitch.alter));
        }
        self.current[letter] = pitch.alter;
        let name = pitch.step.letter() as char;
        self.text.push(if pitch.octave >= 5 { name.to_ascii_lowercase() } else { name });
        for _ in 5..pitch.octave {
            self.text.push('\'');
        }
        for _ in pitch.octave..4 {
            self.text.push(',');
        }
    }
}

/// `3/2`, `/`, `/4`, or nothing for one unit.
fn written(units: Ratio<i64>) -> String {
    match (*units.numer(), *units.denom()) {
        (1, 1) => String::new(),
        (1, 2) => "/".to_owned(),
        (1, below) => format!("/{below}"),
        (above, 1) => above.to_string(),
        (above, below) => format!("{above}/{below}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Step;
    use super::super::grid::ticks;
    use super::super::parse::read_bar;
    use super::*;
    use crate::score::{ChordSymbol, Note};

    const COMMON: Meter = Meter::COMMON;
    const SIX_EIGHT: Meter = Meter::Measured { numerator: 6, denominator: 8 };
    const EIGHTH: (i64, i64) = (1, 8);

    fn reprinted(text: &str, key: &str, meter: Meter, unit: Beats) -> String {
        let (key, _) = Key::parse(key).expect("a key");
        let (measure, diagnostics) = read_bar(text, &key, meter, unit, &[]);
        assert_eq!(diagnostics, [], "{text}");
        let style = Style::new(&key, meter, unit);
        bar(&measure, meter.bar_length(), &style)
    }

    /// Prints what was read, and that again.
    fn check(text: &str, key: &str, meter: Meter, (n, d): (i64, i64), expect: &str) {
        let unit = Beats::new(n, d);
        assert_eq!(reprinted(text, key, meter, unit), expect, "{text}");
        assert_eq!(reprinted(expect, key, meter, unit), expect, "{expect} once more");
    }

    #[test]
    fn lengths_and_spaces() {
        check("A/4B/c3/4d3/2e2|", "C", COMMON, EIGHTH, "A/4B/c3/4d3/2e2z3");
        check("ABcd efga", "C", COMMON, EIGHTH, "AB cd ef ga");
        check("ABc def", "C", SIX_EIGHT, EIGHTH, "ABc def");
        check("A5 B3", "C", COMMON, EIGHTH, "A4- AB3");
        check("z5 B3", "C", COMMON, EIGHTH, "z4 zB3");
        check("A2B2c4d8", "C", COMMON, (1, 16), "A2B2 c4 d8");
        check("A2", "C", COMMON, (1, 4), "A2 z2");
        check("", "C", COMMON, EIGHTH, "z8");
        check("A>B c<d", "C", COMMON, EIGHTH, "A3/2B/ c/d3/2 z4");
    }

    #[test]
    fn accidentals() {
        check("^c c =c c ^F, f' F2", "C", COMMON, EIGHTH, "^c^c =cc ^F,^f' ^F2");
        check("F ^F =F F ^F2 F2", "D", COMMON, EIGHTH, "FF =F=F ^F2 F2");
        check("_B_B =B2 =c4", "F", COMMON, EIGHTH, "BB =B2 c4");
        check("=B _B c2 __B4", "F", COMMON, EIGHTH, "=B_B c2 __B4");
    }

    #[test]
    fn marks() {
        for (text, expect) in [
            (".A2 {g}B2 T[CE]2 ~c2", ".A2 {g}B2 T[CE]2 ~c2"),
            ("{^fg2}A2 {/f}f2 MA PB !turn!c!invertedturn!d", "{^fg2}A2 {/^f}^f2 MAPB !turn!c!invertedturn!d"),
            ("{g}.TA5 (3.A.Bc d", "{g}TA4- .A(3.A.Bcd"),
            ("!staccato!!mordent!A4-|A4", "M.A4 z4"),
        ] {
            let (measure, _) = read_bar(text.split('|').next().unwrap_or(""), &Key::NONE, COMMON, Beats::EIGHTH, &[]);
            let style = Style { marks: true, ..Style::new(&Key::NONE, COMMON, Beats::EIGHTH) };
            let length = COMMON.bar_length();
            let text = bar(&measure, length, &style);
            assert_eq!(text, expect);
            let (again, _) = read_bar(&text, &Key::NONE, COMMON, Beats::EIGHTH, &[]);
            assert_eq!(bar(&again, length, &style), text);
            assert!(!bar(&measure, length, &Style { marks: false, ..style }).contains(['.', '{', 'T', '!', '~']));
        }
    }

    #[test]
    fn triplets() {
        check("(3ABc (3d2e2f2 z2", "C", COMMON, EIGHTH, "(3ABc (3d2e2f2 z2");
        check("(3A2B2c2 (3A/B/c/ d3", "C", COMMON, EIGHTH, "(3A2B2c2 (3A/B/c/d3");
        check("A(3Bcd e z4", "C", COMMON, EIGHTH, "A(3Bcde z4");
        check("\"G\"(3AB\"C\"c z6", "C", COMMON, EIGHTH, "\"G\"(3AB\"C\"c z6");
    }

    #[test]
    fn chords_and_ties() {
        check("[GEC]2 [c2e2]3", "C", COMMON, EIGHTH, "[CEG]2 [ce]6");
        check("[C4E2]E2 z4", "C", COMMON, EIGHTH, "[C-E]2 C2 E2 z2");
        check("[CEG]4-[CEG]4", "C", COMMON, EIGHTH, "[CEG]4- [CEG]4");
        check("C4-C4-", "C", COMMON, EIGHTH, "C4- C4-");
        check("[CE-]4 E4", "C", COMMON, EIGHTH, "[CE-]4 E4");
    }

    #[test]
    fn a_note_beside_a_held_one_of_its_letter_says_what_it_is() {
        let (held, style) =
            (Pitch { step: Step::F, alter: 1, octave: 5 }, Style::new(&Key::NONE, COMMON, Beats::EIGHTH));
        let read = |text: &str| read_bar(text, &Key::NONE, COMMON, Beats::EIGHTH, &[held]).0;
        let written = bar(&read("f8 & =f8"), Beats::WHOLE, &style);
        assert_eq!(written, "[=f^f]8");
        assert_eq!(bar(&read(&written), Beats::WHOLE, &style), written);
        // Within a bar, too, also where another octave has taken the accidental back.
        let text = "[^D=d]4-[=D^D=d]4";
        assert_eq!(bar(&read(text), Beats::WHOLE, &style), "[^D=d]4- [=D^D=d]4");
    }

    #[test]
    fn chord_symbols() {
        check("\"Dm\"x6", "C", SIX_EIGHT, EIGHTH, "\"Dm\"x6");
        check("\"Dm\"z3\"C\"z3", "C", SIX_EIGHT, EIGHTH, "\"Dm\"x3 \"C\"x3");
        check("\"Am7\"A2B2\"G\"c4", "C", COMMON, EIGHTH, "\"Am7\"A2 B2 \"G\"c4");
    }

    #[test]
    fn what_is_off_the_grid_is_rounded() {
        let text = reprinted("(5ABcde z6", "C", COMMON, Beats::new(1, 8));
        let (measure, _) = read_bar(&text, &Key::NONE, COMMON, Beats::new(1, 8), &[]);
        assert_eq!(measure.length, Beats::WHOLE, "{text}");
        assert_eq!(measure.notes.len(), 5, "{text}");
    }

    fn pitch() -> impl Strategy<Value = Pitch> {
        (0..7usize, -2..=2i8, 1..=7i8).prop_map(|(step, alter, octave)| Pitch { step: Step::ALL[step], alter, octave })
    }

    /// A bar in canonical time values: rests, notes, chords, triplets, some tied.
    fn canonical() -> impl Strategy<Value = (Measure, Beats)> {
        let element = (0..LENGTHS.len(), prop::collection::vec(pitch(), 0..4), any::<bool>(), 0..6u8, 0..4u8);
        (prop::collection::vec(element, 1..12), any::<bool>()).prop_map(|(elements, chart)| {
            let mut measure = Measure::default();
            let mut last: Vec<Pitch> = Vec::new();
            for (length, pitches, tie, kind, symbol) in elements {
                let triplet = kind == 0 && !pitches.is_empty();
                let mut length = Beats::new(LENGTHS[length], TICKS);
                // A triplet of these lengths is written with plain notes.
                if triplet && triplet_length(ticks(length) * Ratio::new(2, 3)).is_some() {
                    length = length.scale(Ratio::new(2, 3));
                } else if triplet {
                    continue;
                }
                if symbol == 0 && chart {
                    measure.chords.push(ChordSymbol { onset: measure.length, text: "Am7/C".into() });
                }
                for _ in 0..if triplet { 3 } else { 1 } {
                    let mut sounding = pitches.clone();
                    sounding.sort_by_key(|pitch| (pitch.midi(), pitch.ladder()));
                    sounding.dedup();
                    for pitch in &sounding {
                        let tied_from = last.contains(pitch);
                        let onset = measure.length;
                        let velocity = crate::score::DEFAULT_VELOCITY;
                        let note = Note::new(onset, length, *pitch, velocity);
                        measure.notes.push(Note { tied_from, tied_to: tie, ..note });
                    }
                    measure.length += length;
                    last = if tie { sounding } else { Vec::new() };
                }
            }
            let length = measure.length;
            // Ties to nothing, within the bar, are not ties.
            let notes = measure.notes.clone();
            for note in &mut measure.notes {
                let end = note.onset + note.length;
                let held = notes.iter().any(|next| next.onset == end && next.pitch == note.pitch);
                note.tied_to &= held || end == length;
            }
            (measure, length)
        })
    }

    /// Any times at all, as the hand or a transformation might make them.
    fn anything() -> impl Strategy<Value = Measure> {
        let time = (-4..200i64, 1..100i64).prop_map(|(n, d)| Beats::new(n, d));
        let note = (time.clone(), time, pitch(), any::<bool>(), any::<bool>()).prop_map(
            |(onset, length, pitch, tied_from, tied_to)| Note {
                tied_from,
                tied_to,
                ..Note::new(onset, length, pitch, 90)
            },
        );
        prop::collection::vec(note, 0..12).prop_map(|mut notes| {
            notes.sort_by_key(|note| (note.onset, note.pitch.midi()));
            Measure { length: Beats::WHOLE, notes, ..Measure::default() }
        })
    }

    proptest! {
        #[test]
        fn any_notes_make_a_full_bar(measure in anything()) {
            let unit = Beats::new(1, 8);
            let style = Style::new(&Key::NONE, COMMON, unit);
            let text = bar(&measure, Beats::WHOLE, &style);
            let (again, diagnostics) = read_bar(&text, &Key::NONE, COMMON, unit, &[]);
            prop_assert_eq!(&diagnostics, &[], "{}", text);
            prop_assert_eq!(again.length, Beats::WHOLE, "{}", text);
            prop_assert_eq!(bar(&again, Beats::WHOLE, &style), text);
        }

        #[test]
        fn what_is_printed_reads_back((measure, length) in canonical(), sharps in 0..5usize) {
            let key = ["C", "D", "Eb", "Bbm", "F#mix"][sharps];
            let (key, _) = Key::parse(key).expect("a key");
            let unit = Beats::new(1, 8);
            let style = Style::new(&key, COMMON, unit);
            let text = bar(&measure, length, &style);
            let (again, diagnostics) = read_bar(&text, &key, COMMON, unit, &[]);
            prop_assert_eq!(&diagnostics, &[], "{}", text);
            prop_assert_eq!(&again, &measure, "{}", text);
            prop_assert_eq!(bar(&again, length, &style), text);
        }
    }
}
