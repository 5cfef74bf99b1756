//! One tune while it is being read: its fields, its voices and which of them the music goes to (ABC 2.1, 3 and 7). What is
//! music goes to [`super::body`].

use std::sync::Arc;

use super::ast::{Change, Context, Directive, Field, PartMark, Tune};
use super::field::Shift;
use super::key::{Key, no_mode};
use super::macros::Macros;
use super::marks::UserSymbols;
use super::midi::MidiSetting;
use super::voice::VoiceBuilder;
use super::{Diagnostic, Fault, Meter, Span, field};
use crate::time::Beats;

/// More voices than this are a mistake; their music goes to the voice before.
const MOST_VOICES: usize = 128;

/// So many characters of a voice's name are distinguished (ABC 2.1, 7).
pub(crate) const NAME_LENGTH: usize = 20;

pub(super) struct TuneBuilder {
    pub tune: Tune,
    pub in_header: bool,
    unit: Option<Beats>,
    /// `Q:` waits for `L:`, which `C3=100` counts in.
    tempo: Option<(Span, String)>,
    /// Shared with whoever is reading music, which a field may stand in.
    pub(super) symbols: Arc<UserSymbols>,
    pub(super) macros: Macros,
    /// The last field was a symbol line, which `+:` goes on with.
    pub(super) in_symbols: bool,
    /// The lines so far behind the last `P:` are fields, none of them `V:`.
    pub(super) at_mark: bool,
    /// What a voice begins with.
    context: Context,
    /// The parts of [`Context::shift`] that the tune's `K:` asks for.
    shift: Shift,
    pub(super) voices: Vec<VoiceBuilder>,
    pub(super) current: Option<usize>,
    /// How many more bars `Z4` and the like may add to what is written: few signs ask for much memory.
    pub rests_left: u32,
    /// How many more characters may come of macros: short calls of long ones must not fill the memory.
    pub macros_left: usize,
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
            symbols: Arc::default(),
            macros: Macros::default(),
            in_symbols: false,
            at_mark: false,
            context,
            shift: Shift::default(),
            voices: Vec::new(),
            current: None,
            rests_left: 1000,
            macros_left: 1000,
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
        // Not collected, which would keep the builders' room.
        self.tune.voices.reserve_exact(self.voices.len());
        self.tune.voices.extend(self.voices.into_iter().map(VoiceBuilder::finish));
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
            self.at_mark = code == b'P' || self.at_mark && code != b'V';
        }
    }

    pub fn header_field(&mut self, code: u8, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) {
        let content = &text[value.start..value.end];
        let mut report = |fault: Fault| diagnostics.push(Diagnostic::error(value, fault));
        match code {
            b'T' => self.tune.header.titles.push(content.trim().to_owned()),
            b'M' => match field::meter(content) {
                Ok(meter) => self.tune.header.meter = Some(meter),
                Err(fault) => report(fault),
            },
            b'L' => match field::unit(content) {
                Ok(unit) => self.unit = Some(unit),
                Err(fault) => report(fault),
            },
            b'Q' => self.tempo = Some((value, content.to_owned())),
            b'P' => match field::part_order(content) {
                Ok(order) => self.tune.header.order = Some(field::PartOrder { span, ..order }),
                Err(fault) => report(fault),
            },
            // In the header a voice is only declared, but directives after it are its own.
            b'V' => self.current = self.voice(span, value, text, diagnostics).or(self.current),
            b'K' => match Key::parse(content) {
                Ok((key, properties)) => {
                    diagnostics.extend(no_mode(&properties).map(|fault| Diagnostic::warning(value, fault)));
                    self.end_header(key, properties, span, diagnostics);
                }
                Err(fault) => {
                    report(fault);
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
                Err(fault) => diagnostics.push(Diagnostic::error(span, fault)),
            }
        }
        self.shift = Shift::of(&properties);
        header.key_properties = properties;
        self.context = Context { meter: header.meter(), key, unit: header.unit, shift: self.shift.semitones() };
        for voice in &mut self.voices {
            voice.begin_with(self.context, self.shift);
        }
        self.in_header = false;
        self.current = None;
    }

    pub(super) fn body_field(
        &mut self,
        code: u8,
        span: Span,
        value: Span,
        text: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
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
                let (name, after_bars) = (content.trim().to_owned(), self.bar_count());
                let mark = PartMark { span, name, after_bars, fields: Vec::new() };
                self.tune.parts.push(mark);
                return;
            }
            b'K' => match Key::parse_field(content) {
                Ok((key, properties)) => {
                    diagnostics.extend(no_mode(&properties).map(|fault| Diagnostic::warning(value, fault)));
                    self.key_shift(span, Shift::of(&properties));
                    let Some(key) = key else { return };
                    Ok(Change::Key(key))
                }
                Err(fault) => Err(fault),
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
            Err(fault) => diagnostics.push(Diagnostic::error(value, fault)),
        }
    }

    /// A change holds for the current voice; before any voice is named it holds for all.
    fn change(&mut self, span: Span, change: &Change) {
        if self.at_mark
            && matches!(change, Change::Key(_) | Change::Meter(_))
            && let Some(mark) = self.tune.parts.last_mut()
        {
            mark.fields.push((span, change.clone()));
        }
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

    pub fn directive(&mut self, mut directive: Directive, diagnostics: &mut Vec<Diagnostic>) {
        Arc::make_mut(&mut self.symbols).instruct(&directive.text);
        directive.midi.clear();
        for setting in MidiSetting::read(&directive.text) {
            match setting {
                Ok(setting) => directive.midi.push(setting),
                Err(fault) => diagnostics.push(Diagnostic::warning(directive.span, fault)),
            }
        }
        directive.voice = self.current.map(|at| self.voices[at].header.id.clone());
        self.tune.directives.push(directive);
    }

    fn other_field(&mut self, code: u8, span: Span, content: &str, diagnostics: &mut Vec<Diagnostic>) {
        let text = content.trim().to_owned();
        match code {
            b'U' => {
                if let Err(fault) = Arc::make_mut(&mut self.symbols).define(&text) {
                    diagnostics.push(Diagnostic::warning(span, fault));
                }
            }
            b'm' => {
                if let Err(fault) = self.macros.define(&text) {
                    diagnostics.push(Diagnostic::warning(span, fault));
                }
            }
            // An instruction is a directive in a field's clothes (ABC 2.1, 3.1.17).
            b'I' => {
                let after_bars = self.after_bars();
                self.directive(Directive { span, text, after_bars, voice: None, midi: Vec::new() }, diagnostics);
            }
            code if self.in_header => self.tune.header.fields.push(Field { span, code, text }),
            code => self.tune.fields.push(Field { span, code, text }),
        }
    }

    /// Declares a voice or finds it, and takes up its properties. Returns its place.
    fn voice(&mut self, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<usize> {
        let content = &text[value.start..value.end];
        let Some(word) = content.split_whitespace().next() else {
            diagnostics.push(Diagnostic::error(span, "V: needs the name of a voice").with_help("as in V:1 or V:bass"));
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
        if !self.voices[at].declare(span, field::properties(&content[rest..], value.start + rest)) {
            diagnostics.push(Diagnostic::error(span, format!("voice {id} has too many properties")));
        }
        Some(at)
    }

    /// The voice that music goes to: the one named last, else the first declared, else `1`.
    pub(super) fn current_voice(&mut self) -> &mut VoiceBuilder {
        if self.voices.is_empty() {
            self.voices.push(VoiceBuilder::new("1", self.context, self.shift));
        }
        let at = *self.current.get_or_insert(0);
        &mut self.voices[at]
    }
}
