//! The default prompts: nothing to complain of, every bar full, every word understood by the bundled model.

use std::path::{Path, PathBuf};

use barline::compose::Role;
use barline::compose::profile::Profile;
use barline::prompt::{self, By, Scene};
use barline::steer::Lexicon;
use barline::time::Tempo;

const WORDS: &str = "40-words.txt";
const DEFAULT: [&str; 9] = [
    "00-first.abc",
    "10-jig.abc",
    "20-slow-air.abc",
    "30-ferry-bass.abc",
    WORDS,
    "50-harbour-lights.abc",
    "aaba.abc",
    "drop.abc",
    "scenes.abc",
];
/// They come with a script for `barline rehearse`, and are among its tests.
const REHEARSED: [&str; 3] = ["aaba", "drop", "scenes"];

fn scenes(name: &str) -> Vec<Scene> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("prompts").join(name);
    let text = std::fs::read_to_string(&path).expect("a default prompt");
    let patches =
        std::fs::read_dir(root.join("patches")).expect("patches").map(|entry| entry.expect("an entry").path());
    let patches: Vec<String> =
        patches.filter_map(|path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    let (scenes, diagnostics) = prompt::read(&path, &text, &patches, &Lexicon::default());
    let mut said: Vec<String> = diagnostics.iter().map(|diagnostic| diagnostic.display(name, &text)).collect();
    if name != WORDS {
        said.extend(barline::check::check(&text).iter().map(|diagnostic| diagnostic.display(name, &text)));
    }
    assert_eq!(said, [""; 0]);
    scenes
}

fn read(name: &str) -> Scene {
    let mut scenes = scenes(name);
    assert_eq!(scenes.len(), 1, "{name}");
    scenes.remove(0)
}

fn all() -> impl Iterator<Item = (&'static str, Scene)> {
    DEFAULT.iter().flat_map(|name| scenes(name).into_iter().map(|scene| (*name, scene)))
}

#[test]
fn those_with_a_script_are_as_the_sets_test_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in REHEARSED {
        for kind in ["abc", "set"] {
            let read = |folder| std::fs::read(root.join(folder).join(name).with_extension(kind)).expect(name);
            assert!(read("prompts") == read("tests/sets"), "prompts/{name}.{kind} is not that of tests/sets");
        }
    }
}

#[test]
fn they_are_complete_and_each_leaves_the_model_something_to_do() {
    for (name, scene) in all() {
        assert!(scene.tempo.is_some(), "{name}: no tempo");
        assert!(scene.voices.iter().any(|voice| voice.by == By::Model), "{name}: nothing for the model");
        for voice in &scene.voices {
            let (low, high) = voice.rules.range;
            for note in voice.bars.iter().flat_map(|bar| &bar.measure.notes).filter(|_| voice.by == By::Model) {
                let midi = note.pitch.midi();
                let in_scale = voice.rules.classes.is_none_or(|classes| classes >> midi.rem_euclid(12) & 1 == 1);
                assert!(
                    (low.into()..=high.into()).contains(&midi) && in_scale,
                    "{name}: {} breaks its rules",
                    voice.name
                );
            }
        }
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let jig = read("10-jig.abc");
    assert_eq!((jig.meter.to_string(), jig.key.to_string(), jig.voices[0].bars.len()), ("6/8".into(), "D".into(), 8));
    assert_eq!((jig.words_at(0).len(), jig.words_at(8).len()), (1, 2));
    let ferry = read("30-ferry-bass.abc");
    assert_eq!(ferry.voices.iter().map(|voice| voice.by).collect::<Vec<_>>(), [By::Loop, By::Model]);
    assert_eq!(ferry.read_back(None), "steady middle · lead: leaping dotted");
    let lead = ferry.own_words_at(1, 0).expect("words of its own");
    assert_eq!(lead.control, ["steady", "middle", "leaping", "dotted"]);
    assert_eq!(ferry.own_words_at(0, 0), None);
    let lights = read("50-harbour-lights.abc");
    let roles: Vec<Role> = lights.voices.iter().map(|voice| voice.role).collect();
    assert_eq!(roles, [Role::Chart, Role::Keys, Role::Bass, Role::Arp]);
    assert_eq!(lights.voices[1].bars.len(), lights.voices[0].bars.len(), "the keys play the chart");
    let reel = read(WORDS);
    assert_eq!((reel.meter.to_string(), reel.key.to_string()), ("4/4".into(), "Em".into()));
    assert_eq!(reel.tempo.map(Tempo::quarters_per_minute), Some(160.0));
}

#[test]
fn the_bundled_model_understands_the_words() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("gguf/barline.gguf");
    let Some(vocabulary) = Profile::beside(&model).expect("a profile that can be read").words else {
        println!("skipped: there is no gguf/barline.toml");
        return;
    };
    for (name, scene) in all() {
        let own = (0..scene.voices.len()).filter_map(|voice| scene.own_words_at(voice, i64::MAX));
        let heard: Vec<String> = own.map(|own| own.control).chain([scene.control_at(i64::MAX)]).flatten().collect();
        assert!(heard.len() >= 2 && heard.iter().all(|word| vocabulary.contains(word)), "{name}: heard {heard:?}");
        let said = scene.read_back(Some(&vocabulary));
        let complaints = ["strange", "not understood", "gives way", " says ", "does not say"];
        assert!(complaints.iter().all(|complaint| !said.contains(complaint)), "{name}: {said}");
    }
}
