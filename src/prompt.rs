//! The prompt file as values: scenes, their voices, and the words for the model. Pure; no I/O.
//!
//! A prompt file is plain ABC; what other programs ignore (voice properties, comment lines) is what this module reads.

mod drums;
mod expression;
mod form;
mod hand;
mod hardware;
mod harmony;
mod heard;
mod loudness;
mod possible;
mod property;
mod rhythm;
mod section;
mod seed;
mod signature;
mod voice;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use form::{Form, Place, Section};
pub use hardware::Lane;
pub use harmony::Harmony;
pub use property::is_property;
pub use seed::SeedBar;
pub(crate) use seed::{Repeats, seed_bars};
pub use voice::{By, Voice};

use crate::abc::ast::{Directive, Tune, VoiceHeader};
use crate::abc::key::Key;
use crate::abc::parse::parse;
use crate::abc::{Diagnostic, Meter, Severity, Span};
use crate::compose::OwnWords;
use crate::rig::Rig;
use crate::steer::{Lexicon, overruled};
use crate::time::{Beats, Tempo};
use section::Parts;
use words::{Wish, Words};

/// How many voices a scene may have.
pub const MAX_VOICES: usize = 32;

/// One tune of a prompt file, ready to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// `X:`, or its place in the file.
    pub number: u32,
    pub title: String,
    pub meter: Meter,
    pub unit: Beats,
    pub key: Key,
    pub tempo: Option<Tempo>,
    /// Where that leads, and in how many bars: `Q:1/4=120..140/8`.
    pub ramp: Option<(Tempo, u32)>,
    /// Bars in a phrase, 1 to 64.
    pub phrase: u32,
    /// In the order of the text; at least one.
    pub voices: Vec<Voice>,
    /// The chords of its chart, if there is one.
    pub harmony: Option<Harmony>,
    /// Its sections. Where there are any, they have the bars that play; those of `voices` are the whole tune's.
    pub form: Option<Arc<Form>>,
    words: Vec<Words>,
    /// What those for all voices mean, in the order of the bars.
    wishes: Vec<Wish>,
    /// The same for each voice that has words of its own.
    own: Vec<(usize, Vec<Wish>)>,
    /// What it was read from.
    pub source: Arc<Source>,
    /// The rig with which it was read.
    pub rig: Arc<Source>,
}

/// A text as it was evaluated, all scenes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub path: PathBuf,
    pub text: String,
}

impl Scene {
    /// The words for all voices in force in bar `bar` of the scene, from 0.
    #[must_use]
    pub fn words_at(&self, bar: i64) -> Vec<String> {
        self.lines(None, bar)
    }

    /// What they mean in control words.
    #[must_use]
    pub fn control_at(&self, bar: i64) -> Vec<String> {
        let wish = in_force(&self.wishes, bar);
        wish.map_or_else(Vec::new, |wish| wish.in_force.iter().map(|&word| word.to_owned()).collect())
    }

    /// The words for one voice alone in force in a bar, and what they come to together with those for all, which they overrule;
    /// `None` where the voice has none.
    #[must_use]
    pub fn own_words_at(&self, voice: usize, bar: i64) -> Option<OwnWords> {
        let (_, wishes) = self.own.iter().find(|(own, _)| *own == voice)?;
        let own = in_force(wishes, bar)?;
        let all = in_force(&self.wishes, bar).map_or(&[][..], |wish| &wish.in_force);
        let control = overruled(all, &own.in_force, &own.refused);
        Some(OwnWords {
            words: self.lines(Some(voice), bar),
            control: control.into_iter().map(str::to_owned).collect(),
        })
    }

    /// All that is said to a voice, with the bars from which it holds, in control words and as it is written.
    #[must_use]
    pub fn words_of(&self, voice: usize) -> Vec<(usize, &str, Vec<&'static str>)> {
        let own = self.own.iter().find(|(own, _)| *own == voice).map_or(&[][..], |(_, wishes)| wishes);
        let meant = self
            .wishes
            .iter()
            .chain(own)
            .filter(|wish| wish.steers())
            .map(|wish| (wish.from, "", wish.in_force.clone()));
        let said = self.words.iter().filter(|words| words.voice.is_none_or(|own| own == voice));
        meant.chain(said.map(|words| (words.from, words.text.as_str(), Vec::new()))).collect()
    }

    fn lines(&self, voice: Option<usize>, bar: i64) -> Vec<String> {
        let holds = |words: &&Words| words.voice == voice && words.from as i64 <= bar;
        self.words.iter().filter(holds).map(|words| words.text.clone()).collect()
    }

    #[must_use]
    pub fn bar_length(&self) -> Beats {
        self.meter.bar_length()
    }
}

fn in_force(wishes: &[Wish], bar: i64) -> Option<&Wish> {
    wishes.iter().rfind(|wish| wish.from as i64 <= bar && wish.steers())
}

/// Reads a prompt file. Scenes are there even when there are errors: what can be read. `path` decides whether it is ABC or words only (`.txt`).
/// `patches` are the names that `patch=` may say, `lexicon` knows what words mean.
#[must_use]
pub fn read(path: &Path, text: &str, patches: &[String], lexicon: &Lexicon) -> (Vec<Scene>, Vec<Diagnostic>) {
    read_with(path, text, patches, lexicon, &Rig::default())
}

/// The same where there is a rig, whose outputs `out=` may name.
#[must_use]
pub fn read_with(
    path: &Path,
    text: &str,
    patches: &[String],
    lexicon: &Lexicon,
    rig: &Rig,
) -> (Vec<Scene>, Vec<Diagnostic>) {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    let known = Known { patches, rig };
    if path.extension().is_some_and(|extension| extension == "txt") {
        return words::scene(&source, known, lexicon);
    }
    let (book, mut diagnostics) = parse(text);
    let scenes: Vec<Scene> = book
        .tunes
        .iter()
        .enumerate()
        .map(|(at, tune)| {
            let fallback = at as u32 + 1;
            scene((&source, tune), fallback, known, lexicon, &mut diagnostics)
        })
        .collect();
    if scenes.is_empty() {
        let span = Span { start: 0, end: text.len() };
        let help = "a prompt begins with X:1 and K:C; a file of words alone is named .txt";
        diagnostics.push(Diagnostic::error(span, "no tune here").with_help(help));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    (scenes, diagnostics)
}

/// What voices may name.
#[derive(Clone, Copy)]
struct Known<'a> {
    patches: &'a [String],
    rig: &'a Rig,
}

/// A tune as the instrument reads it: key and metre of a section hold in all its voices and nowhere else.
#[must_use]
pub(crate) fn settled(tune: Tune) -> Tune {
    match signature::settle(&tune, &mut Vec::new()) {
        std::borrow::Cow::Owned(settled) => settled,
        std::borrow::Cow::Borrowed(_) => tune,
    }
}

/// Whether an evaluation has to be refused.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The scene of a text that takes over: the one with number `playing`, or else the first; none where the text has errors.
#[must_use]
pub fn accepted(scenes: Vec<Scene>, diagnostics: &[Diagnostic], playing: Option<u32>) -> Option<Scene> {
    if has_errors(diagnostics) {
        return None;
    }
    let at = scenes.iter().position(|scene| Some(scene.number) == playing).unwrap_or(0);
    scenes.into_iter().nth(at)
}

fn scene(
    (source, tune): (&Arc<Source>, &Tune),
    fallback: u32,
    known: Known<'_>,
    lexicon: &Lexicon,
    diagnostics: &mut Vec<Diagnostic>,
) -> Scene {
    let text = source.text.as_str();
    let tune = &*signature::settle(tune, diagnostics);
    let parts = Parts::of(tune, diagnostics);
    // What is wrong with any bar is to be said, whatever the form leaves out.
    let whole = parts.as_ref().map(|_| Tune { parts: vec![], ..tune.clone() });
    let top = whole.as_ref().unwrap_or(tune);
    let header = &tune.header;
    let mut names: Vec<&str> = header.voices.iter().map(|voice| voice.id.as_str()).collect();
    for voice in &tune.voices {
        if !names.contains(&voice.id.as_str()) {
            names.push(&voice.id);
        }
    }
    if names.is_empty() {
        names.push("1");
    }
    if names.len() > MAX_VOICES {
        diagnostics
            .push(Diagnostic::error(header.span, format!("{} voices; at most {MAX_VOICES} can play", names.len())));
        names.truncate(MAX_VOICES);
    }
    let unnamed = VoiceHeader::default();
    let before = diagnostics.len();
    let mut voices: Vec<Voice> = names
        .iter()
        .map(|name| voice::voice(text, top, name, header.voice(name).unwrap_or(&unnamed), known, diagnostics))
        .collect();
    if let Some(parts) = &parts {
        // What is wrong with bars in another metre their section says.
        let said = diagnostics.split_off(before);
        diagnostics.extend(said.into_iter().filter(|diagnostic| !parts.is_elsewhere(diagnostic.span)));
    }
    let meter = header.meter.unwrap_or(Meter::COMMON);
    let harmony = Harmony::of(&voices, meter);
    voice::comp(top, &mut voices, diagnostics);
    let before = diagnostics.len();
    possible::check(header, &voices, harmony.as_ref(), diagnostics);
    hand::check(header, &mut voices, diagnostics);
    if parts.is_some() {
        // Rhythm and chart meet section by section.
        let errors = diagnostics.split_off(before);
        diagnostics.extend(errors.into_iter().filter(|diagnostic| diagnostic.severity != Severity::Error));
    }
    voices.extend(drums::drums(top, &voices, known.patches));
    let words: Vec<Words> = match &parts {
        // At the top they hold from the start.
        Some(parts) => {
            let words = words::in_comments(parts.top_comments(), &names);
            words.into_iter().map(|words| Words { from: 0, ..words }).collect()
        }
        None => words::in_comments(&tune.comments, &names),
    };
    let mut scene = Scene {
        number: tune.number.unwrap_or(fallback),
        title: header.titles.first().cloned().unwrap_or_else(|| format!("scene {fallback}")),
        meter,
        unit: header.unit,
        key: header.key,
        tempo: header.tempo.as_ref().and_then(crate::abc::field::TempoMark::tempo),
        ramp: header.tempo.as_ref().and_then(crate::abc::field::TempoMark::target),
        phrase: phrase(&parts.as_ref().map_or_else(|| tune.directives.clone(), Parts::top_directives), diagnostics),
        wishes: words::wishes(&words, None, lexicon),
        own: words::own(&words, names.len(), lexicon),
        words: loudness::for_the_model(words.clone(), lexicon),
        voices,
        source: Arc::clone(source),
        rig: Arc::clone(&known.rig.source),
        harmony,
        form: None,
    };
    match parts {
        Some(parts) => {
            let form = section::form((text, &parts), (&scene, &words), &names, known, lexicon, diagnostics);
            scene.form = Some(Arc::new(form));
        }
        None if header.order.is_some() => {
            let message = "P: in the header orders sections, and there are none";
            let help = "P:A among the music begins one";
            diagnostics.push(Diagnostic::warning(header.span, message).with_help(help));
        }
        None => {}
    }
    scene
}

/// `%%phrase N`; 4 when it does not say.
fn phrase(directives: &[Directive], diagnostics: &mut Vec<Diagnostic>) -> u32 {
    let Some((directive, value)) =
        directives.iter().rev().find_map(|directive| Some((directive, directive.text.strip_prefix("phrase")?)))
    else {
        return 4;
    };
    if let Ok(bars @ 1..=64) = value.trim().parse() {
        return bars;
    }
    let message = "%%phrase wants a number of bars from 1 to 64";
    diagnostics.push(Diagnostic::error(directive.span, message).with_help("as in %%phrase 8"));
    4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Role;

    fn check(text: &str) -> (Scene, Vec<String>) {
        let patches = ["reed", "sub", "pluck"].map(String::from);
        let (mut scenes, diagnostics) = read(Path::new("t.abc"), text, &patches, &Lexicon::default());
        let said = diagnostics.iter().map(|diagnostic| diagnostic.display("t.abc", text)).collect();
        (scenes.remove(0), said)
    }

    #[test]
    fn a_prompt_with_voices_words_and_rules() {
        let (scene, said) = check(
            "X:1\nT:Night ferry\n% slow air; sparse, low\n% lead: answers the bass\n%- try F sharp\nM:6/8\nL:1/8\nQ:3/8=60\n\
             K:Ddor\n%%phrase 8\nV:bass by=loop patch=sub\nV:lead by=model range=D..d' scale=key grid=1/16 notes=2-8\n\
             [V:bass] D,6 | C,6 |\n% busy now\n[V:lead] A2d fed |\n%[V:lead] c6 |\n",
        );
        assert_eq!(said, [""; 0]);
        assert_eq!((scene.title.as_str(), scene.phrase), ("Night ferry", 8));
        assert_eq!(scene.tempo, Some(Tempo(90.into())));
        assert_eq!(scene.words_at(0), ["slow air; sparse, low"]);
        assert_eq!(scene.words_at(2), ["slow air; sparse, low", "busy now"]);
        assert_eq!(scene.control_at(1), ["air", "sparse", "stepwise", "low"]);
        assert_eq!(scene.control_at(2), ["air", "stepwise", "low", "busy"]);
        let own = scene.own_words_at(1, 2).unwrap();
        assert_eq!(own.words, ["answers the bass"]);
        assert_eq!(own.control, ["air", "stepwise", "low", "busy", "answer"]);
        assert_eq!(scene.own_words_at(0, 2), None);
        let [bass, lead] = &scene.voices[..] else { panic!("{:?}", scene.voices) };
        assert_eq!((bass.by, lead.by), (By::Loop, By::Model));
        assert_eq!((bass.patch.as_str(), lead.patch.as_str()), ("sub", "reed"));
        assert_eq!(bass.bars.iter().map(|bar| bar.text.as_str()).collect::<Vec<_>>(), ["D,6", "C,6"]);
        assert_eq!((lead.rules.range, lead.rules.notes, lead.rules.grid), ((62, 86), (2, 8), 6));
        assert_eq!(lead.rules.classes, Some(0b1010_1011_0101));
    }

    #[test]
    fn words_of_a_voice_overrule_those_of_the_scene() {
        let text = "X:1\n% busy, low, triplets\n% a: sparse, no triplets\n% other: high\n% b : leaping\nM:4/4\nL:1/4\nK:C\n\
                    V:a\nV:b\nV:d\n[V:a] C4 |\n% steady\n[V:a] C4 |\n% a: triplets, busy\n[V:a] C4 |\n";
        let (scene, said) = check(text);
        assert_eq!(said, [""; 0]);
        let control = |voice: usize, bar| {
            scene.own_words_at(voice, bar).map_or_else(|| scene.control_at(bar), |own| own.control).join(" ")
        };
        // There is no voice of that name, so that its line is for everybody.
        assert_eq!(
            [0, 1, 2].map(|voice| control(voice, 0)),
            ["high sparse", "busy triplets high leaping", "busy triplets high"]
        );
        assert_eq!(scene.words_at(0), ["busy, low, triplets", "other: high"]);
        // Its own words hold against later ones for all.
        assert_eq!([0, 1].map(|voice| control(voice, 1)), ["high sparse", "triplets high steady leaping"]);
        assert_eq!(control(0, 2), "high triplets busy");
    }

    #[test]
    fn a_voice_is_what_its_clef_its_name_or_its_notes_say() {
        let (scene, said) = check(
            "X:1\nM:4/4\nL:1/4\nK:D\nV:drone\nV:Bass2\nV:pad\nV:arp\nV:alto\nV:lead\nV:low\nV:kit\nV:beat clef=perc\nV:t clef=bass\n\
             V:ch\n[V:low] D,,4 |\n[V:ch] \"D\"x4 |\n",
        );
        let roles: Vec<Role> = scene.voices.iter().map(|voice| voice.role).collect();
        let expected = [
            Role::Lead,
            Role::Bass,
            Role::Keys,
            Role::Arp,
            Role::Inner,
            Role::Lead,
            Role::Bass,
            Role::Lead,
            Role::Drums,
            Role::Bass,
            Role::Chart,
        ];
        assert_eq!(roles, expected);
        assert_eq!((said.len(), said[0].contains("clef=perc")), (1, true), "{said:?}");
        assert_eq!(scene.voices[8].rules.range, (35, 81));
    }

    #[test]
    fn bad_input_has_a_place() {
        let (_, said) = check("X:1\nM:4/4\nL:1/4\nK:C\nV:a patch=organ range=q by=magic\n[V:a] CDEFG | C4 |\n");
        assert!(said.iter().any(|line| line.starts_with("t.abc:5:") && line.contains("organ")), "{said:?}");
        assert!(said.iter().any(|line| line.contains("range=")), "{said:?}");
        assert!(said.iter().any(|line| line.contains("by=")), "{said:?}");
        assert!(said.iter().any(|line| line.starts_with("t.abc:6:") && line.contains("1 × 1/4 too long")), "{said:?}");
    }

    #[test]
    fn a_voice_that_ends_with_a_repeat_sign_loops() {
        let (scene, _) = check("X:1\nM:4/4\nL:1/4\nK:C\n|: CDEF | G4 :|\n");
        assert_eq!((scene.voices[0].by, scene.voices[0].name.as_str()), (By::Loop, "1"));
        assert_eq!(scene.voices[0].bars.len(), 2);
        let (scene, _) = check("X:1\nM:4/4\nL:1/4\nK:C\nCDEF | G4 |\n");
        assert_eq!(scene.voices[0].by, By::Model);
    }

    #[test]
    fn a_voice_that_comps_plays_the_chart() {
        let text = "X:1\nM:4/4\nL:1/4\nK:C\nV:ch\nV:keys by=chords/pulse\nV:own by=chords/held range=C..c'\n\
                    [V:ch] \"C\"x4 | \"F\"x2\"G\"x2 |\n[V:own] \"Am\"x4 |\n";
        let (scene, said) = check(text);
        assert_eq!(said, [""; 0]);
        let bars = |at: usize| scene.voices[at].bars.iter().map(|bar| bar.text.as_str()).collect::<Vec<_>>();
        assert_eq!(bars(1), ["[G,CE]2 [G,CE]2 [G,CE]2 [G,CE]2", "[A,CF]2 [A,CF]2 [G,B,D]2 [G,B,D]2"]);
        assert_eq!(bars(2), ["[CEA]8"]);
        assert_eq!(scene.voices[1].by, By::Loop);
        let (scene, _) = check(
            "X:1\nM:4/4\nL:1/4\n%%MIDI program 4\n%%MIDI gchord fzcz\nK:C\nV:keys by=chords channel=3\n[V:keys] \"C\"x4 |\n",
        );
        let keys = &scene.voices[0];
        assert_eq!((keys.bars[0].text.as_str(), keys.program, keys.channel), ("C,,2 z2 [G,CE]2 z2", Some(4), Some(3)));
        let (_, said) = check("X:1\nM:4/4\nK:C\nV:keys by=chords\n[V:keys] z8 |\n");
        assert!(
            said.iter().any(|line| line.starts_with("t.abc:4:1: error: ") && line.contains("chord symbols")),
            "{said:?}"
        );
        let (_, said) = check("X:1\nM:4/4\nK:C\nV:keys by=chords/swing\n[V:keys] \"C\"x8 |\n");
        assert!(said.iter().any(|line| line.starts_with("t.abc:4:8: error: ") && line.contains("stride")), "{said:?}");
    }

    #[test]
    fn directives_between_the_bars_of_the_chart_hold_from_there_on() {
        let (scene, said) = check(
            "X:1\nM:4/4\nL:1/4\nK:C\nV:tune\nV:keys by=chords\n%%MIDI chordprog 12\nV:tune\n\"C\"C4|\n%%MIDI gchord fc\n\
             %%MIDI bassvol 99\nC4|\n%%MIDI gchordoff\nC4|\n",
        );
        assert_eq!(said, [""; 0]);
        let keys = &scene.voices[1];
        let bars: Vec<&str> = keys.bars.iter().map(|bar| bar.text.as_str()).collect();
        assert_eq!(bars, ["C,,z [G,CE]z C,,z [G,CE]z", "C,,4 [G,CE]4", "z8"]);
        let loudest = |bar: usize| keys.bars[bar].measure.notes.iter().map(|note| note.velocity).max();
        assert_eq!((loudest(0), loudest(1), keys.program), (Some(80), Some(99), Some(12)));
    }

    #[test]
    fn drumon_makes_a_drum_voice() {
        let drums = |text: &str| {
            let (scene, said) = check(text);
            assert_eq!(said, [""; 0], "{text}");
            let drums = scene.voices.into_iter().find(|voice| voice.name == "drum");
            let text = |voice: Voice| {
                assert_eq!((voice.by, voice.role), (By::Loop, Role::Drums));
                voice.bars.iter().map(|bar| bar.text.clone()).collect::<Vec<_>>().join("|")
            };
            drums.map(text).unwrap_or_default()
        };
        let tune = |directives: &str, music: &str| format!("X:1\nM:4/4\nL:1/4\n{directives}K:C\n{music}\n");
        let drum = "%%MIDI drum dzd2 36 38\n";
        assert_eq!(drums(&tune(drum, "C4|D4|")), "");
        assert_eq!(
            drums(&tune(&format!("{drum}%%MIDI drumon\n"), "C4|D4|E4|")),
            "C,,2 z2 D,,4",
            "one bar, over and over"
        );
        assert_eq!(drums(&tune(&format!("{drum}%%MIDI drumbars 2\n%%MIDI drumon\n"), "C4|D4|")), "C,,4 z4|D,,8");
        let later = "C4|\n%%MIDI drumon\nD4|\n%%MIDI drumoff\nE4|";
        assert_eq!(drums(&tune(drum, later)), "z8|C,,2 z2 D,,4|z8", "along the tune where it changes");
        assert_eq!(drums(&tune("%%MIDI drum dzd2 36 38\n%%MIDI drumon\n", "V:a\nV:b\nV:a\nC4|")), "C,,2 z2 D,,4");
        let own = "X:1\nM:4/4\nL:1/4\n%%MIDI drum d 36\n%%MIDI drumon\nK:C\nV:drum by=loop\n[V:drum] C,4|\n";
        let (scene, _) = check(own);
        assert_eq!(
            (scene.voices.len(), scene.voices[0].bars[0].text.as_str()),
            (1, "C,8"),
            "the performer's own stays"
        );
        let (scene, _) = check(&tune("%%MIDI drum dd 36 38 120 30\n%%MIDI drumon\n", "C4|"));
        let velocities: Vec<u8> = scene.voices[1].bars[0].measure.notes.iter().map(|note| note.velocity).collect();
        assert_eq!(velocities, [120, 30]);
    }

    #[test]
    fn pickups_and_split_bars_become_full_bars() {
        let (scene, said) = check("X:1\nM:3/4\nL:1/4\nK:G\nD | G2 A | B2 || c | d3 |\n");
        let bars: Vec<_> = scene.voices[0].bars.iter().map(|bar| bar.text.as_str()).collect();
        assert_eq!(bars, ["z4 D2", "G4 A2", "B4 c2", "d6"], "{said:?}");
    }

    #[test]
    fn ties_to_another_note_are_taken_back() {
        let (scene, _) = check("X:1\nM:4/4\nL:1/4\nK:C\n^c4- | =c2 ^c2- | ^c4 |\n");
        let bars: Vec<_> = scene.voices[0].bars.iter().map(|bar| bar.text.as_str()).collect();
        assert_eq!(bars, ["^c8", "c4 ^c4-", "^c8"]);
    }

    #[test]
    fn words_alone_are_a_scene() {
        let text = "A jig in D dorian at 110,\nbusy and rising.\n";
        let (scenes, said) = read(Path::new("a.txt"), text, &[], &Lexicon::default());
        assert_eq!(said, []);
        let scene = &scenes[0];
        assert_eq!((scene.meter.to_string(), scene.key.to_string()), ("6/8".into(), "Ddor".into()));
        assert_eq!(scene.tempo.unwrap().quarters_per_minute(), 165.0);
        assert_eq!((scene.voices.len(), scene.voices[0].by), (1, By::Model));
        assert_eq!(scene.words_at(0), ["A jig in D dorian at 110,", "busy and rising."]);
        assert_eq!(scene.control_at(0), ["jig", "busy", "rising"]);
    }
}
