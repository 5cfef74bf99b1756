//! The keys while the bars have the keyboard: rows of the same kind, in a table of their own, since they are plain keys. Plain values, main thread.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Action, Chord, Group, Row, code_name, plain};

/// What is done to the bar under the cursor, or with the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBar {
    Earlier,
    Later,
    First,
    Last,
    Left,
    Right,
    /// A voice, from 1.
    Voice(u8),
    Reroll,
    Pin,
    Veto,
    Freeze,
    Choose,
    Edit,
    Keep,
    Mute,
    Solo,
    Louder,
    Softer,
    Leave,
}

impl OnBar {
    /// Whether it changes something at once, without anything to be seen before.
    #[must_use]
    pub fn acts_at_once(self) -> bool {
        matches!(self, B::Reroll | B::Pin | B::Veto | B::Freeze | B::Keep | B::Mute | B::Solo | B::Louder | B::Softer)
    }
}

use KeyCode::Char;
use OnBar as B;

const fn row(keys: &'static [Chord], what: OnBar, help: &'static str) -> Row {
    Row { group: Group::Bars, keys, leader: None, action: Action::Bar(what), help }
}

/// The order is that of the help panel.
#[rustfmt::skip]
pub const BARS: &[Row] = &[
    row(&[plain(Char('r'))], B::Reroll, "reroll: this bar is drawn again, and the voice goes on from there"),
    row(&[plain(Char('p'))], B::Pin, "pin: it stays whatever is rerolled or evaluated, or no longer"),
    row(&[plain(Char('v'))], B::Veto, "veto: drawn again, and never this one"),
    row(&[plain(Char('f'))], B::Freeze, "freeze: what the voice has planned goes round, or is free again"),
    row(&[plain(Char('c'))], B::Choose, "choose: among its drafts, each with what is against it"),
    row(&[plain(Char('e')), plain(KeyCode::Enter)], B::Edit, "edit: write this bar as ABC, Enter puts it there, Esc leaves it as it was"),
    row(&[plain(Char('k'))], B::Keep, "keep: the last 4 bars heard of this voice go into the text as a loop"),
    row(&[plain(Char('m'))], B::Mute, "mute the voice, or bring it back"),
    row(&[plain(Char('o'))], B::Solo, "hear the voice alone, or no longer"),
    row(&[plain(Char('+')), plain(Char('='))], B::Louder, "the voice louder"),
    row(&[plain(Char('-'))], B::Softer, "softer"),
    row(&[plain(KeyCode::Up)], B::Earlier, "the bar before"),
    row(&[plain(KeyCode::Down)], B::Later, "the next bar"),
    row(&[plain(KeyCode::Home)], B::First, "the first bar that can change"),
    row(&[plain(KeyCode::End)], B::Last, "the last bar that is known"),
    row(&[plain(KeyCode::Left)], B::Left, "the voice to the left"),
    row(&[plain(KeyCode::Right)], B::Right, "the voice to the right"),
    row(&[Chord::Digit], B::Voice(1), "the voice of that number"),
    row(&[plain(KeyCode::Esc)], B::Leave, "text: plain keys go there again"),
];

/// What a key does to the bars; nothing with Ctrl or Alt, which mean what they always mean.
#[must_use]
pub fn find(key: KeyEvent) -> Option<OnBar> {
    if key.kind == KeyEventKind::Release || key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return None;
    }
    if let Char(digit @ '1'..='9') = key.code {
        return Some(OnBar::Voice(digit as u8 - b'0'));
    }
    let row = BARS.iter().find(|row| row.keys.contains(&Chord::Key(KeyModifiers::NONE, key.code)))?;
    match row.action {
        Action::Bar(what) => Some(what),
        _ => None,
    }
}

/// `e Enter`: keys as they are typed.
pub(super) fn names(keys: &[Chord]) -> String {
    let name = |key: &Chord| match *key {
        Chord::Key(_, code) => code_name(code),
        digits => digits.to_string(),
    };
    keys.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// What the hint line tells: the rows that have a name, `r reroll`; the others are moves, which nobody looks up.
pub fn hints() -> impl Iterator<Item = (String, &'static str)> {
    BARS.iter().filter_map(|row| {
        let (name, _) = row.help.split_once(':')?;
        Some((names(&row.keys[..1]), name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_found_by_its_keys_and_no_key_means_two_things() {
        let mut seen = Vec::new();
        for row in BARS {
            assert!(!row.keys.is_empty() && row.leader.is_none(), "{row:?}");
            for key in row.keys {
                assert!(!seen.contains(key), "{row:?}");
                seen.push(*key);
                let code = if let Chord::Key(KeyModifiers::NONE, code) = *key { code } else { Char('1') };
                assert_eq!(find(KeyEvent::new(code, KeyModifiers::NONE)).map(Action::Bar), Some(row.action));
                assert_eq!(find(KeyEvent::new(code, KeyModifiers::CONTROL)), None);
            }
        }
        assert_eq!(find(KeyEvent::new(Char('7'), KeyModifiers::NONE)), Some(OnBar::Voice(7)));
    }

    #[test]
    fn the_hints_are_short() {
        let hints: Vec<String> = hints().map(|(key, what)| format!("{key} {what}")).collect();
        assert_eq!(hints.join("  "), "r reroll  p pin  v veto  f freeze  c choose  e edit  k keep  Esc text");
    }
}
