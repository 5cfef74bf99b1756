//! A composer that is never done: the load beside which figures are taken. A thread of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Composer, Reply};
use crate::prompt;
use crate::steer::Lexicon;
use crate::timeline::Timeline;

/// What the model is asked for, over and over.
const TEXT: &str = "X:1\n% busy\nM:4/4\nL:1/8\nK:Dm\nV:bass\nV:inner\nV:keys\nV:lead\n";

/// Asks until it is stopped.
#[derive(Debug)]
pub struct Busy {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Busy {
    #[must_use]
    pub fn start(mut composer: Box<dyn Composer>) -> Busy {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let scene = prompt::read(Path::new("busy.abc"), TEXT, &[], &Lexicon::default()).0.remove(0);
            let mut timeline = Timeline::new(Arc::new(scene), 1);
            let mut bars = 0;
            let ask = |timeline: &Timeline, composer: &mut Box<dyn Composer>| composer.ask(&timeline.prompt(64));
            ask(&timeline, &mut composer);
            while !stopped.load(Ordering::Relaxed) {
                while let Some(reply) = composer.poll() {
                    match reply {
                        Reply::Ready { .. } => ask(&timeline, &mut composer),
                        Reply::Bar(bar) => {
                            bars += 1;
                            // The last one of those that were asked for, nearly: anew.
                            if bar.number > 60 {
                                timeline.reroll();
                                ask(&timeline, &mut composer);
                            }
                        }
                        _ => {}
                    }
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            bars
        });
        Busy { stop, thread }
    }

    /// How many bars it wrote.
    #[must_use]
    pub fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(0)
    }
}
