//! The performer's alignment of one output by ear: its events leave later or earlier than they were planned, all by the same. Pure.

use crate::time::{Frames, SampleRate};

/// The furthest that an output can be nudged, either way, in milliseconds.
pub const MOST_NUDGE_MS: i16 = 100;

/// From planned frames to those of one output, latencies aside. Later frames stay later, over every change: events two frames apart never meet,
/// so that no note ends before it begins and none overtakes another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nudge {
    /// Later, where it is positive.
    by: Frames,
    /// The last planned frame that has left.
    last: Option<Frames>,
    /// The same as it was at the last change, and when it left.
    before: Option<(Frames, Frames)>,
}

impl Nudge {
    /// What has not left is nudged by so many milliseconds from here on, positive for later; at most [`MOST_NUDGE_MS`] either way.
    pub fn set(&mut self, ms: i16, rate: SampleRate) {
        self.before = self.last.map(|last| (last, self.at(last)));
        self.by = Frames(i64::from(rate.0) * i64::from(ms.clamp(-MOST_NUDGE_MS, MOST_NUDGE_MS)) / 1000);
    }

    /// When an event leaves that was planned for this frame.
    #[must_use]
    pub fn at(&self, planned: Frames) -> Frames {
        let straight = planned + self.by;
        match self.before {
            // What is to be earlier catches up at twice the speed.
            Some((last, left)) if planned >= last => straight.max(left + Frames((planned.0 - last.0 + 1) / 2)),
            _ => straight,
        }
    }

    /// The same for an event of those that leave in their order.
    pub fn leave(&mut self, planned: Frames) -> Frames {
        self.last = self.last.max(Some(planned));
        self.at(planned)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    #[test]
    fn what_is_nudged_earlier_catches_up_and_what_is_nudged_later_waits() {
        let mut nudge = Nudge::default();
        assert_eq!(nudge.leave(Frames(1000)), Frames(1000));
        nudge.set(-1, RATE);
        assert_eq!([1000, 1010, 1095, 1096, 2000].map(|at| nudge.at(Frames(at)).0), [1000, 1005, 1048, 1048, 1952]);
        nudge.leave(Frames(2000));
        nudge.set(3, RATE);
        assert_eq!([2001, 2100].map(|at| nudge.at(Frames(at)).0), [2145, 2244]);
        nudge.set(i16::MAX, RATE);
        assert_eq!(nudge.at(Frames(3000)), Frames(7800));
    }

    proptest! {
        #[test]
        fn nothing_overtakes_and_nothing_meets(steps in prop::collection::vec((2..4000i64, -120..120i16, any::<bool>()), 1..60)) {
            let (mut nudge, mut planned, mut left) = (Nudge::default(), Frames(0), Frames(i64::MIN));
            for (apart, ms, set) in steps {
                if set {
                    nudge.set(ms, RATE);
                }
                planned = planned + Frames(apart);
                let leaves = nudge.leave(planned);
                prop_assert!(leaves > left, "{leaves:?} {left:?}");
                prop_assert!(leaves >= planned - RATE.frames_in(std::time::Duration::from_millis(100)));
                left = leaves;
            }
        }
    }
}
