//! Tunes written and transposed as text, tunes by chance among them: what is read again sounds the same, and a second time it is the same
//! text.

#[path = "common/generated.rs"]
mod generated;

use std::path::{Path, PathBuf};

use barline::abc::ast::Tune;
use barline::abc::interval::Interval;
use barline::abc::parse::parse;
use barline::abc::transpose::{nearest, transposed};
use barline::abc::write::write;
use barline::notes::{PlayedNote, notes};

/// The tune as written, and what was read of that.
fn again(tune: &Tune, text: &str) -> (String, Tune) {
    let written = write(tune, text);
    let tunes = parse(&written).0.tunes;
    let [tune] = <[Tune; 1]>::try_from(tunes).unwrap_or_else(|tunes| panic!("{} tunes in {written}", tunes.len()));
    (written, tune)
}

/// What is wrong with the written tune, if anything.
fn fault(tune: &Tune, text: &str) -> Option<String> {
    let (written, read) = again(tune, text);
    if let Some(difference) = difference(&notes(tune), &notes(&read)) {
        return Some(format!("{difference}\n{written}"));
    }
    let (twice, _) = again(&read, &written);
    (twice != written).then(|| format!("written once and twice:\n{written}\n{twice}"))
}

fn difference(a: &[PlayedNote], b: &[PlayedNote]) -> Option<String> {
    let at = a.iter().zip(b).position(|(a, b)| a != b).or((a.len() != b.len()).then_some(a.len().min(b.len())))?;
    Some(format!("note {at}: {:?} became {:?}", a.get(at), b.get(at)))
}

/// Moved and moved back the canonical text is the same, and between the notes are all as far away.
fn transposition_fault(tune: &Tune, text: &str, semitones: i32) -> Option<String> {
    let (written, read) = again(tune, text);
    // Pipes come back as the mixolydian key that they play in.
    if written.contains("K:HP") {
        return None;
    }
    let interval = nearest(&read.header.key, semitones);
    let moved = transposed(&read, interval)?;
    let (text, there) = again(&moved, &written);
    let expected: Vec<PlayedNote> = notes(&read)
        .into_iter()
        .map(|note| PlayedNote { pitch: note.pitch.transposed(interval), ..note })
        .filter(|note| (0..=127).contains(&note.pitch.midi()))
        .collect();
    let percussion = read.header.voices.iter().any(barline::abc::ast::VoiceHeader::is_percussion);
    let by_pitch = |note: &PlayedNote| (note.onset, note.voice.clone(), note.pitch.midi());
    let (mut expected, mut found) = (expected, notes(&there));
    expected.sort_by_key(by_pitch);
    found.sort_by_key(by_pitch);
    if let Some(difference) = difference(&expected, &found).filter(|_| !percussion) {
        return Some(format!("{difference}\n{written}\nmoved by {interval:?}:\n{text}"));
    }
    let back = transposed(&there, interval.inverse()).map(|back| write(&back, &text));
    (back.as_deref() != Some(&written)).then(|| format!("{written}\nmoved by {interval:?} and back:\n{back:?}"))
}

fn books(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .flat_map(|path| if path.is_dir() { books(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "abc"))
        .collect();
    files.sort();
    files
}

/// Every tune of the project's own and of the corpora, where these are.
fn tunes() -> Vec<(String, Tune)> {
    let mut folders = vec![PathBuf::from("tests/abc"), PathBuf::from("prompts")];
    match barline::abc::bench::corpora() {
        Some(corpora) => folders.push(corpora),
        None => println!("skipped: no corpora; the project's own tunes only"),
    }
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| books(folder)).collect();
    let mut tunes = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).expect("a readable file");
        let text = String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
        tunes.extend(parse(&text).0.tunes.into_iter().map(|tune| (text.clone(), tune)));
    }
    tunes
}

#[test]
fn every_tune_is_written_as_it_sounds() {
    let tunes = tunes();
    let faults: Vec<String> = tunes.iter().filter_map(|(text, tune)| fault(tune, text)).collect();
    println!("{} of {} tunes written", tunes.len() - faults.len(), tunes.len());
    assert!(faults.is_empty(), "{} faults, the first one:\n{}", faults.len(), faults[0]);
}

#[test]
fn there_and_back_is_nowhere() {
    let tunes = tunes();
    let mut unwritable = 0;
    let mut faults = Vec::new();
    for (at, (text, tune)) in tunes.iter().enumerate() {
        let semitones = [2, -3, 1, 7, -5, 6, -1, 12, 5, -12][at % 10];
        let (written, read) = again(tune, text);
        unwritable += usize::from(transposed(&read, nearest(&read.header.key, semitones)).is_none());
        drop(written);
        faults.extend(transposition_fault(tune, text, semitones));
    }
    println!("{} tunes moved and back, {unwritable} could not be", tunes.len() - unwritable);
    assert!(faults.is_empty(), "{} faults, the first one:\n{}", faults.len(), faults[0]);
    assert!(unwritable * 100 <= tunes.len(), "{unwritable}");
}

/// Keys that change at every turn cannot always be moved, since a letter takes two signs at most.
#[test]
fn tunes_by_chance_are_written_and_moved() {
    let mut unwritable = 0;
    for seed in 0..500 {
        let text = generated::Generator::new(seed, true).tune();
        let tune = &parse(&text).0.tunes[0];
        assert_eq!(fault(tune, &text), None, "seed {seed}:\n{text}");
        let semitones = [2, -3, 1, 7, -5, 6, -1, 12, 5, -12][seed as usize % 10];
        unwritable += usize::from(transposed(tune, nearest(&tune.header.key, semitones)).is_none());
        assert_eq!(transposition_fault(tune, &text, semitones), None, "seed {seed}:\n{text}");
    }
    assert!(unwritable <= 50, "{unwritable}");
}

fn check(text: &str, expect: &str) {
    let tune = &parse(text).0.tunes[0];
    assert_eq!(write(tune, text), expect, "{text}");
    assert_eq!(fault(tune, text), None);
}

#[test]
fn the_form() {
    check("X:7\nK:Dm clef=bass\nABcd|\n", "X:7\nL:1/8\nK:Dm clef=bass\nAB cd |\n");
    check(
        "X:1\nL:1/8\nM:4/4\nQ:120\nT:A\nR:reel\nC:Trad.\n%%phrase 8\n% low\nK:G\n|:{/g}A2>B2 (3cde f'2|[1~A4 TB4:|2\"Am\".A/B//c3/2 z2 y (ef)|]\nw:a b c\n",
        "X:1\nT:A\nR:reel\nC:Trad.\n%%phrase 8\n% low\nM:4/4\nL:1/8\nQ:120\nK:G\n\
         |: {/g}A2>B2 (3cde f'2 |1 !roll!A4 !trill!B4 :|2 \"Am\".A/B/4c3/2z2y(ef) |]\nw:a b c\n",
    );
    check(
        "X:1\nM:4/4\nL:1/8\nK:C\nV:1\nC8|Z3|\nV:2 octave=-1\nE8|[M:3/4][K:D]F6|\nP:B\nV:1\nG8|c'8-|]\n",
        "X:1\nM:4/4\nL:1/8\nV:1\nV:2 octave=-1\nK:C\n[V:1] C8 | Z3 |\n[V:2] E8 | [M:3/4][K:D]F6 |\nP:B\n[V:1] G8 | c'8- |]\n",
    );
}

#[test]
fn transposition_keeps_what_is_written() {
    let text = "X:1\nL:1/8\nK:Em\n\"Em\"E^DE \"B7/F#\"^d=f |[K:A]{^b}[ce]\"D.C.\"c |\n";
    let tune = &parse(text).0.tunes[0];
    let moved = transposed(tune, Interval { steps: 2, semitones: 3 }).expect("it can be written");
    let expect = "X:1\nL:1/8\nK:Gm\n\"Gm\"G^F G\"D7/A\"^f _a | [K:C]{^d'}[eg]\"D.C.\"e |\n";
    assert_eq!(write(&moved, text), expect);
    assert_eq!(nearest(&tune.header.key, 3), Interval { steps: 2, semitones: 3 });
}
