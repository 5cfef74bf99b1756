//! The way to the composer process: starts it, writes the newest prompt to it, reads its replies, and starts it again when it dies.
//!
//! Owns the child and its pipes on a supervisor thread of its own, so that neither the scheduler nor the screen ever waits for it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::protocol::{read_frame, write_frame};
use super::{Composer, Prompt, Reply};

/// The first pause before a dead child is started again; doubled up to [`MAX_PAUSE`] while it keeps dying young.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// A child that lived this long died of something new.
const HEALTHY: Duration = Duration::from_secs(10);

/// How to start the child.
#[derive(Clone, Debug)]
pub struct Spawn {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// Where its stderr goes.
    pub log: Option<PathBuf>,
}

/// What the supervisor waits for.
enum Note {
    Ask(Box<Prompt>),
    Reply(Reply),
    /// The reply pipe of the child with this number ended.
    Ended(u32),
    Close,
}

#[derive(Debug)]
pub struct Link {
    notes: Sender<Note>,
    replies: Receiver<Reply>,
    supervisor: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Note")
    }
}

impl Link {
    /// Starts the child. A child that cannot be started is a reply, not an error: the music goes on without it.
    #[must_use]
    pub fn start(spawn: Spawn) -> Link {
        let (notes, inbox) = channel();
        let (outbox, replies) = channel();
        let supervisor =
            Supervisor { spawn, notes: notes.clone(), inbox, outbox, child: None, started: 0, newest: None };
        let thread = std::thread::Builder::new().name("link".into()).spawn(move || supervisor.run());
        Link { notes, replies, supervisor: thread.ok() }
    }
}

impl Composer for Link {
    fn ask(&mut self, prompt: &Prompt) {
        // The supervisor outlives every asker; a failed send means that the process is ending.
        let _ = self.notes.send(Note::Ask(Box::new(prompt.clone())));
    }

    fn poll(&mut self) -> Option<Reply> {
        self.replies.try_recv().ok()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.notes.send(Note::Close);
        if let Some(thread) = self.supervisor.take() {
            let _ = thread.join();
        }
    }
}

struct Supervisor {
    spawn: Spawn,
    notes: Sender<Note>,
    inbox: Receiver<Note>,
    outbox: Sender<Reply>,
    child: Option<Child>,
    /// How many children have been started; tells a late note of an old child from one of the new.
    started: u32,
    newest: Option<Box<Prompt>>,
}

impl Supervisor {
    fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let born = Instant::now();
            let reason = match self.start_child() {
                Ok(()) => match self.serve() {
                    Some(reason) => reason,
                    None => break,
                },
                Err(error) => format!("cannot be started: {error}"),
            };
            self.reap();
            let _ = self.outbox.send(Reply::Restarting { reason });
            pause = if born.elapsed() > HEALTHY { FIRST_PAUSE } else { (pause * 2).min(MAX_PAUSE) };
            if !self.wait(pause) {
                break;
            }
        }
        self.reap();
    }

    fn start_child(&mut self) -> std::io::Result<()> {
        let log = self.spawn.log.as_ref().map(|path| OpenOptions::new().create(true).append(true).open(path));
        let stderr = log.and_then(Result::ok).map_or_else(Stdio::null, |log: File| Stdio::from(log));
        let mut command = Command::new(&self.spawn.program);
        // An abort inside ggml would otherwise start a debugger to print where it was.
        command.env("GGML_NO_BACKTRACE", "1");
        command.args(&self.spawn.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        // A Ctrl+C in the terminal is the instrument's business, not the child's.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        self.started += 1;
        let number = self.started;
        let notes = self.notes.clone();
        if let Some(stdout) = child.stdout.take() {
            std::thread::Builder::new().name("replies".into()).spawn(move || {
                let mut frames = BufReader::new(stdout);
                while let Ok(Some(reply)) = read_frame(&mut frames) {
                    if notes.send(Note::Reply(reply)).is_err() {
                        return;
                    }
                }
                let _ = notes.send(Note::Ended(number));
            })?;
        }
        self.child = Some(child);
        // The new child knows nothing yet: it is asked what the old one was asked last.
        self.write_newest();
        Ok(())
    }

    /// Passes prompts and replies until the child ends (the reason) or the link closes (`None`).
    fn serve(&mut self) -> Option<String> {
        loop {
            match self.inbox.recv() {
                Ok(Note::Ask(prompt)) => {
                    self.newest = Some(prompt);
                    // Of several prompts that wait, only the last is worth writing.
                    match self.drain_asks() {
                        Some(Note::Close) => return None,
                        Some(Note::Ended(number)) if number == self.started => return Some(self.reason()),
                        _ => {}
                    }
                    self.write_newest();
                }
                Ok(Note::Reply(reply)) => {
                    let _ = self.outbox.send(reply);
                }
                Ok(Note::Ended(number)) if number == self.started => return Some(self.reason()),
                Ok(Note::Ended(_)) => {}
                Ok(Note::Close) | Err(_) => return None,
            }
        }
    }

    fn drain_asks(&mut self) -> Option<Note> {
        while let Ok(note) = self.inbox.try_recv() {
            match note {
                Note::Ask(prompt) => self.newest = Some(prompt),
                Note::Reply(reply) => {
                    let _ = self.outbox.send(reply);
                }
                other => return Some(other),
            }
        }
        None
    }

    fn write_newest(&mut self) {
        if let (Some(prompt), Some(child)) = (&self.newest, &mut self.child)
            && let Some(stdin) = &mut child.stdin
        {
            // A broken pipe is the end of the child, of which the reader thread tells.
            let _ = write_frame(stdin, prompt.as_ref()).and_then(|()| stdin.flush());
        }
    }

    fn reason(&mut self) -> String {
        match self.child.as_mut().map(Child::wait) {
            Some(Ok(status)) => format!("ended ({status})"),
            _ => "ended".to_owned(),
        }
    }

    /// Closes the pipe, which ends the child; one that does not end by then is killed.
    fn reap(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        drop(child.stdin.take());
        let deadline = Instant::now() + Duration::from_millis(300);
        while Instant::now() < deadline {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Waits, remembering what is asked; `false` when the link closes.
    fn wait(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Note::Ask(prompt)) => self.newest = Some(prompt),
                Ok(Note::Reply(_) | Note::Ended(_)) => {}
                Ok(Note::Close) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }
}
