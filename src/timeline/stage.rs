//! What the performer has laid hands on: bars that have not sounded yet, and voices that are frozen. Pure; part of the timeline.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Cell, Timeline, music, style};
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::abc::{Meter, print};
use crate::compose::{Candidate, Role, STREAM_UNIT};
use crate::event::{Author, Hold, Music, Touch};
use crate::prompt::{By, Scene};
use crate::score::Measure;

/// Bars behind the first uncommitted one of which it is still known what was pinned and in force, for a stop that takes bars back.
pub(super) const REMEMBERED: i64 = 16;

/// A voice's part of a bar, by number and name.
type Place = (i64, String);

#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    /// Rerolls of all that is planned.
    rerolls: u32,
    /// Rerolls of a voice from a bar on.
    draws: BTreeMap<Place, u32>,
    /// What the composer might have taken.
    drafts: BTreeMap<Place, Arc<[Candidate]>>,
    pinned: BTreeSet<Place>,
    vetoed: BTreeMap<Place, Vec<String>>,
    frozen: HashMap<String, Frozen>,
}

/// The music of a frozen voice: these bars, the first of them at `from`, and again and again.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    pub from: i64,
    /// Where other music begins, which they do not fit.
    pub until: Option<i64>,
    pub cells: Vec<Cell>,
    /// Where metre or key are others, the voice goes on as if it were free.
    pub music: (Meter, Key),
}

impl Frozen {
    /// Which of its bars is heard in this one, if any is.
    fn at(&self, number: i64, its: (Meter, Key)) -> Option<usize> {
        let holds = number >= self.from && self.until.is_none_or(|until| number < until) && self.music == its;
        holds.then(|| usize::try_from((number - self.from).rem_euclid(self.cells.len() as i64)).ok()).flatten()
    }
}

impl Stage {
    /// Which draw of a bar's voice is asked for.
    pub fn draw(&self, number: i64, voice: &str) -> u32 {
        self.rerolls + self.draws.get(&(number, voice.to_owned())).copied().unwrap_or(0)
    }

    pub fn vetoed(&self, number: i64, voice: &str) -> &[String] {
        self.vetoed.get(&(number, voice.to_owned())).map_or(&[], Vec::as_slice)
    }

    pub fn reroll_all(&mut self) {
        self.rerolls += 1;
    }

    pub fn keep_drafts(&mut self, number: i64, voice: &str, drafts: Vec<Candidate>) {
        self.drafts.insert((number, voice.to_owned()), drafts.into());
    }

    #[must_use]
    pub fn is_pinned(&self, place: &Place) -> bool {
        self.pinned.contains(place)
    }

    fn frozen(&self, number: i64, voice: &str, its: (Meter, Key)) -> Option<&Cell> {
        let frozen = self.frozen.get(voice)?;
        frozen.cells.get(frozen.at(number, its)?)
    }

    pub fn freeze(&mut self, voice: &str, frozen: Frozen) {
        self.frozen.insert(voice.to_owned(), frozen);
    }

    /// Whether it goes round in a bar from `next` on.
    #[must_use]
    pub fn goes_round(&self, voice: &str, next: i64) -> bool {
        self.frozen.get(voice).is_some_and(|frozen| frozen.until.is_none_or(|until| next < until))
    }

    /// The bar of a frozen voice that is heard in this one, to be changed from its next pass on.
    pub fn frozen_mut(&mut self, number: i64, voice: &str, its: (Meter, Key)) -> Option<&mut Cell> {
        let frozen = self.frozen.get_mut(voice)?;
        let at = frozen.at(number, its)?;
        frozen.cells.get_mut(at)
    }

    /// What was done to these parts of bars is undone: other music comes there.
    pub fn let_go(&mut self, gone: impl Fn(&Place) -> bool) {
        self.pinned.retain(|place| !gone(place));
        self.drafts.retain(|place, _| !gone(place));
        self.vetoed.retain(|place, _| !gone(place));
    }

    /// Other music begins at a bar: what was frozen up to then does not fit.
    pub fn thaw_from(&mut self, bar: i64) {
        for frozen in self.frozen.values_mut().filter(|frozen| frozen.from <= bar) {
            frozen.until = Some(frozen.until.map_or(bar, |until| until.min(bar)));
        }
    }

    /// Forgets what is over.
    pub fn forget_before(&mut self, next: i64) {
        self.pinned.retain(|(bar, _)| *bar + REMEMBERED > next);
        self.draws.retain(|(bar, _), _| *bar + REMEMBERED > next);
        self.vetoed.retain(|(bar, _), _| *bar + REMEMBERED > next);
        self.drafts.retain(|(bar, _), _| *bar >= next);
        self.frozen.retain(|_, frozen| frozen.until.is_none_or(|until| until + REMEMBERED > next));
    }
}

impl Timeline {
    /// What a frozen voice plays in a bar.
    pub(super) fn frozen(&self, number: i64, name: &str) -> Option<&Cell> {
        self.future.stage.frozen(number, name, music(self.scene_of(number)))
    }

    /// What keeps a voice's part of an uncommitted bar as it is.
    #[must_use]
    pub fn hold(&self, number: i64, name: &str) -> Option<Hold> {
        let pinned = || self.future.stage.is_pinned(&self.plan_place(number, name)).then_some(Hold::Pinned);
        pinned().or_else(|| self.frozen(number, name).map(|_| Hold::Frozen))
    }

    /// The drafts of a voice's part of an uncommitted bar, at the stream's unit length. `Err` says why there is nothing to choose from.
    pub fn drafts(&self, number: i64, name: &str) -> Result<Arc<[Candidate]>, String> {
        let Touchable { place, .. } = self.touchable(number, name, &Touch::Choose(String::new()))?;
        let nothing = || format!("there is nothing to choose from for {name} in bar {number}");
        self.future.stage.drafts.get(&place).filter(|drafts| !drafts.is_empty()).cloned().ok_or_else(nothing)
    }

    /// Finds the part of a bar on which hands are to be laid. `Err` says why that cannot be.
    pub(super) fn touchable(&self, number: i64, name: &str, touch: &Touch) -> Result<Touchable, String> {
        if number < self.next {
            return Err(format!("bar {number} is already fixed; {} is the first that can change", self.next));
        }
        let scene = Arc::clone(self.scene_of(number));
        let at = scene.voices.iter().position(|voice| voice.name == name);
        let at = at.ok_or_else(|| format!("there is no voice {name} in bar {number}"))?;
        if at >= self.in_force(number).scene.voices.len() {
            return Err(format!(
                "{name} comes in with the next scene: what is heard of it in bar {number} is its text's"
            ));
        }
        let place = self.plan_place(number, name);
        if self.frozen(number, name).is_some() && *touch != Touch::Unpin {
            return Err(format!("{name} is frozen; free it first"));
        }
        if scene.voices[at].by == By::Hand {
            return Err(format!("{name} is played by hand"));
        }
        let planned = self.own(number, at);
        let by_text = scene.voices[at].by != By::Model || planned.as_ref().is_some_and(|cell| cell.by == Author::Text);
        if by_text && matches!(touch, Touch::Reroll | Touch::Veto | Touch::Choose(_)) {
            return Err(format!("bar {number} of {name} is the text's: change it there"));
        }
        // Nobody writes the bars of a scene that is about to end.
        if let Some(from) = self.ends_before().filter(|from| number < *from)
            && matches!(touch, Touch::Reroll | Touch::Veto)
        {
            return Err(format!("bar {number} is the last scene's, which ends before bar {from}: it stays"));
        }
        Ok(Touchable { place, scene, at, planned })
    }

    /// Does to a bar what the performer asks. `Ok` is a sentence for the screen, `Err` says why it cannot be.
    pub fn touch(&mut self, number: i64, name: &str, touch: Touch) -> Result<String, String> {
        let Touchable { place, scene, at, planned } = self.touchable(number, name, &touch)?;
        let nothing = || format!("nothing is planned for {name} in bar {number} yet");
        match touch {
            Touch::Reroll => self.draw_again(&place),
            Touch::Veto => {
                let cell = planned.ok_or_else(nothing)?;
                self.future.stage.vetoed.entry(place.clone()).or_default().push(cell.text);
                self.draw_again(&place);
            }
            Touch::Choose(draft) => {
                let drafts = self.drafts(number, name)?;
                let draft = drafts.iter().find(|other| other.text == draft).ok_or_else(|| no_draft(number, name))?;
                let (measure, _) = read_bar(&draft.text, &scene.key, scene.meter, STREAM_UNIT, &[]);
                let cell = Cell { text: draft.text.clone(), measure, by: Author::Model };
                self.put(&place, cell);
            }
            Touch::Edit(text) => {
                let music = Music { key: scene.key, meter: scene.meter, unit: scene.unit };
                let measure = edited(&music, scene.voices[at].role, &text)?;
                let text = print::bar(&measure, scene.bar_length(), &style(&scene));
                self.put(&place, Cell { text, measure, by: Author::Edit });
            }
            Touch::Pin => {
                let cell = by_hand(planned.ok_or_else(nothing)?);
                self.future.plan.insert(place.clone(), cell);
                self.future.stage.pinned.insert(place);
                return Ok(format!("{name}: bar {number} is pinned"));
            }
            Touch::Unpin => {
                self.future.stage.pinned.remove(&place);
                return Ok(format!("{name}: bar {number} is free"));
            }
        }
        Ok(format!("{name}: from bar {number} on as you say"))
    }

    /// Makes what a voice has planned, a phrase of it, its music until it is freed.
    pub fn freeze(&mut self, name: &str, frozen: bool) -> Result<String, String> {
        if !frozen {
            let frozen = self.future.stage.frozen.remove(name);
            return match frozen.filter(|frozen| frozen.until.is_none_or(|until| until > self.next)) {
                Some(_) => {
                    self.ask_anew(&(self.next, name.to_owned()));
                    Ok(format!("{name} is free again, from bar {}", self.next))
                }
                None => Err(format!("{name} is not frozen")),
            };
        }
        let scene = Arc::clone(self.next_scene());
        let place = |scene: &Scene| scene.voices.iter().position(|voice| voice.name == name);
        place(&scene).ok_or_else(|| format!("there is no voice {name}"))?;
        let same_music = |other: &Scene| music(other) == music(&scene);
        let phrase = i64::from(scene.phrase);
        // Where nothing is planned yet, what was heard a phrase ago stands for it.
        let heard = |number: i64| {
            let bar = self.bar(number)?;
            let at = place(&bar.scene)?;
            same_music(&bar.scene).then(|| bar.cells[at].clone())
        };
        // A coming scene may have the voice at another place, other music, or no such voice; so may a section.
        let cell = |number: i64| {
            let there = self.scene_of(number);
            let at = place(there).filter(|_| same_music(there))?;
            self.own(number, at).or_else(|| heard(number - phrase))
        };
        let cells: Vec<Cell> = (self.next..self.next + phrase).map_while(cell).map(by_hand).collect();
        if cells.is_empty() {
            return Err(format!("{name} has nothing planned that could be frozen"));
        }
        let bars = cells.len();
        self.future
            .stage
            .frozen
            .insert(name.to_owned(), Frozen { from: self.next, until: None, cells, music: music(&scene) });
        self.attempt += 1;
        let these = if bars == 1 { "this bar".to_owned() } else { format!("these {bars} bars") };
        Ok(format!("{name} is frozen: {these} from bar {} on", self.next))
    }

    /// The music of a bar by the performer's hand.
    pub(super) fn put(&mut self, place: &Place, cell: Cell) {
        self.ask_anew(&(place.0 + 1, place.1.clone()));
        self.future.plan.insert(place.clone(), cell);
        self.future.stage.pinned.insert(place.clone());
    }

    fn draw_again(&mut self, place: &Place) {
        self.future.stage.pinned.remove(place);
        self.forget_kept(place.0, Some(&place.1));
        *self.future.stage.draws.entry(place.clone()).or_default() += 1;
        self.ask_anew(place);
    }

    /// What is planned of a voice from a bar on is to be written anew; pinned bars stay. The old plan is the ladder's first rung.
    pub(super) fn ask_anew(&mut self, (from, name): &Place) {
        self.attempt += 1;
        let gone = |place: &Place| place.0 >= *from && place.1 == *name && !self.future.stage.is_pinned(place);
        let places: Vec<Place> = self.future.plan.keys().filter(|place| gone(place)).cloned().collect();
        for place in places {
            if let Some(cell) = self.future.plan.remove(&place) {
                self.future.tail.insert(place, cell);
            }
        }
    }
}

/// What the performer wants to hear is not the ladder's any more.
fn by_hand(cell: Cell) -> Cell {
    let by = if matches!(cell.by, Author::Ladder(_)) { Author::Edit } else { cell.by };
    Cell { by, ..cell }
}

/// A part of a bar on which hands can be laid.
pub(super) struct Touchable {
    pub place: Place,
    scene: Arc<Scene>,
    /// Which voice of the scene it is.
    at: usize,
    planned: Option<Cell>,
}

/// Why a draft that was seen cannot be taken.
#[must_use]
pub fn no_draft(number: i64, name: &str) -> String {
    format!("this draft of {name} in bar {number} is gone, others were written meanwhile; choose among those")
}

/// A bar as the performer writes it. Errs with the column, from 1, where it is not a full bar.
pub fn edited(music: &Music, role: Role, text: &str) -> Result<Measure, String> {
    // No key alters drums.
    let key = if role == Role::Drums { Key { signature: [0; 7], ..music.key } } else { music.key };
    let (measure, diagnostics) = read_bar(text, &key, music.meter, music.unit, &[]);
    if let Some(wrong) = diagnostics.first() {
        return Err(format!(
            "column {}: {}",
            text[..wrong.span.start.min(text.len())].chars().count() + 1,
            wrong.message
        ));
    }
    let (is, full) = (measure.length, music.meter.bar_length());
    if is != full {
        return Err(format!("this bar lasts {is} of a whole note, and {full} are asked by M:{}", music.meter));
    }
    Ok(measure)
}

#[cfg(test)]
mod tests;
