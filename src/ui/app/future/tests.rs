//! The cursor on the bars, and what is asked from there.

use std::sync::Arc;

use super::*;
use crate::compose::{Candidate, Rank};
use crate::event::{Event, Music, Playing};
use crate::ui::app::Input;

/// Bar 12 sounds, 13 is fixed, 14 to 16 are planned.
fn snapshot(sounding: i64) -> Snapshot {
    let bar = |number: i64| {
        let state = match number - sounding {
            ..0 => BarState::Played,
            0 => BarState::Sounding,
            1 => BarState::Committed,
            _ => BarState::Planned,
        };
        let cell = |text: &str, by| Part::Cell(Cell { text: text.into(), by, hold: None });
        let parts = vec![cell("D,8", Author::Text), cell(&format!("A4 z{}", number - 10), Author::Model)];
        BarView { number, state, music: Music::default(), parts }
    };
    let voices = ["bass", "lead"].map(VoiceStatus::untouched).into();
    let bars = (sounding - 1..sounding + 5).map(bar).collect();
    Snapshot { playing: Playing::Playing, bar: sounding, voices, bars, ..Snapshot::default() }
}

fn app() -> App {
    let mut app = App::new(vec![("a.abc".into(), "X:1\n".into())], (80, 24));
    show(&mut app, snapshot(12));
    app
}

fn show(app: &mut App, snapshot: Snapshot) -> String {
    short(&app.update(Input::Event(Event::Snapshot(Arc::new(snapshot)))))
}

fn press(app: &mut App, code: KeyCode) -> String {
    short(&app.update(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))))
}

fn ctrl(app: &mut App, c: char) -> String {
    short(&app.update(Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))))
}

fn typed(app: &mut App, keys: &str) -> String {
    keys.chars().map(|c| press(app, KeyCode::Char(c))).collect()
}

/// Commands as they print; none is an empty text.
fn short(requests: &[Request]) -> String {
    let short = |request: &Request| match request {
        Request::Command(Command::Touch { bar, voice, touch }) => format!("{voice} {bar} {touch:?}"),
        Request::Command(Command::Look(look)) => format!("look {look:?}"),
        Request::Command(command) => format!("{command:?}"),
        Request::Evaluate { .. } => "evaluate".to_owned(),
        other => format!("{other:?}"),
    };
    requests.iter().map(short).collect::<Vec<_>>().join("; ")
}

fn at(app: &App) -> Option<(i64, &str)> {
    app.cursor().map(|cursor| (cursor.bar.number, cursor.voice.name.as_str()))
}

fn said(app: &App) -> &str {
    app.messages().back().map_or("", |message| &message.text)
}

/// The cursor is on the lead's first bar that can change.
fn on_lead() -> App {
    let mut app = app();
    press(&mut app, KeyCode::F(4));
    press(&mut app, KeyCode::Right);
    assert_eq!(at(&app), Some((14, "lead")));
    app
}

#[test]
fn the_cursor_goes_among_voices_and_bars_that_can_change() {
    let mut app = app();
    assert_eq!(at(&app), None);
    press(&mut app, KeyCode::F(4));
    assert_eq!(at(&app), Some((14, "bass")));
    for (code, expected) in [
        (KeyCode::Up, (14, "bass")),
        (KeyCode::Left, (14, "bass")),
        (KeyCode::Right, (14, "lead")),
        (KeyCode::Right, (14, "lead")),
        (KeyCode::Down, (15, "lead")),
        (KeyCode::End, (16, "lead")),
        (KeyCode::Down, (16, "lead")),
        (KeyCode::Char('1'), (16, "bass")),
        (KeyCode::Char('9'), (16, "bass")),
        (KeyCode::Char('2'), (16, "lead")),
        (KeyCode::Up, (15, "lead")),
        (KeyCode::Home, (14, "lead")),
    ] {
        press(&mut app, code);
        assert_eq!(at(&app), Some(expected), "{code:?}");
    }
    assert_eq!(said(&app), "there is no voice 9");
    assert!(typed(&mut app, "xyz").is_empty());
    press(&mut app, KeyCode::Esc);
    assert_eq!((at(&app), app.is_on_text()), (None, true));
    assert_eq!(app.document().editor.text(), "X:1\n", "nothing was typed");
    for code in [KeyCode::Tab, KeyCode::Tab] {
        press(&mut app, code);
    }
    assert!(app.is_on_text());
}

#[test]
fn it_moves_on_when_its_bar_is_fixed_and_says_nothing() {
    let mut app = on_lead();
    let before = app.messages().len();
    assert_eq!(show(&mut app, snapshot(13)), "");
    assert_eq!(at(&app), Some((15, "lead")));
    // A stop takes a bar back, and the cursor is where it was put.
    show(&mut app, snapshot(12));
    assert_eq!((at(&app), app.messages().len()), (Some((15, "lead")), before));
    let none = Snapshot { bars: Vec::new(), ..snapshot(12) };
    show(&mut app, none);
    assert_eq!(typed(&mut app, "r"), "");
    assert_eq!((at(&app), said(&app)), (None, "there are no bars that could change"));
}

#[test]
fn its_keys_lay_hands_on_the_bar() {
    let mut app = on_lead();
    for (keys, expected) in [
        ("r", "lead 14 Reroll"),
        ("v", "lead 14 Veto"),
        ("p", "lead 14 Pin"),
        ("f", "Freeze { voice: \"lead\", frozen: true }"),
        ("k", "Keep(Ask { voice: Some(\"lead\"), bars: 4, kind: Loop })"),
        ("1r", "bass 14 Reroll"),
    ] {
        assert_eq!(typed(&mut app, keys), expected);
    }
    let mut held = snapshot(12);
    for (bar, hold) in [(2, Hold::Pinned), (3, Hold::Frozen)] {
        if let Part::Cell(cell) = &mut held.bars[bar + 1].parts[1] {
            cell.hold = Some(hold);
        }
    }
    show(&mut app, held);
    assert_eq!(typed(&mut app, "2p"), "lead 14 Unpin");
    assert_eq!(typed(&mut app, "f"), "Freeze { voice: \"lead\", frozen: false }");
    // While arming a freeze waits with the rest.
    ctrl(&mut app, ' ');
    typed(&mut app, "a");
    assert_eq!(typed(&mut app, "1f"), "Arm(Add(Freeze { voice: \"bass\", frozen: true }))");
}

#[test]
fn a_voice_is_muted_soloed_and_mixed_where_the_cursor_is() {
    let mut app = on_lead();
    for (keys, expected) in [
        ("m", "Mute { voice: \"lead\", muted: true }"),
        ("o", "Solo { voice: \"lead\", soloed: true }"),
        ("+", "Gain { voice: \"lead\", gain: 1.1 }"),
        ("1-", "Gain { voice: \"bass\", gain: 0.9 }"),
    ] {
        assert_eq!(typed(&mut app, keys), expected);
    }
}

#[test]
fn no_line_is_opened_for_what_would_be_refused() {
    let mut app = on_lead();
    let cell = |by, hold| Part::Cell(Cell { text: "z8".into(), by, hold });
    for (part, why) in [
        (Part::Absent, Some("there is no voice lead in bar 14")),
        (cell(Author::Model, Some(Hold::Frozen)), Some("lead is frozen; free it first")),
        (cell(Author::Hand, None), Some("lead is played by hand")),
        (cell(Author::Text, None), None),
        (Part::Open, None),
    ] {
        let mut now = snapshot(12);
        now.bars[3].parts[1] = part;
        show(&mut app, now);
        typed(&mut app, "e");
        assert_eq!(app.bar_line().is_none(), why.is_some());
        assert!(why.is_none_or(|why| said(&app) == why), "{}", said(&app));
        press(&mut app, KeyCode::Esc);
        press(&mut app, KeyCode::Esc);
        press(&mut app, KeyCode::F(4));
        if !app.is_on_bars() {
            press(&mut app, KeyCode::F(4));
        }
    }
}

#[test]
fn keys_with_ctrl_and_the_menu_do_what_they_always_do_and_the_bars_stay() {
    let mut app = on_lead();
    assert_eq!(ctrl(&mut app, 's'), "evaluate");
    ctrl(&mut app, ' ');
    assert_eq!(typed(&mut app, "r"), "Reroll", "the menu's, of all that is planned");
    assert_eq!(ctrl(&mut app, 'd'), "", "the text's");
    assert_eq!((at(&app), app.document().editor.text().as_str()), (Some((14, "lead")), "X:1\n"));
    app.update(Input::Paste("A4".into()));
    assert_eq!(app.document().editor.text(), "X:1\n");
    assert!(said(&app).starts_with("nothing is pasted"), "{}", said(&app));
    ctrl(&mut app, ' ');
    typed(&mut app, "b");
    assert!(app.is_on_text());
}

fn look(bar: i64, drafts: Result<&[&str], &str>) -> Look {
    let draft = |text: &&str| Candidate { text: (*text).into(), rank: Rank::default() };
    let drafts = drafts.map(|drafts| drafts.iter().map(draft).collect()).map_err(str::to_owned);
    Look { bar, voice: "lead".into(), drafts }
}

#[test]
fn a_draft_is_taken_by_its_number_or_by_pointing_at_it() {
    let drafts: &[&str] = &["c8", "A4 z4", "e8"];
    for (keys, expected) in [
        (&[KeyCode::Char('3')][..], "lead 14 Choose(\"e8\"); look None"),
        // The planned one is pointed at first.
        (&[KeyCode::Enter], "lead 14 Choose(\"A4 z4\"); look None"),
        (&[KeyCode::Up, KeyCode::Up, KeyCode::Enter], "lead 14 Choose(\"c8\"); look None"),
        (&[KeyCode::Down, KeyCode::Down, KeyCode::Enter], "lead 14 Choose(\"e8\"); look None"),
        (&[KeyCode::Char('4')], ""),
        (&[KeyCode::Esc], "look None"),
        (&[KeyCode::F(4)], "look None"),
    ] {
        let mut app = on_lead();
        assert_eq!(typed(&mut app, "c"), "look Some((14, \"lead\"))");
        assert_eq!(press(&mut app, KeyCode::Enter), "", "nothing is known yet");
        show(&mut app, Snapshot { look: Some(look(14, Ok(drafts))), ..snapshot(12) });
        let asked: String = keys.iter().map(|code| press(&mut app, *code)).collect();
        assert_eq!(asked, expected, "{keys:?}");
        assert_eq!(matches!(app.mode(), Mode::Drafts(_)), expected.is_empty(), "{keys:?}");
    }
}

#[test]
fn what_is_pointed_at_stays_when_other_drafts_are_written() {
    let mut app = on_lead();
    typed(&mut app, "c");
    show(&mut app, Snapshot { look: Some(look(14, Ok(&["c8", "A4 z4", "e8"]))), ..snapshot(12) });
    press(&mut app, KeyCode::Down);
    show(&mut app, Snapshot { look: Some(look(14, Ok(&["e8", "A4 z4", "g8"]))), ..snapshot(12) });
    assert_eq!(app.mode(), Mode::Drafts(Some(0)), "e8 is the first now");
    show(&mut app, Snapshot { look: Some(look(14, Ok(&["g8", "A4 z4"]))), ..snapshot(12) });
    assert_eq!(app.mode(), Mode::Drafts(None), "it is gone: the planned one is pointed at");
}

#[test]
fn a_list_of_drafts_does_not_outlive_its_bar() {
    let mut app = on_lead();
    typed(&mut app, "c");
    // The answer to an earlier question is none to this one.
    assert_eq!(show(&mut app, Snapshot { look: Some(look(13, Ok(&["c8"]))), ..snapshot(12) }), "");
    assert!(app.drafts().is_none());
    show(&mut app, Snapshot { look: Some(look(14, Ok(&["c8"]))), ..snapshot(12) });
    assert_eq!(show(&mut app, Snapshot { look: Some(look(14, Ok(&["c8"]))), ..snapshot(13) }), "look None");
    assert_eq!(typed(&mut app, "1"), "", "the number is a voice's now");
    assert_eq!(said(&app), "bar 14 is fixed: nothing was chosen");
    typed(&mut app, "2c");
    let why = "lead is frozen; free it first";
    assert_eq!(show(&mut app, Snapshot { look: Some(look(15, Err(why))), ..snapshot(13) }), "look None");
    assert_eq!((said(&app), app.mode()), (why, Mode::Edit));
}

#[test]
fn a_bar_is_written_in_a_line_that_stays_open_until_it_is_one() {
    let mut app = on_lead();
    typed(&mut app, "e");
    assert_eq!(app.bar_line().unwrap().editor.text(), "A4 z4");
    press(&mut app, KeyCode::Backspace);
    typed(&mut app, "3?");
    assert_eq!(press(&mut app, KeyCode::Enter), "");
    assert!(said(&app).starts_with("column 6: "), "{}", said(&app));
    press(&mut app, KeyCode::Backspace);
    assert_eq!(press(&mut app, KeyCode::Enter), "");
    assert_eq!(said(&app), "this bar lasts 7/8 of a whole note, and 1 are asked by M:4/4");
    ctrl(&mut app, 's');
    ctrl(&mut app, ' ');
    assert_eq!(typed(&mut app, "h"), "Hush", "the music's keys are there all the time");
    assert_eq!(app.bar_line_error().unwrap(), said_of_the_bar());
    app.update(Input::Paste(" c\n".into()));
    assert_eq!(app.bar_line_error(), None);
    assert_eq!(press(&mut app, KeyCode::Enter), "lead 14 Edit(\"A4 z3c\")");
    assert!(app.bar_line().is_none() && app.is_on_bars());
    typed(&mut app, "e");
    typed(&mut app, "xyz");
    assert_eq!((press(&mut app, KeyCode::Esc), at(&app)), (String::new(), Some((14, "lead"))));
    assert!(app.bar_line().is_none());
    assert_eq!(app.document().editor.text(), "X:1\n");
}

fn said_of_the_bar() -> &'static str {
    "this bar lasts 7/8 of a whole note, and 1 are asked by M:4/4"
}

#[test]
fn a_bar_that_is_fixed_while_it_is_written_becomes_the_next_one() {
    let mut app = on_lead();
    press(&mut app, KeyCode::Enter);
    show(&mut app, snapshot(13));
    let line = app.bar_line().unwrap();
    assert_eq!((line.opened, line.editor.text().as_str()), (14, "A4 z4"));
    assert_eq!(press(&mut app, KeyCode::Enter), "lead 15 Edit(\"A4 z4\")");
}

#[test]
fn a_bar_that_is_being_written_waits_while_the_text_has_the_keyboard() {
    let mut app = on_lead();
    press(&mut app, KeyCode::Char('e'));
    typed(&mut app, " x");
    let text = |app: &App| app.bar_line().map(|line| line.editor.text());
    let written = text(&app);
    assert!(written.as_ref().is_some_and(|text| text.ends_with(" x")));
    press(&mut app, KeyCode::F(4));
    assert!(app.is_on_text() && text(&app).is_none(), "nothing hides the messages");
    press(&mut app, KeyCode::F(4));
    assert_eq!(text(&app), written);
    app.on_bar(OnBar::Leave);
    assert!(app.is_on_text() && text(&app).is_none());
    app.on_bar(OnBar::Edit);
    assert_eq!(text(&app), written, "and is not replaced");
}

#[test]
fn drafts_close_when_no_bar_can_change_any_more() {
    let mut app = on_lead();
    press(&mut app, KeyCode::Char('c'));
    app.mode = Mode::Drafts(None);
    let none = Snapshot { bars: vec![], ..snapshot(12) };
    assert_eq!(show(&mut app, none), "look None");
    assert_eq!(app.mode(), Mode::Edit);
}

#[test]
fn where_no_bar_can_change_the_text_keeps_the_keyboard() {
    let mut app = app();
    show(&mut app, Snapshot { bars: vec![], ..snapshot(12) });
    app.on_bar(OnBar::Reroll);
    assert!(app.is_on_text());
    assert_eq!(said(&app), "there are no bars that could change");
}

#[test]
fn what_is_copied_from_the_line_is_for_other_programs_too() {
    for key in ['c', 'x'] {
        let mut app = on_lead();
        press(&mut app, KeyCode::Char('e'));
        assert!(ctrl(&mut app, key).starts_with("Clipboard"));
    }
}

#[test]
fn a_bar_that_was_refused_is_there_to_be_written_on() {
    let mut app = on_lead();
    let begin = |app: &mut App| {
        press(app, KeyCode::Char('e'));
        let text = app.bar_line().map(|line| line.editor.text()).unwrap_or_default();
        press(app, KeyCode::Esc);
        text
    };
    app.future.sent = Some(("lead".into(), 14, "c4 d4".into()));
    assert_eq!(begin(&mut app), "c4 d4");
    show(&mut app, snapshot(13));
    assert_eq!(begin(&mut app), "c4 d4", "bar 14 was fixed meanwhile");
    show(&mut app, snapshot(12));
    let mut planned = snapshot(12);
    for bar in planned.bars.iter_mut().filter(|bar| bar.number == 14) {
        bar.parts[1] = Part::Cell(Cell { text: "c4 d4".into(), by: Author::Edit, hold: None });
    }
    show(&mut app, planned);
    show(&mut app, snapshot(12));
    press(&mut app, KeyCode::Home);
    assert_eq!(begin(&mut app), "A4 z4", "it was taken");
}

/// What was written first stands there, which is no sign that the second was taken.
#[test]
fn a_second_text_for_a_bar_that_was_refused_is_there_too() {
    let mut app = on_lead();
    let planned = |text: &str| {
        let mut planned = snapshot(12);
        for bar in planned.bars.iter_mut().filter(|bar| bar.number == 14) {
            bar.parts[1] = Part::Cell(Cell { text: text.into(), by: Author::Edit, hold: None });
        }
        planned
    };
    let write = |app: &mut App, text: &str| {
        press(app, KeyCode::Char('e'));
        for _ in 0..5 {
            press(app, KeyCode::Backspace);
        }
        typed(app, text);
        press(app, KeyCode::Enter)
    };
    let begun = |app: &mut App| {
        press(app, KeyCode::Char('e'));
        let text = app.bar_line().map(|line| line.editor.text()).unwrap_or_default();
        press(app, KeyCode::Esc);
        text
    };
    assert!(write(&mut app, "c4 d4").contains("Edit"));
    show(&mut app, planned("c4 d4"));
    assert!(write(&mut app, "e4 f4").contains("Edit"));
    show(&mut app, planned("c4 d4"));
    assert_eq!(begun(&mut app), "e4 f4");
    // Blanks may stand elsewhere in what is planned.
    show(&mut app, planned("e4f4"));
    assert_eq!(begun(&mut app), "e4f4");
}

/// A scene that comes in has its voices in another order, and perhaps not this one.
#[test]
fn the_cursor_and_the_line_stay_with_their_voice() {
    let with = |names: &[&str]| {
        let voices = names.iter().map(|name| VoiceStatus::untouched(name)).collect();
        let mut snapshot = Snapshot { voices, ..snapshot(12) };
        for bar in &mut snapshot.bars {
            let cell = bar.parts[1].clone();
            bar.parts = vec![cell; names.len()];
        }
        snapshot
    };
    let mut app = on_lead();
    show(&mut app, with(&["drums", "bass", "lead"]));
    assert_eq!(at(&app), Some((14, "lead")));
    typed(&mut app, "e");
    show(&mut app, with(&["lead", "drums"]));
    assert_eq!(at(&app), Some((14, "lead")));
    show(&mut app, with(&["drums", "bass"]));
    assert_eq!(press(&mut app, KeyCode::Enter), "", "not into another voice");
    assert!(said(&app).starts_with("this bar is lead's, who is not there"), "{}", said(&app));
    assert!(app.bar_line().is_some());
    press(&mut app, KeyCode::Esc);
    assert_eq!(typed(&mut app, "v"), "drums 14 Veto", "where the cursor is seen");
}

/// From the text an action of the bars first shows where it would be done.
#[test]
fn nothing_is_done_to_a_bar_under_a_cursor_that_was_not_seen() {
    let mut app = app();
    let by_name = |app: &mut App, name: &str| {
        ctrl(app, 'p');
        typed(app, name);
        press(app, KeyCode::Enter)
    };
    assert_eq!(by_name(&mut app, "veto"), "");
    assert_eq!(
        (said(&app), at(&app)),
        ("the keys are the bars' now; once more does it to bar 14 of bass", Some((14, "bass")))
    );
    assert_eq!(by_name(&mut app, "veto"), "bass 14 Veto");
    press(&mut app, KeyCode::Esc);
    assert_eq!(by_name(&mut app, "choose"), "look Some((14, \"bass\"))", "what opens a list is seen");
}
