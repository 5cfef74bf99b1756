//! Times of which sums never overflow. Pure.

use crate::time::Beats;

/// Every time is rounded to this part of a whole note (powers of two, tuplets up to 13), so that sums never overflow.
pub(super) const FINEST: i64 = (1 << 13) * 27 * 5 * 7 * 11 * 13;

/// In whole notes; a limit to single lengths, for the same reason.
pub(super) const LONGEST: i64 = 1000;

/// The nearest length of which sums never overflow. However short, it takes time, so that what comes after it does.
pub(crate) fn summable(time: Beats) -> Beats {
    let below = time.denominator();
    if time.numerator() > LONGEST * below {
        return Beats::WHOLE * LONGEST;
    }
    if FINEST % below == 0 {
        return time;
    }
    let (numerator, denominator) = (i128::from(time.numerator()), i128::from(below));
    let parts = (numerator * i128::from(FINEST) + denominator / 2) / denominator;
    Beats::new((parts as i64).max(1), FINEST)
}
