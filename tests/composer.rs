//! The composer without llama.cpp: any vocabulary that can spell the subset writes full bars, always the same ones for the same prompt.

#[path = "common/noise.rs"]
mod noise;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barline::abc::Meter;
use barline::abc::key::Key;
use barline::abc::parse::read_bar;
use barline::audition::{Plan, audition};
use barline::compose::mask::Vocabulary;
use barline::compose::profile::Profile;
use barline::compose::sample::Sampling;
use barline::compose::writer::{Model, Writer};
use barline::compose::{
    BarRules, ComposedBar, Due, Knobs, Prompt, PromptBar, PromptVoice, Revision, Role, STREAM_UNIT, VoiceRules, obeyed,
};
use barline::feature::{Band, Features};
use barline::score::Measure;
use barline::steer::Lexicon;
use barline::time::Beats;
use barline::timeline::Timeline;
use noise::Noise;

fn voice(name: &str, role: Role, composed: bool) -> PromptVoice {
    let range = if role == Role::Bass { (28, 52) } else { (57, 81) };
    let rules = VoiceRules { range, classes: Some(0b1010_1011_0101), grid: 6, notes: (2, 9) };
    PromptVoice { name: name.into(), role, composed, rules }
}

fn prompt(key: &str, meter: (u16, u16), bars: usize) -> Prompt {
    let bar = PromptBar {
        words: vec!["slow, low".into()],
        cells: vec![Some("z2".into()), None, None],
        ..PromptBar::default()
    };
    Prompt {
        revision: Revision(1),
        meter: Meter::Measured { numerator: meter.0, denominator: meter.1 },
        key: Key::parse(key).unwrap().0,
        phrase: 4,
        voices: vec![voice("pad", Role::Lead, false), voice("bass", Role::Bass, true), voice("lead", Role::Lead, true)],
        first_bar: 1,
        bars: vec![bar; bars],
        seed: 3,
        attempt: 0,
        candidates: 1,
        knobs: Knobs::default(),
        due: None,
    }
}

fn write(writer: &mut Writer<Noise>, prompt: &mut Prompt) -> Vec<ComposedBar> {
    std::iter::from_fn(|| writer.next_bar(prompt, &|| false).unwrap())
        .map(|bar| ComposedBar { micros: 0, ..bar })
        .collect()
}

fn profile(home_key: &str) -> Profile {
    Profile {
        home_key: home_key.into(),
        sampling: Sampling { temperature: 1.5, ..Sampling::default() },
        ..Profile::default()
    }
}

#[test]
fn any_vocabulary_writes_full_bars_within_the_rules() {
    for (seed, (key, meter, extra)) in
        [("Ddor", (6, 8), 0), ("Bb", (4, 4), 500), ("F#m", (3, 4), 3000), ("C", (7, 8), 200), ("Eb", (12, 8), 800)]
            .into_iter()
            .enumerate()
    {
        for home_key in ["none", ""] {
            let mut writer = Writer::new(Noise::new(seed as u64, extra, 4096), profile(home_key));
            let mut prompt = prompt(key, meter, 12);
            let bars = write(&mut writer, &mut prompt);
            assert_eq!(bars.len(), 12);
            for bar in &bars {
                assert_eq!(bar.cells.iter().map(|cell| cell.0).collect::<Vec<_>>(), [1, 2]);
                for (voice, text) in &bar.cells {
                    let (measure, diagnostics) = read_bar(text, &prompt.key, prompt.meter, STREAM_UNIT, &[]);
                    // A tie to the next bar has no other end within this one.
                    assert!(
                        diagnostics.iter().all(|diagnostic| diagnostic.message.contains("tie")),
                        "{text}: {diagnostics:?}"
                    );
                    assert_eq!(measure.length, prompt.meter.bar_length(), "{text}");
                    let (low, high) = prompt.voices[*voice].rules.range;
                    for note in &measure.notes {
                        let midi = note.pitch.midi();
                        assert!((i32::from(low)..=i32::from(high)).contains(&midi), "{midi} in {text}");
                        assert!(0b1010_1011_0101 >> midi.rem_euclid(12) & 1 == 1, "{midi} in {text}");
                    }
                    assert!(!measure.notes.is_empty(), "{text}");
                }
            }
        }
    }
}

/// A scene with every constraint, from its text to the model's bars, in the model's key and out of it.
#[test]
fn constraints_of_a_text_hold_for_any_vocabulary() {
    let text = "X:1\nM:4/4\nL:1/8\nK:Eb\n%%phrase 4\nV:ch\nV:lead range=E..e' scale=key chart=strong\n\
                V:riff range=E..e' scale=key chart=strong rhythm=\"A2 z A- A4 | (3AAA A2 z2 A2\"\n\
                V:bass range=E,,..E, scale=key grid=1/8 notes=2-4 chart=strong\nV:kit clef=perc rhythm=\"A2 A A A2 zA\"\n\
                [V:ch] \"Eb\"x4\"Cm7\"x4 | \"Ab/C\"x8 | x4\"Bb7\"x4 | \"N.C.\"x8 |\n";
    let (mut scenes, said) = barline::prompt::read("t.abc".as_ref(), text, &[], &Lexicon::default());
    assert_eq!(said, []);
    let scene = scenes.remove(0);
    let chords: [&[u16]; 4] = [&[CLASSES_EB, CLASSES_CM7], &[CLASSES_AB; 2], &[CLASSES_AB, CLASSES_BB7], &[]];
    for (seed, extra, home_key) in [(1, 0, "none"), (2, 900, "none"), (3, 300, "")] {
        let mut asked = Timeline::new(Arc::new(scene.clone()), seed).prompt(16);
        asked.candidates = 1;
        let mut writer = Writer::new(Noise::new(seed, extra, 8192), profile(home_key));
        assert_eq!(write(&mut writer, &mut asked).len(), 16);
        let [lead, riff, bass, kit] = [1, 2, 3, 4].map(|voice| obeyed::measures(&asked, voice, 0));
        for (index, chords) in chords.iter().cycle().take(16).enumerate() {
            for (name, bar) in [("lead", &lead[index]), ("riff", &riff[index]), ("bass", &bass[index])] {
                let low = if name == "bass" { 28 } else { 64 };
                let scale = 0b0101_1010_1101u16; // E flat major, bit 0 = C: C D Eb F G Ab Bb
                for note in &bar.notes {
                    let midi = note.pitch.midi();
                    assert!((low..=low + 24).contains(&midi), "{name} {index}: {midi}");
                    assert!(scale >> midi.rem_euclid(12) & 1 == 1, "{name} {index}: {midi}");
                    for (half, classes) in chords.iter().enumerate() {
                        let beat = Beats::new(half as i64, 2);
                        let sounds = note.onset <= beat && note.onset + note.length > beat;
                        assert!(!sounds || classes >> midi.rem_euclid(12) & 1 == 1, "{name} {index}: {midi} on {half}");
                    }
                }
            }
            let struck = |bar: &Measure| {
                bar.notes.iter().filter(|note| !note.tied_from).map(|note| ticks(note.onset)).collect::<Vec<_>>()
            };
            assert_eq!(struck(&riff[index]), if index % 2 == 0 { vec![0, 36] } else { vec![0, 8, 16, 24, 72] });
            assert!((2..=4).contains(&struck(&bass[index]).len()));
            let mut strokes = struck(&kit[index]);
            strokes.dedup();
            assert_eq!(strokes, [0, 24, 36, 48, 84]);
            assert!(kit[index].notes.iter().all(|note| (35..=75).contains(&note.pitch.midi())));
        }
    }
}

const CLASSES_EB: u16 = 1 << 3 | 1 << 7 | 1 << 10;
const CLASSES_CM7: u16 = 1 << 0 | 1 << 3 | 1 << 7 | 1 << 10;
const CLASSES_AB: u16 = 1 << 8 | 1 << 0 | 1 << 3;
const CLASSES_BB7: u16 = 1 << 10 | 1 << 2 | 1 << 5 | 1 << 8;

fn ticks(time: Beats) -> i64 {
    (time * 96).numerator()
}

#[test]
fn the_same_prompt_gives_the_same_bars_whatever_came_before() {
    let fresh = |seed| {
        let mut asked = Prompt { seed, ..prompt("G", (4, 4), 8) };
        write(&mut Writer::new(Noise::new(9, 400, 4096), profile("none")), &mut asked)
    };
    let mut used = Writer::new(Noise::new(9, 400, 4096), profile("none"));
    write(&mut used, &mut prompt("Am", (6, 8), 5));
    assert_eq!(write(&mut used, &mut prompt("G", (4, 4), 8)), fresh(3));
    assert_ne!(fresh(4), fresh(3));
    let mut rerolled = prompt("G", (4, 4), 8);
    rerolled.bars.iter_mut().for_each(|bar| bar.draws = vec![0, 1, 1]);
    let again = write(&mut used, &mut rerolled);
    assert!(again.iter().zip(fresh(3)).all(|(again, first)| again.cells != first.cells));
}

#[test]
fn a_vetoed_bar_is_not_written_again_and_another_draw_is_another_bar() {
    let mut first = prompt("G", (4, 4), 1);
    first.candidates = 4;
    let bar = write(&mut Writer::new(Noise::new(1, 300, 4096), profile("none")), &mut first).remove(0);
    let lead = |bar: &ComposedBar| bar.cells[1].1.clone();
    let drafts = &bar.drafts[1].1;
    assert!(drafts.len() > 1, "{drafts:?}");
    // Nothing that was left is better than what was taken.
    let taken = drafts.iter().find(|draft| draft.text == lead(&bar)).expect("what was taken");
    assert!(drafts.iter().all(|draft| draft.rank.sum() >= taken.rank.sum()), "{drafts:?}");
    for (draws, vetoed) in [(vec![], vec![vec![], vec![], vec![lead(&bar)]]), (vec![0, 0, 1], vec![])] {
        let mut again = prompt("G", (4, 4), 1);
        again.candidates = 4;
        (again.bars[0].draws, again.bars[0].vetoed) = (draws, vetoed);
        let other = write(&mut Writer::new(Noise::new(1, 300, 4096), profile("none")), &mut again).remove(0);
        assert_ne!(lead(&other), lead(&bar));
        assert_eq!(other.cells[0], bar.cells[0], "the bass is as it was");
    }
}

#[test]
fn a_small_context_is_cut_and_never_overrun() {
    let mut writer = Writer::new(Noise::new(1, 100, 700), profile("none"));
    let bars = write(&mut writer, &mut prompt("D", (4, 4), 60));
    assert_eq!(bars.len(), 60);
    assert!(writer.model().longest > 350, "half of the context is used: {}", writer.model().longest);
}

#[test]
fn a_vocabulary_that_cannot_spell_the_subset_is_refused() {
    let mut tokens = Noise::new(1, 50, 100).tokens;
    tokens[usize::from(b'^')].clear();
    assert!(Vocabulary::new(&tokens).unwrap_err().contains("'^'"));
}

#[test]
fn cancelling_leaves_the_prompt_as_it_was() {
    let mut writer = Writer::new(Noise::new(1, 100, 2000), profile("none"));
    let mut asked = prompt("D", (4, 4), 3);
    let before = asked.clone();
    assert_eq!(writer.next_bar(&mut asked, &|| true), Ok(None));
    assert_eq!(asked, before);
}

/// A model that knows one bar and would play it for ever.
struct Parrot {
    noise: Noise,
    song: &'static [u8],
}

impl Model for Parrot {
    fn name(&self) -> String {
        "parrot".into()
    }

    fn vocabulary(&self) -> &Vocabulary {
        self.noise.vocabulary()
    }

    fn tokenize(&self, text: &str) -> Vec<u32> {
        self.noise.tokenize(text)
    }

    fn bos(&self) -> Option<u32> {
        None
    }

    fn context(&self) -> usize {
        self.noise.context
    }

    fn sync(&mut self, tokens: &[u32], cancel: &dyn Fn() -> bool) -> Result<bool, String> {
        let done = self.noise.sync(tokens, cancel)?;
        let said = tokens.iter().rev().take_while(|&&token| token != u32::from(b']')).count().saturating_sub(1);
        if let Some(&next) = self.song.get(said) {
            self.noise.logits[usize::from(next)] += 50.0;
        }
        Ok(done)
    }

    fn logits(&self) -> &[f32] {
        self.noise.logits()
    }
}

#[test]
fn a_bar_comes_twice_at_its_place_and_not_a_third_time() {
    let write = |words: &dyn Fn(usize) -> String| {
        let mut writer = Writer::new(Parrot { noise: Noise::new(5, 0, 8192), song: b"c2 e2 d2 c2 |" }, profile("none"));
        let mut asked = prompt("C", (4, 4), 24);
        asked.voices.truncate(1);
        asked.voices[0].composed = true;
        for (index, bar) in asked.bars.iter_mut().enumerate() {
            *bar = PromptBar { words: vec![words(index)], cells: vec![None], ..PromptBar::default() };
        }
        let bars = std::iter::from_fn(|| writer.next_bar(&mut asked, &|| false).unwrap());
        bars.map(|bar| bar.cells[0].1.clone()).collect::<Vec<_>>()
    };
    let bars = write(&|_| "slow".into());
    assert_eq!((bars[0].as_str(), bars[1].as_str()), ("c2 e2 d2 c2", "c2 e2 d2 c2"));
    for period in [1, 2, 4, 8] {
        let thrice =
            (2 * period..bars.len()).find(|&at| bars[at] == bars[at - period] && bars[at] == bars[at - 2 * period]);
        assert_eq!(thrice, None, "period {period}: {bars:?}");
    }
    // Other words are answered at once.
    let bars = write(&|index| if index < 4 { "slow".into() } else { "fast".into() });
    assert!((4..8).all(|at| bars[at] != bars[at - 4]), "{bars:?}");
}

/// The bars of one voice under `words`, leaned on by `lean`, the best of `candidates`.
fn under(words: &str, extra: usize, lean: f32, candidates: u32) -> Vec<Measure> {
    let mut writer = Writer::new(Noise::new(11, extra, 4096), profile("none"));
    let mut asked = Prompt { knobs: Knobs { words: lean, ..Knobs::default() }, candidates, ..prompt("D", (4, 4), 8) };
    asked.voices = vec![voice("lead", Role::Lead, true)];
    asked.voices[0].rules = VoiceRules { range: (48, 90), ..VoiceRules::default() };
    asked.bars = vec![PromptBar { cells: vec![None], ..PromptBar::default() }; 8];
    asked.bars.iter_mut().for_each(|bar| bar.say(words));
    for bar in write(&mut writer, &mut asked) {
        let (measure, _) = read_bar(&bar.cells[0].1, &asked.key, asked.meter, STREAM_UNIT, &[]);
        assert_eq!(measure.length, asked.meter.bar_length(), "{}", bar.cells[0].1);
    }
    obeyed::measures(&asked, 0, 0)
}

#[test]
fn words_lean_any_vocabulary_and_bars_stay_full() {
    let key = Key::parse("D").unwrap().0;
    // Of bytes alone, and with pieces of several notes or of parts of them.
    for extra in [0, 1000] {
        for band in [Band::Density, Band::Register, Band::Motion] {
            let [low, _, high] = band.words();
            for (lean, candidates) in [(4.0, 1), (0.0, 4)] {
                let value = |word| {
                    let bars = under(word, extra, lean, candidates);
                    band.value(&Features::of(&bars, Meter::COMMON, &key, None).unwrap())
                };
                let (low_value, high_value) = (value(low), value(high));
                assert!(
                    low_value < high_value,
                    "{extra} pieces, {lean}, {candidates}: {low} {low_value} {high} {high_value}"
                );
            }
        }
    }
}

/// A model that takes its time, by a clock of its own.
struct Slow {
    noise: Noise,
    clock: Rc<Cell<Duration>>,
    started: Instant,
    /// For a token that is decoded alone.
    token: Rc<Cell<Duration>>,
    cached: Vec<u32>,
}

impl Slow {
    fn new(token_ms: u64) -> Slow {
        let token = Rc::new(Cell::new(MS(token_ms)));
        Slow { noise: Noise::new(9, 0, 8192), clock: Rc::default(), started: Instant::now(), token, cached: Vec::new() }
    }

    /// What it has read last.
    fn text(&self) -> String {
        String::from_utf8(self.cached.iter().map(|&token| token as u8).collect()).unwrap()
    }
}

impl Model for Slow {
    fn name(&self) -> String {
        "slow".into()
    }

    fn vocabulary(&self) -> &Vocabulary {
        self.noise.vocabulary()
    }

    fn tokenize(&self, text: &str) -> Vec<u32> {
        self.noise.tokenize(text)
    }

    fn bos(&self) -> Option<u32> {
        None
    }

    fn context(&self) -> usize {
        self.noise.context
    }

    fn sync(&mut self, tokens: &[u32], cancel: &dyn Fn() -> bool) -> Result<bool, String> {
        let common = self.cached.iter().zip(tokens).take_while(|(a, b)| a == b).count().min(tokens.len() - 1);
        self.cached.truncate(common);
        // Many tokens at once cost a tenth each.
        for chunk in tokens[common..].chunks(10) {
            if cancel() {
                return Ok(false);
            }
            self.clock.set(self.clock.get() + self.token.get());
            self.cached.extend(chunk);
        }
        self.noise.sync(tokens, &|| false)
    }

    fn logits(&self) -> &[f32] {
        self.noise.logits()
    }

    fn now(&self) -> Instant {
        self.started + self.clock.get()
    }
}

const MS: fn(u64) -> Duration = Duration::from_millis;

/// One voice, bars of 4/4, of which the first is there.
fn alone(bars: usize, candidates: u32) -> Prompt {
    let mut asked = Prompt { candidates, ..prompt("G", (4, 4), bars) };
    asked.voices = vec![voice("lead", Role::Lead, true)];
    asked.bars = vec![PromptBar { cells: vec![None], ..PromptBar::default() }; bars];
    asked.bars[0].cells[0] = Some("G4 B4".into());
    asked
}

#[test]
fn each_voice_answers_its_own_words() {
    let text =
        "X:1\n% busy\n% b: sparse\n% a: low\n% b: high\nM:4/4\nL:1/8\nK:D\nV:a range=C,..c''\nV:b range=C,..c''\n";
    let (mut scenes, said) = barline::prompt::read("t.abc".as_ref(), text, &[], &Lexicon::default());
    assert_eq!(said, []);
    let mut asked = Timeline::new(Arc::new(scenes.remove(0)), 1).prompt(8);
    (asked.candidates, asked.knobs.words) = (2, 3.0);
    write(&mut Writer::new(Noise::new(12, 300, 8192), profile("none")), &mut asked);
    let [a, b] = [0, 1].map(|voice| {
        Features::of(&obeyed::measures(&asked, voice, 0), asked.meter, &asked.key, None).expect("enough notes")
    });
    assert!(a.register + 5.0 < b.register && a.density > 1.5 * b.density, "{a:?}\n{b:?}");
}

#[test]
fn a_bar_that_cannot_be_met_is_left_to_the_ladder() {
    let mut asked = prompt("C", (4, 4), 4);
    let nothing = BarRules::default();
    let impossible = BarRules { strong: vec![(0, 1 << 1)], ..BarRules::default() };
    asked.bars[1].rules = vec![nothing.clone(), nothing, impossible];
    let bars = write(&mut Writer::new(Noise::new(1, 0, 4096), profile("")), &mut asked);
    let there: Vec<bool> = bars.iter().map(|bar| !bar.cells[1].1.is_empty()).collect();
    assert_eq!(there, [true, false, true, true]);
}

#[test]
fn where_time_is_short_fewer_drafts_are_drawn() {
    // With so much time for bar 2: the drafts, and what the first one took.
    let drawn = |left: Duration| {
        let mut writer = Writer::new(Slow::new(10), profile("none"));
        let clock = Rc::clone(&writer.model().clock);
        let time_left = |_| left.saturating_sub(clock.get());
        let bar = writer.next_bar_in_time(&mut alone(2, 4), &|| false, &time_left).unwrap().unwrap();
        assert!(clock.get() <= left && bar.closed.is_empty());
        (writer.drafts().to_vec(), Duration::from_micros(bar.micros))
    };
    let (all, work) = drawn(MS(100_000));
    assert_eq!(all.len(), 4);
    let counts: Vec<usize> = [2, 3, 4, 5, 8]
        .into_iter()
        .map(|times| {
            let (drafts, _) = drawn(work * times);
            assert_eq!(drafts[..], all[..drafts.len()]);
            drafts.len()
        })
        .collect();
    assert!(counts.is_sorted() && counts[0] == 1 && counts[4] == 4, "{counts:?} of {work:?} each");
}

#[test]
fn the_first_bar_after_an_edit_is_there_soon() {
    // At so much a token: how many drafts there were of the two bars after an edit, and of the first after another.
    let drawn = |token_ms: u64| {
        let mut writer = Writer::new(Slow::new(token_ms), profile("none"));
        let (clock, mut counts) = (Rc::clone(&writer.model().clock), Vec::new());
        for (revision, bars) in [(2, 2), (3, 1)] {
            let due = Due { bar: 2, left_ms: 100_000, bar_ms: 100_000 };
            let mut asked = Prompt { revision: Revision(revision), due: Some(due), ..alone(3, 4) };
            for bar in 0..bars {
                let begun = clock.get();
                writer.next_bar_in_time(&mut asked, &|| false, &|_| MS(100_000)).unwrap().unwrap();
                let took = clock.get().saturating_sub(begun);
                assert!(bar > 0 || writer.drafts().len() == 1 || took < MS(100), "{took:?} of {token_ms} ms a token");
                counts.push(writer.drafts().len());
            }
        }
        counts
    };
    assert_eq!(drawn(1)[1..], [4, 4]);
    let slower = drawn(3);
    assert!(slower[0] < 4 && slower[2] < 4 && slower[1] == 4, "{slower:?}");
    assert_eq!(drawn(20), [1, 4, 1]);
}

#[test]
fn a_first_draft_that_would_be_late_is_closed_by_force() {
    let whole = {
        let mut writer = Writer::new(Slow::new(10), profile("none"));
        writer.next_bar(&mut alone(2, 1), &|| false).unwrap();
        writer.drafts()[0].clone()
    };
    // The machine becomes slower after so many tokens, and the bar is due before it is done.
    let mut kept = Vec::new();
    for tokens in [3, 4, 5] {
        let mut writer = Writer::new(Slow::new(10), profile("none"));
        writer.warm_up().unwrap();
        let (clock, token) = (Rc::clone(&writer.model().clock), Rc::clone(&writer.model().token));
        let begun = clock.get();
        let due = begun + MS(300);
        let time_left = |_| {
            if clock.get() > begun + MS(40 + 10 * tokens) {
                token.set(MS(100));
            }
            due.saturating_sub(clock.get())
        };
        let mut asked = alone(2, 4);
        let bar = writer.next_bar_in_time(&mut asked, &|| false, &time_left).unwrap().unwrap();
        assert_eq!((bar.closed.as_slice(), writer.drafts().len()), (&[0][..], 1), "{tokens} tokens of {whole}");
        // Some 50 ms before it is due, and not much earlier.
        assert!(clock.get() <= due && due <= clock.get() + MS(50 + 100 + 40), "{:?} of {due:?}", clock.get());
        let text = &writer.drafts()[0];
        kept.push(text.bytes().zip(whole.bytes()).take_while(|(a, b)| a == b).count());
        let (measure, diagnostics) = read_bar(&bar.cells[0].1, &asked.key, asked.meter, STREAM_UNIT, &[]);
        assert!(diagnostics.iter().all(|diagnostic| diagnostic.message.contains("tie")), "{diagnostics:?}");
        assert_eq!(measure.length, asked.meter.bar_length());
        assert!(!measure.notes.is_empty());
        // What all of it would have taken is more than what it took.
        assert!(begun + Duration::from_micros(bar.micros) > clock.get(), "{bar:?}");
    }
    assert!(kept.is_sorted() && kept[0] >= 3 && kept[2] > kept[0], "{kept:?} of {whole}");
}

/// Plays as the conductor does: bars of two seconds are committed at their time, by the ladder where there are none. Gives who made each
/// bar from the second on, `m`, `c` for closed by force, `l` for the ladder, and what the model read.
fn play(
    writer: &mut Writer<Slow>,
    bars: usize,
    ahead: usize,
    token_ms: &dyn Fn(usize) -> u64,
) -> (String, Vec<String>) {
    let bar_time = MS(2000);
    let (clock, token) = (Rc::clone(&writer.model().clock), Rc::clone(&writer.model().token));
    let (start, mut made, mut read) = (clock.get(), String::new(), Vec::new());
    let mut asked = alone(bars, 4);
    let mut ready = vec![None; bars];
    for next in 1..bars {
        token.set(MS(token_ms(next)));
        let commit = |index: usize| start + bar_time * index as u32;
        while clock.get() < commit(next) {
            let left = commit(next).saturating_sub(clock.get());
            let due = Due { bar: next as i64 + 1, left_ms: left.as_millis() as u32, bar_ms: 2000 };
            let mut view = Prompt { due: Some(due), ..asked.clone() };
            view.bars.truncate(next + ahead);
            let time_left = |number: i64| commit(number as usize - 1).saturating_sub(clock.get());
            let Some(bar) = writer.next_bar_in_time(&mut view, &|| false, &time_left).unwrap() else { break };
            let index = bar.number as usize - 1;
            assert!(clock.get() <= commit(index), "bar {} is late", bar.number);
            asked.bars[index].cells[0] = Some(bar.cells[0].1.clone());
            ready[index] = Some(if bar.closed.is_empty() { 'm' } else { 'c' });
            read.push(writer.model().text());
        }
        clock.set(clock.get().max(commit(next)));
        made.push(ready[next].unwrap_or('l'));
        asked.bars[next].cells[0].get_or_insert_with(|| "G8".into());
    }
    (made, read)
}

#[test]
fn a_model_too_slow_for_the_tempo_joins_in_at_phrase_lines() {
    // Some 20 tokens a bar of two seconds.
    let mut shares = Vec::new();
    for token_ms in [50, 170, 250, 400] {
        let mut writer = Writer::new(Slow::new(token_ms), profile("none"));
        writer.warm_up().unwrap();
        let ahead = if token_ms < 80 { 4 } else { 8 };
        let (made, read) = play(&mut writer, 64, ahead, &|_| token_ms);
        // Without the first phrase, and the last ones, behind which the music ends.
        let rows: Vec<&str> = (0..12).map(|row| &made[3 + 4 * row..7 + 4 * row]).collect();
        let by_model = |row: &&str| row.chars().take_while(|&by| by != 'l').count();
        println!("{token_ms} ms a token: {}", rows.join(" "));
        if token_ms > 150 {
            // Where it plays in a phrase, it plays from its start.
            for row in &rows {
                assert!(row[by_model(row)..].chars().all(|by| by == 'l'), "{token_ms} ms: {made}");
            }
        }
        shares.push(rows.concat().chars().filter(|&by| by == 'm').count());
        // Of bars that were left out the model has seen nothing: each line before the last has its voice, and a bar line.
        for text in read {
            let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("[V:")).collect();
            assert!(lines[..lines.len() - 1].iter().all(|line| line.len() > 12 && line.ends_with(" |")), "{text}");
        }
    }
    println!("of 48 bars: {shares:?}");
    assert_eq!(shares[0], 48);
    assert!(shares[1] > 24 && shares[2] > 18 && shares[3] >= 12, "{shares:?}");
    assert!(shares.iter().rev().is_sorted(), "{shares:?}");
}

#[test]
fn a_machine_that_is_busy_for_a_while_costs_a_few_bars_and_no_more() {
    let mut writer = Writer::new(Slow::new(10), profile("none"));
    writer.warm_up().unwrap();
    let (made, _) = play(&mut writer, 48, 4, &|bar| if (16..24).contains(&bar) { 400 } else { 10 });
    println!("{made}");
    assert!(made[..15].chars().all(|by| by == 'm'), "{made}");
    assert!(made[28..].chars().all(|by| by == 'm'), "{made}");
    assert!(made.contains('l') || made.contains('c'), "{made}");
}

/// A later draft that takes too long is given up, and the bar is there in time.
#[test]
fn a_draft_that_would_be_late_is_given_up() {
    let once = Writer::new(Slow::new(10), profile("none")).next_bar(&mut alone(2, 1), &|| false).unwrap().unwrap();
    let mut writer = Writer::new(Slow::new(10), profile("none"));
    let (clock, token) = (Rc::clone(&writer.model().clock), Rc::clone(&writer.model().token));
    // There is time for four drafts, but from the second on the machine is slower.
    let due = Duration::from_micros(once.micros) * 6;
    let left = |_| {
        if clock.get() > Duration::from_micros(once.micros) + MS(50) {
            token.set(MS(400));
        }
        due.saturating_sub(clock.get())
    };
    let bar = writer.next_bar_in_time(&mut alone(2, 4), &|| false, &left).unwrap().unwrap();
    assert!(clock.get() <= due, "{:?} of {due:?}", clock.get());
    assert_eq!((bar.cells, bar.closed, writer.drafts().len()), (once.cells, Vec::new(), 1));
}

#[test]
fn drums_and_keys_are_written_by_models_that_know_them() {
    let write = |roles: &str| {
        let profile: Profile = toml::from_str(&format!("home_key = 'none'\n{roles}")).unwrap();
        let mut writer = Writer::new(Noise::new(2, 300, 8192), profile);
        let mut asked = prompt("E", (4, 4), 12);
        let rules = VoiceRules { range: (30, 81), classes: Some(0b1010_1011_0101), ..VoiceRules::default() };
        asked.voices = vec![
            PromptVoice { rules, ..voice("kit", Role::Drums, true) },
            PromptVoice { rules, ..voice("keys", Role::Keys, true) },
        ];
        asked.bars = vec![PromptBar { cells: vec![None, None], ..PromptBar::default() }; 12];
        write(&mut writer, &mut asked);
        [0, 1].map(|voice| obeyed::measures(&asked, voice, 0))
    };
    let chord = |bar: &Measure| bar.notes.windows(2).any(|pair| pair[0].onset == pair[1].onset);
    for roles in ["roles = ['kit', 'keys', 'lead']", ""] {
        let [kit, keys] = write(roles);
        let pitches: Vec<i32> = kit.iter().flat_map(|bar| &bar.notes).map(|note| note.pitch.midi()).collect();
        // Nothing is transposed into the drums of the key below, a scale says nothing of them, and there are no whistles.
        assert!(
            pitches.iter().all(|midi| (35..=75).contains(midi) && ![52, 55, 58, 65, 71, 73, 74].contains(midi)),
            "{pitches:?}"
        );
        assert!(pitches.iter().any(|midi| 0b1010_1011_0101 >> (midi % 12) & 1 == 0), "{pitches:?}");
        assert!(kit.iter().any(chord) && keys.iter().any(chord));
    }
    // One that knows neither: no drums, and keys as a melody.
    let [kit, keys] = write("roles = true");
    assert!(kit.iter().all(|bar| bar.notes.is_empty()));
    assert!(keys.iter().all(|bar| !bar.notes.is_empty() && !chord(bar)));
}

/// The scoreboard of a model that knows nothing: all bars full by the mask, hardly one without it.
#[test]
fn a_model_that_writes_at_random_is_judged_as_such() {
    let plan = Plan { seeds: 1, pieces: 1, long_runs: 1, long_bars: 4, distinct: 3, free_rows: 2 };
    let mut writer = Writer::new(Noise::new(1, 400, 8192), profile("none"));
    let figures = audition(&mut writer, None, &plan, &|_| ()).unwrap().0;
    let figure = |name: &str| figures.iter().find(|figure| figure.0 == name).map(|figure| figure.1);
    let expected = [("full_bars_share", 1.0), ("obeyed_metre", 1.0), ("distinct_phrases_share", 1.0)];
    for (name, value) in expected {
        assert_eq!(figure(name), Some(value), "{name}");
    }
    assert!(figure("full_bars_unmasked_share").is_some_and(|share| share < 0.2));
    // Leanings hear words where the model does not: chance is a third.
    let obeyed = |name: &str| {
        ["density", "register", "motion"].map(|band| figure(&format!("{name}_{band}")).unwrap()).iter().sum::<f64>()
    };
    assert!(obeyed("obeyed") > obeyed("chance") + 0.3, "{} and {}", obeyed("obeyed"), obeyed("chance"));
    // Nothing is held against what nobody has learned.
    assert!(figures.iter().all(|figure| !figure.0.contains("heldout") && !figure.0.contains("inside")));
    assert_eq!(writer.profile(), &profile("none"));
}
