//! JACK: one client for audio and MIDI. Both are made in its process callback, so that each MIDI message stands at the frame of its event,
//! beside the sample of its sound. The callback's thread is JACK's, real-time where the server is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use jack::{
    AsyncClient, AudioOut, Client, ClientOptions, ClientStatus, Control, MidiOut, NotificationHandler, Port, PortFlags,
    ProcessHandler, ProcessScope, RawMidi,
};

use super::{CHUNK, Engine, Loan, Shared, Stream};
use crate::midi::CyclePort;
use crate::time::SampleRate;

const CLIENT: &str = "barline";

/// The rate of the server that is there; errs with what to do.
pub fn rate() -> Result<SampleRate, String> {
    Ok(SampleRate(client()?.sample_rate()))
}

fn client() -> Result<Client, String> {
    // Libraries print where they like, JACK's own most of all.
    jack::set_logger(jack::LoggerType::None);
    match Client::new(CLIENT, ClientOptions::NO_START_SERVER) {
        Ok((client, _)) => Ok(client),
        Err(jack::Error::LibraryError(_)) => Err("JACK is not installed here (libjack)".to_owned()),
        Err(_) => {
            Err("no JACK server answers: start one with jackd or qjackctl, or play without --audio jack".to_owned())
        }
    }
}

/// Opens a client and plays; errs with why it cannot be.
pub fn open(rate: SampleRate, loan: Loan, shared: &Arc<Shared>) -> Result<Box<dyn Stream>, String> {
    let client = client()?;
    if client.sample_rate() != rate.0 {
        return Err(format!(
            "the server runs at {} Hz now, and the instrument was built for {}",
            client.sample_rate(),
            rate.0
        ));
    }
    let wrong = |error: jack::Error| error.to_string();
    let sides = ["left", "right"].map(|side| client.register_port(side, AudioOut::default()));
    let [left, right] = sides;
    let sides = [left.map_err(wrong)?, right.map_err(wrong)?];
    let ports = loan.engine.as_ref().map_or(&[][..], |engine| &engine.ports);
    let names: Vec<String> = ports.iter().map(|port| port.wanted.clone()).collect();
    let mut midi = Vec::with_capacity(names.len());
    for name in &names {
        midi.push(client.register_port(&format!("midi {name}"), MidiOut::default()).map_err(wrong)?);
    }
    let mut wires = Wires { sides: vec![], midi: vec![] };
    for side in &sides {
        wires.sides.push(side.name().map_err(wrong)?);
    }
    for (port, wanted) in midi.iter().zip(names) {
        wires.midi.push((port.name().map_err(wrong)?, wanted));
    }
    let mut loan = loan;
    if let Some(engine) = &mut loan.engine {
        engine.scratch.resize(2 * CHUNK, 0.0);
    }
    let process = Process { sides, midi, loan, shared: Arc::clone(shared) };
    let client = client.activate_async(Watch(Arc::clone(shared)), process).map_err(wrong)?;
    wires.connect_sides(client.as_client());
    let mut running = Running { client, wires };
    running.look_after();
    Ok(Box::new(running))
}

/// What our ports are connected to.
struct Wires {
    sides: Vec<String>,
    /// Our port, and a part of the other's name.
    midi: Vec<(String, String)>,
}

impl Wires {
    /// To the first two inputs of the sound card.
    fn connect_sides(&self, client: &Client) {
        let card = PortFlags::IS_INPUT | PortFlags::IS_PHYSICAL;
        let inputs = client.ports(None, Some("audio"), card);
        for (side, input) in self.sides.iter().zip(&inputs) {
            let _ = client.connect_ports_by_name(side, input);
        }
    }
}

/// The client that runs. JACK takes it off when it is dropped.
struct Running {
    client: AsyncClient<Watch, Process>,
    wires: Wires,
}

impl Stream for Running {
    /// Connects the MIDI ports whose partner is there; one that went away and came back, too. What the performer has connected by hand stays.
    fn look_after(&mut self) {
        let client = self.client.as_client();
        for (port, wanted) in &self.wires.midi {
            let ours = client.port_by_name(port);
            if ours.is_none_or(|ours| ours.connected_count().is_ok_and(|count| count > 0)) {
                continue;
            }
            let inputs = client.ports(None, Some("midi"), PortFlags::IS_INPUT);
            let wanted = wanted.to_lowercase();
            if let Some(input) = inputs.iter().find(|input| input.to_lowercase().contains(&wanted)) {
                let _ = client.connect_ports_by_name(port, input);
            }
        }
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
    loan: Loan,
    shared: Arc<Shared>,
}

impl ProcessHandler for Process {
    fn process(&mut self, client: &Client, scope: &ProcessScope) -> Control {
        let now = Instant::now();
        self.shared.callbacks.fetch_add(1, Ordering::Relaxed);
        let Some(Engine { renderer, ports, publisher, scratch }) = &mut self.loan.engine else {
            return Control::Continue;
        };
        let [left, right] = &mut self.sides;
        let (left, right) = (left.as_mut_slice(scope), right.as_mut_slice(scope));
        let from = renderer.frame();
        // The cycle began a little before the callback did.
        let rate = SampleRate(client.sample_rate());
        let since = rate.duration_of(crate::time::Frames(i64::from(scope.frames_since_cycle_start())));
        publisher.publish(from, now.checked_sub(since).unwrap_or(now));
        for (left, right) in left.chunks_mut(CHUNK).zip(right.chunks_mut(CHUNK)) {
            let rendered = &mut scratch[..2 * left.len()];
            renderer.process(rendered, 2);
            for ((left, right), frame) in left.iter_mut().zip(right).zip(rendered.chunks_exact(2)) {
                (*left, *right) = (frame[0], frame[1]);
            }
        }
        for (port, out) in ports.iter_mut().zip(&mut self.midi) {
            play(port, out, from, scope);
        }
        Control::Continue
    }
}

fn play(port: &mut CyclePort, out: &mut Port<MidiOut>, from: crate::time::Frames, scope: &ProcessScope) {
    let mut writer = out.writer(scope);
    port.play(from, scope.n_frames(), &mut |time, bytes| {
        // A cycle that is full loses a message; nothing can be done about it here.
        let _ = writer.write(&RawMidi { time, bytes });
    });
}
