//! MIDI controllers by name. Plain values.

use super::Output;

/// The controllers that need no rig (MIDI 1.0 detailed specification, table 3, under the names that synths print on their panels; 70 to 79 as
/// General MIDI 2 has them; 94 is detune there and delay on many synths, and on ours). 16 to 19 are general purpose there, the macros of a patch here.
pub const STANDARD: &[(&str, u8)] = &[
    ("mod", 1),
    ("breath", 2),
    ("foot", 4),
    ("glide", 5),
    ("balance", 8),
    ("expression", 11),
    ("macro1", 16),
    ("macro2", 17),
    ("macro3", 18),
    ("macro4", 19),
    ("sustain", 64),
    ("portamento", 65),
    ("sostenuto", 66),
    ("soft", 67),
    ("variation", 70),
    ("resonance", 71),
    ("release", 72),
    ("attack", 73),
    ("cutoff", 74),
    ("decay", 75),
    ("vibrato_rate", 76),
    ("vibrato_depth", 77),
    ("vibrato_delay", 78),
    ("reverb", 91),
    ("tremolo", 92),
    ("chorus", 93),
    ("delay", 94),
    ("detune", 94),
    ("phaser", 95),
];

/// Bank select, most and least significant byte.
pub const BANK: [u8; 2] = [0, 32];
pub const VOLUME: u8 = 7;
pub const PAN: u8 = 10;

/// From 120 on they are channel mode messages, which end notes and the like.
pub const LAST: u8 = 119;

/// The property that says this controller, where one does.
#[must_use]
pub fn property(controller: u8) -> Option<&'static str> {
    match controller {
        VOLUME => Some("gain"),
        PAN => Some("pan"),
        bank if BANK.contains(&bank) => Some("bank"),
        _ => None,
    }
}

/// The controller with this name: one of the output's own, a standard one, or `cc` and its number.
#[must_use]
pub fn number(name: &str, output: Option<&Output>) -> Option<u8> {
    let own = output.and_then(|output| output.cc.get(name).copied());
    let standard = || STANDARD.iter().find(|(known, _)| *known == name).map(|&(_, number)| number);
    own.or_else(standard).or_else(|| name.strip_prefix("cc")?.parse().ok().filter(|number| *number <= LAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        let output = Output { cc: [("cutoff".to_owned(), 43)].into(), ..Output::default() };
        for (name, plain, of_output) in [
            ("cutoff", Some(74), Some(43)),
            ("resonance", Some(71), Some(71)),
            ("macro4", Some(19), Some(19)),
            ("cc0", Some(0), Some(0)),
            ("cc119", Some(119), Some(119)),
            ("cc120", None, None),
            ("cc", None, None),
            ("cc-1", None, None),
            ("Cutoff", None, None),
        ] {
            assert_eq!((number(name, None), number(name, Some(&output))), (plain, of_output), "{name}");
        }
        let numbers: Vec<u8> = STANDARD.iter().map(|(_, number)| *number).collect();
        assert!(numbers.is_sorted());
        assert!(numbers.iter().all(|number| property(*number).is_none()));
    }
}
