//! Symbol lines (ABC 2.1, 4.15): `s:` sets decorations, chord symbols and annotations to the notes before it. Owns which
//! note of a voice a symbol goes to.

use super::ast::{Bar, Item, Symbol};

#[derive(Debug, Default)]
pub(super) struct SymbolLines {
    /// Bar and item of the notes so far, rests and grace notes not among them.
    notes: Vec<(usize, usize)>,
    /// Up to this bar and item the voice was searched for notes.
    searched: (usize, usize),
    /// Where among the notes the last line began, and where the next one begins.
    first: usize,
    after: usize,
    /// The note that the next symbol goes to, and the bar that it is looked for in.
    next: usize,
    bar: usize,
    /// Each with the note that it stands before.
    found: Vec<((usize, usize), Item)>,
}

impl SymbolLines {
    /// Begins a line. One that follows another goes to the same notes, else to those that came since.
    pub fn begin(&mut self, bars: &[Bar], items: &[Item]) {
        let (bar, item) = self.searched;
        for at in bar..=bars.len() {
            let items = bars.get(at).map_or(items, |bar| &bar.items);
            let from = if at == bar { item } else { 0 };
            let notes = (from..items.len()).filter(|&item| is_note(&items[item].symbol));
            self.notes.extend(notes.map(|item| (at, item)));
        }
        self.searched = (bars.len(), items.len());
        if self.notes.len() > self.after {
            self.first = self.after;
            self.after = self.notes.len();
        }
        self.next = self.first;
        self.bar = self.notes.get(self.next).map_or(0, |note| note.0);
    }

    /// `*`: a note without a symbol.
    pub fn skip(&mut self) {
        if let Some(note) = self.notes.get(self.next) {
            self.bar = note.0;
            self.next += 1;
        }
    }

    /// `|`
    pub fn next_bar(&mut self) {
        self.bar += 1;
        self.next = self.notes.partition_point(|note| note.0 < self.bar).max(self.next);
    }

    /// Symbols beyond the last note are left out, as syllables are.
    pub fn set(&mut self, item: Item) {
        if let Some(&note) = self.notes.get(self.next) {
            self.found.push((note, item));
        }
        self.skip();
    }

    /// Puts the symbols before their notes.
    pub fn insert(mut self, bars: &mut [Bar]) {
        // Those of the same note keep the order of their lines.
        self.found.sort_by_key(|(note, _)| *note);
        let mut found = self.found.into_iter().peekable();
        while let Some(&((at, _), _)) = found.peek() {
            let Some(bar) = bars.get_mut(at) else { return };
            let written = std::mem::take(&mut bar.items);
            for (place, item) in written.into_iter().enumerate() {
                while let Some((_, symbol)) = found.next_if(|(note, _)| *note == (at, place)) {
                    bar.items.push(symbol);
                }
                bar.items.push(item);
            }
            // A note that an overlay has moved keeps no one waiting.
            while found.next_if(|((bar, _), _)| *bar <= at).is_some() {}
        }
    }
}

fn is_note(symbol: &Symbol) -> bool {
    matches!(symbol, Symbol::Note(_) | Symbol::Chord { .. })
}
