//! The lexicon: what everyday words mean in control words, read from a text that a performer can extend. Pure; loaded once, then looked up.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::{Arc, LazyLock};

use super::text::Text;
use super::{LONGEST, control, facts, stem};
use crate::abc::key::Mode;
use crate::abc::{Diagnostic, Meter, Span};

/// The text that the program brings along.
pub const DEFAULT: &str = include_str!("../../prompts/lexicon.words");

static BUILT_IN: LazyLock<Entries> = LazyLock::new(|| read(DEFAULT).0);

/// Heads, folded as [`Text`] folds them, and what they mean.
type Entries = HashMap<Box<str>, Entry>;

/// What a head says; nothing for a filler.
pub(super) type Entry = Arc<[Said]>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Said {
    pub meaning: Meaning,
    /// Said outright, behind `=`; behind `~` it is a hint, which yields to what is said outright.
    pub plain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    /// A control word is wished for.
    Want(&'static str),
    /// It is not: `straight` is not `dotted`.
    Refuse(&'static str),
    // The rest acts where no header says it.
    Meter(Meter),
    Mode(Mode),
    /// Beats a minute.
    Tempo(u16),
}

/// The built-in entries with a performer's own before them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lexicon {
    own: Entries,
}

impl Lexicon {
    /// Reads a performer's lexicon. Errs on lines that cannot be read, with their places: half a lexicon would surprise on stage.
    pub fn parse(text: &str) -> Result<Lexicon, Vec<Diagnostic>> {
        // As it is unpacked.
        if text == DEFAULT {
            return Ok(Lexicon::default());
        }
        let (own, diagnostics) = read(text);
        if diagnostics.is_empty() { Ok(Lexicon { own }) } else { Err(diagnostics) }
    }

    /// What a folded phrase means.
    pub(super) fn get(&self, phrase: &str) -> Option<&Entry> {
        self.own.get(phrase).or_else(|| BUILT_IN.get(phrase))
    }

    /// Whether a performer said what a folded phrase means.
    pub(super) fn is_own(&self, phrase: &str) -> bool {
        self.own.contains_key(phrase)
    }

    /// What the plain form of an English word means that is not listed itself: `climbs`, `climb`.
    pub(super) fn inflected(&self, word: &str) -> Option<&Entry> {
        stem::stems(word, |form| self.get(form))
    }
}

/// All lines that can be read, and what is wrong with the others.
fn read(text: &str) -> (Entries, Vec<Diagnostic>) {
    let (mut entries, mut diagnostics) = (Entries::new(), Vec::new());
    // Some editors begin a file with a byte order mark.
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut start = text.len() - lines.len();
    for line in lines.split_inclusive('\n') {
        let content = line.split('#').next().unwrap_or("");
        if !content.trim().is_empty() {
            read_line(content, start, &mut entries, &mut diagnostics);
        }
        start += line.len();
    }
    (entries, diagnostics)
}

/// `techno, tekno = techno ~ steady`: heads, what they say outright, what they hint at.
fn read_line(line: &str, start: usize, entries: &mut Entries, diagnostics: &mut Vec<Diagnostic>) {
    let span = |part: &str| {
        let within = part.as_ptr() as usize - line.as_ptr() as usize;
        let lead = part.len() - part.trim_start().len();
        Span { start: start + within + lead, end: start + within + lead + part.trim().len().max(1) }
    };
    let Some(sign) = line.find(['=', '~']) else {
        diagnostics
            .push(Diagnostic::error(span(line), "a line is WORDS = MEANING, or WORDS ~ MEANING for a mere hint"));
        return;
    };
    let (heads, right) = (&line[..sign], &line[sign..]);
    let (outright, hints) = right.split_at(right.find('~').unwrap_or(right.len()));
    let mut entry: Vec<Said> = Vec::new();
    for (words, plain) in [(outright, true), (hints, false)] {
        for word in words.trim_start_matches(['=', '~']).split_whitespace() {
            let meaning = meaning(word).ok_or_else(|| unknown(word));
            match meaning.and_then(|meaning| beside(&entry, meaning, word)) {
                Ok(meaning) => entry.push(Said { meaning, plain }),
                Err(message) => diagnostics.push(Diagnostic::error(span(word), message)),
            }
        }
    }
    let entry: Entry = entry.into();
    for head in heads.split([',', '，', '、']) {
        let text = Text::of(head);
        let (tokens, clauses) = (text.tokens.len(), text.clauses.len());
        if clauses != 1 || tokens > LONGEST {
            let message = if clauses == 0 {
                "a word is missing here".to_owned()
            } else {
                format!("'{}' is not one word or a phrase of at most {LONGEST}", head.trim())
            };
            diagnostics.push(Diagnostic::error(span(head), message));
            continue;
        }
        match entries.entry(text.into_folded().into()) {
            Place::Vacant(place) => drop(place.insert(entry.clone())),
            Place::Occupied(_) => {
                diagnostics.push(Diagnostic::error(span(head), format!("'{}' stands above already", head.trim())));
            }
        }
    }
}

fn meaning(word: &str) -> Option<Meaning> {
    let modes = [
        ("major", Mode::Major),
        ("minor", Mode::Minor),
        ("dorian", Mode::Dorian),
        ("phrygian", Mode::Phrygian),
        ("lydian", Mode::Lydian),
        ("mixolydian", Mode::Mixolydian),
        ("locrian", Mode::Locrian),
    ];
    let refused = || Some(Meaning::Refuse(control::find(word.strip_prefix('-')?)?));
    let mode = || Some(Meaning::Mode(modes.iter().find(|(name, _)| *name == word)?.1));
    control::find(word)
        .map(Meaning::Want)
        .or_else(refused)
        .or_else(mode)
        .or_else(|| facts::meter(word).map(Meaning::Meter))
        .or_else(|| facts::bpm(word).map(Meaning::Tempo))
}

/// The meaning, where it can stand beside what the entry says already.
fn beside(entry: &[Said], meaning: Meaning, word: &str) -> Result<Meaning, String> {
    let Meaning::Want(wanted) = meaning else { return Ok(meaning) };
    let rival = entry.iter().find_map(|said| match said.meaning {
        Meaning::Want(other) if other == wanted || control::rivals(wanted).contains(&other) => Some(other),
        _ => None,
    });
    rival.map_or(Ok(meaning), |other| Err(format!("'{word}' cannot stand beside '{other}'")))
}

fn unknown(word: &str) -> String {
    format!("'{word}' is no control word (such as sparse, low, rising), mode, metre as 3/4 or tempo as 96bpm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_lexicon_has_no_errors_and_is_large() {
        let (entries, diagnostics) = read(DEFAULT);
        let said: Vec<String> = diagnostics.iter().map(|d| d.display("lexicon.words", DEFAULT)).collect();
        assert_eq!(said, [""; 0]);
        let chinese = entries.keys().filter(|head| !head.is_ascii()).count();
        assert!(entries.len() - chinese >= 2500, "{} English entries", entries.len() - chinese);
        assert!(chinese >= 500, "{chinese} Chinese entries");
    }

    #[test]
    fn every_control_word_means_itself_and_has_other_names() {
        let (entries, _) = read(DEFAULT);
        for word in control::all() {
            let entry = entries.get(word).unwrap_or_else(|| panic!("{word} is not in the lexicon"));
            let outright: Vec<Meaning> = entry.iter().filter(|said| said.plain).map(|said| said.meaning).collect();
            assert!(outright.contains(&Meaning::Want(word)), "{word}: {entry:?}");
            let elsewhere = entries.iter().any(|(head, other)| &**head != word && other == entry);
            assert!(elsewhere, "{word} is alone in its line");
        }
    }

    #[test]
    fn broken_lines_have_places() {
        let text = "ferry = low steady\n\n# a note\nglow high\nmoon ~ hgih low\nferry, sea ~ low\nsun =\na,,b = low\nsix words are far too many for one phrase = low\n3 ~ 99/3\nglee = high low\nfog = pad ~ low ~ high\n";
        let said: Vec<String> =
            Lexicon::parse(text).unwrap_err().iter().map(|diagnostic| diagnostic.display("my.words", text)).collect();
        let starts = [
            "my.words:4:1: error: a line is",
            "my.words:5:8: error: 'hgih' is no control word (such as sparse",
            "my.words:6:1: error: 'ferry' stands above already",
            "my.words:8:3: error: a word is missing",
            "my.words:9:1: error: 'six words are",
            "my.words:10:5: error: '99/3' is no control word",
            "my.words:11:13: error: 'low' cannot stand beside 'high'",
            "my.words:12:17: error: '~' is no control word",
            "my.words:12:19: error: 'high' cannot stand beside 'low'",
        ];
        assert_eq!(said.len(), starts.len(), "{said:#?}");
        for (said, start) in said.iter().zip(starts) {
            assert!(said.starts_with(start), "{said}");
        }
    }

    #[test]
    fn own_entries_go_before_the_built_in_ones() {
        let lexicon = Lexicon::parse("Ferry, night-boat = low steady  # ours\nbusy = sparse\nslow =\n").unwrap();
        let outright = |word| Said { meaning: Meaning::Want(word), plain: true };
        let wants = |word: &str| lexicon.get(word).map(|entry| entry.to_vec());
        assert_eq!(wants("ferry"), Some(vec![outright("low"), outright("steady")]));
        assert_eq!(lexicon.inflected("ferries"), lexicon.get("ferry"));
        assert_eq!(wants("night boat"), wants("ferry"));
        assert_eq!((wants("busy"), wants("slow")), (Some(vec![outright("sparse")]), Some(vec![])));
        assert_eq!(wants("high"), Some(vec![outright("high")]));
    }

    #[test]
    fn a_byte_order_mark_is_no_word() {
        let text = "\u{feff}ferry = low\nglow high\n";
        assert_eq!(Lexicon::parse(&text[..text.find("glow").unwrap()]), Lexicon::parse("ferry = low\n"));
        let said = Lexicon::parse(text).unwrap_err();
        assert_eq!(&text[said[0].span.start..said[0].span.end], "glow high");
    }
}
