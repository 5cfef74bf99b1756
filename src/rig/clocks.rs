//! The boxes that follow our MIDI clock, and which of its messages is for whom. Pure.

use std::sync::Arc;

use crate::event::ClockMessage;
use crate::time::{Frames, SampleRate};

/// A port whose box follows our clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockPort {
    /// A part of the port's name, whatever the case.
    pub port: String,
    /// Messages leave so much earlier, 0 to 250.
    pub latency_ms: u16,
}

/// A box that comes late is taken along where the others are, and these hear nothing of it.
#[derive(Debug)]
pub struct Clocks {
    rate: SampleRate,
    ports: Arc<[ClockPort]>,
    /// The ports whose boxes run.
    running: Vec<String>,
}

impl Clocks {
    #[must_use]
    pub fn new(rate: SampleRate) -> Clocks {
        Clocks { rate, ports: Arc::default(), running: Vec::new() }
    }

    #[must_use]
    pub fn has(&self, port: &str) -> bool {
        self.ports.iter().any(|known| known.port == port)
    }

    /// From here on these follow. Gives the ports that did and do no longer, whose boxes have to be stopped.
    pub fn set(&mut self, ports: &Arc<[ClockPort]>) -> Vec<String> {
        self.ports = Arc::clone(ports);
        self.running.extract_if(.., |known| ports.iter().all(|port| port.port != *known)).collect()
    }

    /// A port has gone, or is another box now: it does not run until it is told.
    pub fn forget(&mut self, port: &str) {
        self.running.retain(|known| known != port);
    }

    /// The ports to which a message goes, of those that are open, and how much earlier it has to leave for each.
    pub fn hear(&mut self, message: ClockMessage, open: impl Fn(&str) -> bool) -> Vec<(String, Frames)> {
        let rate = i64::from(self.rate.0);
        let early = |port: &ClockPort| (port.port.clone(), Frames(rate * i64::from(port.latency_ms) / 1000));
        let begins = matches!(message, ClockMessage::Start | ClockMessage::Continue | ClockMessage::SongPosition(_));
        let waits = |port: &&ClockPort| open(&port.port) && (!begins || !self.running.contains(&port.port));
        let for_whom: Vec<(String, Frames)> = self.ports.iter().filter(waits).map(early).collect();
        match message {
            ClockMessage::Start | ClockMessage::Continue => {
                self.running.extend(for_whom.iter().map(|(port, _)| port.clone()));
            }
            ClockMessage::Stop => self.running.clear(),
            ClockMessage::Tick | ClockMessage::SongPosition(_) => {}
        }
        for_whom
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(names: &[(&str, u16)]) -> Arc<[ClockPort]> {
        names.iter().map(|&(port, latency_ms)| ClockPort { port: port.to_owned(), latency_ms }).collect()
    }

    #[test]
    fn whoever_comes_late_is_taken_along_and_the_others_run_on() {
        let mut clocks = Clocks::new(SampleRate(48_000));
        let open = |_: &str| true;
        assert_eq!(clocks.hear(ClockMessage::Tick, open), []);
        assert_eq!(clocks.set(&ports(&[("Drum", 0)])), [""; 0]);
        let [drum, mini] = [("Drum", 0), ("Mini", 240)].map(|(port, early)| (port.to_owned(), Frames(early)));
        let both = [drum.clone(), mini.clone()];
        let [drum, mini] = [[drum], [mini]];
        assert_eq!(clocks.hear(ClockMessage::Start, |_| false), []);
        assert_eq!(clocks.hear(ClockMessage::Start, open), drum);
        assert_eq!(clocks.set(&ports(&[("Drum", 0), ("Mini", 5)])), [""; 0]);
        assert_eq!(clocks.hear(ClockMessage::SongPosition(16), open), mini);
        assert_eq!(clocks.hear(ClockMessage::Continue, open), mini);
        assert_eq!(clocks.hear(ClockMessage::Continue, open), []);
        assert_eq!(clocks.hear(ClockMessage::Tick, open), both);
        clocks.forget("Drum");
        assert_eq!(clocks.hear(ClockMessage::Continue, open), drum);
        assert_eq!(clocks.set(&ports(&[("Mini", 5)])), ["Drum"]);
        assert_eq!(clocks.hear(ClockMessage::Stop, open), mini);
        assert_eq!(clocks.hear(ClockMessage::Start, open), mini);
    }
}
