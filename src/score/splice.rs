//! Bars put together: one behind another, and what fits into a time. Pure.

use super::{ChordSymbol, Grace, Measure, Note};
use crate::time::Beats;

impl Measure {
    /// Puts `more` behind it.
    pub fn append(&mut self, more: Measure) {
        let start = self.length;
        self.notes.extend(more.notes.into_iter().map(|note| Note { onset: note.onset + start, ..note }));
        self.chords.extend(more.chords.into_iter().map(|chord| ChordSymbol { onset: chord.onset + start, ..chord }));
        self.graces.extend(more.graces.into_iter().map(|grace| Grace { onset: grace.onset + start, ..grace }));
        self.length += more.length;
    }

    /// Makes it exactly this long: what begins later is left out, and what lasts longer ends there.
    pub fn cut(&mut self, length: Beats) {
        self.notes.retain(|note| note.onset < length);
        for note in &mut self.notes {
            note.length = note.length.min(length - note.onset);
        }
        self.chords.retain(|chord| chord.onset < length);
        self.graces.retain(|grace| grace.onset < length);
        self.length = length;
    }

    /// What begins from there on, as a bar that is so much shorter.
    #[must_use]
    pub fn behind(&self, from: Beats) -> Measure {
        let mut rest = self.clone();
        rest.notes.retain(|note| note.onset >= from);
        rest.chords.retain(|chord| chord.onset >= from);
        rest.graces.retain(|grace| grace.onset >= from);
        rest.notes.iter_mut().for_each(|note| note.onset -= from);
        rest.chords.iter_mut().for_each(|chord| chord.onset -= from);
        rest.graces.iter_mut().for_each(|grace| grace.onset -= from);
        rest.length -= from;
        rest
    }
}
