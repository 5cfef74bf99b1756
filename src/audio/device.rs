//! Sound devices: how they are named, listed and found. Not on the audio thread.

use std::fmt;
use std::str::FromStr;

use cpal::ErrorKind;
use cpal::traits::{DeviceTrait, HostTrait};

use crate::time::SampleRate;

/// The rate when nothing is heard anyway.
pub const SILENT_RATE: SampleRate = SampleRate(48_000);

/// `--audio`: `none`, `jack`, `HOST`, `HOST:DEVICE`, or nothing for the system's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AudioSpec {
    #[default]
    Default,
    None,
    Named {
        host: String,
        device: Option<String>,
    },
}

impl FromStr for AudioSpec {
    type Err = AudioError;

    fn from_str(text: &str) -> Result<AudioSpec, AudioError> {
        match text.trim() {
            "" | "default" => Ok(AudioSpec::Default),
            "none" => Ok(AudioSpec::None),
            text => {
                let (host, device) = text.split_once(':').map_or((text, None), |(host, device)| (host, Some(device)));
                if host.is_empty() || device == Some("") {
                    return Err(AudioError(format!("'{text}' is not HOST, HOST:DEVICE or none")));
                }
                Ok(AudioSpec::Named { host: host.to_owned(), device: device.map(str::to_owned) })
            }
        }
    }
}

/// What is wrong with the sound, in one sentence, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioError(pub String);

impl fmt::Display for AudioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AudioError {}

/// One line of `barline devices`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    pub host: String,
    pub name: String,
    /// What `--audio` takes to choose it.
    pub spec: String,
    pub default: bool,
}

/// All output devices of all hosts. Empty when there are none; never an error.
#[must_use]
pub fn devices() -> Vec<DeviceInfo> {
    let mut list = Vec::new();
    for id in cpal::available_hosts() {
        let Ok(host) = cpal::host_from_id(id) else { continue };
        let default = host.default_output_device().and_then(|device| device.id().ok());
        let Ok(devices) = host.output_devices() else { continue };
        let host = id.name().to_lowercase();
        for device in devices {
            let Ok(device_id) = device.id() else { continue };
            list.push(DeviceInfo {
                name: name_of(&device),
                spec: device_id.to_string(),
                default: default.as_ref() == Some(&device_id),
                host: host.clone(),
            });
        }
    }
    list
}

fn name_of(device: &cpal::Device) -> String {
    device.description().map_or_else(|_| "unnamed".to_owned(), |description| description.name().to_owned())
}

/// An output that was found, with the rate at which the synth must be built.
pub struct AudioDevice {
    pub(super) target: Option<Target>,
    rate: SampleRate,
    name: String,
}

pub(super) enum Target {
    Cpal(CpalTarget),
    /// By a JACK client of our own.
    #[cfg(feature = "jack")]
    Jack(super::jack::Server),
}

pub(super) struct CpalTarget {
    pub(super) device: cpal::Device,
    pub(super) config: cpal::SupportedStreamConfig,
    /// Whether the thread of the callback is ours to raise: JACK and `PipeWire` do it themselves.
    pub(super) raise: bool,
}

impl fmt::Debug for AudioDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl AudioDevice {
    /// No device: everything runs to the monotonic clock, nothing is heard.
    #[must_use]
    pub fn none() -> AudioDevice {
        AudioDevice { target: None, rate: SILENT_RATE, name: "none (clock only)".to_owned() }
    }

    /// Finds the device that `spec` names. A caller that wants to play on regardless takes [`AudioDevice::none`] on an error.
    pub fn find(spec: &AudioSpec) -> Result<AudioDevice, AudioError> {
        let (host, device) = match spec {
            AudioSpec::None => return Ok(AudioDevice::none()),
            AudioSpec::Default => (cpal::default_host(), None),
            #[cfg(feature = "jack")]
            AudioSpec::Named { host, device: None } if host.eq_ignore_ascii_case("jack") => {
                let server = super::jack::probe().map_err(AudioError)?;
                let (rate, name) = (server.rate, format!("jack {} Hz", server.rate.0));
                return Ok(AudioDevice { target: Some(Target::Jack(server)), rate, name });
            }
            AudioSpec::Named { host, device } => (host_named(host)?, device.as_deref()),
        };
        let host_name = host.id().name().to_lowercase();
        let device = match device {
            None => host.default_output_device().ok_or_else(|| {
                AudioError(format!(
                    "no sound card: {host_name} has no default output; plug one in, choose one of `barline devices`, or play MIDI with --audio none"
                ))
            })?,
            Some(wanted) => device_named(&host, wanted)?,
        };
        let name = name_of(&device);
        let config = device.default_output_config().map_err(|error| {
            let help = match error.kind() {
                ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => {
                    "plug one in, choose one of `barline devices`, or play MIDI with --audio none"
                }
                _ => "another program may hold it",
            };
            AudioError(format!("no sound from {host_name}:{name}: {}; {help}", sentence(&error)))
        })?;
        let rate = SampleRate(config.sample_rate());
        let name = format!("{host_name}:{name} {} Hz", rate.0);
        let target = Target::Cpal(CpalTarget { device, config, raise: host_name == "alsa" });
        Ok(AudioDevice { target: Some(target), rate, name })
    }

    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// `alsa:default 48000 Hz`, `none (clock only)`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The MIDI inputs that were there when it was found, by full name, where MIDI goes through it, frame by frame, in place of the system's
    /// MIDI ports; `None` where it carries no MIDI.
    #[must_use]
    pub fn midi_inputs(&self) -> Option<&[String]> {
        #[cfg(feature = "jack")]
        if let Some(Target::Jack(server)) = &self.target {
            return Some(&server.inputs);
        }
        None
    }
}

fn host_named(wanted: &str) -> Result<cpal::Host, AudioError> {
    if wanted.eq_ignore_ascii_case("jack") {
        return Err(AudioError(
            "this barline was built without JACK: where its headers are there `make play` builds it in, or cargo build --release --features jack"
                .to_owned(),
        ));
    }
    let names = || {
        let names: Vec<String> = cpal::available_hosts().iter().map(|id| id.name().to_lowercase()).collect();
        names.join(", ")
    };
    let id = cpal::available_hosts()
        .into_iter()
        .find(|id| id.name().eq_ignore_ascii_case(wanted))
        .ok_or_else(|| AudioError(format!("there is no audio host '{wanted}' here; there is: {}", names())))?;
    cpal::host_from_id(id).map_err(|error| AudioError(format!("{wanted} does not answer: {}", sentence(&error))))
}

/// By the id after the host's name, by the name, or by a part of either, in that order.
fn device_named(host: &cpal::Host, wanted: &str) -> Result<cpal::Device, AudioError> {
    let host_name = host.id().name().to_lowercase();
    let devices: Vec<(cpal::Device, String, String)> = host
        .output_devices()
        .map_err(|error| AudioError(format!("{host_name} does not answer: {}", sentence(&error))))?
        .filter_map(|device| {
            let id = device.id().ok()?.to_string();
            let id = id.split_once(':').map_or(id.clone(), |(_, id)| id.to_owned());
            let name = name_of(&device);
            Some((device, id, name))
        })
        .collect();
    let find = |fits: &dyn Fn(&str) -> bool| devices.iter().position(|(_, id, name)| fits(id) || fits(name));
    let lower = wanted.to_lowercase();
    let index =
        find(&|text| text == wanted).or_else(|| find(&|text| text.to_lowercase().contains(&lower))).ok_or_else(
            || AudioError(format!("{host_name} has no output '{wanted}'; `barline devices` lists what there is")),
        )?;
    devices.into_iter().nth(index).map(|(device, ..)| device).ok_or_else(|| AudioError("no such device".to_owned()))
}

/// The first sentence, without the full stop.
pub(super) fn sentence(error: &cpal::Error) -> String {
    let text = error.to_string();
    text.split(". ").next().unwrap_or_default().trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_read() {
        let named = |host: &str, device: Option<&str>| AudioSpec::Named {
            host: host.to_owned(),
            device: device.map(str::to_owned),
        };
        assert_eq!("none".parse(), Ok(AudioSpec::None));
        assert_eq!("".parse(), Ok(AudioSpec::Default));
        assert_eq!("alsa".parse(), Ok(named("alsa", None)));
        assert_eq!("alsa:hw:CARD=0".parse(), Ok(named("alsa", Some("hw:CARD=0"))));
        assert!(":x".parse::<AudioSpec>().is_err());
        assert!(AudioDevice::find(&named("gramophone", None)).expect_err("no such host").0.contains("'gramophone'"));
    }
}
