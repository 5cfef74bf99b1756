//! The composer process, `barline compose`: a reader thread that keeps the newest prompt, and the decode loop on the main thread.
//!
//! Frames come on stdin and leave on what was fd 1; everything that libraries print goes to stderr, which is the parent's log.
//! The process ends with its stdin, and with its parent. What a model file can do to the machine is bounded ([`confine`]).

use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::protocol::{read_frame, write_frame};
use super::writer::{Model, Writer};
use super::{Due, Prompt, Reply, Request, Revision};

/// The environment variable that tells the child who its parent is.
pub const PARENT: &str = "BARLINE_PARENT";

/// The newest prompt, and whether there will be more.
#[derive(Debug, Default)]
struct Slot {
    state: Mutex<SlotState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SlotState {
    /// With the time of its arrival, from which its deadlines count.
    newest: Option<(Prompt, Instant)>,
    closed: bool,
}

impl Slot {
    fn put(&self, prompt: Prompt) {
        self.lock().newest = Some((prompt, Instant::now()));
        self.changed.notify_one();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Whether something waits that makes the bar in work worthless. A prompt that only lets the composer go further does not.
    fn overtakes(&self, working_on: (Revision, u32)) -> bool {
        let state = self.lock();
        state.closed || state.newest.as_ref().is_some_and(|(next, _)| (next.revision, next.attempt) != working_on)
    }

    /// The deadlines of a prompt that waits, and when they began to count.
    fn due(&self) -> Option<(Due, Instant)> {
        self.lock().newest.as_ref().and_then(|(prompt, arrived)| Some((prompt.due?, *arrived)))
    }

    fn take(&self) -> Option<(Prompt, Instant)> {
        self.lock().newest.take()
    }

    /// Waits for a prompt; `None` when there will be none.
    fn wait(&self) -> Option<(Prompt, Instant)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(prompt) = state.newest.take() {
                return Some(prompt);
            }
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Runs until stdin ends. `load` makes the model; when it cannot, the parent is told and the process waits to be closed.
pub fn run<M: Model>(load: impl FnOnce() -> Result<Writer<M>, String>) -> io::Result<()> {
    let frames = Arc::new(Mutex::new(take_stdout()?));
    let slot = Arc::new(Slot::default());
    let (reader, answers) = (Arc::clone(&slot), Arc::clone(&frames));
    std::thread::Builder::new().name("prompts".into()).spawn(move || {
        let mut input = io::stdin().lock();
        let why = loop {
            match read_frame(&mut input) {
                Ok(Request::Prompt(prompt)) => reader.put(*prompt),
                Ok(Request::Ping(number)) => {
                    if let Err(error) = send(&answers, &Reply::Pong { number }) {
                        break error.to_string();
                    }
                }
                Err(why) => break why.to_string(),
            }
        };
        eprintln!("the instrument {why}");
        reader.close();
    })?;
    let load = || {
        let mut writer = load()?;
        let work = writer.warm_up()?;
        Ok((writer, work))
    };
    // A file may say what nobody expects, such as a context of -1 tokens.
    let loaded = catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| {
        let why = "the model file says something impossible, the log says where; give another with --model FILE.gguf";
        Err(why.to_owned())
    });
    match loaded {
        Ok((mut writer, work)) => {
            let bar_micros = work.as_micros() as u64;
            send(&frames, &Reply::Ready { model: writer.model().name(), bar_micros })?;
            decode_loop(&mut writer, &slot, &frames)
        }
        Err(message) => {
            send(&frames, &Reply::Failed { message })?;
            while slot.wait().is_some() {}
            Ok(())
        }
    }
}

/// One frame at a time, whoever sends it.
fn send(frames: &Mutex<impl Write>, reply: &Reply) -> io::Result<()> {
    write_frame(&mut *frames.lock().unwrap_or_else(std::sync::PoisonError::into_inner), reply)
}

fn decode_loop<M: Model>(writer: &mut Writer<M>, slot: &Slot, frames: &Mutex<impl Write>) -> io::Result<()> {
    let Some((mut prompt, mut arrived)) = slot.wait() else { return Ok(()) };
    loop {
        if let Some((mut newer, at)) = slot.take() {
            newer.adopt(&prompt);
            (prompt, arrived) = (newer, at);
        }
        let working_on = (prompt.revision, prompt.attempt);
        let due = prompt.due.map(|due| (due, arrived));
        // A prompt that waits knows better: the music may have begun since.
        let time_left = |number| {
            let left =
                |(due, from): (Due, Instant)| Duration::from_millis(due.until(number)).saturating_sub(from.elapsed());
            slot.due().or(due).map_or(Duration::MAX, left)
        };
        match writer.next_bar_in_time(&mut prompt, &|| slot.overtakes(working_on), &time_left) {
            Ok(Some(bar)) => send(frames, &Reply::Bar(bar))?,
            Ok(None) => {
                let Some((mut newer, at)) = slot.wait() else { return Ok(()) };
                newer.adopt(&prompt);
                (prompt, arrived) = (newer, at);
            }
            Err(message) => {
                send(frames, &Reply::Failed { message })?;
                let Some(newer) = slot.wait() else { return Ok(()) };
                (prompt, arrived) = newer;
            }
        }
    }
}

/// Bounds what this process can do to the others, whatever is in the model file of `model_bytes`: the instrument's own threads come
/// first, it dies with its parent, leaves no core dump, and takes no more memory than a model of that size can need. To be called before
/// any thread is started.
pub fn confine(model_bytes: u64) {
    #[cfg(unix)]
    // SAFETY: plain system calls on this process; a refusal leaves the defaults, which also work.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
        let limit = |resource, bytes: u64| {
            let bytes = bytes as libc::rlim_t;
            libc::setrlimit(resource, &libc::rlimit { rlim_cur: bytes, rlim_max: bytes });
        };
        // A model's memory in a core dump would fill the disk during the show.
        limit(libc::RLIMIT_CORE, 0);
        limit(libc::RLIMIT_AS, memory_limit(model_bytes));
    }
    #[cfg(target_os = "linux")]
    // SAFETY: as above.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // A parent that died before this call sends no signal any more.
        let parent = std::env::var(PARENT).ok().and_then(|parent| parent.parse().ok());
        if parent.is_some_and(|parent: libc::pid_t| libc::getppid() != parent) {
            std::process::exit(0);
        }
    }
    #[cfg(not(unix))]
    let _ = model_bytes;
}

/// Bytes of address space for a model file of this size. llama.cpp maps the file, may repack all weights into a copy for this processor,
/// and reads the tokens into tables: three times the file. The cache, the work buffers and the token trie of a vocabulary of 262,144 take
/// some hundred megabytes, the reserves of allocator and thread stacks as much again in addresses alone: two gigabytes. A file that claims
/// larger tensors than it has meets this limit, not the machine's.
fn memory_limit(model_bytes: u64) -> u64 {
    model_bytes.saturating_mul(3).saturating_add(2 << 30)
}

/// Keeps fd 1 for frames alone: whoever prints from here on prints to stderr.
#[cfg(unix)]
fn take_stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    let frames = io::stdout().as_fd().try_clone_to_owned()?;
    // SAFETY: both descriptors are open; fd 1 now refers to the log.
    if unsafe { libc::dup2(2, 1) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(File::from(frames))
}

#[cfg(not(unix))]
fn take_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}
