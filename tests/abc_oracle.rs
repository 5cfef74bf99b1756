//! The notes of a tune against those of abc2midi, which runs as a program of its own. Each tune under `tests/abc` holds
//! one class of trouble. Without abc2midi on the PATH the test says that it was skipped; `BARLINE_REQUIRE_ABC2MIDI=1` makes
//! that a failure.

use std::path::Path;
use std::process::Command;

use barline::abc::ast::Tune;
use barline::abc::parse::parse;
use barline::notes::notes;
use barline::time::Beats;
use midly::{MidiMessage, Smf, Timing, TrackEventKind};

/// Onset, length and pitch, sorted.
type Heard = Vec<(Beats, Beats, i32)>;

#[test]
fn own_tunes_sound_like_abc2midi() {
    if skipped() {
        return;
    }
    let mut files: Vec<_> =
        std::fs::read_dir("tests/abc").expect("tests/abc").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a readable tune");
        let (book, _) = parse(&text);
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (ours, theirs) = (ours(&book.tunes[0]), abc2midi(&book.tunes[0], &text));
        if ours != theirs {
            println!("{name}: {}", first_difference(&ours, &theirs));
            wrong.push(name);
        }
    }
    println!("{} of {} tunes equal abc2midi's", files.len() - wrong.len(), files.len());
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn interleaved_voices_equal_blocks() {
    let read = |name: &str| {
        let text = std::fs::read_to_string(Path::new("tests/abc").join(name)).expect("a readable tune");
        notes(&parse(&text).0.tunes[0])
    };
    assert_eq!(read("two_voices_interleaved.abc"), read("two_voices_blocks.abc"));
}

/// Prints how many tunes of the corpora beside the project sound the same; what differs is for a person to read.
#[test]
fn corpora_agree_with_abc2midi() {
    let corpora = std::env::var("BARLINE_CORPORA").unwrap_or_else(|_| "../shared/abc".to_owned());
    let corpora = Path::new(&corpora);
    if !corpora.is_dir() {
        println!("skipped: no corpora in {}", corpora.display());
        return;
    }
    if skipped() {
        return;
    }
    let list = std::env::var_os("BARLINE_LIST_DIFFERENCES").is_some();
    let mut directories: Vec<_> = std::fs::read_dir(corpora)
        .expect("corpora")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    directories.sort();
    for directory in directories {
        let mut files: Vec<_> =
            std::fs::read_dir(&directory).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        let (mut equal, mut all) = (0, 0);
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "abc")) {
            let bytes = std::fs::read(file).expect("a readable file");
            // Older files are Latin-1; what is not ASCII in them is no music.
            let text =
                String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
            for tune in parse(&text).0.tunes {
                all += 1;
                let (ours, theirs) = (ours(&tune), abc2midi(&tune, &text[tune.span.start..tune.span.end]));
                if ours == theirs {
                    equal += 1;
                } else if list {
                    let number = tune.number.unwrap_or(0);
                    println!("{} X:{number}: {}", file.display(), first_difference(&ours, &theirs));
                }
            }
        }
        println!("{}: {equal} of {all} tunes equal abc2midi's", directory.display());
    }
}

fn skipped() -> bool {
    let found = Command::new("abc2midi").arg("-ver").output().is_ok();
    if !found {
        assert!(
            std::env::var_os("BARLINE_REQUIRE_ABC2MIDI").is_none_or(|v| v != "1"),
            "abc2midi is required but missing"
        );
        println!("skipped: abc2midi is not on the PATH");
    }
    !found
}

fn ours(tune: &Tune) -> Heard {
    // Rounded to the oracle's ticks, of which a tuplet's note has no whole number.
    let mut heard: Heard = notes(tune)
        .iter()
        .map(|note| {
            let start = tick(note.onset);
            (Beats::new(start, 1920), Beats::new(tick(note.onset + note.length) - start, 1920), note.pitch.midi())
        })
        .collect();
    heard.sort_unstable();
    heard
}

fn first_difference(ours: &Heard, theirs: &Heard) -> String {
    let at = ours.iter().zip(theirs).position(|(a, b)| a != b).unwrap_or(ours.len().min(theirs.len()));
    let show = |heard: &Heard| match heard.get(at) {
        Some((onset, length, pitch)) => format!("{pitch} at {onset} for {length}"),
        None => "nothing".to_owned(),
    };
    format!("note {at} is {}, abc2midi's {}", show(ours), show(theirs))
}

fn tick(time: Beats) -> i64 {
    time.ratio(Beats::new(1, 1920)).to_integer()
}

/// What abc2midi plays: without graces, fermatas and accompaniment, chords struck at once, no decorations.
fn abc2midi(tune: &Tune, text: &str) -> Heard {
    let voices: Vec<String> = tune.header.voices.iter().map(|voice| voice.id.clone()).collect();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (source, target) = (directory.path().join("tune.abc"), directory.path().join("tune.mid"));
    std::fs::write(&source, for_oracle(text, &voices)).expect("the tune is written");
    let run = Command::new("abc2midi")
        .arg(&source)
        .args(["-NGRA", "-NGUI", "-NFER", "-silent", "-quiet", "-o"])
        .arg(&target)
        .output()
        .expect("abc2midi runs");
    drop(run);
    let Ok(bytes) = std::fs::read(&target) else { return Heard::new() };
    let smf = Smf::parse(&bytes).expect("a MIDI file");
    let Timing::Metrical(division) = smf.header.timing else { panic!("a MIDI file with metrical time") };
    let per_whole = 4 * i64::from(division.as_int());
    let mut heard = Heard::new();
    for track in &smf.tracks {
        let mut now = 0;
        let mut sounding: Vec<(u8, u8, i64)> = Vec::new();
        for event in track {
            now += i64::from(event.delta.as_int());
            let TrackEventKind::Midi { channel, message } = event.kind else { continue };
            let (key, on) = match message {
                MidiMessage::NoteOn { key, vel } => (key.as_int(), vel.as_int() > 0),
                MidiMessage::NoteOff { key, .. } => (key.as_int(), false),
                _ => continue,
            };
            let channel = channel.as_int();
            if on {
                sounding.push((channel, key, now));
            } else if let Some(at) = sounding.iter().position(|&(c, k, _)| (c, k) == (channel, key)) {
                let (_, _, start) = sounding.remove(at);
                // Notes are struck one tick late and end on time.
                let length = Beats::new(now - (start - 1), per_whole);
                heard.push((Beats::new(start - 1, per_whole), length, i32::from(key)));
            }
        }
    }
    heard.sort_unstable();
    heard
}

/// The tune without what abc2midi plays in its own way: rhythm names (it swings hornpipes), decorations, tempi.
fn for_oracle(tune: &str, voices: &[String]) -> String {
    let mut out = String::new();
    for line in tune.lines() {
        if line.starts_with("R:") || line.starts_with("Q:") {
            continue;
        }
        let is_field = line.as_bytes().get(1) == Some(&b':') && !line.starts_with('|');
        let is_key = line.starts_with("K:") && !out.contains("\nK:");
        if is_field || line.starts_with('%') {
            out += line;
        } else {
            out += &without_decorations(line);
        }
        out.push('\n');
        if is_key {
            out += "%%MIDI chordattack 0\n%%MIDI ratio 3 1\n";
            for voice in voices {
                out += &format!("V:{voice}\n%%MIDI chordattack 0\n");
            }
            if let Some(first) = voices.first() {
                out += &format!("V:{first}\n");
            }
        }
    }
    out
}

fn without_decorations(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let marked = matches!(c, '!' | '+' | '"').then(|| rest[1..].find(c)).flatten();
        if let Some(length) = marked.filter(|length| c == '"' || *length < 24) {
            rest = &rest[length + 2..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let inline_field = c == '[' && rest.as_bytes().get(1) == Some(&b':');
        if let Some(length) = rest.find(']').filter(|_| inline_field) {
            out.push(c);
            out += &rest[..=length];
            rest = &rest[length + 1..];
        } else if !(matches!(c, '~' | 'H'..='W' | 'h'..='w') || c == '.' && !rest.starts_with('|')) {
            out.push(c);
        }
    }
    out
}
