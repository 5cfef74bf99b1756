//! Models that were never taught Barline's form: their vocabularies, and what they write under the mask. `make guests` fetches the files.
#![cfg(feature = "llama")]

use std::path::{Path, PathBuf};

use barline::compose::llama::{self, Llama};
use barline::compose::mask::SUBSET_BYTES;
use barline::compose::profile::Profile;
use barline::compose::trial::{self, Trial};
use barline::compose::writer::{Model, Writer};

const SMOLLM: &str = "SmolLM2-135M-Instruct.gguf";
const GEMMA: &str = "gemma-3-270m.gguf";

/// The file of a guest; says so where it is not there.
fn guest(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/guests").join(name);
    let found = path.is_file().then_some(path);
    if found.is_none() {
        println!("{name} skipped: make guests");
    }
    found
}

/// The bundled model and the guests that are there: three kinds of vocabulary.
fn models() -> Vec<PathBuf> {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("gguf/barline.gguf");
    [Some(bundled), guest(SMOLLM), guest(GEMMA)].into_iter().flatten().collect()
}

fn load(path: &Path) -> Writer<Llama> {
    llama::quiet();
    let profile = Profile::beside(path).unwrap();
    Writer::new(Llama::load(path, profile.context).unwrap(), profile)
}

/// Pieces of what the host writes, as it writes them.
const PIECES: &[&str] = &[
    "X:1\nM:6/8\nL:1/8\nK:F#m\n",
    "% low, steady, sehr ruhig, 悲伤\n",
    "[V:lead] ",
    "[V:bass] ",
    " ",
    " |",
    "\n",
    "A2d fed",
    " A2d fed",
    "^A,2B c'3/2d/e",
    "(3cde z2-",
    "[C,E,G,]8",
    "\"Am7\"x8",
    "=c_d^e ^^f",
    "C,,,,/4 c''''16",
    "A-A- A-A-",
    "  |  ",
    "Deb Feb add Edge",
];

/// A piece is cut by itself, so that the same text always has the same tokens, whatever stands around it; and they spell it exactly.
#[test]
fn pieces_survive_the_way_through_tokens() {
    for path in models() {
        let writer = load(&path);
        let model = writer.model();
        // Control tokens have no bytes, so that none is ever part of a bar, and performers' words never make one.
        let control = "<|im_end|><eos></s>";
        let vocabulary = model.vocabulary();
        for piece in PIECES.iter().chain([&control]) {
            assert!(vocabulary.spells(&model.tokenize(piece), piece), "{}: {piece:?}", path.display());
        }
        let apart: Vec<u32> = PIECES.iter().flat_map(|piece| model.tokenize(piece)).collect();
        assert!(vocabulary.spells(&apart, &PIECES.concat()), "{}", path.display());
        println!("{vocabulary:?}, {} spell the same as another", vocabulary.doubles());
        assert!(vocabulary.usable() >= SUBSET_BYTES.len() && vocabulary.usable() <= vocabulary.size());
    }
}

/// Vocabularies of `SentencePiece` may ask for a blank before every text. A piece has none.
#[test]
fn a_dummy_blank_is_taken_away_again() {
    let Some(path) = guest(GEMMA) else { return };
    let mut bytes = std::fs::read(path).unwrap();
    let key = b"tokenizer.ggml.add_space_prefix\x07\0\0\0\0";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap() + key.len() - 1;
    bytes[at] = 1;
    let folder = tempfile::tempdir().unwrap();
    let padded = folder.path().join("padded.gguf");
    std::fs::write(&padded, bytes).unwrap();
    let writer = load(&padded);
    let model = writer.model();
    for piece in PIECES {
        assert!(model.vocabulary().spells(&model.tokenize(piece), piece), "{piece:?}");
    }
}

#[test]
fn a_chat_model_is_asked_in_its_own_template() {
    for (name, expected) in [(SMOLLM, Some(("user\n{request}<|im_end|>", "<|im_start|>assistant\n"))), (GEMMA, None)] {
        let Some(path) = guest(name) else { continue };
        let writer = load(&path);
        let turn = writer.profile().form.turn.as_deref();
        match expected {
            None => assert_eq!(turn, None, "{name}"),
            Some((asked, last)) => {
                let turn = turn.unwrap();
                assert!(turn.contains(asked) && turn.ends_with(last), "{turn:?}");
                // Its marks are single tokens.
                assert_eq!(writer.model().tokenize_control("<|im_start|>").len(), 1);
            }
        }
    }
}

/// Whatever is in the file, its name and what to do are in the sentence.
#[test]
fn a_file_that_llama_cpp_cannot_run_is_refused_in_one_sentence() {
    llama::quiet();
    let whole = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("gguf/barline.gguf")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Of the same length, so that nothing else moves.
    let cases: [(&str, &[u8], &[u8], &str); 2] = [
        ("unknown", b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0zzama", "'zzama'"),
        ("wordless", b"tokenizer.ggml.tokens", b"tokenizer.ggml.tokexs", "no vocabulary"),
    ];
    for (name, from, to, expected) in cases {
        let mut bytes = whole.clone();
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        let path = folder.path().join(format!("{name}.gguf"));
        std::fs::write(&path, bytes).unwrap();
        let error = Llama::load(&path, 512).unwrap_err();
        let clear = [name, expected, "--model"].iter().all(|part| error.contains(part)) && !error.contains('\n');
        assert!(clear, "{error}");
    }
}

/// A few bars of each, as the thousand of the soak.
#[test]
fn every_bar_is_full_and_within_the_rules() {
    for path in models() {
        let trial = judge(&path, 8);
        assert_eq!((trial.full, trial.within, trial.dead_ends), (trial.bars, trial.bars, 0), "{}", path.display());
    }
}

/// The limits for guests: at most a tenth of the bars that may be silent are, and at least three in ten say something new.
#[test]
#[ignore = "half an hour"]
fn soak_a_thousand_bars_of_every_model() {
    for path in models() {
        let trial = judge(&path, 1000);
        assert!(trial.bars >= 1000);
        assert_eq!((trial.full, trial.within, trial.dead_ends), (trial.bars, trial.bars, 0), "{}", path.display());
        assert!(trial.silent * 10 <= trial.free, "{trial:?}");
        // The bundled model repeats itself as tunes do, within forty bars of one scene.
        assert!(path.ends_with("barline.gguf") || trial.distinct * 10 >= trial.bars * 3, "{trial:?}");
    }
}

fn judge(path: &Path, bars: u32) -> Trial {
    let mut writer = load(path);
    let trial = trial::trial(&mut writer, bars, &mut |_| ()).unwrap();
    println!("{}", path.display());
    for (name, value, unit) in trial.figures() {
        println!("  {name:24} {value:10.3} {unit}");
    }
    trial
}

/// What a model writes: `BARLINE_TEST_MODEL=FILE cargo test --release --test guests -- --ignored --nocapture bars_to_read`.
#[test]
#[ignore = "music to read, not a check"]
fn bars_to_read() {
    let path = std::env::var_os("BARLINE_TEST_MODEL").map_or_else(|| models()[0].clone(), PathBuf::from);
    let bars = std::env::var("BARLINE_BARS").map_or(64, |bars| bars.parse().unwrap());
    let mut writer = load(&path);
    println!("{:?}\n{:?}", writer.profile().form, writer.model().vocabulary());
    let trial = trial::trial(&mut writer, bars, &mut |line| println!("{line}")).unwrap();
    for (name, value, unit) in trial.figures() {
        println!("{name:24} {value:10.3} {unit}");
    }
    println!("{:?}", writer.spent());
}
