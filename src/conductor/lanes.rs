//! Controller lanes that move: ramps over bars, as events on exact frames. Pure.

use std::collections::HashMap;
use std::time::Duration;

use num_rational::Ratio;

use crate::event::{Action, VoiceSlot};
use crate::prompt::{Lane, Voice};
use crate::time::Frames;
use crate::timeline::Bar;
use crate::transport::Transport;

/// Between two messages of a ramp at least. More than a hundred a second no ear asks for, and a MIDI cable has other things to carry.
const THIN: Duration = Duration::from_millis(10);

/// A ramp that has begun, on the slot of its voice.
#[derive(Debug)]
struct Running {
    lane: Lane,
    /// The bar in which it began.
    from: i64,
    last: Option<(Frames, u8)>,
}

/// The ramps by slot and controller.
#[derive(Debug, Default)]
pub(super) struct Lanes(HashMap<(VoiceSlot, u8), Running>);

impl Lanes {
    /// Puts down what the ramps of a voice do in a bar. One that is as it was goes on, any other begins here. Bars come in their order.
    pub fn schedule(
        &mut self,
        (voice, slot): (&Voice, VoiceSlot),
        bar: &Bar,
        transport: &Transport,
        put: &mut dyn FnMut(Frames, Action),
    ) {
        let ramps = || voice.lanes.iter().filter(|lane| lane.bars > 0);
        self.0.retain(|(its, controller), _| *its != slot || ramps().any(|lane| lane.controller == *controller));
        for lane in ramps() {
            let anew = || Running { lane: *lane, from: bar.number, last: None };
            let running = self.0.entry((slot, lane.controller)).or_insert_with(anew);
            // After a stop it may be that its first bar comes again.
            if running.lane != *lane || running.from > bar.number {
                *running = anew();
            }
            let thin = transport.rate().frames_in(THIN);
            for (at, value) in steps(*lane, bar.number - running.from) {
                let frame = transport.frame_of(bar.start + bar.length().scale(at));
                let known = running.last.is_some_and(|(_, last)| last == value);
                let dense = running.last.is_some_and(|(last, _)| frame < last + thin && frame >= last);
                if !known && !dense {
                    running.last = Some((frame, value));
                    put(frame, Action::Control { voice: slot, controller: lane.controller, value });
                }
            }
        }
    }

    /// Ends the ramps of slots that are not among these: theirs begin anew when they come back.
    pub fn keep(&mut self, slots: &[VoiceSlot]) {
        self.0.retain(|(slot, _), _| slots.contains(slot));
    }

    /// A slot is to be told again where its ramps are.
    pub fn tell_again(&mut self, slot: Option<VoiceSlot>) {
        let whose = |its: VoiceSlot| slot.is_none_or(|slot| slot == its);
        self.0.iter_mut().filter(|((its, _), _)| whose(*its)).for_each(|(_, running)| running.last = None);
    }

    /// Ends a ramp, if there is one.
    pub fn end(&mut self, slot: VoiceSlot, controller: u8) -> bool {
        self.0.remove(&(slot, controller)).is_some()
    }
}

/// The values of a ramp in its bar `bar`, from 0, each with its time as a share of the bar, from 0 to below 1. The first is the bar's first;
/// behind the ramp the last value holds. A value is reached where the line from the one end to the other is rounded to it.
fn steps(lane: Lane, bar: i64) -> Vec<(Ratio<i64>, u8)> {
    let start = Ratio::from(0);
    let (bars, way) = (i64::from(lane.bars), i64::from(lane.to) - i64::from(lane.from));
    if bar >= bars {
        return vec![(start, lane.to)];
    }
    let value = |step: i64| (i64::from(lane.from) + way.signum() * step) as u8;
    // Step i is reached after (2i - 1) / (2 |way|) of the bars.
    let most = way.abs();
    let before = (2 * most * bar + bars).div_euclid(2 * bars);
    let times =
        (before + 1..=most).map(|step| (Ratio::new((2 * step - 1) * bars - 2 * most * bar, 2 * most), value(step)));
    std::iter::once((start, value(before))).chain(times.take_while(|(at, _)| *at < Ratio::from(1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(from: u8, to: u8, bars: u32) -> Lane {
        Lane { controller: 74, from, to, bars }
    }

    #[test]
    fn a_ramp_is_a_line() {
        let shown = |lane: Lane, bar: i64| {
            let steps = steps(lane, bar);
            steps.iter().map(|(at, value)| format!("{at}:{value}")).collect::<Vec<_>>().join(" ")
        };
        for (lane, bars) in [
            (lane(0, 2, 1), ["0:0 1/4:1 3/4:2", "0:2", "0:2"]),
            (lane(2, 0, 2), ["0:2 1/2:1", "0:1 1/2:0", "0:0"]),
            (lane(5, 5, 2), ["0:5", "0:5", "0:5"]),
            (lane(0, 1, 3), ["0:0", "0:0 1/2:1", "0:1"]),
            (lane(10, 13, 2), ["0:10 1/3:11", "0:12 2/3:13", "0:13"]),
        ] {
            let said: Vec<String> = (0..3).map(|bar| shown(lane, bar)).collect();
            assert_eq!(said, bars, "{lane:?}");
        }
        let all: Vec<u8> = (0..8).flat_map(|bar| steps(lane(127, 0, 8), bar)).map(|(_, value)| value).collect();
        assert!(all.is_sorted_by(|a, b| a >= b) && all[0] == 127 && all[all.len() - 1] == 0);
    }
}
