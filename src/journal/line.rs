//! The lines of a journal, one JSON object each. Plain values.

use num_rational::Ratio;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::compose::Revision;
use crate::event::{Action, Arm, ClockMessage, Command, Message, ScheduledEvent, VoiceSlot};
use crate::prompt::MAX_VOICES;
use crate::record::{BarRecord, Part};
use crate::rig::Sound;
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
    /// The rig with which texts are read from here on.
    Rig { at: Frames, path: String, text: String },
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
    /// What the performer asked. What was armed stands once more where it acts, with the frame of its phrase line.
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

/// What a command is in its line.
fn asked(command: &Command) -> Option<Value> {
    Some(match command {
        Command::Play
        | Command::PlayOn(_)
        | Command::Clock { message: ClockMessage::Start | ClockMessage::Continue, .. } => json!("play"),
        Command::Stop | Command::Clock { message: ClockMessage::Stop, .. } => json!("stop"),
        Command::Hush => json!("hush"),
        Command::Panic => json!("panic"),
        Command::Reroll => json!("reroll"),
        Command::Tap => json!("tap"),
        Command::Mute { voice, muted } => json!({"mute": {"voice": voice, "muted": muted}}),
        Command::Gain { voice, gain } => {
            // As short as it can be told from others: 0.8, not what that is in twice the bits.
            json!({"gain": {"voice": voice, "gain": gain.to_string().parse::<f64>().ok()?}})
        }
        Command::Tempo(tempo) => json!({"tempo": tempo}),
        Command::Ramp { to, bars } => json!({"ramp": {"to": to, "bars": bars}}),
        Command::Lock(locked) => json!({"lock": locked}),
        Command::Nudge { output, ms } => json!({"nudge": {"output": output, "ms": ms}}),
        Command::Use { voice, what } => json!({"use": {"voice": voice, "what": what}}),
        Command::CountIn(on) => json!({"count_in": on}),
        Command::Turn { knob, factor } => {
            json!({"turn": {"knob": knob, "factor": factor.to_string().parse::<f64>().ok()?}})
        }
        Command::Solo { voice, soloed } => json!({"solo": {"voice": voice, "soloed": soloed}}),
        Command::Touch { bar, voice, touch } => json!({"touch": {"bar": bar, "voice": voice, "how": touch}}),
        Command::NoteOn { voice, pitch, velocity } => {
            json!({"note_on": {"voice": voice, "pitch": pitch, "velocity": velocity}})
        }
        Command::Control { voice, controller, value } => {
            json!({"control": {"voice": voice, "controller": controller, "value": value}})
        }
        Command::NoteOff { voice, pitch } => json!({"note_off": {"voice": voice, "pitch": pitch}}),
        Command::Keep(ask) => json!({"keep": ask}),
        Command::Recorded { file, from, to } => json!({"recorded": {"file": file, "from": from, "to": to}}),
        Command::Port { port, there } => json!({"port": {"port": port, "there": there}}),
        Command::Freeze { voice, frozen } => json!({"freeze": {"voice": voice, "frozen": frozen}}),
        // An armed text is a prompt when it is evaluated; until then it has only its name.
        Command::Arm(Arm::Add(command)) => match &**command {
            Command::Evaluate { scene, .. } => json!({"arm": {"evaluate": scene.title}}),
            command => json!({"arm": asked(command)?}),
        },
        Command::Arm(Arm::Fire) => json!({"arm": "fire"}),
        Command::Arm(Arm::Clear) => json!({"arm": "clear"}),
        // What follows from ticks is the tempo.
        Command::Clock { message: ClockMessage::Tick | ClockMessage::SongPosition(_), .. }
        | Command::Evaluate { .. }
        | Command::Patch(_)
        | Command::Attend { .. }
        | Command::Listen(_)
        | Command::Look(_)
        | Command::Quit => return None,
    })
}

/// Longer than any set, and far from where arithmetic ends: 2³⁶ frames are four days at 192 kHz.
const LONGEST: i64 = 1 << 36;

impl Line {
    /// The line of what the performer asked; `None` where another line tells (an evaluation), and for what is not part of the music.
    #[must_use]
    pub fn of_command(command: &Command, at: Frames) -> Option<Line> {
        Some(Line::Command { at, what: asked(command)? })
    }

    /// When it was written, or later where it acts later; nothing for the header and for what is laid out ahead.
    pub(super) fn at(&self) -> Option<Frames> {
        match self {
            Line::Prompt(Evaluated { at, .. })
            | Line::Command { at, .. }
            | Line::Rig { at, .. }
            | Line::Message { at, .. }
            | Line::Back { at, .. }
            | Line::Sent(ScheduledEvent { at, .. })
            | Line::Voice(Sound { at, .. }) => Some(*at),
            Line::Header(_) | Line::Hand(_) | Line::Bar(_) | Line::Tempo { .. } => None,
        }
    }

    /// Whether it says that this file was recorded.
    pub(crate) fn tells_of(&self, file: &str) -> bool {
        matches!(self, Line::Command { what, .. } if what.pointer("/recorded/file").is_some_and(|other| other == file))
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
            | Line::Rig { at, .. }
            | Line::Command { at, .. }
            | Line::Message { at, .. }
            | Line::Back { at, .. } => time(at),
            Line::Voice(sound) => time(&sound.at) && sound.from.as_ref().is_none_or(time) && sound.is_sane(),
            Line::Bar(bar) => {
                let fine = |time: &Beats| (0..=1 << 30).contains(&time.numerator()) && time.denominator() <= 1 << 20;
                let moved = bar.parts.iter().flat_map(|part| &part.moved).all(|(_, to)| fine(to));
                time(&bar.at) && beats(&bar.beats) && unit(&bar.unit) && tempo(&bar.tempo) && moved
            }
            Line::Hand(_) => true,
            Line::Tempo { at, beats: place, tempo: value } => time(at) && beats(place) && tempo(value),
            Line::Sent(event) => {
                time(&event.at)
                    && match event.action {
                        Action::NoteOn { voice, pitch, velocity } => slot(&voice) && pitch < 128 && velocity < 128,
                        Action::NoteOff { voice, pitch } => slot(&voice) && pitch < 128,
                        Action::Control { voice, .. } | Action::Program { voice, .. } => slot(&voice),
                        Action::DelayTime { .. }
                        | Action::Clock(_)
                        | Action::AllNotesOff
                        | Action::Flush
                        | Action::Panic => true,
                    }
            }
        };
        (!right).then_some("a number is out of range")
    }
}
