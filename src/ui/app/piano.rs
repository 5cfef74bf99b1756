//! The computer keyboard as an instrument: two rows of letters are the keys of a piano. Main thread, part of the reducer.
//!
//! A terminal that reports releases holds a note as long as its key is down. One that does not is known by that no release ever comes: there a
//! key plays a step, half a felt beat, and goes on where the keyboard repeats it.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{App, Request};
use crate::event::{Command, Level, Snapshot, VoiceStatus};
use crate::ui::keys::{self, Action, Group};

/// From C upwards in semitones, as the white and black keys lie.
const KEYS: &str = "awsedftgyhujkolp;'";
/// A key that comes again so soon is held: keyboards repeat some thirty times a second.
const REPEAT: Duration = Duration::from_millis(100);
const LOUDER: u8 = 10;
/// What Shift adds.
const ACCENT: u8 = 30;

#[derive(Debug)]
pub struct Piano {
    on: bool,
    /// In scientific pitch notation, 0 to 8, so that no key is beyond MIDI's: the leftmost one is its C.
    octave: u8,
    /// 1 to 127.
    velocity: u8,
    held: Vec<Held>,
    /// The terminal has reported a release.
    releases: bool,
}

#[derive(Debug)]
struct Held {
    key: char,
    voice: String,
    pitch: u8,
    /// For how long, where no release is known to come, and since when.
    step: Option<(Duration, Duration)>,
}

impl Default for Piano {
    fn default() -> Piano {
        Piano { on: false, octave: 4, velocity: 80, held: Vec::new(), releases: false }
    }
}

impl Piano {
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// `keys C4 80`: where the leftmost key is, and how loud.
    #[must_use]
    pub fn name(&self) -> String {
        format!("keys C{} {}", self.octave, self.velocity)
    }

    fn is_sounding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Ends what is held, or of it what `which` says.
    fn let_go(&mut self, which: impl Fn(&Held) -> bool) -> Vec<Request> {
        let ends = self.held.extract_if(.., |held| which(held));
        ends.map(|Held { voice, pitch, .. }| Request::Command(Command::NoteOff { voice, pitch })).collect()
    }

    fn strike(&mut self, key: char, accent: bool, voice: String, step: Duration) -> Vec<Request> {
        if let Some(held) = self.held.iter_mut().find(|held| held.key == key) {
            match &mut held.step {
                None => return vec![],
                Some((left, since)) if *since < REPEAT => {
                    (*left, *since) = (step, Duration::ZERO);
                    return vec![];
                }
                Some(_) => {}
            }
        }
        let mut requests = self.let_go(|held| held.key == key);
        let semitones = KEYS.chars().position(|other| other == key).unwrap_or(0) as u8;
        let pitch = 12 * (self.octave + 1) + semitones;
        // Two keys of one pitch, after another octave was chosen: whoever struck it last holds it.
        self.held.retain(|held| (&held.voice, held.pitch) != (&voice, pitch));
        let velocity = self.velocity.saturating_add(if accent { ACCENT } else { 0 }).min(127);
        let step = (!self.releases).then_some((step, Duration::ZERO));
        self.held.push(Held { key, voice: voice.clone(), pitch, step });
        requests.push(Request::Command(Command::NoteOn { voice, pitch, velocity }));
        requests
    }
}

/// Half a felt beat at the tempo that sounds.
fn step(snapshot: &Snapshot) -> Duration {
    let beat = 240.0 * snapshot.meter.beat().to_f64() / snapshot.tempo.quarters_per_minute();
    Duration::from_secs_f64((beat / 2.0).clamp(0.05, 2.0))
}

impl App {
    /// The computer keyboard as an instrument.
    #[must_use]
    pub fn piano(&self) -> &Piano {
        &self.piano
    }

    pub(super) fn toggle_piano(&mut self) -> Vec<Request> {
        if self.piano.on {
            return self.end_piano();
        }
        let Some(voice) = self.played() else {
            let help = "no voice is played by hand; a line such as V:keys by=hand patch=reed makes one";
            self.say(Level::Warning, help.into());
            return vec![];
        };
        self.piano.on = true;
        let help = format!("{voice}: A W S E D … play, Shift accents; Z X octave, C V softer and louder; Esc ends");
        self.say(Level::Info, help);
        vec![Request::Releases(true)]
    }

    /// The keys are the text's again.
    pub(super) fn end_piano(&mut self) -> Vec<Request> {
        self.piano.on = false;
        let mut requests = self.let_go_of_keys();
        requests.push(Request::Releases(false));
        requests
    }

    /// Whoever looks elsewhere is not told of releases any more.
    pub(super) fn let_go_of_keys(&mut self) -> Vec<Request> {
        self.piano.let_go(|_| true)
    }

    /// The voice by hand whose digit came last, or the first one.
    fn played(&self) -> Option<String> {
        let voices = &self.snapshot.voices;
        let by_hand = |voice: &&VoiceStatus| voice.by_hand;
        let voice = voices.get(self.voice).filter(by_hand).or_else(|| voices.iter().find(by_hand))?;
        Some(voice.name.clone())
    }

    /// A key while the keyboard is an instrument; those of the table that need a modifier or are none of a typewriter do what they always do.
    pub(super) fn piano_key(&mut self, key: KeyEvent) -> Vec<Request> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            KeyCode::Esc => return self.end_piano(),
            KeyCode::Char(c) if plain => return self.piano_letter(c, key.kind),
            _ => {}
        }
        match keys::find(key) {
            Some((Action::Bars, _)) => {
                let mut requests = self.end_piano();
                requests.extend(self.act(Action::Bars, false));
                requests
            }
            Some((action, _)) if keys::rows().any(|row| row.action == action && row.group != Group::Text) => {
                self.act(action, false)
            }
            _ => vec![],
        }
    }

    fn piano_letter(&mut self, c: char, kind: KeyEventKind) -> Vec<Request> {
        let accent = c.is_uppercase() || c == ':' || c == '"';
        let key = key_of(c);
        let piano = &mut self.piano;
        match key {
            'z' => piano.octave = piano.octave.saturating_sub(1),
            'x' => piano.octave = (piano.octave + 1).min(8),
            'c' => piano.velocity = piano.velocity.saturating_sub(LOUDER).max(LOUDER),
            'v' => piano.velocity = (piano.velocity + LOUDER).min(127),
            key if KEYS.contains(key) && kind == KeyEventKind::Press => {
                let Some(voice) = self.played() else {
                    self.say(Level::Warning, "no voice is played by hand any more".into());
                    return vec![];
                };
                let step = step(&self.snapshot);
                return self.piano.strike(key, accent, voice, step);
            }
            _ => {}
        }
        vec![]
    }

    /// A key has been let go; that there is such news is news itself.
    pub(super) fn released(&mut self, key: KeyEvent) -> Vec<Request> {
        self.piano.releases = true;
        match key.code {
            KeyCode::Char(c) => self.piano.let_go(|held| held.key == key_of(c)),
            _ => vec![],
        }
    }

    /// Whether time has to be told for what is held.
    pub(super) fn holds_keys(&self) -> bool {
        self.piano.is_sounding()
    }

    pub(super) fn keys_passed(&mut self, time: Duration) -> Vec<Request> {
        for (left, since) in self.piano.held.iter_mut().filter_map(|held| held.step.as_mut()) {
            *left = left.saturating_sub(time);
            *since += time;
        }
        self.piano.let_go(|held| held.step.is_some_and(|(left, _)| left.is_zero()))
    }
}

/// The key under a character, whether Shift is down or not.
fn key_of(c: char) -> char {
    match c {
        ':' => ';',
        '"' => '\'',
        c => c.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests;
