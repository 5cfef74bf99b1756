//! What was heard, for the text: which bars are over, and the performer's wish to keep some of them.

use super::{Conductor, Playing, WINDOW};
use crate::event::Level;
use crate::keep::{self, Ask, Kept};
use crate::time::Frames;

impl Conductor {
    pub(super) fn keep(&mut self, ask: &Ask, now: Frames) {
        self.count_heard(now);
        let timeline = &self.timeline;
        let bars = &timeline.bars()[..self.heard.min(timeline.bars().len())];
        match keep::heard(bars, timeline.origin(), &|bar, voice| timeline.cell(bar, voice).clone(), ask) {
            Ok(kept) => self.kept.push(kept),
            Err(why) => self.say(Level::Warning, why),
        }
    }

    /// Bars that are to be written into the text, each once.
    pub fn take_kept(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.kept)
    }

    /// Counts the bars that were played to their end: all their notes have left for the outputs. While nothing plays none is added.
    pub(super) fn count_heard(&mut self, now: Frames) {
        if self.playing == Playing::Stopped || self.starting.is_some() {
            return;
        }
        let horizon = now + self.transport.rate().frames_in(WINDOW);
        let ends = self.timeline.bars().iter().map(|bar| self.transport.frame_of(bar.start + bar.length()));
        self.heard = ends.rev().position(|end| end <= horizon).map_or(0, |after| self.timeline.bars().len() - after);
    }
}
