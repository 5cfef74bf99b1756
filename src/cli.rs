//! The command line as values. The contract that scripts depend on; the help text is made from these comments.

use std::path::PathBuf;

use barline::compose::CANDIDATES;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Where nobody gives one.
pub const SEED: u64 = 1;

/// A live-coding instrument for the terminal: prompts and ABC in, the next bars on time out.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub play: PlayArguments,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play: the screen, the music, the model (the default); every set is written to a journal in ~/.local/state/barline/sets
    Play(PlayArguments),
    /// Render a prompt to WAV, MIDI or ABC; the same prompt, seed and model give the same files
    Render(RenderArguments),
    /// Play a past set again from its journal, exactly as it was heard; with -o write it to files instead
    Replay(ReplayArguments),
    /// Play a scripted set on virtual time: every note that would be heard, and what would be said; with -o write it to files, too
    Rehearse(RehearseArguments),
    /// Print the notes that an ABC file would play
    Notes(NotesArguments),
    /// Check ABC files, prompts, patches, lexicons and rigs; says file, line and column with a hint, shows the place in a terminal, and exits with 1 when there is an error
    Check(CheckArguments),
    /// List audio hosts, devices and MIDI ports
    Devices {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Look at terminal, sound, MIDI, rights, files and model before a set; says what to do about what is missing
    Doctor,
    /// Measure this machine
    Bench(BenchArguments),
    /// Judge what the model writes: words obeyed, scale, repetition, novelty; some five minutes
    Audition(AuditionArguments),
    /// The composer process (frames on stdin and stdout); started by the instrument
    #[command(hide = true)]
    Compose {
        #[arg(long, value_name = "GGUF")]
        model: Option<PathBuf>,
    },
}

#[derive(Args, Debug, Default)]
pub struct PlayArguments {
    /// A prompt file, or a folder of them
    #[arg(value_name = "PROMPT|DIR")]
    pub prompt: Option<PathBuf>,
    /// The language model, a GGUF file
    #[arg(long, value_name = "GGUF")]
    pub model: Option<PathBuf>,
    /// The composer by a command of the shell, such as 'ssh gpu-box barline compose --model big.gguf'
    #[arg(long, value_name = "COMMAND", conflicts_with = "model")]
    pub composer: Option<String>,
    /// A lexicon of your own words: FILE.words
    #[arg(long, value_name = "WORDS", value_parser = lexicon)]
    pub lexicon: Option<PathBuf>,
    /// HOST[:DEVICE] as `barline devices` lists them; `jack` for sound and MIDI through JACK; `none` for no sound
    #[arg(long, value_name = "HOST[:DEVICE]|jack|none")]
    pub audio: Option<String>,
    /// Send voices that name no output to this MIDI port (a part of its name, or its number); `out=synth` keeps a voice here
    #[arg(long, value_name = "PORT")]
    pub midi: Option<String>,
    /// Another seed, another set [default: 1, with --last that of its set]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Do not play until told to
    #[arg(long)]
    pub armed: bool,
    /// Go on with the newest set after a crash: its prompt, seed, mutes, solos, gains, nudges, tempo and count-in
    #[arg(long, conflicts_with = "prompt")]
    pub last: bool,
}

/// What decides which music is made, where time is not real.
#[derive(Args, Debug)]
pub struct MusicArguments {
    #[arg(long, default_value_t = SEED)]
    pub seed: u64,
    /// Drafts of each bar, of which the best is taken
    #[arg(long, value_name = "N", default_value_t = CANDIDATES, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub candidates: u32,
    /// The language model, a GGUF file; `none` leaves everything to the ladder
    #[arg(long, value_name = "GGUF")]
    pub model: Option<PathBuf>,
    /// A lexicon of your own words: FILE.words
    #[arg(long, value_name = "WORDS", value_parser = lexicon)]
    pub lexicon: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct RenderArguments {
    #[arg(value_name = "PROMPT")]
    pub prompt: PathBuf,
    /// How many bars
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub bars: u32,
    /// X: number of the tune; the first one without it
    #[arg(long, value_name = "X")]
    pub scene: Option<u32>,
    #[command(flatten)]
    pub music: MusicArguments,
    /// .wav, .mid or .abc; may repeat
    #[arg(short, value_name = "FILE", required = true)]
    pub output: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ReplayArguments {
    /// A file from ~/.local/state/barline/sets (or `$XDG_STATE_HOME`)
    #[arg(value_name = "JOURNAL")]
    pub journal: PathBuf,
    /// HOST[:DEVICE] as `barline devices` lists them; `jack` for sound and MIDI through JACK; `none` for no sound
    #[arg(long, value_name = "HOST[:DEVICE]|jack|none", conflicts_with = "output")]
    pub audio: Option<String>,
    /// Send voices that name no output to this MIDI port (a part of its name, or its number); `out=synth` keeps a voice here
    #[arg(long, value_name = "PORT", conflicts_with = "output")]
    pub midi: Option<String>,
    /// .wav, .mid or .abc; may repeat
    #[arg(short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct RehearseArguments {
    /// Lines `BAR:BEAT ACTION …`, the first of them `1:1 open PROMPT`; the README lists the actions
    #[arg(value_name = "SET")]
    pub set: PathBuf,
    #[command(flatten)]
    pub music: MusicArguments,
    /// One JSON object a note or message and line
    #[arg(long)]
    pub json: bool,
    /// .wav, .mid or .abc; may repeat
    #[arg(short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct NotesArguments {
    #[arg(value_name = "FILE.abc")]
    pub file: PathBuf,
    /// X: number of the tune; all tunes without it
    #[arg(long, value_name = "X")]
    pub tune: Option<u32>,
    /// With grace notes, trills and other ornaments as they are played
    #[arg(long)]
    pub graces: bool,
    /// With what chord symbols and `%%MIDI drumon` ask for, as the voices `chords` and `drum`
    #[arg(long)]
    pub chords: bool,
    /// One JSON object a tune and line
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct CheckArguments {
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct BenchArguments {
    #[arg(value_enum)]
    pub what: Bench,
    /// So many bars of the model are judged; its speed is taken of 64 at most
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub bars: u32,
    #[arg(long, value_name = "GGUF")]
    pub model: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct AuditionArguments {
    #[arg(long, value_name = "GGUF")]
    pub model: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
    /// A tenth of the samples, for a first look
    #[arg(long)]
    pub quick: bool,
    /// Another GGUF file, to write ten of the prompts under the same mask
    #[arg(long, value_name = "GGUF")]
    pub guest: Option<PathBuf>,
    /// Bits per character on the held-out music of renditions.jsonl, which the training leaves in target/train/corpus
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Write the model's .eval file from renditions.jsonl, and its figures; judge nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "guest", "quick"])]
    pub learn: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bench {
    /// Tunes a second of the ABC parser, beside abc2midi
    Parse,
    /// Bars and tokens a second of the model
    Model,
    /// How exactly MIDI and sound are on time, while the model works; some two minutes
    Clock,
    /// Cost of the synthesiser's voices
    Synth,
    /// What a key and a picture cost in a short text and in one of 10,000 lines, and how soon a key is seen
    Screen,
}

/// The extension tells a lexicon from words that are a prompt.
fn lexicon(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    let right = path.extension().is_some_and(|extension| extension == "words");
    if right && path.is_file() {
        return Ok(path);
    }
    Err(if right { "there is no such file" } else { "the name of a lexicon ends in .words" }.to_owned())
}

/// Why the program ends with another code than 0.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    /// 1 the input is at fault, 2 wrong usage, 3 the machine lacks something.
    pub code: u8,
}

impl Failure {
    pub fn input(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 1 }
    }

    pub fn machine(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 3 }
    }
}
