//! The engine as the performer sees it: a copy of what was, sounds, and is to come. Made on the thread of the scheduler.

use std::borrow::Cow;

use super::Conductor;
use crate::abc::parse::read_bar;
use crate::abc::print;
use crate::compose::{Role, STREAM_UNIT};
use crate::event::{BarState, BarView, Cell, Snapshot, VoiceStatus};
use crate::prompt::Scene;
use crate::rig::SYNTH;
use crate::synth::Level as Sounded;
use crate::time::{Beats, Frames};
use crate::timeline::{self, Timeline};

/// Played bars shown behind the sounding one.
const BEHIND: usize = 4;

impl Conductor {
    /// A copy for the screen. What audio and MIDI say of themselves is for the caller to fill in.
    #[must_use]
    pub fn snapshot(&mut self, now: Frames) -> Snapshot {
        let ahead = (self.scene.phrase as usize).max(2);
        let shown = self.shown();
        let bars = self.bars(&shown, ahead);
        let position = self.position(now);
        let (meter, bar, position) = match (&self.counting, position) {
            (Some(count), _) => (count.meter(), count.bar() - 1, count.position(now)),
            (None, Some((bar, position))) => (bar.scene.meter, bar.number, position),
            (None, None) => (self.scene.meter, 0, Beats::ZERO),
        };
        let committed_ahead = self.timeline.bars().len() - self.sounding.map_or(self.begun(), |at| at + 1);
        Snapshot {
            playing: self.playing,
            tempo: self.shown_tempo(now),
            lead: self.led(now),
            text_tempo: self.text_tempo(),
            tempo_locked: self.hands.is_locked(),
            armed: self.armed_names(),
            armed_for: self.armed_for(),
            armed_gains: self.armed.gains(),
            armed_tempo: self.armed.tempo(),
            count_in: self.hands.counts_in(),
            counting: self.counting.is_some(),
            meter,
            bar,
            position,
            bars_ahead: committed_ahead + self.timeline.known_ahead(ahead),
            ladder_uses: self.tally.ladder,
            tokens_per_second: self.tally.tokens_per_second,
            composer: self.composer_state.clone(),
            heard_from: self.timeline.heard_from(),
            voices: shown.iter().map(|(name, _)| self.voice(name)).collect(),
            bars,
            ..Snapshot::default()
        }
    }

    /// The voices of the scene by name, and behind them those that only one has which waits for its line, armed or not: their first notes may be
    /// a pickup.
    fn shown(&mut self) -> Vec<(String, Role)> {
        let named = |scene: &Scene| -> Vec<(String, Role)> {
            scene.voices.iter().map(|voice| (voice.name.clone(), voice.role)).collect()
        };
        let mut shown = named(&self.scene);
        let waits = self.entering.map(|_| named(self.timeline.scene()));
        let armed = self.timeline.in_prepared(|timeline| named(timeline.scene()));
        for (name, role) in waits.into_iter().chain(armed).flatten() {
            if shown.iter().all(|(other, _)| *other != name) {
                shown.push((name, role));
            }
        }
        shown
    }

    fn voice(&self, name: &str) -> VoiceStatus {
        let mix = &self.hands.mix;
        let output = self.slot(name).map_or(SYNTH, |slot| self.told.output(slot));
        VoiceStatus {
            name: name.to_owned(),
            muted: mix.is_muted(name),
            soloed: mix.is_soloed(name),
            gain: mix.gain(name).unwrap_or(1.0),
            output: output.to_owned(),
            nudge: self.hands.nudge(output),
            level: Sounded::default(),
        }
    }

    /// How many bars have begun, as far as that is shown: while one is counted in, those before it.
    fn begun(&self) -> usize {
        let bars = self.timeline.bars();
        let counted = self.counting.as_ref().and_then(|count| bars.iter().position(|bar| bar.number == count.bar()));
        counted.unwrap_or(bars.len())
    }

    fn bars(&mut self, shown: &[(String, Role)], ahead: usize) -> Vec<BarView> {
        let bars = self.timeline.bars();
        let begun = self.begun();
        let sounding = self.sounding.unwrap_or(begun);
        let mut views: Vec<BarView> = bars
            .iter()
            .enumerate()
            .skip(sounding.saturating_sub(BEHIND))
            .map(|(at, bar)| BarView {
                number: bar.number,
                state: match at.cmp(&sounding) {
                    std::cmp::Ordering::Less => BarState::Played,
                    std::cmp::Ordering::Equal if at < begun => BarState::Sounding,
                    std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => BarState::Committed,
                },
                cells: cells(shown, &bar.scene, |at| Some(Cow::Borrowed(self.timeline.cell(bar, at)))),
            })
            .collect();
        let next = self.timeline.next_bar();
        // From its line on a scene that is armed is what will be heard.
        let armed = self.timeline.prepared_from().unwrap_or(i64::MAX);
        for number in (next..).take(ahead) {
            let view = |timeline: &mut Timeline| BarView {
                number,
                state: BarState::Planned,
                cells: cells(shown, timeline.scene_of(number), |voice| {
                    timeline.expected(number, voice).map(Cow::Owned)
                }),
            };
            let as_armed = if number < armed { None } else { self.timeline.in_prepared(view) };
            views.push(as_armed.unwrap_or_else(|| view(&mut self.timeline)));
        }
        views
    }
}

/// The cells of a bar in the order of the voices that are shown, in the unit length that the performer writes in.
fn cells<'a>(
    shown: &[(String, Role)],
    scene: &Scene,
    cell: impl Fn(usize) -> Option<Cow<'a, timeline::Cell>>,
) -> Vec<Option<Cell>> {
    let find = |name: &str| scene.voices.iter().position(|voice| voice.name == name);
    shown
        .iter()
        .map(|(name, role)| {
            find(name).and_then(&cell).map(|cell| Cell { text: in_unit(scene, *role, &cell), by: cell.by })
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
