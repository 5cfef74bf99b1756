//! The prompt text: title, line numbers, light colours, marks of errors, cursor. Drawn from the document on the screen.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::{DIM, colour, cut, title_line};
use crate::abc::Severity;
use crate::ui::app::App;
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
        frame.render_widget(number(document, at, gutter), Rect { y, height: 1, width: gutter, ..area });
        let line = line(document, at, text, scroll.column, inner.width.into());
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
    usize::from(super::Areas::of(Rect::new(0, 0, app.size().0, app.size().1), app.shows_sound()).text.width / 2)
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

fn number(document: &Document, line: usize, columns: u16) -> Line<'static> {
    let digits = usize::from(columns.saturating_sub(2));
    match document.mark_on(line + 1) {
        Some(mark) => Line::styled(format!("!{:>digits$} ", line + 1), mark_style(mark.severity)),
        None => Line::styled(format!(" {:>digits$} ", line + 1), DIM),
    }
}

/// The part of a line that is visible from display column `left` on.
fn line(document: &Document, at: usize, text: &str, left: usize, columns: usize) -> Line<'static> {
    let styles = colour::styles(text, &document.path);
    let selection = document.editor.selection();
    let marked = document.mark_on(at + 1).map(|mark| mark.column - 1);
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut column = 0;
    for (count, (byte, c)) in text.char_indices().enumerate() {
        let place = Place { line: at, byte };
        let mut style = styles.iter().rev().find(|(range, _)| range.contains(&byte)).map_or(Style::new(), |s| s.1);
        if marked == Some(count) {
            style = style.fg(Color::Red).add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
        }
        if selection.is_some_and(|(start, end)| start <= place && place < end) {
            style = style.add_modifier(Modifier::REVERSED);
        }
        let shown = match c {
            '\t' => " ".repeat(char_width(c)),
            c if c.is_control() => "·".into(),
            c => c.to_string(),
        };
        let end = column + char_width(c);
        if end > left + columns {
            break;
        }
        if column >= left {
            push(&mut spans, &shown, style);
        } else if end > left {
            push(&mut spans, &" ".repeat(end - left), style);
        }
        column = end;
    }
    // A mark behind the last character still shows where.
    if marked.is_some_and(|column| column >= text.chars().count()) && width(text) < left + columns {
        push(&mut spans, "‹", mark_style(Severity::Error));
    }
    Line::from(spans)
}

fn push(spans: &mut Vec<Span<'static>>, text: &str, style: Style) {
    match spans.last_mut() {
        Some(last) if last.style == style => last.content.to_mut().push_str(text),
        _ => spans.push(Span::styled(text.to_owned(), style)),
    }
}
