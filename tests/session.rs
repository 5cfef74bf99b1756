//! A whole session, as a performer has it: the real program on a pseudo-terminal, its keys typed, its screen read as cells, and afterwards the
//! file and the journal.

#[path = "common/program.rs"]
mod program;
#[path = "common/pty.rs"]
mod pty;
#[path = "common/show.rs"]
mod show;

use std::num::NonZero;
use std::path::Path;

use barline::journal::{self, Recording};
use show::*;

/// Two scenes with bars of a second.
const PROMPT: &str = "X:1\nT:Quay\nM:4/4\nL:1/8\nQ:1/4=240\nK:C\n%%phrase 4\nV:bass by=loop patch=sub\nV:lead patch=reed\n\
    [V:bass] C,8 |\n[V:lead] C8 |\n\nX:2\nT:Harbour\nM:4/4\nL:1/8\nQ:1/4=240\nK:C\n%%phrase 4\nV:bass by=loop patch=sub\n\
    V:lead patch=reed\n[V:bass] F,8 |\n[V:lead] A8 |\n";
const SCRIPT: &str = "E8 ; F8 ; G8";
/// Rows and columns.
const SMALL: (NonZero<u16>, NonZero<u16>) = (NonZero::new(10).unwrap(), NonZero::new(40).unwrap());
const UNDO: &[u8] = b"\x1a";
const END: &[u8] = b"\x1b[F";
const LINE_END: &[u8] = b"\x05";
const TEXT_END: &[u8] = b"\x1b[1;5F";
const LEAD: usize = 1;

/// The bars that sound are those of the screen; each is seen when the screen is looked at in time.
fn start() -> Show {
    let options = ["--composer", &by_script(), "--audio", "none"];
    Show::start_with(PROMPT, &options, &[("BY_SCRIPT", Path::new(SCRIPT))])
}

fn after_leader(show: &mut Show, key: &[u8]) {
    show.type_keys(LEADER);
    show.wait_for("── menu");
    show.type_keys(key);
}

/// Number and text of the part that the bars' cursor is on.
fn under_cursor(shown: &str) -> Option<(i64, String)> {
    let row = shown.lines().find(|row| row.contains('┊') && row.contains('['))?;
    let number = row.chars().skip(1).collect::<String>().split('┊').next()?.trim().parse().ok()?;
    let text = row.split_once('[')?.1.split(']').next()?;
    Some((number, text.to_owned()))
}

/// Beats until the edit is heard, as the screen says it: a bar has four.
fn countdown(shown: &str) -> Option<u32> {
    let rest = shown.split("the edit is heard at bar ").nth(1)?.split(", in ").nth(1)?;
    let mut words = rest.split_whitespace();
    let count: u32 = words.next()?.parse().ok()?;
    Some(if words.next()?.starts_with("bar") { 4 * count } else { count })
}

fn edit_and_evaluate(show: &mut Show) {
    show.type_keys(&DOWN.repeat(9));
    show.type_keys(LINE_END);
    show.type_keys(b"\x7f\x7f\x7f4 G,4 |");
    show.wait_for("[V:bass] C,4 G,4 |");
    let now = show.wait_for_bar(1);
    show.wait_for_bar(now + 1);
    assert_eq!(show.texts(0)[&(now + 1)], "C,8", "what is only typed is not heard");
    show.type_keys(EVALUATE);
    let (from, mut left) = show.wait("countdown", |shown| Some((promised(shown)?, countdown(shown)?)));
    while left > 1 {
        // It says less and less, or that it is over.
        let next = show.wait("less of the countdown", |shown| match countdown(shown) {
            Some(next) if next == left => None,
            Some(next) => Some(next),
            None => Some(0),
        });
        assert!(next < left, "{next} after {left}");
        left = next;
    }
    show.wait_for_bar(from + 1);
    let texts = show.texts(0);
    assert_eq!([texts[&(from - 1)], texts[&from]], ["C,8", "C,4 G,4"]);
    assert_eq!(std::fs::read_to_string(show.prompt()).unwrap(), PROMPT.replace("C,8", "C,4 G,4"));
}

fn reroll_and_choose(show: &mut Show) {
    show.type_keys(BARS);
    show.type_keys(RIGHT);
    show.type_keys(END);
    let (bar, before) = show.wait("a bar under the cursor", under_cursor);
    show.type_keys(b"r");
    let rerolled = show.wait("another bar in its place", |shown| {
        under_cursor(shown).filter(|(at, text)| *at >= bar && *text != before)
    });
    assert!(["E8", "F8", "G8"].contains(&rerolled.1.as_str()), "{rerolled:?}");
    show.type_keys(b"c");
    let list = show.wait("drafts", |shown| shown.contains("✓").then(|| shown.to_owned()));
    for draft in ["E8", "F8", "G8"] {
        assert!(list.contains(draft), "{list}");
    }
    // The first, unless it is there already.
    let (digit, wanted): (&[u8], _) = if rerolled.1 == "E8" { (b"3", "G8") } else { (b"1", "E8") };
    show.type_keys(digit);
    let (chosen, _) = show.wait("the draft", |shown| under_cursor(shown).filter(|(_, text)| text == wanted));
    show.wait("end of the drafts", |shown| (!shown.contains("takes a draft")).then_some(()));
    show.wait_for_bar(chosen);
    assert_eq!(show.heard[&chosen][LEAD].text, wanted);
}

fn keep_and_mute(show: &mut Show) {
    show.type_keys(b"k");
    show.wait_for("kept ");
    show.type_keys(b"m");
    show.wait_for("lead (muted)");
    show.type_keys(b"m");
    show.wait("the lead again", |shown| (!shown.contains("lead (muted)")).then_some(()));
    show.type_keys(ESCAPE);
    show.wait("end of the cursor", |shown| under_cursor(shown).is_none().then_some(()));
    // What is kept is one step of undo.
    show.wait_for("%- [V:lead] C8 |");
    show.type_keys(UNDO);
    show.wait("the text as it was", |shown| (!shown.contains("%- ")).then_some(()));
}

fn arm_a_scene(show: &mut Show) {
    after_leader(show, b"S");
    show.wait_for("› 1 ▶ prompt.abc  X:1 Quay");
    show.type_keys(b"2a");
    let line =
        show.wait("what is armed", |shown| number_behind(shown, "armed for bar ").filter(|_| shown.contains("X:2")));
    show.wait_for_bar(line);
    let texts = show.texts(0);
    assert_eq!([texts[&(line - 1)], texts[&line]], ["C,4 G,4", "F,8"], "{texts:?}");
    assert_eq!((line - 1) % 4, 0, "a phrase line");
}

fn break_the_prompt(show: &mut Show) {
    show.type_keys(TEXT_END);
    let broken = b"[V:bass] B,8 B,8 |";
    show.type_keys(broken);
    show.type_keys(EVALUATE);
    show.wait_for("prompt.abc:24:10: error: ");
    let now = show.wait_for_bar(1);
    show.wait_for_bar(now + 2);
    assert_eq!(show.texts(0)[&(now + 2)], "F,8", "the last good version plays");
    show.type_keys(&b"\x7f".repeat(broken.len()));
    show.wait("the line is gone", |shown| (!shown.contains("B,8 B,8")).then_some(()));
    show.type_keys(EVALUATE);
    let from = show.wait("a promise", promised);
    show.wait_for_bar(from);
}

fn kill_the_composer(show: &mut Show) {
    let composer = show.composer();
    pty::signal(composer, libc::SIGKILL);
    show.wait_for("it is started again, the music goes on");
    let killed = show.wait_for_bar(1);
    let another = |parent| children(parent).into_iter().find(|child| *child != composer && is_alive(*child));
    let parent = show.child.id();
    show.wait("another composer", |_| another(parent));
    show.wait_for("composer ready");
    let written = |shown: &str| bars(shown).iter().any(|bar| bar.number > killed + 8 && bar.cells[LEAD].mark == "m");
    show.wait("bar by the new composer", |shown| written(shown).then_some(()));
}

fn shrink_and_grow(show: &mut Show) {
    show.resize(SMALL.0, SMALL.1);
    // The bar that sounds and the next one, whatever goes.
    let small = |show: &Show| {
        let (rows, bars) = (show.rows(), bars(&show.shown()));
        let at = bars.iter().position(|bar| bar.sounding)?;
        (rows.len() == 10 && rows[0].starts_with("▶ playing") && bars.len() > at + 1).then_some(rows)
    };
    let rows = pty::wait(|| small(show), || show.shown());
    assert!(rows.iter().all(|row| row.chars().count() <= 40), "{rows:?}");
    show.resize(ROWS, COLUMNS);
    pty::wait(
        || (bars(&show.shown()).len() > 3 && show.shown().contains("── prompt.abc")).then_some(()),
        || show.shown(),
    );
}

fn paste_ten_thousand_lines(show: &mut Show) {
    let lines: String = (1..=10_000).map(|line| format!("% line {line}\r")).collect();
    show.type_keys(TEXT_END);
    show.type_keys(format!("\x1b[200~{lines}\x1b[201~").as_bytes());
    show.wait_for("% line 10000");
    show.type_keys(b"% and one by hand");
    show.wait_for("% and one by hand");
    show.type_keys(EVALUATE);
    let path = show.prompt();
    let saved = show.wait("the saved text", |_| {
        std::fs::read_to_string(&path).ok().filter(|text| text.ends_with("% and one by hand"))
    });
    assert!(saved.contains("\n% line 1\n") && saved.contains("\n% line 10000\n"));
    let now = show.wait_for_bar(1);
    show.wait_for_bar(now + 3);
}

fn recording(show: &Show) -> Recording {
    let bytes = std::fs::read(show.journal()).unwrap();
    let (recording, damages) = journal::read(&bytes).unwrap().expect("a journal");
    assert!(damages.is_empty(), "{damages:?}");
    recording
}

#[test]
fn a_performer_goes_through_everything_and_the_music_never_stops() {
    let mut show = start();
    show.wait_for_bar(2);
    for said in ["▶ playing", "composer ready", "── prompt.abc", "ladder 0"] {
        show.wait_for(said);
    }
    edit_and_evaluate(&mut show);
    reroll_and_choose(&mut show);
    keep_and_mute(&mut show);
    arm_a_scene(&mut show);
    break_the_prompt(&mut show);
    kill_the_composer(&mut show);
    show.heard();
    shrink_and_grow(&mut show);
    paste_ten_thousand_lines(&mut show);
    let seen = show.heard.clone();
    show.quit();
    // Every bar is there, each begins where the one before it ends, and has something to play in it; those that were seen are as they were seen.
    let bars = recording(&show).bars();
    let numbers: Vec<i64> = bars.iter().map(|bar| bar.number).collect();
    assert_eq!(numbers, (1..=*numbers.last().unwrap()).collect::<Vec<_>>());
    let starts: Vec<_> = bars.iter().map(|bar| bar.at).collect();
    let lengths: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{starts:?}");
    for bar in &bars {
        assert!(
            bar.parts.iter().all(|part| part.text.contains(|c: char| c.is_ascii_alphabetic() && c != 'z')),
            "{bar:?}"
        );
    }
    for (number, cells) in &seen {
        let Some(bar) = bars.iter().find(|bar| bar.number == *number) else { continue };
        assert!(bar.parts.iter().zip(cells).all(|(part, cell)| part.text == cell.text), "{bar:?} {cells:?}");
    }
}
