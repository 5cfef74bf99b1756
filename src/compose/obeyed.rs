//! Whether words are obeyed: phrases written under a word, and the share of them that are what it says. For benches and the audition.
//! Runs on the thread that owns the model.

use super::writer::{Model, Writer};
use super::{Prompt, PromptBar, PromptVoice, Revision, Role, STREAM_UNIT, VoiceRules};
use crate::abc::Meter;
use crate::abc::key::Key;
use crate::abc::parse::read_bars;
use crate::feature::{Band, Bands, Bounds, Clear, Features};
use crate::score::Measure;

/// Bars of a phrase that is judged.
const PHRASE: usize = 4;

/// Metres and keys of the openings, in turn.
const OPENINGS: [((u16, u16), &str); 8] = [
    ((6, 8), "G"),
    ((4, 4), "D"),
    ((2, 2), "Am"),
    ((3, 4), "F"),
    ((9, 8), "Gmix"),
    ((2, 4), "C"),
    ((4, 4), "Ddor"),
    ((6, 8), "Em"),
];

/// Prompts for one phrase of one voice of a role, each with a metre, a key and a seed of its own.
#[must_use]
pub fn openings(role: Role, range: (u8, u8), count: usize) -> Vec<Prompt> {
    let opening = |at: usize| {
        let ((numerator, denominator), key) = OPENINGS[at % OPENINGS.len()];
        let rules = VoiceRules { range, ..VoiceRules::default() };
        Prompt {
            revision: Revision(1),
            meter: Meter::Measured { numerator, denominator },
            key: Key::parse(key).map_or(Key::NONE, |(key, _)| key),
            phrase: PHRASE as u32,
            voices: vec![PromptVoice { name: role.tag().to_owned(), role, composed: true, rules }],
            first_bar: 1,
            bars: vec![PromptBar { cells: vec![None], ..PromptBar::default() }; PHRASE],
            seed: at as u64 + 1,
            attempt: 0,
            candidates: 1,
            knobs: crate::compose::Knobs::default(),
            due: None,
        }
    };
    (0..count).map(opening).collect()
}

/// The bars of a voice from index `from` on, in the prompt's key; ties are joined across the bar lines.
#[must_use]
pub fn measures(prompt: &Prompt, voice: usize, from: usize) -> Vec<Measure> {
    let texts = prompt.bars[from..].iter().map(|bar| bar.cells[voice].as_deref().unwrap_or_default());
    read_bars(texts, &prompt.key, prompt.meter, STREAM_UNIT)
}

/// Whether a phrase is what a control word says; `None` where it has too few notes, or the word is about something else.
#[must_use]
pub fn is_obeyed(word: &str, phrase: &[Measure], prompt: &Prompt, bounds: &Bounds) -> Option<bool> {
    let features = Features::of(phrase, prompt.meter, &prompt.key, None)?;
    let band = Band::of_word(word).map(|(band, third)| bounds.third(band, band.value(&features)) == third);
    band.or_else(|| Clear::of_word(word).map(|clear| clear.value(&features) >= clear.least()))
}

/// A phrase that was written: the prompt with its bars, and the composed voice's.
#[derive(Clone, Debug)]
pub struct Phrase {
    pub prompt: Prompt,
    pub voice: usize,
    pub bars: Vec<Measure>,
}

/// Goes on from each opening under these words, as far as its bars reach; the bars that are written are the phrase.
pub fn phrases<M: Model>(writer: &mut Writer<M>, openings: &[Prompt], words: &str) -> Result<Vec<Phrase>, String> {
    let mut written = Vec::with_capacity(openings.len());
    for opening in openings {
        let mut prompt = opening.clone();
        let voice = prompt.voices.iter().position(|voice| voice.composed).unwrap_or(0);
        let from = prompt.first_missing().map_or(prompt.bars.len(), |(index, _)| index);
        prompt.bars.iter_mut().skip(from).for_each(|bar| bar.say(words));
        while writer.next_bar(&mut prompt, &|| false)?.is_some() {}
        let bars = measures(&prompt, voice, from);
        written.push(Phrase { prompt, voice, bars });
    }
    Ok(written)
}

/// The share of phrases of which a control word is true. One with too few notes to be judged is `sparse` and nothing else.
#[must_use]
pub fn share_obeyed(word: &str, phrases: &[Phrase], bands: &Bands) -> f64 {
    let obeyed = |phrase: &&Phrase| {
        let bounds = bands.of(phrase.prompt.voices[phrase.voice].role);
        is_obeyed(word, &phrase.bars, &phrase.prompt, &bounds).unwrap_or(word == Band::Density.words()[0])
    };
    phrases.iter().filter(obeyed).count() as f64 / phrases.len().max(1) as f64
}
