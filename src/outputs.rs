//! The outputs that the command line asks for: found, and started. Main thread.

use std::sync::Arc;

use barline::audio::{AudioDevice, AudioOutput, AudioSpec};
use barline::clock::Clock;
use barline::engine::Renderer;
use barline::midi::{self, CycleInputs, CycleMidi, Patchbay, Ports};
use barline::rig;

use crate::cli::Failure;

/// A device, or why there is none.
pub type Device = Result<AudioDevice, String>;

/// A port, by the name under which it was asked for.
pub type Port = Option<(String, midi::PortSink)>;

/// What was asked for by name must be there.
pub fn find(audio: Option<&str>, midi: Option<&str>) -> Result<(Device, Port), Failure> {
    let machine = |error: midi::MidiError| Failure::machine(error.to_string());
    let device = audio_device(audio)?;
    if let Some(inputs) = device.as_ref().ok().and_then(AudioDevice::midi_inputs) {
        return match midi.filter(|wanted| midi::position(inputs, wanted).is_none()) {
            Some(wanted) => Err(Failure::machine(absent(wanted, inputs))),
            None => Ok((device, None)),
        };
    }
    let port = midi.map(|name| Ok((name.to_owned(), midi::open(name).map_err(machine)?))).transpose()?;
    Ok((device, port))
}

/// What JACK has instead of what is wanted.
fn absent(wanted: &str, inputs: &[String]) -> String {
    if inputs.is_empty() {
        return format!("JACK has nothing called '{wanted}' to send MIDI to, nor anything else with a MIDI input");
    }
    format!("JACK has nothing called '{wanted}' to send MIDI to; there is: {}", inputs.join(", "))
}

/// A device that was asked for by name must be there; without one the default, and where there is none, the clock alone.
fn audio_device(audio: Option<&str>) -> Result<Device, Failure> {
    match audio {
        Some(text) => {
            let spec: AudioSpec = text.parse().map_err(|error| Failure { message: format!("{error}"), code: 2 })?;
            AudioDevice::find(&spec).map(Ok).map_err(|error| Failure::machine(error.to_string()))
        }
        None => Ok(AudioDevice::find(&AudioSpec::Default).map_err(|error| error.to_string())),
    }
}

/// Starts the sound, and the MIDI ports that are wanted at once (`outs`): the audio system's where it carries MIDI, the system's otherwise. Gives
/// the audio system's inputs as well.
pub fn start<'a>(
    device: AudioDevice,
    renderer: Renderer,
    port: Port,
    outs: impl Iterator<Item = &'a str>,
    clock: &Arc<Clock>,
) -> (AudioOutput, Ports, Option<CycleInputs>) {
    let wanted: Vec<String> = outs.filter(|out| !rig::is_synth(out)).map(str::to_owned).collect();
    if let Some(inputs) = device.midi_inputs() {
        let (bay, ends) = Patchbay::new(device.rate(), inputs.to_vec());
        let connections = bay.connections();
        let (heard, arrivals) = CycleInputs::new(Arc::clone(&connections));
        let midi = CycleMidi { outputs: ends, arrivals, connections };
        let audio = AudioOutput::start(device, renderer, Some(midi), Arc::clone(clock));
        return (audio, Ports::in_cycle(bay, wanted), Some(heard));
    }
    let audio = AudioOutput::start(device, renderer, None, Arc::clone(clock));
    (audio, Ports::start(Arc::clone(clock), port, wanted), None)
}
