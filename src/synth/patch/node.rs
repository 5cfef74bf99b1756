//! The tree of a patch: parts of known arity and how they are joined. Plain values; graphs are built from it in [`super::wiring`].

use std::sync::Arc;

use super::{Control, Word};

/// A tree with more nodes than this is refused: it would not run in real time, and most likely a script ran away.
pub const MAX_NODES: usize = 200;

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
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub(super) kind: Kind,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) size: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Constant(f32),
    Control(Control),
    Word(&'static Word, Vec<f32>),
    Join(Join, Arc<Node>, Arc<Node>),
}

impl Node {
    pub(super) fn constant(value: f64) -> Node {
        Node { kind: Kind::Constant(value as f32), inputs: 0, outputs: 1, size: 1 }
    }

    pub(super) fn control(control: Control) -> Node {
        Node { kind: Kind::Control(control), inputs: 0, outputs: 1, size: 1 }
    }

    pub(super) fn word(word: &'static Word, parameters: Vec<f32>) -> Node {
        let size = (word.weight)(&parameters);
        Node { kind: Kind::Word(word, parameters), inputs: word.inputs, outputs: word.outputs, size }
    }

    /// Joins two graphs if their arities fit, else says in a sentence why not.
    pub(super) fn join(join: Join, a: Node, b: Node) -> Result<Node, String> {
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

    /// The number that it is on all its channels, if it is one.
    pub(super) fn number(&self) -> Option<f32> {
        match &self.kind {
            Kind::Constant(value) => Some(*value),
            Kind::Join(Join::Stack, a, b) => a.number().filter(|number| b.number() == Some(*number)),
            _ => None,
        }
    }

    /// Whether anything in the tree answers to the end of a note.
    pub(super) fn hears_gate(&self) -> bool {
        match &self.kind {
            Kind::Control(control) => *control == Control::Gate,
            Kind::Word(word, _) => word.hears_gate,
            Kind::Join(_, a, b) => a.hears_gate() || b.hears_gate(),
            Kind::Constant(_) => false,
        }
    }

    /// Whether anything in the tree falls off by itself.
    pub(super) fn decays(&self) -> bool {
        match &self.kind {
            Kind::Word(word, _) => word.decays,
            Kind::Join(_, a, b) => a.decays() || b.decays(),
            Kind::Constant(_) | Kind::Control(_) => false,
        }
    }

    /// Whether anything in the tree has a phase or a noise that is drawn.
    pub(super) fn is_drawn(&self) -> bool {
        match &self.kind {
            Kind::Word(word, _) => word.drawn,
            Kind::Join(_, a, b) => a.is_drawn() || b.is_drawn(),
            Kind::Constant(_) | Kind::Control(_) => false,
        }
    }
}

/// `1 channel`, `2 channels`.
pub(super) fn count(channels: usize) -> String {
    format!("{channels} channel{}", if channels == 1 { "" } else { "s" })
}
