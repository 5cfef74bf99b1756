//! A plain text editor as a value: lines, cursor, selection, undo. Owned by `App` on the main thread; no I/O, no clock.
//!
//! Every change of the text goes through `Editor::splice`, one invertible replacement, so nothing can escape the undo history, nor whoever
//! follows the lines ([`Editor::take_changes`]). What a change costs depends on what is changed, not on how long the text is.

use std::collections::VecDeque;

use unicode_width::UnicodeWidthChar;

/// How many steps can be undone; the oldest are forgotten first.
const UNDO_STEPS: usize = 1000;

/// A tab is drawn this wide, wherever it stands.
const TAB_WIDTH: usize = 4;

/// A place between two characters: line from 0, byte offset into that line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub byte: usize,
}

/// Where the cursor can go; also what a deletion reaches to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    Left,
    Right,
    WordLeft,
    WordRight,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Top,
    Bottom,
}

/// One replacement; swapping the two texts undoes it.
#[derive(Clone, Debug)]
struct Edit {
    start: Position,
    removed: String,
    inserted: String,
}

/// Lines that were replaced by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first one, from 0.
    pub line: usize,
    pub removed: usize,
    pub inserted: usize,
}

/// What one undo takes back.
#[derive(Clone, Debug)]
struct Step {
    edit: Edit,
    cursor_before: Position,
}

/// The kind of the newest step while it may still grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Closed,
    Typing,
    Erasing,
}

/// The top left corner of what is visible, in lines and display columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug)]
pub struct Editor {
    /// Never empty; the text is these joined by `line_break`.
    lines: Vec<String>,
    /// Files that use `\r\n` throughout keep it.
    line_break: &'static str,
    /// Of all lines, without their breaks.
    bytes: usize,
    /// Counts what was done to the text, from 1.
    version: u64,
    /// Since they were last asked for.
    changes: Vec<Change>,
    cursor: Position,
    /// The other end of the selection.
    anchor: Option<Position>,
    /// The display column that vertical moves aim at.
    goal: usize,
    scroll: Scroll,
    /// Whether what is visible goes with the cursor; the wheel lets go of it.
    follows: bool,
    page: usize,
    undo: VecDeque<Step>,
    redo: Vec<Step>,
    run: Run,
}

impl Editor {
    #[must_use]
    pub fn new(text: &str) -> Self {
        let lines: Vec<String> = normalised(text).split('\n').map(str::to_owned).collect();
        Editor {
            bytes: lines.iter().map(String::len).sum(),
            lines,
            line_break: line_break_of(text),
            version: 1,
            changes: Vec::new(),
            cursor: Position::default(),
            anchor: None,
            goal: 0,
            scroll: Scroll::default(),
            follows: true,
            page: 10,
            undo: VecDeque::new(),
            redo: Vec::new(),
            run: Run::Closed,
        }
    }

    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join(self.line_break)
    }

    /// Whether this is the text. Others are mostly of another length, which is known.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        if text.len() != self.bytes + (self.lines.len() - 1) * self.line_break.len() {
            return false;
        }
        let mut rest = text;
        self.lines.iter().enumerate().all(|(at, line)| {
            let line_break = if at == 0 { "" } else { self.line_break };
            let after = rest.strip_prefix(line_break).and_then(|rest| rest.strip_prefix(line.as_str()));
            after.map(|after| rest = after).is_some()
        })
    }

    /// Another one whenever the text is.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Which lines were replaced since this was last asked, in the order in which that was done.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    #[must_use]
    pub fn cursor(&self) -> Position {
        self.cursor
    }

    /// The cursor's display column.
    #[must_use]
    pub fn cursor_column(&self) -> usize {
        width(&self.lines[self.cursor.line][..self.cursor.byte])
    }

    #[must_use]
    pub fn scroll(&self) -> Scroll {
        self.scroll
    }

    /// Start and end of what is selected; never empty.
    #[must_use]
    pub fn selection(&self) -> Option<(Position, Position)> {
        let anchor = self.anchor.filter(|&anchor| anchor != self.cursor)?;
        Some((anchor.min(self.cursor), anchor.max(self.cursor)))
    }

    #[must_use]
    pub fn selected_text(&self) -> Option<String> {
        let (start, end) = self.selection()?;
        Some(self.slice(start, end))
    }

    /// Moves the cursor; `select` leaves the other end of the selection where it is.
    pub fn go(&mut self, motion: Motion, select: bool) {
        (self.run, self.follows) = (Run::Closed, true);
        let selected = self.selection().filter(|_| !select);
        self.anchor = select.then(|| self.anchor.unwrap_or(self.cursor));
        self.cursor = match (motion, selected) {
            // A step out of a selection is to its end.
            (Motion::Left, Some((start, _))) => start,
            (Motion::Right, Some((_, end))) => end,
            _ => self.target(motion),
        };
        if !matches!(motion, Motion::Up | Motion::Down | Motion::PageUp | Motion::PageDown) {
            self.goal = self.cursor_column();
        }
    }

    /// Line and column from 1, columns in characters, as diagnostics give them; clamped to the text.
    pub fn go_to(&mut self, line: usize, column: usize) {
        let line = line.saturating_sub(1).min(self.lines.len() - 1);
        let byte =
            self.lines[line].char_indices().nth(column.saturating_sub(1)).map_or(self.lines[line].len(), |c| c.0);
        self.place(Position { line, byte });
    }

    /// The place at a line and a display column, both from 0, or the nearest one.
    #[must_use]
    pub fn at(&self, line: usize, column: usize) -> Position {
        let line = line.min(self.lines.len() - 1);
        Position { line, byte: byte_at(&self.lines[line], column) }
    }

    pub fn go_to_place(&mut self, place: Position) {
        self.place(place);
    }

    /// To where things were: what is visible, too. The text may be another by now: then to the nearest place before it.
    pub fn put(&mut self, cursor: Position, scroll: Scroll) {
        let line = cursor.line.min(self.lines.len() - 1);
        let text = &self.lines[line];
        let byte = (0..=cursor.byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.place(Position { line, byte });
        self.scroll = scroll;
    }

    /// Selects a range of the text; the cursor is at its end.
    pub fn select(&mut self, start: Position, end: Position) {
        self.place(end);
        self.anchor = Some(start);
    }

    /// Selects from where the selection begins, or else the cursor, to a place.
    pub fn select_to(&mut self, place: Position) {
        self.select(self.anchor.unwrap_or(self.cursor), place);
    }

    /// With its line break, if it has one.
    pub fn select_line(&mut self, line: usize) {
        let (start, end) = self.whole_line(line);
        self.select(start, end);
    }

    /// Selects the word or note at a place, or else the one character.
    pub fn select_word(&mut self, place: Position) {
        let text = &self.lines[place.line];
        let (before, after) = text.split_at(place.byte);
        let (mut start, mut end) =
            (before.trim_end_matches(is_word).len(), text.len() - after.trim_start_matches(is_word).len());
        if start == end {
            (start, end) = (place.byte, step_right(text, place.byte));
        }
        self.select(Position { line: place.line, byte: start }, Position { line: place.line, byte: end });
    }

    /// Moves the visible part and leaves the cursor where it is.
    pub fn scroll_by(&mut self, lines: isize) {
        self.follows = false;
        self.scroll.line = self.scroll.line.saturating_add_signed(lines).min(self.lines.len() - 1);
    }

    /// Types `text` in place of the selection. A word typed without a pause elsewhere is one undo step.
    pub fn insert(&mut self, text: &str) {
        let text = normalised(text);
        let (start, end) = self.selection().unwrap_or((self.cursor, self.cursor));
        self.change(start, end, &text, Run::Typing);
    }

    /// Inserts `text` as an undo step of its own.
    pub fn paste(&mut self, text: &str) {
        self.run = Run::Closed;
        self.insert(text);
        self.run = Run::Closed;
    }

    /// Deletes the selection, or else up to where `motion` would go: `Left` is backspace.
    pub fn delete(&mut self, motion: Motion) {
        let (start, end) = self.selection().unwrap_or_else(|| {
            let target = self.target(motion);
            (target.min(self.cursor), target.max(self.cursor))
        });
        self.change(start, end, "", Run::Erasing);
    }

    /// Takes out the selection, or else the cursor's whole line, and returns it.
    pub fn cut(&mut self) -> String {
        let (start, end) = self.selection().unwrap_or_else(|| self.whole_line(self.cursor.line));
        let cut = self.slice(start, end);
        self.change(start, end, "", Run::Closed);
        cut
    }

    /// The selection, or else the cursor's whole line.
    #[must_use]
    pub fn copy(&self) -> String {
        let (start, end) = self.selection().unwrap_or_else(|| self.whole_line(self.cursor.line));
        self.slice(start, end)
    }

    pub fn duplicate_line(&mut self) {
        let Position { line, byte } = self.cursor;
        let end = self.end_of_line(line);
        let copy = format!("\n{}", self.lines[line]);
        self.change(end, end, &copy, Run::Closed);
        self.place(Position { line: line + 1, byte });
    }

    /// Takes the selected lines (or the cursor's) out of the music, or back in: see `toggled`.
    pub fn toggle_comment(&mut self) {
        let cursor = self.cursor;
        let (first, last) = self.selection().map_or((cursor.line, cursor.line), |(start, end)| {
            let nothing_of_last = end.byte == 0 && end.line > start.line;
            (start.line, end.line - usize::from(nothing_of_last))
        });
        let text = self.lines[first..=last].iter().map(|line| toggled(line)).collect::<Vec<_>>().join("\n");
        self.change(Position { line: first, byte: 0 }, self.end_of_line(last), &text, Run::Closed);
        let line = cursor.line;
        self.place(Position { line, byte: boundary(&self.lines[line], cursor.byte) });
    }

    pub fn undo(&mut self) {
        self.run = Run::Closed;
        let Some(step) = self.undo.pop_back() else { return };
        let end = end_of(step.edit.start, &step.edit.inserted);
        self.splice(step.edit.start, end, &step.edit.removed);
        self.place(step.cursor_before);
        self.redo.push(step);
    }

    pub fn redo(&mut self) {
        self.run = Run::Closed;
        let Some(step) = self.redo.pop() else { return };
        let end = end_of(step.edit.start, &step.edit.removed);
        self.splice(step.edit.start, end, &step.edit.inserted);
        self.place(end_of(step.edit.start, &step.edit.inserted));
        self.undo.push_back(step);
    }

    /// Takes another text, such as the file's. Only the lines that differ are replaced, as one undo step, and the cursor stays at its words.
    pub fn set_text_keeping_cursor(&mut self, new: &str) {
        let line_break = std::mem::replace(&mut self.line_break, line_break_of(new));
        self.version += u64::from(line_break != self.line_break);
        let new = normalised(new);
        let new: Vec<&str> = new.split('\n').collect();
        let old = &self.lines;
        let (same_head, same_tail) = common_ends(old, &new);
        if same_head == old.len() && same_head == new.len() {
            return;
        }
        let cursor = self.cursor;
        let head = same_head.saturating_sub(1);
        let tail = same_tail.saturating_sub(1);
        let (old_last, new_last) = (old.len() - 1 - tail, new.len() - 1 - tail);
        let text = new[head..=new_last].join("\n");
        let line = if cursor.line + same_tail >= old.len() {
            cursor.line + new.len() - old.len()
        } else {
            cursor.line.min(new.len() - 1)
        };
        self.change(Position { line: head, byte: 0 }, self.end_of_line(old_last), &text, Run::Closed);
        self.place(Position { line, byte: boundary(&self.lines[line], cursor.byte) });
    }

    /// Moves the visible part, of this many lines and columns, no further than needed to show the cursor.
    pub fn scroll_to_cursor(&mut self, height: usize, width: usize) {
        let (height, width) = (height.max(1), width.max(1));
        let column = self.cursor_column();
        self.page = height.saturating_sub(1).max(1);
        if !self.follows {
            self.scroll.line = self.scroll.line.min(self.lines.len() - 1);
            return;
        }
        self.scroll.line = self.scroll.line.clamp((self.cursor.line + 1).saturating_sub(height), self.cursor.line);
        self.scroll.column = self.scroll.column.clamp((column + 1).saturating_sub(width), column);
    }

    fn place(&mut self, position: Position) {
        (self.run, self.follows) = (Run::Closed, true);
        self.anchor = None;
        self.cursor = position;
        self.goal = self.cursor_column();
    }

    fn target(&self, motion: Motion) -> Position {
        let Position { line, byte } = self.cursor;
        let text = &self.lines[line];
        match motion {
            Motion::Left if byte == 0 => line.checked_sub(1).map_or(self.cursor, |line| self.end_of_line(line)),
            Motion::Left => Position { line, byte: step_left(text, byte) },
            Motion::Right if byte == text.len() => {
                if line + 1 < self.lines.len() {
                    Position { line: line + 1, byte: 0 }
                } else {
                    self.cursor
                }
            }
            Motion::Right => Position { line, byte: step_right(text, byte) },
            Motion::WordLeft if byte == 0 => self.target(Motion::Left),
            Motion::WordLeft => {
                let before = text[..byte].trim_end_matches(|c| !is_word(c));
                Position { line, byte: before.trim_end_matches(is_word).len() }
            }
            Motion::WordRight if byte == text.len() => self.target(Motion::Right),
            Motion::WordRight => {
                let after = text[byte..].trim_start_matches(is_word).trim_start_matches(|c| !is_word(c));
                Position { line, byte: text.len() - after.len() }
            }
            Motion::Up => self.vertical(line.checked_sub(1)),
            Motion::Down => self.vertical(Some(line + 1).filter(|&line| line < self.lines.len())),
            Motion::PageUp => self.vertical(Some(line.saturating_sub(self.page))),
            Motion::PageDown => self.vertical(Some((line + self.page).min(self.lines.len() - 1))),
            Motion::Home => Position { line, byte: 0 },
            Motion::End => self.end_of_line(line),
            Motion::Top => Position::default(),
            Motion::Bottom => self.end_of_line(self.lines.len() - 1),
        }
    }

    /// The goal column in `line`; past the first or last line, the very start or end of the text.
    fn vertical(&self, line: Option<usize>) -> Position {
        let Some(line) = line else {
            return if self.cursor.line == 0 { Position::default() } else { self.end_of_line(self.cursor.line) };
        };
        Position { line, byte: byte_at(&self.lines[line], self.goal) }
    }

    fn end_of_line(&self, line: usize) -> Position {
        Position { line, byte: self.lines[line].len() }
    }

    /// A line with the line break that goes when the line goes.
    fn whole_line(&self, line: usize) -> (Position, Position) {
        let start = Position { line, byte: 0 };
        if line + 1 < self.lines.len() {
            (start, Position { line: line + 1, byte: 0 })
        } else {
            (start, self.end_of_line(line))
        }
    }

    fn slice(&self, start: Position, end: Position) -> String {
        if start.line == end.line {
            return self.lines[start.line][start.byte..end.byte].to_owned();
        }
        let mut text = self.lines[start.line][start.byte..].to_owned();
        for line in &self.lines[start.line + 1..end.line] {
            text.push('\n');
            text.push_str(line);
        }
        text.push('\n');
        text.push_str(&self.lines[end.line][..end.byte]);
        text
    }

    /// Replaces a range, leaves the cursor after it and remembers how to undo it.
    fn change(&mut self, start: Position, end: Position, text: &str, run: Run) {
        let cursor_before = self.cursor;
        let replaced_selection = self.selection().is_some();
        if start == end && text.is_empty() {
            return;
        }
        let removed = self.splice(start, end, text);
        self.redo.clear();
        let edit = Edit { start, removed, inserted: text.to_owned() };
        let grows = self.run == run
            && !replaced_selection
            && self.undo.back_mut().is_some_and(|last| last.edit.grow(&edit, run));
        if !grows {
            self.undo.push_back(Step { edit, cursor_before });
            if self.undo.len() > UNDO_STEPS {
                self.undo.pop_front();
            }
        }
        self.place(end_of(start, text));
        self.run = if text.contains('\n') { Run::Closed } else { run };
    }

    /// The one place where the text changes. Returns what stood there.
    fn splice(&mut self, start: Position, end: Position, text: &str) -> String {
        let removed = self.slice(start, end);
        let head = &self.lines[start.line][..start.byte];
        let tail = &self.lines[end.line][end.byte..];
        let joined = format!("{head}{text}{tail}");
        let inserted: Vec<String> = joined.split('\n').map(str::to_owned).collect();
        let change = Change { line: start.line, removed: end.line - start.line + 1, inserted: inserted.len() };
        self.bytes += text.len() - text.matches('\n').count();
        self.bytes -= removed.len() - removed.matches('\n').count();
        self.lines.splice(start.line..=end.line, inserted);
        self.version += 1;
        self.changes.push(change);
        removed
    }
}

impl Edit {
    /// Takes `next` into this edit if it goes on where this one ended.
    fn grow(&mut self, next: &Edit, run: Run) -> bool {
        match run {
            Run::Typing => {
                let new_word =
                    self.inserted.ends_with(char::is_whitespace) && !next.inserted.starts_with(char::is_whitespace);
                let joins = next.removed.is_empty() && next.start == end_of(self.start, &self.inserted);
                if new_word || !joins || next.inserted.contains('\n') {
                    return false;
                }
                self.inserted.push_str(&next.inserted);
            }
            Run::Erasing if next.removed.contains('\n') => return false,
            Run::Erasing if next.start == self.start => self.removed.push_str(&next.removed),
            Run::Erasing if end_of(next.start, &next.removed) == self.start => {
                self.removed.insert_str(0, &next.removed);
                self.start = next.start;
            }
            Run::Erasing | Run::Closed => return false,
        }
        true
    }
}

/// How many columns a character takes on the screen. Control characters are drawn as a dot.
#[must_use]
pub fn char_width(c: char) -> usize {
    match c {
        '\t' => TAB_WIDTH,
        c if c.is_control() => 1,
        c => c.width().unwrap_or(0),
    }
}

#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// A line taken out of the music, or back in. ABC gets a bare `%`, which never steers the model; words (`% slow`) become a private
/// note (`%- slow`), so that the model forgets them; a `%%` directive goes behind `%-` as it is.
fn toggled(line: &str) -> String {
    if let Some(rest) = line.strip_prefix("%-") {
        return if rest.starts_with(' ') { format!("%{rest}") } else { rest.to_owned() };
    }
    match line.strip_prefix('%') {
        Some(rest) if rest.starts_with(' ') => format!("%-{rest}"),
        Some(rest) if rest.starts_with('%') => format!("%-{line}"),
        Some(rest) => rest.to_owned(),
        None if line.trim().is_empty() => line.to_owned(),
        None => format!("%{line}"),
    }
}

/// How many lines two texts share at the beginning, and at the end besides.
pub fn common_ends(a: &[impl AsRef<str>], b: &[impl AsRef<str>]) -> (usize, usize) {
    let head = a.iter().zip(b).take_while(|(a, b)| a.as_ref() == b.as_ref()).count();
    let rest = a[head..].iter().rev().zip(b[head..].iter().rev());
    (head, rest.take_while(|(a, b)| a.as_ref() == b.as_ref()).count())
}

/// Where in a line a display column is.
fn byte_at(text: &str, column: usize) -> usize {
    let mut end = 0;
    let mut places = text.char_indices();
    let found = places.find(|&(_, c)| {
        end += char_width(c);
        end > column
    });
    found.map_or(text.len(), |(at, _)| at)
}

fn end_of(start: Position, text: &str) -> Position {
    match text.rfind('\n') {
        Some(at) => Position { line: start.line + text.matches('\n').count(), byte: text.len() - at - 1 },
        None => Position { line: start.line, byte: start.byte + text.len() },
    }
}

fn line_break_of(text: &str) -> &'static str {
    let breaks = text.matches('\n').count();
    if breaks > 0 && text.matches("\r\n").count() == breaks { "\r\n" } else { "\n" }
}

/// With `\n` for every kind of line break; terminals paste `\r`.
fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A word is also a note with its length, so that word moves go from note to note.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "_^=,'/".contains(c)
}

fn boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

/// One character to the left, with the marks that combine with it.
fn step_left(text: &str, byte: usize) -> usize {
    text[..byte].char_indices().rev().find(|&(_, c)| char_width(c) > 0).map_or(0, |(at, _)| at)
}

fn step_right(text: &str, byte: usize) -> usize {
    let mut rest = text[byte..].char_indices().skip(1).skip_while(|&(_, c)| char_width(c) == 0);
    rest.next().map_or(text.len(), |(at, _)| byte + at)
}

#[cfg(test)]
mod tests;
