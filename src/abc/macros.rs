//! Macros (ABC 2.1, 9): `m:` lets a target in the music stand for other music code. Owns their definitions and what a call
//! is replaced by.

use super::diagnostic::excerpt;
use super::{Fault, Step};

/// The lengths that the standard allows, in characters.
const LONGEST_TARGET: usize = 31;
const LONGEST_REPLACEMENT: usize = 200;

/// Every symbol of a tune is compared with every target, so there must not be many.
const MOST_MACROS: usize = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Macros(Vec<Macro>);

#[derive(Clone, Debug)]
struct Macro {
    target: String,
    /// Where the target's `n` is, if it has one.
    note: Option<usize>,
    replacement: String,
}

impl Macros {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `~g2 = {a}g{f}g`, or `~n2 = {o}n{m}n` for any note `n`. The last definition of a target holds.
    pub fn define(&mut self, text: &str) -> Result<(), Fault> {
        let bad = || Fault::new(format!("'{}' is not a macro", excerpt(text))).with_help("as in m:~g2={a}g{f}g");
        let (target, replacement) = text.split_once('=').ok_or_else(bad)?;
        let (target, replacement) = (target.trim(), replacement.trim());
        if target.is_empty() {
            return Err(bad());
        }
        if target.chars().count() > LONGEST_TARGET || replacement.chars().count() > LONGEST_REPLACEMENT {
            return Err(format!(
                "a macro's target has at most {LONGEST_TARGET} characters, its replacement {LONGEST_REPLACEMENT}"
            )
            .into());
        }
        self.0.retain(|known| known.target != target);
        if self.0.len() >= MOST_MACROS {
            return Err(format!("more than {MOST_MACROS} macros").into());
        }
        let (note, target, replacement) = (target.find('n'), target.to_owned(), replacement.to_owned());
        self.0.push(Macro { target, note, replacement });
        Ok(())
    }

    /// The longest call that the music begins with: its length, and what it stands for.
    pub fn call(&self, music: &str) -> Option<(usize, String)> {
        let calls = self.0.iter().filter_map(|known| {
            let target = &known.target[..];
            let Some(at) = known.note else {
                return music.starts_with(target).then_some((target.len(), None, known));
            };
            let rest = music.strip_prefix(&target[..at])?;
            let (note, length) = Note::read(rest)?;
            rest[length..].starts_with(&target[at + 1..]).then_some((target.len() - 1 + length, Some(note), known))
        });
        let (length, note, Macro { replacement, .. }) = calls.max_by_key(|(length, ..)| *length)?;
        Some((length, note.map_or_else(|| replacement.clone(), |note| note.transpose(replacement))))
    }
}

/// The note of a call, in diatonic steps above middle C.
#[derive(Clone, Copy)]
struct Note(i32);

impl Note {
    /// A letter and its octave marks, and their length in bytes. More marks than a note could have are none of a macro's.
    fn read(text: &str) -> Option<(Note, usize)> {
        const MOST_MARKS: usize = 8;
        let letter = text.bytes().next()?;
        let step = Step::from_letter(letter)? as i32 + if letter.is_ascii_lowercase() { 7 } else { 0 };
        let marks = text[1..].bytes().take_while(|mark| b"',".contains(mark)).take(MOST_MARKS + 1);
        let (count, octaves) =
            marks.fold((0, 0), |(count, octaves), mark| (count + 1, octaves + if mark == b'\'' { 1 } else { -1 }));
        (count <= MOST_MARKS).then_some((Note(step + 7 * octaves), 1 + count))
    }

    /// `n` is the note, the letters from `h` to `z` are those as far from it as they are from `n`.
    fn transpose(self, replacement: &str) -> String {
        let mut text = String::new();
        for c in replacement.chars() {
            match c {
                'h'..='z' => Note(self.0 + c as i32 - 'n' as i32).write(&mut text),
                c => text.push(c),
            }
        }
        text
    }

    fn write(self, text: &mut String) {
        let letter = char::from(Step::ALL[self.0.rem_euclid(7) as usize].letter());
        let octave = self.0.div_euclid(7);
        text.push(if octave > 0 { letter.to_ascii_lowercase() } else { letter });
        text.extend((1..octave).map(|_| '\''));
        text.extend((octave..0).map(|_| ','));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(definitions: &[&str], music: &str, expect: Option<(usize, &str)>) {
        let mut macros = Macros::default();
        for definition in definitions {
            macros.define(definition).expect("a macro");
        }
        assert_eq!(macros.call(music), expect.map(|(length, text)| (length, text.to_owned())), "{music}");
    }

    #[test]
    fn calls() {
        check(&["~g2 = {a}g{f}g"], "~g2e", Some((3, "{a}g{f}g")));
        check(&["~g2 = {a}g{f}g"], "~g3", None);
        check(&["~g=g", "~g2=g/g/"], "~g2", Some((3, "g/g/")));
        check(&["~g=g", "~g=a"], "~g2", Some((2, "a")));
        check(&["~n2={o}n{m}n"], "~g2", Some((3, "{a}g{f}g")));
        check(&["~n2={o}n{m}n"], "~C,2", Some((4, "{D,}C,{B,,}C,")));
        check(&["~n2={o}n{m}n"], "~b'2", Some((4, "{c''}b'{a'}b'")));
        check(&["~n2={o}n{m}n"], "~z2", None);
    }

    #[test]
    fn what_is_no_macro() {
        let mut macros = Macros::default();
        for text in ["", "~g2", "=abc", &format!("{}=a", "~".repeat(32)), &format!("a={}", "b".repeat(201))] {
            assert!(macros.define(text).is_err(), "{text}");
        }
        for at in 0..300 {
            let _ = macros.define(&format!("~{at}=c"));
        }
        assert_eq!(macros.0.len(), MOST_MACROS);
    }
}
