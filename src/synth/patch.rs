//! Patches: what one note sounds like, as a tree of nodes. Plain values; parsed and built off the audio thread.
//!
//! A patch is text in fundsp's graph notation (`script`). Evaluating it yields a [`Node`] tree, never a running graph: from
//! the tree each pooled voice is built anew with controls of its own.

mod controls;
mod maths;
mod node;
mod playing;
mod script;
mod vocabulary;
mod wiring;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use fundsp::prelude32::AudioUnit;

use crate::abc::{Diagnostic, Span};
use crate::time::SampleRate;
pub use controls::{Control, Controls};
pub use maths::{FUNCTIONS, Function};
pub use node::{Join, MAX_NODES, Node};
pub use playing::{DECLARATIONS, Declaration, MAX_PATCH_VOICES, Playing, Touch};
pub use vocabulary::{Parameter, VOCABULARY, Word};

/// So many drums a kit may have, and so many nodes together: each drum has voices of its own.
pub const MAX_DRUMS: usize = 32;
pub const MAX_KIT_NODES: usize = 1000;

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
        // A patch without an envelope would sound for ever; a drum that decays is let ring out.
        let enveloped = !(self.node.hears_gate() || self.drum.is_some() && self.node.decays());
        let mut net = wiring::graph(self.node, controls, self.playing, enveloped);
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
