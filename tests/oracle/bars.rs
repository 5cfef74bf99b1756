//! What makes a bar one about which abc2midi and the standard part. Values without I/O.

use barline::abc::Pitch;
use barline::abc::ast::{Bar, Change, NoteSymbol, Symbol};
use barline::score::{Carry, measure};
use barline::time::Beats;

/// Whether a note is altered by the accidental of a grace note, and would be otherwise without that.
pub fn altered_by_grace(bar: &Bar) -> bool {
    let mut signature = bar.context.key.signature;
    let (mut with, mut without) = (signature, signature);
    bar.items.iter().any(|item| {
        let (written, grace) = match &item.symbol {
            Symbol::Change(Change::Key(key)) => {
                signature = key.signature;
                (with, without) = (signature, signature);
                return false;
            }
            Symbol::Overlay => {
                (with, without) = (signature, signature);
                return false;
            }
            Symbol::Grace { notes, .. } => (&notes[..], true),
            symbol => (notes(symbol), false),
        };
        written.iter().any(|note| {
            let step = note.step as usize;
            with[step] = note.accidental.unwrap_or(with[step]);
            if !grace {
                without[step] = note.accidental.unwrap_or(without[step]);
            }
            !grace && with[step] != without[step]
        })
    })
}

/// The notes of an element: of a note one, of a chord all.
fn notes(symbol: &Symbol) -> &[NoteSymbol] {
    match symbol {
        Symbol::Note(note) => std::slice::from_ref(note),
        Symbol::Chord { notes, .. } => notes,
        _ => &[],
    }
}

/// Whether the last note of one of the layers is tied.
pub fn ends_in_tie(bar: &Bar) -> bool {
    bar.items.split(|item| item.symbol == Symbol::Overlay).any(|layer| {
        let last = layer.iter().rev().map(|item| &item.symbol).find(|symbol| symbol.is_timed());
        last.is_some_and(|last| {
            matches!(last, Symbol::Chord { tie: true, .. }) || notes(last).iter().any(|note| note.tie)
        })
    })
}

/// Whether a tie leads over a bar line to a pitch that stands so to its own.
pub fn ties_to(bars: &[Bar], so: impl Fn(Pitch, Pitch) -> bool) -> bool {
    let mut carry = Carry::default();
    bars.iter().any(|bar| {
        let tied = carry.tied.clone();
        let notes = measure(bar, &mut carry).0.notes;
        let mut first = notes.iter().filter(|note| note.onset == Beats::ZERO && !tied.contains(&note.pitch));
        first.any(|note| tied.iter().any(|tied| so(*tied, note.pitch)))
    })
}

pub fn has_unequal_chord(bar: &Bar) -> bool {
    bar.items.iter().any(|item| match &item.symbol {
        Symbol::Chord { notes, .. } => notes.iter().any(|note| note.length != notes[0].length),
        _ => false,
    })
}

/// Whether `>` or `<` stands between notes of unequal lengths.
pub fn breaks_unequal(bar: &Bar) -> bool {
    let mut tuplet = 0;
    // The last length in units, once broken rhythm changed it nothing that it equals.
    let mut last = None;
    let mut broken = false;
    for item in &bar.items {
        let length = match &item.symbol {
            Symbol::Note(note) => note.length,
            Symbol::Chord { notes, length, .. } => notes[0].length * length,
            Symbol::Rest { length, .. } => *length,
            &Symbol::Tuplet { r, .. } => {
                tuplet = r;
                continue;
            }
            Symbol::Broken(_) => {
                broken = true;
                continue;
            }
            _ => continue,
        };
        let now = Some((length, tuplet > 0));
        if broken && last != now {
            return true;
        }
        last = if broken { None } else { now };
        broken = false;
        tuplet = tuplet.saturating_sub(1);
    }
    broken
}

/// Whether abc2midi shortens the staccato notes of the bar as we do. It does not where another mark than a bowing stands between
/// the dot and its note, and has its own idea of a note that broken rhythm or a tie makes longer.
pub fn staccato_is_alike(bar: &Bar) -> bool {
    // Where the note must begin that a dot belongs to.
    let mut dot = None;
    let (mut last, mut broken) = (false, false);
    bar.items.iter().all(|item| match &item.symbol {
        Symbol::Decoration(name) if matches!(&**name, "staccato" | "wedge") => {
            dot = Some(item.span.end);
            true
        }
        Symbol::Decoration(name) if matches!(&**name, "upbow" | "downbow") && dot == Some(item.span.start) => {
            dot = Some(item.span.end);
            true
        }
        Symbol::Broken(_) => {
            broken = true;
            dot.is_none()
        }
        symbol if symbol.is_timed() => {
            let staccato = dot.is_some();
            let tied = matches!(symbol, Symbol::Chord { tie: true, .. }) || notes(symbol).iter().any(|note| note.tie);
            let apart = dot.take().is_some_and(|dot| dot != item.span.start);
            let alike = !(apart || staccato && tied || broken && staccato != last);
            (last, broken) = (staccato, false);
            alike
        }
        _ => dot.is_none(),
    })
}
