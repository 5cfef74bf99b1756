//! What is judged: some bars of one voice and what they stand under, in the key of their mode that has no signature. Pure.

use crate::abc::Meter;
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::compose::{Prompt, Role, STREAM_UNIT, obeyed};
use crate::score::Measure;

/// Which books a piece is like; each has bands of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Melodies,
    Hymns,
    Composed,
}

impl Source {
    pub const ALL: [Source; 3] = [Source::Melodies, Source::Hymns, Source::Composed];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Source::Melodies => "melodies",
            Source::Hymns => "hymns",
            Source::Composed => "composed",
        }
    }
}

/// Some bars of one voice.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub source: Source,
    pub role: Role,
    pub meter: Meter,
    /// Its mode's key without signature.
    pub key: Key,
    pub bars: Vec<Measure>,
    /// The chart's bars beside them; empty without a chart.
    pub chart: Vec<Measure>,
}

impl Piece {
    /// The bars of a prompt's voice from index `from` on.
    #[must_use]
    pub fn written(source: Source, prompt: &Prompt, voice: usize, from: usize) -> Piece {
        let role = prompt.voices[voice].role;
        let home = prompt.key.home();
        let way = prompt.key.interval_to(&home);
        let moved = |bars: Vec<Measure>| -> Vec<Measure> { bars.iter().map(|bar| bar.transposed(way)).collect() };
        let bars = obeyed::measures(prompt, voice, from);
        let chart = prompt.voices.iter().position(|voice| voice.role == Role::Chart);
        Piece {
            source,
            role,
            meter: prompt.meter,
            key: home,
            bars: if role == Role::Drums { bars } else { moved(bars) },
            chart: chart.map_or(Vec::new(), |chart| moved(obeyed::measures(prompt, chart, from))),
        }
    }

    /// `count` bars from bar `from` on, fewer at the end.
    #[must_use]
    pub fn window(&self, from: usize, count: usize) -> Piece {
        let cut = |bars: &[Measure]| bars.iter().skip(from).take(count).cloned().collect();
        Piece { bars: cut(&self.bars), chart: cut(&self.chart), ..*self }
    }

    /// The notes of all bars.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.bars.iter().map(|bar| bar.notes.len()).sum()
    }
}

/// Whether a bar, as it was written, can be read without a fault and lasts as long as the metre asks. A tie may lead out of it.
#[must_use]
pub fn is_full(text: &str, key: &Key, meter: Meter) -> bool {
    let (measure, diagnostics) = read_bar(text, key, meter, STREAM_UNIT, &[]);
    measure.length == meter.bar_length() && diagnostics.iter().all(|diagnostic| diagnostic.message.contains("tie"))
}
