//! What the hands are for, and whose turn it is where voices trade with them. On the thread of the scheduler.

use std::collections::BTreeMap;

use super::Conductor;
use crate::compose::Role;
use crate::event::{HandStatus, Level};
use crate::hand::{Trade, Turn, Use};
use crate::prompt::{By, Scene};

/// A voice that answers, and the hand that it listens to.
pub(super) type Pair = (String, String);

/// The answers that have begun: the first bar of each, and how many bars it lasts.
pub(super) type Answers = BTreeMap<Pair, (i64, i64)>;

impl Conductor {
    /// The performer has chosen what a hand is for, which [`super::Hands`] remembers.
    pub(super) fn use_hand(&mut self, voice: &str, what: Use) {
        let scene = self.timeline.next_scene();
        if !hands(scene).any(|hand| hand == voice) {
            self.say(Level::Warning, format!("{voice} is not played by hand: by=hand makes it so"));
            return;
        }
        let partners = answerers(scene, voice);
        let done = match what {
            Use::Duet => Ok(format!("{voice} plays a duet: the model hears it one bar late")),
            Use::Trade if partners.is_empty() => Err(format!("nobody answers {voice}: no voice is by=model")),
            Use::Trade => Ok(format!("{voice} calls, and {} answers", partners.join(", "))),
            Use::Loop if self.timeline.goes_round(voice) => self.timeline.freeze(voice, false),
            Use::Loop => self.timeline.go_round(voice),
            Use::Seed => match answerers(scene, voice).first().cloned() {
                Some(partner) => {
                    let next = self.touchable(self.timeline.next_bar());
                    next.and_then(|()| self.timeline.begin_with(&partner, voice))
                }
                None => Err("no voice is by=model: nobody goes on from what is played".to_owned()),
            },
        };
        self.answer(done);
    }

    /// What a hand is for: what the performer chose, or the text asks for with `trade=`.
    fn use_of(&self, scene: &Scene, hand: &str) -> Use {
        let asked = || scene.voices.iter().any(|voice| voice.trade.as_deref() == Some(hand));
        let by_text = || if asked() { Use::Trade } else { Use::Duet };
        self.hands.use_of(hand).unwrap_or_else(by_text)
    }

    /// Who trades with which hand. A voice listens to one hand.
    pub(super) fn pairs(&self, scene: &Scene) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = Vec::new();
        for hand in hands(scene).filter(|hand| self.use_of(scene, hand) == Use::Trade) {
            for voice in answerers(scene, hand) {
                if pairs.iter().all(|pair| pair.0 != voice) {
                    pairs.push((voice, hand.to_owned()));
                }
            }
        }
        pairs
    }

    /// The hands of the scene that sounds next, for the screen.
    pub(super) fn hand_status(&self) -> Vec<HandStatus> {
        let scene = self.timeline.next_scene();
        let pairs = self.pairs(scene);
        let status = |hand: &str| HandStatus {
            voice: hand.to_owned(),
            used: self.use_of(scene, hand),
            goes_round: self.timeline.goes_round(hand),
            turns: pairs.iter().filter(|pair| pair.1 == hand).map(|pair| (pair.0.clone(), self.turn(pair))).collect(),
        };
        hands(scene).map(status).collect()
    }

    /// Whose turn it is, as far as that is known: an answer is promised as soon as the hand lets go.
    fn turn(&self, pair: &Pair) -> Turn {
        let scene = self.timeline.next_scene();
        let (next, start, bar, beat) =
            (self.timeline.next_bar(), self.timeline.next_start(), scene.bar_length(), scene.meter.beat());
        match self.by_hand.trades.get(pair) {
            None | Some(Trade::Waiting) => Turn::Waits,
            Some(Trade::Call { to: None, .. }) => Turn::Listens,
            Some(trade @ Trade::Call { .. }) => {
                // The end of a call is less than a bar behind the first line that is not fixed.
                let promised = (0..4).find_map(|ahead| match trade.at(start + bar * ahead, bar, beat) {
                    Trade::Answer { bars } => Some(Turn::Answers { from: next + ahead, bars }),
                    _ => None,
                });
                promised.unwrap_or(Turn::Listens)
            }
            Some(Trade::Answer { .. }) => {
                let begun = self.by_hand.answers.get(pair);
                begun.map_or(Turn::Waits, |&(from, bars)| Turn::Answers { from, bars })
            }
        }
    }
}

/// Who answers a hand, or goes on from it: the voices that say so, or else the model's leads, or all that the model plays.
fn answerers(scene: &Scene, hand: &str) -> Vec<String> {
    let model = || scene.voices.iter().filter(|voice| voice.by == By::Model);
    let says = model().filter(|voice| voice.trade.as_deref() == Some(hand));
    let free = || model().filter(|voice| voice.trade.is_none());
    let leads = free().filter(|voice| voice.role == Role::Lead);
    let choices = [says.collect::<Vec<_>>(), leads.collect(), free().collect()];
    let choice = choices.into_iter().find(|choice| !choice.is_empty()).unwrap_or_default();
    choice.into_iter().map(|voice| voice.name.clone()).collect()
}

/// The voices that are played by hand.
fn hands(scene: &Scene) -> impl Iterator<Item = &str> {
    scene.voices.iter().filter(|voice| voice.by == By::Hand).map(|voice| voice.name.as_str())
}

#[cfg(test)]
mod tests;
