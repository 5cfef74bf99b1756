//! What is played on a MIDI input, as commands for the voices by hand that listen to it. Pure.

use super::Message;
use crate::event::Command;

/// From here on controllers are messages to a channel as a whole (MIDI 1.0); all but the first two of them end its notes.
const CHANNEL_MODE: u8 = 120;
const SUSTAIN: u8 = 64;

/// Who listens to an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// A part of the port's name, or its number.
    pub port: String,
    pub ear: Ear,
}

/// What it hears there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ear {
    /// The notes and controllers of a voice by hand.
    Voice(String),
    /// The clock that we follow.
    Clock,
}

impl Listener {
    /// Who it is, in words.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.ear {
            Ear::Voice(voice) => voice,
            Ear::Clock => "the clock",
        }
    }
}

/// The keys of one input.
#[derive(Debug, Default)]
pub struct Keys {
    /// Those that are down: channel, pitch, and the voice that was struck.
    held: Vec<(u8, u8, String)>,
    /// Voices whose sustain pedal is down.
    sustained: Vec<String>,
}

impl Keys {
    /// What a message asks of the voices that listen. Who was struck is let go, whoever listens by then.
    pub fn hear<'a>(&mut self, message: Message, voices: impl Iterator<Item = &'a str>) -> Vec<Command> {
        match message {
            Message::NoteOn { channel, pitch, velocity } => {
                let mut commands = self.release(channel, Some(pitch));
                for voice in voices.map(str::to_owned) {
                    self.held.push((channel, pitch, voice.clone()));
                    commands.push(Command::NoteOn { voice, pitch, velocity });
                }
                commands
            }
            Message::NoteOff { channel, pitch } => self.release(channel, Some(pitch)),
            Message::Control { channel, controller: CHANNEL_MODE | 123..=127, .. } => self.release(channel, None),
            Message::Control { controller, value, .. } if controller < CHANNEL_MODE => {
                let voices: Vec<&str> = voices.collect();
                if controller == SUSTAIN {
                    self.sustained.retain(|voice| !voices.contains(&&**voice));
                    self.sustained.extend(voices.iter().filter(|_| value >= 64).map(|voice| (*voice).to_owned()));
                }
                voices
                    .into_iter()
                    .map(|voice| Command::Control { voice: voice.to_owned(), controller, value })
                    .collect()
            }
            Message::Control { .. } | Message::Program { .. } | Message::Clock(_) => Vec::new(),
        }
    }

    /// The input has gone: nobody will let go of what is held.
    pub fn let_go(&mut self) -> Vec<Command> {
        let ends = self.held.drain(..).map(|(_, pitch, voice)| Command::NoteOff { voice, pitch });
        let pedals = self.sustained.drain(..).map(|voice| Command::Control { voice, controller: SUSTAIN, value: 0 });
        ends.chain(pedals).collect()
    }

    fn release(&mut self, channel: u8, pitch: Option<u8>) -> Vec<Command> {
        let is = |held: &(u8, u8, String)| held.0 == channel && pitch.is_none_or(|pitch| held.1 == pitch);
        self.held.extract_if(.., |held| is(held)).map(|(_, pitch, voice)| Command::NoteOff { voice, pitch }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(commands: Vec<Command>) -> String {
        let word = |command| match command {
            Command::NoteOn { voice, pitch, velocity } => format!("{voice}+{pitch}/{velocity}"),
            Command::NoteOff { voice, pitch } => format!("{voice}-{pitch}"),
            Command::Control { voice, controller, value } => format!("{voice}:{controller}={value}"),
            other => panic!("{other:?}"),
        };
        commands.into_iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn who_was_struck_is_let_go() {
        let mut keys = Keys::default();
        let mut hear =
            |bytes: &[u8], voices: &[&str]| said(keys.hear(Message::read(bytes).unwrap(), voices.iter().copied()));
        assert_eq!(hear(&[0x90, 60, 90], &["keys"]), "keys+60/90");
        assert_eq!(hear(&[0x90, 64, 80], &["keys", "pad"]), "keys+64/80 pad+64/80");
        // Another voice listens now; the same key on another channel is another key.
        assert_eq!(hear(&[0x81, 60, 0], &["pad"]), "");
        assert_eq!(hear(&[0x80, 60, 0], &["pad"]), "keys-60");
        assert_eq!(hear(&[0x80, 60, 0], &["pad"]), "");
        // Struck twice, as by a keyboard that lost an end.
        assert_eq!(hear(&[0x90, 64, 70], &["pad"]), "keys-64 pad-64 pad+64/70");
        assert_eq!(hear(&[0xB0, 74, 5], &["keys", "pad"]), "keys:74=5 pad:74=5");
        assert_eq!(hear(&[0xC0, 3], &["keys"]), "");
        // Local control and resetting controllers end nothing; all notes off does.
        assert_eq!(hear(&[0xB0, 121, 0], &["keys"]), "");
        assert_eq!(hear(&[0xB0, 123, 0], &["keys"]), "pad-64");
        hear(&[0x90, 50, 1], &["keys"]);
        assert_eq!((said(keys.let_go()), said(keys.let_go())), ("keys-50".to_owned(), String::new()));
        // So does a pedal.
        keys.hear(Message::read(&[0xB0, 64, 127]).unwrap(), ["keys", "pad"].into_iter());
        keys.hear(Message::read(&[0xB0, 64, 0]).unwrap(), ["pad"].into_iter());
        assert_eq!(said(keys.let_go()), "keys:64=0");
    }
}
