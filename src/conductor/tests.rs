use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::compose::Silent;
use crate::compose::script::Script;
use crate::event::{Arm, Author, Cell, Hold, Part, Snapshot, Touch};
use crate::prompt::read;

pub(super) const RATE: SampleRate = SampleRate(48_000);

pub(super) fn scene(text: &str) -> Arc<Scene> {
    let patches = ["reed", "sub"].map(String::from);
    let (mut scenes, diagnostics) = read(Path::new("t.abc"), text, &patches, &crate::steer::Lexicon::default());
    assert!(!crate::prompt::has_errors(&diagnostics), "{diagnostics:?}");
    Arc::new(scenes.remove(0))
}

pub(super) const TWO_VOICES: &str =
    "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:bass by=loop patch=sub\nV:lead\n[V:bass] C,8 | G,,8 |\n[V:lead] C8 | D8 |\n";

pub(super) fn conductor(text: &str, script: &str) -> Conductor {
    Conductor::new(&scene(text), Box::new(Script::new(script)), RATE, 1, Pace::Offline)
}

/// Advances in steps of 5 ms up to a frame and gives what was sent.
pub(super) fn run(conductor: &mut Conductor, from: i64, to: i64) -> Vec<ScheduledEvent> {
    let mut events = Vec::new();
    let mut now = from;
    while now < to {
        conductor.advance(Frames(now), &mut |event| events.push(event));
        now += 240;
    }
    events
}

pub(super) fn play(conductor: &mut Conductor) {
    conductor.command(Command::Play, Frames(0), &mut |_| {});
}

fn texts(conductor: &Conductor, voice: usize) -> Vec<String> {
    conductor.timeline().bars().iter().map(|bar| bar.cells[voice].text.clone()).collect()
}

/// What the screen is told to light, in each half bar of the first three.
#[test]
fn the_text_that_is_heard_is_shown() {
    let text = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:bass by=loop\nV:lead\n[V:bass] C,4 D,4 | E,8 |\n[V:lead] c8 |\n";
    let mut conductor = conductor(text, "E8\nF8");
    play(&mut conductor);
    let start = RATE.frames_in(START_LEAD).0;
    let lit = |conductor: &mut Conductor, half: i64| {
        let now = start + half * 48_000 + 10_000;
        run(conductor, now - 48_000, now);
        let Some(sounding) = conductor.snapshot(Frames(now)).sounding else { return "nothing".to_owned() };
        assert_eq!(sounding.source.text, text);
        let symbols = sounding.places.iter().map(|place| &text[place.start..place.end]);
        symbols.collect::<Vec<_>>().join(" ")
    };
    let heard: Vec<String> = (0..6).map(|half| lit(&mut conductor, half)).collect();
    assert_eq!(heard, ["C,4 c8", "D,4 c8", "E,8", "E,8", "C,4", "D,4"], "what the model writes stands nowhere");
    let mute = Command::Mute { voice: "bass".into(), muted: true };
    conductor.command(mute, Frames(start + 6 * 48_000), &mut |_| {});
    assert_eq!(lit(&mut conductor, 6), "");
    conductor.command(Command::Hush, Frames(start + 7 * 48_000), &mut |_| {});
    assert_eq!(lit(&mut conductor, 7), "nothing");
}

#[test]
fn notes_leave_on_their_frames() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    play(&mut conductor);
    let events = run(&mut conductor, 0, 5 * 96_000);
    let start = RATE.frames_in(START_LEAD).0;
    let lead = conductor.slot("lead").unwrap();
    let ons: Vec<(i64, u8)> = events
        .iter()
        .filter_map(|event| match event.action {
            Action::NoteOn { voice, pitch, .. } if voice == lead => Some((event.at.0 - start, pitch)),
            _ => None,
        })
        .collect();
    // The seed is C8 | D8; from bar 3 on the script's third line (modulo two) and so on.
    assert_eq!(ons[..4], [(0, 60), (96_000, 62), (192_000, 64), (288_000, 65)]);
    let offs = events.iter().filter(|event| matches!(event.action, Action::NoteOff { .. })).count();
    assert!(offs + 2 >= ons.len() * 2, "each note ends");
    assert_eq!(conductor.tally().ladder, 0);
}

#[test]
fn without_a_composer_the_ladder_plays() {
    let mut conductor = Conductor::new(&scene(TWO_VOICES), Box::new(Silent), RATE, 1, Pace::Offline);
    play(&mut conductor);
    run(&mut conductor, 0, 20 * 96_000);
    let bars = conductor.timeline().bars();
    assert!(bars.len() >= 19);
    assert!(
        bars[2..]
            .iter()
            .all(|bar| matches!(bar.cells[1].by, Author::Ladder(_)) && !bar.cells[1].measure.notes.is_empty())
    );
    assert!(bars.iter().all(|bar| bar.cells[0].by == Author::Text));
    assert_eq!(conductor.tally().ladder as usize, bars.len() - 2);
}

#[test]
fn an_edit_is_heard_from_the_bar_that_was_shown() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    play(&mut conductor);
    run(&mut conductor, 0, 3 * 96_000);
    let edited = scene(&TWO_VOICES.replace("G,,8", "A,,8").replace("D8", "d8"));
    conductor.command(Command::Evaluate { scene: edited, fresh: false }, Frames(3 * 96_000), &mut |_| {});
    let from = conductor.snapshot(Frames(3 * 96_000)).heard_from.unwrap();
    assert_eq!(from, conductor.timeline().next_bar());
    run(&mut conductor, 3 * 96_000, 9 * 96_000);
    let (bass, lead) = (texts(&conductor, 0), texts(&conductor, 1));
    let at = (from - 1) as usize;
    // The loop keeps its phase: odd bars C, even bars what now stands there.
    for (index, text) in bass.iter().enumerate() {
        let second = if index < at { "G,,8" } else { "A,,8" };
        assert_eq!(text, if index % 2 == 0 { "C,8" } else { second }, "bar {}", index + 1);
    }
    // The seed plays from its first changed bar, then the script goes on.
    assert_eq!(lead[at], "d8");
    assert!(lead[at + 1..].iter().all(|text| text == "E8" || text == "F8"));
}

#[test]
fn comments_and_deleted_notes_re_trigger_nothing() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    play(&mut conductor);
    run(&mut conductor, 0, 3 * 96_000);
    let edited = scene(&TWO_VOICES.replace(" | D8 |", " |").replace("K:C", "K:C\n% sparse"));
    conductor.command(Command::Evaluate { scene: edited, fresh: false }, Frames(3 * 96_000), &mut |_| {});
    run(&mut conductor, 3 * 96_000, 9 * 96_000);
    assert!(texts(&conductor, 1)[2..].iter().all(|text| text == "E8" || text == "F8"));
}

#[test]
fn ties_over_the_bar_line_strike_once() {
    let mut conductor = conductor("X:1\nM:4/4\nL:1/8\nK:C\nV:a by=loop\n[V:a] C4 E4- | E4 E4 |\n", "");
    play(&mut conductor);
    let events = run(&mut conductor, 0, 4 * 96_000);
    let start = RATE.frames_in(START_LEAD).0;
    let e: Vec<(i64, bool)> = events
        .iter()
        .filter_map(|event| match event.action {
            Action::NoteOn { pitch: 64, .. } => Some((event.at.0 - start, true)),
            Action::NoteOff { pitch: 64, .. } => Some((event.at.0 - start, false)),
            _ => None,
        })
        .collect();
    assert_eq!(e[..4], [(48_000, true), (144_000, false), (144_000, true), (192_000, false)]);
}

#[test]
fn hush_keeps_the_clock_and_stop_ends_the_notes() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    play(&mut conductor);
    run(&mut conductor, 0, 96_000);
    conductor.command(Command::Hush, Frames(96_000), &mut |_| {});
    let hushed = run(&mut conductor, 96_000, 5 * 96_000);
    assert!(hushed.iter().all(|event| !matches!(event.action, Action::NoteOn { .. })));
    assert!(conductor.timeline().bars().len() >= 5, "the clock runs on");
    conductor.command(Command::Play, Frames(5 * 96_000), &mut |_| {});
    let again = run(&mut conductor, 5 * 96_000, 7 * 96_000);
    assert!(again.iter().any(|event| matches!(event.action, Action::NoteOn { .. })));
    let mut said = Vec::new();
    conductor.command(Command::Stop, Frames(7 * 96_000), &mut |event| said.push(event.action));
    assert_eq!(said, [Action::Flush, Action::AllNotesOff]);
    assert!(run(&mut conductor, 7 * 96_000, 9 * 96_000).is_empty());
    play(&mut conductor);
    assert!(!run(&mut conductor, 9 * 96_000, 11 * 96_000).is_empty());
}

#[test]
fn a_note_that_a_mute_kept_back_ends_nobody_elses() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    conductor.command(Command::Mute { voice: "lead".into(), muted: true }, Frames(0), &mut |_| {});
    play(&mut conductor);
    let lead = conductor.slot("lead").unwrap();
    let heard = run(&mut conductor, 0, 4 * 96_000);
    let of_lead = |event: &&ScheduledEvent| matches!(event.action, Action::NoteOn { voice, .. } | Action::NoteOff { voice, .. } if voice == lead);
    assert_eq!(heard.iter().filter(of_lead).count(), 0, "neither its beginning nor its end leaves");
    // A note that began before the mute gets its end.
    conductor.command(Command::Mute { voice: "lead".into(), muted: false }, Frames(4 * 96_000), &mut |_| {});
    let before = run(&mut conductor, 4 * 96_000, 5 * 96_000 + 24_000);
    conductor.command(Command::Mute { voice: "lead".into(), muted: true }, Frames(5 * 96_000 + 24_000), &mut |_| {});
    let after = run(&mut conductor, 5 * 96_000 + 24_000, 7 * 96_000);
    assert_eq!(before.iter().chain(&after).filter(of_lead).count() % 2, 0);
    assert!(after.iter().any(|event| matches!(event.action, Action::NoteOff { voice, .. } if voice == lead)));
}

#[test]
fn soloed_voices_are_heard_alone_and_the_others_are_composed_on() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    play(&mut conductor);
    let [bass, lead] = ["bass", "lead"].map(|voice| conductor.slot(voice).unwrap());
    let struck = |events: &[ScheduledEvent], slot| {
        let is = |event: &&ScheduledEvent| matches!(event.action, Action::NoteOn { voice, .. } if voice == slot);
        events.iter().filter(is).count()
    };
    // What is soloed for four bars each, and how many notes of bass and lead are heard.
    let turns =
        [(None, 4, 4), (Some(("bass", true)), 4, 0), (Some(("lead", true)), 4, 4), (Some(("bass", false)), 0, 4)];
    for (turn, (solo, of_bass, of_lead)) in turns.into_iter().enumerate() {
        let from = RATE.frames_in(START_LEAD).0 + 4 * turn as i64 * 96_000 - 24_000;
        if let Some((voice, soloed)) = solo {
            conductor.command(Command::Solo { voice: voice.into(), soloed }, Frames(from), &mut |_| {});
        }
        let heard = run(&mut conductor, from, from + 4 * 96_000);
        assert_eq!((struck(&heard, bass), struck(&heard, lead)), (of_bass, of_lead), "{solo:?}");
    }
    assert!(conductor.timeline().bars()[2..].iter().all(|bar| bar.cells[1].by == Author::Model));
}

#[test]
fn a_touched_bar_is_heard_as_the_hand_left_it() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    let touch = |bar, touch| Command::Touch { bar, voice: "lead".into(), touch };
    for command in [touch(3, Touch::Edit("G4 A4".into())), touch(4, Touch::Pin), touch(9, Touch::Edit("G4".into()))] {
        conductor.advance(Frames(0), &mut |_| {});
        conductor.command(command, Frames(0), &mut |_| {});
    }
    play(&mut conductor);
    run(&mut conductor, 0, 5 * 96_000);
    assert_eq!(texts(&conductor, 1)[..4], ["C8", "D8", "G4 A4", "F8"]);
    let said: Vec<String> = conductor.messages().into_iter().map(|message| message.text).collect();
    assert!(said.iter().any(|text| text.contains("this bar lasts 1/2 of a whole note")), "{said:?}");
}

#[test]
fn what_a_bar_was_chosen_from_is_seen_while_somebody_looks_and_what_holds_it() {
    let text = TWO_VOICES.replace("L:1/8", "L:1/4").replace('8', "4").replace("C4 | D4", "C4 |");
    let mut conductor = conductor(&text, "E8 ; F8 ; G8");
    let step = |conductor: &mut Conductor, command| {
        conductor.command(command, Frames(0), &mut |_| {});
        conductor.advance(Frames(0), &mut |_| {});
        conductor.snapshot(Frames(0))
    };
    let touch = |touch| Command::Touch { bar: 3, voice: "lead".into(), touch };
    let look = |voice: &str| Command::Look(Some((3, voice.to_owned())));
    let part = |snapshot: &Snapshot| snapshot.bars.iter().find(|bar| bar.number == 3).unwrap().parts[1].clone();
    let cell = |text: &str, by, hold| Part::Cell(Cell { text: text.into(), by, hold });
    conductor.advance(Frames(0), &mut |_| {});
    let seen = step(&mut conductor, look("lead"));
    let drafts = |seen: &Snapshot| {
        let look = seen.look.clone().expect("a look");
        look.drafts.map(|drafts| drafts.iter().map(|draft| (draft.text.clone(), draft.rank.sum())).collect::<Vec<_>>())
    };
    // In the prompt's own unit length, as everything on the screen.
    assert_eq!(drafts(&seen).unwrap(), [("E4".into(), 0.0), ("F4".into(), 1.0), ("G4".into(), 2.0)]);
    assert_eq!(part(&seen), cell("E4", Author::Model, None));
    // Bar 3 has others by now than when they were looked at.
    let seen = step(&mut conductor, touch(Touch::Choose("A4".into())));
    assert_eq!(part(&seen), cell("E4", Author::Model, None));
    let said = conductor.messages().pop().map(|message| message.text);
    assert!(said.is_some_and(|said| said.starts_with("this draft of lead in bar 3 is gone")));
    let seen = step(&mut conductor, touch(Touch::Choose("G4".into())));
    assert_eq!(part(&seen), cell("G4", Author::Model, Some(Hold::Pinned)));
    let seen = step(&mut conductor, touch(Touch::Reroll));
    assert_eq!(part(&seen), cell("F4", Author::Model, None));
    let seen = step(&mut conductor, touch(Touch::Veto));
    assert_eq!(part(&seen), cell("G4", Author::Model, None));
    let seen = step(&mut conductor, look("bass"));
    assert_eq!(drafts(&seen).unwrap_err(), "bar 3 of bass is the text's: change it there");
    assert_eq!(step(&mut conductor, Command::Look(None)).look, None);
    let seen = step(&mut conductor, Command::Freeze { voice: "lead".into(), frozen: true });
    assert_eq!(part(&seen), cell("G4", Author::Model, Some(Hold::Frozen)));
}

#[test]
fn a_bar_of_an_armed_scene_waits_until_that_is_in_force() {
    let mut conductor = conductor(TWO_VOICES, "E8");
    play(&mut conductor);
    run(&mut conductor, 0, 48_000);
    let other = scene("X:2\nM:4/4\nL:1/8\nK:C\nV:lead\n");
    let armed = Command::Evaluate { scene: other, fresh: true };
    for command in [Command::Arm(Arm::Add(Box::new(armed))), Command::Arm(Arm::Fire)] {
        conductor.command(command, Frames(48_000), &mut |_| {});
    }
    run(&mut conductor, 48_000, 48_480);
    let touch = |bar| Command::Touch { bar, voice: "lead".into(), touch: Touch::Edit("G8".into()) };
    for bar in [4, 5] {
        conductor.command(touch(bar), Frames(48_480), &mut |_| {});
    }
    let said: Vec<String> = conductor.messages().into_iter().map(|message| message.text).collect();
    let [.., last, first] = &said[..] else { panic!("{said:?}") };
    assert_eq!(last, "lead: from bar 4 on as you say");
    assert_eq!(first, "bar 5 is of what is armed, which is not in force yet");
}

#[test]
fn a_bar_that_a_stop_came_before_is_played_when_it_goes_on() {
    let mut conductor = conductor(TWO_VOICES, "E8\nF8");
    play(&mut conductor);
    // Bar 4 is fixed 120 ms before it begins; the stop comes in between.
    let line = RATE.frames_in(START_LEAD).0 + 3 * 96_000;
    run(&mut conductor, 0, line - 2_400);
    assert_eq!(conductor.timeline().next_bar(), 5);
    let fixed = texts(&conductor, 1);
    conductor.command(Command::Stop, Frames(line - 2_400), &mut |_| {});
    assert_eq!(conductor.timeline().next_bar(), 4);
    conductor.command(Command::Play, Frames(line), &mut |_| {});
    run(&mut conductor, line, line + 2 * 96_000);
    assert_eq!(texts(&conductor, 1)[..4], fixed[..]);
    let bars = conductor.timeline().bars();
    assert!(bars.iter().zip(1..).all(|(bar, number)| bar.number == number), "no bar is missing or double");
}

#[test]
fn a_tie_into_a_bar_that_does_not_come_ends() {
    let mut conductor = conductor("X:1\nM:4/4\nL:1/8\nK:C\nV:a by=loop\n[V:a] C4 E4- |\n", "");
    conductor.end_after(2);
    play(&mut conductor);
    let heard = run(&mut conductor, 0, 4 * 96_000);
    let ends = heard.iter().filter(|event| matches!(event.action, Action::NoteOff { pitch: 64, .. })).count();
    assert_eq!(ends, 2);
}

#[test]
fn a_bar_that_is_not_full_never_sounds() {
    let mut conductor = conductor(TWO_VOICES, "E4");
    play(&mut conductor);
    run(&mut conductor, 0, 6 * 96_000);
    assert!(conductor.tally().refused > 0);
    let bars = conductor.timeline().bars();
    assert!(bars.iter().all(|bar| bar.cells.iter().all(|cell| cell.measure.length == Beats::WHOLE)));
    assert!(!conductor.messages().is_empty());
}

#[test]
fn a_slow_composer_leaves_the_old_plan_to_the_ladder() {
    /// Answers the first text only.
    struct Once(Script);
    impl Composer for Once {
        fn ask(&mut self, prompt: &crate::compose::Prompt) {
            if prompt.revision == crate::compose::Revision(1) {
                self.0.ask(prompt);
            }
        }

        fn poll(&mut self) -> Option<Reply> {
            self.0.poll()
        }
    }
    let once = Box::new(Once(Script::new("E8\nF8")));
    let mut conductor = Conductor::new(&scene(TWO_VOICES), once, RATE, 1, Pace::Offline);
    play(&mut conductor);
    run(&mut conductor, 0, 3 * 96_000);
    let edited = scene(&TWO_VOICES.replace("K:C", "K:C\n% busy"));
    conductor.command(Command::Evaluate { scene: edited, fresh: false }, Frames(3 * 96_000), &mut |_| {});
    run(&mut conductor, 3 * 96_000, 10 * 96_000);
    let rungs: Vec<Author> = conductor.timeline().bars()[4..9].iter().map(|bar| bar.cells[1].by).collect();
    // What was planned as one phrase ahead is played out; then bars are varied.
    assert_eq!(rungs[..3], [Author::Ladder(1); 3]);
    assert_eq!(rungs[4], Author::Ladder(3));
    assert!(texts(&conductor, 1)[4..7].iter().all(|text| text == "E8" || text == "F8"));
}

#[test]
fn expression_is_played_within_its_note() {
    let text = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:D\nV:lead by=loop\n[V:lead] .A z {g}A2- | A TB z {a}.A |\n";
    let mut conductor = Conductor::new(&scene(text), Box::new(Silent), RATE, 1, Pace::Offline);
    conductor.end_after(2);
    play(&mut conductor);
    let events = run(&mut conductor, 0, 3 * 96_000);
    let start = RATE.frames_in(START_LEAD).0;
    // In 1/32 of a whole note, which is 3,000 frames.
    let played = events.iter().filter_map(|event| {
        let at = (event.at.0 - start) as f64 / 3000.0;
        match event.action {
            Action::NoteOn { pitch, .. } => Some(format!("{at}:{pitch}")),
            Action::NoteOff { pitch, .. } => Some(format!("{at}:-{pitch}")),
            _ => None,
        }
    });
    assert_eq!(
        played.collect::<Vec<_>>().join(" "),
        "0:69 4:-69 16:79 17:-79 17:69 40:-69 40:71 41:-71 41:73 42:-73 42:71 43:-71 43:73 44:-73 44:71 45:-71 45:73 46:-73 \
         46:71 48:-71 56:81 57:-81 57:69 60:-69"
    );
}

/// What is played of two bars in 4/4, in 1/64 of a whole note.
fn played(voice: &str, music: &str) -> String {
    let text = format!("X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:lead by=loop {voice}\n[V:lead] {music} |\n");
    let mut conductor = Conductor::new(&scene(&text), Box::new(Silent), RATE, 1, Pace::Offline);
    conductor.end_after(2);
    play(&mut conductor);
    let start = RATE.frames_in(START_LEAD).0;
    let events = run(&mut conductor, 0, 3 * 96_000).into_iter().filter_map(|event| {
        let at = (event.at.0 - start) as f64 / 1500.0;
        match event.action {
            Action::NoteOn { pitch, velocity, .. } => Some(format!("{at}:{pitch}*{velocity}")),
            Action::NoteOff { pitch, .. } => Some(format!("{at}:-{pitch}")),
            _ => None,
        }
    });
    events.collect::<Vec<_>>().join(" ")
}

#[test]
fn slurs_lead_over_the_bar_line() {
    for (voice, music, expected) in [
        ("", "z3 (E | F) z3", "48:64*90 64:65*100 65:-64 80:-65"),
        // What is struck again there ends before.
        ("", "z3 (E | E) z3", "48:64*90 64:-64 64:64*100 80:-64"),
        ("", "z3 ([EG] | E) z3", "48:64*90 48:67*90 64:-64 64:64*100 65:-67 80:-64"),
        // A tie is none.
        ("", "z3 (E- | E F) z2", "48:64*90 80:65*90 81:-64 96:-65"),
        // Nothing comes after the last bar.
        ("", "z4 | z3 (E", "112:64*90 129:-64"),
        ("gate=25% swing=75%", "z3 E/E/ | F z3", "48:64*90 51:-64 60:64*82 61:-64 64:65*100 70:-65"),
    ] {
        assert_eq!(played(voice, music), expected, "{music}");
    }
}

#[test]
fn an_edit_of_how_a_voice_is_played_is_heard_from_the_next_bar_line() {
    let text = |voice: &str| format!("X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop {voice}\n[V:a] C4 |\n");
    let mut conductor = Conductor::new(&scene(&text("")), Box::new(Silent), RATE, 1, Pace::Offline);
    conductor.end_after(3);
    play(&mut conductor);
    let mut events = run(&mut conductor, 0, 48_000);
    let scene = scene(&text("vel=50 gate=50%"));
    conductor.command(Command::Evaluate { scene, fresh: false }, Frames(48_000), &mut |_| {});
    events.extend(run(&mut conductor, 48_000, 4 * 96_000));
    let start = RATE.frames_in(START_LEAD).0;
    let heard: Vec<(i64, u8)> = events
        .iter()
        .filter_map(|event| match event.action {
            Action::NoteOn { velocity, .. } => Some((event.at.0 - start, velocity)),
            Action::NoteOff { .. } => Some((event.at.0 - start, 0)),
            _ => None,
        })
        .collect();
    assert_eq!(heard, [(0, 100), (96_000, 0), (96_000, 50), (144_000, 0), (192_000, 50), (240_000, 0)]);
}
