//! What the hands are for, on virtual time.

use super::super::tests::{conductor, play, run, scene};
use super::super::*;
use super::*;
use crate::event::{Action, Command};

const HAND: &str =
    "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:bass by=loop\nV:keys by=hand\nV:lead by=model\n[V:bass] C,8 |\n";
/// The first bar line, and the length of a bar, in frames.
const FIRST: i64 = 3840;
const BAR: i64 = 96_000;

fn choose(conductor: &mut Conductor, what: Use, now: i64) {
    let command = Command::Use { voice: "keys".to_owned(), what };
    conductor.command(command, Frames(now), &mut |_| {});
}

fn hold(conductor: &mut Conductor, pitch: u8, from: i64, to: i64) {
    let voice = || "keys".to_owned();
    conductor.command(Command::NoteOn { voice: voice(), pitch, velocity: 70 }, Frames(from), &mut |_| {});
    run(conductor, from, to);
    conductor.command(Command::NoteOff { voice: voice(), pitch }, Frames(to), &mut |_| {});
}

fn turn(conductor: &mut Conductor, now: i64) -> Turn {
    let hands = conductor.snapshot(Frames(now)).hands;
    assert_eq!((hands.len(), hands[0].voice.as_str(), hands[0].used), (1, "keys", Use::Trade));
    hands[0].turns.iter().find(|(voice, _)| voice == "lead").expect("the lead answers").1
}

/// The bars in which the lead has notes.
fn answered(conductor: &Conductor) -> Vec<i64> {
    let bars = conductor.timeline().bars().iter();
    bars.filter(|bar| !bar.cells[2].measure.notes.is_empty()).map(|bar| bar.number).collect()
}

/// A hundred calls that begin anywhere and last from an eighth to two and a half bars.
#[test]
fn an_answer_begins_on_the_promised_bar_line_in_a_hundred_of_a_hundred_calls() {
    let mut random = 1_u64;
    let mut below = |most: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((random >> 33) % most) as i64
    };
    let mut conductor = conductor(HAND, "C8\nD8\nE8");
    choose(&mut conductor, Use::Trade, 0);
    play(&mut conductor);
    let mut now = FIRST + BAR;
    let mut struck = run(&mut conductor, 0, now);
    let lead = conductor.slot("lead").unwrap();
    for call in 0..100 {
        let on = now + below(BAR as u64 / 240) * 240;
        let off = on + BAR / 8 + below(5 * BAR as u64 / 2 / 240) * 240;
        struck.extend(run(&mut conductor, now, on));
        assert_eq!(turn(&mut conductor, on), Turn::Waits, "call {call}");
        hold(&mut conductor, 60 + call as u8 % 12, on, off);
        let Turn::Answers { from, bars } = turn(&mut conductor, off) else {
            panic!("call {call}: nothing is promised")
        };
        let line = FIRST + (from - 1) * BAR;
        assert!(line - off <= 2 * BAR, "call {call}: {line} {off}");
        now = line + bars * BAR + 1200;
        let answer = run(&mut conductor, off, now);
        let first = answer.iter().find(|event| matches!(event.action, Action::NoteOn { voice, .. } if voice == lead));
        assert_eq!(first.map(|event| event.at.0), Some(line), "call {call}");
        let promised: Vec<i64> = (from..from + bars).collect();
        let heard = answered(&conductor);
        assert_eq!(heard[heard.len() - promised.len()..], promised, "call {call}");
    }
    let early = struck.iter().filter(|event| matches!(event.action, Action::NoteOn { voice, .. } if voice == lead));
    assert_eq!(early.count(), 0, "the lead plays nothing but answers");
}

#[test]
fn a_hand_that_trades_is_listened_to_and_one_that_plays_a_duet_is_not_waited_for() {
    let mut conductor = conductor(HAND, "C8\nD8");
    let used = |conductor: &mut Conductor| conductor.snapshot(Frames(0)).hands[0].used;
    assert_eq!(used(&mut conductor), Use::Duet);
    play(&mut conductor);
    run(&mut conductor, 0, FIRST + BAR + 1000);
    choose(&mut conductor, Use::Trade, FIRST + BAR + 1000);
    run(&mut conductor, FIRST + BAR + 1000, FIRST + 4 * BAR + 1000);
    let fixed = answered(&conductor).len();
    assert_eq!(answered(&conductor), [1, 2], "nothing was called");
    // Another evaluation does not undo what the performer has chosen.
    let at = Frames(FIRST + 4 * BAR + 1000);
    conductor.command(Command::Evaluate { scene: scene(HAND), fresh: false }, at, &mut |_| {});
    run(&mut conductor, at.0, FIRST + 6 * BAR + 1000);
    assert_eq!((answered(&conductor).len(), used(&mut conductor)), (fixed, Use::Trade));
    choose(&mut conductor, Use::Duet, FIRST + 6 * BAR + 1000);
    run(&mut conductor, FIRST + 6 * BAR + 1000, FIRST + 9 * BAR);
    assert!(answered(&conductor).contains(&8));
}

#[test]
fn the_performer_says_duet_where_the_text_says_trade() {
    let text = HAND.replace("by=model", "by=model trade=keys");
    let mut conductor = conductor(&text, "C8\nD8");
    assert_eq!(turn(&mut conductor, 0), Turn::Waits);
    choose(&mut conductor, Use::Duet, 0);
    play(&mut conductor);
    run(&mut conductor, 0, FIRST + 2 * BAR);
    assert!(answered(&conductor).contains(&1));
}

/// The composer reads the call while the hand plays on: the question is another with each bar that is over, and has its notes.
#[test]
fn the_call_is_read_before_it_is_over() {
    let mut conductor = conductor(HAND, "C8\nD8");
    choose(&mut conductor, Use::Trade, 0);
    play(&mut conductor);
    run(&mut conductor, 0, FIRST + BAR + 1200);
    let before = conductor.timeline().question();
    hold(&mut conductor, 64, FIRST + BAR + 1200, FIRST + BAR + BAR / 4);
    hold(&mut conductor, 67, FIRST + BAR + BAR / 2, FIRST + 3 * BAR + 1200);
    let prompt = conductor.timeline().prompt(4);
    let second = &prompt.bars[(2 - prompt.first_bar) as usize];
    assert_eq!(second.cells[1].as_deref(), Some("E2 z2 G4-"));
    assert_ne!(conductor.timeline().question(), before);
    assert_eq!(conductor.asked.map(|asked| asked.question), Some(conductor.timeline().question()));
}

#[test]
fn only_a_hand_has_a_use() {
    let mut conductor = conductor(HAND, "C8");
    conductor.messages();
    conductor.command(Command::Use { voice: "bass".to_owned(), what: Use::Trade }, Frames(0), &mut |_| {});
    let said: Vec<String> = conductor.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(said, ["bass is not played by hand: by=hand makes it so"]);
}

fn texts(conductor: &Conductor, voice: usize, bars: std::ops::RangeInclusive<i64>) -> Vec<String> {
    let bar = |number| conductor.timeline().bar(number).expect("it was heard");
    bars.map(|number| bar(number).cells[voice].text.clone()).collect()
}

#[test]
fn what_was_played_goes_round_and_what_is_played_is_added() {
    let mut conductor = conductor(HAND, "C8\nD8");
    let line = |bar: i64| FIRST + (bar - 1) * BAR;
    play(&mut conductor);
    run(&mut conductor, 0, line(2));
    hold(&mut conductor, 60, line(2), line(2) + BAR / 2);
    run(&mut conductor, line(2) + BAR / 2, line(3));
    hold(&mut conductor, 64, line(3), line(3) + BAR / 2);
    run(&mut conductor, line(3) + BAR / 2, line(4) + 1200);
    choose(&mut conductor, Use::Loop, line(4) + 1200);
    assert!(conductor.snapshot(Frames(line(4) + 1200)).hands[0].goes_round);
    run(&mut conductor, line(4) + 1200, line(5) + BAR / 2);
    hold(&mut conductor, 67, line(5) + BAR / 2, line(5) + 3 * BAR / 4);
    let seen = run(&mut conductor, line(5) + 3 * BAR / 4, line(9) + 1200);
    assert_eq!(texts(&conductor, 1, 4..=8), ["z8", "C4 z4", "E4 z4", "C4 G2 z2", "E4 z4"]);
    let fifth = conductor.timeline().bar(5).expect("it was heard");
    assert_eq!(conductor.timeline().cell(fifth, 1).text, "C4 G2 z2", "it is shown where it was played");
    let keys = conductor.slot("keys").unwrap();
    let sent = |pitch: u8, velocity: u8| {
        let on = Action::NoteOn { voice: keys, pitch, velocity };
        seen.iter().filter(|event| event.action == on).map(|event| event.at.0).collect::<Vec<_>>()
    };
    assert_eq!(sent(67, 70), [line(7) + BAR / 2], "as hard as it was struck, on its place");
    choose(&mut conductor, Use::Loop, line(9) + 1200);
    run(&mut conductor, line(9) + 1200, line(12));
    assert_eq!(texts(&conductor, 1, 10..=11), ["z8", "z8"]);
}

#[test]
fn what_was_played_is_the_models_beginning() {
    let mut conductor = conductor(HAND, "C8\nD8");
    let line = |bar: i64| FIRST + (bar - 1) * BAR;
    choose(&mut conductor, Use::Seed, 0);
    play(&mut conductor);
    run(&mut conductor, 0, line(2));
    hold(&mut conductor, 67, line(2), line(2) + BAR / 2);
    run(&mut conductor, line(2) + BAR / 2, line(3) + 1200);
    conductor.messages();
    choose(&mut conductor, Use::Seed, line(3) + 1200);
    let said: Vec<String> = conductor.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(said, ["lead begins with bar 2 of keys in bar 4, and goes on from there"]);
    run(&mut conductor, line(3) + 1200, line(6));
    assert_eq!(texts(&conductor, 2, 4..=4), ["G4 z4"]);
    assert_ne!(texts(&conductor, 2, 5..=5), ["G4 z4"]);
}

/// Other music comes; what is played meanwhile is not the loop's, and the key makes a loop of it at once.
#[test]
fn a_loop_rests_in_other_music_and_nothing_is_added_to_it() {
    let mut conductor = conductor(HAND, "C8\nD8");
    let line = |bar: i64| FIRST + (bar - 1) * BAR;
    play(&mut conductor);
    run(&mut conductor, 0, line(2));
    hold(&mut conductor, 60, line(2), line(2) + BAR / 2);
    run(&mut conductor, line(2) + BAR / 2, line(3) + 1200);
    choose(&mut conductor, Use::Loop, line(3) + 1200);
    run(&mut conductor, line(3) + 1200, line(6) + 1200);
    assert_eq!(texts(&conductor, 1, 5..=6), ["C4 z4"; 2]);
    let other = scene(&HAND.replace("M:4/4", "M:3/4").replace("C,8", "C,6"));
    let now = Frames(line(6) + 1200);
    conductor.command(Command::Evaluate { scene: other, fresh: false }, now, &mut |_| {});
    let at = |conductor: &Conductor, bar: i64| {
        let bar = conductor.timeline().bar(bar).map(|bar| bar.start);
        conductor.transport().frame_of(bar.expect("a bar")).0
    };
    run(&mut conductor, line(6) + 1200, line(9));
    let threes = conductor.timeline().bars().iter().find(|bar| bar.scene.meter.to_string() == "3/4");
    let first = threes.expect("a bar of the other music").number;
    assert!(!conductor.snapshot(Frames(line(9))).hands[0].goes_round);
    let on = at(&conductor, first) + 3 * BAR;
    run(&mut conductor, line(9), on);
    hold(&mut conductor, 67, on, on + BAR / 4);
    run(&mut conductor, on + BAR / 4, on + BAR);
    conductor.messages();
    choose(&mut conductor, Use::Loop, on + BAR);
    let said: Vec<String> = conductor.messages().into_iter().map(|message| message.text).collect();
    assert!(said[0].contains("again and again"), "{said:?}");
    run(&mut conductor, on + BAR, on + 8 * BAR);
    let last = conductor.timeline().next_bar() - 1;
    let texts = texts(&conductor, 1, first..=last);
    assert!(texts.iter().all(|text| !text.contains('C')), "the old loop: {texts:?}");
    assert!(texts.iter().any(|text| text.contains('G')), "the new one: {texts:?}");
}
