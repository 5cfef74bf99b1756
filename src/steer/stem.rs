//! English endings: the plain forms that an inflected word may come from. Pure.

/// Calls `found` with each form that `word` may be an inflection of, likeliest first, until it gives something back.
pub(super) fn stems<T>(word: &str, mut found: impl FnMut(&str) -> Option<T>) -> Option<T> {
    if !word.is_ascii() {
        return None;
    }
    let mut form = String::with_capacity(word.len() + 2);
    for (ending, instead) in ENDINGS {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= 3) else { continue };
        form.clear();
        form.push_str(stem);
        form.push_str(instead);
        if let Some(found) = found(&form) {
            return Some(found);
        }
        // `running`, `bigger`: the consonant was doubled.
        let doubled = instead.is_empty() && ending.starts_with(['i', 'e']) && {
            let bytes = stem.as_bytes();
            bytes[bytes.len() - 1] == bytes[bytes.len() - 2] && stem.len() > 3
        };
        if doubled && let Some(found) = found(&stem[..stem.len() - 1]) {
            return Some(found);
        }
    }
    None
}

/// Endings and what stood in their place.
const ENDINGS: &[(&str, &str)] = &[
    ("ies", "y"),
    ("es", ""),
    ("s", ""),
    ("ied", "y"),
    ("ed", ""),
    ("ed", "e"),
    ("ing", ""),
    ("ing", "e"),
    ("ings", ""),
    ("ier", "y"),
    ("er", ""),
    ("er", "e"),
    ("ers", ""),
    ("ers", "e"),
    ("iest", "y"),
    ("est", ""),
    ("est", "e"),
    ("ily", "y"),
    ("ally", ""),
    ("ly", ""),
    ("ly", "le"),
    ("iness", "y"),
    ("ness", ""),
    ("ish", ""),
    ("y", ""),
    ("y", "e"),
    ("ish", "e"),
    ("like", ""),
    ("ful", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_words_are_found_by_their_plain_form() {
        let known = ["climb", "dark", "carry", "run", "leap", "gentle", "happy", "glide", "ocean", "storm", "wave"];
        for (word, expected) in [
            ("climbs", Some("climb")),
            ("darker", Some("dark")),
            ("darkness", Some("dark")),
            ("carried", Some("carry")),
            ("running", Some("run")),
            ("leaping", Some("leap")),
            ("gently", Some("gentle")),
            ("happiest", Some("happy")),
            ("happily", Some("happy")),
            ("gliding", Some("glide")),
            ("oceans", Some("ocean")),
            ("stormy", Some("storm")),
            ("wavy", Some("wave")),
            ("ferry", None),
            ("été", None),
            ("s", None),
        ] {
            let found = stems(word, |form| known.iter().find(|known| **known == form));
            assert_eq!(found.copied(), expected, "{word}");
        }
    }
}
