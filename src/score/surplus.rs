//! What to say of a bar that is too long. Pure.

use std::borrow::Cow;

use super::measure::{Filled, filled};
use crate::abc::ast::Bar;
use crate::abc::diagnostic::excerpt;
use crate::abc::{Fault, Meter};
use crate::time::Beats;

/// That a bar lasts `length`, more than its metre asks for; `text` is what its spans count in.
#[must_use]
pub fn too_long(bar: &Bar, length: Beats, meter: Meter, text: &str) -> Fault {
    let (unit, full) = (bar.context.unit, meter.bar_length());
    let units = (length - full).ratio(unit);
    let mut fault = Fault::new(format!("the bar is {units} × {unit} too long for {meter}"));
    fault.help = surplus_help(bar, length, full, text).map(Cow::Owned);
    fault
}

/// A hint for a bar that lasts `length` and should last `full`; `text` is what its spans count in. Nothing where there are several
/// layers, or where the surplus comes of a macro.
fn surplus_help(bar: &Bar, length: Beats, full: Beats, text: &str) -> Option<String> {
    let quoted = |from: usize, to: usize| text.get(from..to).map(excerpt);
    match filled(bar, full)? {
        Filled::Before(at) => {
            let (before, after) = (&bar.items[at - 1], bar.items.get(at)?);
            // What a macro stands for has the place of its call.
            if after.span.start < before.span.end {
                return None;
            }
            let rest = quoted(after.span.start, bar.span.end)?;
            Some(format!("it is full before '{rest}': leave that out, or put a bar line there"))
        }
        Filled::Within(at) => {
            let item = &bar.items[at];
            let (note, unit) = (quoted(item.span.start, item.span.end)?, bar.context.unit);
            let last = !bar.items[at + 1..].iter().any(|item| item.symbol.is_timed());
            let shorter = || format!("shorten '{note}' by {} × {unit}", (length - full).ratio(unit));
            Some(if last { shorter() } else { format!("it is full in the middle of '{note}'") })
        }
    }
}
