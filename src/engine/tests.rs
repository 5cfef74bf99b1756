use super::*;
use crate::event::VoiceSlot;
use crate::synth::Patch;
use crate::time::SampleRate;

const RATE: SampleRate = SampleRate(48_000);
const LEAD: VoiceSlot = VoiceSlot(0);

fn renderer(patch: &str) -> (Renderer, rtrb::Producer<ScheduledEvent>) {
    let patch = Patch::parse("test", patch).expect("a patch");
    let (synth, _lane) = Synth::new(RATE, &[Some(&patch)]);
    Renderer::new(synth)
}

fn on(at: i64, pitch: u8) -> ScheduledEvent {
    ScheduledEvent { at: Frames(at), action: Action::NoteOn { voice: LEAD, pitch, velocity: 127 } }
}

fn off(at: i64, pitch: u8) -> ScheduledEvent {
    ScheduledEvent { at: Frames(at), action: Action::NoteOff { voice: LEAD, pitch } }
}

const CLICK: &str = "adsr(0, 0, 1, 0.005) * 0.5";

#[test]
fn late_notes_sound_at_once_and_are_counted() {
    let (mut renderer, mut ring) = renderer(CLICK);
    let mut out = vec![0.0; 2 * 256];
    renderer.process(&mut out, 2);
    ring.push(on(10, 60)).expect("room");
    ring.push(on(256, 62)).expect("room");
    renderer.process(&mut out, 2);
    assert!(out[0] > 0.1);
    assert_eq!(renderer.stats().late(), 1);
    assert_eq!(renderer.stats().frame(), Frames(512));
}

#[test]
fn a_flush_silences_the_future_and_keeps_note_offs() {
    let (mut renderer, mut ring) = renderer(CLICK);
    let flush = ScheduledEvent { at: Frames(0), action: Action::Flush };
    for event in [on(0, 60), on(500, 62), off(300, 60), off(900, 62)] {
        ring.push(event).expect("room");
    }
    let mut out = vec![0.0; 2 * 100];
    renderer.process(&mut out, 2);
    ring.push(flush).expect("room");
    let mut out = vec![0.0; 2 * 48_000];
    renderer.process(&mut out, 2);
    assert_eq!(renderer.stats().sounding(), 0);
    assert!(out[2 * 1000..2 * 1200].iter().all(|sample| sample.abs() < 0.05), "the second note never sounded");
}

#[test]
fn channels_beyond_stereo_stay_silent_and_one_channel_gets_the_mean() {
    for channels in [1, 2, 3, 6] {
        let (mut renderer, mut ring) = renderer(CLICK);
        ring.push(on(0, 60)).expect("room");
        let mut out = vec![9.0; channels * 100];
        renderer.process(&mut out, channels);
        assert!(out[0] > 0.1 && out[0] < 1.0);
        assert!(out.chunks(channels).all(|frame| frame.iter().skip(2).all(|&sample| sample == 0.0)));
    }
}

#[test]
fn the_sound_does_not_depend_on_the_callback_size() {
    let reed = include_str!("../../patches/reed.patch");
    let play = |sizes: &[usize]| {
        let (mut renderer, mut ring) = renderer(reed);
        for event in [on(7, 60), on(333, 64), off(2000, 60), on(2000, 60), off(9000, 60), off(9001, 64)] {
            ring.push(event).expect("room");
        }
        let mut sound = Vec::new();
        for size in sizes.iter().cycle() {
            let mut out = vec![0.0; 2 * size];
            renderer.process(&mut out, 2);
            sound.extend(out);
            if sound.len() >= 2 * 20_000 {
                sound.truncate(2 * 20_000);
                return sound;
            }
        }
        sound
    };
    let (whole, cut) = (play(&[4096]), play(&[1, 64, 100, 37, 511]));
    let worst = whole.iter().zip(&cut).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1.0e-3, "{worst}");
    assert_eq!(play(&[256]), play(&[256]), "and it is the same each time");
}
