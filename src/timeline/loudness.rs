//! What words say of the loudness of the voices, from bar to bar: ramps that begin when they are heard. Pure; part of the timeline.

use super::InForce;
use crate::prompt::Scene;
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

/// What is said of each voice of a scene in force from bar `from` on, whose first bar is `origin`. A word that was there before goes on from
/// where it began; one that is new begins now, or at its bar when that is still to come.
pub(super) fn begin(old: Option<&InForce>, scene: &Scene, from: i64, origin: i64) -> Vec<Vec<Begun>> {
    let before = |name: &str| {
        let old = old?;
        old.loudness.get(old.scene.voices.iter().position(|voice| voice.name == name)?)
    };
    let voices = scene.voices.iter().enumerate().map(|(at, voice)| {
        let mut known: Vec<Begun> = before(&voice.name).cloned().unwrap_or_default();
        known.retain(|begun| begun.bar < from);
        let begun = |(bar, said): (usize, Loudness)| {
            if let Some(at) = known.iter().position(|known| known.said == said) {
                return known.remove(at);
            }
            let bars = said.bars.map_or(if said.at_once() { 1 } else { scene.phrase }, u32::from);
            Begun { bar: (origin + bar as i64).max(from), said, bars: bars.into() }
        };
        let mut course: Vec<Begun> = scene.loudness_of(at).into_iter().map(begun).collect();
        course.sort_by_key(|begun| begun.bar);
        course
    });
    voices.collect()
}

/// What is added to velocities at a bar's start and at its end.
pub(super) fn ends(course: &[Begun], bar: i64) -> [i16; 2] {
    let mut now: Option<(Begun, i16)> = None;
    let level = |now: Option<(Begun, i16)>, bar: i64| now.map_or(0, |(begun, start)| begun.level(start, bar));
    for &begun in course.iter().take_while(|begun| begun.bar <= bar) {
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
