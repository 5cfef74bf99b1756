//! Which inputs the performer's hands are heard on, and what these move besides notes. On the thread of the scheduler.

use std::sync::Arc;

use super::Conductor;
use crate::event::{Action, Level, ScheduledEvent};
use crate::midi::Listener;
use crate::rig::controller;
use crate::time::Frames;

/// Who listens to what, and whether the inputs' room knows.
#[derive(Debug, Default)]
pub(super) struct Listening {
    listeners: Arc<[Listener]>,
    news: bool,
}

impl Conductor {
    /// Other voices listen to inputs than before, or elsewhere; once.
    pub fn listeners(&mut self) -> Option<Arc<[Listener]>> {
        let Listening { listeners, news } = &mut self.listening;
        std::mem::take(news).then(|| Arc::clone(listeners))
    }

    /// Those of the scene whose voices are played.
    pub(super) fn listen_to(&mut self, wanted: impl Iterator<Item = Listener>) {
        let listeners: Arc<[Listener]> = wanted.collect();
        if listeners != self.listening.listeners {
            self.listening = Listening { listeners, news: true };
        }
    }

    /// A controller is moved by hand: at once, and only of voices that sound.
    pub(super) fn control(
        &mut self,
        voice: &str,
        number: u8,
        value: u8,
        now: Frames,
        out: &mut dyn FnMut(ScheduledEvent),
    ) {
        let Some(slot) = self.slot(voice).filter(|_| number <= controller::LAST && value < 128) else { return };
        self.told.tell(slot, number, value);
        out(ScheduledEvent { at: now, action: Action::Control { voice: slot, controller: number, value } });
    }

    /// What has become of an input, in words.
    pub fn say_input(&mut self, port: &str, open: &Result<String, String>) {
        let of_port = self.listening.listeners.iter().filter(|listener| listener.port == port);
        let mut voices = of_port.map(Listener::name).collect::<Vec<_>>().join(", ");
        if voices.is_empty() {
            "MIDI learn".clone_into(&mut voices);
        }
        match open {
            Ok(name) => self.say(Level::Info, format!("{name} is heard, for {voices}")),
            Err(why) => {
                self.say(Level::Warning, format!("the MIDI input '{port}' is missing, for {voices}: {why}"));
            }
        }
    }
}
