//! What is under the pointer. Plain functions of the state that is drawn.

use ratatui::layout::{Position as Cell, Rect};

use super::{Areas, bars, text};
use crate::compose::Knob;
use crate::ui::app::App;
use crate::ui::editor::Position;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A place of the text, the nearest one where there is no character.
    Text(Position),
    /// The name of a voice, from 0, above its bars.
    Voice(usize),
    /// A knob of the composer, in the title of the bars.
    Knob(Knob),
    Other,
}

pub fn target(app: &App, column: u16, row: u16) -> Target {
    let areas = areas(app);
    let inner = text::inner(areas.text, app.document());
    // The line numbers are a way to the beginning of a line.
    let with_numbers = Rect { x: areas.text.x, width: areas.text.width, ..inner };
    if with_numbers.contains(Cell { x: column, y: row }) {
        return Target::Text(nearest(app, column, row));
    }
    let place = Cell { x: column, y: row };
    let knob = bars::knob_at(areas.bars, app, place).map(Target::Knob);
    knob.or_else(|| bars::voice_at(areas.bars, app, place).map(Target::Voice)).unwrap_or(Target::Other)
}

/// The place of the text that is nearest; above and below what is visible, that of the line next to it, so that dragging scrolls.
pub fn nearest(app: &App, column: u16, row: u16) -> Position {
    let inner = text::inner(areas(app).text, app.document());
    let editor = &app.document().editor;
    let scroll = editor.scroll();
    let line = if row < inner.y {
        scroll.line.saturating_sub(1)
    } else {
        scroll.line + usize::from((row - inner.y).min(inner.height))
    };
    editor.at(line, scroll.column + usize::from(column.saturating_sub(inner.x)))
}

fn areas(app: &App) -> Areas {
    let (columns, rows) = app.size();
    Areas::of(Rect::new(0, 0, columns, rows), app.shows())
}
