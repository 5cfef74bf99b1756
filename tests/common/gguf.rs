//! GGUF files, and what can be wrong with them (the format: ggml's docs/gguf.md).
#![allow(dead_code, reason = "no test uses everything")]

use barline::compose::sample::Rng;

/// Places in a file where something stands, as byte offsets.
#[derive(Debug, Default)]
pub struct Places {
    /// Name, type, value.
    pub keys: Vec<(String, usize, usize)>,
    pub tensors: Vec<Tensor>,
    /// After the last tensor's description.
    pub header_end: usize,
    pub data: usize,
}

#[derive(Debug)]
pub struct Tensor {
    pub name: usize,
    pub dimensions: usize,
    pub sizes: usize,
    pub kind: usize,
    pub offset: usize,
}

const TENSORS: usize = 8;
const KEYS: usize = 16;
const FIRST_KEY: usize = 24;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Behind a value of this type.
fn behind(bytes: &[u8], kind: u32, at: usize) -> usize {
    match kind {
        0 | 1 | 7 => at + 1,
        2 | 3 => at + 2,
        4..=6 => at + 4,
        10..=12 => at + 8,
        STRING => at + 8 + u64_at(bytes, at) as usize,
        ARRAY => {
            let (kind, count) = (u32_at(bytes, at), u64_at(bytes, at + 4));
            (0..count).fold(at + 12, |at, _| behind(bytes, kind, at))
        }
        kind => panic!("a value of type {kind}"),
    }
}

pub fn places(bytes: &[u8]) -> Places {
    let mut places = Places::default();
    let mut at = FIRST_KEY;
    for _ in 0..u64_at(bytes, KEYS) {
        let kind = behind(bytes, STRING, at);
        let name = String::from_utf8(bytes[at + 8..kind].to_vec()).unwrap();
        places.keys.push((name, kind, kind + 4));
        at = behind(bytes, u32_at(bytes, kind), kind + 4);
    }
    for _ in 0..u64_at(bytes, TENSORS) {
        let dimensions = behind(bytes, STRING, at);
        let kind = dimensions + 4 + 8 * u32_at(bytes, dimensions) as usize;
        places.tensors.push(Tensor { name: at, dimensions, sizes: dimensions + 4, kind, offset: kind + 4 });
        at = kind + 12;
    }
    (places.header_end, places.data) = (at, at.next_multiple_of(32));
    places
}

/// The spoilt file, of the whole one.
type Spoil = dyn Fn(&[u8]) -> Vec<u8>;

/// A way to spoil a file.
pub struct Mutation {
    pub name: String,
    pub of: Box<Spoil>,
}

impl Mutation {
    fn new(name: impl Into<String>, of: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Mutation {
        Mutation { name: name.into(), of: Box::new(of) }
    }
}

/// Wrong versions of a file.
pub fn mutations(whole: &[u8]) -> Vec<Mutation> {
    let places = places(whole);
    let mut all = Vec::new();
    let mut cut =
        |name: &str, at: usize| all.push(Mutation::new(format!("cut {name}"), move |whole| whole[..at].to_vec()));
    for (name, at) in [
        ("in the magic", 3),
        ("after the magic", 4),
        ("before the counts", TENSORS),
        ("before the keys", FIRST_KEY),
        ("in a key's name", FIRST_KEY + 12),
        ("before a value", places.keys[2].2),
        ("in the tokens", key(&places, "tokenizer.ggml.tokens").1 + 1000),
        ("before the tensors", places.tensors[0].name),
        ("in a tensor's name", places.tensors[3].name + 10),
        ("before a tensor's offset", places.tensors[5].offset),
        ("before the data", places.data),
        ("in the data", places.data + 1),
        ("in its midst", usize::midpoint(places.data, whole.len())),
        ("at its last byte", whole.len() - 1),
    ] {
        cut(name, at);
    }
    let mut put = |name: String, at: usize, with: &[u8]| {
        let with = with.to_vec();
        all.push(Mutation::new(name, move |whole| {
            let mut bytes = whole.to_vec();
            bytes[at..at + with.len()].copy_from_slice(&with);
            bytes
        }));
    };
    put("another magic".into(), 0, b"GGML");
    for version in [0, 1, 4, 99, 3 << 24] {
        put(format!("version {version}"), 4, &u32::to_le_bytes(version));
    }
    for (what, at) in [("tensors", TENSORS), ("keys", KEYS)] {
        for count in [0, 1, u64_at(whole, at) + 1, 1 << 31, 1 << 40, 1 << 63, u64::MAX] {
            put(format!("{count} {what}"), at, &count.to_le_bytes());
        }
    }
    for length in [0, 1 << 20, 1 << 40, u64::MAX] {
        put(format!("a key's name of {length} bytes"), FIRST_KEY, &length.to_le_bytes());
    }
    for (name, kind, value) in &places.keys {
        if matches!(u32_at(whole, *kind), 4 | 5) && !name.contains("file_type") && !name.contains("version") {
            for number in [0, 1, 7, 1 << 30, u32::MAX] {
                put(format!("{name} = {number}"), *value, &number.to_le_bytes());
            }
        }
    }
    let (kind, tokens) = key(&places, "tokenizer.ggml.tokens");
    for other in [0, 6, STRING, 255] {
        put(format!("tokens of type {other}"), kind, &u32::to_le_bytes(other));
        put(format!("tokens, each of type {other}"), tokens, &u32::to_le_bytes(other));
    }
    for count in [0, 1, u64_at(whole, tokens + 4) - 1, u64_at(whole, tokens + 4) + 1, 1 << 40, u64::MAX] {
        put(format!("{count} tokens"), tokens + 4, &count.to_le_bytes());
    }
    put("a token of all bytes".into(), tokens + 12, &u64::MAX.to_le_bytes());
    let tensor = &places.tensors[1];
    for dimensions in [0, 5, u32::MAX] {
        put(format!("a tensor of {dimensions} dimensions"), tensor.dimensions, &dimensions.to_le_bytes());
    }
    for size in [0, 1, 1 << 20, 1 << 40, i64::MAX as u64, u64::MAX] {
        put(format!("a tensor of size {size}"), tensor.sizes, &size.to_le_bytes());
        put(format!("a first tensor of size {size}"), places.tensors[0].sizes, &size.to_le_bytes());
    }
    for kind in [0, 1, 4, 5, 38, 39, 255, u32::MAX] {
        put(format!("a tensor of type {kind}"), tensor.kind, &kind.to_le_bytes());
    }
    for offset in [1, 32, whole.len() as u64, 1 << 40, u64::MAX, u64::MAX - 31] {
        put(format!("a tensor at {offset}"), tensor.offset, &offset.to_le_bytes());
    }
    put("a tensor's name of all bytes".into(), tensor.name, &u64::MAX.to_le_bytes());
    for value in [0, 0x7f, 0xff] {
        put(format!("a tensor of bytes {value}"), places.data, &vec![value; 1 << 16]);
    }
    let (data, end) = (places.data, whole.len());
    for seed in 0..12 {
        all.push(Mutation::new(format!("{} bits turned, seed {seed}", seed + 1), move |whole| {
            let mut rng = Rng::new(seed, 0, 0, 0);
            let mut bytes = whole.to_vec();
            // In half of the files anywhere before the data, in the others within the data.
            let (from, to) = if seed % 2 == 0 { (0, data) } else { (data, end) };
            for _ in 0..=seed {
                let at = from + rng.below(to - from);
                bytes[at] ^= 1 << rng.below(8);
            }
            bytes
        }));
    }
    all.push(Mutation::new("tokens without a byte", |whole| with_tokens(whole, |_| Vec::new())));
    all.push(Mutation::new(ALIKE, |whole| with_tokens(whole, |_| b"A".to_vec())));
    all.push(Mutation::new("tokens that are no UTF-8", |whole| with_tokens(whole, |_| vec![0xff, 0xfe])));
    all.push(Mutation::new("tokens of 100,000 bytes", |whole| {
        with_tokens(whole, |at| vec![b'A'; if at < 50 { 100_000 } else { 1 }])
    }));
    all
}

/// A file that llama.cpp dies of.
pub const ALIKE: &str = "tokens that are all the same";

fn key(places: &Places, name: &str) -> (usize, usize) {
    let (_, kind, value) = places.keys.iter().find(|key| key.0 == name).expect("the key");
    (*kind, *value)
}

/// The file with other tokens.
fn with_tokens(whole: &[u8], token: impl Fn(u64) -> Vec<u8>) -> Vec<u8> {
    let places = places(whole);
    let (_, value) = key(&places, "tokenizer.ggml.tokens");
    let count = u64_at(whole, value + 4);
    let mut bytes = whole[..value + 12].to_vec();
    for at in 0..count {
        let token = token(at);
        bytes.extend((token.len() as u64).to_le_bytes());
        bytes.extend(token);
    }
    bytes.extend(&whole[behind(whole, ARRAY, value)..places.header_end]);
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend(&whole[places.data..]);
    bytes
}
