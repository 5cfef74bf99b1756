//! A conductor whose doings are written down. Runs on the scheduler's thread; a line is a value sent over a channel, nothing here waits.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::{Evaluated, Line, Sound};
use crate::conductor::Conductor;
use crate::event::{Command, Message, ScheduledEvent};
use crate::prompt::{MAX_VOICES, Scene, Voice};
use crate::record::BarRecord;
use crate::time::{Beats, Frames, Tempo};

/// Wraps a conductor: whatever may send events or change the set goes through here, the rest is read as it stands.
#[derive(Debug)]
pub struct Recorder {
    conductor: Conductor,
    /// `None` where nothing is written down.
    journal: Option<Sender<Line>>,
    /// The last bar that is written down.
    last: i64,
    /// The tempo map as it is written down.
    tempos: Vec<(Frames, Beats, Tempo)>,
    /// What each slot was last said to be, without the time.
    sounds: Vec<Option<Sound>>,
    /// The scene of which that is.
    scene: Option<Arc<Scene>>,
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
        Recorder { conductor, journal, last: 0, tempos: Vec::new(), sounds: vec![None; MAX_VOICES], scene: None }
    }

    /// Tells the outputs of the first scene. Before anything else.
    pub fn begin(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        let scene = Arc::clone(self.conductor.timeline().scene());
        let Recorder { conductor, journal, .. } = self;
        conductor.mix(&scene, now, &mut |event| send(journal.as_ref(), event, out));
        self.evaluated(&scene, true, now);
        self.dress(now);
        self.look();
    }

    /// [`Conductor::command`].
    pub fn command(&mut self, command: Command, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        if let Some(line) = Line::of_command(&command, self.conductor.scene(), now) {
            self.write(line);
        }
        let evaluation = match &command {
            Command::Evaluate { scene, fresh } => Some((Arc::clone(scene), *fresh)),
            _ => None,
        };
        let Recorder { conductor, journal, .. } = self;
        conductor.command(command, now, &mut |event| send(journal.as_ref(), event, out));
        if self.conductor.timeline().next_bar() <= self.last {
            self.last = self.conductor.timeline().next_bar() - 1;
            self.write(Line::Back { at: now, from: self.last + 1 });
        }
        if let Some((scene, fresh)) = evaluation {
            self.evaluated(&scene, fresh, now);
        }
        self.dress(now);
        self.look();
    }

    /// [`Conductor::advance`].
    pub fn advance(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        let Recorder { conductor, journal, .. } = self;
        conductor.advance(now, &mut |event| send(journal.as_ref(), event, out));
        self.dress(now);
        self.look();
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
        // A slot has its voice before anything is sent to it.
        let sounding = Arc::clone(self.conductor.scene());
        self.sound(scene, at, |voice| sounding.voices.iter().all(|other| other.name != voice.name));
    }

    /// Writes down how the voices sound, when another scene says so.
    fn dress(&mut self, at: Frames) {
        let scene = Arc::clone(self.conductor.scene());
        if self.scene.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &scene)) {
            self.sound(&scene, at, |_| true);
            self.scene = Some(scene);
        }
    }

    fn sound(&mut self, scene: &Scene, at: Frames, of: impl Fn(&Voice) -> bool) {
        for voice in scene.voices.iter().filter(|voice| of(voice)) {
            let Some(slot) = self.conductor.slot(&voice.name) else { continue };
            let sound = Sound::of(voice, slot, Frames(0));
            if self.sounds[usize::from(slot.0)].as_ref() != Some(&sound) {
                self.write(Line::Voice(Sound { at, ..sound.clone() }));
                self.sounds[usize::from(slot.0)] = Some(sound);
            }
        }
    }

    /// Writes down what has become of time and of the bars.
    fn look(&mut self) {
        if self.journal.is_none() {
            return;
        }
        let transport = self.conductor.transport();
        let tempos: Vec<(Frames, Beats, Tempo)> =
            transport.tempo_map().map(|(beats, tempo)| (transport.frame_of(beats), beats, tempo)).collect();
        let same = tempos.iter().zip(&self.tempos).take_while(|(now, before)| now == before).count();
        let changes = tempos[same..].iter().map(|&(at, beats, tempo)| Line::Tempo { at, beats, tempo });
        let new = self.conductor.timeline().bars().iter().rev().take_while(|bar| bar.number > self.last).count();
        let bars = &self.conductor.timeline().bars()[self.conductor.timeline().bars().len() - new..];
        let records = bars.iter().map(|bar| Line::Bar(BarRecord::of(bar, transport)));
        let lines: Vec<Line> = changes.chain(records).collect();
        self.last = bars.last().map_or(self.last, |bar| bar.number);
        self.tempos = tempos;
        for line in lines {
            self.write(line);
        }
    }

    fn write(&mut self, line: Line) {
        if let Some(journal) = &self.journal {
            // A journal that has ended has said why.
            let _ = journal.send(line);
        }
    }
}

/// Writes an event down and passes it on: nothing goes to the outputs on another way.
fn send(journal: Option<&Sender<Line>>, event: ScheduledEvent, out: &mut dyn FnMut(ScheduledEvent)) {
    if let Some(journal) = journal {
        let _ = journal.send(Line::Sent(event));
    }
    out(event);
}
