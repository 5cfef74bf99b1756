//! `barline replay`: a past set again, to the outputs with a line for each bar, or to files. Main thread.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use barline::audio::AudioDevice;
use barline::clock::Clock;
use barline::engine::Renderer;
use barline::event::Level;
use barline::journal::{Recording, read};
use barline::record::BarRecord;
use barline::render::Format;
use barline::replay::{Player, Told, write};
use barline::scheduler::Outputs;
use barline::synth::{Patch, Synth};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::assets;
use crate::cli::{Failure, ReplayArguments};
use crate::library::{self, Patches};
use crate::outputs;

/// Between two looks at whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

pub fn replay(arguments: &ReplayArguments) -> Result<(), Failure> {
    for path in &arguments.output {
        Format::of(path).map_err(|error| Failure::input(error.to_string()))?;
    }
    let recording = recording(&arguments.journal)?;
    let assets = assets::locate().map_err(|error| Failure::machine(error.to_string()))?;
    let (patches, wrong) = library::patches(&assets.patches);
    for line in wrong {
        eprintln!("{line}");
    }
    let patches = with_missing(patches, &recording);
    if arguments.output.is_empty() {
        return play(arguments, &recording, patches);
    }
    for path in &arguments.output {
        write(&recording, path, &|name| patches.get(name).cloned())
            .map_err(|error| Failure::input(error.to_string()))?;
    }
    eprintln!("{} bars", recording.bars().len());
    Ok(())
}

/// Reads a journal; lines that cannot be read are named.
fn recording(path: &Path) -> Result<Recording, Failure> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| Failure::input(format!("{name}: cannot be read: {error}")))?;
    let read = read(&bytes).map_err(|why| Failure::input(format!("{name} {why}")))?;
    let Some((recording, damages)) = read else {
        return Err(Failure::input(format!("{name}: nothing was played in it")));
    };
    for damage in damages {
        eprintln!("{name}:{}:{}: warning: damaged, left out: {}", damage.line, damage.column.max(1), damage.why);
    }
    if recording.bars().is_empty() {
        return Err(Failure::input(format!("{name}: nothing was played in it")));
    }
    Ok(recording)
}

/// Patches that are no longer there are played as `reed`, which is said.
fn with_missing(mut patches: Patches, recording: &Recording) -> Patches {
    for sound in recording.sounds() {
        if !patches.contains_key(&sound.patch) {
            eprintln!("there is no patch '{}' any more; {} plays reed", sound.patch, sound.name);
            if let Some(reed) = patches.get("reed").cloned() {
                let reed: Arc<Patch> = reed;
                patches.insert(sound.patch.clone(), reed);
            }
        }
    }
    patches
}

fn play(arguments: &ReplayArguments, recording: &Recording, patches: Patches) -> Result<(), Failure> {
    let say = |_: Level, text: String| eprintln!("{text}");
    let (device, port) = outputs::find(arguments.audio.as_deref(), arguments.midi.as_deref())?;
    let device = device.unwrap_or_else(|trouble| {
        say(Level::Warning, trouble);
        AudioDevice::none()
    });
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP, SIGINT] {
        // Whoever asks twice does not want to wait.
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&ended))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&ended)))
            .map_err(|error| Failure::machine(format!("signals: {error}")))?;
    }
    let clock = Clock::new(device.rate());
    let (synth, lane) = Synth::new(device.rate(), &[]);
    let (renderer, ring) = Renderer::new(synth);
    let stats = renderer.stats();
    let outs = recording.sounds().filter_map(|sound| sound.out.as_deref()).chain(arguments.midi.as_deref());
    let (audio, ports, _) = outputs::start(device, renderer, port, outs, &clock);
    let midi_for_all = arguments.midi.clone();
    let outputs = Outputs { ring, lane, stats, audio, ports, midi_for_all, patches };
    let (told, inbox) = channel();
    let player = Player::start(recording, outputs, clock, told);
    while !ended.load(Ordering::SeqCst) {
        match inbox.recv_timeout(LOOK) {
            // Whoever reads may have seen enough: the music goes on.
            Ok(Told::Bar(bar)) => drop(writeln!(std::io::stdout(), "{}", line(&bar))),
            Ok(Told::Trouble(text)) => say(Level::Warning, text),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // The notes are ended before the outputs are closed.
    drop(player);
    Ok(())
}

/// ` 12│ bass t C,2 G,2 │ lead m A2d fed`: number, and each voice with the screen's mark for who made it.
fn line(bar: &BarRecord) -> String {
    let part = |part: &barline::record::Part| {
        let mark = match part.by.as_str() {
            "text" | "loop" => "t".to_owned(),
            "model" => "m".to_owned(),
            "edit" => "e".to_owned(),
            by => by.strip_prefix("ladder ").map_or_else(|| by.to_owned(), |rung| format!("L{rung}")),
        };
        format!("{} {mark} {}", part.voice, part.text)
    };
    let parts: Vec<String> = bar.parts.iter().map(part).collect();
    format!("{:3}│ {}", bar.number, parts.join(" │ "))
}
