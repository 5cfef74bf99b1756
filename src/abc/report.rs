//! Diagnostics as text: one line each, which programs read, or in the manner of rustc for people. Pure.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Severity};

/// So many columns of a line are shown, dots where there is more.
const COLUMNS: usize = 100;

/// Of a long line only so many characters on either side of the place are looked at. More than [`COLUMNS`], so that the
/// renderer sees that something is missing.
const REACH: usize = 2 * COLUMNS;

impl Diagnostic {
    /// Line and column of the start, both from 1; columns count characters.
    #[must_use]
    pub fn line_column(&self, text: &str) -> (usize, usize) {
        let place = Places::new(text).of(self.span.start);
        (place.line, place.column)
    }

    /// `FILE:LINE:COL: severity: message (hint)`, the form that editors jump to.
    #[must_use]
    pub fn display(&self, file: &str, text: &str) -> String {
        self.line_at(file, Places::new(text).of(self.span.start))
    }

    fn line_at(&self, file: &str, place: Place) -> String {
        format!("{}{}", self.head(file, place), self.sentence())
    }

    fn head(&self, file: &str, place: Place) -> String {
        format!("{file}:{}:{}: {}: ", place.line, place.column, self.severity)
    }

    /// `FILE:LINE:COL: severity: message`, below it the line with the place underlined, and the hint.
    fn full_at(&self, file: &str, text: &str, place: Place) -> String {
        let line_end = text[place.byte..].find(['\n', '\r']).map_or(text.len(), |at| place.byte + at);
        let nth =
            |from: usize, count| text[from..line_end].char_indices().nth(count).map_or(line_end, |(at, _)| from + at);
        let back = text[place.line_start..place.byte].char_indices().rev().take(REACH).last();
        let from = back.map_or(place.byte, |(at, _)| place.line_start + at);
        // Spans end between characters, but a renderer must not depend on that.
        let end = boundary(text, self.span.end.clamp(place.byte, nth(place.byte, COLUMNS)));
        let shown = &text[from..nth(place.byte, REACH)];
        let level = if self.severity == Severity::Error { Level::ERROR } else { Level::WARNING };
        let marked = AnnotationKind::Primary.span(place.byte - from..end - from);
        let mut below =
            Group::with_level(level).element(Snippet::source(shown).line_start(place.line).annotation(marked));
        if let Some(help) = &self.help {
            below = below.element(Level::HELP.message(&**help));
        }
        let below = Renderer::plain().term_width(COLUMNS).render(&[below]);
        format!("{}{}\n{below}", self.head(file, place), self.message)
    }
}

/// As [`Diagnostic::display`], for many in the order of their places, without counting lines from the start for each.
pub fn display<'a>(diagnostics: &'a [Diagnostic], file: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let mut places = Places::new(text);
    diagnostics.iter().map(move |diagnostic| diagnostic.line_at(file, places.of(diagnostic.span.start)))
}

/// Line and column of each, as [`Diagnostic::line_column`] gives them; the text is walked once where they are in the order of their places.
pub fn lines_columns<'a>(diagnostics: &'a [Diagnostic], text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    let mut places = Places::new(text);
    diagnostics.iter().map(move |diagnostic| {
        let place = places.of(diagnostic.span.start);
        (place.line, place.column)
    })
}

/// As [`display`], each with its line of the text below it and its hint below that.
pub fn full<'a>(diagnostics: &'a [Diagnostic], file: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let mut places = Places::new(text);
    diagnostics.iter().map(move |diagnostic| diagnostic.full_at(file, text, places.of(diagnostic.span.start)))
}

/// The nearest place between two characters, not after `byte`.
fn boundary(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// Between two characters.
    byte: usize,
    line_start: usize,
    /// From 1, as is the column.
    line: usize,
    column: usize,
}

/// Lines and columns of places, counted on from the place before.
struct Places<'a> {
    text: &'a str,
    last: Place,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Places { text, last: Place { byte: 0, line_start: 0, line: 1, column: 1 } }
    }

    fn of(&mut self, byte: usize) -> Place {
        let byte = boundary(self.text, byte);
        if byte < self.last.byte {
            *self = Places::new(self.text);
        }
        // A line ends with LF, CRLF or CR.
        let bytes = self.text.as_bytes();
        let ends = |&at: &usize| bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        let mut counted = self.last.byte;
        for end in (self.last.byte..byte).filter(ends) {
            self.last.line += 1;
            self.last.line_start = end + 1;
            self.last.column = 1;
            counted = end + 1;
        }
        self.last.column += self.text[counted..byte].chars().count();
        self.last.byte = byte;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::{Fault, Span};

    /// The full form without its first line.
    fn check(text: &str, marked: &str, expect: &str) {
        let start = text.find(marked).expect(marked);
        let span = Span { start, end: start + marked.len() };
        let shown: Vec<String> = full(&[Diagnostic::error(span, "wrong")], "x", text).collect();
        let (head, below) = shown[0].split_once('\n').expect("lines");
        assert_eq!(head, Diagnostic::error(span, "wrong").display("x", text));
        assert_eq!(below, expect.trim_start_matches('\n'), "{text}");
    }

    #[test]
    fn carets_stand_under_the_place() {
        check("X:1\nM:4/x\nK:C\n", "4/x", "\n  |\n2 | M:4/x\n  |   ^^^");
        check("\tA\t?B", "?", "\n  |\n1 |     A    ?B\n  |          ^");
        check("X:1\r\n\"春の海\"C ? D\r\n", "?", "\n  |\n2 | \"春の海\"C ? D\n  |           ^");
        check("e\u{301}?\rK:C", "?", "\n  |\n1 | e\u{301}?\n  |  ^");
        check("e\rf?\rK:C", "?", "\n  |\n2 | f?\n  |  ^");
        check("ab\ncd\n", "b\ncd", "\n  |\n1 | ab\n  |  ^");
        check("K:C\n", "", "\n  |\n1 | K:C\n  | ^");
    }

    #[test]
    fn hints_follow() {
        let said = Diagnostic::warning(Span { start: 4, end: 4 }, Fault::new("no key").with_help("write K:C"));
        let shown: Vec<String> = full(std::slice::from_ref(&said), "x", "X:1\n").collect();
        assert_eq!(shown, ["x:2:1: warning: no key\n  |\n2 |\n  | ^\n  |\n  = help: write K:C"]);
        assert_eq!(said.display("x", "X:1\n"), "x:2:1: warning: no key (write K:C)");
    }

    /// However long a line is, it takes no more than it shows, and both its ends are shown to be missing.
    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = "春 e\u{301}\t|".repeat(50_000);
        for place in [0, line.len() / 2, line.len()] {
            let said: Vec<Diagnostic> =
                (0..100).map(|_| Diagnostic::error(Span { start: place, end: line.len() }, "wrong")).collect();
            for shown in full(&said, "x", &line) {
                assert!(shown.chars().count() < 4 * COLUMNS && shown.contains('^'), "{shown}");
                assert_eq!(shown.contains("| ..."), place > 0, "{shown}");
                assert_eq!(
                    shown.lines().nth(2).is_some_and(|line| line.ends_with("...")),
                    place < line.len(),
                    "{shown}"
                );
            }
        }
    }

    /// Spans that no reader gives: between the bytes of a character, the wrong way round, behind the end.
    #[test]
    fn wrong_spans_do_no_harm() {
        let text = "é\r\nü";
        for start in 0..10 {
            for end in 0..10 {
                let said = [Diagnostic::error(Span { start, end }, "wrong")];
                assert_eq!(full(&said, "x", text).count(), 1);
            }
        }
    }
}
