//! A bar by rule: chord tones on the strongest places of the bar, within all that is asked of the voice. Pure; used by the ladder.

use super::{Need, allowed, note};
use crate::abc::bar::Pattern;
use crate::abc::{Pitch, Step};
use crate::compose::Role;
use crate::compose::sample::Rng;
use crate::score::Measure;
use crate::time::Beats;

/// General MIDI's bass drum and snare.
const KICK_AND_SNARE: [i32; 2] = [36, 38];

pub(super) fn bar(need: &Need<'_>, rng: &mut Rng) -> Measure {
    let length = need.meter.bar_length();
    let mut measure = Measure { length, ..Measure::default() };
    if need.role == Role::Chart {
        return measure;
    }
    let mut last: Option<Pitch> = None;
    for (index, (start, mut end)) in times(need).into_iter().enumerate() {
        let mut tones = tones(need, start, end);
        if tones.is_empty() && need.asked.rhythm.is_none() {
            // No note is of both chords: the first one ends where the second begins.
            let second = need.strong(start, end).nth(1).map(|(beat, _)| beat);
            end = second.unwrap_or(end);
            tones = self::tones(need, start, end);
        }
        if tones.is_empty() {
            continue;
        }
        // A note without an accidental on the place of one that is tied into the bar is read as that one held on, whatever the key says.
        let misread = |tone: &Pitch| {
            start == Beats::ZERO
                && need.tied.is_some_and(|tied| tied.ladder() == tone.ladder() && tied.alter != tone.alter)
        };
        if !tones.iter().all(misread) {
            tones.retain(|tone| !misread(tone));
        }
        let held = need.asked.rhythm.as_ref().is_some_and(|pattern| pattern.held && index == 0);
        if let Some(pitch) = need.tied.filter(|tied| held && tones.iter().any(|tone| tone.midi() == tied.midi())) {
            measure.notes.push(note(start, end - start, pitch));
            last = Some(pitch);
            continue;
        }
        if need.role == Role::Keys {
            // The three tones in the middle of the range.
            let from = (tones.len() / 2).saturating_sub(1);
            measure.notes.extend(tones.iter().skip(from).take(3).map(|&pitch| note(start, end - start, pitch)));
            continue;
        }
        let near = |pitch: i32| (0..tones.len()).min_by_key(|&at| (tones[at].midi() - pitch).abs()).unwrap_or(0);
        let at = match (need.role, last) {
            (Role::Drums, _) => near(KICK_AND_SNARE[index % 2]),
            (Role::Bass, None) => 0,
            (_, None) => (tones.len() / 2 + rng.below(3)).saturating_sub(1).min(tones.len() - 1),
            // A walk by one chord tone up or down, or none.
            (_, Some(last)) => (near(last.midi()) + rng.below(3)).saturating_sub(1).min(tones.len() - 1),
        };
        measure.notes.push(note(start, end - start, tones[at]));
        last = Some(tones[at]);
    }
    let ties_out = need.asked.rhythm.as_ref().is_some_and(Pattern::ties_out);
    if let Some(last) = measure.notes.last().map(|note| note.onset) {
        measure.notes.iter_mut().filter(|note| note.onset == last).for_each(|note| note.tied_to = ties_out);
    }
    measure
}

/// When notes begin and end: as the rhythm says, or else on the beats, on as many or as few of the strongest places as the rules want.
/// Bass and keys hold one note where they may.
fn times(need: &Need<'_>) -> Vec<(Beats, Beats)> {
    let ticks = |ticks: u16| Beats::new(ticks.into(), 96);
    if let Some(pattern) = &need.asked.rhythm {
        return pattern.notes().into_iter().map(|(at, length)| (ticks(at), ticks(at + length))).collect();
    }
    let (length, beat) = (need.meter.bar_length(), need.meter.beat());
    let grid = [need.rules.grid, 24, 12, 6, 3].into_iter().filter(|&grid| grid <= need.rules.grid).map(ticks);
    let grid = grid.into_iter().find(|&grid| length.is_multiple_of(grid)).unwrap_or(length);
    let strength = |at: &Beats| {
        let levels = [length, beat, Beats::EIGHTH, Beats::new(1, 16)];
        levels.iter().position(|&level| at.is_multiple_of(level)).unwrap_or(levels.len())
    };
    let mut places: Vec<Beats> = (0..length.ratio(grid).to_integer()).map(|at| grid * at).collect();
    places.sort_by_key(|at| (strength(at), *at));
    let (least, most) = need.rules.notes;
    let beats = length.ratio(beat).ceil().to_integer();
    let usual = if matches!(need.role, Role::Bass | Role::Keys) { 1 } else { beats };
    places.truncate(usual.clamp(least.into(), most.max(1).into()) as usize);
    places.sort_unstable();
    let ends = places.iter().skip(1).copied().chain([length]);
    places.iter().copied().zip(ends).collect()
}

/// What may sound from `start` to `end`, lowest first: tones of the chords that hold on the strong beats, else of the tonic triad; of the
/// key where the triad has none, and whatever is allowed where the key has none.
fn tones(need: &Need<'_>, start: Beats, end: Beats) -> Vec<Pitch> {
    let all = (0..128).map(|midi| spelt(need, midi)).filter(|&pitch| allowed(need, pitch));
    if need.role == Role::Drums {
        return all.collect();
    }
    let chord = need.strong(start, end).map(|(_, classes)| classes).reduce(|a, b| a & b);
    let of = |classes: u16| all.clone().filter(move |pitch| classes >> pitch.midi().rem_euclid(12) & 1 == 1);
    if let Some(classes) = chord {
        return of(classes).collect();
    }
    let (tonic, _) = need.key.tonic.unwrap_or((Step::C, 0));
    let degrees = |degrees: &[usize]| -> u16 {
        let class = |degree: &usize| {
            let step = Step::ALL[(tonic as usize + degree) % 7];
            (step.semitones() + i32::from(need.key.signature[step as usize])).rem_euclid(12)
        };
        degrees.iter().fold(0, |classes, degree| classes | 1 << class(degree))
    };
    let found = [degrees(&[0, 2, 4]), degrees(&[0, 1, 2, 3, 4, 5, 6])].map(|classes| of(classes).collect::<Vec<_>>());
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_else(|| all.collect())
}

/// The pitch as the key spells it, where the key has it.
fn spelt(need: &Need<'_>, midi: i32) -> Pitch {
    let as_step = |step: Step| {
        let alter = need.key.signature[step as usize];
        let above = midi - step.semitones() - i32::from(alter);
        (above.rem_euclid(12) == 0).then_some(Pitch { step, alter, octave: (above.div_euclid(12) - 1) as i8 })
    };
    Step::ALL.into_iter().find_map(as_step).unwrap_or_else(|| Pitch::from_midi(midi))
}
