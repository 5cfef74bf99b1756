//! A tune as the list of notes that are played: repeats unfolded, ties joined. Grace notes and ornaments, and the accompaniment that
//! chord symbols ask for, come when they are wanted.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::abc::Pitch;
use crate::abc::ast::{Tune, Voice};
use crate::accompany;
use crate::score::{Carry, Joined, Measure, Ornaments, Place, join, measure, perform, swell, unfold};
use crate::time::Beats;

/// A note from its striking to its end. Times are absolute, in whole notes from the start of the tune.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedNote {
    /// The voice's name; `1` when the tune names none, `chords` and `drum` of accompaniment.
    pub voice: String,
    pub onset: Beats,
    pub length: Beats,
    pub pitch: Pitch,
    /// 1 to 127.
    pub velocity: u8,
    /// The symbol in the text; of tied notes the first.
    pub place: Place,
}

/// The notes of all voices without grace notes and ornaments, sorted by onset, then voice, then pitch.
#[must_use]
pub fn notes(tune: &Tune) -> Vec<PlayedNote> {
    played(tune, Ornaments::LeftOut)
}

/// As [`notes`], with grace notes and ornaments if they are to be played.
#[must_use]
pub fn played(tune: &Tune, ornaments: Ornaments) -> Vec<PlayedNote> {
    let mut played = Vec::new();
    for (rank, voice) in tune.voices.iter().enumerate() {
        played.extend(voice_notes(tune, voice, ornaments).into_iter().map(|note| (rank, note)));
    }
    played.sort_by_key(|(rank, note)| (note.onset, *rank, note.pitch.midi()));
    played.into_iter().map(|(_, note)| note).collect()
}

/// As [`played`], with the accompaniment that chord symbols and `%%MIDI drumon` ask for, as [`accompany::parts`] plays it.
#[must_use]
pub fn with_accompaniment(tune: &Tune, ornaments: Ornaments) -> Vec<PlayedNote> {
    let mut played = played(tune, ornaments);
    for part in accompany::parts(tune) {
        played.extend(part.notes.into_iter().map(|note| named(part.name, note)));
    }
    // Of one onset the voices stay before the accompaniment.
    played.sort_by_key(|note| note.onset);
    played
}

fn named(voice: &str, note: Joined) -> PlayedNote {
    let Joined { onset, length, pitch, velocity, place } = note;
    PlayedNote { voice: voice.to_owned(), onset, length, pitch, velocity, place }
}

fn voice_notes(tune: &Tune, voice: &Voice, ornaments: Ornaments) -> Vec<PlayedNote> {
    let mut carry = Carry::of(tune, &voice.id);
    let mut bars: Vec<Measure> =
        unfold(tune, voice).into_iter().map(|at| measure(&voice.bars[at], &mut carry).0).collect();
    swell(&mut bars, &carry.shades);
    let mut start = Beats::ZERO;
    let bars = bars.into_iter().map(|bar| {
        let from = start;
        start += bar.length;
        (from, perform(Cow::Owned(bar), ornaments))
    });
    join(bars).into_iter().map(|note| named(&voice.id, note)).collect()
}

/// One line of `barline notes --json`: `{"tune":1,"notes":[{"voice":"1","onset":"3/8",…},…]}`.
#[must_use]
pub fn json(tune_number: u32, notes: &[PlayedNote]) -> String {
    let mut line = format!("{{\"tune\":{tune_number},\"notes\":[");
    for (at, note) in notes.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let voice = serde_json::Value::from(note.voice.as_str());
        let (pitch, velocity) = (note.pitch.midi(), note.velocity);
        // Writing to a string cannot fail.
        let _ = write!(
            line,
            "{comma}{{\"voice\":{voice},\"onset\":\"{}\",\"length\":\"{}\",\"pitch\":{pitch},\"velocity\":{velocity}}}",
            note.onset, note.length
        );
    }
    line + "]}"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::parse::parse;

    /// Onset:pitch:length of every note, in quarters of a unit of 1/8 where that is whole.
    fn check(tune: &str, expect: &str) {
        let (book, _) = parse(tune);
        let shown: Vec<String> = notes(&book.tunes[0])
            .iter()
            .map(|note| {
                let in_units = |time: Beats| time.ratio(Beats::new(1, 8)).to_string();
                format!("{}:{}:{}", in_units(note.onset), note.pitch.midi(), in_units(note.length))
            })
            .collect();
        assert_eq!(shown.join(" "), expect, "{tune}");
    }

    #[test]
    fn ties_join_over_bars_and_endings() {
        check("X:1\nL:1/8\nK:C\nC2-C2|C2-|C2\n", "0:60:4 4:60:4");
        check("X:1\nL:1/8\nK:C\n^c4-|c4 c4\n", "0:73:8 8:72:4");
        check("X:1\nL:1/8\nK:C\n|:C8-|1 C8:|2 C8|\n", "0:60:16 16:60:16");
        check("X:1\nL:1/8\nK:C\nC2-D2\n", "0:60:2 2:62:2");
        check("X:1\nL:1/8\nK:C\n[CE-]E\n", "0:60:1 0:64:2");
        check("X:1\nL:1/8\nK:C\nC2-|D2|C2-|C2\n", "0:60:2 2:62:2 4:60:4");
    }

    #[test]
    fn repeats() {
        check("X:1\nL:1/8\nK:C\nC:|D|[1E:|[2F|]\n", "0:60:1 1:60:1 2:62:1 3:64:1 4:62:1 5:65:1");
        check("X:1\nL:1/8\nK:C\n|::C::|D\n", "0:60:1 1:60:1 2:60:1 3:62:1");
        check("X:1\nL:1/8\nP:A2B\nK:C\nP:A\n|:C:|\nP:B\nD|\n", "0:60:1 1:60:1 2:60:1 3:60:1 4:62:1");
        check("X:1\nL:1/8\nK:C\n|:C|1,3 D:|2 E:|F\n", "0:60:1 1:62:1 2:60:1 3:64:1 4:60:1 5:62:1 6:65:1");
    }

    #[test]
    fn double_bars_within_a_repeat_are_only_lines() {
        check("X:1\nL:1/8\nK:C\n|:C||D:|\n", "0:60:1 1:62:1 2:60:1 3:62:1");
        check("X:1\nL:1/8\nK:C\nC||D:|\n", "0:60:1 1:62:1 2:62:1");
        check("X:1\nL:1/8\nK:C\n|:C|1D:|2E||F:|\n", "0:60:1 1:62:1 2:60:1 3:64:1 4:65:1 5:65:1");
    }

    #[test]
    fn endings() {
        check("X:1\nL:1/8\nK:C\n|:C|1 D:|E||F\n", "0:60:1 1:62:1 2:60:1 3:64:1 4:65:1");
        check("X:1\nL:1/8\nP:ABA\nK:C\nP:A\nC|[1D|[2E|\nP:B\nF|\n", "0:60:1 1:62:1 2:65:1 3:60:1 4:64:1");
        check("X:1\nL:1/8\nK:C\n|:C|1D:|2E:|3F:|G\n", "0:60:1 1:62:1 2:60:1 3:64:1 4:60:1 5:65:1 6:67:1");
        check("X:1\nL:1/8\nP:OA\nK:C\n[P:O]C[P:A]|D|\n", "0:60:1 1:62:1");
    }

    #[test]
    fn accompaniment_comes_when_it_is_asked_for() {
        let check = |body: &str, expect: &str| {
            let (book, _) = parse(&format!("X:1\nM:2/4\nL:1/8\nK:C\n{body}\n"));
            let shown = |notes: Vec<PlayedNote>| -> Vec<String> {
                let added = notes.into_iter().filter(|note| note.voice != "1");
                added
                    .map(|note| format!("{}@{}:{}:{}", note.voice, note.onset, note.pitch.midi(), note.length))
                    .collect()
            };
            assert_eq!(shown(notes(&book.tunes[0])), [""; 0]);
            assert_eq!(shown(with_accompaniment(&book.tunes[0], Ornaments::LeftOut)).join(" "), expect, "{body}");
        };
        let chord = |at: &str| format!("chords@{at}:55:1/8 chords@{at}:60:1/8 chords@{at}:64:1/8");
        check("C4|", "");
        check("\"C\"C4|", &format!("chords@0:36:1/8 {}", chord("1/4")));
        // A pickup has the end of the pattern, a split bar goes on with it.
        check("\"C\"C2|C4|", &format!("{} chords@1/4:36:1/8 {}", chord("0"), chord("1/2")));
        check("\"C\"C4|C2||C2|", &format!("chords@0:36:1/8 {} chords@1/2:36:1/8 {}", chord("1/4"), chord("3/4")));
        let drum = "%%MIDI drum dd 36 38\n%%MIDI drumon\n";
        check(&format!("{drum}C4|"), "drum@0:36:1/4 drum@1/4:38:1/4");
        check(&format!("{drum}C2|C4|"), "drum@0:38:1/4 drum@1/4:36:1/4 drum@1/2:38:1/4");
    }

    #[test]
    fn json_is_the_contract() {
        let (book, _) = parse("X:1\nL:1/8\nK:C\nz3 !f!D\n");
        let line = json(1, &notes(&book.tunes[0]));
        let expect = r#"{"tune":1,"notes":[{"voice":"1","onset":"3/8","length":"1/8","pitch":62,"velocity":105}]}"#;
        assert_eq!(line, expect);
    }
}
