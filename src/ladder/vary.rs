//! A bar of a loop, said otherwise once: a fill of the drums, a variation of a melody. Pure; the same for the same seed and bar.

use super::{Need, VARIATIONS, fits, neighbours};
use crate::abc::key::Key;
use crate::abc::{Meter, Pitch};
use crate::compose::sample::Rng;
use crate::compose::{BarRules, Role, VoiceRules};
use crate::score::{Measure, Note};
use crate::time::Beats;

/// From the first stroke of a fill to its last: snare, toms from high to low, of General MIDI.
const FILL: [i32; 6] = [38, 50, 48, 47, 45, 41];
/// Draws of each way to vary, of which the first that fits is taken.
const TRIES: usize = 4;
const ON_BEAT: u8 = 100;
const OFF_BEAT: u8 = 80;

/// What is varied.
#[derive(Clone, Copy, Debug)]
pub struct Loop<'a> {
    pub key: &'a Key,
    pub meter: Meter,
    pub role: Role,
    /// All bars of the loop, and which of them it is.
    pub bars: &'a [&'a Measure],
    pub at: usize,
}

/// The bar varied; `None` where no variation differs from it and stays within what the loop plays. `voice` is the voice's index.
#[must_use]
pub fn vary(what: &Loop<'_>, seed: u64, bar: i64, voice: usize) -> Option<Measure> {
    let mut rng = Rng::new(seed, bar, voice, u32::MAX - 1);
    let source = what.bars[what.at];
    if what.role == Role::Drums {
        return Some(fill(source, what.meter, &mut rng));
    }
    // It stays where the loop lies.
    let pitches =
        || what.bars.iter().flat_map(|bar| &bar.notes).filter_map(|note| u8::try_from(note.pitch.midi()).ok());
    let range = (pitches().min()?, pitches().max()?);
    let (rules, asked) = (VoiceRules { range, classes: None, grid: 3, notes: (0, u8::MAX) }, BarRules::default());
    let Loop { key, meter, role, .. } = *what;
    let need = Need {
        key,
        meter,
        role,
        rules: &rules,
        asked: &asked,
        tied: None,
        tail: None,
        partial: None,
        heard: &[],
        phrase: 1,
        seed,
        bar,
        voice,
    };
    let source = super::untied(&need, source);
    // What carries the harmony is only ornamented.
    let ways =
        if matches!(role, Role::Bass | Role::Keys) { &[neighbours as super::Variation][..] } else { &VARIATIONS };
    let first = rng.below(ways.len());
    let mut varied = (0..TRIES * ways.len()).map(|turn| ways[(first + turn) % ways.len()](&need, &source, &mut rng));
    varied.find(|varied| fits(&need, varied) && !source.same_tune(varied))
}

/// The bar to its middle, and from there on a roll over the drums down to the lowest. Eighths are always struck, sixteenths by chance.
fn fill(source: &Measure, meter: Meter, rng: &mut Rng) -> Measure {
    let (length, beat, step) = (meter.bar_length(), meter.beat(), Beats::new(1, 16));
    let half = length.scale((1, 2).into());
    // On a beat, or else on an eighth.
    let start = [beat, Beats::EIGHTH].into_iter().map(|grid| grid * half.ratio(grid).ceil().to_integer());
    let start = start.into_iter().find(|start| *start < length).unwrap_or(half);
    let mut measure = source.clone();
    measure.notes.retain(|note| note.onset < start);
    measure.graces.retain(|grace| grace.onset < start);
    for note in &mut measure.notes {
        note.length = note.length.min(start - note.onset);
        note.tied_to &= note.onset + note.length < start;
    }
    let steps = (length - start).ratio(step).ceil().to_integer();
    let struck: Vec<Beats> = (0..steps)
        .map(|at| start + step * at)
        .filter(|onset| (*onset - start).is_multiple_of(Beats::EIGHTH) || rng.below(2) == 0)
        .collect();
    for (at, &onset) in struck.iter().enumerate() {
        let end = struck.get(at + 1).copied().unwrap_or(length);
        let drum = FILL[at * FILL.len() / struck.len()];
        let velocity = if onset.is_multiple_of(beat) { ON_BEAT } else { OFF_BEAT };
        measure.notes.push(Note::new(onset, end - onset, Pitch::from_midi(drum), velocity).fixed());
    }
    measure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::parse::read_bar;

    fn varied(role: Role, meter: &str, bars: &str, at: usize, bar: i64) -> Option<(Measure, Measure)> {
        let meter = Meter::parse(meter).unwrap();
        let bars: Vec<Measure> =
            bars.split('|').map(|bar| read_bar(bar, &Key::NONE, meter, Beats::EIGHTH, &[]).0).collect();
        let bars: Vec<&Measure> = bars.iter().collect();
        let what = Loop { key: &Key::NONE, meter, role, bars: &bars, at };
        let found = vary(&what, 7, bar, 0);
        assert_eq!(vary(&what, 7, bar, 0), found, "the same again");
        Some((bars[at].clone(), found?))
    }

    #[test]
    fn drums_have_a_fill_in_their_last_half() {
        for (meter, beat, start) in [
            ("4/4", "C,,2 D,,2 C,,2 D,,2", (1, 2)),
            ("6/8", "C,,3 D,,3", (3, 8)),
            ("3/4", "C,,2 D,,2 D,,2", (1, 2)),
            ("7/8", "C,,2 D,,2 D,,3", (1, 2)),
            ("2/4", "C,,4", (1, 4)),
        ] {
            let start = Beats::new(start.0, start.1);
            let mut fills = Vec::new();
            for bar in 1..20 {
                let (source, fill) = varied(Role::Drums, meter, beat, 0, bar).unwrap();
                let before = |bar: &Measure| {
                    bar.notes.iter().filter(|note| note.onset < start).map(|n| (n.onset, n.pitch)).collect::<Vec<_>>()
                };
                assert_eq!(before(&fill), before(&source), "{meter}");
                let roll: Vec<i32> = fill.notes.iter().filter(|n| n.onset >= start).map(|n| n.pitch.midi()).collect();
                assert!(roll.len() >= 2 && roll[0] == 38, "{meter}: {roll:?}");
                assert!(roll.iter().all(|drum| FILL.contains(drum)), "{meter}: {roll:?}");
                let ends = fill.notes.iter().map(|note| note.onset + note.length);
                assert_eq!(ends.max(), Some(fill.length), "{meter}");
                fills.push(roll);
            }
            fills.dedup();
            assert!(fills.len() > 1, "{meter}: always the same");
        }
    }

    #[test]
    fn a_melody_is_varied_within_its_compass_and_harmony_only_ornamented() {
        let loops = "C2 E2 G2 c2|d2 c2 A2 G2|E4 D4";
        for bar in 1..30 {
            let (source, lead) = varied(Role::Lead, "4/4", loops, (bar % 3) as usize, bar).unwrap();
            assert!(!source.same_tune(&lead));
            assert!(lead.notes.iter().all(|note| (60..=74).contains(&note.pitch.midi())));
            assert_eq!(lead.notes.iter().map(|note| note.length).sum::<Beats>(), Beats::WHOLE);
            let (source, bass) = varied(Role::Bass, "4/4", loops, (bar % 3) as usize, bar).unwrap();
            let kept = source
                .notes
                .iter()
                .filter(|note| bass.notes.iter().any(|other| (other.onset, other.pitch) == (note.onset, note.pitch)));
            assert_eq!((kept.count(), bass.notes.len()), (source.notes.len(), source.notes.len() + 1));
        }
        assert_eq!(varied(Role::Lead, "4/4", "z8", 0, 1), None);
    }
}
