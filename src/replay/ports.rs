//! What of a recording went to MIDI ports, message by message. Pure; the same ways as live.

use crate::event::ScheduledEvent;
use crate::journal::{Line, Recording};
use crate::rig::{Router, Way};

/// A message to a port.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// As the text or the rig names it.
    pub port: String,
    /// With the channel, from 0, in the place of the voice, and the time at which it leaves.
    pub event: ScheduledEvent,
}

/// All messages for single ports, as they leave. Voices that do not say where they go are on the synth.
#[must_use]
pub fn sent(recording: &Recording) -> Vec<Sent> {
    let mut router = Router::new(recording.header.rate, None);
    let mut sent = Vec::new();
    for line in &recording.lines {
        match line {
            Line::Voice(sound) => router.give(sound),
            Line::Sent(event) => {
                if let Way::Port { port, event, .. } = router.way(*event) {
                    sent.push(Sent { port: router.ports()[port].clone(), event });
                }
            }
            line => {
                if let Some((_, output, ms)) = line.nudge() {
                    router.nudge(&output, ms);
                }
            }
        }
    }
    sent.sort_by_key(|sent| sent.event.at);
    sent
}
