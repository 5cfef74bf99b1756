//! Sound out: a cpal stream, a JACK client that plays MIDI, too, or nothing at all kept to time. A supervisor thread owns the stream; renderer
//! and MIDI ports are lent to the stream's callback and come home when it ends, so that another one, or silence, carries on where it stopped.

mod device;
#[cfg(feature = "jack")]
mod jack;
mod stream;
mod watchdog;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::clock::{Clock, Publisher};
use crate::engine::Renderer;
use crate::midi::CycleMidi;
use crate::realtime;
use crate::time::{Frames, SampleRate};
use device::Target;
pub use device::{AudioDevice, AudioError, AudioSpec, DeviceInfo, devices};
use watchdog::Watchdog;

/// Frames converted at a time; longer callbacks take more than one turn.
const CHUNK: usize = 1024;

/// How often the silent output renders, and how often a lost device is tried again.
const SILENT_PERIOD: Duration = Duration::from_millis(5);
/// Who did not look for so long was stopped, as when a lid is closed.
const STOOD_STILL: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_secs(2);

/// Between two looks after a stream that plays.
const LOOK: Duration = Duration::from_millis(100);

/// What the output says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AudioStatus {
    /// `alsa:default 48000 Hz`, `none (clock only)`.
    pub output: String,
    pub xruns: u64,
    pub callbacks: u64,
    /// Whether the callback runs with real-time priority; `None` while unknown or where the host sees to it.
    pub realtime: Option<bool>,
    /// The most that a callback has run, against the time that it filled: since this was asked before, and ever. From 1 on it is too late.
    pub load: f32,
    pub longest: f32,
    /// The newest trouble, until it is over.
    pub trouble: Option<String>,
}

/// What the callbacks and the supervisor write down; only the supervisor uses the text.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    broken: AtomicBool,
    xruns: AtomicU64,
    callbacks: AtomicU64,
    /// Of the callback's thread: 0 unknown, 1 none, else two more than it is.
    priority: AtomicU8,
    /// [`AudioStatus::load`] and its like, as the bits of an `f32`.
    load: AtomicU32,
    longest: AtomicU32,
    text: Mutex<(String, Option<String>)>,
}

impl Shared {
    /// A callback's thread says which priority it has.
    fn tell_priority(&self, priority: Option<u8>) {
        self.priority.store(priority.map_or(1, |priority| priority.saturating_add(2)), Ordering::Relaxed);
    }

    /// A callback that began when its thread had run for `before` has filled so much time.
    fn took(&self, before: Duration, filled: Duration) {
        let load = realtime::thread_time().saturating_sub(before).as_secs_f32() / filled.as_secs_f32().max(1.0e-6);
        // Floats that are not negative are in the order of their bits.
        for most in [&self.load, &self.longest] {
            most.fetch_max(load.to_bits(), Ordering::Relaxed);
        }
    }

    fn say(&self, output: &str, trouble: Option<String>) {
        if let Ok(mut text) = self.text.lock() {
            *text = (output.to_owned(), trouble);
        }
    }
}

/// Sound that is running. Dropping it ends it.
#[derive(Debug)]
pub struct AudioOutput {
    shared: Arc<Shared>,
    supervisor: Option<JoinHandle<()>>,
}

impl AudioOutput {
    /// Starts playing. A device that does not start, or is lost on the way, is tried again every two seconds while the
    /// renderer runs on silently; [`AudioOutput::status`] tells. The clock must have the device's rate and no other publisher.
    /// `midi` is for a device that carries MIDI ([`AudioDevice::midi_inputs`]).
    #[must_use]
    pub fn start(device: AudioDevice, renderer: Renderer, midi: Option<CycleMidi>, clock: Arc<Clock>) -> AudioOutput {
        assert_eq!(device.rate(), clock.rate(), "one rate for device and clock");
        let shared = Arc::new(Shared::default());
        shared.say(device.name(), None);
        let engine = Engine { renderer, midi, publisher: Publisher::new(clock), scratch: Vec::new() };
        let supervisor = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("audio".to_owned())
                .spawn(move || supervise(&device, engine, &shared))
                .expect("the system gives threads")
        };
        AudioOutput { shared, supervisor: Some(supervisor) }
    }

    /// The real-time priority of the callback, where it has one and that is known.
    #[must_use]
    pub fn priority(&self) -> Option<u8> {
        self.shared.priority.load(Ordering::Relaxed).checked_sub(2)
    }

    #[must_use]
    pub fn status(&self) -> AudioStatus {
        let (output, trouble) = self.shared.text.lock().map(|text| text.clone()).unwrap_or_default();
        let priority = self.shared.priority.load(Ordering::Relaxed);
        AudioStatus {
            output,
            trouble,
            xruns: self.shared.xruns.load(Ordering::Relaxed),
            callbacks: self.shared.callbacks.load(Ordering::Relaxed),
            realtime: match priority {
                0 => None,
                priority => Some(priority > 1),
            },
            load: f32::from_bits(self.shared.load.swap(0, Ordering::Relaxed)),
            longest: f32::from_bits(self.shared.longest.load(Ordering::Relaxed)),
        }
    }
}

impl Drop for AudioOutput {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(supervisor) = self.supervisor.take() {
            supervisor.thread().unpark();
            let _ = supervisor.join();
        }
    }
}

/// Sound that a device takes, for as long as it is kept.
trait Stream {
    /// Now and then, on the supervisor's thread.
    fn look_after(&mut self) {}

    /// The music is over ([`Shared::stop`]): waits until what sounds at its MIDI ports was ended. On the supervisor's thread.
    fn silence(&mut self) {}
}

/// All that a stream needs to play.
struct Engine {
    renderer: Renderer,
    midi: Option<CycleMidi>,
    publisher: Publisher,
    scratch: Vec<f32>,
}

/// An engine in a callback's hands. It goes home when the callback is dropped, whoever drops it.
struct Loan {
    engine: Option<Engine>,
    home: mpsc::Sender<Engine>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            let _ = self.home.send(engine);
        }
    }
}

fn supervise(device: &AudioDevice, mut engine: Engine, shared: &Arc<Shared>) {
    let Some(target) = &device.target else {
        run_silently(&mut engine, shared, None);
        return;
    };
    while !shared.stop.load(Ordering::Acquire) {
        shared.broken.store(false, Ordering::Release);
        let (home, returns) = mpsc::channel();
        let loan = Loan { engine: Some(engine), home };
        let opened = match target {
            Target::Cpal(target) => stream::open(target, loan, shared),
            #[cfg(feature = "jack")]
            Target::Jack(server) => jack::open(server.rate, loan, shared),
        };
        let trouble = match opened {
            Ok(mut stream) => {
                shared.say(device.name(), None);
                let callbacks = || shared.callbacks.load(Ordering::Relaxed);
                let mut watchdog = Watchdog::new(callbacks());
                while !shared.stop.load(Ordering::Acquire)
                    && !shared.broken.load(Ordering::Acquire)
                    && !watchdog.is_gone(callbacks())
                {
                    std::thread::park_timeout(LOOK);
                    stream.look_after();
                }
                if shared.stop.load(Ordering::Acquire) {
                    stream.silence();
                }
                drop(stream);
                "the sound device went away; trying again".to_owned()
            }
            Err(why) => format!("cannot open {}: {why}; trying again", device.name()),
        };
        let Ok(returned) = returns.recv_timeout(Duration::from_secs(5)) else {
            shared.say("none", Some("the sound system does not give the stream back; restart to hear".to_owned()));
            return;
        };
        engine = returned;
        if let Some(midi) = &engine.midi {
            midi.connections.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        if !shared.stop.load(Ordering::Acquire) {
            shared.say("none (clock only)", Some(trouble));
            run_silently(&mut engine, shared, Some(RETRY));
        }
    }
}

/// Renders to the monotonic clock and throws the sound away, for a time or until told to stop.
fn run_silently(engine: &mut Engine, shared: &Shared, time: Option<Duration>) {
    let Engine { renderer, midi, publisher, scratch } = engine;
    let rate = publisher.rate();
    publisher.set_latency(Duration::ZERO);
    scratch.resize(2 * CHUNK, 0.0);
    let begun = Instant::now();
    let mut pacer = Pacer { rate, start: begun, first: renderer.frame(), looked: begun };
    while !shared.stop.load(Ordering::Acquire) && time.is_none_or(|time| begun.elapsed() < time) {
        let due = pacer.due(Instant::now(), renderer.frame());
        while renderer.frame() < due {
            let frame = renderer.frame();
            publisher.publish(frame, pacer.instant_at(frame));
            let frames = (due - frame).0.min(CHUNK as i64) as usize;
            renderer.process(&mut scratch[..2 * frames], 2);
            // Nobody hears them; their queues go on.
            for port in midi.iter_mut().flat_map(|midi| &mut midi.outputs) {
                port.play(frame, frames as u32, &mut |_, _| true);
            }
        }
        shared.callbacks.fetch_add(1, Ordering::Relaxed);
        std::thread::park_timeout(SILENT_PERIOD);
    }
}

/// Frames that pass with the monotonic clock. Like those of a sound card they stand still with the program: what was due while it was stopped
/// does not come all at once when it goes on.
struct Pacer {
    rate: SampleRate,
    start: Instant,
    first: Frames,
    looked: Instant,
}

impl Pacer {
    /// Up to which frame is due now; `frame` is the next one.
    fn due(&mut self, now: Instant, frame: Frames) -> Frames {
        if now.saturating_duration_since(self.looked) > STOOD_STILL {
            (self.start, self.first) = (now, frame);
        }
        self.looked = now;
        self.first + self.rate.frames_in(now.saturating_duration_since(self.start))
    }

    fn instant_at(&self, frame: Frames) -> Instant {
        self.start + self.rate.duration_of(frame - self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Synth;

    #[test]
    fn a_program_that_was_stopped_goes_on_where_it_was() {
        let (rate, begun) = (SampleRate(48_000), Instant::now());
        let mut pacer = Pacer { rate, start: begun, first: Frames(100), looked: begun };
        let at = |ms: u64| begun + Duration::from_millis(ms);
        // Late by half a second it catches up, since the music does not wait for a busy machine.
        assert_eq!(pacer.due(at(10), Frames(100)), Frames(580));
        assert_eq!(pacer.due(at(510), Frames(580)), Frames(24_580));
        assert_eq!(pacer.instant_at(Frames(24_580)), at(510));
        assert_eq!(pacer.due(at(60_000), Frames(24_580)), Frames(24_580));
        assert_eq!(pacer.due(at(60_010), Frames(24_580)), Frames(25_060));
        assert_eq!(pacer.instant_at(Frames(25_060)), at(60_010));
    }

    #[test]
    fn without_a_device_frames_pass_and_stopping_ends_it() {
        let device = AudioDevice::find(&AudioSpec::None).expect("always there");
        let clock = Clock::new(device.rate());
        let (synth, _lane) = Synth::new(device.rate(), &[]);
        let (renderer, _ring) = Renderer::new(synth);
        let stats = renderer.stats();
        let output = AudioOutput::start(device, renderer, None, Arc::clone(&clock));
        // However slow the machine is, frames come.
        while stats.frame() < Frames(4800) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(clock.now() > Frames(0));
        assert_eq!(output.status().output, "none (clock only)");
        drop(output);
        let stopped = stats.frame();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(stats.frame(), stopped);
    }
}
