//! The screen as a reducer: inputs in, requests out.

use super::*;
use crate::abc::{Diagnostic, Span};
use crate::event::VoiceStatus;
use crate::steer::Lexicon;
use crate::time::Tempo;
use crate::ui::editor::Motion;

fn app(text: &str) -> App {
    App::new(vec![("prompts/a.abc".into(), text.into()), ("prompts/b.abc".into(), "X:2\n".into())], (80, 24))
}

fn press(app: &mut App, code: KeyCode, modifiers: KeyModifiers) -> Vec<Request> {
    app.update(Input::Key(KeyEvent::new(code, modifiers)))
}

fn ctrl(app: &mut App, c: char) -> Vec<Request> {
    press(app, KeyCode::Char(c), KeyModifiers::CONTROL)
}

fn typed(app: &mut App, text: &str) -> Vec<Request> {
    text.chars().flat_map(|c| press(app, KeyCode::Char(c), KeyModifiers::NONE)).collect()
}

/// The requests in short form.
fn short(requests: &[Request]) -> Vec<String> {
    let short = |request: &Request| match request {
        Request::Command(command) => format!("{command:?}"),
        Request::Save { path, text, over } => format!("save {} {over:?} -> {text:?}", name_of(path)),
        Request::Evaluate { path, text, .. } => format!("evaluate {} {text:?}", name_of(path)),
        Request::KeepMappings(_) => "keep mappings".into(),
        Request::Record => "record".into(),
        Request::KeepTheme(theme) => format!("keep {}", theme.name()),
        Request::KeepTyped(typed) => format!("typed {}", typed.len()),
        Request::Releases(on) => format!("releases {on}"),
        Request::Clipboard(text) => format!("clipboard {text:?}"),
        Request::Quit => "quit".into(),
    };
    requests.iter().map(short).collect()
}

fn changed(app: &mut App, name: &str, text: &str) -> Vec<Request> {
    app.update(Input::Event(Event::FileChanged { path: PathBuf::from("prompts").join(name), text: text.into() }))
}

fn saved(app: &mut App, text: &str) {
    app.update(Input::Saved { path: "prompts/a.abc".into(), text: text.into(), error: None });
}

fn playing(app: &mut App) {
    let voices = ["bass", "lead"].map(|name| VoiceStatus { muted: name == "lead", ..VoiceStatus::untouched(name) });
    let snapshot = Snapshot { playing: Playing::Playing, voices: voices.into(), ..Snapshot::default() };
    app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(snapshot))));
}

fn said(app: &App) -> &str {
    app.messages().back().map_or("", |message| &message.text)
}

#[test]
fn the_leader_goes_from_tune_to_tune() {
    let mut app = app("A");
    for (key, expected) in [('}', Tune::Next), ('{', Tune::Previous), ('\n', Tune::Same)] {
        ctrl(&mut app, ' ');
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        let requests = press(&mut app, code, KeyModifiers::NONE);
        assert!(
            matches!(requests[..], [Request::Evaluate { asked: true, tune, .. }] if tune == expected),
            "{requests:?}"
        );
    }
}

#[test]
fn evaluating_saves_what_is_not_saved_and_evaluates_always() {
    let mut app = app("A");
    assert_eq!(short(&ctrl(&mut app, 's')), ["evaluate a.abc \"A\""]);
    typed(&mut app, "B");
    assert_eq!(
        short(&press(&mut app, KeyCode::F(5), KeyModifiers::NONE)),
        ["save a.abc \"A\" -> \"BA\"", "evaluate a.abc \"BA\""]
    );
    saved(&mut app, "BA");
    assert_eq!(short(&press(&mut app, KeyCode::Enter, KeyModifiers::ALT)), ["evaluate a.abc \"BA\""]);
    assert!(!app.document().is_dirty());
}

#[test]
fn the_leader_reaches_every_action_of_the_music() {
    let mut app = app("A");
    playing(&mut app);
    let mut after_leader = |keys: &str| {
        ctrl(&mut app, ' ');
        short(&typed(&mut app, keys))
    };
    assert_eq!(after_leader("p"), ["Play"]);
    assert_eq!(after_leader("s"), ["Stop"]);
    assert_eq!(after_leader("h"), ["Hush"]);
    assert_eq!(after_leader("P"), ["Panic"]);
    assert_eq!(after_leader("r"), ["Reroll"]);
    assert_eq!(after_leader("m1"), ["Mute { voice: \"bass\", muted: true }"]);
    assert_eq!(after_leader("m2"), ["Mute { voice: \"lead\", muted: false }"]);
    assert_eq!(after_leader("o1"), ["Solo { voice: \"bass\", soloed: true }"]);
    assert_eq!(after_leader("+"), ["Gain { voice: \"bass\", gain: 1.1 }"]);
    assert_eq!(after_leader("o2"), ["Solo { voice: \"lead\", soloed: true }"]);
    assert_eq!(after_leader("-"), ["Gain { voice: \"lead\", gain: 0.9 }"], "of the voice whose digit came last");
    assert_eq!(after_leader("]"), ["Tempo(Tempo(Ratio { numer: 121, denom: 1 }))"]);
    assert_eq!(after_leader("["), ["Tempo(Tempo(Ratio { numer: 119, denom: 1 }))"]);
    assert_eq!(after_leader("t"), ["Tap"]);
    assert_eq!(after_leader("L"), ["Lock(true)"]);
    assert_eq!(after_leader("c"), ["CountIn(true)"]);
    assert_eq!(after_leader("R"), ["record"]);
    assert_eq!(after_leader("m9"), [""; 0]);
    assert_eq!(after_leader("m?"), [""; 0]);
    let keep = |what: &str| [format!("Keep(Ask {{ {what} }})")];
    assert_eq!(after_leader("k2"), keep("voice: Some(\"lead\"), bars: 4, kind: Loop"));
    assert_eq!(after_leader("kk0"), keep("voice: None, bars: 8, kind: Loop"));
    assert_eq!(after_leader("kskk1"), keep("voice: Some(\"bass\"), bars: 1, kind: Seed"));
    assert_eq!(after_leader("kkkkkkss1"), keep("voice: Some(\"bass\"), bars: 8, kind: Section"));
    assert_eq!(after_leader("k9"), [""; 0]);
    assert_eq!(after_leader("kx"), [""; 0]);
    assert_eq!(app.mode(), Mode::Edit);
    assert_eq!(app.document().editor.text(), "A", "nothing was typed");
}

#[test]
fn the_output_of_the_voice_whose_digit_came_last_is_nudged_by_ear() {
    let mut app = app("A");
    playing(&mut app);
    let mut after_leader = |keys: &str, lead: i16| {
        let mut snapshot = app.snapshot().clone();
        snapshot.voices[1].output = "Mini".into();
        snapshot.voices[1].nudge = lead;
        app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(snapshot))));
        ctrl(&mut app, ' ');
        let requests = short(&typed(&mut app, keys));
        (requests.concat(), said(&app).to_owned())
    };
    let nudge = |output: &str, ms: i16, text: &str| {
        (format!("Nudge {{ output: \"{output}\", ms: {ms} }}"), format!("{output} {text}"))
    };
    assert_eq!(after_leader("<", 0), nudge("synth", -1, "1 ms earlier"));
    after_leader("m2", 0);
    assert_eq!(after_leader(">", 2), nudge("Mini", 3, "3 ms later"));
    assert_eq!(after_leader("<", 1), nudge("Mini", 0, "as planned"));
    assert_eq!(after_leader(">", 99), nudge("Mini", 100, "100 ms later"));
    assert_eq!(after_leader(">", 100), nudge("Mini", 100, "100 ms later, and no further"));
    assert_eq!(after_leader("<", -100), nudge("Mini", -100, "100 ms earlier, and no further"));
    after_leader("a", 0);
    assert_eq!(after_leader(">", 0), nudge("Mini", 1, "1 ms later"), "arming or not");
}

#[test]
fn what_is_asked_while_arming_waits() {
    let mut app = app("A");
    playing(&mut app);
    let after_leader = |app: &mut App, keys: &str| {
        ctrl(app, ' ');
        short(&typed(app, keys))
    };
    assert_eq!(after_leader(&mut app, "a"), [""; 0]);
    assert!(app.is_arming());
    assert_eq!(after_leader(&mut app, "m1"), ["Arm(Add(Mute { voice: \"bass\", muted: true }))"]);
    assert_eq!(after_leader(&mut app, "]"), ["Arm(Add(Tempo(Tempo(Ratio { numer: 121, denom: 1 }))))"]);
    // A step counts from what is armed.
    let gains = vec![("lead".to_owned(), 0.2), ("bass".to_owned(), 1.3)];
    let tempo = Some(Tempo(num_rational::Ratio::from(130)));
    let armed = Snapshot { armed_gains: gains, armed_tempo: tempo, ..app.snapshot().clone() };
    app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(armed))));
    assert_eq!(after_leader(&mut app, "]"), ["Arm(Add(Tempo(Tempo(Ratio { numer: 131, denom: 1 }))))"]);
    assert_eq!(after_leader(&mut app, "+"), ["Arm(Add(Gain { voice: \"bass\", gain: 1.4 }))"]);
    assert_eq!(after_leader(&mut app, "h"), ["Hush"], "what cannot wait does not");
    let requests = ctrl(&mut app, 's');
    assert!(matches!(&requests[..], [Request::Evaluate { armed: true, .. }]), "{requests:?}");
    assert_eq!(after_leader(&mut app, "a"), ["Arm(Fire)"]);
    assert_eq!(after_leader(&mut app, "m1"), ["Mute { voice: \"bass\", muted: true }"]);
    assert_eq!(after_leader(&mut app, "+"), ["Gain { voice: \"bass\", gain: 1.1 }"]);
    let armed = Snapshot { armed: vec!["mute bass".into()], armed_for: Some(17), ..app.snapshot().clone() };
    app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(armed))));
    assert_eq!(after_leader(&mut app, "a"), ["Arm(Clear)"]);
    assert!(!app.is_arming());
}

#[test]
fn the_tempo_goes_up_and_down_by_whole_felt_beats() {
    let mut app = app("A");
    let tempo = |crotchets: i64, halves: i64| Tempo(num_rational::Ratio::new(crotchets * 2 + halves, 2));
    // 6/8 counts dotted crotchets: 90 crotchets are 60 of them.
    for (meter, now, up, down) in [
        ("4/4", tempo(120, 0), tempo(121, 0), tempo(119, 0)),
        ("4/4", tempo(120, 1), tempo(121, 0), tempo(120, 0)),
        ("6/8", tempo(90, 0), tempo(91, 1), tempo(88, 1)),
    ] {
        let snapshot = Snapshot { tempo: now, meter: meter.parse().unwrap(), ..Snapshot::default() };
        app.update(Input::Event(Event::Snapshot(std::sync::Arc::new(snapshot))));
        let asked = [KeyCode::Up, KeyCode::Down].map(|code| short(&press(&mut app, code, KeyModifiers::ALT)));
        assert_eq!(asked, [up, down].map(|tempo| vec![format!("{:?}", Command::Tempo(tempo))]), "{meter} {now:?}");
    }
}

#[test]
fn kept_bars_are_one_step_in_the_text_that_played() {
    let text = "X:1\nM:4/4\nL:1/4\nK:C\nV:lead\n";
    let mut app = app(text);
    let scene = crate::prompt::read(
        Path::new("prompts/a.abc"),
        &(text.to_owned() + "[V:lead] C4 |\n"),
        &[],
        &Lexicon::default(),
    );
    let mut timeline = crate::timeline::Timeline::new(Arc::new(scene.0[0].clone()), 1);
    timeline.commit();
    let ask = crate::keep::Ask { voice: Some("lead".into()), bars: 4, kind: crate::keep::Kind::Loop };
    let cell = |bar: &crate::timeline::Bar, voice: usize| bar.cells[voice].clone();
    let kept = crate::keep::heard(timeline.bars(), &cell, &ask).expect("a bar");
    press(&mut app, KeyCode::F(2), KeyModifiers::NONE);
    assert!(app.update(Input::Event(Event::Kept(Box::new(kept)))).is_empty(), "nothing is evaluated");
    assert_eq!(said(&app), "kept 1 bar of lead as a loop");
    assert_eq!(app.document().editor.text(), "X:2\n", "another file is on the screen");
    press(&mut app, KeyCode::F(2), KeyModifiers::NONE);
    assert_eq!(app.document().editor.text(), text.replace("V:lead", "V:lead by=loop") + "[V:lead] C4 |\n");
    ctrl(&mut app, 'z');
    assert_eq!(app.document().editor.text(), text);
}

#[test]
fn an_unknown_key_closes_the_leader_menu_without_typing() {
    let mut app = app("A");
    ctrl(&mut app, ' ');
    assert_eq!(app.mode(), Mode::Leader);
    typed(&mut app, "w");
    assert_eq!((app.mode(), app.document().editor.text().as_str()), (Mode::Edit, "A"));
    ctrl(&mut app, ' ');
    assert_eq!(short(&ctrl(&mut app, 's')), ["evaluate a.abc \"A\""], "direct keys work in the menu");
}

#[test]
fn quitting_asks_only_while_something_would_be_lost() {
    let mut app = app("A");
    assert_eq!(short(&ctrl(&mut app, 'q')), ["quit"]);
    playing(&mut app);
    assert!(ctrl(&mut app, 'q').is_empty());
    assert!(typed(&mut app, "n").is_empty());
    assert_eq!(app.document().editor.text(), "A", "the answer is not typed into the text");
    ctrl(&mut app, 'q');
    assert_eq!(short(&typed(&mut app, "y")), ["quit"]);
    app.update(Input::Event(Event::Snapshot(std::sync::Arc::default())));
    typed(&mut app, "B");
    assert!(ctrl(&mut app, 'q').is_empty(), "unsaved text is asked about too");
    assert_eq!(short(&app.update(Input::Terminate)), ["quit"]);
    assert_eq!(app.unsaved().count(), 1);
}

#[test]
fn a_file_saved_elsewhere_is_taken_and_evaluated() {
    let mut app = app("X:1\nA\n");
    app.documents[0].editor.go_to(2, 2);
    assert_eq!(short(&changed(&mut app, "a.abc", "X:1\nT:t\nA\n")), ["evaluate a.abc \"X:1\\nT:t\\nA\\n\""]);
    assert_eq!(app.document().editor.cursor().line, 2);
    assert!(!app.document().is_dirty());
    assert!(changed(&mut app, "a.abc", "X:1\nT:t\nA\n").is_empty(), "the same again is nothing");
    ctrl(&mut app, 'z');
    assert_eq!(app.document().editor.text(), "X:1\nA\n");
}

#[test]
fn typed_text_stays_when_the_file_is_saved_elsewhere() {
    let mut app = app("A");
    typed(&mut app, "mine ");
    assert!(changed(&mut app, "a.abc", "theirs").is_empty());
    assert_eq!(app.document().editor.text(), "mine A");
    assert!(said(&app).contains("Ctrl+Space l"), "{}", said(&app));
    ctrl(&mut app, ' ');
    typed(&mut app, "l");
    assert_eq!(app.document().editor.text(), "theirs");
    assert!(!app.document().is_dirty());
    ctrl(&mut app, 'z');
    assert_eq!(app.document().editor.text(), "mine A");
    assert_eq!(short(&ctrl(&mut app, 's'))[0], "save a.abc \"theirs\" -> \"mine A\"");
}

#[test]
fn a_removed_file_keeps_its_text_and_may_come_back() {
    let mut app = app("A");
    app.update(Input::Event(Event::FileRemoved { path: "prompts/a.abc".into() }));
    assert_eq!(app.document().editor.text(), "A");
    assert_eq!(short(&ctrl(&mut app, 's')), ["save a.abc \"A\" -> \"A\"", "evaluate a.abc \"A\""]);
    assert_eq!(short(&changed(&mut app, "a.abc", "A2")), ["evaluate a.abc \"A2\""], "recreated");
}

#[test]
fn new_prompts_join_the_set_and_patches_are_evaluated() {
    let mut app = app("A");
    assert!(changed(&mut app, "c.abc", "X:3\n").is_empty());
    assert_eq!(app.documents().len(), 3);
    assert_eq!(short(&changed(&mut app, "sub.patch", "saw()")), ["evaluate sub.patch \"saw()\""]);
    press(&mut app, KeyCode::F(2), KeyModifiers::NONE);
    assert_eq!(app.document().name(), "b.abc");
    ctrl(&mut app, ' ');
    typed(&mut app, "N");
    assert_eq!(app.document().name(), "a.abc");
}

#[test]
fn a_refused_text_says_where_and_that_the_music_goes_on() {
    let mut app = app("X:1\nK:C\nA2?\n");
    let at = Span { start: 10, end: 11 };
    let diagnostics = vec![Diagnostic::error(at, "no note")];
    let (path, text) = (PathBuf::from("prompts/a.abc"), "X:1\nK:C\nA2?\n".to_owned());
    app.update(Input::Evaluated(Evaluation {
        path,
        text,
        accepted: false,
        plays: true,
        armed: false,
        diagnostics,
        heard: String::new(),
    }));
    assert_eq!(said(&app), "a.abc:3:3: error: no note · the last good version plays on");
    press(&mut app, KeyCode::F(8), KeyModifiers::NONE);
    assert_eq!((app.document().editor.cursor().line, app.document().editor.cursor().byte), (2, 2));
    app.documents[0].editor.go(Motion::Top, false);
    press(&mut app, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(app.document().marks[0].line, 4, "the mark moves with its line");
}

#[test]
fn marks_of_a_refused_text_stay_when_the_good_one_is_read_again() {
    let mut app = app("good");
    let evaluated = |app: &mut App, text: &str, refused: bool, heard: &str| {
        let diagnostics = vec![Diagnostic::error(Span { start: 0, end: 1 }, "no note")];
        app.update(Input::Evaluated(Evaluation {
            path: PathBuf::from("prompts/a.abc"),
            text: text.into(),
            accepted: !refused,
            plays: true,
            armed: false,
            diagnostics: if refused { diagnostics } else { vec![] },
            heard: heard.into(),
        }));
    };
    ctrl(&mut app, 's');
    evaluated(&mut app, "good", false, "low");
    typed(&mut app, "?");
    ctrl(&mut app, 's');
    evaluated(&mut app, "?good", true, "");
    assert_eq!((app.document().marks.len(), app.document().heard.as_str()), (1, "low"));
    // A lexicon was saved.
    evaluated(&mut app, "good", false, "high");
    assert_eq!((app.document().marks.len(), app.document().heard.as_str()), (1, "high"));
    assert!(!app.document().is_pending());
    typed(&mut app, "!");
    ctrl(&mut app, 's');
    evaluated(&mut app, "?!good", false, "high");
    assert_eq!(app.document().marks.len(), 0);
}

#[test]
fn of_a_text_that_waits_it_is_not_said_that_it_was_evaluated() {
    let mut app = app("A");
    let (path, text) = ("prompts/a.abc".into(), "A".into());
    let diagnostics = vec![];
    app.update(Input::Evaluated(Evaluation {
        path,
        text,
        accepted: true,
        plays: true,
        armed: true,
        diagnostics,
        heard: String::new(),
    }));
    assert_eq!(said(&app), "a.abc is armed: it waits for a phrase line");
}

#[test]
fn a_save_of_a_file_that_does_not_play_says_how_to_hear_it() {
    let mut app = app("A");
    let evaluation = Evaluation {
        path: "prompts/b.abc".into(),
        text: "X:2\n".into(),
        accepted: true,
        plays: false,
        armed: false,
        diagnostics: vec![],
        heard: String::new(),
    };
    app.update(Input::Evaluated(evaluation));
    assert_eq!(said(&app), "b.abc was saved by another program; Ctrl+S plays it");
}

#[test]
fn a_failed_save_is_said_and_the_text_still_evaluated() {
    let mut app = app("A");
    typed(&mut app, "B");
    ctrl(&mut app, 's');
    app.update(Input::Saved { path: "prompts/a.abc".into(), text: "BA".into(), error: Some("disk full".into()) });
    assert_eq!(said(&app), "a.abc could not be saved: disk full; the text stays here, Ctrl+S tries again");
    assert!(app.document().is_dirty());
    assert!(!app.document().is_pending());
}

#[test]
fn cut_text_can_be_pasted_in_another_file() {
    let mut app = app("one\ntwo\n");
    ctrl(&mut app, 'k');
    press(&mut app, KeyCode::F(2), KeyModifiers::NONE);
    ctrl(&mut app, 'v');
    assert_eq!(app.document().editor.text(), "one\nX:2\n");
}

#[test]
fn panels_scroll_close_and_let_the_music_keys_through() {
    let mut app = app("A");
    press(&mut app, KeyCode::F(1), KeyModifiers::NONE);
    for _ in 0..500 {
        press(&mut app, KeyCode::Down, KeyModifiers::NONE);
    }
    let Mode::Help(scroll) = app.mode() else { panic!("help was closed") };
    assert!(scroll > 0 && scroll < 150, "{scroll}");
    assert_eq!(short(&press(&mut app, KeyCode::Char('.'), KeyModifiers::ALT)), ["Hush"]);
    press(&mut app, KeyCode::F(3), KeyModifiers::NONE);
    typed(&mut app, "x");
    assert_eq!((app.mode(), app.document().editor.text().as_str()), (Mode::Edit, "A"));
}

#[test]
fn an_empty_set_is_a_blank_page_that_can_be_saved() {
    let mut app = App::new(vec![], (80, 24));
    assert_eq!(app.unsaved().count(), 0);
    assert_eq!(short(&ctrl(&mut app, 'q')), ["quit"]);
    typed(&mut app, "A");
    assert_eq!(short(&ctrl(&mut app, 's'))[0], "save new.abc \"\" -> \"A\"");
}

#[test]
fn a_panel_without_room_is_not_kept_for_later() {
    for key in [Action::Sound, Action::Roll] {
        let mut app = app("A");
        app.size = (80, 6);
        let before = app.shows();
        app.act(key, false);
        assert_eq!(said(&app), "no room for it; make the terminal higher");
        assert_eq!((app.shows().sound, app.shows().roll), (before.sound, before.roll));
    }
}
