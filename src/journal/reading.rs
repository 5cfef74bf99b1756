//! A journal read back. Pure; takes any bytes.

use serde::Deserialize;

use super::{FORMAT, Header, Line};
use crate::event::ScheduledEvent;
use crate::record::BarRecord;
use crate::rig::Sound;
use crate::time::{Frames, Tempo};
use crate::transport::Transport;

/// A set as it was written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    pub header: Header,
    /// All other lines, in their order.
    pub lines: Vec<Line>,
}

/// A line that cannot be read and is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// From 1.
    pub line: usize,
    /// From 1; 0 for the line as a whole.
    pub column: usize,
    pub why: String,
}

/// Only this much of the first line has to be understood of a newer version.
#[derive(Deserialize)]
struct First {
    header: Version,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// Reads a journal, and what is damaged in it. A last line that is torn is none; a journal that is torn in its first line is none either,
/// `Ok(None)`. Errs with the sentence why something is no journal for this version.
pub fn read(bytes: &[u8]) -> Result<Option<(Recording, Vec<Damage>)>, String> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').zip(1..);
    let Some((first, _)) = lines.next() else { return Ok(None) };
    let header = match serde_json::from_slice::<First>(first) {
        Ok(First { header: Version { format } }) if format > FORMAT => {
            return Err(format!(
                "is the journal of a newer Barline (format {format}, this one knows {FORMAT}); play it with that version"
            ));
        }
        Ok(_) => serde_json::from_slice::<Line>(first).ok().filter(|line| line.fault().is_none()),
        Err(_) => None,
    };
    let Some(Line::Header(header)) = header else {
        let torn = !first.ends_with(b"\n") && first.starts_with(&b"{\"header\":"[..first.len().min(10)]);
        return if torn { Ok(None) } else { Err("is not a journal of Barline".to_owned()) };
    };
    let (mut read, mut damages) = (Vec::new(), Vec::new());
    for (text, number) in lines {
        let line = serde_json::from_slice::<Line>(text).map_err(|error| (error.column(), without_place(&error)));
        let line = line.and_then(|line| line.fault().map_or(Ok(line), |fault| Err((0, fault.to_owned()))));
        match line {
            Ok(line) => read.push(line),
            Err(_) if !text.ends_with(b"\n") => {}
            Err((column, why)) => damages.push(Damage { line: number, column, why }),
        }
    }
    Ok(Some((Recording { header, lines: read }, damages)))
}

/// What serde says, without its own `at line 1 column 5`.
fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.split(" at line ").next().unwrap_or_default().to_owned()
}

impl Recording {
    /// What the outputs were sent, in the order in which it was sent.
    pub fn events(&self) -> impl Iterator<Item = ScheduledEvent> + '_ {
        self.lines.iter().filter_map(|line| if let Line::Sent(event) = line { Some(*event) } else { None })
    }

    /// How slots sounded, in order.
    pub fn sounds(&self) -> impl Iterator<Item = &Sound> {
        self.lines.iter().filter_map(|line| if let Line::Voice(sound) = line { Some(sound) } else { None })
    }

    /// The bars that were begun, in order.
    #[must_use]
    pub fn bars(&self) -> Vec<BarRecord> {
        let mut bars: Vec<BarRecord> = Vec::new();
        for line in &self.lines {
            match line {
                Line::Bar(bar) => bars.push(bar.clone()),
                Line::Back { from, .. } => bars.retain(|bar| bar.number < *from),
                _ => {}
            }
        }
        // A journal that broke off may have bars that were never reached.
        let last = self.events().map(|event| event.at).max().unwrap_or_default();
        bars.retain(|bar| bar.at <= last);
        bars
    }

    /// Musical time as it was in the end; what was played keeps its place in it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        let mut transport = Transport::new(self.header.rate, Frames(0), Tempo::DEFAULT);
        for line in &self.lines {
            if let Line::Tempo { at, beats, tempo } = line {
                transport.restart(*beats, *at);
                transport.set_tempo(*beats, *tempo);
            }
        }
        transport
    }
}
