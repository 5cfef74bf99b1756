//! The outputs of an audio system that carries MIDI: a fixed number of them, which are connected as ports are wanted. Shared by the room of
//! the ports and the supervisor of the audio; neither is a real-time thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::room::Wires;
use super::{CyclePort, MidiError, MidiOutput, MidiStats};
use crate::time::SampleRate;

/// As many ports may be played at once.
pub const OUTPUTS: usize = 8;

/// What is to be connected to what, and what there is.
#[derive(Debug, Default)]
pub struct Connections {
    /// The full name of the partner of each output.
    pub wanted: [Option<String>; OUTPUTS],
    /// The inputs of other programs and of the hardware, by full name.
    pub inputs: Vec<String>,
}

#[derive(Debug)]
pub struct Patchbay {
    /// Outputs without a partner, with their numbers.
    free: Vec<(usize, MidiOutput)>,
    /// Those that are given away are known again by their counters.
    stats: Vec<Arc<MidiStats>>,
    connections: Arc<Mutex<Connections>>,
}

impl Patchbay {
    /// The outputs, and their ends for the audio cycle.
    #[must_use]
    pub fn new(rate: SampleRate) -> (Patchbay, Vec<CyclePort>) {
        let (outputs, ports): (Vec<MidiOutput>, Vec<CyclePort>) =
            (0..OUTPUTS).map(|_| MidiOutput::in_cycle(rate)).unzip();
        let stats = outputs.iter().map(MidiOutput::stats).collect();
        let free = outputs.into_iter().enumerate().rev().collect();
        (Patchbay { free, stats, connections: Arc::default() }, ports)
    }

    /// For whoever makes the connections.
    #[must_use]
    pub fn connections(&self) -> Arc<Mutex<Connections>> {
        Arc::clone(&self.connections)
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wires for Patchbay {
    fn names(&mut self) -> Vec<String> {
        self.lock().inputs.clone()
    }

    fn open(&mut self, wanted: &str) -> Result<(String, MidiOutput), MidiError> {
        let lower = wanted.to_lowercase();
        let name = self.names().into_iter().find(|name| name.to_lowercase().contains(&lower));
        let name = name.ok_or_else(|| MidiError(format!("there is no MIDI input '{wanted}' in the audio system")))?;
        let full = || MidiError(format!("{wanted}: {OUTPUTS} ports are in use; no more can be"));
        let (at, output) = self.free.pop().ok_or_else(full)?;
        self.lock().wanted[at] = Some(name.clone());
        Ok((name, output))
    }

    fn close(&mut self, output: MidiOutput) {
        let stats = output.stats();
        if let Some(at) = self.stats.iter().position(|known| Arc::ptr_eq(known, &stats)) {
            self.lock().wanted[at] = None;
            self.free.push((at, output));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_given_away_and_taken_back() {
        let (mut bay, ports) = Patchbay::new(SampleRate(48_000));
        assert_eq!(ports.len(), OUTPUTS);
        assert!(bay.open("mini").is_err());
        bay.lock().inputs = vec!["a2j:Mini 20:0".to_owned(), "a2j:Drum 24:0".to_owned()];
        let (name, output) = bay.open("mini").unwrap();
        assert_eq!((name.as_str(), bay.lock().wanted[0].as_deref()), ("a2j:Mini 20:0", Some("a2j:Mini 20:0")));
        let more: Vec<MidiOutput> = (1..OUTPUTS).map(|_| bay.open("drum").unwrap().1).collect();
        assert!(bay.open("drum").is_err());
        bay.close(output);
        assert_eq!(bay.lock().wanted[0], None);
        assert_eq!(bay.open("drum").unwrap().0, "a2j:Drum 24:0");
        assert_eq!(more.len(), OUTPUTS - 1);
    }
}
