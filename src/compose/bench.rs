//! How fast a model writes bars here: the same loop as in playing, with and without the mask. Printed, never asserted.

use std::time::Instant;

use super::writer::{Model, Writer};
use super::{Prompt, PromptBar, PromptVoice, Revision, Role, VoiceRules};
use crate::abc::Meter;
use crate::abc::key::Key;

/// Bars written for the figures.
const BARS: usize = 64;

/// Figures as `(name, value, unit)`.
pub fn bench_model<M: Model>(writer: &mut Writer<M>) -> Result<Vec<(&'static str, f64, &'static str)>, String> {
    let voice = PromptVoice { name: "lead".into(), role: Role::Lead, composed: true, rules: VoiceRules::default() };
    let mut prompt = Prompt {
        revision: Revision(1),
        meter: Meter::COMMON,
        key: Key::parse("C")?.0,
        phrase: 4,
        voices: vec![voice],
        first_bar: 1,
        bars: vec![PromptBar { words: Vec::new(), cells: vec![None] }; BARS],
        seed: 1,
        attempt: 0,
        candidates: 1,
        lean: None,
        due: None,
    };
    let (mut tokens, mut bars_ms) = (0, Vec::new());
    let started = Instant::now();
    while let Some(bar) = writer.next_bar(&mut prompt, &|| false)? {
        tokens += bar.tokens;
        bars_ms.push(bar.micros as f64 / 1000.0);
    }
    let seconds = started.elapsed().as_secs_f64();
    bars_ms.sort_by(f64::total_cmp);
    let p95 = bars_ms.get(bars_ms.len() * 95 / 100).copied().unwrap_or(0.0);
    Ok(vec![
        ("tokens_per_second", f64::from(tokens) / seconds, "tokens/s"),
        ("bars_per_second", bars_ms.len() as f64 / seconds, "bars/s"),
        ("bar_ms_p95", p95, "ms"),
    ])
}
