//! The notes of a recording: MIDI and ABC of the bars that began in it, out of the journal, as a replay writes them. On a thread of its own, since a
//! long set takes a moment to be read; the tape is free for the next recording meanwhile.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::take::Taken;
use crate::journal::{Recording, read};
use crate::record::BarRecord;
use crate::replay::write;
use crate::time::SampleRate;

/// How often the journal is looked at, and how often at most, until it tells of the recording: a disk that is slow gets five seconds.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 100;

/// The formats that go with the sound.
pub const EXTENSIONS: [&str; 2] = ["mid", "abc"];

/// Writes them beside the sound; says which bars they have, in words, or why there are none. `is_over` says that the journal is finished.
pub fn write_score(taken: &Taken, journal: &OnceLock<PathBuf>, is_over: &AtomicBool) -> Result<String, String> {
    let Some(path) = journal.get() else { return Ok("nothing was played".to_owned()) };
    let set = set(path, &super::name_of(taken), is_over)?;
    let stretch = set.stretch(taken.from, taken.to);
    let bars = stretch.bars();
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return Ok("no bar began in it".to_owned()) };
    for extension in EXTENSIONS {
        let path = taken.files[0].with_extension(extension);
        write(&stretch, &path, &|_| None).map_err(|error| error.to_string())?;
    }
    Ok(told(first, last, taken, set.header.rate))
}

/// `with .mid and .abc of bars 5 to 12, 5 begins at 0.731 s`.
fn told(first: &BarRecord, last: &BarRecord, taken: &Taken, rate: SampleRate) -> String {
    let at = rate.duration_of(first.at - taken.from).as_secs_f64();
    let (first, last) = (first.number, last.number);
    let bars = if first == last { format!("bar {first}") } else { format!("bars {first} to {last}") };
    format!(".mid and .abc have {bars}, {first} begins at {at:.3} s")
}

/// The set, read when it tells of the recording: all that was played in it stands before that.
fn set(path: &Path, file: &str, is_over: &AtomicBool) -> Result<Recording, String> {
    let mut looks = 0;
    loop {
        let last = is_over.load(Ordering::Acquire) || looks == LOOKS;
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let (set, _) = read(&bytes)?.ok_or("the journal is empty")?;
        if last || set.lines.iter().rev().any(|line| line.tells_of(file)) {
            return Ok(set);
        }
        looks += 1;
        std::thread::sleep(LOOK);
    }
}
