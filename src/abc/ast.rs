//! The parsed text: books, tunes, voices, bars and the music code in them, each with its place. Plain values in the
//! standard's words; what they sound like is [`crate::score`]'s business.

use std::borrow::Cow;
use std::sync::Arc;

use num_rational::Ratio;

use super::field::{PartOrder, Property, TempoMark};
use super::key::Key;
use super::midi::MidiSetting;
use super::{Meter, Span, Step};
use crate::time::Beats;

/// A file: its tunes in order, and what stands before the first one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// Fields before the first tune, which hold for all (ABC 2.1, 2.2.2).
    pub fields: Vec<Field>,
    /// `%%` lines before the first tune.
    pub directives: Vec<Directive>,
    pub tunes: Vec<Tune>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tune {
    /// `X:`; `None` when the tune has none.
    pub number: Option<u32>,
    /// From the `X:` to the end of the last line.
    pub span: Span,
    pub header: Header,
    /// In order of first appearance, header included; voices without notes have no bars.
    pub voices: Vec<Voice>,
    pub comments: Vec<Comment>,
    /// `P:` lines and inline fields of the body.
    pub parts: Vec<PartMark>,
    /// `%%` lines of header and body.
    pub directives: Vec<Directive>,
    /// Fields of the body that are not music: lyrics, notes, words.
    pub fields: Vec<Field>,
}

impl Tune {
    #[must_use]
    pub fn voice(&self, id: &str) -> Option<&Voice> {
        self.voices.iter().find(|voice| voice.id == id)
    }

    /// How many bars the longest voice has.
    #[must_use]
    pub fn bar_count(&self) -> usize {
        self.voices.iter().map(|voice| voice.bars.len()).max().unwrap_or(0)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// `T:`, in order.
    pub titles: Vec<String>,
    /// `None` when there is no `M:`, which is free metre (ABC 2.1, 3.1.6).
    pub meter: Option<Meter>,
    /// `L:`, or its default from the metre (ABC 2.1, 3.1.7).
    pub unit: Beats,
    pub tempo: Option<TempoMark>,
    pub key: Key,
    /// Clef, `octave=`, `transpose=` and other words of `K:`.
    pub key_properties: Vec<Property>,
    /// `P:`, the order in which parts are played.
    pub order: Option<PartOrder>,
    /// `V:` lines, also those of the body, in order of appearance.
    pub voices: Vec<VoiceHeader>,
    /// All other fields.
    pub fields: Vec<Field>,
    /// From `X:` to the end of the `K:` line.
    pub span: Span,
}

impl Header {
    /// The metre, where absent is free.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meter.unwrap_or(Meter::Free)
    }

    /// Where `P:` stands, or else the header.
    #[must_use]
    pub fn order_span(&self) -> Span {
        self.order.as_ref().map_or(self.span, |order| order.span)
    }

    #[must_use]
    pub fn voice(&self, id: &str) -> Option<&VoiceHeader> {
        self.voices.iter().find(|voice| voice.id == id)
    }
}

/// What `V:` says of a voice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoiceHeader {
    pub id: String,
    /// In order; of two with the same name the later one holds.
    pub properties: Vec<Property>,
    /// Of the first `V:` line.
    pub span: Span,
}

impl VoiceHeader {
    /// The value of a property; a flag has an empty value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|property| property.name == name).map(|property| property.value.as_str())
    }

    /// Whether the voice is a drum voice, whose notes no key alters: `clef=perc`, or `perc` alone.
    #[must_use]
    pub fn is_percussion(&self) -> bool {
        self.get("clef") == Some("perc") || self.get("perc").is_some()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voice {
    /// `1` when the tune names no voices.
    pub id: String,
    pub bars: Vec<Bar>,
}

/// What holds at a place of a voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context {
    pub meter: Meter,
    pub key: Key,
    /// `L:`.
    pub unit: Beats,
    /// Semitones that clef, `octave=` and `transpose=` move the sound by.
    pub shift: i32,
}

impl Context {
    pub fn apply(&mut self, change: &Change) {
        match *change {
            Change::Key(key) => self.key = key,
            Change::Meter(meter) => self.meter = meter,
            Change::Unit(unit) => self.unit = unit,
            Change::Shift(shift) => self.shift = shift,
            Change::Tempo(_) => {}
        }
    }
}

/// The music between two bar lines of one voice. `Z4` is four of these.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// From the first item to the last one, without the bar lines.
    pub span: Span,
    /// At the bar's start; fields among the items change it.
    pub context: Context,
    pub before: BarLine,
    pub after: BarLine,
    pub items: Vec<Item>,
}

impl Bar {
    /// Where the bar's music begins in the text; what takes no time may be left from before a part's mark or a directive.
    #[must_use]
    pub fn music_start(&self) -> usize {
        self.items.iter().find(|item| item.symbol.is_timed()).map_or(self.span.start, |item| item.span.start)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BarLineKind {
    /// None was written: the tune's start or end, or an ending that begins within a bar.
    #[default]
    None,
    /// `[|]`
    Invisible,
    /// `.|`
    Dotted,
    /// `|`, and the repeat signs
    Single,
    /// `||`
    Double,
    /// `[|`
    ThickThin,
    /// `|]`
    ThinThick,
}

/// A bar line with its repeat signs and ending numbers (ABC 2.1, 4.8 to 4.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BarLine {
    pub span: Span,
    pub kind: BarLineKind,
    /// How many more times the music before it is played: 1 for `:|`, 2 for `::|`.
    pub ends: u8,
    /// How many more times the music after it is played: 1 for `|:`.
    pub starts: u8,
    pub endings: Endings,
}

impl BarLine {
    /// Whether a repeat without a start sign may go back to here (ABC 2.1, 4.8).
    #[must_use]
    pub fn is_section(&self) -> bool {
        self.kind >= BarLineKind::Double || self.ends > 0 || self.starts > 0
    }

    /// Two bar lines with no music between them count as one.
    #[must_use]
    pub fn merged(self, next: BarLine) -> BarLine {
        BarLine {
            span: if self.span.end == 0 { next.span } else { Span { start: self.span.start, end: next.span.end } },
            kind: self.kind.max(next.kind),
            ends: self.ends.max(next.ends),
            starts: self.starts.max(next.starts),
            endings: if next.endings.is_empty() { self.endings } else { next.endings },
        }
    }
}

/// The numbers of a variant ending, `[1,3` or `|2`: bit `n` stands for the `n`th time, 1 to 31.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings(pub u32);

impl Endings {
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub fn contains(self, pass: u32) -> bool {
        pass < 32 && self.0 & (1 << pass) != 0
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub span: Span,
    pub symbol: Symbol,
}

/// The music code (ABC 2.1, 4).
#[derive(Clone, Debug, PartialEq)]
pub enum Symbol {
    Note(NoteSymbol),
    /// `[CEG]2-`: the outer length multiplies the inner ones.
    Chord {
        notes: Vec<NoteSymbol>,
        length: Ratio<i64>,
        tie: bool,
    },
    /// `z`, or `x` when invisible.
    Rest {
        visible: bool,
        length: Ratio<i64>,
    },
    /// `Z` or `X`: one bar. `Z4` becomes four bars.
    BarRest {
        visible: bool,
    },
    /// `(p:q:r`: the next `r` notes take `q/p` of their time. `q` is `None` where the metre decides (5, 7 and 9).
    Tuplet {
        p: u8,
        q: Option<u8>,
        r: u8,
    },
    /// `>` is 1, `>>` is 2, `<` is -1 and so on, to 3.
    Broken(i8),
    /// `{…}`; `{/…}` is an acciaccatura. Without time of their own.
    Grace {
        acciaccatura: bool,
        notes: Vec<NoteSymbol>,
    },
    /// `"Am7"`
    ChordSymbol(String),
    /// `"^text"`, with its placing character.
    Annotation(String),
    /// By its long name: `staccato` for `.`, `trill` for `T`, `p` for `!p!`.
    Decoration(Cow<'static, str>),
    SlurStart,
    SlurEnd,
    /// `&`: back to the bar line with another layer (ABC 2.1, 7.4).
    Overlay,
    /// `y`: room on paper.
    Spacer,
    Change(Change),
}

impl Symbol {
    /// Whether it is set to a note without being one: a decoration, a chord symbol or an annotation.
    #[must_use]
    pub fn is_mark(&self) -> bool {
        matches!(self, Symbol::Decoration(_) | Symbol::ChordSymbol(_) | Symbol::Annotation(_))
    }

    /// Whether it takes time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        matches!(self, Symbol::Note(_) | Symbol::Chord { .. } | Symbol::Rest { .. } | Symbol::BarRest { .. })
    }
}

/// A field among the music, inline or as a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Key(Key),
    Meter(Meter),
    Unit(Beats),
    /// Shared, since all voices may have it, and it is rare and large.
    Tempo(Arc<TempoMark>),
    /// Clef, `octave=` or `transpose=`: the new [`Context::shift`].
    Shift(i32),
}

/// A note as written; key and bar decide what it sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteSymbol {
    /// Semitones of the written accidental, 0 for `=`, `None` without one.
    pub accidental: Option<i8>,
    pub step: Step,
    /// Scientific octave: 4 for `C`, 5 for `c`.
    pub octave: i8,
    /// Multiplies `L:`.
    pub length: Ratio<i64>,
    pub tie: bool,
}

/// A `%` line, or the `%` at the end of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `%` to the end of the line.
    pub span: Span,
    /// Without the `%`.
    pub text: String,
    pub whole_line: bool,
    /// How many bars the longest voice had finished; `None` in the header.
    pub after_bars: Option<usize>,
}

/// A `%%` line, without the `%%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub span: Span,
    pub text: String,
    /// As for [`Comment`].
    pub after_bars: Option<usize>,
    /// The voice among whose lines it stands; `None` before any.
    pub voice: Option<String>,
    /// What of it is `%%MIDI`.
    pub midi: Vec<MidiSetting>,
}

/// `P:A` in the body.
#[derive(Clone, Debug, PartialEq)]
pub struct PartMark {
    pub span: Span,
    pub name: String,
    pub after_bars: usize,
    /// `K:` and `M:` lines directly behind it, before any voice or music.
    pub fields: Vec<(Span, Change)>,
}

/// A field kept as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub span: Span,
    /// The letter before the colon, or `+`.
    pub code: u8,
    pub text: String,
}
