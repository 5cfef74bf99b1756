//! The patches that come along, as they sound: in tune, as loud as each other, without clicks, and with no partials where none belong.

use std::path::PathBuf;

use barline::event::{Action, VoiceSlot};
use barline::synth::patch::Controls;
use barline::synth::{Patch, Synth};
use barline::time::SampleRate;
use ebur128::{EbuR128, Mode};
use fundsp::prelude32::{BufferRef, BufferVec};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

const RATE: SampleRate = SampleRate(48_000);
const SECOND: usize = RATE.0 as usize;
const SLOT: VoiceSlot = VoiceSlot(0);
/// When strokes and attacks are over.
const SETTLED: usize = SECOND * 3 / 5;
/// C2 to C7.
const NOTES: [u8; 6] = [36, 48, 60, 72, 84, 96];
const MELODIC: [&str; 10] = ["acid", "bell", "glass", "keys", "lead", "organ", "pad", "pluck", "reed", "sub"];
/// Strokes of the kit.
const DRUMS: [u8; 12] = [36, 38, 37, 39, 42, 44, 46, 41, 45, 50, 49, 51];

fn patch(name: &str) -> Patch {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("patches/{name}.patch"));
    let text = std::fs::read_to_string(&path).expect("a patch file");
    Patch::parse(name, &text).unwrap_or_else(|error| panic!("{error}"))
}

/// A synth without reverb.
fn synth(name: &str) -> Synth {
    let (mut synth, _) = Synth::new(RATE, &[Some(&patch(name))]);
    synth.handle(Action::Control { voice: SLOT, controller: 91, value: 0 });
    synth
}

/// The left and right of what is rendered.
fn render(synth: &mut Synth, frames: usize) -> [Vec<f32>; 2] {
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    synth.render(&mut left, &mut right);
    [left, right]
}

/// A note held for so long, and its end.
fn note(name: &str, pitch: u8, velocity: u8, held: usize, after: usize) -> [Vec<f32>; 2] {
    let mut synth = synth(name);
    synth.handle(Action::NoteOn { voice: SLOT, pitch, velocity });
    let [mut left, mut right] = render(&mut synth, held);
    synth.handle(Action::NoteOff { voice: SLOT, pitch });
    let [l, r] = render(&mut synth, after);
    left.extend(l);
    right.extend(r);
    [left, right]
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

fn hz(pitch: u8) -> f64 {
    440.0 * 2.0_f64.powf((f64::from(pitch) - 69.0) / 12.0)
}

/// Magnitudes of a stretch of sound under a Blackman–Harris window (sidelobes below -92 dB), and Hz from bin to bin.
fn spectrum(samples: &[f32]) -> (Vec<f64>, f64) {
    let n = samples.len();
    let window = |i: usize| {
        let x = std::f64::consts::TAU * i as f64 / n as f64;
        0.358_75 - 0.488_29 * x.cos() + 0.141_28 * (2.0 * x).cos() - 0.011_68 * (3.0 * x).cos()
    };
    let mut bins: Vec<Complex<f64>> =
        samples.iter().enumerate().map(|(i, &sample)| Complex::new(f64::from(sample) * window(i), 0.0)).collect();
    FftPlanner::new().plan_fft_forward(n).process(&mut bins);
    (bins[..n / 2].iter().map(|bin| bin.norm()).collect(), f64::from(RATE.0) / n as f64)
}

/// The tops in a spectrum, in Hz and dB below the greatest; by parabolas through their logarithms.
fn partials(samples: &[f32]) -> Vec<(f64, f64)> {
    let (bins, step) = spectrum(samples);
    let most = bins.iter().copied().fold(0.0, f64::max);
    let top = |at: &usize| bins[*at] > bins[at - 1] && bins[*at] >= bins[at + 1] && bins[*at] > most * 1e-3;
    (2..bins.len() - 2)
        .filter(top)
        .map(|at| {
            let [a, b, c] = [at - 1, at, at + 1].map(|at| bins[at].max(1e-12).ln());
            let off = 0.5 * (a - c) / (a - 2.0 * b + c);
            ((at as f64 + off) * step, 20.0 * (bins[at] / most).log10())
        })
        .collect()
}

fn cents(hz: f64, of: f64) -> f64 {
    1200.0 * (hz / of).log2()
}

#[test]
fn melodic_patches_are_in_tune() {
    for name in MELODIC {
        for pitch in NOTES {
            let [left, _] = note(name, pitch, 100, 2 * SECOND, 0);
            // Long enough to tell a cent at C2.
            let held = &left[SETTLED..SETTLED + 65_536];
            let partials = partials(held);
            let expected = hz(pitch);
            let near = |hz: &f64| cents(*hz, expected).abs() < 50.0;
            let fundamental = partials.iter().filter(|(hz, _)| near(hz)).max_by(|a, b| a.1.total_cmp(&b.1));
            let (found, level) = *fundamental.unwrap_or_else(|| panic!("{name} has no {expected} Hz"));
            let off = cents(found, expected);
            println!("{name:>6} {pitch}: {off:+.2} cents, {level:.0} dB");
            assert!(off.abs() <= 1.0, "{name}, note {pitch}: {off:+.2} cents");
        }
    }
}

#[test]
fn no_partials_stand_where_none_belong() {
    for name in MELODIC {
        let [left, _] = note(name, 84, 100, 2 * SECOND, 0);
        let fundamental = hz(84);
        // What nobody hears is no partial.
        for (hz, level) in partials(&left[SETTLED..SETTLED + 65_536]).into_iter().filter(|(hz, _)| *hz > 20.0) {
            // Vibrato, beats and envelopes stand beside a partial, within 10 cents of it; so does an octave below.
            let nearest = (hz / fundamental * 2.0).round().max(1.0) * fundamental / 2.0;
            let off = cents(hz, nearest).abs();
            assert!(off <= 10.0, "{name}: {hz:.1} Hz at {level:.0} dB, {off:.0} cents from a harmonic");
        }
    }
}

/// Loudness of a patch's usual music, in LUFS.
fn loudness(name: &str) -> f64 {
    let mut synth = synth(name);
    let mut meter = EbuR128::new(2, RATE.0, Mode::I).expect("a meter");
    let notes: &[u8] = match name {
        "kit" => &[36, 42, 38, 42, 36, 46, 38, 42],
        "sub" | "acid" => &[36, 43, 36, 48, 41, 36, 43, 38],
        _ => &[60, 64, 67, 72, 65, 62, 59, 67],
    };
    for &pitch in notes.iter().chain(notes) {
        synth.handle(Action::NoteOn { voice: SLOT, pitch, velocity: 100 });
        let [left, right] = render(&mut synth, SECOND * 2 / 5);
        synth.handle(Action::NoteOff { voice: SLOT, pitch });
        let [l, r] = render(&mut synth, SECOND / 10);
        let mixed: Vec<f32> = left.iter().chain(&l).zip(right.iter().chain(&r)).flat_map(|(&l, &r)| [l, r]).collect();
        meter.add_frames_f32(&mixed).expect("frames");
    }
    meter.loudness_global().expect("loudness")
}

#[test]
fn patches_are_as_loud_as_each_other() {
    let levels: Vec<(&str, f64)> = MELODIC.into_iter().chain(["kit"]).map(|name| (name, loudness(name))).collect();
    let mut sorted: Vec<f64> = levels.iter().map(|(_, level)| *level).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = f64::midpoint(sorted[0], sorted[sorted.len() - 1]);
    for (name, level) in &levels {
        println!("{name:>6}: {level:.1} LUFS");
    }
    assert!(levels.iter().all(|(_, level)| (level - middle).abs() <= 2.0), "around {middle:.1}: {levels:?}");
}

/// The voices of a patch have other phases. How loud a note is hangs on which of them plays it by no more than the
/// noise that strikes a string does.
#[test]
fn voices_of_a_patch_are_as_loud_as_each_other() {
    for name in MELODIC {
        let patch = patch(name);
        let part = patch.parts().next().expect("a part");
        let level = |seed: u64| {
            let controls = Controls::default();
            let mut unit = part.build(RATE, &controls, seed);
            controls.gate.set_value(1.0);
            let mut block = BufferVec::new(part.outputs());
            let mut power = 0.0;
            for at in (0..SETTLED).step_by(64) {
                unit.process(64, &BufferRef::empty(), &mut block.buffer_mut());
                if at >= SECOND / 10 {
                    power += block.channel_f32(0)[..64].iter().map(|sample| sample * sample).sum::<f32>();
                }
            }
            10.0 * power.log10()
        };
        let levels: Vec<f32> = (1..=16).map(level).collect();
        let (least, most) =
            levels.iter().fold((f32::MAX, f32::MIN), |(least, most), &level| (least.min(level), most.max(level)));
        println!("{name:>6}: voices {:.1} dB apart", most - least);
        assert!(most - least <= 6.0, "{name}: {levels:?}");
    }
}

#[test]
fn nothing_is_louder_than_full_scale() {
    let most = 10.0_f32.powf(-1.0 / 20.0);
    let loud = |name: &str, pitch: u8| {
        let [left, right] = note(name, pitch, 127, SECOND, SECOND / 2);
        let peak = peak(&left).max(peak(&right));
        println!("{name:>6} {pitch}: {:.1} dBFS", 20.0 * peak.log10());
        assert!(peak > 0.02 && peak <= most, "{name}, note {pitch}: {peak}");
    };
    for (name, pitch) in MELODIC.into_iter().flat_map(|name| NOTES.map(|pitch| (name, pitch))) {
        loud(name, pitch);
    }
    for pitch in DRUMS {
        loud("kit", pitch);
    }
}

#[test]
fn velocity_is_heard() {
    let level = |name: &str, pitch, velocity| peak(&note(name, pitch, velocity, SECOND / 2, 0)[0]);
    for (name, pitch) in MELODIC.into_iter().map(|name| (name, 60)).chain(DRUMS.map(|pitch| ("kit", pitch))) {
        let levels = [30, 60, 90, 127].map(|velocity| level(name, pitch, velocity));
        assert!(levels.windows(2).all(|pair| pair[1] > pair[0] * 1.3), "{name} {pitch}: {levels:?}");
    }
}

/// The greatest step from sample to sample, the first from silence.
fn roughness(samples: &[f32]) -> f32 {
    let before = std::iter::once(&0.0).chain(samples);
    before.zip(samples).fold(0.0, |most, (a, b)| most.max((b - a).abs()))
}

/// Neither a note's beginning nor its end, nor one that takes another's voice, steps further than the sound itself does, and a twentieth of
/// full scale.
#[test]
fn notes_begin_and_end_without_clicks() {
    const ALLOWED: f32 = 0.05;
    for name in MELODIC {
        let [left, _] = note(name, 48, 100, SECOND, SECOND / 5);
        let (begin, held, end) = (&left[..96], &left[96..SECOND], &left[SECOND - 1..]);
        let steps = [begin, held, &end[1..]].map(roughness);
        let end_step = end.windows(2).fold(0.0_f32, |most, pair| most.max((pair[1] - pair[0]).abs()));
        println!("{name:>6}: {:.3} {:.3} {end_step:.3}", steps[0], steps[1]);
        let own = held.windows(2).fold(0.0_f32, |most, pair| most.max((pair[1] - pair[0]).abs()));
        assert!(steps[0] <= own + ALLOWED && end_step <= own + ALLOWED, "{name}: {} {own} {end_step}", steps[0]);
        let mut synth = synth(name);
        for pitch in 48..56 {
            synth.handle(Action::NoteOn { voice: SLOT, pitch, velocity: 100 });
        }
        let [before, _] = render(&mut synth, SECOND / 2);
        synth.handle(Action::NoteOn { voice: SLOT, pitch: 60, velocity: 100 });
        let [after, _] = render(&mut synth, SECOND / 10);
        let across: Vec<f32> = [before[before.len() - 1]].into_iter().chain(after).collect();
        let steps =
            |samples: &[f32]| samples.windows(2).fold(0.0_f32, |most, pair| most.max((pair[1] - pair[0]).abs()));
        assert!(steps(&across) <= steps(&before) + ALLOWED, "{name}: {} then {}", steps(&before), steps(&across));
    }
}

/// A patch that is saved while a note sounds is not heard in that note, and comes in with the next one without a step that neither has.
#[test]
fn reloads_do_not_click() {
    const ALLOWED: f32 = 0.05;
    let steps = |samples: &[f32]| samples.windows(2).fold(0.0_f32, |most, pair| most.max((pair[1] - pair[0]).abs()));
    for (at, name) in MELODIC.iter().enumerate() {
        let next = MELODIC[(at + 1) % MELODIC.len()];
        let strike = |pitch| Action::NoteOn { voice: SLOT, pitch, velocity: 100 };
        let (mut synth, mut lane) = Synth::new(RATE, &[Some(&patch(name))]);
        synth.handle(Action::Control { voice: SLOT, controller: 91, value: 0 });
        synth.handle(strike(48));
        let [before, _] = render(&mut synth, SECOND / 2);
        lane.assign(SLOT, &patch(next)).expect("room");
        let [held, _] = render(&mut synth, SECOND / 4);
        let across: Vec<f32> = [before[before.len() - 1]].into_iter().chain(held.iter().copied()).collect();
        assert!(steps(&across) <= steps(&before) + 0.01, "{name}: a reload is heard in a note");
        synth.handle(strike(55));
        let [after, _] = render(&mut synth, SECOND / 4);
        let across: Vec<f32> = [held[held.len() - 1]].into_iter().chain(after).collect();
        let [own, _] = note(next, 55, 100, SECOND / 4, 0);
        let most = steps(&held) + steps(&own) + ALLOWED;
        println!("{name:>6} to {next}: {:.3} of {most:.3}", steps(&across));
        assert!(steps(&across) <= most, "{name} to {next}: {} of {most}", steps(&across));
    }
}
