//! What the performer turns of the composer, as factors of what the model's profile says. Plain values.

use serde::{Deserialize, Serialize};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Knob {
    /// How bold the model is: its temperature.
    Temperature,
    /// How far words lean its choice.
    Words,
}

impl Knob {
    pub const ALL: [Knob; 2] = [Knob::Temperature, Knob::Words];
    /// Of a key.
    pub const STEP: f32 = 0.1;

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Knob::Temperature => "temperature",
            Knob::Words => "words",
        }
    }

    /// The least and the greatest factor; 1 is what the profile says, and no words at all is the bare model.
    #[must_use]
    pub fn range(self) -> (f32, f32) {
        match self {
            Knob::Temperature => (0.2, 2.0),
            Knob::Words => (0.0, 3.0),
        }
    }

    /// Where a controller puts it: 0 the least, 64 what the profile says, 127 the greatest.
    #[must_use]
    pub fn at(self, controller: u8) -> f32 {
        let ((least, most), value) = (self.range(), f32::from(controller));
        let factor = if value <= 64.0 {
            least + (1.0 - least) * value / 64.0
        } else {
            1.0 + (most - 1.0) * (value - 64.0) / 63.0
        };
        (factor * 100.0).round() / 100.0
    }
}

/// How they stand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knobs {
    pub temperature: f32,
    pub words: f32,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs { temperature: 1.0, words: 1.0 }
    }
}

impl Knobs {
    #[must_use]
    pub fn get(&self, knob: Knob) -> f32 {
        match knob {
            Knob::Temperature => self.temperature,
            Knob::Words => self.words,
        }
    }

    /// Turns one, as far as it goes; what is no number puts it back.
    pub fn set(&mut self, knob: Knob, factor: f32) {
        let (least, most) = knob.range();
        let factor = if factor.is_nan() { 1.0 } else { factor.clamp(least, most) };
        match knob {
            Knob::Temperature => self.temperature = factor,
            Knob::Words => self.words = factor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_turns_from_end_to_end_with_the_profile_in_the_middle() {
        for (knob, expected) in [(Knob::Temperature, [0.2, 0.6, 1.0, 2.0]), (Knob::Words, [0.0, 0.5, 1.0, 3.0])] {
            assert_eq!([0, 32, 64, 127].map(|value| knob.at(value)), expected, "{knob:?}");
            let mut knobs = Knobs::default();
            for (factor, held) in [(9.0, knob.range().1), (-1.0, knob.range().0), (f32::NAN, 1.0)] {
                knobs.set(knob, factor);
                assert_eq!(knobs.get(knob), held);
            }
        }
    }
}
