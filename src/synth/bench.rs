//! Figures of `barline bench synth`. Runs on the caller's thread.

use std::time::{Duration, Instant};

use super::{MAX_SOUNDING, POOL_VOICES, Patch, Synth};
use crate::event::{Action, VoiceSlot};
use crate::time::SampleRate;

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
}

const RATE: SampleRate = SampleRate(48_000);
const PERIOD: usize = 256;
const SECONDS: usize = 4;

/// Renders with every voice held, and a plain four-part set, as fast as the machine can.
#[must_use]
pub fn bench_synth(patch: &Patch) -> Vec<Figure> {
    let all = cost(patch, MAX_SOUNDING);
    let four = cost(patch, 4);
    vec![
        Figure { name: "voices_64_core_share", value: all, unit: "share of one core" },
        Figure { name: "render_realtime_factor", value: 1.0 / four, unit: "x real time, 4 voices" },
    ]
}

/// Time spent per time rendered, with `voices` notes held; the best of three runs.
fn cost(patch: &Patch, voices: usize) -> f64 {
    let patches = vec![Some(patch); voices.div_ceil(POOL_VOICES)];
    let best = (0..3)
        .map(|_| {
            let (mut synth, _lane) = Synth::new(RATE, &patches);
            for voice in 0..voices {
                let slot = VoiceSlot((voice / POOL_VOICES) as u8);
                let pitch = 48 + (voice % POOL_VOICES) as u8 * 3;
                synth.handle(Action::NoteOn { voice: slot, pitch, velocity: 90 });
            }
            assert_eq!(synth.sounding(), voices, "every voice sounds");
            let (mut left, mut right) = (vec![0.0; PERIOD], vec![0.0; PERIOD]);
            let start = Instant::now();
            for _ in 0..SECONDS * RATE.0 as usize / PERIOD {
                synth.render(&mut left, &mut right);
            }
            start.elapsed()
        })
        .min()
        .unwrap_or(Duration::ZERO);
    best.as_secs_f64() / SECONDS as f64
}
