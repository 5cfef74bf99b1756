//! Patch scripts: fundsp's graph notation, evaluated by rhai into a [`Node`] tree. Runs wherever a patch is loaded, never on
//! the audio thread.
//!
//! A call binds the *last* inputs of a word, so `lowpass()` has three inputs (signal, cutoff in Hz, Q), `lowpass(cutoff, 1.0)`
//! has one left. Numbers stand for constants wherever a graph is asked for.

use std::any::TypeId;
use std::collections::BTreeMap;

use rhai::packages::{ArithmeticPackage, BasicMathPackage, Package};
use rhai::{Dynamic, Engine, EvalAltResult, Map, Position, Scope};

use super::vocabulary::{VOCABULARY, Word};
use super::{Control, Join, MAX_DRUMS, MAX_KIT_NODES, Node, PatchError, Sounds, count};
use crate::abc::diagnostic::{did_you_mean, excerpt};
use crate::rig::drum;

/// Rust's precedence, and so fundsp's, from weak to strong: `|`, `^`, `&`, `>>`, `+ -`, `*`. Rhai has `|` 30, `&` 60, `+ -` 150
/// and `*` 180 already; it puts `^` level with `|`, and `>>` above `*`.
const BRANCH_PRECEDENCE: u8 = 45;
const PIPE_PRECEDENCE: u8 = 145;

/// Enough for any hand-written patch; a loop that runs away is stopped within milliseconds.
const MAX_OPERATIONS: u64 = 20_000;

const CONTROLS: [(&str, Control); 8] = [
    ("pitch", Control::Pitch),
    ("gate", Control::Gate),
    ("velocity", Control::Velocity),
    ("cutoff", Control::Cutoff),
    ("macro1", Control::Macro(0)),
    ("macro2", Control::Macro(1)),
    ("macro3", Control::Macro(2)),
    ("macro4", Control::Macro(3)),
];

type Evaluated = Result<Node, Box<EvalAltResult>>;

/// The tree of a whole patch, or those of a kit's drums: no inputs, one or two outputs.
pub(super) fn evaluate(text: &str) -> Result<Sounds, PatchError> {
    let wrong = |error: String| at(end(text), &error);
    let value = value(text)?;
    let Some(drums) = value.read_lock::<Map>() else {
        return operand(&value).and_then(whole).map(Sounds::Pitched).map_err(wrong);
    };
    let drum = |name: &str, value: &Dynamic| {
        let note =
            drum::note(name).ok_or_else(|| format!("there is no drum '{}'; a name or a number", excerpt(name)))?;
        let node = operand(value).and_then(whole).map_err(|error| format!("{name}: {error}"))?;
        Ok((note, node))
    };
    let kit: BTreeMap<u8, Node> =
        drums.iter().map(|(name, value)| drum(name, value)).collect::<Result<_, String>>().map_err(wrong)?;
    let size: usize = kit.values().map(|node| node.size).sum();
    match kit.len() {
        0 => Err(wrong("a kit has one drum at least, as in #{ kick: … }".to_owned())),
        drums if drums > MAX_DRUMS => Err(wrong(format!("a kit has {MAX_DRUMS} drums at most, this one has {drums}"))),
        _ if size > MAX_KIT_NODES => Err(wrong(format!("the kit has more than {MAX_KIT_NODES} nodes"))),
        _ => Ok(Sounds::Kit(kit)),
    }
}

/// A graph that is a sound by itself.
fn whole(node: Node) -> Result<Node, String> {
    match (node.inputs, node.outputs) {
        (0, 1 | 2) => Ok(node),
        (0, outputs) => Err(format!("a patch has one or two outputs, this one has {outputs}")),
        (inputs, _) => Err(format!("a patch has no open inputs, this one has {inputs}")),
    }
}

/// What the script yields.
fn value(text: &str) -> Result<Dynamic, PatchError> {
    let mut scope = Scope::new();
    for (name, control) in CONTROLS {
        scope.push_constant(name, Node::control(control));
    }
    engine().eval_with_scope::<Dynamic>(&mut scope, text).map_err(|error| explain(*error))
}

/// The last line, for errors of the patch as a whole.
fn end(text: &str) -> Position {
    Position::new(text.lines().count().clamp(1, usize::from(u16::MAX)) as u16, 0)
}

/// An engine that knows numbers, the operators and the vocabulary, and nothing of files, modules or printing.
fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    engine
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(16)
        .set_max_expr_depths(64, 32)
        .set_max_variables(256)
        .set_max_functions(32)
        .set_max_modules(0)
        .set_max_string_size(256)
        .set_max_array_size(256)
        .set_max_map_size(64)
        .disable_symbol("eval")
        .disable_symbol("import")
        .disable_symbol(">>")
        .disable_symbol("^");
    for (symbol, precedence) in [(">>", PIPE_PRECEDENCE), ("^", BRANCH_PRECEDENCE)] {
        engine.register_custom_operator(symbol, precedence).expect("the symbol was disabled above");
    }
    for (symbol, join) in [
        (">>", Join::Pipe),
        ("|", Join::Stack),
        ("^", Join::Branch),
        ("&", Join::Bus),
        ("+", Join::Sum),
        ("-", Join::Difference),
        ("*", Join::Product),
    ] {
        register(&mut engine, symbol, 2, move |operands| {
            let (a, b) = (operand(operands[0])?, operand(operands[1])?);
            // A number scales or shifts every channel of the other side, as in fundsp.
            let (a, b) = match join {
                Join::Sum | Join::Difference | Join::Product => (spread(a.clone(), &b)?, spread(b, &a)?),
                _ => (a, b),
            };
            Node::join(join, a, b)
        });
    }
    register(&mut engine, "-", 1, |operands| {
        let node = operand(operands[0])?;
        Node::join(Join::Product, spread(Node::constant(-1.0), &node)?, node)
    });
    for word in VOCABULARY {
        // One arity more than the word takes, so that a surplus argument is answered by name.
        for arguments in 0..=word.inputs + word.parameters.len() + 1 {
            register(&mut engine, word.name, arguments, |arguments| call(word, arguments));
        }
    }
    engine
}

fn register(
    engine: &mut Engine,
    name: &str,
    arity: usize,
    function: impl Fn(&[&Dynamic]) -> Result<Node, String> + 'static,
) {
    engine.register_raw_fn(name, vec![TypeId::of::<Dynamic>(); arity], move |_, arguments| -> Evaluated {
        let arguments: Vec<&Dynamic> = arguments.iter().map(|argument| &**argument).collect();
        function(&arguments).map_err(Into::into)
    });
}

fn call(word: &'static Word, arguments: &[&Dynamic]) -> Result<Node, String> {
    let usage = || format!("{} is used as {}", word.name, word.usage());
    let fixed = word.parameters.len();
    if arguments.len() < fixed || arguments.len() > fixed + word.inputs {
        return Err(usage());
    }
    let (bound, fixed) = arguments.split_at(arguments.len() - fixed);
    let mut parameters = Vec::with_capacity(fixed.len());
    for (value, parameter) in fixed.iter().zip(word.parameters) {
        let number =
            number(value).ok_or_else(|| format!("{}: {} is a number, not a graph", usage(), parameter.name))?;
        if !(parameter.least..=parameter.most).contains(&(number as f32)) {
            let (least, most) = (parameter.least, parameter.most);
            return Err(format!("{}: {} is between {least} and {most}, not {number}", word.name, parameter.name));
        }
        parameters.push(number as f32);
    }
    let node = Node::word(word, parameters);
    let Some(first) = bound.first() else { return Ok(node) };
    let mut inputs = operand(first)?;
    for value in &bound[1..] {
        inputs = Node::join(Join::Stack, inputs, operand(value)?)?;
    }
    if inputs.outputs > word.inputs {
        return Err(format!("{}: the arguments have {}", usage(), count(inputs.outputs)));
    }
    let mut open = None;
    for _ in inputs.outputs..word.inputs {
        let pass = Node::word(vocabulary_word("pass"), Vec::new());
        open = Some(match open {
            None => pass,
            Some(open) => Node::join(Join::Stack, open, pass)?,
        });
    }
    let inputs = match open {
        None => inputs,
        Some(open) => Node::join(Join::Stack, open, inputs)?,
    };
    Node::join(Join::Pipe, inputs, node)
}

fn vocabulary_word(name: &str) -> &'static Word {
    VOCABULARY.iter().find(|word| word.name == name).expect("a word of the vocabulary")
}

fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|value| value as f64)).filter(|value| value.is_finite())
}

fn operand(value: &Dynamic) -> Result<Node, String> {
    if let Some(number) = number(value) {
        return Ok(Node::constant(number));
    }
    value
        .clone()
        .try_cast::<Node>()
        .ok_or_else(|| format!("a graph or a number is needed here, this is {}", describe(value)))
}

fn describe(value: &Dynamic) -> String {
    match value.type_name() {
        "()" => "nothing (does the last line end in ';'?)".to_owned(),
        "f64" => "not a finite number".to_owned(),
        other => format!("of type {other}"),
    }
}

/// Repeats a single generator until it is as wide as `other`.
fn spread(node: Node, other: &Node) -> Result<Node, String> {
    if node.inputs > 0 || node.outputs != 1 {
        return Ok(node);
    }
    let mut wide = node.clone();
    for _ in 1..other.outputs {
        wide = Node::join(Join::Stack, wide, node.clone())?;
    }
    Ok(wide)
}

/// Rhai's error in a performer's words.
fn explain(error: EvalAltResult) -> PatchError {
    let mut inner = error;
    while let EvalAltResult::ErrorInFunctionCall(_, _, cause, _) = inner {
        inner = *cause;
    }
    let position = inner.position();
    let mut help = None;
    let text = match &inner {
        EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split_whitespace().next().unwrap_or_default();
            if let Some(word) = VOCABULARY.iter().find(|word| word.name == name) {
                format!("{name} is used as {}", word.usage())
            } else {
                help = did_you_mean(name, VOCABULARY.iter().map(|word| word.name));
                format!("there is no '{}' for these operands", excerpt(name))
            }
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            help = match VOCABULARY.iter().find(|word| word.name == name) {
                Some(word) => Some(format!("it is used as {}", word.usage())),
                None => did_you_mean(name, CONTROLS.map(|(control, _)| control)),
            };
            format!("'{}' is not a control or variable", excerpt(name))
        }
        EvalAltResult::ErrorTooManyOperations(_) => "the script runs too long".to_owned(),
        other => {
            let mut other = other.to_string();
            // The position is told beside the text.
            if let Some(cut) = other.rfind(" (line ") {
                other.truncate(cut);
            }
            other
        }
    };
    PatchError { help, ..at(position, &text) }
}

fn at(position: Position, text: &str) -> PatchError {
    PatchError {
        name: String::new(),
        line: position.line().unwrap_or(1),
        column: position.position().unwrap_or(0),
        text: text.to_owned(),
        help: None,
    }
}

#[cfg(test)]
mod tests;
