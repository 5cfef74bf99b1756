//! One draft of a bar: tokens drawn one by one where the automaton allows and the words lean. Runs on the decode thread.

use std::time::{Duration, Instant};

use super::fresh::Worn;
use super::lean::Lean;
use super::mask::Masks;
use super::sample::{Rng, Sampler, Sampling};
use super::writer::Model;
use crate::abc::Pitch;
use crate::abc::bar::{Automaton, LENGTHS, State};

/// A bar as it might be.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// As the model wrote it, without the bar line.
    pub text: String,
    /// So many bytes of the text are the model's; where time ran out, the others closed the bar by force.
    pub drawn: usize,
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

impl Draft {
    pub fn is_closed(&self) -> bool {
        self.drawn < self.text.len()
    }
}

impl<M: Model> Desk<'_, M> {
    /// Draws a bar; `Ok(None)` when `cancel` said so. When it is `late`, the bar is closed where it is. `judged`: the likelihood is wanted.
    pub fn draft(
        &mut self,
        worn: &Worn,
        mut lean: Option<Lean<'_>>,
        rng: &mut Rng,
        judged: bool,
        cancel: &dyn Fn() -> bool,
        late: &dyn Fn() -> bool,
    ) -> Result<Option<Draft>, String> {
        let before = self.tokens.len();
        let mut state = self.masks.automaton().start(self.tied_in);
        let (mut text, mut likelihood) = (Vec::new(), 0.0);
        while !Automaton::is_done(&state) {
            let started = Instant::now();
            let synced = self.model.sync(self.tokens, &|| cancel() || late());
            let decoded = Instant::now();
            self.spent.decoding += decoded - started;
            match synced {
                Ok(true) => {}
                Ok(false) if !cancel() => break,
                stopped => {
                    self.tokens.truncate(before);
                    return stopped.map(|_| None);
                }
            }
            // The vocabulary has every byte of the subset and the automaton no dead ends, so there is always a token.
            let mask = self.masks.mask(self.model.vocabulary(), state);
            let vocabulary = self.model.vocabulary();
            let ways = worn.after(&text);
            let fresh = |token| !ways.iter().any(|way| way.goes_on_with(vocabulary.bytes(token)));
            let bias = lean.as_ref().map(|lean| move |token| lean.bias(state, vocabulary.bytes(token)));
            let bias = bias.as_ref().map(|bias| bias as &dyn Fn(u32) -> f32);
            let logits = self.model.logits();
            let token = self.sampler.draw(logits, mask, fresh, bias, self.sampling, rng);
            let token = token.ok_or("no token fits the bar: the mask is empty")?;
            if judged {
                likelihood += probability(logits, token).ln();
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
        let mut text = String::from_utf8(text).map_err(|_| "the subset is ASCII")?;
        let mut drawn = text.len();
        if !Automaton::is_done(&state) {
            text += &rest(self.masks.automaton(), state);
        }
        text.truncate(text.trim_end_matches('|').len());
        drawn = drawn.min(text.len());
        Ok(Some(Draft { text, drawn, tokens: tokens as u32, likelihood: likelihood / tokens.max(1) as f64 }))
    }
}

/// A short way out of a bar: the note that is being written is held to the bar line where that has a name; else there is a rest, or the notes
/// that the rules still ask for, even ones. Whatever the rules are, the automaton knows some way.
fn rest(automaton: &Automaton, state: State) -> String {
    const REST: &str = "z";
    let letters = || "CDEFGABcdefgab".split("").filter(|letter| !letter.is_empty());
    let lengths = || LENGTHS.iter().rev().map(|(length, _)| *length);
    let elements = |signs: Vec<&'static str>| -> Vec<String> {
        signs.into_iter().flat_map(|sign| lengths().map(move |length| format!("{sign}{length}"))).collect()
    };
    let (held, last) = (elements(vec!["", REST]), elements([REST].into_iter().chain(letters()).collect()));
    let notes = elements(letters().collect());
    let one = held.iter().chain(&last).map(|element| format!("{element}|"));
    let two = held.iter().flat_map(|first| last.iter().map(move |last| format!("{first}{last}|")));
    let even = (2..=24).flat_map(|count| notes.iter().map(move |note| format!("{}|", note.repeat(count))));
    let fits = |text: &String| {
        let end = text.bytes().try_fold(state, |state, byte| automaton.push(state, byte));
        end.is_some_and(|end| Automaton::is_done(&end))
    };
    one.chain(two).chain(even).find(fits).unwrap_or_else(|| automaton.finish(state))
}

/// What the bare model thinks of a token.
fn probability(logits: &[f32], token: u32) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = logits.iter().map(|logit| (logit - most).exp()).sum();
    logits.get(token as usize).map_or(0.0, |logit| f64::from((logit - most).exp() / total)).max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::bar::Rules;

    #[test]
    fn a_bar_is_closed_by_the_shortest_way() {
        let automaton = Automaton::new(Rules { notes: (2, 9), ..Rules::plain(96, 24) }).unwrap();
        let cases = [
            ("C4D", "4|"),
            ("C2D2E", "4|"),
            ("C2D2E2F", "2|"),
            // Seven eighths are a length of the subset, five are none.
            ("CD", "7|"),
            ("C2DE", "z4|"),
            ("C2D2", "z4|"),
            ("C2D2 ", "z4|"),
            ("C4D4", "|"),
            // A second note is asked for.
            ("C4", "C4|"),
            ("C4 ", "C4|"),
            ("C4D-", "D3|"),
            ("C4^", "C4|"),
        ];
        for (drawn, expected) in cases {
            let state =
                drawn.bytes().try_fold(automaton.start(None), |state, byte| automaton.push(state, byte)).unwrap();
            let closed = rest(&automaton, state);
            assert!(automaton.accepts(&format!("{drawn}{closed}"), None).is_some(), "{drawn} {closed}");
            assert_eq!(closed, expected, "after {drawn}");
        }
        // What is left of a bar of eight notes that must have six.
        let automaton = Automaton::new(Rules { notes: (6, 9), ..Rules::plain(96, 24) }).unwrap();
        let state = "C2D2".bytes().try_fold(automaton.start(None), |state, byte| automaton.push(state, byte)).unwrap();
        assert_eq!(rest(&automaton, state), "CCCC|");
    }
}
