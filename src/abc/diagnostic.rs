//! What a reader says of a text: a place, a short message, and a hint where one helps. Plain values; [`super::report`] shows them.

use std::borrow::Cow;

use super::Span;

/// A message or hint quotes no more characters of the text than this.
const LONGEST_EXCERPT: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Severity::Error { "error" } else { "warning" })
    }
}

/// What is wrong, as a reader of single values finds it: without a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    /// What to do about it, with the corrected text where that can be known.
    pub help: Option<Cow<'static, str>>,
}

impl Fault {
    pub fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), help: None }
    }

    #[must_use]
    pub fn with_help(self, help: impl Into<Cow<'static, str>>) -> Fault {
        Fault { help: Some(help.into()), ..self }
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Fault {
        Fault::new(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Fault {
        Fault::new(message)
    }
}

/// For callers whose errors are sentences.
impl From<Fault> for String {
    fn from(fault: Fault) -> String {
        sentence(&fault.message, fault.help.as_deref())
    }
}

/// Something the reader of the text should be told, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub span: Span,
    pub severity: Severity,
    pub message: String,
    pub help: Option<Cow<'static, str>>,
}

impl Diagnostic {
    pub fn new(span: Span, severity: Severity, fault: impl Into<Fault>) -> Self {
        let Fault { message, help } = fault.into();
        Diagnostic { span, severity, message, help }
    }

    pub fn error(span: Span, fault: impl Into<Fault>) -> Self {
        Diagnostic::new(span, Severity::Error, fault)
    }

    pub fn warning(span: Span, fault: impl Into<Fault>) -> Self {
        Diagnostic::new(span, Severity::Warning, fault)
    }

    #[must_use]
    pub fn with_help(self, help: impl Into<Cow<'static, str>>) -> Self {
        Diagnostic { help: Some(help.into()), ..self }
    }

    /// Message and hint in one line: `'organ' is no patch (did you mean 'orgel'?)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        sentence(&self.message, self.help.as_deref())
    }
}

fn sentence(message: &str, help: Option<&str>) -> String {
    help.map_or_else(|| message.to_owned(), |help| format!("{message} ({help})"))
}

/// The start of a piece of text, fit to be quoted: no control characters, no blanks around it.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut chars = text.trim().chars();
    let visible = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    let mut start: String = chars.by_ref().take(LONGEST_EXCERPT).map(visible).collect();
    if chars.next().is_some() {
        start.push('…');
    }
    start
}

/// `did you mean 'patch'?`, for a word that is one of `words` but for a slip of the fingers.
pub fn did_you_mean<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let length = word.chars().take(LONGEST_EXCERPT + 1).count();
    if length > LONGEST_EXCERPT {
        return None;
    }
    let near = words.into_iter().map(|known| (strsim::damerau_levenshtein(word, known), known));
    let (distance, nearest) = near.min_by_key(|(distance, _)| *distance)?;
    // In a short word one slip already makes another word.
    (distance <= length.min(6) / 3).then(|| format!("did you mean '{nearest}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_fingers() {
        let known = ["patch", "pan", "gain", "range", "mute"];
        for (word, nearest) in [
            ("pach", Some("patch")),
            ("ptach", Some("patch")),
            ("ragne", Some("range")),
            ("muted", Some("mute")),
            ("gin", Some("gain")),
            ("volume", None),
            ("p", None),
            ("", None),
        ] {
            assert_eq!(
                did_you_mean(word, known),
                nearest.map(|nearest| format!("did you mean '{nearest}'?")),
                "{word}"
            );
        }
        assert_eq!(did_you_mean(&"x".repeat(1 << 20), known), None);
    }

    #[test]
    fn excerpts_are_short_and_harmless() {
        assert_eq!(excerpt("  a\u{1b}[31mb "), "a\u{FFFD}[31mb");
        assert_eq!(excerpt(&"ü".repeat(40)), "ü".repeat(40));
        assert_eq!(excerpt(&"ü".repeat(1000)), "ü".repeat(40) + "…");
    }
}
