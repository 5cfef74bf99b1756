//! The README against the program.

use std::path::Path;

const README: &str = include_str!("../README.md");

/// What stands between `<!-- name -->` and `<!-- /name -->`.
fn block(name: &str) -> &'static str {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let after = README.split_once(&open).unwrap_or_else(|| panic!("the README has no {open}")).1;
    after.split_once(&close).unwrap_or_else(|| panic!("the README has no {close}")).0.trim()
}

#[test]
fn the_keys_are_those_of_the_key_table() {
    let table = barline::ui::keys::markdown_table();
    assert_eq!(block("keys"), table.trim(), "copy this between the README's keys marks:\n{table}");
}

#[test]
fn the_patch_words_are_those_of_the_vocabulary() {
    let words: Vec<String> =
        barline::synth::patch::VOCABULARY.iter().map(|word| format!("`{}`", word.usage())).collect();
    let list = words.join(" ");
    assert_eq!(block("words").replace('\n', " "), list, "copy this between the README's words marks:\n{list}");
}

#[test]
fn the_examples_are_right() {
    let examples: Vec<&str> = README.split("```").skip(1).step_by(2).collect();
    let prompt = include_str!("../prompts/30-ferry-bass.abc");
    assert!(examples.iter().any(|example| example.strip_prefix("abc\n") == Some(prompt)), "the prompt has changed");
    let patch = examples.iter().find(|example| example.contains(">>")).expect("a patch");
    barline::synth::Patch::parse("readme", patch).expect("a patch that can be read");
}

#[test]
fn the_files_that_it_points_to_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let targets = README.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    for target in targets.filter(|target| !target.starts_with("http") && !target.starts_with('#')) {
        assert!(root.join(target).exists(), "the README points to {target}");
    }
}
