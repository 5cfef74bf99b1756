//! What a GGUF file says of itself, read before llama.cpp loads it, so that a file of another kind is refused in one clear sentence. Pure but
//! for the file it reads; runs where the model is loaded.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

/// Metadata and tensors have no more of anything than this; a damaged length is found out.
const MOST: u64 = 1 << 26;

/// What is asked of a header.
#[derive(Debug, Default)]
pub struct Header {
    strings: HashMap<String, String>,
    /// Integers and truth values.
    numbers: HashMap<String, i64>,
    /// Elements of lists.
    lengths: HashMap<String, u64>,
    /// The file has at least so many bytes when it is whole.
    least_size: u64,
}

impl Header {
    /// Errs with what is wrong with the file, as the end of a sentence that begins with its name.
    pub fn read(path: &Path) -> Result<Header, String> {
        let cannot = |error: std::io::Error| format!("cannot be opened ({error})");
        let file = File::open(path).map_err(cannot)?;
        let meta = file.metadata().map_err(cannot)?;
        if meta.is_dir() {
            return Err("is a directory, not a GGUF model".to_owned());
        }
        let mut bytes = Bytes(BufReader::new(file));
        if bytes.array().as_ref() != Some(b"GGUF") {
            return Err(
                "is not a GGUF file; models in other formats are converted by llama.cpp's convert_hf_to_gguf.py"
                    .to_owned(),
            );
        }
        let header = bytes.header().ok_or("is a GGUF file that is cut off or damaged; fetch it again")?;
        if meta.len() < header.least_size {
            return Err(format!(
                "is a GGUF file that is cut off: it has {} of at least {} bytes; fetch it again",
                meta.len(),
                header.least_size
            ));
        }
        Ok(header)
    }

    #[must_use]
    pub fn string(&self, key: &str) -> Option<&str> {
        self.strings.get(key).map(String::as_str)
    }

    #[must_use]
    pub fn architecture(&self) -> &str {
        self.string("general.architecture").unwrap_or_default()
    }

    /// Of the architecture's own keys.
    fn own(&self, key: &str) -> Option<i64> {
        self.numbers.get(&format!("{}.{key}", self.architecture())).copied()
    }

    /// Whether the file is a model that writes text from left to right; the error is the end of a sentence that begins with the file's name.
    pub fn expect_text_model(&self) -> Result<(), String> {
        /// Their keys say nothing of it, but llama.cpp reads them in both directions, or in two parts.
        const OTHERS: [&str; 10] = [
            "bert",
            "t5",
            "gemma-embedding",
            "llama-embed",
            "dream",
            "llada",
            "rnd1",
            "wavtokenizer",
            "clip",
            "modern-bert",
        ];
        let architecture = self.architecture();
        let kind = self.string("general.type").unwrap_or("model");
        if kind != "model" {
            return Err(format!("is of the kind '{kind}', which goes with a model and is none itself"));
        }
        if architecture.is_empty() {
            return Err("does not say what architecture its model has".to_owned());
        }
        let tokenizer = self.string("tokenizer.ggml.model").unwrap_or("none");
        let tokens = self.lengths.get("tokenizer.ggml.tokens").copied().unwrap_or(0);
        if matches!(tokenizer, "none" | "no_vocab") || tokens == 0 {
            return Err("has no vocabulary in it; convert it again with its tokeniser".to_owned());
        }
        let reads = self.own("pooling_type").unwrap_or(0) > 0 || self.own("attention.causal") == Some(0);
        if reads || architecture.contains("bert") || OTHERS.iter().any(|other| architecture.starts_with(other)) {
            return Err(format!(
                "is a model that reads ('{architecture}': embeddings, or encoder and decoder), not one that writes on"
            ));
        }
        Ok(())
    }

    /// Whether its names say that it was made to answer. A template alone says nothing: base models carry those of their siblings.
    #[must_use]
    pub fn is_chat(&self, file: &str) -> bool {
        const NAMES: [&str; 6] = ["instruct", "chat", "it", "assistant", "sft", "dpo"];
        let names =
            ["general.name", "general.finetune", "general.basename"].into_iter().filter_map(|key| self.string(key));
        let words = names.chain([file]).flat_map(|name| name.split(|sign: char| !sign.is_alphanumeric()));
        words.map(str::to_lowercase).any(|word| NAMES.contains(&word.as_str()))
    }
}

/// Little-endian values; `None` where the file ends or holds nonsense.
struct Bytes(BufReader<File>);

impl Bytes {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn word(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn count(&mut self) -> Option<u64> {
        self.long().filter(|&count| count <= MOST)
    }

    fn string(&mut self) -> Option<String> {
        let length = self.count()?;
        let mut bytes = Vec::new();
        let read = (&mut self.0).take(length).read_to_end(&mut bytes).ok()?;
        (read as u64 == length).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.0.seek_relative(i64::try_from(bytes).ok()?).ok()
    }

    /// Reads from behind the magic number to the end of the header.
    fn header(&mut self) -> Option<Header> {
        let mut header = Header::default();
        let version = self.word()?;
        if !(2..=3).contains(&version) {
            return None;
        }
        let (tensors, pairs) = (self.count()?, self.count()?);
        for _ in 0..pairs {
            let key = self.string()?;
            let kind = self.word()?;
            self.value(&mut header, key, kind)?;
        }
        let mut last = 0;
        for _ in 0..tensors {
            self.string()?;
            for _ in 0..self.word().filter(|&dimensions| dimensions <= 4)? {
                self.long()?;
            }
            self.word()?;
            last = last.max(self.long()?);
        }
        header.least_size = self.0.stream_position().ok()?.checked_add(last)?;
        Some(header)
    }

    /// The value of a key. Kinds: 0 to 7 numbers and truth values, 8 a string, 9 a list, 10 to 12 wide numbers.
    fn value(&mut self, header: &mut Header, key: String, kind: u32) -> Option<()> {
        let number = match kind {
            0 | 7 => i64::from(u8::from_le_bytes(self.array()?)),
            1 => i64::from(i8::from_le_bytes(self.array()?)),
            2 => i64::from(u16::from_le_bytes(self.array()?)),
            3 => i64::from(i16::from_le_bytes(self.array()?)),
            4 => i64::from(self.word()?),
            5 => i64::from(i32::from_le_bytes(self.array()?)),
            10 | 11 => self.long()? as i64,
            8 => {
                let value = self.string()?;
                header.strings.insert(key, value);
                return Some(());
            }
            9 => {
                let (of, length) = (self.word()?, self.count()?);
                header.lengths.insert(key, length);
                return match width(of) {
                    Some(width) => self.skip(length * width),
                    None if of == 8 => (0..length).try_for_each(|_| {
                        let length = self.count()?;
                        self.skip(length)
                    }),
                    // Nothing that llama.cpp reads has lists of lists.
                    None => None,
                };
            }
            _ => return self.skip(width(kind)?),
        };
        header.numbers.insert(key, number);
        Some(())
    }
}

/// Bytes of a number of this kind.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a key in a made-up header.
    enum Value {
        Text(&'static str),
        Number(u32),
        Truth(bool),
        Texts(&'static [&'static str]),
    }
    use Value::{Number, Text, Texts, Truth};

    fn text(bytes: &mut Vec<u8>, text: &str) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }

    /// A header with these keys, and one tensor at byte 1000 of the data.
    fn file(pairs: &[(&str, Value)]) -> Vec<u8> {
        let mut bytes = [&b"GGUF"[..], &3u32.to_le_bytes(), &1u64.to_le_bytes()].concat();
        bytes.extend((pairs.len() as u64).to_le_bytes());
        for (key, value) in pairs {
            text(&mut bytes, key);
            let kind: u32 = match value {
                Number(_) => 4,
                Truth(_) => 7,
                Text(_) => 8,
                Texts(_) => 9,
            };
            bytes.extend(kind.to_le_bytes());
            match value {
                Number(number) => bytes.extend(number.to_le_bytes()),
                Truth(truth) => bytes.push(u8::from(*truth)),
                Text(value) => text(&mut bytes, value),
                Texts(values) => {
                    bytes.extend(8u32.to_le_bytes());
                    bytes.extend((values.len() as u64).to_le_bytes());
                    values.iter().for_each(|value| text(&mut bytes, value));
                }
            }
        }
        text(&mut bytes, "token_embd.weight");
        bytes.extend(
            [&1u32.to_le_bytes()[..], &8u64.to_le_bytes(), &0u32.to_le_bytes(), &1000u64.to_le_bytes()].concat(),
        );
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Header, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, bytes).unwrap();
        Header::read(&path)
    }

    fn model(more: Vec<(&'static str, Value)>) -> Vec<u8> {
        let mut pairs = vec![
            ("general.architecture", Text("llama")),
            ("tokenizer.ggml.tokens", Texts(&["a", "b"])),
            ("tokenizer.ggml.model", Text("gpt2")),
        ];
        pairs.extend(more);
        let mut bytes = file(&pairs);
        bytes.extend([0; 1024]);
        bytes
    }

    #[test]
    fn what_is_no_text_model_is_refused_with_the_reason() {
        let cases: Vec<(&str, Vec<u8>, &str)> = vec![
            ("a text model", model(vec![]), ""),
            ("text", b"not a model\n".to_vec(), "not a GGUF file"),
            ("nothing", Vec::new(), "not a GGUF file"),
            ("a part of the header", model(vec![])[..90].to_vec(), "cut off or damaged"),
            ("the header alone", file(&[("general.architecture", Text("llama"))]), "cut off: it has"),
            ("endless keys", [&b"GGUF\x03\0\0\0"[..], &[0xff; 64]].concat(), "cut off or damaged"),
            ("an adapter", model(vec![("general.type", Text("adapter"))]), "'adapter'"),
            ("embeddings", model(vec![("llama.pooling_type", Number(1))]), "reads"),
            ("both directions", model(vec![("llama.attention.causal", Truth(false))]), "reads"),
            ("no vocabulary", model(vec![("tokenizer.ggml.model", Text("none"))]), "no vocabulary"),
            ("an encoder", model(vec![("general.architecture", Text("nomic-bert"))]), "'nomic-bert'"),
            ("no architecture", model(vec![("general.architecture", Text(""))]), "architecture"),
        ];
        for (name, bytes, expected) in cases {
            let said = read(&bytes).and_then(|header| header.expect_text_model());
            match expected {
                "" => assert_eq!(said, Ok(()), "{name}"),
                _ => assert!(said.clone().is_err_and(|said| said.contains(expected)), "{name}: {said:?}"),
            }
        }
    }

    #[test]
    fn chat_models_are_known_by_their_names() {
        let named = |name| read(&model(vec![("general.name", Text(name))])).unwrap();
        for (name, file, is_chat) in [
            ("Llama 3.2 1B Instruct", "model", true),
            ("Gemma 3 270m It", "x", true),
            ("Smollm2 135M", "SmolLM2-135M-Instruct", true),
            ("Gemma 3 270m", "gemma-3-270m", false),
            ("Italian poems", "chatty", false),
        ] {
            assert_eq!(named(name).is_chat(file), is_chat, "{name} {file}");
        }
    }
}
