//! The passage that a bar belongs to: the bars of one voice that its words are judged by, as the model reads them. Pure; decode thread.

use super::Prompt;
use super::stream::Stream;
use crate::abc::chord::ChordName;
use crate::abc::{Meter, key::Key};
use crate::feature::{Band, Bands, Bounds, Clear, Features, Wishes};
use crate::score::Measure;

/// Words speak of this many bars at most, as in training.
const MOST_BARS: usize = 4;

/// What an end that does not come to rest costs, in widths of a band.
const RESTLESS: f64 = 0.3;

/// What is asked of a bar, and what the bars before it have done about it.
#[derive(Debug)]
pub(super) struct Passage {
    pub wishes: Wishes,
    /// In the model's key.
    pub bounds: Bounds,
    pub meter: Meter,
    pub key: Key,
    /// Pitch class of the root of the bar's last chord, in the model's key.
    pub root: Option<u8>,
    /// The bars of the passage that are there.
    pub bars: Vec<Measure>,
    /// The bar right before the passage.
    pub before: Option<Measure>,
    /// Bars of the whole passage, at least 1.
    pub length: usize,
}

impl Passage {
    /// The passage of bar `index`: from the phrase's start, its last fourth bar or the last change of words, to the next of these.
    pub fn new(prompt: &Prompt, stream: &Stream<'_>, bands: &Bands, index: usize, voice: usize) -> Passage {
        let phrase = prompt.phrase.max(1) as usize;
        let place = (prompt.first_bar + index as i64 - 1).rem_euclid(phrase as i64) as usize;
        let behind = (place % MOST_BARS).min(index);
        let same_words = |at: &usize| prompt.bars[*at].control_of(voice) == prompt.bars[index].control_of(voice);
        let start = (index - behind..index).rev().take_while(same_words).last().unwrap_or(index);
        let most = MOST_BARS.min(phrase - place / MOST_BARS * MOST_BARS) - place % MOST_BARS;
        // Bars that nobody has asked for yet are taken to have these words too.
        let changed = |at: &usize| prompt.bars.get(*at).is_some_and(|_| !same_words(at));
        let ahead = (index + 1..index + most).find(changed).map_or(most, |at| at - index);
        let role = prompt.voices[voice].role;
        let mut chords = (0..prompt.voices.len()).filter_map(|voice| stream.heard(index, voice)?.chords.pop());
        let root = chords.next_back().and_then(|chord| {
            let (step, alter) = ChordName::parse(&chord.text)?.root;
            u8::try_from((step.semitones() + i32::from(alter)).rem_euclid(12)).ok()
        });
        Passage {
            wishes: Wishes::of(prompt.bars[index].control_of(voice).iter().map(String::as_str), role),
            bounds: bounds(prompt, stream, bands, voice),
            meter: prompt.meter,
            key: stream.key,
            root,
            bars: (start..index).filter_map(|at| stream.heard(at, voice)).collect(),
            before: start.checked_sub(1).and_then(|at| stream.heard(at, voice)),
            length: index - start + ahead,
        }
    }

    /// How far the passage with one more bar is from what the words ask, about in widths of the bands; 0 where it is all that is asked.
    /// What a passage that is not at its end cannot show yet is asked of it in part.
    pub fn distance(&self, bar: &Measure) -> f64 {
        let bars: Vec<&Measure> = self.bars.iter().chain([bar]).collect();
        let Some(features) = Features::rough(&bars, self.meter, &self.key, self.root) else { return 0.0 };
        let done = bars.len() as f64 / self.length.max(bars.len()) as f64;
        let bands = Band::ALL.into_iter().filter_map(|band| {
            let third = self.wishes.third(band)?;
            let [low, high] = self.bounds.of(band);
            let (low, high) = if band == Band::Contour { (low * done, high * done) } else { (low, high) };
            let width = (high - low).max(least_width(band));
            // A margin while there are bars to come, which will not all go as well.
            let margin = width * (0.1 + 0.3 * (1.0 - done));
            let value = band.value(&features);
            let beyond = match third {
                0 => value - (low - margin),
                2 => high + margin - value,
                _ => (value - f64::midpoint(low, high)).abs() - (width / 2.0 - margin).max(0.0),
            };
            // Far away every step still counts, but less.
            Some((beyond / width).max(0.0).ln_1p())
        });
        let clear = Clear::ALL.into_iter().filter(|&clear| self.wishes.clear(clear)).map(|clear| {
            // Only the last bar can come to rest.
            let due = clear != Clear::Cadence || bars.len() >= self.length;
            if due { (1.0 - clear.value(&features) / clear.least()).max(0.0) } else { 0.0 }
        });
        // Words draw a passage away from where it would come to rest by itself: of drafts that obey alike, its last bar takes the one that does.
        let ends = bars.len() >= self.length && !self.wishes.is_empty();
        bands.chain(clear).sum::<f64>() + if ends { RESTLESS * (1.0 - features.cadence) } else { 0.0 }
    }
}

/// Narrower bands than these would make every note a matter of life and death.
pub(super) fn least_width(band: Band) -> f64 {
    match band {
        Band::Density => 1.0,
        Band::Register => 4.0,
        Band::Motion => 0.6,
        Band::Contour => 2.0,
    }
}

/// The bounds of a voice's words where the model reads. Words mean sounding pitch; a range that has no room for low or high is cut in
/// three, and so is a number of notes that has no room for busy.
fn bounds(prompt: &Prompt, stream: &Stream<'_>, bands: &Bands, voice: usize) -> Bounds {
    let voice = &prompt.voices[voice];
    let mut bounds = bands.of(voice.role);
    let (lowest, highest) = (f64::from(voice.rules.range.0), f64::from(voice.rules.range.1));
    let [low, high] = bounds.register;
    if low - 2.0 < lowest || high + 2.0 > highest {
        let third = (highest - lowest) / 3.0;
        bounds.register = [lowest + third, highest - third];
    }
    bounds.register = bounds.register.map(|bound| bound + f64::from(stream.to_model.semitones));
    let most = f64::from(voice.rules.notes.1) / prompt.meter.bar_length().to_f64();
    bounds.density = within(bounds.density, most);
    bounds
}

/// The bounds of density where no more than `most` notes a whole note may be struck. Asked for more, a model would spend the bar's
/// notes in its first half.
fn within([low, high]: [f64; 2], most: f64) -> [f64; 2] {
    if high + (high - low) / 2.0 > most { [most / 2.0, most * 0.75] } else { [low, high] }
}

#[cfg(test)]
mod tests {
    use super::{Passage, within};
    use crate::compose::profile::Profile;
    use crate::compose::stream::Stream;
    use crate::compose::{PromptBar, Role, obeyed};
    use crate::feature::Bands;

    #[test]
    fn a_passage_ends_where_the_phrase_does_or_other_words_come() {
        // The words of the bars, a letter each; bars of a phrase; the bar; the bars of the passage before it, and all of them.
        let cases = [
            ("aaaaaaaa", 4, 0, (0, 4)),
            ("aaaaaaaa", 4, 2, (2, 4)),
            ("aaaaaaaa", 8, 5, (1, 4)),
            ("aaaaaaaa", 3, 4, (1, 3)),
            ("aabbaaaa", 4, 1, (1, 2)),
            ("aabbaaaa", 4, 2, (0, 2)),
            ("abbbbbbb", 4, 0, (0, 1)),
            ("aaab", 4, 1, (1, 3)),
            // What is beyond the last bar is not known to change.
            ("aa", 4, 1, (1, 4)),
        ];
        let profile = Profile::default();
        for (words, phrase, index, expected) in cases {
            let mut prompt = obeyed::openings(Role::Lead, (55, 88), 1).remove(0);
            prompt.phrase = phrase;
            prompt.first_bar = 1;
            let bar = PromptBar { cells: vec![Some("z8".into())], ..PromptBar::default() };
            prompt.bars = vec![bar; words.len()];
            let controls = prompt.bars.iter_mut().zip(words.chars());
            controls.for_each(|(bar, word)| bar.say(if word == 'a' { "low" } else { "high" }));
            let passage = Passage::new(&prompt, &Stream::new(&prompt, &profile), &Bands::default(), index, 0);
            assert_eq!((passage.bars.len(), passage.length), expected, "bar {index} of {words}");
        }
    }

    #[test]
    fn busy_has_room_within_the_notes_of_a_bar() {
        assert_eq!(within([6.0, 7.5], 24.0), [6.0, 7.5]);
        // Six notes in a bar of 6/8.
        assert_eq!(within([6.0, 7.5], 8.0), [4.0, 6.0]);
    }
}
