//! The manual of the patch language against the program: each example is read and played, or refused with the words that stand below it.

#[path = "common/program.rs"]
mod program;

use std::fmt::Write as _;

use barline::event::{Action, VoiceSlot};
use barline::synth::Synth;
use barline::synth::patch::{DECLARATIONS, FUNCTIONS, Patch, VOCABULARY, Word};
use barline::time::SampleRate;

const MANUAL: &str = include_str!("../patches/README.md");
const RATE: SampleRate = SampleRate(48_000);

/// What stands between `<!-- name -->` and `<!-- /name -->`.
fn block(name: &str) -> &'static str {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let after = MANUAL.split_once(&open).unwrap_or_else(|| panic!("the manual has no {open}")).1;
    after.split_once(&close).unwrap_or_else(|| panic!("the manual has no {close}")).0.trim()
}

/// Each example with its line, and the error that it is to have, if any.
fn examples() -> Vec<(usize, String, Option<String>)> {
    let mut examples: Vec<(usize, String, Option<String>)> = Vec::new();
    let mut kind = "";
    for (at, line) in MANUAL.lines().enumerate() {
        match (kind, line) {
            ("", "```patch") => {
                kind = "patch";
                examples.push((at + 1, String::new(), None));
            }
            ("", "```error") => {
                kind = "error";
                examples.last_mut().expect("an example before its error").2 = Some(String::new());
            }
            (_, "```") => kind = "",
            ("", line) => assert!(!line.starts_with("```"), "line {}: an example that is not run", at + 1),
            (kind, line) => {
                let (_, patch, error) = examples.last_mut().expect("begun");
                let text = if kind == "patch" { patch } else { error.as_mut().expect("begun") };
                writeln!(text, "{line}").expect("a string");
            }
        }
    }
    examples
}

#[test]
fn examples_sound_or_are_refused_as_it_says() {
    let examples = examples();
    assert!(examples.len() > 20 && examples.iter().filter(|(.., error)| error.is_some()).count() >= 5);
    for (line, text, error) in examples {
        let patch = match (Patch::parse("my", &text), error) {
            (Ok(patch), None) => patch,
            (Err(said), Some(error)) => {
                assert_eq!(said.to_string(), error.trim(), "line {line}");
                continue;
            }
            (Ok(_), Some(error)) => panic!("line {line}: not refused with {error}"),
            (Err(said), None) => panic!("line {line}: {said}"),
        };
        let voice = VoiceSlot(0);
        let (mut synth, _lane) = Synth::new(RATE, &[Some(&patch)]);
        synth.handle(Action::Control { voice, controller: 91, value: 0 });
        let drums: Vec<u8> = patch.parts().filter_map(|part| part.drum).collect();
        for pitch in if drums.is_empty() { vec![57] } else { drums } {
            synth.handle(Action::NoteOn { voice, pitch, velocity: 100 });
            let (mut left, mut right) = (vec![0.0; 12_000], vec![0.0; 12_000]);
            synth.render(&mut left, &mut right);
            let peak = left.iter().chain(&right).fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!(left.iter().chain(&right).all(|sample| sample.is_finite()), "line {line}");
            assert!((0.02..0.9).contains(&peak), "line {line}, note {pitch}: peak {peak}");
            synth.handle(Action::NoteOff { voice, pitch });
            synth.render(&mut left, &mut right);
        }
    }
}

/// A row of the table of words.
fn row(word: &Word) -> String {
    let ranges = word.parameters.iter().map(|p| format!("{} {} to {}", p.name, p.least, p.most));
    let ranges: Vec<String> = ranges.collect();
    format!("| `{}` | {} | {} |\n", word.usage(), word.help, ranges.join(", "))
}

#[test]
fn the_words_are_those_of_the_program() {
    let table = VOCABULARY
        .iter()
        .fold("| word | what it is | numbers |\n|---|---|---|\n".to_owned(), |table, word| table + &*row(word));
    assert_eq!(block("words"), table.trim(), "copy this between the manual's words marks:\n{table}");
    let functions: Vec<String> = FUNCTIONS.iter().map(|function| format!("`{}`", function.usage())).collect();
    assert_eq!(block("functions").replace('\n', " "), functions.join(" "));
    let table = DECLARATIONS.iter().fold("| | |\n|---|---|\n".to_owned(), |table, declaration| {
        format!("{table}| `{}` | {} |\n", declaration.usage(), declaration.help)
    });
    assert_eq!(block("declarations"), table.trim());
}

/// Words that nobody explains are found by nobody.
#[test]
fn each_word_is_said_outside_of_the_table() {
    let prose = MANUAL.split_once("## Words").expect("the table").0;
    let known = |word: &&Word| !prose.contains(word.name);
    let missing: Vec<&str> = VOCABULARY.iter().filter(known).map(|word| word.name).collect();
    assert_eq!(missing, [""; 0]);
}

/// A slur in a text is heard as a slide: the whole way from ABC to sound, with a patch that says its pitch as a level.
#[test]
fn slurs_slide_and_other_notes_do_not() {
    let place = program::Place::new();
    place.write("patches/line.patch", "legato();\nglide(0.5);\npitch * 0.0005 * adsr(0, 0, 1, 0.003)\n");
    let after = |bar: &str| {
        let text = format!("X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nV:lead by=loop patch=line reverb=0\n[V:lead] {bar} |\n");
        let (prompt, out) = (place.write("set.abc", text), place.path("set.wav"));
        let ran = place
            .program()
            .current_dir(place.path(""))
            .arg("render")
            .args([&prompt])
            .args(["--bars", "1", "--model", "none", "-o"])
            .arg(&out)
            .output();
        let ran = ran.expect("it runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let mut reader = hound::WavReader::open(&out).expect("a WAV file");
        let channels = usize::from(reader.spec().channels);
        let rate = f64::from(reader.spec().sample_rate);
        let left: Vec<f32> = match reader.spec().sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().step_by(channels).map(Result::unwrap).collect(),
            hound::SampleFormat::Int => {
                reader.samples::<i32>().step_by(channels).map(|sample| sample.unwrap() as f32).collect()
            }
        };
        let start =
            left.iter().position(|sample| sample.abs() > left[left.len() / 4].abs() * 0.1).expect("a sound") as f64;
        // A tenth of a second into the second note, in semitones below its end.
        let at = |seconds: f64| left[(start + seconds * rate) as usize];
        12.0 * (at(1.9) / at(1.1)).log2()
    };
    assert!(after("C2 c2").abs() < 0.1);
    // A thousandth of the octave is left after half a second, a quarter after a tenth.
    let below = after("(C2 c2)");
    assert!((below - 3.0).abs() < 0.6, "{below}");
}
