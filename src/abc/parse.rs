//! Reads ABC text into a [`Book`] (ABC 2.1, 2 and 3). Takes any text whatever, never fails, and says what it did not
//! understand. Owns lines, fields, comments and voices; [`super::music`] reads what stands between the bar lines.

use super::ast::{Book, Change, Comment, Context, Directive, Field, PartMark, Tune};
use super::key::Key;
use super::music::{Scanner, Token, UserSymbols};
use super::voice::VoiceBuilder;
use super::{Diagnostic, Meter, Span, field};
use crate::score::{self, Measure};
use crate::time::Beats;

/// Reads a file or a buffer. Spans are byte offsets into `text`.
#[must_use]
pub fn parse(text: &str) -> (Book, Vec<Diagnostic>) {
    let mut reader = Reader { text, book: Book::default(), tune: None, diagnostics: Vec::new(), stray: false };
    let mut until = None;
    for line in lines(text) {
        // Typeset text and the like is kept out of the music.
        match until {
            Some(end) if text[line.start..line.end].starts_with(end) => until = None,
            Some(_) => {}
            None => until = reader.line(line),
        }
    }
    reader.end_tune();
    (reader.book, reader.diagnostics)
}

/// Reads one bar of one voice, with or without its bar line. `tied_in` are the pitches that a tie brings into it.
#[must_use]
pub fn read_bar(
    text: &str,
    key: &Key,
    meter: Meter,
    unit: Beats,
    tied_in: &[crate::abc::Pitch],
) -> (Measure, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let context = Context { meter, key: *key, unit, shift: 0 };
    let mut builder = TuneBuilder::new(context);
    builder.music(text, Span { start: 0, end: text.len() }, &mut diagnostics);
    let tune = builder.finish(text.len());
    let bars = tune.voices.first().map_or(&[][..], |voice| &voice.bars);
    if let Some(second) = bars.get(1) {
        diagnostics.push(Diagnostic::error(second.span, "more than one bar"));
    }
    let mut carry = score::Carry { tied: tied_in.to_vec(), ..score::Carry::default() };
    let (measure, heard) = bars.first().map(|bar| score::measure(bar, &mut carry)).unwrap_or_default();
    diagnostics.extend(heard);
    (measure, diagnostics)
}

struct Reader<'a> {
    text: &'a str,
    book: Book,
    tune: Option<TuneBuilder>,
    diagnostics: Vec<Diagnostic>,
    /// Whether music after the end of a tune was reported.
    stray: bool,
}

/// The lines of a text without their ends, which may be LF, CRLF or CR.
fn lines(text: &str) -> impl Iterator<Item = Span> {
    let bytes = text.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= bytes.len() {
            return None;
        }
        let rest = &bytes[start..];
        let length = rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = Span { start, end: start + length };
        let crlf = rest[length..].starts_with(b"\r\n");
        start = line.end + if crlf { 2 } else { 1 };
        Some(line)
    })
}

impl<'a> Reader<'a> {
    /// Reads a line; returns the line that ends a block which this one begins.
    fn line(&mut self, line: Span) -> Option<&'static str> {
        let text = &self.text[line.start..line.end];
        if text.trim_ascii().is_empty() {
            self.end_tune();
            return None;
        }
        if let Some(directive) = text.strip_prefix("%%") {
            self.directive(line, directive);
            let end = [("begintext", "%%endtext"), ("beginps", "%%endps"), ("beginsvg", "%%endsvg")];
            return end.iter().find(|(begin, _)| directive.trim_start().starts_with(begin)).map(|(_, end)| *end);
        }
        if text.starts_with('%') {
            self.comment(line, true);
            return None;
        }
        let code = field_code(text, self.tune.as_ref().is_some_and(|tune| !tune.in_header));
        let content = Span { start: line.start, end: self.comment_start(line, code) };
        match code {
            Some(b'X') => self.begin_tune(content),
            Some(code) => self.field(code, content),
            None => self.music(content),
        }
        if content.end < line.end {
            self.comment(Span { start: content.end, end: line.end }, false);
        }
        None
    }

    /// Where the line's comment begins. In `V:` a number's per cent sign is no comment: `gate=50%`.
    fn comment_start(&self, line: Span, code: Option<u8>) -> usize {
        let bytes = &self.text.as_bytes()[line.start..line.end];
        let comment = bytes.iter().enumerate().position(|(at, &byte)| {
            let before = at.checked_sub(1).map(|before| bytes[before]);
            byte == b'%' && before != Some(b'\\') && !(code == Some(b'V') && before.is_some_and(|b| b.is_ascii_digit()))
        });
        comment.map_or(line.end, |at| line.start + at)
    }

    fn directive(&mut self, span: Span, text: &str) {
        let after_bars = self.tune.as_ref().and_then(TuneBuilder::after_bars);
        let directive = Directive { span, text: text.trim().to_owned(), after_bars };
        match &mut self.tune {
            Some(builder) => builder.tune.directives.push(directive),
            None if self.book.tunes.is_empty() => self.book.directives.push(directive),
            None => {}
        }
    }

    fn comment(&mut self, span: Span, whole_line: bool) {
        if let Some(builder) = &mut self.tune {
            let after_bars = builder.after_bars();
            let text = self.text[span.start + 1..span.end].to_owned();
            builder.tune.comments.push(Comment { span, text, whole_line, after_bars });
        }
    }

    fn begin_tune(&mut self, span: Span) {
        self.end_tune();
        let text = self.text[span.start + 2..span.end].trim();
        let number = text.parse().ok();
        if number.is_none() && !text.is_empty() {
            self.diagnostics.push(Diagnostic::warning(span, format!("'{text}' is not a tune number")));
        }
        self.new_tune(number, span);
    }

    fn new_tune(&mut self, number: Option<u32>, span: Span) {
        let mut builder = TuneBuilder::default();
        builder.tune.number = number;
        builder.tune.span = span;
        for file_field in &self.book.fields {
            let value = Span { start: file_field.span.start + 2, end: file_field.span.end };
            builder.header_field(file_field.code, file_field.span, value, self.text, &mut Vec::new());
        }
        self.tune = Some(builder);
        self.stray = false;
    }

    fn end_tune(&mut self) {
        let Some(builder) = self.tune.take() else { return };
        if builder.in_header {
            let message = "the tune has no K: field, so nothing in it is music";
            self.diagnostics.push(Diagnostic::warning(builder.tune.span, message));
        }
        let end = builder.tune.span.end;
        self.book.tunes.push(builder.finish(end));
    }

    fn field(&mut self, code: u8, span: Span) {
        if self.tune.is_none() && b"TMLQKVP".contains(&code) && self.block_has_key(span.start) {
            self.diagnostics.push(Diagnostic::warning(span, "a tune begins with X:, such as X:1"));
            self.new_tune(None, Span { start: span.start, end: span.start });
        }
        let value = Span { start: span.start + 2, end: span.end };
        match &mut self.tune {
            Some(builder) => {
                builder.tune.span.end = span.end;
                builder.field(code, span, value, self.text, &mut self.diagnostics);
            }
            None if self.book.tunes.is_empty() => {
                let text = self.text[value.start..value.end].trim().to_owned();
                self.book.fields.push(Field { span, code, text });
            }
            None => {}
        }
    }

    fn music(&mut self, span: Span) {
        let looks_musical = is_musical(&self.text[span.start..span.end]);
        match &mut self.tune {
            Some(builder) if builder.in_header && looks_musical => {
                self.diagnostics.push(Diagnostic::warning(span, "music before K:; played without a key"));
                let end = Span { start: span.start, end: span.start };
                builder.end_header(Key::NONE, Vec::new(), end, &mut self.diagnostics);
            }
            Some(builder) if builder.in_header => {
                self.diagnostics.push(Diagnostic::warning(span, "this line of the header is no field"));
                return;
            }
            Some(_) => {}
            None => {
                if looks_musical && !self.stray {
                    self.stray = true;
                    let message = "this music belongs to no tune: an empty line ends a tune, X: begins one";
                    self.diagnostics.push(Diagnostic::warning(span, message));
                }
                return;
            }
        }
        if let Some(builder) = &mut self.tune {
            builder.tune.span.end = span.end;
            builder.music(self.text, span, &mut self.diagnostics);
        }
    }

    /// Whether a `K:` line comes before the next empty line or `X:`.
    fn block_has_key(&self, start: usize) -> bool {
        let block = self.text[start..].lines().take_while(|line| !line.trim().is_empty() && !line.starts_with("X:"));
        block.into_iter().any(|line| line.starts_with("K:"))
    }
}

/// The letter of a field line. In the body `d:|` is music.
fn field_code(text: &str, in_body: bool) -> Option<u8> {
    let &[code, b':', ref rest @ ..] = text.as_bytes() else { return None };
    let is_note = in_body && matches!(code, b'A'..=b'G' | b'a'..=b'g' | b'z' | b'x');
    let is_bar_line = is_note && matches!(rest.first(), Some(b'|' | b':'));
    (!is_bar_line && (code.is_ascii_alphabetic() || code == b'+')).then_some(code)
}

/// Whether a line that should not be music nevertheless looks like it: bar lines, and nothing but music code.
fn is_musical(text: &str) -> bool {
    let mut quoted = false;
    let all = text.bytes().all(|byte| {
        quoted ^= byte == b'"';
        quoted
            || byte.is_ascii_digit()
            || b"ABCDEFGabcdefgzxZXyTuv|:[]()<>{}^_=,'/-~.!\" \t\\`&".contains(&byte)
            || byte == b'V'
    });
    text.contains('|') && all
}

struct TuneBuilder {
    tune: Tune,
    in_header: bool,
    unit: Option<Beats>,
    /// `Q:` waits for `L:`, which `C3=100` counts in.
    tempo: Option<Span>,
    tempo_text: String,
    symbols: UserSymbols,
    /// What a voice begins with.
    context: Context,
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
    fn new(context: Context) -> Self {
        TuneBuilder {
            tune: Tune::default(),
            in_header: false,
            unit: None,
            tempo: None,
            tempo_text: String::new(),
            symbols: UserSymbols::default(),
            context,
            voices: Vec::new(),
            current: None,
        }
    }

    fn after_bars(&self) -> Option<usize> {
        (!self.in_header).then(|| self.bar_count())
    }

    fn bar_count(&self) -> usize {
        self.voices.iter().map(VoiceBuilder::bar_count).max().unwrap_or(0)
    }

    fn finish(mut self, end: usize) -> Tune {
        self.tune.span.end = end;
        self.tune.header.voices =
            self.voices.iter().filter(|voice| voice.declared).map(|voice| voice.header.clone()).collect();
        self.tune.voices = self.voices.into_iter().map(VoiceBuilder::finish).collect();
        self.tune
    }

    fn field(&mut self, code: u8, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) {
        if self.in_header {
            self.header_field(code, span, value, text, diagnostics);
        } else {
            self.body_field(code, span, value, text, diagnostics);
        }
    }

    fn header_field(&mut self, code: u8, span: Span, value: Span, text: &str, diagnostics: &mut Vec<Diagnostic>) {
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
            b'Q' => {
                self.tempo = Some(value);
                content.clone_into(&mut self.tempo_text);
            }
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

    fn end_header(
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
        if let Some(span) = self.tempo {
            match field::tempo(&self.tempo_text, header.unit) {
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
            b'Q' => field::tempo(content, unit).map(Change::Tempo),
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
            Change::Tempo(mark) if self.voices.is_empty() => self.tune.header.tempo = Some(mark.clone()),
            change => self.context.apply(change),
        }
    }

    /// A `K:` with a clef or the like.
    fn key_shift(&mut self, span: Span, shift: i32) {
        match self.current {
            Some(at) => self.voices[at].shift_key(span, shift),
            None => {
                self.context.shift = shift;
                self.voices.iter_mut().for_each(|voice| voice.shift_key(span, shift));
            }
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
        let at = self.voices.iter().position(|voice| voice.header.id == id).unwrap_or_else(|| {
            self.voices.push(VoiceBuilder::new(id, self.context));
            self.voices.len() - 1
        });
        let rest = content.find(id).map_or(content.len(), |start| start + id.len());
        self.voices[at].declare(span, field::properties(&content[rest..], value.start + rest));
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

    fn music(&mut self, text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) {
        let mut at = span.start;
        loop {
            // A field may define symbols and change voices, so nothing is scanned ahead.
            let mut scanner = Scanner::new(text, Span { start: at, end: span.end }, &self.symbols, diagnostics);
            let Some((place, token)) = scanner.next() else { break };
            at = scanner.at();
            if let Token::Field(code, value) = token {
                self.body_field(code, place, value, text, diagnostics);
                continue;
            }
            let voice = self.current_voice();
            match token {
                Token::Symbol(symbol) => voice.symbol(place, symbol),
                Token::BarLine(line) => voice.bar_line(line),
                Token::BarRests { visible, bars } => voice.bar_rests(place, visible, bars),
                Token::Tie => voice.tie(place, diagnostics),
                Token::Field(..) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ast::Bar;
    use super::*;

    /// The written text of each bar of each voice, `voice: bar / bar`.
    fn check_bars(text: &str, expect: &str) {
        let (book, _) = parse(text);
        let shown: Vec<String> = book.tunes[0]
            .voices
            .iter()
            .map(|voice| {
                let written = |bar: &Bar| text[bar.span.start..bar.span.end].replace('\n', "~");
                format!("{}: {}", voice.id, voice.bars.iter().map(written).collect::<Vec<_>>().join(" / "))
            })
            .collect();
        assert_eq!(shown.join("; "), expect, "{text}");
    }

    /// The sounding MIDI pitches and the length in whole notes of every bar.
    fn check_music(body: &str, expect: &str) {
        let text = format!("X:1\nM:4/4\nL:1/8\nK:C\n{body}\n");
        let (book, _) = parse(&text);
        let mut carry = score::Carry::default();
        let shown: Vec<String> = book.tunes[0].voices[0]
            .bars
            .iter()
            .map(|bar| {
                let (measure, _) = score::measure(bar, &mut carry);
                let notes: Vec<String> = measure
                    .notes
                    .iter()
                    .map(|n| format!("{}:{}", n.pitch.midi(), n.length.ratio(Beats::new(1, 8))))
                    .collect();
                notes.join(" ")
            })
            .collect();
        assert_eq!(shown.join(" | "), expect, "{body}");
    }

    fn check_messages(text: &str, expect: &[&str]) {
        let (_, diagnostics) = parse(text);
        let shown: Vec<String> = diagnostics.iter().map(|d| d.display("x", text)).collect();
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn bar_lines_make_bars() {
        check_bars("X:1\nK:C\n|:C2 D2|[1E4:|[2F4|]\n", "1: C2 D2 / E4 / F4");
        check_bars("X:1\nK:C\nC||\n|: D :|\n| [CEG] [|] [K:G] c\n", "1: C / D / [CEG] / [K:G] c");
        check_bars("X:1\nK:C\nZ3|C\n", "1: Z3 / Z3 / Z3 / C");
        check_bars("X:1\nK:C\n\"Dm\"|\"C\"|D|\"D.C.\"|E|\n", "1: \"Dm\" / \"C\" / D / \"D.C.\"|E");
        check_bars("X:1\nK:C\n\"Dm\"|:D|\n", "1: \"Dm\"|:D");
        check_bars("X:1\nK:C\nAB\\\ncd|e % f|\n`g`a|", "1: AB\\~cd / e % f|~`g`a");
        check_bars("X:1\nK:C\nC|\nd:|\n", "1: C / d");
    }

    #[test]
    fn voices_interleaved_or_in_blocks() {
        let expect = "1: C / D; 2: E / F";
        check_bars("X:1\nK:C\n[V:1]C|[V:2]E|\n[V:1]D|[V:2]F|\n", expect);
        check_bars("X:1\nK:C\nV:1\nC|D|\nV:2\nE|F|\n", expect);
        check_bars("X:1\nV:1\nV:2\nK:C\nV:2\nE|F|\nV:1\nC|D|\n", expect);
        check_bars("X:1\nV:1 clef=treble\nV:2\nK:C\nC|D|\nV:2\nE|F|\n", expect);
    }

    #[test]
    fn state_is_the_voices_own() {
        let text = "X:1\nM:4/4\nL:1/8\nK:C\n[V:1]F|[K:D][L:1/4][M:3/4]F|\n[V:2]F|\n[V:1]F|\n";
        let (book, _) = parse(text);
        let tune = &book.tunes[0];
        let shown = |voice: &str, at: usize| {
            let context = tune.voice(voice).expect("a voice").bars[at].context;
            format!("{} {} {}", context.key, context.unit, context.meter)
        };
        assert_eq!(shown("1", 0), "C 1/8 4/4");
        assert_eq!(shown("1", 1), "D 1/4 3/4");
        assert_eq!(shown("2", 0), "C 1/8 4/4");
        assert_eq!(shown("1", 2), "D 1/4 3/4");
    }

    #[test]
    fn pitches_and_lengths() {
        check_music("C,C c c' C,'", "48:1 60:1 72:1 84:1 60:1");
        check_music("A3/2A/A//A/4A3/A2", "69:3/2 69:1/2 69:1/4 69:1/4 69:3/2 69:2");
        check_music("^C c C, | c =c", "61:1 73:1 49:1 | 72:1 72:1");
        check_music("{^f}f F|f", "78:1 66:1 | 77:1");
        check_music("[^CE]c", "61:1 64:1 73:1");
        check_music("A>B c<<d e>>>f", "69:3/2 71:1/2 72:1/4 74:7/4 76:15/8 77:1/8");
        check_music("A{g}<A A2>B", "69:1/2 69:3/2 69:3 71:1/2");
        check_music(
            "(3ABc (3:2:2G4c2 (5ABcde",
            "69:2/3 71:2/3 72:2/3 67:8/3 72:4/3 69:2/5 71:2/5 72:2/5 74:2/5 76:2/5",
        );
        check_music("[M:6/8](5ABcde", "69:3/5 71:3/5 72:3/5 74:3/5 76:3/5");
        check_music("[C2E2]3 [C2E4]", "60:6 64:6 60:2 64:4");
        check_music("C2D2&E4|F", "60:2 64:4 62:2 | 65:1");
        check_music("[K:C transpose=2]C|[K:C octave=-1]C|C", "62:1 | 48:1 | 48:1");
        check_music("^c-|c c", "73:1 | 73:1 72:1");
    }

    #[test]
    fn comments_and_marks_know_their_bar() {
        let text = "X:1\n% slow air\nT:A % title\nK:C\nC|D|\n% wake up\nP:B\n%%phrase 8\n[V:2]C|\n%- note\n";
        let (book, diagnostics) = parse(text);
        assert_eq!(diagnostics, []);
        let tune = &book.tunes[0];
        let shown: Vec<_> = tune.comments.iter().map(|c| (c.text.as_str(), c.whole_line, c.after_bars)).collect();
        assert_eq!(
            shown,
            [
                (" slow air", true, None),
                (" title", false, None),
                (" wake up", true, Some(2)),
                ("- note", true, Some(2))
            ]
        );
        assert_eq!((tune.parts[0].name.as_str(), tune.parts[0].after_bars), ("B", 2));
        assert_eq!((tune.directives[0].text.as_str(), tune.directives[0].after_bars), ("phrase 8", Some(2)));
        assert_eq!(tune.header.titles, ["A"]);
    }

    #[test]
    fn voices_keep_their_properties() {
        let text = "X:1\nV:lead by=model gate=50% name=\"A b\" mute\nK:C\n[V:lead]C|\n";
        let (book, _) = parse(text);
        let voice = &book.tunes[0].header.voices[0];
        let get = |name| voice.get(name);
        assert_eq!(
            (get("by"), get("gate"), get("name"), get("mute"), get("pan")),
            (Some("model"), Some("50%"), Some("A b"), Some(""), None)
        );
        let span = voice.properties[1].span;
        assert_eq!(&text[span.start..span.end], "gate=50%");
    }

    #[test]
    fn tunes_and_what_is_between_them() {
        let (book, diagnostics) = parse("a book\n\nX:1\nK:C\nC|\n\nfree text\n\nX:2\nK:D\nD|\nX:3\nK:E\n");
        assert_eq!(diagnostics, []);
        assert_eq!(book.tunes.iter().map(|tune| tune.number).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
        let (book, _) = parse("L:1/4\nM:3/4\n\nX:1\nK:C\nC|\n");
        assert_eq!(book.tunes[0].header.unit, Beats::new(1, 4));
        assert_eq!(book.tunes[0].header.meter().to_string(), "3/4");
    }

    #[test]
    fn messages() {
        check_messages("T:x\nK:C\nC|\n", &["x:1:1: warning: a tune begins with X:, such as X:1"]);
        check_messages("X:1\nK:C\nC ? D|\n", &["x:3:3: error: '?' has no meaning here"]);
        check_messages("X:1\nK:C\n\"Dm C|D|\n", &["x:3:1: error: the quote is not closed"]);
        check_messages("X:1\nK:C\n[CE G|D|\n", &["x:3:1: error: the chord's ']' is missing"]);
        check_messages(
            "X:1\nK:C\na3//4 b/2/|\n",
            &[
                "x:3:2: error: '3//4' is not a note length such as 2, 3/2 or /4",
                "x:3:8: error: '/2/' is not a note length such as 2, 3/2 or /4",
            ],
        );
        check_messages(
            "X:1\nM:x\nK:Q\nC|\n",
            &["x:2:3: error: 'x' is not a metre such as 6/8, C, C| or none", "x:3:3: error: 'Q' is not a key"],
        );
        check_messages(
            "X:1\nK:C\nC|\n\nD|E|\n",
            &["x:5:1: warning: this music belongs to no tune: an empty line ends a tune, X: begins one"],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            let _ = crate::check::check(&format!("X:1\nK:C\n{text}"));
            let _ = crate::check::check(&text);
        }

        #[test]
        fn any_music_is_read_and_played(text in "[A-GzZ0-9/|:\\[\\]()<>{}^_=,' \"&!.\nKLMPQV-]{0,80}") {
            let text = format!("X:1\nP:A2B\nK:C\n{text}");
            let (book, _) = parse(&text);
            for tune in &book.tunes {
                let _ = crate::notes::notes(tune);
            }
            let _ = crate::check::check(&text);
        }
    }
}
