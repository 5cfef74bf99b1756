mod playing;
mod words;

use super::*;
use crate::event::Action::{AllNotesOff, Control, DelayTime, NoteOff, NoteOn, Panic};

const RATE: SampleRate = SampleRate(48_000);
const LEAD: VoiceSlot = VoiceSlot(0);

/// Full level from the first sample on, gone soon after the note.
const CLICK: &str = "adsr(0, 0, 1, 0.005) * 0.5";

fn patch(text: &str) -> Patch {
    Patch::parse("test", text).expect("a patch")
}

fn synth(text: &str) -> (Synth, PatchLane) {
    Synth::new(RATE, &[Some(&patch(text))])
}

fn on(pitch: u8) -> Action {
    NoteOn { voice: LEAD, pitch, velocity: 127 }
}

fn off(pitch: u8) -> Action {
    NoteOff { voice: LEAD, pitch }
}

fn control(controller: u8, value: u8) -> Action {
    Control { voice: LEAD, controller, value }
}

fn render(synth: &mut Synth, frames: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    synth.render(&mut left, &mut right);
    (left, right)
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// The greatest step between neighbours.
fn roughness(samples: &[f32]) -> f32 {
    samples.windows(2).fold(0.0, |most, pair| most.max((pair[1] - pair[0]).abs()))
}

#[test]
fn a_note_sounds_until_its_end_and_frees_its_voice() {
    let (mut synth, _lane) = synth(CLICK);
    synth.handle(on(60));
    assert!(peak(&render(&mut synth, 4800).0) > 0.1);
    assert_eq!(synth.sounding(), 1);
    synth.handle(off(60));
    render(&mut synth, 48_000);
    assert_eq!(synth.sounding(), 0);
    // The voice is free; the reverb rings a little longer, then there is nothing at all.
    render(&mut synth, 6 * 48_000);
    assert_eq!(peak(&render(&mut synth, 480).0), 0.0);
}

#[test]
fn the_same_pitch_again_ends_the_note_before() {
    let (mut synth, _lane) = synth(CLICK);
    synth.handle(on(60));
    render(&mut synth, 100);
    synth.handle(on(60));
    render(&mut synth, 48_000);
    assert_eq!(synth.sounding(), 1);
    synth.handle(off(60));
    render(&mut synth, 48_000);
    assert_eq!(synth.sounding(), 0);
}

#[test]
fn stealing_takes_released_voices_first_then_the_oldest() {
    let (mut synth, _lane) = synth("sine(pitch) * adsr(0.01, 0, 1, 2) * 0.2");
    let notes = 40..40 + POOL_VOICES as u8;
    for pitch in notes.clone() {
        synth.handle(on(pitch));
        render(&mut synth, 64);
    }
    synth.handle(off(43));
    synth.handle(on(80));
    let holds = |synth: &Synth, pitch| synth.slots[0].holds(pitch);
    assert!(holds(&synth, 40) && holds(&synth, 80), "the released voice was stolen");
    synth.handle(on(81));
    assert!(!holds(&synth, 40) && holds(&synth, 41), "then the oldest");
    assert_eq!(synth.sounding(), POOL_VOICES);
}

#[test]
fn no_more_than_the_limit_sound_together() {
    let patch = patch("sine(pitch) * adsr(0.01, 0, 1, 2) * 0.01");
    let (mut synth, _lane) = Synth::new(RATE, &[Some(&patch); MAX_VOICES]);
    for voice in 0..12 {
        for pitch in 0..POOL_VOICES as u8 {
            synth.handle(NoteOn { voice: VoiceSlot(voice), pitch: 40 + pitch, velocity: 90 });
        }
    }
    assert_eq!(synth.sounding(), MAX_SOUNDING);
}

#[test]
fn a_stolen_note_does_not_click() {
    let (mut synth, _lane) = synth("sine(pitch) * adsr(0.02, 0, 1, 2) * 0.5");
    synth.handle(control(91, 0));
    for pitch in 60..60 + POOL_VOICES as u8 {
        synth.handle(on(pitch));
    }
    let steady = roughness(&render(&mut synth, 9600).0[4800..]);
    synth.handle(on(90));
    // A bare cut steps by as much as a note's amplitude; the decaying rest moves by a hundredth of it per sample.
    assert!(roughness(&render(&mut synth, 480).0) < steady + 0.05);
}

#[test]
fn panic_is_silent_within_ten_milliseconds_without_a_click() {
    let (mut synth, _lane) = synth("sine(pitch) * adsr(0.001, 0, 1, 9) * 0.5");
    synth.handle(on(50));
    let sounding = render(&mut synth, 48_000).0;
    synth.handle(Panic);
    let after = render(&mut synth, 960).0;
    assert!(
        roughness(&after) < 2.0 * roughness(&sounding[24_000..]),
        "{} {}",
        roughness(&after),
        roughness(&sounding[24_000..])
    );
    assert!(peak(&after[480..]) < 1.0e-4, "{}", peak(&after[480..]));
    assert_eq!(synth.sounding(), 0);
}

#[test]
fn all_notes_off_releases() {
    let (mut synth, _lane) = synth(CLICK);
    synth.handle(on(60));
    synth.handle(on(64));
    render(&mut synth, 64);
    synth.handle(AllNotesOff);
    render(&mut synth, 48_000);
    assert_eq!(synth.sounding(), 0);
}

#[test]
fn volume_and_pan_move_smoothly_to_what_was_asked() {
    let (mut synth, _lane) = synth("1.0 * adsr(0, 0, 1, 1) * 0.25");
    synth.handle(control(91, 0));
    synth.handle(on(60));
    let (left, right) = render(&mut synth, 9600);
    assert!((left[9599] - right[9599]).abs() < 1.0e-3, "centred {} {}", left[9599], right[9599]);
    synth.handle(control(10, 0));
    let (left, right) = render(&mut synth, 9600);
    assert!(left[9599] > 0.1 && right[9599].abs() < 1.0e-4);
    assert!(roughness(&left) < 0.01 && roughness(&right) < 0.01);
    synth.handle(control(7, 0));
    let (left, _) = render(&mut synth, 9600);
    assert!(left[9599].abs() < 1.0e-4 && roughness(&left) < 0.01);
}

#[test]
fn the_cutoff_controller_opens_and_closes_the_filter() {
    let rms = |samples: &[f32]| (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt();
    let (mut synth, _lane) = synth("(saw(pitch) | cutoff | 0.7) >> lowpass() * adsr(0, 0, 1, 1) * 0.3");
    synth.handle(on(80));
    synth.handle(control(74, 127));
    let open = rms(&render(&mut synth, 48_000).0[24_000..]);
    synth.handle(control(74, 40));
    let closed = rms(&render(&mut synth, 48_000).0[24_000..]);
    assert!(closed < 0.2 * open, "{closed} {open}");
}

#[test]
fn a_new_patch_is_heard_from_the_next_note_and_the_old_pool_comes_home() {
    let (mut synth, mut lane) = synth("adsr(0, 0, 1, 0.005) * 0.5");
    synth.handle(control(91, 0));
    synth.handle(on(60));
    let before = render(&mut synth, 4800).0[4799];
    lane.assign(LEAD, &patch("adsr(0, 0, 1, 0.005) * -0.25")).expect("room");
    let held = render(&mut synth, 4800).0[4799];
    assert!((held - before).abs() < 1.0e-3, "the sounding note keeps its patch");
    synth.handle(off(60));
    synth.handle(on(60));
    assert!(render(&mut synth, 4800).0[4799] < -0.05, "the next note has the new one");
    render(&mut synth, 48_000);
    assert_eq!(lane.home.slots(), 1, "the old pool waits to be dropped");
    lane.collect();
    assert_eq!(lane.home.slots(), 0);
}

#[test]
fn nothing_passes_full_scale() {
    let (mut synth, _lane) = synth("saw(pitch) * 9.0 * adsr(0, 0, 1, 1)");
    for pitch in [40, 47, 52, 59] {
        synth.handle(on(pitch));
    }
    let (left, right) = render(&mut synth, 9600);
    assert!(peak(&left) <= 1.0 && peak(&right) <= 1.0);
}

/// Not a number, no longer finite, or a feedback that runs away: silent at once, told by slot, deaf to further notes until there is another
/// patch; what else sounds there goes on.
#[test]
fn a_patch_that_blows_up_is_muted_and_told() {
    for blown in
        ["let x = noise() * 1e30; x * x * x", "sine(pitch) * 1e30 - sine(pitch) * 1e30 * 1e30", "noise() * 1e6"]
    {
        let fine = patch("adsr(0, 0, 1, 0.005) * 0.5");
        let (mut synth, mut lane) = Synth::new(RATE, &[Some(&fine), Some(&fine)]);
        synth.handle(control(91, 0));
        synth.handle(on(60));
        let before = render(&mut synth, 4800).0[4799];
        lane.assign(LEAD, &patch(blown)).expect("room");
        synth.handle(on(64));
        synth.handle(NoteOn { voice: VoiceSlot(1), pitch: 50, velocity: 127 });
        let (left, right) = render(&mut synth, 4800);
        assert!(left.iter().chain(&right).all(|sample| sample.is_finite()), "{blown}");
        assert_eq!(synth.sounding(), 2, "{blown}: the old note and the other voice");
        // Two notes of the same level, one of them older.
        assert!((left[4799] - 2.0 * before).abs() < 0.05, "{blown}: {} {before}", left[4799]);
        assert_eq!(synth.meters().blown().collect::<Vec<_>>(), [0], "{blown}");
        synth.handle(on(67));
        assert_eq!(synth.sounding(), 2, "{blown}: muted");
        assert_eq!(synth.meters().blown().count(), 0, "told once");
        lane.assign(LEAD, &fine).expect("room");
        synth.handle(on(67));
        assert_eq!(synth.sounding(), 3, "{blown}: heard again");
    }
}

#[test]
fn the_delay_repeats_what_is_sent_to_it() {
    let (mut synth, _lane) = synth("adsr(0, 0, 1, 0.005) * 0.5");
    synth.handle(control(91, 0));
    let struck = |synth: &mut Synth| {
        synth.handle(on(60));
        let mut sound = render(synth, 480).0;
        synth.handle(off(60));
        sound.extend(render(synth, 60_000).0);
        (peak(&sound[..1000]), peak(&sound[9_000..10_400]), peak(&sound[19_000..60_000]))
    };
    assert!(struck(&mut synth).1 == 0.0, "nothing is sent unless it is asked for");
    synth.handle(control(94, 127));
    synth.handle(DelayTime { frames: 9600 });
    let (dry, first, later) = struck(&mut synth);
    assert!((first / dry - 0.7).abs() < 0.35 && later > 0.01 * dry && later < first, "{dry} {first} {later}");
    // Once the last echo is gone there is nothing at all.
    render(&mut synth, 4 * 48_000);
    assert_eq!(peak(&render(&mut synth, 480).0), 0.0);
}

#[test]
fn meters_show_what_is_heard() {
    let (mut synth, _lane) = synth("sine(1000.0) * adsr(0, 0, 1, 0.01) * 0.5");
    synth.handle(control(91, 0));
    synth.handle(control(7, 127));
    let meters = synth.meters();
    synth.handle(on(60));
    render(&mut synth, 3 * 48_000);
    let (voice, [left, right]) = (meters.voice(0), meters.sides());
    // In the middle of the panorama each side has half the power.
    let expected = 0.5 * 0.5_f32.sqrt();
    for level in [voice, left, right] {
        assert!((level.peak - expected).abs() < 0.01, "{level:?}");
        assert!((level.rms - expected * 0.5_f32.sqrt()).abs() < 0.01, "{level:?}");
    }
    assert_eq!(meters.voice(0).peak, 0.0, "a new peak is begun");
    assert_eq!(meters.voice(1), Level::default());
    let scope = meters.scope();
    let periods = scope.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    assert!((SCOPE / 48 - 1..=SCOPE / 48 + 1).contains(&periods), "{periods}");
    assert!((peak(&scope) - expected).abs() < 0.01 && roughness(&scope) < 0.1);
    synth.handle(off(60));
    render(&mut synth, 5 * 48_000);
    let (voice, [left, _]) = (meters.voice(0), meters.sides());
    assert!(voice.rms < 0.001 && left.rms < 0.001, "{voice:?} {left:?}");
}

#[test]
fn strings_are_in_tune() {
    for pitch in [36_u8, 57, 69, 84, 96] {
        let (mut synth, _lane) = synth("pluck(pitch, 8, 0.3)");
        synth.handle(control(91, 0));
        synth.handle(on(pitch));
        let sound = render(&mut synth, 48_000).0;
        let hz = 440.0 * 2.0_f64.powf((f64::from(pitch) - 69.0) / 12.0);
        let strength = |hz: f64| {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, sample) in sound[4800..].iter().enumerate() {
                let phase = std::f64::consts::TAU * hz * i as f64 / 48_000.0;
                let window = (std::f64::consts::PI * i as f64 / 43_200.0).sin().powi(2);
                re += f64::from(*sample) * window * phase.cos();
                im += f64::from(*sample) * window * phase.sin();
            }
            re.hypot(im)
        };
        let cents: Vec<i32> = (-40..=40).collect();
        let best = cents.iter().max_by(|&&a, &&b| {
            let at = |cents: i32| strength(hz * 2.0_f64.powf(f64::from(cents) / 1200.0));
            at(a).total_cmp(&at(b))
        });
        let best = *best.expect("some");
        assert!(best.abs() <= 4, "pitch {pitch}: {best} cents off");
    }
}

/// The shipped patches over their ranges, hard and soft, alone and as a four-part chord.
#[test]
fn the_shipped_patches_are_loud_enough_clean_and_end() {
    for (name, text, range) in [
        ("reed", include_str!("../../patches/reed.patch"), [55, 62, 67, 71]),
        ("sub", include_str!("../../patches/sub.patch"), [28, 35, 40, 43]),
        ("pluck", include_str!("../../patches/pluck.patch"), [48, 60, 67, 76]),
    ] {
        let dry = |notes: &[u8], velocity: u8| {
            let (mut synth, _lane) = synth(text);
            synth.handle(control(91, 0));
            for &pitch in notes {
                synth.handle(NoteOn { voice: LEAD, pitch, velocity });
            }
            let mut sound = render(&mut synth, 24_000).0;
            for &pitch in notes {
                synth.handle(off(pitch));
            }
            sound.extend(render(&mut synth, 72_000).0);
            assert_eq!(synth.sounding(), 0, "{name} {notes:?} ends");
            sound
        };
        for pitch in range {
            let loud = dry(&[pitch], 127);
            let soft = dry(&[pitch], 60);
            let (high, low) = (peak(&loud), peak(&soft));
            let mean = loud[..24_000].iter().sum::<f32>() / 24_000.0;
            // The end of a note must not step more than the note itself does.
            let (during, end) = (roughness(&loud[4800..24_000]), roughness(&loud[23_990..26_000]));
            println!("{name} {pitch}: peak {high:.3} soft {low:.3} mean {mean:.5} step {during:.4} end {end:.4}");
            assert!((0.08..0.6).contains(&high), "{name} {pitch}: peak {high}");
            assert!(low < 0.6 * high, "{name} {pitch}: velocity is heard");
            assert!(mean.abs() < 0.005, "{name} {pitch}: constant part {mean}");
            assert!(end <= during * 1.1 + 0.002, "{name} {pitch}: click {end} against {during}");
        }
        let chord = peak(&dry(&range, 90));
        println!("{name} chord of four at mf: peak {chord:.3}");
        assert!((0.15..0.95).contains(&chord), "{name}: chord {chord}");
    }
}

#[test]
fn a_kit_has_a_sound_for_each_drum_and_a_closed_hat_silences_the_open_one() {
    let (mut synth, _lane) =
        synth("#{ kick: sine(50) * decay(0.5), hat: noise() * decay(0.05), open: noise() * decay(5) }");
    synth.handle(control(91, 0));
    let mut level = |pitch: u8| {
        synth.handle(on(pitch));
        let level = peak(&render(&mut synth, 24_000).0[12_000..]);
        synth.handle(off(pitch));
        level
    };
    // Held or not a drum rings out: the open hat does for seconds, the closed one is gone, and so is the open one then.
    assert!(level(36) < 0.1);
    assert!(level(46) > 0.1);
    assert!(level(42) < 1.0e-3, "the open hat rings on");
    // The nearest to one that there is not.
    assert!(level(47) > 0.1);
}

#[test]
fn what_counts_in_needs_no_patch_and_is_gone_by_itself() {
    let (mut synth, _lane) = Synth::new(RATE, &[]);
    synth.handle(NoteOn { voice: VoiceSlot::COUNT_IN, pitch: 84, velocity: 100 });
    assert!(peak(&render(&mut synth, 960).0) > 0.1);
    render(&mut synth, 4800);
    assert!(peak(&render(&mut synth, 960).0) < 1.0e-3, "it has no reverb either");
}
