//! The MIDI inputs that voices by hand listen to: opened when they are wanted, looked after, and opened again when they come back. A thread of
//! its own, since the system may take its time for each of these; the system's messages come on its own threads.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::input::Hearing;
use super::keys::{Ear, Keys, Listener};
use super::port::position;
use super::{CycleInputs, Input, Message, MidiError};
use crate::clock::Clock;
use crate::event::Command;
use crate::time::Frames;

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

enum Ask {
    Listen(Arc<[Listener]>),
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
    /// The system's inputs, or those of the audio cycle; what is played goes to `commands`.
    pub fn start(cycle: Option<CycleInputs>, clock: Arc<Clock>, commands: Sender<Command>) -> Inputs {
        match cycle {
            Some(cycle) => Inputs::with(cycle, commands),
            None => Inputs::with(System { listing: None, clock }, commands),
        }
    }

    fn with(sources: impl Sources + 'static, commands: Sender<Command>) -> Inputs {
        let ((asks, inbox), (outbox, news)) = (channel(), channel());
        let room = Room { sources, listeners: Arc::default(), known: Vec::new(), commands, outbox };
        let thread = std::thread::Builder::new().name("inputs".into()).spawn(move || room.run(&inbox)).ok();
        Inputs { asks, news, thread }
    }

    /// These listen from here on, and no others. Never waits.
    pub fn listen(&self, listeners: Arc<[Listener]>) {
        // A thread that is gone opens no more ports.
        let _ = self.asks.send(Ask::Listen(listeners));
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
        Ok(self.listing.as_ref().map(Hearing::names).unwrap_or_default())
    }

    fn open(&mut self, name: &str, mut heard: Heard) -> Result<Box<dyn Send>, MidiError> {
        let clock = Arc::clone(&self.clock);
        let input = Input::open(name, move |message, at| heard(message, clock.frame_of_message(at)))?;
        Ok(Box::new(input))
    }
}

struct Known {
    port: String,
    keys: Arc<Mutex<Keys>>,
    /// Its full name, and what keeps it open.
    open: Option<(String, Box<dyn Send>)>,
    /// Whether it was said to be missing.
    said: bool,
}

struct Room<S> {
    sources: S,
    listeners: Arc<Mutex<Arc<[Listener]>>>,
    known: Vec<Known>,
    commands: Sender<Command>,
    outbox: Sender<InputNews>,
}

impl<S: Sources> Room<S> {
    fn run(mut self, inbox: &Receiver<Ask>) {
        let mut look = Instant::now() + LOOK;
        loop {
            // Where nobody listens nobody looks for anything.
            let ask = if self.known.is_empty() {
                inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                let wait = if self.sources.read() { READ } else { LOOK };
                inbox.recv_timeout(wait)
            };
            match ask {
                Ok(Ask::Listen(listeners)) => self.listen(listeners),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= look => {
                    look = Instant::now() + LOOK;
                    self.look();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn listen(&mut self, listeners: Arc<[Listener]>) {
        let wanted = |port: &str| listeners.iter().any(|listener| listener.port == port);
        for mut gone in self.known.extract_if(.., |known| !wanted(&known.port)) {
            gone.open = None;
            let_go(&gone.keys, &self.commands);
        }
        for listener in listeners.iter() {
            if self.known.iter().all(|known| known.port != listener.port) {
                let (port, keys) = (listener.port.clone(), Arc::default());
                self.known.push(Known { port, keys, open: None, said: false });
            }
        }
        *self.listeners.lock().unwrap_or_else(PoisonError::into_inner) = listeners;
        self.look();
    }

    /// Looks for inputs that have gone, and for those that are missing.
    fn look(&mut self) {
        let names = match self.sources.names() {
            Ok(names) => names,
            Err(why) => return (0..self.known.len()).for_each(|at| self.miss(at, &why.0)),
        };
        for at in 0..self.known.len() {
            let known = &mut self.known[at];
            match &known.open {
                Some((name, _)) if names.contains(name) => {}
                Some(_) => {
                    known.open = None;
                    let_go(&known.keys, &self.commands);
                    self.miss(at, "it has gone");
                }
                None => self.try_open(at, &names),
            }
        }
    }

    fn try_open(&mut self, at: usize, names: &[String]) {
        let known = &self.known[at];
        let Some(found) = position(names, &known.port) else {
            return self.miss(at, "there is none of that name");
        };
        let (port, keys, listeners) = (known.port.clone(), Arc::clone(&known.keys), Arc::clone(&self.listeners));
        let commands = self.commands.clone();
        let heard = move |message, at| {
            let listeners = Arc::clone(&listeners.lock().unwrap_or_else(PoisonError::into_inner));
            let mut ears = listeners.iter().filter(|listener| listener.port == port).map(|listener| &listener.ear);
            // Whoever does not listen is on the way out; here and below.
            if let Message::Clock(message) = message {
                if ears.any(|ear| *ear == Ear::Clock) {
                    let _ = commands.send(Command::Clock { message, at });
                }
                return;
            }
            let voices = ears.filter_map(|ear| if let Ear::Voice(voice) = ear { Some(&**voice) } else { None });
            for command in keys.lock().unwrap_or_else(PoisonError::into_inner).hear(message, voices) {
                let _ = commands.send(command);
            }
        };
        match self.sources.open(&names[found], Box::new(heard)) {
            Ok(open) => {
                let known = &mut self.known[at];
                known.open = Some((names[found].clone(), open));
                known.said = false;
                let _ = self.outbox.send(InputNews { port: known.port.clone(), open: Ok(names[found].clone()) });
            }
            Err(why) => self.miss(at, &why.0),
        }
    }

    /// Says once that an input is missing.
    fn miss(&mut self, at: usize, why: &str) {
        let known = &mut self.known[at];
        if !std::mem::replace(&mut known.said, true) {
            let _ = self.outbox.send(InputNews { port: known.port.clone(), open: Err(why.to_owned()) });
        }
    }
}

fn let_go(keys: &Mutex<Keys>, commands: &Sender<Command>) {
    let ends = keys.lock().unwrap_or_else(PoisonError::into_inner).let_go();
    for command in ends {
        let _ = commands.send(command);
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

    fn listeners(of: &[(&str, &str)]) -> Arc<[Listener]> {
        let ear = |voice: &str| if voice == "clock" { Ear::Clock } else { Ear::Voice(voice.into()) };
        of.iter().map(|(port, voice)| Listener { port: (*port).into(), ear: ear(voice) }).collect()
    }

    #[test]
    fn inputs_come_and_go_and_nothing_hangs() {
        let plugged = Plugged::default();
        let ((commands, inbox), (outbox, news)) = (channel(), channel());
        let mut room =
            Room { sources: plugged.clone(), listeners: Arc::default(), known: Vec::new(), commands, outbox };
        let asked = || inbox.try_iter().map(|command| format!("{command:?}")).collect::<Vec<_>>().join("; ");
        let said = || news.try_iter().map(|news| format!("{} {:?}", news.port, news.open)).collect::<Vec<_>>();
        *plugged.0.lock().unwrap() = vec![("Keystep 20:0", None)];
        room.listen(listeners(&[("Keystep", "keys"), ("Pads", "kit")]));
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
        room.listen(listeners(&[("Keystep", "lead")]));
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
        room.listen(listeners(&[("Keystep", "lead"), ("Keystep", "clock")]));
        plugged.play("Keystep 28:0", &[0xF8]);
        assert_eq!(asked(), "Clock { message: Tick, at: Frames(7) }");
    }
}
