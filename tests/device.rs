//! The real audio callback, where there is a device: run by `tests/alsa_jack.sh`, which provides one.

use std::sync::Arc;
use std::time::Duration;

use barline::audio::{AudioDevice, AudioOutput, AudioSpec};
use barline::clock::Clock;
use barline::engine::Renderer;
use barline::event::{Action, ScheduledEvent, VoiceSlot};
use barline::synth::{Patch, Synth};
use barline::time::Frames;

#[test]
#[ignore = "needs a sound device"]
fn the_default_device_plays_and_keeps_the_clock() {
    let device = AudioDevice::find(&AudioSpec::Default).expect("a device");
    let rate = device.rate();
    let clock = Clock::new(rate);
    let reed = Patch::parse("reed", include_str!("../patches/reed.patch")).expect("a patch");
    let (synth, _lane) = Synth::new(rate, &[Some(&reed)]);
    let (renderer, mut ring) = Renderer::new(synth);
    let stats = renderer.stats();
    for beat in 0..8 {
        let at = Frames(beat * i64::from(rate.0) / 4);
        let note = Action::NoteOn { voice: VoiceSlot(0), pitch: 60 + beat as u8, velocity: 90 };
        ring.push(ScheduledEvent { at, action: note }).expect("room");
    }
    let output = AudioOutput::start(device, renderer, None, Arc::clone(&clock));
    while stats.frame() < Frames(2 * i64::from(rate.0)) {
        assert_eq!(output.status().trouble, None);
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = output.status();
    println!("{status:?}, latency {:?}, {} late", clock.latency(), stats.late());
    assert!(stats.sounding() > 0);
    // The clock runs on with the device, a period or two around the rendered frame.
    assert!((clock.now() - stats.frame()).0.abs() < i64::from(rate.0) / 5, "{:?} {:?}", clock.now(), stats.frame());
}
