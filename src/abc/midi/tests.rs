//! What directives say, where they hold, and what is wrong with them.

use super::read::drum;
use super::*;
use crate::abc::Fault;
use crate::abc::parse::parse;
use crate::notes::notes;

#[test]
fn directives_hold_for_their_voice() {
    let text = "X:1\nM:4/4\nL:1/4\n%%MIDI program 40\nV:1\nV:2\n%%MIDI program 3 33 bass\n%%MIDI channel 5\nK:C\n\
                V:1\nC4|\nV:2\n%%MIDI transpose -12\nC4|\n%%MIDI drum dz 36\n";
    let (book, said) = parse(text);
    assert_eq!(said, []);
    let of = |voice: &str| MidiCourse::of(&book.tunes[0], &[voice]).first(&book.tunes[0], voice).clone();
    assert_eq!(of("1"), MidiSettings { program: Some(40), ..MidiSettings::default() });
    let second = MidiSettings { program: Some(33), channel: Some(5), transpose: -12, ..MidiSettings::default() };
    assert_eq!(of("2"), second);
    let pitches: Vec<i32> = notes(&book.tunes[0]).iter().map(|note| note.pitch.midi()).collect();
    assert_eq!(pitches, [60, 48]);
}

/// Pitch and velocity of all notes.
fn played(text: &str) -> Vec<(i32, u8)> {
    let (book, said) = parse(text);
    assert_eq!(said, [], "{text}");
    notes(&book.tunes[0]).iter().map(|note| (note.pitch.midi(), note.velocity)).collect()
}

#[test]
fn directives_between_bars_hold_from_there_on() {
    let pitches = |body: &str| -> Vec<i32> {
        let text = format!("X:1\nM:4/4\nL:1/1\nK:C\n{body}\n");
        played(&text).into_iter().map(|(pitch, _)| pitch).collect()
    };
    assert_eq!(pitches("C|\n%%MIDI transpose 2\nC|C|\n%%MIDI transpose 0\nC|"), [60, 62, 62, 60]);
    assert_eq!(pitches("C|[I:MIDI=transpose 2]C|[I: MIDI = transpose 3 MIDI=drumon]C|"), [60, 62, 63]);
    assert_eq!(pitches("|:C|\n%%MIDI transpose 2\nC:|C|"), [60, 62, 60, 62, 62], "as it is written");
    assert_eq!(pitches("V:1\nC|C|\nV:2\n%%MIDI transpose 12\nC|C|"), [60, 72, 60, 72]);
}

#[test]
fn stress_and_dynamics() {
    let velocities = |directives: &str, body: &str| -> Vec<u8> {
        let text = format!("X:1\nM:4/4\nL:1/4\n{directives}K:C\n{body}\n");
        played(&text).into_iter().map(|(_, velocity)| velocity).collect()
    };
    let beat = "%%MIDI beat 100 80 60 2\n";
    assert_eq!(velocities("", "CCCC|"), [90; 4]);
    assert_eq!(velocities(beat, "CCCC|zCC/C/C|"), [100, 60, 80, 60, 60, 80, 60, 60]);
    assert_eq!(velocities(beat, "C!f!C!>!CC|!mf!C"), [100, 75, 111, 75, 100]);
    assert_eq!(velocities(beat, "C|\n%%MIDI nobeataccents\nCC|\n%%MIDI beataccents\nC|"), [100, 80, 80, 100]);
    assert_eq!(velocities("%%MIDI nobeataccents\n", "CCCC|"), [90; 4]);
    assert_eq!(velocities("%%MIDI beatstring fpm\n", "CCCC|"), [90, 65, 80, 65]);
    assert_eq!(velocities("%%MIDI beat 0 127 1 1\n", "C!pppp!CC/C/|"), [1, 57, 57, 1]);
}

#[test]
fn gchord_ends_at_a_metre_change() {
    let (book, _) =
        parse("X:1\nM:4/4\nL:1/4\n%%MIDI gchord fc\nK:C\nC4|[M:3/4]C3|\n%%MIDI gchord f\nC3|[I:MIDI gchordoff]C3|\n");
    let course = MidiCourse::of(&book.tunes[0], &["1"]);
    let bars = &book.tunes[0].voices[0].bars;
    let midi = bars.iter().map(|bar| course.in_bar(bar));
    let held: Vec<_> = midi.map(|midi| (midi.gchord.as_deref(), midi.gchord_off)).collect();
    assert_eq!(held, [(Some("fc"), false), (None, false), (Some("f"), false), (Some("f"), true)]);
}

#[test]
fn drum_patterns() {
    let read = |values: &str| drum(&values.split(' ').collect::<Vec<_>>()).map(|pattern| pattern.0);
    let expect = [(2, Some((35, 100))), (1, None), (1, Some((38, 80)))];
    assert_eq!(read("d2zd 35 38 100"), Some(expect.to_vec()));
    for wrong in ["", "36 38", "d", "dd 36", "dx 36", "d 36 80 1", "d 128", "d0 36", "d97 36"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

#[test]
fn wrong_values_are_told_and_others_are_not_ours() {
    for (directive, wanted) in [
        ("MIDI program 300", "0 to 127"),
        ("MIDI channel 17", "1 to 16"),
        ("MIDI transpose up", "semitones"),
        ("MIDI gchord", "pattern"),
        ("MIDI gchord fx", "pattern"),
        ("MIDI beat 90 80", "velocities"),
        ("MIDI beatstring loud", "f, m and p"),
        ("MIDI=drum dd 36", "a drum for each d"),
        ("MIDI drumbars 0", "bars"),
        ("MIDI chordprog 3 octave=9", "octave"),
        ("MIDI drumon MIDI=bassvol 200", "0 to 127"),
    ] {
        let said: Vec<Fault> = MidiSetting::read(directive).filter_map(Result::err).collect();
        assert!(said.len() == 1 && said[0].message.contains(wanted), "{directive}: {said:?}");
    }
    for directive in ["MIDI drumon", "MIDI", "MIDI grace 1/4", "midi program 300", "MIDI program 3 % of 300"] {
        assert_eq!(MidiSetting::read(directive).filter_map(Result::err).count(), 0, "{directive}");
    }
    let (_, said) = parse("X:1\nK:C\n%%MIDI program 300\nC|\n");
    assert_eq!(said.len(), 1);
}
