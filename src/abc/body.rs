//! The music of a tune while it is being read: symbols handed to the voice in force, macros replaced, symbol lines set to
//! their notes (ABC 2.1, 4, 9 and 4.15).

use super::ast::{Item, Symbol};
use super::macros::Macros;
use super::music::{Scanner, Token};
use super::tune::TuneBuilder;
use super::{Diagnostic, Fault, Span};

/// Short calls of long macros must not fill the memory: beyond so many characters a tune has no macros.
const MOST_EXPANDED: usize = 200_000;

impl TuneBuilder {
    pub fn music(&mut self, text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) {
        self.in_symbols = false;
        let mut at = span.start;
        loop {
            if !self.macros.is_empty() {
                at += text[at..span.end].bytes().take_while(u8::is_ascii_whitespace).count();
                if let Some((length, expansion)) = self.macros.call(&text[at..span.end]) {
                    self.expand(Span { start: at, end: at + length }, &expansion, diagnostics);
                    at += length;
                    continue;
                }
            }
            // A field may define symbols and change voices, so nothing is scanned ahead.
            let mut scanner = Scanner::new(text, Span { start: at, end: span.end }, &self.symbols, diagnostics);
            let Some((place, token)) = scanner.next() else { break };
            at = scanner.at;
            if let Token::Field(code, value) = token {
                self.body_field(code, place, value, text, diagnostics);
                continue;
            }
            self.token(place, token, diagnostics);
        }
    }

    fn token(&mut self, place: Span, token: Token, diagnostics: &mut Vec<Diagnostic>) {
        let rests_left = self.rests_left;
        let voice = self.current_voice();
        match token {
            Token::Symbol(Symbol::Overlay) => voice.overlay(place),
            Token::Symbol(symbol) => voice.symbol(place, symbol),
            Token::BarLine(line) => voice.bar_line(line),
            Token::BarRests { visible, bars } => {
                let more = (bars - 1).min(rests_left);
                voice.bar_rests(place, visible, 1 + more);
                self.rests_left -= more;
                if 1 + more < bars {
                    diagnostics.push(Diagnostic::error(place, "the text has too many bars of rest; this is one"));
                }
            }
            Token::Tie => voice.tie(place, diagnostics),
            Token::Field(..) => {}
        }
    }

    /// Reads what a macro stands for. All of it has the place of the call; bar lines, overlays and fields are none of an
    /// ornament's business.
    fn expand(&mut self, call: Span, expansion: &str, diagnostics: &mut Vec<Diagnostic>) {
        self.expanded += expansion.len();
        if self.expanded > MOST_EXPANDED {
            self.macros = Macros::default();
            diagnostics.push(Diagnostic::error(call, "too much of this tune comes of macros; none are read from here"));
            return;
        }
        let mut told = Vec::new();
        let all = Span { start: 0, end: expansion.len() };
        let mut scanner = Scanner::new(expansion, all, &self.symbols, &mut told);
        let tokens: Vec<Token> = std::iter::from_fn(|| scanner.next()).map(|(_, token)| token).collect();
        diagnostics.extend(told.into_iter().map(|diagnostic| Diagnostic { span: call, ..diagnostic }));
        for token in tokens {
            match token {
                Token::BarLine(_) | Token::Symbol(Symbol::Overlay) | Token::Field(..) => {
                    diagnostics.push(
                        Diagnostic::warning(call, "a macro holds no bar lines, overlays and fields")
                            .with_help("write them beside its call"),
                    );
                }
                token => self.token(call, token, diagnostics),
            }
        }
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
