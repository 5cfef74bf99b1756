//! The state of the screen and its only writer: a reducer without I/O, called on the main thread.
//!
//! [`App::update`] takes one [`Input`] and returns the [`Request`]s that the caller performs. What a request brings back (a saved file, an
//! evaluation) is an `Input` again, so that tests drive the whole screen with plain values.

mod clipboard;
mod exchange;
mod flash;
mod future;
mod keep;
mod learn;
mod mouse;
mod phrase;
mod piano;
mod picker;
mod search;
mod typed;

pub use exchange::{Evaluation, Input, Request, Tune};
pub use flash::Flash;
use future::Future;
pub use future::{BarLine, Cursor};
pub use keep::Keeping;
pub use learn::Learning;
pub use piano::Piano;
pub use picker::{Item, List, Offer, Pick, Picker};
pub use search::{Search, places_in};

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::document::{Document, Taken, name_of};
use super::editor::Editor;
use super::keys::{self, Action};
use super::theme::Theme;
use super::view;
use crate::abc::Severity;
use crate::compose::Knob;
use crate::event::{BarState, Command, Event, Level, Message, Playing, Snapshot};
use crate::midi::mapping::{Mappings, Trigger};

/// How many messages F3 shows; the oldest are forgotten first.
const MESSAGES: usize = 200;

/// What the performer wants below text and bars; `None` leaves it to the screen's height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shows {
    /// Meters and scope.
    pub sound: Option<bool>,
    /// The piano roll.
    pub roll: Option<bool>,
}

/// What the next key is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Edit,
    Leader,
    /// Leader, `m`: waits for a digit.
    Mute,
    /// Leader, `o`: the same.
    Solo,
    /// Leader, `k`: waits for a digit, or for what is to be kept.
    Keep(Keeping),
    /// Leader, `M`: waits for what is to be learned.
    Learn(Learning),
    /// The drafts of the bar under the cursor; this one is pointed at, or else the one that is planned.
    Drafts(Option<usize>),
    /// A list is open.
    Pick,
    /// What is typed is looked for.
    Search,
    /// A panel over everything, scrolled by this many lines.
    Help(usize),
    Messages(usize),
    ConfirmQuit,
}

#[derive(Debug)]
pub struct App {
    /// Never empty.
    documents: Vec<Document>,
    current: usize,
    snapshot: Snapshot,
    /// The bar from which the newest edit is heard, until that is over.
    landing: Option<i64>,
    mode: Mode,
    future: Future,
    picker: Option<Picker>,
    offer: Offer,
    /// The voice whose digit was pressed last, from 0.
    voice: usize,
    /// What is asked is armed.
    arming: bool,
    /// How much is recorded, while something is.
    recording: Option<Duration>,
    piano: Piano,
    heard: Option<phrase::Heard>,
    typed: typed::Typed,
    mappings: Mappings,
    /// Where knobs and pedals stand.
    touched: HashMap<(String, Trigger), u8>,
    messages: VecDeque<Message>,
    clipboard: String,
    shows: Shows,
    search: Search,
    flash: Option<Flash>,
    theme: Theme,
    /// The mouse selects.
    dragging: bool,
    size: (u16, u16),
}

impl App {
    /// A screen of this many columns and rows with the files of the set, in their order. Nothing is evaluated yet.
    #[must_use]
    pub fn new(files: Vec<(PathBuf, String)>, size: (u16, u16)) -> Self {
        let mut documents: Vec<_> = files.into_iter().map(|(path, text)| Document::new(path, &text)).collect();
        if documents.is_empty() {
            let mut blank = Document::new(PathBuf::from("new.abc"), "");
            blank.missing = true;
            documents.push(blank);
        }
        let mut app = App {
            typed: typed::Typed::of(&documents),
            documents,
            current: 0,
            snapshot: Snapshot::default(),
            landing: None,
            mode: Mode::Edit,
            future: Future::default(),
            picker: None,
            offer: Offer::default(),
            voice: 0,
            arming: false,
            recording: None,
            piano: Piano::default(),
            heard: None,
            mappings: Mappings::default(),
            touched: HashMap::new(),
            messages: VecDeque::new(),
            clipboard: String::new(),
            shows: Shows::default(),
            search: Search::default(),
            flash: None,
            theme: Theme::default(),
            dragging: false,
            size,
        };
        app.scroll();
        app
    }

    /// The one place where anything on the screen changes.
    pub fn update(&mut self, input: Input) -> Vec<Request> {
        let requests = match input {
            Input::Key(key) => self.key(key),
            Input::Paste(text) => {
                let before = std::mem::take(&mut self.mode);
                if before == Mode::Pick {
                    self.mode = before;
                    self.paste_into_picker(&text);
                } else if before == Mode::Search {
                    self.type_search(&text);
                } else if self.is_on_bars() {
                    self.paste_on_bars(&text);
                } else {
                    self.documents[self.current].edit(|editor| editor.paste(&text));
                }
                if matches!(before, Mode::Drafts(_)) {
                    return vec![Request::Command(Command::Look(None))];
                }
                self.stop_learning(before)
            }
            Input::Mouse { event, clicks } => self.mouse(event, clicks),
            Input::Passed(time) => {
                self.passed(time);
                let mut requests = self.keys_passed(time);
                requests.extend(self.typed_passed(time));
                requests
            }
            Input::FocusLost => self.let_go_of_keys(),
            Input::Resize(columns, rows) => {
                self.size = (columns, rows);
                vec![]
            }
            Input::Event(event) => self.event(event),
            Input::Evaluated(evaluation) => {
                self.evaluated(evaluation);
                vec![]
            }
            Input::Offer(offer) => {
                self.offer = offer;
                vec![]
            }
            Input::Saved { path, text, error } => {
                self.saved(&path, text, error);
                vec![]
            }
            Input::Terminate => vec![Request::Quit],
        };
        self.scroll();
        requests
    }

    #[must_use]
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The document on the screen.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.documents[self.current]
    }

    #[must_use]
    pub fn current(&self) -> usize {
        self.current
    }

    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whether what is asked is armed.
    #[must_use]
    pub fn is_arming(&self) -> bool {
        self.arming
    }

    /// The bar from which the newest edit is heard, while that is ahead or sounds.
    #[must_use]
    pub fn landing(&self) -> Option<i64> {
        // From when it is fixed the engine does not speak of it any more.
        let fixed = |number: &i64| {
            let bar = self.snapshot.bars.iter().find(|bar| bar.number == *number);
            bar.is_some_and(|bar| matches!(bar.state, BarState::Committed | BarState::Sounding))
        };
        self.snapshot.heard_from.or(self.landing.filter(fixed))
    }

    /// How much is recorded, while something is.
    #[must_use]
    pub fn recording(&self) -> Option<Duration> {
        self.recording
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    #[must_use]
    pub fn shows(&self) -> Shows {
        self.shows
    }

    #[must_use]
    pub fn theme(&self) -> Theme {
        self.theme
    }

    pub fn set_theme(&mut self, theme: Theme) {
        self.theme = theme;
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Oldest first.
    #[must_use]
    pub fn messages(&self) -> &VecDeque<Message> {
        &self.messages
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Request> {
        if key.kind == KeyEventKind::Release {
            return self.released(key);
        }
        let mode = std::mem::take(&mut self.mode);
        let found = keys::find(key);
        match mode {
            Mode::Edit if self.piano.is_on() => self.piano_key(key),
            Mode::Edit if self.is_on_bars() => self.future_key(key),
            Mode::Edit => match (found, key.code) {
                (Some((action, shift)), _) => self.act(action, shift),
                (None, KeyCode::Char(c)) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                    self.documents[self.current].edit(|editor| editor.insert(c.encode_utf8(&mut [0; 4])));
                    vec![]
                }
                _ => vec![],
            },
            // A plain key means what the menu says; one with Ctrl or Alt what it always means.
            Mode::Leader => {
                let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
                let direct = found.map(|(action, _)| action);
                match keys::find_after_leader(key.code).filter(|_| plain).or(direct) {
                    Some(Action::Leader | Action::Move(_) | Action::Erase(_)) | None => vec![],
                    Some(action) if self.is_on_bars() && keys::is_of_text(action) => vec![],
                    Some(action) => self.act(action, false),
                }
            }
            Mode::Mute | Mode::Solo => match key.code {
                KeyCode::Char(digit @ '1'..='9') if mode == Mode::Mute => self.mute(usize::from(digit as u8 - b'1')),
                KeyCode::Char(digit @ '1'..='9') => self.solo(usize::from(digit as u8 - b'1')),
                _ => vec![],
            },
            Mode::Drafts(selected) => self.drafts_key(key, selected),
            Mode::Pick => self.picker_key(key),
            Mode::Keep(keeping) => self.keep_key(key.code, keeping),
            Mode::Learn(learning) => self.learn_key(key.code, learning),
            Mode::Search => self.search_key(key),
            Mode::Help(scroll) => self.panel_key(key, Mode::Help, scroll),
            Mode::Messages(scroll) => self.panel_key(key, Mode::Messages, scroll),
            Mode::ConfirmQuit if key.code == KeyCode::Char('y') => vec![Request::Quit],
            Mode::ConfirmQuit => {
                self.say(Level::Info, "playing on".into());
                vec![]
            }
        }
    }

    /// Arrows scroll a panel; any other key closes it, and does what it always does unless it only types or shows the panel.
    fn panel_key(&mut self, key: KeyEvent, panel: fn(usize) -> Mode, scroll: usize) -> Vec<Request> {
        let page = view::panel_page(self);
        let scrolled = match key.code {
            KeyCode::Up => scroll.saturating_sub(1),
            KeyCode::Down => scroll + 1,
            KeyCode::PageUp => scroll.saturating_sub(page),
            KeyCode::PageDown | KeyCode::Char(' ') if key.modifiers.is_empty() => scroll + page,
            _ => {
                return match keys::find(key) {
                    Some((
                        action @ (Action::Evaluate
                        | Action::Hush
                        | Action::Mute(_)
                        | Action::Tap
                        | Action::Leader
                        | Action::Quit),
                        _,
                    )) => self.act(action, false),
                    _ => vec![],
                };
            }
        };
        self.scroll_panel(panel, scrolled);
        vec![]
    }

    /// No further than to its last line.
    fn scroll_panel(&mut self, panel: fn(usize) -> Mode, scroll: usize) {
        let most = view::panel_height(self, panel(0)).saturating_sub(view::panel_page(self));
        self.mode = panel(scroll.min(most));
    }

    fn act(&mut self, action: Action, shift: bool) -> Vec<Request> {
        let document = &mut self.documents[self.current];
        match action {
            Action::Evaluate => return self.evaluate(Tune::Same),
            Action::NextTune => return self.evaluate(Tune::Next),
            Action::PreviousTune => return self.evaluate(Tune::Previous),
            Action::Play => return vec![Request::Command(Command::Play)],
            Action::Stop => return vec![Request::Command(Command::Stop)],
            Action::Hush => return vec![Request::Command(Command::Hush)],
            Action::Panic => return vec![Request::Command(Command::Panic)],
            Action::Reroll => return vec![Request::Command(Command::Reroll)],
            Action::Mute(digit) => return self.mute(usize::from(digit) - 1),
            Action::Quit => return self.quit(),
            Action::AskMute => self.mode = Mode::Mute,
            Action::AskSolo => self.mode = Mode::Solo,
            Action::Louder => return self.louder(1.0),
            Action::Softer => return self.louder(-1.0),
            Action::Earlier => return self.nudge(-1),
            Action::Later => return self.nudge(1),
            Action::Faster => return self.faster(1),
            Action::Slower => return self.faster(-1),
            Action::Tap => return vec![Request::Command(Command::Tap)],
            Action::Lock => return vec![Request::Command(Command::Lock(!self.snapshot.tempo_locked))],
            Action::CountIn => return vec![Request::Command(Command::CountIn(!self.snapshot.count_in))],
            Action::Arm => return self.arm(),
            Action::Learn => self.mode = Mode::Learn(Learning::Key),
            Action::Record => return vec![Request::Record],
            Action::Turn(knob, up) => return self.turn(knob, if up { Knob::STEP } else { -Knob::STEP }),
            Action::Use(what) => return self.use_hand(what),
            Action::Piano => return self.toggle_piano(),
            Action::FreeTempo => return self.free_tempo(),
            Action::AskKeep => self.mode = Mode::Keep(Keeping::default()),
            Action::Palette => return self.open_actions(),
            Action::Scenes => return self.open_scenes(),
            Action::Patches => return self.open_property(List::Patches),
            Action::Outputs => return self.open_property(List::Outputs),
            Action::Bars => return self.toggle_bars(),
            Action::Bar(what) => return self.on_bar(what),
            Action::Leader => self.mode = Mode::Leader,
            Action::Help => self.mode = Mode::Help(0),
            Action::Messages => self.mode = Mode::Messages(0),
            Action::Sound => {
                let (before, wanted) = (self.shows, !view::is_shown(self).0);
                self.shows.sound = Some(wanted);
                self.keep_shown(before, view::is_shown(self).0 == wanted);
            }
            Action::Roll => {
                let (before, wanted) = (self.shows, !view::is_shown(self).1);
                self.shows.roll = Some(wanted);
                self.keep_shown(before, view::is_shown(self).1 == wanted);
            }
            Action::Find => self.begin_search(),
            Action::FindNext => self.find_again(),
            Action::Theme => {
                self.theme = self.theme.next();
                self.say(Level::Info, format!("colours: {}", self.theme.name()));
                return vec![Request::KeepTheme(self.theme)];
            }
            Action::NextFile => self.current = (self.current + 1) % self.documents.len(),
            Action::PreviousFile => self.current = (self.current + self.documents.len() - 1) % self.documents.len(),
            Action::FirstError => match document.first_mark() {
                Some(mark) => document.editor.go_to(mark.line, mark.column),
                None => self.say(Level::Info, "no errors".into()),
            },
            Action::LoadFileVersion => {
                let text = if document.load_left() {
                    "what you had typed before is on the screen; undo takes it back"
                } else if document.load_theirs() {
                    "the other program's version is on the screen; undo brings the typed text back"
                } else {
                    "no other program saved this file meanwhile"
                };
                self.say(Level::Info, text.into());
            }
            Action::Undo => document.edit(Editor::undo),
            Action::Redo => document.edit(Editor::redo),
            Action::Copy => {
                let text = document.editor.copy();
                return self.copied(text);
            }
            Action::Cut => {
                let text = document.edit(Editor::cut);
                return self.copied(text);
            }
            Action::Paste => {
                let text = self.clipboard.clone();
                document.edit(|editor| editor.paste(&text));
            }
            Action::DuplicateLine => document.edit(Editor::duplicate_line),
            Action::ToggleComment => document.edit(Editor::toggle_comment),
            Action::NewLine => document.edit(|editor| editor.insert("\n")),
            Action::Erase(motion) => document.edit(|editor| editor.delete(motion)),
            Action::Move(motion) => document.editor.go(motion, shift),
        }
        vec![]
    }

    /// A panel that finds no room is not shown later by surprise.
    fn keep_shown(&mut self, before: Shows, is_so: bool) {
        if !is_so {
            self.shows = before;
            self.say(Level::Info, "no room for it; make the terminal higher".into());
        }
    }

    fn evaluate(&mut self, tune: Tune) -> Vec<Request> {
        let document = &mut self.documents[self.current];
        let (path, text) = (document.path.clone(), document.editor.text());
        let mut requests = Vec::new();
        if document.needs_saving() {
            let over = document.saved.text().to_owned();
            requests.push(Request::Save { path: path.clone(), text: text.clone(), over });
        }
        document.evaluated = Some(text.clone().into());
        requests.push(Request::Evaluate { path, text, asked: true, tune, armed: self.arming });
        requests
    }

    fn quit(&mut self) -> Vec<Request> {
        if self.snapshot.playing == Playing::Stopped && self.unsaved().next().is_none() {
            return vec![Request::Quit];
        }
        self.mode = Mode::ConfirmQuit;
        vec![]
    }

    fn event(&mut self, event: Event) -> Vec<Request> {
        match event {
            Event::Snapshot(snapshot) => {
                if let Some(sounding) = &snapshot.sounding
                    && let Some(document) = self.find(&sounding.source.path)
                {
                    document.follow.follow(&sounding.source, document.editor.lines());
                }
                let pointed_at = self.pointed_at();
                self.snapshot = Arc::unwrap_or_clone(snapshot);
                if let Some(text) = pointed_at {
                    self.point_at(&text);
                }
                self.landing = self.landing();
                return self.follow_bars();
            }
            Event::Kept(kept) => self.kept(&kept),
            Event::Phrase(phrase) => return self.take_phrase(*phrase),
            Event::Recording(length) => self.recording = length,
            Event::Touched(touched) => return self.touched(touched),
            Event::Message(message) => self.say(message.level, message.text),
            Event::FileChanged { path, text } => return self.file_changed(path, text),
            Event::FileRemoved { path } => {
                if let Some(document) = self.find(&path) {
                    document.missing = true;
                    let text = format!("{} was removed from disk; its text is still here", document.name());
                    self.say(Level::Warning, text);
                }
            }
        }
        vec![]
    }

    fn file_changed(&mut self, path: PathBuf, text: String) -> Vec<Request> {
        let name = name_of(&path);
        let Some(document) = self.find(&path) else {
            if path
                .extension()
                .is_some_and(|extension| ["patch", "words", "toml"].iter().any(|known| extension == *known))
            {
                return vec![Request::Evaluate { path, text, asked: false, tune: Tune::Same, armed: false }];
            }
            self.say(Level::Info, format!("{name} is new in the set (F2)"));
            self.documents.push(Document::new(path, &text));
            return vec![];
        };
        match document.file_changed(text.clone()) {
            Taken::Known => vec![],
            Taken::Replaced => {
                document.evaluated = Some(document.editor.text().into());
                vec![Request::Evaluate {
                    path,
                    text: document.editor.text(),
                    asked: false,
                    tune: Tune::Same,
                    armed: false,
                }]
            }
            Taken::Waits => {
                let text = format!("{name} was saved by another program; your text stays, Ctrl+Space l loads theirs");
                self.say(Level::Warning, text);
                vec![]
            }
        }
    }

    fn evaluated(&mut self, evaluation: Evaluation) {
        let Evaluation { path, text, accepted, plays, armed, diagnostics, heard } = evaluation;
        let name = name_of(&path);
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        let first = diagnostics.iter().max_by_key(|d| (d.severity, std::cmp::Reverse(d.span.start)));
        let first = first.map(|diagnostic| diagnostic.display(&name, &text));
        // The first text of a set plays by itself.
        let asked = self.find(&path).is_some_and(|document| document.evaluated.is_some());
        if let Some(document) = self.find(&path) {
            // The good version is read again when a lexicon changes; the marks of a newer one, which was refused, stay.
            if document.evaluated.as_ref().is_none_or(|newest| newest.text() == text) {
                document.set_marks(&diagnostics, &text);
                document.evaluated = Some(text.clone().into());
            }
            if accepted {
                document.heard = heard;
            }
        }
        if let Some(at) = self.documents.iter().position(|document| document.path == path)
            && (plays || !accepted)
            && self.documents[at].editor.is(&text)
        {
            if asked {
                self.light(at, accepted);
            }
            if accepted {
                self.documents[at].taken = Some(text.clone());
            }
        }
        match (accepted, first) {
            (false, first) => {
                let first = first.unwrap_or_else(|| format!("{name}: not understood"));
                self.say(Level::Error, format!("{first} · the last good version plays on"));
            }
            (true, Some(first)) => {
                self.say(if errors > 0 { Level::Error } else { Level::Warning }, first);
            }
            (true, None) if !plays => {
                self.say(Level::Info, format!("{name} was saved by another program; Ctrl+S plays it"));
            }
            (true, None) if armed => self.say(Level::Info, format!("{name} is armed: it waits for a phrase line")),
            (true, None) if self.snapshot.playing == Playing::Stopped => {
                self.say(Level::Info, format!("{name} is ready; Ctrl+Space p plays"));
            }
            (true, None) => self.say(Level::Info, format!("{name} evaluated")),
        }
    }

    fn saved(&mut self, path: &Path, text: String, error: Option<String>) {
        let name = name_of(path);
        match error {
            None => {
                if let Some(document) = self.find(path) {
                    document.saved = text.into();
                    document.missing = false;
                }
            }
            Some(error) => {
                let text = format!("{name} could not be saved: {error}; the text stays here, Ctrl+S tries again");
                self.say(Level::Error, text);
            }
        }
    }

    fn find(&mut self, path: &Path) -> Option<&mut Document> {
        self.documents.iter_mut().find(|document| document.path == path)
    }

    fn say(&mut self, level: Level, text: String) {
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(Message { level, text });
    }

    fn scroll(&mut self) {
        let (width, height) = view::editor_size(self);
        let document = &mut self.documents[self.current];
        document.editor.scroll_to_cursor(height, width);
        document.read_to(document.editor.scroll().line + height);
    }
}

mod hands;

#[cfg(test)]
mod tests;
