//! A recording played again: its events on their frames, for the outputs ([`Player`]) and for files (`write`). Pure but for those two.

mod heard;
mod ports;
mod room;

pub use crate::rig::Step;
pub use heard::{Heard, heard};
pub use ports::{Sent, sent};
pub use room::{Player, Told};

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Renderer;
use crate::event::{Action, ScheduledEvent};
use crate::export::{ExportError, WavFile, write_midi};
use crate::journal::{Line, Recording};
use crate::record;
use crate::render::Format;
use crate::rig::{MOST_NUDGE_MS, Sound};
use crate::synth::{Patch, Synth};
use crate::time::{Frames, SampleRate};

/// From the beginning to the first bar, as in a rendering.
const LEAD: Duration = Duration::from_millis(80);
/// Steps leave this long before they are due, and by the latency of boxes more, which is never later than they did.
const WINDOW: Duration = Duration::from_millis(80);
/// What rings after the last event.
const TAIL: Duration = Duration::from_secs(2);
/// Frames between two looks at what is due, in a file.
const BLOCK: usize = 256;

/// When a step is.
fn at(step: &Step) -> Frames {
    match step {
        Step::Send(event) => event.at,
        Step::Sound(sound) => sound.at,
        Step::Nudge { at, .. } => *at,
    }
}

/// All steps of a recording that are still to come, from frame 0 on, at a rate.
#[derive(Clone, Debug)]
pub struct Steps {
    origin: Frames,
    from: SampleRate,
    rate: SampleRate,
    /// How long before they are due steps leave.
    window: Duration,
    /// In the order in which they were recorded.
    left: VecDeque<Step>,
    end: Frames,
}

impl Steps {
    /// `None` where no bar was begun.
    #[must_use]
    pub fn new(recording: &Recording, rate: SampleRate) -> Option<Steps> {
        let from = recording.header.rate;
        let first = recording.bars().first()?.at;
        let latency = recording.sounds().map(|sound| sound.latency_ms).max().unwrap_or_default();
        let earlier =
            recording.lines.iter().filter_map(Line::nudge).map(|(_, _, ms)| ms.clamp(-MOST_NUDGE_MS, 0)).min();
        let latency = Duration::from_millis(u64::from(latency) + u64::from(earlier.unwrap_or(0).unsigned_abs()));
        let origin = first - from.frames_in(LEAD + latency);
        let window = WINDOW + latency;
        let mut steps = Steps { origin, from, rate, window, left: VecDeque::new(), end: Frames(0) };
        for line in &recording.lines {
            let step = match line {
                // The hand may try its sounds before the music begins.
                Line::Sent(ScheduledEvent { at, action: Action::NoteOn { .. } }) if *at < steps.origin => continue,
                Line::Sent(ScheduledEvent { at, action: Action::DelayTime { frames } }) => {
                    let frames = rate.frames_in(from.duration_of(Frames(i64::from(*frames)))).0;
                    let action = Action::DelayTime { frames: u32::try_from(frames).unwrap_or(u32::MAX) };
                    Step::Send(ScheduledEvent { at: steps.frame(*at), action })
                }
                Line::Sent(event) => Step::Send(ScheduledEvent { at: steps.frame(event.at), ..*event }),
                Line::Voice(sound) => {
                    let from = sound.from.map(|from| steps.frame(from));
                    Step::Sound(Sound { at: steps.frame(sound.at), from, ..sound.clone() })
                }
                line => match line.nudge() {
                    Some((at, output, ms)) => Step::Nudge { at: steps.frame(at), output, ms },
                    None => continue,
                },
            };
            steps.end = steps.end.max(at(&step));
            steps.left.push_back(step);
        }
        // Where the recording broke off nothing may hang.
        steps.end = steps.end + Frames(1);
        steps.left.push_back(Step::Send(ScheduledEvent { at: steps.end, action: Action::AllNotesOff }));
        Some(steps)
    }

    /// Where a frame of the recording is: what came before the lead is at its beginning.
    #[must_use]
    pub fn frame(&self, at: Frames) -> Frames {
        let (passed, from) = (i128::from((at - self.origin).0.max(0)), i128::from(self.from.0));
        Frames(((2 * passed * i128::from(self.rate.0) + from) / (2 * from)) as i64)
    }

    /// The last frame on which something happens.
    #[must_use]
    pub fn end(&self) -> Frames {
        self.end
    }

    /// Takes the steps that have to leave now. They leave in the order in which they were recorded, a flush behind what it takes back.
    pub fn due(&mut self, now: Frames) -> impl Iterator<Item = Step> + '_ {
        let horizon = now + self.rate.frames_in(self.window);
        std::iter::from_fn(move || if at(self.left.front()?) < horizon { self.left.pop_front() } else { None })
    }
}

/// Writes WAV, MIDI or ABC, as the file's extension says; a recording without bars gives an empty one. `patch` gives a patch by name, or
/// one in its place.
pub fn write(
    recording: &Recording,
    path: &Path,
    patch: &dyn Fn(&str) -> Option<Arc<Patch>>,
) -> Result<(), ExportError> {
    match Format::of(path)? {
        Format::Wav => write_wav(recording, path, patch),
        Format::Midi => {
            let tracks = heard::tracks(recording);
            write_midi(path, &heard::tempos(recording), &heard::meters(recording), &tracks)
        }
        Format::Abc => {
            std::fs::write(path, record::abc(&heard::bars(recording))).map_err(|error| ExportError::new(path, &error))
        }
    }
}

fn write_wav(
    recording: &Recording,
    path: &Path,
    patch: &dyn Fn(&str) -> Option<Arc<Patch>>,
) -> Result<(), ExportError> {
    let rate = recording.header.rate;
    let mut file = WavFile::create(path, rate)?;
    let Some(mut steps) = Steps::new(recording, rate) else { return file.finish() };
    let at_first = |step: &&Step| matches!(step, Step::Sound(sound) if sound.at == Frames(0));
    let mut first: Vec<Option<Arc<Patch>>> = vec![None; crate::prompt::MAX_VOICES];
    for step in steps.left.iter().take_while(|step| at(step) == Frames(0)).filter(at_first) {
        let Step::Sound(sound) = step else { continue };
        first[usize::from(sound.slot.0)] = patch(&sound.patch);
    }
    let by_slot: Vec<Option<&Patch>> = first.iter().map(Option::as_deref).collect();
    let (synth, mut lane) = Synth::new(rate, &by_slot);
    let (mut renderer, mut ring) = Renderer::new(synth);
    let (mut waiting, mut sounds) = (VecDeque::new(), VecDeque::new());
    let mut samples = [0.0; 2 * BLOCK];
    let end = steps.end() + rate.frames_in(TAIL);
    while renderer.frame() < end {
        for step in steps.due(renderer.frame()) {
            match step {
                Step::Send(event) => waiting.push_back(event),
                Step::Sound(sound) if sound.at > Frames(0) => sounds.push_back(sound),
                // All is on the synth, where it needs no alignment.
                Step::Sound(_) | Step::Nudge { .. } => {}
            }
        }
        while let Some(sound) = sounds.front() {
            let assigned = patch(&sound.patch).is_none_or(|patch| lane.assign(sound.slot, &patch).is_ok());
            if !assigned {
                break;
            }
            sounds.pop_front();
        }
        while let Some(event) = waiting.pop_front() {
            if let Err(rtrb::PushError::Full(event)) = ring.push(event) {
                waiting.push_front(event);
                break;
            }
        }
        renderer.process(&mut samples, 2);
        file.write(&samples)?;
    }
    file.finish()
}

#[cfg(test)]
mod tests;
