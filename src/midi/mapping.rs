//! MIDI learn: which message of which input does what, and the file in which that is kept. Pure.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;

use super::Message;
use crate::event::ClockMessage;

/// The file's name, beside the journals of sets.
pub const FILE: &str = "midi-map.toml";
const HEAD: &str = "# What MIDI learn (Ctrl+Space M) has learned. keys are those behind Ctrl+Space.\n";

/// Something that a performer touches on an instrument. Channels from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// A key or a pad.
    Note {
        channel: u8,
        pitch: u8,
    },
    /// A knob, a fader or a pedal.
    Control {
        channel: u8,
        controller: u8,
    },
    /// A transport key.
    Start,
    Continue,
    Stop,
}

impl Trigger {
    /// What was touched and how far, from 0 (let go) to 127; `None` for what nobody touches by itself.
    #[must_use]
    pub fn of(message: Message) -> Option<(Trigger, u8)> {
        Some(match message {
            Message::NoteOn { channel, pitch, velocity } => (Trigger::Note { channel, pitch }, velocity),
            Message::NoteOff { channel, pitch } => (Trigger::Note { channel, pitch }, 0),
            Message::Control { channel, controller, value } => (Trigger::Control { channel, controller }, value),
            Message::Clock(ClockMessage::Start) => (Trigger::Start, 127),
            Message::Clock(ClockMessage::Continue) => (Trigger::Continue, 127),
            Message::Clock(ClockMessage::Stop) => (Trigger::Stop, 127),
            Message::Clock(ClockMessage::Tick | ClockMessage::SongPosition(_)) | Message::Program { .. } => {
                return None;
            }
        })
    }
}

/// `note 36 channel 10`, as a performer counts channels.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Note { channel, pitch } => write!(f, "note {pitch} channel {}", channel + 1),
            Trigger::Control { channel, controller } => write!(f, "control {controller} channel {}", channel + 1),
            Trigger::Start => f.write_str("start"),
            Trigger::Continue => f.write_str("continue"),
            Trigger::Stop => f.write_str("stop"),
        }
    }
}

impl FromStr for Trigger {
    type Err = String;

    fn from_str(text: &str) -> Result<Trigger, String> {
        let bad = || format!("'{text}' is no message such as 'note 36 channel 10', 'control 64 channel 1' or 'start'");
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |word: &str| word.parse::<u8>().ok().filter(|number| *number < 128).ok_or_else(bad);
        let channel = |word: &str| number(word)?.checked_sub(1).filter(|channel| *channel < 16).ok_or_else(bad);
        match words[..] {
            ["note", pitch, "channel", at] => Ok(Trigger::Note { channel: channel(at)?, pitch: number(pitch)? }),
            ["control", controller, "channel", at] => {
                Ok(Trigger::Control { channel: channel(at)?, controller: number(controller)? })
            }
            ["start"] => Ok(Trigger::Start),
            ["continue"] => Ok(Trigger::Continue),
            ["stop"] => Ok(Trigger::Stop),
            _ => Err(bad()),
        }
    }
}

/// Something was touched at an input that has this name whenever it is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub port: String,
    pub trigger: Trigger,
    /// 0 when it was let go, to 127.
    pub value: u8,
}

/// What a message of an input stands for: the keys behind the leader.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Row")]
pub struct Mapping {
    pub port: String,
    pub trigger: Trigger,
    pub keys: String,
}

/// The same as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    port: String,
    message: String,
    keys: String,
}

impl TryFrom<Row> for Mapping {
    type Error = String;

    fn try_from(Row { port, message, keys }: Row) -> Result<Mapping, String> {
        Ok(Mapping { port, trigger: message.parse()?, keys })
    }
}

/// All that was learned. A message stands for one thing; a thing may have several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mappings {
    #[serde(default)]
    map: Vec<Mapping>,
}

impl Mappings {
    /// Reads the file's text; errs with line and what is wrong.
    pub fn read(text: &str) -> Result<Mappings, String> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("{line}: {}", error.message())
        })
    }

    /// As the file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let row = |Mapping { port, trigger, keys }: &Mapping| {
            let (port, message, keys) = (quoted(port), quoted(&trigger.to_string()), quoted(keys));
            format!("\n[[map]]\nport = {port}\nmessage = {message}\nkeys = {keys}\n")
        };
        [HEAD.to_owned()].into_iter().chain(self.map.iter().map(row)).collect()
    }

    /// From here on this message stands for these keys, and for no others.
    pub fn learn(&mut self, Touched { port, trigger, .. }: Touched, keys: &str) {
        self.map.retain(|known| (&known.port, known.trigger) != (&port, trigger));
        self.map.push(Mapping { port, trigger, keys: keys.to_owned() });
    }

    /// Nothing stands for these keys any more; whether anything did.
    pub fn forget(&mut self, keys: &str) -> bool {
        self.map.extract_if(.., |known| known.keys == keys).count() > 0
    }

    /// What a message stands for.
    #[must_use]
    pub fn keys(&self, touched: &Touched) -> Option<&str> {
        let is = |known: &&Mapping| (&known.port, known.trigger) == (&touched.port, touched.trigger);
        self.map.iter().find(is).map(|known| known.keys.as_str())
    }

    /// What stands for anything, for [`super::Inputs::attend`].
    #[must_use]
    pub fn triggers(&self) -> Arc<[(String, Trigger)]> {
        self.map.iter().map(|known| (known.port.clone(), known.trigger)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learned_is_written_and_read() {
        let pad =
            |pitch| Touched { port: "Pads \"A\"".into(), trigger: Trigger::Note { channel: 9, pitch }, value: 90 };
        let pedal =
            Touched { port: "Keystep".into(), trigger: Trigger::Control { channel: 0, controller: 64 }, value: 127 };
        let mut mappings = Mappings::default();
        mappings.learn(pad(36), "p");
        mappings.learn(pedal.clone(), "m3");
        mappings.learn(Touched { trigger: Trigger::Start, ..pedal.clone() }, "p");
        assert_eq!(Mappings::read(&mappings.text()), Ok(mappings.clone()));
        assert_eq!(Mappings::read(""), Ok(Mappings::default()));
        assert_eq!(
            [pad(36), pad(37), pedal.clone()].map(|touched| mappings.keys(&touched).map(str::to_owned)),
            [Some("p".to_owned()), None, Some("m3".to_owned())]
        );
        // Another thing takes its place.
        mappings.learn(pad(36), "s");
        assert_eq!((mappings.keys(&pad(36)), mappings.triggers().len()), (Some("s"), 3));
        assert!(mappings.forget("s") && !mappings.forget("s"));
        assert_eq!(mappings.triggers().len(), 2);
    }

    #[test]
    fn what_is_wrong_in_the_file_has_its_line() {
        let row = |message: &str| format!("# mine\n[[map]]\nport = \"a\"\nmessage = \"{message}\"\nkeys = \"p\"\n");
        assert!(Mappings::read(&row("control 64 channel 16")).is_ok());
        for message in ["note 128 channel 1", "note 1 channel 0", "note 1 channel 17", "note 1", "play"] {
            let said = Mappings::read(&row(message)).unwrap_err();
            assert!(said.contains(&format!("'{message}' is no message")), "{said}");
        }
        let said = Mappings::read(&(row("stop") + "colour = 1\n")).unwrap_err();
        assert!(said.starts_with("6: unknown field `colour`"), "{said}");
    }
}
