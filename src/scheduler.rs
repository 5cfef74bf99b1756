//! The scheduler: the thread on which the conductor runs, and the way from it to synth, MIDI and screen.
//!
//! Owns the conductor, the ring to the renderer, the patch lane and the MIDI outputs. Wakes every few milliseconds; what it sends is due
//! tens of milliseconds later, so its own jitter is never heard.

mod desk;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::audio::AudioOutput;
use crate::clock::Clock;
use crate::conductor::Conductor;
use crate::engine::RenderStats;
use crate::event::{Action, Command, Event, Level, Message, ScheduledEvent, Snapshot};
use crate::journal::{Line, Recorder};
use crate::midi::{CycleInputs, InputNews, Inputs, Ports};
use crate::realtime;
use crate::rig::Step;
use crate::synth::{Patch, PatchLane};
use crate::time::Frames;
pub(crate) use desk::Desk;

/// Between two looks at the clock.
pub(crate) const TICK: Duration = Duration::from_millis(4);
/// Between two pictures for the screen.
const PICTURE: Duration = Duration::from_millis(33);
/// Below audio and MIDI: what those two need is already on its way.
pub(crate) const PRIORITY: u8 = 50;

/// Everything that sounds.
#[derive(Debug)]
pub struct Outputs {
    pub ring: rtrb::Producer<ScheduledEvent>,
    pub lane: PatchLane,
    pub stats: Arc<RenderStats>,
    pub audio: AudioOutput,
    pub ports: Ports,
    /// Where voices go that do not name an output: a part of a port's name.
    pub midi_for_all: Option<String>,
    pub patches: HashMap<String, Arc<Patch>>,
}

/// The running scheduler. Dropping it stops the music: a note-off for each sounding note.
#[derive(Debug)]
pub struct Scheduler {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl Scheduler {
    /// `inputs` are those of the audio system, where it carries MIDI; `journal` is where everything is written down.
    #[must_use]
    pub fn start(
        mut conductor: Conductor,
        outputs: Outputs,
        inputs: Option<CycleInputs>,
        clock: Arc<Clock>,
        events: Sender<Event>,
        journal: Option<Sender<Line>>,
    ) -> Scheduler {
        let (commands, inbox) = channel();
        conductor.set_default_port(outputs.midi_for_all.clone());
        let (conductor, desk) = (Recorder::new(conductor, journal), Desk::new(outputs, clock.rate()));
        let inputs = Inputs::start(inputs, Arc::clone(&clock), commands.clone(), events.clone());
        let room = Room { conductor, desk, inputs, clock, events, inbox, picture: Weak::new() };
        let thread = std::thread::Builder::new().name("scheduler".into()).spawn(move || room.run()).ok();
        Scheduler { commands, thread }
    }

    /// What the performer asks; never waits.
    pub fn send(&self, command: Command) {
        // A scheduler that is gone means that the program is ending.
        let _ = self.commands.send(command);
    }

    #[must_use]
    pub fn sender(&self) -> Sender<Command> {
        self.commands.clone()
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.send(Command::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Room {
    conductor: Recorder,
    desk: Desk,
    inputs: Inputs,
    clock: Arc<Clock>,
    events: Sender<Event>,
    inbox: Receiver<Command>,
    /// The last picture sent, for as long as nobody has taken it.
    picture: Weak<Snapshot>,
}

impl Room {
    fn run(mut self) {
        // Without rights it runs as it can: its window is far longer than a normal thread oversleeps.
        let _ = realtime::raise(PRIORITY);
        let now = self.now();
        let Room { conductor, desk, .. } = &mut self;
        conductor.begin(now, &mut |step| desk.take(step, now));
        let mut picture = Instant::now();
        loop {
            let command = match self.inbox.recv_timeout(TICK) {
                Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
            };
            // A mistake of ours in one turn must not end the show: the next turn goes on with what there is.
            let turn = catch_unwind(AssertUnwindSafe(|| {
                self.look_at_ports();
                if let Some(command) = command {
                    self.command(command);
                }
                let now = self.now();
                let Room { conductor, desk, inputs, .. } = &mut self;
                if let Some(listeners) = conductor.listeners() {
                    inputs.listen(listeners);
                }
                while let Some(InputNews { port, open }) = inputs.news() {
                    conductor.say_input(&port, &open);
                }
                if let Some(clocks) = conductor.clocks() {
                    desk.follow(&clocks);
                }
                conductor.advance(now, &mut |step| desk.take(step, now));
                desk.flush();
                if let Some(phrase) = conductor.take_phrase(now) {
                    let _ = self.events.send(Event::Phrase(Box::new(phrase)));
                }
                if Instant::now() >= picture {
                    picture = Instant::now() + PICTURE;
                    self.show(now);
                }
            }));
            if turn.is_err() {
                self.stumble();
            }
            self.desk.stay_below_audio();
        }
        let now = self.now();
        let Room { conductor, desk, .. } = &mut self;
        conductor.command(Command::Stop, now, &mut |step| desk.take(step, now));
        desk.flush();
        let text = desk.account();
        self.say(Message { level: Level::Info, text }, now);
        // The synth's releases are heard out; MIDI note-offs leave with the thread's end.
        std::thread::sleep(Duration::from_millis(60));
    }

    /// The time in frames. What the renderer has already filled is past, however early it did so.
    fn now(&self) -> Frames {
        self.clock.now().max(self.desk.frame())
    }

    fn command(&mut self, command: Command) {
        match &command {
            Command::Patch(patch) => self.desk.take_patch(patch),
            Command::Attend { triggers, all } => self.inputs.attend(Arc::clone(triggers), *all),
            _ => {}
        }
        let now = self.now();
        let Room { conductor, desk, events, .. } = self;
        conductor.command(command, now, &mut |step| desk.take(step, now));
        for kept in conductor.take_kept() {
            let _ = events.send(Event::Kept(Box::new(kept)));
        }
    }

    /// Ports come and go.
    fn look_at_ports(&mut self) {
        let (changes, troubles) = self.desk.look_at_ports();
        for (port, there) in changes {
            self.command(Command::Port { port, there });
        }
        let now = self.now();
        for text in troubles {
            self.say(Message { level: Level::Warning, text }, now);
        }
    }

    /// After a panic: nothing that sounds may hang, the performer is told, and the log does not fill the disk.
    fn stumble(&mut self) {
        let at = self.now();
        for event in [Action::Flush, Action::AllNotesOff].map(|action| ScheduledEvent { at, action }) {
            self.conductor.sent(event);
            self.desk.take(Step::Send(event), at);
        }
        let text = "the scheduler stumbled and goes on; the log says where".to_owned();
        self.say(Message { level: Level::Error, text }, at);
        std::thread::sleep(Duration::from_millis(250));
    }

    fn show(&mut self, now: Frames) {
        self.desk.collect();
        for message in self.conductor.messages(now) {
            let _ = self.events.send(Event::Message(message));
        }
        for (slot, patch) in self.desk.blown() {
            let voice = self.conductor.voice_of(slot).unwrap_or("a voice");
            let text = format!(
                "{voice}: the patch '{patch}' blew up and is muted there; it is heard again when another version is saved"
            );
            self.say(Message { level: Level::Error, text }, now);
        }
        // A screen that is stuck gets one picture when it comes back, not all that it missed; nor are those made.
        if self.picture.strong_count() > 0 {
            return;
        }
        let mut snapshot = self.conductor.snapshot(now);
        self.desk.describe(&mut snapshot);
        self.desk.measure(&mut snapshot, |voice| self.conductor.slot(voice));
        let snapshot = Arc::new(snapshot);
        self.picture = Arc::downgrade(&snapshot);
        let _ = self.events.send(Event::Snapshot(snapshot));
    }

    /// Tells the performer what the conductor does not know. A screen that is gone is on its way out.
    fn say(&mut self, message: Message, now: Frames) {
        self.conductor.said(&message, now);
        let _ = self.events.send(Event::Message(message));
    }
}
