//! `barline bench synth`: what voices cost, beside `fluidsynth` with the same notes in the same run; callbacks beside the model at work; a render.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use barline::abc::Meter;
use barline::compose::busy::Busy;
use barline::compose::{CANDIDATES, Composer, Silent};
use barline::export::{MidiNote, MidiTrack, write_midi};
use barline::figures::percentile;
use barline::prompt;
use barline::render::render;
use barline::steer::Lexicon;
use barline::synth::Patch;
use barline::synth::bench::{Callbacks, PERIOD, PITCHES, RATE, SLOTS, bare, cost};
use barline::time::{Beats, Tempo};

use crate::library::Patches;

pub type Figures = Vec<(String, f64, String)>;

/// Seconds rendered for each figure.
const SECONDS: usize = 4;
/// A minute of callbacks.
const CALLBACKS: usize = 60 * 48_000 / PERIOD;
/// Seconds that `fluidsynth` renders, and those of a run that is taken off, since it has the start in it.
const LONG: i64 = 40;
const SHORT: i64 = 4;
/// A set of three voices, a minute of it.
const SET: &str = "X:1\nM:4/4\nL:1/8\nQ:1/4=120\nK:Am\nV:bass by=loop patch=sub\nV:lead by=loop patch=reed\nV:kit by=loop clef=perc patch=kit\n\
                   [V:bass] A,,2 A,,E, A,2 G,E, | D,2 D,A, D2 A,D, |\n[V:lead] A2 e3 d B2 | d4 A4 |\n[V:kit] C,,2 F,2 D,2 F,2 | C,,2 F,2 D,2 F,2 |\n";
const SET_BARS: usize = 30;

/// Each with its name, value and unit.
pub fn figures(patches: &Patches, model: Option<&Path>) -> Figures {
    let figure = |name: &str, value: f64, unit: &str| (name.to_owned(), value, unit.to_owned());
    let mut costs: Vec<(f64, &Arc<Patch>)> = patches
        .values()
        .filter(|patch| patch.parts().all(|part| part.drum.is_none()))
        .map(|patch| (cost(patch, SECONDS), patch))
        .collect();
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some((heaviest, patch)) = costs.last() else { return Vec::new() };
    let mut figures = vec![figure("voices_64_core_share", *heaviest, &format!("of one core, patch {}", patch.name()))];
    for (cost, patch) in &costs {
        figures.push(figure(&format!("voices_64_core_share_{}", patch.name()), *cost, "of one core"));
    }
    match fluidsynth() {
        Ok(theirs) => {
            figures.push(figure("fluidsynth_64_core_share", theirs, "of one core, strings of its SoundFont"));
            figures.push(figure("voices_64_against_fluidsynth", heaviest / theirs, "ours / theirs"));
        }
        Err(why) => eprintln!("no figures of FluidSynth: {why}"),
    }
    let busy = Busy::start(crate::play::composer(model, None, &|_, text| eprintln!("{text}")));
    // Until the model is there.
    std::thread::sleep(Duration::from_secs(2));
    let callbacks = Callbacks::measure(patch, CALLBACKS);
    let of = |millis: &[f64], share| percentile(millis, share).unwrap_or(0.0);
    // Beside the same model.
    let bare = bare(of(&callbacks.millis, 0.5), CALLBACKS);
    let bars = busy.stop();
    let period = 1e3 * PERIOD as f64 / f64::from(RATE.0);
    for (what, millis, unit) in [("block", &callbacks.millis, "64 voices"), ("bare", &bare, "a plain calculation")] {
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
            figures.push(figure(
                &format!("{what}_ms_{name}"),
                of(millis, share),
                &format!("ms of {period:.2}, {unit}"),
            ));
        }
    }
    figures.push(figure("model_bars_meanwhile", bars as f64, "bars"));
    figures.push(figure("callback_allocations", callbacks.heap_calls as f64, "calls of the heap"));
    figures.push(figure("render_realtime_factor", 1.0 / render_cost(patches), "x real time, three voices"));
    figures
}

/// Time spent per time rendered of a set.
fn render_cost(patches: &Patches) -> f64 {
    let names: Vec<String> = patches.keys().cloned().collect();
    let scene = Arc::new(prompt::read(Path::new("set.abc"), SET, &names, &Lexicon::default()).0.remove(0));
    let run = || {
        let composer: Box<dyn Composer> = Box::new(Silent);
        let start = Instant::now();
        let done = render(Arc::clone(&scene), composer, SET_BARS, 1, CANDIDATES, &|name| patches.get(name).cloned());
        start.elapsed().as_secs_f64() / (done.samples.len() as f64 / 2.0 / f64::from(RATE.0))
    };
    (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// The time of `fluidsynth` per time rendered, with the notes of [`cost`]. Errs with what is missing.
fn fluidsynth() -> Result<f64, String> {
    let font =
        font().ok_or("there is no SoundFont in /usr/share/sounds/sf2; a package such as fluid-soundfont-gm has one")?;
    let run = |seconds: i64| -> Result<Duration, String> {
        let file = std::env::temp_dir().join(format!("barline-{}-{seconds}.mid", std::process::id()));
        held(&file, seconds)?;
        let mut command = Command::new("fluidsynth");
        command.args(["-ni", "-q", "-r", "48000", "-z", "256", "-T", "raw", "-F", "/dev/null"]).arg(&font).arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let ended = command.status();
        let took = start.elapsed();
        let _ = std::fs::remove_file(&file);
        let ended = ended.map_err(|_| "fluidsynth is not installed".to_owned())?;
        if ended.success() { Ok(took) } else { Err(format!("fluidsynth {ended}")) }
    };
    let best = |seconds| -> Result<Duration, String> {
        (0..3).map(|_| run(seconds)).try_fold(Duration::MAX, |best, run| Ok(best.min(run?)))
    };
    Ok(best(LONG)?.saturating_sub(best(SHORT)?).as_secs_f64() / (LONG - SHORT) as f64)
}

fn font() -> Option<PathBuf> {
    let folder = std::fs::read_dir("/usr/share/sounds/sf2").ok()?;
    let mut fonts: Vec<PathBuf> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    fonts.retain(|path| path.extension().is_some_and(|extension| extension == "sf2"));
    fonts.sort();
    fonts.into_iter().next()
}

/// The notes of [`cost`] as a MIDI file: eight channels, eight notes each, of strings, which sound as long as they are held.
fn held(path: &Path, seconds: i64) -> Result<(), String> {
    const STRINGS: u8 = 48;
    // At 120 a minute a second is half a whole note.
    let length = Beats::new(seconds, 2);
    let note = |pitch| MidiNote { onset: Beats::ZERO, length, pitch, velocity: 90 };
    let track = |channel: usize| MidiTrack {
        name: format!("{channel}"),
        channel: channel as u8,
        program: Some(STRINGS),
        notes: PITCHES.map(note).to_vec(),
    };
    let tracks: Vec<MidiTrack> = (0..SLOTS).map(track).collect();
    write_midi(path, &[(Beats::ZERO, Tempo::DEFAULT)], &[(Beats::ZERO, Meter::COMMON)], &tracks)
        .map_err(|error| error.to_string())
}
