//! Keys: `K:` read, named and compared (ABC 2.1, 3.1.14). Owns the circle of fifths and nothing about notes.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::diagnostic::{did_you_mean, excerpt};
use super::field::{Property, is_clef, properties};
use super::interval::Interval;
use super::{Fault, Step};

/// The modes in full, for hints.
const MODE_NAMES: [&str; 9] =
    ["major", "minor", "ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian"];

/// No key's name is longer: `C#mixolydian`.
const LONGEST_NAME: usize = 16;

/// A church mode, or one of the two ways in which `K:` names its accidentals otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Also written `ion`.
    #[default]
    Major,
    /// Also written `m` and `aeo`.
    Minor,
    Dorian,
    Phrygian,
    Lydian,
    Mixolydian,
    Locrian,
    /// `exp`: only the accidentals that are listed.
    Explicit,
    /// `HP` and `Hp`: the Highland bagpipe, F sharp and C sharp on A.
    Pipes,
}

impl Mode {
    /// The seven modes that have a tonic of their own, brightest names first.
    pub const CHURCH: [Mode; 7] =
        [Mode::Major, Mode::Minor, Mode::Dorian, Mode::Phrygian, Mode::Lydian, Mode::Mixolydian, Mode::Locrian];

    /// Fifths up from the major key on the same tonic.
    fn fifths(self) -> i32 {
        match self {
            Mode::Lydian => 1,
            Mode::Major | Mode::Explicit => 0,
            Mode::Mixolydian | Mode::Pipes => -1,
            Mode::Dorian => -2,
            Mode::Minor => -3,
            Mode::Phrygian => -4,
            Mode::Locrian => -5,
        }
    }

    /// From a word of which the first three letters count, in any case; `m` alone is minor, and so is `M` in older files.
    fn from_word(word: &str) -> Option<Mode> {
        if word.eq_ignore_ascii_case("m") {
            return Some(Mode::Minor);
        }
        let mode = match word.get(..3)?.to_ascii_lowercase().as_str() {
            "maj" | "ion" => Mode::Major,
            "min" | "aeo" => Mode::Minor,
            "dor" => Mode::Dorian,
            "phr" => Mode::Phrygian,
            "lyd" => Mode::Lydian,
            "mix" => Mode::Mixolydian,
            "loc" => Mode::Locrian,
            "exp" => Mode::Explicit,
            _ => return None,
        };
        Some(mode)
    }

    fn suffix(self) -> &'static str {
        match self {
            Mode::Major | Mode::Pipes => "",
            Mode::Minor => "m",
            Mode::Dorian => "dor",
            Mode::Phrygian => "phr",
            Mode::Lydian => "lyd",
            Mode::Mixolydian => "mix",
            Mode::Locrian => "loc",
            Mode::Explicit => "exp",
        }
    }

    /// The tonic on which the mode has no signature.
    fn home(self) -> Step {
        match self {
            Mode::Major | Mode::Explicit => Step::C,
            Mode::Minor => Step::A,
            Mode::Dorian => Step::D,
            Mode::Phrygian => Step::E,
            Mode::Lydian => Step::F,
            Mode::Mixolydian | Mode::Pipes => Step::G,
            Mode::Locrian => Step::B,
        }
    }
}

/// A key: its tonic, its mode, and what they and any explicit accidentals do to the seven letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Letter and alteration in semitones; none for `K:none`.
    pub tonic: Option<(Step, i8)>,
    pub mode: Mode,
    /// Semitones that each letter is altered by, C first.
    pub signature: [i8; 7],
}

impl Key {
    /// `K:none`: no tonic, no signature.
    pub const NONE: Key = Key { tonic: None, mode: Mode::Major, signature: [0; 7] };

    /// The key of a tonic and mode without further accidentals.
    #[must_use]
    pub fn new(step: Step, alter: i8, mode: Mode) -> Key {
        Key { tonic: Some((step, alter)), mode, signature: signature(step, alter, mode) }
    }

    /// Reads the text after `K:`, without comment. Clef, `octave=`, `transpose=` and the like come back as properties.
    /// A field without a key (`K:`, `K:bass`) has no signature.
    pub fn parse(text: &str) -> Result<(Key, Vec<Property>), Fault> {
        let (key, properties) = Key::parse_field(text)?;
        Ok((key.unwrap_or(Key::NONE), properties))
    }

    /// As [`Key::parse`], but a field that only sets properties has no key, so that it need not change the one in force.
    pub fn parse_field(text: &str) -> Result<(Option<Key>, Vec<Property>), Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Ok((Some(Key::NONE), Vec::new()));
        }
        let (mut key, rest) = tonic_and_mode(text)?;
        let mut kept = Vec::new();
        for property in properties(rest, 0) {
            if property.value.is_empty() && property.name.starts_with(['^', '_', '=']) {
                let altered = key.get_or_insert(Key::NONE);
                add_accidentals(&mut altered.signature, &property.name)?;
            } else if property.value.is_empty() && is_clef(&property.name) {
                kept.push(Property { name: "clef".into(), value: property.name, span: property.span });
            } else {
                kept.push(property);
            }
        }
        if key.is_none() && kept.iter().any(|p| p.value.is_empty()) {
            return Err(no_key(text));
        }
        Ok((key, kept))
    }

    /// The key of the same mode without a signature: C, Am, Ddor, Gmix, Ephr, Flyd, Bloc. `none` stays `none`.
    #[must_use]
    pub fn home(&self) -> Key {
        match self.tonic {
            None => Key::NONE,
            Some(_) => Key { tonic: Some((self.mode.home(), 0)), mode: self.plain_mode(), signature: [0; 7] },
        }
    }

    /// The nearest way from this key's tonic to the other's, -5 to +6 semitones; nothing where either has no tonic.
    #[must_use]
    pub fn interval_to(&self, other: &Key) -> Interval {
        let (Some((from, from_alter)), Some((to, to_alter))) = (self.tonic, other.tonic) else {
            return Interval::UNISON;
        };
        let class = |step: Step, alter: i8| step.semitones() + i32::from(alter);
        let semitones = (class(to, to_alter) - class(from, from_alter) + 5).rem_euclid(12) - 5;
        let letters = (to as i32 - from as i32).rem_euclid(7);
        // Of the two ways to the letter, the one that agrees with the semitones.
        let steps = if (7 * semitones - 12 * letters).abs() <= (7 * semitones - 12 * (letters - 7)).abs() {
            letters
        } else {
            letters - 7
        };
        Interval { steps, semitones }
    }

    fn plain_mode(&self) -> Mode {
        match self.mode {
            Mode::Explicit => Mode::Major,
            Mode::Pipes => Mode::Mixolydian,
            mode => mode,
        }
    }

    /// What tonic and mode alone would make of the letters.
    fn implied(&self) -> [i8; 7] {
        self.tonic.map_or([0; 7], |(step, alter)| signature(step, alter, self.mode))
    }
}

/// Legal text for `K:`, which reads back as the same key: `Ddor`, `Bbm`, `D =c`, `none`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tonic {
            None => f.write_str("none")?,
            Some(_) if self.mode == Mode::Pipes => f.write_str("HP")?,
            Some((step, alter)) => {
                let sign = if alter < 0 { "b" } else { "#" };
                let signs = sign.repeat(usize::from(alter.unsigned_abs()));
                write!(f, "{}{signs}{}", step.letter() as char, self.mode.suffix())?;
            }
        }
        let implied = self.implied();
        for step in Step::ALL {
            let alter = self.signature[step as usize];
            if alter != implied[step as usize] {
                let letter = (step.letter() as char).to_ascii_lowercase();
                write!(f, " {}{letter}", super::accidental(alter))?;
            }
        }
        Ok(())
    }
}

fn signature(step: Step, alter: i8, mode: Mode) -> [i8; 7] {
    const SHARPS: [Step; 7] = [Step::F, Step::C, Step::G, Step::D, Step::A, Step::E, Step::B];
    let mut signature = [0; 7];
    if mode == Mode::Explicit {
        return signature;
    }
    let natural = SHARPS.iter().position(|&s| s == step).map_or(0, |at| at as i32 - 1);
    let fifths = natural + 7 * i32::from(alter) + mode.fifths();
    for at in 0..fifths.unsigned_abs() as usize {
        let letter = if fifths > 0 { SHARPS[at % 7] } else { SHARPS[6 - at % 7] };
        signature[letter as usize] += fifths.signum() as i8;
    }
    signature
}

/// Reads what names the key, if the text begins with that; returns the rest.
fn tonic_and_mode(text: &str) -> Result<(Option<Key>, &str), Fault> {
    let word_end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, after) = text.split_at(word_end);
    match word {
        "HP" | "Hp" => return Ok((Some(Key::new(Step::A, 0, Mode::Pipes)), after)),
        word if word.eq_ignore_ascii_case("none") => return Ok((Some(Key::NONE), after)),
        _ => {}
    }
    let Some(step) = word.bytes().next().filter(u8::is_ascii_uppercase).and_then(Step::from_letter) else {
        return Ok((None, text));
    };
    let rest = &text[1..];
    let (alter, rest) = match rest.as_bytes().first() {
        Some(b'#') => (1, &rest[1..]),
        Some(b'b') => (-1, &rest[1..]),
        _ => (0, rest),
    };
    let letters = |text: &str| text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let attached = letters(rest);
    if attached > 0 {
        let mode = Mode::from_word(&rest[..attached]).ok_or_else(|| no_key(word))?;
        return Ok((Some(Key::new(step, alter, mode)), &rest[attached..]));
    }
    let next = rest.trim_start();
    let count = letters(next);
    let ends_word = next[count..].chars().next().is_none_or(|c| c.is_whitespace() || "^_=".contains(c));
    match Mode::from_word(&next[..count]).filter(|_| ends_word) {
        Some(mode) => Ok((Some(Key::new(step, alter, mode)), &next[count..])),
        None => Ok((Some(Key::new(step, alter, Mode::Major)), rest)),
    }
}

/// Why a text names no key, with the nearest that does.
fn no_key(text: &str) -> Fault {
    let fault = Fault::new(format!("'{}' is not a key", excerpt(text)));
    let (tonic, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    let tonic = tonic.to_ascii_uppercase();
    if !matches!(tonic.as_bytes(), [b'A'..=b'G']) {
        return fault.with_help("a key is a note from A to G and a mode, as in D, Bbm or Ddor");
    }
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && rest.len() <= LONGEST_NAME {
        let capital = format!("{tonic}{rest}");
        if matches!(tonic_and_mode(&capital), Ok((Some(_), ""))) {
            return fault.with_help(format!("did you mean '{capital}'?"));
        }
    }
    let modes = rest.trim_start_matches(['#', 'b']).trim_start();
    let help = did_you_mean(&modes.to_ascii_lowercase(), MODE_NAMES);
    fault.with_help(help.map_or(Cow::Borrowed("the modes are maj, min, dor, phr, lyd, mix and loc"), Cow::Owned))
}

/// What to say of a word behind a key that looks like a mode, and was not taken for one.
pub(super) fn no_mode(properties: &[Property]) -> Option<Fault> {
    let mut words =
        properties.iter().filter(|property| property.value.is_empty()).map(|property| property.name.as_str());
    let (word, help) = words.find_map(|word| Some((word, did_you_mean(&word.to_ascii_lowercase(), MODE_NAMES)?)))?;
    Some(Fault::new(format!("'{}' is not a mode; the key is read as major", excerpt(word))).with_help(help))
}

/// Explicit accidentals, one or more in a row: `^f=c__b`.
fn add_accidentals(signature: &mut [i8; 7], text: &str) -> Result<(), Fault> {
    let bad =
        || Fault::new(format!("'{}' is not an accidental and a letter", excerpt(text))).with_help("as in K:D ^g _b");
    let mut rest = text;
    while !rest.is_empty() {
        let signs = rest.bytes().take_while(|b| b"^_=".contains(b)).count();
        let alter = super::alteration(&rest[..signs]).ok_or_else(bad)?;
        let step = rest.as_bytes().get(signs).copied().and_then(Step::from_letter).ok_or_else(bad)?;
        signature[step as usize] = alter;
        rest = &rest[signs + 1..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signature as letters with their accidentals, then the key's own text.
    fn check(text: &str, letters: &str, display: &str) {
        let (key, _) = Key::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let mut shown = String::new();
        for step in Step::ALL {
            if key.signature[step as usize] != 0 {
                shown += super::super::accidental(key.signature[step as usize]);
                shown.push(step.letter() as char);
            }
        }
        assert_eq!(shown, letters, "signature of {text}");
        assert_eq!(key.to_string(), display, "display of {text}");
        assert_eq!(Key::parse(display).map(|(again, _)| again), Ok(key), "{display} read back");
    }

    #[test]
    fn modes_and_signatures() {
        check("C", "", "C");
        check("G", "^F", "G");
        check("E Minor", "^F", "Em");
        check("Bb minor", "_D_E_G_A_B", "Bbm");
        check("F#mix", "^C^D^F^G^A", "F#mix");
        check("DDorian", "", "Ddor");
        check("A aeolian", "", "Am");
        check("Ab ION", "_D_E_A_B", "Ab");
        check("Ephr", "", "Ephr");
        check("F lyd", "", "Flyd");
        check("Bloc", "", "Bloc");
        check("C#", "^C^D^E^F^G^A^B", "C#");
        check("none", "", "none");
        check("", "", "none");
        check("HP", "^C^F", "HP");
        check("Hp", "^C^F", "HP");
    }

    #[test]
    fn explicit_accidentals() {
        check("D =c", "^F", "D =c");
        check("D Phr ^f", "_E^F_B", "Dphr ^f");
        check("D exp _b^f", "^F_B", "Dexp ^f _b");
        check("none ^c", "^C", "none ^c");
    }

    #[test]
    fn clefs_are_properties() {
        let (key, properties) = Key::parse_field("Gm clef=bass octave=-1").expect("a key");
        assert_eq!(key, Some(Key::new(Step::G, 0, Mode::Minor)));
        let named: Vec<_> = properties.iter().map(|p| (p.name.as_str(), p.value.as_str())).collect();
        assert_eq!(named, [("clef", "bass"), ("octave", "-1")]);
        let (key, properties) = Key::parse_field("treble-8").expect("a clef");
        assert_eq!((key, properties[0].value.as_str()), (None, "treble-8"));
    }

    #[test]
    fn what_is_no_key() {
        for text in ["H", "Cfoo", "loud", "D ^x"] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn home_keys() {
        for (text, home) in [("Eb", "C"), ("Bbm", "Am"), ("Edor", "Ddor"), ("HP", "Gmix"), ("none", "none")] {
            let (key, _) = Key::parse(text).expect("a key");
            assert_eq!(key.home().to_string(), home);
            assert_eq!(key.home().signature, [0; 7]);
        }
    }

    #[test]
    fn the_nearest_interval() {
        let between = |from: &str, to: &str| {
            let key = |text| Key::parse(text).expect("a key").0;
            let interval = key(from).interval_to(&key(to));
            (interval.steps, interval.semitones)
        };
        assert_eq!(between("D", "C"), (-1, -2));
        assert_eq!(between("C", "A"), (-2, -3));
        assert_eq!(between("C", "F#"), (3, 6));
        assert_eq!(between("C", "Gb"), (4, 6));
        assert_eq!(between("G", "C"), (3, 5));
        assert_eq!(between("C", "G"), (-3, -5));
        assert_eq!(between("F#", "Gb"), (1, 0));
        assert_eq!(between("Gb", "F#"), (-1, 0));
        assert_eq!(between("none", "G"), (0, 0));
    }
}
