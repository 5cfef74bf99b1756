//! Sound out: a cpal stream, or nothing at all kept to time. A supervisor thread owns the stream; the renderer is lent to the
//! stream's callback and comes home when the stream ends, so that another stream, or silence, carries on where it stopped.

mod device;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{ErrorKind, FromSample, OutputCallbackInfo, SampleFormat, SizedSample};

use crate::clock::{Clock, Publisher};
use crate::engine::Renderer;
use crate::realtime;
pub use device::{AudioDevice, AudioError, AudioSpec, DeviceInfo, devices};
use device::{Target, sentence};

/// Asked of devices that let us choose: 11 ms at 48 kHz.
const PERIOD: u32 = 512;

/// Frames converted at a time; longer callbacks take more than one turn.
const CHUNK: usize = 1024;

/// How often the silent output renders, and how often a lost device is tried again.
const SILENT_PERIOD: Duration = Duration::from_millis(5);
const RETRY: Duration = Duration::from_secs(2);

/// What the output says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudioStatus {
    /// `alsa:default 48000 Hz`, `none (clock only)`.
    pub output: String,
    pub xruns: u64,
    pub callbacks: u64,
    /// Whether the callback runs with real-time priority; `None` while unknown or where the host sees to it.
    pub realtime: Option<bool>,
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
    /// 0 unknown, 1 no, 2 yes.
    realtime: AtomicU8,
    text: Mutex<(String, Option<String>)>,
}

impl Shared {
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
    #[must_use]
    pub fn start(device: AudioDevice, renderer: Renderer, clock: Arc<Clock>) -> AudioOutput {
        assert_eq!(device.rate(), clock.rate(), "one rate for device and clock");
        let shared = Arc::new(Shared::default());
        shared.say(device.name(), None);
        let engine = Engine { renderer, publisher: Publisher::new(clock), scratch: Vec::new() };
        let supervisor = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("audio".to_owned())
                .spawn(move || supervise(&device, engine, &shared))
                .expect("the system gives threads")
        };
        AudioOutput { shared, supervisor: Some(supervisor) }
    }

    #[must_use]
    pub fn status(&self) -> AudioStatus {
        let (output, trouble) = self.shared.text.lock().map(|text| text.clone()).unwrap_or_default();
        AudioStatus {
            output,
            trouble,
            xruns: self.shared.xruns.load(Ordering::Relaxed),
            callbacks: self.shared.callbacks.load(Ordering::Relaxed),
            realtime: match self.shared.realtime.load(Ordering::Relaxed) {
                1 => Some(false),
                2 => Some(true),
                _ => None,
            },
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

/// All that a stream needs to play.
struct Engine {
    renderer: Renderer,
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
        let trouble = match open(target, engine, home, shared) {
            Ok(stream) => {
                shared.say(device.name(), None);
                while !shared.stop.load(Ordering::Acquire) && !shared.broken.load(Ordering::Acquire) {
                    std::thread::park_timeout(Duration::from_millis(100));
                }
                drop(stream);
                "the sound device went away; trying again".to_owned()
            }
            Err(error) => format!("cannot open {}: {}; trying again", device.name(), sentence(&error)),
        };
        let Ok(returned) = returns.recv_timeout(Duration::from_secs(5)) else {
            shared.say("none", Some("the sound system does not give the stream back; restart to hear".to_owned()));
            return;
        };
        engine = returned;
        if !shared.stop.load(Ordering::Acquire) {
            shared.say("none (clock only)", Some(trouble));
            run_silently(&mut engine, shared, Some(RETRY));
        }
    }
}

/// Renders to the monotonic clock and throws the sound away, for a time or until told to stop.
fn run_silently(engine: &mut Engine, shared: &Shared, time: Option<Duration>) {
    let Engine { renderer, publisher, scratch } = engine;
    let rate = publisher.rate();
    publisher.set_latency(Duration::ZERO);
    scratch.resize(2 * CHUNK, 0.0);
    let (start, first) = (Instant::now(), renderer.frame());
    while !shared.stop.load(Ordering::Acquire) && time.is_none_or(|time| start.elapsed() < time) {
        let due = first + rate.frames_in(start.elapsed());
        while renderer.frame() < due {
            let frame = renderer.frame();
            publisher.publish(frame, start + rate.duration_of(frame - first));
            let frames = (due - frame).0.min(CHUNK as i64) as usize;
            renderer.process(&mut scratch[..2 * frames], 2);
        }
        shared.callbacks.fetch_add(1, Ordering::Relaxed);
        std::thread::park_timeout(SILENT_PERIOD);
    }
}

fn open(
    target: &Target,
    engine: Engine,
    home: mpsc::Sender<Engine>,
    shared: &Arc<Shared>,
) -> Result<cpal::Stream, cpal::Error> {
    let loan = Loan { engine: Some(engine), home };
    match target.config.sample_format() {
        SampleFormat::F32 => open_as::<f32>(target, loan, shared),
        SampleFormat::F64 => open_as::<f64>(target, loan, shared),
        SampleFormat::I8 => open_as::<i8>(target, loan, shared),
        SampleFormat::I16 => open_as::<i16>(target, loan, shared),
        SampleFormat::I24 => open_as::<cpal::I24>(target, loan, shared),
        SampleFormat::I32 => open_as::<i32>(target, loan, shared),
        SampleFormat::U8 => open_as::<u8>(target, loan, shared),
        SampleFormat::U16 => open_as::<u16>(target, loan, shared),
        SampleFormat::U32 => open_as::<u32>(target, loan, shared),
        _ => Err(ErrorKind::UnsupportedConfig.into()),
    }
}

fn open_as<T: SizedSample + FromSample<f32>>(
    target: &Target,
    mut loan: Loan,
    shared: &Arc<Shared>,
) -> Result<cpal::Stream, cpal::Error> {
    let mut config = target.config.config();
    if let cpal::SupportedBufferSize::Range { min, max } = target.config.buffer_size()
        && (*min..=*max).contains(&PERIOD)
    {
        config.buffer_size = cpal::BufferSize::Fixed(PERIOD);
    }
    let channels = usize::from(config.channels);
    if let Some(engine) = &mut loan.engine {
        engine.scratch.resize(channels * CHUNK, 0.0);
    }
    let raise = target.raise;
    let (on_data, on_error) = (Arc::clone(shared), Arc::clone(shared));
    let mut first = true;
    let callback = move |out: &mut [T], info: &OutputCallbackInfo| {
        let now = Instant::now();
        if std::mem::take(&mut first) && raise {
            // The one system call of the callback, at its first run.
            let granted = realtime::raise(realtime::AUDIO_PRIORITY).is_ok();
            on_data.realtime.store(if granted { 2 } else { 1 }, Ordering::Relaxed);
        }
        on_data.callbacks.fetch_add(1, Ordering::Relaxed);
        let Some(Engine { renderer, publisher, scratch }) = &mut loan.engine else { return };
        let stamp = info.timestamp();
        publisher.set_latency(stamp.playback.saturating_duration_since(stamp.callback));
        publisher.publish(renderer.frame(), now);
        for block in out.chunks_mut(scratch.len()) {
            let rendered = &mut scratch[..block.len()];
            renderer.process(rendered, channels);
            for (out, sample) in block.iter_mut().zip(rendered) {
                *out = T::from_sample(*sample);
            }
        }
    };
    // May be called in a tight loop: counts, never prints.
    let failed = move |error: cpal::Error| match error.kind() {
        ErrorKind::Xrun => {
            on_error.xruns.fetch_add(1, Ordering::Relaxed);
        }
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
        _ => on_error.broken.store(true, Ordering::Release),
    };
    let stream = target.device.build_output_stream(config, callback, failed, None)?;
    stream.play()?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Synth;
    use crate::time::Frames;

    #[test]
    fn without_a_device_frames_pass_and_stopping_ends_it() {
        let device = AudioDevice::find(&AudioSpec::None).expect("always there");
        let clock = Clock::new(device.rate());
        let (synth, _lane) = Synth::new(device.rate(), &[]);
        let (renderer, _ring) = Renderer::new(synth);
        let stats = renderer.stats();
        let output = AudioOutput::start(device, renderer, Arc::clone(&clock));
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
