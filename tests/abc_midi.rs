//! Chord symbols and `%%MIDI` directives against abc2midi, which runs as a program of its own: the tunes under `tests/abc_midi`
//! without abc2midi on the PATH are skipped; `BARLINE_REQUIRE_ABC2MIDI=1` makes that a failure. Onsets, lengths and pitches are equal,
//! of chords pitch classes (our hand moves little, abc2midi's chords stand in root position); velocities of the accompaniment, and of the
//! voices where `%%MIDI beat` says them. Where the two part by decision a tune is in a class, and must differ.

#[path = "common/oracle.rs"]
mod oracle;

use std::collections::BTreeSet;

use barline::abc::Meter;
use barline::abc::ast::{Bar, Symbol, Tune};
use barline::abc::chord::ChordName;
use barline::abc::midi::{GCHORD_LETTERS, MidiCourse, MidiSetting, steps};
use barline::abc::parse::parse;
use barline::accompany::Style;
use barline::notes::with_accompaniment;
use barline::score::{Carry, Ornaments, measure};
use barline::time::Beats;
use num_rational::Ratio;
use oracle::{first_difference, midi_file, same, skipped, struck};

/// Pitch classes and the velocity beside each onset and length: what of a part is compared.
type Lines = Vec<(Beats, Beats, i32)>;

/// What a tune plays: voices, bass, chords, drums, each as pitches and as velocities.
#[derive(Default)]
struct Played([[Lines; 2]; 4]);

const NAMES: [&str; 4] = ["voices", "bass", "chords", "drums"];

impl Played {
    fn add(&mut self, part: usize, (onset, length, pitch): (Beats, Beats, i32), velocity: u8) {
        let pitch = if part == 2 { pitch.rem_euclid(12) } else { pitch };
        self.0[part][0].push((onset, length, pitch));
        self.0[part][1].push((onset, length, velocity.into()));
    }

    fn sorted(mut self) -> Played {
        for line in self.0.iter_mut().flatten() {
            line.sort_unstable();
            line.dedup();
        }
        self
    }

    /// The parts in which the other differs.
    fn differs(&self, other: &Played, velocities: bool) -> Vec<&'static str> {
        let compared = |part: usize| if part > 0 || velocities { 2 } else { 1 };
        let equal = |part: &usize| (0..compared(*part)).all(|of| same(&self.0[*part][of], &other.0[*part][of]));
        (0..NAMES.len()).filter(|part| !equal(part)).map(|part| NAMES[part]).collect()
    }
}

/// The bass is louder than this, the chords are not, in all tunes.
const LOUDEST_CHORD: u8 = 75;

fn ours(tune: &Tune) -> Played {
    let mut played = Played::default();
    for note in with_accompaniment(tune, Ornaments::LeftOut) {
        let pitch = note.pitch.midi();
        let part = match note.voice.as_str() {
            "chords" if note.velocity > LOUDEST_CHORD => 1,
            "chords" => 2,
            "drum" => 3,
            _ => 0,
        };
        played.add(part, (note.onset, note.length, pitch), note.velocity);
    }
    played.sorted()
}

fn theirs(text: &str) -> Played {
    let mut played = Played::default();
    // Notes are struck one tick late and end on time.
    for note in midi_file(text, &[]).map(|bytes| struck(&bytes, 1)).unwrap_or_default() {
        let part = match (note.track.as_str(), note.channel) {
            (_, 10) => 3,
            ("gchord track", _) if note.velocity > LOUDEST_CHORD => 1,
            ("gchord track", _) => 2,
            _ => 0,
        };
        played.add(part, (note.onset, note.length, note.pitch), note.velocity);
    }
    played.sorted()
}

#[test]
fn own_tunes_are_accompanied_as_by_abc2midi() {
    if skipped() {
        return;
    }
    let mut files: Vec<_> =
        std::fs::read_dir("tests/abc_midi").expect("the tunes").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a readable tune");
        let (book, said) = parse(&text);
        assert_eq!(said, [], "{}", file.display());
        let tune = &book.tunes[0];
        let (ours, theirs) = (ours(tune), theirs(&text));
        let differs = ours.differs(&theirs, text.contains("%%MIDI beat"));
        let classes = classes(tune);
        if differs.is_empty() != classes.is_empty() {
            for part in (0..NAMES.len()).filter(|part| differs.contains(&NAMES[*part])) {
                println!(
                    "{} {}: {}",
                    file.display(),
                    NAMES[part],
                    first_difference(&ours.0[part][0], &theirs.0[part][0])
                );
            }
            wrong.push(format!("{}: {differs:?} differ, {classes:?}", file.display()));
        }
        seen.extend(classes);
    }
    println!("{} of {} tunes as they should be", files.len() - wrong.len(), files.len());
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(seen.len(), CLASSES, "every class has its tune");
}

const CLASSES: usize = 12;

/// Where we differ by decision, told from the tune alone.
fn classes(tune: &Tune) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let marks: Vec<_> = tune.directives.iter().filter(|directive| !directive.midi.is_empty()).collect();
    let says = |wanted: fn(&MidiSetting) -> bool| marks.iter().position(|mark| mark.midi.iter().any(wanted));
    let drums_on = says(|setting| *setting == MidiSetting::DrumOn(true)).is_some();
    if says(|setting| matches!(setting, MidiSetting::DrumBars(_)))
        > says(|setting| matches!(setting, MidiSetting::Drum(_)))
    {
        found.insert("drumbars behind its drum: holds, whatever the order");
    }
    let has_chords = |bar: &Bar| bar.items.iter().any(|item| matches!(item.symbol, Symbol::ChordSymbol(_)));
    if tune.voices.iter().filter(|voice| voice.bars.iter().any(has_chords)).count() > 1 {
        found.insert("chord symbols in several voices: the first voice's are played");
    }
    for voice in &tune.voices {
        let course = MidiCourse::of(tune, &[&voice.id]);
        let mut carry = Carry::of(tune, &voice.id);
        let mut chord = false;
        let end = course.at(usize::MAX);
        if course.first(tune, &voice.id).transpose == 0 && end.transpose != 0 {
            found.insert("a transpose that is never taken back: the tune begins without it");
        }
        for (at, bar) in voice.bars.iter().enumerate() {
            let meter = bar.context.meter;
            let (bar_length, played) = (meter.bar_length(), measure(bar, &mut carry).0);
            chord |= !played.chords.is_empty();
            let other_meter = at > 0 && voice.bars[at - 1].context.meter != meter;
            if other_meter && drums_on && !marks.iter().any(|mark| mark.after_bars == Some(at)) {
                found.insert("a change of metre: the drum pattern fills the bars after it, too");
            }
            let short = at == 0 && meter != Meter::Free && played.length < bar_length;
            if short && (chord || drums_on) {
                found.insert("a pickup: has the end of the pattern, so that its beats are those of a whole bar");
            }
            if chord && matches!(meter, Meter::Measured { numerator: 5 | 7, .. }) {
                found.insert("metres of 5 and 7: bass and chord by turns");
            }
            let within = |place: usize| (bar.music_start()..bar.span.end).contains(&place);
            if marks.iter().any(|mark| within(mark.span.start)) {
                found.insert("a directive within a bar: holds from the next one");
            }
            let repeats = voice.bars[at..].iter().any(|bar| bar.after.ends > 0);
            if at > 0 && repeats && marks.iter().any(|mark| mark.after_bars == Some(at)) {
                found.insert("a directive within a repeat: a bar is played as it is written, each time");
            }
            if played.chords.iter().any(|chord| chord.text == "N.C.") {
                found.insert("N.C.: nothing is played until the next chord");
            }
            if has_chords(bar) && bar.items.iter().any(|item| wraps(&item.symbol, bar.context.shift)) {
                found.insert("a transposed bass: stays in its octave");
            }
            let own = course.in_bar(bar).gchord.as_deref().map(str::to_owned);
            let pattern =
                steps(&own.unwrap_or_else(|| Style::Gchord.pattern(meter)), GCHORD_LETTERS).expect("a pattern");
            let parts: u32 = pattern.iter().map(|(_, length)| length).sum();
            if chord && pattern.iter().any(|(letter, _)| "ghijGHIJ".contains(*letter)) {
                found.insert("g h i j: the notes of the hand from below, wherever it lies");
            }
            let mut before = 0;
            for (letter, length) in pattern {
                let time = |part: u32| bar_length.scale(Ratio::new(part.into(), parts.into()));
                let inside = |onset: Beats| time(before) < onset && onset < time(before + length);
                if letter != 'z' && played.chords.iter().any(|chord| inside(chord.onset)) {
                    found.insert("a chord that changes while one sounds: is struck");
                }
                before += length;
            }
        }
    }
    found
}

/// Whether the bass of a chord symbol leaves the octave from C when it is moved.
fn wraps(symbol: &Symbol, shift: i32) -> bool {
    let Symbol::ChordSymbol(text) = symbol else { return false };
    let Some(chord) = ChordName::parse(text) else { return false };
    let (step, alter) = chord.bass.unwrap_or(chord.root);
    !(0..12).contains(&(step.semitones() + i32::from(alter) + shift))
}
