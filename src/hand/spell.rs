//! What a key is called by in a key: its own letters first, then the names nearest to them on the line of fifths. Pure.

use crate::abc::key::{Key, Mode};
use crate::abc::{Pitch, Step};

/// Letters on the line of fifths, F first.
const FIFTHS: [Step; 7] = [Step::F, Step::C, Step::G, Step::D, Step::A, Step::E, Step::B];

/// A MIDI note number as it is written in a key. No name has more than one sign, unless the key itself has. `leads`: so many semitones the
/// next note lies above it.
///
/// White keys keep their names. In major the five strange notes are the raised first, fourth and fifth and the lowered third and seventh (in C: C# F# G# Eb Bb); in minor
/// the raised third, fourth, sixth and seventh and the lowered second (in A minor: C# D# F# G# Bb).
/// One that leads a semitone up is a raised one, and one that leads a semitone down a lowered one, the raised fourth and the seventh of minor excepted.
#[must_use]
pub fn spell(midi: u8, key: &Key, leads: i32) -> Pitch {
    let midi = i32::from(midi);
    let own = Step::ALL.into_iter().find_map(|step| named(midi, step, key.signature[step as usize]));
    if let Some(own) = own {
        return own;
    }
    // The major tonic of the same signature, F = -1.
    let center: i32 = key.signature.iter().map(|alter| i32::from(*alter)).sum();
    let sharpest = center + if key.mode == Mode::Minor { 9 } else { 8 };
    // The line within this reach has each strange note twice, once raised and once lowered.
    let names = (center - 6..=center + 10).filter_map(|fifth| {
        let (step, alter) = (FIFTHS[(fifth + 1).rem_euclid(7) as usize], (fifth + 1).div_euclid(7) as i8);
        named(midi, step, alter).filter(|_| alter.abs() <= 1).map(|pitch| (fifth, pitch))
    });
    let tone = |fifth: i32| fifth == center + 6 || (key.mode == Mode::Minor && fifth == center + 8);
    let usual = |fifth: i32| (sharpest - 11..=sharpest).contains(&fifth);
    let leads = |fifth: i32| match leads {
        1 => fifth > center,
        -1 if !tone(fifth) => fifth < center,
        _ => true,
    };
    let best = names.min_by_key(|(fifth, pitch)| (!leads(*fifth), pitch.alter != 0, !usual(*fifth)));
    best.map_or_else(|| Pitch::from_midi(midi), |(_, pitch)| pitch)
}

/// The same sound with the letter above (1) or below (-1), where one sign at most suffices.
pub(super) fn respelled(pitch: Pitch, aside: i32) -> Option<Pitch> {
    let ladder = pitch.ladder() + aside;
    let step = Step::ALL[ladder.rem_euclid(7) as usize];
    let natural = Pitch { step, alter: 0, octave: i8::try_from(ladder.div_euclid(7)).ok()? };
    let alter = pitch.midi() - natural.midi();
    (alter.abs() <= 1).then_some(Pitch { alter: alter as i8, ..natural })
}

/// The note as this letter with this sign, where it is that.
fn named(midi: i32, step: Step, alter: i8) -> Option<Pitch> {
    let natural = midi - i32::from(alter) - step.semitones();
    let octave = i8::try_from(natural.div_euclid(12) - 1).ok()?;
    (natural.rem_euclid(12) == 0).then_some(Pitch { step, alter, octave })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::{Meter, print};
    use crate::score::{Measure, Note};
    use crate::time::Beats;

    /// The twelve notes from middle C on.
    fn check(key: &str, expected: &str) {
        let (key, _) = Key::parse(key).unwrap();
        let mut names = Vec::new();
        for midi in 60..72 {
            let note = Note::new(Beats::ZERO, Beats::EIGHTH, spell(midi, &key, 0), 90);
            assert_eq!(note.pitch.midi(), i32::from(midi));
            let bar = Measure { length: Beats::EIGHTH, notes: vec![note], ..Measure::default() };
            names.push(print::bar(&bar, Beats::EIGHTH, &print::Style::new(&Key::NONE, Meter::COMMON, Beats::EIGHTH)));
        }
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn strange_notes_are_spelled_by_where_they_lead() {
        for (key, midi, leads, expected) in [
            ("C", 63, 1, Step::D),
            ("C", 63, -1, Step::E),
            ("C", 68, -1, Step::A),
            ("C", 66, -1, Step::F),
            ("C", 70, 1, Step::A),
            ("Am", 68, -1, Step::G),
            ("Am", 63, -1, Step::E),
            ("Bb", 70, 1, Step::B),
            ("Gm", 66, 1, Step::F),
        ] {
            assert_eq!(spell(midi, &Key::parse(key).unwrap().0, leads).step, expected, "{key} {midi} {leads}");
        }
    }

    #[test]
    fn notes_are_spelled_in_their_key() {
        check("C", "C ^C D _E E F ^F G ^G A _B B");
        check("Am", "C ^C D ^D E F ^F G ^G A _B B");
        check("Ddor", "C ^C D _E E F ^F G ^G A _B B");
        check("Bbm", "C _D D _E E F _G G _A A _B B");
        check("Eb", "C _D D _E E F _G G _A A _B B");
        check("E", "C ^C D ^D E F ^F G ^G A ^A B");
        check("F#", "C ^C D ^D E ^E ^F G ^G A ^A B");
        check("Gb", "C _D D _E E F _G G _A A _B _c");
        check("D ^g", "C ^C D ^D E F ^F G ^G A ^A B");
    }
}
