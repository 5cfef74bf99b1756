//! The control words: what a model's captions may say, and which of them exclude each other. Plain tables.

/// Bands that are divided in three, in the order of [`crate::feature::Band`]: density, register, motion, contour; in each the words from
/// one end to the other.
pub const BANDS: [[&str; 3]; 4] = [
    ["sparse", "steady", "busy"],
    ["low", "middle", "high"],
    ["stepwise", "flowing", "leaping"],
    ["falling", "level", "rising"],
];

/// Clear words: each may stand beside every other.
const CLEAR: [&str; 5] = ["dotted", "triplets", "repeating", "syncopated", "chromatic"];

/// Where in a form a phrase is: one at a time.
const PLACES: [&str; 3] = ["build", "break", "fill"];

/// Dances with steps of their own: one at a time. A jazz waltz is both, so genres are not among them.
const DANCES: [&str; 7] = ["jig", "reel", "hornpipe", "waltz", "strathspey", "slipjig", "march"];

/// Figures, genres and the rest, which go together as they like.
const OTHERS: [&str; 20] = [
    "cadence", "air", "hymn", "ballad", "walking", "ostinato", "riff", "arpeggio", "pad", "comping", "call", "answer",
    "blues", "funk", "rock", "house", "techno", "dub", "latin", "jazz",
];

/// All control words.
pub fn all() -> impl Iterator<Item = &'static str> {
    let lists = [&CLEAR[..], &PLACES, &DANCES, &OTHERS];
    BANDS.iter().flatten().copied().chain(lists.into_iter().flatten().copied())
}

/// The control word of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static str> {
    all().find(|word| *word == name)
}

/// The words of which only one can hold, with `word` among them; none for a word that excludes nothing.
pub(super) fn rivals(word: &str) -> &'static [&'static str] {
    let groups = BANDS.iter().map(|band| &band[..]).chain([&PLACES[..], &DANCES]);
    groups.into_iter().find(|group| group.contains(&word)).unwrap_or(&[])
}

/// The band of a word and its place in it, from 0 to 2.
pub(super) fn in_band(word: &str) -> Option<(&'static [&'static str; 3], usize)> {
    BANDS.iter().find_map(|band| Some((band, band.iter().position(|other| *other == word)?)))
}
