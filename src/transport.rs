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

/// A map from musical time to sample time, in pieces of constant tempo. Each frame is computed from its piece's start, so rounding never adds up.
#[derive(Clone, Debug)]
pub struct Transport {
    rate: SampleRate,
    /// In order; at least one.
    anchors: Vec<Anchor>,
}

impl Transport {
    /// Musical time zero is frame `start`.
    #[must_use]
    pub fn new(rate: SampleRate, start: Frames, tempo: Tempo) -> Transport {
        Transport { rate, anchors: vec![Anchor { beats: Beats::ZERO, frame: start, tempo }] }
    }

    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The tempo at a time.
    #[must_use]
    pub fn tempo_at(&self, beats: Beats) -> Tempo {
        self.anchor(|anchor| anchor.beats <= beats).tempo
    }

    /// Tempo changes so far: where, and what.
    pub fn tempo_map(&self) -> impl Iterator<Item = (Beats, Tempo)> + '_ {
        self.anchors.iter().map(|anchor| (anchor.beats, anchor.tempo))
    }

    /// The tempo from `beats` on; later changes are forgotten.
    pub fn set_tempo(&mut self, beats: Beats, tempo: Tempo) {
        let frame = self.frame_of(beats);
        self.anchors.retain(|anchor| anchor.beats < beats);
        self.anchors.push(Anchor { beats, frame, tempo });
    }

    /// Moves musical time `beats` to `frame`, as when playing starts again after a stop.
    pub fn restart(&mut self, beats: Beats, frame: Frames) {
        let tempo = self.tempo_at(beats);
        self.anchors.retain(|anchor| anchor.beats < beats);
        self.anchors.push(Anchor { beats, frame, tempo });
    }

    /// The frame on which `beats` falls, rounded to the nearest.
    #[must_use]
    pub fn frame_of(&self, beats: Beats) -> Frames {
        let anchor = self.anchor(|anchor| anchor.beats <= beats);
        let passed = beats - anchor.beats;
        // whole notes × 4 crotchets × 60 s × frames/s ÷ (crotchets/min), in 128 bits: no set is long enough to overflow.
        let (n, d) = (i128::from(passed.numerator()), i128::from(passed.denominator()));
        let (tempo_n, tempo_d) = (i128::from(*anchor.tempo.0.numer()), i128::from(*anchor.tempo.0.denom()));
        let numerator = n * 240 * i128::from(self.rate.0) * tempo_d;
        let denominator = d * tempo_n;
        Frames(anchor.frame.0 + ((2 * numerator + denominator).div_euclid(2 * denominator)) as i64)
    }

    /// The musical time of a frame, to the 1/1920 of a whole note below: for display.
    #[must_use]
    pub fn beats_at(&self, frame: Frames) -> Beats {
        let anchor = self.anchor(|anchor| anchor.frame <= frame);
        let passed = (frame - anchor.frame).0 as f64;
        let per_whole = 240.0 * f64::from(self.rate.0) / anchor.tempo.quarters_per_minute();
        anchor.beats + Beats::new((passed / per_whole * 1920.0).floor() as i64, 1920)
    }

    fn anchor(&self, reached: impl Fn(&Anchor) -> bool) -> &Anchor {
        self.anchors.iter().rev().find(|anchor| reached(anchor)).unwrap_or(&self.anchors[0])
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
}
