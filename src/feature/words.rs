//! The control words that speak of what can be computed from notes: bands with bounds for each role, and words that are clear or not said.
//! Pure; used on the decode thread and by the audition.

use std::collections::HashMap;

use serde::Deserialize;

use super::Features;
use crate::compose::Role;
use crate::steer::control::BANDS;

/// A feature whose values are cut into three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    Density,
    Register,
    Motion,
    Contour,
}

impl Band {
    pub const ALL: [Band; 4] = [Band::Density, Band::Register, Band::Motion, Band::Contour];

    /// The words for its low, middle and high third.
    #[must_use]
    pub fn words(self) -> [&'static str; 3] {
        BANDS[self as usize]
    }

    /// The band and the third (0 to 2) of which a word speaks.
    #[must_use]
    pub fn of_word(word: &str) -> Option<(Band, usize)> {
        Band::ALL.into_iter().find_map(|band| Some((band, band.words().iter().position(|known| *known == word)?)))
    }

    #[must_use]
    pub fn value(self, features: &Features) -> f64 {
        match self {
            Band::Density => features.density,
            Band::Register => features.register,
            Band::Motion => features.motion,
            Band::Contour => features.contour,
        }
    }

    /// Whether it means anything for a role: drums have no melody.
    #[must_use]
    pub fn speaks_of(self, role: Role) -> bool {
        self == Band::Density || role != Role::Drums
    }
}

/// A word that stands only where it is clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    Dotted,
    Triplets,
    Repeating,
    Syncopated,
    Chromatic,
    Cadence,
}

impl Clear {
    pub const ALL: [Clear; 6] =
        [Clear::Dotted, Clear::Triplets, Clear::Repeating, Clear::Syncopated, Clear::Chromatic, Clear::Cadence];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Clear::Dotted => "dotted",
            Clear::Triplets => "triplets",
            Clear::Repeating => "repeating",
            Clear::Syncopated => "syncopated",
            Clear::Chromatic => "chromatic",
            Clear::Cadence => "cadence",
        }
    }

    #[must_use]
    pub fn of_word(word: &str) -> Option<Clear> {
        Clear::ALL.into_iter().find(|clear| clear.word() == word)
    }

    #[must_use]
    pub fn value(self, features: &Features) -> f64 {
        match self {
            Clear::Dotted => features.dotted,
            Clear::Triplets => features.triplets,
            Clear::Repeating => features.repeating,
            Clear::Syncopated => features.syncopated,
            Clear::Chromatic => features.chromatic,
            Clear::Cadence => features.cadence,
        }
    }

    /// The least value of which the word is said.
    #[must_use]
    pub fn least(self) -> f64 {
        match self {
            Clear::Dotted | Clear::Cadence => 1.0,
            Clear::Triplets => 1.5,
            Clear::Repeating => 0.3,
            Clear::Syncopated => 0.2,
            Clear::Chromatic => 0.12,
        }
    }

    /// Whether it means anything for a role: drums repeat, know no key and come to no rest.
    #[must_use]
    pub fn speaks_of(self, role: Role) -> bool {
        role != Role::Drums || matches!(self, Clear::Dotted | Clear::Triplets | Clear::Syncopated)
    }
}

/// The bounds between the three words of each band, `[low, high]`: the first word is below `low`, the last one above `high`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Bounds {
    pub density: [f64; 2],
    #[serde(default = "anywhere")]
    pub register: [f64; 2],
    #[serde(default = "anywhere")]
    pub motion: [f64; 2],
    #[serde(default = "anywhere")]
    pub contour: [f64; 2],
}

fn anywhere() -> [f64; 2] {
    [0.0, 127.0]
}

impl Bounds {
    /// For models that say nothing of their training: what such voices usually do.
    #[must_use]
    pub fn usual(role: Role) -> Bounds {
        let bounds = |density, register, motion, contour| Bounds { density, register, motion, contour };
        match role {
            Role::Bass => bounds([3.0, 5.0], [41.0, 46.0], [2.5, 5.0], [-2.0, 2.0]),
            Role::Drums => bounds([8.0, 13.0], anywhere(), anywhere(), anywhere()),
            Role::Keys => bounds([2.0, 4.5], [65.0, 71.0], [1.0, 2.5], [-1.5, 1.5]),
            Role::Arp => bounds([7.5, 11.0], [62.0, 70.0], [3.5, 5.0], [-2.0, 2.0]),
            Role::Inner => bounds([3.5, 5.5], [60.0, 66.0], [1.2, 2.2], [-1.5, 1.0]),
            Role::Chart | Role::Lead | Role::Hand => bounds([5.0, 7.5], [69.0, 75.0], [2.0, 2.9], [-2.5, 1.0]),
        }
    }

    #[must_use]
    pub fn of(&self, band: Band) -> [f64; 2] {
        match band {
            Band::Density => self.density,
            Band::Register => self.register,
            Band::Motion => self.motion,
            Band::Contour => self.contour,
        }
    }

    /// In which third a value is, 0 to 2.
    #[must_use]
    pub fn third(&self, band: Band, value: f64) -> usize {
        let [low, high] = self.of(band);
        usize::from(value >= low) + usize::from(value > high)
    }
}

/// `[bands]` of a profile: bounds by role tag, or one set, which is the lead's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct Bands(HashMap<String, Bounds>);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected [bands.lead] with density, register, motion and contour, each as in [5.0, 7.5]"
)]
enum Written {
    One(Bounds),
    ByRole(HashMap<String, Bounds>),
}

impl From<Written> for Bands {
    fn from(written: Written) -> Bands {
        match written {
            Written::One(bounds) => Bands(HashMap::from([("lead".to_owned(), bounds)])),
            Written::ByRole(bounds) => Bands(bounds),
        }
    }
}

impl Bands {
    /// The bounds for a role: what the profile says, else the usual ones.
    #[must_use]
    pub fn of(&self, role: Role) -> Bounds {
        self.0.get(role.tag()).copied().unwrap_or_else(|| Bounds::usual(role))
    }
}

/// What control words ask of a voice, as far as notes can answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    thirds: [Option<usize>; 4],
    clear: [bool; 6],
}

impl Wishes {
    /// Of the words of one band the last one holds. Words that speak of something else, or not of this role, are passed over.
    #[must_use]
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>, role: Role) -> Wishes {
        let mut wishes = Wishes::default();
        for word in words {
            if let Some((band, third)) = Band::of_word(word).filter(|(band, _)| band.speaks_of(role)) {
                wishes.thirds[band as usize] = Some(third);
            }
            if let Some(clear) = Clear::of_word(word).filter(|clear| clear.speaks_of(role)) {
                wishes.clear[clear as usize] = true;
            }
        }
        wishes
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Wishes::default()
    }

    /// The third of a band that is asked for, 0 to 2.
    #[must_use]
    pub fn third(&self, band: Band) -> Option<usize> {
        self.thirds[band as usize]
    }

    #[must_use]
    pub fn clear(&self, clear: Clear) -> bool {
        self.clear[clear as usize]
    }

    /// Every word that wishes can come from.
    pub fn vocabulary() -> impl Iterator<Item = &'static str> {
        Band::ALL.into_iter().flat_map(Band::words).chain(Clear::ALL.into_iter().map(Clear::word))
    }
}

/// Every control word that is true of a phrase, bands first.
#[must_use]
pub fn true_words(features: &Features, bounds: &Bounds, role: Role) -> Vec<&'static str> {
    let bands = Band::ALL.into_iter().filter(|band| band.speaks_of(role));
    let bands = bands.map(|band| band.words()[bounds.third(band, band.value(features))]);
    let clear = Clear::ALL.into_iter().filter(|clear| clear.speaks_of(role) && clear.value(features) >= clear.least());
    bands.chain(clear.map(Clear::word)).collect()
}
