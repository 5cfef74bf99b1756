//! Panels that lie over the rest: help, messages, the leader menu. Their content is made from the key table and the messages.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Clear;

use super::{DIM, level_style, title_line};
use crate::event::Message;
use crate::ui::app::{App, Mode};
use crate::ui::editor::width;
use crate::ui::keys;

pub(super) const KEY: Style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);

const AFTER_LEADER: &str = "Ctrl+Space +";

/// What keys do stands beside them if it has so many columns.
const NARROWEST: usize = 24;
/// Before what stands below its keys.
const BELOW: &str = "  ";

/// What the marks in the bars and text mean; the rest of the help comes from the key table.
const LEGEND: [&str; 5] = [
    "In the bars: t from the text, v varied from it, m by the model, h by hand, e as you wrote it, L1 to L4 by a rung of the ladder.",
    "Behind that: • pinned, * frozen. […] is the bar that keys work on, – a voice that the bar does not have, … what nobody has written yet.",
    "12│ will be heard as shown, 13┊ may still change, » the newest edit is heard from here.",
    "Beside the text: ✓ was evaluated, × was refused, ! has an error, ? a warning. What is lit in it sounds.",
    "A line that begins with % and a blank is for the model; %- is a note for yourself.",
];

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, scroll: usize) {
    let (title, lines) = match app.mode() {
        Mode::Messages(_) => ("messages", lines(app, app.mode())),
        _ => ("help", lines(app, app.mode())),
    };
    frame.render_widget(Clear, area);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let parts = [Span::styled(title, bold), Span::styled("↑ ↓ scroll, Esc closes", DIM)];
    frame.render_widget(title_line(area.width, &parts), Rect { height: 1.min(area.height), ..area });
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let visible: Vec<_> = lines.into_iter().skip(scroll).take(below.height.into()).collect();
    frame.render_widget(Text::from(visible), below);
}

/// Everything a panel has to say.
pub fn lines(app: &App, panel: Mode) -> Vec<Line<'static>> {
    match panel {
        Mode::Messages(_) => {
            let newest_first = app.messages().iter().rev();
            newest_first.flat_map(|message| said(message, app.size().0.into())).collect()
        }
        _ => help(app.size().0.into()),
    }
}

/// A message in full; its later lines are indented.
fn said(message: &Message, width_of_screen: usize) -> Vec<Line<'static>> {
    let lines = wrapped(&message.text, width_of_screen.saturating_sub(2).max(16)).into_iter().enumerate();
    let indented = |(at, text): (usize, String)| if at == 0 { text } else { format!("  {text}") };
    lines.map(|line| Line::styled(indented(line), level_style(message.level))).collect()
}

/// Two columns of keys and what they do, wrapped where the screen is narrow; below the keys where it is very narrow.
fn help(width_of_screen: usize) -> Vec<Line<'static>> {
    let columns = keys::rows().map(|row| width(&row.key_names())).max().unwrap_or(0) + 2;
    let indent = columns + AFTER_LEADER.len() + 2;
    let beside = width_of_screen >= indent + NARROWEST;
    let text_columns = width_of_screen.saturating_sub(if beside { indent } else { BELOW.len() }).max(16);
    let heading = format!("{:columns$}{AFTER_LEADER}", "Keys");
    let mut lines = vec![Line::styled(heading, DIM)];
    let mut group = keys::TABLE[0].group;
    for row in keys::rows() {
        if std::mem::replace(&mut group, row.group) != row.group {
            lines.push(Line::default());
        }
        let names = format!("{:columns$}{}", row.key_names(), row.leader_name());
        if !beside {
            lines.push(Line::styled(names, KEY));
            lines.extend(wrapped(row.help, text_columns).into_iter().map(|text| Line::raw(format!("{BELOW}{text}"))));
            continue;
        }
        for (at, text) in wrapped(row.help, text_columns).into_iter().enumerate() {
            let names = if at == 0 { names.as_str() } else { "" };
            lines.push(Line::from(vec![Span::styled(format!("{names:indent$}"), KEY), Span::raw(text)]));
        }
    }
    lines.push(Line::default());
    for text in LEGEND {
        lines.extend(wrapped(text, width_of_screen.max(16)).into_iter().map(|text| Line::styled(text, DIM)));
    }
    lines
}

pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("one line at least");
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The leader menu, over the last lines of `area`.
pub fn draw_menu(frame: &mut Frame<'_>, area: Rect) {
    let mut lines = vec![Line::default()];
    let mut used = 0;
    for (key, help) in keys::leader_rows() {
        let text = format!(" {}   ", help.split([':', ',', '(']).next().unwrap_or(help));
        let needed = width(&key) + width(&text);
        if used > 0 && used + needed > usize::from(area.width) + 2 {
            lines.push(Line::default());
            used = 0;
        }
        used += needed;
        let line = lines.last_mut().expect("one line at least");
        line.push_span(Span::styled(key, KEY));
        line.push_span(Span::raw(text));
    }
    let height = (lines.len() as u16 + 1).min(area.height);
    // What finds no room is in the list of all actions.
    let more = if lines.len() + 1 > usize::from(height) { ": lists all" } else { "" };
    let area = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, area);
    let title = [Span::styled("menu", KEY), Span::styled("Esc closes", DIM), Span::styled(more, KEY)];
    lines.insert(0, title_line(area.width, &title));
    frame.render_widget(Text::from(lines), area);
}
