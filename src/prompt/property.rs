//! The properties of a voice, `name=value` in its `V:` line: reads one into a [`Voice`].

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use super::expression::{self, Cannot};
use super::voice::{By, Voice};
use super::{hand, rhythm};
use crate::abc::ast::Header;
use crate::abc::diagnostic::{did_you_mean, excerpt};
use crate::abc::field::Property;
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::abc::{Fault, Meter, Step};
use crate::accompany::Style;
use crate::compose::Role;
use crate::rig::controller;
use crate::time::Beats;

/// Properties that do something.
const OURS: &[&str] = &[
    "by", "patch", "in", "out", "channel", "bank", "prog", "gain", "pan", "mute", "range", "scale", "grid", "notes",
    "rhythm", "chart", "vel", "gate", "swing", "human", "quant", "trade",
];
/// Of these the ones that hold the model's bars to something.
pub(super) const CONSTRAINTS: [&str; 6] = ["range", "scale", "grid", "notes", "rhythm", "chart"];

/// Properties of other programs, and of rooms that are not built yet; passed over in silence.
const FOREIGN: &[&str] = &[
    "clef",
    "name",
    "nm",
    "sname",
    "snm",
    "subname",
    "stem",
    "staves",
    "brace",
    "bracket",
    "middle",
    "m",
    "stafflines",
    "transpose",
    "octave",
    "t",
    "score",
    "dyn",
    "lyrics",
    "gstem",
    "merge",
    "up",
    "down",
];
/// Bars from one variation of a loop to the next.
const MOST_VARIED: u32 = 64;

/// Why a property does not do what it says.
pub(super) enum Why {
    /// The text cannot be played as it says.
    Wrong(Fault),
    /// Nor this part of the value.
    WrongWithin(Range<usize>, Fault),
    /// It can, without this.
    Unknown(Fault),
}

/// Whether a name means something in a `V:` line whatever the rig.
#[must_use]
pub fn is_property(name: &str) -> bool {
    [OURS, FOREIGN].concat().contains(&name)
}

/// Takes a property over. `patches` are the names that `patch=` may say.
pub(super) fn set(voice: &mut Voice, property: &Property, header: &Header, patches: &[String]) -> Result<(), Why> {
    let (key, meter) = (&header.key, header.meter.unwrap_or(Meter::COMMON));
    let value = property.value.as_str();
    let said = || format!("'{}' does not fit {}=", excerpt(value), property.name);
    let wrong = |help: &'static str| Why::Wrong(Fault::new(said()).with_help(help));
    let choice = |words: &[&str], otherwise: String| {
        Why::Wrong(Fault::new(said()).with_help(did_you_mean(value, words.iter().copied()).unwrap_or(otherwise)))
    };
    match property.name.as_str() {
        "by" => {
            let (who, how) = value.split_once('/').unwrap_or((value, ""));
            voice.by = match who {
                "model" => By::Model,
                "loop" => By::Loop,
                "chords" => {
                    let styles = |known: String| {
                        let help = did_you_mean(how, Style::NAMES)
                            .unwrap_or_else(|| format!("after the stroke there are {known}"));
                        Why::Wrong(Fault::new(said()).with_help(help))
                    };
                    voice.comping = Some(Style::parse(how).map_err(styles)?);
                    voice.role = Role::Keys;
                    By::Loop
                }
                "vary" => {
                    let bars = how.parse().ok().filter(|bars| (1..=MOST_VARIED).contains(bars));
                    voice.vary = Some(bars.ok_or_else(|| wrong("after the stroke each how many bars, as in vary/4"))?);
                    By::Loop
                }
                "hand" => {
                    if voice.role != Role::Drums {
                        voice.role = Role::Hand;
                    }
                    By::Hand
                }
                _ => {
                    return Err(choice(
                        &["model", "loop", "vary", "chords", "hand"],
                        "there are model, loop, vary/4, chords and hand".into(),
                    ));
                }
            }
        }
        "patch" if patches.iter().any(|patch| patch == value) => value.clone_into(&mut voice.patch),
        "patch" => {
            let near = did_you_mean(value, patches.iter().map(String::as_str));
            let help = near.unwrap_or_else(|| format!("there are {}", patches.join(", ")));
            return Err(Why::Wrong(Fault::new(format!("there is no patch '{}'", excerpt(value))).with_help(help)));
        }
        "gain" => {
            voice.gain = real(value, 0.0..=2.0).ok_or_else(|| wrong("a number from 0 to 2; 1 leaves it as it is"))?;
        }
        "pan" => voice.pan = real(value, -1.0..=1.0).ok_or_else(|| wrong("a number from -1, left, to 1, right"))?,
        "mute" => voice.muted = true,
        name @ ("vel" | "gate" | "swing" | "human") => {
            match expression::set(&mut voice.expression, name, value, meter) {
                Some(Err(Cannot::Read(help))) => return Err(wrong(help)),
                Some(Err(Cannot::Swing)) => {
                    let fault = Fault::new(format!("swing= does nothing in {meter}"));
                    return Err(Why::Unknown(fault.with_help("it wants felt beats that divide in two")));
                }
                _ => {}
            }
        }
        "range" => voice.rules.range = range(value).ok_or_else(|| wrong("two notes, lowest first, as in D..d'"))?,
        "scale" => {
            voice.rules.classes =
                Some(scale(value, key).ok_or_else(|| wrong("key, penta, or notes as in \"D F G A C\""))?);
        }
        "grid" => {
            voice.rules.grid = grid(value, meter)
                .ok_or_else(|| wrong("one of 1/2, 1/4, 1/8, 1/16 and 1/32, and no longer than a bar"))?;
        }
        "quant" => voice.quant = hand::quant(value).ok_or_else(|| wrong("one of 1/4, 1/8, 1/16 and 1/32"))?,
        "trade" => voice.trade = Some(value.to_owned()),
        "rhythm" => {
            voice.rhythm =
                rhythm::read(value, header.unit, meter).map_err(|(at, fault)| Why::WrongWithin(at, fault))?;
        }
        "chart" => {
            if value != "strong" {
                return Err(wrong("chart=strong: on strong beats only notes of the chart's chord"));
            }
            voice.strong = true;
        }
        "notes" => voice.rules.notes = notes(value).ok_or_else(|| wrong("fewest and most, as in 2-8"))?,
        name if FOREIGN.contains(&name) => {}
        // A bare word belongs to another program.
        _ if value.is_empty() => {}
        name => {
            let mut fault = Fault::new(format!("{}= is not known here and does nothing", excerpt(name)));
            let controllers = controller::STANDARD.iter().map(|(name, _)| name);
            let known = OURS.iter().chain(FOREIGN).chain(controllers).copied();
            fault.help = did_you_mean(name, known).map(Cow::Owned);
            return Err(Why::Unknown(fault));
        }
    }
    Ok(())
}

fn real(text: &str, range: RangeInclusive<f32>) -> Option<f32> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// A sounding pitch as ABC writes it.
fn pitch(text: &str) -> Option<u8> {
    let (measure, diagnostics) = read_bar(text, &Key::NONE, Meter::Free, Beats::EIGHTH, &[]);
    match &measure.notes[..] {
        [note] if diagnostics.is_empty() => u8::try_from(note.pitch.midi()).ok().filter(|midi| *midi < 128),
        _ => None,
    }
}

fn range(text: &str) -> Option<(u8, u8)> {
    let (low, high) = text.split_once("..")?;
    let (low, high) = (pitch(low)?, pitch(high)?);
    (low < high).then_some((low, high))
}

pub(super) fn scale(text: &str, key: &Key) -> Option<u16> {
    let of = |classes: &mut dyn Iterator<Item = i32>| classes.fold(0, |set, class| set | 1 << class.rem_euclid(12));
    let degrees = |key: &Key| Step::ALL.map(|step| step.semitones() + i32::from(key.signature[step as usize]));
    match text {
        "key" => Some(of(&mut degrees(key).into_iter())),
        "penta" => {
            // The major pentatonic of the signature: do re mi sol la, which is also the minor one of its relative.
            let flats: i32 = key.signature.iter().map(|&alter| i32::from(alter)).sum();
            Some(of(&mut [0, 2, 4, 7, 9].into_iter().map(|degree| degree + 7 * flats)))
        }
        names => {
            let classes: Option<Vec<i32>> = names
                .split_whitespace()
                .map(|name| {
                    let (key, _) = Key::parse(name).ok()?;
                    key.tonic.map(|(step, alter)| step.semitones() + i32::from(alter))
                })
                .collect();
            classes.filter(|classes| !classes.is_empty()).map(|classes| of(&mut classes.into_iter()))
        }
    }
}

/// In ticks of 1/96.
fn grid(text: &str, meter: Meter) -> Option<u16> {
    let length: Beats = text.parse().ok()?;
    let ticks = length * 96;
    let fits = ticks.denominator() == 1 && [3, 6, 12, 24, 48].contains(&ticks.numerator());
    (fits && meter.bar_length() >= length).then_some(ticks.numerator() as u16)
}

fn notes(text: &str) -> Option<(u8, u8)> {
    let (least, most) = text.split_once('-')?;
    let (least, most) = (least.parse().ok()?, most.parse().ok()?);
    (least <= most && most > 0).then_some((least, most))
}
