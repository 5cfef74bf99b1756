//! What rooms tell each other: events for the outputs, events for the performer's screen, commands from it. Plain values.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::abc::key::Key;
use crate::abc::{Meter, Span};
use crate::compose::{Candidate, Knob, Knobs, Role};
use crate::hand::{Turn, Use};
use crate::keep::{Ask, Kept};
use crate::midi::Timing;
use crate::midi::mapping::{Touched, Trigger};
use crate::prompt::{MAX_VOICES, Scene, Source};
use crate::synth::Level as Sounded;
use crate::synth::patch::Patch;
use crate::time::{Beats, Frames, Tempo};

/// A voice as the outputs know it, 0 to 31. A voice keeps its slot through evaluations and scenes, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VoiceSlot(pub u8);

impl VoiceSlot {
    /// The count-in's, behind all voices: the built-in synth alone has it, with a click of its own.
    pub const COUNT_IN: VoiceSlot = VoiceSlot(MAX_VOICES as u8);
}

/// Something an output does at a frame. `Copy`, so that it passes to real-time threads without a heap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduledEvent {
    pub at: Frames,
    #[serde(flatten)]
    pub action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `pitch` and `velocity` as in MIDI: 0–127, velocity at least 1.
    NoteOn {
        voice: VoiceSlot,
        pitch: u8,
        velocity: u8,
    },
    NoteOff {
        voice: VoiceSlot,
        pitch: u8,
    },
    /// MIDI control change; the synth takes what it knows (7 volume, 10 pan, 16–19 macros, 74 cutoff, 91 reverb, 94 delay).
    Control {
        voice: VoiceSlot,
        controller: u8,
        value: u8,
    },
    /// MIDI program change; the synth ignores it.
    Program {
        voice: VoiceSlot,
        program: u8,
    },
    /// How far apart the echoes of the synth's delay are from here on.
    DelayTime {
        frames: u32,
    },
    /// MIDI clock; the synth ignores it.
    Clock(ClockMessage),
    /// End every sounding note.
    AllNotesOff,
    /// Forget queued note-ons that are not yet due and were sent before this; their note-offs are still honoured. Controllers stay queued.
    Flush,
    /// `Flush` and silence at once, and for MIDI also controllers 64, 120 and 123 on every channel.
    Panic,
}

impl Action {
    /// Whether it is part of what was played. The clock's ticks follow from the tempo, and what counts in is not music.
    #[must_use]
    pub fn is_music(self) -> bool {
        match self {
            Action::Clock(_) => false,
            Action::NoteOn { voice, .. } | Action::NoteOff { voice, .. } => voice != VoiceSlot::COUNT_IN,
            _ => true,
        }
    }
}

/// How one instrument keeps another in time (MIDI 1.0). `Start` or `Continue` comes before the ticks that count; 24 ticks a crotchet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMessage {
    Tick,
    Start,
    Continue,
    Stop,
    /// Where `Continue` goes on: in semiquavers from the song's beginning, below 2¹⁴.
    SongPosition(u16),
}

/// Who made a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The performer's text: a loop or a seed.
    Text,
    Model,
    /// The performer's hand, at an instrument.
    Hand,
    /// The performer, in a bar that the model had planned or was to write.
    Edit,
    /// The performer's text, varied by rule.
    Varied,
    /// Rung 1 to 4 of the ladder.
    Ladder(u8),
}

/// What the performer asks of the scheduler.
#[derive(Clone, Debug)]
pub enum Command {
    Play,
    /// Play, with the first bar on the first of these lines that can be reached.
    PlayOn(Lines),
    /// While nothing plays: a phrase that is played by hand from now on is told as [`Event::Phrase`], or no longer.
    Listen(bool),
    /// Note-off for each sounding note; the transport halts.
    Stop,
    /// Finish sounding notes and play no new ones until `Play`; the clock runs on.
    Hush,
    Panic,
    /// A newly evaluated scene.
    Evaluate {
        scene: Arc<Scene>,
        /// Another scene than the one that plays, rather than an edit of it.
        fresh: bool,
    },
    /// A patch has a new version; voices that name it take it from their next note on.
    Patch(Arc<Patch>),
    /// Keep this voice's new notes back, or no longer.
    Mute {
        voice: String,
        muted: bool,
    },
    /// A factor beside the text's `gain=`, 0 to 2; at once.
    Gain {
        voice: String,
        gain: f32,
    },
    /// What goes to an output leaves so many milliseconds later than planned, −100 to 100, and its clock with it; at once. The output is a part of
    /// a port's name, as voices say it, or `synth`.
    Nudge {
        output: String,
        ms: i16,
    },
    /// From the next bar that is not committed.
    Tempo(Tempo),
    /// From there in a straight line to this tempo, in so many bars.
    Ramp {
        to: Tempo,
        bars: u32,
    },
    /// A felt beat, struck now: from the second on they set the tempo.
    Tap,
    /// No text's tempo acts while this holds.
    Lock(bool),
    /// The composer is turned: a factor of what the model's profile says, in the knob's range. Bars that are planned stay.
    Turn {
        knob: Knob,
        factor: f32,
    },
    /// A bar of clicks before the first one, whenever `Play` starts the music from a stop.
    CountIn(bool),
    /// What a voice that is played by hand is for, from the next bar that is not committed.
    Use {
        voice: String,
        what: Use,
    },
    /// What is to happen together on a phrase line.
    Arm(Arm),
    /// Hear this voice and other soloed ones alone; the others are composed on.
    Solo {
        voice: String,
        soloed: bool,
    },
    /// Forget the uncommitted bars of the model and compose them anew; pinned ones stay.
    Reroll,
    /// Lay hands on a bar that has not sounded yet.
    Touch {
        bar: i64,
        voice: String,
        touch: Touch,
    },
    /// The drafts of this bar of a voice are shown in [`Snapshot::look`] from now on, or of none.
    Look(Option<(i64, String)>),
    /// A MIDI port that voices play on, by the part of its name that they say, has gone or is there again.
    Port {
        port: String,
        there: bool,
    },
    /// What a voice has planned stays its music, phrase after phrase, until it is freed.
    Freeze {
        voice: String,
        frozen: bool,
    },
    /// A message of the clock that we follow, and when it came.
    Clock {
        message: ClockMessage,
        at: Frames,
    },
    /// These messages of inputs do something by themselves, and are told as [`Event::Touched`]; all of them while something is learned.
    Attend {
        triggers: Arc<[(String, Trigger)]>,
        all: bool,
    },
    /// A note by hand, which sounds at once. `pitch` from 0 to 127, `velocity` from 1.
    NoteOn {
        voice: String,
        pitch: u8,
        velocity: u8,
    },
    /// Its end.
    NoteOff {
        voice: String,
        pitch: u8,
    },
    /// A controller that the hand moves, at once: `controller` from 0 to 119, `value` to 127.
    Control {
        voice: String,
        controller: u8,
        value: u8,
    },
    /// The last bars that were heard are to be written into the text; comes back as [`Event::Kept`].
    Keep(Ask),
    /// The sound from a frame up to another was recorded, in this file: for the journal.
    Recorded {
        file: String,
        from: Frames,
        to: Frames,
    },
    Quit,
}

/// Bar lines that somebody played to: one of them, and how far apart they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    pub at: Frames,
    pub apart: Frames,
}

impl Lines {
    /// The first one that is no earlier than a frame.
    #[must_use]
    pub fn from(&self, frame: Frames) -> Frames {
        let (apart, off) = (self.apart.0.max(1), (frame - self.at).0);
        self.at + Frames(-(-off).div_euclid(apart) * apart)
    }
}

/// What becomes of the list of what is armed.
#[derive(Clone, Debug)]
pub enum Arm {
    /// One more: a mute, solo or freeze, which is withdrawn when it comes once more; or a gain, tempo, ramp or evaluation, of which the last
    /// counts.
    Add(Box<Command>),
    /// All of it, on the next phrase line that is not committed.
    Fire,
    /// Nothing is armed any more.
    Clear,
}

/// What becomes of a voice's part of an uncommitted bar. The model goes on from it: what it had planned for the voice behind it is written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Touch {
    /// Another draw.
    Reroll,
    /// The draft with this text, as it is shown, of those from which the composer took the best. Its place may be another's by now.
    Choose(String),
    /// This text, in the prompt's key and unit length, without the bar line; pinned.
    Edit(String),
    /// It stays whatever is rerolled or evaluated, as long as metre and key are what they are.
    Pin,
    Unpin,
    /// Another draw, and never this one again.
    Veto,
}

/// What the instrument tells the performer's screen.
#[derive(Clone, Debug)]
pub enum Event {
    /// The latest state of the engine; replaces the one before.
    Snapshot(Arc<Snapshot>),
    Message(Message),
    /// Bars that were heard, for the text in which the performer wants them.
    Kept(Box<Kept>),
    /// A phrase was played while nothing else did; how it can be read, the likeliest first.
    Phrase(Box<Phrase>),
    /// So much is recorded by now; nothing while nothing is being recorded.
    Recording(Option<Duration>),
    /// Something was touched on an instrument that does something by itself, or is to be learned.
    Touched(Touched),
    /// A file under `prompts/` or `patches/` has new content.
    FileChanged {
        path: std::path::PathBuf,
        text: String,
    },
    FileRemoved {
        path: std::path::PathBuf,
    },
}

/// What a phrase that was played in free tempo says of the music to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// Never empty.
    pub readings: Vec<Reading>,
}

/// One way to read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Whole felt beats a minute.
    pub beats: u32,
    pub meter: Meter,
    pub key: Key,
    /// The bar lines that it was played to.
    pub lines: Lines,
    /// Metre and key are those of the notes that the text has.
    pub is_bound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Info,
    Warning,
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub level: Level,
    pub text: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Playing {
    #[default]
    Stopped,
    Playing,
    /// The clock runs, new notes do not sound.
    Hushed,
}

/// What comes before the music.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// A phrase by hand is waited for.
    Phrase,
    /// A bar of clicks sounds.
    CountIn,
}

/// The engine as the screen sees it; the screen draws only from this copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub playing: Playing,
    pub tempo: Tempo,
    /// The text's tempo, while another one holds.
    pub text_tempo: Option<Tempo>,
    pub tempo_locked: bool,
    /// Whether play begins with a bar of clicks.
    pub count_in: bool,
    pub knobs: Knobs,
    /// What there is before the first bar.
    pub before: Option<Before>,
    /// The clock that is followed.
    pub lead: Option<Lead>,
    /// What is armed, in words.
    pub armed: Vec<String>,
    /// The bar at whose line that happens, once it is to.
    pub armed_for: Option<i64>,
    /// The gains that are armed, by voice, and the tempo: the next step counts from them while there is arming.
    pub armed_gains: Vec<(String, f32)>,
    pub armed_tempo: Option<Tempo>,
    pub meter: Meter,
    /// The sounding bar, from 1; 0 before the first. While one is counted in, that before it.
    pub bar: i64,
    /// Time since that bar's start, or in the bar that counts in.
    pub position: Beats,
    /// Whole bars ready beyond the sounding one, for every voice.
    pub bars_ahead: usize,
    /// How often the ladder filled in.
    pub ladder_uses: u64,
    pub tokens_per_second: f32,
    /// One word: `starting`, `ready`, `restarting`, `failed`, `none`.
    pub composer: String,
    /// `alsa:default 48000 Hz`, `none (clock only)`.
    pub audio: String,
    /// The MIDI port, or `none`.
    pub midi: String,
    pub xruns: u64,
    /// The most that an audio callback has lately run, against the time that it filled; 0 without callbacks.
    pub load: f32,
    /// Notes that came to the synth after their frame, and were played at once.
    pub late: u64,
    /// Notes that were too late for a MIDI port, or too many for an output.
    pub left_out: u64,
    /// How long after they were due MIDI messages left, of all ports.
    pub timing: Timing,
    /// The bar from which the newest evaluation is heard, while that is still ahead.
    pub heard_from: Option<i64>,
    /// Of the synth's output: left and right.
    pub sides: [Sounded; 2],
    /// The newest samples of it, oldest first; empty where nothing sounds.
    pub scope: Vec<f32>,
    /// Names of the scene's voices, in table order; the cells of [`BarView`] follow the same order.
    pub voices: Vec<VoiceStatus>,
    /// The last played bars, the sounding one, and all that is known of the future, in order.
    pub bars: Vec<BarView>,
    /// The voices that are played by hand.
    pub hands: Vec<HandStatus>,
    /// The scene that plays.
    pub scene: Option<SceneName>,
    /// The one that waits for its line, armed or not.
    pub next_scene: Option<SceneName>,
    /// What was asked for by [`Command::Look`].
    pub look: Option<Look>,
    /// What of a text sounds now.
    pub sounding: Option<Sounding>,
}

/// A scene by its file and its `X:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneName {
    pub path: PathBuf,
    pub number: u32,
}

/// What a bar of a voice was chosen from.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub bar: i64,
    pub voice: String,
    /// In the order in which they were drawn, in the prompt's key and unit length; or why there is nothing to choose from.
    pub drafts: Result<Vec<Candidate>, String>,
}

/// Notes of the performer's text that sound, of all voices that are heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sounding {
    /// The text as it was evaluated.
    pub source: Arc<Source>,
    /// Where in it they stand.
    pub places: Vec<Span>,
}

/// A clock that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// A part of its port's name.
    pub port: String,
    /// How much later than its beats ours are, in microseconds; `None` while it does not lead.
    pub off_micros: Option<i64>,
}

/// Before the engine has said anything: nothing plays, nothing is connected.
impl Default for Snapshot {
    fn default() -> Self {
        Snapshot {
            playing: Playing::Stopped,
            tempo: Tempo::DEFAULT,
            text_tempo: None,
            tempo_locked: false,
            count_in: false,
            knobs: Knobs::default(),
            before: None,
            lead: None,
            armed: Vec::new(),
            armed_for: None,
            armed_gains: Vec::new(),
            armed_tempo: None,
            meter: Meter::COMMON,
            bar: 0,
            position: Beats::ZERO,
            bars_ahead: 0,
            ladder_uses: 0,
            tokens_per_second: 0.0,
            composer: "none".into(),
            audio: "none".into(),
            midi: "none".into(),
            xruns: 0,
            load: 0.0,
            late: 0,
            left_out: 0,
            timing: Timing::default(),
            heard_from: None,
            sides: [Sounded::default(); 2],
            scope: Vec::new(),
            voices: Vec::new(),
            bars: Vec::new(),
            hands: Vec::new(),
            scene: None,
            next_scene: None,
            look: None,
            sounding: None,
        }
    }
}

/// What a voice that is played by hand is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandStatus {
    pub voice: String,
    pub used: Use,
    /// What was played goes round, or is about to.
    pub goes_round: bool,
    /// Who trades with it, and whose turn it is.
    pub turns: Vec<(String, Turn)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct VoiceStatus {
    pub name: String,
    pub role: Role,
    /// It is played by hand.
    pub by_hand: bool,
    pub muted: bool,
    pub soloed: bool,
    /// The performer's factor.
    pub gain: f32,
    /// Where it goes: a part of a port's name, or `synth`.
    pub output: String,
    /// How many milliseconds later than planned what goes there leaves.
    pub nudge: i16,
    /// Of what the synth plays for it.
    pub level: Sounded,
}

impl VoiceStatus {
    /// A lead of the synth that nobody has laid hands on, and that is silent.
    #[must_use]
    pub fn untouched(name: &str) -> VoiceStatus {
        VoiceStatus {
            name: name.into(),
            role: Role::Lead,
            by_hand: false,
            muted: false,
            soloed: false,
            gain: 1.0,
            output: "synth".into(),
            nudge: 0,
            level: Sounded::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarState {
    Played,
    Sounding,
    /// Fixed: will be heard as shown.
    Committed,
    /// May still change.
    Planned,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarView {
    pub number: i64,
    pub state: BarState,
    pub music: Music,
    /// One per voice.
    pub parts: Vec<Part>,
}

/// In what a bar is written: its `K:`, `M:` and `L:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Music {
    pub key: Key,
    pub meter: Meter,
    pub unit: Beats,
}

/// C major, 4/4, in eighths.
impl Default for Music {
    fn default() -> Self {
        Music { key: Key::default(), meter: Meter::COMMON, unit: Beats::EIGHTH }
    }
}

/// What there is of a voice in a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The bar's scene has no such voice.
    Absent,
    /// Nothing is known yet.
    Open,
    Cell(Cell),
}

impl Part {
    #[must_use]
    pub fn cell(&self) -> Option<&Cell> {
        match self {
            Part::Cell(cell) => Some(cell),
            Part::Absent | Part::Open => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The bar in the prompt's key and unit length, without the bar line.
    pub text: String,
    pub by: Author,
    /// While it is not committed.
    pub hold: Option<Hold>,
}

/// What keeps a bar from being composed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    Pinned,
    /// Its voice goes round until it is freed.
    Frozen,
}
