//! What the repeat signs of a tune go back to, as far as abc2midi and the standard part about it. Values without I/O.

use barline::abc::ast::{Bar, BarLine, BarLineKind, Endings, Tune};

/// What a repeat sign goes back to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// `|:`, the start of a tune or part, or what abc2midi takes for one: a double bar after a section that a `:|` began.
    Start,
    /// `||:`
    DottedDoubleBar,
    DoubleBar,
    /// `:|`
    End,
}

/// A `:|`.
pub struct Repeat {
    pub back: Back,
    /// It is `::`.
    pub starts: bool,
    /// It stands at the end of the last of some endings, and begins nothing.
    pub ends_endings: bool,
}

/// The repeat signs of all voices.
pub fn repeats(tune: &Tune) -> impl Iterator<Item = Repeat> {
    tune.voices.iter().flat_map(move |voice| {
        let (mut back, mut open, mut endings) = (Back::Start, false, Endings::default());
        voice.bars.iter().enumerate().filter_map(move |(at, bar)| {
            let line = &bar.before;
            let section = at > 0 && line.is_section() && line.endings.is_empty();
            if section && (!open || line.starts > 0) {
                back = match line {
                    BarLine { starts: 1.., kind, .. } if *kind >= BarLineKind::Double => Back::DottedDoubleBar,
                    BarLine { starts: 1.., .. } => Back::Start,
                    BarLine { ends: 1.., .. } => Back::End,
                    _ if back == Back::End && endings.is_empty() => Back::Start,
                    _ => Back::DoubleBar,
                };
                open = false;
                endings = Endings::default();
            }
            if at > 0 && line.kind >= BarLineKind::Double && !line.endings.is_empty() && line.ends == 0 && !open {
                back = Back::DoubleBar;
            }
            if tune.parts.iter().any(|mark| mark.after_bars == at) {
                back = Back::Start;
            }
            open |= line.starts > 0;
            endings.0 |= line.endings.0;
            if bar.after.ends == 0 {
                return None;
            }
            open = false;
            let goes_on = voice.bars.get(at + 1).is_some_and(|next| !next.before.endings.is_empty());
            let ends_endings = endings.0 & !2 != 0 && !goes_on && bar.after.starts == 0;
            Some(Repeat { back, starts: bar.after.starts > 0, ends_endings })
        })
    })
}

/// Whether a `|:` meets the next one, or a later section, without a `:|` between.
pub fn is_left_open(bars: &[Bar]) -> bool {
    let mut open = false;
    bars.iter().enumerate().any(|(at, bar)| {
        let line = &bar.before;
        let left = open && at > 0 && line.starts > 0 && line.ends == 0;
        open |= line.starts > 0;
        open &= bar.after.ends == 0;
        left
    })
}
