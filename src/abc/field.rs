//! The values of information fields: `M: L: Q: P: V:` (ABC 2.1, 3.1). Each reader takes the text after the colon.

use std::borrow::Cow;

use num_rational::Ratio;

use super::diagnostic::excerpt;
use super::{Fault, Meter, Span};
use crate::time::{Beats, Tempo};

/// `name=value` or a bare word, as in `V:` and `K:`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    pub name: String,
    /// Without quotes; empty for a bare word.
    pub value: String,
    pub span: Span,
}

/// `Q:`. Everything is optional: `"Allegro"` alone is legal (ABC 2.1, 3.1.8).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TempoMark {
    /// The field's text as written.
    pub text: String,
    /// What stands in quotes.
    pub words: Option<String>,
    /// The counted note; the sum where several are given (`1/4 3/8`).
    pub beat: Option<Beats>,
    /// Counted notes a minute.
    pub count: Option<Ratio<i64>>,
    /// `Q:1/4=120..140/8` goes to 140 in 8 bars; an extension of this instrument.
    pub ramp: Option<(Ratio<i64>, u32)>,
}

impl TempoMark {
    /// The tempo at the field's place, in crotchets; `None` when the field only has words.
    #[must_use]
    pub fn tempo(&self) -> Option<Tempo> {
        self.tempo_of(self.count?)
    }

    /// Where the ramp leads, and in how many bars.
    #[must_use]
    pub fn target(&self) -> Option<(Tempo, u32)> {
        let (count, bars) = self.ramp?;
        Some((self.tempo_of(count)?, bars))
    }

    fn tempo_of(&self, count: Ratio<i64>) -> Option<Tempo> {
        Tempo::from_beat(self.beat.unwrap_or(Beats::new(1, 4)), count).checked()
    }
}

/// `P:A2(AB)3` in the header: the parts in playing order, dots and blanks ignored (ABC 2.1, 3.1.9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartOrder {
    pub text: String,
    pub parts: Vec<char>,
    /// Where the field stands.
    pub span: Span,
}

/// So many parts at most come of nested repeat counts.
const MOST_PARTS: usize = 1000;

/// Without blanks, which may stand anywhere.
fn compact(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let blanks = text.contains(char::is_whitespace);
    if blanks { text.split_whitespace().collect() } else { Cow::Borrowed(text) }
}

const DEEPEST_PARTS: usize = 16;

/// `6/8`, `C`, `C|`, `(2+3+2)/8`, `none` or nothing.
pub(super) fn meter(text: &str) -> Result<Meter, Fault> {
    let bad = || {
        let help = match text.trim().parse::<u8>() {
            Ok(beats @ 1..=32) => format!("did you mean '{beats}/4'?").into(),
            _ => Cow::Borrowed("as in 6/8, C, C| or none; the number below is a power of two up to 64"),
        };
        Fault::new(format!("'{}' is not a metre", excerpt(text))).with_help(help)
    };
    let compact = compact(text);
    match &*compact {
        "" | "none" => return Ok(Meter::Free),
        "C" => return Ok(Meter::COMMON),
        "C|" => return Ok(Meter::Measured { numerator: 2, denominator: 2 }),
        _ => {}
    }
    let (above, below) = compact.split_once('/').ok_or_else(bad)?;
    let above = above.strip_prefix('(').and_then(|a| a.strip_suffix(')')).unwrap_or(above);
    let mut numerator = 0u16;
    for part in above.split('+') {
        let part: u16 = part.parse().map_err(|_| bad())?;
        numerator = numerator.checked_add(part).ok_or_else(bad)?;
    }
    let denominator: u16 = below.parse().map_err(|_| bad())?;
    let sensible = (1..=128).contains(&numerator) && denominator.is_power_of_two() && denominator <= 64;
    if sensible { Ok(Meter::Measured { numerator, denominator }) } else { Err(bad()) }
}

/// `1/8`: a whole note divided by a power of two, down to 1/512.
pub(super) fn unit(text: &str) -> Result<Beats, Fault> {
    let bad = || {
        let help = match text.trim().parse::<u16>() {
            Ok(below @ 2..=512) if below.is_power_of_two() => format!("did you mean '1/{below}'?").into(),
            _ => Cow::Borrowed("as in 1/8; the number below is a power of two up to 512"),
        };
        Fault::new(format!("'{}' is not a unit note length", excerpt(text))).with_help(help)
    };
    let unit: Beats = compact(text).parse().map_err(|_| bad())?;
    let sensible = (1..=4).contains(&unit.numerator()) && unit.denominator() <= 512;
    if sensible && unit.denominator().count_ones() == 1 { Ok(unit) } else { Err(bad()) }
}

/// The unit note length of a tune without `L:` (ABC 2.1, 3.1.7).
pub(super) fn default_unit(meter: Meter) -> Beats {
    match meter.length() {
        Some(length) if length < Beats::new(3, 4) => Beats::new(1, 16),
        _ => Beats::new(1, 8),
    }
}

/// No tempo takes longer to change.
pub const MOST_BARS: u32 = 256;

/// `1/4=120`, `1/4 3/8=40`, `"Allegro" 120`, `C3=100` (three unit lengths), `1/4=120..140/8`.
pub(super) fn tempo(text: &str, unit: Beats) -> Result<TempoMark, Fault> {
    let bad = || {
        let words = !text.contains(|c: char| c.is_ascii_digit() || c == '"') && !text.trim().is_empty();
        let help = if words {
            format!("words stand in quotes: \"{}\"", excerpt(text)).into()
        } else {
            Cow::Borrowed("as in 1/4=120, or 1/4=120..140/8 for a change in 8 bars")
        };
        Fault::new(format!("'{}' is not a tempo", excerpt(text))).with_help(help)
    };
    let mut mark = TempoMark { text: text.trim().to_owned(), ..TempoMark::default() };
    let mut rest = text.trim().to_owned();
    if let Some(open) = rest.find('"') {
        let unclosed = || Fault::new("a quote in Q: is not closed").with_help("as in Q:\"Allegro\" 1/4=120");
        let close = open + 1 + rest[open + 1..].find('"').ok_or_else(unclosed)?;
        mark.words = Some(rest[open + 1..close].to_owned());
        rest.replace_range(open..=close, " ");
    }
    let (beats, count) = rest.split_once('=').map_or(("", rest.as_str()), |(beats, count)| (beats, count));
    let mut sum = Beats::ZERO;
    for beat in beats.split_whitespace() {
        sum += match beat.strip_prefix('C') {
            Some("") => unit,
            Some(times) => unit * times.parse::<u16>().map_err(|_| bad())?.into(),
            None => fraction(beat).filter(|b| *b <= Ratio::from(16)).map(|b| Beats::WHOLE.scale(b)).ok_or_else(bad)?,
        };
    }
    if sum > Beats::new(64, 1) {
        return Err(bad());
    }
    if sum > Beats::ZERO {
        mark.beat = Some(sum);
    }
    let count = count.trim();
    if !count.is_empty() {
        let (start, ramp) = count.split_once("..").map_or((count, None), |(start, ramp)| (start, Some(ramp)));
        mark.count = Some(number(start).ok_or_else(bad)?);
        if let Some(ramp) = ramp {
            let (target, bars) = ramp.split_once('/').ok_or_else(bad)?;
            let bars = bars.trim().parse().map_err(|_| bad())?;
            if !(1..=MOST_BARS).contains(&bars) {
                return Err(Fault::new(format!("a tempo changes over 1 to {MOST_BARS} bars, not over {bars}")));
            }
            mark.ramp = Some((number(target).ok_or_else(bad)?, bars));
        }
        let out_of_range = mark.tempo().is_none() || mark.ramp.is_some() && mark.target().is_none();
        if out_of_range {
            return Err(format!("'{}' is not between 1 and 1000 crotchets a minute", excerpt(text)).into());
        }
    }
    if mark.count.is_none() && mark.words.is_none() { Err(bad()) } else { Ok(mark) }
}

/// A positive number, with decimals where need be: `92.5`. Those after the third nobody hears.
fn number(text: &str) -> Option<Ratio<i64>> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if whole.len() > 6 || !(whole.to_owned() + decimals).bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let decimals = &decimals[..decimals.len().min(3)];
    let scaled: i64 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (scaled > 0).then(|| Ratio::new(scaled, 1000))
}

fn fraction(text: &str) -> Option<Ratio<i64>> {
    let (n, d) = text.split_once('/').unwrap_or((text, "1"));
    let (n, d): (u16, u16) = (n.parse().ok()?, d.parse().ok()?);
    (n > 0 && d.is_power_of_two() && d <= 512).then(|| Ratio::new(n.into(), d.into()))
}

pub(super) fn part_order(text: &str) -> Result<PartOrder, Fault> {
    let mut stack = vec![Vec::new()];
    let mut last = 0; // length of the newest element, which a number repeats
    let mut chars = text.chars().peekable();
    let too_many = || Fault::new(format!("the part order asks for more than {MOST_PARTS} parts"));
    let unbalanced = |missing: usize| {
        let help = match missing {
            0 => "a ')' has no '(' before it".into(),
            _ => format!("did you mean '{}{}'?", excerpt(text), ")".repeat(missing)),
        };
        Fault::new(format!("parentheses in the part order '{}' do not match", excerpt(text))).with_help(help)
    };
    while let Some(c) = chars.next() {
        let depth = stack.len();
        let parts = stack.last_mut().ok_or_else(|| unbalanced(0))?;
        match c {
            '(' if depth >= DEEPEST_PARTS => {
                return Err(format!("the part order nests deeper than {DEEPEST_PARTS} parentheses").into());
            }
            '(' => {
                stack.push(Vec::new());
                last = 0;
            }
            ')' => {
                let inner = stack.pop().unwrap_or_default();
                last = inner.len();
                stack.last_mut().ok_or_else(|| unbalanced(0))?.extend(inner);
            }
            '0'..='9' => {
                let mut times = c as usize - '0' as usize;
                while let Some(digit) = chars.peek().and_then(|d| d.to_digit(10)) {
                    times = (times * 10 + digit as usize).min(MOST_PARTS + 1);
                    chars.next();
                }
                let element = parts[parts.len() - last..].to_vec();
                parts.truncate(parts.len() - last);
                if element.len() * times > MOST_PARTS {
                    return Err(too_many());
                }
                parts.extend(element.repeat(times));
                last = 0;
            }
            c if c.is_alphabetic() => {
                parts.push(c);
                last = 1;
            }
            '.' => {}
            c if c.is_whitespace() => {}
            c => {
                let message = format!("'{}' in the part order is not a part", c.escape_debug());
                return Err(Fault::new(message).with_help("parts are letters, as in A2(AB)3"));
            }
        }
    }
    if stack.len() != 1 {
        return Err(unbalanced(stack.len() - 1));
    }
    let parts = stack.pop().unwrap_or_default();
    if parts.len() > MOST_PARTS {
        return Err(too_many());
    }
    Ok(PartOrder { text: text.trim().to_owned(), parts, span: Span::default() })
}

/// Words and `name=value` pairs, values quoted where they hold blanks. `offset` is the place of `text` in the whole.
#[must_use]
pub(super) fn properties(text: &str, offset: usize) -> Vec<Property> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let name_end = until(bytes, at, |b| b.is_ascii_whitespace() || b == b'=');
        // A word that begins with '=' is an accidental of K:, not a value without a name.
        let is_pair = bytes.get(name_end) == Some(&b'=') && name_end > start && !b"^_=".contains(&bytes[start]);
        let mut value = String::new();
        if is_pair {
            let from = name_end + 1;
            let quoted = bytes.get(from) == Some(&b'"');
            if quoted {
                at = until(bytes, from + 1, |b| b == b'"');
                value.push_str(&text[from + 1..at]);
                at = (at + 1).min(bytes.len());
            } else {
                at = until(bytes, from, |b| b.is_ascii_whitespace());
                value.push_str(&text[from..at]);
            }
        } else {
            at = until(bytes, at + 1, |b| b.is_ascii_whitespace());
        }
        let name = text[start..if is_pair { name_end } else { at }].to_owned();
        found.push(Property { name, value, span: Span { start: offset + start, end: offset + at } });
    }
    found
}

fn until(bytes: &[u8], from: usize, stop: impl Fn(u8) -> bool) -> usize {
    bytes[from.min(bytes.len())..].iter().position(|&b| stop(b)).map_or(bytes.len(), |at| from + at)
}

/// Semitones that clef, `octave=` and `transpose=` ask for, each by itself (ABC 2.1, 4.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    clef: Option<i32>,
    octave: Option<i32>,
    transpose: Option<i32>,
}

impl Shift {
    /// Of two words for the same thing the later one holds.
    pub fn of(properties: &[Property]) -> Shift {
        let mut shift = Shift::default();
        for property in properties {
            let number = |limit| property.value.parse::<i32>().ok().filter(|n| n.abs() <= limit);
            match property.name.as_str() {
                "octave" => shift.octave = number(5).map(|octaves| 12 * octaves),
                "transpose" | "t" => shift.transpose = number(60),
                "clef" => shift.clef = Some(clef_shift(&property.value)),
                name if property.value.is_empty() && is_clef(name) => shift.clef = Some(clef_shift(name)),
                _ => {}
            }
        }
        shift
    }

    /// What is not said here is as it is there.
    pub fn or(self, other: Shift) -> Shift {
        Shift {
            clef: self.clef.or(other.clef),
            octave: self.octave.or(other.octave),
            transpose: self.transpose.or(other.transpose),
        }
    }

    pub fn semitones(self) -> i32 {
        [self.clef, self.octave, self.transpose].into_iter().flatten().sum()
    }

    /// The clef's part of them.
    pub fn clef(self) -> i32 {
        self.clef.unwrap_or(0)
    }
}

fn clef_shift(clef: &str) -> i32 {
    if clef.ends_with("-8") {
        -12
    } else if clef.ends_with("+8") {
        12
    } else {
        0
    }
}

/// Whether a word of `K:` or `V:` names a clef.
pub(super) fn is_clef(word: &str) -> bool {
    ["treble", "bass", "alto", "tenor", "baritone", "soprano", "mezzo", "perc"]
        .iter()
        .any(|clef| word.starts_with(clef))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metres() {
        let check = |text, expect: &str| {
            assert_eq!(meter(text).map_or_else(|_| "error".into(), |m| m.to_string()), expect, "{text}");
        };
        check("6/8", "6/8");
        check(" C ", "4/4");
        check("C|", "2/2");
        check("(2+3+2)/8", "7/8");
        check("2+3/8", "5/8");
        check("none", "none");
        check("", "none");
        for wrong in ["4", "4/0", "0/4", "4/3", "x/4", "9999/4"] {
            check(wrong, "error");
        }
    }

    #[test]
    fn default_units() {
        let check = |m, expect: (i64, i64)| {
            assert_eq!(default_unit(meter(m).expect(m)), Beats::new(expect.0, expect.1), "{m}");
        };
        check("2/4", (1, 16));
        check("3/4", (1, 8));
        check("6/8", (1, 8));
        check("5/8", (1, 16));
        check("none", (1, 8));
    }

    #[test]
    fn tempos() {
        let check = |text, expect: Option<f64>| {
            let found = tempo(text, Beats::new(1, 8)).ok().map(|mark| mark.tempo().map(Tempo::quarters_per_minute));
            assert_eq!(found.flatten(), expect, "{text}");
        };
        check("1/4=120", Some(120.0));
        check("3/8=60", Some(90.0));
        check("1/4 3/8 1/4 3/8=40", Some(200.0));
        check("\"Allegro\" 1/4=92.5", Some(92.5));
        check("1/2=60 \"slow\"", Some(120.0));
        check("\"Allegro\"", None);
        check("120", Some(120.0));
        check("C=100", Some(50.0));
        check("C3=100", Some(150.0));
        check("1/4=92.5004", Some(92.5));
        check("1/4=0", None);
        check("1/4=99999", None);
        check("fast", None);
        let ramp = tempo("1/4=120..140/8", Beats::new(1, 8)).expect("a ramp");
        assert_eq!(ramp.target().map(|(t, bars)| (t.quarters_per_minute(), bars)), Some((140.0, 8)));
        assert_eq!(ramp.tempo().map(Tempo::quarters_per_minute), Some(120.0));
        for (text, why) in [
            ("1/4=120..140", "is not a tempo"),
            ("1/4=120..fast/8", "is not a tempo"),
            ("1/4=120..140/0", "over 1 to 256 bars, not over 0"),
            ("1/4=120..140/257", "not over 257"),
            ("1/4=120..1001/8", "is not between 1 and 1000"),
            ("1/1=120..300/8", "is not between 1 and 1000"),
        ] {
            let fault = tempo(text, Beats::new(1, 8)).expect_err(text);
            assert!(fault.message.contains(why), "{text}: {}", fault.message);
        }
    }

    #[test]
    fn part_orders() {
        let check = |text, expect: &str| {
            let found = part_order(text).map_or_else(|_| "error".into(), |o| o.parts.iter().collect::<String>());
            assert_eq!(found, expect, "{text}");
        };
        check("AABB", "AABB");
        check("A2(AB)3", "AAABABAB");
        check("A.B.C", "ABC");
        check("((AB)2C)2", "ABABCABABC");
        check("(AB", "error");
        check("AB)", "error");
        check("AB(2C)", "ABC");
        check("((((A99)99)99)99)", "error");
        check("A999999999999999999999", "error");
    }

    #[test]
    fn voice_properties() {
        let found = properties(" by=vary/4 name=\"Tin whistle\" mute  in=\"\"", 10);
        let named: Vec<_> = found.iter().map(|p| (p.name.as_str(), p.value.as_str(), p.span.start)).collect();
        assert_eq!(named, [("by", "vary/4", 11), ("name", "Tin whistle", 21), ("mute", "", 40), ("in", "", 46)]);
        let shift = |text| Shift::of(&properties(text, 0));
        assert_eq!(shift("clef=treble-8 octave=-1").semitones(), -24);
        assert_eq!(shift("treble-8 t=2 treble-8").semitones(), -10);
        assert_eq!(shift("bass").or(shift("treble-8 octave=1")).semitones(), 12);
    }
}
