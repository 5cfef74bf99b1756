//! The marks around the notes: bar lines and endings, tuplets, quoted text, decorations (ABC 2.1, 4.8 to 4.19).

use std::borrow::Cow;

use super::ast::{BarLine, BarLineKind, Endings, Symbol};
use super::diagnostic::excerpt;
use super::music::{Scanner, Token};
use super::{Fault, Span};

const LONGEST_MEANING: usize = 200;

/// Decorations whose names cannot be notes behind the `!` of a line break (ABC 2.1, 4.14).
const LONG_DECORATIONS: [&str; 20] = [
    "trill",
    "lowermordent",
    "uppermordent",
    "mordent",
    "pralltriller",
    "roll",
    "turn",
    "arpeggio",
    "accent",
    "emphasis",
    "fermata",
    "tenuto",
    "snap",
    "slide",
    "wedge",
    "upbow",
    "downbow",
    "breath",
    "segno",
    "coda",
];

/// The colons of a bar line that count.
const MOST_REPEATS: usize = 15;

/// The decorations that letters stand for; `U:` changes them (ABC 2.1, 4.14 and 4.16).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UserSymbols {
    letters: Vec<(u8, Symbol)>,
    /// `I:linebreak !`: then it encloses no decorations (ABC 2.1, 6.1).
    exclamation_breaks: bool,
}

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
        let letters = letters.into_iter().map(|(letter, name)| (letter, Symbol::Decoration(Cow::Borrowed(name))));
        UserSymbols { letters: letters.collect(), exclamation_breaks: false }
    }
}

impl UserSymbols {
    /// `T = !trill!` or `n = "^text"`; `!nil!` takes a letter's meaning away, so that it is only room.
    pub fn define(&mut self, text: &str) -> Result<(), Fault> {
        let bad = || {
            let help = "as in U:T=!trill!, with a letter from H to W or h to w, or ~";
            Fault::new(format!("'{}' is not a symbol definition", excerpt(text))).with_help(help)
        };
        let (letter, value) = text.split_once('=').ok_or_else(bad)?;
        let &[letter] = letter.trim().as_bytes() else { return Err(bad()) };
        if !matches!(letter, b'H'..=b'W' | b'h'..=b'w' | b'~') {
            return Err(bad());
        }
        let value = value.trim();
        // Every use of the letter is a copy.
        if value.len() > LONGEST_MEANING {
            return Err(format!("the meaning of '{}' is longer than {LONGEST_MEANING} bytes", letter as char).into());
        }
        let symbol = match value.trim_matches(['!', '+']) {
            "nil" | "none" => Symbol::Spacer,
            _ if value.starts_with('"') => text_symbol(value.trim_matches('"')),
            name => Symbol::Decoration(Cow::Owned(name.to_owned())),
        };
        self.letters.retain(|(known, _)| *known != letter);
        self.letters.push((letter, symbol));
        Ok(())
    }

    pub fn get(&self, letter: u8) -> Option<Symbol> {
        self.letters.iter().find(|(known, _)| *known == letter).map(|(_, symbol)| symbol.clone())
    }

    /// An instruction that may say how music is to be read; the last one holds.
    pub fn instruct(&mut self, text: &str) {
        if let Some(characters) = text.strip_prefix("linebreak") {
            self.exclamation_breaks = characters.contains('!');
        }
    }
}

/// What stands in quotes: an annotation has its place before it (ABC 2.1, 4.18 and 4.19).
fn text_symbol(text: &str) -> Symbol {
    let annotation = text.starts_with(['^', '_', '<', '>', '@']);
    if annotation { Symbol::Annotation(text.to_owned()) } else { Symbol::ChordSymbol(text.to_owned()) }
}

impl Scanner<'_> {
    pub fn bar_line(&mut self) -> BarLine {
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
            "[|]" => BarLineKind::Invisible,
            "|" if dotted => BarLineKind::Dotted,
            // The repeat sign `::` has no stroke of its own.
            "" | "|" => BarLineKind::Single,
            w if w.ends_with(']') => BarLineKind::ThinThick,
            w if w.starts_with('[') => BarLineKind::ThickThin,
            _ => BarLineKind::Double,
        };
        let mut colons_after = self.take_while(|b| b == b':');
        if self.peek() == Some(b'|') && kind == BarLineKind::Invisible {
            // `[|]:|` is two bar lines, and the colon belongs to the second.
            self.at -= colons_after;
            colons_after = 0;
        }
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
        if ends.max(starts) > MOST_REPEATS {
            self.error(start, format!("music is repeated at most {MOST_REPEATS} times"));
        }
        let (ends, starts) = (ends.min(MOST_REPEATS) as u8, starts.min(MOST_REPEATS) as u8);
        BarLine { span: Span { start, end: self.at }, kind, ends, starts, endings }
    }

    /// `1`, `1,3`, `2-4` (ABC 2.1, 4.9).
    pub fn endings(&mut self) -> Endings {
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
            self.error(start, Fault::new("endings are numbered from 1 to 31").with_help("as in |1 or [2,4"));
        }
        Endings(bits)
    }

    /// A tuplet or the start of a slur.
    pub fn parenthesis(&mut self) -> Symbol {
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
            self.error(start, Fault::new("a tuplet takes 2 to 16 notes").with_help("as in (3abc or (3:2:4abcd"));
            return Symbol::SlurStart;
        }
        let q = given[0].or(match p {
            3 | 6 => Some(2),
            2 | 4 | 8 => Some(3),
            _ => None,
        });
        Symbol::Tuplet { p: p as u8, q: q.map(|q| q as u8), r: given[1].unwrap_or(p) as u8 }
    }

    pub fn quoted(&mut self) -> Option<Token> {
        let start = self.at;
        self.at += 1;
        let from = self.at;
        let Some(length) = self.bytes[from..].iter().position(|&b| b == b'"') else {
            // Without its end the text cannot be told from music: leave out one word.
            self.take_while(|b| !matches!(b, b' ' | b'\t' | b'|'));
            let help = format!("did you mean '{}\"'?", excerpt(&self.text[start..self.at]));
            self.error(start, Fault::new("the quote is not closed").with_help(help));
            return None;
        };
        self.at = from + length + 1;
        Some(Token::Symbol(text_symbol(&self.text[from..from + length])))
    }

    /// `!trill!` or `+trill+`, without blank, colon, bracket or bar line. A `!` alone is a line break of older files and means
    /// nothing to the ear.
    pub fn named_decoration(&mut self, mark: u8) -> Option<Token> {
        let from = self.at + 1;
        let breaks = mark == b'!' && self.symbols.exclamation_breaks;
        let word = self.bytes[from..].iter().take(24).take_while(|b| !b"| \":[]".contains(b));
        let length = word.copied().position(|b| b == mark && !breaks);
        match length {
            Some(length) if length > 0 => {
                self.at = from + length + 1;
                let name = &self.text[from..from + length];
                Some(Token::Symbol(Symbol::Decoration(Cow::Owned(name.to_owned()))))
            }
            _ if mark == b'!' => {
                let start = self.at;
                self.at += 1;
                let letters = self.bytes[from..].iter().take(24).take_while(|b| b.is_ascii_alphabetic()).count();
                let text = self.text;
                let name = &text[from..from + letters];
                if breaks || !LONG_DECORATIONS.contains(&name) {
                    return None;
                }
                self.at = from + letters;
                let fault = Fault::new("the decoration's second '!' is missing");
                self.error(start, fault.with_help(format!("did you mean '!{name}!'?")));
                Some(Token::Symbol(Symbol::Decoration(Cow::Owned(name.to_owned()))))
            }
            _ => None,
        }
    }

    /// Staccato, or the dotted form of a bar line, tie or slur.
    pub fn dot(&mut self) -> Option<Token> {
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
