//! On the wire: another JACK client writes down what arrives, and it is held against the plan.
#![cfg(all(feature = "jack", target_os = "linux"))]

#[path = "common/jackd.rs"]
mod jackd;

use std::time::{Duration, Instant};

use barline::clock::followed::follow;
use barline::clock::wire::{Instrument, Planned, compare, plan};
use jackd::{Outcome, start, turn, undisturbed};

/// What the plan and what arrived are apart, as it has to be; otherwise the server or the sender was too late at some time.
fn expect(
    expected: &Result<(i64, i64), String>,
    plan: &[Planned],
    instrument: &mut Instrument,
    spoil: Spoil<'_>,
) -> Outcome {
    let arrived = instrument.play(plan, spoil).unwrap();
    let apart = compare(plan, &arrived);
    if apart == *expected {
        return Outcome::Seen;
    }
    let late = instrument.stats.late();
    assert!(arrived.dropouts > 0 || late > 0, "{apart:?}, and not {expected:?}");
    println!("{apart:?}: {} dropouts, {late} events came late", arrived.dropouts);
    Outcome::Disturbed
}

type Spoil<'a> = &'a dyn Fn(usize, i64) -> Option<i64>;

const RIGHT: Result<(i64, i64), String> = Ok((0, 0));

#[test]
fn every_message_and_every_onset_is_on_its_frame() {
    undisturbed(|| {
        let _server = start(true)?;
        Some(expect(&RIGHT, &plan(500), &mut Instrument::start().unwrap(), &|_, at| Some(at)))
    });
}

/// A sender that is a frame late now and then, a tempo that is a thousandth too slow, a note-off that is missing.
#[test]
fn the_checks_find_what_is_wrong() {
    let spoilt = |expected: Result<(i64, i64), String>, spoil: Spoil<'_>| {
        let _server = start(true)?;
        Some(expect(&expected, &plan(100), &mut Instrument::start().unwrap(), spoil))
    };
    undisturbed(|| spoilt(Ok((1, 1)), &|index, at| Some(at + i64::from(index % 100 == 50))));
    // Places count from the first message.
    let hundred = plan(100);
    let slower = |index: usize| hundred[index].at / 1000 - hundred[0].at / 1000;
    undisturbed(|| spoilt(Ok((slower(199), slower(198))), &|_, at| Some(at + at / 1000)));
    undisturbed(|| spoilt(Err("199 messages of 200 arrived".to_owned()), &|index, at| (index != 101).then_some(at)));
}

/// A box whose ticks come 2 ms early or late, at another tempo than the text's; and that the check finds it where nobody follows.
#[test]
fn a_box_that_leads_is_followed() {
    let run = |deaf: bool| {
        let _server = start(true)?;
        let followed = follow(24, deaf).unwrap();
        if followed.dropouts > 0 {
            return Some(Outcome::Disturbed);
        }
        let p99 = followed.p99_ms();
        println!("24 beats, p99 {p99:.2} ms, the first {:.2} ms", followed.late_ms[0]);
        assert!(followed.late_ms.len() == 24 && (p99 > 20.0) == deaf, "{:?}", followed.late_ms);
        Some(Outcome::Seen)
    };
    undisturbed(|| run(false));
    undisturbed(|| run(true));
}

/// Two minutes of it within the promise: 3 ms at 99 of 100 notes.
#[test]
#[ignore = "two minutes"]
fn soak_of_a_box_that_leads() {
    undisturbed(|| {
        let _server = start(true)?;
        let followed = follow(250, false).unwrap();
        if followed.dropouts > 0 {
            return Some(Outcome::Disturbed);
        }
        println!("250 beats, p99 {:.2} ms, the first {:.2} ms", followed.p99_ms(), followed.late_ms[0]);
        assert!(followed.p99_ms() <= 3.0, "{:?}", followed.late_ms);
        Some(Outcome::Seen)
    });
}

#[test]
fn what_sounds_at_the_end_is_ended() {
    undisturbed(|| {
        let _server = start(true)?;
        let arrived = Instrument::cut_short().unwrap();
        let messages: Vec<[u8; 3]> = arrived.midi.iter().map(|(_, bytes)| *bytes).collect();
        if messages == [[0x90, 60, 100], [0x80, 60, 0]] {
            return Some(Outcome::Seen);
        }
        assert!(arrived.dropouts > 0, "{messages:?}");
        Some(Outcome::Disturbed)
    });
}

/// The frames go on while it is away, and what is due after it is back is on its frame again. A receiver may come and go as well.
#[test]
fn a_server_that_goes_and_comes_back_is_played_on() {
    undisturbed(|| {
        let server = start(true)?;
        let plan = plan(50);
        let mut instrument = Instrument::start().unwrap();
        let before = [(); 2].map(|()| expect(&RIGHT, &plan, &mut instrument, &|_, at| Some(at)));
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
        let after = expect(&RIGHT, &plan, &mut instrument, &|_, at| Some(at));
        let seen = before.into_iter().chain([after]).all(|outcome| outcome == Outcome::Seen);
        Some(if seen { Outcome::Seen } else { Outcome::Disturbed })
    });
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
        let arrived = instrument.play(&plan, &|_, at| Some(at)).unwrap();
        let worst = compare(&plan, &arrived);
        println!(
            "jackd {}: {} messages, worst distances of messages and onsets {worst:?} frames, {} xruns",
            if realtime { "-R" } else { "-r" },
            plan.len(),
            arrived.dropouts
        );
        assert_eq!(worst, Ok((0, 0)));
    }
}
