//! How fast a model writes bars here: the same loop as in playing, with one draft a bar, with the usual number, and without the mask.
//! Printed, never asserted.

use std::time::Instant;

use super::obeyed::{measures, openings};
use super::writer::{Model, Writer};
use super::{CANDIDATES, Prompt, PromptBar, Role};

/// Bars written for each figure.
const BARS: usize = 64;
/// Words to lean on, as in playing.
const WORDS: &str = "steady middle flowing rising";

/// Figures as `(name, value, unit)`.
pub fn bench_model<M: Model>(writer: &mut Writer<M>) -> Result<Vec<(&'static str, f64, &'static str)>, String> {
    let mut prompt = openings(Role::Lead, (55, 88), 2).swap_remove(1);
    prompt.bars = vec![PromptBar { cells: vec![None], ..PromptBar::default() }; BARS];
    prompt.bars.iter_mut().for_each(|bar| bar.say(WORDS));
    let (mut tokens, mut bars_ms) = (0, Vec::new());
    let mut written = prompt.clone();
    let started = Instant::now();
    while let Some(bar) = writer.next_bar(&mut written, &|| false)? {
        tokens += bar.tokens;
        bars_ms.push(bar.micros as f64 / 1000.0);
    }
    let seconds = started.elapsed().as_secs_f64();
    let length = prompt.meter.bar_length();
    let full = measures(&written, 0, 0).iter().filter(|bar| bar.length == length).count();
    bars_ms.sort_by(f64::total_cmp);
    let p95 = bars_ms.get(bars_ms.len() * 95 / 100).copied().unwrap_or(0.0);

    let started = Instant::now();
    let mut free_tokens = 0;
    for index in 0..BARS {
        free_tokens += writer.unmasked_bar(&written, index, 0)?.1;
    }
    let free_seconds = started.elapsed().as_secs_f64();

    // Masks and sampling cost what they do in playing, where drafts are drawn from the same place several times.
    let spent = writer.spent();
    let started = Instant::now();
    let mut best = Prompt { candidates: CANDIDATES, ..prompt };
    while writer.next_bar(&mut best, &|| false)?.is_some() {}
    let best_seconds = started.elapsed().as_secs_f64();
    let choosing = writer.spent().choosing.saturating_sub(spent.choosing).as_secs_f64();
    let decoding = writer.spent().decoding.saturating_sub(spent.decoding).as_secs_f64();
    let bars = bars_ms.len() as f64;
    Ok(vec![
        ("tokens_per_second", f64::from(tokens) / seconds, "tokens/s"),
        ("tokens_per_second_unmasked", f64::from(free_tokens) / free_seconds, "tokens/s"),
        ("mask_share", choosing / (choosing + decoding), "share"),
        ("bars_per_second", bars / best_seconds, "bars/s"),
        ("bars_per_second_one_draft", bars / seconds, "bars/s"),
        ("full_bars_share", full as f64 / bars, "share"),
        ("bar_ms_p95", p95, "ms"),
    ])
}
