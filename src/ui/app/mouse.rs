//! The mouse: what is under the pointer decides what a button or the wheel does. Main thread, part of the reducer.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{App, Mode, Request};
use crate::compose::Knob;
use crate::event::{Command, Level};
use crate::ui::view::{self, Target};

/// The wheel moves the text by so many lines.
const LINES: isize = 3;

impl App {
    /// `clicks` counts presses at one place, one soon after the other, from 1.
    pub(super) fn mouse(&mut self, event: MouseEvent, clicks: u8) -> Vec<Request> {
        let (column, row) = (event.column, event.row);
        match event.kind {
            MouseEventKind::ScrollUp => return self.wheel(-LINES, view::target(self, column, row)),
            MouseEventKind::ScrollDown => return self.wheel(LINES, view::target(self, column, row)),
            MouseEventKind::Down(MouseButton::Left) => return self.pressed(column, row, clicks),
            MouseEventKind::Drag(MouseButton::Left) if self.dragging => {
                let place = view::nearest(self, column, row);
                self.documents[self.current].editor.select_to(place);
            }
            MouseEventKind::Up(MouseButton::Left) => self.dragging = false,
            MouseEventKind::Down(MouseButton::Middle) => return self.paste_at(column, row),
            _ => {}
        }
        vec![]
    }

    /// What was copied here goes where the pointer is, or into the bar that is written. The terminal's own selection needs Shift.
    fn paste_at(&mut self, column: u16, row: u16) -> Vec<Request> {
        if !matches!(self.mode, Mode::Edit) {
            return vec![];
        }
        if self.clipboard.is_empty() {
            self.say(
                Level::Info,
                "nothing was copied here; with Shift held the mouse pastes what other programs copied".into(),
            );
            return vec![];
        }
        let text = self.clipboard.clone();
        if self.bar_line().is_some() {
            self.paste_on_bars(&text);
            return vec![];
        }
        let target = view::target(self, column, row);
        if !matches!(target, Target::Text(_)) {
            return vec![];
        }
        let requests = self.pressed(column, row, 1);
        self.dragging = false;
        self.documents[self.current].edit(|editor| editor.paste(&text));
        requests
    }

    fn wheel(&mut self, lines: isize, target: Target) -> Vec<Request> {
        match (self.mode, target) {
            (Mode::Help(scroll), _) => self.scroll_panel(Mode::Help, scroll.saturating_add_signed(lines)),
            (Mode::Messages(scroll), _) => self.scroll_panel(Mode::Messages, scroll.saturating_add_signed(lines)),
            (_, Target::Text(_)) => self.documents[self.current].editor.scroll_by(lines),
            (_, Target::Knob(knob)) => return self.turn(knob, if lines < 0 { Knob::STEP } else { -Knob::STEP }),
            _ => {}
        }
        vec![]
    }

    /// As with keys, a press that answers no question withdraws it.
    fn pressed(&mut self, column: u16, row: u16, clicks: u8) -> Vec<Request> {
        let before = std::mem::take(&mut self.mode);
        let target = view::target(self, column, row);
        match before {
            // What lies under something open is not meant.
            Mode::Help(_) | Mode::Messages(_) | Mode::Pick | Mode::Leader => return vec![],
            Mode::Drafts(_) => return vec![Request::Command(Command::Look(None))],
            Mode::ConfirmQuit => {
                self.say(Level::Info, "playing on".into());
                return vec![];
            }
            _ => {}
        }
        let mut requests = self.stop_learning(before);
        match target {
            Target::Text(place) => {
                self.dragging = true;
                if self.is_on_bars() {
                    requests.extend(self.toggle_bars());
                }
                let document = &mut self.documents[self.current];
                match clicks {
                    0 | 1 => document.editor.go_to_place(place),
                    2 => document.select_word(place),
                    _ => document.editor.select_line(place.line),
                }
            }
            Target::Voice(voice) => requests.extend(self.mute(voice)),
            // As the model's profile says.
            Target::Knob(knob) => requests.push(Request::Command(Command::Turn { knob, factor: 1.0 })),
            Target::Other => {}
        }
        requests
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::event::{Event, Playing, Snapshot, VoiceStatus};
    use crate::ui::app::Input;

    /// 80 columns: the text stands from row 2 (below status and title) and column 5 on.
    fn app(text: &str) -> App {
        let mut app = App::new(vec![("a.abc".into(), text.into())], (80, 24));
        let voices = ["bass", "lead"].map(VoiceStatus::untouched).into();
        let snapshot = Snapshot { playing: Playing::Playing, voices, ..Snapshot::default() };
        app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(snapshot))));
        app
    }

    const COLUMN: u16 = 4;
    const ROW: u16 = 3;

    fn mouse(app: &mut App, kind: MouseEventKind, column: u16, row: u16, clicks: u8) -> Vec<Request> {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        app.update(Input::Mouse { event, clicks })
    }

    fn click(app: &mut App, column: u16, row: u16, clicks: u8) -> Vec<Request> {
        mouse(app, MouseEventKind::Down(MouseButton::Left), column, row, clicks)
    }

    fn drag(app: &mut App, column: u16, row: u16) {
        mouse(app, MouseEventKind::Drag(MouseButton::Left), column, row, 0);
    }

    fn cursor(app: &App) -> (usize, usize) {
        let cursor = app.document().editor.cursor();
        (cursor.line, cursor.byte)
    }

    #[test]
    fn a_click_puts_the_cursor_where_it_is_nearest() {
        let mut app = app("X:1\n日本語 slow\nK:C");
        click(&mut app, COLUMN + 2, ROW, 1);
        assert_eq!(cursor(&app), (0, 2));
        click(&mut app, COLUMN + 4, ROW + 1, 1);
        assert_eq!(cursor(&app), (1, 6), "wide letters");
        click(&mut app, COLUMN + 60, ROW + 2, 1);
        assert_eq!(cursor(&app), (2, 3), "the end of the line");
        click(&mut app, 0, ROW + 1, 1);
        assert_eq!(cursor(&app), (1, 0), "line numbers");
        click(&mut app, COLUMN, ROW + 8, 1);
        assert_eq!(cursor(&app), (2, 0), "below the text: its last line");
    }

    #[test]
    fn dragging_selects_from_where_it_began() {
        let mut app = app("one\ntwo\nthree");
        click(&mut app, COLUMN + 1, ROW, 1);
        drag(&mut app, COLUMN + 2, ROW + 2);
        assert_eq!(app.document().editor.selected_text().as_deref(), Some("ne\ntwo\nth"));
        drag(&mut app, COLUMN + 3, ROW);
        assert_eq!(app.document().editor.selected_text().as_deref(), Some("ne"));
        mouse(&mut app, MouseEventKind::Up(MouseButton::Left), 0, 0, 0);
        drag(&mut app, COLUMN + 3, ROW + 2);
        assert_eq!(app.document().editor.selected_text().as_deref(), Some("ne"), "it has ended");
    }

    #[test]
    fn two_clicks_take_a_note_or_a_word_and_three_a_line() {
        let mut app = app("X:1\nT:Night ferry\nK:C\n\"Dm\"A2d (3fed |\n");
        for (column, row, taken) in [(4, 3, "A2"), (6, 3, "d"), (1, 3, "\"Dm\""), (3, 1, "Night"), (10, 1, "ferry")] {
            click(&mut app, COLUMN + column, ROW + row, 1);
            click(&mut app, COLUMN + column, ROW + row, 2);
            assert_eq!(app.document().editor.selected_text().as_deref(), Some(taken));
        }
        click(&mut app, COLUMN, ROW + 2, 3);
        assert_eq!(app.document().editor.selected_text().as_deref(), Some("K:C\n"));
    }

    #[test]
    fn the_wheel_moves_the_text_and_typing_comes_back_to_the_cursor() {
        let text: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let mut app = app(&text.join("\n"));
        let line = |app: &App| app.document().editor.scroll().line;
        mouse(&mut app, MouseEventKind::ScrollDown, COLUMN, ROW, 0);
        mouse(&mut app, MouseEventKind::ScrollDown, COLUMN, ROW, 0);
        assert_eq!((line(&app), cursor(&app)), (6, (0, 0)));
        app.update(Input::Event(Event::Snapshot(std::sync::Arc::default())));
        assert_eq!(line(&app), 6, "what the instrument says moves nothing");
        for _ in 0..100 {
            mouse(&mut app, MouseEventKind::ScrollDown, COLUMN, ROW, 0);
        }
        assert_eq!(line(&app), 99, "no further than the last line");
        app.update(Input::Key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)));
        assert_eq!(line(&app), 0);
        mouse(&mut app, MouseEventKind::ScrollDown, COLUMN, 20, 0);
        assert_eq!(line(&app), 0, "over the bars it is not the text's");
    }

    #[test]
    fn the_wheel_turns_a_knob_and_a_click_puts_it_back() {
        let mut app = app("X:1\n");
        let snapshot = Snapshot { composer: "ready".into(), ..app.snapshot().clone() };
        app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(snapshot))));
        // `── bars ─ temperature ×1 ─ words ×1 ──` stands above the names.
        let title = 14;
        for (kind, column, expected) in [
            (MouseEventKind::ScrollUp, 10, "Turn { knob: Temperature, factor: 1.1 }"),
            (MouseEventKind::ScrollDown, 23, "Turn { knob: Temperature, factor: 0.9 }"),
            (MouseEventKind::ScrollUp, 27, "Turn { knob: Words, factor: 1.1 }"),
            (MouseEventKind::Down(MouseButton::Left), 34, "Turn { knob: Words, factor: 1.0 }"),
            (MouseEventKind::ScrollUp, 25, ""),
            (MouseEventKind::ScrollUp, 36, ""),
        ] {
            let said: Vec<String> = mouse(&mut app, kind, column, title, 1)
                .iter()
                .map(|request| match request {
                    Request::Command(command) => format!("{command:?}"),
                    other => format!("{other:?}"),
                })
                .collect();
            assert_eq!(said.concat(), expected, "{column}");
        }
    }

    #[test]
    fn a_click_on_the_name_of_a_voice_mutes_it() {
        let mut app = app("X:1\n");
        let names = 15;
        for (column, expected) in [(8, "Mute { voice: \"bass\""), (22, "Mute { voice: \"lead\""), (60, ""), (2, "")] {
            let requests = click(&mut app, column, names, 1);
            let said = requests.iter().map(|request| match request {
                Request::Command(command) => format!("{command:?}"),
                other => format!("{other:?}"),
            });
            assert!(said.collect::<String>().starts_with(expected), "{column}: {requests:?}");
            assert_eq!(requests.is_empty(), expected.is_empty(), "{column}");
        }
    }

    #[test]
    fn a_click_closes_what_is_open_and_does_no_more() {
        for (mode, expected) in [(Mode::Pick, 0), (Mode::Leader, 0), (Mode::ConfirmQuit, 0), (Mode::Drafts(None), 1)] {
            let mut app = app("X:1\n");
            app.mode = mode;
            let requests = click(&mut app, COLUMN + 2, ROW, 1);
            assert_eq!((app.mode(), cursor(&app), requests.len()), (Mode::Edit, (0, 0), expected), "{mode:?}");
            assert!(requests.iter().all(|asked| matches!(asked, Request::Command(Command::Look(None)))));
            app.mode = mode;
            click(&mut app, 8, 15, 1);
            assert_eq!(app.mode(), Mode::Edit);
        }
    }

    #[test]
    fn the_middle_button_pastes_what_was_copied_where_the_pointer_is() {
        let middle = |app: &mut App, column, row| mouse(app, MouseEventKind::Down(MouseButton::Middle), column, row, 1);
        let mut app = app("one\ntwo\n");
        middle(&mut app, COLUMN, ROW);
        assert!(app.messages().back().is_some_and(|said| said.text.contains("Shift")));
        app.clipboard = "x".into();
        middle(&mut app, COLUMN + 1, ROW + 1);
        assert_eq!((app.document().editor.text().as_str(), cursor(&app)), ("one\ntxwo\n", (1, 2)));
        drag(&mut app, COLUMN, ROW);
        assert_eq!(app.document().editor.selected_text(), None, "it does not select");
        middle(&mut app, 8, 15);
        app.update(Input::Key(KeyEvent::new(KeyCode::F(1), KeyModifiers::NONE)));
        middle(&mut app, COLUMN, ROW);
        assert_eq!(app.document().editor.text(), "one\ntxwo\n", "elsewhere there is no text");
        assert_eq!(app.mode(), Mode::Help(0));
    }

    #[test]
    fn panels_scroll_under_the_wheel_and_close_at_a_click() {
        let mut app = app("X:1\n");
        app.update(Input::Key(KeyEvent::new(KeyCode::F(1), KeyModifiers::NONE)));
        mouse(&mut app, MouseEventKind::ScrollDown, COLUMN, ROW, 0);
        assert_eq!(app.mode(), Mode::Help(3));
        mouse(&mut app, MouseEventKind::ScrollUp, COLUMN, ROW, 0);
        assert_eq!(app.mode(), Mode::Help(0));
        click(&mut app, COLUMN + 1, ROW, 1);
        assert_eq!((app.mode(), cursor(&app)), (Mode::Edit, (0, 0)));
    }
}
