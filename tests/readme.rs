//! The README against the program.

use std::path::Path;

use barline::rig::Rig;

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
fn the_examples_are_right() {
    let examples: Vec<&str> = README.split("```").skip(1).step_by(2).collect();
    let prompt = include_str!("../prompts/30-ferry-bass.abc");
    assert!(examples.iter().any(|example| example.strip_prefix("abc\n") == Some(prompt)), "the prompt has changed");
    let patches: Vec<_> = examples.iter().filter(|example| example.contains(">>") || example.contains("#{")).collect();
    assert!(patches.len() >= 2);
    for patch in patches {
        barline::synth::Patch::parse("readme", patch).expect("a patch that can be read");
    }
}

/// Every prompt can be read without a word of complaint.
#[test]
fn the_prompts_are_right() {
    let prompts: Vec<&str> = README.split("```abc\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(prompts.len() >= 2);
    for prompt in prompts {
        let patches = ["pluck", "reed", "sub"].map(String::from);
        let said = barline::check::check_file(Path::new("set.abc"), prompt, &patches, &Rig::default());
        let said: Vec<String> = said.iter().map(|said| said.display("set.abc", prompt)).collect();
        assert_eq!(said, [""; 0], "{prompt}");
    }
}

#[test]
fn what_cannot_be_met_is_said_as_the_program_says_it() {
    let prompt = "X:1\nM:4/4\nK:C\nV:ch\nV:lead by=model grid=1/4 notes=9-12\nV:bass range=C,,..C scale=F chart=strong\n[V:ch] \"C\"x8 |\n";
    let said = barline::check::check_file(Path::new("set.abc"), prompt, &[], &Rig::default());
    let said: Vec<String> = said.iter().map(|said| said.display("set.abc", prompt)).collect();
    assert_eq!(block("unmet").trim_matches('`').trim(), said.join("\n"));
}

#[test]
fn the_files_that_it_points_to_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let targets = README.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    for target in targets.filter(|target| !target.starts_with("http") && !target.starts_with('#')) {
        assert!(root.join(target).exists(), "the README points to {target}");
    }
}
