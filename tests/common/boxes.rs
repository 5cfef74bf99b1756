//! MIDI boxes and a pair of ears at a JACK server: another program, as the instrument sees it. Each box is an input port that writes down what
//! arrives, with the server's frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jack::{
    AsyncClient, AudioIn, Client, ClientOptions, Control, MidiIn, NotificationHandler, Port, ProcessHandler,
    ProcessScope,
};

/// A step up of this height in the sound is an onset.
const STEP: f32 = 0.1;

/// What arrived at a box, or the sound's onset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The server's.
    pub frame: u32,
    /// The number of the box; `None` for the sound.
    pub at: Option<usize>,
    pub bytes: [u8; 3],
}

struct Process {
    boxes: Vec<Port<MidiIn>>,
    sound: Port<AudioIn>,
    before: f32,
    sender: rtrb::Producer<Heard>,
}

impl ProcessHandler for Process {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
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
    client: AsyncClient<Dropouts, Process>,
    dropouts: Arc<AtomicU32>,
    heard: rtrb::Consumer<Heard>,
    sound: String,
}

impl Boxes {
    /// A client of this name with a MIDI input for each name. The server is that of `JACK_DEFAULT_SERVER`.
    pub fn plug_in(client: &str, names: &[&str]) -> Boxes {
        let (client, _) = Client::new(client, ClientOptions::NO_START_SERVER).expect("a server");
        let (sender, heard) = rtrb::RingBuffer::new(1 << 20);
        let port = |name: &&str| client.register_port(name, MidiIn::default()).expect("a port");
        let boxes = names.iter().map(port).collect();
        let sound = client.register_port("ears", AudioIn::default()).expect("a port");
        let name = sound.name().expect("a name");
        let dropouts = Arc::default();
        let watch = Dropouts(Arc::clone(&dropouts));
        let client = client.activate_async(watch, Process { boxes, sound, before: 0.0, sender }).expect("a client");
        Boxes { client, dropouts, heard, sound: name }
    }

    /// Listens to the instrument's left side, once it is there.
    pub fn listen(&self) -> bool {
        let client = self.client.as_client();
        let _ = client.connect_ports_by_name("barline:left", &self.sound);
        client.port_by_name(&self.sound).is_some_and(|port| port.connected_count().is_ok_and(|count| count > 0))
    }

    /// How often the server could not keep up: a machine that is too busy for any of this.
    pub fn dropouts(&self) -> u32 {
        self.dropouts.load(Ordering::Relaxed)
    }

    /// What has arrived since it was last asked for, in order.
    pub fn heard(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.heard.pop().ok()).collect()
    }
}

/// The frames and messages of one box.
pub fn of(heard: &[Heard], at: usize) -> Vec<(u32, [u8; 3])> {
    heard.iter().filter(|heard| heard.at == Some(at)).map(|heard| (heard.frame, heard.bytes)).collect()
}

/// The frames of the sound's onsets.
pub fn onsets(heard: &[Heard]) -> Vec<u32> {
    heard.iter().filter(|heard| heard.at.is_none()).map(|heard| heard.frame).collect()
}
