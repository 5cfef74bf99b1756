//! Every score on pieces whose figures can be counted by hand, and the board with a model that writes at random.

use super::eval::Eval;
use super::novelty::{END, Known};
use super::piece::{self, Piece, Source};
use super::scores::{self, Score};
use super::{mode, novelty};
use crate::abc::Meter;
use crate::abc::key::Key;
use crate::abc::parse::read_bars;
use crate::compose::{Role, STREAM_UNIT};
use crate::figures::percentile;

fn piece(role: Role, metre: &str, key: &str, bars: &str, chart: &str) -> Piece {
    let (meter, key) = (Meter::parse(metre).unwrap(), Key::parse(key).unwrap().0);
    let read = |text: &str| {
        let bars = text.split('|').filter(|bar| !bar.is_empty());
        read_bars(bars, &key, meter, STREAM_UNIT)
    };
    Piece { source: Source::Hymns, role, meter, key, bars: read(bars), chart: read(chart) }
}

fn lead(bars: &str) -> Piece {
    piece(Role::Lead, "4/4", "C", bars, "")
}

#[test]
fn scores_are_what_can_be_counted() {
    let cases: &[(&str, Score, f64)] = &[
        ("C2D2E2F2|G2A2B2c2", Score::ScaleConsistency, 1.0),
        ("C2^D2E2^F2", Score::ScaleConsistency, 0.5),
        // A note that is held on is struck once.
        ("^C2-^C2E2F2|G8", Score::ScaleConsistency, 0.75),
        ("C2D2E2F2|G8", Score::Density, 2.5),
        ("C2D2E2F2-|F8", Score::Density, 2.0),
        ("C2D2E2F2|z8", Score::RestShare, 0.5),
        ("z2D2z2F2|G6z2", Score::RestShare, 6.0 / 16.0),
        ("[CEG]4z4", Score::RestShare, 0.5),
        ("C8|D8|C8|C8|E8", Score::BarRepetition, 0.5),
        ("C8|D8|E8", Score::BarRepetition, 0.0),
        // The same tune an octave higher is another bar.
        ("C8|c8", Score::BarRepetition, 0.0),
        ("C4c4", Score::PitchClassEntropy, 0.0),
        ("C2D2E2F2", Score::PitchClassEntropy, 2.0),
        ("C2C2E2G2", Score::PitchClassEntropy, 1.5),
    ];
    for (bars, score, value) in cases {
        let found = score.of(&lead(bars)).unwrap();
        assert!((found - value).abs() < 1e-12, "{bars}: {} {found}, not {value}", score.name());
    }
    let drums = piece(Role::Drums, "4/4", "none", "C,,2D,,2C,,2D,,2", "");
    assert_eq!((Score::PitchClassEntropy.of(&drums), Score::ScaleConsistency.of(&drums)), (None, None));
    assert_eq!(Score::Density.of(&drums), Some(4.0));
    assert_eq!(Score::ScaleConsistency.of(&lead("z8")), None);
    // What is of the scale depends on the key.
    assert_eq!(Score::ScaleConsistency.of(&piece(Role::Lead, "4/4", "G", "C2D2E2F2", "")), Some(1.0));
    assert_eq!(Score::ScaleConsistency.of(&piece(Role::Lead, "4/4", "G", "C2D2E2=F2", "")), Some(0.75));
}

#[test]
fn strong_beats_agree_with_the_chord_that_holds() {
    let cases = [
        ("4/4", "C2D2E2F2|F8", "\"C\"x8|\"F\"x8", (4, 4)),
        // Beats one and three; D and the held F are not of C.
        ("4/4", "D2C2F4", "\"C\"x8", (0, 2)),
        ("4/4", "C4A4|G8", "\"C\"x4\"Am\"x4|x8", (2, 4)),
        ("3/4", "C2D2D2", "\"C\"x6", (1, 1)),
        ("6/8", "C3E3|z3F3", "\"C\"x6|x6", (2, 3)),
        ("4/4", "C8", "x8", (0, 0)),
    ];
    for (metre, bars, chart, expected) in cases {
        assert_eq!(
            scores::chords_on_strong_beats(&piece(Role::Lead, metre, "C", bars, chart)),
            expected,
            "{bars} {chart}"
        );
    }
}

#[test]
fn rests_and_standing_still_are_counted() {
    let bars = lead("C8|z8|D8|D8|D8|z8").bars;
    assert_eq!((scores::all_rest(&bars), scores::longest_same_run(&bars)), (2, 3));
    assert_eq!((scores::all_rest(&[]), scores::longest_same_run(&[])), (0, 0));
    assert_eq!(percentile(&[3.0, 1.0, 2.0, 4.0], 0.5), Some(2.0));
    assert_eq!(percentile(&[3.0, 1.0, 2.0, 4.0], 0.99), Some(4.0));
    assert_eq!(percentile(&[], 0.5), None);
}

#[test]
fn bars_are_full_as_they_were_written() {
    let key = Key::parse("C").unwrap().0;
    let meter = Meter::parse("6/8").unwrap();
    for (text, full) in [
        ("ABc def", true),
        ("A6-", true),
        ("(3ABc d2 efg/f/", false),
        ("ABc de", false),
        ("ABc defg", false),
        ("ABc d?f", false),
        ("ABc | def", false),
        ("", false),
    ] {
        assert_eq!(piece::is_full(text, &key, meter), full, "{text}");
    }
    assert!(["6", "0/4", "x/8"].iter().all(|text| Meter::parse(text).is_err()));
}

#[test]
fn the_key_is_heard() {
    for (bars, key) in [
        ("C2E2G2c2|F2A2G2E2|C2D2E2G2|G2F2E2D2|C8", "C"),
        ("A2c2e2a2|e2d2c2B2|A2c2e2c2|B2^G2A4|A8", "Am"),
        ("D2F2A2d2|d2c2B2A2|F2E2D2C2|D2F2A2F2|D8", "Ddor"),
        ("G2B2d2g2|f2d2B2G2|d2c2B2A2|G2F2D2F2|G8", "Gmix"),
    ] {
        assert!(
            mode::is_in(&lead(bars).bars, &Key::parse(key).unwrap().0),
            "{key}: {:?}",
            mode::estimate(&lead(bars).bars)
        );
    }
    assert_eq!(mode::estimate(&lead("z8").bars), None);
}

#[test]
fn copies_are_found_in_any_octave_and_not_across_pieces() {
    let hashes = |bars: &str| lead(bars).bars.iter().map(novelty::hash).chain([END]).collect::<Vec<_>>();
    let bars = [hashes("C8|D8|E4F4|G8"), hashes("G8|A8|B8")].concat();
    let known = Known::new(&bars);
    for (piece, run) in [
        ("C8|D8|E4F4|G8", 4),
        ("c8|d8|e4f4|C2D2E2F2", 3),
        ("E8|D8|E4F4|A8", 2),
        // The end of one and the beginning of another piece.
        ("E4F4|G8|G8|A8", 2),
        ("C4D4|E2F2G4", 0),
        ("", 0),
    ] {
        assert_eq!(known.longest_run(&lead(piece).bars), run, "{piece}");
    }
    assert!(bars.iter().all(|&hash| hash != novelty::hash(&lead("C4D4").bars[0])));
}

#[test]
fn a_piece_is_inside_its_own_band() {
    let mut eval = Eval::new();
    let bands = [("density".to_owned(), [2.0, 2.5])].into();
    eval.bands.insert("hymns lead".into(), bands);
    assert_eq!(eval.is_inside(&lead("C2D2E2F2|G8"), Score::Density), Some(true));
    assert_eq!(eval.is_inside(&lead("C2D2E2F2|G4A4"), Score::Density), Some(false));
    assert_eq!(eval.is_inside(&lead("C2D2E2F2|G8"), Score::RestShare), None);
    let bass = Piece { role: Role::Bass, ..lead("C8") };
    assert_eq!(eval.is_inside(&bass, Score::Density), None);
}
