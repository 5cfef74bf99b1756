//! The bundled model in llama.cpp: its tokens are the ones it was trained with, and its cache is only a shortcut.
#![cfg(feature = "llama")]

use std::path::{Path, PathBuf};

use barline::compose::llama::{self, Llama};
use barline::compose::profile::Profile;
use barline::compose::writer::Model;
use serde::Deserialize;

fn model() -> PathBuf {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("gguf/barline.gguf");
    std::env::var_os("BARLINE_TEST_MODEL").map_or(bundled, PathBuf::from)
}

fn load() -> Llama {
    llama::quiet();
    let path = model();
    Llama::load(&path, Profile::beside(&path).unwrap().context).unwrap()
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
}

#[test]
fn tokens_are_those_of_the_training() {
    let model = load();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tokens.json");
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(cases).unwrap()).unwrap();
    assert!(cases.len() >= 40);
    for case in cases {
        assert_eq!(model.tokenize(&case.text), case.ids, "{}", case.text);
        let bytes: Vec<u8> = case.ids.iter().flat_map(|&id| model.vocabulary().bytes(id).to_vec()).collect();
        assert_eq!(String::from_utf8(bytes).unwrap(), case.text);
    }
}

#[test]
fn the_cache_is_only_a_shortcut() {
    let mut model = load();
    let header = model.tokenize("X:1\nM:6/8\nL:1/8\nK:C\n% jig low\n");
    let one = [header.clone(), model.tokenize("[V:lead] C2E GEC |\n[V:lead] D2F A")].concat();
    let other = [header, model.tokenize("[V:lead] C2E GEC |\n[V:lead] c2B A")].concat();
    let never = || false;
    assert_eq!(model.sync(&other, &never), Ok(true));
    let fresh = model.logits().to_vec();
    assert!(fresh.iter().all(|logit| logit.is_finite()));
    // To another text that shares a prefix, and back; and the same text twice.
    for tokens in [&one, &other, &other] {
        assert_eq!(model.sync(tokens, &never), Ok(true));
    }
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-2);
    assert!(close(model.logits(), &fresh));
    assert_eq!(model.sync(&one, &never), Ok(true));
    assert!(!close(model.logits(), &fresh));
    // A cancelled call leaves something that the next one can go on from.
    assert_eq!(model.sync(&other, &|| true), Ok(false));
    assert_eq!(model.sync(&other, &never), Ok(true));
    assert!(close(model.logits(), &fresh));
}

#[test]
fn what_is_no_model_is_refused_in_one_sentence() {
    llama::quiet();
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(model()).unwrap();
    let cases: [(&str, &[u8]); 3] = [("truncated", &whole[..whole.len() / 2]), ("text", b"not a model\n"), ("empty", b"")];
    for (name, bytes) in cases {
        let path = folder.path().join(format!("{name}.gguf"));
        std::fs::write(&path, bytes).unwrap();
        let error = Llama::load(&path, 512).unwrap_err();
        assert!(error.contains(name) && error.contains("--model") && !error.contains('\n'), "{error}");
    }
    assert!(Llama::load(&folder.path().join("missing.gguf"), 512).is_err());
}
