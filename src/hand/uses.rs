//! What a hand is for: playing along, or calling for an answer. Pure.

use serde::{Deserialize, Serialize};

/// The use of a voice that is played by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// The model plays along, and hears each bar when it is over.
    #[default]
    Duet,
    /// The model's lead listens while the hand plays, and answers.
    Trade,
    /// What was played goes round, and what is played is added; once more: it ends.
    Loop,
    /// What was played is the model's beginning.
    Seed,
}

impl Use {
    pub const ALL: [Use; 4] = [Use::Duet, Use::Trade, Use::Loop, Use::Seed];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Use::Duet => "duet",
            Use::Trade => "trade",
            Use::Loop => "loop",
            Use::Seed => "seed",
        }
    }

    /// Whether it holds until another is chosen; others happen once.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Use::Duet | Use::Trade)
    }

    /// The use of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Use> {
        Use::ALL.into_iter().find(|other| other.name() == name)
    }
}

/// Whose turn it is where a voice trades with a hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing has been called.
    Waits,
    /// The hand plays.
    Listens,
    /// From this bar on, so many bars long. Before the bar is fixed, a note by hand puts it off.
    Answers { from: i64, bars: i64 },
}
