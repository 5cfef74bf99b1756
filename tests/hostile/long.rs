//! Long texts: time and memory grow as the text does, however it is made.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use barline::abc::interval::Interval;
use barline::abc::parse::parse;
use barline::abc::report::display;
use barline::abc::transpose::transposed;
use barline::abc::write::write;
use barline::check::check;
use barline::notes::with_accompaniment;
use barline::prompt;
use barline::score::Ornaments;

/// Bytes of a long text; the short one has a quarter.
const LONG: usize = 1_000_000;
/// A text of four times the length may take so many times longer; by the square it would be sixteen. More than four is
/// memory that is fresh from the system for the long text only.
const MOST_TIMES: f64 = 12.0;
/// What is over this quickly is not compared.
const NO_TIME: Duration = Duration::from_millis(150);
/// Bytes of memory for each byte of text, and to begin with. A symbol of one byte is a note with its times, twice over.
const MEMORY: (usize, usize) = (600, 64_000_000);

/// Something that is done with a text.
type Reader<'a> = &'a dyn Fn(&str);

/// Counts what this thread holds.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(bytes: isize) {
    HELD.with(|held| {
        let (now, most) = held.get();
        held.set((now + bytes, most.max(now + bytes)));
    });
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's own promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How long a reader took and the most memory that it held meanwhile.
fn cost(work: impl Fn()) -> (Duration, usize) {
    let before = HELD.with(|held| {
        let (now, _) = held.get();
        held.set((now, now));
        now
    });
    let started = Instant::now();
    work();
    let took = started.elapsed();
    let most = HELD.with(|held| held.get().1);
    (took, (most - before) as usize)
}

/// `text` makes a text of about so many bytes. `wrong` is a part of the diagnostic that must come, where one must.
fn check_text(name: &str, text: &dyn Fn(usize) -> String, wrong: &str) {
    let (short, long) = (text(LONG / 4), text(LONG));
    let readers: [(&str, Reader<'_>); 5] = [
        ("parse", &|text| drop(parse(text))),
        ("notes", &|text| {
            parse(text).0.tunes.iter().for_each(|tune| drop(with_accompaniment(tune, Ornaments::Played)));
        }),
        ("check", &|text| {
            let diagnostics = check(text);
            display(&diagnostics, "x", text).for_each(drop);
        }),
        ("write", &|text| {
            for tune in parse(text).0.tunes {
                let moved = transposed(&tune, Interval::of_semitones(2));
                drop(write(moved.as_ref().unwrap_or(&tune), text));
            }
        }),
        ("prompt", &|text| drop(prompt::read(Path::new("x.abc"), text, &[], &barline::steer::Lexicon::default()))),
    ];
    for (reader, read) in readers {
        // Something else may run meanwhile, so that slowness counts only when it comes again.
        let mut again = 0;
        let times = loop {
            let (little, _) = cost(|| read(&short));
            let (much, memory) = cost(|| read(&long));
            let most = MEMORY.0 * long.len() + MEMORY.1;
            assert!(memory <= most, "{name}: {reader} holds {memory} bytes for a text of {}", long.len());
            let times = much.as_secs_f64() / little.as_secs_f64();
            if much <= NO_TIME || times <= MOST_TIMES || again == 3 {
                println!("{name}: {reader} {much:?}, {times:.1} times, {} bytes a byte", memory / long.len());
                break if much <= NO_TIME { 1.0 } else { times };
            }
            again += 1;
        };
        assert!(times <= MOST_TIMES, "{name}: {reader} takes {times:.1} times as long for four times the text");
    }
    if !wrong.is_empty() {
        let said = check(&long);
        assert!(said.iter().any(|d| d.message.contains(wrong)), "{name}: said {:?}", said.first());
    }
}

/// A piece over and over behind a tune's header.
fn repeated(name: &str, piece: &str, wrong: &str) {
    check_text(name, &|size| format!("X:1\nM:4/4\nL:1/8\nK:C\n{}\n", piece.repeat(size / piece.len())), wrong);
}

#[test]
fn long_lines() {
    for (piece, wrong) in [
        ("A", "too long"),
        ("A/1024", "too long"),
        ("A-", "too long"),
        ("^A", "too long"),
        ("|", ""),
        ("A|", "too short"),
        ("::", ""),
        ("!", ""),
        ("\"", ""),
        ("\"Am\"|", ""),
        ("\"^x\"|", ""),
        ("(", ""),
        ("(A", "too long"),
        ("[", "missing"),
        ("{", "missing"),
        ("]", "no meaning"),
        ("}", "no meaning"),
        ("(3", ""),
        ("[CE", "missing"),
        ("A&", "layers"),
        ("A-&", "layers"),
        ("( - ", "a tie needs a note"),
        ("[K:G][M:3/4]", ""),
        ("[V:a][V:b x=1]", ""),
        ("A-|B|C-|C|", "too short"),
        ("?", "no meaning"),
        ("the quick brown fox ", "no decoration"),
        ("Z999 ", "bars of rest"),
        ("Z999999999 ", "a rest lasts"),
        ("|:::::::::::::::::::A", "repeated at most"),
        ("[1A:|", ""),
        ("[2A|", ""),
        ("[1-31A:|", ""),
        ("A|&&", ""),
        ("&", ""),
        ("[V:a]A|[V:b]B|", "too short"),
        ("[V:a]A[V:b]B", "too long"),
        ("[r:x]A", "too long"),
        ("[I:x]", ""),
        ("[U:T=!trill!]T", ""),
        ("[m:~=A][m:~=B]~", ""),
        ("[P:A]A", "too short"),
        ("[Q:1/4=120]A", "too long"),
        (".A", "too long"),
        ("A>", "too long"),
        ("A><", "one mark"),
        ("-", "a tie needs a note"),
        ("'", "no meaning"),
        ("^", "an accidental needs"),
        ("^A_B=c__d^^e", "too long"),
        ("{A}", ""),
        ("{^A}A", "too long"),
        ("[A]/1024", "too long"),
        ("(16:1:1A", "too long"),
        ("A/1009A/1013A/1019A/1021A/997A/991", "rounded"),
        ("Z||", ""),
        ("Z2|", ""),
        ("\"Am\"||", ""),
        ("A-|A-|", "too short"),
        ("[1,2,3,4,5A|", ""),
        ("|1-31A", ""),
        ("||A|:", ""),
        ("[CEG]2-[CEG]2|", "too short"),
        ("\u{e9}", "no meaning"),
    ] {
        repeated(piece, piece, wrong);
    }
}

#[test]
fn graces_and_ornaments() {
    for piece in ["{a}A", "{abcdefgabc}.~A", "TA-", "M[CE]", "!staccato!", "!<(!(A!<)!B)"] {
        repeated(piece, piece, "");
    }
}

#[test]
fn many_lines() {
    for (piece, wrong) in [
        ("%%x\n", ""),
        ("% x\n", ""),
        ("w:x\n", ""),
        ("A|\ns:!p!\n", ""),
        ("P:A\nA|\n", ""),
        ("Q:1/4=120\nA|\n", ""),
        ("I:propagate-accidentals not\n^A\n", ""),
        ("%%MIDI beat 90 80 65 1\nA|\n", ""),
        ("%%MIDI gchord fc\nM:3/4\n\"C\"A|\n", ""),
        ("%%MIDI drum dz 36\n%%MIDI drumon\nA|\n", ""),
        ("V:1 a=1\n", ""),
        ("V:1 octave=1\nV:1 octave=0\n", ""),
        ("w:x\n+:y\n", ""),
        ("A|\ns:!p!\n+:!f!\n", ""),
        ("s:!p!\n", ""),
        ("U:T=!trill!\nTA|\n", ""),
        ("m:~n2=n/o/\n~A2|\n", ""),
        ("V:a\nA|\nV:b\nB|\n", "too short"),
        ("K:G\nA|\n", ""),
        ("K:bass\nK:treble-8\nA|\n", ""),
        ("[1A:|\n", ""),
        ("1A:|\n", ""),
        ("A|%x\n", ""),
        ("%%MIDI program 1\n", ""),
        ("%%begintext\nA\n%%endtext\n", ""),
        ("%%begintext\n", ""),
        ("x:\n", ""),
        ("\nA|\n", "belongs to no tune"),
        ("\nT:x\n", ""),
        ("\nK:C\nA\n", "begins with X:"),
        ("\nX:1\nK:C\nA\n", ""),
        ("\nX:1\nV:1\nV:2\nK:C\n", ""),
        ("\nX:1\n", "no K: field"),
        ("\nX:1\nK:C\n", ""),
        ("\nX:1\nK:C\nZ999\n", "bars of rest"),
        ("\nX:1\nQ:x\nK:C\n", "not a tempo"),
    ] {
        repeated(piece.trim(), piece, wrong);
    }
    let header = |line: &'static str| move |size: usize| format!("X:1\n{}K:C\nA|\n", line.repeat(size / line.len()));
    for line in ["T:x\n", "V:1 a=1\n", "U:T=!trill!\n", "%%x\n", "no field\n"] {
        check_text(line.trim(), &header(line), if line == "no field\n" { "is no field" } else { "" });
    }
}

#[test]
fn long_fields() {
    for (begin, piece) in [
        ("T:", "x"),
        ("T:", "\u{e9} "),
        ("X:", "9"),
        ("M:", "1+"),
        ("M:", " "),
        ("L:", "1"),
        ("Q:", "1/4 "),
        ("Q:", "\"x\""),
        ("P:", "A"),
        ("P:", "A2"),
        ("P:", "(A)"),
        ("V:", "x"),
        ("V:1 ", "name=x "),
        ("K:C ", "^f"),
        ("K:C ", "^f "),
        ("K:", "x"),
        ("K:", "clef=bass "),
        ("U:T=", "!"),
        ("m:a=", "n"),
        ("I:", "x "),
        ("%%MIDI program ", "1 "),
        ("%%MIDI gchord ", "f"),
        ("w:", "x "),
        ("+:", "x"),
        ("%", "x"),
    ] {
        let field = |size: usize| format!("{begin}{}", piece.repeat(size / piece.len()));
        let header = |size: usize| format!("X:1\n{}\nK:C\nA|\n", field(size));
        check_text(&format!("long {begin} {piece}"), &header, "");
        let body = |size: usize| format!("X:1\nK:C\nA|\n{}\nA|\n", field(size));
        check_text(&format!("long {begin} {piece} in the body"), &body, "");
    }
    for (begin, piece) in [
        ("s:", "!p!"),
        ("s:", "*"),
        ("s:", "|"),
        ("s:", "\""),
        ("s:", "A"),
        ("A", "9"),
        ("A", "/"),
        ("A", "'"),
        ("", "^"),
    ] {
        let line = |size: usize| format!("X:1\nK:C\nABc|\n{begin}{}\nA|\n", piece.repeat(size / piece.len()));
        check_text(&format!("long {begin} {piece}"), &line, "");
    }
}

#[test]
fn many_of_everything() {
    let voices = |size: usize| {
        let voices = (0..size / 100).map(|at| format!("[V:{at}]C|")).collect::<Vec<_>>().concat();
        format!("X:1\nK:C\n{voices}\n{}\n", "[V:3]CDEF|".repeat(size / 12))
    };
    check_text("10,000 voices", &voices, "more than 128 voices");
    let changes = |size: usize| {
        let voices = (0..100).map(|at| format!("V:{at}\n")).collect::<Vec<_>>().concat();
        format!("X:1\n{voices}K:C\n{}A|\n", "Q:1/4=120\nK:G\nM:3/4\n".repeat(size / 22))
    };
    check_text("changes for all voices", &changes, "");
    let letters = |size: usize| {
        let drum = format!("{}{}", "d".repeat(96), " 36".repeat(96));
        let directives = format!("%%MIDI gchord {}\n%%MIDI drum {drum}\n%%MIDI drumon\n", "b".repeat(96));
        format!("X:1\nM:1/8\nL:1/8\n{directives}K:C\n\"C\"A|\n%%MIDI drumoff\n{}\n", "A|".repeat(size / 2))
    };
    check_text("accompaniment of many letters", &letters, "");
    let properties = |size: usize| {
        let properties = (0..size / 9).map(|at| format!("p{at}=1 ")).collect::<Vec<_>>().concat();
        format!("X:1\nV:1 {properties}\nK:C\nA|\n")
    };
    check_text("properties of a voice", &properties, "too many properties");
    let long_property =
        |size: usize| format!("X:1\nV:1 name=\"{}\"\nK:C\n{}", "x".repeat(size / 2), "[V:1]A|".repeat(size / 14));
    check_text("a long property", &long_property, "");
    let settings = |size: usize| {
        let voices = (0..128).map(|at| format!("V:{at}\n")).collect::<Vec<_>>().concat();
        format!("X:1\n{voices}K:C\n{}", "%%MIDI program 1\nA|\n".repeat(size / 20))
    };
    check_text("settings of many voices", &settings, "");
    for (name, definition, calls) in [
        ("macros", format!("m:~a={}\n", "a".repeat(190)), "~a"),
        ("macros of a note", format!("m:~n={}\n", "n".repeat(190)), "~a"),
        ("letters", format!("U:T=\"^{}\"\n", "x".repeat(180)), "TA"),
    ] {
        let called = |size: usize| format!("X:1\n{definition}K:C\n{}\n", calls.repeat(size / calls.len()));
        check_text(&format!("calls of long {name}"), &called, "");
        let tune = format!("X:1\nK:C\n{calls}\n\n");
        let tunes = |size: usize| format!("{definition}\n{}", tune.repeat(size / tune.len()));
        check_text(&format!("tunes that call long {name}"), &tunes, "");
    }
    let targets = |size: usize| {
        let targets = (0..200).map(|at| format!("m:~{at}n=n\n")).collect::<Vec<_>>().concat();
        format!("X:1\n{targets}K:C\n{}\n", "~".repeat(size))
    };
    check_text("many macros", &targets, "");
    for line in ["C:x\n", "%%x\n", "m:~n2=n/o/\n", "%%MIDI program 1\n"] {
        let file_header =
            |size: usize| format!("{}\n{}", line.repeat(size / 2 / line.len()), "X:1\nK:C\n\n".repeat(size / 18));
        check_text(&format!("{} before many tunes", line.trim()), &file_header, "passed over");
    }
    let parts = |size: usize| format!("X:1\nP:(((A9)9)9)\nK:C\nP:A\n{}\nP:B\n", "[2A|".repeat(size / 4));
    check_text("parts that never sound", &parts, "");
    let nest = |size: usize| format!("X:1\nP:((((A99)99)99)99)99\nK:C\nP:A\n{}\n", "A|".repeat(size / 2));
    check_text("parts without end", &nest, "more than 1000 parts");
    let names: String = (0..900).filter_map(|at| char::from_u32(0x4E00 + at)).collect();
    let marks = |size: usize| format!("X:1\nP:{names}\nK:C\n{}", "P:A\nA|\n".repeat(size / 7));
    check_text("parts that are not there", &marks, "");
    let tied = |size: usize| {
        let (chord, rests) = (format!("[{}]-|", "CDEFGABcdefgab".repeat(size / 28)), "&z".repeat(size / 4));
        format!("X:1\nK:C\n{chord}{rests}|\n")
    };
    check_text("ties into many layers", &tied, "at most 32 notes");
    let different = |size: usize| format!("X:1\nK:C\n[{}]-[{}]|\n", "C".repeat(size / 2), "D".repeat(size / 2));
    check_text("chords without end", &different, "at most 32 notes");
    let symbols = |size: usize| format!("X:1\nL:1/512\nM:4/4\nK:C\n{}|\n", "\"C\"A/1024".repeat(size / 9));
    check_text("chord symbols on the shortest notes", &symbols, "");
    let bars_played = |size: usize| format!("X:1\nP:A900\nK:C\nP:A\n|:::::{}:::::|\n", "C9999".repeat(size / 5));
    check_text("all of it over and over", &bars_played, "");
}

#[test]
fn music_of_all_sections() {
    let shared = |size: usize| {
        let sections: String = ('A'..='Z').flat_map(|letter| ['P', ':', letter, '\n']).collect();
        format!("X:1\nM:1/8\nL:1/8\nK:C\nV:1\nV:2 by=chords\n{}\n{sections}", "[V:1]\"C\"A|% low\n".repeat(size / 20))
    };
    check_text("music at the top of many sections", &shared, "");
}

#[test]
fn deep_brackets() {
    for (open, close) in [("[", "]"), ("{", "}"), ("(", ")"), ("\"", "\""), ("!", "!"), ("[V:1", "]")] {
        let nested = |size: usize| {
            let depth = size / (open.len() + close.len());
            format!("X:1\nK:C\n{}A{}|\n", open.repeat(depth), close.repeat(depth))
        };
        check_text(&format!("nested {open}"), &nested, "");
    }
    let counts = |size: usize| format!("X:1\nP:{}A{}\nK:C\nP:A\nA|\n", "(".repeat(15), "9)".repeat(size / 2));
    check_text("nested counts", &counts, "more than 1000 parts");
    let order = |size: usize| format!("X:1\nP:{}A{}\nK:C\nP:A\nA|\n", "(".repeat(size / 2), ")".repeat(size / 2));
    check_text("nested parts", &order, "nests deeper");
}
