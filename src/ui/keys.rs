//! Every key, as one table. The handling, the help panel, the leader menu and the README's table are made from it. Plain values, main thread.

pub mod bars;

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::editor::Motion;
use crate::compose::Knob;
use crate::hand::Use;
pub use bars::{BARS, OnBar};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Evaluate,
    NextTune,
    PreviousTune,
    Play,
    Stop,
    Hush,
    Panic,
    Reroll,
    /// Waits for the digit of a voice.
    AskMute,
    /// Waits for how many bars of which voice.
    AskKeep,
    Record,
    /// A phrase by hand says tempo, metre and key.
    FreeTempo,
    /// Of the composer, up or down.
    Turn(Knob, bool),
    /// The computer keyboard is an instrument, or no longer.
    Piano,
    /// What the voice by hand is for.
    Use(Use),
    /// A voice, from 1.
    Mute(u8),
    /// Waits for the digit of a voice.
    AskSolo,
    /// Of the voice whose digit was pressed last.
    Louder,
    Softer,
    /// The output of that voice, by a millisecond.
    Earlier,
    Later,
    Faster,
    Slower,
    Tap,
    Lock,
    CountIn,
    Arm,
    /// Waits for the key of an action, and for what is to stand for it.
    Learn,
    /// All actions by name.
    Palette,
    Scenes,
    /// Of the voice under the cursor, or whose digit came last.
    Patches,
    Outputs,
    /// The keys are the bars', or the text's again.
    Bars,
    Bar(OnBar),
    Leader,
    Help,
    Messages,
    Sound,
    Roll,
    Quit,
    /// Looks for what is typed.
    Find,
    FindNext,
    Theme,
    NextFile,
    PreviousFile,
    FirstError,
    LoadFileVersion,
    Undo,
    Redo,
    Copy,
    Cut,
    Paste,
    DuplicateLine,
    ToggleComment,
    NewLine,
    Erase(Motion),
    Move(Motion),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Music,
    Screen,
    Text,
    /// While the bars have the keyboard.
    Bars,
}

/// A key with its modifiers. Shift is left out: letters say it themselves, and with a move it selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chord {
    Key(KeyModifiers, KeyCode),
    /// Alt with a digit from 1 to 9.
    AltDigit,
    /// A digit from 1 to 9, where the bars have the keyboard.
    Digit,
}

#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub group: Group,
    pub keys: &'static [Chord],
    /// The plain key after the leader.
    pub leader: Option<KeyCode>,
    pub action: Action,
    pub help: &'static str,
}

const fn plain(code: KeyCode) -> Chord {
    Chord::Key(KeyModifiers::NONE, code)
}

const fn ctrl(c: char) -> Chord {
    Chord::Key(KeyModifiers::CONTROL, KeyCode::Char(c))
}

const fn ctrl_key(code: KeyCode) -> Chord {
    Chord::Key(KeyModifiers::CONTROL, code)
}

const fn alt(code: KeyCode) -> Chord {
    Chord::Key(KeyModifiers::ALT, code)
}

const fn row(group: Group, keys: &'static [Chord], leader: Option<char>, action: Action, help: &'static str) -> Row {
    let leader = match leader {
        Some('\n') => Some(KeyCode::Enter),
        Some(c) => Some(KeyCode::Char(c)),
        None => None,
    };
    Row { group, keys, leader, action, help }
}

use Action as A;
use Group::{Music, Screen, Text};
use KeyCode::F;

/// The order is that of the help panel. Ctrl+Space arrives as NUL, which crossterm calls Ctrl and a blank; Ctrl+/ arrives as Ctrl+7.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(Music, &[ctrl('s'), plain(F(5)), alt(KeyCode::Enter)], Some('\n'), A::Evaluate, "evaluate: save the text, hear it from the bar shown"),
    row(Music, &[], Some('}'), A::NextTune, "next tune: of the file, heard from the next phrase line"),
    row(Music, &[], Some('{'), A::PreviousTune, "tune before: of the file"),
    row(Music, &[], Some('S'), A::Scenes, "scenes: of the set in a list, to play or to arm"),
    row(Music, &[], Some('p'), A::Play, "play"),
    row(Music, &[], Some('s'), A::Stop, "stop"),
    row(Music, &[alt(KeyCode::Char('.'))], Some('h'), A::Hush, "hush: sounding notes finish, the clock runs on"),
    row(Music, &[], Some('P'), A::Panic, "panic: silence on every port, now"),
    row(Music, &[], Some('r'), A::Reroll, "reroll: compose the planned bars anew"),
    row(Music, &[Chord::AltDigit], Some('m'), A::AskMute, "mute a voice, or bring it back; then its digit"),
    row(Music, &[], Some('o'), A::AskSolo, "solo: hear a voice alone, or no longer; then its digit"),
    row(Music, &[alt(KeyCode::Char('='))], Some('+'), A::Louder, "louder: the voice whose digit came last"),
    row(Music, &[alt(KeyCode::Char('-'))], Some('-'), A::Softer, "softer"),
    row(Music, &[], Some('v'), A::Patches, "patch: of the voice whose digit came last, or of the bars' cursor, from a list into the text"),
    row(Music, &[], Some('V'), A::Outputs, "output: the same"),
    row(Music, &[], Some('<'), A::Earlier, "earlier: the output of the voice whose digit came last, by 1 ms"),
    row(Music, &[], Some('>'), A::Later, "later"),
    row(Music, &[alt(KeyCode::Up)], Some(']'), A::Faster, "faster: tempo up by 1, from the next bar that is not fixed"),
    row(Music, &[alt(KeyCode::Down)], Some('['), A::Slower, "slower"),
    row(Music, &[alt(KeyCode::Char('t'))], Some('t'), A::Tap, "tap: from the second beat on it is the tempo"),
    row(Music, &[], Some('L'), A::Lock, "lock: the tempo stays whatever Q: says, or no longer"),
    row(Music, &[], Some('c'), A::CountIn, "count-in: a bar of clicks before the first one, or no longer"),
    row(Music, &[], Some('a'), A::Arm, "arm: collect changes, again: on the next phrase line, again: withdraw them"),
    row(Music, &[], Some('k'), A::AskKeep, "keep: the last 4 bars heard go into the text; then a voice's digit, 0 for all"),
    row(Music, &[], Some('R'), A::Record, "record: what is heard, to WAV, MIDI and ABC; again: ends it"),
    row(Music, &[], Some(')'), A::Turn(Knob::Temperature, true), "bolder: the model's temperature up, for bars that are not planned"),
    row(Music, &[], Some('('), A::Turn(Knob::Temperature, false), "tamer"),
    row(Music, &[], Some('.'), A::Turn(Knob::Words, true), "words stronger: they lean the model more, for bars that are not planned"),
    row(Music, &[], Some(','), A::Turn(Knob::Words, false), "words weaker"),
    row(Music, &[], Some('j'), A::Piano, "jam: letters are a piano for the voice by hand, or no longer"),
    row(Music, &[], Some('y'), A::FreeTempo, "free tempo: from a stop, a phrase by hand sets tempo, metre and key, and begins; later: reads it otherwise"),
    row(Music, &[], Some('d'), A::Use(Use::Duet), "duet: the model plays along with the hand, and hears it one bar late"),
    row(Music, &[], Some('x'), A::Use(Use::Trade), "trade: the model's lead listens to the hand, and answers at a bar line"),
    row(Music, &[], Some('u'), A::Use(Use::Loop), "loop: what the hand has played goes round from the next phrase line, and more is added; again: ends it"),
    row(Music, &[], Some('B'), A::Use(Use::Seed), "seed: the model begins with what the hand has played, and goes on from there"),
    row(Music, &[], Some('M'), A::Learn, "MIDI learn: the key of an action, then a pad, pedal, knob or transport key for it"),
    row(Screen, &[plain(F(4)), plain(KeyCode::Tab)], Some('b'), A::Bars, "bars: plain keys work on the bars to come, or on the text again"),
    row(Screen, &[ctrl(' '), plain(F(6))], None, A::Leader, "leader: a menu of plain keys"),
    row(Screen, &[ctrl('p')], Some(':'), A::Palette, "actions: all of them by name; letters find one"),
    row(Screen, &[plain(F(1))], Some('?'), A::Help, "help"),
    row(Screen, &[plain(F(2))], Some('n'), A::NextFile, "next file: of the set"),
    row(Screen, &[], Some('N'), A::PreviousFile, "file before: of the set"),
    row(Screen, &[plain(F(3))], Some('i'), A::Messages, "messages: what was said so far"),
    row(Screen, &[plain(F(9))], Some('w'), A::Sound, "sound: meters and scope, or no longer"),
    row(Screen, &[], Some('W'), A::Roll, "roll: the notes by time and pitch, or no longer"),
    row(Screen, &[plain(F(8))], Some('e'), A::FirstError, "error: go to the first one"),
    row(Screen, &[ctrl('f')], Some('f'), A::Find, "find: in either case, unless it has capitals; Enter next, ↑ before, Esc back to where it began"),
    row(Screen, &[plain(F(7)), ctrl('g')], Some('F'), A::FindNext, "find again: the next place"),
    row(Screen, &[], Some('T'), A::Theme, "theme: the colours of the terminal, dark, light, or high contrast"),
    row(Screen, &[], Some('l'), A::LoadFileVersion, "load: the version that another program saved"),
    row(Screen, &[ctrl('q')], Some('q'), A::Quit, "quit"),
    row(Text, &[ctrl('z')], None, A::Undo, "undo"),
    row(Text, &[ctrl('y')], None, A::Redo, "redo"),
    row(Text, &[ctrl('c')], None, A::Copy, "copy the selection, or the line"),
    row(Text, &[ctrl('x'), ctrl('k')], None, A::Cut, "cut the selection, or the line"),
    row(Text, &[ctrl('v')], None, A::Paste, "paste"),
    row(Text, &[ctrl('d')], None, A::DuplicateLine, "duplicate the line"),
    row(Text, &[ctrl('7'), ctrl('/'), ctrl('_')], None, A::ToggleComment, "comment out, or back in"),
    row(Text, &[plain(KeyCode::Enter)], None, A::NewLine, "new line"),
    row(Text, &[plain(KeyCode::Backspace), ctrl('h')], None, A::Erase(Motion::Left), "delete to the left"),
    row(Text, &[plain(KeyCode::Delete)], None, A::Erase(Motion::Right), "delete to the right"),
    row(Text, &[alt(KeyCode::Backspace), ctrl('w')], None, A::Erase(Motion::WordLeft), "delete a word to the left"),
    row(Text, &[alt(KeyCode::Char('d')), ctrl_key(KeyCode::Delete)], None, A::Erase(Motion::WordRight), "delete a word to the right"),
    row(Text, &[plain(KeyCode::Left)], None, A::Move(Motion::Left), "left (with Shift, as every move: select)"),
    row(Text, &[plain(KeyCode::Right)], None, A::Move(Motion::Right), "right"),
    row(Text, &[plain(KeyCode::Up)], None, A::Move(Motion::Up), "up"),
    row(Text, &[plain(KeyCode::Down)], None, A::Move(Motion::Down), "down"),
    row(Text, &[ctrl_key(KeyCode::Left), alt(KeyCode::Left)], None, A::Move(Motion::WordLeft), "a word or note to the left"),
    row(Text, &[ctrl_key(KeyCode::Right), alt(KeyCode::Right)], None, A::Move(Motion::WordRight), "a word or note to the right"),
    row(Text, &[plain(KeyCode::PageUp)], None, A::Move(Motion::PageUp), "page up"),
    row(Text, &[plain(KeyCode::PageDown)], None, A::Move(Motion::PageDown), "page down"),
    row(Text, &[plain(KeyCode::Home), ctrl('a')], None, A::Move(Motion::Home), "start of the line"),
    row(Text, &[plain(KeyCode::End), ctrl('e')], None, A::Move(Motion::End), "end of the line"),
    row(Text, &[ctrl_key(KeyCode::Home)], None, A::Move(Motion::Top), "start of the text"),
    row(Text, &[ctrl_key(KeyCode::End)], None, A::Move(Motion::Bottom), "end of the text"),
];

/// The action of a key, and whether Shift was held. Releases and keys that only type find nothing.
#[must_use]
pub fn find(key: KeyEvent) -> Option<(Action, bool)> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    let code = match key.code {
        // Caps Lock must not change what Ctrl+S does.
        KeyCode::Char(c) if !modifiers.is_empty() => KeyCode::Char(c.to_ascii_lowercase()),
        code => code,
    };
    if let (KeyModifiers::ALT, KeyCode::Char(digit @ '1'..='9')) = (modifiers, code) {
        return Some((Action::Mute(digit as u8 - b'0'), false));
    }
    let row = TABLE.iter().find(|row| row.keys.contains(&Chord::Key(modifiers, code)))?;
    Some((row.action, key.modifiers.contains(KeyModifiers::SHIFT)))
}

/// The action of a plain key after the leader.
#[must_use]
pub fn find_after_leader(code: KeyCode) -> Option<Action> {
    TABLE.iter().find(|row| row.leader == Some(code)).map(|row| row.action)
}

/// Whether an action is of the text, which keys leave alone while the bars have them.
#[must_use]
pub fn is_of_text(action: Action) -> bool {
    TABLE.iter().any(|row| row.action == action && row.group == Group::Text)
}

/// All rows, in the order of the help panel.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().chain(BARS)
}

/// What an action does, in words.
#[must_use]
pub fn help(action: Action) -> Option<&'static str> {
    rows().find(|row| row.action == action).map(|row| row.help)
}

/// The rows that the leader menu offers.
pub fn leader_rows() -> impl Iterator<Item = (String, &'static str)> {
    TABLE.iter().filter_map(|row| Some((code_name(row.leader?), row.help)))
}

impl Row {
    /// `Ctrl+S F5 Alt+Enter`; empty for actions that only the leader reaches.
    #[must_use]
    pub fn key_names(&self) -> String {
        if self.group == Group::Bars {
            return String::new();
        }
        // Ctrl+/ has three codes, one name.
        let shown = self.keys.iter().filter(|key| !matches!(key, Chord::Key(_, KeyCode::Char('7' | '_'))));
        shown.map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The plain keys after the leader, or nothing.
    #[must_use]
    pub fn leader_name(&self) -> String {
        if self.group == Group::Bars {
            let bars = TABLE.iter().find(|row| row.action == Action::Bars).map(Row::leader_name);
            return format!("{} {}", bars.unwrap_or_default(), bars::names(self.keys));
        }
        self.leader.map(code_name).unwrap_or_default()
    }
}

/// The table as the README shows it.
#[must_use]
pub fn markdown_table() -> String {
    let mut table = String::from("| key | Ctrl+Space, then | what it does |\n| --- | --- | --- |\n");
    for row in rows() {
        table.extend(["| ", &row.key_names(), " | ", &row.leader_name(), " | ", row.help, " |\n"]);
    }
    table
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Chord::AltDigit => f.write_str("Alt+1…9"),
            Chord::Digit => f.write_str("1…9"),
            Chord::Key(modifiers, code) => {
                if modifiers.contains(KeyModifiers::CONTROL) {
                    f.write_str("Ctrl+")?;
                }
                if modifiers.contains(KeyModifiers::ALT) {
                    f.write_str("Alt+")?;
                }
                match code {
                    // A bare letter is shown as it is typed, one behind a modifier as keyboards print it.
                    KeyCode::Char(c) if c.is_ascii_lowercase() => write!(f, "{}", c.to_ascii_uppercase()),
                    code => f.write_str(&code_name(code)),
                }
            }
        }
    }
}

fn code_name(code: KeyCode) -> String {
    match code {
        KeyCode::Char(' ') => "Space".into(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Left => "←".into(),
        KeyCode::Right => "→".into(),
        KeyCode::Up => "↑".into(),
        KeyCode::Down => "↓".into(),
        code => code.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        for (at, row) in TABLE.iter().enumerate() {
            for other in &TABLE[at + 1..] {
                assert!(row.leader.is_none() || row.leader != other.leader, "{row:?} {other:?}");
                assert!(!row.keys.iter().any(|key| other.keys.contains(key)), "{row:?} {other:?}");
            }
        }
    }

    #[test]
    fn every_row_can_be_reached_and_every_key_finds_its_row() {
        for row in TABLE {
            assert!(!row.keys.is_empty() || row.leader.is_some(), "{row:?}");
            if let Some(code) = row.leader {
                assert_eq!(find_after_leader(code), Some(row.action));
            }
            for key in row.keys {
                if let Chord::Key(modifiers, code) = *key {
                    assert_eq!(find(KeyEvent::new(code, modifiers)), Some((row.action, false)), "{row:?}");
                }
            }
        }
    }

    #[test]
    fn caps_lock_releases_and_alt_digits() {
        let key = |c, modifiers| KeyEvent::new(KeyCode::Char(c), modifiers);
        assert_eq!(find(key('S', KeyModifiers::CONTROL)), Some((Action::Evaluate, false)));
        assert_eq!(find(key('3', KeyModifiers::ALT)), Some((Action::Mute(3), false)));
        assert_eq!(find(key('s', KeyModifiers::NONE)), None);
        let mut release = key('s', KeyModifiers::CONTROL);
        release.kind = KeyEventKind::Release;
        assert_eq!(find(release), None);
    }

    #[test]
    fn the_markdown_table_names_keys_as_keyboards_print_them() {
        let table = markdown_table();
        assert!(table.contains("| Ctrl+S F5 Alt+Enter | Enter | evaluate"), "{table}");
        assert!(table.contains("| Ctrl+/ |  | comment out"), "{table}");
        assert!(table.contains("|  | P | panic"), "{table}");
        assert!(table.contains("| Ctrl+Space F6 |"), "{table}");
    }
}
