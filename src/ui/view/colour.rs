//! Light colours for a line of text: words for the model, fields, chord symbols, bar lines, comments. Plain functions of one line.

use std::ops::Range;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};

use super::DIM;

const WORDS: Style = Style::new().fg(Color::Green);
const FIELD: Style = Style::new().fg(Color::Cyan);
const DIRECTIVE: Style = Style::new().fg(Color::Magenta);
const CHORD: Style = Style::new().fg(Color::Yellow);
const BAR_LINE: Style = Style::new().fg(Color::Blue).add_modifier(Modifier::BOLD);

/// Styles by byte range; a later one lies over an earlier one.
pub fn styles(line: &str, path: &Path) -> Vec<(Range<usize>, Style)> {
    let all = 0..line.len();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("txt") => vec![(all, WORDS)],
        Some("patch") => line.find("//").map(|at| (at..line.len(), DIM)).into_iter().collect(),
        _ => abc(line),
    }
}

fn abc(line: &str) -> Vec<(Range<usize>, Style)> {
    let all = 0..line.len();
    let bytes = line.as_bytes();
    if line.starts_with("%%") {
        return vec![(all, DIRECTIVE)];
    }
    if line.starts_with("% ") {
        return vec![(all, WORDS)];
    }
    if line.starts_with('%') {
        return vec![(all, DIM)];
    }
    let comment = unquoted_percent(line).unwrap_or(line.len());
    let mut styles = vec![(comment..line.len(), DIM)];
    if bytes.len() > 1 && (bytes[0].is_ascii_alphabetic() || bytes[0] == b'+') && bytes[1] == b':' {
        styles.push((0..2, FIELD.add_modifier(Modifier::BOLD)));
        styles.push((2..comment, FIELD));
        return styles;
    }
    let mut at = 0;
    while at < comment {
        let rest = &line[at..comment];
        let end_after = |close: char| at + 1 + rest[1..].find(close).map_or(rest.len() - 1, |found| found + 1);
        let (end, style) = match bytes[at] {
            b'"' => (end_after('"'), Some(CHORD)),
            b'!' => (end_after('!'), Some(DIM)),
            b'[' if rest.len() > 2 && bytes[at + 1].is_ascii_alphabetic() && bytes[at + 2] == b':' => {
                (end_after(']'), Some(FIELD))
            }
            b'|' | b':' => (at + 1, Some(BAR_LINE)),
            _ => (at + rest.chars().next().map_or(1, char::len_utf8), None),
        };
        styles.extend(style.map(|style| (at..end, style)));
        at = end;
    }
    styles
}

/// Where a trailing comment starts.
fn unquoted_percent(line: &str) -> Option<usize> {
    let mut quoted = false;
    let mut before = ' ';
    line.char_indices().find_map(|(at, c)| {
        let escaped = before == '\\';
        before = c;
        quoted ^= c == '"';
        (c == '%' && !quoted && !escaped).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style_of(line: &str, part: &str) -> Option<Style> {
        let at = line.find(part).unwrap();
        styles(line, Path::new("a.abc"))
            .into_iter()
            .rev()
            .find(|(range, _)| range.contains(&at))
            .map(|(_, style)| style)
    }

    #[test]
    fn words_fields_chords_and_comments_differ() {
        assert_eq!(style_of("% slow", "slow"), Some(WORDS));
        assert_eq!(style_of("%- slow", "slow"), Some(DIM));
        assert_eq!(style_of("%%phrase 8", "8"), Some(DIRECTIVE));
        assert_eq!(style_of("K:Ddor % low", "Ddor"), Some(FIELD));
        assert_eq!(style_of("K:Ddor % low", "low"), Some(DIM));
        let music = "[V:ch] \"D%m\"x6 | c2 % end";
        assert_eq!(style_of(music, "V:"), Some(FIELD));
        assert_eq!(style_of(music, "D%"), Some(CHORD));
        assert_eq!(style_of(music, "x6"), None);
        assert_eq!(style_of(music, "|"), Some(BAR_LINE));
        assert_eq!(style_of(music, "end"), Some(DIM));
    }

    #[test]
    fn half_typed_lines_are_no_trouble() {
        for line in ["\"", "!", "[V:", "[é", "\"é", "a:", "é:", "", "%", "!é日", "[日:"] {
            for (range, _) in styles(line, Path::new("a.abc")) {
                assert!(range.end <= line.len(), "{line}");
            }
        }
    }
}
