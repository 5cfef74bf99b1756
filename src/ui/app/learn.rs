//! MIDI learn: a key's action and something that is touched on an instrument become one; and what is learned is done. Main thread, part of the
//! reducer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use num_rational::Ratio;

use super::{App, Mode, Request};
use crate::event::{Arm, Command, Level};
use crate::midi::mapping::{Mappings, Touched, Trigger};
use crate::time::Tempo;
use crate::ui::keys::{self, Action};

/// From here on a pedal is down.
const DOWN: u8 = 64;
/// Where a knob leaves a voice as loud as its text says: in the middle.
const UNITY: f32 = 64.0;
/// The tempo at a knob's left end, in felt beats a minute; a step is one.
const SLOWEST: i64 = 60;

/// What is to be learned, as far as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learning {
    /// Waits for the key of an action.
    Key,
    /// Waits for the digit that belongs to it.
    Digit(char),
    /// Waits for something to be touched.
    Touch(char, Option<char>),
}

/// A key of the leader's menu as a letter.
fn letter(code: KeyCode) -> Option<char> {
    match code {
        KeyCode::Char(c) => Some(c),
        KeyCode::Enter => Some('\n'),
        _ => None,
    }
}

fn action(letter: char) -> Option<Action> {
    keys::find_after_leader(if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) })
}

/// Whether an action is of a voice, which a digit says.
fn of_voice(action: Action) -> bool {
    matches!(action, Action::AskMute | Action::AskSolo | Action::AskKeep | Action::Louder | Action::Softer)
}

impl App {
    /// What was learned in sets before.
    pub fn set_mappings(&mut self, mappings: Mappings) {
        self.mappings = mappings;
    }

    pub(super) fn learn_key(&mut self, code: KeyCode, learning: Learning) -> Vec<Request> {
        match (learning, letter(code)) {
            (Learning::Key, Some(key)) => match action(key) {
                Some(Action::Learn | Action::Leader) | None => {}
                Some(of) if of_voice(of) => {
                    self.mode = Mode::Learn(Learning::Digit(key));
                    return vec![];
                }
                Some(_) => return self.wait_for_touch(key, None),
            },
            (Learning::Digit(key), Some(digit @ '0'..='9')) if digit != '0' || action(key) == Some(Action::AskKeep) => {
                return self.wait_for_touch(key, Some(digit));
            }
            (Learning::Touch(key, digit), _) => {
                let keys: String = [key].into_iter().chain(digit).collect();
                if matches!(code, KeyCode::Delete | KeyCode::Backspace) && self.mappings.forget(&keys) {
                    self.say(Level::Info, format!("nothing stands for {} any more", named(&keys)));
                    return vec![Request::KeepMappings(self.mappings.text()), self.attend(false)];
                }
                self.say(Level::Info, "nothing is learned".into());
                return vec![self.attend(false)];
            }
            _ => {}
        }
        self.say(Level::Info, "nothing is learned".into());
        vec![]
    }

    fn wait_for_touch(&mut self, key: char, digit: Option<char>) -> Vec<Request> {
        self.mode = Mode::Learn(Learning::Touch(key, digit));
        vec![self.attend(true)]
    }

    /// Something else was done where something was to be touched.
    pub(super) fn stop_learning(&self, before: Mode) -> Vec<Request> {
        if matches!(before, Mode::Learn(Learning::Touch(..))) { vec![self.attend(false)] } else { vec![] }
    }

    fn attend(&self, all: bool) -> Request {
        Request::Command(Command::Attend { triggers: self.mappings.triggers(), all })
    }

    /// Something was touched that is learned, or while something is.
    pub(super) fn touched(&mut self, touched: Touched) -> Vec<Request> {
        let before = self.touched.insert((touched.port.clone(), touched.trigger), touched.value).unwrap_or(0);
        if let Mode::Learn(Learning::Touch(key, digit)) = self.mode {
            if touched.value == 0 {
                return vec![];
            }
            self.mode = Mode::Edit;
            let keys: String = [key].into_iter().chain(digit).collect();
            self.say(Level::Info, format!("{} of {} is {} from now on", touched.trigger, touched.port, named(&keys)));
            self.mappings.learn(touched, &keys);
            return vec![Request::KeepMappings(self.mappings.text()), self.attend(false)];
        }
        let Some(keys) = self.mappings.keys(&touched).map(str::to_owned) else { return vec![] };
        let (key, digit) = (keys.chars().next().unwrap_or_default(), keys.chars().nth(1));
        let voice = digit.and_then(|digit| digit.to_digit(10)).and_then(|digit| digit.checked_sub(1));
        let voice = voice.map(|voice| voice as usize);
        let is_control = matches!(touched.trigger, Trigger::Control { .. });
        match (action(key), voice) {
            (Some(Action::Louder | Action::Softer), Some(voice)) if is_control => self.gain_knob(voice, touched.value),
            (Some(Action::Turn(knob, _)), _) if is_control => {
                self.turned(Command::Turn { knob, factor: knob.at(touched.value) })
            }
            (Some(Action::Faster | Action::Slower), _) if is_control => self.tempo_knob(touched.value),
            _ if is_control && !(before < DOWN && touched.value >= DOWN) || touched.value == 0 => vec![],
            (Some(step @ (Action::Louder | Action::Softer)), Some(voice)) => {
                self.voice = voice;
                self.act(step, false)
            }
            _ => self.press(&keys),
        }
    }

    /// As if the leader and these keys were pressed, whatever the performer types meanwhile.
    fn press(&mut self, keys: &str) -> Vec<Request> {
        let before = std::mem::replace(&mut self.mode, Mode::Leader);
        let mut requests = Vec::new();
        for key in keys.chars() {
            let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
            requests.extend(self.key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
        if self.mode == Mode::Edit {
            self.mode = before;
        }
        requests
    }

    fn gain_knob(&mut self, voice: usize, value: u8) -> Vec<Request> {
        let Some(status) = self.snapshot.voices.get(voice) else { return vec![] };
        let gain = (f32::from(value) / UNITY * 100.0).round() / 100.0;
        self.turned(Command::Gain { voice: status.name.clone(), gain })
    }

    fn tempo_knob(&mut self, value: u8) -> Vec<Request> {
        let count = Ratio::from(SLOWEST + i64::from(value));
        let tempo = Tempo::from_beat(self.snapshot.meter.beat(), count).checked();
        tempo.map_or_else(Vec::new, |tempo| self.turned(Command::Tempo(tempo)))
    }

    /// A knob is seen and heard; each of its steps in words would be too much.
    fn turned(&self, command: Command) -> Vec<Request> {
        let command = if self.arming { Command::Arm(Arm::Add(Box::new(command))) } else { command };
        vec![Request::Command(command)]
    }
}

/// Keys of the leader's menu and what they do: `m3 (mute a voice, or bring it back)`.
fn named(keys: &str) -> String {
    let help = keys.chars().next().and_then(action).and_then(keys::help).unwrap_or_default();
    let short = help.split([':', ';']).next().unwrap_or_default();
    format!("{} ({short})", keys.replace('\n', "Enter"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{Event, Playing, Snapshot, VoiceStatus};
    use crate::ui::app::Input;

    const PAD: Trigger = Trigger::Note { channel: 9, pitch: 36 };
    const PEDAL: Trigger = Trigger::Control { channel: 0, controller: 64 };

    fn app() -> App {
        let mut app = App::new(vec![("a.abc".into(), "X:1\n".into())], (80, 24));
        let voices = ["bass", "lead"].map(VoiceStatus::untouched).into();
        let snapshot = Snapshot { playing: Playing::Playing, voices, ..Snapshot::default() };
        app.update(Input::Event(Event::Snapshot(Arc::new(snapshot))));
        app
    }

    fn touch(app: &mut App, trigger: Trigger, value: u8) -> String {
        let touched = Touched { port: "Pads".into(), trigger, value };
        short(&app.update(Input::Event(Event::Touched(touched))))
    }

    fn keys(app: &mut App, keys: &str) -> String {
        let mut requests = app.update(Input::Key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::CONTROL)));
        for key in keys.chars() {
            requests.extend(app.update(Input::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE))));
        }
        short(&requests)
    }

    fn short(requests: &[Request]) -> String {
        let short = |request: &Request| match request {
            Request::Command(Command::Attend { triggers, all }) => format!("attend {} {all}", triggers.len()),
            Request::Command(command) => format!("{command:?}"),
            Request::KeepMappings(_) => "keep".into(),
            Request::Record => "record".into(),
            other => format!("{other:?}"),
        };
        requests.iter().map(short).collect::<Vec<_>>().join("; ")
    }

    fn said(app: &App) -> &str {
        &app.messages().back().unwrap().text
    }

    #[test]
    fn a_pad_is_a_key_of_the_menu() {
        let mut app = app();
        assert_eq!(touch(&mut app, PAD, 90), "");
        assert_eq!(keys(&mut app, "Mh"), "attend 0 true");
        assert_eq!(touch(&mut app, PAD, 0), "");
        assert_eq!(touch(&mut app, PAD, 90), "keep; attend 1 false");
        assert_eq!(said(&app), "note 36 channel 10 of Pads is h (hush) from now on");
        assert_eq!(touch(&mut app, PAD, 0), "");
        assert_eq!(touch(&mut app, PAD, 1), "Hush");
        // In the middle of a menu, which stays.
        keys(&mut app, "m");
        assert_eq!(touch(&mut app, PAD, 1), "Hush");
        assert_eq!(app.mode(), Mode::Mute);
        // Whoever touches nothing has learned nothing.
        app.update(Input::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
        assert_eq!(keys(&mut app, "Mpx"), "attend 1 true; attend 1 false");
        assert_eq!(said(&app), "nothing is learned");
        assert_eq!(keys(&mut app, "M~"), "");
    }

    #[test]
    fn a_pedal_is_down_from_the_middle_on_and_a_knob_is_a_fader() {
        let mut app = app();
        keys(&mut app, "Mm2");
        touch(&mut app, PEDAL, 3);
        assert_eq!(said(&app), "control 64 channel 1 of Pads is m2 (mute a voice, or bring it back) from now on");
        let mute = "Mute { voice: \"lead\", muted: true }";
        let pressed: Vec<String> = [20, 64, 127, 90, 10, 127].map(|value| touch(&mut app, PEDAL, value)).into();
        assert_eq!(pressed, ["", mute, "", "", "", mute]);
        let knob = |controller| Trigger::Control { channel: 0, controller };
        keys(&mut app, "M+2");
        touch(&mut app, knob(7), 1);
        keys(&mut app, "M]");
        touch(&mut app, knob(8), 1);
        assert_eq!(touch(&mut app, knob(7), 64), "Gain { voice: \"lead\", gain: 1.0 }");
        assert_eq!(touch(&mut app, knob(7), 0), "Gain { voice: \"lead\", gain: 0.0 }");
        assert_eq!(touch(&mut app, knob(8), 64), "Tempo(Tempo(Ratio { numer: 124, denom: 1 }))");
        // A pad takes a step, of its own voice.
        keys(&mut app, "M-1");
        touch(&mut app, PAD, 9);
        assert_eq!(touch(&mut app, PAD, 9), "Gain { voice: \"bass\", gain: 0.9 }");
    }

    #[test]
    fn what_was_learned_can_be_forgotten() {
        let mut app = app();
        keys(&mut app, "Mp");
        touch(&mut app, Trigger::Start, 127);
        assert_eq!(touch(&mut app, Trigger::Start, 127), "Play");
        keys(&mut app, "Mp");
        let requests = app.update(Input::Key(KeyEvent::new(KeyCode::Delete, KeyModifiers::NONE)));
        assert_eq!(
            (short(&requests), said(&app)),
            ("keep; attend 0 false".into(), "nothing stands for p (play) any more")
        );
        assert_eq!(touch(&mut app, Trigger::Start, 127), "");
    }
}
