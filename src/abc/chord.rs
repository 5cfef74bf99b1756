//! Chord symbols such as `"Am7/C"` (ABC 2.1, 4.18): taken apart, told from other words, transposed.

use super::interval::Interval;
use super::{Pitch, Step};

/// A chord symbol taken apart. Letters with their alteration in semitones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChordName<'a> {
    pub root: (Step, i8),
    /// What stands between root and bass: `m7`, `sus4`, empty for a major triad.
    pub quality: &'a str,
    pub bass: Option<(Step, i8)>,
}

impl<'a> ChordName<'a> {
    /// Reads a chord symbol without its quotes; `None` for other words (`Fine`, `D.C.`). Of `G(Em)` the first is taken.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<ChordName<'a>> {
        let text = text.split('(').next().unwrap_or(text).trim();
        let (root, rest) = letter(text, false)?;
        let (quality, bass) = match rest.split_once('/') {
            // `C6/9` is a quality; only a letter is a bass note.
            Some((quality, bass)) => match letter(bass, true) {
                Some((bass, "")) => (quality, Some(bass)),
                _ => (rest, None),
            },
            None => (rest, None),
        };
        is_quality(quality).then_some(ChordName { root, quality, bass })
    }

    /// The pitch classes of its notes, bit 0 for C; the bass that stands behind a stroke is not among them.
    #[must_use]
    pub fn classes(&self) -> u16 {
        let root = self.root.0.semitones() + i32::from(self.root.1);
        self.tones().iter().fold(0, |set, tone| set | 1 << (root + tone.semitones).rem_euclid(12))
    }

    /// The notes above the root, the root first, in thirds as they are spelled: 3 to 7 of them, two for a bare fifth.
    #[must_use]
    pub fn tones(&self) -> Vec<Interval> {
        let is = |words: &[&str]| words.iter().any(|word| self.quality.contains(word));
        let starts = |words: &[&str]| words.iter().any(|word| self.quality.starts_with(word));
        // A minor seventh stands in `m7`, a major one in `maj7`, so the words for major are looked for first.
        let major = starts(&["maj", "ma", "M", "\u{394}"]);
        let minor = !major && starts(&["m", "-"]);
        let half = is(&["\u{f8}", "h"]);
        let diminished = starts(&["dim", "o", "\u{b0}"]) || half;
        let (third, fifth, seventh, ninth) = (
            |semitones| Interval { steps: 2, semitones },
            |semitones| Interval { steps: 4, semitones },
            |semitones| Interval { steps: 6, semitones },
            |semitones| Interval { steps: 8, semitones },
        );
        let mut tones = vec![Interval::UNISON];
        if is(&["sus2"]) {
            tones.push(Interval { steps: 1, semitones: 2 });
        } else if is(&["sus"]) {
            tones.push(Interval { steps: 3, semitones: 5 });
        } else if self.quality != "5" && !is(&["no3"]) {
            tones.push(third(if minor || diminished { 3 } else { 4 }));
        }
        tones.push(fifth(if diminished || is(&["b5", "-5"]) {
            6
        } else if starts(&["aug", "+"]) || is(&["#5", "+5"]) {
            8
        } else {
            7
        }));
        if is(&["add"]) {
            if is(&["9", "2"]) {
                tones.push(ninth(14));
            }
            return tones;
        }
        let has_seventh = is(&["7", "11", "13"]) || half || (is(&["9"]) && !is(&["6"]));
        if is(&["6"]) {
            tones.push(Interval { steps: 5, semitones: 9 });
        } else if has_seventh {
            let semitones = match (major || is(&["maj7", "ma7", "M7"]), diminished && !half) {
                (true, _) => 11,
                (false, true) => 9,
                (false, false) => 10,
            };
            tones.push(seventh(semitones));
        }
        if is(&["b9", "-9"]) {
            tones.push(ninth(13));
        } else if is(&["#9", "+9"]) {
            tones.push(ninth(15));
        } else if is(&["9", "11", "13"]) {
            tones.push(ninth(14));
        }
        if is(&["11"]) {
            tones.push(Interval { steps: 10, semitones: 17 });
        }
        if is(&["13"]) {
            tones.push(Interval { steps: 12, semitones: 21 });
        }
        tones
    }
}

/// The symbol moved by an interval, alternatives in parentheses and bass included; other words stay as they are.
#[must_use]
pub fn transposed(text: &str, interval: Interval) -> String {
    let mut parts = Vec::new();
    for part in text.split_inclusive('(') {
        let (body, open) = part.strip_suffix('(').map_or((part, ""), |body| (body, "("));
        let (body, close) = body.strip_suffix(')').map_or((body, ""), |body| (body, ")"));
        let moved = match ChordName::parse(body) {
            Some(chord) => {
                let bass = chord.bass.map(|bass| format!("/{}", name(bass, interval)));
                format!("{}{}{}", name(chord.root, interval), chord.quality, bass.unwrap_or_default())
            }
            None => body.to_owned(),
        };
        parts.push(moved + close + open);
    }
    parts.concat()
}

fn name((step, alter): (Step, i8), interval: Interval) -> String {
    let mut moved = Pitch { step, alter, octave: 4 }.transposed(interval);
    if moved.alter.abs() > 1 {
        moved = Pitch::from_midi(moved.midi());
    }
    format!("{}{}", moved.step.letter() as char, ["b", "", "#"][(moved.alter + 1) as usize])
}

fn letter(text: &str, either_case: bool) -> Option<((Step, i8), &str)> {
    let first = *text.as_bytes().first()?;
    if !either_case && !first.is_ascii_uppercase() {
        return None;
    }
    let step = Step::from_letter(first)?;
    let alter = match text.as_bytes().get(1) {
        Some(b'#') => 1,
        Some(b'b') => -1,
        _ => 0,
    };
    Some(((step, alter), &text[1 + usize::from(alter != 0)..]))
}

fn is_quality(mut text: &str) -> bool {
    const WORDS: [&str; 26] = [
        "maj", "min", "dim", "aug", "sus", "add", "alt", "no", "ma", "mi", "m", "M", "+", "-", "#", "b", "/", "°", "ø",
        "Δ", "o", "h", "6", "7", "9", "5",
    ];
    const NUMBERS: [&str; 6] = ["11", "13", "2", "3", "4", "8"];
    while !text.is_empty() {
        let Some(word) = WORDS.iter().chain(&NUMBERS).find(|word| text.starts_with(**word)) else { return false };
        text = &text[word.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, (steps, semitones): (i32, i32), expect: &str) {
        assert_eq!(transposed(text, Interval { steps, semitones }), expect, "{text}");
    }

    #[test]
    fn symbols_move_and_words_stay() {
        check("Am7", (1, 2), "Bm7");
        check("C/G", (-1, -2), "Bb/F");
        check("F#m7b5/a", (-1, -2), "Em7b5/G");
        check("G(Em)", (3, 5), "C(Am)");
        check("C6/9", (4, 7), "G6/9");
        check("Fine", (1, 2), "Fine");
        check("D.C.", (1, 2), "D.C.");
        check("B#", (2, 4), "E");
    }

    #[test]
    fn tones_by_quality() {
        let tones = |text| {
            let tones = ChordName::parse(text).expect(text).tones();
            tones.iter().map(|tone| tone.semitones.to_string()).collect::<Vec<_>>().join(" ")
        };
        for (text, expect) in [
            ("C", "0 4 7"),
            ("Cm", "0 3 7"),
            ("C-", "0 3 7"),
            ("C7", "0 4 7 10"),
            ("Cmaj7", "0 4 7 11"),
            ("CM7", "0 4 7 11"),
            ("Cm7", "0 3 7 10"),
            ("Cmin7", "0 3 7 10"),
            ("CmM7", "0 3 7 11"),
            ("Cdim", "0 3 6"),
            ("Cdim7", "0 3 6 9"),
            ("Cm7b5", "0 3 6 10"),
            ("C\u{f8}", "0 3 6 10"),
            ("Caug", "0 4 8"),
            ("C+", "0 4 8"),
            ("Csus4", "0 5 7"),
            ("C7sus4", "0 5 7 10"),
            ("Csus2", "0 2 7"),
            ("C6", "0 4 7 9"),
            ("Cm6", "0 3 7 9"),
            ("C6/9", "0 4 7 9 14"),
            ("C9", "0 4 7 10 14"),
            ("Cadd9", "0 4 7 14"),
            ("C7b9", "0 4 7 10 13"),
            ("C5", "0 7"),
            ("C13", "0 4 7 10 14 21"),
        ] {
            assert_eq!(tones(text), expect, "{text}");
        }
    }

    #[test]
    fn parts() {
        let chord = ChordName::parse("Bbsus4/F").expect("a chord");
        assert_eq!(chord, ChordName { root: (Step::B, -1), quality: "sus4", bass: Some((Step::F, 0)) });
        assert_eq!(ChordName::parse("Allegro"), None);
    }
}
