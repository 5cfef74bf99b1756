//! The smallest model that the exporter writes (`gguf/train/tiny.py`): llama.cpp reads it as it was meant, and the mask makes music even of
//! random weights. `tests/exporter.sh` holds the file to the exporter.
#![cfg(feature = "llama")]

use std::path::{Path, PathBuf};

use barline::abc::Meter;
use barline::abc::key::Key;
use barline::abc::parse::read_bar;
use barline::compose::llama::{self, Llama};
use barline::compose::profile::Profile;
use barline::compose::writer::{Model, Writer};
use barline::compose::{Role, STREAM_UNIT, obeyed};
use serde::Deserialize;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn load() -> Llama {
    llama::quiet();
    Llama::load(&data("tiny.gguf"), 256).unwrap()
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
}

#[test]
fn the_tokens_are_those_of_the_training() {
    let model = load();
    assert_eq!((model.vocabulary().size(), model.bos(), model.context()), (815, Some(1), 256));
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(data("tokens.json")).unwrap()).unwrap();
    for case in &cases {
        assert_eq!(model.tokenize(&case.text), case.ids, "{}", case.text);
        let bytes: Vec<u8> = case.ids.iter().flat_map(|&id| model.vocabulary().bytes(id).to_vec()).collect();
        assert_eq!(String::from_utf8(bytes).unwrap(), case.text);
    }
}

/// Whether a bar reads without a fault and lasts as long as the metre asks. A tie may lead out of it.
fn is_full(text: &str, key: &Key, meter: Meter) -> bool {
    let (measure, diagnostics) = read_bar(text, key, meter, STREAM_UNIT, &[]);
    measure.length == meter.bar_length() && diagnostics.iter().all(|diagnostic| diagnostic.message.contains("tie"))
}

#[test]
fn every_bar_is_full_under_the_mask_and_none_without() {
    let mut writer = Writer::new(load(), Profile::default());
    for mut prompt in obeyed::openings(Role::Lead, (55, 88), 8) {
        for index in 0..prompt.bars.len() {
            let bare = writer.unmasked_bar(&prompt, index, 0, None).unwrap().0;
            assert!(!is_full(&bare, &prompt.key, prompt.meter), "a random model wrote {bare}");
            let bar = writer.next_bar(&mut prompt, &|| false).unwrap().unwrap();
            let (_, text) = &bar.cells[0];
            assert!(is_full(text, &prompt.key, prompt.meter), "{} {}: {text}", prompt.meter, prompt.key);
        }
        assert_eq!(writer.next_bar(&mut prompt, &|| false).unwrap(), None);
    }
}
