//! What words say of the loudness of the voices, from bar to bar: ramps that begin when they are heard. Pure; part of the timeline.

use super::InForce;
use crate::prompt::{Scene, Section, Voice};
use crate::steer::{Loudness, Turn};

/// `ppp` and a bit, and as loud as MIDI goes: repeated words lead no further.
const REACH: std::ops::RangeInclusive<i16> = -70..=37;
/// Beyond it there is only a velocity of 1.
const SILENCE: i16 = -127;

/// A loudness word, and since when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    /// The bar at whose line it begins.
    bar: i64,
    said: Loudness,
    /// In how many bars it is there.
    bars: i64,
}

/// A loudness word of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InSection {
    /// The bar of the section, from 0, at which it stands.
    at: i64,
    /// The bar from which it is known: a section that plays already does not begin again for it.
    since: i64,
    said: Loudness,
    bars: i64,
}

/// What is said of a scene in force, by voice.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// For the whole of it.
    whole: Vec<Vec<Begun>>,
    /// By section, then by voice: what holds from there to the section's end, each time that it plays.
    sections: Vec<Vec<Vec<InSection>>>,
}

/// What is said of each voice of a scene in force from bar `from` on, whose first bar is `origin`. A word that was there before goes on from
/// where it began; one that is new begins now, or at its bar when that is still to come.
pub(super) fn begin(old: Option<&InForce>, scene: &Scene, from: i64, origin: i64) -> Said {
    let place = |name: &str| old?.scene.voices.iter().position(|voice| voice.name == name);
    let of_whole = scene.voices.iter().enumerate().map(|(at, voice)| {
        let before = old.zip(place(&voice.name)).and_then(|(old, was)| old.loudness.whole.get(was));
        let mut known: Vec<Begun> = before.cloned().unwrap_or_default();
        known.retain(|begun| begun.bar < from);
        let begun = |(bar, said): (usize, Loudness)| {
            if let Some(at) = known.iter().position(|known| known.said == said) {
                return known.remove(at);
            }
            Begun { bar: (origin + bar as i64).max(from), said, bars: bars(said, scene.phrase) }
        };
        let mut course: Vec<Begun> = scene.loudness_of(at).into_iter().map(begun).collect();
        course.sort_by_key(|begun| begun.bar);
        course
    });
    let of_section = |section: &Section| {
        let was = old.and_then(|old| {
            let sections = &old.scene.form.as_ref()?.sections;
            old.loudness.sections.get(sections.iter().position(|was| was.name == section.name)?)
        });
        let words = |(at, voice): (usize, &Voice)| {
            let before = was.zip(place(&voice.name)).and_then(|(was, voice)| was.get(voice));
            let mut known: Vec<InSection> = before.cloned().unwrap_or_default();
            let word = |(bar, said): (usize, Loudness)| {
                let same = known.iter().position(|known| known.said == said);
                let since = same.map_or(from, |at| known.remove(at).since);
                InSection { at: bar as i64, since, said, bars: bars(said, section.scene.phrase) }
            };
            scene.loudness_in(section, at).into_iter().map(word).collect()
        };
        scene.voices.iter().enumerate().map(words).collect()
    };
    let sections = scene.form.iter().flat_map(|form| &form.sections);
    Said { whole: of_whole.collect(), sections: sections.map(of_section).collect() }
}

/// In how many bars a word is there.
fn bars(said: Loudness, phrase: u32) -> i64 {
    said.bars.map_or(if said.at_once() { 1 } else { phrase }, u32::from).into()
}

/// What is added to the velocities of a voice at a bar's start and at its end. A section's words go on from where those for the whole have led,
/// and end with it.
pub(super) fn ends(in_force: &InForce, bar: i64, voice: usize) -> [i16; 2] {
    let (said, place) = (&in_force.loudness, in_force.place(bar));
    let own = place.section.and_then(|(section, _)| said.sections.get(section)?.get(voice)).into_iter().flatten();
    let begun =
        |word: &InSection| Begun { bar: (bar - place.bar + word.at).max(word.since), said: word.said, bars: word.bars };
    let mut own: Vec<Begun> = own.map(begun).collect();
    own.sort_by_key(|begun| begun.bar);
    let whole = said.whole.get(voice).into_iter().flatten().copied();
    let mut now: Option<(Begun, i16)> = None;
    let level = |now: Option<(Begun, i16)>, bar: i64| now.map_or(0, |(begun, start)| begun.level(start, bar));
    for begun in whole.chain(own).filter(|begun| begun.bar <= bar) {
        now = Some((begun, level(now, begun.bar)));
    }
    [level(now, bar), level(now, bar + 1)]
}

impl Begun {
    /// The level at a bar line; it was `start` where this began.
    fn level(&self, start: i16, bar: i64) -> i16 {
        let (gone, bars) = ((bar - self.bar).clamp(0, self.bars), self.bars);
        let part =
            |from: i16, to: i16, gone: i64, of: i64| from + (i64::from(to - from) * gone).div_euclid(of.max(1)) as i16;
        match self.said.turn {
            Turn::By(step) => {
                let most = if step > 0 { *REACH.end() } else { *REACH.start() };
                // Beyond its reach, after a fade, it does not lead back.
                let to =
                    if step > 0 { (start + step).min(most.max(start)) } else { (start + step).max(most.min(start)) };
                part(start, to, gone, bars)
            }
            Turn::To(level) => part(start, level.max(SILENCE), gone, bars),
            Turn::Swell(step) => {
                let top = (start + step).min(*REACH.end());
                part(start, top, bars - (2 * gone - bars).abs(), bars)
            }
            Turn::FadeIn => part(SILENCE, 0, gone, bars),
        }
    }
}

#[cfg(test)]
mod tests;
