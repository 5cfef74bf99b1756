//! The boxes that follow our MIDI clock, and which of its messages is for whom. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Nudge;
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
    nudges: BTreeMap<String, Nudge>,
}

impl Clocks {
    #[must_use]
    pub fn new(rate: SampleRate) -> Clocks {
        Clocks { rate, ports: Arc::default(), running: Vec::new(), nudges: BTreeMap::new() }
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

    /// What leaves for a port from here on is later by so many milliseconds, earlier where there are fewer than none.
    pub fn nudge(&mut self, port: &str, ms: i16) {
        self.nudges.entry(port.to_owned()).or_default().set(ms, self.rate);
    }

    /// The ports to which a message goes, of those that are open, and when it has to leave for each.
    pub fn hear(&mut self, message: ClockMessage, at: Frames, open: impl Fn(&str) -> bool) -> Vec<(String, Frames)> {
        let rate = i64::from(self.rate.0);
        let begins = matches!(message, ClockMessage::Start | ClockMessage::Continue | ClockMessage::SongPosition(_));
        let nudges = &mut self.nudges;
        let leaves = |port: &ClockPort| {
            let nudge = nudges.entry(port.port.clone()).or_default();
            let nudged = match message {
                ClockMessage::Tick => nudge.leave(at),
                // The others are sent before ticks that come before them.
                ClockMessage::Start | ClockMessage::Continue | ClockMessage::SongPosition(_) => nudge.at(at),
                // At once.
                ClockMessage::Stop => at,
            };
            (port.port.clone(), nudged - Frames(rate * i64::from(port.latency_ms) / 1000))
        };
        let waits = |port: &&ClockPort| open(&port.port) && (!begins || !self.running.contains(&port.port));
        let for_whom: Vec<(String, Frames)> = self.ports.iter().filter(waits).map(leaves).collect();
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
        assert_eq!(clocks.hear(ClockMessage::Tick, Frames(1000), open), []);
        assert_eq!(clocks.set(&ports(&[("Drum", 0)])), [""; 0]);
        let [drum, mini] = [("Drum", 1000), ("Mini", 760)].map(|(port, at)| (port.to_owned(), Frames(at)));
        let both = [drum.clone(), mini.clone()];
        let [drum, mini] = [[drum], [mini]];
        assert_eq!(clocks.hear(ClockMessage::Start, Frames(1000), |_| false), []);
        assert_eq!(clocks.hear(ClockMessage::Start, Frames(1000), open), drum);
        assert_eq!(clocks.set(&ports(&[("Drum", 0), ("Mini", 5)])), [""; 0]);
        assert_eq!(clocks.hear(ClockMessage::SongPosition(16), Frames(1000), open), mini);
        assert_eq!(clocks.hear(ClockMessage::Continue, Frames(1000), open), mini);
        assert_eq!(clocks.hear(ClockMessage::Continue, Frames(1000), open), []);
        assert_eq!(clocks.hear(ClockMessage::Tick, Frames(1000), open), both);
        clocks.forget("Drum");
        assert_eq!(clocks.hear(ClockMessage::Continue, Frames(1000), open), drum);
        assert_eq!(clocks.set(&ports(&[("Mini", 5)])), ["Drum"]);
        assert_eq!(clocks.hear(ClockMessage::Stop, Frames(1000), open), mini);
        assert_eq!(clocks.hear(ClockMessage::Start, Frames(1000), open), mini);
    }

    /// A nudge while they come: none overtakes another, and the box whose port it is not counts on.
    #[test]
    fn ticks_are_nudged_one_by_one() {
        for (ms, then) in [(10, [1480, 2480, 3480]), (-10, [520, 1520, 2520]), (-100, [500, 1000, 1500])] {
            let mut clocks = Clocks::new(SampleRate(48_000));
            clocks.set(&ports(&[("Drum", 0), ("Mini", 5)]));
            let hear = |clocks: &mut Clocks, message, at| {
                let heard: BTreeMap<String, Frames> = clocks.hear(message, Frames(at), |_| true).into_iter().collect();
                assert!(heard.get("Mini").is_none_or(|mini| *mini == Frames(at - 240)));
                heard["Drum"]
            };
            assert_eq!(hear(&mut clocks, ClockMessage::Start, -96), Frames(-96));
            assert_eq!(hear(&mut clocks, ClockMessage::Tick, 0), Frames(0));
            clocks.nudge("Drum", ms);
            let ticks = [1000, 2000, 3000].map(|at| hear(&mut clocks, ClockMessage::Tick, at).0);
            assert_eq!(ticks, then);
            clocks.forget("Drum");
            // A box that is taken along goes between the ticks that it comes between.
            let go = hear(&mut clocks, ClockMessage::Continue, 3904).0;
            assert!(then[2] < go && go < hear(&mut clocks, ClockMessage::Tick, 4000).0);
            assert_eq!(hear(&mut clocks, ClockMessage::Stop, 4100), Frames(4100), "at once");
        }
    }
}
