//! The baseline of bits per character: an interpolated Kneser-Ney model of order 8 over characters. Pure.
//!
//! Modified discounts, one each for what was seen once, twice and oftener: S. F. Chen and J. Goodman, "An empirical study of smoothing
//! techniques for language modeling", Computer Speech and Language 13 (1999), after R. Kneser and H. Ney (1995). Orders below the
//! highest count in how many different surroundings an n-gram was seen.

/// Characters of an n-gram of the highest order.
pub const ORDER: usize = 8;
/// Bits of a character: the stream is ASCII.
const BITS: u32 = 7;
/// Stands before the beginning of a text.
const BEFORE: u8 = b'\n';

/// Counts a text, then tells the probability of characters after others.
#[derive(Debug, Default)]
pub struct KneserNey {
    /// By order, 1 first: n-grams in ascending order with their counts.
    orders: Vec<Order>,
    /// Different characters, and one for those never seen.
    characters: f64,
}

#[derive(Debug, Default)]
struct Order {
    grams: Vec<(u64, u32)>,
    /// Of a count of 1, of 2, of more.
    discounts: [f64; 3],
}

impl KneserNey {
    /// Learns texts; each begins anew.
    #[must_use]
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> KneserNey {
        let mut seen = Vec::new();
        for text in texts {
            let mut gram = padding();
            for &byte in text {
                gram = after(gram, byte);
                seen.push(gram);
            }
        }
        let mut orders = vec![Order::new(seen)];
        for order in (1..ORDER).rev() {
            let shorter = orders[0].grams.iter().map(|&(gram, _)| gram & mask(order)).collect();
            orders.insert(0, Order::new(shorter));
        }
        let characters = orders[0].grams.len() as f64 + 1.0;
        KneserNey { orders, characters }
    }

    /// The probability of `byte` after `before`, of which the last seven count; where there are fewer, a text begins.
    #[must_use]
    pub fn probability(&self, before: &[u8], byte: u8) -> f64 {
        let start = before.len().saturating_sub(ORDER - 1);
        let gram = before[start..].iter().fold(padding(), |gram, &byte| after(gram, byte));
        self.of_gram(after(gram, byte))
    }

    /// Bits that a text costs from its beginning.
    #[must_use]
    pub fn bits(&self, text: &[u8]) -> f64 {
        (0..text.len()).map(|at| -self.probability(&text[..at], text[at]).log2()).sum()
    }

    fn of_gram(&self, gram: u64) -> f64 {
        let uniform = 1.0 / self.characters;
        self.orders
            .iter()
            .zip(1..)
            .fold(uniform, |lower, (order, length)| order.interpolated(gram & mask(length), lower))
    }
}

impl Order {
    fn new(mut seen: Vec<u64>) -> Order {
        seen.sort_unstable();
        let grams: Vec<(u64, u32)> = seen.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect();
        let with = |count: u32| grams.iter().filter(|gram| gram.1 == count).count() as f64;
        let n = [with(1), with(2), with(3), with(4)];
        let y = n[0] / (n[0] + 2.0 * n[1]);
        let discount = |count: usize| {
            let discount = count as f64 - (count as f64 + 1.0) * y * n[count] / n[count - 1];
            // Small texts have no such counts to learn from; half of a count is then as good as any guess.
            if discount.is_finite() { discount.clamp(0.0, count as f64) } else { 0.5 }
        };
        Order { discounts: [discount(1), discount(2), discount(3)], grams }
    }

    /// What this order makes of the next lower one's probability.
    fn interpolated(&self, gram: u64, lower: f64) -> f64 {
        let context = gram >> BITS;
        let start = self.grams.partition_point(|&(known, _)| known >> BITS < context);
        let (mut count, mut total, mut kept_back) = (0, 0.0, 0.0);
        for &(known, times) in self.grams[start..].iter().take_while(|&&(known, _)| known >> BITS == context) {
            total += f64::from(times);
            kept_back += self.discount(times);
            if known == gram {
                count = times;
            }
        }
        if total == 0.0 {
            return lower;
        }
        let own = if count > 0 { f64::from(count) - self.discount(count) } else { 0.0 };
        (own + kept_back * lower) / total
    }

    fn discount(&self, count: u32) -> f64 {
        self.discounts[count.clamp(1, 3) as usize - 1]
    }
}

fn padding() -> u64 {
    (0..ORDER).fold(0, |gram, _| after(gram, BEFORE))
}

/// The n-gram of the highest order that ends with `byte`.
fn after(gram: u64, byte: u8) -> u64 {
    (gram << BITS | u64::from(byte & 0x7f)) & mask(ORDER)
}

fn mask(order: usize) -> u64 {
    (1 << (BITS * order as u32)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probabilities_after_anything_sum_to_one() {
        let text = b"ABc def | gfe dcB | ABc def | gag fed | A2B c2d | e3 d3 |";
        let model = KneserNey::new([text.as_slice(), b"ABc dfd"]);
        let mut known: Vec<u8> = text.to_vec();
        known.sort_unstable();
        known.dedup();
        for before in ["", "A", "ABc def | gfe", "zzz", "| A2"] {
            let seen: f64 = known.iter().map(|&byte| model.probability(before.as_bytes(), byte)).sum();
            let unseen = model.probability(before.as_bytes(), b'~');
            assert!((seen + unseen - 1.0).abs() < 1e-12, "{before}: {seen} and {unseen}");
            assert!(unseen > 0.0);
        }
    }

    #[test]
    fn it_knows_what_follows_better_than_the_counts_of_single_characters() {
        let bar = b"ABcdefg|gfedcBA|".as_slice();
        let text = bar.repeat(20);
        let model = KneserNey::new([text.as_slice()]);
        // Eight characters, each as often as the others.
        let order_zero = 3.0 * bar.len() as f64;
        let bits = model.bits(bar);
        assert!(bits < 0.5 * order_zero, "{bits} bits, {order_zero} by counts");
    }

    #[test]
    fn a_bigram_by_hand() {
        // `ab` and `ac`, once each: after `a` both keep 1 - D, and 2 D go to the lower order.
        let model = KneserNey::new([b"ab".as_slice(), b"ac"]);
        let (b, c, a) = (model.probability(b"a", b'b'), model.probability(b"a", b'c'), model.probability(b"a", b'a'));
        assert!((b - c).abs() < 1e-12 && b > a, "{b} {c} {a}");
    }
}
