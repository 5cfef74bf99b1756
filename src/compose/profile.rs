//! How to write for a model: `NAME.toml` beside `NAME.gguf`. A model without one gets plain ABC in the music's own key.

use std::path::Path;

use serde::Deserialize;

use super::Roles;
use super::sample::Sampling;
use crate::feature::Bands;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// `"none"`: the model wants music in the key of the mode without signature; empty: in its own key.
    pub home_key: String,
    /// The control words that the model was trained on; without them it is given the performer's words as they stand.
    pub words: Option<Vec<String>>,
    /// The role tags that the model knows (`true`: `ch`, `bass`, `lead`); without them voices have the performer's names.
    pub roles: Roles,
    /// The bounds of the control words, by role.
    pub bands: Bands,
    /// How far words lean the model's choice, 0 for not at all.
    pub lean: f32,
    /// Tokens of context, at most.
    pub context: u32,
    #[serde(flatten)]
    pub sampling: Sampling,
}

impl Default for Profile {
    fn default() -> Self {
        Profile {
            home_key: String::new(),
            words: None,
            roles: Roles::default(),
            bands: Bands::default(),
            lean: 1.0,
            context: 1024,
            sampling: Sampling::default(),
        }
    }
}

impl Profile {
    /// The profile beside a model file, or the default one. Errs on a profile that cannot be read, with the place.
    pub fn beside(model: &Path) -> Result<Profile, String> {
        let path = model.with_extension("toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Profile::parse(&text).map_err(|error| format!("{}: {error}", path.display())),
            Err(_) => Ok(Profile::default()),
        }
    }

    /// Errs with the place and what belongs there.
    pub fn parse(text: &str) -> Result<Profile, String> {
        toml::from_str(text).map_err(|error| in_plain_words(&error.to_string()))
    }

    #[must_use]
    pub fn wants_home_key(&self) -> bool {
        self.home_key == "none"
    }
}

/// What was expected, in words that are none of Rust's.
fn in_plain_words(error: &str) -> String {
    const WORDS: [(&str, &str); 7] = [
        ("f32", "a number"),
        ("f64", "a number"),
        ("u32", "a whole number"),
        ("usize", "a whole number"),
        ("a sequence", "a list, as in [\"low\", \"high\"]"),
        ("an array of length 2", "two numbers, as in [5.0, 7.5]"),
        ("struct Profile", "settings, as in lean = 1.0"),
    ];
    WORDS.iter().fold(error.to_owned(), |error, (theirs, ours)| {
        error.replace(&format!("expected {theirs}"), &format!("expected {ours}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_is_expected_and_where() {
        for (text, expected) in [
            ("lean = 'much'\n", "expected a number"),
            ("context = 'long'\n", "expected a whole number"),
            ("temperature = 'hot'\n", "expected a number"),
            ("top_k = 1.5\n", "expected a whole number"),
            ("words = 'low'\n", "expected a list, as in [\"low\", \"high\"]"),
            ("roles = 'bass'\n", "roles = true, false, or the tags that the model knows, as in [\"bass\", \"lead\"]"),
            ("bands = 3\n", "[bands.lead] with density, register, motion and contour, each as in [5.0, 7.5]"),
            (
                "[bands]\ndensity = 3\n",
                "[bands.lead] with density, register, motion and contour, each as in [5.0, 7.5]",
            ),
        ] {
            let said = Profile::parse(text).expect_err(text);
            assert!(said.contains(expected), "{text}: {said}");
            for theirs in ["f32", "f64", "u32", "usize", "untagged", "struct", "sequence"] {
                assert!(!said.contains(theirs), "{text}: {said}");
            }
        }
        assert_eq!(Profile::parse("lean = 2\ntemperature = 1\n").map(|profile| profile.lean), Ok(2.0));
    }
}
