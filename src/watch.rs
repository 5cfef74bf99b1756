//! The files of a set on disk: tells of changes made by other programs, and is the one writer of our own. Owns the path set, on a thread of its own.
//!
//! What the system says about files is only a nudge to look. What counts is what the folders then hold, compared with what was last seen,
//! so that every way of saving (in place, by rename, by truncating first, by deleting first) comes out the same. Where no nudges come,
//! as on some network and container file systems, looking now and then is enough. The folders are watched, not the files, because a
//! watched file that is replaced by a rename goes silent.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::event::{Event, Level, Message};

/// A save is several events; the files are read when none has come for this long.
const SETTLE: Duration = Duration::from_millis(50);

/// A folder that never settles is looked at all the same after this many waits.
const MOST_WAITS: usize = 10;

/// How often to look unasked: where nudges come, and where they do not.
const IDLE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(300);

/// Which files belong to a set.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    extensions: &'static [&'static str],
    only: Option<OsString>,
}

impl Folder {
    /// `.abc` and `.txt`.
    #[must_use]
    pub fn prompts(path: &Path) -> Self {
        Folder { path: path.to_owned(), extensions: &["abc", "txt"], only: None }
    }

    /// `.patch`.
    #[must_use]
    pub fn patches(path: &Path) -> Self {
        Folder { path: path.to_owned(), extensions: &["patch"], only: None }
    }

    /// One file, whatever its extension. Its events carry `path` as given.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        let parent = path.parent().unwrap_or(Path::new("")).to_owned();
        Folder { path: parent, extensions: &[], only: path.file_name().map(ToOwned::to_owned) }
    }

    /// Leaves out hidden files, backups and what editors keep for themselves (`4913`, `.x.abc.swp`, `x.abc~`, `.#x.abc`).
    fn holds(&self, name: &Path) -> bool {
        if let Some(only) = &self.only {
            return name.as_os_str() == only;
        }
        let hidden = name.to_str().is_some_and(|name| name.starts_with('.'));
        let extension = name.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        !hidden && self.extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
    }

    /// Where the folder is on disk; the working directory has an empty name.
    fn on_disk(&self) -> &Path {
        if self.path.as_os_str().is_empty() { Path::new(".") } else { &self.path }
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let names = fs::read_dir(self.on_disk())?.filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name())));
        let mut files: Vec<_> = names.filter(|name| self.holds(name)).map(|name| self.path.join(name)).collect();
        files.sort();
        Ok(files)
    }
}

/// The running watch. Dropping it ends its thread.
#[derive(Debug)]
pub struct Watch {
    files: Arc<Mutex<Files>>,
    nudge: Sender<Nudge>,
    thread: Option<JoinHandle<()>>,
    /// `None` where the system does not tell of changes.
    _watcher: Option<RecommendedWatcher>,
}

#[derive(Debug)]
enum Nudge {
    Paths(Vec<PathBuf>),
    End,
}

impl Watch {
    /// Starts watching and returns what the folders hold, in their order, files sorted by name. `send` gets all later changes, and messages.
    pub fn start(folders: Vec<Folder>, send: impl Fn(Event) + Send + 'static) -> (Self, Vec<(PathBuf, String)>) {
        Watch::start_told(folders, send, true)
    }

    fn start_told(
        folders: Vec<Folder>,
        send: impl Fn(Event) + Send + 'static,
        told: bool,
    ) -> (Self, Vec<(PathBuf, String)>) {
        let (nudge, nudges) = channel();
        // Watched before it is read, so that no change falls between the two.
        let watcher = if told { watch(&folders, nudge.clone()) } else { None };
        let mut files = Files { folders, seen: BTreeMap::new() };
        let mut found = Vec::new();
        for event in files.look(&HashSet::new()) {
            match event {
                Event::FileChanged { path, text } => found.push((path, text)),
                event => send(event),
            }
        }
        let files = Arc::new(Mutex::new(files));
        let (shared, interval) = (files.clone(), if watcher.is_some() { IDLE } else { POLL });
        let body = move || run(&nudges, &shared, interval, &send);
        let thread = std::thread::Builder::new().name("watch".into()).spawn(body).ok();
        (Watch { files, nudge, thread, _watcher: watcher }, found)
    }

    /// Writes a file so that it is never half there, and without telling of it as a change.
    ///
    /// `over` is the content that the writer believes to replace. Where another program has put something else there meanwhile, nothing is
    /// written: its version arrives as an event, and the next save may replace it knowingly.
    pub fn save(&self, path: &Path, text: &str, over: &str) -> Result<(), String> {
        // Held during the write, so that the thread sees the file and its new entry in `seen` together.
        let mut files = lock(&self.files);
        if let Ok(bytes) = fs::read(path) {
            let now = decoded(&bytes);
            if !bytes.is_empty() && now.as_deref() != Some(over) && now.as_deref() != Some(text) {
                return Err("another program has changed it meanwhile".into());
            }
        }
        write_whole(path, text).map_err(|error| error.to_string())?;
        if let Ok(metadata) = fs::metadata(path) {
            files.seen.insert(path.to_owned(), Seen { stamp: Stamp::of(&metadata), hash: hash(text.as_bytes()) });
        }
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.nudge.send(Nudge::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(folders: &[Folder], nudge: Sender<Nudge>) -> Option<RecommendedWatcher> {
    let handler = move |event: notify::Result<notify::Event>| {
        // Reading a file is an event too; answering it by reading would never end.
        if event.as_ref().is_ok_and(|event| event.kind.is_access()) {
            return;
        }
        let _ = nudge.send(Nudge::Paths(event.map(|event| event.paths).unwrap_or_default()));
    };
    let mut watcher = notify::recommended_watcher(handler).ok()?;
    let watched = |folder: &Folder| watcher.watch(folder.on_disk(), RecursiveMode::NonRecursive).is_ok();
    folders.iter().all(watched).then_some(())?;
    Some(watcher)
}

fn run(nudges: &Receiver<Nudge>, files: &Mutex<Files>, interval: Duration, send: &dyn Fn(Event)) {
    loop {
        let mut touched = HashSet::new();
        let mut wait = interval;
        for _ in 0..MOST_WAITS {
            match nudges.recv_timeout(wait) {
                Ok(Nudge::Paths(paths)) => {
                    touched.extend(paths.iter().filter_map(|path| path.file_name()).map(ToOwned::to_owned));
                }
                Err(RecvTimeoutError::Timeout) => break,
                Ok(Nudge::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
            wait = SETTLE;
        }
        let events = lock(files).look(&touched);
        events.into_iter().for_each(send);
    }
}

/// What the folders held when they were last looked at.
#[derive(Debug)]
struct Files {
    folders: Vec<Folder>,
    seen: BTreeMap<PathBuf, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    stamp: Stamp,
    hash: u64,
}

/// What a file's metadata says without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Stamp { modified: metadata.modified().ok(), length: metadata.len() }
    }
}

impl Files {
    /// Reads what has another stamp or a name in `touched`, and says what is different.
    fn look(&mut self, touched: &HashSet<OsString>) -> Vec<Event> {
        let mut events = Vec::new();
        // A folder that cannot be read now takes nothing away.
        let present: Vec<PathBuf> = self.folders.iter().filter_map(|folder| folder.files().ok()).flatten().collect();
        for path in present {
            let touched = path.file_name().is_some_and(|name| touched.contains(name));
            events.extend(self.look_at(path, touched));
        }
        let gone = |path: &PathBuf| matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
        let removed: Vec<PathBuf> = self.seen.keys().filter(|path| gone(path)).cloned().collect();
        for path in removed {
            self.seen.remove(&path);
            events.push(Event::FileRemoved { path });
        }
        events
    }

    fn look_at(&mut self, path: PathBuf, touched: bool) -> Option<Event> {
        let metadata = fs::metadata(&path).ok().filter(Metadata::is_file)?;
        let stamp = Stamp::of(&metadata);
        let before = self.seen.get(&path).copied();
        if !touched && before.is_some_and(|seen| seen.stamp == stamp) {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        // Editors truncate, then write. Nobody clears a file to hear nothing; so wait for the rest.
        if bytes.is_empty() {
            return None;
        }
        let hash = hash(&bytes);
        self.seen.insert(path.clone(), Seen { stamp, hash });
        if before.is_some_and(|seen| seen.hash == hash) {
            return None;
        }
        Some(if let Some(text) = decoded(&bytes) {
            Event::FileChanged { path, text }
        } else {
            let text = format!("{} is not UTF-8; its last good version stays", path.display());
            Event::Message(Message { level: Level::Warning, text })
        })
    }
}

/// UTF-8 without a byte order mark; mixed line breaks become `\n`.
fn decoded(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let uniform = !text.contains('\r') || text.split("\r\n").all(|line| !line.contains(['\r', '\n']));
    Some(if uniform { text.to_owned() } else { text.replace("\r\n", "\n").replace('\r', "\n") })
}

/// To a hidden neighbour first, then by rename, through symbolic links and with the old permissions.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let neighbour = target.with_file_name(format!(".{name}.{}~", std::process::id()));
    let write = || {
        let mut file = fs::File::create(&neighbour)?;
        file.write_all(text.as_bytes())?;
        if let Ok(metadata) = fs::metadata(&target) {
            file.set_permissions(metadata.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&neighbour, &target)
    };
    write().inspect_err(|_| drop(fs::remove_file(&neighbour)))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// A panic elsewhere leaves the table of what was seen as good as before.
fn lock(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
