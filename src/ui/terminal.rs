//! The real terminal: takes it, gives it back exactly as it was on every way out, and runs the loop. Main thread; signal handlers only set flags
//! (except on abort, where nothing else is left to run).

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Stdout, Write as _, stdout};
use std::os::fd::IntoRawFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossterm::event::{self as keyboard, EnableBracketedPaste, Event as Typed, MouseEvent, MouseEventKind};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, enable_raw_mode};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGTERM};

use super::app::{App, Input, Request};
use super::{osc52, view};
use crate::event::Event;

/// How long to wait for a key before looking at the instrument: 30 pictures a second.
const FRAME: Duration = Duration::from_millis(33);

/// Presses, releases, the wheel and moves with a button held, without a limit of columns; not every move, as crossterm would have.
const TAKE_MOUSE: &[u8] = b"\x1b[?1002h\x1b[?1006h";

/// Keys are told unambiguously and with their releases (the keyboard protocol of kitty, on a stack of its own), and the focus; terminals that do not
/// know it ignore it.
const REPORT_RELEASES: &[u8] = b"\x1b[>3u\x1b[?1004h";
const NO_RELEASES: &[u8] = b"\x1b[?1004l\x1b[<u";

/// Ends a synchronised update, the mouse, bracketed paste and the alternate screen; shows the cursor; plain colours.
const GIVE_BACK: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";

/// A press at the same place so soon after another is a second click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether [`REPORT_RELEASES`] holds.
static RELEASES: AtomicBool = AtomicBool::new(false);
/// How the terminal was set before.
static SETTINGS: OnceLock<libc::termios> = OnceLock::new();
/// A copy of the first stderr while fd 2 goes to the log, else -1.
static STDERR: AtomicI32 = AtomicI32::new(-1);

/// The terminal while it is ours.
#[derive(Debug)]
pub struct Screen {
    /// `None` only while dropping.
    terminal: Option<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    /// Set by SIGTERM, SIGHUP and SIGINT.
    ended: Arc<AtomicBool>,
}

impl Screen {
    /// Takes the terminal. Fails, with the terminal as it was, when standard input or output is not one.
    pub fn take() -> io::Result<Self> {
        SETTINGS.get_or_init(|| {
            // SAFETY: `settings` is plain data that tcgetattr fills; on failure the zeroes are never used, since raw mode fails too.
            unsafe {
                let mut settings = std::mem::zeroed();
                libc::tcgetattr(libc::STDIN_FILENO, &raw mut settings);
                settings
            }
        });
        // SAFETY: only asks about two descriptors.
        if unsafe { libc::isatty(libc::STDIN_FILENO) == 0 || libc::isatty(libc::STDOUT_FILENO) == 0 } {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the screen needs a terminal"));
        }
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            // Whoever asks twice gets what the signal does by default, but still with the terminal given back.
            let asked = ended.clone();
            let second = move || {
                if asked.load(Ordering::SeqCst) {
                    give_back();
                }
            };
            // SAFETY: an atomic load and `give_back` are safe in signal handlers.
            unsafe { signal_hook::low_level::register(signal, second) }?;
            signal_hook::flag::register_conditional_default(signal, ended.clone())?;
            signal_hook::flag::register(signal, ended.clone())?;
        }
        let abort = || {
            give_back();
            let _ = signal_hook::low_level::emulate_default_handler(SIGABRT);
        };
        // SAFETY: both calls are safe in signal handlers.
        unsafe { signal_hook::low_level::register(SIGABRT, abort) }?;
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let take = || {
            execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
            stdout().write_all(TAKE_MOUSE)?;
            stdout().flush()?;
            ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout())))
        };
        let terminal = take().inspect_err(|_| give_back())?;
        Ok(Screen { terminal: Some(terminal), ended })
    }

    /// Columns and rows, for [`App::new`].
    pub fn size(&self) -> io::Result<(u16, u16)> {
        crossterm::terminal::size()
    }

    /// One picture; terminals that know synchronised updates show it at once.
    pub fn draw(&mut self, app: &App) -> io::Result<()> {
        let Some(terminal) = self.terminal.as_mut() else { return Ok(()) };
        queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
        terminal.draw(|frame| view::draw(frame, app))?;
        execute!(terminal.backend_mut(), EndSynchronizedUpdate)
    }

    fn report_releases(&mut self, on: bool) -> io::Result<()> {
        if RELEASES.swap(on, Ordering::SeqCst) == on {
            return Ok(());
        }
        let Some(terminal) = self.terminal.as_mut() else { return Ok(()) };
        terminal.backend_mut().write_all(if on { REPORT_RELEASES } else { NO_RELEASES })?;
        io::Write::flush(terminal.backend_mut())
    }

    /// Offers the terminal a text for its clipboard, where it may have one.
    fn copy(&mut self, text: &str) -> io::Result<()> {
        let Some(terminal) = self.terminal.as_mut() else { return Ok(()) };
        let name = std::env::var("TERM").ok();
        if !osc52::is_taken(name.as_deref(), std::env::var_os("STY").is_some()) {
            return Ok(());
        }
        terminal.backend_mut().write_all(osc52::sequence(text).as_bytes())?;
        io::Write::flush(terminal.backend_mut())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let terminal = self.terminal.take();
        if std::thread::panicking() {
            // Its buffer may hold half a picture, which has no place on the screen that was given back.
            std::mem::forget(terminal);
        }
        give_back();
    }
}

/// Puts the terminal and stderr back as they were. Idempotent, and safe in a signal handler: no allocation, no lock.
///
/// After a hang-up stderr stays with the log, as a message to a dead terminal would be a panic. Standard output is still dead then.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // SAFETY: plain system calls on descriptors of the process; the bytes and settings are static.
        unsafe {
            if RELEASES.swap(false, Ordering::SeqCst) {
                libc::write(libc::STDOUT_FILENO, NO_RELEASES.as_ptr().cast(), NO_RELEASES.len());
            }
            if libc::write(libc::STDOUT_FILENO, GIVE_BACK.as_ptr().cast(), GIVE_BACK.len()) < 0 {
                return;
            }
            if let Some(settings) = SETTINGS.get() {
                libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, settings);
            }
        }
    }
    let stderr = STDERR.swap(-1, Ordering::SeqCst);
    if stderr >= 0 {
        // SAFETY: `stderr` is the copy that `redirect_stderr` made and nobody else closes.
        unsafe {
            libc::dup2(stderr, libc::STDERR_FILENO);
            libc::close(stderr);
        }
    }
}

/// Lets fd 2 go to a log file from here on, since libraries write there and would spoil the picture. [`give_back`] undoes it.
pub fn redirect_stderr(log: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).open(log)?.into_raw_fd();
    // SAFETY: both descriptors are open and ours; each copy is closed once.
    unsafe {
        let before = libc::fcntl(libc::STDERR_FILENO, libc::F_DUPFD_CLOEXEC, 3);
        let redirected = libc::dup2(file, libc::STDERR_FILENO);
        libc::close(file);
        if redirected < 0 {
            return Err(io::Error::last_os_error());
        }
        let older = STDERR.swap(before, Ordering::SeqCst);
        if older >= 0 {
            // Redirected twice: the first stderr is the one to come back to.
            STDERR.store(older, Ordering::SeqCst);
            libc::close(before);
        }
    }
    Ok(())
}

/// On a panic of this thread: the terminal is given back first, then `silence` ends what sounds, then the hook before it reports.
/// Other threads' panics only reach the log; whoever started such a thread decides how the show goes on.
pub fn install_panic_hook(silence: impl Fn() + Send + Sync + 'static) {
    let before = std::panic::take_hook();
    let screen_thread = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == screen_thread {
            give_back();
            silence();
        }
        before(info);
    }));
}

/// Runs the screen until it quits. `perform` does what the screen asks and returns what came of it at once; what comes later goes through
/// `events`. It is told of [`Request::Quit`] too.
pub fn run_loop(
    screen: &mut Screen,
    app: &mut App,
    events: &Receiver<Event>,
    perform: &mut dyn FnMut(Request) -> Vec<Input>,
) -> io::Result<()> {
    let mut inputs = VecDeque::new();
    let mut changed = true;
    let mut clicks = Clicks::default();
    let mut told = Instant::now();
    loop {
        while let Some(input) = inputs.pop_front() {
            for request in app.update(input) {
                // A terminal that is gone is noticed by the next picture.
                let _ = match &request {
                    Request::Clipboard(text) => screen.copy(text),
                    Request::Releases(on) => screen.report_releases(*on),
                    _ => Ok(()),
                };
                let quits = matches!(request, Request::Quit);
                inputs.extend(perform(request));
                if quits {
                    return Ok(());
                }
            }
        }
        if std::mem::take(&mut changed) && screen.draw(app).is_err() {
            // The terminal is gone. Whatever the reason, leave in order.
            inputs.push_back(Input::Terminate);
            continue;
        }
        match typed(FRAME, &mut clicks) {
            Ok(typed) => inputs.extend(typed),
            Err(_) => inputs.push_back(Input::Terminate),
        }
        let news = events.try_iter().filter(|event| match event {
            Event::Snapshot(snapshot) => **snapshot != *app.snapshot(),
            _ => true,
        });
        inputs.extend(news.map(Input::Event));
        if screen.ended.load(Ordering::SeqCst) {
            inputs.push_back(Input::Terminate);
        }
        let passed = std::mem::replace(&mut told, Instant::now()).elapsed();
        if app.is_lit() {
            inputs.push_back(Input::Passed(passed));
        }
        changed = !inputs.is_empty();
    }
}

/// Counts presses that come at one place, one soon after the other.
#[derive(Debug, Default)]
struct Clicks {
    last: Option<(Instant, (u16, u16))>,
    count: u8,
}

impl Clicks {
    fn count(&mut self, event: MouseEvent, now: Instant) -> u8 {
        if let MouseEventKind::Down(_) = event.kind {
            let place = (event.column, event.row);
            let again = self.last.is_some_and(|(then, there)| there == place && now - then <= DOUBLE_CLICK);
            self.count = if again { self.count.saturating_add(1) } else { 1 };
            self.last = Some((now, place));
        }
        self.count
    }
}

/// Waits for the first key as long as a picture lasts, then takes what there is.
fn typed(wait: Duration, clicks: &mut Clicks) -> io::Result<Vec<Input>> {
    // Waited for here and not in crossterm, whose reader spins once the terminal has hung up.
    let mut input = libc::pollfd { fd: libc::STDIN_FILENO, events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd. An interruption is a resize or a signal, both of which are looked at next.
    unsafe { libc::poll(&raw mut input, 1, wait.as_millis() as libc::c_int) };
    if input.revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut inputs = Vec::new();
    // With no time at all crossterm does not look.
    while keyboard::poll(Duration::from_millis(1))? {
        match keyboard::read()? {
            Typed::Key(key) => inputs.push(Input::Key(key)),
            Typed::Paste(text) => inputs.push(Input::Paste(text)),
            Typed::Resize(columns, rows) => inputs.push(Input::Resize(columns, rows)),
            Typed::Mouse(event) => {
                let clicks = clicks.count(event, Instant::now());
                inputs.push(Input::Mouse { event, clicks });
            }
            Typed::FocusLost => inputs.push(Input::FocusLost),
            Typed::FocusGained => {}
        }
    }
    Ok(inputs)
}
