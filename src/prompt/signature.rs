//! Key and metre of sections: `K:` and `M:` directly behind a `P:` hold for all voices of that section and for no other. Pure.
//!
//! ABC has such a field hold for one voice, and on in the text. All other changes of key and metre do so here, too.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{Scene, Voice, property};
use crate::abc::ast::{Bar, Change, Context, Header, PartMark, Symbol, Tune, VoiceHeader};
use crate::abc::key::Key;
use crate::abc::{Diagnostic, Meter, Span};
use crate::compose::VoiceRules;

/// What a section says of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub key: Option<Key>,
    pub meter: Option<(Span, Meter)>,
}

/// What is said behind the marks of each section; of two such fields the later one holds.
pub(super) fn said(tune: &Tune) -> HashMap<&str, Said> {
    let mut sections: HashMap<&str, Said> = HashMap::new();
    for mark in &tune.parts {
        let said = sections.entry(&mark.name).or_default();
        for (span, change) in &mark.fields {
            match change {
                Change::Key(key) => said.key = Some(*key),
                Change::Meter(meter) => said.meter = Some((*span, *meter)),
                _ => {}
            }
        }
    }
    sections
}

/// The tune with the keys and metres of its sections in force in all their bars. Says where other programs read the text otherwise.
pub(super) fn settle<'a>(tune: &'a Tune, diagnostics: &mut Vec<Diagnostic>) -> Cow<'a, Tune> {
    let fields: HashSet<usize> = tune.parts.iter().flat_map(|mark| &mark.fields).map(|(span, _)| span.start).collect();
    if fields.is_empty() {
        return Cow::Borrowed(tune);
    }
    let sections = said(tune);
    let mut told = HashSet::new();
    let mut settled = tune.clone();
    for voice in &mut settled.voices {
        let drums = tune.header.voice(&voice.id).is_some_and(VoiceHeader::is_percussion);
        let mut course = Course::new((tune.header.meter(), tune.header.key), drums);
        let mut before = 0;
        for bar in &mut voice.bars {
            let behind = tune.parts.partition_point(|mark| mark.span.start <= bar.music_start());
            let mark = behind.checked_sub(1).map(|at| &tune.parts[at]);
            let enters = std::mem::replace(&mut before, behind) != behind;
            if let Some(mark) = mark.filter(|_| enters) {
                course.enter(sections[mark.name.as_str()]);
            }
            bar.items.retain(|item| !matches!(item.symbol, Symbol::Change(_)) || !fields.contains(&item.span.start));
            let first = bar.items.iter().position(|item| item.symbol.is_timed()).unwrap_or(bar.items.len());
            bar.items[..first].iter().for_each(|item| course.pass(&item.symbol));
            let read = bar.context;
            bar.context = course.in_force(read);
            bar.items[first..].iter().for_each(|item| course.pass(&item.symbol));
            if let Some(mark) = mark.filter(|mark| enters && !told.contains(&mark.name)) {
                let difference = difference(mark, sections[mark.name.as_str()], bar.context, read);
                told.extend(difference.iter().map(|_| &mark.name));
                diagnostics.extend(difference);
            }
        }
    }
    Cow::Owned(settled)
}

/// Metre and key along the bars of a voice.
struct Course {
    /// What holds on from section to section, and what holds in this one.
    base: (Meter, Key),
    now: (Meter, Key),
    said: Said,
    drums: bool,
}

impl Course {
    fn new((meter, key): (Meter, Key), drums: bool) -> Course {
        let base = (meter, if drums { Key::NONE } else { key });
        Course { base, now: base, said: Said::default(), drums }
    }

    fn enter(&mut self, said: Said) {
        let meter = said.meter.map_or(self.base.0, |(_, meter)| meter);
        // No key alters drums.
        let key = said.key.filter(|_| !self.drums).unwrap_or(self.base.1);
        (self.now, self.said) = ((meter, key), said);
    }

    fn pass(&mut self, symbol: &Symbol) {
        match *symbol {
            Symbol::Change(Change::Meter(meter)) => {
                self.now.0 = meter;
                self.base.0 = if self.said.meter.is_some() { self.base.0 } else { meter };
            }
            Symbol::Change(Change::Key(key)) => {
                self.now.1 = key;
                self.base.1 = if self.said.key.is_some() { self.base.1 } else { key };
            }
            _ => {}
        }
    }

    fn in_force(&self, read: Context) -> Context {
        Context { meter: self.now.0, key: self.now.1, ..read }
    }
}

/// What a section is in here and elsewhere, of that which it does not say itself, where another section before it in the text does.
fn difference(mark: &PartMark, said: Said, here: Context, elsewhere: Context) -> Option<Diagnostic> {
    let name = &mark.name;
    let same = (said.key.is_some() || here.key == elsewhere.key, said.meter.is_some() || here.meter == elsewhere.meter);
    let (is, other, fields) = match same {
        (true, true) => return None,
        (false, true) => (here.key.to_string(), elsewhere.key.to_string(), format!("K:{}", here.key)),
        (true, false) => (here.meter.to_string(), elsewhere.meter.to_string(), format!("M:{}", here.meter)),
        (false, false) => (
            format!("{} and {}", here.meter, here.key),
            format!("{} and {}", elsewhere.meter, elsewhere.key),
            format!("M:{} and K:{}", here.meter, here.key),
        ),
    };
    let message = format!("section {name} is in {is}; other programs go on in {other} there");
    Some(Diagnostic::warning(mark.span, message).with_help(format!("{fields} behind P:{name} says it to all")))
}

/// A voice of the whole scene where another key and metre may hold: its scale is the key's, and a rhythm that does not fit is none.
pub(super) fn voice(mut voice: Voice, whole: &Scene, here: &Header) -> Voice {
    let Some(header) = here.voice(&voice.name) else { return voice };
    let scale = header.get("scale").filter(|_| voice.rules.classes.is_some() && here.key != whole.key);
    if let Some(scale) = scale {
        voice.rules.classes = property::scale(scale, &here.key).or(voice.rules.classes);
    }
    if !voice.rhythm.is_empty() && here.meter.unwrap_or(Meter::COMMON).bar_length() != whole.bar_length() {
        let usual = VoiceRules::default();
        let said = |name: &str| header.get(name).is_some();
        voice.rules.grid = if said("grid") { voice.rules.grid } else { usual.grid };
        voice.rules.notes = if said("notes") { voice.rules.notes } else { usual.notes };
        voice.rhythm.clear();
    }
    voice
}

/// What all of these bars have in common, where there are any.
pub(super) fn common<'a, T: PartialEq>(bars: impl Iterator<Item = &'a Bar>, of: fn(&Bar) -> T) -> Option<T> {
    let mut all = bars.map(of);
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}
