//! Typed text that no file holds yet: it is written away from time to time, and offered to the next set if this one ends without it. Main thread,
//! part of the reducer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{App, Request, name_of};
use crate::event::Level;
use crate::ui::document::Document;

/// Somebody who types is this much ahead of what is written away, at most.
const AHEAD: Duration = Duration::from_secs(2);

/// What was written away last.
#[derive(Debug)]
pub(super) struct Typed {
    /// Of each document its version, and whether its file holds it.
    written: Vec<(u64, bool)>,
    /// How long something else has stood on the screen.
    waited: Duration,
}

impl Typed {
    /// All that stands there is written away, as far as it has to be.
    pub fn of(documents: &[Document]) -> Typed {
        Typed { written: stands(documents).collect(), waited: Duration::ZERO }
    }
}

fn stands(documents: &[Document]) -> impl Iterator<Item = (u64, bool)> {
    documents.iter().map(|document| (document.editor.version(), document.needs_saving()))
}

impl App {
    /// Typed text that no file holds, for the caller to keep when the instrument has to end.
    pub fn unsaved(&self) -> impl Iterator<Item = (&Path, String)> {
        self.documents.iter().filter(|document| document.needs_saving()).map(|d| (d.path.as_path(), d.editor.text()))
    }

    /// Text of a set before, which no file holds. It is put on the screen, or waits there until it is asked for.
    pub fn bring_back(&mut self, path: &Path, text: String, at_once: bool) {
        let name = name_of(path);
        let Some(document) = self.find(path).filter(|document| !document.editor.is(&text)) else { return };
        let said = if at_once {
            document.edit(|editor| editor.set_text_keeping_cursor(&text));
            format!("{name} is as you had typed it, which is not evaluated yet; Ctrl+Z takes it back")
        } else {
            document.left = Some(text);
            format!("what you had typed in {name} and not saved is there; Ctrl+Space l puts it on the screen")
        };
        self.say(Level::Warning, said);
    }

    /// All text that is to be there in the next set: what is typed and not saved, and what waits and was not asked for.
    #[must_use]
    pub fn typed(&self) -> Vec<(PathBuf, String)> {
        let left = self.documents.iter().filter(|document| !document.needs_saving());
        let left = left.filter_map(|document| Some((document.path.clone(), document.left.clone()?)));
        self.unsaved().map(|(path, text)| (path.to_owned(), text)).chain(left).collect()
    }

    pub(super) fn is_ahead(&self) -> bool {
        !stands(&self.documents).eq(self.typed.written.iter().copied())
    }

    pub(super) fn typed_passed(&mut self, time: Duration) -> Vec<Request> {
        if !self.is_ahead() {
            return vec![];
        }
        self.typed.waited += time;
        if self.typed.waited < AHEAD {
            return vec![];
        }
        self.typed = Typed::of(&self.documents);
        vec![Request::KeepTyped(self.typed())]
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::ui::app::Input;

    fn app() -> App {
        let mut app = App::new(vec![("a.abc".into(), "one".into()), ("b.abc".into(), "two".into())], (80, 24));
        passed(&mut app, 3000);
        app
    }

    fn press(app: &mut App, code: KeyCode, modifiers: KeyModifiers) {
        app.update(Input::Key(KeyEvent::new(code, modifiers)));
    }

    fn passed(app: &mut App, millis: u64) -> Vec<(PathBuf, String)> {
        let requests = app.update(Input::Passed(Duration::from_millis(millis)));
        let mut kept = requests.into_iter().map(|request| match request {
            Request::KeepTyped(typed) => typed,
            other => panic!("{other:?}"),
        });
        kept.next().unwrap_or_else(|| vec![("nothing".into(), String::new())])
    }

    fn nothing() -> Vec<(PathBuf, String)> {
        vec![("nothing".into(), String::new())]
    }

    #[test]
    fn what_is_typed_is_written_away_soon_and_forgotten_when_a_file_holds_it() {
        let mut app = app();
        assert!(!app.is_lit());
        press(&mut app, KeyCode::Char('x'), KeyModifiers::NONE);
        assert!(app.is_lit(), "time has to be told");
        assert_eq!(passed(&mut app, 1900), nothing());
        press(&mut app, KeyCode::Char('y'), KeyModifiers::NONE);
        assert_eq!(passed(&mut app, 200), [("a.abc".into(), "xyone".to_owned())]);
        assert_eq!((passed(&mut app, 5000), app.is_lit()), (nothing(), false));
        press(&mut app, KeyCode::Char('s'), KeyModifiers::CONTROL);
        app.update(Input::Saved { path: "a.abc".into(), text: "xyone".into(), error: None });
        assert_eq!(passed(&mut app, 2000), []);
    }

    #[test]
    fn what_a_set_before_has_left_waits_until_it_is_asked_for() {
        let mut app = app();
        app.bring_back(Path::new("b.abc"), "typed".into(), false);
        app.bring_back(Path::new("gone.abc"), "typed".into(), false);
        assert_eq!(app.documents()[1].editor.text(), "two");
        press(&mut app, KeyCode::Char('x'), KeyModifiers::NONE);
        assert_eq!(passed(&mut app, 2000), [("a.abc".into(), "xone".to_owned()), ("b.abc".into(), "typed".into())]);
        press(&mut app, KeyCode::F(2), KeyModifiers::NONE);
        press(&mut app, KeyCode::Char(' '), KeyModifiers::CONTROL);
        press(&mut app, KeyCode::Char('l'), KeyModifiers::NONE);
        assert_eq!(app.document().editor.text(), "typed");
        press(&mut app, KeyCode::Char('z'), KeyModifiers::CONTROL);
        assert_eq!(app.document().editor.text(), "two");
    }

    #[test]
    fn going_on_with_the_last_set_it_is_on_the_screen() {
        let mut app = app();
        app.bring_back(Path::new("a.abc"), "typed".into(), true);
        assert_eq!((app.document().editor.text().as_str(), app.document().is_pending()), ("typed", true));
        app.bring_back(Path::new("b.abc"), "two".into(), true);
        assert_eq!(app.messages().len(), 1, "what is the same is not told");
    }
}
