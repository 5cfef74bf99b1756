//! Bits per character: what a model makes of music that it has not seen. Runs where the model lives.

use std::collections::BTreeMap;

use super::learn;
use super::piece::Source;
use super::rendition::Rendition;
use crate::compose::writer::Model;

/// Room that a window leaves in the context.
const RESERVE: usize = 16;

/// Bits per character of the music of the model's voices, bar lines included, as `(name, value)`: of all texts, then by source.
pub fn bits_per_char<M: Model>(model: &mut M, texts: &[Rendition]) -> Result<Vec<(String, f64)>, String> {
    let mut sums: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
    for (number, rendition) in texts.iter().enumerate() {
        let (bits, characters) = bits(model, rendition, number)?;
        for name in ["", rendition.source().map_or("", Source::name)] {
            let sum = sums.entry(name).or_default();
            *sum = (sum.0 + bits, sum.1 + characters);
        }
    }
    let named = |name: &str| if name.is_empty() { "bits_per_char".to_owned() } else { format!("bits_per_char_{name}") };
    Ok(sums.into_iter().map(|(name, (bits, all))| (named(name), bits / all.max(1) as f64)).collect())
}

/// Bits and characters of one window.
fn bits<M: Model>(model: &mut M, rendition: &Rendition, number: usize) -> Result<(f64, usize), String> {
    let mut tokens: Vec<u32> = model.bos().into_iter().collect();
    let (mut bits, mut characters) = (0.0, 0);
    for (text, judged) in learn::window(rendition, number) {
        let stretch = model.tokenize(text);
        if tokens.len() + stretch.len() + RESERVE > model.context() {
            break;
        }
        if judged {
            characters += text.len();
            for token in stretch {
                model.sync(&tokens, &|| false)?;
                bits -= log_probability(model.logits(), token) / std::f64::consts::LN_2;
                tokens.push(token);
            }
        } else {
            tokens.extend(stretch);
        }
    }
    Ok((bits, characters))
}

/// Natural logarithm of a token's share of the softmax.
fn log_probability(logits: &[f32], token: u32) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
    logits.get(token as usize).map_or(f64::NEG_INFINITY, |logit| f64::from(logit - most) - total.ln())
}
