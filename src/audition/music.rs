//! What pieces as they are played are like, beside human ones: by source, over a long run, and against the training. Runs where the model lives.

use super::eval::Eval;
use super::learn::WINDOW;
use super::material::Setting;
use super::novelty::Known;
use super::piece::{Piece, Source};
use super::scores::{self, Score};
use super::writing::Hand;
use super::{Figures, Plan};
use crate::compose::writer::Model;
use crate::compose::{CANDIDATES, Role};
use crate::feature::Band;

const ALONE: &[Role] = &[];
const CHART: &[Role] = &[Role::Chart];
const BAND: &[Role] = &[Role::Chart, Role::Bass];

type Kind = (Role, (u16, u16), &'static str, &'static [Role], &'static str);

/// Kinds of the books: role, metre, key, voices given, words.
const MELODIES: [Kind; 10] = [
    (Role::Lead, (6, 8), "G", ALONE, "jig"),
    (Role::Lead, (2, 2), "D", CHART, "reel"),
    (Role::Lead, (4, 4), "G", ALONE, "hornpipe"),
    (Role::Lead, (3, 4), "F", BAND, "air"),
    (Role::Lead, (6, 8), "Em", CHART, "jig"),
    (Role::Lead, (2, 4), "C", ALONE, ""),
    (Role::Lead, (9, 8), "A", ALONE, "slipjig"),
    (Role::Lead, (4, 4), "Ador", CHART, "reel"),
    (Role::Lead, (6, 8), "Dmix", BAND, "jig"),
    (Role::Lead, (4, 4), "D", ALONE, "air"),
];
const HYMNS: [Kind; 6] = [
    (Role::Lead, (4, 4), "F", ALONE, "hymn"),
    (Role::Lead, (4, 4), "G", CHART, "hymn"),
    (Role::Lead, (3, 4), "Eb", BAND, "hymn"),
    (Role::Lead, (4, 4), "D", BAND, "hymn"),
    (Role::Lead, (6, 4), "C", CHART, "hymn"),
    (Role::Lead, (4, 4), "Bb", CHART, "hymn"),
];
const COMPOSED: [Kind; 15] = [
    (Role::Lead, (4, 4), "Am", CHART, "rock"),
    (Role::Bass, (4, 4), "Ddor", CHART, "walking jazz"),
    (Role::Arp, (4, 4), "C", CHART, "arpeggio house"),
    (Role::Keys, (4, 4), "Gm", CHART, "comping funk"),
    (Role::Drums, (4, 4), "Am", ALONE, "house"),
    (Role::Lead, (12, 8), "G", BAND, "blues"),
    (Role::Bass, (4, 4), "Em", CHART, "techno ostinato"),
    (Role::Arp, (6, 8), "Am", CHART, "riff"),
    (Role::Lead, (3, 4), "Flyd", CHART, "waltz"),
    (Role::Keys, (4, 4), "D", CHART, "pad ballad"),
    (Role::Drums, (7, 8), "C", ALONE, "rock"),
    (Role::Lead, (4, 4), "Ephr", CHART, "latin"),
    (Role::Bass, (4, 4), "Gmix", CHART, "funk"),
    (Role::Arp, (5, 4), "Ddor", CHART, "ostinato techno"),
    (Role::Lead, (7, 8), "Cm", CHART, "answer"),
];
/// Kinds of the long runs.
const LONG: [Kind; 6] = [MELODIES[0], MELODIES[1], HYMNS[1], MELODIES[9], COMPOSED[0], MELODIES[3]];
/// Roles and metres of the bars without a mask, in keys without signature, in which they are read.
const FREE: [(Role, (u16, u16), &str); 10] = [
    (Role::Lead, (4, 4), "C"),
    (Role::Lead, (6, 8), "C"),
    (Role::Bass, (4, 4), "Am"),
    (Role::Lead, (3, 4), "C"),
    (Role::Arp, (4, 4), "C"),
    (Role::Lead, (2, 4), "C"),
    (Role::Keys, (4, 4), "C"),
    (Role::Lead, (9, 8), "Gmix"),
    (Role::Inner, (3, 4), "C"),
    (Role::Drums, (4, 4), "C"),
];
/// Bars of each piece without a mask.
const FREE_BARS: usize = 8;

/// Writes a piece as it is played. Every second one is told a word of register, motion or contour besides.
fn piece<M: Model>(
    hand: &mut Hand<'_, M>,
    source: Source,
    kind: &Kind,
    number: usize,
    bars: usize,
    candidates: u32,
) -> Result<Piece, String> {
    let &(role, meter, key, given, words) = kind;
    let mut prompt = Setting { role, meter, key, given, opening: 0, variant: number, moving: source == Source::Hymns }
        .prompt(bars, number as u64 + 1)?;
    prompt.candidates = candidates;
    // Not of density: to be told `busy` is to be told not to be like a hymn.
    let band = [Band::Register, Band::Motion, Band::Contour][number / 2 % 3];
    let besides = number % 2 == 1 && band.speaks_of(role);
    let told: Vec<&str> = words.split_whitespace().chain(besides.then(|| band.words()[number / 6 % 3])).collect();
    prompt.bars.iter_mut().for_each(|bar| bar.say(&told.join(" ")));
    hand.write(&mut prompt)?;
    Ok(Piece::written(source, &prompt, prompt.voices.len() - 1, 0))
}

/// Pieces of each source, of so many drafts a bar.
pub fn pieces<M: Model>(hand: &mut Hand<'_, M>, plan: &Plan, candidates: u32) -> Result<Vec<Piece>, String> {
    let kinds: [(Source, &[Kind]); 3] =
        [(Source::Melodies, &MELODIES), (Source::Hymns, &HYMNS), (Source::Composed, &COMPOSED)];
    let each =
        kinds.into_iter().flat_map(|(source, kinds)| (0..plan.pieces).map(move |number| (source, kinds, number)));
    each.map(|(source, kinds, number)| piece(hand, source, &kinds[number % kinds.len()], number, WINDOW, candidates))
        .collect()
}

/// Long runs.
pub fn long_runs<M: Model>(hand: &mut Hand<'_, M>, plan: &Plan) -> Result<Vec<Piece>, String> {
    let source = |kind: &Kind| match kind.4 {
        "hymn" => Source::Hymns,
        "rock" => Source::Composed,
        _ => Source::Melodies,
    };
    let run = |number: usize| {
        let kind = &LONG[number % LONG.len()];
        piece(hand, source(kind), kind, 2 * number, plan.long_bars, CANDIDATES)
    };
    (0..plan.long_runs).map(run).collect()
}

/// What the pieces are like.
pub fn figures(pieces: &[Piece], long: &[Piece], eval: Option<&Eval>, figures: &mut Figures) {
    for score in [Score::ScaleConsistency, Score::RestShare] {
        figures.mean(score.name(), pieces.iter().filter_map(|piece| score.of(piece)), "pieces");
    }
    for source in Source::ALL {
        let of: Vec<&Piece> = pieces.iter().filter(|piece| piece.source == source).collect();
        let name = source.name();
        for score in Score::ALL {
            let score_name = score.name();
            figures.mean(&format!("{score_name}_{name}"), of.iter().filter_map(|piece| score.of(piece)), "pieces");
            figures.learned(&format!("{score_name}_{name}_heldout"), eval, "held-out pieces");
            let Some(eval) = eval else { continue };
            let inside: Vec<bool> = of.iter().filter_map(|piece| eval.is_inside(piece, score)).collect();
            let count = inside.iter().filter(|&&inside| inside).count();
            figures.share(&format!("inside_{score_name}_{name}"), count, inside.len(), "pieces");
            figures.learned(&format!("inside_{score_name}_{name}_heldout"), Some(eval), "share of held-out pieces");
        }
        inside(pieces, source, "", eval, figures);
        figures.learned(&format!("inside_{name}_heldout"), eval, "share of the scores of held-out pieces");
    }
    let sums = pieces.iter().filter(|piece| piece.role == Role::Lead).map(scores::chords_on_strong_beats);
    let (agree, all) = sums.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
    figures.share("chords_on_strong_beats", agree, all, "notes");
    figures.learned("chords_on_strong_beats_in_hymns", eval, "share of notes of the training's hymns");
    let both = || pieces.iter().chain(long);
    let bars = both().map(|piece| piece.bars.len()).sum();
    figures.share("all_rest_bars_share", both().map(|piece| scores::all_rest(&piece.bars)).sum(), bars, "bars");
    let melodic = both().filter(|piece| piece.role == Role::Lead);
    let same = melodic.map(|piece| scores::longest_same_run(&piece.bars)).max().unwrap_or(0);
    figures.add("longest_same_bar_run", same as f64, "bars, of leads");
    ends(long, eval, figures);
    if let Some(eval) = eval {
        novelty(pieces, long, eval, figures);
    }
}

/// The share of all scores of a source's pieces that are inside.
fn inside(pieces: &[Piece], source: Source, suffix: &str, eval: Option<&Eval>, figures: &mut Figures) {
    let Some(eval) = eval else { return };
    let of = pieces.iter().filter(|piece| piece.source == source);
    let inside: Vec<bool> =
        of.flat_map(|piece| Score::ALL.map(|score| eval.is_inside(piece, score))).flatten().collect();
    let count = inside.iter().filter(|&&inside| inside).count();
    figures.share(&format!("inside_{}{suffix}", source.name()), count, inside.len(), "scores");
}

/// What the same pieces are like when the first draft of each bar is taken.
pub fn first_drafts(pieces: &[Piece], eval: Option<&Eval>, figures: &mut Figures) {
    for source in Source::ALL {
        let of = pieces.iter().filter(|piece| piece.source == source);
        let name = format!("bar_repetition_{}_n1", source.name());
        figures.mean(&name, of.filter_map(|piece| Score::BarRepetition.of(piece)), "pieces");
        inside(pieces, source, "_n1", eval, figures);
    }
}

/// The first 32 bars of the long runs beside their last 32.
fn ends(long: &[Piece], eval: Option<&Eval>, figures: &mut Figures) {
    for (name, from) in [("first_32", 0), ("last_32", usize::MAX)] {
        let windows: Vec<Piece> = long
            .iter()
            .flat_map(|piece| {
                let start = from.min(piece.bars.len().saturating_sub(2 * WINDOW));
                [piece.window(start, WINDOW), piece.window(start + WINDOW, WINDOW)]
            })
            .collect();
        for score in Score::ALL {
            let name = format!("{}_{name}", score.name());
            figures.mean(&name, windows.iter().filter_map(|piece| score.of(piece)), "windows of 16 bars");
        }
        let Some(eval) = eval else { continue };
        let each = windows.iter().flat_map(|piece| Score::ALL.map(|score| eval.is_inside(piece, score)));
        let inside: Vec<bool> = each.flatten().collect();
        let count = inside.iter().filter(|&&inside| inside).count();
        figures.share(&format!("inside_{name}"), count, inside.len(), "scores of windows of 16 bars");
    }
}

/// p99 of the longest copied run of leads, beside that of as many held-out ones of the same sources.
fn novelty(pieces: &[Piece], long: &[Piece], eval: &Eval, figures: &mut Figures) {
    let known = Known::new(&eval.hashes);
    let windows =
        long.iter().flat_map(|piece| (0..piece.bars.len()).step_by(WINDOW).map(|from| piece.window(from, WINDOW)));
    let windows: Vec<Piece> = pieces.iter().cloned().chain(windows).filter(|piece| piece.role == Role::Lead).collect();
    let (mut all, mut all_held) = (Vec::new(), Vec::new());
    for source in Source::ALL {
        let of_source = windows.iter().filter(|piece| piece.source == source);
        let runs: Vec<f64> = of_source.map(|piece| known.longest_run(&piece.bars) as f64).collect();
        let held = eval.copied.get(source.name()).map_or(&[][..], Vec::as_slice);
        let count = runs.len().min(held.len());
        let held: Vec<f64> = (0..count).map(|at| f64::from(held[at * held.len() / count])).collect();
        let runs: Vec<f64> = (0..count).map(|at| runs[at * runs.len() / count]).collect();
        figures.p99(&format!("longest_copied_bars_{}", source.name()), &runs);
        figures.p99(&format!("longest_copied_bars_{}_heldout", source.name()), &held);
        all.extend(runs);
        all_held.extend(held);
    }
    figures.p99("longest_copied_bars", &all);
    figures.p99("longest_copied_bars_heldout", &all_held);
}

/// How many of the four-bar phrases that so many seeds give for one prompt are different.
pub fn distinct<M: Model>(hand: &mut Hand<'_, M>, seeds: u64) -> Result<usize, String> {
    let mut phrases = std::collections::HashSet::new();
    let setting =
        Setting { role: Role::Lead, meter: (4, 4), key: "D", given: ALONE, opening: 0, variant: 0, moving: false };
    for seed in 1..=seeds {
        let mut prompt = setting.prompt(4, seed)?;
        prompt.candidates = CANDIDATES;
        hand.write(&mut prompt)?;
        phrases.insert(prompt.bars.iter().map(|bar| bar.cells.clone()).collect::<Vec<_>>());
    }
    Ok(phrases.len())
}

/// Bars without mask and leanings: how many are full, of how many; of all roles, and of leads.
pub fn free<M: Model>(hand: &mut Hand<'_, M>, rows: usize) -> Result<[(usize, usize); 2], String> {
    let mut counts = [(0, 0); 2];
    for row in 0..rows {
        let (role, meter, key) = FREE[row % FREE.len()];
        let setting = Setting { role, meter, key, given: ALONE, opening: 0, variant: row, moving: false };
        let full = hand.run_free(&setting, FREE_BARS, row as u64 + 1)?;
        for count in &mut counts[..if role == Role::Lead { 2 } else { 1 }] {
            *count = (count.0 + full, count.1 + FREE_BARS);
        }
    }
    Ok(counts)
}
