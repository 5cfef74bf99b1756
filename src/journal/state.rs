//! What the lines of a journal come to: the performer's state at their end, as it has to be again after a crash. Pure.

use serde::Deserialize;

use super::{Evaluated, Line, Recording};
use crate::compose::Knob;
use crate::conductor::hands::Hands;
use crate::conductor::tap::Tap;
use crate::event::Command;
use crate::hand::Use;
use crate::prompt::{self, Scene};
use crate::steer::Lexicon;
use crate::time::{Frames, Tempo};

/// The commands that change the state, as they stand in their lines.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Mute { voice: String, muted: bool },
    Solo { voice: String, soloed: bool },
    Gain { voice: String, gain: f32 },
    Tempo(Tempo),
    Ramp { to: Tempo, bars: u32 },
    Lock(bool),
    Nudge { output: String, ms: i16 },
    CountIn(bool),
    Turn { knob: Knob, factor: f32 },
    Use { voice: String, what: Use },
    Tap,
}

impl From<Asked> for Command {
    fn from(asked: Asked) -> Command {
        match asked {
            Asked::Mute { voice, muted } => Command::Mute { voice, muted },
            Asked::Solo { voice, soloed } => Command::Solo { voice, soloed },
            Asked::Gain { voice, gain } => Command::Gain { voice, gain },
            Asked::Tempo(tempo) => Command::Tempo(tempo),
            Asked::Ramp { to, bars } => Command::Ramp { to, bars },
            Asked::Lock(locked) => Command::Lock(locked),
            Asked::Nudge { output, ms } => Command::Nudge { output, ms },
            Asked::CountIn(on) => Command::CountIn(on),
            Asked::Turn { knob, factor } => Command::Turn { knob, factor },
            Asked::Use { voice, what } => Command::Use { voice, what },
            Asked::Tap => Command::Tap,
        }
    }
}

impl Line {
    /// When an output was nudged, which one, and by how many milliseconds.
    pub(crate) fn nudge(&self) -> Option<(Frames, String, i16)> {
        let Line::Command { at, what } = self else { return None };
        // Most lines are others, and longer.
        what.get("nudge")?;
        match serde_json::from_value(what.clone()) {
            Ok(Asked::Nudge { output, ms }) => Some((*at, output, ms)),
            _ => None,
        }
    }
}

impl Recording {
    /// The performer's state at the end, and the tempo there. What was armed and has not acted is forgotten: its phrase line is over.
    #[must_use]
    pub fn hands(&self) -> (Hands, Tempo) {
        let (mut hands, mut tap, lexicon) = (Hands::default(), Tap::default(), Lexicon::default());
        // The bar from which the newest text is heard.
        let mut from = 0;
        for line in &self.lines {
            match line {
                Line::Prompt(evaluated) => {
                    if let Some(scene) = scene(evaluated, &lexicon) {
                        hands.meet(&scene, evaluated.fresh);
                    }
                    from = evaluated.from;
                }
                // Its tempo has acted.
                Line::Bar(bar) if bar.number >= from => drop(hands.take_due()),
                Line::Command { at, what } => match serde_json::from_value(what.clone()) {
                    Ok(Asked::Tap) if tap.tap(*at, self.header.rate).is_none() => {}
                    Ok(Asked::Tap) => hands.tempo_set(),
                    Ok(asked) => hands.take(&asked.into()),
                    // What it asks is over, or stands in other lines.
                    Err(_) => {}
                },
                _ => {}
            }
        }
        let transport = self.transport();
        (hands, transport.tempo_at(transport.beats_at(self.end())))
    }

    /// The time of the last line, or of the last bar, which may be ahead of it.
    pub(super) fn end(&self) -> Frames {
        let time = |line: &Line| if let Line::Bar(bar) = line { Some(bar.at) } else { line.at() };
        self.lines.iter().filter_map(time).max().unwrap_or_default()
    }
}

fn scene(evaluated: &Evaluated, lexicon: &Lexicon) -> Option<Scene> {
    let (scenes, _) = prompt::read(evaluated.path.as_ref(), &evaluated.text, &[], lexicon);
    scenes.into_iter().find(|scene| scene.number == evaluated.scene)
}
