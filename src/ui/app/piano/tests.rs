//! Letters as notes, on terminals that report releases and on those that do not.

use std::sync::Arc;

use super::*;
use crate::event::Event;
use crate::ui::app::Input;

/// Two voices, the second one by hand, at 120 a minute in 4/4: a step lasts a quarter of a second.
fn jamming() -> App {
    let mut app = App::new(vec![("a.abc".into(), "X:1\nK:C\n".into())], (80, 24));
    let by_hand = VoiceStatus { by_hand: true, ..VoiceStatus::untouched("keys") };
    let voices = vec![VoiceStatus::untouched("bass"), by_hand];
    app.update(Input::Event(Event::Snapshot(Arc::new(Snapshot { voices, ..Snapshot::default() }))));
    assert_eq!(said(app.toggle_piano()), "releases true");
    app
}

fn said(requests: Vec<Request>) -> String {
    let word = |request| match request {
        Request::Command(Command::NoteOn { voice, pitch, velocity }) => format!("{voice}+{pitch}/{velocity}"),
        Request::Command(Command::NoteOff { voice, pitch }) => format!("{voice}-{pitch}"),
        Request::Releases(on) => format!("releases {on}"),
        other => format!("{other:?}"),
    };
    requests.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

fn key(app: &mut App, c: char, kind: KeyEventKind) -> String {
    let key = KeyEvent { kind, ..KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE) };
    said(app.update(Input::Key(key)))
}

fn press(app: &mut App, c: char) -> String {
    key(app, c, KeyEventKind::Press)
}

fn passed(app: &mut App, millis: u64) -> String {
    said(app.update(Input::Passed(Duration::from_millis(millis))))
}

#[test]
fn a_note_lasts_as_long_as_its_key_is_down_where_releases_are_reported() {
    let mut app = jamming();
    assert_eq!(key(&mut app, 'j', KeyEventKind::Release), "", "of the key that began it");
    assert_eq!(press(&mut app, 'a'), "keys+60/80");
    assert_eq!(press(&mut app, 'd'), "keys+64/80");
    assert_eq!(key(&mut app, 'a', KeyEventKind::Repeat), "");
    assert!(!app.is_lit() || passed(&mut app, 5000).is_empty(), "no step ends it");
    assert_eq!(key(&mut app, 'A', KeyEventKind::Release), "keys-60", "Shift came down meanwhile");
    assert_eq!(press(&mut app, 'A'), "keys+60/110", "an accent");
    assert_eq!(said(app.update(Input::FocusLost)), "keys-64 keys-60");
    assert_eq!(key(&mut app, 'd', KeyEventKind::Release), "");
}

#[test]
fn elsewhere_a_key_plays_a_step_and_goes_on_where_it_repeats() {
    let mut app = jamming();
    assert_eq!(press(&mut app, 'w'), "keys+61/80");
    assert!(app.is_lit(), "time has to be told");
    assert_eq!(passed(&mut app, 200), "");
    assert_eq!(passed(&mut app, 60), "keys-61");
    assert_eq!(press(&mut app, 'a'), "keys+60/80");
    assert_eq!(passed(&mut app, 150), "");
    assert_eq!(press(&mut app, 'a'), "keys-60 keys+60/80", "struck again");
    for _ in 0..20 {
        assert_eq!(passed(&mut app, 33), "");
        assert_eq!(press(&mut app, 'a'), "", "the keyboard repeats it");
    }
    assert_eq!(passed(&mut app, 250), "keys-60");
    assert!(!app.is_lit());
}

#[test]
fn octaves_loudness_and_the_end() {
    let mut app = jamming();
    let text = app.document().editor.text();
    for c in "xvv".chars() {
        assert_eq!(press(&mut app, c), "");
    }
    assert_eq!((app.piano().name().as_str(), press(&mut app, 'a').as_str()), ("keys C5 100", "keys+72/100"));
    press(&mut app, 'z');
    assert_eq!(press(&mut app, 'k'), "keys+72/100", "the same pitch by another key");
    // What needs a modifier does what it always does, an arrow nothing.
    let hush = app.update(Input::Key(KeyEvent::new(KeyCode::Char('.'), KeyModifiers::ALT)));
    assert!(matches!(hush[..], [Request::Command(Command::Hush)]), "{hush:?}");
    app.update(Input::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let ended = app.update(Input::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
    assert_eq!(said(ended), "keys-72 releases false");
    assert_eq!((app.document().editor.text(), app.is_on_text()), (text, true));
    app.toggle_piano();
    for _ in 0..20 {
        press(&mut app, 'x');
    }
    assert_eq!(press(&mut app, '\''), "keys+125/100", "the last one");
}

#[test]
fn where_nobody_plays_by_hand_it_is_said() {
    let mut app = App::new(vec![("a.abc".into(), String::new())], (80, 24));
    assert_eq!(said(app.toggle_piano()), "");
    assert!(!app.piano().is_on());
    let mut app = jamming();
    app.update(Input::Event(Event::Snapshot(Arc::default())));
    assert_eq!(press(&mut app, 'a'), "");
    assert!(app.messages().back().is_some_and(|message| message.text.contains("by hand any more")));
}
