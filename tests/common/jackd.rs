//! JACK servers of this process's tests, one at a time, under a name of its own.
#![allow(dead_code, reason = "no test uses everything")]

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use barline::clock::server::Server;

/// Held by a test for as long as it needs servers.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that the test is skipped where there is no jackd.
pub fn start(realtime: bool) -> Option<Server> {
    static NAME: OnceLock<String> = OnceLock::new();
    let name = NAME.get_or_init(|| {
        let name = format!("barline-test-{}", std::process::id());
        // SAFETY: once, by the first test that has its turn; until then no other thread reads the environment.
        unsafe { std::env::set_var("JACK_DEFAULT_SERVER", &name) };
        name
    });
    let server = Server::start(name, realtime, 256);
    if server.is_none() {
        println!("skipped: there is no jackd");
    }
    server
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Seen,
    /// The server dropped out, at which its frames jump and messages are lost.
    Disturbed,
}

/// Tries until the server keeps up. A run gives `None` where something is missing.
pub fn undisturbed(run: impl Fn() -> Option<Outcome>) {
    let _turn = turn();
    for _ in 0..10 {
        if !matches!(run(), Some(Outcome::Disturbed)) {
            return;
        }
        println!("the server dropped out: once more");
    }
    println!("skipped: the server drops out each time, on a machine that is too busy");
}
