//! Free text as words that can be looked up: folded to plain lower case, cut into clauses, Chinese into characters. Pure.
//!
//! A phrase of several words is a slice of the folded text, so that looking for the longest one copies nothing.

use std::ops::Range;

/// A folded line. Words of letters and digits stand one blank apart, Chinese characters (a token each) without.
#[derive(Debug, Default)]
pub(super) struct Text {
    folded: String,
    pub tokens: Vec<Token>,
    /// Ranges of tokens between commas, stops and line ends.
    pub clauses: Vec<Range<usize>>,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    bytes: Range<usize>,
    /// A character of a script that is written without blanks.
    pub han: bool,
    /// The performer began it with a capital letter.
    pub capital: bool,
}

impl Text {
    pub fn of(line: &str) -> Text {
        let mut text = Text::default();
        let (mut first, mut open) = (0, false);
        let mut chars = line.chars().map(half_width).peekable();
        while let Some(c) = chars.next() {
            let follows = open && !text.tokens.last().is_some_and(|token| token.han);
            let between_digits = |text: &Text, next: Option<&char>| {
                text.folded.ends_with(|c: char| c.is_ascii_digit()) && next.is_some_and(char::is_ascii_digit)
            };
            match c {
                '\'' | '’' if open => {}
                '#' | '♯' if follows => text.extend("#"),
                '♭' if follows => text.extend("b"),
                '/' if follows && between_digits(&text, chars.peek()) => text.extend("/"),
                c if is_han(c) => {
                    text.push(c, true, false);
                    open = false;
                }
                c if c.is_alphanumeric() => {
                    if !follows {
                        text.begin(c.is_uppercase());
                    }
                    open = true;
                    fold(c, |c| text.extend_char(c));
                }
                c => {
                    open = false;
                    if matches!(c, ',' | ';' | '.' | '!' | '?' | '、' | '。' | '…' | '—' | '–' | '\n') {
                        text.end_clause(&mut first);
                    }
                }
            }
        }
        text.end_clause(&mut first);
        text
    }

    /// The folded text of some tokens of one clause.
    pub fn slice(&self, tokens: Range<usize>) -> &str {
        let bytes =
            self.tokens.get(tokens).and_then(|tokens| Some(tokens.first()?.bytes.start..tokens.last()?.bytes.end));
        bytes.map_or("", |bytes| &self.folded[bytes])
    }

    /// The folded text as a whole: what a phrase is looked up by.
    pub fn into_folded(self) -> String {
        self.folded
    }

    fn begin(&mut self, capital: bool) {
        if self.tokens.last().is_some_and(|token| !token.han) {
            self.folded.push(' ');
        }
        let at = self.folded.len();
        self.tokens.push(Token { bytes: at..at, han: false, capital });
    }

    fn push(&mut self, c: char, han: bool, capital: bool) {
        let at = self.folded.len();
        self.folded.push(c);
        self.tokens.push(Token { bytes: at..self.folded.len(), han, capital });
    }

    fn extend(&mut self, text: &str) {
        self.folded.push_str(text);
        if let Some(token) = self.tokens.last_mut() {
            token.bytes.end = self.folded.len();
        }
    }

    fn extend_char(&mut self, c: char) {
        self.extend(c.encode_utf8(&mut [0; 4]));
    }

    fn end_clause(&mut self, first: &mut usize) {
        if *first < self.tokens.len() {
            self.clauses.push(*first..self.tokens.len());
            *first = self.tokens.len();
        }
    }
}

/// Chinese characters, and the syllables of Japanese.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The full-width forms of ASCII that Chinese keyboards write (Unicode, Halfwidth and Fullwidth Forms).
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// Lower case without the accents of Italian, French and German.
fn fold(c: char, mut push: impl FnMut(char)) {
    for c in c.to_lowercase() {
        push(match c {
            'à' | 'á' | 'â' | 'ä' => 'a',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ò' | 'ó' | 'ô' | 'ö' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            c => c,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_and_cut_into_clauses() {
        for (line, expected) in [
            ("Slow air; sparse, LOW", "slow air|sparse|low"),
            ("four-on-the-floor (Più mosso)", "four on the floor piu mosso"),
            ("don’t rush: in F# minor, 6/8 at 96bpm", "dont rush in f# minor|6/8 at 96bpm"),
            ("and/or B♭", "and or bb"),
            ("悲伤的旋律，D小调。速度 110", "悲伤的旋律|d小调|速度110"),
            ("", ""),
        ] {
            let text = Text::of(line);
            let clauses: Vec<_> = text.clauses.iter().map(|clause| text.slice(clause.clone())).collect();
            assert_eq!(clauses.join("|"), expected, "{line}");
        }
    }
}
