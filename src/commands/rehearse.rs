//! `barline rehearse`: a scripted set on virtual time, as lines and as files. Main thread.

use std::path::{Path, PathBuf};

use barline::abc::decode;
use barline::abc::report::display;
use barline::rehearse::{self as stage, Action, Given, Set, Told};
use barline::replay::write;

use super::{check_output, inline};
use crate::assets;
use crate::cli::{Failure, RehearseArguments};
use crate::library;

pub fn rehearse(arguments: &RehearseArguments) -> Result<(), Failure> {
    let (name, script) = (arguments.set.display().to_string(), read(&arguments.set).map_err(Failure::input)?);
    let set = Set::parse(&script).map_err(|wrong| {
        display(&wrong, &name, &script).for_each(|line| eprintln!("{line}"));
        Failure::input(format!("{name} has errors; correct them first"))
    })?;
    let loaded = set.entries.iter().filter_map(|entry| match &entry.action {
        Action::Load(file) => Some(beside(&arguments.set, file)),
        _ => None,
    });
    for text in loaded.chain([arguments.set.clone(), beside(&arguments.set, &set.open)]) {
        arguments.output.iter().try_for_each(|path| check_output(path, &text))?;
    }
    let assets = assets::locate().map_err(|error| Failure::machine(error.to_string()))?;
    let (patches, wrong) = library::patches(&assets.patches);
    for line in wrong {
        eprintln!("{line}");
    }
    let prompt = beside(&arguments.set, &set.open);
    let paths = library::lexicon_paths(arguments.music.lexicon.as_deref(), Some(&prompt), &assets);
    let lexicon = library::lexicon(&paths).map_err(|wrong| Failure::input(wrong.join("\n")))?;
    let model = library::model(arguments.music.model.as_deref(), &assets)?;
    let vocabulary = library::vocabulary(model.as_deref());
    let given = Given {
        patches: &library::patch_names(&patches),
        lexicon: &lexicon,
        vocabulary: vocabulary.as_deref(),
        model: model.as_ref().map(|model| model.display().to_string()),
        seed: arguments.music.seed,
        candidates: arguments.music.candidates,
        read: &|file| read(&beside(&arguments.set, file)),
    };
    let done = stage::rehearse(&set, inline(model.as_deref())?, &given);
    for told in &done.told {
        println!("{}", if arguments.json { line(told) } else { told.to_string() });
    }
    if let Some(fault) = done.fault {
        return Err(Failure::input(fault.display(&name, &script)));
    }
    for path in &arguments.output {
        write(&done.recording, path, &|name| patches.get(name).cloned())
            .map_err(|error| Failure::input(error.to_string()))?;
    }
    Ok(())
}

fn line(told: &Told) -> String {
    serde_json::to_string(told).unwrap_or_default()
}

/// A file that a script names: beside the script, or else as it stands.
fn beside(set: &Path, file: &str) -> PathBuf {
    let beside = set.parent().unwrap_or(Path::new("")).join(file);
    if beside.exists() { beside } else { PathBuf::from(file) }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read(path).map(decode).map_err(|error| format!("{}: cannot be read: {error}", path.display()))
}
