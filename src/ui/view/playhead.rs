//! Which piece of a bar's text sounds now. A plain function: lengths are weighed against each other, so that no key or unit length is needed.

use std::ops::Range;

/// The bytes of the note, chord or rest that sounds when `done` (0 to 1) of the bar is over; nothing in a bar without notes.
pub fn sounding(bar: &str, done: f64) -> Option<Range<usize>> {
    let notes = notes(bar);
    let whole: f64 = notes.iter().map(|(_, weight)| weight).sum();
    let mut end = 0.0;
    let now = notes.iter().find(|(_, weight)| {
        end += weight / whole;
        done < end - 1e-9
    });
    now.or(notes.last()).map(|(range, _)| range.clone())
}

/// Each note with its length in unit lengths.
fn notes(bar: &str) -> Vec<(Range<usize>, f64)> {
    let bytes = bar.as_bytes();
    let mut notes: Vec<(Range<usize>, f64)> = Vec::new();
    let mut tuplet = (0, 1.0);
    let mut broken = 1.0;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let close =
            |close: u8| bytes[start + 1..].iter().position(|&b| b == close).map_or(bytes.len(), |p| start + p + 2);
        match bytes[at] {
            b'"' => at = close(b'"'),
            b'!' => at = close(b'!'),
            b'{' => at = close(b'}'),
            b'(' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                let count = bytes[at + 1] - b'0';
                let time = match count {
                    3 | 6 => 2.0,
                    2 | 4 | 8 => 3.0,
                    _ => f64::from(count) - 1.0,
                };
                tuplet = (count, time / f64::from(count.max(1)));
                at += 2;
            }
            // `a>b`: the first takes half of the second.
            sign @ (b'>' | b'<') => {
                let first = if sign == b'>' { 1.5 } else { 0.5 };
                if let Some((_, weight)) = notes.last_mut() {
                    *weight *= first;
                }
                broken = 2.0 - first;
                at += 1;
            }
            b'[' if bytes.get(at + 2) == Some(&b':') => at = close(b']'),
            b'[' | b'^' | b'_' | b'=' | b'A'..=b'G' | b'a'..=b'g' | b'z' | b'x' => {
                at = if bytes[at] == b'[' { close(b']') } else { at + 1 };
                // The letter after an accidental and the octave belong to the note.
                while at < bytes.len()
                    && bytes[start] != b'['
                    && (b"^_=,'".contains(&bytes[at]) || after_accidental(&bytes[start..at], bytes[at]))
                {
                    at += 1;
                }
                let digits = at;
                while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'/') {
                    at += 1;
                }
                let mut weight = length(&bar[digits..at]) * std::mem::replace(&mut broken, 1.0);
                if tuplet.0 > 0 {
                    tuplet.0 -= 1;
                    weight *= tuplet.1;
                }
                notes.push((start..at, weight));
            }
            _ => at += 1,
        }
    }
    notes
}

fn after_accidental(before: &[u8], letter: u8) -> bool {
    before.iter().all(|b| b"^_=".contains(b)) && letter.is_ascii_alphabetic()
}

/// `3`, `/`, `3/2`, `//` as a number.
fn length(text: &str) -> f64 {
    let (over, under) = text.split_at(text.find('/').unwrap_or(text.len()));
    let over = over.parse().unwrap_or(1.0);
    let slashes = under.matches('/').count() as i32;
    match under.trim_start_matches('/').parse::<f64>() {
        Ok(number) if number > 0.0 => over / number,
        _ => over / 2f64.powi(slashes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bar: &str, done: f64) -> &str {
        sounding(bar, done).map_or("", |range| &bar[range])
    }

    #[test]
    fn lengths_chords_rests_and_accidentals() {
        let bar = "\"Dm\"A2^d' [ceg]2z/c3/2";
        let heard: Vec<_> = (0..14).map(|n| at(bar, f64::from(n) / 14.0)).collect();
        let expected = [
            "A2", "A2", "A2", "A2", "^d'", "^d'", "[ceg]2", "[ceg]2", "[ceg]2", "[ceg]2", "z/", "c3/2", "c3/2", "c3/2",
        ];
        assert_eq!(heard, expected);
    }

    #[test]
    fn tuplets_and_broken_rhythm() {
        assert_eq!(at("(3abc d2", 0.49), "c");
        assert_eq!(at("(3abc d2", 0.5), "d2");
        assert_eq!(at("a>b", 0.74), "a");
        assert_eq!(at("a>b", 0.76), "b");
    }

    #[test]
    fn a_bar_without_notes_has_no_playhead() {
        assert_eq!(sounding("", 0.3), None);
        assert_eq!(sounding("\"", 0.3), None);
        assert_eq!(at("c", 1.0), "c");
    }
}
