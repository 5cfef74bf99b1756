//! The bundled model in llama.cpp: its tokens are the ones it was trained with, and its cache is only a shortcut.
#![cfg(feature = "llama")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use barline::abc::print;
use barline::audition::eval::Eval;
use barline::audition::{Plan, audition};
use barline::compose::llama::{self, Llama};
use barline::compose::profile::Profile;
use barline::compose::writer::{Model, Writer};
use barline::compose::{Prompt, PromptBar, Role, STREAM_UNIT, obeyed};
use barline::feature::{Band, Wishes};
use barline::prompt;
use barline::score::Note;
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
    let size = vocabulary.size() as u32;
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
            for bar in scene.voices.iter().flat_map(|voice| voice.bars.iter()) {
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
fn a_cancelled_prefill_keeps_what_was_decoded() {
    let mut model = load();
    let text = format!("X:1\nM:6/8\nL:1/8\nK:C\n{}", "[V:lead] C2E GEC |\n[V:lead] D2F A2c |\n".repeat(8));
    let tokens = model.tokenize(&text);
    // So often it looks whether it is to stop: before each chunk.
    let looks = std::cell::Cell::new(0);
    let mut sync = |until: usize| {
        looks.set(0);
        let done = model.sync(&tokens, &|| {
            looks.set(looks.get() + 1);
            looks.get() > until
        });
        (done, looks.get())
    };
    assert_eq!(sync(0), (Ok(false), 1));
    assert_eq!(sync(2), (Ok(false), 3));
    let (done, left) = sync(usize::MAX);
    assert_eq!(done, Ok(true));
    let all = {
        let (mut fresh, looks) = (load(), std::cell::Cell::new(0));
        fresh
            .sync(&tokens, &|| {
                looks.set(looks.get() + 1);
                false
            })
            .unwrap();
        looks.get()
    };
    assert!(all > 4);
    assert_eq!(left + 2, all, "the two chunks before the stop are not decoded again");
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

/// How well words are obeyed, and what the music pays for it:
/// `cargo test --release --test model -- --ignored --nocapture words_are_obeyed`.
#[test]
#[ignore = "figures, not a check"]
fn words_are_obeyed() {
    let variable = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let count: usize = variable("BARLINE_OPENINGS", "20").parse().unwrap();
    let wanted = variable("BARLINE_WORDS", "");
    let lean: f32 = variable("BARLINE_LEAN", "1").parse().unwrap();
    let path = model();
    let mut writer = Writer::new(load(), Profile::beside(&path).unwrap());
    let bands = writer.profile().bands.clone();
    let words: Vec<&str> = Wishes::vocabulary().filter(|word| wanted.is_empty() || wanted.contains(word)).collect();
    let ways: Vec<(&str, u32, f32)> = vec![
        ("no words", 1, 0.0),
        ("N=1 bare", 1, 0.0),
        ("N=1", 1, lean),
        ("N=4 bare", 4, 0.0),
        ("N=4", 4, lean),
        ("bare after", 1, 0.0),
        ("N=1 after", 1, lean),
        ("N=4 after", 4, lean),
    ];
    let ways: Vec<_> =
        ways.into_iter().filter(|way| variable("BARLINE_WAYS", way.0).split(',').any(|w| w == way.0)).collect();
    let heads: Vec<String> = ways.iter().map(|way| format!("{:>11}", way.0)).collect();
    println!("{:12} {}", "", heads.concat());
    // Of each way: bars, bars that the phrase had before, rests, notes, notes of the key.
    let mut music = vec![[0.0_f64; 5]; ways.len()];
    for word in words {
        print!("{word:12} ");
        for ((name, candidates, lean), sums) in ways.iter().zip(&mut music) {
            let mut openings = obeyed::openings(Role::Lead, (55, 88), count);
            for opening in &mut openings {
                (opening.candidates, opening.knobs.words) = (*candidates, *lean);
            }
            if name.ends_with("after") {
                // The words change after a phrase of the opposite.
                let opposite = Band::of_word(word).map_or("", |(band, third)| band.words()[[2, 0, 0][third]]);
                let before = obeyed::phrases(&mut writer, &openings, opposite).unwrap();
                openings = before.into_iter().map(|phrase| phrase.prompt).collect();
                for opening in &mut openings {
                    let bar = PromptBar { cells: vec![None], ..PromptBar::default() };
                    opening.bars.extend(vec![bar; 5]);
                }
            }
            let told = if *name == "no words" { "" } else { word };
            let mut phrases = obeyed::phrases(&mut writer, &openings, told).unwrap();
            for phrase in phrases.iter_mut().filter(|phrase| phrase.bars.len() > 4) {
                // From the second bar on; a contour belongs to its own four.
                let contour = Band::of_word(word).is_some_and(|(band, _)| band == Band::Contour);
                phrase.bars = phrase.bars.split_off(usize::from(!contour));
                phrase.bars.truncate(4);
            }
            print!("{:11.2}", obeyed::share_obeyed(word, &phrases, &bands));
            for phrase in &phrases {
                let length = phrase.prompt.meter.bar_length().to_f64();
                for (at, bar) in phrase.bars.iter().enumerate() {
                    let sounding: f64 = bar.notes.iter().map(|note| note.length.to_f64()).sum();
                    let natural =
                        |note: &&Note| note.pitch.alter == phrase.prompt.key.signature[note.pitch.step as usize];
                    sums[0] += 1.0;
                    sums[1] += f64::from(u8::from(phrase.bars[..at].contains(bar)));
                    sums[2] += 1.0 - sounding / length;
                    sums[3] += bar.notes.len() as f64;
                    sums[4] += bar.notes.iter().filter(natural).count() as f64;
                }
            }
        }
        println!();
    }
    for (name, of, all) in [("repeated", 1, 0), ("rests", 2, 0), ("in key", 4, 3)] {
        let shares: Vec<String> = music.iter().map(|sums| format!("{:11.3}", sums[of] / sums[all])).collect();
        println!("{name:12} {}", shares.concat());
    }
}

/// What the bars look like, to be read.
#[test]
#[ignore = "music to read, not a check"]
fn bars_under_words() {
    let path = model();
    let mut writer = Writer::new(load(), Profile::beside(&path).unwrap());
    for word in Wishes::vocabulary() {
        println!("{word}");
        for opening in obeyed::openings(Role::Lead, (55, 88), 4) {
            let mut prompt = Prompt { candidates: 4, ..opening };
            prompt.bars.iter_mut().for_each(|bar| bar.say(word));
            while writer.next_bar(&mut prompt, &|| false).unwrap().is_some() {}
            let bars: Vec<&str> = prompt.bars.iter().filter_map(|bar| bar.cells[0].as_deref()).collect();
            println!("  {} {}: {} |", prompt.meter, prompt.key, bars.join(" | "));
        }
    }
}

/// The musical scoreboard's names that scripts look for (DESIGN, section 8), and what must hold whatever the music is like.
#[test]
fn the_scoreboard_is_whole_and_every_bar_is_full() {
    let path = model();
    let eval = Eval::read(&path.with_extension("eval")).unwrap();
    let mut writer = Writer::new(load(), Profile::beside(&path).unwrap());
    let figures = audition(&mut writer, eval.as_ref(), &Plan::QUICK, &|_| ()).unwrap().0;
    let figure = |name: &str| figures.iter().find(|figure| figure.0 == name).map(|figure| figure.1);
    assert_eq!(figure("full_bars_share"), Some(1.0));
    assert_eq!(figure("obeyed_metre"), Some(1.0));
    for (name, value, unit) in &figures {
        assert!(value.is_finite() && !unit.is_empty(), "{name}: {value} {unit}");
        assert!(!unit.starts_with("share") || (0.0..=1.0).contains(value), "{name}: {value} {unit}");
    }
    let always = "full_bars_unmasked_share obeyed_mode obeyed_density obeyed_register obeyed_motion obeyed_contour scale_consistency \
                  rest_share distinct_phrases_share";
    let learned = if eval.is_some() { "longest_copied_bars longest_copied_bars_heldout" } else { "" };
    for name in always.split_whitespace().chain(learned.split_whitespace()) {
        assert!(figure(name).is_some(), "{name} is missing");
    }
}
