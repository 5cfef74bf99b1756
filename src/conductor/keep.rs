//! What was heard, for the text: which bars are over, and the performer's wish to keep some of them. On the thread of the scheduler.

use std::ops::Range;

use super::Conductor;
use crate::event::Level;
use crate::keep::{self, Ask, Kept};
use crate::time::Frames;

/// Which bars were heard to their end, as indices into the timeline's.
#[derive(Debug, Default)]
pub(super) struct Listened {
    /// Those before the last stop.
    before: Range<usize>,
    /// The first one since a stop cut one short.
    since: usize,
}

impl Conductor {
    pub(super) fn keep(&mut self, ask: &Ask, now: Frames) {
        let timeline = &self.timeline;
        let bars = &timeline.bars()[self.heard(self.horizon(now))];
        match keep::heard(bars, &|bar, voice| timeline.cell(bar, voice).clone(), ask) {
            Ok(kept) => self.kept.push(kept),
            Err(why) => self.say(Level::Warning, why),
        }
    }

    /// Bars that are to be written into the text, each once.
    pub fn take_kept(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.kept)
    }

    /// The last bars that were played to their end, without a break: whose notes have all left for the outputs by `horizon`, with the frame that
    /// it is early for whoever speaks just before a bar line.
    fn heard(&self, horizon: Frames) -> Range<usize> {
        let Listened { before, since } = &self.listened;
        if !self.is_moving() {
            return before.clone();
        }
        let ends = self.timeline.bars().iter().map(|bar| self.transport.frame_of(bar.start + bar.length()));
        let to_come = ends.rev().take_while(|end| *end > horizon + Frames(1)).count();
        let heard = *since..self.timeline.bars().len() - to_come;
        if heard.is_empty() { before.clone() } else { heard }
    }

    /// The music stops: what is with the outputs and not due is not heard, nor is the end of the bar that sounds. Bars that have not begun come
    /// again.
    pub(super) fn stop_bars(&mut self, now: Frames) {
        self.listened.before = self.heard(now);
        let begun = self.timeline.bars().iter().rposition(|bar| self.transport.frame_of(bar.start) <= now);
        let begun = begun.map_or(0, |at| at + 1);
        self.timeline.take_back(begun);
        if begun > self.listened.before.end {
            self.listened.since = begun;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{RATE, TWO_VOICES, conductor, play, run, scene};
    use super::super::*;
    use crate::keep::{Ask, Kind};
    use crate::score::Measure;

    /// The first bar line, and the length of a bar, in frames.
    const FIRST: i64 = 3_840;
    const BAR: i64 = 96_000;

    /// The pitches of the bars that are kept, a letter each, or why there are none.
    fn kept(conductor: &mut Conductor, voice: &str, bars: usize, kind: Kind, now: i64) -> String {
        let ask = Ask { voice: Some(voice.to_owned()), bars, kind };
        conductor.command(Command::Keep(ask), Frames(now), &mut |_| {});
        let letter = |bar: &Measure| format!("{:?}", bar.notes[0].pitch.step);
        match conductor.take_kept().pop() {
            Some(kept) => kept.voices[0].measures.iter().map(letter).collect(),
            None => conductor.messages().pop().map(|message| message.text).unwrap_or_default(),
        }
    }

    const LINE: &str =
        "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 4\nV:a by=loop\n[V:a] C8 | D8 | E8 | F8 | G8 | A8 | B8 | c8 |\n";

    #[test]
    fn a_bar_that_a_stop_cut_short_was_not_heard() {
        let mut conductor = conductor(LINE, "");
        let keep = |conductor: &mut Conductor, now| kept(conductor, "a", 4, Kind::Seed, now);
        let line = |bar: i64| FIRST + (bar - 1) * BAR;
        assert_eq!(keep(&mut conductor, 0), "no bar has been heard to its end yet");
        play(&mut conductor);
        // Events leave 80 ms before they are due.
        run(&mut conductor, 0, line(4) - 2_000);
        assert_eq!(keep(&mut conductor, line(4) - 4_000), "CD");
        assert_eq!(keep(&mut conductor, line(4) - 2_000), "CDE");
        conductor.command(Command::Stop, Frames(line(4) - 2_000), &mut |_| {});
        assert_eq!(keep(&mut conductor, line(6)), "CD", "what was with the outputs did not sound to its end");
        conductor.command(Command::Play, Frames(line(6)), &mut |_| {});
        run(&mut conductor, line(6), line(7) - 4_000);
        assert_eq!(keep(&mut conductor, line(7) - 4_000), "CD");
        run(&mut conductor, line(7) - 4_000, line(8) + BAR / 2);
        assert_eq!(keep(&mut conductor, line(8) + BAR / 2), "FG", "nor is it part of what sounds since then");
        // A stop just before the line cuts nothing.
        let end = line(10) + FIRST - 1;
        run(&mut conductor, line(8) + BAR / 2, end);
        conductor.command(Command::Stop, Frames(end), &mut |_| {});
        conductor.command(Command::Play, Frames(end), &mut |_| {});
        run(&mut conductor, end, end + FIRST + BAR);
        assert_eq!(keep(&mut conductor, end + FIRST + BAR), "GABC");
    }

    #[test]
    fn without_notice_a_bar_is_heard_when_it_is_over() {
        let mut conductor = conductor(LINE, "");
        conductor.set_notice(Duration::ZERO);
        play(&mut conductor);
        let end = FIRST + 2 * BAR;
        run(&mut conductor, 0, end - 2_000);
        for (now, heard) in [(end - 2_000, "C"), (end - 2, "C"), (end - 1, "CD")] {
            assert_eq!(kept(&mut conductor, "a", 4, Kind::Seed, now), heard);
        }
    }

    #[test]
    fn a_loop_begins_where_those_of_its_own_scene_do() {
        let mut conductor = conductor(TWO_VOICES, "E8\nF8");
        play(&mut conductor);
        let other = scene(&TWO_VOICES.replace("X:1", "X:2"));
        conductor.command(Command::Evaluate { scene: other, fresh: true }, Frames(FIRST), &mut |_| {});
        // Bar 5 is the other scene's, and next.
        let now = FIRST + 4 * BAR - RATE.frames_in(Duration::from_millis(100)).0;
        run(&mut conductor, 0, now);
        assert_eq!((conductor.timeline().next_bar(), conductor.timeline().heard_from()), (6, None));
        // Of C | G | C the last two bars, as they stand in a loop that began with the scene.
        assert_eq!(kept(&mut conductor, "bass", 2, Kind::Loop, now), "CG");
    }
}
