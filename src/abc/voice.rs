//! One voice while it is being read: collects symbols into bars and keeps the metre, key and unit that hold for it, so
//! that a voice goes on where it stopped (ABC 2.1, 7).

use super::ast::{Bar, BarLine, BarLineKind, Change, Context, Item, NoteSymbol, Symbol, Voice, VoiceHeader};
use super::chord::ChordName;
use super::field::{Property, Shift};
use super::key::Key;
use super::symbol_line::SymbolLines;
use super::{Diagnostic, Span};

/// Properties of one voice; each new one is compared with those before.
const MOST_PROPERTIES: usize = 64;

/// A bar of more symbols is no longer copied.
const LONG_BAR: usize = 1000;

#[derive(Debug)]
pub(super) struct VoiceBuilder {
    pub header: VoiceHeader,
    /// Whether a `V:` names it; the voice of a tune without voices is not declared.
    pub declared: bool,
    bars: Vec<Bar>,
    /// What holds now.
    pub context: Context,
    /// The parts of [`Context::shift`] that `V:` and the voice's `K:` ask for, and those of the tune's `K:`.
    own_shift: Shift,
    tune_shift: Shift,
    /// `clef=perc`: no key alters a drum.
    percussion: bool,
    /// What held when the bar began.
    at_start: Context,
    before: BarLine,
    items: Vec<Item>,
    /// The last item that takes time; what a bar needs to be one.
    timed: Option<usize>,
    /// Whether a chord symbol stands in the bar.
    harmony: bool,
    /// The earlier bar that `&&` has gone back to; what comes is another layer of it.
    overlaid: Option<usize>,
    pub symbol_lines: SymbolLines,
}

impl VoiceBuilder {
    pub fn new(id: &str, context: Context, shift: Shift) -> Self {
        VoiceBuilder {
            header: VoiceHeader { id: id.to_owned(), ..VoiceHeader::default() },
            declared: false,
            bars: Vec::new(),
            context,
            own_shift: Shift::default(),
            tune_shift: shift,
            percussion: false,
            at_start: context,
            before: BarLine::default(),
            items: Vec::new(),
            timed: None,
            harmony: false,
            overlaid: None,
            symbol_lines: SymbolLines::default(),
        }
    }

    pub fn bar_count(&self) -> usize {
        self.bars.len()
    }

    /// Sets what the voice starts with, which a header knows only at its end.
    pub fn begin_with(&mut self, context: Context, shift: Shift) {
        self.tune_shift = shift;
        self.context = Context { shift: self.own_shift.or(shift).semitones(), ..context };
        if self.percussion {
            self.context.key = Key::NONE;
        }
        self.at_start = self.context;
        self.items.clear();
        (self.timed, self.harmony) = (None, false);
    }

    /// Takes up a `V:` line or field; says whether there was room for all of it.
    pub fn declare(&mut self, span: Span, properties: Vec<Property>) -> bool {
        if !self.declared {
            self.declared = true;
            self.header.span = span;
        }
        if properties.is_empty() {
            return true;
        }
        let shift = Shift::of(&properties);
        let mut fits = true;
        let own = &mut self.header.properties;
        for property in properties {
            // Some programs say the same at each line.
            own.retain(|earlier| (&earlier.name, &earlier.value) != (&property.name, &property.value));
            let room = own.len() < MOST_PROPERTIES;
            if room {
                own.push(property);
            }
            fits &= room;
        }
        self.percussion = self.header.is_percussion();
        if self.percussion && self.context.key != Key::NONE {
            self.change(span, Change::Key(Key::NONE));
        }
        self.shift(span, shift);
        fits
    }

    /// A clef, `octave=` or `transpose=` of this voice, which goes before the tune's.
    pub fn shift(&mut self, span: Span, shift: Shift) {
        self.own_shift = shift.or(self.own_shift);
        let semitones = self.own_shift.or(self.tune_shift).semitones();
        if semitones != self.context.shift {
            self.change(span, Change::Shift(semitones));
        }
    }

    /// As [`VoiceBuilder::shift`], from a `K:` before any voice.
    pub fn shift_tune(&mut self, span: Span, shift: Shift) {
        self.tune_shift = shift;
        self.shift(span, Shift::default());
    }

    #[inline]
    pub fn note(&mut self, span: Span, note: NoteSymbol) {
        self.timed = Some(self.items.len());
        self.items.push(Item { span, symbol: Symbol::Note(note) });
    }

    pub fn symbol(&mut self, span: Span, symbol: Symbol) {
        if symbol.is_timed() {
            self.timed = Some(self.items.len());
        }
        self.harmony |= matches!(&symbol, Symbol::ChordSymbol(text) if ChordName::parse(text).is_some());
        self.items.push(Item { span, symbol });
    }

    pub fn change(&mut self, span: Span, change: Change) {
        let change = if self.percussion && matches!(change, Change::Key(_)) { Change::Key(Key::NONE) } else { change };
        self.context.apply(&change);
        if self.timed.is_none() {
            self.at_start = self.context;
        }
        // Of changes without music between them the last of its kind holds.
        let kind = std::mem::discriminant(&change);
        let trailing = self.items.iter().rev().map_while(|item| match &item.symbol {
            Symbol::Change(earlier) => Some(std::mem::discriminant(earlier)),
            _ => None,
        });
        if let Some(back) = { trailing }.position(|earlier| earlier == kind) {
            self.items.remove(self.items.len() - 1 - back);
        }
        self.symbol(span, Symbol::Change(change));
    }

    /// A tie that stands apart from its note, as in `A -A`.
    pub fn tie(&mut self, span: Span, diagnostics: &mut Vec<Diagnostic>) {
        match self.timed.map(|last| &mut self.items[last].symbol) {
            Some(Symbol::Note(note)) => note.tie = true,
            Some(Symbol::Chord { tie, .. }) => *tie = true,
            _ => diagnostics.push(Diagnostic::warning(span, "a tie needs a note before it")),
        }
    }

    pub fn bar_rests(&mut self, span: Span, visible: bool, bars: u32) {
        let single = BarLine { kind: BarLineKind::Single, ..BarLine::default() };
        for more in (0..bars).rev() {
            self.symbol(span, Symbol::BarRest { visible });
            if more > 0 {
                self.end_bar(BarLine { span: Span { start: span.end, end: span.end }, ..single });
            }
        }
    }

    pub fn bar_line(&mut self, line: BarLine) {
        if self.is_bar(line) {
            self.end_bar(line);
        } else if self.overlaid.is_none() {
            self.merge(line);
        }
    }

    /// `&` goes back by one bar line, `&&` by two, for another layer of the bars there (ABC 2.1, 7.4).
    pub fn overlay(&mut self, span: Span) {
        let back = span.end - span.start;
        if self.timed.is_some() && back == 1 {
            self.symbol(span, Symbol::Overlay);
            return;
        }
        self.cut();
        let here = self.overlaid.unwrap_or(self.bars.len());
        self.overlaid = (here > 0).then(|| here.saturating_sub(back));
    }

    pub fn begin_symbol_line(&mut self) {
        // The layer that is being laid over earlier bars is not in its place yet.
        let items = if self.overlaid.is_some() { &[][..] } else { &self.items };
        self.symbol_lines.begin(&self.bars, items);
    }

    /// Ends the bar without a bar line, as a part's mark does after a pickup.
    pub fn cut(&mut self) {
        if self.timed.is_some() {
            self.end_bar(BarLine::default());
        }
    }

    pub fn finish(mut self) -> Voice {
        if self.timed.is_some() {
            self.end_bar(BarLine::default());
        } else if let Some(last) = self.bars.last_mut() {
            // What follows the last bar line takes no time, but may be a change that someone wants to see.
            last.items.append(&mut self.items);
        }
        self.symbol_lines.insert(&mut self.bars);
        Voice { id: self.header.id, bars: self.bars }
    }

    /// Time makes a bar, and so does a chord symbol between two bar lines: its author counts on a bar there.
    fn is_bar(&self, line: BarLine) -> bool {
        // A symbol before the opening `|:` belongs to what comes.
        let harmony = self.harmony
            && (self.before.kind != BarLineKind::None || line.starts == 0)
            && line.kind != BarLineKind::None;
        self.timed.is_some() || harmony
    }

    fn end_bar(&mut self, line: BarLine) {
        let Some(at) = self.overlaid else {
            self.close(line);
            return;
        };
        let start = self.items.first().map_or(line.span.start, |item| item.span.start);
        let layer = &mut self.bars[at].items;
        layer.push(Item { span: Span { start, end: start }, symbol: Symbol::Overlay });
        layer.append(&mut self.items);
        (self.timed, self.harmony) = (None, false);
        // After the last bar the music goes on, and the bar has a second line.
        self.overlaid = (at + 1 < self.bars.len()).then_some(at + 1);
        if self.overlaid.is_none() {
            self.merge(line);
        }
    }

    /// A bar line with no music since the one before.
    fn merge(&mut self, line: BarLine) {
        self.before = self.before.merged(line);
        if let Some(last) = self.bars.last_mut() {
            last.after = self.before;
        }
    }

    fn close(&mut self, after: BarLine) {
        // A copy takes no more room than it needs, and the next bar begins with what this one has taken.
        let mut items = Vec::new();
        if self.items.len() > LONG_BAR {
            items = std::mem::take(&mut self.items);
        } else {
            items.reserve_exact(self.items.len());
            items.append(&mut self.items);
        }
        let start = items.first().map_or(after.span.start, |item| item.span.start);
        let end = items.last().map_or(start, |item| item.span.end);
        let before = std::mem::replace(&mut self.before, after);
        let context = std::mem::replace(&mut self.at_start, self.context);
        self.bars.push(Bar { span: Span { start, end }, context, before, after, items });
        (self.timed, self.harmony) = (None, false);
    }
}
