//! What holds of every tune: over tunes by chance, from seeds, so that each run looks at the same ones.
#![allow(clippy::format_push_string, reason = "a text grows piece by piece")]

#[path = "common/generated.rs"]
mod generated;

use barline::abc::ast::Symbol;
use barline::abc::parse::{parse, read_bar};
use barline::abc::print;
use barline::abc::{Pitch, Severity};
use barline::notes::{PlayedNote, notes};
use barline::score::{Carry, Joined, Measure, join, measure};
use barline::time::Beats;
use generated::Generator;

const SEEDS: std::ops::Range<u64> = 0..300;

fn played(text: &str) -> Vec<PlayedNote> {
    let (book, diagnostics) = parse(text);
    let error = diagnostics.iter().find(|d| d.severity == Severity::Error);
    assert_eq!(error, None, "{text}");
    notes(&book.tunes[0])
}

fn assert_same(seed: u64, a: &str, b: &str) {
    let (ours, theirs) = (played(a), played(b));
    let differ = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
    assert_eq!(differ, None, "seed {seed}:\n{a}\n{b}");
    assert_eq!(ours.len(), theirs.len(), "seed {seed}:\n{a}\n{b}");
}

/// Voices in turns, each turn of some bars, are the music of the same voices in blocks.
#[test]
fn voices_in_turns_are_voices_in_blocks() {
    for seed in SEEDS {
        let mut generator = Generator::new(seed, true);
        let header = format!("{}V:1\nV:2 octave=-1\nV:3\nK:{}\n", generator.header(), generator.key);
        let count = 1 + generator.below(6);
        let voices: Vec<Vec<String>> = (0..3).map(|_| generator.voice(count)).collect();
        let mut blocks = header.clone();
        for (at, bars) in voices.iter().enumerate() {
            blocks += &format!("V:{}\n{}|\n", at + 1, bars.join("|"));
        }
        let mut turns = header;
        let mut from = 0;
        while from < count {
            let to = (from + 1 + generator.below(3)).min(count);
            for (at, bars) in voices.iter().enumerate() {
                let end = if at == 2 || generator.below(2) == 0 { "\n" } else { "" };
                turns += &format!("[V:{}]{}|{end}", at + 1, bars[from..to].join("|"));
            }
            from = to;
        }
        assert_same(seed, &blocks, &turns);
    }
}

/// Repeat signs and endings, the order of parts, and all bars written out are the same music.
#[test]
fn repeats_are_parts_in_order() {
    for seed in SEEDS {
        let mut generator = Generator::new(seed, false);
        let (mut repeats, mut parts, mut order) = (String::new(), String::new(), String::new());
        let mut written = Vec::new();
        let mut names = 'A'..='Z';
        let mut part = |bars: &str| {
            let name = names.next().expect("a name");
            parts += &format!("P:{name}\n{bars}|\n");
            name
        };
        for _ in 0..4 {
            let (count, times) = (1 + generator.below(3), 1 + generator.below(3));
            let body = generator.bars(count).join("|");
            let endings = if generator.below(3) == 0 { generator.bars(times) } else { Vec::new() };
            repeats += &if endings.is_empty() {
                // What is played once ends in a double bar, so that no repeat sign goes back over it.
                let dots = ":".repeat(times - 1);
                let lines = if times == 1 { ["", "||"] } else { ["|", "|"] };
                format!("{}{dots}{body}{dots}{}\n", lines[0], lines[1])
            } else {
                let numbered = (1..).zip(&endings).map(|(number, ending)| format!("|{number}{ending}"));
                format!("|:{body}{}||\n", numbered.collect::<Vec<_>>().join(":"))
            };
            let (body_name, ending_names) =
                (part(&body), endings.iter().map(|ending| part(ending)).collect::<Vec<_>>());
            for time in 0..times {
                order.push(body_name);
                written.push(body.clone());
                order.extend(ending_names.get(time));
                written.extend(endings.get(time).cloned());
            }
        }
        let tune = |fields: &str, body: &str| format!("{}{fields}K:{}\n{body}", generator.header(), generator.key);
        let repeats = tune("", &repeats);
        let parts = tune(&format!("P:{order}\n"), &parts);
        let written = tune("", &format!("{}|\n", written.join("|")));
        assert_same(seed, &repeats, &written);
        assert_same(seed, &parts, &written);
    }
}

/// The bars of a tune that fill their metre are as long as it.
#[test]
fn full_bars_are_as_long_as_the_metre() {
    for seed in SEEDS {
        let text = Generator::new(seed, true).tune();
        for voice in &parse(&text).0.tunes[0].voices {
            let mut carry = Carry::default();
            for bar in &voice.bars {
                let mut context = bar.context;
                bar.items.iter().for_each(|item| {
                    if let Symbol::Change(change) = &item.symbol {
                        context.apply(change);
                    }
                });
                let length = measure(bar, &mut carry).0.length;
                assert_eq!(
                    Some(length),
                    context.meter.length(),
                    "seed {seed}: {}",
                    &text[bar.span.start..bar.span.end]
                );
            }
        }
    }
}

/// A bar that was read and printed has the same notes.
#[test]
fn printed_bars_keep_their_notes() {
    for seed in SEEDS {
        let mut generator = Generator::new(seed, false);
        let bar = generator.bar();
        let text = format!("{}K:{}\n{bar}|\n", generator.header(), generator.key);
        let tune = parse(&text).0.tunes.remove(0);
        let bar = &tune.voices[0].bars[0];
        let context = bar.context;
        let (read, _) = measure(bar, &mut Carry::default());
        let style = print::Style::new(&context.key, context.meter, context.unit);
        let printed = print::bar(&read, read.length, &style);
        let (again, diagnostics) = read_bar(&printed, &context.key, context.meter, context.unit, &[]);
        assert_eq!(diagnostics, [], "{printed}");
        assert_eq!(sounding(&read), sounding(&again), "seed {seed}: {text}\n{printed}");
        assert_eq!(print::bar(&again, again.length, &style), printed);
    }
}

/// Onset, length and pitch of the notes of one bar, ties joined, and what is tied out of it.
fn sounding(bar: &Measure) -> (Vec<(Beats, i32, Beats)>, Vec<i32>) {
    let joined = join([(Beats::ZERO, bar)]).into_iter();
    let mut notes: Vec<_> = joined.map(|Joined { onset, length, pitch, .. }| (onset, pitch.midi(), length)).collect();
    notes.sort_unstable();
    (notes, bar.tied_out().into_iter().map(Pitch::midi).collect())
}
