//! Transposition by a spelled interval. A pitch keeps its spelling's sense: letters move by steps, sound by semitones.

use super::{Pitch, Step};

/// A directed interval: letters and semitones upwards, both negative downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    pub steps: i32,
    pub semitones: i32,
}

impl Interval {
    pub const UNISON: Interval = Interval { steps: 0, semitones: 0 };

    /// The commonest interval of so many semitones: seconds, thirds, fourths, fifths and their octaves, F sharp for six.
    #[must_use]
    pub fn of_semitones(semitones: i32) -> Interval {
        const STEPS: [i32; 12] = [0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6];
        let steps = 7 * semitones.div_euclid(12) + STEPS[semitones.rem_euclid(12) as usize];
        Interval { steps, semitones }
    }

    /// The way back.
    #[must_use]
    pub fn inverse(self) -> Interval {
        Interval { steps: -self.steps, semitones: -self.semitones }
    }
}

impl Pitch {
    /// The letter's place on the ladder of all octaves' letters; C0 is 0.
    #[must_use]
    pub fn ladder(self) -> i32 {
        7 * i32::from(self.octave) + self.step as i32
    }

    /// Moved by an interval. Double accidentals stay as they are spelled, so that the way back leads to the same pitch;
    /// only what would need a third sign is respelled.
    #[must_use]
    #[inline]
    pub fn transposed(self, interval: Interval) -> Pitch {
        if interval == Interval::UNISON {
            return self;
        }
        let midi = self.midi() + interval.semitones;
        let ladder = self.ladder() + interval.steps;
        // The letter asked for, then its neighbours, which always hold a spelling with one sign at most.
        let spelled = [0, 1, -1, 2, -2].iter().find_map(|aside| at_ladder(ladder + aside, midi));
        spelled.unwrap_or_else(|| Pitch::from_midi(midi))
    }

    /// The pitch of a MIDI note number, black keys spelled as they are commonest: C# Eb F# G# Bb.
    #[must_use]
    pub fn from_midi(midi: i32) -> Pitch {
        const SPELLED: [(Step, i8); 12] = [
            (Step::C, 0),
            (Step::C, 1),
            (Step::D, 0),
            (Step::E, -1),
            (Step::E, 0),
            (Step::F, 0),
            (Step::F, 1),
            (Step::G, 0),
            (Step::G, 1),
            (Step::A, 0),
            (Step::B, -1),
            (Step::B, 0),
        ];
        let (step, alter) = SPELLED[midi.rem_euclid(12) as usize];
        let octave = (midi.div_euclid(12) - 1).clamp(i8::MIN.into(), i8::MAX.into());
        Pitch { step, alter, octave: octave as i8 }
    }
}

/// `midi` spelled with the letter at `ladder`, where two signs at most suffice.
fn at_ladder(ladder: i32, midi: i32) -> Option<Pitch> {
    let step = Step::ALL[ladder.rem_euclid(7) as usize];
    let octave = i8::try_from(ladder.div_euclid(7)).ok()?;
    let natural = Pitch { step, alter: 0, octave };
    let alter = midi - natural.midi();
    (alter.abs() <= 2).then_some(Pitch { alter: alter as i8, ..natural })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::{Key, Mode};
    use super::*;

    fn pitch(text: &str) -> Pitch {
        let (book, _) = crate::abc::parse::parse(&format!("X:1\nK:C\n{text}|\n"));
        let bar = &book.tunes[0].voices[0].bars[0];
        crate::score::measure(bar, &mut crate::score::Carry::default()).0.notes[0].pitch
    }

    fn check(text: &str, (steps, semitones): (i32, i32), expect: &str) {
        assert_eq!(
            pitch(text).transposed(Interval { steps, semitones }),
            pitch(expect),
            "{text} by {steps}/{semitones}"
        );
    }

    #[test]
    fn spelling() {
        check("C", (1, 2), "D");
        check("^F", (-1, -2), "E");
        check("B", (1, 1), "c");
        check("_B", (-1, -1), "A");
        check("^A", (2, 4), "^^c");
        check("c", (-7, -12), "C");
        check("^^F", (0, 1), "^G");
    }

    fn ordinary_key() -> impl Strategy<Value = Key> {
        (0..7usize, -1..=1i8, 0..7usize)
            .prop_map(|(step, alter, mode)| Key::new(Step::ALL[step], alter, Mode::CHURCH[mode]))
            .prop_filter("ordinary keys have at most seven signs, one to a letter", |key| {
                key.signature.iter().all(|alter| alter.abs() <= 1)
            })
    }

    proptest! {
        #[test]
        fn home_and_back(key in ordinary_key(), step in 0..7usize, sharpened in -1..=1i8, octave in 1..7i8) {
            // Notes of the key and their neighbours by one sign, as its music spells them.
            let alter = key.signature[step] + sharpened;
            let pitch = Pitch { step: Step::ALL[step], alter, octave };
            let home = key.interval_to(&key.home());
            let there = pitch.transposed(home);
            prop_assert_eq!(there.midi(), pitch.midi() + home.semitones);
            prop_assert!(there.alter.abs() <= 1);
            prop_assert_eq!(there.transposed(home.inverse()), pitch);
        }

        #[test]
        fn any_two_keys_and_back(from in ordinary_key(), to in ordinary_key(), step in 0..7usize, octave in 1..7i8) {
            let pitch = Pitch { step: Step::ALL[step], alter: from.signature[step], octave };
            let interval = from.interval_to(&to);
            prop_assert!((-5..=6).contains(&interval.semitones));
            prop_assert_eq!(pitch.transposed(interval).transposed(interval.inverse()), pitch);
        }
    }
}
