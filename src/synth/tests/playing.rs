//! How notes are given to the voices of a patch: chords, one line, bound notes, glides.

use super::*;

const SECOND: usize = RATE.0 as usize;

/// A sound that is its own pitch: half a thousandth of the Hz, as a level.
const PITCH: &str = "pitch * 0.0005 * adsr(0, 0, 1, 0.003)";
/// A sound that is the age of its stroke: falls by 60 dB in a second.
const AGE: &str = "decay(1) * 0.2 * adsr(0, 0, 1, 0.003)";

/// A synth without reverb that plays `text`, declared so.
fn declared(declarations: &str, text: &str) -> (Synth, PatchLane) {
    let (mut synth, lane) = synth(&format!("{declarations} {text}"));
    synth.handle(control(91, 0));
    render(&mut synth, 64);
    (synth, lane)
}

/// Undoes volume and pan: 1 in a patch is 1 here.
fn undone(sample: f32) -> f32 {
    sample * f32::sqrt(2.0) / (100.0_f32 / 127.0).powi(2)
}

/// The pitch in semitones after so many frames.
fn pitch(synth: &mut Synth, frames: usize) -> f32 {
    semitones(*render(synth, frames).0.last().expect("a frame"))
}

fn semitones(sample: f32) -> f32 {
    69.0 + 12.0 * (undone(sample) / 0.0005 / 440.0).log2()
}

/// Seconds since the last stroke.
fn age(synth: &mut Synth) -> f32 {
    let level = undone(*render(synth, 480).0.last().expect("a frame")) / 0.2;
    -level.log10() / 3.0
}

#[track_caller]
fn near(value: f32, expected: f32, tolerance: f32) {
    assert!((value - expected).abs() <= tolerance, "{value}, not {expected}");
}

#[test]
fn one_voice_plays_the_newest_key_and_goes_back() {
    for declaration in ["mono();", "legato();"] {
        let (mut synth, _lane) = declared(declaration, PITCH);
        for key in [60, 64, 67] {
            synth.handle(on(key));
            near(pitch(&mut synth, 480), f32::from(key), 0.02);
        }
        assert_eq!(synth.sounding(), 1);
        synth.handle(off(60));
        near(pitch(&mut synth, 480), 67.0, 0.02);
        synth.handle(off(67));
        near(pitch(&mut synth, 480), 64.0, 0.02);
        synth.handle(on(64));
        near(pitch(&mut synth, 480), 64.0, 0.02);
        synth.handle(off(64));
        render(&mut synth, SECOND / 2);
        assert_eq!(synth.sounding(), 0, "{declaration}");
    }
}

#[test]
fn a_new_key_strikes_again_unless_it_is_bound() {
    for (declaration, strikes) in [("mono();", true), ("legato();", false)] {
        let (mut synth, _lane) = declared(declaration, AGE);
        let expected = |struck: f32, bound: f32| if strikes { struck } else { bound };
        synth.handle(on(60));
        near(age(&mut synth), 0.01, 0.002);
        render(&mut synth, SECOND / 5);
        synth.handle(on(64));
        near(age(&mut synth), expected(0.01, 0.22), 0.002);
        synth.handle(off(64));
        near(age(&mut synth), expected(0.01, 0.23), 0.002);
        // Nothing is down any more: the next one is no slur.
        synth.handle(off(60));
        synth.handle(on(62));
        near(age(&mut synth), 0.01, 0.002);
    }
}

#[test]
fn a_glide_goes_from_note_to_note_on_every_sample() {
    for declaration in ["mono(); glide(0.1);", "legato(); glide(0.1);", "glide(0.1);"] {
        let (mut synth, _lane) = declared(declaration, PITCH);
        synth.handle(on(60));
        near(pitch(&mut synth, 1), 60.0, 0.02);
        render(&mut synth, 480);
        if declaration.starts_with("glide") {
            synth.handle(off(60));
            render(&mut synth, SECOND / 4);
        }
        synth.handle(on(72));
        let on_its_way = render(&mut synth, SECOND / 5).0;
        // A thousandth of the way is left after the time, a quarter after a fifth of it; the interval shrinks as tones are heard.
        near(semitones(on_its_way[0]), 60.0, 0.05);
        near(semitones(on_its_way[960]), 72.0 - 12.0 * 0.2512, 0.05);
        near(semitones(on_its_way[SECOND / 5 - 1]), 72.0, 0.02);
        assert!(on_its_way[..2400].windows(2).all(|pair| pair[1] > pair[0]), "no steps");
        assert!(roughness(&on_its_way[1..]) < 0.001);
    }
}

#[test]
fn bound_notes_glide_and_others_do_not() {
    let (mut synth, _lane) = declared("legato(); glide(0.1);", PITCH);
    synth.handle(on(60));
    render(&mut synth, 4800);
    synth.handle(off(60));
    synth.handle(on(72));
    near(pitch(&mut synth, 16), 72.0, 0.02);
    synth.handle(on(60));
    near(pitch(&mut synth, 960), 63.0, 0.1);
    // Turned round on the way.
    synth.handle(on(72));
    near(pitch(&mut synth, 1), 63.0, 0.1);
    near(pitch(&mut synth, 960), 72.0 - 9.0 * 0.2512, 0.1);
    // And from silence.
    for key in [60, 72] {
        synth.handle(off(key));
    }
    render(&mut synth, SECOND / 2);
    synth.handle(on(48));
    near(pitch(&mut synth, 1), 48.0, 0.02);
}

#[test]
fn a_glide_does_not_depend_on_how_the_frames_are_cut() {
    let glided = |cut: usize| {
        let (mut synth, _lane) = declared("legato(); glide(0.2);", "sine(pitch) * 0.3 * adsr(0.01, 0, 1, 0.1)");
        synth.handle(on(50));
        let mut sound = Vec::new();
        for (frames, key) in [(1000, 62), (3000, 57), (4000, 45)] {
            let mut left = frames;
            while left > 0 {
                sound.extend(render(&mut synth, cut.min(left)).0);
                left -= cut.min(left);
            }
            synth.handle(on(key));
        }
        sound
    };
    let (whole, pieces) = (glided(4800), glided(7));
    let apart = whole.iter().zip(&pieces).map(|(a, b)| a - b).fold(0.0_f32, |most, apart| most.max(apart.abs()));
    assert!(apart < 1.0e-3, "{apart}");
}

#[test]
fn a_harder_key_does_not_click() {
    for declaration in ["mono();", "legato(); glide(0.05);"] {
        let (mut synth, _lane) = declared(declaration, "1.0 * 0.25 * adsr(0, 0, 1, 0.1)");
        let mut play = |pitch: u8, velocity: u8| {
            synth.handle(NoteOn { voice: LEAD, pitch, velocity });
            render(&mut synth, 4800).0
        };
        let soft = play(60, 40)[4799];
        let hard = play(63, 127);
        near(undone(hard[4799]), 0.25, 0.001);
        // Without a bridge it is a step of a tenth of full scale.
        assert!(undone(hard[4799] - soft) > 0.2);
        assert!(undone((hard[0] - soft).abs().max(roughness(&hard))) < 0.005, "{declaration}");
    }
}

#[test]
fn keys_that_were_silenced_do_not_come_back() {
    for silence in [AllNotesOff, Panic] {
        let (mut synth, _lane) = declared("mono();", PITCH);
        synth.handle(on(60));
        synth.handle(on(64));
        render(&mut synth, 480);
        synth.handle(silence);
        render(&mut synth, 4800);
        synth.handle(off(64));
        render(&mut synth, 4800);
        assert_eq!(synth.sounding(), 0, "not 60 again");
        synth.handle(on(67));
        synth.handle(off(67));
        render(&mut synth, 4800);
        assert_eq!(synth.sounding(), 0, "nor after another");
    }
    let (mut synth, _lane) = declared("legato();", PITCH);
    synth.handle(on(60));
    synth.handle(on(64));
    render(&mut synth, 480);
    synth.slots[0].steal();
    synth.handle(off(64));
    assert_eq!(synth.sounding(), 0, "what was stolen is gone");
    synth.handle(on(65));
    near(pitch(&mut synth, 4800), 65.0, 0.02);
}

#[test]
fn a_patch_has_as_many_voices_as_it_says() {
    for (declaration, expected) in [("voices(2);", 2), ("voices(16);", 16), ("", POOL_VOICES), ("mono();", 1)] {
        let (mut synth, _lane) = declared(declaration, PITCH);
        (40..64).for_each(|key| synth.handle(on(key)));
        assert_eq!(synth.sounding(), expected, "{declaration}");
        assert!(synth.slots[0].holds(63), "the last one sounds");
    }
}

#[test]
fn a_new_patch_begins_without_keys() {
    let (mut synth, mut lane) = declared("mono();", PITCH);
    synth.handle(on(60));
    render(&mut synth, 480);
    lane.assign(LEAD, &super::patch(&format!("mono(); {PITCH}"))).expect("room");
    synth.handle(on(64));
    render(&mut synth, 480);
    assert_eq!(synth.sounding(), 2, "the note of before keeps its patch");
    synth.handle(off(64));
    render(&mut synth, 9600);
    assert_eq!(synth.sounding(), 1);
    near(pitch(&mut synth, 480), 60.0, 0.02);
    synth.handle(off(60));
    render(&mut synth, 9600);
    assert_eq!(synth.sounding(), 0);
}
