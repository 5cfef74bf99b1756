//! The renderer: events and a frame count in, sound out. The audio callback and the offline render both run exactly this;
//! nothing in [`Renderer::process`] allocates, locks, logs or calls the system.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use rtrb::{Consumer, RingBuffer};

use crate::event::{Action, ScheduledEvent};
use crate::queue::EventQueue;
use crate::synth::{BLOCK, Meters, Synth};
use crate::tape::{Reel, Tap, tap};
use crate::time::Frames;

/// Events that fit the ring to the renderer. A full ring is told to the sender, which tries again.
pub const RING_CAPACITY: usize = 4096;

/// What the renderer counts, readable from any thread.
#[derive(Debug, Default)]
pub struct RenderStats {
    frame: AtomicI64,
    late: AtomicU64,
    dropped: AtomicU64,
    sounding: AtomicU64,
    meters: Arc<Meters>,
}

impl RenderStats {
    /// What is seen of the sound.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// The next frame to be rendered: nothing before it can be changed any more.
    pub fn frame(&self) -> Frames {
        Frames(self.frame.load(Ordering::Acquire))
    }

    /// Notes that came after their frame and were played at once.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    /// Note-ons for which the queue had no room.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Voices that sounded at the end of the last call.
    pub fn sounding(&self) -> u64 {
        self.sounding.load(Ordering::Relaxed)
    }
}

/// The synth, the events on their way to it, and the frame counter.
#[derive(Debug)]
pub struct Renderer {
    synth: Synth,
    events: Consumer<ScheduledEvent>,
    queue: EventQueue,
    frame: Frames,
    stats: Arc<RenderStats>,
    tap: Option<Tap>,
}

impl Renderer {
    /// A renderer at frame 0 and the producer end of its ring.
    #[must_use]
    pub fn new(synth: Synth) -> (Renderer, rtrb::Producer<ScheduledEvent>) {
        let (producer, events) = RingBuffer::new(RING_CAPACITY);
        let stats = Arc::new(RenderStats { meters: synth.meters(), ..RenderStats::default() });
        (Renderer { synth, events, queue: EventQueue::new(), frame: Frames(0), stats, tap: None }, producer)
    }

    #[must_use]
    pub fn stats(&self) -> Arc<RenderStats> {
        Arc::clone(&self.stats)
    }

    /// The next frame to be rendered.
    #[must_use]
    pub fn frame(&self) -> Frames {
        self.frame
    }

    /// From here on what is rendered can be had from this reel, whose ring holds so many blocks. Not on the audio thread.
    #[must_use]
    pub fn tap(&mut self, blocks: usize) -> Reel {
        let (tap, reel) = tap(blocks, self.stats());
        self.tap = Some(tap);
        reel
    }

    /// Fills an interleaved buffer: left and right on the first two channels, silence on further ones, the mean on a single one.
    /// An event sounds from exactly its frame; one that is already past sounds from the first.
    pub fn process(&mut self, out: &mut [f32], channels: usize) {
        assert!(channels > 0, "an output has channels");
        // Decaying filters and reverbs end in denormal numbers, which are a hundred times slower.
        fundsp::denormal::prevent_denormals();
        let start = self.frame;
        let mut left = [0.0; BLOCK];
        let mut right = [0.0; BLOCK];
        let mut rest = out;
        while rest.len() >= channels {
            self.collect();
            self.apply_due(start);
            let until_event = self.queue.next_at().map_or(BLOCK as i64, |at| (at - self.frame).0);
            let frames = (rest.len() / channels).min(until_event.min(BLOCK as i64) as usize);
            self.synth.render(&mut left[..frames], &mut right[..frames]);
            if let Some(tap) = &mut self.tap {
                tap.hear(self.frame, &left[..frames], &right[..frames]);
            }
            let (block, after) = rest.split_at_mut(frames * channels);
            for (frame, (&l, &r)) in block.chunks_exact_mut(channels).zip(left.iter().zip(&right)) {
                match frame {
                    [mono] => *mono = 0.5 * (l + r),
                    [first, second, others @ ..] => {
                        *first = l;
                        *second = r;
                        others.fill(0.0);
                    }
                    [] => {}
                }
            }
            rest = after;
            self.frame = self.frame + Frames(frames as i64);
        }
        self.stats.sounding.store(self.synth.sounding() as u64, Ordering::Relaxed);
        self.stats.frame.store(self.frame.0, Ordering::Release);
    }

    fn collect(&mut self) {
        while self.queue.has_room()
            && let Ok(event) = self.events.pop()
        {
            if !self.queue.push(event) {
                self.stats.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn apply_due(&mut self, start: Frames) {
        while let Some(event) = self.queue.pop_due(self.frame) {
            if event.at < start && matches!(event.action, Action::NoteOn { .. } | Action::NoteOff { .. }) {
                self.stats.late.fetch_add(1, Ordering::Relaxed);
            }
            self.synth.handle(event.action);
        }
    }
}

/// Renders `events`, in any order, from frame 0 up to `end` as interleaved stereo. The same as playing them, at once.
#[must_use]
pub fn render_offline(synth: Synth, events: &[ScheduledEvent], end: Frames) -> Vec<f32> {
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.at);
    let (mut renderer, mut ring) = Renderer::new(synth);
    let mut out = vec![0.0; 2 * end.0.max(0) as usize];
    let mut waiting = events.into_iter().peekable();
    for block in out.chunks_mut(2 * BLOCK) {
        // Only what this block needs, so that no piece is too long for the queue.
        let horizon = renderer.frame() + Frames(BLOCK as i64);
        while !ring.is_full()
            && let Some(event) = waiting.next_if(|event| event.at < horizon)
        {
            let _ = ring.push(event);
        }
        renderer.process(block, 2);
    }
    out
}

#[cfg(test)]
mod tests;
