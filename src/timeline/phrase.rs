//! Where phrases begin. Pure; part of the timeline.

use super::Timeline;

/// No phrase has more bars.
const LONGEST: i64 = 64;

impl Timeline {
    /// The next bar, at or behind the first uncommitted one, that begins a phrase: phrases count from the first bar of their scene.
    #[must_use]
    pub fn phrase_line(&self) -> i64 {
        let begins = |number: &i64| {
            let in_force = self.in_force(*number);
            (number - in_force.origin).rem_euclid(i64::from(in_force.scene.phrase)) == 0
        };
        // A phrase of the scene that plays, and one of a scene that comes in the middle of it.
        (self.next..self.next + 2 * LONGEST).find(begins).unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crate::prompt::read;
    use crate::timeline::Timeline;

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
                7 => drop(timeline.evaluate(scene(3), false, false)),
                12 => drop(timeline.evaluate(scene(2), true, false)),
                _ => {}
            }
            lines.push(timeline.phrase_line());
            timeline.commit();
        }
        assert_eq!(lines, [1, 5, 5, 5, 5, 9, 7, 10, 10, 10, 13, 12, 14, 14, 16, 16]);
    }
}
