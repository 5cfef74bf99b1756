//! Recording, as the performer has it: the real program on a pseudo-terminal, and its files beside what a replay of the journal makes.
#![cfg(target_os = "linux")]

#[cfg(feature = "jack")]
#[path = "common/jackd.rs"]
mod jackd;
#[path = "common/program.rs"]
mod program;
#[path = "common/pty.rs"]
mod pty;

use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use barline::check::check;
use barline::import::read_midi;
use barline::journal::{Line, Recording, read};
use barline::replay::Steps;
use barline::synth::CLICK;
use barline::time::{Beats, Frames};
use program::Place;
use pty::Terminal;

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();

/// Bars of one second, each with a note of its own, on a patch whose sound is exact however it is cut into blocks.
const PROMPT: &str = "X:1\nT:Loop\nM:2/4\nL:1/8\nQ:1/4=120\nK:C\nV:click by=loop patch=click\nV:bass by=loop patch=click\n\
                      [V:click] CDEF | GABc | defg | abc'd' |\n[V:bass] C,4 | D,2 E,2 | F,3 G, | A,4 |\n";

/// Held by each test: several at once would be more than the synth has time for.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Show {
    place: Place,
    child: Child,
    terminal: Terminal,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Show {
    /// Stopped.
    fn start(audio: &str) -> Show {
        let place = Place::new();
        place.write("set/prompts/prompt.abc", PROMPT);
        place.write("set/patches/click.patch", CLICK);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let sink = screen.clone();
        let terminal = Terminal::new(ROWS.get(), COLUMNS.get(), move |bytes| sink.lock().unwrap().process(bytes));
        let mut command = place.program();
        command.current_dir(place.path("set")).env("TERM", "xterm-256color");
        command.args(["--armed", "--model", "none", "--audio", audio]);
        // A file that is too long is an error then, as a full disk is, and no signal.
        // SAFETY: a call that is safe between fork and exec.
        unsafe {
            command.pre_exec(|| {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                Ok(())
            });
        }
        let child = terminal.start(command);
        let mut show = Show { place, child, terminal, screen };
        show.wait_for("■ stopped");
        show
    }

    fn shown(&self) -> String {
        let rows = self.screen.lock().unwrap();
        rows.screen().rows(0, COLUMNS.get()).collect::<Vec<_>>().join("\n")
    }

    fn wait_for(&mut self, text: &str) {
        pty::wait(|| self.shown().contains(text).then_some(()), || format!("no {text} in\n{}", self.shown()));
    }

    /// A key behind the leader.
    fn key(&mut self, key: u8) {
        self.terminal.type_keys(&[0]);
        self.wait_for("── menu");
        self.terminal.type_keys(&[key]);
    }

    /// Until this bar sounds.
    fn wait_for_bar(&mut self, number: i64) {
        self.wait_for(&format!("bar {number}:"));
    }

    /// From here on files can only be so long, in bytes.
    fn limit_files(&self, longest: u64) {
        let limit = libc::rlimit { rlim_cur: longest, rlim_max: longest };
        let process = self.child.id() as libc::pid_t;
        // SAFETY: a plain system call; the old limit is not asked for.
        let set = unsafe { libc::prlimit(process, libc::RLIMIT_FSIZE, &raw const limit, std::ptr::null_mut()) };
        assert_eq!(set, 0);
    }

    /// The bar that sounds.
    fn bar(&self) -> Option<i64> {
        self.shown().split_once("  bar ")?.1.split_once(':')?.0.parse().ok()
    }

    /// Begins to record and waits for the status.
    fn record(&mut self) {
        self.key(b'R');
        self.wait_for("● REC 0:0");
    }

    /// How much is recorded.
    fn length(&self) -> Option<Duration> {
        let shown = self.shown();
        let (minutes, rest) = shown.split_once("● REC ")?.1.split_once(':')?;
        let seconds: u64 = rest.get(..2)?.parse().ok()?;
        Some(Duration::from_secs(60 * minutes.parse::<u64>().ok()? + seconds))
    }

    /// Until so much is recorded, however long that takes.
    fn wait_for_length(&mut self, length: Duration) {
        let look = || self.length().filter(|recorded| *recorded >= length);
        pty::wait(look, || format!("no {length:?} of a recording in\n{}", self.shown()));
    }

    /// Ends it, and waits until all of it is written.
    fn end(&mut self) {
        self.key(b'R');
        self.wait_for("recorded 0:");
        assert!(!self.shown().contains("REC"), "{}", self.shown());
    }

    /// Waits for the end.
    fn ends(&mut self) {
        let status = pty::wait(|| self.child.try_wait().unwrap(), || "it does not end".into());
        assert_eq!(status.code(), Some(0));
    }

    /// The recordings so far, without their extensions, in order.
    fn recordings(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.place.path("XDG_STATE_HOME/barline/recordings")).unwrap();
        let files = folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension() == Some("wav".as_ref()));
        let mut files: Vec<PathBuf> = files.map(|path| path.with_extension("")).collect();
        files.sort();
        files
    }

    /// After the end: the set, and what `replay -o` makes of it: `all.wav`, `all.mid`, `all.abc`.
    fn set(&self) -> Recording {
        let mut sets = std::fs::read_dir(self.place.path("XDG_STATE_HOME/barline/sets")).unwrap();
        let journal = sets.next().unwrap().unwrap().path();
        let mut replay = self.place.program();
        replay.current_dir(self.place.path("set")).arg("replay").arg(&journal);
        for name in ["all.wav", "all.mid", "all.abc"] {
            replay.arg("-o").arg(self.place.path(name));
        }
        assert!(replay.output().unwrap().status.success());
        let (set, damages) = read(&std::fs::read(journal).unwrap()).unwrap().unwrap();
        assert_eq!(damages, []);
        set
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The recordings of which a journal tells: their first frames and those behind their last.
fn told(set: &Recording) -> Vec<(Frames, Frames)> {
    let recorded = set.lines.iter().filter_map(|line| match line {
        Line::Command { what, .. } => what.get("recorded"),
        _ => None,
    });
    let frame = |at: &serde_json::Value| Frames(at.as_i64().unwrap());
    recorded.map(|recorded| (frame(&recorded["from"]), frame(&recorded["to"]))).collect()
}

fn samples(path: &Path) -> Vec<[i32; 2]> {
    let reader = hound::WavReader::open(path).unwrap();
    assert_eq!((reader.spec().channels, reader.spec().bits_per_sample, reader.spec().sample_rate), (2, 24, 48_000));
    let samples: Vec<i32> = reader.into_samples().map(Result::unwrap).collect();
    samples.chunks_exact(2).map(|frame| [frame[0], frame[1]]).collect()
}

/// Sample by sample what the replay has, for this long.
fn assert_same_sound(recorded: &Path, from: Frames, length: Duration, show: &Show, set: &Recording) {
    let (ours, replayed) = (samples(&recorded.with_extension("wav")), samples(&show.place.path("all.wav")));
    let steps = Steps::new(set, set.header.rate).unwrap();
    // The beginning of the replay has what came before.
    let first = from.max(set.bars()[0].at);
    let end = from + set.header.rate.frames_in(length);
    let ours = &ours[(first - from).0 as usize..(end - from).0 as usize];
    let theirs = &replayed[steps.frame(first).0 as usize..];
    assert!(ours.iter().any(|[left, right]| left.abs() > 100_000 && right.abs() > 100_000), "it sounds");
    let other = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
    assert_eq!(other, None, "{:?}", other.map(|at| (ours.len(), ours[at], theirs[at])));
}

/// The notes of each track.
fn notes(path: &Path) -> Vec<Vec<(Beats, Beats, u8, u8)>> {
    let tracks = read_midi(path).unwrap().tracks;
    let note = |note: &barline::export::MidiNote| (note.onset, note.length, note.pitch, note.velocity);
    tracks.iter().map(|track| track.notes.iter().map(note).collect()).collect()
}

/// Whether a machine that is too busy has made it play late: then it is not what the journal says.
fn was_late(set: &Recording) -> bool {
    let account = set.lines.iter().rev().find_map(|line| match line {
        Line::Message { message, .. } => message.text.strip_prefix("on time: "),
        _ => None,
    });
    let account = account.expect("the set is accounted for");
    println!("{account}");
    !account.contains(" xruns, 0 notes late, 0 left out")
}

/// From before the first note to behind the stop: the same files as those of the replay.
fn a_whole_set(audio: &str) -> bool {
    let mut show = Show::start(audio);
    let begun = Instant::now();
    show.record();
    show.key(b'p');
    show.wait_for_bar(5);
    show.wait_for_length(Duration::from_secs(3));
    // What a synth that is behind the clock had not played when it was stopped, it never does.
    let played = show.length().unwrap();
    show.key(b's');
    show.wait_for("■ stopped");
    // A synth that is behind the clock has not played all of it yet.
    show.wait_for_length(begun.elapsed() + Duration::from_secs(1));
    show.end();
    show.terminal.type_keys(b"\x11");
    show.ends();
    let (set, recordings) = (show.set(), show.recordings());
    let [recording] = &recordings[..] else { panic!("{recordings:?}") };
    let [(from, to)] = told(&set)[..] else { panic!("{:?}", told(&set)) };
    assert_eq!(samples(&recording.with_extension("wav")).len() as i64, (to - from).0);
    for (extension, all) in [("abc", "all.abc"), ("mid", "all.mid")] {
        let files = [recording.with_extension(extension), show.place.path(all)];
        let [ours, theirs] = files.map(|path| std::fs::read(path).unwrap());
        assert!(ours == theirs, "{all}: {}\n{}", String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs));
    }
    let abc = std::fs::read_to_string(recording.with_extension("abc")).unwrap();
    assert!(abc.contains("[V:click] CD EF | GA Bc | de fg | ab c'd' |"), "{abc}");
    assert_eq!(check(&abc), []);
    if was_late(&set) {
        return false;
    }
    assert_same_sound(recording, from, played, &show, &set);
    true
}

#[test]
fn a_recorded_set_is_what_its_replay_renders() {
    let _turn = turn();
    // Nobody hears it, and it is the same.
    assert!((0..5).any(|_| a_whole_set("none")), "the machine is too busy to play in time");
}

#[cfg(feature = "jack")]
#[test]
fn what_a_sound_device_plays_is_recorded() {
    let _turn = turn();
    let Some(_server) = jackd::start(false) else { return };
    assert!((0..5).any(|_| a_whole_set("jack")), "the machine is too busy to play in time");
}

/// Two recordings out of the middle; the second one ends with the instrument, by a signal.
#[test]
fn a_recording_from_the_middle_has_the_bars_that_began_in_it() {
    let _turn = turn();
    let mut show = Show::start("none");
    show.key(b'p');
    show.wait_for_bar(2);
    show.record();
    show.wait_for_length(Duration::from_secs(4));
    show.end();
    show.record();
    show.wait_for_length(Duration::from_secs(3));
    pty::signal(show.child.id(), libc::SIGTERM);
    show.ends();
    show.wait_for("barline: recorded 0:0");
    let (set, recordings) = (show.set(), show.recordings());
    assert_eq!(recordings.len(), 2, "{recordings:?}");
    let (from, to) = told(&set)[0];
    assert_eq!(samples(&recordings[0].with_extension("wav")).len() as i64, (to - from).0);
    if was_late(&set) {
        println!("played late, on a machine that is too busy: the sound is not compared");
    } else {
        assert_same_sound(&recordings[0], from, set.header.rate.duration_of(to - from), &show, &set);
    }
    let bars = set.bars();
    let all = notes(&show.place.path("all.mid"));
    let within = |from: Frames, to: Frames| bars.iter().filter(move |bar| from <= bar.at && bar.at < to);
    let (first, last) = (within(from, to).next().unwrap(), within(from, to).next_back().unwrap());
    // But for the last bar, which is cut.
    let (begins, ends) = (first.beats - bars[0].beats, last.beats - first.beats);
    let part = |notes: &[(Beats, Beats, u8, u8)], from: Beats| -> Vec<(Beats, Beats, u8, u8)> {
        let moved = notes.iter().filter(|note| note.0 >= from).map(|note| (note.0 - from, note.1, note.2, note.3));
        moved.filter(|note| note.0 < ends).collect()
    };
    let ours = notes(&recordings[0].with_extension("mid"));
    assert_eq!(ours.len(), 2);
    for (ours, all) in ours.iter().zip(&all) {
        assert!(part(ours, Beats::ZERO).len() >= 2, "{ours:?}");
        assert_eq!(part(ours, Beats::ZERO), part(all, begins));
    }
    // And of both, whole bars as they were written.
    for (recording, at_least) in recordings.iter().zip([2, 1]) {
        let abc = std::fs::read_to_string(recording.with_extension("abc")).unwrap();
        assert_eq!(check(&abc), []);
        let line = abc.lines().find_map(|line| line.strip_prefix("[V:bass]")).unwrap();
        let mut written: Vec<&str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        written.pop();
        let texts = ["C,4", "D,2 E,2", "F,3G,", "A,4"];
        let begin = texts.iter().position(|text| *text == written[0]).unwrap();
        assert!(written.len() >= at_least, "{abc}");
        assert!(written.iter().zip(texts.iter().cycle().skip(begin)).all(|(ours, text)| ours == text), "{abc}");
    }
}

/// As a power cut to the program: what was said to be recorded can be heard, but for the last second.
#[test]
fn what_a_crash_leaves_can_be_heard() {
    let _turn = turn();
    let mut show = Show::start("none");
    show.key(b'p');
    show.record();
    show.wait_for_length(Duration::from_secs(3));
    show.child.kill().unwrap();
    show.child.wait().unwrap();
    let recorded = samples(&show.recordings()[0].with_extension("wav"));
    assert!(recorded.len() >= 2 * 48_000, "{}", recorded.len());
    assert!(recorded.iter().any(|[left, _]| left.abs() > 100_000), "it sounds");
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_music() {
    let _turn = turn();
    // Room for three seconds of sound and a header.
    let mut show = Show::start("none");
    show.limit_files(68 + 6 * 3 * 48_000);
    show.key(b'p');
    show.record();
    show.wait_for("recording has ended, the music goes on: cannot write ");
    assert!(!show.shown().contains("REC"), "{}", show.shown());
    let bar = show.bar().unwrap();
    pty::wait(|| show.bar().filter(|now| *now >= bar + 2), || format!("no more bars in\n{}", show.shown()));
    let recording = show.recordings().remove(0);
    let recorded = samples(&recording.with_extension("wav"));
    assert!((2 * 48_000..=3 * 48_000).contains(&recorded.len()), "{}", recorded.len());
    let abc = std::fs::read_to_string(recording.with_extension("abc")).unwrap();
    assert!(check(&abc).is_empty() && abc.contains("[V:bass] C,4 | D,2 E,2 |"), "{abc}");
    // Another one begins as ever.
    show.record();
}

/// Nothing was played: the sound alone, here of nothing.
#[test]
fn a_set_that_is_not_played_has_no_notes() {
    let _turn = turn();
    let mut show = Show::start("none");
    show.record();
    show.end();
    show.wait_for("recorded 0:00, no bar began in it: ");
    let recording = show.recordings().remove(0);
    assert!(recording.with_extension("wav").exists());
    assert!(!recording.with_extension("mid").exists() && !recording.with_extension("abc").exists());
}
