//! Keeping: bars that were heard, whoever made them, written into the prompt's text. A function from text to text; whoever asks puts it
//! into the editor. Pure.
//!
//! The bars stand in the key and unit length that hold at their place, with their velocities as dynamics and accents: exactly where ABC has
//! such a loudness, else the nearest. What was typed for the voice stays as a private note; everything else stays byte for byte.

mod heard;
mod lay;
mod section;
mod write;

pub use heard::{Ask, Kept, KeptVoice, heard};

use serde::{Deserialize, Serialize};

use crate::abc::ast::Tune;
use crate::abc::key::Key;
use crate::abc::parse::parse;
use crate::prompt::{Repeats, seed_bars, settled};
use crate::score::Measure;
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
    /// A section of their own at the end of the tune, which plays when the form names it.
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

/// Writes the bars into a text, which may have been edited since they were played.
#[must_use]
pub fn keep(text: &str, kept: &Kept) -> Edit {
    if kept.path.extension().is_some_and(|extension| extension == "txt") {
        let said = "a file of words holds no bars; copy the words into an .abc, as % lines, to keep some".to_owned();
        return Edit { text: text.to_owned(), said };
    }
    let done = if kept.kind == Kind::Section { section::keep(text, kept) } else { voices(text, kept) };
    let what = kept.what();
    match done {
        Ok(Written { text: new, .. }) if new == text => {
            Edit { text: new, said: format!("{what}: the text says so already") }
        }
        Ok(Written { text, exact: true }) => Edit { text, said: format!("kept {what}") },
        Ok(Written { text, exact: false }) => {
            Edit { text, said: format!("kept {what}; times that ABC's grid of 1/32 has not are rounded") }
        }
        // What cannot be put in its place is not lost.
        Err(why) => Edit { text: write::noted(text, kept), said: format!("{why}: {what} noted at its end") },
    }
}

/// A text into which bars were written, and whether exactly these notes are read out of it.
struct Written {
    text: String,
    exact: bool,
}

fn voices(text: &str, kept: &Kept) -> Result<Written, String> {
    let mut written = Written { text: text.to_owned(), exact: true };
    for voice in &kept.voices {
        let next = one_voice(&written.text, kept, voice)?;
        written = Written { exact: written.exact && next.exact, ..next };
    }
    Ok(written)
}

/// The bars in the place of those of one voice.
fn one_voice(text: &str, kept: &Kept, voice: &KeptVoice) -> Result<Written, String> {
    let lay = |text: &str, bars: &[String]| {
        let tune = tune(text, kept.scene)?;
        if !tune.parts.is_empty() {
            return Err("the text has sections".to_owned());
        }
        let laid = lay::bars(text, &tune, voice, bars, kept.kind);
        let tune = self::tune(&laid, kept.scene)?;
        Ok(lay::by(&laid, &tune, &voice.name, kept.kind))
    };
    // What holds at the place is learnt from a bar of rest that stands there.
    let probe = lay(text, &["Z".to_owned()])?;
    let place = Place::first(&tune(&probe, kept.scene)?, &voice.name).ok_or("the text is not understood")?;
    let full = place.meter().bar_length();
    if voice.measures.iter().any(|measure| measure.length != full) {
        return Err(format!("the text is in {}", place.meter()));
    }
    let measures = place.written(&voice.measures);
    let plain = lay(text, &place.texts(&measures, None))?;
    // Where `%%MIDI` stresses the beats, a dynamic says how much more or less.
    let stressed = read(&plain, kept.scene, &voice.name).unwrap_or_default();
    let loud = place.texts(&measures, Some(&stressed));
    let new = lay(text, &loud)?;
    let heard = read(&new, kept.scene, &voice.name).unwrap_or_default();
    if heard.len() != voice.measures.len() {
        return Err("the text would not be read as these bars".to_owned());
    }
    if read(text, kept.scene, &voice.name).is_some_and(|old| old == heard) {
        let text = lay::by(text, &tune(text, kept.scene)?, &voice.name, kept.kind);
        return Ok(Written { text, exact: true });
    }
    Ok(Written { text: new, exact: write::same(&heard, &voice.measures) })
}

/// The tune that plays as scene number `scene`.
fn tune(text: &str, scene: u32) -> Result<Tune, String> {
    let (book, _) = parse(text);
    let mut tunes = book.tunes.into_iter().enumerate();
    let found = tunes.find(|(at, tune)| tune.number.unwrap_or(*at as u32 + 1) == scene);
    found.map(|(_, tune)| settled(tune)).ok_or_else(|| format!("there is no X:{scene} in the text"))
}

/// The bars that a text gives a voice, without their chord symbols' and notes' places.
fn read(text: &str, scene: u32, voice: &str) -> Option<Vec<Measure>> {
    let tune = tune(text, scene).ok()?;
    Some(seed_bars(text, &tune, voice, Repeats::Loop, &mut Vec::new()).into_iter().map(|bar| bar.measure).collect())
}

/// The signature for bars that no key alters.
fn unaltered(drums: bool, key: Key) -> Key {
    if drums { Key { signature: [0; 7], ..key } } else { key }
}

#[cfg(test)]
mod tests;
