//! The bars: what was, is and will be heard. One row per bar, one column per voice, time runs down. Drawn from the latest snapshot.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::{DIM, countdown, cut, playhead, title_line};
use crate::event::{Author, BarState, BarView, Cell, Snapshot};
use crate::ui::app::App;
use crate::ui::editor::width;

/// Digits of a bar's number; from bar 1000 on as many as it has.
const DIGITS: usize = 3;
/// Around them, as in `▶ 12│ `.
const AROUND: usize = 3;

/// A voice's column is never narrower; voices that do not fit are counted behind the last name.
const NARROWEST: usize = 14;

/// `m ` or `L3 ` before the text.
const MARK: usize = 3;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if area.height == 0 {
        return;
    }
    let s = app.snapshot();
    let row = |at: u16| Rect { y: area.y + at, height: 1, ..area };
    let pending = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let parts = [Span::styled("bars", bold), Span::styled(heard_from(s).unwrap_or_default(), pending)];
    frame.render_widget(title_line(area.width, &parts), row(0));
    let rows = usize::from(area.height.saturating_sub(2));
    let bars = window(&s.bars, rows);
    let digits = digits(bars);
    let widths = column_widths(s, bars, usize::from(area.width).saturating_sub(digits + AROUND));
    if area.height > 1 {
        frame.render_widget(names(s, digits, &widths), row(1));
    }
    for (at, bar) in bars.iter().enumerate() {
        frame.render_widget(line(s, bar, digits, &widths), row(at as u16 + 2));
    }
}

/// The voice, from 0, whose name stands there.
pub fn voice_at(area: Rect, app: &App, place: Position) -> Option<usize> {
    let s = app.snapshot();
    let bars = window(&s.bars, usize::from(area.height.saturating_sub(2)));
    let digits = digits(bars);
    let column = usize::from(place.x.checked_sub(area.x)?).checked_sub(digits + AROUND)?;
    if place.y != area.y + 1 || !area.contains(place) {
        return None;
    }
    let widths = column_widths(s, bars, usize::from(area.width).saturating_sub(digits + AROUND));
    let mut end = 0;
    widths.iter().position(|columns| {
        end += columns;
        column < end
    })
}

/// `the edit is heard at bar 13, in 2 bars`.
fn heard_from(s: &Snapshot) -> Option<String> {
    let bar = s.heard_from?;
    Some(match countdown(s, bar) {
        Some(countdown) => format!("the edit is heard at {countdown}"),
        None => format!("the edit is heard from bar {bar}"),
    })
}

/// The bars to show: the sounding one near the top, since the future is the point.
fn window(bars: &[BarView], rows: usize) -> &[BarView] {
    let now = bars.iter().position(|bar| bar.state != BarState::Played).unwrap_or(bars.len());
    let history = if rows < 6 { 1 } else { 2 };
    let start = now.saturating_sub(history).min(bars.len().saturating_sub(rows));
    &bars[start..bars.len().min(start + rows)]
}

/// As wide as the bars are while that fits; else an equal share for as many voices as fit.
fn column_widths(s: &Snapshot, bars: &[BarView], columns: usize) -> Vec<usize> {
    let voices = s.voices.len();
    let natural: Vec<usize> = (0..voices)
        .map(|voice| {
            let cells = bars.iter().filter_map(|bar| bar.cells.get(voice)?.as_ref());
            let widest = cells.map(|cell| width(&cell.text)).max().unwrap_or(0) + MARK + 1;
            widest.max(width(&name(s, voice)) + 1).max(NARROWEST)
        })
        .collect();
    if natural.iter().sum::<usize>() <= columns || voices == 0 {
        return natural;
    }
    let shown = (columns / NARROWEST).clamp(1, voices);
    vec![columns / shown; shown]
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

fn digits(bars: &[BarView]) -> usize {
    bars.iter().map(|bar| bar.number.to_string().len()).fold(DIGITS, usize::max)
}

fn names(s: &Snapshot, digits: usize, widths: &[usize]) -> Line<'static> {
    let hidden = s.voices.len() - widths.len();
    let mut spans = vec![Span::raw(" ".repeat(digits + AROUND))];
    for (voice, &columns) in widths.iter().enumerate() {
        let last = voice + 1 == widths.len();
        let more = if last && hidden > 0 { format!(" +{hidden}") } else { String::new() };
        let text = cut(&name(s, voice), columns.saturating_sub(1 + more.len())) + more.as_str();
        let style = if s.voices[voice].muted { DIM } else { Style::new().add_modifier(Modifier::BOLD) };
        spans.push(Span::styled(padded(&text, columns), style));
    }
    Line::from(spans)
}

fn line(s: &Snapshot, bar: &BarView, digits: usize, widths: &[usize]) -> Line<'static> {
    let heard_here = s.heard_from == Some(bar.number);
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
    for (voice, &columns) in widths.iter().enumerate() {
        match bar.cells.get(voice).and_then(Option::as_ref) {
            Some(cell) => spans.extend(cell_spans(s, bar.state, cell, s.voices[voice].muted, columns)),
            None => spans.push(Span::styled(padded("   …", columns), DIM)),
        }
    }
    Line::from(spans)
}

fn cell_spans(s: &Snapshot, state: BarState, cell: &Cell, muted: bool, columns: usize) -> Vec<Span<'static>> {
    let (mark, colour) = match cell.by {
        Author::Text => ("t ".into(), Color::Reset),
        Author::Varied => ("v ".into(), Color::Reset),
        Author::Model => ("m ".into(), Color::Cyan),
        Author::Hand => ("h ".into(), Color::Green),
        Author::Edit => ("e ".into(), Color::Magenta),
        Author::Ladder(rung) => (format!("L{rung}"), Color::Yellow),
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
        let cell = Cell { text: "A2d fed".into(), by: Author::Model };
        let bar = |number| BarView { number, state: BarState::Planned, cells: vec![Some(cell.clone()); 2] };
        let voices = ["bass", "lead"].map(VoiceStatus::untouched).into();
        let s = Snapshot { voices, ..Snapshot::default() };
        for (first, expected) in [(8, "  9┊ m  A2d fed "), (998, " 999┊ m  A2d fed "), (9_998, " 9999┊ m  A2d fed ")]
        {
            let bars: Vec<BarView> = (first..first + 3).map(bar).collect();
            let (digits, widths) = (digits(&bars), column_widths(&s, &bars, 60));
            let text = |line: Line<'_>| line.spans.iter().map(|span| span.content.as_ref()).collect::<String>();
            let places = |text: &str, part: &str| -> Vec<usize> {
                text.match_indices(part).map(|(at, _)| text[..at].chars().count()).collect()
            };
            let names: Vec<usize> =
                ["1 bass", "2 lead"].iter().flat_map(|name| places(&text(names(&s, digits, &widths)), name)).collect();
            for bar in &bars {
                let shown: Vec<usize> = places(&text(line(&s, bar, digits, &widths)), "m  A2d");
                assert_eq!(shown, names, "bar {}", bar.number);
            }
            assert!(text(line(&s, &bars[1], digits, &widths)).contains(expected));
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
