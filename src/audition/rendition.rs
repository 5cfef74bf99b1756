//! The training text as `gguf/train/corpus.py` writes it: one rendition a line, read into pieces. Pure but for the reading of the file.

use std::io::BufRead;
use std::path::Path;

use serde::Deserialize;

use super::piece::{Piece, Source};
use crate::abc::Meter;
use crate::abc::key::Key;
use crate::abc::parse::read_bars;
use crate::compose::{Role, STREAM_UNIT};

/// One line of `renditions.jsonl`.
#[derive(Clone, Debug, Deserialize)]
pub struct Rendition {
    pub split: Split,
    source: String,
    /// Tags of the voices, in the order of a line.
    voices: Vec<String>,
    /// How many of the last voices are the model's.
    models: usize,
    /// Tunes of one family are all in one split.
    pub family: String,
    pub header: String,
    /// Of each phrase three captions, then its bars.
    phrases: Vec<[String; 4]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    Train,
    HeldOut,
}

/// A stretch of a rendition's text, and whether it is music that the model has to write.
pub type Stretch<'a> = (&'a str, bool);

/// Calls `each` with every rendition of a file.
pub fn read(path: &Path, mut each: impl FnMut(Rendition) -> Result<(), String>) -> Result<(), String> {
    let failure = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| failure(&error))?;
    for (number, line) in std::io::BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| failure(&error))?;
        each(serde_json::from_str(&line).map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))?)?;
    }
    Ok(())
}

impl Rendition {
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.name() == self.source)
    }

    /// What the last voice is: the one that is judged.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        Role::of_tag(self.voices.last()?)
    }

    /// The last voice's bars, with the chart's.
    #[must_use]
    pub fn piece(&self) -> Option<Piece> {
        let (meter, key) = self.header()?;
        let last = self.voices.len().checked_sub(1)?;
        let chart = self.voices.iter().position(|tag| tag == "ch");
        Some(Piece {
            source: self.source()?,
            role: self.role()?,
            meter,
            key,
            bars: read_bars(self.texts(last), &key, meter, STREAM_UNIT),
            chart: chart.map_or(Vec::new(), |chart| read_bars(self.texts(chart), &key, meter, STREAM_UNIT)),
        })
    }

    /// The music that the model has to write, as one text: bars with their bar lines, without tags and line ends.
    #[must_use]
    pub fn music(&self, characters: usize) -> String {
        self.window(characters, 0).iter().filter(|stretch| stretch.1).map(|stretch| stretch.0).collect()
    }

    /// Header and whole lines of at most so many characters, and one caption of three (`choice`) a phrase besides.
    #[must_use]
    pub fn window(&self, characters: usize, choice: usize) -> Vec<Stretch<'_>> {
        let mut stretches = vec![(self.header.as_str(), false)];
        let mut size = self.header.len();
        for [captions @ .., music] in &self.phrases {
            let caption = captions[choice % captions.len()].as_str();
            stretches.push((caption, false));
            for line in music.lines() {
                size += line.len() + 1;
                if size > characters {
                    return stretches;
                }
                let parts = split(line);
                let given = parts.len().saturating_sub(self.models);
                for (voice, (tag, bar)) in parts.into_iter().enumerate() {
                    stretches.push((if voice == 0 { "" } else { " " }, false));
                    stretches.push((tag, false));
                    stretches.extend([bar, " |"].map(|text| (text, voice >= given)));
                }
                stretches.push(("\n", false));
            }
        }
        stretches
    }

    fn header(&self) -> Option<(Meter, Key)> {
        let field = |name: &str| self.header.lines().find_map(|line| line.strip_prefix(name));
        Some((Meter::parse(field("M:")?).ok()?, Key::parse(field("K:")?).ok()?.0))
    }

    /// The bars of a voice, by its place in the line.
    fn texts(&self, voice: usize) -> impl Iterator<Item = &str> {
        let lines = self.phrases.iter().flat_map(|phrase| phrase[3].lines());
        lines.filter_map(move |line| split(line).get(voice).map(|&(_, bar)| bar))
    }
}

/// `[V:ch] "C"x8 | [V:lead] c8 |` as tags (with their space) and bars.
fn split(line: &str) -> Vec<(&str, &str)> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(end) = rest.find("] ").filter(|_| rest.starts_with("[V:")) {
        let (tag, after) = rest.split_at(end + 2);
        let (bar, next) = after.split_once(" |").unwrap_or((after, ""));
        parts.push((tag, bar));
        rest = next.trim_start();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"split": "held_out", "source": "hymns", "voices": ["ch", "inner", "lead"], "models": 2, "family": "1,2",
        "header": "X:1\nM:3/4\nL:1/8\nK:Am\n", "phrases": [["", "% low\n", "% high\n",
        "[V:ch] \"Am\"x6 | [V:inner] A,6- | [V:lead] c2 e2 a2 |\n[V:ch] \"E\"x4 \"Am\"x2 | [V:inner] A,6 | [V:lead] ^g6 |\n"]]}"#;

    #[test]
    fn a_line_is_a_piece_and_its_text() {
        let rendition: Rendition = serde_json::from_str(LINE).unwrap();
        assert_eq!(
            (rendition.split, rendition.source(), rendition.role()),
            (Split::HeldOut, Some(Source::Hymns), Some(Role::Lead))
        );
        let piece = rendition.piece().unwrap();
        assert_eq!((piece.bars.len(), piece.chart.len(), piece.notes()), (2, 2, 4));
        assert_eq!(piece.chart[1].chords.len(), 2);
        let window = rendition.window(1000, 1);
        let text: String = window.iter().map(|stretch| stretch.0).collect();
        assert_eq!(text, format!("{}{}{}", rendition.header, rendition.phrases[0][1], rendition.phrases[0][3]));
        assert_eq!(rendition.music(usize::MAX), "A,6- |c2 e2 a2 |A,6 |^g6 |");
        // A line that does not fit is left out whole.
        assert_eq!(rendition.window(80, 0).iter().filter(|stretch| stretch.1).count(), 4);
    }
}
