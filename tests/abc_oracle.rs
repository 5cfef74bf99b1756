//! The notes of a tune against those of abc2midi, which runs as a program of its own. Each tune under `tests/abc` holds
//! one class of trouble. Without abc2midi on the PATH the test says that it was skipped; `BARLINE_REQUIRE_ABC2MIDI=1` makes
//! that a failure.

#[path = "common/oracle.rs"]
mod oracle;

use std::collections::BTreeSet;
use std::path::Path;

use barline::abc::ast::{Bar, BarLineKind, Symbol, Tune, Voice};
use barline::abc::parse::parse;
use barline::abc::{Diagnostic, Meter, Severity};
use barline::notes::notes;
use oracle::{Heard, abc2midi, first_difference, same, skipped};

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
        let (ours, theirs) = (ours(&book.tunes[0]), abc2midi(&names(&book.tunes[0]), &text));
        if !same(&ours, &theirs) {
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

/// Where abc2midi and the standard part, told from the text alone. Each has its answer from ABC 2.1.
fn classes(tune: &Tune, text: &str, faulty: bool) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    if text.lines().any(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        found.insert("ending number at the start of a line (4.9): belongs to the bar line before");
    }
    if text.contains(":]") {
        found.insert(":] (4.8): any run of | [ ] : is a bar line");
    }
    if faulty {
        found.insert("text with errors: each program guesses");
    }
    let line_break = |line: &str| line.split('!').skip(1).step_by(2).any(|between| between.contains([' ', '|']));
    if text.lines().any(|line| line.as_bytes().get(1) != Some(&b':') && line_break(line)) {
        found.insert("! as a line break of older files (4.14): no decoration");
    }
    for voice in &tune.voices {
        repeat_classes(tune, voice, &mut found);
        for bar in &voice.bars {
            bar_classes(bar, &mut found);
        }
    }
    found
}

fn repeat_classes(tune: &Tune, voice: &Voice, found: &mut BTreeSet<&'static str>) {
    let (mut double_bar, mut unstarted, mut started, mut thick_start, mut last_ending) =
        (false, false, false, false, false);
    for (at, bar) in voice.bars.iter().enumerate() {
        let line = &bar.before;
        if at > 0 && line.is_section() && line.endings.is_empty() {
            if started && line.starts > 0 && line.ends == 0 {
                found.insert("|: that is never closed (4.8): played once");
            }
            if !started || line.starts > 0 {
                double_bar = line.starts == 0 && line.ends == 0;
                unstarted = line.starts == 0;
                last_ending = false;
                started = false;
                thick_start = false;
            }
            if tune.parts.iter().any(|mark| mark.after_bars == at) {
                (double_bar, unstarted) = (false, false);
            }
        }
        started |= line.starts > 0;
        thick_start |= line.starts > 0 && line.kind >= BarLineKind::Double;
        double_bar |= line.kind >= BarLineKind::Double && !line.endings.is_empty() && line.ends == 0;
        last_ending |= !line.endings.is_empty() && !line.endings.contains(1);
        if bar.after.ends > 0 {
            started = false;
            if double_bar {
                found.insert(":| without |: after a double bar (4.8): back to the double bar");
            }
            if unstarted && (tune.voices.len() > 1 || tune.header.order.is_some()) {
                found.insert(":| without |: in parts or voices (4.8): back to the last end of repeat");
            }
            if last_ending && voice.bars.get(at + 1).is_none_or(|next| next.before.endings.is_empty()) {
                found.insert(":| after the last ending (4.9): no further time");
            }
            if thick_start && bar.after.starts > 0 {
                found.insert("||: closed by :: (4.8): starts a repeat");
            }
        }
    }
}

fn bar_classes(bar: &Bar, found: &mut BTreeSet<&'static str>) {
    let mut tuplet = 0;
    let mut graces = Vec::new();
    // The last length in units, once broken rhythm changed it nothing that it equals.
    let mut last = None;
    let mut broken = false;
    for item in &bar.items {
        let length = match &item.symbol {
            Symbol::Note(note) => {
                if note.accidental.is_none() && graces.contains(&note.step) {
                    found.insert("accidental in a grace note (11.3): holds in the bar");
                }
                note.length
            }
            Symbol::Chord { notes, length, .. } => {
                if notes.iter().any(|note| note.length != notes[0].length) {
                    found.insert("chord of unequal notes (4.17): each its own, the first one's to the next");
                }
                notes[0].length * length
            }
            Symbol::Rest { length, .. } => *length,
            Symbol::Grace { notes, .. } => {
                graces.extend(notes.iter().filter(|note| note.accidental.is_some()).map(|note| note.step));
                continue;
            }
            &Symbol::Tuplet { q, r, .. } => {
                tuplet = r;
                if q.is_none() && triple(bar.context.meter) {
                    found.insert("(5 (7 (9 in simple triple time (4.13): in the time of two");
                }
                continue;
            }
            Symbol::Broken(_) => {
                broken = true;
                continue;
            }
            _ => continue,
        };
        let now = Some((length, tuplet > 0));
        if broken && last != now {
            found.insert("broken rhythm of unequal notes (4.4, undefined): both multiplied");
        }
        last = if broken { None } else { now };
        broken = false;
        tuplet = tuplet.saturating_sub(1);
    }
    if broken {
        found.insert("broken rhythm of unequal notes (4.4, undefined): both multiplied");
    }
}

fn faulty(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error || diagnostic.message.contains("no field")
}

fn triple(meter: Meter) -> bool {
    matches!(meter, Meter::Measured { numerator: 3, .. })
}

/// Over the corpora beside the project every tune outside the classes sounds the same. `BARLINE_CORPORA` names another
/// place for them, `BARLINE_LIST_DIFFERENCES=1` lists what differs.
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
    let (mut plain_total, mut total, mut wrong) = (0, 0, Vec::new());
    for directory in directories {
        let mut files: Vec<_> =
            std::fs::read_dir(&directory).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        let (mut equal, mut all, mut plain, mut plain_equal) = (0, 0, 0, 0);
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "abc")) {
            let bytes = std::fs::read(file).expect("a readable file");
            // Older files are Latin-1; what is not ASCII in them is no music.
            let text =
                String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
            let (book, diagnostics) = parse(&text);
            for tune in book.tunes {
                let inside = |d: &Diagnostic| (tune.span.start..tune.span.end).contains(&d.span.start);
                let classes = classes(
                    &tune,
                    &text[tune.span.start..tune.span.end],
                    diagnostics.iter().any(|d| faulty(d) && inside(d)),
                );
                all += 1;
                plain += usize::from(classes.is_empty());
                let written = &text[tune.span.start..tune.span.end];
                let (ours, theirs) = if staccato_is_its_own(&tune) {
                    (ours(&tune), abc2midi(&names(&tune), written))
                } else {
                    let plain = without_staccato(written);
                    (ours(&parse(&plain).0.tunes[0]), abc2midi(&names(&tune), &plain))
                };
                if same(&ours, &theirs) {
                    equal += 1;
                    plain_equal += usize::from(classes.is_empty());
                } else {
                    let number = tune.number.unwrap_or(0);
                    let difference = first_difference(&ours, &theirs);
                    let line = format!("{} X:{number} {classes:?}: {difference}", file.display());
                    if list {
                        println!("{line}");
                    }
                    if classes.is_empty() {
                        wrong.push(line);
                    }
                }
            }
        }
        println!("{}: {equal} of {all} tunes equal abc2midi's", directory.display());
        println!("  of {plain} outside the classes: {plain_equal}");
        plain_total += plain;
        total += all;
    }
    println!("outside the classes: {plain_total} of {total}");
    assert_eq!(wrong, Vec::<String>::new());
    assert!(plain_total * 100 >= total * 95, "the classes must not swallow the corpora");
}

/// Whether no staccato note has to do with a tie or with broken rhythm to a note that is none: abc2midi, which shortens the note
/// before, does neither then.
fn staccato_is_its_own(tune: &Tune) -> bool {
    tune.voices.iter().flat_map(|voice| &voice.bars).all(|bar| {
        let (mut staccato, mut last, mut broken) = (false, false, false);
        bar.items.iter().all(|item| match &item.symbol {
            Symbol::Decoration(name) => {
                staccato |= matches!(&**name, "staccato" | "wedge");
                true
            }
            Symbol::Broken(_) => {
                broken = true;
                !staccato
            }
            symbol if symbol.is_timed() => {
                let tied = match symbol {
                    Symbol::Note(note) => note.tie,
                    Symbol::Chord { notes, tie, .. } => *tie || notes.iter().any(|note| note.tie),
                    _ => false,
                };
                let own = !(staccato && tied || broken && staccato != last);
                (last, staccato, broken) = (staccato, false, false);
                own
            }
            _ => true,
        })
    })
}

/// The tune with its staccato notes as plain ones.
fn without_staccato(tune: &str) -> String {
    let is_music = |line: &str| line.as_bytes().get(1) != Some(&b':') || line.starts_with('|');
    let plain = |line: &str| {
        let line = line.replace("!staccato!", "").replace("!wedge!", "");
        let dots = line.char_indices().filter(|&(at, c)| c != '.' || line[at + 1..].starts_with(['|', '(', ')', '-']));
        dots.map(|(_, c)| c).collect()
    };
    let lines = tune.lines().map(|line| if is_music(line) { plain(line) } else { line.to_owned() } + "\n");
    lines.collect()
}

fn ours(tune: &Tune) -> Heard {
    let mut heard: Heard = notes(tune).iter().map(|note| (note.onset, note.length, note.pitch.midi())).collect();
    heard.sort_unstable();
    heard
}

/// The voices of a tune, in their order.
fn names(tune: &Tune) -> Vec<&str> {
    tune.header.voices.iter().map(|voice| voice.id.as_str()).collect()
}
