//! What happens to the screen, and what it asks of its caller. Plain values.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};

use super::Offer;
use crate::abc::Diagnostic;
use crate::event::{Command, Event};
use crate::ui::theme::Theme;

/// Everything that can happen to the screen.
#[derive(Debug)]
pub enum Input {
    Key(KeyEvent),
    Paste(String),
    /// `clicks` counts presses of a button at one place, one soon after the other, from 1.
    Mouse {
        event: MouseEvent,
        clicks: u8,
    },
    Resize(u16, u16),
    /// The performer looks elsewhere, and keys go there.
    FocusLost,
    /// So much time, since this was told last or something began to be lit.
    Passed(Duration),
    /// The instrument says something.
    Event(Event),
    /// What came of [`Request::Evaluate`].
    Evaluated(Evaluation),
    /// What voices can have has changed.
    Offer(Offer),
    /// What came of [`Request::Save`].
    Saved {
        path: PathBuf,
        text: String,
        error: Option<String>,
    },
    /// SIGTERM, SIGHUP, or the terminal is gone: leave without a question.
    Terminate,
}

#[derive(Clone, Debug)]
pub struct Evaluation {
    pub path: PathBuf,
    /// The text that was evaluated; the diagnostics' spans count in it.
    pub text: String,
    /// Whether it could be taken into the music. If not, the last good version plays on.
    pub accepted: bool,
    /// Whether it plays. A file that another program saves is only looked at when another one plays.
    pub plays: bool,
    /// It waits for a phrase line, with all that is armed.
    pub armed: bool,
    pub diagnostics: Vec<Diagnostic>,
    /// How the words were understood: `slow sparse low · not understood: ferry`. May be empty.
    pub heard: String,
}

/// What the caller is to do.
#[derive(Debug)]
pub enum Request {
    Command(Command),
    /// Write the file, over this content and no other ([`crate::watch::Watch::save`]); answer with [`Input::Saved`].
    Save {
        path: PathBuf,
        text: String,
        over: String,
    },
    /// Read the text (the path's extension says whether as prompt or patch) and play it; answer with [`Input::Evaluated`].
    Evaluate {
        path: PathBuf,
        text: String,
        /// The performer asked for it. Otherwise another program saved the file, which is heard only where it already plays.
        asked: bool,
        tune: Tune,
        /// It waits for a phrase line, with all that is armed.
        armed: bool,
    },
    /// Keep this text of [`Mappings`](crate::midi::mapping::Mappings) for the sets to come.
    KeepMappings(String),
    /// Have the terminal report when keys are let go and when it loses the keyboard, as far as it can, or no longer.
    Releases(bool),
    /// Begin to record, or end it.
    Record,
    /// Write this text away, which no file holds, in the place of what was written so before: path and text of each.
    KeepTyped(Vec<(PathBuf, String)>),
    /// The same of the theme.
    KeepTheme(Theme),
    /// Other programs may paste this.
    Clipboard(String),
    Quit,
}

/// Which tune of a file is to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tune {
    /// The one that plays, or the first.
    Same,
    Next,
    Previous,
    /// By its `X:`.
    Number(u32),
}
