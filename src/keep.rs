//! Keeping: bars that were heard, whoever made them, written into the prompt's text. A function from text to text; whoever asks puts it
//! into the editor. Pure.
//!
//! The bars stand in the key and unit length that hold at their place, with their velocities as dynamics and accents: exactly where ABC has
//! such a loudness, else the nearest. What was typed for the voice stays as a private note; everything else stays byte for byte.

mod fields;
mod heard;
mod lay;
mod section;
mod write;

pub use fields::set_fields;
pub use heard::{Ask, Kept, KeptVoice, heard};

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::abc::Severity;
use crate::abc::ast::Tune;
use crate::abc::key::Key;
use crate::abc::parse::parse;
use crate::prompt::{self, Repeats, seed_bars, settled};
use crate::score::Measure;
use crate::steer::Lexicon;
use lay::Where;
use write::Place;

/// What the bars become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// They are the voice, over and over.
    #[default]
    Loop,
    /// The model goes on from them.
    Seed,
    /// A section of their own at the end of the tune, which plays when the form names it; until then the tune goes on as it was.
    Section,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Loop, Kind::Seed, Kind::Section];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Loop => "loop",
            Kind::Seed => "seed",
            Kind::Section => "section",
        }
    }
}

/// The text with the bars, and the sentence for the performer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub text: String,
    pub said: String,
}

/// Writes a property of a voice into a text, on the `V:` line that says it or else the voice's first one. `Err` says why there is no place for it.
pub fn set_property(text: &str, scene: u32, voice: &str, name: &str, value: &str) -> Result<String, String> {
    let tune = tune(text, scene)?;
    let header = tune.header.voice(voice).ok_or_else(|| format!("the text has no V: line for {voice}"))?;
    Ok(lay::set(text, header, name, value))
}

/// Writes the bars into a text, which may have been edited since they were played.
#[must_use]
pub fn keep(text: &str, kept: &Kept) -> Edit {
    if kept.path.extension().is_some_and(|extension| extension == "txt") {
        let said = "a file of words holds no bars; copy the words into an .abc, as % lines, to keep some".to_owned();
        return Edit { text: text.to_owned(), said };
    }
    let done = if kept.kind == Kind::Section {
        section::keep(text, kept).and_then(|written| evaluable(text, written))
    } else {
        voices(text, kept)
    };
    let what = kept.what();
    match done {
        Ok(Written { text: new, .. }) if new == text => {
            Edit { text: new, said: format!("{what}: the text says so already") }
        }
        Ok(Written { text, exact, letter }) => {
            let plays = letter
                .map_or(String::new(), |letter| format!(" {letter}, which plays where P: in the header names it"));
            let moved = if exact { "" } else { "; what falls between ABC's steps of 1/32 is moved to the nearest one" };
            Edit { text, said: format!("kept {what}{plays}{moved}") }
        }
        // What cannot be put in its place is not lost.
        Err(why) => {
            Edit { text: write::noted(text, kept), said: format!("{why}: {what} noted at the end of the text") }
        }
    }
}

/// A text into which bars were written, and whether exactly these notes are read out of it.
struct Written {
    text: String,
    exact: bool,
    /// The section that they have become.
    letter: Option<char>,
}

fn voices(text: &str, kept: &Kept) -> Result<Written, String> {
    let mut written = Written { text: text.to_owned(), exact: true, letter: None };
    let mut read = tune(text, kept.scene)?;
    for voice in &kept.voices {
        let (next, tune) = one_voice(&written.text, &read, kept, voice)?;
        written = Written { exact: written.exact && next.exact, ..next };
        read = tune;
    }
    Ok(written)
}

/// The bars in the place of those of one voice, and what the new text is read as; `before` is what `text` is.
fn one_voice(text: &str, before: &Tune, kept: &Kept, voice: &KeptVoice) -> Result<(Written, Tune), String> {
    let name = voice.name.as_str();
    let (place, bars) = place(before, kept)?;
    let mut measures = voice.measures.clone();
    if place.is_section() {
        fits(before, name, kept.kind)?;
    }
    // A section has no loops of its own: they are written out as far as it lasts.
    if place.is_section() && kept.kind == Kind::Loop {
        measures = voice.measures.iter().cycle().take(bars).cloned().collect();
    }
    let lay = |bars: &[String]| lay::bars(text, before, place, voice, bars, kept.kind);
    // What holds at the place is learnt from a bar of rest that stands there.
    let probe = tune(&lay(&["Z".to_owned()]), kept.scene)?;
    let there = place.of(&probe).and_then(|probe| Place::first(&probe, name));
    let there = there.ok_or_else(|| format!("there is no place for {name} in the text"))?;
    let full = there.meter().bar_length();
    if measures.iter().any(|measure| measure.length != full) {
        return Err(format!("the text is in {}", there.meter()));
    }
    let mut new = lay(&there.texts(&there.written(&measures)));
    let mut after = tune(&new, kept.scene)?;
    let by = |text: &str, tune: &Tune| {
        if place.is_section() { text.to_owned() } else { lay::by(text, tune, name, kept.kind) }
    };
    let named = by(&new, &after);
    if named != new {
        new = named;
        after = tune(&new, kept.scene)?;
    }
    let heard = read(&new, &after, place, name);
    if heard.len() != measures.len() {
        return Err(format!("{name} would not be read as these bars"));
    }
    if read(text, before, place, name) == heard {
        let text = by(text, before);
        let tune = tune(&text, kept.scene)?;
        return Ok((Written { text, exact: true, letter: None }, tune));
    }
    Ok((Written { text: new, exact: write::same(&heard, &measures), letter: None }, after))
}

/// Where the bars of a voice stand in a text, and how many bars that place has, if it is a section.
fn place<'a>(tune: &Tune, kept: &'a Kept) -> Result<(Where<'a>, usize), String> {
    let waits = tune.header.order.as_ref().is_some_and(|order| order.parts.is_empty());
    match &kept.section {
        _ if tune.parts.is_empty() => Ok((Where::Tune, 0)),
        // It plays without its sections.
        None if waits => Ok((Where::Top, 0)),
        None => Err("the text has sections".to_owned()),
        Some((name, bars)) if tune.parts.iter().any(|part| part.name == *name) => {
            Ok((Where::Section(name), usize::try_from(*bars).unwrap_or_default()))
        }
        Some((name, _)) => Err(format!("there is no section {name} in the text")),
    }
}

/// Whether bars of a voice within one section are what is asked for; `by=` is said for all sections.
fn fits(tune: &Tune, name: &str, kind: Kind) -> Result<(), String> {
    let by = tune.header.voice(name).and_then(|header| header.get("by")).unwrap_or("model");
    let who = by.split('/').next().unwrap_or(by);
    let fits = match kind {
        Kind::Loop => ["model", "loop", "vary"].contains(&who),
        Kind::Seed | Kind::Section => who == "model",
    };
    if fits { Ok(()) } else { Err(format!("{name} is by={by} in all sections")) }
}

/// Errs where a text could not be evaluated any more, as when a voice loops bars in another metre than the new section's.
fn evaluable(before: &str, written: Written) -> Result<Written, String> {
    let errors = |text: &str| {
        let (_, said) = prompt::read(Path::new(""), text, &[], &Lexicon::default());
        said.into_iter().filter(|said| said.severity == Severity::Error).collect::<Vec<_>>()
    };
    let known: HashSet<String> = errors(before).into_iter().map(|error| error.message).collect();
    match errors(&written.text).into_iter().find(|error| !known.contains(&error.message)) {
        Some(error) => Err(error.message),
        None => Ok(written),
    }
}

/// The tune that plays as scene number `scene`.
fn tune(text: &str, scene: u32) -> Result<Tune, String> {
    let (book, _) = parse(text);
    let mut tunes = book.tunes.into_iter().enumerate();
    let found = tunes.find(|(at, tune)| tune.number.unwrap_or(*at as u32 + 1) == scene);
    found.map(|(_, tune)| settled(tune)).ok_or_else(|| format!("there is no X:{scene} in the text"))
}

/// The bars that a text, read as `tune`, gives a voice at a place.
fn read(text: &str, tune: &Tune, place: Where<'_>, voice: &str) -> Vec<Measure> {
    let Some(tune) = place.of(tune) else { return Vec::new() };
    seed_bars(text, &tune, voice, Repeats::Loop, &mut Vec::new()).into_iter().map(|bar| bar.measure).collect()
}

/// The signature for bars that no key alters.
fn unaltered(drums: bool, key: Key) -> Key {
    if drums { Key { signature: [0; 7], ..key } } else { key }
}

#[cfg(test)]
mod tests;
