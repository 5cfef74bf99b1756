//! One voice of a scene: who writes it, how it sounds, what it may play, and the bars that the text gives it.

use super::property::{self, Why};
use super::seed::{SeedBar, seed_bars};
use crate::abc::ast::{Tune, VoiceHeader};
use crate::abc::midi::MidiSettings;
use crate::abc::{Diagnostic, Meter, print};
use crate::accompany::{Comper, Style};
use crate::compose::{Role, STREAM_UNIT, VoiceRules};

/// Where accompaniment lies: bass notes from C, up, chords around middle C.
const COMPING_RANGE: (u8, u8) = (36, 84);

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
    /// How a voice that comps plays the chart; its bars are made from it.
    pub comping: Option<Style>,
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

pub(super) fn voice(
    tune: &Tune,
    name: &str,
    header: &VoiceHeader,
    patches: &[String],
    diagnostics: &mut Vec<Diagnostic>,
) -> Voice {
    let scene_meter = tune.header.meter.unwrap_or(Meter::COMMON);
    let bars = seed_bars(tune, name, diagnostics);
    let midi = MidiSettings::of(tune, name);
    let percussion = header.is_percussion();
    let role = role(name, header, percussion, &bars);
    if !percussion && DRUMS.iter().any(|drums| name.to_lowercase().starts_with(drums)) {
        let message = format!("voice {name} plays pitched notes: drums want clef=perc");
        diagnostics.push(Diagnostic::warning(header.span, message));
    }
    let repeats = tune.voice(name).and_then(|voice| voice.bars.last()).is_some_and(|bar| bar.after.ends > 0);
    let mut voice = Voice {
        name: name.to_owned(),
        by: if repeats || (role == Role::Chart && !bars.is_empty()) { By::Loop } else { By::Model },
        role,
        comping: None,
        patch: if role == Role::Bass { "sub" } else { "reed" }.to_owned(),
        out: None,
        channel: midi.channel,
        program: midi.program,
        rules: VoiceRules { range: range(role), ..VoiceRules::default() },
        gain: 1.0,
        pan: 0.0,
        muted: false,
        bars,
    };
    for property in &header.properties {
        if let Err(why) = property::set(&mut voice, property, &tune.header.key, scene_meter, patches) {
            let place = if property.span.end > property.span.start { property.span } else { header.span };
            diagnostics.push(match why {
                Why::Wrong(message) => Diagnostic::error(place, message),
                Why::Unknown(message) => Diagnostic::warning(place, message),
            });
        }
    }
    if voice.comping.is_some() {
        if header.get("range").is_none() {
            voice.rules.range = COMPING_RANGE;
        }
        if let Some(pattern) = midi.gchord.filter(|_| voice.comping == Some(Style::Gchord)) {
            match Style::parse(&pattern) {
                Ok(style) => voice.comping = Some(style),
                Err(known) => {
                    let message = format!("%%MIDI gchord {pattern}: wants {known}");
                    diagnostics.push(Diagnostic::warning(header.span, message));
                }
            }
        }
        return voice;
    }
    if voice.by == By::Loop && voice.bars.is_empty() {
        diagnostics.push(Diagnostic::error(header.span, format!("voice {name} is a loop without notes")));
    }
    voice
}

/// Where a voice lies whose text does not say.
fn range(role: Role) -> (u8, u8) {
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

/// Gives the voices that comp their bars: those of the chart, accompanied. The chart is what the voice itself says, or else the first voice
/// with chord symbols.
pub(super) fn comp(tune: &Tune, voices: &mut [Voice], diagnostics: &mut Vec<Diagnostic>) {
    let has_chords = |voice: &Voice| voice.bars.iter().any(|bar| !bar.measure.chords.is_empty());
    let chart = voices.iter().find(|voice| has_chords(voice)).map(|voice| voice.bars.clone());
    let meter = tune.header.meter.unwrap_or(Meter::COMMON);
    let print_style = print::Style::new(&tune.header.key, meter, STREAM_UNIT);
    for voice in voices {
        let Some(style) = voice.comping.clone() else { continue };
        let own = has_chords(voice).then(|| voice.bars.clone());
        let Some(chart) = own.or_else(|| chart.clone()) else {
            let place = tune.header.voice(&voice.name).map_or(tune.header.span, |header| header.span);
            let message =
                format!("voice {} comps, but nothing has chord symbols: [V:ch] \"Am\"x4 | is a chart", voice.name);
            diagnostics.push(Diagnostic::error(place, message));
            continue;
        };
        let mut comper = Comper::new(style, voice.rules.range);
        voice.bars = chart
            .into_iter()
            .map(|bar| {
                let measure = comper.bar(&bar.measure.chords, meter);
                SeedBar { text: print::bar(&measure, meter.bar_length(), &print_style), measure, span: bar.span }
            })
            .collect();
    }
}
