//! Patch scripts: fundsp's graph notation, evaluated by rhai into a [`Node`] tree. Runs wherever a patch is loaded, never on
//! the audio thread.
//!
//! A call binds the *last* inputs of a word, so `lowpass()` has three inputs (signal, cutoff in Hz, Q), `lowpass(cutoff, 1.0)`
//! has one left. Numbers stand for constants wherever a graph is asked for.

mod errors;

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rhai::packages::{BasicIteratorPackage, Package};
use rhai::{Dynamic, Engine, EvalAltResult, Map, Module, NativeCallContext, OptimizationLevel, Position};

use super::maths::FUNCTIONS;
use super::node::count;
use super::playing::{DECLARATIONS, Playing};
use super::vocabulary::{VOCABULARY, Word};
use super::{Control, Join, MAX_DRUMS, MAX_KIT_NODES, MAX_NODES, Node, PatchError, Sounds};
use crate::abc::diagnostic::excerpt;
use crate::rig::drum;
use crate::synth::POOL_VOICES;
use errors::{at, explain};

/// Rust's precedence, and so fundsp's, from weak to strong: `|`, `^`, `&`, `>>`, `+ -`, `*`. Rhai has `|` 30, `&` 60, `+ -` 150
/// and `*` 180 already; it puts `^` level with `|`, and `>>` above `*`. Its `/` of whole numbers drops the rest.
const BRANCH_PRECEDENCE: u8 = 45;
const PIPE_PRECEDENCE: u8 = 145;
const DIVISION_PRECEDENCE: u8 = 180;

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

/// Nodes of all voices of a patch: as many as the usual number of voices has at most.
const MAX_VOICE_NODES: usize = POOL_VOICES * MAX_NODES;

type Evaluated = Result<Dynamic, String>;

/// What a script has declared so far, and where first.
#[derive(Debug, Default)]
struct Declared {
    playing: Playing,
    first: Option<Position>,
}

/// The tree of a whole patch, or those of a kit's drums: no inputs, one or two outputs. And how it is played.
pub(super) fn evaluate(text: &str) -> Result<(Sounds, Playing), PatchError> {
    let wrong = |error: String| at(end(text), &error);
    let (value, declared) = value(text)?;
    let Some(drums) = value.read_lock::<Map>() else {
        let node = operand(&value).and_then(whole).map_err(wrong)?;
        let voices = declared.playing.voices.unwrap_or(POOL_VOICES);
        if voices * node.size > MAX_VOICE_NODES {
            let most = MAX_VOICE_NODES / voices;
            let error = format!("{voices} voices may have {most} nodes each, the patch has {}", node.size);
            return Err(at(declared.first.unwrap_or(end(text)), &error));
        }
        return Ok((Sounds::Pitched(node), declared.playing));
    };
    if let Some(position) = declared.first {
        return Err(at(position, "a kit has two voices for each drum, and declares none"));
    }
    kit(&drums).map(|drums| (Sounds::Kit(drums), Playing::default())).map_err(wrong)
}

fn kit(drums: &Map) -> Result<BTreeMap<u8, Node>, String> {
    let drum = |name: &str, value: &Dynamic| {
        let note =
            drum::note(name).ok_or_else(|| format!("there is no drum '{}'; a name or a number", excerpt(name)))?;
        let node = operand(value).and_then(whole).map_err(|error| format!("{name}: {error}"))?;
        Ok((note, node))
    };
    let kit: BTreeMap<u8, Node> = drums.iter().map(|(name, value)| drum(name, value)).collect::<Result<_, String>>()?;
    let size: usize = kit.values().map(|node| node.size).sum();
    match kit.len() {
        0 => Err("a kit has one drum at least, as in #{ kick: … }".to_owned()),
        drums if drums > MAX_DRUMS => Err(format!("a kit has {MAX_DRUMS} drums at most, this one has {drums}")),
        _ if size > MAX_KIT_NODES => Err(format!("the kit has more than {MAX_KIT_NODES} nodes")),
        _ => Ok(kit),
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

/// What the script yields and declares.
fn value(text: &str) -> Result<(Dynamic, Declared), PatchError> {
    let declared = Rc::default();
    let value = engine(&declared).eval::<Dynamic>(text).map_err(|error| explain(*error))?;
    Ok((value, declared.take()))
}

/// The last line, for errors of the patch as a whole.
fn end(text: &str) -> Position {
    Position::new(text.lines().count().clamp(1, usize::from(u16::MAX)) as u16, 0)
}

/// An engine that knows numbers, the operators and the vocabulary, and nothing of files, modules or printing.
fn engine(declared: &Rc<RefCell<Declared>>) -> Engine {
    let mut engine = Engine::new_raw();
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    // The optimiser takes a parameter for the global of that name.
    engine
        .set_optimization_level(OptimizationLevel::None)
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
        .disable_symbol("/=");
    for (symbol, precedence) in [(">>", PIPE_PRECEDENCE), ("^", BRANCH_PRECEDENCE), ("/", DIVISION_PRECEDENCE)] {
        engine.disable_symbol(symbol);
        engine.register_custom_operator(symbol, precedence).expect("the symbol was disabled above");
    }
    // Functions of a script see no variables outside, but they see what is global.
    let mut global = Module::new();
    for (name, control) in CONTROLS {
        global.set_var(name, Node::control(control));
    }
    global.set_var("PI", std::f64::consts::PI);
    engine.register_global_module(global.into());
    for (symbol, join) in [
        (">>", Join::Pipe),
        ("|", Join::Stack),
        ("^", Join::Branch),
        ("&", Join::Bus),
        ("+", Join::Sum),
        ("-", Join::Difference),
        ("*", Join::Product),
    ] {
        register(&mut engine, symbol, 2, move |_, operands| {
            let (a, b) = (operand(operands[0])?, operand(operands[1])?);
            // A number scales or shifts every channel of the other side, as in fundsp.
            let (a, b) = match join {
                Join::Sum | Join::Difference | Join::Product => (spread(a.clone(), &b)?, spread(b, &a)?),
                _ => (a, b),
            };
            Node::join(join, a, b).map(Dynamic::from)
        });
    }
    register(&mut engine, "/", 2, |_, operands| divide(operands[0], operands[1]));
    register(&mut engine, "-", 1, |_, operands| {
        let node = operand(operands[0])?;
        Node::join(Join::Product, spread(Node::constant(-1.0), &node)?, node).map(Dynamic::from)
    });
    // One arity more than each takes, so that a surplus argument is answered by name.
    for word in VOCABULARY {
        for arguments in 0..=word.inputs + word.parameters.len() + 1 {
            register(&mut engine, word.name, arguments, |_, arguments| call(word, arguments));
        }
    }
    for function in FUNCTIONS {
        for arguments in 0..=function.takes.len() + 1 {
            register(&mut engine, function.name, arguments, |_, arguments| {
                let numbers = numbers(arguments).filter(|numbers| numbers.len() == function.takes.len());
                let numbers = numbers.ok_or_else(|| format!("{} calculates with numbers alone", function.usage()))?;
                Ok(Dynamic::from((function.of)(&numbers)))
            });
        }
    }
    for declaration in DECLARATIONS {
        for arguments in 0..=2 {
            let declared = Rc::clone(declared);
            register(&mut engine, declaration.name, arguments, move |position, arguments| {
                let arguments: Vec<Option<f64>> = arguments.iter().map(|argument| number(argument)).collect();
                let mut declared = declared.borrow_mut();
                declaration.declare(&mut declared.playing, &arguments)?;
                declared.first.get_or_insert(position);
                Ok(Dynamic::UNIT)
            });
        }
    }
    engine
}

fn register(
    engine: &mut Engine,
    name: &str,
    arity: usize,
    function: impl Fn(Position, &[&Dynamic]) -> Evaluated + 'static,
) {
    let types = vec![TypeId::of::<Dynamic>(); arity];
    engine.register_raw_fn(name, types, move |context: NativeCallContext<'_>, arguments| {
        let arguments: Vec<&Dynamic> = arguments.iter().map(|argument| &**argument).collect();
        function(context.call_position(), &arguments).map_err(Box::<EvalAltResult>::from)
    });
}

/// A number or graph over a number. Whole numbers, too, divide with what is behind the point.
fn divide(of: &Dynamic, by: &Dynamic) -> Evaluated {
    let by = number(by).ok_or("only a number divides: write x * 0.5 or x / 2.0")?;
    if by == 0.0 {
        return Err("nothing can be divided by 0".to_owned());
    }
    if let Some(of) = number(of) {
        return Ok(Dynamic::from(of / by));
    }
    let node = operand(of)?;
    Node::join(Join::Product, spread(Node::constant(by.recip()), &node)?, node).map(Dynamic::from)
}

fn call(word: &'static Word, arguments: &[&Dynamic]) -> Evaluated {
    if let Some((calculate, numbers)) = word.number.zip(numbers(arguments))
        && numbers.len() == word.inputs
    {
        return Ok(Dynamic::from(calculate(&numbers)));
    }
    graph(word, arguments).map(Dynamic::from)
}

fn graph(word: &'static Word, arguments: &[&Dynamic]) -> Result<Node, String> {
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
        parameter.check(word.name, number)?;
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

fn numbers(values: &[&Dynamic]) -> Option<Vec<f64>> {
    values.iter().map(|value| number(value)).collect()
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

#[cfg(test)]
mod tests;
