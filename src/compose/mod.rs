//! The composer: a language model that writes the next bars. This file owns the vocabulary of asking and answering.
//!
//! A [`Composer`] takes the newest [`Prompt`] and gives back [`Reply`]s. [`link::Link`] runs one in a child process,
//! [`inline::Inline`] in this thread (`render`, tests), [`script::Script`] plays bars from a text.

pub mod bench;
pub mod busy;
mod candidate;
pub mod child;
mod draft;
pub mod form;
mod fresh;
pub mod gguf;
pub mod inline;
mod knobs;
mod lean;
pub mod link;
#[cfg(feature = "llama")]
pub mod llama;
pub mod mask;
pub mod obeyed;
mod passage;
pub mod profile;
pub mod protocol;
mod rank;
pub(crate) mod reach;
mod role;
mod rules;
pub mod sample;
pub mod script;
pub mod speed;
pub mod stream;
pub mod trial;
pub mod writer;

pub use candidate::{Candidate, Rank};
pub use knobs::{Knob, Knobs};
pub use role::{Role, Roles};
pub use rules::{BarRules, VoiceRules};

use serde::{Deserialize, Serialize};

use crate::abc::Meter;
use crate::abc::key::Key;

/// The unit length in which bars travel between instrument and composer (`L:1/8`).
pub const STREAM_UNIT: crate::time::Beats = crate::time::Beats::EIGHTH;

/// Drafts of a bar where nobody says how many.
pub const CANDIDATES: u32 = 4;

/// Counts evaluations. Each composed bar carries the revision of the text that it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(pub u64);

/// Everything that the composer needs to know to write on; the newest wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    pub revision: Revision,
    pub meter: Meter,
    pub key: Key,
    /// Bars in a phrase, at least 1.
    pub phrase: u32,
    pub voices: Vec<PromptVoice>,
    /// Number of `bars[0]`, from 1.
    pub first_bar: i64,
    /// What has been committed, then what is to come; the last one is as far as the composer may go.
    pub bars: Vec<PromptBar>,
    pub seed: u64,
    /// What the performer did to bars to come, counted: another attempt is another question.
    pub attempt: u32,
    /// Of so many drafts of a bar the best is taken, at least 1; fewer where time runs out.
    pub candidates: u32,
    /// What the performer has turned.
    pub knobs: Knobs,
    /// `None` where nobody waits.
    pub due: Option<Due>,
}

/// When bars are due, as time left from when the prompt was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The bar that is due first.
    pub bar: i64,
    /// Until its commit point, in milliseconds.
    pub left_ms: u32,
    /// From one bar to the next, in milliseconds.
    pub bar_ms: u32,
}

impl Due {
    /// Milliseconds from when the prompt was sent until bar `number` is committed.
    #[must_use]
    pub fn until(&self, number: i64) -> u64 {
        u64::from(self.left_ms) + u64::from(self.bar_ms) * u64::try_from(number - self.bar).unwrap_or(0)
    }
}

impl Prompt {
    /// The composed voices that bar `index` lacks.
    #[must_use]
    pub fn missing(&self, index: usize) -> Vec<usize> {
        let cells = &self.bars[index].cells;
        (0..self.voices.len()).filter(|&voice| self.voices[voice].composed && cells[voice].is_none()).collect()
    }

    /// The first bar that lacks a composed voice, and the voices that it lacks.
    #[must_use]
    pub fn first_missing(&self) -> Option<(usize, Vec<usize>)> {
        (0..self.bars.len()).map(|index| (index, self.missing(index))).find(|(_, voices)| !voices.is_empty())
    }

    /// Whether bar `index` begins a phrase.
    #[must_use]
    pub fn starts_phrase(&self, index: usize) -> bool {
        (self.first_bar + index as i64 - 1).rem_euclid(i64::from(self.phrase.max(1))) == 0
    }

    /// This prompt where `old` was the newest until now: what was already written for it is not written twice.
    #[must_use]
    pub fn following(&self, old: Option<&Prompt>) -> Prompt {
        let mut prompt = self.clone();
        if let Some(old) = old {
            prompt.adopt(old);
        }
        prompt
    }

    /// Takes over what was already written for the same revision and attempt.
    pub fn adopt(&mut self, old: &Prompt) {
        if (old.revision, old.attempt, old.voices.len()) != (self.revision, self.attempt, self.voices.len()) {
            return;
        }
        for (index, bar) in self.bars.iter_mut().enumerate() {
            let at = self.first_bar + index as i64 - old.first_bar;
            let Some(known) = usize::try_from(at).ok().and_then(|at| old.bars.get(at)) else { continue };
            for (cell, known) in bar.cells.iter_mut().zip(&known.cells) {
                if cell.is_none() {
                    cell.clone_from(known);
                }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptVoice {
    pub name: String,
    pub role: Role,
    /// Whether the composer writes its missing bars.
    pub composed: bool,
    pub rules: VoiceRules,
}

/// One bar of the stream. Texts are canonical ABC at [`STREAM_UNIT`] in the prompt's key, without the bar line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PromptBar {
    /// The words in force, as the performer wrote them.
    pub words: Vec<String>,
    /// What they mean in control words ([`crate::steer::control`]); the parent reads them, since it has the lexicon.
    pub control: Vec<String>,
    /// The words of single voices, one per voice; empty where no voice has any.
    pub own: Vec<Option<OwnWords>>,
    /// One per voice; `None` is for the composer to write (or stays empty when the voice is not composed).
    pub cells: Vec<Option<String>>,
    /// What is asked of this bar alone, one per voice; empty where nothing is asked of any.
    pub rules: Vec<BarRules>,
    /// Which draw of each voice this is, from 0; none is the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub draws: Vec<u32>,
    /// What is not to be written here, of each voice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vetoed: Vec<Vec<String>>,
}

/// What is asked of one voice alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnWords {
    /// As the performer wrote it, without the voice's name.
    pub words: Vec<String>,
    /// The control words for the voice: those for all, as far as its own do not overrule them, then its own.
    pub control: Vec<String>,
}

impl PromptBar {
    /// The control words in force for a voice.
    #[must_use]
    pub fn control_of(&self, voice: usize) -> &[String] {
        self.own_of(voice).map_or(&self.control, |own| &own.control)
    }

    /// The words for one voice alone.
    #[must_use]
    pub fn own_of(&self, voice: usize) -> Option<&OwnWords> {
        self.own.get(voice)?.as_ref()
    }

    /// Which draw of a voice this is.
    #[must_use]
    pub fn draw(&self, voice: usize) -> u32 {
        self.draws.get(voice).copied().unwrap_or(0)
    }

    /// Puts control words in force, said as they stand.
    pub fn say(&mut self, control: &str) {
        self.control = control.split_whitespace().map(str::to_owned).collect();
        self.words = if self.control.is_empty() { Vec::new() } else { vec![control.to_owned()] };
    }
}

/// What is said to a composer in another process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// Replaces whatever was asked before.
    Prompt(Box<Prompt>),
    /// Is answered with the same number at once, whatever is being written.
    Ping(u64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "lowercase")]
pub enum Reply {
    /// The model is loaded, and has forgotten whatever was asked before.
    Ready {
        model: String,
        /// What a bar of one voice will about take, in microseconds; 0 where nobody measured.
        bar_micros: u64,
    },
    Pong {
        number: u64,
    },
    /// How long a question and its answer are on the way, without any work, in microseconds.
    RoundTrip {
        micros: u64,
    },
    /// The composed voices of one bar.
    Bar(ComposedBar),
    /// It cannot go on; the sentence says why and what to do.
    Failed {
        message: String,
    },
    /// The child ended and is being started again.
    Restarting {
        reason: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComposedBar {
    pub revision: Revision,
    pub attempt: u32,
    pub number: i64,
    /// `(voice index, text)` in the order in which they were written.
    pub cells: Vec<(usize, String)>,
    /// All drafts of each of these voices, in the order in which they were drawn; for the performer to choose from.
    pub drafts: Vec<(usize, Vec<Candidate>)>,
    /// Of these the voices whose bar ran out of time and was closed by force: rung 2 of the ladder.
    pub closed: Vec<usize>,
    /// Of the first draft of each voice: what could not be left out.
    pub tokens: u32,
    /// The work for these, in microseconds; for a closed bar what all of it would about have taken.
    pub micros: u64,
}

/// Someone who writes bars.
pub trait Composer: Send {
    /// Replaces whatever was asked before.
    fn ask(&mut self, prompt: &Prompt);

    /// The next reply, when there is one; does not wait for another process.
    fn poll(&mut self) -> Option<Reply>;

    /// Whether there is anybody to wait for.
    fn is_there(&self) -> bool {
        true
    }
}

/// Nobody: everything is left to the ladder.
#[derive(Debug, Default)]
pub struct Silent;

impl Composer for Silent {
    fn ask(&mut self, _prompt: &Prompt) {}

    fn poll(&mut self) -> Option<Reply> {
        None
    }

    fn is_there(&self) -> bool {
        false
    }
}
