//! Plays a script: the conductor through the recorder, from stop to stop of virtual time. Pure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use num_rational::Ratio;

use super::heard::Score;
use super::mortal::{Life, Mortal};
use super::{Action, Entry, Place, Set, Told};
use crate::abc::report::display;
use crate::abc::{Diagnostic, Meter, Span};
use crate::compose::Composer;
use crate::conductor::{Conductor, Pace};
use crate::event::{Arm, Command, Playing};
use crate::journal::{FORMAT, Header, Line, Recorder, Recording};
use crate::keep::{Edit, Kept, keep};
use crate::prompt::{self, Scene};
use crate::render::RENDER_RATE;
use crate::replay::heard;
use crate::rig::{self, Rig, is_synth};
use crate::steer::Lexicon;
use crate::time::{Beats, Frames, Tempo};

/// The conductor looks round at least this often.
const GRID: i64 = 64;
/// How long a killed composer is gone: its process starts again after this long at least.
const RESTART: Duration = Duration::from_millis(200);

/// What a set is rehearsed with.
pub struct Given<'a> {
    /// The names that `patch=` may say.
    pub patches: &'a [String],
    pub lexicon: &'a Lexicon,
    /// Control words of the model, for reading words back.
    pub vocabulary: Option<&'a [String]>,
    /// The model's file, for the record.
    pub model: Option<String>,
    pub seed: u64,
    /// Drafts of each bar.
    pub candidates: u32,
    /// A file by its name in the script; `Err` says why it cannot be read.
    pub read: &'a dyn Fn(&str) -> Result<String, String>,
}

impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Rehearsal {
    /// In order.
    pub told: Vec<Told>,
    pub recording: Recording,
    /// Why it ended before its time, with the place in the script.
    pub fault: Option<Diagnostic>,
}

pub(super) struct Player<'a> {
    given: &'a Given<'a>,
    pub(super) recorder: Recorder,
    lines: Receiver<Line>,
    life: Life,
    /// Whether anybody composes.
    composed: bool,
    /// When a killed composer is back.
    back: Option<Frames>,
    path: PathBuf,
    rig: Rig,
    buffer: String,
    pub(super) now: Frames,
    /// Musical time, while it runs.
    pub(super) at: Beats,
    /// The last bar that the score has.
    seen: i64,
    pub(super) score: Score,
    messages: Vec<(Frames, Told)>,
    /// Notes that the hand holds: until when, voice and pitch.
    pub(super) held: Vec<(Beats, String, u8)>,
}

/// Plays a set to its end, or to what cannot be done.
#[must_use]
pub fn rehearse(set: &Set, composer: Box<dyn Composer>, given: &Given<'_>) -> Rehearsal {
    let header = Header {
        format: FORMAT,
        barline: env!("CARGO_PKG_VERSION").to_owned(),
        began: String::new(),
        seed: given.seed,
        rate: RENDER_RATE,
        model: given.model.clone(),
    };
    let (mut player, scene) = match Player::new(set, composer, given) {
        Ok(opened) => opened,
        Err(why) => {
            let fault = Diagnostic::error(Span { start: 0, end: 0 }, why);
            return Rehearsal { told: vec![], recording: Recording { header, lines: vec![] }, fault: Some(fault) };
        }
    };
    player.begin(&scene);
    let fault = player.play(&set.entries).err();
    let lines: Vec<Line> = player.lines.try_iter().collect();
    let recording = Recording { header, lines };
    let transport = player.recorder.transport();
    let mut told = player.messages;
    for note in heard(&recording) {
        let on = note.on;
        told.extend(player.score.note(note, transport).map(|note| (on, note)));
    }
    // What is said at a frame comes before what sounds there.
    told.sort_by_key(|(at, told)| (*at, matches!(told, Told::Note { .. })));
    Rehearsal { told: told.into_iter().map(|(_, told)| told).collect(), recording, fault }
}

impl<'a> Player<'a> {
    fn new(set: &Set, composer: Box<dyn Composer>, given: &'a Given<'a>) -> Result<(Player<'a>, Opened), String> {
        let (path, text) = (PathBuf::from(&set.open), (given.read)(&set.open)?);
        // A rig lies beside its prompts.
        let rig_path = path.with_file_name(rig::FILE);
        let rig_text = (given.read)(&rig_path.to_string_lossy()).unwrap_or_default();
        let (rig, wrong) = Rig::read(&rig_path, &rig_text, given.patches);
        let (scenes, diagnostics) = prompt::read_with(&path, &text, given.patches, given.lexicon, &rig);
        let mut said: Vec<String> = display(&wrong, &rig_path.to_string_lossy(), &rig_text).collect();
        said.extend(display(&diagnostics, &set.open, &text));
        // As when playing begins: errors do not keep what can be read from it.
        let scene = scenes.into_iter().next().ok_or_else(|| said.join("; "))?;
        let scene = Arc::new(scene);
        let (composed, life) = (composer.is_there(), Life::default());
        let composer = Box::new(Mortal { composer, life: life.clone() });
        let mut conductor = Conductor::new(&scene, composer, RENDER_RATE, given.seed, Pace::Offline);
        conductor.set_candidates(given.candidates);
        conductor.set_notice(Duration::ZERO);
        let (journal, lines) = channel();
        let player = Player {
            given,
            recorder: Recorder::new(conductor, Some(journal)),
            lines,
            life,
            composed,
            back: None,
            path,
            rig,
            buffer: text,
            now: Frames(0),
            at: Beats::ZERO,
            seen: 0,
            score: Score::default(),
            messages: vec![],
            held: vec![],
        };
        Ok((player, Opened { scene, said }))
    }

    fn begin(&mut self, opened: &Opened) {
        self.recorder.begin(self.now, &mut |_| {});
        let first = Place { bar: 1, beat: Ratio::from(1) };
        for said in &opened.said {
            self.say(first, said.clone());
        }
        self.say_heard(first, &opened.scene);
        self.look(first);
    }

    fn play(&mut self, entries: &[Entry]) -> Result<(), Diagnostic> {
        for entry in entries {
            let wrong = |why: String| Diagnostic::error(entry.span, why);
            self.run_to(entry.place).map_err(wrong)?;
            if entry.action == Action::End {
                self.command(Command::Stop, entry.place);
                return Ok(());
            }
            self.perform(&entry.action, false, entry.place).map_err(wrong)?;
        }
        // Nobody said when it ends: a phrase on, what was asked last can be heard.
        let bar = self.recorder.timeline().next_bar() + i64::from(self.recorder.timeline().scene().phrase);
        let last = Place { bar, beat: Ratio::from(1) };
        // Each bar has a first beat.
        let _ = self.run_to(last);
        self.command(Command::Stop, last);
        Ok(())
    }

    /// Lets time pass until just before a place; where the music stands still, that is now.
    fn run_to(&mut self, place: Place) -> Result<(), String> {
        while self.recorder.playing() != Playing::Stopped {
            let timeline = self.recorder.timeline();
            let mut to = Beats::new((self.at * GRID).numerator().div_euclid((self.at * GRID).denominator()) + 1, GRID);
            let next = timeline.next_start();
            if next > self.at {
                to = to.min(next);
            }
            if let Some((end, ..)) = self.held.iter().min() {
                to = to.min((*end).max(self.at));
            }
            let reached = self.find(place)?.filter(|end| *end <= to);
            self.at = reached.unwrap_or(to).max(self.at);
            self.advance();
            self.let_go();
            if reached.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// The time of a place, when its bar is near enough for that to be known.
    fn find(&self, place: Place) -> Result<Option<Beats>, String> {
        let timeline = self.recorder.timeline();
        let (start, meter) = match timeline.bar(place.bar) {
            Some(bar) => (bar.start, bar.scene.meter),
            None if place.bar == timeline.next_bar() => (timeline.next_start(), timeline.next_scene().meter),
            None => return Ok(None),
        };
        let beats = meter.beat().scale(place.beat - Ratio::from(1));
        if beats >= meter.bar_length() {
            return Err(format!("bar {} has no beat {}: it is in {meter}", place.bar, place.beat));
        }
        Ok(Some(start + beats))
    }

    /// A turn of the conductor, a frame before what is to sound at this time.
    fn advance(&mut self) {
        self.now = self.now.max(self.recorder.transport().frame_of(self.at) - Frames(1));
        if self.back.take_if(|back| *back <= self.now).is_some() {
            self.life.begin();
        }
        self.recorder.advance(self.now, &mut |_| {});
        let here = self.here();
        self.look(here);
    }

    /// Where the music is.
    pub(super) fn here(&self) -> Place {
        let timeline = self.recorder.timeline();
        let bar = timeline.bars().iter().rev().find(|bar| bar.start <= self.at && self.at < bar.start + bar.length());
        let (bar, start, meter) = match bar {
            Some(bar) => (bar.number, bar.start, bar.scene.meter),
            None => (timeline.next_bar(), timeline.next_start(), timeline.next_scene().meter),
        };
        let passed = (self.at - start).max(Beats::ZERO);
        Place { bar, beat: Ratio::from(1) + passed.ratio(Meter::beat(meter)) }
    }

    /// Takes down what was committed and said.
    fn look(&mut self, place: Place) {
        let (timeline, transport) = (self.recorder.timeline(), self.recorder.transport());
        self.seen = self.seen.min(timeline.next_bar() - 1);
        let new = timeline.bars().iter().rev().take_while(|bar| bar.number > self.seen);
        new.for_each(|bar| self.score.add(bar, transport));
        self.seen = timeline.next_bar() - 1;
        for message in self.recorder.messages(self.now) {
            self.say(place, message.text);
        }
    }

    pub(super) fn command(&mut self, command: Command, place: Place) {
        let stopped = self.recorder.playing() == Playing::Stopped;
        if !stopped {
            self.score.cut(self.now, self.at);
        }
        let begins = stopped && matches!(command, Command::Play);
        self.recorder.command(command, self.now, &mut |_| {});
        if begins {
            self.at = self.recorder.timeline().next_start();
            self.recorder.advance(self.now, &mut |_| {});
        }
        self.look(place);
    }

    /// What an armed action asks waits for the next phrase line.
    fn perform(&mut self, action: &Action, armed: bool, place: Place) -> Result<(), String> {
        let command = match action {
            Action::Arm(action) => return self.perform(action, true, place),
            Action::Disarm => Command::Arm(Arm::Clear),
            Action::Play => Command::Play,
            Action::Stop | Action::End => Command::Stop,
            Action::Hush => Command::Hush,
            Action::Reroll => Command::Reroll,
            Action::Evaluate => {
                self.evaluate(None, armed, place);
                return Ok(());
            }
            Action::Scene(number) => {
                self.evaluate(Some(*number), armed, place);
                return Ok(());
            }
            Action::Replace { old, new } => {
                match self.buffer.matches(old.as_str()).count() {
                    1 if !old.is_empty() => self.buffer = self.buffer.replacen(old.as_str(), new, 1),
                    times => return Err(format!("{old:?} stands {times} times in the buffer, not once")),
                }
                return Ok(());
            }
            Action::Load(file) if Path::new(file).extension().is_some_and(|extension| extension == "toml") => {
                let text = (self.given.read)(file)?;
                self.load_rig(Path::new(file), &text, place);
                return Ok(());
            }
            Action::Load(file) => {
                self.buffer = (self.given.read)(file)?;
                return Ok(());
            }
            Action::KillComposer => {
                if self.composed {
                    self.life.end();
                    self.back = Some(self.now + RENDER_RATE.frames_in(RESTART));
                    self.recorder.advance(self.now, &mut |_| {});
                    self.look(place);
                } else {
                    self.say(place, "there is no composer".to_owned());
                }
                return Ok(());
            }
            Action::Port { name, there } => Command::Port { port: self.port(name)?, there: *there },
            Action::Keep(ask) => {
                if let Some(voice) = &ask.voice {
                    self.voice(voice)?;
                }
                self.command(Command::Keep(ask.clone()), place);
                for kept in self.recorder.take_kept() {
                    self.keep(&kept, place);
                }
                return Ok(());
            }
            Action::Note { pitch, velocity, beats } => return self.note(*pitch, *velocity, *beats, place),
            Action::Mute { voice, muted } => Command::Mute { voice: self.voice(voice)?, muted: *muted },
            Action::Solo { voice, soloed } => Command::Solo { voice: self.voice(voice)?, soloed: *soloed },
            Action::Gain { voice, gain } => {
                let gain = *gain.numer() as f32 / *gain.denom() as f32;
                Command::Gain { voice: self.voice(voice)?, gain }
            }
            Action::Touch { voice, touch } => {
                let bar = self.recorder.timeline().next_bar();
                Command::Touch { bar, voice: self.voice(voice)?, touch: touch.clone() }
            }
            Action::Freeze { voice, frozen } => Command::Freeze { voice: self.voice(voice)?, frozen: *frozen },
            Action::Tempo(count) => Command::Tempo(self.tempo(*count)?),
            Action::Ramp { to, bars } => Command::Ramp { to: self.tempo(*to)?, bars: *bars },
            Action::Use { voice, what } => Command::Use { voice: self.voice(voice)?, what: *what },
            Action::Tap => Command::Tap,
            Action::Lock(locked) => Command::Lock(*locked),
            Action::CountIn(on) => Command::CountIn(*on),
        };
        self.ask(command, armed, place);
        Ok(())
    }

    /// As the screen does it: where another file plays, the buffer is not its text.
    fn keep(&mut self, kept: &Kept, place: Place) {
        let Edit { text, said } = keep(&self.buffer, kept);
        self.buffer = text;
        self.say(place, said);
    }

    fn ask(&mut self, command: Command, armed: bool, place: Place) {
        if armed {
            self.command(Command::Arm(Arm::Add(Box::new(command))), place);
            self.command(Command::Arm(Arm::Fire), place);
        } else {
            self.command(command, place);
        }
    }

    fn tempo(&self, count: Ratio<i64>) -> Result<Tempo, String> {
        let tempo = Tempo::from_beat(self.recorder.timeline().next_scene().meter.beat(), count);
        tempo.checked().ok_or_else(|| format!("{count} is not a tempo"))
    }

    fn voice(&self, name: &str) -> Result<String, String> {
        let voices = &self.recorder.scene().voices;
        let known = || voices.iter().map(|voice| voice.name.as_str()).collect::<Vec<_>>().join(" ");
        voices
            .iter()
            .find(|voice| voice.name == name)
            .map(|voice| voice.name.clone())
            .ok_or_else(|| format!("there is no voice '{name}' (there are {})", known()))
    }

    /// The port that a voice or the rig names so.
    fn port(&self, name: &str) -> Result<String, String> {
        let outs = self.recorder.timeline().scene().voices.iter().filter_map(|voice| voice.out.as_deref());
        let ports: BTreeSet<&str> = outs.filter(|out| !is_synth(out)).collect();
        let rig = self.rig.outputs.iter().map(|(name, output)| (name.as_str(), output.port.as_str()));
        let known: Vec<(&str, &str)> = rig.chain(ports.into_iter().map(|port| (port, port))).collect();
        let found = known.iter().find(|(known, port)| *known == name || *port == name);
        let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
        found
            .map(|(_, port)| (*port).to_owned())
            .ok_or_else(|| format!("there is no port '{name}' (there are {})", names()))
    }

    /// From the next evaluation on the rig is this one, when it has no errors.
    fn load_rig(&mut self, path: &Path, text: &str, place: Place) {
        let (rig, diagnostics) = Rig::read(path, text, self.given.patches);
        let said: Vec<String> = display(&diagnostics, &path.display().to_string(), text).collect();
        for said in said {
            self.say(place, said);
        }
        if prompt::has_errors(&diagnostics) {
            self.say(place, format!("{}: the last good version holds", path.display()));
        } else {
            self.rig = rig;
        }
    }

    /// Plays the buffer, when it has no errors: the scene that plays as it is there, or the one that is asked for from its beginning.
    fn evaluate(&mut self, asked: Option<u32>, armed: bool, place: Place) {
        let Given { patches, lexicon, .. } = *self.given;
        let (scenes, diagnostics) = prompt::read_with(&self.path, &self.buffer, patches, lexicon, &self.rig);
        let name = self.path.display().to_string();
        let said: Vec<String> = display(&diagnostics, &name, &self.buffer).collect();
        for said in said {
            self.say(place, said);
        }
        if let Some(number) = asked.filter(|asked| scenes.iter().all(|scene| scene.number != *asked)) {
            self.say(place, format!("{name}: there is no scene {number}; the last good version plays on"));
            return;
        }
        let playing = self.recorder.timeline().scene().number;
        match prompt::accepted(scenes, &diagnostics, Some(asked.unwrap_or(playing))) {
            Some(scene) => {
                let fresh = asked.is_some() || scene.number != playing;
                let scene = Arc::new(scene);
                self.say_heard(place, &scene);
                self.ask(Command::Evaluate { scene, fresh }, armed, place);
            }
            None => self.say(place, format!("{name}: the last good version plays on")),
        }
    }

    fn say_heard(&mut self, place: Place, scene: &Scene) {
        let heard = scene.read_back(self.given.vocabulary);
        if !heard.is_empty() {
            self.say(place, format!("heard: {heard}"));
        }
    }

    fn say(&mut self, Place { bar, beat }: Place, message: String) {
        self.messages.push((self.now, Told::Message { bar, beat, message }));
    }
}

/// The first scene, and what there is to say of its file.
struct Opened {
    scene: Arc<Scene>,
    said: Vec<String>,
}
