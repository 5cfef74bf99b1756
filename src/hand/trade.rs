//! Call and answer: a voice that listens while the hand plays, and answers at a bar line, as long as the call. Pure.

use crate::time::Beats;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trade {
    /// Nothing has been called.
    #[default]
    Waiting,
    /// The hand plays, or has just played: from the first note on, to where nothing is held any more.
    Call { from: Beats, to: Option<Beats> },
    /// The answer plays, and has so many bars left.
    Answer { bars: i64 },
}

impl Trade {
    /// The hand strikes a note. In an answer that is another call.
    pub fn strike(&mut self, at: Beats) {
        let from = match *self {
            Trade::Call { from, .. } => from,
            Trade::Waiting | Trade::Answer { .. } => at,
        };
        *self = Trade::Call { from, to: None };
    }

    /// The hand holds no note any more.
    pub fn silence(&mut self, at: Beats) {
        if let Trade::Call { to, .. } = self {
            *to = Some(at);
        }
    }

    /// What it is in the bar that begins at `line` and lasts `bar`, as far as is known now: an answer begins at the first bar line that at
    /// least half a felt beat of silence comes before, and is as long as the call in whole bars.
    #[must_use]
    pub fn at(&self, line: Beats, bar: Beats, beat: Beats) -> Trade {
        match *self {
            Trade::Call { from, to: Some(to) } if (line - to) * 2 >= beat => {
                Trade::Answer { bars: (to - from).ratio(bar).ceil().to_integer().max(1) }
            }
            Trade::Answer { bars: 0 } => Trade::Waiting,
            other => other,
        }
    }

    /// Whether the voice plays.
    #[must_use]
    pub fn plays(&self) -> bool {
        matches!(self, Trade::Answer { .. })
    }

    /// The bar at `line` is fixed.
    pub fn begin(&mut self, line: Beats, bar: Beats, beat: Beats) {
        *self = match self.at(line, bar, beat) {
            Trade::Answer { bars } => Trade::Answer { bars: bars - 1 },
            other => other,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls from and to, in eighths, in bars of eight with two of them to a beat; each bar is fixed an eighth before its line. What the
    /// answering voice does in the bars: `-` rests, `a` answers.
    fn check(calls: &[(i64, i64)], expected: &str) {
        let (eighth, bar) = (Beats::EIGHTH, Beats::WHOLE);
        let mut events: Vec<(i64, bool)> = calls.iter().flat_map(|&(from, to)| [(from, true), (to, false)]).collect();
        events.sort_unstable();
        let (mut trade, mut events) = (Trade::default(), events.into_iter().peekable());
        let mut heard = String::new();
        for number in 0..expected.len() as i64 {
            let line = bar * number;
            while let Some((at, on)) = events.next_if(|(at, _)| eighth * *at <= line - eighth) {
                if on { trade.strike(eighth * at) } else { trade.silence(eighth * at) }
            }
            heard.push(if trade.at(line, bar, Beats::QUARTER).plays() { 'a' } else { '-' });
            trade.begin(line, bar, Beats::QUARTER);
        }
        assert_eq!(heard, expected, "{calls:?}");
    }

    #[test]
    fn an_answer_is_as_long_as_its_call() {
        check(&[], "----");
        // To beat 4 of the second bar; the silence of a beat is enough.
        check(&[(0, 14)], "--aa--");
        check(&[(0, 4), (6, 14)], "--aa--");
        // Half a beat before the line is enough, less is not.
        check(&[(0, 7)], "-a--");
        check(&[(0, 8)], "--a-");
        // From the middle of a bar on, nine eighths are two bars.
        check(&[(4, 13)], "--aa-");
        check(&[(4, 12)], "--a--");
        // Who plays on is listened to, also in the answer.
        check(&[(0, 20)], "---aaa-");
        check(&[(0, 14), (18, 20)], "--aa--");
        check(&[(0, 14), (18, 24)], "--a-a-");
        check(&[(0, 14), (18, 23)], "--aa--");
    }
}
