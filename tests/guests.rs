//! Models that were never taught Barline's form.
#![cfg(feature = "llama")]

use std::path::{Path, PathBuf};

use barline::compose::llama::{self, Llama};
use barline::compose::profile::Profile;
use barline::compose::trial;
use barline::compose::writer::Writer;

/// What a model writes, with its figures: `BARLINE_TEST_MODEL=FILE cargo test --release --test guests -- --ignored --nocapture bars_to_read`.
#[test]
#[ignore = "music to read, not a check"]
fn bars_to_read() {
    llama::quiet();
    let path = PathBuf::from(std::env::var_os("BARLINE_TEST_MODEL").expect("BARLINE_TEST_MODEL"));
    let bars: u32 = std::env::var("BARLINE_BARS").map_or(64, |bars| bars.parse().unwrap());
    let profile = Profile::beside(&path).unwrap();
    let mut writer = Writer::new(Llama::load(&path, profile.context).unwrap(), profile);
    println!("{:?}", writer.profile().form);
    println!("{:?}", barline::compose::writer::Model::vocabulary(writer.model()));
    let begun = std::time::Instant::now();
    let trial = trial::trial(&mut writer, bars, &mut |line| println!("{line}")).unwrap();
    for (name, value, unit) in trial.figures() {
        println!("{name:24} {value:10.3} {unit}");
    }
    println!("{trial:?} {:.1} s, {:?}", begun.elapsed().as_secs_f64(), writer.spent());
}

#[allow(dead_code)]
fn guest(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/guests").join(name);
    path.is_file().then_some(path)
}
