//! The files under `tests/cases`. A case begins with `== name`; its text goes on to the first `->`. A fragment without `X:`
//! is completed to a tune (its fields at the start are the header); places count in the fragment. Expectations:
//!
//! - `-> notes: C4:1/8 D4+F4 z @1/2 G4:1/4` are notes in the notation of `notation.rs`; a rest at the end says how long the
//!   music is;
//! - `-> voice A: …` is the same for one voice, `-> performed: …` with grace notes and ornaments;
//! - `-> refused 1:3` wants a message at that place, `-> warning 1:3` one that is no error; errors are not allowed elsewhere;
//! - `-> told: 1:3 2:1` are the places of all messages, or `none`;
//! - `-> tune 2` looks at the second tune, `-> each key: F#` at every line by itself;
//! - `-> differs: …` says how the source answers otherwise than the standard;
//! - the others name a fact of the tune.
//!
//! Lines that begin with `#` before a case say why it is there. `source NAME FILE: 12 cases` and `left out 3: reason` say where the cases come from.

#[derive(Debug, Default)]
pub struct Case {
    pub name: String,
    pub fragment: Vec<String>,
    /// What stands before the colon, and after it.
    pub expectations: Vec<(String, String)>,
}

pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            cases.push(Case { name: name.to_owned(), ..Case::default() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(expectation) = line.strip_prefix("-> ") {
            let place = expectation.starts_with("refused") || expectation.starts_with("warning");
            let (key, value) = if place { expectation.split_once(' ') } else { expectation.split_once(':') }
                .unwrap_or((expectation, ""));
            case.expectations.push((key.to_owned(), value.trim().to_owned()));
        } else if case.expectations.is_empty() {
            case.fragment.push(line.to_owned());
        } else if let Some((_, value)) = case.expectations.last_mut().filter(|_| line.starts_with("   ")) {
            value.push_str(line);
        }
    }
    cases
}

/// A tune, and the number of lines that were put before each line of the fragment.
pub fn complete(fragment: &[String], whole: bool) -> (Vec<String>, Vec<usize>) {
    if whole || fragment.iter().any(|line| line.starts_with("X:")) {
        return (fragment.to_vec(), vec![0; fragment.len()]);
    }
    let is_field = |line: &String| {
        let bytes = line.as_bytes();
        line.starts_with('%')
            || bytes.len() > 1
                && bytes[0].is_ascii_alphabetic()
                && bytes[1] == b':'
                && !line[2..].starts_with(['|', ':'])
    };
    let fields = fragment.iter().take_while(|line| is_field(line)).count();
    let key = fragment[..fields].iter().any(|line| line.starts_with("K:"));
    let mut lines = vec!["X:1".to_owned()];
    lines.extend_from_slice(&fragment[..fields]);
    lines.extend((!key).then(|| "K:C".to_owned()));
    lines.extend_from_slice(&fragment[fields..]);
    let added = (0..fragment.len()).map(|at| 1 + usize::from(!key && at >= fields)).collect();
    (lines, added)
}
