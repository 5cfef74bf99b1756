//! A pseudo-terminal for a child process. What it shows goes to a function; its settings can be asked for.
#![allow(dead_code, reason = "no test uses everything")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// For anything that has to happen; machines may be busy.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub struct Terminal {
    /// The terminal's two ends. The test keeps the child's end open too, to ask for its settings.
    ours: File,
    theirs: OwnedFd,
    settings: Vec<u8>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    pub fn new(rows: u16, columns: u16, mut show: impl FnMut(&[u8]) + Send + 'static) -> Terminal {
        let (mut ours, mut theirs) = (-1, -1);
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let null = std::ptr::null_mut();
        // SAFETY: the descriptors are fresh and owned from here on; name and settings are left to the system.
        let (ours, theirs) = unsafe {
            assert_eq!(
                libc::openpty(&raw mut ours, &raw mut theirs, null, null.cast(), (&raw const size).cast_mut()),
                0
            );
            libc::fcntl(ours, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(theirs, libc::F_SETFD, libc::FD_CLOEXEC);
            (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs))
        };
        let settings = settings(&theirs);
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, mut source) = (stop.clone(), ours.try_clone().unwrap());
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while !stopped.load(Ordering::SeqCst) {
                let mut input = libc::pollfd { fd: source.as_raw_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: one valid pollfd.
                if unsafe { libc::poll(&raw mut input, 1, 10) } == 1 {
                    let count = source.read(&mut bytes).unwrap_or(0);
                    show(&bytes[..count]);
                }
            }
        });
        Terminal { ours, theirs, settings, stop, reader: Some(reader) }
    }

    /// Starts a program as the leader of a session of its own on this terminal.
    pub fn start(&self, mut command: Command) -> Child {
        let end = || self.theirs.try_clone().unwrap();
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: both calls are safe between fork and exec; they make the pseudo-terminal the child's own.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY as _, 0);
                Ok(())
            });
        }
        // Its end goes with `command`: without what that holds open, a hang-up would be none.
        command.spawn().unwrap()
    }

    pub fn type_keys(&mut self, keys: &[u8]) {
        self.ours.write_all(keys).unwrap();
    }

    /// The window gets another size, and whoever runs in it is told.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: reads one valid winsize.
        assert_eq!(unsafe { libc::ioctl(self.ours.as_raw_fd(), libc::TIOCSWINSZ as _, &raw const size) }, 0);
    }

    /// Whether the settings are what they were before anything ran.
    pub fn is_as_before(&self) -> bool {
        settings(&self.theirs) == self.settings
    }
}

/// The window is closed.
impl Drop for Terminal {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// All that `stty -a` would tell, as bytes.
fn settings(terminal: &OwnedFd) -> Vec<u8> {
    // SAFETY: tcgetattr fills a plain struct of the size it knows.
    let settings = unsafe {
        let mut settings: libc::termios = std::mem::zeroed();
        assert_eq!(libc::tcgetattr(terminal.as_raw_fd(), &raw mut settings), 0);
        settings
    };
    let flags = [settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag];
    flags.iter().flat_map(|flags| flags.to_ne_bytes()).chain(settings.c_cc).collect()
}

pub fn signal(process: u32, signal: libc::c_int) {
    // SAFETY: only sends a signal to a process of the test's own.
    unsafe { libc::kill(process as libc::pid_t, signal) };
}

/// Waits until `look` finds something, at most until the deadline, which `say` explains.
pub fn wait<T>(mut look: impl FnMut() -> Option<T>, say: impl FnOnce() -> String) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "{}", say());
        std::thread::sleep(Duration::from_millis(10));
    }
}
