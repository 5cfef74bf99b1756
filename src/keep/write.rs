//! Heard bars as text for their place. Pure.

use super::{Kept, unaltered};
use crate::abc::Meter;
use crate::abc::ast::{Bar, Context, Symbol, Tune};
use crate::abc::interval::Interval;
use crate::abc::midi::Stress;
use crate::abc::print::{self, Loudness, Style};
use crate::compose::Role;
use crate::score::{Carry, DEFAULT_VELOCITY, Measure, Note, accent, join};
use crate::time::Beats;

/// What holds where a voice begins in the text.
pub(super) struct Place {
    context: Context,
    /// From what sounds to what is written.
    written: Interval,
    /// Loudness by the place in the bar, as `%%MIDI` has it.
    stress: Option<Stress>,
    /// It is its affair, and not the metre's.
    fixed: bool,
}

impl Place {
    /// Where the voice's first bar stands.
    pub fn first(tune: &Tune, name: &str) -> Option<Place> {
        Some(Place::of(tune, name, tune.voice(name)?.bars.first()?))
    }

    /// Where its last one does.
    pub fn last(tune: &Tune, name: &str) -> Option<Place> {
        Some(Place::of(tune, name, tune.voice(name)?.bars.last()?))
    }

    fn of(tune: &Tune, name: &str, bar: &Bar) -> Place {
        let mut context = bar.context;
        for item in bar.items.iter().take_while(|item| !item.symbol.is_timed()) {
            if let Symbol::Change(change) = &item.symbol {
                context.apply(change);
            }
        }
        let carry = Carry::of(tune, name);
        let midi = carry.midi.in_bar(bar);
        let written = Interval::of_semitones(context.shift + midi.transpose).inverse();
        Place { context, written, stress: midi.stress.clone(), fixed: midi.places_loudness() }
    }

    pub fn meter(&self) -> Meter {
        self.context.meter
    }

    pub fn written(&self, measures: &[Measure]) -> Vec<Measure> {
        if self.written == Interval::UNISON {
            return measures.to_vec();
        }
        measures.iter().map(|measure| measure.transposed(self.written)).collect()
    }

    /// The bars without bar lines, each note as loud as it was heard.
    pub fn texts(&self, measures: &[Measure]) -> Vec<String> {
        let Context { key, unit, meter, .. } = self.context;
        let style = Style { marks: true, ..Style::new(&key, meter, unit) };
        let length = meter.bar_length();
        let asked: Vec<Measure> = measures
            .iter()
            .map(|measure| {
                let mut measure = measure.clone();
                for note in &mut measure.notes {
                    note.velocity = self.asked(note);
                }
                measure
            })
            .collect();
        let says =
            asked.iter().flat_map(|bar| &bar.notes).any(|note| !note.tied_from && note.velocity != DEFAULT_VELOCITY);
        let mut loudness = Loudness::default();
        let text = |measure: &Measure| {
            let loudness = says.then_some(&mut loudness);
            print::bar_with(measure, length, &style, loudness)
        };
        asked.iter().map(text).collect()
    }

    /// The velocity that a dynamic has to ask for, so that a note sounds here as it did: what the metre adds to it is added again where
    /// `%%MIDI` says nothing else.
    fn asked(&self, note: &Note) -> u8 {
        let (onset, meter) = (note.onset, self.context.meter);
        let accent = |fixed: bool| if fixed { 0 } else { i32::from(accent(onset, meter)) };
        let heard = i32::from(note.velocity) + accent(note.marks.fixed);
        let usual = i32::from(DEFAULT_VELOCITY);
        let here = self.stress.as_ref().map_or(usual, |stress| stress.velocity(onset, meter).into());
        (usual + heard - here - accent(self.fixed)).clamp(1, 127) as u8
    }
}

/// Whether the same is heard of both: pitches, onsets and lengths, ties joined.
pub(super) fn same(a: &[Measure], b: &[Measure]) -> bool {
    let notes = |measures: &[Measure]| {
        let mut start = Beats::ZERO;
        let starts = measures.iter().map(|measure| {
            start += measure.length;
            (start - measure.length, measure.clone())
        });
        let notes = join(starts.collect::<Vec<_>>());
        let mut notes: Vec<(Beats, i32, Beats)> =
            notes.iter().map(|note| (note.onset, note.pitch.midi(), note.length)).collect();
        notes.sort_unstable();
        notes
    };
    notes(a) == notes(b)
}

/// Leaves the ties that hold from one of these bars to the next; a note that was held into the first of them is struck. `around`: behind the
/// last one comes the first.
pub(super) fn tie(measures: &mut [Measure], around: bool) {
    let bars = measures.len();
    let held: Vec<Vec<i32>> = measures
        .iter()
        .map(|bar| bar.notes.iter().filter(|note| note.onset == Beats::ZERO && note.tied_from))
        .map(|notes| notes.map(|note| note.pitch.midi()).collect())
        .collect();
    for at in 0..bars {
        let next = (at + 1 < bars || around).then(|| &held[(at + 1) % bars]);
        let length = measures[at].length;
        for note in measures[at].notes.iter_mut().filter(|note| note.tied_to && note.onset + note.length >= length) {
            note.tied_to = next.is_some_and(|held| held.contains(&note.pitch.midi()));
        }
    }
    let mut out: Vec<i32> = Vec::new();
    for measure in measures {
        for note in measure.notes.iter_mut().filter(|note| note.onset == Beats::ZERO) {
            note.tied_from &= out.contains(&note.pitch.midi());
        }
        out = measure.tied_out().iter().map(|pitch| pitch.midi()).collect();
    }
}

/// The text with the bars behind it as private notes.
pub(super) fn noted(text: &str, kept: &Kept) -> String {
    let line_break = line_break(text);
    let mut new = text.to_owned();
    if !new.is_empty() && !new.ends_with('\n') {
        new.push_str(line_break);
    }
    let (meter, unit) = (kept.meter, kept.unit);
    new.extend([&format!("%- {}, M:{meter} L:{unit} K:{}", kept.what(), kept.key), line_break]);
    for voice in &kept.voices {
        let key = unaltered(voice.role == Role::Drums, kept.key);
        let context = Context { meter, key, unit, shift: 0 };
        let place = Place { context, written: Interval::UNISON, stress: None, fixed: false };
        let bars = place.texts(&voice.measures);
        for line in bars.chunks(BARS_A_LINE) {
            new.extend([&format!("%- [V:{}] {} |", voice.name, line.join(" | ")), line_break]);
        }
    }
    new
}

/// Bars on a line of text.
pub(super) const BARS_A_LINE: usize = 4;

/// How the text ends its lines.
pub(super) fn line_break(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
