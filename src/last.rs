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
    /// What sets mutes, solos, gains and tempo again.
    pub commands: Vec<Command>,
}

/// Reads the newest journal in `sets`; errs with why there is nothing to go on with.
pub fn last(sets: Option<&Path>) -> Result<Last, Failure> {
    let nothing = || Failure::input("there is no set to go on with (--last)");
    let entries = std::fs::read_dir(sets.ok_or_else(nothing)?).map_err(|_| nothing())?;
    let journals =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == EXTENSION));
    // They are named by date and time.
    let newest = journals.max().ok_or_else(nothing)?;
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
    Ok(Last { prompt, scene, commands })
}
