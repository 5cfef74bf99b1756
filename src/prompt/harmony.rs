//! The scene's chart as constraints: which pitch classes the chord has that holds on each strong beat. Pure.

use super::Voice;
use crate::abc::Meter;
use crate::accompany::on_strong_beats;

/// Along the bars of the first voice with chord symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Harmony {
    /// Index of that voice.
    pub voice: usize,
    /// For each of its bars, strong beats in ticks of 1/96 from its start, and the pitch classes of the chord there (bit 0 = C), the bass
    /// behind a stroke included.
    pub bars: Vec<Vec<(u16, u16)>>,
}

impl Harmony {
    /// `None` where no voice has chord symbols. Voices that comp still have theirs.
    pub(super) fn of(voices: &[Voice], meter: Meter) -> Option<Harmony> {
        let voice = voices.iter().position(|voice| voice.bars.iter().any(|bar| !bar.measure.chords.is_empty()))?;
        let measures = voices[voice].bars.iter().map(|bar| &bar.measure);
        let bars = on_strong_beats(measures, meter).into_iter().map(|beats| {
            let asked = beats.into_iter().filter_map(|(beat, chord)| {
                let ticks = beat * 96;
                let at = u16::try_from(ticks.numerator()).ok().filter(|_| ticks.denominator() == 1)?;
                let bass =
                    chord.bass.map_or(0, |(step, alter)| 1 << (step.semitones() + i32::from(alter)).rem_euclid(12));
                Some((at, chord.classes() | bass))
            });
            asked.collect()
        });
        Some(Harmony { voice, bars: bars.collect() })
    }
}
