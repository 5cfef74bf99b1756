//! The way to the composer, by commands of the shell that answer late, die, or speak nonsense. What answers in frames is this test's own
//! program: [`a_composer_by_hand`].
#![cfg(unix)]

use std::io::Write;
use std::os::fd::FromRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use barline::compose::link::{Link, Spawn};
use barline::compose::protocol::{read_frame, write_frame};
use barline::compose::{Composer, Prompt, Reply, Request, Role, obeyed};

/// For anything that has to happen; machines may be busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// The child of the other tests, where these set `BY_HAND`: answers in frames on fd 3, `BY_HAND` milliseconds late. A prompt ends it.
#[test]
fn a_composer_by_hand() {
    let Ok(late) = std::env::var("BY_HAND") else { return };
    let late = Duration::from_millis(late.parse().unwrap());
    // SAFETY: the command that started this has opened it for nothing else.
    let mut frames = unsafe { std::fs::File::from_raw_fd(3) };
    let mut input = std::io::stdin().lock();
    write_frame(&mut frames, &Reply::Ready { model: "by hand".into(), bar_micros: 5 }).unwrap();
    while let Ok(Request::Ping(number)) = read_frame(&mut input) {
        std::thread::sleep(late);
        write_frame(&mut frames, &Reply::Pong { number }).unwrap();
    }
    // Nothing more of the test program reaches anybody.
    std::process::exit(7);
}

/// The command for it.
fn by_hand(late_ms: u64) -> String {
    let program = std::env::current_exe().unwrap();
    format!("BY_HAND={late_ms} exec '{}' --exact a_composer_by_hand --nocapture 3>&1 >/dev/null", program.display())
}

fn link(command: &str) -> Link {
    Link::start(Spawn::command(command, None))
}

/// The first reply for which `look` finds something.
fn wait<T>(link: &mut Link, what: &str, look: impl Fn(&Reply) -> Option<T>) -> T {
    let start = Instant::now();
    let mut seen = Vec::new();
    loop {
        if let Some(reply) = link.poll() {
            if let Some(found) = look(&reply) {
                return found;
            }
            seen.push(reply);
        }
        assert!(start.elapsed() < DEADLINE, "no {what} in {seen:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for_file(path: &Path) -> String {
    let start = Instant::now();
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.ends_with('\n') {
            return text;
        }
        assert!(start.elapsed() < DEADLINE, "no {}", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn prompt() -> Prompt {
    obeyed::openings(Role::Lead, (55, 88), 1).remove(0)
}

fn ready(reply: &Reply) -> Option<()> {
    matches!(reply, Reply::Ready { .. }).then_some(())
}

#[test]
fn the_way_there_and_back_is_measured() {
    let trip = |reply: &Reply| match reply {
        Reply::RoundTrip { micros } => Some(*micros),
        _ => None,
    };
    let mut far = link(&by_hand(300));
    wait(&mut far, "answer", ready);
    let micros = wait(&mut far, "round trip", trip);
    assert!(micros >= 300_000, "{micros}");
}

#[test]
fn one_that_dies_is_started_again_and_told_nothing_old() {
    let mut link = link(&by_hand(0));
    for _ in 0..3 {
        wait(&mut link, "composer", ready);
        // It ends with the first prompt; the next one gets none unless it is asked again.
        link.ask(&prompt());
        let reason = wait(&mut link, "end", |reply| match reply {
            Reply::Restarting { reason } => Some(reason.clone()),
            Reply::Failed { message } => panic!("{message}"),
            _ => None,
        });
        assert_eq!(reason, "ended (exit status: 7)");
    }
}

#[test]
fn what_does_not_speak_barline_is_refused_and_seldom_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let nonsense = "does not speak Barline's frames";
    let cases = [
        ("cat", nonsense),
        ("echo Welcome to this machine; cat >/dev/null", nonsense),
        // A frame of version 2.
        (r"printf '\003\000\000\000\002{}'; cat >/dev/null", "speaks frames of version 2, this barline version "),
    ];
    for (command, expected) in cases {
        std::fs::write(&starts, "").unwrap();
        let began = Instant::now();
        let mut link = link(&format!("echo x >> {}; {command}", starts.display()));
        let message = wait(&mut link, "refusal", |reply| match reply {
            Reply::Failed { message } => Some(message.clone()),
            _ => None,
        });
        assert!(message.starts_with("its command ") && message.contains(expected), "{message}");
        std::thread::sleep(Duration::from_millis(1500));
        let starts = std::fs::read_to_string(&starts).unwrap().lines().count() as u64;
        assert!(starts <= 1 + began.elapsed().as_secs() / 5, "{command}: {starts} starts in {:?}", began.elapsed());
    }
}

#[test]
fn what_ends_at_once_or_makes_noise_is_tried_again() {
    for command in ["false", "head -c 100 /dev/urandom", "/no/such/program"] {
        let mut link = link(command);
        wait(&mut link, "end", |reply| matches!(reply, Reply::Restarting { .. } | Reply::Failed { .. }).then_some(()));
    }
}

#[test]
fn one_that_never_reads_stops_nobody_and_nothing_of_it_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("process");
    let mut link = link(&format!("sleep 1000 & echo $! > {}; wait", written.display()));
    let sleeper: i32 = wait_for_file(&written).trim().parse().unwrap();
    // More than any pipe holds.
    let long = Prompt { bars: vec![prompt().bars[0].clone(); 10_000], ..prompt() };
    for _ in 0..10 {
        link.ask(&long);
    }
    drop(link);
    let start = Instant::now();
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{sleeper}/stat"));
        stat.is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('Z')))
    };
    while alive() {
        assert!(start.elapsed() < DEADLINE, "process {sleeper} is left");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Cargo sets this for tests, and no composer needs it.
const FOREIGN: &str = "CARGO_MANIFEST_DIR=";

#[test]
fn the_environment_is_clean_for_our_own_child_and_whole_for_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, clean) = (folder.path().join("whole"), folder.path().join("clean"));
    let say =
        |path: &PathBuf| format!("env > {0}.new; echo >> {0}.new; mv {0}.new {0}; cat >/dev/null", path.display());
    let _command = link(&say(&whole));
    let arguments = vec!["-c".into(), say(&clean).into()];
    let _own = Link::start(Spawn { program: "sh".into(), arguments, environment: false, log: None });
    let (whole, clean) = (wait_for_file(&whole), wait_for_file(&clean));
    assert!(whole.contains(FOREIGN) && whole.contains("GGML_NO_BACKTRACE=1"), "{whole}");
    assert!(!clean.contains(FOREIGN), "{clean}");
    for kept in ["PATH=", "GGML_NO_BACKTRACE=1\n", &format!("BARLINE_PARENT={}\n", std::process::id())] {
        assert!(clean.contains(kept), "{kept}: {clean}");
    }
}

#[test]
fn what_it_says_goes_to_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::File::create(&log).unwrap().write_all(b"before\n").unwrap();
    let mut link = Link::start(Spawn::command("echo a sentence >&2", Some(log.clone())));
    wait(&mut link, "end", |reply| matches!(reply, Reply::Restarting { .. }).then_some(()));
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().take(2).collect::<Vec<_>>(), ["before", "a sentence"]);
}
