//! Bars under many rules: whether all that a model writes is full and within them, and whether it is music at all. Counted on the text as the
//! model wrote it, by reading it again, without the automaton. Runs where the model lives.

use super::stream::Stream;
use super::writer::{Model, Writer};
use super::{Prompt, PromptBar, PromptVoice, Revision, Role, STREAM_UNIT, VoiceRules};
use crate::abc::bar::TICKS_PER_WHOLE;
use crate::abc::key::Key;
use crate::abc::parse::read_bar;
use crate::abc::{Meter, Pitch};
use crate::score::Measure;
use crate::time::Beats;

/// Metre, key, roles of the voices that are composed, range, scale (pitch classes, 0 for all), grid in 1/96, notes in a bar, words.
type Scene = ((u16, u16), &'static str, &'static [Role], (u8, u8), u16, u16, (u8, u8), &'static str);

const MAJOR: u16 = 0b1010_1011_0101;
const PENTA: u16 = 0b0010_1001_0101;

const SCENES: [Scene; 20] = [
    ((4, 4), "C", &[Role::Lead], (55, 88), 0, 6, (0, 24), ""),
    ((6, 8), "G", &[Role::Lead], (55, 88), 0, 6, (1, 24), "steady flowing"),
    ((3, 4), "Am", &[Role::Lead], (60, 81), 0, 12, (0, 8), ""),
    ((4, 4), "Ddor", &[Role::Lead], (57, 84), MAJOR, 6, (2, 10), "busy high"),
    ((2, 4), "D", &[Role::Lead], (62, 86), 0, 6, (0, 12), ""),
    ((4, 4), "Em", &[Role::Bass], (28, 55), 0, 12, (1, 8), "low"),
    ((9, 8), "Gmix", &[Role::Lead], (55, 88), 0, 12, (0, 12), ""),
    ((5, 4), "F", &[Role::Lead], (55, 88), PENTA, 12, (1, 10), ""),
    ((2, 2), "Bb", &[Role::Lead], (58, 82), 0, 24, (1, 4), "sparse"),
    ((12, 8), "Eb", &[Role::Lead], (55, 88), 0, 6, (0, 24), ""),
    ((4, 4), "C", &[Role::Bass, Role::Lead], (36, 84), MAJOR, 12, (1, 8), ""),
    ((3, 8), "A", &[Role::Lead], (64, 76), 0, 6, (1, 6), ""),
    ((7, 8), "Edor", &[Role::Lead], (55, 88), 0, 6, (0, 14), "leaping"),
    ((4, 4), "Cm", &[Role::Arp], (48, 79), 0, 6, (4, 16), ""),
    ((3, 4), "F#m", &[Role::Lead], (61, 62), 0, 12, (0, 6), ""),
    ((4, 4), "Am", &[Role::Keys], (48, 76), PENTA, 12, (1, 8), ""),
    ((6, 8), "D", &[Role::Bass, Role::Inner, Role::Lead], (40, 86), 0, 12, (0, 9), "rising"),
    ((4, 4), "C", &[Role::Drums], (35, 81), 0, 6, (1, 24), ""),
    ((4, 4), "Ephr", &[Role::Lead], (52, 76), 0, 3, (3, 24), "low chromatic"),
    ((2, 4), "G", &[Role::Lead], (67, 67), 0, 6, (1, 8), ""),
];

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trial {
    pub bars: u32,
    pub full: u32,
    pub within: u32,
    /// Bars that could not be finished.
    pub dead_ends: u32,
    /// Bars in which nothing need sound, and of them those in which nothing does.
    pub free: u32,
    pub silent: u32,
    /// Bars that no earlier bar of their voice and scene equals.
    pub distinct: u32,
    pub tokens: u32,
    /// Of the time of all bars, what is rest.
    pub rest: f64,
}

impl Trial {
    /// Figures as `(name, value, unit)`.
    #[must_use]
    pub fn figures(&self) -> Vec<(&'static str, f64, &'static str)> {
        vec![
            ("full_bars_share", share(self.full, self.bars), "share"),
            ("within_rules_share", share(self.within, self.bars), "share"),
            ("dead_ends", f64::from(self.dead_ends), "bars"),
            ("all_rest_bars_share", share(self.silent, self.free), "share"),
            ("rest_time_share", self.rest / f64::from(self.bars.max(1)), "share"),
            ("distinct_bars_share", share(self.distinct, self.bars), "share"),
            ("tokens_per_bar", share(self.tokens, self.bars), "tokens"),
        ]
    }
}

fn share(of: u32, all: u32) -> f64 {
    f64::from(of) / f64::from(all.max(1))
}

/// Writes `bars` bars, some in each scene, one draft each; `see` is shown each line of music.
pub fn trial<M: Model>(writer: &mut Writer<M>, bars: u32, see: &mut dyn FnMut(&str)) -> Result<Trial, String> {
    let mut trial = Trial::default();
    let voices: usize = SCENES.iter().map(|scene| scene.2.len()).sum();
    // Short runs take only some of the scenes, so that a phrase fits.
    let each = (bars as usize).div_ceil(voices).max(4);
    let step = (voices * each / bars.max(1) as usize).max(1);
    for (number, scene) in SCENES.iter().enumerate().step_by(step) {
        if trial.bars >= bars {
            break;
        }
        run(writer, prompt(scene, number as u64 + 1, each), &mut trial, see)?;
    }
    Ok(trial)
}

fn prompt(scene: &Scene, seed: u64, bars: usize) -> Prompt {
    let &((numerator, denominator), key, roles, range, classes, grid, notes, words) = scene;
    let classes = (classes != 0).then_some(classes);
    let rules = VoiceRules { range, classes, grid, notes };
    let voice = |&role: &Role| PromptVoice { name: role.tag().to_owned(), role, composed: true, rules };
    let mut bar = PromptBar { cells: vec![None; roles.len()], ..PromptBar::default() };
    bar.say(words);
    Prompt {
        revision: Revision(1),
        meter: Meter::Measured { numerator, denominator },
        key: Key::parse(key).map_or(Key::NONE, |(key, _)| key),
        phrase: 4,
        voices: roles.iter().map(voice).collect(),
        first_bar: 1,
        bars: vec![bar; bars],
        seed,
        attempt: 0,
        candidates: 1,
        knobs: crate::compose::Knobs::default(),
        due: None,
    }
}

fn run<M: Model>(
    writer: &mut Writer<M>,
    mut prompt: Prompt,
    trial: &mut Trial,
    see: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let mut tied: Vec<Vec<Pitch>> = vec![Vec::new(); prompt.voices.len()];
    let mut said: Vec<Vec<Measure>> = vec![Vec::new(); prompt.voices.len()];
    see(&format!("{} {}", prompt.meter, prompt.key));
    loop {
        let bar = match writer.next_bar(&mut prompt, &|| false) {
            Ok(Some(bar)) => bar,
            Ok(None) => return Ok(()),
            Err(message) if message.contains("mask") => {
                trial.dead_ends += 1;
                return Ok(());
            }
            Err(message) => return Err(message),
        };
        trial.tokens += bar.tokens;
        // What the model is not shown is left to the ladder.
        let stream = Stream::new(&prompt, writer.profile());
        for ((voice, _), text) in bar.cells.iter().zip(writer.drafts()) {
            let (measure, told) = read_bar(text, &stream.key, prompt.meter, STREAM_UNIT, &tied[*voice]);
            tied[*voice] = measure.tied_out();
            let PromptVoice { role, rules, .. } = &prompt.voices[*voice];
            let full = measure.length == prompt.meter.bar_length();
            let shift = if *role == Role::Drums { 0 } else { stream.to_model.semitones };
            let silent = measure.notes.is_empty();
            trial.bars += 1;
            trial.full += u32::from(full);
            trial.within += u32::from(full && told.is_empty() && within(&measure, rules, shift));
            trial.free += u32::from(rules.notes.0 == 0);
            trial.silent += u32::from(silent);
            trial.distinct += u32::from(!said[*voice].iter().any(|earlier| earlier.same_tune(&measure)));
            trial.rest += 1.0 - sounding(&measure).to_f64() / prompt.meter.bar_length().to_f64();
            see(&format!("  {} {text} |", prompt.voices[*voice].name));
            said[*voice].push(measure);
        }
    }
}

/// Whether a bar keeps to range, scale, grid and number of notes; `shift` is how far the model's key is from the one in which they are meant.
fn within(measure: &Measure, rules: &VoiceRules, shift: i32) -> bool {
    let ticks = |time: Beats| time * i64::from(TICKS_PER_WHOLE);
    let grid = i64::from(rules.grid);
    let on_grid = |time: Beats| {
        let ticks = ticks(time);
        // A third of a triplet is two thirds of what is written.
        [(1, 1), (3, 2), (3, 1)].into_iter().any(|(by, over)| {
            let (number, fraction) = (ticks.numerator() * by, ticks.denominator() * over);
            number % (fraction * grid) == 0
        })
    };
    let fits = |midi: i32| {
        let class = 1 << midi.rem_euclid(12);
        (i32::from(rules.range.0)..=i32::from(rules.range.1)).contains(&midi)
            && rules.classes.is_none_or(|classes| classes & class != 0)
    };
    let mut struck: Vec<Beats> = measure.notes.iter().filter(|note| !note.tied_from).map(|note| note.onset).collect();
    struck.dedup();
    let short = |length: Beats| ticks(length).to_f64() < f64::from(rules.grid);
    (usize::from(rules.notes.0)..=usize::from(rules.notes.1)).contains(&struck.len())
        && measure.notes.iter().all(|note| {
            fits(note.pitch.midi() - shift) && on_grid(note.onset) && on_grid(note.length) && !short(note.length)
        })
}

/// The time of a bar in which something sounds.
fn sounding(measure: &Measure) -> Beats {
    let (mut total, mut end) = (Beats::ZERO, Beats::ZERO);
    for note in &measure.notes {
        let until = note.onset + note.length;
        total += (until - note.onset.max(end)).max(Beats::ZERO);
        end = end.max(until);
    }
    total
}
