use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::compose::Silent;
use crate::conductor::Pace;
use crate::event::Command;
use crate::prompt::read_with;
use crate::rig::Rig;
use crate::steer::Lexicon;
use crate::time::SampleRate;

const RATE: SampleRate = SampleRate(48_000);
const RIG: &str = "box = { port = 'Box', channel = 2, program_base = 1, program_ahead = 300 }\n\
                   late = { port = 'Late', latency_ms = 100 }\n";

/// A scene of the voice `a` in bars of two seconds, with these properties and bars.
fn scene(properties: &str, bars: &str) -> Arc<Scene> {
    let patches = ["reed", "sub"].map(String::from);
    let (rig, _) = Rig::read(Path::new("rig.toml"), RIG, &patches);
    let text = format!("X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop {properties}\n[V:a] {bars} |\n");
    let (mut scenes, said) = read_with(Path::new("t.abc"), &text, &patches, &Lexicon::default(), &rig);
    assert_eq!(said, []);
    Arc::new(scenes.remove(0))
}

struct Set {
    conductor: Conductor,
    now: i64,
    /// What is not heard: how slots sound, programs, controllers but for volume and pan.
    said: Vec<String>,
    /// The frame of the first note.
    start: Option<Frames>,
}

impl Set {
    fn new(properties: &str, bars: &str) -> Set {
        let scene = scene(properties, bars);
        let conductor = Conductor::new(&scene, Box::new(Silent), RATE, 1, Pace::Offline);
        let mut set = Set { conductor, now: 0, said: Vec::new(), start: None };
        let mut events = Vec::new();
        set.conductor.mix(&scene, Frames(0), &mut |event| events.push(event));
        set.take(events);
        set.command(Command::Play);
        set
    }

    fn command(&mut self, command: Command) {
        let mut events = Vec::new();
        self.conductor.command(command, Frames(self.now), &mut |event| events.push(event));
        self.take(events);
    }

    fn evaluate(&mut self, properties: &str, bars: &str) {
        self.command(Command::Evaluate { scene: scene(properties, bars), fresh: false });
    }

    /// Goes on to this many milliseconds behind the first note's frame.
    fn run(&mut self, ms: i64) {
        let mut events = Vec::new();
        while self.now < self.start.map_or(0, |start| start.0) + ms * 48 || self.start.is_none() {
            self.conductor.advance(Frames(self.now), &mut |event| events.push(event));
            self.now += 240;
            let first = |event: &&ScheduledEvent| matches!(event.action, Action::NoteOn { .. });
            self.start = self.start.or(events.iter().find(first).map(|event| event.at));
        }
        self.take(events);
    }

    fn take(&mut self, events: Vec<ScheduledEvent>) {
        let start = self.start.unwrap_or_default();
        let ms = |at: Frames| (at - start).0 / 48;
        for sound in self.conductor.sounds() {
            let from = sound.from.map(|from| format!(" from {}", ms(from))).unwrap_or_default();
            self.said.push(format!("{}{from}", sound.out.as_deref().unwrap_or("anywhere")));
        }
        for event in events {
            match event.action {
                Action::Control { controller: 7 | 10, .. } => {}
                Action::Control { controller, value, .. } => {
                    self.said.push(format!("{}:{controller}={value}", ms(event.at)));
                }
                Action::Program { program, .. } => self.said.push(format!("{}:p{program}", ms(event.at))),
                _ => {}
            }
        }
    }

    /// What was said since it was last asked.
    fn said(&mut self) -> String {
        std::mem::take(&mut self.said).join(" ")
    }
}

#[test]
fn a_ramp_goes_on_until_it_is_edited() {
    let mut set = Set::new("cutoff=10..14/2", "C4");
    set.run(1000);
    assert_eq!(set.said(), "anywhere 0:74=10 500:74=11");
    // Another volume changes nothing of it.
    set.evaluate("cutoff=10..14/2 gain=0.5", "C4");
    set.run(7000);
    assert_eq!(set.said(), "anywhere 1500:74=12 2500:74=13 3500:74=14", "and the last value holds");
    set.evaluate("cutoff=14..10/1 gain=0.5", "C4");
    set.run(9000);
    assert_eq!(set.said(), "8000:74=14 8250:74=13 8750:74=12", "anew from its bar on");
}

#[test]
fn a_value_is_set_at_once_and_ends_a_ramp() {
    let mut set = Set::new("cutoff=10..14/2 resonance=3", "C4");
    set.run(1000);
    assert_eq!(set.said(), "anywhere 0:71=3 0:74=10 500:74=11");
    set.evaluate("cutoff=99 resonance=3", "C4");
    assert_eq!(set.said(), format!("{}:74=99", (set.now - set.start.expect("begun").0) / 48));
    set.run(6000);
    assert_eq!(set.said(), "");
    set.evaluate("resonance=3", "C4");
    set.run(8000);
    assert_eq!(set.said(), "", "what is no longer said holds");
}

#[test]
fn a_ramp_is_thinned() {
    let mut set = Set::new("macro1=0..127/1", "C4");
    set.command(Command::Tempo(crate::transport::crotchets(480)));
    set.run(2000);
    let said = set.said();
    let sent: Vec<(i64, i64)> = said
        .split(' ')
        .skip(1)
        .map(|said| said.split_once(":16=").expect("the macro"))
        .map(|(at, value)| (at.parse().expect("ms"), value.parse().expect("a value")))
        .collect();
    assert!(sent.len() > 40 && sent[0].1 == 0 && sent[sent.len() - 1].1 == 127, "{said}");
    assert!(sent.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 10 && pair[1].1 > pair[0].1), "{said}");
}

#[test]
fn after_a_stop_boxes_are_told_again_what_they_were_not_sent() {
    let mut set = Set::new("out=box prog=3 cutoff=10..14/2", "C4");
    set.run(1000);
    assert_eq!(set.said(), "Box 0:p2 0:74=10 500:74=11");
    set.command(Command::Stop);
    set.command(Command::Play);
    set.start = None;
    set.run(0);
    assert_eq!(set.said(), "0:74=12");
}

#[test]
fn programs_are_changed_ahead_of_the_first_note_that_needs_them() {
    let mut set = Set::new("out=box prog=3 bank=1/5", "C4");
    set.run(500);
    assert_eq!(set.said(), "Box 0:0=1 0:32=5 0:p2");
    // The next bar line is at 2000, and there the voice rests until 5000.
    set.evaluate("out=box prog=9 bank=1/5", "C4 | z4 | z2 E2");
    set.run(1900);
    set.evaluate("out=box prog=9 bank=1/5", "z4 | z4 | z2 E2");
    set.run(4000);
    assert_eq!(set.said(), "Box 1700:0=1 1700:32=5 1700:p8", "for the first text it was on its way");
    set.run(8000);
    set.evaluate("out=box prog=128 bank=1/5", "z4 | z4 | z2 E2");
    set.run(16_000);
    let said = set.said();
    let at = said.strip_prefix("Box ").and_then(|said| said.split(':').next()).and_then(|at| at.parse::<i64>().ok());
    assert_eq!(at.map(|at| (at + 300) % 2000), Some(1000), "300 ms ahead of the third beat: {said}");
}

#[test]
fn a_port_that_goes_comes_back_at_a_bar_line_and_is_set_up() {
    let mut set = Set::new("out=box prog=3 cutoff=10..11/1 resonance=7", "C4");
    let port = |there| Command::Port { port: "Box".into(), there };
    set.run(1500);
    assert_eq!(set.said(), "Box 0:71=7 0:p2 0:74=10 1000:74=11");
    set.command(Command::Port { port: "Elsewhere".into(), there: false });
    set.command(port(true));
    assert_eq!((set.said(), set.conductor.messages().len()), (String::new(), 0), "nothing has changed");
    set.command(port(false));
    assert!(set.said().starts_with("synth"));
    set.command(port(false));
    assert_eq!(set.said(), "");
    set.run(2500);
    set.said();
    set.command(port(true));
    let now = (set.now - set.start.expect("begun").0) / 48;
    assert_eq!(set.said(), format!("Box from 4000 {now}:71=7"));
    set.run(4000);
    assert_eq!(set.said(), "3700:p2 4000:74=11");
    let said: Vec<String> = set.conductor.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(
        said,
        ["the MIDI port 'Box' is missing: a plays reed", "the MIDI port 'Box' is there again, for a from bar 3"]
    );
    // Where it stops before the bar line, there is none to wait for.
    set.command(port(false));
    set.run(4500);
    set.said();
    set.command(port(true));
    set.command(Command::Stop);
    let said = set.said();
    assert!(said.starts_with("Box from 6000 ") && said.ends_with(" Box"), "{said}");
}

/// How many milliseconds before they are due the notes leave, which go the way of these properties; `nudges` are asked with the second bar.
fn leave(properties: &str, nudges: &[(&str, i16)]) -> Vec<i64> {
    let scene = scene(properties, "C4");
    let mut conductor = Conductor::new(&scene, Box::new(Silent), RATE, 1, Pace::Offline);
    conductor.mix(&scene, Frames(0), &mut |_| {});
    conductor.command(Command::Play, Frames(0), &mut |_| {});
    let mut left = Vec::new();
    for now in (0..300_000).step_by(48) {
        if now == 100_800 {
            for (output, ms) in nudges {
                let command = Command::Nudge { output: (*output).to_owned(), ms: *ms };
                conductor.command(command, Frames(now), &mut |_| {});
            }
        }
        conductor.advance(Frames(now), &mut |event| {
            if matches!(event.action, Action::NoteOn { .. }) {
                left.push((event.at - Frames(now)).0 / 48);
            }
        });
    }
    left
}

#[test]
fn events_leave_early_enough_for_the_slowest_box_and_for_every_nudge() {
    assert_eq!(leave("out=synth", &[]), [79; 4]);
    assert_eq!(leave("out=late", &[])[1..], [179; 3]);
    for (properties, nudge, notice) in [
        ("out=synth", ("synth", -100), 179),
        ("out=box", ("Box", -100), 179),
        ("out=late", ("Late", -100), 279),
        ("out=late", ("Late", 60), 119),
        // Outputs that are not in use, and those that wait.
        ("out=box", ("Late", -100), 79),
        ("out=box", ("Box", 100), 79),
        // The synth may have to stand in.
        ("out=late", ("synth", -100), 179),
        ("out=box", ("synth", -100), 179),
        ("out=box", ("Box", i16::MIN), 179),
    ] {
        let left = leave(properties, &[nudge]);
        assert_eq!(left.last(), Some(&notice), "{properties} {nudge:?} {left:?}");
    }
}

#[test]
fn the_screen_says_how_the_output_of_a_voice_is_nudged() {
    let mut set = Set::new("out=box", "C4");
    let status = |set: &mut Set| {
        let voice = &set.conductor.snapshot(Frames(set.now)).voices[0];
        (voice.output.clone(), voice.nudge)
    };
    let nudge = |output: &str, ms| Command::Nudge { output: output.into(), ms };
    assert_eq!(status(&mut set), ("Box".to_owned(), 0));
    set.command(nudge("Box", -3));
    set.command(nudge("synth", 4));
    set.said();
    set.run(1000);
    assert_eq!(set.said(), "", "nothing is set up anew");
    // A port that goes and comes back, and texts that take the voice elsewhere and back again.
    for there in [false, true] {
        set.command(Command::Port { port: "Box".into(), there });
        assert_eq!(status(&mut set), ("Box".to_owned(), -3));
    }
    set.evaluate("", "C4");
    assert_eq!(status(&mut set), ("synth".to_owned(), 4));
    set.evaluate("out=box", "C4");
    assert_eq!(status(&mut set), ("Box".to_owned(), -3));
}

/// The synth's delay is three semiquavers long, or as long as the text says, at the tempo of each bar; told where it changes.
#[test]
fn echoes_follow_the_tempo() {
    let mut set = Set::new("", "C4");
    let mut delays = Vec::new();
    let mut run = |set: &mut Set, seconds: i64| {
        let until = set.now + seconds * 48_000;
        while set.now < until {
            set.conductor.advance(Frames(set.now), &mut |event| {
                if let Action::DelayTime { frames } = event.action {
                    delays.push(frames);
                }
            });
            set.now += 240;
        }
        std::mem::take(&mut delays)
    };
    assert_eq!(run(&mut set, 5), [18_000]);
    set.command(Command::Tempo(crate::transport::crotchets(90)));
    assert_eq!(run(&mut set, 8), [24_000]);
    let text = "X:1\nM:4/4\nL:1/4\nK:C\n%%delay 1/4\nV:a by=loop\n[V:a] C4 |\n";
    let scene = read_with(Path::new("t.abc"), text, &["reed".into()], &Lexicon::default(), &Rig::default()).0.remove(0);
    set.command(Command::Evaluate { scene: Arc::new(scene), fresh: false });
    assert_eq!(run(&mut set, 8), [32_000]);
    // What was planned for a bar that a stop took back is told again.
    set.command(Command::Stop);
    set.command(Command::Play);
    assert_eq!(run(&mut set, 8), [32_000]);
}
