//! Figures of `barline bench parse`: how fast whole tune books are read, beside `abc2midi -c` over the same files. Runs on
//! the caller's thread; abc2midi is a program of its own.

use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::parse::parse;
use crate::check::check;
use crate::figures::best;
use crate::notes::notes;

/// The best of so many runs counts: what disturbs only slows down.
const RUNS: usize = 5;

/// Figures as `(name, value, unit)`, over the tune books in a folder and its folders. The error says what is missing.
pub fn bench_parse(folder: &Path) -> Result<Vec<(&'static str, f64, &'static str)>, String> {
    let mut files = Vec::new();
    collect(folder, &mut files).map_err(|error| format!("{}: {error}", folder.display()))?;
    files.sort();
    let read = |file: &PathBuf| std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()));
    let texts = files.iter().map(|file| Ok(super::decode(read(file)?))).collect::<Result<Vec<_>, String>>()?;
    let tunes: usize = texts.iter().map(|text| parse(text).0.tunes.len()).sum();
    if tunes == 0 {
        return Err(format!("{} holds no tunes; `make corpus` gets some", folder.display()));
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    // abc2midi -c says which bars have a wrong length, so that is part of the work.
    let ours = best(RUNS, || texts.iter().for_each(|text| drop(black_box(check(text)))));
    let parsed = best(RUNS, || texts.iter().for_each(|text| drop(black_box(parse(text)))));
    let played = best(RUNS, || {
        for text in &texts {
            let (book, _) = parse(text);
            book.tunes.iter().for_each(|tune| drop(black_box(notes(tune))));
        }
    });
    let theirs = theirs(&texts)?;
    let a_second = |time: Duration| tunes as f64 / time.as_secs_f64();
    Ok(vec![
        ("tunes", tunes as f64, "tunes"),
        ("tunes_per_second", a_second(ours), "tunes/s"),
        ("abc2midi_tunes_per_second", a_second(theirs), "tunes/s"),
        ("times_abc2midi", theirs.as_secs_f64() / ours.as_secs_f64(), "x abc2midi -c"),
        ("parsed_tunes_per_second", a_second(parsed), "tunes/s, without bar lengths"),
        ("played_tunes_per_second", a_second(played), "tunes/s, parsed and to notes"),
        ("megabytes_per_second", bytes as f64 / 1e6 / ours.as_secs_f64(), "MB/s"),
    ])
}

/// Where the tune books are: `BARLINE_CORPORA`, beside the project, or where `make corpus` puts them.
#[must_use]
pub fn corpora() -> Option<PathBuf> {
    let named = std::env::var_os("BARLINE_CORPORA").map(PathBuf::from);
    named.into_iter().chain(["../shared/abc", "corpus"].map(PathBuf::from)).find(|folder| folder.is_dir())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "abc") {
            files.push(path);
        }
    }
    Ok(())
}

/// What `abc2midi -c` takes over the same tunes. They are one file for it, so that not the starts of a thousand processes are
/// measured.
fn theirs(texts: &[String]) -> Result<Duration, String> {
    let book = std::env::temp_dir().join(format!("barline-bench-{}.abc", std::process::id()));
    let failed = |error: io::Error| format!("{}: {error}", book.display());
    std::fs::write(&book, texts.join("\n\n")).map_err(failed)?;
    let run = || Command::new("abc2midi").arg(&book).arg("-c").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let first = run();
    let time = best(RUNS, || drop(run()));
    std::fs::remove_file(&book).map_err(failed)?;
    match first {
        Ok(status) if status.success() => Ok(time),
        Ok(status) => Err(format!("abc2midi -c fails on the tune books: {status}")),
        Err(error) => Err(format!("abc2midi cannot be run: {error}")),
    }
}
