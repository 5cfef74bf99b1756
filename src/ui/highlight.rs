//! What the pieces of a text are, line by line, read by the project's own parser. Only what was changed is read again, and only as far down
//! as the screen shows. Owned by a `Document` on the main thread; a plain value.

use std::collections::BTreeMap;
use std::path::Path;

use super::editor::Change;
use crate::abc::piece::{Kind, Piece, Place, pieces};
use crate::prompt::steering;

/// What reads a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Abc,
    /// Words for the model alone.
    Words,
    Patch,
}

#[derive(Debug)]
pub struct Highlight {
    language: Language,
    lines: Vec<Line>,
    /// Lines that have to be read, or read again, in their order; those behind an unread one may follow.
    stale: Vec<usize>,
    /// How often each voice is named in what was read.
    voices: BTreeMap<String, usize>,
}

#[derive(Clone, Debug, Default)]
struct Line {
    before: Place,
    /// `None` before they were read for the first time.
    pieces: Option<Vec<Piece>>,
    /// The voices that it names.
    voices: Vec<String>,
}

impl Highlight {
    /// Of a text with so many lines; the path's extension says what it is.
    #[must_use]
    pub fn new(path: &Path, lines: usize) -> Self {
        let language = match path.extension().and_then(|extension| extension.to_str()) {
            Some("txt") => Language::Words,
            Some("patch") => Language::Patch,
            _ => Language::Abc,
        };
        Highlight { language, lines: vec![Line::default(); lines], stale: vec![0], voices: BTreeMap::new() }
    }

    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// What is known of a line, in the order of [`pieces`]; nothing where it was not read.
    #[must_use]
    pub fn pieces(&self, line: usize) -> &[Piece] {
        self.lines.get(line).and_then(|line| line.pieces.as_deref()).unwrap_or_default()
    }

    /// What a whole line of comment says to the model, and to which voice; nothing where it says nothing.
    #[must_use]
    pub fn words<'a>(&self, line: usize, text: &'a str) -> Option<(Option<&'a str>, &'a str)> {
        let in_tune = self.lines.get(line)?.before.is_in_tune();
        let comment = text.trim_start().strip_prefix('%').filter(|_| in_tune)?;
        steering(comment, |name| self.voices.contains_key(name))
    }

    pub fn change(&mut self, change: Change) {
        let Change { line, removed, inserted } = change;
        let before = self.lines[line].before.clone();
        for gone in &self.lines[line..line + removed] {
            forget(&mut self.voices, &gone.voices);
        }
        self.lines.splice(line..line + removed, std::iter::repeat_n(Line::default(), inserted));
        self.lines[line].before = before;
        self.stale.retain(|stale| !(line..line + removed).contains(stale));
        for stale in self.stale.iter_mut().filter(|stale| **stale > line) {
            *stale = *stale - removed + inserted;
        }
        // The last one may have been all that the line behind it waited for.
        self.wait(line);
    }

    fn wait(&mut self, line: usize) {
        if let Err(at) = self.stale.binary_search(&line) {
            self.stale.insert(at, line);
        }
    }

    /// Reads what is to be read before this line.
    pub fn read_to(&mut self, end: usize, lines: &[String]) {
        while let Some(&at) = self.stale.first().filter(|&&at| at < end && at < lines.len()) {
            self.stale.remove(0);
            let line = &mut self.lines[at];
            let (found, next) = match self.language {
                Language::Abc => pieces(&lines[at], &line.before),
                Language::Words | Language::Patch => (Vec::new(), Place::default()),
            };
            forget(&mut self.voices, &line.voices);
            let named = found.iter().filter(|piece| piece.kind == Kind::Voice);
            line.voices = named.map(|piece| lines[at][piece.span.start..piece.span.end].to_owned()).collect();
            for voice in &line.voices {
                *self.voices.entry(voice.clone()).or_default() += 1;
            }
            line.pieces = Some(found);
            if let Some(below) = self.lines.get_mut(at + 1)
                && (below.pieces.is_none() || below.before != next)
            {
                below.before = next;
                self.wait(at + 1);
            }
        }
    }
}

fn forget(known: &mut BTreeMap<String, usize>, voices: &[String]) {
    for voice in voices {
        if let Some(count) = known.get_mut(voice) {
            *count -= 1;
            if *count == 0 {
                known.remove(voice);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ui::document::Document;
    use crate::ui::editor::Motion;

    fn document(text: &str) -> Document {
        Document::new("a.abc".into(), text)
    }

    /// All that is known of a text after reading it to its end.
    fn known(document: &mut Document) -> (Vec<Vec<Piece>>, Vec<bool>) {
        let lines = document.editor.lines().to_vec();
        document.read_to(lines.len());
        let pieces = (0..lines.len()).map(|line| document.highlight.pieces(line).to_vec()).collect();
        let words = lines.iter().enumerate().map(|(at, line)| document.highlight.words(at, line).is_some()).collect();
        (pieces, words)
    }

    #[test]
    fn words_are_those_that_steer() {
        let text = "% nobody\nX:1\n% slow\n% lead: high\n% A2d fed |\nK:C\nV:lead\n%- note\n% lead: low\n";
        let mut document = document(text);
        assert_eq!(known(&mut document).1, [false, false, true, true, false, false, false, false, true, false]);
        let line = |at: usize| document.editor.lines()[at].clone();
        assert_eq!(document.highlight.words(3, &line(3)), Some((Some("lead"), "high")));
        assert_eq!(document.highlight.words(2, &line(2)), Some((None, "slow")));
    }

    #[test]
    fn no_more_is_read_than_has_to_be() {
        let mut document = document(&format!("X:1\nK:C\n{}", "A B |\n".repeat(1000)));
        document.read_to(20);
        assert_eq!(document.highlight.stale, [20]);
        document.editor.go_to(5, 1);
        document.edit(|editor| editor.insert("c"));
        assert_eq!(document.highlight.stale, [4, 20]);
        document.read_to(20);
        assert_eq!(document.highlight.stale, [20], "the lines below mean what they meant");
        // An empty line ends the tune.
        document.edit(|editor| editor.insert("\n\n"));
        document.read_to(10);
        assert_eq!(document.highlight.pieces(8), []);
        assert_eq!(document.highlight.stale, [10, 22], "what nobody sees can wait");
        document.edit(Editor::undo);
        document.read_to(20);
        assert_eq!(document.highlight.pieces(8).len(), 3);
    }

    use crate::ui::editor::Editor;

    #[derive(Clone, Debug)]
    enum Deed {
        Paste(String),
        Go(usize, usize),
        Erase,
        Undo,
        Look(usize),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let lines = ["X:1", "K:C", "V:lead", "% lead: high", "% slow", "A B |", "", "%%begintext", "%%endtext", "d:|"];
        let paste = prop::collection::vec(prop::sample::select(lines.to_vec()), 1..5);
        prop_oneof![
            paste.prop_map(|lines| Deed::Paste(lines.join("\n") + "\n")),
            (1usize..12, 1usize..6).prop_map(|(line, column)| Deed::Go(line, column)),
            Just(Deed::Erase),
            Just(Deed::Undo),
            (0usize..12).prop_map(Deed::Look),
        ]
    }

    proptest! {
        /// However a text came about and whatever of it was looked at meanwhile, it is known as if it were read at once.
        #[test]
        fn a_change_leaves_what_reading_all_would_find(deeds in prop::collection::vec(deed(), 0..40)) {
            let mut changed = document("X:1\nK:C\nA |\n");
            for deed in deeds {
                match deed {
                    Deed::Paste(text) => changed.edit(|editor| editor.paste(&text)),
                    Deed::Go(line, column) => changed.editor.go_to(line, column),
                    Deed::Erase => changed.edit(|editor| editor.delete(Motion::WordLeft)),
                    Deed::Undo => changed.edit(Editor::undo),
                    Deed::Look(line) => changed.read_to(line),
                }
            }
            let mut read = document(&changed.editor.text());
            prop_assert_eq!(known(&mut changed), known(&mut read));
            prop_assert_eq!(changed.highlight.voices, read.highlight.voices);
        }
    }
}
