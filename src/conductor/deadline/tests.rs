//! When bars are fixed, and what is waited for: the conductor with a composer that is slow, or late.

use std::sync::Arc;

use super::super::tests::{RATE, TWO_VOICES, play, run, scene};
use super::super::*;
use super::*;
use crate::event::Author;

/// A composer that only writes down what it was asked.
struct Asked(Arc<std::sync::Mutex<Vec<Prompt>>>);

impl Composer for Asked {
    fn ask(&mut self, prompt: &Prompt) {
        self.0.lock().unwrap().push(prompt.clone());
    }

    fn poll(&mut self) -> Option<Reply> {
        None
    }
}

#[test]
fn the_composer_is_told_how_long_it_has() {
    let asked = |pace| {
        let prompts = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut conductor = Conductor::new(&scene(TWO_VOICES), Box::new(Asked(Arc::clone(&prompts))), RATE, 1, pace);
        conductor.set_candidates(3);
        conductor.advance(Frames(0), &mut |_| {});
        play(&mut conductor);
        run(&mut conductor, 0, 3 * 96_000);
        prompts.lock().unwrap().clone()
    };
    let live = asked(Pace::Live);
    assert_eq!((live[0].due, live[0].candidates), (None, 3), "nobody waits before it plays");
    assert_eq!(live[1].due.map(|due| due.left_ms), Some(PATIENCE.as_millis() as u32), "the first bar is waited for");
    let later: Vec<Due> = live[2..].iter().filter_map(|prompt| prompt.due).collect();
    assert!(later.len() >= 2);
    for due in later {
        // A bar lasts two seconds; what was just committed was so at its commit point, one bar before the next.
        assert_eq!(due.bar_ms, 2000);
        assert!((1900..=2000).contains(&due.left_ms), "{due:?}");
        assert_eq!(due.until(due.bar + 2), u64::from(due.left_ms) + 4000);
        assert_eq!(due.until(due.bar - 1), u64::from(due.left_ms));
    }
    assert!(asked(Pace::Offline).iter().all(|prompt| prompt.due.is_none()));
}

/// A composer whose replies are put in by hand, one a poll.
struct Fed(Arc<std::sync::Mutex<Vec<Prompt>>>, Arc<std::sync::Mutex<Vec<Reply>>>);

impl Composer for Fed {
    fn ask(&mut self, prompt: &Prompt) {
        self.0.lock().unwrap().push(prompt.clone());
    }

    fn poll(&mut self) -> Option<Reply> {
        self.1.lock().unwrap().pop()
    }
}

/// A conductor that plays live, what it asks, and what it is answered.
struct Live {
    conductor: Conductor,
    asked: Arc<std::sync::Mutex<Vec<Prompt>>>,
    replies: Arc<std::sync::Mutex<Vec<Reply>>>,
}

impl Live {
    fn new(text: &str) -> Live {
        let (asked, replies) = Default::default();
        let composer = Fed(Arc::clone(&asked), Arc::clone(&replies));
        Live { conductor: Conductor::new(&scene(text), Box::new(composer), RATE, 1, Pace::Live), asked, replies }
    }

    fn answer(&mut self, reply: Reply, now: i64) {
        self.replies.lock().unwrap().push(reply);
        self.conductor.advance(Frames(now), &mut |_| {});
    }

    fn bar(&self, number: i64, text: &str, closed: bool, micros: u64) -> Reply {
        let asked = self.asked.lock().unwrap();
        let prompt = asked.last().unwrap();
        let voice = prompt.voices.iter().position(|voice| voice.composed).unwrap();
        Reply::Bar(ComposedBar {
            revision: prompt.revision,
            attempt: prompt.attempt,
            number,
            cells: vec![(voice, text.into())],
            drafts: Vec::new(),
            closed: if closed { vec![voice] } else { Vec::new() },
            tokens: 8,
            micros,
        })
    }

    fn last_asked(&self) -> Prompt {
        self.asked.lock().unwrap().last().unwrap().clone()
    }

    fn said(&mut self) -> Vec<String> {
        self.conductor.messages().into_iter().map(|message| message.text).collect()
    }
}

fn ready(bar_ms: u64) -> Reply {
    Reply::Ready { model: "guest".into(), bar_micros: bar_ms * 1000 }
}

#[test]
fn a_composer_that_begins_anew_is_asked_anew() {
    let mut live = Live::new(TWO_VOICES);
    play(&mut live.conductor);
    live.conductor.advance(Frames(0), &mut |_| {});
    let first = live.last_asked().due.unwrap();
    let before = live.asked.lock().unwrap().len();
    live.conductor.advance(Frames(48_000), &mut |_| {});
    assert_eq!(live.asked.lock().unwrap().len(), before, "nothing has changed");
    live.answer(ready(20), 48_000);
    live.conductor.advance(Frames(48_240), &mut |_| {});
    assert_eq!(live.asked.lock().unwrap().len(), before + 1);
    // The deadlines are those of now, a second later.
    assert_eq!(live.last_asked().due.unwrap().left_ms + 1000, first.left_ms);
}

#[test]
fn the_measured_speed_and_the_way_set_the_commit_point() {
    // ms of a bar of one voice, ms of the way; ms from the commit point to the bar line. Two seconds are a bar.
    for (work, way, lead) in
        [(0, 0, 120), (20, 0, 120), (100, 0, 200), (100, 30, 230), (700, 0, 1400), (1500, 40, 2000)]
    {
        let mut live = Live::new(TWO_VOICES);
        live.answer(Reply::RoundTrip { micros: way * 1000 }, 0);
        live.answer(ready(work), 0);
        play(&mut live.conductor);
        run(&mut live.conductor, 0, 96_000);
        let commits: Vec<i64> = (0..4 * 96_000)
            .step_by(48)
            .filter(|&now| {
                let before = live.conductor.timeline().next_bar();
                live.conductor.advance(Frames(96_000 + now), &mut |_| {});
                live.conductor.timeline().next_bar() > before
            })
            .collect();
        let start = RATE.frames_in(START_LEAD).0;
        let early = (96_000 - (96_000 + commits[1] - start) % 96_000) % 96_000 / 48;
        assert_eq!(early.rem_euclid(2000), lead % 2000, "{work} ms of work, {way} ms of way");
        // What the child is told is less by the way there and back.
        let due = live.last_asked().due.unwrap();
        assert_eq!(i64::from(due.left_ms) + way as i64, 2000, "{due:?}");
    }
}

#[test]
fn the_first_bar_is_waited_for_as_long_as_it_takes() {
    const ALONE: &str = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:lead\n";
    for (work, patience) in [(0, 700), (100, 700), (600, 1200), (5000, 2000)] {
        let mut live = Live::new(ALONE);
        live.answer(ready(work), 0);
        play(&mut live.conductor);
        let begins = (0..10_000).map(|ms| ms * 48).find(|&now| {
            live.conductor.advance(Frames(now), &mut |_| {});
            !live.conductor.timeline().bars().is_empty()
        });
        // The first bar is fixed as soon as it is known when it begins.
        assert_eq!(begins, Some(patience * 48), "{work} ms of work");
    }
}

#[test]
fn a_composer_that_is_too_slow_is_said_so_once_and_works_further_ahead() {
    let mut live = Live::new(TWO_VOICES);
    live.answer(ready(2500), 0);
    let slow = "guest writes 0.4 bars a second, this tempo needs 0.5 for one voice: it joins in at phrase lines";
    assert_eq!(live.said(), ["composer ready: guest", slow]);
    live.conductor.advance(Frames(1), &mut |_| {});
    // The phrase that can be reached is in sight: two bars of work, and four of a phrase.
    assert_eq!(live.last_asked().bars.len(), 6);
    play(&mut live.conductor);
    run(&mut live.conductor, 0, 4 * 96_000);
    let number = live.conductor.timeline().next_bar();
    live.answer(live.bar(number, "E8", false, 2_400_000), 4 * 96_000);
    assert_eq!(live.said(), [""; 0], "nothing has changed");
    for at in 1..12 {
        live.answer(live.bar(number, "E8", false, 500_000), 4 * 96_000 + at);
    }
    let fast = "guest writes 2.0 bars a second, this tempo needs 0.5 for one voice: it keeps up again";
    assert_eq!(live.said(), [fast]);
    // Another tempo may be too much again; at the next bar line it is known.
    let faster = scene(&TWO_VOICES.replace("1/4=120", "1/4=500").replace("L:1/8", "L:1/8\n% busy"));
    live.conductor.command(Command::Evaluate { scene: faster, fresh: false }, Frames(4 * 96_000 + 20), &mut |_| {});
    run(&mut live.conductor, 4 * 96_000 + 20, 6 * 96_000);
    let said = live.said().join("\n");
    assert!(said.contains("guest writes 2.0 bars a second, this tempo needs 2.1 for one voice: it joins in"), "{said}");
}

#[test]
fn a_bar_that_was_closed_by_force_counts_as_the_ladders() {
    let mut live = Live::new(TWO_VOICES);
    play(&mut live.conductor);
    live.conductor.advance(Frames(0), &mut |_| {});
    let closed = live.bar(3, "E4 z4", true, 1_000_000);
    live.answer(closed, 240);
    let whole = live.bar(4, "F8", false, 1_000_000);
    live.answer(whole, 480);
    run(&mut live.conductor, 480, 5 * 96_000);
    let bars = live.conductor.timeline().bars();
    let made: Vec<(Author, &str)> = bars.iter().map(|bar| (bar.cells[1].by, bar.cells[1].text.as_str())).collect();
    assert_eq!(made[2..4], [(Author::Ladder(2), "E4 z4"), (Author::Model, "F8")]);
    assert_eq!(live.conductor.tally().ladder as usize, bars.len() - 3);
    assert_eq!(live.conductor.tally().refused, 0);
}

#[test]
fn after_a_stop_nobody_waits() {
    let prompts = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut conductor = Conductor::new(&scene(TWO_VOICES), Box::new(Asked(Arc::clone(&prompts))), RATE, 1, Pace::Live);
    let last = |conductor: &mut Conductor, now| {
        conductor.advance(Frames(now), &mut |_| {});
        let prompts = prompts.lock().unwrap();
        (prompts.len(), prompts.last().unwrap().due.is_some())
    };
    play(&mut conductor);
    // The first bar begins at once, and is fixed in the same step.
    assert_eq!(last(&mut conductor, 0), (2, true));
    conductor.command(Command::Stop, Frames(480), &mut |_| {});
    assert_eq!(last(&mut conductor, 480), (3, false));
    assert_eq!(last(&mut conductor, 960), (3, false));
}
