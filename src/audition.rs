//! The musical scoreboard: what a model writes, judged by counting. Runs where the model lives; `barline audition` prints it.
//!
//! # Samples
//!
//! Everything is written with the same [`Writer`] as in playing: mask, leanings, the best of four drafts. Sizes of the whole board, and of
//! `--quick` in brackets:
//!
//! | what | sample |
//! | --- | --- |
//! | `obeyed_…` | 20 prompts × 10 (1) seeds, three words each, so that each word is judged 50 (5) times, a band 150 (15): four bars, then after other words the second one to the end of its phrase |
//! | `obeyed_…_n1`, `chance_…` | the same prompts and seeds, four bars, one draft; without words at all |
//! | `…_without_leanings`, `…_without_captions` | the same, four bars, four drafts |
//! | `obeyed_mode` | the leads of these: 14 × 10 (1), the first eight bars of each |
//! | scores by source | 30 (3) pieces of 16 bars for each of melodies, hymns and composed music; every second one is told a word of register, motion or contour besides; `_n1`: the same of one draft |
//! | bars 97 to 128 | 6 (1) runs of 128 bars |
//! | `longest_copied_bars` | 16-bar windows of the leads of all these, of each source as many as there are held-out ones, at most |
//! | `distinct_phrases_share` | 100 (10) seeds, four bars |
//! | `full_bars_unmasked_share` | 80 (10) pieces of 8 bars, one draft |
//! | `full_bars_share` | every draft of the above with the mask |
//! | `guest_…` | 10 prompts × 1 seed, four bars, one draft |
//!
//! What is held against them comes from `gguf/NAME.eval` ([`eval`]), which `learn` makes of the training text: 5 and 95 % of 16-bar
//! windows of the training pieces, held-out pieces one of a family, and bits per character on 40 held-out renditions of each source.

pub mod eval;
mod kneser_ney;
mod learn;
mod material;
mod mode;
mod music;
mod novelty;
mod piece;
mod rendition;
mod scores;
mod text;
mod words;
mod writing;

#[cfg(test)]
mod tests;

pub use learn::{Learned, learn};
pub use text::bits_per_char;

use crate::compose::CANDIDATES;
use crate::compose::writer::{Model, Writer};
use crate::figures::percentile;
use eval::Eval;
use words::Way;
use writing::Hand;

/// Sizes of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seeds: u64,
    /// Pieces of each source.
    pub pieces: usize,
    pub long_runs: usize,
    pub long_bars: usize,
    pub distinct: u64,
    pub free_rows: usize,
}

impl Plan {
    pub const WHOLE: Plan = Plan { seeds: 10, pieces: 30, long_runs: 6, long_bars: 128, distinct: 100, free_rows: 80 };
    pub const QUICK: Plan = Plan { seeds: 1, pieces: 3, long_runs: 1, long_bars: 128, distinct: 10, free_rows: 10 };
}

/// Figures as `(name, value, unit)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(pub Vec<(String, f64, String)>);

impl Figures {
    fn add(&mut self, name: &str, value: f64, unit: &str) {
        self.0.push((name.to_owned(), value, unit.to_owned()));
    }

    fn share(&mut self, name: &str, part: usize, all: usize, of: &str) {
        if let Some(share) = scores::share(part, all) {
            self.add(name, share, &format!("share of {all} {of}"));
        }
    }

    fn mean(&mut self, name: &str, values: impl Iterator<Item = f64>, of: &str) {
        let values: Vec<f64> = values.collect();
        if !values.is_empty() {
            let count = values.len();
            self.add(name, values.iter().sum::<f64>() / count as f64, &format!("mean of {count} {of}"));
        }
    }

    fn p99(&mut self, name: &str, values: &[f64]) {
        if let Some(value) = percentile(values, 0.99) {
            self.add(name, value, &format!("bars, p99 of {}", values.len()));
        }
    }

    /// What the `.eval` file says under this name.
    fn learned(&mut self, name: &str, eval: Option<&Eval>, unit: &str) {
        if let Some(value) = eval.and_then(|eval| eval.figures.get(name)) {
            self.add(name, *value, unit);
        }
    }
}

/// Writes and judges. `say` is told what is being done, some ten times.
pub fn audition<M: Model>(
    writer: &mut Writer<M>,
    eval: Option<&Eval>,
    plan: &Plan,
    say: &dyn Fn(&str),
) -> Result<Figures, String> {
    let mut hand = Hand::new(writer);
    let mut figures = Figures::default();
    let asked = words::asked();
    say("words, as in playing");
    let played = words::obey(&mut hand, &asked, plan.seeds, Way::PLAYING)?;
    played.bands("obeyed", "", &mut figures);
    let once = Way { change: false, ..Way::PLAYING };
    let ways = [
        ("obeyed", "_n1", Way { candidates: 1, ..once }),
        ("obeyed", "_without_leanings", Way { leanings: false, ..once }),
        ("obeyed", "_without_captions", Way { captions: false, ..once }),
        ("chance", "", Way { candidates: 1, leanings: false, captions: false, ..once }),
    ];
    for (name, suffix, way) in ways {
        say(&format!("words: {name}{suffix}"));
        words::obey(&mut hand, &asked, plan.seeds, way)?.bands(name, suffix, &mut figures);
    }
    let nothing = std::collections::BTreeMap::new();
    played.more(eval.map_or(&nothing, |eval| &eval.modes), &mut figures);
    say("pieces");
    let pieces = music::pieces(&mut hand, plan, CANDIDATES)?;
    say("long runs");
    let long = music::long_runs(&mut hand, plan)?;
    music::figures(&pieces, &long, eval, &mut figures);
    say("pieces of first drafts");
    music::first_drafts(&music::pieces(&mut hand, plan, 1)?, eval, &mut figures);
    say("distinct phrases");
    let distinct = music::distinct(&mut hand, plan.distinct)?;
    figures.share("distinct_phrases_share", distinct, plan.distinct as usize, "seeds");
    say("bars without the mask");
    let [all, leads] = music::free(&mut hand, plan.free_rows)?;
    figures.share("full_bars_unmasked_share", all.0, all.1, "bars");
    figures.share("full_bars_unmasked_share_lead", leads.0, leads.1, "bars");
    figures.share("full_bars_share", hand.full, hand.drafts, "bars as they were written");
    Ok(figures)
}

/// What another model makes of ten of the prompts under the same mask, with leanings and without.
pub fn guest<M: Model>(writer: &mut Writer<M>, say: &dyn Fn(&str)) -> Result<Figures, String> {
    let mut hand = Hand::new(writer);
    let mut figures = Figures::default();
    let asked = &words::asked()[..10];
    for (suffix, leanings) in [("", true), ("_without_leanings", false)] {
        say(&format!("guest{suffix}"));
        let way = Way { candidates: 1, leanings, change: false, ..Way::PLAYING };
        words::obey(&mut hand, asked, 1, way)?.bands("guest_obeyed", suffix, &mut figures);
    }
    figures.share("guest_full_bars_share", hand.full, hand.drafts, "bars as they were written");
    Ok(figures)
}

/// What is known from the `.eval` file alone: bits per character, where they belong to this model file (by the start of its SHA-256).
#[must_use]
pub fn known(eval: &Eval, model: &str) -> Figures {
    let mut figures = Figures::default();
    let own = eval.figures.iter().filter(|(name, _)| name.starts_with("bits_per_char"));
    let own = own.filter(|(name, _)| name.starts_with("bits_per_char_baseline") || eval.model == model);
    own.for_each(|(name, value)| figures.add(name, *value, "bits, from the .eval file"));
    figures.add("training_bars", eval.bars as f64, "bars, from the .eval file");
    figures.add("training_notes", eval.notes as f64, "notes, from the .eval file");
    figures
}
