//! `rig.toml` as text to the rig, with places for all that is wrong in it. Pure.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ClockRole, Output, Rig, controller, drum, is_synth};
use crate::abc::diagnostic::{did_you_mean, excerpt};
use crate::abc::{Diagnostic, Fault, Span};
use crate::prompt::{self, Source};

const KEYS: [&str; 9] =
    ["port", "channel", "latency_ms", "clock", "program_base", "program_ahead", "cc", "drums", "fallback"];
const EXAMPLE: &str = "as in bass = { port = \"Minilogue\", channel = 2 }";
const MOST_LATENCY_MS: u16 = 250;
const MOST_AHEAD_MS: u16 = 1000;

type Value<'a> = Spanned<DeValue<'a>>;

impl Rig {
    /// Reads a rig. What can be read is there even when there are errors; `patches` are the names that `fallback` may say.
    #[must_use]
    pub fn read(path: &Path, text: &str, patches: &[String]) -> (Rig, Vec<Diagnostic>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader { patches, said: Vec::new(), led: false };
        for error in errors {
            let span = error.span().map_or(Span { start: 0, end: 0 }, of);
            reader.said.push(Diagnostic::error(span, error.message().to_owned()));
        }
        let mut rig = Rig::default();
        // A text that is no TOML is not blamed for what it may have meant.
        if reader.said.is_empty() {
            for (name, value) in table.get_ref() {
                let output = reader.output(name, value);
                if !output.port.is_empty() {
                    rig.outputs.insert(name.get_ref().to_string(), Arc::new(output));
                }
            }
        }
        rig.source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
        reader.said.sort_by_key(|diagnostic| diagnostic.span.start);
        (rig, reader.said)
    }
}

fn of(range: std::ops::Range<usize>) -> Span {
    Span { start: range.start, end: range.end }
}

struct Reader<'a> {
    patches: &'a [String],
    said: Vec<Diagnostic>,
    /// Whether there is a box whose clock we follow.
    led: bool,
}

impl Reader<'_> {
    fn wrong(&mut self, span: std::ops::Range<usize>, fault: impl Into<Fault>) {
        self.said.push(Diagnostic::error(of(span), fault));
    }

    fn output(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>, value: &Value<'_>) -> Output {
        let mut output = Output::default();
        if is_synth(name.get_ref()) {
            let fault = Fault::new("'synth' is the built-in synth").with_help("give the box another name");
            self.wrong(name.span(), fault);
        }
        let DeValue::Table(table) = value.get_ref() else {
            let what = excerpt(name.get_ref());
            self.wrong(name.span(), Fault::new(format!("'{what}' is not an output")).with_help(EXAMPLE));
            return output;
        };
        for (key, value) in table {
            self.setting(&mut output, key, value);
        }
        if !table.iter().any(|(key, _)| key.get_ref() == "port") {
            let what = excerpt(name.get_ref());
            self.wrong(name.span(), Fault::new(format!("'{what}' has no port")).with_help(EXAMPLE));
        }
        output
    }

    fn setting(&mut self, output: &mut Output, key: &Spanned<std::borrow::Cow<'_, str>>, value: &Value<'_>) {
        let name = key.get_ref().as_ref();
        match name {
            "port" => match text(value).filter(|port| !port.trim().is_empty()) {
                Some(port) => port.clone_into(&mut output.port),
                None => self.wrong(value.span(), "port wants a part of a MIDI port's name, in quotes"),
            },
            "channel" => output.channel = self.number(value, (1, 16), "channels go from 1 to 16"),
            "latency_ms" => {
                let help = "latency_ms goes from 0 to 250, in whole milliseconds";
                output.latency_ms = self.number(value, (0, MOST_LATENCY_MS), help).unwrap_or_default();
            }
            "clock" => match value.get_ref() {
                DeValue::Boolean(true) => output.clock = ClockRole::Follows,
                DeValue::Boolean(false) => output.clock = ClockRole::Apart,
                DeValue::String(clock) if clock == "in" && self.led => {
                    self.wrong(value.span(), "another box's clock is followed already; there can be one");
                }
                DeValue::String(clock) if clock == "in" => {
                    self.led = true;
                    output.clock = ClockRole::Leads;
                }
                _ => {
                    self.wrong(value.span(), "clock is true, false or \"in\", for the box whose clock Barline follows");
                }
            },
            "program_base" => {
                let help = "program_base is 0 or 1: what the box calls its first program";
                output.program_base = self.number(value, (0, 1), help).unwrap_or_default();
            }
            "program_ahead" => {
                let help = "program_ahead goes from 0 to 1000, in whole milliseconds";
                let ahead = self.number(value, (0, MOST_AHEAD_MS), help);
                output.program_ahead_ms = ahead.unwrap_or(output.program_ahead_ms);
            }
            "cc" => self.controllers(output, value),
            "drums" => self.drums(output, value),
            "fallback" => match text(value) {
                Some(patch) if self.patches.iter().any(|known| known == patch) => {
                    output.fallback = Some(patch.to_owned());
                }
                Some(patch) => {
                    let near = did_you_mean(patch, self.patches.iter().map(String::as_str));
                    let help = near.unwrap_or_else(|| format!("there are {}", self.patches.join(", ")));
                    let fault = Fault::new(format!("there is no patch '{}'", excerpt(patch)));
                    self.wrong(value.span(), fault.with_help(help));
                }
                None => self.wrong(value.span(), "fallback wants the name of a patch, in quotes"),
            },
            other => {
                let help = did_you_mean(other, KEYS).unwrap_or_else(|| format!("there are {}", KEYS.join(", ")));
                let fault = Fault::new(format!("'{}' is not known of an output", excerpt(other)));
                self.wrong(key.span(), fault.with_help(help));
            }
        }
    }

    fn controllers(&mut self, output: &mut Output, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong(value.span(), "cc wants controllers by name, as in cc = { cutoff = 43 }");
        };
        for (name, value) in table {
            let (span, name) = (name.span(), name.get_ref().to_string());
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
                self.wrong(span, "the name of a controller is letters, digits, - and _");
            } else if prompt::is_property(&name) {
                let fault = Fault::new(format!("{name}= is a property of every voice"));
                self.wrong(span, fault.with_help("give the controller another name"));
            } else if let Some(number) = self.number(value, (0, controller::LAST), "controllers go from 0 to 119") {
                match controller::property(number) {
                    Some(property) => {
                        self.wrong(value.span(), format!("controller {number} is what {property}= says"));
                    }
                    None => drop(output.cc.insert(name, number)),
                }
            }
        }
    }

    fn drums(&mut self, output: &mut Output, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong(value.span(), "drums wants notes by name, as in drums = { kick = [1, 36] }");
        };
        for (name, value) in table {
            let Some(drum) = drum::note(name.get_ref()) else {
                let near = did_you_mean(name.get_ref(), drum::NAMES.iter().map(|(name, _)| *name));
                let known = || {
                    let names: Vec<&str> = drum::NAMES.iter().map(|(name, _)| *name).collect();
                    format!("there are {}, or a General MIDI note", names.join(", "))
                };
                let fault = Fault::new(format!("there is no drum '{}'", excerpt(name.get_ref())));
                self.wrong(name.span(), fault.with_help(near.unwrap_or_else(known)));
                continue;
            };
            let pair = match value.get_ref() {
                DeValue::Array(pair) if pair.len() == 2 => Some((&pair[0], &pair[1])),
                _ => None,
            };
            let Some((channel, note)) = pair else {
                self.wrong(value.span(), "a drum is a channel and a note, as in [1, 36]");
                continue;
            };
            let channel = self.number(channel, (1, 16), "channels go from 1 to 16");
            let note = self.number(note, (0, 127), "notes go from 0 to 127");
            if let (Some(channel), Some(note)) = (channel, note) {
                output.drums.insert(drum, (channel, note));
            }
        }
    }

    /// A whole number from the first of `range` to the last; `help` says which those are.
    fn number<T: Copy + Into<i64> + TryFrom<i64>>(
        &mut self,
        value: &Value<'_>,
        (least, most): (T, T),
        help: &'static str,
    ) -> Option<T> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| (least.into()..=most.into()).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.wrong(value.span(), help);
        }
        number
    }
}

fn text<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Rig, Vec<String>) {
        let (rig, said) = Rig::read(Path::new("rig.toml"), text, &["reed", "sub"].map(String::from));
        let said = said.iter().map(|diagnostic| diagnostic.display("r", text)).collect();
        (rig, said)
    }

    #[test]
    fn all_names_of_an_output() {
        let text = "# mine\nbass = { port = \"Mini\", channel = 2, latency_ms = 5, clock = true, program_base = 1, program_ahead = 0x80, cc = { cutoff = 43 }, drums = { kick = [1, 36], 38 = [10, 40] }, fallback = \"sub\" }\n[keys]\nport = 'Nord'\n";
        let (rig, said) = read(text);
        assert_eq!(said, [""; 0]);
        let bass = Output {
            port: "Mini".into(),
            channel: Some(2),
            latency_ms: 5,
            clock: ClockRole::Follows,
            program_base: 1,
            program_ahead_ms: 128,
            cc: [("cutoff".to_owned(), 43)].into(),
            drums: [(36, (1, 36)), (38, (10, 40))].into(),
            fallback: Some("sub".into()),
        };
        assert_eq!(**rig.output("bass").expect("there"), bass);
        let keys = Output { port: "Nord".into(), ..Output::default() };
        assert_eq!((&**rig.output("keys").expect("there"), keys.program_ahead_ms), (&keys, 50));
        assert_eq!(rig.source.text, text);
        assert_eq!(read("").0.outputs.len(), 0);
    }

    #[test]
    fn the_example_says_nothing_until_it_is_uncommented() {
        let example = include_str!("../../prompts/rig.toml");
        assert_eq!((read(example).0.outputs.len(), read(example).1), (0, vec![]));
        let settings = example
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.starts_with('[') || line.split(' ').nth(1) == Some("="));
        let (rig, said) = Rig::read(
            Path::new("rig.toml"),
            &settings.collect::<Vec<_>>().join("\n"),
            &["sub", "pluck"].map(String::from),
        );
        assert_eq!((rig.outputs.len(), said), (2, vec![]));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, expected) in [
            ("a = { port = 3 }", "r:1:14: error: port wants a part of a MIDI port's name, in quotes"),
            ("a = { port = ' ' }", "r:1:14: error: port wants a part of a MIDI port's name, in quotes"),
            (
                "a = { channel = 1 }",
                "r:1:1: error: 'a' has no port (as in bass = { port = \"Minilogue\", channel = 2 })",
            ),
            (
                "port = 'x'",
                "r:1:1: error: 'port' is not an output (as in bass = { port = \"Minilogue\", channel = 2 })",
            ),
            ("[synth]\nport = 'x'", "r:1:2: error: 'synth' is the built-in synth (give the box another name)"),
            (
                "[a]\nport = 'x'\nchanel = 1",
                "r:3:1: error: 'chanel' is not known of an output (did you mean 'channel'?)",
            ),
            ("[a]\nport = 'x'\nchannel = 17", "r:3:11: error: channels go from 1 to 16"),
            ("[a]\nport = 'x'\nchannel = '1'", "r:3:11: error: channels go from 1 to 16"),
            ("[a]\nport = 'x'\nlatency_ms = -1", "r:3:14: error: latency_ms goes from 0 to 250, in whole milliseconds"),
            (
                "[a]\nport = 'x'\nlatency_ms = 1.5",
                "r:3:14: error: latency_ms goes from 0 to 250, in whole milliseconds",
            ),
            (
                "[a]\nport = 'x'\nclock = 1",
                "r:3:9: error: clock is true, false or \"in\", for the box whose clock Barline follows",
            ),
            (
                "a = { port = 'x', clock = 'in' }\nb = { port = 'y', clock = 'in' }",
                "r:2:27: error: another box's clock is followed already; there can be one",
            ),
            (
                "[a]\nport = 'x'\nprogram_base = 2",
                "r:3:16: error: program_base is 0 or 1: what the box calls its first program",
            ),
            (
                "[a]\nport = 'x'\nprogram_ahead = 1001",
                "r:3:17: error: program_ahead goes from 0 to 1000, in whole milliseconds",
            ),
            ("[a]\nport = 'x'\nfallback = 'sbu'", "r:3:12: error: there is no patch 'sbu' (did you mean 'sub'?)"),
            ("[a]\nport = 'x'\nfallback = 1", "r:3:12: error: fallback wants the name of a patch, in quotes"),
            ("[a]\nport = 'x'\ncc = 43", "r:3:6: error: cc wants controllers by name, as in cc = { cutoff = 43 }"),
            ("[a]\nport = 'x'\ncc.cutoff = 120", "r:3:13: error: controllers go from 0 to 119"),
            ("[a]\nport = 'x'\ncc.loud = 7", "r:3:11: error: controller 7 is what gain= says"),
            (
                "[a]\nport = 'x'\ncc.pan = 9",
                "r:3:4: error: pan= is a property of every voice (give the controller another name)",
            ),
            ("[a]\nport = 'x'\ncc.'a b' = 9", "r:3:4: error: the name of a controller is letters, digits, - and _"),
            ("[a]\nport = 'x'\ndrums.kik = [1, 36]", "r:3:7: error: there is no drum 'kik' (did you mean 'kick'?)"),
            ("[a]\nport = 'x'\ndrums.kick = 36", "r:3:14: error: a drum is a channel and a note, as in [1, 36]"),
            ("[a]\nport = 'x'\ndrums.kick = [0, 36]", "r:3:15: error: channels go from 1 to 16"),
            ("[a]\nport = 'x'\ndrums.kick = [1, 128]", "r:3:18: error: notes go from 0 to 127"),
        ] {
            assert_eq!(read(text).1, [expected], "{text}");
        }
        let (rig, _) = read("[a]\nport = 'x'\nchannel = 17\nlatency_ms = 3\n[b]\nchannel = 1");
        assert_eq!(rig.outputs.keys().collect::<Vec<_>>(), ["a"], "what can be read is there");
        assert_eq!((rig.outputs["a"].channel, rig.outputs["a"].latency_ms), (None, 3));
        for text in ["a = {", "a = 1\na = 2", "[a\n", "\u{0}"] {
            let (rig, said) = read(text);
            assert!(rig.outputs.is_empty() && said[0].starts_with("r:") && said[0].contains(": error: "), "{said:?}");
        }
    }
}
