//! The order in which bars are played: repeats, variant endings and parts (ABC 2.1, 4.8 to 4.10 and 3.1.9).

use std::collections::HashMap;
use std::ops::Range;

use crate::abc::ast::{Bar, BarLine, Endings, Tune, Voice};

/// A tune of absurd repeat counts stops when its voices have played so many symbols, or four times what is written.
const MOST_SYMBOLS: usize = 500_000;

/// The indices of a voice's bars in playing order. With a part order, parts are looked up among the marks; the first of
/// a name counts. Bars before the first mark are played once.
#[must_use]
pub fn unfold(tune: &Tune, voice: &Voice) -> Vec<usize> {
    let bars = &voice.bars[..];
    let written: usize = bars.iter().map(cost).sum();
    let room = (MOST_SYMBOLS / tune.voices.len().max(1)).max(4 * written);
    let mut played = Played { order: Vec::with_capacity(2 * bars.len()), room };
    let marks = &tune.parts[..];
    let order = tune.header.order.as_ref().map_or(&[][..], |order| &order.parts);
    if order.is_empty() || marks.is_empty() {
        play(bars, 0..bars.len(), 1, &mut played);
        return played.order;
    }
    let start_of = |at: usize| marks.get(at).map_or(bars.len(), |mark| mark.after_bars.min(bars.len()));
    // Each part's bars, whether they have repeat signs, and the times that it was played.
    let mut parts: HashMap<char, (Range<usize>, bool, u32)> = HashMap::new();
    for (mark, name) in marks.iter().enumerate().filter_map(|(at, mark)| Some((at, mark.name.chars().next()?))) {
        parts.entry(name).or_insert_with(|| {
            let range = start_of(mark)..start_of(mark + 1).max(start_of(mark));
            let repeats = bars[range.clone()].iter().any(|bar| bar.after.ends > 0);
            (range, repeats, 0)
        });
    }
    play(bars, 0..start_of(0), 1, &mut played);
    for name in order {
        let Some((range, repeats, times)) = parts.get_mut(name) else { continue };
        *times += 1;
        // Endings of a part without repeat signs count the times that the part is played.
        play(bars, range.clone(), if *repeats { 1 } else { *times }, &mut played);
    }
    played.order
}

/// What has been played, and how much more may be.
struct Played {
    order: Vec<usize>,
    /// In symbols; looking at a bar costs, too, so that nothing goes on for ever.
    room: usize,
}

fn cost(bar: &Bar) -> usize {
    1 + bar.items.len()
}

/// Plays a range of bars with its repeats.
fn play(bars: &[Bar], range: Range<usize>, first_pass: u32, played: &mut Played) {
    let mut start = range.start; // where a repeat goes back to
    let mut pass = first_pass;
    let mut at = range.start;
    let mut endings_seen = 0; // since `start`
    let mut open = false; // within `|:` and its last `:|`
    let mut jumped = true; // a jump is not an arrival: the start keeps its count
    while at < range.end && played.room > 0 {
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
            let next = skip_ending(bars, at, range.end, pass);
            played.room = played.room.saturating_sub(next - at);
            at = next;
            continue;
        }
        played.order.push(at);
        played.room = played.room.saturating_sub(cost(bar));
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
