//! The bars: what was, is and will be heard. One row per bar, one column per voice, time runs down. Drawn from the latest snapshot.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};

use super::panel::wrapped;
use super::{DIM, countdown, cut, future, playhead, text, title_line};
use crate::compose::Knob;
use crate::event::{Author, BarState, BarView, Cell, Hold, Part, Snapshot};
use crate::ui::app::App;
use crate::ui::editor::width;

/// Digits of a bar's number; from bar 1000 on as many as it has.
const DIGITS: usize = 3;
/// Around them, as in `▶ 12│ `.
const AROUND: usize = 3;

/// A voice's column is never narrower; voices that do not fit are counted behind the last name.
const NARROWEST: usize = 14;

const TITLE: &str = "bars";
/// What stands before each part of a title.
const RULE: usize = 3;
/// From this width on the title is a sentence.
const ROOMY: u16 = 56;

/// `m  `, `m• ` or `L3 ` before the text.
const MARK: usize = 3;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if area.height == 0 {
        return;
    }
    let s = app.snapshot();
    let row = |at: u16| Rect { y: area.y + at, height: 1, ..area };
    let pending = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let heard = heard_from(app, area.width).unwrap_or_default();
    let mut parts = vec![Span::styled(TITLE, bold), Span::styled(heard, pending)];
    parts.extend(knobs(area, app).map(|(_, knob, _)| {
        let factor = s.knobs.get(knob);
        Span::styled(turned(knob, factor), if factor == 1.0 { DIM } else { pending })
    }));
    frame.render_widget(title_line(area.width, &parts), row(0));
    let hint = hint(area, app);
    let Shown { rows, cursor, bars, digits, columns } = Shown::of(area, app);
    if area.height > 1 {
        frame.render_widget(names(s, digits, &columns), row(1));
    }
    for (at, bar) in bars.iter().enumerate() {
        let selected = cursor.filter(|(number, _)| *number == bar.number).map(|(_, at)| at);
        frame.render_widget(line(s, bar, digits, &columns, app.landing(), selected), row(at as u16 + 2));
    }
    let below = Rect { y: area.y + 2 + bars.len() as u16, height: rows.saturating_sub(bars.len()) as u16, ..area };
    draw_heard(frame, below, app);
    if hint > 0 {
        future::draw_hint(frame, row(area.height - 1), app);
    }
}

/// How a knob stands: `words ×1.2`.
fn turned(knob: Knob, factor: f32) -> String {
    format!("{} ×{}", knob.name(), (factor * 100.0).round() / 100.0)
}

/// The knobs in the title, with the columns that they take; none where there is no room for all, or nobody composes.
fn knobs(area: Rect, app: &App) -> impl Iterator<Item = (u16, Knob, u16)> {
    let s = app.snapshot();
    let heard = heard_from(app, area.width).map_or(0, |heard| width(&heard) + RULE);
    let mut column = RULE + width(TITLE) + heard;
    let places = Knob::ALL.map(|knob| {
        let wide = width(&turned(knob, s.knobs.get(knob)));
        let from = column + RULE;
        column = from + wide;
        (area.x + from as u16, knob, wide as u16)
    });
    let shown = s.composer != "none" && column < area.width.into();
    places.into_iter().filter(move |_| shown)
}

/// The knob that stands there.
pub fn knob_at(area: Rect, app: &App, place: Position) -> Option<Knob> {
    let over = |(from, _, wide): &(u16, Knob, u16)| (*from..*from + *wide).contains(&place.x);
    knobs(area, app).find(over).filter(|_| place.y == area.y && area.height > 0).map(|(_, knob, _)| knob)
}

/// Lines that the keys' hint takes.
fn hint(area: Rect, app: &App) -> u16 {
    u16::from(app.is_on_bars() && area.height > 3)
}

/// What of the bars has room.
struct Shown<'a> {
    rows: usize,
    /// Bar and voice under the cursor.
    cursor: Option<(i64, usize)>,
    bars: Vec<&'a BarView>,
    digits: usize,
    columns: Vec<(usize, usize)>,
}

impl Shown<'_> {
    fn of(area: Rect, app: &App) -> Shown<'_> {
        let s = app.snapshot();
        let rows = usize::from(area.height.saturating_sub(2 + hint(area, app)));
        let cursor = app.cursor().map(|cursor| (cursor.bar.number, cursor.at));
        let bars = window(&s.bars, rows, cursor.map(|(bar, _)| bar));
        let digits = digits(&bars);
        let room = usize::from(area.width).saturating_sub(digits + AROUND);
        let columns = columns(s, &bars, room, cursor.map(|(_, at)| at));
        Shown { rows, cursor, bars, digits, columns }
    }
}

/// What the words were heard as, in full at the bottom, where the text's title has no room for it and the bars leave some.
fn draw_heard(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let heard = format!("heard: {}", app.document().heard);
    let lines = wrapped(&heard, usize::from(area.width).max(16));
    let fits = width(&heard) <= text::heard_columns(app);
    if app.document().heard.is_empty() || fits || lines.len() >= area.height.into() {
        return;
    }
    let height = lines.len() as u16;
    let style = Style::new().fg(Color::Green);
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| Line::styled(line, style)).collect();
    frame.render_widget(Text::from(lines), Rect { y: area.bottom() - height, height, ..area });
}

/// The voice, from 0, whose name stands there.
pub fn voice_at(area: Rect, app: &App, place: Position) -> Option<usize> {
    let Shown { digits, columns, .. } = Shown::of(area, app);
    let column = usize::from(place.x.checked_sub(area.x)?).checked_sub(digits + AROUND)?;
    if place.y != area.y + 1 || !area.contains(place) {
        return None;
    }
    let mut end = 0;
    let found = columns.iter().find(|(_, columns)| {
        end += columns;
        column < end
    });
    found.map(|(voice, _)| *voice)
}

/// `the edit is heard at bar 13, in 2 bars`; where that has no room, `heard at bar 13, in 2 bars`.
fn heard_from(app: &App, columns: u16) -> Option<String> {
    let (s, bar) = (app.snapshot(), app.landing()?);
    let heard = match countdown(s, bar) {
        _ if bar == s.bar => "heard now".to_owned(),
        Some(countdown) => format!("heard at {countdown}"),
        None => format!("heard from bar {bar}"),
    };
    Some(if columns < ROOMY { heard } else { format!("the edit is {heard}") })
}

/// The bars to show: the sounding one near the top, since the future is the point. It stays there when the bar under the cursor is far behind it.
fn window(bars: &[BarView], rows: usize, selected: Option<i64>) -> Vec<&BarView> {
    let now = bars.iter().position(|bar| bar.state != BarState::Played).unwrap_or(bars.len());
    let history = match rows {
        ..3 => 0,
        3..6 => 1,
        _ => 2,
    };
    let start = now.saturating_sub(history).min(bars.len().saturating_sub(rows));
    let end = bars.len().min(start + rows);
    match selected.and_then(|number| bars.iter().position(|bar| bar.number == number)) {
        Some(at) if at >= end && rows > 1 => {
            let sounding = bars[now..=now].iter().filter(|_| now < bars.len());
            sounding.chain(&bars[(at + 2 - rows).max(now + 1)..=at]).collect()
        }
        Some(at) if at < start => bars[at..].iter().take(rows).collect(),
        _ => bars[start..end].iter().collect(),
    }
}

/// The voices that are shown, each with the width of its column: as wide as the bars are while that fits; else an equal share for as many as fit,
/// that under the cursor among them.
fn columns(s: &Snapshot, bars: &[&BarView], columns: usize, selected: Option<usize>) -> Vec<(usize, usize)> {
    let voices = s.voices.len();
    let natural: Vec<usize> = (0..voices)
        .map(|voice| {
            let cells = bars.iter().filter_map(|bar| bar.parts.get(voice)?.cell());
            let widest = cells.map(|cell| width(&cell.text)).max().unwrap_or(0) + MARK + 1;
            widest.max(width(&name(s, voice)) + 1).max(NARROWEST)
        })
        .collect();
    if natural.iter().sum::<usize>() <= columns || voices == 0 {
        return natural.into_iter().enumerate().collect();
    }
    let shown = (columns / NARROWEST).clamp(1, voices);
    let first = selected.map_or(0, |selected| (selected + 1).saturating_sub(shown));
    (first..first + shown).map(|voice| (voice, columns / shown)).collect()
}

fn name(s: &Snapshot, voice: usize) -> String {
    let status = &s.voices[voice];
    let gain = if status.gain == 1.0 { String::new() } else { format!(" ×{}", status.gain) };
    let state = if status.muted {
        " (muted)"
    } else if status.soloed {
        " (solo)"
    } else {
        ""
    };
    format!("{} {}{gain}{state}", voice + 1, status.name)
}

fn digits(bars: &[&BarView]) -> usize {
    bars.iter().map(|bar| bar.number.to_string().len()).fold(DIGITS, usize::max)
}

fn names(s: &Snapshot, digits: usize, columns: &[(usize, usize)]) -> Line<'static> {
    let hidden = s.voices.len() - columns.len();
    let mut spans = vec![Span::raw(" ".repeat(digits + AROUND))];
    for (at, &(voice, width)) in columns.iter().enumerate() {
        let last = at + 1 == columns.len();
        let more = if last && hidden > 0 { format!(" +{hidden}") } else { String::new() };
        let text = cut(&name(s, voice), width.saturating_sub(1 + more.len())) + more.as_str();
        let style = if s.voices[voice].muted { DIM } else { Style::new().add_modifier(Modifier::BOLD) };
        spans.push(Span::styled(padded(&text, width), style));
    }
    Line::from(spans)
}

/// A row. `landing` is the bar from which the newest edit is heard, `selected` the voice under the cursor.
fn line(
    s: &Snapshot,
    bar: &BarView,
    digits: usize,
    columns: &[(usize, usize)],
    landing: Option<i64>,
    selected: Option<usize>,
) -> Line<'static> {
    let heard_here = landing == Some(bar.number);
    let sign = match bar.state {
        BarState::Sounding => "▶",
        _ if heard_here => "»",
        _ => " ",
    };
    let rule = if bar.state == BarState::Planned { "┊" } else { "│" };
    let style = match bar.state {
        BarState::Sounding => Style::new().fg(Color::Green).add_modifier(Modifier::BOLD),
        _ if heard_here => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
        BarState::Committed => Style::new().add_modifier(Modifier::BOLD),
        BarState::Played | BarState::Planned => DIM,
    };
    let mut spans = vec![Span::styled(format!("{sign}{:>digits$}{rule} ", bar.number), style)];
    for &(voice, width) in columns {
        let of_voice = match bar.parts.get(voice) {
            Some(Part::Cell(cell)) => cell_spans(s, bar.state, cell, s.voices[voice].muted, width),
            Some(Part::Absent) => vec![Span::styled(padded("   –", width), DIM)],
            Some(Part::Open) | None => vec![Span::styled(padded("   …", width), DIM)],
        };
        spans.extend(if selected == Some(voice) { bracketed(&of_voice) } else { of_voice });
    }
    Line::from(spans)
}

/// A part between brackets, which no text has at these places, and reversed.
fn bracketed(spans: &[Span<'static>]) -> Vec<Span<'static>> {
    let text: String = spans.iter().map(|span| span.content.as_ref()).collect();
    let columns = width(&text);
    let (mark, rest): (String, String) = (text.chars().take(MARK - 1).collect(), text.chars().skip(MARK).collect());
    let style = Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
    let shown = format!("{mark}[{}]", rest.trim_end());
    let padding = " ".repeat(columns.saturating_sub(width(&shown)));
    vec![Span::styled(shown, style), Span::raw(padding)]
}

fn cell_spans(s: &Snapshot, state: BarState, cell: &Cell, muted: bool, columns: usize) -> Vec<Span<'static>> {
    let (mark, colour) = match cell.by {
        Author::Text => ("t", Color::Reset),
        Author::Varied => ("v", Color::Reset),
        Author::Model => ("m", Color::Cyan),
        Author::Hand => ("h", Color::Green),
        Author::Edit => ("e", Color::Magenta),
        Author::Ladder(_) => ("L", Color::Yellow),
    };
    let mark = match (cell.by, cell.hold) {
        (Author::Ladder(rung), _) => format!("{mark}{rung}"),
        (_, Some(Hold::Pinned)) => format!("{mark}•"),
        (_, Some(Hold::Frozen)) => format!("{mark}*"),
        (_, None) => format!("{mark} "),
    };
    let style = match state {
        _ if muted => DIM.add_modifier(Modifier::CROSSED_OUT),
        BarState::Played => DIM,
        BarState::Sounding | BarState::Committed => Style::new().fg(colour).add_modifier(Modifier::BOLD),
        BarState::Planned => Style::new().fg(colour).add_modifier(Modifier::DIM),
    };
    let text = cut(&cell.text, columns.saturating_sub(MARK + 1));
    let padding = " ".repeat(columns.saturating_sub(MARK + width(&text)));
    let mut spans = vec![Span::styled(format!("{mark} "), style.remove_modifier(Modifier::CROSSED_OUT))];
    let done = s.position.to_f64() / s.meter.bar_length().to_f64();
    let now = if state == BarState::Sounding { playhead::sounding(&cell.text, done) } else { None };
    match now.and_then(|range| shown(&text, &range)) {
        Some(range) => {
            spans.push(Span::styled(text[..range.start].to_owned(), style));
            spans.push(Span::styled(text[range.clone()].to_owned(), style.add_modifier(Modifier::REVERSED)));
            spans.push(Span::styled(text[range.end..].to_owned(), style));
        }
        None => spans.push(Span::styled(text, style)),
    }
    spans.push(Span::raw(padding));
    spans
}

/// What a cut text still shows of a range of the whole one; the sign of the cut stands for what it hides.
fn shown(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let (mut start, mut end) = (range.start, range.end.min(text.len()));
    while start < end && !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start < end).then_some(start..end)
}

fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::VoiceStatus;

    #[test]
    fn bars_stay_under_their_voices_in_a_long_set() {
        let part = Part::Cell(Cell { text: "A2d fed".into(), by: Author::Model, hold: None });
        let music = crate::event::Music::default();
        let bar = |number| BarView { number, state: BarState::Planned, music, parts: vec![part.clone(); 2] };
        let voices = ["bass", "lead"].map(VoiceStatus::untouched).into();
        let s = Snapshot { voices, ..Snapshot::default() };
        for (first, expected) in [(8, "  9┊ m  A2d fed "), (998, " 999┊ m  A2d fed "), (9_998, " 9999┊ m  A2d fed ")]
        {
            let bars: Vec<BarView> = (first..first + 3).map(bar).collect();
            let bars: Vec<&BarView> = bars.iter().collect();
            let (digits, columns) = (digits(&bars), columns(&s, &bars, 60, None));
            let text = |line: Line<'_>| line.spans.iter().map(|span| span.content.as_ref()).collect::<String>();
            let places = |text: &str, part: &str| -> Vec<usize> {
                text.match_indices(part).map(|(at, _)| text[..at].chars().count()).collect()
            };
            let names: Vec<usize> =
                ["1 bass", "2 lead"].iter().flat_map(|name| places(&text(names(&s, digits, &columns)), name)).collect();
            for bar in &bars {
                let shown: Vec<usize> = places(&text(line(&s, bar, digits, &columns, None, None)), "m  A2d");
                assert_eq!(shown, names, "bar {}", bar.number);
            }
            assert!(text(line(&s, bars[1], digits, &columns, None, None)).contains(expected));
        }
    }

    #[test]
    fn the_bar_under_the_cursor_and_the_sounding_one_are_in_sight_in_any_height() {
        let bar = |number: i64| {
            let state = [BarState::Played, BarState::Sounding, BarState::Planned][(number.cmp(&5) as i8 + 1) as usize];
            BarView { number, state, music: crate::event::Music::default(), parts: vec![] }
        };
        for bars in [1..15, 5..15, 4..8].map(|numbers| numbers.map(bar).collect::<Vec<BarView>>()) {
            for (rows, selected) in (2..20).flat_map(|rows| (6..15).map(move |selected| (rows, selected))) {
                let numbers: Vec<i64> = window(&bars, rows, Some(selected)).into_iter().map(|bar| bar.number).collect();
                let known = bars.iter().any(|bar| bar.number == selected);
                assert!(numbers.len() <= rows && numbers.is_sorted_by(|a, b| a < b), "{rows} {selected}: {numbers:?}");
                assert!(numbers.contains(&5) && numbers.contains(&selected) == known, "{rows} {selected}: {numbers:?}");
            }
        }
    }

    #[test]
    fn the_playhead_stays_within_a_cut_bar() {
        let whole = "z2[D,F,A,C]2 (3DEF \"^é\"G4 [DFA]4";
        for columns in 0..=width(whole) {
            let text = cut(whole, columns);
            for done in 0..100 {
                let range = playhead::sounding(whole, f64::from(done) / 100.0).expect("notes");
                let lit = shown(&text, &range).map(|range| &text[range]);
                assert_eq!(lit.is_none(), range.start >= text.len(), "{text} {range:?}");
            }
        }
        assert_eq!(shown("z2[D,F,A,…", &(2..12)), Some(2..12));
        assert_eq!(shown("z2[D,F,A,…", &(2..11)), Some(2..12));
    }
}
