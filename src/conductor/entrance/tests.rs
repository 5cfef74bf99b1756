//! Another scene, through the conductor.

use super::super::tests::{RATE, conductor, play, run, scene};
use super::super::*;
use super::*;
use crate::event::{Arm, Part};

#[test]
fn another_scene_sounds_as_it_says_from_its_line_on() {
    let first = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 2\nV:bass by=loop\nV:lead by=loop\n[V:bass] C,8 |\n[V:lead] c8 |\n";
    let other = "X:2\nT:Other\nM:3/4\nL:1/8\nQ:1/4=60\nK:F\nV:kit by=loop\nV:lead by=loop gain=0.5 prog=7\n[V:kit] C,,6 |\n[V:lead] f6 |\n";
    let mut conductor = conductor(first, "");
    play(&mut conductor);
    run(&mut conductor, 0, 96_000);
    conductor.command(Command::Evaluate { scene: scene(other), fresh: true }, Frames(96_000), &mut |event| {
        panic!("{event:?} changes nothing yet");
    });
    let said: Vec<String> = conductor.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(said, ["Other: heard from bar 3"]);
    let snapshot = conductor.snapshot(Frames(96_000));
    let names: Vec<&str> = snapshot.voices.iter().map(|voice| voice.name.as_str()).collect();
    assert_eq!((names, snapshot.heard_from), (vec!["bass", "lead", "kit"], Some(3)));
    let line = RATE.frames_in(START_LEAD).0 + 2 * 96_000;
    let events = run(&mut conductor, 96_000, line + 48_000);
    let lead = conductor.slot("lead").unwrap();
    let of_lead: Vec<(i64, Action)> = events
        .iter()
        .filter(|event| matches!(event.action, Action::Control { voice, controller: 7, .. } | Action::Program { voice, .. } if voice == lead))
        .map(|event| (event.at.0 - line, event.action))
        .collect();
    let volume = Action::Control { voice: lead, controller: 7, value: 50 };
    // A program goes ahead of the first note that needs it.
    assert_eq!(of_lead, [(-2_400, Action::Program { voice: lead, program: 7 }), (0, volume)]);
    let strikes = |pitch| {
        let is = |event: &&ScheduledEvent| matches!(event.action, Action::NoteOn { pitch: its, .. } if its == pitch);
        events.iter().filter(is).map(|event| event.at.0 - line).collect::<Vec<_>>()
    };
    assert_eq!((strikes(77), strikes(72), strikes(48)), (vec![0], vec![-96_000], vec![-96_000]));
    let snapshot = conductor.snapshot(Frames(line + 48_000));
    assert_eq!((snapshot.voices[0].name.as_str(), snapshot.heard_from), ("kit", None));
    // Mutes are those of the scene that is shown.
    conductor.command(Command::Mute { voice: "kit".into(), muted: true }, Frames(line + 48_000), &mut |_| {});
    assert!(conductor.snapshot(Frames(line + 48_000)).voices[0].muted);
    assert!((conductor.transport().tempo_at(Beats::WHOLE * 3).quarters_per_minute() - 60.0).abs() < 1e-9);
}

#[test]
fn a_voice_goes_elsewhere_on_the_line_of_its_scene_and_has_its_patch_until_then() {
    let first = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 2\nV:bass by=loop\nV:lead by=loop\n[V:bass] C,8 |\n[V:lead] c8 |\n";
    let other = "X:2\nT:Other\nM:4/4\nL:1/8\nK:C\nV:kit by=loop\nV:lead by=loop out=box patch=sub\n[V:kit] C,8 |\n[V:lead] f8 |\n";
    let mut conductor = conductor(first, "");
    conductor.set_notice(WINDOW);
    play(&mut conductor);
    conductor.mix(&scene(first), Frames(0), &mut |_| {});
    run(&mut conductor, 0, 96_000);
    let told = |conductor: &mut Conductor| -> Vec<(String, Option<String>, String, Option<Frames>)> {
        conductor.sounds().into_iter().map(|sound| (sound.name, sound.out, sound.patch, sound.from)).collect()
    };
    told(&mut conductor);
    conductor.command(Command::Evaluate { scene: scene(other), fresh: true }, Frames(96_000), &mut |_| {});
    // Nothing goes to a slot of which nobody knows how it sounds.
    assert_eq!(told(&mut conductor), [("kit".into(), None, "sub".into(), None)]);
    let line = RATE.frames_in(START_LEAD).0 + 2 * 96_000;
    let at = line - RATE.frames_in(WINDOW).0;
    run(&mut conductor, 96_000, at);
    let (lead, out, from) = ("lead".to_owned(), Some("box".to_owned()), Some(Frames(line)));
    assert_eq!(told(&mut conductor), [(lead.clone(), out.clone(), "reed".into(), from)]);
    run(&mut conductor, at, line + 480);
    assert_eq!(told(&mut conductor), [(lead, out, "sub".into(), from)]);
}

#[test]
fn the_scene_that_plays_and_the_one_that_waits_are_named() {
    let first = "X:3\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 2\nV:bass by=loop\n[V:bass] C,8 |\n";
    let evaluate = Command::Evaluate { scene: scene(&first.replace("X:3", "X:5")), fresh: true };
    let arm = |arm| Command::Arm(arm);
    let line = RATE.frames_in(START_LEAD).0 + 2 * 96_000;
    for commands in [vec![evaluate.clone()], vec![arm(Arm::Add(Box::new(evaluate))), arm(Arm::Fire)]] {
        let mut conductor = conductor(first, "");
        let named = |conductor: &mut Conductor, at| {
            let snapshot = conductor.snapshot(Frames(at));
            (snapshot.scene.map(|scene| scene.number), snapshot.next_scene.map(|scene| scene.number))
        };
        play(&mut conductor);
        run(&mut conductor, 0, 48_000);
        assert_eq!(named(&mut conductor, 48_000), (Some(3), None));
        for command in commands {
            conductor.command(command, Frames(48_000), &mut |_| {});
        }
        assert_eq!(named(&mut conductor, 48_000), (Some(3), Some(5)));
        run(&mut conductor, 48_000, line + 480);
        assert_eq!(named(&mut conductor, line + 480), (Some(5), None));
    }
}

#[test]
fn a_voice_that_comes_in_with_a_pickup_is_set_up_before_it() {
    let first = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 2\nV:bass by=loop\n[V:bass] C,8 |\n";
    let other = "X:2\nT:Other\nM:4/4\nL:1/8\nK:C\nV:lead by=loop gain=0.5 pan=1 cutoff=20 prog=7\n[V:lead] f2 | g8 |\n";
    let evaluate = Command::Evaluate { scene: scene(other), fresh: true };
    let arm = |arm| Command::Arm(arm);
    for commands in [vec![evaluate.clone()], vec![arm(Arm::Add(Box::new(evaluate))), arm(Arm::Fire)]] {
        let mut conductor = conductor(first, "");
        play(&mut conductor);
        run(&mut conductor, 0, 48_000);
        for command in commands {
            conductor.command(command, Frames(48_000), &mut |event| panic!("{event:?} changes nothing yet"));
        }
        assert!(conductor.sounds().iter().any(|sound| sound.name == "lead"), "its events know where they go");
        let snapshot = conductor.snapshot(Frames(48_000));
        let voices: Vec<&str> = snapshot.voices.iter().map(|voice| voice.name.as_str()).collect();
        let shown = |bar: i64| {
            let bar = snapshot.bars.iter().find(|view| view.number == bar).unwrap();
            let text = |part: &Part| match part {
                Part::Absent => "absent".to_owned(),
                Part::Open => "open".to_owned(),
                Part::Cell(cell) => cell.text.clone(),
            };
            bar.parts.iter().map(text).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            (voices.join(" ").as_str(), shown(2).as_str(), shown(3).as_str()),
            ("bass lead", "C,8; z6 f2", "absent; g8")
        );
        let line = RATE.frames_in(START_LEAD).0 + 2 * 96_000;
        let events = run(&mut conductor, 48_000, line + 48_000);
        let lead = conductor.slot("lead").unwrap();
        let mut of_lead: Vec<(i64, Action)> = Vec::new();
        for event in &events {
            match event.action {
                Action::Control { voice, .. } | Action::Program { voice, .. } | Action::NoteOn { voice, .. }
                    if voice == lead =>
                {
                    of_lead.push((event.at.0 - line, event.action));
                }
                _ => {}
            }
        }
        let control = |controller, value| (-26_400, Action::Control { voice: lead, controller, value });
        assert_eq!(of_lead[..3], [control(7, 50), control(10, 127), control(74, 20)]);
        assert_eq!(of_lead[3], (-26_400, Action::Program { voice: lead, program: 7 }));
        let strikes: Vec<(i64, u8)> = of_lead[4..]
            .iter()
            .map(|(at, action)| match action {
                Action::NoteOn { pitch, .. } => (*at, *pitch),
                other => panic!("{other:?} was told before"),
            })
            .collect();
        assert_eq!(strikes, [(-24_000, 77), (0, 79)]);
    }
}

#[test]
fn a_gain_that_is_armed_holds_for_a_voice_that_begins_later_in_the_bar() {
    let first = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 2\nV:bass by=loop\n[V:bass] C,8 |\n";
    let other = "X:2\nT:Other\nM:4/4\nL:1/8\nK:C\nV:lead by=loop\n[V:lead] z4 g4 |\n";
    let mut conductor = conductor(first, "");
    play(&mut conductor);
    run(&mut conductor, 0, 48_000);
    let evaluate = Command::Evaluate { scene: scene(other), fresh: true };
    let gain = Command::Gain { voice: "lead".into(), gain: 0.5 };
    let arms = [evaluate, gain].map(|command| Arm::Add(Box::new(command)));
    for arm in arms.into_iter().chain([Arm::Fire]) {
        conductor.command(Command::Arm(arm), Frames(48_000), &mut |_| {});
    }
    let line = RATE.frames_in(START_LEAD).0 + 2 * 96_000;
    let events = run(&mut conductor, 48_000, line + 96_000);
    let lead = conductor.slot("lead").unwrap();
    let volumes = events.iter().filter_map(|event| match event.action {
        Action::Control { voice, controller: 7, value } if voice == lead => Some((event.at.0 - line, value)),
        _ => None,
    });
    assert_eq!(volumes.collect::<Vec<_>>().last(), Some(&(0, 50)));
}
