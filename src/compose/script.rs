//! A composer that plays bars from a text: for tests, and for trying the instrument without a model.

use super::{Candidate, ComposedBar, Composer, Prompt, Rank, Reply};

/// Answers bar `n` of every composed voice with line `n - 1` of the script, over and over.
#[derive(Debug)]
pub struct Script {
    bars: Vec<Vec<String>>,
    prompt: Option<Prompt>,
}

impl Script {
    /// One bar a line, in the prompt's key at `L:1/8`, without bar lines. Between `;` stand several of which each draw takes the next that is not
    /// vetoed; they are its drafts, and against each there is 1 more. An empty script never answers.
    #[must_use]
    pub fn new(text: &str) -> Script {
        let drafts = |line: &str| line.split(';').map(|draft| draft.trim().to_owned()).collect();
        Script { bars: text.lines().map(drafts).collect(), prompt: None }
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
        let bar = &mut prompt.bars[index];
        let mut composed =
            ComposedBar { revision: prompt.revision, attempt: prompt.attempt, number, ..ComposedBar::default() };
        for voice in missing {
            let vetoed = bar.vetoed.get(voice).map_or(&[][..], Vec::as_slice);
            let from = bar.draw(voice) as usize % line.len();
            let mut drawn = line[from..].iter().chain(&line[..from]);
            let text = drawn.find(|text| !vetoed.contains(text)).unwrap_or(&line[from]).clone();
            bar.cells[voice] = Some(text.clone());
            composed.cells.push((voice, text));
            if line.len() > 1 {
                let rank = |at: usize| Rank { words: at as f64, ..Rank::default() };
                let drafts = line.iter().enumerate().map(|(at, text)| Candidate { text: text.clone(), rank: rank(at) });
                composed.drafts.push((voice, drafts.collect()));
            }
        }
        Some(Reply::Bar(composed))
    }
}
