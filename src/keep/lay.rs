//! A voice's bars in the text: which lines and parts of lines are the voice's, and other bars in their place. Pure.

use std::borrow::Cow;

use super::write::{BARS_A_LINE, line_break};
use super::{KeptVoice, Kind};
use crate::abc::ast::{Tune, VoiceHeader};
use crate::abc::parse::{block_end, comment_start, field_code, lines};
use crate::abc::{NAME_LENGTH, Span};
use crate::compose::Role;
use crate::prompt;

/// The voice of a tune that names none.
const UNNAMED: &str = "1";

/// The part of a tune in which bars are laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where<'a> {
    /// All of it: it has no sections.
    Tune,
    /// Before the first section.
    Top,
    Section(&'a str),
}

impl Where<'_> {
    pub fn is_section(self) -> bool {
        matches!(self, Where::Section(_))
    }

    fn has(self, tune: &Tune, place: usize) -> bool {
        match self {
            Where::Tune => true,
            Where::Top => section_at(tune, place).is_none(),
            Where::Section(name) => section_at(tune, place) == Some(name),
        }
    }

    /// What is read of a tune there.
    pub fn of(self, tune: &Tune) -> Option<Cow<'_, Tune>> {
        match self {
            Where::Tune => Some(Cow::Borrowed(tune)),
            Where::Top => prompt::section(tune, None).map(Cow::Owned),
            Where::Section(name) => prompt::section(tune, Some(name)).map(Cow::Owned),
        }
    }
}

/// A line of the tune's body.
struct Line {
    /// Without its end.
    span: Span,
    what: What,
    /// The voice in force behind it.
    voice: String,
}

enum What {
    /// It acts on no voice: comments, marks of sections, text that is no music.
    Nothing,
    /// A `V:` line.
    Names,
    /// Another field or a directive, for the voice in force.
    Says,
    /// Lyrics or symbols under the music of the voice in force.
    Under,
    /// In order.
    Music(Vec<Part>),
}

/// Music of one voice within a line.
struct Part {
    voice: String,
    /// `[V:bass]`, where it is said.
    tag: Option<Span>,
    /// Without blanks around it; may be empty.
    music: Span,
}

impl Line {
    fn parts(&self) -> &[Part] {
        if let What::Music(parts) = &self.what { parts } else { &[] }
    }
}

/// Puts bars in the place of a voice's own, in the whole tune or in a part of it: its first music gives way to them, what else it has goes,
/// and all of it stays as private notes.
pub(super) fn bars(
    text: &str,
    tune: &Tune,
    place: Where<'_>,
    voice: &KeptVoice,
    bars: &[String],
    kind: Kind,
) -> String {
    let lines = body(text, tune);
    let name = voice.name.as_str();
    let line_break = line_break(text);
    let at = |span: Span| &text[span.start..span.end];
    let here = |at: usize| place.has(tune, at);
    // What no `V:` names repeats by its bar lines.
    let repeat = is_unnamed(tune, name) && !place.is_section() && kind == Kind::Loop;
    let written = |tag: &str, a_line: usize| {
        let (last, mut out) = (bars.len().div_ceil(a_line) - 1, Vec::new());
        for (number, line) in bars.chunks(a_line).enumerate() {
            let begin = if repeat && number == 0 { "|: " } else { "" };
            let end = if repeat && number == last { ":|" } else { "|" };
            out.push(format!("{tag}{begin}{} {end}", line.join(" | ")));
        }
        out.join(line_break)
    };
    let is_own = |part: &Part| part.voice == name && here(part.music.start);
    let goes = |line: &Line| match &line.what {
        What::Under => line.voice == name && here(line.span.start),
        What::Music(parts) => parts.iter().all(is_own),
        _ => false,
    };
    // Whether what follows takes the voice in force for granted.
    let relies = |after: usize| {
        let next = lines[after..].iter().find(|line| !matches!(line.what, What::Nothing) && !goes(line));
        next.is_some_and(|line| match &line.what {
            What::Music(parts) => parts.first().is_some_and(|part| part.tag.is_none()),
            What::Says | What::Under => true,
            What::Nothing | What::Names => false,
        })
    };
    let mut new = String::with_capacity(text.len() + 1024);
    let (mut done, mut laid) = (0, false);
    // The voice in force in the new text.
    let mut now = first_voice(tune);
    for (number, line) in lines.iter().enumerate() {
        let own: Vec<&Part> =
            line.parts().iter().filter(|part| is_own(part) && part.music.start < part.music.end).collect();
        let under = matches!(line.what, What::Under) && goes(line) && laid;
        if own.is_empty() && !under {
            now = &line.voice;
            continue;
        }
        new += &text[done..line.span.start];
        done = line.span.end;
        if under || goes(line) {
            new.extend(["%- ", at(line.span)]);
            if !under && !std::mem::replace(&mut laid, true) {
                let tag = own[0].tag.map_or(String::new(), |tag| at(tag).to_owned() + " ");
                new.extend([line_break, &written(&tag, BARS_A_LINE)]);
                now = name;
            }
        } else {
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
                    now = name;
                }
            }
            new += &text[from..line.span.end];
            let stays = |part: &&Part| !is_own(part);
            now = line.parts().iter().rfind(stays).map_or(now, |part| &part.voice);
        }
        // What stood behind the voice's own music is still for it.
        if now != line.voice && relies(number + 1) {
            new.extend([line_break, "V:", &line.voice]);
            now = &line.voice;
        }
    }
    if !laid {
        return within(text, tune, place, &written(&tag(tune, voice), BARS_A_LINE));
    }
    new + &text[done..]
}

/// The section of a place in a tune's body; `None` before the first one.
fn section_at(tune: &Tune, place: usize) -> Option<&str> {
    let before = tune.parts.partition_point(|mark| mark.span.start <= place);
    Some(tune.parts[before.checked_sub(1)?].name.as_str())
}

/// The voice in which a tune's body begins.
fn first_voice(tune: &Tune) -> &str {
    tune.header.voices.first().map_or(UNNAMED, |voice| &voice.id)
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
    within(text, tune, Where::Tune, lines)
}

/// The text with these lines, which name their voices, behind the last one of the tune or of a part of it.
fn within(text: &str, tune: &Tune, place: Where<'_>, added: &str) -> String {
    let lines = body(text, tune);
    let here = |line: &Line| place.has(tune, line.span.start);
    let last = lines.iter().rposition(here);
    let end = last.map_or(tune.header.span.end, |at| lines[at].span.end);
    let last = last.map_or(0, |at| at + 1);
    let next = lines[last..].iter().find(|line| !matches!(line.what, What::Nothing));
    let relies = next.is_some_and(|line| {
        !matches!(line.what, What::Names) && line.parts().first().is_none_or(|part| part.tag.is_none())
    });
    let voice = last.checked_sub(1).map_or(first_voice(tune), |at| &lines[at].voice);
    let voice =
        if relies && !tune.header.voices.is_empty() { ["V:", voice, line_break(text)].concat() } else { String::new() };
    let (line_break, rest) = (line_break(text), &text[end..]);
    if rest.is_empty() {
        return [text, line_break, added, line_break].concat();
    }
    // The rest begins with the end of that line.
    let (ending, rest) = rest.split_at(rest.len() - rest.trim_start_matches(['\n', '\r']).len());
    [&text[..end], line_break, added, ending, &voice, rest].concat()
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
    set(text, header, "by", value)
}

/// A voice's property as it is to be, where it stands or else behind the voice's name.
pub(super) fn set(text: &str, header: &VoiceHeader, name: &str, value: &str) -> String {
    let said = header.properties.iter().rev().find(|property| property.name == name);
    if let Some(property) = said.filter(|property| property.span.start < property.span.end) {
        if property.value == value {
            return text.to_owned();
        }
        return [&text[..property.span.start], name, "=", value, &text[property.span.end..]].concat();
    }
    // Behind the name.
    let field = &text[header.span.start..header.span.end];
    let colon = field.find(':').map_or(field.len(), |at| at + 1);
    let start = field.len() - field[colon..].trim_start().len();
    let length = field[start..].find(|c: char| c.is_whitespace() || c == ']').unwrap_or(field.len() - start);
    let place = header.span.start + start + length;
    [&text[..place], " ", name, "=", value, &text[place..]].concat()
}

/// The lines behind the tune's `K:`, up to an empty one.
fn body(text: &str, tune: &Tune) -> Vec<Line> {
    let start = tune.header.span.end;
    let mut voice = first_voice(tune).to_owned();
    let (mut read, mut until) = (Vec::new(), None);
    // First comes the rest of that line.
    for line in lines(&text[start..]).skip(1) {
        let span = Span { start: start + line.start, end: start + line.end };
        let line = &text[span.start..span.end];
        let what = match until {
            Some(end) => {
                until = until.filter(|_| !line.starts_with(end));
                What::Nothing
            }
            None if line.trim_ascii().is_empty() => break,
            None => {
                let directive = line.strip_prefix("%%");
                until = directive.and_then(block_end);
                let code = field_code(line, true);
                let content = &line[..comment_start(line, code)];
                match code {
                    _ if directive.is_some() => What::Says,
                    _ if content.trim_ascii().is_empty() => What::Nothing,
                    Some(b'X') => break,
                    Some(b'P') => What::Nothing,
                    Some(b'V') => {
                        voice = named(&content[2..]).unwrap_or(voice);
                        What::Names
                    }
                    Some(b'w' | b's' | b'+') => What::Under,
                    Some(_) => What::Says,
                    None => {
                        let end = span.start + content.len();
                        What::Music(parts(text, Span { end, ..span }, &mut voice))
                    }
                }
            }
        };
        read.push(Line { span, what, voice: voice.clone() });
    }
    read
}

/// The name that a `V:` begins with.
fn named(value: &str) -> Option<String> {
    Some(value.split_whitespace().next()?.chars().take(NAME_LENGTH).collect())
}

/// The music of a line by voices; `voice` is the one it begins with, and becomes the one it ends with.
fn parts(text: &str, line: Span, voice: &mut String) -> Vec<Part> {
    let bytes = text.as_bytes();
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
    // No field is closed behind the last bracket.
    let last = text[line.start..line.end].rfind(']').map_or(line.start, |last| line.start + last);
    let (mut at, mut quoted) = (line.start, false);
    while at < line.end {
        quoted ^= bytes[at] == b'"';
        let field = !quoted && at < last && bytes[at..line.end].starts_with(b"[V:");
        let Some(length) = field.then(|| text[at..=last].find(']')).flatten() else {
            at += 1;
            continue;
        };
        part(voice, tag, from, at);
        let field = Span { start: at, end: at + length + 1 };
        *voice = named(&text[at + 3..at + length]).unwrap_or_else(|| voice.clone());
        (tag, from, at) = (Some(field), field.end, field.end);
    }
    part(voice, tag, from, line.end);
    parts
}
