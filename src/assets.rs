//! The default prompts, patches and model: embedded here, unpacked on the first start, and found again on every later one.
//!
//! Each of the three folders is looked for in the working directory, then in the data folder, whose name is the hash of what is embedded:
//! another version of the program unpacks beside the old one. What stands there belongs to the user and is never written again.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

/// Where the parts of a set are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    pub prompts: PathBuf,
    pub patches: PathBuf,
    pub gguf: PathBuf,
    /// What the user should be told about it.
    pub message: Option<String>,
}

/// A folder that the program brings along.
#[derive(Debug)]
struct Folder {
    name: &'static str,
    /// A folder of this name counts when it has a file with one of these.
    extensions: &'static [&'static str],
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! embed {
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("../", $folder, "/", $name)).as_slice())),*]
    };
}

/// The default set by name: what else lies in these folders, such as a performer's own files or another model, stays out of the binary.
static EMBEDDED: [Folder; 3] = [
    Folder {
        name: "prompts",
        extensions: &["abc", "txt"],
        files: embed!("prompts": "00-first.abc" "10-jig.abc" "20-slow-air.abc" "30-ferry-bass.abc" "40-words.txt" "50-harbour-lights.abc"
            "aaba.abc" "aaba.set" "drop.abc" "drop.set" "scenes.abc" "scenes.set" "lexicon.words" "rig.toml"),
    },
    Folder {
        name: "patches",
        extensions: &["patch"],
        files: embed!("patches": "acid.patch" "bell.patch" "glass.patch" "keys.patch" "kit.patch" "lead.patch" "organ.patch" "pad.patch" "pluck.patch"
            "reed.patch" "sub.patch" "README.md"),
    },
    Folder {
        name: "gguf",
        extensions: &["gguf"],
        #[cfg(bundled_model)]
        files: embed!("gguf": "barline.gguf" "barline.toml"),
        #[cfg(not(bundled_model))]
        files: &[],
    },
];

/// Finds the three folders; unpacks what the working directory does not have and no start before has unpacked.
pub fn locate() -> io::Result<Assets> {
    let data = etcetera::choose_base_strategy().map(|strategy| strategy.data_dir().join("barline"));
    locate_in(Path::new(""), data.ok().as_deref(), &EMBEDDED)
}

fn locate_in(working: &Path, data: Option<&Path>, embedded: &[Folder; 3]) -> io::Result<Assets> {
    let own = |folder: &Folder| Some(working.join(folder.name)).filter(|path| has_files(path, folder.extensions));
    let mut found = embedded.each_ref().map(own);
    let mut message = None;
    if found.iter().any(Option::is_none) {
        let hash = hash(embedded);
        let mut place = Place::new(data, &hash);
        for (folder, path) in embedded.iter().zip(&mut found).filter(|(_, path)| path.is_none()) {
            *path = Some(place.unpack(folder)?);
        }
        message = place.message;
    }
    let [Some(prompts), Some(patches), Some(gguf)] = found else {
        return Err(io::Error::other("the default prompts, patches and model have no place"));
    };
    Ok(Assets { prompts, patches, gguf, message })
}

/// Where this start unpacks to: the data folder, or, where that cannot be written, a folder of this start alone.
struct Place {
    path: Result<PathBuf, String>,
    message: Option<String>,
}

impl Place {
    fn new(data: Option<&Path>, hash: &str) -> Place {
        let Some(data) = data else {
            return Place { path: Err("there is no home folder".to_owned()), message: None };
        };
        let path = data.join(hash);
        let older = || fs::read_dir(data).into_iter().flatten().flatten().any(|entry| !hidden(&entry.file_name()));
        let message = (!path.exists() && older()).then(|| {
            format!(
                "this version brings its own set, in {}; what you changed in an older one is beside it",
                path.display()
            )
        });
        Place { path: Ok(path), message }
    }

    fn unpack(&mut self, folder: &Folder) -> io::Result<PathBuf> {
        let failure = match &self.path {
            Ok(path) => match unpack(folder, path) {
                Ok(unpacked) => return Ok(unpacked),
                Err(error) => format!("{} cannot be written ({error})", path.display()),
            },
            Err(why) => why.clone(),
        };
        let temporary = new_folder(&std::env::temp_dir(), "barline")
            .map_err(|error| io::Error::new(error.kind(), format!("{failure}, nor a temporary folder: {error}")))?;
        self.message = Some(format!(
            "{failure}; the default set is in {} for now, save what you change elsewhere",
            temporary.display()
        ));
        self.path = Ok(temporary.clone());
        unpack(folder, &temporary)
    }
}

fn has_files(path: &Path, extensions: &[&str]) -> bool {
    let wanted = |name: &Path| extensions.iter().any(|wanted| name.extension().is_some_and(|found| found == *wanted));
    fs::read_dir(path).into_iter().flatten().flatten().any(|entry| wanted(Path::new(&entry.file_name())))
}

fn hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// 12 hexadecimal digits for the names and contents of all files.
fn hash(folders: &[Folder]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for folder in folders {
        add(folder.name.as_bytes());
        for (name, content) in folder.files {
            add(name.as_bytes());
            add(content);
        }
    }
    let digest = hasher.finalize();
    let start = digest.iter().take(6).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    format!("{start:012x}")
}

/// Puts the folder into `parent`, whole or not at all. One that is already there is left as it is.
fn unpack(folder: &Folder, parent: &Path) -> io::Result<PathBuf> {
    let target = parent.join(folder.name);
    if target.is_dir() {
        return Ok(target);
    }
    fs::create_dir_all(parent)?;
    let unfinished = new_folder(parent, &format!(".{}", folder.name))?;
    let done = fill(folder, &unfinished).and_then(|()| fs::rename(&unfinished, &target));
    if done.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    match done {
        // Another start was faster.
        Err(_) if target.is_dir() => Ok(target),
        done => done.map(|()| target),
    }
}

fn fill(folder: &Folder, into: &Path) -> io::Result<()> {
    for (name, content) in folder.files {
        let mut file = fs::File::create_new(into.join(name))?;
        file.write_all(content)?;
        // On disk before the folder gets its name: after a power cut it is whole or not there.
        file.sync_all()?;
    }
    Ok(())
}

/// A new folder that nobody else uses.
fn new_folder(parent: &Path, name: &str) -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{name}-{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: [Folder; 3] = [
        Folder { name: "prompts", extensions: &["abc"], files: &[("a.abc", b"X:1\n")] },
        Folder { name: "patches", extensions: &["patch"], files: &[("sub.patch", b"sine(pitch)")] },
        Folder { name: "gguf", extensions: &["gguf"], files: &[] },
    ];

    #[test]
    fn the_first_start_unpacks_and_the_second_leaves_edits_alone() {
        let home = tempfile::tempdir().unwrap();
        let (working, data) = (home.path().join("elsewhere"), home.path().join("share/barline"));
        let first = locate_in(&working, Some(&data), &SET).unwrap();
        assert_eq!(first.prompts, data.join(hash(&SET)).join("prompts"));
        assert_eq!(first.message, None);
        let prompt = first.prompts.join("a.abc");
        assert_eq!(fs::read(&prompt).unwrap(), b"X:1\n");
        assert!(first.gguf.is_dir());
        fs::write(&prompt, "X:1\nT:mine\n").unwrap();
        fs::remove_file(first.patches.join("sub.patch")).unwrap();
        assert_eq!(locate_in(&working, Some(&data), &SET).unwrap(), first);
        assert_eq!(fs::read(&prompt).unwrap(), b"X:1\nT:mine\n");
        assert!(!first.patches.join("sub.patch").exists());
        let names = |path: &Path| fs::read_dir(path).unwrap().count();
        assert_eq!((names(&data), names(&data.join(hash(&SET)))), (1, 3), "nothing half-done is left");
    }

    #[test]
    fn the_working_directory_comes_first_folder_by_folder() {
        let home = tempfile::tempdir().unwrap();
        let (working, data) = (home.path().join("set"), home.path().join("data"));
        fs::create_dir_all(working.join("prompts")).unwrap();
        fs::write(working.join("prompts/mine.abc"), "X:1\n").unwrap();
        fs::create_dir_all(working.join("patches")).unwrap();
        fs::write(working.join("patches/0001-fix.diff"), "").unwrap();
        let assets = locate_in(&working, Some(&data), &SET).unwrap();
        assert_eq!(assets.prompts, working.join("prompts"));
        assert!(assets.patches.starts_with(&data), "a folder without patches is somebody else's");
    }

    #[test]
    fn an_older_set_is_told_of_once() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("0123456789ab/prompts")).unwrap();
        let start = || locate_in(&home.path().join("w"), Some(home.path()), &SET).unwrap().message;
        assert!(start().is_some_and(|message| message.contains("older")));
        assert_eq!(start(), None);
    }

    #[test]
    fn many_starts_at_once_unpack_one_whole_set() {
        let home = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let assets = locate_in(&home.path().join("w"), Some(&home.path().join("d")), &SET).unwrap();
                    assert_eq!(fs::read(assets.prompts.join("a.abc")).unwrap(), b"X:1\n");
                });
            }
        });
        assert_eq!(fs::read_dir(home.path().join("d").join(hash(&SET))).unwrap().count(), 3);
    }

    #[test]
    fn a_data_folder_that_cannot_be_written_is_told_of() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        for data in [Some(file.join("barline")), None] {
            let assets = locate_in(&home.path().join("w"), data.as_deref(), &SET).unwrap();
            assert!(assets.message.is_some_and(|message| message.contains("for now")));
            assert!(assets.prompts.join("a.abc").is_file());
            let temporary = assets.prompts.parent().unwrap();
            assert_eq!([&assets.patches, &assets.gguf].map(|path| path.parent().unwrap()), [temporary; 2]);
            fs::remove_dir_all(temporary).unwrap();
        }
    }

    #[test]
    fn the_hash_tells_names_and_contents_apart() {
        let folder = |files| [Folder { name: "prompts", extensions: &[], files }];
        let one = hash(&folder(&[("a", b"bc")]));
        assert_eq!((one.len(), &one), (12, &hash(&folder(&[("a", b"bc")]))));
        assert_ne!(one, hash(&folder(&[("ab", b"c")])));
        assert_ne!(one, hash(&folder(&[("a", b"bd")])));
    }

    #[test]
    fn what_is_embedded_is_what_the_folders_have() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for Folder { name, files, .. } in EMBEDDED.iter().filter(|folder| folder.name != "gguf") {
            let entries = fs::read_dir(root.join(name)).unwrap().map(|entry| entry.unwrap().file_name());
            let mut there: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
            there.sort();
            let mut embedded: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
            embedded.sort_unstable();
            assert_eq!(embedded, there, "{name}");
        }
    }

    #[test]
    fn the_embedded_set_is_a_set() {
        for folder in &EMBEDDED {
            for (name, content) in folder.files {
                assert!(!content.is_empty(), "{name}");
            }
        }
        assert_eq!(hash(&EMBEDDED).len(), 12);
    }
}
