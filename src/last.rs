//! The newest set, to go on with after a crash: where it was, and what the performer had set. Main thread, at the start.

use std::path::{Path, PathBuf};

use barline::event::Command;
use barline::journal::{EXTENSION, Line, read};

use crate::cli::Failure;

#[derive(Debug)]
pub struct Last {
    /// The file that played, and which scene of it.
    pub prompt: PathBuf,
    pub scene: u32,
    /// Of the set.
    pub seed: u64,
    /// What sets mutes, solos, gains, nudges, tempo and count-in again.
    pub commands: Vec<Command>,
}

/// Reads the newest journal in `sets`; errs with why there is nothing to go on with.
pub fn last(sets: Option<&Path>) -> Result<Last, Failure> {
    let nothing = || Failure::input("there is no set to go on with (--last)");
    let newest = sets.and_then(newest).ok_or_else(nothing)?;
    let name = newest.display();
    let bytes = std::fs::read(&newest).map_err(|error| Failure::input(format!("{name}: cannot be read: {error}")))?;
    let (recording, _) = read(&bytes).map_err(|why| Failure::input(format!("{name} {why}")))?.ok_or_else(nothing)?;
    let prompt = recording.lines.iter().rev().find_map(|line| match line {
        Line::Prompt(evaluated) => Some((PathBuf::from(&evaluated.path), evaluated.scene)),
        _ => None,
    });
    let (prompt, scene) = prompt.ok_or_else(nothing)?;
    if !prompt.is_file() {
        let prompt = prompt.display();
        return Err(Failure::input(format!(
            "the last set played {prompt}, which is not there now; go to the folder where it was started"
        )));
    }
    let (hands, tempo) = recording.hands();
    let mut commands = vec![Command::Tempo(tempo)];
    commands.extend(hands.commands());
    Ok(Last { prompt, scene, seed: recording.header.seed, commands })
}

/// The journal that was written to last, whatever it is called: two of one second differ in what no order of names tells.
fn newest(sets: &Path) -> Option<PathBuf> {
    let journals = std::fs::read_dir(sets).ok()?.flatten().map(|entry| entry.path());
    let journals = journals.filter(|path| path.extension().is_some_and(|e| e == EXTENSION));
    journals.max_by_key(|path| (path.metadata().and_then(|data| data.modified()).ok(), path.clone()))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    fn header(seed: u64) -> String {
        format!(
            r#"{{"header":{{"format":1,"barline":"0.1.0","began":"2026-01-01T20:00:00+01:00","seed":{seed},"rate":48000,"model":null}}}}"#
        )
    }

    #[test]
    fn the_newest_set_is_the_one_that_was_written_to_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let prompt = folder.path().join("a.abc");
        std::fs::write(&prompt, "X:1\nK:C\n").expect("written");
        let line = format!(
            r#"{{"prompt":{{"at":0,"revision":1,"from":1,"path":{:?},"text":"X:1\nK:C\n","scene":1,"fresh":true}}}}"#,
            prompt.display().to_string()
        );
        // In the order in which they were written.
        let names = ["friday.jsonl", "2026-01-01-20-00-00.jsonl", "2026-01-01-20-00-00-2.jsonl", "2027.txt"];
        for (at, name) in names.iter().enumerate() {
            let path = folder.path().join(name);
            std::fs::write(&path, format!("{}\n{line}\n", header(at as u64))).expect("written");
            let file = File::options().append(true).open(&path).expect("there");
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + at as u64)).expect("set");
        }
        let last = last(Some(folder.path())).expect("a set");
        assert_eq!((last.seed, last.scene, last.prompt), (2, 1, prompt));
        assert!(super::last(Some(&folder.path().join("none"))).is_err());
    }
}
