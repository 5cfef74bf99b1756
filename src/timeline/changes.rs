//! The plan of changes: what an evaluation does to each voice, and from which bar. Pure.

use std::fmt;

use super::evaluation::Entry;
use super::force::{InForce, same_bars, same_line, still_answers, unchanged};
use crate::prompt::{By, Scene, Voice};

/// What an evaluation changes. Voices that go on as they were are not named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The bar from which it is heard.
    pub from: i64,
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
        write!(f, "heard from bar {}", self.from)?;
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
    let mut voices = Vec::new();
    let mut push = |section: Option<&str>, voice: &str, what| {
        voices.push(Change { section: section.map(str::to_owned), voice: voice.to_owned(), what });
    };
    let find = |scene: &Scene, name: &str| scene.voices.iter().any(|voice| voice.name == name);
    if entry != Entry::Edit {
        let same = |voice: &&Voice| old.scene.voices.iter().any(|other| same_line(other, voice));
        let plain = old.scene.form.is_none() && new.scene.form.is_none();
        new.scene
            .voices
            .iter()
            .filter(|voice| plain && same(voice))
            .for_each(|voice| push(None, &voice.name, What::PlaysOn));
        return Changes { from: new.from, voices };
    }
    let gone = old.scene.voices.iter().filter(|voice| !find(&new.scene, &voice.name));
    gone.for_each(|voice| push(None, &voice.name, What::Goes));
    for (at, voice) in new.scene.voices.iter().enumerate() {
        if !find(&old.scene, &voice.name) {
            push(None, &voice.name, What::Comes);
            continue;
        }
        match (&old.scene.form, &new.scene.form) {
            (Some(before), Some(after)) => {
                let common = after.sections.iter().filter_map(|is| {
                    let was = before.sections.iter().find(|was| was.name == is.name)?;
                    Some((is.name.as_str(), of_voice(&was.scene, &is.scene, at, new.from)))
                });
                let common: Vec<(&str, Option<What>)> = common.collect();
                match common.first() {
                    Some((_, Some(what))) if common.iter().all(|(_, other)| *other == Some(*what)) => {
                        push(None, &voice.name, *what);
                    }
                    _ => {
                        for (section, what) in common {
                            if let Some(what) = what {
                                push(Some(section), &voice.name, what);
                            }
                        }
                    }
                }
            }
            _ => {
                let begins = new.voices.get(at).map_or(new.from, |origin| origin.bar.max(new.from));
                if let Some(what) = of_voice(&old.scene, &new.scene, at, begins) {
                    push(None, &voice.name, what);
                }
            }
        }
    }
    Changes { from: new.from, voices }
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
    }
}
