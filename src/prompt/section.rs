//! The sections of a tune: its text cut at the `P:` marks, each part read as a scene with the voices of the whole. Pure.
//!
//! What stands before the first mark belongs to every section: words, `%%` lines, and the notes of a voice wherever the section gives
//! it none. A bar belongs to the mark before it in the text, so that a voice may come back to a section under the same mark.

use std::collections::HashSet;
use std::sync::Arc;

use super::form::{Form, Section};
use super::loudness::for_the_model;
use super::seed::{Repeats, SeedBar, seed_bars};
use super::signature::{self, Said};
use super::words::{self, Words};
use super::{By, Harmony, Known, Scene, Source, Voice, drums, phrase, possible, scene, voice};
use crate::abc::ast::{self, Bar, Change, Comment, Directive, Header, Item, Symbol, Tune, VoiceHeader};
use crate::abc::{Diagnostic, Meter, Severity, Span};
use crate::steer::Lexicon;

/// A form has no more sections.
const MOST_SECTIONS: usize = 32;

/// Which part of a tune a place of its text belongs to.
pub(super) struct Parts<'a> {
    tune: &'a Tune,
    /// In the order of their first marks.
    names: Vec<&'a str>,
    /// What each says of key and metre.
    said: Vec<Said>,
    /// Where a mark stands, and the part that it begins.
    marks: Vec<(usize, usize)>,
    /// Bars in another metre than the scene's.
    elsewhere: HashSet<Span>,
}

impl<'a> Parts<'a> {
    /// `None` for a tune without marks. The tune is settled ([`super::signature::settle`]).
    pub fn of(tune: &'a Tune, diagnostics: &mut Vec<Diagnostic>) -> Option<Parts<'a>> {
        let (mut names, mut marks): (Vec<&str>, Vec<(usize, usize)>) = Default::default();
        for mark in &tune.parts {
            let at = names.iter().position(|name| *name == mark.name).unwrap_or_else(|| {
                names.push(&mark.name);
                names.len() - 1
            });
            if at == MOST_SECTIONS {
                diagnostics.push(Diagnostic::error(mark.span, format!("more than {MOST_SECTIONS} sections")));
                names.pop();
                break;
            }
            marks.push((mark.span.start, at));
        }
        if names.is_empty() {
            return None;
        }
        let all = signature::said(tune);
        let said = names.iter().map(|name| all.get(name).copied().unwrap_or_default()).collect();
        let mut parts = Parts { tune, names, said, marks, elsewhere: HashSet::new() };
        for part in 0..parts.names.len() {
            let own = parts.tune(Some(part));
            if own.header.meter().bar_length() != tune.header.meter().bar_length() {
                parts.elsewhere.extend(own.voices.iter().flat_map(|voice| &voice.bars).map(|bar| bar.span));
            }
        }
        Some(parts)
    }

    /// Whether a bar is in another metre than the scene.
    pub fn is_elsewhere(&self, bar: Span) -> bool {
        self.elsewhere.contains(&bar)
    }

    /// `None` for the top, before the first mark.
    fn at(&self, place: usize) -> Option<usize> {
        let before = self.marks.partition_point(|(start, _)| *start <= place);
        Some(self.marks[before.checked_sub(1)?].1)
    }

    fn of_bar(&self, bar: &Bar) -> Option<usize> {
        self.at(bar.music_start())
    }

    /// The comments at the top.
    pub fn top_comments(&self) -> impl Iterator<Item = &'a Comment> {
        self.tune.comments.iter().filter(|comment| self.at(comment.span.start).is_none())
    }

    pub fn top_directives(&self) -> Vec<Directive> {
        self.directives(None)
    }

    /// Those at the top and those of a part.
    fn directives(&self, part: Option<usize>) -> Vec<Directive> {
        let here = |directive: &&Directive| {
            let at = self.at(directive.span.start);
            at.is_none() || at == part
        };
        self.tune.directives.iter().filter(here).cloned().collect()
    }

    /// A part, or the top, as a tune of its own: with the bars and words that stand in it, and the directives of the top besides its own.
    fn tune(&self, part: Option<usize>) -> Tune {
        let own = |voice: &ast::Voice| {
            let bars = voice.bars.iter().filter(|bar| self.of_bar(bar) == part).cloned().collect();
            ast::Voice { id: voice.id.clone(), bars }
        };
        let voices: Vec<ast::Voice> = self.tune.voices.iter().map(own).collect();
        let count = |place: usize| {
            let before = |voice: &ast::Voice| voice.bars.partition_point(|bar| bar.music_start() < place);
            voices.iter().map(before).max().unwrap_or(0)
        };
        let here = |comment: &&Comment| self.at(comment.span.start) == part;
        let comments: Vec<Comment> = self
            .tune
            .comments
            .iter()
            .filter(|comment| comment.whole_line)
            .filter(here)
            .map(|comment| Comment { after_bars: Some(count(comment.span.start)), ..comment.clone() })
            .collect();
        let mut header = Header { order: None, ..self.tune.header.clone() };
        if let Some(part) = part {
            let pitched =
                voices.iter().filter(|voice| !header.voice(&voice.id).is_some_and(VoiceHeader::is_percussion));
            // What is not said behind the mark all its voices may say, each for itself.
            let key = self.said[part]
                .key
                .or(signature::common(pitched.filter_map(|v| v.bars.first()), |bar| bar.context.key));
            let of_bars = || signature::common(voices.iter().filter_map(|v| v.bars.first()), |bar| bar.context.meter);
            let meter = self.said[part].meter.map(|(_, meter)| meter).or_else(of_bars);
            header.key = key.unwrap_or(header.key);
            header.meter = meter.filter(|meter| *meter != header.meter()).or(header.meter);
        }
        let directives = self.directives(part);
        let (number, span) = (self.tune.number, self.tune.span);
        Tune { number, span, header, voices, comments, directives, parts: vec![], fields: vec![] }
    }

    /// Whether a voice without bars in a part plays there: one that is first named in another section does not.
    fn plays(&self, name: &str, part: usize) -> bool {
        let named = self.tune.header.voice(name).and_then(|header| self.at(header.span.start));
        named.is_none_or(|named| named == part)
    }

    /// Who goes on with a voice wherever it has no bars: what the text says, or else the model, unless all that it has of the voice loops.
    pub fn by(&self, voice: &Voice) -> By {
        let Some(bars) = self.unsaid(&voice.name) else { return voice.by };
        let ends = bars.chunk_by(|a, b| self.of_bar(a) == self.of_bar(b)).map(<[Bar]>::last);
        let mut ends = ends.map(|last| voice::goes_on(last, voice.role)).peekable();
        let loops = ends.peek().is_some() && ends.all(|by| by == By::Loop);
        if loops { By::Loop } else { By::Model }
    }

    /// The bars of a voice of which the text does not say who goes on.
    fn unsaid(&self, name: &str) -> Option<&'a [Bar]> {
        let said = self.tune.header.voice(name).is_some_and(|header| header.get("by").is_some());
        self.tune.voice(name).filter(|_| !said).map(|voice| &voice.bars[..])
    }

    /// Bars that the metre or the key of the section does not fit.
    fn check(&self, part: usize, tune: &Tune, diagnostics: &mut Vec<Diagnostic>) {
        let name = self.names[part];
        let place = |bar: &Bar, is: fn(&Change) -> bool| {
            let change = |item: &&Item| matches!(&item.symbol, Symbol::Change(change) if is(change));
            bar.items.iter().find(change).map_or(bar.span, |item| item.span)
        };
        let meter = tune.header.meter();
        let other_meter =
            |bar: &&Bar| tune.header.meter.is_some() && bar.context.meter.bar_length() != meter.bar_length();
        if let Some(bar) = tune.voices.iter().flat_map(|voice| &voice.bars).find(other_meter) {
            let at = place(bar, |change| matches!(change, Change::Meter(_)));
            let message = format!("section {name} is in {meter}, and this bar in {}", bar.context.meter);
            let help = format!("M: behind P:{name} holds for all of the section");
            diagnostics.push(Diagnostic::error(at, message).with_help(help));
        }
        let drums = |voice: &ast::Voice| tune.header.voice(&voice.id).is_some_and(VoiceHeader::is_percussion);
        let pitched = tune.voices.iter().filter(|voice| !drums(voice));
        let other_key = |bar: &&Bar| bar.context.key != tune.header.key;
        if let Some(bar) = pitched.flat_map(|voice| &voice.bars).find(other_key) {
            let at = place(bar, |change| matches!(change, Change::Key(_)));
            let message = format!(
                "K: here is for these written notes alone; all else in section {name} stays in {}",
                tune.header.key
            );
            let help = format!("K: behind P:{name} holds for all of the section");
            diagnostics.push(Diagnostic::warning(at, message).with_help(help));
        }
    }

    /// Where the section's metre stands, if it is another than the scene's.
    fn other_meter(&self, part: usize, tune: &Tune) -> Option<Span> {
        let differs = tune.header.meter().bar_length() != self.tune.header.meter().bar_length();
        let mark = || self.tune.parts.iter().find(|mark| mark.name == self.names[part]).map(|mark| mark.span);
        differs.then(|| self.said[part].meter.map(|(span, _)| span).or_else(mark)).flatten()
    }
}

/// The form of a scene whose tune has `parts`; `whole` is read from all of it, its words are those at the top. `names` are the voices that words may be for.
pub(super) fn form(
    (text, parts): (&str, &Parts<'_>),
    whole: &Scene,
    names: &[&str],
    known: Known<'_>,
    lexicon: &Lexicon,
    diagnostics: &mut Vec<Diagnostic>,
) -> Form {
    let mut sections = Vec::new();
    let mut said = Vec::new();
    let top = parts.tune(None);
    let at_top = |voice: &Voice| seed_bars(text, &top, &voice.name, Repeats::Played, &mut Vec::new()).into();
    let at_top: Vec<Arc<[SeedBar]>> = whole.voices.iter().map(at_top).collect();
    let mut comped = Vec::new();
    for (part, name) in parts.names.iter().enumerate() {
        let tune = parts.tune(Some(part));
        parts.check(part, &tune, &mut said);
        let (elsewhere, mut loops) = (parts.other_meter(part, &tune), Vec::new());
        let meter = tune.header.meter.unwrap_or(Meter::COMMON);
        let mut of_bars = Vec::new();
        let last = |tune: &'_ Tune, name: &str| tune.voice(name).and_then(|voice| voice.bars.last().cloned());
        let read = |(voice, at_top): (&Voice, &Arc<[SeedBar]>)| {
            let (end, bars) = match last(&tune, &voice.name) {
                Some(end) => (Some(end), seed_bars(text, &tune, &voice.name, Repeats::Played, &mut of_bars).into()),
                // Bars of the top do not fit another metre.
                None if elsewhere.is_some() => {
                    if voice.by == By::Loop && voice.comping.is_none() && !at_top.is_empty() {
                        loops.push(voice.name.clone());
                    }
                    (None, Arc::default())
                }
                None => (last(&top, &voice.name), Arc::clone(at_top)),
            };
            let by = match &end {
                Some(_) if parts.unsaid(&voice.name).is_some() => voice::goes_on(end.as_ref(), voice.role),
                None if !parts.plays(&voice.name, part) => By::Loop,
                _ => voice.by,
            };
            signature::voice(Voice { by, bars, ..voice.clone() }, whole, &tune.header)
        };
        let mut voices: Vec<Voice> = whole.voices.iter().zip(&at_top).map(read).collect();
        if let (Some(place), [first, ..]) = (elsewhere, &loops[..]) {
            let message =
                format!("section {name} is in {meter}, and {} loops bars in {}", loops.join(" and "), whole.meter);
            let help = format!("give it notes of its own in {name}, or a bar's rest: [V:{first}] Z |");
            said.push(Diagnostic::error(place, message).with_help(help));
        }
        let phrase = phrase(&tune.directives, &mut said);
        let longest = |all: bool| {
            let own = |voice: &&Voice| tune.voice(&voice.name).is_some_and(|own| !own.bars.is_empty());
            let given = voices.iter().filter(own).filter(|voice| all || voice.by == By::Loop);
            given.map(|voice| voice.bars.len() as i64).max().unwrap_or(0)
        };
        // The seed of a model is an opening: alone it makes no section shorter than a phrase.
        let bars = if longest(false) > 0 { longest(true) } else { longest(true).max(i64::from(phrase)) };
        // What is wrong with its bars was said of the whole, but for those in another metre.
        said.extend(of_bars.into_iter().filter(|_| elsewhere.is_some()));
        let harmony = Harmony::of(&voices, meter);
        voice::comp(&tune, &mut voices, &mut comped, &mut Vec::new());
        if let Some(drums) = drums::drums(&tune, &without_drums(&voices), known.patches)
            && let Some(voice) = voices.iter_mut().find(|voice| voice.name == drums.name)
        {
            voice.bars = drums.bars;
        }
        let mut impossible = Vec::new();
        possible::check(&tune.header, &voices, harmony.as_ref(), &mut impossible);
        said.extend(impossible.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error));
        let own = words::in_comments(&tune.comments, names);
        said.extend(own.iter().find(|words| words.from as i64 >= bars).map(|late| never(late, name, bars)));
        let (wishes, of_voices) = (&whole.wishes, &whole.own);
        let scene = Scene {
            meter,
            key: tune.header.key,
            phrase,
            harmony,
            wishes: words::wishes(wishes, &own, None, lexicon),
            own: words::own(of_voices, &own, names.len(), lexicon),
            words: whole.words.iter().cloned().chain(for_the_model(own, lexicon)).collect(),
            voices,
            part: Some(((*name).to_owned(), bars)),
            ..whole.clone()
        };
        let vary = varies(&tune, &mut said);
        sections.push(Section { name: (*name).to_owned(), scene: Arc::new(scene), bars, vary });
    }
    for diagnostic in said {
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    let order = order(parts, diagnostics);
    Form::new(sections, order)
}

/// What to say of words behind the last bar of a section.
fn never(words: &Words, section: &str, bars: i64) -> Diagnostic {
    let bars = if bars == 1 { "its 1 bar".to_owned() } else { format!("its {bars} bars") };
    let message = format!("these words never hold: section {section} is over after {bars}");
    let help = "words hold from their place on; before a section's notes they are for all of it";
    Diagnostic::warning(words.span, message).with_help(help)
}

/// The drum voice of `%%MIDI drumon` is made anew.
fn without_drums(voices: &[Voice]) -> Vec<Voice> {
    voices.iter().filter(|voice| voice.name != drums::NAME).cloned().collect()
}

/// The parts of `P:` in the header; all of them in their order where it says nothing that there is.
fn order(parts: &Parts<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<usize> {
    let header = &parts.tune.header;
    let asked = header.order.as_ref().map_or(&[][..], |order| &order.parts);
    let mut missing: Vec<char> = Vec::new();
    let mut order = Vec::new();
    for &letter in asked {
        match parts.names.iter().position(|name| name.starts_with(letter)) {
            Some(part) => order.push(part),
            None if missing.contains(&letter) => {}
            None => missing.push(letter),
        }
    }
    for letter in missing {
        let message = format!("the form asks for section {letter}, which is not there");
        let help = format!("P:{letter} among the music begins it");
        diagnostics.push(Diagnostic::warning(header.order_span(), message).with_help(help));
    }
    if order.is_empty() { (0..parts.names.len()).collect() } else { order }
}

/// The scene of a tune whose form, `P:` alone, names none of its sections: it plays without them. They are to be right all the same.
pub(super) fn unplayed(
    (source, tune): (&Arc<Source>, &Tune),
    fallback: u32,
    known: Known<'_>,
    lexicon: &Lexicon,
    diagnostics: &mut Vec<Diagnostic>,
) -> Scene {
    let mut all = tune.clone();
    all.header.order = None;
    scene((source, &all), fallback, known, lexicon, diagnostics);
    let Some(parts) = Parts::of(&all, &mut Vec::new()) else {
        return scene((source, &all), fallback, known, lexicon, &mut Vec::new());
    };
    let mut scene = scene((source, &parts.tune(None)), fallback, known, lexicon, &mut Vec::new());
    let in_section = |name: &str| all.header.voice(name).is_some_and(|header| parts.at(header.span.start).is_some());
    for voice in scene.voices.iter_mut().filter(|voice| voice.bars.is_empty() && in_section(&voice.name)) {
        voice.by = By::Loop;
    }
    scene
}

/// The notes of a section of a tune, or of what stands before the first one, as a tune of its own; `None` where there is no such section.
pub(crate) fn section(tune: &Tune, name: Option<&str>) -> Option<Tune> {
    let parts = Parts::of(tune, &mut Vec::new())?;
    let Some(name) = name else { return Some(parts.tune(None)) };
    let part = parts.names.iter().position(|part| *part == name)?;
    Some(parts.tune(Some(part)))
}

/// What to say of a tune without sections that speaks of them.
pub(super) fn none(tune: &Tune, diagnostics: &mut Vec<Diagnostic>) {
    if tune.header.order.is_some() {
        let message = "P: in the header orders sections, and there are none";
        let help = "P:A among the music begins one";
        diagnostics.push(Diagnostic::warning(tune.header.order_span(), message).with_help(help));
    }
    varies(tune, diagnostics);
}

/// `%%sections vary` or `%%sections replay`; the latter when it does not say.
fn varies(tune: &Tune, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let said = tune.directives.iter().rev().find_map(|d| Some((d.span, d.text.strip_prefix("sections")?.trim())));
    match said {
        None | Some((_, "replay")) => false,
        Some((_, "vary")) => true,
        Some((span, _)) => {
            let help = "as in %%sections vary: when a section returns, it is varied";
            diagnostics.push(Diagnostic::error(span, "%%sections wants vary or replay").with_help(help));
            false
        }
    }
}

#[cfg(test)]
mod tests {
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
        let (scene, said) = check(
            "X:1\nM:4/4\nL:1/4\nK:C\nV:a by=loop\nV:b\n[V:a] F4|\n[V:b] c4|\nP:A\nK:G\nP:B\nM:3/4\nK:C\n[V:a] F3|\n",
        );
        assert_eq!(said, "");
        assert_eq!(signatures(&scene), ["A 4/4 G 0 0; 65, 72", "B 3/4 C 0 0; 65, "]);
    }

    #[test]
    fn key_and_metre_that_all_voices_of_a_section_say_are_its_own() {
        // Written voice by voice, and in one voice, where they hold on as everywhere in ABC.
        let (scene, said) =
            check("X:1\nM:4/4\nL:1/4\nK:C\nV:a\nP:A\nF4|\nP:B\nK:G\nF4|\nV:b\nP:A\nF4|\nP:B\nK:G\nF4|\n");
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
            let of = |scene: &Scene| {
                scene.voices.iter().map(|voice| format!("{:?}", voice.by)).collect::<Vec<_>>().join(" ")
            };
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
}
