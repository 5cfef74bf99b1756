//! Whatever is asked and whatever fails, a set is heard again as it was heard: random sets, and random damage to their journals.

use proptest::prelude::*;

use super::*;
use crate::event::BarState;

/// Texts that differ in everything that may differ.
const TEXTS: [&str; 9] = [
    TWO_VOICES,
    "X:1\nT:Two\nM:4/4\nL:1/8\nQ:1/4=133..88/3\nK:C\nV:bass by=loop patch=sub gain=0.5 gate=60% vel=30..90 out=Mini prog=5\n\
     V:lead swing=60% human=8/20 out=Nord cutoff=20..90/3 prog=9\n% swell over 2\n[V:bass] C,4 C,4- |\n[V:lead] C8- | C4 {g}.E2 TF2 | (CEGE C3 C) |\n",
    "X:2\nT:Three\nM:3/4\nL:1/4\nQ:1/4=90\nK:Ebmin\nV:ch\nV:lead pan=-1\n[V:ch] \"Ebm\"x3 |\n[V:lead] E (3FGA- |\n",
    "X:1\nT:Two\nM:7/8\nL:1/8\nQ:3/8=61\nK:D\nV:kit clef=perc by=loop out=Mini\nV:lead channel=3 out=Nord cutoff=7 resonance=90..1/1\nV:more mute\n[V:kit] C,,3 [C,,D,,]4 |\n\
     [V:lead] [df]7 |\n[V:more] f'7- | f'7 |\n",
    "X:1\nT:One\nM:none\nL:1/8\nK:none\n[V:lead] (5CDEFG C3 ^C3 |\n",
    "X:1\nT:Hand\nM:3/4\nL:1/8\nQ:1/4=140\nK:G\nV:lead by=hand quant=1/8\nV:more by=model trade=lead\nV:bass by=hand\n",
    "X:1\nM:2/4\nL:1/16\nQ:1/4=240\nK:C\nV:bass by=loop\n[V:bass] CCCC CCCC | z8 |\n",
    "X:3\nT:Parts\nM:4/4\nL:1/8\nQ:1/4=150\nP:AAB\nK:C\n%%phrase 1\nV:bass by=loop\nV:lead gain=0.3\nP:A\n[V:bass] C,8 |\nP:B\n%%sections vary\n\
     V:pad by=loop\n[V:pad] [CE]8- | [CE]8 |\n",
    "X:4\nT:Pickup\nM:3/4\nL:1/8\nQ:1/4=110\nK:G\n%%phrase 2\nV:lead\nV:new by=loop out=Mini prog=3 gain=0.7\n[V:lead] (3DEF | G2 B2 d2- | d6 |\n\
     [V:new] z B,- | B,4 D2 |\n",
];

fn voice() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["lead", "bass", "more"]).prop_map(str::to_owned)
}

fn touch() -> impl Strategy<Value = Touch> {
    let edit = Touch::Edit("G2 [ce]6".into());
    prop::sample::select(vec![Touch::Reroll, Touch::Choose("E8".into()), edit, Touch::Pin, Touch::Unpin, Touch::Veto])
}

/// What may be armed as well.
fn hand() -> impl Strategy<Value = Command> {
    let tempo = || (40..300i64).prop_map(|count| Tempo(num_rational::Ratio::new(count, 2) + 30));
    prop_oneof![
        3 => (voice(), any::<bool>()).prop_map(|(voice, muted)| Command::Mute { voice, muted }),
        1 => (voice(), any::<bool>()).prop_map(|(voice, soloed)| Command::Solo { voice, soloed }),
        1 => (voice(), any::<bool>()).prop_map(|(voice, frozen)| Command::Freeze { voice, frozen }),
        1 => (voice(), 0..21u8).prop_map(|(voice, tenths)| Command::Gain { voice, gain: f32::from(tenths) / 10.0 }),
        1 => tempo().prop_map(Command::Tempo),
        1 => (tempo(), 1..9u32).prop_map(|(to, bars)| Command::Ramp { to, bars }),
        1 => (0..TEXTS.len(), any::<bool>())
            .prop_map(|(text, fresh)| Command::Evaluate { scene: scene(TEXTS[text]), fresh }),
    ]
}

/// What happens, and how long after the last.
fn happening() -> impl Strategy<Value = (u32, Option<Command>)> {
    let command = prop_oneof![
        4 => Just(Some(Command::Play)),
        2 => Just(Some(Command::Stop)),
        2 => Just(Some(Command::Hush)),
        1 => Just(Some(Command::Panic)),
        1 => Just(Some(Command::Reroll)),
        6 => hand().prop_map(Some),
        3 => hand().prop_map(|command| Some(Command::Arm(Arm::Add(Box::new(command))))),
        2 => Just(Some(Command::Arm(Arm::Fire))),
        1 => Just(Some(Command::Arm(Arm::Clear))),
        1 => Just(Some(Command::Tap)),
        1 => any::<bool>().prop_map(|locked| Some(Command::Lock(locked))),
        // So little that what the hand tried before the music is forgotten when that begins.
        2 => (prop::sample::select(vec!["Mini", "Nord", "synth"]), -9..10i16)
            .prop_map(|(output, ms)| Some(Command::Nudge { output: output.to_owned(), ms })),
        1 => any::<bool>().prop_map(|on| Some(Command::CountIn(on))),
        2 => (prop::sample::select(vec!["Mini", "Nord"]), any::<bool>())
            .prop_map(|(port, there)| Some(Command::Port { port: port.to_owned(), there })),
        4 => (voice(), 58..64u8, 1..128u8)
            .prop_map(|(voice, pitch, velocity)| Some(Command::NoteOn { voice, pitch, velocity })),
        3 => (voice(), 58..64u8).prop_map(|(voice, pitch)| Some(Command::NoteOff { voice, pitch })),
        1 => prop::option::of(voice()).prop_map(|voice| Some(Command::Keep(wish(voice)))),
        2 => (1..12i64, voice(), touch()).prop_map(|(bar, voice, touch)| Some(Command::Touch { bar, voice, touch })),
        4 => (0..TEXTS.len(), any::<bool>())
            .prop_map(|(text, fresh)| Some(Command::Evaluate { scene: scene(TEXTS[text]), fresh })),
        // The scheduler's thread was held up.
        1 => Just(None),
    ];
    (prop_oneof![3 => 0..150_000u32, 1 => 0..4000u32], command)
}

/// By frame, as outputs play them; controllers aside.
fn notes(mut events: Vec<ScheduledEvent>, frame: impl Fn(Frames) -> Frames) -> Vec<ScheduledEvent> {
    events.retain(|event| matches!(event.action, Action::NoteOn { .. } | Action::NoteOff { .. }));
    events.sort_by_key(|event| (event.at, matches!(event.action, Action::NoteOn { .. })));
    events.into_iter().map(|event| ScheduledEvent { at: frame(event.at), ..event }).collect()
}

/// Failures are kept beside this file.
fn cases() -> ProptestConfig {
    let beside = proptest::test_runner::FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig { failure_persistence: Some(Box::new(beside)), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever is asked and whatever fails: the outputs are sent the same again, and play the same notes on the same frames.
    #[test]
    fn a_set_replays_to_the_identical_note_list(
        happenings in prop::collection::vec(happening(), 1..24),
        moods in prop::collection::vec(0..60u8, 1..40),
        live in any::<bool>(),
    ) {
        let composer = Moody { script: Script::new("E8\nF4 G4\n(3cde f2 g4\nE4"), moods, at: 0, waits: 0 };
        let pace = if live { Pace::Live } else { Pace::Offline };
        let mut set = Set::new(TEXTS[0], Box::new(composer), pace);
        // Notes by hand while nothing plays have no place in files.
        let mut tried: Vec<(Frames, u8, u8)> = Vec::new();
        // Nor have those before the first bar, but for a moment.
        let mut awaited: Vec<(Frames, u8, u8)> = Vec::new();
        for (after, command) in happenings {
            set.run(set.now + i64::from(after));
            if let Some(Command::NoteOn { pitch, velocity, .. }) = &command {
                let (now, stopped) = (Frames(set.now), set.recorder.playing() == Playing::Stopped);
                let sounds = set.recorder.snapshot(now).bars.iter().any(|bar| bar.state == BarState::Sounding);
                let note = (now, *pitch, *velocity);
                if stopped {
                    tried.push(note);
                } else if !sounds {
                    awaited.push(note);
                }
            }
            match command {
                Some(command) => set.command(command),
                None => set.pass(40_000),
            }
        }
        set.run(set.now + 50_000);
        set.command(Command::Stop);
        set.pass(200_000);
        // What was armed for a bar that the stop took back holds now.
        set.pass(1);

        let recording = whole(&set.journal());
        // The state after a crash is what it was.
        let ((mut kept, tempo), mut hands) = (recording.hands(), set.recorder.hands().clone());
        // While nothing plays, a text's tempo acts at once.
        kept.take_due();
        hands.take_due();
        prop_assert_eq!(kept, hands);
        let transport = set.recorder.transport();
        prop_assert!(transport.tempo_map().eq(recording.transport().tempo_map()));
        prop_assert_eq!(tempo, transport.tempo_at(transport.beats_at(recording.end())));
        prop_assert_eq!(recording.events().collect::<Vec<_>>(), &set.sent[..]);
        let Some(mut steps) = Steps::new(&recording, RATE) else { return Ok(()) };
        let (mut output, mut played, mut now, mut ways) = (EventQueue::new(), Vec::new(), Frames(0), Ways::new());
        let place = steps.clone();
        while now <= steps.end() {
            for step in steps.due(now) {
                ways.take(&step);
                if let Step::Send(event) = step {
                    output.push(event);
                }
            }
            now = now + Frames(256);
            played.extend(std::iter::from_fn(|| output.pop_due(now - Frames(1))));
        }
        // They go the same ways; that which ends all is the replay's own.
        ways.1.pop();
        let begin = recording.bars()[0].at - RATE.frames_in(std::time::Duration::from_millis(80));
        let early = set.ways.early(begin);
        // What sets the outputs up before the music begins is said at the beginning, and nudged from there.
        let music = RATE.frames_in(std::time::Duration::from_millis(40));
        let played_again = ways.but(&early, |at| at.max(music));
        prop_assert_eq!(played_again, set.ways.but(&early, |at| place.frame(at).max(music)));
        set.played.retain(|event| event.at >= begin || !matches!(event.action, Action::NoteOn { .. }));
        let first = notes(set.played, |at| place.frame(at));
        prop_assert_eq!(notes(played, |at| at), &first[..]);
        // The list of notes for files has each once.
        let mut onsets: Vec<(Frames, u8, u8)> = heard(&recording).iter().filter(|note| note.on >= begin).map(|note| (place.frame(note.on), note.pitch, note.velocity)).collect();
        let mut struck: Vec<(Frames, u8, u8)> = first.iter().filter_map(|event| match event.action {
            Action::NoteOn { pitch, velocity, .. } => Some((event.at, pitch, velocity)),
            _ => None,
        }).collect();
        let place_of = |(at, pitch, velocity)| (place.frame(at), pitch, velocity);
        let untimed: Vec<(Frames, u8, u8)> = awaited.into_iter().map(place_of).filter(|note| !onsets.contains(note)).collect();
        for note in tried.into_iter().map(place_of).chain(untimed) {
            struck.iter().position(|other| *other == note).map(|at| struck.swap_remove(at));
        }
        onsets.sort_unstable();
        struck.sort_unstable();
        prop_assert_eq!(onsets, struck);
        // What is written as ABC is full bars.
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.abc", "a.mid"] {
            crate::replay::write(&recording, &folder.path().join(name), &|_| None).expect("written");
        }
        let abc = std::fs::read_to_string(folder.path().join("a.abc")).expect("text");
        let said = crate::check::check(&abc);
        prop_assert!(said.is_empty(), "{:?}\n{}", said, abc);
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever a disk or a hand makes of a journal: what can be read of it is played.
    #[test]
    fn no_damage_ends_a_replay(
        damages in prop::collection::vec((any::<prop::sample::Index>(), "[0-9.,\"{}\\[\\]/zC|\n-]{0,3}", 0..4usize), 1..6),
    ) {
        let mut set = Set::new(TEXTS[1], Box::new(Script::new("E8\nF8")), Pace::Offline);
        set.command(Command::Play);
        set.run(60_000);
        set.command(Command::Mute { voice: "lead".into(), muted: true });
        set.run(200_000);
        set.command(Command::Stop);
        let mut journal = set.journal();
        // The header is another matter.
        let header = journal.iter().position(|byte| *byte == b'\n').expect("lines") + 1;
        for (at, new, long) in damages {
            let at = header + at.index(journal.len() - header);
            let end = journal.len().min(at + long);
            journal.splice(at..end, new.into_bytes());
        }
        let (recording, _) = read(&journal).expect("a journal").expect("a header");
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.abc", "a.mid"] {
            crate::replay::write(&recording, &folder.path().join(name), &|_| None).expect("written");
        }
        if let Some(mut steps) = Steps::new(&recording, SampleRate(44_100)) {
            let end = steps.end();
            let left = steps.due(end).count();
            prop_assert!(left > 0 && steps.due(end).next().is_none());
        }
    }
}
