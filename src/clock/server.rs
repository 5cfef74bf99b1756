//! A JACK server of one's own, for `barline bench clock` and the tests. Another process.

use std::process::{Child, Command, Stdio};

/// A JACK server without hardware, paced as a sound card is. Ended when dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
}

impl Server {
    /// Starts one under this name, with the frames of a period; `None` where there is no jackd. Clients find it by `JACK_DEFAULT_SERVER`.
    #[must_use]
    pub fn start(name: &str, realtime: bool, period: u32) -> Option<Server> {
        let mut command = Command::new("jackd");
        command.args([if realtime { "-R" } else { "-r" }, "-n", name, "-d", "dummy", "-r", "48000"]);
        command.args(["-p", &period.to_string()]);
        command.env("JACK_NO_AUDIO_RESERVATION", "1").stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server { process: command.spawn().ok()? };
        // Until it answers; without `jack_wait` for as long as it may need.
        let waited = Command::new("jack_wait")
            .args(["-s", name, "-w", "-t", "10"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        waited.map_or_else(|_| std::thread::sleep(std::time::Duration::from_secs(3)), drop);
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end, it takes itself off the list of servers, which has few places.
        // SAFETY: a plain system call, on a child that has not been waited for.
        unsafe { libc::kill(self.process.id() as libc::pid_t, libc::SIGTERM) };
        let _ = self.process.wait();
    }
}
