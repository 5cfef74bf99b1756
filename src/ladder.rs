//! The ladder: what is played when a bar is due and the composer has none. Pure; used by the scheduler at the commit point.
//!
//! Rung 1 is what was planned before the text changed, if it still fits; rung 2 what the composer began and had to close by force. Rung 3
//! varies a bar already heard, rung 4 makes one by rule from the header. Drums and bass repeat exactly; only melody varies.

use crate::abc::interval::Interval;
use crate::abc::key::Key;
use crate::abc::{Meter, Pitch, Step};
use crate::compose::sample::Rng;
use crate::compose::{Role, VoiceRules};
use crate::score::{DEFAULT_VELOCITY, Measure, Note};
use crate::time::Beats;

/// What the ladder has to know of the voice and of the moment.
#[derive(Clone, Copy, Debug)]
pub struct Need<'a> {
    pub key: &'a Key,
    pub meter: Meter,
    pub role: Role,
    pub rules: &'a VoiceRules,
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
    let sounding: Vec<&Measure> =
        need.heard.iter().rev().take(4 * need.phrase).rev().copied().filter(|bar| fits(need, bar)).collect();
    let Some(source) = sounding.len().checked_sub(need.phrase).and_then(|at| sounding.get(at)).or(sounding.last())
    else {
        return (by_rule(need, &mut rng), 4);
    };
    if source.notes.is_empty() || matches!(need.role, Role::Bass | Role::Drums | Role::Chart | Role::Keys) {
        return (untied(source), 3);
    }
    let last_two: Vec<&&Measure> = need.heard.iter().rev().take(2).collect();
    let first_try = rng.below(VARIATIONS.len());
    for turn in 0..VARIATIONS.len() {
        let varied = untied(&VARIATIONS[(first_try + turn) % VARIATIONS.len()](need, source, &mut rng));
        let stale = last_two.len() == 2 && last_two.iter().all(|bar| bar.same_tune(&varied));
        if fits(need, &varied) && !stale && !source.same_tune(&varied) {
            return (varied, 3);
        }
    }
    (by_rule(need, &mut rng), 4)
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
    let shortest = Beats::new(i64::from(need.rules.grid), 96);
    let long: Vec<usize> =
        (0..varied.notes.len()).filter(|&at| (varied.notes[at].length - shortest * 2) >= Beats::ZERO).collect();
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

/// A bar by rule: chord tones of the key's triad on the beats, the last one the tonic's.
fn by_rule(need: &Need<'_>, rng: &mut Rng) -> Measure {
    let length = need.meter.bar_length();
    let mut measure = Measure { length, ..Measure::default() };
    match need.role {
        Role::Chart => return measure,
        Role::Drums => return beat(need, measure),
        _ => {}
    }
    let (tonic, _) = need.key.tonic.unwrap_or((Step::C, 0));
    let allowed: Vec<Pitch> = tones(need, tonic);
    if allowed.is_empty() {
        return measure;
    }
    if need.role == Role::Keys {
        // One chord, held: the three tones in the middle of the range.
        let from = (allowed.len() / 2).saturating_sub(1);
        measure.notes = allowed.iter().skip(from).take(3).map(|&pitch| note(Beats::ZERO, length, pitch)).collect();
        return measure;
    }
    let mut beat = if need.role == Role::Bass { length } else { need.meter.beat() };
    let grid = Beats::new(i64::from(need.rules.grid), 96);
    if beat < grid && length.is_multiple_of(grid) {
        beat = grid;
    }
    let notes_of = |beat: Beats| length.ratio(beat).ceil().to_integer();
    while notes_of(beat) < i64::from(need.rules.notes.0)
        && (beat * 32).denominator() == 1
        && (beat * 32).numerator() % 2 == 0
    {
        beat = beat.scale((1, 2).into());
    }
    let count = notes_of(beat).min(i64::from(need.rules.notes.1.max(1)));
    let middle = allowed.len() / 2;
    let mut at =
        if need.role == Role::Bass { 0 } else { (middle + rng.below(3)).saturating_sub(1).min(allowed.len() - 1) };
    for index in 0..count {
        let start = beat * index;
        // Where the rules allow fewer notes than beats, the last one is held.
        let end = if index + 1 == count { length } else { beat * (index + 1) };
        measure.notes.push(note(start, end - start, allowed[at]));
        // A walk by one chord tone up or down, or none.
        at = (at + rng.below(3)).saturating_sub(1).min(allowed.len() - 1);
    }
    measure
}

/// The plainest beat: bass drum and snare in turn, as far as the rules allow them.
fn beat(need: &Need<'_>, mut measure: Measure) -> Measure {
    const KICK_AND_SNARE: [i32; 2] = [36, 38];
    let beat = need.meter.beat();
    let beats = need.meter.bar_length().ratio(beat).to_integer().min(i64::from(need.rules.notes.1));
    let strokes = (0..beats).map(|at| note(beat * at, beat, Pitch::from_midi(KICK_AND_SNARE[(at % 2) as usize])));
    let in_range =
        |note: &Note| (i32::from(need.rules.range.0)..=i32::from(need.rules.range.1)).contains(&note.pitch.midi());
    measure.notes = strokes.filter(in_range).collect();
    measure
}

fn note(onset: Beats, length: Beats, pitch: Pitch) -> Note {
    Note::new(onset, length, pitch, DEFAULT_VELOCITY)
}

/// Chord tones of the tonic triad that the voice may play, lowest first; any note of the key when there are none.
fn tones(need: &Need<'_>, tonic: Step) -> Vec<Pitch> {
    let pitches = |degrees: &[usize]| -> Vec<Pitch> {
        (0..=9)
            .flat_map(|octave| degrees.iter().map(move |degree| (octave, degree)))
            .map(|(octave, degree)| {
                let step = Step::ALL[(tonic as usize + degree) % 7];
                Pitch { step, alter: need.key.signature[step as usize], octave }
            })
            .filter(|pitch| allowed(need, *pitch))
            .collect()
    };
    let mut found = pitches(&[0, 2, 4]);
    if found.is_empty() {
        found = pitches(&[0, 1, 2, 3, 4, 5, 6]);
    }
    if found.is_empty() {
        found = (need.rules.range.0..=need.rules.range.1)
            .map(|midi| Pitch::from_midi(midi.into()))
            .filter(|&pitch| allowed(need, pitch))
            .collect();
    }
    found.sort_by_key(|pitch| pitch.midi());
    found
}

fn allowed(need: &Need<'_>, pitch: Pitch) -> bool {
    let midi = pitch.midi();
    let in_range = midi >= i32::from(need.rules.range.0) && midi <= i32::from(need.rules.range.1);
    in_range && need.rules.classes.is_none_or(|classes| classes >> midi.rem_euclid(12) & 1 == 1)
}

/// Whether a bar keeps what is in force now; bars that were meant to be empty fit as they are.
fn fits(need: &Need<'_>, bar: &Measure) -> bool {
    if bar.length != need.meter.bar_length() {
        return false;
    }
    if need.role == Role::Drums || bar.notes.is_empty() {
        return true;
    }
    let shortest = Beats::new(i64::from(need.rules.grid), 96);
    let mut onsets: Vec<Beats> = bar.notes.iter().filter(|note| !note.tied_from).map(|note| note.onset).collect();
    onsets.dedup();
    let (least, most) = need.rules.notes;
    (usize::from(least)..=usize::from(most)).contains(&onsets.len())
        // Triplets may be shorter than the grid by a third, as in what the model writes.
        && bar.notes.iter().all(|note| allowed(need, note.pitch) && note.length * 3 >= shortest * 2)
}

/// A bar taken out of its place ties to nothing.
fn untied(bar: &Measure) -> Measure {
    let mut bar = bar.transposed(Interval::UNISON);
    for note in &mut bar.notes {
        note.tied_from = false;
        note.tied_to = false;
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::parse::read_bar;

    fn bar(text: &str) -> Measure {
        read_bar(text, &Key::NONE, Meter::COMMON, Beats::EIGHTH, &[]).0
    }

    fn need<'a>(heard: &'a [&'a Measure], role: Role, rules: &'a VoiceRules, number: i64) -> Need<'a> {
        Need {
            key: &Key::NONE,
            meter: Meter::COMMON,
            role,
            rules,
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
