//! What an armed text will play from its line on, written ahead: another future beside the one that is planned, which withdrawing it leaves as it
//! is. Pure; part of the timeline.

use std::sync::Arc;

use super::force::InForce;
use super::{Cell, Entry, Future, Timeline};
use crate::compose::ComposedBar;
use crate::prompt::Scene;

#[derive(Debug)]
pub(super) struct Prepared {
    scene: Arc<Scene>,
    line: i64,
    /// The bar from which the text is heard: that of the line, or of a section line behind it.
    from: i64,
    future: Future,
}

impl Timeline {
    /// Has a text written ahead that is to be heard from the line of bar `line` on, which is not the next one. What was written for it stays.
    pub fn prepare(&mut self, scene: &Arc<Scene>, entry: Entry, line: i64) {
        let future = Future { answered: Default::default(), ..self.future.clone() };
        let mut prepared = Prepared { scene: Arc::clone(scene), line, from: line, future };
        std::mem::swap(&mut self.future, &mut prepared.future);
        self.evaluate_from(Arc::clone(scene), entry, line);
        prepared.from = self.newest().from;
        std::mem::swap(&mut self.future, &mut prepared.future);
        if let Some(before) = self.prepared.take().filter(|before| before.is_for(scene, prepared.from)) {
            for (place, cell) in before.future.plan.into_iter().filter(|((bar, _), _)| *bar >= before.from) {
                prepared.future.plan.entry(place).or_insert(cell);
            }
        }
        self.prepared = Some(Box::new(prepared));
    }

    /// Nothing is armed any more.
    pub fn withdraw(&mut self) {
        self.prepared = None;
    }

    /// The newest text is the one that was prepared: what was written for it is planned, and what is under way will be.
    pub fn fulfil(&mut self) {
        let (scene, from) = (Arc::clone(self.scene()), self.newest().from);
        if let Some(prepared) = self.prepared.take().filter(|prepared| prepared.is_for(&scene, from)) {
            for (place, cell) in prepared.future.plan.into_iter().filter(|((bar, _), _)| *bar >= from) {
                self.future.plan.entry(place).or_insert(cell);
            }
            if let Some(asked) = prepared.future.coming.last() {
                let newest = self.future.coming.last_mut().unwrap_or(&mut self.now);
                newest.revision = asked.revision;
                // Its pickup is fixed already, and comes again after a stop before it.
                newest.pickup.clone_from(&asked.pickup);
                self.future.answered = prepared.future.answered;
            }
        }
    }

    /// A bar that is planned before an armed text begins is what that is written to.
    pub(super) fn plan_before_prepared(&mut self, place: &(i64, String), cell: &Cell) {
        if let Some(prepared) = self.prepared.as_mut().filter(|prepared| place.0 < prepared.from) {
            prepared.future.plan.insert(place.clone(), cell.clone());
        }
    }

    /// Whether the composer is to write what is prepared: all up to its line is there, and of its first phrase not yet.
    #[must_use]
    pub fn turns_to_prepared(&mut self, ahead: usize) -> bool {
        let Some(line) = self.prepared.as_ref().map(|prepared| prepared.line) else { return false };
        (self.next..line).all(|number| self.is_there(number))
            && self.in_prepared(|timeline| !(line..=timeline.asked_to(ahead)).all(|bar| timeline.is_there(bar)))
                == Some(true)
    }

    /// The bar from which what is armed will be heard, where it is written ahead.
    #[must_use]
    pub fn prepared_from(&self) -> Option<i64> {
        self.prepared.as_ref().map(|prepared| prepared.from)
    }

    /// Asks the timeline as it will be if what is armed fires.
    pub fn in_prepared<T>(&mut self, ask: impl FnOnce(&mut Timeline) -> T) -> Option<T> {
        let mut prepared = self.prepared.take()?;
        std::mem::swap(&mut self.future, &mut prepared.future);
        let answer = ask(self);
        std::mem::swap(&mut self.future, &mut prepared.future);
        self.prepared = Some(prepared);
        Some(answer)
    }

    /// A bar for what is prepared, where it is none for what is planned.
    pub(super) fn take_prepared(&mut self, bar: ComposedBar) -> Result<(), String> {
        self.in_prepared(|timeline| timeline.take(bar)).unwrap_or(Ok(()))
    }
}

impl Prepared {
    /// What will be in force from its line on; nothing where it is to wait for another one.
    pub fn on_its_line(&self) -> Option<&InForce> {
        self.future.coming.last().filter(|_| self.from == self.line)
    }

    fn is_for(&self, scene: &Arc<Scene>, from: i64) -> bool {
        Arc::ptr_eq(&self.scene, scene) && self.from == from
    }
}
