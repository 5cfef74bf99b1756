//! One file of the set on the screen: what is typed, what is on disk, what was evaluated. Owned by `App`; a plain value.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::editor::{Editor, Position};
use super::follow::Follow;
use super::highlight::Highlight;
use crate::abc::piece::Piece;
use crate::abc::report::lines_columns;
use crate::abc::{Diagnostic, Severity};

/// A diagnostic with its place in lines and columns, both from 1. It moves with its line while text is typed above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub line: usize,
    pub column: usize,
    pub severity: Severity,
    /// With its hint.
    pub message: String,
}

/// A text with which the screen's is compared in every picture.
#[derive(Debug, Default)]
pub struct Held {
    text: String,
    /// What came of it, and with which version of the editor.
    last: Cell<(u64, bool)>,
}

impl Held {
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn is_in(&self, editor: &Editor) -> bool {
        if self.last.get().0 != editor.version() {
            self.last.set((editor.version(), editor.is(&self.text)));
        }
        self.last.get().1
    }
}

impl From<String> for Held {
    fn from(text: String) -> Held {
        Held { text, last: Cell::default() }
    }
}

#[derive(Debug)]
pub struct Document {
    pub path: PathBuf,
    pub editor: Editor,
    pub highlight: Highlight,
    pub follow: Follow,
    /// What the file holds, or held before it was removed.
    pub saved: Held,
    /// There is no such file: it was removed, or never written.
    pub missing: bool,
    /// The text last sent for evaluation; `None` before the first time.
    pub evaluated: Option<Held>,
    /// The text that was taken last.
    pub taken: Option<String>,
    /// The version that another program saved while this one was being edited.
    pub theirs: Option<String>,
    /// What was typed in a set before, and no file holds.
    pub left: Option<String>,
    /// In the order of their places.
    pub marks: Vec<Mark>,
    /// How the words were understood, in the words of whoever evaluated them.
    pub heard: String,
}

/// What a new content on disk means for a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is what is on the screen already.
    Known,
    Replaced,
    /// The screen holds typed text that is not on disk: it stays, the other version waits.
    Waits,
}

impl Document {
    #[must_use]
    pub fn new(path: PathBuf, text: &str) -> Self {
        let editor = Editor::new(text);
        Document {
            highlight: Highlight::new(&path, editor.lines().len()),
            follow: Follow::default(),
            path,
            saved: editor.text().into(),
            editor,
            missing: false,
            evaluated: None,
            taken: None,
            theirs: None,
            left: None,
            marks: Vec::new(),
            heard: String::new(),
        }
    }

    #[must_use]
    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    /// Does the screen hold text that the file does not?
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        !self.saved.is_in(&self.editor)
    }

    /// Would leaving now lose text?
    #[must_use]
    pub fn needs_saving(&self) -> bool {
        self.is_dirty() || (self.missing && !self.saved.text().is_empty())
    }

    /// Is there text that was not evaluated yet?
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.evaluated.as_ref().is_some_and(|text| text.is_in(&self.editor))
    }

    pub fn file_changed(&mut self, text: String) -> Taken {
        self.missing = false;
        if self.editor.is(&text) {
            self.saved = text.into();
            self.theirs = None;
            Taken::Known
        } else if self.saved.text() == text {
            Taken::Known
        } else if self.is_dirty() {
            self.saved = text.clone().into();
            self.theirs = Some(text);
            Taken::Waits
        } else {
            self.edit(|editor| editor.set_text_keeping_cursor(&text));
            self.saved = self.editor.text().into();
            Taken::Replaced
        }
    }

    /// Puts what was typed before on the screen; undo takes it back.
    pub fn load_left(&mut self) -> bool {
        let Some(left) = self.left.take() else { return false };
        self.edit(|editor| editor.set_text_keeping_cursor(&left));
        true
    }

    /// Puts the other program's version on the screen; the typed text can be had back by undo.
    pub fn load_theirs(&mut self) -> bool {
        let Some(theirs) = self.theirs.take() else { return false };
        self.edit(|editor| editor.set_text_keeping_cursor(&theirs));
        true
    }

    /// Keeps the diagnostics of `text`, which is the one that was evaluated.
    pub fn set_marks(&mut self, diagnostics: &[Diagnostic], text: &str) {
        let mark = |(diagnostic, (line, column)): (&Diagnostic, (usize, usize))| {
            let (severity, message) = (diagnostic.severity, diagnostic.sentence());
            Mark { line, column, severity, message }
        };
        self.marks = diagnostics.iter().zip(lines_columns(diagnostics, text)).map(mark).collect();
        self.marks.sort_by_key(|mark| (mark.line, mark.column));
    }

    /// The worst mark of a line, counted from 1.
    #[must_use]
    pub fn mark_on(&self, line: usize) -> Option<&Mark> {
        let first = self.marks.partition_point(|mark| mark.line < line);
        self.marks[first..].iter().take_while(|mark| mark.line == line).max_by_key(|mark| mark.severity)
    }

    /// The first error, or else the first warning.
    #[must_use]
    pub fn first_mark(&self) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.severity == Severity::Error).or(self.marks.first())
    }

    /// Runs `change` on the editor and lets go along what belongs to lines: marks and colours.
    pub fn edit<T>(&mut self, change: impl FnOnce(&mut Editor) -> T) -> T {
        let result = change(&mut self.editor);
        for change in self.editor.take_changes() {
            let (first, behind) = (change.line + 1, change.line + 1 + change.removed);
            for mark in self.marks.iter_mut().filter(|mark| mark.line > first) {
                mark.line = if mark.line >= behind {
                    mark.line - change.removed + change.inserted
                } else {
                    mark.line.min(change.line + change.inserted)
                };
            }
            self.highlight.change(change);
            self.follow.change(change);
        }
        result
    }

    /// Selects what the parser takes for one piece of music at a place, or else the word there.
    pub fn select_word(&mut self, place: Position) {
        let Position { line, byte } = place;
        self.read_to(line + 1);
        let here = |piece: &&Piece| piece.kind.is_music() && (piece.span.start..piece.span.end).contains(&byte);
        match self.highlight.pieces(line).iter().find(here).map(|piece| piece.span) {
            Some(span) => {
                self.editor.select(Position { line, byte: span.start }, Position { line, byte: span.end });
            }
            None => self.editor.select_word(place),
        }
    }

    /// Reads so many lines of the text from its beginning, as far as that is not done, so that they can be drawn.
    pub fn read_to(&mut self, line: usize) {
        self.highlight.read_to(line, self.editor.lines());
    }
}

/// The last part of a path, for the screen.
#[must_use]
pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::Span;
    use crate::ui::editor::Motion;

    #[test]
    fn marks_stand_where_their_diagnostics_do_and_go_with_their_lines() {
        let text = "X:1\nK:C\nA ? ?\n\né ?\n";
        let mut document = Document::new("a.abc".into(), text);
        let places = text.match_indices('?').map(|(start, _)| Span { start, end: start + 1 });
        let mut said: Vec<Diagnostic> = places.map(|span| Diagnostic::warning(span, "what")).collect();
        said.reverse();
        said.push(Diagnostic::error(Span { start: 8, end: 9 }, "no"));
        document.set_marks(&said, text);
        let places = |document: &Document| document.marks.iter().map(|m| (m.line, m.column)).collect::<Vec<_>>();
        assert_eq!(places(&document), [(3, 1), (3, 3), (3, 5), (5, 3)]);
        assert_eq!(document.mark_on(3).map(|mark| mark.severity), Some(Severity::Error), "the worst one");
        assert_eq!(document.mark_on(4), None);
        document.editor.go_to(2, 1);
        document.edit(|editor| editor.paste("a\nb\n"));
        assert_eq!(places(&document), [(5, 1), (5, 3), (5, 5), (7, 3)]);
        document.editor.go_to(4, 1);
        document.editor.go(Motion::Down, true);
        document.editor.go(Motion::Down, true);
        document.edit(|editor| drop(editor.cut()));
        assert_eq!(
            places(&document),
            [(4, 1), (4, 3), (4, 5), (5, 3)],
            "the marks of a line that is gone stay near it"
        );
    }
}
