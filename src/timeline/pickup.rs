//! The pickup of a scene that comes in while another plays: what is heard of it in the bar before its line. Pure; part of the timeline.
//!
//! There it is written into the bars of the voices that both scenes have, whose own notes end where it begins; voices that only the coming scene
//! has join the bar. What was planned for the bar stays planned beside it: whoever withdraws the scene hears that.

use std::sync::Arc;

use super::force::{InForce, text_bar};
use super::{Cell, Timeline, loudness, rest, silence, style};
use crate::abc::print;
use crate::event::Author;
use crate::prompt::{By, Scene, Voice};
use crate::score::{Measure, Place};
use crate::time::Beats;

#[derive(Clone, Debug)]
pub(super) struct Pickup {
    /// What plays in the bar without it.
    under: Arc<Scene>,
    /// The same, with the voices that only the coming scene has behind its own.
    pub scene: Arc<Scene>,
    /// By voice of that.
    parts: Vec<Option<Measure>>,
    /// What words of the coming scene say of its own voices, at the bar's start and at its end.
    loudness: Vec<[i16; 2]>,
}

/// How many bars of its text, one or none, are heard before the line of a scene that comes in where `under` plays: one where it begins with a pickup
/// for which a bar there is long enough. In sections all voices begin with one, or none does.
pub(super) fn lead(scene: &Scene, under: &Scene) -> i64 {
    let first = scene.section(scene.place(0)).map_or(scene, |section| &section.scene);
    let written = first.voices.iter().filter(|voice| voice.by != By::Hand && !voice.bars.is_empty());
    let (led, full): (Vec<&Voice>, Vec<&Voice>) = written.partition(|voice| is_led(voice));
    let bars = || led.iter().map(|voice| &voice.bars[0]);
    let fits = bars().all(|bar| bar.measure.length - bar.late <= under.bar_length());
    let aligned = scene.form.is_none() || full.is_empty();
    i64::from(fits && aligned && bars().any(|bar| !bar.measure.notes.is_empty()))
}

/// Whether a voice begins with a bar that is not full.
pub(super) fn is_led(voice: &Voice) -> bool {
    voice.by != By::Hand && voice.bars.first().is_some_and(|bar| bar.late > Beats::ZERO)
}

impl Pickup {
    /// That of a scene in force in the bar before its line, where `under` plays until then; nothing where none of it is heard.
    pub fn of(coming: &InForce, under: &Arc<Scene>) -> Option<Pickup> {
        if coming.lead == 0 {
            return None;
        }
        let bar = coming.from - coming.lead;
        let mut scene = Scene::clone(under);
        let mut parts = vec![None; scene.voices.len()];
        let mut its_loudness = Vec::new();
        for (at, voice) in coming.scene_at(bar).voices.iter().enumerate() {
            // Those that play on unbroken began long ago.
            let begins = coming.scene.form.is_some() || coming.voices[at].bar == bar;
            let Some(seed) = text_bar(coming, bar, at).filter(|_| begins).map(|first| &voice.bars[first]) else {
                continue;
            };
            if seed.late == Beats::ZERO || seed.measure.notes.is_empty() {
                continue;
            }
            let mut part = seed.measure.behind(seed.late);
            // The places of another text.
            part.notes.iter_mut().for_each(|note| note.place = Place::default());
            if let Some(known) = scene.voices.iter().position(|other| other.name == voice.name) {
                parts[known] = Some(part);
            } else {
                scene.voices.push(voice.clone());
                parts.push(Some(part));
                its_loudness.push(loudness::ends(coming, bar, at));
            }
        }
        let is_heard = parts.iter().any(Option::is_some);
        is_heard.then(|| Pickup { under: Arc::clone(under), scene: Arc::new(scene), parts, loudness: its_loudness })
    }

    /// What words say of the loudness of a voice that only the coming scene has.
    pub fn loudness(&self, voice: usize) -> Option<[i16; 2]> {
        self.loudness.get(voice.checked_sub(self.under.voices.len())?).copied()
    }

    /// A voice's bar with the pickup in it, where it has one.
    fn join(&self, voice: usize, own: &Cell) -> Option<Cell> {
        let part = self.parts.get(voice)?.as_ref()?;
        let length = self.scene.bar_length();
        let mut measure = own.measure.clone();
        measure.cut(length - part.length);
        for note in &mut measure.notes {
            note.tied_to &= note.onset + note.length < measure.length;
            if own.by != Author::Text {
                note.place = Place::default();
            }
        }
        measure.append(part.clone());
        Some(Cell { text: print::bar(&measure, length, &style(&self.scene)), measure, by: Author::Text })
    }
}

impl Timeline {
    /// What is heard in a bar that is not fixed yet of the scene that begins behind it; of one that is armed, too.
    pub(super) fn pickup(&self, number: i64) -> Option<&Pickup> {
        // What is armed takes the place of what waits for the same line.
        let armed = self.prepared.iter().filter_map(|prepared| prepared.on_its_line());
        let mut coming = armed.chain(&self.future.coming).filter(|coming| coming.from == number + 1);
        let pickup = coming.next()?.pickup.as_deref()?;
        Arc::ptr_eq(&pickup.under, self.in_force(number).scene_at(number)).then_some(pickup)
    }

    /// The part of a voice that only a coming scene has, without the pickup.
    pub(super) fn only_coming(&self, number: i64, voice: usize) -> Option<Cell> {
        let in_force = self.in_force(number);
        let scene = in_force.scene_at(number);
        let is = voice >= in_force.scene.voices.len() && self.pickup(number).is_some();
        is.then(|| Cell { text: rest(scene), measure: silence(scene), by: Author::Text })
    }

    /// A voice's part of a bar with what is heard in it of a coming scene. Nothing where there is none of that, or where the performer has the say.
    pub(super) fn with_pickup(&self, number: i64, voice: usize, own: &Cell) -> Option<Cell> {
        let pickup = self.pickup(number)?;
        let name = &pickup.scene.voices.get(voice)?.name;
        let by_hand = own.by == Author::Hand
            || self.future.stage.is_pinned(&self.plan_place(number, name))
            || self.frozen(number, name).is_some()
            || self.listening(&pickup.under, number, name).is_some();
        if by_hand { None } else { pickup.join(voice, own) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crate::compose::ComposedBar;
    use crate::event::{Author, Touch};
    use crate::prompt::{Scene, read};
    use crate::steer::Lexicon;
    use crate::timeline::{Entry, Timeline};

    fn scene(text: &str) -> Arc<Scene> {
        let text = format!("X:1\nL:1/4\n{text}\n");
        Arc::new(read(Path::new("a.abc"), &text, &[], &Lexicon::default()).0.remove(0))
    }

    const PLAYS: &str = "M:4/4\nK:C\n%%phrase 4\nV:a by=loop\nV:b by=loop\n[V:a] c2- c2- |\n[V:b] E4 |";
    const COMES: &str = "M:3/4\nK:G\n%%phrase 4\nV:a by=loop\nV:c by=loop\n[V:a] f- | f d B |\n[V:c] z | G,3 |";

    /// What is fixed bar by bar, by voice.
    fn bars(timeline: &mut Timeline, count: usize) -> Vec<String> {
        let mut bar = || {
            let (bar, _) = timeline.commit();
            let voices = bar.scene.voices.iter().zip(&bar.cells);
            let voices = voices.map(|(voice, cell)| format!("{} {}", voice.name, cell.text));
            voices.collect::<Vec<_>>().join("; ")
        };
        (0..count).map(|_| bar()).collect()
    }

    #[test]
    fn it_ends_the_bar_of_a_voice_that_plays() {
        let mut timeline = Timeline::new(scene(PLAYS), 1);
        bars(&mut timeline, 3);
        let shown = |timeline: &Timeline| timeline.expected(4, 0).unwrap().text;
        let before = shown(&timeline);
        let changes = timeline.evaluate(scene(COMES), Entry::PhraseLine, false);
        assert_eq!(changes.to_string(), "heard from bar 5, the pickup before it");
        // The tie into the bar that does not come is taken back, that over the line is kept; the sharp is written out in C.
        assert_eq!((before.as_str(), shown(&timeline).as_str()), ("c4- c4-", "c4- c2 ^f2-"));
        assert_eq!(bars(&mut timeline, 3), ["a c4- c2 ^f2-; b E8", "a f2 d2 B2; c G,6", "a z4 f2-; c z6"]);
        assert_eq!(timeline.bars()[3].cells[0].by, Author::Text);
        // An edit says nothing of the pickup that is over. Phrases begin on the line.
        let edit = timeline.evaluate(scene(COMES), Entry::Edit, false);
        assert!(!edit.pickup, "{edit}");
        assert_eq!((timeline.phrase_line(6), timeline.phrase_line(9), timeline.phrase_line(10)), (9, 9, 13));
        // An edit keeps that.
        timeline.evaluate(scene(&COMES.replace("d B", "d A")), Entry::Edit, false);
        assert_eq!((timeline.phrase_line(7), bars(&mut timeline, 1)), (9, vec!["a f2 d2 A2; c G,6".to_owned()]));
    }

    /// An edit on the very line, which is fixed next, and a scene whose pickup belongs to a voice that plays on.
    #[test]
    fn nothing_is_said_of_a_pickup_that_is_not_heard() {
        let mut timeline = Timeline::new(scene(PLAYS), 1);
        bars(&mut timeline, 1);
        timeline.evaluate(scene(COMES), Entry::PhraseLine, false);
        bars(&mut timeline, 3);
        let edit = timeline.evaluate(scene(&COMES.replace("d B", "d A")), Entry::Edit, false);
        assert_eq!((edit.from, edit.pickup), (5, false));
        let led = "M:4/4\nK:C\n%%phrase 2\nV:a by=loop\n[V:a] c | d4 |";
        let mut timeline = Timeline::new(scene(led), 1);
        bars(&mut timeline, 1);
        let another = timeline.evaluate(scene(led), Entry::PhraseLine, false);
        assert_eq!(another.to_string(), "heard from bar 3; a plays on");
    }

    #[test]
    fn it_is_taken_back_with_its_scene() {
        let mut timeline = Timeline::new(scene(PLAYS), 1);
        bars(&mut timeline, 2);
        let armed = scene(COMES);
        timeline.prepare(&armed, Entry::PhraseLine, 5);
        assert_eq!(timeline.expected(4, 0).unwrap().text, "c4- c2 ^f2-", "it is there while the scene is armed");
        timeline.withdraw();
        assert_eq!(timeline.expected(4, 0).unwrap().text, "c4- c4-");
        timeline.prepare(&armed, Entry::PhraseLine, 5);
        assert_eq!(bars(&mut timeline, 2)[1], "a c4- c2 ^f2-; b E8");
        timeline.evaluate(Arc::clone(&armed), Entry::Promised, false);
        timeline.fulfil();
        assert_eq!(bars(&mut timeline, 1), ["a f2 d2 B2; c G,6"]);
        // A stop in the third bar: it comes again, over what was planned there.
        timeline.take_back(3);
        assert_eq!(bars(&mut timeline, 2), ["a c4- c2 ^f2-; b E8", "a f2 d2 B2; c G,6"]);
    }

    #[test]
    fn what_was_composed_for_its_bar_comes_back_after_a_stop() {
        let composed = "M:4/4\nK:C\n%%phrase 4\nV:a\nV:b by=loop\n[V:a] c4 |\n[V:b] E4 |";
        let mut timeline = Timeline::new(scene(composed), 1);
        let prompt = timeline.prompt(4);
        for number in 2..=4 {
            let cells = vec![(0, format!("{}8", ["c", "d", "e"][number as usize - 2]))];
            let (revision, attempt) = (prompt.revision, prompt.attempt);
            timeline.take(ComposedBar { revision, attempt, number, cells, ..ComposedBar::default() }).unwrap();
        }
        bars(&mut timeline, 1);
        timeline.evaluate(scene(COMES), Entry::PhraseLine, false);
        assert_eq!(bars(&mut timeline, 3)[2], "a e6 ^f2-; b E8");
        timeline.take_back(2);
        assert_eq!(bars(&mut timeline, 2), ["a d8; b E8", "a e6 ^f2-; b E8"]);
    }

    #[test]
    fn the_performer_has_the_last_word() {
        let mut timeline = Timeline::new(scene(PLAYS), 1);
        bars(&mut timeline, 1);
        timeline.evaluate(scene(&COMES.replace("z | G,3", "B, | G,3")), Entry::PhraseLine, false);
        assert_eq!(timeline.expected(4, 0).unwrap().text, "c4- c2 ^f2-");
        timeline.touch(4, "a", Touch::Edit("d4".into())).unwrap();
        assert_eq!(timeline.expected(4, 0).unwrap().text, "d8");
        assert!(timeline.touch(4, "c", Touch::Pin).unwrap_err().contains("next scene"));
        // What is armed for the line is heard there, and not what waits for it.
        timeline.prepare(&scene(&COMES.replace("f- | f", "A | f").replace("K:G", "K:C")), Entry::PhraseLine, 5);
        timeline.touch(4, "a", Touch::Unpin).unwrap();
        timeline.touch(4, "b", Touch::Edit("C4".into())).unwrap();
        let text = |voice| timeline.expected(4, voice).unwrap().text;
        assert_eq!((text(0).as_str(), text(1).as_str()), ("c4- c2 A2", "C8"));
    }

    #[test]
    fn an_edited_loop_keeps_its_pickup_before_a_line() {
        let mut timeline = Timeline::new(scene(PLAYS), 1);
        bars(&mut timeline, 1);
        timeline.evaluate(scene(COMES), Entry::PhraseLine, false);
        bars(&mut timeline, 5);
        timeline.evaluate(scene(&COMES.replace("f d B |", "f d B | g3 | a3 |")), Entry::Edit, false);
        let a = bars(&mut timeline, 7).into_iter().map(|bar| bar.split(';').next().unwrap().to_owned());
        // From bar 7 on; bars 9 and 13 begin phrases.
        let expected = ["a a6", "a z4 f2-", "a f2 d2 B2", "a g6", "a a6", "a z4 f2-", "a f2 d2 B2"];
        assert_eq!(a.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn where_there_is_no_place_for_it_the_scene_begins_otherwise() {
        // Too late for the bar before the line: on the line.
        let mut timeline = Timeline::new(scene(PLAYS), 1);
        bars(&mut timeline, 4);
        timeline.evaluate(scene(COMES), Entry::PhraseLine, false);
        assert_eq!(bars(&mut timeline, 1), ["a f2 d2 B2; c G,6"]);
        // One that is short enough needs no more room, whatever else the scene begins with.
        let mut timeline =
            Timeline::new(scene(&PLAYS.replace("4/4", "2/4").replace("c2- c2-", "c- c-").replace("E4", "E2")), 1);
        bars(&mut timeline, 3);
        timeline.evaluate(scene(&COMES.replace("z | G,3", "G,3")), Entry::PhraseLine, false);
        assert_eq!(bars(&mut timeline, 2), ["a c2 ^f2-; b E4", "a f2 d2 B2; c G,6"]);
        // While nothing plays, and in a scene's own beginning: a full bar.
        let mut timeline = Timeline::new(scene(PLAYS), 1);
        timeline.evaluate(scene(COMES), Entry::AtOnce, false);
        assert_eq!(bars(&mut timeline, 2), ["a z4 f2-; c z6", "a f2 d2 B2; c G,6"]);
        // A pickup that is longer than the bar before the line is a bar behind it.
        let short = "M:1/8\nK:C\n%%phrase 1\nV:a by=loop\n[V:a] c/ |";
        let mut timeline = Timeline::new(scene(short), 1);
        bars(&mut timeline, 1);
        timeline.evaluate(scene(COMES), Entry::PhraseLine, true);
        assert_eq!(bars(&mut timeline, 2), ["a c", "a z4 f2-; c z6"]);
    }

    #[test]
    fn in_sections_all_voices_begin_with_one_or_none_does() {
        let sections = |kit: &str| {
            scene(&format!(
                "M:3/4\nP:AB\nK:C\nV:a\nV:c by=loop\nP:A\n[V:a] G | c3 | d3 |\n[V:c] {kit}\nP:B\n[V:a] e3 |"
            ))
        };
        for (kit, first) in [("z | C3 | D3 |", "a c6; c C6"), ("C3 | D3 | E3 |", "a z4 G2; c C6")] {
            let mut timeline = Timeline::new(scene(PLAYS), 1);
            bars(&mut timeline, 3);
            timeline.evaluate(sections(kit), Entry::PhraseLine, false);
            assert_eq!(bars(&mut timeline, 2)[1], first);
        }
    }
}
