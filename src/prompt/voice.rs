//! One voice of a scene: who writes it, how it sounds, what it may play, and the bars that the text gives it.

use std::ops::RangeInclusive;

use crate::abc::ast::{Tune, VoiceHeader};
use crate::abc::field::Property;
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::abc::{Diagnostic, Meter, Span, print};
use crate::compose::{Role, STREAM_UNIT, VoiceRules};
use crate::score::{Carry, Measure, Note, measure, unfold};
use crate::time::Beats;

/// Who writes a voice's bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The model goes on where the text ends.
    Model,
    /// The text, over and over.
    Loop,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    pub name: String,
    pub by: By,
    pub role: Role,
    pub patch: String,
    /// Text of a MIDI port's name; `None` for the synth.
    pub out: Option<String>,
    /// MIDI channel from 1 to 16.
    pub channel: Option<u8>,
    /// MIDI program from 0 to 127.
    pub program: Option<u8>,
    pub rules: VoiceRules,
    /// Linear gain, 0 to 2.
    pub gain: f32,
    /// -1 left to 1 right.
    pub pan: f32,
    pub muted: bool,
    /// The text's bars, repeats unfolded, each exactly full.
    pub bars: Vec<SeedBar>,
}

/// A bar that the text gives.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedBar {
    /// Canonical, at the stream's unit length in the scene's key.
    pub text: String,
    pub measure: Measure,
    pub span: Span,
}

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
/// Properties of the prompt format that this version does not act on yet.
const LATER: &[&str] = &["in", "quant", "bank", "vel", "gate", "swing", "rhythm", "chart", "latency"];

pub(super) fn voice(
    tune: &Tune,
    name: &str,
    header: &VoiceHeader,
    patches: &[String],
    diagnostics: &mut Vec<Diagnostic>,
) -> Voice {
    let scene_meter = tune.header.meter.unwrap_or(Meter::COMMON);
    let bars = seed_bars(tune, name, diagnostics);
    let percussion = header.get("clef").is_some_and(|clef| clef.starts_with("perc"));
    let role = role(name, header, percussion, &bars);
    let repeats = tune.voice(name).and_then(|voice| voice.bars.last()).is_some_and(|bar| bar.after.ends > 0);
    let mut voice = Voice {
        name: name.to_owned(),
        by: if repeats || (role == Role::Chart && !bars.is_empty()) { By::Loop } else { By::Model },
        role,
        patch: if role == Role::Bass { "sub" } else { "reed" }.to_owned(),
        out: None,
        channel: None,
        program: None,
        rules: VoiceRules { range: if role == Role::Bass { (28, 55) } else { (55, 88) }, ..VoiceRules::default() },
        gain: 1.0,
        pan: 0.0,
        muted: false,
        bars,
    };
    for property in &header.properties {
        if let Err(why) = set(&mut voice, property, &tune.header.key, scene_meter, patches) {
            let place = if property.span.end > property.span.start { property.span } else { header.span };
            diagnostics.push(match why {
                Why::Wrong(message) => Diagnostic::error(place, message),
                Why::Unknown(message) => Diagnostic::warning(place, message),
            });
        }
    }
    if voice.by == By::Loop && voice.bars.is_empty() {
        diagnostics.push(Diagnostic::error(header.span, format!("voice {name} is a loop without notes")));
    }
    if voice.by == By::Model && percussion {
        diagnostics.push(Diagnostic::warning(
            header.span,
            format!("voice {name}: the bundled model writes no drums; give it a loop"),
        ));
    }
    voice
}

enum Why {
    /// The text cannot be played as it says.
    Wrong(String),
    /// It can, without this.
    Unknown(String),
}

fn set(voice: &mut Voice, property: &Property, key: &Key, meter: Meter, patches: &[String]) -> Result<(), Why> {
    let value = property.value.as_str();
    let wrong = |wanted: &str| Why::Wrong(format!("{}={value}: wants {wanted}", property.name));
    match property.name.as_str() {
        "by" => {
            voice.by = match value.split('/').next().unwrap_or(value) {
                "model" => By::Model,
                "loop" => By::Loop,
                later @ ("vary" | "chords" | "hand") => {
                    voice.by = if voice.bars.is_empty() { By::Model } else { By::Loop };
                    return Err(Why::Unknown(format!(
                        "by={later} is not built yet: played as {}",
                        if voice.bars.is_empty() { "model" } else { "loop" }
                    )));
                }
                _ => return Err(wrong("model or loop")),
            }
        }
        "patch" if patches.iter().any(|patch| patch == value) => voice.patch = value.to_owned(),
        "patch" => return Err(Why::Wrong(format!("there is no patch '{value}'; there are: {}", patches.join(", ")))),
        "out" => voice.out = Some(value.to_owned()),
        "channel" => voice.channel = Some(number(value, 1..=16).ok_or_else(|| wrong("1 to 16"))?),
        "prog" => voice.program = Some(number(value, 0..=127).ok_or_else(|| wrong("0 to 127"))?),
        "gain" => {
            voice.gain = value.parse().ok().filter(|gain| (0.0..=2.0).contains(gain)).ok_or_else(|| wrong("0 to 2"))?
        }
        "pan" => {
            voice.pan = value.parse().ok().filter(|pan| (-1.0..=1.0).contains(pan)).ok_or_else(|| wrong("-1 to 1"))?
        }
        "mute" => voice.muted = true,
        "range" => voice.rules.range = range(value).ok_or_else(|| wrong("two notes as in D..d', lowest first"))?,
        "scale" => voice.rules.classes = Some(scale(value, key).ok_or_else(|| wrong("key, penta or \"D F G A C\""))?),
        "grid" => voice.rules.grid = grid(value, meter).ok_or_else(|| wrong("a length as 1/8, 1/16 or 1/32"))?,
        "notes" => voice.rules.notes = notes(value).ok_or_else(|| wrong("a range as 2-8"))?,
        name if LATER.contains(&name) => {
            return Err(Why::Unknown(format!("{name}= is not built yet and does nothing")));
        }
        name if FOREIGN.contains(&name) => {}
        // Control changes by name belong to the rig, which is to come; a bare word belongs to another program.
        _ if value.is_empty() => {}
        name => return Err(Why::Unknown(format!("{name}= is not known here and does nothing"))),
    }
    Ok(())
}

fn number(text: &str, range: RangeInclusive<u8>) -> Option<u8> {
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

fn scale(text: &str, key: &Key) -> Option<u16> {
    let of = |classes: &mut dyn Iterator<Item = i32>| classes.fold(0, |set, class| set | 1 << class.rem_euclid(12));
    let degrees =
        |key: &Key| crate::abc::Step::ALL.map(|step| step.semitones() + i32::from(key.signature[step as usize]));
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

fn role(name: &str, header: &VoiceHeader, percussion: bool, bars: &[SeedBar]) -> Role {
    let notes: Vec<i32> = bars.iter().flat_map(|bar| &bar.measure.notes).map(|note| note.pitch.midi()).collect();
    let low = !notes.is_empty() && notes.iter().sum::<i32>() < 52 * notes.len() as i32;
    if percussion {
        Role::Drums
    } else if notes.is_empty() && bars.iter().any(|bar| !bar.measure.chords.is_empty()) {
        Role::Chart
    } else if low
        || name.to_lowercase().starts_with("bass")
        || header.get("clef").is_some_and(|clef| clef.starts_with("bass"))
    {
        Role::Bass
    } else {
        Role::Lead
    }
}

/// The bars of a voice as they are played: repeats unfolded, pickups and split bars made full.
fn seed_bars(tune: &Tune, name: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<SeedBar> {
    let Some(voice) = tune.voice(name) else { return Vec::new() };
    let full = tune.header.meter.unwrap_or(Meter::COMMON).bar_length();
    let mut carry = Carry::of(tune);
    let mut bars: Vec<(Measure, Span)> = Vec::new();
    let mut said: Vec<Span> = Vec::new();
    let repeats_whole = voice.bars.last().is_some_and(|bar| bar.after.ends > 0);
    let order = unfold(&voice.bars, tune.header.order.as_ref(), &tune.parts);
    // A loop that only repeats itself is as long as it is written.
    let written = voice.bars.len();
    let twice = repeats_whole && order.len() == 2 * written && order[..written] == order[written..];
    for at in if twice { &order[..written] } else { &order[..] } {
        let bar = &voice.bars[*at];
        let (measure, heard) = measure(bar, &mut carry);
        if !said.contains(&bar.span) {
            said.push(bar.span);
            diagnostics.extend(heard);
            if measure.length > full {
                let text = format!("the bar lasts {}, the metre asks for {full}", measure.length);
                diagnostics.push(Diagnostic::error(bar.span, text));
            }
        }
        if measure.length == Beats::ZERO && measure.chords.is_empty() {
            continue;
        }
        match bars.last_mut() {
            // Two halves of a split bar belong together.
            Some((last, _)) if last.length < full && last.length + measure.length <= full => append(last, measure),
            _ => bars.push((measure, bar.span)),
        }
    }
    if let Some((first, _)) = bars.first_mut()
        && first.length < full
        && !first.notes.is_empty()
    {
        let late = full - first.length;
        let pickup = std::mem::take(first);
        first.length = late;
        append(first, pickup);
    }
    let style =
        print::Style { signature: tune.header.key.signature, unit: STREAM_UNIT, beat: tune.header.meter().beat() };
    bars.into_iter()
        .map(|(mut measure, span)| {
            cut(&mut measure, full);
            SeedBar { text: print::bar(&measure, full, &style), measure, span }
        })
        .collect()
}

/// Puts `more` behind `measure`.
fn append(measure: &mut Measure, more: Measure) {
    let start = measure.length;
    measure.notes.extend(more.notes.into_iter().map(|note| Note { onset: note.onset + start, ..note }));
    measure.chords.extend(more.chords.into_iter().map(|mut chord| {
        chord.onset += start;
        chord
    }));
    measure.length += more.length;
}

/// Makes the bar exactly as long as the metre asks: what can be read of a bar that is too long still plays.
fn cut(measure: &mut Measure, full: Beats) {
    measure.notes.retain(|note| note.onset < full);
    for note in &mut measure.notes {
        note.length = note.length.min(full - note.onset);
    }
    measure.chords.retain(|chord| chord.onset < full);
    measure.length = full;
}
