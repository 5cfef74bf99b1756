//! A keyboard at a JACK server: another program, whose keys a test strikes. The callback is on JACK's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jack::{AsyncClient, Client, ClientOptions, Control, MidiOut, Port, ProcessHandler, ProcessScope, RawMidi};
use rtrb::{Consumer, Producer, RingBuffer};

const CAPACITY: usize = 1024;
/// Longer than a few cycles.
const LAST_CYCLES: Duration = Duration::from_millis(50);

struct Fingers {
    keys: Port<MidiOut>,
    strokes: Consumer<[u8; 3]>,
    struck: Producer<(u32, [u8; 3])>,
    stop: Arc<AtomicBool>,
}

impl ProcessHandler for Fingers {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let mut writer = self.keys.writer(scope);
        // Short, since JACK ends the thread of a client that is taken off wherever it is, and with it the process.
        if self.stop.load(Ordering::Acquire) {
            return Control::Continue;
        }
        while let Ok(bytes) = self.strokes.pop() {
            if writer.write(&RawMidi { time: 0, bytes: &bytes }).is_ok() {
                let _ = self.struck.push((scope.last_frame_time(), bytes));
            }
        }
        Control::Continue
    }
}

/// Unplugged when dropped.
pub struct Keyboard {
    client: AsyncClient<(), Fingers>,
    port: String,
    strokes: Producer<[u8; 3]>,
    struck: Consumer<(u32, [u8; 3])>,
    stop: Arc<AtomicBool>,
}

impl std::fmt::Debug for Keyboard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyboard {}", self.port)
    }
}

impl Keyboard {
    /// A client of this name with one output. The server is that of `JACK_DEFAULT_SERVER`.
    ///
    /// # Errors
    /// Where no server answers.
    pub fn plug_in(name: &str) -> Result<Keyboard, jack::Error> {
        let (client, _) = Client::new(name, ClientOptions::NO_START_SERVER)?;
        let keys = client.register_port("keys", MidiOut::default())?;
        let (port, stop) = (keys.name()?, Arc::default());
        let ((strokes, inbox), (outbox, struck)) = (RingBuffer::new(CAPACITY), RingBuffer::new(CAPACITY));
        let fingers = Fingers { keys, strokes: inbox, struck: outbox, stop: Arc::clone(&stop) };
        let client = client.activate_async((), fingers)?;
        Ok(Keyboard { client, port, strokes, struck, stop })
    }

    /// Whether anybody hears it.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        let port = self.client.as_client().port_by_name(&self.port);
        port.is_some_and(|port| port.connected_count().is_ok_and(|count| count > 0))
    }

    /// Sends a message at the beginning of the next cycle.
    pub fn strike(&mut self, bytes: [u8; 3]) {
        let _ = self.strokes.push(bytes);
    }

    /// What was sent since this was last asked, with the server's frames.
    pub fn struck(&mut self) -> Vec<(u32, [u8; 3])> {
        std::iter::from_fn(|| self.struck.pop().ok()).collect()
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        std::thread::sleep(LAST_CYCLES);
    }
}
