//! A composer in a process of its own that plays bars by a script: the test program itself, which a command starts for one of its tests.

use std::os::fd::FromRawFd as _;

use barline::compose::protocol::{read_frame, write_frame};
use barline::compose::script::Script;
use barline::compose::{Composer as _, Reply, Request};

/// The variable with the script ([`Script::new`]).
pub const SCRIPT: &str = "BY_SCRIPT";

/// What `--composer` says; the test program has a test `a_composer_by_script` that calls [`compose`].
pub fn command() -> String {
    let program = std::env::current_exe().unwrap();
    format!("exec '{}' --exact a_composer_by_script --nocapture 3>&1 >/dev/null", program.display())
}

/// Where the script is set: answers in frames on fd 3 with the bars that it says.
pub fn compose() {
    let Ok(bars) = std::env::var(SCRIPT) else { return };
    // SAFETY: the command that started this has opened it for nothing else.
    let mut frames = unsafe { std::fs::File::from_raw_fd(3) };
    let mut input = std::io::stdin().lock();
    let mut script = Script::new(&bars);
    write_frame(&mut frames, &Reply::Ready { model: "by script".into(), bar_micros: 5 }).unwrap();
    while let Ok(request) = read_frame(&mut input) {
        match request {
            Request::Ping(number) => write_frame(&mut frames, &Reply::Pong { number }).unwrap(),
            Request::Prompt(prompt) => {
                script.ask(&prompt);
                while let Some(reply) = script.poll() {
                    write_frame(&mut frames, &reply).unwrap();
                }
            }
        }
    }
    // Nothing more of the test program reaches anybody.
    std::process::exit(0);
}
