//! The flash of what was evaluated: for a moment the lines that changed are lit, or struck out where they were refused. Main thread, part
//! of the reducer; how much time has passed is told to it.

use std::ops::Range;
use std::time::Duration;

use super::App;
use crate::ui::document::Document;
use crate::ui::editor::common_ends;

/// So long it is seen.
const LONG: Duration = Duration::from_millis(200);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// The file's place among the documents, and the version of its text.
    document: usize,
    version: u64,
    lines: Range<usize>,
    taken: bool,
    left: Duration,
}

impl Flash {
    /// Of the lines that are not as they were in the text that was taken last; of all of them where nothing changed.
    fn of(at: usize, document: &Document, taken: bool) -> Flash {
        let lines = document.editor.lines();
        // As the editor counts them: behind a last line break stands an empty line.
        let old = document.taken.iter().flat_map(|taken| taken.split('\n'));
        let old: Vec<&str> = old.map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let (head, tail) = common_ends(&old, lines);
        let end = (lines.len() - tail).max(head + 1);
        let same = document.taken.as_deref().is_some_and(|taken| document.editor.is(taken));
        let lines = if same { 0..lines.len() } else { head..end };
        Flash { document: at, version: document.editor.version(), lines, taken, left: LONG }
    }
}

impl App {
    /// Whether a line of the document on the screen is lit, and whether it was taken.
    #[must_use]
    pub fn flash(&self, line: usize) -> Option<bool> {
        let flash = self.flash.as_ref()?;
        let here = flash.document == self.current && flash.version == self.document().editor.version();
        (here && flash.lines.contains(&line)).then_some(flash.taken)
    }

    /// Whether time has to be told.
    #[must_use]
    pub fn is_lit(&self) -> bool {
        self.flash.is_some() || self.holds_keys() || self.is_ahead()
    }

    pub(super) fn light(&mut self, at: usize, taken: bool) {
        self.flash = Some(Flash::of(at, &self.documents[at], taken));
    }

    pub(super) fn passed(&mut self, time: Duration) {
        if let Some(flash) = &mut self.flash {
            flash.left = flash.left.saturating_sub(time);
            if flash.left.is_zero() {
                self.flash = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::ui::app::{Evaluation, Input};

    fn evaluated(app: &mut App, accepted: bool) {
        let text = app.document().editor.text();
        let path = app.document().path.clone();
        let (diagnostics, heard) = (vec![], String::new());
        app.update(Input::Evaluated(Evaluation {
            path,
            text,
            accepted,
            plays: true,
            armed: false,
            diagnostics,
            heard,
        }));
    }

    fn lit(app: &App) -> Vec<Option<bool>> {
        (0..app.document().editor.lines().len()).map(|line| app.flash(line)).collect()
    }

    #[test]
    fn what_changed_is_lit_for_a_moment() {
        let mut app = App::new(vec![("a.abc".into(), "a\nb\nc\nd".into())], (80, 24));
        evaluated(&mut app, true);
        assert_eq!(lit(&app), [None; 4], "nobody asked");
        app.documents[0].taken = None;
        evaluated(&mut app, true);
        assert_eq!(lit(&app), [Some(true); 4], "all of it is new");
        app.update(Input::Passed(Duration::from_millis(150)));
        assert!(app.is_lit());
        app.update(Input::Passed(Duration::from_millis(60)));
        assert!(!app.is_lit() && lit(&app) == [None; 4]);
        app.documents[0].editor.go_to(2, 1);
        app.documents[0].edit(|editor| editor.insert("x"));
        evaluated(&mut app, false);
        assert_eq!(lit(&app), [None, Some(false), None, None], "refused");
        evaluated(&mut app, true);
        assert_eq!(lit(&app), [None, Some(true), None, None], "what was refused is still to be taken");
        evaluated(&mut app, true);
        assert_eq!(lit(&app), [Some(true); 4], "the same again is seen, too");
        app.update(Input::Key(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE)));
        assert_eq!(lit(&app), [None; 4], "it is another text");
    }

    #[test]
    fn a_line_break_at_the_end_is_no_change() {
        let mut app = App::new(vec![("a.abc".into(), "a\nb\nc\n".into())], (80, 24));
        evaluated(&mut app, true);
        app.documents[0].editor.go_to(2, 1);
        app.documents[0].edit(|editor| editor.insert("x"));
        app.documents[0].evaluated = Some(app.document().editor.text().into());
        evaluated(&mut app, true);
        assert_eq!(lit(&app), [None, Some(true), None, None]);
    }

    #[test]
    fn where_lines_are_gone_the_one_behind_them_is_lit() {
        let mut app = App::new(vec![("a.abc".into(), "a\nb\nc\nd".into())], (80, 24));
        evaluated(&mut app, true);
        app.documents[0].editor.go_to(2, 1);
        app.documents[0].edit(|editor| drop(editor.cut()));
        evaluated(&mut app, true);
        assert_eq!(lit(&app), [None, Some(true), None]);
    }
}
