//! What is kept: the last bars that were heard, as a value that goes from the conductor to whoever has the text. Pure.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Kind;
use super::write::tie;
use crate::abc::Meter;
use crate::abc::key::Key;
use crate::compose::Role;
use crate::event::Author;
use crate::prompt::{By, Scene};
use crate::score::Measure;
use crate::time::Beats;
use crate::timeline::{Bar, Cell};

/// What the performer asks to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// `None` for all voices.
    pub voice: Option<String>,
    /// 1, 2, 4 or 8.
    pub bars: usize,
    pub kind: Kind,
}

/// Bars that were heard, on their way into the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The file and the `X:` of the scene in which they were heard.
    pub path: PathBuf,
    pub scene: u32,
    pub meter: Meter,
    pub unit: Beats,
    pub key: Key,
    pub kind: Kind,
    /// The section in which they were heard and its bars; `None` in a scene without sections, and where they become one of their own.
    pub section: Option<(String, i64)>,
    /// Whether all voices were asked for.
    pub all: bool,
    /// At least one.
    pub voices: Vec<KeptVoice>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct KeptVoice {
    pub name: String,
    pub role: Role,
    /// As they are to be written, in the scene's key; at least one. A loop's first bar is the one that stands where the scene's loops of
    /// its length begin.
    pub measures: Vec<Measure>,
}

impl Kept {
    /// `4 bars of lead as a loop`.
    pub(super) fn what(&self) -> String {
        let bars = self.voices.iter().map(|voice| voice.measures.len()).max().unwrap_or(0);
        let bars = if bars == 1 { "1 bar".to_owned() } else { format!("{bars} bars") };
        let (of, many) = match &self.voices[..] {
            [voice] if !self.all => (voice.name.as_str(), false),
            _ => ("all", true),
        };
        let kind = match self.kind.name() {
            name if many && self.kind != Kind::Section => format!("{name}s"),
            name => format!("a {name}"),
        };
        let section = self.section.as_ref().map_or(String::new(), |(name, _)| format!(" in section {name}"));
        format!("{bars} of {of} as {kind}{section}")
    }
}

/// The last of `bars`, all of which were heard, as far as one scene, metre and section go. `cell` says what is to be seen of a bar's voice. Errs with a
/// sentence where there is nothing to keep.
pub fn heard(bars: &[Bar], cell: &dyn Fn(&Bar, usize) -> Cell, ask: &Ask) -> Result<Kept, String> {
    let last = bars.last().ok_or("no bar has been heard to its end yet")?;
    let scene = &last.scene;
    let of_scene = |bar: &&Bar| {
        bar.scene.source.path == scene.source.path && bar.scene.number == scene.number && bar.scene.meter == scene.meter
    };
    let section = scene.part.as_ref().filter(|_| ask.kind != Kind::Section);
    let count = section.map_or(ask.bars, |(_, bars)| ask.bars.min(usize::try_from(*bars).unwrap_or(1)));
    let here = |bar: &&Bar| ask.kind == Kind::Section || name_of(&bar.scene) == name_of(scene);
    let names: Vec<&str> = match &ask.voice {
        Some(name) => vec![name],
        None => scene.voices[..last.own].iter().map(|voice| voice.name.as_str()).collect(),
    };
    let mut voices = Vec::new();
    for name in names {
        let at = |bar: &Bar| bar.scene.voices.iter().position(|voice| voice.name == name).filter(|at| *at < bar.own);
        let Some(now) = at(last) else { return Err(format!("there is no voice {name} in what was heard")) };
        let run = bars.iter().rev().take_while(of_scene).take_while(here).map_while(|bar| Some((bar, at(bar)?)));
        let run: Vec<(&Bar, Cell)> = run.take(count).map(|(bar, at)| (bar, cell(bar, at))).collect();
        let voice = &scene.voices[now];
        // Of all voices only those are written that do not say so already.
        let says_so = match ask.kind {
            Kind::Loop => {
                let text = run.iter().all(|(_, cell)| cell.by == Author::Text) && voice.by == By::Loop;
                text && voice.comping.is_none() && run.len().is_multiple_of(voice.bars.len().max(1))
            }
            Kind::Seed => voice.by == By::Loop,
            Kind::Section => false,
        };
        if ask.voice.is_none() && says_so {
            continue;
        }
        // Loops count from the scene's first bar, in a section from its line.
        let since = |bar: &Bar| if section.is_some() { bar.at } else { bar.number - (last.number - last.at) };
        let first = run.last().map_or(0, |(bar, _)| since(bar));
        let mut measures: Vec<Measure> = run.into_iter().rev().map(|(_, cell)| as_heard(cell)).collect();
        if ask.kind == Kind::Loop && first >= 0 {
            let late = first.rem_euclid(measures.len() as i64);
            measures.rotate_right(late as usize);
        }
        tie(&mut measures, ask.kind == Kind::Loop && section.is_none());
        voices.push(KeptVoice { name: name.to_owned(), role: voice.role, measures });
    }
    if voices.is_empty() {
        return Err(match ask.kind {
            Kind::Seed => "nothing to keep: all voices are loops, and a seed is for the model to go on from",
            Kind::Loop | Kind::Section => "nothing to keep: all voices are loops that stand in the text already",
        }
        .to_owned());
    }
    Ok(Kept {
        path: scene.source.path.clone(),
        scene: scene.number,
        meter: scene.meter,
        unit: scene.unit,
        key: scene.key,
        kind: ask.kind,
        section: section.cloned(),
        all: ask.voice.is_none(),
        voices,
    })
}

/// The name of the section that this is.
fn name_of(scene: &Scene) -> Option<&str> {
    scene.part.as_ref().map(|(name, _)| name.as_str())
}

/// What sounded of a voice in a bar. The metre gave no accents to what was played by hand.
fn as_heard(cell: Cell) -> Measure {
    let mut measure = cell.measure;
    if cell.by == Author::Hand {
        measure.notes.iter_mut().for_each(|note| *note = note.fixed());
    }
    measure
}
