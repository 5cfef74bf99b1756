//! Words to control words: what a performer writes about the music, in English and Chinese, in the few words that captions and leanings
//! know. Pure.
//!
//! The longest phrase of the [`Lexicon`] wins, so `four on the floor` is no number. Small words turn the next one ([`degree`]): `less
//! busy`, `no leaps`, 不要太快. What a header would say is read out as [`Facts`]. Of contradictory words the later one holds.

pub mod control;
mod degree;
mod facts;
mod lexicon;
mod stem;
mod text;

pub use facts::{Certainty, Fact, Facts};
pub use lexicon::{DEFAULT, Lexicon};

use std::ops::Range;

use degree::{Degree, degree};
use lexicon::{Entry, Meaning, Said};
use text::Text;

/// Words or Chinese characters in the longest phrase that is looked for.
const LONGEST: usize = 8;

/// What lines of words come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steering {
    /// Control words ([`control::all`]), in the order of the text, each once, of each band at most one.
    pub heard: Vec<&'static str>,
    /// Control words that are not wished for and have no opposite: `no triplets`.
    pub refused: Vec<&'static str>,
    /// A control word that was said and the later one that took its place.
    pub overruled: Vec<(&'static str, &'static str)>,
    pub facts: Facts,
    /// What means nothing here, folded to lower case, each once.
    pub not_understood: Vec<String>,
}

/// Reads lines that hold at the same time.
#[must_use]
pub fn steer<S: AsRef<str>>(lines: &[S], lexicon: &Lexicon) -> Steering {
    let mut reader = Reader { lexicon, said: Steering::default(), plain: Vec::new() };
    for line in lines {
        let text = Text::of(line.as_ref());
        for clause in &text.clauses {
            reader.clause(&text, clause.clone());
        }
    }
    reader.said
}

impl Steering {
    /// What holds where `later` is said after this: it replaces within each band.
    #[must_use]
    pub fn followed_by(&self, later: &Steering) -> Steering {
        let mut heard = self.heard.clone();
        heard.retain(|word| {
            let replaced = later.heard.iter().any(|new| new == word || control::rivals(word).contains(new));
            !replaced && !later.refused.contains(word)
        });
        heard.extend(&later.heard);
        Steering { heard, ..later.clone() }
    }
}

/// One reading of some lines.
struct Reader<'a> {
    lexicon: &'a Lexicon,
    said: Steering,
    /// For each word of `said.heard`, whether it was said outright.
    plain: Vec<bool>,
}

/// A degree that waits for its word, and where it began.
#[derive(Clone, Copy)]
struct Pending {
    degree: Degree,
    from: usize,
}

enum Found<'a> {
    Degree(Degree),
    Entry(&'a Entry),
}

impl Reader<'_> {
    fn clause(&mut self, text: &Text, clause: Range<usize>) {
        let mut pending: Option<Pending> = None;
        // The negation that the last word had, and the last entry with its end, for what follows them.
        let mut carried: Option<Pending> = None;
        let mut last: Option<(&Entry, usize)> = None;
        let mut at = clause.start;
        while at < clause.end {
            if let Some(taken) = self.said.facts.read(text, clause.clone(), at, self.lexicon) {
                (at, pending, carried) = (at + taken, None, None);
                continue;
            }
            let Some((found, taken)) = find(self.lexicon, text, at..clause.end) else {
                let end = unknown(self.lexicon, text, at..clause.end);
                self.not_understood(text.slice(pending.map_or(at, |pending| pending.from)..end));
                (at, pending, carried) = (end, None, None);
                continue;
            };
            let phrase = text.slice(at..at + taken);
            match found {
                _ if degree::parts(phrase) => {
                    self.end(text, pending.take(), last.take(), at);
                    carried = None;
                }
                Found::Degree(next) => {
                    let from = pending.map_or(at, |pending| pending.from);
                    let degree = pending.map_or(next, |pending| pending.degree.then(next));
                    pending = Some(Pending { degree, from });
                }
                Found::Entry(entry) if entry.is_empty() => {
                    let goes_on = |carried: &Pending| degree::joins(phrase, carried.degree);
                    pending = pending.or(carried.take_if(|carried| goes_on(carried)));
                }
                Found::Entry(entry) => {
                    self.apply(entry, phrase, pending.map(|pending| pending.degree));
                    carried = pending.take().filter(|pending| pending.degree.is_negative());
                    last = Some((entry, at + taken));
                }
            }
            at += taken;
        }
        self.end(text, pending, last, clause.end);
    }

    /// A degree at the end of a clause: some belong to the word before, another negation had nothing to deny.
    fn end(&mut self, text: &Text, pending: Option<Pending>, last: Option<(&Entry, usize)>, end: usize) {
        let Some(Pending { degree, from }) = pending else { return };
        match last {
            Some((entry, after)) if after == from => {
                if degree::follows(text.slice(from..end)) {
                    self.take_back(entry);
                    self.apply(entry, "", Some(degree));
                }
            }
            _ if degree.is_negative() => self.not_understood(text.slice(from..end)),
            _ => {}
        }
    }

    fn apply(&mut self, entry: &Entry, phrase: &str, degree: Option<Degree>) {
        let negative = degree.is_some_and(Degree::is_negative);
        for &Said { meaning, plain } in entry {
            let turned = |word, degree| turned(word, degree, plain);
            let plain = plain || degree == Some(Degree::Much);
            match (meaning, degree) {
                (Meaning::Want(word), Some(degree)) => match turned(word, degree) {
                    Some(word) => self.want(word, plain),
                    None => self.refuse(word),
                },
                (Meaning::Want(word), None) => self.want(word, plain),
                (Meaning::Refuse(word), _) if !negative => self.refuse(word),
                (fact, _) if !negative => {
                    let certainty = if plain { Certainty::Meant } else { Certainty::Hint };
                    self.said.facts.take(fact, phrase, certainty);
                }
                _ => {}
            }
        }
    }

    fn want(&mut self, word: &'static str, plain: bool) {
        let heard = &mut self.said.heard;
        if let Some(at) = heard.iter().position(|held| *held == word) {
            self.plain[at] |= plain;
        } else {
            let rivals = control::rivals(word);
            if let Some(at) = heard.iter().position(|held| rivals.contains(held)) {
                if self.plain[at] && !plain {
                    return;
                }
                let old = heard.remove(at);
                if self.plain.remove(at) == plain {
                    self.said.overruled.push((old, word));
                }
            }
            heard.push(word);
            self.plain.push(plain);
        }
        self.said.refused.retain(|refused| *refused != word);
    }

    fn refuse(&mut self, word: &'static str) {
        self.drop_heard(&[word]);
        if !self.said.refused.contains(&word) {
            self.said.refused.push(word);
        }
    }

    /// As if the entry had not been said.
    fn take_back(&mut self, entry: &Entry) {
        for said in entry {
            if let Meaning::Want(word) = said.meaning {
                self.drop_heard(control::rivals(word));
                self.drop_heard(&[word]);
            }
        }
    }

    fn drop_heard(&mut self, words: &[&str]) {
        while let Some(at) = self.said.heard.iter().position(|held| words.contains(held)) {
            self.said.heard.remove(at);
            self.plain.remove(at);
        }
    }

    fn not_understood(&mut self, phrase: &str) {
        if !self.said.not_understood.iter().any(|listed| listed == phrase) {
            self.said.not_understood.push(phrase.to_owned());
        }
    }
}

/// The longest phrase at the beginning of `tokens`, and how many tokens it has.
fn find<'a>(lexicon: &'a Lexicon, text: &Text, tokens: Range<usize>) -> Option<(Found<'a>, usize)> {
    let start = tokens.start;
    let longest = tokens.len().min(LONGEST);
    (1..=longest).rev().find_map(|count| {
        let phrase = text.slice(start..start + count);
        let listed = lexicon.get(phrase).map(Found::Entry).or_else(|| degree(phrase).map(Found::Degree));
        let found = listed.or_else(|| if count == 1 { lexicon.inflected(phrase).map(Found::Entry) } else { None })?;
        Some((found, count))
    })
}

/// Where what is not understood ends: after a word, or before the next Chinese character with which something begins.
fn unknown(lexicon: &Lexicon, text: &Text, tokens: Range<usize>) -> usize {
    let mut rest = tokens.start + 1..tokens.end;
    while text.tokens[tokens.start].han
        && !rest.is_empty()
        && text.tokens[rest.start].han
        && find(lexicon, text, rest.clone()).is_none()
    {
        rest.start += 1;
    }
    rest.start
}

/// The word that a degree makes of another one of its band; none where it only takes the word away.
/// A hint is never turned into its opposite: what is not like thunder need not be like a whisper.
fn turned(word: &'static str, degree: Degree, plain: bool) -> Option<&'static str> {
    let Some((band, place)) = control::in_band(word) else { return (!degree.is_negative()).then_some(word) };
    match degree {
        Degree::Little | Degree::Much => Some(word),
        Degree::Middle => Some(band[1]),
        Degree::Less | Degree::Never if place == 1 => None,
        Degree::Never if plain => Some(band[2 - place]),
        Degree::Less | Degree::Never => Some(band[1]),
    }
}

#[cfg(test)]
mod tests;
