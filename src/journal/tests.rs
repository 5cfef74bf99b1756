use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use serde_json::{Value, json};

mod replayed;

use super::*;
use crate::compose::script::Script;
use crate::compose::{Composer, Prompt, Reply};
use crate::conductor::{Conductor, Pace};
use crate::event::{Action, Arm, Command, Playing, ScheduledEvent, Touch, VoiceSlot};
use crate::keep::{Ask, Kind};
use crate::prompt::Scene;
use crate::queue::EventQueue;
use crate::replay::{Heard, Step, Steps, heard};
use crate::rig::{Router, Way};
use crate::time::{Frames, SampleRate, Tempo};
use crate::transport::crotchets;

const RATE: SampleRate = SampleRate(48_000);

fn scene(text: &str) -> Arc<Scene> {
    let patches = ["reed", "sub", "pluck"].map(String::from);
    let (mut scenes, diagnostics) =
        crate::prompt::read(Path::new("t.abc"), text, &patches, &crate::steer::Lexicon::default());
    assert!(!crate::prompt::has_errors(&diagnostics), "{diagnostics:?}");
    Arc::new(scenes.remove(0))
}

const TWO_VOICES: &str = "X:1\nT:Two\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:bass by=loop patch=sub\nV:lead prog=5\n\
                          [V:bass] C,8 | !p!G,,4 z4 |\n[V:lead] C8 | D8- |\n";

fn header() -> Header {
    Header {
        format: FORMAT,
        barline: "0.1.0".into(),
        began: "2026-11-24T13:25:35+00:00".into(),
        seed: 1,
        rate: RATE,
        model: None,
    }
}

/// A set that is played without a clock, and all that was said of it.
struct Set {
    recorder: Recorder,
    lines: std::sync::mpsc::Receiver<Line>,
    now: i64,
    /// What went to the outputs.
    sent: Vec<ScheduledEvent>,
    ways: Ways,
    /// An output that plays it.
    output: EventQueue,
    played: Vec<ScheduledEvent>,
}

impl Set {
    fn new(text: &str, composer: Box<dyn Composer>, pace: Pace) -> Set {
        let (journal, lines) = channel();
        let conductor = Conductor::new(&scene(text), composer, RATE, 1, pace);
        let recorder = Recorder::new(conductor, Some(journal));
        let mut set =
            Set { recorder, lines, now: 0, sent: vec![], ways: Ways::new(), output: EventQueue::new(), played: vec![] };
        let Set { recorder, sent, ways, output, .. } = &mut set;
        recorder.begin(Frames(0), &mut |step| take(&step, sent, ways, output));
        set
    }

    fn command(&mut self, command: Command) {
        let Set { recorder, sent, ways, output, now, .. } = self;
        recorder.command(command, Frames(*now), &mut |step| take(&step, sent, ways, output));
    }

    /// A turn of the scheduler, then so many frames pass.
    fn pass(&mut self, frames: i64) {
        let Set { recorder, sent, ways, output, now, .. } = self;
        recorder.advance(Frames(*now), &mut |step| take(&step, sent, ways, output));
        recorder.messages(Frames(*now));
        self.now += frames;
        self.played.extend(std::iter::from_fn(|| self.output.pop_due(Frames(self.now - 1))));
    }

    fn run(&mut self, to: i64) {
        while self.now < to {
            self.pass(240);
        }
    }

    /// The journal as it stands in its file.
    fn journal(&self) -> Vec<u8> {
        let lines = std::iter::once(Line::Header(header())).chain(self.lines.try_iter());
        let text: Vec<String> = lines.map(|line| serde_json::to_string(&line).expect("JSON") + "\n").collect();
        text.concat().into_bytes()
    }
}

/// The way that each event goes.
struct Ways(Router, Vec<(ScheduledEvent, Way)>);

impl Ways {
    fn new() -> Ways {
        Ways(Router::new(RATE, None), Vec::new())
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Send(event) => {
                let way = self.0.way(*event);
                self.1.push((*event, way));
            }
            Step::Sound(sound) => self.0.give(sound),
            Step::Nudge { output, ms, .. } => self.0.nudge(output, *ms),
        }
    }

    /// What the hand strikes before `begin`, by slot and pitch: no part of a set.
    fn early(&self, begin: Frames) -> BTreeSet<(VoiceSlot, u8)> {
        let struck = |event: &ScheduledEvent| match event.action {
            Action::NoteOn { voice, pitch, .. } if event.at < begin => Some((voice, pitch)),
            _ => None,
        };
        self.1.iter().filter_map(|(event, _)| struck(event)).collect()
    }

    /// With other frames, and without these notes.
    fn but(self, early: &BTreeSet<(VoiceSlot, u8)>, frame: impl Fn(Frames) -> Frames) -> Vec<Way> {
        let moved = |(_, way)| match way {
            Way::Port { port, event, synth } => {
                Way::Port { port, event: ScheduledEvent { at: frame(event.at), ..event }, synth }
            }
            other => other,
        };
        let stays = |(event, _): &(ScheduledEvent, Way)| match event.action {
            Action::NoteOn { voice, pitch, .. } | Action::NoteOff { voice, pitch } => !early.contains(&(voice, pitch)),
            _ => true,
        };
        self.1.into_iter().filter(stays).map(moved).collect()
    }
}

fn take(step: &Step, sent: &mut Vec<ScheduledEvent>, ways: &mut Ways, output: &mut EventQueue) {
    if matches!(step, Step::Send(event) if !event.action.is_music()) {
        return;
    }
    ways.take(step);
    if let Step::Send(event) = step {
        sent.push(*event);
        output.push(*event);
    }
}

fn two_voices() -> Set {
    let mut set = Set::new(TWO_VOICES, Box::new(Script::new("E8\nF8")), Pace::Offline);
    set.command(Command::Play);
    set
}

fn whole(bytes: &[u8]) -> Recording {
    let (recording, damages) = read(bytes).expect("a journal").expect("a header");
    assert_eq!(damages, []);
    recording
}

/// Lines of one kind, without the kind.
fn of_kind(journal: &[u8], kind: &str) -> Vec<Value> {
    let lines = std::str::from_utf8(journal).expect("UTF-8").lines();
    let values = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    values.filter_map(|mut line| line.as_object_mut()?.remove(kind)).collect()
}

/// A composer with bad days: it answers late, dies and comes back, and writes bars that are not full.
struct Moody {
    script: Script,
    moods: Vec<u8>,
    at: usize,
    waits: u32,
}

impl Composer for Moody {
    fn ask(&mut self, prompt: &Prompt) {
        self.script.ask(prompt);
    }

    fn poll(&mut self) -> Option<Reply> {
        if self.waits > 0 {
            self.waits -= 1;
            return None;
        }
        self.at += 1;
        match self.moods[self.at % self.moods.len()] {
            0..=1 => {
                self.waits = 400;
                Some(Reply::Restarting { reason: "was killed".into() })
            }
            mood @ 2..=9 => {
                self.waits = 40 * u32::from(mood);
                None
            }
            mood => {
                let mut reply = self.script.poll();
                if let Some(Reply::Bar(bar)) = &mut reply {
                    bar.micros = u64::from(mood) * 500;
                }
                reply
            }
        }
    }
}

fn wish(voice: Option<String>) -> Ask {
    Ask { voice, bars: 4, kind: Kind::Seed }
}

#[test]
fn what_is_played_stands_in_its_lines() {
    let mut set = two_voices();
    set.run(100_000);
    set.command(Command::Mute { voice: "lead".into(), muted: true });
    let edited = TWO_VOICES
        .replace("G,,4", "A,,4")
        .replace("patch=sub", "patch=pluck gain=0.5")
        .replace("M:4/4", "M:3/4")
        .replace("z4 |", "z2 |");
    let edited = edited.replace("C,8", "C,6").replace("C8 | D8-", "C6 | D6-");
    set.command(Command::Evaluate { scene: scene(&edited), fresh: false });
    set.run(110_000);
    set.command(Command::Reroll);
    set.command(Command::Hush);
    set.command(Command::Play);
    // The third bar is fixed and has not begun.
    set.run(3840 + 2 * 96_000 - 480);
    set.command(Command::Stop);
    set.command(Command::Panic);
    let journal = set.journal();
    assert_eq!(of_kind(&journal, "header")[0]["format"], 1);
    let prompts = of_kind(&journal, "prompt");
    assert_eq!(prompts.len(), 2);
    assert_eq!(
        prompts[1],
        json!({"at": 100_080, "revision": 2, "from": 3, "path": "t.abc", "text": edited, "scene": 1, "fresh": false})
    );
    assert_eq!(prompts[0]["text"], TWO_VOICES);
    assert_eq!(
        of_kind(&journal, "voice"),
        [
            json!({"at": 0, "slot": 0, "name": "bass", "role": "bass", "patch": "sub", "gain": 1.0, "pan": 0.0}),
            json!({"at": 0, "slot": 1, "name": "lead", "role": "lead", "patch": "reed", "program": 5, "gain": 1.0, "pan": 0.0}),
            json!({"at": 100_080, "slot": 0, "name": "bass", "role": "bass", "patch": "pluck", "gain": 0.5, "pan": 0.0}),
        ]
    );
    let bars = of_kind(&journal, "bar");
    assert_eq!(
        bars[1],
        json!({"number": 2, "at": 99_840, "beats": "1", "title": "Two", "meter": "4/4", "unit": "1/8", "key": "C", "tempo": "120",
        "parts": [
            {"voice": "bass", "role": "bass", "by": "loop", "text": "G,,4 z4", "velocities": [70]},
            {"voice": "lead", "role": "lead", "by": "text", "text": "D8-", "velocities": [100]},
        ]})
    );
    assert_eq!((bars.len(), &bars[2]["meter"], &bars[2]["parts"][1]["by"]), (3, &json!("3/4"), &json!("text")));
    assert_eq!(of_kind(&journal, "back"), [json!({"at": 195_360, "from": 3})]);
    assert_eq!(
        of_kind(&journal, "tempo"),
        [json!({"at": 0, "beats": "0", "tempo": "120"}), json!({"at": 3840, "beats": "0", "tempo": "120"})]
    );
    let commands: Vec<Value> = of_kind(&journal, "command").into_iter().map(|mut line| line["do"].take()).collect();
    let mute = json!({"mute": {"voice": "lead", "muted": true}});
    assert_eq!(
        commands,
        [json!("play"), mute, json!("reroll"), json!("hush"), json!("play"), json!("stop"), json!("panic")]
    );
    let sent = of_kind(&journal, "sent");
    assert_eq!(
        sent[..7],
        [
            json!({"at": 0, "control": {"voice": 0, "controller": 7, "value": 100}}),
            json!({"at": 0, "control": {"voice": 0, "controller": 10, "value": 64}}),
            json!({"at": 0, "control": {"voice": 1, "controller": 7, "value": 100}}),
            json!({"at": 0, "control": {"voice": 1, "controller": 10, "value": 64}}),
            json!({"at": 0, "program": {"voice": 1, "program": 5}}),
            json!({"at": 3840, "delay_time": {"frames": 18000}}),
            json!({"at": 3840, "note_on": {"voice": 0, "pitch": 48, "velocity": 100}}),
        ]
    );
    assert_eq!(sent[sent.len() - 2], json!({"at": 195_360, "flush": null}));
    let messages = of_kind(&journal, "message");
    let text = "Two: heard from bar 3; bass keeps its place; lead: bar 1 of the seed";
    assert_eq!(messages[0], json!({"at": 100_080, "level": "info", "text": text}));
    // What is written is what is read.
    let recording = whole(&journal);
    assert_eq!(recording.events().collect::<Vec<_>>(), set.sent);
    assert_eq!(recording.bars().iter().map(|bar| bar.number).collect::<Vec<_>>(), [1, 2]);
}

/// Each way to end or keep back a note, at 120 crotchets a minute: from which frame to which does the lead's second bar sound?
#[test]
fn what_was_kept_back_or_cut_is_not_heard() {
    let (begin, line) = (3840, 96_000);
    let second_bar = |ask: &[(i64, Command)]| {
        let mut set = two_voices();
        for (at, command) in ask {
            set.run(begin + line + at);
            set.command(command.clone());
        }
        set.run(begin + 3 * line);
        set.command(Command::Stop);
        let notes = heard(&whole(&set.journal()));
        let lead = notes.into_iter().find(|note| note.voice == "lead" && note.pitch == 62);
        lead.map(|Heard { on, off, .. }| ((on.0 - begin - line), (off.0 - begin - line)))
    };
    let mute = |muted| Command::Mute { voice: "lead".into(), muted };
    let whole_bar = Some((0, line));
    assert_eq!(second_bar(&[]), whole_bar);
    assert_eq!(second_bar(&[(-4800, mute(true))]), None, "before it was sent");
    assert_eq!(second_bar(&[(24_000, mute(true))]), whole_bar, "it sounds already");
    assert_eq!(second_bar(&[(-4800, mute(true)), (4800, mute(false))]), None);
    assert_eq!(second_bar(&[(-480, Command::Hush)]), None, "it was sent, and taken back");
    assert_eq!(second_bar(&[(24_000, Command::Hush)]), whole_bar);
    assert_eq!(second_bar(&[(24_000, Command::Stop)]), Some((0, 24_000)));
    assert_eq!(second_bar(&[(-480, Command::Panic)]), None);
    // Taken back, and played when it goes on: 80 ms later.
    let (stop, play) = ((-480, Command::Stop), (9600, Command::Play));
    assert_eq!(second_bar(&[stop, play]), Some((9600 + 3840, 9600 + 3840 + line)));
}

#[test]
fn a_journal_that_is_cut_anywhere_is_read_up_to_there() {
    let mut set = two_voices();
    set.run(30_000);
    set.command(Command::Hush);
    set.run(100_000);
    set.command(Command::Stop);
    let journal = set.journal();
    let all = whole(&journal);
    let header_ends = journal.iter().position(|byte| *byte == b'\n').expect("lines");
    for end in 0..=journal.len() {
        let read = read(&journal[..end]).unwrap_or_else(|error| panic!("{end}: {error}"));
        assert_eq!(read.is_some(), end >= header_ends, "{end}");
        let Some((recording, damages)) = read else { continue };
        assert_eq!(damages, [], "{end}");
        // A line is there whole, but for its end, or not at all.
        let ended = journal[..end].split(|byte| *byte == b'\n').skip(2).count();
        assert!((ended..=ended + 1).contains(&recording.lines.len()), "{end}");
        assert_eq!(recording.lines[..], all.lines[..recording.lines.len()]);
        let steps = Steps::new(&recording, RATE);
        assert_eq!(steps.is_some(), !recording.bars().is_empty(), "{end}");
        assert!(heard(&recording).iter().all(|note| note.on <= note.off));
    }
}

#[test]
fn damaged_lines_are_named_and_left_out() {
    let mut set = two_voices();
    set.run(100_000);
    let journal = String::from_utf8(set.journal()).expect("UTF-8");
    let lines: Vec<&str> = journal.lines().collect();
    let replaced = |at: usize, line: &str| [&lines[..at], &[line], &lines[at + 1..]].concat().join("\n");
    let cases: &[(usize, &str, &str)] = &[
        (3, "{\"sent\":{\"at\":12", "EOF while parsing"),
        (4, "", "EOF while parsing"),
        (5, "{\"applause\":{\"at\":1}}", "unknown variant `applause`"),
        (6, r#"{"sent":{"at":1,"note_on":{"voice":99,"pitch":60,"velocity":90}}}"#, "out of range"),
        (6, r#"{"sent":{"at":-1,"flush":null}}"#, "out of range"),
        (6, r#"{"tempo":{"at":1,"beats":"0","tempo":"0"}}"#, "'0' is not a tempo"),
        (6, r#"{"tempo":{"at":1,"beats":"0","tempo":"-9223372036854775808/-1"}}"#, "is not a tempo"),
        (6, r#"{"tempo":{"at":1,"beats":"1/0","tempo":"120"}}"#, "is not a fraction"),
    ];
    for (at, line, why) in cases {
        let (recording, damages) = read(replaced(*at, line).as_bytes()).expect("a journal").expect("a header");
        let [damage] = &damages[..] else { panic!("{damages:?}") };
        assert!(damage.line == at + 1 && damage.why.contains(why), "{damage:?}: {why}");
        assert_eq!(recording.lines.len(), lines.len() - 2);
    }
    let refused: &[(&str, &str)] = &[
        (&lines[0].replace("\"format\":1", "\"format\":2"), "newer Barline"),
        ("{\"header\":{\"format\":9,\"everything\":\"else\"}}", "newer Barline"),
        ("X:1", "not a journal"),
        ("{}", "not a journal"),
        (&lines[0].replace("48000", "0"), "not a journal"),
    ];
    for (first, why) in refused {
        let error = read(replaced(0, first).as_bytes()).expect_err(first);
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn restarts_and_refused_bars_are_said_in_the_journal() {
    let composer = Moody { script: Script::new("E4"), moods: vec![20, 20, 20, 0], at: 0, waits: 0 };
    let mut set = Set::new(TWO_VOICES, Box::new(composer), Pace::Offline);
    set.command(Command::Play);
    set.run(300_000);
    let messages: Vec<String> = of_kind(&set.journal(), "message").iter().map(ToString::to_string).collect();
    for said in ["composer was killed; it is started again", "bar 3 of lead is not a full bar: E4"] {
        assert!(messages.iter().any(|message| message.contains(said)), "{said}: {messages:?}");
    }
}

#[test]
fn what_the_performer_asks_is_one_line_each() {
    let scene = scene(TWO_VOICES);
    let lead = || "lead".to_owned();
    let touch = |touch| Command::Touch { bar: 7, voice: lead(), touch };
    let arm = |command| Command::Arm(Arm::Add(Box::new(command)));
    let patch = crate::synth::Patch::parse("sub", "sine(pitch)").expect("a patch");
    for (command, what) in [
        (Command::Play, json!("play")),
        (Command::Reroll, json!("reroll")),
        (Command::Mute { voice: lead(), muted: true }, json!({"mute": {"voice": "lead", "muted": true}})),
        (Command::Gain { voice: lead(), gain: 0.8 }, json!({"gain": {"voice": "lead", "gain": 0.8}})),
        (Command::Ramp { to: crotchets(140), bars: 8 }, json!({"ramp": {"to": "140", "bars": 8}})),
        (Command::Tap, json!("tap")),
        (Command::Lock(true), json!({"lock": true})),
        (Command::Nudge { output: "Mini".into(), ms: -3 }, json!({"nudge": {"output": "Mini", "ms": -3}})),
        (Command::CountIn(true), json!({"count_in": true})),
        (arm(Command::Reroll), json!({"arm": "reroll"})),
        (arm(Command::Mute { voice: lead(), muted: true }), json!({"arm": {"mute": {"voice": "lead", "muted": true}}})),
        (arm(Command::Evaluate { scene: Arc::clone(&scene), fresh: true }), json!({"arm": {"evaluate": "Two"}})),
        (Command::Arm(Arm::Fire), json!({"arm": "fire"})),
        (Command::Arm(Arm::Clear), json!({"arm": "clear"})),
        (Command::Tempo(crotchets(97)), json!({"tempo": "97"})),
        (Command::Solo { voice: lead(), soloed: false }, json!({"solo": {"voice": "lead", "soloed": false}})),
        (Command::Port { port: "Mini".into(), there: false }, json!({"port": {"port": "Mini", "there": false}})),
        (
            Command::NoteOn { voice: lead(), pitch: 60, velocity: 80 },
            json!({"note_on": {"voice": "lead", "pitch": 60, "velocity": 80}}),
        ),
        (Command::NoteOff { voice: lead(), pitch: 60 }, json!({"note_off": {"voice": "lead", "pitch": 60}})),
        (Command::Keep(wish(Some(lead()))), json!({"keep": {"voice": "lead", "bars": 4, "kind": "seed"}})),
        (Command::Freeze { voice: lead(), frozen: true }, json!({"freeze": {"voice": "lead", "frozen": true}})),
        (touch(Touch::Pin), json!({"touch": {"bar": 7, "voice": "lead", "how": "pin"}})),
        (touch(Touch::Edit("C8".into())), json!({"touch": {"bar": 7, "voice": "lead", "how": {"edit": "C8"}}})),
        (Command::Evaluate { scene: Arc::clone(&scene), fresh: true }, Value::Null),
        (Command::Patch(Arc::new(patch)), Value::Null),
        (Command::Quit, Value::Null),
    ] {
        let line = Line::of_command(&command, Frames(3));
        assert_eq!(line, (!what.is_null()).then_some(Line::Command { at: Frames(3), what }), "{command:?}");
    }
}

#[test]
fn slots_are_below_the_number_of_voices() {
    let event = ScheduledEvent { at: Frames(1), action: Action::NoteOff { voice: VoiceSlot(32), pitch: 60 } };
    assert!(Line::Sent(event).fault().is_some());
}

/// The frame of the first bar and the notes are what they are; a note by hand in the count-in has no musical time, one that is a moment early has.
#[test]
fn what_counts_in_is_not_written_down() {
    let text = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop\nV:keys by=hand\n[V:a] C4 |\n";
    let mut set = Set::new(text, Box::new(Script::new("")), Pace::Offline);
    set.command(Command::CountIn(true));
    set.command(Command::Play);
    let first = 3840 + 96_000;
    for (at, pitch) in [(first - 30_000, 60), (first - 1_200, 64)] {
        set.run(at);
        set.command(Command::NoteOn { voice: "keys".into(), pitch, velocity: 80 });
        set.run(at + 720);
        set.command(Command::NoteOff { voice: "keys".into(), pitch });
    }
    set.run(first + 100_000);
    set.command(Command::Stop);
    set.pass(1000);
    let journal = set.journal();
    assert_eq!(of_kind(&journal, "command")[0]["do"], json!({"count_in": true}));
    assert_eq!(of_kind(&journal, "bar")[0]["at"], first);
    let recording = whole(&journal);
    let voices = recording.events().filter_map(|event| match event.action {
        Action::NoteOn { voice, .. } => Some(voice.0),
        _ => None,
    });
    assert!(voices.max() < Some(2));
    let heard: Vec<(i64, u8)> = heard(&recording).iter().map(|note| (note.on.0, note.pitch)).collect();
    assert_eq!(heard, [(first - 1_200, 64), (first, 60), (first + 96_000, 60)]);
    assert!(recording.hands().0.counts_in());
    assert!(matches!(recording.hands().0.commands()[..], [.., Command::CountIn(true)]));
}

#[test]
fn what_the_hand_played_has_a_line_of_its_own() {
    let text = "X:1\nT:Hand\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:keys by=hand\n";
    let mut set = Set::new(text, Box::new(Script::new("")), Pace::Offline);
    set.command(Command::Play);
    let note = |velocity| match velocity {
        0 => Command::NoteOff { voice: "keys".into(), pitch: 60 },
        velocity => Command::NoteOn { voice: "keys".into(), pitch: 60, velocity },
    };
    // A little early, on its second beat, and over the bar line.
    for (at, velocity) in
        [(96_000 + 23_000, 77), (96_000 + 47_000, 0), (2 * 96_000 - 20_000, 99), (2 * 96_000 + 24_000, 0)]
    {
        set.run(3840 + at);
        set.command(note(velocity));
    }
    set.run(3840 + 3 * 96_000 + 1000);
    set.command(Command::Stop);
    set.pass(1000);
    let journal = set.journal();
    let part = |bar: Value, text: &str, velocities: &[u8]| {
        let mut part = json!({"voice": "keys", "role": "hand", "by": "hand", "text": text, "velocities": velocities});
        if !bar.is_null() {
            part["bar"] = bar;
        }
        part
    };
    let bars: Vec<Value> = of_kind(&journal, "bar").into_iter().map(|mut bar| bar["parts"][0].take()).collect();
    assert!(bars.len() >= 4 && bars.iter().all(|bar| *bar == part(Value::Null, "z4", &[])), "{bars:?}");
    let played = [part(json!(2), "z C z z/4C3/4-", &[77, 99]), part(json!(3), "C z3", &[])];
    assert_eq!(of_kind(&journal, "hand"), played);
    // What is saved of the set has it.
    let recording = whole(&journal);
    let parts: Vec<(i64, String)> =
        recording.bars().into_iter().map(|bar| (bar.number, bar.parts[0].text.clone())).collect();
    assert_eq!(
        parts,
        [(1, "z4".to_owned()), (2, "z C z z/4C3/4-".to_owned()), (3, "C z3".to_owned()), (4, "z4".to_owned())]
    );
}
