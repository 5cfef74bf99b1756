//! Tapping: times in, a tempo out. Pure.

use num_rational::Ratio;

use crate::time::{Frames, SampleRate};

/// So many taps are looked back upon.
const TAPS: usize = 8;
/// Whoever pauses longer begins anew.
const PAUSE_SECONDS: i64 = 2;
/// An interval that is longer or shorter than the last ones by this factor begins anew, with the tap before it.
const OUTLIER: f64 = 1.4;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tap {
    taps: Vec<Frames>,
}

impl Tap {
    /// Another tap. From the second on, how many a minute these are, to a tenth: the slope of the line through them (least squares), so
    /// that the jitter of each is evened out by the others. Half and double tempo are what they are.
    pub fn tap(&mut self, at: Frames, rate: SampleRate) -> Option<Ratio<i64>> {
        if let Some(&last) = self.taps.last() {
            let passed = (at - last).0;
            let usual = self.slope();
            if passed > PAUSE_SECONDS * i64::from(rate.0) || passed <= 0 {
                self.taps.clear();
            } else if usual.is_some_and(|usual| {
                let times = passed as f64 / usual;
                !(1.0 / OUTLIER..=OUTLIER).contains(&times)
            }) {
                self.taps = vec![last];
            }
        }
        self.taps.push(at);
        if self.taps.len() > TAPS {
            self.taps.remove(0);
        }
        let a_minute = 60.0 * f64::from(rate.0) / self.slope()?;
        Some(Ratio::new((a_minute * 10.0).round() as i64, 10)).filter(|count| *count.numer() > 0)
    }

    /// Frames from tap to tap.
    fn slope(&self) -> Option<f64> {
        let count = self.taps.len();
        if count < 2 {
            return None;
        }
        let middle = (count - 1) as f64 / 2.0;
        let first = self.taps[0];
        let (mut above, mut below) = (0.0, 0.0);
        for (at, tap) in self.taps.iter().enumerate() {
            let from_middle = at as f64 - middle;
            above += from_middle * (*tap - first).0 as f64;
            below += from_middle * from_middle;
        }
        Some(above / below)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    /// What is said after each tap, taps in milliseconds.
    fn tapped(taps: &[i64]) -> Vec<String> {
        let mut tap = Tap::default();
        let said = |at: &i64| tap.tap(Frames(at * 48), RATE).map_or("-".to_owned(), |count| count.to_string());
        taps.iter().map(said).collect()
    }

    #[test]
    fn taps_become_a_tempo() {
        let cases: &[(&[i64], &[&str])] = &[
            (&[0, 500, 1000, 1500], &["-", "120", "120", "120"]),
            // Half and double are kept.
            (&[0, 1000, 2000], &["-", "60", "60"]),
            (&[0, 250, 500], &["-", "240", "240"]),
            // A pause begins anew; one of exactly two seconds is 30 a minute.
            (&[0, 500, 2501, 3001], &["-", "120", "-", "120"]),
            (&[0, 2000], &["-", "30"]),
            // Another tempo is there with its second tap.
            (&[0, 500, 1000, 1300, 1600], &["-", "120", "120", "200", "200"]),
            // A beat is left out, and it goes on.
            (&[0, 500, 1000, 2000, 2500, 3000], &["-", "120", "120", "60", "120", "120"]),
            // The line through four taps, of which one is 30 ms late.
            (&[0, 500, 1030, 1500], &["-", "120", "1165/10", "1193/10"]),
            (&[7, 7], &["-", "-"]),
        ];
        for (taps, expected) in cases {
            let expected: Vec<String> = expected
                .iter()
                .map(|text| {
                    text.split_once('/').map_or_else(
                        || (*text).to_owned(),
                        |(n, d)| Ratio::new(n.parse::<i64>().unwrap(), d.parse().unwrap()).to_string(),
                    )
                })
                .collect();
            assert_eq!(tapped(taps), expected, "{taps:?}");
        }
    }

    proptest! {
        /// A hand that is up to 20 ms off is understood within one in a hundred after eight taps, at any tempo.
        #[test]
        fn jittered_taps_come_out_even(
            tempo in 40..240i64,
            jitter in prop::collection::vec(-20..=20i64, 8..20),
        ) {
            let mut tap = Tap::default();
            let mut said = None;
            for (at, jitter) in jitter.iter().enumerate() {
                let exact = at as i64 * 60 * 48_000 / tempo;
                said = tap.tap(Frames(100_000 + exact + jitter * 48), RATE);
            }
            let count = said.expect("a tempo");
            let off = (*count.numer() as f64 / *count.denom() as f64 / tempo as f64 - 1.0).abs();
            // The worst that eight errors of 20 ms can do to the slope: 20 ms × Σ|i - 3.5| / Σ(i - 3.5)² = 7.6 ms a beat.
            let worst = 7.7 / (60_000.0 / tempo as f64);
            prop_assert!(off <= worst + 0.002, "{count} for {tempo}");
        }
    }
}
