//! Reading clauses word by word: the longest phrases, what turns them, and what they come to together. Pure.

use std::ops::Range;

use super::degree::{self, Degree, degree};
use super::lexicon::{Entry, Meaning, Said};
use super::text::Text;
use super::{Certainty, LONGEST, Lexicon, Steering, control, loudness};

/// How many phrases are listed as not understood.
const MOST_LISTED: usize = 64;

/// One reading of some lines.
pub(super) struct Reader<'a> {
    lexicon: &'a Lexicon,
    pub said: Steering,
    /// For each word of `said.heard`, and of `said.refused`, whether that was said outright.
    plain: Vec<bool>,
    refused_outright: Vec<bool>,
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

impl<'a> Reader<'a> {
    pub fn new(lexicon: &'a Lexicon) -> Reader<'a> {
        Reader { lexicon, said: Steering::default(), plain: Vec::new(), refused_outright: Vec::new() }
    }

    /// Reads one clause: small words turn the next one that means something, and no further.
    pub fn clause(&mut self, text: &Text, clause: Range<usize>) {
        let mut pending: Option<Pending> = None;
        // The negation that the last word had, for those that are joined to it.
        let mut carried: Option<Pending> = None;
        let mut at = clause.start;
        while at < clause.end {
            let degree = pending.map(|pending| pending.degree);
            if let Some((said, taken)) = loudness::read(text, at..clause.end, degree, self.lexicon) {
                match said {
                    Ok(said) => self.said.loudness.push(said),
                    Err(()) => {
                        self.not_understood(text.slice(pending.map_or(at, |pending| pending.from)..at + taken));
                    }
                }
                (at, pending, carried) = (at + taken, None, None);
                continue;
            }
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
                    self.end(text, pending.take(), at);
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
                    let behind = behind(self.lexicon, text, at + taken..clause.end);
                    let end = behind.map_or(at + taken, |(_, end)| end);
                    let degrees = [pending.map(|pending| pending.degree), behind.map(|(degree, _)| degree)];
                    let degree = degrees.into_iter().flatten().reduce(Degree::then);
                    if !self.apply(entry, phrase, degree) {
                        self.not_understood(text.slice(pending.map_or(at, |pending| pending.from)..end));
                    }
                    carried = pending.take().filter(|pending| pending.degree.is_negative());
                    at = end;
                    continue;
                }
            }
            at += taken;
        }
        self.end(text, pending, clause.end);
    }

    /// A negation at the end of a clause had nothing to deny.
    fn end(&mut self, text: &Text, pending: Option<Pending>, end: usize) {
        if let Some(Pending { from, .. }) = pending.filter(|pending| pending.degree.is_negative()) {
            self.not_understood(text.slice(from..end));
        }
    }

    /// Takes in what an entry says; returns whether that came to anything.
    fn apply(&mut self, entry: &Entry, phrase: &str, degree: Option<Degree>) -> bool {
        let negative = degree.is_some_and(Degree::is_negative);
        let outright = entry.iter().any(|said| said.plain);
        let mut done = false;
        // What is denied is what was said, not what it would have hinted at.
        for &Said { meaning, plain } in entry.iter().filter(|said| said.plain || !(negative && outright)) {
            let surely = plain || degree == Some(Degree::Much);
            match meaning {
                Meaning::Want(word) => match degree.map_or(Some(word), |degree| turned(word, degree, plain)) {
                    Some(word) => self.want(word, surely),
                    None if plain || control::in_band(word).is_none() => self.refuse(word, surely),
                    None => continue,
                },
                _ if negative => continue,
                Meaning::Refuse(word) => self.refuse(word, surely),
                fact => {
                    let certainty = if surely { Certainty::Meant } else { Certainty::Hint };
                    self.said.facts.take(fact, phrase, certainty);
                }
            }
            done = true;
        }
        done
    }

    /// A hint yields to what was said outright, here and in [`Reader::refuse`].
    fn want(&mut self, word: &'static str, plain: bool) {
        if let Some(at) = self.said.refused.iter().position(|refused| *refused == word) {
            if self.refused_outright[at] && !plain {
                return;
            }
            self.said.refused.remove(at);
            self.refused_outright.remove(at);
        }
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
                if self.plain.remove(at) == plain && !self.said.overruled.contains(&(old, word)) {
                    self.said.overruled.push((old, word));
                }
            }
            heard.push(word);
            self.plain.push(plain);
        }
    }

    fn refuse(&mut self, word: &'static str, plain: bool) {
        if let Some(at) = self.said.heard.iter().position(|held| *held == word) {
            if self.plain[at] && !plain {
                return;
            }
            self.said.heard.remove(at);
            self.plain.remove(at);
        }
        if let Some(at) = self.said.refused.iter().position(|refused| *refused == word) {
            self.refused_outright[at] |= plain;
        } else {
            self.said.refused.push(word);
            self.refused_outright.push(plain);
        }
    }

    fn not_understood(&mut self, phrase: &str) {
        let list = &self.said.not_understood;
        if list.len() < MOST_LISTED && !list.iter().any(|listed| listed == phrase) {
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

/// The degree that stands right behind a word, with nothing after it that it could turn, and where it ends: `leap less`, 三连音不要.
fn behind(lexicon: &Lexicon, text: &Text, tokens: Range<usize>) -> Option<(Degree, usize)> {
    let mut found: Option<(Degree, usize)> = None;
    let mut at = tokens.start;
    while at < tokens.end {
        let (next, taken) = find(lexicon, text, at..tokens.end)?;
        let phrase = text.slice(at..at + taken);
        match (next, found) {
            _ if degree::parts(phrase) => break,
            (Found::Degree(next), _) => {
                // `high too` is high as well.
                let next = if phrase == "too" { Degree::Little } else { next };
                found = Some((found.map_or(next, |(before, _)| before.then(next)), at + taken));
            }
            // `less and less` ends here, `less and rising` goes on with something else.
            (Found::Entry(entry), Some(_)) if entry.is_empty() && degree::links(phrase) => {
                return behind(lexicon, text, at + taken..tokens.end).or(found);
            }
            (Found::Entry(entry), Some(_)) if entry.is_empty() => {}
            _ => return None,
        }
        at += taken;
    }
    found
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
        Degree::Less | Degree::Never if place == 1 => None,
        Degree::Never if plain => Some(band[2 - place]),
        Degree::Middle | Degree::Less | Degree::Never => Some(band[1]),
    }
}
