//! What a text should be told: everything that parser and measures noticed, bars whose length is off the metre, and voices
//! that do not have the same number of bars.

use crate::abc::Diagnostic;
use crate::abc::ast::{Bar, BarLine, Tune, Voice};
use crate::abc::parse::parse;
use crate::score::{Carry, Measure, measure};
use crate::time::Beats;

/// All that can be said of a text, in the order of its places.
#[must_use]
pub fn check(text: &str) -> Vec<Diagnostic> {
    let (book, mut diagnostics) = parse(text);
    for tune in &book.tunes {
        for voice in &tune.voices {
            check_voice(tune, voice, &mut diagnostics);
        }
        check_bar_counts(tune, &mut diagnostics);
    }
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    diagnostics
}

fn check_voice(tune: &Tune, voice: &Voice, diagnostics: &mut Vec<Diagnostic>) {
    let mut carry = Carry::of(tune, &voice.id);
    let mut split = None; // the part of a bar before a repeat sign that cuts it
    for (at, bar) in voice.bars.iter().enumerate() {
        let (measure, heard) = measure(bar, &mut carry);
        diagnostics.extend(heard);
        let last = at + 1 == voice.bars.len();
        let Some(message) = length_message(bar, &measure, at == 0, last, &mut split) else { continue };
        diagnostics.push(Diagnostic::warning(bar.span, message));
    }
}

/// What is wrong with the bar's length, if anything. Bars may be short at the start (a pickup), at the end, and where a
/// repeat sign, double bar or ending cuts them.
fn length_message(bar: &Bar, measure: &Measure, first: bool, last: bool, split: &mut Option<Beats>) -> Option<String> {
    let full = bar.context.meter.length()?;
    let before = split.take();
    let length = measure.length;
    if length == full {
        return None;
    }
    let (meter, unit) = (bar.context.meter, bar.context.unit);
    let units = |time: Beats| format!("{} × {unit}", time.ratio(unit));
    if length > full {
        return Some(format!("the bar is {} too long for {meter}", units(length - full)));
    }
    let cuts = |line: &BarLine| line.is_section() || !line.endings.is_empty();
    if cuts(&bar.after) {
        *split = Some(length);
    }
    if first || last || cuts(&bar.after) || (cuts(&bar.before) && before.is_none_or(|part| part + length <= full)) {
        return None;
    }
    Some(format!("the bar is {} too short for {meter}", units(full - length)))
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
        diagnostics.push(Diagnostic::warning(span, message));
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
            "x:5:14: warning: the bar is 4 × 1/8 too short for 4/4\nx:5:19: warning: the bar is 1 × 1/8 too long for 4/4",
        );
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
            "x:6:6: warning: voice b has 1 bars, the longest voice 2",
        );
        check_text("X:1\nM:2/4\nL:1/8\nK:C\nV:a by=loop\nV:b\n[V:a]C4|D4|\n[V:b]E4|\n", "");
    }
}
