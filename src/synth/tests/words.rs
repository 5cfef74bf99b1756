//! Each word of the vocabulary as it sounds: what rises, what falls, what is in tune, and that nothing blows up.

use std::f64::consts::TAU;

use fundsp::prelude32::BufferRef;

use super::*;
use crate::synth::patch::{Controls, Parameter, VOCABULARY};

const SECOND: usize = RATE.0 as usize;

/// Left and right of one voice whose note is held for so many frames; of a mono patch twice the same.
fn held(text: &str, pitch: u8, frames: usize) -> [Vec<f32>; 2] {
    let patch = patch(text);
    let part = patch.parts().next().expect("a part");
    let controls = Controls::default();
    let mut unit = part.build(RATE, &controls, 1);
    controls.pitch.set_value(super::super::voice::hz(pitch));
    controls.gate.set_value(1.0);
    let mut scratch = BufferVec::new(2);
    let mut sides = [Vec::new(), Vec::new()];
    while sides[0].len() < frames {
        let size = BLOCK.min(frames - sides[0].len());
        unit.process(size, &BufferRef::empty(), &mut scratch.buffer_mut().subset(0, part.outputs()));
        let output = scratch.buffer_ref();
        sides[0].extend(&output.channel_f32(0)[..size]);
        sides[1].extend(&output.channel_f32(part.outputs() - 1)[..size]);
    }
    sides
}

/// A mono patch with an envelope that is there at once and stays.
fn sound(text: &str, frames: usize) -> Vec<f32> {
    let [left, _] = held(&format!("({text}) * adsr(0, 0, 1, 1)"), 69, frames);
    left
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
}

/// Strength of one frequency under a Hann window.
fn at(samples: &[f32], hz: f64) -> f64 {
    let (mut re, mut im, n) = (0.0, 0.0, samples.len() as f64);
    for (i, sample) in samples.iter().enumerate() {
        let window = (std::f64::consts::PI * i as f64 / n).sin().powi(2);
        let phase = TAU * hz * i as f64 / f64::from(RATE.0);
        re += f64::from(*sample) * window * phase.cos();
        im += f64::from(*sample) * window * phase.sin();
    }
    4.0 * re.hypot(im) / n
}

/// Level in dB of a band of noise behind `filter` against the bare noise.
fn response(filter: &str, hz: f32) -> f32 {
    let probe =
        |filter: &str| rms(&sound(&format!("noise() >> {filter} >> bandpass({hz:?}, 8.0)"), SECOND)[SECOND / 4..]);
    20.0 * (probe(filter) / probe("pass()")).log10()
}

#[track_caller]
fn near(value: f32, expected: f32, tolerance: f32) {
    assert!((value - expected).abs() <= tolerance, "{value}, not {expected}");
}

#[test]
fn slow_waves_begin_with_the_note() {
    // One turn is 48000 frames; values at eighths of it.
    let eighths = |word: &str| {
        let wave = sound(&format!("{word}(1.0)"), SECOND);
        [0, 1, 2, 3, 4, 5, 6, 7].map(|eighth| wave[eighth * SECOND / 8 + 10])
    };
    let half = std::f32::consts::FRAC_1_SQRT_2;
    for (word, expected) in [
        ("lfo_sine", [0.0, half, 1.0, half, 0.0, -half, -1.0, -half]),
        ("lfo_triangle", [0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -1.0, -0.5]),
        ("lfo_ramp", [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75]),
        ("lfo_square", [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]),
    ] {
        for (found, expected) in eighths(word).into_iter().zip(expected) {
            assert!((found - expected).abs() < 0.01, "{word}: {found}, not {expected}");
        }
    }
}

#[test]
fn random_waves_hold_or_wander_and_differ_from_note_to_note() {
    let steps = sound("lfo_random(10.0)", SECOND);
    let turns: Vec<f32> = steps.chunks(SECOND / 10).map(|turn| turn[100]).collect();
    for (turn, value) in steps.chunks(SECOND / 10).zip(&turns) {
        assert!(turn[10..SECOND / 10 - 10].iter().all(|sample| (sample - value).abs() < 1.0e-3), "held");
    }
    assert!(turns.windows(2).all(|pair| (pair[0] - pair[1]).abs() > 1.0e-3), "{turns:?}");
    let drift = sound("lfo_drift(10.0)", SECOND);
    assert!(roughness(&drift[1..]) < 0.001 && rms(&drift) > 0.1, "{} {}", roughness(&drift[1..]), rms(&drift));
    assert!(steps.iter().chain(&drift).all(|sample| sample.abs() <= 1.001));
    let (mut synth, _lane) = synth("mono(); lfo_random(0.01) * 0.1 * adsr(0, 0, 1, 0.003)");
    let values: Vec<f32> = (0..8)
        .map(|_| {
            synth.handle(on(60));
            let value = render(&mut synth, 480).0[400];
            synth.handle(off(60));
            render(&mut synth, SECOND / 2);
            value
        })
        .collect();
    assert!(values.windows(2).all(|pair| pair[0] != pair[1]), "{values:?}");
}

#[test]
fn frequency_modulation_stays_in_tune_and_grows_partials() {
    // Bessel functions of the index: J0(1) of the carrier itself, J1(1) of the first partials beside it.
    let wave = sound("fm(pitch, 3.0, 1.0)", SECOND);
    near(at(&wave, 440.0) as f32, 0.7652, 0.01);
    near(at(&wave, 440.0 * 4.0) as f32, 0.4401, 0.01);
    near(at(&wave, 440.0 * 2.0) as f32, 0.4401, 0.01);
    let plain = sound("fm(pitch, 3.0, 0.0)", SECOND);
    near(at(&plain, 440.0) as f32, 1.0, 0.01);
    assert!(at(&plain, 440.0 * 4.0) < 0.001);
}

#[test]
fn noises_fall_as_they_should() {
    let slope = |noise: &str| {
        let band = |hz: u32| rms(&sound(&format!("{noise} >> bandpass({hz}.0, 4.0)"), 2 * SECOND)[SECOND / 2..]);
        // A band of constant Q is an octave wider an octave up: white noise rises by 3 dB there.
        20.0 * (band(2000) / band(500)).log10() / 2.0 - 3.01
    };
    near(slope("noise()"), 0.0, 1.0);
    near(slope("pink()"), -3.0, 1.0);
    near(slope("brown()"), -6.0, 1.0);
}

#[test]
fn filters_do_what_they_say() {
    near(response("allpass(1000.0, 1.0)", 1000.0), 0.0, 0.3);
    near(response("bell(1000.0, 1.0, 2.0)", 1000.0), 6.0, 0.6);
    near(response("bell(1000.0, 1.0, 2.0)", 8000.0), 0.0, 0.6);
    near(response("lowshelf(1000.0, 0.7, db(-12))", 100.0), -12.0, 1.0);
    near(response("lowshelf(1000.0, 0.7, db(-12))", 9000.0), 0.0, 0.6);
    near(response("highshelf(1000.0, 0.7, db(-12))", 100.0), 0.0, 1.0);
    near(response("highshelf(1000.0, 0.7, db(-12))", 9000.0), -12.0, 1.0);
    near(response("lowpole(500.0)", 4000.0), -18.0, 2.0);
    near(response("highpole(4000.0)", 500.0), -18.0, 2.0);
    // The phase of an allpass turns by 180 degrees at its frequency: with the signal itself it is a notch.
    let notch = sound("sine(1000.0) >> (pass() & allpass(1000.0, 1.0))", SECOND);
    assert!(rms(&notch[SECOND / 2..]) < 0.02, "{}", rms(&notch[SECOND / 2..]));
}

#[test]
fn a_click_rings_a_resonator() {
    let click = sound("click()", SECOND);
    near(click[0], 1.0, 1.0e-3);
    assert!(click[1..].iter().all(|sample| sample.abs() < 1.0e-4));
    let ring = sound("click() >> resonator(pitch, 300.0)", 2 * SECOND);
    // An impulse of 1 rings at 2π · hz / rate.
    near(peak(&ring[..480]), 0.0576, 0.002);
    // exp(-π · hz / (q · rate)) each sample: 20 dB in half a second.
    let fall = 20.0 * (rms(&ring[SECOND..SECOND + 4800]) / rms(&ring[SECOND / 2..SECOND / 2 + 4800])).log10();
    near(fall, -20.0, 1.0);
    let tone = at(&ring[4800..SECOND], 440.0);
    assert!(tone > 20.0 * at(&ring[4800..SECOND], 470.0), "{tone}");
    // Rings on after the end of the note in a kit, which needs no envelope then.
    let (mut synth, _lane) = synth("#{ kick: click() * 20.0 >> resonator(60.0, 60.0) }");
    synth.handle(on(36));
    render(&mut synth, 48);
    synth.handle(off(36));
    assert!(peak(&render(&mut synth, SECOND / 4).0[SECOND / 8..]) > 0.01);
}

#[test]
fn shapes_bend_the_wave() {
    let ramp = "lfo_ramp(1.0) * 3.0";
    let folded = sound(&format!("{ramp} >> fold()"), SECOND);
    for (eighth, expected) in [(0, 1.0), (1, 0.25), (2, -0.5), (3, -0.75), (4, 0.0), (5, 0.75), (6, 0.5), (7, -0.25)] {
        near(folded[eighth * SECOND / 8 + 1], expected, 0.01);
    }
    let clipped = sound(&format!("{ramp} >> clip_to(-0.5, 2.0)"), SECOND);
    near(clipped[100], -0.5, 0.001);
    near(clipped[SECOND - 100], 2.0, 0.001);
    assert_eq!(clipped, sound(&format!("{ramp} >> clip_to(2.0, -0.5)"), SECOND), "either way round");
    // Three bits: four steps to 1.
    let mut levels: Vec<i32> =
        sound("lfo_ramp(1.0) >> crush(3)", SECOND - 10).iter().map(|sample| (sample * 400.0).round() as i32).collect();
    levels.dedup();
    assert_eq!(levels, [-400, -300, -200, -100, 0, 100, 200, 300, 400]);
    let mut stairs: Vec<i32> =
        sound("lfo_ramp(1.0) >> hold(10.0)", SECOND - 10).iter().map(|sample| (sample * 50.0).round() as i32).collect();
    stairs.dedup();
    assert_eq!(stairs, [-50, -40, -30, -20, -10, 0, 10, 20, 30, 40]);
}

#[test]
fn words_calculate_with_graphs() {
    for (text, expected) in [
        ("semitones(macro1 + 7)", 1.498_307),
        ("semitones(macro1 - 12)", 0.5),
        ("db(macro1 - 6)", 0.501_187),
        ("abs(macro1 - 0.25)", 0.25),
        ("min(macro1 + 0.5, 0.25)", 0.25),
        ("max(macro1 + 0.5, 0.25)", 0.5),
        ("semitones(macro1 + 1e9) * 0.001", 1.024),
        ("(macro1 + 3) / 4", 0.75),
    ] {
        near(sound(text, 480)[400], expected, 0.001);
    }
}

#[test]
fn places_are_of_equal_power() {
    let level = |place: &str| {
        let [left, right] = held(&format!("sine(pitch) * 0.1 >> pan({place})"), 69, SECOND / 2);
        [left, right].map(|side| rms(&side[SECOND / 4..]))
    };
    let [mono, _] = held("sine(pitch) * 0.1", 69, SECOND / 2).map(|side| rms(&side[SECOND / 4..]));
    let power = |[left, right]: [f32; 2]| (left * left + right * right).sqrt();
    for place in ["-1", "-0.5", "0", "0.7", "1", "9"] {
        near(power(level(place)), mono * f32::sqrt(2.0), mono * 0.01);
    }
    let [left, right] = level("0");
    near(left, mono, mono * 0.01);
    near(right, mono, mono * 0.01);
    assert!(level("-1")[1] < mono * 0.001 && level("9")[0] < mono * 0.001);
}

#[test]
fn a_chorus_is_wide_and_as_loud_as_the_signal() {
    let wet = held("saw(pitch) * 0.1 >> chorus(0.5, 0.6)", 57, 4 * SECOND);
    let dry = held("saw(pitch) * 0.1", 57, 4 * SECOND);
    let [left, right] = wet.each_ref().map(|side| rms(&side[SECOND..]));
    near(20.0 * (left / rms(&dry[0][SECOND..])).log10(), 0.0, 2.5);
    near(20.0 * (right / left).log10(), 0.0, 2.0);
    let apart: Vec<f32> = wet[0].iter().zip(&wet[1]).map(|(left, right)| left - right).collect();
    assert!(rms(&apart[SECOND..]) > 0.4 * left, "the sides differ");
}

/// Greatest against least level of a tone in dB while the effect turns once.
fn sweep(effect: &str) -> f32 {
    let wave = sound(&format!("sine(1500.0) >> {effect}"), 2 * SECOND);
    let levels: Vec<f32> = wave[SECOND..].chunks(SECOND / 50).map(rms).collect();
    let most = levels.iter().copied().fold(0.0, f32::max);
    20.0 * (most / levels.iter().copied().fold(f32::MAX, f32::min)).log10()
}

#[test]
fn flanger_and_phaser_move_notches_through_the_sound() {
    for effect in ["flanger(1.0, 0.7)", "phaser(1.0, 0.7)"] {
        let moved = sweep(effect);
        assert!(moved > 6.0, "{effect}: {moved} dB");
        // At its most it neither bursts nor vanishes.
        let loud = sound(&format!("saw(pitch) >> {}", effect.replace("0.7", "0.95")), 2 * SECOND);
        assert!((0.1..3.0).contains(&rms(&loud)) && peak(&loud) < 12.0, "{effect}: {} {}", rms(&loud), peak(&loud));
    }
}

#[test]
fn a_reverb_rings_as_long_as_it_says() {
    for seconds in [0.3, 1.0, 3.0] {
        let [left, right] = held(&format!("click() >> reverb({seconds:?}, 0.0) * adsr(0, 0, 1, 1)"), 69, 2 * SECOND);
        let level = |at: f32| {
            let from = (at * RATE.0 as f32) as usize;
            20.0 * rms(&left[from..from + 2400]).log10()
        };
        let (from, to) = (0.1, 0.1 + seconds * 0.4);
        near((level(to) - level(from)) / (to - from), -60.0 / seconds, 8.0 / seconds);
        let (a, b) = (&left[..SECOND / 4], &right[..SECOND / 4]);
        let both: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        let likeness = both / (rms(a) * rms(b) * a.len() as f32);
        assert!(likeness.abs() < 0.3, "the sides are alike: {likeness}");
    }
    let high = |damping: &str| {
        let [left, _] = held(
            &format!(
                "noise() * decay(0.02) >> reverb(2.0, {damping}) >> (highpass(6000.0, 0.7) | highpass(6000.0, 0.7)) * adsr(0, 0, 1, 1)"
            ),
            69,
            SECOND,
        );
        rms(&left[SECOND / 2..])
    };
    assert!(high("0.8") < 0.05 * high("0.0"), "{} {}", high("0.8"), high("0.0"));
    let long = sound("noise() * 0.1 >> reverb(10.0, 0.0) >> pass() + pass()", 4 * SECOND);
    assert!(peak(&long) < 9.0, "{}", peak(&long));
}

/// Whatever stands where a number belongs, the sound stays finite and is there again when the number is.
#[test]
fn no_word_is_made_unstable_by_what_goes_in() {
    for word in VOCABULARY {
        let fixed = |share: f32| {
            let value = |p: &Parameter| format!("{:?}", p.least + (p.most - p.least) * share);
            word.parameters.iter().map(value).collect::<Vec<_>>()
        };
        let wilds: &[&str] = if word.inputs == 0 { &["0.0"] } else { &["0.0", "-1e6", "1e6", "noise() * 1e5"] };
        for share in [0.0, 0.5, 1.0] {
            for wild in wilds {
                // The first input of most is the signal itself.
                let inputs = (0..word.inputs).map(|at| {
                    if at == 0 && word.takes[0] == "signal" {
                        "saw(pitch) * 0.1".to_owned()
                    } else {
                        (*wild).to_owned()
                    }
                });
                let arguments: Vec<String> = inputs.chain(fixed(share)).collect();
                let text = format!(
                    "{}({}) >> {}",
                    word.name,
                    arguments.join(", "),
                    ["tanh()", "(tanh() | tanh())"][word.outputs - 1]
                );
                let (mut synth, _lane) = synth(&format!("mono(); ({text}) * adsr(0, 0, 1, 0.01)"));
                synth.handle(on(57));
                let (left, _) = render(&mut synth, 2400);
                assert!(left.iter().all(|sample| sample.is_finite()), "{text}");
                assert_eq!(synth.sounding(), 1, "{text} blew up");
            }
        }
    }
}
