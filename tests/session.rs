//! A whole set on one terminal, as a performer plays it: from the start to the question whether to quit, with everything in between that can go
//! wrong. What is asserted is what stands on the screen, and afterwards what the journal says was heard.

#[path = "common/program.rs"]
mod program;
#[path = "common/pty.rs"]
mod pty;
#[path = "common/scripted.rs"]
mod scripted;
#[path = "common/show.rs"]
mod show;

use std::num::NonZero;
use std::path::Path;

use show::*;

/// Bars of a second: a loop and a voice that is composed, and a scene that has another loop.
const SET: &str = "X:1\nT:Day\nM:2/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 4\nV:bass by=loop patch=sub\nV:lead patch=reed\n\
                   [V:bass] C,2 G,2 |\n[V:lead] C4 |\n\nX:2\nT:Night\nM:2/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 4\n\
                   V:bass by=loop patch=sub\nV:lead patch=reed\n[V:bass] F,2 A,2 |\n[V:lead] F4 |\n";
/// Drafts for each bar of the lead.
const BARS_OF_LEAD: &str = "E4 ; F4 ; G4 ; A4";

const UNDO: &[u8] = b"\x1a";
const END_OF_TEXT: &[u8] = b"\x1b[1;5F";
const START_OF_TEXT: &[u8] = b"\x1b[1;5H";

#[test]
fn a_composer_by_script() {
    scripted::compose();
}

#[test]
fn a_whole_set() {
    let options = ["--composer", &scripted::command(), "--audio", "none"];
    perform(Show::start_with(SET, &options, &[(scripted::SCRIPT, Path::new(BARS_OF_LEAD))]));
}

#[cfg(feature = "llama")]
#[test]
fn a_whole_set_with_the_model() {
    let Some(model) = program::model() else { return };
    perform(Show::start(SET, model.to_str().unwrap()));
}

fn perform(mut show: Show) {
    show.wait_for_bar(3);
    edits_and_sees_the_countdown(&mut show);
    draws_again_and_chooses(&mut show);
    keeps(&mut show);
    mutes(&mut show);
    arms_another_scene(&mut show);
    breaks_the_prompt(&mut show);
    loses_the_composer(&mut show);
    plays_on_a_small_terminal(&mut show);
    pastes_ten_thousand_lines(&mut show);
    let last = show.wait_for_bar(1);
    show.quit();
    // Each bar that was shown was heard, and nothing else: none is missing in the journal.
    let (replayed, shown) = (show.replayed("lead"), show.texts(1));
    assert!(replayed.len() as i64 >= last, "{} bars of {last}", replayed.len());
    for (number, text) in shown.range(..last) {
        let heard = &replayed[*number as usize - 1];
        assert_eq!(heard.replace(' ', ""), text.replace(' ', ""), "bar {number}");
    }
}

/// A key of the menu.
fn menu(show: &mut Show, keys: &[u8]) {
    show.type_keys(LEADER);
    show.wait_for("── menu");
    show.type_keys(keys);
}

/// What stands before the question is over.
fn goes(show: &mut Show, text: &str) {
    show.wait(&format!("end of {text}"), |shown| (!shown.contains(text)).then_some(()));
}

fn edits_and_sees_the_countdown(show: &mut Show) {
    show.type_keys(START_OF_TEXT);
    let line = SET.lines().position(|line| line.starts_with("[V:bass]")).unwrap();
    for _ in 0..line {
        show.type_keys(DOWN);
    }
    // To the end of the line, and five to the left of it.
    show.type_keys(b"\x05\x7f\x7f\x7f\x7f\x7fE,2 |");
    show.wait_for("C,2 E,2 |");
    show.type_keys(EVALUATE);
    let from = show.wait("promise", promised);
    show.wait_for(&format!("heard at bar {from}, in 1 beat"));
    show.wait_for_bar(from + 1);
    let texts = show.texts(0);
    assert_eq!([texts[&(from - 1)], texts[&from]], ["C,2 G,2", "C,2 E,2"], "{texts:?}");
}

fn draws_again_and_chooses(show: &mut Show) {
    show.type_keys(BARS);
    show.wait_for("r reroll");
    show.type_keys(b"2");
    // The farthest bar, for which there is the most time.
    let under = |shown: &str| {
        let row = shown.lines().find(|row| row.contains('┊') && row.contains('['))?;
        let number: i64 = row.chars().skip(1).collect::<String>().split('┊').next()?.trim().parse().ok()?;
        Some((number, row.split_once('[')?.1.split_once(']')?.0.to_owned()))
    };
    show.type_keys(b"\x1b[F");
    let (number, before) = show.wait("a bar under the cursor", under);
    show.type_keys(b"r");
    show.wait("another draw", |shown| under(shown).filter(|(_, text)| *text != before));
    show.type_keys(b"c");
    show.wait_for("takes a draft");
    let second = |shown: &str| {
        let rows = shown.lines().map(|row| row.trim_start_matches(['›', ' ']));
        let draft =
            rows.filter_map(|row| row.strip_prefix('2')).find(|row| row.contains('.') && !row.contains("dB"))?;
        Some(draft.trim_start_matches(['✓', ' ']).split("  ").next()?.trim().to_owned())
    };
    let chosen = show.wait("a second draft", second);
    show.type_keys(b"2");
    goes(show, "takes a draft");
    let (at, text) = show.wait("the draft in its place", |shown| under(shown).filter(|(_, text)| *text == chosen));
    assert!(at >= number, "the cursor goes on when its bar is fixed");
    show.wait_for_bar(at + 1);
    assert_eq!(show.texts(1)[&at].replace(' ', ""), text.replace(' ', ""));
    show.type_keys(ESCAPE);
    goes(show, "r reroll");
}

fn keeps(show: &mut Show) {
    menu(show, b"k2");
    show.wait_for("kept 4 bars of lead");
    show.wait_for("V:lead by=loop");
    show.type_keys(UNDO);
    goes(show, "V:lead by=loop");
}

fn mutes(show: &mut Show) {
    menu(show, b"m1");
    show.wait_for("bass (muted)");
    menu(show, b"m1");
    goes(show, "bass (muted)");
}

fn arms_another_scene(show: &mut Show) {
    menu(show, b"a");
    show.wait_for("arming");
    menu(show, b"m1");
    show.wait_for("arming: mute bass");
    menu(show, b"S");
    show.wait_for("── scenes");
    show.type_keys(b"2a");
    show.wait_for("arming: mute bass, Night");
    menu(show, b"a");
    let from = show.wait("the phrase line", |shown| number_behind(shown, "armed for bar "));
    assert_eq!((from - 1) % 4, 0, "a phrase line");
    show.wait_for("bass (muted)");
    show.wait_for_bar(from + 1);
    let texts = show.texts(0);
    assert_eq!([texts[&(from - 1)], texts[&from]], ["C,2 E,2", "F,2 A,2"], "{texts:?}");
    menu(show, b"m1");
    goes(show, "bass (muted)");
}

fn breaks_the_prompt(show: &mut Show) {
    show.type_keys(END_OF_TEXT);
    show.type_keys(b"V:lead patch=theremin");
    show.wait_for("V:lead patch=theremin");
    show.type_keys(EVALUATE);
    show.wait_for("there is no patch 'theremin'");
    let now = show.wait_for_bar(1);
    show.wait_for_bar(now + 2);
    assert_eq!(show.texts(0)[&(now + 1)], "F,2 A,2", "the last good version plays on");
    show.type_keys(UNDO);
    goes(show, "V:lead patch=theremin");
    show.type_keys(EVALUATE);
    show.wait_for("prompt.abc evaluated");
}

fn loses_the_composer(show: &mut Show) {
    let composer = show.composer();
    pty::signal(composer, libc::SIGKILL);
    show.wait_for("the music goes on");
    let now = show.wait_for_bar(1);
    show.wait_for("composer ready");
    show.wait_for_bar(now + 3);
}

fn plays_on_a_small_terminal(show: &mut Show) {
    let (rows, columns) = (NonZero::new(10).unwrap(), NonZero::new(40).unwrap());
    show.resize(rows, columns);
    let playing = |shown: &str| {
        let sounding = shown.lines().any(|line| line.starts_with("▶ ") && line.contains('│'));
        (shown.starts_with("▶ playing") && sounding).then_some(())
    };
    pty::wait(|| playing(&show.shown()), || format!("no music in\n{}", show.shown()));
    assert!(show.rows().iter().all(|row| row.chars().count() <= 40), "{}", show.shown());
    show.resize(ROWS, COLUMNS);
    show.wait("the whole screen again", |shown| (shown.lines().count() > 30).then(|| sounding(shown))?);
}

fn pastes_ten_thousand_lines(show: &mut Show) {
    show.type_keys(END_OF_TEXT);
    let before = show.wait_for_bar(1);
    let paste = "% and on\r".repeat(10_000);
    show.type_keys(format!("\x1b[200~{paste}% the end\x1b[201~").as_bytes());
    show.wait_for("% the end");
    show.wait_for("10024 ");
    show.type_keys(EVALUATE);
    let now = show.wait_for_bar(before + 1);
    show.wait_for_bar(now + 2);
    show.type_keys(UNDO);
    goes(show, "% the end");
    show.type_keys(EVALUATE);
    show.wait_for("prompt.abc evaluated");
}
