//! A JACK server of a test's own, without hardware: paced as a sound card is.

use std::process::{Child, Command, Stdio};

pub struct Server {
    process: Child,
}

impl Server {
    /// Starts one under this name, with the frames of a period; `None` where there is no jackd. Clients find it by `JACK_DEFAULT_SERVER`.
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
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
