//! Rendering: the engine in a loop instead of a callback. The same prompt, seed and model give the same bytes.

use std::path::Path;
use std::sync::Arc;

use crate::abc::Meter;
use crate::compose::Composer;
use crate::conductor::{Conductor, Pace, Tally};
use crate::engine::Renderer;
use crate::event::{Command, Message};
use crate::export::{ExportError, write_midi, write_wav};
use crate::prompt::Scene;
use crate::record::{self, BarRecord};
use crate::synth::{Patch, Synth};
use crate::time::{Beats, Frames, SampleRate, Tempo};
use crate::timeline::Bar;

/// Of rendered sound.
pub const RENDER_RATE: SampleRate = SampleRate(48_000);
/// Frames between two looks of the conductor.
const STEP: usize = 256;
/// What rings after the last bar: two seconds.
const TAIL: usize = 2 * RENDER_RATE.0 as usize;

/// A piece of music in all its forms.
#[derive(Debug)]
pub struct Rendering {
    pub scene: Arc<Scene>,
    pub bars: Vec<Bar>,
    /// The same as they are written down.
    pub records: Vec<BarRecord>,
    pub tempos: Vec<(Beats, Tempo)>,
    /// Interleaved stereo at [`RENDER_RATE`].
    pub samples: Vec<f32>,
    pub tally: Tally,
    pub messages: Vec<Message>,
}

/// Plays `bars` bars of a scene as fast as the machine can, each the best of `candidates` drafts. `patch` gives a patch by name; names were checked when the prompt was read.
#[must_use]
pub fn render(
    scene: Arc<Scene>,
    composer: Box<dyn Composer>,
    bars: usize,
    seed: u64,
    candidates: u32,
    patch: &dyn Fn(&str) -> Option<Arc<Patch>>,
) -> Rendering {
    let patches: Vec<Option<Arc<Patch>>> = scene.voices.iter().map(|voice| patch(&voice.patch)).collect();
    let by_slot: Vec<Option<&Patch>> = patches.iter().map(Option::as_deref).collect();
    let (synth, _lane) = Synth::new(RENDER_RATE, &by_slot);
    let (mut renderer, mut ring) = Renderer::new(synth);
    let mut conductor = Conductor::new(&scene, composer, RENDER_RATE, seed, Pace::Offline);
    conductor.set_candidates(candidates);
    conductor.end_after(bars as i64);
    let mut waiting = std::collections::VecDeque::new();
    conductor.mix(&scene, Frames(0), &mut |event| waiting.push_back(event));
    conductor.command(Command::Play, Frames(0), &mut |event| waiting.push_back(event));
    let (mut samples, mut left, mut messages) = (Vec::new(), TAIL, Vec::new());
    while left > 0 {
        let now = renderer.frame();
        conductor.advance(now, &mut |event| waiting.push_back(event));
        messages.extend(conductor.messages());
        while let Some(event) = waiting.pop_front() {
            if let Err(rtrb::PushError::Full(event)) = ring.push(event) {
                waiting.push_front(event);
                break;
            }
        }
        let at = samples.len();
        samples.resize(at + 2 * STEP, 0.0);
        renderer.process(&mut samples[at..], 2);
        let timeline = conductor.timeline();
        let ended = timeline.bars().len() >= bars && now >= conductor.transport().frame_of(timeline.next_start());
        left = if ended { left.saturating_sub(STEP) } else { TAIL };
    }
    let from = conductor.timeline().bars().first().map_or(Beats::ZERO, |bar| bar.start);
    let bars = conductor.timeline().bars().to_vec();
    Rendering {
        scene,
        records: bars.iter().map(|bar| BarRecord::of(bar, conductor.transport())).collect(),
        bars,
        tempos: conductor.transport().tempos(from, conductor.timeline().next_start()),
        samples,
        tally: conductor.tally().clone(),
        messages,
    }
}

/// What a rendering is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Wav,
    Midi,
    Abc,
}

impl Format {
    /// The format that a file's extension asks for.
    pub fn of(path: &Path) -> Result<Format, ExportError> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_lowercase().as_str() {
            "wav" => Ok(Format::Wav),
            "mid" | "midi" => Ok(Format::Midi),
            "abc" => Ok(Format::Abc),
            _ => Err(ExportError::new(path, &"the extension says the format: .wav, .mid or .abc")),
        }
    }
}

impl Rendering {
    /// Writes WAV, MIDI or ABC, as the file's extension says.
    pub fn write(&self, path: &Path) -> Result<(), ExportError> {
        match Format::of(path)? {
            Format::Wav => write_wav(path, RENDER_RATE, &self.samples),
            Format::Midi => {
                let mut meters: Vec<(Beats, Meter)> = self.records.iter().map(|bar| (bar.beats, bar.meter)).collect();
                meters.dedup_by_key(|(_, meter)| *meter);
                write_midi(path, &self.tempos, &meters, &record::tracks(&self.scene, &self.bars, &self.tempos))
            }
            Format::Abc => {
                std::fs::write(path, record::abc(&self.records)).map_err(|error| ExportError::new(path, &error))
            }
        }
    }
}
