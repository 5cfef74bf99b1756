//! Words about loudness: `louder`, `crescendo over 8`, 渐强. They never steer the model; the renderer moves velocities by them. Pure.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use super::degree::Degree;
use super::text::Text;
use super::{LONGEST, Lexicon};
use crate::score::LOUDER;

/// A word about loudness, and how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loudness {
    pub turn: Turn,
    /// As it is read back: `much louder`.
    degree: &'static str,
    name: &'static str,
    /// 1 to 256; without it a phrase, or one bar for what is loud or soft at once ([`Loudness::at_once`]).
    pub bars: Option<u16>,
}

/// Where the velocities go, as steps against `mf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// So much on from where they are.
    By(i16),
    /// There; -127 is silence.
    To(i16),
    /// On by so much, and back.
    Swell(i16),
    /// From silence to `mf`.
    FadeIn,
}

impl Loudness {
    /// Whether it says how loud it is, rather than where it goes.
    #[must_use]
    pub fn at_once(self) -> bool {
        matches!(self.turn, Turn::To(level) if level > -127)
    }
}

/// `louder`, `a bit softer over 4`.
impl fmt::Display for Loudness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.degree, self.name)?;
        self.bars.map_or(Ok(()), |bars| write!(f, " over {bars}"))
    }
}

/// A name, what it does, the name of what its denial comes to, and what says it. Steps are dynamics of ABC.
struct Word(&'static str, Turn, Option<&'static str>, &'static str);

static WORDS: [Word; 14] = [
    Word(
        "louder",
        Turn::By(LOUDER),
        Some("softer"),
        "louder, volume up, turn it up, turn up the volume, raise the volume, more volume, 更响, 更响亮, 更大声, 响一点, 响一些, 响点, \
         大声一点, 大声一些, 大声点, 强一点, 强一些, 更强, 加大音量, 提高音量, 音量大一点",
    ),
    Word(
        "softer",
        Turn::By(-LOUDER),
        Some("louder"),
        "softer, quieter, more softly, more quietly, volume down, turn it down, turn down the volume, lower the volume, less volume, 更轻, \
         更轻声, 更小声, 更弱, 轻一点, 轻一些, 轻点, 小声一点, 小声一些, 小声点, 弱一点, 弱一些, 减小音量, 降低音量, 音量小一点",
    ),
    Word(
        "crescendo",
        Turn::By(2 * LOUDER),
        None,
        "crescendo, crescendos, cresc, get louder, gets louder, getting louder, grow louder, growing louder, louder and louder, getting louder and louder, 渐强, \
         渐响, 变强, 变响, 越来越响, 越来越强, 越来越大声",
    ),
    Word(
        "diminuendo",
        Turn::By(-2 * LOUDER),
        None,
        "diminuendo, diminuendos, decrescendo, decresc, descrescendo, get softer, gets softer, getting softer, get quieter, gets quieter, \
         getting quieter, softer and softer, quieter and quieter, getting softer and softer, getting quieter and quieter, 渐弱, 渐轻, 变弱, 变轻, 越来越轻, 越来越弱, 越来越小声",
    ),
    Word(
        "fade out",
        Turn::To(-127),
        None,
        "fade out, fades out, fading out, fadeout, fade away, fades away, fading away, fade to silence, fade to nothing, al niente, 淡出",
    ),
    Word("fade in", Turn::FadeIn, None, "fade in, fades in, fading in, dal niente, 淡入"),
    Word("swell", Turn::Swell(2 * LOUDER), None, "swell, swells, swelling, messa di voce, 渐强渐弱, 渐强再渐弱"),
    Word(
        "loud",
        Turn::To(LOUDER),
        Some("softer"),
        "loud, loudly, forte, full volume, at full volume, 大声, 大音量, 强音, 强奏, 响",
    ),
    Word(
        "very loud",
        Turn::To(2 * LOUDER),
        Some("softer"),
        "fortissimo, very loud, very loudly, 很响, 很大声, 非常响, 非常大声",
    ),
    Word("fairly loud", Turn::To(0), None, "mezzo forte, mezzoforte, fairly loud, normal volume, medium loud"),
    Word("fairly soft", Turn::To(-LOUDER), None, "mezzo piano, mezzopiano, fairly soft, fairly quiet"),
    Word("soft", Turn::To(-2 * LOUDER), Some("louder"), "soft, softly, quiet, quietly, 小声, 轻声, 弱奏"),
    Word(
        "very soft",
        Turn::To(-3 * LOUDER),
        Some("louder"),
        "pianissimo, very soft, very softly, very quiet, very quietly, 很轻, 很小声",
    ),
    Word("as soft as can be", Turn::To(-4 * LOUDER), Some("louder"), "pianississimo, barely audible, 几乎听不见"),
];

/// [`WORDS`] by what says them.
static PHRASES: LazyLock<HashMap<&str, &Word>> = LazyLock::new(|| {
    let phrases = |word: &'static Word| word.3.split(", ").map(move |phrase| (phrase, word));
    WORDS.iter().flat_map(phrases).collect()
});

/// What connects a word with how long it takes; where it needs `bars` behind the number, `false`.
const SPANS: [(&str, bool); 8] = [
    ("over", true),
    ("for", true),
    ("across", true),
    ("during", true),
    ("within", true),
    ("in", false),
    ("用", false),
    ("在", false),
];

const NUMBERS: [(&str, u16); 26] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("twelve", 12),
    ("sixteen", 16),
    ("thirty two", 32),
    ("一", 1),
    ("二", 2),
    ("两", 2),
    ("三", 3),
    ("四", 4),
    ("五", 5),
    ("六", 6),
    ("七", 7),
    ("八", 8),
    ("九", 9),
    ("十", 10),
    ("十二", 12),
    ("十六", 16),
];

/// What the tokens begin with, and how many of them it takes; `degree` is that of the small words in front. A performer's own entry goes before it,
/// as does a longer one of the lexicon. `Err` where it is denied and that means nothing.
pub(super) fn read(
    text: &Text,
    tokens: Range<usize>,
    degree: Option<Degree>,
    lexicon: &Lexicon,
) -> Option<(Result<Loudness, ()>, usize)> {
    let before = number(text, tokens.clone()).and_then(|(bars, taken)| {
        let unit = unit(text, tokens.start + taken..tokens.end)?;
        Some((bars, taken + unit))
    });
    let start = tokens.start + before.map_or(0, |(_, taken)| taken);
    let (word, taken) = word(text, start..tokens.end, lexicon)?;
    let end = start + taken;
    let after = if before.is_some() { None } else { span(text, end..tokens.end) };
    let bars = before.or(after).map(|(bars, _)| bars);
    let taken = end - tokens.start + after.map_or(0, |(_, taken)| taken);
    Some((turned(word, degree).map(|said| Loudness { bars, ..said }).ok_or(()), taken))
}

fn turned(Word(name, turn, denied, _): &Word, degree: Option<Degree>) -> Option<Loudness> {
    let said = |degree, name: &'static str, turn| Some(Loudness { turn, degree, name, bars: None });
    let scaled = |by: fn(i16) -> i16| match *turn {
        Turn::By(step) => Turn::By(by(step)),
        Turn::To(level) if level > -127 => Turn::To(by(level)),
        Turn::Swell(step) => Turn::Swell(by(step)),
        turn => turn,
    };
    match degree {
        None | Some(Degree::Middle) => said("", name, *turn),
        Some(Degree::Little) => said("a bit ", name, scaled(|step| step / 2)),
        Some(Degree::Much) => said("much ", name, scaled(|step| step * 2)),
        Some(Degree::Less | Degree::Never) => {
            let Word(name, turn, ..) = WORDS.iter().find(|Word(name, ..)| Some(*name) == *denied)?;
            said("", name, *turn)
        }
    }
}

/// The longest phrase about loudness at the beginning of the tokens.
fn word(text: &Text, tokens: Range<usize>, lexicon: &Lexicon) -> Option<(&'static Word, usize)> {
    let longest = tokens.len().min(LONGEST);
    let phrases = (1..=longest).rev().map(|count| (text.slice(tokens.start..tokens.start + count), count));
    for (phrase, count) in phrases {
        if lexicon.is_own(phrase) {
            return None;
        }
        if let Some(&word) = PHRASES.get(phrase) {
            return Some((word, count));
        }
        if count > 1 && lexicon.get(phrase).is_some() {
            return None;
        }
    }
    None
}

/// `over 8`, `in four bars`, `八小节`: bars, and how many tokens say so.
fn span(text: &Text, tokens: Range<usize>) -> Option<(u16, usize)> {
    let (mut at, mut alone) = (tokens.start, false);
    if let Some((_, without)) = SPANS.iter().find(|(word, _)| *word == text.slice(at..at + 1)) {
        (at, alone) = (at + 1, *without);
    }
    while matches!(text.slice(at..at + 1), "the" | "next" | "about") {
        at += 1;
    }
    let (bars, taken) = number(text, at..tokens.end)?;
    at += taken;
    let unit = unit(text, at..tokens.end);
    (alone || unit.is_some()).then(|| (bars, at + unit.unwrap_or(0) - tokens.start))
}

fn number(text: &Text, tokens: Range<usize>) -> Option<(u16, usize)> {
    let named = || {
        (1..=tokens.len().min(2)).rev().find_map(|count| {
            let phrase = text.slice(tokens.start..tokens.start + count);
            NUMBERS.iter().find(|(name, _)| *name == phrase).map(|(_, number)| (*number, count))
        })
    };
    let digits = text.slice(tokens.start..(tokens.start + 1).min(tokens.end));
    let (bars, taken) = digits.parse().map(|bars: u16| (bars, 1)).ok().or_else(named)?;
    (1..=256).contains(&bars).then_some((bars, taken))
}

/// How many tokens say that bars are counted.
fn unit(text: &Text, tokens: Range<usize>) -> Option<usize> {
    let units = ["bar", "bars", "measure", "measures", "小节", "个小节"];
    (1..=tokens.len().min(3)).find(|count| units.contains(&text.slice(tokens.start..tokens.start + count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer::steer;

    #[test]
    fn every_phrase_is_folded_and_stands_once() {
        let phrases: Vec<&str> = WORDS.iter().flat_map(|word| word.3.split(", ")).collect();
        assert_eq!(PHRASES.len(), phrases.len());
        for phrase in phrases {
            assert_eq!(Text::of(phrase).into_folded(), phrase);
            assert!(Text::of(phrase).tokens.len() <= LONGEST, "{phrase}");
            let said = steer(&[phrase], &Lexicon::default());
            assert!(said.is_loudness() && said.loudness.len() == 1, "{phrase}: {said:?}");
        }
        assert!(WORDS.iter().filter_map(|word| word.2).all(|denied| WORDS.iter().any(|word| word.0 == denied)));
    }

    /// What is heard of loudness, then for the model, then what is not understood.
    #[test]
    fn words_about_loudness_are_not_for_the_model() {
        for (line, expected) in [
            ("louder", "louder||"),
            ("crescendo over 8", "crescendo over 8||"),
            ("a crescendo over the next eight bars", "crescendo over 8||"),
            ("an 8-bar crescendo, busy", "crescendo over 8|busy|"),
            ("fade out in 4 bars", "fade out over 4||"),
            ("fade out in 4", "fade out||4"),
            ("swell for sixteen", "swell over 16||"),
            ("softer in 6/8", "softer||"),
            ("much louder and busy", "much louder|busy|"),
            ("a bit softer, low", "a bit softer|low|"),
            ("not so loud", "softer||"),
            ("too quiet", "louder||"),
            ("no crescendo", "||no crescendo"),
            ("very quiet night", "very soft|low sparse|"),
            ("soft then loud over 2", "soft, loud over 2||"),
            ("getting louder and louder", "crescendo||"),
            ("crescendo feel, rising", "|build rising|"),
            ("louder over 300 bars", "louder||300"),
            ("渐强", "crescendo||"),
            ("渐弱八小节", "diminuendo over 8||"),
            ("用4小节渐强，高音", "crescendo over 4|high|"),
            ("大声一点", "louder||"),
            ("不要太响", "softer||"),
            ("越来越轻，悲伤", "diminuendo|sparse stepwise falling|"),
            ("淡出 16 小节", "fade out over 16||"),
        ] {
            let said = steer(&[line], &Lexicon::default());
            let loudness: Vec<String> = said.loudness.iter().map(ToString::to_string).collect();
            let rest = (said.heard.join(" "), said.not_understood.join(", "));
            assert_eq!(format!("{}|{}|{}", loudness.join(", "), rest.0, rest.1), expected, "{line}");
        }
    }

    #[test]
    fn a_performers_own_entry_goes_before() {
        let lexicon = Lexicon::parse("louder = busy\n").expect("a lexicon");
        let said = steer(&["louder, soft"], &lexicon);
        assert_eq!((said.heard, said.loudness.len()), (vec!["busy"], 1));
    }
}
