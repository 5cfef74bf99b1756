//! The MIDI inputs of an audio system that carries MIDI: a fixed number of them, which are connected as they are wanted. What comes in a cycle
//! is put into a ring on the callback's thread, and read by the room of the inputs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtrb::{Consumer, Producer, RingBuffer};

use super::inputs::{Heard, Sources};
use super::patchbay::Connections;
use super::{Message, MidiError};
use crate::time::Frames;

/// As many may be listened to at once.
pub const INPUTS: usize = 4;
/// Messages between two looks at the ring, a millisecond or two: far more than a cable carries.
const CAPACITY: usize = 4096;

/// A message of up to three bytes, when it came, and the number of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub at: Frames,
    pub input: u8,
    pub length: u8,
    pub bytes: [u8; 3],
}

impl Arrival {
    /// `None` for a message that is longer, which nobody here listens to.
    #[must_use]
    pub fn of(input: usize, message: &[u8], at: Frames) -> Option<Arrival> {
        let mut bytes = [0; 3];
        bytes.get_mut(..message.len())?.copy_from_slice(message);
        Some(Arrival { at, input: input as u8, length: message.len() as u8, bytes })
    }
}

/// The room's end of them.
pub struct CycleInputs {
    ring: Consumer<Arrival>,
    heard: [Option<Heard>; INPUTS],
    connections: Arc<Mutex<Connections>>,
}

impl std::fmt::Debug for CycleInputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CycleInputs")
    }
}

impl CycleInputs {
    /// The inputs, and the callback's end of their ring.
    #[must_use]
    pub fn new(connections: Arc<Mutex<Connections>>) -> (CycleInputs, Producer<Arrival>) {
        let (sender, ring) = RingBuffer::new(CAPACITY);
        (CycleInputs { ring, heard: Default::default(), connections }, sender)
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An input that is listened to, until this is dropped.
struct Listened {
    at: usize,
    connections: Arc<Mutex<Connections>>,
}

impl Drop for Listened {
    fn drop(&mut self) {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).heard.wanted[self.at] = None;
    }
}

impl Sources for CycleInputs {
    fn names(&mut self) -> Result<Vec<String>, MidiError> {
        Ok(self.lock().outputs.clone())
    }

    fn open(&mut self, name: &str, heard: Heard) -> Result<Box<dyn Send>, MidiError> {
        let free = self.lock().heard.wanted.iter().position(Option::is_none);
        let at = free.ok_or_else(|| MidiError(format!("{INPUTS} inputs are in use; no more can be")))?;
        self.lock().heard.wanted[at] = Some(name.to_owned());
        self.heard[at] = Some(heard);
        Ok(Box::new(Listened { at, connections: Arc::clone(&self.connections) }))
    }

    fn read(&mut self) -> bool {
        while let Ok(Arrival { at, input, length, bytes }) = self.ring.pop() {
            let message = bytes.get(..length.into()).and_then(Message::read);
            if let (Some(message), Some(Some(heard))) = (message, self.heard.get_mut(usize::from(input))) {
                heard(message, at);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_comes_goes_to_whom_it_is_for() {
        let connections = Arc::new(Mutex::new(Connections::default()));
        connections.lock().unwrap().outputs = vec!["Keystep".into(), "Pads".into()];
        let (mut inputs, mut ring) = CycleInputs::new(Arc::clone(&connections));
        assert_eq!(inputs.names().unwrap(), ["Keystep", "Pads"]);
        let (sender, heard) = channel();
        let mut open = |name: &'static str| {
            let sender = sender.clone();
            inputs.open(
                name,
                Box::new(move |message, at| {
                    let _ = sender.send((name, message, at));
                }),
            )
        };
        let first = open("Keystep").unwrap();
        let others: Vec<_> = (1..INPUTS).map(|_| open("Pads").unwrap()).collect();
        assert!(open("Pads").is_err());
        ring.push(Arrival::of(1, &[0x90, 36, 90], Frames(3)).unwrap()).unwrap();
        ring.push(Arrival::of(0, &[0xF8], Frames(5)).unwrap()).unwrap();
        ring.push(Arrival::of(0, &[0xFE], Frames(5)).unwrap()).unwrap();
        assert_eq!(Arrival::of(0, &[0xF0, 1, 2, 0xF7], Frames(5)), None);
        inputs.read();
        let on = Message::NoteOn { channel: 0, pitch: 36, velocity: 90 };
        let tick = Message::Clock(crate::event::ClockMessage::Tick);
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [("Pads", on, Frames(3)), ("Keystep", tick, Frames(5))]);
        drop(first);
        let wanted = connections.lock().unwrap().heard.wanted.clone();
        assert_eq!(wanted.map(|wanted| wanted.is_some()), [false, true, true, true]);
        assert_eq!(others.len(), INPUTS - 1);
    }
}
