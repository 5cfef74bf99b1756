//! What words say that a header would say: metre, key and tempo. Pure.

use std::ops::Range;

use num_rational::Ratio;

use super::lexicon::{Lexicon, Meaning, Said};
use super::text::Text;
use crate::abc::key::{Key, Mode};
use crate::abc::{Meter, Step};
use crate::time::Tempo;

/// How surely something was said; the surer word wins, and of equals the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// An image suggests it: a lullaby is in 3/4.
    Hint,
    /// A word means it: a waltz is in 3/4.
    Meant,
    /// It stands there as itself: `3/4`.
    Written,
}

/// A fact and the words it was read from, folded to lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    pub value: T,
    pub from: String,
    pub certainty: Certainty,
}

/// What was read; nothing where the words do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub meter: Option<Fact<Meter>>,
    /// Letter and alteration in semitones.
    pub tonic: Option<Fact<(Step, i8)>>,
    pub mode: Option<Fact<Mode>>,
    /// Beats a minute, of whatever the metre's beat is.
    pub tempo: Option<Fact<u16>>,
}

impl Facts {
    /// The key: a tonic without a mode is major, unless a word means another mode; a mode alone stands on its home note.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        match (&self.tonic, &self.mode) {
            (None, None) => None,
            (None, Some(mode)) => Some(Key::new(Step::C, 0, mode.value).home()),
            (Some(tonic), mode) => {
                let mode = mode.as_ref().filter(|mode| mode.certainty > Certainty::Hint);
                let (step, alter) = tonic.value;
                Some(Key::new(step, alter, mode.map_or(Mode::Major, |mode| mode.value)))
            }
        }
    }

    #[must_use]
    pub fn tempo(&self, meter: Meter) -> Option<Tempo> {
        self.tempo.as_ref().map(|tempo| Tempo::from_beat(meter.beat(), Ratio::from_integer(tempo.value.into())))
    }

    /// Takes in what one phrase says, if that is a fact.
    pub(super) fn take(&mut self, meaning: Meaning, from: &str, certainty: Certainty) {
        match meaning {
            Meaning::Meter(meter) => set(&mut self.meter, meter, from, certainty),
            Meaning::Mode(mode) => set(&mut self.mode, mode, from, certainty),
            Meaning::Tempo(tempo) => set(&mut self.tempo, tempo, from, certainty),
            Meaning::Want(_) | Meaning::Refuse(_) => {}
        }
    }

    /// Reads a fact that stands as itself from token `at` of a clause on; returns how many tokens it took.
    pub(super) fn read(&mut self, text: &Text, clause: Range<usize>, at: usize, lexicon: &Lexicon) -> Option<usize> {
        let token = text.slice(at..at + 1);
        if let Some(meter) = meter(token) {
            set(&mut self.meter, meter, token, Certainty::Written);
            return Some(1);
        }
        if let Some((tempo, taken)) = tempo(text, &clause, at) {
            set(&mut self.tempo, tempo, text.slice(at..at + taken), Certainty::Written);
            return Some(taken);
        }
        let (tonic, mode, taken) = key(text, &clause, at, lexicon)?;
        let from = text.slice(at..at + taken);
        set(&mut self.tonic, tonic, from, Certainty::Written);
        match mode {
            Some(mode) => set(&mut self.mode, mode, from, Certainty::Written),
            // Another key, of which no mode is said: the one before had its own.
            None => self.mode = self.mode.take().filter(|mode| mode.certainty != Certainty::Written),
        }
        Some(taken)
    }
}

fn set<T>(fact: &mut Option<Fact<T>>, value: T, from: &str, certainty: Certainty) {
    if fact.as_ref().is_none_or(|fact| certainty >= fact.certainty) {
        *fact = Some(Fact { value, from: from.to_owned(), certainty });
    }
}

/// `6/8`: 1 to 16 halves to sixteenths.
pub(super) fn meter(token: &str) -> Option<Meter> {
    let (numerator, denominator) = token.split_once('/')?;
    let (numerator, denominator) = (numerator.parse().ok()?, denominator.parse().ok()?);
    let right = (1..=16).contains(&numerator) && [2, 4, 8, 16].contains(&denominator);
    right.then_some(Meter::Measured { numerator, denominator })
}

/// `96bpm`; or a number from 20 to 400 with a word beside it that makes it a tempo.
fn tempo(text: &Text, clause: &Range<usize>, at: usize) -> Option<(u16, usize)> {
    let token = text.slice(at..at + 1);
    if let Some(count) = bpm(token) {
        return Some((count, 1));
    }
    let count = count(token)?;
    let next = text.slice(at + 1..clause.end.min(at + 2));
    if matches!(next, "bpm" | "拍") {
        return Some((count, 2));
    }
    let before = |words: usize| text.slice(at.saturating_sub(words).max(clause.start)..at);
    let announced = matches!(before(1), "at" | "tempo" | "bpm" | "speed" | "around" | "about" | "roughly")
        || matches!(before(2), "速度" | "每分" | "节拍" | "tempo of" | "speed of");
    (announced && !matches!(next, "bars" | "bar")).then_some((count, 1))
}

/// `96bpm`, as the lexicon writes tempi too.
pub(super) fn bpm(token: &str) -> Option<u16> {
    count(token.strip_suffix("bpm")?)
}

fn count(digits: &str) -> Option<u16> {
    digits.parse().ok().filter(|count| (20..=400).contains(count))
}

type Tonic = (Step, i8);

/// `in D dorian`, `e flat minor`, `in G`, `D小调`, `降B大调`: tonic, mode, and how many tokens they took.
fn key(text: &Text, clause: &Range<usize>, at: usize, lexicon: &Lexicon) -> Option<(Tonic, Option<Mode>, usize)> {
    let token = |at: usize| if at < clause.end { text.slice(at..at + 1) } else { "" };
    let (signed, mut alter) = match token(at) {
        "降" => (1, -1),
        "升" => (1, 1),
        _ => (0, 0),
    };
    let name = token(at + signed);
    let step = Step::from_letter(name.bytes().next().filter(|letter| matches!(letter, b'a'..=b'g'))?)?;
    match &name[1..] {
        "" => {}
        "b" => alter -= 1,
        "#" => alter += 1,
        _ => return None,
    }
    let mut end = at + signed + 1;
    match token(end) {
        "flat" => (alter, end) = (alter - 1, end + 1),
        "sharp" => (alter, end) = (alter + 1, end + 1),
        _ => {}
    }
    let announced =
        at > clause.start && token(at - 1) == "in" || at > clause.start + 1 && text.slice(at - 2..at) == "key of";
    let capital = text.tokens[at + signed].capital;
    // Of `a` it has to be certain that it is no article.
    let article = name == "a" && end == at + 1 && !announced;
    if let Some((mode, words)) = mode(text, end..clause.end, lexicon) {
        let alone = capital && end + words == clause.end;
        return (!article || alone).then_some(((step, alter), Some(mode), end + words - at));
    }
    if token(end) == "调" {
        return Some(((step, alter), None, end + 1 - at));
    }
    (announced && (capital || name != "a")).then_some(((step, alter), None, end - at))
}

/// A mode's name, as the lexicon knows it, and how many tokens it took.
fn mode(text: &Text, tokens: Range<usize>, lexicon: &Lexicon) -> Option<(Mode, usize)> {
    let longest = tokens.len().min(super::LONGEST);
    (1..=longest).rev().find_map(|words| {
        let entry = lexicon.get(text.slice(tokens.start..tokens.start + words))?;
        let [Said { meaning: Meaning::Mode(mode), plain: true }] = entry[..] else { return None };
        Some((mode, words))
    })
}
