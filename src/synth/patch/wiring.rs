//! A tree as a graph: a vertex for each of its parts. What is always the same, a control, a number, an envelope and what is computed of them, is one
//! vertex however often it is used; a part whose phase or noise is drawn is another one each time. Off the audio thread.

use fundsp::net::Source;
use fundsp::prelude32::{An, AudioUnit, Net, dc};

use super::node::{Join, Kind, Node};
use super::vocabulary::{PASS, plain_envelope};
use super::{Controls, Playing};
use crate::synth::nodes::{Both, Operation, Scaled};

/// The graph of a tree without inputs that listens to `controls`. `enveloped`: behind an envelope that the tree itself has not.
pub(super) fn graph(node: &Node, controls: &Controls, playing: &Playing, enveloped: bool) -> Net {
    let mut wiring = Wiring { net: Net::new(0, node.outputs), controls, playing, known: Vec::new() };
    let mut outputs = wiring.wire(node, &[]);
    if enveloped {
        let envelope = wiring.unit(plain_envelope(controls), &[])[0];
        outputs = outputs.iter().map(|output| wiring.both(Operation::Product, *output, envelope)).collect();
    }
    for (channel, output) in outputs.into_iter().enumerate() {
        wiring.net.set_output_source(channel, output);
    }
    wiring.net
}

struct Wiring<'a> {
    net: Net,
    controls: &'a Controls,
    playing: &'a Playing,
    /// Trees that would be the same a second time, and where their outputs are.
    known: Vec<(&'a Node, Vec<Source>)>,
}

impl<'a> Wiring<'a> {
    /// Adds a tree that hears `inputs`; where its outputs are.
    fn wire(&mut self, node: &'a Node, inputs: &[Source]) -> Vec<Source> {
        let same_again = node.inputs == 0 && !node.is_drawn();
        if let Some((_, outputs)) = self.known.iter().find(|(known, _)| same_again && *known == node) {
            return outputs.clone();
        }
        let outputs = match &node.kind {
            Kind::Constant(value) => self.unit(Box::new(dc(*value)), &[]),
            Kind::Control(control) => self.unit(self.controls.node(*control, self.playing), &[]),
            Kind::Word(word, _) if word.name == PASS => inputs.to_vec(),
            Kind::Word(word, parameters) => self.unit((word.build)(parameters, self.controls), inputs),
            Kind::Join(join, a, b) => self.join(*join, a, b, inputs),
        };
        if same_again {
            self.known.push((node, outputs.clone()));
        }
        outputs
    }

    fn join(&mut self, join: Join, a: &'a Node, b: &'a Node, inputs: &[Source]) -> Vec<Source> {
        let (first, second) = match join {
            Join::Branch | Join::Bus => (inputs, inputs),
            Join::Pipe => (inputs, &[][..]),
            Join::Stack | Join::Sum | Join::Difference | Join::Product => inputs.split_at(a.inputs),
        };
        let operation = match join {
            Join::Pipe => {
                let middle = self.wire(a, first);
                return self.wire(b, &middle);
            }
            Join::Stack | Join::Branch => {
                let mut outputs = self.wire(a, first);
                outputs.extend(self.wire(b, second));
                return outputs;
            }
            Join::Bus | Join::Sum => Operation::Sum,
            Join::Difference => Operation::Difference,
            Join::Product => Operation::Product,
        };
        // A number that scales or shifts a signal as it goes by is cheaper than one that is a signal of its own.
        let scaled = match (operation, a.number(), b.number()) {
            (_, Some(_), Some(_)) | (Operation::Difference, Some(_), None) | (_, None, None) => None,
            (Operation::Sum, Some(offset), None) => Some((b, second, 1.0, offset)),
            (Operation::Sum, None, Some(offset)) => Some((a, first, 1.0, offset)),
            (Operation::Difference, None, Some(offset)) => Some((a, first, 1.0, -offset)),
            (Operation::Product, Some(factor), None) => Some((b, second, factor, 0.0)),
            (Operation::Product, None, Some(factor)) => Some((a, first, factor, 0.0)),
        };
        if let Some((node, inputs, factor, offset)) = scaled {
            let outputs = self.wire(node, inputs);
            return outputs.iter().map(|output| self.scaled(factor, offset, *output)).collect();
        }
        let (a, b) = (self.wire(a, first), self.wire(b, second));
        a.iter().zip(&b).map(|(a, b)| self.both(operation, *a, *b)).collect()
    }

    fn both(&mut self, operation: Operation, a: Source, b: Source) -> Source {
        self.unit(Box::new(An(Both(operation))), &[a, b])[0]
    }

    fn scaled(&mut self, factor: f32, offset: f32, signal: Source) -> Source {
        self.unit(Box::new(An(Scaled { factor, offset })), &[signal])[0]
    }

    fn unit(&mut self, unit: Box<dyn AudioUnit>, inputs: &[Source]) -> Vec<Source> {
        let outputs = unit.outputs();
        let id = self.net.push(unit);
        for (channel, input) in inputs.iter().enumerate() {
            self.net.set_source(id, channel, *input);
        }
        (0..outputs).map(|channel| Source::Local(id, channel)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::synth::patch::{Controls, Patch, Sounds};

    /// How many vertices the graph of a patch has.
    fn check(text: &str, expected: usize) {
        let patch = Patch::parse("test", text).unwrap();
        let Sounds::Pitched(node) = &patch.sounds else { panic!("a kit") };
        let net = super::graph(node, &Controls::default(), &patch.playing, false);
        assert_eq!(net.size(), expected, "{text}");
    }

    #[test]
    fn what_is_always_the_same_is_there_once() {
        check("sine(pitch) * adsr(0.1, 0.1, 0.5, 0.1)", 4);
        // The envelope, the pitch, and what is computed of them.
        check("let env = adsr(0.1, 0.1, 0.5, 0.1) * 2.0; saw(pitch * 1.5) * env | saw(pitch * 1.5) * env", 8);
        check("lowpass(saw(pitch), 900.0, 0.7) + highpass(saw(pitch), 900.0, 0.7)", 8);
        // What is drawn is drawn anew, whoever computes with it.
        check("let air = noise() * 0.5; air | air", 4);
        check("let sway = lfo_random(3.0) + 1.0; sine(pitch * sway) | sine(pitch * sway)", 10);
        // A wire is nothing, and so is the numbers' way into a filter that another one shares.
        check("saw(pitch) >> (pass() ^ pass())", 2);
    }
}
