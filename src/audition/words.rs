//! Whether words are obeyed: twenty prompts with three words each, and what is written under them. Runs where the model lives.
//!
//! Each of the twelve words of the bands stands in five prompts. The first four bars that are written are judged by it, then other words of
//! the same bands hold, and the bars from the second one to the end of its phrase are judged by those: three or four. The features are those of [`crate::feature`], the
//! bounds the model's own.

use std::collections::BTreeMap;

use super::material::Setting;
use super::piece::{Piece, Source};
use super::writing::Hand;
use super::{Figures, learn, mode, scores};
use crate::compose::writer::Model;
use crate::compose::{CANDIDATES, Prompt, Role, obeyed};
use crate::feature::Band;

const CHART: &[Role] = &[Role::Chart];
const BAND: &[Role] = &[Role::Chart, Role::Bass];

/// Role, metre, key, voices given, bars given.
type Row = (Role, (u16, u16), &'static str, &'static [Role], usize);

const SETTINGS: [Row; 20] = [
    (Role::Lead, (6, 8), "G", &[], 0),
    (Role::Lead, (4, 4), "D", CHART, 4),
    (Role::Lead, (3, 4), "F", BAND, 0),
    (Role::Bass, (4, 4), "C", CHART, 0),
    (Role::Lead, (2, 2), "Am", &[], 4),
    (Role::Lead, (2, 4), "C", CHART, 0),
    (Role::Lead, (4, 4), "Ador", &[], 0),
    (Role::Arp, (4, 4), "F", CHART, 0),
    (Role::Lead, (9, 8), "A", &[], 4),
    (Role::Lead, (6, 8), "Dmix", CHART, 4),
    (Role::Lead, (4, 4), "Em", BAND, 0),
    (Role::Bass, (3, 4), "Gm", CHART, 4),
    (Role::Lead, (4, 4), "Bb", &[], 0),
    (Role::Lead, (6, 8), "Bm", &[], 0),
    (Role::Lead, (2, 2), "Edor", CHART, 4),
    (Role::Arp, (6, 8), "Em", CHART, 4),
    (Role::Lead, (3, 4), "Dm", CHART, 0),
    (Role::Lead, (4, 4), "Amix", BAND, 4),
    (Role::Bass, (4, 4), "Ador", CHART, 0),
    (Role::Arp, (5, 4), "D", CHART, 0),
];

/// Bars that are judged at once.
const PHRASE: usize = 4;

/// A prompt and its words.
#[derive(Clone, Debug)]
pub struct Asked {
    pub setting: Setting,
    /// Of three bands the third that is asked for, at first and later.
    pub thirds: Vec<(Band, usize, usize)>,
    /// Bars before the words change, at a phrase line or a bar before one.
    pub before_change: usize,
    /// Bars from the second one under the later words to the end of its phrase.
    pub after_change: usize,
}

/// The twenty prompts.
#[must_use]
pub fn asked() -> Vec<Asked> {
    // Which of the fifteen prompts that speak of a band say which of its words: each five times, no two bands in step.
    const THIRDS: [&[u8; 15]; 4] = [b"021102210021012", b"110220012101202", b"201012201120210", b"012201120210012"];
    let mut told = [0; 4];
    let asked = |(number, &(role, meter, key, given, opening)): (usize, &Row)| {
        let mut thirds = Vec::new();
        for (at, band) in Band::ALL.into_iter().enumerate().filter(|(at, _)| *at != number % 4) {
            let third = usize::from(THIRDS[at][told[at]] - b'0');
            thirds.push((band, third, (third + 1 + told[at] % 2) % 3));
            told[at] += 1;
        }
        let setting = Setting { role, meter, key, given, opening, variant: number, moving: false };
        let (before_change, after_change) =
            if number % 2 == 0 { (PHRASE, PHRASE - 1) } else { (2 * PHRASE - 1, PHRASE) };
        Asked { setting, thirds, before_change, after_change }
    };
    SETTINGS.iter().enumerate().map(asked).collect()
}

/// How the model is asked.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub candidates: u32,
    /// Whether words lean its choice.
    pub leanings: bool,
    /// Whether it reads the words.
    pub captions: bool,
    /// Whether the words change in mid-tune.
    pub change: bool,
}

impl Way {
    /// As in playing.
    pub const PLAYING: Way = Way { candidates: CANDIDATES, leanings: true, captions: true, change: true };
}

/// Tallies of obeyed and judged.
#[derive(Clone, Debug, Default)]
pub struct Obeyed {
    bands: [Tally; 4],
    later: [Tally; 4],
    words: BTreeMap<&'static str, Tally>,
    metre: Tally,
    mode: Tally,
    /// Keys without signature of the pieces whose mode was judged.
    keys: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally(usize, usize);

impl Tally {
    fn count(&mut self, is: bool) {
        *self = Tally(self.0 + usize::from(is), self.1 + 1);
    }
}

/// Writes under the words, with so many seeds a prompt.
pub fn obey<M: Model>(hand: &mut Hand<'_, M>, asked: &[Asked], seeds: u64, way: Way) -> Result<Obeyed, String> {
    // Without words of its own a model is shown none; leanings and ranking hear them all the same.
    let words = hand.writer.profile().words.clone();
    if !way.captions {
        hand.writer.profile_mut().words = Some(Vec::new());
    }
    let mut obeyed = Obeyed::default();
    let mut each = asked.iter().flat_map(|asked| (1..=seeds).map(move |seed| (asked, seed)));
    let done = each.try_for_each(|(asked, seed)| piece(hand, asked, seed, way, &mut obeyed));
    hand.writer.profile_mut().words = words;
    done.map(|()| obeyed)
}

fn piece<M: Model>(
    hand: &mut Hand<'_, M>,
    asked: &Asked,
    seed: u64,
    way: Way,
    obeyed: &mut Obeyed,
) -> Result<(), String> {
    let Asked { setting, thirds, before_change, after_change } = asked;
    let bars = if way.change { before_change + 1 + after_change } else { PHRASE };
    let mut prompt = setting.prompt(bars, seed)?;
    prompt.candidates = way.candidates;
    prompt.knobs.words = if way.leanings { 1.0 } else { 0.0 };
    let (first, later): (Vec<_>, Vec<_>) =
        thirds.iter().map(|&(band, first, later)| ((band, first), (band, later))).unzip();
    let told = |thirds: &[(Band, usize)]| thirds.iter().map(|&(band, third)| band.words()[third]).collect::<Vec<_>>();
    for (at, bar) in prompt.bars.iter_mut().enumerate() {
        let words = if at < setting.opening + before_change { &first } else { &later };
        // Neither read nor leant on, words are only judged by.
        if way.captions || way.leanings {
            bar.say(&told(words).join(" "));
        }
    }
    let full = hand.write(&mut prompt)?;
    obeyed.metre.count(full);
    let bands = hand.writer.profile().bands.clone();
    let judge = |from: usize, thirds: &[(Band, usize)]| -> Vec<(Band, &'static str, bool)> {
        let mut phrase = obeyed::measures(&prompt, prompt.voices.len() - 1, from);
        phrase.truncate(PHRASE);
        let is = |&(band, third): &(Band, usize)| {
            let word = band.words()[third];
            let is = obeyed::is_obeyed(word, &phrase, &prompt, &bands.of(setting.role));
            // Too few notes to be judged are sparse and nothing else.
            (band, word, is.unwrap_or(word == Band::Density.words()[0]))
        };
        thirds.iter().map(is).collect()
    };
    for (band, word, is) in judge(setting.opening, &first) {
        obeyed.bands[band as usize].count(is);
        obeyed.words.entry(word).or_default().count(is);
    }
    if way.change {
        for (band, _, is) in judge(setting.opening + before_change + 1, &later) {
            obeyed.later[band as usize].count(is);
        }
        judge_mode(&prompt, setting, obeyed);
    }
    Ok(())
}

fn judge_mode(prompt: &Prompt, setting: &Setting, obeyed: &mut Obeyed) {
    if setting.role == Role::Lead {
        let piece = Piece::written(Source::Melodies, prompt, prompt.voices.len() - 1, setting.opening);
        obeyed.mode.count(mode::is_in(&piece.window(0, learn::MODE_BARS).bars, &piece.key));
        obeyed.keys.push(piece.key.to_string());
    }
}

impl Obeyed {
    /// `NAME_density` and so on, each with `suffix`.
    pub fn bands(&self, name: &str, suffix: &str, figures: &mut Figures) {
        for band in Band::ALL {
            let Tally(obeyed, judged) = self.bands[band as usize];
            figures.share(&format!("{name}_{}{suffix}", name_of(band)), obeyed, judged, "phrases");
        }
    }

    /// Metre, mode, each word, and what came after the words changed.
    pub fn more(&self, modes: &BTreeMap<String, [u32; 2]>, figures: &mut Figures) {
        for (word, Tally(obeyed, judged)) in &self.words {
            figures.share(&format!("obeyed_word_{word}"), *obeyed, *judged, "phrases");
        }
        let mut all = Tally::default();
        for band in Band::ALL {
            let Tally(obeyed, judged) = self.later[band as usize];
            all = Tally(all.0 + obeyed, all.1 + judged);
            figures.share(&format!("obeyed_after_change_{}", name_of(band)), obeyed, judged, "phrases");
        }
        figures.share("obeyed_after_change", all.0, all.1, "phrases");
        figures.share("obeyed_metre", self.metre.0, self.metre.1, "pieces");
        figures.share("obeyed_mode", self.mode.0, self.mode.1, "pieces");
        // Of people's tunes in the same modes, each as often.
        let heard = |key: &String| modes.get(key).and_then(|&[heard, all]| scores::share(heard as usize, all as usize));
        let known: Vec<f64> = self.keys.iter().filter_map(heard).collect();
        if !known.is_empty() {
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            figures.add("obeyed_mode_human", mean, "share of people's tunes, in the same modes");
        }
    }
}

fn name_of(band: Band) -> &'static str {
    match band {
        Band::Density => "density",
        Band::Register => "register",
        Band::Motion => "motion",
        Band::Contour => "contour",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::key::Key;

    #[test]
    fn each_word_stands_in_five_prompts_and_changes_to_another() {
        let asked = asked();
        assert_eq!(asked.len(), 20);
        for band in Band::ALL {
            let thirds: Vec<_> = asked.iter().flat_map(|asked| &asked.thirds).filter(|told| told.0 == band).collect();
            for third in 0..3 {
                assert_eq!(thirds.iter().filter(|told| told.1 == third).count(), 5, "{band:?} {third}");
            }
            assert!(thirds.iter().all(|told| told.1 != told.2 && told.2 < 3));
        }
        assert!(asked.iter().all(|asked| asked.thirds.len() == 3 && Key::parse(asked.setting.key).is_ok()));
        // The mode is judged of leads in modes of which people left tunes.
        let homes = asked.iter().filter(|asked| asked.setting.role == Role::Lead);
        let mut homes: Vec<String> =
            homes.map(|asked| Key::parse(asked.setting.key).unwrap().0.home().to_string()).collect();
        homes.sort();
        homes.dedup();
        assert_eq!(homes, ["Am", "C", "Ddor", "Gmix"]);
    }
}
