//! Tunes by chance, from a seed: bars that fill their metre with what music is made of, on the grid of 1/32 and its triplets.
#![allow(clippy::format_push_string, reason = "a text grows piece by piece")]

use barline::compose::sample::Rng;

const METERS: [(usize, usize); 9] = [(4, 4), (3, 4), (6, 8), (2, 4), (9, 8), (5, 4), (7, 8), (2, 2), (12, 8)];
const KEYS: [&str; 10] = ["C", "G", "Dm", "A", "Bb", "Edor", "F#m", "Ab", "Dmix", "Clyd"];
/// Lengths in sixteenths, and as they are written with `L:1/8`.
const LENGTHS: [(usize, &str); 6] = [(1, "/"), (2, ""), (3, "3/2"), (4, "2"), (6, "3"), (8, "4")];

pub struct Generator {
    rng: Rng,
    meter: (usize, usize),
    pub key: &'static str,
    /// Second layers, and changes of key and metre between bars.
    wild: bool,
}

impl Generator {
    pub fn new(seed: u64, wild: bool) -> Generator {
        let mut rng = Rng::new(seed, 0, 0, 0);
        let (meter, key) = (METERS[rng.below(METERS.len())], KEYS[rng.below(KEYS.len())]);
        Generator { rng, meter, key, wild }
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.rng.below(n)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.below(of.len())]
    }

    /// The fields that all tunes of this generator begin with, without `K:`.
    pub fn header(&self) -> String {
        format!("X:1\nT:t\nM:{}/{}\nL:1/8\n", self.meter.0, self.meter.1)
    }

    pub fn bars(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.bar()).collect()
    }

    /// As many bars for a voice, which begins with the metre and key of the header.
    pub fn voice(&mut self, count: usize) -> Vec<String> {
        let begin = (self.meter, self.key);
        let bars = self.bars(count);
        (self.meter, self.key) = begin;
        bars
    }

    /// One full bar, without its bar line.
    pub fn bar(&mut self) -> String {
        let mut bar = String::new();
        if self.wild && self.below(8) == 0 {
            self.key = self.one(&KEYS);
            bar = format!("[K:{}]", self.key);
        }
        if self.wild && self.below(10) == 0 {
            self.meter = self.one(&METERS);
            bar += &format!("[M:{}/{}]", self.meter.0, self.meter.1);
        }
        bar += &self.layer();
        if self.wild && self.below(6) == 0 {
            bar += " & ";
            bar += &self.layer();
        }
        bar
    }

    fn layer(&mut self) -> String {
        let mut out = String::new();
        let mut left = 16 * self.meter.0 / self.meter.1;
        while left > 0 {
            match self.below(14) {
                0 if left >= 4 => {
                    out += &format!("(3{}{}{}", self.pitch(), self.pitch(), self.pitch());
                    left -= 4;
                }
                1 if left >= 4 => {
                    let mark = self.one(&[">", "<", ">>", "<<"]);
                    out += &format!("{}{mark}{}", self.pitch(), self.pitch());
                    left -= 4;
                }
                2 if left >= 4 => {
                    let pitch = self.pitch();
                    // The second note has the accidental of the first.
                    let plain = pitch.trim_start_matches(['^', '_', '=']);
                    out += &format!("{pitch}-{plain}");
                    left -= 4;
                }
                _ => left -= self.element(left, &mut out),
            }
            out += self.one(&["", "", " "]);
        }
        out
    }

    /// A note, chord or rest with what may stand before it. Returns its length in sixteenths.
    fn element(&mut self, left: usize, out: &mut String) -> usize {
        let fitting: Vec<_> = LENGTHS.into_iter().filter(|&(length, _)| length <= left).collect();
        let (length, written) = self.one(&fitting);
        *out += self.one(&["", "", "", "", "", "\"Am7\"", "\"^slow\"", "{g}", "{/^fe}", "!f!", "!p!", "!>!", "u", "("]);
        match self.below(8) {
            0 => *out += "z",
            1 => {
                let low = self.one(&["C", "^C", "D", "_E", "F,"]);
                let high = self.one(&["G", "A", "^f", "_b", "c'"]);
                *out += &format!("[{low}{high}]");
            }
            _ => {
                let pitch = self.pitch();
                *out += &format!("{pitch}{written}");
                // Over the bar line, whatever comes there; enharmonic notes are not meant.
                let over = length == left && !pitch.starts_with(['^', '_']) && self.below(3) == 0;
                *out += if over { "-" } else { "" };
                return length;
            }
        }
        *out += written;
        length
    }

    fn pitch(&mut self) -> String {
        let accidental = self.one(&["", "", "", "", "^", "_", "="]);
        let letter = self.one(&["C", "D", "E", "F", "G", "A", "B", "c", "d", "e", "f", "g", "a", "b"]);
        let octave = self.one(&["", "", "", if letter < "a" { "," } else { "'" }]);
        format!("{accidental}{letter}{octave}")
    }

    /// A tune of some voices, with repeats and endings.
    pub fn tune(&mut self) -> String {
        let voices = 1 + self.below(3);
        let sections: Vec<(usize, usize)> = (0..=self.below(3)).map(|_| (self.below(4), 1 + self.below(3))).collect();
        let count = sections.iter().map(|(_, count)| count + 2).sum();
        let mut text = format!("{}K:{}\n", self.header(), self.key);
        for voice in 1..=voices {
            if voices > 1 {
                text += &format!("V:{voice}\n");
            }
            let mut bars = self.voice(count).into_iter();
            for &(form, count) in &sections {
                let body = bars.by_ref().take(count).collect::<Vec<_>>().join("|");
                let endings = [bars.next().unwrap_or_default(), bars.next().unwrap_or_default()];
                text += &match form {
                    0 => format!("{body}|{}|{}|\n", endings[0], endings[1]),
                    1 => format!("|:{body}|{}|{}:|\n", endings[0], endings[1]),
                    2 => format!("|::{body}|{}::|{}|\n", endings[0], endings[1]),
                    _ => format!("|:{body}|1{}:|2{}|]\n", endings[0], endings[1]),
                };
            }
        }
        text
    }
}
