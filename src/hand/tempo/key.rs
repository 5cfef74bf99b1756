//! The key of a phrase: how well its pitch classes, by how long they sound and where they stand, fit each tonic and mode. Pure.

use crate::abc::Step;
use crate::abc::key::{Key, Mode};

use super::{Count, Played};

/// How often each degree sounds in a segment of music in major and in minor, tonic first (Temperley, Music and Probability, 2007: the
/// Kostka-Payne corpus).
const MAJOR: [f64; 12] = [0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400];
const MINOR: [f64; 12] = [0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330];

/// What the modes are like before anything is heard, as logarithms.
const MODES: [(Mode, f64); 4] =
    [(Mode::Major, 0.0), (Mode::Minor, -0.2), (Mode::Dorian, -1.4), (Mode::Mixolydian, -1.4)];

/// The profile of a mode: that of major or minor, with the degree that makes the difference.
fn profile(mode: Mode) -> [f64; 12] {
    let mut profile = if matches!(mode, Mode::Major | Mode::Mixolydian) { MAJOR } else { MINOR };
    match mode {
        // Songs and dances have the natural seventh as often as the leading tone.
        Mode::Minor => (profile[10], profile[11]) = (0.33, 0.28),
        Mode::Dorian => (profile[8], profile[9], profile[10], profile[11]) = (0.06, 0.40, 0.38, 0.22),
        Mode::Mixolydian => (profile[10], profile[11]) = (0.38, 0.08),
        _ => {}
    }
    profile
}

/// All keys that are worth a thought, likeliest first.
pub(super) fn keys(played: &[Played], count: &Count) -> Vec<Key> {
    let (weights, last, first) = weights(played, count);
    let total: f64 = weights.iter().sum();
    let mut found: Vec<(f64, Key)> = Vec::new();
    for (mode, prior) in MODES {
        let profile = profile(mode);
        let sum: f64 = profile.iter().sum();
        for tonic in 0..12 {
            // As if so many independent notes had been heard.
            let notes = 20.0;
            let fit: f64 =
                (0..12).map(|class| weights[(tonic + class) % 12] / total * (profile[class] / sum * 12.0).ln()).sum();
            let mut score = prior + notes * fit;
            score += match (last + 12 - tonic) % 12 {
                0 => 1.0,
                7 => 0.5,
                3 | 4 => 0.2,
                _ => -0.6,
            };
            score += match (first + 12 - tonic) % 12 {
                0 => 0.6,
                7 => 0.3,
                _ => 0.0,
            };
            found.push((score, named(tonic, mode)));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = found[0].1;
    let mut keys: Vec<Key> = Vec::new();
    for (_, key) in found {
        // The relative key is always to be had.
        let relative = key.signature == best.signature && key.mode != best.mode;
        if keys.len() < 4 || (relative && matches!(key.mode, Mode::Major | Mode::Minor)) {
            keys.push(key);
        }
    }
    keys
}

/// How much each pitch class weighs, which one the phrase ends on (its lowest last note), and which one stands first in a bar.
fn weights(played: &[Played], count: &Count) -> ([f64; 12], usize, usize) {
    let beat = 60.0 / count.beats;
    let mut weights = [0.0; 12];
    for note in played {
        // Long notes weigh more, but not by as much as they are longer.
        let length = ((note.off - note.on) / beat).clamp(0.1, 4.0);
        weights[usize::from(note.pitch) % 12] += length.sqrt();
    }
    let end = played.iter().map(|note| note.on).fold(f64::NEG_INFINITY, f64::max);
    let last = played.iter().filter(|note| note.on > end - 0.08).map(|note| note.pitch).min().unwrap_or(0);
    // The first stroke on or after the first bar line, where there is a pickup.
    let bar = beat * count.meter.bar_length().ratio(count.meter.beat()).to_integer() as f64;
    let begin = played.iter().map(|note| note.on).fold(f64::INFINITY, f64::min);
    let line = if begin - count.start > bar * 0.4 { count.start + bar } else { count.start };
    let first = played.iter().filter(|note| note.on > line - 0.08).min_by(|a, b| a.on.total_cmp(&b.on));
    (weights, usize::from(last) % 12, usize::from(first.map_or(0, |note| note.pitch)) % 12)
}

/// The key with the fewest signs, of two with six the one with flats.
fn named(tonic: usize, mode: Mode) -> Key {
    let names = Step::ALL.into_iter().flat_map(|step| [-1, 0, 1].map(|alter| (step, alter)));
    let here = names.filter(|(step, alter)| (step.semitones() + i32::from(*alter)).rem_euclid(12) == tonic as i32);
    let keys = here.map(|(step, alter)| Key::new(step, alter, mode));
    let signs = |key: &Key| key.signature.iter().map(|alter| i32::from(*alter)).sum::<i32>();
    let best = keys.min_by_key(|key| (signs(key).abs(), signs(key)));
    best.unwrap_or(Key::NONE)
}
