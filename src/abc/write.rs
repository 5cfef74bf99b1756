//! A whole tune back as text: one spelling for each thing, lines and their order as they were. Reading what was written
//! gives the same notes, and writing that again the same text. [`super::print`] writes single bars from notes alone; here
//! repeats, endings, graces and words stay what they are. Pure.
//!
//! The form: `X T` and other text first, then `M L Q P V K` (ABC 2.1, 3); inline fields for changes, each voice's line
//! begun by its name; decorations by their long names, a space at each beat, `|` between bars. Left out are typeset text
//! (`%%begintext`) and `U:`, whose letters are written out.

mod line;

use line::Line;
use num_rational::Ratio;

use super::ast::{Bar, Context, Tune, Voice};
use super::field::{Property, Shift};
use super::key::Key;

/// A rest of so many unit lengths: `z3/2`.
#[must_use]
pub fn rest(units: Ratio<i64>) -> String {
    let mut out = "z".to_owned();
    line::write_length(&mut out, units);
    out
}

/// The tune as canonical text. `text` is what it was read from: its lines are kept, so that lyrics stay under their notes.
#[must_use]
pub fn write(tune: &Tune, text: &str) -> String {
    let mut out = header(tune);
    let mut pieces = pieces(tune, text);
    // Of equal places the order above stays.
    pieces.sort_by_key(|(place, _)| *place);
    let named = !tune.header.voices.is_empty();
    let mut states: Vec<Option<Context>> = vec![None; tune.voices.len()];
    for (_, piece) in pieces {
        match piece {
            Piece::Line(line) => out += &line,
            Piece::Remark(comment) => {
                out.pop();
                out.extend([" %", comment]);
            }
            Piece::Bars(at, bars) => {
                let voice = &tune.voices[at];
                if named && voice.id.contains(']') {
                    out.extend(["V:", &voice.id, "\n"]);
                } else if named {
                    out.extend(["[V:", &voice.id, "] "]);
                }
                let first = bars.first().is_some_and(|bar| std::ptr::eq(bar, &raw const voice.bars[0]));
                let start = start(tune, voice);
                let mut line = Line { text: &mut out, state: *states[at].get_or_insert(start.0), clef_shift: start.1 };
                line.bars(bars, first);
                states[at] = Some(line.state);
            }
        }
        out.push('\n');
    }
    out
}

/// What stands on a line of its own, or at the end of one.
enum Piece<'a> {
    Line(String),
    Remark(&'a str),
    /// A voice, by its place, and some of its bars.
    Bars(usize, &'a [Bar]),
}

fn header(tune: &Tune) -> String {
    let header = &tune.header;
    let mut out = format!("X:{}\n", tune.number.unwrap_or(1));
    let mut line = |code: char, text: &str| out.extend([code.to_string().as_str(), ":", text, "\n"]);
    header.titles.iter().for_each(|title| line('T', title));
    header.fields.iter().for_each(|field| line(char::from(field.code), &field.text));
    for directive in tune.directives.iter().filter(|directive| directive.after_bars.is_none()) {
        out.extend(written_directive(&directive.text).map(|text| text + "\n"));
    }
    for comment in tune.comments.iter().filter(|comment| comment.after_bars.is_none()) {
        // What stood behind a field is a note of the author's, and must not become a wish.
        let mark = if comment.whole_line { "%" } else { "%-" };
        out.extend([mark, &comment.text, "\n"]);
    }
    let mut line = |code: char, text: &str| out.extend([code.to_string().as_str(), ":", text, "\n"]);
    if let Some(meter) = header.meter {
        line('M', &meter.to_string());
    }
    line('L', &header.unit.to_string());
    if let Some(tempo) = &header.tempo {
        line('Q', &tempo.text);
    }
    if let Some(order) = &header.order {
        line('P', &order.text);
    }
    if !header.voices.is_empty() {
        for voice in &tune.voices {
            let properties = header.voice(&voice.id).map_or(&[][..], |voice| &voice.properties);
            line('V', &format!("{}{}", voice.id, written_properties(properties)));
        }
    }
    line('K', &format!("{}{}", header.key, written_properties(&header.key_properties)));
    out
}

/// What the body is made of, with its places in the text.
fn pieces<'a>(tune: &'a Tune, text: &str) -> Vec<(usize, Piece<'a>)> {
    let mut pieces = Vec::new();
    for mark in &tune.parts {
        pieces.push((mark.span.start, Piece::Line(format!("P:{}", mark.name))));
    }
    for field in &tune.fields {
        // `A:|` would be music.
        if !field.text.starts_with(['|', ':']) {
            pieces.push((field.span.start, Piece::Line(format!("{}:{}", char::from(field.code), field.text))));
        }
    }
    for directive in tune.directives.iter().filter(|directive| directive.after_bars.is_some()) {
        pieces.extend(written_directive(&directive.text).map(|text| (directive.span.start, Piece::Line(text))));
    }
    // A line ends where it ended, and where something else comes between.
    let mut breaks: Vec<usize> = pieces.iter().map(|(place, _)| *place).collect();
    for comment in tune.comments.iter().filter(|comment| comment.after_bars.is_some()) {
        let whole = || Piece::Line(format!("%{}", comment.text));
        pieces.push((comment.span.start, if comment.whole_line { whole() } else { Piece::Remark(&comment.text) }));
        breaks.push(comment.span.start);
    }
    breaks.sort_unstable();
    for (voice, bars) in tune.voices.iter().enumerate().map(|(at, voice)| (at, &voice.bars)) {
        let same_line = |a: &Bar, b: &Bar| {
            let (from, to) = (a.music_start(), b.music_start());
            let between = breaks.partition_point(|at| *at < from) == breaks.partition_point(|at| *at < to);
            between && !text.get(from..to).is_some_and(|between| between.contains(['\n', '\r']))
        };
        pieces.extend(bars.chunk_by(same_line).map(|line| (line[0].music_start(), Piece::Bars(voice, line))));
    }
    pieces
}

/// Without the blocks of text that would swallow what comes after them.
fn written_directive(text: &str) -> Option<String> {
    (!text.trim_start().starts_with("begin")).then(|| format!("%%{text}"))
}

fn written_properties(properties: &[Property]) -> String {
    let mut out = String::new();
    for Property { name, value, .. } in properties {
        out.extend([" ", name]);
        if value.contains(char::is_whitespace) {
            out.extend(["=\"", value, "\""]);
        } else if !value.is_empty() {
            out.extend(["=", value]);
        }
    }
    out
}

/// What a voice begins with after the header, and the clef's part of its shift, which no later field changes.
fn start(tune: &Tune, voice: &Voice) -> (Context, i32) {
    let header = &tune.header;
    let own = header.voice(&voice.id);
    let shift = own.map_or(Shift::default(), |own| Shift::of(&own.properties)).or(Shift::of(&header.key_properties));
    let percussion = own.is_some_and(super::ast::VoiceHeader::is_percussion);
    let key = if percussion { Key::NONE } else { header.key };
    (Context { meter: header.meter(), key, unit: header.unit, shift: shift.semitones() }, shift.clef())
}
