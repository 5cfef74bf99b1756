//! abc2midi as a second opinion on the notes of a tune. It runs as a program of its own.

use std::process::Command;

use barline::time::Beats;
use midly::{MidiMessage, Smf, Timing, TrackEventKind};

/// Onset, length and pitch, sorted.
pub type Heard = Vec<(Beats, Beats, i32)>;

/// Without abc2midi on the PATH tests are skipped, unless `BARLINE_REQUIRE_ABC2MIDI=1` makes that a failure.
pub fn skipped() -> bool {
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

/// Equal within the oracle's ticks, of which a tuplet's note has no whole number.
pub fn same(ours: &Heard, theirs: &Heard) -> bool {
    let tick = |time: Beats| (time.to_f64() * 1920.0).round() as i64;
    let near = |a: Beats, b: Beats| (tick(a) - tick(b)).abs() <= 2;
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(a, b)| near(a.0, b.0) && near(a.0 + a.1, b.0 + b.1) && a.2 == b.2)
}

/// Where two lists first differ, for people.
pub fn first_difference(ours: &Heard, theirs: &Heard) -> String {
    let near = |a: &(Beats, Beats, i32), b: &(Beats, Beats, i32)| same(&vec![*a], &vec![*b]);
    let at = ours.iter().zip(theirs).position(|(a, b)| !near(a, b)).unwrap_or(ours.len().min(theirs.len()));
    let show = |heard: &Heard| match heard.get(at) {
        Some((onset, length, pitch)) => format!("{pitch} at {onset} for {length}"),
        None => "nothing".to_owned(),
    };
    format!("note {at} is {}, abc2midi's {}", show(ours), show(theirs))
}

/// What abc2midi plays: without graces, fermatas and accompaniment, chords struck at once, no decorations but staccato. `voices` are the tune's, in
/// their order.
pub fn abc2midi(voices: &[&str], text: &str) -> Heard {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (source, target) = (directory.path().join("tune.abc"), directory.path().join("tune.mid"));
    std::fs::write(&source, for_oracle(text, voices)).expect("the tune is written");
    let run = Command::new("abc2midi")
        .current_dir(directory.path())
        .arg(&source)
        .args(["-NGRA", "-NGUI", "-NFER", "-silent", "-quiet", "-o"])
        .arg(&target)
        .output()
        .expect("abc2midi runs");
    drop(run);
    // Notes are struck one tick late and end on time.
    std::fs::read(&target).map(|bytes| heard(&bytes, 1)).unwrap_or_default()
}

/// The notes of a Standard MIDI File whose notes are struck `late` ticks behind their time.
pub fn heard(bytes: &[u8], late: i64) -> Heard {
    let smf = Smf::parse(bytes).expect("a MIDI file");
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
                sounding.push((channel, key, now - late));
            } else if let Some(at) = sounding.iter().position(|&(c, k, _)| (c, k) == (channel, key)) {
                let (_, _, start) = sounding.remove(at);
                let length = Beats::new(now - start, per_whole);
                heard.push((Beats::new(start, per_whole), length, i32::from(key)));
            }
        }
    }
    heard.sort_unstable();
    heard
}

/// The tune without what abc2midi plays in its own way: rhythm names (it swings hornpipes), decorations but staccato, tempi.
fn for_oracle(tune: &str, voices: &[&str]) -> String {
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
                out.extend(["V:", voice, "\n%%MIDI chordattack 0\n"]);
            }
            if let Some(first) = voices.first() {
                out.extend(["V:", first, "\n"]);
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
            // abc2midi knows staccato by its dot alone.
            out += if matches!(&rest[1..=length], "staccato" | "wedge") { "." } else { "" };
            rest = &rest[length + 2..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let inline_field = c == '[' && rest.as_bytes().get(1) == Some(&b':');
        if let Some(length) = rest.find(']').filter(|_| inline_field) {
            out.push(c);
            out += &rest[..=length];
            rest = &rest[length + 1..];
        } else if !(matches!(c, '~' | 'H'..='W' | 'h'..='w') || c == '.' && rest.starts_with(['(', ')', '-'])) {
            out.push(c);
        }
    }
    out
}
