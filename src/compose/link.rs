//! The way to the composer process: starts it, passes prompts and replies, measures how long these are on the way, and starts it again
//! when it dies or falls silent.
//!
//! Owns the child on a supervisor thread of its own, with a thread for each pipe, so that neither the scheduler nor the screen ever waits
//! for it, nor the supervisor for a pipe that nobody reads.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::child::PARENT;
use super::protocol::{Unreadable, read_frame, write_frame};
use super::{Composer, Prompt, Reply, Request};

/// The first pause before a dead child is started again; doubled up to [`MAX_PAUSE`] while they die without having written a bar.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// Between two questions for how long the way takes.
const PING: Duration = Duration::from_secs(2);
/// Without any answer for so long, a child is taken for lost: long enough for a machine that is all but standing still.
const SILENCE: Duration = Duration::from_secs(20);
/// What a local child sees of the environment: where programs, libraries and files are, and in which language to speak.
const ENVIRONMENT: [&str; 9] =
    ["PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT", "XDG_DATA_HOME", "XDG_STATE_HOME"];

/// How to start the child.
#[derive(Clone, Debug)]
pub struct Spawn {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// Whether it sees the whole environment, as a command of the performer's has to.
    pub environment: bool,
    /// Where its stderr goes.
    pub log: Option<PathBuf>,
}

impl Spawn {
    /// The performer's command, by the shell.
    #[must_use]
    pub fn command(command: &str, log: Option<PathBuf>) -> Spawn {
        Spawn { program: "sh".into(), arguments: vec!["-c".into(), command.into()], environment: true, log }
    }
}

/// What the supervisor waits for.
enum Note {
    Ask(Box<Prompt>),
    /// From the child with this number.
    Reply(u32, Reply),
    /// The reply pipe of the child with this number has no more frames.
    Ended(u32, Unreadable),
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
            Supervisor { spawn, notes: notes.clone(), inbox, outbox, child: None, started: 0, proven: false };
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

/// A child and the way to its stdin.
struct Started {
    process: Child,
    requests: Sender<Request>,
}

/// Why a child is not served any more.
enum Lost {
    /// Another will do.
    Died(String),
    /// Another would be the same: it is not what was asked for.
    Stranger(String),
}

struct Supervisor {
    spawn: Spawn,
    notes: Sender<Note>,
    inbox: Receiver<Note>,
    outbox: Sender<Reply>,
    child: Option<Started>,
    /// How many children have been started; tells a late note of an old child from one of the new.
    started: u32,
    /// Whether the newest has written a bar.
    proven: bool,
}

impl Supervisor {
    fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            self.proven = false;
            let lost = match self.start_child() {
                Ok(()) => self.serve(),
                Err(error) => Some(Lost::Died(format!("cannot be started: {error}"))),
            };
            self.reap();
            let Some(lost) = lost else { break };
            if self.proven {
                pause = FIRST_PAUSE;
            }
            let reply = match lost {
                Lost::Died(reason) => Reply::Restarting { reason },
                Lost::Stranger(message) => {
                    pause = MAX_PAUSE;
                    Reply::Failed { message }
                }
            };
            let _ = self.outbox.send(reply);
            if !self.wait(pause) {
                break;
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    fn start_child(&mut self) -> std::io::Result<()> {
        let log = self.spawn.log.as_ref().map(|path| OpenOptions::new().create(true).append(true).open(path));
        let stderr = log.and_then(Result::ok).map_or_else(Stdio::null, |log: File| Stdio::from(log));
        let mut command = Command::new(&self.spawn.program);
        if !self.spawn.environment {
            command.env_clear();
            command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
            command.env(PARENT, std::process::id().to_string());
        }
        // An abort inside ggml would otherwise start a debugger to print where it was.
        command.env("GGML_NO_BACKTRACE", "1");
        command.args(&self.spawn.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        // A Ctrl+C in the terminal is the instrument's business, not the child's.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn()?;
        self.started += 1;
        let (requests, waiting) = channel();
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        self.child = Some(Started { process, requests });
        if let Some(stdin) = stdin {
            std::thread::Builder::new().name("requests".into()).spawn(move || write_requests(stdin, &waiting))?;
        }
        if let Some(stdout) = stdout {
            let (number, notes) = (self.started, self.notes.clone());
            std::thread::Builder::new().name("replies".into()).spawn(move || {
                let mut frames = BufReader::new(stdout);
                let ended = loop {
                    match read_frame(&mut frames) {
                        Ok(reply) => drop(notes.send(Note::Reply(number, reply))),
                        Err(why) => break why,
                    }
                };
                let _ = notes.send(Note::Ended(number, ended));
            })?;
        }
        Ok(())
    }

    /// Passes prompts and replies until the child is lost, or the link closes (`None`).
    fn serve(&mut self) -> Option<Lost> {
        let mut heard = Instant::now();
        // The first answer takes as long as the command takes to start; only later ones tell how long the way is.
        let (mut ping, mut asked, mut answers) = (0, heard, false);
        self.send(Request::Ping(ping));
        loop {
            let reply = match self.inbox.recv_timeout((asked + PING).saturating_duration_since(Instant::now())) {
                Ok(Note::Ask(prompt)) => {
                    self.send(Request::Prompt(prompt));
                    continue;
                }
                Ok(Note::Reply(number, reply)) if number == self.started => reply,
                Ok(Note::Ended(number, Unreadable::Ended)) if number == self.started => {
                    return Some(Lost::Died(self.reason()));
                }
                Ok(Note::Ended(number, stranger)) if number == self.started => {
                    return Some(Lost::Stranger(format!("its command {stranger}")));
                }
                // Of a child that is no more.
                Ok(Note::Reply(..) | Note::Ended(..)) => continue,
                Ok(Note::Close) | Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if heard.elapsed() > SILENCE => {
                    return Some(Lost::Died(format!("has been silent for {} seconds", SILENCE.as_secs())));
                }
                Err(RecvTimeoutError::Timeout) => {
                    (ping, asked) = (ping + 1, Instant::now());
                    self.send(Request::Ping(ping));
                    continue;
                }
            };
            heard = Instant::now();
            let on_the_way = heard - asked;
            if !answers {
                (answers, ping, asked) = (true, ping + 1, heard);
                self.send(Request::Ping(ping));
            }
            self.proven |= matches!(reply, Reply::Bar(_));
            let reply = match reply {
                Reply::Pong { number } if number == ping => Reply::RoundTrip { micros: on_the_way.as_micros() as u64 },
                Reply::Pong { .. } => continue,
                reply => reply,
            };
            let _ = self.outbox.send(reply);
        }
    }

    fn send(&self, request: Request) {
        // Where the thread is gone, the pipe is broken, of which the other thread tells.
        let _ = self.child.as_ref().map(|child| child.requests.send(request));
    }

    fn reason(&mut self) -> String {
        // It may have closed its stdout and live on.
        let status = self.child.as_mut().and_then(|child| ended_within(&mut child.process, PATIENCE));
        status.map_or_else(|| "ended".to_owned(), |status| format!("ended ({status})"))
    }

    /// Closes the pipe, which ends the child; one that does not end by then is killed, with all that it has started.
    fn reap(&mut self) {
        let Some(Started { mut process, requests }) = self.child.take() else { return };
        drop(requests);
        let ended = ended_within(&mut process, PATIENCE).is_some();
        // What a shell has started lives on without it.
        #[cfg(unix)]
        if !ended || self.spawn.environment {
            // SAFETY: only sends a signal, to the group that the child was made the leader of a moment ago or longer; while the group has a
            // member, its number is given to nobody else.
            unsafe { libc::kill(-(process.id() as libc::pid_t), libc::SIGKILL) };
        }
        if !ended {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Waits; what is asked meanwhile is asked again of the next child, when it is ready. `false` when the link closes.
    fn wait(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Note::Ask(_) | Note::Reply(..) | Note::Ended(..)) => {}
                Ok(Note::Close) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }
}

/// How long a child may take to end.
const PATIENCE: Duration = Duration::from_millis(300);

fn ended_within(process: &mut Child, patience: Duration) -> Option<std::process::ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        match process.try_wait() {
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            status => return status.ok().flatten(),
        }
    }
}

/// Writes to the child until nobody asks any more or the pipe breaks; then closes it. Of several prompts that wait, only the last is
/// worth writing.
fn write_requests(mut stdin: ChildStdin, waiting: &Receiver<Request>) {
    while let Ok(first) = waiting.recv() {
        let mut newest = None;
        for request in std::iter::once(first).chain(waiting.try_iter()) {
            let written = match request {
                Request::Prompt(_) => {
                    newest = Some(request);
                    Ok(())
                }
                ping @ Request::Ping(_) => write_frame(&mut stdin, &ping),
            };
            if written.is_err() {
                return;
            }
        }
        if newest.is_some_and(|prompt| write_frame(&mut stdin, &prompt).is_err()) {
            return;
        }
    }
}
