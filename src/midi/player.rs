//! What the MIDI thread does, or the audio cycle in its place, apart from waiting: the queue, the messages, the sounding notes. A function of events and
//! lateness; nothing here allocates after [`Player::new`]. Events have the channel in the place of the voice ([`crate::rig::Router`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use rtrb::Consumer;

use super::MidiSink;
use super::lateness::Lateness;
use crate::event::{Action, ClockMessage, ScheduledEvent, VoiceSlot};
use crate::queue::EventQueue;
use crate::time::{Frames, SampleRate};

/// A note that would start later than this is left out: a late chord is worse than a missing one. Note-offs are always sent.
pub const TOO_LATE: Duration = Duration::from_millis(50);

const NOTE_OFF: u8 = 0x80;
const NOTE_ON: u8 = 0x90;
const CONTROL: u8 = 0xB0;
const PROGRAM: u8 = 0xC0;

/// Pedal up, all sound off, all notes off.
const PANIC_CONTROLLERS: [u8; 3] = [64, 120, 123];

/// What the MIDI thread counts, readable from any thread.
#[derive(Debug, Default)]
pub struct MidiStats {
    sent: AtomicU64,
    dropped: AtomicU64,
    lateness: Lateness,
    lost: AtomicBool,
    realtime: AtomicU8,
}

impl MidiStats {
    /// Messages sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Note-ons left out, because they were too late or there were too many.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How long after they were due messages left.
    pub fn lateness(&self) -> &Lateness {
        &self.lateness
    }

    /// The port has refused a message and not taken one since.
    pub fn lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the thread has real-time priority; `None` until it has asked.
    pub fn realtime(&self) -> Option<bool> {
        match self.realtime.load(Ordering::Relaxed) {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        }
    }

    pub(super) fn set_realtime(&self, granted: bool) {
        self.realtime.store(if granted { 2 } else { 1 }, Ordering::Relaxed);
    }
}

/// Events in, messages out.
pub struct Player {
    sink: Box<dyn MidiSink>,
    events: Consumer<ScheduledEvent>,
    queue: EventQueue,
    too_late: Frames,
    rate: SampleRate,
    /// How many notes sound on each channel and pitch.
    sounding: Box<[[u8; 128]; 16]>,
    stats: Arc<MidiStats>,
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Player {{ {:?}, {:?} }}", self.queue, self.stats)
    }
}

impl Player {
    pub fn new(sink: Box<dyn MidiSink>, events: Consumer<ScheduledEvent>, rate: SampleRate) -> Player {
        Player {
            sink,
            events,
            queue: EventQueue::new(),
            too_late: rate.frames_in(TOO_LATE),
            rate,
            sounding: Box::new([[0; 128]; 16]),
            stats: Arc::default(),
        }
    }

    pub fn stats(&self) -> Arc<MidiStats> {
        Arc::clone(&self.stats)
    }

    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Takes what has come through the ring.
    pub fn collect(&mut self) {
        while self.queue.has_room()
            && let Ok(event) = self.events.pop()
        {
            if !self.queue.push(event) {
                self.stats.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The frame of the next event to send.
    pub fn next_at(&self) -> Option<Frames> {
        self.queue.next_at()
    }

    /// Sends every event up to frame `at`, of which the latest is `late`.
    pub fn send_due(&mut self, at: Frames, late: Duration) {
        let now = at + self.rate.frames_in(late);
        while let Some(event) = self.queue.pop_due(at) {
            if matches!(event.action, Action::NoteOn { .. }) && now - event.at > self.too_late {
                self.stats.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            // What ends everything has no time of its own.
            if !matches!(event.action, Action::AllNotesOff | Action::Flush | Action::Panic) {
                self.stats.lateness.record(late + self.rate.duration_of(at - event.at));
            }
            self.play(event.action);
        }
    }

    fn play(&mut self, action: Action) {
        match action {
            Action::NoteOn { voice, pitch, velocity } => {
                self.note_on(channel(voice), pitch & 127, velocity.clamp(1, 127));
            }
            Action::NoteOff { voice, pitch } => self.note_off(channel(voice), pitch & 127),
            Action::Control { voice, controller, value } => {
                self.send(&[CONTROL | channel(voice), controller & 127, value & 127]);
            }
            Action::Program { voice, program } => self.send(&[PROGRAM | channel(voice), program & 127]),
            Action::Clock(ClockMessage::Tick) => self.send(&[0xF8]),
            Action::Clock(ClockMessage::Start) => self.send(&[0xFA]),
            Action::Clock(ClockMessage::Continue) => self.send(&[0xFB]),
            Action::Clock(ClockMessage::Stop) => self.send(&[0xFC]),
            Action::Clock(ClockMessage::SongPosition(at)) => {
                self.send(&[0xF2, (at & 127) as u8, (at >> 7 & 127) as u8]);
            }
            Action::AllNotesOff => self.silence(),
            Action::Panic => self.panic(),
            Action::Flush | Action::DelayTime { .. } => {}
        }
    }

    fn note_on(&mut self, channel: u8, pitch: u8, velocity: u8) {
        let count = self.sounding[usize::from(channel)][usize::from(pitch)];
        if count > 0 {
            // Struck again: the receiver must see it end first.
            self.send(&[NOTE_OFF | channel, pitch, 0]);
        }
        self.sounding[usize::from(channel)][usize::from(pitch)] = count.saturating_add(1);
        self.send(&[NOTE_ON | channel, pitch, velocity]);
    }

    /// A pitch that several voices of a channel hold ends with the last of them.
    fn note_off(&mut self, channel: u8, pitch: u8) {
        let count = &mut self.sounding[usize::from(channel)][usize::from(pitch)];
        if *count == 0 {
            return;
        }
        *count -= 1;
        if *count == 0 {
            self.send(&[NOTE_OFF | channel, pitch, 0]);
        }
    }

    /// A note-off for each sounding note.
    pub fn silence(&mut self) {
        for channel in 0..16 {
            for pitch in 0..128 {
                if std::mem::take(&mut self.sounding[usize::from(channel)][usize::from(pitch)]) > 0 {
                    self.send(&[NOTE_OFF | channel, pitch, 0]);
                }
            }
        }
    }

    /// [`Player::silence`], then the panic controllers on every channel.
    pub fn panic(&mut self) {
        self.silence();
        for channel in 0..16 {
            for controller in PANIC_CONTROLLERS {
                self.send(&[CONTROL | channel, controller, 0]);
            }
        }
    }

    fn send(&mut self, message: &[u8]) {
        let sent = self.sink.send(message).is_ok();
        self.stats.lost.store(!sent, Ordering::Relaxed);
        if sent {
            self.stats.sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whose place the channel takes.
fn channel(voice: VoiceSlot) -> u8 {
    voice.0 & 15
}
