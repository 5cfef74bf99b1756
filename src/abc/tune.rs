//! One tune while it is being read: its fields, its voices and which of them the music goes to (ABC 2.1, 3 and 7).

use super::ast::{Change, Context, Directive, Field, Item, PartMark, Symbol, Tune};
use super::field::Shift;
use super::key::Key;
use super::macros::Macros;
use super::marks::UserSymbols;
use super::music::{Scanner, Token};
use super::voice::VoiceBuilder;
use super::{Diagnostic, Meter, Span, field};
use crate::time::Beats;

/// More voices than this are a mistake; their music goes to the voice before.
const MOST_VOICES: usize = 128;

/// Short calls of long macros must not fill the memory: beyond so many characters a tune has no macros.
const MOST_EXPANDED: usize = 200_000;

/// So many characters of a voice's name are distinguished (ABC 2.1, 7).
const NAME_LENGTH: usize = 20;

pub(super) struct TuneBuilder {
    pub tune: Tune,
    pub in_header: bool,
    unit: Option<Beats>,
    /// `Q:` waits for `L:`, which `C3=100` counts in.
    tempo: Option<(Span, String)>,
    symbols: UserSymbols,
    macros: Macros,
    /// How many characters came of macros.
    expanded: usize,
    /// The last field was a symbol line, which `+:` goes on with.
    in_symbols: bool,
    /// What a voice begins with.
    context: Context,
    /// The parts of [`Context::shift`] that the tune's `K:` asks for.
    shift: Shift,
    voices: Vec<VoiceBuilder>,
    current: Option<usize>,
}

impl Default for TuneBuilder {
    fn default() -> Self {
        let context = Context { meter: Meter::Free, key: Key::NONE, unit: Beats::new(1, 8), shift: 0 };
        TuneBuilder { in_header: true, ..TuneBuilder::new(context) }
    }
}

impl TuneBuilder {
    pub fn new(context: Context) -> Self {
        TuneBuilder {
            tune: Tune::default(),
            in_header: false,
            unit: None,
            tempo: None,
            symbols: UserSymbols::default(),
            macros: Macros::default(),
            expanded: 0,
            in_symbols: false,
            context,
            shift: Shift::default(),
            voices: Vec::new(),
            current: None,
        }
    }

    pub fn after_bars(&self) -> Option<usize> {
        (!self.in_header).then(|| self.bar_count())
    }

    fn bar_count(&self) -> usize {
        self.voices.iter().map(VoiceBuilder::bar_count).max().unwrap_or(0)
    }

    pub fn finish(mut self, end: usize) -> Tune {
        self.tune.span.end = end;
        self.tune.header.voices =
            self.voices.iter().filter(|voice| voice.declared).map(|voice| voice.header.clone()).collect();
        self.tune.voices = self.voices.into_iter().map(VoiceBuilder::finish).collect();
        self.tune
    }

    pub fn field(&mut self, code: u8, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) {
        if self.in_header {
            self.header_field(code, span, value, text, diagnostics);
            return;
        }
        let begins = code == b's';
        self.in_symbols = begins || self.in_symbols && code == b'+';
        if self.in_symbols {
            self.symbol_line(value, begins, text, diagnostics);
        } else {
            self.body_field(code, span, value, text, diagnostics);
        }
    }

    pub fn header_field(&mut self, code: u8, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) {
        let content = &text[value.start..value.end];
        let mut report = |message: String| diagnostics.push(Diagnostic::error(value, message));
        match code {
            b'T' => self.tune.header.titles.push(content.trim().to_owned()),
            b'M' => match field::meter(content) {
                Ok(meter) => self.tune.header.meter = Some(meter),
                Err(message) => report(message),
            },
            b'L' => match field::unit(content) {
                Ok(unit) => self.unit = Some(unit),
                Err(message) => report(message),
            },
            b'Q' => self.tempo = Some((value, content.to_owned())),
            b'P' => match field::part_order(content) {
                Ok(order) => self.tune.header.order = Some(order),
                Err(message) => report(message),
            },
            b'V' => {
                self.voice(span, value, text, diagnostics);
            }
            b'K' => match Key::parse(content) {
                Ok((key, properties)) => self.end_header(key, properties, span, diagnostics),
                Err(message) => {
                    report(message);
                    self.end_header(Key::NONE, Vec::new(), span, diagnostics);
                }
            },
            code => self.other_field(code, span, content, diagnostics),
        }
    }

    pub fn end_header(
        &mut self,
        key: Key,
        properties: Vec<field::Property>,
        span: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let header = &mut self.tune.header;
        header.key = key;
        header.unit = self.unit.unwrap_or_else(|| field::default_unit(header.meter()));
        header.span = Span { start: self.tune.span.start, end: span.end };
        if let Some((span, text)) = self.tempo.take() {
            match field::tempo(&text, header.unit) {
                Ok(mark) => header.tempo = Some(mark),
                Err(message) => diagnostics.push(Diagnostic::error(span, message)),
            }
        }
        self.shift = Shift::of(&properties);
        header.key_properties = properties;
        self.context = Context { meter: header.meter(), key, unit: header.unit, shift: self.shift.semitones() };
        for voice in &mut self.voices {
            voice.begin_with(self.context, self.shift);
        }
        self.in_header = false;
    }

    fn body_field(&mut self, code: u8, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) {
        let content = &text[value.start..value.end];
        let unit = self.current.map_or(self.context.unit, |at| self.voices[at].context.unit);
        let change = match code {
            b'V' => {
                self.current = self.voice(span, value, text, diagnostics).or(self.current);
                return;
            }
            b'P' => {
                if let Some(at) = self.current {
                    self.voices[at].cut();
                }
                let mark = PartMark { span, name: content.trim().to_owned(), after_bars: self.bar_count() };
                self.tune.parts.push(mark);
                return;
            }
            b'K' => match Key::parse_field(content) {
                Ok((key, properties)) => {
                    self.key_shift(span, Shift::of(&properties));
                    key.map(Change::Key).ok_or_else(String::new)
                }
                Err(message) => Err(message),
            },
            b'M' => field::meter(content).map(Change::Meter),
            b'L' => field::unit(content).map(Change::Unit),
            b'Q' => field::tempo(content, unit).map(|mark| Change::Tempo(Box::new(mark))),
            code => {
                self.other_field(code, span, content, diagnostics);
                return;
            }
        };
        match change {
            Ok(change) => self.change(span, &change),
            Err(message) if message.is_empty() => {}
            Err(message) => diagnostics.push(Diagnostic::error(value, message)),
        }
    }

    /// `s:` and the `+:` after it (ABC 2.1, 4.15).
    fn symbol_line(&mut self, line: Span, begins: bool, text: &str, diagnostics: &mut Vec<Diagnostic>) {
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
                        Some((span, _)) => scanner.error(span.start, "a symbol line holds decorations and quoted text"),
                        None => {}
                    }
                    continue;
                }
            }
            scanner.at += 1;
        }
    }

    /// A change holds for the current voice; before any voice is named it holds for all.
    fn change(&mut self, span: Span, change: &Change) {
        if let Some(at) = self.current {
            self.voices[at].change(span, change.clone());
            return;
        }
        for voice in &mut self.voices {
            voice.change(span, change.clone());
        }
        match change {
            Change::Tempo(mark) if self.voices.is_empty() => self.tune.header.tempo = Some((**mark).clone()),
            change => self.context.apply(change),
        }
    }

    /// A `K:` with a clef or the like.
    fn key_shift(&mut self, span: Span, shift: Shift) {
        if let Some(at) = self.current {
            self.voices[at].shift(span, shift);
            return;
        }
        self.shift = shift.or(self.shift);
        self.context.shift = self.shift.semitones();
        for voice in &mut self.voices {
            voice.shift_tune(span, self.shift);
        }
    }

    pub fn directive(&mut self, directive: Directive) {
        self.symbols.instruct(&directive.text);
        self.tune.directives.push(directive);
    }

    fn other_field(&mut self, code: u8, span: Span, content: &str, diagnostics: &mut Vec<Diagnostic>) {
        let text = content.trim().to_owned();
        match code {
            b'U' => {
                if let Err(message) = self.symbols.define(&text) {
                    diagnostics.push(Diagnostic::warning(span, message));
                }
            }
            b'm' => {
                if let Err(message) = self.macros.define(&text) {
                    diagnostics.push(Diagnostic::warning(span, message));
                }
            }
            // An instruction is a directive in a field's clothes (ABC 2.1, 3.1.17).
            b'I' => {
                let after_bars = self.after_bars();
                self.directive(Directive { span, text, after_bars });
            }
            code if self.in_header => self.tune.header.fields.push(Field { span, code, text }),
            code => self.tune.fields.push(Field { span, code, text }),
        }
    }

    /// Declares a voice or finds it, and takes up its properties. Returns its place.
    fn voice(&mut self, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<usize> {
        let content = &text[value.start..value.end];
        let Some(word) = content.split_whitespace().next() else {
            diagnostics.push(Diagnostic::error(span, "V: needs the name of a voice"));
            return None;
        };
        let id = word.char_indices().nth(NAME_LENGTH).map_or(word, |(end, _)| &word[..end]);
        let known = self.voices.iter().position(|voice| voice.header.id == id);
        if known.is_none() && self.voices.len() >= MOST_VOICES {
            diagnostics.push(Diagnostic::error(span, format!("more than {MOST_VOICES} voices")));
            return None;
        }
        let at = known.unwrap_or_else(|| {
            self.voices.push(VoiceBuilder::new(id, self.context, self.shift));
            self.voices.len() - 1
        });
        let rest = content.find(word).map_or(content.len(), |start| start + word.len());
        self.voices[at].declare(span, field::properties(&content[rest..], value.start + rest));
        Some(at)
    }

    /// The voice that music goes to: the one named last, else the first declared, else `1`.
    fn current_voice(&mut self) -> &mut VoiceBuilder {
        if self.voices.is_empty() {
            self.voices.push(VoiceBuilder::new("1", self.context, self.shift));
        }
        let at = *self.current.get_or_insert(0);
        &mut self.voices[at]
    }

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
        let voice = self.current_voice();
        match token {
            Token::Symbol(Symbol::Overlay) => voice.overlay(place),
            Token::Symbol(symbol) => voice.symbol(place, symbol),
            Token::BarLine(line) => voice.bar_line(line),
            Token::BarRests { visible, bars } => voice.bar_rests(place, visible, bars),
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
                    diagnostics.push(Diagnostic::warning(call, "a macro holds no bar lines, overlays and fields"));
                }
                token => self.token(call, token, diagnostics),
            }
        }
    }
}
