//! Whose tempo holds, and from where: the text's where it changes, else the performer's, always from an uncommitted bar line.
//! On the thread of the scheduler.

use num_rational::Ratio;

use super::Conductor;
use crate::event::Level;
use crate::prompt::Scene;
use crate::time::{Beats, Frames, Tempo};

impl Conductor {
    /// Takes notice of what a text says of mutes and tempo.
    pub(super) fn meet(&mut self, scene: &Scene, entered: bool) {
        self.armed.mixes_mut().for_each(|mix| mix.meet(scene));
        if self.hands.meet(scene, entered) {
            self.say(Level::Info, "the tempo is locked: Q: does nothing".to_owned());
        }
    }

    /// The tempo of the text that is heard from the next bar on.
    pub(super) fn enter(&mut self) {
        if self.timeline.heard_from().is_some_and(|from| from > self.timeline.next_bar()) {
            return;
        }
        let Some((tempo, ramp)) = self.hands.take_due().filter(|_| !self.is_led()) else { return };
        self.transport.set_tempo(self.timeline.next_start(), tempo);
        if let Some((to, bars)) = ramp {
            self.lay_ramp(to, bars);
        }
    }

    pub(super) fn set_tempo(&mut self, tempo: Tempo) {
        if self.says_it_is_led() {
            return;
        }
        self.hands.tempo_set();
        self.transport.set_tempo(self.timeline.next_start(), tempo);
        let text = format!("tempo {} from bar {}", self.count(tempo), self.timeline.next_bar());
        self.say(Level::Info, text);
    }

    pub(super) fn ramp(&mut self, to: Tempo, bars: u32) {
        if self.says_it_is_led() {
            return;
        }
        self.hands.tempo_set();
        let (start, from) = (self.timeline.next_start(), self.timeline.next_bar());
        let before = self.count(self.transport.tempo_at(start));
        self.lay_ramp(to, bars);
        let text = format!("tempo {before} to {} from bar {from} to bar {}", self.count(to), from + i64::from(bars));
        self.say(Level::Info, text);
    }

    pub(super) fn tap(&mut self, now: Frames) {
        if let Some(count) = self.tap.tap(now, self.transport.rate())
            && let Some(tempo) = Tempo::from_beat(self.timeline.next_scene().meter.beat(), count).checked()
        {
            self.set_tempo(tempo);
        }
    }

    /// From the next uncommitted bar line on, in bars as they are there.
    fn lay_ramp(&mut self, to: Tempo, bars: u32) {
        let (start, next) = (self.timeline.next_start(), self.timeline.next_bar());
        let lengths = (next..next + i64::from(bars)).map(|bar| self.timeline.scene_of(bar).bar_length());
        self.transport.ramp(start, to, start + lengths.sum::<Beats>());
    }

    /// The text's tempo, when another one holds.
    pub(super) fn text_tempo(&self) -> Option<Tempo> {
        let scene = &self.scene;
        let text = scene.ramp.map(|(to, _)| to).or(scene.tempo)?;
        (text != self.transport.last_tempo()).then_some(text)
    }

    /// A tempo as the text and the screen count it, in felt beats: `1/4=123.7`.
    pub(super) fn count(&self, Tempo(crotchets): Tempo) -> String {
        let beat = self.timeline.next_scene().meter.beat();
        let count = crotchets / beat.ratio(Beats::QUARTER);
        let tenths = (count * Ratio::from(10)).round().to_integer();
        if tenths % 10 == 0 {
            format!("{beat}={}", tenths / 10)
        } else {
            format!("{beat}={}.{}", tenths / 10, tenths % 10)
        }
    }
}
