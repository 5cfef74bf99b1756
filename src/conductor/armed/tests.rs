use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::compose::Silent;
use crate::conductor::Pace;
use crate::event::Action;
use crate::prompt::Scene;
use crate::time::SampleRate;
use crate::transport::crotchets;

const RATE: SampleRate = SampleRate(48_000);
/// Frames of a bar at 120, and of the first one's beginning.
const BAR: i64 = 96_000;
const BEGIN: i64 = 3_840;

const TEXT: &str = "X:1\nT:One\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\n%%phrase 4\nV:a by=loop\nV:b by=loop gain=0.5\n\
                    [V:a] C D E F- | F G A B- | B4- | B4- |\n[V:b] c4 |\n";

fn scene(text: &str) -> Arc<Scene> {
    let (mut scenes, said) = crate::prompt::read(Path::new("t.abc"), text, &[], &crate::steer::Lexicon::default());
    assert!(said.is_empty(), "{said:?}");
    Arc::new(scenes.remove(0))
}

/// Plays so many bars, with what is asked when so many frames have passed, and gives what was sent and said.
fn played(bars: i64, asked: &[(i64, Command)]) -> (Conductor, Vec<ScheduledEvent>, Vec<String>) {
    let mut conductor = Conductor::new(&scene(TEXT), Box::new(Silent), RATE, 1, Pace::Offline);
    let mut events = Vec::new();
    conductor.command(Command::Play, Frames(0), &mut |_| {});
    let mut asked = asked.iter().peekable();
    for now in (0..BEGIN + bars * BAR).step_by(240) {
        while let Some((at, command)) = asked.next_if(|(at, _)| *at <= now) {
            conductor.command(command.clone(), Frames(*at), &mut |event| events.push(event));
        }
        conductor.advance(Frames(now), &mut |event| events.push(event));
    }
    let said = conductor.messages().into_iter().map(|message| message.text).collect();
    (conductor, events, said)
}

fn arm(command: Command) -> Command {
    Command::Arm(Arm::Add(Box::new(command)))
}

const FIRE: Command = Command::Arm(Arm::Fire);

fn mute(voice: &str, muted: bool) -> Command {
    Command::Mute { voice: voice.into(), muted }
}

/// `pitch:from-to` of the notes of a slot, in crotchets from the beginning.
fn notes(events: &[ScheduledEvent], slot: u8) -> String {
    let mut notes: Vec<(u8, i64, i64)> = Vec::new();
    for event in events {
        let at = event.at.0 - BEGIN;
        match event.action {
            Action::NoteOn { voice, pitch, .. } if voice.0 == slot => notes.push((pitch, at, -1)),
            Action::NoteOff { voice, pitch } if voice.0 == slot => {
                let open = notes.iter_mut().rfind(|(other, _, end)| *other == pitch && *end < 0);
                open.expect("a note that ends has begun").2 = at;
            }
            _ => {}
        }
    }
    let crotchets = |frames: i64| frames as f64 / 24_000.0;
    let end = |to: i64| if to < 0 { String::new() } else { crotchets(to).to_string() };
    let shown = notes.iter().map(|(pitch, from, to)| format!("{pitch}:{}-{}", crotchets(*from), end(*to)));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn mutes_act_on_the_line_and_not_when_events_leave() {
    let line = |bar: i64| BEGIN + (bar - 1) * BAR;
    // Armed in bar 2, and in bar 5 for bar 9.
    let asked = [
        (line(2), arm(mute("a", true))),
        (line(2), arm(mute("b", true))),
        (line(2), FIRE),
        (line(5) + 4_800, arm(mute("a", false))),
        (line(5) + 4_800, FIRE),
    ];
    let (conductor, events, said) = played(10, &asked);
    assert_eq!(said, ["armed for bar 5: mute a, mute b", "armed for bar 9: unmute a"]);
    let first = "60:0-1 62:1-2 64:2-3 65:3-5 67:5-6 69:6-7 71:7-16";
    assert_eq!(notes(&events, 0), format!("{first} 60:32-33 62:33-34 64:34-35 65:35-37 67:37-38 69:38-39 71:39-"));
    assert_eq!(notes(&events, 1), "72:0-4 72:4-8 72:8-12 72:12-16");
    assert!(conductor.hands().mix.is_muted("b") && !conductor.hands().mix.is_muted("a"));
}

#[test]
fn ties_over_the_line_are_cut_and_who_returns_strikes_them_anew() {
    let line = |bar: i64| BEGIN + (bar - 1) * BAR;
    let tied = scene(&TEXT.replace("[V:a] C D E F- | F G A B- | B4- | B4- |", "[V:a] C4 | D4 | E4 | F4- | F4 |"));
    for (muted, heard) in [(true, "60:0-4 62:4-8 64:8-12 65:12-16"), (false, "65:16-20 60:20-")] {
        let asked = [
            (0, Command::Evaluate { scene: Arc::clone(&tied), fresh: false }),
            (0, mute("a", !muted)),
            (line(3), arm(mute("a", muted))),
            (line(3), FIRE),
        ];
        assert_eq!(notes(&played(5, &asked).1, 0), heard);
    }
}

#[test]
fn tempo_and_gain_begin_on_the_line_and_a_line_that_is_fixed_is_too_late() {
    let gain = Command::Gain { voice: "b".into(), gain: 0.4 };
    // 120 ms before its line bar 5 is fixed.
    for (before, bar) in [(6_000, 5), (5_000, 9)] {
        let at = BEGIN + 4 * BAR - before;
        let asked = [(at, arm(gain.clone())), (at, arm(Command::Tempo(crotchets(60)))), (at, FIRE)];
        let (conductor, events, said) = played(10, &asked);
        let line = Frames(BEGIN + (bar - 1) * BAR);
        let names = format!("armed for bar {bar}: gain b 0.4, tempo 1/4=60");
        assert_eq!(said, [names, format!("tempo 1/4=60 from bar {bar}")]);
        let starts = conductor.timeline().bars().iter().map(|bar| conductor.transport().frame_of(bar.start));
        let starts: Vec<Frames> = starts.collect();
        let at = bar as usize - 1;
        assert_eq!((starts[at], starts[at + 1] - starts[at]), (line, Frames(2 * BAR)));
        let volumes = events.iter().filter_map(|event| match event.action {
            Action::Control { voice, controller: 7, value } => Some((event.at, voice.0, value)),
            _ => None,
        });
        assert_eq!(volumes.collect::<Vec<_>>(), [(line, 1, 20)]);
    }
}

#[test]
fn an_armed_ramp_begins_on_its_line_and_the_next_tempo_ends_it() {
    let asked = [
        (BEGIN, arm(Command::Ramp { to: crotchets(240), bars: 8 })),
        (BEGIN, FIRE),
        (BEGIN + 5 * BAR, Command::Tempo(crotchets(90))),
    ];
    let (conductor, _, said) = played(8, &asked);
    assert_eq!(said[1..], ["tempo 1/4=120 to 1/4=240 from bar 5 to bar 13", "tempo 1/4=90 from bar 7"]);
    let tempo = |bar: i64| conductor.transport().tempo_at(crate::time::Beats::WHOLE * (bar - 1)).quarters_per_minute();
    assert_eq!([1, 4, 7, 8].map(tempo), [120.0, 120.0, 90.0, 90.0]);
    assert!((tempo(5) - 120.0).abs() < 1.0 && (tempo(6) - 135.0).abs() < 1.0, "{} {}", tempo(5), tempo(6));
}

#[test]
fn a_scene_lands_on_the_line_with_its_tempo_and_what_was_armed_beside_it() {
    let other = scene(&TEXT.replace("T:One", "T:Two").replace("120", "240").replace("c4", "e4"));
    let asked =
        [(BEGIN, arm(Command::Evaluate { scene: other, fresh: true })), (BEGIN, arm(mute("a", true))), (BEGIN, FIRE)];
    let (conductor, events, said) = played(5, &asked);
    assert_eq!(said, ["armed for bar 5: Two, mute a", "Two: heard from bar 5; a plays on"]);
    assert!(notes(&events, 1).starts_with("72:0-4 72:4-8 72:8-12 72:12-16 76:16-18 76:18-20"));
    assert!(notes(&events, 0).ends_with("71:7-16"));
    assert_eq!(conductor.transport().last_tempo(), crotchets(240));
}

#[test]
fn of_scenes_the_last_lands_however_late_it_was_armed() {
    let titled = |title: &str| scene(&TEXT.replace("T:One", &format!("T:{title}")));
    let evaluate = |title| arm(Command::Evaluate { scene: titled(title), fresh: true });
    // The second is armed half a bar before the line, when its bar is the next to be committed.
    let asked = [
        (BEGIN, evaluate("Two")),
        (BEGIN, FIRE),
        (BEGIN + BAR, evaluate("Three")),
        (BEGIN + 5 * BAR, arm(mute("a", true))),
        (BEGIN + 5 * BAR, FIRE),
        (BEGIN + 7 * BAR + BAR / 2, evaluate("Four")),
    ];
    let (_, _, said) = played(10, &asked);
    let heard: Vec<&String> = said.iter().filter(|said| said.contains("heard")).collect();
    assert_eq!(
        heard,
        ["Three: heard from bar 5; a plays on; b plays on", "Four: heard from bar 9; a plays on; b plays on"]
    );
}

#[test]
fn a_voice_that_comes_between_commit_and_line_begins_as_its_text_says() {
    let more = scene(&TEXT.replace("V:b by", "V:c by=loop mute\nV:b by").replace("[V:b]", "[V:c] e4 |\n[V:b]"));
    let asked = [
        (BEGIN, arm(mute("a", true))),
        (BEGIN, FIRE),
        (BEGIN + 4 * BAR - 4_800, Command::Evaluate { scene: more, fresh: false }),
    ];
    let mix = &played(6, &asked).0.hands().mix.clone();
    assert!(mix.is_muted("a") && mix.is_muted("c") && !mix.is_muted("b"));
}

#[test]
fn what_is_armed_can_be_withdrawn() {
    let gain = |gain| arm(Command::Gain { voice: "a".into(), gain });
    let cases: &[(&[Command], &[&str])] = &[
        (&[FIRE], &["nothing is armed"]),
        (
            &[arm(mute("a", true)), FIRE, Command::Arm(Arm::Clear)],
            &["armed for bar 5: mute a", "nothing is armed any more"],
        ),
        // The same once more is withdrawn.
        (&[arm(mute("a", true)), arm(mute("a", true)), FIRE], &["nothing is armed"]),
        (&[arm(mute("a", true)), FIRE, arm(mute("a", true))], &["armed for bar 5: mute a"]),
        // Steps go on from what is armed: the last counts, also where it is the same.
        (
            &[gain(0.5), arm(mute("b", true)), gain(0.6), gain(0.7), gain(0.7), FIRE],
            &["armed for bar 5: gain a 0.7, mute b"],
        ),
        (
            &[arm(Command::Tempo(crotchets(121))), arm(Command::Tempo(crotchets(122))), FIRE],
            &["armed for bar 5: tempo 1/4=122", "tempo 1/4=122 from bar 5"],
        ),
        // It is only collected.
        (&[arm(mute("a", true))], &[]),
        (&[arm(Command::Play)], &["that cannot be armed: it acts at once"]),
    ];
    for (commands, expected) in cases {
        let asked: Vec<(i64, Command)> = commands.iter().map(|command| (BEGIN, command.clone())).collect();
        let (conductor, _, said) = played(6, &asked);
        assert_eq!(said, *expected, "{commands:?}");
        assert!(!conductor.hands().mix.is_muted("a"));
    }
}

#[test]
fn what_is_armed_is_shown_for_the_next_step() {
    let gain = |voice: &str, gain| arm(Command::Gain { voice: voice.into(), gain });
    let asked = [
        (BEGIN, gain("a", 0.5)),
        (BEGIN, gain("b", 1.5)),
        (BEGIN, gain("a", 0.6)),
        (BEGIN, arm(Command::Tempo(crotchets(121)))),
    ];
    let shown = |asked: &[(i64, Command)], bars| {
        let shown = played(bars, asked).0.snapshot(Frames(BEGIN + bars * BAR));
        (shown.armed_gains, shown.armed_tempo)
    };
    assert_eq!(shown(&asked, 1), (vec![("a".to_owned(), 0.6), ("b".to_owned(), 1.5)], Some(crotchets(121))));
    let fired = [&asked[..], &[(BEGIN, FIRE)]].concat();
    assert_eq!(shown(&fired, 6), (vec![], None));
}

#[test]
fn what_is_asked_at_once_holds_at_the_line_too() {
    // Bar 5 is committed 120 ms ahead of its line, and its events leave 80 ms ahead.
    let between = BEGIN + 4 * BAR - 4_800;
    let gain = |gain| Command::Gain { voice: "a".into(), gain };
    let asked = [
        (BEGIN, arm(mute("b", true))),
        (BEGIN, arm(gain(0.5))),
        (BEGIN, FIRE),
        (between, mute("b", false)),
        (between, gain(0.2)),
    ];
    let (conductor, events, _) = played(6, &asked);
    let mix = &conductor.hands().mix;
    assert_eq!((mix.is_muted("b"), mix.gain("a")), (false, Some(0.2)));
    assert!(notes(&events, 1).ends_with("72:12-16 72:16-20 72:20-24 72:24-"), "{}", notes(&events, 1));
    let last = events.iter().rfind(|event| matches!(event.action, Action::Control { controller: 7, .. }));
    let volume = Action::Control { voice: crate::event::VoiceSlot(0), controller: 7, value: 20 };
    assert_eq!(last, Some(&ScheduledEvent { at: Frames(BEGIN + 4 * BAR), action: volume }));
}

#[test]
fn tapping_sets_the_tempo_of_the_felt_beat() {
    // Taps at 100 a minute, each a few milliseconds off.
    let taps: Vec<(i64, Command)> =
        [0, 480, -720, 240, -240].iter().zip(0..).map(|(off, at)| (BEGIN + at * 28_800 + off, Command::Tap)).collect();
    let (conductor, _, said) = played(6, &taps);
    assert_eq!(said.len(), 4, "from the second tap on: {said:?}");
    let tempo = conductor.transport().last_tempo().quarters_per_minute();
    assert!((tempo - 100.0).abs() < 1.0, "{tempo}");
    assert!(said[3].starts_with("tempo 1/4=") && said[3].ends_with("from bar 3"), "{said:?}");
}

/// A composer that takes a quarter of a second for each question, and what it was asked.
struct Slow {
    script: crate::compose::script::Script,
    asked: Option<crate::compose::Prompt>,
    wait: usize,
}

impl crate::compose::Composer for Slow {
    fn ask(&mut self, prompt: &crate::compose::Prompt) {
        if self.asked.as_ref().map(|asked| asked.revision) != Some(prompt.revision) {
            self.wait = 50;
        }
        self.asked = Some(prompt.clone());
        self.script.ask(prompt);
    }

    fn poll(&mut self) -> Option<crate::compose::Reply> {
        self.wait = self.wait.saturating_sub(1);
        if self.wait == 0 { self.script.poll() } else { None }
    }
}

/// What the composer wrote of bars 2 to 17.
fn composed(asked: &[(i64, Command)]) -> String {
    let text = "X:1\nT:One\nM:4/4\nL:1/8\nQ:1/4=120\nP:AB\nK:C\n%%phrase 4\nV:lead\nP:A\nP:B\n";
    let script = crate::compose::script::Script::new("C8\nD8\nE8\nF8\nG8\nA8\nB8\nc8\n");
    let composer = Slow { script, asked: None, wait: 0 };
    let mut conductor = Conductor::new(&scene(text), Box::new(composer), RATE, 1, Pace::Offline);
    conductor.command(Command::Play, Frames(0), &mut |_| {});
    let mut asked = asked.iter().peekable();
    for now in (0..BEGIN + 20 * BAR).step_by(240) {
        while let Some((at, command)) = asked.next_if(|(at, _)| *at <= now) {
            conductor.command(command.clone(), Frames(*at), &mut |_| {});
        }
        conductor.advance(Frames(now), &mut |_| {});
    }
    let by = |cell: &crate::timeline::Cell| match cell.by {
        crate::event::Author::Model => cell.text.clone(),
        _ => "-".to_owned(),
    };
    conductor.timeline().bars()[1..17].iter().map(|bar| by(&bar.cells[0])).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_first_phrase_of_an_armed_scene_is_written_before_its_line() {
    let one = composed(&[]);
    assert_eq!(one, "D8 E8 F8 G8 A8 B8 c8 - D8 E8 F8 G8 A8 B8 c8 -", "its first bar is the ladder's");
    let at = BEGIN + 2 * BAR;
    let other = scene("X:2\nT:Two\nM:4/4\nL:1/8\nK:G\n%%phrase 4\nV:lead\n[V:lead] g8 |\n");
    for fresh in [true, false] {
        let armed = arm(Command::Evaluate { scene: Arc::clone(&other), fresh });
        let heard = composed(&[(at, armed.clone()), (at, FIRE)]);
        assert_eq!(heard, "D8 E8 F8 - A8 B8 c8 C8 D8 E8 F8 G8 A8 B8 c8 C8", "from the line on, with its opening");
        // What is withdrawn leaves the other as it was planned.
        let clear = Command::Arm(Arm::Clear);
        assert_eq!(composed(&[(at, armed), (at, FIRE), (at + BAR / 2, clear)]), one);
    }
    // Where the text gives nothing, its very first bar is there; also when the composer is at it as the line comes.
    let open = scene("X:2\nT:Two\nM:4/4\nL:1/8\nK:G\n%%phrase 4\nV:lead\n");
    for late in [BAR, BAR / 4] {
        let armed = arm(Command::Evaluate { scene: Arc::clone(&open), fresh: true });
        let at = BEGIN + 4 * BAR - late;
        let heard = composed(&[(at, armed), (at, FIRE)]);
        assert_eq!(heard, "D8 E8 F8 G8 A8 B8 c8 C8 D8 E8 F8 G8 A8 B8 c8 C8", "{late} before the line");
    }
}

#[test]
fn who_withdraws_a_scene_too_late_is_told_that_it_comes() {
    let other = scene("X:2\nT:Two\nM:4/4\nL:1/8\nK:G\nV:bass by=loop\n[V:bass] G,8 |\n");
    let clear = Command::Arm(Arm::Clear);
    let armed = arm(Command::Evaluate { scene: other, fresh: true });
    let said = |at: i64| -> Vec<String> {
        let (_, _, said) = played(6, &[(BEGIN + BAR, armed.clone()), (BEGIN + BAR, FIRE), (at, clear.clone())]);
        said.into_iter().filter(|said| said.starts_with("nothing")).collect()
    };
    assert_eq!(said(BEGIN + 2 * BAR), ["nothing is armed any more"]);
    let late = "nothing is armed any more, but Two is heard from bar 5: that bar was next";
    assert_eq!(said(BEGIN + 4 * BAR - BAR / 2), [late]);
}
