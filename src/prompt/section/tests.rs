//! Sections of a prompt: what they are read as, and what is said of them.

use std::path::Path;

use crate::prompt::{Scene, read};
use crate::steer::Lexicon;

fn check(text: &str) -> (Scene, String) {
    let (mut scenes, said) = read(Path::new("t.abc"), text, &["reed".into(), "sub".into()], &Lexicon::default());
    let said: Vec<String> = said.iter().map(|diagnostic| diagnostic.display("t.abc", text)).collect();
    (scenes.remove(0), said.join("\n"))
}

/// Each section with its bars, and what the text gives each voice in it.
fn sections(scene: &Scene) -> Vec<String> {
    let form = scene.form.as_ref().expect("a form");
    let section = |section: &super::Section| {
        let voice = |voice: &super::Voice| {
            let bars: Vec<&str> = voice.bars.iter().map(|bar| bar.text.as_str()).collect();
            format!("{}: {}", voice.name, bars.join(" | "))
        };
        let voices: Vec<String> = section.scene.voices.iter().map(voice).collect();
        format!("{} {}; {}", section.name, section.bars, voices.join("; "))
    };
    form.sections.iter().map(section).collect()
}

#[test]
fn a_section_has_its_own_notes_and_those_at_the_top() {
    let (scene, said) = check(
        "X:1\nM:4/4\nL:1/4\nP:AAB\nK:C\nV:bass by=loop\nV:lead\n[V:bass] C,4 | G,4 |\nP:A\n%%phrase 8\n[V:lead] c4 | d4 |\nP:B\n\
         V:pad by=loop\n[V:bass] F,4 | F,4 | F,4 |\n[V:pad] |: [CE]4 :|\n",
    );
    assert_eq!(said, "");
    assert_eq!(
        sections(&scene),
        ["A 8; bass: C,8 | G,8; lead: c8 | d8; pad: ", "B 3; bass: F,8 | F,8 | F,8; lead: ; pad: [CE]8 | [CE]8"]
    );
    // Voice by voice under the same marks; a repeat counts.
    let (scene, said) =
        check("X:1\nM:4/4\nL:1/4\nK:C\nV:a\nP:A\n|: c4 :|\nP:B\nd4 | e4 |\nV:b by=loop\nP:A\nC4 |\nP:B\nD4 |\n");
    assert_eq!(said, "");
    assert_eq!(sections(&scene), ["A 2; a: c8 | c8; b: C8", "B 2; a: d8 | e8; b: D8"]);
}

/// Metre, key, scale of the first voice and notes of each section.
fn signatures(scene: &Scene) -> Vec<String> {
    let sections = scene.form.iter().flat_map(|form| &form.sections);
    let signature = |section: &super::Section| {
        let (scene, first) = (&section.scene, &section.scene.voices[0]);
        let pitches = |voice: &super::Voice| {
            let notes = voice.bars.iter().flat_map(|bar| &bar.measure.notes);
            notes.map(|note| note.pitch.midi().to_string()).collect::<Vec<_>>().join(" ")
        };
        let notes: Vec<String> = scene.voices.iter().map(pitches).collect();
        let (scale, rhythm) = (first.rules.classes.unwrap_or_default(), first.rhythm.len());
        format!("{} {} {} {scale:b} {rhythm}; {}", section.name, scene.meter, scene.key, notes.join(", "))
    };
    sections.map(signature).collect()
}

#[test]
fn key_and_metre_behind_a_mark_are_the_sections_and_no_others() {
    let (scene, said) = check(
        "X:1\nM:4/4\nL:1/4\nP:ABC\nK:C\nV:lead scale=key rhythm=\"A2A2\"\nV:bass by=loop\nV:kit by=loop clef=perc\n\
         P:A\n[V:bass] F,4|\n[V:kit] F,,4|\nP:B\nM:3/4\nK:G\n[V:bass] F,3|[K:F]B,3|\n[V:kit] F,,3|\nP:C\nM:4/4\nK:C\n[V:bass] F,4|B,4|\n[V:kit] F,,4|\n",
    );
    assert!(said.contains("15:14: warning: K: here is for these written notes") && !said.contains('\n'), "{said}");
    let (c, g) = ("101010110101", "101011010101");
    let expected = [
        format!("A 4/4 C {c} 1; , 53, 41"),
        format!("B 3/4 G {g} 0; , 54 58, 41"),
        format!("C 4/4 C {c} 1; , 53 59, 41"),
    ];
    assert_eq!(signatures(&scene), expected);
    assert_eq!((scene.meter.to_string(), scene.key.to_string()), ("4/4".into(), "C".into()));
    // What stands at the top is as it is written; an opening for the model in another metre is none.
    let (scene, said) =
        check("X:1\nM:4/4\nL:1/4\nK:C\nV:a by=loop\nV:b\n[V:a] F4|\n[V:b] c4|\nP:A\nK:G\nP:B\nM:3/4\nK:C\n[V:a] F3|\n");
    assert_eq!(said, "");
    assert_eq!(signatures(&scene), ["A 4/4 G 0 0; 65, 72", "B 3/4 C 0 0; 65, "]);
}

#[test]
fn key_and_metre_that_all_voices_of_a_section_say_are_its_own() {
    // Written voice by voice, and in one voice, where they hold on as everywhere in ABC.
    let (scene, said) = check("X:1\nM:4/4\nL:1/4\nK:C\nV:a\nP:A\nF4|\nP:B\nK:G\nF4|\nV:b\nP:A\nF4|\nP:B\nK:G\nF4|\n");
    assert_eq!(said, "");
    assert_eq!(signatures(&scene), ["A 4/4 C 0 0; 65, 65", "B 4/4 G 0 0; 66, 66"]);
    let (scene, said) = check("X:1\nM:4/4\nL:1/4\nK:C\nP:A\nF4|\nP:B\n[K:G][M:3/4]F3|\nP:C\nF3|\n");
    assert_eq!(said, "");
    assert_eq!(signatures(&scene), ["A 4/4 C 0 0; 65", "B 3/4 G 0 0; 66", "C 3/4 G 0 0; 66"]);
}

#[test]
fn words_of_a_section_overrule_those_at_the_top_and_end_with_it() {
    let (scene, said) = check(
        "X:1\n% low, sparse\n% a: rising\nM:4/4\nL:1/4\nK:C\nV:a\nP:A\n[V:a] C4 |\nP:B\n% busy\n% a: falling\n[V:a] C4 |\n% glorp high\n",
    );
    assert_eq!(said, "");
    let words = |section: usize, bar| {
        let scene = &scene.form.as_ref().unwrap().sections[section].scene;
        let own = scene.own_words_at(0, bar).map_or_else(String::new, |own| own.control.join(" "));
        format!("{}; {own}", scene.control_at(bar).join(" "))
    };
    assert_eq!(words(0, 3), "low sparse; low sparse rising");
    assert_eq!([words(1, 0), words(1, 1)], ["low busy; low busy falling", "busy high; busy high falling"]);
    assert_eq!(
        scene.read_back(None),
        "low sparse · a: rising · B: busy · B, bar 2: high · B, a: falling · not understood: glorp"
    );
}

#[test]
fn charts_rhythms_and_drums_go_section_by_section() {
    let text = "X:1\nM:4/4\nL:1/4\n%%MIDI drum d 36\n%%MIDI drumon\nK:C\nV:ch\nV:keys by=chords/held\nV:lead chart=strong range=C..D rhythm=\"A4|A2A2\"\n\
                P:A\n[V:ch] \"C\"x4 | \"D\"x4 |\nP:B\n[V:ch] \"Em\"x4 |\n";
    let (scene, said) = check(text);
    assert!(
        said.contains("cannot be met together") && said.contains("in bar 1 of the chart") && !said.contains('\n'),
        "{said}"
    );
    let sections = sections(&scene);
    assert!(
        sections[0].starts_with("A 2; ch: \"C\"x8 | \"D\"x8; keys: [G,CE]8 | [^F,A,D]8; lead: ; drum: C,,8"),
        "{sections:?}"
    );
    assert!(sections[1].starts_with("B 1; ch: \"Em\"x8; keys: [G,B,E]8; lead: ; drum: C,,8"), "{sections:?}");
}

#[test]
fn a_repeat_sign_loops_in_its_section() {
    let by = |body: &str| {
        let (scene, said) = check(&format!("X:1\nM:4/4\nL:1/4\nK:C\nV:a\nV:b by=model\n{body}\n"));
        assert_eq!(said, "");
        let of =
            |scene: &Scene| scene.voices.iter().map(|voice| format!("{:?}", voice.by)).collect::<Vec<_>>().join(" ");
        let sections = scene.form.as_ref().unwrap().sections.iter().map(|section| of(&section.scene));
        sections.chain([of(&scene)]).collect::<Vec<_>>()
    };
    let body = "P:A\n[V:a] |: C4 :|\n[V:b] |: E4 :|\nP:B\n[V:a] D4 |\n";
    assert_eq!(by(body), ["Loop Model", "Model Model", "Model Model"]);
    // Where a voice has no notes it is what it is elsewhere.
    assert_eq!(by("P:A\n[V:a] |: C4 :|\nP:B\n[V:b] E4 |"), ["Loop Model", "Loop Model", "Loop Model"]);
    assert_eq!(by("[V:a] C4 |\nP:A\n[V:a] |: C4 :|\nP:B\n"), ["Loop Model", "Model Model", "Model Model"]);
}

#[test]
fn a_form_that_names_nothing_leaves_the_tune_without_its_sections() {
    let plain = "X:1\n% low\nM:4/4\nL:1/4\nK:C\nV:a by=loop\nV:b\n[V:a] C4 | D4 |\n% high\n[V:b] E4 |\n";
    let section = "P:A\n%%phrase 8\n% busy\n[V:a] F4 | G4 | A4 |\nV:pad\n";
    let with = |order: &str| check(&format!("{}{section}", plain.replace("K:C\n", &format!("{order}K:C\n"))));
    let ((scene, said), (alone, _)) = (with("P:\n"), check(plain));
    assert_eq!(said, "");
    let (pad, others) = scene.voices.split_last().expect("voices");
    let music = |voices: &[super::Voice]| -> Vec<_> {
        voices.iter().map(|voice| (voice.name.clone(), voice.by, voice.bars.len())).collect()
    };
    assert_eq!((music(others), pad.by, pad.bars.len()), (music(&alone.voices), super::By::Loop, 0));
    let rest = |scene: &Scene| (scene.form.is_none(), scene.phrase, scene.read_back(None));
    assert_eq!(rest(&scene), (true, 4, "low · bar 3: high".to_owned()));
    assert_eq!(rest(&scene), rest(&alone));
    assert_eq!(with("P:A\n").0.form.as_ref().map(|form| form.bars()), Some(3));
    // What waits is to be right.
    let (_, said) = check(&format!("{plain}{section}").replace("K:C\n", "P:\nK:C\n").replace("A4 |", "A5 |"));
    assert!(said.contains("too long"), "{said}");
}

#[test]
fn sections_of_a_tune_that_has_none_are_checked() {
    let (_, said) = check("X:1\nM:4/4\nL:1/4\n%%sections shuffle\nK:C\nC4|\n");
    assert!(said.starts_with("t.abc:4:1: error: %%sections wants vary or replay"), "{said}");
}

#[test]
fn what_a_section_cannot_be_is_said_with_its_place() {
    for (body, expected) in [
        ("P:A\nC4|\nP:B\nC4|[M:3/4]C3|", "t.abc:9:4: error: section B is in 4/4, and this bar in 3/4 ("),
        ("P:A\nC4|\nP:B\nM:3/4\nC3|C4|", "t.abc:10:4: error: the bar is 1 × 1/4 too long for 3/4 ("),
        (
            "P:A\nC4|\nP:B\nC4|[K:G]F4|",
            "t.abc:9:4: warning: K: here is for these written notes alone; all else in section B stays in C (",
        ),
        (
            "P:A\nC4|\nP:B\nK:G\nM:3/4\nF3|\nP:C\nF4|",
            "t.abc:12:1: warning: section C is in 4/4 and C; other programs go on in 3/4 and G there (M:4/4 and K:C behind P:C says it to all)",
        ),
        (
            "P:A\nC4|\nP:B\nM:3/4\nF3|\nP:C\nK:F\nF4|",
            "t.abc:11:1: warning: section C is in 4/4; other programs go on in 3/4 there (M:4/4 behind P:C says it to all)",
        ),
        (
            "V:a by=loop\nV:b by=loop\n[V:a]C4|\n[V:b]C4|\nP:A\nP:B\nM:3/4\n[V:b]C3|",
            "t.abc:12:1: error: section B is in 3/4, and a loops bars in 4/4 (give it notes of its own in B, or a bar's rest: [V:a] Z |)",
        ),
        ("P:A\n%%phrase 99\nC4|", "t.abc:7:1: error: %%phrase wants a number of bars"),
        ("P:A\n%%sections shuffle\nC4|", "t.abc:7:1: error: %%sections wants vary or replay"),
        ("P:B\nC4|", "t.abc:2:1: warning: the form asks for section A, which is not there"),
        ("C4|", "t.abc:2:1: warning: P: in the header orders sections, and there are none"),
        (
            "P:A\n%%phrase 1\nC4|\n% low",
            "t.abc:9:1: warning: these words never hold: section A is over after its 1 bar",
        ),
        ("P:A\nC5|", "t.abc:7:1: error: the bar is 1 × 1/4 too long"),
    ] {
        let (_, said) = check(&format!("X:1\nP:AA\nM:4/4\nL:1/4\nK:C\n{body}\n"));
        assert!(said.starts_with(expected) && !said.contains('\n'), "{body}: {said}");
    }
}
