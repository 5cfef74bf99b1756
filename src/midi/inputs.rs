//! The MIDI inputs: those of voices by hand, of the clock that is followed and of what MIDI learn has learned. Opened when they are wanted, looked
//! after, and opened again when they come back. A thread of its own, since the system may take its time for each of these; the system's messages
//! come on its own threads.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::input::Hearing;
use super::keys::{Ear, Keys, Listener};
use super::mapping::{Touched, Trigger};
use super::port::{lasting, position};
use super::{CycleInputs, Input, Message, MidiError};
use crate::clock::Clock;
use crate::event::{Command, Event};
use crate::time::Frames;

/// What the system calls our own ports begins so.
const OURS: &str = "barline";
/// Between two looks at what is plugged in.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at what came in the audio system's cycles: well below a cycle.
const READ: Duration = Duration::from_millis(1);

/// What has become of an input, which goes by the name under which it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputNews {
    pub port: String,
    /// Its full name, or why there is none.
    pub open: Result<String, String>,
}

/// Takes each message of an input and the frame on which it came; must not wait.
pub(super) type Heard = Box<dyn FnMut(Message, Frames) + Send>;

/// The system's inputs, the audio system's, or a test's.
pub(super) trait Sources: Send {
    /// The full names of the ports that there are; errs with why there can be none.
    fn names(&mut self) -> Result<Vec<String>, MidiError>;
    /// Listens to the port with this full name until what it gives is dropped.
    fn open(&mut self, name: &str, heard: Heard) -> Result<Box<dyn Send>, MidiError>;
    /// Passes on what has come, where nobody else does; whether that is so.
    fn read(&mut self) -> bool {
        false
    }
}

/// Who wants what of the inputs.
#[derive(Clone, Debug, Default)]
struct Wanted {
    listeners: Arc<[Listener]>,
    /// What does something by itself, by the lasting names of its ports.
    triggers: Arc<[(String, Trigger)]>,
    /// Everything that is touched on any input is told.
    all: bool,
}

impl Wanted {
    /// The ports as they are said.
    fn ports(&self) -> impl Iterator<Item = &str> {
        let triggers = self.triggers.iter().map(|(port, _)| port.as_str());
        self.listeners.iter().map(|listener| listener.port.as_str()).chain(triggers)
    }
}

/// The same by the full names of the ports that there are.
#[derive(Clone, Debug, Default)]
struct Found {
    ears: Vec<(String, Ear)>,
    /// With the name under which it was learned.
    triggers: Vec<(String, Trigger, String)>,
    all: bool,
}

impl Found {
    fn new(wanted: &Wanted, names: &[String]) -> Found {
        let full = |port: &str| position(names, port).map(|at| names[at].clone());
        let ears = wanted.listeners.iter().filter_map(|Listener { port, ear }| Some((full(port)?, ear.clone())));
        let triggers = wanted.triggers.iter().filter_map(|(port, trigger)| Some((full(port)?, *trigger, port.clone())));
        Found { ears: ears.collect(), triggers: triggers.collect(), all: wanted.all }
    }

    /// Whether anybody wants to hear the port with this full name.
    fn wants(&self, name: &str) -> bool {
        self.all
            || self.ears.iter().any(|(port, _)| port == name)
            || self.triggers.iter().any(|(port, ..)| port == name)
    }
}

enum Ask {
    Listen(Arc<[Listener]>),
    Attend(Arc<[(String, Trigger)]>, bool),
    End,
}

/// The running room. Dropping it ends its thread.
#[derive(Debug)]
pub struct Inputs {
    asks: Sender<Ask>,
    news: Receiver<InputNews>,
    thread: Option<JoinHandle<()>>,
}

impl Inputs {
    /// The system's inputs, or those of the audio cycle; what is played goes to `commands`, what does something by itself to `events`.
    pub fn start(
        cycle: Option<CycleInputs>,
        clock: Arc<Clock>,
        commands: Sender<Command>,
        events: Sender<Event>,
    ) -> Inputs {
        match cycle {
            Some(cycle) => Inputs::with(cycle, commands, events),
            None => Inputs::with(System { listing: None, clock }, commands, events),
        }
    }

    fn with(sources: impl Sources + 'static, commands: Sender<Command>, events: Sender<Event>) -> Inputs {
        let ((asks, inbox), (outbox, news)) = (channel(), channel());
        let room = Room::new(sources, commands, events, outbox);
        let thread = std::thread::Builder::new().name("inputs".into()).spawn(move || room.run(&inbox)).ok();
        Inputs { asks, news, thread }
    }

    /// These listen from here on, and no others. Never waits.
    pub fn listen(&self, listeners: Arc<[Listener]>) {
        // A thread that is gone opens no more ports.
        let _ = self.asks.send(Ask::Listen(listeners));
    }

    /// These messages do something by themselves from here on, and sound no more; with `all` every one of every input is told. Never waits.
    pub fn attend(&self, triggers: Arc<[(String, Trigger)]>, all: bool) {
        let _ = self.asks.send(Ask::Attend(triggers, all));
    }

    pub fn news(&self) -> Option<InputNews> {
        self.news.try_recv().ok()
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        let _ = self.asks.send(Ask::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct System {
    /// Made at the first look and kept: the system tells its other programs of every client that comes and goes.
    listing: Option<Hearing>,
    clock: Arc<Clock>,
}

impl Sources for System {
    fn names(&mut self) -> Result<Vec<String>, MidiError> {
        if self.listing.is_none() {
            self.listing = Some(Hearing::open()?);
        }
        let mut names = self.listing.as_ref().map(Hearing::names).unwrap_or_default();
        // Who hears himself would never end.
        names.retain(|name| !name.starts_with(OURS));
        Ok(names)
    }

    fn open(&mut self, name: &str, mut heard: Heard) -> Result<Box<dyn Send>, MidiError> {
        let clock = Arc::clone(&self.clock);
        let input = Input::open(name, move |message, at| heard(message, clock.frame_of_message(at)))?;
        Ok(Box::new(input))
    }
}

struct Open {
    /// In full.
    name: String,
    keys: Arc<Mutex<Keys>>,
    /// What keeps it open.
    _held: Box<dyn Send>,
}

struct Room<S> {
    sources: S,
    wanted: Wanted,
    found: Arc<Mutex<Arc<Found>>>,
    open: Vec<Open>,
    /// What was said of each port that is wanted: its full name, or that it is missing.
    said: BTreeMap<String, Option<String>>,
    /// Whether everything was wanted when it was last looked.
    was_all: bool,
    commands: Sender<Command>,
    events: Sender<Event>,
    outbox: Sender<InputNews>,
}

impl<S: Sources> Room<S> {
    fn new(sources: S, commands: Sender<Command>, events: Sender<Event>, outbox: Sender<InputNews>) -> Room<S> {
        let (wanted, found, open, said) = (Wanted::default(), Arc::default(), Vec::new(), BTreeMap::new());
        Room { sources, wanted, found, open, said, was_all: false, commands, events, outbox }
    }

    fn run(mut self, inbox: &Receiver<Ask>) {
        let mut look = Instant::now() + LOOK;
        loop {
            // Where nobody listens nobody looks for anything.
            let ask = if self.wanted.ports().next().is_none() && !self.wanted.all {
                inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                let wait = if self.sources.read() { READ } else { LOOK };
                inbox.recv_timeout(wait)
            };
            match ask {
                Ok(Ask::Listen(listeners)) => self.want(Wanted { listeners, ..self.wanted.clone() }),
                Ok(Ask::Attend(triggers, all)) => self.want(Wanted { triggers, all, ..self.wanted.clone() }),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= look => {
                    look = Instant::now() + LOOK;
                    self.look();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
        self.said.retain(|port, _| self.wanted.ports().any(|wanted| wanted == port));
        self.look();
    }

    /// Looks for inputs that have gone or are wanted no more, and for those that are missing.
    fn look(&mut self) {
        let (names, why) = match self.sources.names() {
            Ok(names) => (names, None),
            Err(why) => (Vec::new(), Some(why.0)),
        };
        let found = Arc::new(Found::new(&self.wanted, &names));
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&found);
        for gone in self.open.extract_if(.., |open| !names.contains(&open.name) || !found.wants(&open.name)) {
            let ends = gone.keys.lock().unwrap_or_else(PoisonError::into_inner).let_go();
            for command in ends {
                let _ = self.commands.send(command);
            }
        }
        let mut refused: Vec<(&String, String)> = Vec::new();
        for name in names.iter().filter(|name| found.wants(name)) {
            if self.open.iter().all(|open| open.name != *name) {
                let keys = Arc::<Mutex<Keys>>::default();
                let heard = self.heard(name.clone(), lasting(name, &names).to_owned(), Arc::clone(&keys));
                match self.sources.open(name, heard) {
                    Ok(held) => self.open.push(Open { name: name.clone(), keys, _held: held }),
                    Err(why) => refused.push((name, why.0)),
                }
            }
        }
        if self.wanted.all && !self.was_all {
            for (name, why) in &refused {
                let _ = self.outbox.send(InputNews { port: (*name).clone(), open: Err(why.clone()) });
            }
        }
        self.was_all = self.wanted.all;
        for port in self.wanted.ports() {
            let full = position(&names, port).map(|at| &names[at]);
            let open = full.filter(|name| self.open.iter().any(|open| open.name == **name)).cloned();
            let before = self.said.insert(port.to_owned(), open.clone());
            if before.as_ref() == Some(&open) {
                continue;
            }
            let why = || {
                let refused = refused.iter().find(|(name, _)| Some(*name) == full).map(|(_, why)| why.clone());
                refused.or_else(|| why.clone()).unwrap_or_else(|| {
                    if matches!(before, Some(Some(_))) { "it has gone" } else { "there is none of that name" }
                        .to_owned()
                })
            };
            let _ = self.outbox.send(InputNews { port: port.to_owned(), open: open.ok_or_else(why) });
        }
    }

    /// What a message of a port does, on the system's thread. Whoever does not listen to what is sent is on the way out.
    fn heard(&self, name: String, lasting: String, keys: Arc<Mutex<Keys>>) -> Heard {
        let (found, commands, events) = (Arc::clone(&self.found), self.commands.clone(), self.events.clone());
        Box::new(move |message, at| {
            let found = Arc::clone(&found.lock().unwrap_or_else(PoisonError::into_inner));
            let ears = || found.ears.iter().filter(|(port, _)| *port == name).map(|(_, ear)| ear);
            // The clock that we follow is heard whatever its messages do besides.
            if let Message::Clock(message) = message
                && ears().any(|ear| *ear == Ear::Clock)
            {
                let _ = commands.send(Command::Clock { message, at });
            }
            if let Some((trigger, value)) = Trigger::of(message) {
                let learned = found.triggers.iter().find(|(port, known, _)| (port, known) == (&name, &trigger));
                if found.all || learned.is_some() {
                    let port = learned.map_or_else(|| lasting.clone(), |(_, _, port)| port.clone());
                    let _ = events.send(Event::Touched(Touched { port, trigger, value }));
                    // What is let go was perhaps struck before it was learned.
                    if !matches!(message, Message::NoteOff { .. }) {
                        return;
                    }
                }
            }
            let voices = ears().filter_map(|ear| if let Ear::Voice(voice) = ear { Some(&**voice) } else { None });
            for command in keys.lock().unwrap_or_else(PoisonError::into_inner).hear(message, voices) {
                let _ = commands.send(command);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Plug = (&'static str, Option<Heard>);

    /// Inputs by name, each with what hears it.
    #[derive(Clone, Default)]
    struct Plugged(Arc<Mutex<Vec<Plug>>>);

    impl Sources for Plugged {
        fn names(&mut self) -> Result<Vec<String>, MidiError> {
            Ok(self.0.lock().expect("not poisoned").iter().map(|(name, _)| (*name).to_owned()).collect())
        }

        fn open(&mut self, name: &str, heard: Heard) -> Result<Box<dyn Send>, MidiError> {
            let mut ports = self.0.lock().expect("not poisoned");
            let port = ports.iter_mut().find(|(there, _)| *there == name).expect("only what is there is opened");
            port.1 = Some(heard);
            Ok(Box::new(()))
        }
    }

    impl Plugged {
        fn play(&self, name: &str, bytes: &[u8]) {
            let mut ports = self.0.lock().expect("not poisoned");
            let port = ports.iter_mut().find(|(there, _)| *there == name).and_then(|(_, heard)| heard.as_mut());
            port.expect("it is heard")(Message::read(bytes).expect("a message"), Frames(7));
        }
    }

    fn wanted(of: &[(&str, &str)]) -> Wanted {
        let ear = |voice: &str| if voice == "clock" { Ear::Clock } else { Ear::Voice(voice.into()) };
        let listeners = of.iter().map(|(port, voice)| Listener { port: (*port).into(), ear: ear(voice) }).collect();
        Wanted { listeners, ..Wanted::default() }
    }

    #[test]
    fn inputs_come_and_go_and_nothing_hangs() {
        let plugged = Plugged::default();
        let ((commands, inbox), (events, touched), (outbox, news)) = (channel(), channel(), channel());
        let mut room = Room::new(plugged.clone(), commands, events, outbox);
        let asked = || inbox.try_iter().map(|command| format!("{command:?}")).collect::<Vec<_>>().join("; ");
        let said = || news.try_iter().map(|news| format!("{} {:?}", news.port, news.open)).collect::<Vec<_>>();
        *plugged.0.lock().unwrap() = vec![("Keystep 20:0", None)];
        room.want(wanted(&[("Keystep", "keys"), ("Pads", "kit")]));
        assert_eq!(said(), ["Keystep Ok(\"Keystep 20:0\")", "Pads Err(\"there is none of that name\")"]);
        plugged.play("Keystep 20:0", &[0x90, 60, 90]);
        assert_eq!(asked(), "NoteOn { voice: \"keys\", pitch: 60, velocity: 90 }");
        // Unplugged while a key is down.
        *plugged.0.lock().unwrap() = vec![("Pads 24:0", None)];
        room.look();
        room.look();
        assert_eq!(said(), ["Keystep Err(\"it has gone\")", "Pads Ok(\"Pads 24:0\")"]);
        assert_eq!(asked(), "NoteOff { voice: \"keys\", pitch: 60 }");
        // Another text: nobody listens to the pads any more while one is down.
        plugged.play("Pads 24:0", &[0x99, 36, 90]);
        room.want(wanted(&[("Keystep", "lead")]));
        assert_eq!(
            asked(),
            "NoteOn { voice: \"kit\", pitch: 36, velocity: 90 }; NoteOff { voice: \"kit\", pitch: 36 }"
        );
        *plugged.0.lock().unwrap() = vec![("Keystep 28:0", None)];
        room.look();
        plugged.play("Keystep 28:0", &[0x90, 62, 9]);
        assert_eq!(asked(), "NoteOn { voice: \"lead\", pitch: 62, velocity: 9 }");
        assert_eq!(said(), ["Keystep Ok(\"Keystep 28:0\")"]);
        // Its clock is for whom it leads alone.
        plugged.play("Keystep 28:0", &[0xF8]);
        assert_eq!(asked(), "");
        room.want(wanted(&[("Keystep", "lead"), ("Keystep", "clock")]));
        plugged.play("Keystep 28:0", &[0xF8]);
        assert_eq!(asked(), "Clock { message: Tick, at: Frames(7) }");
        // What is learned does what it does, and sounds no more; while something is learned, everything is told.
        let pad = Trigger::Note { channel: 9, pitch: 36 };
        let told = || touched.try_iter().map(|event| format!("{event:?}")).collect::<Vec<_>>().join("; ");
        *plugged.0.lock().unwrap() = vec![("Keystep 28:0", None), ("Pads 24:0", None)];
        room.open.clear();
        room.want(Wanted {
            triggers: [("Pads".to_owned(), pad)].into(),
            ..wanted(&[("Keystep", "lead"), ("24:0", "kit")])
        });
        plugged.play("Pads 24:0", &[0x99, 36, 90]);
        plugged.play("Pads 24:0", &[0x99, 37, 90]);
        plugged.play("Keystep 28:0", &[0x99, 36, 90]);
        assert_eq!(told(), "Touched(Touched { port: \"Pads\", trigger: Note { channel: 9, pitch: 36 }, value: 90 })");
        assert_eq!(
            asked(),
            "NoteOn { voice: \"kit\", pitch: 37, velocity: 90 }; NoteOn { voice: \"lead\", pitch: 36, velocity: 90 }"
        );
        room.want(Wanted { all: true, ..wanted(&[]) });
        plugged.play("Keystep 28:0", &[0xB0, 64, 127]);
        assert_eq!(
            told(),
            "Touched(Touched { port: \"Keystep\", trigger: Control { channel: 0, controller: 64 }, value: 127 })"
        );
        room.want(wanted(&[]));
        assert!(room.open.is_empty());
    }
}
