//! One voice of a scene: who writes it, how it sounds, what it may play, and the bars that the text gives it.

use std::sync::Arc;

use super::Known;
use super::hardware::{self, Lane};
use super::property::{self, Why};
use super::seed::{Repeats, SeedBar, seed_bars};
use crate::abc::ast::{Bar, Tune, VoiceHeader};
use crate::abc::bar::Pattern;
use crate::abc::key::Key;
use crate::abc::midi::MidiCourse;
use crate::abc::{Diagnostic, Meter, Span, print};
use crate::accompany::{Comper, RANGE, Style};
use crate::compose::{Role, STREAM_UNIT, VoiceRules};
use crate::rig::Output;
use crate::score::Expression;
use crate::time::Beats;

/// Who writes a voice's bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The model goes on where the text ends.
    Model,
    /// The text, over and over.
    Loop,
    /// The performer, at an instrument.
    Hand,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    pub name: String,
    pub by: By,
    pub role: Role,
    /// Each so many bars of a loop the last one is varied; `None` for never.
    pub vary: Option<u32>,
    /// Where what is played by hand may begin and end: each so much of a whole note.
    pub quant: Beats,
    /// The hand that it answers when that falls silent, by its name; it rests meanwhile.
    pub trade: Option<String>,
    /// How a voice that comps plays the chart; its bars are made from it.
    pub comping: Option<Style>,
    pub patch: String,
    /// Text of the name of the MIDI input that a hand is heard on.
    pub input: Option<String>,
    /// Text of a MIDI port's name, or `synth`; `None` where the command line says.
    pub out: Option<String>,
    /// What the rig knows of it.
    pub output: Option<Arc<Output>>,
    /// MIDI channel from 1 to 16.
    pub channel: Option<u8>,
    /// MIDI program from 0 to 127.
    pub program: Option<u8>,
    /// MIDI bank from 0 to 16383.
    pub bank: Option<u16>,
    /// One for each controller that is said.
    pub lanes: Vec<Lane>,
    pub rules: VoiceRules,
    /// The bars of `rhythm=`, in turn from the scene's first bar on; none for a free rhythm.
    pub rhythm: Vec<Pattern>,
    /// On strong beats only tones of the chart's chord.
    pub strong: bool,
    pub expression: Expression,
    /// Linear gain, 0 to 2.
    pub gain: f32,
    /// -1 left to 1 right.
    pub pan: f32,
    pub muted: bool,
    /// The text's bars, repeats unfolded, each exactly full. Sections share those at the top.
    pub bars: Arc<[SeedBar]>,
}

impl Voice {
    /// A voice of which nothing is said.
    #[must_use]
    pub fn new(name: &str, by: By, role: Role) -> Voice {
        Voice {
            name: name.to_owned(),
            by,
            role,
            vary: None,
            quant: Beats::new(1, 16),
            trade: None,
            comping: None,
            patch: match role {
                Role::Bass => "sub",
                Role::Drums => "kit",
                _ => "reed",
            }
            .to_owned(),
            input: None,
            out: None,
            output: None,
            channel: None,
            program: None,
            bank: None,
            lanes: Vec::new(),
            rules: VoiceRules { range: range(role), ..VoiceRules::default() },
            rhythm: Vec::new(),
            strong: false,
            expression: Expression::default(),
            gain: 1.0,
            pan: 0.0,
            muted: false,
            bars: Arc::default(),
        }
    }
}

/// Who goes on behind a voice's last bar in the text, which does not say: the text behind a repeat sign, and where it is a chart.
pub(super) fn goes_on(last: Option<&Bar>, role: Role) -> By {
    let loops = last.is_some_and(|bar| bar.after.ends > 0 || role == Role::Chart);
    if loops { By::Loop } else { By::Model }
}

pub(super) fn voice(
    text: &str,
    tune: &Tune,
    name: &str,
    header: &VoiceHeader,
    known: Known<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Voice {
    let bars = seed_bars(text, tune, name, Repeats::Loop, diagnostics);
    let course = MidiCourse::of(tune, &[name]);
    let midi = course.first(tune, name);
    let percussion = header.is_percussion();
    let role = role(name, header, percussion, &bars);
    if !percussion && DRUMS.iter().any(|drums| name.to_lowercase().starts_with(drums)) {
        let message = format!("voice {name} plays pitched notes");
        diagnostics.push(Diagnostic::warning(header.span, message).with_help("drums want clef=perc"));
    }
    let by = goes_on(tune.voice(name).and_then(|voice| voice.bars.last()), role);
    let output = hardware::output(header, known.rig);
    let channel = output.as_ref().and_then(|output| output.channel).or(midi.channel);
    let input = hardware::input(header, known.rig);
    let mut voice =
        Voice { input, channel, program: midi.program, output, bars: bars.into(), ..Voice::new(name, by, role) };
    for property in &header.properties {
        let set = hardware::set(&mut voice, property)
            .unwrap_or_else(|| property::set(&mut voice, property, &tune.header, known.patches));
        if let Err(why) = set {
            let written = property.span.end > property.span.start;
            let place = if written { property.span } else { header.span };
            diagnostics.push(match why {
                Why::WrongWithin(part, fault) if written => {
                    let value = place.start + property.name.len() + 1;
                    let value = value + usize::from(text.as_bytes().get(value) == Some(&b'"'));
                    let place = Span { start: value + part.start, end: (value + part.end).max(value + part.start + 1) };
                    Diagnostic::error(place, fault)
                }
                Why::Wrong(fault) | Why::WrongWithin(_, fault) => Diagnostic::error(place, fault),
                Why::Unknown(fault) => Diagnostic::warning(place, fault),
            });
        }
    }
    if let (Some(message), Some(property)) =
        (hardware::check(&voice), header.properties.iter().find(|property| property.name == "bank"))
    {
        diagnostics.push(Diagnostic::warning(property.span, message));
    }
    if voice.input.is_some()
        && voice.by != By::Hand
        && let Some(property) = header.properties.iter().find(|property| property.name == "in")
    {
        let message = format!("voice {name} is not played by hand, and hears nothing");
        diagnostics.push(Diagnostic::warning(property.span, message).with_help("in= wants by=hand"));
    }
    if let Some(patch) = voice.output.as_ref().and_then(|output| output.fallback.as_ref()) {
        voice.patch.clone_from(patch);
    }
    if voice.role == Role::Drums
        && let Some(property) = header.properties.iter().find(|said| ["scale", "chart"].contains(&said.name.as_str()))
    {
        let message = format!("drums know no pitches: {}= does nothing here", property.name);
        diagnostics.push(Diagnostic::warning(property.span, message));
        (voice.rules.classes, voice.strong) = (None, false);
    }
    // A rhythm says how short and how many, unless the text says it besides.
    if !voice.rhythm.is_empty() {
        voice.rules = rhythmic(voice.rules, |name| header.get(name).is_some());
    }
    if voice.comping.is_some() {
        if header.get("range").is_none() {
            voice.rules.range = RANGE;
        }
        return voice;
    }
    if voice.by == By::Loop && voice.bars.is_empty() {
        let help = format!("give it bars, as in [V:{name}] CDEF |, or say by=model");
        let message = format!("voice {name} is a loop without notes");
        diagnostics.push(Diagnostic::error(header.span, message).with_help(help));
    }
    voice
}

/// The rules of a voice with a rhythm, where `said` tells which properties are the performer's.
pub(super) fn rhythmic(rules: VoiceRules, said: impl Fn(&str) -> bool) -> VoiceRules {
    VoiceRules {
        grid: if said("grid") { rules.grid } else { 3 },
        notes: if said("notes") { rules.notes } else { (0, u8::MAX) },
        ..rules
    }
}

/// Where a voice lies whose text does not say.
pub(super) fn range(role: Role) -> (u8, u8) {
    match role {
        Role::Bass => (28, 55),
        Role::Drums => (35, 81),
        Role::Keys | Role::Arp => (48, 84),
        Role::Inner => (50, 76),
        Role::Chart | Role::Lead | Role::Hand => (55, 88),
    }
}

/// Beginnings of voice names that say what the voice is.
const NAMES: &[(&str, Role)] = &[
    ("bass", Role::Bass),
    ("keys", Role::Keys),
    ("piano", Role::Keys),
    ("organ", Role::Keys),
    ("pad", Role::Keys),
    ("comp", Role::Keys),
    ("chords", Role::Keys),
    ("arp", Role::Arp),
    ("ostinato", Role::Arp),
    ("riff", Role::Arp),
    ("seq", Role::Arp),
    ("inner", Role::Inner),
    ("alto", Role::Inner),
    ("tenor", Role::Inner),
    ("hand", Role::Hand),
    ("lead", Role::Lead),
    ("melody", Role::Lead),
];

/// Beginnings of names that a drum voice would have.
const DRUMS: &[&str] = &["kit", "drums", "perc"];

/// What a voice is: by its clef or its chords, else by its name, else by where its notes lie.
fn role(name: &str, header: &VoiceHeader, percussion: bool, bars: &[SeedBar]) -> Role {
    let notes: Vec<i32> = bars.iter().flat_map(|bar| &bar.measure.notes).map(|note| note.pitch.midi()).collect();
    let low = !notes.is_empty() && notes.iter().sum::<i32>() < 52 * notes.len() as i32;
    let name = name.to_lowercase();
    let named = NAMES.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|&(_, role)| role);
    let bass_clef = header.get("clef").is_some_and(|clef| clef.starts_with("bass"));
    if percussion {
        Role::Drums
    } else if notes.is_empty() && bars.iter().any(|bar| !bar.measure.chords.is_empty()) {
        Role::Chart
    } else if let Some(role) = named {
        role
    } else if low || bass_clef {
        Role::Bass
    } else {
        Role::Lead
    }
}

/// A voice's name, metre and key, a chart, and the bars of the voice to it.
pub(super) type Comped = (String, (Meter, Key), Arc<[SeedBar]>, Arc<[SeedBar]>);

/// Gives the voices that comp their bars: those of the chart, accompanied. The chart is what the voice itself says, or else the first voice
/// with chord symbols; `%%MIDI` directives of either hold. What is made of a chart is known to who comes with the same one again.
pub(super) fn comp(tune: &Tune, voices: &mut [Voice], comped: &mut Vec<Comped>, diagnostics: &mut Vec<Diagnostic>) {
    let has_chords = |voice: &Voice| voice.bars.iter().any(|bar| !bar.measure.chords.is_empty());
    let charted = |voice: &Voice| (voice.name.clone(), Arc::clone(&voice.bars));
    let chart = voices.iter().find(|voice| has_chords(voice)).map(charted);
    let meter = tune.header.meter.unwrap_or(Meter::COMMON);
    let print_style = print::Style::new(&tune.header.key, meter, STREAM_UNIT);
    for voice in voices {
        let Some(style) = voice.comping.clone() else { continue };
        let header = tune.header.voice(&voice.name);
        let own = has_chords(voice).then(|| charted(voice));
        let Some((name, chart)) = own.or_else(|| chart.clone()) else {
            let place = header.map_or(tune.header.span, |header| header.span);
            let message = format!("voice {} comps, but nothing has chord symbols", voice.name);
            diagnostics
                .push(Diagnostic::error(place, message).with_help("a chart is a voice such as [V:ch] \"Am\"x4 |"));
            continue;
        };
        let course = MidiCourse::of(tune, &[&name, &voice.name]);
        if header.is_none_or(|header| header.get("prog").is_none()) {
            let first = chart.first().and_then(|bar| course.at(bar.span.start).chord.program);
            voice.program = first.or(voice.program);
        }
        let of = (voice.name.clone(), (meter, tune.header.key));
        let known =
            comped.iter().find(|(name, music, to, _)| (name, music) == (&of.0, &of.1) && Arc::ptr_eq(to, &chart));
        if let Some((.., bars)) = known {
            voice.bars = Arc::clone(bars);
            continue;
        }
        let mut comper = Comper::new(style, voice.rules.range);
        voice.bars = chart
            .iter()
            .map(|bar| {
                comper.direct(course.at(bar.span.start));
                let measure = comper.bar(&bar.measure.chords, meter);
                let text = print::bar(&measure, meter.bar_length(), &print_style);
                SeedBar { text, measure, late: bar.late, span: bar.span }
            })
            .collect();
        comped.push((of.0, of.1, chart, Arc::clone(&voice.bars)));
    }
}
