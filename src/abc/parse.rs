//! Reads ABC text into a [`Book`] (ABC 2.1, 2 and 3). Takes any text whatever, never fails, and says what it did not
//! understand. Owns lines and what begins and ends a tune; the
//! tune's own fields and music go to `tune`.

use memchr::memchr2;

use super::ast::{Book, Comment, Context, Directive, Field};
use super::diagnostic::excerpt;
use super::key::Key;
use super::tune::TuneBuilder;
use super::{Diagnostic, Fault, Meter, Pitch, Span};
use crate::score::{self, Measure};
use crate::time::Beats;

/// Reads a file or a buffer. Spans are byte offsets into `text`.
#[must_use]
pub fn parse(text: &str) -> (Book, Vec<Diagnostic>) {
    let mut reader = Reader {
        text,
        book: Book::default(),
        tune: None,
        diagnostics: Vec::new(),
        stray: false,
        long_header: false,
        keyless_until: 0,
        rests_left: 10_000 + u32::try_from(text.len() / 4).unwrap_or(u32::MAX / 2),
        macros_left: 200_000 + text.len() / 4,
    };
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
    reader.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    (reader.book, reader.diagnostics)
}

/// Reads one bar of one voice, with or without its bar line. `tied_in` are the pitches that a tie brings into it.
#[must_use]
pub fn read_bar(text: &str, key: &Key, meter: Meter, unit: Beats, tied_in: &[Pitch]) -> (Measure, Vec<Diagnostic>) {
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

/// Bars of one voice, ties joined across their lines.
#[must_use]
pub fn read_bars<'a>(texts: impl IntoIterator<Item = &'a str>, key: &Key, meter: Meter, unit: Beats) -> Vec<Measure> {
    let mut tied: Vec<Pitch> = Vec::new();
    let read = |text: &str| {
        let (measure, _) = read_bar(text, key, meter, unit, &tied);
        tied = measure.tied_out();
        measure
    };
    texts.into_iter().map(read).collect()
}

/// Every tune reads the file header again, so that it must not be long: so many lines, of so many bytes.
const LONGEST_FILE_HEADER: usize = 32;
const LONGEST_FILE_LINE: usize = 200;

struct Reader<'a> {
    text: &'a str,
    book: Book,
    tune: Option<TuneBuilder>,
    diagnostics: Vec<Diagnostic>,
    /// Whether music after the end of a tune was reported.
    stray: bool,
    /// Whether a file header without end was reported.
    long_header: bool,
    /// Up to here no `K:` was found, so that a block of fields is searched once.
    keyless_until: usize,
    /// As [`TuneBuilder::rests_left`], for the whole text.
    rests_left: u32,
    /// As [`TuneBuilder::macros_left`], for the whole text.
    macros_left: usize,
}

/// The lines of a text without their ends, which may be LF, CRLF or CR.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Span> {
    let bytes = text.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= bytes.len() {
            return None;
        }
        let rest = &bytes[start..];
        let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = Span { start, end: start + length };
        let crlf = rest[length..].starts_with(b"\r\n");
        start = line.end + if crlf { 2 } else { 1 };
        Some(line)
    })
}

impl Reader<'_> {
    /// Reads a line; returns the line that ends a block which this one begins.
    fn line(&mut self, line: Span) -> Option<&'static str> {
        let text = &self.text[line.start..line.end];
        if text.trim_ascii().is_empty() {
            self.end_tune();
            return None;
        }
        if let Some(directive) = text.strip_prefix("%%") {
            self.directive(line, directive);
            return block_end(directive);
        }
        if text.starts_with('%') {
            self.comment(line, true);
            return None;
        }
        let code = field_code(text, self.tune.as_ref().is_some_and(|tune| !tune.in_header));
        let content = Span { start: line.start, end: line.start + comment_start(text, code) };
        if content.end < line.end && self.text[content.start..content.end].trim_ascii().is_empty() {
            self.comment(Span { start: content.end, end: line.end }, true);
            return None;
        }
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

    /// Whether a field or directive outside a tune is one of the file header.
    fn in_file_header(&mut self, span: Span) -> bool {
        if !self.book.tunes.is_empty() {
            return false;
        }
        let lines = self.book.fields.len() + self.book.directives.len();
        let fits = lines < LONGEST_FILE_HEADER && span.end - span.start <= LONGEST_FILE_LINE;
        if !fits && !self.long_header {
            self.long_header = true;
            let message = format!(
                "a file header has at most {LONGEST_FILE_HEADER} lines of {LONGEST_FILE_LINE} bytes; what is more is passed over"
            );
            let help = "what belongs to one tune comes after its X:";
            self.diagnostics.push(Diagnostic::warning(span, message).with_help(help));
        }
        fits
    }

    fn directive(&mut self, span: Span, text: &str) {
        let after_bars = self.tune.as_ref().and_then(TuneBuilder::after_bars);
        let directive = Directive { span, text: text.trim().to_owned(), after_bars, voice: None, midi: Vec::new() };
        let in_header = self.tune.is_none() && self.in_file_header(span);
        match &mut self.tune {
            Some(builder) => builder.directive(directive, &mut self.diagnostics),
            None if in_header => self.book.directives.push(directive),
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
            self.diagnostics.push(
                Diagnostic::warning(span, format!("'{}' is not a tune number", excerpt(text)))
                    .with_help("a whole number, as in X:1"),
            );
        }
        self.new_tune(number, span);
    }

    fn new_tune(&mut self, number: Option<u32>, span: Span) {
        let mut builder = TuneBuilder::default();
        builder.tune.number = number;
        builder.tune.span = span;
        builder.rests_left = self.rests_left;
        builder.macros_left = self.macros_left;
        for file_field in &self.book.fields {
            let value = Span { start: file_field.span.start + 2, end: file_field.span.end };
            builder.header_field(file_field.code, file_field.span, value, self.text, &mut Vec::new());
        }
        for directive in &self.book.directives {
            builder.directive(directive.clone(), &mut Vec::new());
        }
        self.tune = Some(builder);
        self.stray = false;
    }

    fn end_tune(&mut self) {
        let Some(mut builder) = self.tune.take() else { return };
        if builder.in_header {
            let message = "the tune has no K: field, so nothing in it is music";
            let help = "K: ends the header, as in K:C";
            self.diagnostics.push(Diagnostic::warning(builder.tune.span, message).with_help(help));
            builder.end_header(Key::NONE, Vec::new(), builder.tune.span, &mut self.diagnostics);
        }
        self.rests_left = builder.rests_left;
        self.macros_left = builder.macros_left;
        let end = builder.tune.span.end;
        self.book.tunes.push(builder.finish(end));
    }

    fn field(&mut self, code: u8, span: Span) {
        if self.tune.is_none() && b"TMLQKVP".contains(&code) && self.block_has_key(span.start) {
            self.diagnostics
                .push(Diagnostic::warning(span, "a tune begins with X:").with_help("put X:1 before this line"));
            self.new_tune(None, Span { start: span.start, end: span.start });
        }
        let value = Span { start: span.start + 2, end: span.end };
        let in_header = self.tune.is_none() && self.in_file_header(span);
        match &mut self.tune {
            Some(builder) => {
                builder.tune.span.end = span.end;
                builder.field(code, span, value, self.text, &mut self.diagnostics);
            }
            None if in_header => {
                let text = self.text[value.start..value.end].trim().to_owned();
                self.book.fields.push(Field { span, code, text });
            }
            None => {}
        }
    }

    fn music(&mut self, span: Span) {
        let text = self.text;
        let looks_musical = || is_musical(&text[span.start..span.end]);
        match &mut self.tune {
            Some(builder) if builder.in_header && looks_musical() => {
                let fault =
                    Fault::new("music before K:; played without a key").with_help("put K:C, or another key, before it");
                self.diagnostics.push(Diagnostic::warning(span, fault));
                let end = Span { start: span.start, end: span.start };
                builder.end_header(Key::NONE, Vec::new(), end, &mut self.diagnostics);
            }
            Some(builder) if builder.in_header => {
                self.diagnostics.push(Diagnostic::warning(span, no_field(&text[span.start..span.end])));
                return;
            }
            Some(_) => {}
            None => {
                if !self.stray && looks_musical() {
                    self.stray = true;
                    let help = "an empty line ends a tune: remove the one above, or begin another tune with X: and K:";
                    self.diagnostics.push(Diagnostic::warning(span, "this music belongs to no tune").with_help(help));
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
    fn block_has_key(&mut self, start: usize) -> bool {
        if start < self.keyless_until {
            return false;
        }
        let mut block = lines(&self.text[start..])
            .map(|line| (start + line.end, &self.text[start + line.start..start + line.end]))
            .take_while(|(_, line)| !line.trim_ascii().is_empty() && !line.starts_with("X:"));
        let mut end = start;
        let found = block.any(|(line_end, line)| {
            end = line_end;
            line.starts_with("K:")
        });
        if !found {
            self.keyless_until = end;
        }
        found
    }
}

/// The line that ends a block of other than music which a directive, without its signs, begins.
pub(crate) fn block_end(directive: &str) -> Option<&'static str> {
    let ends = [("begintext", "%%endtext"), ("beginps", "%%endps"), ("beginsvg", "%%endsvg")];
    ends.iter().find(|(begin, _)| directive.trim_start().starts_with(begin)).map(|(_, end)| *end)
}

/// Where a line's comment begins, or else its length. In `V:` a number's per cent sign is no comment: `gate=50%`.
pub(crate) fn comment_start(line: &str, code: Option<u8>) -> usize {
    let bytes = line.as_bytes();
    if !bytes.contains(&b'%') {
        return line.len();
    }
    let comment = bytes.iter().enumerate().position(|(at, &byte)| {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        byte == b'%' && before != Some(b'\\') && !(code == Some(b'V') && before.is_some_and(|b| b.is_ascii_digit()))
    });
    comment.unwrap_or(line.len())
}

/// The letter of a field line. In the body `d:|` is music.
pub(crate) fn field_code(text: &str, in_body: bool) -> Option<u8> {
    let &[code, b':', ref rest @ ..] = text.as_bytes() else { return None };
    let is_note = in_body && matches!(code, b'A'..=b'G' | b'a'..=b'g' | b'z' | b'x');
    let is_bar_line = is_note && matches!(rest.first(), Some(b'|' | b':'));
    (!is_bar_line && (code.is_ascii_alphabetic() || code == b'+')).then_some(code)
}

/// What to say of a header's line without letter and colon.
fn no_field(text: &str) -> Fault {
    let fault = Fault::new("this line of the header is no field");
    match text.as_bytes() {
        // The colon was forgotten, or is another sign.
        [letter, b' ' | b';' | b'=' | b'.', ..] if letter.is_ascii_alphabetic() => {
            fault.with_help(format!("did you mean '{}:{}'?", char::from(*letter), excerpt(&text[2..])))
        }
        _ => fault.with_help("a field is a letter and a colon, as in T:Title; a comment begins with %"),
    }
}

/// Whether a line that should not be music nevertheless looks like it: bar lines, and nothing but music code.
pub(super) fn is_musical(text: &str) -> bool {
    let (mut quoted, mut named) = (false, false);
    let all = text.bytes().all(|byte| {
        quoted ^= byte == b'"';
        named ^= byte == b'!';
        quoted
            || named
            || byte.is_ascii_digit()
            || b"ABCDEFGabcdefgzxZXyTuv|:[]()<>{}^_=,'/-~.!\" \t\\`&".contains(&byte)
            || byte == b'V'
    });
    text.contains('|') && all
}
