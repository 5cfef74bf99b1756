//! Leanings: the words in force as soft biases on tokens, by what the bar automaton sees of the notes that a token begins or completes.
//! Pure; used on the decode thread. They work for any vocabulary, and never touch the mask.
//!
//! A token's bias is the worth of what is written after it minus that of what was written before, where the worth of a bar is the sum over
//! its elements, the unfinished one as it stands. So a note weighs the same whether one token spells it or five. How hard a word pulls
//! depends on how far the passage is from it: what is as asked is left alone.

use super::passage::{Passage, least_width};
use crate::abc::bar::{Automaton, Element, State};
use crate::abc::grid::TICKS;
use crate::feature::{self, Band, Bounds, Clear, Wishes};

/// Larger intervals lean no more than these, in semitones.
const LARGEST_LEAP: f32 = 7.0;

/// The leanings of one bar of one voice, kept in step with its text.
#[derive(Debug)]
pub(super) struct Lean<'a> {
    automaton: &'a Automaton,
    wishes: Wishes,
    bounds: Bounds,
    /// Of every bias; 0 for the bare model.
    strength: f32,
    /// Ticks: of the beat, of the passage before this bar, and of all of it.
    beat: u16,
    before: f32,
    length: f32,
    /// Pitch classes of the signature, and of where a phrase comes to rest.
    scale: u16,
    home: u16,
    line: Line,
    pulls: Pulls,
}

/// What the voice has done in the passage so far, and its last note.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    /// Top, length, and where it ended in its bar.
    last: Option<(f32, u16, u16)>,
    notes: f32,
    /// Ticks since the passage began.
    ticks: f32,
    tops: f32,
    steps: f32,
    leaps: f32,
    /// Sum and number of the tops in the first and the last third of the passage.
    first: (f32, f32),
    final_third: (f32, f32),
    clear: [f32; 6],
    element: Option<Element>,
}

/// How much more (or less) of each thing is wanted for now, in logits.
#[derive(Clone, Copy, Debug, Default)]
struct Pulls {
    /// For a note half as long as another.
    density: f32,
    /// Where the line should be, for its register and for its contour.
    zones: [Zone; 2],
    /// For a semitone further from the last note.
    motion: f32,
    clear: [f32; 6],
}

/// A stretch of pitches, and what a semitone outside of it costs.
#[derive(Clone, Copy, Debug, Default)]
struct Zone {
    low: f32,
    high: f32,
    weight: f32,
}

impl Zone {
    const NONE: Zone = Zone { low: 0.0, high: 127.0, weight: 0.0 };

    fn cost(&self, pitch: f32) -> f32 {
        self.weight * (self.low - pitch).max(pitch - self.high).clamp(0.0, 12.0)
    }
}

impl<'a> Lean<'a> {
    /// `None` where nothing is asked that leanings could help with.
    pub fn new(automaton: &'a Automaton, passage: &Passage, strength: f32) -> Option<Lean<'a>> {
        if passage.wishes.is_empty() || strength == 0.0 {
            return None;
        }
        let bar = f32::from(automaton.rules().length);
        let mut lean = Lean {
            automaton,
            wishes: passage.wishes,
            bounds: passage.bounds,
            strength,
            beat: feature::ticks(passage.meter.beat()) as u16,
            before: bar * passage.bars.len() as f32,
            length: bar * passage.length as f32,
            scale: feature::scale(&passage.key),
            home: feature::home(&passage.key, passage.root),
            line: Line::default(),
            pulls: Pulls::default(),
        };
        let note = |note: &feature::Struck| Element {
            onset: note.onset as u16,
            ticks: note.ticks.min(TICKS * 4) as u16,
            top: u8::try_from(note.top).ok(),
            rest: false,
            held: false,
            triplet: (note.ticks % 3 != 0).then_some(0),
        };
        if let Some(last) = passage.before.as_ref().and_then(|bar| feature::struck(&[bar]).pop()) {
            lean.line.last = Some((last.top as f32, 0, 0));
        }
        for struck in feature::struck(&passage.bars) {
            let start = bar * struck.bar as f32;
            lean.line = lean.with(lean.line, &note(&struck), start);
        }
        lean.line.ticks = lean.before;
        lean.pulls = lean.pulls();
        Some(lean)
    }

    /// What is added to the logit of a token with these bytes.
    pub fn bias(&self, mut state: State, token: &[u8]) -> f32 {
        let mut line = self.line;
        let mut worth = -line.element.map_or(0.0, |element| self.worth(&line, &element));
        for &byte in token {
            let Some(next) = self.automaton.push(state, byte) else { return 0.0 };
            state = next;
            if let Some(done) = line.see(self.automaton.element(&state)) {
                worth += self.worth(&line, &done);
                line = self.with(line, &done, self.before);
            }
        }
        worth + line.element.map_or(0.0, |element| self.worth(&line, &element))
    }

    /// Goes on with the text.
    pub fn follow(&mut self, mut state: State, token: &[u8]) {
        for &byte in token {
            let Some(next) = self.automaton.push(state, byte) else { return };
            state = next;
            if let Some(done) = self.line.see(self.automaton.element(&state)) {
                self.line = self.with(self.line, &done, self.before);
            }
        }
        self.pulls = self.pulls();
    }

    /// What an element is worth behind a line.
    fn worth(&self, line: &Line, element: &Element) -> f32 {
        let pulls = &self.pulls;
        let struck = !element.rest && !element.held;
        // Twice as short counts one more, whether that is asked for or the contrary; a note of the usual length counts nothing, so that
        // tokens of many notes are not preferred as such.
        let usual = TICKS as f32 / middle(self.bounds.density);
        let short = (usual / f32::from(element.ticks.max(1))).log2().clamp(-3.0, 3.0);
        let mut worth = pulls.density * short;
        if !struck {
            // Time without a note. Few notes are long ones, not rests: these are not preferred.
            let time = -pulls.density * f32::from(element.ticks) / usual;
            return if element.rest { time.min(0.0) } else { time };
        }
        if let Some(top) = element.top.map(f32::from) {
            let last = line.last.map_or(middle(self.bounds.register), |(last, ..)| last);
            worth += pulls.zones.iter().map(|zone| zone.cost(last) - zone.cost(top)).sum::<f32>();
            worth += pulls.motion * ((top - last).abs().min(LARGEST_LEAP) - middle(self.bounds.motion));
        }
        let clear = self.clear(line, element);
        worth + clear.iter().zip(pulls.clear).map(|(is, pull)| is * pull).sum::<f32>()
    }

    /// Which of the clear words an element speaks for, by [`Clear`].
    fn clear(&self, line: &Line, element: &Element) -> [f32; 6] {
        let mut found = [0.0; 6];
        let mut set = |clear: Clear, is: f32| found[clear as usize] = is;
        let Element { onset, ticks, top, .. } = *element;
        let pair = line
            .last
            .is_some_and(|(_, length, end)| length > 0 && end == onset && 3 * length.min(ticks) == length.max(ticks));
        // A dotted note on the beat asks for its short one.
        let begun = matches!(ticks, 9 | 18 | 36) && ticks != self.beat && onset % (4 * ticks / 3).max(1) == 0;
        set(Clear::Dotted, f32::from(u8::from(pair)).max(if begun { 0.5 } else { 0.0 }));
        set(Clear::Triplets, f32::from(u8::from(element.triplet == Some(0))));
        let off = onset % self.beat;
        set(Clear::Syncopated, if off == 0 { -0.3 } else { f32::from(u8::from(off + ticks > self.beat)) });
        if let Some(top) = top {
            let class = 1 << (top % 12);
            set(Clear::Repeating, f32::from(u8::from(line.last.is_some_and(|(last, ..)| last == f32::from(top)))));
            set(Clear::Chromatic, f32::from(u8::from(self.scale & class == 0)));
            // In its last half the last bar goes home while there is time to stay, and stays.
            let bar = self.automaton.rules().length;
            let late = self.before + f32::from(bar) >= self.length && 2 * onset >= bar && self.home & class != 0;
            let (time, closes) = (3 * (bar - onset) >= bar, onset + ticks == bar);
            let stays = closes && 3 * ticks >= bar;
            set(
                Clear::Cadence,
                if late { [0.2, 1.0][usize::from(time)] + f32::from(u8::from(closes) + u8::from(stays)) } else { 0.0 },
            );
        }
        found
    }

    /// The line after an element of a bar that begins at `start` of the passage.
    fn with(&self, mut line: Line, element: &Element, start: f32) -> Line {
        line.ticks += f32::from(element.ticks);
        if element.rest || element.held {
            return line;
        }
        let found = self.clear(&line, element);
        for (sum, is) in line.clear.iter_mut().zip(found) {
            // A pair that is only begun does not count.
            *sum += is.max(0.0).floor();
        }
        line.clear[Clear::Triplets as usize] += f32::from(u8::from(matches!(element.triplet, Some(1 | 2))));
        line.notes += 1.0;
        let Some(top) = element.top.map(f32::from) else { return line };
        if let Some((last, ..)) = line.last {
            line.steps += 1.0;
            line.leaps += (top - last).abs();
        }
        line.last = Some((top, element.ticks, element.onset + element.ticks));
        line.tops += top;
        let place = (start + f32::from(element.onset)) / self.length;
        for (third, here) in [(&mut line.first, place < 1.0 / 3.0), (&mut line.final_third, place >= 2.0 / 3.0)] {
            if here {
                *third = (third.0 + top, third.1 + 1.0);
            }
        }
        line
    }

    /// What is wanted now.
    fn pulls(&self) -> Pulls {
        let line = &self.line;
        // The less of the passage is to come, the more of what it lacks each note of that has to bring.
        let urgency = 1.0 / (1.0 - line.ticks / self.length).max(1.0 / MOST_URGENT);
        let pull = |band: Band, value: f32| {
            let third = self.wishes.third(band);
            third.map_or(0.0, |third| pull(third, self.bounds.of(band), least_width(band), value, urgency))
        };
        let level = line.last.map_or(middle(self.bounds.register), |(last, ..)| last);
        let mean = |sum: f32, count: f32, prior: f32, weight: f32| (sum + prior * weight) / (count + weight);
        // Few notes say little: until there are more, the middle of the band stands for them.
        let density = middle(self.bounds.density);
        let whole = line.ticks / TICKS as f32;
        let density = pull(Band::Density, mean(line.notes, whole, density, 0.5));
        let motion = pull(Band::Motion, mean(line.leaps, line.steps, middle(self.bounds.motion), 4.0));
        let mut clear = [0.0; 6];
        clear[Clear::Cadence as usize] = HOME;
        let (bars, notes) = ((line.ticks + 24.0) / f32::from(self.automaton.rules().length), line.notes + 2.0);
        for kind in Clear::ALL.into_iter().filter(|&kind| self.wishes.clear(kind)) {
            let done = line.clear[kind as usize];
            let share = match kind {
                Clear::Dotted | Clear::Triplets => done / bars,
                Clear::Repeating | Clear::Syncopated | Clear::Chromatic => done / notes,
                Clear::Cadence => 0.0,
            };
            // Something more than the least, so that it is heard.
            let pull = (2.0 * (1.3 - share / kind.least() as f32)).clamp(0.0, 1.0);
            clear[kind as usize] = pull * if kind == Clear::Syncopated { SYNCOPATED } else { CLEAR };
        }
        let scaled = |pull: f32, gain: f32| self.strength * pull * gain;
        Pulls {
            density: scaled(density, DENSITY),
            zones: [
                Zone { weight: self.strength * REGISTER, ..self.register(level) },
                Zone { weight: self.strength * CONTOUR, ..self.contour(level) },
            ],
            motion: scaled(motion, MOTION),
            clear: clear.map(|pull| self.strength * pull),
        }
    }

    /// Where the next notes should be for the passage to be as low or high as is asked.
    fn register(&self, level: f32) -> Zone {
        let Some(third) = self.wishes.third(Band::Register) else { return Zone::NONE };
        let [low, high] = self.bounds.register.map(|bound| bound as f32);
        let width = (high - low).max(least_width(Band::Register) as f32);
        let mean = (self.line.tops + level) / (self.line.notes + 1.0);
        // What the passage has been too low or too high so far is made up for.
        let late = |aim: f32| aim + (aim - mean).clamp(-width / 2.0, width / 2.0);
        match third {
            0 => Zone { high: late(low - 0.4 * width).min(low), ..Zone::NONE },
            2 => Zone { low: late(high + 0.4 * width).max(high), ..Zone::NONE },
            _ => {
                let aim = late(f32::midpoint(low, high));
                Zone { low: aim - width / 4.0, high: aim + width / 4.0, weight: 0.0 }
            }
        }
    }

    /// Where the next notes should be for the passage to have its contour in the end.
    fn contour(&self, level: f32) -> Zone {
        let Some(third) = self.wishes.third(Band::Contour) else { return Zone::NONE };
        let [low, high] = self.bounds.contour.map(|bound| bound as f32);
        let width = (high - low).max(least_width(Band::Contour) as f32);
        let place = self.line.ticks / self.length;
        let (sum, count) = self.line.first;
        if place < 1.0 / 3.0 || count == 0.0 {
            // It begins on the other side of where it is to go.
            return match third {
                0 => Zone { low: level + RUN_UP, ..Zone::NONE },
                2 => Zone { high: level - RUN_UP, ..Zone::NONE },
                _ => Zone::NONE,
            };
        }
        let aim = match third {
            0 => low - width / 2.0,
            2 => high + width / 2.0,
            _ => f32::midpoint(low, high),
        };
        // The middles of the first and the last third are two thirds apart.
        let target = sum / count + aim * ((place - 1.0 / 6.0) * 1.5).min(1.0);
        let (sum, count) = self.line.final_third;
        let made_up = ((target - (sum + target) / (count + 1.0)) / 2.0).clamp(-width, width);
        let target = target + made_up;
        match third {
            0 => Zone { high: target, ..Zone::NONE },
            2 => Zone { low: target, ..Zone::NONE },
            _ => Zone { low: target - width / 4.0, high: target + width / 4.0, weight: 0.0 },
        }
    }
}

// Biases in logits at strength 1 and full pull, found by trial with a model of 5 M parameters: the weakest with which nine in ten phrases
// obey, of four drafts, and of one as many as the music bears.
/// For a note half as long.
const DENSITY: f32 = 3.5;
/// For a semitone out of where the register should be, and out of where the contour leads.
const REGISTER: f32 = 0.5;
const CONTOUR: f32 = 0.6;
/// For a semitone of interval.
const MOTION: f32 = 0.9;
/// For an element that a clear word speaks of. Models that know syncopation at all know that it is rare.
const CLEAR: f32 = 2.0;
const SYNCOPATED: f32 = 4.0;
/// Words draw a passage away from where it would come to rest by itself: at its end it is led home, half as hard as where `cadence` asks.
const HOME: f32 = 1.0;
/// A lack at the passage's end pulls at most so many times as hard as at its beginning.
const MOST_URGENT: f32 = 3.0;
/// A contour begins so many semitones on the other side of where it goes.
const RUN_UP: f32 = 3.0;

fn middle([low, high]: [f64; 2]) -> f32 {
    f64::midpoint(low, high) as f32
}

/// How much more a third of a band wants than `value`, -1 to 1. Beyond the outer thirds' aim nothing is wanted.
fn pull(third: usize, [low, high]: [f64; 2], least_width: f64, value: f32, urgency: f32) -> f32 {
    let (low, high, value) = (low as f32, high as f32, value);
    let width = (high - low).max(least_width as f32);
    match third {
        0 => -(urgency * (value - (low - 0.4 * width)) / width).clamp(0.0, 1.0),
        2 => (urgency * (high + 0.4 * width - value) / width).clamp(0.0, 1.0),
        _ => {
            let off = urgency * 2.0 * (f32::midpoint(low, high) - value) / width;
            // In the midst of the band nothing is wanted.
            (off - off.clamp(-0.6, 0.6)).clamp(-1.0, 1.0)
        }
    }
}

impl Line {
    /// Takes the element that is in work now; gives back the one that this ends.
    fn see(&mut self, element: Option<Element>) -> Option<Element> {
        match (self.element, element) {
            // Behind `]` a chord's top is known from before.
            (Some(old), Some(new)) if old.onset == new.onset => {
                self.element = Some(Element { top: new.top.or(old.top), ..new });
                None
            }
            (old, new) => {
                self.element = new;
                old
            }
        }
    }
}

#[cfg(test)]
mod tests;
