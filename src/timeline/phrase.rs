//! Where phrases begin. Pure; part of the timeline.

use super::Timeline;

impl Timeline {
    /// The next uncommitted bar, from `earliest` on, that begins a phrase of the scene that will be there.
    #[must_use]
    pub fn phrase_line(&self, earliest: i64) -> i64 {
        let line = |number: i64| self.in_force(number).phrase_line(number);
        let mut number = earliest.max(self.next);
        // An edit that comes before the line may have moved it.
        while line(number) != number {
            number = self
                .future
                .coming
                .iter()
                .map(|coming| coming.from)
                .find(|from| *from > number)
                .unwrap_or(i64::MAX)
                .min(line(number));
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crate::prompt::read;
    use crate::timeline::{Entry, Timeline};

    #[test]
    fn phrases_count_from_the_first_bar_of_their_scene() {
        let scene = |phrase: u32| {
            let text = format!("X:1\nM:4/4\nL:1/4\nK:C\n%%phrase {phrase}\nV:a by=loop\n[V:a] C4 |\n");
            Arc::new(read(Path::new("a.abc"), &text, &[], &crate::steer::Lexicon::default()).0.remove(0))
        };
        let mut timeline = Timeline::new(scene(4), 1);
        let mut lines = Vec::new();
        for bar in 1..=16 {
            // An edit keeps the count, another scene begins one.
            match bar {
                7 => drop(timeline.evaluate(scene(3), Entry::Edit, false)),
                12 => drop(timeline.evaluate(scene(2), Entry::AtOnce, false)),
                _ => {}
            }
            lines.push(timeline.phrase_line(bar));
            timeline.commit();
        }
        assert_eq!(lines, [1, 5, 5, 5, 5, 9, 7, 10, 10, 10, 13, 12, 14, 14, 16, 16]);
    }
}
