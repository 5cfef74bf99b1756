//! Following the MIDI clock of another instrument: it starts and stops the music, and the tempo map is bent so that our beats fall on its own.
//! On the thread of the scheduler.

use std::sync::Arc;
use std::time::Duration;

use num_rational::Ratio;

use super::count_in::CountIn;
use super::{Conductor, Playing, START_LEAD};
use crate::event::{ClockMessage, Command, Lead, Level, ScheduledEvent};
use crate::time::{Beats, Frames, SampleRate, Tempo};
use crate::transport::follow::{Follower, Following, PULSES};

/// A bend makes up for what we are off over so much music: soon, and by a share of the tempo that no ear tells.
const REACH: Beats = Beats::EIGHTH;
/// From bend to bend at least.
const STEP: Beats = Beats::SIXTEENTH;
/// Nobody hears us off by less.
const TOLERANCE: Duration = Duration::from_micros(500);

/// What has to come before the music begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Cue {
    #[default]
    Nothing,
    /// The other instrument has to be started.
    Start,
    /// This place, counted from its song's beginning.
    Place(Beats),
}

#[derive(Debug)]
pub(super) struct Leader {
    /// A part of its port's name; `None` where nobody is followed.
    port: Option<Arc<str>>,
    follower: Follower,
    cue: Cue,
    /// Our time less its time, while we go together.
    apart: Option<Beats>,
    /// Where the next bend may begin.
    next: Beats,
    /// The frame on which the music began: what was before it says nothing of where it is.
    began: Frames,
}

impl Leader {
    pub fn new(port: Option<Arc<str>>, rate: SampleRate) -> Leader {
        Leader {
            port,
            follower: Follower::new(rate),
            cue: Cue::Nothing,
            apart: None,
            next: Beats::ZERO,
            began: Frames(0),
        }
    }

    /// The music has stopped.
    pub fn rest(&mut self) {
        (self.cue, self.apart) = (Cue::Nothing, None);
    }

    /// Whether the music waits for it.
    pub fn is_waited_for(&self) -> bool {
        self.cue != Cue::Nothing
    }

    /// The music begins on this frame.
    pub fn begins(&mut self, frame: Frames) {
        self.began = frame;
    }
}

impl Conductor {
    /// The rig with which a text was read says whose clock is followed.
    pub(super) fn follow(&mut self, port: Option<&Arc<str>>) {
        if self.leader.port.as_ref() == port {
            return;
        }
        if let Some(port) = self.leader.port.as_ref().filter(|_| self.is_led()) {
            let text = format!("the clock of '{port}' is not followed any more: the tempo stays");
            self.say(Level::Info, text);
        }
        self.leader = Leader::new(port.cloned(), self.transport.rate());
    }

    /// Whether the tempo is another instrument's.
    pub(super) fn is_led(&self) -> bool {
        self.leader.apart.is_some()
    }

    /// The same, said to whoever asks for a tempo.
    pub(super) fn says_it_is_led(&mut self) -> bool {
        if let Some(port) = self.leader.port.clone().filter(|_| self.is_led()) {
            self.say(Level::Info, format!("the tempo is that of the clock of '{port}'"));
        }
        self.is_led()
    }

    /// A message of the clock that is followed came at frame `at`.
    pub(super) fn hear_clock(
        &mut self,
        message: ClockMessage,
        at: Frames,
        now: Frames,
        out: &mut dyn FnMut(ScheduledEvent),
    ) {
        if self.leader.port.is_none() {
            return;
        }
        let place = self.leader.follower.place();
        self.leader.follower.hear(message, at);
        match message {
            // It may be anywhere else now.
            ClockMessage::Start | ClockMessage::Continue | ClockMessage::SongPosition(_) if self.is_moving() => {
                if message == ClockMessage::Start || place != self.leader.follower.place() {
                    self.leader.apart = None;
                }
            }
            ClockMessage::Start | ClockMessage::Continue => {
                self.playing = Playing::Playing;
                self.starting = Some(now);
                self.leader.cue = Cue::Place(self.its_bar_line(self.leader.follower.place()));
            }
            ClockMessage::Stop if self.playing != Playing::Stopped => self.command(Command::Stop, now, out),
            ClockMessage::Tick if self.leader.cue == Cue::Place(place) => self.begin_with(place, at),
            ClockMessage::Stop | ClockMessage::Tick | ClockMessage::SongPosition(_) => {}
        }
    }

    /// Its first bar line from a place on, should its bars be as long as ours.
    fn its_bar_line(&self, place: Beats) -> Beats {
        let bar = self.timeline.next_scene().bar_length();
        bar * place.up_to(bar)
    }

    /// Play was asked for: where another clock is followed, its next bar line is the first, or it has to be started.
    pub(super) fn cue(&mut self, now: Frames) {
        let Some(port) = self.leader.port.clone() else { return };
        let soon = now + self.transport.rate().frames_in(START_LEAD + self.latency());
        let Leader { follower, .. } = &self.leader;
        let goes = follower.is_running() && follower.state(now) != Following::Waiting;
        self.leader.cue = if let Some(place) = follower.beats_at(soon).filter(|_| goes) {
            Cue::Place(self.its_bar_line(place))
        } else {
            let text = format!("waits for the clock of '{port}' to start; play once more goes without it");
            self.say(Level::Info, text);
            Cue::Start
        };
    }

    /// Play was asked for once more: by its ticks, where there are any of a box that was started before we heard of it; else without it.
    pub(super) fn go_without(&mut self, now: Frames) {
        let waited = self.leader.cue;
        self.leader.rest();
        let Leader { port: Some(port), follower, .. } = &mut self.leader else { return };
        if waited == Cue::Start && follower.state(now) == Following::Locked {
            follower.hear(ClockMessage::Continue, now);
            let place = follower.place();
            let text =
                format!("goes by the ticks of '{port}', whose bars are not known: the next tick is the beginning");
            self.leader.cue = Cue::Place(place);
            self.say(Level::Info, text);
        }
    }

    /// Whether the beginning is another clock's affair. As soon as it is known when its place will be, the music is on its way there.
    pub(super) fn is_cued(&mut self) -> bool {
        if let Cue::Place(place) = self.leader.cue
            && let Some(frame) = self.leader.follower.frame_of(place)
        {
            self.begin_with(place, frame);
            return true;
        }
        self.leader.is_waited_for()
    }

    /// The next bar begins on a frame, which is this place of the other instrument.
    fn begin_with(&mut self, place: Beats, frame: Frames) {
        let start = self.timeline.next_start();
        self.transport.restart(start, frame);
        if let Some(tempo) = self.leader.follower.tempo() {
            self.transport.set_tempo(start, tempo);
        }
        self.starting = None;
        self.leader.begins(frame);
        self.leader.cue = Cue::Nothing;
        self.go_together(start - place, start);
        self.begin_pulses();
    }

    fn go_together(&mut self, apart: Beats, next: Beats) {
        (self.leader.apart, self.leader.next) = (Some(apart), next);
        if let Some(port) = self.leader.port.clone() {
            self.say(Level::Info, format!("the clock of '{port}' is followed"));
        }
    }

    /// While both run, our beats fall on its beats: bends the tempo map where they would not, behind all that has left for the outputs.
    pub(super) fn keep_step(&mut self, now: Frames) {
        // A bar that is counted in comes on the frame that was counted.
        let goes = self.is_moving() && self.counting.is_none();
        let Some(port) = self.leader.port.clone().filter(|_| goes) else { return };
        let follower = &self.leader.follower;
        if !follower.is_running() || follower.state(now) == Following::Waiting {
            // Before there are enough ticks for a tempo nothing is lost yet.
            if follower.tempo().is_some() && self.leader.apart.take().is_some() {
                self.say(Level::Warning, format!("the clock of '{port}' has stopped coming: the tempo stays"));
            }
            return;
        }
        let Some(theirs) = follower.beats_at(now) else { return };
        let Some(apart) = self.leader.apart else {
            if now < self.leader.began {
                return;
            }
            // Who joins in mid-set has the next beat for the next one.
            let (off, beat) = (self.transport.beats_at(now) - theirs, self.timeline.next_scene().meter.beat());
            let line = self.timeline.next_start();
            let apart = line + beat * (off - line).ratio(beat).round().to_integer();
            return self.go_together(apart, Beats::ZERO);
        };
        if self.horizon(now) < self.leader.began {
            return;
        }
        let tick = Beats::new(1, 4 * PULSES);
        let from = tick * (self.transport.beats_at(self.horizon(now)).up_to(tick) + 1);
        let to = from + REACH;
        let (Some(frame), Some(tempo)) = (follower.frame_of(to - apart), follower.tempo()) else { return };
        let tolerance = self.transport.rate().frames_in(TOLERANCE).0;
        if from < self.leader.next || (frame - self.transport.frame_of(to)).0.abs() <= tolerance {
            return;
        }
        let bent = self.transport.bend(from, to, frame, tempo);
        self.leader.next = from + STEP;
        self.agenda.bend(&bent, &self.transport);
        self.armed.bend(&bent);
        self.told.bend(&bent, now);
    }

    /// Whose clock is followed, for the screen, and how far we are from it.
    pub(super) fn led(&self, now: Frames) -> Option<Lead> {
        let Leader { port, follower, apart, .. } = &self.leader;
        let port = port.as_ref()?.to_string();
        let off = |apart: Beats| {
            let beats = self.transport.beats_at(now);
            let off = self.transport.frame_of(beats) - follower.frame_of(beats - apart)?;
            Some(off.0 * 1_000_000 / i64::from(self.transport.rate().0))
        };
        Some(Lead { port, off_micros: apart.and_then(off) })
    }

    /// The tempo for the screen, where bends are no changes.
    pub(super) fn shown_tempo(&self, now: Frames) -> Tempo {
        let tenth = |Tempo(tempo): Tempo| Tempo((tempo * Ratio::from(10)).round() / 10);
        let its = self.leader.follower.tempo().filter(|_| self.is_led()).map(tenth);
        let here = self.counting.as_ref().map_or_else(|| self.transport.beats_at(now), CountIn::line);
        its.unwrap_or_else(|| self.transport.tempo_at(here))
    }
}

#[cfg(test)]
mod tests;
