//! The editor as a pure value.

use proptest::prelude::*;

use super::*;

fn typed(editor: &mut Editor, text: &str) {
    for c in text.chars() {
        editor.insert(&c.to_string());
    }
}

#[test]
fn typing_is_undone_word_by_word() {
    let mut editor = Editor::new("");
    typed(&mut editor, "slow low\nA2d");
    assert_eq!(editor.text(), "slow low\nA2d");
    editor.undo();
    assert_eq!(editor.text(), "slow low\n");
    editor.undo();
    assert_eq!(editor.text(), "slow low");
    editor.undo();
    assert_eq!(editor.text(), "slow ");
    editor.undo();
    assert_eq!(editor.text(), "");
    editor.undo();
    for _ in 0..4 {
        editor.redo();
    }
    assert_eq!(editor.text(), "slow low\nA2d");
    assert_eq!(editor.cursor(), Position { line: 1, byte: 3 });
}

#[test]
fn a_cursor_move_ends_a_typing_run() {
    let mut editor = Editor::new("");
    typed(&mut editor, "ab");
    editor.go(Motion::Left, false);
    typed(&mut editor, "x");
    editor.undo();
    assert_eq!(editor.text(), "ab");
}

#[test]
fn backspaces_are_one_step_and_join_lines() {
    let mut editor = Editor::new("one\ntwo");
    editor.go(Motion::Bottom, false);
    for _ in 0..3 {
        editor.delete(Motion::Left);
    }
    assert_eq!(editor.text(), "one\n");
    editor.delete(Motion::Left);
    assert_eq!(editor.text(), "one");
    editor.undo();
    editor.undo();
    assert_eq!(editor.text(), "one\ntwo");
}

#[test]
fn typing_over_a_selection_is_undone_in_one_step_of_its_own() {
    let mut editor = Editor::new("A2d fed");
    editor.go(Motion::WordRight, true);
    assert_eq!(editor.selected_text().as_deref(), Some("A2d "));
    typed(&mut editor, "B");
    assert_eq!(editor.text(), "Bfed");
    editor.undo();
    assert_eq!(editor.text(), "A2d fed");
}

#[test]
fn a_step_out_of_a_selection_is_to_its_end() {
    for (motion, byte) in [(Motion::Left, 0), (Motion::Right, 3)] {
        let mut editor = Editor::new("A2d fed");
        editor.select(Position { line: 0, byte: 0 }, Position { line: 0, byte: 3 });
        editor.go(motion, false);
        assert_eq!((editor.cursor().byte, editor.selection()), (byte, None));
    }
}

#[test]
fn whether_it_is_a_text_is_known_without_joining_it() {
    for text in ["", "a", "a\n", "a\nb", "a\r\nb\r\n", "日\nb\n\n"] {
        let editor = Editor::new(text);
        assert!(editor.is(text));
        for other in ["", "b", "a\n", "b\n", "a\nc", "a\nbb", "a\n\nb", "a\r\nc\r\n", "日\nb\n"] {
            assert_eq!(editor.is(other), text == other, "{text:?} {other:?}");
        }
    }
}

#[test]
fn vertical_moves_aim_at_the_display_column() {
    let mut editor = Editor::new("日本語\nx\nabcdef");
    editor.go_to(1, 3);
    assert_eq!(editor.cursor_column(), 4);
    editor.go(Motion::Down, false);
    assert_eq!(editor.cursor(), Position { line: 1, byte: 1 });
    editor.go(Motion::Down, false);
    assert_eq!(editor.cursor(), Position { line: 2, byte: 4 });
}

#[test]
fn combining_marks_go_with_their_letter() {
    let mut editor = Editor::new("e\u{301}x");
    editor.go(Motion::Right, false);
    assert_eq!(editor.cursor().byte, 3);
    editor.delete(Motion::Left);
    assert_eq!(editor.text(), "x");
}

#[test]
fn a_changed_file_keeps_the_cursor_at_its_words_and_can_be_undone() {
    let mut editor = Editor::new("X:1\nK:D\nA2d fed\n");
    editor.go_to(3, 5);
    editor.set_text_keeping_cursor("X:1\nT:Night ferry\nK:D\nA2d fed\n");
    assert_eq!(editor.cursor(), Position { line: 3, byte: 4 });
    editor.set_text_keeping_cursor("");
    assert_eq!(editor.text(), "");
    editor.undo();
    assert_eq!(editor.text(), "X:1\nT:Night ferry\nK:D\nA2d fed\n");
    editor.undo();
    assert_eq!(editor.text(), "X:1\nK:D\nA2d fed\n");
}

#[test]
fn the_same_text_again_is_no_step() {
    let mut editor = Editor::new("a");
    editor.set_text_keeping_cursor("a");
    editor.undo();
    assert_eq!(editor.text(), "a");
    assert!(editor.redo.is_empty());
}

#[test]
fn pasted_carriage_returns_are_line_breaks() {
    let mut editor = Editor::new("");
    editor.paste("a\rb\r\nc");
    assert_eq!(editor.lines(), ["a", "b", "c"]);
    editor.undo();
    assert_eq!(editor.text(), "");
}

#[test]
fn crlf_files_stay_crlf() {
    let mut editor = Editor::new("a\r\nb\r\n");
    editor.insert("x");
    assert_eq!(editor.text(), "xa\r\nb\r\n");
}

#[test]
fn comments_toggle_and_words_are_silenced_not_spoken() {
    for (on, off) in [("A2d|", "%A2d|"), ("% slow", "%- slow"), ("%%phrase 8", "%-%%phrase 8")] {
        assert_eq!(toggled(on), off);
        assert_eq!(toggled(off), on);
    }
    let mut editor = Editor::new("A2|\nB2|\nC2|");
    editor.go(Motion::Down, true);
    editor.go(Motion::Down, true);
    editor.toggle_comment();
    assert_eq!(editor.text(), "%A2|\n%B2|\nC2|");
}

#[test]
fn lines_are_cut_pasted_and_duplicated() {
    let mut editor = Editor::new("a\nb\nc");
    editor.go_to(2, 1);
    assert_eq!(editor.cut(), "b\n");
    assert_eq!(editor.text(), "a\nc");
    editor.paste("b\n");
    assert_eq!(editor.text(), "a\nb\nc");
    editor.duplicate_line();
    assert_eq!(editor.text(), "a\nb\nc\nc");
}

#[test]
fn at_most_a_thousand_steps_are_kept() {
    let mut editor = Editor::new("");
    for _ in 0..UNDO_STEPS + 5 {
        editor.paste("x");
    }
    for _ in 0..UNDO_STEPS + 5 {
        editor.undo();
    }
    assert_eq!(editor.text(), "xxxxx");
}

#[test]
fn scrolling_moves_no_further_than_needed() {
    let text: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let mut editor = Editor::new(&text.join("\n"));
    editor.go_to(20, 1);
    editor.scroll_to_cursor(10, 20);
    assert_eq!(editor.scroll().line, 10);
    editor.go(Motion::Up, false);
    editor.scroll_to_cursor(10, 20);
    assert_eq!(editor.scroll().line, 10);
}

#[derive(Clone, Debug)]
enum Deed {
    Type(String),
    Paste(String),
    Go(Motion, bool),
    Delete(Motion),
    Cut,
    Duplicate,
    Comment,
    Replace(String),
}

fn motion() -> impl Strategy<Value = Motion> {
    use Motion::{Bottom, Down, End, Home, Left, PageDown, PageUp, Right, Top, Up, WordLeft, WordRight};
    prop::sample::select(vec![Left, Right, WordLeft, WordRight, Up, Down, PageUp, PageDown, Home, End, Top, Bottom])
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        "[a-dé日\u{301} \n%]{1,2}".prop_map(Deed::Type),
        "[ab\r\n\t]{0,6}".prop_map(Deed::Paste),
        (motion(), any::<bool>()).prop_map(|(m, s)| Deed::Go(m, s)),
        motion().prop_map(Deed::Delete),
        Just(Deed::Cut),
        Just(Deed::Duplicate),
        Just(Deed::Comment),
        "[a-c\n]{0,8}".prop_map(Deed::Replace),
    ]
}

proptest! {
    /// Whatever is done, undoing all of it gives the first text and redoing all of it the last; the cursor is always on a character.
    #[test]
    fn undo_and_redo_are_exact(start in "[a-c日\n%]{0,12}", deeds in prop::collection::vec(deed(), 0..60)) {
        let mut editor = Editor::new(&start);
        for deed in deeds {
            match deed {
                Deed::Type(text) => editor.insert(&text),
                Deed::Paste(text) => editor.paste(&text),
                Deed::Go(motion, select) => editor.go(motion, select),
                Deed::Delete(motion) => editor.delete(motion),
                Deed::Cut => drop(editor.cut()),
                Deed::Duplicate => editor.duplicate_line(),
                Deed::Comment => editor.toggle_comment(),
                Deed::Replace(text) => {
                    editor.set_text_keeping_cursor(&text);
                    prop_assert_eq!(editor.text(), text);
                }
            }
            prop_assert!(editor.lines[editor.cursor.line].is_char_boundary(editor.cursor.byte));
            prop_assert!(editor.is(&editor.text()));
        }
        let end = editor.text();
        while !editor.undo.is_empty() {
            editor.undo();
        }
        prop_assert_eq!(editor.text(), start);
        while !editor.redo.is_empty() {
            editor.redo();
        }
        prop_assert_eq!(editor.text(), end);
    }
}
