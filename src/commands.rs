//! The commands that do one thing and end: render, replay, rehearse, notes, check, devices, doctor, bench, audition, and the composer process.

mod audition;
mod clock;
mod doctor;
mod rehearse;
mod replay;
mod screen;
mod synth;

pub use audition::audition;
pub use doctor::doctor;
pub use rehearse::rehearse;
pub use replay::replay;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barline::abc::parse::parse;
use barline::abc::report::{display, full};
use barline::abc::{bench, decode};
use barline::audio::AudioDevice;
use barline::compose::{Composer, Silent};
use barline::score::Ornaments;
use barline::{check as checks, midi, notes as score_notes, prompt, render as rendering};
use serde_json::json;

use crate::assets;
use crate::cli::{Bench, BenchArguments, CheckArguments, Failure, MusicArguments, NotesArguments, RenderArguments};
use crate::library::{self, Patches};

/// Whoever reads a list may have seen enough (`| head`): then the program ends as others do, without a word.
pub fn end_with_the_reader() {
    #[cfg(unix)]
    // SAFETY: called before any thread is started, and the default action needs nothing of this program.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

pub fn render(arguments: &RenderArguments) -> Result<(), Failure> {
    arguments.output.iter().try_for_each(|path| check_output(path, &arguments.prompt))?;
    let assets = assets::locate().map_err(|error| Failure::machine(error.to_string()))?;
    let (patches, wrong) = library::patches(&assets.patches);
    for line in wrong {
        eprintln!("{line}");
    }
    let paths = library::lexicon_paths(arguments.music.lexicon.as_deref(), Some(&arguments.prompt), &assets);
    let lexicon = library::lexicon(&paths).map_err(|wrong| Failure::input(wrong.join("\n")))?;
    let (rig, wrong) = library::rig(&library::rig_paths(Some(&arguments.prompt), &assets), &patches);
    for line in wrong {
        eprintln!("{line}");
    }
    let scenes = library::scenes(&arguments.prompt, &patches, &lexicon, &rig)?;
    let scene = match arguments.scene {
        None => scenes.into_iter().next(),
        Some(number) => scenes.into_iter().find(|scene| scene.number == number),
    };
    let scene = scene.ok_or_else(|| Failure::input(format!("{}: has no such scene", arguments.prompt.display())))?;
    let model = library::model(arguments.music.model.as_deref(), &assets)?;
    let composer = inline(model.as_deref())?;
    let patch = |name: &str| patches.get(name).cloned();
    let MusicArguments { seed, candidates, .. } = arguments.music;
    let bars = arguments.bars;
    let done = rendering::render(Arc::new(scene), composer, bars as usize, seed, candidates, &patch);
    for message in &done.messages {
        eprintln!("{}", message.text);
    }
    for path in &arguments.output {
        done.write(path).map_err(|error| Failure::input(error.to_string()))?;
    }
    let tally = &done.tally;
    eprintln!(
        "{} bars; the model wrote {}, {} of them not full; the ladder filled in {} times",
        done.bars.len(),
        tally.composed,
        tally.refused,
        tally.ladder
    );
    Ok(())
}

/// What can be known of an output before a long rendering. The performer's text is never written over.
fn check_output(path: &Path, prompt: &Path) -> Result<(), Failure> {
    rendering::Format::of(path).map_err(|error| Failure::input(error.to_string()))?;
    let same = |(a, b): (PathBuf, PathBuf)| a == b;
    if path.canonicalize().ok().zip(prompt.canonicalize().ok()).is_some_and(same) {
        return Err(Failure::input(format!("{} is the prompt itself; give another name with -o", path.display())));
    }
    Ok(())
}

/// A composer in this thread.
#[cfg(feature = "llama")]
fn inline(model: Option<&Path>) -> Result<Box<dyn Composer>, Failure> {
    let Some(path) = model else { return Ok(Box::new(Silent)) };
    let writer = load(path).map_err(Failure::machine)?;
    Ok(Box::new(barline::compose::inline::Inline::new(writer)))
}

#[cfg(not(feature = "llama"))]
#[allow(clippy::unnecessary_wraps)]
fn inline(model: Option<&Path>) -> Result<Box<dyn Composer>, Failure> {
    if model.is_some() {
        eprintln!("built without llama.cpp: the ladder plays what the text does not");
    }
    Ok(Box::new(Silent))
}

#[cfg(feature = "llama")]
fn load(path: &Path) -> Result<barline::compose::writer::Writer<barline::compose::llama::Llama>, String> {
    use barline::compose::{llama, profile::Profile, writer::Writer};
    llama::quiet();
    let profile = Profile::beside(path)?;
    Ok(Writer::new(llama::Llama::load(path, profile.context)?, profile))
}

/// The composer process.
#[cfg(feature = "llama")]
pub fn compose(model: Option<&Path>) -> Result<(), Failure> {
    let path: Option<PathBuf> = match model {
        Some(path) => Some(path.to_owned()),
        None => assets::locate().ok().and_then(|assets| library::model(None, &assets).ok().flatten()),
    };
    let bytes = path.as_deref().and_then(|path| std::fs::metadata(path).ok()).map_or(0, |file| file.len());
    barline::compose::child::confine(bytes);
    let load = || load(path.as_deref().ok_or("there is no model; give a GGUF file with --model")?);
    barline::compose::child::run(load).map_err(|error| Failure::machine(error.to_string()))
}

#[cfg(not(feature = "llama"))]
pub fn compose(_model: Option<&Path>) -> Result<(), Failure> {
    Err(Failure::machine("built without llama.cpp (feature `llama`)"))
}

pub fn notes(arguments: &NotesArguments) -> Result<(), Failure> {
    let text = read(&arguments.file)?;
    let (book, diagnostics) = parse(&text);
    for line in display(&diagnostics, &arguments.file.display().to_string(), &text) {
        eprintln!("{line}");
    }
    let mut found = false;
    for (at, tune) in book.tunes.iter().enumerate() {
        let number = tune.number.unwrap_or(at as u32 + 1);
        if arguments.tune.is_some_and(|wanted| wanted != number) {
            continue;
        }
        found = true;
        let ornaments = if arguments.graces { Ornaments::Played } else { Ornaments::LeftOut };
        let list = if arguments.chords { score_notes::with_accompaniment } else { score_notes::played };
        let played = list(tune, ornaments);
        if arguments.json {
            println!("{}", score_notes::json(number, &played));
        } else {
            for note in &played {
                println!(
                    "{} {} {} {} {} {}",
                    number,
                    note.voice,
                    note.onset,
                    note.length,
                    note.pitch.midi(),
                    note.velocity
                );
            }
        }
    }
    if found { Ok(()) } else { Err(Failure::input(format!("{}: has no such tune", arguments.file.display()))) }
}

pub fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let assets = assets::locate().ok();
    let patches = assets.as_ref().map_or_else(Patches::new, |assets| library::patches(&assets.patches).0);
    let patch_names = library::patch_names(&patches);
    let people_read = std::io::stdout().is_terminal();
    let mut bad = false;
    for file in &arguments.files {
        let text = match read(file) {
            Ok(text) => text,
            Err(failure) => {
                println!("{}", failure.message);
                bad = true;
                continue;
            }
        };
        let name = file.display().to_string();
        let rigs = assets.as_ref().map_or_else(Vec::new, |assets| library::rig_paths(Some(file), assets));
        let (rig, _) = library::rig(&rigs, &patches);
        let diagnostics = checks::check_file(file, &text, &patch_names, &rig);
        if people_read {
            full(&diagnostics, &name, &text).for_each(|said| println!("{said}\n"));
        } else {
            display(&diagnostics, &name, &text).for_each(|line| println!("{line}"));
        }
        bad |= prompt::has_errors(&diagnostics);
    }
    if bad { Err(Failure::input("")) } else { Ok(()) }
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes =
        std::fs::read(path).map_err(|error| Failure::input(format!("{}:1:1: error: {error}", path.display())))?;
    Ok(decode(bytes))
}

#[allow(clippy::unnecessary_wraps)]
pub fn devices(as_json: bool) -> Result<(), Failure> {
    let audio = barline::audio::devices();
    let (ports, inputs) = (midi::ports(), midi::inputs());
    let jack = "jack".parse().ok().and_then(|spec| AudioDevice::find(&spec).ok());
    let jack = jack.as_ref().and_then(AudioDevice::midi_inputs);
    if as_json {
        let audio: Vec<_> = audio
            .iter()
            .map(|device| json!({"host": device.host, "name": device.name, "spec": device.spec, "default": device.default}))
            .collect();
        let of = |ports: Result<Vec<midi::PortInfo>, _>| -> Vec<serde_json::Value> {
            ports.unwrap_or_default().iter().map(|port| json!({"index": port.index, "name": port.name})).collect()
        };
        println!("{}", json!({"audio": audio, "midi_out": of(ports), "midi_in": of(inputs), "jack_midi": jack}));
        return Ok(());
    }
    println!("audio outputs (--audio):");
    for device in &audio {
        println!("  {}{}  {}", if device.default { "* " } else { "  " }, device.spec, device.name);
    }
    if audio.is_empty() {
        println!("    none found; `--audio none` plays to the clock alone");
    }
    for (title, ports) in [("MIDI outputs (--midi):", ports), ("MIDI inputs:", inputs)] {
        println!("{title}");
        match ports {
            Ok(ports) if ports.is_empty() => println!("    none found"),
            Ok(ports) => ports.iter().for_each(|port| println!("    {}: {}", port.index, port.name)),
            Err(error) => println!("    {error}"),
        }
    }
    if let Some(inputs) = jack {
        println!("JACK (--audio jack) is there; MIDI goes through it to:");
        for (number, input) in inputs.iter().enumerate() {
            println!("    {number}: {input}");
        }
    }
    Ok(())
}

pub fn bench(arguments: &BenchArguments) -> Result<(), Failure> {
    let owned = |(name, value, unit): (&str, f64, &str)| (name.to_owned(), value, unit.to_owned());
    let assets = || assets::locate().map_err(|error| Failure::machine(error.to_string()));
    let (name, figures) = match arguments.what {
        Bench::Parse => {
            let folder = bench::corpora().ok_or_else(|| {
                Failure::machine("there are no tune books in ../shared/abc or corpus/; `make corpus` gets some")
            })?;
            let figures = bench::bench_parse(&folder).map_err(Failure::machine)?;
            ("parse", figures.into_iter().map(owned).collect())
        }
        Bench::Synth => {
            let (patches, _) = library::patches(&assets()?.patches);
            let model = library::model(arguments.model.as_deref(), &assets()?)?;
            ("synth", synth::figures(&patches, model.as_deref()))
        }
        Bench::Screen => {
            let model = library::model(arguments.model.as_deref(), &assets()?)?;
            ("screen", screen::figures(model.as_deref()).into_iter().map(owned).collect())
        }
        Bench::Model => {
            let model = library::model(arguments.model.as_deref(), &assets()?)?;
            ("model", bench_model(model.as_deref(), arguments.bars)?)
        }
        Bench::Clock => {
            let model = library::model(arguments.model.as_deref(), &assets()?)?;
            ("clock", clock::figures(model.as_deref()).into_iter().map(owned).collect())
        }
    };
    print_figures(name, &figures, arguments.json);
    Ok(())
}

/// As one JSON object, or as a table.
fn print_figures(name: &str, figures: &[(String, f64, String)], as_json: bool) {
    if as_json {
        let figures: Vec<_> =
            figures.iter().map(|(name, value, unit)| json!({"name": name, "value": value, "unit": unit})).collect();
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let machine = json!({"os": std::env::consts::OS, "arch": std::env::consts::ARCH, "cores": cores});
        println!("{}", json!({"bench": name, "machine": machine, "figures": figures}));
    } else {
        for (name, value, unit) in figures {
            println!("{name:44} {value:12.3} {unit}");
        }
    }
}

#[cfg(feature = "llama")]
fn bench_model(model: Option<&Path>, bars: u32) -> Result<Vec<(String, f64, String)>, Failure> {
    let path = model.ok_or_else(|| Failure::machine("there is no model; give a GGUF file with --model"))?;
    let mut writer = load(path).map_err(Failure::machine)?;
    let figures = barline::compose::bench::bench_model(&mut writer, bars).map_err(Failure::machine)?;
    Ok(figures.into_iter().map(|(name, value, unit)| (name.to_owned(), value, unit.to_owned())).collect())
}

#[cfg(not(feature = "llama"))]
fn bench_model(_model: Option<&Path>, _bars: u32) -> Result<Vec<(String, f64, String)>, Failure> {
    Err(Failure::machine("built without llama.cpp (feature `llama`)"))
}
