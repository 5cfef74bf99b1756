//! Units of time. Owns the two clocks' types and nothing that ticks; plain values, used on every thread.
//!
//! [`Beats`] is musical time, exact; [`Frames`] is sample time. Only [`crate::transport::Transport`] converts between them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Rem, Sub, SubAssign};
use std::str::FromStr;

use num_rational::Ratio;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Musical time as an exact fraction of a whole note, the unit in which ABC writes lengths (`L:1/8`): a crotchet is 1/4.
#[derive(Clone, Copy, Debug, Default, Eq)]
pub struct Beats(Ratio<i64>);

impl Beats {
    pub const ZERO: Beats = Beats(Ratio::new_raw(0, 1));
    pub const WHOLE: Beats = Beats(Ratio::new_raw(1, 1));
    pub const QUARTER: Beats = Beats(Ratio::new_raw(1, 4));
    pub const EIGHTH: Beats = Beats(Ratio::new_raw(1, 8));
    pub const SIXTEENTH: Beats = Beats(Ratio::new_raw(1, 16));
    pub const THIRTY_SECOND: Beats = Beats(Ratio::new_raw(1, 32));
    pub const SIXTY_FOURTH: Beats = Beats(Ratio::new_raw(1, 64));

    /// `numerator / denominator` of a whole note. Panics when the denominator is zero.
    #[must_use]
    pub fn new(numerator: i64, denominator: i64) -> Self {
        if denominator > 0 && is_power_of_two(denominator) {
            return Beats::halves(numerator, denominator);
        }
        Beats(Ratio::new(numerator, denominator))
    }

    #[must_use]
    pub fn numerator(self) -> i64 {
        *self.0.numer()
    }

    #[must_use]
    pub fn denominator(self) -> i64 {
        *self.0.denom()
    }

    /// The quotient of two times, for "how many of these fit".
    #[must_use]
    pub fn ratio(self, other: Beats) -> Ratio<i64> {
        self.0 / other.0
    }

    #[must_use]
    #[inline]
    pub fn scale(self, factor: Ratio<i64>) -> Self {
        let (above, below) = (*factor.numer(), *factor.denom());
        if above == 1 && below == 1 {
            return self;
        }
        let below = self.denominator() * below;
        if is_power_of_two(below) { Beats::halves(self.numerator() * above, below) } else { Beats(self.0 * factor) }
    }

    /// `numerator / denominator`, where that is a power of two: most of music is, and needs no division to be reduced.
    #[inline]
    fn halves(numerator: i64, denominator: i64) -> Self {
        let twos = numerator.trailing_zeros().min(denominator.trailing_zeros());
        Beats(Ratio::new_raw(numerator >> twos, denominator >> twos))
    }

    /// Whether the denominator is a power of two, as it is without tuplets.
    #[must_use]
    #[inline]
    pub fn is_binary(self) -> bool {
        is_power_of_two(self.denominator())
    }

    /// How many times `grid` the first of its multiples is that is not before this time.
    #[must_use]
    pub fn up_to(self, grid: Beats) -> i64 {
        self.ratio(grid).ceil().to_integer()
    }

    #[must_use]
    pub fn is_multiple_of(self, grid: Beats) -> bool {
        (self.0 / grid.0).is_integer()
    }

    /// For display and measurement only; arithmetic stays exact.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.numerator() as f64 / self.denominator() as f64
    }
}

/// Whether a denominator, which is never below 1, has no other factors.
#[inline]
fn is_power_of_two(denominator: i64) -> bool {
    denominator & (denominator - 1) == 0
}

/// Fractions are kept in their lowest terms, so that equal ones look the same.
impl PartialEq for Beats {
    #[inline]
    fn eq(&self, other: &Beats) -> bool {
        (self.numerator(), self.denominator()) == (other.numerator(), other.denominator())
    }
}

impl Hash for Beats {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.numerator(), self.denominator()).hash(state);
    }
}

impl Add for Beats {
    type Output = Beats;
    #[inline]
    fn add(self, other: Beats) -> Beats {
        let (own, others) = (self.denominator(), other.denominator());
        if self.is_binary() && other.is_binary() {
            let common = own.max(others);
            let part = |time: Beats| time.numerator() * (common >> time.denominator().trailing_zeros());
            return Beats::halves(part(self) + part(other), common);
        }
        Beats(self.0 + other.0)
    }
}

impl Ord for Beats {
    fn cmp(&self, other: &Beats) -> Ordering {
        if self.denominator() == other.denominator() {
            return self.numerator().cmp(&other.numerator());
        }
        let across = |a: &Beats, b: &Beats| i128::from(a.numerator()) * i128::from(b.denominator());
        across(self, other).cmp(&across(other, self))
    }
}

impl PartialOrd for Beats {
    fn partial_cmp(&self, other: &Beats) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Sub for Beats {
    type Output = Beats;
    fn sub(self, other: Beats) -> Beats {
        self + -other
    }
}

impl Rem for Beats {
    type Output = Beats;
    fn rem(self, other: Beats) -> Beats {
        Beats(self.0 % other.0)
    }
}

impl Neg for Beats {
    type Output = Beats;
    fn neg(self) -> Beats {
        Beats(-self.0)
    }
}

impl Mul<i64> for Beats {
    type Output = Beats;
    fn mul(self, times: i64) -> Beats {
        Beats(self.0 * times)
    }
}

impl AddAssign for Beats {
    fn add_assign(&mut self, other: Beats) {
        *self = *self + other;
    }
}

impl SubAssign for Beats {
    fn sub_assign(&mut self, other: Beats) {
        *self = *self - other;
    }
}

impl Sum for Beats {
    fn sum<I: Iterator<Item = Beats>>(iter: I) -> Beats {
        iter.fold(Beats::ZERO, Add::add)
    }
}

/// `3/8`, or `2` for whole numbers.
impl fmt::Display for Beats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Beats {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("'{text}' is not a fraction such as 3/8");
        let (n, d) = text.split_once('/').unwrap_or((text, "1"));
        let n: i64 = n.trim().parse().map_err(|_| bad())?;
        let d: i64 = d.trim().parse().map_err(|_| bad())?;
        if d <= 0 { Err(bad()) } else { Ok(Beats::new(n, d)) }
    }
}

impl Serialize for Beats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Beats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A count of sample frames since the engine started. Never negative while playing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Frames(pub i64);

impl Add for Frames {
    type Output = Frames;
    fn add(self, other: Frames) -> Frames {
        Frames(self.0 + other.0)
    }
}

impl Sub for Frames {
    type Output = Frames;
    fn sub(self, other: Frames) -> Frames {
        Frames(self.0 - other.0)
    }
}

/// Frames per second, 8,000 to 384,000 in practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRate(pub u32);

impl SampleRate {
    #[must_use]
    pub fn frames_in(self, duration: std::time::Duration) -> Frames {
        Frames((duration.as_nanos() * u128::from(self.0) / 1_000_000_000) as i64)
    }

    #[must_use]
    pub fn duration_of(self, frames: Frames) -> std::time::Duration {
        let nanos = frames.0.max(0) as u128 * 1_000_000_000 / u128::from(self.0);
        std::time::Duration::from_nanos(nanos as u64)
    }
}

/// Crotchets per minute, exact; 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tempo(pub Ratio<i64>);

impl Tempo {
    pub const DEFAULT: Tempo = Tempo(Ratio::new_raw(120, 1));

    /// `beat = count` as in `Q:3/8=60`: `count` of that length a minute.
    #[must_use]
    pub fn from_beat(beat: Beats, count: Ratio<i64>) -> Self {
        Tempo(beat.ratio(Beats::new(1, 4)) * count)
    }

    /// `None` for one that is out of its range.
    #[must_use]
    pub fn checked(self) -> Option<Tempo> {
        (Ratio::from(1)..=Ratio::from(1000)).contains(&self.0).then_some(self)
    }

    #[must_use]
    pub fn quarters_per_minute(self) -> f64 {
        *self.0.numer() as f64 / *self.0.denom() as f64
    }
}

/// As the fraction that it is: `"120"`, `"265/2"`.
impl Serialize for Tempo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Tempo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // A sign is not only wrong but may be more than a fraction can turn round.
        let tempo = Some(&text).filter(|text| !text.contains('-')).and_then(|text| text.parse::<Ratio<i64>>().ok());
        let tempo = tempo.filter(|tempo| *tempo.numer() > 0).map(Tempo);
        tempo.ok_or_else(|| serde::de::Error::custom(format!("'{text}' is not a tempo")))
    }
}
