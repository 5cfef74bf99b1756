//! A GGUF model run by llama.cpp: the model, one context, one sequence, and the tokens that are in its cache. Lives on one thread.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::OnceLock;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatMessage, LlamaModel};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;

use super::form::REQUEST;
use super::gguf::Header;
use super::mask::Vocabulary;
use super::writer::Model;

/// Tokens decoded between two looks at the cancel flag, at most: 32 take some 6 ms in a 5 M model.
const CHUNK: usize = 32;

/// What the host writes: a model whose tokens cannot spell it would read something else.
const PROBE: &str = "X:1\nM:6/8\nL:1/8\nK:F#m\n% low, steady\n[V:lead] ^A,2B c'3/2d/e | (3cde z2- | ";

/// The same for a model of so many parameters: fewer where each takes longer, so that an edit does not wait for a long decode. It depends on
/// the model alone, since the logits depend on it in their last digits.
fn chunk(parameters: u64) -> usize {
    ((1 << 30) / parameters.max(1)).clamp(4, CHUNK as u64) as usize
}

/// llama.cpp's backend may be initialised once in a process.
fn backend() -> Result<&'static LlamaBackend, String> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    BACKEND.get_or_init(|| LlamaBackend::init().map_err(|error| error.to_string())).as_ref().map_err(Clone::clone)
}

pub struct Llama {
    context: LlamaContext<'static>,
    model: &'static LlamaModel,
    vocabulary: Vocabulary,
    batch: LlamaBatch<'static>,
    /// What the cache holds, position by position.
    cached: Vec<u32>,
    /// Index of the last decoded token within its batch, where its logits are; `None` where a decode was stopped before its end.
    last: Option<i32>,
    /// Tokens of a batch.
    chunk: usize,
    name: String,
    is_chat: bool,
}

impl std::fmt::Debug for Llama {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Llama").field("name", &self.name).field("cached", &self.cached.len()).finish_non_exhaustive()
    }
}

impl Llama {
    /// Loads a GGUF file. `context` is the number of tokens to remember, at most. The error is a sentence for the performer.
    pub fn load(path: &Path, context: u32) -> Result<Llama, String> {
        let name = path.display();
        let unreadable = |why: &str| format!("{name} {why}; give another with --model FILE.gguf");
        let header = Header::read(path).map_err(|why| unreadable(&why))?;
        header.expect_text_model().map_err(|why| unreadable(&why))?;
        let parameters = LlamaModelParams::default().with_n_gpu_layers(0);
        let model = LlamaModel::load_from_file(backend()?, path, &parameters).map_err(|_| {
            let architecture = header.architecture();
            unreadable(&format!(
                "cannot be loaded by llama.cpp (cut off, damaged, or of the unknown architecture '{architecture}')"
            ))
        })?;
        // One model lives as long as its process: the child is started anew for another.
        let model: &'static LlamaModel = Box::leak(Box::new(model));
        let vocabulary = vocabulary(model).map_err(|why| unreadable(&format!("cannot write ABC: {why}")))?;
        let trained = model.n_ctx_train();
        let context = context.min(if trained == 0 { context } else { trained }).max(256);
        let parameters = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(context))
            .with_n_batch(CHUNK as u32)
            .with_n_ubatch(CHUNK as u32)
            .with_n_threads(1)
            .with_n_threads_batch(1)
            .with_no_perf(true);
        let context = model
            .new_context(backend()?, parameters)
            .map_err(|error| unreadable(&format!("llama.cpp cannot make a context for it ({error})")))?;
        let name = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
        let (batch, chunk, is_chat) = (LlamaBatch::new(CHUNK, 1), chunk(model.n_params()), header.is_chat(&name));
        let llama = Llama { context, model, vocabulary, batch, cached: Vec::new(), last: None, chunk, name, is_chat };
        if !llama.vocabulary.spells(&llama.tokenize(PROBE), PROBE) {
            return Err(unreadable("cannot be told of ABC: its vocabulary lacks characters of the header"));
        }
        Ok(llama)
    }
}

/// The bytes of every token; control tokens have none. A byte-fallback token yields to a token that spells the same byte,
/// since that is the one that the tokeniser uses.
fn vocabulary(model: &LlamaModel) -> Result<Vocabulary, String> {
    let vocab = model.vocab();
    let mut tokens: Vec<Vec<u8>> = model.tokens(false).map(|(_, bytes)| bytes).collect();
    let mut single = [false; 256];
    let is_byte = |id: usize| vocab.attr(LlamaToken(id as i32)).contains(LlamaTokenAttr::Byte);
    for (id, bytes) in tokens.iter().enumerate() {
        if let [byte] = bytes[..]
            && !is_byte(id)
        {
            single[usize::from(byte)] = true;
        }
    }
    for (id, bytes) in tokens.iter_mut().enumerate() {
        let token = LlamaToken(id as i32);
        let shadowed = matches!(bytes[..], [byte] if single[usize::from(byte)]) && is_byte(id);
        let unused = vocab.attr(token).contains(LlamaTokenAttr::Unused);
        if shadowed || unused || vocab.is_eog(token) || vocab.is_control(token) {
            bytes.clear();
        }
    }
    Vocabulary::new(&tokens)
}

impl Model for Llama {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn tokenize(&self, text: &str) -> Vec<u32> {
        let tokens = self.tokens(text, false);
        if self.vocabulary.spells(&tokens, text) {
            return tokens;
        }
        // SentencePiece vocabularies may put a blank before every text, also where it is a piece of a longer one. Most have no token that goes
        // on behind a line end, so that one may stand between.
        let tokens = self.tokens(&format!("\n{text}"), false);
        let whole = self.vocabulary.spells(&tokens, &format!(" \n{text}"));
        let behind = tokens.iter().position(|&token| self.vocabulary.bytes(token) == b"\n").map_or(0, |at| at + 1);
        if whole && behind > 0 { tokens[behind..].to_vec() } else { self.vocabulary.spell(text.as_bytes()) }
    }

    fn tokenize_control(&self, text: &str) -> Vec<u32> {
        self.tokens(text, true)
    }

    fn template(&self) -> Option<String> {
        let message = LlamaChatMessage::new("user".to_owned(), REQUEST.to_owned()).ok()?;
        let template = self.model.chat_template(None).ok()?;
        self.model.apply_chat_template(&template, &[message], true).ok().filter(|turn| turn.contains(REQUEST))
    }

    fn is_chat(&self) -> bool {
        self.is_chat
    }

    fn bos(&self) -> Option<u32> {
        let vocab = self.model.vocab();
        vocab.should_add_bos().then(|| vocab.bos().0 as u32)
    }

    fn context(&self) -> usize {
        self.context.n_ctx() as usize
    }

    fn sync(&mut self, tokens: &[u32], cancel: &dyn Fn() -> bool) -> Result<bool, String> {
        let common = self.cached.iter().zip(tokens).take_while(|(a, b)| a == b).count();
        if common == tokens.len() && common == self.cached.len() && self.last.is_some() {
            return Ok(true);
        }
        // Logits come only from decoding, so the last token is decoded again when the whole text is already there.
        let keep = common.min(tokens.len().saturating_sub(1));
        if keep < self.cached.len() {
            if self.context.kv_cache_seq_rm(0, Some(keep as u32), None).is_err() {
                // Recurrent models cannot forget a part: they begin again.
                self.context.clear_kv_cache();
                self.cached.clear();
                return self.decode(tokens, cancel);
            }
            self.cached.truncate(keep);
        }
        self.decode(&tokens[keep..], cancel)
    }

    fn logits(&self) -> &[f32] {
        self.last.map_or(&[], |last| self.context.get_logits_ith(last))
    }
}

impl Llama {
    fn tokens(&self, text: &str, control: bool) -> Vec<u32> {
        self.model.vocab().tokenize(text.as_bytes(), false, control).into_iter().map(|token| token.0 as u32).collect()
    }

    /// Decodes behind what is cached.
    fn decode(&mut self, tokens: &[u32], cancel: &dyn Fn() -> bool) -> Result<bool, String> {
        if self.cached.len() + tokens.len() > self.context() {
            return Err(format!(
                "{} tokens do not fit the context of {}",
                self.cached.len() + tokens.len(),
                self.context()
            ));
        }
        let end = self.cached.len() + tokens.len();
        for chunk in tokens.chunks(self.chunk) {
            if cancel() {
                return Ok(false);
            }
            self.batch.clear();
            for (at, &token) in chunk.iter().enumerate() {
                let position = (self.cached.len() + at) as i32;
                // Logits are wanted of the last token alone: for a large vocabulary they are most of the work.
                let last = self.cached.len() + at + 1 == end;
                self.batch.add(LlamaToken(token as i32), position, &[0], last).map_err(|error| error.to_string())?;
            }
            if let Err(error) = self.context.decode(&mut self.batch) {
                // What a failed decode left behind is unknown.
                self.context.clear_kv_cache();
                self.cached.clear();
                return Err(format!("llama.cpp cannot decode: {error}"));
            }
            self.cached.extend_from_slice(chunk);
            self.last = (self.cached.len() == end).then_some(chunk.len() as i32 - 1);
        }
        Ok(true)
    }
}

/// Sends what llama.cpp and ggml print to nowhere; errors come back as values.
pub fn quiet() {
    llama_cpp_2::send_logs_to_tracing(llama_cpp_2::LogOptions::default().with_logs_enabled(false));
}
