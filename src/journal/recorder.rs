//! A conductor whose doings are written down. Runs on the scheduler's thread; a line is a value sent over a channel, nothing here waits.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::{Evaluated, Line, Played};
use crate::conductor::Conductor;
use crate::event::{Command, Message, Phrase, ScheduledEvent, Snapshot};
use crate::keep::Kept;
use crate::midi::Listener;
use crate::prompt::{Scene, Source};
use crate::record::{BarRecord, Part};
use crate::rig::{ClockPort, Step};
use crate::time::{Beats, Frames, Tempo};

/// Wraps a conductor: whatever may send events or change the set goes through here, the rest is read as it stands.
#[derive(Debug)]
pub struct Recorder {
    conductor: Conductor,
    /// `None` where nothing is written down.
    journal: Option<Sender<Line>>,
    /// The last bar that is written down.
    last: i64,
    /// The tempo map as it is written down, and which one that is.
    tempos: Vec<(Frames, Beats, Tempo)>,
    version: Option<u64>,
    /// The rig as it is written down.
    rig: Arc<Source>,
}

impl Deref for Recorder {
    type Target = Conductor;

    fn deref(&self) -> &Conductor {
        &self.conductor
    }
}

impl Recorder {
    #[must_use]
    pub fn new(conductor: Conductor, journal: Option<Sender<Line>>) -> Recorder {
        Recorder { conductor, journal, last: 0, tempos: Vec::new(), version: None, rig: Arc::default() }
    }

    /// Tells the outputs of the first scene. Before anything else.
    pub fn begin(&mut self, now: Frames, out: &mut dyn FnMut(Step)) {
        let scene = Arc::clone(self.conductor.timeline().scene());
        let mut events = Vec::new();
        self.conductor.mix(&scene, now, &mut |event| events.push(event));
        self.evaluated(&scene, true, now);
        self.send(events, out);
        self.look(now);
    }

    /// [`Conductor::command`].
    pub fn command(&mut self, command: Command, now: Frames, out: &mut dyn FnMut(Step)) {
        if let Some(line) = Line::of_command(&command, now) {
            self.write(line);
        }
        if let Command::Nudge { output, ms } = &command {
            out(Step::Nudge { at: now, output: output.clone(), ms: *ms });
        }
        let evaluation = match &command {
            Command::Evaluate { scene, fresh } => Some((Arc::clone(scene), *fresh)),
            _ => None,
        };
        let mut events = Vec::new();
        self.conductor.command(command, now, &mut |event| events.push(event));
        if let Some((scene, fresh)) = evaluation {
            self.evaluated(&scene, fresh, now);
        }
        self.send(events, out);
        if self.conductor.timeline().next_bar() <= self.last {
            self.last = self.conductor.timeline().next_bar() - 1;
            self.write(Line::Back { at: now, from: self.last + 1 });
        }
        self.look(now);
    }

    /// [`Conductor::advance`].
    pub fn advance(&mut self, now: Frames, out: &mut dyn FnMut(Step)) {
        let mut events = Vec::new();
        self.conductor.advance(now, &mut |event| events.push(event));
        self.send(events, out);
        self.look(now);
    }

    /// Writes down and passes on how slots sound now, and then what was sent: events go by the ways that are given before them. Nothing goes to
    /// the outputs on another way.
    fn send(&mut self, events: Vec<ScheduledEvent>, out: &mut dyn FnMut(Step)) {
        for sound in self.conductor.sounds() {
            self.write(Line::Voice(sound.clone()));
            out(Step::Sound(sound));
        }
        for event in events {
            if event.action.is_music() {
                self.write(Line::Sent(event));
            }
            out(Step::Send(event));
        }
    }

    /// Writes down an event that others than the conductor send.
    pub fn sent(&mut self, event: ScheduledEvent) {
        self.write(Line::Sent(event));
    }

    /// What there is to tell the performer, each once.
    pub fn messages(&mut self, now: Frames) -> Vec<Message> {
        let messages = self.conductor.messages();
        for message in &messages {
            self.said(message, now);
        }
        messages
    }

    /// [`Conductor::snapshot`].
    pub fn snapshot(&mut self, now: Frames) -> Snapshot {
        self.conductor.snapshot(now)
    }

    /// [`Conductor::clocks`].
    pub fn clocks(&mut self) -> Option<Arc<[ClockPort]>> {
        self.conductor.clocks()
    }

    /// [`Conductor::listeners`].
    pub fn listeners(&mut self) -> Option<Arc<[Listener]>> {
        self.conductor.listeners()
    }

    /// [`Conductor::take_phrase`].
    pub fn take_phrase(&mut self, now: Frames) -> Option<Phrase> {
        self.conductor.take_phrase(now)
    }

    /// [`Conductor::say_input`].
    pub fn say_input(&mut self, port: &str, open: &Result<String, String>) {
        self.conductor.say_input(port, open);
    }

    /// [`Conductor::take_kept`].
    pub fn take_kept(&mut self) -> Vec<Kept> {
        self.conductor.take_kept()
    }

    /// Writes down what others than the conductor tell the performer.
    pub fn said(&mut self, message: &Message, now: Frames) {
        self.write(Line::Message { at: now, message: message.clone() });
    }

    fn evaluated(&mut self, scene: &Scene, fresh: bool, at: Frames) {
        let timeline = self.conductor.timeline();
        let line = Line::Prompt(Evaluated {
            at,
            revision: timeline.question().0,
            from: timeline.heard_from().unwrap_or(timeline.next_bar()),
            path: scene.source.path.to_string_lossy().into_owned(),
            text: scene.source.text.clone(),
            scene: scene.number,
            fresh,
        });
        self.write(line);
        if self.rig.text != scene.rig.text {
            self.rig = Arc::clone(&scene.rig);
            let path = scene.rig.path.to_string_lossy().into_owned();
            self.write(Line::Rig { at, path, text: scene.rig.text.clone() });
        }
    }

    /// Writes down what was armed and has acted, and what has become of time, of the bars and of what the hand played in them.
    fn look(&mut self, now: Frames) {
        for (at, command) in self.conductor.fired() {
            if let Command::Evaluate { scene, fresh } = &command {
                self.evaluated(scene, *fresh, now);
            } else if let Some(line) = Line::of_command(&command, at) {
                self.write(line);
            }
        }
        let played = self.conductor.take_played();
        if self.journal.is_none() {
            return;
        }
        let transport = self.conductor.transport();
        let version = Some(transport.version());
        let changes = if version == self.version {
            Vec::new()
        } else {
            self.version = version;
            let tempos: Vec<(Frames, Beats, Tempo)> = transport.tempo_map().collect();
            let same = tempos.iter().zip(&self.tempos).take_while(|(now, before)| now == before).count();
            // A line takes back what lay behind it: where there is less than before, the last is said again.
            let from = if same < self.tempos.len() { same.min(tempos.len() - 1) } else { same };
            self.tempos = tempos;
            self.tempos[from..].iter().map(|&(at, beats, tempo)| Line::Tempo { at, beats, tempo }).collect()
        };
        let new = self.conductor.timeline().bars().iter().rev().take_while(|bar| bar.number > self.last).count();
        let bars = &self.conductor.timeline().bars()[self.conductor.timeline().bars().len() - new..];
        let records = bars.iter().map(|bar| Line::Bar(BarRecord::of(bar, transport)));
        let hands = played.into_iter().filter_map(|(bar, voice)| self.played(bar, &voice));
        let lines: Vec<Line> = changes.into_iter().chain(records).chain(hands).collect();
        self.last = bars.last().map_or(self.last, |bar| bar.number);
        for line in lines {
            self.write(line);
        }
    }

    fn played(&self, number: i64, voice: &str) -> Option<Line> {
        let timeline = self.conductor.timeline();
        let bar = timeline.bar(number)?;
        let at = bar.scene.voices.iter().position(|other| other.name == voice)?;
        let part = Part::played(&bar.scene, at, timeline.cell(bar, at));
        Some(Line::Hand(Played { bar: number, part }))
    }

    fn write(&mut self, line: Line) {
        if let Some(journal) = &self.journal {
            // A journal that has ended has said why.
            let _ = journal.send(line);
        }
    }
}
