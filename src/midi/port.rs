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
    names_of(io, &io.ports()).into_iter().enumerate().map(|(index, name)| PortInfo { index, name }).collect()
}

pub(super) fn names_of<T: MidiIO>(io: &T, ports: &[T::Port]) -> Vec<String> {
    ports.iter().map(|port| io.port_name(port).unwrap_or_else(|_| "unnamed".to_owned())).collect()
}

/// Which of these is meant by a name, a number, or a part of a name, whatever the case. Of several that fit the first.
#[must_use]
pub fn position(names: &[String], wanted: &str) -> Option<usize> {
    let whole = names.iter().position(|name| name == wanted);
    whole.or_else(|| match wanted.parse::<usize>() {
        Ok(number) => Some(number).filter(|number| *number < names.len()),
        Err(_) => names.iter().position(|name| contains(name, wanted)),
    })
}

fn contains(name: &str, part: &str) -> bool {
    name.to_lowercase().contains(&part.to_lowercase())
}

/// What a port is called when it comes back: without the numbers that ALSA sets behind its name (`Mini 28:0`), which are others then. The
/// whole name where another port here is called the same.
pub(super) fn lasting<'a>(name: &'a str, names: &[String]) -> &'a str {
    let numbers = |tail: &str| {
        tail.split_once(':').is_some_and(|(client, port)| [client, port].iter().all(|n| n.parse::<u16>().is_ok()))
    };
    let short = name.rsplit_once(' ').filter(|(_, tail)| numbers(tail)).map_or(name, |(short, _)| short);
    if names.iter().filter(|name| contains(name, short)).count() > 1 { name } else { short }
}

/// A port that nobody has plugged in.
pub(super) fn absent(wanted: &str) -> MidiError {
    MidiError(format!("there is no MIDI port '{wanted}' here; `barline devices` lists what there is"))
}

/// The port that is meant ([`position`]), and its full name.
pub(super) fn find<T: MidiIO>(io: &T, wanted: &str) -> Option<(T::Port, String)> {
    let ports = io.ports();
    let mut names = names_of(io, &ports);
    let at = position(&names, wanted)?;
    Some((ports[at].clone(), names.swap_remove(at)))
}

/// A client that lists the ports again and again.
pub(super) struct Listing(MidiOutput);

impl Listing {
    pub(super) fn open() -> Result<Listing, MidiError> {
        client().map(Listing)
    }

    pub(super) fn names(&self) -> Vec<String> {
        names_of(&self.0, &self.0.ports())
    }
}

/// Opens the port that is meant by a name, a number or a part of a name ([`position`]).
pub fn open(wanted: &str) -> Result<PortSink, MidiError> {
    let output = client()?;
    let (port, name) = find(&output, wanted).ok_or_else(|| absent(wanted))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn ports_are_meant_by_name_number_or_part() {
        let here = names(&["Through 14:0", "Mini two 24:0", "Mini 28:0", "7"]);
        let cases = [("Mini 28:0", 2), ("mini", 1), ("0", 0), ("7", 3), ("3", 3)];
        for (wanted, at) in cases {
            assert_eq!(position(&here, wanted), Some(at), "{wanted}");
        }
        assert_eq!([position(&here, "4"), position(&here, "drum")], [None, None]);
    }

    #[test]
    fn numbers_that_change_are_no_part_of_a_lasting_name() {
        let here = names(&["Mini:Mini MIDI 1 28:0", "Twin:Twin 32:0", "Twin:Twin 36:0", "take 2:x", "IAC Bus 1"]);
        let lasting = here.iter().map(|name| lasting(name, &here)).collect::<Vec<_>>();
        assert_eq!(lasting, ["Mini:Mini MIDI 1", "Twin:Twin 32:0", "Twin:Twin 36:0", "take 2:x", "IAC Bus 1"]);
    }
}
