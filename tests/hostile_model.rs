//! Model files that are wrong: whatever is in them, the composer process answers with a sentence, plays or ends; it does not hang, takes no
//! more memory than its limit, and prints nothing but frames.
#![cfg(all(feature = "llama", unix))]

#[path = "common/gguf.rs"]
mod gguf;
#[path = "common/program.rs"]
mod program;

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use barline::compose::protocol::{Unreadable, read_frame, write_frame};
use barline::compose::{Prompt, Reply, Request, Role, obeyed};
use program::Place;

/// For a composer to answer or to end; machines may be busy.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq)]
enum Outcome {
    Played,
    Refused(String),
    Died(String),
}

/// What the composer does with a file, and its largest resident memory in bytes.
fn compose(place: &Place, model: &Path, prompt: &Prompt) -> (Outcome, u64) {
    let mut command = place.program();
    command.args(["compose".as_ref(), "--model".as_ref(), model.as_os_str()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (replies, inbox) = channel();
    let reader = std::thread::spawn(move || {
        let mut frames = std::io::BufReader::new(stdout);
        let end = loop {
            match read_frame::<Reply>(&mut frames) {
                Ok(reply) => drop(replies.send(reply)),
                Err(end) => break end,
            }
        };
        let mut rest = Vec::new();
        let _ = frames.read_to_end(&mut rest);
        (end, rest)
    });
    // It may have ended already.
    let _ = write_frame(&mut stdin, &Request::Prompt(Box::new(prompt.clone())));
    let start = Instant::now();
    let (mut said, mut bars) = (None, 0);
    while said.is_none() {
        match inbox.recv_timeout(LIMIT.saturating_sub(start.elapsed())) {
            Ok(Reply::Failed { message }) => said = Some(Outcome::Refused(message)),
            Ok(Reply::Bar(_)) => bars += 1,
            Ok(_) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                panic!("{} hangs", model.display());
            }
        }
        if bars == prompt.bars.len() {
            said = Some(Outcome::Played);
        }
    }
    drop(stdin);
    let (status, memory) = ended(&mut child);
    let (end, rest) = reader.join().unwrap();
    assert!(matches!(end, Unreadable::Ended) && rest.is_empty(), "{} prints {end} {rest:?}", model.display());
    let how = status.signal().map_or_else(|| format!("code {:?}", status.code()), |signal| format!("signal {signal}"));
    (said.unwrap_or(Outcome::Died(how)), memory)
}

/// Waits for the end of a process that was told to.
fn ended(child: &mut Child) -> (ExitStatus, u64) {
    let start = Instant::now();
    loop {
        let mut status = 0;
        // SAFETY: a zeroed rusage is one, and the child is our own and not waited for elsewhere.
        let (found, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            (libc::wait4(child.id() as libc::pid_t, &raw mut status, libc::WNOHANG, &raw mut usage), usage)
        };
        if found > 0 {
            // Kilobytes on Linux, bytes on macOS.
            let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
            return (ExitStatus::from_raw(status), usage.ru_maxrss as u64 * unit);
        }
        if start.elapsed() > LIMIT {
            let _ = child.kill();
            panic!("process {} does not end with its stdin", child.id());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn prompt() -> Prompt {
    let mut prompt = obeyed::openings(Role::Lead, (55, 88), 1).remove(0);
    prompt.bars.truncate(2);
    prompt
}

#[test]
fn no_file_hangs_the_composer_or_fills_the_machine() {
    let Some(model) = program::model() else { return };
    let whole = std::fs::read(&model).unwrap();
    let place = Place::new();
    let prompt = prompt();
    let good = place.write("good.gguf", &whole);
    let (outcome, usual) = compose(&place, &good, &prompt);
    assert_eq!(outcome, Outcome::Played, "the model itself");
    let mutations = gguf::mutations(&whole);
    assert!(mutations.len() >= 50, "{}", mutations.len());
    let limit = 3 * whole.len() as u64 + (2 << 30);
    let (mut counts, mut largest) = ([0; 3], 0);
    let mut judge = |name: &str, path: &Path| {
        let (outcome, memory) = compose(&place, path, &prompt);
        println!("{name}: {outcome:?}, {} MB", memory >> 20);
        match &outcome {
            Outcome::Played => counts[0] += 1,
            Outcome::Refused(sentence) => {
                counts[1] += 1;
                assert!(!sentence.contains('\n') && sentence.len() > 20, "{name}: {sentence}");
            }
            Outcome::Died(_) => counts[2] += 1,
        }
        largest = largest.max(memory);
        assert!(memory <= limit, "{name} takes {memory} bytes");
        outcome
    };
    for mutation in &mutations {
        let path = place.write("hostile.gguf", (mutation.of)(&whole));
        judge(&mutation.name, &path);
    }
    std::fs::create_dir(place.path("folder.gguf")).unwrap();
    for (name, path) in [
        ("a folder", place.path("folder.gguf")),
        ("a text", place.write("text.gguf", "Once upon a time\n")),
        ("nothing", place.write("empty.gguf", "")),
        ("no file", place.path("missing.gguf")),
    ] {
        assert!(matches!(judge(name, &path), Outcome::Refused(_)), "{name}");
    }
    let [played, refused, died] = counts;
    println!(
        "{} files: {played} played, {refused} refused, {died} ended the process; at most {} MB, {} MB as it is",
        played + refused + died,
        largest >> 20,
        usual >> 20
    );
    assert!(refused >= 30, "most are refused with a sentence: {counts:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_composer_is_confined() {
    let Some(model) = program::model() else { return };
    let mut command = Place::new().program();
    command.args(["compose".as_ref(), "--model".as_ref(), model.as_os_str()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    while !matches!(read_frame::<Reply>(&mut stdout), Ok(Reply::Ready { .. })) {}
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap();
    let limits = file("limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[26..].split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(limit("Max core file size"), 0);
    assert_eq!(limit("Max address space"), 3 * std::fs::metadata(&model).unwrap().len() + (2 << 30));
    let stat = file("stat");
    let nice = stat.rsplit_once(") ").unwrap().1.split(' ').nth(16).unwrap();
    assert!(nice.parse::<i32>().unwrap() >= 10, "{nice}");
    drop(child.stdin.take());
    let _ = ended(&mut child);
}

/// It was started by somebody who is no more.
#[cfg(target_os = "linux")]
#[test]
fn a_composer_without_its_parent_ends() {
    let Some(model) = program::model() else { return };
    let mut command = Place::new().program();
    command.args(["compose".as_ref(), "--model".as_ref(), model.as_os_str()]).env(barline::compose::child::PARENT, "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // Its stdin stays open.
    assert_eq!(ended(&mut child).0.code(), Some(0));
}
