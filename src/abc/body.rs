//! The music of a tune while it is being read: symbols handed to the voice in force, macros replaced, symbol lines set to
//! their notes (ABC 2.1, 4, 9 and 4.15).

use std::sync::Arc;

use super::ast::{Item, Symbol};
use super::music::{Scanner, Token};
use super::tune::TuneBuilder;
use super::{Diagnostic, Fault, Span};

impl TuneBuilder {
    pub fn music(&mut self, text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) {
        (self.in_symbols, self.at_mark) = (false, false);
        let mut at = span.start;
        // A field may define symbols and change voices, so nothing is scanned ahead of it.
        loop {
            let symbols = Arc::clone(&self.symbols);
            let mut scanner = Scanner::new(text, Span { start: at, end: span.end }, &symbols, diagnostics);
            let Some((place, code, value)) = self.music_to_field(&mut scanner, None) else { break };
            at = scanner.at;
            self.body_field(code, place, value, text, diagnostics);
        }
    }

    /// Reads the music up to an inline field: its place, its letter and the place of its value. `call` is the place of the
    /// macro that the music comes of; bar lines, overlays and fields are none of an ornament's business.
    fn music_to_field(&mut self, scanner: &mut Scanner<'_>, call: Option<Span>) -> Option<(Span, u8, Span)> {
        loop {
            if call.is_none() && !self.macros.is_empty() && self.macros_left > 0 && self.call(scanner) {
                continue;
            }
            if let Some((place, note)) = scanner.next_note() {
                self.current_voice().note(call.unwrap_or(place), note);
                continue;
            }
            let (place, token) = scanner.next()?;
            let place = call.unwrap_or(place);
            match token {
                Token::BarLine(_) | Token::Symbol(Symbol::Overlay) | Token::Field(..) if call.is_some() => {
                    let told = Diagnostic::warning(place, "a macro holds no bar lines, overlays and fields");
                    scanner.diagnostics.push(told.with_help("write them beside its call"));
                }
                Token::Symbol(Symbol::Overlay) => self.current_voice().overlay(place),
                Token::Symbol(symbol) => self.current_voice().symbol(place, symbol),
                Token::BarLine(line) => self.current_voice().bar_line(line),
                Token::BarRests { visible, bars } => {
                    let more = (bars - 1).min(self.rests_left);
                    self.current_voice().bar_rests(place, visible, 1 + more);
                    self.rests_left -= more;
                    if 1 + more < bars {
                        let message = "the text has too many bars of rest; this is one";
                        scanner.diagnostics.push(Diagnostic::error(place, message));
                    }
                }
                Token::Tie => self.current_voice().tie(place, scanner.diagnostics),
                Token::Field(code, value) => return Some((place, code, value)),
            }
        }
    }

    /// Reads what a macro stands for, if the music goes on with a call; all of it has the place of the call.
    fn call(&mut self, scanner: &mut Scanner<'_>) -> bool {
        scanner.take_while(|byte| byte.is_ascii_whitespace());
        let start = scanner.at;
        let Some((length, expansion)) = self.macros.call(&scanner.text[start..scanner.bytes.len()]) else {
            return false;
        };
        scanner.at += length;
        let call = Span { start, end: scanner.at };
        self.macros_left = self.macros_left.saturating_sub(expansion.len());
        if self.macros_left == 0 {
            let message = "too much of the text comes of macros; none are read from here";
            scanner.diagnostics.push(Diagnostic::error(call, message));
            return true;
        }
        let mut told = Vec::new();
        let all = Span { start: 0, end: expansion.len() };
        self.music_to_field(&mut Scanner::new(&expansion, all, scanner.symbols, &mut told), Some(call));
        scanner.diagnostics.extend(told.into_iter().map(|diagnostic| Diagnostic { span: call, ..diagnostic }));
        true
    }

    /// `s:` and the `+:` after it (ABC 2.1, 4.15).
    pub fn symbol_line(&mut self, line: Span, begins: bool, text: &str, diagnostics: &mut Vec<Diagnostic>) {
        let Some(voice) = self.current.map(|at| &mut self.voices[at]) else { return };
        if begins {
            voice.begin_symbol_line();
        }
        let lines = &mut voice.symbol_lines;
        let mut scanner = Scanner::new(text, line, &self.symbols, diagnostics);
        while let Some(byte) = scanner.peek() {
            match byte {
                b'*' => lines.skip(),
                b'|' => lines.next_bar(),
                b' ' | b'\t' => {}
                _ => {
                    match scanner.next() {
                        Some((span, Token::Symbol(symbol))) if symbol.is_mark() => lines.set(Item { span, symbol }),
                        Some((span, _)) => {
                            let fault = Fault::new("a symbol line holds decorations and quoted text")
                                .with_help("as in s: \"Am\" * !trill! |, where * passes over a note");
                            scanner.error(span.start, fault);
                        }
                        None => {}
                    }
                    continue;
                }
            }
            scanner.at += 1;
        }
    }
}
