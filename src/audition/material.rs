//! What the scoreboard's prompts are made of: charts, basses and openings by rule, in any metre and mode. Pure; nothing is from a book.

use num_rational::Ratio;

use crate::abc::key::Key;
use crate::abc::{Meter, Pitch, Step, print};
use crate::compose::{Prompt, PromptBar, PromptVoice, Revision, Role, STREAM_UNIT, VoiceRules};
use crate::feature;
use crate::score::{ChordSymbol, DEFAULT_VELOCITY, Measure, Note};
use crate::time::Beats;

/// Degrees of the scale, from 0, of eight chords.
const PROGRESSIONS: [[usize; 8]; 5] = [
    [0, 3, 4, 0, 0, 3, 4, 0],
    [0, 5, 3, 4, 0, 5, 4, 0],
    [0, 0, 3, 0, 4, 3, 0, 4],
    [0, 6, 5, 6, 0, 3, 4, 0],
    [0, 4, 5, 3, 0, 3, 4, 0],
];

/// Degrees of the scale along which openings walk.
const WALKS: [[i32; 12]; 4] = [
    [0, 1, 2, 4, 2, 1, 3, 2, 1, 0, 2, 4],
    [4, 3, 2, 0, 1, 2, 3, 4, 5, 4, 2, 1],
    [0, 2, 4, 2, 4, 7, 5, 4, 2, 4, 2, 0],
    [2, 1, 0, 2, 3, 4, 3, 2, 4, 5, 3, 1],
];
/// Notes of each beat of the openings, in turn.
const SIMPLE: [i64; 4] = [1, 2, 1, 2];
const COMPOUND: [i64; 4] = [3, 1, 3, 1];

/// What is asked of the model, but for the words and the seed.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub role: Role,
    pub meter: (u16, u16),
    pub key: &'static str,
    /// Voices beside it that are given.
    pub given: &'static [Role],
    /// Bars of an opening that is given.
    pub opening: usize,
    /// Which of the charts and openings.
    pub variant: usize,
    /// Whether chart and bass move within the bar, as in a hymn.
    pub moving: bool,
}

impl Setting {
    /// A prompt whose model's voice, the last one, lacks `bars` bars behind the opening.
    pub fn prompt(&self, bars: usize, seed: u64) -> Result<Prompt, String> {
        let meter = Meter::Measured { numerator: self.meter.0, denominator: self.meter.1 };
        let key = Key::parse(self.key)?.0;
        let count = self.opening + bars;
        let voice = |role: Role, composed: bool| {
            let rules = VoiceRules { range: range(role), ..VoiceRules::default() };
            PromptVoice { name: role.tag().to_owned(), role, composed, rules }
        };
        let mut voices: Vec<PromptVoice> = self.given.iter().map(|&role| voice(role, false)).collect();
        voices.push(voice(self.role, true));
        let print = |measure: &Measure| {
            let measure = measure.transposed(key.home().interval_to(&key));
            print::bar(&measure, meter.bar_length(), &print::Style::new(&key, meter, STREAM_UNIT))
        };
        let bar = |index: usize| {
            let given = self.given.iter().map(|&role| Some(print(&self.given(role, index, meter, &key))));
            let own = (index < self.opening).then(|| print(&self.opening(index, meter, &key)));
            PromptBar { cells: given.chain([own]).collect(), ..PromptBar::default() }
        };
        Ok(Prompt {
            revision: Revision(1),
            meter,
            key,
            phrase: 4,
            voices,
            first_bar: 1,
            bars: (0..count).map(bar).collect(),
            seed,
            attempt: 0,
            candidates: 1,
            knobs: crate::compose::Knobs::default(),
            due: None,
        })
    }

    /// A bar of a given voice in the key without signature: the chart, or the roots of its chords.
    fn given(&self, role: Role, index: usize, meter: Meter, key: &Key) -> Measure {
        let (beat, length) = (meter.beat(), meter.bar_length());
        let beats = feature::ticks(length) / feature::ticks(beat).max(1);
        // In a hymn the chord changes in the middle of the bar, and the bass moves with the beats.
        let halves = if self.moving && beats % 2 == 0 { 2 } else { 1 };
        let steps = if self.moving { beats } else { 1 };
        let octave = if role == Role::Bass { 2 } else { 3 };
        let mut measure = Measure { length, ..Measure::default() };
        for half in 0..halves {
            let root = self.root(index * halves as usize + half as usize, key);
            let onset = length.scale(Ratio::new(half, halves));
            if role == Role::Chart {
                let minor = matches!(root.step, Step::D | Step::E | Step::A);
                let text = format!("{}{}", root.step.letter() as char, if minor { "m" } else { "" });
                measure.chords.push(ChordSymbol { onset, text });
            } else {
                let each = length.scale(Ratio::new(1, steps.max(halves)));
                let count = steps.max(halves) / halves;
                measure.notes.extend((0..count).map(|at| note(onset + each * at, each, Pitch { octave, ..root })));
            }
        }
        measure
    }

    /// The root of a chord of the progression.
    fn root(&self, at: usize, key: &Key) -> Pitch {
        let progression = PROGRESSIONS[self.variant % PROGRESSIONS.len()];
        let root = degree_pitch(key, progression[at % progression.len()] as i32, 3);
        // The fifth over B is diminished; G stands in for it.
        if root.step == Step::B { Pitch { step: Step::G, ..root } } else { root }
    }

    /// A bar of the opening: a walk along the scale that ends on a long tonic.
    fn opening(&self, index: usize, meter: Meter, key: &Key) -> Measure {
        let (beat, length) = (meter.beat(), meter.bar_length());
        let beats = feature::ticks(length) / feature::ticks(beat).max(1);
        let octave = if self.role == Role::Bass { 2 } else { 4 };
        let walk = WALKS[self.variant % WALKS.len()];
        let rhythms = if meter.is_compound() { COMPOUND } else { SIMPLE };
        let mut notes = Vec::new();
        if index + 1 == self.opening {
            notes.push(note(Beats::ZERO, length, degree_pitch(key, 0, octave)));
        } else {
            let mut place = index * 5;
            for at in 0..beats {
                let whole = rhythms[(at as usize + self.variant + index) % rhythms.len()];
                for part in 0..whole {
                    let size = Beats::new(beat.numerator(), beat.denominator() * whole);
                    notes.push(note(
                        beat * at + size * part,
                        size,
                        degree_pitch(key, walk[place % walk.len()], octave),
                    ));
                    place += 1;
                }
            }
        }
        Measure { length, notes, ..Measure::default() }
    }
}

/// Where the voices of the prompts may sound.
fn range(role: Role) -> (u8, u8) {
    match role {
        Role::Bass => (28, 57),
        Role::Keys => (45, 81),
        Role::Arp => (48, 88),
        Role::Inner => (48, 77),
        Role::Drums => (35, 81),
        Role::Chart | Role::Lead | Role::Hand => (55, 88),
    }
}

/// A degree of the scale without signature, 0 for the tonic in `octave`.
fn degree_pitch(key: &Key, degree: i32, octave: i8) -> Pitch {
    let tonic = key.home().tonic.map_or(0, |(step, _)| step as i32);
    let ladder = tonic + degree;
    let step = Step::ALL[ladder.rem_euclid(7) as usize];
    Pitch { step, alter: 0, octave: octave + ladder.div_euclid(7) as i8 }
}

fn note(onset: Beats, length: Beats, pitch: Pitch) -> Note {
    Note::new(onset, length, pitch, DEFAULT_VELOCITY)
}

#[cfg(test)]
mod tests {
    use super::super::piece::is_full;
    use super::*;

    #[test]
    fn charts_and_openings_are_full_bars_in_the_scale() {
        for (meter, key) in
            [((6, 8), "G"), ((4, 4), "Bm"), ((7, 8), "Ador"), ((3, 8), "Eb"), ((12, 8), "Dmix"), ((5, 4), "Ephr")]
        {
            for variant in 0..5 {
                let given = &[Role::Chart, Role::Bass];
                let setting =
                    Setting { role: Role::Lead, meter, key, given, opening: 4, variant, moving: variant % 2 == 0 };
                let prompt = setting.prompt(4, 1).unwrap();
                assert_eq!((prompt.bars.len(), prompt.first_missing()), (8, Some((4, vec![2]))));
                for text in prompt.bars.iter().flat_map(|bar| bar.cells.iter().flatten()) {
                    assert!(is_full(text, &prompt.key, prompt.meter), "{meter:?} {key}: {text}");
                    assert!(!text.contains(['^', '_', '=']), "{text}");
                }
                assert!(prompt.bars[0].cells[0].as_deref().unwrap().starts_with('"'));
            }
        }
    }
}
