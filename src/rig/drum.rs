//! Drums by name: General MIDI's percussion key map. Plain values.

/// Short names for its notes (General MIDI 1, level 1 percussion key map, 35 to 81).
pub(super) const NAMES: &[(&str, u8)] = &[
    ("kick2", 35),
    ("kick", 36),
    ("rim", 37),
    ("snare", 38),
    ("clap", 39),
    ("snare2", 40),
    ("tom6", 41),
    ("hat", 42),
    ("tom5", 43),
    ("pedal", 44),
    ("tom4", 45),
    ("open", 46),
    ("tom3", 47),
    ("tom2", 48),
    ("crash", 49),
    ("tom1", 50),
    ("ride", 51),
    ("china", 52),
    ("bell", 53),
    ("tambourine", 54),
    ("splash", 55),
    ("cowbell", 56),
    ("crash2", 57),
    ("vibraslap", 58),
    ("ride2", 59),
    ("bongo1", 60),
    ("bongo2", 61),
    ("conga1", 62),
    ("conga2", 63),
    ("conga3", 64),
    ("timbale1", 65),
    ("timbale2", 66),
    ("agogo1", 67),
    ("agogo2", 68),
    ("cabasa", 69),
    ("maracas", 70),
    ("whistle1", 71),
    ("whistle2", 72),
    ("guiro1", 73),
    ("guiro2", 74),
    ("claves", 75),
    ("block1", 76),
    ("block2", 77),
    ("cuica1", 78),
    ("cuica2", 79),
    ("triangle1", 80),
    ("triangle2", 81),
];

/// The General MIDI note of a drum, by its name or as a number from 0 to 127.
pub(crate) fn note(name: &str) -> Option<u8> {
    let named = NAMES.iter().find(|(known, _)| *known == name).map(|&(_, note)| note);
    named.or_else(|| name.parse().ok().filter(|note| *note < 128))
}
