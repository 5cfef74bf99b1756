//! Which tokens may come next: the bar automaton walked over the model's vocabulary. Runs on the decode thread.

use std::collections::{HashMap, HashSet};

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
        Ok(Vocabulary { trie, usable, bytes: tokens.concat(), starts })
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
