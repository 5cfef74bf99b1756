//! Tables of the bar automaton: how lengths are spelt, and which stretches of time can be filled. Built once per set of rules.

use super::LENGTHS;

/// Every prefix of a length's spelling; index 0 is the empty one.
const PREFIXES: [&str; 15] = ["", "/", "/4", "1", "12", "16", "2", "3", "3/", "3/2", "3/4", "4", "6", "7", "8"];

#[derive(Clone, Debug)]
pub(super) struct Tables {
    grid: u16,
    /// By ticks left: the most notes that can fill it exactly, `None` where nothing can.
    most: Vec<Option<u8>>,
}

impl Tables {
    pub(super) fn new(grid: u16, length: u16) -> Tables {
        let mut tables = Tables { grid, most: vec![None; usize::from(length) + 1] };
        tables.most[0] = Some(0);
        for left in 1..=length {
            let best = LENGTHS
                .iter()
                .flat_map(|&(_, ticks)| {
                    let plain = (ticks, 1, tables.allows(ticks));
                    let triplet = (2 * ticks, 3, tables.allows(ticks) && 2 * ticks / 3 >= grid);
                    [plain, triplet]
                })
                .filter(|&(ticks, _, allowed)| allowed && ticks <= left)
                .filter_map(|(ticks, notes, _)| Some(tables.most[usize::from(left - ticks)]?.saturating_add(notes)))
                .max();
            tables.most[usize::from(left)] = best;
        }
        tables
    }

    /// Whether a written length is on the grid.
    pub(super) fn allows(&self, ticks: u16) -> bool {
        ticks.is_multiple_of(self.grid)
    }

    pub(super) fn fillable(&self, left: u16) -> bool {
        self.most[usize::from(left)].is_some()
    }

    pub(super) fn most_notes(&self, left: u16) -> u8 {
        self.most[usize::from(left)].unwrap_or(0)
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
