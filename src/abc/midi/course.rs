//! Where `%%MIDI` directives hold: what is in force for a voice from place to place of the text. Pure.

use super::{MidiSetting, MidiSettings};
use crate::abc::ast::{Bar, Change, Symbol, Tune};

/// What holds for a voice from place to place of the text. A directive holds from the next bar on, in the order of the text: a repeat
/// plays its bars as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MidiCourse(Vec<(usize, MidiSettings)>);

impl MidiCourse {
    /// What stands before any voice, and what stands in the music of these voices or after their `V:` lines. `M:` in the music brings the
    /// metre's own `gchord` back.
    #[must_use]
    pub fn of(tune: &Tune, voices: &[&str]) -> MidiCourse {
        let mut marks: Vec<(usize, Option<&MidiSetting>)> = Vec::new();
        for directive in &tune.directives {
            if directive.voice.as_deref().is_none_or(|name| voices.contains(&name)) {
                marks.extend(directive.midi.iter().map(|setting| (directive.span.start, Some(setting))));
            }
        }
        if marks.iter().any(|(_, setting)| matches!(setting, Some(MidiSetting::Gchord(_)))) {
            let bars = voices.iter().filter_map(|name| tune.voice(name)).flat_map(|voice| &voice.bars);
            let changes = bars.flat_map(|bar| &bar.items);
            let meters = changes.filter(|item| matches!(item.symbol, Symbol::Change(Change::Meter(_))));
            marks.extend(meters.map(|item| (item.span.start, None)));
        }
        marks.sort_by_key(|(place, _)| *place);
        let mut settings = MidiSettings::NONE;
        let steps = marks.chunk_by(|a, b| a.0 == b.0).map(|together| {
            for (_, setting) in together {
                match setting {
                    Some(setting) => settings.apply(setting),
                    None => settings.gchord = None,
                }
            }
            (together[0].0, settings.clone())
        });
        MidiCourse(steps.collect())
    }

    /// What holds in a bar whose music begins at this place.
    #[must_use]
    pub fn at(&self, music_start: usize) -> &MidiSettings {
        static NONE: MidiSettings = MidiSettings::NONE;
        let before = self.0.partition_point(|(place, _)| *place < music_start);
        before.checked_sub(1).map_or(&NONE, |last| &self.0[last].1)
    }

    /// What holds in a bar. Nothing to look up in a tune without directives.
    #[must_use]
    #[inline]
    pub fn in_bar(&self, bar: &Bar) -> &MidiSettings {
        if self.0.is_empty() { self.at(0) } else { self.at(bar.music_start()) }
    }

    /// What holds when a voice begins: in its first bar, or, when it has none, after all that is said of it.
    #[must_use]
    pub fn first(&self, tune: &Tune, voice: &str) -> &MidiSettings {
        let first = tune.voice(voice).and_then(|voice| voice.bars.first());
        self.at(first.map_or(usize::MAX, Bar::music_start))
    }
}
