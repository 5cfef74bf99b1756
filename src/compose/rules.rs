//! The rules of one bar of one voice: what the performer set and the chart asks, as the automaton takes them. Pure; used where prompts are
//! read and on the decode thread.

use serde::{Deserialize, Serialize};

use super::Role;
use crate::abc::Meter;
use crate::abc::bar::{Pattern, PitchSet, Rules, TICKS_PER_WHOLE};
use crate::score::{Measure, Note};
use crate::time::Beats;

/// Of General MIDI's percussion key map, 35 to 81, what drummers play: drums, hats and cymbals, tambourine, cowbell, bongos and congas,
/// cabasa, maracas and claves. Whistles, scrapers and the like hold on, or are for few bars of few songs.
const KIT: u128 =
    (0x1_FFFF << 35) | 1 << 53 | 1 << 54 | 1 << 56 | 1 << 57 | 1 << 59 | 0x1F << 60 | 1 << 69 | 1 << 70 | 1 << 75;

/// The performer's constraints on a voice, in sounding pitch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceRules {
    /// Lowest and highest MIDI note.
    pub range: (u8, u8),
    /// Pitch classes that may sound, bit 0 = C; `None` for all. They say nothing of drums.
    pub classes: Option<u16>,
    /// Shortest note, in ticks of 1/96 whole note.
    pub grid: u16,
    /// Struck notes in a bar, least and most.
    pub notes: (u8, u8),
}

impl Default for VoiceRules {
    fn default() -> Self {
        VoiceRules { range: (36, 96), classes: None, grid: 6, notes: (1, 24) }
    }
}

/// What is asked of one bar besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarRules {
    /// Onsets, lengths and rests.
    pub rhythm: Option<Pattern>,
    /// Strong beats in ticks from the start of the bar, and the pitch classes (bit 0 = C) of the chord that holds there.
    pub strong: Vec<(u16, u16)>,
}

impl BarRules {
    /// Whether a bar has this rhythm and only these chords on its strong beats.
    #[must_use]
    pub fn kept_by(&self, bar: &Measure) -> bool {
        let time = |ticks: u16| Beats::new(ticks.into(), TICKS_PER_WHOLE.into());
        let rhythm = self.rhythm.as_ref().is_none_or(|pattern| {
            let first_held = bar.notes.first().is_some_and(|note| note.onset == Beats::ZERO && note.tied_from);
            let notes = pattern.notes().into_iter().map(|(at, ticks)| (time(at), time(ticks)));
            sounding(bar).into_iter().eq(notes)
                && (pattern.held || !first_held)
                && bar.notes.last().is_some_and(|note| note.tied_to) == pattern.ties_out()
        });
        let of_chord = |&(at, classes): &(u16, u16)| {
            let sounds = |note: &&Note| note.onset <= time(at) && note.onset + note.length > time(at);
            bar.notes.iter().filter(sounds).all(|note| classes >> note.pitch.midi().rem_euclid(12) & 1 == 1)
        };
        rhythm && self.strong.iter().all(of_chord)
    }
}

/// Onset and length of what sounds, what ties join in one.
fn sounding(bar: &Measure) -> Vec<(Beats, Beats)> {
    let mut notes: Vec<(Beats, Beats)> = Vec::new();
    for chord in bar.notes.chunk_by(|a, b| a.onset == b.onset) {
        let (onset, length) = (chord[0].onset, chord[0].length);
        match notes.last_mut().filter(|_| chord[0].tied_from) {
            Some(last) => last.1 += length,
            None => notes.push((onset, length)),
        }
    }
    notes
}

impl VoiceRules {
    /// What the voice may play.
    #[must_use]
    pub fn pitches(&self, role: Role) -> PitchSet {
        self.moved(role, 0)
    }

    /// The rules of a bar that is read `shift` semitones higher, under a key signature. `chords`: whether the voice may have them. Errs where
    /// no pitch is left, or the metre is not on the grid of 1/96.
    pub fn of_bar(
        &self,
        bar: &BarRules,
        role: Role,
        meter: Meter,
        signature: [i8; 7],
        shift: i32,
        chords: bool,
    ) -> Result<Rules, String> {
        let pitches = self.moved(role, shift);
        if pitches == PitchSet(0) {
            let drums = role == Role::Drums;
            let why =
                if drums { "no General MIDI drum lies in the range" } else { "none of these notes lies in the range" };
            return Err(why.to_owned());
        }
        let strong = |&(at, classes): &(u16, u16)| (at, PitchSet::classes(turned(classes, shift)));
        Ok(Rules {
            length: ticks(meter.bar_length())?,
            beat: ticks(meter.beat()).unwrap_or(24),
            grid: self.grid,
            pitches,
            signature,
            notes: self.notes,
            chords,
            symbols: false,
            tie_out: bar.rhythm.as_ref().map_or(role != Role::Drums, Pattern::ties_out),
            rhythm: bar.rhythm.clone(),
            strong: bar.strong.iter().map(strong).collect(),
        })
    }

    fn moved(&self, role: Role, shift: i32) -> PitchSet {
        let moved = |midi: u8| (i32::from(midi) + shift).clamp(0, 127) as u8;
        let range = PitchSet::range(moved(self.range.0), moved(self.range.1));
        match (role, self.classes) {
            (Role::Drums, _) => range.and(PitchSet(KIT)),
            (_, Some(classes)) => range.and(PitchSet::classes(turned(classes, shift))),
            (_, None) => range,
        }
    }
}

fn turned(classes: u16, shift: i32) -> u16 {
    (0..12)
        .filter(|class| classes >> class & 1 == 1)
        .fold(0, |set, class: i32| set | 1 << (class + shift).rem_euclid(12))
}

fn ticks(length: Beats) -> Result<u16, String> {
    let ticks = length * i64::from(TICKS_PER_WHOLE);
    if ticks.denominator() == 1 && (1..=384).contains(&ticks.numerator()) {
        Ok(ticks.numerator() as u16)
    } else {
        Err(format!("a bar of {length} is not on the composer's grid of 1/96"))
    }
}
