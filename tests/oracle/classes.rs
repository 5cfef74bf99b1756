//! Where abc2midi and the standard part: each class is told from a tune's text alone, and has a tune of its own with ABC 2.1's
//! answer. Values without I/O.

use barline::abc::ast::{Bar, Symbol, Tune};
use barline::abc::{Meter, Pitch};

use crate::bars::{altered_by_grace, breaks_unequal, ends_in_tie, has_unequal_chord, ties_to};
use crate::repeats::{Back, is_left_open, repeats};

/// A kind of text that abc2midi does not play as ABC 2.1 says.
pub struct Class {
    /// The standard's section, and its answer.
    pub name: &'static str,
    /// Whether a tune is of the class, from what was read of it and from its text.
    pub holds: fn(&Tune, &str) -> bool,
    /// How many tunes of the corpora are of the class.
    pub cap: usize,
    /// A tune of the class, from the first field after the title on.
    pub tune: &'static str,
    /// What ABC 2.1 makes of it.
    pub notes: &'static str,
}

pub const CLASSES: &[Class] = &[
    Class {
        name: "3.1.14 a tonic is a letter with # or b; another key is none",
        holds: |_, text| {
            text.lines()
                .filter_map(|line| line.strip_prefix("K:"))
                .any(|key| matches!(key.trim().as_bytes(), [_, b'n']))
        },
        cap: 2,
        tune: "L:1/4\nK:Bn\nBcdef|",
        notes: "B4:1/4 C5 D5 E5 F5",
    },
    Class {
        name: "4.4 broken rhythm of unequal notes, left open, multiplies both",
        holds: |tune, _| bars(tune).any(breaks_unequal),
        cap: 10,
        tune: "L:1/4\nK:C\nC2>D|",
        notes: "C4:3/4 D4:1/8",
    },
    Class {
        name: "4.8 :| without |: goes back to the latest double bar",
        holds: |tune, _| repeats(tune).any(|repeat| repeat.back == Back::DoubleBar),
        cap: 119,
        tune: "L:1/4\nK:C\nCD||E2:|",
        notes: "C4:1/4 D4 E4:1/2 E4",
    },
    Class {
        name: "4.8 :| without |: goes back to the latest end of repeat, in voices and in parts that have an order, too",
        holds: |tune, _| {
            (tune.voices.len() > 1 || tune.header.order.is_some())
                && repeats(tune).any(|repeat| repeat.back == Back::End)
        },
        cap: 12,
        tune: "P:A\nL:1/4\nK:C\nP:A\n|:C:|D:|",
        notes: "C4:1/4 C4 D4 D4",
    },
    Class {
        name: "4.8 |: that no :| follows is played once",
        holds: |tune, _| tune.voices.iter().any(|voice| is_left_open(&voice.bars)),
        cap: 1,
        tune: "L:1/4\nK:C\n|:C|D||E|:F:|",
        notes: "C4:1/4 D4 E4 F4 F4",
    },
    Class {
        name: "4.8 a double bar with dots, ||:, starts a repeat that :: ends",
        holds: |tune, text| {
            repeats(tune).any(|repeat| repeat.back == Back::DottedDoubleBar && repeat.starts) && text.contains("||:")
        },
        cap: 1,
        tune: "L:1/4\nK:C\nC||:D::E:|",
        notes: "C4:1/4 D4 D4 E4 E4",
    },
    Class {
        name: "4.8 any run of | [ ] : is a bar line, :] too",
        holds: |_, text| text.contains(":]"),
        cap: 1,
        tune: "L:1/4\nK:C\n|:C:]D|",
        notes: "C4:1/4 C4 D4",
    },
    Class {
        name: "4.8 |:: and ::| play three times",
        holds: |tune, _| bars(tune).any(|bar| bar.after.ends > 1 || bar.before.starts > 1),
        cap: 0,
        tune: "L:1/4\nK:C\n|::C::|D|",
        notes: "C4:1/4 C4 C4 D4",
    },
    Class {
        name: "4.9 :| after the last ending plays no further time",
        holds: |tune, _| repeats(tune).any(|repeat| repeat.ends_endings),
        cap: 6,
        tune: "L:1/4\nK:C\n|:C|1D:|2E:|",
        notes: "C4:1/4 D4 C4 E4",
    },
    Class {
        name: "4.9 a number at the start of a line is an ending of the bar line before",
        holds: |tune, text| {
            let body = &text[tune.header.span.end..];
            music(body).any(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        },
        cap: 2,
        tune: "L:1/4\nK:C\n|:C|\n1D:|2E|",
        notes: "C4:1/4 D4 C4 E4",
    },
    Class {
        name: "4.11 a slur is ( alone; what abcm2ps writes behind it, (' and (, are nothing",
        holds: |_, text| music(text).any(|line| line.contains("('") || line.contains("(,")),
        cap: 3,
        tune: "L:1/4\nK:C\n('CD)|",
        notes: "C4:1/4 D4",
    },
    Class {
        name: "4.11 a tie at a repeat sign or ending goes on in what is played next",
        holds: |tune, _| {
            bars(tune).any(|bar| ends_in_tie(bar) && (bar.after.is_section() || !bar.after.endings.is_empty()))
        },
        cap: 0,
        tune: "L:1/4\nK:C\n|:C-|1C:|2C|",
        notes: "C4:1/2 C4",
    },
    Class {
        name: "4.11 a tie over a bar line to a note with another accidental is a slur",
        holds: |tune, _| {
            let other_accidental = |tied: Pitch, next: Pitch| tied.ladder() == next.ladder();
            tune.voices.iter().any(|voice| ties_to(&voice.bars, other_accidental))
        },
        cap: 0,
        tune: "L:1/4\nK:C\n^C-|=C|",
        notes: "C#4:1/4 C4",
    },
    Class {
        name: "4.11 a tie joins notes of one name; enharmonic ones are two pitches",
        holds: |tune, _| {
            let enharmonic = |tied: Pitch, next: Pitch| tied.midi() == next.midi();
            tune.voices.iter().any(|voice| ties_to(&voice.bars, enharmonic))
        },
        cap: 0,
        tune: "L:1/4\nK:Bb\n^D-|E|",
        notes: "D#4:1/4 Eb4",
    },
    Class {
        name: "4.13 (5 (7 (9 in simple triple time are in the time of two",
        holds: |tune, _| {
            bars(tune).any(|bar| {
                matches!(bar.context.meter, Meter::Measured { numerator: 3, .. })
                    && bar.items.iter().any(|item| matches!(item.symbol, Symbol::Tuplet { q: None, .. }))
            })
        },
        cap: 4,
        tune: "M:3/4\nL:1/4\nK:C\n(5CDEFG|",
        notes: "C4:1/10 D4 E4 F4 G4",
    },
    Class {
        name: "4.14 a decoration of a bar line leaves it a bar line",
        holds: |_, text| text.contains("H[|]"),
        cap: 10,
        tune: "L:1/4\nK:C\n|:C|D H[|]:|",
        notes: "C4:1/4 D4 C4 D4",
    },
    Class {
        name: "4.14 what ! and ! enclose is no decoration when it holds blanks or bar lines",
        holds: |_, text| {
            // What stands behind the last mark is enclosed by none.
            let enclosed = |line: &str| {
                let pieces: Vec<&str> = line.split('!').collect();
                pieces[..pieces.len() - 1].iter().skip(1).step_by(2).any(|piece| piece.contains([' ', '|']))
            };
            music(text).any(enclosed)
        },
        cap: 2,
        tune: "L:1/4\nK:C\nC!D E!F|",
        notes: "C4:1/4 D4 E4 F4",
    },
    Class {
        name: "4.17 a chord of unequal notes lasts as long as its first note",
        holds: |tune, _| bars(tune).any(has_unequal_chord),
        cap: 4,
        tune: "L:1/4\nK:C\n[C2E]F|",
        notes: "C4:1/2 @0 E4:1/4 @1/2 F4",
    },
    Class {
        name: "4.17 a [ before a text that no ] closes before the bar line is no chord",
        holds: |_, text| {
            let open = |rest: &str| rest.split('|').next().is_some_and(|bar| !bar.contains(']'));
            text.lines().any(|line| line.split("[\"").skip(1).any(open))
        },
        cap: 2,
        tune: "L:1/4\nK:C\nC|[\"1\"D2 E2|F|]",
        notes: "C4:1/4 D4:1/2 E4 F4:1/4",
    },
    Class {
        name: "7 a voice's name goes on after _",
        holds: |tune, _| {
            let mut stems: Vec<&str> =
                tune.voices.iter().filter_map(|voice| Some(voice.id.split_once('_')?.0)).collect();
            let voices = stems.len();
            stems.sort_unstable();
            stems.dedup();
            stems.len() < voices
        },
        cap: 1,
        tune: "L:1/4\nK:C\n[V:hand_left]C|\n[V:hand_right]E|",
        notes: "C4+E4:1/4",
    },
    Class {
        name: "11.3 an accidental of a grace note holds in its bar",
        holds: |tune, _| bars(tune).any(altered_by_grace),
        cap: 3,
        tune: "L:1/4\nK:C\n{^f}gf|",
        notes: "G5:1/4 F#5",
    },
];

/// The lines that are no fields.
fn music(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.as_bytes().get(1) != Some(&b':') && !line.starts_with('%'))
}

fn bars(tune: &Tune) -> impl Iterator<Item = &Bar> {
    tune.voices.iter().flat_map(|voice| &voice.bars)
}
