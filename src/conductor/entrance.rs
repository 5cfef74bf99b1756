//! How a scene comes in: an edit at once for all that is not music, another scene with its sounds on its phrase line.
//! On the thread of the scheduler.

use std::sync::Arc;
use std::time::Duration;

use super::Conductor;
use crate::event::{Level, ScheduledEvent};
use crate::prompt::Scene;
use crate::time::Frames;
use crate::timeline::Entry;

/// Another scene's patches and volumes are given out this long before its first bar: what a device fills in one go.
const AHEAD: Duration = Duration::from_millis(20);

impl Conductor {
    /// The scene whose voices are shown, mixed and muted: the newest, but for one that waits for its phrase line.
    #[must_use]
    pub fn scene(&self) -> &Arc<Scene> {
        &self.scene
    }

    pub(super) fn evaluate(
        &mut self,
        scene: &Arc<Scene>,
        entry: Entry,
        hurry: bool,
        now: Frames,
        out: &mut dyn FnMut(ScheduledEvent),
    ) {
        let moving = self.is_moving();
        self.settle(scene);
        self.clock(&scene.clocks);
        self.follow(scene.leader.as_ref());
        self.meet(scene, entry != Entry::Edit);
        let changes = self.timeline.evaluate(Arc::clone(scene), entry, hurry);
        self.say(Level::Info, format!("{}: {changes}", scene.title));
        self.entering = match entry {
            // One that waits takes its edits along.
            Entry::Edit => self.entering,
            Entry::PhraseLine | Entry::Promised | Entry::AtOnce => Some(changes.from).filter(|_| moving),
        };
        if self.entering.is_none() {
            self.take_up(scene, now, now, out);
        } else {
            let plays = Arc::clone(&self.scene);
            self.introduce(scene, &plays, now);
        }
        if !moving {
            self.enter();
        }
        self.prepare(now);
        self.watch_speed();
    }

    /// The frame at which another scene begins, once that is known.
    fn line(&self) -> Option<Frames> {
        let line = self.timeline.start_of(self.entering?)?;
        self.is_moving().then(|| self.transport.frame_of(line))
    }

    /// The events of a scene's first bar leave long before it: the outputs know by then where they go.
    pub(super) fn approach(&mut self, now: Frames) {
        if let Some(line) = self.line() {
            let scene = Arc::clone(self.timeline.scene());
            self.redirect(&scene, line, now);
        }
    }

    /// Another scene sounds as it says from its first bar on.
    pub(super) fn arrive(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        let Some(line) = self.line() else { return };
        if now + self.transport.rate().frames_in(AHEAD.min(self.notice)) >= line {
            let scene = Arc::clone(self.timeline.scene());
            self.take_up(&scene, line, now, out);
        }
    }

    fn take_up(&mut self, scene: &Arc<Scene>, at: Frames, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.entering = None;
        self.mix_from(at, scene, now, out);
        self.listen_to(scene.listeners());
        self.scene = Arc::clone(scene);
    }
}

#[cfg(test)]
mod tests;
