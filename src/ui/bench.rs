//! Figures of `barline bench screen`: what a key, a line break, a paste and a picture cost in a short text and in a long one. Runs on the
//! caller's thread, without a terminal.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::app::{App, Input};
use super::view;
use crate::event::{Author, BarState, BarView, Cell, Event, Music, Part, Playing, Snapshot, VoiceStatus};
use crate::figures::{best, percentile};
use crate::synth::{Level, SCOPE};
use crate::time::Beats;

const SIZE: (u16, u16) = (200, 60);
/// More than a screen, so that both pictures are full.
const SHORT: usize = 100;
const LONG: usize = 10_000;
/// The best of so many runs counts: what disturbs only slows down.
const RUNS: usize = 20;
/// Pictures of which the slowest count.
const PICTURES: usize = 1000;
/// Pictures a second.
const FRAMES: f64 = 30.0;
/// Keys in a run.
const KEYS: u32 = 100;

/// Figures as `(name, value, unit)`.
#[must_use]
pub fn bench_screen() -> Vec<(&'static str, f64, &'static str)> {
    let (mut short, mut long) = (app(SHORT), app(LONG));
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let (key, long_key) = (micros(keys(&mut short, KeyCode::Char('c'))), micros(keys(&mut long, KeyCode::Char('c'))));
    let (line, long_line) = (micros(keys(&mut short, KeyCode::Enter)), micros(keys(&mut long, KeyCode::Enter)));
    let (picture, long_picture) = (micros(drawn(&short)), micros(drawn(&long)));
    let pictures = each_drawn(&long);
    let (p99, mean) = (percentile(&pictures, 0.99), pictures.iter().sum::<f64>() / pictures.len() as f64);
    vec![
        ("key_us_short_text", key, "us a key"),
        ("key_us_10000_lines", long_key, "us a key"),
        ("edit_10000_lines_ratio", long_key / key, "times what a key costs in the short text"),
        ("line_break_us_short_text", line, "us a key"),
        ("line_break_us_10000_lines", long_line, "us a key"),
        ("picture_us_short_text", picture, "us a picture, 200 x 60, all panels"),
        ("picture_us_10000_lines", long_picture, "us a picture, 200 x 60, all panels"),
        ("draw_ms_p99", p99.unwrap_or_default(), "ms a picture, 10,000 lines"),
        ("core_share_at_30_fps", mean * FRAMES / 1e3, "of one core, drawing 10,000 lines"),
        ("paste_ms_10000_lines", micros(pasted()) / 1e3, "ms"),
    ]
}

fn text(lines: usize) -> String {
    let head = "X:1\nM:4/4\nL:1/8\nK:Ddor\nV:lead by=loop\n% slow and low\n";
    head.to_owned() + &*"[V:lead] \"Dm\"A2d2 (3fed c2 | !f!c2A2 [GB]4 |\n".repeat(lines.saturating_sub(7))
}

/// The cursor in the middle of the text.
fn app(lines: usize) -> App {
    let mut app = App::new(vec![("a.abc".into(), text(lines))], SIZE);
    for _ in 0..lines / 2 {
        press(&mut app, KeyCode::Down);
    }
    app.update(Input::Event(Event::Snapshot(Arc::new(playing()))));
    app
}

/// Eight voices in twelve bars, with sound.
fn playing() -> Snapshot {
    const VOICES: usize = 8;
    let cell = || Part::Cell(Cell { text: "A2d2 (3fed c2".into(), by: Author::Model, hold: None });
    let bar = |number: i64| BarView {
        number,
        state: match number {
            ..3 => BarState::Played,
            3 => BarState::Sounding,
            4 => BarState::Committed,
            _ => BarState::Planned,
        },
        music: Music::default(),
        parts: (0..VOICES).map(|_| cell()).collect(),
    };
    let level = Level { peak: 0.5, rms: 0.2 };
    let voice = |at: usize| VoiceStatus { level, ..VoiceStatus::untouched(&format!("voice{at}")) };
    Snapshot {
        playing: Playing::Playing,
        bar: 3,
        position: Beats::new(3, 8),
        voices: (0..VOICES).map(voice).collect(),
        bars: (1..13).map(bar).collect(),
        sides: [level; 2],
        scope: (0..SCOPE).map(|at| (at as f32 * 0.05).sin() * 0.5).collect(),
        ..Snapshot::default()
    }
}

fn press(app: &mut App, code: KeyCode) {
    black_box(app.update(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))));
}

/// Typing a key and taking it back, each so often; the time of one.
fn keys(app: &mut App, code: KeyCode) -> Duration {
    let run = || {
        for _ in 0..KEYS / 2 {
            press(app, code);
        }
        for _ in 0..KEYS / 2 {
            press(app, KeyCode::Backspace);
        }
    };
    best(RUNS, run) / KEYS
}

fn drawn(app: &App) -> Duration {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a terminal in memory");
    best(RUNS, || {
        let _ = black_box(terminal.draw(|frame| view::draw(frame, app)));
    })
}

/// What each of many pictures took, in milliseconds.
fn each_drawn(app: &App) -> Vec<f64> {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a terminal in memory");
    let draw = |_| {
        let start = Instant::now();
        let _ = black_box(terminal.draw(|frame| view::draw(frame, app)));
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..PICTURES).map(draw).collect()
}

fn pasted() -> Duration {
    let lines = text(LONG);
    let paste = || {
        let mut app = App::new(vec![("a.abc".into(), String::new())], SIZE);
        app.update(Input::Paste(lines.clone()));
    };
    best(RUNS, paste)
}
