//! A scene in force: from which bar, and where each voice's text begins. Pure.

use std::sync::Arc;

use super::{Cell, rest, silence};
use crate::compose::{BarRules, Revision};
use crate::event::Author;
use crate::prompt::{By, Scene, SeedBar, Voice};

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
        (By::Model, By::Model) => {
            let same = |(a, b): &(&SeedBar, &SeedBar)| a.measure == b.measure;
            let first = before.bars.iter().zip(&voice.bars).take_while(same).count();
            // A seed that only lost its end, or nothing, re-triggers nothing.
            if first >= voice.bars.len() { origin } else { Origin { bar: from, first } }
        }
        _ => anew,
    }
}

/// What the scene's text says of a voice in a bar.
pub(super) fn given(in_force: &InForce, number: i64, voice: usize) -> Option<Cell> {
    let bars = &in_force.scene.voices.get(voice)?.bars;
    if bars.is_empty() && in_force.scene.voices[voice].by == By::Loop {
        return Some(Cell { text: rest(&in_force.scene), measure: silence(&in_force.scene), by: Author::Text });
    }
    let bar = &bars[place(in_force, number, voice)?];
    Some(Cell { text: bar.text.clone(), measure: bar.measure.clone(), by: Author::Text })
}

/// Which of a voice's bars in the text stands in a bar.
fn place(in_force: &InForce, number: i64, voice: usize) -> Option<usize> {
    let origin = in_force.voices.get(voice)?;
    let voice = &in_force.scene.voices[voice];
    let (at, length) = (number - origin.bar, voice.bars.len());
    let index = match voice.by {
        By::Loop => at.checked_rem_euclid(length as i64)? as usize,
        By::Model => usize::try_from(at).ok()? + origin.first,
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
