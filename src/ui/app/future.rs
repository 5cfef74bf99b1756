//! Working on the future: a cursor on the bars that may still change, what its keys ask, and a line in which a bar is written. Main thread,
//! part of the reducer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{App, Mode, Request};
use crate::event::{Author, BarState, BarView, Cell, Command, Hold, Level, Look, Part, Snapshot, Touch, VoiceStatus};
use crate::keep::{Ask, Kind};
use crate::timeline;
use crate::ui::editor::{Editor, Motion};
use crate::ui::keys::{self, Action, OnBar};

/// Bars that the key keeps, as it does after the leader.
const KEPT: usize = 4;

/// What the keyboard is for while no menu or question has it.
#[derive(Debug, Default)]
pub struct Future {
    /// The bars have the keyboard, not the text.
    on: bool,
    /// Where the cursor was put last: the voice by its name, since scenes have theirs in other orders, and its place where it is gone.
    name: String,
    voice: usize,
    bar: i64,
    line: Option<BarLine>,
    /// The bar that was written last, until it is seen to be planned: voice, bar and text. It may be refused.
    sent: Option<(String, i64, String)>,
}

/// A bar as the performer writes it.
#[derive(Debug)]
pub struct BarLine {
    /// The bar that it was opened on. It is for that under the cursor, which moves on when that one is fixed.
    pub opened: i64,
    /// Whose it is, wherever the cursor is.
    voice: String,
    pub editor: Editor,
}

/// The part of a bar under the cursor.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    pub bar: &'a BarView,
    /// Which of the snapshot's voices.
    pub at: usize,
    pub voice: &'a VoiceStatus,
}

impl Cursor<'_> {
    #[must_use]
    pub fn part(&self) -> Option<&Part> {
        self.bar.parts.get(self.at)
    }

    fn hold(&self) -> Option<Hold> {
        self.part()?.cell()?.hold
    }

    /// Why nobody needs to write a bar here: it would be refused when it is done.
    fn unwritable(&self) -> Option<String> {
        let (voice, bar) = (&self.voice.name, self.bar.number);
        match self.part()? {
            Part::Absent => Some(format!("there is no voice {voice} in bar {bar}")),
            Part::Cell(Cell { hold: Some(Hold::Frozen), .. }) => Some(format!("{voice} is frozen; free it first")),
            Part::Cell(Cell { by: Author::Hand, .. }) => Some(format!("{voice} is played by hand")),
            Part::Cell(_) | Part::Open => None,
        }
    }
}

/// The bars that may still change.
fn open(snapshot: &Snapshot) -> impl Iterator<Item = &BarView> {
    snapshot.bars.iter().filter(|bar| bar.state == BarState::Planned)
}

impl App {
    /// The part of a bar that the keys work on, while the bars have the keyboard and there is one.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor<'_>> {
        let Future { on: true, voice, bar, ref name, .. } = self.future else { return None };
        let (first, last) = (open(&self.snapshot).next()?.number, open(&self.snapshot).last()?.number);
        let bar = bar.clamp(first, last.max(first));
        let bar = open(&self.snapshot).find(|open| open.number >= bar)?;
        let voices = &self.snapshot.voices;
        let named = voices.iter().position(|voice| voice.name == *name);
        let at = named.unwrap_or(voice.min(voices.len().checked_sub(1)?));
        Some(Cursor { bar, at, voice: &voices[at] })
    }

    /// Whether plain keys work on the bars.
    #[must_use]
    pub fn is_on_bars(&self) -> bool {
        self.future.on
    }

    /// Whether plain keys go into the text.
    #[must_use]
    pub fn is_on_text(&self) -> bool {
        self.mode == Mode::Edit && !self.future.on && !self.piano.is_on()
    }

    /// The bar that is being written, while the bars have the keyboard. It waits while the text has it.
    #[must_use]
    pub fn bar_line(&self) -> Option<&BarLine> {
        self.future.line.as_ref().filter(|_| self.future.on)
    }

    /// Why the line that is open is no bar for the place under the cursor, with the column.
    #[must_use]
    pub fn bar_line_error(&self) -> Option<String> {
        let (line, cursor) = (self.bar_line()?, self.cursor()?);
        timeline::edited(&cursor.bar.music, cursor.voice.role, &line.editor.text()).err()
    }

    pub(super) fn toggle_bars(&mut self) -> Vec<Request> {
        self.future.on = !self.future.on;
        self.settle_cursor();
        vec![]
    }

    /// The cursor goes on when its bar is fixed, and stays where it is when there are bars before it again.
    fn settle_cursor(&mut self) {
        let Some(Cursor { bar, at, voice }) = self.cursor() else { return };
        let (bar, name) = (bar.number, voice.name.clone());
        (self.future.bar, self.future.voice, self.future.name) = (bar, at, name);
    }

    /// The cursor goes to another voice, or to the last one.
    fn go_to_voice(&mut self, at: usize) {
        self.future.voice = at;
        self.future.name.clear();
    }

    /// A key while the bars have the keyboard; with Ctrl or Alt, and F1 to F12, it does what it always does.
    pub(super) fn future_key(&mut self, key: KeyEvent) -> Vec<Request> {
        if self.future.line.is_some() {
            return self.line_key(key);
        }
        match (keys::bars::find(key), keys::find(key)) {
            (Some(what), _) => self.on_bar(what),
            (None, Some((action, _))) if !keys::is_of_text(action) => self.act(action, false),
            _ => vec![],
        }
    }

    pub(super) fn on_bar(&mut self, what: OnBar) -> Vec<Request> {
        // It works where the cursor is: who asks from elsewhere is shown first where that would be.
        let was_on = std::mem::replace(&mut self.future.on, what != OnBar::Leave);
        if what == OnBar::Leave {
            return vec![];
        }
        self.settle_cursor();
        let Some(cursor) = self.cursor() else {
            self.future.on = was_on;
            self.say(Level::Info, "there are no bars that could change".into());
            return vec![];
        };
        if !was_on && what.acts_at_once() {
            let text = format!(
                "the keys are the bars' now; once more does it to bar {} of {}",
                cursor.bar.number, cursor.voice.name
            );
            self.say(Level::Info, text);
            return vec![];
        }
        let (bar, at, voice, hold) = (cursor.bar.number, cursor.at, cursor.voice.name.clone(), cursor.hold());
        let written = cursor.part().and_then(Part::cell).map_or(String::new(), |cell| cell.text.clone());
        let touch = |touch| vec![Request::Command(Command::Touch { bar, voice: voice.clone(), touch })];
        match what {
            OnBar::Reroll => return touch(Touch::Reroll),
            OnBar::Veto => return touch(Touch::Veto),
            OnBar::Pin => return touch(if hold == Some(Hold::Pinned) { Touch::Unpin } else { Touch::Pin }),
            OnBar::Freeze => {
                let is_frozen = |bar: &BarView| {
                    bar.parts.get(at).and_then(Part::cell).is_some_and(|cell| cell.hold == Some(Hold::Frozen))
                };
                let frozen = !open(&self.snapshot).any(is_frozen);
                return self.ask(Command::Freeze { voice, frozen }, "");
            }
            OnBar::Keep => {
                let ask = Ask { voice: Some(voice), bars: KEPT, kind: Kind::default() };
                return vec![Request::Command(Command::Keep(ask))];
            }
            OnBar::Mute => return self.mute(at),
            OnBar::Solo => return self.solo(at),
            OnBar::Louder | OnBar::Softer => {
                self.voice = at;
                return self.louder(if what == OnBar::Louder { 1.0 } else { -1.0 });
            }
            OnBar::Choose => {
                self.mode = Mode::Drafts(None);
                return vec![Request::Command(Command::Look(Some((bar, voice))))];
            }
            // What is typed already stays.
            OnBar::Edit if self.future.line.is_some() => {}
            OnBar::Edit => {
                if let Some(why) = cursor.unwritable() {
                    self.say(Level::Warning, why);
                    return vec![];
                }
                let mut editor = Editor::new(&self.unheard(&voice, bar).unwrap_or(written));
                editor.go(Motion::End, false);
                self.future.line = Some(BarLine { opened: bar, voice, editor });
            }
            OnBar::Earlier => self.future.bar = bar - 1,
            OnBar::Later => self.future.bar = bar + 1,
            OnBar::First => self.future.bar = i64::MIN,
            OnBar::Last => self.future.bar = i64::MAX,
            OnBar::Left => self.go_to_voice(at.saturating_sub(1)),
            OnBar::Right => self.go_to_voice(at + 1),
            OnBar::Voice(digit) => self.choose_voice(digit),
            OnBar::Leave => {}
        }
        self.settle_cursor();
        vec![]
    }

    fn choose_voice(&mut self, digit: u8) {
        let at = usize::from(digit) - 1;
        if at < self.snapshot.voices.len() {
            self.go_to_voice(at);
            self.voice = at;
        } else {
            self.say(Level::Warning, format!("there is no voice {digit}"));
        }
    }

    /// A key while a bar is written.
    fn line_key(&mut self, key: KeyEvent) -> Vec<Request> {
        let Some(BarLine { editor, .. }) = &mut self.future.line else { return vec![] };
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match (key.code, keys::find(key)) {
            (KeyCode::Esc, _) => self.future.line = None,
            (KeyCode::Enter, _) if plain => return self.put_line(),
            (KeyCode::Tab, _) => {}
            (_, Some((Action::Move(motion), shift))) => editor.go(motion, shift),
            (_, Some((Action::Erase(motion), _))) => editor.delete(motion),
            (_, Some((Action::Undo, _))) => editor.undo(),
            (_, Some((Action::Redo, _))) => editor.redo(),
            (_, Some((Action::Copy, _))) => {
                let text = editor.copy();
                return self.copied(text);
            }
            (_, Some((Action::Cut, _))) => {
                let text = editor.cut();
                return self.copied(text);
            }
            (_, Some((Action::Paste, _))) => {
                let text = self.clipboard.clone();
                self.paste_into_line(&text);
            }
            (_, Some((action, _))) if !keys::is_of_text(action) => return self.act(action, false),
            (KeyCode::Char(c), None) if plain => editor.insert(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        vec![]
    }

    /// Pasted text goes into the line that is open, as one line; to the bars it means nothing.
    pub(super) fn paste_on_bars(&mut self, text: &str) {
        if self.future.line.is_some() {
            self.paste_into_line(text);
        } else {
            self.say(Level::Info, "nothing is pasted: the keys are the bars' (Esc: the text's)".into());
        }
    }

    fn paste_into_line(&mut self, text: &str) {
        let Some(BarLine { editor, .. }) = &mut self.future.line else { return };
        let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        editor.paste(&line);
    }

    /// The line is a bar, and goes where the cursor is; or it stays open.
    fn put_line(&mut self) -> Vec<Request> {
        if let Some(why) = self.bar_line_error() {
            self.say(Level::Error, why);
            return vec![];
        }
        let Some(cursor) = self.cursor() else { return vec![] };
        let (bar, voice) = (cursor.bar.number, cursor.voice.name.clone());
        // The cursor may have had to go to another voice meanwhile.
        if let Some(BarLine { voice: of, .. }) = &self.future.line
            && *of != voice
        {
            let text = format!("this bar is {of}'s, who is not there; Ctrl+X takes it along, Esc leaves it");
            self.say(Level::Warning, text);
            return vec![];
        }
        let Some(line) = self.future.line.take() else { return vec![] };
        let text = line.editor.text();
        self.future.sent = Some((voice.clone(), bar, text.clone()));
        vec![Request::Command(Command::Touch { bar, voice, touch: Touch::Edit(text) })]
    }

    /// What was written for this bar, or for the one before it that is fixed now, and is not planned.
    fn unheard(&self, voice: &str, bar: i64) -> Option<String> {
        let (of, at, text) = self.future.sent.as_ref()?;
        let fixed = || *at + 1 == bar && !open(&self.snapshot).any(|open| open.number == *at);
        (of == voice && (*at == bar || fixed())).then(|| text.clone())
    }

    /// What was written last is planned, and need not be kept.
    fn forget_sent(&mut self) {
        let Some((voice, number, text)) = &self.future.sent else { return };
        let at = self.snapshot.voices.iter().position(|status| status.name == *voice);
        let bar = self.snapshot.bars.iter().find(|bar| bar.number == *number);
        let cell = at.zip(bar).and_then(|(at, bar)| bar.parts.get(at)?.cell());
        // An earlier text may stand there, and this one was refused.
        let is_this = |cell: &Cell| {
            let role = self.snapshot.voices.get(at.unwrap_or(0)).map(|status| status.role);
            let read = |text: &str| timeline::edited(&bar?.music, role?, text).ok();
            cell.text == *text || read(&cell.text).is_some_and(|there| Some(there) == read(text))
        };
        if cell.is_some_and(|cell| cell.by == Author::Edit && is_this(cell)) {
            self.future.sent = None;
        }
    }

    /// The drafts of the bar under the cursor, as far as they are known.
    #[must_use]
    pub fn drafts(&self) -> Option<&Look> {
        let cursor = self.cursor()?;
        self.snapshot.look.as_ref().filter(|look| look.bar == cursor.bar.number && look.voice == cursor.voice.name)
    }

    /// Which of these is planned.
    #[must_use]
    pub fn taken_draft(&self) -> Option<usize> {
        let cursor = self.cursor()?;
        let planned = &cursor.part()?.cell()?.text;
        self.drafts()?.drafts.as_ref().ok()?.iter().position(|draft| draft.text == *planned)
    }

    fn draft_text(&self, at: usize) -> Option<String> {
        Some(self.drafts()?.drafts.as_ref().ok()?.get(at)?.text.clone())
    }

    /// What is pointed at among the drafts of a bar.
    pub(super) fn pointed_at(&self) -> Option<String> {
        let Mode::Drafts(Some(at)) = self.mode else { return None };
        self.draft_text(at)
    }

    /// Others may have been written meanwhile: the same one is pointed at, wherever it stands now, or else the planned one.
    pub(super) fn point_at(&mut self, text: &str) {
        let at = self.drafts().and_then(|look| look.drafts.as_ref().ok()?.iter().position(|draft| draft.text == text));
        self.mode = Mode::Drafts(at);
    }

    /// A key while the drafts of a bar are shown.
    pub(super) fn drafts_key(&mut self, key: KeyEvent, selected: Option<usize>) -> Vec<Request> {
        let drafts = self.drafts().and_then(|look| look.drafts.as_ref().ok()).map_or(0, Vec::len);
        let at = selected.or(self.taken_draft()).unwrap_or(0);
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let moved = match key.code {
            KeyCode::Up => at.saturating_sub(1),
            KeyCode::Down => (at + 1).min(drafts.saturating_sub(1)),
            KeyCode::Enter if plain => return self.take_draft(at, drafts),
            KeyCode::Char(digit @ '1'..='9') if plain => {
                return self.take_draft(usize::from(digit as u8 - b'1'), drafts);
            }
            _ => {
                let mut requests = vec![Request::Command(Command::Look(None))];
                if let Some((action, _)) = keys::find(key).filter(|(action, _)| !keys::is_of_text(*action)) {
                    requests.extend(self.act(action, false));
                }
                return requests;
            }
        };
        self.mode = Mode::Drafts(Some(moved));
        vec![]
    }

    fn take_draft(&mut self, draft: usize, drafts: usize) -> Vec<Request> {
        if draft >= drafts {
            self.mode = Mode::Drafts(None);
            return vec![];
        }
        let Some(cursor) = self.cursor() else { return vec![] };
        let (bar, voice) = (cursor.bar.number, cursor.voice.name.clone());
        let Some(text) = self.draft_text(draft) else { return vec![] };
        let touch = Command::Touch { bar, voice, touch: Touch::Choose(text) };
        vec![Request::Command(touch), Request::Command(Command::Look(None))]
    }

    /// What a new snapshot means for the cursor and what is open on it.
    pub(super) fn follow_bars(&mut self) -> Vec<Request> {
        self.forget_sent();
        let before = self.future.bar;
        self.settle_cursor();
        if !matches!(self.mode, Mode::Drafts(_)) {
            return vec![];
        }
        let gone = self.cursor().is_none().then(|| "there are no bars that could change".to_owned());
        let fixed = (self.future.bar != before).then(|| format!("bar {before} is fixed: nothing was chosen"));
        let why = gone.or(fixed).or_else(|| self.drafts()?.drafts.as_ref().err().cloned());
        let Some(why) = why else { return vec![] };
        self.say(Level::Warning, why);
        self.mode = Mode::Edit;
        vec![Request::Command(Command::Look(None))]
    }
}

#[cfg(test)]
mod tests;
