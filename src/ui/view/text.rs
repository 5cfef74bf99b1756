//! The prompt text: title, line numbers, light colours, marks of errors, cursor. Drawn from the document on the screen.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::colour::{Look, Styles};
use super::{DIM, cut, title_line};
use crate::abc::Severity;
use crate::event::Sounding;
use crate::ui::app::{App, Mode, places_in};
use crate::ui::document::Document;
use crate::ui::editor::{Position as Place, char_width, width};

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if area.height == 0 {
        return;
    }
    frame.render_widget(title(area.width, app), Rect { height: 1, ..area });
    let document = app.document();
    let inner = inner(area, document);
    let scroll = document.editor.scroll();
    let gutter = inner.x - area.x;
    let visible = document.editor.lines().iter().enumerate().skip(scroll.line).take(inner.height.into());
    for (row, (at, text)) in visible.enumerate() {
        let y = inner.y + row as u16;
        frame.render_widget(number(app, at, gutter), Rect { y, height: 1, width: gutter, ..area });
        let line = line(app, at, text, scroll.column, inner.width.into());
        frame.render_widget(line, Rect { y, height: 1, ..inner });
    }
    let cursor_row = document.editor.cursor().line.wrapping_sub(scroll.line);
    let cursor_column = document.editor.cursor_column().wrapping_sub(scroll.column);
    if app.is_on_text() && cursor_row < inner.height.into() && cursor_column < inner.width.into() {
        frame.set_cursor_position(Position { x: inner.x + cursor_column as u16, y: inner.y + cursor_row as u16 });
    }
}

/// Where the text itself goes: below the title, right of the line numbers.
pub fn inner(area: Rect, document: &Document) -> Rect {
    let digits = document.editor.lines().len().to_string().len().max(2);
    let gutter = (digits as u16 + 2).min(area.width);
    Rect {
        x: area.x + gutter,
        y: area.y + 1.min(area.height),
        width: area.width - gutter,
        height: area.height.saturating_sub(1),
    }
}

pub fn mark_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Severity::Warning => Style::new().fg(Color::Yellow),
    }
}

/// So much of the title is for what the words were heard as.
pub fn heard_columns(app: &App) -> usize {
    usize::from(super::Areas::of(Rect::new(0, 0, app.size().0, app.size().1), app.shows()).text.width / 2)
}

fn title(columns: u16, app: &App) -> Line<'static> {
    let document = app.document();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let place = match app.documents().len() {
        1 => String::new(),
        count => format!(" {}/{count}", app.current() + 1),
    };
    let errors = document.marks.iter().filter(|mark| mark.severity == Severity::Error).count();
    let errors = match errors {
        0 => String::new(),
        1 => "1 error (F8)".into(),
        _ => format!("{errors} errors (F8)"),
    };
    let state = match (&document.theirs, document.is_pending()) {
        _ if document.left.is_some() => "typed before (Ctrl+Space l loads it)",
        (Some(_), _) if document.is_dirty() => "saved elsewhere (Ctrl+Space l loads it)",
        _ if document.missing => "not on disk",
        (_, true) => "not evaluated yet",
        (_, false) => "",
    };
    let heard = if document.heard.is_empty() { String::new() } else { format!("heard: {}", document.heard) };
    let parts = [
        Span::styled(format!("{}{place}", document.name()), bold),
        Span::styled(errors, mark_style(Severity::Error)),
        Span::styled(state, mark_style(Severity::Warning)),
        Span::styled(cut(&heard, heard_columns(app)), Style::new().fg(Color::Green)),
    ];
    title_line(columns, &parts)
}

/// A sign and the number: the worst mark, else what was evaluated just now.
fn number(app: &App, line: usize, columns: u16) -> Line<'static> {
    let digits = usize::from(columns.saturating_sub(2));
    let mark = app.document().mark_on(line + 1).map(|mark| mark.severity);
    let (sign, style) = match (mark, app.flash(line)) {
        (Some(severity @ Severity::Error), _) => ('!', mark_style(severity)),
        (Some(severity @ Severity::Warning), _) => ('?', mark_style(severity)),
        (None, Some(true)) => ('✓', Style::new().fg(Color::Green).add_modifier(Modifier::BOLD)),
        (None, Some(false)) => ('×', mark_style(Severity::Error)),
        (None, None) => (' ', DIM),
    };
    Line::styled(format!("{sign}{:>digits$} ", line + 1), style)
}

/// What lies over a line, in bytes of it; the later ones over the earlier ones.
fn looks(app: &App, at: usize, text: &str) -> Vec<(Range<usize>, Look)> {
    let document = app.document();
    let mut looks = Vec::new();
    let selected = document.editor.selection().and_then(|range| within(range, at, text));
    if app.mode() == Mode::Search {
        let others = places_in(text, app.search().query()).filter(|place| Some(place) != selected.as_ref());
        looks.extend(others.map(|range| (range, Look::Found)));
    }
    looks.extend(selected.map(|range| (range, Look::Selected)));
    let flash = app.flash(at).map(|taken| if taken { Look::Taken } else { Look::Refused });
    looks.extend(flash.map(|look| (0..text.len(), look)));
    if let Some(Sounding { source, places }) = &app.snapshot().sounding {
        let lit = document.follow.lit(at, text, source, places);
        looks.extend(lit.into_iter().map(|range| (range, Look::Sounding)));
    }
    looks
}

/// The part of a line that is visible from display column `left` on.
fn line(app: &App, at: usize, text: &str, left: usize, columns: usize) -> Line<'static> {
    let document = app.document();
    let styles = Styles::of(&document.highlight, at, text);
    let mut looks = looks(app, at, text);
    let mark = document.mark_on(at + 1).map(|mark| text.char_indices().nth(mark.column - 1).map(|(byte, _)| byte));
    if let Some(Some(byte)) = mark {
        looks.push((byte..byte + 1, Look::Marked));
    }
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut column = 0;
    for (byte, c) in text.char_indices() {
        let end = column + char_width(c);
        if end > left + columns {
            break;
        }
        if end > left || column >= left {
            let over = looks.iter().filter(|(range, _)| range.contains(&byte));
            let style = over.fold(styles.at(byte), |style, (_, look)| look.over(style));
            let shown = match c {
                _ if column < left => " ".repeat(end - left),
                '\t' => " ".repeat(char_width(c)),
                c if c.is_control() => "·".into(),
                c => c.to_string(),
            };
            push(&mut spans, &shown, style);
        }
        column = end;
    }
    // A mark behind the last character still shows where.
    if mark == Some(None) && width(text) < left + columns {
        push(&mut spans, "‹", mark_style(Severity::Error));
    }
    Line::from(spans)
}

/// What of a range of the text is in a line, in bytes of it.
fn within((start, end): (Place, Place), line: usize, text: &str) -> Option<Range<usize>> {
    let from = if start.line < line { 0 } else { start.byte };
    let to = if end.line > line { text.len() } else { end.byte };
    (start.line <= line && line <= end.line && from < to).then_some(from..to)
}

fn push(spans: &mut Vec<Span<'static>>, text: &str, style: Style) {
    match spans.last_mut() {
        Some(last) if last.style == style => last.content.to_mut().push_str(text),
        _ => spans.push(Span::styled(text.to_owned(), style)),
    }
}
