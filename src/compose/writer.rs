//! Writes bars: keeps the model in step with the stream, draws drafts of each bar and takes the best. Runs on the decode thread.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::draft::{Desk, Draft};
use super::form::CHAT;
use super::fresh::Worn;
use super::lean::Lean;
use super::mask::{Masks, Vocabulary};
use super::passage::Passage;
use super::profile::Profile;
use super::rank::{self, Judged};
use super::reach;
use super::sample::{Rng, Sampler, Sampling};
use super::speed::Speed;
use super::stream::Stream;
use super::{BarRules, Candidate, ComposedBar, Prompt, Revision};
use crate::abc::bar::{Automaton, Rules};
use crate::score::Measure;

pub use super::draft::Spent;

/// A language model: ask for the prefix, and let it find the cheapest way there.
pub trait Model {
    fn name(&self) -> String;

    fn vocabulary(&self) -> &Vocabulary;

    fn tokenize(&self, text: &str) -> Vec<u32>;

    /// As `tokenize`, but what reads like a control token is one.
    fn tokenize_control(&self, text: &str) -> Vec<u32> {
        self.tokenize(text)
    }

    /// What stands before a chat model's answer, by the template that came with it ([`super::form::Form::turn`]).
    fn template(&self) -> Option<String> {
        None
    }

    /// Whether it was made to answer, so that its template should be used.
    fn is_chat(&self) -> bool {
        false
    }

    /// The token that every text begins with, for models that want one.
    fn bos(&self) -> Option<u32>;

    /// Tokens that fit into the cache.
    fn context(&self) -> usize;

    /// Brings the cache to exactly `tokens`; `Ok(false)` when `cancel` said so on the way.
    fn sync(&mut self, tokens: &[u32], cancel: &dyn Fn() -> bool) -> Result<bool, String>;

    /// After a `sync`: one logit for each token of the vocabulary, for what follows.
    fn logits(&self) -> &[f32];

    /// The time by which its work is measured.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Room in the context for the bar being written, captions included.
const BAR_RESERVE: usize = 160;
/// How long after an edit its first bar may be in work and have another draft begun. The music waits for the bar line and the performer for
/// the sight of it: 150 ms are promised (DESIGN), of which a pipe, a stopped decode and a longer draft than the last have the rest.
const ANSWER: Duration = Duration::from_millis(75);
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
    spent: Spent,
    speed: Speed,
    drafts: Vec<String>,
    /// The question of the last bar: the first bar of the next one answers an edit.
    answered: Option<(Revision, u32)>,
}

impl<M: Model> Writer<M> {
    #[must_use]
    pub fn new(model: M, mut profile: Profile) -> Writer<M> {
        let turn = &mut profile.form.turn;
        let chat = turn.as_deref().map_or(model.is_chat(), |turn| turn == CHAT);
        if chat {
            *turn = model.template();
        }
        Writer {
            model,
            profile,
            sampler: Sampler::default(),
            pieces: HashMap::new(),
            masks: Vec::new(),
            spent: Spent::default(),
            speed: Speed::default(),
            drafts: Vec::new(),
            answered: None,
        }
    }

    pub fn model(&self) -> &M {
        &self.model
    }

    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The model itself, for what is no bar. The next bar finds its way back from wherever it is left.
    pub fn model_mut(&mut self) -> &mut M {
        &mut self.model
    }

    pub fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// All drafts of the last bar as the model wrote them: in its key, without the bar line.
    #[must_use]
    pub fn drafts(&self) -> &[String] {
        &self.drafts
    }

    /// Time spent in all bars so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Decodes a little, so that the model's pages are in memory, and says how long a bar of one voice will about take.
    pub fn warm_up(&mut self) -> Result<Duration, String> {
        /// Tokens to measure: a slow model has to begin its first bar soon.
        const FEW: usize = 8;
        let model = &mut self.model;
        let mut tokens: Vec<u32> = model.bos().into_iter().collect();
        tokens.extend(model.tokenize("X:1\nM:4/4\nL:1/8\nK:C\n[V:lead] "));
        model.sync(&tokens, &|| false)?;
        let bar = model.tokenize("A2 d2 f e d c |");
        let few = bar.len().min(FEW);
        let started = model.now();
        for &token in &bar[..few] {
            tokens.push(token);
            model.sync(&tokens, &|| false)?;
        }
        let work = model.now().saturating_duration_since(started) * bar.len() as u32 / few.max(1) as u32;
        self.speed.took(work);
        Ok(work)
    }

    /// Writes the composed voices of the first bar that lacks any into `prompt`, and says what it wrote. All candidates are drawn.
    /// `Ok(None)`: nothing is missing, or `cancel` said so.
    pub fn next_bar(&mut self, prompt: &mut Prompt, cancel: &dyn Fn() -> bool) -> Result<Option<ComposedBar>, String> {
        self.next_bar_in_time(prompt, cancel, &|_| Duration::MAX)
    }

    /// As [`Writer::next_bar`], where `time_left` says how long it is until a bar must be there. First fewer drafts are drawn, then the bar
    /// is closed by force, and bars that cannot be there are left out (`reach`). `Ok(None)` also where nothing can be begun now.
    pub fn next_bar_in_time(
        &mut self,
        prompt: &mut Prompt,
        cancel: &dyn Fn() -> bool,
        time_left: &dyn Fn(i64) -> Duration,
    ) -> Result<Option<ComposedBar>, String> {
        loop {
            let work = self.speed.usual().unwrap_or_default();
            let Some((index, missing)) = reach::next(prompt, work, time_left) else { return Ok(None) };
            let number = prompt.first_bar + index as i64;
            self.drafts.clear();
            let question = (prompt.revision, prompt.attempt);
            // Nobody waits where no bar is due.
            let patience = if prompt.due.is_some() && self.answered != Some(question) { ANSWER } else { Duration::MAX };
            let mut bar = ComposedBar {
                revision: prompt.revision,
                attempt: prompt.attempt,
                number,
                cells: Vec::new(),
                drafts: Vec::new(),
                closed: Vec::new(),
                tokens: 0,
                micros: 0,
            };
            let mut late = false;
            while let (_, Some(voice)) = Stream::new(prompt, &self.profile).line(index) {
                // The voices to come need their time too.
                let left = || time_left(number) / (missing.len() - bar.cells.len()).max(1) as u32;
                let patience = patience / (missing.len() as u32).max(1);
                match self.write_cell(prompt, index, voice, cancel, &left, patience)? {
                    Outcome::Cancelled => return Ok(None),
                    Outcome::Late => {
                        late = true;
                        break;
                    }
                    Outcome::Written(cell) => {
                        prompt.bars[index].cells[voice] = Some(cell.text.clone());
                        if cell.closed {
                            bar.closed.push(voice);
                        }
                        bar.cells.push((voice, cell.text));
                        bar.drafts.push((voice, cell.drafts));
                        bar.tokens += cell.tokens;
                        bar.micros += cell.work.as_micros() as u64;
                    }
                }
            }
            if late && bar.cells.is_empty() {
                continue;
            }
            // Composed voices that this model is not shown are left to the ladder; without this they would be asked for again for ever.
            if !late {
                for (voice, cell) in prompt.bars[index].cells.iter_mut().enumerate() {
                    if prompt.voices[voice].composed && cell.is_none() {
                        *cell = Some(String::new());
                    }
                }
            }
            self.answered = Some(question);
            return Ok(Some(bar));
        }
    }

    /// A bar of one voice without mask and leanings, and how many tokens it took: what the bare model writes in the place of the bar that
    /// is there, up to a bar line, a line's end or as many tokens as the context has room for; or just so many tokens. For measuring.
    pub fn unmasked_bar(
        &mut self,
        prompt: &Prompt,
        index: usize,
        voice: usize,
        tokens_wanted: Option<u32>,
    ) -> Result<(String, u32), String> {
        let mut prompt = prompt.clone();
        prompt.bars.truncate(index + 1);
        prompt.bars[index].cells[voice] = None;
        let Writer { model, profile, sampler, pieces, .. } = self;
        let stream = Stream::new(&prompt, profile);
        let mut tokens = prefix(model, pieces, &stream, index);
        let mut rng = Rng::new(prompt.seed, prompt.first_bar + index as i64, voice, prompt.bars[index].draw(voice));
        let everything = 0..model.vocabulary().size() as u32;
        let mut text = Vec::new();
        let mut count = 0;
        let most = tokens_wanted.unwrap_or(BAR_RESERVE as u32).min(BAR_RESERVE as u32);
        while count < most && (tokens_wanted.is_some() || !text.iter().any(|byte| b"|\n".contains(byte))) {
            model.sync(&tokens, &|| false)?;
            let token = sampler.draw(model.logits(), everything.clone(), |_| true, None, &profile.sampling, &mut rng);
            let token = token.ok_or("there is no token")?;
            text.extend_from_slice(model.vocabulary().bytes(token));
            tokens.push(token);
            count += 1;
        }
        Ok((String::from_utf8_lossy(&text).into_owned(), count))
    }

    /// One bar of one voice. No draft but the first is begun that would be done later than `patience` from now.
    fn write_cell(
        &mut self,
        prompt: &Prompt,
        index: usize,
        voice: usize,
        cancel: &dyn Fn() -> bool,
        time_left: &dyn Fn() -> Duration,
        patience: Duration,
    ) -> Result<Outcome, String> {
        let started = self.model.now();
        let Writer { model, profile, sampler, pieces, masks, spent, speed, drafts: written, .. } = self;
        let stream = Stream::new(prompt, profile);
        let asked = prompt.bars[index].rules.get(voice).is_some_and(|asked| *asked != BarRules::default());
        let masks = match stream.rules(index, voice).and_then(|rules| masks_for(masks, rules)) {
            Ok(masks) => masks,
            // Rhythm and chart met as nobody foresaw: this bar is the ladder's.
            Err(_) if asked => {
                let (text, drafts, work) = (String::new(), Vec::new(), Duration::ZERO);
                return Ok(Outcome::Written(Written { text, drafts, closed: false, tokens: 0, work }));
            }
            Err(why) => return Err(why),
        };
        // Leanings look at the automaton while the masks are filled.
        let automaton = masks.automaton().clone();
        let mut tokens = prefix(model, pieces, &stream, index);
        let passage = Passage::new(prompt, &stream, &profile.bands, index, voice);
        let strength = profile.lean * prompt.knobs.words;
        let temperature = profile.sampling.temperature * prompt.knobs.temperature;
        let sampling = Sampling { temperature, ..profile.sampling };
        let place = Rng::new(prompt.seed, prompt.first_bar + index as i64, voice, prompt.bars[index].draw(voice));
        // Where there is no time for every bar there is none for another draft of one.
        let usual = speed.usual().unwrap_or_default();
        let candidates = if reach::keeps_up(prompt, usual) { prompt.candidates.max(1) } else { 1 };
        let mut desk = Desk {
            model,
            masks,
            sampler,
            sampling: &sampling,
            tokens: &mut tokens,
            tied_in: stream.tied_in(index, voice),
            spent,
        };
        let mut drafts: Vec<Draft> = Vec::new();
        let mut work = Duration::ZERO;
        let closing = reach::margin(usual);
        for candidate in 0..candidates {
            let spent = desk.model.now().saturating_duration_since(started);
            // Another draft takes as long as those before, and the one that is taken has to be read again.
            let each = spent / candidate.max(1);
            if candidate > 0 && (time_left() < 2 * each || spent + 2 * each > patience) {
                break;
            }
            let late = || time_left() < if candidate > 0 { each } else { closing };
            let mut rng = place.clone().candidate(candidate);
            let worn = Worn::new(prompt, &stream, index, voice, &mut rng);
            let lean = Lean::new(&automaton, &passage, strength);
            let Some(draft) = desk.draft(&worn, lean, &mut rng, prompt.candidates > 1, cancel, &late)? else {
                return Ok(Outcome::Cancelled);
            };
            if candidate == 0 {
                work = whole(&draft, &stream, desk.model.now().saturating_duration_since(started));
                speed.took(work);
            }
            // Only the first is better than nothing when it is not whole.
            if draft.is_closed() && (candidate > 0 || stream.written(&draft.text[..draft.drawn]).notes.is_empty()) {
                break;
            }
            drafts.push(draft);
        }
        if drafts.is_empty() {
            return Ok(Outcome::Late);
        }
        let measures: Vec<Measure> = drafts.iter().map(|draft| stream.written(&draft.text)).collect();
        let judged: Vec<Judged<'_>> = drafts
            .iter()
            .zip(&measures)
            .map(|(draft, measure)| Judged { measure, likelihood: draft.likelihood })
            .collect();
        let recent: Vec<Measure> = (index.saturating_sub(2)..index).filter_map(|at| stream.heard(at, voice)).collect();
        let ranks = rank::ranks(&judged, &passage, &recent);
        let best = rank::best(&ranks);
        let mut sayings: Vec<Candidate> = Vec::new();
        for (measure, rank) in measures.iter().zip(&ranks) {
            let text = stream.from_model(measure, voice);
            match sayings.iter_mut().find(|said| said.text == text) {
                // What was drawn twice stands for the better of both.
                Some(said) if rank.sum() < said.rank.sum() => said.rank = *rank,
                Some(_) => {}
                None => sayings.push(Candidate { text, rank: *rank }),
            }
        }
        let text = stream.from_model(&measures[best], voice);
        let (tokens, closed) = (drafts[0].tokens, drafts[best].is_closed());
        written.extend(drafts.into_iter().map(|draft| draft.text));
        Ok(Outcome::Written(Written { text, drafts: sayings, closed, tokens, work }))
    }
}

/// What came of a bar of a voice.
enum Outcome {
    Written(Written),
    /// Time ran out before there was a note.
    Late,
    Cancelled,
}

/// A bar of a voice.
struct Written {
    /// In the prompt's key.
    text: String,
    /// What else it might have been, and this, each once.
    drafts: Vec<Candidate>,
    /// By force, where time ran out.
    closed: bool,
    /// Of the first draft, which was all that had to be done.
    tokens: u32,
    work: Duration,
}

/// What a draft takes that was drawn in `work`, had it been drawn to its end.
fn whole(draft: &Draft, stream: &Stream<'_>, work: Duration) -> Duration {
    /// A bar of which there is hardly anything says only that it takes long.
    const LEAST: f64 = 0.25;
    let length = |text: &str| stream.written(text).length.to_f64();
    let all = length(&draft.text);
    let share = if draft.is_closed() && all > 0.0 { length(&draft.text[..draft.drawn]) / all } else { 1.0 };
    work.div_f64(share.clamp(LEAST, 1.0))
}

/// The tokens of header, bars and the line of `index` up to the voice to be written. Bars before it that were left out
/// are not there at all (`reach`). When the rest does not fit, the oldest bars go:
/// the cut falls on a phrase line and leaves half the context, so that it moves seldom.
fn prefix<M: Model>(model: &M, pieces: &mut HashMap<String, Vec<u32>>, stream: &Stream<'_>, index: usize) -> Vec<u32> {
    if pieces.len() > CACHED_PIECES {
        pieces.clear();
    }
    let mut tokens_of =
        |piece: String| -> Vec<u32> { pieces.entry(piece).or_insert_with_key(|piece| model.tokenize(piece)).clone() };
    let mut header: Vec<u32> = model.bos().into_iter().collect();
    if let Some((before, request, after)) = stream.turn() {
        let before = model.tokenize_control(before);
        // A template may begin with the token that is there already.
        let again = header.first().is_some_and(|bos| before.first() == Some(bos));
        header.extend(&before[usize::from(again)..]);
        header.extend(tokens_of(request));
        header.extend(model.tokenize_control(after));
    }
    header.extend(tokens_of(stream.header()));
    header.extend(tokens_of(stream.example()));
    let limit = model.context().saturating_sub(BAR_RESERVE).max(header.len() + 1);
    let line = |bar| match stream.line(bar) {
        (_, Some(_)) if bar < index => Vec::new(),
        (pieces, _) => pieces,
    };
    let lines: Vec<Vec<u32>> =
        (0..=index).map(|bar| line(bar).into_iter().flat_map(&mut tokens_of).collect()).collect();
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

fn masks_for(masks: &mut Vec<(Rules, Masks)>, rules: Rules) -> Result<&mut Masks, String> {
    /// Sets of rules remembered: those of a phrase for each voice of a scene, and the scene before.
    const REMEMBERED: usize = 64;
    /// What their masks may weigh together, in bytes.
    const MOST_BYTES: usize = 256 << 20;
    // The newest stands last.
    match masks.iter().position(|(known, _)| *known == rules) {
        Some(at) => masks[at..].rotate_left(1),
        None => masks.push((rules.clone(), Masks::new(Automaton::new(rules)?))),
    }
    while masks.len() > 1
        && (masks.len() > REMEMBERED || masks.iter().map(|(_, masks)| masks.bytes()).sum::<usize>() > MOST_BYTES)
    {
        masks.remove(0);
    }
    let last = masks.len() - 1;
    Ok(&mut masks[last].1)
}
