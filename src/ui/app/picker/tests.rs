//! Lists and what is picked from them.

use std::sync::Arc;

use super::*;
use crate::event::{Event, Playing, Snapshot, VoiceStatus};
use crate::ui::app::Input;

const FERRY: &str =
    "X:1\nT:Ferry\nM:4/4\nL:1/8\nK:C\nV:bass by=loop patch=sub\nV:lead\n[V:bass] C,8 |\n\nX:4\nK:D\nD8 |\n";

fn app() -> App {
    let files = vec![("a.abc".into(), FERRY.into()), ("b.txt".into(), "a slow reel".into())];
    let mut app = App::new(files, (80, 24));
    let voices = ["bass", "lead"].map(VoiceStatus::untouched).into();
    let scene = Some(SceneName { path: "a.abc".into(), number: 1 });
    let snapshot = Snapshot { playing: Playing::Playing, voices, scene, ..Snapshot::default() };
    app.update(Input::Event(Event::Snapshot(Arc::new(snapshot))));
    let offer = Offer { patches: names(&["pluck", "reed", "sub"]), outputs: names(&["box", "synth"]) };
    app.update(Input::Offer(offer));
    app
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn press(app: &mut App, code: KeyCode, modifiers: KeyModifiers) -> String {
    let requests = app.update(Input::Key(KeyEvent::new(code, modifiers)));
    let short = |request: &Request| match request {
        Request::Command(command) => format!("{command:?}"),
        Request::Evaluate { path, tune, armed, .. } => format!("{} {tune:?} armed {armed}", path.display()),
        other => format!("{other:?}"),
    };
    requests.iter().map(short).collect::<Vec<_>>().join("; ")
}

fn typed(app: &mut App, keys: &str) -> String {
    let key = |c| if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
    keys.chars().map(|c| press(app, key(c), KeyModifiers::NONE)).collect()
}

fn leader(app: &mut App, keys: &str) -> String {
    press(app, KeyCode::Char(' '), KeyModifiers::CONTROL) + typed(app, keys).as_str()
}

fn found(app: &App) -> Vec<&str> {
    app.picker().map_or(Vec::new(), |picker| picker.found().into_iter().map(|item| item.text.as_str()).collect())
}

#[test]
fn letters_find_actions_and_enter_does_one() {
    let mut app = app();
    press(&mut app, KeyCode::Char('p'), KeyModifiers::CONTROL);
    let all = found(&app).len();
    assert!(all > 30, "{:?}", found(&app));
    typed(&mut app, "hus");
    assert_eq!(found(&app)[0], "hush: sounding notes finish, the clock runs on");
    assert_eq!(typed(&mut app, "\n"), "Hush");
    assert_eq!((app.mode(), app.document().editor.text().as_str()), (Mode::Edit, FERRY));
    leader(&mut app, ":");
    typed(&mut app, "mdlrn");
    assert!(found(&app)[0].starts_with("MIDI learn"), "letters one after another: {:?}", found(&app));
    typed(&mut app, "q#");
    assert_eq!((found(&app).len(), typed(&mut app, "\n")), (0, String::new()));
    for _ in 0..9 {
        press(&mut app, KeyCode::Backspace, KeyModifiers::NONE);
    }
    assert_eq!(found(&app).len(), all);
    typed(&mut app, "stop");
    assert_eq!(press(&mut app, KeyCode::Char('.'), KeyModifiers::ALT), "Hush", "what is urgent needs no closing");
    assert!(app.picker().is_none());
}

#[test]
fn every_action_that_has_a_name_is_among_them_with_its_keys() {
    let mut app = app();
    leader(&mut app, ":");
    let picker = app.picker().unwrap();
    for row in keys::rows().filter(|row| row.group == Group::Music) {
        let item = picker.found().into_iter().find(|item| item.what == Pick::Action(row.action)).unwrap().clone();
        assert_eq!(item.text, row.help);
        assert!(item.detail.contains(&row.key_names()) && item.detail.contains(&row.leader_name()), "{item:?}");
    }
}

#[test]
fn what_begins_with_the_letters_goes_before_what_only_has_them() {
    let texts = ["a step per bar", "step", "per step", "one step more", "misstep"];
    let mut order: Vec<(usize, &str)> = texts.iter().filter_map(|text| Some((misfit("step", text)?, *text))).collect();
    order.sort_by_key(|(misfit, _)| *misfit);
    let order: Vec<&str> = order.into_iter().map(|(_, text)| text).collect();
    assert_eq!(order, ["step", "a step per bar", "per step", "one step more", "misstep"]);
    assert!(misfit("stp", "step") < misfit("stp", "set up"));
    for (query, text) in [("pets", "step"), ("stp", "a song of the theatre, and up")] {
        assert_eq!(misfit(query, text), None, "{query}");
    }
}

#[test]
fn a_scene_is_evaluated_or_armed_from_the_list() {
    let mut app = app();
    leader(&mut app, "S");
    assert_eq!(found(&app), ["a.abc  X:1 Ferry", "a.abc", "b.txt"]);
    press(&mut app, KeyCode::Down, KeyModifiers::NONE);
    assert_eq!(typed(&mut app, "\n"), "a.abc Number(4) armed false");
    leader(&mut app, "S");
    assert_eq!(typed(&mut app, "3\n"), "b.txt Number(1) armed false");
    assert_eq!(app.document().name(), "b.txt", "its text is on the screen");
    leader(&mut app, "S");
    assert_eq!(typed(&mut app, "2xa"), "a.abc Number(4) armed true; Arm(Fire)");
    assert!(!app.is_arming());
    // What is being armed fires together.
    leader(&mut app, "a");
    leader(&mut app, "S");
    assert_eq!(typed(&mut app, "3a"), "b.txt Number(1) armed true");
    assert!(app.is_arming());
}

#[test]
fn a_patch_and_an_output_are_written_into_the_text_and_undo_takes_them_back() {
    let mut app = app();
    leader(&mut app, "v");
    assert_eq!(found(&app), ["pluck", "reed", "sub"]);
    assert_eq!(typed(&mut app, "pl\n"), "", "nothing is evaluated");
    assert_eq!(app.document().editor.text(), FERRY.replace("patch=sub", "patch=pluck"));
    assert_eq!(app.messages().back().unwrap().text, "bass has patch=pluck in a.abc; Ctrl+S makes it heard");
    press(&mut app, KeyCode::Char('2'), KeyModifiers::ALT);
    leader(&mut app, "V");
    assert_eq!(app.picker().unwrap().title, "output of lead");
    typed(&mut app, "\n");
    let both = FERRY.replace("patch=sub", "patch=pluck").replace("V:lead\n", "V:lead out=box\n");
    assert_eq!(app.document().editor.text(), both);
    for _ in 0..2 {
        press(&mut app, KeyCode::Char('z'), KeyModifiers::CONTROL);
    }
    assert_eq!(app.document().editor.text(), FERRY);
    press(&mut app, KeyCode::F(2), KeyModifiers::NONE);
    leader(&mut app, "v");
    typed(&mut app, "reed\n");
    assert!(app.documents()[0].editor.text().contains("V:lead patch=reed"), "of the scene that plays");
    leader(&mut app, "v");
    press(&mut app, KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(app.mode(), Mode::Edit);
}
