//! Which pieces of the prompt's text sound at a time. Pure.

use super::Bar;
use crate::abc::Span;
use crate::event::Author;
use crate::time::Beats;

impl Bar {
    /// The symbols of a voice that sound `at` so long after the bar's start, as places in the text that the bar's scene was read
    /// from. Nothing where others than the text wrote the bar. Notes count as long as they are written.
    pub fn sounding(&self, voice: usize, at: Beats) -> impl Iterator<Item = Span> {
        let given = self.cells.get(voice).filter(|cell| cell.by == Author::Text);
        let notes = given.map_or(&[][..], |cell| &cell.measure.notes);
        let now = notes.iter().filter(move |note| (note.onset..note.onset + note.length).contains(&at));
        now.map(|note| note.place.0).filter(|span| span.start < span.end)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crate::prompt::read;
    use crate::time::Beats;
    use crate::timeline::Timeline;

    /// The text that sounds in each eighth of the first bars of a voice.
    fn check(text: &str, voice: usize, expected: &[&str]) {
        let scene = read(Path::new("a.abc"), text, &[], &crate::steer::Lexicon::default()).0.remove(0);
        let mut timeline = Timeline::new(Arc::new(scene), 1);
        for expected in expected {
            let (bar, _) = timeline.commit();
            let eighths = bar.length().ratio(Beats::EIGHTH).to_integer();
            let heard = (0..eighths).map(|at| {
                let symbols = bar.sounding(voice, Beats::EIGHTH * at).map(|span| &text[span.start..span.end]);
                symbols.collect::<Vec<_>>().join("+")
            });
            assert_eq!(heard.collect::<Vec<_>>().join(" "), *expected, "bar {}", bar.number);
        }
    }

    #[test]
    fn the_text_of_a_loop_sounds() {
        let text = "X:1\nM:2/4\nL:1/8\nK:D\nV:a by=loop\nV:b by=loop\n[V:a] .AB {g}c2 | \"D\"[DF]2- [DF]z :|\n\
                    [V:b] !f!d4 | z2 e>f & A,2 |\n[V:a] % more\nTA4 |\n";
        check(text, 0, &["A B c2 c2", "[DF]2-+[DF]2- [DF]2-+[DF]2- [DF]+[DF] ", "A B c2 c2"]);
        check(text, 1, &["d4 d4 d4 d4", "A,2 A,2 e e", "d4 d4 d4 d4"]);
    }

    #[test]
    fn pickups_repeats_and_halves_keep_their_places() {
        let text = "X:1\nM:4/4\nL:1/4\nK:C\nV:a by=loop\n[V:a] G | cd |: e2 :| f4 |]\n";
        check(text, 0, &["  G G c c d d", "e2 e2 e2 e2 e2 e2 e2 e2", "f4 f4 f4 f4 f4 f4 f4 f4"]);
    }

    #[test]
    fn what_the_text_does_not_give_has_no_place() {
        let text = "X:1\nM:2/4\nL:1/8\nK:C\nV:a\nV:b by=chords\n[V:a] \"C\"A4 |\n";
        check(text, 0, &["A4 A4 A4 A4", "   "]);
        check(text, 1, &["   ", "   "]);
    }
}
