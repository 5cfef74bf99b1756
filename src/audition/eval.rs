//! `gguf/NAME.eval`: what the scoreboard knows of the training without its tunes. One line of JSON, then hashes. Pure but for the file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::piece::{Piece, Source};
use super::scores::Score;
use crate::compose::Role;

/// The form of the file; another number is another form.
const VERSION: u32 = 1;

/// See the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Eval {
    version: u32,
    /// The start of the SHA-256 of the model file that `bits_per_char` belongs to; empty without a model.
    pub model: String,
    /// Bars and notes of the judged voices of the training renditions.
    pub bars: u64,
    pub notes: u64,
    /// By source and role, by score: what 5 and 95 % of the training pieces' first bars lie below.
    pub bands: BTreeMap<String, BTreeMap<String, [f64; 2]>>,
    /// Held-out figures by the names under which they are printed.
    pub figures: BTreeMap<String, f64>,
    /// By key without signature: human tunes, one of a family, that the estimator hears in it, and all.
    pub modes: BTreeMap<String, [u32; 2]>,
    /// By source: of held-out leads, one of a family, the longest run of bars that stands in the training, in the files' order.
    pub copied: BTreeMap<String, Vec<u32>>,
    /// The judged voices' bars (see `novelty`), each distinct piece once; behind the line as 32-bit little endian.
    #[serde(skip)]
    pub hashes: Vec<u32>,
}

impl Eval {
    #[must_use]
    pub fn new() -> Eval {
        Eval { version: VERSION, ..Eval::default() }
    }

    /// `None` where there is no such file.
    pub fn read(path: &Path) -> Result<Option<Eval>, String> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        Eval::from_bytes(&bytes).map(Some).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub fn write(&self, path: &Path) -> Result<(), String> {
        std::fs::write(path, self.to_bytes()).map_err(|error| format!("{}: {error}", path.display()))
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend(self.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Eval, String> {
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("has no first line")?;
        let mut eval: Eval = serde_json::from_slice(&bytes[..end]).map_err(|error| error.to_string())?;
        if eval.version != VERSION {
            return Err(format!("is of version {}, not {VERSION}; `make train` writes it anew", eval.version));
        }
        let (hashes, rest) = bytes[end + 1..].as_chunks::<4>();
        if !rest.is_empty() {
            return Err("is cut off".to_owned());
        }
        eval.hashes = hashes.iter().map(|hash| u32::from_le_bytes(*hash)).collect();
        Ok(eval)
    }

    /// The 5 and 95 % of a score.
    #[must_use]
    pub fn band(&self, source: Source, role: Role, score: Score) -> Option<[f64; 2]> {
        self.bands.get(&group(source, role))?.get(score.name()).copied()
    }

    /// Whether a piece's score lies between the 5 and the 95 % of its kind; `None` where it has none.
    #[must_use]
    pub fn is_inside(&self, piece: &Piece, score: Score) -> Option<bool> {
        let [low, high] = self.band(piece.source, piece.role, score)?;
        let value = score.of(piece)?;
        // Shares of small numbers meet the bounds exactly, up to the last digit.
        Some((low - 1e-9..=high + 1e-9).contains(&value))
    }
}

/// How `bands` names a kind of piece.
#[must_use]
pub fn group(source: Source, role: Role) -> String {
    format!("{} {}", source.name(), role.tag())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let mut eval = Eval::new();
        (eval.bars, eval.hashes) = (3, vec![7, 0xffff_ffff, 0, 10, 0]);
        eval.figures.insert("bits_per_char_baseline".into(), 1.25);
        eval.bands.insert("hymns lead".into(), BTreeMap::from([("density".into(), [1.5, 6.0])]));
        eval.modes.insert("Am".into(), [3, 4]);
        let bytes = eval.to_bytes();
        assert_eq!(Eval::from_bytes(&bytes), Ok(eval.clone()));
        assert_eq!(eval.band(Source::Hymns, Role::Lead, Score::Density), Some([1.5, 6.0]));
        assert_eq!(eval.band(Source::Hymns, Role::Bass, Score::Density), None);
        assert!(Eval::from_bytes(&bytes[..bytes.len() - 1]).is_err_and(|error| error.contains("cut off")));
        let other = Eval { version: 2, ..eval };
        assert!(Eval::from_bytes(&other.to_bytes()).is_err_and(|error| error.contains("version 2")));
    }

    #[test]
    fn a_missing_file_is_nothing_and_another_file_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Eval::read(&folder.path().join("none.eval")), Ok(None));
        let path = folder.path().join("some.eval");
        std::fs::write(&path, "tunes\n").unwrap();
        assert!(Eval::read(&path).is_err_and(|error| error.contains("some.eval")));
    }
}
