//! Tables of the bar automaton: how lengths are spelt, what may stand at which place of the bar, and with how many notes the rest of it can
//! be filled. Built once per set of rules. Values.

use super::pattern::Stroke;
use super::{LENGTHS, PitchSet, Rules};

/// Every prefix of a length's spelling; index 0 is the empty one.
const PREFIXES: [&str; 15] = ["", "/", "/4", "1", "12", "16", "2", "3", "3/", "3/2", "3/4", "4", "6", "7", "8"];

#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// By ticks left: the numbers of struck notes with which it can be filled exactly, bit `n` for `n`. None where nothing can.
    counts: Vec<u128>,
    /// By ticks from the start of the bar: what the rhythm wants there. Empty where there is no rhythm.
    forced: Vec<Option<Forced>>,
}

/// What a rhythm wants at a place.
#[derive(Clone, Copy, Debug)]
struct Forced {
    stroke: Stroke,
    /// Ticks that a note sounds from here to where the last tie ends.
    sounds: u16,
}

impl Tables {
    /// `rules.strong` has only what is also in `rules.pitches`.
    pub(super) fn new(rules: &Rules) -> Tables {
        let length = usize::from(rules.length);
        let mut tables = Tables { counts: vec![0; length + 1], forced: forced(rules) };
        tables.counts[0] = 1;
        for left in 1..=rules.length {
            let at = rules.length - left;
            let held = tables.is_held(at);
            let mut counts = 0;
            for &(_, ticks) in &LENGTHS {
                let after = |taken: u16| left.checked_sub(taken).map_or(0, |left| tables.counts[usize::from(left)]);
                if tables.allows(rules, at, ticks, true) {
                    counts |= after(ticks);
                }
                if tables.allows(rules, at, ticks, false) && sounds(rules, at, tables.sounds(at, ticks)) {
                    counts |= after(ticks) << u32::from(!held);
                }
                if tables.allows_triplet(rules, at, ticks) {
                    counts |= after(2 * ticks) << 3;
                }
            }
            tables.counts[usize::from(left)] = counts;
        }
        tables
    }

    /// Whether an element of this written length, no triplet, may stand at a place.
    pub(super) fn allows(&self, rules: &Rules, at: u16, ticks: u16, rest: bool) -> bool {
        let wanted = match self.forced(at) {
            None => self.forced.is_empty(),
            Some(Forced { stroke: Stroke::Rest(wanted), .. }) => rest && wanted == ticks,
            Some(Forced { stroke: Stroke::Note(wanted) | Stroke::Tied(wanted), .. }) => !rest && wanted == ticks,
            Some(Forced { stroke: Stroke::Triplet(_), .. }) => false,
        };
        wanted && ticks.is_multiple_of(rules.grid)
    }

    /// Whether a triplet of this written length may stand at a place, and each of its notes has a pitch.
    pub(super) fn allows_triplet(&self, rules: &Rules, at: u16, ticks: u16) -> bool {
        let wanted = match self.forced(at) {
            None => self.forced.is_empty(),
            Some(Forced { stroke, .. }) => stroke == Stroke::Triplet(ticks),
        };
        let third = 2 * ticks / 3;
        // Its notes are not shorter than the grid.
        wanted
            && ticks.is_multiple_of(rules.grid)
            && third >= rules.grid
            && (0..3).all(|index| sounds(rules, at + index * third, third))
    }

    /// Whether a note at a place must be tied on; `None` where that is free.
    pub(super) fn tied(&self, at: u16) -> Option<bool> {
        Some(matches!(self.forced(at)?.stroke, Stroke::Tied(_)))
    }

    /// For how long a note of `ticks` at a place will hold its pitch at least.
    pub(super) fn sounds(&self, at: u16, ticks: u16) -> u16 {
        self.forced(at).map_or(ticks, |forced| forced.sounds)
    }

    /// Whether the time left can be filled with `least` to `most` struck notes.
    pub(super) fn fillable(&self, left: u16, least: u8, most: u8) -> bool {
        let up_to = |count: u8| if count >= 127 { u128::MAX } else { (1 << (count + 1)) - 1 };
        let below = if least == 0 { 0 } else { up_to(least - 1) };
        self.counts[usize::from(left)] & up_to(most) & !below != 0
    }

    fn forced(&self, at: u16) -> Option<Forced> {
        self.forced.get(usize::from(at)).copied().flatten()
    }

    /// Whether the rhythm holds a note on into this place of the bar.
    fn is_held(&self, at: u16) -> bool {
        let before = self.forced.get(..usize::from(at)).unwrap_or(&[]);
        let last = before.iter().rev().flatten().next();
        last.is_some_and(|forced| matches!(forced.stroke, Stroke::Tied(_)))
    }

    /// The prefix after one more byte.
    pub(super) fn extend_prefix(prefix: u8, byte: u8) -> Option<u8> {
        let before = PREFIXES[usize::from(prefix)];
        let at = PREFIXES.iter().position(|longer| {
            longer.len() == before.len() + 1 && longer.starts_with(before) && longer.as_bytes()[before.len()] == byte
        })?;
        Some(at as u8)
    }

    /// The ticks that the prefix says as it stands.
    pub(super) fn prefix_ticks(prefix: u8) -> Option<u16> {
        LENGTHS.iter().find(|(text, _)| *text == PREFIXES[usize::from(prefix)]).map(|&(_, ticks)| ticks)
    }

    /// The ticks of all lengths that begin with the prefix.
    pub(super) fn completions(prefix: u8) -> impl Iterator<Item = u16> {
        let before = PREFIXES[usize::from(prefix)];
        LENGTHS.iter().filter(move |(text, _)| text.starts_with(before)).map(|&(_, ticks)| ticks)
    }
}

/// Whether some pitch may sound all this time.
fn sounds(rules: &Rules, at: u16, ticks: u16) -> bool {
    let over = rules.strong.iter().filter(|(beat, _)| (at..at.saturating_add(ticks)).contains(beat));
    over.fold(rules.pitches, |set, &(_, tones)| set.and(tones)) != PitchSet(0)
}

fn forced(rules: &Rules) -> Vec<Option<Forced>> {
    let Some(pattern) = &rules.rhythm else { return Vec::new() };
    let mut forced = vec![None; usize::from(rules.length)];
    let (mut end, mut sounds) = (rules.length, 0);
    // From the end, so that a tied note knows how long it holds.
    for &stroke in pattern.strokes.iter().rev() {
        let Some(at) = end.checked_sub(stroke.ticks()).filter(|at| *at < end) else { return vec![None; forced.len()] };
        sounds = stroke.ticks() + if matches!(stroke, Stroke::Tied(_)) { sounds } else { 0 };
        forced[usize::from(at)] = Some(Forced { stroke, sounds });
        end = at;
    }
    forced
}
