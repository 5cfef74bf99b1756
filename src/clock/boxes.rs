//! MIDI boxes and a pair of ears at a JACK server: another program, as the instrument sees it. Each box is an input that writes down what
//! arrives, with the server's frame. For `barline bench clock` and the tests; the callback is on JACK's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use jack::{
    AsyncClient, AudioIn, Client, ClientOptions, Control, MidiIn, NotificationHandler, Port, ProcessHandler,
    ProcessScope,
};

/// A step up of this height in the sound is an onset; the room's echo has none.
const STEP: f32 = 0.1;
/// What arrives before it is asked for.
const CAPACITY: usize = 1 << 20;
/// Longer than a few cycles.
const LAST_CYCLES: Duration = Duration::from_millis(50);

/// A message of up to three bytes at a box, or the sound's onset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The server's.
    pub frame: u32,
    /// The number of the box; `None` for the sound.
    pub at: Option<usize>,
    /// Those that there are, then zeros.
    pub bytes: [u8; 3],
}

struct Ears {
    boxes: Vec<Port<MidiIn>>,
    sound: Port<AudioIn>,
    before: f32,
    sender: rtrb::Producer<Heard>,
    stop: Arc<AtomicBool>,
}

impl ProcessHandler for Ears {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        // Short, since JACK ends the thread of a client that is taken off wherever it is, and with it the process.
        if self.stop.load(Ordering::Acquire) {
            return Control::Continue;
        }
        let start = scope.last_frame_time();
        for (at, port) in self.boxes.iter().enumerate() {
            for message in port.iter(scope).filter(|message| message.bytes.len() <= 3) {
                let mut bytes = [0; 3];
                bytes[..message.bytes.len()].copy_from_slice(message.bytes);
                let _ = self.sender.push(Heard { frame: start.wrapping_add(message.time), at: Some(at), bytes });
            }
        }
        for (place, sample) in self.sound.as_slice(scope).iter().enumerate() {
            if sample - self.before >= STEP {
                let frame = start.wrapping_add(place as u32);
                let _ = self.sender.push(Heard { frame, at: None, bytes: [0; 3] });
            }
            self.before = *sample;
        }
        Control::Continue
    }
}

/// Counts the server's dropouts, at each of which its frames jump.
struct Dropouts(Arc<AtomicU32>);

impl NotificationHandler for Dropouts {
    fn xrun(&mut self, _: &Client) -> Control {
        self.0.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}

/// Unplugged when dropped.
pub struct Boxes {
    client: AsyncClient<Dropouts, Ears>,
    dropouts: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    heard: rtrb::Consumer<Heard>,
    /// The full names of the boxes' inputs, then that of the ears.
    ports: Vec<String>,
}

impl std::fmt::Debug for Boxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Boxes {:?}", self.ports)
    }
}

impl Boxes {
    /// A client of this name with a MIDI input for each name. The server is that of `JACK_DEFAULT_SERVER`.
    ///
    /// # Errors
    /// Where no server answers.
    pub fn plug_in(client: &str, names: &[&str]) -> Result<Boxes, jack::Error> {
        let (client, _) = Client::new(client, ClientOptions::NO_START_SERVER)?;
        let (sender, heard) = rtrb::RingBuffer::new(CAPACITY);
        let port = |name: &&str| client.register_port(name, MidiIn::default());
        let boxes = names.iter().map(port).collect::<Result<Vec<_>, _>>()?;
        let sound = client.register_port("ears", AudioIn::default())?;
        let mut ports = boxes.iter().map(Port::name).collect::<Result<Vec<_>, _>>()?;
        ports.push(sound.name()?);
        let (dropouts, stop) = (Arc::default(), Arc::default());
        let watch = Dropouts(Arc::clone(&dropouts));
        let ears = Ears { boxes, sound, before: 0.0, sender, stop: Arc::clone(&stop) };
        let client = client.activate_async(watch, ears)?;
        Ok(Boxes { client, dropouts, stop, heard, ports })
    }

    /// Listens to the instrument's left side, once it is there; whether it is.
    #[must_use]
    pub fn listen(&self) -> bool {
        let Some(ears) = self.ports.last() else { return false };
        let _ = self.client.as_client().connect_ports_by_name("barline:left", ears);
        self.is_connected(ears)
    }

    /// Whether something is sent to all the boxes.
    #[must_use]
    pub fn are_played(&self) -> bool {
        self.ports[..self.ports.len() - 1].iter().all(|port| self.is_connected(port))
    }

    fn is_connected(&self, port: &str) -> bool {
        let port = self.client.as_client().port_by_name(port);
        port.is_some_and(|port| port.connected_count().is_ok_and(|count| count > 0))
    }

    /// How often the server could not keep up: a machine that is too busy for any of this.
    #[must_use]
    pub fn dropouts(&self) -> u32 {
        self.dropouts.load(Ordering::Relaxed)
    }

    /// What has arrived since it was last asked for, in order.
    pub fn heard(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.heard.pop().ok()).collect()
    }
}

impl Drop for Boxes {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        std::thread::sleep(LAST_CYCLES);
    }
}

/// The frames and messages of one box.
#[must_use]
pub fn of(heard: &[Heard], at: usize) -> Vec<(u32, [u8; 3])> {
    heard.iter().filter(|heard| heard.at == Some(at)).map(|heard| (heard.frame, heard.bytes)).collect()
}

/// The frames of the sound's onsets.
#[must_use]
pub fn onsets(heard: &[Heard]) -> Vec<u32> {
    heard.iter().filter(|heard| heard.at.is_none()).map(|heard| heard.frame).collect()
}
