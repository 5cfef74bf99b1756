//! Notes by hand: they sound at once, are written down bar by bar, and voices that trade with the hand wait for their turn. On the thread of
//! the scheduler.

use std::collections::{BTreeMap, BTreeSet};

use super::Conductor;
use super::uses::{Answers, Pair};
use crate::event::{Action, Author, Level, ScheduledEvent, VoiceSlot};
use crate::hand::{Capture, Grid, Trade};
use crate::prompt::By;
use crate::time::{Beats, Frames, Tempo};
use crate::timeline::Bar;

#[derive(Debug, Default)]
pub(super) struct ByHand {
    captures: BTreeMap<String, Capture>,
    /// What the hand holds: voice, pitch, where it was sent, and on which frame.
    held: Vec<(String, u8, VoiceSlot, Frames)>,
    /// Ends that came on the frame of their beginning, before which they would be done. The frames go on by whole periods of the sound.
    ends: Vec<(VoiceSlot, u8, Frames)>,
    /// By the voice that trades and the hand that it trades with.
    pub(super) trades: BTreeMap<Pair, Trade>,
    pub(super) answers: Answers,
    /// Up to this bar all is written down.
    written: i64,
    /// Bars and voices that were, for the journal.
    news: Vec<(i64, String)>,
}

impl Conductor {
    /// A note is struck by hand; one of the same pitch ends before it.
    pub(super) fn note_on(
        &mut self,
        voice: &str,
        pitch: u8,
        velocity: u8,
        now: Frames,
        out: &mut dyn FnMut(ScheduledEvent),
    ) {
        let Some(slot) = self.slot(voice) else {
            self.say(Level::Warning, format!("there is no voice {voice} for the hand"));
            return;
        };
        if pitch > 127 || !(1..=127).contains(&velocity) {
            return;
        }
        self.note_off(voice, pitch, now, out);
        self.free.strike(pitch, velocity, now);
        if !self.is_silent(voice) {
            self.by_hand.held.push((voice.to_owned(), pitch, slot, now));
            out(ScheduledEvent { at: now, action: Action::NoteOn { voice: slot, pitch, velocity } });
        }
        let Some((grid, at)) = self.grid(voice, now) else { return };
        let from = self.by_hand.captures.entry(voice.to_owned()).or_default().strike(pitch, velocity, at, &grid);
        self.trade_with(voice, |trade| trade.strike(from));
    }

    /// A note is let go; nothing where it is not held.
    pub(super) fn note_off(&mut self, voice: &str, pitch: u8, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.free.release(pitch, now);
        let held = self.by_hand.held.iter().position(|(name, held, ..)| name == voice && *held == pitch);
        if let Some(held) = held {
            let (_, pitch, slot, struck) = self.by_hand.held.remove(held);
            if struck < now {
                out(ScheduledEvent { at: now, action: Action::NoteOff { voice: slot, pitch } });
            } else {
                self.by_hand.ends.push((slot, pitch, struck));
            }
        }
        let Some((grid, at)) = self.grid(voice, now) else { return };
        let Some(capture) = self.by_hand.captures.get_mut(voice) else { return };
        if capture.release(pitch, at, &grid).is_some()
            && let Some(to) = capture.silent_since()
        {
            self.trade_with(voice, |trade| trade.silence(to));
        }
    }

    /// Ends what was as short as no frame, once there is a frame behind it.
    pub(super) fn end_short_notes(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        for (voice, pitch, _) in self.by_hand.ends.extract_if(.., |(_, _, struck)| *struck < now) {
            out(ScheduledEvent { at: now, action: Action::NoteOff { voice, pitch } });
        }
    }

    /// The music stops, and everything that sounds: what was played of the bar stands as it is, and nobody has called.
    pub(super) fn hands_off(&mut self, now: Frames) {
        let names: Vec<String> = self.by_hand.captures.keys().cloned().collect();
        for name in names {
            if let Some((grid, at)) = self.grid(&name, now)
                && let Some(capture) = self.by_hand.captures.get_mut(&name)
            {
                capture.release_all(at, &grid);
            }
        }
        self.write_hands(now, true);
        self.by_hand.captures.clear();
        self.by_hand.held.clear();
        self.by_hand.ends.clear();
        self.by_hand.trades.clear();
    }

    /// Writes down what the hand played: bars that are over, and one that is not when the hand has fallen silent in it for half a beat.
    /// `all`: also the bar that sounds.
    pub(super) fn write_hands(&mut self, now: Frames, all: bool) {
        if !self.is_moving() {
            return;
        }
        if self.by_hand.captures.is_empty() {
            // Whatever comes now is in the bar that sounds, or later.
            let sounding = self.sounding.map(|at| self.timeline.bars()[at].number);
            self.by_hand.written = sounding.map_or(self.by_hand.written, |number| number - 1);
            return;
        }
        let first = self.timeline.bars().first().map_or(1, |bar| bar.number);
        for number in first.max(self.by_hand.written + 1).. {
            let Some(bar) = self.timeline.bar(number) else { break };
            let (start, end, beat) = (bar.start, bar.start + bar.length(), bar.scene.meter.beat());
            if self.transport.frame_of(start) > now {
                break;
            }
            let over = all || self.transport.frame_of(end) <= now;
            let captures = &mut self.by_hand.captures;
            let next = self.timeline.bar(number + 1).filter(|_| over);
            let leaves = |name: &String| next.is_some_and(|next| quant(next, name).is_none());
            let left: Vec<String> = captures.keys().filter(|name| leaves(name)).cloned().collect();
            let beats = self.transport.beats_at(now);
            let tempo = self.transport.tempo_at(start);
            let mut known = over;
            let mut heard = Vec::new();
            for (name, capture) in captures.iter_mut() {
                let silent = capture.silent_since().is_some_and(|since| (beats - since) * 2 >= beat);
                let Some(grid) = grid(bar, name, tempo).filter(|_| (over || silent) && !capture.has_given(end)) else {
                    continue;
                };
                let leaves = left.contains(name);
                if leaves {
                    capture.leave(end);
                }
                // What hangs over the line is waited for a little.
                let given = all || leaves || self.transport.frame_of(end + grid.patience()) <= now;
                known &= given;
                let measure = if given { capture.give(&grid, all || leaves) } else { capture.bar(&grid, false) };
                heard.push((name.clone(), measure, given));
            }
            for (name, measure, given) in heard {
                if given && !measure.notes.is_empty() {
                    self.by_hand.news.push((number, name.clone()));
                    self.timeline.overdub(number, &name, &measure);
                }
                self.timeline.hear(number, &name, measure);
            }
            let captures = &mut self.by_hand.captures;
            if !known {
                captures.retain(|name, _| !left.contains(name));
                break;
            }
            self.by_hand.written = number;
            captures.retain(|name, capture| !capture.is_empty() && !left.contains(name));
        }
    }

    /// The bars of hands that were written down, each once: their numbers and the voices.
    pub fn take_played(&mut self) -> Vec<(i64, String)> {
        std::mem::take(&mut self.by_hand.news)
    }

    /// Who rests in the next bar: voices that trade with a hand, and whose turn it is not. `begins`: it is fixed now.
    pub(super) fn take_turns(&mut self, begins: bool) {
        let scene = self.timeline.next_scene().clone();
        let (line, bar, beat) = (self.timeline.next_start(), scene.bar_length(), scene.meter.beat());
        let pairs = self.pairs(&scene);
        // Who does not trade any more has heard no call when it does again.
        self.by_hand.trades.retain(|known, _| pairs.contains(known));
        let mut listening = BTreeSet::new();
        for pair in pairs {
            let trade = self.by_hand.trades.entry(pair.clone()).or_default();
            let turn = trade.at(line, bar, beat);
            if !turn.plays() {
                listening.insert(pair.0.clone());
            }
            if begins {
                if let (Trade::Call { .. }, Trade::Answer { bars }) = (*trade, turn) {
                    self.by_hand.answers.insert(pair, (self.timeline.next_bar(), bars));
                }
                trade.begin(line, bar, beat);
            }
        }
        self.timeline.listen(listening);
    }

    /// For all who trade with this hand.
    fn trade_with(&mut self, hand: &str, mut turn: impl FnMut(&mut Trade)) {
        let scene = self.timeline.next_scene().clone();
        for pair in self.pairs(&scene).into_iter().filter(|pair| pair.1 == hand) {
            turn(self.by_hand.trades.entry(pair).or_default());
        }
    }

    /// The grid of a hand in the bar that sounds, and the time; nothing where the voice is not the hand's there.
    fn grid(&self, voice: &str, now: Frames) -> Option<(Grid, Beats)> {
        let bars = self.timeline.bars();
        // Who comes in early is at the beginning of the first bar.
        let begun = || bars.iter().rev().find(|bar| self.transport.frame_of(bar.start) <= now).or(bars.first());
        let counting = self.counting.as_ref();
        let bar: &Bar = counting.map_or_else(begun, |count| self.timeline.bar(count.bar()))?;
        let at = counting.map_or_else(|| self.transport.beats_at(now), |count| count.beats_at(now));
        let grid = grid(bar, voice, self.transport.tempo_at(bar.start))?;
        // In a count-in that is what the grid calls its beginning.
        let plays = self.is_moving() && (counting.is_none() || (bar.start - at) * 2 <= grid.quant);
        plays.then_some((grid, at))
    }

    /// Whether a voice is muted, or others are soloed.
    fn is_silent(&self, voice: &str) -> bool {
        !self.hands.mix.sounds(voice)
    }
}

/// What a bar of a voice is written on, at its tempo; nothing where it is not the hand's.
fn grid(bar: &Bar, voice: &str, tempo: Tempo) -> Option<Grid> {
    let (quant, scene) = (quant(bar, voice)?, &bar.scene);
    let swing = scene.voices.iter().find(|other| other.name == voice)?.expression.swing;
    let grid = Grid::new(bar.start, quant, scene.meter, tempo, &scene.key);
    Some(Grid { length: bar.length(), swing: swing.filter(|swing| swing.fits(scene.meter)), ..grid })
}

/// The grid's step where a voice of a bar is the hand's.
fn quant(bar: &Bar, voice: &str) -> Option<Beats> {
    let index = bar.scene.voices.iter().position(|other| other.name == voice)?;
    let by_hand = bar.scene.voices[index].by == By::Hand && matches!(bar.cells[index].by, Author::Hand | Author::Edit);
    by_hand.then_some(bar.scene.voices[index].quant)
}

#[cfg(test)]
mod tests;
