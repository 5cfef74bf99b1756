use std::sync::Mutex;

use super::*;
use crate::event::{Action, ClockMessage};
use crate::time::{Frames, SampleRate};

const RATE: SampleRate = SampleRate(48_000);
const LEAD: VoiceSlot = VoiceSlot(0);
/// In the channel of percussion.
const KIT: VoiceSlot = VoiceSlot(PERCUSSION);

/// Writes down what is sent.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Vec<u8>>>>);

impl Recorder {
    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.lock().expect("not poisoned"))
    }
}

impl MidiSink for Recorder {
    fn send(&mut self, message: &[u8]) -> Result<(), MidiError> {
        self.0.lock().expect("not poisoned").push(message.to_vec());
        Ok(())
    }
}

struct Unplugged;

impl MidiSink for Unplugged {
    fn send(&mut self, _: &[u8]) -> Result<(), MidiError> {
        Err(MidiError(String::new()))
    }
}

fn on(at: i64, voice: VoiceSlot, pitch: u8) -> ScheduledEvent {
    ScheduledEvent { at: Frames(at), action: Action::NoteOn { voice, pitch, velocity: 90 } }
}

fn off(at: i64, voice: VoiceSlot, pitch: u8) -> ScheduledEvent {
    ScheduledEvent { at: Frames(at), action: Action::NoteOff { voice, pitch } }
}

fn player(sink: impl MidiSink + 'static, events: &[ScheduledEvent]) -> Player {
    let (mut ring, consumer) = RingBuffer::new(64);
    for event in events {
        ring.push(*event).expect("room");
    }
    let mut player = Player::new(Box::new(sink), consumer, RATE);
    player.collect();
    player
}

#[test]
fn at_equal_times_clock_then_ends_then_starts() {
    let recorder = Recorder::default();
    let tick = ScheduledEvent { at: Frames(10), action: Action::Clock(ClockMessage::Tick) };
    let events = [on(0, LEAD, 60), on(10, LEAD, 62), off(10, LEAD, 60), tick, on(10, KIT, 36)];
    let mut player = player(recorder.clone(), &events);
    player.send_due(Frames(9), Duration::ZERO);
    assert_eq!(recorder.take(), [vec![0x90, 60, 90]]);
    player.send_due(Frames(10), Duration::ZERO);
    assert_eq!(recorder.take(), [vec![0xF8], vec![0x80, 60, 0], vec![0x90, 62, 90], vec![0x99, 36, 90]]);
}

#[test]
fn late_starts_are_dropped_late_ends_never() {
    let recorder = Recorder::default();
    let mut player = player(recorder.clone(), &[on(0, LEAD, 60), off(4800, LEAD, 60), on(4800, LEAD, 62)]);
    player.send_due(Frames(0), Duration::from_millis(50));
    assert_eq!(recorder.take(), [vec![0x90, 60, 90]]);
    player.send_due(Frames(4800), Duration::from_millis(51));
    assert_eq!(recorder.take(), [vec![0x80, 60, 0]]);
    assert_eq!(player.stats().dropped(), 1);
    let timing = Timing::of([player.stats().lateness()].into_iter());
    assert_eq!((timing.messages, timing.max.as_micros()), (2, 51_000), "of those that were sent");
}

#[test]
fn stop_ends_each_sounding_note_once_and_panic_tells_every_channel() {
    let recorder = Recorder::default();
    let mut player = player(recorder.clone(), &[on(0, LEAD, 60), on(0, LEAD, 64), on(0, KIT, 36), off(1, LEAD, 64)]);
    player.send_due(Frames(1), Duration::ZERO);
    recorder.take();
    player.silence();
    assert_eq!(recorder.take(), [vec![0x80, 60, 0], vec![0x89, 36, 0]]);
    player.silence();
    assert!(recorder.take().is_empty());
    player.panic();
    let sent = recorder.take();
    assert_eq!(sent.len(), 48);
    assert!((0..16).all(|channel| [64, 120, 123].iter().all(|&cc| sent.contains(&vec![0xB0 | channel, cc, 0]))));
}

#[test]
fn a_pitch_struck_again_ends_first_and_a_shared_one_ends_with_its_last_holder() {
    let recorder = Recorder::default();
    let mut player = player(recorder.clone(), &[on(0, LEAD, 60), on(5, LEAD, 60), off(7, LEAD, 60), off(9, LEAD, 60)]);
    player.send_due(Frames(9), Duration::ZERO);
    assert_eq!(recorder.take(), [vec![0x90, 60, 90], vec![0x80, 60, 0], vec![0x90, 60, 90], vec![0x80, 60, 0]]);
}

#[test]
fn a_port_that_vanishes_is_told_and_survived() {
    let mut player = player(Unplugged, &[on(0, LEAD, 60)]);
    player.send_due(Frames(0), Duration::ZERO);
    assert!(player.stats().lost());
    assert_eq!(player.stats().sent(), 0);
    player.panic();
}

#[test]
fn channels_go_round_percussion() {
    let channels = Channels::for_voices(&[false, true, false, true]);
    assert_eq!(channels.0[..4], [0, 9, 1, 9]);
    assert!(Channels::for_voices(&[]).0.iter().all(|&channel| channel != PERCUSSION && channel < 16));
}

#[test]
fn the_thread_sends_and_ends_what_sounds_when_dropped() {
    let recorder = Recorder::default();
    let clock = Clock::free_running(RATE);
    let mut output = MidiOutput::start(Box::new(recorder.clone()), Arc::clone(&clock));
    let now = clock.now();
    output.send(on(now.0 + 480, LEAD, 60)).expect("room");
    // Later than the late policy allows, should the machine be that slow: then there is nothing to end either.
    while output.stats().sent() + output.stats().dropped() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(output);
    let sent = recorder.take();
    assert!(sent.is_empty() || sent == [vec![0x90, 60, 90], vec![0x80, 60, 0]], "{sent:?}");
}
