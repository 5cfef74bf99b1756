//! MIDI. Out: a thread for each port that sends each event when the clock says it is due, real-time where permitted, or the audio cycle of a
//! system that carries MIDI ([`CyclePort`]); neither allocates. In: the system's ports. A room looks after what is plugged in ([`Ports`]).

mod cycle;
mod input;
mod inputs;
mod keys;
mod lateness;
mod listen;
pub mod mapping;
mod message;
mod patchbay;
mod player;
mod port;
mod room;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rtrb::{Producer, PushError, RingBuffer};

use crate::clock::Clock;
use crate::engine::RING_CAPACITY;
use crate::event::{ScheduledEvent, VoiceSlot};
use crate::prompt::MAX_VOICES;
use crate::realtime;
pub use cycle::{CycleMidi, CyclePort};
pub use input::{Input, inputs};
pub use inputs::{InputNews, Inputs};
pub use keys::{Ear, Listener};
pub use lateness::{Lateness, Timing};
pub use listen::{Arrival, CycleInputs, INPUTS};
pub use message::Message;
pub use patchbay::{Connections, Partners, Patchbay};
pub use player::{MidiStats, Player};
pub use port::{PortInfo, PortSink, open, ports, position};
pub use room::{News, Ports};

/// How long the thread sleeps at most while events wait: a sooner one may arrive.
const POLL: Duration = Duration::from_millis(1);

/// How long it sleeps with nothing to do; sending to it wakes it.
const IDLE: Duration = Duration::from_millis(50);

/// With real-time rights the last stretch is spun, since waking takes up to some 50 µs.
const SPIN: Duration = Duration::from_micros(80);

/// MIDI's channel 10, counted from 0.
pub const PERCUSSION: u8 = 9;

/// Where MIDI messages go: a port, or a list in tests. `send` is called on the MIDI thread with one whole message.
pub trait MidiSink: Send {
    fn send(&mut self, message: &[u8]) -> Result<(), MidiError>;
}

/// What is wrong with MIDI, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidiError(pub String);

impl std::fmt::Display for MidiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MidiError {}

/// Which channel (0 to 15) each slot plays on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels(pub [u8; MAX_VOICES]);

impl Channels {
    /// Percussion on channel 10, the others in order on the channels around it.
    #[must_use]
    pub fn for_voices(is_percussion: &[bool]) -> Channels {
        let mut channels = [0; MAX_VOICES];
        let mut melodic = (0..16).filter(|&channel| channel != PERCUSSION).cycle();
        for (slot, channel) in channels.iter_mut().enumerate() {
            let percussion = is_percussion.get(slot).copied().unwrap_or(false);
            *channel = if percussion { PERCUSSION } else { melodic.next().unwrap_or(0) };
        }
        Channels(channels)
    }

    #[must_use]
    pub fn of(&self, voice: VoiceSlot) -> u8 {
        self.0[usize::from(voice.0) % MAX_VOICES] & 15
    }
}

/// One MIDI output that is running. Dropping it ends every sounding note and closes the port.
#[derive(Debug)]
pub struct MidiOutput {
    events: Producer<ScheduledEvent>,
    stats: Arc<MidiStats>,
    /// None where the audio cycle plays it.
    thread: Option<MidiThread>,
}

#[derive(Debug)]
struct MidiThread {
    stop: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl MidiOutput {
    /// Starts the thread. Everything waits for the audio device's own latency, so that synth and hardware sound together.
    #[must_use]
    pub fn start(sink: Box<dyn MidiSink>, clock: Arc<Clock>) -> MidiOutput {
        let (events, consumer) = RingBuffer::new(RING_CAPACITY);
        let player = Player::new(sink, consumer, clock.rate());
        let stats = player.stats();
        let stop = Arc::new(AtomicBool::new(false));
        let handle = {
            let stop = Arc::clone(&stop);
            std::thread::Builder::new()
                .name("midi".to_owned())
                .spawn(move || run(player, &clock, &stop))
                .expect("the system gives threads")
        };
        MidiOutput { events, stats, thread: Some(MidiThread { stop, handle }) }
    }

    /// Hands an event to the thread; gives it back when the ring is full.
    pub fn send(&mut self, event: ScheduledEvent) -> Result<(), ScheduledEvent> {
        let sent = self.events.push(event).map_err(|PushError::Full(event)| event);
        if let Some(thread) = &self.thread {
            thread.handle.thread().unpark();
        }
        sent
    }

    #[must_use]
    pub fn stats(&self) -> Arc<MidiStats> {
        Arc::clone(&self.stats)
    }

    /// One without a thread, and what it is sent.
    #[cfg(test)]
    pub(crate) fn held() -> (MidiOutput, rtrb::Consumer<ScheduledEvent>) {
        let (events, sent) = RingBuffer::new(RING_CAPACITY);
        (MidiOutput { events, stats: Arc::default(), thread: None }, sent)
    }
}

impl Drop for MidiOutput {
    fn drop(&mut self) {
        if let Some(MidiThread { stop, handle }) = self.thread.take() {
            stop.store(true, Ordering::Release);
            handle.thread().unpark();
            let _ = handle.join();
        }
    }
}

fn run(mut player: Player, clock: &Clock, stop: &AtomicBool) {
    let realtime = realtime::raise(realtime::MIDI_PRIORITY).is_ok();
    player.stats().set_realtime(realtime);
    let spin = if realtime { SPIN } else { Duration::ZERO };
    while !stop.load(Ordering::Acquire) {
        player.collect();
        let Some(at) = player.next_at() else {
            std::thread::park_timeout(IDLE);
            continue;
        };
        let due = clock.instant_at(at) + clock.latency();
        let wait = due.saturating_duration_since(Instant::now()).saturating_sub(spin);
        if !wait.is_zero() {
            std::thread::park_timeout(wait.min(POLL));
            continue;
        }
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        let late = Instant::now().saturating_duration_since(due);
        player.send_due(at, late);
    }
    player.collect();
    player.silence();
}

#[cfg(test)]
mod tests;
