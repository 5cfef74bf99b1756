//! The bar automaton: which bytes may come next in one bar of one voice, so that the bar can still be finished.
//!
//! It reads the composer's subset of ABC (notes with every accidental explicit, rests, `[CEG]` with outer length, `(3` of
//! three equal notes, ties to the same pitch, chord symbols on beats, lengths of [`LENGTHS`] at `L:1/8`) up to and including
//! the bar line. After each accepted byte there is at least one way to a full bar that keeps the [`Rules`]; hence no dead ends.
//! Values only; used on the decode thread and in tests.

mod element;
mod pattern;
mod rules;
mod symbol;
mod tables;

pub use element::Element;
pub use pattern::{Pattern, Stroke};
pub use rules::{LENGTHS, PitchSet, Rules, TICKS_PER_WHOLE};
use tables::Tables;

use super::{Pitch, Step};
use crate::time::Beats;

/// `C,,,,` and `c''''` are as far as anyone reads.
const MAX_OCTAVE_MARKS: u8 = 4;
/// A chord of the subset has two to this many notes.
const MAX_CHORD: u8 = 4;
/// The reach of what no strong beat stops.
const ALWAYS: u16 = u16::MAX;
const ACCIDENTALS: [(u8, i8); 3] = [(b'^', 1), (b'_', -1), (b'=', 0)];

/// Where in the bar the text is. Small and `Copy`: token masks are cached by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Ticks still to fill, before the element being written.
    left: u16,
    /// Struck notes so far.
    count: u8,
    /// Steps (bit by [`Step`]) that an accidental of this bar has moved away from the signature.
    altered: u8,
    /// What a tie demands next.
    tie: Option<Tied>,
    /// A space, or a chord symbol, has been written since the last element.
    spaced: bool,
    symbol: bool,
    context: Context,
    phase: Phase,
}

/// A tie leads to the same pitch in the same spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tied {
    midi: u8,
    step: Step,
}

/// What the note being written belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Context {
    Plain,
    /// Inside `[…]`: the highest note so far, how many, and for how many ticks all of them may sound.
    Chord {
        top: u8,
        notes: u8,
        reach: u16,
    },
    /// Inside `(3…`: which of the three, and the length that all share once the first is done.
    Triplet {
        index: u8,
        ticks: u16,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Before an element.
    Between,
    /// After `(`.
    TripletOpen,
    /// After `[` or a note of a chord that is complete, or after `(3` or a note of a triplet that is not the last.
    Inside,
    /// After `^ _ =`.
    Accidental(i8),
    /// After a letter and its octave marks.
    Letter { step: Step, pitch: i16, upper: bool, marks: u8 },
    /// In the length of a note, chord or rest: the index of the prefix in the table, and for how many ticks the pitches may sound.
    Length { note: Option<Tied>, rest: bool, prefix: u8, reach: u16 },
    /// After `-`.
    Tied,
    /// Inside a chord symbol.
    Symbol(symbol::Place),
    /// After the bar line.
    Done,
}

/// The automaton for bars under one set of [`Rules`].
#[derive(Clone, Debug)]
pub struct Automaton {
    rules: Rules,
    tables: Tables,
}

impl Automaton {
    /// Errs when no bar can keep the rules: a length off the 1/32 grid, no pitch where notes are demanded, too many notes, a rhythm that
    /// is not as long as the bar.
    pub fn new(mut rules: Rules) -> Result<Automaton, String> {
        if rules.length == 0 || !rules.length.is_multiple_of(3) || rules.length > 384 {
            return Err(format!("a bar of {}/96 is not on the grid of the composer", rules.length));
        }
        // A grid that does not divide the bar could never fill it.
        while !rules.length.is_multiple_of(rules.grid) {
            rules.grid = if rules.grid > 3 { 3.max(rules.grid / 2 / 3 * 3) } else { 3 };
        }
        for (at, tones) in &mut rules.strong {
            *tones = tones.and(rules.pitches);
            if *tones == PitchSet(0) {
                let at = Beats::new(i64::from(*at), TICKS_PER_WHOLE.into()).ratio(Beats::WHOLE);
                return Err(format!("no chord tone is left for the strong beat {at} into the bar"));
            }
        }
        let tables = Tables::new(&rules);
        let (least, most) = rules.notes;
        if !tables.fillable(rules.length, least, most) {
            return Err(match &rules.rhythm {
                Some(_) if (least, most) == (0, u8::MAX) => {
                    "a note of the rhythm is off the grid, or held over chords that share no tone here".to_owned()
                }
                Some(_) => format!("the rhythm has no place for {least} to {most} notes on this grid"),
                None => format!("no bar can hold {least} to {most} notes on this grid"),
            });
        }
        Ok(Automaton { rules, tables })
    }

    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The state before the first byte. `tied_in` is the pitch that the bar before has tied over; one that the rules leave no room for is not demanded.
    #[must_use]
    pub fn start(&self, tied_in: Option<Pitch>) -> State {
        let plain = State {
            left: self.rules.length,
            count: 0,
            altered: 0,
            tie: None,
            spaced: false,
            symbol: false,
            context: Context::Plain,
            phase: Phase::Between,
        };
        // A rhythm says itself whether its first note is struck.
        let holds = self.rules.rhythm.as_ref().is_none_or(|pattern| pattern.held);
        let demanded = tied_in.filter(|_| holds).and_then(|pitch| {
            let tie = Tied { midi: u8::try_from(pitch.midi()).ok()?, step: pitch.step };
            let state = State { tie: Some(tie), ..plain };
            self.note_possible(&state).then_some(state)
        });
        demanded.unwrap_or(plain)
    }

    /// The state after `byte`, or `None` when no full bar could follow.
    #[must_use]
    pub fn push(&self, state: State, byte: u8) -> Option<State> {
        match state.phase {
            Phase::Done => None,
            Phase::Between => self.begin(state, byte),
            Phase::TripletOpen => (byte == b'3').then_some(State { phase: Phase::Inside, ..state }),
            Phase::Inside => match (byte, state.context) {
                (b']', Context::Chord { notes, reach, .. }) if notes >= 2 => Some(State {
                    context: Context::Plain,
                    phase: Phase::Length { note: None, rest: false, prefix: 0, reach },
                    ..state
                }),
                _ => self.note_byte(state, byte),
            },
            Phase::Accidental(alter) => self.letter(state, byte, Some(alter)),
            Phase::Letter { step, pitch, upper, marks } => self.after_letter(state, byte, step, pitch, upper, marks),
            Phase::Length { note, rest, prefix, reach } => {
                if let Some(prefix) = Tables::extend_prefix(prefix, byte) {
                    let fits = Tables::completions(prefix).any(|ticks| self.fits(&state, ticks, rest, reach));
                    return fits.then_some(State { phase: Phase::Length { note, rest, prefix, reach }, ..state });
                }
                let ticks = Tables::prefix_ticks(prefix)?;
                let must_tie = self.tables.tied(self.at(&state));
                if byte == b'-' {
                    return if must_tie == Some(false) { None } else { self.tie(state, note?, ticks, reach) };
                }
                if must_tie == Some(true) {
                    return None;
                }
                let closed = self.close_element(state, ticks, rest, reach)?;
                self.push(closed, byte)
            }
            Phase::Tied => self.push(State { phase: Phase::Between, ..state }, byte),
            Phase::Symbol(at) => Some(match symbol::push(at, byte)? {
                symbol::Step::Inside(at) => State { phase: Phase::Symbol(at), ..state },
                symbol::Step::Closed => State { phase: Phase::Between, symbol: true, ..state },
            }),
        }
    }

    /// Whether the bar line has been written.
    #[must_use]
    pub fn is_done(state: &State) -> bool {
        state.phase == Phase::Done
    }

    /// The MIDI note that the finished bar ties into the next.
    #[must_use]
    pub fn tied_out(state: &State) -> Option<u8> {
        state.tie.filter(|_| state.phase == Phase::Done).map(|tie| tie.midi)
    }

    /// Reads a whole bar, bar line included.
    #[must_use]
    pub fn accepts(&self, text: &str, tied_in: Option<Pitch>) -> Option<State> {
        let end = text.bytes().try_fold(self.start(tied_in), |state, byte| self.push(state, byte))?;
        Automaton::is_done(&end).then_some(end)
    }

    /// The shortest plain way from `state` to the bar line, mostly rests: what closes a bar that ran out of time.
    #[must_use]
    pub fn finish(&self, mut state: State) -> String {
        const MUSIC: &[u8] = b"|]zCDEFGABcdefgab/23416,'^_=783-(";
        const SYMBOL: &[u8] = b"\"7CDEFGABajimuds4";
        let mut text = String::new();
        while state.phase != Phase::Done {
            let preference = if matches!(state.phase, Phase::Symbol(_)) { SYMBOL } else { MUSIC };
            let step = preference.iter().find_map(|&byte| Some((byte, self.push(state, byte)?)));
            let Some((byte, next)) = step else { break };
            text.push(char::from(byte));
            state = next;
        }
        text
    }

    /// The first byte of an element, a space, a chord symbol or the bar line.
    fn begin(&self, state: State, byte: u8) -> Option<State> {
        let tied = state.tie.is_some();
        match byte {
            b'|' if state.left == 0 && !state.symbol && (!tied || self.rules.tie_out) => {
                Some(State { phase: Phase::Done, spaced: false, ..state })
            }
            b' ' if !state.spaced && !state.symbol => Some(State { spaced: true, ..state }),
            _ if state.left == 0 => None,
            b'"' if self.rules.symbols
                && !state.symbol
                && (self.rules.length - state.left).is_multiple_of(self.rules.beat) =>
            {
                Some(State { phase: Phase::Symbol(0), ..state })
            }
            b'z' if !tied && self.any_length_fits(&state, true, ALWAYS) => {
                Some(State { phase: Phase::Length { note: None, rest: true, prefix: 0, reach: ALWAYS }, ..state })
            }
            b'(' if !tied => {
                let state =
                    State { context: Context::Triplet { index: 0, ticks: 0 }, phase: Phase::TripletOpen, ..state };
                self.note_possible(&state).then_some(state)
            }
            // No tie leads out of a chord.
            b'[' if !tied && self.rules.chords && self.tables.tied(self.at(&state)) != Some(true) => {
                let context = Context::Chord { top: 0, notes: 0, reach: ALWAYS };
                let state = State { context, phase: Phase::Inside, ..state };
                self.note_possible(&state).then_some(state)
            }
            _ => self.note_byte(state, byte),
        }
    }

    /// An accidental or a letter.
    fn note_byte(&self, state: State, byte: u8) -> Option<State> {
        match ACCIDENTALS.iter().find(|(sign, _)| *sign == byte) {
            Some(&(_, alter)) => {
                let next = State { phase: Phase::Accidental(alter), ..state };
                let letters = b"CDEFGABcdefgab";
                letters.iter().any(|&letter| self.letter(next, letter, Some(alter)).is_some()).then_some(next)
            }
            None => self.letter(state, byte, None),
        }
    }

    fn letter(&self, mut state: State, byte: u8, accidental: Option<i8>) -> Option<State> {
        let step = Step::from_letter(byte)?;
        if state.tie.is_some_and(|tie| tie.step != step) {
            return None;
        }
        let (bit, natural) = (1 << step as u8, self.rules.signature[step as usize]);
        let altered = state.altered & bit != 0;
        let alter = match accidental {
            Some(alter) if alter != natural => {
                state.altered |= bit;
                alter
            }
            // An accidental that says what the key says is only for the way back.
            Some(alter) if altered => {
                state.altered &= !bit;
                alter
            }
            None if !altered => natural,
            _ => return None,
        };
        let upper = byte.is_ascii_uppercase();
        let pitch = (if upper { 60 } else { 72 } + step.semitones() + i32::from(alter)) as i16;
        self.marks_possible(&state, pitch, upper, 0)
            .then_some(State { phase: Phase::Letter { step, pitch, upper, marks: 0 }, ..state })
    }

    fn after_letter(&self, state: State, byte: u8, step: Step, pitch: i16, upper: bool, marks: u8) -> Option<State> {
        let (mark, shift) = if upper { (b',', -12) } else { (b'\'', 12) };
        if byte == mark {
            let (pitch, marks) = (pitch + shift, marks + 1);
            return self
                .marks_possible(&state, pitch, upper, marks)
                .then_some(State { phase: Phase::Letter { step, pitch, upper, marks }, ..state });
        }
        if !self.pitch_allowed(&state, pitch) {
            return None;
        }
        let here = self.reach(self.at(&state), pitch);
        let pitch = pitch as u8;
        if let Context::Chord { notes, reach, .. } = state.context {
            let context = Context::Chord { top: pitch, notes: notes + 1, reach: reach.min(here) };
            return self.push(State { context, phase: Phase::Inside, ..state }, byte);
        }
        let note = Some(Tied { midi: pitch, step });
        self.push(State { phase: Phase::Length { note, rest: false, prefix: 0, reach: here }, ..state }, byte)
    }

    /// Whether this pitch, or one that more octave marks lead to, may sound here.
    fn marks_possible(&self, state: &State, pitch: i16, upper: bool, marks: u8) -> bool {
        let shift = if upper { -12 } else { 12 };
        (0..=i16::from(MAX_OCTAVE_MARKS.saturating_sub(marks)))
            .any(|more| self.pitch_allowed(state, pitch + shift * more))
            && marks <= MAX_OCTAVE_MARKS
    }

    /// Whether this pitch may sound here for some length that lets the bar be finished.
    fn pitch_allowed(&self, state: &State, pitch: i16) -> bool {
        if !self.rules.pitches.contains(pitch.into()) || state.tie.is_some_and(|tie| i16::from(tie.midi) != pitch) {
            return false;
        }
        let at = self.at(state);
        let here = self.reach(at, pitch);
        match state.context {
            // A chord rises, and its first note leaves room for a second.
            Context::Chord { top, notes, reach } => {
                let fits = |reach: u16| self.any_length_fits(state, false, reach);
                let here = here.min(reach);
                let room = notes > 0
                    || (pitch + 1..128).any(|higher| self.writable(higher) && fits(here.min(self.reach(at, higher))));
                (notes == 0 || pitch > i16::from(top)) && notes < MAX_CHORD && room && fits(here)
            }
            _ => self.any_length_fits(state, false, here),
        }
    }

    /// Where the note being written begins, in ticks from the start of the bar.
    fn at(&self, state: &State) -> u16 {
        let before = self.rules.length - state.left;
        match state.context {
            Context::Triplet { index, ticks } => before + u16::from(index) * (2 * ticks / 3),
            _ => before,
        }
    }

    /// For how many ticks a pitch may sound from a place on: to the first strong beat of whose chord it is not.
    fn reach(&self, at: u16, pitch: i16) -> u16 {
        let bars = |&&(beat, tones): &&(u16, PitchSet)| beat >= at && !tones.contains(pitch.into());
        self.rules.strong.iter().filter(bars).map(|(beat, _)| beat - at).min().unwrap_or(ALWAYS)
    }

    /// Whether this pitch is in the rules and within the octave marks (`C,,,,` to `b''''`).
    fn writable(&self, pitch: i16) -> bool {
        self.rules.pitches.contains(pitch.into()) && (12..=131).contains(&pitch)
    }

    fn note_possible(&self, state: &State) -> bool {
        b"^_=CDEFGABcdefgab"
            .iter()
            .any(|&byte| self.note_byte(State { phase: Phase::Inside, ..*state }, byte).is_some())
    }

    fn any_length_fits(&self, state: &State, rest: bool, reach: u16) -> bool {
        LENGTHS.iter().any(|&(_, ticks)| self.fits(state, ticks, rest, reach))
    }

    /// Whether the element being written, whose pitches may sound for `reach` ticks, may last `ticks` (as written): the bar can still be
    /// finished after it.
    fn fits(&self, state: &State, ticks: u16, rest: bool, reach: u16) -> bool {
        let at = self.rules.length - state.left;
        if let Context::Triplet { index, ticks: shared } = state.context {
            return (index == 0 || shared == ticks)
                && 2 * ticks <= state.left
                && self.tables.allows_triplet(&self.rules, at, ticks)
                && 2 * ticks / 3 <= reach
                && self.finishable(state.left - 2 * ticks, state.count.saturating_add(3));
        }
        let struck = u8::from(!rest && state.tie.is_none());
        ticks <= state.left
            && self.tables.allows(&self.rules, at, ticks, rest)
            && (rest || self.tables.sounds(at, ticks) <= reach)
            && self.finishable(state.left - ticks, state.count.saturating_add(struck))
    }

    /// Whether a bar with `left` ticks to go and `count` notes struck can end within the rules.
    fn finishable(&self, left: u16, count: u8) -> bool {
        let (least, most) = self.rules.notes;
        count <= most && self.tables.fillable(left, least.saturating_sub(count), most - count)
    }

    /// The state after an element of `ticks`, before the next.
    fn close_element(&self, state: State, ticks: u16, rest: bool, reach: u16) -> Option<State> {
        if !self.fits(&state, ticks, rest, reach) {
            return None;
        }
        if let Context::Triplet { index, .. } = state.context {
            return Some(if index < 2 {
                State { context: Context::Triplet { index: index + 1, ticks }, phase: Phase::Inside, ..state }
            } else {
                Automaton::between(state, 2 * ticks, 3)
            });
        }
        let struck = u8::from(!rest && state.tie.is_none());
        Some(Automaton::between(state, ticks, struck))
    }

    fn between(state: State, ticks: u16, struck: u8) -> State {
        State {
            left: state.left - ticks,
            count: state.count.saturating_add(struck),
            tie: None,
            spaced: false,
            symbol: false,
            context: Context::Plain,
            phase: Phase::Between,
            ..state
        }
    }

    /// `-` after a plain note: the next note must be the same.
    fn tie(&self, state: State, note: Tied, ticks: u16, reach: u16) -> Option<State> {
        if state.context != Context::Plain {
            return None;
        }
        let closed = self.close_element(state, ticks, false, reach)?;
        let tied = State { tie: Some(note), phase: Phase::Tied, ..closed };
        let possible = if tied.left == 0 { self.rules.tie_out } else { self.pitch_allowed(&tied, note.midi.into()) };
        possible.then_some(tied)
    }
}
