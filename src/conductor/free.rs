//! Free tempo: a phrase that is played by hand while nothing plays, and what it says of the music to come. On the thread of the scheduler.

use std::time::Duration;

use super::Conductor;
use crate::abc::key::Key;
use crate::event::{Level, Lines, Phrase, Playing, Reading};
use crate::hand::tempo::{Count, Estimate, Played, estimate};
use crate::prompt::Scene;
use crate::time::{Frames, SampleRate};

/// A phrase is not over before so much silence, however fast it is.
const LEAST_SILENCE: Duration = Duration::from_millis(250);
/// What is no phrase by then is forgotten.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many other ways to read it are offered, of counting and of keys.
const OTHERS: usize = 3;

/// The phrase so far.
#[derive(Debug, Default)]
pub(super) struct Free {
    on: bool,
    notes: Vec<Note>,
    /// How the notes are read, once they have been quiet for a while, or why not.
    read: Option<Result<Estimate, String>>,
}

#[derive(Debug)]
struct Note {
    pitch: u8,
    velocity: u8,
    from: Frames,
    to: Option<Frames>,
}

impl Free {
    pub fn listen(&mut self, on: bool) {
        *self = Free { on, ..Free::default() };
    }

    pub fn is_on(&self) -> bool {
        self.on
    }

    pub fn strike(&mut self, pitch: u8, velocity: u8, now: Frames) {
        if self.on {
            self.release(pitch, now);
            self.notes.push(Note { pitch, velocity, from: now, to: None });
            self.read = None;
        }
    }

    pub fn release(&mut self, pitch: u8, now: Frames) {
        for note in self.notes.iter_mut().filter(|note| note.pitch == pitch && note.to.is_none()) {
            note.to = Some(now);
        }
    }

    /// Since when nothing is held; `None` while something is, or before the first note.
    fn silent_since(&self) -> Option<Frames> {
        let ends: Option<Vec<Frames>> = self.notes.iter().map(|note| note.to).collect();
        ends?.into_iter().max()
    }

    /// How the phrase is read, in seconds from its first note, and that note's frame, once it is over: nothing has been held for half a beat. Why
    /// it cannot be read, where nothing more comes.
    fn phrase(&mut self, now: Frames, rate: SampleRate) -> Option<Result<(Frames, Estimate), String>> {
        let (first, since) = (self.notes.first()?.from, self.silent_since()?);
        let silence = now - since;
        if silence < rate.frames_in(LEAST_SILENCE) {
            return None;
        }
        let notes = &self.notes;
        let seconds = |frames: Frames| (frames - first).0 as f64 / f64::from(rate.0);
        let played = |note: &Note| Played {
            on: seconds(note.from),
            off: seconds(note.to.unwrap_or(now)),
            pitch: note.pitch,
            velocity: note.velocity,
        };
        let read = self.read.get_or_insert_with(|| estimate(&notes.iter().map(played).collect::<Vec<_>>()));
        match read {
            Ok(estimate) => {
                let is_over = silence.0 as f64 / f64::from(rate.0) >= 30.0 / estimate.count.beats;
                is_over.then(|| Ok((first, estimate.clone())))
            }
            Err(why) => (silence >= rate.frames_in(PATIENCE)).then(|| Err(why.clone())),
        }
    }
}

impl Conductor {
    /// A phrase that was played while nothing else did and that is over, once.
    pub fn take_phrase(&mut self, now: Frames) -> Option<Phrase> {
        if !self.free.is_on() || self.playing != Playing::Stopped {
            return None;
        }
        let rate = self.transport.rate();
        match self.free.phrase(now, rate)? {
            Ok((first, estimate)) => {
                self.free.listen(false);
                Some(Phrase { readings: readings(&estimate, first, self.timeline.next_scene(), rate) })
            }
            Err(why) => {
                self.free.listen(true);
                self.say(Level::Warning, why);
                None
            }
        }
    }
}

/// The ways to read a phrase that began on a frame. Where a scene has notes of its own their metre and key stay.
fn readings(estimate: &Estimate, first: Frames, scene: &Scene, rate: SampleRate) -> Vec<Reading> {
    let is_bound = scene.voices.iter().any(|voice| !voice.bars.is_empty());
    let reading = |count: &Count, key: Key| {
        let (meter, key) = if is_bound { (scene.meter, scene.key) } else { (count.meter, key) };
        let seconds = 60.0 / count.beats * meter.bar_length().to_f64() / meter.beat().to_f64();
        let frames = |seconds: f64| Frames((seconds * f64::from(rate.0)).round() as i64);
        let lines = Lines { at: first + frames(count.start), apart: frames(seconds) };
        Reading { beats: count.beats.round() as u32, meter, key, lines, is_bound }
    };
    let mut readings = vec![reading(&estimate.count, estimate.key)];
    for at in 0..OTHERS {
        let counts = estimate.counts.get(at).map(|count| reading(count, estimate.key));
        let keys = estimate.keys.get(at).map(|key| reading(&estimate.count, *key));
        readings.extend(counts.into_iter().chain(keys));
    }
    readings.dedup();
    readings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{RATE, conductor, run};
    use super::*;
    use crate::event::{Action, Before, Command};

    const SCENE: &str = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:keys by=hand\nV:lead by=model\n";

    /// Plays crotchets at 100 a minute from a frame on, each held for most of its time; the phrases that were told, with their frames.
    fn played(text: &str, pitches: &[u8], from: i64) -> Vec<(i64, Phrase)> {
        const CROTCHET: i64 = 28_800;
        let mut conductor = conductor(text, "C8");
        conductor.command(Command::Listen(true), Frames(0), &mut |_| {});
        let mut told = Vec::new();
        let mut now = 0;
        let mut wait = |conductor: &mut Conductor, until: i64| {
            while now < until {
                now += 240;
                conductor.advance(Frames(now), &mut |_| {});
                told.extend(conductor.take_phrase(Frames(now)).map(|phrase| (now, phrase)));
            }
        };
        for (at, &pitch) in pitches.iter().enumerate() {
            let on = from + at as i64 * CROTCHET;
            wait(&mut conductor, on);
            let voice = || "keys".to_owned();
            // The first beat of a bar is struck harder.
            let velocity = if at % 4 == 0 { 100 } else { 70 };
            conductor.command(Command::NoteOn { voice: voice(), pitch, velocity }, Frames(on), &mut |_| {});
            wait(&mut conductor, on + CROTCHET * 9 / 10);
            conductor.command(Command::NoteOff { voice: voice(), pitch }, Frames(on + CROTCHET * 9 / 10), &mut |_| {});
        }
        wait(&mut conductor, from + (pitches.len() as i64 + 8) * CROTCHET);
        told
    }

    const PHRASE: [u8; 15] = [60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 64, 60, 62, 60];

    #[test]
    fn a_phrase_is_told_once_half_a_beat_after_its_end() {
        let told = played(SCENE, &PHRASE, 48_000);
        let [(at, phrase)] = &told[..] else { panic!("{told:?}") };
        // Fifteen crotchets, the last of them short by a tenth, and half a beat.
        let end = 48_000 + 28_800 * 15 - 2880;
        assert!((end + 14_400..end + 15_600).contains(at), "{at} {end}");
        let Reading { beats, meter, key, lines, is_bound } = phrase.readings[0];
        assert_eq!((beats, meter.to_string().as_str(), key.to_string().as_str(), is_bound), (100, "4/4", "C", false));
        let next = lines.from(Frames(*at));
        assert!((next.0 - (48_000 + 16 * 28_800)).abs() < 1500, "{next:?}");
    }

    #[test]
    fn notes_that_the_text_has_keep_their_metre_and_key() {
        let told = played(&SCENE.replace("4/4", "3/4").replace("by=model\n", "by=loop\n[V:lead] C6 |\n"), &PHRASE, 0);
        let reading = told[0].1.readings[0];
        assert_eq!((reading.meter.to_string().as_str(), reading.is_bound, reading.beats), ("3/4", true, 100));
        assert!((reading.lines.apart.0 - 3 * 28_800).abs() < 300);
    }

    #[test]
    fn a_few_notes_are_no_phrase_and_nothing_is_told_while_music_plays() {
        assert_eq!(played(SCENE, &[60, 64], 0), []);
        let mut conductor = conductor(SCENE, "C8");
        conductor.command(Command::Listen(true), Frames(0), &mut |_| {});
        assert_eq!(conductor.snapshot(Frames(0)).before, Some(Before::Phrase));
        conductor.command(Command::Play, Frames(0), &mut |_| {});
        assert_eq!(conductor.take_phrase(Frames(0)), None);
    }

    #[test]
    fn the_music_begins_on_the_line_that_can_be_reached() {
        let lines = Lines { at: Frames(1000), apart: Frames(90_000) };
        for (frame, expected) in [(0, 1000), (1000, 1000), (1001, 91_000), (91_000, 91_000), (-89_500, -89_000)] {
            assert_eq!(lines.from(Frames(frame)), Frames(expected), "{frame}");
        }
        // The first one is nearer than the way to the outputs.
        for (now, expected) in [(0, 91_000), (20_000, 91_000), (89_000, 181_000)] {
            let mut conductor = conductor("X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:a by=loop\n[V:a] C8 |\n", "C8");
            conductor.command(Command::PlayOn(lines), Frames(now), &mut |_| {});
            let sent = run(&mut conductor, now, now + 200_000);
            let struck = sent.iter().find(|event| matches!(event.action, Action::NoteOn { .. })).unwrap();
            assert_eq!(struck.at, Frames(expected), "{now}");
            assert_eq!(conductor.transport().frame_of(crate::time::Beats::ZERO), Frames(expected));
        }
        assert_eq!(RATE.0, 48_000);
    }
}
