//! Which key some bars are in, by their pitch classes. Pure.
//!
//! The time that each pitch class sounds is correlated with the profile of each key (Krumhansl and Schmuckler; C. L. Krumhansl,
//! "Cognitive Foundations of Musical Pitch", 1990), with the profiles of C. L. Krumhansl and E. J. Kessler, "Tracing the dynamic changes
//! in perceived tonal organization in a spatial representation of musical keys", Psychological Review 89 (1982). Those are of major and minor;
//! the other church modes take the nearer of the two, with the values of the degrees that differ exchanged. Such estimates err often,
//! which is why the score of people's tunes stands beside the model's.

use crate::abc::Step;
use crate::abc::key::{Key, Mode};
use crate::feature;
use crate::score::Measure;

const MAJOR: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
const MINOR: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

/// Modes that are looked for. Locrian has no tunes.
const MODES: [Mode; 6] = [Mode::Major, Mode::Minor, Mode::Dorian, Mode::Phrygian, Mode::Lydian, Mode::Mixolydian];

/// Whether the likeliest key of some bars has the tonic and mode of `key`.
#[must_use]
pub fn is_in(bars: &[Measure], key: &Key) -> bool {
    let tonic = key.tonic.map(|(step, alter)| class(step, alter));
    estimate(bars).is_some_and(|(class, mode)| Some(class) == tonic && mode == key.mode)
}

/// The pitch class of the tonic, and the mode; `None` where nothing sounds.
#[must_use]
pub fn estimate(bars: &[Measure]) -> Option<(usize, Mode)> {
    let mut time = [0.0; 12];
    for note in bars.iter().flat_map(|bar| &bar.notes) {
        time[note.pitch.midi().rem_euclid(12) as usize] += feature::ticks(note.length) as f64;
    }
    let keys = (0..12).flat_map(|tonic| MODES.map(|mode| (tonic, mode)));
    let fit = |(tonic, mode): (usize, Mode)| {
        let mut turned = profile(mode);
        turned.rotate_right(tonic);
        correlation(&time, &turned)
    };
    let fits = keys.map(|key| (fit(key), key));
    // Of equals the first, which is the commoner mode.
    let best = fits.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (time.iter().sum::<f64>() > 0.0).then_some(best.1)
}

/// By semitones above the tonic.
fn profile(mode: Mode) -> [f64; 12] {
    let (mut profile, exchanged) = match mode {
        Mode::Lydian => (MAJOR, Some((5, 6))),
        Mode::Mixolydian => (MAJOR, Some((10, 11))),
        Mode::Dorian => (MINOR, Some((8, 9))),
        Mode::Phrygian => (MINOR, Some((1, 2))),
        Mode::Minor => (MINOR, None),
        _ => (MAJOR, None),
    };
    if let Some((a, b)) = exchanged {
        profile.swap(a, b);
    }
    profile
}

/// Pearson's; 0 where one of them is flat.
fn correlation(a: &[f64; 12], b: &[f64; 12]) -> f64 {
    let mean = |x: &[f64; 12]| x.iter().sum::<f64>() / 12.0;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(&a, &b)| f(a - ma, b - mb)).sum::<f64>();
    let scale = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    if scale > 0.0 { sum(&|a, b| a * b) / scale } else { 0.0 }
}

fn class(step: Step, alter: i8) -> usize {
    (step.semitones() + i32::from(alter)).rem_euclid(12) as usize
}
