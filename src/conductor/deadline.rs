//! When the composer has to be done: the commit point, how long the first bar is waited for, how far it may work ahead, and whether it
//! keeps up with the tempo. From its measured speed and the way to it; offline nobody waits. On the thread of the scheduler.

use std::time::Duration;

use super::{Conductor, Pace, Playing};
use crate::compose::Due;
use crate::compose::reach::margin;
use crate::event::Level;
use crate::prompt::By;
use crate::time::{Beats, Frames};

/// The commit point stands at least this long before its bar line; longer for models that are slow.
const LEAST_LEAD: Duration = Duration::from_millis(120);
/// How long the first bar may wait for the composer.
pub(super) const PATIENCE: Duration = Duration::from_millis(700);
/// And for one that is known to be slow.
const MOST_PATIENCE: Duration = Duration::from_secs(2);
/// A composer works at most so many bars ahead.
const MOST_AHEAD: usize = 64;
/// One that was too slow has to be faster than the tempo by this before it is said to keep up, so that it is not said all the time.
const MARGIN: f64 = 1.1;

impl Conductor {
    /// How long before its bar line a bar is committed: twice what the composer needs for one, within reason, and its way; and what boxes need.
    pub(super) fn lead(&self) -> Frames {
        let lead = (self.work_p95() * 2 + self.round_trip).max(LEAST_LEAD) + self.latency() + self.program_time();
        self.transport.rate().frames_in(lead).min(self.bar_length())
    }

    /// The 95th percentile of the work for a bar in all voices that the composer writes.
    pub(super) fn work_p95(&self) -> Duration {
        if self.pace == Pace::Offline { Duration::ZERO } else { self.speed.p95().unwrap_or_default() * self.composed() }
    }

    /// Until a bar that is asked for now can be here, with what the composer keeps in hand before it closes one by force.
    pub(super) fn answer_time(&self) -> Duration {
        self.work_p95() + margin(self.work_p95()) + self.round_trip
    }

    /// How long the first bar may wait for the composer.
    pub(super) fn patience(&self) -> Duration {
        let work = self.speed.usual().unwrap_or_default() * self.composed();
        (work * 2 + self.round_trip).clamp(PATIENCE, MOST_PATIENCE)
    }

    /// How many bars from the next on the composer may write: a phrase. One that is too slow needs a phrase that it can reach.
    pub(super) fn ahead(&self) -> usize {
        let phrase = (self.timeline.scene().phrase as usize).max(2);
        match self.speed.usual().filter(|_| self.slow && self.pace == Pace::Live) {
            Some(work) => {
                let bar = self.transport.rate().duration_of(self.bar_length()).as_secs_f64().max(0.01);
                let needed = (work * self.composed()).as_secs_f64() / bar;
                (phrase + needed.ceil() as usize).min(MOST_AHEAD.max(phrase))
            }
            None => phrase,
        }
    }

    /// When the composer has to be done with the next bars; `None` where nobody waits for them.
    pub(super) fn due(&self, now: Frames) -> Option<Due> {
        if self.pace == Pace::Offline || self.playing == Playing::Stopped {
            return None;
        }
        let rate = self.transport.rate();
        let left = match self.starting {
            Some(asked) => asked + rate.frames_in(self.patience()).max(self.counted() - self.lead()) - now,
            None => self.transport.frame_of(self.timeline.next_start()) - self.lead() - now,
        };
        let ms = |frames: Frames| u32::try_from(frames.0 * 1000 / i64::from(rate.0)).unwrap_or(0);
        let left_ms = ms(left - rate.frames_in(self.round_trip));
        // Where the metre changes on the way, the shortest bar counts.
        let next = self.timeline.next_bar();
        let bars = (next..next + self.ahead() as i64).map(|bar| self.timeline.scene_of(bar).bar_length());
        let bar_ms = bars.min().map_or(0, |bar| ms(self.length(bar)));
        Some(Due { bar: next, left_ms, bar_ms })
    }

    /// Says when the composer is too slow for the tempo, and when it is not any more.
    pub(super) fn watch_speed(&mut self) {
        let Some(work) = self.speed.usual().filter(|work| self.pace == Pace::Live && !work.is_zero()) else { return };
        let voices = self.composed();
        let writes = 1.0 / work.as_secs_f64();
        let needs = f64::from(voices) / self.transport.rate().duration_of(self.bar_length()).as_secs_f64().max(0.01);
        let slow = writes < if self.slow { needs * MARGIN } else { needs };
        if slow == self.slow || voices == 0 {
            return;
        }
        self.slow = slow;
        let digits = if format!("{writes:.1}") == format!("{needs:.1}") { 2 } else { 1 };
        let voices = if voices == 1 { "one voice".to_owned() } else { format!("{voices} voices") };
        let sums = format!(
            "{} writes {writes:.digits$} bars a second, this tempo needs {needs:.digits$} for {voices}",
            self.model
        );
        if slow {
            self.say(Level::Warning, format!("{sums}: it joins in at phrase lines"));
        } else {
            self.say(Level::Info, format!("{sums}: it keeps up again"));
        }
    }

    /// The length of the next bar.
    pub(super) fn bar_length(&self) -> Frames {
        self.length(self.timeline.next_scene().bar_length())
    }

    /// How long this takes from the next bar line on.
    fn length(&self, beats: Beats) -> Frames {
        let start = self.timeline.next_start();
        self.transport.frame_of(start + beats) - self.transport.frame_of(start)
    }

    /// How many voices the composer writes.
    fn composed(&self) -> u32 {
        self.timeline.scene().voices.iter().filter(|voice| voice.by == By::Model).count() as u32
    }
}

#[cfg(test)]
mod tests;
