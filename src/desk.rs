//! The desk behind the screen: does what the screen asks, and says what came of it. Main thread.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};

use barline::event::{Arm, Command, Event, Level, Message};
use barline::prompt::{self, Scene};
use barline::rig::{Rig, SYNTH};
use barline::scheduler::Scheduler;
use barline::steer::Lexicon;
use barline::synth::Patch;
use barline::ui::app::{Evaluation, Input, Offer, Request, Tune};
use barline::watch::Watch;

use crate::kept;
use crate::library::{self, Patches};

pub struct Desk {
    pub scheduler: Scheduler,
    pub watch: Watch,
    pub events: Sender<Event>,
    pub patches: Patches,
    pub vocabulary: Option<Vec<String>>,
    pub lexicon: Lexicon,
    /// Where it may be; the first that is there counts.
    pub lexicons: Vec<PathBuf>,
    pub rig: Rig,
    /// Where it may be; the first that is there counts.
    pub rigs: Vec<PathBuf>,
    /// Where what MIDI learn has learned is kept.
    pub mappings: Option<PathBuf>,
    /// Begins and ends recordings, where there is a place for them.
    pub tape: Option<Sender<()>>,
    /// Where the theme is.
    pub theme: Option<PathBuf>,
    /// Where typed text goes that no file holds.
    pub typed: Option<PathBuf>,
    /// File and scene that play, or will from the next bar line.
    pub playing: (PathBuf, u32),
    /// The text that plays, for when its words come to mean something else.
    pub text: String,
    /// Scenes that were armed since one was evaluated at once, and what played before each: that plays on where they are withdrawn.
    pub armed: Vec<(Weak<Scene>, (PathBuf, u32), String)>,
}

impl Desk {
    pub fn perform(&mut self, request: Request) -> Vec<Input> {
        // Withdrawn, nobody has it; once it was heard, its bars have it.
        while let Some((_, playing, text)) = self.armed.pop_if(|(scene, ..)| scene.strong_count() == 0) {
            (self.playing, self.text) = (playing, text);
        }
        match request {
            Request::Command(command) => self.scheduler.send(command),
            Request::Save { path, text, over } => {
                let error = self.watch.save(&path, &text, &over).err();
                return vec![Input::Saved { path, text, error }];
            }
            Request::Evaluate { path, text, .. } if path.extension().is_some_and(|e| e == "patch") => {
                let evaluation = self.evaluate_patch(path, text);
                return vec![Input::Evaluated(evaluation), Input::Offer(self.offer())];
            }
            Request::Evaluate { path, text, .. } if path.extension().is_some_and(|e| e == library::LEXICON) => {
                return self.evaluate_lexicon(path, text).into_iter().map(Input::Evaluated).collect();
            }
            Request::Evaluate { path, text, .. } if path.extension().is_some_and(|e| e == "toml") => {
                let evaluations = self.evaluate_rig(path, text);
                let offer = Input::Offer(self.offer());
                return evaluations.into_iter().map(Input::Evaluated).chain([offer]).collect();
            }
            Request::Evaluate { path, text, asked, tune, armed } if asked || path == self.playing.0 => {
                return vec![Input::Evaluated(self.evaluate(path, text, tune, armed))];
            }
            Request::Evaluate { path, text, .. } => return vec![Input::Evaluated(self.look_at(&path, &text))],
            Request::Record => self.record(),
            Request::KeepMappings(text) => self.keep(self.mappings.as_deref(), &text, "what was learned holds"),
            Request::KeepTyped(typed) => kept::write_typed(self.typed.as_deref(), &typed),
            Request::KeepTheme(theme) => self.keep(self.theme.as_deref(), theme.name(), "these colours hold"),
            Request::Clipboard(_) | Request::Releases(_) | Request::Quit => {}
        }
        vec![]
    }

    /// The patches and outputs that voices can have.
    pub fn offer(&self) -> Offer {
        let outputs = self.rig.outputs.keys().cloned().chain([SYNTH.to_owned()]).collect();
        Offer { patches: library::patch_names(&self.patches), outputs }
    }

    /// Reads a prompt and plays it, when it has no errors, at the next phrase line where it is armed.
    fn evaluate(&mut self, path: PathBuf, text: String, tune: Tune, armed: bool) -> Evaluation {
        let patches = library::patch_names(&self.patches);
        let (scenes, diagnostics) = prompt::read_with(&path, &text, &patches, &self.lexicon, &self.rig);
        let number = (path == self.playing.0).then_some(self.playing.1);
        let playing = scenes.iter().position(|scene| Some(scene.number) == number);
        let number = match (tune, playing) {
            (Tune::Next, Some(at)) => scenes.get((at + 1) % scenes.len()).map(|scene| scene.number),
            (Tune::Number(number), _) => Some(number),
            (Tune::Previous, Some(at)) => scenes.get((at + scenes.len() - 1) % scenes.len()).map(|scene| scene.number),
            _ => number,
        };
        let scene = prompt::accepted(scenes, &diagnostics, number);
        let accepted = scene.is_some();
        let mut heard = String::new();
        if let Some(scene) = scene {
            heard = scene.read_back(self.vocabulary.as_deref());
            let playing = (path.clone(), scene.number);
            let scene = Arc::new(scene);
            let fresh = self.playing != playing;
            let before =
                (std::mem::replace(&mut self.playing, playing), std::mem::replace(&mut self.text, text.clone()));
            if armed {
                self.armed.push((Arc::downgrade(&scene), before.0, before.1));
            } else {
                self.armed.clear();
            }
            let command = Command::Evaluate { scene, fresh };
            self.scheduler.send(if armed { Command::Arm(Arm::Add(Box::new(command))) } else { command });
        }
        Evaluation { path, text, accepted, plays: true, armed, diagnostics, heard }
    }

    fn record(&self) {
        if self.tape.as_ref().is_none_or(|key| key.send(()).is_err()) {
            let text = "nothing can be recorded: there is no home folder".to_owned();
            let _ = self.events.send(Event::Message(Message { level: Level::Warning, text }));
        }
    }

    /// What is written there holds in the sets to come.
    fn keep(&self, path: Option<&Path>, text: &str, what: &str) {
        let why = match path {
            // Written beside it first: a machine that fails in the middle leaves the old one.
            Some(path) => {
                let new = path.with_extension("new");
                std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, path)).err().map(|why| why.to_string())
            }
            None => Some("there is no home folder".to_owned()),
        };
        if let Some(why) = why {
            let text = format!("{what} in this set alone: {why}");
            let _ = self.events.send(Event::Message(Message { level: Level::Warning, text }));
        }
    }

    /// What there is to say of a file without playing it.
    pub fn look_at(&self, path: &Path, text: &str) -> Evaluation {
        let patches = library::patch_names(&self.patches);
        let (scenes, diagnostics) = prompt::read_with(path, text, &patches, &self.lexicon, &self.rig);
        let heard = scenes.first().map(|scene| scene.read_back(self.vocabulary.as_deref())).unwrap_or_default();
        let accepted = !scenes.is_empty();
        Evaluation {
            path: path.to_owned(),
            text: text.to_owned(),
            accepted,
            plays: path == self.playing.0,
            armed: false,
            diagnostics,
            heard,
        }
    }

    fn evaluate_patch(&mut self, path: PathBuf, text: String) -> Evaluation {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let diagnostics = match Patch::parse(&name, &text) {
            Ok(patch) => {
                let patch = Arc::new(patch);
                self.patches.insert(name, Arc::clone(&patch));
                self.scheduler.send(Command::Patch(patch));
                vec![]
            }
            Err(error) => vec![error.diagnostic(&text)],
        };
        Evaluation {
            path,
            text,
            accepted: diagnostics.is_empty(),
            plays: true,
            armed: false,
            diagnostics,
            heard: String::new(),
        }
    }

    /// A lexicon without errors holds from now on, for the words that play, too.
    fn evaluate_lexicon(&mut self, path: PathBuf, text: String) -> Vec<Evaluation> {
        if hidden(&self.lexicons, &path) {
            return vec![];
        }
        let (diagnostics, again) = match Lexicon::parse(&text) {
            Ok(lexicon) => {
                self.lexicon = lexicon;
                let playing = self.playing.0.clone();
                (vec![], Some(self.evaluate(playing, self.text.clone(), Tune::Same, false)))
            }
            Err(diagnostics) => (diagnostics, None),
        };
        let accepted = diagnostics.is_empty();
        let lexicon = Evaluation { path, text, accepted, plays: true, armed: false, diagnostics, heard: String::new() };
        again.into_iter().chain([lexicon]).collect()
    }

    /// A rig without errors holds from now on, for the text that plays, too.
    fn evaluate_rig(&mut self, path: PathBuf, text: String) -> Vec<Evaluation> {
        if hidden(&self.rigs, &path) {
            return vec![];
        }
        let (rig, diagnostics) = Rig::read(&path, &text, &library::patch_names(&self.patches));
        let accepted = !prompt::has_errors(&diagnostics);
        let again = accepted.then(|| {
            self.rig = rig;
            self.evaluate(self.playing.0.clone(), self.text.clone(), Tune::Same, false)
        });
        let rig = Evaluation { path, text, accepted, plays: true, armed: false, diagnostics, heard: String::new() };
        again.into_iter().chain([rig]).collect()
    }

    pub fn read(&self, path: &Path) -> Option<String> {
        let text = std::fs::read_to_string(path);
        if let Err(error) = &text {
            let text = format!("{}: {error}", path.display());
            let _ = self.events.send(Event::Message(Message { level: Level::Error, text }));
        }
        text.ok()
    }
}

/// Whether a file that goes before this one is there.
fn hidden(paths: &[PathBuf], path: &Path) -> bool {
    paths.iter().take_while(|known| *known != path).any(|known| known.is_file())
}
