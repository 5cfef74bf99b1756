//! A whole tune back as text: one spelling for each thing, lines and their order as they were. Reading what was written
//! gives the same notes, and writing that again the same text. [`super::print`] writes single bars from notes alone; here
//! repeats, endings, graces and words stay what they are. Pure.
//!
//! The form: `X T` and other text first, then `M L Q P V K` (ABC 2.1, 3); inline fields for changes, each voice's line
//! begun by its name; decorations by their long names, a space at each beat, `|` between bars. Left out are typeset text
//! (`%%begintext`) and `U:`, whose letters are written out.

use std::fmt::Write as _;

use num_rational::Ratio;

use super::accidental;
use super::ast::{Bar, BarLine, BarLineKind, Change, Context, Endings, Item, NoteSymbol, Symbol, Tune, Voice};
use super::field::{self, Property};
use super::key::Key;
use crate::time::Beats;

/// The tune as canonical text. `text` is what it was read from: its lines are kept, so that lyrics stay under their notes.
#[must_use]
pub fn write(tune: &Tune, text: &str) -> String {
    let mut out = header(tune);
    let mut pieces = pieces(tune, text);
    // Of equal places the order above stays.
    pieces.sort_by_key(|(place, _)| *place);
    let named = !tune.header.voices.is_empty();
    let mut states: Vec<Option<Context>> = vec![None; tune.voices.len()];
    for (_, piece) in pieces {
        match piece {
            Piece::Line(line) => out += &line,
            Piece::Remark(comment) => {
                out.pop();
                out.extend([" %", comment]);
            }
            Piece::Bars(at, bars) => {
                let voice = &tune.voices[at];
                if named && voice.id.contains(']') {
                    out.extend(["V:", &voice.id, "\n"]);
                } else if named {
                    out.extend(["[V:", &voice.id, "] "]);
                }
                let first = bars.first().is_some_and(|bar| std::ptr::eq(bar, &raw const voice.bars[0]));
                let start = start(tune, voice);
                let mut line = Line { text: &mut out, state: *states[at].get_or_insert(start.0), voice_shift: start.1 };
                line.bars(bars, first);
                states[at] = Some(line.state);
            }
        }
        out.push('\n');
    }
    out
}

/// What stands on a line of its own, or at the end of one.
enum Piece<'a> {
    Line(String),
    Remark(&'a str),
    /// A voice, by its place, and some of its bars.
    Bars(usize, &'a [Bar]),
}

fn header(tune: &Tune) -> String {
    let header = &tune.header;
    let mut out = format!("X:{}\n", tune.number.unwrap_or(1));
    let mut line = |code: char, text: &str| out.extend([code.to_string().as_str(), ":", text, "\n"]);
    header.titles.iter().for_each(|title| line('T', title));
    header.fields.iter().for_each(|field| line(char::from(field.code), &field.text));
    for directive in tune.directives.iter().filter(|directive| directive.after_bars.is_none()) {
        out.extend(written_directive(&directive.text).map(|text| text + "\n"));
    }
    for comment in tune.comments.iter().filter(|comment| comment.after_bars.is_none()) {
        // What stood behind a field is a note of the author's, and must not become a wish.
        let mark = if comment.whole_line { "%" } else { "%-" };
        out.extend([mark, &comment.text, "\n"]);
    }
    let mut line = |code: char, text: &str| out.extend([code.to_string().as_str(), ":", text, "\n"]);
    if let Some(meter) = header.meter {
        line('M', &meter.to_string());
    }
    line('L', &header.unit.to_string());
    if let Some(tempo) = &header.tempo {
        line('Q', &tempo.text);
    }
    if let Some(order) = &header.order {
        line('P', &order.text);
    }
    if !header.voices.is_empty() {
        for voice in &tune.voices {
            let properties = header.voice(&voice.id).map_or(&[][..], |voice| &voice.properties);
            line('V', &format!("{}{}", voice.id, written_properties(properties)));
        }
    }
    line('K', &format!("{}{}", header.key, written_properties(&header.key_properties)));
    out
}

/// What the body is made of, with its places in the text.
fn pieces<'a>(tune: &'a Tune, text: &str) -> Vec<(usize, Piece<'a>)> {
    let mut pieces = Vec::new();
    for mark in &tune.parts {
        pieces.push((mark.span.start, Piece::Line(format!("P:{}", mark.name))));
    }
    for field in &tune.fields {
        // `A:|` would be music.
        if !field.text.starts_with(['|', ':']) {
            pieces.push((field.span.start, Piece::Line(format!("{}:{}", char::from(field.code), field.text))));
        }
    }
    for directive in tune.directives.iter().filter(|directive| directive.after_bars.is_some()) {
        pieces.extend(written_directive(&directive.text).map(|text| (directive.span.start, Piece::Line(text))));
    }
    // A line ends where it ended, and where something else comes between.
    let mut breaks: Vec<usize> = pieces.iter().map(|(place, _)| *place).collect();
    for comment in tune.comments.iter().filter(|comment| comment.after_bars.is_some()) {
        let whole = || Piece::Line(format!("%{}", comment.text));
        pieces.push((comment.span.start, if comment.whole_line { whole() } else { Piece::Remark(&comment.text) }));
        breaks.push(comment.span.start);
    }
    breaks.sort_unstable();
    for (voice, bars) in tune.voices.iter().enumerate().map(|(at, voice)| (at, &voice.bars)) {
        let same_line = |a: &Bar, b: &Bar| {
            let (from, to) = (place(a), place(b));
            let between = breaks.partition_point(|at| *at < from) == breaks.partition_point(|at| *at < to);
            between && !text.get(from..to).is_some_and(|between| between.contains(['\n', '\r']))
        };
        pieces.extend(bars.chunk_by(same_line).map(|line| (place(&line[0]), Piece::Bars(voice, line))));
    }
    pieces
}

/// Where the bar's music begins; what takes no time may be left from before a part's mark.
fn place(bar: &Bar) -> usize {
    bar.items.iter().find(|item| item.symbol.is_timed()).map_or(bar.span.start, |item| item.span.start)
}

/// Without the blocks of text that would swallow what comes after them.
fn written_directive(text: &str) -> Option<String> {
    (!text.trim_start().starts_with("begin")).then(|| format!("%%{text}"))
}

fn written_properties(properties: &[Property]) -> String {
    let mut out = String::new();
    for Property { name, value, .. } in properties {
        out.extend([" ", name]);
        if value.contains(char::is_whitespace) {
            out.extend(["=\"", value, "\""]);
        } else if !value.is_empty() {
            out.extend(["=", value]);
        }
    }
    out
}

/// What a voice begins with after the header, and how much of its shift is the voice's own.
fn start(tune: &Tune, voice: &Voice) -> (Context, i32) {
    let header = &tune.header;
    let own = header.voice(&voice.id);
    let voice_shift = own.and_then(|own| field::shift(&own.properties)).unwrap_or(0);
    let percussion = own.is_some_and(super::ast::VoiceHeader::is_percussion);
    let shift = field::shift(&header.key_properties).unwrap_or(0) + voice_shift;
    let key = if percussion { Key::NONE } else { header.key };
    (Context { meter: header.meter(), key, unit: header.unit, shift }, voice_shift)
}

/// One line of one voice.
struct Line<'a> {
    text: &'a mut String,
    /// What a reader knows here.
    state: Context,
    voice_shift: i32,
}

impl Line<'_> {
    fn bars(&mut self, bars: &[Bar], first: bool) {
        if first && bars[0].before != BarLine::default() {
            self.bar_line(&bars[0].before);
        }
        let mut at = 0;
        while at < bars.len() {
            let rests = bars[at..].iter().take_while(|bar| is_rest(bar)).count();
            // All but the last one end in a plain bar line.
            let plain = bars[at..at + rests].iter().take_while(|bar| is_plain(&bar.after)).count();
            let together = (plain + 1).min(rests).min(999);
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
                let own = shift - self.voice_shift;
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
            now = if item.symbol == Symbol::Overlay { Beats::ZERO } else { now + self.state.unit.scale(length) };
            if tuplet.0 > 0 && item.symbol.is_timed() {
                // Only for the spaces: what is not exact here is no fault there.
                now = now - self.state.unit.scale(length) + self.state.unit.scale(length * tuplet.1);
                tuplet.0 -= 1;
            }
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
