//! A tune moved by an interval, text to text: keys are renamed, notes spelled in the new key, chord symbols moved. Every
//! letter keeps its relation to the key, so accidentals stay where they were written and the inverse interval leads back
//! to the same text. Pure.

use super::Step;
use super::ast::{Change, NoteSymbol, Symbol, Tune};
use super::chord;
use super::interval::Interval;
use super::key::{Key, Mode};

/// The tune moved by an interval; drum voices stay. `None` where a key or a note could not be written: a key's name has one
/// sign, a note two. Another interval of the same sound may do, such as D flat for C sharp.
#[must_use]
pub fn transposed(tune: &Tune, interval: Interval) -> Option<Tune> {
    let mut moved = tune.clone();
    moved.header.key = key(&tune.header.key, interval)?;
    for voice in &mut moved.voices {
        if tune.header.voice(&voice.id).is_some_and(super::ast::VoiceHeader::is_percussion) {
            continue;
        }
        for bar in &mut voice.bars {
            bar.context.key = key(&bar.context.key, interval)?;
            for item in &mut bar.items {
                symbol(&mut item.symbol, interval)?;
            }
        }
    }
    Some(moved)
}

/// The way of so many semitones that gives the key the fewest signs.
#[must_use]
pub fn nearest(from: &Key, semitones: i32) -> Interval {
    let plain = Interval::of_semitones(semitones);
    let ways = [0, -1, 1].map(|aside| Interval { steps: plain.steps + aside, semitones });
    let signs = |way: &Interval| {
        let signs = key(from, *way)?.signature.iter().map(|alter| u32::from(alter.unsigned_abs())).sum::<u32>();
        Some(signs)
    };
    // Of equals the commonest interval, which is the first.
    ways.into_iter().min_by_key(|way| signs(way).unwrap_or(u32::MAX)).unwrap_or(plain)
}

fn symbol(symbol: &mut Symbol, interval: Interval) -> Option<()> {
    match symbol {
        Symbol::Note(written) => *written = note(written, interval)?,
        Symbol::Chord { notes, .. } | Symbol::Grace { notes, .. } => {
            for written in notes {
                *written = note(written, interval)?;
            }
        }
        Symbol::ChordSymbol(text) => *text = chord::transposed(text, interval),
        Symbol::Change(Change::Key(written)) => *written = key(written, interval)?,
        _ => {}
    }
    Some(())
}

/// What an unaltered letter becomes: another letter, its octave's change, and the alteration that it needs.
fn letter(step: Step, interval: Interval) -> (Step, i32, i32) {
    let ladder = step as i32 + interval.steps;
    let (octaves, moved) = (ladder.div_euclid(7), Step::ALL[ladder.rem_euclid(7) as usize]);
    (moved, octaves, step.semitones() + interval.semitones - 12 * octaves - moved.semitones())
}

fn note(written: &NoteSymbol, interval: Interval) -> Option<NoteSymbol> {
    let (step, octaves, more) = letter(written.step, interval);
    let altered = |alter: i8| i8::try_from(i32::from(alter) + more).ok().filter(|alter| alter.abs() <= 2);
    let accidental = match written.accidental {
        Some(alter) => Some(altered(alter)?),
        None => None,
    };
    let octave = i8::try_from(i32::from(written.octave) + octaves).ok().filter(|octave| (-1..=9).contains(octave))?;
    Some(NoteSymbol { accidental, step, octave, ..*written })
}

fn key(written: &Key, interval: Interval) -> Option<Key> {
    if interval == Interval::UNISON {
        return Some(*written);
    }
    let mut signature = [0; 7];
    for step in Step::ALL {
        let (moved, _, more) = letter(step, interval);
        let alter = i32::from(written.signature[step as usize]) + more;
        signature[moved as usize] = i8::try_from(alter).ok().filter(|alter| alter.abs() <= 2)?;
    }
    let tonic = match written.tonic {
        Some((step, alter)) => {
            let (moved, _, more) = letter(step, interval);
            let alter = i8::try_from(i32::from(alter) + more).ok().filter(|alter| alter.abs() <= 1)?;
            Some((moved, alter))
        }
        None => None,
    };
    // Pipes play in one key only; elsewhere theirs is a mixolydian one.
    let mode = if written.mode == Mode::Pipes { Mode::Mixolydian } else { written.mode };
    Some(Key { tonic, mode, signature })
}
