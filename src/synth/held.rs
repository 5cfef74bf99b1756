//! The keys that are down, for a voice that plays one at a time. Plain values without a heap; used on the audio thread.

/// More fingers than this forget the first.
const MAX_HELD: usize = 16;

/// A key and how hard it was struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key {
    pub pitch: u8,
    pub velocity: u8,
}

/// The keys in the order in which they were struck.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    keys: [Key; MAX_HELD],
    count: usize,
}

impl Held {
    pub fn press(&mut self, key: Key) {
        self.release(key.pitch);
        if self.count == MAX_HELD {
            self.keys.rotate_left(1);
            self.count -= 1;
        }
        self.keys[self.count] = key;
        self.count += 1;
    }

    pub fn release(&mut self, pitch: u8) {
        if let Some(at) = self.keys[..self.count].iter().position(|key| key.pitch == pitch) {
            self.keys[at..self.count].rotate_left(1);
            self.count -= 1;
        }
    }

    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// The newest that is still down.
    pub fn last(&self) -> Option<Key> {
        self.keys[..self.count].last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pitch: u8) -> Key {
        Key { pitch, velocity: 90 }
    }

    #[test]
    fn the_newest_key_that_is_down_counts() {
        let mut held = Held::default();
        assert_eq!(held.last(), None);
        for pitch in [60, 64, 67] {
            held.press(key(pitch));
        }
        held.release(64);
        assert_eq!(held.last(), Some(key(67)));
        held.release(67);
        assert_eq!(held.last(), Some(key(60)));
        held.press(key(62));
        held.press(key(60));
        assert_eq!(held.last(), Some(key(60)), "a key that is struck again is the newest");
        held.release(60);
        held.release(99);
        assert_eq!(held.last(), Some(key(62)));
        held.release(62);
        assert_eq!(held.last(), None);
    }

    #[test]
    fn too_many_keys_forget_the_first() {
        let mut held = Held::default();
        (0..=MAX_HELD as u8).for_each(|pitch| held.press(key(pitch)));
        (1..=MAX_HELD as u8).rev().for_each(|pitch| held.release(pitch));
        assert_eq!(held.last(), None);
    }
}
