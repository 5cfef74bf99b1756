//! Comping styles: each is a pattern for every metre. Pure.

use crate::abc::Meter;
use crate::abc::midi::{GCHORD_LETTERS, steps};

/// How a chart is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Style {
    /// abc2midi's own pattern for the metre: bass and chord by turns.
    Gchord,
    /// Each chord for as long as it lasts.
    Held,
    /// The chord on each beat.
    Pulse,
    /// Between the beats.
    Offbeat,
    /// Root, chord, fifth, chord.
    Stride,
    /// Note by note, up and down.
    Arpeggio,
    /// On the first beat, and an eighth before the third.
    Charleston,
    /// The performer's own pattern.
    Pattern(String),
}

impl Style {
    pub const NAMES: [&str; 7] = ["gchord", "held", "pulse", "offbeat", "stride", "arpeggio", "charleston"];

    /// A style by its name, or a pattern. The error says what there is.
    pub fn parse(text: &str) -> Result<Style, String> {
        Ok(match text {
            "" | "gchord" => Style::Gchord,
            "held" => Style::Held,
            "pulse" => Style::Pulse,
            "offbeat" => Style::Offbeat,
            "stride" => Style::Stride,
            "arpeggio" => Style::Arpeggio,
            "charleston" => Style::Charleston,
            pattern if steps(pattern, GCHORD_LETTERS).is_some() => Style::Pattern(pattern.to_owned()),
            _ => return Err(format!("{}, or a pattern as fzczfzcz", Style::NAMES.join(", "))),
        })
    }

    /// The pattern of a bar in this metre.
    #[must_use]
    pub fn pattern(&self, meter: Meter) -> String {
        let beats = meter.bar_length().ratio(meter.beat()).to_integer().max(1) as usize;
        let compound = meter.is_compound();
        let triple = !compound && matches!(meter, Meter::Measured { numerator: 3, .. });
        match self {
            Style::Pattern(pattern) => pattern.clone(),
            // abc2midi, guide to `%%MIDI gchord`: fzczfzcz, fzczcz, fzcfzc, fzcfzcfzc.
            Style::Gchord if compound => "fzc".repeat(beats),
            Style::Gchord if triple => "fzczcz".into(),
            Style::Gchord => by_turns("fz", "cz", beats),
            Style::Held => "c".into(),
            Style::Pulse => "c".repeat(beats),
            Style::Offbeat if compound => "zzc".repeat(beats),
            Style::Offbeat => "zc".repeat(beats),
            Style::Stride if triple => "fcc".into(),
            Style::Stride => ["f", "c", "k", "c"].into_iter().cycle().take(beats).collect(),
            Style::Arpeggio if compound => ["ghi", "jih"].into_iter().cycle().take(beats).collect(),
            Style::Arpeggio => ["gh", "ij", "ih"].into_iter().cycle().take(beats).collect(),
            Style::Charleston if compound => ["c2z", "zzc"].into_iter().cycle().take(beats).collect(),
            Style::Charleston => ["cz", "zc", "zz", "zz"].into_iter().cycle().take(beats).collect(),
        }
    }
}

fn by_turns(first: &str, second: &str, beats: usize) -> String {
    (0..beats).map(|beat| if beat % 2 == 0 { first } else { second }).collect()
}
