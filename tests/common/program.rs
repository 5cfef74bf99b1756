//! The built program, run as a performer's shell would, with a home folder of its own.
#![allow(dead_code, reason = "no test uses everything")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder for files, which is also the home of every program started from it.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(&path, content).expect("the file is written");
        path
    }

    /// The program, at home here, working in the repository.
    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_barline"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).env("HOME", self.0.path());
        for name in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(name, self.path(name));
        }
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        let output = self.program().args(arguments).stdin(std::process::Stdio::null()).output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ran {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The model for tests: `BARLINE_TEST_MODEL`, else the bundled one. Where there is neither a test says that it is skipped; in CI it fails.
pub fn model() -> Option<PathBuf> {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("gguf/barline.gguf");
    let model = std::env::var_os("BARLINE_TEST_MODEL").map_or(bundled, PathBuf::from);
    if model.is_file() {
        return Some(model);
    }
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "there is no model {}", model.display());
    println!("skipped: there is no model {}", model.display());
    None
}
