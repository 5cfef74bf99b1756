//! What each piece of a line of ABC is, for whoever shows text. Read by the parser's own scanner, a line at a time, so that an editor
//! reads again only what was typed. Pure.

use std::sync::Arc;

use super::ast::Symbol;
use super::marks::UserSymbols;
use super::music::{Scanner, Token};
use super::parse::{block_end, comment_start, field_code, is_musical};
use super::{Severity, Span, field};

/// Where in a book a line stands: what the lines above it mean for reading it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    part: Part,
    /// The line that ends a block of other than music.
    block: Option<&'static str>,
    /// What letters stand for, where the text says it.
    symbols: Option<Arc<UserSymbols>>,
}

impl Place {
    /// Whether comments here belong to a tune.
    #[must_use]
    pub fn is_in_tune(&self) -> bool {
        self.part != Part::Between && self.block.is_none()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// Before the first tune, and behind the empty line that ends one.
    #[default]
    Between,
    Header,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// In bytes of the line.
    pub span: Span,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The letter and colon of a field, and the brackets of an inline one.
    Field,
    Value,
    /// The name of a voice behind `V:`.
    Voice,
    /// The name of a property behind that.
    Property,
    Directive,
    /// From `%` on, at the end of a line.
    Comment,
    /// A whole line that begins with `%`.
    Remark,
    /// Typeset text and the like.
    Block,
    /// A note or a chord of notes.
    Note,
    Rest,
    Grace,
    /// Tuplets and broken rhythm.
    Rhythm,
    /// Slurs, ties, overlays.
    Phrasing,
    ChordSymbol,
    Annotation,
    Decoration,
    BarLine,
    /// What the parser calls an error; it lies over the other pieces and comes behind them.
    Wrong,
}

impl Kind {
    /// Whether it is one symbol of the music.
    #[must_use]
    pub fn is_music(self) -> bool {
        use Kind::{Annotation, BarLine, ChordSymbol, Decoration, Grace, Note, Phrasing, Rest, Rhythm};
        matches!(self, Note | Rest | Grace | Rhythm | Phrasing | ChordSymbol | Annotation | Decoration | BarLine)
    }
}

/// The pieces of a line without its end, in the order of their places, and where the next line stands. What stands between pieces
/// means nothing.
#[must_use]
pub fn pieces(line: &str, place: &Place) -> (Vec<Piece>, Place) {
    let mut next = place.clone();
    let all = |kind| vec![Piece { span: Span { start: 0, end: line.len() }, kind }];
    if let Some(end) = place.block {
        let ends = line.starts_with(end);
        next.block = place.block.filter(|_| !ends);
        return (all(if ends { Kind::Directive } else { Kind::Block }), next);
    }
    if line.trim_ascii().is_empty() {
        next.part = Part::Between;
        return (Vec::new(), next);
    }
    if let Some(directive) = line.strip_prefix("%%") {
        next.block = block_end(directive);
        instruct(&mut next, directive.trim());
        return (all(Kind::Directive), next);
    }
    let code = field_code(line, place.part == Part::Body);
    let end = comment_start(line, code);
    if line[..end].trim_ascii().is_empty() {
        return (vec![Piece { span: Span { start: end, end: line.len() }, kind: Kind::Remark }], next);
    }
    let mut found = Vec::new();
    match code {
        Some(code) => {
            found.push(Piece { span: Span { start: 0, end: 2 }, kind: Kind::Field });
            value(code, line, Span { start: 2, end }, &mut found);
            next.part = match (code, place.part) {
                (b'X', _) => Part::Header,
                (b'K', _) => Part::Body,
                (_, part) => part,
            };
            let text = line[2..end].trim();
            match code {
                b'U' => drop(Arc::make_mut(next.symbols.get_or_insert_default()).define(text)),
                b'I' => instruct(&mut next, text),
                _ => {}
            }
        }
        None if place.part == Part::Body || place.part == Part::Header && is_musical(&line[..end]) => {
            next.part = Part::Body;
            music(&line[..end], place, &mut found);
        }
        None => {}
    }
    if end < line.len() {
        let wrong = found.partition_point(|piece| piece.kind != Kind::Wrong);
        found.insert(wrong, Piece { span: Span { start: end, end: line.len() }, kind: Kind::Comment });
    }
    (found, next)
}

/// Only an instruction that says how music is to be read needs symbols of its own.
fn instruct(place: &mut Place, text: &str) {
    if text.starts_with("linebreak") {
        Arc::make_mut(place.symbols.get_or_insert_default()).instruct(text);
    }
}

/// What stands behind a field's colon.
fn value(code: u8, line: &str, span: Span, found: &mut Vec<Piece>) {
    let text = &line[span.start..span.end];
    let word = text.split_whitespace().next().filter(|_| code == b'V');
    let Some((word, start)) = word.and_then(|word| Some((word, span.start + text.find(word)?))) else {
        found.push(Piece { span, kind: Kind::Value });
        return;
    };
    let rest = start + word.len();
    found.push(Piece { span: Span { start, end: rest }, kind: Kind::Voice });
    for property in field::properties(&line[rest..span.end], rest) {
        let name_end = property.span.start + property.name.len();
        found.push(Piece { span: Span { start: property.span.start, end: name_end }, kind: Kind::Property });
        if name_end < property.span.end {
            found.push(Piece { span: Span { start: name_end, end: property.span.end }, kind: Kind::Value });
        }
    }
}

fn music(line: &str, place: &Place, found: &mut Vec<Piece>) {
    // The scanner looks back for the line's beginning.
    let text = format!("\n{line}");
    let own = |span: Span| Span { start: span.start - 1, end: span.end - 1 };
    let usual = UserSymbols::default();
    let symbols = place.symbols.as_deref().unwrap_or(&usual);
    let mut said = Vec::new();
    let mut scanner = Scanner::new(&text, Span { start: 1, end: text.len() }, symbols, &mut said);
    while let Some((span, token)) = scanner.next() {
        let span = own(span);
        let kind = match token {
            Token::Field(code, place) => {
                let place = own(place);
                found.push(Piece { span: Span { start: span.start, end: place.start }, kind: Kind::Field });
                value(code, line, place, found);
                found.push(Piece { span: Span { start: place.end, end: span.end }, kind: Kind::Field });
                continue;
            }
            Token::BarLine(_) => Kind::BarLine,
            Token::BarRests { .. } => Kind::Rest,
            Token::Tie => Kind::Phrasing,
            Token::Symbol(symbol) => match symbol {
                Symbol::Note(_) | Symbol::Chord { .. } => Kind::Note,
                Symbol::Rest { .. } | Symbol::BarRest { .. } | Symbol::Spacer => Kind::Rest,
                Symbol::Tuplet { .. } | Symbol::Broken(_) => Kind::Rhythm,
                Symbol::Grace { .. } => Kind::Grace,
                Symbol::ChordSymbol(_) => Kind::ChordSymbol,
                Symbol::Annotation(_) => Kind::Annotation,
                Symbol::Decoration(_) => Kind::Decoration,
                Symbol::SlurStart | Symbol::SlurEnd | Symbol::Overlay => Kind::Phrasing,
                Symbol::Change(_) => Kind::Value,
            },
        };
        found.push(Piece { span, kind });
    }
    let wrong = said.into_iter().filter(|said| said.severity == Severity::Error && said.span.start < said.span.end);
    found.extend(wrong.map(|said| Piece { span: own(said.span), kind: Kind::Wrong }));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::abc::parse::{lines, parse};

    /// The pieces of a text as `kind:text`, one line each.
    fn read(text: &str) -> String {
        let mut place = Place::default();
        let line = |line: &str| {
            let (found, next) = pieces(line, &place);
            place = next;
            let shown = |piece: &Piece| format!("{:?}:{}", piece.kind, &line[piece.span.start..piece.span.end]);
            found.iter().map(shown).collect::<Vec<_>>().join(" ")
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_piece_says_what_it_is() {
        let text = "X:1\n% slow\n%%phrase 8\nM:4/4 % four\nV:lead by=loop in=\"Key step\" mute\nK:Dm\n\
                    [V:lead] \"Dm\"!f!A2 [DF]2- (3abc d>e | {g}z2 \"^hey\"Tc Z :|2 % end\nw:la la\n%- note";
        insta::assert_snapshot!(read(text), @r#"
        Field:X: Value:1
        Remark:% slow
        Directive:%%phrase 8
        Field:M: Value:4/4  Comment:% four
        Field:V: Voice:lead Property:by Value:=loop Property:in Value:="Key step" Property:mute
        Field:K: Value:Dm
        Field:[V: Voice:lead Field:] ChordSymbol:"Dm" Decoration:!f! Note:A2 Note:[DF]2- Rhythm:(3 Note:a Note:b Note:c Note:d Rhythm:> Note:e BarLine:| Grace:{g} Rest:z2 Annotation:"^hey" Decoration:T Note:c Rest:Z BarLine::|2 Comment:% end
        Field:w: Value:la la
        Remark:%- note
        "#);
    }

    #[test]
    fn what_is_no_music_is_not_shown_as_music() {
        let text = "a b c |\nX:1\nT:t\nhello\nK:C\n%%begintext\nA B |\n%%endtext\nC2 |\n\nd e |\nd:|\nX:2\nd e |";
        insta::assert_snapshot!(read(text), @r"

        Field:X: Value:1
        Field:T: Value:t

        Field:K: Value:C
        Directive:%%begintext
        Block:A B |
        Directive:%%endtext
        Note:C2 BarLine:|


        Field:d: Value:|
        Field:X: Value:2
        Note:d Note:e BarLine:|
        ");
    }

    #[test]
    fn what_is_wrong_lies_over_what_is_understood() {
        assert_eq!(read("K:C\nA ? ♯F ]B % x"), "Field:K: Value:C\nNote:A Note:F Note:B Comment:% x Wrong:♯ Wrong:]");
        assert_eq!(read("K:C\n[V:a C2 |"), "Field:K: Value:C\nField:[V: Voice:a Field: Note:C2 BarLine:| Wrong:[V:a");
    }

    #[test]
    fn a_letter_stands_for_what_the_text_says() {
        assert_eq!(read("U:n=!trill!\nK:C\nnA").lines().last(), Some("Decoration:n Note:A"));
        assert_eq!(read("K:C\nnA").lines().last(), Some("Note:A"));
    }

    /// Whatever the parser calls a note or a bar line in our own tunes is one here, at the same place.
    #[test]
    fn the_parser_and_the_pieces_agree() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folders = ["prompts", "tests/abc", "tests/golden", "tests/sets"].map(|folder| root.join(folder));
        let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
        let mut compared = 0;
        for path in
            files.map(|entry| entry.expect("a file").path()).filter(|path| path.extension().is_some_and(|e| e == "abc"))
        {
            let text = crate::abc::decode(std::fs::read(&path).expect("a text"));
            if text.contains("\nm:") {
                // What comes of a macro stands nowhere in the text.
                continue;
            }
            let mut place = Place::default();
            let mut found = Vec::new();
            for line in lines(&text) {
                let (here, next) = pieces(&text[line.start..line.end], &place);
                place = next;
                let moved = |piece: Piece| (piece.span.start + line.start, piece.span.end + line.start, piece.kind);
                found.extend(here.into_iter().map(moved));
            }
            let (book, _) = parse(&text);
            for bar in book.tunes.iter().flat_map(|tune| &tune.voices).flat_map(|voice| &voice.bars) {
                for item in &bar.items {
                    let kind = match item.symbol {
                        Symbol::Note(_) | Symbol::Chord { .. } => Kind::Note,
                        Symbol::Rest { .. } | Symbol::BarRest { .. } => Kind::Rest,
                        Symbol::ChordSymbol(_) => Kind::ChordSymbol,
                        _ => continue,
                    };
                    let place = (item.span.start, item.span.end, kind);
                    assert!(found.contains(&place), "{}: {place:?} {}", path.display(), &text[place.0..place.1]);
                    compared += 1;
                }
            }
        }
        assert!(compared > 1000, "{compared}");
    }
}
