//! What is kept: the last bars that were heard, as a value that goes from the conductor to whoever has the text. Pure.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Kind;
use super::write::tie;
use crate::abc::Meter;
use crate::abc::key::Key;
use crate::compose::Role;
use crate::event::Author;
use crate::prompt::By;
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
        format!("{bars} of {of} as {kind}")
    }
}

/// The last of `bars`, all of which were heard, as far as one scene and metre go. `cell` says what is to be seen of a bar's voice. Errs with a
/// sentence where there is nothing to keep.
pub fn heard(bars: &[Bar], cell: &dyn Fn(&Bar, usize) -> Cell, ask: &Ask) -> Result<Kept, String> {
    let last = bars.last().ok_or("no bar has been heard to its end yet")?;
    let scene = &last.scene;
    let of_scene = |bar: &&Bar| {
        bar.scene.source.path == scene.source.path && bar.scene.number == scene.number && bar.scene.meter == scene.meter
    };
    let names: Vec<&str> = match &ask.voice {
        Some(name) => vec![name],
        None => scene.voices.iter().map(|voice| voice.name.as_str()).collect(),
    };
    let mut voices = Vec::new();
    for name in names {
        let at = |bar: &Bar| bar.scene.voices.iter().position(|voice| voice.name == name);
        let Some(now) = at(last) else { return Err(format!("there is no voice {name} in what was heard")) };
        let run = bars.iter().rev().take_while(of_scene).map_while(|bar| Some((bar, at(bar)?))).take(ask.bars);
        let run: Vec<(&Bar, Cell)> = run.map(|(bar, at)| (bar, cell(bar, at))).collect();
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
        let first = run.last().map_or(1, |(bar, _)| bar.number);
        let mut measures: Vec<Measure> = run.into_iter().rev().map(|(_, cell)| cell.measure).collect();
        if ask.kind == Kind::Loop {
            // Loops count from the scene's first bar, or its section's.
            let late = (first - (last.number - last.at)).rem_euclid(measures.len() as i64);
            measures.rotate_right(late as usize);
        }
        tie(&mut measures, ask.kind == Kind::Loop);
        voices.push(KeptVoice { name: name.to_owned(), role: voice.role, measures });
    }
    if voices.is_empty() {
        return Err(format!(
            "all voices are {} of the text already",
            if ask.kind == Kind::Loop { "loops" } else { "loops, not the model's," }
        ));
    }
    Ok(Kept {
        path: scene.source.path.clone(),
        scene: scene.number,
        meter: scene.meter,
        unit: scene.unit,
        key: scene.key,
        kind: ask.kind,
        all: ask.voice.is_none(),
        voices,
    })
}
