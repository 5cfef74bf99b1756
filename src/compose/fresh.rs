//! Against standing still: a bar that has been said often enough turns off at one place. Pure; used on the decode thread.
//!
//! Tunes repeat themselves, and a model that learned from them copies a phrase for ever once it has begun to. So a bar that stood at the
//! same place twice before is not written a third time, and one that stood there before other words came, or that the performer vetoed, is
//! not written again at all. The
//! model chooses where the bar goes instead; this only closes the way to the copy, from a drawn place on.

use super::Prompt;
use super::sample::Rng;
use super::stream::Stream;

/// The bars that are not to be written again, without their spaces, which say nothing.
#[derive(Debug)]
pub(super) struct Worn {
    texts: Vec<Vec<u8>>,
    /// From this byte on the way to the copy is closed.
    turn: usize,
}

/// What is left of the way to a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a>(&'a [u8]);

impl Worn {
    pub fn new(prompt: &Prompt, stream: &Stream<'_>, index: usize, voice: usize, rng: &mut Rng) -> Worn {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let vetoed = prompt.bars[index].vetoed.get(voice).map_or(&[][..], Vec::as_slice);
        for text in worn(prompt, index, voice).chain(vetoed.iter().map(String::as_str)) {
            let text = without_spaces(stream.to_model(text, voice).as_bytes());
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        // The last quarter of a bar is too late for another turn.
        let shortest = texts.iter().map(Vec::len).min().unwrap_or(0);
        Worn { turn: if texts.is_empty() { 0 } else { rng.below((shortest * 3).div_ceil(4)) }, texts }
    }

    /// The ways to copies after the text written so far.
    pub fn after(&self, text: &[u8]) -> Vec<Way<'_>> {
        if self.texts.is_empty() {
            return Vec::new();
        }
        let text = without_spaces(text);
        let rest = |worn: &'_ Vec<u8>| (text.len() >= self.turn && worn.starts_with(&text)).then_some(text.len());
        self.texts.iter().filter_map(|worn| Some(Way(&worn[rest(worn)?..]))).collect()
    }
}

impl Way<'_> {
    /// Whether these bytes go on towards the copy. Spaces alone lead nowhere yet.
    pub fn goes_on_with(self, token: &[u8]) -> bool {
        let mut signs = token.iter().filter(|&&byte| byte != b' ').peekable();
        signs.peek().is_some() && signs.enumerate().all(|(at, byte)| self.0.get(at) == Some(byte))
    }
}

/// The bars that stood at the same place before, and often enough.
fn worn(prompt: &Prompt, index: usize, voice: usize) -> impl Iterator<Item = &str> {
    let phrase = prompt.phrase as usize;
    let cell = move |back: usize| prompt.bars[index.checked_sub(back)?].cells[voice].as_deref();
    let words = move |index: usize| (&prompt.bars[index].words, prompt.bars[index].own_of(voice).map(|own| &own.words));
    let other_words = move |back: usize| index.checked_sub(back).is_some_and(|before| words(before) != words(index));
    [1, 2, phrase, 2 * phrase].into_iter().filter_map(move |period| {
        let text = cell(period)?;
        let sounds = text.bytes().any(|byte| byte.is_ascii_alphabetic() && byte != b'z');
        let answered = period >= phrase && other_words(period);
        (sounds && (answered || cell(2 * period) == Some(text))).then_some(text)
    })
}

fn without_spaces(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|&byte| byte != b' ').collect()
}
