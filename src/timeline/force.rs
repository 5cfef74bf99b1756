//! A scene in force: from which bar, and where each voice's text begins. Pure.

use std::sync::Arc;

use super::hand::unplayed;
use super::loudness::Begun;
use super::{Cell, rest, silence, style};
use crate::abc::print;
use crate::compose::{BarRules, Revision};
use crate::event::Author;
use crate::ladder::{Loop, vary};
use crate::prompt::{By, Scene, SeedBar, Voice};
use crate::score::Measure;

/// A scene in force, and where its voices stand in it.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    pub scene: Arc<Scene>,
    pub revision: Revision,
    /// The bar from which it holds.
    pub from: i64,
    /// The bar of the scene's first bar: words count from here.
    pub origin: i64,
    pub voices: Vec<Origin>,
    /// What words say of the loudness of each voice.
    pub loudness: Vec<Vec<Begun>>,
}

/// Where the text of a voice begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The bar at which `first` stands.
    pub bar: i64,
    pub first: usize,
}

/// Where a voice's text begins after an evaluation: loops keep their phase, a changed seed plays from its first changed bar.
pub(super) fn origin(old: &InForce, voice: &Voice, from: i64, fresh: bool, phrase: u32) -> Origin {
    let anew = Origin { bar: from, first: 0 };
    let known = old.scene.voices.iter().position(|other| other.name == voice.name);
    let Some(at) = known.filter(|_| !fresh) else { return anew };
    let (before, origin) = (&old.scene.voices[at], old.voices[at]);
    match (before.by, voice.by) {
        (By::Loop, By::Loop) if before.bars.len() == voice.bars.len() => origin,
        // Another length counts from the next phrase line.
        (By::Loop, By::Loop) => {
            let phrase = i64::from(phrase);
            Origin { bar: from + (old.origin - from).rem_euclid(phrase), first: 0 }
        }
        // What becomes a loop is in phase with the scene, as if it had always been one: kept bars find what they were played to.
        (By::Model | By::Hand, By::Loop) => Origin { bar: old.origin, first: 0 },
        (By::Model, By::Model) => {
            let same = |(a, b): &(&SeedBar, &SeedBar)| a.measure == b.measure;
            let first = before.bars.iter().zip(&voice.bars).take_while(same).count();
            // A seed that only lost its end, or nothing, re-triggers nothing.
            if first >= voice.bars.len() { origin } else { Origin { bar: from, first } }
        }
        _ => anew,
    }
}

/// Whether what was composed of a voice still answers the text: nothing is asked of it otherwise than before, and what it was written to
/// is played as before. Voices that come, go or are mixed otherwise change nothing for the others.
pub(super) fn still_answers(old: &InForce, new: &Scene, name: &str) -> bool {
    let was = &old.scene;
    let find = |scene: &Scene| scene.voices.iter().position(|voice| voice.name == name);
    let (Some(before), Some(now)) = (find(was), find(new)) else { return false };
    let music = |voice: &Voice| {
        let bars: Vec<Measure> = voice.bars.iter().map(|bar| bar.measure.clone()).collect();
        (voice.by, voice.vary, voice.role, bars)
    };
    let (a, b) = (&was.voices[before], &new.voices[now]);
    let same_voice = music(a) == music(b) && (a.rules, &a.rhythm, a.strong) == (b.rules, &b.rhythm, b.strong);
    let given = |voice: &&Voice| voice.by == By::Loop;
    let same_given = new.voices.iter().filter(given).all(|voice| {
        was.voices.iter().find(|other| other.name == voice.name).is_none_or(|other| music(other) == music(voice))
    });
    let chords = |scene: &Scene| scene.harmony.as_ref().map(|harmony| harmony.bars.clone());
    same_voice
        && same_given
        && chords(was) == chords(new)
        && was.phrase == new.phrase
        && was.words_of(before) == new.words_of(now)
}

/// What the scene's text says of a voice in a bar, varied where it says so; the same for the same `seed`.
pub(super) fn given(in_force: &InForce, number: i64, voice: usize, seed: u64) -> Option<Cell> {
    let bars = &in_force.scene.voices.get(voice)?.bars;
    if in_force.scene.voices[voice].by == By::Hand {
        return Some(unplayed(&in_force.scene));
    }
    if bars.is_empty() && in_force.scene.voices[voice].by == By::Loop {
        return Some(Cell { text: rest(&in_force.scene), measure: silence(&in_force.scene), by: Author::Text });
    }
    let at = place(in_force, number, voice)?;
    let bar = &bars[at];
    if let Some(measure) = varied(in_force, number, voice, at, seed) {
        let scene = &in_force.scene;
        let text = print::bar(&measure, scene.bar_length(), &style(scene));
        return Some(Cell { text, measure, by: Author::Varied });
    }
    Some(Cell { text: bar.text.clone(), measure: bar.measure.clone(), by: Author::Text })
}

/// The bar at `at` of a loop that is to be varied now: each Nth since it began.
fn varied(in_force: &InForce, number: i64, index: usize, at: usize, seed: u64) -> Option<Measure> {
    let scene = &in_force.scene;
    let voice = &scene.voices[index];
    let each = i64::from(voice.vary?);
    if (number - in_force.voices[index].bar).rem_euclid(each) != each - 1 {
        return None;
    }
    let bars: Vec<&Measure> = voice.bars.iter().map(|bar| &bar.measure).collect();
    let what = Loop { key: &scene.key, meter: scene.meter, role: voice.role, bars: &bars, at };
    vary(&what, seed, number, index)
}

/// Which of a voice's bars in the text stands in a bar.
fn place(in_force: &InForce, number: i64, voice: usize) -> Option<usize> {
    let origin = in_force.voices.get(voice)?;
    let voice = &in_force.scene.voices[voice];
    let (at, length) = (number - origin.bar, voice.bars.len());
    let index = match voice.by {
        By::Loop => at.checked_rem_euclid(length as i64)? as usize,
        By::Model => usize::try_from(at).ok()? + origin.first,
        By::Hand => return None,
    };
    Some(index).filter(|index| *index < length)
}

/// What is asked of a bar of a voice besides the voice's rules.
pub(super) fn asked(in_force: &InForce, number: i64, voice: usize) -> BarRules {
    let scene = &in_force.scene;
    let voice = &scene.voices[voice];
    let turn = (number - in_force.origin).checked_rem_euclid(voice.rhythm.len() as i64);
    let chords = scene.harmony.as_ref().filter(|_| voice.strong);
    let chords = chords.and_then(|harmony| harmony.bars.get(place(in_force, number, harmony.voice)?));
    BarRules {
        rhythm: turn.map(|turn| voice.rhythm[turn as usize].clone()),
        strong: chords.cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
