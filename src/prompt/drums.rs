//! The drum voice that `%%MIDI drumon` asks for, so that a tune off the web plays with its drums. Pure.

use super::voice::{By, Voice};
use super::{MAX_VOICES, SeedBar};
use crate::abc::ast::Tune;
use crate::abc::midi::{MidiCourse, MidiSettings};
use crate::abc::{Meter, Span, print};
use crate::accompany::{Drummer, drummed};
use crate::compose::{Role, STREAM_UNIT};
use crate::time::Beats;

pub(super) const NAME: &str = "drum";
/// The first of them that there is; a plucked string at least ends.
const PATCHES: [&str; 2] = ["kit", "pluck"];
/// A loop that changes along a tune is at most so long; each bar may have many strokes.
const MOST_BARS: usize = 1000;

/// The voice `drum`, unless there is one of that name: a loop of the pattern, or, where directives between bars change it, of the bars
/// along which it changes.
pub(super) fn drums(tune: &Tune, voices: &[Voice], patches: &[String]) -> Option<Voice> {
    let named = drummed(tune).unwrap_or_default();
    if voices.len() >= MAX_VOICES || voices.iter().any(|voice| voice.name == NAME) {
        return None;
    }
    let course = MidiCourse::of(tune, &[named]);
    let owner = voices.iter().find(|voice| voice.name == named)?;
    let beyond = Span { start: usize::MAX, end: usize::MAX };
    let mut places: Vec<Span> = owner.bars.iter().map(|bar| bar.span).collect();
    let mut late = owner.bars.first().map_or(Beats::ZERO, |bar| bar.late);
    let said = |midi: &MidiSettings| (midi.drum_on, midi.drum.clone(), midi.drum_bars);
    let first = course.at(places.first().unwrap_or(&beyond).start);
    if places.iter().all(|place| said(course.at(place.start)) == said(first)) {
        late = Beats::ZERO;
        places = vec![places.first().copied().unwrap_or(beyond); first.drum_bars.into()];
    }
    places.truncate(MOST_BARS);
    let meter = tune.header.meter.unwrap_or(Meter::COMMON);
    let style = print::Style::new(&tune.header.key, meter, STREAM_UNIT);
    let mut drummer = Drummer::default();
    let bars: Vec<SeedBar> = places
        .into_iter()
        .map(|span| {
            drummer.direct(course.at(span.start));
            let measure = drummer.bar(meter);
            SeedBar {
                text: print::bar(&measure, meter.bar_length(), &style),
                measure,
                late: std::mem::take(&mut late),
                span,
            }
        })
        .collect();
    let patch = PATCHES.into_iter().find(|name| patches.iter().any(|patch| patch == name));
    let sounds = bars.iter().any(|bar| !bar.measure.notes.is_empty());
    sounds.then(|| Voice {
        patch: patch.unwrap_or(&owner.patch).to_owned(),
        bars: bars.into(),
        ..Voice::new(NAME, By::Loop, Role::Drums)
    })
}
