//! Music code, one symbol after another (ABC 2.1, 4). Works within one line; knows no bars, voices or metres.

use std::borrow::Cow;

use num_rational::Ratio;

use super::ast::{BarLine, BarLineKind, Endings, NoteSymbol, Symbol};
use super::{Diagnostic, Span, Step};

/// What the scanner finds next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Symbol(Symbol),
    BarLine(BarLine),
    /// `Z4`: so many bars of rest.
    BarRests {
        visible: bool,
        bars: u32,
    },
    /// `[K:G]`: the letter and the place of the text after the colon.
    Field(u8, Span),
    /// A `-` that does not stand at its note.
    Tie,
}

/// The decorations that letters stand for; `U:` changes them (ABC 2.1, 4.14 and 4.16).
#[derive(Clone, Debug)]
pub(super) struct UserSymbols(Vec<(u8, Cow<'static, str>)>);

impl Default for UserSymbols {
    fn default() -> Self {
        let letters: [(u8, &str); 10] = [
            (b'~', "roll"),
            (b'H', "fermata"),
            (b'L', "accent"),
            (b'M', "lowermordent"),
            (b'O', "coda"),
            (b'P', "uppermordent"),
            (b'S', "segno"),
            (b'T', "trill"),
            (b'u', "upbow"),
            (b'v', "downbow"),
        ];
        UserSymbols(letters.into_iter().map(|(letter, name)| (letter, Cow::Borrowed(name))).collect())
    }
}

impl UserSymbols {
    /// `T = !trill!`. What is not a decoration (`"text"`) leaves the letter without meaning for the ear.
    pub fn define(&mut self, text: &str) -> Result<(), String> {
        let bad = || format!("'{}' is not a symbol definition such as T=!trill!", text.trim());
        let (letter, value) = text.split_once('=').ok_or_else(bad)?;
        let &[letter] = letter.trim().as_bytes() else { return Err(bad()) };
        if !matches!(letter, b'H'..=b'W' | b'h'..=b'w' | b'~') {
            return Err(bad());
        }
        let name = value.trim().trim_matches(['!', '+']).to_owned();
        self.0.retain(|(known, _)| *known != letter);
        self.0.push((letter, Cow::Owned(name)));
        Ok(())
    }

    fn get(&self, letter: u8) -> Option<Cow<'static, str>> {
        self.0.iter().find(|(known, _)| *known == letter).map(|(_, name)| name.clone())
    }
}

/// Walks the bytes of one line of music code.
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    symbols: &'a UserSymbols,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Scanner<'a> {
    /// Scans `text[span]`; all places count from the start of `text`.
    pub fn new(text: &'a str, span: Span, symbols: &'a UserSymbols, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Scanner { text, bytes: &text.as_bytes()[..span.end], at: span.start, symbols, diagnostics }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn next(&mut self) -> Option<(Span, Token)> {
        loop {
            let start = self.at;
            let byte = self.peek()?;
            if let Some(token) = self.token(byte) {
                return Some((Span { start, end: self.at }, token));
            }
            // Zero bytes taken and nothing found would be a loop without end.
            if self.at == start {
                self.unknown();
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&accept) {
            self.at += 1;
        }
        self.at - start
    }

    fn error(&mut self, start: usize, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(Span { start, end: self.at }, message));
    }

    fn unknown(&mut self) {
        let start = self.at;
        let char = self.text[start..].chars().next().unwrap_or(' ');
        self.at += char.len_utf8();
        self.error(start, format!("'{}' has no meaning here", char.escape_debug()));
    }

    fn token(&mut self, byte: u8) -> Option<Token> {
        match byte {
            b'A'..=b'G' | b'a'..=b'g' | b'^' | b'_' | b'=' => Some(Token::Symbol(Symbol::Note(self.note()?))),
            b' ' | b'\t' | b'`' | b'\\' | b'*' | b'$' | b'\r' => {
                self.at += 1;
                None
            }
            b'|' => Some(Token::BarLine(self.bar_line())),
            b':' if matches!(self.peek_at(1), Some(b'|' | b':')) => Some(Token::BarLine(self.bar_line())),
            b'[' => self.bracket(),
            b'z' | b'x' => {
                self.at += 1;
                let length = self.length();
                Some(Token::Symbol(Symbol::Rest { visible: byte == b'z', length }))
            }
            b'Z' | b'X' => {
                self.at += 1;
                Some(Token::BarRests { visible: byte == b'Z', bars: self.number().unwrap_or(1).clamp(1, 999) })
            }
            b'y' => {
                self.at += 1;
                self.length();
                Some(Token::Symbol(Symbol::Spacer))
            }
            b'(' => Some(Token::Symbol(self.parenthesis())),
            b')' => Some(self.simple(Symbol::SlurEnd)),
            b'<' | b'>' => {
                let dots = self.take_while(|b| b == byte).min(3) as i8;
                Some(Token::Symbol(Symbol::Broken(if byte == b'>' { dots } else { -dots })))
            }
            b'-' => {
                self.at += 1;
                Some(Token::Tie)
            }
            b'{' => Some(Token::Symbol(self.grace())),
            b'"' => self.quoted(),
            b'!' | b'+' => self.named_decoration(byte),
            b'.' => self.dot(),
            b'&' => {
                self.take_while(|b| b == b'&');
                Some(Token::Symbol(Symbol::Overlay))
            }
            b'H'..=b'W' | b'h'..=b'w' | b'~' => {
                let start = self.at;
                self.at += 1;
                let name = self.symbols.get(byte);
                if name.is_none() {
                    let span = Span { start, end: self.at };
                    let message = format!("the letter '{}' stands for no decoration", byte as char);
                    self.diagnostics.push(Diagnostic::warning(span, message));
                }
                Some(Token::Symbol(Symbol::Decoration(name?)))
            }
            _ => None,
        }
    }

    fn simple(&mut self, symbol: Symbol) -> Token {
        self.at += 1;
        Token::Symbol(symbol)
    }

    /// Accidental, letter, octave marks, length, tie. Without a letter: an error, and nothing.
    fn note(&mut self) -> Option<NoteSymbol> {
        let start = self.at;
        let signs = self.take_while(|b| b"^_=".contains(&b));
        let accidental = super::alteration(&self.text[start..self.at]);
        if signs > 0 && accidental.is_none() {
            self.error(start, format!("'{}' is not an accidental", &self.text[start..self.at]));
        }
        let Some(letter) = self.peek().filter(|b| matches!(b, b'A'..=b'G' | b'a'..=b'g')) else {
            self.error(start, "an accidental needs a note after it");
            return None;
        };
        self.at += 1;
        let mut octave = if letter.is_ascii_lowercase() { 5 } else { 4 };
        while let Some(mark) = self.peek().filter(|b| matches!(b, b'\'' | b',')) {
            octave += if mark == b'\'' { 1 } else { -1 };
            self.at += 1;
        }
        if !(-1..=9).contains(&octave) {
            self.error(start, "this octave is beyond MIDI");
            octave = octave.clamp(-1, 9);
        }
        let length = self.length();
        let tie = self.tie();
        let step = Step::from_letter(letter)?;
        Some(NoteSymbol { accidental, step, octave: octave as i8, length, tie })
    }

    /// `-`, or the dotted `.-`.
    fn tie(&mut self) -> bool {
        if self.peek() == Some(b'.') && self.peek_at(1) == Some(b'-') {
            self.at += 1;
        }
        let tie = self.peek() == Some(b'-');
        self.at += usize::from(tie);
        tie
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        self.take_while(|b| b.is_ascii_digit());
        self.text[start..self.at].parse().ok()
    }

    /// `3/2`, `/`, `//`, `/4`, `3/` (ABC 2.1, 4.3). 1 where nothing is written.
    fn length(&mut self) -> Ratio<i64> {
        let start = self.at;
        // Most notes have one digit or none.
        match (self.peek(), self.peek_at(1)) {
            (Some(b'/' | b'0'..=b'9'), Some(b'/' | b'0'..=b'9')) | (Some(b'/' | b'0'), _) => {}
            (Some(digit @ b'1'..=b'9'), _) => {
                self.at += 1;
                return Ratio::from_integer(i64::from(digit - b'0'));
            }
            _ => return Ratio::from_integer(1),
        }
        let whole = self.take_while(|b| b.is_ascii_digit());
        let above: Option<i64> = if whole > 0 { self.text[start..self.at].parse().ok() } else { Some(1) };
        let slashes = self.take_while(|b| b == b'/');
        let digits_at = self.at;
        let digits = self.take_while(|b| b.is_ascii_digit());
        let below: Option<i64> = match (slashes, digits) {
            (0, _) => Some(1),
            (1, 1..) => self.text[digits_at..self.at].parse().ok(),
            (1..=10, 0) => Some(1 << slashes),
            _ => None,
        };
        let trailing = self.take_while(|b| b == b'/' || b.is_ascii_digit());
        match (above, below) {
            (Some(above @ 1..=9999), Some(below @ 1..=1024)) if trailing == 0 => Ratio::new(above, below),
            _ => {
                let text = &self.text[start..self.at];
                self.error(start, format!("'{text}' is not a note length such as 2, 3/2 or /4"));
                Ratio::from_integer(1)
            }
        }
    }

    fn bar_line(&mut self) -> BarLine {
        let start = self.at;
        let dotted = self.peek() == Some(b'.');
        self.at += usize::from(dotted);
        let colons_before = self.take_while(|b| b == b':');
        let line = self.at;
        while match self.peek() {
            Some(b'|') => true,
            // A bracket closes any bar line but opens only one that goes on: `|[CEG]` is a chord.
            Some(b']') => self.at > start,
            Some(b'[') => self.peek_at(1) == Some(b'|'),
            _ => false,
        } {
            self.at += 1;
        }
        let written = &self.text[line..self.at];
        let kind = match written {
            "" => BarLineKind::Single,
            "[|]" => BarLineKind::Invisible,
            "|" if dotted => BarLineKind::Dotted,
            "|" => BarLineKind::Single,
            w if w.ends_with(']') => BarLineKind::ThinThick,
            w if w.starts_with('[') => BarLineKind::ThickThin,
            _ => BarLineKind::Double,
        };
        let colons_after = self.take_while(|b| b == b':');
        let (ends, starts) = if written.is_empty() {
            // `::` closes and opens at once.
            (colons_before.div_ceil(2), colons_before / 2)
        } else {
            (colons_before, colons_after)
        };
        let mut endings = Endings::default();
        if self.peek() == Some(b'[') && self.peek_at(1).is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.peek().is_some_and(|b| b.is_ascii_digit()) {
            endings = self.endings();
        }
        let span = Span { start, end: self.at };
        BarLine { span, kind, ends: ends.min(15) as u8, starts: starts.min(15) as u8, endings }
    }

    /// `1`, `1,3`, `2-4` (ABC 2.1, 4.9).
    fn endings(&mut self) -> Endings {
        let start = self.at;
        let mut bits = 0u32;
        let mut wrong = false;
        while let Some(first) = self.number() {
            let mut last = first;
            if self.peek() == Some(b'-') && self.peek_at(1).is_some_and(|b| b.is_ascii_digit()) {
                self.at += 1;
                last = self.number().unwrap_or(first);
            }
            wrong |= !(1..32).contains(&first) || !(first..32).contains(&last);
            for number in first..=last.min(31) {
                bits |= 1u32.checked_shl(number).unwrap_or(0) & !1;
            }
            if self.peek() == Some(b',') && self.peek_at(1).is_some_and(|b| b.is_ascii_digit()) {
                self.at += 1;
            } else {
                break;
            }
        }
        if wrong {
            self.error(start, "endings are numbered from 1 to 31");
        }
        Endings(bits)
    }

    /// An inline field, a bar line, an ending or a chord.
    fn bracket(&mut self) -> Option<Token> {
        let start = self.at;
        match (self.peek_at(1), self.peek_at(2)) {
            (Some(b'|'), _) => Some(Token::BarLine(self.bar_line())),
            (Some(letter), Some(b':')) if letter.is_ascii_alphabetic() => {
                let value = start + 3;
                let Some(length) = self.bytes[value..].iter().position(|&b| b == b']') else {
                    self.at = self.bytes.len();
                    self.error(start, "the field's ']' is missing");
                    return Some(Token::Field(letter, Span { start: value, end: self.at }));
                };
                self.at = value + length + 1;
                Some(Token::Field(letter, Span { start: value, end: value + length }))
            }
            (Some(b'0'..=b'9'), _) => {
                self.at += 1;
                let endings = self.endings();
                let span = Span { start, end: self.at };
                Some(Token::BarLine(BarLine { span, endings, ..BarLine::default() }))
            }
            _ => self.chord(),
        }
    }

    fn chord(&mut self) -> Option<Token> {
        let start = self.at;
        self.at += 1;
        let notes = self.notes_until(b']', start, "the chord's ']' is missing");
        let length = self.length();
        let tie = self.tie();
        if notes.is_empty() {
            self.error(start, "a chord needs notes");
            return None;
        }
        Some(Token::Symbol(Symbol::Chord { notes, length, tie }))
    }

    fn grace(&mut self) -> Symbol {
        let start = self.at;
        self.at += 1;
        let acciaccatura = self.peek() == Some(b'/');
        self.at += usize::from(acciaccatura);
        let notes = self.notes_until(b'}', start, "the grace notes' '}' is missing");
        Symbol::Grace { acciaccatura, notes }
    }

    /// The notes up to a closing bracket; what else may stand between them (decorations, slurs, rests) is left out.
    fn notes_until(&mut self, close: u8, start: usize, missing: &str) -> Vec<NoteSymbol> {
        let mut notes = Vec::new();
        loop {
            match self.peek() {
                Some(byte) if byte == close => {
                    self.at += 1;
                    return notes;
                }
                None | Some(b'|') => {
                    self.error(start, missing);
                    return notes;
                }
                Some(byte) => {
                    let before = self.at;
                    match self.token(byte) {
                        Some(Token::Symbol(Symbol::Note(note))) => notes.push(note),
                        Some(Token::Tie) => {
                            if let Some(note) = notes.last_mut() {
                                note.tie = true;
                            }
                        }
                        _ if self.at == before => self.unknown(),
                        _ => {}
                    }
                }
            }
        }
    }

    /// A tuplet or the start of a slur.
    fn parenthesis(&mut self) -> Symbol {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some(b'.') {
            return Symbol::SlurStart; // not reached by `.(`, but `(.` is written too
        }
        let Some(p) = self.number() else { return Symbol::SlurStart };
        let mut given = [None, None];
        for value in &mut given {
            if self.peek() == Some(b':') && self.peek_at(1) != Some(b'|') {
                self.at += 1;
                *value = self.number();
            }
        }
        let numbers = [Some(p), given[0], given[1]];
        if p < 2 || numbers.iter().flatten().any(|n| !(1..=16).contains(n)) {
            self.error(start, "a tuplet takes 2 to 16 notes, as in (3abc");
            return Symbol::SlurStart;
        }
        let q = given[0].or(match p {
            3 | 6 => Some(2),
            2 | 4 | 8 => Some(3),
            _ => None,
        });
        Symbol::Tuplet { p: p as u8, q: q.map(|q| q as u8), r: given[1].unwrap_or(p) as u8 }
    }

    fn quoted(&mut self) -> Option<Token> {
        let start = self.at;
        self.at += 1;
        let from = self.at;
        let Some(length) = self.bytes[from..].iter().position(|&b| b == b'"') else {
            // Without its end the text cannot be told from music: leave out one word.
            self.take_while(|b| !matches!(b, b' ' | b'\t' | b'|'));
            self.error(start, "the quote is not closed");
            return None;
        };
        self.at = from + length + 1;
        let text = self.text[from..from + length].to_owned();
        let annotation = text.starts_with(['^', '_', '<', '>', '@']);
        Some(Token::Symbol(if annotation { Symbol::Annotation(text) } else { Symbol::ChordSymbol(text) }))
    }

    /// `!trill!` or `+trill+`. A `!` alone is a line break of older files and means nothing to the ear.
    fn named_decoration(&mut self, mark: u8) -> Option<Token> {
        let from = self.at + 1;
        let length = self.bytes[from..].iter().take(24).take_while(|b| !b"| \"".contains(b)).position(|&b| b == mark);
        match length {
            Some(length) if length > 0 => {
                self.at = from + length + 1;
                let name = &self.text[from..from + length];
                Some(Token::Symbol(Symbol::Decoration(Cow::Owned(name.to_owned()))))
            }
            _ if mark == b'!' => {
                self.at += 1;
                None
            }
            _ => None,
        }
    }

    /// Staccato, or the dotted form of a bar line, tie or slur.
    fn dot(&mut self) -> Option<Token> {
        match self.peek_at(1) {
            Some(b'|') => Some(Token::BarLine(self.bar_line())),
            Some(b'(' | b'-' | b')') => {
                self.at += 1;
                None
            }
            _ => Some(self.simple(Symbol::Decoration(Cow::Borrowed("staccato")))),
        }
    }
}
