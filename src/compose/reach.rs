//! Which bar to write next when time is short. Pure; decode thread.
//!
//! A composer that keeps up with the tempo goes on with the first bar that it can finish. One that does not would always be a little late:
//! it leaves what it cannot reach to the ladder and works ahead, at the first bar of a phrase that it can reach, and from there on as far
//! as it gets in time. Bars that are left out have no text yet, and the model is shown nothing of them: the lines go on with the next bar
//! that is known. It never saw a line without its voice, and a phrase may follow upon a phrase that broke off.

use std::time::Duration;

use super::Prompt;

/// A bar that is not finished so long before its commit point is closed by force: enough for the pipe, the parent's parser and its thread.
const CLOSING: Duration = Duration::from_millis(50);

/// How long before its commit point a bar that usually takes `work` is closed by force. A model cannot be stopped within a token, of which
/// a bar has some ten to thirty.
pub(crate) fn margin(work: Duration) -> Duration {
    CLOSING.min(work) + work / 8
}

/// Whether a composer that usually takes `work` for a bar of one voice is as fast as the music.
pub(super) fn keeps_up(prompt: &Prompt, work: Duration) -> bool {
    let composed = prompt.voices.iter().filter(|voice| voice.composed).count() as u32;
    prompt.due.is_none_or(|due| work * composed <= Duration::from_millis(due.bar_ms.into()))
}

/// The bar to write and the voices that it lacks; `None` where nothing is to be done now. A bar of one voice usually takes `work`;
/// `time_left` says how long it is until a bar is committed.
pub(super) fn next(
    prompt: &Prompt,
    work: Duration,
    time_left: &dyn Fn(i64) -> Duration,
) -> Option<(usize, Vec<usize>)> {
    let keeps_up = keeps_up(prompt, work);
    let lacking =
        (0..prompt.bars.len()).map(|index| (index, prompt.missing(index))).filter(|(_, voices)| !voices.is_empty());
    // Where the bar before is not there either, only a phrase can begin.
    let can_begin = |index: usize| {
        keeps_up
            || prompt.starts_phrase(index)
            || index.checked_sub(1).is_none_or(|before| prompt.missing(before).is_empty())
    };
    let left = |index: usize| time_left(prompt.first_bar + index as i64);
    let needed = |voices: &[usize]| (work * voices.len() as u32).saturating_add(margin(work));
    let mut last = None;
    for (index, voices) in lacking.filter(|(index, _)| can_begin(*index)) {
        if left(index) >= needed(&voices) {
            return Some((index, voices));
        }
        last = Some((index, voices));
    }
    // A composer that seems to reach nothing is tried all the same: it may have become faster, and nobody would know.
    last.filter(|(index, voices)| left(*index) > margin(work) * voices.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{Due, PromptBar, Role, obeyed};

    /// `x` for a bar that is there, `.` for one that is not.
    fn prompt(bars: &str, phrase: u32, bar_ms: u32, left_ms: u32) -> Prompt {
        let mut prompt = obeyed::openings(Role::Lead, (55, 88), 1).remove(0);
        (prompt.phrase, prompt.first_bar) = (phrase, 1);
        let bar = |there| PromptBar { cells: vec![(there == 'x').then(|| "z8".to_owned())], ..PromptBar::default() };
        prompt.bars = bars.chars().map(bar).collect();
        let next = bars.find('.').unwrap_or(0) as i64 + 1;
        prompt.due = Some(Due { bar: next, left_ms, bar_ms });
        prompt
    }

    #[test]
    fn work_goes_to_the_first_bar_that_can_be_there_in_time() {
        // Bars; of a phrase; ms of a bar, to the first commit point and of work; the bar that is written, from 1.
        let cases = [
            ("x....", 4, 2000, 1900, 100, Some(2)),
            // One that keeps up goes on with the next bar that it can reach.
            ("x....", 4, 2000, 60, 100, Some(3)),
            ("x....", 4, 2000, 163, 100, Some(2)),
            ("x....", 4, 2000, 162, 100, Some(3)),
            // One that does not waits for a phrase line,
            ("x.......", 4, 2000, 1900, 2500, Some(5)),
            ("x.......", 4, 2000, 2863, 2500, Some(2)),
            // or the one after it, where that is too near,
            ("xxx......", 4, 2000, 400, 2500, Some(9)),
            // goes on behind what it has written there,
            ("x...x...", 4, 2000, 100, 2500, Some(6)),
            ("x...xx..", 4, 2000, 100, 2500, Some(7)),
            // and does nothing where nothing can be begun in time.
            ("xxx...", 8, 2000, 30, 2500, None),
            // One that can reach nothing is tried where there is most time.
            ("xxx......", 4, 2000, 400, 20_000, Some(9)),
            ("xxxx", 4, 2000, 400, 100, None),
        ];
        for (bars, phrase, bar_ms, left_ms, work, expected) in cases {
            let prompt = prompt(bars, phrase, bar_ms, left_ms);
            let due = prompt.due.unwrap();
            let left = |number| Duration::from_millis(due.until(number));
            let next = next(&prompt, Duration::from_millis(work), &left).map(|(index, _)| index + 1);
            assert_eq!(next, expected, "{bars}, {left_ms} ms left, {work} ms of work");
        }
    }

    #[test]
    fn where_nobody_waits_bars_come_in_their_order() {
        let prompt = Prompt { due: None, ..prompt("x....", 4, 0, 0) };
        let next = next(&prompt, Duration::from_secs(100), &|_| Duration::MAX);
        assert_eq!(next, Some((1, vec![0])));
    }
}
