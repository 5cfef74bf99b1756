//! The notes of a tune against those of abc2midi, which runs as a program of its own: over the tunes under `tests/abc`, one for each
//! trouble, and over the corpora. Where the two part is told by classes, predicates on a tune's text, each with ABC 2.1's answer.
//! Without abc2midi on the PATH nothing is compared, and the tests say so; `BARLINE_REQUIRE_ABC2MIDI=1` makes that a failure.

#[path = "oracle/bars.rs"]
mod bars;
#[path = "oracle/classes.rs"]
mod classes;
#[path = "common/generated.rs"]
mod generated;
#[path = "common/notation.rs"]
mod notation;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "oracle/repeats.rs"]
mod repeats;

use std::path::{Path, PathBuf};

use barline::abc::ast::Tune;
use barline::abc::parse::parse;
use barline::notes::notes;
use classes::CLASSES;
use oracle::{Heard, abc2midi, first_difference, played_alike, same, skipped};

/// A tune as both programs read it, and the classes that it lies in.
struct Read {
    text: String,
    tune: Tune,
    classes: Vec<usize>,
    /// Whether its staccato is played.
    staccato: bool,
}

impl Read {
    fn new(text: &str) -> Read {
        let read = |staccato| {
            let text = played_alike(text, staccato);
            (parse(&text).0.tunes.swap_remove(0), text)
        };
        let (mut tune, mut text) = read(true);
        let staccato = tune.voices.iter().flat_map(|voice| &voice.bars).all(bars::staccato_is_alike);
        if !staccato {
            (tune, text) = read(false);
        }
        let classes = (0..CLASSES.len()).filter(|&at| (CLASSES[at].holds)(&tune, &text)).collect();
        Read { text, tune, classes, staccato }
    }

    fn ours(&self) -> Heard {
        let mut heard: Heard =
            notes(&self.tune).iter().map(|note| (note.onset, note.length, note.pitch.midi())).collect();
        heard.sort_unstable();
        heard
    }

    fn theirs(&self) -> Heard {
        let voices: Vec<&str> = self.tune.header.voices.iter().map(|voice| voice.id.as_str()).collect();
        abc2midi(&voices, &self.text)
    }

    /// Where the two programs first differ.
    fn difference(&self) -> Option<String> {
        let (ours, theirs) = (self.ours(), self.theirs());
        (!same(&ours, &theirs)).then(|| first_difference(&ours, &theirs))
    }
}

/// The files with a tune book's name in a folder, in order.
fn books(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "abc")).collect();
    files.sort();
    files
}

#[test]
fn own_tunes_sound_like_abc2midi() {
    if skipped() {
        return;
    }
    let files = books(Path::new("tests/abc"));
    let read = |file: &PathBuf| Read::new(&std::fs::read_to_string(file).expect("a readable tune"));
    let wrong: Vec<String> =
        files.iter().filter_map(|file| Some(format!("{}: {}", file.display(), read(file).difference()?))).collect();
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

/// Each class has a tune that lies in it and in no other, sounds as ABC 2.1 says, and otherwise in abc2midi: a class about
/// which nobody disagrees is none.
#[test]
fn classes_have_the_standards_answer() {
    let compare = !skipped();
    for (at, class) in CLASSES.iter().enumerate() {
        let read = Read::new(&format!("X:1\nT:t\n{}\n", class.tune));
        assert_eq!(read.classes, [at], "{}", class.name);
        assert_eq!(read.ours(), notation::read(class.notes).0, "{}", class.name);
        if compare {
            println!("{}: {}", class.name, read.difference().unwrap_or_default());
            assert_ne!(read.difference(), None, "{}: abc2midi agrees", class.name);
        }
    }
}

/// In how many tunes of the corpora staccato is left out at most, since abc2midi plays it otherwise.
const LEFT_STACCATO: usize = 122;

/// So many tunes by chance.
const CHANCES: u64 = 600;

/// Tunes by chance, from seeds, sound the same where they lie outside the classes.
#[test]
fn tunes_by_chance_sound_like_abc2midi() {
    if skipped() {
        return;
    }
    let (mut outside, mut wrong) = (0, Vec::new());
    for seed in 0..CHANCES {
        let read = Read::new(&generated::Generator::new(seed, seed % 2 == 0).tune());
        if read.classes.is_empty() {
            outside += 1;
            wrong.extend(read.difference().map(|difference| format!("seed {seed}: {difference}\n{}", read.text)));
        }
    }
    println!("outside all classes: {outside} of {CHANCES} tunes by chance");
    assert!(wrong.is_empty(), "{} differ, the first one:\n{}", wrong.len(), wrong[0]);
}

/// Over the corpora every tune outside the classes sounds the same, and no class grows. `BARLINE_CORPORA` names another place
/// for them, `BARLINE_LIST_DIFFERENCES=1` lists what lies in classes or differs.
#[test]
fn corpora_agree_with_abc2midi() {
    let Some(corpora) = barline::abc::bench::corpora() else {
        println!("skipped: no corpora");
        return;
    };
    if skipped() {
        return;
    }
    let list = std::env::var_os("BARLINE_LIST_DIFFERENCES").is_some();
    let folders = std::fs::read_dir(corpora).expect("corpora").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut inside = vec![0; CLASSES.len()];
    let mut inside_equal = vec![0; CLASSES.len()];
    let (mut all, mut outside, mut left_staccato, mut wrong) = (0, 0, 0, Vec::new());
    for folder in folders {
        let (mut tunes, mut equal) = (0, 0);
        for file in books(&folder) {
            let bytes = std::fs::read(&file).expect("a readable file");
            // Older files are Latin-1; what is not ASCII in them is no music.
            let text =
                String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
            for tune in parse(&text).0.tunes {
                let read = Read::new(&text[tune.span.start..tune.span.end]);
                let difference = read.difference();
                tunes += 1;
                equal += usize::from(difference.is_none());
                outside += usize::from(read.classes.is_empty());
                left_staccato += usize::from(!read.staccato);
                for &class in &read.classes {
                    inside[class] += 1;
                    inside_equal[class] += usize::from(difference.is_none());
                }
                let shown = || {
                    let names: Vec<&str> = read.classes.iter().map(|&at| CLASSES[at].name).collect();
                    let difference = difference.as_deref().unwrap_or("equal");
                    format!("{} X:{} {names:?}: {difference}", file.display(), tune.number.unwrap_or(0))
                };
                if list && (difference.is_some() || !read.classes.is_empty()) {
                    println!("{}", shown());
                }
                if difference.is_some() && read.classes.is_empty() {
                    wrong.push(shown());
                }
            }
        }
        println!("{}: {equal} of {tunes} tunes equal abc2midi's", folder.display());
        all += tunes;
    }
    println!("\ntunes  equal    cap  class");
    let mut over = Vec::new();
    for (at, class) in CLASSES.iter().enumerate() {
        println!("{:5}  {:5}  {:5}  {}", inside[at], inside_equal[at], class.cap, class.name);
        if inside[at] > class.cap {
            over.push(class.name);
        }
    }
    println!("outside all classes: {outside} of {all}; staccato left out in {left_staccato}\n");
    assert!(left_staccato <= LEFT_STACCATO, "staccato left out in {left_staccato}");
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(over, Vec::<&str>::new(), "classes that grew");
    assert!(outside * 100 >= all * 95, "the classes must not swallow the corpora");
}
