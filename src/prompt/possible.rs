//! Whether what is asked of a voice can be met: the bar automaton is asked. Pure.

use super::harmony::Harmony;
use super::property::CONSTRAINTS;
use super::voice::{range, rhythmic};
use super::{By, Voice};
use crate::abc::ast::Header;
use crate::abc::bar::Automaton;
use crate::abc::field::Property;
use crate::abc::key::Key;
use crate::abc::{Diagnostic, Meter};
use crate::compose::{BarRules, Role, VoiceRules};

/// Bars of rhythm and chart together that are looked at.
const MOST_BARS: usize = 1024;

/// Says which constraints of the model's voices cannot be met, each with the fewest others that it fails with.
pub(super) fn check(header: &Header, voices: &[Voice], harmony: Option<&Harmony>, diagnostics: &mut Vec<Diagnostic>) {
    for voice in voices.iter().filter(|voice| voice.by == By::Model && voice.role != Role::Chart) {
        let Some(line) = header.voice(&voice.name) else { continue };
        let said = |name: &&str| line.properties.iter().rfind(|property| property.name == **name);
        let said: Vec<&Property> = CONSTRAINTS.iter().filter_map(said).collect();
        if voice.strong && harmony.is_none() {
            let place =
                said.iter().find(|property| property.name == "chart").map_or(line.span, |property| property.span);
            let message = "no voice has chord symbols: chart=strong asks nothing";
            diagnostics
                .push(Diagnostic::warning(place, message).with_help("a chart is a voice such as [V:ch] \"Am\"x4 |"));
        }
        // Most voices ask nothing, and texts may have many of them.
        if said.is_empty() {
            continue;
        }
        let meter = header.meter.unwrap_or(Meter::COMMON);
        let fault = |said: &[&Property]| fault(voice, said, &header.key, meter, harmony);
        let (Some(why), None) = (fault(&said), fault(&[])) else { continue };
        let mut guilty = said.clone();
        let mut reason = why;
        for property in &said {
            let others: Vec<&Property> = guilty.iter().copied().filter(|other| other != property).collect();
            if let Some(why) = fault(&others) {
                (guilty, reason) = (others, why);
            }
        }
        guilty.sort_by_key(|property| property.span.start);
        let Some(last) = guilty.last() else { continue };
        let names: Vec<String> = guilty.iter().map(|property| written(property)).collect();
        let message = match &names[..] {
            [one] => format!("{one} cannot be met in {meter}"),
            [others @ .., last] => format!("{} and {last} cannot be met together", others.join(", ")),
            [] => continue,
        };
        diagnostics.push(Diagnostic::error(last.span, message).with_help(reason));
    }
}

/// Why no bar keeps these of the voice's constraints, if none does.
fn fault(voice: &Voice, said: &[&Property], key: &Key, meter: Meter, harmony: Option<&Harmony>) -> Option<String> {
    let says = |name: &str| said.iter().any(|property| property.name == name);
    let (theirs, usual) = (&voice.rules, VoiceRules::default());
    let rules = VoiceRules {
        range: if says("range") { theirs.range } else { range(voice.role) },
        classes: theirs.classes.filter(|_| says("scale")),
        grid: if says("grid") { theirs.grid } else { usual.grid },
        notes: if says("notes") { theirs.notes } else { usual.notes },
    };
    let rhythm = if says("rhythm") { &voice.rhythm[..] } else { &[] };
    let rules = if rhythm.is_empty() { rules } else { rhythmic(rules, says) };
    let chart = harmony.filter(|_| voice.strong && says("chart")).map_or(&[][..], |harmony| &harmony.bars);
    let bars = lcm(rhythm.len().max(1), chart.len().max(1)).min(MOST_BARS);
    let mut known: Vec<(usize, usize)> = Vec::new();
    (0..bars).find_map(|bar| {
        let (beat, chord) = (bar % rhythm.len().max(1), bar % chart.len().max(1));
        let asked =
            BarRules { rhythm: rhythm.get(beat).cloned(), strong: chart.get(chord).cloned().unwrap_or_default() };
        let same = |&(beat, chord): &(usize, usize)| {
            rhythm.get(beat) == asked.rhythm.as_ref() && chart.get(chord).is_none_or(|strong| *strong == asked.strong)
        };
        if known.iter().any(same) {
            return None;
        }
        known.push((beat, chord));
        let rules = rules.of_bar(&asked, voice.role, meter, key.signature, 0, voice.role.is_chordal());
        let why = rules.and_then(Automaton::new).err()?;
        Some(match (rhythm.len() > 1, chart.is_empty()) {
            (_, false) => format!("{why}, in bar {} of the chart", chord + 1),
            (true, true) => format!("{why}, in its bar {}", beat + 1),
            (false, true) => why,
        })
    })
}

/// As it stands in the text.
fn written(property: &Property) -> String {
    let quoted = property.value.contains(char::is_whitespace);
    let value = if quoted { format!("\"{}\"", property.value) } else { property.value.clone() };
    format!("{}={value}", property.name)
}

fn lcm(a: usize, b: usize) -> usize {
    let gcd = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    a / gcd(a, b) * b
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::prompt::read;
    use crate::steer::Lexicon;

    /// What is said of a voice line in 4/4 beside a chart.
    fn said(line: &str, chart: &str) -> String {
        let text = format!("X:1\nM:4/4\nL:1/8\nK:C\nV:ch\n{line}\n[V:ch] {chart} |\n");
        let (_, diagnostics) = read(Path::new("t.abc"), &text, &[], &Lexicon::default());
        diagnostics.iter().map(|diagnostic| diagnostic.display("t.abc", &text)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_cannot_be_met_is_an_error_with_its_place() {
        let c = "\"C\"x8";
        for (line, chart, expected) in [
            ("V:lead range=C..c' scale=key grid=1/16 notes=2-8 rhythm=\"A2 z A A4\" chart=strong", c, ""),
            (
                "V:lead range=C..D scale=\"F\"",
                c,
                "6:19: error: range=C..D and scale=F cannot be met together (none of these notes",
            ),
            ("V:lead scale=\"F A\" range=C..D", c, "6:20: error: scale=\"F A\" and range=C..D cannot"),
            (
                "V:lead notes=9-12 grid=1/4",
                c,
                "6:19: error: notes=9-12 and grid=1/4 cannot be met together (no bar can hold 9 to 12",
            ),
            ("V:lead grid=1/4 range=C..c notes=9-12", c, "6:28: error: grid=1/4 and notes=9-12 cannot"),
            ("V:lead notes=60-70", c, "6:8: error: notes=60-70 cannot be met in 4/4"),
            ("V:lead rhythm=\"A2 A2 A2 A2\" notes=1-3", c, "6:29: error: rhythm=\"A2 A2 A2 A2\" and notes=1-3 cannot"),
            (
                "V:lead rhythm=\"A8 | z8\" notes=1-3",
                c,
                "6:25: error: rhythm=\"A8 | z8\" and notes=1-3 cannot be met together (the rhythm has no place for 1 to 3 notes on this grid, in its bar 2)",
            ),
            ("V:lead rhythm=\"A2 A2 A2 AA\" grid=1/4", c, "6:29: error: rhythm="),
            ("V:lead rhythm=\"A2 A2 A2 A\" grid=1/4", c, "6:16: error: the rhythm's bar is 1 × 1/8 too short for 4/4"),
            ("V:lead rhythm=\"A8 | A4 A5\"", c, "6:21: error: the rhythm's bar is 1 × 1/8 too long"),
            ("V:lead range=D..E chart=strong", c, ""),
            ("V:lead range=D..E scale=\"D\" chart=strong", c, "6:29: error: scale=D and chart=strong cannot"),
            (
                "V:lead range=C..D chart=strong",
                "\"C\"x8 | \"E\"x8",
                "6:19: error: range=C..D and chart=strong cannot be met together (no chord tone is left for the strong beat 0 into the bar, in bar 2 of the chart)",
            ),
            ("V:lead range=C..D chart=strong", "\"C\"x8 | \"E\"x8", "6:19: error: range=C..D and chart=strong"),
            // C and F share C, C and D share nothing; a whole note would be held over both.
            ("V:lead rhythm=\"A8\" chart=strong", "\"C\"x4\"F\"x4", ""),
            ("V:lead rhythm=\"A8\" chart=strong", "\"C\"x4\"D\"x4", "6:20: error: rhythm=A8 and chart=strong cannot"),
            ("V:lead rhythm=\"A8 | A4 A4\" chart=strong", "\"C\"x8 | \"C\"x4\"D\"x4", ""),
            ("V:lead chart=weak", c, "6:8: error: 'weak' does not fit chart= (chart=strong"),
            ("V:lead chart=strong", "x8", "6:8: warning: no voice has chord symbols"),
            ("V:kit clef=perc range=C,,..c", c, ""),
            (
                "V:kit clef=perc range=c'..c''",
                c,
                "6:17: error: range=c'..c'' cannot be met in 4/4 (no General MIDI drum",
            ),
            ("V:kit clef=perc scale=key", c, "6:17: warning: drums know no pitches: scale= does nothing"),
            // A loop is the performer's.
            ("V:lead by=loop notes=60-70\n[V:lead] A8 |", c, ""),
        ] {
            let said = said(line, chart);
            let start = if expected.is_empty() { String::new() } else { format!("t.abc:{expected}") };
            assert!(
                if start.is_empty() { said.is_empty() } else { said.starts_with(&start) && said.lines().count() == 1 },
                "{line}: {said}"
            );
        }
    }
}
