//! What every bar of a voice keeps to: lengths, pitches and counts, as values.

use super::pattern::Pattern;

/// Ticks in a whole note: the grid of the subset.
pub const TICKS_PER_WHOLE: u16 = 96;

/// A length of the subset: how it is written at `L:1/8`, and its ticks.
pub const LENGTHS: [(&str, u16); 13] = [
    ("/4", 3),
    ("/", 6),
    ("3/4", 9),
    ("", 12),
    ("3/2", 18),
    ("2", 24),
    ("3", 36),
    ("4", 48),
    ("6", 72),
    ("7", 84),
    ("8", 96),
    ("12", 144),
    ("16", 192),
];

/// A set of MIDI note numbers, bit `n` for note `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PitchSet(pub u128);

impl PitchSet {
    pub const ALL: PitchSet = PitchSet(u128::MAX);

    #[must_use]
    pub fn contains(self, midi: i32) -> bool {
        (0..128).contains(&midi) && self.0 >> midi & 1 == 1
    }

    /// The notes `low..=high`.
    #[must_use]
    pub fn range(low: u8, high: u8) -> PitchSet {
        PitchSet((low..=high.min(127)).fold(0, |set, midi| set | 1 << midi))
    }

    /// All notes whose pitch class (0 = C) is in the 12-bit set.
    #[must_use]
    pub fn classes(classes: u16) -> PitchSet {
        PitchSet((0..128).filter(|midi| classes >> (midi % 12) & 1 == 1).fold(0, |set, midi| set | 1 << midi))
    }

    #[must_use]
    pub fn and(self, other: PitchSet) -> PitchSet {
        PitchSet(self.0 & other.0)
    }
}

/// What every bar of a voice keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Of a full bar, in ticks; a multiple of 3, at most 384.
    pub length: u16,
    /// The felt beat in ticks: where chord symbols may stand.
    pub beat: u16,
    /// The shortest note in ticks; all lengths are multiples of it (triplets aside, whose notes are not shorter).
    pub grid: u16,
    /// What may sound.
    pub pitches: PitchSet,
    /// Semitones by `Step` that the key gives to bare letters.
    pub signature: [i8; 7],
    /// Struck notes in the bar (a note tied from before is not struck; the notes of a chord count once).
    pub notes: (u8, u8),
    /// Whether `[CEG]` may be written.
    pub chords: bool,
    /// Whether chord symbols may be written.
    pub symbols: bool,
    /// Whether the last note may be tied into the next bar.
    pub tie_out: bool,
    /// The onsets, lengths and rests that the bar must have.
    pub rhythm: Option<Pattern>,
    /// What may sound at these ticks from the start of the bar, held on or struck; rests may stand there too.
    pub strong: Vec<(u16, PitchSet)>,
}

impl Rules {
    /// The widest rules of the subset for a bar of this many ticks, without key signature.
    #[must_use]
    pub fn plain(length: u16, beat: u16) -> Rules {
        Rules {
            length,
            beat,
            grid: 3,
            pitches: PitchSet::ALL,
            signature: [0; 7],
            notes: (0, u8::MAX),
            chords: true,
            symbols: true,
            tie_out: true,
            rhythm: None,
            strong: Vec::new(),
        }
    }
}
