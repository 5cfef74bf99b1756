//! What a voice is in the music, and under which tag a model that knows roles is shown it. Pure.

use serde::{Deserialize, Serialize};

/// What a voice is in the music: how a model that knows only roles is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Chord symbols.
    Chart,
    /// General MIDI drum notes, never transposed.
    Drums,
    Bass,
    /// Comping and pads, in chords; by rule, by the text or by the model.
    Keys,
    /// Arpeggios, ostinati, riffs.
    Arp,
    /// A middle voice.
    Inner,
    Lead,
    /// What a hand plays.
    Hand,
}

impl Role {
    pub const ALL: [Role; 8] =
        [Role::Chart, Role::Drums, Role::Bass, Role::Keys, Role::Arp, Role::Inner, Role::Lead, Role::Hand];

    /// The role of a tag.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.tag() == tag)
    }

    /// The tag of its own.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Role::Chart => "ch",
            Role::Drums => "kit",
            Role::Bass => "bass",
            Role::Keys => "keys",
            Role::Arp => "arp",
            Role::Inner => "inner",
            Role::Lead => "lead",
            Role::Hand => "hand",
        }
    }

    /// The tags that tell of such a voice, the nearest first. Chords that are given say what the chart says, so that nothing stands for them.
    fn tags(self, composed: bool) -> &'static [&'static str] {
        match self {
            Role::Chart => &["ch"],
            Role::Drums => &["kit"],
            Role::Bass => &["bass", "lead"],
            Role::Keys if composed => &["keys", "inner", "lead"],
            Role::Keys => &["keys"],
            Role::Arp => &["arp", "lead"],
            Role::Inner => &["inner", "lead"],
            Role::Lead => &["lead"],
            Role::Hand => &["hand", "lead"],
        }
    }

    /// Whether several notes at once are its way.
    #[must_use]
    pub fn is_chordal(self) -> bool {
        matches!(self, Role::Keys | Role::Drums)
    }
}

/// `roles` of a profile: how the model is told of voices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub enum Roles {
    /// By the performer's names.
    #[default]
    Named,
    /// By the tags that it knows.
    Tagged(Vec<String>),
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected roles = true, false, or the tags that the model knows, as in [\"bass\", \"lead\"]"
)]
enum Written {
    Any(bool),
    Known(Vec<String>),
}

impl From<Written> for Roles {
    fn from(written: Written) -> Roles {
        match written {
            Written::Any(false) => Roles::Named,
            Written::Any(true) => Roles::Tagged(["ch", "bass", "lead"].map(str::to_owned).to_vec()),
            Written::Known(tags) => Roles::Tagged(tags),
        }
    }
}

impl Roles {
    /// What stands for a voice in the model's text; `None` keeps the voice from a model that was never taught such.
    #[must_use]
    pub fn show<'a>(&self, role: Role, name: &'a str, composed: bool) -> Option<&'a str> {
        match self {
            Roles::Named => Some(name),
            Roles::Tagged(known) => role.tags(composed).iter().copied().find(|tag| known.iter().any(|k| k == tag)),
        }
    }

    /// Whether the model was taught this role itself, or may know it from anywhere.
    #[must_use]
    pub fn know(&self, role: Role) -> bool {
        match self {
            Roles::Named => true,
            Roles::Tagged(known) => known.iter().any(|tag| tag == role.tag()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_shown_under_the_nearest_tag_that_the_model_knows() {
        #[derive(Deserialize)]
        struct Lines {
            roles: Roles,
        }
        let read = |text: &str| toml::from_str::<Lines>(text).unwrap().roles;
        let named = read("roles = false");
        let today = read("roles = true");
        let all = read("roles = ['ch', 'kit', 'bass', 'keys', 'arp', 'inner', 'lead', 'hand']");
        let cases = [
            (Role::Chart, true, "ch", "ch"),
            (Role::Drums, true, "", "kit"),
            (Role::Drums, false, "", "kit"),
            (Role::Bass, true, "bass", "bass"),
            (Role::Keys, true, "lead", "keys"),
            (Role::Keys, false, "", "keys"),
            (Role::Arp, false, "lead", "arp"),
            (Role::Inner, true, "lead", "inner"),
            (Role::Lead, true, "lead", "lead"),
            (Role::Hand, false, "lead", "hand"),
        ];
        for (role, composed, then, now) in cases {
            let shown = |roles: &Roles| roles.show(role, "mine", composed).unwrap_or_default().to_owned();
            assert_eq!((shown(&today).as_str(), shown(&all).as_str()), (then, now), "{role:?}");
            assert_eq!(shown(&named), "mine");
        }
        assert!(all.know(Role::Keys) && !today.know(Role::Keys) && named.know(Role::Keys));
    }
}
