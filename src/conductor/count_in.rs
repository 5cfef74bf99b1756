//! The count-in: a bar of clicks before the first one, for musicians who come in with it. It is no bar of the timeline and no music: only the
//! built-in synth hears of it. On the thread of the scheduler.

use super::{Conductor, START_LEAD};
use crate::abc::Meter;
use crate::event::{Action, VoiceSlot};
use crate::time::{Beats, Frames};
use crate::transport::Transport;

/// What the first click strikes, and the others: pitch and velocity.
const FIRST: (u8, u8) = (96, 120);
const OTHERS: (u8, u8) = (84, 90);

/// A bar that is counted.
#[derive(Debug)]
pub(super) struct CountIn {
    /// Its zero is the first click.
    transport: Transport,
    meter: Meter,
    /// The bar behind it, and where that starts.
    bar: i64,
    line: Beats,
}

impl CountIn {
    /// On which the first bar begins.
    pub fn end(&self) -> Frames {
        self.transport.frame_of(self.meter.bar_length())
    }

    /// The number of the bar that is counted in.
    pub fn bar(&self) -> i64 {
        self.bar
    }

    /// Where that bar starts.
    pub fn line(&self) -> Beats {
        self.line
    }

    pub fn meter(&self) -> Meter {
        self.meter
    }

    /// Time since the first click.
    pub fn position(&self, now: Frames) -> Beats {
        self.transport.beats_at(now).max(Beats::ZERO)
    }

    /// Musical time, were this a bar like any other.
    pub fn beats_at(&self, now: Frames) -> Beats {
        self.line - self.meter.bar_length() + self.transport.beats_at(now)
    }

    /// Where clicks are.
    fn clicks(&self) -> impl Iterator<Item = Beats> {
        let (beat, length) = (self.meter.beat(), self.meter.bar_length());
        (0..).map(move |number| beat * number).take_while(move |at| *at < length)
    }
}

impl Conductor {
    /// The next bar counted in from a frame on, as its metre and its tempo will be; `None` where the performer does not want it.
    pub(super) fn count_in(&mut self, first: Frames) -> Option<CountIn> {
        if !self.hands.counts_in() {
            return None;
        }
        // A text's tempo that waits for its bar may wait for this one.
        self.enter();
        let (bar, line) = (self.timeline.next_bar(), self.timeline.next_start());
        let armed = self.armed.tempo().filter(|_| self.armed_for() == Some(bar));
        let tempo = armed.unwrap_or_else(|| self.transport.tempo_at(line));
        let transport = Transport::new(self.transport.rate(), first, tempo);
        Some(CountIn { transport, meter: self.timeline.next_scene().meter, bar, line })
    }

    /// Puts down the clicks. Each is let go half a beat later.
    pub(super) fn begin_count(&mut self, count: CountIn) {
        let half = count.meter.beat().scale((1, 2).into());
        for at in count.clicks() {
            let (voice, (pitch, velocity)) = (VoiceSlot::COUNT_IN, if at == Beats::ZERO { FIRST } else { OTHERS });
            self.agenda.put(count.transport.frame_of(at), Action::NoteOn { voice, pitch, velocity });
            self.agenda.put(count.transport.frame_of(at + half), Action::NoteOff { voice, pitch });
        }
        self.counting = Some(count);
    }

    /// How long the first bar will be away for a count-in, where play was asked for and it has not begun.
    pub(super) fn counted(&self) -> Frames {
        if !self.hands.counts_in() || self.leader.is_waited_for() {
            return Frames(0);
        }
        self.bar_length() + self.transport.rate().frames_in(START_LEAD + self.latency())
    }
}

#[cfg(test)]
mod tests;
