//! Voices that the performer plays by hand, and those that trade with them: what their properties may say. Pure.

use super::{By, Voice};
use crate::abc::ast::Header;
use crate::abc::{Diagnostic, Span};
use crate::time::Beats;

/// `1/4`, `1/8`, `1/16` or `1/32`.
pub(super) fn quant(text: &str) -> Option<Beats> {
    let quant: Beats = text.parse().ok()?;
    [4, 8, 16, 32].contains(&quant.denominator()).then_some(quant).filter(|quant| quant.numerator() == 1)
}

/// Says where a voice trades with nobody's hand, which it then does not, and where a hand's own bars are not played.
pub(super) fn check(header: &Header, voices: &mut [Voice], diagnostics: &mut Vec<Diagnostic>) {
    let hands = voices.iter().filter(|voice| voice.by == By::Hand).map(|voice| voice.name.clone());
    let hands: Vec<String> = hands.collect();
    for voice in voices {
        let Some(line) = header.voice(&voice.name) else { continue };
        let place = |name: &str| {
            let property = line.properties.iter().rfind(|property| property.name == name);
            property.map(|property| property.span).filter(|span: &Span| span.start < span.end).unwrap_or(line.span)
        };
        if voice.by == By::Hand && !voice.bars.is_empty() {
            let message = format!("voice {} is played by hand: its bars in the text do not sound", voice.name);
            diagnostics.push(Diagnostic::warning(place("by"), message).with_help("by=loop plays them"));
        }
        let Some(hand) = &voice.trade else { continue };
        let (what, help) = if voice.by != By::Model {
            (format!("voice {} has nothing to answer with", voice.name), "trade= is for by=model".to_owned())
        } else if !hands.contains(hand) {
            let help = match &hands[..] {
                [] => "a voice with by=hand is what it answers".to_owned(),
                hands => format!("there are {}", hands.join(", ")),
            };
            (format!("nobody plays {hand} by hand: voice {} does not wait for it", voice.name), help)
        } else {
            continue;
        };
        diagnostics.push(Diagnostic::warning(place("trade"), what).with_help(help));
        voice.trade = None;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::prompt::{By, read};
    use crate::steer::Lexicon;
    use crate::time::Beats;

    /// Maker, grid and partner of the voices, and what is said.
    fn check(voices: &str, expected: &[(&str, By, i64, Option<&str>)], said: &[&str]) {
        let text = format!("X:1\nM:4/4\nL:1/4\nK:C\n{voices}");
        let (scenes, diagnostics) = read(Path::new("a.abc"), &text, &[], &Lexicon::default());
        let heard: Vec<(&str, By, Beats, Option<&str>)> = scenes[0]
            .voices
            .iter()
            .map(|voice| (voice.name.as_str(), voice.by, voice.quant, voice.trade.as_deref()))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|&(name, by, quant, trade)| (name, by, Beats::new(1, quant), trade)).collect();
        assert_eq!(heard, expected, "{voices}");
        let diagnostics: Vec<String> = diagnostics.iter().map(|said| said.display("a", &text)).collect();
        assert_eq!(diagnostics, said, "{voices}");
    }

    #[test]
    fn hands_and_who_trades_with_them() {
        let hand = |quant| ("keys", By::Hand, quant, None);
        check("V:keys by=hand quant=1/8\nV:lead trade=keys\n", &[hand(8), ("lead", By::Model, 16, Some("keys"))], &[]);
        check(
            "V:lead trade=kezs\nV:keys by=hand\n[V:keys] C4 |\n",
            &[("lead", By::Model, 16, None), hand(16)],
            &[
                "a:5:8: warning: nobody plays kezs by hand: voice lead does not wait for it (there are keys)",
                "a:6:8: warning: voice keys is played by hand: its bars in the text do not sound (by=loop plays them)",
            ],
        );
        check(
            "V:lead by=loop trade=keys\n[V:lead] C4 |\n",
            &[("lead", By::Loop, 16, None)],
            &["a:5:16: warning: voice lead has nothing to answer with (trade= is for by=model)"],
        );
        check(
            "V:keys by=hand quant=1/6\n",
            &[hand(16)],
            &["a:5:16: error: '1/6' does not fit quant= (one of 1/4, 1/8, 1/16 and 1/32)"],
        );
    }
}
