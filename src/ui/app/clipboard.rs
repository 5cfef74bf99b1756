//! The clipboard: our own, and the terminal's beside it. Main thread, part of the reducer.

use super::{App, Request};
use crate::event::Level;

/// Terminals take no more than 100,000 characters of base64.
pub const MOST: usize = 74_994;

impl App {
    /// Keeps what was copied or cut. The terminal is offered it too, for other programs.
    pub(super) fn copied(&mut self, text: String) -> Vec<Request> {
        let fits = text.len() <= MOST;
        let elsewhere = if fits { "" } else { "; too long for other programs" };
        self.say(Level::Info, format!("copied (Ctrl+V pastes{elsewhere}, Ctrl+Q quits)"));
        self.clipboard.clone_from(&text);
        if fits { vec![Request::Clipboard(text)] } else { vec![] }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::ui::app::Input;

    #[test]
    fn what_is_copied_or_cut_is_the_terminals_too_unless_it_is_too_long() {
        for key in ['c', 'x'] {
            let ctrl = |c| Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
            let mut app = App::new(vec![("a.abc".into(), format!("one\n{}\n", "x".repeat(MOST)))], (80, 24));
            let requests = app.update(ctrl(key));
            assert!(matches!(&requests[..], [Request::Clipboard(text)] if text == "one\n"), "{requests:?}");
            app.documents[0].editor.go_to(if key == 'c' { 2 } else { 1 }, 1);
            assert!(app.update(ctrl(key)).is_empty());
            assert!(app.messages().back().is_some_and(|said| said.text.contains("too long")));
            app.documents[0].editor.go_to(3, 1);
            app.update(ctrl('v'));
            assert!(app.document().editor.text().len() > MOST, "here it can be pasted all the same");
        }
    }
}
