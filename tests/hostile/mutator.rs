//! Texts made from tunes and nasty fragments by flips, splices, repeats, cuts and strange letters.

use barline::compose::sample::Rng;

/// What has broken readers of ABC before, here or elsewhere.
const FRAGMENTS: [&str; 52] = [
    "X:1\n",
    "K:C\n",
    "K:\n",
    "\n\n",
    "%%begintext\n",
    "P:((A9)9)9\n",
    "P:A\n",
    "M:7/8\n",
    "L:1/512\n",
    "L:4\n",
    "Q:\"a\" 1/4=120..1/8\n",
    "U:T=\n",
    "V:1 clef=perc\n",
    "[V:",
    "[K:Gb exp ^f",
    "[M:3/4]",
    "[1,3-31",
    "|::::::|",
    ":|2",
    "[|]:|",
    "(3::",
    "(16:16:16",
    "(((",
    "{/",
    "}",
    "[CEG]-",
    "[C2E4]3/2",
    "\"Am7/C(\"",
    "\"^",
    "!trill",
    "!f!",
    "&",
    "&&&",
    "Z999",
    "X0",
    "A9999/1024",
    "A//////////",
    "A/2/",
    "^^^A",
    "=",
    "a''''''''",
    "C,,,,,,,,",
    ">>>",
    "<",
    ".-",
    "-",
    "%%MIDI drum dz2d 36 38\n%%MIDI drumon\n",
    "%%MIDI gchord fz2cj\n%%MIDI chordprog 1 octave=-2\n",
    "[I:MIDI=transpose 60]",
    "%%MIDI beat 0 127 1 3\n",
    "\u{feff}",
    "é\u{0}\r",
];

pub struct Mutator {
    rng: Rng,
    seeds: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64) -> Mutator {
        let mut files: Vec<_> = ["tests/abc", "prompts"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).expect("a folder of tunes"))
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "abc" || extension == "txt"))
            .collect();
        files.sort();
        let seeds = files.iter().map(|file| std::fs::read(file).expect("a tune")).collect();
        Mutator { rng: Rng::new(seed, 0, 0, 0), seeds }
    }

    /// A tune after one to eight accidents.
    pub fn text(&mut self) -> String {
        let mut text = self.seed();
        for _ in 0..=self.rng.below(8) {
            self.accident(&mut text);
        }
        text.truncate(4000);
        // As a file that is no UTF-8 is read: every byte is a letter.
        String::from_utf8(text).unwrap_or_else(|error| error.as_bytes().iter().map(|&byte| char::from(byte)).collect())
    }

    fn seed(&mut self) -> Vec<u8> {
        let at = self.rng.below(self.seeds.len());
        self.seeds[at].clone()
    }

    fn accident(&mut self, text: &mut Vec<u8>) {
        let place = self.rng.below(text.len() + 1);
        let length = match self.rng.below(4) {
            0 => self.rng.below(200),
            _ => self.rng.below(8),
        };
        let end = (place + length).min(text.len());
        match self.rng.below(9) {
            0 if place < text.len() => text[place] ^= 1 << self.rng.below(8),
            1 if place < text.len() => text[place] = self.rng.below(256) as u8,
            2 => drop(text.drain(place..end)),
            3 => {
                let piece = text[place..end].repeat(1 + self.rng.below(4));
                text.splice(place..place, piece);
            }
            4 => {
                let other = self.seed();
                let from = self.rng.below(other.len());
                let to = (from + length).min(other.len());
                text.splice(place..end, other[from..to].iter().copied());
            }
            5 => text.truncate(place.max(10)),
            6 => {
                let letter = char::from_u32(self.rng.below(0x11_0000) as u32).unwrap_or('\u{fffd}');
                text.splice(place..place, letter.to_string().into_bytes());
            }
            _ => {
                let fragment = FRAGMENTS[self.rng.below(FRAGMENTS.len())];
                text.splice(place..place, fragment.bytes());
            }
        }
    }
}
