//! What can be seen of the note, chord or rest that is being written: for those who prefer one way on to another.
//! Pure; used on the decode thread.

use super::{Automaton, Context, Phase, State, Tables};

/// A note, chord or rest as far as it is written. Ticks are 1/96 of a whole note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// From the start of the bar.
    pub onset: u16,
    /// How long it sounds if nothing more is said of its length; triplets are short by a third.
    pub ticks: u16,
    /// Its highest pitch as MIDI note number, when that is known.
    pub top: Option<u8>,
    pub rest: bool,
    /// Whether a tie holds it from the element before.
    pub held: bool,
    /// Its place in a triplet, 0 to 2.
    pub triplet: Option<u8>,
}

impl Automaton {
    /// The element that the text is in the middle of; `None` between elements.
    #[must_use]
    pub fn element(&self, state: &State) -> Option<Element> {
        let (top, rest, prefix) = match (state.phase, state.context) {
            (Phase::Letter { pitch, upper, marks, .. }, _) => (self.meant(state, pitch, upper, marks), false, 0),
            (Phase::Length { note, rest, prefix, .. }, _) => (note.map(|note| note.midi), rest, prefix),
            (Phase::Inside | Phase::Accidental(_), Context::Chord { top, notes: 1.., .. }) => (Some(top), false, 0),
            (Phase::Inside, Context::Triplet { index: 1.., .. }) => return None,
            (Phase::Inside | Phase::TripletOpen | Phase::Accidental(_), _) => (None, false, 0),
            _ => return None,
        };
        let written = Tables::prefix_ticks(prefix).or_else(|| Tables::completions(prefix).next()).unwrap_or(0);
        let before = self.rules.length - state.left;
        let (onset, ticks, triplet) = match state.context {
            Context::Triplet { index: 0, .. } => (before, 2 * written / 3, Some(0)),
            Context::Triplet { index, ticks } => {
                let third = 2 * ticks / 3;
                (before + u16::from(index) * third, third, Some(index))
            }
            _ => (before, written, None),
        };
        Some(Element { onset, ticks, top, rest, held: state.tie.is_some(), triplet })
    }

    /// The pitch that a letter stands for: its own, or where the rules forbid that, the first that more octave marks lead to.
    fn meant(&self, state: &State, pitch: i16, upper: bool, marks: u8) -> Option<u8> {
        let shift = if upper { -12 } else { 12 };
        let more = (0..=i16::from(super::MAX_OCTAVE_MARKS.saturating_sub(marks))).map(|more| pitch + shift * more);
        more.into_iter().find(|&pitch| self.pitch_allowed(state, pitch)).and_then(|pitch| u8::try_from(pitch).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PitchSet, Rules};
    use super::*;

    #[test]
    fn an_element_is_seen_as_far_as_it_is_written() {
        let element = |onset, ticks, top: u8| Element {
            onset,
            ticks,
            top: (top > 0).then_some(top),
            rest: false,
            held: false,
            triplet: None,
        };
        let cases = [
            ("", None),
            ("c", Some(element(0, 12, 72))),
            ("c'", Some(element(0, 12, 84))),
            ("c2", Some(element(0, 24, 72))),
            ("c2 ", None),
            ("c2^", Some(element(24, 12, 0))),
            ("c2^f/", Some(element(24, 6, 78))),
            ("c3/", Some(element(0, 9, 72))),
            ("z4", Some(Element { rest: true, ..element(0, 48, 0) })),
            ("c2-c", Some(Element { held: true, ..element(24, 12, 72) })),
            ("[CE", Some(element(0, 12, 64))),
            ("[CE]4", Some(element(0, 48, 0))),
            ("(", Some(Element { triplet: Some(0), ..element(0, 8, 0) })),
            ("(3cd", Some(Element { triplet: Some(1), ..element(8, 8, 74) })),
            ("(3c2d", Some(Element { triplet: Some(1), ..element(16, 16, 74) })),
            // Below the range stands what an octave mark makes of it.
            ("C", Some(element(0, 12, 48))),
        ];
        for (text, expected) in cases {
            let pitches = if text == "C" { PitchSet::range(36, 59) } else { PitchSet::ALL };
            let automaton = Automaton::new(Rules { pitches, ..Rules::plain(96, 24) }).unwrap();
            let state =
                text.bytes().try_fold(automaton.start(None), |state, byte| automaton.push(state, byte)).unwrap();
            assert_eq!(automaton.element(&state), expected, "{text}");
        }
    }
}
