//! Patches: what one note sounds like, as a tree of nodes. Plain values; parsed and built off the audio thread.
//!
//! A patch is text in fundsp's graph notation ([`script`]). Evaluating it yields a [`Node`] tree, never a running graph: from
//! the tree each pooled voice is built anew with controls of its own.

mod maths;
mod playing;
mod script;
mod vocabulary;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use fundsp::prelude32::{An, AudioUnit, Net, Shared, dc, shared, var, var_fn};

use super::nodes::Glide;
use crate::abc::{Diagnostic, Span};
use crate::time::SampleRate;
pub use maths::{FUNCTIONS, Function};
pub use playing::{DECLARATIONS, Declaration, MAX_PATCH_VOICES, Playing, Touch};
pub use vocabulary::{Parameter, VOCABULARY, Word};

/// A tree with more nodes than this is refused: it would not run in real time, and most likely a script ran away.
pub const MAX_NODES: usize = 200;

/// So many drums a kit may have, and so many nodes together: each drum has voices of its own.
pub const MAX_DRUMS: usize = 32;
pub const MAX_KIT_NODES: usize = 1000;

/// What a voice is told while it sounds. `cutoff` and the macros follow the slot's controllers, the rest the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Hz.
    Pitch,
    /// 1 while the note is held, else 0.
    Gate,
    /// 0 to 1.
    Velocity,
    /// Hz, from controller 74.
    Cutoff,
    /// 0 to 1, from controllers 16 to 19.
    Macro(usize),
}

/// One voice's own copies of the controls.
#[derive(Clone)]
pub struct Controls {
    /// Hz.
    pub pitch: Shared,
    /// Hz where a glide of the next stroke begins; 0 for wherever the pitch is.
    pub from: Shared,
    /// 0 between notes, and while one is held the number of its stroke, counted by the voice: a change is a stroke.
    pub gate: Shared,
    pub velocity: Shared,
    pub cutoff: Shared,
    pub macros: [Shared; 4],
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Controls {{ pitch: {}, gate: {} }}", self.pitch.value(), self.gate.value())
    }
}

impl Default for Controls {
    fn default() -> Self {
        Controls {
            pitch: shared(440.0),
            from: shared(0.0),
            gate: shared(0.0),
            velocity: shared(1.0),
            cutoff: shared(3000.0),
            macros: [shared(0.0), shared(0.0), shared(0.0), shared(0.0)],
        }
    }
}

impl Controls {
    /// A node that says how the control stands.
    fn node(&self, control: Control, playing: &Playing) -> Box<dyn AudioUnit> {
        match (control, playing.glide) {
            (Control::Pitch, Some(seconds)) => Box::new(An(Glide::new(seconds, &self.pitch, &self.from, &self.gate))),
            (Control::Pitch, None) => Box::new(var(&self.pitch)),
            (Control::Gate, _) => Box::new(var_fn(&self.gate, |stroke| if stroke > 0.0 { 1.0 } else { 0.0 })),
            (Control::Velocity, _) => Box::new(var(&self.velocity)),
            (Control::Cutoff, _) => Box::new(var(&self.cutoff)),
            (Control::Macro(index), _) => Box::new(var(&self.macros[index])),
        }
    }
}

/// How two graphs are joined, as in fundsp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// `>>`: the outputs of one into the inputs of the next.
    Pipe,
    /// `|`: side by side.
    Stack,
    /// `^`: the same input to both, outputs side by side.
    Branch,
    /// `&`: the same input to both, outputs added.
    Bus,
    /// `+`: own inputs each, outputs added.
    Sum,
    /// `-`: own inputs each, outputs subtracted.
    Difference,
    /// `*`: own inputs each, outputs multiplied.
    Product,
}

/// A graph of known arity. Children are shared, since scripts use a variable more than once; a build still makes each use anew.
#[derive(Clone, Debug)]
pub struct Node {
    kind: Kind,
    inputs: usize,
    outputs: usize,
    size: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    Constant(f32),
    Control(Control),
    Word(&'static Word, Vec<f32>),
    Join(Join, Arc<Node>, Arc<Node>),
}

impl Node {
    fn constant(value: f64) -> Node {
        Node { kind: Kind::Constant(value as f32), inputs: 0, outputs: 1, size: 1 }
    }

    fn control(control: Control) -> Node {
        Node { kind: Kind::Control(control), inputs: 0, outputs: 1, size: 1 }
    }

    fn word(word: &'static Word, parameters: Vec<f32>) -> Node {
        Node { kind: Kind::Word(word, parameters), inputs: word.inputs, outputs: word.outputs, size: 1 }
    }

    /// Joins two graphs if their arities fit, else says in a sentence why not.
    fn join(join: Join, a: Node, b: Node) -> Result<Node, String> {
        let fits = |what: &str, a: usize, b: usize| {
            if a == b { Ok(()) } else { Err(format!("{what} ({} against {})", count(a), count(b))) }
        };
        let (inputs, outputs) = match join {
            Join::Pipe => {
                fits(">> needs as many outputs on its left as inputs on its right", a.outputs, b.inputs)?;
                (a.inputs, b.outputs)
            }
            Join::Stack => (a.inputs + b.inputs, a.outputs + b.outputs),
            Join::Branch => {
                fits("^ needs the same number of inputs on both sides", a.inputs, b.inputs)?;
                (a.inputs, a.outputs + b.outputs)
            }
            Join::Bus => {
                fits("& needs the same number of inputs on both sides", a.inputs, b.inputs)?;
                fits("& needs the same number of outputs on both sides", a.outputs, b.outputs)?;
                (a.inputs, a.outputs)
            }
            Join::Sum | Join::Difference | Join::Product => {
                fits("+, - and * need the same number of outputs on both sides", a.outputs, b.outputs)?;
                (a.inputs + b.inputs, a.outputs)
            }
        };
        let size = a.size + b.size + 1;
        if size > MAX_NODES {
            return Err(format!("the patch has more than {MAX_NODES} nodes"));
        }
        Ok(Node { kind: Kind::Join(join, Arc::new(a), Arc::new(b)), inputs, outputs, size })
    }

    /// Whether anything in the tree answers to the end of a note.
    fn hears_gate(&self) -> bool {
        match &self.kind {
            Kind::Control(control) => *control == Control::Gate,
            Kind::Word(word, _) => word.hears_gate,
            Kind::Join(_, a, b) => a.hears_gate() || b.hears_gate(),
            Kind::Constant(_) => false,
        }
    }

    /// Whether anything in the tree falls off by itself.
    fn decays(&self) -> bool {
        match &self.kind {
            Kind::Word(word, _) => word.decays,
            Kind::Join(_, a, b) => a.decays() || b.decays(),
            Kind::Constant(_) | Kind::Control(_) => false,
        }
    }

    fn build(&self, controls: &Controls, playing: &Playing) -> Net {
        match &self.kind {
            Kind::Constant(value) => Net::wrap(Box::new(dc(*value))),
            Kind::Control(control) => Net::wrap(controls.node(*control, playing)),
            Kind::Word(word, parameters) => Net::wrap((word.build)(parameters, controls)),
            Kind::Join(join, a, b) => {
                let (a, b) = (a.build(controls, playing), b.build(controls, playing));
                match join {
                    Join::Pipe => a >> b,
                    Join::Stack => a | b,
                    Join::Branch => a ^ b,
                    Join::Bus => a & b,
                    Join::Sum => a + b,
                    Join::Difference => a - b,
                    Join::Product => a * b,
                }
            }
        }
    }
}

/// `1 channel`, `2 channels`.
fn count(channels: usize) -> String {
    format!("{channels} channel{}", if channels == 1 { "" } else { "s" })
}

/// Graphs without inputs, with one output (mono, the mixer pans it) or two (stereo).
#[derive(Clone, Debug)]
pub(super) enum Sounds {
    /// One for all notes.
    Pitched(Node),
    /// One for each drum, by its General MIDI note.
    Kit(BTreeMap<u8, Node>),
}

/// A patch that parsed.
#[derive(Clone, Debug)]
pub struct Patch {
    name: String,
    sounds: Sounds,
    playing: Playing,
}

/// What one voice of a patch plays.
#[derive(Debug)]
pub struct Part<'a> {
    node: &'a Node,
    playing: &'a Playing,
    /// The drum, in a kit.
    pub drum: Option<u8>,
}

impl Patch {
    /// Evaluates a patch script. The name is the file's, without `.patch`; it is used in errors.
    pub fn parse(name: &str, text: &str) -> Result<Patch, PatchError> {
        let (sounds, playing) = script::evaluate(text).map_err(|mut error| {
            name.clone_into(&mut error.name);
            error
        })?;
        Ok(Patch { name: name.to_owned(), sounds, playing })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How notes are given to its voices.
    #[must_use]
    pub fn playing(&self) -> &Playing {
        &self.playing
    }

    /// The same sound for chords, as if nothing were declared of voices: to measure what many of them cost.
    #[must_use]
    pub fn in_chords(&self) -> Patch {
        let playing = Playing { voices: None, touch: Touch::Chords, ..self.playing };
        Patch { playing, ..self.clone() }
    }

    /// How many nodes it has, at most [`MAX_NODES`], or [`MAX_KIT_NODES`] in a kit.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parts().map(|part| part.node.size).sum()
    }

    /// What there is to be played: one part for all notes, or one for each drum.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let playing = &self.playing;
        let (pitched, kit) = match &self.sounds {
            Sounds::Pitched(node) => (Some(Part { node, playing, drum: None }), None),
            Sounds::Kit(drums) => (None, Some(drums)),
        };
        let drums = kit.into_iter().flatten().map(move |(drum, node)| Part { node, playing, drum: Some(*drum) });
        pitched.into_iter().chain(drums)
    }
}

impl Part<'_> {
    /// 1 or 2.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.node.outputs
    }

    /// A new graph for one voice that listens to `controls`. Allocates: call it off the audio thread. `seed` sets the phases of
    /// the graph's oscillators and noises, so that the voices of a pool do not beat in step.
    #[must_use]
    pub fn build(&self, rate: SampleRate, controls: &Controls, seed: u64) -> Box<dyn AudioUnit> {
        let mut net = self.node.build(controls, self.playing);
        // A patch without an envelope would sound for ever; a drum that decays is let ring out.
        if !(self.node.hears_gate() || self.drum.is_some() && self.node.decays()) {
            let mut envelope = vocabulary::plain_envelope(controls);
            for _ in 1..self.node.outputs {
                envelope = envelope | vocabulary::plain_envelope(controls);
            }
            net = net * envelope;
        }
        net.set_sample_rate(f64::from(rate.0));
        net.ping(false, fundsp::math::AttoHash::new(seed));
        net.allocate();
        net.reset();
        Box::new(net)
    }
}

/// Why a patch text is not a patch, and where. Lines and columns count from 1; column 0 means the whole line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    pub name: String,
    pub line: usize,
    pub column: usize,
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl PatchError {
    /// The error at its place in the patch's text.
    #[must_use]
    pub fn diagnostic(&self, text: &str) -> Diagnostic {
        let lines = text.split_inclusive('\n').take(self.line.saturating_sub(1));
        let line_start: usize = lines.map(str::len).sum();
        let line = text[line_start..].lines().next().unwrap_or_default();
        let at = |column: usize| line_start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        let span = match self.column {
            0 => Span { start: line_start, end: line_start + line.len() },
            column => Span { start: at(column - 1), end: at(column) },
        };
        Diagnostic { help: self.help.clone().map(Cow::Owned), ..Diagnostic::error(span, self.text.as_str()) }
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.patch:{}:{}: error: {}", self.name, self.line, self.column, self.text)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

impl std::error::Error for PatchError {}
