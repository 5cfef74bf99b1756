//! On the wire: another JACK client writes down what arrives, and it is held against the plan.
#![cfg(all(feature = "jack", target_os = "linux"))]

#[path = "common/jackd.rs"]
mod jackd;

use std::time::{Duration, Instant};

use barline::clock::wire::{Arrived, Instrument, Planned, compare, plan};
use jackd::{start, turn};

fn play(instrument: &mut Instrument, plan: &[Planned]) -> Arrived {
    let arrived = instrument.play(plan, &|_, at| Some(at)).unwrap();
    assert_eq!(instrument.stats.late(), 0);
    arrived
}

#[test]
fn every_message_and_every_onset_is_on_its_frame() {
    let _turn = turn();
    let Some(_server) = start(true) else { return };
    let plan = plan(500);
    assert_eq!(compare(&plan, &play(&mut Instrument::start().unwrap(), &plan)), Ok((0, 0)));
}

#[test]
fn the_checks_find_what_is_wrong() {
    let _turn = turn();
    let Some(_server) = start(true) else { return };
    let plan = plan(100);
    let spoilt = |spoil: &dyn Fn(usize, i64) -> Option<i64>| {
        compare(&plan, &Instrument::start().unwrap().play(&plan, spoil).unwrap())
    };
    // A sender that is a frame late now and then, a tempo that is a thousandth too slow, a note-off that is missing.
    assert_eq!(spoilt(&|index, at| Some(at + i64::from(index % 100 == 50))), Ok((1, 1)));
    let slow = spoilt(&|_, at| Some(at + at / 1000)).unwrap();
    assert!(slow.0 > 50 && slow.1 > 50, "{slow:?}");
    let missing = spoilt(&|index, at| (index != 101).then_some(at)).unwrap_err();
    assert!(missing.contains("199 messages of 200"), "{missing}");
}

#[test]
fn what_sounds_at_the_end_is_ended() {
    let _turn = turn();
    let Some(_server) = start(true) else { return };
    let messages: Vec<[u8; 3]> = Instrument::cut_short().unwrap().midi.iter().map(|(_, bytes)| *bytes).collect();
    assert_eq!(messages, [[0x90, 60, 100], [0x80, 60, 0]]);
}

/// The frames go on while it is away, and what is due after it is back is on its frame again. A receiver may come and go as well.
#[test]
fn a_server_that_goes_and_comes_back_is_played_on() {
    let _turn = turn();
    let Some(server) = start(true) else { return };
    let plan = plan(50);
    let mut instrument = Instrument::start().unwrap();
    for _ in 0..2 {
        assert_eq!(compare(&plan, &play(&mut instrument, &plan)), Ok((0, 0)));
    }
    drop(server);
    let wait = |what: &str, is: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is() {
            assert!(Instant::now() < deadline, "no {what}: {:?}", instrument.sound.status());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    wait("trouble", &|| instrument.sound.status().trouble.is_some());
    let lost = instrument.stats.frame().0;
    wait("frames without a server", &|| instrument.stats.frame().0 > lost + 24_000);
    let _server = start(true);
    wait("end of the trouble", &|| instrument.sound.status().trouble.is_none());
    assert_eq!(compare(&plan, &play(&mut instrument, &plan)), Ok((0, 0)));
}

/// Ten thousand messages and five thousand onsets, with a server that has no rights, too.
#[test]
#[ignore = "two minutes"]
fn soak_of_ten_thousand_messages_on_the_wire() {
    let _turn = turn();
    let plan = plan(5000);
    for realtime in [true, false] {
        let Some(_server) = start(realtime) else { return };
        let mut instrument = Instrument::start().unwrap();
        let worst = compare(&plan, &play(&mut instrument, &plan));
        println!(
            "jackd {}: {} messages, worst distances of messages and onsets {worst:?} frames, {} xruns",
            if realtime { "-R" } else { "-r" },
            plan.len(),
            instrument.sound.status().xruns
        );
        assert_eq!(worst, Ok((0, 0)));
    }
}
