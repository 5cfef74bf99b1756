//! The outputs of an audio system that carries MIDI: a fixed number of them, which are connected as ports are wanted. Shared by the room of
//! the ports and the supervisor of the audio; neither is a real-time thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::room::Wires;
use super::{CyclePort, INPUTS, MidiError, MidiOutput, MidiStats};
use crate::event::{Action, ScheduledEvent};
use crate::time::{Frames, SampleRate};

/// As many ports may be played at once.
pub const OUTPUTS: usize = 8;

/// A connection is waited for so long: what is sent before it is there is lost.
const PATIENCE: Duration = Duration::from_millis(300);

/// The partners of some ports of ours.
#[derive(Debug)]
pub struct Partners<const COUNT: usize> {
    /// By full name.
    pub wanted: [Option<String>; COUNT],
    /// Those to which they are connected.
    pub made: [Option<String>; COUNT],
}

impl<const COUNT: usize> Default for Partners<COUNT> {
    fn default() -> Partners<COUNT> {
        Partners { wanted: [const { None }; COUNT], made: [const { None }; COUNT] }
    }
}

/// What is to be connected to what, and what there is.
#[derive(Debug, Default)]
pub struct Connections {
    /// Whom our outputs play.
    pub played: Partners<OUTPUTS>,
    /// Whom our inputs hear.
    pub heard: Partners<INPUTS>,
    /// The inputs of other programs and of the hardware, by full name.
    pub inputs: Vec<String>,
    /// Their outputs.
    pub outputs: Vec<String>,
}

#[derive(Debug)]
pub struct Patchbay {
    /// Outputs without a partner, with their numbers.
    free: Vec<(usize, MidiOutput)>,
    /// Those that are given away are known again by their counters.
    stats: Vec<Arc<MidiStats>>,
    connections: Arc<Mutex<Connections>>,
    patience: Duration,
}

impl Connections {
    /// The audio system has gone, and with it whatever was there.
    pub fn clear(&mut self) {
        self.inputs.clear();
        self.outputs.clear();
        (self.played.made, self.heard.made) = Default::default();
    }
}

impl Patchbay {
    /// The outputs, and their ends for the audio cycle. `inputs` are known to be there.
    #[must_use]
    pub fn new(rate: SampleRate, inputs: Vec<String>) -> (Patchbay, Vec<CyclePort>) {
        let (outputs, ports): (Vec<MidiOutput>, Vec<CyclePort>) =
            (0..OUTPUTS).map(|_| MidiOutput::in_cycle(rate)).unzip();
        let stats = outputs.iter().map(MidiOutput::stats).collect();
        let free = outputs.into_iter().enumerate().rev().collect();
        let connections = Arc::new(Mutex::new(Connections { inputs, ..Connections::default() }));
        (Patchbay { free, stats, connections, patience: PATIENCE }, ports)
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
    fn names(&mut self) -> Result<Vec<String>, MidiError> {
        Ok(self.lock().inputs.clone())
    }

    fn open(&mut self, name: &str) -> Result<MidiOutput, MidiError> {
        let full = || MidiError(format!("{name}: {OUTPUTS} ports are in use; no more can be"));
        let (at, output) = self.free.pop().ok_or_else(full)?;
        self.lock().played.wanted[at] = Some(name.to_owned());
        let begun = Instant::now();
        while self.lock().played.made[at].as_deref() != Some(name) && begun.elapsed() < self.patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(output)
    }

    fn close(&mut self, mut output: MidiOutput) {
        let stats = output.stats();
        if let Some(at) = self.stats.iter().position(|known| Arc::ptr_eq(known, &stats)) {
            // What sounds there is over, and the next port knows nothing of it. At once: whatever waits is later.
            for action in [Action::Flush, Action::AllNotesOff] {
                let _ = output.send(ScheduledEvent { at: Frames(0), action });
            }
            self.lock().played.wanted[at] = None;
            self.free.push((at, output));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::VoiceSlot;

    const RATE: SampleRate = SampleRate(48_000);

    fn bay(inputs: &[&str], patience: Duration) -> (Patchbay, Vec<CyclePort>) {
        let inputs = inputs.iter().map(|name| (*name).to_owned()).collect();
        let (bay, ports) = Patchbay::new(RATE, inputs);
        (Patchbay { patience, ..bay }, ports)
    }

    #[test]
    fn outputs_are_given_away_and_taken_back() {
        let (mut bay, ports) = bay(&["a2j:Mini 20:0", "a2j:Drum 24:0"], Duration::ZERO);
        assert_eq!(ports.len(), OUTPUTS);
        assert_eq!(bay.names().unwrap(), ["a2j:Mini 20:0", "a2j:Drum 24:0"]);
        let output = bay.open("a2j:Mini 20:0").unwrap();
        assert_eq!(bay.lock().played.wanted[0].as_deref(), Some("a2j:Mini 20:0"));
        let more: Vec<MidiOutput> = (1..OUTPUTS).map(|_| bay.open("a2j:Drum 24:0").unwrap()).collect();
        assert!(bay.open("a2j:Drum 24:0").is_err());
        bay.close(output);
        assert_eq!(bay.lock().played.wanted[0], None);
        assert!(bay.open("a2j:Drum 24:0").is_ok());
        assert_eq!(bay.lock().played.wanted[0].as_deref(), Some("a2j:Drum 24:0"));
        assert_eq!(more.len(), OUTPUTS - 1);
    }

    /// A note that sounds when its port goes, and one that would come after it; then the same pitch on another port.
    #[test]
    fn an_output_that_is_taken_back_has_no_notes() {
        let (mut bay, mut ports) = bay(&["Mini", "Drum"], Duration::ZERO);
        let event = |at, on| {
            let (voice, pitch) = (VoiceSlot(0), 60);
            let action =
                if on { Action::NoteOn { voice, pitch, velocity: 90 } } else { Action::NoteOff { voice, pitch } };
            ScheduledEvent { at: Frames(at), action }
        };
        let mut cycle = |from: i64| {
            let mut sent = Vec::new();
            ports[0].play(Frames(from), 256, &mut |_, bytes| {
                sent.push(bytes.to_vec());
                true
            });
            sent
        };
        let mut output = bay.open("Mini").unwrap();
        output.send(event(100, true)).unwrap();
        output.send(event(400, true)).unwrap();
        assert_eq!(cycle(0), [[0x90, 60, 90]]);
        bay.close(output);
        assert_eq!(cycle(256), [[0x80, 60, 0]]);
        let mut output = bay.open("Drum").unwrap();
        output.send(event(600, true)).unwrap();
        output.send(event(700, false)).unwrap();
        assert_eq!(cycle(512), [[0x90, 60, 90], [0x80, 60, 0]]);
    }

    #[test]
    fn an_output_is_given_when_it_is_connected() {
        let (mut bay, _ports) = bay(&["Mini"], Duration::from_secs(60));
        let connections = bay.connections();
        let made = std::thread::spawn(move || {
            while connections.lock().unwrap().played.wanted[0].is_none() {
                std::thread::yield_now();
            }
            // Whoever does not wait is past by now.
            std::thread::sleep(Duration::from_millis(50));
            let mut connections = connections.lock().unwrap();
            connections.played.made[0] = connections.played.wanted[0].clone();
        });
        bay.open("Mini").unwrap();
        assert_eq!(bay.lock().played.made[0].as_deref(), Some("Mini"));
        made.join().unwrap();
    }
}
