//! What a text should be told: everything that parser and measures noticed, bars whose length is off the metre, and voices
//! that do not have the same number of bars.

use std::collections::HashMap;
use std::path::Path;

use crate::abc::ast::{Bar, BarLine, Tune, Voice};
use crate::abc::parse::parse;
use crate::abc::write::rest;
use crate::abc::{Diagnostic, Fault, Severity, Span};
use crate::prompt;
use crate::rig::Rig;
use crate::score::{Carry, Measure, measure, too_long};
use crate::steer::Lexicon;
use crate::synth::Patch;
use crate::time::Beats;

/// What can be said of a file by its kind: a prompt, words alone (`.txt`), a patch (`.patch`), a lexicon (`.words`), a rig (`.toml`). `patches` are
/// the names that `patch=` may say, `rig` has those of `out=`.
#[must_use]
pub fn check_file(path: &Path, text: &str, patches: &[String], rig: &Rig) -> Vec<Diagnostic> {
    let is = |kind: &str| path.extension().is_some_and(|extension| extension == kind);
    if is("patch") {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        return Patch::parse(&name, text).err().iter().map(|error| error.diagnostic(text)).collect();
    }
    if is("words") {
        return Lexicon::parse(text).err().unwrap_or_default();
    }
    if is("toml") {
        return Rig::read(path, text, patches).1;
    }
    let mut diagnostics = prompt::read_with(path, text, patches, &Lexicon::default(), rig).1;
    if !is("txt") {
        let mut known: HashMap<Span, Severity> = HashMap::new();
        for diagnostic in &diagnostics {
            let worst = known.entry(diagnostic.span).or_insert(diagnostic.severity);
            *worst = diagnostic.severity.max(*worst);
        }
        let news = |more: &Diagnostic| known.get(&more.span).is_none_or(|worst| *worst < more.severity);
        diagnostics.extend(check(text).into_iter().filter(news));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    diagnostics
}

/// All that can be said of a text, in the order of its places.
#[must_use]
pub fn check(text: &str) -> Vec<Diagnostic> {
    let (book, mut diagnostics) = parse(text);
    let errors: Vec<usize> =
        diagnostics.iter().filter(|said| said.severity == Severity::Error).map(|said| said.span.start).collect();
    for tune in book.tunes.into_iter().map(prompt::settled) {
        for voice in &tune.voices {
            check_voice(text, &tune, voice, &errors, &mut diagnostics);
        }
        check_bar_counts(&tune, &mut diagnostics);
    }
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    diagnostics
}

/// `errors` are the places of errors in the text, in their order. A bar with one of them is not blamed for its length, too.
fn check_voice(text: &str, tune: &Tune, voice: &Voice, errors: &[usize], diagnostics: &mut Vec<Diagnostic>) {
    let mut carry = Carry::of(tune, &voice.id);
    let mut split = None; // the part of a bar before a repeat sign that cuts it
    for (at, bar) in voice.bars.iter().enumerate() {
        let (measure, heard) = measure(bar, &mut carry);
        let next = errors.partition_point(|place| *place < bar.span.start);
        let broken = errors.get(next).is_some_and(|place| *place < bar.span.end)
            || heard.iter().any(|said| said.severity == Severity::Error);
        diagnostics.extend(heard);
        let last = at + 1 == voice.bars.len();
        let Some(fault) = length_fault(bar, &measure, at == 0, last, &mut split, text) else { continue };
        if !broken {
            diagnostics.push(Diagnostic::warning(bar.span, fault));
        }
    }
}

/// What is wrong with the bar's length, if anything. Bars may be short at the start (a pickup), at the end, and where a
/// repeat sign, double bar or ending cuts them.
fn length_fault(
    bar: &Bar,
    measure: &Measure,
    first: bool,
    last: bool,
    split: &mut Option<Beats>,
    text: &str,
) -> Option<Fault> {
    let full = bar.context.meter.length()?;
    let before = split.take();
    let length = measure.length;
    if length == full {
        return None;
    }
    let (meter, unit) = (bar.context.meter, bar.context.unit);
    if length > full {
        return Some(too_long(bar, length, meter, text));
    }
    let cuts = |line: &BarLine| line.is_section() || !line.endings.is_empty();
    if cuts(&bar.after) {
        *split = Some(length);
    }
    if first || last || cuts(&bar.after) || (cuts(&bar.before) && before.is_none_or(|part| part + length <= full)) {
        return None;
    }
    let units = (full - length).ratio(unit);
    let fault = Fault::new(format!("the bar is {units} × {unit} too short for {meter}"));
    Some(fault.with_help(format!("{} would fill it", rest(units))))
}

fn check_bar_counts(tune: &Tune, diagnostics: &mut Vec<Diagnostic>) {
    // In a prompt loops go round and the model goes on: their lengths are free.
    if tune.header.voices.iter().any(|voice| voice.get("by").is_some()) {
        return;
    }
    let longest = tune.bar_count();
    for voice in tune.voices.iter().filter(|voice| !voice.bars.is_empty() && voice.bars.len() < longest) {
        let span = voice.bars.last().map_or(tune.span, |bar| bar.span);
        let message = format!("voice {} has {} bars, the longest voice {longest}", voice.id, voice.bars.len());
        let help = format!("Z{} at its end would make it as long", longest - voice.bars.len());
        diagnostics.push(Diagnostic::warning(span, message).with_help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str, expect: &str) {
        let shown: Vec<String> = check(text).iter().map(|d| d.display("x", text)).collect();
        assert_eq!(shown.join("\n"), expect);
    }

    #[test]
    fn short_and_long_bars() {
        check_text(
            "X:1\nM:4/4\nL:1/8\nK:C\nC2|CDEF GABc|CDEF|CDEF GABcd|c4|]\n",
            "x:5:14: warning: the bar is 4 × 1/8 too short for 4/4 (z4 would fill it)\n\
             x:5:19: warning: the bar is 1 × 1/8 too long for 4/4 (it is full before 'd': leave that out, or put a bar line there)",
        );
    }

    #[test]
    fn what_to_do_about_long_bars() {
        for (bar, help) in [
            ("CDEF GABc d", "it is full before 'd': leave that out, or put a bar line there"),
            ("CDEF GABc \"G\"d2 e2", "it is full before '\"G\"d2 e2': leave that out, or put a bar line there"),
            ("CDEF G6", "shorten 'G6' by 2 × 1/8"),
            ("C>DE>F GAB<c (3def", "it is full before '(3def': leave that out, or put a bar line there"),
            ("CDEF G3 [Bd]2", "shorten '[Bd]2' by 1 × 1/8"),
            ("CDEF GA3-A c", "it is full before 'A c': leave that out, or put a bar line there"),
            ("CDEF G6 c", "it is full in the middle of 'G6'"),
            ("C8 & C4 C6", ""),
        ] {
            let said = check(&format!("X:1\nM:4/4\nL:1/8\nK:C\nz8|{bar}|z8|\n"));
            let helps: Vec<&str> = said.iter().map(|said| said.help.as_deref().unwrap_or_default()).collect();
            assert_eq!(helps, [help], "{bar}");
        }
    }

    #[test]
    fn pickups_and_split_bars_are_right() {
        check_text("X:1\nM:4/4\nL:1/8\nK:C\nG2|c4 c4|c4 c2:|G2|c4 c4|1c4 c2:|2c6|]\n", "");
        check_text("X:1\nM:none\nL:1/8\nK:C\nG2|c4 c4|c|\n", "");
    }

    #[test]
    fn bar_counts() {
        check_text(
            "X:1\nM:2/4\nL:1/8\nK:C\n[V:a]C4|D4|\n[V:b]E4|\n",
            "x:6:6: warning: voice b has 1 bars, the longest voice 2 (Z1 at its end would make it as long)",
        );
        check_text("X:1\nM:2/4\nL:1/8\nK:C\nV:a by=loop\nV:b\n[V:a]C4|D4|\n[V:b]E4|\n", "");
    }

    #[test]
    fn bars_of_a_section_are_measured_by_its_metre() {
        let text = "X:1\nM:4/4\nL:1/8\nP:AB\nK:C\nV:a by=loop\nV:b by=loop\nP:A\n[V:a] C8 |\n[V:b] E8 |\nP:B\nM:3/4\n[V:a] C6 | D6 |\n[V:b] E6 | F6 |\n";
        assert_eq!(check(text), []);
    }
}
