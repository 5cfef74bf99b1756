//! What an edit leaves of the plan, loops that vary, and what is asked of single bars.

use std::path::Path;

use super::*;
use crate::compose::ComposedBar;
use crate::prompt::read;
use crate::steer::Lexicon;
use crate::time::Beats;
use crate::timeline::{Entry, Timeline};

fn scene(voices: &str) -> Arc<Scene> {
    let text = format!("X:1\n% low\nM:4/4\nL:1/4\nK:C\n{voices}\n");
    let (mut scenes, said) = read(Path::new("a.abc"), &text, &["reed".into(), "sub".into()], &Lexicon::default());
    assert_eq!(said, []);
    Arc::new(scenes.remove(0))
}

const BASS: &str = "V:bass by=loop\n[V:bass] C,4 |";

/// The composer's next four bars, every missing cell a note of its own.
fn compose(timeline: &mut Timeline) {
    let prompt = timeline.prompt(4);
    for (index, bar) in prompt.bars.iter().enumerate() {
        let missing = |voice: &usize| prompt.voices[*voice].composed && bar.cells[*voice].is_none();
        let cells: Vec<(usize, String)> = (0..prompt.voices.len())
            .filter(missing)
            .map(|voice| (voice, ["D8", "E8", "F8"][(prompt.revision.0 as usize + voice) % 3].to_owned()))
            .collect();
        let (revision, attempt) = (prompt.revision, prompt.attempt);
        let number = prompt.first_bar + index as i64;
        timeline.take(ComposedBar { revision, attempt, number, cells, ..ComposedBar::default() }).unwrap();
    }
}

/// After `before` was composed and two bars of it were committed, `after` is evaluated: the voices that have to be composed again.
fn asked_again(before: &str, after: &str) -> Vec<String> {
    let mut timeline = Timeline::new(scene(before), 1);
    compose(&mut timeline);
    timeline.commit();
    compose(&mut timeline);
    let planned = |timeline: &Timeline| {
        let names = timeline.scene().voices.iter().map(|voice| voice.name.clone()).enumerate();
        names.map(|(at, name)| (name, timeline.planned(3, at).map(|cell| cell.text))).collect::<Vec<_>>()
    };
    let was = planned(&timeline);
    timeline.evaluate(scene(after), Entry::Edit, false);
    let is = planned(&timeline);
    for (name, text) in is.iter().filter(|(name, text)| text.is_some() && name != "bass") {
        let before = was.iter().find(|(other, _)| other == name);
        assert!(before.is_none_or(|(_, before)| before == text), "{name}: {was:?}, then {is:?}");
    }
    is.into_iter().filter(|(_, text)| text.is_none()).map(|(name, _)| name).collect()
}

#[test]
fn voices_that_come_and_go_leave_the_others_their_plan() {
    let set = |voices: &[&str]| voices.join("\n");
    let (lead, arp) = ("V:lead", "V:arp");
    for (before, after, again) in [
        (set(&[BASS, lead]), set(&[BASS, lead]), &[][..]),
        (set(&[BASS, lead]), set(&[BASS, lead, arp]), &["arp"]),
        (set(&[BASS, lead]), set(&[arp, BASS, lead]), &["arp"]),
        (set(&[BASS, lead, arp]), set(&[BASS, arp]), &[]),
        (set(&[lead, arp]), set(&[BASS, lead, arp]), &[]),
        (set(&[BASS, lead, arp]), set(&[lead, arp]), &[]),
        (set(&[BASS, lead, arp]), set(&[BASS, "V:lead mute gain=0.5 pan=1 patch=sub", arp]), &[]),
        (set(&[BASS, lead, arp]), set(&[BASS, "V:lead vel=40..90 gate=50% swing=60% human=5/10", arp]), &[]),
        (set(&[BASS, lead, arp]), set(&["% louder over 8\n% lead: fade out", BASS, lead, arp]), &[]),
        // What is asked of one is not asked of the other.
        (set(&[BASS, lead, arp]), set(&[BASS, "V:lead grid=1/4", arp]), &["lead"]),
        (set(&[BASS, lead, arp]), set(&["% lead: high", BASS, lead, arp]), &["lead"]),
        (set(&[BASS, lead, arp]), set(&[BASS, "V:lead rhythm=\"A2 A2\"", arp]), &["lead"]),
        (set(&[BASS, lead, "V:arp by=loop\n[V:arp] c4 |"]), set(&[BASS, lead, arp]), &["arp"]),
        // Words for all, another bass line and another chart are for everybody.
        (set(&[BASS, lead, arp]), set(&["% busy", BASS, lead, arp]), &["lead", "arp"]),
        (set(&[BASS, lead, arp]), set(&["V:bass by=loop\n[V:bass] D,4 |", lead, arp]), &["lead", "arp"]),
        (set(&[BASS, lead]), set(&[BASS, lead, "V:ch\n[V:ch] \"Am\"x4 |"]), &["lead"]),
    ] {
        assert_eq!(asked_again(&before, &after), again, "{before}\n--\n{after}");
    }
}

#[test]
fn a_muted_voice_is_composed_and_what_is_kept_is_asked_with() {
    let mut timeline = Timeline::new(scene("V:lead mute\nV:arp"), 1);
    compose(&mut timeline);
    assert!(timeline.planned(4, 0).is_some(), "muted, and still composed");
    timeline.evaluate(scene("V:lead\nV:arp\nV:hi"), Entry::Edit, false);
    let prompt = timeline.prompt(4);
    assert_eq!(prompt.first_missing(), Some((0, vec![2])), "only the new voice is to be written");
    let heard: Vec<bool> = prompt.bars[0].cells.iter().map(Option::is_some).collect();
    assert_eq!(heard, [true, true, false]);
}

#[test]
fn a_loop_is_varied_each_so_many_bars() {
    let commit = |seed| {
        let mut timeline = Timeline::new(
            scene("V:kit clef=perc by=vary/4\nV:tune by=vary/3\n[V:kit] C,,D,,C,,D,, |\n[V:tune] ceGc | G2 E2 |"),
            seed,
        );
        (0..12).map(|_| timeline.commit().0.cells.clone()).collect::<Vec<_>>()
    };
    let bars = commit(1);
    for (number, cells) in (1..).zip(&bars) {
        let by = |varied| if varied { Author::Varied } else { Author::Text };
        assert_eq!([cells[0].by, cells[1].by], [by(number % 4 == 0), by(number % 3 == 0)], "bar {number}");
        assert_eq!(cells[0].text == bars[0][0].text, number % 4 != 0, "bar {number}");
        assert_eq!(cells[1].text == bars[(number - 1) % 2][1].text, number % 3 != 0, "bar {number}");
        assert_eq!(cells[0].measure.length, Beats::WHOLE);
    }
    assert_eq!(commit(1), bars);
    assert_ne!(commit(2), bars);
}

#[test]
fn rhythm_and_chart_ask_bar_by_bar() {
    let voices = "V:ch\nV:lead rhythm=\"A2 A2 | A4 | z4\" chart=strong\nV:arp\n[V:ch] \"C\"x4 | \"F\"x2\"Dm\"x2 |";
    let mut timeline = Timeline::new(scene(voices), 1);
    timeline.commit();
    let prompt = timeline.prompt(6);
    assert_eq!(prompt.bars[0].rules, [], "what is committed is asked nothing");
    let (c, f, d) = (1 | 1 << 4 | 1 << 7, 1 << 5 | 1 << 9 | 1, 1 << 2 | 1 << 5 | 1 << 9);
    for (index, bar) in prompt.bars.iter().enumerate().skip(1) {
        let BarRules { rhythm, strong } = &bar.rules[1];
        assert_eq!(rhythm.as_ref().unwrap().notes().len(), [2, 1, 0][index % 3]);
        assert_eq!(strong[..], if index % 2 == 0 { [(0, c), (48, c)] } else { [(0, f), (48, d)] });
        assert_eq!((&bar.rules[0], &bar.rules[2]), (&BarRules::default(), &BarRules::default()));
    }
    // The ladder keeps to them as well.
    for _ in 0..6 {
        let (bar, rungs) = timeline.commit();
        assert_eq!(rungs, 2);
        let asked = &prompt.bars[bar.number as usize - 1].rules[1];
        assert!(asked.kept_by(&bar.cells[1].measure), "{}", bar.cells[1].text);
    }
}
