//! Which draft of a bar is taken: what the bare model thinks of it, what the words ask, and what has been said already. Pure; decode thread.

use crate::score::Measure;

use super::Rank;
use super::passage::Passage;

/// What a band's width away from the words costs, in mean logits per token.
const DISOBEDIENCE: f64 = 3.0;
/// Below the middle draft's likelihood by more than this, in mean logits per token, a draft is odd.
const ODD: f64 = 1.0;
/// What saying a recent bar again costs.
const STALE: f64 = 0.6;

/// A draft as it is judged.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub measure: &'a Measure,
    /// Mean logarithm of its tokens' probabilities.
    pub likelihood: f64,
}

/// What is against each draft. `recent` are bars that this one should not merely repeat.
pub(super) fn ranks(drafts: &[Judged<'_>], passage: &Passage, recent: &[Measure]) -> Vec<Rank> {
    // The likeliest text is the dullest (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration"), so that being likely gains
    // nothing; only a draft far below the middle one is an odd one.
    let mut likelihoods: Vec<f64> = drafts.iter().map(|draft| draft.likelihood).collect();
    likelihoods.sort_unstable_by(f64::total_cmp);
    let usual = likelihoods.get(drafts.len() / 2).copied().unwrap_or(0.0);
    let rank = |draft: &Judged<'_>| {
        let stale = recent.iter().any(|bar| bar.same_tune(draft.measure));
        Rank {
            words: DISOBEDIENCE * passage.distance(draft.measure),
            odd: (usual - ODD - draft.likelihood).max(0.0),
            stale: if stale { STALE } else { 0.0 },
        }
    };
    drafts.iter().map(rank).collect()
}

/// The place of the best draft; of equals the first.
pub(super) fn best(ranks: &[Rank]) -> usize {
    (1..ranks.len()).fold(0, |best, at| if ranks[at].sum() < ranks[best].sum() { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::Meter;
    use crate::abc::key::Key;
    use crate::abc::parse::read_bar;
    use crate::compose::{Role, STREAM_UNIT};
    use crate::feature::{Bounds, Wishes};

    /// The words, the bar before, the drafts with their likelihoods, and which is taken.
    type Case = (&'static str, &'static str, &'static [(&'static str, f64)], usize);

    #[test]
    fn the_best_draft_obeys_and_is_neither_odd_nor_stale() {
        let bar = |text: &str| read_bar(text, &Key::NONE, Meter::COMMON, STREAM_UNIT, &[]).0;
        let cases: &[Case] = &[
            // The likeliest is no better than the usual one that came first; an odd one is not taken.
            ("", "", &[("C2D2E2F2", -1.0), ("G2A2B2c2", -0.5), ("C8", -0.9)], 0),
            ("", "", &[("C2D2E2F2", -4.0), ("G2A2B2c2", -1.0), ("E2F2G2A2", -0.9), ("C8", -0.1)], 1),
            ("low", "", &[("c2d2e2f2", -0.5), ("C2D2E2F2", -1.0)], 1),
            ("busy", "", &[("c2d2e2f2", -0.5), ("cdefgfed", -1.2), ("c8", -0.1)], 1),
            // Of equals the first.
            ("", "", &[("C2D2E2F2", -1.0), ("G2A2B2c2", -1.0)], 0),
            ("", "C2D2E2F2", &[("C2D2E2F2", -0.8), ("G2A2B2c2", -0.9)], 1),
            ("", "C2D2E2F2", &[("C2D2E2F2", -0.2), ("G2A2B2c2", -3.0)], 0),
        ];
        for &(words, before, drafts, expected) in cases {
            let passage = Passage {
                wishes: Wishes::of(words.split(' '), Role::Lead),
                bounds: Bounds::usual(Role::Lead),
                meter: Meter::COMMON,
                key: Key::NONE,
                root: None,
                bars: Vec::new(),
                before: None,
                length: 4,
            };
            let measures: Vec<_> = drafts.iter().map(|&(text, _)| bar(text)).collect();
            let judged: Vec<_> =
                measures.iter().zip(drafts).map(|(measure, &(_, likelihood))| Judged { measure, likelihood }).collect();
            let ranks = ranks(&judged, &passage, &[bar(before)]);
            assert_eq!(best(&ranks), expected, "{words}: {drafts:?}, {ranks:?}");
        }
    }
}
