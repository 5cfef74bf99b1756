//! From a bar's symbols to its notes: accidentals, tuplets, broken rhythm, ties and dynamics resolved (ABC 2.1, 4).

use num_rational::Ratio;

use super::carry::{Carry, Propagation};
use super::dynamics::{Mark, Shade};
use super::exact::{LONGEST, summable};
use super::ornament::{Figure, MOST_GRACES, Ornament, grace_length};
use super::{ChordSymbol, DEFAULT_VELOCITY, Grace, Marks, Measure, Note, Place, sort};
use crate::abc::ast::{Bar, Change, Context, NoteSymbol, Symbol};
use crate::abc::interval::Interval;
use crate::abc::midi::Stress;
use crate::abc::music::MIDI_PITCHES;
use crate::abc::{Diagnostic, Pitch, Span, Step, chord};
use crate::time::Beats;

/// Layers of one bar. What is tied over the bar line is looked up in each, so there must be a limit.
const MOST_LAYERS: usize = 16;

/// The notes of a bar. `carry` comes from the bar played before and is made ready for the next.
///
/// A note's velocity is that of the dynamic in force, `mf` 90 without one, and 16 more with an accent, 24 with `!sfz!`. Where `%%MIDI beat` or
/// `beatstring` asks for stress, the note's place in the bar gives a velocity instead of the 90, and the dynamic moves it by what it lies
/// above or below `mf`. All of it stays within 1 to 127.
#[must_use]
pub fn measure(bar: &Bar, carry: &mut Carry) -> (Measure, Vec<Diagnostic>) {
    let mut walk = Walk::new(bar, carry);
    walk.notes.reserve(bar.items.len());
    for item in &bar.items {
        walk.symbol(item.span, &item.symbol);
    }
    walk.finish()
}

/// How far into a bar of one layer, counted in its symbols, the time `full` reaches; nothing for a bar that is not longer
/// or has several layers.
pub(super) fn filled(bar: &Bar, full: Beats) -> Option<Filled> {
    let mut carry = Carry::default();
    let mut walk = Walk::new(bar, &mut carry);
    let mut ends_at = None;
    for (at, item) in bar.items.iter().enumerate() {
        if item.symbol == Symbol::Overlay {
            return None;
        }
        walk.symbol(item.span, &item.symbol);
        if walk.now > full {
            return Some(ends_at.map_or(Filled::Within(at), Filled::Before));
        }
        if walk.now < full {
            ends_at = None;
        } else {
            ends_at.get_or_insert(at + 1);
        }
    }
    None
}

/// Where a bar that is too long is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// Before this symbol.
    Before(usize),
    /// In the middle of it.
    Within(usize),
}

/// A chord or a note in the layer that is being read; its notes are `notes[first..end]`.
#[derive(Clone, Copy)]
struct Sounding {
    first: usize,
    end: usize,
    onset: Beats,
    length: Beats,
    span: Span,
}

/// A tuplet that is not over yet.
#[derive(Clone, Copy)]
struct Tuplet {
    /// Notes to come, at least one.
    left: u8,
    /// What their time is multiplied by.
    factor: Ratio<i64>,
    span: Span,
}

/// Marks that wait for their note; one for a rest goes with it.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    /// What it is struck louder by.
    accent: u8,
    staccato: bool,
    tenuto: bool,
    figure: Option<Figure>,
}

struct Walk<'a> {
    carry: &'a mut Carry,
    context: Context,
    shift: Interval,
    /// Semitones that `%%MIDI transpose` moves the voice by, on top of the context's shift.
    transpose: i32,
    stress: Option<Stress>,
    /// Velocities are as `%%MIDI` has them.
    fixed: bool,
    /// Slurs that are open here, in this layer.
    slurs: u8,
    /// The most that were open at a layer's end.
    slurs_out: u8,
    now: Beats,
    longest: Beats,
    notes: Vec<Note>,
    chords: Vec<ChordSymbol>,
    diagnostics: Vec<Diagnostic>,
    /// Accidentals in force, by letter, or by letter and octave.
    altered: Vec<(NoteSymbol, i8)>,
    /// The last element with time, in this layer.
    last: Option<Sounding>,
    /// Pitches whose tie waits for the next element of this layer.
    open: Vec<Pitch>,
    tied_out: Vec<Pitch>,
    layers: usize,
    tuplet: Option<Tuplet>,
    /// What broken rhythm multiplies the next note by.
    broken: Ratio<i64>,
    waiting: Waiting,
    graces: Vec<Grace>,
    /// Graces that have their note; the others wait for it.
    led: usize,
    /// Notes were read in another order than that of their onsets and pitches.
    unsorted: bool,
}

impl<'a> Walk<'a> {
    #[inline]
    fn new(bar: &Bar, carry: &'a mut Carry) -> Self {
        let (open, context) = (carry.tied.clone(), bar.context);
        let midi = carry.midi.in_bar(bar);
        let (transpose, stress, fixed) = (midi.transpose, midi.stress.clone(), midi.places_loudness());
        let slurs = carry.slurs;
        Walk {
            carry,
            context,
            shift: Interval::of_semitones(context.shift + transpose),
            transpose,
            stress,
            fixed,
            slurs,
            slurs_out: 0,
            now: Beats::ZERO,
            longest: Beats::ZERO,
            notes: Vec::new(),
            chords: Vec::new(),
            diagnostics: Vec::new(),
            altered: Vec::new(),
            last: None,
            open,
            tied_out: Vec::new(),
            layers: 1,
            tuplet: None,
            broken: Ratio::from_integer(1),
            waiting: Waiting::default(),
            graces: Vec::new(),
            led: 0,
            unsorted: false,
        }
    }

    fn symbol(&mut self, span: Span, symbol: &Symbol) {
        match symbol {
            Symbol::Note(note) => self.sound(span, std::slice::from_ref(note), Ratio::from_integer(1), false),
            Symbol::Chord { notes, length, tie } => self.sound(span, notes, *length, *tie),
            Symbol::Rest { length, .. } => {
                let factor = self.factor();
                let length = self.exact(span, self.context.unit.scale(*length).scale(factor));
                self.silence(span, length);
            }
            Symbol::BarRest { .. } => self.silence(span, self.context.meter.bar_length()),
            &Symbol::Tuplet { p, q, r } => {
                let compound = self.context.meter.is_compound();
                let q = q.unwrap_or(if compound { 3 } else { 2 });
                self.tuplet = Some(Tuplet { left: r, factor: Ratio::new(q.into(), p.into()), span });
            }
            &Symbol::Broken(dots) => self.break_rhythm(span, dots),
            Symbol::Grace { acciaccatura, notes } => {
                for note in notes {
                    self.grace(span, note, *acciaccatura);
                }
            }
            Symbol::ChordSymbol(text) => {
                // As it sounds, like the notes.
                let moved = self.shift != Interval::UNISON;
                let text = if moved { chord::transposed(text, self.shift) } else { text.clone() };
                self.chords.push(ChordSymbol { onset: self.now, text });
            }
            Symbol::Decoration(name) => self.decoration(name),
            Symbol::Overlay if self.layers >= MOST_LAYERS => {
                let message = format!("more than {MOST_LAYERS} layers in a bar; played one after the other");
                self.diagnostics.push(Diagnostic::error(span, message));
            }
            Symbol::Overlay => {
                self.layers += 1;
                self.unsorted = true;
                self.next_layer();
            }
            Symbol::Change(change) => {
                self.context.apply(change);
                if let Change::Shift(semitones) = *change {
                    self.shift = Interval::of_semitones(semitones + self.transpose);
                }
            }
            Symbol::SlurStart => self.slurs = self.slurs.saturating_add(1),
            Symbol::SlurEnd => {
                self.slurs = self.slurs.saturating_sub(1);
                if self.slurs == 0 {
                    self.unslur();
                }
            }
            Symbol::Annotation(_) | Symbol::Spacer => {}
        }
    }

    fn finish(mut self) -> (Measure, Vec<Diagnostic>) {
        self.next_layer();
        if self.unsorted {
            sort(&mut self.notes);
            self.chords.sort_by_key(|chord| chord.onset);
        }
        self.carry.tied = self.tied_out;
        self.carry.slurs = self.slurs_out;
        self.carry.bars += 1;
        self.graces.sort_by_key(|grace| grace.onset);
        let measure = Measure { length: self.longest, notes: self.notes, chords: self.chords, graces: self.graces };
        (measure, self.diagnostics)
    }

    fn next_layer(&mut self) {
        if let Some(Tuplet { left, span, .. }) = self.tuplet.take() {
            let span = self.last.map_or(span, |last| last.span);
            let message = format!("the tuplet lacks {left} of its notes");
            self.diagnostics
                .push(Diagnostic::warning(span, message).with_help("a tuplet ends with its bar; a rest is z"));
        }
        for pitch in std::mem::take(&mut self.open) {
            if !self.tied_out.contains(&pitch) {
                self.tied_out.push(pitch);
            }
        }
        self.longest = self.longest.max(self.now);
        self.slurs_out = self.slurs_out.max(self.slurs);
        self.slurs = self.carry.slurs;
        self.now = Beats::ZERO;
        self.altered.clear();
        self.open.clone_from(&self.carry.tied);
        self.last = None;
        self.broken = Ratio::from_integer(1);
        self.unmark();
    }

    /// Nothing follows the last notes that they are slurred to.
    fn unslur(&mut self) {
        if let Some(Sounding { first, end, .. }) = self.last {
            self.notes[first..end].iter_mut().for_each(|note| note.marks.slurred = false);
        }
    }

    /// Forgets the marks and graces that have no note.
    fn unmark(&mut self) {
        self.waiting = Waiting::default();
        self.graces.truncate(self.led);
    }

    /// What tuplet and broken rhythm multiply the next element by.
    fn factor(&mut self) -> Ratio<i64> {
        let mut factor = std::mem::replace(&mut self.broken, Ratio::from_integer(1));
        if let Some(tuplet) = &mut self.tuplet {
            factor *= tuplet.factor;
            tuplet.left -= 1;
            if tuplet.left == 0 {
                self.tuplet = None;
            }
        }
        factor
    }

    #[inline]
    fn exact(&mut self, span: Span, time: Beats) -> Beats {
        let below = time.denominator();
        if time.is_binary() && below <= 1 << 13 && time.numerator() <= LONGEST * below {
            return time;
        }
        self.rounded(span, time)
    }

    #[cold]
    fn rounded(&mut self, span: Span, time: Beats) -> Beats {
        let rounded = summable(time);
        if rounded < time && rounded == Beats::WHOLE * LONGEST {
            self.diagnostics.push(Diagnostic::error(span, "nothing lasts that long"));
        } else if rounded != time {
            self.diagnostics.push(Diagnostic::warning(span, format!("the length {time} is rounded")));
        }
        rounded
    }

    fn silence(&mut self, span: Span, length: Beats) {
        self.unmark();
        self.unslur();
        self.untie(self.notes.len());
        let at = self.notes.len();
        self.last = Some(Sounding { first: at, end: at, onset: self.now, length, span });
        self.now += length;
    }

    /// A note or chord; the first note's length is the chord's (ABC 2.1, 4.17).
    fn sound(&mut self, span: Span, symbols: &[NoteSymbol], outer: Ratio<i64>, tie: bool) {
        let Some(head) = symbols.first() else { return };
        let factor = self.factor();
        let unit = self.context.unit;
        let length = self.exact(span, unit.scale(head.length).scale(outer).scale(factor));
        let Waiting { accent, staccato, tenuto, figure } = std::mem::take(&mut self.waiting);
        let velocity = self.velocity(accent);
        let graced = self.led < self.graces.len();
        self.graces[self.led..].iter_mut().for_each(|grace| grace.onset = self.now);
        self.led = self.graces.len();
        let first = self.notes.len();
        self.unsorted |= symbols.len() > 1;
        for (at, symbol) in symbols.iter().enumerate() {
            let pitch = self.pitch(symbol);
            if !(0..=127).contains(&pitch.midi()) {
                self.diagnostics.push(Diagnostic::error(span, "this pitch is beyond MIDI").with_help(MIDI_PITCHES));
                continue;
            }
            // Members of a chord differ in length as their numbers do.
            let own = if at == 0 || symbol.length == head.length {
                length
            } else {
                self.exact(span, unit.scale(symbol.length).scale(outer).scale(factor))
            };
            let tied_to = tie || symbol.tie;
            let tied_from = self.open.contains(&pitch);
            // Of a chord the highest note has the ornament.
            let highest = || symbols.iter().all(|other| (other.octave, other.step) <= (symbol.octave, symbol.step));
            let ornament = figure.filter(|_| highest()).map(|figure| self.ornament(figure, symbol, pitch));
            let marks = Marks { staccato, tenuto, slurred: self.slurs > 0, fixed: self.fixed, graced, ornament };
            let place = Place(span);
            self.notes.push(Note { onset: self.now, length: own, pitch, velocity, tied_from, tied_to, marks, place });
        }
        let end = self.notes.len();
        self.untie(first);
        self.open.extend(self.notes[first..].iter().filter(|note| note.tied_to).map(|note| note.pitch));
        self.last = Some(Sounding { first, end, onset: self.now, length, span });
        self.now += length;
    }

    /// The velocity of what comes now.
    #[inline]
    fn velocity(&self, accent: u8) -> u8 {
        let mut velocity = i32::from(self.carry.velocity) + i32::from(accent);
        if let Some(stress) = &self.stress {
            let placed = stress.velocity(self.now, self.context.meter);
            velocity += i32::from(placed) - i32::from(DEFAULT_VELOCITY);
        }
        velocity.clamp(1, 127) as u8
    }

    /// A grace note takes no time, but its accidental holds in the bar.
    fn grace(&mut self, span: Span, symbol: &NoteSymbol, acciaccatura: bool) {
        let written = Pitch { step: symbol.step, alter: self.alter(symbol), octave: symbol.octave };
        let pitch = written.transposed(self.shift);
        if (0..=127).contains(&pitch.midi()) && self.graces.len() - self.led < MOST_GRACES {
            let length = grace_length(symbol.length, acciaccatura);
            self.graces.push(Grace { onset: self.now, length, pitch, place: Place(span) });
        }
    }

    /// The ornament on a note, with its neighbours as key and accidentals have them.
    fn ornament(&mut self, figure: Figure, symbol: &NoteSymbol, pitch: Pitch) -> Ornament {
        let mut apart = |steps: i32| {
            let ladder = 7 * i32::from(symbol.octave) + symbol.step as i32 + steps;
            let (step, octave) = (Step::ALL[ladder.rem_euclid(7) as usize], ladder.div_euclid(7) as i8);
            let alter = self.alter(&NoteSymbol { accidental: None, step, octave, ..*symbol });
            let neighbour = Pitch { step, alter, octave }.transposed(self.shift);
            (steps * (neighbour.midi() - pitch.midi())).clamp(1, 3) as u8
        };
        Ornament { figure, above: apart(1), below: apart(-1) }
    }

    /// A `-` to another pitch than those from `first` on is a slur in many older files: the note is not held on.
    #[inline]
    fn untie(&mut self, first: usize) {
        if !self.open.is_empty() {
            self.untie_from(first);
        }
    }

    #[cold]
    fn untie_from(&mut self, first: usize) {
        let Some(last) = self.last else {
            self.open.clear();
            return;
        };
        let (before, next) = self.notes.split_at_mut(first);
        let held = |pitch: &Pitch| next.iter().any(|note| note.pitch == *pitch);
        for note in &mut before[last.first..last.end] {
            note.tied_to = note.tied_to && held(&note.pitch);
        }
        if self.open.iter().any(|pitch| !held(pitch)) {
            let message = "a tie needs the same pitch after it; played without";
            let help = "a slur is written (AB)";
            self.diagnostics.push(Diagnostic::warning(last.span, message).with_help(help));
        }
        self.open.clear();
    }

    /// `>` and `<` take from one neighbour what they give to the other (ABC 2.1, 4.4). Unequal notes are multiplied alike.
    fn break_rhythm(&mut self, span: Span, dots: i8) {
        let short = Ratio::new(1, 1 << dots.unsigned_abs());
        let long = Ratio::from_integer(2) - short;
        let (before, after) = if dots > 0 { (long, short) } else { (short, long) };
        let Some(mut last) = self.last else {
            let message = "broken rhythm needs a note before it in the bar";
            self.diagnostics.push(Diagnostic::warning(span, message).with_help("as in A>B"));
            return;
        };
        if self.broken != Ratio::from_integer(1) {
            self.diagnostics.push(Diagnostic::error(span, "one mark of broken rhythm between two notes is enough"));
            return;
        }
        last.length = self.exact(span, last.length.scale(before));
        for at in last.first..last.end {
            self.notes[at].length = self.exact(span, self.notes[at].length.scale(before));
        }
        self.now = last.onset + last.length;
        self.last = Some(last);
        self.broken = after;
    }

    /// The sounding pitch: its own accidental, else a tie's, else the bar's, else the key's.
    fn pitch(&mut self, symbol: &NoteSymbol) -> Pitch {
        let written = Pitch { step: symbol.step, alter: self.alter(symbol), octave: symbol.octave };
        let pitch = written.transposed(self.shift);
        if symbol.accidental.is_some() || self.open.is_empty() {
            return pitch;
        }
        // Held on, over the bar line too, a note stays what it was, without a say in what follows.
        let same = |tied: &&Pitch| tied.ladder() == written.ladder() + self.shift.steps;
        self.open.iter().find(same).copied().unwrap_or(pitch)
    }

    /// What the note's letter is altered by; remembers a written accidental.
    #[inline]
    fn alter(&mut self, symbol: &NoteSymbol) -> i8 {
        if symbol.accidental.is_none() && self.altered.is_empty() {
            return self.context.key.signature[symbol.step as usize];
        }
        self.alter_in_bar(symbol)
    }

    fn alter_in_bar(&mut self, symbol: &NoteSymbol) -> i8 {
        let propagation = self.carry.propagation;
        let reaches = |to: &NoteSymbol| match propagation {
            Propagation::Not => false,
            Propagation::Octave => to.step == symbol.step && to.octave == symbol.octave,
            Propagation::Pitch => to.step == symbol.step,
        };
        if let Some(alter) = symbol.accidental {
            self.altered.retain(|(to, _)| !reaches(to));
            if propagation != Propagation::Not {
                self.altered.push((*symbol, alter));
            }
            return alter;
        }
        let in_force = self.altered.iter().find(|(to, _)| reaches(to));
        in_force.map_or(self.context.key.signature[symbol.step as usize], |(_, alter)| *alter)
    }

    fn decoration(&mut self, name: &str) {
        match Mark::of(name) {
            Some(Mark::Shade(shade)) => {
                if let Shade::Level(velocity) = shade {
                    self.carry.velocity = velocity;
                }
                self.carry.shades.push((self.carry.bars, self.now, shade));
            }
            Some(Mark::Accent(louder)) => self.waiting.accent = louder,
            Some(Mark::Staccato) => self.waiting.staccato = true,
            Some(Mark::Tenuto) => self.waiting.tenuto = true,
            None => self.waiting.figure = Figure::of(name).or(self.waiting.figure),
        }
    }
}
