//! Playing: opens the outputs, starts the threads in the order in which music flows, runs the screen, and takes it all down again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

use barline::audio::AudioDevice;
use barline::clock::Clock;
use barline::compose::link::{Link, Spawn};
use barline::compose::{Composer, Silent};
use barline::conductor::{Conductor, Pace};
use barline::engine::Renderer;
use barline::event::{Command, Event, Level, Message, Playing, Snapshot};
use barline::journal::{FORMAT, Header, Journal};
use barline::midi::mapping::{self, Mappings};
use barline::prompt::{self, Scene};
use barline::rig::Rig;
use barline::scheduler::{Outputs, Scheduler};
use barline::steer::Lexicon;
use barline::synth::Synth;
use barline::tape::{self, Tape};
use barline::time::SampleRate;
use barline::ui::app::{App, Input};
use barline::ui::terminal::{self, Screen};
use barline::ui::theme::{self, Theme};
use barline::watch::{Folder, Watch};

use crate::assets::{self, Assets};
use crate::cli::{Failure, PlayArguments, SEED};
use crate::desk::Desk;
use crate::kept::{self, Kept};
use crate::last::last;
use crate::library::{self, Patches};
use crate::outputs;

/// Plays until the performer quits. Libraries print where they like; all of that goes to the log, and what is said at the end to the terminal.
pub fn play(arguments: &PlayArguments) -> Result<(), Failure> {
    let state = state_folder();
    if let Some(log) = state.as_deref().map(log_in) {
        let _ = terminal::redirect_stderr(&log);
    }
    let ended = run(arguments, state);
    terminal::give_back();
    ended
}

fn run(arguments: &PlayArguments, state: Option<PathBuf>) -> Result<(), Failure> {
    let last = arguments.last.then(|| last(state.as_deref().map(sets_in).as_deref())).transpose()?;
    // Bars that are to come are those of the set that it goes on with.
    let seed = arguments.seed.or(last.as_ref().map(|last| last.seed)).unwrap_or(SEED);
    let asked = last.as_ref().map(|last| last.prompt.clone()).or_else(|| arguments.prompt.clone());
    let prompt = asked.as_deref();
    let assets = assets::locate().map_err(|error| Failure::machine(error.to_string()))?;
    // What another machine's model knows is not known here.
    let model = match arguments.composer {
        Some(_) => None,
        None => library::model(arguments.model.as_deref(), &assets)?,
    };
    let (events, inbox) = channel();
    let say = |level: Level, text: String| drop(events.send(Event::Message(Message { level, text })));
    if let Some(message) = &assets.message {
        say(Level::Warning, message.clone());
    }
    let to_screen = events.clone();
    let lexicons = library::lexicon_paths(arguments.lexicon.as_deref(), prompt, &assets);
    let rigs = library::rig_paths(prompt, &assets);
    let watched = [&lexicons[..], &rigs].concat();
    let (watch, files) = Watch::start(folders(prompt, &assets, &watched), move |event| drop(to_screen.send(event)));
    let (patches, wrong) = library::patches(&assets.patches);
    for text in wrong {
        say(Level::Error, text);
    }
    let lexicon = library::lexicon(&lexicons).unwrap_or_else(|wrong| {
        for text in wrong {
            say(Level::Error, text);
        }
        Lexicon::default()
    });
    let (rig, wrong) = library::rig(&rigs, &patches);
    for text in wrong {
        say(Level::Error, text);
    }
    let in_set = |path: &Path| path.extension().is_none_or(|e| e != "patch" && e != library::LEXICON && e != "toml");
    let files: Vec<(PathBuf, String)> = files.into_iter().filter(|(path, _)| in_set(path)).collect();
    let (playing, scene) = first_scene(&files, &patches, &lexicon, &rig, last.as_ref().map(|last| last.scene))
        .ok_or_else(|| no_prompt(prompt, &assets))?;

    let (device, port) = outputs::find(arguments.audio.as_deref(), arguments.midi.as_deref())?;
    let mut screen =
        Screen::take().map_err(|error| Failure::machine(format!("{error}; `barline render` needs none")))?;
    let (device, trouble) = match device {
        Ok(device) => (device, None),
        Err(trouble) => (AudioDevice::none(), Some(trouble)),
    };
    if let Some(trouble) = trouble {
        say(Level::Warning, trouble);
    }
    let rate = device.rate();
    let clock = Clock::new(rate);
    let (synth, lane) = Synth::new(rate, &[]);
    let (mut renderer, ring) = Renderer::new(synth);
    let reel = renderer.tap(tape::blocks(rate));
    let stats = renderer.stats();
    let outs = scene.voices.iter().filter_map(|voice| voice.out.as_deref());
    let outs = outs.chain(scene.clocks.iter().map(|clock| clock.port.as_str())).chain(arguments.midi.as_deref());
    let (audio, ports, inputs) = outputs::start(device, renderer, port, outs, &clock);
    let log = state.as_deref().map(log_in);
    let composer = match &arguments.composer {
        Some(command) => Box::new(Link::start(Spawn::command(command, log))),
        None => composer(model.as_deref(), log, &say),
    };
    let conductor = Conductor::new(&scene, composer, rate, seed, Pace::Live);
    let midi_for_all = arguments.midi.clone();
    let outputs = Outputs { ring, lane, stats, audio, ports, midi_for_all, patches: patches.clone() };
    let journal = state
        .as_ref()
        .map(|state| Journal::start(sets_in(state), header(arguments, seed, rate, model.as_deref()), events.clone()));
    if journal.is_none() {
        say(Level::Warning, "there is no home folder: this set is not kept".to_owned());
    }
    let lines = journal.as_ref().map(Journal::lines);
    let scheduler = Scheduler::start(conductor, outputs, inputs, clock, events.clone(), lines);
    let tape = journal.as_ref().zip(state.as_ref()).map(|(journal, state)| {
        let (folder, journal, commands) = (state.join("recordings"), journal.file(), scheduler.sender());
        Tape::start(tape::Setup { reel, rate, folder, journal, commands, events: events.clone() })
    });
    let silence = scheduler.sender();
    terminal::install_panic_hook(move || drop(silence.send(Command::Panic)));

    let size = screen.size().unwrap_or((80, 24));
    let mappings = state.as_ref().map(|state| state.join(mapping::FILE));
    let theme = state.as_ref().map(|state| state.join(theme::FILE));
    let named = theme.as_deref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let learned = learned(mappings.as_deref(), &say);
    let typed = state.as_ref().map(|state| state.join(kept::TYPED));
    let left = kept::read_typed(typed.as_deref());
    let folder = state.map(|folder| folder.join("unsaved"));
    let mut kept = Kept { app: App::new(files, size), folder, typed: typed.clone() };
    let vocabulary = library::vocabulary(model.as_deref());
    let now = (playing.clone(), scene.number);
    let text = String::new();
    let mut desk = Desk {
        scheduler,
        watch,
        events,
        patches,
        vocabulary,
        lexicon,
        lexicons,
        rig,
        rigs,
        mappings,
        tape: tape.as_ref().map(Tape::key),
        theme,
        typed,
        playing: now,
        text,
        armed: vec![],
    };
    desk.scheduler.send(Command::Attend { triggers: learned.triggers(), all: false });
    kept.app.set_mappings(learned);
    kept.app.update(Input::Offer(desk.offer()));
    kept.app.set_theme(Theme::named(&named));
    if !arguments.armed {
        // What the engine will say of itself as soon as it runs.
        let playing = Snapshot { playing: Playing::Playing, ..Snapshot::default() };
        kept.app.update(Input::Event(Event::Snapshot(Arc::new(playing))));
    }
    let first = desk.read(&playing);
    if let Some(text) = first {
        let evaluation = desk.look_at(&playing, &text);
        desk.text = text;
        kept.app.update(Input::Evaluated(evaluation));
    }
    for (path, text) in left {
        kept.app.bring_back(&path, text, arguments.last);
    }
    for command in last.into_iter().flat_map(|last| last.commands) {
        desk.scheduler.send(command);
    }
    if !arguments.armed {
        desk.scheduler.send(Command::Play);
    }
    let ran = terminal::run_loop(&mut screen, &mut kept.app, &inbox, &mut |request| desk.perform(request));
    // The terminal is given back first; the music is ended with note-offs after it.
    drop(screen);
    drop(kept);
    drop(desk);
    if let Some(path) = journal.and_then(Journal::finish) {
        // The terminal may have hung up.
        let _ = writeln!(std::io::stderr(), "barline: this set can be heard again: barline replay {}", path.display());
    }
    for text in tape.map(Tape::finish).into_iter().flatten() {
        let _ = writeln!(std::io::stderr(), "barline: {text}");
    }
    ran.map_err(|error| Failure::machine(format!("the terminal: {error}")))
}

fn folders(prompt: Option<&Path>, assets: &Assets, files: &[PathBuf]) -> Vec<Folder> {
    let prompts = match prompt {
        Some(path) if path.is_file() => Folder::file(path),
        Some(path) => Folder::prompts(path),
        None => Folder::prompts(&assets.prompts),
    };
    let files = files.iter().map(|path| Folder::file(path));
    [prompts, Folder::patches(&assets.patches)].into_iter().chain(files).collect()
}

fn no_prompt(prompt: Option<&Path>, assets: &Assets) -> Failure {
    let path = prompt.unwrap_or(&assets.prompts);
    let name = path.display();
    Failure::input(if !path.exists() {
        format!("there is no prompt {name}; give a file or a folder with .abc or .txt files")
    } else if path.is_dir() {
        format!("{name} has no prompt that can be played: it needs a .abc or .txt file, as small as 'X:1' and 'K:C'")
    } else {
        format!("{name} cannot be read as a prompt: it needs at least 'X:1' and 'K:C'")
    })
}

/// The first file that has a scene. Errors do not keep what can be read from playing.
fn first_scene(
    files: &[(PathBuf, String)],
    patches: &Patches,
    lexicon: &Lexicon,
    rig: &Rig,
    number: Option<u32>,
) -> Option<(PathBuf, Arc<Scene>)> {
    files.iter().find_map(|(path, text)| {
        let (scenes, _) = prompt::read_with(path, text, &library::patch_names(patches), lexicon, rig);
        let at = scenes.iter().position(|scene| Some(scene.number) == number).unwrap_or(0);
        Some((path.clone(), Arc::new(scenes.into_iter().nth(at)?)))
    })
}

pub fn composer(model: Option<&Path>, log: Option<PathBuf>, say: &dyn Fn(Level, String)) -> Box<dyn Composer> {
    let silent = |why: &str| -> Box<dyn Composer> {
        say(Level::Warning, format!("{why}; the ladder plays what the text does not"));
        Box::new(Silent)
    };
    if cfg!(not(feature = "llama")) {
        return silent("built without llama.cpp");
    }
    let Some(model) = model else { return silent("there is no model (--model FILE.gguf)") };
    match std::env::current_exe() {
        Ok(program) => {
            let arguments = vec!["compose".into(), "--model".into(), model.as_os_str().to_owned()];
            Box::new(Link::start(Spawn { program, arguments, environment: false, log }))
        }
        Err(error) => silent(&format!("the composer cannot be started: {error}")),
    }
}

/// For the log, where fd 2 goes while the screen is ours, and for text that has no other place.
pub fn state_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("barline");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// What MIDI learn has learned in sets before.
fn learned(path: Option<&Path>, say: &dyn Fn(Level, String)) -> Mappings {
    let text = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    Mappings::read(&text).unwrap_or_else(|why| {
        let path = path.map(|path| path.display().to_string()).unwrap_or_default();
        say(Level::Error, format!("{path}:{why}; nothing that was learned holds"));
        Mappings::default()
    })
}

/// Where the journals are.
fn sets_in(state: &Path) -> PathBuf {
    state.join("sets")
}

/// What the journal says of the whole set.
fn header(arguments: &PlayArguments, seed: u64, rate: SampleRate, model: Option<&Path>) -> Header {
    Header {
        format: FORMAT,
        barline: env!("CARGO_PKG_VERSION").to_owned(),
        // The journal knows when it is first played.
        began: String::new(),
        seed,
        rate,
        model: arguments.composer.clone().or_else(|| model.map(|model| model.display().to_string())),
    }
}

fn log_in(state: &Path) -> PathBuf {
    state.join("barline.log")
}
