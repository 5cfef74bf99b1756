//! What the composer is asked: the timeline as a [`Prompt`]. Pure.

use super::{InForce, Timeline, asked, rest};
use crate::compose::{BarRules, CANDIDATES, Knobs, OwnWords, Prompt, PromptBar, PromptVoice};
use crate::prompt::{By, Scene, Voice};

/// Committed bars kept in the composer's view: between one and two of these, so that the view's start seldom moves.
const CONTEXT_STEP: i64 = 32;

impl Timeline {
    /// What the composer is asked: the view back, then what it may write of the next `ahead` bars: it writes in one metre and key at a time, and goes
    /// on behind a line where they change when all before it is there.
    #[must_use]
    pub fn prompt(&self, ahead: usize) -> Prompt {
        let newest = self.newest();
        let base = (self.next - 1 - CONTEXT_STEP).div_euclid(CONTEXT_STEP) * CONTEXT_STEP + 1;
        let asked = self.asked_from(ahead);
        let music = self.music_of(asked);
        let same = |number: &i64| self.music_of(*number) == music;
        let first_bar = (base..asked).rev().take_while(|number| *number >= 1 && same(number)).last().unwrap_or(asked);
        let last = (asked..=self.asked_to(ahead)).take_while(same).last().unwrap_or(asked);
        let scene = newest.scene_at(asked);
        let bars = (first_bar..=last).map(|number| self.prompt_bar(newest, number)).collect();
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
            candidates: CANDIDATES,
            knobs: Knobs::default(),
            due: None,
        }
    }

    /// The first bar of those in one metre and key of which the composer is asked to write any.
    #[must_use]
    pub fn asked_from(&self, ahead: usize) -> i64 {
        let newest = self.newest();
        let from = newest.from.max(self.next);
        let mut asked = from;
        while let Some(line) = (asked..=self.asked_to(ahead)).find(|bar| self.music_of(*bar) != self.music_of(asked)) {
            if !(asked..line).all(|number| self.is_there(number)) {
                break;
            }
            asked = line;
        }
        asked
    }

    /// Whether the composer has nothing more to say of a bar.
    pub(super) fn is_there(&self, number: i64) -> bool {
        let (question, answered) = self.future.answered;
        let voices = self.in_force(number).scene.voices.len();
        question == self.question() && number <= answered
            || (0..voices).all(|voice| self.planned(number, voice).is_some())
    }

    /// The last bar that it may write; the first phrase of another scene is to be there when it begins.
    pub(super) fn asked_to(&self, ahead: usize) -> i64 {
        let newest = self.newest();
        let from = if newest.fresh { newest.from.max(self.next) } else { self.next };
        from + ahead as i64 - 1
    }

    fn prompt_bar(&self, newest: &InForce, number: i64) -> PromptBar {
        let in_force = self.in_force(number);
        let committed = self.bar(number);
        let cells = newest.scene.voices.iter().enumerate().map(|(at, voice)| {
            let same_name = |scene: &Scene| scene.voices.iter().position(|other| other.name == voice.name);
            let cell = match committed {
                Some(bar) => same_name(&bar.scene).map(|at| self.cell(bar, at).text.clone()),
                None if number >= newest.from => self.planned(number, at).map(|cell| cell.text),
                // A bar before the change that nobody has written yet is not the new text's to write.
                None => same_name(self.scene_of(number)).and_then(|at| self.planned(number, at)).map(|cell| cell.text),
            };
            let silent = number < newest.from || number < self.next;
            cell.or_else(|| {
                (voice.by == By::Model && silent)
                    .then(|| rest(committed.map_or_else(|| in_force.scene_at(number), |bar| &bar.scene)))
            })
        });
        let (scene, bar) = match committed {
            Some(bar) => (&bar.scene, bar.at),
            None => (in_force.scene_at(number), in_force.place(number).bar),
        };
        let to_come = number >= newest.from.max(self.next);
        let mut rules: Vec<BarRules> = Vec::new();
        if to_come {
            rules.extend((0..newest.scene.voices.len()).map(|voice| asked(newest, number, voice)));
        }
        let own = |voice: &Voice| {
            let known = scene.voices.iter().position(|other| other.name == voice.name)?;
            scene.own_words_at(known, bar)
        };
        let own: Vec<Option<OwnWords>> = newest.scene.voices.iter().map(own).collect();
        let voices = || newest.scene.voices.iter().map(|voice| voice.name.as_str());
        let draws = voices().map(|name| self.future.stage.draw(number, name)).collect();
        let vetoed = voices().map(|name| self.future.stage.vetoed(number, name).to_vec()).collect();
        PromptBar {
            words: scene.words_at(bar),
            control: scene.control_at(bar),
            own: unless_plain(own),
            cells: cells.collect(),
            rules: unless_plain(rules),
            draws: unless_plain(draws),
            vetoed: unless_plain(vetoed),
        }
    }
}

/// Nothing where no voice has anything of its own: most bars are like that, and they are sent over and over.
fn unless_plain<T: Default + PartialEq>(of_voices: Vec<T>) -> Vec<T> {
    if of_voices.iter().all(|of_voice| *of_voice == T::default()) { Vec::new() } else { of_voices }
}

fn prompt_voice(voice: &Voice) -> PromptVoice {
    PromptVoice { name: voice.name.clone(), role: voice.role, composed: voice.by == By::Model, rules: voice.rules }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crate::prompt::read;
    use crate::steer::Lexicon;
    use crate::timeline::Timeline;

    #[test]
    fn the_composer_is_asked_with_words_and_what_they_mean() {
        let text = "X:1\n% a ferry at night\nM:4/4\nL:1/4\nK:C\nCDEF | G4 |\n% higher, busy\nCDEF |\n";
        let scene = read(Path::new("a.abc"), text, &[], &Lexicon::default()).0.remove(0);
        let prompt = Timeline::new(Arc::new(scene), 1).prompt(4);
        let bars: Vec<(usize, String)> =
            prompt.bars.iter().map(|bar| (bar.words.len(), bar.control.join(" "))).collect();
        let (first, then) = ((1, "low sparse".to_owned()), (2, "high busy".to_owned()));
        assert_eq!(bars, [first.clone(), first, then.clone(), then]);
    }
}
