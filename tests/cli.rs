//! What the command line answers to bad input: one clear sentence and an exit code. 1 the input is at fault, 2 wrong usage, 3 the machine
//! lacks something.

#[path = "common/program.rs"]
mod program;
#[path = "common/pty.rs"]
mod pty;

use std::path::Path;
use std::sync::{Arc, Mutex};

use program::{Place, Ran};

const GOOD: &str = "X:1\nT:Good\nM:6/8\nL:1/8\nK:D\n[V:lead patch=reed] d2A FAd | e2d cBA |\n";

/// Line 5 names a patch that is nowhere, line 6 has a bar that is too long.
const BAD: &str = "X:1\nM:4/4\nL:1/4\nK:C\nV:lead patch=theremin\n[V:lead] CDEFG | C4 |\n";

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Refused with this exit code, and one sentence that says all of `parts`.
fn assert_refused(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_eq!(ran.out, "", "nothing but messages");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.starts_with("barline: "), "{}", ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "{part:?} is not in: {}", ran.err);
    }
}

/// Renders two bars by the ladder from `prompt` into `output`.
fn render(place: &Place, prompt: &Path, output: &Path) -> Ran {
    place.run(["render", text(prompt), "--bars", "2", "--model", "none", "-o", text(output)])
}

#[test]
fn wrong_usage_is_2() {
    let place = Place::new();
    for arguments in [
        &["--nonsense"][..],
        &["render"],
        &["render", "a.abc", "--bars", "0", "-o", "a.wav"],
        &["render", "a.abc", "--bars", "2"],
        &["play", "--model", "a.gguf", "--composer", "cat"],
        &["bench", "luck"],
        &["audition", "--learn", "a.jsonl", "--quick"],
        &["replay"],
        &["rehearse"],
        &["replay", "a.jsonl", "--audio", "none", "-o", "a.wav"],
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    assert_refused(&place.run(["--audio", ":x", "prompts"]), 2, &["':x'", "HOST:DEVICE"]);
}

#[test]
fn a_prompt_that_is_not_there_is_named() {
    let place = Place::new();
    let missing = place.path("missing.abc");
    assert_refused(&render(&place, &missing, &place.path("a.wav")), 1, &[text(&missing)]);
    assert_refused(&place.run([text(&missing)]), 1, &[text(&missing), "give a file or a folder"]);
    assert_refused(&place.run(["notes", text(&missing)]), 1, &[text(&missing)]);
}

#[test]
fn a_folder_without_prompts_is_named_with_what_it_needs() {
    let place = Place::new();
    place.write("set/README.md", "no prompt");
    let folder = place.path("set");
    assert_refused(&place.run([text(&folder)]), 1, &[text(&folder), ".abc or .txt"]);
    assert_refused(&render(&place, &folder, &place.path("a.wav")), 1, &[text(&folder), "is a folder"]);
}

#[test]
fn errors_in_a_prompt_have_file_line_and_column() {
    let place = Place::new();
    let (prompt, output) = (place.write("bad.abc", BAD), place.path("a.wav"));
    let ran = render(&place, &prompt, &output);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    let name = text(&prompt);
    let unknown_patch = format!("{name}:5:8: error: there is no patch 'theremin' (there are ");
    assert!(lines[0].starts_with(&unknown_patch), "{}", lines[0]);
    assert!(lines[0].contains("reed"), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("{name}:6:10: error: ")), "{}", lines[1]);
    assert_eq!(lines[2..], [format!("barline: {name} has errors; correct them first")]);
    assert!(!output.exists(), "nothing is rendered");
}

#[test]
fn a_scene_or_tune_that_is_not_there_is_1() {
    let place = Place::new();
    let prompt = place.write("good.abc", GOOD);
    let (name, output) = (text(&prompt), place.path("a.wav"));
    let ran = place.run(["render", name, "--bars", "2", "--scene", "7", "--model", "none", "-o", text(&output)]);
    assert_refused(&ran, 1, &[name, "scene"]);
    assert_refused(&place.run(["notes", "--tune", "9", name]), 1, &[name, "tune"]);
}

#[test]
fn a_model_that_is_not_there_is_3() {
    let place = Place::new();
    let prompt = place.write("good.abc", GOOD);
    let (name, missing) = (text(&prompt), place.path("missing.gguf"));
    let model = ["--model", text(&missing)];
    let said = [text(&missing), "--model"];
    let output = place.path("a.wav");
    assert_refused(&place.run(["render", name, "--bars", "2", "-o", text(&output)].iter().chain(&model)), 3, &said);
    assert_refused(&place.run([name].iter().chain(&model)), 3, &said);
}

#[cfg(feature = "llama")]
#[test]
fn a_model_that_cannot_be_loaded_is_3() {
    let place = Place::new();
    let prompt = place.write("good.abc", GOOD);
    let output = place.path("a.wav");
    let mut broken = vec![place.write("text.gguf", "Once upon a time"), place.write("empty.gguf", "")];
    if let Some(model) = program::model() {
        let whole = std::fs::read(model).expect("the model");
        broken.push(place.write("half.gguf", &whole[..whole.len() / 2]));
        broken.push(place.write("head.gguf", &whole[..1000]));
    }
    for model in &broken {
        let ran = place.run(["render", text(&prompt), "--bars", "2", "-o", text(&output), "--model", text(model)]);
        assert_refused(&ran, 3, &[text(model), "GGUF", "--model"]);
        assert!(!output.exists(), "nothing is rendered");
    }
}

#[test]
fn a_device_or_port_that_is_not_there_is_3() {
    let place = Place::new();
    let prompt = place.write("good.abc", GOOD);
    let play = |option: &[&str]| place.run([text(&prompt), "--model", "none"].iter().chain(option));
    assert_refused(&play(&["--audio", "gramophone"]), 3, &["audio host 'gramophone'", "there is: "]);
    assert_refused(&play(&["--audio", "none", "--midi", "no such port"]), 3, &["MIDI"]);
}

#[test]
fn without_a_terminal_playing_is_refused_with_the_way_out() {
    let place = Place::new();
    let prompt = place.write("good.abc", GOOD);
    let ran = place.run([text(&prompt), "--audio", "none", "--model", "none"]);
    assert_refused(&ran, 3, &["terminal", "barline render"]);
}

#[test]
fn outputs_are_refused_before_the_work() {
    let place = Place::new();
    let prompt = place.write("good.abc", GOOD);
    for name in ["a.mp3", "a"] {
        let output = place.path(name);
        assert_refused(&render(&place, &prompt, &output), 1, &[text(&output), ".wav, .mid or .abc"]);
    }
    assert_refused(&render(&place, &prompt, &prompt), 1, &[text(&prompt), "the prompt itself"]);
    assert_eq!(std::fs::read_to_string(&prompt).expect("still there"), GOOD);
    for name in ["nowhere/a.wav", "nowhere/a.mid", "nowhere/a.abc"] {
        let output = place.path(name);
        assert_refused_at_last(&render(&place, &prompt, &output), &output);
    }
}

/// The rendering was said to be done, and could not be written.
fn assert_refused_at_last(ran: &Ran, output: &Path) {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let last = ran.err.lines().last().expect("a message");
    assert!(last.starts_with("barline: cannot write") && last.contains(text(output)), "{}", ran.err);
}

#[test]
fn check_is_silent_on_good_files_and_lists_what_is_wrong_in_bad_ones() {
    let place = Place::new();
    let (good, bad) = (place.write("good.abc", GOOD), place.write("bad.abc", BAD));
    let patch = place.write("bad.patch", "pitch >> nonsense(");
    let words = place.write("words.txt", "A jig in D.\n");
    let ran = place.run(["check", text(&good), text(&words), "patches/reed.patch"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
    let missing = place.path("missing.abc");
    let ran = place.run(["check", text(&good), text(&bad), text(&patch), text(&missing)]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    let named = |path: &Path| ran.out.lines().filter(|line| line.starts_with(text(path))).collect::<Vec<_>>();
    assert_eq!(named(&good).len(), 0);
    assert_eq!((named(&bad).len(), named(&patch).len(), named(&missing).len()), (2, 1, 1), "{}", ran.out);
    for line in ran.out.lines() {
        let (place, message) = line.split_once(": error: ").expect("an error");
        let mut places = place.rsplitn(3, ':').map(str::parse::<usize>);
        assert!(matches!((places.next(), places.next()), (Some(Ok(1..)), Some(Ok(1..)))), "{line}");
        assert!(!message.is_empty());
    }
}

#[test]
fn a_lexicon_is_checked_and_used() {
    let place = Place::new();
    let good = place.write("good.words", "ferry = waltz 3/4\n");
    let bad = place.write("lexicon.words", "ferry = waltz\nglow = hgih\n");
    let ran = place.run(["check", "prompts/lexicon.words", text(&good)]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let ran = place.run(["check", text(&bad)]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.starts_with(&format!("{}:2:8: error: ", text(&bad))), "{}", ran.out);
    let prompt = place.write("ferry.txt", "A ferry in D minor.\n");
    let output = place.path("out.abc");
    let render = ["render", text(&prompt), "--bars", "2", "--model", "none", "-o", text(&output)];
    let ran = place.run(render);
    assert_eq!(ran.code, Some(1), "the one beside the prompt counts: {ran:?}");
    assert!(ran.err.contains("lexicon.words:2:8: error: "), "{}", ran.err);
    let ran = place.run(render.into_iter().chain(["--lexicon", text(&good)]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let rendered = std::fs::read_to_string(&output).expect("the rendering");
    assert!(rendered.contains("M:3/4") && rendered.contains("K:Dm"), "{rendered}");
    let ran = place.run(render.into_iter().chain(["--lexicon", text(&prompt)]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn a_rig_is_checked_and_used() {
    let place = Place::new();
    let prompt = place.write("a.abc", "X:1\nM:4/4\nL:1/4\nK:C\nV:a by=loop grit=20..110/8 out=box\n[V:a] CDEF |\n");
    let ran = place.run(["check", text(&prompt)]);
    assert!(ran.code == Some(0) && ran.out.contains("a.abc:5:13: warning: grit= is not known here"), "{ran:?}");
    let rig = place.write("rig.toml", "box = { port = \"Box\", cc = { grit = 43 } }\n");
    let ran = place.run(["check", text(&rig), text(&prompt)]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let rig = place.write("rig.toml", "box = { cc = { grit = 430 } }\n");
    let ran = place.run(["check", text(&rig)]);
    let name = text(&rig);
    let said = format!(
        "{name}:1:1: error: 'box' has no port (as in bass = {{ port = \"Minilogue\", channel = 2 }})\n\
         {name}:1:23: error: controllers go from 0 to 119\n"
    );
    assert_eq!((ran.code, ran.out), (Some(1), said));
}

/// A bar of half a second.
const JOURNAL: &str = r#"{"header":{"format":1,"barline":"0.1.0","began":"2026-01-01T20:00:00+01:00","seed":1,"rate":48000,"model":null}}
{"voice":{"at":0,"slot":0,"name":"lead","role":"lead","patch":"lost","gain":1.0,"pan":0.0}}
{"command":{"at":0,"do":"play"}}
{"tempo":{"at":9000,"beats":"0","tempo":"240"}}
{"bar":{"number":1,"at":9000,"beats":"0","title":"Short","meter":"2/4","unit":"1/8","key":"C","tempo":"240","parts":[{"voice":"lead","role":"lead","by":"model","text":"C2 E2","velocities":[90,80]}]}}
{"sent":{"at":9000,"note_on":{"voice":0,"pitch":60,"velocity":90}}}
{"sent":{"at":21000,"note_off":{"voice":0,"pitch":60}}}
{"sent":{"at":21000,"note_on":{"voice":0,"pitch":64,"velocity":80}}}
{"sent":{"at":33000,"note_off":{"voice":0,"pitch":64}}}
"#;

#[test]
fn a_journal_is_played_to_its_end_and_written_to_files() {
    let place = Place::new();
    let damaged = JOURNAL.replace("{\"command\"", "{\"applause\"") + "{\"sent\":{\"at\":4";
    let journal = place.write("set.jsonl", damaged);
    let said = [
        format!("{}:3:11: warning: damaged, left out: unknown variant `applause`", text(&journal)),
        "there is no patch 'lost' any more; lead plays reed".to_owned(),
    ];
    let ran = place.run(["replay", text(&journal), "--audio", "none"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "  1│ lead m C2 E2\n"), "{ran:?}");
    for line in &said {
        assert!(ran.err.contains(line), "{line}: {}", ran.err);
    }
    let outputs = ["a.wav", "a.mid", "a.abc"].map(|name| place.path(name));
    let arguments = outputs.iter().flat_map(|path| ["-o", text(path)]);
    let ran = place.run(["replay", text(&journal)].into_iter().chain(arguments));
    assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().last()), (Some(0), "", Some("1 bars")), "{ran:?}");
    let [wav, mid, abc] = outputs.map(|path| std::fs::read(path).expect("an output"));
    assert_eq!(
        String::from_utf8_lossy(&abc),
        "%abc-2.1\nX:1\nT:Short\nM:2/4\nL:1/8\nQ:1/4=240\nK:C\nV:lead\n[V:lead] C2 E2 |\n"
    );
    let reader = hound::WavReader::new(&wav[..]).expect("a WAV file");
    assert!(reader.spec().sample_rate == 48_000 && reader.duration() >= 3840 + 24_000, "{}", reader.duration());
    let struck = mid.windows(3).filter(|message| matches!(message, [0x90, 60 | 64, 80 | 90])).count();
    assert_eq!(struck, 2);
}

#[test]
fn what_is_no_journal_is_refused() {
    let place = Place::new();
    let replay = |content: &str| place.run(["replay", text(&place.write("set.jsonl", content)), "--audio", "none"]);
    let name = place.path("set.jsonl");
    assert_refused(&place.run(["replay", text(&name)]), 1, &[text(&name), "cannot be read"]);
    for (content, why) in [
        (GOOD, "is not a journal"),
        ("", "nothing was played"),
        (&JOURNAL[..60], "nothing was played"),
        (JOURNAL.split_inclusive('\n').next().expect("a header"), "nothing was played"),
        (&JOURNAL.replace("\"format\":1", "\"format\":2"), "newer Barline (format 2"),
    ] {
        assert_refused(&replay(content), 1, &[text(&name), why]);
    }
    place.write("set.jsonl", JOURNAL.replace("lost", "reed"));
    assert_refused(&place.run(["replay", text(&name), "-o", "a.mp3"]), 1, &["a.mp3", ".wav, .mid or .abc"]);
    assert_refused(&place.run(["replay", text(&name), "--audio", "gramophone"]), 3, &["audio host 'gramophone'"]);
    // What ALSA has to say of it comes before.
    let ran = place.run(["replay", text(&name), "--audio", "none", "--midi", "no such port"]);
    assert!(ran.code == Some(3) && ran.err.lines().last().is_some_and(|line| line.contains("MIDI")), "{ran:?}");
}

/// Eleven mistakes of eleven kinds: each is named at its place, and the bars around them play.
#[test]
fn every_mistake_of_a_file_is_named_and_the_rest_plays() {
    let place = Place::new();
    let file = "tests/golden/eleven_mistakes.abc";
    let ran = place.run(["check", file]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let places: Vec<&str> = ran
        .out
        .lines()
        .map(|line| line.strip_prefix(file).and_then(|rest| rest[1..].split(": error: ").next()).expect("an error"))
        .collect();
    let expected = ["3:3", "4:3", "5:3", "6:3", "8:13", "9:13", "10:14", "11:13", "12:13", "13:16", "14:13"];
    assert_eq!(places, expected, "{}", ran.out);
    let ran = place.run(["notes", file]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // Seven lines with a good bar of eight notes before and one after the mistake.
    assert!(ran.out.lines().count() >= 7 * 16, "{}", ran.out);
}

/// A line for programs, more for people.
#[test]
fn check_shows_the_place_to_whoever_sits_at_a_terminal() {
    let place = Place::new();
    let wrong = place.write("wrong.abc", "X:1\nM:4\nL:1/4\nK:C\nCDEF |\n");
    let name = text(&wrong);
    let line = format!("{name}:2:3: error: '4' is not a metre");
    let help = "did you mean '4/4'?";
    let ran = place.run(["check", name]);
    assert_eq!((ran.code, ran.out), (Some(1), format!("{line} ({help})\n")));
    let shown = Arc::new(Mutex::new(String::new()));
    let sink = shown.clone();
    let terminal =
        pty::Terminal::new(24, 200, move |bytes| sink.lock().unwrap().push_str(&String::from_utf8_lossy(bytes)));
    let mut program = place.program();
    program.args(["check", name]);
    assert_eq!(terminal.start(program).wait().unwrap().code(), Some(1));
    let expected = format!("{line}\r\n  |\r\n2 | M:4\r\n  |   ^\r\n  |\r\n  = help: {help}\r\n\r\n");
    let shown = || shown.lock().unwrap().clone();
    pty::wait(|| (shown().len() >= expected.len()).then_some(()), || format!("only {:?}", shown()));
    assert_eq!(shown(), expected);
}

#[test]
fn a_warning_alone_is_no_failure() {
    let place = Place::new();
    let odd = place.write("odd.abc", "X:1\nM:4/4\nL:1/4\nK:C\nCDEF | CD | CDEF |\n");
    let ran = place.run(["check", text(&odd)]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with(&format!("{}:5:8: warning: ", text(&odd))), "{}", ran.out);
}

/// The contract of `barline notes --json`, with ties, repeats, two tunes and two voices.
#[test]
fn notes_as_json_are_one_object_a_tune() {
    let place = Place::new();
    let book = "X:3\nM:4/4\nL:1/8\nK:G\n[V:a] |: !f!F2 z2 A4- | A8 :|\n[V:b] [DG]8 | D,8 |\n\nX:7\nL:1/8\nK:C\n(3CDE {g}\"Am\"z\n";
    let file = place.write("book.abc", book);
    let ran = place.run(["notes", "--json", text(&file)]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let tunes: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let note = |voice: &str, onset: &str, length: &str, pitch: u8, velocity: u8| serde_json::json!({"voice": voice, "onset": onset, "length": length, "pitch": pitch, "velocity": velocity});
    let first = [
        note("a", "0", "1/4", 66, 105),
        note("b", "0", "1", 62, 90),
        note("b", "0", "1", 67, 90),
        note("a", "1/2", "3/2", 69, 105),
        note("b", "1", "1", 50, 90),
        note("a", "2", "1/4", 66, 105),
        note("a", "5/2", "3/2", 69, 105),
    ];
    assert_eq!(tunes[0], serde_json::json!({"tune": 3, "notes": first}));
    let second = [note("1", "0", "1/12", 60, 90), note("1", "1/12", "1/12", 62, 90), note("1", "1/6", "1/12", 64, 90)];
    assert_eq!(tunes[1], serde_json::json!({"tune": 7, "notes": second}));
    let only = place.run(["notes", "--json", "--tune", "7", text(&file)]);
    assert_eq!(only.out.lines().collect::<Vec<_>>(), [ran.out.lines().nth(1).expect("the second tune")]);
    assert!(
        ran.out.starts_with("{\"tune\":3,\"notes\":[{\"voice\":\"a\",\"onset\":\"0\",\"length\":\"1/4\",\"pitch\":66,")
    );
}

#[test]
fn notes_with_chords_have_the_accompaniment_as_voices_of_its_own() {
    let place = Place::new();
    let tune = "X:1\nM:2/4\nL:1/8\nK:C\n%%MIDI drum d 36 70\n%%MIDI drumon\n\"C\"c4 |\n";
    let file = place.write("tune.abc", tune);
    let ran = place.run(["notes", text(&file)]);
    assert_eq!(ran.out, "1 1 0 1/2 72 90\n");
    let ran = place.run(["notes", "--chords", text(&file)]);
    let expected = ["1 1 0 1/2 72 90", "1 chords 0 1/8 36 80", "1 drum 0 1/2 36 70", "1 chords 1/4 1/8 55 75"];
    assert!(ran.out.lines().take(4).eq(expected), "{}", ran.out);
    let ran = place.run(["notes", "--chords", "--json", text(&file)]);
    let tune: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let voices: Vec<&str> =
        tune["notes"].as_array().expect("a list").iter().filter_map(|note| note["voice"].as_str()).collect();
    assert_eq!(voices, ["1", "chords", "drum", "chords", "chords", "chords"]);
}

#[test]
fn grace_notes_and_ornaments_come_when_asked_for() {
    let place = Place::new();
    let file = place.write("graces.abc", "X:1\nL:1/8\nK:D\n{g}A2 .MD2\n");
    let notes = |more: &[&str]| place.run([&["notes", text(&file)], more].concat()).out;
    assert_eq!(notes(&[]), "1 1 0 1/4 69 90\n1 1 1/4 1/8 62 90\n");
    assert_eq!(
        notes(&["--graces"]),
        "1 1 0 1/32 79 90\n1 1 1/32 7/32 69 90\n1 1 1/4 1/32 62 90\n1 1 9/32 1/32 61 90\n1 1 5/16 1/16 62 90\n"
    );
}

/// The doctor looks at everything, says what to do about what is wrong, and is out with 3 then.
#[test]
fn the_doctor_says_what_is_missing_and_what_to_do() {
    let place = Place::new();
    place.write("set/prompts/a.abc", GOOD);
    place.write("set/patches/reed.patch", "sine(pitch)");
    let look = |place: &Place| {
        let ran = place.program().arg("doctor").current_dir(place.path("set")).output().expect("it runs");
        (ran.status.code(), String::from_utf8(ran.stdout).expect("UTF-8"))
    };
    let line = |out: &str, what: &str| {
        let lines: Vec<&str> = out.lines().collect();
        let at = lines.iter().position(|line| line.get(3..).is_some_and(|rest| rest.starts_with(what)));
        at.map(|at| (lines[at].to_owned(), lines.get(at + 1).copied().unwrap_or_default().trim().to_owned()))
    };
    let (code, out) = look(&place);
    for what in ["terminal", "letters", "sound", "jack", "midi", "priority", "model", "sets"] {
        let (said, _) = line(&out, what).unwrap_or_else(|| panic!("no {what} in\n{out}"));
        assert!(["ok ", "-- ", "!! "].iter().any(|sign| said.starts_with(sign)), "{said}");
    }
    assert!(line(&out, "prompts").expect("prompts").0.starts_with("ok prompts    1 in "), "{out}");
    assert!(line(&out, "patches").expect("patches").0.starts_with("ok patches    1 in "), "{out}");
    assert_eq!(code, Some(if out.lines().any(|line| line.starts_with("!!")) { 3 } else { 0 }), "{out}");
    place.write("set/prompts/b.abc", BAD);
    place.write("set/patches/bad.patch", "sine(");
    let (code, out) = look(&place);
    let (said, help) = line(&out, "prompts").expect("prompts");
    assert!(said.starts_with("!! ") && said.contains("b.abc") && help.contains("barline check"), "{said} {help}");
    let (said, help) = line(&out, "patches").expect("patches");
    assert!(said.starts_with("!! ") && said.contains("bad.patch:1:") && help.starts_with("-> mend"), "{said} {help}");
    assert_eq!(code, Some(3), "{out}");
}

#[test]
fn devices_as_json_are_one_object() {
    let ran = Place::new().run(["devices", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let devices: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    for device in devices["audio"].as_array().expect("a list") {
        assert!(device["host"].is_string() && device["name"].is_string() && device["default"].is_boolean(), "{device}");
        let spec = device["spec"].as_str().expect("a text");
        assert!(spec.starts_with(device["host"].as_str().expect("a text")), "{spec}");
    }
    for port in devices["midi_out"].as_array().expect("a list") {
        assert!(port["index"].is_u64() && port["name"].is_string(), "{port}");
    }
    let plain = Place::new().run(["devices"]);
    assert!(plain.out.contains("audio outputs (--audio)") && plain.out.contains("MIDI outputs (--midi)"));
}

#[test]
fn help_and_version_are_no_failure() {
    let place = Place::new();
    let help = place.run(["--help"]);
    assert_eq!(help.code, Some(0));
    for command in ["render", "replay", "rehearse", "notes", "check", "devices", "doctor", "bench", "audition"] {
        assert!(help.out.contains(command), "{command} is missing in {}", help.out);
    }
    assert!(place.run(["--version"]).out.starts_with("barline 0."));
}

#[test]
#[cfg(unix)]
fn a_reader_that_has_seen_enough_ends_the_program_without_a_word() {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Stdio;
    let place = Place::new();
    let file = place.write("long.abc", format!("X:1\nL:1/8\nK:C\n{}\n", "CDEF|".repeat(5000)));
    let mut listing = place.program();
    listing.args(["notes", text(&file)]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut listing = listing.spawn().expect("it runs");
    drop(listing.stdout.take());
    let ended = listing.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.signal(), Some(libc::SIGPIPE));
}

#[test]
fn a_rehearsal_is_printed_and_written() {
    let place = Place::new();
    place.write("sets/good.abc", GOOD);
    let rehearse = |script: &str, more: &[&str]| {
        let set = place.write("sets/a.set", script);
        place.run(["rehearse", text(&set), "--model", "none"].iter().chain(more))
    };
    let outputs = ["a.wav", "a.mid", "a.abc"].map(|name| place.path(name));
    let [wav, midi, abc] = outputs.each_ref().map(|path| text(path));
    let script = "1:1 open good.abc\n1:1 play\n2:2 stop\n2:2 end\n";
    let ran = rehearse(script, &["--json", "-o", wav, "-o", midi, "-o", abc]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 5 + 2, "{}", ran.out);
    let last = r#"{"bar":2,"beat":"5/3","voice":"lead","pitch":74,"velocity":82,"length":"1/8","by":"text"}"#;
    assert_eq!(lines[6], last);
    assert!(outputs.iter().all(|path| path.metadata().expect("a file").len() > 50));
    let written = std::fs::read_to_string(&outputs[2]).expect("text");
    assert!(written.contains("[V:lead] d2A FAd | e2d z3 |"), "{written}");
    let name = place.path("sets/a.set");
    assert_refused(&rehearse("1:1 open gone.abc\n", &[]), 1, &["gone.abc"]);
    let ran = rehearse("1:1 open good.abc\n1:1 clap\n", &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.starts_with(&format!("{}:2:5: error: 'clap' is not an action", text(&name))), "{}", ran.err);
    let ran = rehearse("1:1 open good.abc\n1:1 play\n2:1 mute organ\n", &[]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 5), "{ran:?}");
    let last = ran.err.lines().last().expect("a message");
    assert!(last.starts_with(&format!("barline: {}:3:5: error: there is no voice 'organ'", text(&name))), "{last}");
    let prompt = place.path("sets/good.abc");
    assert!(rehearse(script, &["-o", text(&prompt)]).err.contains("the prompt itself"));
}
