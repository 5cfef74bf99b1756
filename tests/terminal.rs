//! The terminal is as it was before, however the screen ends. The screen runs in a child process on a pseudo-terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use barline::ui::{App, Input, Request, terminal};

const DEADLINE: Duration = Duration::from_secs(60);

/// What the child process runs; on its own it does nothing.
#[test]
#[ignore = "the other tests run it"]
fn stage() {
    if std::env::var_os("BARLINE_STAGE").is_none() {
        return;
    }
    let log = tempfile::NamedTempFile::new().unwrap();
    terminal::redirect_stderr(log.path()).unwrap();
    eprintln!("a library's noise");
    let mut screen = terminal::Screen::take().unwrap();
    terminal::install_panic_hook(|| eprintln!("silenced"));
    let mut app = App::new(vec![], screen.size().unwrap());
    let (_events, receiver) = mpsc::channel();
    let mut perform = |request| match request {
        Request::Evaluate { text, .. } if text == "panic" => panic!("as asked"),
        Request::Evaluate { text, .. } if text == "abort" => std::process::abort(),
        Request::Evaluate { text, .. } if text.len() == 3000 => vec![Input::Terminate],
        _ => vec![],
    };
    terminal::run_loop(&mut screen, &mut app, &receiver, &mut perform).unwrap();
    drop(screen);
    eprintln!("left in order");
    std::process::exit(7);
}

struct Stage {
    child: Child,
    /// The terminal's two ends. The test keeps the child's end open too, to ask for its settings.
    ours: File,
    theirs: OwnedFd,
    settings: Vec<u8>,
    shown: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    reader: JoinHandle<()>,
}

impl Stage {
    fn start() -> Stage {
        let (mut ours, mut theirs) = (-1, -1);
        let size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
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
        let end = || theirs.try_clone().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "stage", "--ignored", "--nocapture"]).env("BARLINE_STAGE", "1");
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: both calls are safe between fork and exec; they make the pseudo-terminal the child's own.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY as _, 0);
                Ok(())
            });
        }
        let settings = settings(&theirs);
        let child = command.spawn().unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (sink, stopped, mut source) = (shown.clone(), stop.clone(), ours.try_clone().unwrap());
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while !stopped.load(Ordering::SeqCst) {
                let mut input = libc::pollfd { fd: source.as_raw_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: one valid pollfd.
                if unsafe { libc::poll(&raw mut input, 1, 10) } == 1 {
                    let count = source.read(&mut bytes).unwrap_or(0);
                    sink.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
                }
            }
        });
        // Without what the child's descriptors in `command` hold open, a hang-up would be none.
        drop(command);
        let stage = Stage { child, ours, theirs, settings, shown, stop, reader };
        stage.wait_for("F1 help");
        assert_ne!(self::settings(&stage.theirs), stage.settings, "raw mode");
        stage
    }

    fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.shown.lock().unwrap().contains(text) {
            assert!(start.elapsed() < DEADLINE, "no {text:?} in {:?}", self.shown.lock().unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, signal: libc::c_int) {
        // SAFETY: the child is ours and not yet waited for.
        unsafe { libc::kill(self.child.id() as libc::pid_t, signal) };
    }

    fn ends(child: &mut Child) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if start.elapsed() > DEADLINE {
                child.kill().unwrap();
                panic!("it did not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end; the terminal must be as before, and `last` what it shows behind the screen.
    fn leaves_no_trace(mut self, last: &str) -> ExitStatus {
        let status = Stage::ends(&mut self.child);
        self.wait_for("\x1b[?1049l");
        self.wait_for(last);
        assert_eq!(settings(&self.theirs), self.settings);
        let shown = self.shown.lock().unwrap().clone();
        let (screen, after) = shown.rsplit_once("\x1b[?1049l").unwrap();
        assert!(after.starts_with("\x1b[?25h"), "{after:?}");
        assert!(screen.contains("\x1b[?2004l"), "bracketed paste is off again");
        assert!(after.contains(last), "{after:?}");
        assert!(!shown.contains("noise"), "stderr goes to the log");
        status
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

#[test]
fn on_quitting() {
    let mut stage = Stage::start();
    stage.ours.write_all(b"\x11").unwrap();
    assert_eq!(stage.leaves_no_trace("left in order").code(), Some(7));
}

/// crossterm's other reader keeps all but the first thousand keys back until the next one.
#[test]
fn on_the_last_of_many_keys_typed_at_once() {
    let mut stage = Stage::start();
    let keys = "a".repeat(3000) + "\x13";
    stage.ours.write_all(keys.as_bytes()).unwrap();
    assert_eq!(stage.leaves_no_trace("left in order").code(), Some(7));
}

#[test]
fn on_being_asked_to_end() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let stage = Stage::start();
        stage.signal(signal);
        assert_eq!(stage.leaves_no_trace("left in order").code(), Some(7));
    }
}

#[test]
fn on_a_panic_and_the_notes_are_silenced_first() {
    let mut stage = Stage::start();
    stage.ours.write_all(b"panic\x13").unwrap();
    let shown = stage.shown.clone();
    stage.leaves_no_trace("as asked");
    let shown = shown.lock().unwrap();
    assert!(shown.find("silenced").unwrap() < shown.find("as asked").unwrap());
}

#[test]
fn on_an_abort_from_inside_or_outside() {
    let mut stage = Stage::start();
    stage.ours.write_all(b"abort\x13").unwrap();
    assert_eq!(stage.leaves_no_trace("").signal(), Some(libc::SIGABRT));
    let stage = Stage::start();
    stage.signal(libc::SIGABRT);
    assert_eq!(stage.leaves_no_trace("").signal(), Some(libc::SIGABRT));
}

/// crossterm's reader spins for ever on a terminal that has hung up.
#[test]
fn a_closed_window_ends_the_instrument() {
    let Stage { mut child, ours, theirs, stop, reader, .. } = Stage::start();
    stop.store(true, Ordering::SeqCst);
    reader.join().unwrap();
    drop((ours, theirs));
    assert_eq!(Stage::ends(&mut child).code(), Some(7));
}
