//! Makes an [`Eval`] of the training text: hashes, bands, and what held-out pieces and the baseline come to. Pure but for reading the text.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::eval::{Eval, group};
use super::kneser_ney::KneserNey;
use super::mode;
use super::novelty::{self, END, Known};
use super::piece::{Piece, Source};
use super::rendition::{self, Rendition, Split};
use super::scores::{self, Score};
use crate::compose::Role;
use crate::figures::percentile;

/// Bars of a piece that are scored: as many as the scoreboard's own pieces have. Shorter ones count from [`FEWEST`] on.
pub const WINDOW: usize = 16;
const FEWEST: usize = 12;
/// Bars by which the key of people's tunes is estimated: as many as the pieces under words have.
pub const MODE_BARS: usize = 8;
/// Held-out renditions of each source on which characters are counted.
const TEXTS: usize = 40;
/// Characters of a rendition's window: what a context of 512 tokens of the bundled model holds, and whole lines.
const CHARACTERS: usize = 1200;

/// What was learned, and the held-out renditions on which a model's bits per character are measured.
#[derive(Debug)]
pub struct Learned {
    pub eval: Eval,
    pub texts: Vec<Rendition>,
}

/// A window of the text for bits per character.
#[must_use]
pub fn window(rendition: &Rendition, number: usize) -> Vec<rendition::Stretch<'_>> {
    rendition.window(CHARACTERS, number)
}

/// Reads `renditions.jsonl`.
pub fn learn(path: &Path) -> Result<Learned, String> {
    let mut eval = Eval::new();
    let mut values: BTreeMap<String, BTreeMap<&'static str, Vec<f64>>> = BTreeMap::new();
    let (mut music, mut pieces, mut families) = (Vec::new(), HashSet::new(), HashSet::new());
    let (mut held, mut kept) = (Vec::new(), Vec::new());
    let mut hymns = (0, 0);
    rendition::read(path, |rendition| {
        let Some(piece) = rendition.piece() else { return Ok(()) };
        // The estimator of keys has learned nothing from either split.
        let people = piece.source != Source::Composed && piece.role == Role::Lead;
        if people && families.insert(rendition.family.clone()) {
            let [heard, all] = eval.modes.entry(piece.key.to_string()).or_default();
            *all += 1;
            *heard += u32::from(mode::is_in(&piece.window(0, MODE_BARS).bars, &piece.key));
        }
        if rendition.split == Split::HeldOut {
            held.push((rendition.family.clone(), piece));
            kept.push(rendition);
            return Ok(());
        }
        eval.bars += piece.bars.len() as u64;
        eval.notes += piece.notes() as u64;
        music.push(rendition.music(usize::MAX));
        let hashes: Vec<u32> = piece.bars.iter().map(novelty::hash).collect();
        if pieces.insert(hashes.clone()) {
            eval.hashes.extend(hashes);
            eval.hashes.push(END);
        }
        if piece.source == Source::Hymns && piece.role == Role::Lead {
            let (agree, all) = scores::chords_on_strong_beats(&piece);
            hymns = (hymns.0 + agree, hymns.1 + all);
        }
        let first = piece.window(0, WINDOW);
        if first.bars.len() >= FEWEST {
            let group = values.entry(group(piece.source, piece.role)).or_default();
            for score in Score::ALL {
                group.entry(score.name()).or_default().extend(score.of(&first));
            }
        }
        Ok(())
    })?;
    for (group, values) in values {
        let band = |values: &[f64]| Some([percentile(values, 0.05)?, percentile(values, 0.95)?]);
        let bands = values.into_iter().filter_map(|(score, values)| Some((score.to_owned(), band(&values)?)));
        eval.bands.insert(group, bands.collect());
    }
    let mut note = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            eval.figures.insert(name.to_owned(), value);
        }
    };
    note("chords_on_strong_beats_in_hymns", scores::share(hymns.0, hymns.1));
    let texts = chosen(kept);
    drop(pieces);
    baseline(&KneserNey::new(music.iter().map(String::as_bytes)), &texts, &mut note);
    held_out(&mut eval, &one_of_a_family(held));
    Ok(Learned { eval, texts })
}

/// So many renditions of each source, at even distances.
fn chosen(kept: Vec<Rendition>) -> Vec<Rendition> {
    let mut counts = Source::ALL.map(|source| (source, kept.iter().filter(|r| r.source() == Some(source)).count(), 0));
    let take = |rendition: &Rendition| {
        let Some((_, all, seen)) = counts.iter_mut().find(|(source, ..)| rendition.source() == Some(*source)) else {
            return false;
        };
        *seen += 1;
        *seen * TEXTS % (*all).max(1) < TEXTS
    };
    kept.into_iter().filter(take).collect()
}

/// Bits per character of the same music as [`super::text::bits_per_char`] judges.
fn baseline(model: &KneserNey, texts: &[Rendition], note: &mut impl FnMut(&str, Option<f64>)) {
    let mut sums = BTreeMap::new();
    for rendition in texts {
        let judged = rendition.music(CHARACTERS);
        let bits = model.bits(judged.as_bytes());
        for name in ["", rendition.source().map_or("", Source::name)] {
            let sum: &mut (f64, usize) = sums.entry(name).or_default();
            *sum = (sum.0 + bits, sum.1 + judged.len());
        }
    }
    for (name, (bits, characters)) in sums {
        let name = if name.is_empty() { String::new() } else { format!("_{name}") };
        note(&format!("bits_per_char_baseline{name}"), Some(bits / characters.max(1) as f64));
    }
}

/// The first rendition of each family and role.
fn one_of_a_family(held: Vec<(String, Piece)>) -> Vec<Piece> {
    let mut seen = HashSet::new();
    held.into_iter()
        .filter(|(family, piece)| seen.insert((family.clone(), piece.role.tag())))
        .map(|held| held.1)
        .collect()
}

/// What held-out pieces come to.
fn held_out(eval: &mut Eval, pieces: &[Piece]) {
    let known = Known::new(&eval.hashes);
    for piece in pieces.iter().filter(|piece| piece.role == Role::Lead) {
        let run = known.longest_run(&piece.window(0, WINDOW).bars);
        eval.copied.entry(piece.source.name().to_owned()).or_default().push(run as u32);
    }
    let windows: Vec<Piece> =
        pieces.iter().map(|piece| piece.window(0, WINDOW)).filter(|piece| piece.bars.len() >= FEWEST).collect();
    for source in Source::ALL {
        let of_source: Vec<&Piece> = windows.iter().filter(|piece| piece.source == source).collect();
        let scored = of_source.iter().flat_map(|piece| Score::ALL.map(|score| eval.is_inside(piece, score)));
        let scored: Vec<bool> = scored.flatten().collect();
        if let Some(share) = scores::share(scored.iter().filter(|&&inside| inside).count(), scored.len()) {
            eval.figures.insert(format!("inside_{}_heldout", source.name()), share);
        }
        for score in Score::ALL {
            let inside: Vec<bool> = of_source.iter().filter_map(|piece| eval.is_inside(piece, score)).collect();
            let share = scores::share(inside.iter().filter(|&&inside| inside).count(), inside.len());
            let mean: Vec<f64> = of_source.iter().filter_map(|piece| score.of(piece)).collect();
            let name = source.name();
            if let Some(share) = share {
                eval.figures.insert(format!("inside_{}_{name}_heldout", score.name()), share);
                let mean = mean.iter().sum::<f64>() / mean.len().max(1) as f64;
                eval.figures.insert(format!("{}_{name}_heldout", score.name()), mean);
            }
        }
    }
}
