//! One tune while it is being read: its fields, its voices and which of them the music goes to (ABC 2.1, 3 and 7).

use std::sync::Arc;

use super::ast::{Change, Context, Directive, Field, PartMark, Tune};
use super::key::Key;
use super::marks::UserSymbols;
use super::music::{Scanner, Token};
use super::voice::VoiceBuilder;
use super::{Diagnostic, Meter, Span, field};
use crate::time::Beats;

/// More voices than this are a mistake; their music goes to the voice before.
const MOST_VOICES: usize = 128;

pub(super) struct TuneBuilder {
    pub tune: Tune,
    pub in_header: bool,
    unit: Option<Beats>,
    /// `Q:` waits for `L:`, which `C3=100` counts in.
    tempo: Option<(Span, String)>,
    symbols: UserSymbols,
    /// What a voice begins with.
    context: Context,
    voices: Vec<VoiceBuilder>,
    current: Option<usize>,
    /// How many more bars `Z4` and the like may add to what is written: few signs ask for much memory.
    pub rests_left: u32,
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
            context,
            voices: Vec::new(),
            current: None,
            rests_left: 1000,
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
        let shift = field::shift(&properties).unwrap_or(0);
        header.key_properties = properties;
        self.context = Context { meter: header.meter(), key, unit: header.unit, shift };
        for voice in &mut self.voices {
            voice.begin_with(self.context);
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
                    if let Some(shift) = field::shift(&properties) {
                        self.key_shift(span, shift);
                    }
                    key.map(Change::Key).ok_or_else(String::new)
                }
                Err(message) => Err(message),
            },
            b'M' => field::meter(content).map(Change::Meter),
            b'L' => field::unit(content).map(Change::Unit),
            b'Q' => field::tempo(content, unit).map(|mark| Change::Tempo(Arc::new(mark))),
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
    fn key_shift(&mut self, span: Span, shift: i32) {
        if let Some(at) = self.current {
            self.voices[at].shift_key(span, shift);
            return;
        }
        self.context.shift = shift;
        for voice in &mut self.voices {
            voice.shift_key(span, shift);
        }
    }

    fn other_field(&mut self, code: u8, span: Span, content: &str, diagnostics: &mut Vec<Diagnostic>) {
        let text = content.trim().to_owned();
        match code {
            b'U' => {
                if let Err(message) = self.symbols.define(&text) {
                    diagnostics.push(Diagnostic::warning(span, message));
                }
            }
            // An instruction is a directive in a field's clothes (ABC 2.1, 3.1.17).
            b'I' => {
                let after_bars = self.after_bars();
                self.tune.directives.push(Directive { span, text, after_bars });
            }
            code if self.in_header => self.tune.header.fields.push(Field { span, code, text }),
            code => self.tune.fields.push(Field { span, code, text }),
        }
    }

    /// Declares a voice or finds it, and takes up its properties. Returns its place.
    fn voice(&mut self, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<usize> {
        let content = &text[value.start..value.end];
        let Some(id) = content.split_whitespace().next() else {
            diagnostics.push(Diagnostic::error(span, "V: needs the name of a voice"));
            return None;
        };
        let known = self.voices.iter().position(|voice| voice.header.id == id);
        if known.is_none() && self.voices.len() >= MOST_VOICES {
            diagnostics.push(Diagnostic::error(span, format!("more than {MOST_VOICES} voices")));
            return None;
        }
        let at = known.unwrap_or_else(|| {
            self.voices.push(VoiceBuilder::new(id, self.context));
            self.voices.len() - 1
        });
        let rest = content.find(id).map_or(content.len(), |start| start + id.len());
        if !self.voices[at].declare(span, field::properties(&content[rest..], value.start + rest)) {
            diagnostics.push(Diagnostic::error(span, format!("voice {id} has too many properties")));
        }
        Some(at)
    }

    /// The voice that music goes to: the one named last, else the first declared, else `1`.
    fn current_voice(&mut self) -> &mut VoiceBuilder {
        if self.voices.is_empty() {
            self.voices.push(VoiceBuilder::new("1", self.context));
        }
        let at = *self.current.get_or_insert(0);
        &mut self.voices[at]
    }

    pub fn music(&mut self, text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) {
        let mut at = span.start;
        loop {
            // A field may define symbols and change voices, so nothing is scanned ahead.
            let mut scanner = Scanner::new(text, Span { start: at, end: span.end }, &self.symbols, diagnostics);
            let Some((place, token)) = scanner.next() else { break };
            at = scanner.at;
            if let Token::Field(code, value) = token {
                self.body_field(code, place, value, text, diagnostics);
                continue;
            }
            let rests_left = self.rests_left;
            let voice = self.current_voice();
            match token {
                Token::Symbol(symbol) => voice.symbol(place, symbol),
                Token::BarLine(line) => voice.bar_line(line),
                Token::BarRests { visible, bars } => {
                    let more = (bars - 1).min(rests_left);
                    voice.bar_rests(place, visible, 1 + more);
                    self.rests_left -= more;
                    if 1 + more < bars {
                        let message = "the text has too many bars of rest; this is one";
                        diagnostics.push(Diagnostic::error(place, message));
                    }
                }
                Token::Tie => voice.tie(place, diagnostics),
                Token::Field(..) => {}
            }
        }
    }
}
