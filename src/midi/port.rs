//! MIDI ports of the system, through midir. Opened and listed off the real-time threads.

use midir::{MidiIO, MidiOutput, MidiOutputConnection};

use super::{MidiError, MidiSink};

const CLIENT: &str = "barline";

/// One line of `barline devices`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortInfo {
    /// What `--midi` takes, besides any part of the name.
    pub index: usize,
    pub name: String,
}

/// The output ports, or one sentence that says why there is no MIDI on this machine.
pub fn ports() -> Result<Vec<PortInfo>, MidiError> {
    Ok(list(&client()?))
}

/// The ports of either direction.
pub(super) fn list<T: MidiIO>(io: &T) -> Vec<PortInfo> {
    let name = |port| io.port_name(port).unwrap_or_else(|_| "unnamed".to_owned());
    io.ports().iter().enumerate().map(|(index, port)| PortInfo { index, name: name(port) }).collect()
}

/// The port with this index, or the first whose name contains the text, whatever the case; and its full name.
pub(super) fn find<T: MidiIO>(io: &T, wanted: &str) -> Option<(T::Port, String)> {
    let (ports, lower) = (io.ports(), wanted.to_lowercase());
    let port = match wanted.parse::<usize>() {
        Ok(index) => ports.get(index),
        Err(_) => ports.iter().find(|port| io.port_name(port).is_ok_and(|name| name.to_lowercase().contains(&lower))),
    }?;
    Some((port.clone(), io.port_name(port).unwrap_or_else(|_| wanted.to_owned())))
}

/// Opens the port with this index, or the first whose name contains the text, whatever the case.
pub fn open(wanted: &str) -> Result<PortSink, MidiError> {
    let output = client()?;
    let (port, name) = find(&output, wanted).ok_or_else(|| {
        MidiError(format!("there is no MIDI port '{wanted}' here; `barline devices` lists what there is"))
    })?;
    let connection = output.connect(&port, CLIENT).map_err(|error| {
        MidiError(format!("cannot open the MIDI port '{name}': {}; another program may hold it", error.kind()))
    })?;
    Ok(PortSink { connection, name })
}

fn client() -> Result<MidiOutput, MidiError> {
    MidiOutput::new(CLIENT).map_err(|_| MidiError(no_midi()))
}

/// Why there is none, and what to do.
pub fn no_midi() -> String {
    let help = if cfg!(target_os = "linux") {
        "the kernel's sequencer does not answer; load it with `modprobe snd-seq` and join the group 'audio'"
    } else {
        "the system's MIDI service does not answer"
    };
    format!("no MIDI here: {help}")
}

/// A port that is open.
pub struct PortSink {
    connection: MidiOutputConnection,
    name: String,
}

impl std::fmt::Debug for PortSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl PortSink {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl MidiSink for PortSink {
    fn send(&mut self, message: &[u8]) -> Result<(), MidiError> {
        // An empty sentence: this runs on the MIDI thread, where the heap is out of bounds. `MidiStats::lost` tells.
        self.connection.send(message).map_err(|_| MidiError(String::new()))
    }
}
