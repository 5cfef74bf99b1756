//! The bars that a prompt's text gives a voice: repeats unfolded, pickups and split bars made full.

use crate::abc::ast::Tune;
use crate::abc::{Diagnostic, Meter, Span, print};
use crate::compose::STREAM_UNIT;
use crate::score::{Carry, Measure, measure, swell, too_long, unfold};
use crate::time::Beats;

/// A bar that the text gives.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedBar {
    /// Canonical, at the stream's unit length in the scene's key.
    pub text: String,
    pub measure: Measure,
    /// What is left out before it: of the first bar alone, where that is a pickup.
    pub late: Beats,
    /// From where its music begins.
    pub span: Span,
}

/// What a repeat sign at the end of a voice means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// A loop that only repeats itself is as long as it is written.
    Loop,
    /// It counts: a section is as long as it is played.
    Played,
}

/// The bars of a voice as they are played: repeats unfolded, pickups and split bars made full.
pub fn seed_bars(
    text: &str,
    tune: &Tune,
    name: &str,
    repeats: Repeats,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<SeedBar> {
    let Some(voice) = tune.voice(name) else { return Vec::new() };
    let meter = tune.header.meter.unwrap_or(Meter::COMMON);
    let full = meter.bar_length();
    let mut carry = Carry::of(tune, name);
    let mut bars: Vec<(Measure, Span)> = Vec::new();
    let mut said = vec![false; voice.bars.len()];
    let repeats_whole = repeats == Repeats::Loop && voice.bars.last().is_some_and(|bar| bar.after.ends > 0);
    let order = unfold(tune, voice);
    let written = voice.bars.len();
    let twice = repeats_whole && order.len() == 2 * written && order[..written] == order[written..];
    let order = if twice { &order[..written] } else { &order[..] };
    let mut played: Vec<Measure> = Vec::with_capacity(order.len());
    for at in order {
        let bar = &voice.bars[*at];
        let (measure, heard) = measure(bar, &mut carry);
        if !std::mem::replace(&mut said[*at], true) {
            diagnostics.extend(heard);
            if measure.length > full {
                diagnostics.push(Diagnostic::error(bar.span, too_long(bar, measure.length, meter, text)));
            }
        }
        played.push(measure);
    }
    swell(&mut played, &carry.shades);
    for (measure, at) in played.into_iter().zip(order) {
        let bar = &voice.bars[*at];
        if measure.length == Beats::ZERO && measure.chords.is_empty() {
            continue;
        }
        match bars.last_mut() {
            // Two halves of a split bar belong together.
            Some((last, _)) if last.length < full && last.length + measure.length <= full => last.append(measure),
            _ => bars.push((measure, Span { start: bar.music_start(), ..bar.span })),
        }
    }
    let mut late = bars.first().map_or(Beats::ZERO, |(first, _)| (full - first.length).max(Beats::ZERO));
    if let Some((first, _)) = bars.first_mut()
        && late > Beats::ZERO
    {
        let pickup = std::mem::take(first);
        first.length = late;
        first.append(pickup);
    }
    untie(&mut bars);
    let style = print::Style::new(&tune.header.key, tune.header.meter(), STREAM_UNIT);
    bars.into_iter()
        .map(|(mut measure, span)| {
            // What can be read of a bar that is too long still plays.
            measure.cut(full);
            SeedBar { text: print::bar(&measure, full, &style), measure, late: std::mem::take(&mut late), span }
        })
        .collect()
}

/// Takes back ties over a bar line to a note that is another one there: its text alone, `c` behind `^c-`, would be held.
fn untie(bars: &mut [(Measure, Span)]) {
    for at in 1..bars.len() {
        let (before, after) = bars.split_at_mut(at);
        let (Some((bar, _)), Some((next, _))) = (before.last_mut(), after.first()) else { continue };
        let length = bar.length;
        for note in bar.notes.iter_mut().filter(|note| note.tied_to && note.onset + note.length >= length) {
            let mut first = next.notes.iter().take_while(|next| next.onset == Beats::ZERO);
            note.tied_to = first.any(|next| next.tied_from && next.pitch == note.pitch);
        }
    }
}
