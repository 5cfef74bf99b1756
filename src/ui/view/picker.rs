//! A list from which something is picked, over the last lines of the text, so that the bars stay in sight. Drawn from the list that is open.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Clear;

use super::panel::KEY;
use super::{DIM, cut, title_line};
use crate::event::Snapshot;
use crate::ui::app::{App, Item, List, Pick, Picker};
use crate::ui::editor::width;

/// What keys do here.
fn hint(list: List) -> &'static str {
    match list {
        List::Actions => "letters find, ↑ ↓, Enter does it, Esc closes",
        List::Scenes => "↑ ↓ 1-9, Enter plays, a arms, Esc closes",
        List::Patches | List::Outputs => "letters find, ↑ ↓, Enter writes it into the text, Esc closes",
    }
}

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let Some(picker) = app.picker() else { return };
    let found = picker.found();
    let title = [Span::styled(picker.title.clone(), KEY), Span::styled(hint(picker.list), DIM)];
    let mut lines = vec![title_line(area.width, &title)];
    if picker.finds() {
        lines.push(Line::from(vec![Span::styled("find: ", KEY), Span::raw(picker.query.text())]));
    }
    let head = lines.len();
    let rows = usize::from(area.height).saturating_sub(head).max(1);
    let first = (picker.selected + 1).saturating_sub(rows);
    for (at, item) in found.iter().enumerate().skip(first).take(rows) {
        lines.push(line(app.snapshot(), picker, at, item, area.width.into()));
    }
    if found.is_empty() {
        lines.push(Line::styled("nothing of that name", DIM));
    }
    let height = (lines.len() as u16).min(area.height);
    let area = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, area);
    frame.render_widget(Text::from(lines), area);
    if picker.finds() && height > 1 {
        let column = width("find: ") + picker.query.cursor_column();
        if column < area.width.into() {
            frame.set_cursor_position(Position { x: area.x + column as u16, y: area.y + 1 });
        }
    }
}

/// `› hush: sounding notes finish …   Alt+. · Ctrl+Space h`.
fn line(s: &Snapshot, picker: &Picker, at: usize, item: &Item, columns: usize) -> Line<'static> {
    let selected = at == picker.selected;
    let style = if selected { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
    let number = if picker.finds() || at >= 9 { String::new() } else { format!("{} ", at + 1) };
    let (mark, colour) = match &item.what {
        Pick::Scene(scene) if s.scene.as_ref() == Some(scene) => ("▶ ", Color::Green),
        Pick::Scene(scene) if s.next_scene.as_ref() == Some(scene) => ("» ", Color::Yellow),
        Pick::Scene(_) => ("  ", Color::Reset),
        _ => ("", Color::Reset),
    };
    let before = format!("{} {number}", if selected { "›" } else { " " });
    let room = columns.saturating_sub(width(&before) + width(mark));
    let detail = if width(&item.detail) + 12 <= room { item.detail.as_str() } else { "" };
    let text = cut(&item.text, room.saturating_sub(width(detail) + 2));
    let gap = " ".repeat(room.saturating_sub(width(&text) + width(detail)));
    Line::from(vec![
        Span::styled(before, KEY),
        Span::styled(mark, Style::new().fg(colour)),
        Span::styled(text, style),
        Span::raw(gap),
        Span::styled(detail.to_owned(), DIM),
    ])
}
