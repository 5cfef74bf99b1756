//! The timeline: which bars there are, who made them, and which scene is in force from which bar. Pure; owned by the scheduler.
//!
//! Bars before `next` are committed and never change. From `next` on there is a plan: loops and seeds come from the scene, the rest
//! from the composer as it arrives. An evaluation takes effect at one bar line, which it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::abc::parse::read_bar;
use crate::abc::{Pitch, print};
use crate::compose::{ComposedBar, Prompt, PromptBar, PromptVoice, STREAM_UNIT};
use crate::event::{Author, Revision};
use crate::ladder::{self, Need};
use crate::prompt::{By, Scene, Voice};
use crate::score::{Measure, Note};
use crate::time::Beats;

/// Committed bars kept in the composer's view: between one and two of these, so that the view's start seldom moves.
const CONTEXT_STEP: i64 = 32;

/// One voice's part of a bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Canonical text at the stream's unit length, in the scene's key.
    pub text: String,
    pub measure: Measure,
    pub by: Author,
}

/// A committed bar.
#[derive(Clone, Debug)]
pub struct Bar {
    pub number: i64,
    pub start: Beats,
    pub scene: Arc<Scene>,
    /// One for each voice of the scene.
    pub cells: Vec<Cell>,
}

impl Bar {
    #[must_use]
    pub fn length(&self) -> Beats {
        self.scene.bar_length()
    }
}

/// A scene in force, and where its voices stand in it.
#[derive(Clone, Debug)]
struct InForce {
    scene: Arc<Scene>,
    revision: Revision,
    /// The bar from which it holds.
    from: i64,
    /// The bar of the scene's first bar: words count from here.
    origin: i64,
    voices: Vec<Origin>,
}

/// Where the text of a voice begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// The bar at which `first` stands.
    bar: i64,
    first: usize,
}

#[derive(Debug)]
pub struct Timeline {
    now: InForce,
    /// An evaluation that has not reached its bar line.
    coming: Option<InForce>,
    /// The first bar that is not committed, from 1.
    next: i64,
    /// Its start.
    start: Beats,
    /// All that was committed.
    bars: Vec<Bar>,
    /// Composed cells from `next` on, by bar and voice name.
    plan: BTreeMap<(i64, String), Cell>,
    attempt: u32,
    seed: u64,
    /// The first bar whose key and metre are those in force: what the composer may look back to.
    context_from: i64,
}

impl Timeline {
    #[must_use]
    pub fn new(scene: Arc<Scene>, seed: u64) -> Timeline {
        let voices = vec![Origin { bar: 1, first: 0 }; scene.voices.len()];
        let now = InForce { scene, revision: Revision(1), from: 1, origin: 1, voices };
        Timeline {
            now,
            coming: None,
            next: 1,
            start: Beats::ZERO,
            bars: Vec::new(),
            plan: BTreeMap::new(),
            attempt: 0,
            seed,
            context_from: 1,
        }
    }

    /// The first uncommitted bar, from 1.
    #[must_use]
    pub fn next_bar(&self) -> i64 {
        self.next
    }

    /// Where that bar starts.
    #[must_use]
    pub fn next_start(&self) -> Beats {
        self.start
    }

    /// The scene of the first uncommitted bar.
    #[must_use]
    pub fn next_scene(&self) -> &Arc<Scene> {
        &self.in_force(self.next).scene
    }

    /// The newest evaluated scene.
    #[must_use]
    pub fn scene(&self) -> &Arc<Scene> {
        &self.newest().scene
    }

    /// Whether a scene takes over at the first uncommitted bar.
    #[must_use]
    pub fn enters(&self) -> Option<&Arc<Scene>> {
        let newest = self.newest();
        (newest.from == self.next).then_some(&newest.scene)
    }

    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// The bar from which the newest evaluation is heard, while it is still ahead.
    #[must_use]
    pub fn heard_from(&self) -> Option<i64> {
        let newest = self.newest();
        (newest.revision > Revision(1) && newest.from >= self.next).then_some(newest.from)
    }

    /// Takes a scene over at the next uncommitted bar line, or one later when the composer could not answer by then (`hurry`).
    /// `fresh`: another scene than the one that plays, rather than an edit of it. Returns the bar from which it is heard.
    pub fn evaluate(&mut self, scene: Arc<Scene>, fresh: bool, hurry: bool) -> i64 {
        let from = self.next + i64::from(hurry);
        let old = self.newest().clone();
        let voices = scene.voices.iter().map(|voice| origin(&old, voice, from, fresh, scene.phrase)).collect();
        let revision = Revision(old.revision.0 + 1);
        let origin = if fresh { from } else { old.origin };
        let in_force = InForce { scene, revision, from, origin, voices };
        self.plan.retain(|(bar, _), _| *bar < from);
        if from <= self.next {
            self.enter(in_force);
        } else {
            self.coming = Some(in_force);
        }
        from
    }

    /// Forgets what is planned; the composer draws again.
    pub fn reroll(&mut self) {
        self.attempt += 1;
        self.plan.clear();
    }

    /// Takes a composed bar into the plan. `Err` says why it is refused; a bar for an older text is dropped without a word.
    pub fn take(&mut self, bar: ComposedBar) -> Result<(), String> {
        if (bar.revision, bar.attempt) != (self.newest().revision, self.attempt) || bar.number < self.next {
            return Ok(());
        }
        let scene = Arc::clone(&self.in_force(bar.number).scene);
        for (voice, text) in bar.cells {
            let Some(voice) = scene.voices.get(voice) else { continue };
            if text.is_empty() {
                continue;
            }
            let (measure, diagnostics) = read_bar(&text, &scene.key, scene.meter, STREAM_UNIT, &[]);
            if measure.length != scene.bar_length() || !diagnostics.is_empty() {
                return Err(format!("bar {} of {} is not a full bar: {text}", bar.number, voice.name));
            }
            self.plan.insert((bar.number, voice.name.clone()), Cell { text, measure, by: Author::Model });
        }
        Ok(())
    }

    /// What is known of a voice in an uncommitted bar.
    #[must_use]
    pub fn planned(&self, number: i64, voice: usize) -> Option<Cell> {
        let in_force = self.in_force(number);
        given(in_force, number, voice)
            .or_else(|| self.plan.get(&(number, in_force.scene.voices.get(voice)?.name.clone())).cloned())
    }

    /// How many bars from the first uncommitted one on are known in every voice.
    #[must_use]
    pub fn known_ahead(&self, at_most: usize) -> usize {
        let known = |number: i64| {
            let voices = self.in_force(number).scene.voices.len();
            (0..voices).all(|voice| self.planned(number, voice).is_some())
        };
        (0..at_most as i64).take_while(|ahead| known(self.next + ahead)).count()
    }

    /// Fixes the first uncommitted bar: what is planned, and the ladder for what is not. Returns it and how often the ladder helped.
    pub fn commit(&mut self) -> (&Bar, u64) {
        let scene = Arc::clone(self.next_scene());
        let mut rungs = 0;
        let mut cells = Vec::with_capacity(scene.voices.len());
        for (at, voice) in scene.voices.iter().enumerate() {
            let mut cell = self.planned(self.next, at).unwrap_or_else(|| {
                rungs += 1;
                self.ladder(&scene, voice, at)
            });
            let tied = self.tied_into_next(&voice.name);
            hold(&mut cell.measure, &tied);
            cells.push(cell);
        }
        self.plan.retain(|(bar, _), _| *bar > self.next);
        let length = scene.bar_length();
        self.bars.push(Bar { number: self.next, start: self.start, scene, cells });
        self.next += 1;
        self.start += length;
        if self.coming.as_ref().is_some_and(|coming| coming.from <= self.next)
            && let Some(coming) = self.coming.take()
        {
            self.enter(coming);
        }
        (&self.bars[self.bars.len() - 1], rungs)
    }

    /// What a prompt answers: two prompts with the same are the same text.
    #[must_use]
    pub fn question(&self) -> (Revision, u32) {
        (self.newest().revision, self.attempt)
    }

    /// What the composer is asked: the view back, then `ahead` bars to come.
    #[must_use]
    pub fn prompt(&self, ahead: usize) -> Prompt {
        let newest = self.newest();
        let scene = &newest.scene;
        let base = (self.next - 1 - CONTEXT_STEP).div_euclid(CONTEXT_STEP) * CONTEXT_STEP + 1;
        let first_bar = base.max(self.context_from).max(if self.same_music(newest) { 1 } else { newest.from });
        let last = self.next + ahead as i64 - 1;
        let bars = (first_bar..=last.max(first_bar)).map(|number| self.prompt_bar(newest, number)).collect();
        Prompt {
            revision: newest.revision,
            meter: scene.meter,
            key: scene.key,
            phrase: scene.phrase,
            voices: scene.voices.iter().map(prompt_voice).collect(),
            first_bar,
            bars,
            seed: self.seed,
            attempt: self.attempt,
        }
    }

    fn prompt_bar(&self, newest: &InForce, number: i64) -> PromptBar {
        let in_force = if number >= newest.from { newest } else { &self.now };
        let committed = self.committed(number);
        let cells = newest.scene.voices.iter().enumerate().map(|(at, voice)| {
            let same_name = |scene: &Scene| scene.voices.iter().position(|other| other.name == voice.name);
            let cell = match committed {
                Some(bar) => same_name(&bar.scene).map(|at| bar.cells[at].text.clone()),
                None if number >= newest.from => self.planned(number, at).map(|cell| cell.text),
                // A bar before the change that nobody has written yet is not the new text's to write.
                None => same_name(&in_force.scene).and_then(|at| self.planned(number, at)).map(|cell| cell.text),
            };
            let silent = number < newest.from || number < self.next;
            cell.or_else(|| (voice.by == By::Model && silent).then(|| rest(&newest.scene)))
        });
        let words = match committed {
            Some(bar) => bar.scene.words_at(number - self.now.origin),
            None => in_force.scene.words_at(number - in_force.origin),
        };
        PromptBar { words, cells: cells.collect() }
    }

    fn enter(&mut self, in_force: InForce) {
        if !self.same_music(&in_force) {
            self.context_from = in_force.from;
        }
        self.now = in_force;
        self.coming = None;
    }

    /// Whether the bars so far can stand before those of another scene.
    fn same_music(&self, other: &InForce) -> bool {
        (self.now.scene.meter, self.now.scene.key) == (other.scene.meter, other.scene.key)
    }

    fn newest(&self) -> &InForce {
        self.coming.as_ref().unwrap_or(&self.now)
    }

    fn in_force(&self, number: i64) -> &InForce {
        self.coming.as_ref().filter(|coming| number >= coming.from).unwrap_or(&self.now)
    }

    fn committed(&self, number: i64) -> Option<&Bar> {
        let first = self.bars.first()?.number;
        self.bars.get(usize::try_from(number - first).ok()?)
    }

    fn ladder(&self, scene: &Scene, voice: &Voice, at: usize) -> Cell {
        let heard: Vec<&Measure> = self
            .bars
            .iter()
            .rev()
            .take(64)
            .filter_map(|bar| {
                let at = bar.scene.voices.iter().position(|other| other.name == voice.name)?;
                Some(&bar.cells[at].measure)
            })
            .collect();
        let heard: Vec<&Measure> = heard.into_iter().rev().collect();
        let need = Need {
            key: &scene.key,
            meter: scene.meter,
            role: voice.role,
            rules: &voice.rules,
            heard: &heard,
            phrase: scene.phrase as usize,
            seed: self.seed,
            bar: self.next,
            voice: at,
        };
        let (measure, rung) = ladder::fill(&need);
        let text = print::bar(&measure, scene.bar_length(), &style(scene));
        // What is shown is what is played: the measure is read back from the text.
        let measure = read_bar(&text, &scene.key, scene.meter, STREAM_UNIT, &[]).0;
        Cell { text, measure, by: Author::Ladder(rung) }
    }

    /// Pitches that the last committed bar ties over its end.
    fn tied_into_next(&self, voice: &str) -> Vec<Pitch> {
        let Some(bar) = self.bars.last() else { return Vec::new() };
        let at = bar.scene.voices.iter().position(|other| other.name == voice);
        at.map_or_else(Vec::new, |at| {
            let ends = |note: &&Note| note.tied_to && note.onset + note.length >= bar.length();
            bar.cells[at].measure.notes.iter().filter(ends).map(|note| note.pitch).collect()
        })
    }
}

/// Where a voice's text begins after an evaluation: loops keep their phase, a changed seed plays from its first changed bar.
fn origin(old: &InForce, voice: &Voice, from: i64, fresh: bool, phrase: u32) -> Origin {
    let anew = Origin { bar: from, first: 0 };
    let known = old.scene.voices.iter().position(|other| other.name == voice.name);
    let Some(at) = known.filter(|_| !fresh) else { return anew };
    let (before, origin) = (&old.scene.voices[at], old.voices[at]);
    match (before.by, voice.by) {
        (By::Loop, By::Loop) if before.bars.len() == voice.bars.len() => origin,
        // Another length counts from the next phrase line.
        (By::Loop, By::Loop) => {
            let phrase = i64::from(phrase);
            Origin { bar: from + (old.origin - from).rem_euclid(phrase), first: 0 }
        }
        (By::Model, By::Model) => {
            let same = |(a, b): &(&crate::prompt::SeedBar, &crate::prompt::SeedBar)| a.text == b.text;
            let first = before.bars.iter().zip(&voice.bars).take_while(same).count();
            // A seed that only lost its end, or nothing, re-triggers nothing.
            if first >= voice.bars.len() { origin } else { Origin { bar: from, first } }
        }
        _ => anew,
    }
}

/// Marks the notes at the bar's start that a tie from the bar before holds.
fn hold(measure: &mut Measure, tied: &[Pitch]) {
    for note in measure.notes.iter_mut().filter(|note| note.onset == Beats::ZERO) {
        note.tied_from = tied.iter().any(|pitch| pitch.midi() == note.pitch.midi());
    }
}

/// What the scene's text says of a voice in a bar.
fn given(in_force: &InForce, number: i64, voice: usize) -> Option<Cell> {
    let origin = in_force.voices.get(voice)?;
    let voice = &in_force.scene.voices[voice];
    let at = number - origin.bar;
    let index = match voice.by {
        By::Loop if !voice.bars.is_empty() => at.rem_euclid(voice.bars.len() as i64) as usize,
        By::Loop => {
            return Some(Cell { text: rest(&in_force.scene), measure: silence(&in_force.scene), by: Author::Text });
        }
        By::Model => usize::try_from(at).ok()? + origin.first,
    };
    let bar = voice.bars.get(index)?;
    Some(Cell { text: bar.text.clone(), measure: bar.measure.clone(), by: Author::Text })
}

fn silence(scene: &Scene) -> Measure {
    Measure { length: scene.bar_length(), ..Measure::default() }
}

/// A whole bar's rest.
fn rest(scene: &Scene) -> String {
    print::bar(&silence(scene), scene.bar_length(), &style(scene))
}

fn style(scene: &Scene) -> print::Style {
    print::Style { signature: scene.key.signature, unit: STREAM_UNIT, beat: scene.meter.beat() }
}

fn prompt_voice(voice: &Voice) -> PromptVoice {
    PromptVoice { name: voice.name.clone(), role: voice.role, composed: voice.by == By::Model, rules: voice.rules }
}
