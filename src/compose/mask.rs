//! Which tokens may come next: the bar automaton walked over the model's vocabulary. Runs on the decode thread.

use std::collections::HashMap;

use toktrie::{
    SimpleVob, TokRxInfo, TokTrie,
    recognizer::{FunctionalRecognizer, StackRecognizer},
};

use crate::abc::bar::{Automaton, State};

/// The bytes of the composer's subset. Each must be a token of its own: then a bar never runs into a state in which no token fits.
pub const SUBSET_BYTES: &[u8] = b" |^_=CDEFGABcdefgab,'z/1234678(-[]\"m#";
/// Longer tokens cannot be part of a bar and would only deepen the walk.
const MAX_TOKEN: usize = 64;
/// Masks kept; at a 262,144-token vocabulary one takes 32 KiB.
const CACHED_MASKS: usize = 1024;

/// The vocabulary as a trie of bytes.
pub struct Vocabulary {
    trie: TokTrie,
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vocabulary({} tokens)", self.trie.vocab_size())
    }
}

impl Vocabulary {
    /// `tokens[i]` are the bytes of token `i`, empty for control tokens. Errs when the proof against dead ends fails.
    pub fn new(mut tokens: Vec<Vec<u8>>, eos: u32) -> Result<Vocabulary, String> {
        for bytes in &mut tokens {
            if bytes.len() > MAX_TOKEN {
                bytes.clear();
            }
        }
        let trie = TokTrie::from(&TokRxInfo::new(tokens.len() as u32, eos), &tokens);
        match SUBSET_BYTES.iter().find(|&&byte| trie.token_id(&[byte]).is_none()) {
            None => Ok(Vocabulary { trie }),
            Some(&byte) => Err(format!(
                "its vocabulary has no token for the single character '{}', which ABC needs; another model is needed",
                char::from(byte)
            )),
        }
    }

    #[must_use]
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.trie.token(token)
    }

    #[must_use]
    pub fn trie(&self) -> &TokTrie {
        &self.trie
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

    /// The tokens all of whose bytes the automaton takes from `state` on.
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
