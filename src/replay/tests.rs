use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use super::*;
use crate::abc::Meter;
use crate::compose::Silent;
use crate::conductor::{Conductor, Pace};
use crate::event::Command;
use crate::import::read_midi;
use crate::journal::{FORMAT, Header, Line, Recorder};
use crate::prompt::Scene;
use crate::record::BarRecord;
use crate::render::{RENDER_RATE, render};
use crate::time::Beats;
use crate::transport::crotchets;

const PATCH: &str = "saw(pitch) * adsr(0.01, 0.1, 0.5, 0.1)";

fn scene(text: &str) -> Arc<Scene> {
    let patches = ["reed", "sub"].map(String::from);
    let lexicon = crate::steer::Lexicon::default();
    Arc::new(crate::prompt::read(Path::new("a.abc"), text, &patches, &lexicon).0.remove(0))
}

fn patch(name: &str) -> Arc<Patch> {
    let text = if name == "sub" { PATCH.replace("saw", "sine") } else { PATCH.to_owned() };
    Arc::new(Patch::parse(name, &text).expect("a patch"))
}

/// A recording of so many bars by the ladder. What is asked on the way is asked in the first 5 ms of a bar, counted from 1.
fn recorded(text: &str, bars: i64, ask: &[(i64, Command)]) -> Recording {
    let mut conductor = Conductor::new(&scene(text), Box::new(Silent), RENDER_RATE, 3, Pace::Offline);
    conductor.end_after(bars);
    let (journal, lines) = channel();
    let mut recorder = Recorder::new(conductor, Some(journal));
    recorder.begin(Frames(0), &mut |_| {});
    recorder.command(Command::Play, Frames(0), &mut |_| {});
    let (mut now, mut ask) = (Frames(0), ask.iter().peekable());
    while recorder.timeline().next_bar() <= bars
        || now < recorder.transport().frame_of(recorder.timeline().next_start())
    {
        recorder.advance(now, &mut |_| {});
        now = now + Frames(240);
        let begun = |bar: i64| {
            recorder
                .timeline()
                .bars()
                .iter()
                .any(|known| known.number == bar && recorder.transport().frame_of(known.start) < now)
        };
        if let Some((_, command)) = ask.next_if(|(bar, _)| begun(*bar)) {
            recorder.command(command.clone(), now, &mut |_| {});
        }
    }
    assert_eq!(ask.next().map(|(bar, _)| bar), None);
    recorder.command(Command::Stop, now, &mut |_| {});
    drop(recorder);
    let (barline, began) = (String::new(), String::new());
    let header = Header { format: FORMAT, barline, began, seed: 3, rate: RENDER_RATE, model: None };
    Recording { header, lines: lines.iter().collect() }
}

fn abc(recording: &Recording) -> String {
    record::abc(&heard::bars(recording))
}

const SET: &str = "X:1\nT:Set\nM:6/8\nL:1/8\nQ:3/8=83\nK:Edor\n%%phrase 2\nV:bass by=loop patch=sub pan=-0.5\nV:lead channel=7 prog=12\n\
                   V:kit clef=perc by=loop\n[V:bass] E,6- | E,3 B,,3 |\n[V:lead] .E2B {d}cBA | TB3 GAB |\n[V:kit] C,,3 D,,3 |\n";

#[test]
fn what_was_not_touched_is_what_render_makes() {
    let recording = recorded(SET, 2, &[]);
    let rendering = render(scene(SET), Box::new(Silent), 2, 3, 1, &|name| Some(patch(name)));
    let folder = tempfile::tempdir().expect("a folder");
    let both = |name: &str| {
        let [ours, theirs] = ["replay", "render"].map(|by| folder.path().join(format!("{by}.{name}")));
        write(&recording, &ours, &|name| Some(patch(name))).expect("written");
        rendering.write(&theirs).expect("written");
        [ours, theirs].map(|path| std::fs::read(path).expect("there"))
    };
    let [ours, theirs] = both("abc");
    assert_eq!(String::from_utf8(ours), String::from_utf8(theirs));
    both("mid");
    let [mut ours, mut theirs] =
        ["replay", "render"].map(|by| read_midi(&folder.path().join(format!("{by}.mid"))).expect("MIDI"));
    for track in ours.tracks.iter_mut().chain(&mut theirs.tracks) {
        track.notes.sort_by_key(|note| (note.onset, note.pitch));
    }
    assert_eq!(ours, theirs);
    both("wav");
    let samples = |by: &str| {
        let reader = hound::WavReader::open(folder.path().join(format!("{by}.wav"))).expect("WAV");
        reader.into_samples::<i32>().map(|sample| sample.expect("a sample")).collect::<Vec<_>>()
    };
    let (ours, theirs) = (samples("replay"), samples("render"));
    let music = 2 * Steps::new(&recording, RENDER_RATE).expect("steps").end().0 as usize;
    assert!(theirs[..music].iter().any(|sample| sample.abs() > 100_000), "it sounds");
    assert!(ours[..music] == theirs[..music], "sample by sample");
}

#[test]
fn what_changes_on_the_way_stands_in_the_lines() {
    let one = "X:1\nT:One\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 2\nV:a by=loop\n[V:a] C8 |\n";
    let two = "X:1\nT:Two\nM:3/4\nL:1/4\nQ:1/4=90\nK:D\nV:b by=loop clef=bass\nV:a by=loop\n[V:b] D,3 |\n[V:a] F3 |\n";
    let change = Command::Evaluate { scene: scene(two), fresh: true };
    let recording = recorded(one, 5, &[(2, change)]);
    let expected = "%abc-2.1\nX:1\nT:One\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nV:a\nV:b clef=bass\n\
                    [V:a] C8 | C8 |\n[V:b] z8 | z8 |\n\
                    [V:a][M:3/4][L:1/4][Q:1/4=90][K:D] F3 | F3 | F3 |\n[V:b][M:3/4][L:1/4][K:D] D,3 | D,3 | D,3 |\n";
    assert_eq!(abc(&recording), expected);
    let from = Beats::WHOLE * 2;
    assert_eq!(heard::meters(&recording), [(Beats::ZERO, Meter::COMMON), (from, "3/4".parse().expect("a metre"))]);
    let tempos = heard::tempos(&recording);
    assert_eq!(tempos, [(Beats::ZERO, crotchets(120)), (from, crotchets(90))]);
}

/// A ramp in the text, another that is asked for in bar 4, and the notes on their beats in the MIDI file.
#[test]
fn files_follow_a_ramp() {
    let text = "X:1\nM:4/4\nL:1/16\nQ:1/4=120..140/2\nK:C\nV:a by=loop\n[V:a] CDEF GABc defg abc'd' |\n";
    let recording = recorded(text, 7, &[(4, Command::Ramp { to: crotchets(70), bars: 64 })]);
    let rendering = render(scene(text), Box::new(Silent), 3, 3, 1, &|name| Some(patch(name)));
    let folder = tempfile::tempdir().expect("a folder");
    let read = |name: &str, write: &dyn Fn(&Path)| {
        let path = folder.path().join(name);
        write(&path);
        read_midi(&path).expect("MIDI")
    };
    let replayed = read("replay.mid", &|path| write(&recording, path, &|_| None).expect("written"));
    let rendered = read("render.mid", &|path| rendering.write(path).expect("written"));
    for (piece, bars) in [(&replayed, 7), (&rendered, 3)] {
        let onsets: Vec<Beats> = piece.tracks[0].notes.iter().map(|note| note.onset).collect();
        assert_eq!(onsets, (0..bars * 16).map(|n| Beats::new(n, 16)).collect::<Vec<_>>());
        // Each sixteenth of the first ramp has its tempo, halfway between those around it, to 1/64; MIDI has microseconds.
        for (n, (at, tempo)) in piece.tempos.iter().take(32).enumerate() {
            let exact = 120.0 + 20.0 * (n as f64 + 0.5) / 32.0;
            assert_eq!(*at, Beats::new(n as i64, 16));
            assert!((tempo.quarters_per_minute() - exact).abs() < 0.009, "{at}: {}", tempo.quarters_per_minute());
        }
        assert!((piece.tempos[32].1.quarters_per_minute() - 140.0).abs() < 1e-3);
    }
    // The second one begins at bar 5 and is cut where the music ends; a piece whose tempo is that of the last needs no mark.
    assert_eq!((rendered.tempos.len(), replayed.tempos[33].0), (33, Beats::WHOLE * 4));
    assert!(replayed.tempos.last().expect("tempos").0 < Beats::WHOLE * 7);
    // Saved ABC has the tempo of each bar.
    let abc = abc(&recording);
    assert!(crate::check::check(&abc).is_empty(), "{abc}");
    assert_eq!(abc.matches("[Q:").count(), 5, "{abc}");
}

#[test]
fn what_was_kept_back_is_not_in_the_files() {
    let text =
        "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop\nV:b by=loop\n[V:a] {g}.C E- E T[FA] |\n[V:b] G,4- | G,4 |\n";
    let mute = |voice: &str, muted| Command::Mute { voice: voice.into(), muted };
    let cases: &[(&[(i64, Command)], &str)] = &[
        (&[], "[V:a] {g}.C E- E T[FA] | {g}.C E- E T[FA] |\n[V:b] G,4- | G,4 |\n"),
        // A mute acts on what has not left: 80 ms ahead.
        (&[(1, mute("a", true)), (1, mute("b", true))], "[V:a] {g}.C z3 | z4 |\n[V:b] G,4- | G,4 |\n"),
        (
            &[(1, mute("b", true)), (2, mute("b", false))],
            "[V:a] {g}.C E- E T[FA] | {g}.C E- E T[FA] |\n[V:b] G,4- | G,4 |\n",
        ),
        // Of the first note only the grace had sounded.
        (&[(1, Command::Hush), (2, Command::Play)], "[V:a] z4 | z E- E T[FA] |\n[V:b] G,4- | G,4 |\n"),
    ];
    for (ask, expected) in cases {
        let recording = recorded(text, 2, ask);
        let music = abc(&recording);
        let music = &music[music.find("[V:a]").expect("music")..];
        assert_eq!(music, *expected, "{ask:?}");
        // The same notes in the MIDI file, struck as they are played.
        let struck = heard::tracks(&recording).iter().map(|track| track.notes.len()).sum::<usize>();
        assert_eq!(struck, heard(&recording).len());
    }
}

/// A pause is in the sound and not in the music.
#[test]
fn a_pause_has_no_musical_time() {
    let text = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop\n[V:a] CDEF |\n";
    let recording = recorded(text, 3, &[(2, Command::Stop), (2, Command::Play)]);
    let notes = heard::tracks(&recording)[0].notes.iter().map(|note| (note.onset, note.pitch)).collect::<Vec<_>>();
    let quarters = |n: i64| Beats::QUARTER * n;
    // Of the second bar the first note was begun.
    let expected = [(0, 60), (1, 62), (2, 64), (3, 65), (4, 60), (8, 60), (9, 62), (10, 64), (11, 65)];
    assert_eq!(notes, expected.map(|(at, pitch)| (quarters(at), pitch)));
    let stop = recording.lines.iter().find_map(|line| match line {
        Line::Command { at, what } if what == "stop" => Some(*at),
        _ => None,
    });
    let cut = &heard(&recording)[4];
    assert_eq!(Some(cut.off), stop);
    assert!(abc(&recording).ends_with("[V:a] C D E F | C z3 | C D E F |\n"), "{}", abc(&recording));
}

/// Bars that begin in the stretch, as the whole has them; what rings on into it is not there, and what is cut by its end rests.
#[test]
fn a_stretch_has_what_was_struck_in_it() {
    let text = "X:1\nT:Set\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop\nV:b by=loop\n[V:a] CDEF | GABc |\n[V:b] z2 G,2- | G,4 |\n";
    let recording = recorded(text, 4, &[]);
    let at: Vec<Frames> = recording.bars().iter().map(|bar| bar.at).collect();
    let beat = RENDER_RATE.frames_in(Duration::from_millis(500));
    let music = |from: Frames, to: Frames| {
        let abc = abc(&recording.stretch(from, to));
        abc.find("[V:a]").map_or(String::new(), |music| abc[music..].to_owned())
    };
    let whole = "[V:a] C D E F | G A B c | C D E F | G A B c |\n[V:b] z2 G,2- | G,4 | z2 G,2- | G,4 |\n";
    assert_eq!(music(Frames(0), Frames(i64::MAX)), whole);
    assert_eq!(abc(&recording.stretch(at[0], Frames(i64::MAX))), abc(&recording));
    let middle = "[V:a] G A B c | C D E F |\n[V:b] z4 | z2 G,2 |\n";
    assert_eq!(music(at[0] + beat, at[3]), middle);
    assert_eq!(music(at[1], at[3]), middle);
    assert_eq!(music(at[1] + Frames(1), at[3]), "[V:a] C D E F |\n[V:b] z2 G,2 |\n");
    assert_eq!(music(at[1], at[2] + beat), "[V:a] G A B c | C z3 |\n[V:b] z4 | z4 |\n");
    assert_eq!(music(at[1] + beat, at[2]), "");
    let stretch = recording.stretch(at[0] + beat, at[3]);
    let struck = |recording: &Recording| -> Vec<(Beats, u8)> {
        heard::tracks(recording)[0].notes.iter().map(|note| (note.onset, note.pitch)).collect()
    };
    // From the start of its first bar.
    let expected: Vec<(Beats, u8)> =
        struck(&recording)[4..12].iter().map(|(onset, pitch)| (*onset - Beats::WHOLE, *pitch)).collect();
    assert_eq!(struck(&stretch), expected);
}

/// A voice that is gone when the stretch begins is none of its tracks.
#[test]
fn a_stretch_has_the_voices_of_its_own_time() {
    let one = "X:1\nT:One\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 2\nV:a by=loop\n[V:a] C8 |\n";
    let two = "X:1\nT:Two\nM:3/4\nL:1/4\nQ:1/4=90\nK:D\nV:a by=loop channel=5\n[V:a] F3 |\n";
    let change = Command::Evaluate { scene: scene(two), fresh: true };
    let recording = recorded(one, 5, &[(2, change)]);
    let stretch = recording.stretch(recording.bars()[2].at, Frames(i64::MAX));
    let tracks = heard::tracks(&stretch);
    assert_eq!((tracks.len(), tracks[0].channel, tracks[0].notes.len()), (1, 4, 3));
    assert_eq!(heard::tempos(&stretch), [(Beats::ZERO, crotchets(90))]);
    assert!(abc(&stretch).starts_with("%abc-2.1\nX:1\nT:Two\nM:3/4\n"), "{}", abc(&stretch));
}

/// Swing and small variation move what is heard, not what is written.
#[test]
fn expression_is_in_the_files() {
    let text = "X:1\nM:4/4\nL:1/8\nQ:1/4=133\nK:C\nV:a by=loop swing=75% human=9/20 gate=80%\n\
                [V:a] C/D/E/F/ G/4A/4B/4c/4c (c3 c | c) c/c/ !f!z2 .c2 {g}c2 |\n";
    let recording = recorded(text, 4, &[]);
    assert!(recording.bars().iter().all(|bar| !bar.parts[0].moved.is_empty()));
    // As rendering has it, without the sound.
    let mut conductor = Conductor::new(&scene(text), Box::new(Silent), RENDER_RATE, 3, Pace::Offline);
    conductor.end_after(4);
    conductor.command(Command::Play, Frames(0), &mut |_| {});
    (0..2000).for_each(|turn| conductor.advance(Frames(240 * turn), &mut |_| {}));
    let (bars, transport) = (conductor.timeline().bars(), conductor.transport());
    let records: Vec<BarRecord> = bars.iter().map(|bar| BarRecord::of(bar, transport)).collect();
    assert_eq!(abc(&recording), record::abc(&records));
    assert!(abc(&recording).contains("| cc/c/ z2 .c2 {g}c2 |"), "{}", abc(&recording));
    let ours = &heard::tracks(&recording)[0].notes;
    let tempos: Vec<(Beats, crate::time::Tempo)> =
        transport.tempo_map().map(|(_, beats, tempo)| (beats, tempo)).collect();
    let theirs = &record::tracks(&scene(text), bars, &tempos)[0].notes;
    assert_eq!(ours.len(), theirs.len());
    let tick = Beats::new(1, 1920);
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!((ours.pitch, ours.velocity), (theirs.pitch, theirs.velocity));
        let near = |a: Beats, b: Beats| a - b <= tick && b - a <= tick;
        let ends = (ours.onset + ours.length, theirs.onset + theirs.length);
        assert!(near(ours.onset, theirs.onset) && near(ends.0, ends.1), "{ours:?} {theirs:?}");
    }
}

/// What left for a port is what leaves again, before a nudge and after it; what is written as music is as it was.
#[test]
fn nudges_are_in_what_goes_to_ports_and_not_in_files() {
    let text = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:a by=loop out=Mini\nV:b by=loop\n[V:a] CDEF |\n[V:b] CDEF |\n";
    let nudge = |ms| Command::Nudge { output: "Mini".into(), ms };
    let straight = recorded(text, 4, &[]);
    let nudged = recorded(text, 4, &[(2, nudge(7)), (3, nudge(-100))]);
    let ons = |recording: &Recording| -> Vec<i64> {
        let sent = sent(recording).into_iter().map(|sent| sent.event);
        sent.filter(|event| matches!(event.action, Action::NoteOn { .. })).map(|event| event.at.0).collect()
    };
    let ms = |frames: i64| frames * 1000 / i64::from(RENDER_RATE.0);
    let later: Vec<i64> =
        ons(&nudged).iter().zip(ons(&straight)).map(|(nudged, straight)| ms(nudged - straight)).collect();
    // The first beat of a bar has left when it begins.
    assert_eq!(later, [0, 0, 0, 0, 0, 7, 7, 7, 7, -100, -100, -100, -100, -100, -100, -100]);
    assert_eq!(abc(&nudged), abc(&straight));
    let steps = |recording: &Recording| Steps::new(recording, RENDER_RATE).expect("steps");
    let lead = |recording: &Recording| {
        let steps = steps(recording);
        ms(steps.frame(recording.bars()[0].at).0)
    };
    assert_eq!((lead(&straight), lead(&nudged)), (80, 180), "as early as it has to be");
    // In its place: before the beat that was nudged first, and behind the one before.
    let place = |steps: Steps| {
        let is = |step: &Step| matches!(step, Step::Nudge { ms: 7, .. });
        let before = steps.left.iter().take_while(|step| !is(step));
        before.filter(|step| matches!(step, Step::Send(event) if matches!(event.action, Action::NoteOn { .. }))).count()
    };
    assert_eq!(place(steps(&nudged)), 10);
}
