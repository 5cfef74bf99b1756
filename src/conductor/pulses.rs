//! MIDI clock for the boxes that follow: 24 ticks a crotchet, each at the frame of its place in the music, and where they begin and end.
//! On the thread of the scheduler.

use std::sync::Arc;
use std::time::Duration;

use super::Conductor;
use super::agenda::Agenda;
use crate::event::{Action, ClockMessage, ScheduledEvent};
use crate::rig::ClockPort;
use crate::time::{Beats, Frames};
use crate::transport::Transport;
use crate::transport::follow::PULSES;

/// Ticks in a whole note.
const TICKS: i64 = 4 * PULSES;
/// Song positions in a whole note, and how many there are (MIDI 1.0): from there on they are counted anew, which is no matter to patterns of
/// 2, 4, 8 … bars.
const POSITIONS: i64 = 16;
const ALL_POSITIONS: i64 = 1 << 14;
/// Ticks in one of them: music goes on only there.
const STRIDE: i64 = TICKS / POSITIONS;
/// Boxes are told to go so long before their first tick, since they need a moment for it (MIDI 1.0 asks for a millisecond).
const BEFORE: Duration = Duration::from_millis(2);

#[derive(Debug, Default)]
pub(super) struct Pulses {
    /// The ports that get them.
    ports: Arc<[ClockPort]>,
    /// Whether the outputs have heard of these.
    told: bool,
    /// The number of the next tick while they run; tick 0 is the beginning of the music.
    next: Option<i64>,
}

impl Pulses {
    /// Boxes that do not run yet go from here on, or from the next semiquaver.
    fn begin(&mut self, beats: Beats, transport: &Transport, agenda: &mut Agenda) {
        let position = beats.up_to(Beats::new(1, POSITIONS));
        let first = transport.frame_of(Beats::new(position, POSITIONS));
        let mut put = |message| agenda.put(first - transport.rate().frames_in(BEFORE), Action::Clock(message));
        if position == 0 {
            put(ClockMessage::Start);
        } else {
            put(ClockMessage::SongPosition((position % ALL_POSITIONS) as u16));
            put(ClockMessage::Continue);
        }
        self.next.get_or_insert(position * STRIDE);
    }

    fn send_until(&mut self, horizon: Frames, transport: &Transport, out: &mut dyn FnMut(ScheduledEvent)) {
        let Some(next) = &mut self.next else { return };
        loop {
            let at = transport.frame_of(Beats::new(*next, TICKS));
            if at >= horizon {
                break;
            }
            out(ScheduledEvent { at, action: Action::Clock(ClockMessage::Tick) });
            *next += 1;
        }
    }
}

impl Conductor {
    /// Other ports whose boxes follow the clock than before, once. The outputs have to know before the next [`Conductor::advance`].
    pub fn clocks(&mut self) -> Option<Arc<[ClockPort]>> {
        let Pulses { ports, told, .. } = &mut self.pulses;
        (!std::mem::replace(told, true)).then(|| Arc::clone(ports))
    }

    /// The rig with which a text was read says whose boxes follow. New ones go from the next bar line that is not fixed.
    pub(super) fn clock(&mut self, ports: &Arc<[ClockPort]>) {
        if self.pulses.ports != *ports {
            self.pulses.ports = Arc::clone(ports);
            self.pulses.told = false;
            self.begin_pulses();
        }
    }

    /// Boxes that do not run go from the next bar line that is not fixed, if the music does.
    pub(super) fn begin_pulses(&mut self) {
        if self.is_moving() && !self.pulses.ports.is_empty() {
            self.pulses.begin(self.timeline.next_start(), &self.transport, &mut self.agenda);
        }
    }

    /// Whether the box at this port follows.
    pub(super) fn has_clock(&self, port: &str) -> bool {
        self.pulses.ports.iter().any(|clock| clock.port == port)
    }

    /// Ticks that are due before `horizon`; through hush, too.
    pub(super) fn pulse(&mut self, horizon: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.pulses.send_until(horizon, &self.transport, out);
    }

    /// The music has stopped.
    pub(super) fn end_pulses(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        if self.pulses.next.take().is_some() {
            out(ScheduledEvent { at: now, action: Action::Clock(ClockMessage::Stop) });
        }
    }

    /// How much earlier than planned ticks have to leave.
    pub(super) fn pulse_latency(&self) -> Duration {
        let earlier = |port: &ClockPort| self.earlier(&port.port, port.latency_ms);
        self.pulses.ports.iter().map(earlier).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{RATE, play, run, scene};
    use super::super::*;
    use super::*;
    use crate::compose::Silent;

    const TUNE: &str = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:a by=loop\n[V:a] C8 |\n";

    fn clocked(text: &str, ports: &[&str]) -> Arc<Scene> {
        let ports = ports.iter().map(|port| ClockPort { port: (*port).to_owned(), latency_ms: 5 });
        let mut scene = (*scene(text)).clone();
        scene.clocks = ports.collect();
        Arc::new(scene)
    }

    /// What boxes are told in these frames; ticks by how many there were between other messages.
    fn told(events: &[ScheduledEvent]) -> Vec<(i64, String)> {
        let mut told: Vec<(i64, String)> = Vec::new();
        let mut ticks = 0;
        for event in events {
            match event.action {
                Action::Clock(ClockMessage::Tick) => ticks += 1,
                Action::Clock(message) => told.push((event.at.0, format!("{ticks} {message:?}"))),
                _ => {}
            }
        }
        told
    }

    #[test]
    fn boxes_start_with_the_music_and_count_with_it() {
        let mut conductor = Conductor::new(&clocked(TUNE, &["Drum"]), Box::new(Silent), RATE, 1, Pace::Offline);
        assert_eq!(conductor.clocks().unwrap().len(), 1);
        assert_eq!(conductor.clocks(), None);
        play(&mut conductor);
        let mut events = run(&mut conductor, 0, 48_000);
        // 80 ms, and what the box needs.
        let start = RATE.frames_in(START_LEAD).0 + 240;
        let ticks: Vec<i64> = events
            .iter()
            .filter(|event| event.action == Action::Clock(ClockMessage::Tick))
            .map(|event| event.at.0 - start)
            .collect();
        let horizon = 47_760 + RATE.frames_in(WINDOW).0 + 240 - start;
        assert_eq!(ticks, (0..horizon).step_by(1000).collect::<Vec<_>>());
        conductor.command(Command::Tempo(crate::transport::crotchets(60)), Frames(48_000), &mut |_| {});
        conductor.command(Command::Hush, Frames(48_000), &mut |event| events.push(event));
        events.extend(run(&mut conductor, 48_000, 4 * 96_000));
        conductor.command(Command::Stop, Frames(4 * 96_000), &mut |event| events.push(event));
        // One bar at 120, the rest of the time at 60; through hush.
        let slow = (4 * 96_000 - 240 + 3840 + 240 - (start + 96_000) + 1999) / 2000;
        let stopped = (4 * 96_000, format!("{} Stop", 96 + slow));
        assert_eq!(told(&events), [(start - 96, "0 Start".to_owned()), stopped]);
        // The first bar line that had not come.
        let next = conductor.timeline().next_bar();
        conductor.command(Command::Play, Frames(400_000), &mut |_| {});
        let events = run(&mut conductor, 400_000, 500_000);
        let position = 16 * (next - 1);
        let begun = 400_000 + start - 96;
        assert_eq!(told(&events), [(begun, format!("0 SongPosition({position})")), (begun, "0 Continue".to_owned())]);
    }

    #[test]
    fn a_box_that_is_named_or_found_in_mid_set_is_taken_along_from_a_bar_line() {
        let mut conductor = Conductor::new(&clocked(TUNE, &[]), Box::new(Silent), RATE, 1, Pace::Offline);
        play(&mut conductor);
        let mut events = run(&mut conductor, 0, 100_000);
        assert_eq!(events.iter().filter(|event| matches!(event.action, Action::Clock(_))).count(), 0);
        let scene = clocked(TUNE, &["Drum"]);
        conductor.command(Command::Evaluate { scene, fresh: false }, Frames(100_000), &mut |_| {});
        assert_eq!(conductor.clocks().unwrap()[0].port, "Drum");
        events = run(&mut conductor, 100_000, 300_000);
        let start = RATE.frames_in(START_LEAD).0;
        let joined = |bar: i64| {
            let at = start + 96_000 * (bar - 1) - 96;
            [(at, format!("SongPosition({})", 16 * (bar - 1))), (at, "Continue".to_owned())]
        };
        let strip = |told: Vec<(i64, String)>| -> Vec<(i64, String)> {
            told.into_iter().map(|(at, text)| (at, text[text.find(' ').unwrap() + 1..].to_owned())).collect()
        };
        assert_eq!(strip(told(&events)), joined(3));
        for there in [false, true] {
            conductor.command(Command::Port { port: "Drum".into(), there }, Frames(300_000), &mut |_| {});
        }
        let said: Vec<String> = conductor.messages().into_iter().map(|message| message.text).collect();
        assert!(said.contains(&"the MIDI port 'Drum' is missing: no clock".to_owned()), "{said:?}");
        events = run(&mut conductor, 300_000, 500_000);
        assert_eq!(strip(told(&events)), joined(5));
        // Ticks go on over all this, each once.
        let ticks: Vec<i64> = events
            .iter()
            .filter(|event| event.action == Action::Clock(ClockMessage::Tick))
            .map(|event| event.at.0)
            .collect();
        assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] == 1000));
        assert!(ticks.len() > 195);
    }

    /// They have to be with the box when its first tick is, however early that is.
    #[test]
    fn ticks_leave_early_enough_for_a_nudge() {
        let mut conductor = Conductor::new(&clocked(TUNE, &["Drum"]), Box::new(Silent), RATE, 1, Pace::Offline);
        conductor.command(Command::Nudge { output: "Drum".into(), ms: -100 }, Frames(0), &mut |_| {});
        play(&mut conductor);
        let mut first = None;
        for now in (0..48_000).step_by(48) {
            conductor.advance(Frames(now), &mut |event| {
                if event.action == Action::Clock(ClockMessage::Tick) {
                    first.get_or_insert((now, event.at.0));
                }
            });
        }
        // 80 ms, and what the box needs; it leaves in the turn after that which begins.
        assert_eq!(first, Some((48, RATE.frames_in(START_LEAD).0 + 240 + 4800)));
    }

    #[test]
    fn the_first_place_from_a_time_on() {
        let cases = [((0, 1), 0), ((1, 16), 1), ((1, 32), 1), ((7, 8), 14), ((33, 32), 17)];
        for ((n, d), expected) in cases {
            assert_eq!(Beats::new(n, d).up_to(Beats::SIXTEENTH), expected, "{n}/{d}");
        }
    }
}
