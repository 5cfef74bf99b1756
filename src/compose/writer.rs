//! Writes bars: keeps the model in step with the stream and draws tokens that the bar automaton allows. Runs on the decode thread.

use std::collections::HashMap;
use std::time::Instant;

use super::fresh::Worn;
use super::mask::{Masks, Vocabulary};
use super::profile::Profile;
use super::sample::{Rng, Sampler};
use super::stream::Stream;
use super::{ComposedBar, Prompt, Role};
use crate::abc::bar::{Automaton, Rules, TICKS_PER_WHOLE};
use crate::time::Beats;

/// A language model: ask for the prefix, and let it find the cheapest way there.
pub trait Model {
    fn name(&self) -> String;

    fn vocabulary(&self) -> &Vocabulary;

    fn tokenize(&self, text: &str) -> Vec<u32>;

    /// The token that every text begins with, for models that want one.
    fn bos(&self) -> Option<u32>;

    /// Tokens that fit into the cache.
    fn context(&self) -> usize;

    /// Brings the cache to exactly `tokens`; `Ok(false)` when `cancel` said so on the way.
    fn sync(&mut self, tokens: &[u32], cancel: &dyn Fn() -> bool) -> Result<bool, String>;

    /// After a `sync`: one logit for each token of the vocabulary, for what follows.
    fn logits(&self) -> &[f32];
}

/// Room in the context for the bar being written, captions included.
const BAR_RESERVE: usize = 160;
/// Pieces of text whose tokens are remembered.
const CACHED_PIECES: usize = 4096;

/// A model with what is needed to write bars with it.
#[derive(Debug)]
pub struct Writer<M> {
    model: M,
    profile: Profile,
    sampler: Sampler,
    pieces: HashMap<String, Vec<u32>>,
    masks: Vec<(Rules, Masks)>,
}

impl<M: Model> Writer<M> {
    #[must_use]
    pub fn new(model: M, profile: Profile) -> Writer<M> {
        Writer { model, profile, sampler: Sampler::default(), pieces: HashMap::new(), masks: Vec::new() }
    }

    pub fn model(&self) -> &M {
        &self.model
    }

    /// Writes the composed voices of the first bar that lacks any into `prompt`, and says what it wrote.
    /// `Ok(None)`: nothing is missing, or `cancel` said so.
    pub fn next_bar(&mut self, prompt: &mut Prompt, cancel: &dyn Fn() -> bool) -> Result<Option<ComposedBar>, String> {
        let Some((index, _)) = prompt.first_missing() else { return Ok(None) };
        let started = Instant::now();
        let mut bar = ComposedBar {
            revision: prompt.revision,
            attempt: prompt.attempt,
            number: prompt.first_bar + index as i64,
            cells: Vec::new(),
            tokens: 0,
            micros: 0,
        };
        while let (_, Some(voice)) = Stream::new(prompt, &self.profile).line(index) {
            let Some(text) = self.write_cell(prompt, index, voice, cancel, &mut bar.tokens)? else { return Ok(None) };
            prompt.bars[index].cells[voice] = Some(text.clone());
            bar.cells.push((voice, text));
        }
        // Composed voices that this model is not shown are left to the ladder; without this they would be asked for again for ever.
        for (voice, cell) in prompt.bars[index].cells.iter_mut().enumerate() {
            if prompt.voices[voice].composed && cell.is_none() {
                *cell = Some(String::new());
            }
        }
        bar.micros = started.elapsed().as_micros() as u64;
        Ok(Some(bar))
    }

    /// One bar of one voice, in the prompt's key.
    fn write_cell(
        &mut self,
        prompt: &Prompt,
        index: usize,
        voice: usize,
        cancel: &dyn Fn() -> bool,
        written: &mut u32,
    ) -> Result<Option<String>, String> {
        let Writer { model, profile, sampler, pieces, masks } = self;
        let stream = Stream::new(prompt, profile);
        let masks = masks_for(masks, rules(prompt, &stream, voice)?)?;
        let mut tokens = prefix(model, pieces, &stream, index);
        let mut state = masks.automaton().start(stream.tied_in(index, voice));
        let mut rng = Rng::new(prompt.seed, prompt.first_bar + index as i64, voice, prompt.attempt);
        let worn = Worn::new(prompt, &stream, index, voice, &mut rng);
        let mut text = Vec::new();
        while !Automaton::is_done(&state) {
            if !model.sync(&tokens, cancel)? {
                return Ok(None);
            }
            // The vocabulary has every byte of the subset and the automaton no dead ends, so there is always a token.
            let mask = masks.mask(model.vocabulary(), state);
            let vocabulary = model.vocabulary();
            let ways = worn.after(&text);
            let fresh = |token| !ways.iter().any(|way| way.goes_on_with(vocabulary.bytes(token)));
            let token = sampler.draw(model.logits(), mask, fresh, &profile.sampling, &mut rng);
            let token = token.ok_or("no token fits the bar: the mask is empty")?;
            state = masks.advance(vocabulary, state, token).ok_or("a masked token does not fit the bar")?;
            text.extend_from_slice(vocabulary.bytes(token));
            tokens.push(token);
            *written += 1;
        }
        let text = String::from_utf8(text).map_err(|_| "the subset is ASCII")?;
        Ok(Some(stream.from_model(&stream.written(text.trim_end_matches('|')), voice)))
    }
}

/// The tokens of header, bars and the line of `index` up to the voice to be written. When that does not fit, the oldest bars go:
/// the cut falls on a phrase line and leaves half the context, so that it moves seldom.
fn prefix<M: Model>(model: &M, pieces: &mut HashMap<String, Vec<u32>>, stream: &Stream<'_>, index: usize) -> Vec<u32> {
    if pieces.len() > CACHED_PIECES {
        pieces.clear();
    }
    let mut tokens_of =
        |piece: String| -> Vec<u32> { pieces.entry(piece).or_insert_with_key(|piece| model.tokenize(piece)).clone() };
    let mut header: Vec<u32> = model.bos().into_iter().collect();
    header.extend(tokens_of(stream.header()));
    let limit = model.context().saturating_sub(BAR_RESERVE).max(header.len() + 1);
    let lines: Vec<Vec<u32>> =
        (0..=index).map(|bar| stream.line(bar).0.into_iter().flat_map(&mut tokens_of).collect()).collect();
    let mut start = 0;
    let mut size = header.len();
    for (bar, line) in lines.iter().enumerate() {
        size += line.len();
        while size > limit && start < bar {
            size -= lines[start].len();
            start += 1;
            if size <= limit {
                // Go on cutting to a phrase line at or below half the context.
                while start < bar && (size > limit / 2 || !stream.starts_phrase(start)) {
                    size -= lines[start].len();
                    start += 1;
                }
            }
        }
    }
    let mut tokens = header;
    tokens.extend(lines[start..].iter().flatten());
    tokens
}

fn rules(prompt: &Prompt, stream: &Stream<'_>, voice: usize) -> Result<Rules, String> {
    let limits = &prompt.voices[voice].rules;
    let role = prompt.voices[voice].role;
    Ok(Rules {
        length: ticks(prompt.meter.bar_length())?,
        beat: ticks(prompt.meter.beat()).unwrap_or(24),
        grid: limits.grid,
        pitches: stream.pitches(voice),
        signature: stream.key.signature,
        notes: limits.notes,
        chords: role.is_chordal() && stream.knows(role),
        symbols: false,
        tie_out: role != Role::Drums,
    })
}

fn ticks(length: Beats) -> Result<u16, String> {
    let ticks = length * i64::from(TICKS_PER_WHOLE);
    if ticks.denominator() == 1 && (1..=384).contains(&ticks.numerator()) {
        Ok(ticks.numerator() as u16)
    } else {
        Err(format!("a bar of {length} is not on the composer's grid of 1/96"))
    }
}

fn masks_for(masks: &mut Vec<(Rules, Masks)>, rules: Rules) -> Result<&mut Masks, String> {
    /// Sets of rules remembered: one for each voice of a scene, and the scene before.
    const REMEMBERED: usize = 16;
    let at = if let Some(at) = masks.iter().position(|(known, _)| *known == rules) {
        at
    } else {
        if masks.len() >= REMEMBERED {
            masks.remove(0);
        }
        masks.push((rules.clone(), Masks::new(Automaton::new(rules)?)));
        masks.len() - 1
    };
    Ok(&mut masks[at].1)
}
