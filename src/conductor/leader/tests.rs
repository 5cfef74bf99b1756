//! A conductor that follows: how far its notes are from the beats of a clock whose ticks come early and late.

use super::super::tests::{RATE, scene};
use super::super::*;
use super::*;
use crate::compose::Silent;

/// Four crotchets a bar.
const TUNE: &str = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop\n[V:a] CDEF |\n";

/// A small fixed sequence between -1 and 1.
fn jitter(index: i64) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as f64 / f64::from(1u32 << 23) - 1.0
}

/// A box with a clock, and the conductor that follows it.
struct Stage {
    conductor: Conductor,
    now: i64,
    events: Vec<ScheduledEvent>,
    /// Where its next tick truly is, in frames; each comes up to 2 ms early or late.
    tick: f64,
    ticks: i64,
    per_minute: f64,
    /// The true frames of its crotchets.
    beats: Vec<f64>,
}

impl Stage {
    fn new() -> Stage {
        let mut scene = (*scene(TUNE)).clone();
        scene.leader = Some("Drum".into());
        let conductor = Conductor::new(&Arc::new(scene), Box::new(Silent), RATE, 1, Pace::Live);
        Stage { conductor, now: 0, events: Vec::new(), tick: 0.0, ticks: 0, per_minute: 97.0, beats: Vec::new() }
    }

    fn command(&mut self, command: Command) {
        let events = &mut self.events;
        self.conductor.command(command, Frames(self.now), &mut |event| events.push(event));
    }

    fn says(&mut self, message: ClockMessage) {
        self.command(Command::Clock { message, at: Frames(self.now) });
    }

    /// Runs so many turns of the scheduler, of 4 ms, with the box's clock or without.
    fn turns(&mut self, turns: i64, ticking: bool) {
        for _ in 0..turns {
            self.now += 192;
            loop {
                let comes = self.tick + jitter(self.ticks) * 96.0;
                if !ticking || comes > self.now as f64 {
                    break;
                }
                if self.ticks % PULSES == 0 {
                    self.beats.push(self.tick);
                }
                let tick = Command::Clock { message: ClockMessage::Tick, at: Frames(comes as i64) };
                self.command(tick);
                self.ticks += 1;
                self.tick += 60.0 * 48_000.0 / (self.per_minute * PULSES as f64);
            }
            if !ticking {
                self.tick = self.now as f64;
            }
            let events = &mut self.events;
            self.conductor.advance(Frames(self.now), &mut |event| events.push(event));
        }
    }

    /// The frames of the notes that were struck since this was last asked.
    fn struck(&mut self) -> Vec<i64> {
        let events = std::mem::take(&mut self.events);
        events.iter().filter(|event| matches!(event.action, Action::NoteOn { .. })).map(|event| event.at.0).collect()
    }

    /// How far (ms) the notes are from the nearest beats of the box.
    fn off(&mut self) -> Vec<f64> {
        let beats = self.beats.clone();
        let next = self.tick + 1.0;
        let notes = self.struck().into_iter().filter(|&at| (at as f64) < next);
        let nearest = |at: i64| beats.iter().map(|beat| (at as f64 - beat).abs()).fold(f64::INFINITY, f64::min) / 48.0;
        notes.map(nearest).collect()
    }

    /// Its song goes on at this tick, and a message says so.
    fn cues(&mut self, tick: i64, message: ClockMessage) {
        (self.ticks, self.beats) = (tick, Vec::new());
        self.says(message);
    }

    /// More than so many notes were struck, and 99 of 100 of them within 3 ms of its beats.
    #[track_caller]
    fn assert_in_step(&mut self, notes: usize) {
        let off = self.off();
        assert!(off.len() > notes && p99(&off) < 3.0, "{off:?}");
    }

    fn said(&mut self) -> Vec<String> {
        self.conductor.messages().into_iter().map(|message| message.text).collect()
    }

    /// The box runs for a while and is started.
    fn started() -> Stage {
        let mut stage = Stage::new();
        stage.turns(500, true);
        assert!(stage.struck().is_empty());
        stage.cues(0, ClockMessage::Start);
        stage
    }
}

fn p99(off: &[f64]) -> f64 {
    let mut off = off.to_vec();
    off.sort_by(f64::total_cmp);
    off[off.len() * 99 / 100]
}

#[test]
fn the_box_starts_the_music_and_keeps_it_in_time() {
    let mut stage = Stage::started();
    stage.turns(60 * 250, true);
    let off = stage.off();
    assert!((95..=98).contains(&off.len()), "{}", off.len());
    assert!(p99(&off) < 3.0, "{off:?}");
    assert!(off[0] < 3.0, "the first note is on the first tick: {}", off[0]);
    assert!(stage.said().contains(&"the clock of 'Drum' is followed".to_owned()));
    let shown = stage.conductor.snapshot(Frames(stage.now));
    assert_eq!((shown.tempo, shown.text_tempo), (crate::transport::crotchets(97), Some(Tempo::DEFAULT)));
    assert!(shown.lead.unwrap().off_micros.unwrap().abs() < 3000);
    // Nobody else sets the tempo.
    stage.command(Command::Tempo(crate::transport::crotchets(60)));
    assert_eq!(stage.said(), ["the tempo is that of the clock of 'Drum'"]);
    // Another tempo of the box is followed within two bars.
    stage.per_minute = 104.0;
    stage.turns(5 * 250, true);
    stage.struck();
    stage.turns(20 * 250, true);
    stage.assert_in_step(30);
}

#[test]
fn the_box_stops_the_music_and_goes_on_with_it() {
    let mut stage = Stage::started();
    stage.turns(1000, true);
    stage.says(ClockMessage::Stop);
    assert_eq!(stage.conductor.playing(), Playing::Stopped);
    stage.struck();
    stage.turns(1000, true);
    assert!(stage.struck().is_empty());
    let next = stage.conductor.timeline().next_bar();
    // It goes on in the middle of a bar of its own: so do we, at its next bar line.
    stage.says(ClockMessage::SongPosition(36));
    (stage.ticks, stage.beats) = (36 * 6, Vec::new());
    stage.says(ClockMessage::Continue);
    let resumed = stage.tick;
    stage.turns(1000, true);
    let line = resumed + 12.0 / 4.0 * 60.0 * 48_000.0 / 97.0;
    let struck = stage.struck();
    assert!((struck[0] as f64 - line).abs() < 3.0 * 48.0, "{} for {line}", struck[0]);
    assert_eq!(stage.conductor.timeline().bar(next).map(|bar| bar.number), Some(next));
    stage.events.clear();
    stage.turns(2500, true);
    assert!(p99(&stage.off()) < 3.0);
}

#[test]
fn who_plays_without_it_is_asked_once_and_taken_along_when_it_comes() {
    let mut stage = Stage::new();
    stage.command(Command::Play);
    stage.turns(500, false);
    assert!(stage.struck().is_empty());
    let waits = "waits for the clock of 'Drum' to start; play once more goes without it".to_owned();
    assert!(stage.said().contains(&waits));
    stage.command(Command::Play);
    stage.turns(1000, false);
    let struck = stage.struck();
    assert!(struck.len() >= 7 && struck.windows(2).all(|pair| pair[1] - pair[0] == 24_000), "{struck:?}");
    // It comes a fifth of a beat late, and slower.
    stage.tick = stage.now as f64 + 4_800.0;
    (stage.ticks, stage.per_minute) = (0, 110.0);
    stage.says(ClockMessage::Start);
    stage.turns(1000, true);
    stage.struck();
    stage.turns(5000, true);
    stage.assert_in_step(30);
    assert!(stage.said().contains(&"the clock of 'Drum' is followed".to_owned()));
    // It goes, and the music does not.
    stage.turns(2500, false);
    let struck = stage.struck();
    assert!(struck.len() >= 17, "{struck:?}");
    let tempo = |pair: &[i64]| 60.0 * 48_000.0 / (pair[1] - pair[0]) as f64;
    assert!(struck.windows(2).all(|pair| (tempo(pair) - 110.0).abs() < 4.0), "{struck:?}");
    assert!(stage.said().contains(&"the clock of 'Drum' has stopped coming: the tempo stays".to_owned()));
    // And back it is.
    stage.turns(1500, true);
    stage.struck();
    stage.turns(2500, true);
    assert!(p99(&stage.off()) < 3.0);
}

#[test]
fn play_while_it_runs_joins_it_at_its_bar_line() {
    let mut stage = Stage::started();
    stage.turns(500, true);
    stage.command(Command::Stop);
    stage.turns(300, true);
    stage.struck();
    stage.command(Command::Play);
    stage.turns(2500, true);
    let (first, line) = (stage.struck()[0] as f64, stage.beats[8]);
    assert!((first - line).abs() < 3.0 * 48.0, "{first} for {line}");
}

#[test]
fn a_box_without_ticks_while_it_stands_is_followed_from_its_first_one() {
    let mut stage = Stage::started();
    stage.turns(1000, true);
    stage.says(ClockMessage::Stop);
    // A minute of silence, then its first tick comes a while after its start.
    stage.turns(15_000, false);
    stage.struck();
    stage.cues(0, ClockMessage::Start);
    stage.tick = stage.now as f64 + 3_000.0;
    let first = stage.tick;
    stage.turns(2500, true);
    let struck = stage.struck();
    assert!((struck[0] as f64 - first).abs() < 3.0 * 48.0, "{} for {first}", struck[0]);
    assert!(struck.len() < 20, "{struck:?}");
    stage.turns(2500, true);
    stage.assert_in_step(10);
}

#[test]
fn a_box_that_begins_its_ticks_anew_is_not_a_tick_late() {
    for part in [0.2, 0.4, 0.6, 0.8] {
        let mut stage = Stage::started();
        stage.turns(1000, true);
        stage.says(ClockMessage::Stop);
        stage.turns(200, true);
        stage.struck();
        // The timer begins again in the middle of two ticks.
        let period = 60.0 * 48_000.0 / (97.0 * PULSES as f64);
        stage.tick = stage.tick - period + part * period;
        stage.cues(0, ClockMessage::Start);
        stage.turns(2500, true);
        stage.assert_in_step(10);
    }
}

#[test]
fn after_a_long_pause_it_is_followed_at_once() {
    let mut stage = Stage::started();
    stage.turns(1000, true);
    stage.command(Command::Stop);
    stage.turns(30_000, true);
    stage.struck();
    stage.command(Command::Play);
    stage.turns(1000, true);
    stage.per_minute = 104.0;
    stage.turns(2000, true);
    stage.struck();
    stage.turns(2500, true);
    stage.assert_in_step(10);
}

#[test]
fn a_song_that_jumps_is_gone_along_with() {
    let mut stage = Stage::started();
    stage.turns(1000, true);
    stage.says(ClockMessage::SongPosition(64));
    (stage.ticks, stage.beats) = (64 * 6, Vec::new());
    stage.turns(500, true);
    stage.struck();
    stage.turns(2500, true);
    stage.assert_in_step(10);
}

#[test]
fn a_box_that_ran_before_anybody_heard_of_it_is_followed_when_play_is_asked_for_once_more() {
    let mut stage = Stage::new();
    stage.turns(500, true);
    stage.command(Command::Play);
    stage.turns(300, true);
    assert!(stage.struck().is_empty());
    stage.command(Command::Play);
    stage.turns(2500, true);
    let said = stage.said();
    assert!(said.iter().any(|text| text.starts_with("goes by the ticks of 'Drum'")), "{said:?}");
    let struck = stage.struck();
    let tempo = |pair: &[i64]| 60.0 * 48_000.0 / (pair[1] - pair[0]) as f64;
    assert!(struck.len() > 10 && struck.windows(2).all(|pair| (tempo(pair) - 97.0).abs() < 2.0), "{struck:?}");
    // Without ticks Play once more is Play.
    let mut stage = Stage::new();
    stage.says(ClockMessage::Start);
    stage.turns(500, false);
    assert!(stage.struck().is_empty());
    stage.command(Command::Play);
    stage.turns(500, false);
    assert!(!stage.struck().is_empty());
}

/// Where a note ends and the next begins there is one frame, however often the tempo map was bent: an end behind the beginning would end it.
#[test]
fn a_note_ends_before_the_next_one_of_its_pitch_begins() {
    let mut stage = Stage::started();
    let text = "X:1\nM:4/4\nL:1/4\nK:C\nV:a by=loop\n[V:a] CCCC |\n";
    let mut led = (*scene(text)).clone();
    led.leader = Some("Drum".into());
    stage.command(Command::Evaluate { scene: Arc::new(led), fresh: false });
    stage.turns(60 * 250, true);
    let mut open = 0;
    let mut events = std::mem::take(&mut stage.events);
    // As the outputs' queues have them.
    events.sort_by_key(|event| (event.at, matches!(event.action, Action::NoteOn { .. })));
    for event in events {
        match event.action {
            Action::NoteOn { .. } => open += 1,
            Action::NoteOff { .. } => open -= 1,
            _ => {}
        }
        assert!((0..=1).contains(&open), "{event:?}");
    }
}
