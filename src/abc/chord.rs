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
    fn parts() {
        let chord = ChordName::parse("Bbsus4/F").expect("a chord");
        assert_eq!(chord, ChordName { root: (Step::B, -1), quality: "sus4", bass: Some((Step::F, 0)) });
        assert_eq!(ChordName::parse("Allegro"), None);
    }
}
