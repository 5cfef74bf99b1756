//! Words to control words: what the performer writes about the music, in the vocabulary that a model was trained on. Pure.

/// Plain words and the control word that they mean. Everything else must be a control word itself.
const MEANINGS: &[(&str, &str)] = &[
    ("few", "sparse"),
    ("quiet", "sparse"),
    ("calm", "sparse"),
    ("slow", "sparse"),
    ("still", "sparse"),
    ("fast", "busy"),
    ("dense", "busy"),
    ("driving", "busy"),
    ("wild", "busy"),
    ("running", "busy"),
    ("deep", "low"),
    ("dark", "low"),
    ("bright", "high"),
    ("smooth", "stepwise"),
    ("singing", "stepwise"),
    ("jumping", "leaping"),
    ("leaps", "leaping"),
    ("jumpy", "leaping"),
    ("climbing", "rising"),
    ("ascending", "rising"),
    ("up", "rising"),
    ("down", "falling"),
    ("descending", "falling"),
    ("flat", "level"),
    ("swung", "dotted"),
    ("triplet", "triplets"),
    ("lament", "air"),
    ("song", "air"),
    ("chorale", "hymn"),
];

/// What a line of words came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steering {
    /// Control words, in the order of the text, each once.
    pub heard: Vec<String>,
    /// Words that mean nothing to this model.
    pub not_understood: Vec<String>,
}

/// Words that carry no wish of their own.
const FILLERS: &[&str] =
    &["a", "an", "the", "and", "or", "of", "in", "at", "with", "to", "it", "but", "that", "very", "more", "then", "is"];

/// Reads `lines` in the model's vocabulary of control words. A model without one is given the words as they stand: all of them count as heard.
#[must_use]
pub fn steer(lines: &[String], vocabulary: Option<&[String]>) -> Steering {
    let mut steering = Steering::default();
    let words =
        lines.iter().flat_map(|line| line.split(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty());
    for word in words.map(str::to_lowercase) {
        let meaning = MEANINGS.iter().find(|(plain, _)| *plain == word).map_or(word.as_str(), |(_, control)| control);
        let known = |word: &str| vocabulary.is_none_or(|vocabulary| vocabulary.iter().any(|known| known == word));
        // A control word is taken as it stands even when it also has a plain meaning.
        let control = if known(&word) { word.as_str() } else { meaning };
        let list = if known(control) { &mut steering.heard } else { &mut steering.not_understood };
        let entry = if known(control) { control } else { word.as_str() };
        if !(list.iter().any(|listed| listed == entry) || FILLERS.contains(&entry)) {
            list.push(entry.to_owned());
        }
    }
    steering
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_control_words() {
        let vocabulary: Vec<String> = ["sparse", "low", "air", "rising"].map(String::from).to_vec();
        let lines = ["slow air that climbs; sparse, LOW".to_owned(), "ascending".to_owned()];
        let steering = steer(&lines, Some(&vocabulary));
        assert_eq!(steering.heard, ["sparse", "air", "low", "rising"]);
        assert_eq!(steering.not_understood, ["climbs"]);
        assert_eq!(steer(&lines, None).not_understood, [""; 0]);
    }
}
