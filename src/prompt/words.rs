//! Words for the model: comment lines of a prompt, and files of words alone.

use super::voice::{By, Voice};
use super::{Scene, Words};
use crate::abc::ast::Tune;
use crate::abc::key::Key;
use crate::abc::{Diagnostic, Meter, Span};
use crate::compose::{Role, VoiceRules};
use crate::time::{Beats, Tempo};

/// The comment lines that steer: whole lines that begin with `% ` and do not look like music or a field.
pub(super) fn in_comments(tune: &Tune, voices: &[&str]) -> Vec<Words> {
    let mut words = Vec::new();
    for comment in tune.comments.iter().filter(|comment| comment.whole_line) {
        let Some(text) = comment.text.trim_start_matches('%').strip_prefix(' ').map(str::trim) else { continue };
        if text.is_empty() || looks_like_abc(text, voices) {
            continue;
        }
        // `lead: answers the bass` is for one voice; its name is not a word.
        let text = match text.split_once(':') {
            Some((voice, rest)) if voices.contains(&voice.trim()) => rest.trim(),
            _ => text,
        };
        words.push(Words { from: comment.after_bars.unwrap_or(0), text: text.to_owned() });
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

/// Dance names and what they say of the metre.
const METRES: &[(&str, (u16, u16))] = &[
    ("slipjig", (9, 8)),
    ("jig", (6, 8)),
    ("reel", (4, 4)),
    ("hornpipe", (4, 4)),
    ("strathspey", (4, 4)),
    ("march", (4, 4)),
    ("polka", (2, 4)),
    ("waltz", (3, 4)),
    ("minuet", (3, 4)),
];

/// A file of words alone is one scene: metre, key and tempo are read out of the words, a model writes one voice.
pub(super) fn scene(text: &str) -> (Vec<Scene>, Vec<Diagnostic>) {
    let lines: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.is_empty() {
        let message = "no words here: say what the music should be, as in 'a jig in D dorian at 110'";
        return (Vec::new(), vec![Diagnostic::error(Span::default(), message)]);
    }
    let tokens: Vec<String> = lines
        .iter()
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || ",;.!?()".contains(c)))
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
        .collect();
    let meter = meter(&tokens);
    let beat = meter.beat();
    let tempo = tokens.windows(2).find_map(|pair| {
        let count: i64 = pair[1].parse().ok().filter(|count| (20..=400).contains(count))?;
        (pair[0].eq_ignore_ascii_case("at") || pair[0].eq_ignore_ascii_case("tempo"))
            .then(|| Tempo::from_beat(beat, count.into()))
    });
    let voice = Voice {
        name: "lead".to_owned(),
        by: By::Model,
        role: Role::Lead,
        patch: "reed".to_owned(),
        out: None,
        channel: None,
        program: None,
        rules: VoiceRules { range: (55, 88), ..VoiceRules::default() },
        gain: 1.0,
        pan: 0.0,
        muted: false,
        bars: Vec::new(),
    };
    let scene = Scene {
        number: 1,
        title: lines[0].clone(),
        meter,
        unit: Beats::EIGHTH,
        key: key(&tokens),
        tempo,
        phrase: 4,
        voices: vec![voice],
        words: lines.into_iter().map(|text| Words { from: 0, text }).collect(),
    };
    (vec![scene], Vec::new())
}

/// `6/8` as it stands, or a dance's name; 4/4 otherwise.
fn meter(tokens: &[String]) -> Meter {
    let written = tokens.iter().find_map(|token| {
        let (numerator, denominator) = token.split_once('/')?;
        let (numerator, denominator) = (numerator.parse().ok()?, denominator.parse().ok()?);
        ((1..=16).contains(&numerator) && [2, 4, 8].contains(&denominator)).then_some((numerator, denominator))
    });
    let danced = || {
        let is = |token: &String, dance: &str| token.to_lowercase().trim_end_matches('s') == dance;
        METRES.iter().find(|(dance, _)| tokens.iter().any(|token| is(token, dance))).map(|&(_, meter)| meter)
    };
    let (numerator, denominator) = written.or_else(danced).unwrap_or((4, 4));
    Meter::Measured { numerator, denominator }
}

/// `in D dorian`, `in Bb minor`; C major otherwise.
fn key(tokens: &[String]) -> Key {
    let named = (1..tokens.len()).find_map(|at| {
        let tonic = tokens[at].as_str();
        let named = tokens[at - 1].eq_ignore_ascii_case("in")
            && tonic.len() <= 2
            && tonic.starts_with(|c: char| ('A'..='G').contains(&c));
        let mode = tokens.get(at + 1).map(|mode| mode.to_lowercase()).unwrap_or_default();
        let key = Key::parse(&format!("{tonic}{mode}")).or_else(|_| Key::parse(tonic));
        key.ok().filter(|_| named).map(|(key, _)| key)
    });
    named.unwrap_or_else(|| Key::parse("C").map_or(Key::NONE, |(key, _)| key))
}
