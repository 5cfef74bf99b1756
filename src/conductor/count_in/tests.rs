//! What is counted, on which frames, and what the music does about it.

use num_rational::Ratio;

use super::super::tests::{RATE, TWO_VOICES, play, run, scene};
use super::super::*;
use super::*;
use crate::compose::Silent;
use crate::event::{BarState, ClockMessage};
use crate::rig::ClockPort;
use crate::transport::crotchets;

/// From the decision to play to what is heard first, and a bar of 4/4 at 120, in frames.
const LEAD: i64 = 3_840;
const BAR: i64 = 96_000;

fn counting(text: &str) -> Conductor {
    let mut conductor = Conductor::new(&scene(text), Box::new(Silent), RATE, 1, Pace::Offline);
    conductor.command(Command::CountIn(true), Frames(0), &mut |_| {});
    conductor
}

/// A loop of one bar in a metre.
fn tune(meter: &str, bar: &str) -> String {
    format!("X:1\nM:{meter}\nL:1/8\nQ:1/4=120\nK:C\nV:a by=loop\n[V:a] {bar} |\n")
}

/// Frames and pitches of what is struck, of the count-in and of the music.
fn struck(events: &[ScheduledEvent]) -> (Vec<(i64, u8)>, Vec<i64>) {
    let (mut clicks, mut music) = (Vec::new(), Vec::new());
    for event in events {
        match event.action {
            Action::NoteOn { voice: VoiceSlot::COUNT_IN, pitch, .. } => clicks.push((event.at.0, pitch)),
            Action::NoteOn { .. } => music.push(event.at.0),
            _ => {}
        }
    }
    (clicks, music)
}

fn frames(clicks: &[(i64, u8)]) -> Vec<i64> {
    clicks.iter().map(|(at, _)| *at).collect()
}

#[test]
fn a_bar_is_counted_on_exact_frames() {
    // The metre, a bar of it, crotchets a minute, how many felt beats, and how many quavers each has.
    for (meter, bar, tempo, beats, quavers) in [
        ("4/4", "C8", (120, 1), 4, 2),
        ("4/4", "C8", (1371, 10), 4, 2),
        ("3/4", "C6", (97, 1), 3, 2),
        ("6/8", "C6", (1853, 20), 2, 3),
        ("9/8", "C9", (200, 3), 3, 3),
        ("5/8", "C5", (311, 2), 5, 1),
        ("3/8", "C3", (90, 1), 1, 3),
    ] {
        let mut conductor = counting(&tune(meter, bar));
        let crotchets = Tempo(Ratio::new(tempo.0, tempo.1));
        conductor.command(Command::Tempo(crotchets), Frames(0), &mut |_| {});
        play(&mut conductor);
        let (mut clicks, mut music, mut now) = (Vec::new(), Vec::new(), 0);
        while now < LEAD + 4 * BAR {
            conductor.advance(Frames(now), &mut |event| {
                assert!(event.at.0 >= now, "{meter}: {event:?} leaves at {now}");
                let struck = struck(&[event]);
                clicks.extend(struck.0);
                music.extend(struck.1);
            });
            now += 240;
        }
        let beat = Ratio::new(quavers * 30 * 48_000 * tempo.1, tempo.0);
        let at = |beats: i64| LEAD + (beat * beats).round().to_integer();
        assert_eq!(frames(&clicks), (0..beats).map(at).collect::<Vec<_>>(), "{meter} at {tempo:?}");
        assert!(clicks[1..].iter().all(|(_, pitch)| *pitch < clicks[0].1), "the first one is higher");
        assert_eq!(music[0], at(beats), "{meter} at {tempo:?}");
        assert_eq!(conductor.timeline().bars()[0].number, 1);
        assert_eq!(conductor.transport().frame_of(Beats::ZERO).0, at(beats));
    }
}

#[test]
fn who_does_not_ask_for_it_gets_none() {
    let mut conductor = counting(TWO_VOICES);
    conductor.command(Command::CountIn(false), Frames(0), &mut |_| {});
    play(&mut conductor);
    let (clicks, music) = struck(&run(&mut conductor, 0, BAR));
    assert_eq!((clicks, music[0]), (vec![], LEAD));
    // Out of a hush the music comes at once, and one that plays is not begun again.
    conductor.command(Command::CountIn(true), Frames(BAR), &mut |_| {});
    conductor.command(Command::Hush, Frames(BAR), &mut |_| {});
    conductor.command(Command::Play, Frames(BAR), &mut |_| {});
    conductor.command(Command::Play, Frames(BAR), &mut |_| {});
    let (clicks, music) = struck(&run(&mut conductor, BAR, 2 * BAR));
    assert_eq!((clicks, music[0]), (vec![], LEAD + BAR));
}

#[test]
fn every_click_ends() {
    let mut conductor = counting(TWO_VOICES);
    play(&mut conductor);
    let events = run(&mut conductor, 0, LEAD + BAR);
    let ends = |event: &&ScheduledEvent| matches!(event.action, Action::NoteOff { voice: VoiceSlot::COUNT_IN, .. });
    let ends: Vec<i64> = events.iter().filter(ends).map(|event| event.at.0 - LEAD).collect();
    assert_eq!(ends, [12_000, 36_000, 60_000, 84_000]);
}

#[test]
fn boxes_start_with_the_first_bar() {
    let mut scene = (*scene(TWO_VOICES)).clone();
    scene.clocks = [ClockPort { port: "Drum".to_owned(), latency_ms: 0 }].into();
    let mut conductor = Conductor::new(&Arc::new(scene), Box::new(Silent), RATE, 1, Pace::Offline);
    conductor.command(Command::CountIn(true), Frames(0), &mut |_| {});
    play(&mut conductor);
    let events = run(&mut conductor, 0, LEAD + BAR + 2_000);
    let clock: Vec<(i64, ClockMessage)> = events
        .iter()
        .filter_map(|event| if let Action::Clock(message) = event.action { Some((event.at.0, message)) } else { None })
        .collect();
    let first = LEAD + BAR;
    assert_eq!(
        clock[..3],
        [(first - 96, ClockMessage::Start), (first, ClockMessage::Tick), (first + 1000, ClockMessage::Tick)]
    );
}

#[test]
fn a_hush_ends_the_clicks_and_the_bar_comes_all_the_same() {
    let mut conductor = counting(TWO_VOICES);
    play(&mut conductor);
    let mut events = run(&mut conductor, 0, LEAD + 30_000);
    conductor.command(Command::Hush, Frames(LEAD + 30_000), &mut |event| events.push(event));
    assert_eq!(events.last().map(|event| event.action), Some(Action::Flush));
    assert_eq!(frames(&struck(&events).0), [LEAD, LEAD + 24_000]);
    events = run(&mut conductor, LEAD + 30_000, LEAD + 60_000);
    conductor.command(Command::Play, Frames(LEAD + 60_000), &mut |event| events.push(event));
    events.extend(run(&mut conductor, LEAD + 60_000, LEAD + 2 * BAR));
    let (clicks, music) = struck(&events);
    assert_eq!((clicks, music[0]), (vec![], LEAD + BAR));
}

#[test]
fn no_mute_and_no_solo_is_for_clicks() {
    let mut conductor = counting(TWO_VOICES);
    conductor.command(Command::Mute { voice: "lead".into(), muted: true }, Frames(0), &mut |_| {});
    conductor.command(Command::Solo { voice: "lead".into(), soloed: true }, Frames(0), &mut |_| {});
    play(&mut conductor);
    let (clicks, music) = struck(&run(&mut conductor, 0, LEAD + 2 * BAR));
    assert_eq!((clicks.len(), music), (4, vec![]));
}

#[test]
fn a_stop_ends_it_and_the_next_play_counts_anew() {
    for end in [Command::Stop, Command::Panic] {
        let mut conductor = counting(TWO_VOICES);
        play(&mut conductor);
        // The second time the first bar is committed already.
        let mut from = 0;
        for after in [30_000, BAR - 2_000] {
            let stop = from + LEAD + after;
            assert_eq!(frames(&struck(&run(&mut conductor, from, from + LEAD)).0), [from + LEAD]);
            run(&mut conductor, from + LEAD, stop);
            conductor.command(end.clone(), Frames(stop), &mut |_| {});
            assert_eq!(conductor.timeline().next_bar(), 1, "it has not begun");
            assert_eq!(run(&mut conductor, stop, stop + 2 * BAR), []);
            assert!(conductor.snapshot(Frames(stop + 2 * BAR)).before.is_none());
            from = stop + 2 * BAR;
            conductor.command(Command::Play, Frames(from), &mut |_| {});
        }
        let (clicks, music) = struck(&run(&mut conductor, from, from + LEAD + 2 * BAR));
        assert_eq!((clicks.len(), music[0]), (4, from + LEAD + BAR));
    }
}

#[test]
fn after_a_stop_in_mid_set_the_next_bar_is_counted_in_and_shown() {
    let mut conductor = counting(TWO_VOICES);
    play(&mut conductor);
    // In the second bar; the count-in was one, too.
    let stop = LEAD + 2 * BAR + 10_080;
    run(&mut conductor, 0, stop);
    conductor.command(Command::Stop, Frames(stop), &mut |_| {});
    conductor.command(Command::Play, Frames(stop), &mut |_| {});
    let first = stop + LEAD;
    let mut shown = Vec::new();
    let mut events = Vec::new();
    let mut now = stop;
    while now < first + BAR + 240 {
        conductor.advance(Frames(now), &mut |event| events.push(event));
        let picture = conductor.snapshot(Frames(now));
        let beat = (picture.position.ratio(Beats::QUARTER) + 1).floor().to_integer();
        shown.push((picture.before.is_some(), picture.bar, beat));
        let state = |number: i64| picture.bars.iter().find(|bar| bar.number == number).map(|bar| bar.state);
        if picture.before.is_some() {
            assert_eq!(state(2), Some(BarState::Played), "what was cut short does not go on");
            assert!(matches!(state(3), Some(BarState::Planned | BarState::Committed)), "{now}");
        } else {
            assert_eq!(state(3), Some(BarState::Sounding));
        }
        now += 240;
    }
    shown.dedup();
    assert_eq!(shown, [(true, 2, 1), (true, 2, 2), (true, 2, 3), (true, 2, 4), (false, 3, 1)]);
    let (clicks, music) = struck(&events);
    assert_eq!(frames(&clicks), [0, 24_000, 48_000, 72_000].map(|at| first + at));
    assert_eq!(music[0], first + BAR);
}

/// Whatever sets them: metre and tempo are those of the bar that is counted in.
#[test]
fn it_is_in_the_metre_and_at_the_tempo_of_the_bar_behind_it() {
    let slow = scene("X:1\nM:3/4\nL:1/8\nQ:1/4=60\nK:C\nV:bass by=loop patch=sub\n[V:bass] C6 |\n");
    let edit = scene(&TWO_VOICES.replace("=120", "=90"));
    let stop = LEAD + BAR + 40_080;
    let evaluate = |scene: &Arc<Scene>, fresh| Command::Evaluate { scene: Arc::clone(scene), fresh };
    let arm =
        |command| vec![Command::Arm(crate::event::Arm::Add(Box::new(command))), Command::Arm(crate::event::Arm::Fire)];
    // Before the stop, and behind it; clicks and frames from one to the next.
    let cases: Vec<(Vec<Command>, Vec<Command>, i64, i64)> = vec![
        (vec![], vec![evaluate(&slow, true)], 3, 48_000),
        (vec![], vec![Command::Tempo(crotchets(100))], 4, 28_800),
        // It waits for the next bar, which the stop keeps away.
        (vec![evaluate(&edit, false)], vec![], 4, 32_000),
        (arm(Command::Tempo(crotchets(80))), vec![], 4, 36_000),
        (vec![], arm(evaluate(&slow, true)), 3, 48_000),
    ];
    for (at, (before, behind, clicks, apart)) in cases.into_iter().enumerate() {
        let mut conductor = counting(&TWO_VOICES.replace("K:C", "%%phrase 1\nK:C"));
        play(&mut conductor);
        run(&mut conductor, 0, stop);
        for (commands, now) in
            [(before, stop), (vec![Command::Stop], stop), (behind, stop), (vec![Command::Play], stop)]
        {
            for command in commands {
                conductor.command(command, Frames(now), &mut |_| {});
            }
        }
        let events = run(&mut conductor, stop, stop + 3 * BAR);
        let (counted, music) = struck(&events);
        let first = stop + LEAD;
        let expected: Vec<i64> = (0..clicks).map(|beat| first + beat * apart).collect();
        assert_eq!(frames(&counted), expected, "case {at}");
        assert_eq!(music[0], first + clicks * apart, "case {at}");
        let line = conductor.timeline().bars()[1].start;
        assert_eq!(conductor.transport().frame_of(line + Beats::QUARTER).0 - music[0], apart, "case {at}");
    }
}

#[test]
fn a_tempo_that_is_set_while_it_counts_moves_no_bar_line() {
    let mut conductor = counting(TWO_VOICES);
    play(&mut conductor);
    run(&mut conductor, 0, LEAD + 30_000);
    conductor.command(Command::Tempo(crotchets(60)), Frames(LEAD + 30_000), &mut |_| {});
    assert_eq!(conductor.snapshot(Frames(LEAD + 30_000)).tempo, crotchets(60));
    let (clicks, music) = struck(&run(&mut conductor, LEAD + 30_000, LEAD + 4 * BAR));
    assert_eq!(frames(&clicks), [LEAD + 48_000, LEAD + 72_000]);
    assert_eq!((music[0], music[2]), (LEAD + BAR, LEAD + 3 * BAR));
}

#[test]
fn the_hand_is_in_the_bar_when_it_comes_a_little_early_and_no_sooner() {
    let mut conductor = counting("X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:keys by=hand\n");
    play(&mut conductor);
    let first = LEAD + BAR;
    let note = |pitch, velocity| match velocity {
        0 => Command::NoteOff { voice: "keys".into(), pitch },
        velocity => Command::NoteOn { voice: "keys".into(), pitch, velocity },
    };
    let (mut now, mut sent) = (0, Vec::new());
    // A semiquaver is 6000 frames.
    for (at, pitch, velocity) in [(-4_800, 60, 70), (-4_000, 60, 0), (-1_200, 64, 70), (24_000, 64, 0)] {
        run(&mut conductor, now, first + at);
        now = first + at;
        conductor.command(note(pitch, velocity), Frames(now), &mut |event| sent.push(event));
    }
    assert_eq!(sent.len(), 4, "it sounds whenever it comes");
    run(&mut conductor, now, first + BAR + 4_800);
    let timeline = conductor.timeline();
    assert_eq!(timeline.cell(timeline.bar(1).unwrap(), 0).text, "E2 z6");
}

#[test]
fn a_box_that_leads_begins_the_music_itself() {
    let mut scene = (*scene(TWO_VOICES)).clone();
    scene.leader = Some("Drum".into());
    let mut conductor = Conductor::new(&Arc::new(scene), Box::new(Silent), RATE, 1, Pace::Offline);
    conductor.command(Command::CountIn(true), Frames(0), &mut |_| {});
    play(&mut conductor);
    let mut events = run(&mut conductor, 0, BAR);
    assert_eq!(struck(&events), (vec![], vec![]), "it is waited for");
    let clock = |conductor: &mut Conductor, message, at: i64| {
        conductor.command(Command::Clock { message, at: Frames(at) }, Frames(at), &mut |_| {});
    };
    clock(&mut conductor, ClockMessage::Start, BAR);
    for tick in 0..96 {
        let at = BAR + 480 + 1000 * tick;
        clock(&mut conductor, ClockMessage::Tick, at);
        conductor.advance(Frames(at), &mut |event| events.push(event));
    }
    let (clicks, music) = struck(&events);
    assert_eq!((clicks, music[0]), (vec![], BAR + 480));
    // Without it, when it does not come, the music is counted in.
    conductor.command(Command::Stop, Frames(3 * BAR), &mut |_| {});
    for _ in 0..2 {
        conductor.command(Command::Play, Frames(8 * BAR), &mut |_| {});
    }
    assert_eq!(struck(&run(&mut conductor, 8 * BAR, 10 * BAR)).0.len(), 4);
}

#[test]
fn a_composer_has_the_bar_to_write() {
    struct Slow(Arc<std::sync::Mutex<Vec<Prompt>>>);
    impl Composer for Slow {
        fn ask(&mut self, prompt: &Prompt) {
            self.0.lock().unwrap().push(prompt.clone());
        }
        fn poll(&mut self) -> Option<Reply> {
            None
        }
    }
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let model = scene("X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:lead by=model\n");
    let mut conductor = Conductor::new(&model, Box::new(Slow(Arc::clone(&asked))), RATE, 1, Pace::Live);
    conductor.command(Command::CountIn(true), Frames(0), &mut |_| {});
    play(&mut conductor);
    let (clicks, _) = struck(&run(&mut conductor, 0, BAR));
    assert_eq!(clicks.len(), 4, "longer than it is waited for without");
    assert_eq!(clicks[0].0, LEAD, "nobody waits for it");
    // Two seconds and the lead, less the 120 ms for which the bar is fixed before its line.
    assert_eq!(asked.lock().unwrap()[0].due.map(|due| due.left_ms), Some(1960));
}
