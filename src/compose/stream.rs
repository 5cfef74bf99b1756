//! What the model reads: a pure function of header, words at their bars and the bars themselves, as a list of text pieces.
//!
//! Legal ABC, one line per bar with all voices: `[V:bass] D,6 | [V:lead] A2d fed |`. Given voices stand before composed ones.
//! Texts come in the prompt's key and leave in the model's (see [`Profile::home_key`]).

use crate::abc::interval::Interval;
use crate::abc::key::Key;
use crate::abc::{Pitch, bar::Rules, parse::read_bar, print};
use crate::compose::form::{Form, Lines, Tags};
use crate::compose::profile::Profile;
use crate::compose::{BarRules, OwnWords, Prompt, PromptVoice, Role, STREAM_UNIT};
use crate::ladder::{self, Need};
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
        let lines =
            ["X:1".to_owned(), format!("M:{}", self.prompt.meter), "L:1/8".to_owned(), format!("K:{}", self.key)];
        lines.map(|line| line + self.form().newline.as_str()).concat()
    }

    /// What stands before the header ([`Form::turn`]).
    #[must_use]
    pub fn turn(&self) -> Option<(&'a str, String, &'a str)> {
        self.form().turn(self.prompt)
    }

    fn form(&self) -> &'a Form {
        &self.profile.form
    }

    /// Bars by rule that stand behind the header, as if they had been played ([`Form::example`]): the same for a prompt's key, metre and
    /// voices, whatever its bars are.
    #[must_use]
    pub fn example(&self) -> String {
        let count = self.form().example;
        let (prompt, phrase) = (self.prompt, self.prompt.phrase as usize);
        let voices: Vec<(String, Vec<String>)> = self
            .order()
            .into_iter()
            .filter(|&voice| prompt.voices[voice].composed)
            .filter_map(|voice| {
                let PromptVoice { role, rules, .. } = &prompt.voices[voice];
                let (key, meter, role, seed) = (&prompt.key, prompt.meter, *role, 1);
                let asked = &BarRules::default();
                let (tied, tail, partial, heard) = (None, None, None, &[][..]);
                let need =
                    Need { key, meter, role, rules, asked, tied, tail, partial, heard, phrase, seed, bar: 0, voice };
                let style = self.style(&self.key);
                let bars = ladder::passage(&need, count).into_iter();
                let text = |bar: Measure| print::bar(&bar.transposed(self.shift(voice)), meter.bar_length(), &style);
                Some((self.tag(voice)?, bars.map(text).collect()))
            })
            .collect();
        let goes_on = self.form().lines == Lines::Phrase && !self.is_ensemble();
        let line = |bar: usize| {
            let cells: Vec<String> = voices.iter().map(|(tag, bars)| format!("{tag}{} |", bars[bar])).collect();
            let end = match self.form().bar_end.as_str() {
                "" if goes_on && bar + 1 < count as usize => " ",
                "" => &self.form().newline,
                end => end,
            };
            cells.join(" ") + end
        };
        if voices.is_empty() { String::new() } else { (0..count as usize).map(line).collect() }
    }

    /// Whether several voices stand in the lines of this stream.
    fn is_ensemble(&self) -> bool {
        let shown = |voice: &&PromptVoice| self.profile.roles.show(voice.role, &voice.name, voice.composed).is_some();
        self.prompt.voices.iter().filter(shown).count() > 1
    }

    /// What stands behind bar `index` of all voices.
    fn bar_end(&self, index: usize) -> &'a str {
        let form = self.form();
        let goes_on = form.lines == Lines::Phrase && !self.is_ensemble() && !self.starts_phrase(index + 1);
        match form.bar_end.as_str() {
            "" if goes_on => " ",
            "" => &form.newline,
            end => end,
        }
    }

    /// The indices of the voices in the order in which a line has them.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.prompt.voices.len()).collect();
        order.sort_by_key(|&voice| self.prompt.voices[voice].composed);
        order
    }

    /// `[V:lead] `, with the space, or nothing in forms without tags; `None` for a voice that is kept from the model.
    #[must_use]
    pub fn tag(&self, voice: usize) -> Option<String> {
        let voice = &self.prompt.voices[voice];
        let name = self.profile.roles.show(voice.role, &voice.name, voice.composed)?;
        let tagged = match self.form().tags {
            Tags::Always => true,
            Tags::Several => self.is_ensemble(),
            Tags::Never => false,
        };
        Some(if tagged { format!("[V:{name}] ") } else { String::new() })
    }

    /// Whether the model was taught such voices themselves.
    #[must_use]
    pub fn knows(&self, role: Role) -> bool {
        self.profile.roles.know(role)
    }

    #[must_use]
    pub fn starts_phrase(&self, index: usize) -> bool {
        self.prompt.starts_phrase(index)
    }

    /// The caption that stands before bar `index`, if one does: at phrase starts and where the words change. `speaker` is the last voice
    /// that the line has: in training captions speak of that one. So while a voice is written, its line has its words above it, and a line
    /// that is done those of its last voice; the lines before are the same for every voice, and stay in the cache. Only where voices have
    /// words of their own is the line in work read again for each of them. A model without control words reads the words of all voices.
    #[must_use]
    pub fn caption(&self, index: usize, speaker: usize) -> Option<String> {
        let bars = &self.prompt.bars;
        // As much of the words as the caption says.
        let said = |index: usize, speaker: usize| {
            let (bar, known) = (&bars[index], self.profile.words.is_some());
            (&bar.words, known.then(|| bar.control_of(speaker)), (!known).then_some(&bar.own))
        };
        let before = index.checked_sub(1);
        let changed = before.is_some_and(|before| {
            // The line before had its own last voice above it.
            said(index, speaker) != said(before, self.last_shown(before).unwrap_or(speaker))
        });
        if !(self.starts_phrase(index) || changed || index == 0) {
            return None;
        }
        let bar = &bars[index];
        let caption: Vec<String> = if let Some(known) = &self.profile.words {
            bar.control_of(speaker).iter().filter(|word| known.contains(word)).cloned().collect()
        } else {
            let named = |(own, voice): (&Option<OwnWords>, &PromptVoice)| {
                own.as_ref().map(|own| format!("{}: {}", voice.name, own.words.join(" ")))
            };
            bar.words.iter().cloned().chain(bar.own.iter().zip(&self.prompt.voices).filter_map(named)).collect()
        };
        (!caption.is_empty()).then(|| format!("% {}{}", caption.join(" "), self.form().newline))
    }

    /// The pieces of the line of bar `index` as far as it is known, and the first missing composed voice, whose place is at its end.
    #[must_use]
    pub fn line(&self, index: usize) -> (Vec<String>, Option<usize>) {
        let shown: Vec<(usize, String)> = self.shown(index).collect();
        let missing = shown.iter().position(|&(voice, _)| self.prompt.bars[index].cells[voice].is_none());
        let shown = &shown[..missing.map_or(shown.len(), |missing| missing + 1)];
        let mut pieces = Vec::new();
        if let Some(&(speaker, _)) = shown.last() {
            pieces.extend(self.caption(index, speaker));
        }
        for (at, (voice, tag)) in shown.iter().enumerate() {
            if at > 0 {
                pieces.push(" ".to_owned());
            }
            pieces.push(tag.clone());
            let Some(text) = &self.prompt.bars[index].cells[*voice] else { return (pieces, Some(*voice)) };
            pieces.push(self.to_model(text, *voice));
            pieces.push(" |".to_owned());
        }
        pieces.push(self.bar_end(index).to_owned());
        (pieces, None)
    }

    /// The voices of the line of bar `index` with their tags, those that are still to be composed among them.
    fn shown(&self, index: usize) -> impl Iterator<Item = (usize, String)> {
        let there =
            move |&voice: &usize| self.prompt.voices[voice].composed || self.prompt.bars[index].cells[voice].is_some();
        let mut order = self.order();
        // What is to be written hears what is there already, which an edit may have left of its bar.
        order
            .sort_by_key(|&voice| self.prompt.voices[voice].composed && self.prompt.bars[index].cells[voice].is_none());
        order.into_iter().filter(there).filter_map(|voice| Some((voice, self.tag(voice)?)))
    }

    fn last_shown(&self, index: usize) -> Option<usize> {
        self.shown(index).last().map(|(voice, _)| voice)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::Meter;
    use crate::compose::{PromptBar, Revision, VoiceRules};

    /// Four bars of a given bass, then two voices of the model's, of which the first two bars are there.
    fn prompt() -> Prompt {
        let voice = |name: &str, role, composed| PromptVoice {
            name: name.to_owned(),
            role,
            composed,
            rules: VoiceRules::default(),
        };
        let own = |words: &str| {
            let control = words.split(' ').map(str::to_owned).collect();
            Some(OwnWords { words: vec![words.to_owned()], control })
        };
        let bar = |there: bool| PromptBar {
            words: vec!["low".into()],
            control: vec!["low".into()],
            cells: vec![there.then(|| "C8".into()), there.then(|| "D8".into()), Some("E8".into())],
            own: vec![None, own("low busy"), None],
            ..PromptBar::default()
        };
        Prompt {
            revision: Revision(1),
            meter: Meter::COMMON,
            key: Key::parse("C").unwrap().0,
            phrase: 4,
            voices: vec![
                voice("arp", Role::Arp, true),
                voice("lead", Role::Lead, true),
                voice("bass", Role::Bass, false),
            ],
            first_bar: 1,
            bars: vec![bar(true), bar(true), bar(false), bar(false)],
            seed: 1,
            attempt: 0,
            candidates: 1,
            knobs: crate::compose::Knobs::default(),
            due: None,
        }
    }

    fn lines(prompt: &Prompt, words: &[&str]) -> (Vec<String>, Option<usize>) {
        let known = (!words.is_empty()).then(|| words.iter().map(|&word| word.to_owned()).collect());
        let profile = Profile { words: known, ..Profile::default() };
        let stream = Stream::new(prompt, &profile);
        let line = |index| stream.line(index);
        ((0..=2).map(|index| line(index).0.concat()).collect(), line(2).1)
    }

    #[test]
    fn a_caption_speaks_of_the_last_voice_of_its_line() {
        let known = ["low", "busy"];
        let mut asked = prompt();
        let first = "% low busy\n[V:bass] E8 | [V:arp] C8 | [V:lead] D8 |\n";
        let then = "[V:bass] E8 | [V:arp] C8 | [V:lead] D8 |\n";
        assert_eq!(
            lines(&asked, &known),
            (vec![first.into(), then.into(), "% low\n[V:bass] E8 | [V:arp] ".into()], Some(0))
        );
        asked.bars[2].cells[0] = Some("F8".into());
        // The lines before are the same for both, and those of a voice that is in force already need no caption.
        assert_eq!(
            lines(&asked, &known),
            (vec![first.into(), then.into(), "[V:bass] E8 | [V:arp] F8 | [V:lead] ".into()], Some(1))
        );
        // Without words of its own every voice has the same lines.
        asked.bars.iter_mut().for_each(|bar| bar.own.clear());
        let (lines, _) = lines(&asked, &known);
        assert_eq!((&lines[0][..6], &lines[2][..]), ("% low\n", "[V:bass] E8 | [V:arp] F8 | [V:lead] "));
    }

    #[test]
    fn a_model_without_control_words_reads_the_words_of_all() {
        let asked = prompt();
        let (lines, _) = lines(&asked, &[]);
        assert_eq!(lines[0], "% low lead: low busy\n[V:bass] E8 | [V:arp] C8 | [V:lead] D8 |\n");
        assert_eq!(lines[2], "[V:bass] E8 | [V:arp] ");
    }
}
