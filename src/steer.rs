//! Words to control words: what a performer writes about the music, in English and Chinese, in the few words that captions and leanings
//! know. Pure.
//!
//! The longest phrase of the [`Lexicon`] wins, so `four on the floor` is no number. Small words turn the next one: `less busy`, `no leaps`,
//! 不要太快. What a header would say is read out as [`Facts`]. Of contradictory words the later one holds.

pub mod control;
mod degree;
mod facts;
mod lexicon;
mod loudness;
mod reader;
mod stem;
mod text;

pub use facts::{Certainty, Fact, Facts};
pub use lexicon::{DEFAULT, Lexicon};
pub use loudness::{Loudness, Turn};

use reader::Reader;
use text::Text;

/// Words or Chinese characters in the longest phrase that is looked for.
const LONGEST: usize = 8;

/// What lines of words come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steering {
    /// Control words ([`control::all`]), in the order of the text, each once, of each band at most one.
    pub heard: Vec<&'static str>,
    /// Control words that are not wished for and have no opposite: `no triplets`.
    pub refused: Vec<&'static str>,
    /// A control word that was said and the later one that took its place.
    pub overruled: Vec<(&'static str, &'static str)>,
    /// What is said of loudness, in the order of the text.
    pub loudness: Vec<Loudness>,
    pub facts: Facts,
    /// What means nothing here, folded to lower case, each once; not more than anybody would read.
    pub not_understood: Vec<String>,
}

/// Reads lines that hold at the same time.
#[must_use]
pub fn steer<S: AsRef<str>>(lines: &[S], lexicon: &Lexicon) -> Steering {
    let mut reader = Reader::new(lexicon);
    for line in lines {
        let text = Text::of(line.as_ref());
        for clause in &text.clauses {
            reader.clause(&text, clause.clone());
        }
    }
    reader.said
}

impl Steering {
    /// Whether loudness is all that is said.
    #[must_use]
    pub fn is_loudness(&self) -> bool {
        let alone = Steering { loudness: self.loudness.clone(), ..Steering::default() };
        !self.loudness.is_empty() && *self == alone
    }

    /// The control words that hold where this is said after `before`: it replaces within each band.
    #[must_use]
    pub fn after(&self, before: &[&'static str]) -> Vec<&'static str> {
        overruled(before, &self.heard, &self.refused)
    }
}

/// Control words where others hold besides, which replace them within each band, and some are refused.
#[must_use]
pub fn overruled(before: &[&'static str], heard: &[&'static str], refused: &[&'static str]) -> Vec<&'static str> {
    let replaced = |word: &str| heard.iter().any(|new| *new == word || control::rivals(word).contains(new));
    let stays = |word: &&&'static str| !replaced(word) && !refused.contains(word);
    before.iter().filter(stays).chain(heard).copied().collect()
}

#[cfg(test)]
mod tests;
