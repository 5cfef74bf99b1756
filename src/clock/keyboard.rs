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
    strokes: Consumer<Stroke>,
    struck: Producer<(u32, [u8; 3])>,
    stop: Arc<AtomicBool>,
}

/// A message, and the server's frame on which it is sent.
#[derive(Clone, Copy)]
struct Stroke {
    at: Option<u32>,
    bytes: [u8; 3],
}

/// Bytes of a message that begins so (MIDI 1.0).
fn length(status: u8) -> usize {
    match status {
        0xF6..=0xFF => 1,
        0xC0..=0xDF | 0xF1 | 0xF3 => 2,
        _ => 3,
    }
}

impl ProcessHandler for Fingers {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let mut writer = self.keys.writer(scope);
        // Short, since JACK ends the thread of a client that is taken off wherever it is, and with it the process.
        if self.stop.load(Ordering::Acquire) {
            return Control::Continue;
        }
        let start = scope.last_frame_time();
        let mut last = 0;
        while let Ok(&Stroke { at, bytes }) = self.strokes.peek() {
            // What is late goes at once.
            let time = at.map_or(0, |at| at.wrapping_sub(start).cast_signed().max(0).cast_unsigned()).max(last);
            if time >= scope.n_frames() {
                break;
            }
            last = time;
            let _ = self.strokes.pop();
            if writer.write(&RawMidi { time, bytes: &bytes[..length(bytes[0])] }).is_ok() {
                let _ = self.struck.push((start.wrapping_add(time), bytes));
            }
        }
        Control::Continue
    }
}

/// Unplugged when dropped.
pub struct Keyboard {
    client: AsyncClient<(), Fingers>,
    port: String,
    strokes: Producer<Stroke>,
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
        let _ = self.strokes.push(Stroke { at: None, bytes });
    }

    /// Sends a message on this frame of the server; in order, each no earlier than the last.
    pub fn send(&mut self, at: u32, bytes: [u8; 3]) {
        let _ = self.strokes.push(Stroke { at: Some(at), bytes });
    }

    /// The server's frame now.
    #[must_use]
    pub fn frame(&self) -> u32 {
        self.client.as_client().frame_time()
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
