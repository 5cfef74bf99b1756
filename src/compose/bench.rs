//! How fast a model writes bars here: the same loop as in playing, with one draft a bar, with the usual number, and without the mask.
//! And what the bars are like (`trial`). Printed, never asserted.

use std::time::{Duration, Instant};

use super::obeyed::openings;
use super::trial::trial;
use super::writer::{Model, Writer};
use super::{CANDIDATES, Due, Prompt, PromptBar, Role};

/// Bars written for each figure of speed, at most.
const BARS: usize = 64;
/// Bars that are due one after the other.
const BARS_IN_TIME: usize = 32;
/// A bar of 4/4 at 120 beats a minute.
const BAR_MS: u32 = 2000;
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
    let (mut tokens, mut bars_ms) = (Vec::new(), Vec::new());
    let mut written = prompt.clone();
    let started = Instant::now();
    while let Some(bar) = writer.next_bar(&mut written, &|| false)? {
        tokens.push(bar.tokens);
        bars_ms.push(bar.micros as f64 / 1000.0);
    }
    let seconds = started.elapsed().as_secs_f64();
    bars_ms.sort_by(f64::total_cmp);
    let p95 = bars_ms.get(bars_ms.len() * 95 / 100).copied().unwrap_or(0.0);

    let started = Instant::now();
    // As many tokens at the same places.
    for (index, &count) in tokens.iter().enumerate() {
        writer.unmasked_bar(&written, index, 0, Some(count))?;
    }
    let free_seconds = started.elapsed().as_secs_f64();

    // Masks and sampling cost what they do in playing, where drafts are drawn from the same place several times.
    let spent = writer.spent();
    let started = Instant::now();
    let mut best = Prompt { candidates: CANDIDATES, ..prompt.clone() };
    while writer.next_bar(&mut best, &|| false)?.is_some() {}
    let best_seconds = started.elapsed().as_secs_f64();
    let choosing = writer.spent().choosing.saturating_sub(spent.choosing).as_secs_f64();
    let decoding = writer.spent().decoding.saturating_sub(spent.decoding).as_secs_f64();
    let (whole, closed) = in_time(writer, Prompt { candidates: CANDIDATES, ..prompt })?;
    let (bars, all_tokens) = (bars_ms.len() as f64, tokens.iter().sum::<u32>());
    let mut figures = vec![
        ("tokens_per_second", f64::from(all_tokens) / seconds, "tokens/s"),
        ("tokens_per_second_unmasked", f64::from(all_tokens) / free_seconds, "tokens/s"),
        ("mask_share", choosing / (choosing + decoding), "share"),
        ("bars_per_second", bars / best_seconds, "bars/s"),
        ("bars_per_second_one_draft", bars / seconds, "bars/s"),
        ("bar_ms_p95", p95, "ms"),
        ("bars_in_time_share", whole, "share"),
        ("bars_closed_by_force_share", closed, "share"),
        ("vocabulary_tokens", writer.model().vocabulary().size() as f64, "tokens"),
        ("vocabulary_bar_tokens", writer.model().vocabulary().usable() as f64, "tokens"),
        ("vocabulary_doubles", writer.model().vocabulary().doubles() as f64, "tokens"),
    ];
    figures.extend(trial(writer, count, &mut |_| ())?.figures());
    Ok(figures)
}

/// The shares of bars that are there whole, and closed by force, where each is due a bar after the one before. The others are the ladder's.
fn in_time<M: Model>(writer: &mut Writer<M>, mut prompt: Prompt) -> Result<(f64, f64), String> {
    prompt.bars.truncate(BARS_IN_TIME);
    let bars = prompt.bars.len() as f64;
    prompt.due = Some(Due { bar: prompt.first_bar, left_ms: BAR_MS, bar_ms: BAR_MS });
    let begun = Instant::now();
    let due = prompt.due;
    let time_left = |number| {
        let until = due.map_or(0, |due| due.until(number));
        Duration::from_millis(until).saturating_sub(begun.elapsed())
    };
    let (mut whole, mut closed) = (0, 0);
    while let Some(bar) = writer.next_bar_in_time(&mut prompt, &|| false, &time_left)? {
        closed += bar.closed.len();
        whole += bar.cells.len() - bar.closed.len();
    }
    Ok((whole as f64 / bars, closed as f64 / bars))
}
