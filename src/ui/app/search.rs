//! The search line: what is typed there is looked for while it is typed. Main thread, part of the reducer.

use std::ops::Range;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{App, Mode, Request};
use crate::event::Level;
use crate::ui::editor::{Motion, Position, Scroll};
use crate::ui::keys::{self, Action};

/// What is looked for, and where the search began.
#[derive(Clone, Debug, Default)]
pub struct Search {
    query: String,
    /// What was looked for before.
    last: String,
    from: Position,
    scroll: Scroll,
    /// Which place of how many, from 1, once one is found.
    place: Option<(usize, usize)>,
}

impl Search {
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// `2 of 5`, `not found`; empty before anything is typed.
    #[must_use]
    pub fn result(&self) -> String {
        match self.place {
            Some((at, all)) => format!("{at} of {all}"),
            None if self.query.is_empty() => String::new(),
            None => "not found".into(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From where the search began, which counts.
    First,
    Next,
    Previous,
}

impl App {
    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }

    pub(super) fn begin_search(&mut self) {
        let editor = &self.documents[self.current].editor;
        let last = std::mem::take(&mut self.search).last;
        let query = String::new();
        self.search = Search { query, last, from: editor.cursor(), scroll: editor.scroll(), place: None };
        self.mode = Mode::Search;
    }

    /// Goes on with what was looked for before, without the line.
    pub(super) fn find_again(&mut self) {
        if self.search.last.is_empty() {
            self.begin_search();
            return;
        }
        self.search.query = self.search.last.clone();
        let editor = &self.documents[self.current].editor;
        (self.search.from, self.search.scroll) = (editor.cursor(), editor.scroll());
        self.look_for(Way::Next);
        let text = format!("{}: {}", self.search.query, self.search.result());
        self.say(Level::Info, text);
    }

    /// Up to the first line break, since places are looked for within lines.
    pub(super) fn type_search(&mut self, text: &str) {
        self.search.query.extend(text.chars().take_while(|c| !"\r\n".contains(*c)));
        self.mode = Mode::Search;
        self.look_for(Way::First);
    }

    pub(super) fn search_key(&mut self, key: KeyEvent) -> Vec<Request> {
        self.mode = Mode::Search;
        let found = keys::find(key);
        match (key.code, found) {
            (KeyCode::Esc, _) => {
                self.mode = Mode::Edit;
                self.documents[self.current].editor.put(self.search.from, self.search.scroll);
            }
            (_, Some((Action::Move(Motion::Up), _) | (Action::NewLine, true))) => self.look_for(Way::Previous),
            (_, Some((Action::Move(Motion::Down) | Action::NewLine | Action::Find | Action::FindNext, _))) => {
                self.look_for(Way::Next);
            }
            (_, Some((Action::Erase(Motion::Left), _))) => {
                self.search.query.pop();
                self.look_for(Way::First);
            }
            (_, Some((Action::Paste, _))) => {
                let text = self.clipboard.clone();
                self.type_search(&text);
            }
            (KeyCode::Char(c), None) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                self.type_search(c.encode_utf8(&mut [0; 4]));
            }
            // Any other key stays at what was found, and does what it always does.
            (_, found) => {
                self.mode = Mode::Edit;
                let found = found.filter(|(action, _)| !self.is_on_bars() || !keys::is_of_text(*action));
                return found.map_or_else(Vec::new, |(action, shift)| self.act(action, shift));
            }
        }
        vec![]
    }

    fn look_for(&mut self, way: Way) {
        if self.search.query.is_empty() && way != Way::First {
            self.search.query.clone_from(&self.search.last);
        }
        let search = &mut self.search;
        let editor = &mut self.documents[self.current].editor;
        let all: Vec<(Position, Position)> = places(editor.lines(), &search.query).collect();
        let here = editor.selection().map_or(editor.cursor(), |(start, _)| start);
        let at = match way {
            Way::First => all.iter().position(|(start, _)| *start >= search.from),
            Way::Next => all.iter().position(|(start, _)| *start > here),
            Way::Previous => all.iter().rposition(|(start, _)| *start < here).or(all.len().checked_sub(1)),
        };
        // Behind the last one comes the first.
        let at = at.unwrap_or(0);
        search.place = (!all.is_empty()).then_some((at + 1, all.len()));
        match all.get(at) {
            Some((start, end)) => {
                editor.select(*start, *end);
                search.last.clone_from(&search.query);
            }
            None => editor.put(search.from, search.scroll),
        }
    }
}

/// Everywhere in the text.
fn places<'a>(lines: &'a [String], query: &'a str) -> impl Iterator<Item = (Position, Position)> + 'a {
    lines.iter().enumerate().flat_map(move |(line, text)| {
        let place =
            move |range: Range<usize>| (Position { line, byte: range.start }, Position { line, byte: range.end });
        places_in(text, query).map(place)
    })
}

/// In one line: where `query` stands, in either case unless it has capitals.
pub fn places_in<'a>(text: &'a str, query: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let exact = query.chars().any(char::is_uppercase);
    let mut from = 0;
    std::iter::from_fn(move || {
        if query.is_empty() {
            return None;
        }
        let mut starts = text[from..].char_indices().map(|(at, _)| from + at);
        let found = starts.find_map(|start| Some(start..start + prefix(&text[start..], query, exact)?))?;
        from = found.end;
        Some(found)
    })
}

/// How many bytes of the text's beginning are the query.
fn prefix(text: &str, query: &str, exact: bool) -> Option<usize> {
    if exact {
        return text.starts_with(query).then_some(query.len());
    }
    let mut rest = text.char_indices();
    for wanted in query.chars() {
        let (_, c) = rest.next()?;
        if c != wanted && !c.to_lowercase().eq([wanted]) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::app::Input;

    fn app(text: &str) -> App {
        App::new(vec![("a.abc".into(), text.into()), ("b.abc".into(), String::new())], (80, 24))
    }

    fn press(app: &mut App, code: KeyCode, modifiers: KeyModifiers) -> Vec<Request> {
        app.update(Input::Key(KeyEvent::new(code, modifiers)))
    }

    fn open(app: &mut App, query: &str) {
        if app.mode() == Mode::Search {
            press(app, KeyCode::Esc, KeyModifiers::NONE);
        }
        press(app, KeyCode::Char('f'), KeyModifiers::CONTROL);
        for c in query.chars() {
            press(app, KeyCode::Char(c), KeyModifiers::NONE);
        }
    }

    /// What is selected, on which line from 1, and what the line says.
    fn found(app: &App) -> (String, usize, String) {
        let editor = &app.document().editor;
        (editor.selected_text().unwrap_or_default(), editor.cursor().line + 1, app.search().result())
    }

    fn is(text: &str, line: usize, result: &str) -> (String, usize, String) {
        (text.into(), line, result.into())
    }

    const TEXT: &str = "X:1\nV:Lead\nV:bass\n[V:Lead] A |\n[V:lead] B |\n";

    #[test]
    fn it_goes_to_the_first_place_from_the_cursor_while_it_is_typed() {
        let mut app = app(TEXT);
        app.documents[0].editor.go_to(3, 1);
        open(&mut app, "l");
        assert_eq!(found(&app), is("L", 4, "2 of 3"));
        open(&mut app, "lead");
        assert_eq!(found(&app), is("Lead", 4, "2 of 3"));
        press(&mut app, KeyCode::Char('x'), KeyModifiers::NONE);
        assert_eq!(found(&app), is("", 3, "not found"), "back where it began");
        press(&mut app, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!(found(&app), is("Lead", 4, "2 of 3"));
        assert_eq!(app.document().editor.text(), TEXT);
    }

    #[test]
    fn it_goes_on_and_back_and_round() {
        let mut app = app(TEXT);
        open(&mut app, "lead");
        assert_eq!(found(&app), is("Lead", 2, "1 of 3"));
        for (code, modifiers, expected) in [
            (KeyCode::Enter, KeyModifiers::NONE, is("Lead", 4, "2 of 3")),
            (KeyCode::Down, KeyModifiers::NONE, is("lead", 5, "3 of 3")),
            (KeyCode::Char('f'), KeyModifiers::CONTROL, is("Lead", 2, "1 of 3")),
            (KeyCode::Up, KeyModifiers::NONE, is("lead", 5, "3 of 3")),
            (KeyCode::Enter, KeyModifiers::SHIFT, is("Lead", 4, "2 of 3")),
        ] {
            press(&mut app, code, modifiers);
            assert_eq!(found(&app), expected, "{code:?}");
        }
    }

    #[test]
    fn escape_goes_back_and_any_other_key_stays() {
        let mut app = app(TEXT);
        app.documents[0].editor.go_to(2, 3);
        let before = app.document().editor.cursor();
        open(&mut app, "bass");
        press(&mut app, KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!((app.mode(), app.document().editor.cursor()), (Mode::Edit, before));
        open(&mut app, "bass");
        press(&mut app, KeyCode::Right, KeyModifiers::NONE);
        assert_eq!((app.mode(), app.document().editor.cursor().line), (Mode::Edit, 2));
        // Without a word: what was looked for before.
        open(&mut app, "");
        press(&mut app, KeyCode::Enter, KeyModifiers::NONE);
        assert_eq!(found(&app), is("bass", 3, "1 of 1"));
        let requests = press(&mut app, KeyCode::Char('s'), KeyModifiers::CONTROL);
        assert!(matches!(requests[..], [Request::Evaluate { .. }]) && app.mode() == Mode::Edit);
        app.documents[0].editor.go_to(1, 1);
        press(&mut app, KeyCode::F(7), KeyModifiers::NONE);
        assert_eq!(found(&app).0, "bass");
        assert_eq!(app.messages().back().map(|said| said.text.as_str()), Some("bass: 1 of 1"));
    }

    #[test]
    fn the_place_where_it_began_may_be_gone() {
        let mut app = app(TEXT);
        app.documents[0].editor.go_to(4, 3);
        open(&mut app, "lead");
        press(&mut app, KeyCode::Right, KeyModifiers::NONE);
        app.update(Input::Key(KeyEvent::new(KeyCode::F(2), KeyModifiers::NONE)));
        assert_eq!(app.current(), 1);
        press(&mut app, KeyCode::F(7), KeyModifiers::NONE);
        assert_eq!(found(&app), is("", 1, "not found"), "a shorter file: the cursor stays");
        app.documents[1].editor.put(Position { line: 7, byte: 3 }, Scroll::default());
        assert_eq!(app.documents[1].editor.cursor(), Position::default());
        app.documents[1].edit(|editor| editor.insert("日本"));
        app.documents[1].editor.put(Position { line: 0, byte: 4 }, Scroll::default());
        assert_eq!(app.documents[1].editor.cursor(), Position { line: 0, byte: 3 }, "never inside a letter");
    }

    #[test]
    fn while_the_bars_have_the_keyboard_a_key_that_ends_it_changes_no_text() {
        let mut app = app(TEXT);
        press(&mut app, KeyCode::F(4), KeyModifiers::NONE);
        open(&mut app, "lead");
        press(&mut app, KeyCode::Delete, KeyModifiers::NONE);
        assert_eq!((app.mode(), app.document().editor.text()), (Mode::Edit, TEXT.to_owned()));
    }

    #[test]
    fn capitals_are_meant_and_what_is_pasted_is_looked_for() {
        let mut app = app(TEXT);
        open(&mut app, "Lead");
        assert_eq!(found(&app).2, "1 of 2");
        open(&mut app, "");
        app.update(Input::Paste("bass\nX".into()));
        assert_eq!(found(&app), is("bass", 3, "1 of 1"));
        assert_eq!(app.document().editor.text(), TEXT);
    }

    #[test]
    fn letters_of_any_length_are_found_whole() {
        let all = |text, query| places_in(text, query).map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(all("Über über ÜBER", "über"), ["Über", "über", "ÜBER"]);
        assert_eq!(all("aaaa", "aa"), ["aa", "aa"]);
        assert_eq!(all("İ日本", "日"), ["日"]);
        assert_eq!(all("abc", ""), [""; 0]);
    }
}
