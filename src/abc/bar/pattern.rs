//! A rhythm that a bar is held to: lengths of notes and rests, as they are written. Values.

use serde::{Deserialize, Serialize};

/// One element of a rhythm; ticks (1/96) of its written length, one of [`super::LENGTHS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stroke {
    Rest(u16),
    Note(u16),
    /// A note that a tie holds into the next element, or into the next bar.
    Tied(u16),
    /// `(3` of three notes.
    Triplet(u16),
}

impl Stroke {
    /// How long it lasts, in ticks.
    #[must_use]
    pub fn ticks(self) -> u16 {
        match self {
            Stroke::Rest(ticks) | Stroke::Note(ticks) | Stroke::Tied(ticks) => ticks,
            Stroke::Triplet(ticks) => 2 * ticks,
        }
    }
}

/// The rhythm of one bar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// In their order; together as long as the bar.
    pub strokes: Vec<Stroke>,
    /// Whether the bar before ties into the first of them.
    pub held: bool,
}

impl Pattern {
    /// Whether the last note is tied into the next bar.
    #[must_use]
    pub fn ties_out(&self) -> bool {
        matches!(self.strokes.last(), Some(Stroke::Tied(_)))
    }

    /// What sounds: onset and length of each note in ticks, what ties join in one.
    #[must_use]
    pub fn notes(&self) -> Vec<(u16, u16)> {
        let mut notes: Vec<(u16, u16)> = Vec::new();
        let (mut at, mut tied) = (0, false);
        for stroke in &self.strokes {
            match (*stroke, notes.last_mut()) {
                (Stroke::Rest(_), _) => {}
                (Stroke::Triplet(ticks), _) => {
                    notes.extend((0..3).map(|index| (at + index * (2 * ticks / 3), 2 * ticks / 3)));
                }
                (Stroke::Note(ticks) | Stroke::Tied(ticks), Some(last)) if tied => last.1 += ticks,
                (Stroke::Note(ticks) | Stroke::Tied(ticks), _) => notes.push((at, ticks)),
            }
            tied = matches!(stroke, Stroke::Tied(_));
            at += stroke.ticks();
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ties_join_sounds_as_one() {
        use Stroke::{Note, Rest, Tied, Triplet};
        let pattern = Pattern { strokes: vec![Tied(48), Note(12), Rest(12), Triplet(12), Tied(24)], held: false };
        assert_eq!(pattern.notes(), [(0, 60), (72, 8), (80, 8), (88, 8), (96, 24)]);
        assert!(pattern.ties_out());
        assert_eq!(pattern.strokes.iter().map(|stroke| stroke.ticks()).sum::<u16>(), 120);
    }
}
