//! What a set is made of, found on disk: prompt files, patches, and the model.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barline::abc::report::display;
use barline::compose::profile::Profile;
use barline::prompt::{self, Scene};
use barline::rig::{self, Rig};
use barline::steer::Lexicon;
use barline::synth::Patch;

use crate::assets::Assets;
use crate::cli::Failure;

/// Patches by name.
pub type Patches = HashMap<String, Arc<Patch>>;

/// All patches of a folder, and what is wrong with those that could not be read.
pub fn patches(folder: &Path) -> (Patches, Vec<String>) {
    let (mut patches, mut wrong) = (HashMap::new(), Vec::new());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries.filter(|path| path.extension().is_some_and(|extension| extension == "patch")) {
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                wrong.push(format!("{}: cannot be read: {error}", path.display()));
                continue;
            }
        };
        match Patch::parse(name, &text) {
            Ok(patch) => drop(patches.insert(name.to_owned(), Arc::new(patch))),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    (patches, wrong)
}

pub fn patch_names(patches: &Patches) -> Vec<String> {
    let mut names: Vec<String> = patches.keys().cloned().collect();
    names.sort();
    names
}

/// The model to use: what was asked for, else the bundled one. `Ok(None)` means to play without.
pub fn model(asked: Option<&Path>, assets: &Assets) -> Result<Option<PathBuf>, Failure> {
    let known = |path: &Path| path.is_file().then(|| path.to_owned());
    match asked {
        Some(path) if path.as_os_str() == "none" => Ok(None),
        Some(path) => known(path).map(Some).ok_or_else(|| {
            Failure::machine(format!("there is no model file {}; give a GGUF file with --model", path.display()))
        }),
        None => Ok(known(&assets.gguf.join("barline.gguf")).or_else(|| first_model(&assets.gguf))),
    }
}

fn first_model(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut models: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "gguf")).collect();
    models.sort();
    models.into_iter().next()
}

/// The control words of a model, for reading the performer's words back.
pub fn vocabulary(model: Option<&Path>) -> Option<Vec<String>> {
    Profile::beside(model?).ok()?.words
}

/// The extension of a lexicon.
pub const LEXICON: &str = "words";

/// Where a performer's lexicon may be, the first that is there counts: as asked for, or else `lexicon.words` beside the prompt (a file or a
/// folder), then in the set's `prompts/`.
pub fn lexicon_paths(asked: Option<&Path>, prompt: Option<&Path>, assets: &Assets) -> Vec<PathBuf> {
    if let Some(path) = asked {
        return vec![path.to_owned()];
    }
    let folders = beside(prompt, assets).into_iter();
    folders.map(|folder| folder.join("lexicon").with_extension(LEXICON)).collect()
}

/// The performer's lexicon; where there is no file the built-in one. Errs with what is wrong, line by line, with places.
pub fn lexicon(paths: &[PathBuf]) -> Result<Lexicon, Vec<String>> {
    let Some(path) = paths.iter().find(|path| path.is_file()) else { return Ok(Lexicon::default()) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| vec![format!("{name}: cannot be read: {error}")])?;
    Lexicon::parse(&text).map_err(|diagnostics| display(&diagnostics, &name, &text).collect())
}

/// Where a rig may be, the first that is there counts: beside the prompt (a file or a folder), then in the set's `prompts/`.
pub fn rig_paths(prompt: Option<&Path>, assets: &Assets) -> Vec<PathBuf> {
    beside(prompt, assets).into_iter().map(|folder| folder.join(rig::FILE)).collect()
}

/// The performer's rig, as far as it can be read, and what is wrong with it, line by line, with places.
pub fn rig(paths: &[PathBuf], patches: &Patches) -> (Rig, Vec<String>) {
    let Some(path) = paths.iter().find(|path| path.is_file()) else { return (Rig::default(), vec![]) };
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return (Rig::default(), vec![format!("{name}: cannot be read: {error}")]),
    };
    let (rig, diagnostics) = Rig::read(path, &text, &patch_names(patches));
    (rig, display(&diagnostics, &name, &text).collect())
}

/// The folder of the prompt, and that of the set.
fn beside<'a>(prompt: Option<&'a Path>, assets: &'a Assets) -> Vec<&'a Path> {
    let beside = prompt.and_then(|prompt| if prompt.is_dir() { Some(prompt) } else { prompt.parent() });
    let mut folders: Vec<&Path> = beside.into_iter().chain([assets.prompts.as_path()]).collect();
    folders.dedup();
    folders
}

/// A prompt from disk: its scenes when it has no errors. What there is to say of it is printed, line by line, with its place.
pub fn scenes(path: &Path, patches: &Patches, lexicon: &Lexicon, rig: &Rig) -> Result<Vec<Scene>, Failure> {
    let name = path.display();
    if path.is_dir() {
        return Err(Failure::input(format!("{name} is a folder; name one of the prompts in it")));
    }
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::input(format!("{name}: cannot be read: {error}")))?;
    let (scenes, diagnostics) = prompt::read_with(path, &text, &patch_names(patches), lexicon, rig);
    for diagnostic in &diagnostics {
        eprintln!("{}", diagnostic.display(&name.to_string(), &text));
    }
    if prompt::has_errors(&diagnostics) {
        return Err(Failure::input(format!("{name} has errors; correct them first")));
    }
    Ok(scenes)
}
