//! MIDI messages that come in, as values. Pure.

use crate::event::ClockMessage;

/// What an instrument tells us. Channels from 0, all other numbers as in MIDI 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    NoteOn { channel: u8, pitch: u8, velocity: u8 },
    NoteOff { channel: u8, pitch: u8 },
    Control { channel: u8, controller: u8, value: u8 },
    Program { channel: u8, program: u8 },
    Clock(ClockMessage),
}

impl Message {
    /// Reads one whole message; `None` where it is of a kind that nobody here listens to, or none. A note-on without velocity is a
    /// note-off.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Message> {
        let (&status, data) = bytes.split_first()?;
        if data.iter().any(|&byte| byte > 127) {
            return None;
        }
        let channel = status & 15;
        match (status & 0xF0, data) {
            (0x80, &[pitch, _]) | (0x90, &[pitch, 0]) => Some(Message::NoteOff { channel, pitch }),
            (0x90, &[pitch, velocity]) => Some(Message::NoteOn { channel, pitch, velocity }),
            (0xB0, &[controller, value]) => Some(Message::Control { channel, controller, value }),
            (0xC0, &[program]) => Some(Message::Program { channel, program }),
            (0xF0, data) => match (status, data) {
                (0xF2, &[low, high]) => {
                    Some(Message::Clock(ClockMessage::SongPosition(u16::from(high) << 7 | u16::from(low))))
                }
                (0xF8, []) => Some(Message::Clock(ClockMessage::Tick)),
                (0xFA, []) => Some(Message::Clock(ClockMessage::Start)),
                (0xFB, []) => Some(Message::Clock(ClockMessage::Continue)),
                (0xFC, []) => Some(Message::Clock(ClockMessage::Stop)),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_messages() {
        let cases: [(&[u8], Option<Message>); 13] = [
            (&[0x93, 60, 90], Some(Message::NoteOn { channel: 3, pitch: 60, velocity: 90 })),
            (&[0x93, 60, 0], Some(Message::NoteOff { channel: 3, pitch: 60 })),
            (&[0x80, 60, 64], Some(Message::NoteOff { channel: 0, pitch: 60 })),
            (&[0xB0, 64, 127], Some(Message::Control { channel: 0, controller: 64, value: 127 })),
            (&[0xC9, 5], Some(Message::Program { channel: 9, program: 5 })),
            (&[0xF2, 0x10, 0x02], Some(Message::Clock(ClockMessage::SongPosition(272)))),
            (&[0xF8], Some(Message::Clock(ClockMessage::Tick))),
            (&[0xFC], Some(Message::Clock(ClockMessage::Stop))),
            (&[0xFE], None),
            (&[0xF0, 1, 2, 0xF7], None),
            (&[0x90, 60], None),
            (&[0x90, 200, 90], None),
            (&[], None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Message::read(bytes), expected, "{bytes:02x?}");
        }
    }
}
