//! `barline bench screen`: what keys and pictures cost, and how soon a key is on the screen: the real program in a pseudo-terminal, while its model
//! and another one work at full speed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use barline::compose::busy::Busy;
use barline::figures::percentile;
use barline::ui::bench::bench_screen;

pub type Figures = Vec<(String, f64, String)>;

const KEYS: usize = 300;
/// What is typed: letters that nothing else on the screen has.
const LETTERS: [&str; 6] = ["α", "δ", "λ", "π", "σ", "ω"];
const COLUMNS: u16 = 200;
const ROWS: u16 = 60;
/// For anything that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);
/// Until the model is at work.
const WARM: Duration = Duration::from_secs(3);
/// Three voices of the model, at a tempo that keeps it busy.
const SET: &str = "X:1\n% busy\nM:4/4\nL:1/8\nQ:1/4=200\nK:C\nV:bass by=model patch=sub\nV:lead by=model patch=reed\nV:arp by=model patch=pluck\n";

/// Each with its name, value and unit.
pub fn figures(model: Option<&Path>) -> Figures {
    let mut figures: Figures =
        bench_screen().into_iter().map(|(name, value, unit)| (name.to_owned(), value, unit.to_owned())).collect();
    let busy = Busy::start(crate::play::composer(model, None, &|_, text| eprintln!("{text}")));
    match Show::start(model).and_then(|mut show| show.measure()) {
        Ok((mut millis, share)) => {
            millis.sort_by(f64::total_cmp);
            for (name, of) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
                let value = percentile(&millis, of).unwrap_or(0.0);
                figures.push((format!("key_to_screen_ms_{name}"), value, "ms, the model at full speed".to_owned()));
            }
            figures.push(("screen_core_share".to_owned(), share, "of one core, 200 x 60, music and typing".to_owned()));
        }
        Err(why) => eprintln!("no figures of a terminal: {why}"),
    }
    figures.push(("model_bars_meanwhile".to_owned(), busy.stop() as f64, "bars".to_owned()));
    figures
}

/// The instrument on a terminal, at home in a folder of its own.
struct Show {
    child: Child,
    keys: File,
    shown: Receiver<(Instant, Vec<u8>)>,
    folder: PathBuf,
}

impl Show {
    fn start(model: Option<&Path>) -> Result<Show, String> {
        let said = |error: std::io::Error| error.to_string();
        let folder = std::env::temp_dir().join(format!("barline-screen-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(said)?;
        let prompt = folder.join("set.abc");
        std::fs::write(&prompt, SET).map_err(said)?;
        let (keys, terminal) = terminal().map_err(said)?;
        let mut command = Command::new(std::env::current_exe().map_err(said)?);
        command.args(["play", "--audio", "none", "--model"]).arg(model.unwrap_or(Path::new("none"))).arg(&prompt);
        for name in ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(name, &folder);
        }
        command.env("TERM", "xterm-256color").current_dir(std::env::current_dir().map_err(said)?);
        let end = || terminal.try_clone().map_err(said);
        command.stdin(end()?).stdout(end()?).stderr(end()?);
        // SAFETY: both calls are safe between fork and exec; they make the pseudo-terminal the child's own.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY as _, 0);
                Ok(())
            });
        }
        let child = command.spawn().map_err(said)?;
        let (sender, shown) = channel();
        let mut source = keys.try_clone().map_err(said)?;
        // It ends with the terminal.
        std::thread::spawn(move || {
            let mut bytes = [0; 1 << 13];
            while let Ok(count @ 1..) = source.read(&mut bytes) {
                if sender.send((Instant::now(), bytes[..count].to_vec())).is_err() {
                    break;
                }
            }
        });
        Ok(Show { child, keys, shown, folder })
    }

    /// How long each key was on its way, in milliseconds, and the share of a core that the screen's thread took meanwhile.
    fn measure(&mut self) -> Result<(Vec<f64>, f64), String> {
        self.wait_for("▶ playing", Instant::now())?;
        std::thread::sleep(WARM);
        let (begun, before) = (Instant::now(), self.worked());
        let mut millis = Vec::with_capacity(KEYS);
        for key in 0..KEYS {
            // At any moment of a picture.
            std::thread::sleep(Duration::from_millis(70 + (key as u64 * 37) % 67));
            let letter = LETTERS[key % LETTERS.len()];
            let typed = Instant::now();
            self.type_keys(letter.as_bytes())?;
            millis.push((self.wait_for(letter, typed)? - typed).as_secs_f64() * 1e3);
            self.type_keys(b"\x7f")?;
        }
        let share = (self.worked() - before) / begun.elapsed().as_secs_f64();
        self.type_keys(b"\x11y")?;
        let ended = Instant::now();
        while self.child.try_wait().ok().flatten().is_none() && ended.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok((millis, share))
    }

    fn type_keys(&mut self, keys: &[u8]) -> Result<(), String> {
        self.keys.write_all(keys).map_err(|error| error.to_string())
    }

    /// When a text was on the screen, looked for in what was shown since `typed`.
    fn wait_for(&mut self, text: &str, typed: Instant) -> Result<Instant, String> {
        // A text may come in two pieces.
        let mut tail: Vec<u8> = Vec::new();
        while typed.elapsed() < PATIENCE {
            let Ok((at, bytes)) = self.shown.recv_timeout(PATIENCE) else { break };
            if at < typed {
                continue;
            }
            tail.extend(bytes);
            if tail.windows(text.len()).any(|place| place == text.as_bytes()) {
                return Ok(at);
            }
            tail.drain(..tail.len().saturating_sub(text.len()));
        }
        Err(format!("{text} did not come to the screen"))
    }

    /// Seconds that the program's first thread has worked, which is the screen's; 0 where the system does not say.
    fn worked(&self) -> f64 {
        let id = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/task/{id}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit_once(") ").map_or(Vec::new(), |(_, fields)| fields.split(' ').collect());
        let ticks: f64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<f64>().ok()).sum();
        // SAFETY: only asks for a number.
        ticks / unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as f64
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Both ends of a pseudo-terminal: ours and the program's.
fn terminal() -> std::io::Result<(File, OwnedFd)> {
    let (mut ours, mut theirs) = (-1, -1);
    let size = libc::winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
    let null = std::ptr::null_mut();
    // SAFETY: the descriptors are fresh and owned from here on; name and settings are left to the system.
    unsafe {
        if libc::openpty(&raw mut ours, &raw mut theirs, null, null.cast(), (&raw const size).cast_mut()) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        libc::fcntl(ours, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(theirs, libc::F_SETFD, libc::FD_CLOEXEC);
        Ok((File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)))
    }
}
