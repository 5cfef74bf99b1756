//! Keeping what was heard: the keys that say what, and the bars that come back for the text.

use crossterm::event::KeyCode;

use super::{App, Mode, Request, name_of};
use crate::event::{Command, Level};
use crate::keep::{Ask, Edit, Kept, Kind, keep};

/// So many bars can be kept; the first is what nobody has to ask for.
const BARS: [usize; 4] = [4, 8, 1, 2];

/// What is to be kept, as far as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    pub bars: usize,
    pub kind: Kind,
}

impl Default for Keeping {
    fn default() -> Self {
        Keeping { bars: BARS[0], kind: Kind::default() }
    }
}

/// The one behind `value`, and behind the last one the first.
fn next<T: Copy + PartialEq>(values: &[T], value: T) -> T {
    let at = values.iter().position(|other| *other == value).map_or(0, |at| at + 1);
    values[at % values.len()]
}

impl App {
    /// `k` asks for another number of bars, `s` for a seed or a section of them; a digit says of which voice, 0 of all.
    pub(super) fn keep_key(&mut self, code: KeyCode, keeping: Keeping) -> Vec<Request> {
        let Keeping { bars, kind } = keeping;
        match code {
            KeyCode::Char('k') => self.mode = Mode::Keep(Keeping { bars: next(&BARS, bars), kind }),
            KeyCode::Char('s') => self.mode = Mode::Keep(Keeping { bars, kind: next(&Kind::ALL, kind) }),
            KeyCode::Char('0') => return vec![Request::Command(Command::Keep(Ask { voice: None, bars, kind }))],
            KeyCode::Char(digit @ '1'..='9') => {
                let voice = usize::from(digit as u8 - b'1');
                if let Some(status) = self.snapshot.voices.get(voice) {
                    let voice = Some(status.name.clone());
                    return vec![Request::Command(Command::Keep(Ask { voice, bars, kind }))];
                }
                self.say(Level::Warning, format!("there is no voice {digit}"));
            }
            _ => {}
        }
        vec![]
    }

    /// Bars that were heard go into the text of their scene, as one step that undo takes back. Nothing is evaluated.
    pub(super) fn kept(&mut self, kept: &Kept) {
        let Some(document) = self.find(&kept.path) else {
            self.say(Level::Error, format!("{} is not on the screen any more", name_of(&kept.path)));
            return;
        };
        let Edit { text, said } = keep(&document.editor.text(), kept);
        document.edit(|editor| editor.set_text_keeping_cursor(&text));
        self.say(Level::Info, said);
    }
}
