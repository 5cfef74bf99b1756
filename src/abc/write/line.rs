//! One line of a voice as canonical text: bars and bar lines, symbols, and the fields that a reader needs to understand
//! them. Pure.

use std::fmt::Write as _;

use num_rational::Ratio;

use super::super::accidental;
use super::super::ast::{Bar, BarLine, BarLineKind, Change, Context, Endings, Item, NoteSymbol, Symbol};
use crate::score::summable;
use crate::time::Beats;

/// Bars in one `Z`.
const MOST_RESTS: usize = 999;

/// One line of one voice.
pub(super) struct Line<'a> {
    pub text: &'a mut String,
    /// What a reader knows here.
    pub state: Context,
    /// The clef's part of the shift.
    pub clef_shift: i32,
}

impl Line<'_> {
    /// Writes bars, the line before the voice's first one included.
    pub fn bars(&mut self, bars: &[Bar], first: bool) {
        if first && bars[0].before != BarLine::default() {
            self.bar_line(&bars[0].before);
        }
        let mut at = 0;
        while at < bars.len() {
            let rests = bars[at..].iter().take(MOST_RESTS).take_while(|bar| is_rest(bar)).count();
            // All but the last one end in a plain bar line.
            let plain = bars[at..at + rests].iter().take_while(|bar| is_plain(&bar.after)).count();
            let together = (plain + 1).min(rests);
            self.context(&bars[at].context);
            if together > 1 {
                write_rest(self.text, &bars[at], together);
            } else {
                self.items(&bars[at].items);
            }
            at += together.max(1);
            self.text.push(' ');
            self.bar_line(&bars[at - 1].after);
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
    }

    fn bar_line(&mut self, line: &BarLine) {
        let (ends, starts) = (":".repeat(line.ends.into()), ":".repeat(line.starts.into()));
        let stroke = match line.kind {
            BarLineKind::Invisible if line.ends == 0 => "[|]",
            BarLineKind::Dotted if line.ends == 0 => ".|",
            BarLineKind::Double => "||",
            // No colon can stand before this one.
            BarLineKind::ThickThin if line.ends > 0 => "| [|",
            BarLineKind::ThickThin => "[|",
            BarLineKind::ThinThick => "|]",
            BarLineKind::None if !line.endings.is_empty() && line.ends + line.starts == 0 => "[",
            _ => "|",
        };
        self.text.extend([&ends, stroke, &starts]);
        self.endings(line.endings);
        self.text.push(' ');
    }

    fn endings(&mut self, endings: Endings) {
        let numbers: Vec<String> = (1..32).filter(|&n| endings.contains(n)).map(|n| n.to_string()).collect();
        *self.text += &numbers.join(",");
    }

    /// Brings the reader to what holds at the bar's start.
    fn context(&mut self, context: &Context) {
        for change in [
            Change::Meter(context.meter),
            Change::Unit(context.unit),
            Change::Key(context.key),
            Change::Shift(context.shift),
        ] {
            self.change(&change);
        }
    }

    /// An inline field, if the reader needs one.
    fn change(&mut self, change: &Change) {
        let before = self.state;
        self.state.apply(change);
        let text = match change {
            Change::Tempo(mark) => format!("Q:{}", mark.text.replace(']', ")")),
            _ if before == self.state => return,
            Change::Key(key) => format!("K:{key}"),
            Change::Meter(meter) => format!("M:{meter}"),
            Change::Unit(unit) => format!("L:{unit}"),
            Change::Shift(shift) => {
                let own = shift - self.clef_shift;
                let octave = (own / 12).clamp(-5, 5);
                format!("K:octave={octave} transpose={}", own - 12 * octave)
            }
        };
        self.text.extend(["[", &text, "]"]);
    }

    fn items(&mut self, items: &[Item]) {
        let (mut now, mut tuplet) = (Beats::ZERO, (0, Ratio::from_integer(1)));
        for (at, item) in items.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &items[before].symbol);
            let after = items.get(at + 1).map(|item| &item.symbol);
            let on_beat = now.is_multiple_of(self.state.meter.beat()) && before.is_some_and(Symbol::is_timed);
            if on_beat && !matches!(item.symbol, Symbol::Broken(_) | Symbol::SlurEnd | Symbol::Overlay) {
                self.text.push(' ');
            }
            let length = match &item.symbol {
                Symbol::Note(note) => note.length,
                Symbol::Chord { notes, length, .. } => notes[0].length * length,
                Symbol::Rest { length, .. } => *length,
                &Symbol::Tuplet { p, q, r } => {
                    let q = q.unwrap_or(if self.state.meter.is_compound() { 3 } else { 2 });
                    tuplet = (r, Ratio::new(q.into(), p.into()));
                    Ratio::from_integer(0)
                }
                _ => Ratio::from_integer(0),
            };
            self.symbol(&item.symbol, before, after);
            let mut length = self.state.unit.scale(length);
            if tuplet.0 > 0 && item.symbol.is_timed() {
                length = length.scale(tuplet.1);
                tuplet.0 -= 1;
            }
            // Only for the spaces: what is not exact here is no fault there.
            now = if item.symbol == Symbol::Overlay { Beats::ZERO } else { now + summable(length) };
        }
    }

    fn symbol(&mut self, symbol: &Symbol, before: Option<&Symbol>, after: Option<&Symbol>) {
        match symbol {
            Symbol::Note(note) => write_note(self.text, note),
            Symbol::Chord { notes, length, tie } => {
                self.text.push('[');
                write_notes(self.text, notes);
                self.text.push(']');
                write_length(self.text, *length);
                self.text.extend(tie.then_some('-'));
            }
            Symbol::Rest { visible, length } => {
                self.text.push(if *visible { 'z' } else { 'x' });
                write_length(self.text, *length);
            }
            Symbol::BarRest { visible } => self.text.push(if *visible { 'Z' } else { 'X' }),
            Symbol::Tuplet { p, q, r } => {
                let usual = match p {
                    3 | 6 => Some(2),
                    2 | 4 | 8 => Some(3),
                    _ => None,
                };
                let q_text = q.map_or_else(String::new, |q| q.to_string());
                let rest = if *q == usual && r == p { String::new() } else { format!(":{q_text}:{r}") };
                self.text.extend(["(", &p.to_string(), &rest]);
            }
            Symbol::Broken(dots) => {
                // Apart from another one, which it would lengthen.
                self.text.extend(matches!(before, Some(Symbol::Broken(_))).then_some(' '));
                let sign = if *dots > 0 { ">" } else { "<" };
                *self.text += &sign.repeat(usize::from(dots.unsigned_abs()));
            }
            Symbol::Grace { acciaccatura, notes } => {
                *self.text += if *acciaccatura { "{/" } else { "{" };
                write_notes(self.text, notes);
                self.text.push('}');
            }
            Symbol::ChordSymbol(words) | Symbol::Annotation(words) => self.text.extend(["\"", words, "\""]),
            Symbol::Decoration(name) => {
                let to_note = matches!(after, Some(Symbol::Note(_) | Symbol::Chord { .. }));
                if name == "staccato" && to_note {
                    self.text.push('.');
                } else if (1..24).contains(&name.len()) && !name.contains(['!', '|', ' ', '"', '%']) {
                    self.text.extend(["!", name, "!"]);
                }
            }
            Symbol::SlurStart => self.text.push('('),
            Symbol::SlurEnd => self.text.push(')'),
            Symbol::Overlay => *self.text += " & ",
            Symbol::Spacer => self.text.push('y'),
            Symbol::Change(change) => self.change(change),
        }
    }
}

fn is_plain(line: &BarLine) -> bool {
    line.kind == BarLineKind::Single && line.ends + line.starts == 0 && line.endings.is_empty()
}

fn is_rest(bar: &Bar) -> bool {
    matches!(&bar.items[..], [Item { symbol: Symbol::BarRest { visible: true }, .. }])
}

fn write_rest(out: &mut String, bar: &Bar, bars: usize) {
    debug_assert!(is_rest(bar));
    // Writing to a string cannot fail.
    let _ = write!(out, "Z{bars}");
}

fn write_notes(out: &mut String, notes: &[NoteSymbol]) {
    for note in notes {
        write_note(out, note);
    }
}

fn write_note(out: &mut String, note: &NoteSymbol) {
    out.extend(note.accidental.map(accidental));
    let name = char::from(note.step.letter());
    out.push(if note.octave >= 5 { name.to_ascii_lowercase() } else { name });
    out.extend((5..note.octave).map(|_| '\''));
    out.extend((note.octave..4).map(|_| ','));
    write_length(out, note.length);
    out.extend(note.tie.then_some('-'));
}

/// `3/2`, `/`, `/4`, or nothing for one unit.
fn write_length(out: &mut String, length: Ratio<i64>) {
    let _ = match (*length.numer(), *length.denom()) {
        (1, 1) => Ok(()),
        (1, 2) => write!(out, "/"),
        (1, below) => write!(out, "/{below}"),
        (above, 1) => write!(out, "{above}"),
        (above, below) => write!(out, "{above}/{below}"),
    };
}
