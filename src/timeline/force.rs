//! A scene in force: from which bar, and where each voice's text begins. Pure.

use std::sync::Arc;

use super::hand::unplayed;
use super::loudness::Said;
use super::pickup::{Pickup, is_led};
use super::{Cell, music, rest, silence, style};
use crate::abc::print;
use crate::compose::{BarRules, Revision};
use crate::event::Author;
use crate::ladder::{Loop, vary};
use crate::prompt::{By, Place, Scene, SeedBar, Voice};
use crate::score::Measure;

/// A scene in force, and where its voices stand in it.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    /// The whole of it; its section, if it has any, is [`InForce::scene_at`].
    pub scene: Arc<Scene>,
    pub revision: Revision,
    /// The bar from which it holds.
    pub from: i64,
    /// The bar of the scene's first bar: words, and the form, count from here.
    pub origin: i64,
    /// How many bars of its text, one or none, come before its line: a pickup.
    pub lead: i64,
    /// What is heard of that.
    pub pickup: Option<Arc<Pickup>>,
    /// Another scene than the one before, rather than an edit of it.
    pub fresh: bool,
    /// Where the text of each voice begins; in sections it does so at their lines.
    pub voices: Vec<Origin>,
    /// What words say of the loudness of the voices.
    pub loudness: Said,
}

impl InForce {
    /// Whether both are in one metre and one key, whatever their sections say of their own.
    pub fn same_music(&self, other: &InForce) -> bool {
        music(&self.scene) == music(&other.scene)
    }

    /// Where in the scene a bar stands.
    pub fn place(&self, number: i64) -> Place {
        self.scene.place(number - self.origin)
    }

    /// What plays in a bar: the scene, or its section.
    pub fn scene_at(&self, number: i64) -> &Arc<Scene> {
        self.scene.section(self.place(number)).map_or(&self.scene, |section| &section.scene)
    }

    /// The name of the section of a bar, empty in a scene without them, and which bar of it that is.
    pub fn address(&self, number: i64) -> (&str, i64) {
        let place = self.place(number);
        (self.scene.section(place).map_or("", |section| &section.name), place.bar)
    }

    /// From a bar on, itself included, the next one that begins a phrase.
    pub fn phrase_line(&self, number: i64) -> i64 {
        self.begins() + self.scene.phrase_line(number - self.begins())
    }

    /// The same of sections, and of phrases in a scene without.
    pub fn section_line(&self, number: i64) -> i64 {
        self.begins() + self.scene.section_line(number - self.begins())
    }

    /// The bar from which phrases are counted; a pickup that belongs to a section is a bar of it.
    fn begins(&self) -> i64 {
        if self.scene.form.is_some() { self.origin } else { self.origin + self.lead }
    }
}

/// Where the text of a voice begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The bar at which `first` stands.
    pub bar: i64,
    pub first: usize,
}

/// Where a voice's text begins after an edit: loops keep their phase, a changed seed plays from its first changed bar.
pub(super) fn origin(old: &InForce, voice: &Voice, from: i64, phrase: u32) -> Origin {
    let anew = Origin { bar: from, first: 0 };
    let known = old.scene.voices.iter().position(|other| other.name == voice.name);
    let Some(at) = known else { return anew };
    let (before, origin) = (&old.scene.voices[at], old.voices[at]);
    match (before.by, voice.by) {
        (By::Loop, By::Loop) if before.bars.len() == voice.bars.len() => origin,
        // Another length counts from the next phrase line.
        (By::Loop, By::Loop) => {
            let begins = if is_led(voice) { old.origin } else { old.origin + old.lead };
            Origin { bar: from + (begins - from).rem_euclid(i64::from(phrase)), first: 0 }
        }
        // What becomes a loop is in phase with the scene, as if it had always been one: kept bars find what they were played to.
        (By::Model | By::Hand, By::Loop) => Origin { bar: old.origin, first: 0 },
        (By::Model, By::Model) => {
            let first = unchanged(before, voice);
            // A seed that only lost its end, or nothing, re-triggers nothing.
            if first >= voice.bars.len() { origin } else { Origin { bar: from, first } }
        }
        _ => anew,
    }
}

/// Where a voice's text begins in another scene: one that is the same there plays on as if nothing had happened.
pub(super) fn origin_in_another(old: &InForce, voice: &Voice, from: i64, lead: i64) -> Origin {
    let same = old.scene.voices.iter().zip(&old.voices).find(|(other, _)| same_line(other, voice));
    same.map_or_else(|| begins(voice, from, lead), |(_, origin)| *origin)
}

/// Where a voice of a scene that comes in at bar `from` begins: with a pickup `lead` bars before.
pub(super) fn begins(voice: &Voice, from: i64, lead: i64) -> Origin {
    Origin { bar: if is_led(voice) { from - lead } else { from }, first: 0 }
}

/// Whether two voices are the same: name, properties and bars.
pub(super) fn same_line(a: &Voice, b: &Voice) -> bool {
    let line = |voice: &Voice| Voice { bars: Arc::default(), ..voice.clone() };
    a.name == b.name && same_bars(a, b) && line(a) == line(b)
}

pub(super) fn same_bars(a: &Voice, b: &Voice) -> bool {
    a.bars.len() == b.bars.len() && unchanged(a, b) == a.bars.len()
}

/// How many bars from the first on two texts share.
pub(super) fn unchanged(a: &Voice, b: &Voice) -> usize {
    let same = |(a, b): &(&SeedBar, &SeedBar)| a.measure == b.measure;
    a.bars.iter().zip(b.bars.iter()).take_while(same).count()
}

/// Whether what was composed of a voice still answers the text of a scene or section: nothing is asked of it otherwise than before, and
/// what it was written to is played as before. Voices that come, go or are mixed otherwise change nothing for the others.
pub(super) fn still_answers(was: &Scene, new: &Scene, name: &str) -> bool {
    let find = |scene: &Scene| scene.voices.iter().position(|voice| voice.name == name);
    let (Some(before), Some(now)) = (find(was), find(new)) else { return false };
    let part = |voice: &Voice| {
        let bars: Vec<Measure> = voice.bars.iter().map(|bar| bar.measure.clone()).collect();
        (voice.by, voice.vary, voice.role, bars)
    };
    let (a, b) = (&was.voices[before], &new.voices[now]);
    let same_voice = part(a) == part(b) && (a.rules, &a.rhythm, a.strong) == (b.rules, &b.rhythm, b.strong);
    let given = |voice: &&Voice| voice.by == By::Loop;
    let same_given = new.voices.iter().filter(given).all(|voice| {
        was.voices.iter().find(|other| other.name == voice.name).is_none_or(|other| part(other) == part(voice))
    });
    let chords = |scene: &Scene| scene.harmony.as_ref().map(|harmony| harmony.bars.clone());
    music(was) == music(new)
        && same_voice
        && same_given
        && chords(was) == chords(new)
        && was.phrase == new.phrase
        && was.words_of(before) == new.words_of(now)
}

/// What the scene's text says of a voice in a bar, varied where it says so; the same for the same `seed`.
pub(super) fn given(in_force: &InForce, number: i64, voice: usize, seed: u64) -> Option<Cell> {
    let scene = in_force.scene_at(number);
    let bars = &scene.voices.get(voice)?.bars;
    if scene.voices[voice].by == By::Hand {
        return Some(unplayed(scene));
    }
    if bars.is_empty() && scene.voices[voice].by == By::Loop {
        return Some(Cell { text: rest(scene), measure: silence(scene), by: Author::Text });
    }
    let at = text_bar(in_force, number, voice)?;
    let bar = &bars[at];
    if let Some(measure) = varied(in_force, number, voice, at, seed) {
        let text = print::bar(&measure, scene.bar_length(), &style(scene));
        return Some(Cell { text, measure, by: Author::Varied });
    }
    Some(Cell { text: bar.text.clone(), measure: bar.measure.clone(), by: Author::Text })
}

/// The bar at `at` of a loop that is to be varied now: each Nth since it began.
fn varied(in_force: &InForce, number: i64, index: usize, at: usize, seed: u64) -> Option<Measure> {
    let scene = in_force.scene_at(number);
    let voice = &scene.voices[index];
    let each = i64::from(voice.vary?);
    if since(in_force, number, index).rem_euclid(each) != each - 1 {
        return None;
    }
    let bars: Vec<&Measure> = voice.bars.iter().map(|bar| &bar.measure).collect();
    let what = Loop { key: &scene.key, meter: scene.meter, role: voice.role, bars: &bars, at };
    vary(&what, seed, number, index)
}

/// Bars since the text of a voice began.
fn since(in_force: &InForce, number: i64, voice: usize) -> i64 {
    let place = in_force.place(number);
    if place.section.is_some() { place.bar } else { number - in_force.voices[voice].bar }
}

/// Which of a voice's bars in the text stands in a bar.
pub(super) fn text_bar(in_force: &InForce, number: i64, voice: usize) -> Option<usize> {
    let first = if in_force.scene.form.is_some() { 0 } else { in_force.voices.get(voice)?.first };
    let at = since(in_force, number, voice);
    let voice = &in_force.scene_at(number).voices[voice];
    let length = voice.bars.len();
    let index = match voice.by {
        By::Loop => at.checked_rem_euclid(length as i64)? as usize,
        By::Model => usize::try_from(at).ok()? + first,
        By::Hand => return None,
    };
    Some(index).filter(|index| *index < length)
}

/// What is asked of a bar of a voice besides the voice's rules.
pub(super) fn asked(in_force: &InForce, number: i64, voice: usize) -> BarRules {
    let scene = in_force.scene_at(number);
    let voice = &scene.voices[voice];
    let turn = in_force.place(number).bar.checked_rem_euclid(voice.rhythm.len() as i64);
    let chords = scene.harmony.as_ref().filter(|_| voice.strong);
    let chords = chords.and_then(|harmony| harmony.bars.get(text_bar(in_force, number, harmony.voice)?));
    BarRules {
        rhythm: turn.map(|turn| voice.rhythm[turn as usize].clone()),
        strong: chords.cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
