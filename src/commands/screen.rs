//! `barline bench screen`: what keys and pictures cost inside, and how long a key takes to be seen: the whole instrument in a pseudo-terminal, with
//! the model at full speed.

use std::path::Path;

use barline::ui::bench::bench_screen;

pub type Figures = Vec<(&'static str, f64, &'static str)>;

pub fn figures(model: Option<&Path>) -> Figures {
    let mut figures = bench_screen();
    match typed::figures(model) {
        Ok(more) => figures.extend(more),
        Err(why) => eprintln!("no figures of keys in a terminal: {why}"),
    }
    figures
}

#[cfg(not(unix))]
mod typed {
    use super::{Figures, Path};

    pub fn figures(_: Option<&Path>) -> Result<Figures, String> {
        Err("there are no pseudo-terminals here".to_owned())
    }
}

#[cfg(unix)]
mod typed {
    use std::fs::File;
    use std::io::{Error, Read, Write};
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use barline::compose::sample::Rng;
    use barline::figures::percentile;

    use super::{Figures, Path};

    /// Three voices that the model writes, so that it is never done.
    const PROMPT: &str = "X:1\nT:Keys\n% busy flowing\nM:4/4\nL:1/8\nQ:1/4=240\nK:Dm\nV:bass patch=sub\nV:inner patch=reed\nV:lead patch=reed\n\
        [V:bass] D,4 A,4 |\n[V:inner] D2F2 E2D2 |\n[V:lead] A2d2 c2A2 |\n";
    const KEYS: usize = 300;
    /// Until the model has been loaded and writes.
    const WARM_UP: Duration = Duration::from_secs(5);
    /// Nothing else on the screen looks like it.
    const KEY: &str = "§";
    const BACKSPACE: &[u8] = b"\x7f";
    const SIZE: libc::winsize = libc::winsize { ws_row: 60, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
    const DEADLINE: Duration = Duration::from_secs(60);
    /// Milliseconds between keys, at least, and at most so many more.
    const PAUSE: u64 = 50;
    const MORE: usize = 100;

    pub fn figures(model: Option<&Path>) -> Result<Figures, String> {
        let home = std::env::temp_dir().join(format!("barline-bench-{}", std::process::id()));
        let measured = measured(&home, model).map_err(|error| error.to_string());
        let _ = std::fs::remove_dir_all(&home);
        let times = measured?;
        let at = |p| percentile(&times, p).unwrap_or_default();
        let unit = "ms from a key to its sign on the screen";
        Ok(vec![
            ("key_to_screen_ms_p50", at(0.5), unit),
            ("key_to_screen_ms_p99", at(0.99), unit),
            ("key_to_screen_ms_max", at(1.0), unit),
        ])
    }

    /// In milliseconds.
    fn measured(home: &Path, model: Option<&Path>) -> Result<Vec<f64>, Error> {
        std::fs::create_dir_all(home.join("set"))?;
        std::fs::write(home.join("set/keys.abc"), PROMPT)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(home.join("set")).args(["--audio", "none", "--model"]);
        command.arg(model.unwrap_or("none".as_ref())).env("HOME", home).env("TERM", "xterm-256color");
        for name in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(name, home.join(name));
        }
        let mut stage = Stage::start(command)?;
        stage.wait_for("bars")?;
        stage.pass(WARM_UP)?;
        let mut rng = Rng::new(1, 0, 0, 0);
        let mut times = Vec::with_capacity(KEYS);
        for _ in 0..KEYS {
            stage.pass(Duration::from_millis(PAUSE + rng.below(MORE) as u64))?;
            let begun = Instant::now();
            stage.terminal.write_all(KEY.as_bytes())?;
            stage.wait_for(KEY)?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            stage.terminal.write_all(BACKSPACE)?;
        }
        Ok(times)
    }

    /// The instrument and its terminal.
    struct Stage {
        terminal: File,
        child: Child,
        /// What was shown and not yet looked at.
        shown: Vec<u8>,
    }

    impl Stage {
        /// It leads a session of its own on a fresh pseudo-terminal.
        fn start(mut command: Command) -> Result<Stage, Error> {
            let (mut ours, mut theirs) = (-1, -1);
            let null = std::ptr::null_mut();
            let mut size = SIZE;
            // SAFETY: the descriptors are fresh and owned from here on; name and settings are left to the system.
            let (terminal, theirs) = unsafe {
                if libc::openpty(&raw mut ours, &raw mut theirs, null, null.cast(), &raw mut size) != 0 {
                    return Err(Error::last_os_error());
                }
                libc::fcntl(ours, libc::F_SETFD, libc::FD_CLOEXEC);
                (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs))
            };
            command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
            // SAFETY: both calls are safe between fork and exec; they make the pseudo-terminal the child's own.
            unsafe {
                command.pre_exec(|| {
                    libc::setsid();
                    libc::ioctl(0, libc::TIOCSCTTY as _, 0);
                    Ok(())
                });
            }
            Ok(Stage { terminal, child: command.spawn()?, shown: Vec::new() })
        }

        /// Reads what comes within this time; `false` where nothing does.
        fn read(&mut self, within: Duration) -> Result<bool, Error> {
            let mut input = libc::pollfd { fd: self.terminal.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid pollfd.
            if unsafe { libc::poll(&raw mut input, 1, within.as_millis() as libc::c_int) } != 1 {
                return Ok(false);
            }
            let mut bytes = [0; 65_536];
            let count = self.terminal.read(&mut bytes)?;
            self.shown.extend_from_slice(&bytes[..count]);
            Ok(true)
        }

        fn pass(&mut self, time: Duration) -> Result<(), Error> {
            let end = Instant::now() + time;
            while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| left.as_millis() > 0) {
                self.read(left)?;
            }
            self.shown.clear();
            Ok(())
        }

        fn wait_for(&mut self, text: &str) -> Result<(), Error> {
            let end = Instant::now() + DEADLINE;
            while memchr::memmem::find(&self.shown, text.as_bytes()).is_none() {
                if Instant::now() >= end {
                    return Err(Error::other(format!("'{text}' never came to the screen")));
                }
                self.read(Duration::from_millis(100))?;
            }
            self.shown.clear();
            Ok(())
        }
    }

    impl Drop for Stage {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
