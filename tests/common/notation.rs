//! Notes as the tests write them: `C4:1/8 D4+F4 z @1/2 G4:1/4` are pitches with lengths in whole notes, one after another; `+`
//! makes a chord, `z` is a rest, `@` sets the time, and a length that is not written is the one before.

use barline::abc::Step;
use barline::time::Beats;

/// Onset, length and MIDI pitch, sorted, and the time at which the last note or rest ends.
pub fn read(text: &str) -> (Vec<(Beats, Beats, i32)>, Beats) {
    let mut notes = Vec::new();
    let (mut now, mut length) = (Beats::ZERO, Beats::ZERO);
    for word in text.split_whitespace() {
        if let Some(time) = word.strip_prefix('@') {
            now = time.parse().expect("a time");
            continue;
        }
        let (names, written) = word.split_once(':').unwrap_or((word, ""));
        if !written.is_empty() {
            length = written.parse().expect("a length");
        }
        let pitches = names.split('+').filter(|name| *name != "z");
        notes.extend(pitches.map(|name| (now, length, midi(name))));
        now += length;
    }
    notes.sort_unstable();
    (notes, now)
}

/// `F#4` is 66.
fn midi(name: &str) -> i32 {
    let step = Step::from_letter(name.as_bytes()[0]).unwrap_or_else(|| panic!("'{name}' is no pitch"));
    let sharps = name.matches('#').count() as i32 - name.matches('b').count() as i32;
    let octave: i32 =
        name[1..].trim_start_matches(['#', 'b']).parse().unwrap_or_else(|_| panic!("'{name}' is no pitch"));
    12 * (octave + 1) + step.semitones() + sharps
}
