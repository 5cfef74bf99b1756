//! The notes of a recording: MIDI and ABC of the bars that began in it, out of the journal, as a replay writes them. On a thread of its own, since a
//! long set takes a moment to be read; the tape is free for the next recording meanwhile.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::take::Taken;
use crate::journal::{Line, Recording, read};
use crate::replay::write;

/// How often the journal is looked at, and how often at most, until it tells of the recording: a disk that is slow gets five seconds.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 100;

/// The line that is waited for stands among so many of the last ones: more than are written meanwhile.
const RECENT: usize = 10_000;

/// The formats that go with the sound.
pub const EXTENSIONS: [&str; 2] = ["mid", "abc"];

/// What they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Numbers of bars.
    pub first: i64,
    pub last: i64,
    /// From the beginning of the sound to that of the first bar.
    pub at: Duration,
}

/// Writes them beside the sound; nothing where no bar began in it. `is_over` says that the journal is finished.
pub fn write_score(taken: &Taken, journal: &OnceLock<PathBuf>, is_over: &AtomicBool) -> Result<Option<Score>, String> {
    let Some(path) = journal.get() else { return Ok(None) };
    let set = set(path, &super::name_of(taken), is_over)?;
    let stretch = set.stretch(taken.from, taken.to);
    let bars = stretch.bars();
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return Ok(None) };
    for extension in EXTENSIONS {
        let path = taken.files[0].with_extension(extension);
        write(&stretch, &path, &|_| None).map_err(|error| error.to_string())?;
    }
    let at = set.header.rate.duration_of(first.at - taken.from);
    Ok(Some(Score { first: first.number, last: last.number, at }))
}

/// The set, read when it tells of the recording: all that was played in it stands before that.
fn set(path: &Path, file: &str, is_over: &AtomicBool) -> Result<Recording, String> {
    let mut looks = 0;
    loop {
        let last = is_over.load(Ordering::Acquire) || looks == LOOKS;
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        // A long set is understood once, not as often as it is looked at.
        let lines = bytes.rsplit(|byte| *byte == b'\n').take(RECENT);
        let mut lines = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        if last || lines.any(|line| line.tells_of(file)) {
            return Ok(read(&bytes)?.ok_or("the journal is empty")?.0);
        }
        looks += 1;
        std::thread::sleep(LOOK);
    }
}
