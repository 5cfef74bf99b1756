//! Reading whole texts: bars, voices, state, comments, messages.

use proptest::prelude::*;

use super::ast::Bar;
use super::key::Key;
use super::parse::{parse, read_bar};
use super::{Meter, Pitch, Severity, Step};
use crate::score;
use crate::time::Beats;

/// The written text of each bar of each voice, `voice: bar / bar`.
fn check_bars(text: &str, expect: &str) {
    let (book, _) = parse(text);
    let shown: Vec<String> = book.tunes[0]
        .voices
        .iter()
        .map(|voice| {
            let written = |bar: &Bar| text[bar.span.start..bar.span.end].replace('\n', "~");
            format!("{}: {}", voice.id, voice.bars.iter().map(written).collect::<Vec<_>>().join(" / "))
        })
        .collect();
    assert_eq!(shown.join("; "), expect, "{text}");
}

/// The sounding MIDI pitches and the length in whole notes of every bar.
fn check_music(body: &str, expect: &str) {
    let text = format!("X:1\nM:4/4\nL:1/8\nK:C\n{body}\n");
    let (book, _) = parse(&text);
    let mut carry = score::Carry::default();
    let shown: Vec<String> = book.tunes[0].voices[0]
        .bars
        .iter()
        .map(|bar| {
            let (measure, _) = score::measure(bar, &mut carry);
            let notes: Vec<String> = measure
                .notes
                .iter()
                .map(|n| format!("{}:{}", n.pitch.midi(), n.length.ratio(Beats::new(1, 8))))
                .collect();
            notes.join(" ")
        })
        .collect();
    assert_eq!(shown.join(" | "), expect, "{body}");
}

fn check_messages(text: &str, expect: &[&str]) {
    let (_, diagnostics) = parse(text);
    let shown: Vec<String> = diagnostics.iter().map(|d| d.display("x", text)).collect();
    assert_eq!(shown, expect, "{text}");
}

#[test]
fn bar_lines_make_bars() {
    check_bars("X:1\nK:C\n|:C2 D2|[1E4:|[2F4|]\n", "1: C2 D2 / E4 / F4");
    check_bars("X:1\nK:C\nC||\n|: D :|\n| [CEG] [|] [K:G] c\n", "1: C / D / [CEG] / [K:G] c");
    check_bars("X:1\nK:C\nZ3|C\n", "1: Z3 / Z3 / Z3 / C");
    check_bars("X:1\nK:C\n\"Dm\"|\"C\"|D|\"D.C.\"|E|\n", "1: \"Dm\" / \"C\" / D / \"D.C.\"|E");
    check_bars("X:1\nK:C\n\"Dm\"|:D|\n", "1: \"Dm\"|:D");
    check_bars("X:1\nK:C\nAB\\\ncd|e % f|\n`g`a|", "1: AB\\~cd / e % f|~`g`a");
    check_bars("X:1\nK:C\nC|\nd:|\n", "1: C / d");
}

#[test]
fn voices_interleaved_or_in_blocks() {
    let expect = "1: C / D; 2: E / F";
    check_bars("X:1\nK:C\n[V:1]C|[V:2]E|\n[V:1]D|[V:2]F|\n", expect);
    check_bars("X:1\nK:C\nV:1\nC|D|\nV:2\nE|F|\n", expect);
    check_bars("X:1\nV:1\nV:2\nK:C\nV:2\nE|F|\nV:1\nC|D|\n", expect);
    check_bars("X:1\nV:1 clef=treble\nV:2\nK:C\nC|D|\nV:2\nE|F|\n", expect);
}

#[test]
fn state_is_the_voices_own() {
    let text = "X:1\nM:4/4\nL:1/8\nK:C\n[V:1]F|[K:D][L:1/4][M:3/4]F|\n[V:2]F|\n[V:1]F|\n";
    let (book, _) = parse(text);
    let tune = &book.tunes[0];
    let shown = |voice: &str, at: usize| {
        let context = tune.voice(voice).expect("a voice").bars[at].context;
        format!("{} {} {}", context.key, context.unit, context.meter)
    };
    assert_eq!(shown("1", 0), "C 1/8 4/4");
    assert_eq!(shown("1", 1), "D 1/4 3/4");
    assert_eq!(shown("2", 0), "C 1/8 4/4");
    assert_eq!(shown("1", 2), "D 1/4 3/4");
}

#[test]
fn pitches_and_lengths() {
    check_music("C,C c c' C,'", "48:1 60:1 72:1 84:1 60:1");
    check_music("A3/2A/A//A/4A3/A2", "69:3/2 69:1/2 69:1/4 69:1/4 69:3/2 69:2");
    check_music("^C c C, | c =c", "61:1 73:1 49:1 | 72:1 72:1");
    check_music("{^f}f F|f", "78:1 66:1 | 77:1");
    check_music("[^CE]c", "61:1 64:1 73:1");
    check_music("A>B c<<d e>>>f", "69:3/2 71:1/2 72:1/4 74:7/4 76:15/8 77:1/8");
    check_music("A{g}<A A2>B", "69:1/2 69:3/2 69:3 71:1/2");
    check_music("(3ABc (3:2:2G4c2 (5ABcde", "69:2/3 71:2/3 72:2/3 67:8/3 72:4/3 69:2/5 71:2/5 72:2/5 74:2/5 76:2/5");
    check_music("[M:6/8](5ABcde", "69:3/5 71:3/5 72:3/5 74:3/5 76:3/5");
    check_music("[C2E2]3 [C2E4]", "60:6 64:6 60:2 64:4");
    check_music("C2D2&E4|F", "60:2 64:4 62:2 | 65:1");
    check_music("[K:C transpose=2]C|[K:C octave=-1]C|C", "62:1 | 50:1 | 50:1");
    check_music("^c-|c c", "73:1 | 73:1 72:1");
}

#[test]
fn sounding_octaves_and_drums() {
    let first = |text: &str| {
        let (book, _) = parse(text);
        let notes = crate::notes::notes(&book.tunes[0]);
        notes.iter().map(|note| note.pitch.midi()).collect::<Vec<_>>()
    };
    assert_eq!(first("X:1\nK:C treble-8\nC|\n"), [48]);
    assert_eq!(first("X:1\nK:C clef=bass\nC|\n"), [60]);
    assert_eq!(first("X:1\nV:a octave=-1\nV:b\nK:D\n[V:a]F|\n[V:b]F|\n"), [54, 66]);
    assert_eq!(first("X:1\nV:a transpose=-2\nK:C\n[V:a]F_B|\n"), [63, 68]);
    assert_eq!(first("X:1\nV:kit clef=perc\nK:D\n[V:kit]C,,F,,|[K:E]F,,|\n"), [36, 41, 41]);
}

#[test]
fn reach_of_accidentals() {
    let pitches = |directive: &str| {
        let (book, _) = parse(&format!("X:1\n{directive}\nK:C\n^C C c|C|\n"));
        let notes = crate::notes::notes(&book.tunes[0]);
        notes.iter().map(|note| note.pitch.midi()).collect::<Vec<_>>()
    };
    assert_eq!(pitches("%%propagate-accidentals pitch"), [61, 61, 73, 60]);
    assert_eq!(pitches("I:propagate-accidentals octave"), [61, 61, 72, 60]);
    assert_eq!(pitches("%%propagate-accidentals not"), [61, 60, 72, 60]);
}

#[test]
fn dynamics_and_accents() {
    let (book, _) = parse("X:1\nK:C\nC!p!C!>!CC|C!ff!C|\n");
    let velocities: Vec<u8> = crate::notes::notes(&book.tunes[0]).iter().map(|note| note.velocity).collect();
    assert_eq!(velocities, [90, 60, 76, 60, 60, 120]);
}

#[test]
fn comments_and_marks_know_their_bar() {
    let text = "X:1\n% slow air\nT:A % title\nK:C\nC|D|\n% wake up\nP:B\n%%phrase 8\n[V:2]C|\n%- note\n";
    let (book, diagnostics) = parse(text);
    assert_eq!(diagnostics, []);
    let tune = &book.tunes[0];
    let shown: Vec<_> = tune.comments.iter().map(|c| (c.text.as_str(), c.whole_line, c.after_bars)).collect();
    assert_eq!(
        shown,
        [(" slow air", true, None), (" title", false, None), (" wake up", true, Some(2)), ("- note", true, Some(2))]
    );
    assert_eq!((tune.parts[0].name.as_str(), tune.parts[0].after_bars), ("B", 2));
    assert_eq!((tune.directives[0].text.as_str(), tune.directives[0].after_bars), ("phrase 8", Some(2)));
    assert_eq!(tune.header.titles, ["A"]);
}

#[test]
fn voices_keep_their_properties() {
    let text = "X:1\nV:lead by=model gate=50% name=\"A b\" mute\nK:C\n[V:lead]C|\n";
    let (book, _) = parse(text);
    let voice = &book.tunes[0].header.voices[0];
    let get = |name| voice.get(name);
    assert_eq!(
        (get("by"), get("gate"), get("name"), get("mute"), get("pan")),
        (Some("model"), Some("50%"), Some("A b"), Some(""), None)
    );
    let span = voice.properties[1].span;
    assert_eq!(&text[span.start..span.end], "gate=50%");
}

#[test]
fn tunes_and_what_is_between_them() {
    let (book, diagnostics) = parse("a book\n\nX:1\nK:C\nC|\n\nfree text\n\nX:2\nK:D\nD|\nX:3\nK:E\n");
    assert_eq!(diagnostics, []);
    assert_eq!(book.tunes.iter().map(|tune| tune.number).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    let (book, _) = parse("L:1/4\nM:3/4\n\nX:1\nK:C\nC|\n");
    assert_eq!(book.tunes[0].header.unit, Beats::new(1, 4));
    assert_eq!(book.tunes[0].header.meter().to_string(), "3/4");
}

/// The hint of a text's first diagnostic.
#[test]
fn hints() {
    for (text, help) in [
        ("X:1\nT Title\nK:C\n", "did you mean 'T:Title'?"),
        ("X:1\nM:4\nK:C\n", "did you mean '4/4'?"),
        ("X:1\nL:8\nK:C\n", "did you mean '1/8'?"),
        ("X:1\nQ:fast\nK:C\n", "words stand in quotes: \"fast\""),
        ("X:1\nP:(A(B\nK:C\n", "did you mean '(A(B))'?"),
        ("X:1\nK:d dorian\n", "did you mean 'D dorian'?"),
        ("X:1\nK:Drian\n", "the modes are maj, min, dor, phr, lyd, mix and loc"),
        ("X:1\nK:D drian\n", "did you mean 'dorian'?"),
        ("X:1\nK:Bbmjor\n", "did you mean 'major'?"),
        ("X:1\nK:C\n[K:G c8|\n", "did you mean '[K:G]'?"),
        ("X:1\nK:C\n[V:1 CD|E|]\n", "did you mean '[V:1]'?"),
        ("X:1\nK:C\n[CEG CD|E|]\n", "did you mean '[CEG]'?"),
        ("X:1\nK:C\n{fg A [CE]|\n", "did you mean '{fg}'?"),
        ("X:1\nK:C\n!trill C|\n", "did you mean '!trill!'?"),
        ("X:1\nK:C\nC♯|\n", "a sharp is ^ before its note"),
        ("X:1\nK:C\n“Am”C|\n", "quoted text stands between straight quotes, \""),
        ("X:1\nK:C\n^^^C|\n", "there are ^ ^^ = _ and __"),
    ] {
        let (_, said) = parse(text);
        assert_eq!(said.first().and_then(|said| said.help.as_deref()), Some(help), "{text}");
    }
    for right in ["[M:C|]", "[M: C| ]", "[V:1 name=\"a|b\"]", "[r:a|b]", "[C E G]", "{f g}", "!", "!fine|", "!tri"] {
        let (_, said) = parse(&format!("X:1\nK:C\n{right}C|\n"));
        assert!(said.iter().all(|said| said.severity == Severity::Warning), "{right}: {said:?}");
    }
}

/// What is left open ends at the next bar at the latest.
#[test]
fn what_follows_a_mistake_is_read() {
    for open in ["[K:G", "[CE", "{CE", "\"Am", "[V:1", "^", "(99", "!trill"] {
        let (book, said) = parse(&format!("X:1\nL:1/8\nK:C\nC|D {open} E|F|\n"));
        assert_eq!(book.tunes[0].voices[0].bars.len(), 3, "{open}: {said:?}");
        // Nothing else is lost, even of the bar itself.
        let steps: Vec<Step> = crate::notes::notes(&book.tunes[0]).iter().map(|note| note.pitch.step).collect();
        assert!(steps.starts_with(&[Step::C, Step::D]) && steps.ends_with(&[Step::E, Step::F]), "{open}: {steps:?}");
    }
}

#[test]
fn messages() {
    check_messages("T:x\nK:C\nC|\n", &["x:1:1: warning: a tune begins with X: (put X:1 before this line)"]);
    check_messages("X:1\nK:C\nC ? D|\n", &["x:3:3: warning: '?' has no meaning here"]);
    check_messages("X:1\nK:C\n\"Dm C|D|\n", &["x:3:1: error: the quote is not closed (did you mean '\"Dm\"'?)"]);
    check_messages("X:1\nK:C\n[CE G|D|\n", &["x:3:1: error: the chord's ']' is missing (did you mean '[CE]'?)"]);
    check_messages(
        "X:1\nK:C\na3//4 b/2/|\n",
        &[
            "x:3:2: error: '3//4' is not a note length (lengths are such as 2, 3/2, / or /4)",
            "x:3:8: error: '/2/' is not a note length (lengths are such as 2, 3/2, / or /4)",
        ],
    );
    check_messages(
        "X:1\nM:x\nK:Q\nC|\n",
        &[
            "x:2:3: error: 'x' is not a metre (as in 6/8, C, C| or none; the number below is a power of two up to 64)",
            "x:3:3: error: 'Q' is not a key (a key is a note from A to G and a mode, as in D, Bbm or Ddor)",
        ],
    );
    check_messages(
        "X:1\nK:C\nC|\n\nD|E|\n",
        &[
            "x:5:1: warning: this music belongs to no tune (an empty line ends a tune: remove the one above, or begin another \
           tune with X: and K:)",
        ],
    );
}

#[test]
fn absurd_texts_are_read_in_good_time() {
    let many = |piece: &str| piece.repeat(200_000 / piece.len());
    let music = [
        "[",
        "{",
        "(3",
        "\"",
        "[C9999/7]9999",
        "(9A/1024",
        "A>>>",
        "Z999|",
        "A:|2",
        "|::::::A::::::|",
        "!",
        "&",
        "A|&&",
        "A\ns:u|*\n",
        "A|\ns:|\n",
        "~",
        "[V:a][V:b]",
        "C9999",
        "[1A:|",
        "A-",
        "^",
        "::",
    ];
    for piece in music {
        let long = "A".repeat(200);
        let text = format!("X:1\nL:4\nP:A9\nm:~={long}\nK:C\nP:A\n{}", many(piece));
        let (book, _) = parse(&text);
        let _ = crate::notes::notes(&book.tunes[0]);
        let _ = crate::check::check(&text);
    }
    let header = [many("T:x\n"), many("%%a\n"), many("X:1\n")].concat();
    let _ = crate::check::check(&header);
    for piece in ["T:x\n", "m:~1=a\n", "X:1\n", "K:C\n", "%%a\n", "A|\n", "\n", "V:1\n", "Q:C65535 C65535=999999.999\n"]
    {
        let _ = crate::check::check(&many(piece));
    }
    let voices: String = (0..20_000).flat_map(|at| ["[V:".to_owned(), at.to_string(), "]C|".to_owned()]).collect();
    assert_eq!(parse(&format!("X:1\nK:C\n{voices}")).0.tunes[0].voices.len(), 128);
}

#[test]
fn a_bar_alone() {
    let sharp = Pitch { step: Step::C, alter: 1, octave: 5 };
    let (measure, diagnostics) = read_bar("c4 c4|", &Key::NONE, Meter::COMMON, Beats::new(1, 8), &[sharp]);
    assert_eq!(diagnostics, []);
    let shown: Vec<_> = measure.notes.iter().map(|note| (note.pitch.midi(), note.tied_from)).collect();
    assert_eq!(shown, [(73, true), (72, false)]);
    let (_, diagnostics) = read_bar("c4|c4", &Key::NONE, Meter::COMMON, Beats::new(1, 8), &[]);
    assert_eq!(diagnostics.len(), 1);
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let _ = crate::check::check(&format!("X:1\nK:C\n{text}"));
        let _ = crate::check::check(&text);
    }

    #[test]
    fn any_music_is_read_and_played(text in "[A-GzZ0-9/|:\\[\\]()<>{}^_=,' \"&!.\nKLMPQV~ns*u+-]{0,80}") {
        let text = format!("X:1\nP:A2B\nm:~n2={{o}}n{{m}}n\nK:C\n{text}");
        let (book, _) = parse(&text);
        for tune in &book.tunes {
            let _ = crate::notes::notes(tune);
        }
        let _ = crate::check::check(&text);
    }
}
