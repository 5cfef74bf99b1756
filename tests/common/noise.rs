//! A model for tests.
#![allow(dead_code, reason = "no test uses everything")]

use barline::compose::mask::{SUBSET_BYTES, Vocabulary};
use barline::compose::sample::Rng;
use barline::compose::writer::Model;

/// A model that has read nothing: its logits are noise that depends on the text so far.
pub struct Noise {
    vocabulary: Vocabulary,
    pub tokens: Vec<Vec<u8>>,
    pub logits: Vec<f32>,
    pub context: usize,
    pub longest: usize,
}

impl Noise {
    /// All bytes, and `extra` random pieces of music of two to six bytes, some with bar lines and line ends in them.
    pub fn new(seed: u64, extra: usize, context: usize) -> Noise {
        let mut rng = Rng::new(seed, 0, 0, 0);
        let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        let alphabet = [SUBSET_BYTES, b"\n%xKQ"].concat();
        for _ in 0..extra {
            tokens.push((0..2 + rng.below(5)).map(|_| alphabet[rng.below(alphabet.len())]).collect());
        }
        let vocabulary = Vocabulary::new(&tokens).unwrap();
        Noise { vocabulary, logits: vec![0.0; tokens.len()], tokens, context, longest: 0 }
    }
}

impl Model for Noise {
    fn name(&self) -> String {
        "noise".into()
    }

    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn tokenize(&self, text: &str) -> Vec<u32> {
        text.bytes().map(u32::from).collect()
    }

    fn bos(&self) -> Option<u32> {
        None
    }

    fn context(&self) -> usize {
        self.context
    }

    fn sync(&mut self, tokens: &[u32], cancel: &dyn Fn() -> bool) -> Result<bool, String> {
        assert!(tokens.len() <= self.context, "{} tokens in a context of {}", tokens.len(), self.context);
        self.longest = self.longest.max(tokens.len());
        let hash = tokens.iter().fold(7u64, |hash, &token| (hash ^ u64::from(token)).wrapping_mul(0x100_0000_01b3));
        let mut rng = Rng::new(hash, 0, 0, 0);
        self.logits.fill_with(|| rng.uniform() * 8.0);
        Ok(!cancel())
    }

    fn logits(&self) -> &[f32] {
        &self.logits
    }
}
