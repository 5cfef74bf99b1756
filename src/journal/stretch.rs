//! What of a set was played while something was recorded. Pure.

use std::collections::HashMap;

use super::{Line, Recording};
use crate::event::{Action, ScheduledEvent, VoiceSlot};
use crate::rig::Sound;
use crate::time::Frames;

impl Recording {
    /// The set from a frame up to another: the bars that began there, with what was struck in them. What rang on from before is not among it.
    #[must_use]
    pub fn stretch(&self, from: Frames, to: Frames) -> Recording {
        let bars = self.bars();
        let within = |at: Frames| from <= at && at < to;
        let Some(first) = bars.iter().find(|bar| within(bar.at)).map(|bar| bar.at) else {
            return Recording { header: self.header.clone(), lines: Vec::new() };
        };
        // What the hand strikes a moment before the music begins is of the first bar.
        let struck_from = if first == bars[0].at { from } else { first };
        let before = |sound: &Sound| sound.at <= first;
        let sounds = self.lines.iter().enumerate().filter_map(|(at, line)| match line {
            Line::Voice(sound) if before(sound) => Some((sound.slot, at)),
            _ => None,
        });
        // How each slot sounds where it begins, whatever it was before.
        let last: HashMap<VoiceSlot, usize> = sounds.collect();
        let stays = |at: usize, line: &Line| match line {
            Line::Bar(bar) => within(bar.at),
            Line::Sent(ScheduledEvent { at, action: Action::NoteOn { .. } }) => struck_from <= *at && *at < to,
            Line::Voice(sound) => !before(sound) || last.get(&sound.slot) == Some(&at),
            _ => true,
        };
        let lines = self.lines.iter().enumerate().filter(|(at, line)| stays(*at, line));
        Recording { header: self.header.clone(), lines: lines.map(|(_, line)| line.clone()).collect() }
    }
}
