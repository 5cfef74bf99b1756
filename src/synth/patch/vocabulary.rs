//! The words of patch scripts, in one table. Plain data.

use fundsp::prelude32::{self as dsp, An, AudioNode, AudioUnit, Frame, U1, U2, U3, U4};

use super::Controls;
use crate::synth::nodes::{
    Adsr, BandPass, Decay, Echo, Filter, Fm, HighPass, Lfo, LowPass, Notch, Peak, Pluck, Reverb, Shape,
};

/// One word: what it is called, takes, yields and says.
pub struct Word {
    pub name: &'static str,
    /// What the inputs are, for people.
    pub takes: &'static [&'static str],
    pub inputs: usize,
    pub outputs: usize,
    /// Numbers fixed when the patch is built; they follow the inputs in a call.
    pub parameters: &'static [Parameter],
    pub hears_gate: bool,
    /// No two of it are alike in one voice: its phase or its noise is drawn.
    pub drawn: bool,
    /// Falls off by itself from the start of the note.
    pub decays: bool,
    pub help: &'static str,
    /// How many nodes it counts for, by its parameters: a long line has to be cleared when a note begins, and a room is work.
    pub weight: fn(&[f32]) -> usize,
    /// What it makes of numbers, for words that calculate: with numbers alone they yield a number.
    pub number: Option<fn(&[f64]) -> f64>,
    pub build: fn(&[f32], &Controls) -> Box<dyn AudioUnit>,
}

/// Words are known by their names.
impl PartialEq for Word {
    fn eq(&self, other: &Word) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Word {
    /// `lowpass(signal, hz, q)`.
    #[must_use]
    pub fn usage(&self) -> String {
        let names: Vec<&str> =
            self.takes.iter().copied().chain(self.parameters.iter().map(|parameter| parameter.name)).collect();
        format!("{}({})", self.name, names.join(", "))
    }
}

#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub least: f32,
    pub most: f32,
}

impl Parameter {
    /// Errs with a sentence when the number is out of range.
    pub(super) fn check(&self, of: &str, number: f64) -> Result<(), String> {
        let Parameter { name, least, most } = self;
        if (*least..=*most).contains(&(number as f32)) {
            return Ok(());
        }
        Err(format!("{of}: {name} is between {least} and {most}, not {number}"))
    }
}

const fn parameter(name: &'static str, least: f32, most: f32) -> Parameter {
    Parameter { name, least, most }
}

const fn word(
    name: &'static str,
    takes: &'static [&'static str],
    parameters: &'static [Parameter],
    help: &'static str,
    build: fn(&[f32], &Controls) -> Box<dyn AudioUnit>,
) -> Word {
    Word {
        name,
        takes,
        inputs: takes.len(),
        outputs: 1,
        parameters,
        hears_gate: false,
        drawn: false,
        decays: false,
        help,
        weight: |_| 1,
        number: None,
        build,
    }
}

/// A sound's beginning.
const fn source(
    name: &'static str,
    takes: &'static [&'static str],
    help: &'static str,
    build: fn(&[f32], &Controls) -> Box<dyn AudioUnit>,
) -> Word {
    Word { drawn: true, ..word(name, takes, &[], help, build) }
}

/// A low-frequency oscillator.
macro_rules! lfo {
    ($name:literal, $shape:ident, $drawn:literal, $help:literal) => {
        Word {
            drawn: $drawn,
            ..word($name, HZ, &[], $help, |_, controls| Box::new(An(Lfo::new(Shape::$shape, &controls.gate))))
        }
    };
}

/// A word that calculates, with numbers as with graphs.
macro_rules! calculation {
    ($name:literal, $takes:expr, $help:literal, $inputs:ty, |$x:ident| $value:expr) => {
        Word {
            number: Some(|$x: &[f64]| $value),
            ..word($name, $takes, &[], $help, |_, _| {
                Box::new(dsp::map(|frame: &Frame<f32, $inputs>| {
                    let $x: [f64; <$inputs as dsp::typenum::Unsigned>::USIZE] =
                        std::array::from_fn(|at| f64::from(frame[at]));
                    $value as f32
                }))
            })
        }
    };
}

const HZ: &[&str] = &["hz"];
const SIGNAL: &[&str] = &["signal"];
const FILTER: &[&str] = &["signal", "hz", "q"];
const EQUALISER: &[&str] = &["signal", "hz", "q", "gain"];
const PAIR: &[&str] = &["a", "b"];
const RATE: Parameter = parameter("hz", 0.01, 20.0);
const FEEDBACK: Parameter = parameter("feedback", -0.95, 0.95);

/// A line counts for 20 nodes a second.
fn line(parameters: &[f32]) -> usize {
    1 + (parameters[0] * 20.0) as usize
}

/// Keeps a filter's cutoff and Q where it is stable, whatever a patch computes for them.
fn guard() -> An<impl AudioNode<Inputs = U3, Outputs = U3>> {
    dsp::pass() | dsp::clip_to(10.0, 18_000.0) | dsp::clip_to(0.05, 40.0)
}

/// The same for an equaliser: gains within 40 dB of nothing.
fn guard_gain() -> An<impl AudioNode<Inputs = U4, Outputs = U4>> {
    guard() | dsp::clip_to(0.01, 100.0)
}

/// The same for a filter without Q.
fn guard_pole() -> An<impl AudioNode<Inputs = U2, Outputs = U2>> {
    dsp::pass() | dsp::clip_to(0.1, 20_000.0)
}

/// So that a chorus of five, whose phases differ, is as loud as one.
const CHORUS_GAIN: f32 = 2.2;

/// Folded back at -1 and 1 as often as it takes.
fn fold(sample: f32) -> f32 {
    let turn = (sample + 1.0) * 0.25;
    1.0 - 4.0 * (turn - turn.floor() - 0.5).abs()
}

/// The word that is a wire.
pub(super) const PASS: &str = "pass";

/// Every word, in the order of the help page.
pub static VOCABULARY: &[Word] = &[
    source("sine", HZ, "sine wave", |_, _| Box::new(dsp::sine())),
    source("saw", HZ, "saw wave, band-limited", |_, _| Box::new(dsp::saw())),
    source("square", HZ, "square wave, band-limited", |_, _| Box::new(dsp::square())),
    source("triangle", HZ, "triangle wave, band-limited", |_, _| Box::new(dsp::triangle())),
    source("pulse", &["hz", "width"], "pulse wave, width 0 to 1, band-limited", |_, _| Box::new(dsp::pulse())),
    source("soft_saw", HZ, "saw wave with weak high partials", |_, _| Box::new(dsp::soft_saw())),
    source("organ", HZ, "octaves above the pitch, decreasing", |_, _| Box::new(dsp::organ())),
    source("hammond", HZ, "drawbar organ", |_, _| Box::new(dsp::hammond())),
    source(
        "fm",
        &["hz", "ratio", "index"],
        "a sine whose phase another at ratio × hz moves, by index radians",
        |_, _| Box::new(An(Fm::default())),
    ),
    source("noise", &[], "white noise", |_, _| Box::new(dsp::noise())),
    source("pink", &[], "pink noise, -3 dB/octave", |_, _| Box::new(dsp::pink())),
    source("brown", &[], "brown noise, -6 dB/octave", |_, _| Box::new(dsp::brown())),
    lfo!("lfo_sine", Sine, false, "slow wave from -1 to 1 that begins with the note, here in the middle and up"),
    lfo!("lfo_triangle", Triangle, false, "the same, in straight lines"),
    lfo!("lfo_ramp", Ramp, false, "the same, rising from -1; with a minus it falls"),
    lfo!("lfo_square", Square, false, "the same, 1 and then -1"),
    lfo!("lfo_random", Random, true, "another value from -1 to 1 in each turn"),
    lfo!("lfo_drift", Drift, true, "wanders from one such value to another"),
    Word {
        decays: true,
        drawn: true,
        ..word(
            "pluck",
            HZ,
            &[parameter("seconds", 0.01, 60.0), parameter("damping", 0.0, 1.0)],
            "plucked string: time to -60 dB, loss of high partials",
            |p, controls| Box::new(An(Pluck::new(p[0], p[1], &controls.gate))),
        )
    },
    Word {
        hears_gate: true,
        ..word(
            "adsr",
            &[],
            &[
                parameter("attack", 0.0, 60.0),
                parameter("decay", 0.0, 60.0),
                parameter("sustain", 0.0, 1.0),
                parameter("release", 0.0, 60.0),
            ],
            "envelope: seconds, seconds, level, seconds",
            |p, controls| Box::new(An(Adsr::new(p[0], p[1], p[2], p[3], &controls.gate))),
        )
    },
    Word {
        decays: true,
        ..word(
            "decay",
            &[],
            &[parameter("seconds", 0.001, 60.0)],
            "from 1 to -60 dB in that time, from the start of the note, held or not",
            |p, controls| Box::new(An(Decay::new(p[0], &controls.gate))),
        )
    },
    Word {
        decays: true,
        ..word(
            "click",
            &[],
            &[],
            "1 on the first sample of the note, then 0: what strikes a resonator",
            |_, controls| Box::new(An(Decay::new(0.0, &controls.gate))),
        )
    },
    word("lowpass", FILTER, &[], "12 dB/octave low-pass", |_, _| Box::new(An(Filter::<LowPass>::default()))),
    word("highpass", FILTER, &[], "12 dB/octave high-pass", |_, _| Box::new(An(Filter::<HighPass>::default()))),
    word("bandpass", FILTER, &[], "12 dB/octave band-pass", |_, _| Box::new(An(Filter::<BandPass>::default()))),
    word("notch", FILTER, &[], "notch", |_, _| Box::new(An(Filter::<Notch>::default()))),
    word("peak", FILTER, &[], "peak", |_, _| Box::new(An(Filter::<Peak>::default()))),
    word("moog", FILTER, &[], "24 dB/octave ladder, q 0 to 1", |_, _| {
        Box::new((dsp::pass() | dsp::clip_to(10.0, 18_000.0) | dsp::clip_to(0.0, 1.0)) >> dsp::moog())
    }),
    word("lowpole", &["signal", "hz"], &[], "6 dB/octave low-pass", |_, _| Box::new(guard_pole() >> dsp::lowpole())),
    word("highpole", &["signal", "hz"], &[], "6 dB/octave high-pass", |_, _| Box::new(guard_pole() >> dsp::highpole())),
    word("allpass", FILTER, &[], "turns the phase about hz, leaves the level", |_, _| {
        Box::new(guard() >> dsp::allpass())
    }),
    word(
        "resonator",
        FILTER,
        &[],
        "band-pass that rings, q up to 2000: a click rings for q × 2.2 / hz seconds",
        |_, _| {
            // In double precision, since it hardly damps; that of two poles in direct form would burst when it is moved.
            Box::new(
                (dsp::pass() | dsp::clip_to(10.0, 18_000.0) | dsp::clip_to(0.5, 2000.0))
                    >> fundsp::prelude64::bandpass(),
            )
        },
    ),
    word("bell", EQUALISER, &[], "makes the band about hz louder or softer: gain 2 is 6 dB", |_, _| {
        Box::new(guard_gain() >> dsp::bell())
    }),
    word("lowshelf", EQUALISER, &[], "the same below hz", |_, _| Box::new(guard_gain() >> dsp::lowshelf())),
    word("highshelf", EQUALISER, &[], "the same above hz", |_, _| Box::new(guard_gain() >> dsp::highshelf())),
    word("tanh", SIGNAL, &[], "soft saturation", |_, _| Box::new(dsp::shape(dsp::Tanh(1.0)))),
    word("clip", SIGNAL, &[], "hard limit to -1…1", |_, _| Box::new(dsp::clip())),
    word(
        "clip_to",
        SIGNAL,
        &[parameter("least", -1.0e6, 1.0e6), parameter("most", -1.0e6, 1.0e6)],
        "hard limit to least…most",
        |p, _| Box::new(dsp::clip_to(p[0].min(p[1]), p[0].max(p[1]))),
    ),
    word("fold", SIGNAL, &[], "folds back at -1 and 1 what goes beyond", |_, _| Box::new(dsp::shape_fn(fold))),
    word("crush", SIGNAL, &[parameter("bits", 1.0, 16.0)], "rounds to so many bits", |p, _| {
        Box::new(dsp::shape(dsp::Crush((p[0] - 1.0).exp2())))
    }),
    word("hold", &["signal", "hz"], &[], "takes a sample so often and holds it", |_, _| {
        Box::new((dsp::pass() | dsp::clip_to(0.01, 48_000.0)) >> dsp::hold(0.0))
    }),
    word("dcblock", SIGNAL, &[], "takes the constant part away", |_, _| Box::new(dsp::dcblock())),
    word("smooth", SIGNAL, &[parameter("seconds", 0.0, 10.0)], "follows the signal, half way in that time", |p, _| {
        Box::new(dsp::follow(p[0]))
    }),
    Word {
        weight: line,
        ..word("delay", SIGNAL, &[parameter("seconds", 0.0, 2.0)], "the signal, later", |p, _| {
            Box::new(dsp::delay(p[0]))
        })
    },
    Word {
        weight: line,
        ..word("echo", SIGNAL, &[parameter("seconds", 0.001, 2.0), FEEDBACK], "the signal and its echoes", |p, _| {
            Box::new(An(Echo::new(p[0], p[1])))
        })
    },
    Word {
        outputs: 2,
        weight: |_| 10,
        ..word("chorus", SIGNAL, &[RATE, parameter("depth", 0.0, 1.0)], "several of it, wandering; stereo", |p, _| {
            let side = |seed| dsp::chorus(seed, 0.009, 0.0005 + 0.008 * p[1], p[0]) * dsp::dc(CHORUS_GAIN);
            Box::new(side(1) ^ side(2))
        })
    },
    word(
        "flanger",
        SIGNAL,
        &[RATE, FEEDBACK],
        "with a copy of it that is a few milliseconds late, more and less",
        |p, _| {
            let hz = p[0];
            let late = move |time| dsp::lerp11(0.0008, 0.006, dsp::sin_hz(hz, time));
            Box::new(dsp::flanger(p[1], 0.0008, 0.006, late) * dsp::dc(0.7))
        },
    ),
    word("phaser", SIGNAL, &[RATE, FEEDBACK], "with a copy of it whose phase turns, more and less", |p, _| {
        let hz = p[0];
        Box::new(dsp::phaser(p[1], move |time| 0.5 + 0.5 * dsp::sin_hz(hz, time)) * dsp::dc(0.7))
    }),
    Word {
        outputs: 2,
        weight: |_| 25,
        ..word(
            "reverb",
            SIGNAL,
            &[parameter("seconds", 0.05, 10.0), parameter("damping", 0.0, 1.0)],
            "a room, without the signal itself: time to -60 dB, loss of high partials; stereo",
            |p, _| Box::new(An(Reverb::new(p[0], p[1]))),
        )
    },
    Word {
        outputs: 2,
        ..word("pan", &["signal", "place"], &[], "left -1 to right 1, of equal power; stereo", |_, _| {
            // In the middle as loud as without.
            Box::new(dsp::panner() * dsp::dc((std::f32::consts::SQRT_2, std::f32::consts::SQRT_2)))
        })
    },
    calculation!("semitones", &["count"], "the factor of an interval: 2 for 12, fractions count", U1, |x| (x[0]
        .clamp(-120.0, 120.0)
        / 12.0)
        .exp2()),
    calculation!("db", &["level"], "the factor of a level: 0.5 for about -6", U1, |x| 10.0_f64
        .powf(x[0].clamp(-120.0, 60.0) / 20.0)),
    calculation!("abs", &["a"], "without its sign", U1, |x| x[0].abs()),
    calculation!("min", PAIR, "the lesser of both", U2, |x| x[0].min(x[1])),
    calculation!("max", PAIR, "the greater of both", U2, |x| x[0].max(x[1])),
    word(PASS, SIGNAL, &[], "the signal as it is", |_, _| Box::new(dsp::pass())),
];

/// What a patch without an envelope of its own gets: 2 ms up, 30 ms down.
pub(super) fn plain_envelope(controls: &Controls) -> Box<dyn AudioUnit> {
    Box::new(An(Adsr::new(0.002, 0.0, 1.0, 0.03, &controls.gate)))
}
