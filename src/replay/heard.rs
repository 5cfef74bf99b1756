//! What a recording sounded like, as notes: what a flush or a stop took back is not among them. Pure.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::LEAD;
use crate::abc::parse::read_bar;
use crate::abc::{Meter, print};
use crate::compose::Role;
use crate::event::{Action, VoiceSlot};
use crate::export::{MidiNote, MidiTrack};
use crate::journal::{Line, Recording};
use crate::midi::Channels;
use crate::prompt::MAX_VOICES;
use crate::record::BarRecord;
use crate::rig::Sound;
use crate::time::{Beats, Frames, Tempo};
use crate::transport::Transport;

/// Times of MIDI files: 480 ticks a crotchet.
const TICK: (i64, i64) = (1, 1920);

/// A note from its striking to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub voice: String,
    /// 0 to 127.
    pub pitch: u8,
    /// 1 to 127.
    pub velocity: u8,
    pub on: Frames,
    pub off: Frames,
}

/// The notes that sounded while the music played, by their beginning.
#[must_use]
pub fn heard(recording: &Recording) -> Vec<Heard> {
    let mut names: Vec<String> = vec![String::new(); MAX_VOICES];
    // By frame and order of arrival, as the outputs' queues have them.
    let mut struck: BTreeMap<(Frames, usize), (VoiceSlot, Heard)> = BTreeMap::new();
    let mut ends: Vec<(Frames, Option<(VoiceSlot, u8)>)> = Vec::new();
    let mut playing = false;
    // Play was asked for, and no bar has come.
    let mut awaited: Option<Frames> = None;
    for (arrival, line) in recording.lines.iter().enumerate() {
        let event = match line {
            Line::Voice(sound) => {
                names[usize::from(sound.slot.0)].clone_from(&sound.name);
                continue;
            }
            Line::Bar(bar) => {
                playing = true;
                // What the hand strikes before the first bar is a moment early, or has no musical time.
                if let Some(asked) = awaited.take() {
                    let timed = struck.split_off(&(asked.max(bar.at - recording.header.rate.frames_in(LEAD)), 0));
                    drop(struck.split_off(&(asked, 0)));
                    struck.extend(timed);
                }
                continue;
            }
            Line::Command { at, what } => {
                if line.plays() && !playing {
                    (playing, awaited) = (true, Some(*at));
                } else if what == "stop" || what == "panic" {
                    playing = false;
                    if let Some(asked) = awaited.take() {
                        drop(struck.split_off(&(asked, 0)));
                    }
                }
                continue;
            }
            Line::Sent(event) => event,
            _ => continue,
        };
        match event.action {
            Action::NoteOn { voice, pitch, velocity } if playing => {
                let name = names[usize::from(voice.0)].clone();
                let note = Heard { voice: name, pitch, velocity, on: event.at, off: event.at };
                struck.insert((event.at, arrival), (voice, note));
            }
            Action::NoteOff { voice, pitch } => ends.push((event.at, Some((voice, pitch)))),
            Action::AllNotesOff => ends.push((event.at, None)),
            Action::Flush => drop(struck.split_off(&(event.at, 0))),
            Action::Panic => {
                struck.split_off(&(event.at, 0));
                ends.push((event.at, None));
            }
            // A note while nothing plays is the hand's, and has no musical time.
            Action::NoteOn { .. }
            | Action::Control { .. }
            | Action::Program { .. }
            | Action::DelayTime { .. }
            | Action::Clock(_) => {}
        }
    }
    // What ends everything comes first, then note-offs: at its own frame no note ends.
    ends.sort_by_key(|(at, note)| (*at, note.is_some()));
    let mut ends = ends.into_iter().peekable();
    let mut notes: Vec<Heard> = Vec::with_capacity(struck.len());
    let mut open: HashMap<(VoiceSlot, u8), VecDeque<usize>> = HashMap::new();
    let mut end = |at: Frames, open: &mut HashMap<(VoiceSlot, u8), VecDeque<usize>>, notes: &mut Vec<Heard>| {
        while let Some((off, note)) = ends.next_if(|(off, _)| *off <= at) {
            let ended: Vec<usize> = match note {
                Some(note) => open.get_mut(&note).and_then(VecDeque::pop_front).into_iter().collect(),
                None => open.drain().flat_map(|(_, notes)| notes).collect(),
            };
            for note in ended {
                notes[note].off = off;
            }
        }
    };
    for ((at, _), (slot, note)) in struck {
        end(at, &mut open, &mut notes);
        open.entry((slot, note.pitch)).or_default().push_back(notes.len());
        notes.push(note);
    }
    end(Frames(i64::MAX), &mut open, &mut notes);
    // Where the recording broke off.
    let last = recording.events().map(|event| event.at).max().unwrap_or_default();
    for note in open.into_values().flatten() {
        notes[note].off = last;
    }
    notes
}

/// The musical time of a frame, to the nearest tick: exact for what lies on one.
fn musical(transport: &Transport, frame: Frames) -> Beats {
    let below = transport.beats_at(frame);
    let above = below + Beats::new(TICK.0, TICK.1);
    let nearer = frame - transport.frame_of(below) <= transport.frame_of(above) - frame;
    if nearer { below } else { above }
}

/// Where the first bar starts.
fn from(recording: &Recording) -> Beats {
    recording.bars().first().map_or(Beats::ZERO, |bar| bar.beats)
}

/// The tempos, from the start of the first bar. Pauses between a stop and the next play have no musical time.
pub(super) fn tempos(recording: &Recording) -> Vec<(Beats, Tempo)> {
    let end = recording.bars().last().map_or(Beats::ZERO, |bar| bar.beats + bar.meter.bar_length());
    recording.transport().tempos(from(recording), end)
}

pub(super) fn meters(recording: &Recording) -> Vec<(Beats, Meter)> {
    let from = from(recording);
    let mut meters: Vec<(Beats, Meter)> = recording.bars().iter().map(|bar| (bar.beats - from, bar.meter)).collect();
    meters.dedup_by_key(|(_, meter)| *meter);
    meters
}

/// A track for each voice, with the channels that live MIDI would use.
pub(super) fn tracks(recording: &Recording) -> Vec<MidiTrack> {
    let (from, transport, heard) = (from(recording), recording.transport(), heard(recording));
    let mut sounds: Vec<&Sound> = Vec::new();
    for sound in recording.sounds() {
        if sounds.iter().all(|known| known.name != sound.name) {
            sounds.push(sound);
        }
    }
    let channels = channels(recording);
    let track = |sound: &Sound| {
        let notes = heard.iter().filter(|note| note.voice == sound.name).map(|note| {
            let onset = musical(&transport, note.on);
            let length = musical(&transport, note.off) - onset;
            MidiNote { onset: onset - from, length, pitch: note.pitch, velocity: note.velocity }
        });
        let channel = channels.of(sound.slot);
        MidiTrack { name: sound.name.clone(), channel, program: sound.program, notes: notes.collect() }
    };
    sounds.into_iter().map(track).collect()
}

/// The channels of the slots, by what first stood there.
fn channels(recording: &Recording) -> Channels {
    let mut first: [Option<&Sound>; MAX_VOICES] = [None; MAX_VOICES];
    for sound in recording.sounds() {
        first[usize::from(sound.slot.0)].get_or_insert(sound);
    }
    let percussion = first.map(|sound| sound.is_some_and(|sound| sound.role == Role::Drums));
    let mut channels = Channels::for_voices(&percussion);
    for (channel, sound) in channels.0.iter_mut().zip(first) {
        if let Some(own) = sound.and_then(|sound| sound.channel) {
            *channel = own.saturating_sub(1);
        }
    }
    channels
}

/// The bars without the notes that were kept back, by a mute, a hush or a stop. One of which everything sounded is as it was written.
pub(super) fn bars(recording: &Recording) -> Vec<BarRecord> {
    let (transport, mut bars) = (recording.transport(), recording.bars());
    let mut struck: HashMap<(String, u8), Vec<Frames>> = HashMap::new();
    for note in heard(recording) {
        struck.entry((note.voice, note.pitch)).or_default().push(note.on);
    }
    // Notes that are tied on: voice, pitch, end, and whether they sound.
    let mut tied: Vec<(String, i32, Beats, bool)> = Vec::new();
    let starts: Vec<Frames> = bars.iter().map(|bar| bar.at).collect();
    for (at, bar) in bars.iter_mut().enumerate() {
        let next = starts.get(at + 1).copied().unwrap_or(Frames(i64::MAX));
        let (beats, meter, key, unit) = (bar.beats, bar.meter, bar.key, bar.unit);
        // A hand's notes stand where they were heard as they are: on the grid, which is not quite where they were struck.
        for part in bar.parts.iter_mut().filter(|part| part.by != "hand") {
            let key = if part.role == Role::Drums { crate::abc::key::Key::NONE } else { key };
            let (mut measure, _) = read_bar(&part.text, &key, meter, unit, &[]);
            let written = measure.notes.len();
            let moved: HashMap<Beats, Beats> = part.moved.iter().copied().collect();
            measure.notes.retain(|note| {
                let sounds = moved.get(&note.onset).copied().unwrap_or(note.onset);
                let (onset, end) = (beats + note.onset, beats + note.onset + note.length);
                let held = |(voice, pitch, until, _): &(String, i32, Beats, bool)| {
                    (voice == &part.voice, *pitch, *until) == (true, note.pitch.midi(), onset)
                };
                let before = tied.iter().position(held).is_some_and(|held| tied.swap_remove(held).3);
                let from = transport.frame_of(beats + sounds);
                let to = (transport.frame_of(end) + from - transport.frame_of(onset)).min(next);
                let now = u8::try_from(note.pitch.midi()).is_ok_and(|pitch| {
                    let onsets = struck.get(&(part.voice.clone(), pitch)).map_or(&[][..], Vec::as_slice);
                    let first = onsets.partition_point(|on| *on < from);
                    onsets.get(first).is_some_and(|on| *on < to)
                });
                if note.tied_to {
                    tied.push((part.voice.clone(), note.pitch.midi(), end, before || now));
                }
                before || now
            });
            if measure.notes.len() < written {
                let sounds: Vec<Beats> = measure.notes.iter().map(|note| note.onset).collect();
                measure.graces.retain(|grace| sounds.contains(&grace.onset));
                let style = print::Style { marks: true, ..print::Style::new(&key, meter, unit) };
                part.text = print::bar(&measure, meter.bar_length(), &style);
                part.velocities.clear();
            }
        }
        tied.retain(|(_, _, end, _)| *end >= beats + meter.bar_length());
    }
    bars
}
