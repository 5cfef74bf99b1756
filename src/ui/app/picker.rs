//! Lists from which something is picked: every action, the scenes of the set, the patches and outputs that there are. Main thread, part of the
//! reducer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{App, Mode, Request, Tune, name_of};
use crate::abc::parse::parse;
use crate::event::{Arm, Command, Level, SceneName};
use crate::keep::set_property;
use crate::ui::editor::{Editor, Motion};
use crate::ui::keys::{self, Action, Group};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Actions,
    Scenes,
    Patches,
    Outputs,
}

/// What an entry of a list stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    Action(Action),
    Scene(SceneName),
    /// A property of this voice in the text.
    Property {
        voice: String,
        name: &'static str,
        value: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub text: String,
    /// Its keys.
    pub detail: String,
    pub what: Pick,
}

/// A list that is open.
#[derive(Debug)]
pub struct Picker {
    pub list: List,
    /// What it is about, for its title.
    pub title: String,
    items: Vec<Item>,
    /// What was typed to find something.
    pub query: Editor,
    /// Among those that are found.
    pub selected: usize,
}

/// What a set has to choose from: sorted names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    pub patches: Vec<String>,
    pub outputs: Vec<String>,
}

impl Picker {
    fn new(list: List, title: impl Into<String>, items: Vec<Item>) -> Picker {
        Picker { list, title: title.into(), items, query: Editor::new(""), selected: 0 }
    }

    /// What fits the query, the best first.
    #[must_use]
    pub fn found(&self) -> Vec<&Item> {
        let query = self.query.text().to_lowercase();
        let mut found: Vec<(usize, &Item)> =
            self.items.iter().filter_map(|item| Some((misfit(&query, &item.text.to_lowercase())?, item))).collect();
        found.sort_by_key(|(misfit, _)| *misfit);
        found.into_iter().map(|(_, item)| item).collect()
    }

    /// Whether letters are typed to find something. The scenes of a set are few, and their letters are keys.
    #[must_use]
    pub fn finds(&self) -> bool {
        self.list != List::Scenes
    }
}

/// How badly a text fits a query: 0 where it begins with it, then where a word does, where it stands somewhere, and where its letters come one
/// after another, the farther apart the worse. `None` where they do not.
fn misfit(query: &str, text: &str) -> Option<usize> {
    const WORD: usize = 1;
    const WITHIN: usize = 2;
    /// Letters are not looked for over so many times their number.
    const FARTHEST: usize = 3;
    if let Some(at) = text.find(query) {
        let begins = |at: usize| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        return Some(match at {
            0 => 0,
            _ if text.match_indices(query).any(|(at, _)| begins(at)) => WORD,
            _ => WITHIN,
        });
    }
    let begins = text.char_indices().filter(|(_, c)| query.starts_with(*c)).map(|(at, _)| at);
    let spans = begins.filter_map(|start| {
        let mut letters = text[start..].char_indices();
        let last = query.chars().try_fold(0, |_, letter| Some(letters.find(|(_, c)| *c == letter)?.0))?;
        Some(last).filter(|last| *last <= FARTHEST * query.len())
    });
    spans.min().map(|span| WITHIN + 1 + span)
}

impl App {
    /// The list that is open.
    #[must_use]
    pub fn picker(&self) -> Option<&Picker> {
        self.picker.as_ref().filter(|_| self.mode == Mode::Pick)
    }

    pub(super) fn open_actions(&mut self) -> Vec<Request> {
        // Moves and what types are keys for fingers, not names.
        let named = |row: &&keys::Row| match row.action {
            Action::Move(_) | Action::Erase(_) | Action::NewLine | Action::Leader | Action::Palette => false,
            _ => row.group != Group::Bars || row.help.contains(':'),
        };
        let item = |row: &keys::Row| {
            let leader = row.leader_name();
            let leader = if leader.is_empty() { leader } else { format!("Ctrl+Space {leader}") };
            let detail = [row.key_names(), leader].into_iter().filter(|keys| !keys.is_empty()).collect::<Vec<_>>();
            Item { text: row.help.to_owned(), detail: detail.join(" · "), what: Pick::Action(row.action) }
        };
        self.open(Picker::new(List::Actions, "actions", keys::rows().filter(named).map(item).collect()))
    }

    pub(super) fn open_scenes(&mut self) -> Vec<Request> {
        let scenes = self.documents.iter().flat_map(|document| {
            let name = document.name();
            let text = document.editor.text();
            let item = move |(number, title): (u32, String)| Item {
                text: if title.is_empty() { name.clone() } else { format!("{name}  X:{number} {title}") },
                detail: String::new(),
                what: Pick::Scene(SceneName { path: document.path.clone(), number }),
            };
            tunes(&document.path, &text).into_iter().map(item)
        });
        let scenes: Vec<Item> = scenes.collect();
        let playing = self.snapshot.scene.clone();
        let at = scenes.iter().position(|item| matches!((&item.what, &playing), (Pick::Scene(a), Some(b)) if a == b));
        let mut picker = Picker::new(List::Scenes, "scenes", scenes);
        picker.selected = at.unwrap_or(0);
        self.open(picker)
    }

    /// The patches, or the outputs, for the voice under the cursor, or else that whose digit came last.
    pub(super) fn open_property(&mut self, list: List) -> Vec<Request> {
        let at = self.cursor().map_or(self.voice, |cursor| cursor.at);
        let Some(voice) = self.snapshot.voices.get(at).map(|voice| voice.name.clone()) else {
            self.say(Level::Warning, format!("there is no voice {}", at + 1));
            return vec![];
        };
        let (name, what, values) = match list {
            List::Outputs => ("out", "output", &self.offer.outputs),
            _ => ("patch", "patch", &self.offer.patches),
        };
        let item = |value: &String| Item {
            text: value.clone(),
            detail: String::new(),
            what: Pick::Property { voice: voice.clone(), name, value: value.clone() },
        };
        let items = values.iter().map(item).collect();
        let title = format!("{what} of {voice}");
        self.open(Picker::new(list, title, items))
    }

    fn open(&mut self, picker: Picker) -> Vec<Request> {
        self.picker = Some(picker);
        self.mode = Mode::Pick;
        vec![]
    }

    /// A key while a list is open; one that is none of its own closes it, and does what it always does.
    pub(super) fn picker_key(&mut self, key: KeyEvent) -> Vec<Request> {
        let Some(picker) = &mut self.picker else { return vec![] };
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let found = picker.found().len();
        self.mode = Mode::Pick;
        match (key.code, keys::find(key)) {
            (KeyCode::Up, _) if plain => picker.selected = picker.selected.saturating_sub(1),
            (KeyCode::Down, _) if plain => picker.selected = (picker.selected + 1).min(found.saturating_sub(1)),
            (KeyCode::Home, _) if plain => picker.selected = 0,
            (KeyCode::End, _) if plain => picker.selected = found.saturating_sub(1),
            (KeyCode::Enter, _) if plain => return self.pick(false),
            (KeyCode::Char('a'), _) if plain && !picker.finds() => return self.pick(true),
            (KeyCode::Char(digit @ '1'..='9'), _) if plain && !picker.finds() => {
                picker.selected = usize::from(digit as u8 - b'1').min(found.saturating_sub(1));
            }
            (KeyCode::Char(c), None) if plain && picker.finds() => {
                picker.query.insert(c.encode_utf8(&mut [0; 4]));
                picker.selected = 0;
            }
            (_, Some((Action::Erase(motion), _))) => {
                picker.query.delete(motion);
                picker.selected = 0;
            }
            (KeyCode::Char(_), None) if plain => {}
            (_, action) => {
                self.close_picker();
                let action = action.map(|(action, _)| action).filter(|action| !keys::is_of_text(*action));
                return action.map_or_else(Vec::new, |action| self.act(action, false));
            }
        }
        vec![]
    }

    /// Pasted text is looked for.
    pub(super) fn paste_into_picker(&mut self, text: &str) {
        let Some(picker) = self.picker.as_mut().filter(|picker| picker.finds()) else { return };
        picker.query.go(Motion::End, false);
        picker.query.paste(text.lines().next().unwrap_or_default());
        picker.selected = 0;
    }

    fn close_picker(&mut self) {
        self.picker = None;
        self.mode = Mode::Edit;
    }

    /// Does what is pointed at. `armed`: a scene waits for the phrase line with all that is armed.
    fn pick(&mut self, armed: bool) -> Vec<Request> {
        let Some(picker) = &self.picker else { return vec![] };
        let Some(what) = picker.found().get(picker.selected).map(|item| item.what.clone()) else { return vec![] };
        self.close_picker();
        match what {
            Pick::Action(action) => self.act(action, false),
            Pick::Scene(scene) => self.go_to_scene(&scene, armed),
            Pick::Property { voice, name, value } => {
                self.write_property(&voice, name, &value);
                vec![]
            }
        }
    }

    /// Its text comes to the screen, and is evaluated; armed, it comes in on the next phrase line, with what was armed before.
    fn go_to_scene(&mut self, scene: &SceneName, armed: bool) -> Vec<Request> {
        let Some(at) = self.documents.iter().position(|document| document.path == scene.path) else { return vec![] };
        self.current = at;
        let collects = self.arming;
        self.arming |= armed;
        let mut requests = self.evaluate(Tune::Number(scene.number));
        self.arming = collects;
        if armed && !collects {
            requests.push(Request::Command(Command::Arm(Arm::Fire)));
        }
        requests
    }

    /// Writes a property of a voice into the text of the scene that plays, as one step that undo takes back. Nothing is evaluated.
    fn write_property(&mut self, voice: &str, name: &str, value: &str) {
        let playing = self.snapshot.scene.clone();
        let on_screen = &self.documents[self.current];
        let scene = playing.unwrap_or_else(|| SceneName { path: on_screen.path.clone(), number: 1 });
        let said = match self.find(&scene.path) {
            None => Err(format!("{} is not on the screen any more", name_of(&scene.path))),
            Some(document) => set_property(&document.editor.text(), scene.number, voice, name, value).map(|text| {
                document.edit(|editor| editor.set_text_keeping_cursor(&text));
                format!("{voice} has {name}={value} in {}; Ctrl+S makes it heard", document.name())
            }),
        };
        match said {
            Ok(said) => self.say(Level::Info, said),
            Err(why) => self.say(Level::Warning, why),
        }
    }
}

/// The tunes of a file, by number, with their titles; a file of words is one.
fn tunes(path: &std::path::Path, text: &str) -> Vec<(u32, String)> {
    if path.extension().is_some_and(|extension| extension == "txt") {
        return vec![(1, String::new())];
    }
    let title = |tune: &crate::abc::ast::Tune| tune.header.titles.first().cloned().unwrap_or_default();
    let tunes = parse(text).0.tunes.into_iter().enumerate();
    tunes.map(|(at, tune)| (tune.number.unwrap_or(at as u32 + 1), title(&tune))).collect()
}

#[cfg(test)]
mod tests;
