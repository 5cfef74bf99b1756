use super::*;
use crate::abc::parse::read_bar;
use crate::compose::{Role, STREAM_UNIT};

fn meter(text: &str) -> Meter {
    Meter::parse(text).unwrap()
}

/// The bars of a line of one voice, in a key without signature.
fn bars(text: &str, meter: Meter) -> Vec<Measure> {
    text.split('|').map(|bar| read_bar(bar, &Key::NONE, meter, STREAM_UNIT, &[]).0).collect()
}

fn features(text: &str, metre: &str, key: &str, root: Option<u8>) -> Option<Features> {
    let meter = meter(metre);
    Features::of(&bars(text, meter), meter, &Key::parse(key).unwrap().0, root)
}

#[test]
fn a_phrase_is_what_can_be_counted() {
    let cases: &[(&str, &str, &str, f64)] = &[
        ("C2D2E2F2|G4A4", "4/4", "density", 3.0),
        ("C2D2E2F2|z8", "4/4", "density", 2.0),
        // A tie is no new note, within the bar or over its line.
        ("C2D2E2F2-|F4A4", "4/4", "density", 2.5),
        ("C4-C2D2|E4F4", "4/4", "density", 2.0),
        // One to another pitch holds nothing.
        ("C2D2E2F2-|G2A2z4", "4/4", "density", 3.0),
        ("ABc def|gfe d3", "6/8", "density", 10.0 / 1.5),
        ("C2D2E2F2|[CEG]4A4", "4/4", "register", (60 + 62 + 64 + 65 + 67 + 69) as f64 / 6.0),
        ("C2E2C2c2", "4/4", "motion", (4 + 4 + 12) as f64 / 3.0),
        ("C2D2E2F2G2A2|B8", "6/4", "contour", (69 + 71 - 60 - 62) as f64 / 2.0),
        ("C3D E3F|G3A B4", "4/4", "dotted", 2.0),
        // A rest between two notes parts them.
        ("C3zD2z2|E3zF2z2", "4/4", "dotted", 0.0),
        ("(3CDEF2G4|A8", "4/4", "triplets", 1.5),
        ("C2C2D2D2", "4/4", "repeating", 2.0 / 3.0),
        ("C D2 E2 F2 G", "4/4", "syncopated", 0.6),
        ("C2^D2E2^F2", "4/4", "chromatic", 0.5),
        ("C2D2E2F2|G4C4", "4/4", "cadence", 1.0),
        ("C2D2E2F2|G6C2", "4/4", "cadence", 0.0),
        ("C2D2E2F2|G2E6", "4/4", "cadence", 0.0),
    ];
    for (text, metre, name, value) in cases {
        let features = features(text, metre, "C", None).unwrap();
        let found = named(&features, name);
        assert!((found - value).abs() < 1e-9, "{text}: {name} {found}, not {value}");
    }
    assert!(features("C2D2E4", "4/4", "C", None).is_none());
    // What is chromatic depends on the key, where a phrase comes to rest on the chart.
    assert_eq!(features("C2^D2E2^F2", "4/4", "G", None).unwrap().chromatic, 0.25);
    assert_eq!(features("C2D2E2F2|G2E6", "4/4", "C", Some(4)).unwrap().cadence, 1.0);
}

fn named(features: &Features, name: &str) -> f64 {
    let bands = [
        ("density", Band::Density),
        ("register", Band::Register),
        ("motion", Band::Motion),
        ("contour", Band::Contour),
    ];
    let band = bands.iter().find(|(known, _)| *known == name).map(|(_, band)| band.value(features));
    band.unwrap_or_else(|| Clear::of_word(name).unwrap().value(features))
}

#[test]
fn words_are_cut_by_the_bounds_of_the_role() {
    let bounds = Bounds { density: [4.0, 6.0], register: [60.0, 66.0], motion: [2.0, 3.0], contour: [-1.0, 1.0] };
    let words = |text: &str, role| true_words(&features(text, "4/4", "C", None).unwrap(), &bounds, role);
    assert_eq!(words("C2D2E2F2|G4C4", Role::Lead), ["sparse", "middle", "flowing", "rising", "cadence"]);
    assert_eq!(words("cccccccc|c'c'c'c'c'c'c'c'", Role::Lead), ["busy", "high", "stepwise", "rising", "repeating"]);
    assert_eq!(words("C,,2D,,2C,,2D,,2|C,,8", Role::Drums), ["sparse"]);
    // Both bounds belong to the middle word.
    for (value, third) in [(3.999, 0), (4.0, 1), (6.0, 1), (6.001, 2)] {
        assert_eq!(bounds.third(Band::Density, value), third);
    }
}

#[test]
fn the_last_word_of_a_band_holds() {
    let words = ["slow", "low", "busy", "dotted", "high"];
    let wishes = Wishes::of(words, Role::Lead);
    assert_eq!(Band::ALL.map(|band| wishes.third(band)), [Some(2), Some(2), None, None]);
    assert!(wishes.clear(Clear::Dotted) && !wishes.clear(Clear::Triplets));
    let drums = Wishes::of(words, Role::Drums);
    assert_eq!(Band::ALL.map(|band| drums.third(band)), [Some(2), None, None, None]);
    assert!(Wishes::of(["jig", "dorian"], Role::Lead).is_empty());
}

#[test]
fn bounds_come_by_role_or_for_the_lead_alone() {
    #[derive(serde::Deserialize)]
    struct Lines {
        #[serde(default)]
        bands: Bands,
    }
    let read = |text: &str| toml::from_str::<Lines>(text).unwrap().bands;
    let one = read("[bands]\ndensity = [6, 8]\nregister = [70, 76]\nmotion = [2.2, 2.8]\ncontour = [-3, 1]\n");
    assert_eq!(one.of(Role::Lead).density, [6.0, 8.0]);
    assert_eq!(one.of(Role::Bass), Bounds::usual(Role::Bass));
    let many = read(
        "[bands.lead]\ndensity = [1, 2]\nregister = [70, 76]\nmotion = [2, 3]\ncontour = [-3, 1]\n[bands.kit]\ndensity = [9, 12]\n",
    );
    assert_eq!((many.of(Role::Lead).density, many.of(Role::Drums).density), ([1.0, 2.0], [9.0, 12.0]));
    assert_eq!(many.of(Role::Arp), Bounds::usual(Role::Arp));
    assert_eq!(read("").of(Role::Lead), Bounds::usual(Role::Lead));
}

#[derive(serde::Deserialize)]
struct Sample {
    text: String,
    metre: String,
    home: String,
    role: String,
    root: Option<u8>,
    bands: Bounds,
    features: Option<std::collections::HashMap<String, f64>>,
    words: Vec<String>,
}

/// The training's own phrases: the same features, and the same words for them.
#[test]
fn the_training_counts_the_same() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/features.json");
    let samples: Vec<Sample> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(samples.len() >= 40);
    for sample in samples {
        let Sample { text, role, home, root, .. } = &sample;
        let role = Role::of_tag(role).unwrap();
        let tag = format!("[V:{}] ", role.tag());
        let meter = meter(&sample.metre);
        let bars: Vec<Measure> = text
            .lines()
            .map(|line| read_bar(&line[line.find(&tag).unwrap() + tag.len()..], &Key::NONE, meter, STREAM_UNIT, &[]).0)
            .collect();
        let features = Features::of(&bars, meter, &Key::parse(home).unwrap().0, *root);
        assert_eq!(features.is_some(), sample.features.is_some(), "{text}");
        for (name, value) in sample.features.iter().flatten() {
            let found = named(&features.unwrap(), name);
            assert!((found - value).abs() < 1e-5, "{name} {found}, not {value}: {text}");
        }
        let words = features.map_or(vec![], |features| true_words(&features, &sample.bands, role));
        assert_eq!(words, sample.words, "{text}");
    }
}
