use std::path::Path;
use std::sync::Arc;

use super::deadline::PATIENCE;
use super::*;
use crate::compose::script::Script;
use crate::compose::{Due, Silent};
use crate::event::{Author, Touch};
use crate::prompt::read;

const RATE: SampleRate = SampleRate(48_000);

fn scene(text: &str) -> Arc<Scene> {
    let patches = ["reed", "sub"].map(String::from);
    let (mut scenes, diagnostics) = read(Path::new("t.abc"), text, &patches, &crate::steer::Lexicon::default());
    assert!(!crate::prompt::has_errors(&diagnostics), "{diagnostics:?}");
    Arc::new(scenes.remove(0))
}

const TWO_VOICES: &str =
    "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:bass by=loop patch=sub\nV:lead\n[V:bass] C,8 | G,,8 |\n[V:lead] C8 | D8 |\n";

fn conductor(text: &str, script: &str) -> Conductor {
    Conductor::new(&scene(text), Box::new(Script::new(script)), RATE, 1, Pace::Offline)
}

/// Advances in steps of 5 ms up to a frame and gives what was sent.
fn run(conductor: &mut Conductor, from: i64, to: i64) -> Vec<ScheduledEvent> {
    let mut events = Vec::new();
    let mut now = from;
    while now < to {
        conductor.advance(Frames(now), &mut |event| events.push(event));
        now += 240;
    }
    events
}

fn play(conductor: &mut Conductor) {
    conductor.command(Command::Play, Frames(0), &mut |_| {});
}

fn texts(conductor: &Conductor, voice: usize) -> Vec<String> {
    conductor.timeline().bars().iter().map(|bar| bar.cells[voice].text.clone()).collect()
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
    // The deadlines are those of now, a second and 5 ms later.
    assert_eq!(live.last_asked().due.unwrap().left_ms + 1005, first.left_ms);
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
    let shown = view.iter().find(|bar| bar.number == 2).and_then(|bar| bar.cells[0].clone()).unwrap();
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
    assert_eq!(conductor.timeline().cell(first, 0).text, "CC/z/ Ez4z");
}

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
    assert_eq!((names, snapshot.heard_from), (vec!["bass", "lead"], Some(3)));
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
