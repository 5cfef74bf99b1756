//! Every panel at three sizes and in the smallest window, all with the same music at the same moment.

use std::collections::BTreeMap;
use std::time::Duration;

use barline::event::{Before, Lead};
use barline::synth::{Level as Sounded, SCOPE};
use barline::time::Tempo;
use barline::ui::app::Offer;
use barline::ui::theme::Theme;
use ratatui::style::Style;

use super::*;

const SMALL: (u16, u16) = (40, 10);

fn sizes() -> impl Iterator<Item = (u16, u16)> {
    SIZES.into_iter().chain([SMALL])
}

fn kept(name: &str, screen: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, screen);
    });
}

fn after_leader(app: &mut App, letter: char) {
    key(app, KeyCode::Char(' '), KeyModifiers::CONTROL);
    key(app, KeyCode::Char(letter), KeyModifiers::NONE);
}

fn type_in(app: &mut App, text: &str) {
    for letter in text.chars() {
        key(app, KeyCode::Char(letter), KeyModifiers::NONE);
    }
}

/// The music, with sound.
fn loud() -> Snapshot {
    let mut now = snapshot();
    for (voice, rms) in now.voices.iter_mut().zip([0.2, 0.05]) {
        voice.level = Sounded { peak: 2.5 * rms, rms };
    }
    now.sides = [Sounded { peak: 0.5, rms: 0.2 }, Sounded { peak: 0.4, rms: 0.15 }];
    now.scope = (0..SCOPE).map(|at| (at as f32 * 0.05).sin() * 0.5).collect();
    now
}

fn panel(name: &str, open: impl Fn(&mut App)) {
    for (columns, rows) in sizes() {
        let mut app = app(columns, rows);
        show(&mut app, loud());
        open(&mut app);
        kept(&format!("{name}_{columns}x{rows}"), &seen(&app));
    }
}

#[test]
fn nothing_but_the_music() {
    panel("plain", |_| {});
    let mut app = app(SMALL.0, SMALL.1);
    show(&mut app, loud());
    for part in ["▶ 12│", "  13│", "heard at bar 14, in 2 bars"] {
        assert!(seen(&app).contains(part), "{}", seen(&app));
    }
}

#[test]
fn the_help() {
    panel("help", |app| key(app, KeyCode::F(1), KeyModifiers::NONE));
    // No word of it is cut off.
    let mut small = app(SMALL.0, SMALL.1);
    key(&mut small, KeyCode::F(1), KeyModifiers::NONE);
    assert!(seen(&small).contains("evaluate: save the text, hear it from"), "{}", seen(&small));
    // Its last line can be reached everywhere.
    for (columns, rows) in sizes() {
        let mut app = app(columns, rows);
        key(&mut app, KeyCode::F(1), KeyModifiers::NONE);
        for _ in 0..100 {
            key(&mut app, KeyCode::PageDown, KeyModifiers::NONE);
        }
        assert!(seen(&app).contains("yourself."), "{}", seen(&app));
    }
}

#[test]
fn the_messages() {
    let said = [
        (Level::Info, "Night ferry: heard from bar 3; lead is composed anew"),
        (Level::Warning, "the MIDI port 'Moog' is missing: bass plays sub"),
        (
            Level::Error,
            "night-ferry.abc:7:10: error: the bar is 8 × 1/8 too long for 4/4 (it is full before 'B,8': leave that out, or write a bar line before it)",
        ),
        (Level::Warning, "composer ended (signal: 9); it is started again, the music goes on"),
    ];
    panel("messages", |app| {
        for (level, text) in said {
            app.update(Input::Event(Event::Message(Message { level, text: text.into() })));
        }
        key(app, KeyCode::F(3), KeyModifiers::NONE);
    });
}

#[test]
fn the_menu() {
    panel("menu", |app| key(app, KeyCode::Char(' '), KeyModifiers::CONTROL));
}

/// Where they do not stand by themselves they are asked for.
#[test]
fn meters_scope_and_piano_roll() {
    panel("sound", |app| {
        let (columns, rows) = app.size();
        if rows < 34 {
            key(app, KeyCode::F(9), KeyModifiers::NONE);
        }
        assert_eq!(seen(app).contains("── sound"), rows >= 24, "{columns}x{rows}:\n{}", seen(app));
    });
    panel("roll", |app| {
        if app.size().1 < 46 {
            after_leader(app, 'W');
        }
    });
}

fn offered(app: &mut App) {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let patches = names(&["bell", "click", "drone", "lead", "pad", "pluck", "reed", "sub"]);
    app.update(Input::Offer(Offer { patches, outputs: names(&["Minilogue XD MIDI 1", "Moog", "box"]) }));
}

#[test]
fn patches_and_outputs_to_pick_from() {
    panel("patches", |app| {
        offered(app);
        after_leader(app, 'v');
        type_in(app, "l");
    });
    panel("outputs", |app| {
        offered(app);
        after_leader(app, 'V');
        key(app, KeyCode::Down, KeyModifiers::NONE);
    });
}

#[test]
fn what_is_looked_for() {
    panel("find", |app| {
        key(app, KeyCode::Char('f'), KeyModifiers::CONTROL);
        type_in(app, "2");
    });
    panel("find_nothing", |app| {
        key(app, KeyCode::Char('f'), KeyModifiers::CONTROL);
        type_in(app, "gangway");
    });
}

/// The last line, where something is asked.
#[test]
fn what_is_asked() {
    for (columns, rows) in sizes() {
        let asked: Vec<String> = ["m", "o", "k", "kks", "M", "Mm", "Mm1", "q"]
            .into_iter()
            .map(|keys| {
                let mut app = app(columns, rows);
                show(&mut app, loud());
                key(&mut app, KeyCode::Char(' '), KeyModifiers::CONTROL);
                type_in(&mut app, keys);
                format!("{keys:4}{}", lines(&drawn(&app)).last().unwrap())
            })
            .collect();
        kept(&format!("asked_{columns}x{rows}"), &asked.join("\n"));
    }
}

#[test]
fn the_status_in_all_its_kinds() {
    type Change = (&'static str, fn(&mut Snapshot));
    let kinds: [Change; 12] = [
        ("playing", |_| {}),
        ("stopped, to be counted in", |s| (s.playing, s.count_in) = (Playing::Stopped, true)),
        ("counting in", |s| s.before = Some(Before::CountIn)),
        ("hush", |s| s.playing = Playing::Hushed),
        ("collected", |s| s.armed = vec!["mute bass".into(), "night-ferry.abc X:7".into()]),
        ("armed", |s| (s.armed, s.armed_for) = (vec!["mute bass".into()], Some(17))),
        ("another clock", |s| s.lead = Some(Lead { port: "Drum".into(), off_micros: Some(-340) })),
        ("a clock that waits", |s| s.lead = Some(Lead { port: "Drum".into(), off_micros: None })),
        ("tempo by hand", |s| (s.text_tempo, s.tempo_locked) = (Some(Tempo::DEFAULT), true)),
        ("restarting", |s| (s.composer, s.tokens_per_second) = ("restarting".into(), 0.0)),
        ("failed", |s| (s.composer, s.bars_ahead, s.tokens_per_second) = ("failed".into(), 0, 0.0)),
        ("in need", |s| (s.xruns, s.load, s.late, s.left_out) = (2, 0.87, 3, 1)),
    ];
    for (columns, rows) in sizes() {
        let status = |app: &App| lines(&drawn(app))[..if rows >= 20 { 2 } else { 1 }].join("\n    ");
        let mut seen = Vec::new();
        for (name, change) in kinds {
            let (mut app, mut now) = (app(columns, rows), loud());
            change(&mut now);
            show(&mut app, now);
            seen.push(format!("{name}:\n    {}", status(&app)));
        }
        let mut app = app(columns, rows);
        show(&mut app, loud());
        app.update(Input::Event(Event::Recording(Some(Duration::from_secs(83)))));
        seen.push(format!("recording:\n    {}", status(&app)));
        after_leader(&mut app, 'a');
        seen.push(format!("and arming:\n    {}", status(&app)));
        kept(&format!("status_{columns}x{rows}"), &seen.join("\n"));
    }
}

/// Below each line a letter for the style of each cell; what the letters mean follows.
fn with_styles(app: &App) -> String {
    let buffer = drawn(app);
    let mut letters: BTreeMap<String, (char, Style)> = BTreeMap::new();
    let mut out = Vec::new();
    for (y, line) in lines(&buffer).into_iter().enumerate() {
        let styles: String = (0..buffer.area.width)
            .map(|x| {
                let style = buffer[(x, y as u16)].style();
                let next = (b'a' + letters.len() as u8) as char;
                letters.entry(format!("{style:?}")).or_insert((next, style)).0
            })
            .collect();
        out.extend([line, styles]);
    }
    let mut meanings: Vec<(char, Style)> = letters.into_values().collect();
    meanings.sort_by_key(|(letter, _)| *letter);
    out.extend(meanings.into_iter().map(|(letter, style)| {
        let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
        format!("{letter}: {fg} on {bg} {:?}", style.add_modifier)
    }));
    out.join("\n")
}

#[test]
fn colours_in_every_theme() {
    for theme in Theme::ALL {
        for (columns, rows) in [SIZES[0], SMALL] {
            let mut app = on_the_future(columns, rows);
            app.set_theme(theme);
            let name = format!("theme_{theme:?}_{columns}x{rows}").to_lowercase();
            kept(&name, &with_styles(&app));
        }
    }
}
