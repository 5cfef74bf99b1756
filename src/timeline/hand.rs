//! What the hand played, and voices that listen to it. Pure; part of the timeline.
//!
//! A hand's part of a bar is committed as silence: it sounded as it was played. What was played stands beside the committed bars, for the
//! composer's view and the performer's eyes, and never sounds again.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bar, Cell, Timeline, rest, silence, style};
use crate::abc::print;
use crate::event::Author;
use crate::prompt::{By, Scene};
use crate::score::Measure;

#[derive(Debug, Default)]
pub(super) struct Played {
    /// By bar and voice.
    bars: BTreeMap<(i64, String), Cell>,
    /// Voices that rest until it is their turn.
    listening: BTreeSet<String>,
}

/// A hand's part of a bar that has not been played.
pub(super) fn unplayed(scene: &Scene) -> Cell {
    Cell { text: rest(scene), measure: silence(scene), by: Author::Hand }
}

impl Timeline {
    /// What there is to see of a voice in a committed bar.
    #[must_use]
    pub fn cell<'a>(&'a self, bar: &'a Bar, voice: usize) -> &'a Cell {
        let cell = &bar.cells[voice];
        if bar.scene.voices.get(voice).is_none_or(|voice| voice.by != By::Hand) {
            return cell;
        }
        self.played_in(bar.number, &bar.scene.voices[voice].name).unwrap_or(cell)
    }

    /// What the hand has played in a bar.
    pub(super) fn played_in(&self, number: i64, name: &str) -> Option<&Cell> {
        self.played.bars.get(&(number, name.to_owned()))
    }

    /// Whether a hand's voice goes round, now or from a phrase line on.
    #[must_use]
    pub fn goes_round(&self, name: &str) -> bool {
        self.future.stage.goes_round(name, self.next)
    }

    /// Takes what the hand has played of a committed bar, full and within its length. The model's voices hear it, and write anew what they
    /// had planned without it. Says whether that is news.
    pub fn hear(&mut self, number: i64, name: &str, measure: Measure) -> bool {
        let Some(bar) = self.bar(number) else { return false };
        let Some(at) = bar.scene.voices.iter().position(|voice| voice.name == name) else { return false };
        let scene = &bar.scene;
        let below = &bar.cells[at];
        let measure = match below.by {
            Author::Hand => measure,
            // A bar of its loop is heard with what is added to it.
            Author::Edit if scene.voices[at].by == By::Hand && measure.notes.is_empty() => return false,
            Author::Edit if scene.voices[at].by == By::Hand => Timeline::over_loop(scene, &below.measure, &measure),
            _ => return false,
        };
        if self.cell(bar, at).measure == measure {
            return false;
        }
        let text = print::bar(&measure, scene.bar_length(), &style(scene));
        let cell = Cell { text, measure, by: Author::Hand };
        self.played.bars.insert((number, name.to_owned()), cell);
        let scene = self.next_scene().clone();
        for voice in scene.voices.iter().filter(|voice| voice.by == By::Model) {
            self.ask_anew(&(self.next, voice.name.clone()));
        }
        true
    }

    /// Forgets what was played in bars from `number` on.
    pub(super) fn unhear(&mut self, number: i64) {
        self.played.bars.split_off(&(number, String::new()));
    }

    /// These voices rest from the next bar on, unless the performer has laid hands on a bar of theirs.
    pub fn listen(&mut self, voices: BTreeSet<String>) {
        self.played.listening = voices;
    }

    /// A rest for a voice that listens.
    pub(super) fn listening(&self, scene: &Scene, number: i64, name: &str) -> Option<Cell> {
        let by_hand = self.future.stage.is_pinned(&(number, name.to_owned())) || self.frozen(number, name).is_some();
        let listens = self.played.listening.contains(name) && !by_hand;
        listens.then(|| Cell { by: Author::Text, ..unplayed(scene) })
    }

    /// What a voice is to play in an uncommitted bar, as far as is known: [`Timeline::planned`], and rests where it listens.
    #[must_use]
    pub fn expected(&self, number: i64, voice: usize) -> Option<Cell> {
        let own = self.own_expected(number, voice).or_else(|| self.only_coming(number, voice));
        own.map(|own| self.with_pickup(number, voice, &own).unwrap_or(own))
    }

    /// The same without the pickup of a scene that begins behind the bar.
    pub(super) fn own_expected(&self, number: i64, voice: usize) -> Option<Cell> {
        let scene = self.scene_of(number);
        self.listening(scene, number, &scene.voices.get(voice)?.name).or_else(|| self.own(number, voice))
    }
}
