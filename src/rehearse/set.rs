//! The script of a set: lines `BAR:BEAT ACTION …`, to values. Pure.

use std::borrow::Cow;

use num_rational::Ratio;

use crate::abc::diagnostic::{did_you_mean, excerpt};
use crate::abc::field::MOST_BARS as MOST_BARS_OF_RAMP;
use crate::abc::{Diagnostic, Span};
use crate::event::Touch;
use crate::hand::Use;
use crate::keep::{Ask, Kind};

/// No set is longer.
const MOST_BARS: i64 = 100_000;

/// A place in the music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub bar: i64,
    /// From 1, in the beats that are felt.
    pub beat: Ratio<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Play,
    Stop,
    Hush,
    /// Plays the buffer.
    Evaluate,
    /// In the buffer, where `old` stands once.
    Replace {
        old: String,
        new: String,
    },
    /// A file into the buffer.
    Load(String),
    Mute {
        voice: String,
        muted: bool,
    },
    Solo {
        voice: String,
        soloed: bool,
    },
    /// A factor from 0 to 2.
    Gain {
        voice: String,
        gain: Ratio<i64>,
    },
    /// All that is planned anew.
    Reroll,
    /// The first bar that can still change.
    Touch {
        voice: String,
        touch: Touch,
    },
    Freeze {
        voice: String,
        frozen: bool,
    },
    KillComposer,
    /// A MIDI port, by its name in the rig or in `out=`, is pulled out or plugged in again.
    Port {
        name: String,
        there: bool,
    },
    /// A note by hand, so many felt beats long.
    Note {
        pitch: u8,
        velocity: u8,
        beats: Ratio<i64>,
    },
    /// What a hand is for.
    Use {
        voice: String,
        what: Use,
    },
    /// Heard bars into the buffer.
    Keep(Ask),
    /// Felt beats a minute.
    Tempo(Ratio<i64>),
    /// To so many felt beats a minute, over so many bars.
    Ramp {
        to: Ratio<i64>,
        bars: u32,
    },
    Tap,
    /// Whether the text's tempo is kept back.
    Lock(bool),
    /// Whether play begins with a bar of clicks.
    CountIn(bool),
    /// On the next phrase line, together with all that is armed.
    Arm(Box<Action>),
    /// What is armed is withdrawn.
    Disarm,
    /// Plays the scene with this `X:` of the buffer.
    Scene(u32),
    End,
}

impl Action {
    fn can_be_armed(&self) -> bool {
        use Action::{Evaluate, Freeze, Gain, Mute, Ramp, Scene, Solo, Tempo};
        matches!(
            self,
            Mute { .. } | Solo { .. } | Gain { .. } | Freeze { .. } | Tempo(_) | Ramp { .. } | Evaluate | Scene(_)
        )
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub place: Place,
    pub action: Action,
    /// Of the action's word in the script.
    pub span: Span,
}

/// A script that can be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The file that plays first.
    pub open: String,
    /// In the order of their places.
    pub entries: Vec<Entry>,
}

/// The words, and what stands behind them.
const ACTIONS: [(&str, &str); 32] = [
    ("open", "FILE"),
    ("play", ""),
    ("stop", ""),
    ("hush", ""),
    ("evaluate", ""),
    ("replace", "\"OLD\" \"NEW\""),
    ("load", "FILE"),
    ("mute", "VOICE"),
    ("unmute", "VOICE"),
    ("solo", "VOICE"),
    ("unsolo", "VOICE"),
    ("gain", "VOICE FACTOR, from 0 to 2"),
    ("reroll", "[VOICE]"),
    ("pin", "VOICE"),
    ("veto", "VOICE"),
    ("freeze", "VOICE"),
    ("free", "VOICE"),
    ("kill-composer", ""),
    ("tempo", "BEATS-A-MINUTE"),
    ("ramp", "BEATS-A-MINUTE BARS"),
    ("tap", ""),
    ("lock", ""),
    ("unlock", ""),
    ("count-in", "on|off"),
    ("scene", "X"),
    (
        "arm",
        "clear, or one of mute unmute solo unsolo gain freeze free tempo ramp evaluate scene with what belongs to it",
    ),
    ("end", ""),
    ("keep", "VOICE|all BARS [loop|seed|section], of 1, 2, 4 or 8 bars"),
    ("use", "VOICE duet|trade|loop|seed"),
    ("note", "PITCH VELOCITY BEATS"),
    ("lose-port", "NAME"),
    ("find-port", "NAME"),
];

/// A word or a quoted text of a line.
struct Token<'a> {
    text: Cow<'a, str>,
    span: Span,
}

impl Set {
    /// Reads a script; errs with all that is wrong in it.
    pub fn parse(text: &str) -> Result<Set, Vec<Diagnostic>> {
        let (mut open, mut entries, mut wrong) = (None, Vec::<Entry>::new(), Vec::new());
        let mut start = 0;
        let mut ended = false;
        for line in text.split_inclusive('\n') {
            let read = tokens(line, start).and_then(|tokens| entry(&tokens));
            start += line.len();
            let (place, action, span) = match read {
                Ok(None) => continue,
                Ok(Some(read)) => read,
                Err(diagnostic) => {
                    wrong.push(diagnostic);
                    // It may have been the one that opens.
                    open.get_or_insert_with(String::new);
                    continue;
                }
            };
            let say = |message: &str| Diagnostic::error(span, message.to_owned());
            match (action, &open) {
                (Read::Open(file), None) => open = Some(file),
                (Read::Open(_), Some(_)) => {
                    wrong.push(say("the set is open already").with_help("'load' takes another file into the buffer"));
                }
                (_, None) => {
                    wrong.push(say("nothing is open").with_help("the first line is 1:1 open FILE"));
                    open = Some(String::new());
                }
                (Read::Action(_), Some(_)) if ended => wrong.push(say("the set has ended")),
                (Read::Action(action), Some(_)) => {
                    if let Some(last) = entries.last().filter(|last| last.place > place) {
                        let Place { bar, beat } = last.place;
                        wrong.push(say(&format!("the set is at {bar}:{beat} already")));
                    }
                    ended = action == Action::End;
                    entries.push(Entry { place, action, span });
                }
            }
        }
        match open {
            Some(open) if wrong.is_empty() => Ok(Set { open, entries }),
            Some(_) => Err(wrong),
            None => {
                let all = Span { start: 0, end: text.len() };
                Err(vec![Diagnostic::error(all, "nothing is open").with_help("the first line is 1:1 open FILE")])
            }
        }
    }
}

enum Read {
    Open(String),
    Action(Action),
}

/// A line in words; what stands in quotes is one, `\n` in it a line break. A comment begins at `#`.
fn tokens(line: &str, start: usize) -> Result<Vec<Token<'_>>, Diagnostic> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += line[at..].len() - line[at..].trim_start().len();
        let rest = &line[at..];
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(tokens);
        }
        let span = |length: usize| Span { start: start + at, end: start + at + length };
        let (text, length) = if let Some(inner) = rest.strip_prefix('"') {
            let unclosed = || Diagnostic::error(span(rest.trim_end().len()), "a quote is not closed");
            let (text, length) = quoted(inner).ok_or_else(unclosed)?;
            (Cow::Owned(text), length + 1)
        } else {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (Cow::Borrowed(&rest[..length]), length)
        };
        tokens.push(Token { text, span: span(length) });
        at += length;
    }
}

/// What stands before the closing quote, and how long it is with that. `\n` and `\t` are those, any other character behind `\` is itself.
fn quoted(inner: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, at + 1)),
            '\\' => text.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            c => text.push(c),
        }
    }
    None
}

fn entry(tokens: &[Token<'_>]) -> Result<Option<(Place, Read, Span)>, Diagnostic> {
    let Some(first) = tokens.first() else { return Ok(None) };
    let no_place = || {
        Diagnostic::error(first.span, format!("'{}' is not a place", excerpt(&first.text)))
            .with_help("a line begins with BAR:BEAT, as in 9:1 or 9:2.5")
    };
    let place = place(&first.text).ok_or_else(no_place)?;
    let word = tokens.get(1).ok_or_else(|| Diagnostic::error(first.span, "what is to be done here?"))?;
    let unknown = || {
        let message = format!("'{}' is not an action", excerpt(&word.text));
        let words = ACTIONS.map(|(word, _)| word);
        let help = did_you_mean(&word.text, words).unwrap_or_else(|| format!("there are {}", words.join(" ")));
        Diagnostic::error(word.span, message).with_help(help)
    };
    let (name, usage) = ACTIONS.into_iter().find(|(name, _)| *name == word.text).ok_or_else(unknown)?;
    let arguments: Vec<&str> = tokens[2..].iter().map(|token| &*token.text).collect();
    let wrong = || Diagnostic::error(word.span, format!("write {}", format!("{name} {usage}").trim_end()));
    let action = action(name, &arguments).ok_or_else(wrong)?;
    Ok(Some((place, action, word.span)))
}

fn place(text: &str) -> Option<Place> {
    let (bar, beat) = text.split_once(':')?;
    let bar = bar.parse().ok().filter(|bar| (1..=MOST_BARS).contains(bar))?;
    let beat = number(beat).filter(|beat| *beat >= Ratio::from(1) && *beat.denom() <= 960)?;
    Some(Place { bar, beat })
}

/// `2`, `2.5` or `5/2`.
fn number(text: &str) -> Option<Ratio<i64>> {
    let digits = |text: &str| text.len() <= 5 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = |text: &str| text.parse::<i64>().ok().filter(|_| digits(text));
    if let Some((above, below)) = text.split_once('/') {
        return Some(Ratio::new(whole(above)?, whole(below).filter(|below| *below > 0)?));
    }
    let Some((before, decimals)) = text.split_once('.') else { return whole(text).map(Ratio::from) };
    let parts = 10i64.pow(u32::try_from(decimals.len()).ok().filter(|length| *length <= 5)?);
    Some(Ratio::from(whole(before)?) + Ratio::new(whole(decimals)?, parts))
}

/// `lead 4`, `all 8 section`.
fn keep(voice: &str, bars: &str, kind: &[&str]) -> Option<Ask> {
    let kind = match kind {
        [] => Kind::Loop,
        [name] => Kind::ALL.into_iter().find(|kind| kind.name() == *name)?,
        _ => return None,
    };
    let bars = bars.parse().ok().filter(|bars| [1, 2, 4, 8].contains(bars))?;
    Some(Ask { voice: (voice != "all").then(|| voice.to_owned()), bars, kind })
}

fn action(name: &str, arguments: &[&str]) -> Option<Read> {
    let voice = || match arguments {
        [voice] => Some((*voice).to_owned()),
        _ => None,
    };
    let touch = |touch| Some(Action::Touch { voice: voice()?, touch });
    let action = match (name, arguments) {
        ("open", [file]) => return Some(Read::Open((*file).to_owned())),
        ("play", []) => Action::Play,
        ("stop", []) => Action::Stop,
        ("hush", []) => Action::Hush,
        ("evaluate", []) => Action::Evaluate,
        ("replace", [old, new]) => Action::Replace { old: (*old).to_owned(), new: (*new).to_owned() },
        ("load", [file]) => Action::Load((*file).to_owned()),
        ("mute" | "unmute", _) => Action::Mute { voice: voice()?, muted: name == "mute" },
        ("solo" | "unsolo", _) => Action::Solo { voice: voice()?, soloed: name == "solo" },
        ("reroll", []) => Action::Reroll,
        ("reroll", _) => touch(Touch::Reroll)?,
        ("pin", _) => touch(Touch::Pin)?,
        ("veto", _) => touch(Touch::Veto)?,
        ("freeze" | "free", _) => Action::Freeze { voice: voice()?, frozen: name == "freeze" },
        ("kill-composer", []) => Action::KillComposer,
        ("lose-port" | "find-port", [port]) => Action::Port { name: (*port).to_owned(), there: name == "find-port" },
        ("tempo", [count]) => Action::Tempo(number(count).filter(|count| *count > Ratio::from(0))?),
        ("gain", [voice, gain]) => {
            let gain = number(gain).filter(|gain| *gain <= Ratio::from(2))?;
            Action::Gain { voice: (*voice).to_owned(), gain }
        }
        ("ramp", [to, bars]) => {
            let bars = bars.parse().ok().filter(|bars| (1..=MOST_BARS_OF_RAMP).contains(bars))?;
            Action::Ramp { to: number(to).filter(|count| *count > Ratio::from(0))?, bars }
        }
        ("use", [voice, what]) => Action::Use { voice: (*voice).to_owned(), what: Use::named(what)? },
        ("tap", []) => Action::Tap,
        ("lock", []) => Action::Lock(true),
        ("unlock", []) => Action::Lock(false),
        ("count-in", ["on"]) => Action::CountIn(true),
        ("count-in", ["off"]) => Action::CountIn(false),
        ("arm", ["clear"]) => Action::Disarm,
        ("arm", [name, rest @ ..]) => match action(name, rest)? {
            Read::Action(action) if action.can_be_armed() => Action::Arm(Box::new(action)),
            _ => return None,
        },
        ("scene", [number]) => Action::Scene(number.parse().ok()?),
        ("keep", [voice, bars, kind @ ..]) => Action::Keep(keep(voice, bars, kind)?),
        ("note", [pitch, velocity, beats]) => Action::Note {
            pitch: pitch.parse().ok().filter(|pitch| *pitch <= 127)?,
            velocity: velocity.parse().ok().filter(|velocity| (1..=127).contains(velocity))?,
            beats: number(beats).filter(|beats| *beats > Ratio::from(0) && *beats.denom() <= 960)?,
        },
        ("end", []) => Action::End,
        _ => return None,
    };
    Some(Read::Action(action))
}
