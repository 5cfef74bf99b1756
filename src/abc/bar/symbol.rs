//! A chord symbol byte by byte: `"A#m7/C"` is root, accidental, quality, bass (ABC 2.1, 4.18, the qualities of the subset).

/// A place between two bytes of a chord symbol; 0 is after the opening quote.
pub(super) type Place = u8;

/// What one more byte does.
pub(super) enum Step {
    Inside(Place),
    /// It was the closing quote.
    Closed,
}

/// `None` where no symbol of the subset goes on with this byte.
pub(super) fn push(at: Place, byte: u8) -> Option<Step> {
    let next = match (at, byte) {
        (0, b'A'..=b'G') => 1,
        (1, b'#' | b'b') => 2,
        (1 | 2, b'm') => 3,
        (1..=3 | 6, b'7') | (9, b'm') | (12, b'4') => 7,
        (3, b'a') => 5,
        (5, b'j') => 6,
        (1 | 2, b'd') => 8,
        (8, b'i') => 9,
        (1 | 2, b's') => 10,
        (10, b'u') => 11,
        (11, b's') => 12,
        (1 | 2 | 3 | 7, b'/') => 13,
        (13, b'A'..=b'G') => 14,
        (14, b'#' | b'b') => 15,
        (1 | 2 | 3 | 7 | 14 | 15, b'"') => return Some(Step::Closed),
        _ => return None,
    };
    Some(Step::Inside(next))
}
