//! The bundled model in llama.cpp: its tokens are the ones it was trained with, and its cache is only a shortcut.
#![cfg(feature = "llama")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use barline::abc::print;
use barline::compose::STREAM_UNIT;
use barline::compose::llama::{self, Llama};
use barline::compose::profile::Profile;
use barline::compose::writer::Model;
use barline::prompt;
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

/// Longest piece first, from left to right: how the training cut its text.
fn longest_match(pieces: &HashMap<Vec<u8>, u32>, text: &str) -> Vec<u32> {
    let longest = pieces.keys().map(Vec::len).max().unwrap();
    let (mut ids, mut rest) = (Vec::new(), text.as_bytes());
    while !rest.is_empty() {
        let length = (1..=longest.min(rest.len())).rev().find(|&length| pieces.contains_key(&rest[..length])).unwrap();
        ids.push(pieces[&rest[..length]]);
        rest = &rest[length..];
    }
    ids
}

/// Every bar of every tune, as the player would show it to the model: llama.cpp cuts it as the training did, and gives it back whole.
#[test]
fn the_corpora_survive_the_round_trip_through_tokens() {
    let corpora = std::env::var("BARLINE_CORPORA").unwrap_or_else(|_| "../shared/abc".to_owned());
    let Ok(folders) = std::fs::read_dir(&corpora) else {
        println!("skipped: no corpora in {corpora}");
        return;
    };
    let model = load();
    let vocabulary = model.vocabulary();
    let size = vocabulary.trie().vocab_size() as u32;
    let pieces: HashMap<Vec<u8>, u32> =
        (0..size).map(|id| (vocabulary.bytes(id).to_vec(), id)).filter(|(bytes, _)| !bytes.is_empty()).collect();
    let files = folders.flatten().filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().flatten();
    let mut bars = 0;
    for file in files.filter(|file| file.path().extension().is_some_and(|extension| extension == "abc")) {
        let text: String = std::fs::read(file.path()).unwrap().iter().map(|&byte| char::from(byte)).collect();
        for scene in prompt::read(&file.path(), &text, &[], &barline::steer::Lexicon::default()).0 {
            let home = scene.key.home();
            let style = print::Style::new(&home, scene.meter, STREAM_UNIT);
            let interval = scene.key.interval_to(&home);
            for bar in scene.voices.iter().flat_map(|voice| &voice.bars) {
                let music = print::bar(&bar.measure.transposed(interval), scene.bar_length(), &style);
                let line = format!("[V:lead] {music} |\n");
                let ids = model.tokenize(&line);
                assert_eq!(ids, longest_match(&pieces, &line), "{line}");
                let back: Vec<u8> = ids.iter().flat_map(|&id| vocabulary.bytes(id)).copied().collect();
                assert_eq!(String::from_utf8(back).unwrap(), line);
                bars += 1;
            }
        }
    }
    println!("{bars} bars");
    assert!(bars > 10_000);
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
    let cases: [(&str, &[u8]); 3] =
        [("truncated", &whole[..whole.len() / 2]), ("text", b"not a model\n"), ("empty", b"")];
    for (name, bytes) in cases {
        let path = folder.path().join(format!("{name}.gguf"));
        std::fs::write(&path, bytes).unwrap();
        let error = Llama::load(&path, 512).unwrap_err();
        assert!(error.contains(name) && error.contains("--model") && !error.contains('\n'), "{error}");
    }
    assert!(Llama::load(&folder.path().join("missing.gguf"), 512).is_err());
}
