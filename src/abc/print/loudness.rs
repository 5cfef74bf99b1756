//! Velocities as dynamics and accents, from note to note. Pure.

use crate::score::dynamics::{ACCENT, velocity, written};

/// The dynamic in force, as far as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loudness(Option<&'static str>);

impl Loudness {
    /// What stands before a note of this velocity: `!p!`, `L`, or nothing where it goes without saying.
    pub(super) fn write(&mut self, note: u8, text: &mut String) {
        let accented = |name: &str| velocity(name).is_some_and(|plain| plain.saturating_add(ACCENT) == note);
        let (name, accent) = match self.0 {
            // An accent says it without another dynamic.
            Some(name) if accented(name) && velocity(name) != Some(note) => (name, true),
            _ => written(note),
        };
        if self.0 != Some(name) {
            self.0 = Some(name);
            text.extend(["!", name, "!"]);
        }
        if accent {
            text.push('L');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::key::Key;
    use crate::abc::parse::read_bar;
    use crate::abc::{Meter, print};
    use crate::time::Beats;

    #[test]
    fn what_was_read_with_dynamics_is_written_with_them() {
        for (text, expected) in [
            ("!p!A2B2 c4", "!p!A2 B2 c4"),
            ("!mf!A2 LB2 !f!c2 d2", "!mf!A2 LB2 !f!c2 d2"),
            ("!mp!LA2 !mf!B2 z4", "!mp!LA2 !mf!B2 z4"),
            ("!ff!(3ABc !pp![CE]2 z4", "(3!ff!ABc !pp![CE]2 z4"),
            ("!p!A5 B3", "!p!A4- AB3"),
        ] {
            let (key, unit, length) = (Key::NONE, Beats::EIGHTH, Beats::WHOLE);
            let (measure, _) = read_bar(text, &key, Meter::COMMON, unit, &[]);
            let style = print::Style { marks: true, ..print::Style::new(&key, Meter::COMMON, unit) };
            let written = print::bar_with(&measure, length, &style, Some(&mut Loudness::default()));
            let (again, said) = read_bar(&written, &key, Meter::COMMON, unit, &[]);
            assert_eq!(said, [], "{written}");
            let velocities = |measure: &crate::score::Measure| -> Vec<u8> {
                measure.notes.iter().filter(|note| !note.tied_from).map(|note| note.velocity).collect()
            };
            assert_eq!(velocities(&again), velocities(&measure), "{written}");
            assert!(written.contains('!'), "{written}");
            assert_eq!(written, expected);
        }
    }
}
