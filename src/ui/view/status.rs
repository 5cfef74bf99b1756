//! The status: what the engine does, most needed first. Drawn from the latest snapshot.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};

use super::{countdown, cut, sound};
use crate::event::{Before, HandStatus, Playing, Snapshot};
use crate::hand::{Turn, Use};
use crate::tape::clock;
use crate::time::Tempo;
use crate::ui::app::{App, Piano};
use crate::ui::editor::width;

/// Columns that a beginning has to have to say something.
const BEGINNING: usize = 12;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let mut lines = vec![Line::default()];
    let mut used = 0;
    for segment in segments(app.snapshot(), app.is_arming(), app.recording(), app.piano()) {
        let needed = width(&segment.content) + 2;
        if used > 0 && used + needed > usize::from(area.width) {
            if lines.len() == usize::from(area.height) {
                // Of what must not be missed, at least the beginning.
                let room = usize::from(area.width) - used.min(area.width.into());
                if segment.style.add_modifier.contains(Modifier::BOLD) && room >= BEGINNING {
                    let line = lines.last_mut().expect("one line at least");
                    line.push_span(Span::styled(cut(&segment.content, room), segment.style));
                }
                break;
            }
            lines.push(Line::default());
            used = 0;
        }
        used += needed;
        let line = lines.last_mut().expect("one line at least");
        line.push_span(segment);
        line.push_span("  ");
    }
    frame.render_widget(Text::from(lines), area);
}

fn segments(s: &Snapshot, arming: bool, recording: Option<Duration>, piano: &Piano) -> Vec<Span<'static>> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let warn = bold.fg(Color::Yellow);
    let alarm = bold.fg(Color::Red);
    let calm = Style::new();
    let beat = s.meter.beat();
    let (state, state_style) = match s.playing {
        Playing::Playing => ("▶ playing", bold.fg(Color::Green)),
        Playing::Hushed => ("◌ hush", warn),
        Playing::Stopped => ("■ stopped", bold),
    };
    let ahead_style = match s.bars_ahead {
        _ if s.playing == Playing::Stopped => calm,
        0 => alarm,
        1 => warn,
        _ => calm,
    };
    let beat = s.position.ratio(beat).floor().to_integer() + 1;
    let place =
        if s.before == Some(Before::CountIn) { format!("count-in {beat}") } else { format!("bar {}:{beat}", s.bar) };
    let mut segments = vec![
        Span::styled(state, state_style),
        Span::styled(place, bold),
        Span::styled(tempo(s), calm),
        Span::styled(s.meter.to_string(), calm),
        Span::styled(format!("{} ahead", s.bars_ahead), ahead_style),
        Span::styled(format!("ladder {}", s.ladder_uses), if s.ladder_uses > 0 { warn } else { calm }),
        Span::styled(
            format!("composer {}", s.composer),
            if matches!(s.composer.as_str(), "failed" | "restarting") { alarm } else { calm },
        ),
    ];
    if s.before == Some(Before::Phrase) {
        segments.insert(1, Span::styled("♪ play a phrase", warn));
    }
    if s.count_in && s.playing == Playing::Stopped {
        segments.insert(2, Span::styled("count-in on", calm));
    }
    if arming || !s.armed.is_empty() {
        segments.insert(2, Span::styled(armed(s), warn));
    }
    // Before play there is no turn, and a duet is what a hand is for anyway.
    for hand in s.hands.iter().filter(|_| s.playing != Playing::Stopped) {
        segments.insert(2, Span::styled(used(hand), calm));
    }
    if piano.is_on() {
        segments.insert(1, Span::styled(piano.name(), warn));
    }
    if let Some(length) = recording {
        segments.insert(1, Span::styled(format!("● REC {}", clock(length)), alarm));
    }
    if let Some(lead) = &s.lead {
        segments.push(match lead.off_micros {
            Some(off) => Span::styled(format!("clock {} {:+.1} ms", lead.port, off as f64 / 1000.0), calm),
            None => Span::styled(format!("clock {} waits", lead.port), warn),
        });
    }
    if s.xruns > 0 {
        segments.push(Span::styled(format!("{} xruns", s.xruns), warn));
    }
    // Half of the time is the other half's reserve.
    if s.load > 0.5 {
        segments.push(Span::styled(format!("load {:.0} %", s.load * 100.0), if s.load > 0.8 { alarm } else { warn }));
    }
    for (count, what) in [(s.late, "late"), (s.left_out, "left out")] {
        if count > 0 {
            segments.push(Span::styled(format!("{count} {what}"), warn));
        }
    }
    if s.tokens_per_second > 0.0 {
        segments.push(Span::styled(format!("{:.0} tokens/s", s.tokens_per_second), calm));
    }
    segments.extend(sound::small(s).map(|out| Span::styled(out, calm)));
    segments.push(Span::styled(format!("midi {}", s.midi), calm));
    segments.push(Span::styled(format!("audio {}", s.audio), calm));
    if s.timing.messages > 0 {
        segments.push(Span::styled(format!("midi late {}", s.timing), calm));
    }
    segments
}

/// `tempo 124 (text 120) locked`, in felt beats, as `bar` counts: 60 for Q:3/8=60 in 6/8.
fn tempo(s: &Snapshot) -> String {
    let felt = |tempo: Tempo| short(tempo.quarters_per_minute() * 0.25 / s.meter.beat().to_f64());
    let text = s.text_tempo.map_or_else(String::new, |text| format!(" (text {})", felt(text)));
    format!("tempo {}{text}{}", felt(s.tempo), if s.tempo_locked { " locked" } else { "" })
}

/// `armed for bar 17, in 2 bars: mute bass`; `arming: mute bass` as long as it is only collected.
fn armed(s: &Snapshot) -> String {
    let what = s.armed.join(", ");
    match s.armed_for {
        Some(bar) => format!("armed for {}: {what}", countdown(s, bar).unwrap_or_else(|| format!("bar {bar}"))),
        None if what.is_empty() => "arming".to_owned(),
        None => format!("arming: {what}"),
    }
}

/// `keys duet: heard one bar late`; `keys trade: lead answers from bar 9, 2 bars`.
fn used(hand: &HandStatus) -> String {
    let turn = |(voice, turn): &(String, Turn)| match turn {
        Turn::Waits => format!("{voice} waits for a call"),
        Turn::Listens => format!("{voice} listens"),
        Turn::Answers { from, bars: 1 } => format!("{voice} answers in bar {from}"),
        Turn::Answers { from, bars } => format!("{voice} answers from bar {from}, {bars} bars"),
    };
    let says = match hand.used {
        Use::Duet | Use::Loop | Use::Seed => "heard one bar late".to_owned(),
        Use::Trade if hand.turns.is_empty() => "nobody answers".to_owned(),
        Use::Trade => hand.turns.iter().map(turn).collect::<Vec<_>>().join(", "),
    };
    let round = if hand.goes_round { " loop" } else { "" };
    format!("{} {}{round}: {says}", hand.voice, hand.used.name())
}

/// `120`, `92.5`.
fn short(number: f64) -> String {
    let tenths = (number * 10.0).round() / 10.0;
    format!("{tenths}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi::Timing;
    use crate::time::Beats;

    fn text(s: &Snapshot) -> String {
        segments(s, false, None, &Piano::default())
            .iter()
            .map(|span| span.content.clone())
            .collect::<Vec<_>>()
            .join("  ")
    }

    #[test]
    fn a_count_in_is_said_and_counted() {
        assert!(!text(&Snapshot::default()).contains("count-in"));
        let stopped = Snapshot { count_in: true, ..Snapshot::default() };
        assert!(text(&stopped).starts_with("■ stopped  bar 0:1  count-in on  tempo 120"), "{}", text(&stopped));
        let position = Beats::new(5, 8);
        let counting =
            Snapshot { playing: Playing::Playing, before: Some(Before::CountIn), bar: 8, position, ..stopped };
        assert!(text(&counting).starts_with("▶ playing  count-in 3  tempo 120"), "{}", text(&counting));
        let playing = text(&Snapshot { before: None, bar: 9, ..counting });
        assert!(playing.starts_with("▶ playing  bar 9:3  tempo 120"), "{playing}");
    }

    #[test]
    fn what_was_late_is_said_where_something_was() {
        let calm = text(&Snapshot::default());
        assert!(!calm.contains("late") && !calm.contains("left out"), "{calm}");
        let [p50, p99, max] = [10, 240, 1300].map(Duration::from_micros);
        let timing = Timing { messages: 9, p50, p99, max };
        let late = text(&Snapshot { late: 2, left_out: 1, timing, ..Snapshot::default() });
        assert!(late.contains("  2 late  1 left out  ") && late.ends_with("  midi late 0.01/0.2/1.3 ms"), "{late}");
    }
}
