//! The form of a scene: its sections, the order in which they play, and where in it a bar stands. Pure.
//!
//! `P:AABA` goes round; a section is a scene of its own with the voices of the whole. What depends on the place in a scene (bars of the
//! text, words, rhythm, chart, what was composed) depends on nothing but a [`Place`].

use std::sync::Arc;

use super::Scene;

/// Sections and their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Each once; at least one.
    pub sections: Vec<Section>,
    /// Indices of sections as they play, over and over; at least one.
    pub order: Vec<usize>,
    /// For each step of the order the bar of the form, from 0, at which it begins; then the bars of the whole.
    starts: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// As in `P:A`.
    pub name: String,
    /// Its music and words, those at the top of the tune included.
    pub scene: Arc<Scene>,
    /// At least 1.
    pub bars: i64,
    /// When it returns, the last bar of each phrase is varied.
    pub vary: bool,
}

/// Where in a scene a bar stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the section, and which step of the form it is; `None` in a scene without sections.
    pub section: Option<(usize, usize)>,
    /// From 0: of the section, or of the scene where it has none.
    pub bar: i64,
}

impl Form {
    /// `order` and all section lengths are as the fields say.
    #[must_use]
    pub fn new(sections: Vec<Section>, order: Vec<usize>) -> Form {
        let mut starts = vec![0];
        for &section in &order {
            starts.push(starts[starts.len() - 1] + sections[section].bars);
        }
        Form { sections, order, starts }
    }

    /// The bars of one round.
    #[must_use]
    pub fn bars(&self) -> i64 {
        self.starts[self.order.len()]
    }

    /// The bar of the form at which a step begins; steps count on from round to round.
    #[must_use]
    pub fn start(&self, step: usize) -> i64 {
        let round = (step / self.order.len()) as i64;
        round * self.bars() + self.starts[step % self.order.len()]
    }
}

impl Scene {
    /// Where bar `bar` of the scene stands, from 0; before the first one the form goes back as it goes on.
    #[must_use]
    pub fn place(&self, bar: i64) -> Place {
        let Some(form) = &self.form else { return Place { section: None, bar } };
        let in_round = bar.rem_euclid(form.bars());
        let step = form.starts.partition_point(|start| *start <= in_round) - 1;
        Place { section: Some((form.order[step], step)), bar: in_round - form.starts[step] }
    }

    /// The section of a place.
    #[must_use]
    pub fn section(&self, place: Place) -> Option<&Section> {
        self.form.as_ref()?.sections.get(place.section?.0)
    }

    /// From a bar of the scene on, itself included, the next one that begins a section; in a scene without sections a phrase.
    #[must_use]
    pub fn section_line(&self, bar: i64) -> i64 {
        let place = self.place(bar);
        match self.section(place) {
            Some(_) if place.bar == 0 => bar,
            Some(section) => bar - place.bar + section.bars,
            None => self.phrase_line(bar),
        }
    }

    /// From a bar of the scene on, itself included, the next one that begins a phrase. Sections begin and end phrases.
    #[must_use]
    pub fn phrase_line(&self, bar: i64) -> i64 {
        let place = self.place(bar);
        let next = |phrase: u32| bar + (-place.bar).rem_euclid(i64::from(phrase.max(1)));
        match self.section(place) {
            Some(section) => next(section.scene.phrase).min(bar - place.bar + section.bars).max(bar),
            None => next(self.phrase),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::prompt::{Scene, read};
    use crate::steer::Lexicon;

    fn scene(text: &str) -> Scene {
        read(Path::new("t.abc"), text, &[], &Lexicon::default()).0.remove(0)
    }

    /// Section and bar of each bar of a scene, as `A0`.
    fn places(scene: &Scene, bars: std::ops::Range<i64>) -> String {
        let name = |bar| {
            let place = scene.place(bar);
            format!("{}{}", scene.section(place).map_or("-", |section| section.name.as_str()), place.bar)
        };
        bars.map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_form_goes_round() {
        let text = |order: &str, body: &str| scene(&format!("X:1\nM:4/4\nL:1/4\n{order}K:C\n%%phrase 2\n{body}\n"));
        for (order, body, expected) in [
            ("", "C4 | D4 |", "-0 -1 -2 -3 -4 -5 -6 -7"),
            // Without a form they play in order; without notes, or with an opening for the model alone, a section lasts a phrase.
            ("", "P:A\nC4|\nP:B\n", "A0 A1 B0 B1 A0 A1 B0 B1"),
            ("P:AAB\n", "P:A\nC4|D4|E4|\nP:B\n%%phrase 1\n", "A0 A1 A2 A0 A1 A2 B0 A0"),
            ("P:(AB)2A\n", "P:A\n%%phrase 1\nP:B\n%%phrase 1\n", "A0 B0 A0 B0 A0 A0 B0 A0"),
            // What is not there does not play.
            ("P:AXB\n", "P:A\n%%phrase 1\nP:B\n%%phrase 1\n", "A0 B0 A0 B0 A0 B0 A0 B0"),
            ("P:AB\n", "C4 | D4 |", "-0 -1 -2 -3 -4 -5 -6 -7"),
        ] {
            assert_eq!(places(&text(order, body), 0..8), expected, "{order}{body}");
        }
        assert_eq!(places(&text("", "P:A\n%%phrase 1\nP:B\n"), -3..1), "A0 B0 B1 A0");
    }

    #[test]
    fn lines_are_those_of_sections_and_phrases() {
        let sections =
            scene("X:1\nM:4/4\nL:1/4\nP:AB\nK:C\n%%phrase 2\nV:a by=loop\nP:A\n[V:a]C4|C4|C4|\nP:B\n[V:a]C4|\n");
        let lines = |of: &dyn Fn(i64) -> i64| (0..5).map(of).collect::<Vec<_>>();
        assert_eq!(places(&sections, 0..5), "A0 A1 A2 B0 A0");
        assert_eq!(lines(&|bar| sections.section_line(bar)), [0, 3, 3, 3, 4]);
        assert_eq!(lines(&|bar| sections.phrase_line(bar)), [0, 2, 2, 3, 4]);
        let plain = scene("X:1\nM:4/4\nL:1/4\nK:C\n%%phrase 2\nC4|\n");
        assert_eq!(lines(&|bar| plain.section_line(bar)), [0, 2, 2, 4, 4]);
        assert_eq!(sections.form.as_ref().map(|form| (form.start(1), form.start(2), form.start(5))), Some((3, 4, 11)));
    }
}
