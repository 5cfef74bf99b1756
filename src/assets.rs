//! Where prompts, patches and models are. (Stand-in: the working directory.)
use std::path::PathBuf;
pub struct Assets {
    pub prompts: PathBuf,
    pub patches: PathBuf,
    pub gguf: PathBuf,
}
pub fn locate() -> std::io::Result<Assets> {
    Ok(Assets { prompts: "prompts".into(), patches: "patches".into(), gguf: "gguf".into() })
}
