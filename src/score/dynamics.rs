//! Dynamics and accents as velocities (ABC 2.1, 4.14), and the way back. Pure.

use super::DEFAULT_VELOCITY;

/// The dynamics that a text may ask for, softest first, and their velocities.
const DYNAMICS: [(&str, u8); 10] = [
    ("pppp", 20),
    ("ppp", 30),
    ("pp", 45),
    ("p", 60),
    ("mp", 75),
    ("mf", DEFAULT_VELOCITY),
    ("f", 105),
    ("ff", 120),
    ("fff", 127),
    ("ffff", 127),
];

/// What an accent adds.
pub const ACCENT: u8 = 16;

/// The velocity of a dynamic by its name, `mf`.
#[must_use]
pub fn velocity(name: &str) -> Option<u8> {
    DYNAMICS.iter().find(|(known, _)| *known == name).map(|&(_, velocity)| velocity)
}

/// How a text asks for a velocity: the dynamic, and whether an accent is set to the note. Exactly so where there is such a dynamic, or one
/// that an accent brings there; else the nearest dynamic.
#[must_use]
pub fn written(velocity: u8) -> (&'static str, bool) {
    let exact = |accent: u8| DYNAMICS.iter().find(|(_, of)| of.saturating_add(accent) == velocity);
    let nearest = || DYNAMICS.iter().min_by_key(|(_, of)| of.abs_diff(velocity));
    match (exact(0), exact(ACCENT)) {
        (Some((name, _)), _) => (name, false),
        (None, Some((name, _))) => (name, true),
        (None, None) => (nearest().map_or("mf", |(name, _)| name), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn velocities_are_written_as_dynamics() {
        for (velocity, expected) in [
            (90, ("mf", false)),
            (127, ("fff", false)),
            (106, ("mf", true)),
            (121, ("f", true)),
            (107, ("f", false)),
            (98, ("f", false)),
            (97, ("mf", false)),
            (1, ("pppp", false)),
        ] {
            assert_eq!(written(velocity), expected, "{velocity}");
        }
    }
}
