//! `%%MIDI drum` as notes: a pattern spread over one bar or several. Pure.

use std::sync::Arc;

use num_rational::Ratio;

use crate::abc::midi::{DrumPattern, MidiSettings};
use crate::abc::{Meter, Pitch};
use crate::score::{Measure, Note};

/// Who drums: remembers which bar of its pattern comes next.
#[derive(Debug, Default)]
pub struct Drummer {
    pattern: Option<Arc<DrumPattern>>,
    /// How many bars the pattern lasts, and which of them is next.
    bars: u8,
    next: u8,
}

impl Drummer {
    /// What `%%MIDI` says of the bars to come. Another pattern begins at its beginning.
    pub fn direct(&mut self, midi: &MidiSettings) {
        let pattern = midi.drum.as_ref().filter(|_| midi.drum_on);
        let same = match (&self.pattern, pattern) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new) && self.bars == midi.drum_bars,
            (None, None) => true,
            _ => false,
        };
        if !same {
            *self = Drummer { pattern: pattern.cloned(), bars: midi.drum_bars, next: 0 };
        }
    }

    /// Goes to the pattern's last bar, as before a pickup.
    pub fn skip_to_last(&mut self) {
        self.next = self.bars.saturating_sub(1);
    }

    /// The next bar. Pitches are General MIDI's drums; a stroke lasts to the next step, but not over the bar line.
    pub fn bar(&mut self, meter: Meter) -> Measure {
        let length = meter.bar_length();
        let mut measure = Measure { length, ..Measure::default() };
        let Some(DrumPattern(steps)) = self.pattern.as_deref() else { return measure };
        let parts: u32 = steps.iter().map(|(length, _)| length).sum();
        let part = |at: u32| (length * i64::from(self.bars)).scale(Ratio::new(at.into(), parts.into()));
        let start = length * i64::from(self.next);
        let mut at = 0;
        for &(step, stroke) in steps {
            let (onset, end) = (part(at), part(at + step).min(start + length));
            at += step;
            if let Some((drum, velocity)) = stroke.filter(|_| (start..start + length).contains(&onset)) {
                let (onset, length) = (onset - start, end - onset);
                let (pitch, velocity) = (Pitch::from_midi(drum.into()), velocity.max(1));
                measure.notes.push(Note::new(onset, length, pitch, velocity).fixed());
            }
        }
        self.next = (self.next + 1) % self.bars.max(1);
        measure
    }
}
