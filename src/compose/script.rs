//! A composer that plays bars from a text: for tests, and for trying the instrument without a model.

use super::{ComposedBar, Composer, Prompt, Reply};

/// Answers bar `n` of every composed voice with line `n - 1` of the script, over and over.
#[derive(Debug)]
pub struct Script {
    bars: Vec<String>,
    prompt: Option<Prompt>,
}

impl Script {
    /// One bar a line, in the prompt's key at `L:1/8`, without bar lines. An empty script never answers.
    #[must_use]
    pub fn new(text: &str) -> Script {
        Script { bars: text.lines().map(str::to_owned).collect(), prompt: None }
    }
}

impl Composer for Script {
    fn ask(&mut self, prompt: &Prompt) {
        self.prompt = Some(prompt.following(self.prompt.as_ref()));
    }

    fn poll(&mut self) -> Option<Reply> {
        let prompt = self.prompt.as_mut()?;
        let (index, missing) = prompt.first_missing()?;
        let number = prompt.first_bar + index as i64;
        let line = self.bars.get((number - 1).rem_euclid(self.bars.len().max(1) as i64) as usize)?;
        let cells: Vec<(usize, String)> = missing.into_iter().map(|voice| (voice, line.clone())).collect();
        for (voice, text) in &cells {
            prompt.bars[index].cells[*voice] = Some(text.clone());
        }
        let (revision, attempt) = (prompt.revision, prompt.attempt);
        Some(Reply::Bar(ComposedBar {
            revision,
            attempt,
            number,
            cells,
            drafts: Vec::new(),
            closed: Vec::new(),
            tokens: 0,
            micros: 0,
        }))
    }
}
