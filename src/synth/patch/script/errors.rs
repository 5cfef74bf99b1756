//! What is wrong with a script, in a performer's words. Pure.

use rhai::{EvalAltResult, Position};

use super::{CONTROLS, DECLARATIONS, FUNCTIONS, PatchError, VOCABULARY};
use crate::abc::diagnostic::{did_you_mean, excerpt};

/// Rhai's error in a performer's words.
pub(super) fn explain(error: EvalAltResult) -> PatchError {
    let inside = matches!(error, EvalAltResult::ErrorInFunctionCall(..));
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
                let functions = FUNCTIONS.iter().map(|function| function.name);
                let declarations = DECLARATIONS.iter().map(|declaration| declaration.name);
                help = did_you_mean(name, VOCABULARY.iter().map(|word| word.name).chain(functions).chain(declarations));
                format!("there is no '{}' for these operands", excerpt(name))
            }
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            help = match VOCABULARY.iter().find(|word| word.name == name) {
                Some(word) => Some(format!("it is used as {}", word.usage())),
                None => did_you_mean(name, CONTROLS.map(|(control, _)| control)).or_else(|| {
                    inside.then(|| {
                        "a function sees its parameters and the controls, nothing else from outside".to_owned()
                    })
                }),
            };
            format!("'{}' is not a control or variable", excerpt(name))
        }
        EvalAltResult::ErrorTooManyOperations(_) => "the script runs too long".to_owned(),
        EvalAltResult::ErrorStackOverflow(_) => "functions call each other too deep".to_owned(),
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

pub(super) fn at(position: Position, text: &str) -> PatchError {
    PatchError {
        name: String::new(),
        line: position.line().unwrap_or(1),
        column: position.position().unwrap_or(0),
        text: text.to_owned(),
        help: None,
    }
}
