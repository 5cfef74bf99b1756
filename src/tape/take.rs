//! One recording: blocks in, WAV out, in time whatever was lost on the way. On the tape's thread; generic in what it writes to.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use super::tap::Block;
use crate::export::{ExportError, WavFile};
use crate::synth::BLOCK;
use crate::time::{Frames, SampleRate};

/// Opens a file under a new name: the first one, and another whenever one is full.
pub type Open<W> = Box<dyn FnMut() -> Result<WavFile<W>, ExportError> + Send>;

/// A recording that is being written.
pub struct Take<W: Write + Seek = BufWriter<File>> {
    open: Open<W>,
    file: WavFile<W>,
    rate: SampleRate,
    /// Where it begins and where it is, once a block has come.
    stretch: Option<(Frames, Frames)>,
    /// Up to where it can be read on the disk.
    safe: Frames,
    taken: Taken,
}

/// What has become of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// In order; at least one.
    pub files: Vec<PathBuf>,
    /// What can be read: its first frame, and the one behind its last.
    pub from: Frames,
    pub to: Frames,
    /// Of these, how many are silence because the ring was full.
    pub lost: Frames,
}

impl<W: Write + Seek> Take<W> {
    /// Begins with the first block.
    pub fn new(rate: SampleRate, mut open: Open<W>) -> Result<Take<W>, ExportError> {
        let mut file = open()?;
        file.flush()?;
        let taken = Taken { files: vec![file.path().to_owned()], ..Taken::default() };
        Ok(Take { open, file, rate, stretch: None, safe: Frames(0), taken })
    }

    /// The first file.
    pub fn path(&self) -> &Path {
        &self.taken.files[0]
    }

    /// How long it is by now.
    pub fn length(&self) -> Frames {
        self.stretch.map_or(Frames(0), |(from, to)| to - from)
    }

    /// How much of it was lost by now.
    pub fn lost(&self) -> Frames {
        self.taken.lost
    }

    /// Writes a block, after silence in the place of those that were lost before it. Each second the file is made whole.
    pub fn write(&mut self, block: &Block) -> Result<(), ExportError> {
        if self.stretch.is_none() {
            (self.stretch, self.safe) = (Some((block.from, block.from)), block.from);
        }
        self.silence(block.from)?;
        let mut samples = [0.0; 2 * BLOCK];
        let mut count = 0;
        for (to, from) in samples.chunks_exact_mut(2).zip(block.frames()) {
            to.copy_from_slice(&from);
            count += 1;
        }
        self.append(&samples[..2 * count])
    }

    /// Silence up to a frame, for what was lost.
    pub fn silence(&mut self, until: Frames) -> Result<(), ExportError> {
        while let Some((_, at)) = self.stretch.filter(|(_, at)| *at < until) {
            let missing = (until - at).0.min(BLOCK as i64);
            self.append(&[0.0; 2 * BLOCK][..2 * missing as usize])?;
            self.taken.lost = self.taken.lost + Frames(missing);
        }
        Ok(())
    }

    fn append(&mut self, samples: &[f32]) -> Result<(), ExportError> {
        let Some((from, at)) = self.stretch else { return Ok(()) };
        if !self.file.has_room(samples.len()) {
            let mut next = (self.open)()?;
            next.flush()?;
            self.taken.files.push(next.path().to_owned());
            std::mem::replace(&mut self.file, next).finish()?;
            self.safe = at;
        }
        self.file.write(samples)?;
        let at = at + Frames(samples.len() as i64 / 2);
        self.stretch = Some((from, at));
        if at - self.safe >= Frames(i64::from(self.rate.0)) {
            self.file.flush()?;
            self.safe = at;
        }
        Ok(())
    }

    /// Ends it; with what went wrong, if anything did, here or before.
    pub fn end(mut self, before: Option<ExportError>) -> (Taken, Option<ExportError>) {
        let (from, to) = self.stretch.unwrap_or_default();
        (self.taken.from, self.taken.to) = (from, self.safe);
        let wrong = before.or(self.file.finish().err());
        if wrong.is_none() {
            self.taken.to = to;
        }
        (self.taken, wrong)
    }
}

#[cfg(test)]
mod tests;
