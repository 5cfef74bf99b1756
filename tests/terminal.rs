//! The terminal is as it was before, however the screen ends. The screen runs in a child process on a pseudo-terminal.

#[path = "common/pty.rs"]
mod pty;

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, mpsc};

use barline::ui::{App, Input, Request, terminal};
use pty::Terminal;

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
        Request::Evaluate { text, .. } => {
            let _ = std::fs::write(std::env::var_os("BARLINE_STAGE").unwrap(), text);
            vec![Input::Terminate]
        }
        _ => vec![],
    };
    terminal::run_loop(&mut screen, &mut app, &receiver, &mut perform).unwrap();
    drop(screen);
    eprintln!("left in order");
    std::process::exit(7);
}

struct Stage {
    child: Child,
    terminal: Terminal,
    shown: Arc<Mutex<String>>,
}

impl Stage {
    fn start() -> Stage {
        Stage::writing_to(std::path::Path::new("/dev/null"))
    }

    /// The text that is evaluated goes to this file.
    fn writing_to(text: &std::path::Path) -> Stage {
        let shown = Arc::new(Mutex::new(String::new()));
        let sink = shown.clone();
        let terminal =
            Terminal::new(24, 80, move |bytes| sink.lock().unwrap().push_str(&String::from_utf8_lossy(bytes)));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "stage", "--ignored", "--nocapture"]).env("TERM", "xterm-256color").env_remove("STY");
        command.env("BARLINE_STAGE", text);
        let stage = Stage { child: terminal.start(command), terminal, shown };
        stage.wait_for("F1 help");
        assert!(!stage.terminal.is_as_before(), "raw mode");
        stage
    }

    fn wait_for(&self, text: &str) {
        let shown = || self.shown.lock().unwrap();
        pty::wait(|| shown().contains(text).then_some(()), || format!("no {text:?} in {:?}", shown()));
    }

    fn signal(&self, signal: libc::c_int) {
        pty::signal(self.child.id(), signal);
    }

    fn ends(child: &mut Child) -> ExitStatus {
        pty::wait(|| child.try_wait().unwrap(), || "it did not end".into())
    }

    /// Waits for the end; the terminal must be as before, and `last` what it shows behind the screen.
    fn leaves_no_trace(mut self, last: &str) -> ExitStatus {
        let status = Stage::ends(&mut self.child);
        self.wait_for("\x1b[?1049l");
        self.wait_for(last);
        assert!(self.terminal.is_as_before());
        let shown = self.shown.lock().unwrap().clone();
        let (screen, after) = shown.rsplit_once("\x1b[?1049l").unwrap();
        assert!(after.starts_with("\x1b[?25h"), "{after:?}");
        assert!(screen.contains("\x1b[?2004l"), "bracketed paste is off again");
        for mode in ["1002", "1006"] {
            let (on, off) = (format!("\x1b[?{mode}h"), format!("\x1b[?{mode}l"));
            assert!(screen.find(&on).unwrap() < screen.rfind(&off).unwrap(), "the mouse is the terminal's again");
        }
        assert!(after.contains(last), "{after:?}");
        assert!(!shown.contains("noise"), "stderr goes to the log");
        status
    }
}

#[test]
fn on_quitting() {
    let mut stage = Stage::start();
    stage.terminal.type_keys(b"\x11");
    assert_eq!(stage.leaves_no_trace("left in order").code(), Some(7));
}

/// crossterm's other reader keeps all but the first thousand keys back until the next one.
#[test]
fn on_the_last_of_many_keys_typed_at_once() {
    let mut stage = Stage::start();
    let keys = "a".repeat(3000) + "\x13";
    stage.terminal.type_keys(keys.as_bytes());
    assert_eq!(stage.leaves_no_trace("left in order").code(), Some(7));
}

/// The mouse takes a note, a search another one, what is copied goes to the terminal, and ten thousand lines are pasted at once.
#[test]
fn the_mouse_a_search_the_clipboard_and_a_long_paste() {
    let text = tempfile::NamedTempFile::new().unwrap();
    let mut stage = Stage::writing_to(text.path());
    stage.terminal.type_keys(b"\x1b[200~X:1\rK:C\rA2d fed|\rslow\r\x1b[201~");
    stage.wait_for("slow");
    // Two presses on the second note of the third line, with the release between them, then a copy.
    let press = "\x1b[<0;7;6M\x1b[<0;7;6m";
    stage.terminal.type_keys(format!("{press}{press}\x03").as_bytes());
    stage.wait_for("\x1b]52;c;ZA==\x07");
    stage.terminal.type_keys(b"\x06SLOW");
    stage.wait_for("not found");
    stage.terminal.type_keys("\x08".repeat(4).as_bytes());
    stage.terminal.type_keys(b"slow\x1b[F");
    let paste = "z8|\r".repeat(10_000);
    stage.terminal.type_keys(format!("\x1b[200~{paste}\x1b[201~\x13").as_bytes());
    stage.leaves_no_trace("left in order");
    let written = std::fs::read_to_string(text.path()).unwrap();
    assert_eq!(written, format!("X:1\nK:C\nA2d fed|\nslow{}\n", paste.replace('\r', "\n")));
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
    stage.terminal.type_keys(b"panic\x13");
    let shown = stage.shown.clone();
    stage.leaves_no_trace("as asked");
    let shown = shown.lock().unwrap();
    assert!(shown.find("silenced").unwrap() < shown.find("as asked").unwrap());
}

#[test]
fn on_an_abort_from_inside_or_outside() {
    let mut stage = Stage::start();
    stage.terminal.type_keys(b"abort\x13");
    assert_eq!(stage.leaves_no_trace("").signal(), Some(libc::SIGABRT));
    let stage = Stage::start();
    stage.signal(libc::SIGABRT);
    assert_eq!(stage.leaves_no_trace("").signal(), Some(libc::SIGABRT));
}

/// crossterm's reader spins for ever on a terminal that has hung up.
#[test]
fn a_closed_window_ends_the_instrument() {
    let Stage { mut child, terminal, .. } = Stage::start();
    drop(terminal);
    assert_eq!(Stage::ends(&mut child).code(), Some(7));
}
