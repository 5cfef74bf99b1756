//! Notes by hand on virtual time. Pure.

use num_rational::Ratio;

use super::Place;
use super::player::Player;
use crate::event::{Command, Playing};
use crate::prompt::By;

impl Player<'_> {
    /// A note on the scene's first voice that is played by hand. It is let go of so many felt beats later.
    pub(super) fn note(&mut self, pitch: u8, velocity: u8, beats: Ratio<i64>, place: Place) -> Result<(), String> {
        let timeline = self.recorder.timeline();
        if self.recorder.playing() == Playing::Stopped {
            return Err("a note by hand has no place while nothing plays".to_owned());
        }
        let hand = timeline.scene().voices.iter().find(|voice| voice.by == By::Hand);
        let voice = hand.map(|voice| voice.name.clone()).ok_or("no voice is by=hand")?;
        let meter = timeline.bar(place.bar).map(|bar| bar.scene.meter);
        let end = self.at + meter.unwrap_or(timeline.next_scene().meter).beat().scale(beats);
        self.held.retain(|(_, other, held)| (other, *held) != (&voice, pitch));
        self.score.struck(&voice, pitch, self.now, place, self.at);
        self.command(Command::NoteOn { voice: voice.clone(), pitch, velocity }, place);
        self.held.push((end, voice, pitch));
        Ok(())
    }

    /// Lets go of what has been held long enough.
    pub(super) fn let_go(&mut self) {
        let here = self.here();
        self.held.sort();
        while let Some((_, voice, pitch)) = self.held.first().filter(|(end, ..)| *end <= self.at).cloned() {
            self.held.remove(0);
            self.command(Command::NoteOff { voice, pitch }, here);
        }
    }
}
