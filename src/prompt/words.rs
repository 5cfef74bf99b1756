//! Words for the model: comment lines of a prompt, and files of words alone.

use num_rational::Ratio;

use super::voice::{By, Voice};
use super::{Scene, Words};
use crate::abc::ast::Tune;
use crate::abc::key::{Key, Mode};
use crate::abc::{Diagnostic, Meter, Span, Step};
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
        let help = "say what the music should be, as in 'a jig in D dorian at 110'";
        return (Vec::new(), vec![Diagnostic::error(Span::default(), "no words here").with_help(help)]);
    }
    let tokens: Vec<String> = lines
        .iter()
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || ",;.!?()".contains(c)))
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
        .collect();
    let facts = Facts::of(&tokens);
    // What has become a header field is no wish any more.
    let wishes: Vec<&str> =
        tokens.iter().enumerate().filter(|(at, _)| !facts.used.contains(at)).map(|(_, token)| token.as_str()).collect();
    let voice = Voice {
        name: "lead".to_owned(),
        by: By::Model,
        role: Role::Lead,
        comping: None,
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
        meter: facts.meter,
        unit: Beats::EIGHTH,
        key: facts.key,
        tempo: facts.tempo,
        phrase: 4,
        voices: vec![voice],
        words: vec![Words { from: 0, text: wishes.join(" ") }],
    };
    (vec![scene], Vec::new())
}

/// What words say that a header would say.
struct Facts {
    meter: Meter,
    key: Key,
    tempo: Option<Tempo>,
    /// The places of the words that are nothing else.
    used: Vec<usize>,
}

impl Facts {
    fn of(tokens: &[String]) -> Facts {
        let (meter, mut used) = meter(tokens);
        let mut facts = Facts { meter, key: Key::new(Step::C, 0, Mode::Major), tempo: None, used: Vec::new() };
        for at in 1..tokens.len() {
            let before = tokens[at - 1].to_lowercase();
            if before == "in"
                && let Some((key, words)) = key(&tokens[at..])
            {
                facts.key = key;
                used.extend(at - 1..at + words);
            }
            let count = tokens[at].parse().ok().filter(|count| (20..=400).contains(count));
            if matches!(before.as_str(), "at" | "tempo")
                && let Some(count) = count
            {
                facts.tempo = Some(Tempo::from_beat(meter.beat(), Ratio::from_integer(count)));
                used.extend([at - 1, at]);
            }
        }
        Facts { used, ..facts }
    }
}

/// `6/8` as it stands, or a dance's name (which is a wish too); 4/4 otherwise.
fn meter(tokens: &[String]) -> (Meter, Vec<usize>) {
    let measured = |(numerator, denominator)| Meter::Measured { numerator, denominator };
    let written = tokens.iter().enumerate().find_map(|(at, token)| {
        let (numerator, denominator) = token.split_once('/')?;
        let (numerator, denominator) = (numerator.parse().ok()?, denominator.parse().ok()?);
        ((1..=16).contains(&numerator) && [2, 4, 8].contains(&denominator)).then_some((at, (numerator, denominator)))
    });
    if let Some((at, meter)) = written {
        return (measured(meter), vec![at]);
    }
    let is = |token: &String, dance: &str| token.to_lowercase().trim_end_matches('s') == dance;
    let danced = METRES.iter().find(|(dance, _)| tokens.iter().any(|token| is(token, dance)));
    (danced.map_or(Meter::COMMON, |&(_, meter)| measured(meter)), vec![])
}

/// `D dorian`, `Bb minor`, `G`: the key and how many words it took.
fn key(tokens: &[String]) -> Option<(Key, usize)> {
    let tonic = tokens.first()?.as_str();
    if tonic.len() > 2 || !tonic.starts_with(|c: char| ('A'..='G').contains(&c)) {
        return None;
    }
    let with_mode = tokens.get(1).and_then(|mode| Key::parse(&format!("{tonic}{}", mode.to_lowercase())).ok());
    with_mode.map(|(key, _)| (key, 2)).or_else(|| Key::parse(tonic).ok().map(|(key, _)| (key, 1)))
}
