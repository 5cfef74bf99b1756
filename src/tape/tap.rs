//! The way of the sound out of the renderer: finished blocks, copied into a ring. [`Tap`] is the audio thread's end, which never allocates or
//! waits; [`Reel`] is the end of whoever writes them down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::engine::RenderStats;
use crate::synth::BLOCK;
use crate::time::Frames;

/// Sound of consecutive frames, at most [`BLOCK`] of them.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The first of them.
    pub from: Frames,
    length: usize,
    left: [f32; BLOCK],
    right: [f32; BLOCK],
}

impl Block {
    pub(super) fn new(from: Frames, left: &[f32], right: &[f32]) -> Block {
        let mut block = Block { from, length: left.len(), left: [0.0; BLOCK], right: [0.0; BLOCK] };
        block.left[..left.len()].copy_from_slice(left);
        block.right[..right.len()].copy_from_slice(right);
        block
    }

    /// Left and right of each frame.
    pub fn frames(&self) -> impl Iterator<Item = [f32; 2]> + '_ {
        self.left.iter().zip(&self.right).take(self.length).map(|(left, right)| [*left, *right])
    }
}

/// The audio thread's end.
#[derive(Debug)]
pub struct Tap {
    ring: Producer<Block>,
    open: Arc<AtomicBool>,
}

impl Tap {
    /// Takes a finished block, if anybody wants it. What a full ring does not take is lost, which the number of the next frame tells.
    pub fn hear(&mut self, from: Frames, left: &[f32], right: &[f32]) {
        if self.open.load(Ordering::Acquire) {
            let _ = self.ring.push(Block::new(from, left, right));
        }
    }
}

/// The writer's end.
#[derive(Debug)]
pub struct Reel {
    ring: Consumer<Block>,
    open: Arc<AtomicBool>,
    stats: Arc<RenderStats>,
    /// What lies before this frame is left over from the last time.
    from: Frames,
}

/// Both ends, closed, of a ring for so many blocks.
#[must_use]
pub(crate) fn tap(blocks: usize, stats: Arc<RenderStats>) -> (Tap, Reel) {
    let (producer, ring) = RingBuffer::new(blocks);
    let open = Arc::new(AtomicBool::new(false));
    (Tap { ring: producer, open: Arc::clone(&open) }, Reel { ring, open, stats, from: Frames(0) })
}

impl Reel {
    /// From now on blocks come.
    pub fn open(&mut self) {
        while self.ring.pop().is_ok() {}
        self.from = self.stats.frame();
        self.open.store(true, Ordering::Release);
    }

    /// No more blocks come; those up to the frame that it gives have come, or were lost.
    pub fn close(&mut self) -> Frames {
        self.open.store(false, Ordering::Release);
        self.stats.frame()
    }

    /// The blocks that are there now, in order.
    pub fn blocks(&mut self) -> impl Iterator<Item = Block> + '_ {
        let (count, from) = (self.ring.slots(), self.from);
        (0..count).filter_map(|_| self.ring.pop().ok()).filter(move |block| block.from >= from)
    }
}
