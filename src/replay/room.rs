//! A recording played to the outputs. A thread of its own, real-time where permitted, in the place of the scheduler's.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Step, Steps, TAIL};
use crate::clock::Clock;
use crate::event::{Action, ScheduledEvent};
use crate::journal::Recording;
use crate::realtime;
use crate::record::BarRecord;
use crate::rig::Sound;
use crate::scheduler::{Desk, Outputs, PRIORITY, TICK};
use crate::time::Frames;

/// After what is left of the music the synth's releases are heard out.
const RELEASE: Duration = Duration::from_millis(60);

/// What is said while it plays.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// This bar begins.
    Bar(BarRecord),
    Trouble(String),
}

/// The running replay. Dropping it stops the music: a note-off for each sounding note.
#[derive(Debug)]
pub struct Player {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    /// Plays from the first bar to the end, which the end of `told` announces. `None` where there is nothing to play.
    #[must_use]
    pub fn start(recording: &Recording, outputs: Outputs, clock: Arc<Clock>, told: Sender<Told>) -> Option<Player> {
        let steps = Steps::new(recording, clock.rate())?;
        let bars = recording.bars().into_iter().map(|bar| (steps.frame(bar.at), bar)).collect();
        let (stop, stopped) = channel();
        let room = Room { desk: Desk::new(outputs, clock.rate()), clock, steps, bars, told, stopped };
        let thread = std::thread::Builder::new().name("replay".into()).spawn(move || room.run()).ok();
        Some(Player { stop, thread })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // One that has ended hears nothing.
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Room {
    desk: Desk,
    clock: Arc<Clock>,
    steps: Steps,
    bars: Vec<(Frames, BarRecord)>,
    told: Sender<Told>,
    stopped: Receiver<()>,
}

impl Room {
    fn run(mut self) {
        // Without rights it runs as it can, as the scheduler does.
        let _ = realtime::raise(PRIORITY);
        let start = self.now();
        let end = self.steps.end() + self.clock.rate().frames_in(TAIL);
        let mut bars = std::mem::take(&mut self.bars).into_iter().peekable();
        loop {
            let frame = self.now();
            let now = frame - start;
            let (_, troubles) = self.desk.look_at_ports();
            for step in self.steps.due(now) {
                let step = match step {
                    Step::Send(event) => Step::Send(ScheduledEvent { at: event.at + start, ..event }),
                    Step::Sound(sound) => Step::Sound(Sound { from: sound.from.map(|from| from + start), ..sound }),
                    nudge @ Step::Nudge { .. } => nudge,
                };
                self.desk.take(step, frame);
            }
            self.desk.flush();
            self.desk.collect();
            self.desk.stay_below_audio();
            let begun = std::iter::from_fn(|| bars.next_if(|(at, _)| *at <= now)).map(|(_, bar)| Told::Bar(bar));
            for told in begun.chain(troubles.into_iter().map(Told::Trouble)) {
                // Whoever listens is on the way out, if nobody does.
                let _ = self.told.send(told);
            }
            let stopped = !matches!(self.stopped.recv_timeout(TICK), Err(RecvTimeoutError::Timeout));
            if stopped || now >= end {
                break;
            }
        }
        let at = self.now();
        for action in [Action::Flush, Action::AllNotesOff] {
            self.desk.take(Step::Send(ScheduledEvent { at, action }), at);
        }
        self.desk.flush();
        std::thread::sleep(RELEASE);
    }

    /// As the scheduler's: what the renderer has already filled is past.
    fn now(&self) -> Frames {
        self.clock.now().max(self.desk.frame())
    }
}
