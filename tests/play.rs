//! Playing, as the performer has it: the real program on a pseudo-terminal, its screen read as text.

#[cfg(feature = "llama")]
#[path = "common/gguf.rs"]
mod gguf;
#[path = "common/program.rs"]
mod program;
#[path = "common/pty.rs"]
mod pty;
#[path = "common/scripted.rs"]
mod scripted;
#[path = "common/show.rs"]
mod show;

#[cfg(feature = "llama")]
use std::collections::BTreeMap;
use std::path::Path;
#[cfg(feature = "llama")]
use std::process::Child;

use program::Place;
use show::*;

/// Bars of one second. The loop says which version of the text is heard.
const LOOP: &str = "X:1\nT:Loop\nM:2/4\nL:1/8\nQ:1/4=120\nK:C\nV:bass by=loop patch=sub\n[V:bass] C,2 G,2 |\n";

#[test]
fn a_loop_plays_by_itself_without_model_sound_or_midi_and_the_screen_says_so() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(4);
    assert!(show.texts(0).values().all(|text| *text == "C,2 G,2"), "{:?}", show.texts(0));
    for said in ["▶ playing", "audio none (clock only)", "midi none", "composer none", "ladder 0"] {
        show.wait_for(said);
    }
    show.quit();
}

#[cfg(target_os = "linux")]
#[test]
fn where_there_is_no_sound_card_or_port_it_plays_and_says_so() {
    let place = Place::new();
    let silence = place.write("asound.conf", "");
    // An empty configuration of ALSA is a machine without devices.
    let prompt = LOOP.replace("patch=sub", "patch=sub out=Moog");
    let mut show = Show::start_with(&prompt, &["--model", "none"], &[("ALSA_CONFIG_PATH", silence.as_path())]);
    show.wait_for_bar(3);
    let messages = show.messages();
    for said in ["no MIDI here: ", "the MIDI port 'Moog' is missing: bass plays sub", "no sound"] {
        assert!(messages.contains(said), "{said}: {messages}");
    }
    show.quit();
}

#[test]
fn the_ladder_goes_on_where_the_text_ends() {
    let mut show = Show::start("X:1\nM:2/4\nL:1/8\nQ:1/4=120\nK:D\n[V:lead] D2F2 | A4 |\n", "none");
    show.wait_for_bar(6);
    let marks: Vec<&str> = show.heard().values().map(|cells| cells[0].mark.as_str()).collect();
    assert_eq!(marks[..2], ["t", "t"]);
    assert!(marks[2..].iter().all(|mark| mark.starts_with('L')), "{marks:?}");
    show.quit();
}

#[test]
fn a_command_that_is_no_composer_leaves_the_music_to_the_ladder() {
    let seed = "X:1\nM:2/4\nL:1/8\nQ:1/4=120\nK:D\n[V:lead] D2F2 | A4 |\n";
    for (command, said) in [
        ("cat", "its command does not speak Barline's frames"),
        ("exit 3", "composer ended (exit status: 3); it is started again, the music goes on"),
        ("head -c 100 /dev/urandom", "composer "),
    ] {
        let mut show = Show::start_with(seed, &["--composer", command, "--audio", "none"], &[]);
        show.wait_for_bar(6);
        assert!(show.messages().contains(said), "{command}: {}", show.shown());
        let marks: Vec<&str> = show.heard().values().map(|cells| cells[0].mark.as_str()).collect();
        assert!(marks[2..].iter().all(|mark| mark.starts_with('L')), "{marks:?}");
        show.quit();
    }
}

#[test]
fn a_scene_is_played_from_the_list_and_a_voice_gets_another_patch() {
    let other = LOOP.replace("X:1", "X:2").replace("T:Loop", "T:Other").replace("C,2 G,2", "F,2 A,2");
    let mut show = Show::start(&format!("{LOOP}\n{other}"), "none");
    show.wait_for_bar(2);
    let menu = |show: &mut Show, key: &[u8], list: &str| {
        show.type_keys(LEADER);
        show.wait_for("── menu");
        show.type_keys(key);
        show.wait_for(list);
    };
    menu(&mut show, b"S", "── scenes");
    show.wait_for("› 1 ▶ prompt.abc  X:1 Loop");
    show.type_keys(b"2\r");
    let from = show.wait("promise", |shown| shown.contains("F,2 A,2").then(|| promised(shown))?);
    show.wait_for_bar(from + 1);
    let texts = show.texts(0);
    assert_eq!([texts[&(from - 1)], texts[&from]], ["C,2 G,2", "F,2 A,2"], "{texts:?}");
    menu(&mut show, b"S", "› 2 ▶ prompt.abc  X:2 Other");
    show.type_keys(ESCAPE);
    show.wait("end of the list", |shown| (!shown.contains("── scenes")).then_some(()));
    menu(&mut show, b"v", "── patch of bass");
    show.type_keys(b"plu");
    show.wait_for("› pluck");
    show.type_keys(b"\r");
    show.wait_for("bass has patch=pluck in prompt.abc; Ctrl+S makes it heard");
    show.type_keys(EVALUATE);
    let (path, expected) = (show.prompt(), format!("{LOOP}\n{}", other.replace("patch=sub", "patch=pluck")));
    show.wait("saved text", |_| (std::fs::read_to_string(&path).ok()? == expected).then_some(()));
    show.quit();
}

#[test]
fn a_composer_by_script() {
    scripted::compose();
}

#[test]
fn a_bar_to_come_is_drawn_again_pinned_and_written_and_heard_so() {
    let prompt = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n%%phrase 4\nV:bass by=loop patch=sub\nV:lead patch=reed\n\
                  [V:bass] C,8 |\n[V:lead] C8 |\n";
    let options = ["--composer", &scripted::command(), "--audio", "none"];
    let mut show = Show::start_with(prompt, &options, &[(scripted::SCRIPT, Path::new("E8 ; F8 ; G8"))]);
    // Where the cursor stands, when what is there is this.
    let at = |what: &'static str| {
        move |shown: &str| {
            let row = shown.lines().find(|row| row.contains('┊') && row.contains(what))?;
            row.chars().skip(1).collect::<String>().split('┊').next()?.trim().parse::<i64>().ok()
        }
    };
    show.wait_for_bar(2);
    show.type_keys(BARS);
    show.type_keys(RIGHT);
    show.wait("a planned bar", at("m [E8]"));
    show.type_keys(b"p");
    let pinned = show.wait("a pinned bar", at("m•[E8]"));
    show.type_keys(LEADER);
    show.wait_for("── menu");
    show.type_keys(b"r");
    show.wait("all others drawn again", |shown| {
        shown.lines().any(|row| row.contains("┊ t  C,8") && row.contains("m  F8")).then_some(())
    });
    show.type_keys(DOWN);
    show.wait("the next bar", at("m [F8]"));
    show.type_keys(b"r");
    let rerolled = show.wait("a bar drawn again", at("m [G8]"));
    show.type_keys(DOWN);
    show.wait("the bar after it", at("m [F8]"));
    show.type_keys(b"e");
    show.wait_for("a full bar: Enter puts it there");
    show.type_keys(CUT);
    show.type_keys(b"A4 B3");
    show.wait_for("this bar lasts 7/8 of a whole note, and 1 are asked by M:4/4");
    show.type_keys(b"c\r");
    let written = show.wait("a written bar", at("e•[A4 B3c]"));
    show.wait_for_bar(written + 1);
    let texts = show.texts(1);
    assert_eq!([pinned, rerolled, written].map(|bar| texts[&bar]), ["E8", "G8", "A4 B3c"], "{texts:?}");
    show.quit();
    assert_eq!(show.replayed("lead")[written as usize - 1].replace(' ', ""), "A4B3c");
}

#[test]
fn a_save_by_another_program_is_heard_exactly_from_the_bar_that_the_screen_names() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(2);
    for (before, after) in [("C,2 G,2", "F,2 A,2"), ("F,2 A,2", "G,2 B,2")] {
        show.save_from_outside(&LOOP.replace("C,2 G,2", after));
        let from = show.wait("promise", |shown| shown.contains(after).then(|| promised(shown))?);
        show.wait_for_bar(from + 2);
        let texts = show.texts(0);
        assert!(texts.range(from..).all(|(_, text)| *text == after), "from bar {from}: {texts:?}");
        assert_eq!(texts[&(from - 1)], before, "until bar {}: {texts:?}", from - 1);
    }
    show.quit();
}

#[test]
fn a_saved_lexicon_holds_for_the_words_that_play() {
    let mut show = Show::start(&LOOP.replace("T:Loop", "T:Loop\n% ferry"), "none");
    show.wait_for("heard: not understood: ferry");
    show.place.write("set/lexicon.words", "ferry = low steady\n");
    show.wait_for("heard: low steady");
    show.place.write("set/lexicon.words", "ferry = low\nglow = hgih\n");
    show.wait_for("lexicon.words:2:8: error: 'hgih' is no control word");
    show.wait_for("heard: low steady");
    show.place.write("set/lexicon.words", "ferry = busy\n");
    show.wait_for("heard: busy");
    show.quit();
}

#[test]
fn a_saved_rig_holds_for_the_text_that_plays() {
    let mut show = Show::start(&LOOP.replace("patch=sub", "patch=sub out=box"), "none");
    show.wait_for("the MIDI port 'box' is missing: bass plays sub");
    show.place.write("set/rig.toml", "box = { port = \"No such port\", chanel = 2 }\n");
    show.wait_for("rig.toml:1:32: error: 'chanel' is not known of an output (did you mean 'channel'?)");
    show.place.write("set/rig.toml", "box = { port = \"No such port\", channel = 2, fallback = \"pluck\" }\n");
    show.wait_for("the MIDI port 'No such port' is missing: bass plays pluck");
    show.quit();
}

#[test]
fn nonsense_changes_nothing_but_the_message() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(2);
    let nonsense = [
        (LOOP.replace("patch=sub", "patch=theremin"), "prompt.abc:7:16: error: "),
        (LOOP.replace("C,2 G,2", "F,2 A,2 B,2"), "prompt.abc:8:10: error: "),
        ("Once upon a time\nthere was a bass.\n".to_owned(), "prompt.abc:1:1: "),
    ];
    for (text, message) in nonsense {
        show.save_from_outside(&text);
        show.wait_for(message);
        assert!(show.messages().contains("the last good version"), "{message}");
        let now = show.wait_for_bar(1);
        show.wait_for_bar(now + 3);
        assert!(show.texts(0).values().all(|text| *text == "C,2 G,2"), "{message}: {:?}", show.texts(0));
    }
    show.save_from_outside(&LOOP.replace("C,2 G,2", "F,2 A,2"));
    let from = show.wait("promise", |shown| shown.contains("F,2 A,2").then(|| promised(shown))?);
    show.wait_for_bar(from + 1);
    assert_eq!(show.texts(0)[&from], "F,2 A,2", "a good text is heard again");
    show.quit();
}

#[test]
fn typed_text_outlives_everything() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(1);
    show.type_keys(b"% typed by hand\r");
    show.wait_for("% typed by hand");
    let stays = |show: &mut Show| {
        let now = show.wait_for_bar(1);
        show.wait_for_bar(now + 2);
        assert!(show.shown().contains("% typed by hand"), "{}", show.shown());
        assert!(show.texts(0).values().all(|text| *text == "C,2 G,2"), "{:?}", show.texts(0));
    };
    show.save_from_outside(&LOOP.replace("C,2 G,2", "F,2 A,2"));
    show.wait_for("saved by another program; your text stays");
    stays(&mut show);
    show.save_from_outside("nonsense\n");
    stays(&mut show);
    std::fs::remove_file(show.prompt()).unwrap();
    show.wait_for("removed from disk");
    stays(&mut show);
    // Broken on purpose, and evaluated: it is saved, not heard, and still there.
    show.type_keys(b"V:bass patch=theremin\r");
    show.type_keys(EVALUATE);
    show.wait_for("prompt.abc:2:");
    stays(&mut show);
    let saved = std::fs::read_to_string(show.prompt()).unwrap();
    assert!(saved.starts_with("% typed by hand\nV:bass patch=theremin\nX:1\n"), "{saved}");
    show.type_keys(b"% and not saved\r");
    show.wait_for("% and not saved");
    pty::signal(show.child.id(), libc::SIGTERM);
    show.ends();
    assert!(show.shown().contains("the unsaved text of"), "{}", show.shown());
    let kept =
        std::fs::read_dir(show.place.path("XDG_STATE_HOME/barline/unsaved")).unwrap().next().unwrap().unwrap().path();
    assert!(kept.to_str().unwrap().ends_with("-prompt.abc"), "{}", kept.display());
    assert!(std::fs::read_to_string(kept).unwrap().contains("\n% and not saved\n"));
}

#[test]
fn typed_text_is_heard_when_it_is_evaluated() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(2);
    // To the G of the last line: the text's end, up, and seven to the right.
    show.type_keys(b"\x1b[1;5F\x1b[A\x05\x7f\x7f\x7f\x7f\x7fE,2 |");
    show.wait_for("C,2 E,2 |");
    show.type_keys(EVALUATE);
    let from = show.wait("promise", promised);
    show.wait_for_bar(from + 1);
    assert_eq!((show.texts(0)[&(from - 1)], show.texts(0)[&from]), ("C,2 G,2", "C,2 E,2"));
    assert_eq!(std::fs::read_to_string(show.prompt()).unwrap(), LOOP.replace("G,2", "E,2"));
    show.quit();
}

#[test]
fn stopping_and_playing_again_goes_on_with_the_next_bar() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(2);
    show.type_keys(LEADER);
    show.type_keys(b"s");
    show.wait_for("■ stopped");
    show.type_keys(LEADER);
    show.type_keys(b"p");
    show.wait_for("▶ playing");
    let now = show.wait_for_bar(3);
    show.wait_for_bar(now + 2);
    show.heard();
    show.quit();
}

#[test]
fn what_was_played_can_be_heard_again() {
    use std::io::BufRead as _;

    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(2);
    show.save_from_outside(&LOOP.replace("C,2 G,2", "F,2 A,2"));
    let from = show.wait("promise", |shown| shown.contains("F,2 A,2").then(|| promised(shown))?);
    let loud = show.wait_for_bar(from + 1);
    show.type_keys(LEADER);
    show.type_keys(b"m1");
    show.wait_for("bass (muted)");
    let muted = show.wait_for_bar(1);
    show.wait_for_bar(muted + 3);
    show.type_keys(LEADER);
    show.type_keys(b"s");
    show.wait_for("■ stopped");
    let heard: Vec<String> = show.texts(0).range(..=muted + 2).map(|(_, text)| (*text).to_owned()).collect();
    // Where nothing plays nobody is asked.
    show.type_keys(QUIT);
    show.ends();
    assert!(show.shown().contains("this set can be heard again: barline replay"), "{}", show.shown());
    let bars = show.replayed("bass");
    let [loud, muted] = [loud, muted].map(|bar| usize::try_from(bar).unwrap());
    assert_eq!(bars[..loud - 1], heard[..loud - 1]);
    assert_eq!(bars[muted..muted + 2], ["z4", "z4"]);
    let tracks = barline::import::read_midi(&show.place.path("a.mid")).unwrap().tracks;
    let notes = show.place.run([Path::new("notes"), &show.place.path("a.abc")]).out;
    assert_eq!(tracks[0].notes.len(), notes.lines().count());

    // To the outputs, with a line for each bar, until it is told to end.
    let mut replay = show.place.program();
    replay.args([Path::new("replay"), &show.journal(), Path::new("--audio"), Path::new("none")]);
    let mut replay = replay.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(replay.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "  1│ bass t C,2 G,2");
    pty::signal(replay.id(), libc::SIGTERM);
    assert_eq!(replay.wait().unwrap().code(), Some(0));
}

#[test]
fn after_a_crash_the_set_goes_on_as_it_was_set() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(1);
    show.type_keys(b"\x1b1");
    show.wait_for("bass (muted)");
    show.type_keys(LEADER);
    show.type_keys(b"]");
    show.wait_for("tempo 121 (text 120)");
    let bar = show.wait_for_bar(1);
    show.wait_for_bar(bar + 2);
    show.crash_and_go_on();
    show.wait_for_bar(1);
    show.wait_for("bass (muted)");
    show.wait_for("tempo 121 (text 120)");
    show.quit();
}

/// A power cut takes no more than the last seconds of what was typed: another set offers it, `--last` has it on the screen.
#[test]
fn typed_text_outlives_a_power_cut() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(1);
    show.type_keys(b"% not saved\r");
    let typed = show.place.path("XDG_STATE_HOME/barline/typed.json");
    show.wait("text that is written away", |_| {
        std::fs::read_to_string(&typed).ok()?.contains("% not saved").then_some(())
    });
    show.crash_and_go_on();
    show.wait_for_bar(1);
    show.wait_for("% not saved");
    show.child.kill().unwrap();
    show.child.wait().unwrap();
    let place = std::mem::replace(&mut show.place, Place::new());
    let set = place.path("set");
    let options = [set.as_os_str(), "--model".as_ref(), "none".as_ref(), "--audio".as_ref(), "none".as_ref()];
    let mut show = Show::start_in(place, &options, &[]);
    show.wait_for("what you had typed in prompt.abc and not saved is there");
    assert!(!show.shown().contains("% not saved"), "{}", show.shown());
    show.type_keys(LEADER);
    show.wait_for("── menu");
    show.type_keys(b"l");
    show.wait_for("% not saved");
    show.quit();
}

#[test]
fn what_sounds_is_lit_in_the_text_and_a_click_mutes_it() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(1);
    let lit = |show: &Show, text: &str| {
        pty::wait(|| (show.lit("[V:bass]") == text).then_some(()), || format!("no {text} lit in\n{}", show.shown()));
    };
    for note in ["C,2", "G,2", "C,2"] {
        lit(&show, note);
    }
    let (row, column) = show.place_of("1 bass");
    show.type_keys(format!("\x1b[<0;{};{}M\x1b[<0;{};{}m", column + 3, row + 1, column + 3, row + 1).as_bytes());
    show.wait_for("bass (muted)");
    lit(&show, "");
    show.quit();
}

#[test]
fn a_theme_stays_for_the_sets_to_come() {
    let mut show = Show::start(LOOP, "none");
    show.wait_for_bar(1);
    let colour = |show: &Show| show.screen.lock().unwrap().screen().cell(0, 0).map(vt100::Cell::bgcolor);
    assert_eq!(colour(&show), Some(vt100::Color::Default));
    show.type_keys(LEADER);
    show.type_keys(b"T");
    show.wait_for("colours: dark");
    show.quit();
    let place = std::mem::replace(&mut show.place, Place::new());
    let set = place.path("set");
    let options = [set.as_os_str(), "--model".as_ref(), "none".as_ref(), "--audio".as_ref(), "none".as_ref()];
    let mut show = Show::start_in(place, &options, &[]);
    show.wait_for_bar(1);
    assert_eq!(colour(&show), Some(vt100::Color::Idx(234)));
    show.quit();
}

#[test]
fn a_set_that_was_never_played_leaves_no_journal() {
    let mut show = Show::start_with(LOOP, &["--model", "none", "--audio", "none", "--armed"], &[]);
    show.wait_for("■ stopped");
    // Where nothing plays nobody is asked.
    show.type_keys(QUIT);
    show.ends();
    assert!(!show.place.path("XDG_STATE_HOME/barline/sets").exists());
}

#[test]
fn a_signal_ends_it_as_quitting_does() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let mut show = Show::start(LOOP, "none");
        show.wait_for_bar(1);
        pty::signal(show.child.id(), signal);
        show.ends();
    }
}

#[cfg(feature = "llama")]
mod with_a_model {
    use super::*;

    const JIG: &str =
        "X:1\nT:Jig\n% jig\nM:6/8\nL:1/8\nQ:3/8=120\nK:D\nV:lead patch=reed\n[V:lead] d2A FAd | e2d cBA |\n";

    fn start() -> Option<Show> {
        Some(Show::start(JIG, program::model()?.to_str()?))
    }

    fn marks(show: &Show) -> BTreeMap<i64, &str> {
        show.heard().iter().map(|(number, cells)| (*number, cells[0].mark.as_str())).collect()
    }

    #[test]
    fn its_bars_come_and_advance_by_themselves() {
        let Some(mut show) = start() else { return };
        show.wait_for_bar(8);
        let texts = show.texts(0);
        assert_eq!((texts[&1], texts[&2]), ("d2A FAd", "e2d cBA"));
        let marks = marks(&show);
        assert!(marks.range(3..).filter(|(_, mark)| **mark == "m").count() >= 4, "{marks:?}");
        show.wait_for("tokens/s");
        show.quit();
    }

    #[test]
    fn killing_the_composer_stops_nothing_and_it_comes_back() {
        let Some(mut show) = start() else { return };
        show.type_keys(b"% typed by hand\r");
        for _ in 0..2 {
            let now = show.wait_for_bar(1);
            show.wait_for_bar(now + 3);
            let composer = show.composer();
            pty::signal(composer, libc::SIGKILL);
            show.wait_for("it is started again, the music goes on");
            let killed = show.wait_for_bar(1);
            let next = pty::wait(
                || children(show.child.id()).into_iter().find(|&child| child != composer),
                || "no new composer".into(),
            );
            assert_ne!(next, composer);
            // What was planned when it died is played; what comes after that the new one wrote.
            let new = |shown: &str| bars(shown).iter().any(|bar| bar.number > killed + 8 && bar.cells[0].mark == "m");
            show.wait("bar by the new composer", |shown| new(shown).then_some(()));
            show.wait_for_bar(killed + 9);
            show.heard();
        }
        show.wait_for("% typed by hand");
        show.quit();
        // The last bar was cut short.
        let (replayed, heard) = (show.replayed("lead"), show.texts(0));
        let sounded = heard.iter().filter(|(number, _)| **number < replayed.len() as i64);
        assert!(sounded.clone().count() > 12, "{replayed:?}");
        for (number, text) in sounded {
            assert_eq!(replayed[usize::try_from(*number).unwrap() - 1], *text, "bar {number}");
        }
    }

    #[test]
    fn it_answers_the_text_from_the_bar_that_the_screen_names() {
        let Some(mut show) = start() else { return };
        show.wait_for_bar(4);
        show.save_from_outside(&JIG.replace("d2A FAd", "f2d dAF"));
        let from = show.wait("promise", |shown| shown.contains("f2d dAF").then(|| promised(shown))?);
        show.wait_for_bar(from + 3);
        let texts = show.texts(0);
        assert_eq!((texts[&from], texts[&(from + 1)]), ("f2d dAF", "e2d cBA"), "{texts:?}");
        assert_ne!(texts[&(from - 1)], "f2d dAF", "{texts:?}");
        show.quit();
    }

    #[test]
    fn a_file_that_is_no_model_leaves_the_music_to_the_ladder() {
        let place = Place::new();
        let fake = place.write("fake.gguf", "Once upon a time");
        let mut show = Show::start(JIG, fake.to_str().unwrap());
        show.wait_for("is not a GGUF file");
        show.wait_for("composer failed");
        show.wait_for_bar(5);
        let marks = marks(&show);
        assert!(marks.range(3..).all(|(_, mark)| mark.starts_with('L')), "{marks:?}");
        show.quit();
    }

    /// Such a file ends the process again and again; the music goes on, and the terminal is whole.
    #[test]
    fn a_file_that_kills_the_composer_leaves_the_music_to_the_ladder() {
        let Some(model) = program::model() else { return };
        let whole = std::fs::read(model).unwrap();
        let mutation = gguf::mutations(&whole).into_iter().find(|mutation| mutation.name == gguf::ALIKE).unwrap();
        let place = Place::new();
        let file = place.write("hostile.gguf", (mutation.of)(&whole));
        let mut show = Show::start(JIG, file.to_str().unwrap());
        show.wait_for("it is started again, the music goes on");
        show.wait_for_bar(6);
        assert!(show.messages().contains("composer ended (signal: 6"), "{}", show.shown());
        let marks = marks(&show);
        assert!(marks.range(3..).all(|(_, mark)| mark.starts_with('L')), "{marks:?}");
        show.quit();
    }

    #[test]
    fn a_command_of_the_shell_is_a_composer() {
        let Some(model) = program::model() else { return };
        let compose = format!("'{}' compose --model '{}'", env!("CARGO_BIN_EXE_barline"), model.display());
        // At once, late, and with a shell between that dies with it.
        for command in [compose.clone(), format!("sleep 1; exec {compose}"), format!("{compose}; exit 4")] {
            let mut show = Show::start_with(JIG, &["--composer", &command, "--audio", "none"], &[]);
            show.wait_for("composer ready");
            let now = show.wait_for_bar(1);
            show.wait_for_bar(now + 8);
            let marks = marks(&show);
            assert!(marks.range(now + 5..).all(|(_, mark)| *mark == "m"), "{command}: {marks:?}");
            show.quit();
        }
    }

    #[test]
    fn a_command_that_loses_its_composer_gets_another() {
        let Some(model) = program::model() else { return };
        let compose = format!("exec '{}' compose --model '{}'", env!("CARGO_BIN_EXE_barline"), model.display());
        let mut show = Show::start_with(JIG, &["--composer", &compose, "--audio", "none"], &[]);
        show.wait_for("composer ready");
        let composer = show.composer();
        show.wait_for_bar(4);
        pty::signal(composer, libc::SIGKILL);
        let killed = show.wait_for_bar(1);
        let new = |shown: &str| bars(shown).iter().any(|bar| bar.number > killed + 8 && bar.cells[0].mark == "m");
        show.wait("bar by another composer", |shown| new(shown).then_some(()));
        show.heard();
        show.quit();
    }

    /// Three voices that the model writes, bars of two seconds.
    const TRIO: &str = "X:1\nT:Trio\n% steady flowing\nM:4/4\nL:1/8\nQ:1/4=120\nK:Dm\nV:bass patch=sub\nV:inner patch=reed\n\
                        V:lead patch=reed\n[V:bass] D,4 A,4 |\n[V:inner] D2F2 E2D2 |\n[V:lead] A2d2 c2A2 |\n";

    /// Keeps a core busy, until dropped.
    struct Load(Child);

    impl Load {
        fn on_every_core() -> Vec<Load> {
            let cores = std::thread::available_parallelism().unwrap().get();
            let spin = || std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
            (0..cores).map(|_| Load(spin())).collect()
        }
    }

    impl Drop for Load {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// How often each of `m`, `L1` … made a voice's bar, after the first phrase.
    fn makers(show: &Show) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for cell in show.heard().range(5..).flat_map(|(_, cells)| cells) {
            *counts.entry(cell.mark.clone()).or_default() += 1;
        }
        counts
    }

    fn play_for(show: &mut Show, time: std::time::Duration) {
        let end = std::time::Instant::now() + time;
        while std::time::Instant::now() < end {
            let now = show.wait_for_bar(1);
            show.wait_for_bar(now + 1);
        }
    }

    /// From the start of the program to the bar that sounds on the screen, the model's.
    #[test]
    #[ignore = "times"]
    fn soak_the_first_note_comes_within_a_second() {
        use std::time::{Duration, Instant};

        let Some(model) = program::model() else { return };
        let mut took = Vec::new();
        for _ in 0..20 {
            let begun = Instant::now();
            let mut show = Show::start("X:1\nT:Lead\nM:4/4\nL:1/8\nK:G\nV:lead patch=reed\n", model.to_str().unwrap());
            show.wait_for_bar(1);
            took.push(begun.elapsed());
            assert_eq!(marks(&show)[&1], "m");
            show.quit();
        }
        took.sort_unstable();
        println!("20 starts; first note after {:?}, at most {:?}", took[10], took[19]);
        assert!(took[19] <= Duration::from_secs(1), "{took:?}");
    }

    #[test]
    #[ignore = "some six minutes"]
    fn soak_a_hundred_kills_of_the_composer() {
        use std::time::{Duration, Instant};

        let Some(mut show) = start() else { return };
        show.wait_for_bar(1);
        let mut rng = barline::compose::sample::Rng::new(1, 0, 0, 0);
        let mut back = Vec::new();
        for _ in 0..100 {
            let until = Instant::now() + Duration::from_millis(rng.below(4000) as u64);
            show.wait("moment", |_| (Instant::now() >= until).then_some(()));
            let composer = show.composer();
            let killed = Instant::now();
            pty::signal(composer, libc::SIGKILL);
            let parent = show.child.id();
            let another = || children(parent).into_iter().any(|child| child != composer && is_alive(child));
            show.wait("another composer", |_| another().then_some(()));
            show.wait("composer that is ready", |shown| shown.contains("composer ready").then_some(()));
            back.push(killed.elapsed());
        }
        back.sort_unstable();
        let bars = show.heard().len();
        println!("100 kills in {bars} bars; back after {:?}, at most {:?}; {:?}", back[50], back[99], makers(&show));
        assert!(back[99] <= Duration::from_secs(2), "back after {:?}", back[99]);
        show.quit();
    }

    #[test]
    #[ignore = "half an hour"]
    fn soak_three_voices_of_the_model_are_never_late() {
        let Some(model) = program::model() else { return };
        let mut show = Show::start(TRIO, model.to_str().unwrap());
        play_for(&mut show, std::time::Duration::from_secs(1800));
        let makers = makers(&show);
        println!("{} bars of three voices: {makers:?}", show.heard().len());
        assert_eq!(makers.keys().map(String::as_str).collect::<Vec<_>>(), ["m"]);
        show.quit();
    }

    #[test]
    #[ignore = "five minutes"]
    fn soak_three_voices_of_the_model_under_load() {
        let Some(model) = program::model() else { return };
        let mut show = Show::start(TRIO, model.to_str().unwrap());
        show.wait_for("composer ready");
        let load = Load::on_every_core();
        play_for(&mut show, std::time::Duration::from_secs(300));
        drop(load);
        // No bar is missing or silent: `heard` sees to that.
        let makers = makers(&show);
        let all: usize = makers.values().sum();
        let ladder = all - makers.get("m").copied().unwrap_or(0);
        println!(
            "{all} bars of a voice under load, {:.1} % of them by the ladder: {makers:?}",
            100.0 * ladder as f64 / all as f64
        );
        show.quit();
    }

    #[test]
    fn a_signal_ends_the_composer_too() {
        let Some(mut show) = start() else { return };
        show.wait_for_bar(2);
        assert!(is_alive(show.composer()));
        pty::signal(show.child.id(), libc::SIGTERM);
        show.ends();
    }

    /// The performer's machine may be worse off than a signal can tell.
    #[test]
    fn the_composer_does_not_outlive_a_killed_instrument() {
        let Some(mut show) = start() else { return };
        show.wait_for_bar(2);
        let composer = show.composer();
        pty::signal(show.child.id(), libc::SIGKILL);
        pty::wait(|| (!is_alive(composer)).then_some(()), || format!("process {composer} is left"));
    }
}

/// A sound device of its own: jackd without hardware, reached through ALSA. `None` where either is missing.
#[cfg(all(feature = "llama", target_os = "linux"))]
mod jack {
    use barline::clock::server::Server;

    use super::*;

    const CONFIGURATION: &str = "</usr/share/alsa/alsa.conf>
pcm.!default { type plug slave.pcm \"loud\" }
pcm.loud { type jack playback_ports { 0 system:playback_1 1 system:playback_2 } }
";

    pub struct Jack {
        _server: Server,
        place: Place,
        name: String,
    }

    impl Jack {
        pub fn start() -> Option<Jack> {
            let place = Place::new();
            place.write("asound.conf", CONFIGURATION);
            let name = format!("barline-soak-{}", std::process::id());
            Some(Jack { _server: Server::start(&name, true, 512)?, place, name })
        }

        pub fn environment(&self) -> [(&'static str, std::path::PathBuf); 3] {
            [
                ("ALSA_CONFIG_PATH", self.place.path("asound.conf")),
                ("JACK_DEFAULT_SERVER", self.name.clone().into()),
                ("JACK_NO_START_SERVER", "1".into()),
            ]
        }
    }
}

/// An hour of the bundled model through a sound device: no bar is missing, no callback is missed, and memory is small and stays as it is.
#[cfg(all(feature = "llama", target_os = "linux"))]
#[test]
#[ignore = "an hour"]
fn soak_an_hour_through_a_sound_device() {
    use std::time::{Duration, Instant};

    let Some(model) = program::model() else { return };
    let Some(jack) = jack::Jack::start() else {
        println!("skipped: there is no jackd");
        return;
    };
    let environment = jack.environment();
    let environment: Vec<(&str, &Path)> = environment.iter().map(|(name, value)| (*name, value.as_path())).collect();
    let prompt =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/30-ferry-bass.abc")).unwrap();
    let mut show = Show::start_with(&prompt, &["--model", model.to_str().unwrap()], &environment);
    show.wait_for_bar(1);
    let device =
        show.wait("sound device", |shown| Some(shown.split_once("audio ")?.1.lines().next()?.trim().to_owned()));
    if !device.starts_with("alsa:") {
        println!("skipped: no sound through ALSA and JACK: {device}");
        return;
    }
    let start = Instant::now();
    let (mut missed, mut memory) = (None, Vec::new());
    for minutes in [2, 10, 20, 30, 40, 50, 60] {
        while start.elapsed() < Duration::from_secs(60 * minutes) {
            let now = show.wait_for_bar(1);
            show.wait_for_bar(now + 1);
            if missed.is_none() && show.shown().contains("xruns") {
                missed = Some((start.elapsed(), show.shown()));
            }
        }
        memory.push(resident(&mut show));
        println!(
            "after {minutes} minutes: {} bars, instrument and composer {:?} kB",
            show.heard().len(),
            memory.last()
        );
    }
    for (early, late) in memory[0].into_iter().zip(memory[6]) {
        assert!(late * 10 <= early * 11, "memory grows from {early} kB to {late} kB");
    }
    assert!(memory[6].into_iter().sum::<u64>() <= 200_000, "{memory:?} kB");
    assert!(missed.is_none(), "{missed:?}");
    assert!(show.shown().contains(&device), "{}", show.shown());
    show.quit();
}

/// Resident memory of instrument and composer, in kB.
#[cfg(all(feature = "llama", target_os = "linux"))]
fn resident(show: &mut Show) -> [u64; 2] {
    [show.child.id(), show.composer()].map(|process| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    })
}
