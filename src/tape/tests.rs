use std::sync::mpsc::channel;

use super::*;
use crate::engine::Renderer;
use crate::event::{Action, ScheduledEvent, VoiceSlot};
use crate::synth::{CLICK, Patch, Synth};

const RATE: SampleRate = SampleRate(8000);

/// A renderer with a note every tenth of a second, and the reel behind it.
fn renderer(blocks: usize) -> (Renderer, Reel) {
    let patch = Patch::parse("click", CLICK).expect("a patch");
    let (synth, _lane) = Synth::new(RATE, &[Some(&patch)]);
    let (mut renderer, mut ring) = Renderer::new(synth);
    for beat in 0..200 {
        let at = |at: i64| Frames(beat * 800 + at);
        let (voice, pitch) = (VoiceSlot(0), 60);
        ring.push(ScheduledEvent { at: at(3), action: Action::NoteOn { voice, pitch, velocity: 100 } }).expect("room");
        ring.push(ScheduledEvent { at: at(300), action: Action::NoteOff { voice, pitch } }).expect("room");
    }
    let reel = renderer.tap(blocks);
    (renderer, reel)
}

/// The sound of the next frames.
fn rendered(renderer: &mut Renderer, frames: usize) -> Vec<[f32; 2]> {
    let mut out = vec![0.0; 2 * frames];
    renderer.process(&mut out, 2);
    out.chunks_exact(2).map(|frame| [frame[0], frame[1]]).collect()
}

fn heard(reel: &mut Reel) -> Vec<[f32; 2]> {
    reel.blocks().flat_map(|block| block.frames().collect::<Vec<_>>()).collect()
}

#[test]
fn what_is_heard_comes_while_it_is_open_and_nothing_else() {
    let (mut renderer, mut reel) = renderer(1000);
    rendered(&mut renderer, 1000);
    assert_eq!(heard(&mut reel), [[0.0; 2]; 0]);
    reel.open();
    let sound = rendered(&mut renderer, 1111);
    assert!(sound.iter().any(|[left, _]| left.abs() > 0.1));
    assert_eq!(heard(&mut reel), sound);
    let last = rendered(&mut renderer, 10);
    assert_eq!(reel.close(), Frames(2121));
    rendered(&mut renderer, 100);
    assert_eq!(heard(&mut reel), last, "what came before the end");
    reel.open();
    rendered(&mut renderer, 100);
    reel.close();
    rendered(&mut renderer, 100);
    reel.open();
    let sound = rendered(&mut renderer, 100);
    assert_eq!(heard(&mut reel), sound, "nothing of the last time");
}

#[test]
fn a_full_ring_loses_frames_and_knows_which() {
    let (mut renderer, mut reel) = renderer(4);
    reel.open();
    // From frame 0 on: 3, 64, 64, 64 and a rest of frames, of which four parts fit.
    let sound = rendered(&mut renderer, 250);
    assert_eq!(heard(&mut reel), sound[..195]);
    rendered(&mut renderer, 20);
    assert_eq!(reel.blocks().map(|block| block.from).collect::<Vec<_>>(), [Frames(250)]);
}

/// The room without a journal, what it says and what it asks.
fn tape(reel: Reel, folder: &std::path::Path) -> (Tape, Receiver<Event>, Receiver<Command>) {
    let (events, said) = channel();
    let (commands, asked) = channel();
    let setup =
        Setup { reel, rate: RATE, folder: folder.join("recordings"), journal: Arc::default(), commands, events };
    (Tape::start(setup), said, asked)
}

/// The next thing that is said, in words.
fn next(said: &Receiver<Event>) -> String {
    loop {
        match said.recv().expect("something is said") {
            Event::Message(message) => return message.text,
            Event::Recording(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn samples(path: &std::path::Path) -> Vec<i32> {
    hound::WavReader::open(path).expect("WAV").into_samples().map(|sample| sample.expect("a sample")).collect()
}

fn as_written(sound: &[[f32; 2]]) -> Vec<i32> {
    sound.iter().flatten().map(|sample| (sample * 8_388_607.0).round() as i32).collect()
}

#[test]
fn the_key_records_to_a_new_file_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut renderer, reel) = renderer(1000);
    let (tape, said, asked) = tape(reel, folder.path());
    let mut files = Vec::new();
    for from in [0, 900] {
        tape.key().send(()).expect("listens");
        let begun = next(&said);
        let path = PathBuf::from(begun.strip_prefix("recording to ").expect("a path"));
        let sound = rendered(&mut renderer, 900);
        tape.key().send(()).expect("listens");
        let ended = next(&said);
        assert_eq!(ended, format!("recorded 0:00, no bar began in it: {}", path.display()));
        assert_eq!(samples(&path), as_written(&sound));
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        match asked.recv() {
            Ok(Command::Recorded { file: told, from: begin, to }) => {
                assert_eq!((told, begin, to), (file, Frames(from), Frames(from + 900)));
            }
            other => panic!("{other:?}"),
        }
        files.push(path);
    }
    assert_ne!(files[0], files[1]);
    assert_eq!(tape.finish(), [""; 0]);
}

#[test]
fn the_end_of_the_instrument_ends_a_recording_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut renderer, reel) = renderer(1000);
    let (tape, said, _) = tape(reel, folder.path());
    tape.key().send(()).expect("listens");
    let begun = next(&said);
    let path = PathBuf::from(begun.strip_prefix("recording to ").expect("a path"));
    let sound = rendered(&mut renderer, 8000);
    drop(renderer);
    assert_eq!(tape.finish(), [format!("recorded 0:01, no bar began in it: {}", path.display())]);
    assert_eq!(samples(&path), as_written(&sound));
    assert!(matches!(said.iter().last(), Some(Event::Recording(None))));
}

#[test]
fn a_place_that_cannot_be_written_to_is_told_and_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let recordings = folder.path().join("recordings");
    std::fs::write(&recordings, "a file").expect("written");
    let (mut renderer, reel) = renderer(1000);
    let (tape, said, _) = tape(reel, folder.path());
    tape.key().send(()).expect("listens");
    let refused = next(&said);
    assert!(refused.starts_with(&format!("nothing is recorded: cannot write {}: ", recordings.display())), "{refused}");
    assert!(refused.ends_with("; Ctrl+Space R tries again"), "{refused}");
    std::fs::remove_file(&recordings).expect("removed");
    rendered(&mut renderer, 1000);
    tape.key().send(()).expect("listens");
    assert!(next(&said).starts_with("recording to "));
    let sound = rendered(&mut renderer, 100);
    let told = tape.finish();
    let path = told[0].rsplit(": ").next().expect("a path");
    assert_eq!(samples(path.as_ref()), as_written(&sound));
}

#[test]
fn what_has_become_of_it_is_one_sentence() {
    let of = |seconds: i64| Frames(seconds * i64::from(RATE.0));
    let files = vec![PathBuf::from("r/a.wav")];
    let taken = Taken { files, from: of(10), to: of(10 + 83), lost: Frames(0) };
    let text = |taken: &Taken, wrong: Option<&str>, score: Result<Option<Score>, &str>| {
        let wrong = wrong.map(|why| ExportError::new("r/a.wav".as_ref(), &why));
        let Message { level, text } = told(taken, wrong, score.map_err(String::from), RATE);
        format!("{level:?}: {text}")
    };
    let score = |first, last| Some(Score { first, last, at: Duration::from_millis(1734) });
    assert_eq!(
        text(&taken, None, Ok(score(5, 12))),
        "Info: recorded 1:23, bars 5 to 12: r/a.wav .mid .abc; bar 5 begins at 1.734 s"
    );
    assert_eq!(
        text(&taken, Some("full"), Err("full, too")),
        "Error: recording has ended, the music goes on: cannot write r/a.wav: full; there is 1:23, no .mid and .abc (full, too): r/a.wav"
    );
    let slow = Taken { lost: Frames(2000), to: of(3700), ..taken };
    assert_eq!(
        text(&slow, None, Ok(score(5, 5))),
        "Info: recorded 1:01:30, bar 5: r/a.wav .mid .abc; bar 5 begins at 1.734 s; 0.2 s of it are silence, since the disk was slow"
    );
}
