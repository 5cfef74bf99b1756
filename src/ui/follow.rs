//! Where the text that sounds stands in the text on the screen, which may have been edited since. Line by line: what is not as it was when it
//! was evaluated is not lit. Owned by a `Document` on the main thread; a plain value.

use std::ops::Range;
use std::sync::Arc;

use super::editor::{Change, common_ends};
use crate::abc::Span;
use crate::abc::parse::lines;
use crate::prompt::Source;

#[derive(Debug, Default)]
pub struct Follow {
    /// The text that sounds, and its lines.
    source: Option<Arc<Source>>,
    written: Vec<Span>,
    /// Which of those each line on the screen may still be.
    origins: Vec<Option<usize>>,
}

impl Follow {
    /// Another text sounds from now on, perhaps; `lines` are those on the screen.
    pub fn follow(&mut self, source: &Arc<Source>, now: &[String]) {
        if self.source.as_ref().is_some_and(|known| Arc::ptr_eq(known, source)) {
            return;
        }
        self.written = lines(&source.text).collect();
        let then: Vec<&str> = self.written.iter().map(|span| &source.text[span.start..span.end]).collect();
        // An empty last line is none in the text.
        let now = now.strip_suffix(&[String::new()]).unwrap_or(now);
        let (head, tail) = common_ends(&then, now);
        let same_length = then.len() == now.len();
        self.origins = (0..now.len())
            .map(|line| match line {
                line if line < head || same_length => Some(line),
                line if line + tail >= now.len() => Some(line + then.len() - now.len()),
                _ => None,
            })
            .collect();
        self.source = Some(Arc::clone(source));
    }

    pub fn change(&mut self, change: Change) {
        let Change { line, removed, inserted } = change;
        if self.origins.len() < line + removed {
            self.origins.resize(line + removed, None);
        }
        let gone = &self.origins[line..line + removed];
        let mut new = vec![None; inserted];
        if inserted == removed {
            new.copy_from_slice(gone);
        } else {
            // The first and the last may be what they were.
            (new[0], new[inserted - 1]) = (gone[0], gone[removed - 1]);
        }
        self.origins.splice(line..line + removed, new);
    }

    /// Which bytes of a line on the screen are one of `places` in the text that sounds.
    #[must_use]
    pub fn lit(&self, line: usize, text: &str, source: &Arc<Source>, places: &[Span]) -> Vec<Range<usize>> {
        let known = self.source.as_ref().filter(|known| Arc::ptr_eq(known, source));
        let origin = self.origins.get(line).copied().flatten();
        let (Some(known), Some(origin)) = (known, origin) else { return Vec::new() };
        let Some(written) = self.written.get(origin).filter(|written| known.text[written.start..written.end] == *text)
        else {
            return Vec::new();
        };
        let here = places.iter().filter(|place| written.start <= place.start && place.end <= written.end);
        here.map(|place| place.start - written.start..place.end - written.start).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::document::Document;
    use crate::ui::editor::Editor;

    const TEXT: &str = "X:1\nK:C\nA B |\nc d |\n";

    fn playing(text: &str) -> (Document, Arc<Source>) {
        let source = Arc::new(Source { path: "a.abc".into(), text: text.into() });
        let mut document = Document::new("a.abc".into(), text);
        document.follow.follow(&source, document.editor.lines());
        (document, source)
    }

    /// The text that is lit on each line when these places sound.
    fn lit(document: &Document, source: &Arc<Source>, notes: &[&str]) -> String {
        let place = |note: &&str| {
            let start = source.text.find(*note).expect("a note");
            Span { start, end: start + note.len() }
        };
        let places: Vec<Span> = notes.iter().map(place).collect();
        let line = |(at, text): (usize, &String)| {
            let ranges = document.follow.lit(at, text, source, &places);
            ranges.into_iter().map(|range| &text[range]).collect::<Vec<_>>().join("+")
        };
        document.editor.lines().iter().enumerate().map(line).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn what_sounds_is_lit_and_goes_with_its_line() {
        let (mut document, source) = playing(TEXT);
        assert_eq!(lit(&document, &source, &["A", "c"]), "//A/c/");
        document.editor.go_to(1, 1);
        document.edit(|editor| editor.insert("% slow\n"));
        assert_eq!(lit(&document, &source, &["A", "c"]), "///A/c/");
        document.editor.go_to(4, 1);
        document.edit(|editor| editor.insert("\n"));
        assert_eq!(lit(&document, &source, &["A", "c"]), "////A/c/", "a new line above it");
        document.edit(|editor| drop(editor.cut()));
        assert_eq!(lit(&document, &source, &["A", "c"]), "////c/", "its line is gone");
    }

    #[test]
    fn a_line_that_is_not_as_it_was_is_not_lit_until_it_is_again() {
        let (mut document, source) = playing(TEXT);
        document.editor.go_to(3, 1);
        document.edit(|editor| editor.insert("z"));
        assert_eq!(lit(&document, &source, &["A", "c"]), "///c/");
        document.edit(Editor::undo);
        assert_eq!(lit(&document, &source, &["A", "c"]), "//A/c/");
        let other = Arc::new(Source { path: "a.abc".into(), text: TEXT.into() });
        assert_eq!(lit(&document, &other, &["A"]), "////", "another text, which it does not follow");
    }

    #[test]
    fn a_text_that_was_edited_before_it_sounds_is_found_again() {
        let (mut document, _) = playing("K:C\n");
        document.edit(|editor| editor.set_text_keeping_cursor("X:1\n% slow\nK:C\r\nA B |\nc e |\n"));
        let source = Arc::new(Source { path: "a.abc".into(), text: "X:1\r\nK:C\r\nA B |\r\nc d |\r\n".into() });
        document.follow.follow(&source, document.editor.lines());
        assert_eq!(lit(&document, &source, &["A", "c"]), "/////", "no line before or behind it is as it was");
        document.edit(|editor| editor.set_text_keeping_cursor("X:1\n% slow\nK:C\nA B |\nc d |\n"));
        document.follow = Follow::default();
        document.follow.follow(&source, document.editor.lines());
        assert_eq!(lit(&document, &source, &["A", "d"]), "///A/d/");
    }
}
