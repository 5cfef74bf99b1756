//! Words for the model: comment lines of a prompt, files of words alone, and what both mean.

use std::sync::Arc;

use super::directive::DELAY;
use super::loudness::for_the_model;
use super::voice::{By, Voice};
use super::{Known, Scene, Source};
use crate::abc::ast::Comment;
use crate::abc::key::{Key, Mode};
use crate::abc::{Diagnostic, Meter, Span, Step};
use crate::compose::Role;
use crate::steer::{Lexicon, Steering, steer};
use crate::time::Beats;

/// A line for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// The bar (from 0) from which it holds.
    pub from: usize,
    /// Index of the voice that it is for; `None` for all.
    pub voice: Option<usize>,
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What the words mean that begin to hold at one bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub from: usize,
    pub steering: Steering,
    /// The control words with those from before.
    pub in_force: Vec<&'static str>,
    /// What was refused here or before and has not been wished for since.
    pub refused: Vec<&'static str>,
}

impl Wish {
    /// Whether it says anything to the model.
    pub fn steers(&self) -> bool {
        !self.steering.is_loudness()
    }
}

/// What the lines for one voice, or for all, mean, place by place: a later place overrules an earlier one without contradicting it, and all of
/// them what was said before. That comes first.
pub(super) fn wishes(before: &[Wish], words: &[Words], voice: Option<usize>, lexicon: &Lexicon) -> Vec<Wish> {
    let mut words: Vec<&Words> = words.iter().filter(|words| words.voice == voice).collect();
    words.sort_by_key(|words| words.from);
    let mut wishes: Vec<Wish> = before.to_vec();
    for place in words.chunk_by(|a, b| a.from == b.from) {
        let lines: Vec<&str> = place.iter().map(|words| words.text.as_str()).collect();
        let steering = steer(&lines, lexicon);
        let before = wishes.last();
        let in_force = steering.after(before.map_or(&[], |wish| &wish.in_force));
        let still = |word: &&&'static str| !steering.heard.contains(word) && !steering.refused.contains(word);
        let refused = before.map_or(&[][..], |wish| &wish.refused).iter().filter(still);
        let refused = refused.chain(&steering.refused).copied().collect();
        wishes.push(Wish { from: place[0].from, steering, in_force, refused });
    }
    wishes
}

/// The same of the lines for single voices, for each of `voices` that has any.
pub(super) fn own(
    before: &[(usize, Vec<Wish>)],
    words: &[Words],
    voices: usize,
    lexicon: &Lexicon,
) -> Vec<(usize, Vec<Wish>)> {
    let before = |voice| before.iter().find(|(own, _)| *own == voice).map_or(&[][..], |(_, wishes)| wishes);
    let own = (0..voices).map(|voice| (voice, wishes(before(voice), words, Some(voice), lexicon)));
    own.filter(|(_, wishes)| !wishes.is_empty()).collect()
}

/// The comment lines that steer: whole lines that begin with `% ` and do not look like music or a field.
pub(super) fn in_comments<'a>(comments: impl IntoIterator<Item = &'a Comment>, voices: &[&str]) -> Vec<Words> {
    let mut words = Vec::new();
    for comment in comments.into_iter().filter(|comment| comment.whole_line) {
        let Some(text) = comment.text.trim_start_matches('%').strip_prefix(' ').map(str::trim) else { continue };
        if text.is_empty() || looks_like_abc(text, voices) {
            continue;
        }
        // `lead: answers the bass` is for one voice; its name is not a word.
        let named =
            |(name, rest): (&str, &'a str)| Some((voices.iter().position(|voice| *voice == name.trim())?, rest));
        let (voice, text) = match text.split_once(':').and_then(named) {
            Some((voice, rest)) => (Some(voice), rest.trim()),
            None => (None, text),
        };
        let from = comment.after_bars.unwrap_or(0);
        words.push(Words { from, voice, text: text.to_owned(), span: comment.span });
    }
    words
}

/// A commented-out bar or field is only that.
fn looks_like_abc(text: &str, voices: &[&str]) -> bool {
    let field = text.as_bytes().get(1) == Some(&b':')
        && text.as_bytes()[0].is_ascii_alphabetic()
        && !voices.contains(&&text[..1]);
    let note_like = |word: &str| word.bytes().all(|byte| b"ABCDEFGabcdefgzx0123456789/,'^_=[]()<>-\"".contains(&byte));
    let marked = text.bytes().any(|byte| b"0123456789/,'^=[]".contains(&byte));
    field || text.contains('|') || text.starts_with("[V:") || (marked && text.split_whitespace().all(note_like))
}

/// A file of words alone is one scene: metre, key and tempo are read out of the words, a model writes one voice.
pub(super) fn scene(source: &Arc<Source>, known: Known<'_>, lexicon: &Lexicon) -> (Vec<Scene>, Vec<Diagnostic>) {
    let lines = source.text.lines().map(str::trim).filter(|line| !line.is_empty());
    let words: Vec<Words> =
        lines.map(|line| Words { from: 0, voice: None, text: line.to_owned(), span: Span::default() }).collect();
    let Some(first) = words.first() else {
        let help = "say what the music should be, as in 'a jig in D dorian at 110'";
        return (Vec::new(), vec![Diagnostic::error(Span::default(), "no words here").with_help(help)]);
    };
    let title = first.text.clone();
    let wishes = wishes(&[], &words, None, lexicon);
    let facts = &wishes[0].steering.facts;
    let meter = facts.meter.as_ref().map_or(Meter::COMMON, |meter| meter.value);
    let scene = Scene {
        number: 1,
        title,
        meter,
        unit: Beats::EIGHTH,
        key: facts.key().unwrap_or(Key::new(Step::C, 0, Mode::Major)),
        tempo: facts.tempo(meter),
        ramp: None,
        phrase: 4,
        delay: Beats::new(DELAY.0, DELAY.1),
        voices: vec![Voice::new("lead", By::Model, Role::Lead)],
        harmony: None,
        words: for_the_model(words, lexicon),
        wishes,
        source: Arc::clone(source),
        rig: Arc::clone(&known.rig.source),
        clocks: known.rig.clocks(),
        leader: known.rig.leader(),
        own: Vec::new(),
        form: None,
        part: None,
    };
    (vec![scene], Vec::new())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::prompt::read;
    use crate::steer::Lexicon;

    #[test]
    fn what_is_refused_again_is_refused_once() {
        let text = format!("X:1\nM:4/4\nL:1/4\nK:C\n{}", "% no triplets, no dotted rhythms\nC4 |\n".repeat(9));
        let (scenes, _) = read(Path::new("a.abc"), &text, &[], &Lexicon::default());
        assert_eq!(scenes[0].wishes.last().map(|wish| wish.refused.clone()), Some(vec!["triplets", "dotted"]));
    }
}
