//! What a piece has from the training text: bars as hashes, and the longest run of them that stands there too. Pure.

use std::collections::HashMap;

use crate::feature;
use crate::score::Measure;

/// Stands after the last bar of each piece.
pub const END: u32 = 0;

/// A bar as a number: onsets, lengths and pitches, by octaves moved so that its lowest note lies in the octave of middle C, and its length.
/// FNV-1a, its halves folded onto each other (Fowler, Noll, Vo; RFC 9923); never [`END`]. No tune can be read from it.
#[must_use]
pub fn hash(bar: &Measure) -> u32 {
    let lowest = bar.notes.iter().map(|note| note.pitch.midi()).min().unwrap_or(0);
    let shift = lowest.rem_euclid(12) - lowest;
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |number: i64| {
        for byte in (number as i16).to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    eat(feature::ticks(bar.length));
    for note in &bar.notes {
        eat(feature::ticks(note.onset));
        eat(feature::ticks(note.length));
        eat(i64::from(note.pitch.midi() + shift));
    }
    let folded = (hash >> 32) as u32 ^ hash as u32;
    if folded == END { 1 } else { folded }
}

/// The training's bars, in order.
#[derive(Debug)]
pub struct Known<'a> {
    bars: &'a [u32],
    places: HashMap<u32, Vec<u32>>,
}

impl<'a> Known<'a> {
    /// `bars` are pieces one after another, each with [`END`] behind it.
    #[must_use]
    pub fn new(bars: &'a [u32]) -> Known<'a> {
        let mut places: HashMap<u32, Vec<u32>> = HashMap::new();
        for (place, &bar) in bars.iter().enumerate().filter(|&(_, &bar)| bar != END) {
            places.entry(bar).or_default().push(place as u32);
        }
        Known { bars, places }
    }

    /// The longest run of bars of a piece that stands in one training piece as it is, in bars.
    #[must_use]
    pub fn longest_run(&self, bars: &[Measure]) -> usize {
        let bars: Vec<u32> = bars.iter().map(hash).collect();
        let run = |from: usize, place: u32| {
            let known = &self.bars[place as usize..];
            bars[from..].iter().zip(known).take_while(|(bar, known)| bar == known).count()
        };
        let mut longest = 0;
        for from in 0..bars.len() {
            // What is left could not be longer.
            if bars.len() - from <= longest {
                break;
            }
            let places = self.places.get(&bars[from]).map_or(&[][..], Vec::as_slice);
            longest = places.iter().map(|&place| run(from, place)).fold(longest, usize::max);
        }
        longest
    }
}
