//! Pseudo-random numbers for nodes. Runs on the audio thread.

/// Xorshift with 32 bits (Marsaglia 2003).
#[derive(Clone, Debug)]
pub(super) struct Random(u32);

impl Random {
    pub(super) fn new(hash: u64) -> Random {
        Random((hash as u32 ^ (hash >> 32) as u32) | 1)
    }

    /// The next number from -1 to 1.
    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    }
}
