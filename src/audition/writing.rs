//! Pieces written by a model: as it is played, and let run free. Runs where the model lives.

use super::material::Setting;
use super::piece::is_full;
use crate::compose::Prompt;
use crate::compose::stream::Stream;
use crate::compose::writer::{Model, Writer};

/// A writer, and a count of what it wrote.
#[derive(Debug)]
pub struct Hand<'a, M> {
    pub writer: &'a mut Writer<M>,
    /// Drafts of bars, and how many of them are full, counted on the text as the model wrote it.
    pub drafts: usize,
    pub full: usize,
}

impl<'a, M: Model> Hand<'a, M> {
    pub fn new(writer: &'a mut Writer<M>) -> Self {
        Hand { writer, drafts: 0, full: 0 }
    }

    /// Writes all that the prompt lacks, and says whether all drafts were full.
    pub fn write(&mut self, prompt: &mut Prompt) -> Result<bool, String> {
        let before = self.drafts - self.full;
        let key = Stream::new(prompt, self.writer.profile()).key;
        while self.writer.next_bar(prompt, &|| false)?.is_some() {
            let drafts = self.writer.drafts();
            self.drafts += drafts.len();
            self.full += drafts.iter().filter(|text| is_full(text, &key, prompt.meter)).count();
        }
        Ok(before == self.drafts - self.full)
    }

    /// Bars without mask and leanings, one draft each: the host writes header, tags and line ends, the model the rest, up to a bar line.
    /// Gives back how many of `bars` are full. What is not goes into the text cut or filled up, as far as it can be read.
    pub fn run_free(&mut self, setting: &Setting, bars: usize, seed: u64) -> Result<usize, String> {
        let mut prompt = setting.prompt(bars, seed)?;
        let voice = prompt.voices.len() - 1;
        let mut full = 0;
        for index in 0..bars {
            let (text, _) = self.writer.unmasked_bar(&prompt, index, voice, None)?;
            let (bar, ended) = text.split_once('|').map_or((text.as_str(), false), |(bar, _)| (bar, true));
            full += usize::from(ended && is_full(bar, &prompt.key, prompt.meter));
            prompt.bars[index].cells[voice] = Some(bar.to_owned());
        }
        Ok(full)
    }
}
