//! The timeline: which bars there are, who made them, and which scene is in force from which bar. Pure; owned by the scheduler.
//!
//! Bars before `next` are committed and never change. From `next` on there is a plan: loops and seeds come from the scene, the rest
//! from the composer as it arrives. An evaluation takes effect at one bar line, which it names.

mod changes;
mod evaluation;
mod force;
mod hand;
mod kept;
mod loudness;
mod phrase;
mod pickup;
mod played;
mod prepared;
mod question;
mod sounding;
mod stage;
mod uses;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use changes::{Change, Changes, What};
pub use evaluation::Entry;
use force::{InForce, Origin, asked, given, still_answers};
use hand::Played;
use kept::Kept;
use stage::Stage;
pub use stage::{edited, no_draft};

use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::abc::{Meter, Pitch, print};
use crate::compose::{ComposedBar, Revision, STREAM_UNIT};
use crate::event::Author;
use crate::ladder::{self, Need};
use crate::prompt::{Scene, Voice};
use crate::score::{Measure, Note};
use crate::time::Beats;

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
    /// What plays in it: a scene, or the section of one.
    pub scene: Arc<Scene>,
    /// Which bar of that it is, from 0.
    pub at: i64,
    /// One for each voice of the scene.
    pub cells: Vec<Cell>,
    /// How many of these are the scene's own voices: behind them stand those that are heard with the pickup of the next one.
    pub own: usize,
    /// The cells into which a pickup was written as they were without it, by voice.
    without: Vec<(usize, Cell)>,
    /// What words add to the velocities of each voice, at the bar's start and at its end.
    loudness: Vec<[i16; 2]>,
    /// Of the set.
    seed: u64,
}

impl Bar {
    #[must_use]
    pub fn length(&self) -> Beats {
        self.scene.bar_length()
    }
}

/// All that is to come: with a text that is armed there are two of them.
#[derive(Clone, Debug, Default)]
struct Future {
    /// Evaluations that have not reached their bar line, in the order of these.
    coming: Vec<InForce>,
    /// Composed cells from `next` on, by bar and voice name.
    plan: BTreeMap<(i64, String), Cell>,
    /// What was planned before the last change, for the ladder.
    tail: BTreeMap<(i64, String), Cell>,
    /// What was composed for the sections of the newest scene.
    kept: BTreeMap<Kept, Cell>,
    stage: Stage,
    /// Up to this bar the composer has answered its question.
    answered: (Question, i64),
}

#[derive(Debug)]
pub struct Timeline {
    now: InForce,
    /// What was in force before: a stop may take bars of it back.
    replaced: Vec<InForce>,
    /// The first bar that is not committed, from 1.
    next: i64,
    /// Its start.
    start: Beats,
    /// All that was committed.
    bars: Vec<Bar>,
    future: Future,
    /// Texts that were evaluated or armed, counted: each makes another question.
    revisions: u64,
    /// What the performer did to bars to come, counted: each makes another question, too.
    attempt: u32,
    played: Played,
    seed: u64,
    /// What is armed.
    prepared: Option<Box<prepared::Prepared>>,
}

/// What the composer is asked, by number.
pub type Question = (Revision, u32);

impl Timeline {
    #[must_use]
    pub fn new(scene: Arc<Scene>, seed: u64) -> Timeline {
        let voices = vec![Origin { bar: 1, first: 0 }; scene.voices.len()];
        let loudness = loudness::begin(None, &scene, 1, 1);
        let now = InForce {
            scene,
            revision: Revision(1),
            from: 1,
            origin: 1,
            lead: 0,
            pickup: None,
            fresh: true,
            voices,
            loudness,
        };
        Timeline {
            now,
            replaced: Vec::new(),
            next: 1,
            start: Beats::ZERO,
            bars: Vec::new(),
            future: Future::default(),
            revisions: 1,
            attempt: 0,
            played: Played::default(),
            seed,
            prepared: None,
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

    /// The scene of the first uncommitted bar, or its section.
    #[must_use]
    pub fn next_scene(&self) -> &Arc<Scene> {
        self.scene_of(self.next)
    }

    /// The scene of an uncommitted bar, or its section; with the voices whose pickup is heard in it behind its own.
    #[must_use]
    pub fn scene_of(&self, number: i64) -> &Arc<Scene> {
        self.pickup(number).map_or_else(|| self.in_force(number).scene_at(number), |pickup| &pickup.scene)
    }

    /// The newest evaluated scene.
    #[must_use]
    pub fn scene(&self) -> &Arc<Scene> {
        &self.newest().scene
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

    /// The first bar of another scene that waits: those before it are the last of the one that plays.
    fn ends_before(&self) -> Option<i64> {
        self.future.coming.iter().find(|coming| coming.fresh).map(|coming| coming.from)
    }

    /// Where a bar starts, once that is known.
    #[must_use]
    pub fn start_of(&self, number: i64) -> Option<Beats> {
        let next = (number == self.next).then_some(self.start);
        next.or_else(|| self.bar(number).map(|bar| bar.start))
    }

    /// Forgets what is planned but for pinned bars; the composer draws again.
    pub fn reroll(&mut self) {
        self.attempt += 1;
        self.future.stage.reroll_all();
        // Nobody writes the last bars of a scene that is about to end.
        let ends = self.ends_before().unwrap_or(self.next);
        let (pinned, planned): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.future.plan)
            .into_iter()
            .partition(|(place, _)| place.0 < ends || self.future.stage.is_pinned(place));
        self.future.plan = pinned;
        self.future.tail.extend(planned);
        self.forget_kept(self.next, None);
    }

    /// Takes a composed bar into the plan. `Err` says why it is refused; a bar for an older text is dropped without a word.
    pub fn take(&mut self, bar: ComposedBar) -> Result<(), String> {
        if (bar.revision, bar.attempt) != self.question() {
            return self.take_prepared(bar);
        }
        if bar.number < self.next {
            return Ok(());
        }
        let scene = Arc::clone(self.scene_of(bar.number));
        self.future.answered = (self.question(), bar.number);
        for (at, text) in bar.cells {
            let Some(voice) = scene.voices.get(at) else { continue };
            let place = self.plan_place(bar.number, &voice.name);
            // A section's bar is composed once, also where it was asked for twice.
            let known = place.0 < bar.number && self.future.plan.contains_key(&place);
            if text.is_empty() || known || self.kept_cell(bar.number, &voice.name).is_some() {
                continue;
            }
            let (measure, diagnostics) = read_bar(&text, &scene.key, scene.meter, STREAM_UNIT, &[]);
            if measure.length != scene.bar_length() || !diagnostics.is_empty() {
                return Err(format!("bar {} of {} is not a full bar: {text}", bar.number, voice.name));
            }
            let by = if bar.closed.contains(&at) { Author::Ladder(2) } else { Author::Model };
            let cell = Cell { text, measure, by };
            self.plan_before_prepared(&place, &cell);
            self.future.plan.insert(place, cell);
        }
        for (voice, drafts) in bar.drafts {
            if let Some(voice) = scene.voices.get(voice) {
                self.future.stage.keep_drafts(bar.number, &voice.name, drafts);
            }
        }
        Ok(())
    }

    /// What is known of a voice in an uncommitted bar.
    #[must_use]
    pub fn planned(&self, number: i64, voice: usize) -> Option<Cell> {
        let own = self.own(number, voice).or_else(|| self.only_coming(number, voice));
        own.map(|own| self.with_pickup(number, voice, &own).unwrap_or(own))
    }

    /// The same without the pickup of a scene that begins behind the bar.
    fn own(&self, number: i64, voice: usize) -> Option<Cell> {
        let in_force = self.in_force(number);
        let place = self.plan_place(number, &in_force.scene.voices.get(voice)?.name);
        let plan = || self.future.plan.get(&place).cloned();
        // The performer's hand comes first, the text second, the composer last.
        let by_hand = self.future.stage.is_pinned(&place).then(plan).flatten();
        by_hand
            .or_else(|| self.frozen(number, &place.1).cloned())
            .or_else(|| given(in_force, number, voice, self.seed))
            .or_else(|| self.replayed(number, voice))
            .or_else(plan)
    }

    /// How many bars from the first uncommitted one on are known in every voice.
    #[must_use]
    pub fn known_ahead(&self, at_most: usize) -> usize {
        let known = |number: i64| {
            let voices = self.in_force(number).scene.voices.len();
            (0..voices).all(|voice| self.expected(number, voice).is_some())
        };
        (0..at_most as i64).take_while(|ahead| known(self.next + ahead)).count()
    }

    /// Fixes the first uncommitted bar: what is planned, and the ladder for what is not. Returns it and how often the ladder helped.
    pub fn commit(&mut self) -> (&Bar, u64) {
        let scene = Arc::clone(self.next_scene());
        let mut rungs = 0;
        let (mut cells, mut without) = (Vec::with_capacity(scene.voices.len()), Vec::new());
        let own = self.in_force(self.next).scene.voices.len();
        for (at, voice) in scene.voices.iter().enumerate() {
            // What the composer closed by force is a rung of the ladder, and gives way to the one above it.
            let planned = self.own_expected(self.next, at).or_else(|| self.only_coming(self.next, at));
            let heard_before = self.kept_cell(self.next, &voice.name).is_some();
            let (partial, whole): (Vec<Cell>, Vec<Cell>) =
                planned.into_iter().partition(|cell| cell.by == Author::Ladder(2) && !heard_before);
            let mut cell = whole.into_iter().next().unwrap_or_else(|| {
                rungs += 1;
                self.ladder(&scene, voice, at, partial.first())
            });
            let tied = self.tied_into_next(&voice.name);
            hold(&mut cell.measure, &tied);
            self.keep(at, &cell);
            cells.push(match self.with_pickup(self.next, at, &cell) {
                Some(joined) => {
                    without.push((at, cell));
                    joined
                }
                None => cell,
            });
        }
        for bars in [&mut self.future.plan, &mut self.future.tail] {
            bars.retain(|(bar, _), _| *bar > self.next);
        }
        self.future.stage.forget_before(self.next);
        let oldest = self.next - stage::REMEMBERED;
        while self.replaced.get(1).is_some_and(|after| after.from <= oldest) {
            self.replaced.remove(0);
        }
        let length = scene.bar_length();
        let (at, seed) = (self.now.place(self.next).bar, self.seed);
        let pickup = self.pickup(self.next);
        let loudness = |voice| {
            let coming = pickup.and_then(|pickup| pickup.loudness(voice));
            coming.unwrap_or_else(|| loudness::ends(&self.now, self.next, voice))
        };
        let loudness = (0..cells.len()).map(loudness).collect();
        self.bars.push(Bar { number: self.next, start: self.start, scene, at, cells, own, without, loudness, seed });
        self.next += 1;
        self.start += length;
        while self.future.coming.first().is_some_and(|coming| coming.from <= self.next) {
            let coming = self.future.coming.remove(0);
            self.enter(coming);
        }
        (&self.bars[self.bars.len() - 1], rungs)
    }

    /// Makes bars from index `from` on uncommitted again; what the composer wrote of them is planned as before, and what was in force in
    /// them is so again.
    pub fn take_back(&mut self, from: usize) {
        self.future.answered.1 = 0;
        self.unhear(self.bars.get(from).map_or(self.next, |bar| bar.number));
        for mut bar in self.bars.split_off(from.min(self.bars.len())).into_iter().rev() {
            bar.without.into_iter().for_each(|(at, cell)| bar.cells[at] = cell);
            self.next = bar.number;
            self.start = bar.start;
            let names = bar.scene.voices.iter().map(|voice| voice.name.clone());
            let composed = names.zip(bar.cells).filter(|(_, cell)| matches!(cell.by, Author::Model | Author::Edit));
            self.future.plan.extend(composed.map(|(name, cell)| ((bar.number, name), cell)));
        }
        while self.now.from > self.next
            && let Some(before) = self.replaced.pop()
        {
            self.future.coming.insert(0, std::mem::replace(&mut self.now, before));
        }
    }

    /// What a prompt answers: two prompts with the same are the same text.
    #[must_use]
    pub fn question(&self) -> Question {
        (self.newest().revision, self.attempt)
    }

    fn enter(&mut self, in_force: InForce) {
        if !self.now.same_music(&in_force) {
            self.future.stage.thaw_from(in_force.from);
        }
        let before = std::mem::replace(&mut self.now, in_force);
        // What was replaced before any bar of it was fixed has never been.
        if before.from < self.now.from {
            self.replaced.push(before);
        }
    }

    /// Metre and key of a bar that is committed or to come.
    fn music_of(&self, number: i64) -> (Meter, Key) {
        music(self.bar(number).map_or_else(|| self.scene_of(number), |bar| &bar.scene))
    }

    fn newest(&self) -> &InForce {
        self.future.coming.last().unwrap_or(&self.now)
    }

    fn in_force(&self, number: i64) -> &InForce {
        self.future.coming.iter().rfind(|coming| number >= coming.from).unwrap_or(&self.now)
    }

    /// A committed bar.
    #[must_use]
    pub fn bar(&self, number: i64) -> Option<&Bar> {
        let first = self.bars.first()?.number;
        self.bars.get(usize::try_from(number - first).ok()?)
    }

    /// What the ladder has for the next bar of a voice; `partial` is what the composer had to close by force.
    fn ladder(&self, scene: &Scene, voice: &Voice, at: usize, partial: Option<&Cell>) -> Cell {
        let heard: Vec<&Measure> = self
            .bars
            .iter()
            .rev()
            .take(64)
            .filter(|bar| music(&bar.scene) == music(scene))
            .filter_map(|bar| {
                let at = bar.scene.voices.iter().position(|other| other.name == voice.name)?;
                Some(&bar.cells[at].measure)
            })
            .collect();
        let heard: Vec<&Measure> = heard.into_iter().rev().collect();
        let asked = asked(self.in_force(self.next), self.next, at);
        let tied_in = self.tied_into_next(&voice.name);
        let need = Need {
            key: &scene.key,
            meter: scene.meter,
            role: voice.role,
            rules: &voice.rules,
            asked: &asked,
            tied: tied_in.last().copied(),
            tail: self.future.tail.get(&(self.next, voice.name.clone())).map(|cell| &cell.measure),
            partial: partial.map(|cell| &cell.measure),
            heard: &heard,
            phrase: scene.phrase as usize,
            seed: self.seed,
            bar: self.next,
            voice: at,
        };
        let (measure, rung) = ladder::fill(&need);
        let text = print::bar(&measure, scene.bar_length(), &print::Style { tied_in, ..style(scene) });
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

/// Marks the notes at the bar's start that a tie from the bar before holds.
fn hold(measure: &mut Measure, tied: &[Pitch]) {
    for note in measure.notes.iter_mut().filter(|note| note.onset == Beats::ZERO) {
        note.tied_from = tied.iter().any(|pitch| pitch.midi() == note.pitch.midi());
    }
}

/// Metre and key: bars that have the same can stand side by side.
fn music(scene: &Scene) -> (Meter, Key) {
    (scene.meter, scene.key)
}

fn silence(scene: &Scene) -> Measure {
    Measure { length: scene.bar_length(), ..Measure::default() }
}

/// A whole bar's rest.
fn rest(scene: &Scene) -> String {
    print::bar(&silence(scene), scene.bar_length(), &style(scene))
}

fn style(scene: &Scene) -> print::Style {
    print::Style::new(&scene.key, scene.meter, STREAM_UNIT)
}
