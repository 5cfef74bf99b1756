//! The file of a journal. A thread of its own, the only one that waits for the disk: each line is with the system before the next is looked at.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use jiff::ZonedDateTime;

use super::{Header, Line};
use crate::event::{Event, Level, Message};

/// Of a journal: JSON lines.
pub const EXTENSION: &str = "jsonl";

/// A journal that is being written, from the first time that the set is played.
#[derive(Debug)]
pub struct Journal {
    lines: Sender<Line>,
    file: Arc<OnceLock<PathBuf>>,
    thread: Option<JoinHandle<Option<PathBuf>>>,
}

impl Journal {
    /// Opens a file in `folder` as soon as the first line says that it plays; what came before stands in it, too. What goes wrong is said
    /// once, to `events`.
    #[must_use]
    pub fn start(folder: PathBuf, header: Header, events: Sender<Event>) -> Journal {
        let (lines, inbox) = channel();
        let file = Arc::new(OnceLock::new());
        let opened = Arc::clone(&file);
        let write = move || {
            let outcome = write(&folder, header, &inbox, &opened);
            outcome.unwrap_or_else(|error| {
                let text =
                    format!("this set is not kept from here on: {}: {error}; the music goes on", folder.display());
                // A screen that is gone is on its way out.
                let _ = events.send(Event::Message(Message { level: Level::Error, text }));
                None
            })
        };
        let thread = std::thread::Builder::new().name("journal".into()).spawn(write).ok();
        Journal { lines, file, thread }
    }

    /// Where lines go; sending never waits.
    #[must_use]
    pub fn lines(&self) -> Sender<Line> {
        self.lines.clone()
    }

    /// Its file, once there is one.
    #[must_use]
    pub fn file(&self) -> Arc<OnceLock<PathBuf>> {
        Arc::clone(&self.file)
    }

    /// Waits until all who send have ended and everything is written. Gives the file, if there is one that is whole.
    #[must_use]
    pub fn finish(self) -> Option<PathBuf> {
        drop(self.lines);
        self.thread?.join().ok()?
    }
}

fn write(
    folder: &Path,
    header: Header,
    inbox: &Receiver<Line>,
    opened: &OnceLock<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    let mut before: Vec<Line> = Vec::new();
    while !before.last().is_some_and(Line::plays) {
        match inbox.recv() {
            Ok(line) => before.push(line),
            // It was never played.
            Err(_) => return Ok(None),
        }
    }
    let began = ZonedDateTime::now();
    let (mut file, path) = create(folder, &name(&began), &[EXTENSION])?;
    let path = opened.get_or_init(|| path).clone();
    let header = Line::Header(Header { began: began.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(), ..header });
    append(&mut file, std::iter::once(header).chain(before).chain(inbox.iter()))?;
    Ok(Some(path))
}

/// What a file is called that begins at this moment.
pub(crate) fn name(began: &ZonedDateTime) -> String {
    began.strftime("%Y-%m-%d-%H-%M-%S").to_string()
}

/// A new file with the first of these extensions: no other is ever written to, nor is there one with the others.
pub(crate) fn create(folder: &Path, name: &str, extensions: &[&str]) -> io::Result<(File, PathBuf)> {
    std::fs::create_dir_all(folder)?;
    let mut count = 1;
    loop {
        let name = if count == 1 { name.to_owned() } else { format!("{name}-{count}") };
        let path = |extension: &&str| folder.join(&name).with_extension(extension);
        let (path, taken) = (path(&extensions[0]), extensions.iter().skip(1).any(|other| path(other).exists()));
        let opened = if taken {
            Err(io::ErrorKind::AlreadyExists.into())
        } else {
            OpenOptions::new().write(true).create_new(true).open(&path)
        };
        match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && count < 1000 => count += 1,
            opened => return Ok((opened?, path)),
        }
    }
}

/// One system call a line: what a crash leaves is whole but for the last one.
fn append(file: &mut impl Write, lines: impl Iterator<Item = Line>) -> io::Result<()> {
    for line in lines {
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::FORMAT;
    use crate::time::{Frames, SampleRate};

    fn header() -> Header {
        let (barline, began) = ("0.1.0".to_owned(), String::new());
        Header { format: FORMAT, barline, began, seed: 1, rate: SampleRate(48_000), model: None }
    }

    fn asked(what: &str) -> Line {
        Line::Command { at: Frames(0), what: json!(what) }
    }

    /// The file that these lines make in `folder`, and what was said.
    fn written(folder: &Path, lines: Vec<Line>) -> (Option<PathBuf>, Vec<Event>) {
        let (events, said) = channel();
        let journal = Journal::start(folder.to_owned(), header(), events);
        let sender = journal.lines();
        // Nobody takes what comes after a failure.
        for line in lines {
            drop(sender.send(line));
        }
        drop(sender);
        (journal.finish(), said.iter().collect())
    }

    #[test]
    fn a_set_that_is_never_played_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("sets");
        assert_eq!(written(&folder, vec![asked("hush")]).0, None);
        assert!(!folder.exists());
    }

    #[test]
    fn files_are_named_by_the_clock_and_never_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("sets");
        let paths: Vec<PathBuf> = (0..3)
            .map(|_| written(&folder, vec![asked("hush"), asked("play"), asked("stop")]).0.expect("a file"))
            .collect();
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 3);
        for path in paths {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            let digits = name.chars().take(19).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
            assert_eq!(digits, "0000-00-00-00-00-00", "{name}");
            let text = std::fs::read_to_string(path).expect("text");
            let kinds: Vec<&str> = text.lines().map(|line| line.rsplit('"').nth(1).unwrap_or_default()).collect();
            assert_eq!(kinds[1..], ["hush", "play", "stop"], "{text}");
            assert!(text.starts_with(r#"{"header":{"format":1,"barline":"0.1.0","began":"2"#), "{text}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_is_said_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sets");
        std::fs::write(&file, "in the way").expect("written");
        let (path, said) = written(&file, vec![asked("play"), asked("stop"), asked("play")]);
        assert_eq!((path, said.len()), (None, 1));
        let Event::Message(message) = &said[0] else { panic!("{said:?}") };
        assert!(message.level == Level::Error && message.text.contains("the music goes on"), "{}", message.text);
    }

    #[test]
    fn a_full_disk_ends_the_journal_at_once() {
        /// Takes so many bytes.
        struct Disk(usize);
        impl Write for Disk {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let taken = bytes.len().min(self.0);
                self.0 -= taken;
                if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut left = 3;
        let lines = std::iter::from_fn(|| Some(asked("play"))).inspect(|_| left -= 1).take(3);
        let error = append(&mut Disk(60), lines).expect_err("full");
        assert_eq!((error.kind(), left), (io::ErrorKind::StorageFull, 1), "the second line did not fit");
    }
}
