//! Working on the future: the keys that lay hands on a bar, the drafts of one, and the line in which one is written. Drawn from the latest
//! snapshot.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Clear;

use super::panel::{KEY, wrapped};
use super::{DIM, cut, title_line};
use crate::compose::{Candidate, Rank};
use crate::ui::app::{App, BarLine, Mode};
use crate::ui::editor::width;
use crate::ui::keys::bars::hints;

/// What the figures are that stand beside a draft or below it: what is against it. The least sum was taken.
const RANKS: &str = "words   odd stale   sum";
const EXPLAINED: &str =
    "against it: not what the words ask, odd to the model, said just before. The least sum was taken; ✓ is planned";

/// The keys while the bars have the keyboard; while a bar is written whether it is one.
pub fn draw_hint(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let mut line = Line::default();
    match (app.bar_line(), app.bar_line_error()) {
        (Some(_), Some(why)) => {
            line.push_span(Span::styled(cut(&why, area.width.into()), Style::new().fg(Color::Red)));
        }
        (Some(_), None) => {
            line.push_span(Span::styled("a full bar: Enter puts it there, Esc leaves it as it was", DIM));
        }
        (None, _) => {
            let wide: usize = hints().map(|(key, what)| width(&key) + width(what) + 3).sum();
            let gap = if wide <= usize::from(area.width) + 2 { "  " } else { " " };
            for (key, what) in hints() {
                line.push_span(Span::styled(key, KEY));
                line.push_span(format!(" {what}{gap}"));
            }
        }
    }
    frame.render_widget(line, area);
}

/// `lead, bar 14: A2d2 fedc`, with the cursor of the terminal in it.
pub fn draw_line(frame: &mut Frame<'_>, area: Rect, app: &App, line: &BarLine) {
    let ask = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
    let place = app.cursor().map_or_else(
        || "no bar can change".to_owned(),
        |cursor| match cursor.bar.number {
            bar if bar == line.opened => format!("{}, bar {bar}", cursor.voice.name),
            bar => format!("{}, bar {bar} ({} is fixed)", cursor.voice.name, line.opened),
        },
    );
    let place = format!("{place}: ");
    let columns = usize::from(area.width).saturating_sub(width(&place) + 1);
    let at = line.editor.cursor_column();
    // The cursor stays in sight, whatever stands before it.
    let text = line.editor.text();
    let skipped = at.saturating_sub(columns);
    let shown: String = text.chars().skip(skipped).collect();
    let column = width(&place) + at.saturating_sub(skipped);
    frame.render_widget(Line::from(vec![Span::styled(place, ask), Span::raw(shown)]), area);
    if column < area.width.into() && area.height > 0 {
        frame.set_cursor_position(Position { x: area.x + column as u16, y: area.y });
    }
}

/// The drafts of the bar under the cursor, over the last lines of `area`.
pub fn draw_drafts(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let (Mode::Drafts(selected), Some(cursor)) = (app.mode(), app.cursor()) else { return };
    let taken = app.taken_draft();
    let selected = selected.or(taken).unwrap_or(0);
    let title = Span::styled(format!("{}, bar {}", cursor.voice.name, cursor.bar.number), KEY);
    let keys = Span::styled("1-9, or ↑ ↓ and Enter, takes a draft; Esc closes", DIM);
    let mut lines = vec![title_line(area.width, &[title, keys])];
    match app.drafts().and_then(|look| look.drafts.as_ref().ok()) {
        Some(drafts) => {
            let widest = drafts.iter().map(|draft| width(&draft.text)).max().unwrap_or(0);
            // A bar that is chosen has to be seen in full: where there is no room beside it the figures stand below.
            let beside = Some(widest).filter(|widest| widest + 6 + RANKS.len() <= area.width.into());
            let heading = beside.map_or(4, |widest| widest + 6);
            lines.push(Line::styled(format!("{:heading$}{RANKS}", ""), DIM));
            // The selected one stays in sight.
            let each = if beside.is_some() { 1 } else { 2 };
            // So do its figures: what stands above gives way.
            let height = usize::from(area.height);
            lines.truncate(height.saturating_sub(each));
            let rows = ((height - lines.len()) / each).max(1);
            for (at, draft) in drafts.iter().enumerate().skip((selected + 1).saturating_sub(rows)).take(rows) {
                lines.extend(draft_lines(at, draft, beside, selected == at, taken == Some(at)));
            }
            // Half a sentence explains nothing.
            let explained = wrapped(EXPLAINED, area.width.into());
            if lines.len() + explained.len() <= height {
                lines.extend(explained.into_iter().map(|line| Line::styled(line, DIM)));
            }
        }
        None => lines.push(Line::styled("…", DIM)),
    }
    let height = (lines.len() as u16).min(area.height);
    let area = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, area);
    frame.render_widget(Text::from(lines), area);
}

/// `›2✓ f4 e4   0.31  0.00  0.60  0.91`; the figures in a line of their own where there is no room `beside` a text so wide.
fn draft_lines(at: usize, draft: &Candidate, beside: Option<usize>, selected: bool, taken: bool) -> Vec<Line<'static>> {
    let style = if selected { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
    let number = format!("{}{}{} ", if selected { "›" } else { " " }, at + 1, if taken { "✓" } else { " " });
    let Rank { words, odd, stale } = draft.rank;
    let rank = format!("{words:5.2} {odd:5.2} {stale:5.2} {:5.2}", draft.rank.sum());
    let mut text = vec![Span::styled(number, KEY), Span::styled(draft.text.clone(), style)];
    let Some(columns) = beside else {
        return vec![Line::from(text), Line::styled(format!("    {rank}"), DIM)];
    };
    text.push(Span::raw(" ".repeat(columns - width(&draft.text).min(columns) + 2)));
    text.push(Span::styled(rank, DIM));
    vec![Line::from(text)]
}
