//! The cases under `tests/cases`: a fragment of ABC and, beside it, what the standard makes of it. Most restate published
//! tests; each such file says how many its source has and what was left out, and the sums are checked here.

#[path = "common/case_file.rs"]
mod case_file;
#[path = "common/notation.rs"]
mod notation;

use std::collections::BTreeMap;

use barline::abc::ast::{Book, Symbol, Tune, Voice};
use barline::abc::chord::ChordName;
use barline::abc::key::Key;
use barline::abc::parse::parse;
use barline::abc::{Diagnostic, Severity, Step};
use barline::check::check;
use barline::notes::{PlayedNote, notes, played};
use barline::score::{Carry, Ornaments, measure, unfold};
use barline::time::Beats;
use case_file::{Case, complete, read};

/// Cases there are, kept, and answered otherwise than by their source.
#[derive(Debug, Default)]
struct Count {
    there: usize,
    kept: usize,
    differ: usize,
}

#[test]
fn cases_sound_as_the_standard_says() {
    let mut files: Vec<_> =
        std::fs::read_dir("tests/cases").expect("tests/cases").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut reasons: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a readable file");
        let cases = read(&text);
        for case in &cases {
            assert!(case.expectations.iter().any(|(key, _)| key != "differs"), "{} expects nothing", case.name);
            for fault in faults(case) {
                wrong.push(format!("{}: {}: {fault}", file.display(), case.name));
            }
        }
        let number = |line: &str| line.split_whitespace().rev().nth(1)?.parse::<usize>().ok();
        let sources: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("source ")).collect();
        let there: usize = sources.iter().filter_map(|line| number(line)).sum();
        let source = sources.first().and_then(|line| line.split_whitespace().next()).unwrap_or("our own");
        let count = counts.entry(source.to_owned()).or_default();
        count.there += there;
        count.kept += cases.len();
        count.differ += cases.iter().filter(|case| case.expectations.iter().any(|(key, _)| key == "differs")).count();
        let mut left = 0;
        for line in text.lines().filter_map(|line| line.strip_prefix("left out ")) {
            let (number, reason) = line.split_once(": ").expect("a number and a reason");
            let number: usize = number.parse().expect("a number");
            *reasons.entry((source.to_owned(), reason.to_owned())).or_default() += number;
            left += number;
        }
        println!("{}: {} cases", file.display(), cases.len());
        assert!(sources.is_empty() || there == cases.len() + left, "{}: {there} cases", file.display());
    }
    for (source, count) in &counts {
        println!(
            "{source}: {} of {} cases, {} with the standard's answer",
            count.kept,
            count.there.max(count.kept),
            count.differ
        );
        for ((_, reason), number) in reasons.iter().filter(|((of, _), _)| of == source) {
            println!("{number:5} left out: {reason}");
        }
    }
    assert_eq!((counts["dr-skot/abc"].there, counts["abcjs"].there), (645, 54));
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is not as the case expects it.
fn faults(case: &Case) -> Vec<String> {
    let is = |wanted: &str| case.expectations.iter().any(|(key, _)| key == wanted);
    let (lines, added) = complete(&case.fragment, is("whole file"));
    let ends = case.expectations.iter().find(|(key, _)| key == "line ends").map(|(_, value)| value.as_str());
    let text = lines.join(match ends {
        Some("CR") => "\r",
        Some("CRLF") => "\r\n",
        _ => "\n",
    });
    let (book, _) = parse(&text);
    let diagnostics = check(&text);
    let mut faults = Vec::new();
    if !is("refused") {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        faults.extend(errors.map(|error| error.display("not expected", &text)));
    }
    let mut tune = 0;
    for (key, value) in &case.expectations {
        let found = match key.as_str() {
            "differs" | "line ends" | "whole file" => continue,
            "refused" | "warning" => {
                let place = value.split_once(':').map(|(line, column)| {
                    let line: usize = line.parse().expect("a line");
                    (line + added[line - 1], column.parse::<usize>().expect("a column"))
                });
                let told = diagnostics.iter().any(|diagnostic| {
                    let severe = key == "refused" || diagnostic.severity == Severity::Warning;
                    severe && place.is_none_or(|place| place == diagnostic.line_column(&text))
                });
                if told { value.clone() } else { format!("none of {diagnostics:?}") }
            }
            "told" => {
                let place = |diagnostic: &Diagnostic| {
                    let (line, column) = diagnostic.line_column(&text);
                    let line = (1..=added.len()).find(|&at| at + added[at - 1] == line);
                    format!("{}:{column}", line.unwrap_or(0))
                };
                let places: Vec<String> = diagnostics.iter().map(place).collect();
                if places.is_empty() { "none".to_owned() } else { places.join(" ") }
            }
            key if key.starts_with("tune ") => {
                tune = key[5..].parse::<usize>().expect("a number") - 1;
                continue;
            }
            key if key.starts_with("each ") => match each(key, value, &case.fragment) {
                None => continue,
                Some(fault) => fault,
            },
            "tunes" => book.tunes.len().to_string(),
            "symbols" => symbols(&text, &notes(&book.tunes[tune])),
            "performed symbols" => symbols(&text, &played(&book.tunes[tune], Ornaments::Played)),
            key if key == "notes" || key == "performed" || key.starts_with("voice ") => {
                match notes_differ(&book.tunes[tune], key, value) {
                    None => continue,
                    Some(fault) => fault,
                }
            }
            key => fact(&book, &book.tunes[tune], key),
        };
        if found != *value && !(key == "key" && sorted(&found) == sorted(value)) {
            faults.push(format!("{key}: {value}\n    but {found}"));
        }
    }
    faults
}

/// A fact of each line by itself.
fn each(key: &str, value: &str, fragment: &[String]) -> Option<String> {
    let found: Vec<String> = fragment
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (book, _) = parse(&complete(std::slice::from_ref(line), false).0.join("\n"));
            let found = fact(&book, &book.tunes[0], &key[5..]);
            if key == "each key" { sorted(&found).join(" ") } else { found }
        })
        .collect();
    let expected = if key == "each key" { sorted(value).join(" ") } else { value.to_owned() };
    let same = if key == "each key" { found.iter().all(|key| *key == expected) } else { found.join(" ") == expected };
    (!same).then(|| found.join(", "))
}

fn sorted(words: &str) -> Vec<&str> {
    let mut words: Vec<&str> = words.split_whitespace().collect();
    words.sort_unstable();
    words
}

fn fact(book: &Book, tune: &Tune, name: &str) -> String {
    let header = &tune.header;
    let joined = |found: Vec<String>, by: &str| if found.is_empty() { "none".to_owned() } else { found.join(by) };
    let shown = |found: Option<String>| found.unwrap_or_else(|| "none".to_owned());
    let bars = tune.voices.first().map_or(&[][..], |voice| &voice.bars);
    let symbols = || bars.iter().flat_map(|bar| &bar.items).map(|item| &item.symbol);
    match name {
        "title" => header.titles.join(" / "),
        "number" => shown(tune.number.map(|number| number.to_string())),
        "metre" => header.meter().to_string(),
        "bar" => shown(header.meter().length().map(|length| length.to_string())),
        "unit" => header.unit.to_string(),
        "tempo" => shown(header.tempo.as_ref().and_then(|mark| Some(mark.tempo()?.0.to_string()))),
        "words" => shown(header.tempo.as_ref().and_then(|mark| mark.words.clone())),
        "parts" => shown(header.order.as_ref().map(|order| order.parts.iter().collect())),
        "key" => joined(signature(&header.key), " "),
        "voices" => tune.voices.iter().map(|voice| voice.id.as_str()).collect::<Vec<_>>().join(" "),
        "bars" => bars.len().to_string(),
        "velocities" => joined(notes(tune).iter().map(|note| note.velocity.to_string()).collect(), " "),
        "endings" => {
            let numbers =
                |at: usize| (1..32).filter(move |&n| bars[at].before.endings.contains(n)).map(|n| n.to_string());
            let lists = (0..bars.len()).map(|at| numbers(at).collect::<Vec<_>>().join(","));
            joined(lists.filter(|list| !list.is_empty()).collect(), " / ")
        }
        "marks" => joined(
            symbols()
                .filter_map(|s| if let Symbol::Decoration(name) = s { Some(name.to_string()) } else { None })
                .collect(),
            " ",
        ),
        "annotations" => joined(
            symbols()
                .filter_map(|s| if let Symbol::Annotation(text) = s { Some(text.clone()) } else { None })
                .collect(),
            " / ",
        ),
        // Marks with the number of the note that they stand before, all voices counted through.
        "set to notes" => {
            let mut number = 1;
            let mut found = Vec::new();
            for item in tune.voices.iter().flat_map(|voice| &voice.bars).flat_map(|bar| &bar.items) {
                match &item.symbol {
                    Symbol::Note(_) | Symbol::Chord { .. } => number += 1,
                    Symbol::Decoration(name) => found.push(format!("{number} {name}")),
                    Symbol::Annotation(text) | Symbol::ChordSymbol(text) => found.push(format!("{number} {text}")),
                    _ => {}
                }
            }
            joined(found, " / ")
        }
        "chords" => {
            let chord = |symbol: &Symbol| match symbol {
                Symbol::ChordSymbol(text) => ChordName::parse(text).map(|_| text.clone()),
                _ => None,
            };
            joined(symbols().filter_map(chord).collect(), " ")
        }
        "graces" => {
            let grace = |symbol: &Symbol| match symbol {
                Symbol::Grace { acciaccatura, notes } => {
                    Some(format!("{}{}", if *acciaccatura { "/" } else { "" }, notes.len()))
                }
                _ => None,
            };
            joined(symbols().filter_map(grace).collect(), " ")
        }
        "directives" => joined(tune.directives.iter().map(|directive| directive.text.clone()).collect(), " / "),
        "rests" => {
            let visible = |symbol: &Symbol| match symbol {
                Symbol::Rest { visible, .. } | Symbol::BarRest { visible } => Some(*visible),
                _ => None,
            };
            let word = |visible| if visible { "visible" } else { "invisible" }.to_owned();
            joined(symbols().filter_map(visible).map(word).collect(), " ")
        }
        name if name.starts_with("field ") => joined(strings(tune, name.as_bytes()[6]), " / "),
        name if name.starts_with("property ") => {
            let (voice, property) = name[9..].split_once(' ').expect("a voice and a property");
            shown(header.voice(voice).and_then(|voice| voice.get(property)).map(str::to_owned))
        }
        name => panic!("'{name}' is no expectation ({} tunes)", book.tunes.len()),
    }
}

/// The fields of a letter, continued ones as one.
fn strings(tune: &Tune, code: u8) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut ours = false;
    for field in tune.header.fields.iter().chain(&tune.fields) {
        if field.code != b'+' {
            ours = field.code == code;
            found.extend(ours.then(|| field.text.clone()));
        } else if let Some(last) = found.last_mut().filter(|_| ours) {
            last.push(' ');
            last.push_str(&field.text);
        }
    }
    found
}

fn signature(key: &Key) -> Vec<String> {
    let sign = |alter: i8| if alter < 0 { "b".repeat(alter.unsigned_abs().into()) } else { "#".repeat(alter as usize) };
    let altered = Step::ALL.iter().filter(|&&step| key.signature[step as usize] != 0);
    altered.map(|&step| format!("{}{}", char::from(step.letter()), sign(key.signature[step as usize]))).collect()
}

/// How the notes of a tune or of one of its voices are others than expected. A rest at the end says how long the voice is.
fn notes_differ(tune: &Tune, key: &str, expected: &str) -> Option<String> {
    let voice = key.strip_prefix("voice ");
    let ornaments = if key == "performed" { Ornaments::Played } else { Ornaments::LeftOut };
    let (wanted, end) = notation::read(expected);
    let played = played(tune, ornaments).into_iter().filter(|note| voice.is_none_or(|id| note.voice == id));
    let mut found: Vec<_> = played.map(|note| (note.onset, note.length, note.pitch.midi())).collect();
    found.sort_unstable();
    if found != wanted {
        return Some(
            found.iter().map(|(at, length, pitch)| format!("{at} {pitch}:{length}")).collect::<Vec<_>>().join(", "),
        );
    }
    let last_is_rest = expected.split_whitespace().next_back().is_some_and(|word| word.starts_with('z'));
    let of = voice.map_or(tune.voices.first(), |id| tune.voice(id));
    let whole = of.map_or(Beats::ZERO, |of| length_of(tune, of));
    (last_is_rest && whole != end).then(|| format!("a length of {whole}"))
}

/// The text of each note's symbol.
fn symbols(text: &str, notes: &[PlayedNote]) -> String {
    notes.iter().map(|note| &text[note.place.0.start..note.place.0.end]).collect::<Vec<_>>().join(" / ")
}

fn length_of(tune: &Tune, voice: &Voice) -> Beats {
    let mut carry = Carry::of(tune, &voice.id);
    let order = unfold(tune, voice);
    order.into_iter().map(|at| measure(&voice.bars[at], &mut carry).0.length).sum()
}
