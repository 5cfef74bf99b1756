//! The scheduler: the thread on which the conductor runs, and the way from it to synth, MIDI and screen.
//!
//! Owns the conductor, the ring to the renderer, the patch lane and the MIDI output. Wakes every few milliseconds; what it sends is due
//! tens of milliseconds later, so its own jitter is never heard.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::audio::AudioOutput;
use crate::clock::Clock;
use crate::conductor::Conductor;
use crate::engine::RenderStats;
use crate::event::{Action, Command, Event, Level, Message, ScheduledEvent, Snapshot, VoiceSlot};
use crate::journal::{Line, Recorder};
use crate::midi::MidiOutput;
use crate::prompt::{MAX_VOICES, Scene, Voice};
use crate::realtime;
use crate::synth::{Patch, PatchLane};
use crate::time::Frames;

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
    /// The MIDI output and its port's name.
    pub midi: Option<(MidiOutput, String)>,
    /// Whether voices that do not name an output go to MIDI.
    pub midi_for_all: bool,
    pub patches: HashMap<String, Arc<Patch>>,
}

/// The running scheduler. Dropping it stops the music: a note-off for each sounding note.
#[derive(Debug)]
pub struct Scheduler {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl Scheduler {
    /// `journal` is where everything is written down.
    #[must_use]
    pub fn start(
        conductor: Conductor,
        outputs: Outputs,
        clock: Arc<Clock>,
        events: Sender<Event>,
        journal: Option<Sender<Line>>,
    ) -> Scheduler {
        let (commands, inbox) = channel();
        let (conductor, desk) = (Recorder::new(conductor, journal), Desk::new(outputs));
        let room = Room { conductor, desk, clock, events, inbox, picture: Weak::new(), dressed: None };
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
    clock: Arc<Clock>,
    events: Sender<Event>,
    inbox: Receiver<Command>,
    /// The last picture sent, for as long as nobody has taken it.
    picture: Weak<Snapshot>,
    /// The scene whose sounds the voices have.
    dressed: Option<Arc<Scene>>,
}

impl Room {
    fn run(mut self) {
        // Without rights it runs as it can: its window is far longer than a normal thread oversleeps.
        let _ = realtime::raise(PRIORITY);
        self.dress();
        let now = self.now();
        let Room { conductor, desk, .. } = &mut self;
        conductor.begin(now, &mut |event| desk.send(event));
        let mut picture = Instant::now();
        loop {
            let command = match self.inbox.recv_timeout(TICK) {
                Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
            };
            // A mistake of ours in one turn must not end the show: the next turn goes on with what there is.
            let turn = catch_unwind(AssertUnwindSafe(|| {
                if let Some(command) = command {
                    self.command(command);
                }
                let now = self.now();
                let Room { conductor, desk, .. } = &mut self;
                conductor.advance(now, &mut |event| desk.send(event));
                self.dress();
                self.desk.flush();
                if Instant::now() >= picture {
                    picture = Instant::now() + PICTURE;
                    self.show(now);
                }
            }));
            if turn.is_err() {
                self.stumble();
            }
        }
        let now = self.now();
        let Room { conductor, desk, .. } = &mut self;
        conductor.command(Command::Stop, now, &mut |event| desk.send(event));
        desk.flush();
        // The synth's releases are heard out; MIDI note-offs leave with the thread's end.
        std::thread::sleep(Duration::from_millis(60));
    }

    /// The time in frames. What the renderer has already filled is past, however early it did so.
    fn now(&self) -> Frames {
        self.clock.now().max(self.desk.frame())
    }

    fn command(&mut self, command: Command) {
        if let Command::Patch(patch) = &command {
            self.desk.take_patch(patch, &self.conductor);
        }
        let now = self.now();
        let Room { conductor, desk, .. } = self;
        conductor.command(command, now, &mut |event| desk.send(event));
        self.dress();
    }

    /// Gives the voices their sounds, when another scene says so; those that only a coming scene has, before they are needed.
    fn dress(&mut self) {
        let (scene, newest) = (self.conductor.scene(), self.conductor.timeline().scene());
        if !Arc::ptr_eq(scene, newest) {
            let new = |voice: &Voice| scene.voices.iter().all(|other| other.name != voice.name);
            self.desk.take_voices(newest.voices.iter().filter(|voice| new(voice)), &self.conductor);
        }
        if self.dressed.as_ref().is_none_or(|known| !Arc::ptr_eq(known, scene)) {
            let scene = Arc::clone(scene);
            self.desk.take_scene(&scene, &self.conductor);
            self.dressed = Some(scene);
        }
    }

    /// After a panic: nothing that sounds may hang, the performer is told, and the log does not fill the disk.
    fn stumble(&mut self) {
        let at = self.now();
        for event in [Action::Flush, Action::AllNotesOff].map(|action| ScheduledEvent { at, action }) {
            self.conductor.sent(event);
            self.desk.send(event);
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
        if let Some(text) = self.desk.check_midi() {
            self.say(Message { level: Level::Warning, text }, now);
        }
        // A screen that is stuck gets one picture when it comes back, not all that it missed; nor are those made.
        if self.picture.strong_count() > 0 {
            return;
        }
        let mut snapshot = self.conductor.snapshot(now);
        let audio = self.desk.outputs.audio.status();
        snapshot.audio = audio.trouble.map_or(audio.output.clone(), |trouble| format!("{}: {trouble}", audio.output));
        snapshot.xruns = audio.xruns;
        if let Some((_, name)) = &self.desk.outputs.midi {
            snapshot.midi.clone_from(name);
        }
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

/// Where events go, voice by voice.
#[derive(Debug)]
pub(crate) struct Desk {
    outputs: Outputs,
    /// What a full ring did not take.
    waiting: VecDeque<ScheduledEvent>,
    to_midi: [bool; MAX_VOICES],
    /// The patch that each slot plays.
    assigned: Vec<Option<Arc<Patch>>>,
    midi_lost: bool,
}

impl Desk {
    pub(crate) fn new(outputs: Outputs) -> Desk {
        let (to_midi, assigned) = ([false; MAX_VOICES], vec![None; MAX_VOICES]);
        Desk { outputs, waiting: VecDeque::new(), to_midi, assigned, midi_lost: false }
    }

    pub(crate) fn send(&mut self, event: ScheduledEvent) {
        let voice = match event.action {
            Action::NoteOn { voice, .. }
            | Action::NoteOff { voice, .. }
            | Action::Control { voice, .. }
            | Action::Program { voice, .. } => Some(voice),
            Action::Clock(_) | Action::AllNotesOff | Action::Flush | Action::Panic => None,
        };
        let to_midi = voice.is_none_or(|voice| self.to_midi[usize::from(voice.0)]);
        // A voice may have changed its output while a note of it sounds: whoever holds the note gets its end.
        let both = voice.is_none() || matches!(event.action, Action::NoteOff { .. });
        if (to_midi || both)
            && let Some((midi, _)) = &mut self.outputs.midi
        {
            // A full ring means that the thread is gone, and with it its port.
            let _ = midi.send(event);
        }
        if both || !to_midi {
            self.waiting.push_back(event);
            self.flush();
        }
    }

    pub(crate) fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            if let Err(rtrb::PushError::Full(event)) = self.outputs.ring.push(event) {
                self.waiting.push_front(event);
                break;
            }
        }
    }

    /// Drops what the synth has done with. Now and then.
    pub(crate) fn collect(&mut self) {
        self.outputs.lane.collect();
    }

    /// The next frame that the renderer fills.
    pub(crate) fn frame(&self) -> Frames {
        self.outputs.stats.frame()
    }

    /// Gives each voice of a scene its patch and its output, at once.
    fn take_scene(&mut self, scene: &Scene, conductor: &Conductor) {
        self.take_voices(&scene.voices, conductor);
    }

    fn take_voices<'a>(&mut self, voices: impl IntoIterator<Item = &'a Voice>, conductor: &Conductor) {
        for voice in voices {
            if let Some(slot) = conductor.slot(&voice.name) {
                self.give(slot, &voice.patch, voice.out.as_deref());
            }
        }
    }

    /// Gives a slot its patch and its output, as `patch=` and `out=` say, at once.
    pub(crate) fn give(&mut self, slot: VoiceSlot, patch: &str, out: Option<&str>) {
        let at = usize::from(slot.0);
        self.to_midi[at] = self.outputs.midi.is_some()
            && !self.midi_lost
            && match out {
                Some(out) => !out.eq_ignore_ascii_case("synth"),
                None => self.outputs.midi_for_all,
            };
        if let Some(patch) = self.outputs.patches.get(patch) {
            let same = self.assigned[at].as_ref().is_some_and(|assigned| Arc::ptr_eq(assigned, patch));
            if !same && self.outputs.lane.assign(slot, patch).is_ok() {
                self.assigned[at] = Some(Arc::clone(patch));
            }
        }
    }

    /// A new version of a patch: for those who play it.
    fn take_patch(&mut self, patch: &Arc<Patch>, conductor: &Conductor) {
        self.outputs.patches.insert(patch.name().to_owned(), Arc::clone(patch));
        let scene = Arc::clone(conductor.scene());
        self.take_scene(&scene, conductor);
    }

    /// When the port has gone, its voices play on the synth; the sentence is for the performer.
    pub(crate) fn check_midi(&mut self) -> Option<String> {
        let (midi, name) = self.outputs.midi.as_ref()?;
        if self.midi_lost || !midi.stats().lost() {
            return None;
        }
        self.midi_lost = true;
        self.to_midi = [false; MAX_VOICES];
        Some(format!("the MIDI port {name} is gone; its voices play on the synth"))
    }
}
