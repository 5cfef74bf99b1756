//! What the model reads: a pure function of header, words at their bars and the bars themselves, as a list of text pieces.
//!
//! Legal ABC, one line per bar with all voices: `[V:bass] D,6 | [V:lead] A2d fed |`. Given voices stand before composed ones.
//! Texts come in the prompt's key and leave in the model's (see [`Profile::home_key`]).

use crate::abc::interval::Interval;
use crate::abc::key::Key;
use crate::abc::{Pitch, bar::Rules, parse::read_bar, print};
use crate::compose::profile::Profile;
use crate::compose::{BarRules, Prompt, PromptVoice, Role, STREAM_UNIT};
use crate::score::Measure;

/// The stream for one prompt and one model.
#[derive(Debug)]
pub struct Stream<'a> {
    prompt: &'a Prompt,
    profile: &'a Profile,
    /// The key in which the model reads.
    pub key: Key,
    /// From the prompt's key to the model's.
    pub to_model: Interval,
}

impl<'a> Stream<'a> {
    #[must_use]
    pub fn new(prompt: &'a Prompt, profile: &'a Profile) -> Stream<'a> {
        let key = if profile.wants_home_key() { prompt.key.home() } else { prompt.key };
        Stream { prompt, profile, key, to_model: prompt.key.interval_to(&key) }
    }

    #[must_use]
    pub fn header(&self) -> String {
        format!("X:1\nM:{}\nL:1/8\nK:{}\n", self.prompt.meter, self.key)
    }

    /// The indices of the voices in the order in which a line has them.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.prompt.voices.len()).collect();
        order.sort_by_key(|&voice| self.prompt.voices[voice].composed);
        order
    }

    /// `[V:lead] `, with the space; `None` for a voice that is kept from the model.
    #[must_use]
    pub fn tag(&self, voice: usize) -> Option<String> {
        let voice = &self.prompt.voices[voice];
        let name = self.profile.roles.show(voice.role, &voice.name, voice.composed)?;
        Some(format!("[V:{name}] "))
    }

    /// Whether the model was taught such voices themselves.
    #[must_use]
    pub fn knows(&self, role: Role) -> bool {
        self.profile.roles.know(role)
    }

    #[must_use]
    pub fn starts_phrase(&self, index: usize) -> bool {
        (self.prompt.first_bar + index as i64 - 1).rem_euclid(i64::from(self.prompt.phrase)) == 0
    }

    /// The caption that stands before bar `index`, if one does: at phrase starts and where the words change.
    #[must_use]
    pub fn caption(&self, index: usize) -> Option<String> {
        let bars = &self.prompt.bars;
        let said = |index: usize| (&bars[index].words, &bars[index].control);
        let changed = index > 0 && said(index) != said(index - 1);
        if !(self.starts_phrase(index) || changed || index == 0) {
            return None;
        }
        let bar = &bars[index];
        let caption = match &self.profile.words {
            Some(known) => bar.control.iter().filter(|word| known.contains(word)).map(String::as_str).collect(),
            None => bar.words.iter().map(String::as_str).collect::<Vec<_>>(),
        };
        (!caption.is_empty()).then(|| format!("% {}\n", caption.join(" ")))
    }

    /// The pieces of the line of bar `index` as far as it is known: `None` marks the place of the first missing composed voice.
    #[must_use]
    pub fn line(&self, index: usize) -> (Vec<String>, Option<usize>) {
        let mut pieces: Vec<String> = self.caption(index).into_iter().collect();
        let mut first = true;
        for voice in self.order() {
            let Some(tag) = self.tag(voice) else { continue };
            let cell = self.prompt.bars[index].cells[voice].as_ref();
            if cell.is_none() && !self.prompt.voices[voice].composed {
                continue;
            }
            if !first {
                pieces.push(" ".to_owned());
            }
            first = false;
            pieces.push(tag);
            let Some(text) = cell else { return (pieces, Some(voice)) };
            pieces.push(self.to_model(text, voice));
            pieces.push(" |".to_owned());
        }
        pieces.push("\n".to_owned());
        (pieces, None)
    }

    /// From the prompt's key to the model's, for one voice: drums stay where they are.
    fn shift(&self, voice: usize) -> Interval {
        if self.prompt.voices[voice].role == Role::Drums { Interval::UNISON } else { self.to_model }
    }

    /// A bar of the prompt as notes in the model's key.
    #[must_use]
    pub fn heard(&self, index: usize, voice: usize) -> Option<Measure> {
        let text = self.prompt.bars.get(index)?.cells[voice].as_ref()?;
        Some(self.measure(text, &self.prompt.key).transposed(self.shift(voice)))
    }

    /// A bar of the prompt as the model reads it.
    #[must_use]
    pub fn to_model(&self, text: &str, voice: usize) -> String {
        let measure = self.measure(text, &self.prompt.key).transposed(self.shift(voice));
        print::bar(&measure, self.prompt.meter.bar_length(), &self.style(&self.key))
    }

    /// What the model wrote (up to the bar line), as notes in its key.
    #[must_use]
    pub fn written(&self, text: &str) -> Measure {
        self.measure(text, &self.key)
    }

    /// Notes in the model's key, as the prompt has them.
    #[must_use]
    pub fn from_model(&self, measure: &Measure, voice: usize) -> String {
        let measure = measure.transposed(self.shift(voice).inverse());
        print::bar(&measure, self.prompt.meter.bar_length(), &self.style(&self.prompt.key))
    }

    /// The pitch (as the model reads it) that the bar before `index` ties into it.
    #[must_use]
    pub fn tied_in(&self, index: usize, voice: usize) -> Option<Pitch> {
        let measure = self.heard(index.checked_sub(1)?, voice)?;
        let tied =
            measure.notes.iter().rev().find(|note| note.tied_to && note.onset + note.length == measure.length)?;
        Some(tied.pitch)
    }

    /// What the automaton holds bar `index` of a voice to, where the model reads. Errs where nothing could be played.
    pub fn rules(&self, index: usize, voice: usize) -> Result<Rules, String> {
        let PromptVoice { role, rules, .. } = &self.prompt.voices[voice];
        let nothing = BarRules::default();
        let bar = self.prompt.bars[index].rules.get(voice).unwrap_or(&nothing);
        let (shift, chords) = (self.shift(voice).semitones, role.is_chordal() && self.knows(*role));
        rules.of_bar(bar, *role, self.prompt.meter, self.key.signature, shift, chords)
    }

    fn measure(&self, text: &str, key: &Key) -> Measure {
        read_bar(text, key, self.prompt.meter, STREAM_UNIT, &[]).0
    }

    fn style(&self, key: &Key) -> print::Style {
        print::Style::new(key, self.prompt.meter, STREAM_UNIT)
    }
}
