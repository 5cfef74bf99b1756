//! How fast a model writes bars here: the same loop as in playing, with one draft a bar, with the usual number, and without the mask.
//! And what the bars are like (`trial`). Printed, never asserted.

use std::time::Instant;

use super::obeyed::openings;
use super::trial::trial;
use super::writer::{Model, Writer};
use super::{CANDIDATES, Prompt, PromptBar, Role};

/// Bars written for each figure of speed, at most.
const BARS: usize = 64;
/// Words to lean on, as in playing.
const WORDS: &str = "steady middle flowing rising";

/// Figures as `(name, value, unit)`; `count` bars are looked at.
pub fn bench_model<M: Model>(
    writer: &mut Writer<M>,
    count: u32,
) -> Result<Vec<(&'static str, f64, &'static str)>, String> {
    let mut prompt = openings(Role::Lead, (55, 88), 2).swap_remove(1);
    let speed_bars = BARS.min(count as usize);
    prompt.bars = vec![PromptBar { cells: vec![None], ..PromptBar::default() }; speed_bars];
    prompt.bars.iter_mut().for_each(|bar| bar.say(WORDS));
    let (mut tokens, mut bars_ms) = (0, Vec::new());
    let mut written = prompt.clone();
    let spent = writer.spent();
    let started = Instant::now();
    while let Some(bar) = writer.next_bar(&mut written, &|| false)? {
        tokens += bar.tokens;
        bars_ms.push(bar.micros as f64 / 1000.0);
    }
    let seconds = started.elapsed().as_secs_f64();
    let choosing = writer.spent().choosing.saturating_sub(spent.choosing).as_secs_f64();
    let decoding = writer.spent().decoding.saturating_sub(spent.decoding).as_secs_f64();
    bars_ms.sort_by(f64::total_cmp);
    let p95 = bars_ms.get(bars_ms.len() * 95 / 100).copied().unwrap_or(0.0);

    let started = Instant::now();
    let mut free_tokens = 0;
    for index in 0..speed_bars {
        free_tokens += writer.unmasked_bar(&written, index, 0)?.1;
    }
    let free_seconds = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let mut best = Prompt { candidates: CANDIDATES, ..prompt };
    while writer.next_bar(&mut best, &|| false)?.is_some() {}
    let best_seconds = started.elapsed().as_secs_f64();
    let bars = bars_ms.len() as f64;
    let mut figures = vec![
        ("tokens_per_second", f64::from(tokens) / seconds, "tokens/s"),
        ("tokens_per_second_unmasked", f64::from(free_tokens) / free_seconds, "tokens/s"),
        ("mask_share", choosing / (choosing + decoding), "share"),
        ("bars_per_second", bars / best_seconds, "bars/s"),
        ("bars_per_second_one_draft", bars / seconds, "bars/s"),
        ("bar_ms_p95", p95, "ms"),
        ("vocabulary_tokens", writer.model().vocabulary().size() as f64, "tokens"),
        ("vocabulary_bar_tokens", writer.model().vocabulary().usable() as f64, "tokens"),
        ("vocabulary_doubles", writer.model().vocabulary().doubles() as f64, "tokens"),
    ];
    figures.extend(trial(writer, count, &mut |_| ())?.figures());
    Ok(figures)
}
