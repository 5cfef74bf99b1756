//! Music code, one symbol after another (ABC 2.1, 4). Works within one line; knows no bars, voices or metres.

use std::borrow::Cow;

use num_rational::Ratio;

use super::ast::{BarLine, NoteSymbol, Symbol};
use super::diagnostic::excerpt;
use super::marks::UserSymbols;
use super::{Diagnostic, Fault, Severity, Span, Step};

/// `Z999` is the longest rest that anyone means.
const MOST_BAR_RESTS: u32 = 999;

/// More than two hands and two feet can hold; ties are looked up among them.
const MOST_CHORD_NOTES: usize = 32;

/// The pitches that MIDI has.
pub(crate) const MIDI_PITCHES: &str = "MIDI goes from C,,,,, to g''''";

/// What was most likely meant by a character that is no music code.
fn meant_by(char: char) -> Option<&'static str> {
    Some(match char {
        '♯' | '#' => "a sharp is ^ before its note",
        '♭' => "a flat is _ before its note",
        '♮' => "a natural is = before its note",
        '“' | '”' | '„' | '«' | '»' => "quoted text stands between straight quotes, \"",
        '’' | '‘' | '´' => "the octave above is a straight '",
        '–' | '—' | '−' => "a tie is -",
        '‖' | '│' | '¦' => "a bar line is |",
        '0'..='9' | '/' => "a length comes after its note, as in A2 or A/2",
        '\'' | ',' => "octave marks come right after the letter of a note, as in c' or C,",
        ']' | '}' => "nothing is open here that it could close",
        ':' => "repeats are |: and :|",
        '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => "it cannot be seen: delete it",
        '%' => "a comment begins with a blank before its %",
        _ => return None,
    })
}

/// So many bytes after a blank the closing bracket of a chord is looked for.
const FARTHEST_BRACKET: usize = 200;

/// Whether what seems to be the value of a field is music up to some later bracket, such as that of `|]`.
fn is_music(letter: u8, value: &str) -> bool {
    b"KLMPQV".contains(&letter) && value.contains('|') && !value.contains('"') && value.trim() != "C|"
}

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

/// What stands between symbols and means nothing to the ear.
fn is_passed_over(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'`' | b'\\' | b'*' | b'$' | b'\r')
}

/// Whether it is a letter of a note or an accidental.
fn begins_note(byte: u8) -> bool {
    matches!(byte, b'A'..=b'G' | b'a'..=b'g' | b'^' | b'_' | b'=')
}

/// Walks the bytes of one line of music code.
pub(super) struct Scanner<'a> {
    pub text: &'a str,
    pub bytes: &'a [u8],
    pub at: usize,
    pub symbols: &'a UserSymbols,
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Scanner<'a> {
    /// Scans `text[span]`; all places count from the start of `text`.
    pub fn new(text: &'a str, span: Span, symbols: &'a UserSymbols, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Scanner { text, bytes: &text.as_bytes()[..span.end], at: span.start, symbols, diagnostics }
    }

    /// The note that comes next, if it is one. Most symbols are notes, and these need not become tokens first.
    #[inline]
    pub fn next_note(&mut self) -> Option<(Span, NoteSymbol)> {
        self.take_while(is_passed_over);
        let start = self.at;
        self.peek().filter(|&byte| begins_note(byte))?;
        let note = self.note()?;
        Some((Span { start, end: self.at }, note))
    }

    pub fn next(&mut self) -> Option<(Span, Token)> {
        loop {
            self.take_while(is_passed_over);
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

    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    pub fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&accept) {
            self.at += 1;
        }
        self.at - start
    }

    pub fn error(&mut self, start: usize, fault: impl Into<Fault>) {
        self.diagnostics.push(Diagnostic::error(Span { start, end: self.at }, fault));
    }

    #[cold]
    fn unknown(&mut self) {
        let start = self.at;
        let char = self.text[start..].chars().next().unwrap_or(' ');
        self.at += char.len_utf8();
        // Reserved characters are to be passed over (ABC 2.1, 8.1).
        let severity = if "#*;?@".contains(char) { Severity::Warning } else { Severity::Error };
        let message = format!("'{}' has no meaning here", char.escape_debug());
        let mut said = Diagnostic::new(Span { start, end: self.at }, severity, message);
        said.help = meant_by(char).map(Cow::Borrowed);
        self.diagnostics.push(said);
    }

    fn token(&mut self, byte: u8) -> Option<Token> {
        match byte {
            byte if begins_note(byte) => Some(Token::Symbol(Symbol::Note(self.note()?))),
            byte if is_passed_over(byte) => {
                self.at += 1;
                None
            }
            b'|' => Some(Token::BarLine(self.bar_line())),
            b':' if matches!(self.peek_at(1), Some(b'|' | b':' | b']')) => Some(Token::BarLine(self.bar_line())),
            b'[' => self.bracket(),
            b'z' | b'x' => {
                self.at += 1;
                let length = self.length();
                Some(Token::Symbol(Symbol::Rest { visible: byte == b'z', length }))
            }
            b'Z' | b'X' => Some(Token::BarRests { visible: byte == b'Z', bars: self.bar_rests() }),
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
            // The number of an ending, cut off from its bar line by the end of a line.
            b'1'..=b'9' if self.at_line_start() => {
                let start = self.at;
                let endings = self.endings();
                let span = Span { start, end: self.at };
                Some(Token::BarLine(BarLine { span, endings, ..BarLine::default() }))
            }
            b'H'..=b'W' | b'h'..=b'w' | b'~' => {
                let start = self.at;
                self.at += 1;
                let symbol = self.symbols.get(byte);
                if symbol.is_none() {
                    let span = Span { start, end: self.at };
                    let message = format!("the letter '{}' stands for no decoration", byte as char);
                    let help = format!("U:{}=!trill! gives it a meaning", byte as char);
                    self.diagnostics.push(Diagnostic::warning(span, message).with_help(help));
                }
                Some(Token::Symbol(symbol?))
            }
            _ => None,
        }
    }

    fn at_line_start(&self) -> bool {
        self.at.checked_sub(1).is_some_and(|before| matches!(self.bytes[before], b'\n' | b'\r'))
    }

    pub fn simple(&mut self, symbol: Symbol) -> Token {
        self.at += 1;
        Token::Symbol(symbol)
    }

    /// Accidental, letter, octave marks, length, tie. Without a letter: an error, and nothing.
    #[inline]
    fn note(&mut self) -> Option<NoteSymbol> {
        let start = self.at;
        let signs = self.take_while(|b| matches!(b, b'^' | b'_' | b'='));
        let accidental = if signs > 0 { super::alteration(&self.text[start..self.at]) } else { None };
        if signs > 0 && accidental.is_none() {
            let message = format!("'{}' is not an accidental", excerpt(&self.text[start..self.at]));
            self.error(start, Fault::new(message).with_help("there are ^ ^^ = _ and __"));
        }
        let Some(letter) = self.peek().filter(|b| matches!(b, b'A'..=b'G' | b'a'..=b'g')) else {
            self.error(start, Fault::new("an accidental needs a note after it").with_help("as in ^F"));
            return None;
        };
        self.at += 1;
        let mut octave = if letter.is_ascii_lowercase() { 5 } else { 4 };
        while let Some(mark) = self.peek().filter(|b| matches!(b, b'\'' | b',')) {
            octave += if mark == b'\'' { 1 } else { -1 };
            self.at += 1;
        }
        if !(-1..=9).contains(&octave) {
            self.error(start, Fault::new("this octave is beyond MIDI").with_help(MIDI_PITCHES));
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

    pub fn number(&mut self) -> Option<u32> {
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
                let message = format!("'{}' is not a note length", excerpt(&self.text[start..self.at]));
                self.error(start, Fault::new(message).with_help("lengths are such as 2, 3/2, / or /4"));
                Ratio::from_integer(1)
            }
        }
    }

    /// How many bars `Z4` rests.
    fn bar_rests(&mut self) -> u32 {
        let start = self.at;
        self.at += 1;
        let digits = self.at;
        let bars = self.number();
        if self.at == digits {
            return 1;
        }
        if !bars.is_some_and(|bars| (1..=MOST_BAR_RESTS).contains(&bars)) {
            self.error(start, Fault::new(format!("a rest lasts 1 to {MOST_BAR_RESTS} bars")).with_help("as in Z4"));
        }
        bars.unwrap_or(MOST_BAR_RESTS).clamp(1, MOST_BAR_RESTS)
    }

    /// An inline field, a bar line, an ending or a chord.
    fn bracket(&mut self) -> Option<Token> {
        let start = self.at;
        match (self.peek_at(1), self.peek_at(2)) {
            (Some(b'|'), _) => Some(Token::BarLine(self.bar_line())),
            (Some(letter), Some(b':')) if letter.is_ascii_alphabetic() => {
                let value = start + 3;
                let closed = self.bytes[value..].iter().position(|&b| b == b']');
                let Some(length) = closed.filter(|length| !is_music(letter, &self.text[value..value + length])) else {
                    // Most fields are one word; what follows may be music.
                    self.at = value;
                    self.take_while(|b| !matches!(b, b' ' | b'\t' | b'|'));
                    let help = format!("did you mean '{}]'?", excerpt(&self.text[start..self.at]));
                    self.error(start, Fault::new("the field's ']' is missing").with_help(help));
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
        let said = self.diagnostics.len();
        let mut notes = self.notes_until(b'[', b']', start, "the chord's ']' is missing");
        let length = self.length();
        let tie = self.tie();
        if notes.is_empty() && said < self.diagnostics.len() {
            return None;
        }
        if notes.is_empty() {
            self.error(start, Fault::new("a chord needs notes").with_help("as in [CEG]"));
            return None;
        }
        if notes.len() > MOST_CHORD_NOTES {
            self.error(start, format!("a chord has at most {MOST_CHORD_NOTES} notes"));
            notes.truncate(MOST_CHORD_NOTES);
        }
        Some(Token::Symbol(Symbol::Chord { notes, length, tie }))
    }

    fn grace(&mut self) -> Symbol {
        let start = self.at;
        self.at += 1;
        let acciaccatura = self.peek() == Some(b'/');
        self.at += usize::from(acciaccatura);
        let notes = self.notes_until(b'{', b'}', start, "the grace notes' '}' is missing");
        Symbol::Grace { acciaccatura, notes }
    }

    /// Whether the bracket that is open here is closed before the bar line and before another opens. Without it the first blank
    /// ends the notes, so that the rest of the bar is played.
    fn closes(&self, open: u8, close: u8) -> bool {
        let ahead = self.bytes[self.at..].iter().take(FARTHEST_BRACKET);
        ahead.copied().find(|&byte| byte == close || byte == open || byte == b'|') == Some(close)
    }

    /// The notes up to a closing bracket; what else may stand between them (decorations, slurs, rests) is left out.
    fn notes_until(&mut self, open: u8, close: u8, start: usize, missing: &str) -> Vec<NoteSymbol> {
        let mut notes = Vec::new();
        loop {
            let goes_on = |byte: &u8| match byte {
                b'|' => false,
                b' ' | b'\t' => self.closes(open, close),
                _ => true,
            };
            let Some(byte) = self.peek().filter(goes_on) else {
                let help = match notes[..] {
                    [] => Cow::Borrowed("a chord is as in [CEG], grace notes as in {fg}, an ending as in [1"),
                    _ => format!("did you mean '{}{}'?", excerpt(&self.text[start..self.at]), close as char).into(),
                };
                self.error(start, Fault::new(missing).with_help(help));
                return notes;
            };
            match byte {
                byte if byte == close => {
                    self.at += 1;
                    return notes;
                }
                // No brackets within brackets, however deep they are asked for.
                b'[' | b'{' => self.unknown(),
                byte => {
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
}
