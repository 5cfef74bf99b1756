//! The transport: tempo and the one place that turns [`Beats`] into [`Frames`]. Pure; owned by the scheduler.

pub mod follow;

use num_rational::Ratio;

use crate::time::{Beats, Frames, SampleRate, Tempo};

/// From `beats` on, which is frame `frame`, the tempo is `tempo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    beats: Beats,
    frame: Frames,
    tempo: Tempo,
}

impl Anchor {
    /// The frame on which a time falls at this tempo, rounded to the nearest.
    fn frame_of(&self, beats: Beats, rate: SampleRate) -> Frames {
        let (above, below) = frames(beats - self.beats, self.tempo, rate);
        Frames(self.frame.0 + ((2 * above + below).div_euclid(2 * below)) as i64)
    }
}

/// How many frames last so long at a tempo, as a fraction.
fn frames(passed: Beats, tempo: Tempo, rate: SampleRate) -> (i128, i128) {
    // whole notes × 4 crotchets × 60 s × frames/s ÷ (crotchets/min), in 128 bits: no set is long enough to overflow.
    let (n, d) = (i128::from(passed.numerator()), i128::from(passed.denominator()));
    let (tempo_n, tempo_d) = (i128::from(*tempo.0.numer()), i128::from(*tempo.0.denom()));
    (n * 240 * i128::from(rate.0) * tempo_d, d * tempo_n)
}

/// A ramp is a row of pieces of this length, each at the tempo that a straight line has in its middle: at 120 a piece is an eighth of a second,
/// over which no ramp of a set changes audibly.
const PIECE: Beats = Beats::SIXTEENTH;
/// The tempo of a piece is a multiple of 1/64 crotchet a minute, so that it can be written as a fraction wherever tempos are.
const FINENESS: i64 = 64;
/// Bits behind the point in which the length of a ramp is summed up: after a thousand pieces it is right to a millionth of a frame.
const FRACTION: u32 = 32;

/// A map from musical time to sample time, in pieces of constant tempo. Each frame is computed from its piece's start, and the start of each
/// piece of a ramp from that of the ramp, so rounding never adds up.
#[derive(Clone, Debug)]
pub struct Transport {
    rate: SampleRate,
    /// In order; at least one.
    anchors: Vec<Anchor>,
    /// Counts what has become of them.
    version: u64,
}

impl Transport {
    /// Musical time zero is frame `start`.
    #[must_use]
    pub fn new(rate: SampleRate, start: Frames, tempo: Tempo) -> Transport {
        Transport { rate, anchors: vec![Anchor { beats: Beats::ZERO, frame: start, tempo }], version: 0 }
    }

    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The tempo at a time.
    #[must_use]
    pub fn tempo_at(&self, beats: Beats) -> Tempo {
        self.anchor(beats).tempo
    }

    /// The tempo that all changes lead to.
    #[must_use]
    pub fn last_tempo(&self) -> Tempo {
        self.anchors[self.anchors.len() - 1].tempo
    }

    /// Another number after each change of the tempo map.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Tempo changes so far and those that are laid out ahead: on which frame, where, and what.
    pub fn tempo_map(&self) -> impl Iterator<Item = (Frames, Beats, Tempo)> + '_ {
        self.anchors.iter().map(|anchor| (anchor.frame, anchor.beats, anchor.tempo))
    }

    /// The tempos of a stretch of music, with their times from its start.
    #[must_use]
    pub fn tempos(&self, from: Beats, to: Beats) -> Vec<(Beats, Tempo)> {
        let within = self.anchors.iter().filter(|anchor| from < anchor.beats && anchor.beats < to);
        let mut tempos = vec![(Beats::ZERO, self.tempo_at(from))];
        tempos.extend(within.map(|anchor| (anchor.beats - from, anchor.tempo)));
        tempos.dedup_by_key(|(_, tempo)| *tempo);
        tempos
    }

    /// The tempo from `beats` on; later changes are forgotten.
    pub fn set_tempo(&mut self, beats: Beats, tempo: Tempo) {
        self.version += 1;
        let frame = self.frame_of(beats);
        self.anchors.retain(|anchor| anchor.beats < beats);
        self.anchors.push(Anchor { beats, frame, tempo });
    }

    /// From the tempo at `beats` to `to` at `end`, in a straight line over musical time (`PIECE`); later changes are forgotten.
    pub fn ramp(&mut self, beats: Beats, to: Tempo, end: Beats) {
        self.version += 1;
        let (from, frame) = (self.tempo_at(beats), self.frame_of(beats));
        self.anchors.retain(|anchor| anchor.beats < beats);
        let (mut at, mut passed) = (beats, 0_i128);
        let frame_after = |passed: i128| Frames(frame.0 + ((passed + (1 << (FRACTION - 1))) >> FRACTION) as i64);
        while at < end {
            let next = (at + PIECE).min(end);
            let share = ((at - beats) + (next - beats)).ratio((end - beats) * 2);
            let tempo = from.0 + (to.0 - from.0) * share;
            let tempo = Tempo(Ratio::new((tempo * FINENESS).round().to_integer().max(1), FINENESS));
            self.anchors.push(Anchor { beats: at, frame: frame_after(passed), tempo });
            let (above, below) = frames(next - at, tempo, self.rate);
            passed += (above << FRACTION) / below;
            at = next;
        }
        self.anchors.push(Anchor { beats: at, frame: frame_after(passed), tempo: to });
    }

    /// From `from` on the tempo is such that `to` falls on `frame`, as far as that is between half and double the tempo `then`, which follows;
    /// later changes are forgotten. Says what becomes of frames.
    pub fn bend(&mut self, from: Beats, to: Beats, frame: Frames, then: Tempo) -> Bent {
        let start = self.frame_of(from);
        let (above, below) = frames(to - from, then, self.rate);
        let usual = (above / below) as i64;
        let frames = (frame - start).0.clamp(usual / 2, usual * 2).max(1);
        // As in the function `frames`, solved for the tempo.
        let tempo = Tempo((to - from).ratio(Beats::WHOLE) * 240 * i64::from(self.rate.0) / frames);
        let before = self.behind(from, start);
        self.set_tempo(from, tempo);
        self.set_tempo(to, then);
        Bent { rate: self.rate, before, after: self.behind(from, start) }
    }

    /// The anchors from a time on, one of them there.
    fn behind(&self, beats: Beats, frame: Frames) -> Vec<Anchor> {
        let first = Anchor { beats, frame, tempo: self.tempo_at(beats) };
        std::iter::once(first).chain(self.anchors.iter().filter(|anchor| anchor.beats > beats).copied()).collect()
    }

    /// Moves musical time `beats` to `frame`, as when playing starts again after a stop; what is laid out behind it moves along.
    pub fn restart(&mut self, beats: Beats, frame: Frames) {
        self.version += 1;
        let (tempo, before) = (self.tempo_at(beats), self.frame_of(beats));
        let at = self.anchors.partition_point(|anchor| anchor.beats < beats);
        let behind = self.anchors.split_off(at).into_iter().filter(|anchor| anchor.beats > beats);
        let behind: Vec<Anchor> =
            behind.map(|anchor| Anchor { frame: anchor.frame - before + frame, ..anchor }).collect();
        self.anchors.push(Anchor { beats, frame, tempo });
        self.anchors.extend(behind);
    }

    /// The frame on which `beats` falls, rounded to the nearest.
    #[must_use]
    pub fn frame_of(&self, beats: Beats) -> Frames {
        self.anchor(beats).frame_of(beats, self.rate)
    }

    /// The musical time of a frame, to the 1/1920 of a whole note below: for display.
    #[must_use]
    pub fn beats_at(&self, frame: Frames) -> Beats {
        // After a stop in the middle of a ramp frames come again that it had laid out: the later anchor counts.
        let anchor = self.anchors.iter().rev().find(|anchor| anchor.frame <= frame).unwrap_or(&self.anchors[0]);
        let passed = (frame - anchor.frame).0 as f64;
        let per_whole = 240.0 * f64::from(self.rate.0) / anchor.tempo.quarters_per_minute();
        anchor.beats + Beats::new((passed / per_whole * 1920.0).floor() as i64, 1920)
    }

    fn anchor(&self, beats: Beats) -> &Anchor {
        let reached = self.anchors.partition_point(|anchor| anchor.beats <= beats);
        &self.anchors[reached.saturating_sub(1)]
    }
}

/// What a bend of the tempo map does to frames that were computed before it.
#[derive(Clone, Debug)]
pub struct Bent {
    rate: SampleRate,
    before: Vec<Anchor>,
    after: Vec<Anchor>,
}

impl Bent {
    /// The frame on which now falls what fell on this one, to the nearest; exactly that of a place on the grid of 1/1920, as bar lines are.
    #[must_use]
    pub fn moved(&self, frame: Frames) -> Frames {
        if frame <= self.before[0].frame {
            return frame;
        }
        let per_whole = |anchor: &Anchor| 240.0 * f64::from(self.rate.0) / anchor.tempo.quarters_per_minute();
        let first = self.before[0].beats;
        let old = self.before.iter().rev().find(|anchor| anchor.frame <= frame).unwrap_or(&self.before[0]);
        let passed = (frame - old.frame).0 as f64 / per_whole(old);
        let place = old.beats + Beats::new((passed * 1920.0).round() as i64, 1920);
        if old.frame_of(place, self.rate) == frame {
            let new = self.after.iter().rev().find(|anchor| anchor.beats <= place).unwrap_or(&self.after[0]);
            return new.frame_of(place, self.rate);
        }
        let beats = (old.beats - first).to_f64() + passed;
        let new = self.after.iter().rev().find(|anchor| (anchor.beats - first).to_f64() <= beats);
        let new = new.unwrap_or(&self.after[0]);
        Frames(new.frame.0 + ((beats - (new.beats - first).to_f64()) * per_whole(new)).round() as i64)
    }
}

/// A tempo of so many crotchets a minute.
#[must_use]
pub fn crotchets(per_minute: i64) -> Tempo {
    Tempo(Ratio::from_integer(per_minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_fall_on_frames_without_drift() {
        let mut transport = Transport::new(SampleRate(48_000), Frames(100), crotchets(120));
        assert_eq!(transport.frame_of(Beats::QUARTER), Frames(100 + 24_000));
        // Ten thousand triplet quavers are as long as the crotchets that they fill.
        assert_eq!(transport.frame_of(Beats::new(1, 12) * 9_999), Frames(100 + 9_999 * 8_000));
        transport.set_tempo(Beats::WHOLE, crotchets(137));
        assert_eq!(transport.frame_of(Beats::WHOLE), Frames(100 + 96_000));
        let hour = transport.frame_of(Beats::WHOLE + Beats::QUARTER * (137 * 60));
        assert_eq!(hour, Frames(100 + 96_000 + 48_000 * 3_600));
        assert_eq!(transport.tempo_at(Beats::new(9, 8)), crotchets(137));
    }

    #[test]
    fn frames_are_read_back_as_beats() {
        let mut transport = Transport::new(SampleRate(44_100), Frames(0), crotchets(90));
        transport.set_tempo(Beats::new(3, 2), crotchets(200));
        for n in 0..400 {
            let beats = Beats::new(n, 64);
            let back = transport.beats_at(transport.frame_of(beats));
            assert!((back - beats).to_f64().abs() <= 1.0 / 1920.0, "{beats} came back as {back}");
        }
        transport.restart(Beats::WHOLE * 4, Frames(10_000_000));
        assert_eq!(transport.frame_of(Beats::WHOLE * 4), Frames(10_000_000));
        assert_eq!(transport.tempo_at(Beats::WHOLE * 5), crotchets(200));
    }

    #[test]
    fn a_bend_moves_what_is_behind_it_and_nothing_else() {
        let mut transport = Transport::new(SampleRate(48_000), Frames(100), crotchets(120));
        transport.set_tempo(Beats::WHOLE * 2, crotchets(60));
        let times: Vec<Beats> = (0..400).map(|n| Beats::new(n, 96)).collect();
        let before: Vec<Frames> = times.iter().map(|&beats| transport.frame_of(beats)).collect();
        let (from, to) = (Beats::new(5, 4), Beats::new(6, 4));
        // 12 ms early, as a clock at 125 would have it.
        let frame = transport.frame_of(to) - Frames(576);
        let bent = transport.bend(from, to, frame, crotchets(125));
        assert_eq!(transport.frame_of(to), frame);
        assert_eq!(transport.tempo_at(Beats::WHOLE * 3), crotchets(125));
        for (beats, before) in times.into_iter().zip(before) {
            let moved = bent.moved(before);
            assert_eq!(moved, transport.frame_of(beats), "{beats}");
            assert!(beats > from || moved == before, "{beats}");
        }
        // No more than twice as fast.
        transport.bend(Beats::WHOLE * 4, Beats::new(17, 4), Frames(0), crotchets(125));
        assert_eq!(transport.tempo_at(Beats::WHOLE * 4), crotchets(250));
    }

    #[test]
    fn a_ramp_is_a_straight_line_and_takes_its_time() {
        // From, to, bars of 4/4; seconds by the integral of 240 / tempo over the bars: 240 × bars × ln(to / from) / (to - from).
        for (from, to, bars) in [(120, 140, 8), (140, 60, 4), (90, 91, 64), (60, 240, 1)] {
            let mut transport = Transport::new(SampleRate(48_000), Frames(7), crotchets(from));
            let (start, end) = (Beats::WHOLE * 3, Beats::WHOLE * (3 + bars));
            let begins = transport.frame_of(start);
            transport.ramp(start, crotchets(to), end);
            assert_eq!((transport.frame_of(start), transport.tempo_at(end)), (begins, crotchets(to)));
            let seconds = (transport.frame_of(end) - begins).0 as f64 / 48_000.0;
            let (a, b) = (from as f64, to as f64);
            let expected = 240.0 * bars as f64 * (b / a).ln() / (b - a);
            assert!((seconds / expected - 1.0).abs() < 1e-3, "{seconds} s, by the integral {expected} s");
            // Halfway the tempo is halfway.
            let middle = transport.tempo_at(start + (end - start).scale(Ratio::new(1, 2))).quarters_per_minute();
            assert!(
                (middle - f64::midpoint(a, b)).abs() <= (b - a).abs() / (32 * bars) as f64 + 1.0 / 64.0,
                "{middle}"
            );
            // Each frame comes once, and every time is read back.
            let frames: Vec<Frames> = (0..bars * 192).map(|n| transport.frame_of(start + Beats::new(n, 192))).collect();
            assert!(frames.is_sorted());
            for n in 0..bars * 64 {
                let beats = start + Beats::new(n, 64);
                let back = transport.beats_at(transport.frame_of(beats));
                assert!((back - beats).to_f64().abs() <= 1.0 / 1920.0, "{beats} came back as {back}");
            }
        }
    }

    #[test]
    fn no_rounding_adds_up_over_a_ramp() {
        let mut transport = Transport::new(SampleRate(44_100), Frames(0), crotchets(97));
        transport.ramp(Beats::ZERO, crotchets(173), Beats::WHOLE * 256);
        let anchors: Vec<(Frames, Beats, Tempo)> = transport.tempo_map().collect();
        assert_eq!(anchors.len(), 256 * 16 + 1);
        let mut passed = 0.0;
        for pieces in anchors.windows(2) {
            let [(frame, beats, tempo), (_, next, _)] = pieces else { unreachable!() };
            assert!((passed - frame.0 as f64).abs() < 0.501, "{beats}: frame {} for {passed}", frame.0);
            passed += (*next - *beats).to_f64() * 240.0 * 44_100.0 / tempo.quarters_per_minute();
        }
    }

    #[test]
    fn every_change_of_the_map_is_another_version() {
        let mut transport = Transport::new(SampleRate(48_000), Frames(0), crotchets(120));
        let mut versions = vec![transport.version()];
        transport.set_tempo(Beats::WHOLE, crotchets(90));
        versions.push(transport.version());
        transport.ramp(Beats::WHOLE * 2, crotchets(120), Beats::WHOLE * 4);
        versions.push(transport.version());
        transport.restart(Beats::WHOLE * 3, Frames(1_000_000));
        versions.push(transport.version());
        assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");
    }

    #[test]
    fn what_comes_later_replaces_a_ramp_and_a_stop_moves_it() {
        let ramped = || {
            let mut transport = Transport::new(SampleRate(48_000), Frames(0), crotchets(120));
            transport.ramp(Beats::WHOLE, crotchets(140), Beats::WHOLE * 9);
            transport
        };
        let mut transport = ramped();
        let before: Vec<Frames> = (0..64).map(|n| transport.frame_of(Beats::new(n, 16))).collect();
        transport.set_tempo(Beats::WHOLE * 4, crotchets(100));
        assert_eq!((0..64).map(|n| transport.frame_of(Beats::new(n, 16))).collect::<Vec<_>>(), before);
        assert_eq!((transport.tempo_at(Beats::WHOLE * 8), transport.last_tempo()), (crotchets(100), crotchets(100)));
        let (still, mut moved) = (ramped(), ramped());
        moved.restart(Beats::WHOLE * 4, still.frame_of(Beats::WHOLE * 4) + Frames(1_000));
        for n in 64..200 {
            let beats = Beats::new(n, 16);
            assert_eq!(moved.frame_of(beats), still.frame_of(beats) + Frames(1_000), "{beats}");
        }
        assert_eq!(moved.frame_of(Beats::WHOLE * 3), still.frame_of(Beats::WHOLE * 3));
    }
}
