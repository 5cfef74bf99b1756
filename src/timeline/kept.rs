//! What was composed for sections: each bar once, replayed when its section returns. Pure; part of the timeline.
//!
//! A section's bar is planned at the next place where it plays. When it is committed it is kept by its section, its bar there and its
//! voice, whoever made it, and stands wherever that place returns, until the text of the section asks for something else.

use super::{Cell, Timeline, given, still_answers, style};
use crate::abc::print;
use crate::event::Author;
use crate::ladder::{Loop, vary};
use crate::score::Measure;

/// Section, bar in it from 0, voice.
pub(super) type Kept = (String, i64, String);

impl Timeline {
    /// Where in the plan a bar's voice stands: with sections at the first uncommitted bar that is the same bar of the same section.
    pub(super) fn plan_place(&self, number: i64, name: &str) -> (i64, String) {
        let in_force = self.in_force(number);
        if in_force.scene.form.is_none() {
            return (number, name.to_owned());
        }
        let address = in_force.address(number);
        let same = |bar: &i64| self.in_force(*bar).revision == in_force.revision && in_force.address(*bar) == address;
        let first = (self.next.max(in_force.from).min(number)..number).find(same);
        (first.unwrap_or(number), name.to_owned())
    }

    /// What was composed for a bar when its section played before.
    pub(super) fn kept_cell(&self, number: i64, name: &str) -> Option<&Cell> {
        let newest = self.newest();
        if self.future.kept.is_empty() || number < newest.from && !self.future.coming.is_empty() {
            return None;
        }
        let (section, bar) = newest.address(number);
        self.future.kept.get(&(section.to_owned(), bar, name.to_owned()))
    }

    /// The same as it is played: in a section that is varied the last bar of each phrase is another one.
    pub(super) fn replayed(&self, number: i64, voice: usize) -> Option<Cell> {
        let in_force = self.in_force(number);
        let scene = in_force.scene_at(number);
        let own = scene.voices.get(voice)?;
        let kept = self.kept_cell(number, &own.name)?;
        let place = in_force.place(number);
        let phrase = i64::from(scene.phrase);
        let vary_now = in_force.scene.section(place).is_some_and(|section| section.vary)
            && (place.bar % phrase == phrase - 1 || in_force.section_line(number + 1) == number + 1);
        let vary_it = || {
            let start = place.bar - place.bar % phrase;
            let bars = (start..=place.bar).map_while(|bar| self.kept_cell(number - place.bar + bar, &own.name));
            let bars: Vec<&Measure> = bars.map(|cell| &cell.measure).collect();
            let at = bars.len().checked_sub(1)?;
            let what = Loop { key: &scene.key, meter: scene.meter, role: own.role, bars: &bars, at };
            let measure = vary(&what, self.seed, number, voice)?;
            let text = print::bar(&measure, scene.bar_length(), &style(scene));
            Some(Cell { text, measure, by: Author::Varied })
        };
        Some(vary_now.then(vary_it).flatten().unwrap_or_else(|| kept.clone()))
    }

    /// Keeps what is being committed of a voice, where its section is to be replayed.
    pub(super) fn keep(&mut self, voice: usize, cell: &Cell) {
        let (number, now, newest) = (self.next, &self.now, self.newest());
        if now.scene.form.is_none() || cell.by == Author::Varied || given(now, number, voice, self.seed).is_some() {
            return;
        }
        let (section, bar) = now.address(number);
        // What only a coming scene has is of no section here.
        let Some(name) = now.scene.voices.get(voice).map(|voice| &voice.name) else { return };
        if self.frozen(number, name).is_some() || self.listening(&now.scene, number, name).is_some() {
            return;
        }
        // While another text is coming it may be that what is played now does not answer that one.
        let is =
            newest.scene.form.iter().flat_map(|form| &form.sections).find(|is| is.name == section && bar < is.bars);
        let answers = self.future.coming.is_empty()
            || !newest.fresh
                && now.same_music(newest)
                && is.is_some_and(|is| still_answers(now.scene_at(number), &is.scene, name));
        if answers {
            let kept: Kept = (section.to_owned(), bar, name.clone());
            self.future.kept.insert(kept, cell.clone());
        }
    }

    /// Forgets what is kept of a voice for one bar, or of all for a phrase from the next bar on.
    pub(super) fn forget_kept(&mut self, number: i64, name: Option<&str>) {
        let newest = self.newest();
        let bars = if name.is_some() { 1 } else { i64::from(newest.scene.phrase.max(2)) };
        let gone: Vec<(String, i64)> = (number.max(newest.from)..number.max(newest.from) + bars)
            .map(|bar| newest.address(bar))
            .map(|(section, bar)| (section.to_owned(), bar))
            .collect();
        let there = |(section, bar, voice): &Kept| {
            name.is_none_or(|name| name == voice) && gone.iter().any(|(s, b)| s == section && b == bar)
        };
        self.future.kept.retain(|kept, _| !there(kept));
    }
}
