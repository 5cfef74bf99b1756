//! A composer that can be killed, and comes back as its process does. Its memory outlives it: what it writes is a function of what it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::compose::{Composer, Prompt, Reply};

const ALIVE: u8 = 0;
/// Killed, which nobody has been told.
const DYING: u8 = 1;
const DEAD: u8 = 2;

/// Kills and wakes the composer that was made with it.
#[derive(Clone, Debug, Default)]
pub struct Life(Arc<AtomicU8>);

impl Life {
    pub fn end(&self) {
        self.0.store(DYING, Ordering::SeqCst);
    }

    pub fn begin(&self) {
        self.0.store(ALIVE, Ordering::SeqCst);
    }
}

pub struct Mortal {
    pub composer: Box<dyn Composer>,
    pub life: Life,
}

impl Composer for Mortal {
    fn ask(&mut self, prompt: &Prompt) {
        self.composer.ask(prompt);
    }

    fn poll(&mut self) -> Option<Reply> {
        match self.life.0.load(Ordering::SeqCst) {
            ALIVE => self.composer.poll(),
            DYING => {
                self.life.0.store(DEAD, Ordering::SeqCst);
                Some(Reply::Restarting { reason: "was killed".to_owned() })
            }
            _ => None,
        }
    }

    fn is_there(&self) -> bool {
        self.composer.is_there()
    }
}
