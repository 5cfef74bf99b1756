//! Drawing a token: mask, temperature, top-k, min-p, and a random number that belongs to one (seed, bar, voice, attempt).
//! Pure; runs on the decode thread.

use serde::{Deserialize, Serialize};
use toktrie::SimpleVob;

/// So many of the likeliest tokens are leaned on, which bounds the cost; the others are left out then.
const LEANED: usize = 64;
/// A token so far below the likeliest, in logits, is not music for this model, whatever words say.
const HOPELESS: f32 = 10.0;

/// How adventurous the draw is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Divides the logits; 0 takes the likeliest token.
    pub temperature: f32,
    /// Tokens less likely than this share of the likeliest are left out.
    pub min_p: f32,
    /// At most this many tokens stay; 0 for all.
    pub top_k: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { temperature: 0.9, min_p: 0.05, top_k: 40 }
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and the same everywhere for ever, which a journal needs.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// One independent stream for each bar, voice and attempt.
    #[must_use]
    pub fn new(seed: u64, bar: i64, voice: usize, attempt: u32) -> Rng {
        let mut rng = Rng(seed);
        for part in [bar as u64, voice as u64, u64::from(attempt)] {
            rng.0 = rng.bits() ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        rng
    }

    /// The stream of the same place for its `candidate`th draw; that of the first is the place's own.
    #[must_use]
    pub fn candidate(mut self, candidate: u32) -> Rng {
        if candidate > 0 {
            self.0 = self.bits() ^ u64::from(candidate).wrapping_mul(0xD1B5_4A32_D192_ED03);
        }
        self
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in `0..n`; 0 for `n == 0`.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.bits() % n as u64) as usize }
    }
}

/// A scratch list that is kept from draw to draw, so that large vocabularies cost no allocation.
#[derive(Debug, Default)]
pub struct Sampler {
    candidates: Vec<(f32, u32)>,
}

impl Sampler {
    /// Draws one of the allowed tokens, of those that are `wanted` while there are any; `None` when the mask allows none.
    /// `lean` says what is added to a token's logit; it is asked of the likeliest only.
    pub fn draw(
        &mut self,
        logits: &[f32],
        mask: &SimpleVob,
        wanted: impl Fn(u32) -> bool,
        lean: Option<&dyn Fn(u32) -> f32>,
        sampling: &Sampling,
        rng: &mut Rng,
    ) -> Option<u32> {
        let candidates = &mut self.candidates;
        candidates.clear();
        candidates.extend(mask.iter().filter_map(|token| Some((*logits.get(token as usize)?, token))));
        if candidates.iter().any(|&(_, token)| wanted(token)) {
            candidates.retain(|&(_, token)| wanted(token));
        }
        // Ties are broken by token number, so that the order of the mask never matters.
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if let Some(lean) = lean {
            if candidates.len() > LEANED {
                candidates.select_nth_unstable_by(LEANED - 1, order);
                candidates.truncate(LEANED);
            }
            let best = candidates.iter().map(|&(logit, _)| logit).fold(f32::NEG_INFINITY, f32::max);
            candidates.retain(|&(logit, _)| logit >= best - HOPELESS);
            for (logit, token) in candidates.iter_mut() {
                *logit += lean(*token);
            }
        }
        if sampling.top_k > 0 && candidates.len() > sampling.top_k {
            candidates.select_nth_unstable_by(sampling.top_k - 1, order);
            candidates.truncate(sampling.top_k);
        }
        candidates.sort_unstable_by(order);
        let best = candidates.first()?.0;
        if sampling.temperature <= 0.0 {
            return Some(candidates[0].1);
        }
        let weight = |logit: f32| ((logit - best) / sampling.temperature).exp();
        // min-p looks at the leaned logits, before the temperature.
        candidates.retain(|&(logit, _)| (logit - best).exp() >= sampling.min_p);
        let total: f32 = candidates.iter().map(|&(logit, _)| weight(logit)).sum();
        let mut left = rng.uniform() * total;
        for &(logit, token) in candidates.iter() {
            left -= weight(logit);
            if left < 0.0 {
                return Some(token);
            }
        }
        candidates.last().map(|&(_, token)| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_only_what_is_allowed_and_in_proportion() {
        let logits = [5.0, 1.0, 2.0, f32::NEG_INFINITY, 1.9];
        let mut mask = SimpleVob::alloc(5);
        for token in [1, 2, 4] {
            mask.allow_token(token);
        }
        let (mut sampler, mut counts) = (Sampler::default(), [0; 5]);
        let sampling = Sampling { temperature: 1.0, min_p: 0.5, top_k: 0 };
        for bar in 0..2000 {
            let token = sampler.draw(&logits, &mask, |_| true, None, &sampling, &mut Rng::new(1, bar, 0, 0)).unwrap();
            counts[token as usize] += 1;
        }
        // Token 1 has e^-1 of the best, below min-p; 2 and 4 stand 1 to e^-0.1.
        assert_eq!((counts[0], counts[1], counts[3]), (0, 0, 0));
        let share = f64::from(counts[2]) / 2000.0;
        assert!((share - 0.525).abs() < 0.04, "{share}");
        let mut draw = |mask: &SimpleVob, wanted: &dyn Fn(u32) -> bool| {
            sampler.draw(&logits, mask, wanted, None, &sampling, &mut Rng::new(1, 0, 0, 0))
        };
        assert_eq!(draw(&mask, &|token| token == 1), Some(1));
        assert!(draw(&mask, &|_| false).is_some(), "what nobody wants is better than nothing");
        assert_eq!(draw(&SimpleVob::alloc(5), &|_| true), None);
        let lean = |token| if token == 1 { 40.0 } else { 0.0 };
        let leaned = sampler.draw(&logits, &mask, |_| true, Some(&lean), &sampling, &mut Rng::new(1, 0, 0, 0));
        assert_eq!(leaned, Some(1));
    }

    #[test]
    fn the_same_place_draws_the_same_number() {
        let numbers = |seed, bar, voice, attempt| Rng::new(seed, bar, voice, attempt).bits();
        assert_eq!(numbers(1, 2, 3, 4), numbers(1, 2, 3, 4));
        let others = [numbers(2, 2, 3, 4), numbers(1, 3, 3, 4), numbers(1, 2, 4, 4), numbers(1, 2, 3, 5)];
        assert!(others.iter().all(|&other| other != numbers(1, 2, 3, 4)));
        let drawn = |candidate| Rng::new(1, 2, 3, 4).candidate(candidate).bits();
        assert_eq!(drawn(0), numbers(1, 2, 3, 4));
        assert!(drawn(1) != drawn(0) && drawn(2) != drawn(1));
    }
}
