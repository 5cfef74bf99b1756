//! JACK: one client for audio and MIDI. Both are made in its process callback, so that each MIDI message stands at the frame of its event,
//! beside the sample of its sound. The callback's thread is JACK's, real-time where the server is.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jack::{
    AsyncClient, AudioOut, Client, ClientOptions, ClientStatus, Control, MidiIn, MidiOut, NotificationHandler, Port,
    PortFlags, ProcessHandler, ProcessScope, RawMidi,
};

use super::{CHUNK, Engine, Loan, Shared, Stream};
use crate::midi::{Arrival, Connections, INPUTS, Partners};
use crate::realtime;
use crate::time::{Frames, SampleRate};

const CLIENT: &str = "barline";

/// The most cycles that the last messages need to be on their way: the one that runs, the one that sends them, and the one after it.
const LAST_CYCLES: u64 = 3;
/// However long a cycle is.
const LAST_WAIT: Duration = Duration::from_millis(250);

/// The server as it was when it was looked at.
pub struct Server {
    pub rate: SampleRate,
    /// The MIDI inputs of other programs and of the hardware, by full name.
    pub inputs: Vec<String>,
}

/// Looks at the server that runs; errs with what to do.
pub fn probe() -> Result<Server, String> {
    let client = client()?;
    Ok(Server { rate: SampleRate(client.sample_rate()), inputs: midi_inputs(&client) })
}

fn midi_inputs(client: &Client) -> Vec<String> {
    client.ports(None, Some("midi"), PortFlags::IS_INPUT)
}

fn client() -> Result<Client, String> {
    // Libraries print where they like, JACK's own most of all.
    jack::set_logger(jack::LoggerType::None);
    match Client::new(CLIENT, ClientOptions::NO_START_SERVER) {
        Ok((client, _)) => Ok(client),
        Err(jack::Error::LibraryError(_)) => {
            Err("JACK's library (libjack) is not on this machine; install jackd, or play without --audio jack"
                .to_owned())
        }
        Err(_) => {
            Err("no JACK server answers; start one with jackd or qjackctl, or play without --audio jack".to_owned())
        }
    }
}

/// Opens a client and plays; errs with why it cannot be.
pub fn open(rate: SampleRate, mut loan: Loan, shared: &Arc<Shared>) -> Result<Box<dyn Stream>, String> {
    let client = client()?;
    if client.sample_rate() != rate.0 {
        let now = client.sample_rate();
        return Err(format!(
            "the JACK server runs at {now} Hz now and ran at {} Hz before; start barline again",
            rate.0
        ));
    }
    let wrong = |error: jack::Error| error.to_string();
    let side = |name: &str| client.register_port(name, AudioOut::default()).map_err(wrong);
    let sides = [side("left")?, side("right")?];
    let Some(engine) = &mut loan.engine else { return Err("there is nothing to play".to_owned()) };
    engine.scratch.resize(2 * CHUNK, 0.0);
    let mut midi = Vec::new();
    let outputs = engine.midi.as_ref().map_or(0, |midi| midi.outputs.len());
    for number in 1..=outputs {
        midi.push(client.register_port(&format!("midi {number}"), MidiOut::default()).map_err(wrong)?);
    }
    let mut ears = Vec::with_capacity(INPUTS);
    for number in 1..=INPUTS {
        ears.push(client.register_port(&format!("midi in {number}"), MidiIn::default()).map_err(wrong)?);
    }
    let names = |ports: &mut dyn Iterator<Item = Result<String, jack::Error>>| -> Result<Vec<String>, String> {
        ports.collect::<Result<_, _>>().map_err(wrong)
    };
    let (our_sides, our_midi) = (names(&mut sides.iter().map(Port::name))?, names(&mut midi.iter().map(Port::name))?);
    let our_ears = names(&mut ears.iter().map(Port::name))?;
    let connections = engine.midi.as_ref().map(|midi| Arc::clone(&midi.connections));
    let process = Process { sides, midi, ears, loan, shared: Arc::clone(shared), first: true };
    let client = client.activate_async(Watch(Arc::clone(shared)), process).map_err(wrong)?;
    // To the first two inputs of the sound card.
    let inputs = client.as_client().ports(None, Some("audio"), PortFlags::IS_INPUT | PortFlags::IS_PHYSICAL);
    for (side, input) in our_sides.iter().zip(&inputs) {
        let _ = client.as_client().connect_ports_by_name(side, input);
    }
    let mut running = Running { client, midi: our_midi, ears: our_ears, connections, shared: Arc::clone(shared) };
    running.look_after();
    Ok(Box::new(running))
}

/// The client that runs. JACK takes it off when it is dropped.
struct Running {
    client: AsyncClient<Watch, Process>,
    /// The full names of our outputs, and of our inputs.
    midi: Vec<String>,
    ears: Vec<String>,
    connections: Option<Arc<Mutex<Connections>>>,
    shared: Arc<Shared>,
}

impl Stream for Running {
    /// Says what inputs there are, and connects the outputs whose partners are wanted; one that went away and came back, too. What we have
    /// connected and is not wanted any more is taken apart; what the performer has connected by hand stays.
    fn look_after(&mut self) {
        let Some(connections) = &self.connections else { return };
        let client = self.client.as_client();
        let mut connections = connections.lock().unwrap_or_else(PoisonError::into_inner);
        let Connections { played, heard, inputs, outputs } = &mut *connections;
        connect(client, &self.midi, played, |ours, theirs| (ours, theirs));
        connect(client, &self.ears, heard, |ours, theirs| (theirs, ours));
        *inputs = midi_inputs(client);
        *outputs = client.ports(None, Some("midi"), PortFlags::IS_OUTPUT);
        // Who hears himself would never end.
        outputs.retain(|output| !self.midi.contains(output));
    }

    fn silence(&mut self) {
        let cycles = || self.shared.callbacks.load(Ordering::Relaxed);
        let (first, begun) = (cycles(), Instant::now());
        while cycles() < first + LAST_CYCLES && begun.elapsed() < LAST_WAIT {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Connects some ports of ours to their partners; `way` puts the source first.
fn connect<const COUNT: usize>(
    client: &Client,
    ours: &[String],
    partners: &mut Partners<COUNT>,
    way: for<'a> fn(&'a str, &'a str) -> (&'a str, &'a str),
) {
    for ((ours, wanted), made) in ours.iter().zip(&partners.wanted).zip(&mut partners.made) {
        if made != wanted
            && let Some(former) = made.take()
        {
            // Gone already where its partner is.
            let (from, to) = way(ours, &former);
            let _ = client.disconnect_ports_by_name(from, to);
        }
        let (Some(wanted), Some(port)) = (wanted, client.port_by_name(ours)) else { continue };
        if port.connected_count() == Ok(0) {
            let (from, to) = way(ours, wanted);
            let _ = client.connect_ports_by_name(from, to);
        }
        *made = Some(wanted.clone()).filter(|wanted| port.is_connected_to(wanted) == Ok(true));
    }
}

struct Watch(Arc<Shared>);

impl NotificationHandler for Watch {
    // SAFETY: only an atomic store, as is allowed in a signal handler.
    unsafe fn shutdown(&mut self, _: ClientStatus, _: &str) {
        self.0.broken.store(true, Ordering::Release);
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.0.xruns.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}

struct Process {
    sides: [Port<AudioOut>; 2],
    midi: Vec<Port<MidiOut>>,
    ears: Vec<Port<MidiIn>>,
    loan: Loan,
    shared: Arc<Shared>,
    /// The callback has not run yet.
    first: bool,
}

impl ProcessHandler for Process {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let (now, before) = (Instant::now(), realtime::thread_time());
        if std::mem::take(&mut self.first) {
            self.shared.tell_priority(realtime::priority());
        }
        self.shared.callbacks.fetch_add(1, Ordering::Relaxed);
        let Some(Engine { renderer, midi, publisher, scratch }) = &mut self.loan.engine else {
            return Control::Continue;
        };
        let (ports, arrivals) = match midi {
            Some(midi) => (&mut midi.outputs[..], Some(&mut midi.arrivals)),
            None => (&mut [][..], None),
        };
        let [left, right] = &mut self.sides;
        let (left, right) = (left.as_mut_slice(scope), right.as_mut_slice(scope));
        if self.shared.stop.load(Ordering::Acquire) {
            // Short, since JACK ends the thread of a client that is taken off wherever it is, and with it the process.
            left.fill(0.0);
            right.fill(0.0);
            for (port, out) in ports.iter_mut().zip(&mut self.midi) {
                let mut writer = out.writer(scope);
                port.silence(&mut |time, bytes| writer.write(&RawMidi { time, bytes }).is_ok());
            }
            return Control::Continue;
        }
        let from = renderer.frame();
        if let Some(arrivals) = arrivals {
            for (number, ear) in self.ears.iter().enumerate() {
                let at = |time: u32| from + Frames(i64::from(time));
                let messages = ear.iter(scope);
                for arrival in messages.filter_map(|message| Arrival::of(number, message.bytes, at(message.time))) {
                    // A full ring means that nobody listens.
                    let _ = arrivals.push(arrival);
                }
            }
        }
        // The cycle began a little before the callback did.
        let since = publisher.rate().duration_of(Frames(i64::from(scope.frames_since_cycle_start())));
        publisher.publish(from, now.checked_sub(since).unwrap_or(now));
        for (left, right) in left.chunks_mut(CHUNK).zip(right.chunks_mut(CHUNK)) {
            let rendered = &mut scratch[..2 * left.len()];
            renderer.process(rendered, 2);
            for ((left, right), frame) in left.iter_mut().zip(right).zip(rendered.chunks_exact(2)) {
                (*left, *right) = (frame[0], frame[1]);
            }
        }
        for (port, out) in ports.iter_mut().zip(&mut self.midi) {
            let mut writer = out.writer(scope);
            let write = &mut |time, bytes: &[u8]| writer.write(&RawMidi { time, bytes }).is_ok();
            port.play(from, scope.n_frames(), write);
        }
        self.shared.took(before, publisher.rate().duration_of(Frames(i64::from(scope.n_frames()))));
        Control::Continue
    }
}
