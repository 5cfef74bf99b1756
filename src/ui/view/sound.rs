//! What is heard, for the eye: a meter for each voice and both sides of the output, and a scope. Drawn from the latest snapshot.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::canvas::{Canvas, Line as Stroke};

use super::{DIM, cut, title_line};
use crate::event::{Snapshot, VoiceStatus};
use crate::synth::Level;
use crate::ui::app::App;
use crate::ui::editor::width;

/// The left end of a meter, dB against full scale.
const FLOOR: f32 = -60.0;
/// From here on the limiter works.
const LOUD: f32 = -0.5;
/// Columns of a name, and of a number of dB.
const NAME: usize = 12;
const NUMBER: usize = 9;
/// Samples that the scope shows: 21 ms at 48 kHz.
const SHOWN: usize = 1024;
/// From this width on the scope has a place beside the meters.
const ROOM_FOR_SCOPE: u16 = 70;

/// Lines of the whole panel.
pub const HEIGHT: u16 = 7;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if area.height < 2 {
        return;
    }
    let s = app.snapshot();
    let title = Span::styled("sound", Style::new().add_modifier(Modifier::BOLD));
    let loudest = s.sides[0].peak.max(s.sides[1].peak);
    let [top, below] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(title_line(area.width, &[title, Span::raw(decibels(loudest).trim().to_owned())]), top);
    let scope = if area.width >= ROOM_FOR_SCOPE { area.width / 2 } else { 0 };
    let [meters, scope] = Layout::horizontal([Constraint::Min(0), Constraint::Length(scope)]).areas(below);
    for (at, (name, level, shown)) in rows(s, usize::from(meters.height)).into_iter().enumerate() {
        let row = Rect { y: meters.y + at as u16, height: 1, width: meters.width.saturating_sub(1), ..meters };
        frame.render_widget(meter(&name, level, shown, usize::from(row.width)), row);
    }
    if scope.width > 0 {
        draw_scope(frame, scope, &s.scope);
    }
}

/// `out ▅▆` for the status: both sides' means.
pub fn small(s: &Snapshot) -> Option<String> {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let step = |level: &Level| STEPS[((share(level.rms) * 8.0) as usize).min(7)];
    let [left, right] = &s.sides;
    let clipped = if db(left.peak.max(right.peak)) >= LOUD { " loud" } else { "" };
    (left.rms + right.rms > 1.0e-4).then(|| format!("out {}{}{clipped}", step(left), step(right)))
}

/// The voices and, last, the sides of the output; with a bar or without. The voices that do not fit are counted.
fn rows(s: &Snapshot, rows: usize) -> Vec<(String, Level, bool)> {
    let voice = |(at, voice): (usize, &VoiceStatus)| (format!("{} {}", at + 1, voice.name), voice.level, true);
    let sides = [("left", s.sides[0]), ("right", s.sides[1])].map(|(name, level)| (name.to_owned(), level, true));
    let room = rows.saturating_sub(sides.len());
    let fit = if s.voices.len() > room { room.saturating_sub(1) } else { room };
    let mut list: Vec<(String, Level, bool)> = s.voices.iter().enumerate().take(fit).map(voice).collect();
    let hidden = s.voices.len().saturating_sub(fit);
    if hidden > 0 && room > 0 {
        list.push((format!("+{hidden} more"), Level::default(), false));
    }
    list.extend(sides);
    list.truncate(rows);
    list
}

fn db(level: f32) -> f32 {
    20.0 * level.max(1.0e-6).log10()
}

/// How far up the meter, 0 to 1.
fn share(level: f32) -> f32 {
    (1.0 - db(level) / FLOOR).clamp(0.0, 1.0)
}

/// ` -12.3 dB`, or blank where there is nothing.
fn decibels(level: f32) -> String {
    if db(level) < FLOOR { " ".repeat(NUMBER) } else { format!("{:>6.1} dB", db(level)) }
}

/// A name, the mean as a bar with the peak as a stroke in it, and the peak in dB.
fn meter(name: &str, level: Level, shown: bool, columns: usize) -> Line<'static> {
    let name = cut(name, NAME);
    let padded = format!("{name}{} ", " ".repeat(NAME.saturating_sub(width(&name))));
    if !shown {
        return Line::styled(padded, DIM);
    }
    let length = columns.saturating_sub(NAME + 1 + NUMBER);
    let cell = |level: f32| (share(level) * length as f32).round() as usize;
    let (filled, peak) = (cell(level.rms), cell(level.peak));
    let bar: String = (0..length)
        .map(|at| match at {
            at if at < filled => '█',
            at if at + 1 == peak => '▏',
            _ => '·',
        })
        .collect();
    let loud = db(level.peak) >= LOUD;
    let style = if loud { Style::new().fg(Color::Red).add_modifier(Modifier::BOLD) } else { Style::new() };
    let number = if loud { format!("!{}", decibels(level.peak).trim_start()) } else { decibels(level.peak) };
    Line::from(vec![Span::raw(padded), Span::styled(bar, style), Span::styled(number, style)])
}

/// The wave from where it rises through the middle, so that a steady tone stands still.
fn draw_scope(frame: &mut Frame<'_>, area: Rect, samples: &[f32]) {
    let wave = steady(samples);
    let loudest = wave.iter().fold(0.05_f32, |loudest, sample| loudest.max(sample.abs()));
    let right = wave.len().max(2) as f64 - 1.0;
    let canvas = Canvas::default()
        .marker(Marker::Braille)
        .x_bounds([0.0, right])
        .y_bounds([f64::from(-loudest), f64::from(loudest)])
        .paint(|context| {
            for (at, pair) in wave.windows(2).enumerate() {
                let [y1, y2] = [pair[0], pair[1]].map(f64::from);
                context.draw(&Stroke { x1: at as f64, y1, x2: at as f64 + 1.0, y2, color: Color::Reset });
            }
        });
    frame.render_widget(canvas, area);
}

fn steady(samples: &[f32]) -> &[f32] {
    let spare = samples.len().saturating_sub(SHOWN);
    let rises = |pair: &[f32]| pair[0] < 0.0 && pair[1] >= 0.0;
    let start = samples.windows(2).take(spare).position(rises).map_or(0, |at| at + 1);
    &samples[start..samples.len().min(start + SHOWN)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &Line<'_>) -> String {
        line.spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn a_meter_goes_from_nothing_to_full_scale() {
        let level = |rms, peak| text(&meter("1 bass", Level { peak, rms }, true, 42));
        assert_eq!(level(0.0, 0.0), "1 bass       ····················         ");
        assert_eq!(level(0.0316, 0.1), "1 bass       ██████████··▏······· -20.0 dB");
        assert_eq!(level(1.0, 1.0), "1 bass       ████████████████████!0.0 dB");
    }

    #[test]
    fn voices_that_do_not_fit_are_counted() {
        let voices: Vec<_> = (1..=9).map(|voice| VoiceStatus::untouched(&format!("v{voice}"))).collect();
        let names = |rows_: usize, voices: &[VoiceStatus]| {
            let s = Snapshot { voices: voices.to_vec(), ..Snapshot::default() };
            rows(&s, rows_).into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(6, &voices), ["1 v1", "2 v2", "3 v3", "+6 more", "left", "right"]);
        assert_eq!(names(6, &voices[..4]), ["1 v1", "2 v2", "3 v3", "4 v4", "left", "right"]);
        assert_eq!(names(6, &[]), ["left", "right"]);
    }

    #[test]
    fn a_steady_tone_stands_still_in_the_scope() {
        let tone = |phase: usize| (0..2048).map(|at| ((at + phase) as f32 * 0.05).sin()).collect::<Vec<_>>();
        for phase in 0..200 {
            let tone = tone(phase);
            let wave = steady(&tone);
            assert_eq!(wave.len(), SHOWN);
            assert!(wave[0] >= 0.0 && wave[0] < 0.06, "{phase}: {}", wave[0]);
        }
        assert!(steady(&[]).is_empty());
    }

    #[test]
    fn the_status_has_both_sides() {
        let level = |rms: f32, peak: f32| Level { peak, rms };
        let s = |left, right| Snapshot { sides: [left, right], ..Snapshot::default() };
        assert_eq!(small(&Snapshot::default()), None);
        assert_eq!(small(&s(level(0.2, 0.5), level(0.01, 0.5))).as_deref(), Some("out ▇▃"));
        assert_eq!(small(&s(level(0.5, 0.97), level(0.5, 0.5))).as_deref(), Some("out ██ loud"));
    }
}
