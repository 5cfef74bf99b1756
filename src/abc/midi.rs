//! `%%MIDI`: what abc2midi's directives say of a voice's instrument and pitch. Outside the standard, but in most files off the web.
//! Owns the reading of them; after abc2midi's guide.

use super::Fault;
use super::ast::Tune;

/// One `%%MIDI` directive that is acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MidiSetting {
    /// 0 to 127.
    Program(u8),
    /// 1 to 16.
    Channel(u8),
    /// Semitones, -60 to 60.
    Transpose(i32),
    /// The accompaniment's pattern for a bar, `fzczfzcz`.
    Gchord(String),
}

/// The directives that hold for one voice; of two of a kind the later one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MidiSettings {
    pub program: Option<u8>,
    pub channel: Option<u8>,
    pub transpose: i32,
    pub gchord: Option<String>,
}

impl MidiSetting {
    /// Reads a directive without its `%%`; `None` for others and for what is not acted on. The error says what is wrong with the value.
    #[must_use]
    pub fn read(directive: &str) -> Option<Result<MidiSetting, Fault>> {
        let mut words = directive.strip_prefix("MIDI")?.split_whitespace();
        let (name, values) = (words.next()?, words.collect::<Vec<_>>());
        let wanted =
            |what: &str, help: &'static str| Err(Fault::new(format!("%%MIDI {name} wants {what}")).with_help(help));
        let number = |text: Option<&&str>, range: std::ops::RangeInclusive<i32>| {
            text.and_then(|text| text.parse().ok()).filter(|number| range.contains(number))
        };
        Some(match name {
            // The channel may stand before the program, and the instrument's name after it.
            "program" => {
                let both = number(values.first(), 1..=16).and(number(values.get(1), 0..=127));
                match both.or(number(values.first(), 0..=127)) {
                    Some(program) => Ok(MidiSetting::Program(program as u8)),
                    None => wanted("a program from 0 to 127", "programs count from 0 here: a flute is 73"),
                }
            }
            "channel" => match number(values.first(), 1..=16) {
                Some(channel) => Ok(MidiSetting::Channel(channel as u8)),
                None => wanted("a channel from 1 to 16", "channels count from 1 here"),
            },
            "transpose" => match number(values.first(), -60..=60) {
                Some(semitones) => Ok(MidiSetting::Transpose(semitones)),
                None => wanted("semitones from -60 to 60", "as in %%MIDI transpose -12"),
            },
            "gchord" => match values.first() {
                Some(pattern) => Ok(MidiSetting::Gchord((*pattern).to_owned())),
                None => wanted("a pattern", "as in %%MIDI gchord fzczfzcz"),
            },
            _ => return None,
        })
    }
}

impl MidiSettings {
    /// What holds for a voice: what stands before any voice, and what stands in its own music or after its `V:` line.
    #[must_use]
    pub fn of(tune: &Tune, voice: &str) -> MidiSettings {
        let mut settings = MidiSettings::default();
        let own = |name: &Option<String>| name.as_deref().is_none_or(|name| name == voice);
        for directive in tune.directives.iter().filter(|directive| own(&directive.voice)) {
            match &directive.midi {
                Some(MidiSetting::Program(program)) => settings.program = Some(*program),
                Some(MidiSetting::Channel(channel)) => settings.channel = Some(*channel),
                Some(MidiSetting::Transpose(semitones)) => settings.transpose = *semitones,
                Some(MidiSetting::Gchord(pattern)) => settings.gchord = Some(pattern.clone()),
                None => {}
            }
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;
    use crate::notes::notes;

    #[test]
    fn directives_hold_for_their_voice() {
        let text = "X:1\nM:4/4\nL:1/4\n%%MIDI program 40\nV:1\nV:2\n%%MIDI program 3 33 bass\n%%MIDI channel 5\nK:C\n\
                    V:1\nC4|\nV:2\n%%MIDI transpose -12\nC4|\n%%MIDI drum dz 36\n";
        let (book, said) = parse(text);
        assert_eq!(said, []);
        let of = |voice| MidiSettings::of(&book.tunes[0], voice);
        assert_eq!(of("1"), MidiSettings { program: Some(40), ..MidiSettings::default() });
        let second = MidiSettings { program: Some(33), channel: Some(5), transpose: -12, gchord: None };
        assert_eq!(of("2"), second);
        let pitches: Vec<i32> = notes(&book.tunes[0]).iter().map(|note| note.pitch.midi()).collect();
        assert_eq!(pitches, [60, 48]);
    }

    #[test]
    fn wrong_values_are_told_and_others_are_not_ours() {
        for (directive, wanted) in [
            ("MIDI program 300", Some("0 to 127")),
            ("MIDI channel 17", Some("1 to 16")),
            ("MIDI transpose up", Some("semitones")),
            ("MIDI gchord", Some("pattern")),
            ("MIDI drumon", None),
            ("MIDI", None),
            ("midi program 300", None),
        ] {
            let said = MidiSetting::read(directive).map(|read| read.expect_err(directive));
            assert_eq!(said.is_some(), wanted.is_some(), "{directive}");
            let said = said.map_or_else(String::new, |fault| fault.message);
            assert!(said.contains(wanted.unwrap_or_default()), "{directive}");
        }
        let (_, said) = parse("X:1\nK:C\n%%MIDI program 300\nC|\n");
        assert_eq!(said.len(), 1);
    }
}
