//! The order in which bars are played: repeats, variant endings and parts (ABC 2.1, 4.8 to 4.10 and 3.1.9).

use std::ops::Range;

use crate::abc::ast::{Bar, BarLine, Endings, PartMark};
use crate::abc::field::PartOrder;

/// A tune of absurd repeat counts stops here.
const MOST_BARS: usize = 100_000;

/// The indices of `bars` in playing order. With a part order, parts are looked up among the marks; the first of a name
/// counts. Bars before the first mark are played once.
#[must_use]
pub fn unfold(bars: &[Bar], order: Option<&PartOrder>, marks: &[PartMark]) -> Vec<usize> {
    let mut played = Vec::with_capacity(2 * bars.len());
    let Some(order) = order.filter(|order| !order.parts.is_empty() && !marks.is_empty()) else {
        play(bars, 0..bars.len(), 1, &mut played);
        return played;
    };
    let start_of = |at: usize| marks.get(at).map_or(bars.len(), |mark| mark.after_bars.min(bars.len()));
    play(bars, 0..start_of(0), 1, &mut played);
    for (at, name) in order.parts.iter().enumerate() {
        let Some(mark) = marks.iter().position(|mark| mark.name.starts_with(*name)) else { continue };
        let range = start_of(mark)..start_of(mark + 1).max(start_of(mark));
        // Endings of a part without repeat signs count the times that the part is played.
        let repeats = bars[range.clone()].iter().any(|bar| bar.after.ends > 0);
        let times = order.parts[..=at].iter().filter(|earlier| *earlier == name).count() as u32;
        play(bars, range, if repeats { 1 } else { times }, &mut played);
    }
    played
}

/// Plays a range of bars with its repeats.
fn play(bars: &[Bar], range: Range<usize>, first_pass: u32, played: &mut Vec<usize>) {
    let mut start = range.start; // where a repeat goes back to
    let mut pass = first_pass;
    let mut at = range.start;
    let mut endings_seen = 0; // since `start`
    let mut open = false; // within `|:` and its last `:|`
    let mut jumped = true; // a jump is not an arrival: the start keeps its count
    while at < range.end && played.len() < MOST_BARS {
        let bar = &bars[at];
        let line = &bar.before;
        // Between `|:` and its `:|` a double bar is only a line.
        if !jumped && is_section_start(line) && (line.starts > 0 || !open) {
            start = at;
            pass = 1;
            endings_seen = 0;
            open = false;
        }
        jumped = false;
        open |= line.starts > 0;
        let endings = line.endings;
        endings_seen |= endings.0;
        if !endings.is_empty() && !endings.contains(pass) {
            at = skip_ending(bars, at, range.end, pass);
            continue;
        }
        played.push(at);
        open &= endings.is_empty() || pass == 1;
        if bar.after.ends > 0 {
            // A second ending need not be numbered: what follows the first one's `:|` is it.
            let next = bars.get(at + 1).filter(|_| at + 1 < range.end).map_or(0, |next| next.before.endings.0);
            let more = pass <= u32::from(bar.after.ends) || Endings(endings_seen | next).contains(pass + 1);
            if more {
                pass += 1;
                at = start;
                jumped = true;
                continue;
            }
            open = false;
        }
        at += 1;
    }
}

/// Whether playing on over this bar line begins a section: a repeat without a start sign would go back to here.
fn is_section_start(line: &BarLine) -> bool {
    line.is_section() && line.endings.is_empty()
}

/// The first bar after `at` that the pass may play.
fn skip_ending(bars: &[Bar], at: usize, end: usize, pass: u32) -> usize {
    let mut next = at + 1;
    while next < end {
        let line = &bars[next].before;
        if line.endings.contains(pass) {
            return next;
        }
        // The ending's last bar line is behind us and no other ending follows.
        let closed = line.is_section() && line.endings.is_empty();
        if closed {
            return next;
        }
        next += 1;
    }
    end
}
