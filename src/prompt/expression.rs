//! The properties that say how a voice is played: `vel=`, `gate=`, `swing=`, `human=`. Pure.

use crate::abc::Meter;
use crate::score::{Expression, Human, Swing};
use crate::time::Beats;

/// Velocities vary at most by so much, onsets by so many milliseconds.
const MOST_HUMAN: (u8, u8) = (30, 20);

/// What a property cannot do.
pub(super) enum Cannot {
    /// Its value is not one; this is how to say it.
    Read(&'static str),
    /// It does nothing in this metre.
    Swing,
}

/// Takes such a property over; `None` for others.
pub(super) fn set(expression: &mut Expression, name: &str, value: &str, meter: Meter) -> Option<Result<(), Cannot>> {
    let (done, help) = match name {
        "vel" => (
            velocities(value).map(|range| expression.velocity = range),
            "velocities from 1 to 127, softest first, as in 40..110, or a single one",
        ),
        "gate" => (
            percent(value, 5, 100).map(|share| expression.gate = share),
            "the share of a note that sounds, from 5% to 100%",
        ),
        "swing" => (
            swing(value).map(|swing| expression.swing = Some(swing)),
            "where the second eighth of a pair falls, from 50% to 75%, or the second sixteenth, as in 58%/16",
        ),
        "human" => (
            human(value).map(|human| expression.human = human),
            "how far velocities vary, 0 to 30, and, behind a stroke, by how many milliseconds, 0 to 20, as in 6/10",
        ),
        _ => return None,
    };
    Some(match (done, expression.swing) {
        (None, _) => Err(Cannot::Read(help)),
        (_, Some(swing)) if name == "swing" && !swing.fits(meter) => Err(Cannot::Swing),
        _ => Ok(()),
    })
}

fn number(text: &str, low: u8, high: u8) -> Option<u8> {
    text.parse().ok().filter(|number| (low..=high).contains(number))
}

fn percent(text: &str, low: u8, high: u8) -> Option<u8> {
    number(text.strip_suffix('%').unwrap_or(text), low, high)
}

fn velocities(text: &str) -> Option<(u8, u8)> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let (low, high) = (number(low, 1, 127)?, number(high, 1, 127)?);
    (low <= high).then_some((low, high))
}

fn swing(text: &str) -> Option<Swing> {
    let (share, pair) = match text.split_once('/') {
        None | Some((_, "8")) => (text.trim_end_matches("/8"), Beats::QUARTER),
        Some((share, "16")) => (share, Beats::EIGHTH),
        Some(_) => return None,
    };
    Some(Swing { pair, share: percent(share, 50, 75)? })
}

fn human(text: &str) -> Option<Human> {
    let (velocity, millis) = text.split_once('/').unwrap_or((text, "0"));
    let millis = millis.strip_suffix("ms").unwrap_or(millis);
    Some(Human { velocity: number(velocity, 0, MOST_HUMAN.0)?, millis: number(millis, 0, MOST_HUMAN.1)? })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::prompt::read;
    use crate::steer::Lexicon;

    fn check(meter: &str, property: &str) -> (Expression, String) {
        let text = format!("X:1\nM:{meter}\nL:1/8\nK:C\nV:a {property} pan=1\n");
        let (scenes, said) = read(Path::new("t.abc"), &text, &[], &Lexicon::default());
        assert_eq!(scenes[0].voices[0].pan, 1.0, "{property} hides what is behind it");
        (scenes[0].voices[0].expression, said.iter().map(|said| said.display("t", &text)).collect())
    }

    #[test]
    fn properties_of_expression() {
        let plain = Expression::default();
        let (eighths, sixteenths) = (Beats::QUARTER, Beats::EIGHTH);
        for (meter, property, expected) in [
            ("4/4", "vel=40..110", Expression { velocity: (40, 110), ..plain }),
            ("4/4", "vel=80", Expression { velocity: (80, 80), ..plain }),
            ("4/4", "gate=50%", Expression { gate: 50, ..plain }),
            ("4/4", "gate=5", Expression { gate: 5, ..plain }),
            ("3/4", "swing=58%", Expression { swing: Some(Swing { pair: eighths, share: 58 }), ..plain }),
            ("2/2", "swing=75%/8", Expression { swing: Some(Swing { pair: eighths, share: 75 }), ..plain }),
            ("4/4", "swing=50/16", Expression { swing: Some(Swing { pair: sixteenths, share: 50 }), ..plain }),
            ("4/4", "human=6", Expression { human: Human { velocity: 6, millis: 0 }, ..plain }),
            ("4/4", "human=0/20ms", Expression { human: Human { velocity: 0, millis: 20 }, ..plain }),
        ] {
            assert_eq!(check(meter, property), (expected, String::new()), "{property}");
        }
        for (meter, property, expected) in [
            ("4/4", "vel=110..40", "t:5:5: error: '110..40' does not fit vel= (velocities from 1 to 127"),
            ("4/4", "vel=0..90", "t:5:5: error: '0..90' does not fit vel="),
            ("4/4", "gate=120%", "t:5:5: error: '120%' does not fit gate= (the share of a note that sounds"),
            ("4/4", "swing=80%", "t:5:5: error: '80%' does not fit swing="),
            ("4/4", "swing=58%/12", "t:5:5: error: '58%/12' does not fit swing="),
            ("4/4", "human=6/50", "t:5:5: error: '6/50' does not fit human="),
            ("6/8", "swing=58%", "t:5:5: warning: swing= does nothing in 6/8"),
            ("7/8", "swing=58%", "t:5:5: warning: swing= does nothing in 7/8"),
            ("4/4", "swng=58%", "t:5:5: warning: swng= is not known here and does nothing (did you mean 'swing'?)"),
        ] {
            let (_, said) = check(meter, property);
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
