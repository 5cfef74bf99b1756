//! The engine as the performer sees it: a copy of what was, sounds, and is to come. Made on the thread of the scheduler.

use std::borrow::Cow;
use std::sync::Arc;

use super::Conductor;
use crate::abc::parse::read_bar;
use crate::abc::print;
use crate::compose::{Candidate, Role, STREAM_UNIT};
use crate::event::Author;
use crate::event::{
    BarState, BarView, Before, Cell, Hold, Look, Music, Part, Playing, SceneName, Snapshot, Sounding, Touch,
    VoiceStatus,
};
use crate::prompt::{By, Scene};
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
            knobs: self.hands.knobs(),
            before: self.before(),
            meter,
            bar,
            position,
            bars_ahead: committed_ahead + self.timeline.known_ahead(ahead),
            ladder_uses: self.tally.ladder,
            tokens_per_second: self.tally.tokens_per_second,
            composer: self.composer_state.clone(),
            heard_from: self.timeline.heard_from(),
            voices: shown.iter().map(|(name, role)| self.voice(name, *role)).collect(),
            bars,
            hands: self.hand_status(),
            scene: Some(name_of(&self.scene)),
            next_scene: self.next_scene(),
            look: self.look(),
            sounding: self.sounding_text(now),
            ..Snapshot::default()
        }
    }

    fn before(&self) -> Option<Before> {
        let counts = self.counting.is_some().then_some(Before::CountIn);
        counts.or(self.free.is_on().then_some(Before::Phrase))
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

    /// Whether hands can be laid on a bar: on one that belongs to what is armed only when that has come.
    pub(super) fn touchable(&self, bar: i64) -> Result<(), String> {
        match self.timeline.prepared_from() {
            Some(from) if bar >= from => Err(format!("bar {bar} is of what is armed, which is not in force yet")),
            _ => Ok(()),
        }
    }

    /// Another scene than the one that plays, which waits for its line.
    fn next_scene(&mut self) -> Option<SceneName> {
        let waits = self.entering.map(|_| name_of(self.timeline.scene()));
        let armed = || self.timeline.in_prepared(|timeline| name_of(timeline.scene()));
        waits.or_else(armed).filter(|next| *next != name_of(&self.scene))
    }

    fn look(&self) -> Option<Look> {
        let (bar, voice) = self.look.clone()?;
        let drafts = self.touchable(bar).and_then(|()| self.timeline.drafts(bar, &voice));
        let shown = |draft: &Candidate| Candidate { text: self.as_read(bar, &voice, draft), rank: draft.rank };
        let drafts = drafts.map(|drafts| drafts.iter().map(shown).collect());
        Some(Look { bar, voice, drafts })
    }

    /// A draft as the performer reads it.
    fn as_read(&self, bar: i64, voice: &str, draft: &Candidate) -> String {
        let scene = self.timeline.scene_of(bar);
        let role = scene.voices.iter().find(|other| other.name == voice).map_or(Role::Lead, |voice| voice.role);
        let (measure, _) = read_bar(&draft.text, &scene.key, scene.meter, STREAM_UNIT, &[]);
        in_unit(scene, role, &timeline::Cell { text: draft.text.clone(), measure, by: Author::Model })
    }

    /// A touch that names a draft as it is shown names it as it was written.
    pub(super) fn meant(&self, bar: i64, voice: &str, touch: Touch) -> Result<Touch, String> {
        let Touch::Choose(text) = touch else { return Ok(touch) };
        let drafts = self.timeline.drafts(bar, voice)?;
        let draft = drafts.iter().find(|draft| self.as_read(bar, voice, draft) == text);
        draft.map(|draft| Touch::Choose(draft.text.clone())).ok_or_else(|| timeline::no_draft(bar, voice))
    }

    /// The notes of the text that are heard now.
    fn sounding_text(&self, now: Frames) -> Option<Sounding> {
        let (bar, position) = self.position(now).filter(|_| self.playing == Playing::Playing)?;
        let voices = bar.scene.voices.iter().enumerate().filter(|(_, voice)| self.hands.mix.sounds(&voice.name));
        let places = voices.flat_map(|(at, _)| bar.sounding(at, position)).collect();
        Some(Sounding { source: Arc::clone(&bar.scene.source), places })
    }

    fn voice(&self, name: &str, role: Role) -> VoiceStatus {
        let mix = &self.hands.mix;
        let output = self.slot(name).map_or(SYNTH, |slot| self.told.output(slot));
        let by_hand = |scene: &Scene| scene.voices.iter().any(|voice| voice.name == name && voice.by == By::Hand);
        VoiceStatus {
            name: name.to_owned(),
            role,
            by_hand: by_hand(&self.scene),
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
                music: music(&bar.scene),
                parts: parts(shown, &bar.scene, |at| Some((Cow::Borrowed(self.timeline.cell(bar, at)), None))),
            })
            .collect();
        let next = self.timeline.next_bar();
        // From its line on a scene that is armed is what will be heard.
        let armed = self.timeline.prepared_from().unwrap_or(i64::MAX);
        for number in (next..).take(ahead) {
            let view = |timeline: &mut Timeline| {
                let scene = timeline.scene_of(number);
                let cell = |voice: usize| {
                    let cell = timeline.expected(number, voice)?;
                    Some((Cow::Owned(cell), timeline.hold(number, &scene.voices[voice].name)))
                };
                let parts = parts(shown, scene, cell);
                BarView { number, state: BarState::Planned, music: music(scene), parts }
            };
            let as_armed = if number < armed { None } else { self.timeline.in_prepared(view) };
            views.push(as_armed.unwrap_or_else(|| view(&mut self.timeline)));
        }
        views
    }
}

fn name_of(scene: &Scene) -> SceneName {
    SceneName { path: scene.source.path.clone(), number: scene.number }
}

fn music(scene: &Scene) -> Music {
    Music { key: scene.key, meter: scene.meter, unit: scene.unit }
}

/// The parts of a bar in the order of the voices that are shown, in the unit length that the performer writes in.
fn parts<'a>(
    shown: &[(String, Role)],
    scene: &Scene,
    cell: impl Fn(usize) -> Option<(Cow<'a, timeline::Cell>, Option<Hold>)>,
) -> Vec<Part> {
    let part = |(name, role): &(String, Role)| {
        let Some(at) = scene.voices.iter().position(|voice| voice.name == *name) else { return Part::Absent };
        let Some((cell, hold)) = cell(at) else { return Part::Open };
        Part::Cell(Cell { text: in_unit(scene, *role, &cell), by: cell.by, hold })
    };
    shown.iter().map(part).collect()
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
