//! Which chord holds on the strong beats of a chart. Pure.

use crate::abc::Meter;
use crate::abc::chord::ChordName;
use crate::score::Measure;
use crate::time::Beats;

/// How a chart says that nothing is to be played.
pub(super) const NO_CHORD: [&str; 3] = ["N.C.", "NC", "N.C"];

/// For each bar of a chart, its strong beats ([`Meter::strong_beats`]) with the chord that holds there; none before the first symbol and
/// after `N.C.`. A chord holds until the next one, over bar lines too; other words say nothing.
pub fn on_strong_beats<'a>(
    chart: impl IntoIterator<Item = &'a Measure>,
    meter: Meter,
) -> Vec<Vec<(Beats, ChordName<'a>)>> {
    let mut chord = None;
    let mut bars = Vec::new();
    for bar in chart {
        let mut symbols = bar.chords.iter().peekable();
        let mut beats = Vec::new();
        for beat in meter.strong_beats().map(Some).chain([None]) {
            // Behind the last strong beat come the symbols that the next bar begins with.
            while let Some(symbol) = symbols.next_if(|symbol| beat.is_none_or(|beat| symbol.onset <= beat)) {
                let none = NO_CHORD.contains(&symbol.text.trim());
                chord = if none { None } else { ChordName::parse(&symbol.text).or(chord) };
            }
            beats.extend(beat.zip(chord));
        }
        bars.push(beats);
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::key::Key;
    use crate::abc::parse::read_bars;

    #[test]
    fn a_chord_holds_until_the_next() {
        for (meter, chart, expected) in [
            ("4/4", "\"C\"x8|x8|\"F\"x4\"G7\"x4", "0 C 1/2 C|0 C 1/2 C|0 F 1/2 G7"),
            ("4/4", "x8|x6\"Am\"x2|x8", "||0 Am 1/2 Am"),
            ("4/4", "\"C\"x2\"F\"x6|\"N.C.\"x8|\"Fine\"x8|\"G\"x8", "0 C 1/2 F|||0 G 1/2 G"),
            ("3/4", "\"C\"x4\"F\"x2|x6", "0 C|0 F"),
            ("6/8", "\"C\"x3\"F\"x3", "0 C 3/8 F"),
            ("12/8", "\"C\"x12", "0 C 3/4 C"),
            ("9/8", "\"C\"x9", "0 C"),
            ("5/4", "\"C\"x10", "0 C"),
        ] {
            let meter = Meter::parse(meter).unwrap();
            let chart = read_bars(chart.split('|'), &Key::NONE, meter, Beats::EIGHTH);
            let name = |(beat, chord): &(Beats, ChordName<'_>)| {
                format!("{} {}{}", beat.ratio(Beats::WHOLE), char::from(chord.root.0.letter()), chord.quality)
            };
            let bars = on_strong_beats(&chart, meter);
            let said: Vec<String> = bars.iter().map(|bar| bar.iter().map(name).collect::<Vec<_>>().join(" ")).collect();
            assert_eq!(said.join("|"), expected);
        }
    }
}
