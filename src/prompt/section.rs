//! The sections of a tune: its text cut at the `P:` marks, each part read as a scene with the voices of the whole. Pure.
//!
//! What stands before the first mark belongs to every section: words, `%%` lines, and the notes of a voice wherever the section gives
//! it none. A bar belongs to the mark before it in the text, so that a voice may come back to a section under the same mark.

use std::collections::HashSet;
use std::sync::Arc;

use super::directive::phrase;
use super::form::{Form, Section};
use super::loudness::for_the_model;
use super::seed::{Repeats, SeedBar, seed_bars};
use super::signature::{self, Said};
use super::words::{self, Words};
use super::{By, Harmony, Known, Scene, Source, Voice, drums, possible, scene, voice};
use crate::abc::ast::{self, Bar, Change, Comment, Directive, Header, Item, Symbol, Tune, VoiceHeader};
use crate::abc::{Diagnostic, Meter, Severity, Span};
use crate::steer::Lexicon;

/// A form has no more sections.
const MOST_SECTIONS: usize = 32;

/// Which part of a tune a place of its text belongs to.
pub(super) struct Parts<'a> {
    tune: &'a Tune,
    /// In the order of their first marks.
    names: Vec<&'a str>,
    /// What each says of key and metre.
    said: Vec<Said>,
    /// Where a mark stands, and the part that it begins.
    marks: Vec<(usize, usize)>,
    /// Bars in another metre than the scene's.
    elsewhere: HashSet<Span>,
}

impl<'a> Parts<'a> {
    /// `None` for a tune without marks. The tune is settled ([`super::signature::settle`]).
    pub fn of(tune: &'a Tune, diagnostics: &mut Vec<Diagnostic>) -> Option<Parts<'a>> {
        let (mut names, mut marks): (Vec<&str>, Vec<(usize, usize)>) = Default::default();
        for mark in &tune.parts {
            let at = names.iter().position(|name| *name == mark.name).unwrap_or_else(|| {
                names.push(&mark.name);
                names.len() - 1
            });
            if at == MOST_SECTIONS {
                diagnostics.push(Diagnostic::error(mark.span, format!("more than {MOST_SECTIONS} sections")));
                names.pop();
                break;
            }
            marks.push((mark.span.start, at));
        }
        if names.is_empty() {
            return None;
        }
        let all = signature::said(tune);
        let said = names.iter().map(|name| all.get(name).copied().unwrap_or_default()).collect();
        let mut parts = Parts { tune, names, said, marks, elsewhere: HashSet::new() };
        for part in 0..parts.names.len() {
            let own = parts.tune(Some(part));
            if own.header.meter().bar_length() != tune.header.meter().bar_length() {
                parts.elsewhere.extend(own.voices.iter().flat_map(|voice| &voice.bars).map(|bar| bar.span));
            }
        }
        Some(parts)
    }

    /// Whether a bar is in another metre than the scene.
    pub fn is_elsewhere(&self, bar: Span) -> bool {
        self.elsewhere.contains(&bar)
    }

    /// `None` for the top, before the first mark.
    fn at(&self, place: usize) -> Option<usize> {
        let before = self.marks.partition_point(|(start, _)| *start <= place);
        Some(self.marks[before.checked_sub(1)?].1)
    }

    fn of_bar(&self, bar: &Bar) -> Option<usize> {
        self.at(bar.music_start())
    }

    /// The comments at the top.
    pub fn top_comments(&self) -> impl Iterator<Item = &'a Comment> {
        self.tune.comments.iter().filter(|comment| self.at(comment.span.start).is_none())
    }

    pub fn top_directives(&self) -> Vec<Directive> {
        self.directives(None)
    }

    /// Those at the top and those of a part.
    fn directives(&self, part: Option<usize>) -> Vec<Directive> {
        let here = |directive: &&Directive| {
            let at = self.at(directive.span.start);
            at.is_none() || at == part
        };
        self.tune.directives.iter().filter(here).cloned().collect()
    }

    /// A part, or the top, as a tune of its own: with the bars and words that stand in it, and the directives of the top besides its own.
    fn tune(&self, part: Option<usize>) -> Tune {
        let own = |voice: &ast::Voice| {
            let bars = voice.bars.iter().filter(|bar| self.of_bar(bar) == part).cloned().collect();
            ast::Voice { id: voice.id.clone(), bars }
        };
        let voices: Vec<ast::Voice> = self.tune.voices.iter().map(own).collect();
        let count = |place: usize| {
            let before = |voice: &ast::Voice| voice.bars.partition_point(|bar| bar.music_start() < place);
            voices.iter().map(before).max().unwrap_or(0)
        };
        let here = |comment: &&Comment| self.at(comment.span.start) == part;
        let comments: Vec<Comment> = self
            .tune
            .comments
            .iter()
            .filter(|comment| comment.whole_line)
            .filter(here)
            .map(|comment| Comment { after_bars: Some(count(comment.span.start)), ..comment.clone() })
            .collect();
        let mut header = Header { order: None, ..self.tune.header.clone() };
        if let Some(part) = part {
            let pitched =
                voices.iter().filter(|voice| !header.voice(&voice.id).is_some_and(VoiceHeader::is_percussion));
            // What is not said behind the mark all its voices may say, each for itself.
            let key = self.said[part]
                .key
                .or(signature::common(pitched.filter_map(|v| v.bars.first()), |bar| bar.context.key));
            let of_bars = || signature::common(voices.iter().filter_map(|v| v.bars.first()), |bar| bar.context.meter);
            let meter = self.said[part].meter.map(|(_, meter)| meter).or_else(of_bars);
            header.key = key.unwrap_or(header.key);
            header.meter = meter.filter(|meter| *meter != header.meter()).or(header.meter);
        }
        let directives = self.directives(part);
        let (number, span) = (self.tune.number, self.tune.span);
        Tune { number, span, header, voices, comments, directives, parts: vec![], fields: vec![] }
    }

    /// Whether a voice without bars in a part plays there: one that is first named in another section does not.
    fn plays(&self, name: &str, part: usize) -> bool {
        let named = self.tune.header.voice(name).and_then(|header| self.at(header.span.start));
        named.is_none_or(|named| named == part)
    }

    /// Who goes on with a voice wherever it has no bars: what the text says, or else the model, unless all that it has of the voice loops.
    pub fn by(&self, voice: &Voice) -> By {
        let Some(bars) = self.unsaid(&voice.name) else { return voice.by };
        let ends = bars.chunk_by(|a, b| self.of_bar(a) == self.of_bar(b)).map(<[Bar]>::last);
        let mut ends = ends.map(|last| voice::goes_on(last, voice.role)).peekable();
        let loops = ends.peek().is_some() && ends.all(|by| by == By::Loop);
        if loops { By::Loop } else { By::Model }
    }

    /// The bars of a voice of which the text does not say who goes on.
    fn unsaid(&self, name: &str) -> Option<&'a [Bar]> {
        let said = self.tune.header.voice(name).is_some_and(|header| header.get("by").is_some());
        self.tune.voice(name).filter(|_| !said).map(|voice| &voice.bars[..])
    }

    /// Bars that the metre or the key of the section does not fit.
    fn check(&self, part: usize, tune: &Tune, diagnostics: &mut Vec<Diagnostic>) {
        let name = self.names[part];
        let place = |bar: &Bar, is: fn(&Change) -> bool| {
            let change = |item: &&Item| matches!(&item.symbol, Symbol::Change(change) if is(change));
            bar.items.iter().find(change).map_or(bar.span, |item| item.span)
        };
        let meter = tune.header.meter();
        let other_meter =
            |bar: &&Bar| tune.header.meter.is_some() && bar.context.meter.bar_length() != meter.bar_length();
        if let Some(bar) = tune.voices.iter().flat_map(|voice| &voice.bars).find(other_meter) {
            let at = place(bar, |change| matches!(change, Change::Meter(_)));
            let message = format!("section {name} is in {meter}, and this bar in {}", bar.context.meter);
            let help = format!("M: behind P:{name} holds for all of the section");
            diagnostics.push(Diagnostic::error(at, message).with_help(help));
        }
        let drums = |voice: &ast::Voice| tune.header.voice(&voice.id).is_some_and(VoiceHeader::is_percussion);
        let pitched = tune.voices.iter().filter(|voice| !drums(voice));
        let other_key = |bar: &&Bar| bar.context.key != tune.header.key;
        if let Some(bar) = pitched.flat_map(|voice| &voice.bars).find(other_key) {
            let at = place(bar, |change| matches!(change, Change::Key(_)));
            let message = format!(
                "K: here is for these written notes alone; all else in section {name} stays in {}",
                tune.header.key
            );
            let help = format!("K: behind P:{name} holds for all of the section");
            diagnostics.push(Diagnostic::warning(at, message).with_help(help));
        }
    }

    /// Where the section's metre stands, if it is another than the scene's.
    fn other_meter(&self, part: usize, tune: &Tune) -> Option<Span> {
        let differs = tune.header.meter().bar_length() != self.tune.header.meter().bar_length();
        let mark = || self.tune.parts.iter().find(|mark| mark.name == self.names[part]).map(|mark| mark.span);
        differs.then(|| self.said[part].meter.map(|(span, _)| span).or_else(mark)).flatten()
    }
}

/// The form of a scene whose tune has `parts`; `whole` is read from all of it, its words are those at the top. `names` are the voices that words may be for.
pub(super) fn form(
    (text, parts): (&str, &Parts<'_>),
    whole: &Scene,
    names: &[&str],
    known: Known<'_>,
    lexicon: &Lexicon,
    diagnostics: &mut Vec<Diagnostic>,
) -> Form {
    let mut sections = Vec::new();
    let mut said = Vec::new();
    let top = parts.tune(None);
    let at_top = |voice: &Voice| seed_bars(text, &top, &voice.name, Repeats::Played, &mut Vec::new()).into();
    let at_top: Vec<Arc<[SeedBar]>> = whole.voices.iter().map(at_top).collect();
    let mut comped = Vec::new();
    for (part, name) in parts.names.iter().enumerate() {
        let tune = parts.tune(Some(part));
        parts.check(part, &tune, &mut said);
        let (elsewhere, mut loops) = (parts.other_meter(part, &tune), Vec::new());
        let meter = tune.header.meter.unwrap_or(Meter::COMMON);
        let mut of_bars = Vec::new();
        let last = |tune: &'_ Tune, name: &str| tune.voice(name).and_then(|voice| voice.bars.last().cloned());
        let read = |(voice, at_top): (&Voice, &Arc<[SeedBar]>)| {
            let (end, bars) = match last(&tune, &voice.name) {
                Some(end) => (Some(end), seed_bars(text, &tune, &voice.name, Repeats::Played, &mut of_bars).into()),
                // Bars of the top do not fit another metre.
                None if elsewhere.is_some() => {
                    if voice.by == By::Loop && voice.comping.is_none() && !at_top.is_empty() {
                        loops.push(voice.name.clone());
                    }
                    (None, Arc::default())
                }
                None => (last(&top, &voice.name), Arc::clone(at_top)),
            };
            let by = match &end {
                Some(_) if parts.unsaid(&voice.name).is_some() => voice::goes_on(end.as_ref(), voice.role),
                None if !parts.plays(&voice.name, part) => By::Loop,
                _ => voice.by,
            };
            signature::voice(Voice { by, bars, ..voice.clone() }, whole, &tune.header)
        };
        let mut voices: Vec<Voice> = whole.voices.iter().zip(&at_top).map(read).collect();
        if let (Some(place), [first, ..]) = (elsewhere, &loops[..]) {
            let message =
                format!("section {name} is in {meter}, and {} loops bars in {}", loops.join(" and "), whole.meter);
            let help = format!("give it notes of its own in {name}, or a bar's rest: [V:{first}] Z |");
            said.push(Diagnostic::error(place, message).with_help(help));
        }
        let phrase = phrase(&tune.directives, &mut said);
        let longest = |all: bool| {
            let own = |voice: &&Voice| tune.voice(&voice.name).is_some_and(|own| !own.bars.is_empty());
            let given = voices.iter().filter(own).filter(|voice| all || voice.by == By::Loop);
            given.map(|voice| voice.bars.len() as i64).max().unwrap_or(0)
        };
        // The seed of a model is an opening: alone it makes no section shorter than a phrase.
        let bars = if longest(false) > 0 { longest(true) } else { longest(true).max(i64::from(phrase)) };
        // What is wrong with its bars was said of the whole, but for those in another metre.
        said.extend(of_bars.into_iter().filter(|_| elsewhere.is_some()));
        let harmony = Harmony::of(&voices, meter);
        voice::comp(&tune, &mut voices, &mut comped, &mut Vec::new());
        if let Some(drums) = drums::drums(&tune, &without_drums(&voices), known.patches)
            && let Some(voice) = voices.iter_mut().find(|voice| voice.name == drums.name)
        {
            voice.bars = drums.bars;
        }
        let mut impossible = Vec::new();
        possible::check(&tune.header, &voices, harmony.as_ref(), &mut impossible);
        said.extend(impossible.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error));
        let own = words::in_comments(&tune.comments, names);
        said.extend(own.iter().find(|words| words.from as i64 >= bars).map(|late| never(late, name, bars)));
        let (wishes, of_voices) = (&whole.wishes, &whole.own);
        let scene = Scene {
            meter,
            key: tune.header.key,
            phrase,
            harmony,
            wishes: words::wishes(wishes, &own, None, lexicon),
            own: words::own(of_voices, &own, names.len(), lexicon),
            words: whole.words.iter().cloned().chain(for_the_model(own, lexicon)).collect(),
            voices,
            part: Some(((*name).to_owned(), bars)),
            ..whole.clone()
        };
        let vary = varies(&tune, &mut said);
        sections.push(Section { name: (*name).to_owned(), scene: Arc::new(scene), bars, vary });
    }
    for diagnostic in said {
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    let order = order(parts, diagnostics);
    Form::new(sections, order)
}

/// What to say of words behind the last bar of a section.
fn never(words: &Words, section: &str, bars: i64) -> Diagnostic {
    let bars = if bars == 1 { "its 1 bar".to_owned() } else { format!("its {bars} bars") };
    let message = format!("these words never hold: section {section} is over after {bars}");
    let help = "words hold from their place on; before a section's notes they are for all of it";
    Diagnostic::warning(words.span, message).with_help(help)
}

/// The drum voice of `%%MIDI drumon` is made anew.
fn without_drums(voices: &[Voice]) -> Vec<Voice> {
    voices.iter().filter(|voice| voice.name != drums::NAME).cloned().collect()
}

/// The parts of `P:` in the header; all of them in their order where it says nothing that there is.
fn order(parts: &Parts<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<usize> {
    let header = &parts.tune.header;
    let asked = header.order.as_ref().map_or(&[][..], |order| &order.parts);
    let mut missing: Vec<char> = Vec::new();
    let mut order = Vec::new();
    for &letter in asked {
        match parts.names.iter().position(|name| name.starts_with(letter)) {
            Some(part) => order.push(part),
            None if missing.contains(&letter) => {}
            None => missing.push(letter),
        }
    }
    for letter in missing {
        let message = format!("the form asks for section {letter}, which is not there");
        let help = format!("P:{letter} among the music begins it");
        diagnostics.push(Diagnostic::warning(header.order_span(), message).with_help(help));
    }
    if order.is_empty() { (0..parts.names.len()).collect() } else { order }
}

/// The scene of a tune whose form, `P:` alone, names none of its sections: it plays without them. They are to be right all the same.
pub(super) fn unplayed(
    (source, tune): (&Arc<Source>, &Tune),
    fallback: u32,
    known: Known<'_>,
    lexicon: &Lexicon,
    diagnostics: &mut Vec<Diagnostic>,
) -> Scene {
    let mut all = tune.clone();
    all.header.order = None;
    scene((source, &all), fallback, known, lexicon, diagnostics);
    let Some(parts) = Parts::of(&all, &mut Vec::new()) else {
        return scene((source, &all), fallback, known, lexicon, &mut Vec::new());
    };
    let mut scene = scene((source, &parts.tune(None)), fallback, known, lexicon, &mut Vec::new());
    let in_section = |name: &str| all.header.voice(name).is_some_and(|header| parts.at(header.span.start).is_some());
    for voice in scene.voices.iter_mut().filter(|voice| voice.bars.is_empty() && in_section(&voice.name)) {
        voice.by = By::Loop;
    }
    scene
}

/// The notes of a section of a tune, or of what stands before the first one, as a tune of its own; `None` where there is no such section.
pub(crate) fn section(tune: &Tune, name: Option<&str>) -> Option<Tune> {
    let parts = Parts::of(tune, &mut Vec::new())?;
    let Some(name) = name else { return Some(parts.tune(None)) };
    let part = parts.names.iter().position(|part| *part == name)?;
    Some(parts.tune(Some(part)))
}

/// What to say of a tune without sections that speaks of them.
pub(super) fn none(tune: &Tune, diagnostics: &mut Vec<Diagnostic>) {
    if tune.header.order.is_some() {
        let message = "P: in the header orders sections, and there are none";
        let help = "P:A among the music begins one";
        diagnostics.push(Diagnostic::warning(tune.header.order_span(), message).with_help(help));
    }
    varies(tune, diagnostics);
}

/// `%%sections vary` or `%%sections replay`; the latter when it does not say.
fn varies(tune: &Tune, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let said = tune.directives.iter().rev().find_map(|d| Some((d.span, d.text.strip_prefix("sections")?.trim())));
    match said {
        None | Some((_, "replay")) => false,
        Some((_, "vary")) => true,
        Some((span, _)) => {
            let help = "as in %%sections vary: when a section returns, it is varied";
            diagnostics.push(Diagnostic::error(span, "%%sections wants vary or replay").with_help(help));
            false
        }
    }
}

#[cfg(test)]
mod tests;
