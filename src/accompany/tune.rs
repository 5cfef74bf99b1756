//! The accompaniment that a whole tune asks for: its chord symbols and its drums, in absolute time. Pure.

use super::{Comper, Drummer, RANGE, Style};
use crate::abc::Meter;
use crate::abc::ast::{Bar, Symbol, Tune};
use crate::abc::chord::ChordName;
use crate::abc::midi::{MidiCourse, MidiSetting};
use crate::score::{Carry, ChordSymbol, Joined, Measure, measure, summable, unfold};
use crate::time::Beats;

/// So many notes are enough; a pattern of many letters in a tune of many bars must not fill the memory.
const MOST_NOTES: usize = 500_000;

/// A voice that nobody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    /// In order of their onsets; of one onset in no order.
    pub notes: Vec<Joined>,
}

/// Chords with their bass as `chords`, drums as `drum`; only what sounds. The chords are those of the first voice that has any, the
/// drums those of [`drummed`], each along the bars of that voice, repeats unfolded. Parts of a split bar have the pattern of the whole bar, a pickup its
/// end.
#[must_use]
pub fn parts(tune: &Tune) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(voice) = chart(tune) {
        let (mut comper, course) = (Comper::new(Style::Gchord, RANGE), MidiCourse::of(tune, &[voice]));
        let bar = |whole: &Whole| {
            comper.direct(course.at(whole.place));
            comper.bar(&whole.chords, whole.meter)
        };
        parts.push(Part { name: "chords", notes: played(&wholes(tune, voice), bar) });
    }
    if let Some(voice) = drummed(tune).filter(|_| tune.voice("drum").is_none()) {
        let (mut drummer, course) = (Drummer::default(), MidiCourse::of(tune, &[voice]));
        let bar = |whole: &Whole| {
            drummer.direct(course.at(whole.place));
            if whole.lead > Beats::ZERO {
                drummer.skip_to_last();
            }
            drummer.bar(whole.meter)
        };
        parts.push(Part { name: "drum", notes: played(&wholes(tune, voice), bar) });
    }
    parts.retain(|part| !part.notes.is_empty());
    parts
}

/// The voice whose chord symbols are played: the first one that has any.
fn chart(tune: &Tune) -> Option<&str> {
    let is_chord = |symbol: &Symbol| matches!(symbol, Symbol::ChordSymbol(text) if ChordName::parse(text).is_some());
    let has = |bar: &Bar| bar.items.iter().any(|item| is_chord(&item.symbol));
    tune.voices.iter().find(|voice| voice.bars.iter().any(has)).map(|voice| voice.id.as_str())
}

/// The voice whose directives turn the drums on: the first one that `%%MIDI drumon` holds for.
#[must_use]
pub fn drummed(tune: &Tune) -> Option<&str> {
    let on = tune.directives.iter().find(|directive| directive.midi.contains(&MidiSetting::DrumOn(true)))?;
    on.voice.as_deref().or(tune.voices.first().map(|voice| voice.id.as_str()))
}

/// A bar of the metre as it is played, put together of the parts that repeat signs and double bars split it into.
struct Whole {
    start: Beats,
    /// What a pickup lacks before it.
    lead: Beats,
    length: Beats,
    meter: Meter,
    /// Where its first part's music begins in the text.
    place: usize,
    /// Onsets from the bar's start, lead included.
    chords: Vec<ChordSymbol>,
}

fn wholes(tune: &Tune, name: &str) -> Vec<Whole> {
    let Some(voice) = tune.voice(name) else { return Vec::new() };
    let mut carry = Carry::of(tune, name);
    let mut wholes: Vec<Whole> = Vec::new();
    let mut start = Beats::ZERO;
    for at in unfold(tune, voice) {
        let bar = &voice.bars[at];
        let Measure { length, chords, .. } = measure(bar, &mut carry).0;
        let meter = bar.context.meter;
        // In free metre every bar is as long as it is.
        let full = meter.length().unwrap_or_default();
        let together = |last: &Whole| last.lead + last.length < full && last.lead + last.length + length <= full;
        let moved = |chords: Vec<ChordSymbol>, by: Beats| {
            chords.into_iter().map(move |chord| ChordSymbol { onset: chord.onset + by, ..chord })
        };
        match wholes.last_mut() {
            Some(last) if last.meter == meter && together(last) => {
                last.chords.extend(moved(chords, last.lead + last.length));
                last.length += length;
            }
            last => {
                let pickup = last.is_none() && length < full;
                let lead = if pickup { full - length } else { Beats::ZERO };
                let chords = moved(chords, lead).collect();
                wholes.push(Whole { start, lead, length, meter, place: bar.music_start(), chords });
            }
        }
        start += length;
    }
    wholes
}

/// What `bar` plays to each bar, as far as the bar goes.
fn played(wholes: &[Whole], mut bar: impl FnMut(&Whole) -> Measure) -> Vec<Joined> {
    let mut notes = Vec::new();
    for whole in wholes {
        let end = whole.lead + whole.length;
        for note in bar(whole).notes {
            if (whole.lead..end).contains(&note.onset) {
                let onset = whole.start + summable(note.onset - whole.lead);
                let length = summable(note.length.min(end - note.onset));
                notes.push(Joined { onset, length, pitch: note.pitch, velocity: note.velocity, place: note.place });
            }
        }
        if notes.len() > MOST_NOTES {
            break;
        }
    }
    notes
}
