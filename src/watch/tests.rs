//! Every way in which programs save, in a real folder. Waits have a generous deadline; nothing is asserted about time.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::mpsc::Receiver;

use tempfile::TempDir;

use super::*;

const DEADLINE: Duration = Duration::from_secs(30);

struct Set {
    folder: TempDir,
    watch: Watch,
    events: Receiver<Event>,
    found: Vec<(PathBuf, String)>,
}

impl Set {
    fn with(files: &[(&str, &str)]) -> Set {
        Set::told(files, true)
    }

    fn told(files: &[(&str, &str)], told: bool) -> Set {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (send, events) = channel();
        let send = move |event| drop(send.send(event));
        let (watch, found) = Watch::start_told(vec![Folder::prompts(folder.path())], send, told);
        Set { folder, watch, events, found }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// The next event, in short form.
    fn next(&self) -> String {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        match self.events.recv_timeout(DEADLINE).expect("an event before the deadline") {
            Event::FileChanged { path, text } => format!("{}={text}", name(&path)),
            Event::FileRemoved { path } => format!("{} removed", name(&path)),
            Event::Message(message) => message.text,
            Event::Snapshot(_) | Event::Kept(_) | Event::Touched(_) | Event::Phrase(_) | Event::Recording(_) => {
                unreachable!("no engine here")
            }
        }
    }

    /// Events up to the one that answers `write`, none of which may be another than those `expected`.
    fn nothing_more(&self) {
        self.write("zz-last.abc", "end");
        assert_eq!(self.next(), "zz-last.abc=end");
    }
}

#[test]
fn the_first_look_finds_the_set_in_order_and_leaves_out_the_rest() {
    let set = Set::with(&[
        ("b.abc", "B"),
        ("a.ABC", "A"),
        ("words.txt", "slow"),
        ("README.md", "no"),
        ("b.abc~", "no"),
        (".#b.abc", "no"),
        (".b.abc.swp", "no"),
        ("4913", "no"),
        ("x.patch", "no"),
    ]);
    let found: Vec<_> = set.found.iter().map(|(path, text)| (path.clone(), text.as_str())).collect();
    assert_eq!(found, [(set.path("a.ABC"), "A"), (set.path("b.abc"), "B"), (set.path("words.txt"), "slow")]);
    for name in ["README.md", "b.abc~", ".#b.abc", "4913"] {
        set.write(name, "changed");
    }
    set.nothing_more();
}

#[test]
fn saved_in_place() {
    let set = Set::with(&[("a.abc", "A")]);
    set.write("a.abc", "A2");
    assert_eq!(set.next(), "a.abc=A2");
}

#[test]
fn renamed_over_again_and_again() {
    let set = Set::with(&[("a.abc", "A")]);
    for text in ["A2", "A3", "A4"] {
        set.write(".a.abc.tmp", text);
        fs::rename(set.path(".a.abc.tmp"), set.path("a.abc")).unwrap();
        assert_eq!(set.next(), format!("a.abc={text}"));
    }
}

#[test]
fn moved_away_then_written_anew_as_vim_does() {
    let set = Set::with(&[("a.abc", "A")]);
    fs::rename(set.path("a.abc"), set.path("a.abc~")).unwrap();
    set.write("a.abc", "A2");
    let first = set.next();
    // On a slow machine the gap between the two may be seen.
    let last = if first == "a.abc removed" { set.next() } else { first };
    assert_eq!(last, "a.abc=A2");
}

#[test]
fn truncated_then_written_never_reads_as_empty() {
    let set = Set::with(&[("a.abc", "A"), ("b.abc", "B")]);
    let mut file = fs::File::create(set.path("a.abc")).unwrap();
    // An answer about another file shows that the folder was looked at while this one was empty.
    set.write("b.abc", "B2");
    assert_eq!(set.next(), "b.abc=B2");
    file.write_all(b"A2").unwrap();
    drop(file);
    assert_eq!(set.next(), "a.abc=A2");
}

#[test]
fn removed_and_recreated() {
    let set = Set::with(&[("a.abc", "A")]);
    fs::remove_file(set.path("a.abc")).unwrap();
    assert_eq!(set.next(), "a.abc removed");
    set.write("a.abc", "A");
    assert_eq!(set.next(), "a.abc=A");
}

#[test]
fn a_new_file_joins_the_set() {
    let set = Set::with(&[]);
    set.write("new.abc", "N");
    assert_eq!(set.next(), "new.abc=N");
}

#[test]
fn a_save_without_change_is_no_change() {
    let set = Set::with(&[("a.abc", "A")]);
    set.write("a.abc", "A");
    set.nothing_more();
}

#[test]
fn text_that_is_not_utf8_is_told_once_and_keeps_the_last_version() {
    let set = Set::with(&[("a.abc", "A")]);
    set.write("a.abc", [b'T', b':', 0xE9]);
    assert!(set.next().ends_with("a.abc is not UTF-8; its last good version stays"));
    set.write("a.abc", "T:é");
    assert_eq!(set.next(), "a.abc=T:é");
}

#[test]
fn our_own_saves_are_not_echoed() {
    let set = Set::with(&[("a.abc", "A")]);
    set.watch.save(&set.path("a.abc"), "A2", "A").unwrap();
    set.watch.save(&set.path("a.abc"), "A3", "A2").unwrap();
    set.watch.save(&set.path("b.abc"), "B", "").unwrap();
    assert_eq!(fs::read_to_string(set.path("a.abc")).unwrap(), "A3");
    set.nothing_more();
    let left: Vec<_> = fs::read_dir(set.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_save_does_not_bury_another_programs_version() {
    let set = Set::told(&[("a.abc", "A")], false);
    set.write("a.abc", "theirs");
    assert!(set.watch.save(&set.path("a.abc"), "ours", "A").is_err());
    assert_eq!(set.next(), "a.abc=theirs");
    set.watch.save(&set.path("a.abc"), "ours", "theirs").unwrap();
    assert_eq!(fs::read_to_string(set.path("a.abc")).unwrap(), "ours");
}

#[test]
fn saves_go_through_links_and_keep_permissions() {
    let set = Set::with(&[]);
    let real = set.path("real.md");
    set.write("real.md", "A");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&real, set.path("link.abc")).unwrap();
    set.watch.save(&set.path("link.abc"), "A2", "A").unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), "A2");
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::symlink_metadata(set.path("link.abc")).unwrap().is_symlink());
}

#[test]
fn changes_are_found_where_the_system_does_not_tell() {
    let set = Set::told(&[("a.abc", "A")], false);
    set.write("a.abc", "A2 longer");
    assert_eq!(set.next(), "a.abc=A2 longer");
    fs::remove_file(set.path("a.abc")).unwrap();
    assert_eq!(set.next(), "a.abc removed");
}

#[test]
fn one_file_alone_can_be_watched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tune.ABC.bak");
    fs::write(&path, "A").unwrap();
    fs::write(folder.path().join("other.abc"), "no").unwrap();
    let (watch, found) = Watch::start(vec![Folder::file(&path)], |_| ());
    assert_eq!(found, [(path, "A".to_owned())]);
    drop(watch);
}

#[test]
fn byte_order_marks_and_mixed_line_breaks_go() {
    assert_eq!(decoded("\u{feff}X:1\r\nK:C\n".as_bytes()).unwrap(), "X:1\nK:C\n");
    assert_eq!(decoded(b"X:1\r\nK:C\r\n").unwrap(), "X:1\r\nK:C\r\n");
    assert_eq!(decoded(b"X:1\rK:C").unwrap(), "X:1\nK:C");
}
