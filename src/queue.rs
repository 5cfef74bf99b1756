//! Events that wait for their frame. Owned by whoever plays them: the audio callback and the MIDI thread have one each.
//! Allocates when made and never after.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::event::{Action, ClockMessage, ScheduledEvent};
use crate::time::Frames;

/// Note-ons are refused while this many events wait.
pub const MAX_WAITING: usize = 1024;

/// Room for everything else, so that no note-off is ever refused. When even this is full, events stay in the ring that they
/// come through until there is room.
const CAPACITY: usize = 4 * MAX_WAITING;

#[derive(Clone, Copy, Debug)]
struct Waiting {
    event: ScheduledEvent,
    arrival: u64,
}

/// At equal frames: first what ends everything, then clock, note-offs, controllers, note-ons.
fn rank(action: Action) -> u8 {
    match action {
        Action::Flush | Action::AllNotesOff | Action::Panic => 0,
        Action::Clock(_) => 1,
        Action::NoteOff { .. } => 2,
        Action::Control { .. } | Action::Program { .. } | Action::DelayTime { .. } => 3,
        Action::NoteOn { .. } => 4,
    }
}

impl Waiting {
    fn key(&self) -> (Frames, u8, u64) {
        (self.event.at, rank(self.event.action), self.arrival)
    }
}

impl Ord for Waiting {
    /// Reversed, since the heap gives its greatest first.
    fn cmp(&self, other: &Waiting) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiting {}

/// A priority queue of fixed capacity.
#[derive(Debug)]
pub struct EventQueue {
    heap: BinaryHeap<Waiting>,
    arrivals: u64,
}

impl Default for EventQueue {
    fn default() -> Self {
        EventQueue::new()
    }
}

impl EventQueue {
    #[must_use]
    pub fn new() -> EventQueue {
        EventQueue { heap: BinaryHeap::with_capacity(CAPACITY), arrivals: 0 }
    }

    /// Whether [`EventQueue::push`] may be called.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.heap.len() < CAPACITY
    }

    /// Takes an event; `false` when it was a note-on for which there was no room. The caller asks [`EventQueue::has_room`] first.
    pub fn push(&mut self, event: ScheduledEvent) -> bool {
        debug_assert!(self.has_room());
        let refused = self.heap.len() >= MAX_WAITING && matches!(event.action, Action::NoteOn { .. });
        if !refused && self.has_room() {
            self.heap.push(Waiting { event, arrival: self.arrivals });
        }
        self.arrivals += 1;
        !refused
    }

    /// The frame of the next event.
    #[must_use]
    pub fn next_at(&self) -> Option<Frames> {
        self.heap.peek().map(|waiting| waiting.event.at)
    }

    /// The next event whose frame is not after `now`. A flush, a panic or the clock's stop takes effect here, before it is returned.
    pub fn pop_due(&mut self, now: Frames) -> Option<ScheduledEvent> {
        if self.next_at()? > now {
            return None;
        }
        let Waiting { event, arrival } = self.heap.pop()?;
        if event.action == Action::Clock(ClockMessage::Stop) {
            // A box that is told to go on at once counts from there, and one that was about to start does not.
            self.heap.retain(|waiting| !matches!(waiting.event.action, Action::Clock(_)) || waiting.arrival > arrival);
        }
        if matches!(event.action, Action::Flush | Action::Panic) {
            self.heap
                .retain(|waiting| !matches!(waiting.event.action, Action::NoteOn { .. }) || waiting.arrival > arrival);
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::VoiceSlot;

    const VOICE: VoiceSlot = VoiceSlot(0);

    fn on(at: i64, pitch: u8) -> ScheduledEvent {
        ScheduledEvent { at: Frames(at), action: Action::NoteOn { voice: VOICE, pitch, velocity: 90 } }
    }

    fn off(at: i64, pitch: u8) -> ScheduledEvent {
        ScheduledEvent { at: Frames(at), action: Action::NoteOff { voice: VOICE, pitch } }
    }

    fn drain(queue: &mut EventQueue) -> Vec<ScheduledEvent> {
        std::iter::from_fn(|| queue.pop_due(Frames(i64::MAX))).collect()
    }

    #[test]
    fn events_come_out_by_frame_then_offs_before_ons_then_arrival() {
        let mut queue = EventQueue::new();
        for event in [on(20, 3), on(10, 1), on(10, 2), off(10, 9)] {
            assert!(queue.push(event));
        }
        assert_eq!(queue.pop_due(Frames(9)), None);
        assert_eq!(drain(&mut queue), [off(10, 9), on(10, 1), on(10, 2), on(20, 3)]);
    }

    #[test]
    fn a_flush_drops_earlier_note_ons_only() {
        let mut queue = EventQueue::new();
        let flush = ScheduledEvent { at: Frames(5), action: Action::Flush };
        for event in [on(10, 1), off(12, 1), flush, on(11, 2)] {
            queue.push(event);
        }
        assert_eq!(drain(&mut queue), [flush, on(11, 2), off(12, 1)]);
    }

    #[test]
    fn the_clocks_stop_drops_what_the_clock_was_to_say() {
        let mut queue = EventQueue::new();
        let clock = |at, message| ScheduledEvent { at: Frames(at), action: Action::Clock(message) };
        let (tick, stop, start) = (ClockMessage::Tick, ClockMessage::Stop, ClockMessage::Start);
        for event in
            [clock(4, tick), clock(6, start), clock(9, tick), on(9, 1), clock(5, stop), clock(7, start), clock(8, tick)]
        {
            queue.push(event);
        }
        let expected = [clock(4, tick), clock(5, stop), clock(7, start), clock(8, tick), on(9, 1)];
        assert_eq!(drain(&mut queue), expected);
    }

    #[test]
    fn a_full_queue_refuses_note_ons_but_no_note_off() {
        let mut queue = EventQueue::new();
        let taken = (0..2 * MAX_WAITING as i64).filter(|&at| queue.push(on(at, 1))).count();
        assert_eq!(taken, MAX_WAITING);
        assert!((0..2 * MAX_WAITING as i64).all(|at| queue.push(off(at, 1))));
        assert!(queue.has_room());
        assert_eq!(drain(&mut queue).len(), 3 * MAX_WAITING);
    }
}
