//! MIDI within an audio cycle: the messages of each cycle with the frame at which they stand in it. Runs in the process callback of an audio
//! system that carries MIDI with frame times (JACK), in the place of the MIDI thread; nothing here allocates after it was made.

use std::sync::{Arc, Mutex};

use rtrb::{Consumer, Producer, RingBuffer};

use super::{Arrival, Connections, MidiError, MidiOutput, MidiSink, Player};
use crate::engine::RING_CAPACITY;
use crate::time::{Frames, SampleRate};

/// Messages of one frame at most: silence on every channel and pitch, and a panic.
const MESSAGES: usize = 4096;

/// A message of up to three bytes.
#[derive(Clone, Copy, Debug)]
struct Message {
    bytes: [u8; 3],
    length: u8,
}

/// Where the player puts what is due at one frame. Both ends are on the callback's thread.
struct Tray(Producer<Message>);

impl MidiSink for Tray {
    fn send(&mut self, message: &[u8]) -> Result<(), MidiError> {
        let mut bytes = [0; 3];
        // An empty sentence, since this must not allocate.
        let refused = |()| MidiError(String::new());
        bytes.get_mut(..message.len()).ok_or(()).map_err(refused)?.copy_from_slice(message);
        self.0.push(Message { bytes, length: message.len() as u8 }).map_err(|_| MidiError(String::new()))
    }
}

/// A MIDI output that is played cycle by cycle.
#[derive(Debug)]
pub struct CyclePort {
    player: Player,
    tray: Consumer<Message>,
}

/// What an audio system that carries MIDI has of it.
#[derive(Debug)]
pub struct CycleMidi {
    pub outputs: Vec<CyclePort>,
    /// Takes what comes.
    pub arrivals: Producer<Arrival>,
    /// How its ports are to be connected.
    pub connections: Arc<Mutex<Connections>>,
}

impl CyclePort {
    /// Writes the messages of the `frames` frames from `from` on, each with its place in the cycle, in order. What is already past
    /// stands at the cycle's beginning, as does what the cycle before did not take: `write` says whether there was room.
    pub fn play(&mut self, from: Frames, frames: u32, write: &mut dyn FnMut(u32, &[u8]) -> bool) {
        self.player.collect();
        let end = from + Frames(i64::from(frames));
        let mut room = self.write(0, write);
        while let Some(at) = self.player.next_at().filter(|at| room && *at < end) {
            let place = at - from;
            let late = self.player.rate().duration_of(Frames((-place.0).max(0)));
            self.player.send_due(at, late);
            room = self.write(place.0.max(0) as u32, write);
        }
    }

    /// A note-off for each sounding note, at the cycle's beginning.
    pub fn silence(&mut self, write: &mut dyn FnMut(u32, &[u8]) -> bool) {
        self.player.silence();
        self.write(0, write);
    }

    /// Whether everything was taken; what was not waits for the next cycle.
    fn write(&mut self, place: u32, write: &mut dyn FnMut(u32, &[u8]) -> bool) -> bool {
        while let Ok(message) = self.tray.peek() {
            if !write(place, &message.bytes[..usize::from(message.length)]) {
                return false;
            }
            let _ = self.tray.pop();
        }
        true
    }
}

impl MidiOutput {
    /// An output without a thread: who runs the audio cycles plays the port.
    #[must_use]
    pub fn in_cycle(rate: SampleRate) -> (MidiOutput, CyclePort) {
        let (events, consumer) = RingBuffer::new(RING_CAPACITY);
        let (messages, tray) = RingBuffer::new(MESSAGES);
        let player = Player::new(Box::new(Tray(messages)), consumer, rate);
        let output = MidiOutput { events, stats: player.stats(), thread: None };
        (output, CyclePort { player, tray })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, ClockMessage, ScheduledEvent, VoiceSlot};

    const RATE: SampleRate = SampleRate(48_000);
    const VOICE: VoiceSlot = VoiceSlot(0);

    fn note(at: i64, pitch: u8, on: bool) -> ScheduledEvent {
        let action = if on {
            Action::NoteOn { voice: VOICE, pitch, velocity: 90 }
        } else {
            Action::NoteOff { voice: VOICE, pitch }
        };
        ScheduledEvent { at: Frames(at), action }
    }

    /// Plays cycles of 256 frames; the messages with their frames since the first.
    fn played(cycles: i64, events: &[ScheduledEvent]) -> Vec<(i64, Vec<u8>)> {
        let (mut output, mut port) = MidiOutput::in_cycle(RATE);
        for event in events {
            output.send(*event).unwrap();
        }
        let mut messages = Vec::new();
        for cycle in 0..cycles {
            let from = Frames(1000 + 256 * cycle);
            port.play(from, 256, &mut |place, bytes| {
                assert!(place < 256);
                messages.push((from.0 + i64::from(place), bytes.to_vec()));
                true
            });
        }
        messages
    }

    #[test]
    fn every_message_stands_at_its_frame() {
        let tick = ScheduledEvent { at: Frames(1255), action: Action::Clock(ClockMessage::Tick) };
        let events = [note(1000, 60, true), note(1255, 60, false), note(1256, 62, true), tick, note(2000, 62, false)];
        let expected = [(1000, vec![0x90, 60, 90]), (1255, vec![0xF8]), (1255, vec![0x80, 60, 0])];
        let expected = expected.into_iter().chain([(1256, vec![0x90, 62, 90]), (2000, vec![0x80, 62, 0])]);
        assert_eq!(played(4, &events), expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_note_that_is_far_too_late_is_left_out_and_its_end_is_not() {
        let late = [note(900, 60, true), note(940, 61, true), note(990, 61, false)];
        assert_eq!(played(1, &late).len(), 3);
        let far = [note(-9000, 60, true), note(-8000, 60, false)];
        assert_eq!(played(1, &far), []);
        let held = [note(900, 60, true), note(-9000, 61, true), note(1100, 60, false)];
        assert_eq!(played(1, &held), [(1000, vec![0x90, 60, 90]), (1100, vec![0x80, 60, 0])]);
    }

    /// A chord of three, and cycles that take two messages each.
    #[test]
    fn what_a_cycle_has_no_room_for_is_in_the_next() {
        let (mut output, mut port) = MidiOutput::in_cycle(RATE);
        for pitch in [60, 64, 67] {
            output.send(note(0, pitch, true)).unwrap();
            output.send(note(200, pitch, false)).unwrap();
        }
        let mut messages = Vec::new();
        for cycle in 0..4 {
            let mut room = 2;
            port.play(Frames(256 * cycle), 256, &mut |place, bytes| {
                if room > 0 {
                    messages.push((cycle, place, bytes[..2].to_vec()));
                }
                room -= 1;
                room >= 0
            });
        }
        let expected = [
            (0, 0, [0x90, 60]),
            (0, 0, [0x90, 64]),
            (1, 0, [0x90, 67]),
            (1, 0, [0x80, 60]),
            (2, 0, [0x80, 64]),
            (2, 0, [0x80, 67]),
        ];
        assert_eq!(messages, expected.map(|(cycle, place, bytes)| (cycle, place, bytes.to_vec())));
    }

    #[test]
    fn silence_ends_what_sounds() {
        let (mut output, mut port) = MidiOutput::in_cycle(RATE);
        output.send(note(0, 60, true)).unwrap();
        port.play(Frames(0), 64, &mut |_, _| true);
        let mut ended = Vec::new();
        port.silence(&mut |place, bytes| {
            ended.push((place, bytes.to_vec()));
            true
        });
        assert_eq!(ended, [(0, vec![0x80, 60, 0])]);
    }
}
