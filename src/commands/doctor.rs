//! `barline doctor`: what this machine has of what a set needs, and what to do about the rest. Main thread.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use barline::audio::AudioDevice;
use barline::compose::Reply;
use barline::{check as checks, midi, prompt, realtime};

use crate::assets::{self, Assets};
use crate::cli::Failure;
use crate::library;
use crate::play;

/// A bar of 4/4 at 120 a minute.
const BAR: Duration = Duration::from_secs(2);
/// A model that is not there by then is not for a laptop.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of one look.
enum Finding {
    Fine(String),
    /// It can be played with; what would be better.
    Better(String, &'static str),
    /// It cannot; what to do.
    Wrong(String, &'static str),
}

use Finding::{Better, Fine, Wrong};

/// Prints a line for each thing, and what to do below it. Errs when something is wrong.
pub fn doctor() -> Result<(), Failure> {
    let assets = assets::locate();
    let mut wrong = 0;
    let mut say = |what: &str, finding: Finding| {
        let (sign, text, help) = match finding {
            Fine(text) => ("ok", text, ""),
            Better(text, help) => ("--", text, help),
            Wrong(text, help) => ("!!", text, help),
        };
        println!("{sign} {what:<10} {text}");
        if !help.is_empty() {
            println!("{:13} -> {help}", "");
        }
        wrong += u32::from(sign == "!!");
    };
    say("terminal", terminal());
    say("letters", letters());
    say("sound", sound());
    say("jack", jack());
    say("midi", ports());
    say("priority", priority());
    match &assets {
        Ok(assets) => {
            say("prompts", prompts(assets));
            say("patches", patches(assets));
            say("model", model(assets));
        }
        Err(error) => say("files", Wrong(error.to_string(), "run barline once in a folder that can be written")),
    }
    say("sets", sets());
    if wrong == 0 {
        return Ok(());
    }
    Err(Failure::machine(format!("{wrong} thing{} to see to", if wrong == 1 { "" } else { "s" })))
}

fn terminal() -> Finding {
    if !std::io::stdout().is_terminal() {
        return Better("this is no terminal".to_owned(), "look again in the one that you will play in");
    }
    let (columns, rows) = crossterm::terminal::size().unwrap_or((0, 0));
    let name = std::env::var("TERM").unwrap_or_default();
    let text = format!("{name}, {columns} x {rows}");
    match () {
        () if matches!(name.as_str(), "" | "dumb") => Wrong(text, "it cannot draw; take another terminal, or set TERM"),
        () if columns < 80 || rows < 24 => Better(text, "80 x 24 at least shows text and bars; make it larger"),
        () if crossterm::terminal::supports_keyboard_enhancement().unwrap_or(false) => {
            Fine(format!("{text}, tells when keys are let go"))
        }
        () => Fine(text),
    }
}

fn letters() -> Finding {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let plain = locale.to_lowercase().replace('-', "");
    if cfg!(windows) || plain.contains("utf8") {
        Fine("UTF-8".to_owned())
    } else {
        Better(format!("the locale '{locale}' is not UTF-8"), "signs may be drawn wrongly; set LANG=C.UTF-8")
    }
}

fn sound() -> Finding {
    let devices = barline::audio::devices();
    match devices.iter().find(|device| device.default).or(devices.first()) {
        Some(device) => Fine(format!("{} of {} outputs: {}", device.spec, devices.len(), device.name)),
        None => Better(
            "no output".to_owned(),
            "notes go to MIDI alone; plug a sound card in, or be a member of the group 'audio'",
        ),
    }
}

fn jack() -> Finding {
    let found = "jack"
        .parse()
        .map_err(|error| format!("{error}"))
        .and_then(|spec| AudioDevice::find(&spec).map_err(|error| error.to_string()));
    match found {
        Ok(device) => {
            Fine(format!("{}, {} MIDI inputs of others", device.name(), device.midi_inputs().map_or(0, <[_]>::len)))
        }
        Err(why) => Better(why, "only --audio jack needs it"),
    }
}

fn ports() -> Finding {
    match (midi::ports(), midi::inputs()) {
        (Ok(out), Ok(ins)) if out.is_empty() && ins.is_empty() => Better(
            "no ports".to_owned(),
            "the built-in synth plays all voices; plug a box or a keyboard in at any time",
        ),
        (Ok(out), Ok(ins)) => {
            Fine(format!("{} outputs, {} inputs; `barline devices` lists them", out.len(), ins.len()))
        }
        (Err(error), _) | (_, Err(error)) => Better(error.to_string(), "the built-in synth plays all voices"),
    }
}

fn priority() -> Finding {
    let raised = std::thread::spawn(|| realtime::raise(realtime::MIDI_PRIORITY).map(|()| realtime::priority())).join();
    match raised {
        Ok(Ok(Some(given))) if given < realtime::MIDI_PRIORITY => Better(
            format!("real-time, but {given} at most of {}", realtime::MIDI_PRIORITY),
            "raise the limit rtprio in /etc/security/limits.d, or be a member of the group 'audio'",
        ),
        Ok(Ok(_)) => Fine("real-time, as audio and MIDI ask for it".to_owned()),
        Ok(Err(why)) => Better(why, "without it a busy machine may play late"),
        Err(_) => Better("not known".to_owned(), "the log says more"),
    }
}

fn prompts(assets: &Assets) -> Finding {
    let (patches, _) = library::patches(&assets.patches);
    let (rig, _) = library::rig(&library::rig_paths(None, assets), &patches);
    let names = library::patch_names(&patches);
    let files = files_of(&assets.prompts, &["abc", "txt"]);
    let bad = |path: &&PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        prompt::has_errors(&checks::check_file(path, &text, &names, &rig))
    };
    let broken: Vec<String> = files.iter().filter(bad).map(|path| path.display().to_string()).collect();
    let text = format!("{} in {}", files.len(), assets.prompts.display());
    match () {
        () if files.is_empty() => Wrong(text, "put a .abc or .txt file there, as small as 'X:1' and 'K:C'"),
        () if !broken.is_empty() => {
            Wrong(format!("{text}; errors in {}", broken.join(", ")), "`barline check FILE` says where and what")
        }
        () => Fine(text),
    }
}

fn patches(assets: &Assets) -> Finding {
    let (patches, broken) = library::patches(&assets.patches);
    let text = format!("{} in {}", patches.len(), assets.patches.display());
    match broken.first() {
        Some(first) => Wrong(format!("{text}; {first}"), "mend it; until then its voices are silent"),
        None => Fine(text),
    }
}

/// Starts the composer as a set does, and takes the time of a bar.
fn model(assets: &Assets) -> Finding {
    const HELP: &str = "without a model the ladder plays what the text does not; --model FILE.gguf takes another";
    let path = match library::model(None, assets) {
        Ok(Some(path)) => path,
        Ok(None) => return Better("there is none".to_owned(), HELP),
        Err(failure) => return Wrong(failure.message, HELP),
    };
    if cfg!(not(feature = "llama")) {
        return Better("built without llama.cpp".to_owned(), "the ladder plays what the text does not");
    }
    let mut trouble = None;
    let mut composer = play::composer(Some(&path), None, &|_, text| eprintln!("{text}"));
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && trouble.is_none() {
        match composer.poll() {
            Some(Reply::Ready { model, bar_micros }) => return speed(&model, bar_micros),
            Some(Reply::Failed { message }) => trouble = Some(message),
            Some(Reply::Restarting { reason }) => trouble = Some(reason),
            Some(_) => {}
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    Wrong(trouble.unwrap_or_else(|| format!("{} does not answer", path.display())), HELP)
}

fn speed(model: &str, bar_micros: u64) -> Finding {
    if bar_micros == 0 {
        return Fine(model.to_owned());
    }
    let voices = BAR.as_micros() as f64 / bar_micros as f64;
    let text = format!("{model}: a bar in {:.0} ms", bar_micros as f64 / 1e3);
    if voices < 1.0 {
        Better(
            text,
            "slower than a bar at 120 lasts: it leaves bars to the ladder; take a smaller model or a slower tempo",
        )
    } else {
        Fine(format!("{text}, time for {voices:.0} voices at 120"))
    }
}

fn sets() -> Finding {
    let Some(folder) = play::state_folder() else {
        return Wrong("there is no home folder: sets are not kept".to_owned(), "set HOME or XDG_STATE_HOME");
    };
    let probe = folder.join("doctor");
    let written = std::fs::write(&probe, "").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Fine(format!("kept in {}", folder.display())),
        Err(error) => Wrong(format!("{}: {error}", folder.display()), "make it writable, or set XDG_STATE_HOME"),
    }
}

fn files_of(folder: &std::path::Path, kinds: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kinds.iter().any(|known| kind == *known)));
    files.sort();
    files
}
