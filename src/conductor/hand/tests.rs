//! Notes by hand, through the conductor.

use super::super::tests::{conductor, play, run};
use super::super::*;
use super::*;

const HAND: &str = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:keys by=hand\nV:lead by=model\n";
/// The first bar line, and the length of a bar, in frames.
const FIRST: i64 = 3840;
const BAR: i64 = 96_000;

fn by_hand(conductor: &mut Conductor, pitch: u8, on: i64, off: i64) -> Vec<ScheduledEvent> {
    let mut sent = Vec::new();
    let mut now = on.max(0);
    let voice = || "keys".to_owned();
    conductor
        .command(Command::NoteOn { voice: voice(), pitch, velocity: 70 }, Frames(now), &mut |event| sent.push(event));
    while now + 240 < off {
        now += 240;
        conductor.advance(Frames(now), &mut |_| {});
    }
    conductor.command(Command::NoteOff { voice: voice(), pitch }, Frames(off), &mut |event| sent.push(event));
    sent
}

#[test]
fn a_note_by_hand_sounds_at_once_and_is_heard_by_the_model_when_its_bar_is_over() {
    let mut conductor = conductor(HAND, "C8\nD8");
    play(&mut conductor);
    run(&mut conductor, 0, FIRST + BAR + 1000);
    let keys = conductor.slot("keys").unwrap();
    let (on, off) = (FIRST + BAR + 1234, FIRST + BAR + 23_000);
    let sent = by_hand(&mut conductor, 62, on, off);
    let expected = [
        ScheduledEvent { at: Frames(on), action: Action::NoteOn { voice: keys, pitch: 62, velocity: 70 } },
        ScheduledEvent { at: Frames(off), action: Action::NoteOff { voice: keys, pitch: 62 } },
    ];
    assert_eq!(sent, expected);
    let question = conductor.timeline().question();
    let asked = |conductor: &Conductor| {
        let prompt = conductor.timeline().prompt(2);
        let bars = prompt.bars.iter().map(|bar| bar.cells[0].clone().unwrap_or_default());
        bars.collect::<Vec<_>>()
    };
    assert_eq!(asked(&conductor), ["z8", "z8", "z8", "z8"]);
    // Half a beat of silence, and what was played so far is in the view; it is asked about anew.
    run(&mut conductor, off, off + 15_000);
    assert_eq!(asked(&conductor), ["z8", "D2 z6", "z8", "z8"]);
    assert_ne!(conductor.timeline().question(), question);
    // What is committed is as it was, and nothing sounds again.
    let later = run(&mut conductor, off + 15_000, FIRST + 4 * BAR);
    let again = |event: &&ScheduledEvent| matches!(event.action, Action::NoteOn { voice, .. } if voice == keys);
    assert_eq!(later.iter().filter(again).count(), 0);
    let second = &conductor.timeline().bars()[1];
    assert_eq!((second.cells[0].text.as_str(), second.cells[0].by), ("z8", Author::Hand));
    assert_eq!(conductor.timeline().cell(second, 0).text, "D2 z6");
    let view = conductor.snapshot(Frames(FIRST + 4 * BAR)).bars;
    let shown = view.iter().find(|bar| bar.number == 2).and_then(|bar| bar.parts[0].cell()).unwrap();
    assert_eq!((shown.text.as_str(), shown.by), ("D2 z6", Author::Hand));
}

#[test]
fn a_hand_is_heard_while_the_rest_is_hushed_and_not_when_it_is_muted() {
    let mut conductor = conductor(HAND, "C8\nD8");
    assert_eq!(by_hand(&mut conductor, 60, 0, 10).len(), 2, "nothing plays, and it sounds");
    play(&mut conductor);
    run(&mut conductor, 0, FIRST + 1000);
    conductor.command(Command::Hush, Frames(FIRST + 1000), &mut |_| {});
    assert_eq!(by_hand(&mut conductor, 60, FIRST + 1000, FIRST + 9000).len(), 2);
    conductor.command(Command::Mute { voice: "keys".into(), muted: true }, Frames(FIRST + 9000), &mut |_| {});
    assert_eq!(by_hand(&mut conductor, 60, FIRST + 12_000, FIRST + 20_000), []);
    conductor.command(Command::Mute { voice: "keys".into(), muted: false }, Frames(FIRST + 20_000), &mut |_| {});
    // A note that a stop has ended has no end of its own.
    let note = Command::NoteOn { voice: "keys".to_owned(), pitch: 64, velocity: 70 };
    conductor.command(note, Frames(FIRST + 24_000), &mut |_| {});
    conductor.command(Command::Stop, Frames(FIRST + 36_000), &mut |_| {});
    let mut sent = Vec::new();
    let end = Command::NoteOff { voice: "keys".to_owned(), pitch: 64 };
    conductor.command(end, Frames(FIRST + 48_000), &mut |event| sent.push(event));
    assert_eq!(sent, []);
    let first = &conductor.timeline().bars()[0];
    assert_eq!(conductor.timeline().cell(first, 0).text, "CC Ez4z");
}

#[test]
fn a_note_that_is_held_when_its_voice_is_no_hands_any_more_ends_there_and_nobody_waits_for_it() {
    let hand = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:keys by=hand\nV:lead by=model trade=keys\n";
    let none = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:keys by=loop\nV:lead by=model\n[V:keys] C8 |\n";
    let mut conductor = conductor(hand, "D8\nE8");
    let strike = || Command::NoteOn { voice: "keys".to_owned(), pitch: 64, velocity: 70 };
    let release = || Command::NoteOff { voice: "keys".to_owned(), pitch: 64 };
    let line = |bar: i64| FIRST + (bar - 1) * BAR;
    play(&mut conductor);
    let mut sent = Vec::new();
    for (from, to, command) in [
        (0, line(1) + BAR / 2, strike()),
        (line(1) + BAR / 2, line(2), Command::Evaluate { scene: super::super::tests::scene(none), fresh: false }),
        (line(2), line(5), Command::Evaluate { scene: super::super::tests::scene(hand), fresh: false }),
        // It was held all the time; then there is another call.
        (line(5), line(7), release()),
        (line(7), line(7) + BAR / 8, strike()),
        (line(7) + BAR / 8, line(7) + BAR / 4, release()),
    ] {
        run(&mut conductor, from, to);
        conductor.command(command, Frames(to), &mut |event| sent.push(event.action));
    }
    run(&mut conductor, line(7) + BAR / 4, line(11));
    let bars = conductor.timeline().bars();
    let keys: Vec<String> = bars.iter().map(|bar| conductor.timeline().cell(bar, 0).text.clone()).collect();
    let lead: Vec<&str> = bars.iter().map(|bar| bar.cells[1].text.as_str()).collect();
    assert_eq!(keys[..10].join(" | "), "z4 E4- | E8 | C8 | C8 | C8 | z8 | zE z6 | z8 | z8 | z8");
    assert_eq!((lead[6], lead[8]), ("z8", "z8"), "it listens");
    assert_ne!(lead[7], "z8", "and answers");
    let keys = conductor.slot("keys").unwrap();
    let off = Action::NoteOff { voice: keys, pitch: 64 };
    assert_eq!(sent.iter().filter(|action| **action == off).count(), 2, "it sounded as long as it was held");
}

#[test]
fn what_is_struck_just_before_a_line_stands_on_it_and_what_hangs_over_it_ends_there() {
    let mut conductor = conductor(HAND, "C8");
    play(&mut conductor);
    let line = |bar: i64| FIRST + (bar - 1) * BAR;
    let texts = |conductor: &Conductor| -> Vec<String> {
        let bars = conductor.timeline().bars();
        bars.iter().map(|bar| conductor.timeline().cell(bar, 0).text.clone()).collect()
    };
    // From beat 4 to a little over the line; the next one from a little before a line on.
    run(&mut conductor, 0, line(1) + BAR * 3 / 4);
    by_hand(&mut conductor, 60, line(1) + BAR * 3 / 4, line(2) + 2400);
    assert_eq!(texts(&conductor)[0], "z6 C2", "it is shown at once");
    run(&mut conductor, line(2) + 2400, line(3) - 1200);
    by_hand(&mut conductor, 64, line(3) - 1200, line(3) + BAR / 4);
    run(&mut conductor, line(3) + BAR / 4, line(4) + BAR / 2);
    assert_eq!(texts(&conductor)[..3].join(" | "), "z6 C2 | z8 | E2 z6");
    // What is still held when the line is past is tied.
    by_hand(&mut conductor, 65, line(4) + BAR / 2, line(5) + BAR / 4);
    run(&mut conductor, line(5) + BAR / 4, line(6) + BAR / 8);
    assert_eq!(texts(&conductor)[3..5].join(" | "), "z4 F4- | F2 z6");
    let mut written = conductor.take_played();
    written.sort();
    let bars: Vec<i64> = written.into_iter().map(|(bar, _)| bar).collect();
    assert_eq!(bars, [1, 3, 4, 5], "each once");
}

/// A played bar is spelled in its scene's key.
#[test]
fn a_hand_is_written_in_the_key_and_with_the_swing_of_its_voice() {
    let text = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:Cm\nV:keys by=hand swing=66%\nV:lead by=model\n";
    let mut conductor = conductor(text, "C8\nD8");
    play(&mut conductor);
    let beat = BAR / 4;
    run(&mut conductor, 0, FIRST);
    for (pitch, on, off) in [(63, 0, 62), (68, 66, 100), (61, 100, 160), (60, 166, 200), (66, 200, 260), (67, 266, 300)]
    {
        by_hand(&mut conductor, pitch, FIRST + beat * on / 100, FIRST + beat * off / 100);
    }
    run(&mut conductor, FIRST + BAR, FIRST + BAR + BAR / 4);
    let first = &conductor.timeline().bars()[0];
    assert_eq!(conductor.timeline().cell(first, 0).text, "EA _DC ^FG z2");
}

#[test]
fn a_voice_that_listens_is_ready() {
    let text = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:keys by=hand\nV:lead by=model trade=keys\n";
    let silent = Box::new(crate::compose::Silent);
    let mut conductor =
        Conductor::new(&super::super::tests::scene(text), silent, super::super::tests::RATE, 1, Pace::Offline);
    conductor.advance(Frames(0), &mut |_| {});
    assert_eq!(conductor.timeline().known_ahead(4), 4, "its rests are known, although nobody has written a bar");
}

/// The frames go on by whole periods of the sound: a pad's stroke may begin and end on one, where its end would be done first.
#[test]
fn a_note_that_is_shorter_than_a_period_ends_behind_its_beginning() {
    let mut conductor = conductor(HAND, "C8");
    let sent = by_hand(&mut conductor, 60, 1024, 1024);
    assert_eq!(sent.len(), 1, "{sent:?}");
    let mut later = Vec::new();
    conductor.advance(Frames(1024), &mut |event| later.push(event));
    assert_eq!(later, []);
    conductor.advance(Frames(1536), &mut |event| later.push(event));
    conductor.advance(Frames(2048), &mut |event| later.push(event));
    let keys = conductor.slot("keys").unwrap();
    assert_eq!(later, [ScheduledEvent { at: Frames(1536), action: Action::NoteOff { voice: keys, pitch: 60 } }]);
}
