//! The prompt file as values: scenes, their voices, and the words for the model. Pure; no I/O.
//!
//! A prompt file is plain ABC; what other programs ignore (voice properties, comment lines) is what this module reads.

mod directive;
mod drums;
mod expression;
mod form;
mod hand;
mod hardware;
mod harmony;
mod heard;
mod loudness;
mod possible;
mod property;
mod rhythm;
mod section;
mod seed;
mod signature;
mod voice;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use form::{Form, Place, Section};
pub use hardware::Lane;
pub use harmony::Harmony;
pub use property::is_property;
pub(crate) use section::section;
pub use seed::SeedBar;
pub(crate) use seed::{Repeats, seed_bars};
pub use voice::{By, Voice};

use crate::abc::ast::{Tune, VoiceHeader};
use crate::abc::key::Key;
use crate::abc::parse::parse;
use crate::abc::{Diagnostic, Meter, Severity, Span};
use crate::compose::OwnWords;
use crate::midi::{Ear, Listener};
use crate::rig::{ClockPort, Rig};
use crate::steer::{Lexicon, overruled};
use crate::time::{Beats, Tempo};
use directive::{delay, phrase};
use section::Parts;
use words::{Wish, Words};

/// How many voices a scene may have.
pub const MAX_VOICES: usize = 32;

/// One tune of a prompt file, ready to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// `X:`, or its place in the file.
    pub number: u32,
    pub title: String,
    pub meter: Meter,
    pub unit: Beats,
    pub key: Key,
    pub tempo: Option<Tempo>,
    /// Where that leads, and in how many bars: `Q:1/4=120..140/8`.
    pub ramp: Option<(Tempo, u32)>,
    /// Bars in a phrase, 1 to 64.
    pub phrase: u32,
    /// The time between two echoes of the synth's delay.
    pub delay: Beats,
    /// In the order of the text; at least one.
    pub voices: Vec<Voice>,
    /// The chords of its chart, if there is one.
    pub harmony: Option<Harmony>,
    /// Its sections. Where there are any, they have the bars that play; those of `voices` are the whole tune's.
    pub form: Option<Arc<Form>>,
    /// In the scene of a section its name and its length in bars.
    pub part: Option<(String, i64)>,
    words: Vec<Arc<Words>>,
    /// What those for all voices mean, in the order of the bars.
    wishes: Vec<Wish>,
    /// The same for each voice that has words of its own.
    own: Vec<(usize, Vec<Wish>)>,
    /// What it was read from.
    pub source: Arc<Source>,
    /// The rig with which it was read.
    pub rig: Arc<Source>,
    /// The ports of that rig whose boxes follow our clock, whether or not a voice plays there.
    pub clocks: Arc<[ClockPort]>,
    /// The port of the box whose clock we follow.
    pub leader: Option<Arc<str>>,
}

/// A text as it was evaluated, all scenes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub path: PathBuf,
    pub text: String,
}

impl Scene {
    /// The voices that are played on MIDI inputs, and the clock that is followed.
    pub fn listeners(&self) -> impl Iterator<Item = Listener> {
        let hands = self.voices.iter().filter(|voice| voice.by == By::Hand);
        let voices = hands
            .filter_map(|voice| Some(Listener { port: voice.input.clone()?, ear: Ear::Voice(voice.name.clone()) }));
        voices.chain(self.leader.iter().map(|port| Listener { port: port.to_string(), ear: Ear::Clock }))
    }

    /// The words for all voices in force in bar `bar` of the scene, from 0.
    #[must_use]
    pub fn words_at(&self, bar: i64) -> Vec<String> {
        self.lines(None, bar)
    }

    /// What they mean in control words.
    #[must_use]
    pub fn control_at(&self, bar: i64) -> Vec<String> {
        let wish = in_force(&self.wishes, bar);
        wish.map_or_else(Vec::new, |wish| wish.in_force.iter().map(|&word| word.to_owned()).collect())
    }

    /// The words for one voice alone in force in a bar, and what they come to together with those for all, which they overrule;
    /// `None` where the voice has none.
    #[must_use]
    pub fn own_words_at(&self, voice: usize, bar: i64) -> Option<OwnWords> {
        let (_, wishes) = self.own.iter().find(|(own, _)| *own == voice)?;
        let own = in_force(wishes, bar)?;
        let all = in_force(&self.wishes, bar).map_or(&[][..], |wish| &wish.in_force);
        let control = overruled(all, &own.in_force, &own.refused);
        Some(OwnWords {
            words: self.lines(Some(voice), bar),
            control: control.into_iter().map(str::to_owned).collect(),
        })
    }

    /// All that is said to a voice, with the bars from which it holds, in control words and as it is written.
    #[must_use]
    pub fn words_of(&self, voice: usize) -> Vec<(usize, &str, Vec<&'static str>)> {
        let own = self.own.iter().find(|(own, _)| *own == voice).map_or(&[][..], |(_, wishes)| wishes);
        let meant = self
            .wishes
            .iter()
            .chain(own)
            .filter(|wish| wish.steers())
            .map(|wish| (wish.from, "", wish.in_force.clone()));
        let said = self.words.iter().filter(|words| words.voice.is_none_or(|own| own == voice));
        meant.chain(said.map(|words| (words.from, words.text.as_str(), Vec::new()))).collect()
    }

    fn lines(&self, voice: Option<usize>, bar: i64) -> Vec<String> {
        let holds = |words: &&Arc<Words>| words.voice == voice && words.from as i64 <= bar;
        self.words.iter().filter(holds).map(|words| words.text.clone()).collect()
    }

    #[must_use]
    pub fn bar_length(&self) -> Beats {
        self.meter.bar_length()
    }
}

fn in_force(wishes: &[Wish], bar: i64) -> Option<&Wish> {
    wishes.iter().rfind(|wish| wish.from as i64 <= bar && wish.steers())
}

/// Reads a prompt file. Scenes are there even when there are errors: what can be read. `path` decides whether it is ABC or words only (`.txt`).
/// `patches` are the names that `patch=` may say, `lexicon` knows what words mean.
#[must_use]
pub fn read(path: &Path, text: &str, patches: &[String], lexicon: &Lexicon) -> (Vec<Scene>, Vec<Diagnostic>) {
    read_with(path, text, patches, lexicon, &Rig::default())
}

/// The same where there is a rig, whose outputs `out=` may name.
#[must_use]
pub fn read_with(
    path: &Path,
    text: &str,
    patches: &[String],
    lexicon: &Lexicon,
    rig: &Rig,
) -> (Vec<Scene>, Vec<Diagnostic>) {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    let known = Known { patches, rig };
    if path.extension().is_some_and(|extension| extension == "txt") {
        return words::scene(&source, known, lexicon);
    }
    let (book, mut diagnostics) = parse(text);
    let scenes: Vec<Scene> = book
        .tunes
        .iter()
        .enumerate()
        .map(|(at, tune)| {
            let fallback = at as u32 + 1;
            scene((&source, tune), fallback, known, lexicon, &mut diagnostics)
        })
        .collect();
    if scenes.is_empty() {
        let span = Span { start: 0, end: text.len() };
        let help = "a prompt begins with X:1 and K:C; a file of words alone is named .txt";
        diagnostics.push(Diagnostic::error(span, "no tune here").with_help(help));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    (scenes, diagnostics)
}

/// What voices may name.
#[derive(Clone, Copy)]
struct Known<'a> {
    patches: &'a [String],
    rig: &'a Rig,
}

/// A tune as the instrument reads it: key and metre of a section hold in all its voices and nowhere else.
#[must_use]
pub(crate) fn settled(tune: Tune) -> Tune {
    match signature::settle(&tune, &mut Vec::new()) {
        std::borrow::Cow::Owned(settled) => settled,
        std::borrow::Cow::Borrowed(_) => tune,
    }
}

/// Whether an evaluation has to be refused.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The scene of a text that takes over: the one with number `playing`, or else the first; none where the text has errors.
#[must_use]
pub fn accepted(scenes: Vec<Scene>, diagnostics: &[Diagnostic], playing: Option<u32>) -> Option<Scene> {
    if has_errors(diagnostics) {
        return None;
    }
    let at = scenes.iter().position(|scene| Some(scene.number) == playing).unwrap_or(0);
    scenes.into_iter().nth(at)
}

fn scene(
    (source, tune): (&Arc<Source>, &Tune),
    fallback: u32,
    known: Known<'_>,
    lexicon: &Lexicon,
    diagnostics: &mut Vec<Diagnostic>,
) -> Scene {
    if let Some(order) = &tune.header.order
        && order.parts.is_empty()
        && !tune.parts.is_empty()
    {
        return section::unplayed((source, tune), fallback, known, lexicon, diagnostics);
    }
    let text = source.text.as_str();
    let tune = &*signature::settle(tune, diagnostics);
    let parts = Parts::of(tune, diagnostics);
    // What is wrong with any bar is to be said, whatever the form leaves out.
    let whole = parts.as_ref().map(|_| Tune { parts: vec![], ..tune.clone() });
    let top = whole.as_ref().unwrap_or(tune);
    let header = &tune.header;
    let mut names: Vec<&str> = header.voices.iter().map(|voice| voice.id.as_str()).collect();
    for voice in &tune.voices {
        if !names.contains(&voice.id.as_str()) {
            names.push(&voice.id);
        }
    }
    if names.is_empty() {
        names.push("1");
    }
    if names.len() > MAX_VOICES {
        diagnostics
            .push(Diagnostic::error(header.span, format!("{} voices; at most {MAX_VOICES} can play", names.len())));
        names.truncate(MAX_VOICES);
    }
    let unnamed = VoiceHeader::default();
    let before = diagnostics.len();
    let mut voices: Vec<Voice> = names
        .iter()
        .map(|name| voice::voice(text, top, name, header.voice(name).unwrap_or(&unnamed), known, diagnostics))
        .collect();
    if let Some(parts) = &parts {
        // What is wrong with bars in another metre their section says.
        let said = diagnostics.split_off(before);
        diagnostics.extend(said.into_iter().filter(|diagnostic| !parts.is_elsewhere(diagnostic.span)));
        for voice in &mut voices {
            voice.by = parts.by(voice);
        }
    }
    let meter = header.meter.unwrap_or(Meter::COMMON);
    let harmony = Harmony::of(&voices, meter);
    voice::comp(top, &mut voices, &mut Vec::new(), diagnostics);
    let before = diagnostics.len();
    possible::check(header, &voices, harmony.as_ref(), diagnostics);
    hand::check(header, &mut voices, diagnostics);
    if parts.is_some() {
        // Rhythm and chart meet section by section.
        let errors = diagnostics.split_off(before);
        diagnostics.extend(errors.into_iter().filter(|diagnostic| diagnostic.severity != Severity::Error));
    }
    voices.extend(drums::drums(top, &voices, known.patches));
    let words: Vec<Words> = match &parts {
        // At the top they hold from the start.
        Some(parts) => {
            let words = words::in_comments(parts.top_comments(), &names);
            words.into_iter().map(|words| Words { from: 0, ..words }).collect()
        }
        None => words::in_comments(&tune.comments, &names),
    };
    let directives = parts.as_ref().map_or_else(|| tune.directives.clone(), Parts::top_directives);
    let mut scene = Scene {
        number: tune.number.unwrap_or(fallback),
        title: header.titles.first().cloned().unwrap_or_else(|| format!("scene {fallback}")),
        meter,
        unit: header.unit,
        key: header.key,
        tempo: header.tempo.as_ref().and_then(crate::abc::field::TempoMark::tempo),
        ramp: header.tempo.as_ref().and_then(crate::abc::field::TempoMark::target),
        phrase: phrase(&directives, diagnostics),
        delay: delay(&directives, diagnostics),
        wishes: words::wishes(&[], &words, None, lexicon),
        own: words::own(&[], &words, names.len(), lexicon),
        words: loudness::for_the_model(words, lexicon),
        voices,
        source: Arc::clone(source),
        rig: Arc::clone(&known.rig.source),
        clocks: known.rig.clocks(),
        leader: known.rig.leader(),
        harmony,
        form: None,
        part: None,
    };
    match parts {
        Some(parts) => {
            let form = section::form((text, &parts), &scene, &names, known, lexicon, diagnostics);
            scene.form = Some(Arc::new(form));
        }
        None => section::none(tune, diagnostics),
    }
    scene
}

#[cfg(test)]
mod tests;
