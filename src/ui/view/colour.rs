//! What text looks like: one table of roles, in the terminal's own 16 colours, which a [`crate::ui::theme::Theme`] may turn into others. What
//! one state has and another has not is never a colour alone. Plain functions.

use ratatui::style::{Color, Modifier, Style};

use super::DIM;
use crate::abc::Span;
use crate::abc::piece::{Kind, Piece};
use crate::ui::highlight::{Highlight, Language};

pub const WORDS: Style = Style::new().fg(Color::Green).add_modifier(Modifier::ITALIC);

/// What lies over a piece of text while something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Selected,
    /// What the search looks for.
    Found,
    /// It sounds now.
    Sounding,
    /// It was evaluated a moment ago, which a sign beside the line says, too.
    Taken,
    /// It was refused a moment ago.
    Refused,
    /// The place of a diagnostic; a sign beside the line says so, too.
    Marked,
}

impl Look {
    /// The style of text that looks like this besides. What is reversed twice is as before, so that a note that sounds can be seen in a selection.
    #[must_use]
    pub fn over(self, style: Style) -> Style {
        let turned = |style: Style| {
            if style.add_modifier.contains(Modifier::REVERSED) {
                style.remove_modifier(Modifier::REVERSED)
            } else {
                style.add_modifier(Modifier::REVERSED)
            }
        };
        match self {
            Look::Selected | Look::Taken => turned(style),
            Look::Found => style.add_modifier(Modifier::UNDERLINED),
            Look::Sounding => turned(style).add_modifier(Modifier::UNDERLINED),
            Look::Refused => style.add_modifier(Modifier::CROSSED_OUT),
            Look::Marked => style.fg(Color::Red).add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
        }
    }
}

fn of_kind(kind: Kind) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    match kind {
        Kind::Field => bold.fg(Color::Cyan),
        Kind::Value => plain.fg(Color::Cyan),
        Kind::Voice => bold,
        Kind::Comment | Kind::Remark | Kind::Block | Kind::Rest => DIM,
        Kind::Note | Kind::Property => plain,
        Kind::Directive | Kind::Annotation | Kind::Grace | Kind::Decoration => plain.fg(Color::Magenta),
        Kind::Rhythm | Kind::Phrasing => plain.fg(Color::Blue),
        Kind::ChordSymbol => plain.fg(Color::Yellow),
        Kind::BarLine => bold.fg(Color::Blue),
        Kind::Wrong => plain.fg(Color::Red).add_modifier(Modifier::UNDERLINED),
    }
}

/// The styles of a line.
#[derive(Debug, Default)]
pub struct Styles<'a> {
    /// In the order of their places; what stands between them is plain.
    pieces: &'a [Piece],
    /// What is wrong lies over them.
    wrong: &'a [Piece],
    /// The same of lines that are no music.
    spans: Vec<(Span, Style)>,
}

impl<'a> Styles<'a> {
    pub fn of(highlight: &'a Highlight, at: usize, line: &str) -> Styles<'a> {
        let from = |start, style| Styles { spans: vec![(Span { start, end: line.len() }, style)], ..Styles::default() };
        match (highlight.language(), highlight.pieces(at)) {
            (Language::Words, _) => from(0, WORDS),
            (Language::Patch, _) => line.find("//").map(|start| from(start, DIM)).unwrap_or_default(),
            (Language::Abc, [Piece { kind: Kind::Remark, .. }]) => match highlight.words(at, line) {
                // The voice that it is for stands out.
                Some((Some(voice), _)) => {
                    let start = line.find(voice).unwrap_or(0);
                    let named = Span { start, end: start + voice.len() };
                    let before = (Span { start: 0, end: named.start }, WORDS);
                    let behind = (Span { start: named.end, end: line.len() }, WORDS);
                    let spans = vec![before, (named, WORDS.add_modifier(Modifier::BOLD)), behind];
                    Styles { spans, ..Styles::default() }
                }
                Some((None, _)) => from(0, WORDS),
                None => from(0, DIM),
            },
            (Language::Abc, pieces) => {
                let (pieces, wrong) = pieces.split_at(pieces.partition_point(|piece| piece.kind != Kind::Wrong));
                Styles { pieces, wrong, spans: Vec::new() }
            }
        }
    }

    /// The style at a byte.
    pub fn at(&self, byte: usize) -> Style {
        let holds = |span: Span| span.start <= byte && byte < span.end;
        if let Some((_, style)) = self.spans.iter().find(|(span, _)| holds(*span)) {
            return *style;
        }
        if self.wrong.iter().any(|piece| holds(piece.span)) {
            return of_kind(Kind::Wrong);
        }
        let before = self.pieces.partition_point(|piece| piece.span.start <= byte);
        let piece = self.pieces[..before].last().filter(|piece| holds(piece.span));
        piece.map_or(Style::new(), |piece| of_kind(piece.kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::document::Document;

    /// What each letter of the last line of a text looks like.
    fn drawn(text: &str) -> Vec<Style> {
        let mut document = Document::new("a.abc".into(), text);
        let last = document.editor.lines().len() - 1;
        document.read_to(last + 1);
        let line = &document.editor.lines()[last];
        let styles = Styles::of(&document.highlight, last, line);
        (0..line.len()).map(|byte| styles.at(byte)).collect()
    }

    #[test]
    fn a_line_is_drawn_piece_by_piece_and_errors_over_it() {
        let looks = drawn("X:1\nK:C\n\"Dm\"x6 | c2 % end");
        let looks_end = looks.len();
        assert_eq!(looks[0], of_kind(Kind::ChordSymbol));
        assert_eq!(looks[looks_end - 1], DIM);
        let wrong = drawn("X:1\nK:C\n[V:a C2 | B");
        assert_eq!(wrong[1], of_kind(Kind::Wrong));
        assert_eq!(wrong[5], Style::new(), "C2");
        assert_eq!(wrong[8], of_kind(Kind::BarLine));
    }

    #[test]
    fn words_stand_out_and_notes_for_oneself_do_not() {
        assert_eq!(drawn("X:1\n% slow")[0], WORDS);
        assert_eq!(drawn("X:1\n%- slow")[0], DIM);
        assert_eq!(drawn("X:1\n% A2d |")[0], DIM);
        let named = drawn("X:1\nV:lead\n% lead: low");
        assert_eq!((named[0], named[2], named[7]), (WORDS, WORDS.add_modifier(Modifier::BOLD), WORDS));
    }

    #[test]
    fn what_is_so_is_seen_without_colours_whatever_it_lies_over() {
        let modifiers = |style: Style| style.add_modifier - style.sub_modifier;
        for base in [Style::new(), WORDS, DIM, of_kind(Kind::BarLine), of_kind(Kind::Field)] {
            let mut seen = vec![modifiers(base)];
            for look in [Look::Selected, Look::Found, Look::Sounding, Look::Refused] {
                seen.push(modifiers(look.over(base)));
            }
            for (at, one) in seen.iter().enumerate() {
                assert!(!seen[at + 1..].contains(one), "{base:?}: {seen:?}");
            }
        }
        let selected = Look::Selected.over(Style::new());
        assert_ne!(modifiers(Look::Sounding.over(selected)), modifiers(selected));
    }
}
