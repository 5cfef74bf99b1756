//! What is said of texts with mistakes and oddities, and what of them plays. For each file in `tests/golden` there is what `barline check`
//! shows in a terminal and, for tunes, what `barline notes` prints. `INSTA_UPDATE=always cargo test --test golden` writes them anew.

#[path = "common/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use barline::abc::decode;
use barline::abc::report::full;
use barline::check::check_file;
use barline::rig::Rig;
use program::Place;

const FOLDER: &str = "tests/golden";

fn files() -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(FOLDER).expect(FOLDER).map(|entry| entry.expect("an entry").path())
}

fn is(path: &Path, kind: &str) -> bool {
    path.extension().is_some_and(|extension| extension == kind)
}

#[test]
fn mistakes_are_named_and_the_rest_plays() {
    let mut texts: Vec<PathBuf> = files().filter(|path| !is(path, "snap") && !is(path, "new")).collect();
    texts.sort();
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(Path::new("..").join(FOLDER));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut written = BTreeSet::new();
    settings.bind(|| {
        for path in &texts {
            let name = path.file_name().expect("a name").to_string_lossy();
            insta::assert_snapshot!(format!("{name}.check"), said(path, &name));
            written.insert(format!("{name}.check.snap"));
            if is(path, "abc") {
                insta::assert_snapshot!(format!("{name}.notes"), played(path));
                written.insert(format!("{name}.notes.snap"));
            }
        }
    });
    let there: BTreeSet<String> = files()
        .filter(|path| is(path, "snap"))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, written, "a file for each text and no others");
}

fn said(path: &Path, name: &str) -> String {
    let text = decode(std::fs::read(path).expect("a file"));
    let patches = ["pluck", "reed", "sub"].map(String::from);
    let diagnostics = check_file(path, &text, &patches, &Rig::default());
    full(&diagnostics, name, &text).collect::<Vec<_>>().join("\n\n")
}

/// Standard output alone: what is wrong is in the other file.
fn played(path: &Path) -> String {
    Place::new().run(["notes".as_ref(), path.as_os_str()]).out
}
