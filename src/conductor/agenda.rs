//! The agenda: events between their bar's commit and their departure for the outputs. Joins ties and slurs over bar lines. Pure.

use std::collections::BTreeMap;

use crate::event::{Action, ScheduledEvent, VoiceSlot};
use crate::time::{Beats, Frames};
use crate::timeline::Bar;
use crate::transport::{Bent, Transport};

/// A note that goes on over the bar line: struck, and not yet given its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    voice: VoiceSlot,
    pitch: u8,
    end: Beats,
}

#[derive(Debug, Default)]
pub struct Agenda {
    /// By frame, then note-offs before note-ons, then order of arrival; with the place in the music that the frame is of, where it is of one.
    events: BTreeMap<(Frames, u8, u64), (ScheduledEvent, Option<Beats>)>,
    arrivals: u64,
    open: Vec<Open>,
    /// Slurred into the next bar: they end there, before they are struck again.
    slurred: Vec<Open>,
}

impl Agenda {
    /// Forgets everything, open ties and slurs too: whoever calls ends the sounding notes. Gives what will not be sent.
    pub fn clear(&mut self) -> impl Iterator<Item = ScheduledEvent> {
        self.open.clear();
        self.slurred.clear();
        std::mem::take(&mut self.events).into_values().map(|(event, _)| event)
    }

    /// Forgets what a controller was still to do.
    pub fn drop_controls(&mut self, slot: VoiceSlot, number: u8) {
        let is = |action| matches!(action, Action::Control { voice, controller, .. } if (voice, controller) == (slot, number));
        self.events.retain(|_, (event, _)| !is(event.action));
    }

    /// Forgets the notes that a slot was still to strike.
    pub fn drop_strikes(&mut self, slot: VoiceSlot) {
        self.events.retain(|_, (event, _)| !matches!(event.action, Action::NoteOn { voice, .. } if voice == slot));
    }

    /// Puts down the notes of a bar. Bars come in their order.
    pub fn schedule(&mut self, bar: &Bar, transport: &Transport, slot: impl Fn(&str) -> Option<VoiceSlot>) {
        let mut tied_on: Vec<Open> = Vec::new();
        let mut open = std::mem::take(&mut self.open);
        let mut slurred = std::mem::take(&mut self.slurred);
        let (tempo, bar_end) = (transport.tempo_at(bar.start), bar.start + bar.length());
        for (at, voice) in bar.scene.voices.iter().enumerate() {
            let Some(slot) = slot(&voice.name) else { continue };
            for note in bar.played(at, tempo) {
                let Ok(pitch) = u8::try_from(note.pitch.midi()) else { continue };
                if pitch > 127 {
                    continue;
                }
                let (onset, end) = (bar.start + note.onset, bar.start + note.onset + note.length);
                let held = |open: &Open| (open.voice, open.pitch, open.end) == (slot, pitch, onset);
                if let Some(at) = open.iter().position(held) {
                    open.swap_remove(at);
                } else {
                    let again = |open: &Open| (open.voice, open.pitch) == (slot, pitch) && onset < open.end;
                    while let Some(at) = slurred.iter().position(again) {
                        slurred.swap_remove(at);
                        self.place(onset, Action::NoteOff { voice: slot, pitch }, transport);
                    }
                    let strike = Action::NoteOn { voice: slot, pitch, velocity: note.velocity };
                    self.place(onset, strike, transport);
                }
                if note.tied_to {
                    open.push(Open { voice: slot, pitch, end });
                } else if end > bar_end {
                    self.slurred.push(Open { voice: slot, pitch, end });
                } else {
                    self.place(end, Action::NoteOff { voice: slot, pitch }, transport);
                }
            }
        }
        for tie in open {
            // A tie that reaches the bar's end may go on in the next bar; any other ends where its note does.
            if tie.end == bar_end {
                tied_on.push(tie);
            } else {
                self.end(tie, transport);
            }
        }
        for slur in slurred {
            self.end(slur, transport);
        }
        self.open = tied_on;
    }

    /// Ends what is tied or slurred into a bar that will not come.
    pub fn end_ties(&mut self, transport: &Transport) {
        let (ties, slurs) = (std::mem::take(&mut self.open), std::mem::take(&mut self.slurred));
        ties.into_iter().chain(slurs).for_each(|open| self.end(open, transport));
    }

    fn end(&mut self, Open { voice, pitch, end }: Open, transport: &Transport) {
        self.place(end, Action::NoteOff { voice, pitch }, transport);
    }

    /// What sounds of a slot ends at this bar line, to which everything so far was put down: ties into it, too.
    pub fn cut(&mut self, slot: usize, at: Frames) {
        let is_of = |voice: VoiceSlot| usize::from(voice.0) == slot;
        let (tied, open) = std::mem::take(&mut self.open).into_iter().partition(|tie| is_of(tie.voice));
        self.open = open;
        let tied: Vec<Open> = tied;
        let late = self.events.range((at, u8::MAX, 0)..).map(|(key, (event, _))| (*key, *event));
        let late: Vec<_> = late
            .filter_map(|(key, event)| match event.action {
                Action::NoteOff { voice, pitch } if is_of(voice) => Some((key, voice, pitch)),
                _ => None,
            })
            .collect();
        for (key, _, _) in &late {
            self.events.remove(key);
        }
        let ends = late.into_iter().map(|(_, voice, pitch)| (voice, pitch));
        for (voice, pitch) in ends.chain(tied.into_iter().map(|tie| (tie.voice, tie.pitch))) {
            self.put(at, Action::NoteOff { voice, pitch });
        }
    }

    /// The tempo map was bent: what is still to be sent moves with it.
    /// What has a place falls where that does, so that the end of a note and the beginning of the next one stay on one frame.
    pub fn bend(&mut self, bent: &Bent, transport: &Transport) {
        let events = std::mem::take(&mut self.events);
        self.events = events
            .into_iter()
            .map(|((at, rank, arrival), (event, place))| {
                let at = place.map_or_else(|| bent.moved(at), |place| transport.frame_of(place));
                ((at, rank, arrival), (ScheduledEvent { at, ..event }, place))
            })
            .collect();
    }

    /// Sends all that is due before `horizon`, in order.
    pub fn send_until(&mut self, horizon: Frames, mut send: impl FnMut(ScheduledEvent)) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 >= horizon {
                break;
            }
            send(entry.remove().0);
        }
    }

    /// Sends this at its frame.
    pub fn put(&mut self, at: Frames, action: Action) {
        self.insert(at, action, None);
    }

    /// Sends this at the frame of a place in the music.
    fn place(&mut self, place: Beats, action: Action, transport: &Transport) {
        self.insert(transport.frame_of(place), action, Some(place));
    }

    fn insert(&mut self, at: Frames, action: Action, place: Option<Beats>) {
        self.arrivals += 1;
        let rank = u8::from(matches!(action, Action::NoteOn { .. }));
        self.events.insert((at, rank, self.arrivals), (ScheduledEvent { at, action }, place));
    }
}
