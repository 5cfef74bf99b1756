//! How a scene comes in: an edit at once for all that is not music, another scene with its sounds on its phrase line.

use std::sync::Arc;
use std::time::Duration;

use super::{Conductor, Playing};
use crate::event::{Level, ScheduledEvent};
use crate::prompt::{By, Scene};
use crate::time::Frames;
use crate::timeline::Entry;

/// Another scene's patches, programs and volumes are given out this long before its first bar: what a device fills in one go.
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
        fresh: bool,
        now: Frames,
        out: &mut dyn FnMut(ScheduledEvent),
    ) {
        let left = self.transport.frame_of(self.timeline.next_start()) - self.lead() - now;
        let rate = self.transport.rate();
        let composed = scene.voices.iter().any(|voice| voice.by == By::Model);
        let moving = self.playing != Playing::Stopped && self.starting.is_none();
        let hurry = moving && composed && left < rate.frames_in(self.answer_time());
        let entry = match (fresh, moving) {
            (false, _) => Entry::Edit,
            (true, true) => Entry::PhraseLine,
            (true, false) => Entry::AtOnce,
        };
        self.settle(scene);
        let changes = self.timeline.evaluate(Arc::clone(scene), entry, hurry);
        self.say(Level::Info, format!("{}: {changes}", scene.title));
        self.entering = match entry {
            // One that waits takes its edits along.
            Entry::Edit => self.entering,
            Entry::PhraseLine => Some(changes.from),
            Entry::AtOnce => None,
        };
        if self.entering.is_none() {
            self.take_up(scene, now, out);
        }
        if !moving {
            self.enter();
        }
        self.watch_speed();
    }

    /// Another scene sounds as it says from its first bar on.
    pub(super) fn arrive(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        let Some(line) = self.entering.and_then(|from| self.timeline.start_of(from)) else { return };
        let line = self.transport.frame_of(line);
        if now + self.transport.rate().frames_in(AHEAD.min(self.notice)) >= line && self.playing != Playing::Stopped {
            let scene = Arc::clone(self.timeline.scene());
            self.take_up(&scene, line, out);
        }
    }

    fn take_up(&mut self, scene: &Arc<Scene>, at: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.entering = None;
        self.mix(scene, at, out);
        self.scene = Arc::clone(scene);
    }
}
