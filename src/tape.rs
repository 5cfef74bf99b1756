//! The tape: what is heard, to WAV, from one key to the next, with MIDI and ABC of the bars that began meanwhile.
//!
//! The renderer copies each finished block into a ring ([`Tap`]); a thread of its own takes them out and writes them, the only one that waits for
//! the disk. A block that finds the ring full is silence in the file, so that the rest stays in time, and it is said how much.
//! The notes come from the journal.

mod score;
mod take;
mod tap;

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::ZonedDateTime;

use crate::event::{Command, Event, Level, Message};
use crate::export::{ExportError, WavFile};
use crate::journal::{create, name};
use crate::synth::BLOCK;
use crate::time::{Frames, SampleRate};
use score::{EXTENSIONS, Score, write_score};
use take::{Open, Take, Taken};
pub(crate) use tap::tap;
pub use tap::{Block, Reel, Tap};

/// Between two looks into the ring.
const LOOK: Duration = Duration::from_millis(50);
/// Seconds that a ring holds: so long the disk may stand still.
const PATIENCE: u32 = 10;

/// How many blocks a ring must hold.
#[must_use]
pub fn blocks(rate: SampleRate) -> usize {
    (PATIENCE * rate.0) as usize / BLOCK
}

/// The tape in its room.
#[derive(Debug)]
pub struct Tape {
    key: Sender<()>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<String>>>,
}

/// What recording takes.
#[derive(Debug)]
pub struct Setup {
    pub reel: Reel,
    pub rate: SampleRate,
    /// Where recordings go.
    pub folder: PathBuf,
    /// The journal of the set, once there is one.
    pub journal: Arc<OnceLock<PathBuf>>,
    /// To whom writes the journal.
    pub commands: Sender<Command>,
    pub events: Sender<Event>,
}

impl Tape {
    /// Nothing is recorded yet.
    #[must_use]
    pub fn start(setup: Setup) -> Tape {
        let (key, keys) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let room = Room { setup, is_over: Arc::clone(&is_over), scores: Vec::new() };
        let thread = std::thread::Builder::new().name("tape".into()).spawn(move || room.run(&keys)).ok();
        Tape { key, is_over, thread }
    }

    /// Each time something is sent recording begins, or ends; sending never waits.
    #[must_use]
    pub fn key(&self) -> Sender<()> {
        self.key.clone()
    }

    /// Waits until what is being recorded is written. The journal must be finished, and nobody may have the key any more. Gives what is still to
    /// be told.
    #[must_use]
    pub fn finish(self) -> Vec<String> {
        self.is_over.store(true, Ordering::Release);
        drop(self.key);
        self.thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

struct Room {
    setup: Setup,
    is_over: Arc<AtomicBool>,
    /// Each says what there is to say, where the screen is gone.
    scores: Vec<JoinHandle<Option<String>>>,
}

impl Room {
    fn run(mut self, keys: &Receiver<()>) -> Vec<String> {
        while keys.recv().is_ok() {
            self.setup.reel.open();
            match self.begin() {
                Ok(take) => self.record(take, keys),
                Err(error) => {
                    self.say(Level::Error, format!("nothing is recorded: {error}; Ctrl+Space R tries again"));
                }
            }
            self.setup.reel.close();
        }
        self.scores.into_iter().filter_map(|score| score.join().ok()?).collect()
    }

    fn begin(&self) -> Result<Take, ExportError> {
        let Setup { folder, rate, .. } = &self.setup;
        Take::new(*rate, files(folder.clone(), name(&ZonedDateTime::now()), *rate))
    }

    /// Until the key comes again, the instrument ends or the disk takes no more.
    fn record(&mut self, mut take: Take, keys: &Receiver<()>) {
        self.say(Level::Info, format!("recording to {}", take.path().display()));
        let mut shown = None;
        let wrong = loop {
            let ends = !matches!(keys.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout));
            let until = if ends { self.setup.reel.close() } else { Frames(0) };
            let lost = take.lost();
            let poured = self.setup.reel.blocks().try_for_each(|block| take.write(&block));
            if let Err(error) = poured.and_then(|()| take.silence(until)) {
                break Some(error);
            }
            if lost == Frames(0) && take.lost() > lost {
                let lost = self.setup.rate.duration_of(take.lost()).as_secs_f64();
                let text = format!("the disk is slow: {lost:.1} s of the recording are silence; the music goes on");
                self.say(Level::Warning, text);
            }
            if ends {
                break None;
            }
            let seconds = Duration::from_secs(self.setup.rate.duration_of(take.length()).as_secs());
            if shown.replace(seconds) != Some(seconds) {
                self.tell(Event::Recording(Some(seconds)));
            }
        };
        let (taken, wrong) = take.end(wrong);
        self.tell(Event::Recording(None));
        let (file, from, to) = (name_of(&taken), taken.from, taken.to);
        // Whoever is gone has left nothing to wait for.
        let _ = self.setup.commands.send(Command::Recorded { file, from, to });
        self.score(taken, wrong);
    }

    /// Has the notes written, and says what has become of all.
    fn score(&mut self, taken: Taken, wrong: Option<ExportError>) {
        let (journal, is_over) = (Arc::clone(&self.setup.journal), Arc::clone(&self.is_over));
        let (rate, events) = (self.setup.rate, self.setup.events.clone());
        let job = move || {
            let message = told(&taken, wrong, write_score(&taken, &journal, &is_over), rate);
            if is_over.load(Ordering::Acquire) {
                return Some(message.text);
            }
            let _ = events.send(Event::Message(message));
            None
        };
        self.scores.retain(|score| !score.is_finished());
        self.scores.extend(std::thread::Builder::new().name("score".into()).spawn(job));
    }

    fn say(&self, level: Level, text: String) {
        self.tell(Event::Message(Message { level, text }));
    }

    /// A screen that is gone is on its way out.
    fn tell(&self, event: Event) {
        let _ = self.setup.events.send(event);
    }
}

/// New files of one name, with a number from the second on.
fn files(folder: PathBuf, name: String, rate: SampleRate) -> Open<BufWriter<File>> {
    Box::new(move || {
        let created = create(&folder, &name, &["wav", EXTENSIONS[0], EXTENSIONS[1]]);
        let (file, path) = created.map_err(|error| ExportError::new(&folder, &error))?;
        WavFile::new(BufWriter::new(file), &path, rate)
    })
}

/// By which the journal knows a recording.
fn name_of(taken: &Taken) -> String {
    taken.files[0].file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `recorded 1:23, bars 5 to 12: a.wav .mid .abc; bar 5 begins at 0.731 s`.
fn told(taken: &Taken, wrong: Option<ExportError>, score: Result<Option<Score>, String>, rate: SampleRate) -> Message {
    let level = if wrong.is_some() || score.is_err() { Level::Error } else { Level::Info };
    let length = clock(rate.duration_of(taken.to - taken.from));
    let ended = match wrong {
        None => format!("recorded {length}"),
        Some(error) => format!("recording has ended, the music goes on: {error}; there is {length}"),
    };
    let files: Vec<String> = taken.files.iter().map(|file| file.display().to_string()).collect();
    let files = files.join(", ");
    let there = match score {
        Ok(Some(Score { first, last, at })) => {
            let bars = if first == last { format!("bar {first}") } else { format!("bars {first} to {last}") };
            format!("{bars}: {files} .mid .abc; bar {first} begins at {:.3} s", at.as_secs_f64())
        }
        Ok(None) => format!("no bar began in it: {files}"),
        Err(why) => format!("no .mid and .abc ({why}): {files}"),
    };
    let lost = match rate.duration_of(taken.lost).as_secs_f64() {
        0.0 => String::new(),
        lost => format!("; {lost:.1} s of it are silence, since the disk was slow"),
    };
    Message { level, text: format!("{ended}, {there}{lost}") }
}

/// `1:23`, `1:02:03`.
#[must_use]
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests;
