//! How to write for a model: `NAME.toml` beside `NAME.gguf`. A model without one is a guest: it gets plain ABC in the music's own key.

use std::path::Path;

use serde::Deserialize;

use super::Roles;
use super::form::Form;
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
    pub form: Form,
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
            form: Form::default(),
            sampling: Sampling::default(),
        }
    }
}

impl Profile {
    /// The profile beside a model file, or that of a guest. Errs on a profile that cannot be read, with the place.
    pub fn beside(model: &Path) -> Result<Profile, String> {
        let path = model.with_extension("toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display())),
            Err(_) => Ok(Profile { form: Form::guest(), ..Profile::default() }),
        }
    }

    #[must_use]
    pub fn wants_home_key(&self) -> bool {
        self.home_key == "none"
    }
}
