//! On the wire: another JACK client writes down what arrives, sample by sample and message by message, and it is held against the plan.
#![cfg(all(feature = "jack", target_os = "linux"))]

#[path = "common/jack.rs"]
mod server;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use barline::audio::{AudioDevice, AudioOutput, AudioSpec};
use barline::clock::Clock;
use barline::engine::{RenderStats, Renderer};
use barline::event::{Action, ScheduledEvent, VoiceSlot};
use barline::midi::{Channels, MidiOutput};
use barline::synth::{Patch, Synth};
use barline::time::Frames;
use jack::{AudioIn, Client, ClientOptions, Control, MidiIn, Port, ProcessHandler, ProcessScope};
use server::Server;

/// Full level on the first sample, and gone five milliseconds after its end.
const CLICK: &str = "adsr(0, 0, 1, 0.005) * 0.5";
const VOICE: VoiceSlot = VoiceSlot(0);
/// A step up of this height is an onset; the room's echo has none.
const STEP: f32 = 0.1;

/// The servers of this process's tests, one at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn start(realtime: bool) -> Option<Server> {
    let name = format!("barline-wire-{}", std::process::id());
    // SAFETY: the tests of this file take turns, and nothing else here reads the environment.
    unsafe {
        std::env::set_var("JACK_DEFAULT_SERVER", &name);
        std::env::set_var("JACK_NO_START_SERVER", "1");
    }
    let server = Server::start(&name, realtime, 256);
    if server.is_none() {
        println!("skipped: there is no jackd");
    }
    server
}

/// What arrived, by the server's frame.
#[derive(Clone, Debug, Default)]
struct Arrived {
    midi: Vec<(u32, [u8; 3])>,
    onsets: Vec<u32>,
}

/// Writes down what comes in at its ports.
struct Ear {
    midi: Port<MidiIn>,
    audio: Port<AudioIn>,
    before: f32,
    sender: rtrb::Producer<Heard>,
}

enum Heard {
    Message(u32, [u8; 3]),
    Onset(u32),
}

impl ProcessHandler for Ear {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let start = scope.last_frame_time();
        for message in self.midi.iter(scope).filter(|message| message.bytes.len() == 3) {
            let bytes = [message.bytes[0], message.bytes[1], message.bytes[2]];
            let _ = self.sender.push(Heard::Message(start.wrapping_add(message.time), bytes));
        }
        for (at, sample) in self.audio.as_slice(scope).iter().enumerate() {
            if sample - self.before >= STEP {
                let _ = self.sender.push(Heard::Onset(start.wrapping_add(at as u32)));
            }
            self.before = *sample;
        }
        Control::Continue
    }
}

/// How the sending is spoilt, for the checks to find.
#[derive(Clone, Copy, PartialEq)]
enum Sabotage {
    None,
    /// One event of a hundred is a frame late.
    Delayed,
    /// One note-off in the middle is missing.
    Dropped,
    /// A thousandth too slow.
    Tempo,
}

/// Notes at uneven distances of some 10 ms, each with its end: frames, and whether it begins.
fn plan(notes: usize) -> Vec<(i64, u8, bool)> {
    let mut at = 24_000;
    let mut plan = Vec::new();
    for note in 0..notes {
        at += 500 + (note as i64 * 7919) % 97;
        let pitch = 36 + (note % 60) as u8;
        plan.extend([(at, pitch, true), (at + 100, pitch, false)]);
    }
    plan
}

/// The instrument's end: synth and one MIDI output through the JACK client.
struct Instrument {
    ring: rtrb::Producer<ScheduledEvent>,
    output: MidiOutput,
    stats: Arc<RenderStats>,
    sound: AudioOutput,
}

impl Instrument {
    fn start() -> Instrument {
        let device = AudioDevice::find(&"jack".parse::<AudioSpec>().unwrap()).expect("a server");
        assert!(device.carries_midi());
        let rate = device.rate();
        let click = Patch::parse("click", CLICK).expect("a patch");
        let (synth, _) = Synth::new(rate, &[Some(&click)]);
        let (renderer, ring) = Renderer::new(synth);
        let stats = renderer.stats();
        let (output, port) = MidiOutput::in_cycle("wire-box", Channels::for_voices(&[]), rate, Duration::ZERO);
        let sound = AudioOutput::start(device, renderer, vec![port], Clock::new(rate));
        Instrument { ring, output, stats, sound }
    }

    fn wait_until(&self, frame: i64) {
        while self.stats.frame().0 < frame {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Plays the plan, spoilt or not, and gives what arrived.
    fn play(&mut self, plan: &[(i64, u8, bool)], sabotage: Sabotage) -> Arrived {
        let mut ear = Receiver::plug_in();
        let origin = self.stats.frame().0;
        for (index, &(at, pitch, on)) in plan.iter().enumerate() {
            let at = match sabotage {
                Sabotage::Delayed if index % 100 == 50 => at + 1,
                Sabotage::Tempo => at + at / 1000,
                _ => at,
            };
            if sabotage == Sabotage::Dropped && index == plan.len() / 2 + 1 {
                continue;
            }
            let action = if on {
                Action::NoteOn { voice: VOICE, pitch, velocity: 100 }
            } else {
                Action::NoteOff { voice: VOICE, pitch }
            };
            let event = ScheduledEvent { at: Frames(origin + at), action };
            // As the scheduler does: a little ahead.
            self.wait_until(event.at.0 - 9_600);
            self.output.send(event).expect("room");
            self.ring.push(event).expect("room");
        }
        self.wait_until(origin + plan.last().map_or(0, |event| event.0) + 9_600);
        assert_eq!(self.stats.late(), 0);
        ear.arrived()
    }
}

/// Another program with a MIDI input and an audio input.
struct Receiver {
    _client: jack::AsyncClient<(), Ear>,
    heard: rtrb::Consumer<Heard>,
}

impl Receiver {
    /// Comes, and waits until the instrument has found it.
    fn plug_in() -> Receiver {
        let (client, _) = Client::new("wire-box", ClientOptions::NO_START_SERVER).expect("a server");
        let (sender, heard) = rtrb::RingBuffer::new(1 << 16);
        let midi = client.register_port("midi", MidiIn::default()).unwrap();
        let audio = client.register_port("audio", AudioIn::default()).unwrap();
        let names = [&midi.name().unwrap(), &audio.name().unwrap()].map(String::clone);
        let client = client.activate_async((), Ear { midi, audio, before: 0.0, sender }).unwrap();
        let connected = |name: &String| {
            let port = client.as_client().port_by_name(name);
            port.is_some_and(|port| port.connected_count().is_ok_and(|count| count > 0))
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !names.iter().all(connected) {
            assert!(Instant::now() < deadline, "not connected");
            let _ = client.as_client().connect_ports_by_name("barline:left", &names[1]);
            std::thread::sleep(Duration::from_millis(10));
        }
        Receiver { _client: client, heard }
    }

    fn arrived(&mut self) -> Arrived {
        let mut arrived = Arrived::default();
        while let Ok(heard) = self.heard.pop() {
            match heard {
                Heard::Message(frame, bytes) => arrived.midi.push((frame, bytes)),
                Heard::Onset(frame) => arrived.onsets.push(frame),
            }
        }
        arrived
    }
}

/// The greatest distances in frames between what was planned and what arrived: of the messages, and of the sound's onsets. The server's
/// frame of the plan's beginning is that of the first message. Errs where something is missing, too much or another.
fn compare(plan: &[(i64, u8, bool)], arrived: &Arrived) -> Result<(i64, i64), String> {
    if arrived.midi.len() != plan.len() {
        return Err(format!("{} messages of {} arrived", arrived.midi.len(), plan.len()));
    }
    let onsets: Vec<i64> = plan.iter().filter(|event| event.2).map(|event| event.0).collect();
    if arrived.onsets.len() != onsets.len() {
        return Err(format!("{} onsets of {} sounded", arrived.onsets.len(), onsets.len()));
    }
    let origin = i64::from(arrived.midi[0].0) - plan[0].0;
    let mut worst = (0, 0);
    for ((at, pitch, on), (frame, bytes)) in plan.iter().zip(&arrived.midi) {
        let expected = if *on { [0x90, *pitch, 100] } else { [0x80, *pitch, 0] };
        if *bytes != expected {
            return Err(format!("{bytes:?} came in the place of {expected:?}"));
        }
        worst.0 = worst.0.max((i64::from(*frame) - origin - at).abs());
    }
    for (at, frame) in onsets.iter().zip(&arrived.onsets) {
        worst.1 = worst.1.max((i64::from(*frame) - origin - at).abs());
    }
    Ok(worst)
}

#[test]
fn every_message_and_every_onset_is_on_its_frame() {
    let _turn = turn();
    let Some(_server) = start(true) else { return };
    let plan = plan(500);
    assert_eq!(compare(&plan, &Instrument::start().play(&plan, Sabotage::None)), Ok((0, 0)));
}

#[test]
fn the_checks_find_what_is_wrong() {
    let _turn = turn();
    let Some(_server) = start(true) else { return };
    let plan = plan(100);
    let spoilt = |sabotage| compare(&plan, &Instrument::start().play(&plan, sabotage));
    assert_eq!(spoilt(Sabotage::Delayed), Ok((1, 1)));
    let slow = spoilt(Sabotage::Tempo).unwrap();
    assert!(slow.0 > 50 && slow.1 > 50, "{slow:?}");
    assert!(spoilt(Sabotage::Dropped).unwrap_err().contains("messages"));
}

/// The frames go on while it is away, and what is due after it is back is on its frame again. A receiver may come and go as well.
#[test]
fn a_server_that_goes_and_comes_back_is_played_on() {
    let _turn = turn();
    let Some(server) = start(true) else { return };
    let plan = plan(50);
    let mut instrument = Instrument::start();
    for _ in 0..2 {
        assert_eq!(compare(&plan, &instrument.play(&plan, Sabotage::None)), Ok((0, 0)));
    }
    drop(server);
    let wait = |what: &str, is: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is() {
            assert!(Instant::now() < deadline, "no {what}: {:?}", instrument.sound.status());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    wait("trouble", &|| instrument.sound.status().trouble.is_some());
    let lost = instrument.stats.frame().0;
    wait("frames without a server", &|| instrument.stats.frame().0 > lost + 24_000);
    let _server = start(true);
    wait("end of the trouble", &|| instrument.sound.status().trouble.is_none());
    assert_eq!(compare(&plan, &instrument.play(&plan, Sabotage::None)), Ok((0, 0)));
}

/// Ten thousand messages and five thousand onsets, with a server that has no rights, too.
#[test]
#[ignore = "two minutes"]
fn soak_of_ten_thousand_messages_on_the_wire() {
    let _turn = turn();
    let plan = plan(5000);
    for realtime in [true, false] {
        let Some(_server) = start(realtime) else { return };
        let mut instrument = Instrument::start();
        let worst = compare(&plan, &instrument.play(&plan, Sabotage::None));
        println!(
            "jackd {}: {} messages, worst distances of messages and onsets {worst:?} frames, {} xruns",
            if realtime { "-R" } else { "-r" },
            plan.len(),
            instrument.sound.status().xruns
        );
        assert_eq!(worst, Ok((0, 0)));
    }
}
