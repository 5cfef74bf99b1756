//! What a scene's words say of loudness, apart from what they say to the model. Pure.

use std::sync::Arc;

use super::words::{Wish, Words};
use super::{Scene, Section};
use crate::steer::{Lexicon, Loudness, steer};

impl Scene {
    /// What is said of a voice's loudness, with the bars from which it holds: what is said to all before what is said to it.
    #[must_use]
    pub fn loudness_of(&self, voice: usize) -> Vec<(usize, Loudness)> {
        let own = self.own.iter().find(|(own, _)| *own == voice).map_or(&[][..], |(_, wishes)| wishes);
        said(self.wishes.iter().chain(own))
    }

    /// The same of a section, with its bars, and without what is said at the top.
    #[must_use]
    pub fn loudness_in(&self, section: &Section, voice: usize) -> Vec<(usize, Loudness)> {
        let own = |of: &'_ Scene| of.own.iter().position(|(own, _)| *own == voice);
        let top = own(self).map_or(0, |at| self.own[at].1.len());
        let its = own(&section.scene).map_or(&[][..], |at| &section.scene.own[at].1[top..]);
        said(section.scene.wishes[self.wishes.len()..].iter().chain(its))
    }
}

fn said<'a>(wishes: impl Iterator<Item = &'a Wish>) -> Vec<(usize, Loudness)> {
    let mut said: Vec<(usize, Loudness)> =
        wishes.flat_map(|wish| wish.steering.loudness.iter().map(|said| (wish.from, *said))).collect();
    said.sort_by_key(|(from, _)| *from);
    said
}

/// The words without what is only said of loudness, which is not the model's affair.
pub(super) fn for_the_model(words: Vec<Words>, lexicon: &Lexicon) -> Vec<Arc<Words>> {
    let without = |words: Words| {
        if steer(&[&words.text], lexicon).loudness.is_empty() {
            return Some(words);
        }
        let clauses = words.text.split_inclusive([',', ';', '.', '，', '；', '。', '、']);
        let kept: String = clauses.filter(|clause| !steer(&[clause], lexicon).is_loudness()).collect();
        let text = kept.trim().trim_end_matches([',', ';', '，', '；', '、']).to_owned();
        (!text.is_empty()).then_some(Words { text, ..words })
    };
    words.into_iter().filter_map(without).map(Arc::new).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::prompt::read;
    use crate::steer::Lexicon;

    #[test]
    fn the_model_is_not_told_of_loudness() {
        let text = "X:1\n% crescendo over 8\n% louder, low; glorp, softer\n% b: fade out\nM:4/4\nL:1/4\nK:C\nV:a\nV:b\n[V:a] C4 |\n\
                    % 渐弱\n[V:a] D4 |\n";
        let (scenes, _) = read(Path::new("a.abc"), text, &[], &Lexicon::default());
        let scene = &scenes[0];
        assert_eq!((scene.words_at(5), scene.control_at(5)), (vec!["low; glorp".to_owned()], vec!["low".to_owned()]));
        assert_eq!(scene.own_words_at(1, 5), None);
        let said =
            |voice| scene.loudness_of(voice).iter().map(|(from, said)| format!("{from} {said}")).collect::<Vec<_>>();
        assert_eq!(said(0), ["0 crescendo over 8", "0 louder", "0 softer", "1 diminuendo"]);
        assert_eq!(said(1), ["0 crescendo over 8", "0 louder", "0 softer", "0 fade out", "1 diminuendo"]);
        assert_eq!(
            scene.read_back(None),
            "low crescendo over 8 louder softer · bar 2: diminuendo · b: fade out · not understood: glorp"
        );
        // Without them it is the same to the model.
        let plain = text.replace("% crescendo over 8\n", "").replace("% b: fade out\n", "").replace("% 渐弱\n", "");
        let plain = read(Path::new("a.abc"), &plain, &[], &Lexicon::default()).0.remove(0);
        assert_eq!((scene.words_of(0), scene.words_of(1)), (plain.words_of(0), plain.words_of(1)));
    }
}
