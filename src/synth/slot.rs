//! One slot of the mixer: the voices of a scene's voice, its gain, pan, and reverb and delay sends. Runs on the audio thread.

use fundsp::prelude32::BufferVec;
use rtrb::Producer;

use super::held::Key;
use super::meters::{Measured, Meters, level};
use super::pool::Pool;
use super::voice::{BLOCK, SlotControls, Voice, midi_gain};
use crate::time::SampleRate;

/// Controllers that the mixer knows (MIDI 1.0 detailed specification, table 3).
mod controller {
    pub const VOLUME: u8 = 7;
    pub const PAN: u8 = 10;
    /// General purpose 1 to 4: the patch's macros.
    pub const MACROS: std::ops::RangeInclusive<u8> = 16..=19;
    pub const CUTOFF: u8 = 74;
    pub const REVERB: u8 = 91;
    /// Effects depth 4, the delay's in General MIDI 2's relatives.
    pub const DELAY: u8 = 94;
}

/// Values after a General MIDI reset, and a little reverb.
const VOLUME: u8 = 100;
const CENTRE: u8 = 64;
const REVERB: u8 = 40;
/// About 3 kHz.
const CUTOFF: u8 = 92;

/// Gains, pans, sends and the last level of a cut note move by 63 % of the way in this time.
const SMOOTHING_SECONDS: f32 = 0.006;
const RESIDUE_SECONDS: f32 = 0.002;
/// Cutoff and macros move in steps of one block.
const CONTROL_SECONDS: f32 = 0.02;

/// Pools of earlier patches that may still ring. A third change within one release waits.
const RETIRING: usize = 2;

/// Controller 74 as a frequency: ten octaves from 20 Hz, so that each step sounds alike.
fn cutoff_hz(value: u8) -> f32 {
    20.0 * 1000.0_f32.powf(f32::from(value) / 127.0)
}

/// A value on its way to another.
#[derive(Clone, Copy, Debug)]
struct Smooth {
    value: f32,
    target: f32,
}

impl Smooth {
    fn at(value: f32) -> Smooth {
        Smooth { value, target: value }
    }

    fn step(&mut self, pace: f32) -> f32 {
        self.value += (self.target - self.value) * pace;
        self.value
    }
}

#[derive(Debug)]
pub struct Slot {
    pool: Option<Box<Pool>>,
    retiring: [Option<Box<Pool>>; RETIRING],
    /// What is left of notes that were cut, decaying.
    residue: [f32; 2],
    gains: [Smooth; 2],
    reverb: Smooth,
    delay: Smooth,
    volume: u8,
    pan: u8,
    cutoff: Smooth,
    macros: [Smooth; 4],
    pace: f32,
    residue_pace: f32,
    control_pace: f32,
    measured: Measured,
}

/// What the slots send to the effects, a block of it.
#[derive(Debug)]
pub struct Buses {
    pub reverb: [[f32; BLOCK]; 2],
    pub delay: [[f32; BLOCK]; 2],
    /// Whether anything was sent to the delay.
    pub echoing: bool,
}

impl Default for Buses {
    fn default() -> Buses {
        Buses { reverb: [[0.0; BLOCK]; 2], delay: [[0.0; BLOCK]; 2], echoing: false }
    }
}

impl Slot {
    pub fn new(rate: SampleRate, pool: Option<Box<Pool>>) -> Slot {
        let pace = |seconds: f32, frames: f32| 1.0 - (-frames / (seconds * rate.0 as f32)).exp();
        let mut slot = Slot {
            pool,
            retiring: [const { None }; RETIRING],
            residue: [0.0; 2],
            gains: [Smooth::at(0.0); 2],
            reverb: Smooth::at(f32::from(REVERB) / 127.0),
            delay: Smooth::at(0.0),
            volume: VOLUME,
            pan: CENTRE,
            cutoff: Smooth::at(cutoff_hz(CUTOFF).ln()),
            macros: [Smooth::at(0.0); 4],
            pace: pace(SMOOTHING_SECONDS, 1.0),
            residue_pace: pace(RESIDUE_SECONDS, 1.0),
            control_pace: pace(CONTROL_SECONDS, BLOCK as f32),
            measured: Measured::new(rate),
        };
        slot.aim();
        slot
    }

    /// A slot whose sound has no reverb.
    pub fn dry(rate: SampleRate, pool: Box<Pool>) -> Slot {
        let mut slot = Slot::new(rate, Some(pool));
        slot.control(controller::REVERB, 0);
        slot
    }

    /// Gains from volume and pan, of constant power (General MIDI 2: cosine and sine, 0 and 1 both hard left).
    fn aim(&mut self) {
        let angle = f32::from(self.pan.max(1) - 1) / 126.0 * std::f32::consts::FRAC_PI_2;
        let volume = midi_gain(self.volume);
        self.gains[0].target = volume * angle.cos();
        self.gains[1].target = volume * angle.sin();
    }

    pub fn control(&mut self, controller: u8, value: u8) {
        let value = value.min(127);
        let share = f32::from(value) / 127.0;
        match controller {
            controller::VOLUME => {
                self.volume = value;
                self.aim();
            }
            controller::PAN => {
                self.pan = value;
                self.aim();
            }
            controller::CUTOFF => self.cutoff.target = cutoff_hz(value).ln(),
            controller::REVERB => self.reverb.target = share,
            controller::DELAY => self.delay.target = share,
            macros if controller::MACROS.contains(&macros) => {
                self.macros[usize::from(macros - controller::MACROS.start())].target = share;
            }
            _ => {}
        }
    }

    fn pools(&mut self) -> impl Iterator<Item = &mut Box<Pool>> {
        self.pool.iter_mut().chain(self.retiring.iter_mut().flatten())
    }

    fn voices(&mut self) -> impl Iterator<Item = &mut Voice> {
        self.pools().flat_map(|pool| &mut pool.voices)
    }

    pub fn sounding(&self) -> usize {
        self.pool.iter().chain(self.retiring.iter().flatten()).map(|pool| pool.sounding()).sum()
    }

    pub fn note_on(&mut self, pitch: u8, velocity: u8, age: u64) {
        // The same pitch again: the note before ends here.
        self.note_off(pitch);
        if self.sounding() == 0 {
            // Nothing to be heard, nothing to move smoothly.
            for smooth in self.gains.iter_mut().chain([&mut self.reverb, &mut self.delay]) {
                smooth.value = smooth.target;
            }
        }
        let controls = self.slot_controls();
        let Some(pool) = self.pool.as_mut().filter(|pool| !pool.broken) else { return };
        let cut = pool.note_on(Key { pitch, velocity }, age, &controls);
        self.leave(cut);
    }

    /// Whether a note that is struck takes one more voice, or one of its own.
    pub fn needs_voice(&self) -> bool {
        self.pool.as_ref().is_some_and(|pool| !pool.broken && pool.needs_voice())
    }

    pub fn note_off(&mut self, pitch: u8) {
        let cut =
            self.pools().map(|pool| pool.note_off(pitch)).fold([0.0; 2], |sum, cut| [sum[0] + cut[0], sum[1] + cut[1]]);
        self.leave(cut);
    }

    pub fn release_all(&mut self) {
        self.voices().for_each(Voice::release);
    }

    pub fn fade_all(&mut self) {
        self.voices().for_each(Voice::fade);
    }

    /// The claim of the voice here that would be stolen first.
    pub fn claim(&mut self) -> Option<(u8, u64)> {
        self.voices().filter(|voice| !voice.is_free()).map(|voice| voice.claim()).min()
    }

    pub fn steal(&mut self) {
        let stolen = self.voices().filter(|voice| !voice.is_free()).min_by_key(|voice| voice.claim());
        if let Some(cut) = stolen.map(Voice::cut) {
            self.leave(cut);
        }
    }

    /// A cut note leaves its last level behind, which decays instead of clicking.
    fn leave(&mut self, cut: [f32; 2]) {
        self.residue[0] += cut[0];
        self.residue[1] += cut[1];
    }

    fn slot_controls(&self) -> SlotControls {
        SlotControls { cutoff: self.cutoff.value.exp(), macros: self.macros.map(|smooth| smooth.value) }
    }

    /// Moves cutoff and macros by one block, and frees voices that have rung out.
    pub fn tick(&mut self) {
        let pace = self.control_pace;
        self.cutoff.step(pace);
        for smooth in &mut self.macros {
            smooth.step(pace);
        }
        let controls = self.slot_controls();
        for voice in self.voices().filter(|voice| !voice.is_free()) {
            voice.set(&controls);
            voice.retire();
        }
    }

    /// Adds the next frames to the mix and the sends; tells whether there was any sound. `at` is the slot's own number, for its meter.
    pub fn render(
        &mut self,
        at: usize,
        scratch: &mut BufferVec,
        mix: [&mut [f32]; 2],
        buses: &mut Buses,
        meters: &Meters,
    ) -> bool {
        let size = mix[0].len();
        let mut bus = [[0.0; BLOCK]; 2];
        let mut sounding = false;
        let newest = self.pool.iter_mut().map(|pool| (pool, true));
        for (pool, newest) in newest.chain(self.retiring.iter_mut().flatten().map(|pool| (pool, false))) {
            for voice in pool.voices.iter_mut().filter(|voice| !voice.is_free()) {
                sounding = true;
                let Err(cut) = voice.render(size, scratch, &mut bus) else { continue };
                self.residue = [self.residue[0] + cut[0], self.residue[1] + cut[1]];
                pool.broken = true;
                if newest {
                    meters.blow(at);
                }
            }
        }
        let residue = self.residue[0].abs().max(self.residue[1].abs());
        if !sounding && residue < 1.0e-6 {
            self.residue = [0.0; 2];
            self.measured.voice(at, [(0.0, 0.0); 2], size, meters);
            return false;
        }
        let [mix_left, mix_right] = mix;
        buses.echoing |= self.delay.target > 0.0 || self.delay.value > 1.0e-4;
        for i in 0..size {
            let (reverb, delay) = (self.reverb.step(self.pace), self.delay.step(self.pace));
            for (side, bus) in bus.iter_mut().enumerate() {
                bus[i] = (bus[i] + self.residue[side]) * self.gains[side].step(self.pace);
                buses.reverb[side][i] += bus[i] * reverb;
                buses.delay[side][i] += bus[i] * delay;
                self.residue[side] -= self.residue[side] * self.residue_pace;
            }
            mix_left[i] += bus[0][i];
            mix_right[i] += bus[1][i];
        }
        self.measured.voice(at, [level(&bus[0][..size]), level(&bus[1][..size])], size, meters);
        true
    }

    #[cfg(test)]
    pub fn holds(&self, pitch: u8) -> bool {
        self.pool.iter().any(|pool| pool.voices.iter().any(|voice| voice.holds(pitch)))
    }

    pub fn can_take(&self) -> bool {
        self.pool.is_none() || self.retiring.iter().any(Option::is_none)
    }

    /// Plays new notes with `pool` from now on; ask [`Slot::can_take`] first.
    pub fn take(&mut self, pool: Box<Pool>) {
        if let Some(old) = self.pool.replace(pool)
            && let Some(place) = self.retiring.iter_mut().find(|place| place.is_none())
        {
            *place = Some(old);
        }
    }

    /// Sends pools that have rung out home.
    pub fn send_home(&mut self, home: &mut Producer<Box<Pool>>) {
        for place in &mut self.retiring {
            if place.as_ref().is_some_and(|pool| pool.is_silent())
                && !home.is_full()
                && let Some(pool) = place.take()
                && let Err(rtrb::PushError::Full(pool)) = home.push(pool)
            {
                *place = Some(pool);
            }
        }
    }
}
