//! The plan of changes: what an evaluation does to each voice, and from which bar. Pure.

use std::fmt;

use super::evaluation::Entry;
use super::force::{InForce, same_bars, same_line, still_answers, unchanged};
use crate::prompt::{By, Scene, Section, Voice};

/// What an evaluation changes. Voices that go on as they were are not named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The bar from which it is heard.
    pub from: i64,
    /// Its pickup is heard in the bar before that.
    pub pickup: bool,
    pub voices: Vec<Change>,
}

/// What becomes of one voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In this section alone.
    pub section: Option<String>,
    pub voice: String,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Comes,
    Goes,
    /// Into another scene, as if nothing had happened.
    PlaysOn,
    /// A loop with other notes and the same length.
    KeepsPlace,
    /// A loop of another length, with its beginning at this bar.
    Loop(i64),
    /// The seed is played from this bar of it on, from 1.
    Seed(usize),
    /// Its text is as it was; what was planned is not.
    Anew,
}

/// `heard from bar 9; lead: bar 3 of the seed; bass keeps its place`.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pickup = if self.pickup { ", the pickup before it" } else { "" };
        write!(f, "heard from bar {}{pickup}", self.from)?;
        self.voices.iter().try_for_each(|change| write!(f, "; {change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(section) = &self.section {
            write!(f, "in {section} ")?;
        }
        write!(f, "{}", self.voice)?;
        match self.what {
            What::Comes => write!(f, " comes in"),
            What::Goes => write!(f, " ends"),
            What::PlaysOn => write!(f, " plays on"),
            What::KeepsPlace => write!(f, " keeps its place"),
            What::Loop(bar) => write!(f, ": new loop from bar {bar}"),
            What::Seed(bar) => write!(f, ": bar {bar} of the seed"),
            What::Anew => write!(f, " is composed anew"),
        }
    }
}

pub(super) fn changes(old: &InForce, new: &InForce, entry: Entry) -> Changes {
    let change = |section: Option<&str>, voice: &Voice, what| Change {
        section: section.map(str::to_owned),
        voice: voice.name.clone(),
        what,
    };
    let known = |scene: &Scene, voice: &Voice| scene.voices.iter().any(|other| other.name == voice.name);
    let mut voices = Vec::new();
    // An edit behind the line leaves the pickup that was heard.
    let (from, pickup) = (new.from, new.fresh && new.pickup.is_some());
    if entry != Entry::Edit {
        // In sections every voice begins at their lines.
        let unbroken = |voice: &&Voice| {
            let plain = old.scene.form.is_none() && new.scene.form.is_none();
            plain && old.scene.voices.iter().any(|other| same_line(other, voice))
        };
        voices.extend(new.scene.voices.iter().filter(unbroken).map(|voice| change(None, voice, What::PlaysOn)));
        return Changes { from, pickup, voices };
    }
    let gone = old.scene.voices.iter().filter(|voice| !known(&new.scene, voice));
    voices.extend(gone.map(|voice| change(None, voice, What::Goes)));
    for (at, voice) in new.scene.voices.iter().enumerate() {
        if !known(&old.scene, voice) {
            voices.push(change(None, voice, What::Comes));
            continue;
        }
        let begins = new.voices[at].bar.max(new.from);
        let sections = in_sections(&old.scene, &new.scene, at, new.from);
        match &sections[..] {
            [] => voices.extend(of_voice(&old.scene, &new.scene, at, begins).map(|what| change(None, voice, what))),
            // What is so in all of them is said once.
            [(_, Some(what)), others @ ..] if others.iter().all(|(_, other)| other == &Some(*what)) => {
                voices.push(change(None, voice, *what));
            }
            _ => voices.extend(sections.iter().filter_map(|(name, what)| Some(change(Some(name), voice, (*what)?)))),
        }
    }
    Changes { from, pickup, voices }
}

/// What becomes of a voice in each section that was there before; nothing where either scene has none.
fn in_sections<'a>(old: &Scene, new: &'a Scene, at: usize, from: i64) -> Vec<(&'a str, Option<What>)> {
    let (Some(before), Some(after)) = (&old.form, &new.form) else { return Vec::new() };
    let section = |is: &'a Section| {
        let was = before.sections.iter().find(|was| was.name == is.name)?;
        Some((is.name.as_str(), of_voice(&was.scene, &is.scene, at, from)))
    };
    after.sections.iter().filter_map(section).collect()
}

/// What becomes of a voice of `new` that `old` has, too; `begins` is the bar of a new loop.
fn of_voice(old: &Scene, new: &Scene, at: usize, begins: i64) -> Option<What> {
    let voice = &new.voices[at];
    let before = old.voices.iter().find(|other| other.name == voice.name)?;
    match (before.by, voice.by) {
        (By::Loop, By::Loop) if same_bars(before, voice) => None,
        (By::Loop, By::Loop) if before.bars.len() == voice.bars.len() => Some(What::KeepsPlace),
        (_, By::Loop) => Some(What::Loop(begins)),
        (By::Model, By::Model) if unchanged(before, voice) < voice.bars.len() => {
            Some(What::Seed(unchanged(before, voice) + 1))
        }
        (By::Loop, By::Model) if !voice.bars.is_empty() => Some(What::Seed(1)),
        (_, By::Model) => (!still_answers(old, new, &voice.name)).then_some(What::Anew),
        // What the hand plays is not the text's.
        (_, By::Hand) => None,
    }
}
