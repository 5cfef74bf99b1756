//! The composer process, `barline compose`: a reader thread that keeps the newest prompt, and the decode loop on the main thread.
//!
//! Frames come on stdin and leave on what was fd 1; everything that libraries print goes to stderr, which is the parent's log.
//! The process ends with its stdin, and with its parent.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::protocol::{read_frame, write_frame};
use super::writer::{Model, Writer};
use super::{Due, Prompt, Reply, Revision};

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
    lower_priority();
    let mut frames = take_stdout()?;
    let slot = Arc::new(Slot::default());
    let reader = Arc::clone(&slot);
    std::thread::Builder::new().name("prompts".into()).spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(prompt)) = read_frame(&mut input) {
            reader.put(prompt);
        }
        reader.close();
    })?;
    match load() {
        Ok(mut writer) => {
            write_frame(&mut frames, &Reply::Ready { model: writer.model().name() })?;
            decode_loop(&mut writer, &slot, &mut frames)
        }
        Err(message) => {
            write_frame(&mut frames, &Reply::Failed { message })?;
            while slot.wait().is_some() {}
            Ok(())
        }
    }
}

fn decode_loop<M: Model>(writer: &mut Writer<M>, slot: &Slot, frames: &mut impl Write) -> io::Result<()> {
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
            Ok(Some(bar)) => write_frame(frames, &Reply::Bar(bar))?,
            Ok(None) => {
                let Some((mut newer, at)) = slot.wait() else { return Ok(()) };
                newer.adopt(&prompt);
                (prompt, arrived) = (newer, at);
            }
            Err(message) => {
                write_frame(frames, &Reply::Failed { message })?;
                let Some(newer) = slot.wait() else { return Ok(()) };
                (prompt, arrived) = newer;
            }
        }
    }
}

/// The instrument's own threads come first; llama.cpp takes what is left.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    // SAFETY: plain system calls on this process; a refusal leaves the defaults, which also work.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
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
