//! The ports that sounds name: opened, looked after, and opened again when they come back. A thread of its own, since the system may take its
//! time for each of these.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::port::{Listing, absent, lasting, position};
use super::{MidiError, MidiOutput, MidiStats, Patchbay, PortSink, open};
use crate::clock::Clock;

/// Between two looks at what is plugged in.
const LOOK: Duration = Duration::from_secs(1);

/// What has become of a port, which goes by the name under which it was wanted.
#[derive(Debug)]
pub enum News {
    Open {
        port: String,
        /// As the system calls it.
        name: String,
        output: MidiOutput,
    },
    Missing {
        port: String,
        /// What is to be said besides that.
        why: Option<String>,
    },
}

enum Ask {
    Want(String),
    Close(MidiOutput),
    End,
}

/// The running room. Dropping it ends its thread.
#[derive(Debug)]
pub struct Ports {
    asks: Sender<Ask>,
    news: Receiver<News>,
    thread: Option<JoinHandle<()>>,
}

impl Ports {
    /// `wanted` is opened before this returns; `opened` is a port that is open already, by the name under which it is wanted.
    #[must_use]
    pub fn start(clock: Arc<Clock>, opened: Option<(String, PortSink)>, wanted: Vec<String>) -> Ports {
        let system = System { clock, listing: None };
        let opened = opened.map(|(port, sink)| (port, sink.name().to_owned(), system.play(sink)));
        Ports::with(system, opened, wanted)
    }

    /// Ports that the audio cycle plays; `wanted` as above.
    #[must_use]
    pub fn in_cycle(bay: Patchbay, wanted: Vec<String>) -> Ports {
        Ports::with(bay, None, wanted)
    }

    fn with(system: impl Wires + 'static, opened: Option<(String, String, MidiOutput)>, wanted: Vec<String>) -> Ports {
        let (asks, inbox) = channel();
        let (outbox, news) = channel();
        let mut room = Room { system, known: Vec::new(), outbox };
        if let Some((port, name, output)) = opened {
            room.known.push(Known::new(port));
            let names = room.system.names().unwrap_or_default();
            room.take(0, name, output, &names);
        }
        for port in wanted {
            room.want(port);
        }
        let thread = std::thread::Builder::new().name("ports".into()).spawn(move || room.run(&inbox)).ok();
        Ports { asks, news, thread }
    }

    /// This port is wanted from here on: whether it is there will be news. Never waits, as all below.
    pub fn want(&self, port: &str) {
        // A thread that is gone opens no more ports.
        let _ = self.asks.send(Ask::Want(port.to_owned()));
    }

    /// Ends an output, which may take a moment that the caller does not have.
    pub fn close(&self, output: MidiOutput) {
        let _ = self.asks.send(Ask::Close(output));
    }

    pub fn news(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    /// Without a room behind it: whoever calls makes the news.
    #[cfg(test)]
    pub(crate) fn held() -> (Ports, Sender<News>) {
        let (outbox, news) = channel();
        (Ports { asks: channel().0, news, thread: None }, outbox)
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        let _ = self.asks.send(Ask::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The system's MIDI, the audio system's, or a test's.
pub(super) trait Wires: Send {
    /// The full names of the ports that there are; errs with why there can be none.
    fn names(&mut self) -> Result<Vec<String>, MidiError>;
    /// Opens the port with this full name.
    fn open(&mut self, name: &str) -> Result<MidiOutput, MidiError>;
    /// Takes an output back, and ends what sounds there.
    fn close(&mut self, output: MidiOutput) {
        drop(output);
    }
}

struct System {
    clock: Arc<Clock>,
    /// Made at the first look and kept: the system tells its other programs of every client that comes and goes.
    listing: Option<Listing>,
}

impl System {
    fn play(&self, sink: PortSink) -> MidiOutput {
        MidiOutput::start(Box::new(sink), Arc::clone(&self.clock))
    }
}

impl Wires for System {
    fn names(&mut self) -> Result<Vec<String>, MidiError> {
        if self.listing.is_none() {
            self.listing = Some(Listing::open()?);
        }
        Ok(self.listing.as_ref().map(Listing::names).unwrap_or_default())
    }

    fn open(&mut self, name: &str) -> Result<MidiOutput, MidiError> {
        open(name).map(|sink| self.play(sink))
    }
}

struct Known {
    port: String,
    /// By what it is looked for: the name under which it is wanted, or what was found there by a number.
    sought: String,
    /// Its full name, and how it fares.
    open: Option<(String, Arc<MidiStats>)>,
    /// Whether it was said to be missing.
    said: bool,
}

impl Known {
    fn new(port: String) -> Known {
        Known { sought: port.clone(), port, open: None, said: false }
    }
}

struct Room<W> {
    system: W,
    known: Vec<Known>,
    outbox: Sender<News>,
}

impl<W: Wires> Room<W> {
    fn run(mut self, inbox: &Receiver<Ask>) {
        loop {
            // Where nobody wants a port nobody looks for one.
            let ask = if self.known.is_empty() {
                inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                inbox.recv_timeout(LOOK)
            };
            match ask {
                Ok(Ask::Want(port)) => self.want(port),
                Ok(Ask::Close(output)) => self.system.close(output),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn want(&mut self, port: String) {
        if self.known.iter().all(|known| known.port != port) {
            self.known.push(Known::new(port));
            let at = self.known.len() - 1;
            match self.system.names() {
                Ok(names) => self.try_open(at, &names),
                Err(error) => self.miss(at, Some(error.0)),
            }
        }
    }

    /// Looks for ports that have gone, and for those that are missing.
    fn look(&mut self) {
        let names = self.system.names().unwrap_or_default();
        for at in 0..self.known.len() {
            match &self.known[at].open {
                // A port that is unplugged goes silent without an error, or refuses what it is sent.
                Some((name, stats)) if !names.contains(name) || stats.lost() => {
                    self.known[at].open = None;
                    self.miss(at, None);
                }
                Some(_) => {}
                None => self.try_open(at, &names),
            }
        }
    }

    fn try_open(&mut self, at: usize, names: &[String]) {
        let Known { port, sought, .. } = &self.known[at];
        let Some(name) = position(names, sought).map(|found| names[found].clone()) else {
            let why = absent(port).0;
            return self.miss(at, Some(why));
        };
        match self.system.open(&name) {
            Ok(output) => self.take(at, name, output, names),
            Err(error) => self.miss(at, Some(error.0)),
        }
    }

    fn take(&mut self, at: usize, name: String, output: MidiOutput, names: &[String]) {
        let known = &mut self.known[at];
        if known.sought.parse::<usize>().is_ok() {
            // Numbers are others when something is plugged in or pulled.
            lasting(&name, names).clone_into(&mut known.sought);
        }
        known.open = Some((name.clone(), output.stats()));
        known.said = false;
        let port = known.port.clone();
        // Whoever does not listen is on the way out; here and below.
        let _ = self.outbox.send(News::Open { port, name, output });
    }

    /// Says once that a port is missing.
    fn miss(&mut self, at: usize, why: Option<String>) {
        let known = &mut self.known[at];
        if !std::mem::replace(&mut known.said, true) {
            let _ = self.outbox.send(News::Missing { port: known.port.clone(), why });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::MidiSink;
    use super::*;
    use crate::time::SampleRate;

    struct Silence;

    impl MidiSink for Silence {
        fn send(&mut self, _: &[u8]) -> Result<(), MidiError> {
            Ok(())
        }
    }

    #[derive(Clone, Default)]
    struct Plugged(Arc<Mutex<Vec<&'static str>>>);

    impl Wires for Plugged {
        fn names(&mut self) -> Result<Vec<String>, MidiError> {
            Ok(self.0.lock().expect("not poisoned").iter().map(|name| (*name).to_owned()).collect())
        }

        fn open(&mut self, name: &str) -> Result<MidiOutput, MidiError> {
            assert!(self.names()?.iter().any(|there| there == name), "only what is there is opened: {name}");
            Ok(MidiOutput::start(Box::new(Silence), Clock::free_running(SampleRate(48_000))))
        }
    }

    impl Plugged {
        fn plug(&self, names: &[&'static str]) {
            *self.0.lock().expect("not poisoned") = names.to_vec();
        }
    }

    fn said(news: &Receiver<News>) -> Vec<String> {
        let said = |news| match news {
            News::Open { port, name, .. } => format!("{port} is {name}"),
            News::Missing { port, why } => {
                format!("{port} is missing: {}", why.unwrap_or_default().split(';').next().unwrap_or_default())
            }
        };
        news.try_iter().map(said).collect()
    }

    /// A number means what stood there when it was first found; beside it another port of that kind is none.
    #[test]
    fn a_port_by_number_is_found_again_by_its_name() {
        let plugged = Plugged::default();
        let (outbox, news) = channel();
        let mut room = Room { system: plugged.clone(), known: Vec::new(), outbox };
        plugged.plug(&["Through 14:0", "Mini 20:0"]);
        room.want("1".into());
        assert_eq!(said(&news), ["1 is Mini 20:0"]);
        plugged.plug(&["Through 14:0", "Drum 24:0"]);
        room.look();
        room.look();
        assert_eq!(said(&news), ["1 is missing: "]);
        plugged.plug(&["Mini 28:0", "Through 14:0", "Drum 24:0"]);
        room.look();
        assert_eq!(said(&news), ["1 is Mini 28:0"]);
    }

    #[test]
    fn ports_come_and_go_and_each_change_is_news_once() {
        let plugged = Plugged::default();
        let (outbox, news) = channel();
        let mut room = Room { system: plugged.clone(), known: Vec::new(), outbox };
        let (said, plug) = (|| said(&news), |names: &[&'static str]| plugged.plug(names));
        plug(&["Mini 20:0"]);
        room.want("Mini".into());
        room.want("Drum".into());
        room.want("Mini".into());
        assert_eq!(said(), ["Mini is Mini 20:0", "Drum is missing: there is no MIDI port 'Drum' here"]);
        room.look();
        assert_eq!(said(), [""; 0]);
        plug(&["Drum 24:0"]);
        room.look();
        assert_eq!(said(), ["Mini is missing: ", "Drum is Drum 24:0"]);
        plug(&["Drum 24:0", "Mini 28:0"]);
        room.look();
        room.look();
        assert_eq!(said(), ["Mini is Mini 28:0"]);
    }
}
