//! An evaluation: from which bar it is heard, where in the form it goes on, and what of the plan outlives it. Pure; part of the timeline.

use std::collections::HashMap;
use std::sync::Arc;

use super::changes::{Changes, changes};
use super::force::{InForce, Origin, begins, given, origin, origin_in_another, still_answers};
use super::pickup::{self, Pickup};
use super::{Cell, Timeline, loudness, music};
use crate::compose::Revision;
use crate::prompt::Scene;

/// How a scene takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An edit of the newest scene: at the next bar line. Where the section that plays has another length now, or is not there any
    /// more, at the next section line.
    Edit,
    /// Another scene: on the next phrase line of the one that plays.
    PhraseLine,
    /// Another scene: at the next bar line, which was promised to it.
    Promised,
    /// Another scene, while nothing plays.
    AtOnce,
}

impl Timeline {
    /// Takes a scene over, one bar line later when the composer could not answer by then (`hurry`). Says from which bar it is heard, and
    /// what becomes of the voices.
    pub fn evaluate(&mut self, scene: Arc<Scene>, entry: Entry, hurry: bool) -> Changes {
        self.evaluate_from(scene, entry, self.next + i64::from(hurry))
    }

    /// The same from bar `earliest` on.
    pub(super) fn evaluate_from(&mut self, scene: Arc<Scene>, entry: Entry, earliest: i64) -> Changes {
        let newest = self.newest().clone();
        // What is armed and what is planned are different questions.
        self.revisions += 1;
        let revision = Revision(self.revisions);
        let (from, origin) = self.entry(&scene, entry, earliest);
        let fresh = entry != Entry::Edit || self.ends_before().is_some();
        // What it differs from is what would play there; an edit that was to come later is never heard.
        let before = self.future.coming.iter().rfind(|coming| coming.from < from).unwrap_or(&self.now);
        let old = if fresh && entry == Entry::Edit { &newest } else { before };
        let under = (from > 1 && fresh && entry != Entry::AtOnce).then(|| Arc::clone(self.scene_before(from)));
        // Who comes too late for the pickup begins on the line, too.
        let lead = match &under {
            Some(under) => pickup::lead(&scene, under),
            None if !fresh && origin == old.origin => old.lead,
            None => 0,
        };
        let origin = if fresh { origin - lead } else { origin };
        let forms = scene.form.is_some() || old.scene.form.is_some();
        let voices = scene.voices.iter().map(|voice| match fresh {
            true if forms => begins(voice, from, lead),
            _ if forms => Origin { bar: from, first: 0 },
            true => origin_in_another(old, voice, from, lead),
            false => self::origin(old, voice, from, scene.phrase),
        });
        let voices = voices.collect();
        let heard = if fresh { from - lead } else { from };
        let loudness = loudness::begin(Some(old).filter(|_| entry == Entry::Edit), &scene, heard, origin);
        let kept = (!fresh && from == old.from && lead == old.lead).then(|| old.pickup.clone()).flatten();
        let mut in_force = InForce { scene, revision, from, origin, lead, pickup: kept, fresh, voices, loudness };
        if let Some(under) = under.filter(|_| from > self.next) {
            in_force.pickup = Pickup::of(&in_force, &under).map(Arc::new);
        }
        let changes = changes(old, &in_force, entry);
        self.keep_until(from);
        self.sift(&newest, &in_force, entry);
        self.future.coming.retain(|coming| coming.from < from);
        if from <= self.next {
            self.enter(in_force);
        } else {
            self.future.coming.push(in_force);
        }
        changes
    }

    /// What plays in the bar before this one.
    fn scene_before(&self, from: i64) -> &Arc<Scene> {
        let number = from - 1;
        self.bar(number).map_or_else(|| self.in_force(number).scene_at(number), |bar| &bar.scene)
    }

    /// The bar from which a scene is heard, and that at which its form would have begun.
    fn entry(&self, scene: &Scene, entry: Entry, earliest: i64) -> (i64, i64) {
        if matches!(entry, Entry::AtOnce | Entry::Promised) {
            return (self.next, self.next);
        }
        // A scene that is still to come keeps its line.
        if let Some(from) = self.ends_before() {
            return (from, from);
        }
        let now = &self.now;
        if entry == Entry::PhraseLine {
            let line = self.phrase_line(earliest);
            return (line, line);
        }
        let place = now.place(earliest);
        let (before, after) = match (&now.scene.form, &scene.form) {
            (None, None) => return (earliest, now.origin),
            (Some(before), Some(after)) => (before, after),
            _ => {
                let line = now.section_line(earliest);
                return (line, line);
            }
        };
        if let Some((section, step)) = place.section {
            let same = |&at: &usize| {
                let (was, is) = (&before.sections[section], &after.sections[at]);
                was.name == is.name && was.bars == is.bars
            };
            if after.order.get(step).is_some_and(same) {
                return (earliest, earliest - after.start(step) - place.bar);
            }
        }
        let line = now.section_line(earliest);
        let next = now.place(line).section.map_or(0, |(_, step)| step);
        (line, line - if next < after.order.len() { after.start(next) } else { 0 })
    }

    /// What was composed for sections stays the old text's up to where the new one begins.
    fn keep_until(&mut self, from: i64) {
        for number in self.next..from {
            for (at, voice) in Arc::clone(self.scene_of(number)).voices.iter().enumerate() {
                let composed = given(self.in_force(number), number, at, self.seed).is_none();
                if let Some(cell) = self.own(number, at).filter(|_| composed) {
                    self.future.plan.insert((number, voice.name.clone()), cell);
                }
            }
        }
    }

    /// Parts what is planned and kept: what still answers the text stays, the ladder may have the rest. Bars of other music are forgotten.
    fn sift(&mut self, newest: &InForce, new: &InForce, entry: Entry) {
        let from = new.from;
        let (mut stage, mut tail) = (std::mem::take(&mut self.future.stage), std::mem::take(&mut self.future.tail));
        let mut plan = std::mem::take(&mut self.future.plan);
        let fits = |number: i64| music(self.in_force(number).scene_at(number)) == music(new.scene_at(number));
        let gone = |place: &(i64, String)| place.0 >= from && !fits(place.0);
        stage.let_go(gone);
        tail.retain(|place, _| !gone(place));
        plan.retain(|place, _| !gone(place));
        let planned = plan.split_off(&(from, String::new()));
        (self.future.plan, self.future.tail, self.future.stage) = (plan, tail, stage);
        if entry != Entry::Edit || !newest.same_music(new) {
            self.future.kept.clear();
        }
        let mut known: HashMap<(u64, String, String), bool> = HashMap::new();
        let mut answers = |was: &InForce, section: &str, voice: &str| {
            let key = (was.revision.0, section.to_owned(), voice.to_owned());
            *known.entry(key).or_insert_with(|| {
                let parts = find(&was.scene, section).zip(find(&new.scene, section));
                entry == Entry::Edit && parts.is_some_and(|(was, is)| still_answers(was, is, voice))
            })
        };
        let (stays, goes): (Vec<_>, Vec<_>) = planned.into_iter().partition(|(place, _): &((i64, String), Cell)| {
            let (was, address) = (self.in_force(place.0), new.address(place.0));
            self.future.stage.is_pinned(place) || was.address(place.0) == address && answers(was, address.0, &place.1)
        });
        self.future.plan.extend(stays);
        self.future.tail.extend(goes);
        self.future.kept.retain(|(section, bar, voice), _| {
            let there = new.scene.form.iter().flat_map(|form| &form.sections);
            let there = there.into_iter().any(|is| is.name == *section && *bar < is.bars);
            there && answers(newest, section, voice)
        });
    }
}

/// A section by its name; without one the scene, which has none.
fn find<'a>(scene: &'a Scene, section: &str) -> Option<&'a Scene> {
    match &scene.form {
        None => section.is_empty().then_some(scene),
        Some(form) => form.sections.iter().find(|is| is.name == section).map(|is| &*is.scene),
    }
}

#[cfg(test)]
mod tests;
