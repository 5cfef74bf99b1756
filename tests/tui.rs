//! What the performer sees: the whole screen drawn into a test terminal from a hand-made snapshot.

use barline::abc::{Diagnostic, Meter, Span};
use barline::compose::{Candidate, Rank};
use barline::event::{
    Author, BarState, BarView, Cell, Event, Hold, Level, Look, Message, Music, Part, Playing, SceneName, Snapshot,
    VoiceStatus,
};
use barline::time::Beats;
use barline::ui::{App, Evaluation, Input, view};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

#[path = "tui/editor.rs"]
mod editor;
#[path = "tui/panels.rs"]
mod panels;

const TEXT: &str = "X:1\nT:Night ferry\n% slow air\nM:4/4\nL:1/8\nK:Ddor\n[V:lead] A2d2 fedc | c2A2 G4 |\n";

fn app(columns: u16, rows: u16) -> App {
    App::new(
        vec![("prompts/night-ferry.abc".into(), TEXT.into()), ("prompts/reel.abc".into(), String::new())],
        (columns, rows),
    )
}

fn cell(text: &str, by: Author) -> Part {
    Part::Cell(Cell { text: text.into(), by, hold: None })
}

/// Bar 12 of a piece for two voices, at its third beat.
fn voice(name: &str, muted: bool) -> VoiceStatus {
    VoiceStatus { muted, ..VoiceStatus::untouched(name) }
}

fn snapshot() -> Snapshot {
    let bar = |number, state, lead| {
        let parts = vec![cell("D,8", Author::Text), lead];
        BarView { number, state, music: Music::default(), parts }
    };
    Snapshot {
        playing: Playing::Playing,
        meter: Meter::COMMON,
        bar: 12,
        position: Beats::new(2, 4),
        bars_ahead: 3,
        ladder_uses: 2,
        tokens_per_second: 57.6,
        composer: "ready".into(),
        audio: "alsa:default 48000 Hz".into(),
        midi: "none".into(),
        heard_from: Some(14),
        voices: ["bass", "lead"].map(|name| voice(name, false)).into(),
        bars: vec![
            bar(10, BarState::Played, cell("a8", Author::Model)),
            bar(11, BarState::Played, cell("g8", Author::Model)),
            bar(12, BarState::Sounding, cell("A2d2 fedc", Author::Model)),
            bar(13, BarState::Committed, cell("c2A2 G4", Author::Ladder(3))),
            bar(14, BarState::Planned, cell("f4 e4", Author::Model)),
            bar(15, BarState::Planned, Part::Open),
        ],
        ..Snapshot::default()
    }
}

fn show(app: &mut App, snapshot: Snapshot) {
    app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(snapshot))));
}

fn key(app: &mut App, code: KeyCode, modifiers: KeyModifiers) {
    app.update(Input::Key(KeyEvent::new(code, modifiers)));
}

fn drawn(app: &App) -> Buffer {
    let (columns, rows) = app.size();
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view::draw(frame, app)).unwrap();
    terminal.backend().buffer().clone()
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..buffer.area.height).map(row).collect()
}

fn seen(app: &App) -> String {
    lines(&drawn(app)).join("\n")
}

/// The characters with a modifier in the lines that contain `part`.
fn with_modifier(buffer: &Buffer, part: &str, modifier: Modifier) -> String {
    let y = lines(buffer).iter().position(|line| line.contains(part)).expect("such a line") as u16;
    (0..buffer.area.width)
        .filter(|&x| buffer[(x, y)].modifier.contains(modifier))
        .map(|x| buffer[(x, y)].symbol())
        .collect()
}

#[test]
fn the_whole_screen() {
    let mut app = app(100, 30);
    show(&mut app, snapshot());
    insta::assert_snapshot!(seen(&app), @r"
▶ playing  bar 12:3  tempo 120  4/4  3 ahead  ladder 2  composer ready  58 tokens/s  midi none
audio alsa:default 48000 Hz
── night-ferry.abc 1/2 ─ not evaluated yet ─────────────────────────────────────────────────────────
  1 X:1
  2 T:Night ferry
  3 % slow air
  4 M:4/4
  5 L:1/8
  6 K:Ddor
  7 [V:lead] A2d2 fedc | c2A2 G4 |
  8






── bars ─ the edit is heard at bar 14, in 2 bars ─ temperature ×1 ─ words ×1 ───────────────────────
      1 bass        2 lead
  10│ t  D,8        m  a8
  11│ t  D,8        m  g8
▶ 12│ t  D,8        m  A2d2 fedc
  13│ t  D,8        L3 c2A2 G4
» 14┊ t  D,8        m  f4 e4
  15┊ t  D,8           …




Ctrl+S evaluate · Ctrl+Space menu · F1 help · Ctrl+Q quit
");
}

/// Told by its sign and in words, not by colour alone.
#[test]
fn a_recording_is_seen_on_any_screen() {
    for (columns, rows) in [(80, 24), (60, 15)] {
        let mut app = app(columns, rows);
        show(&mut app, snapshot());
        let status = |app: &App| lines(&drawn(app))[0].clone();
        assert!(!status(&app).contains("REC"));
        app.update(Input::Event(Event::Recording(Some(std::time::Duration::from_secs(83)))));
        assert!(status(&app).starts_with("▶ playing  ● REC 1:23  bar 12:3  tempo 120"), "{}", status(&app));
        app.update(Input::Event(Event::Recording(None)));
        assert!(!status(&app).contains("REC"));
    }
}

#[test]
fn a_small_screen_keeps_what_matters() {
    let mut app = app(60, 15);
    show(&mut app, snapshot());
    insta::assert_snapshot!(seen(&app), @r"
▶ playing  bar 12:3  tempo 120  4/4  3 ahead  ladder 2
── night-ferry.abc 1/2 ─ not evaluated yet ─────────────────
  1 X:1
  2 T:Night ferry
  3 % slow air
  4 M:4/4
  5 L:1/8
  6 K:Ddor
  7 [V:lead] A2d2 fedc | c2A2 G4 |
── bars ─ the edit is heard at bar 14, in 2 bars ───────────
      1 bass        2 lead
  11│ t  D,8        m  g8
▶ 12│ t  D,8        m  A2d2 fedc
  13│ t  D,8        L3 c2A2 G4
Ctrl+S evaluate · Ctrl+Space menu · F1 help · Ctrl+Q quit
");
}

#[test]
fn a_wide_screen_has_the_bars_beside_the_text() {
    let mut app = app(140, 24);
    show(&mut app, snapshot());
    let screen = lines(&drawn(&app));
    let row = screen.iter().find(|line| line.contains("▶ 12│")).expect("the sounding bar");
    assert!(row.contains("M:4/4") || row.contains("% slow air") || row.contains("L:1/8"), "{row}");
}

#[test]
fn the_playhead_stands_on_the_note_that_sounds() {
    let mut app = app(100, 30);
    let mut now = snapshot();
    for (position, note) in [(0, "A2"), (1, "A2"), (2, "d2"), (4, "f"), (5, "e"), (7, "c")] {
        now.position = Beats::new(position, 8);
        show(&mut app, now.clone());
        // The bass has one note through the bar.
        assert_eq!(with_modifier(&drawn(&app), "▶ 12│", Modifier::REVERSED), format!("D,8{note}"), "at {position}/8");
    }
}

/// The same with the bars' keys on the lead's first bar that can change, which is pinned, and a voice that comes in at bar 14.
fn on_the_future(columns: u16, rows: u16) -> App {
    let mut app = app(columns, rows);
    let mut now = snapshot();
    now.voices.push(voice("pad", false));
    for bar in &mut now.bars {
        bar.parts.push(if bar.number < 14 { Part::Absent } else { Part::Open });
    }
    for (at, hold) in [(4, Hold::Pinned), (5, Hold::Frozen)] {
        now.bars[at].parts[1] = Part::Cell(Cell { text: "f4 e4".into(), by: Author::Model, hold: Some(hold) });
    }
    now.look = Some(Look { bar: 14, voice: "lead".into(), drafts: Ok(drafts()) });
    show(&mut app, now);
    key(&mut app, KeyCode::F(4), KeyModifiers::NONE);
    key(&mut app, KeyCode::Right, KeyModifiers::NONE);
    app
}

fn drafts() -> Vec<Candidate> {
    let draft = |(text, words, stale): (&str, f64, f64)| {
        let rank = Rank { words, odd: 0.0, stale };
        Candidate { text: text.into(), rank }
    };
    [("c2A2 G2FE", 0.312, 0.6), ("f4 e4", 0.2, 0.0)].map(draft).into()
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

#[test]
fn the_future_under_the_cursor() {
    for (columns, rows) in SIZES {
        let app = on_the_future(columns, rows);
        insta::assert_snapshot!(format!("future_{columns}x{rows}"), seen(&app));
        assert!(with_modifier(&drawn(&app), "14┊", Modifier::REVERSED).contains("m•[f4 e4]"));
    }
}

#[test]
fn the_drafts_of_a_bar_and_what_is_against_them() {
    for (columns, rows) in SIZES {
        let mut app = on_the_future(columns, rows);
        key(&mut app, KeyCode::Char('c'), KeyModifiers::NONE);
        key(&mut app, KeyCode::Up, KeyModifiers::NONE);
        insta::assert_snapshot!(format!("drafts_{columns}x{rows}"), seen(&app));
    }
    // A bar that has no room beside its figures is still seen in full.
    let mut app = on_the_future(40, 24);
    key(&mut app, KeyCode::Char('c'), KeyModifiers::NONE);
    let mut now = app.snapshot().clone();
    let long = "^C2D2E2F2 G2A2B2c2 d2e2f2g2";
    let draft = Candidate { text: long.into(), ..drafts()[0].clone() };
    now.look = Some(Look { bar: 14, voice: "lead".into(), drafts: Ok(vec![draft]) });
    show(&mut app, now);
    let screen = seen(&app);
    assert!(screen.contains(long) && screen.contains("\n     0.31  0.00  0.60  0.91"), "{screen}");
}

/// What is pointed at is seen with its figures, and no sentence ends in the middle.
#[test]
fn the_drafts_of_a_bar_where_there_is_little_room() {
    for rows in 8..24 {
        let mut app = on_the_future(40, rows);
        key(&mut app, KeyCode::Char('c'), KeyModifiers::NONE);
        let mut now = app.snapshot().clone();
        let draft = |text: &str| Candidate { text: text.into(), ..drafts()[0].clone() };
        let texts = ["^C2D2E2F2 G2A2B2c2 d2e2f2g2", "^C2D2E2F2 G2A2B2c2 d2e2f2a2", "^C2D2E2F2 G2A2B2c2 d2e2f2b2"];
        now.look = Some(Look { bar: 14, voice: "lead".into(), drafts: Ok(texts.map(draft).into()) });
        show(&mut app, now);
        for _ in 0..3 {
            key(&mut app, KeyCode::Down, KeyModifiers::NONE);
        }
        let screen = seen(&app);
        let figures = screen.split(texts[2]).nth(1).and_then(|below| below.lines().nth(1));
        assert!(figures.is_some_and(|figures| figures.contains("0.31  0.00  0.60  0.91")), "{rows}: {screen}");
        assert_eq!(screen.contains("against it:"), screen.contains("is planned"), "{rows}: {screen}");
    }
}

#[test]
fn a_bar_is_written_in_the_last_line() {
    for (columns, rows) in SIZES {
        let mut app = on_the_future(columns, rows);
        key(&mut app, KeyCode::Char('e'), KeyModifiers::NONE);
        assert!(seen(&app).contains("a full bar: Enter puts it there"), "{}", seen(&app));
        key(&mut app, KeyCode::Char('?'), KeyModifiers::NONE);
        insta::assert_snapshot!(format!("line_{columns}x{rows}"), seen(&app));
        let mut now = app.snapshot().clone();
        now.bars[4].state = BarState::Committed;
        show(&mut app, now);
        assert!(seen(&app).contains("lead, bar 15 (14 is fixed): f4 e4?"), "{}", seen(&app));
    }
}

/// Two files, of which the first has two tunes; the second of them plays, the other file waits for its line.
fn with_scenes(columns: u16, rows: u16) -> App {
    let two = format!("{TEXT}\nX:7\nT:Harbour\nK:D\nD8 |\n");
    let files = [("prompts/night-ferry.abc", two.as_str()), ("prompts/reel.txt", "a reel in D")];
    let mut app = App::new(files.map(|(path, text)| (path.into(), text.into())).into(), (columns, rows));
    let name = |path: &str, number| Some(SceneName { path: path.into(), number });
    let (scene, next_scene) = (name("prompts/night-ferry.abc", 7), name("prompts/reel.txt", 1));
    show(&mut app, Snapshot { scene, next_scene, ..snapshot() });
    app
}

#[test]
fn lists_leave_the_bars_in_sight() {
    for (columns, rows) in SIZES {
        let mut app = with_scenes(columns, rows);
        key(&mut app, KeyCode::Char(' '), KeyModifiers::CONTROL);
        key(&mut app, KeyCode::Char('S'), KeyModifiers::NONE);
        insta::assert_snapshot!(format!("scenes_{columns}x{rows}"), seen(&app));
        key(&mut app, KeyCode::Char('p'), KeyModifiers::CONTROL);
        for letter in "lou".chars() {
            key(&mut app, KeyCode::Char(letter), KeyModifiers::NONE);
        }
        insta::assert_snapshot!(format!("actions_{columns}x{rows}"), seen(&app));
    }
    // The one that is pointed at is in sight, however long the list is.
    let mut app = app(80, 24);
    key(&mut app, KeyCode::Char('p'), KeyModifiers::CONTROL);
    key(&mut app, KeyCode::End, KeyModifiers::NONE);
    assert!(seen(&app).contains("› text: plain keys go there again"), "{}", seen(&app));
}

#[test]
fn the_bar_under_the_cursor_is_in_sight_and_so_is_the_sounding_one() {
    let mut app = app(80, 24);
    let mut now = snapshot();
    now.voices = (1..=9).map(|n| voice(&format!("voice{n}"), false)).collect();
    let bar = |number| BarView {
        number,
        state: BarState::Planned,
        music: Music::default(),
        parts: vec![cell("abcdefgabcdefg", Author::Text); 9],
    };
    now.bars.truncate(4);
    now.bars.extend((14..=28).map(bar));
    show(&mut app, now);
    for code in [KeyCode::F(4), KeyCode::End, KeyCode::Char('9')] {
        key(&mut app, code, KeyModifiers::NONE);
    }
    let screen = seen(&app);
    for part in ["▶ 12│", "  28┊", "9 voice9 +4", "[abcdefgab…]"] {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    assert!(!screen.contains("  13│"), "{screen}");
    key(&mut app, KeyCode::Home, KeyModifiers::NONE);
    let screen = seen(&app);
    assert!(screen.contains("  11│") && screen.contains("▶ 12│") && screen.contains(" 14┊"), "{screen}");
}

#[test]
fn an_edit_is_told_until_it_is_heard() {
    let mut app = app(80, 24);
    let mut now = snapshot();
    show(&mut app, now.clone());
    // Fixed, and not yet heard: the engine does not speak of it any more.
    now.bar = 13;
    now.position = Beats::new(7, 8);
    now.heard_from = None;
    for (bar, state) in [(2, BarState::Played), (3, BarState::Sounding), (4, BarState::Committed)] {
        now.bars[bar].state = state;
    }
    show(&mut app, now.clone());
    let screen = seen(&app);
    assert!(screen.contains("the edit is heard at bar 14, in 1 beat ") && screen.contains("» 14│"), "{screen}");
    now.bar = 14;
    now.bars[3].state = BarState::Played;
    now.bars[4].state = BarState::Sounding;
    show(&mut app, now.clone());
    assert!(seen(&app).contains("── bars ─ the edit is heard now ─"), "{}", seen(&app));
    now.bar = 15;
    now.bars[4].state = BarState::Played;
    show(&mut app, now);
    assert!(!seen(&app).contains("the edit"), "{}", seen(&app));
}

#[test]
fn what_words_were_heard_as_is_seen_in_full_where_there_is_room() {
    let heard =
        "low sparse stepwise falling cadence, lead: high busy leaping · not understood: ferry, gangway, tugboat";
    for (columns, rows) in SIZES {
        let mut app = app(columns, rows);
        show(&mut app, snapshot());
        let path = "prompts/night-ferry.abc".into();
        let (text, heard) = (TEXT.into(), heard.into());
        app.update(Input::Evaluated(Evaluation {
            path,
            text,
            accepted: true,
            plays: true,
            armed: false,
            diagnostics: vec![],
            heard,
        }));
        let screen = seen(&app);
        // Beside the text on wide screens, where the last word may be in a line of its own.
        assert_eq!(screen.contains("tugboat"), rows > 24, "{screen}");
    }
}

#[test]
fn committed_is_bright_and_planned_is_dim() {
    let mut app = app(100, 30);
    show(&mut app, snapshot());
    let buffer = drawn(&app);
    assert!(with_modifier(&buffer, " 13│", Modifier::BOLD).contains("c2A2 G4"));
    assert_eq!(with_modifier(&buffer, " 13│", Modifier::DIM), "");
    assert!(with_modifier(&buffer, " 14┊", Modifier::DIM).contains("f4 e4"));
}

#[test]
fn the_edit_is_counted_down_in_bars_then_beats() {
    let mut app = app(60, 15);
    let mut now = snapshot();
    show(&mut app, now.clone());
    assert!(seen(&app).contains("the edit is heard at bar 14, in 2 bars"));
    now.bar = 13;
    now.position = Beats::ZERO;
    show(&mut app, now.clone());
    assert!(seen(&app).contains("the edit is heard at bar 14, in 4 beats"));
    now.position = Beats::new(7, 8);
    show(&mut app, now.clone());
    assert!(seen(&app).contains("the edit is heard at bar 14, in 1 beat "), "{}", seen(&app));
    now.heard_from = None;
    show(&mut app, now);
    assert!(!seen(&app).contains("the edit is heard"));
}

#[test]
fn the_status_says_whose_tempo_it_is_and_what_is_armed() {
    let mut app = app(100, 30);
    let mut now = snapshot();
    now.text_tempo = Some(barline::time::Tempo(100.into()));
    now.tempo_locked = true;
    show(&mut app, now.clone());
    assert!(seen(&app).contains("  tempo 120 (text 100) locked  4/4  "), "{}", seen(&app));
    key(&mut app, KeyCode::Char(' '), KeyModifiers::CONTROL);
    key(&mut app, KeyCode::Char('a'), KeyModifiers::NONE);
    now.armed = vec!["mute bass".into(), "tempo 1/4=90".into()];
    show(&mut app, now.clone());
    assert!(seen(&app).contains("bar 12:3  arming: mute bass, tempo 1/4=90  tempo"), "{}", seen(&app));
    now.armed_for = Some(17);
    show(&mut app, now.clone());
    assert!(seen(&app).contains("armed for bar 17, in 5 bars: mute bass, tempo 1/4=90"), "{}", seen(&app));
    now.bar = 16;
    show(&mut app, now.clone());
    assert!(seen(&app).contains("armed for bar 17, in 2 beats: mute bass"), "{}", seen(&app));
    now.playing = Playing::Stopped;
    now.voices[1].soloed = true;
    now.voices[1].gain = 0.8;
    show(&mut app, now);
    assert!(seen(&app).contains("armed for bar 17: mute bass") && seen(&app).contains("2 lead ×0.8 (solo)"));
}

#[test]
fn voices_that_do_not_fit_are_counted_and_muted_ones_marked() {
    let mut app = app(60, 15);
    let mut now = snapshot();
    now.voices = (1..=6).map(|n| voice(&format!("voice{n}"), n == 1)).collect();
    for bar in &mut now.bars {
        bar.parts = vec![cell("abcdefgabcdefgabcdefg", Author::Text); 6];
    }
    show(&mut app, now);
    let screen = seen(&app);
    assert!(screen.contains("1 voice1 (muted)"), "{screen}");
    assert!(screen.contains("3 voice3 +3"), "{screen}");
    assert!(screen.contains("t  abcdefgabcdef…"), "{screen}");
}

#[test]
fn messages_errors_and_questions() {
    let mut app = app(100, 30);
    assert!(seen(&app).contains("F1 help"));
    app.update(Input::Event(Event::Message(Message { level: Level::Warning, text: "MIDI port lost: Keystep".into() })));
    assert!(seen(&app).ends_with("MIDI port lost: Keystep"));
    let at = TEXT.find("fedc").unwrap();
    let diagnostics = vec![Diagnostic::error(Span { start: at, end: at + 1 }, "too long")];
    let path = "prompts/night-ferry.abc".into();
    let heard = "slow · not understood: ferry".into();
    app.update(Input::Evaluated(Evaluation {
        path,
        text: TEXT.into(),
        accepted: true,
        plays: true,
        armed: false,
        diagnostics,
        heard,
    }));
    let screen = seen(&app);
    assert!(screen.contains("! 7 [V:lead]"), "{screen}");
    assert!(screen.contains("1 error (F8)"), "{screen}");
    assert!(screen.contains("heard: slow · not understood: ferry"), "{screen}");
    assert!(screen.ends_with("night-ferry.abc:7:15: error: too long"), "{screen}");
    show(&mut app, snapshot());
    key(&mut app, KeyCode::Char('q'), KeyModifiers::CONTROL);
    assert!(seen(&app).ends_with("The music plays. Quit? y quits, any other key plays on"), "{}", seen(&app));
}

#[test]
fn the_menu_and_the_help_come_from_the_key_table() {
    for (columns, rows) in [(100, 30), (60, 15)] {
        let mut app = app(columns, rows);
        show(&mut app, snapshot());
        key(&mut app, KeyCode::Char(' '), KeyModifiers::CONTROL);
        let menu = seen(&app);
        for entry in ["p play", "s stop", "h hush", "P panic", "r reroll", "m mute a voice"] {
            assert!(menu.contains(entry), "{entry} at {columns} columns:\n{menu}");
        }
        let whole = menu.contains("q quit") && menu.contains("? help");
        assert_eq!((whole, menu.contains(": lists all")), (columns == 100, columns != 100), "{menu}");
        assert!(menu.contains("▶ 12│"), "the menu leaves the bars in sight");
        key(&mut app, KeyCode::Char('?'), KeyModifiers::NONE);
        let help = seen(&app);
        assert!(help.contains("Ctrl+S F5 Alt+Enter   Enter"), "{help}");
        assert!(help.contains("evaluate: save the text,"), "{help}");
        assert!(help.lines().any(|line| line.trim_end().ends_with("shown")), "wrapped, not cut:\n{help}");
    }
}

#[test]
fn wide_characters_and_long_lines_scroll_with_the_cursor() {
    let mut app = App::new(vec![("a.abc".into(), format!("T:{}x", "日本語".repeat(20)))], (60, 15));
    key(&mut app, KeyCode::End, KeyModifiers::NONE);
    let screen = lines(&drawn(&app));
    assert!(screen[2].ends_with('x'), "{screen:?}");
}

#[test]
fn no_size_is_too_small_to_draw() {
    for columns in [0, 1, 2, 5, 9, 20, 59, 119, 120, 121] {
        for rows in [0, 1, 2, 3, 4, 5, 8, 19, 20] {
            let mut app = app(columns, rows);
            show(&mut app, snapshot());
            drawn(&app);
            let none = KeyModifiers::NONE;
            for (code, modifiers) in [
                (KeyCode::Char(' '), KeyModifiers::CONTROL),
                (KeyCode::F(1), none),
                (KeyCode::F(4), none),
                (KeyCode::F(4), none),
                (KeyCode::End, none),
                (KeyCode::Char('c'), none),
                (KeyCode::Esc, none),
                (KeyCode::Char('e'), none),
                (KeyCode::Esc, none),
                (KeyCode::Char('p'), KeyModifiers::CONTROL),
                (KeyCode::End, none),
            ] {
                key(&mut app, code, modifiers);
                drawn(&app);
            }
        }
    }
}
