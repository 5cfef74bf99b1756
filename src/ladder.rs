//! The ladder: what is played when a bar is due and the composer has none. Pure; used by the scheduler at the commit point.
//!
//! Rung 1 is what was planned before the text changed, if it still fits; rung 2 what the composer began and had to close by force. Rung 3
//! varies a bar already heard, rung 4 makes one by rule from the header. Drums and bass repeat exactly; only melody varies.

mod rule;
mod vary;

pub use vary::{Loop, vary};

use crate::abc::bar::Pattern;
use crate::abc::interval::Interval;
use crate::abc::key::Key;
use crate::abc::{Meter, Pitch, Step};
use crate::compose::sample::Rng;
use crate::compose::{BarRules, Role, VoiceRules};
use crate::score::{DEFAULT_VELOCITY, Measure, Note};
use crate::time::Beats;

/// What the ladder has to know of the voice and of the moment.
#[derive(Clone, Copy, Debug)]
pub struct Need<'a> {
    pub key: &'a Key,
    pub meter: Meter,
    pub role: Role,
    pub rules: &'a VoiceRules,
    /// What is asked of this bar besides.
    pub asked: &'a BarRules,
    /// The pitch that the bar before ties into this one.
    pub tied: Option<Pitch>,
    /// What was planned for this bar before the text changed.
    pub tail: Option<&'a Measure>,
    /// What the composer wrote of this bar before time ran out, closed at its end.
    pub partial: Option<&'a Measure>,
    /// Bars of this voice already heard, latest last, each as long as the metre asks now.
    pub heard: &'a [&'a Measure],
    /// Bars in a phrase.
    pub phrase: usize,
    pub seed: u64,
    pub bar: i64,
    pub voice: usize,
}

/// A bar and the rung that it stands on.
#[must_use]
pub fn fill(need: &Need<'_>) -> (Measure, u8) {
    if let Some(tail) = need.tail.filter(|tail| fits(need, tail)) {
        return (tail.clone(), 1);
    }
    if let Some(partial) = need.partial {
        return (partial.clone(), 2);
    }
    let mut rng = Rng::new(need.seed, need.bar, need.voice, u32::MAX);
    // A phrase ago stands the bar that this one most likely answers; without it, the last one.
    let heard = need.heard.iter().rev().take(4 * need.phrase).rev().map(|bar| untied(need, bar));
    let sounding: Vec<Measure> = heard.filter(|bar| fits(need, bar)).collect();
    let Some(source) = sounding.len().checked_sub(need.phrase).and_then(|at| sounding.get(at)).or(sounding.last())
    else {
        return (rule::bar(need, &mut rng), 4);
    };
    if source.notes.is_empty() || matches!(need.role, Role::Bass | Role::Drums | Role::Chart | Role::Keys) {
        return (source.clone(), 3);
    }
    let last_two: Vec<&&Measure> = need.heard.iter().rev().take(2).collect();
    let first_try = rng.below(VARIATIONS.len());
    for turn in 0..VARIATIONS.len() {
        let varied = VARIATIONS[(first_try + turn) % VARIATIONS.len()](need, source, &mut rng);
        let stale = last_two.len() == 2 && last_two.iter().all(|bar| bar.same_tune(&varied));
        if fits(need, &varied) && !stale && !source.same_tune(&varied) {
            return (varied, 3);
        }
    }
    (rule::bar(need, &mut rng), 4)
}

/// A way of saying a bar again.
type Variation = fn(&Need<'_>, &Measure, &mut Rng) -> Measure;

const VARIATIONS: [Variation; 3] = [sequence, neighbours, mirror];

/// The same figure one or two steps of the key higher or lower.
fn sequence(need: &Need<'_>, source: &Measure, rng: &mut Rng) -> Measure {
    let steps = [-2, -1, 1, 2][rng.below(4)];
    mapped(source, |pitch| diatonic(need.key, pitch, steps))
}

/// One long note becomes two: itself and its neighbour.
fn neighbours(need: &Need<'_>, source: &Measure, rng: &mut Rng) -> Measure {
    let mut varied = source.clone();
    let grid = Beats::new(i64::from(need.rules.grid), 96);
    let fits = |note: &Note| note.length.is_multiple_of(grid * 2) && !note.tied_from && !note.tied_to;
    let long: Vec<usize> = (0..varied.notes.len()).filter(|&at| fits(&varied.notes[at])).collect();
    if long.is_empty() {
        return varied;
    }
    let at = long[rng.below(long.len())];
    let note = varied.notes[at];
    let half = Beats::new(note.length.numerator(), note.length.denominator() * 2);
    varied.notes[at].length = half;
    let neighbour = diatonic(need.key, note.pitch, if rng.below(2) == 0 { 1 } else { -1 });
    varied.notes.insert(at + 1, Note { onset: note.onset + half, length: half, pitch: neighbour, ..note });
    varied
}

/// The same rhythm, the intervals upside down around the first note.
fn mirror(need: &Need<'_>, source: &Measure, _rng: &mut Rng) -> Measure {
    let Some(first) = source.notes.first().map(|note| note.pitch) else { return source.clone() };
    let ladder = |pitch: Pitch| 7 * i32::from(pitch.octave) + pitch.step as i32;
    mapped(source, |pitch| diatonic(need.key, pitch, 2 * (ladder(first) - ladder(pitch))))
}

fn mapped(source: &Measure, change: impl Fn(Pitch) -> Pitch) -> Measure {
    let mut varied = source.clone();
    for note in &mut varied.notes {
        note.pitch = change(note.pitch);
    }
    varied
}

/// `steps` up the scale of the key.
fn diatonic(key: &Key, pitch: Pitch, steps: i32) -> Pitch {
    let at = 7 * i32::from(pitch.octave) + pitch.step as i32 + steps;
    let step = Step::ALL[at.rem_euclid(7) as usize];
    Pitch { step, alter: key.signature[step as usize], octave: at.div_euclid(7) as i8 }
}

fn note(onset: Beats, length: Beats, pitch: Pitch) -> Note {
    Note::new(onset, length, pitch, DEFAULT_VELOCITY)
}

impl Need<'_> {
    /// The strong beats from `start` on and before `end`, with the pitch classes of their chords.
    fn strong(&self, start: Beats, end: Beats) -> impl Iterator<Item = (Beats, u16)> {
        let beats = self.asked.strong.iter().map(|&(at, classes)| (Beats::new(at.into(), 96), classes));
        beats.filter(move |(beat, _)| (start..end).contains(beat))
    }
}

fn allowed(need: &Need<'_>, pitch: Pitch) -> bool {
    need.rules.pitches(need.role).contains(pitch.midi())
}

/// Whether a bar keeps what is in force now; bars that were meant to be empty fit as they are.
fn fits(need: &Need<'_>, bar: &Measure) -> bool {
    if bar.length != need.meter.bar_length() || !need.asked.kept_by(bar) {
        return false;
    }
    if bar.notes.is_empty() {
        return true;
    }
    let holds = need.asked.rhythm.as_ref().is_some_and(|pattern| pattern.held);
    if need.tied.is_some_and(|tied| holds && bar.notes[0].pitch.midi() != tied.midi()) {
        return false;
    }
    let grid = Beats::new(i64::from(need.rules.grid), 96);
    // In triplets what is written is on the grid, and what sounds is not shorter.
    let on_grid = |length: Beats| {
        length.is_multiple_of(grid) || length.scale((3, 2).into()).is_multiple_of(grid) && length >= grid
    };
    let mut onsets: Vec<Beats> = bar.notes.iter().filter(|note| !note.tied_from).map(|note| note.onset).collect();
    onsets.dedup();
    let (least, most) = need.rules.notes;
    (usize::from(least)..=usize::from(most)).contains(&onsets.len())
        && bar.notes.iter().all(|note| allowed(need, note.pitch) && on_grid(note.length))
}

/// A bar taken out of its place ties to nothing beyond it, unless the rhythm does.
fn untied(need: &Need<'_>, bar: &Measure) -> Measure {
    let mut bar = bar.transposed(Interval::UNISON);
    let end = bar.length;
    let ties_out = need.asked.rhythm.as_ref().is_some_and(Pattern::ties_out);
    for note in &mut bar.notes {
        note.tied_from &= note.onset > Beats::ZERO;
        note.tied_to &= note.onset + note.length < end || ties_out;
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::parse::read_bar;

    static NOTHING: BarRules = BarRules { rhythm: None, strong: Vec::new() };

    fn bar(text: &str) -> Measure {
        read_bar(text, &Key::NONE, Meter::COMMON, Beats::EIGHTH, &[]).0
    }

    fn need<'a>(heard: &'a [&'a Measure], role: Role, rules: &'a VoiceRules, number: i64) -> Need<'a> {
        Need {
            key: &Key::NONE,
            meter: Meter::COMMON,
            role,
            rules,
            asked: &NOTHING,
            tied: None,
            tail: None,
            partial: None,
            heard,
            phrase: 4,
            seed: 7,
            bar: number,
            voice: 0,
        }
    }

    #[test]
    fn a_melody_is_varied_within_its_rules_and_never_stands_still() {
        let rules = VoiceRules { range: (60, 79), classes: Some(0b1010_1011_0101), ..VoiceRules::default() };
        let mut heard = vec![bar("C2 E2 G2 c2")];
        for number in 2..60 {
            let refs: Vec<&Measure> = heard.iter().collect();
            let (next, rung) = fill(&need(&refs, Role::Lead, &rules, number));
            assert!(rung == 3 || rung == 4);
            assert_eq!(next.notes.iter().map(|note| note.length).sum::<Beats>(), Beats::WHOLE, "{next:?}");
            assert!(next.notes.iter().all(|note| (60..=79).contains(&note.pitch.midi())));
            heard.push(next);
        }
        assert!(!heard.windows(3).any(|three| three[0].same_tune(&three[1]) && three[1].same_tune(&three[2])));
    }

    #[test]
    fn the_plan_before_the_change_comes_first_where_it_fits() {
        let rules = VoiceRules { range: (60, 79), ..VoiceRules::default() };
        let (heard, tail, high) = (bar("C2 E2 G2 c2"), bar("D4 F4"), bar("D4 c'4"));
        let need = need(&[], Role::Lead, &rules, 5);
        let with = |tail| fill(&Need { heard: &[&heard], tail: Some(tail), ..need });
        assert_eq!(with(&tail), (tail.clone(), 1));
        assert_eq!(with(&high).1, 3);
        // A bar that was closed by force comes after it, and before those that the composer had no part in.
        let begun = |tail| fill(&Need { heard: &[&heard], tail: Some(tail), partial: Some(&high), ..need });
        assert_eq!(begun(&tail), (tail.clone(), 1));
        assert_eq!(begun(&bar("D4 F2")), (high.clone(), 2));
    }

    #[test]
    fn bass_repeats_and_an_empty_bar_stays_empty() {
        let rules = VoiceRules::default();
        let (low, empty) = (bar("C,4 G,4"), bar("z8"));
        assert_eq!(fill(&need(&[&low], Role::Bass, &rules, 5)), (low.clone(), 3));
        for role in [Role::Bass, Role::Lead] {
            assert_eq!(fill(&need(&[&empty, &empty], role, &rules, 5)).0.notes, []);
        }
    }

    #[test]
    fn bar_one_without_a_model_is_music_in_range() {
        for meter in [(4, 4), (6, 8), (3, 8), (7, 8), (5, 4)] {
            let meter = Meter::Measured { numerator: meter.0, denominator: meter.1 };
            let rules = VoiceRules { range: (62, 65), notes: (3, 9), ..VoiceRules::default() };
            let need = Need { meter, ..need(&[], Role::Lead, &rules, 1) };
            let (first, rung) = fill(&need);
            assert_eq!(rung, 4);
            assert!(first.notes.len() >= 3, "{meter}: {first:?}");
            assert_eq!(first.notes.iter().map(|note| note.length).sum::<Beats>(), meter.bar_length());
            assert!(first.notes.iter().all(|note| (62..=65).contains(&note.pitch.midi())));
            let rules = VoiceRules { range: (35, 81), ..VoiceRules::default() };
            for (role, sounds) in [(Role::Drums, 36), (Role::Keys, 55)] {
                let (bar, _) = fill(&Need { meter, role, rules: &rules, ..need });
                assert_eq!(bar.notes[0].pitch.midi(), sounds, "{role:?}: {bar:?}");
            }
        }
    }
}
