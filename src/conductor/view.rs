//! The engine as the performer sees it: a copy of what was, sounds, and is to come. Made on the thread of the scheduler.

use std::borrow::Cow;

use super::Conductor;
use crate::abc::parse::read_bar;
use crate::abc::print;
use crate::compose::{Role, STREAM_UNIT};
use crate::event::{BarState, BarView, Cell, Snapshot, VoiceStatus};
use crate::prompt::Scene;
use crate::time::{Beats, Frames};
use crate::timeline;

/// Played bars shown behind the sounding one.
const BEHIND: usize = 4;

impl Conductor {
    /// A copy for the screen. What audio and MIDI say of themselves is for the caller to fill in.
    #[must_use]
    pub fn snapshot(&self, now: Frames) -> Snapshot {
        let position = self.position(now);
        let newest = &self.scene;
        let scene = position.map_or(newest, |(bar, _)| &bar.scene);
        let ahead = (newest.phrase as usize).max(2);
        let committed_ahead =
            self.timeline.bars().len() - self.sounding.map_or(self.timeline.bars().len(), |at| at + 1);
        Snapshot {
            playing: self.playing,
            tempo: self.transport.tempo_at(self.transport.beats_at(now)),
            text_tempo: self.text_tempo(),
            tempo_locked: self.hands.is_locked(),
            armed: self.armed_names(),
            armed_for: self.armed_for(),
            armed_gains: self.armed.gains(),
            armed_tempo: self.armed.tempo(),
            meter: scene.meter,
            bar: position.map_or(0, |(bar, _)| bar.number),
            position: position.map_or(Beats::ZERO, |(_, position)| position),
            bars_ahead: committed_ahead + self.timeline.known_ahead(ahead),
            ladder_uses: self.tally.ladder,
            tokens_per_second: self.tally.tokens_per_second,
            composer: self.composer_state.clone(),
            heard_from: self.timeline.heard_from(),
            voices: newest.voices.iter().map(|voice| self.voice(&voice.name)).collect(),
            bars: self.bars(ahead),
            ..Snapshot::default()
        }
    }

    fn voice(&self, name: &str) -> VoiceStatus {
        let mix = &self.hands.mix;
        VoiceStatus {
            name: name.to_owned(),
            muted: mix.is_muted(name),
            soloed: mix.is_soloed(name),
            gain: mix.gain(name).unwrap_or(1.0),
        }
    }

    fn bars(&self, ahead: usize) -> Vec<BarView> {
        let bars = self.timeline.bars();
        let sounding = self.sounding.unwrap_or(bars.len());
        let newest = &self.scene;
        let mut views: Vec<BarView> = bars
            .iter()
            .enumerate()
            .skip(sounding.saturating_sub(BEHIND))
            .map(|(at, bar)| BarView {
                number: bar.number,
                state: match at.cmp(&sounding) {
                    std::cmp::Ordering::Less => BarState::Played,
                    std::cmp::Ordering::Equal => BarState::Sounding,
                    std::cmp::Ordering::Greater => BarState::Committed,
                },
                cells: cells(newest, &bar.scene, |at| Some(Cow::Borrowed(self.timeline.cell(bar, at)))),
            })
            .collect();
        for number in (self.timeline.next_bar()..).take(ahead) {
            let scene = self.timeline.scene_of(number);
            views.push(BarView {
                number,
                state: BarState::Planned,
                cells: cells(newest, scene, |voice| self.timeline.expected(number, voice).map(Cow::Owned)),
            });
        }
        views
    }
}

/// The cells of a bar in the order of the newest scene's voices, in the unit length that the performer writes in.
fn cells<'a>(
    newest: &Scene,
    scene: &Scene,
    cell: impl Fn(usize) -> Option<Cow<'a, timeline::Cell>>,
) -> Vec<Option<Cell>> {
    let find = |name: &str| scene.voices.iter().position(|voice| voice.name == name);
    newest
        .voices
        .iter()
        .map(|voice| {
            find(&voice.name).and_then(&cell).map(|cell| Cell { text: in_unit(scene, voice.role, &cell), by: cell.by })
        })
        .collect()
}

/// A cell's text in the prompt's own `L:`, with its marks, as it stands in its voice: no key alters drums.
#[must_use]
pub fn in_unit(scene: &Scene, role: Role, cell: &timeline::Cell) -> String {
    let signature = if role == Role::Drums { [0; 7] } else { scene.key.signature };
    let style = print::Style { marks: true, signature, ..print::Style::new(&scene.key, scene.meter, scene.unit) };
    if cell.measure.is_marked() {
        return print::bar(&cell.measure, scene.bar_length(), &style);
    }
    if scene.unit == STREAM_UNIT && signature == scene.key.signature {
        return cell.text.clone();
    }
    let (measure, _) = read_bar(&cell.text, &scene.key, scene.meter, STREAM_UNIT, &[]);
    print::bar(&measure, scene.bar_length(), &style)
}
