//! `rhythm="A2 z A | (3AAA A2"`: the lengths of notes and rests, bar by bar, that a voice is held to. Pure.
//!
//! They are those of ABC in the scene's unit length; the pitches say nothing. The bars go round, from the scene's first bar on.

use std::ops::Range;

use crate::abc::bar::{LENGTHS, Pattern, Stroke};
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::abc::{Fault, Meter, Severity};
use crate::score::Measure;
use crate::time::Beats;

const MOST_BARS: usize = 64;

/// What sounds, or does not, for a time.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    length: Beats,
    note: bool,
    /// Tied over the bar line.
    tied: bool,
}

/// Reads the bars of a rhythm. Errs with the place within `text` where one does not fill the metre or cannot be written in the lengths of
/// the composer.
pub(super) fn read(text: &str, unit: Beats, meter: Meter) -> Result<Vec<Pattern>, (Range<usize>, Fault)> {
    let mut bars: Vec<(Range<usize>, Pattern)> = Vec::new();
    let mut start = 0;
    for part in text.split('|') {
        let lead = part.len() - part.trim_start().len();
        let place = start + lead..start + lead + part.trim().len();
        start += part.len() + 1;
        if !place.is_empty() {
            let pattern = bar(&text[place.clone()], unit, meter).map_err(|(within, fault)| {
                let within =
                    within.map_or(place.clone(), |within| place.start + within.start..place.start + within.end);
                (within, fault)
            })?;
            bars.push((place, pattern));
        }
    }
    if bars.is_empty() || bars.len() > MOST_BARS {
        let message = format!("a rhythm has one to {MOST_BARS} bars");
        return Err((0..text.len(), Fault::new(message).with_help("as in rhythm=\"A2 z A A4 | A8\"")));
    }
    for at in 0..bars.len() {
        let next = (at + 1) % bars.len();
        bars[next].1.held = bars[at].1.ties_out();
        if bars[next].1.held && !matches!(bars[next].1.strokes[0], Stroke::Note(_) | Stroke::Tied(_)) {
            let fault = Fault::new(format!("bar {} of the rhythm ties into what is no plain note", at + 1));
            return Err((bars[at].0.clone(), fault));
        }
    }
    Ok(bars.into_iter().map(|(_, pattern)| pattern).collect())
}

/// One bar; where the place of a fault is not known, it is the bar's.
fn bar(text: &str, unit: Beats, meter: Meter) -> Result<Pattern, (Option<Range<usize>>, Fault)> {
    let (measure, diagnostics) = read_bar(text, &Key::NONE, meter, unit, &[]);
    if let Some(wrong) = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err((Some(wrong.span.start..wrong.span.end), Fault::new(wrong.sentence())));
    }
    let full = meter.bar_length();
    if measure.length != full {
        let (off, how) =
            if measure.length < full { (full - measure.length, "short") } else { (measure.length - full, "long") };
        let message = format!("the rhythm's bar is {} × {unit} too {how} for {meter}", off.ratio(unit));
        return Err((None, Fault::new(message)));
    }
    let unwritable = || {
        let help = "there are notes from 1/32 on, (3 of three equal notes, and one note at a time";
        (None, Fault::new(format!("'{text}' has lengths that the composer cannot write")).with_help(help))
    };
    let stretches = stretches(&measure).ok_or_else(unwritable)?;
    let mut strokes = Vec::new();
    let mut rest = &stretches[..];
    while let [first, ..] = rest {
        if let Some(lengths) = written(first.length) {
            let last = lengths.len() - 1;
            strokes.extend(lengths.into_iter().enumerate().map(|(at, ticks)| match first.note {
                false => Stroke::Rest(ticks),
                true if at < last || first.tied => Stroke::Tied(ticks),
                true => Stroke::Note(ticks),
            }));
            rest = &rest[1..];
        } else if let Some(ticks) = triplet(rest) {
            strokes.push(Stroke::Triplet(ticks));
            rest = &rest[3..];
        } else {
            return Err(unwritable());
        }
    }
    Ok(Pattern { strokes, held: false })
}

/// Notes, what ties join in one, and the rests between them. `None` where notes overlap.
fn stretches(measure: &Measure) -> Option<Vec<Stretch>> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let (mut at, mut tied) = (Beats::ZERO, false);
    for chord in measure.notes.chunk_by(|a, b| a.onset == b.onset) {
        let note = chord[0];
        if note.onset < at || chord.iter().any(|other| other.length != note.length) {
            return None;
        }
        if note.onset > at {
            stretches.push(Stretch { length: note.onset - at, note: false, tied: false });
        }
        match stretches.last_mut().filter(|_| tied && note.tied_from && note.onset == at) {
            Some(last) => last.length += note.length,
            None => stretches.push(Stretch { length: note.length, note: true, tied: false }),
        }
        (at, tied) = (note.onset + note.length, note.tied_to);
    }
    if at < measure.length {
        stretches.push(Stretch { length: measure.length - at, note: false, tied: false });
    } else if let Some(last) = stretches.last_mut() {
        last.tied = tied;
    }
    Some(stretches)
}

/// The lengths that a time is written in, longest first. `None` for what is off the grid.
fn written(length: Beats) -> Option<Vec<u16>> {
    let ticks = length * 96;
    let mut left = u16::try_from(ticks.numerator()).ok().filter(|left| ticks.denominator() == 1 && left % 3 == 0)?;
    let mut lengths = Vec::new();
    while left > 0 {
        let (_, ticks) = LENGTHS.iter().rev().find(|(_, ticks)| *ticks <= left)?;
        lengths.push(*ticks);
        left -= ticks;
    }
    Some(lengths)
}

/// The written length of three equal notes in the time of two.
fn triplet(stretches: &[Stretch]) -> Option<u16> {
    let [a, b, c] = stretches.get(..3)? else { return None };
    let equal = a.length == b.length && b.length == c.length && a.note && b.note && c.note && !c.tied;
    let ticks = a.length.scale((3, 2).into()) * 96;
    let fits = |written: u16| i64::from(written) == ticks.numerator() && ticks.denominator() == 1 && written > 3;
    LENGTHS.iter().map(|&(_, written)| written).find(|&written| equal && fits(written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rhythms_are_read_in_the_scenes_unit() {
        use Stroke::{Note, Rest, Tied, Triplet};
        let read = |text: &str, unit: Beats, meter: &str| {
            let bars = read(text, unit, Meter::parse(meter).unwrap());
            bars.map(|bars| bars.into_iter().map(|bar| (bar.held, bar.strokes)).collect::<Vec<_>>())
        };
        let (eighth, quarter) = (Beats::EIGHTH, Beats::new(1, 4));
        assert_eq!(
            read("A2 z A | A2>A2", eighth, "2/4").unwrap(),
            [(false, vec![Note(24), Rest(12), Note(12)]), (false, vec![Note(36), Note(12)])]
        );
        assert_eq!(read("A B/c/ z2", quarter, "4/4").unwrap(), [(false, vec![Note(24), Note(12), Note(12), Rest(48)])]);
        assert_eq!(
            read("(3AAA A2 A5/2 z3/2|", eighth, "4/4").unwrap(),
            [(false, vec![Triplet(12), Note(24), Tied(24), Note(6), Rest(18)])]
        );
        assert_eq!(
            read("z A2- A A4- | A4- A- A z2", eighth, "4/4").unwrap(),
            [(false, vec![Rest(12), Note(36), Tied(48)]), (true, vec![Note(72), Rest(24)])]
        );
        assert_eq!(read("[CEG]4 A4-", eighth, "4/4").unwrap(), [(true, vec![Note(48), Tied(48)])]);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let meter = Meter::COMMON;
        for (text, place, message) in [
            ("A8 | A4 A3", "A4 A3", "1 × 1/8 too short for 4/4"),
            ("A8 | A9", "A9", "1 × 1/8 too long"),
            ("A4 (5AAAAA A2", "A4 (5AAAAA A2", "cannot write"),
            ("A4 & A4", "A4 & A4", "short"),
            ("", "", "one to 64 bars"),
            (" | ", " | ", "one to 64 bars"),
            ("A8- | z8", "A8-", "bar 1 of the rhythm ties"),
            ("A4 (3AzA A2", "A4 (3AzA A2", "cannot write"),
            ("A7/4 A//// z6", "A7/4 A//// z6", "too short"),
        ] {
            let (span, fault) = read(text, Beats::EIGHTH, meter).expect_err(text);
            assert_eq!(&text[span], place, "{text}");
            assert!(fault.message.contains(message), "{text}: {}", fault.message);
        }
    }
}
