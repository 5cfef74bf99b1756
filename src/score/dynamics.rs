//! Dynamics and hairpins: how loud a text is from note to note (ABC 2.1, 4.14). Pure.

use super::{DEFAULT_VELOCITY, Measure};
use crate::time::Beats;

/// From one dynamic to the next, as the standard's table has them: `mf` 90, `f` 105.
pub const LOUDER: i16 = 15;

/// A decoration that says how a note is struck or held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Shade(Shade),
    /// Struck louder by so much.
    Accent(u8),
    Staccato,
    Tenuto,
}

/// A dynamic, or an end of a hairpin; it acts from its place in the text on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// A dynamic's velocity, 1 to 127.
    Level(u8),
    /// A hairpin opens: louder, or softer.
    From {
        louder: bool,
    },
    To,
}

impl Mark {
    /// By the name of a decoration.
    pub fn of(name: &str) -> Option<Mark> {
        let level = |velocity| Mark::Shade(Shade::Level(velocity));
        Some(match name {
            "pppp" => level(20),
            "ppp" => level(30),
            "pp" => level(45),
            "p" => level(60),
            "mp" => level(75),
            "mf" => level(DEFAULT_VELOCITY),
            "f" => level(105),
            "ff" => level(120),
            "fff" | "ffff" => level(127),
            "<(" | "crescendo(" => Mark::Shade(Shade::From { louder: true }),
            ">(" | "diminuendo(" => Mark::Shade(Shade::From { louder: false }),
            "<)" | "crescendo)" | ">)" | "diminuendo)" => Mark::Shade(Shade::To),
            ">" | "accent" | "emphasis" => Mark::Accent(16),
            "sfz" => Mark::Accent(24),
            "staccato" | "wedge" => Mark::Staccato,
            "tenuto" => Mark::Tenuto,
            _ => return None,
        })
    }
}

/// A ramp of the velocity from one place to another, with the dynamics at its ends.
#[derive(Clone, Copy, Debug)]
struct Ramp {
    from: (Beats, i16),
    to: (Beats, i16),
    /// The dynamic that the notes were read with meanwhile, and how long what the ramp reached holds.
    read: i16,
    until: Beats,
}

/// Plays the hairpins of a voice's bars, which are those that its [`super::Carry`] has counted. From one to the dynamic behind its end where that lies on
/// its way, else one dynamic on ([`LOUDER`]), which then holds; one that is left open ends at the next dynamic, or with the text.
pub fn swell<'a>(bars: impl IntoIterator<Item = &'a mut Measure>, shades: &[(usize, Beats, Shade)]) {
    if !shades.iter().any(|(_, _, shade)| matches!(shade, Shade::From { .. })) {
        return;
    }
    let bars: Vec<&mut Measure> = bars.into_iter().collect();
    let mut starts = vec![Beats::ZERO];
    for bar in &bars {
        starts.push(starts[starts.len() - 1] + bar.length);
    }
    let end = starts[bars.len()];
    let mut placed: Vec<(Beats, Shade)> = shades
        .iter()
        .filter(|(bar, ..)| *bar < bars.len())
        .map(|&(bar, at, shade)| (starts[bar] + at, shade))
        .collect();
    // A bar's layers are read one after another.
    placed.sort_by_key(|(time, _)| *time);
    let ramps = ramps(&placed, end);
    for (bar, start) in bars.into_iter().zip(starts) {
        let (first, last) = (start, start + bar.length);
        let near = ramps.partition_point(|ramp| ramp.until <= first);
        for ramp in ramps[near..].iter().take_while(|ramp| ramp.from.0 < last) {
            for note in &mut bar.notes {
                if let Some(level) = ramp.level(start + note.onset) {
                    note.velocity = (i16::from(note.velocity) + level - ramp.read).clamp(1, 127) as u8;
                }
            }
        }
    }
}

/// The ramps, in order; none reaches into the next.
fn ramps(placed: &[(Beats, Shade)], end: Beats) -> Vec<Ramp> {
    let mut ramps: Vec<Ramp> = Vec::new();
    // What the text says, and what sounds: a ramp may have led on from it.
    let (mut read, mut sounds) = (i16::from(DEFAULT_VELOCITY), i16::from(DEFAULT_VELOCITY));
    for (at, &(time, shade)) in placed.iter().enumerate() {
        let louder = match shade {
            Shade::Level(velocity) => {
                (read, sounds) = (velocity.into(), velocity.into());
                continue;
            }
            Shade::To => continue,
            Shade::From { louder } => louder,
        };
        let closes = placed.get(at + 1).filter(|(_, shade)| *shade == Shade::To);
        let next = placed[at + 1..].iter().find(|(_, shade)| *shade != Shade::To);
        let step = if louder { LOUDER } else { -LOUDER };
        let level = match next {
            Some(&(_, Shade::Level(velocity))) if (i16::from(velocity) - sounds) * step > 0 => velocity.into(),
            _ => (sounds + step).clamp(1, 127),
        };
        let until = next.map_or(end, |(time, _)| *time);
        let to = closes.map_or(until, |(time, _)| *time);
        ramps.push(Ramp { from: (time, sounds), to: (to, level), read, until });
        sounds = level;
    }
    ramps
}

impl Ramp {
    /// The dynamic at a time; `None` outside of the ramp and of what it reached.
    fn level(&self, time: Beats) -> Option<i16> {
        let ((from, low), (to, high)) = (self.from, self.to);
        if !(from..self.until).contains(&time) {
            return None;
        }
        if time >= to {
            return Some(high);
        }
        let gone = (time - from).ratio(to - from) * i64::from(high - low);
        Some(low + gone.round().to_integer() as i16)
    }
}
