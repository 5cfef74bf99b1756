//! A voice's bars in the text: which lines and parts of lines are the voice's, and other bars in their place. Pure.

use super::write::{BARS_A_LINE, line_break};
use super::{KeptVoice, Kind};
use crate::abc::Span;
use crate::abc::ast::Tune;
use crate::compose::Role;

/// So many characters of a voice's name are distinguished, as when it is read.
const NAME_LENGTH: usize = 20;

/// The voice of a tune that names none.
const UNNAMED: &str = "1";

/// A line of the tune's body.
struct Line {
    /// Without its end.
    span: Span,
    /// The music in it, in order.
    parts: Vec<Part>,
    /// Lyrics or symbols under the music of this voice.
    under: Option<String>,
}

/// Music of one voice within a line.
struct Part {
    voice: String,
    /// `[V:bass]`, where it is said.
    tag: Option<Span>,
    /// Without blanks around it; may be empty.
    music: Span,
}

/// Puts bars in the place of a voice's own: its first music gives way to them, what else it has goes, and all of it stays as private notes.
pub(super) fn bars(text: &str, tune: &Tune, voice: &KeptVoice, bars: &[String], kind: Kind) -> String {
    let lines = body(text, tune);
    let name = voice.name.as_str();
    let line_break = line_break(text);
    let at = |span: Span| &text[span.start..span.end];
    // What no `V:` names repeats by its bar lines.
    let unnamed = is_unnamed(tune, name);
    let repeat = unnamed && kind == Kind::Loop;
    let written = |tag: &str, a_line: usize| {
        let (last, mut out) = (bars.len().div_ceil(a_line) - 1, Vec::new());
        for (number, line) in bars.chunks(a_line).enumerate() {
            let begin = if repeat && number == 0 { "|: " } else { "" };
            let end = if repeat && number == last { ":|" } else { "|" };
            out.push(format!("{tag}{begin}{} {end}", line.join(" | ")));
        }
        out.join(line_break)
    };
    let mut new = String::with_capacity(text.len() + 1024);
    let (mut done, mut laid) = (0, false);
    for line in &lines {
        let own: Vec<&Part> =
            line.parts.iter().filter(|part| part.voice == name && part.music.start < part.music.end).collect();
        let under = line.under.as_deref() == Some(name) && laid;
        if own.is_empty() && !under {
            continue;
        }
        new += &text[done..line.span.start];
        done = line.span.end;
        if under || line.parts.iter().all(|part| part.voice == name) {
            new.extend(["%- ", at(line.span)]);
            if !under && !std::mem::replace(&mut laid, true) {
                let tag = own[0].tag.map_or(String::new(), |tag| at(tag).to_owned() + " ");
                new.extend([line_break, &written(&tag, BARS_A_LINE)]);
            }
            continue;
        }
        for part in &own {
            new.extend(["%- [V:", name, "] ", at(part.music), line_break]);
        }
        let mut from = line.span.start;
        for part in own {
            if std::mem::replace(&mut laid, true) {
                new += &text[from..part.tag.map_or(part.music.start, |tag| tag.start)];
                from = part.music.end + text[part.music.end..line.span.end].len()
                    - text[part.music.end..line.span.end].trim_start().len();
            } else {
                new.extend([&text[from..part.music.start], &written("", bars.len())]);
                from = part.music.end;
            }
        }
        new += &text[from..line.span.end];
    }
    if !laid {
        return append(text, tune, &written(&tag(tune, voice), BARS_A_LINE));
    }
    new + &text[done..]
}

/// Whether it is the voice of a tune that names none.
fn is_unnamed(tune: &Tune, name: &str) -> bool {
    tune.header.voices.is_empty() && name == UNNAMED
}

/// What the line of a voice begins with, with the blank behind it.
pub(super) fn tag(tune: &Tune, voice: &KeptVoice) -> String {
    let KeptVoice { name, role, .. } = voice;
    match (tune.header.voice(name), role) {
        _ if is_unnamed(tune, name) => String::new(),
        (None, Role::Drums) => format!("[V:{name} clef=perc] "),
        _ => format!("[V:{name}] "),
    }
}

/// The text with these lines behind the tune's last one.
pub(super) fn append(text: &str, tune: &Tune, lines: &str) -> String {
    let end = body(text, tune).last().map_or(tune.header.span.end, |line| line.span.end);
    let last = if end == text.len() { line_break(text) } else { "" };
    [&text[..end], line_break(text), lines, last, &text[end..]].concat()
}

/// Makes `by=` of a voice say what its bars have become, where it says anything else.
pub(super) fn by(text: &str, tune: &Tune, name: &str, kind: Kind) -> String {
    let Some(header) = tune.header.voice(name) else { return text.to_owned() };
    let said = header.properties.iter().rev().find(|property| property.name == "by");
    let value = match (kind, said) {
        (Kind::Seed, None) | (Kind::Section, _) => return text.to_owned(),
        (Kind::Loop, _) => "loop",
        (Kind::Seed, _) => "model",
    };
    if let Some(property) = said.filter(|property| property.span.start < property.span.end) {
        if property.value == value {
            return text.to_owned();
        }
        return [&text[..property.span.start], "by=", value, &text[property.span.end..]].concat();
    }
    // Behind the name.
    let field = &text[header.span.start..header.span.end];
    let colon = field.find(':').map_or(field.len(), |at| at + 1);
    let start = field.len() - field[colon..].trim_start().len();
    let length = field[start..].find(|c: char| c.is_whitespace() || c == ']').unwrap_or(field.len() - start);
    let place = header.span.start + start + length;
    [&text[..place], " by=", value, &text[place..]].concat()
}

/// The lines behind the tune's `K:`, up to an empty one. Comments and directives have no parts.
fn body(text: &str, tune: &Tune) -> Vec<Line> {
    let start = text[tune.header.span.end..].find('\n').map_or(text.len(), |at| tune.header.span.end + at + 1);
    let mut voice = tune.header.voices.first().map_or(UNNAMED, |voice| &voice.id).to_owned();
    let (mut at, mut lines) = (start, Vec::new());
    for line in text[start..].split_inclusive('\n') {
        let span = Span { start: at, end: at + line.trim_end_matches(['\n', '\r']).len() };
        at += line.len();
        let line = &text[span.start..span.end];
        if line.trim_ascii().is_empty() || line.starts_with("X:") {
            break;
        }
        let mut read = Line { span, parts: Vec::new(), under: None };
        match line.as_bytes() {
            [b'%', ..] => {}
            [b'V', b':', ..] => voice = named(&line[2..]).unwrap_or(voice),
            [b'w' | b's' | b'+', b':', ..] => read.under = Some(voice.clone()),
            [code, b':', rest @ ..] if code.is_ascii_alphabetic() && !is_music(*code, rest) => {}
            _ => read.parts = parts(text, span, &mut voice),
        }
        lines.push(read);
    }
    lines
}

/// In the body `d:|` is music.
fn is_music(code: u8, rest: &[u8]) -> bool {
    matches!(code, b'A'..=b'G' | b'a'..=b'g' | b'z' | b'x') && matches!(rest.first(), Some(b'|' | b':'))
}

/// The name that a `V:` begins with.
fn named(value: &str) -> Option<String> {
    Some(value.split_whitespace().next()?.chars().take(NAME_LENGTH).collect())
}

/// A line of music by voices; `voice` is the one it begins with, and becomes the one it ends with.
fn parts(text: &str, line: Span, voice: &mut String) -> Vec<Part> {
    let bytes = text.as_bytes();
    let comment = (line.start..line.end).find(|&at| bytes[at] == b'%' && (at == line.start || bytes[at - 1] != b'\\'));
    let end = comment.unwrap_or(line.end);
    let trimmed = |from: usize, to: usize| {
        let music = &text[from..to];
        let start = from + music.len() - music.trim_start().len();
        Span { start, end: start + music.trim().len() }
    };
    let (mut parts, mut tag, mut from) = (Vec::new(), None, line.start);
    let mut part = |voice: &str, tag: Option<Span>, from: usize, to: usize| {
        let music = trimmed(from, to);
        if tag.is_some() || music.start < music.end {
            parts.push(Part { voice: voice.to_owned(), tag, music });
        }
    };
    let (mut at, mut quoted) = (line.start, false);
    while at < end {
        quoted ^= bytes[at] == b'"';
        let closed = text[at..end].starts_with("[V:").then(|| text[at..end].find(']')).flatten().filter(|_| !quoted);
        let Some(length) = closed else {
            at += 1;
            while !text.is_char_boundary(at) {
                at += 1;
            }
            continue;
        };
        part(voice, tag, from, at);
        let field = Span { start: at, end: at + length + 1 };
        *voice = named(&text[at + 3..at + length]).unwrap_or_else(|| voice.clone());
        (tag, from, at) = (Some(field), field.end, field.end);
    }
    part(voice, tag, from, end);
    parts
}
