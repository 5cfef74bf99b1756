//! The instrument on a pseudo-terminal, as the performer has it: its screen read as cells, its bars written down as they pass.
#![allow(dead_code, reason = "no test uses everything")]

use std::collections::BTreeMap;
use std::num::NonZero;
use std::os::fd::FromRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};

use barline::compose::protocol::{read_frame, write_frame};
use barline::compose::script::Script;
use barline::compose::{Composer as _, Reply, Request};

use super::program::Place;
use super::pty::{self, Terminal};

pub const ROWS: NonZero<u16> = NonZero::new(44).unwrap();
/// Narrow enough for the bars to stand below the text.
pub const COLUMNS: NonZero<u16> = NonZero::new(110).unwrap();

pub const QUIT: &[u8] = b"\x11";
pub const EVALUATE: &[u8] = b"\x13";
pub const MESSAGES: &[u8] = b"\x1bOR";
pub const ESCAPE: &[u8] = b"\x1b";
pub const LEADER: &[u8] = b"\0";
pub const BARS: &[u8] = b"\x1bOS";
pub const RIGHT: &[u8] = b"\x1b[C";
pub const DOWN: &[u8] = b"\x1b[B";
pub const CUT: &[u8] = b"\x18";

/// One voice's part of a bar on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// `t` the text, `m` the model, `L3` the ladder.
    pub mark: String,
    pub text: String,
}

impl Cell {
    /// Whether these are the same, as far as each column had room.
    pub fn same(&self, other: &Cell) -> bool {
        let as_far = |a: &str, b: &str| a.strip_suffix('…').is_some_and(|part| b.starts_with(part));
        let (a, b) = (&self.text, &other.text);
        let cut = a.strip_suffix('…').zip(b.strip_suffix('…'));
        let both = cut.is_some_and(|(a, b)| a.starts_with(b) || b.starts_with(a));
        self.mark == other.mark && (a == b || as_far(a, b) || as_far(b, a) || both)
    }
}

#[derive(Clone, Debug)]
pub struct Bar {
    pub number: i64,
    pub sounding: bool,
    pub planned: bool,
    pub cells: Vec<Cell>,
}

/// The instrument on a terminal, in a place of its own.
pub struct Show {
    pub place: Place,
    pub child: Child,
    pub terminal: Terminal,
    pub screen: Arc<Mutex<vt100::Parser>>,
    /// Every bar that was fixed when the screen was looked at.
    pub heard: BTreeMap<i64, Vec<Cell>>,
}

impl Show {
    /// Plays a prompt under the name `set/prompt.abc` without sound.
    pub fn start(prompt: &str, model: &str) -> Show {
        Show::start_with(prompt, &["--model", model, "--audio", "none"], &[])
    }

    pub fn start_with(prompt: &str, options: &[&str], environment: &[(&str, &Path)]) -> Show {
        let place = Place::new();
        place.write("set/prompt.abc", prompt);
        let set = place.path("set");
        let options: Vec<&std::ffi::OsStr> =
            std::iter::once(set.as_os_str()).chain(options.iter().map(std::convert::AsRef::as_ref)).collect();
        Show::start_in(place, &options, environment)
    }

    pub fn start_in(place: Place, options: &[&std::ffi::OsStr], environment: &[(&str, &Path)]) -> Show {
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let sink = screen.clone();
        let terminal = Terminal::new(ROWS.get(), COLUMNS.get(), move |bytes| sink.lock().unwrap().process(bytes));
        let mut command = place.program();
        command.env("TERM", "xterm-256color").args(options).envs(environment.iter().copied());
        let child = terminal.start(command);
        Show { place, child, terminal, screen, heard: BTreeMap::new() }
    }

    pub fn rows(&self) -> Vec<String> {
        let parser = self.screen.lock().unwrap();
        let (_, columns) = parser.screen().size();
        parser.screen().rows(0, columns.get()).collect()
    }

    /// The window gets another size.
    pub fn resize(&self, rows: NonZero<u16>, columns: NonZero<u16>) {
        self.screen.lock().unwrap().screen_mut().set_size(rows, columns);
        self.terminal.resize(rows.get(), columns.get());
    }

    pub fn shown(&self) -> String {
        self.rows().join("\n")
    }

    /// Kills it as a power cut would, and starts it again with `--last`.
    pub fn crash_and_go_on(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let place = std::mem::replace(&mut self.place, Place::new());
        *self = Show::start_in(place, &["--last", "--model", "none", "--audio", "none"].map(str::as_ref), &[]);
    }

    /// Looks at the screen until `look` finds something there, and writes down the bars that pass.
    pub fn wait<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> T {
        let start = std::time::Instant::now();
        loop {
            let shown = self.shown();
            self.write_down(&bars(&shown));
            if let Some(found) = look(&shown) {
                return found;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{what}: it ended with {ended:?}\n{shown}");
            assert!(start.elapsed() < pty::DEADLINE, "no {what} in\n{shown}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    pub fn wait_for(&mut self, text: &str) {
        self.wait(text, |shown| shown.contains(text).then_some(()));
    }

    /// Waits until a bar from `number` on sounds; returns which.
    pub fn wait_for_bar(&mut self, number: i64) -> i64 {
        self.wait(&format!("bar {number}"), |shown| sounding(shown).filter(|sounding| *sounding >= number))
    }

    /// A bar once fixed stays as it is.
    pub fn write_down(&mut self, bars: &[Bar]) {
        for bar in bars.iter().filter(|bar| !bar.planned) {
            let known = self.heard.entry(bar.number).or_insert_with(|| bar.cells.clone());
            let same = known.len() == bar.cells.len() && known.iter().zip(&bar.cells).all(|(a, b)| a.same(b));
            assert!(same, "bar {} changed after it was fixed: {known:?}, {:?}", bar.number, bar.cells);
        }
    }

    /// The bars so far: none is missing, and each has something to play in every voice.
    pub fn heard(&self) -> &BTreeMap<i64, Vec<Cell>> {
        let last = *self.heard.keys().last().expect("bars");
        assert_eq!(self.heard.keys().copied().collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
        for (number, cells) in &self.heard {
            assert!(
                cells.iter().all(|cell| cell.text.contains(|c: char| c.is_ascii_alphabetic() && c != 'z')),
                "bar {number}: {cells:?}"
            );
        }
        &self.heard
    }

    /// The text of a voice in each bar so far.
    pub fn texts(&self, voice: usize) -> BTreeMap<i64, &str> {
        self.heard().iter().map(|(number, cells)| (*number, cells[voice].text.as_str())).collect()
    }

    pub fn type_keys(&mut self, keys: &[u8]) {
        self.terminal.type_keys(keys);
    }

    /// Row and column of a text on the screen, from 0.
    pub fn place_of(&self, text: &str) -> (u16, u16) {
        let mut rows = self.rows().into_iter().zip(0..);
        let found = rows.find_map(|(line, row)| Some((row, line[..line.find(text)?].chars().count() as u16)));
        found.unwrap_or_else(|| panic!("no {text} in\n{}", self.shown()))
    }

    /// What is reversed in the line with this text.
    pub fn lit(&self, text: &str) -> String {
        let (row, _) = self.place_of(text);
        let screen = self.screen.lock().unwrap();
        let cells = (0..COLUMNS.get()).filter_map(|column| screen.screen().cell(row, column));
        cells.filter(|cell| cell.inverse()).map(|cell| cell.contents().to_owned()).collect()
    }

    /// What was said so far, in full.
    pub fn messages(&mut self) -> String {
        self.type_keys(MESSAGES);
        let said = self.wait("messages", |shown| shown.contains("── messages").then(|| shown.to_owned()));
        self.type_keys(ESCAPE);
        // A key that came at once would be one with Alt.
        self.wait("end of the messages", |shown| (!shown.contains("── messages")).then_some(()));
        let lines: Vec<&str> = said.lines().map(str::trim).collect();
        lines.join(" ")
    }

    /// Another program saves the prompt as careful editors do: beside it, then over it.
    pub fn save_from_outside(&self, text: &str) {
        let beside = self.place.write("set/.prompt.abc.new", text);
        std::fs::rename(beside, self.prompt()).unwrap();
    }

    /// After the end: the only journal there is.
    pub fn journal(&self) -> PathBuf {
        let sets = std::fs::read_dir(self.place.path("XDG_STATE_HOME/barline/sets")).unwrap();
        let sets: Vec<PathBuf> = sets.map(|entry| entry.unwrap().path()).collect();
        let [journal] = &sets[..] else { panic!("{sets:?}") };
        journal.clone()
    }

    /// After the end: the bars of a voice as the journal has them, written by `replay` to `a.abc` and `a.mid`.
    pub fn replayed(&self, voice: &str) -> Vec<String> {
        let [abc, mid] = ["a.abc", "a.mid"].map(|name| self.place.path(name));
        let journal = self.journal();
        let ran = self.place.run([Path::new("replay"), &journal, Path::new("-o"), &abc, Path::new("-o"), &mid]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let written = std::fs::read_to_string(&abc).unwrap();
        let line = format!("[V:{voice}]");
        let lines = written.lines().filter_map(|text| text.strip_prefix(&line));
        lines.flat_map(|line| line.trim_end_matches('|').split('|')).map(|bar| bar.trim().to_owned()).collect()
    }

    pub fn prompt(&self) -> PathBuf {
        self.place.path("set/prompt.abc")
    }

    /// The composer's process.
    pub fn composer(&mut self) -> u32 {
        let parent = self.child.id();
        pty::wait(|| children(parent).first().copied(), || "no composer".into())
    }

    /// Ctrl+Q and y; ends in order, see [`Show::ends`].
    pub fn quit(&mut self) {
        self.type_keys(QUIT);
        self.wait_for("Quit? y quits");
        self.type_keys(b"y");
        self.ends();
    }

    /// It ends without complaint, leaves no process behind, and the terminal as it was.
    pub fn ends(&mut self) {
        let children = children(self.child.id());
        let status = pty::wait(|| self.child.try_wait().unwrap(), || "it does not end".into());
        assert_eq!(status.code(), Some(0), "{}", self.shown());
        for child in children {
            pty::wait(|| (!is_alive(child)).then_some(()), || format!("process {child} is left"));
        }
        assert!(self.terminal.is_as_before(), "the terminal's settings");
        let screen = self.screen.lock().unwrap();
        assert!(
            !screen.screen().alternate_screen() && !screen.screen().hide_cursor() && !screen.screen().bracketed_paste()
        );
        assert_eq!(screen.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bars on the screen. Voices stand in columns under their names.
pub fn bars(shown: &str) -> Vec<Bar> {
    let mut lines = shown.lines().skip_while(|line| !line.starts_with("── bars")).skip(1);
    let Some(names) = lines.next() else { return vec![] };
    let names: Vec<char> = names.chars().collect();
    let columns: Vec<usize> =
        (1..names.len()).filter(|&at| names[at].is_ascii_digit() && names[at - 1] == ' ').collect();
    lines.map_while(|line| bar(line, &columns)).collect()
}

/// `▶ 12│ t C,6             m A2d fed`.
pub fn bar(line: &str, columns: &[usize]) -> Option<Bar> {
    let line: Vec<char> = line.chars().collect();
    let part = |from: usize, to: usize| line.get(from..to.min(line.len())).unwrap_or(&[]).iter().collect::<String>();
    let rule = line.iter().position(|c| matches!(c, '│' | '┊'))?;
    let number = part(1, rule).trim().parse().ok()?;
    let ends = columns.iter().skip(1).copied().chain([line.len()]);
    let cells = columns.iter().zip(ends).map(|(&from, to)| Cell {
        mark: part(from, from + 2).trim().to_owned(),
        text: part(from + 3, to).trim().to_owned(),
    });
    Some(Bar { number, sounding: line[0] == '▶', planned: line[rule] == '┊', cells: cells.collect() })
}

pub fn sounding(shown: &str) -> Option<i64> {
    bars(shown).iter().find(|bar| bar.sounding).map(|bar| bar.number)
}

/// The number behind the first `text` on the screen.
pub fn number_behind(shown: &str, text: &str) -> Option<i64> {
    let behind = shown.split(text).nth(1)?;
    behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The bar from which the screen says that the edit is heard.
pub fn promised(shown: &str) -> Option<i64> {
    number_behind(shown, "heard from bar ").or_else(|| number_behind(shown, "heard at bar "))
}

/// Processes whose parent is this one.
pub fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let process = |name: std::ffi::OsString| name.to_str()?.parse::<u32>().ok();
    processes
        .filter_map(|entry| process(entry.file_name()))
        .filter(|&id| stat(id).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// State and parent of a process.
pub fn stat(process: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

pub fn is_alive(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z")
}

/// The command of a composer that plays the bars in the variable `BY_SCRIPT`.
pub fn by_script() -> String {
    let program = std::env::current_exe().unwrap();
    format!("exec '{}' --exact show::a_composer_by_script --nocapture 3>&1 >/dev/null", program.display())
}

/// The composer of [`by_script`], where that has started it: answers in frames on fd 3.
#[test]
fn a_composer_by_script() {
    let Ok(bars) = std::env::var("BY_SCRIPT") else { return };
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
