//! The lines of a journal, one JSON object each. Plain values.

use num_rational::Ratio;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::compose::{Revision, Role};
use crate::event::{Action, Command, Message, ScheduledEvent, VoiceSlot};
use crate::prompt::{MAX_VOICES, Scene, Voice};
use crate::record::{BarRecord, Part};
use crate::time::{Beats, Frames, SampleRate, Tempo};

/// The version of the journal's form. It goes up when an older reader would misunderstand a line.
pub const FORMAT: u32 = 1;

/// `{"bar":{…}}`: what it is, and the rest. Times are in frames of the header's rate since the instrument started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first line, and no other.
    Header(Header),
    /// A text was evaluated.
    Prompt(Evaluated),
    /// From here on a slot sounds so.
    Voice(Sound),
    /// A bar was committed.
    Bar(BarRecord),
    /// What the hand had played in a committed bar when it was over.
    Hand(Played),
    /// After a stop: bar `from` and all behind it had not begun, and come again.
    Back { at: Frames, from: i64 },
    /// Musical time `beats` is frame `at`, and goes on from there at `tempo`.
    Tempo { at: Frames, beats: Beats, tempo: Tempo },
    /// What the outputs were sent: this is the music.
    Sent(ScheduledEvent),
    /// What the performer asked.
    Command {
        at: Frames,
        #[serde(rename = "do")]
        what: Value,
    },
    /// What the performer was told: restarts of the composer and refused bars, too.
    Message {
        at: Frames,
        #[serde(flatten)]
        message: Message,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program.
    pub barline: String,
    /// When it was first played, on the clock on the wall, with the time zone.
    pub began: String,
    pub seed: u64,
    pub rate: SampleRate,
    /// The model's file, or the command that ran the composer.
    pub model: Option<String>,
}

/// An evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    pub at: Frames,
    pub revision: Revision,
    /// The bar from which it is heard.
    pub from: i64,
    pub path: String,
    /// The whole file.
    pub text: String,
    /// `X:` of the scene in it that plays.
    pub scene: u32,
    /// Whether it is another scene than before, rather than an edit.
    pub fresh: bool,
}

/// A hand's part of a bar, which was silence when the bar was committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Played {
    /// The bar's number.
    pub bar: i64,
    #[serde(flatten)]
    pub part: Part,
}

/// How a voice sounds, and on which slot. Acts at once, as the outputs take it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    pub at: Frames,
    pub slot: VoiceSlot,
    pub name: String,
    pub role: Role,
    pub patch: String,
    /// As in the prompt; without it where the command line says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub out: Option<String>,
    /// From 1 to 16.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub channel: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub program: Option<u8>,
    pub gain: f32,
    pub pan: f32,
}

impl Sound {
    #[must_use]
    pub fn of(voice: &Voice, slot: VoiceSlot, at: Frames) -> Sound {
        Sound {
            at,
            slot,
            name: voice.name.clone(),
            role: voice.role,
            patch: voice.patch.clone(),
            out: voice.out.clone(),
            channel: voice.channel,
            program: voice.program,
            gain: voice.gain,
            pan: voice.pan,
        }
    }
}

/// Longer than any set, and far from where arithmetic ends: 2³⁶ frames are four days at 192 kHz.
const LONGEST: i64 = 1 << 36;

impl Line {
    /// The line of what the performer asked; `None` where another line tells (an evaluation), and for what is not part of the music.
    /// `scene` is the one that was in force when it was asked.
    #[must_use]
    pub fn of_command(command: &Command, scene: &Scene, at: Frames) -> Option<Line> {
        let voice = |voice: usize| scene.voices.get(voice).map(|voice| voice.name.as_str());
        let what = match command {
            Command::Play => json!("play"),
            Command::Stop => json!("stop"),
            Command::Hush => json!("hush"),
            Command::Panic => json!("panic"),
            Command::Reroll => json!("reroll"),
            Command::Mute { voice: at, muted } => json!({"mute": {"voice": voice(*at), "muted": muted}}),
            Command::Tempo(tempo) => json!({"tempo": tempo}),
            Command::Solo { voice, soloed } => json!({"solo": {"voice": voice, "soloed": soloed}}),
            Command::Touch { bar, voice, touch } => json!({"touch": {"bar": bar, "voice": voice, "how": touch}}),
            Command::Freeze { voice, frozen } => json!({"freeze": {"voice": voice, "frozen": frozen}}),
            Command::NoteOn { voice, pitch, velocity } => {
                json!({"note_on": {"voice": voice, "pitch": pitch, "velocity": velocity}})
            }
            Command::NoteOff { voice, pitch } => json!({"note_off": {"voice": voice, "pitch": pitch}}),
            Command::Keep(ask) => json!({"keep": ask}),
            Command::Evaluate { .. } | Command::Patch(_) | Command::Quit => return None,
        };
        Some(Line::Command { at, what })
    }

    /// Whether the performer asks to play.
    #[must_use]
    pub fn plays(&self) -> bool {
        matches!(self, Line::Command { what, .. } if what == "play")
    }

    /// What is out of its range, in a line that nobody of ours wrote.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let time = |at: &Frames| (0..=LONGEST).contains(&at.0);
        let beats = |beats: &Beats| (0..=1 << 32).contains(&beats.numerator()) && beats.denominator() <= 1024;
        let unit = |unit: &Beats| beats(unit) && (Beats::new(1, 1024)..=Beats::WHOLE * 4).contains(unit);
        let tempo = |Tempo(tempo): &Tempo| {
            (Ratio::new(1, 10)..=Ratio::from_integer(10_000)).contains(tempo) && *tempo.denom() <= 1 << 20
        };
        let slot = |slot: &VoiceSlot| usize::from(slot.0) < MAX_VOICES;
        let right = match self {
            Line::Header(header) => (8000..=384_000).contains(&header.rate.0),
            Line::Prompt(Evaluated { at, .. })
            | Line::Command { at, .. }
            | Line::Message { at, .. }
            | Line::Back { at, .. } => time(at),
            Line::Voice(sound) => {
                time(&sound.at) && slot(&sound.slot) && sound.channel.is_none_or(|c| (1..=16).contains(&c))
            }
            Line::Hand(_) => true,
            Line::Bar(bar) => time(&bar.at) && beats(&bar.beats) && unit(&bar.unit) && tempo(&bar.tempo),
            Line::Tempo { at, beats: place, tempo: value } => time(at) && beats(place) && tempo(value),
            Line::Sent(event) => {
                time(&event.at)
                    && match event.action {
                        Action::NoteOn { voice, pitch, velocity } => slot(&voice) && pitch < 128 && velocity < 128,
                        Action::NoteOff { voice, pitch } => slot(&voice) && pitch < 128,
                        Action::Control { voice, .. } | Action::Program { voice, .. } => slot(&voice),
                        Action::Clock(_) | Action::AllNotesOff | Action::Flush | Action::Panic => true,
                    }
            }
        };
        (!right).then_some("a number is out of range")
    }
}
