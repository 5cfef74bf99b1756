//! Bars that are kept and evaluated are heard again: whatever the scene, the voice, and whoever made them.

use std::collections::BTreeMap;

use barline::compose::script::Script;
use barline::compose::{Composer, Silent};
use barline::rehearse::Told;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::play;

/// What a composer may write of a bar in 4/4, at `L:1/8` in any key.
const COMPOSED: [&str; 8] = [
    "=C8",
    "^F2 =F2 ^c4",
    "z8",
    "(3=A2=B2^c2 _d4",
    "[=C=E=G]4 =c4",
    "=e3 =f =g/_a/=g/=a/ =c'2",
    "=A5 =B3",
    "=G/4=G/4=A/ z z2 =D4",
];
/// Loops at `L:1/4`, two bars each.
const LOOPS: [&str; 4] = ["!p!C2 !f!LE2 | G4", "{d}c2 T^c2 | .A.B.c.d", "[C-E]2 [CG]2 | z4", "A3/2B/c2 | d'4"];
const KEYS: [&str; 4] = ["C", "Eb", "F#m", "Ddor"];

#[derive(Clone, Debug)]
struct Case {
    key: usize,
    unit: usize,
    /// Tags, blocks, or all voices in one line.
    layout: usize,
    octave: bool,
    loops: usize,
    vary: bool,
    seed: bool,
    composed: Option<Vec<usize>>,
    voice: usize,
    bars: i64,
    at: i64,
}

const VOICES: [&str; 2] = ["bass", "lead"];

fn case() -> impl Strategy<Value = Case> {
    let composed = prop::option::of(prop::collection::vec(0..COMPOSED.len(), 1..6));
    let text = (0..KEYS.len(), 0..3usize, 0..3usize, any::<bool>(), 0..LOOPS.len(), any::<bool>(), any::<bool>());
    (text, composed, 0..3usize, prop::sample::select(vec![1, 2, 4, 8]), 9..14i64).prop_map(
        |((key, unit, layout, octave, loops, vary, seed), composed, voice, bars, at)| Case {
            key,
            unit,
            layout,
            octave,
            loops,
            vary,
            seed,
            composed,
            voice,
            bars,
            at,
        },
    )
}

impl Case {
    fn text(&self) -> String {
        let unit = ["1/4", "1/8", "1/16"][self.unit];
        let by = if self.vary { "vary/2" } else { "loop" };
        let octave = if self.octave { " octave=-1" } else { "" };
        let (bass, lead) = (LOOPS[self.loops], if self.seed { "!mp!c4 | B4 |" } else { "" });
        // In another unit the text's own bars are as long.
        let unit_back = format!("[L:1/4]{{}}[L:{unit}]");
        let bass = unit_back.replace("{}", &format!(" {bass} | "));
        let lead = if lead.is_empty() { String::new() } else { unit_back.replace("{}", &format!(" {lead} ")) };
        let body = match self.layout {
            0 => format!("[V:bass] {bass}\n% low\n[V:lead] {lead}\n"),
            1 => format!("V:bass\n{bass}\n%- a note\nV:lead\n{lead}\n"),
            _ => format!("[V:bass] {bass} [V:lead] {lead}\n"),
        };
        format!(
            "X:1\nT:Kept\nM:4/4\nL:{unit}\nQ:1/4=120\nK:{}\n%%phrase 8\nV:bass by={by}{octave}\nV:lead by=model{octave} range=C..c'\n{body}",
            KEYS[self.key]
        )
    }

    fn composer(&self) -> Box<dyn Composer> {
        match &self.composed {
            Some(bars) => Box::new(Script::new(&bars.iter().map(|bar| COMPOSED[*bar]).collect::<Vec<_>>().join("\n"))),
            None => Box::new(Silent),
        }
    }
}

/// The notes of a voice by bars: beat, pitch, velocity and length.
fn notes(told: &[Told], name: &str) -> BTreeMap<i64, Vec<(String, u8, u8, String)>> {
    let mut bars = BTreeMap::<i64, Vec<_>>::new();
    for told in told {
        if let Told::Note { bar, beat, voice, pitch, velocity, length, .. } = told
            && voice == name
        {
            bars.entry(*bar).or_default().push((beat.to_string(), *pitch, *velocity, length.to_string()));
        }
    }
    for bar in bars.values_mut() {
        bar.sort();
    }
    bars
}

fn check(case: &Case) {
    let (text, asked) = (case.text(), ["bass", "lead", "all"][case.voice]);
    let (at, bars) = (case.at, case.bars);
    let script =
        format!("1:1 open a.abc\n1:1 play\n{at}:1 keep {asked} {bars}\n{at}:1 evaluate\n{}:1 end\n", at + 2 * bars + 5);
    let done = play(&script, case.composer(), &|name| {
        if name == "a.abc" { Ok(text.clone()) } else { Err("there is none".to_owned()) }
    });
    assert_eq!(done.fault, None, "{text}");
    let said: Vec<&str> = done
        .told
        .iter()
        .filter_map(|told| if let Told::Message { message, .. } = told { Some(message.as_str()) } else { None })
        .filter(|said| !said.starts_with("heard:"))
        .collect();
    let [kept, from] = said[..] else { panic!("{said:?}\n{text}") };
    let done_so = kept.starts_with("kept ") && !kept.contains(';') || kept.ends_with(": the text says so already");
    assert!(done_so, "{kept}\n{text}");
    let from = from.strip_prefix("Kept: heard from bar ").expect(from);
    let from: i64 = from.split(';').next().and_then(|bar| bar.parse().ok()).expect("a bar");
    for name in VOICES.iter().filter(|name| ["all", name].contains(&asked)) {
        let heard = notes(&done.told, name);
        for bar in from..at + 2 * bars + 4 {
            // The bar of those that were kept in which the loop would have been.
            let of = at - bars + (bar - at).rem_euclid(bars);
            assert_eq!(heard.get(&bar), heard.get(&of), "{name}: bar {bar} as bar {of}\n{text}");
        }
    }
}

#[test]
fn what_is_kept_is_heard_again() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let done = TestRunner::new(config).run(&case(), |case| {
        check(&case);
        Ok(())
    });
    done.unwrap_or_else(|failure| panic!("{failure}"));
}
