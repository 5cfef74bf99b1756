//! Scripted sets and what is heard of them. For each `tests/sets/NAME.set` there is the list of its notes and messages beside it; a file
//! `NAME.bars` composes, else nobody does. `INSTA_UPDATE=always cargo test --test sets` writes the lists anew.

#[path = "common/noise.rs"]
mod noise;

#[path = "sets/edits.rs"]
mod edits;
#[path = "sets/kept.rs"]
mod kept;
#[path = "sets/sections.rs"]
mod sections;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use barline::compose::inline::Inline;
use barline::compose::profile::Profile;
use barline::compose::script::Script;
use barline::compose::writer::Writer;
use barline::compose::{Composer, Silent};
use barline::event::Action;
use barline::journal::Recording;
use barline::rehearse::{Given, Rehearsal, Set, Told, rehearse};
use barline::replay::{Sent, sent};
use barline::steer::Lexicon;
use barline::time::Beats;
use noise::Noise;
use num_rational::Ratio;

const FOLDER: &str = "tests/sets";

/// A file beside the sets, or of the repository.
fn read(file: &str) -> Result<String, String> {
    let beside = Path::new(FOLDER).join(file);
    let path = if beside.exists() { beside } else { PathBuf::from(file) };
    std::fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))
}

fn play(script: &str, composer: Box<dyn Composer>, read: &dyn Fn(&str) -> Result<String, String>) -> Rehearsal {
    let set = Set::parse(script).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let patches = ["pluck", "reed", "sub"].map(String::from);
    let lexicon = Lexicon::default();
    let given =
        Given { patches: &patches, lexicon: &lexicon, vocabulary: None, model: None, seed: 1, candidates: 1, read };
    rehearse(&set, composer, &given)
}

fn composer(name: &str) -> Box<dyn Composer> {
    match read(&format!("{name}.bars")) {
        Ok(bars) => Box::new(Script::new(&bars)),
        Err(_) => Box::new(Silent),
    }
}

fn of_file(name: &str, script: &str) -> Vec<Told> {
    let done = play(script, composer(name), &read);
    assert_eq!(done.fault, None, "{name}");
    done.told
}

/// What went to MIDI ports, message by message: the bar in which it left, how long after its beginning, channel and bytes behind the status.
/// Before that how voices sounded, as it stands in the journal.
fn to_ports(recording: &Recording) -> Vec<String> {
    let bars = recording.bars();
    let messages = sent(recording);
    if messages.is_empty() {
        return Vec::new();
    }
    let line = |Sent { port, event }: Sent| {
        let bar = bars.iter().rev().find(|bar| bar.at <= event.at).or(bars.first()).expect("a bar");
        let ms = (event.at - bar.at).0 as f64 / f64::from(recording.header.rate.0) * 1000.0;
        let (channel, message) = match event.action {
            Action::NoteOn { voice, pitch, velocity } => (voice, format!("on {pitch} {velocity}")),
            Action::NoteOff { voice, pitch } => (voice, format!("off {pitch}")),
            Action::Control { voice, controller, value } => (voice, format!("control {controller} {value}")),
            Action::Program { voice, program } => (voice, format!("program {program}")),
            other => panic!("{other:?} is for all ports"),
        };
        format!("{port:10} bar {} {ms:+7.1} ms  channel {:2}  {message}", bar.number, channel.0 + 1)
    };
    let sounds = recording.sounds().map(|sound| serde_json::to_string(sound).expect("JSON"));
    sounds.chain(messages.into_iter().map(line)).collect()
}

fn script(name: &str) -> String {
    read(&format!("{name}.set")).expect("a set")
}

/// The same set by nobody's hand but for play and end.
fn unedited(name: &str) -> Vec<Told> {
    let script = script(name);
    let kept =
        script.lines().filter(|line| ["open", "play", "end"].iter().any(|word| line.contains(&format!(":1 {word}"))));
    of_file(name, &kept.collect::<Vec<_>>().join("\n"))
}

fn notes(told: &[Told]) -> Vec<Told> {
    told.iter().filter(|told| matches!(told, Told::Note { .. })).cloned().collect()
}

fn messages(told: &[Told]) -> Vec<&str> {
    let mut said = Vec::new();
    for told in told {
        if let Told::Message { message, .. } = told {
            said.push(message.as_str());
        }
    }
    said
}

#[test]
fn sets_are_heard_as_they_were() {
    let files = |kind: &str| -> BTreeSet<String> {
        let paths = std::fs::read_dir(FOLDER).expect(FOLDER).map(|entry| entry.expect("an entry").path());
        let names = paths.filter(|path| path.extension().is_some_and(|extension| extension == kind));
        names.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
    };
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(FOLDER.trim_start_matches("tests/"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in &files("set") {
            let done = play(&script(name), composer(name), &read);
            assert_eq!(done.fault, None, "{name}");
            let told = done.told.iter().map(|told| serde_json::to_string(told).expect("JSON"));
            let lines: Vec<String> = told.chain(to_ports(&done.recording)).collect();
            insta::assert_snapshot!(name.as_str(), lines.join("\n"));
        }
    });
    assert_eq!(files("snap"), files("set"), "a list for each set and no others");
}

#[test]
fn one_note_that_is_edited_is_all_that_changes() {
    let (before, after) = (unedited("onenote"), of_file("onenote", &script("onenote")));
    assert_eq!(messages(&after), ["Two loops: heard from bar 3; lead keeps its place"]);
    let (before, after) = (notes(&before), notes(&after));
    assert_eq!(before.len(), after.len());
    let changed: Vec<(&Told, &Told)> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    // From the bar on that was named, each time the loop comes round to it.
    let pitches = |(before, after): &(&Told, &Told)| match (before, after) {
        (
            Told::Note { bar, beat, voice, pitch, .. },
            Told::Note { bar: bar_now, beat: beat_now, voice: voice_now, pitch: now, .. },
        ) => {
            assert_eq!((bar, beat, voice.as_str(), voice_now.as_str()), (bar_now, beat_now, "lead", "lead"));
            (*bar, beat.to_string(), *pitch, *now)
        }
        other => panic!("{other:?}"),
    };
    let changed: Vec<_> = changed.iter().map(pitches).collect();
    assert_eq!(changed, [(3, "5/2".to_owned(), 77, 79), (5, "5/2".to_owned(), 77, 79)]);
}

#[test]
fn a_text_with_errors_changes_nothing_and_what_is_wrong_is_said() {
    let told = of_file("broken", &script("broken"));
    assert_eq!(notes(&told), notes(&unedited("broken")));
    assert!(messages(&told).iter().any(|said| said.starts_with("loops.abc:6:3: error: 'Dcheese'")), "{told:?}");
}

#[test]
fn what_is_commented_out_steers_nothing() {
    let told = of_file("commented", &script("commented"));
    assert_eq!(notes(&told), notes(&unedited("commented")));
    let heard: Vec<&str> = messages(&told).into_iter().filter(|said| said.starts_with("heard")).collect();
    assert_eq!(heard, ["heard: high busy"; 2]);
}

/// Notes of some bars, from the first of these.
fn of_bars(told: &[Told], bars: std::ops::Range<i64>) -> Vec<Told> {
    let from = bars.start;
    let moved = |told: &Told| match told.clone() {
        Told::Note { bar, beat, voice, pitch, velocity, length, by } if bars.contains(&bar) => {
            Some(Told::Note { bar: bar - from, beat, voice, pitch, velocity, length, by })
        }
        _ => None,
    };
    told.iter().filter_map(moved).collect()
}

#[test]
fn a_section_that_returns_is_the_same_note_for_note() {
    let told = of_file("aaba", &script("aaba"));
    let first = of_bars(&told, 1..9);
    for again in [9..17, 25..33, 33..41] {
        assert_eq!(of_bars(&told, again), first);
    }
    assert_eq!(of_bars(&told, 25..26), of_bars(&told, 1..2));
    assert_ne!(of_bars(&told, 17..25), first);
    let all = unedited("aaba");
    assert_eq!(of_bars(&all, 1..17), of_bars(&told, 1..17), "words of another section change nothing");
}

#[test]
fn a_bridge_has_its_own_key_and_metre_and_what_is_around_it_has_not() {
    let told = of_file("bridge", &script("bridge"));
    assert_eq!(
        messages(&told)[1..],
        [
            "heard: low steady",
            "Bridge: heard from bar 5; in B bass keeps its place; in B lead is composed anew",
            "tempo 1/4=120 to 1/4=150 from bar 11 to bar 13"
        ]
    );
    let first = of_bars(&told, 1..3);
    for again in [5..7, 7..9, 11..13] {
        assert_eq!(of_bars(&told, again), first);
    }
    let pitches = |voice: &str, bars: std::ops::Range<i64>| -> Vec<(String, u8)> {
        let note = |told: &Told| match told {
            Told::Note { bar, beat, voice: its, pitch, .. } if bars.contains(bar) && its == voice => {
                Some((beat.to_string(), *pitch))
            }
            _ => None,
        };
        told.iter().filter_map(note).collect()
    };
    let at = |notes: [(&str, u8); 4]| notes.map(|(beat, pitch)| (beat.to_owned(), pitch));
    assert_eq!(pitches("bass", 3..5), at([("1", 55), ("3", 50), ("1", 54), ("3", 57)]));
    assert_eq!(pitches("lead", 3..5), at([("1", 67), ("3", 66), ("1", 71), ("3", 74)]));
    assert_eq!(pitches("bass", 9..11), at([("1", 56), ("3", 51), ("1", 54), ("3", 57)]));
    assert_eq!(pitches("lead", 9..11), at([("1", 68), ("3", 66), ("1", 71), ("3", 75)]));
    assert!(notes(&told).iter().all(|told| !matches!(told, Told::Note { by: "ladder", .. })), "nobody was late");
}

#[test]
fn another_scene_begins_on_the_line_that_was_said() {
    let told = of_file("scenes", &script("scenes"));
    let said: Vec<&str> = messages(&told).into_iter().filter(|said| !said.starts_with("composer")).collect();
    assert_eq!(
        said,
        [
            "heard: low steady",
            "heard: high flowing",
            "Open sea: heard from bar 5; bass plays on",
            "heard: high flowing",
            "Open sea: heard from bar 7; lead: bar 1 of the seed; kit keeps its place",
            "heard: low steady",
            "Harbour: heard from bar 9; bass plays on",
        ]
    );
    let voice = |name: &str, told: &[Told]| -> Vec<Told> {
        let of = |told: &&Told| matches!(told, Told::Note { voice, .. } if voice == name);
        notes(told).iter().filter(of).cloned().collect()
    };
    assert_eq!(
        voice("bass", &told),
        voice("bass", &unedited("scenes")),
        "from line to line as if nothing had happened"
    );
    let bars: Vec<i64> =
        voice("kit", &told).iter().map(|told| if let Told::Note { bar, .. } = told { *bar } else { 0 }).collect();
    assert_eq!(bars, [5, 5, 6, 6, 7, 7, 7, 8, 8, 8]);
    assert!(notes(&told).iter().all(|told| !matches!(told, Told::Note { by: "ladder", .. })), "nobody was late");
}

#[test]
fn a_pickup_is_heard_before_its_line() {
    let told = of_file("pickup", &script("pickup"));
    // What is heard of a voice in two bars, beat and pitch.
    let heard = |name: &str, bars: std::ops::Range<i64>| -> Vec<String> {
        let note = |told: &Told| match told {
            Told::Note { bar, beat, voice, pitch, .. } if voice == name && bars.contains(bar) => {
                Some(format!("{bar}:{beat} {pitch}"))
            }
            _ => None,
        };
        told.iter().filter_map(note).collect()
    };
    // The bar of the scene that plays, to the pickup; then the first full bar.
    let tune = "4:1 72,4:2 69,4:3 74,4:4 62,4:13/3 64,4:14/3 66,5:1 67,5:2 71,5:3 74,5:4 79";
    assert_eq!(heard("tune", 4..6).join(","), tune);
    assert_eq!(heard("kit", 1..6).join(","), "4:4 47,4:9/2 40,5:1 36,5:2 40,5:3 36,5:4 40", "who is new joins with it");
    assert_eq!(heard("bass", 4..6).join(","), "4:1 55,4:3 59,5:1 55,5:3 50", "who plays on does so");
    let armed = "12:1 72,12:2 69,12:3 74,12:4 62,12:13/3 64,12:14/3 66,13:1 67,13:2 71,13:3 74,13:4 79";
    assert_eq!(heard("tune", 12..14).join(","), armed);
    assert_eq!(heard("tune", 20..21), ["20:1 72", "20:2 69", "20:3 74", "20:4 62"], "as it was edited");
    // Asked for in the bar before the line, it begins on the line.
    assert_eq!(heard("tune", 24..26).join(","), "24:1 72,24:2 69,24:3 74,25:1 67,25:2 71,25:3 74,25:4 79");
    let said = "Setting off: heard from bar 5, the pickup before it; bass plays on";
    assert!(messages(&told).contains(&said), "{:?}", messages(&told));
}

#[test]
fn a_drop_falls_silent_and_comes_back_on_the_line() {
    let told = notes(&of_file("drop", &script("drop")));
    let (mut last, mut first) = (BTreeSet::new(), BTreeSet::new());
    for note in &told {
        let Told::Note { bar, beat, voice, length, .. } = note else { continue };
        if voice == "riser" {
            assert!((9..17).contains(bar), "{note:?}");
            continue;
        }
        assert!(!(9..17).contains(bar), "{note:?}");
        let end = Beats::WHOLE * (bar - 1) + Beats::QUARTER.scale(beat - 1) + *length;
        if *bar < 9 && end >= Beats::WHOLE * 8 {
            last.insert((voice.as_str(), end));
        }
        if *bar == 17 && *beat == 1.into() {
            first.insert(voice.as_str());
        }
    }
    // Bass and lead tie over the line.
    assert_eq!(last, ["bass", "kit", "lead"].map(|voice| (voice, Beats::WHOLE * 8)).into());
    assert_eq!(first, ["bass", "kit", "lead"].into());
}

/// Onset and end in crotchets from the bar's start, and pitch.
type Sounding = (Ratio<i64>, Ratio<i64>, u8);

/// The notes of a voice by bars in 4/4.
fn by_bars(told: &[Told], name: &str) -> BTreeMap<i64, Vec<Sounding>> {
    let mut bars = BTreeMap::<i64, Vec<_>>::new();
    for told in told {
        if let Told::Note { bar, beat, voice, pitch, length, .. } = told
            && voice == name
        {
            let onset = beat - Ratio::from(1);
            bars.entry(*bar).or_default().push((onset, onset + length.ratio(Beats::QUARTER), *pitch));
        }
    }
    bars
}

#[test]
fn strong_beats_have_tones_of_the_chart_with_a_model_and_without() {
    const DM: &[u8] = &[2, 5, 9];
    const GM: &[u8] = &[7, 10, 2];
    const C7: &[u8] = &[0, 4, 7, 10];
    const F: &[u8] = &[5, 9, 0];
    const F_SHARP_MINOR: &[u8] = &[6, 9, 1];
    const BB: &[u8] = &[10, 2, 5];
    const A7: &[u8] = &[9, 1, 4, 7];
    let model = || -> Box<dyn Composer> {
        let profile = Profile { home_key: "none".into(), ..Profile::default() };
        Box::new(Inline::new(Writer::new(Noise::new(1, 300, 8192), profile)))
    };
    for (composer, maker) in [(model(), "model"), (Box::new(Silent) as Box<dyn Composer>, "ladder")] {
        let done = play(&script("chart"), composer, &read);
        assert_eq!(done.fault, None);
        let said = messages(&done.told);
        assert!(said.iter().any(|said| said.starts_with("Over the changes: heard from bar 7")), "{said:?}");
        let made = |told: &&Told| matches!(told, Told::Note { voice, by, .. } if voice == "lead" && *by == maker);
        assert!(done.told.iter().filter(made).count() >= 3 * 12, "{maker}");
        let (lead, mut held) = (by_bars(&done.told, "lead"), Vec::new());
        assert_eq!(lead.len(), 12, "{maker}");
        for (bar, notes) in lead {
            let third = if bar < 7 { F } else { F_SHARP_MINOR };
            let chords = [[DM, DM], [GM, C7], [third, third], [BB, A7]][(bar - 1) as usize % 4];
            held.extend(notes);
            for (beat, chord) in [0, 2].map(Ratio::from).into_iter().zip(chords) {
                for (onset, end, pitch) in &held {
                    let sounds = *onset <= beat && beat < *end;
                    assert!(!sounds || chord.contains(&(pitch % 12)), "{maker}: {pitch} in bar {bar} on {beat}");
                }
            }
            held = held
                .into_iter()
                .map(|(onset, end, pitch)| (onset - 4, end - 4, pitch))
                .filter(|note| note.1 > Ratio::from(0))
                .collect();
        }
    }
}

#[test]
fn an_answer_begins_at_the_line_after_the_call_and_is_as_long() {
    let told = of_file("trade", &script("trade"));
    let lead: Vec<i64> = by_bars(&told, "lead").into_keys().collect();
    // Until it waits for nobody, from bar 11 on.
    assert_eq!(lead, [4, 5, 7, 10, 11, 12, 13]);
    // The hand sounds where it was played, and kept again when its bar comes round.
    let keys: Vec<(i64, usize)> = by_bars(&told, "keys").into_iter().map(|(bar, notes)| (bar, notes.len())).collect();
    assert_eq!(keys, [(2, 3), (3, 2), (5, 2), (8, 1), (12, 1)]);
    // No ladder plays in the place of a voice that listens.
    assert!(!told.iter().any(|told| matches!(told, Told::Note { by: "ladder", .. })));
}

#[test]
fn a_hand_is_waited_for_while_it_trades_and_not_in_a_duet() {
    let told = of_file("duet", &script("duet"));
    let lead: Vec<i64> = by_bars(&told, "lead").into_keys().collect();
    // It rests from the first bar that can still change on, and answers a call of bar 6 in bar 7.
    assert_eq!(lead, [1, 2, 3, 4, 7, 9]);
}

#[test]
fn a_loop_by_hand_begins_on_the_phrase_line_and_ends_when_it_is_told_to() {
    let told = of_file("loop", &script("loop"));
    let keys: Vec<(i64, usize)> = by_bars(&told, "keys").into_iter().map(|(bar, notes)| (bar, notes.len())).collect();
    // The note that was added in bar 5 is heard there by hand, and in bars 7 and 9 as music.
    assert_eq!(keys, [(2, 1), (3, 1), (5, 2), (6, 1), (7, 2), (8, 1), (9, 2)]);
}

/// A fault ends the set there, with its place in the script; what was heard before is heard.
#[test]
fn what_cannot_be_done_ends_the_set_with_its_place() {
    let open = "1:1 open loops.abc\n1:1 play\n2:1 ";
    for (line, why) in [
        ("replace \"zz\" \"z\"", "t.set:3:5: error: \"zz\" stands 0 times in the buffer, not once"),
        ("replace \"D,,2\" \"z2\"", "t.set:3:5: error: \"D,,2\" stands 2 times in the buffer, not once"),
        ("mute leed", "t.set:3:5: error: there is no voice 'leed' (there are bass lead kit)"),
        ("load gone.abc", "t.set:3:5: error: gone.abc: No such file"),
        ("tempo 4000", "t.set:3:5: error: 4000 is not a tempo"),
    ] {
        let script = format!("{open}{line}\n3:1 end\n");
        let done = play(&script, Box::new(Silent), &read);
        let fault = done.fault.expect(line).display("t.set", &script);
        assert!(fault.starts_with(why), "{fault}");
        assert!(done.told.iter().all(|told| matches!(told, Told::Note { bar: 1, .. })) && done.told.len() == 10);
    }
    let script = "1:1 open loops.abc\n1:1 play\n2:5 stop\n";
    let fault = play(script, Box::new(Silent), &read).fault.expect("no fifth beat");
    assert_eq!(fault.display("t.set", script), "t.set:3:5: error: bar 2 has no beat 5: it is in 4/4");
}

#[test]
fn the_example_of_the_readme_is_a_set() {
    let readme = include_str!("../README.md");
    assert!(readme.contains(&script("ferry")), "tests/sets/ferry.set is not in the README");
    for said in messages(&of_file("ferry", &script("ferry"))) {
        assert!(readme.contains(said), "not in the README: {said}");
    }
}

/// Every prompt on the README's page of the language plays, all its voices, without a word of complaint.
#[test]
fn the_examples_of_the_readme_play() {
    let readme = include_str!("../README.md");
    let examples: Vec<&str> = readme.split("```abc\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 6, "{} examples", examples.len());
    for example in examples {
        let read = |file: &str| if file == "example.abc" { Ok(example.to_owned()) } else { read(file) };
        let done = play("1:1 open example.abc\n1:1 play\n25:1 end\n", Box::new(Silent), &read);
        assert_eq!(done.fault, None, "{example}");
        let said = messages(&done.told);
        assert!(said.iter().all(|said| said.starts_with("heard:")), "{said:?} of {example}");
        let voices = example.lines().filter_map(|line| line.strip_prefix("V:")?.split(' ').next());
        for voice in voices.filter(|voice| *voice != "ch") {
            let sounds = |told: &&Told| matches!(told, Told::Note { voice: name, .. } if name == voice);
            assert!(done.told.iter().any(|told| sounds(&told)), "{voice} is silent in {example}");
        }
    }
}
