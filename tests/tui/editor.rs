//! The text on the screen: what is found, lit, marked and selected in it, at three sizes and in every theme.

use std::sync::Arc;
use std::time::Duration;

use barline::event::Sounding;
use barline::prompt::Source;
use barline::ui::theme::Theme;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::style::Color;

use super::*;

fn evaluated(app: &mut App, accepted: bool, diagnostics: Vec<Diagnostic>) {
    let (path, text) = (app.document().path.clone(), app.document().editor.text());
    let heard = String::new();
    app.update(Input::Evaluated(Evaluation { path, text, accepted, plays: true, armed: false, diagnostics, heard }));
}

/// What is said and lit is over.
fn later(app: &mut App) {
    app.update(Input::Passed(Duration::from_secs(1)));
}

fn place(part: &str) -> Span {
    let start = TEXT.find(part).expect("it stands in the text");
    Span { start, end: start + part.len() }
}

fn sounding(notes: &[&str]) -> Snapshot {
    let source = Arc::new(Source { path: "prompts/night-ferry.abc".into(), text: TEXT.into() });
    let places = notes.iter().map(|note| place(note)).collect();
    Snapshot { sounding: Some(Sounding { source, places }), ..snapshot() }
}

fn find(app: &mut App, query: &str) {
    key(app, KeyCode::Char('f'), KeyModifiers::CONTROL);
    for c in query.chars() {
        key(app, KeyCode::Char(c), KeyModifiers::NONE);
    }
}

/// The screen, and below each line what is reversed (r), underlined (u), both (b) or struck out (x) in it.
fn with_looks(app: &App) -> String {
    let buffer = drawn(app);
    let look = |x, y| {
        let modifier = buffer[(x, y)].modifier;
        match (modifier.contains(Modifier::REVERSED), modifier.contains(Modifier::UNDERLINED)) {
            _ if modifier.contains(Modifier::CROSSED_OUT) => 'x',
            (true, true) => 'b',
            (true, false) => 'r',
            (false, true) => 'u',
            (false, false) => ' ',
        }
    };
    let line = |(y, line): (usize, String)| {
        let looks: String = (0..buffer.area.width).map(|x| look(x, y as u16)).collect();
        let looks = looks.trim_end();
        if looks.is_empty() { line } else { format!("{line}\n{looks}") }
    };
    lines(&buffer).into_iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_editor_at_three_sizes() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut app = app(columns, rows);
        evaluated(&mut app, true, vec![Diagnostic::error(place("fedc"), "too long")]);
        later(&mut app);
        show(&mut app, sounding(&["d2", "c2"]));
        find(&mut app, "d");
        let name = format!("editor-{columns}x{rows}");
        insta::with_settings!({ snapshot_path => ".", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, with_looks(&app));
        });
    }
}

#[test]
fn what_sounds_is_lit_in_the_text_as_long_as_its_line_is_as_it_was() {
    let mut app = app(100, 30);
    show(&mut app, sounding(&["d2"]));
    let lit = |app: &App| with_modifier(&drawn(app), "[V:lead]", Modifier::REVERSED);
    assert_eq!(lit(&app), "d2");
    key(&mut app, KeyCode::Char('x'), KeyModifiers::NONE);
    assert_eq!(lit(&app), "d2", "another line was changed");
    key(&mut app, KeyCode::End, KeyModifiers::CONTROL);
    key(&mut app, KeyCode::Up, KeyModifiers::NONE);
    key(&mut app, KeyCode::Char('z'), KeyModifiers::NONE);
    assert_eq!(lit(&app), "");
    key(&mut app, KeyCode::Char('z'), KeyModifiers::CONTROL);
    assert_eq!(lit(&app), "d2");
    show(&mut app, snapshot());
    assert_eq!(lit(&app), "");
}

/// The screen in a theme without its colours: signs and modifiers of the lines that contain `part`.
fn without_colours(app: &App, part: &str) -> String {
    let buffer = drawn(app);
    let y = lines(&buffer).iter().position(|line| line.contains(part)).expect("such a line") as u16;
    let signs = (0..buffer.area.width).map(|x| (buffer[(x, y)].symbol(), buffer[(x, y)].modifier));
    format!("{:?}", signs.collect::<Vec<_>>())
}

fn assert_all_differ(theme: Theme, what: &[(&str, String)]) {
    for (at, (name, one)) in what.iter().enumerate() {
        for (other_name, other) in &what[at + 1..] {
            assert_ne!(one, other, "{name} looks as {other_name} does, in {theme:?}");
        }
    }
}

#[test]
fn nothing_is_told_by_colour_alone_in_any_theme() {
    for theme in Theme::ALL {
        let fresh = || {
            let mut app = app(100, 30);
            app.set_theme(theme);
            evaluated(&mut app, true, vec![]);
            later(&mut app);
            app
        };
        let seen = |change: &dyn Fn(&mut App)| {
            let mut app = fresh();
            change(&mut app);
            without_colours(&app, "[V:lead]")
        };
        let lead = |severity: fn(Span, &'static str) -> Diagnostic| severity(place("A2d2"), "why");
        assert_all_differ(
            theme,
            &[
                ("plain text", seen(&|_| {})),
                (
                    "an error",
                    seen(&|app| {
                        evaluated(app, true, vec![lead(Diagnostic::error)]);
                        later(app);
                    }),
                ),
                (
                    "a warning",
                    seen(&|app| {
                        evaluated(app, true, vec![lead(Diagnostic::warning)]);
                        later(app);
                    }),
                ),
                ("taken", seen(&|app| evaluated(app, true, vec![]))),
                ("refused", seen(&|app| evaluated(app, false, vec![]))),
                ("sounding", seen(&|app| show(app, sounding(&["d2"])))),
                ("found", seen(&|app| find(app, "e"))),
                (
                    "selected",
                    seen(&|app| {
                        find(app, "d2");
                        key(app, KeyCode::F(10), KeyModifiers::NONE);
                    }),
                ),
            ],
        );
        let mut app = fresh();
        let parts = || vec![cell("C4", Author::Model)];
        let states = [BarState::Played, BarState::Sounding, BarState::Committed, BarState::Planned, BarState::Planned];
        let bars = states.iter().zip(11..).map(|(state, number)| BarView {
            number,
            state: *state,
            music: Music::default(),
            parts: parts(),
        });
        let voices = vec![voice("lead", false)];
        show(&mut app, Snapshot { bars: bars.collect(), voices, heard_from: Some(15), ..snapshot() });
        let bar = |number: &str| without_colours(&app, &format!(" {number}"));
        let names = ["played", "sounding", "committed", "planned", "heard from here"];
        let rows = names.iter().zip(11..).map(|(name, number): (_, i32)| (*name, bar(&number.to_string())));
        // The number is no sign of the state.
        let rows: Vec<_> = rows.map(|(name, row)| (name, row.replace(|c: char| c.is_ascii_digit(), "#"))).collect();
        assert_all_differ(theme, &rows);
        let said = |level| {
            let mut app = fresh();
            app.update(Input::Event(Event::Message(Message { level, text: "so it is".into() })));
            without_colours(&app, "so it is")
        };
        let levels = [("info", Level::Info), ("warning", Level::Warning), ("error", Level::Error)];
        assert_all_differ(theme, &levels.map(|(name, level)| (name, said(level))));
    }
}

#[test]
fn a_theme_has_colours_of_its_own_everywhere_and_a_key_goes_from_one_to_the_next() {
    let mut app = app(100, 30);
    show(&mut app, snapshot());
    let is_own = |colour: Color| matches!(colour, Color::Indexed(_));
    let colours =
        |app: &App| drawn(app).content.iter().map(|cell| (is_own(cell.fg), is_own(cell.bg))).collect::<Vec<_>>();
    assert!(colours(&app).iter().all(|own| *own == (false, false)), "the terminal's");
    for expected in ["dark", "light", "contrast"] {
        key(&mut app, KeyCode::Char(' '), KeyModifiers::CONTROL);
        let keys = KeyEvent::new(KeyCode::Char('T'), KeyModifiers::SHIFT);
        let requests = app.update(Input::Key(keys));
        let kept = requests.iter().map(|request| format!("{request:?}").to_lowercase()).collect::<String>();
        assert_eq!(kept, format!("keeptheme({expected})"));
        assert!(colours(&app).iter().all(|own| *own == (true, true)), "{expected}");
        assert!(seen(&app).ends_with(&format!("colours: {expected}")));
    }
}

#[test]
fn a_long_text_scrolls_under_the_wheel_with_its_colours() {
    let body: String = (0..500).map(|_| "[V:lead] \"Dm\"A2d2 fedc | c2A2 G4 |\n").collect();
    let mut app = App::new(vec![("a.abc".into(), format!("X:1\nK:Ddor\n{body}"))], (80, 24));
    for _ in 0..60 {
        let event = MouseEvent { kind: MouseEventKind::ScrollDown, column: 10, row: 5, modifiers: KeyModifiers::NONE };
        app.update(Input::Mouse { event, clicks: 0 });
    }
    let buffer = drawn(&app);
    let row = lines(&buffer).iter().position(|line| line.starts_with(" 181 ")).expect("the line at the top") as u16;
    let start = lines(&buffer)[row as usize].find("\"Dm\"").expect("a chord symbol") as u16;
    assert_eq!(buffer[(start, row)].fg, Color::Yellow);
    let event =
        MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column: start, row, modifiers: KeyModifiers::NONE };
    app.update(Input::Mouse { event, clicks: 2 });
    assert_eq!(app.document().editor.selected_text().as_deref(), Some("\"Dm\""));
}
