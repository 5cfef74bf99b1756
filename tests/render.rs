//! Every default prompt as files: the same bytes each time, sound and full bars from beginning to end, and the same notes in WAV, MIDI and ABC.

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use barline::abc::ast::Tune;
use barline::abc::parse::parse;
use barline::prompt::{self, By, Scene};
use barline::time::{Beats, Tempo};
use oracle::{Heard, abc2midi, first_difference, heard, same};
use program::Place;

const BARS: usize = 16;

/// Between the start of a rendering and its first bar.
const LEAD_SECONDS: f64 = 0.08;

/// Less than the quietest note that a listener would call one, as a share of full scale: -40 dB.
const FLOOR: f64 = 0.01;

fn prompts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let mut prompts: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("prompts").map(|entry| entry.expect("an entry").path()).collect();
    prompts.retain(|path| path.extension().is_some_and(|extension| extension == "abc" || extension == "txt"));
    prompts.sort();
    assert!(prompts.len() >= 4, "a jig, a slow air, a loop bass, words only: {prompts:?}");
    prompts
}

/// What `barline render` gave.
#[derive(Debug, PartialEq)]
struct Rendered {
    wav: Vec<u8>,
    mid: Vec<u8>,
    abc: String,
    tally: Tally,
}

/// `16 bars; the model wrote 12, 0 of them not full; the ladder filled in 0 times`.
#[derive(Debug, PartialEq)]
struct Tally {
    bars: usize,
    written: usize,
    not_full: usize,
    ladder: usize,
}

impl Tally {
    fn of(line: &str) -> Tally {
        let numbers: Vec<usize> =
            line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
        let [bars, written, not_full, ladder] = numbers[..] else { panic!("not a tally: {line}") };
        Tally { bars, written, not_full, ladder }
    }
}

fn render(prompt: &Path, model: &Path, seed: u32) -> Rendered {
    let place = Place::new();
    let outputs = ["a.wav", "a.mid", "a.abc"].map(|name| place.path(name));
    let mut arguments = vec!["render".into(), prompt.as_os_str().to_owned()];
    arguments.extend(["--bars".into(), BARS.to_string().into(), "--seed".into(), seed.to_string().into()]);
    arguments.extend(["--model".into(), model.as_os_str().to_owned()]);
    arguments.extend(outputs.iter().flat_map(|path| ["-o".into(), path.as_os_str().to_owned()]));
    let ran = place.run(arguments);
    assert_eq!(ran.code, Some(0), "{}: {ran:?}", prompt.display());
    let bytes = |path: &Path| std::fs::read(path).expect("an output");
    Rendered {
        wav: bytes(&outputs[0]),
        mid: bytes(&outputs[1]),
        abc: String::from_utf8(bytes(&outputs[2])).expect("UTF-8"),
        tally: Tally::of(ran.err.lines().last().expect("a tally")),
    }
}

fn scene(prompt: &Path) -> Scene {
    let text = std::fs::read_to_string(prompt).expect("a prompt");
    let patches = ["reed", "sub", "pluck"].map(String::from);
    prompt::read(prompt, &text, &patches, &barline::steer::Lexicon::default()).0.swap_remove(0)
}

/// Bars that the text leaves to others in some voice; those of a section once, however often it returns.
fn bars_to_write(scene: &Scene) -> usize {
    let of = |scene: &Scene, bars: usize| {
        let left =
            |voice: &prompt::Voice| if voice.by == By::Model { bars.saturating_sub(voice.bars.len()) } else { 0 };
        scene.voices.iter().map(left).max().unwrap_or(0)
    };
    let Some(form) = &scene.form else { return of(scene, BARS) };
    let (mut left, mut written) = (BARS, Vec::new());
    let mut to_write = 0;
    for &at in &form.order {
        let section = &form.sections[at];
        let bars = usize::try_from(section.bars).expect("bars").min(left);
        left -= bars;
        if !written.contains(&at) {
            written.push(at);
            to_write += of(&section.scene, bars);
        }
    }
    to_write
}

fn tune(abc: &str) -> Tune {
    parse(abc).0.tunes.swap_remove(0)
}

/// Loudness of each bar as a share of full scale.
fn loudness(wav: &[u8], scene: &Scene) -> Vec<f64> {
    let mut reader = hound::WavReader::new(wav).expect("a WAV file");
    let spec = reader.spec();
    let full = f64::from(1_u32 << (spec.bits_per_sample - 1));
    let samples: Vec<f64> = reader.samples::<i32>().map(|sample| f64::from(sample.expect("a sample")) / full).collect();
    let quarters = scene.meter.bar_length().to_f64() * 4.0;
    let bar_seconds = quarters * 60.0 / scene.tempo.unwrap_or(Tempo::DEFAULT).quarters_per_minute();
    let at = |bar: usize| {
        let seconds = LEAD_SECONDS + bar as f64 * bar_seconds;
        (seconds * f64::from(spec.sample_rate)) as usize * usize::from(spec.channels)
    };
    assert!(samples.len() >= at(BARS), "the last bar is whole");
    let root_mean_square =
        |bar: &[f64]| (bar.iter().map(|sample| sample * sample).sum::<f64>() / bar.len() as f64).sqrt();
    (0..BARS).map(|bar| root_mean_square(&samples[at(bar)..at(bar + 1)])).collect()
}

fn assert_sounds_in_every_bar(name: &str, rendered: &Rendered, scene: &Scene) {
    let length = scene.meter.bar_length();
    let notes = heard(&rendered.mid, 0);
    for (bar, loudness) in loudness(&rendered.wav, scene).into_iter().enumerate() {
        assert!(loudness > FLOOR, "{name}: bar {} is silent ({loudness})", bar + 1);
        let (start, end) = (length * bar as i64, length * (bar + 1) as i64);
        let sounds = notes.iter().any(|&(onset, length, _)| onset < end && onset + length > start);
        assert!(sounds, "{name}: bar {} has no note", bar + 1);
    }
}

/// By our own reading: not even a warning about a bar's length, and as many bars as were asked for in every voice.
fn assert_full(name: &str, abc: &str) {
    let said = barline::check::check(abc);
    assert!(said.is_empty(), "{name}: {said:?}\n{abc}");
    for voice in &tune(abc).voices {
        assert_eq!(voice.bars.len(), BARS, "{name}: voice {}", voice.id);
    }
}

/// The files of one prompt by one model, which may be `none`, are what the command line promises.
fn assert_keeps_the_promise(prompt: &Path, model: &Path) -> Rendered {
    let name = &format!("{} by {}", prompt.display(), model.display());
    let (rendered, again) = (render(prompt, model, 1), render(prompt, model, 1));
    assert!(rendered == again, "{name}: the same bytes twice");
    let scene = scene(prompt);
    assert_sounds_in_every_bar(name, &rendered, &scene);
    assert_full(name, &rendered.abc);
    assert_eq!(rendered.tally.bars, BARS, "{name}");
    let other = render(prompt, model, 2);
    assert_ne!(rendered.abc, other.abc, "{name}: another seed is another piece");
    assert_ne!(rendered.wav, other.wav, "{name}: and sounds so");
    rendered
}

#[test]
fn without_a_model_the_ladder_plays_every_prompt_on() {
    for prompt in prompts() {
        let tally = assert_keeps_the_promise(&prompt, Path::new("none")).tally;
        assert_eq!((tally.written, tally.not_full), (0, 0));
        assert!(tally.ladder >= bars_to_write(&scene(&prompt)), "{}: {tally:?}", prompt.display());
    }
}

/// Counted by the composer before anything is refused or replaced.
#[cfg(feature = "llama")]
#[test]
fn the_model_plays_every_prompt_on_and_each_of_its_bars_is_full() {
    let Some(model) = program::model() else { return };
    for prompt in prompts() {
        let tally = assert_keeps_the_promise(&prompt, &model).tally;
        assert_eq!((tally.not_full, tally.ladder), (0, 0), "{}: {tally:?}", prompt.display());
        assert!(tally.written >= bars_to_write(&scene(&prompt)), "{}: {tally:?}", prompt.display());
    }
}

#[cfg(feature = "llama")]
#[test]
fn the_model_and_the_ladder_play_different_music() {
    let Some(model) = program::model() else { return };
    let prompt = &prompts()[0];
    assert_ne!(render(prompt, &model, 1).abc, render(prompt, Path::new("none"), 1).abc);
}

/// WAV aside, a rendering has its notes three times: in the MIDI file, and in the ABC as we and as abc2midi read it.
fn assert_one_music(prompt: &Path, model: &Path) {
    let name = prompt.display();
    let rendered = render(prompt, model, 3);
    let place = Place::new();
    let abc = place.write("a.abc", &rendered.abc);
    let from_midi = heard(&rendered.mid, 0);
    let from_json = notes_as_json(&place, &abc);
    assert!(same(&from_json, &from_midi), "{name}: JSON: {}", first_difference(&from_json, &from_midi));
    if oracle::skipped() {
        return;
    }
    let run = Command::new("abc2midi").arg(&abc).arg("-o").arg(place.path("a.mid")).output().expect("abc2midi runs");
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + String::from_utf8_lossy(&run.stderr).as_ref();
    assert!(run.status.success(), "{name}: {said}");
    let complaint = said.lines().find(|line| ["Bar", "Error", "Warning"].iter().any(|word| line.contains(word)));
    assert_eq!(complaint, None, "{name}");
    let tune = tune(&rendered.abc);
    let voices: Vec<&str> = tune.voices.iter().map(|voice| voice.id.as_str()).collect();
    let theirs = abc2midi(&voices, &rendered.abc);
    assert!(same(&from_json, &theirs), "{name}: {}", first_difference(&from_json, &theirs));
}

/// Of the only tune in the file.
fn notes_as_json(place: &Place, abc: &Path) -> Heard {
    let ran = place.run(["notes".as_ref(), "--json".as_ref(), abc.as_os_str()]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let tune: serde_json::Value = serde_json::from_str(&ran.out).expect("one object");
    let time = |note: &serde_json::Value, key: &str| {
        note[key].as_str().expect("a fraction").parse::<Beats>().expect("a fraction")
    };
    let notes = tune["notes"].as_array().expect("notes").iter();
    let mut notes: Heard = notes
        .map(|note| (time(note, "onset"), time(note, "length"), note["pitch"].as_i64().expect("a pitch") as i32))
        .collect();
    notes.sort_unstable();
    notes
}

#[test]
fn the_ladders_midi_abc_and_json_are_one_music() {
    for prompt in prompts() {
        assert_one_music(&prompt, Path::new("none"));
    }
}

#[cfg(feature = "llama")]
#[test]
fn the_models_midi_abc_and_json_are_one_music() {
    let Some(model) = program::model() else { return };
    for prompt in prompts() {
        assert_one_music(&prompt, &model);
    }
}
