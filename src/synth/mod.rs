//! The built-in synthesiser: a pool of voices per slot, a mixer, a reverb and a delay send, a limiter. Plays on the audio thread: after
//! [`Synth::new`] nothing here allocates, locks, logs or calls the system.
//!
//! Everything with a heap is built elsewhere and comes in through a lane; what it replaces goes home through another, to be
//! dropped by [`PatchLane::collect`].

pub mod bench;
mod delay;
mod held;
mod limiter;
mod meters;
pub mod nodes;
pub mod patch;
mod pool;
mod slot;
pub mod voice;

use std::fmt;
use std::sync::{Arc, LazyLock};

use fundsp::prelude32::{AudioUnit, BufferVec, reverb_stereo};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::event::{Action, VoiceSlot};
use crate::prompt::MAX_VOICES;
use crate::time::SampleRate;
use delay::Delay;
use limiter::Limiter;
use meters::Measured;
pub use meters::{Level, Meters, SCOPE};
pub use patch::{Patch, PatchError};
pub use pool::{POOL_VOICES, Pool};
use slot::{Buses, Slot};
pub use voice::BLOCK;

/// Voices that may sound together over all slots. The next note beyond steals one.
pub const MAX_SOUNDING: usize = 64;
/// A patch to measure with: full level on the first sample, and gone five milliseconds after its end.
pub const CLICK: &str = "adsr(0, 0, 1, 0.005) * 0.5";
/// What counts in: a short sine, gone by itself.
static COUNT: LazyLock<Patch> =
    LazyLock::new(|| Patch::parse("count", "sine(pitch) * decay(0.08) * 0.9").expect("a patch of ours"));

/// Patch changes under way at once; more must wait for the audio side to take them.
const LANE_CAPACITY: usize = 64;

/// A hall of this size (m), reverberation time (s) and damping (0 to 1).
const REVERB: (f32, f32, f32) = (14.0, 2.0, 0.6);

/// In which a panic ends reverb and echoes: a little longer than it ends voices.
const WET_SECONDS: f32 = 0.006;

/// A pool for a slot, on its way to the audio thread.
#[derive(Debug)]
pub struct SlotPatch {
    pub slot: VoiceSlot,
    pub pool: Box<Pool>,
}

/// The front end of patch changes; lives off the audio thread.
#[derive(Debug)]
pub struct PatchLane {
    rate: SampleRate,
    to_synth: Producer<SlotPatch>,
    home: Consumer<Box<Pool>>,
}

/// The audio side has not taken the changes before this one; try again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneFull;

impl PatchLane {
    /// Builds voices of `patch` and sends them to `slot`. They are heard from the slot's next note on; sounding notes ring out
    /// with the patch they began with.
    pub fn assign(&mut self, slot: VoiceSlot, patch: &Patch) -> Result<(), LaneFull> {
        self.collect();
        if self.to_synth.is_full() {
            return Err(LaneFull);
        }
        let pool = Pool::build(patch, self.rate, POOL_VOICES);
        self.to_synth.push(SlotPatch { slot, pool }).map_err(|_| LaneFull)
    }

    /// Drops the pools that the audio thread has done with. Call it now and then.
    pub fn collect(&mut self) {
        while self.home.pop().is_ok() {}
    }
}

/// The synth proper: a function of actions and frame count.
pub struct Synth {
    slots: Vec<Slot>,
    patches: Consumer<SlotPatch>,
    home: Producer<Box<Pool>>,
    /// Note-ons so far.
    age: u64,
    /// Frames so far; controls move at multiples of [`BLOCK`], so that the sound does not depend on the callback's size.
    frame: u64,
    reverb: Box<dyn AudioUnit>,
    delay: Delay,
    send: BufferVec,
    wet: BufferVec,
    scratch: BufferVec,
    /// Frames for which the reverb still rings after its last input.
    ringing: u32,
    reverb_frames: u32,
    /// Gain of reverb and echoes; a panic takes it down.
    wet_gain: f32,
    wet_step: f32,
    /// That of a panic, for each frame.
    panic_step: f32,
    limiter: Limiter,
    measured: [Measured; 2],
    meters: Arc<Meters>,
}

impl fmt::Debug for Synth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Synth {{ frame: {}, sounding: {} }}", self.frame, self.sounding())
    }
}

impl Synth {
    /// A synth whose slot `n` plays `patches[n]`; slots without a patch are silent until they are given one, but for [`VoiceSlot::COUNT_IN`].
    #[must_use]
    pub fn new(rate: SampleRate, patches: &[Option<&Patch>]) -> (Synth, PatchLane) {
        let (to_synth, from_front) = RingBuffer::new(LANE_CAPACITY);
        // Each pool that comes in sends at most one home, so the way back never overflows while the front collects; when it
        // does not, pools wait in their slots.
        let (to_front, home) = RingBuffer::new(2 * LANE_CAPACITY);
        let mut reverb: Box<dyn AudioUnit> = Box::new(reverb_stereo(REVERB.0, REVERB.1, REVERB.2));
        reverb.set_sample_rate(f64::from(rate.0));
        reverb.allocate();
        reverb.reset();
        let slots = (0..MAX_VOICES)
            .map(|index| {
                let patch = patches.get(index).copied().flatten();
                Slot::new(rate, patch.map(|patch| Pool::build(patch, rate, POOL_VOICES)))
            })
            .chain([Slot::dry(rate, Pool::build(&COUNT, rate, 2))])
            .collect();
        let synth = Synth {
            slots,
            patches: from_front,
            home: to_front,
            age: 0,
            frame: 0,
            reverb,
            delay: Delay::new(rate),
            send: BufferVec::new(2),
            wet: BufferVec::new(2),
            scratch: BufferVec::new(2),
            ringing: 0,
            // Twice the time to -60 dB.
            reverb_frames: (2.0 * REVERB.1 * rate.0 as f32) as u32,
            wet_gain: 1.0,
            wet_step: 0.0,
            panic_step: 1.0 / (WET_SECONDS * rate.0 as f32),
            limiter: Limiter::new(rate),
            measured: [Measured::new(rate); 2],
            meters: Arc::default(),
        };
        (synth, PatchLane { rate, to_synth, home })
    }

    /// Voices that sound, release tails included.
    #[must_use]
    pub fn sounding(&self) -> usize {
        self.slots.iter().map(Slot::sounding).sum()
    }

    /// What is seen of the sound.
    #[must_use]
    pub fn meters(&self) -> Arc<Meters> {
        Arc::clone(&self.meters)
    }

    /// Does `action` before the next rendered frame.
    pub fn handle(&mut self, action: Action) {
        match action {
            Action::NoteOn { voice, pitch, velocity } => self.note_on(voice, pitch, velocity),
            Action::NoteOff { voice, pitch } => self.slot(voice).note_off(pitch),
            Action::Control { voice, controller, value } => self.slot(voice).control(controller, value),
            Action::DelayTime { frames } => self.delay.set(frames),
            Action::AllNotesOff => self.slots.iter_mut().for_each(Slot::release_all),
            Action::Panic => {
                self.slots.iter_mut().for_each(Slot::fade_all);
                self.wet_step = self.panic_step;
            }
            // The synth's programs are its patches; pending events are the renderer's.
            Action::Program { .. } | Action::Flush | Action::Clock(_) => {}
        }
    }

    fn slot(&mut self, voice: VoiceSlot) -> &mut Slot {
        let last = self.slots.len() - 1;
        &mut self.slots[usize::from(voice.0).min(last)]
    }

    fn note_on(&mut self, voice: VoiceSlot, pitch: u8, velocity: u8) {
        self.take_patches();
        if self.sounding() >= MAX_SOUNDING && self.slot(voice).needs_voice() {
            let first = self.slots.iter_mut().filter_map(|slot| slot.claim().map(|claim| (claim, slot)));
            if let Some((_, slot)) = first.min_by_key(|(claim, _)| *claim) {
                slot.steal();
            }
        }
        self.age += 1;
        let age = self.age;
        self.slot(voice).note_on(pitch, velocity, age);
    }

    /// Renders the next frames, overwriting both slices, which are equally long.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        assert_eq!(left.len(), right.len(), "one length for both channels");
        self.take_patches();
        let mut from = 0;
        while from < left.len() {
            let phase = (self.frame % BLOCK as u64) as usize;
            if phase == 0 {
                self.slots.iter_mut().for_each(Slot::tick);
            }
            let size = (left.len() - from).min(BLOCK - phase);
            self.block(&mut left[from..from + size], &mut right[from..from + size]);
            from += size;
            self.frame += size as u64;
        }
    }

    /// At most one fundsp block.
    fn block(&mut self, left: &mut [f32], right: &mut [f32]) {
        let size = left.len();
        left.fill(0.0);
        right.fill(0.0);
        let Synth { slots, scratch, meters, home, .. } = self;
        let mut buses = Buses::default();
        let mut sounding = false;
        for (at, slot) in slots.iter_mut().enumerate() {
            sounding |= slot.render(at, scratch, [&mut *left, &mut *right], &mut buses, meters);
            slot.send_home(home);
        }
        self.ringing = if sounding { self.reverb_frames } else { self.ringing.saturating_sub(size as u32) };
        let (mut gain, step) = (self.wet_gain, self.wet_step);
        let Buses { reverb, delay, echoing } = buses;
        self.delay.process([&delay[0][..size], &delay[1][..size]], [&mut *left, &mut *right], (gain, step), echoing);
        if self.ringing > 0 {
            self.send.channel_f32_mut(0).copy_from_slice(&reverb[0]);
            self.send.channel_f32_mut(1).copy_from_slice(&reverb[1]);
            self.reverb.process(size, &self.send.buffer_ref(), &mut self.wet.buffer_mut());
            let wet = self.wet.buffer_ref();
            let (wet_left, wet_right) = (wet.channel_f32(0), wet.channel_f32(1));
            for i in 0..size {
                left[i] += wet_left[i] * gain;
                right[i] += wet_right[i] * gain;
                gain = (gain - step).max(0.0);
            }
        }
        self.wet_gain = (self.wet_gain - step * size as f32).max(0.0);
        if step > 0.0 && self.wet_gain == 0.0 {
            self.reverb.reset();
            self.delay.clear();
            self.wet_gain = 1.0;
            self.wet_step = 0.0;
        }
        self.limiter.process(left, right);
        self.measured[0].side(0, left, &self.meters);
        self.measured[1].side(1, right, &self.meters);
        self.meters.write_scope(left, right);
    }

    fn take_patches(&mut self) {
        // One that finds no place stays in the ring until an older pool has gone home.
        while let Ok(SlotPatch { slot, .. }) = self.patches.peek() {
            let slot = usize::from(slot.0).min(self.slots.len() - 1);
            self.slots[slot].send_home(&mut self.home);
            if !self.slots[slot].can_take() {
                return;
            }
            if let Ok(SlotPatch { pool, .. }) = self.patches.pop() {
                self.slots[slot].take(pool);
            }
        }
    }
}

#[cfg(test)]
mod tests;
