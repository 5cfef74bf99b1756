//! A composer in the asking thread: one bar a poll, always the same for the same prompt and seed. For `render` and tests.

use super::writer::{Model, Writer};
use super::{Composer, Prompt, Reply};

#[derive(Debug)]
pub struct Inline<M> {
    writer: Writer<M>,
    prompt: Option<Prompt>,
}

impl<M: Model> Inline<M> {
    #[must_use]
    pub fn new(writer: Writer<M>) -> Inline<M> {
        Inline { writer, prompt: None }
    }
}

impl<M: Model + Send> Composer for Inline<M> {
    fn ask(&mut self, prompt: &Prompt) {
        self.prompt = Some(prompt.following(self.prompt.as_ref()));
    }

    fn poll(&mut self) -> Option<Reply> {
        match self.writer.next_bar(self.prompt.as_mut()?, &|| false) {
            Ok(bar) => bar.map(Reply::Bar),
            Err(message) => {
                self.prompt = None;
                Some(Reply::Failed { message })
            }
        }
    }
}
