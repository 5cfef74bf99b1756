//! Draws an `&App` and nothing else; runs on the main thread, once per frame, in the terminal's own 16 colours; a theme
//! may put others in their place ([`super::theme`]).
//!
//! ```text
//! ▶ playing  bar 12:2  tempo 120  4/4  3 ahead  ladder 0  …          status: most needed first, the rest is cut on narrow screens
//! ── night-ferry.abc ─ not evaluated yet ──────────────────          the text, with the words it was understood as
//!   1 X:1
//! ! 2 [V:lead] A2d fed | c2A
//! ── bars ─ the edit is heard at bar 13, in 2 beats ────────         the future: what will be heard next
//!       1 bass            2 lead
//!   11│ t D,6             m c2A G3                                   played
//! ▶ 12│ t C,6             m A2d fed                                  sounding, with the playhead
//! »13│ t D,6              L3 A2d fed                                 committed, by the ladder's rung 3; the edit is heard from here
//!   14┊ t C,6             m c2A G3                                   planned
//! ── notes ─ C2 to E5 ─────────────────────────────────────          a piano roll, on a higher screen
//! ── sound ─ -9.1 dB ──────────────────────────────────────          meters and a scope, on a high screen
//! night-ferry.abc:2:9: error: …                                      the message
//! ```
//!
//! On a wide screen the bars stand beside the text.

mod bars;
mod colour;
mod future;
mod panel;
mod picker;
mod playhead;
mod roll;
mod sound;
mod status;
mod target;
mod text;

pub use target::Target;
pub(super) use target::{nearest, target};

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::app::{App, Keeping, Learning, Mode, Shows};
use super::editor::width;
use crate::event::{Level, Playing, Snapshot};

/// From this width on the bars stand beside the text.
const WIDE: u16 = 120;

/// From this height on the status has a second line.
const TALL: u16 = 20;

/// From this height on meters and scope stand below, unless they are taken away.
const HIGH: u16 = 34;

/// From this height on the piano roll, too.
const HIGHER: u16 = 46;

/// Lines of the bars: title, names, and two bars.
const FEWEST: u16 = 4;

pub(super) const DIM: Style = Style::new().fg(Color::DarkGray);

pub fn draw(frame: &mut Frame<'_>, app: &App) {
    let areas = Areas::of(frame.area(), app.shows());
    status::draw(frame, areas.status, app);
    text::draw(frame, areas.text, app);
    bars::draw(frame, areas.bars, app);
    roll::draw(frame, areas.roll, app);
    sound::draw(frame, areas.sound, app);
    match app.bar_line() {
        Some(line) if app.mode() == Mode::Edit => future::draw_line(frame, areas.message, app, line),
        _ => frame.render_widget(message(app), areas.message),
    }
    match app.mode() {
        Mode::Search => search_cursor(frame, areas.message, app),
        Mode::Help(scroll) | Mode::Messages(scroll) => panel::draw(frame, areas.all(), app, scroll),
        Mode::Leader => panel::draw_menu(frame, areas.text),
        Mode::Pick => picker::draw(frame, areas.text, app),
        Mode::Drafts(_) => future::draw_drafts(frame, areas.text, app),
        _ => {}
    }
    app.theme().paint(frame.buffer_mut());
}

const FIND: &str = "find: ";

/// Behind what is typed in the search line.
fn search_cursor(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let column = width(FIND) + width(app.search().query());
    if column < area.width.into() && area.height > 0 {
        frame.set_cursor_position(Position { x: area.x + column as u16, y: area.y });
    }
}

/// Columns and lines that the text itself has, without its title and line numbers.
pub(super) fn editor_size(app: &App) -> (usize, usize) {
    let (columns, rows) = app.size();
    let area = text::inner(Areas::of(Rect::new(0, 0, columns, rows), app.shows()).text, app.document());
    (area.width.into(), area.height.into())
}

/// What of what may stand below is on the screen: meters and scope, and the piano roll.
pub(super) fn is_shown(app: &App) -> (bool, bool) {
    let (columns, rows) = app.size();
    let areas = Areas::of(Rect::new(0, 0, columns, rows), app.shows());
    (areas.sound.height > 0, areas.roll.height > 0)
}

/// How many lines of a panel are seen at once.
pub(super) fn panel_page(app: &App) -> usize {
    let (columns, rows) = app.size();
    let area = Areas::of(Rect::new(0, 0, columns, rows), app.shows()).all();
    usize::from(area.height.saturating_sub(1)).max(1)
}

/// How many lines a panel has to show.
pub(super) fn panel_height(app: &App, panel: Mode) -> usize {
    panel::lines(app, panel).len()
}

#[derive(Clone, Copy, Debug)]
struct Areas {
    status: Rect,
    text: Rect,
    bars: Rect,
    roll: Rect,
    sound: Rect,
    message: Rect,
}

impl Areas {
    /// Where everything is; what stands below is the performer's wish, or by the height.
    fn of(area: Rect, shows: Shows) -> Self {
        let status_height = if area.height >= TALL { 2 } else { 1 }.min(area.height);
        let message_height = 1.min(area.height - status_height);
        let status = Rect { height: status_height, ..area };
        let message = Rect { y: area.bottom() - message_height, height: message_height, ..area };
        let middle = Rect { y: status.bottom(), height: area.height - status_height - message_height, ..area };
        let (middle, sound) = below(middle, sound::HEIGHT, shows.sound.unwrap_or(area.height >= HIGH));
        let (middle, roll) = below(middle, roll::HEIGHT, shows.roll.unwrap_or(area.height >= HIGHER));
        let (text, bars) = if area.width >= WIDE {
            let left = middle.width * 9 / 20;
            (Rect { width: left, ..middle }, Rect { x: middle.x + left + 1, width: middle.width - left - 1, ..middle })
        } else {
            // In the smallest window, too, the sounding bar and the next one.
            let top = middle.height - (middle.height * 9 / 20).max(FEWEST.min(middle.height / 2));
            (Rect { height: top, ..middle }, Rect { y: middle.y + top, height: middle.height - top, ..middle })
        };
        Areas { status, text, bars, roll, sound, message }
    }

    /// Text and bars together.
    fn all(self) -> Rect {
        self.text.union(self.bars)
    }
}

/// An area without its last lines, and those, where they are wanted and do not take more than half.
fn below(area: Rect, height: u16, wanted: bool) -> (Rect, Rect) {
    let height = if wanted && area.height >= 2 * height { height } else { 0 };
    let rest = Rect { height: area.height - height, ..area };
    (rest, Rect { y: rest.bottom(), height, ..area })
}

/// `── title ─ note ─────` across `columns`.
fn title_line(columns: u16, parts: &[Span<'static>]) -> Line<'static> {
    let rule = DIM;
    let mut spans = vec![Span::styled("── ", rule)];
    for (at, part) in parts.iter().filter(|part| !part.content.is_empty()).enumerate() {
        if at > 0 {
            spans.push(Span::styled(" ─ ", rule));
        }
        spans.push(part.clone());
    }
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    spans.push(Span::styled(format!(" {}", "─".repeat(usize::from(columns).saturating_sub(used + 1))), rule));
    Line::from(spans)
}

/// `bar 13, in 2 bars`; the last bar is counted in beats. `None` where no time passes until then.
fn countdown(s: &Snapshot, bar: i64) -> Option<String> {
    let ahead = bar - s.bar;
    if s.playing == Playing::Stopped || ahead <= 0 {
        return None;
    }
    let (count, unit) = if ahead > 1 {
        (ahead, "bar")
    } else {
        ((s.meter.bar_length() - s.position).ratio(s.meter.beat()).ceil().to_integer().max(1), "beat")
    };
    let plural = if count == 1 { "" } else { "s" };
    Some(format!("bar {bar}, in {count} {unit}{plural}"))
}

fn message(app: &App) -> Line<'_> {
    let ask = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
    match app.mode() {
        Mode::ConfirmQuit => {
            let music = app.snapshot().playing != Playing::Stopped;
            let unsaved = if app.unsaved().next().is_some() { "There is unsaved text. " } else { "" };
            let music = if music { "The music plays. " } else { "" };
            return Line::styled(format!("{music}{unsaved}Quit? y quits, any other key plays on"), ask);
        }
        Mode::Search => {
            let search = app.search();
            let keys = "Enter next, ↑ before, Esc back";
            return Line::from(vec![
                Span::styled(FIND, ask),
                Span::raw(format!("{}   ", search.query())),
                Span::styled(search.result(), ask),
                Span::styled(format!("   {keys}"), DIM),
            ]);
        }
        Mode::Mute | Mode::Solo => {
            let what = if app.mode() == Mode::Mute { "mute or bring back" } else { "solo, or no longer," };
            let voices = app.snapshot().voices.iter().take(9).enumerate();
            let names: Vec<_> = voices.map(|(at, voice)| format!("{} {}", at + 1, voice.name)).collect();
            return Line::styled(format!("{what} which voice? {}", names.join("  ")), ask);
        }
        Mode::Keep(Keeping { bars, kind }) => {
            let voices = app.snapshot().voices.iter().take(9).enumerate();
            let names: Vec<_> = voices.map(|(at, voice)| format!("{} {}", at + 1, voice.name)).collect();
            let (bars, kind) = (if bars == 1 { "1 bar".to_owned() } else { format!("{bars} bars") }, kind.name());
            return Line::styled(
                format!("keep {bars} as {kind} (k, s: otherwise) of 0 all  {}", names.join("  ")),
                ask,
            );
        }
        Mode::Learn(learning) => {
            let text = match learning {
                Learning::Key => "learn what? Its key, as after Ctrl+Space",
                Learning::Digit(_) => "of which voice? Its digit",
                Learning::Touch(..) => "now the pad, key, pedal or knob for it (Del: none any more, Esc: as it was)",
            };
            return Line::styled(text, ask);
        }
        _ => {}
    }
    let document = app.document();
    // While the bars have the keyboard the answers to their keys are to be seen.
    let here = document.mark_on(document.editor.cursor().line + 1).filter(|_| !app.is_on_bars());
    if let Some(mark) = here {
        let text = format!("{}:{}:{}: {}: {}", document.name(), mark.line, mark.column, mark.severity, mark.message);
        return Line::styled(start_of(&text, app.size().0), text::mark_style(mark.severity));
    }
    match app.messages().back() {
        Some(message) => Line::styled(start_of(&message.text, app.size().0), level_style(message.level)),
        None => Line::styled("Ctrl+S evaluate · Ctrl+Space menu · F1 help · Ctrl+Q quit", DIM),
    }
}

/// A message in one line, and where the rest of it is.
fn start_of(text: &str, columns: u16) -> String {
    const MORE: &str = " (F3)";
    let columns = usize::from(columns);
    if width(text) <= columns { text.to_owned() } else { cut(text, columns.saturating_sub(MORE.len())) + MORE }
}

fn level_style(level: Level) -> Style {
    match level {
        Level::Info => Style::new(),
        Level::Warning => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
        Level::Error => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
    }
}

/// `text` in at most `columns`, with `…` where something is missing.
fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |c: &char| {
        used += super::editor::char_width(*c);
        used < columns
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    if columns > 0 {
        kept.push('…');
    }
    kept
}
