//! Reading the words back to the performer: what was heard, what gave way, what was not understood. Pure.

use super::words::Wish;
use super::{Scene, Section};
use crate::steer::control::BANDS;
use crate::steer::{Certainty, Facts, Steering};

impl Scene {
    /// `6/8 sparse low · bar 9: busy · not understood: ferry`. Empty for a scene without words. Leanings answer the words of the four
    /// bands whatever the model; `vocabulary` are the control words that the model knows ([`crate::compose::profile::Profile::words`]), none where it has none.
    #[must_use]
    pub fn read_back(&self, vocabulary: Option<&[String]>) -> String {
        let mut parts = Vec::new();
        let mut all: Vec<&Wish> = Vec::new();
        let mut denied = Vec::new();
        for (section, voice, wishes) in self.said() {
            let place: Vec<&str> = section.map(|section| section.name.as_str()).into_iter().chain(voice).collect();
            let scene = section.map_or(self, |section| &section.scene);
            parts.extend(scene.heard(&place.join(", "), wishes));
            denied.extend(wishes.iter().flat_map(|wish| scene.denied(&wish.steering)));
            all.extend(wishes);
        }
        let said = || all.iter().map(|wish| &wish.steering);
        let list = |title: &str, words: Vec<&str>| (!words.is_empty()).then(|| format!("{title}: {}", words.join(" ")));
        parts.extend(said().flat_map(|said| &said.overruled).map(|(old, new)| format!("{old} gives way to {new}")));
        parts.extend(denied);
        let strange = |word: &&str| {
            let known = vocabulary.is_none_or(|vocabulary| vocabulary.iter().any(|known| known == word));
            !known && !BANDS.iter().flatten().any(|banded| banded == word)
        };
        parts.extend(list(
            "strange to this model",
            said().flat_map(|said| said.heard.iter().copied()).filter(strange).collect(),
        ));
        parts.extend(list(
            "not understood",
            said().flat_map(|said| said.not_understood.iter().map(String::as_str)).collect(),
        ));
        parts.join(" · ")
    }

    /// What is said to all and then to single voices: of the scene, then of each section what is not said at the top.
    fn said(&self) -> Vec<(Option<&Section>, Option<&str>, &[Wish])> {
        let mut said: Vec<(Option<&Section>, Option<&str>, &[Wish])> = vec![(None, None, &self.wishes)];
        let own = |of: &Scene, voice: usize| of.own.iter().position(|(own, _)| *own == voice);
        let name = |voice: usize| Some(self.voices[voice].name.as_str());
        said.extend(self.own.iter().map(|(voice, wishes)| (None, name(*voice), &wishes[..])));
        for section in self.form.iter().flat_map(|form| &form.sections) {
            let here = Some(section);
            said.push((here, None, &section.scene.wishes[self.wishes.len()..]));
            said.extend(section.scene.own.iter().map(|(voice, wishes)| {
                let top = own(self, *voice).map_or(0, |at| self.own[at].1.len());
                (here, name(*voice), &wishes[top..])
            }));
        }
        said
    }

    /// What was heard and what was refused, each with whom it is for and its bar.
    fn heard(&self, whom: &str, wishes: &[Wish]) -> Vec<String> {
        let label = |place: String, words: &[String]| match (whom, &*place) {
            _ if words.is_empty() => None,
            ("", "") => Some(words.join(" ")),
            ("", place) => Some(format!("{place}: {}", words.join(" "))),
            (whom, "") => Some(format!("{whom}: {}", words.join(" "))),
            (whom, place) => Some(format!("{whom}, {place}: {}", words.join(" "))),
        };
        let place = |wish: &Wish| if wish.from == 0 { String::new() } else { format!("bar {}", wish.from + 1) };
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let heard = wishes.iter().filter_map(|wish| {
            let loudness = wish.steering.loudness.iter().map(ToString::to_string);
            let heard: Vec<String> = self
                .facts(&wish.steering.facts)
                .into_iter()
                .chain(owned(&wish.steering.heard))
                .chain(loudness)
                .collect();
            label(place(wish), &heard)
        });
        let refused: Vec<&str> = wishes.iter().flat_map(|wish| wish.steering.refused.iter().copied()).collect();
        heard.chain(label("not".to_owned(), &owned(&refused))).collect()
    }

    /// The facts in the words that hold: in a `.txt` file all of them do, beside a header those that agree with it.
    fn facts(&self, facts: &Facts) -> Vec<String> {
        let meter = facts.meter.as_ref().filter(|meter| meter.value == self.meter).map(|_| self.meter.to_string());
        let says = facts.tonic.is_some() || facts.mode.as_ref().is_some_and(|mode| mode.value == self.key.mode);
        let key = (says && self.agrees(facts)).then(|| self.key.to_string());
        let tempo = facts.tempo.as_ref().filter(|_| self.tempo.is_some() && facts.tempo(self.meter) == self.tempo);
        [meter, key, tempo.map(|tempo| tempo.value.to_string())].into_iter().flatten().collect()
    }

    /// Whether the header's key is what the words say of it. What is only hinted at denies nothing.
    fn agrees(&self, facts: &Facts) -> bool {
        let tonic = facts.tonic.as_ref().is_none_or(|tonic| self.key.tonic == Some(tonic.value));
        let mode = facts.mode.as_ref().filter(|mode| mode.certainty > Certainty::Hint);
        tonic && mode.is_none_or(|mode| mode.value == self.key.mode)
    }

    /// What the words say outright and the header says otherwise.
    fn denied(&self, said: &Steering) -> Vec<String> {
        let facts = &said.facts;
        let written = |certainty: Certainty| certainty == Certainty::Written;
        let meter = facts.meter.as_ref().filter(|meter| written(meter.certainty) && meter.value != self.meter);
        let key = match (&facts.tonic, &facts.mode) {
            (Some(tonic), _) => Some(&tonic.from),
            (None, Some(mode)) if mode.certainty > Certainty::Hint => Some(&mode.from),
            _ => None,
        };
        let key = key.filter(|_| !self.agrees(facts));
        let tempo =
            facts.tempo.as_ref().filter(|tempo| written(tempo.certainty) && facts.tempo(self.meter) != self.tempo);
        let denied = [
            meter.map(|meter| format!("M: says {}, not {}", self.meter, meter.from)),
            key.map(|from| format!("K: says {}, not {from}", self.key)),
            tempo.map(|tempo| format!("Q: does not say {}", tempo.from)),
        ];
        denied.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::prompt::read;
    use crate::steer::Lexicon;

    #[test]
    fn words_are_read_back() {
        let abc = "M:6/8\nL:1/8\nQ:3/8=60\nK:Ddor\nD3 F3 | A6 |\n";
        for (name, text, expected) in [
            ("a.abc", "% slow air; sparse, low\n", "air sparse stepwise low"),
            ("a.abc", "% low ferry in D dorian\n%- nothing\n", "Ddor low · not understood: ferry"),
            ("a.abc", "% busy and sparse, no triplets\n", "sparse · not: triplets · busy gives way to sparse"),
            ("a.abc", "% 6/8 at 60, funk\n", "6/8 60 funk · strange to this model: funk"),
            ("a.abc", "% 3/4 in G at 90\n", "M: says 6/8, not 3/4 · K: says Ddor, not g · Q: does not say 90"),
            ("a.abc", "", ""),
            ("a.txt", "a jig in D dorian at 110", "6/8 Ddor 110 jig"),
            ("a.txt", "悲伤的旋律，D小调，四三拍，速度 72", "3/4 Dm 72 sparse stepwise falling"),
        ] {
            let text = if name == "a.txt" { text.to_owned() } else { format!("X:1\n{text}{abc}") };
            let (scenes, _) = read(Path::new(name), &text, &[], &Lexicon::default());
            let known = ["sparse", "busy", "low", "air", "jig", "triplets"].map(String::from);
            assert_eq!(scenes[0].read_back(Some(&known)), expected, "{text}");
        }
    }

    #[test]
    fn a_mode_that_is_only_hinted_at_denies_no_key() {
        for (key, words, expected) in [
            ("D", "a sad tune in D", "D sparse falling low"),
            ("Dm", "a sad tune in D", "Dm sparse falling low"),
            ("Dm", "a sad tune", "Dm sparse falling low"),
            ("D", "a sad tune", "sparse falling low"),
            ("G", "a sad tune in D", "sparse falling low · K: says G, not d"),
            ("D", "in D minor", "K: says D, not d minor"),
            ("D", "minor", "K: says D, not minor"),
        ] {
            let text = format!("X:1\n% {words}\nM:4/4\nL:1/4\nK:{key}\nDEFG |\n");
            let (scenes, _) = read(Path::new("a.abc"), &text, &[], &Lexicon::default());
            assert_eq!(scenes[0].read_back(None), expected, "{words} in {key}");
        }
    }

    #[test]
    fn later_words_are_read_back_with_their_bar() {
        let text = "X:1\n% sparse\nM:4/4\nL:1/4\nK:C\nCDEF | G4 |\n% busy, glorp\nCDEF |\n";
        let (scenes, _) = read(Path::new("a.abc"), text, &[], &Lexicon::default());
        assert_eq!(scenes[0].read_back(None), "sparse · bar 3: busy · not understood: glorp");
    }

    #[test]
    fn the_words_of_a_section_are_held_against_its_own_key_and_metre() {
        let text = "X:1\nM:4/4\nL:1/4\nK:C\nP:A\n% in C, 4/4\nC4|\nP:B\nM:3/4\nK:G\n% in G, 3/4\nG3|\nP:C\nM:3/4\nK:G\n% in G, 4/4\nG3|\n";
        let (scenes, _) = read(Path::new("a.abc"), text, &[], &Lexicon::default());
        assert_eq!(scenes[0].read_back(None), "A: 4/4 C · B: 3/4 G · C: G · M: says 3/4, not 4/4");
    }

    #[test]
    fn the_words_of_a_voice_are_read_back_with_its_name() {
        let text = "X:1\n% sparse, no triplets\n% lead: answers the bass, no dotted rhythms\n% other: high\nM:4/4\nL:1/4\nK:C\nV:bass\n\
                    V:lead\n[V:lead] CDEF |\n% lead: busy, glorp\n[V:lead] CDEF |\n% low\n";
        let (scenes, _) = read(Path::new("a.abc"), text, &[], &Lexicon::default());
        let expected = "sparse high · bar 3: low · not: triplets · lead: answer · lead, bar 2: busy · lead, not: dotted · \
                        not understood: glorp";
        assert_eq!(scenes[0].read_back(None), expected);
    }
}
