//! A draft of a bar as it was ranked: what the performer may choose from, and why one was taken. Plain values.

use serde::{Deserialize, Serialize};

/// A bar that was drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// In the prompt's key, without the bar line.
    pub text: String,
    pub rank: Rank,
}

/// What is against a draft, 0 where nothing is: of several the one with the least sum is taken. In mean logits per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rank {
    /// The passage with it is not what the words ask.
    pub words: f64,
    /// The bare model finds it far less likely than the middle one.
    pub odd: f64,
    /// It only says a recent bar again.
    pub stale: f64,
}

impl Rank {
    #[must_use]
    pub fn sum(self) -> f64 {
        self.odd + self.words + self.stale
    }
}
