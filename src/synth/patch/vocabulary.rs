//! The words of patch scripts, in one table. Plain data.

use fundsp::prelude32::{self as dsp, An, AudioNode, AudioUnit, Net, U3};

use super::Controls;
use crate::synth::nodes::{Adsr, Decay, Echo, Pluck};

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
    /// Falls off by itself from the start of the note.
    pub decays: bool,
    pub help: &'static str,
    pub build: fn(&[f32], &Controls) -> Box<dyn AudioUnit>,
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
    Word { name, takes, inputs: takes.len(), outputs: 1, parameters, hears_gate: false, decays: false, help, build }
}

const HZ: &[&str] = &["hz"];
const SIGNAL: &[&str] = &["signal"];
const FILTER: &[&str] = &["signal", "hz", "q"];

/// Keeps a filter's cutoff and Q where it is stable, whatever a patch computes for them.
fn guard() -> An<impl AudioNode<Inputs = U3, Outputs = U3>> {
    dsp::pass() | dsp::clip_to(10.0, 18_000.0) | dsp::clip_to(0.05, 40.0)
}

/// Every word, in the order of the help page.
pub static VOCABULARY: &[Word] = &[
    word("sine", HZ, &[], "sine wave", |_, _| Box::new(dsp::sine())),
    word("saw", HZ, &[], "saw wave, band-limited", |_, _| Box::new(dsp::saw())),
    word("square", HZ, &[], "square wave, band-limited", |_, _| Box::new(dsp::square())),
    word("triangle", HZ, &[], "triangle wave, band-limited", |_, _| Box::new(dsp::triangle())),
    word("pulse", &["hz", "width"], &[], "pulse wave, width 0 to 1, band-limited", |_, _| Box::new(dsp::pulse())),
    word("soft_saw", HZ, &[], "saw wave with weak high partials", |_, _| Box::new(dsp::soft_saw())),
    word("organ", HZ, &[], "octaves above the pitch, decreasing", |_, _| Box::new(dsp::organ())),
    word("hammond", HZ, &[], "drawbar organ", |_, _| Box::new(dsp::hammond())),
    word("noise", &[], &[], "white noise", |_, _| Box::new(dsp::noise())),
    word("pink", &[], &[], "pink noise", |_, _| Box::new(dsp::pink())),
    Word {
        decays: true,
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
    word("lowpass", FILTER, &[], "12 dB/octave low-pass", |_, _| Box::new(guard() >> dsp::lowpass())),
    word("highpass", FILTER, &[], "12 dB/octave high-pass", |_, _| Box::new(guard() >> dsp::highpass())),
    word("bandpass", FILTER, &[], "12 dB/octave band-pass", |_, _| Box::new(guard() >> dsp::bandpass())),
    word("notch", FILTER, &[], "notch", |_, _| Box::new(guard() >> dsp::notch())),
    word("peak", FILTER, &[], "peak", |_, _| Box::new(guard() >> dsp::peak())),
    word("moog", FILTER, &[], "24 dB/octave ladder, q 0 to 1", |_, _| {
        Box::new((dsp::pass() | dsp::clip_to(10.0, 18_000.0) | dsp::clip_to(0.0, 1.0)) >> dsp::moog())
    }),
    word("lowpole", &["signal", "hz"], &[], "6 dB/octave low-pass", |_, _| Box::new(dsp::lowpole())),
    word("highpole", &["signal", "hz"], &[], "6 dB/octave high-pass", |_, _| Box::new(dsp::highpole())),
    word("tanh", SIGNAL, &[], "soft saturation", |_, _| Box::new(dsp::shape(dsp::Tanh(1.0)))),
    word("clip", SIGNAL, &[], "hard limit to -1…1", |_, _| Box::new(dsp::clip())),
    word("dcblock", SIGNAL, &[], "takes the constant part away", |_, _| Box::new(dsp::dcblock())),
    word("smooth", SIGNAL, &[parameter("seconds", 0.0, 10.0)], "follows the signal, half way in that time", |p, _| {
        Box::new(dsp::follow(p[0]))
    }),
    word("delay", SIGNAL, &[parameter("seconds", 0.0, 2.0)], "the signal, later", |p, _| Box::new(dsp::delay(p[0]))),
    word(
        "echo",
        SIGNAL,
        &[parameter("seconds", 0.001, 2.0), parameter("feedback", -0.95, 0.95)],
        "the signal and its echoes",
        |p, _| Box::new(An(Echo::new(p[0], p[1]))),
    ),
    word("pass", SIGNAL, &[], "the signal as it is", |_, _| Box::new(dsp::pass())),
];

/// What a patch without an envelope of its own gets: 2 ms up, 30 ms down.
pub(super) fn plain_envelope(controls: &Controls) -> Net {
    Net::wrap(Box::new(An(Adsr::new(0.002, 0.0, 1.0, 0.03, &controls.gate))))
}
