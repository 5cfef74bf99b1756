//! Edits while the music plays, with the real model in its process: each is heard from the bar line that was shown, and the model answers it.
#![cfg(all(unix, feature = "llama"))]

#[path = "common/program.rs"]
mod program;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barline::compose::link::{Link, Spawn};
use barline::compose::sample::Rng;
use barline::conductor::{Conductor, Pace};
use barline::event::{Author, Command};
use barline::prompt::{Scene, read};
use barline::steer::Lexicon;
use barline::time::{Frames, SampleRate};

const RATE: SampleRate = SampleRate(48_000);

/// A scene as an edit leaves it, at 120 bpm; loop, words, key, range and metre are drawn.
fn scene(rng: &mut Rng) -> Arc<Scene> {
    let mut one_of = |choices: &[&'static str]| choices[rng.below(choices.len())];
    let (meter, bass) = [("4/4", "8"), ("3/4", "6"), ("6/8", "6")][one_of(&["", " ", "  "]).len()];
    let words = [one_of(&["low", "middle", "high"]), one_of(&["sparse", "busy"]), one_of(&["rising", "falling", ""])];
    let key = one_of(&["G", "Am", "Ddor", "Eb"]);
    let range = one_of(&["D..d'", "G,..g", "A,..a'"]);
    let note = one_of(&["G,,", "D,", "E,,"]);
    let text = format!(
        "X:1\n% {}\nM:{meter}\nL:1/8\nQ:1/4=120\nK:{key}\nV:bass by=loop\nV:lead range={range}\n[V:bass] {note}{bass} |\n",
        words.join(" ")
    );
    let (mut scenes, said) = read(Path::new("edit.abc"), &text, &[], &Lexicon::default());
    assert!(!barline::prompt::has_errors(&said), "{text}{said:?}");
    Arc::new(scenes.remove(0))
}

/// Plays through so many edits; gives the time from each to its answer, and how many first bars the model had written by then.
fn edits(count: usize) -> Option<(Vec<Duration>, usize)> {
    let model = program::model()?;
    let mut rng = Rng::new(5, 0, 0, 0);
    let spawn = Spawn {
        program: env!("CARGO_BIN_EXE_barline").into(),
        arguments: vec!["compose".into(), "--model".into(), model.into()],
        environment: false,
        log: None,
    };
    let mut conductor = Conductor::new(&scene(&mut rng), Box::new(Link::start(spawn)), RATE, 1, Pace::Live);
    let started = Instant::now();
    let now = || Frames((started.elapsed().as_micros() * 48 / 1000) as i64);
    // A turn of the scheduler.
    let turn = |conductor: &mut Conductor| {
        std::thread::sleep(Duration::from_millis(1));
        conductor.advance(now(), &mut |_| {});
        assert!(started.elapsed() < Duration::from_secs(60 + 10 * count as u64), "it stands still");
    };
    while conductor.timeline().known_ahead(2) < 2 {
        turn(&mut conductor);
    }
    conductor.command(Command::Play, now(), &mut |_| {});
    let (mut works, mut answered) = (Vec::new(), 0);
    for _ in 0..count {
        let until = Instant::now() + Duration::from_millis(rng.below(2000) as u64);
        while Instant::now() < until {
            turn(&mut conductor);
        }
        let edited = scene(&mut rng);
        let begun = Instant::now();
        conductor.command(Command::Evaluate { scene: Arc::clone(&edited), fresh: false }, now(), &mut |_| {});
        let shown = conductor.timeline().heard_from().expect("the bar line is shown");
        while conductor.timeline().planned(shown, 1).is_none() && conductor.timeline().next_bar() <= shown {
            turn(&mut conductor);
        }
        let work = begun.elapsed();
        while conductor.timeline().next_bar() <= shown {
            turn(&mut conductor);
        }
        let bars = conductor.timeline().bars();
        let [before, bar] = [shown - 1, shown].map(|number| bars.iter().find(|bar| bar.number == number));
        let bar = bar.expect("the bar is fixed");
        assert!(Arc::ptr_eq(&bar.scene, &edited), "bar {shown} is another text's");
        if bar.cells[1].by == Author::Model {
            answered += 1;
        } else {
            println!("bar {shown}, committed {work:?} after the edit, is by {:?}", bar.cells[1].by);
        }
        works.push(work);
        assert!(before.is_none_or(|bar| !Arc::ptr_eq(&bar.scene, &edited)), "heard before it was shown");
    }
    Some((works, answered))
}

#[test]
fn an_edit_is_heard_from_the_bar_that_was_shown() {
    // How fast the model is depends on what else the machine does; which bar line it is does not.
    if let Some((works, answered)) = edits(4) {
        println!("from edit to answer: {works:?}; {answered} by the model");
    }
}

#[test]
#[ignore = "some ten minutes"]
fn soak_two_hundred_edits() {
    let Some((mut works, answered)) = edits(200) else { return };
    works.sort_unstable();
    println!("200 edits, each heard from the bar that was shown; work {:?}, at most {:?}", works[100], works[199]);
    println!("a tenth above {:?}; the ten longest: {:?}", works[180], &works[190..]);
    assert_eq!(answered, 200);
    assert!(works[199] <= Duration::from_millis(150), "{:?}", works[199]);
}
