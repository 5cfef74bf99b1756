//! The bar automaton against the parser: what it accepts is read as full and within the rules, and it accepts every full bar of the subset.

use barline::abc::bar::{Automaton, LENGTHS, Pattern, PitchSet, Rules, Stroke};
use barline::abc::key::{Key, Mode};
use barline::abc::parse::read_bar;
use barline::abc::{Meter, Pitch, Step, print};
use barline::compose::sample::Rng;
use barline::compose::{BarRules, Role, VoiceRules};
use barline::ladder::{self, Need};
use barline::score::{Measure, Note};
use barline::time::Beats;
use proptest::prelude::*;

const METERS: [(u16, u16); 10] = [(4, 4), (3, 4), (6, 8), (2, 4), (9, 8), (12, 8), (5, 4), (7, 8), (2, 2), (3, 8)];

fn meter(index: usize) -> Meter {
    let (numerator, denominator) = METERS[index % METERS.len()];
    Meter::Measured { numerator, denominator }
}

fn ticks(length: Beats) -> u16 {
    (length * 96).numerator() as u16
}

fn key(index: usize) -> Key {
    let tonics = [(Step::C, 0), (Step::G, 0), (Step::D, 0), (Step::F, 0), (Step::B, -1), (Step::A, 0), (Step::E, -1)];
    let (step, alter) = tonics[index % tonics.len()];
    Key::new(step, alter, Mode::CHURCH[index / tonics.len() % 7])
}

/// Walks from the start to the bar line, drawing among the bytes that are allowed. Panics at a dead end.
fn walk(automaton: &Automaton, tied_in: Option<Pitch>, rng: &mut Rng) -> String {
    let mut state = automaton.start(tied_in);
    let mut text = String::new();
    while !Automaton::is_done(&state) {
        let allowed: Vec<(u8, _)> = (0..=255).filter_map(|byte| Some((byte, automaton.push(state, byte)?))).collect();
        assert!(!allowed.is_empty(), "dead end after '{text}' under {:?}", automaton.rules());
        let (byte, next) = allowed[rng.below(allowed.len())];
        text.push(char::from(byte));
        state = next;
        assert!(text.len() < 2000, "no end: {text}");
    }
    text
}

/// A rhythm of lengths on the grid. Ties lead to notes, within the bar and out of it.
fn random_rhythm(length: u16, grid: u16, rng: &mut Rng) -> Pattern {
    let mut strokes: Vec<Stroke> = Vec::new();
    let mut left = length;
    while left > 0 {
        let fits = |&ticks: &u16| ticks <= left && ticks.is_multiple_of(grid);
        let lengths: Vec<u16> = LENGTHS.iter().map(|&(_, ticks)| ticks).filter(fits).collect();
        let Some(&ticks) = lengths.get(rng.below(lengths.len())) else { return random_rhythm(length, 3, rng) };
        let tied = matches!(strokes.last(), Some(Stroke::Tied(_)));
        let triplet = 2 * ticks <= left && 2 * ticks / 3 >= grid;
        let stroke = match rng.below(6) {
            0 if !tied => Stroke::Rest(ticks),
            1 if !tied && triplet => Stroke::Triplet(ticks),
            2 => Stroke::Tied(ticks),
            _ => Stroke::Note(ticks),
        };
        left -= stroke.ticks();
        strokes.push(stroke);
    }
    let held = rng.below(3) == 0 && matches!(strokes[0], Stroke::Note(_) | Stroke::Tied(_));
    Pattern { strokes, held }
}

/// Chords on up to three beats, which need not be strong for the automaton.
fn random_chords(rules: &Rules, rng: &mut Rng) -> Vec<(u16, PitchSet)> {
    let mut beats: Vec<u16> = (0..rng.below(4)).map(|_| 3 * rng.below(usize::from(rules.length / 3)) as u16).collect();
    beats.sort_unstable();
    beats.dedup();
    beats.into_iter().map(|at| (at, PitchSet::classes(1 + rng.below(4095) as u16))).collect()
}

/// Whether all that sounds on the beats with a chord is of it.
fn keeps_chords(measure: &Measure, strong: &[(u16, PitchSet)]) -> bool {
    strong.iter().all(|&(at, tones)| {
        let at = Beats::new(at.into(), 96);
        let sounds = |note: &&Note| note.onset <= at && note.onset + note.length > at;
        measure.notes.iter().filter(sounds).all(|note| tones.contains(note.pitch.midi()))
    })
}

/// Onset and length of what sounds, what ties join in one.
fn sounding(measure: &Measure) -> Vec<(u16, u16)> {
    let mut notes: Vec<(u16, u16)> = Vec::new();
    for chord in measure.notes.chunk_by(|a, b| a.onset == b.onset) {
        let (onset, length) = (ticks(chord[0].onset), ticks(chord[0].length));
        match notes.last_mut() {
            Some(last) if chord[0].tied_from && onset > 0 => last.1 += length,
            _ => notes.push((onset, length)),
        }
    }
    notes
}

fn struck(measure: &Measure) -> usize {
    let mut onsets: Vec<Beats> = measure.notes.iter().filter(|note| !note.tied_from).map(|note| note.onset).collect();
    onsets.dedup();
    onsets.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the rules, every way through the automaton is a bar that the parser reads as full and that keeps them.
    #[test]
    fn what_is_accepted_is_full(
        seed: u64, meter_index in 0usize..10, key_index in 0usize..49, grid in prop::sample::select(vec![3u16, 6, 12, 24]),
        low in 36u8..70, span in 1u8..40, classes in 1u16..4096, least in 0u8..6, most in 1u8..20, flags in 0u8..32,
    ) {
        let rhythmic = flags & 8 != 0;
        let (meter, key) = (meter(meter_index), key(key_index));
        let pitches = PitchSet::range(low, low + span);
        let scaled = pitches.and(PitchSet::classes(classes));
        let rules = Rules {
            length: ticks(meter.bar_length()),
            beat: ticks(meter.beat()),
            grid,
            pitches: if scaled == PitchSet(0) { pitches } else { scaled },
            signature: key.signature,
            // A rhythm says how many.
            notes: if rhythmic { (0, u8::MAX) } else { (least.min(most), most) },
            chords: flags & 1 != 0,
            symbols: flags & 2 != 0,
            tie_out: flags & 4 != 0,
            rhythm: None,
            strong: Vec::new(),
        };
        let mut rng = Rng::new(seed, 0, 0, 0);
        let rhythm = rhythmic.then(|| random_rhythm(rules.length, grid, &mut rng));
        let rules = Rules {
            tie_out: rhythm.as_ref().map_or(rules.tie_out, Pattern::ties_out),
            rhythm,
            strong: if flags & 16 != 0 { random_chords(&rules, &mut rng) } else { Vec::new() },
            ..rules
        };
        let Ok(automaton) = Automaton::new(rules.clone()) else { return Ok(()) };
        let mut tied: Vec<Pitch> = Vec::new();
        // A few bars in a row, so that ties are carried over the line.
        for _ in 0..4 {
            let tied_in = tied.first().copied();
            // A tie that the rules leave no room for is not demanded, and then not there.
            if automaton.start(tied_in) == automaton.start(None) {
                tied.clear();
            }
            let text = walk(&automaton, tied_in, &mut rng);
            let (measure, diagnostics) = read_bar(&text, &key, meter, Beats::EIGHTH, &tied);
            prop_assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
            prop_assert_eq!(measure.length, meter.bar_length(), "{}", text);
            for note in &measure.notes {
                prop_assert!(rules.pitches.contains(note.pitch.midi()), "{} of {text}", note.pitch.midi());
                prop_assert!(note.onset + note.length <= measure.length);
            }
            prop_assert!(keeps_chords(&measure, &rules.strong), "{text} under {rules:?}");
            if let Some(pattern) = &rules.rhythm {
                prop_assert_eq!(sounding(&measure), pattern.notes(), "{} under {:?}", text, rules);
                prop_assert!(pattern.held || measure.notes.iter().all(|note| note.onset > Beats::ZERO || !note.tied_from));
            }
            let (least, most) = automaton.rules().notes;
            prop_assert!((usize::from(least)..=usize::from(most)).contains(&struck(&measure)), "{text}");
            // A tie leads to the same pitch, in the bar and over its line.
            for note in measure.notes.iter().filter(|note| note.tied_to && note.onset + note.length < measure.length) {
                let next = measure.notes.iter().find(|next| next.onset == note.onset + note.length);
                prop_assert!(next.is_some_and(|next| next.tied_from && next.pitch.midi() == note.pitch.midi()), "{text}");
            }
            let end = automaton.accepts(&text, tied_in).expect("it was walked");
            let tied_out = measure.tied_out();
            prop_assert_eq!(Automaton::tied_out(&end), tied_out.first().map(|pitch| pitch.midi() as u8), "{}", text);
            prop_assert!(tied_out.is_empty() || rules.tie_out);
            tied = tied_out;
        }
    }

    /// What the ladder plays is accepted, too: bars by rule, and variations of them.
    #[test]
    fn the_ladder_keeps_the_rules(
        seed: u64, meter_index in 0usize..10, key_index in 0usize..49, grid in prop::sample::select(vec![3u16, 6, 12, 24]),
        low in 36u8..70, span in 6u8..40, classes in 1u16..4096, least in 0u8..9, more in 0u8..12, flags in 0u8..8,
        role in prop::sample::select(vec![Role::Lead, Role::Bass, Role::Keys, Role::Arp, Role::Drums]),
    ) {
        let (meter, key, mut rng) = (meter(meter_index), key(key_index), Rng::new(seed, 0, 0, 0));
        // The composer's subset has no double accidentals, as a key with a double flat asks of the ladder.
        prop_assume!(key.signature.iter().all(|alter| alter.abs() < 2));
        let length = ticks(meter.bar_length());
        // It goes round, so that a tie out of it leads into it.
        let round = |mut rhythm: Pattern| {
            rhythm.held = rhythm.ties_out() && matches!(rhythm.strokes[0], Stroke::Note(_) | Stroke::Tied(_));
            match rhythm.strokes.last_mut() {
                Some(last @ Stroke::Tied(_)) if !rhythm.held => *last = Stroke::Note(last.ticks()),
                _ => {}
            }
            rhythm
        };
        let rhythm = (flags & 1 != 0).then(|| round(random_rhythm(length, grid, &mut rng)));
        let rules = VoiceRules {
            range: (low, low + span),
            classes: (flags & 4 != 0).then_some(classes),
            grid,
            notes: if rhythm.is_some() { (0, u8::MAX) } else { (least, (least + more).max(1)) },
        };
        let chords = flags & 2 != 0 && role != Role::Drums;
        let strong = meter.strong_beats().filter(|_| chords).map(|at| (ticks(at), 1 + rng.below(4095) as u16));
        let asked = BarRules { rhythm, strong: strong.collect() };
        let Ok(rules_of_bar) = rules.of_bar(&asked, role, meter, key.signature, 0, true) else { return Ok(()) };
        let Ok(_) = Automaton::new(rules_of_bar.clone()) else { return Ok(()) };
        // A rhythm may be written in other lengths that sound the same.
        let automaton = Automaton::new(Rules { rhythm: None, ..rules_of_bar }).unwrap();
        let style = print::Style::new(&key, meter, Beats::EIGHTH);
        let mut heard: Vec<Measure> = Vec::new();
        let mut tied: Vec<Pitch> = Vec::new();
        for bar in 1..=6 {
            let (asked, refs, tied_in) = (&asked, heard.iter().collect::<Vec<_>>(), tied.last().copied());
            let need = Need {
                key: &key, meter, role, rules: &rules, asked, tied: tied_in, tail: None,
                partial: None, heard: &refs, phrase: 2, seed, bar, voice: 0,
            };
            let (measure, rung) = ladder::fill(&need);
            let style = print::Style { tied_in: tied.clone(), ..style.clone() };
            let text = print::bar(&measure, meter.bar_length(), &style);
            let line = format!("{text}|");
            // Where the tie could not be met, the note is struck.
            let accepted = automaton.accepts(&line, tied_in).is_some() || automaton.accepts(&line, None).is_some();
            // The ladder ties chords, which the composer's subset does not.
            prop_assert!(accepted || role == Role::Keys, "{text} from rung {rung} under {need:?}");
            let (measure, _) = read_bar(&text, &key, meter, Beats::EIGHTH, &tied);
            prop_assert_eq!(measure.length, meter.bar_length());
            prop_assert!(keeps_chords(&measure, &automaton.rules().strong), "{text} from rung {rung} under {need:?}");
            prop_assert!(measure.notes.iter().all(|note| rules.pitches(role).contains(note.pitch.midi())));
            let (least, most) = rules.notes;
            let held = usize::from(measure.notes.first().is_some_and(|note| note.tied_from && note.onset == Beats::ZERO));
            prop_assert!((usize::from(least)..=usize::from(most)).contains(&(struck(&measure) + held)), "{text}");
            prop_assert!(asked.kept_by(&measure), "{text} from rung {rung} under {need:?}");
            tied = measure.tied_out();
            heard.push(measure);
        }
    }

    /// A bar that was broken off anywhere can be closed, and is full then.
    #[test]
    fn a_partial_bar_can_be_closed(seed: u64, meter_index in 0usize..10, stop in 0usize..40, flags in 0u8..4) {
        let (meter, mut rng) = (meter(meter_index), Rng::new(seed, 0, 0, 0));
        let mut rules = Rules::plain(ticks(meter.bar_length()), ticks(meter.beat()));
        rules.rhythm = (flags & 1 != 0).then(|| random_rhythm(rules.length, 3, &mut rng));
        rules.strong = if flags & 2 != 0 { random_chords(&rules, &mut rng) } else { Vec::new() };
        let Ok(automaton) = Automaton::new(rules.clone()) else { return Ok(()) };
        let whole = walk(&automaton, None, &mut rng);
        let part = &whole[..stop.min(whole.len())];
        let state = part.bytes().try_fold(automaton.start(None), |state, byte| automaton.push(state, byte)).unwrap();
        let text = format!("{part}{}", automaton.finish(state));
        prop_assert!(text.ends_with('|'), "{text}");
        let (measure, diagnostics) = read_bar(&text, &Key::NONE, meter, Beats::EIGHTH, &[]);
        prop_assert!(diagnostics.iter().all(|diagnostic| diagnostic.message.contains("tie")), "{text}: {diagnostics:?}");
        prop_assert_eq!(measure.length, meter.bar_length(), "{}", text);
        prop_assert!(keeps_chords(&measure, &rules.strong), "{text} under {rules:?}");
    }

    /// Every full bar of the subset, as the printer writes it, is accepted, and printing what was read gives the same text.
    #[test]
    fn every_full_bar_is_accepted(seed: u64, meter_index in 0usize..10, key_index in 0usize..49) {
        let (meter, key) = (meter(meter_index), key(key_index));
        let (measure, strokes) = random_bar(meter, &mut Rng::new(seed, 1, 0, 0));
        let style = print::Style::new(&key, meter, Beats::EIGHTH);
        let text = print::bar(&measure, meter.bar_length(), &style);
        let mut rules = Rules::plain(ticks(meter.bar_length()), ticks(meter.beat()));
        rules.signature = key.signature;
        // Under rules that it keeps, too: its own rhythm, and chords of what sounds.
        let rests = |pair: &[Stroke]| matches!(pair, [Stroke::Rest(_), Stroke::Rest(_)]);
        let rhythm = (!strokes.windows(2).any(rests)).then_some(Pattern { strokes, held: false });
        let chord = |at: u16| {
            let on = |note: &&Note| ticks(note.onset) <= at && ticks(note.onset + note.length) > at;
            measure.notes.iter().filter(on).fold(PitchSet(1 << 60), |set, note| PitchSet(set.0 | 1 << note.pitch.midi()))
        };
        let strong: Vec<(u16, PitchSet)> = [0, rules.length / 6 * 3].map(|at| (at, chord(at))).into();
        let rhythmic = Rules { tie_out: rhythm.as_ref().is_some_and(Pattern::ties_out), rhythm, ..rules.clone() };
        let both = Rules { strong: strong.clone(), ..rhythmic.clone() };
        for rules in [Rules { strong, ..rules.clone() }, rhythmic, both, rules] {
            let automaton = Automaton::new(rules).unwrap();
            for line in [format!("{text} |"), format!("{text}|")] {
                prop_assert!(automaton.accepts(&line, None).is_some(), "{line} in {key} under {:?}", automaton.rules());
            }
        }
        let (read, diagnostics) = read_bar(&text, &key, meter, Beats::EIGHTH, &[]);
        prop_assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        prop_assert_eq!(print::bar(&read, meter.bar_length(), &style), text);
    }
}

/// A random bar of the subset: notes, rests, chords and triplets in lengths of the table; and the rhythm that it was made by.
fn random_bar(meter: Meter, rng: &mut Rng) -> (Measure, Vec<Stroke>) {
    let length = meter.bar_length();
    let mut strokes = Vec::new();
    let mut measure = Measure { length, ..Measure::default() };
    let mut at = Beats::ZERO;
    while at < length {
        let left = ticks(length - at);
        let triplet = rng.below(6) == 0;
        let fitting: Vec<u16> = LENGTHS
            .iter()
            .map(|&(_, ticks)| ticks)
            .filter(|ticks| if triplet { *ticks >= 6 && 2 * ticks <= left } else { *ticks <= left })
            .collect();
        let Some(&chosen) = fitting.get(rng.below(fitting.len())) else { continue };
        let unit = Beats::new(i64::from(chosen), 96);
        if triplet {
            // Three dotted notes in the time of two are three plain ones.
            let plain = 2 * chosen / 3;
            let is_plain = LENGTHS.iter().any(|&(_, ticks)| ticks == plain);
            strokes.extend(if is_plain { vec![Stroke::Note(plain); 3] } else { vec![Stroke::Triplet(chosen)] });
            let third = unit.scale((2, 3).into());
            for _ in 0..3 {
                measure.notes.push(random_note(at, third, rng));
                at += third;
            }
            continue;
        }
        let kind = rng.below(6);
        strokes.push(if kind == 0 { Stroke::Rest(chosen) } else { Stroke::Note(chosen) });
        match kind {
            0 => {}
            1 => {
                let low = random_note(at, unit, rng);
                let high = Pitch { octave: low.pitch.octave + 1, ..low.pitch };
                measure.notes.push(low);
                measure.notes.push(Note { pitch: high, ..low });
            }
            _ => measure.notes.push(random_note(at, unit, rng)),
        }
        at += unit;
    }
    (measure, strokes)
}

fn random_note(onset: Beats, length: Beats, rng: &mut Rng) -> Note {
    let pitch = Pitch { step: Step::ALL[rng.below(7)], alter: rng.below(3) as i8 - 1, octave: 3 + rng.below(3) as i8 };
    Note::new(onset, length, pitch, 90)
}
