//! Human-like performances of known scores: what a hand would play of four bars, with its timing, articulation and mistakes. The same for
//! the same seed.
#![allow(dead_code, reason = "no test uses everything")]

use barline::abc::key::Key;
use barline::abc::{Meter, parse};
use barline::compose::sample::Rng;
use barline::score::{Carry, Measure, Swing, measure};
use barline::time::{Beats, Tempo};

/// Bars of one hand, full; the first begins with rests where the tune begins with a pickup.
#[derive(Clone, Debug)]
pub struct Score {
    pub title: String,
    pub meter: Meter,
    pub key: Key,
    pub bars: Vec<Measure>,
    /// The length of its pickup.
    pub pickup: Beats,
}

/// Notes as they are struck, ties joined: onset, length and MIDI pitch.
pub type Struck = Vec<(Beats, Beats, u8)>;

/// All tunes of a text; their voices are one hand's.
pub fn scores(text: &str) -> Vec<Score> {
    let (book, diagnostics) = parse::parse(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let score = |tune: &barline::abc::ast::Tune| {
        let meter = tune.header.meter.unwrap_or(Meter::COMMON);
        let length = meter.bar_length();
        let mut bars: Vec<Measure> = Vec::new();
        for voice in &tune.voices {
            let mut carry = Carry::default();
            for (at, bar) in voice.bars.iter().filter(|bar| !bar.items.is_empty()).enumerate() {
                let (read, _) = measure(bar, &mut carry);
                if bars.len() <= at {
                    bars.push(Measure { length: read.length, ..Measure::default() });
                }
                bars[at].notes.extend(read.notes);
            }
        }
        let pickup = if bars[0].length < length { bars[0].length } else { Beats::ZERO };
        if pickup > Beats::ZERO {
            bars[0].notes.iter_mut().for_each(|note| note.onset += length - pickup);
        }
        for bar in &mut bars {
            bar.length = length;
            bar.notes.sort_by_key(|note| (note.onset, note.pitch.midi()));
        }
        Score {
            title: tune.header.titles.first().cloned().unwrap_or_default(),
            meter,
            key: tune.header.key,
            bars,
            pickup,
        }
    };
    book.tunes.iter().map(score).collect()
}

/// Four bars of every so-manieth tune of the tune books in a folder, where there is one: those on the grid of sixteenths and triplets.
pub fn books(folder: &str, every: usize) -> Vec<Score> {
    let Ok(folders) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = folders.flatten().filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().flatten();
    let mut files: Vec<_> =
        files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|is| is == "abc")).collect();
    files.sort();
    let mut found = Vec::new();
    let mut nth = 0;
    for file in files {
        let text: String = std::fs::read(&file).unwrap().iter().map(|&byte| char::from(byte)).collect();
        for tune in text.split("\n\n").filter(|tune| tune.contains("X:")) {
            nth += 1;
            if nth % every != 0 {
                continue;
            }
            for scene in barline::prompt::read(&file, tune, &[], &barline::steer::Lexicon::default()).0 {
                let Some(voice) = scene.voices.first().filter(|voice| voice.bars.len() >= 4) else { continue };
                let pickup = if voice.bars[0].late > Beats::ZERO {
                    scene.bar_length() - voice.bars[0].late
                } else {
                    Beats::ZERO
                };
                let count = if pickup > Beats::ZERO { 5 } else { 4 };
                let bars: Vec<Measure> = voice.bars.iter().take(count).map(|bar| bar.measure.clone()).collect();
                let fits = |time: Beats| time.is_multiple_of(Beats::SIXTEENTH) || time.denominator() % 3 == 0;
                let plain = bars
                    .iter()
                    .flat_map(|bar| &bar.notes)
                    .all(|note| fits(note.onset) && fits(note.onset + note.length));
                if plain && bars.len() == count && matches!(scene.meter, Meter::Measured { .. }) {
                    found.push(Score { title: scene.title.clone(), meter: scene.meter, key: scene.key, bars, pickup });
                }
            }
        }
    }
    found
}

impl Score {
    pub fn struck(&self) -> Struck {
        let mut struck: Struck = Vec::new();
        for (at, bar) in self.bars.iter().enumerate() {
            for note in &bar.notes {
                let (onset, pitch) = (bar.length * at as i64 + note.onset, note.pitch.midi() as u8);
                let held = struck.iter_mut().rfind(|(from, length, of)| *of == pitch && *from + *length == onset);
                match held.filter(|_| note.tied_from) {
                    Some(held) => held.1 += note.length,
                    None => struck.push((onset, note.length, pitch)),
                }
            }
        }
        struck.sort_unstable();
        struck
    }
}

/// How a hand plays.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Standard deviation of onsets and ends, in milliseconds.
    pub sigma: f64,
    /// Besides, up to so many milliseconds either way, all equally likely.
    pub uniform: f64,
    /// The share of the first of two eighths, in percent.
    pub swing: u8,
    /// The notes of a chord follow one another by up to so many milliseconds.
    pub roll: f64,
    /// The shares of their lengths that notes sound, at least and at most.
    pub gate: (f64, f64),
    /// Melody notes are held on into the next one by up to so many milliseconds.
    pub overlap: f64,
    /// How many of a hundred notes begin with a slip to a neighbour.
    pub slips: f64,
    /// The tempo at the end, as a share of that at the beginning.
    pub push: f64,
}

impl Manner {
    pub const PLAIN: Manner = Manner {
        sigma: 15.0,
        uniform: 0.0,
        swing: 50,
        roll: 0.0,
        gate: (0.8, 1.0),
        overlap: 0.0,
        slips: 0.0,
        push: 1.0,
    };
}

/// A note as it was played, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Played {
    pub on: f64,
    pub off: f64,
    pub pitch: u8,
    pub velocity: u8,
    /// It stands in the score.
    pub meant: bool,
}

/// Of a normal distribution, nearly.
fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| f64::from(rng.uniform())).sum::<f64>() - 6.0
}

/// The score as a hand plays it at a tempo, by onset. Time 0 is the start of the first bar.
pub fn perform(score: &Score, tempo: Tempo, manner: &Manner, seed: u64) -> Vec<Played> {
    let mut rng = Rng::new(seed, 0, 0, 0);
    let whole = 240.0 / tempo.quarters_per_minute();
    let total = (score.meter.bar_length() * score.bars.len() as i64).to_f64();
    let swing = Swing { pair: Beats::QUARTER, share: manner.swing };
    // With the tempo changing evenly.
    let seconds = |at: Beats| {
        // Triplets do not swing.
        let swings = swing.share > 50 && swing.fits(score.meter) && at.denominator() % 3 != 0;
        let at = if swings { swing.warp(at) } else { at }.to_f64();
        at * whole * (1.0 - (manner.push - 1.0) * at / total / 2.0)
    };
    let struck = score.struck();
    let onsets: Vec<Beats> = struck.iter().map(|note| note.0).collect();
    let mut played = Vec::new();
    let mut chord = (Beats::new(-1, 1), 0.0);
    for &(onset, length, pitch) in &struck {
        // The notes of a chord are struck by one movement, and a little apart.
        let mut late = normal(&mut rng) * manner.sigma + (f64::from(rng.uniform()) * 2.0 - 1.0) * manner.uniform;
        if chord.0 == onset {
            late = chord.1 + normal(&mut rng) * 5.0 + f64::from(rng.uniform()) * manner.roll;
        }
        chord = (onset, late);
        let on = seconds(onset) + late / 1000.0;
        let full = seconds(onset + length) - seconds(onset);
        let gate = manner.gate.0 + (manner.gate.1 - manner.gate.0) * f64::from(rng.uniform());
        // Long notes are not let go of earlier than by a short breath.
        let breath = (full * (1.0 - gate)).min(0.12);
        let followed = onsets.contains(&(onset + length));
        let legato = if followed { f64::from(rng.uniform()) * manner.overlap / 1000.0 } else { 0.0 };
        let breath = if manner.overlap > 0.0 && followed { 0.0 } else { breath };
        let off = seconds(onset + length) - breath + legato + normal(&mut rng) * manner.sigma / 1000.0;
        let strong = onset.is_multiple_of(score.meter.bar_length());
        let beat = onset.is_multiple_of(score.meter.beat());
        let accent = if strong {
            10.0
        } else if beat {
            4.0
        } else {
            -4.0
        };
        let velocity = (80.0 + accent + normal(&mut rng) * 6.0).clamp(1.0, 127.0) as u8;
        if f64::from(rng.uniform()) * 100.0 < manner.slips {
            let wrong = if rng.below(2) == 0 { pitch + 1 } else { pitch - 1 };
            let early = 0.05 + 0.02 * f64::from(rng.uniform());
            played.push(Played {
                on: on - early,
                off: on - 0.005,
                pitch: wrong,
                velocity: velocity - 20,
                meant: false,
            });
        }
        played.push(Played { on, off: off.max(on + 0.03), pitch, velocity, meant: true });
    }
    // A key is let go of before it is struck again.
    for at in 0..played.len() {
        let (on, pitch) = (played[at].on, played[at].pitch);
        let again = played.iter().filter(|other| other.pitch == pitch && other.on > on).map(|other| other.on);
        let again = again.fold(f64::INFINITY, f64::min);
        played[at].off = played[at].off.min(again - 0.01).max(on + 0.005);
    }
    played.sort_by(|a, b| a.on.total_cmp(&b.on));
    played
}
