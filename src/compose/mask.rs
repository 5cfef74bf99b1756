//! Which tokens may come next: the bar automaton walked over the model's vocabulary. Runs on the decode thread.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use toktrie::{
    SimpleVob, TokRxInfo, TokTrie,
    recognizer::{FunctionalRecognizer, StackRecognizer},
};

use crate::abc::bar::{Automaton, State};

/// The bytes of the composer's subset. Each must be a token of its own: then a bar never runs into a state in which no token fits.
pub const SUBSET_BYTES: &[u8] = b" |^_=CDEFGABcdefgab,'z/1234678(-[]\"m#";
/// Longer tokens cannot be part of a bar and would only deepen the walk.
const MAX_TOKEN: usize = 64;
/// Masks kept; at 5,000 tokens that can be part of a bar one takes 640 bytes.
const CACHED_MASKS: usize = 1024;

/// What the tokens spell. Only those that can be part of a bar are walked for masks: some thousands, however large the vocabulary is.
pub struct Vocabulary {
    /// Of the tokens in `usable`, numbered by their place there.
    trie: TokTrie,
    /// Rising.
    usable: Vec<u32>,
    /// The bytes of all tokens, one after the other, and where each begins; after the last token where it ends.
    bytes: Vec<u8>,
    starts: Vec<u32>,
    /// All tokens that spell something, by what they spell; for [`Vocabulary::spell`].
    sorted: OnceLock<Vec<u32>>,
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vocabulary({} tokens, {} for bars)", self.size(), self.usable.len())
    }
}

impl Vocabulary {
    /// `tokens[i]` are the bytes of token `i`, empty for control tokens. Two tokens may spell the same. Errs when the proof against dead ends
    /// fails.
    pub fn new(tokens: &[Vec<u8>]) -> Result<Vocabulary, String> {
        // A token goes on past a bar line nowhere: the automaton takes nothing after it.
        let part_of_a_bar = |token: &&Vec<u8>| {
            let inner = token.split_last().map_or(&[][..], |(_, inner)| inner);
            (1..=MAX_TOKEN).contains(&token.len())
                && token.iter().all(|byte| SUBSET_BYTES.contains(byte))
                && !inner.contains(&b'|')
        };
        let usable: Vec<u32> =
            (0..).zip(tokens).filter(|(_, token)| part_of_a_bar(token)).map(|(token, _)| token).collect();
        let words: Vec<Vec<u8>> = usable.iter().map(|&token| tokens[token as usize].clone()).collect();
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, 0), &words);
        if let Some(&byte) = SUBSET_BYTES.iter().find(|&&byte| trie.token_id(&[byte]).is_none()) {
            let byte = char::from(byte);
            return Err(format!("its vocabulary has no token for the single character '{byte}', which ABC needs"));
        }
        let mut starts = vec![0];
        starts.extend(tokens.iter().scan(0, |end, token| {
            *end += token.len() as u32;
            Some(*end)
        }));
        Ok(Vocabulary { trie, usable, bytes: tokens.concat(), starts, sorted: OnceLock::new() })
    }

    /// How many tokens there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many of them can be part of a bar.
    #[must_use]
    pub fn usable(&self) -> usize {
        self.usable.len()
    }

    /// How many of those spell the same as another one; all of them may be drawn.
    #[must_use]
    pub fn doubles(&self) -> usize {
        let different: HashSet<&[u8]> = self.usable.iter().map(|&token| self.bytes(token)).collect();
        self.usable.len() - different.len()
    }

    /// What a token spells; nothing for control tokens and numbers that are none.
    #[must_use]
    pub fn bytes(&self, token: u32) -> &[u8] {
        let at = token as usize;
        let (Some(&start), Some(&end)) = (self.starts.get(at), self.starts.get(at + 1)) else { return &[] };
        &self.bytes[start as usize..end as usize]
    }

    /// Tokens that spell a text, from left to right the longest that fits; bytes that no token spells are left out. For tokenisers that do
    /// not give back what they are given.
    #[must_use]
    pub fn spell(&self, text: &[u8]) -> Vec<u32> {
        let sorted = self.sorted.get_or_init(|| {
            let mut sorted: Vec<u32> = (0..self.size() as u32).filter(|&token| !self.bytes(token).is_empty()).collect();
            sorted.sort_by_key(|&token| self.bytes(token));
            sorted
        });
        let (mut tokens, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let longest = (1..=rest.len().min(MAX_TOKEN)).rev().find_map(|length| {
                let found = sorted.binary_search_by_key(&&rest[..length], |&token| self.bytes(token)).ok()?;
                Some((sorted[found], length))
            });
            tokens.extend(longest.map(|(token, _)| token));
            rest = &rest[longest.map_or(1, |(_, length)| length)..];
        }
        tokens
    }

    /// Whether these tokens spell this text.
    #[must_use]
    pub fn spells(&self, tokens: &[u32], text: &str) -> bool {
        tokens.iter().flat_map(|&token| self.bytes(token)).eq(text.as_bytes())
    }

    /// The tokens of a mask, by their numbers.
    pub fn tokens<'a>(&'a self, mask: &'a SimpleVob) -> impl Iterator<Item = u32> + 'a {
        mask.iter().map(|at| self.usable[at as usize])
    }
}

/// The automaton from one state on, in the form in which the trie is walked.
#[derive(Clone, Copy)]
struct Walk<'a> {
    automaton: &'a Automaton,
    from: State,
}

impl FunctionalRecognizer<State> for Walk<'_> {
    fn initial(&self) -> State {
        self.from
    }

    fn try_append(&self, state: State, byte: u8) -> Option<State> {
        self.automaton.push(state, byte)
    }
}

/// Token masks of one automaton, cached by its state.
#[derive(Debug)]
pub struct Masks {
    automaton: Automaton,
    cache: HashMap<State, SimpleVob>,
}

impl Masks {
    #[must_use]
    pub fn new(automaton: Automaton) -> Masks {
        Masks { automaton, cache: HashMap::new() }
    }

    #[must_use]
    pub fn automaton(&self) -> &Automaton {
        &self.automaton
    }

    /// What is kept weighs about so much.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let mask = self.cache.values().next().map_or(0, |mask| mask.len().div_ceil(8));
        self.cache.len() * (mask + size_of::<State>())
    }

    /// The tokens all of whose bytes the automaton takes from `state` on, for [`Vocabulary::tokens`].
    pub fn mask(&mut self, vocabulary: &Vocabulary, state: State) -> &SimpleVob {
        if self.cache.len() >= CACHED_MASKS && !self.cache.contains_key(&state) {
            self.cache.clear();
        }
        let automaton = &self.automaton;
        self.cache.entry(state).or_insert_with(|| {
            let mut set = vocabulary.trie.alloc_token_set();
            let mut walk = StackRecognizer::from(Walk { automaton, from: state });
            vocabulary.trie.add_bias(&mut walk, &mut set, &[]);
            set
        })
    }

    /// The state after a whole token.
    #[must_use]
    pub fn advance(&self, vocabulary: &Vocabulary, state: State, token: u32) -> Option<State> {
        vocabulary.bytes(token).iter().try_fold(state, |state, &byte| self.automaton.push(state, byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_spells_what_a_tokeniser_would_not() {
        let mut tokens: Vec<Vec<u8>> = SUBSET_BYTES.iter().map(|&byte| vec![byte]).collect();
        let first = tokens.len() as u32;
        tokens.extend(["CD", "CDE", "", "A|B", "2 |", "CD", "X:"].map(|token| token.as_bytes().to_vec()));
        let vocabulary = Vocabulary::new(&tokens).unwrap();
        for (text, spelt) in [("CDE2 |", "CDE2 |"), ("X:1", "X:1"), ("A|B%CD", "A|BCD"), ("", "")] {
            assert!(vocabulary.spells(&vocabulary.spell(text.as_bytes()), spelt), "{text}");
        }
        assert_eq!(vocabulary.spell(b"CDE2 |"), [first + 1, first + 4]);
        // `A|B` goes on behind a bar line, `X:` is no part of a bar, and one token spells nothing.
        assert_eq!((vocabulary.usable(), vocabulary.doubles()), (SUBSET_BYTES.len() + 4, 1));
        // Both tokens for `CD` may be drawn.
        let mut masks = Masks::new(Automaton::new(crate::abc::bar::Rules::plain(96, 24)).unwrap());
        let start = masks.automaton().start(None);
        let allowed: Vec<u32> = vocabulary.tokens(masks.mask(&vocabulary, start)).collect();
        assert!(allowed.contains(&first) && allowed.contains(&(first + 5)) && allowed.is_sorted());
    }
}
