//! One draft of a bar: tokens drawn one by one where the automaton allows and the words lean. Runs on the decode thread.

use std::time::{Duration, Instant};

use super::fresh::Worn;
use super::lean::Lean;
use super::mask::Masks;
use super::sample::{self, Rng, Sampler, Sampling};
use super::writer::Model;
use crate::abc::Pitch;
use crate::abc::bar::Automaton;

/// A bar as it might be.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// As the model wrote it, without the bar line.
    pub text: String,
    /// How many tokens it took.
    pub tokens: u32,
    /// Mean natural logarithm of the tokens' probabilities, without mask and leanings; 0 where nobody asked.
    pub likelihood: f64,
}

/// What drafts are drawn with.
#[derive(Debug)]
pub(super) struct Desk<'a, M> {
    pub model: &'a mut M,
    pub masks: &'a mut Masks,
    pub sampler: &'a mut Sampler,
    pub sampling: &'a Sampling,
    /// The text before the bar; the same again after each draft.
    pub tokens: &'a mut Vec<u32>,
    pub tied_in: Option<Pitch>,
    pub spent: &'a mut Spent,
}

/// Where the time goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// In the model.
    pub decoding: Duration,
    /// In masks, leanings and sampling.
    pub choosing: Duration,
}

impl<M: Model> Desk<'_, M> {
    /// Draws a bar; `Ok(None)` when `cancel` said so. `judged`: the likelihood is wanted.
    pub fn draft(
        &mut self,
        worn: &Worn,
        mut lean: Option<Lean<'_>>,
        rng: &mut Rng,
        judged: bool,
        cancel: &dyn Fn() -> bool,
    ) -> Result<Option<Draft>, String> {
        let before = self.tokens.len();
        let mut state = self.masks.automaton().start(self.tied_in);
        let (mut text, mut likelihood) = (Vec::new(), 0.0);
        while !Automaton::is_done(&state) {
            let started = Instant::now();
            let synced = self.model.sync(self.tokens, cancel);
            let decoded = Instant::now();
            self.spent.decoding += decoded - started;
            if synced != Ok(true) {
                self.tokens.truncate(before);
                return synced.map(|_| None);
            }
            // The vocabulary has every byte of the subset and the automaton no dead ends, so there is always a token.
            let vocabulary = self.model.vocabulary();
            let allowed = vocabulary.tokens(self.masks.mask(vocabulary, state));
            let ways = worn.after(&text);
            let fresh = |token| !ways.iter().any(|way| way.goes_on_with(vocabulary.bytes(token)));
            let bias = lean.as_ref().map(|lean| move |token| lean.bias(state, vocabulary.bytes(token)));
            let bias = bias.as_ref().map(|bias| bias as &dyn Fn(u32) -> f32);
            let logits = self.model.logits();
            let token = self.sampler.draw(logits, allowed, fresh, bias, self.sampling, rng);
            let token = token.ok_or("no token fits the bar: the mask is empty")?;
            if judged {
                likelihood += sample::likelihood(logits, token);
            }
            let bytes = vocabulary.bytes(token);
            if let Some(lean) = &mut lean {
                lean.follow(state, bytes);
            }
            state = self.masks.advance(vocabulary, state, token).ok_or("a masked token does not fit the bar")?;
            text.extend_from_slice(bytes);
            self.tokens.push(token);
            self.spent.choosing += decoded.elapsed();
        }
        let tokens = self.tokens.len() - before;
        self.tokens.truncate(before);
        let text = String::from_utf8(text).map_err(|_| "the subset is ASCII")?;
        let text = text.trim_end_matches('|').to_owned();
        Ok(Some(Draft { text, tokens: tokens as u32, likelihood: likelihood / tokens.max(1) as f64 }))
    }
}
