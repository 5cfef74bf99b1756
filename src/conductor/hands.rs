//! What the performer has set and no text sets again: who is muted, soloed and how loud, by the voices' names, whose tempo holds, how outputs
//! are nudged, and whether it is counted in. A pure value; the conductor's, and what the lines of a journal come to
//! ([`crate::journal::Recording::hands`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::{Knob, Knobs};
use crate::event::Command;
use crate::hand::Use;
use crate::prompt::Scene;
use crate::rig::MOST_NUDGE_MS;
use crate::time::Tempo;

/// The loudest that a performer can make a voice, as a factor beside the text's `gain=`.
pub const MOST_GAIN: f32 = 2.0;

/// What a text's `Q:` asks for: a tempo, and where a ramp leads from there in how many bars.
pub type Course = (Tempo, Option<(Tempo, u32)>);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hands {
    pub mix: Mix,
    /// No text's tempo acts.
    locked: bool,
    /// A bar of clicks comes before the first one.
    count_in: bool,
    knobs: Knobs,
    /// The newest text's tempo, which another text must differ from to act.
    text: Option<Course>,
    /// The same, when it is to act as soon as its scene is heard.
    due: Option<Course>,
    /// Milliseconds by output; those that there are none of are left out.
    nudges: BTreeMap<String, i16>,
    /// What hands are for, by their voices, where the performer has said so.
    uses: BTreeMap<String, Use>,
}

/// Which voices sound, and how loud. Voices that are gone are remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mix {
    mutes: BTreeMap<String, bool>,
    /// Where there are any, all others are silent.
    solos: BTreeSet<String>,
    gains: BTreeMap<String, f32>,
}

impl Hands {
    /// A text is evaluated: its mutes hold for voices that were never met, its tempo acts when it is another than before or the scene is
    /// entered. Whether a lock kept the tempo back.
    pub fn meet(&mut self, scene: &Scene, entered: bool) -> bool {
        self.mix.meet(scene);
        let Some(course) = scene.tempo.map(|tempo| (tempo, scene.ramp)) else {
            // What another text asked for is never heard where this one takes its place.
            self.due = None;
            return false;
        };
        let acts = entered || self.text != Some(course);
        self.text = Some(course);
        if acts {
            self.due = Some(course).filter(|_| !self.locked);
        }
        acts && self.locked
    }

    /// The text's tempo that acts now that its scene is heard.
    pub fn take_due(&mut self) -> Option<Course> {
        self.due.take()
    }

    /// The performer sets a tempo: whatever a text asked for before that is over.
    pub fn tempo_set(&mut self) {
        self.due = None;
    }

    fn lock(&mut self, locked: bool) {
        self.locked = locked;
        if locked {
            self.due = None;
        }
    }

    /// Takes what the performer has asked; commands that set nothing for good change nothing.
    pub fn take(&mut self, command: &Command) {
        match command {
            Command::Tempo(_) | Command::Ramp { .. } => self.tempo_set(),
            Command::Lock(locked) => self.lock(*locked),
            Command::Nudge { output, ms: 0 } => drop(self.nudges.remove(output)),
            Command::Nudge { output, ms } => {
                self.nudges.insert(output.clone(), (*ms).clamp(-MOST_NUDGE_MS, MOST_NUDGE_MS));
            }
            Command::CountIn(on) => self.count_in = *on,
            Command::Turn { knob, factor } => self.knobs.set(*knob, *factor),
            Command::Use { voice, what } if what.holds() => drop(self.uses.insert(voice.clone(), *what)),
            command => self.mix.take(command),
        }
    }

    /// What brings this state about where nothing is set yet.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let Mix { mutes, solos, gains } = &self.mix;
        let mutes = mutes.iter().map(|(voice, &muted)| Command::Mute { voice: voice.clone(), muted });
        let solos = solos.iter().map(|voice| Command::Solo { voice: voice.clone(), soloed: true });
        let gains = gains.iter().map(|(voice, &gain)| Command::Gain { voice: voice.clone(), gain });
        let nudges = self.nudges.iter().map(|(output, &ms)| Command::Nudge { output: output.clone(), ms });
        let locked = self.locked.then_some(Command::Lock(true));
        let count_in = self.count_in.then_some(Command::CountIn(true));
        let turned = Knob::ALL.map(|knob| Command::Turn { knob, factor: self.knobs.get(knob) });
        let plain = Knobs::default();
        let turned = turned
            .into_iter()
            .filter(|turn| matches!(turn, Command::Turn { knob, factor } if plain.get(*knob) != *factor));
        let uses = self.uses.iter().map(|(voice, &what)| Command::Use { voice: voice.clone(), what });
        mutes.chain(solos).chain(gains).chain(nudges).chain(uses).chain(locked).chain(count_in).chain(turned).collect()
    }

    /// What the performer has chosen for a hand.
    #[must_use]
    pub fn use_of(&self, voice: &str) -> Option<Use> {
        self.uses.get(voice).copied()
    }

    /// How many milliseconds later than planned what goes to an output leaves.
    #[must_use]
    pub fn nudge(&self, output: &str) -> i16 {
        self.nudges.get(output).copied().unwrap_or(0)
    }

    #[must_use]
    pub fn knobs(&self) -> Knobs {
        self.knobs
    }

    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    #[must_use]
    pub fn counts_in(&self) -> bool {
        self.count_in
    }
}

impl Mix {
    /// A text's mutes hold for voices that were never met.
    pub fn meet(&mut self, scene: &Scene) {
        for voice in &scene.voices {
            self.mutes.entry(voice.name.clone()).or_insert(voice.muted);
        }
    }

    /// A mute, a solo or a gain, which is brought into 0 to [`MOST_GAIN`]; other commands change nothing.
    pub fn take(&mut self, command: &Command) {
        match command {
            Command::Mute { voice, muted } => {
                self.mutes.insert(voice.clone(), *muted);
            }
            Command::Solo { voice, soloed: true } => {
                self.solos.insert(voice.clone());
            }
            Command::Solo { voice, .. } => {
                self.solos.remove(voice);
            }
            Command::Gain { voice, gain } => {
                let gain = if gain.is_nan() { 1.0 } else { gain.clamp(0.0, MOST_GAIN) };
                self.gains.insert(voice.clone(), gain);
            }
            _ => {}
        }
    }

    #[must_use]
    pub fn is_muted(&self, voice: &str) -> bool {
        self.mutes.get(voice).copied().unwrap_or(false)
    }

    #[must_use]
    pub fn is_soloed(&self, voice: &str) -> bool {
        self.solos.contains(voice)
    }

    /// Whether new notes of a voice are heard.
    #[must_use]
    pub fn sounds(&self, voice: &str) -> bool {
        !self.is_muted(voice) && (self.solos.is_empty() || self.is_soloed(voice))
    }

    /// The factor that the performer has set, if there is one.
    #[must_use]
    pub fn gain(&self, voice: &str) -> Option<f32> {
        self.gains.get(voice).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::transport::crotchets;

    fn scene(fields: &str) -> Scene {
        let text = format!("X:1\nM:4/4\n{fields}K:C\nV:a mute\nV:b\n");
        crate::prompt::read(Path::new("t.abc"), &text, &[], &crate::steer::Lexicon::default()).0.remove(0)
    }

    #[test]
    fn a_texts_mute_is_the_first_word_and_not_the_last() {
        let mut hands = Hands::default();
        hands.meet(&scene(""), true);
        assert_eq!((hands.mix.sounds("a"), hands.mix.sounds("b")), (false, true));
        hands.take(&Command::Mute { voice: "a".into(), muted: false });
        hands.take(&Command::Mute { voice: "b".into(), muted: true });
        hands.meet(&scene(""), true);
        assert_eq!((hands.mix.sounds("a"), hands.mix.sounds("b")), (true, false));
        hands.take(&Command::Solo { voice: "b".into(), soloed: true });
        assert_eq!((hands.mix.sounds("a"), hands.mix.sounds("b")), (false, false), "a mute holds against a solo");
        hands.take(&Command::Gain { voice: "b".into(), gain: 9.0 });
        assert_eq!((hands.mix.gain("b"), hands.mix.gain("a")), (Some(MOST_GAIN), None));
    }

    #[test]
    fn what_is_set_is_brought_about_again() {
        let mut hands = Hands::default();
        let nudge = |output: &str, ms| Command::Nudge { output: output.into(), ms };
        let commands = [
            Command::Mute { voice: "a".into(), muted: true },
            Command::Solo { voice: "b".into(), soloed: true },
            Command::Gain { voice: "b".into(), gain: 0.5 },
            nudge("Mini", -200),
            nudge("Drum", 4),
            nudge("synth", 3),
            nudge("synth", 0),
            Command::Use { voice: "keys".into(), what: Use::Trade },
            Command::Lock(true),
            Command::Turn { knob: Knob::Words, factor: 9.0 },
            Command::Turn { knob: Knob::Temperature, factor: 1.0 },
        ];
        for command in &commands {
            hands.take(command);
        }
        let nudges = ["Mini", "Drum", "synth"].map(|output| hands.nudge(output));
        assert_eq!(nudges, [-MOST_NUDGE_MS, 4, 0]);
        let mut again = Hands::default();
        for command in &hands.commands() {
            again.take(command);
        }
        assert_eq!(again, hands);
        assert_eq!(hands.commands().len(), 8);
    }

    type Do = fn(&mut Hands);

    #[test]
    fn a_texts_tempo_acts_when_it_changes_or_its_scene_is_entered() {
        let (slow, fast) = (scene("Q:1/4=60\n"), scene("Q:1/4=60..90/4\n"));
        let (at_60, ramp) = ((crotchets(60), None), (crotchets(60), Some((crotchets(90), 4))));
        // What the performer does, the text, whether it is entered; what acts, and whether the lock is named.
        let nothing: Do = |_| {};
        let cases: &[(Do, &Scene, bool, Option<Course>, bool)] = &[
            (nothing, &slow, true, Some(at_60), false),
            (nothing, &slow, false, None, false),
            (nothing, &fast, false, Some(ramp), false),
            (|hands| hands.take(&Command::Lock(true)), &slow, false, None, true),
            (nothing, &slow, true, None, true),
            (|hands| hands.take(&Command::Lock(false)), &slow, false, None, false),
            (nothing, &slow, true, Some(at_60), false),
            (nothing, &scene(""), true, None, false),
            // A text that was to come and does not, since another without a tempo takes its place.
            (|hands| assert!(!hands.meet(&scene("Q:1/4=70\n"), true)), &scene(""), true, None, false),
        ];
        let mut hands = Hands::default();
        for (at, (before, scene, entered, acts, kept_back)) in cases.iter().enumerate() {
            before(&mut hands);
            assert_eq!(hands.meet(scene, *entered), *kept_back, "{at}");
            assert_eq!(hands.take_due(), *acts, "{at}");
        }
        hands.meet(&slow, true);
        hands.tempo_set();
        assert_eq!(hands.take_due(), None, "what is asked later holds");
    }
}
