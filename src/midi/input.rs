//! MIDI in: an input port of the system, through midir. Its messages come on midir's own thread.

use std::time::Instant;

use midir::{Ignore, MidiInput, MidiInputConnection};

use super::message::Message;
use super::port::{find, list, names_of, no_midi};
use super::{MidiError, PortInfo};

const CLIENT: &str = "barline in";

/// A port that is heard until this is dropped.
pub struct Input {
    _connection: MidiInputConnection<()>,
    name: String,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Input {
    /// Listens to the port with this number, or the first whose name contains the text, whatever the case. `heard` gets each message and
    /// when it came; it must not wait.
    pub fn open(wanted: &str, mut heard: impl FnMut(Message, Instant) + Send + 'static) -> Result<Input, MidiError> {
        let input = client()?;
        let (port, name) = find(&input, wanted).ok_or_else(|| {
            MidiError(format!("there is no MIDI input '{wanted}' here; `barline devices` lists what there is"))
        })?;
        let callback = move |_, bytes: &[u8], (): &mut ()| {
            if let Some(message) = Message::read(bytes) {
                heard(message, Instant::now());
            }
        };
        let connection = input.connect(&port, CLIENT, callback, ()).map_err(|error| {
            MidiError(format!("cannot listen to the MIDI port '{name}': {}; another program may hold it", error.kind()))
        })?;
        Ok(Input { _connection: connection, name })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A client that lists the input ports again and again.
pub(super) struct Hearing(MidiInput);

impl Hearing {
    pub(super) fn open() -> Result<Hearing, MidiError> {
        client().map(Hearing)
    }

    pub(super) fn names(&self) -> Vec<String> {
        names_of(&self.0, &self.0.ports())
    }
}

/// The input ports, or one sentence that says why there is no MIDI on this machine.
pub fn inputs() -> Result<Vec<PortInfo>, MidiError> {
    Ok(list(&client()?))
}

fn client() -> Result<MidiInput, MidiError> {
    let mut input = MidiInput::new(CLIENT).map_err(|_| MidiError(no_midi()))?;
    // Clock is what we listen to; active sensing and system exclusive are not.
    input.ignore(Ignore::SysexAndActiveSense);
    Ok(input)
}
