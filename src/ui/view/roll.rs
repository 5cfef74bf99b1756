//! The piano roll: the notes of the bar that sounds and of those to come, by time and pitch, with a playhead. Drawn from the latest snapshot.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::Span;
use ratatui::widgets::canvas::{Canvas, Context, Line as Stroke, Points};

use super::title_line;
use crate::abc::parse::read_bar;
use crate::compose::Role;
use crate::event::{BarState, BarView, Cell, Snapshot};
use crate::time::Beats;
use crate::ui::app::App;

/// Whole notes before the playhead and behind it.
const BEHIND: f64 = 1.0;
const AHEAD: f64 = 3.0;
/// Semitones that are shown at least: two octaves.
const LEAST: f64 = 24.0;

/// A note where it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Drawn {
    /// In whole notes from now.
    from: f64,
    to: f64,
    /// MIDI.
    pitch: f64,
    voice: usize,
    drum: bool,
    /// It may still change.
    planned: bool,
}

/// Lines of the whole panel.
pub const HEIGHT: u16 = 9;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if area.height < 2 {
        return;
    }
    let s = app.snapshot();
    let [top, below] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let title = Span::styled("notes", Style::new().add_modifier(Modifier::BOLD));
    frame.render_widget(title_line(area.width, &[title, Span::raw(range_name(&notes(s)))]), top);
    let notes = notes(s);
    let (low, high) = range(&notes);
    let canvas = Canvas::default()
        .marker(Marker::Braille)
        .x_bounds([-BEHIND, AHEAD])
        .y_bounds([low - 2.0, high + 1.0])
        .paint(|context| paint(context, &notes, s, (low, high)));
    frame.render_widget(canvas, below);
}

/// Pitched notes as strokes, planned ones dotted; drums as dots at the bottom; a muted voice is left out.
fn paint(context: &mut Context<'_>, notes: &[Drawn], s: &Snapshot, (low, high): (f64, f64)) {
    // A dot every so often, of those that a braille sign has.
    const DOT: f64 = (BEHIND + AHEAD) / 60.0;
    for note in notes.iter().filter(|note| !s.voices[note.voice].muted) {
        let color = COLOURS[note.voice % COLOURS.len()];
        let y = note.pitch;
        // What follows on the same pitch is told apart by a gap.
        let end = (note.to - DOT / 2.0).max(note.from);
        if note.drum {
            context.draw(&Points { coords: &[(note.from, low - 2.0)], color });
        } else if note.planned {
            let dots = ((end - note.from) / DOT) as usize;
            let coords: Vec<(f64, f64)> = (0..=dots).map(|dot| (note.from + dot as f64 * DOT, y)).collect();
            context.draw(&Points { coords: &coords, color });
        } else {
            context.draw(&Stroke { x1: note.from, y1: y, x2: end, y2: y, color });
        }
    }
    context.layer();
    context.draw(&Stroke { x1: 0.0, y1: low - 2.0, x2: 0.0, y2: high + 1.0, color: Color::Reset });
}

/// Of voices in turn; what they are is said by pitch and place, too.
const COLOURS: [Color; 6] = [Color::Cyan, Color::Green, Color::Magenta, Color::Yellow, Color::Blue, Color::Red];

/// The notes between the edges, of all voices.
fn notes(s: &Snapshot) -> Vec<Drawn> {
    let mut notes = Vec::new();
    let Some(now) = s.bars.iter().position(|bar| bar.number >= s.bar.max(1)) else { return notes };
    let position = if s.bars[now].number == s.bar { s.position.to_f64() } else { 0.0 };
    let length = |bar: &BarView| bar.music.meter.bar_length().to_f64();
    let mut start = -position;
    for bar in &s.bars[now..] {
        if start > AHEAD {
            break;
        }
        add(bar, start, s, &mut notes);
        start += length(bar);
    }
    start = -position;
    for bar in s.bars[..now].iter().rev() {
        start -= length(bar);
        if start + length(bar) < -BEHIND {
            break;
        }
        add(bar, start, s, &mut notes);
    }
    notes
}

fn add(bar: &BarView, start: f64, s: &Snapshot, notes: &mut Vec<Drawn>) {
    let cells = bar.parts.iter().enumerate().filter_map(|(voice, part)| Some((voice, part.cell()?)));
    for (voice, cell) in cells.filter(|(voice, _)| *voice < s.voices.len()) {
        let drum = s.voices[voice].role == Role::Drums;
        for (onset, length, pitch) in read(bar, cell) {
            let (from, to) = (start + onset.to_f64(), start + (onset + length).to_f64());
            if to > -BEHIND && from < AHEAD {
                let planned = bar.state == BarState::Planned;
                notes.push(Drawn { from: from.max(-BEHIND), to: to.min(AHEAD), pitch, voice, drum, planned });
            }
        }
    }
}

fn read(bar: &BarView, cell: &Cell) -> Vec<(Beats, Beats, f64)> {
    let (measure, _) = read_bar(&cell.text, &bar.music.key, bar.music.meter, bar.music.unit, &[]);
    measure.notes.iter().map(|note| (note.onset, note.length, f64::from(note.pitch.midi()))).collect()
}

/// From the lowest to the highest, two octaves at least.
fn range(notes: &[Drawn]) -> (f64, f64) {
    let pitches = || notes.iter().filter(|note| !note.drum).map(|note| note.pitch);
    let (low, high) = (pitches().fold(f64::INFINITY, f64::min), pitches().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return (48.0, 48.0 + LEAST);
    }
    let spare = ((LEAST - (high - low)) / 2.0).max(0.0);
    ((low - spare).floor(), (high + spare).ceil())
}

/// `C2 to E5`, octaves as MIDI counts them, where 60 is C4; nothing without notes.
fn range_name(notes: &[Drawn]) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
    let name = |pitch: f64| {
        let pitch = pitch as i64;
        format!("{}{}", NAMES[pitch.rem_euclid(12) as usize], pitch.div_euclid(12) - 1)
    };
    let pitches = || notes.iter().filter(|note| !note.drum).map(|note| note.pitch);
    let (low, high) = (pitches().fold(f64::INFINITY, f64::min), pitches().fold(f64::NEG_INFINITY, f64::max));
    if low > high { String::new() } else { format!("{} to {}", name(low), name(high)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Author, Music, Part, VoiceStatus};

    fn bar(number: i64, state: BarState, text: &str) -> BarView {
        let cell = Cell { text: text.into(), by: Author::Model, hold: None };
        BarView { number, state, music: Music::default(), parts: vec![Part::Cell(cell)] }
    }

    #[test]
    fn notes_stand_around_the_playhead() {
        let bars = vec![
            bar(4, BarState::Played, "C8"),
            bar(5, BarState::Played, "D4 E4"),
            bar(6, BarState::Sounding, "F8"),
            bar(7, BarState::Committed, "G8"),
            bar(8, BarState::Planned, "A8"),
            bar(9, BarState::Planned, "B8"),
            bar(10, BarState::Planned, "c8"),
        ];
        let voices = vec![VoiceStatus::untouched("lead")];
        let s = Snapshot { bar: 6, position: Beats::new(1, 2), bars, voices, ..Snapshot::default() };
        let shown: Vec<(f64, f64, f64, bool)> =
            notes(&s).iter().map(|note| (note.pitch, note.from, note.to, note.planned)).collect();
        assert_eq!(
            shown,
            [
                (65.0, -0.5, 0.5, false),
                (67.0, 0.5, 1.5, false),
                (69.0, 1.5, 2.5, true),
                (71.0, 2.5, 3.0, true),
                (64.0, -1.0, -0.5, false),
            ]
        );
        assert_eq!(range_name(&notes(&s)), "E4 to B4");
        assert_eq!(range(&notes(&s)), (55.0, 80.0));
    }

    #[test]
    fn without_notes_there_is_nothing_to_show() {
        assert!(notes(&Snapshot::default()).is_empty());
        assert_eq!((range(&[]), range_name(&[])), ((48.0, 72.0), String::new()));
    }
}
