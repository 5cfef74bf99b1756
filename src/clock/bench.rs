//! Figures of `barline bench clock`: how far from its time each message leaves, beside a bare sleeper in the same run, while the model
//! works at full speed. The measuring threads ask for what the MIDI thread asks for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Clock;
use crate::compose::Composer;
use crate::compose::busy::Busy;
use crate::event::{Action, ScheduledEvent, VoiceSlot};
use crate::figures;
use crate::midi::{MidiError, MidiOutput, MidiSink};
use crate::realtime;
use crate::time::{Frames, SampleRate};

const RATE: SampleRate = SampleRate(48_000);
/// Between two messages: 5 ms, so that a bar at 120 bpm has some hundreds.
const SPACING: i64 = 240;
/// Messages are handed over this long ahead, as the scheduler does.
const AHEAD: Duration = Duration::from_millis(80);
/// Measures `messages` of the MIDI thread and as many wakes of a sleeper, with real-time rights where there are any, and without.
/// Each figure is its name, value and unit.
#[must_use]
pub fn bench_clock(composer: Box<dyn Composer>, messages: usize) -> Vec<(&'static str, f64, &'static str)> {
    let load = Busy::start(composer);
    let names = [
        ["midi_send_error_ms_p99", "midi_send_error_ms_max", "sleeper_error_ms_p99", "sleeper_error_ms_max"],
        [
            "midi_send_error_ms_p99_without_rights",
            "midi_send_error_ms_max_without_rights",
            "sleeper_error_ms_p99_without_rights",
            "sleeper_error_ms_max_without_rights",
        ],
    ];
    let mut figures = Vec::new();
    for (names, refused) in names.into_iter().zip([false, true]) {
        realtime::refuse(refused);
        let sleeper = std::thread::spawn(move || sleep(messages));
        let (midi, granted) = send(messages);
        let sleeper = sleeper.join().unwrap_or_default();
        let values =
            [percentile(&midi, 0.99), percentile(&midi, 1.0), percentile(&sleeper, 0.99), percentile(&sleeper, 1.0)];
        figures.extend(names.into_iter().zip(values).map(|(name, value)| (name, value, "ms")));
        if !refused {
            figures.push(("realtime_rights", f64::from(u8::from(granted)), "1 where the MIDI thread has them"));
        }
    }
    realtime::refuse(false);
    figures.push(("model_bars_meanwhile", load.stop() as f64, "bars"));
    figures
}

/// What a JACK client of our own sends on a server without hardware, as another client hears it. Errs where there is none.
#[cfg(feature = "jack")]
pub fn bench_wire(composer: Box<dyn Composer>, notes: usize) -> Result<Vec<(&'static str, f64, &'static str)>, String> {
    use super::wire::{Instrument, compare, plan};
    let load = Busy::start(composer);
    let plan = plan(notes);
    let mut instrument = Instrument::start().map_err(|error| error.to_string())?;
    let arrived = instrument.play(&plan, &|_, at| Some(at)).map_err(|error| error.to_string())?;
    let (midi, onsets) = compare(&plan, &arrived)?;
    let xruns = instrument.sound.status().xruns;
    let _ = load.stop();
    Ok(vec![
        ("jack_midi_error_frames_max", midi as f64, "frames"),
        ("synth_onset_error_samples_max", onsets as f64, "samples"),
        ("jack_messages", plan.len() as f64, "messages"),
        ("jack_xruns", xruns as f64, "missed callbacks"),
    ])
}

/// How well a box is followed whose ticks come up to 2 ms early or late, on a server without hardware. Errs where there is none.
#[cfg(feature = "jack")]
pub fn bench_followed(
    composer: Box<dyn Composer>,
    beats: usize,
) -> Result<Vec<(&'static str, f64, &'static str)>, String> {
    let load = Busy::start(composer);
    let followed = super::followed::follow(beats, false).map_err(|error| error.to_string())?;
    let _ = load.stop();
    let max = followed.late_ms.iter().map(|late| late.abs()).fold(0.0, f64::max);
    Ok(vec![
        ("followed_clock_error_ms_p99", followed.p99_ms(), "ms"),
        ("followed_clock_error_ms_max", max, "ms"),
        ("followed_clock_first_note_ms", followed.late_ms.first().copied().unwrap_or(0.0), "ms"),
    ])
}

/// Notes when each message comes.
struct Stopwatch {
    times: Arc<std::sync::Mutex<Vec<Instant>>>,
    /// Not shared until the end: nothing waits on the MIDI thread.
    taken: Vec<Instant>,
}

impl MidiSink for Stopwatch {
    fn send(&mut self, _: &[u8]) -> Result<(), MidiError> {
        self.taken.push(Instant::now());
        Ok(())
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        if let Ok(mut times) = self.times.lock() {
            *times = std::mem::take(&mut self.taken);
        }
    }
}

/// How late (ms) each message leaves the MIDI thread, and whether it had real-time rights. Early counts as late.
fn send(messages: usize) -> (Vec<f64>, bool) {
    let clock = Clock::free_running(RATE);
    let times = Arc::default();
    let stopwatch = Stopwatch { times: Arc::clone(&times), taken: Vec::with_capacity(messages + 256) };
    let mut output = MidiOutput::start(Box::new(stopwatch), Arc::clone(&clock));
    let start = clock.now() + Frames(i64::from(RATE.0) / 4);
    let due = |index: usize| start + Frames(index as i64 * SPACING);
    for index in 0..messages {
        let (voice, pitch) = (VoiceSlot(0), 60);
        let action = if index % 2 == 0 {
            Action::NoteOn { voice, pitch, velocity: 90 }
        } else {
            Action::NoteOff { voice, pitch }
        };
        let early = clock.instant_at(due(index)).checked_sub(AHEAD);
        std::thread::sleep(early.map_or(Duration::ZERO, |early| early.saturating_duration_since(Instant::now())));
        let _ = output.send(ScheduledEvent { at: due(index), action });
    }
    let end = clock.instant_at(due(messages)) + AHEAD;
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    let granted = output.stats().realtime() == Some(true);
    drop(output);
    let times = times.lock().map(|times| times.clone()).unwrap_or_default();
    let error = |(index, time): (usize, &Instant)| {
        let due = clock.instant_at(due(index));
        time.saturating_duration_since(due).max(due.saturating_duration_since(*time)).as_secs_f64() * 1e3
    };
    (times.iter().enumerate().map(error).collect(), granted)
}

/// How late (ms) a thread wakes that sleeps from time to time and does nothing else.
fn sleep(times: usize) -> Vec<f64> {
    let _ = realtime::raise(realtime::MIDI_PRIORITY);
    let start = Instant::now() + Duration::from_millis(250);
    let mut late = Vec::with_capacity(times);
    for index in 0..times {
        let due = start + RATE.duration_of(Frames(index as i64 * SPACING));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        late.push(Instant::now().saturating_duration_since(due).as_secs_f64() * 1e3);
    }
    late
}

/// Of values in any order, `share` from 0 to 1; 0 where there are none.
fn percentile(values: &[f64], share: f64) -> f64 {
    figures::percentile(values, share).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Silent;

    #[test]
    fn the_figures_are_those_that_scripts_look_for() {
        let figures = bench_clock(Box::new(Silent), 40);
        let names: Vec<&str> = figures.iter().map(|figure| figure.0).collect();
        for name in ["midi_send_error_ms_p99", "sleeper_error_ms_max", "realtime_rights"] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert!(figures.iter().all(|figure| figure.1 >= 0.0));
    }

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|share| percentile(&values, share)), [100.0, 198.0, 200.0]);
        assert_eq!(percentile(&[], 0.99), 0.0);
    }
}
