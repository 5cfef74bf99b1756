//! The real-time promises: nothing in the audio callback or the MIDI loop touches the heap, and onsets are exact.

use std::time::Duration;

use assert_no_alloc::{AllocDisabler, assert_no_alloc, violation_count};
use barline::engine::Renderer;
use barline::event::{Action, ClockMessage, ScheduledEvent, VoiceSlot};
use barline::midi::{MidiError, MidiSink, Player};
use barline::synth::{CLICK, Patch, Synth};
use barline::time::{Frames, SampleRate};
use proptest::prelude::*;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const RATE: SampleRate = SampleRate(48_000);

fn patch(text: &str) -> Patch {
    Patch::parse("test", text).expect("a patch")
}

fn on(at: i64, voice: u8, pitch: u8) -> ScheduledEvent {
    ScheduledEvent { at: Frames(at), action: Action::NoteOn { voice: VoiceSlot(voice), pitch, velocity: 100 } }
}

fn off(at: i64, voice: u8, pitch: u8) -> ScheduledEvent {
    ScheduledEvent { at: Frames(at), action: Action::NoteOff { voice: VoiceSlot(voice), pitch } }
}

/// The allocator notices what it should: otherwise the tests below prove nothing.
#[test]
fn the_check_itself_works() {
    let before = violation_count();
    let boxed = assert_no_alloc(|| std::hint::black_box(Box::new(1)));
    assert!(violation_count() > before, "a box was not noticed ({boxed})");
}

#[test]
fn the_audio_callback_leaves_the_heap_alone() {
    let patches: Vec<Patch> = ["reed", "sub", "pluck"]
        .iter()
        .map(|name| {
            let path = format!("{}/patches/{name}.patch", env!("CARGO_MANIFEST_DIR"));
            Patch::parse(name, &std::fs::read_to_string(path).expect("a patch file")).expect("a patch")
        })
        .chain([
            patch("(saw(pitch) | cutoff | 1) >> lowpass() >> delay(0.1) >> echo(0.2, 0.5) * adsr(0, 1, 0.5, 1)"),
            patch("mono(); glide(0.1); fm(pitch, 2, lfo_sine(5)) + lfo_random(9) + brown() >> fold() >> chorus(1, 1) * adsr(0, 1, 0.5, 1)"),
            patch("legato(); click() + lfo_drift(3) >> resonator(pitch, 90) >> flanger(1, 0.5) >> phaser(1, 0.5) >> (pan(0) & reverb(1, 0.5))"),
            patch("voices(3); saw(pitch * semitones(macro1)) >> bell(900, 1, db(6)) >> crush(5) >> hold(9000) >> clip_to(-1, 1)"),
        ])
        .collect();
    let slots: Vec<Option<&Patch>> = patches.iter().map(Some).collect();
    let (synth, mut lane) = Synth::new(RATE, &slots);
    let (mut renderer, mut ring) = Renderer::new(synth);
    // Too small for the time between two looks: full now and then, as on a slow disk.
    let mut reel = renderer.tap(128);
    let mut recorded = 0;
    let mut out = vec![0.0; 2 * 512];
    let mut violations = 0;
    let mut loudest = 0.0_f32;
    for turn in 0..400_i64 {
        let now = renderer.frame().0;
        let voice = (turn % 4) as u8;
        // More notes than voices, so that they are stolen; early, late and far ahead.
        for note in 0..6 {
            ring.push(on(now + note * 90 - 50, voice, 40 + ((turn * 5 + note * 7) % 50) as u8)).expect("room");
        }
        ring.push(off(now + 300, voice, 40 + (turn * 5 % 50) as u8)).expect("room");
        ring.push(on(now + 400_000, voice, 60)).expect("room");
        let controller = [7, 10, 16, 74, 91, 94][(turn % 6) as usize];
        let control = Action::Control { voice: VoiceSlot(voice), controller, value: (turn % 128) as u8 };
        ring.push(ScheduledEvent { at: Frames(now), action: control }).expect("room");
        if turn % 7 == 0 {
            // A lane that is full is fine here: the audio side still holds older pools.
            let _ = lane.assign(VoiceSlot(voice), &patches[(turn / 7) as usize % patches.len()]);
        }
        let now_and_then = match turn % 100 {
            30 => Some(Action::Panic),
            60 => Some(Action::Flush),
            90 => Some(Action::AllNotesOff),
            _ => turn.checked_rem(13).filter(|at| *at == 0).map(|_| Action::DelayTime { frames: 5000 + turn as u32 }),
        };
        if let Some(action) = now_and_then {
            ring.push(ScheduledEvent { at: Frames(now), action }).expect("room");
        }
        let before = violation_count();
        assert_no_alloc(|| renderer.process(&mut out, 2));
        violations += violation_count() - before;
        match turn % 40 {
            5 => reel.open(),
            15 | 35 => recorded += reel.blocks().map(|block| block.frames().count() as i64).sum::<i64>(),
            38 => drop(reel.close()),
            _ => {}
        }
        loudest = out.iter().fold(loudest, |peak, sample| peak.max(sample.abs()));
    }
    assert_eq!(violations, 0);
    // Ten times it was read twice, after ten turns and after twenty.
    let whole = 10 * 30 * 512;
    assert!(recorded > whole / 3 && recorded < whole, "some of it was recorded and some lost: {recorded} of {whole}");
    assert!(loudest > 0.1 && loudest <= 1.0, "it did play: {loudest}");
}

/// Counts what was sent, without a heap.
struct Counter(u64);

impl MidiSink for Counter {
    fn send(&mut self, message: &[u8]) -> Result<(), MidiError> {
        self.0 += message.len() as u64;
        Ok(())
    }
}

#[test]
fn the_midi_loop_leaves_the_heap_alone() {
    let (mut ring, consumer) = rtrb::RingBuffer::new(4096);
    let mut player = Player::new(Box::new(Counter(0)), consumer, RATE);
    let mut violations = 0;
    for turn in 0..300_i64 {
        for note in 0..20 {
            ring.push(on(turn * 100 + note, (note % 4) as u8, 40 + note as u8)).expect("room");
            ring.push(off(turn * 100 + note + 90, (note % 4) as u8, 40 + note as u8)).expect("room");
        }
        let action = match turn % 50 {
            10 => Action::Panic,
            20 => Action::Flush,
            30 => Action::AllNotesOff,
            _ => Action::Clock(ClockMessage::Tick),
        };
        ring.push(ScheduledEvent { at: Frames(turn * 100), action }).expect("room");
        let before = violation_count();
        assert_no_alloc(|| {
            player.collect();
            while let Some(at) = player.next_at().filter(|at| at.0 < turn * 100 + 80) {
                player.send_due(at, Duration::from_millis((turn % 90) as u64));
            }
        });
        violations += violation_count() - before;
    }
    assert_eq!(violations, 0);
    assert!(player.stats().sent() > 1000 && player.stats().dropped() > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The first sample that is not silent is the planned one, wherever callbacks and blocks begin.
    #[test]
    fn an_onset_is_on_its_frame(
        at in 0_i64..20_000,
        sizes in prop::collection::vec(1_usize..1500, 1..8),
        channels in 1_usize..4,
    ) {
        let click = patch(CLICK);
        let (synth, _lane) = Synth::new(RATE, &[Some(&click)]);
        let (mut renderer, mut ring) = Renderer::new(synth);
        ring.push(on(at, 0, 60)).expect("room");
        let mut first = None;
        for size in sizes.iter().cycle() {
            let start = renderer.frame().0;
            let mut out = vec![0.0; size * channels];
            renderer.process(&mut out, channels);
            if let Some(index) = out.iter().position(|sample| *sample != 0.0) {
                first = Some(start + (index / channels) as i64);
                break;
            }
            if start > 30_000 {
                break;
            }
        }
        prop_assert_eq!(first, Some(at));
        prop_assert_eq!(renderer.stats().late(), 0);
    }
}
