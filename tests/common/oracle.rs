//! abc2midi as a second opinion on the notes of a tune. It runs as a program of its own.
#![allow(dead_code, reason = "no test uses everything")]

use std::process::Command;

use barline::time::Beats;
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};

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

/// What abc2midi plays of a text, without grace notes (`-NGRA`, they would shorten their hosts), accompaniment (`-NGUI`) and longer
/// fermatas (`-NFER`). `voices` are the tune's, in their order. One run for each tune: over whole books it has crashed.
pub fn abc2midi(voices: &[&str], text: &str) -> Heard {
    // Notes are struck one tick late and end on time.
    midi_file(&set_up(&played_alike(text, true), voices), &["-NGUI"]).map(|bytes| heard(&bytes, 1)).unwrap_or_default()
}

/// The Standard MIDI File that abc2midi makes of a text as it stands, without graces and fermatas.
pub fn midi_file(text: &str, flags: &[&str]) -> Option<Vec<u8>> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (source, target) = (directory.path().join("tune.abc"), directory.path().join("tune.mid"));
    std::fs::write(&source, text).expect("the tune is written");
    let run = Command::new("abc2midi")
        .current_dir(directory.path())
        .arg(&source)
        .args(["-NGRA", "-NFER", "-silent", "-quiet"])
        .args(flags)
        .arg("-o")
        .arg(&target)
        .output()
        .expect("abc2midi runs");
    drop(run);
    std::fs::read(&target).ok()
}

/// The notes of a Standard MIDI File whose notes are struck `late` ticks behind their time.
pub fn heard(bytes: &[u8], late: i64) -> Heard {
    let mut heard: Heard = struck(bytes, late).into_iter().map(|note| (note.onset, note.length, note.pitch)).collect();
    heard.sort_unstable();
    heard
}

/// A note of a MIDI file, with the name of its track.
pub struct Struck {
    pub track: String,
    /// 1 to 16.
    pub channel: u8,
    pub onset: Beats,
    pub length: Beats,
    pub pitch: i32,
    pub velocity: u8,
}

/// As [`heard`], with all that is known of a note.
pub fn struck(bytes: &[u8], late: i64) -> Vec<Struck> {
    let smf = Smf::parse(bytes).expect("a MIDI file");
    let Timing::Metrical(division) = smf.header.timing else { panic!("a MIDI file with metrical time") };
    let per_whole = 4 * i64::from(division.as_int());
    let mut heard = Vec::new();
    for track in &smf.tracks {
        let mut now = 0;
        let mut name = String::new();
        let mut sounding: Vec<(u8, u8, i64, u8)> = Vec::new();
        for event in track {
            now += i64::from(event.delta.as_int());
            if let TrackEventKind::Meta(MetaMessage::Text(text)) = event.kind {
                name = String::from_utf8_lossy(text).into_owned();
            }
            let TrackEventKind::Midi { channel, message } = event.kind else { continue };
            let (key, velocity) = match message {
                MidiMessage::NoteOn { key, vel } => (key.as_int(), vel.as_int()),
                MidiMessage::NoteOff { key, .. } => (key.as_int(), 0),
                _ => continue,
            };
            let channel = channel.as_int();
            if velocity > 0 {
                sounding.push((channel, key, now - late, velocity));
            } else if let Some(at) = sounding.iter().position(|&(c, k, ..)| (c, k) == (channel, key)) {
                let (.., start, velocity) = sounding.remove(at);
                let (onset, length) = (Beats::new(start, per_whole), Beats::new(now - start, per_whole));
                let (track, channel, pitch) = (name.clone(), channel + 1, i32::from(key));
                heard.push(Struck { track, channel, onset, length, pitch, velocity });
            }
        }
    }
    heard
}

/// Decorations that abc2midi plays in its own way, by letter and by name.
const OWN_LETTERS: [char; 2] = ['~', 'T'];
const OWN_NAMES: [&str; 3] = ["roll", "trill", "arpeggio"];

/// The tune without what the standard leaves to the player: `R:`, by which abc2midi swings hornpipes, and those decorations; and
/// without staccato, if it is to be.
pub fn played_alike(tune: &str, staccato: bool) -> String {
    let mut out = String::new();
    for line in tune.lines().filter(|line| !line.starts_with("R:")) {
        let is_field = line.as_bytes().get(1) == Some(&b':') && !line.starts_with(['|', ':']);
        if is_field || line.starts_with('%') {
            out += line;
        } else {
            without_own_decorations(line, staccato, &mut out);
        }
        out.push('\n');
    }
    out
}

fn without_own_decorations(line: &str, staccato: bool, out: &mut String) {
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let inline_field = c == '[' && rest.as_bytes().get(2) == Some(&b':');
        let close = match c {
            '!' | '+' | '"' => Some(c),
            '[' if inline_field => Some(']'),
            _ => None,
        };
        // What is enclosed is copied as a whole.
        if let Some(length) = close.and_then(|close| rest[1..].find(close)) {
            let inside = &rest[1..=length];
            // It knows staccato by its dot alone.
            if c != '"' && matches!(inside, "staccato" | "wedge") {
                out.push_str(if staccato { "." } else { "" });
            } else if c == '"' || inline_field || !OWN_NAMES.contains(&inside) {
                out.push_str(&rest[..length + 2]);
            }
            rest = &rest[length + 2..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        // Of a dotted slur it makes staccato.
        let no_dot = c == '.' && (rest.starts_with(['(', ')', '-']) || !staccato && !rest.starts_with('|'));
        if !OWN_LETTERS.contains(&c) && !no_dot {
            out.push(c);
        }
    }
}

/// With the notes of a chord struck at once, and broken rhythm of three to one in all releases.
fn set_up(tune: &str, voices: &[&str]) -> String {
    let mut out = String::new();
    let mut body = false;
    for line in tune.lines() {
        out.extend([line, "\n"]);
        if !body && line.starts_with("K:") {
            body = true;
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
