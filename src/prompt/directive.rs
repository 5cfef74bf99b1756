//! What `%%` lines say of a scene as a whole. Pure.

use num_rational::Ratio;

use crate::abc::Diagnostic;
use crate::abc::ast::Directive;
use crate::time::Beats;

/// A dotted quaver.
pub(super) const DELAY: (i64, i64) = (3, 16);

/// The last directive of this name, and what it says behind it.
fn last<'a>(directives: &'a [Directive], name: &str) -> Option<(&'a Directive, &'a str)> {
    let said = |directive: &'a Directive| {
        let rest = directive.text.strip_prefix(name)?;
        // A value without a blank before it is none, and is told.
        (!rest.starts_with(char::is_alphabetic)).then_some((directive, rest))
    };
    directives.iter().rev().find_map(said)
}

/// What stands behind a blank.
fn said(rest: &str) -> Option<&str> {
    rest.starts_with(char::is_whitespace).then(|| rest.trim())
}

/// `%%phrase N`; 4 when it does not say.
pub(super) fn phrase(directives: &[Directive], diagnostics: &mut Vec<Diagnostic>) -> u32 {
    let Some((directive, value)) = last(directives, "phrase") else { return 4 };
    if let Some(bars @ 1..=64) = said(value).and_then(|value| value.parse().ok()) {
        return bars;
    }
    let message = "%%phrase wants a number of bars from 1 to 64";
    diagnostics.push(Diagnostic::error(directive.span, message).with_help("as in %%phrase 8"));
    4
}

/// `%%delay 1/8`, from 1/32 to 1/1; a dotted quaver when it does not say.
pub(super) fn delay(directives: &[Directive], diagnostics: &mut Vec<Diagnostic>) -> Beats {
    let first = Beats::new(DELAY.0, DELAY.1);
    let Some((directive, value)) = last(directives, "delay") else { return first };
    let length = || {
        let (numerator, denominator) = said(value)?.split_once('/')?;
        let (numerator, denominator) = (numerator.parse::<u8>().ok()?, denominator.parse::<u8>().ok()?);
        (denominator > 0).then(|| Ratio::new(i64::from(numerator), i64::from(denominator)))
    };
    if let Some(length) = length().filter(|length| (Ratio::new(1, 32)..=Ratio::from(1)).contains(length)) {
        return Beats::new(*length.numer(), *length.denom());
    }
    let message = "%%delay wants a length from 1/32 to 1/1";
    diagnostics.push(Diagnostic::error(directive.span, message).with_help("as in %%delay 3/16"));
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::Span;

    #[test]
    fn delays() {
        let said = |text: &str| {
            let directive =
                Directive { text: text.to_owned(), span: Span::default(), after_bars: None, voice: None, midi: vec![] };
            let mut diagnostics = Vec::new();
            let delay = delay(&[directive], &mut diagnostics);
            (delay, diagnostics.len())
        };
        for (text, length, errors) in [
            ("delay 1/8", (1, 8), 0),
            ("delay 3/16", (3, 16), 0),
            ("delay 1/1", (1, 1), 0),
            ("delays 1/4", DELAY, 0),
            ("delay 1/64", DELAY, 1),
            ("delay 5/4", DELAY, 1),
            ("delay 1/0", DELAY, 1),
            ("delay", DELAY, 1),
            ("delay soon", DELAY, 1),
            ("delay1/8", DELAY, 1),
            ("delay=1/8", DELAY, 1),
        ] {
            assert_eq!(said(text), (Beats::new(length.0, length.1), errors), "{text}");
        }
    }
}
