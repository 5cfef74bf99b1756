//! A phrase that was played with nothing running: how fast it was, in which metre and key, and where its first bar begins. Pure.
//!
//! Each reading (a beat, its phase, a metre, where the bar lines are) is judged by how likely it makes what was played: onsets are a Poisson
//! process whose rate at each place of the bar is that of its metre, struck with human looseness; long, loud, low and full strokes stand on
//! strong places; tempos near the middle of the felt range are likelier (Parncutt 1994). The likeliest reading is refined by a line through
//! its onsets (least squares), as the tempo is to be right within two percent. The next best ones of other kinds are kept for the performer
//! to choose from.

mod bars;
mod key;
mod meter;

use crate::abc::Meter;
use crate::abc::key::Key;

/// The least that says something, in onsets.
pub const LEAST: usize = 6;

/// Strokes this close together are one onset, in seconds.
const CHORD: f64 = 0.045;

/// So many onsets are listened to; a phrase has fewer.
const MOST: usize = 128;

/// A note as it was played, in seconds from anywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    pub on: f64,
    pub off: f64,
    /// MIDI note number.
    pub pitch: u8,
    /// 1 to 127.
    pub velocity: u8,
}

/// A way to count a phrase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    pub meter: Meter,
    /// Felt beats ([`Meter::beat`]) a minute, 40 to 240.
    pub beats: f64,
    /// When the bar begins in which the first note is, in seconds as the notes'; before it where the phrase begins with rests or a pickup.
    pub start: f64,
}

/// What a phrase says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    pub count: Count,
    pub key: Key,
    /// The same at half and at double the tempo, where those are in the felt range, and the best of each other metre, likeliest first.
    pub counts: Vec<Count>,
    /// Other keys, likeliest first; the relative one is among them.
    pub keys: Vec<Key>,
}

/// Strokes that belong together.
#[derive(Clone, Copy, Debug)]
struct Onset {
    at: f64,
    /// To the next one, in seconds.
    gap: f64,
    /// How long its longest note sounds.
    length: f64,
    velocity: f64,
    lowest: f64,
    notes: f64,
}

/// Estimates tempo, metre and key of a phrase, notes in any order. Takes some milliseconds, and as many as 128 onsets do at the most. Errs with a sentence where there is too little of it.
pub fn estimate(played: &[Played]) -> Result<Estimate, String> {
    let mut onsets = onsets(played);
    onsets.truncate(MOST);
    if onsets.len() < LEAST {
        return Err(format!("a phrase wants {LEAST} notes or more, one after another; this one has {}", onsets.len()));
    }
    let counts = meter::counts(&onsets);
    let Some((&count, counts)) = counts.split_first() else {
        return Err("the notes of this phrase are too far apart, or too close together, to be counted".to_owned());
    };
    let keys = key::keys(played, &count);
    let (key, keys) = (keys[0], keys[1..].to_vec());
    Ok(Estimate { count, key, counts: counts.to_vec(), keys })
}

/// The onsets in order, chords as one.
fn onsets(played: &[Played]) -> Vec<Onset> {
    let mut played = played.to_vec();
    played.sort_by(|a, b| a.on.total_cmp(&b.on));
    let mut groups: Vec<Vec<Played>> = Vec::new();
    for note in played {
        match groups.last_mut() {
            Some(group) if note.on - group[0].on < CHORD => group.push(note),
            _ => groups.push(vec![note]),
        }
    }
    let at = |group: &[Played]| group.iter().map(|note| note.on).sum::<f64>() / group.len() as f64;
    let starts: Vec<f64> = groups.iter().map(|group| at(group)).collect();
    let onset = |(index, group): (usize, &Vec<Played>)| {
        let length = group.iter().map(|note| note.off - note.on).fold(0.0, f64::max);
        Onset {
            at: starts[index],
            gap: starts.get(index + 1).map_or(length, |next| next - starts[index]),
            length,
            velocity: group.iter().map(|note| f64::from(note.velocity)).fold(0.0, f64::max),
            lowest: group.iter().map(|note| f64::from(note.pitch)).fold(127.0, f64::min),
            notes: group.len() as f64,
        }
    };
    groups.iter().enumerate().map(onset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::print;
    use crate::time::Beats;

    /// Notes of a second's `parts`th each but for the lengths given, as loud as a metre of so many of them asks for.
    fn phrase(lengths: &[f64], pitches: &[u8], part: f64, bar: f64) -> Vec<Played> {
        let mut at = 0.0;
        let mut played = Vec::new();
        for (length, &pitch) in lengths.iter().zip(pitches) {
            let velocity = if at % bar == 0.0 { 96 } else { 80 };
            played.push(Played { on: 10.0 + at * part, off: 10.0 + (at + 0.9 * length) * part, pitch, velocity });
            at += length;
        }
        played
    }

    fn told(found: &Estimate) -> (String, i64, String) {
        (found.count.meter.to_string(), found.count.beats.round() as i64, found.key.to_string())
    }

    #[test]
    fn a_phrase_is_counted_and_can_be_counted_otherwise() {
        // Twinkle, in D, at 100.
        let lengths: Vec<f64> = [1., 1., 1., 1., 1., 1., 2.].repeat(2);
        let pitches = [62, 62, 69, 69, 71, 71, 69, 67, 67, 66, 66, 64, 64, 62];
        let found = estimate(&phrase(&lengths, &pitches, 0.6, 4.0)).unwrap();
        assert_eq!(told(&found), ("4/4".into(), 100, "D".into()));
        assert!((found.count.start - 10.0).abs() < 0.02, "{found:?}");
        let beats: Vec<i64> = found.counts.iter().map(|count| count.beats.round() as i64).collect();
        assert!(beats.starts_with(&[50, 200]), "{beats:?}");
        assert!(found.counts.iter().any(|count| count.meter == Meter::Measured { numerator: 3, denominator: 4 }));
        assert_eq!(found.count.tempo(), crate::transport::crotchets(100));
        let played = phrase(&lengths, &pitches, 0.6, 4.0);
        let style = print::Style::new(&found.key, found.count.meter, Beats::EIGHTH);
        let bars: Vec<String> =
            found.bars(&played, Beats::SIXTEENTH).iter().map(|bar| print::bar(bar, bar.length, &style)).collect();
        assert_eq!(bars.join(" | "), "D2 D2 A2 A2 | B2 B2 A4 | G2 G2 F2 F2 | E2 E2 D4");
        assert!(found.keys.contains(&Key::parse("Bm").unwrap().0), "{:?}", found.keys);
        // A jig in Em with a pickup of a quaver, at 110.
        let lengths = [1., 2., 1., 1., 1., 1., 1., 1., 1., 2., 1., 2., 1., 1., 1., 1., 1., 1., 1., 3., 2.];
        let pitches = [71, 76, 71, 71, 67, 71, 74, 72, 71, 69, 66, 69, 66, 66, 62, 66, 67, 66, 67, 64, 64];
        let jig: Vec<Played> = phrase(&lengths, &pitches, 60.0 / 330.0, 6.0);
        let found = estimate(&jig).unwrap();
        assert_eq!(told(&found), ("6/8".into(), 110, "Em".into()));
    }

    #[test]
    fn too_little_says_nothing() {
        let played = phrase(&[1.0; 5], &[60, 62, 64, 65, 67], 0.5, 4.0);
        assert_eq!(estimate(&played), Err("a phrase wants 6 notes or more, one after another; this one has 5".into()));
        // A chord is one of them.
        let chord: Vec<Played> = (60..72).map(|pitch| Played { on: 1.0, off: 2.0, pitch, velocity: 80 }).collect();
        assert!(estimate(&chord).is_err());
    }
}
