//! How a phrase is counted: beat, metre and bar lines. Pure.

use super::{Count, Onset};
use crate::abc::Meter;

/// The felt range, in beats a minute.
const SLOWEST: f64 = 40.0;
const FASTEST: f64 = 240.0;
/// Each tempo that is tried is faster by this factor than the one before.
const STEP: f64 = 1.015;
/// So many readings of the beat are heard in every metre.
const BEATS: usize = 24;

/// How the beat of a metre is divided.
struct Division {
    /// Places within the beat as shares of it.
    places: [f64; PLACES],
    /// How often something begins there, in music of one kind or another.
    textures: &'static [[f64; PLACES]],
    /// The tempo that is likeliest, in beats a minute.
    tempo: f64,
}

const PLACES: usize = 6;

/// What an octave from the likeliest tempo costs; the square of the distance counts.
const OCTAVE: f64 = 2.5;

const SIMPLE: Division = Division {
    places: [0.0, 0.5, 0.25, 0.75, 1.0 / 3.0, 2.0 / 3.0],
    textures: &[
        // Crotchets, quavers, dotted quavers, semiquavers, triplets.
        [0.88, 0.10, 0.01, 0.05, 0.01, 0.01],
        [0.95, 0.75, 0.04, 0.08, 0.04, 0.04],
        [0.95, 0.15, 0.10, 0.60, 0.02, 0.02],
        [0.95, 0.75, 0.50, 0.55, 0.02, 0.02],
        [0.90, 0.30, 0.02, 0.05, 0.45, 0.45],
    ],
    tempo: 114.0,
};
const COMPOUND: Division = Division {
    places: [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0 / 6.0, 0.5, 5.0 / 6.0],
    textures: &[
        // Quavers, crotchets and quavers, dotted quavers.
        [0.95, 0.75, 0.80, 0.02, 0.03, 0.04],
        [0.95, 0.15, 0.75, 0.02, 0.03, 0.03],
        [0.95, 0.40, 0.80, 0.03, 0.60, 0.03],
    ],
    tempo: 105.0,
};

/// A metre, and how strong each of its beats is.
struct Bars {
    meter: (u16, u16),
    compound: bool,
    strength: &'static [f64],
    prior: f64,
}

const METERS: [Bars; 5] = [
    Bars { meter: (4, 4), compound: false, strength: &[1.0, 0.0, 0.6, 0.0], prior: 0.0 },
    Bars { meter: (3, 4), compound: false, strength: &[1.0, 0.0, 0.0], prior: -0.3 },
    Bars { meter: (2, 4), compound: false, strength: &[1.0, 0.0], prior: -2.0 },
    Bars { meter: (6, 8), compound: true, strength: &[1.0, 0.2], prior: -0.2 },
    Bars { meter: (9, 8), compound: true, strength: &[1.0, 0.1, 0.1], prior: -1.0 },
];

/// A beat through the phrase: when one of them is, and how long they are, in seconds.
#[derive(Clone, Copy, Debug)]
struct Pulse {
    at: f64,
    length: f64,
    score: f64,
    compound: bool,
}

/// All ways of counting, likeliest first: the best, then those that one would correct it to.
pub(super) fn counts(onsets: &[Onset]) -> Vec<Count> {
    let mut pulses: Vec<Pulse> = Vec::new();
    let mut tempo = SLOWEST;
    while tempo <= FASTEST {
        for (division, compound) in [(&SIMPLE, false), (&COMPOUND, true)] {
            for share in division.places {
                let length = 60.0 / tempo;
                let pulse = Pulse { at: onsets[0].at - share * length, length, score: 0.0, compound };
                pulses.push(judged(refined(refined(pulse, onsets, division), onsets, division), onsets, division));
            }
        }
        tempo *= STEP;
    }
    pulses.retain(|pulse| (SLOWEST..=FASTEST).contains(&(60.0 / pulse.length)) && pulse.score.is_finite());
    pulses.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Pulse> = Vec::new();
    for pulse in pulses {
        let same = |other: &Pulse| {
            let phase = (pulse.at - other.at) / other.length;
            other.compound == pulse.compound
                && (other.length / pulse.length - 1.0).abs() < 0.02
                && (phase - phase.round()).abs() < 0.1
        };
        if kept.len() < BEATS && !kept.iter().any(same) {
            kept.push(pulse);
        }
    }
    let mut found: Vec<(f64, Count)> = Vec::new();
    for pulse in &kept {
        for bars in METERS.iter().filter(|bars| bars.compound == pulse.compound) {
            for first in 0..bars.strength.len() {
                found.push(counted(pulse, bars, first, onsets));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let Some(&(_, best)) = found.first() else { return Vec::new() };
    let mut counts = vec![best];
    // At half and at double the tempo, then in other metres.
    for factor in [0.5, 2.0] {
        let beats = best.beats * factor;
        if (SLOWEST..=FASTEST).contains(&beats) {
            let bar = 60.0 / beats * best.meter.bar_length().ratio(best.meter.beat()).to_integer() as f64;
            let lines = ((onsets[0].at - best.start) / bar + 0.05).floor().max(0.0);
            counts.push(Count { beats, start: best.start + lines * bar, ..best });
        }
    }
    for (_, count) in found {
        if counts.iter().all(|other| other.meter != count.meter) {
            counts.push(count);
        }
    }
    counts
}

/// How loose a hand is, in seconds.
fn looseness(beat: f64) -> f64 {
    0.014 + 0.006 * beat
}

/// What speaks for the first places of a beat, as logarithms.
const COMMON: [f64; PLACES] = [0.0, -0.5, -1.5, -1.5, -2.0, -2.0];

/// The place that an onset is likeliest on: its beat and its share of that.
fn place(onset: &Onset, pulse: &Pulse, division: &Division) -> (f64, f64) {
    let beats = (onset.at - pulse.at) / pulse.length;
    let sigma = looseness(pulse.length) / pulse.length;
    let mut best = (f64::NEG_INFINITY, 0.0, 0.0);
    for beat in [beats.floor(), beats.floor() + 1.0] {
        for (share, rate) in division.places.into_iter().zip(COMMON) {
            let off = (beats - beat - share) / sigma;
            let score = rate - off * off / 2.0;
            if score > best.0 {
                best = (score, beat, share);
            }
        }
    }
    (best.1, best.2)
}

/// The pulse moved to the line through its onsets. A hand that pushes is followed: each onset is placed by a beat that the ones before have
/// drawn along.
fn refined(pulse: Pulse, onsets: &[Onset], division: &Division) -> Pulse {
    let mut follower = pulse;
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(onsets.len());
    let mut counted = 0.0;
    for onset in onsets {
        let (beat, share) = place(onset, &follower, division);
        let off = onset.at - (follower.at + (beat + share) * follower.length);
        points.push((counted + beat + share, onset.at));
        // The follower counts from the beat that it is on, so that its length may change.
        counted += beat;
        follower.at += beat * follower.length + off * 0.3;
        if beat + share > 0.0 {
            follower.length += 0.08 * off;
            follower.length = follower.length.clamp(pulse.length * 0.94, pulse.length * 1.06);
        }
    }
    let count = points.len() as f64;
    let (x, y) = (points.iter().map(|p| p.0).sum::<f64>() / count, points.iter().map(|p| p.1).sum::<f64>() / count);
    let above: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let below: f64 = points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum();
    if below < 0.5 {
        return pulse;
    }
    let length = above / below;
    Pulse { at: y - length * x, length, ..pulse }
}

/// The logarithm of how likely the pulse makes the onsets.
fn judged(pulse: Pulse, onsets: &[Onset], division: &Division) -> Pulse {
    let sigma = looseness(pulse.length);
    let first = ((onsets[0].at - pulse.at) / pulse.length).floor();
    let end = (onsets[onsets.len() - 1].at - pulse.at) / pulse.length;
    // How near each onset is to each place.
    let near = |onset: &Onset| {
        let beats = (onset.at - pulse.at) / pulse.length;
        division.places.map(|share| {
            let off = (beats - share - (beats - share).round()) * pulse.length / sigma;
            (-off * off / 2.0).exp()
        })
    };
    let near: Vec<[f64; PLACES]> = onsets.iter().map(near).collect();
    let likely = |rates: &[f64; PLACES]| {
        let silence = rates.iter().sum::<f64>() * (end - first).max(1.0);
        // A rate per second, so that tempos can be compared.
        let density =
            |near: &[f64; PLACES]| 0.002 + near.iter().zip(rates).map(|(near, rate)| near * rate).sum::<f64>();
        near.iter().map(|near| (density(near) / sigma).ln()).sum::<f64>() - silence
    };
    let score = division.textures.iter().map(likely).fold(f64::NEG_INFINITY, f64::max);
    let octaves = (60.0 / pulse.length / division.tempo).log2();
    Pulse { score: score - OCTAVE * octaves * octaves, ..pulse }
}

/// The score of a pulse in a metre, of which the beat at `pulse.at` is the `first`th.
fn counted(pulse: &Pulse, bars: &Bars, first: usize, onsets: &[Onset]) -> (f64, Count) {
    let division = if bars.compound { &COMPOUND } else { &SIMPLE };
    let beats = bars.strength.len() as f64;
    let mean = |of: &dyn Fn(&Onset) -> f64| onsets.iter().map(of).sum::<f64>() / onsets.len() as f64;
    let average = bars.strength.iter().sum::<f64>() / beats;
    let (gaps, velocity, lowest, notes) =
        (mean(&|o| o.gap.min(2.0 * pulse.length)), mean(&|o| o.velocity), mean(&|o| o.lowest), mean(&|o| o.notes));
    let mut score = pulse.score + bars.prior;
    let mut on_lines = 0.0;
    for onset in onsets {
        let (beat, share) = place(onset, pulse, division);
        let in_bar = (beat + first as f64).rem_euclid(beats) as usize;
        let strength = if share == 0.0 { bars.strength[in_bar] } else { -0.4 };
        let salience = 0.9 * ((onset.gap.min(2.0 * pulse.length) - gaps) / (gaps + 0.01)).clamp(-1.0, 1.5)
            + 0.12 * (onset.velocity - velocity).clamp(-20.0, 20.0)
            + 0.04 * (lowest - onset.lowest).clamp(-14.0, 14.0)
            + 0.5 * (onset.notes - notes).clamp(-1.5, 1.5);
        score += (strength - average) * salience;
        if share == 0.0 && in_bar == 0 {
            on_lines += 1.0;
        }
    }
    let start = onsets[0].at;
    let last = &onsets[onsets.len() - 1];
    let begin = ((start - pulse.at) / pulse.length + 0.1).floor() + first as f64;
    let bar = (begin / beats).floor();
    // Bar lines that nobody stands on are odd.
    let lines = ((last.at - pulse.at) / pulse.length + first as f64 + 0.1) / beats - begin / beats;
    score -= 0.8 * (lines.floor() - on_lines).max(0.0);
    // Phrases end with the bar, and have two, four or eight of them, pickup and all.
    let end = (last.at + last.length.max(0.0) - pulse.at) / pulse.length + first as f64 - bar * beats;
    let opening = (start - pulse.at) / pulse.length + first as f64 - bar * beats;
    let whole = (end / beats).ceil();
    let is_pickup = opening > beats * 0.45;
    let count = if is_pickup { whole - 1.0 } else { whole };
    score += match count as i64 {
        4 => 2.5,
        8 => 1.8,
        2 | 16 => 0.3,
        _ => -0.8,
    };
    // The first stroke is on a line, or leads to one.
    score += if opening < 0.1 {
        1.0
    } else if is_pickup {
        -0.2
    } else {
        -1.5
    };
    // The last note stands on a strong beat.
    let (beat, share) = place(last, pulse, division);
    let in_bar = (beat + first as f64).rem_euclid(beats) as usize;
    score += if share == 0.0 { 0.8 * bars.strength[in_bar] } else { -1.0 };
    let meter = Meter::Measured { numerator: bars.meter.0, denominator: bars.meter.1 };
    let begins = pulse.at + (bar * beats - first as f64) * pulse.length;
    (score, Count { meter, beats: 60.0 / pulse.length, start: begins })
}
