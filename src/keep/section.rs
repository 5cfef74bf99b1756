//! Heard bars as a section at the end of the tune. Pure.

use super::write::{BARS_A_LINE, Place, line_break, same};
use super::{Kept, Written, lay, tune};
use crate::abc::Meter;
use crate::abc::ast::{Change, Tune};
use crate::score::{Carry, Measure, measure};

/// `P:` with a letter that no section has, then the bars of each voice.
pub(super) fn keep(text: &str, kept: &Kept) -> Result<Written, String> {
    let before = tune(text, kept.scene)?;
    let order = before.header.order.as_ref().map_or("", |order| &order.text);
    let taken = |letter: char| order.contains(letter) || before.parts.iter().any(|part| part.name.contains(letter));
    let letter = ('A'..='Z').find(|&letter| !taken(letter)).ok_or("all sections from A to Z are there")?;
    // Where other sections have a key or metre of their own, other programs have to be told.
    let meter = before.header.meter.unwrap_or(Meter::COMMON);
    let says = |is: fn(&Change) -> bool| before.parts.iter().flat_map(|part| &part.fields).any(|(_, field)| is(field));
    let is_meter = |field: &Change| matches!(field, Change::Meter(_));
    let is_key = |field: &Change| matches!(field, Change::Key(_));
    let lay = |bars: &[Vec<String>]| {
        let mut lines = vec![format!("P:{letter}")];
        lines.extend((kept.meter != meter || says(is_meter)).then(|| format!("M:{}", kept.meter)));
        lines.extend((kept.key != before.header.key || says(is_key)).then(|| format!("K:{}", kept.key)));
        for (voice, bars) in kept.voices.iter().zip(bars) {
            let tag = lay::tag(&before, voice);
            lines.extend(bars.chunks(BARS_A_LINE).map(|bars| format!("{tag}{} |", bars.join(" | "))));
        }
        lay::append(text, &before, &lines.join(line_break(text)))
    };
    let probe = tune(&lay(&vec![vec!["Z".to_owned()]; kept.voices.len()]), kept.scene)?;
    let mut bars = Vec::new();
    for voice in &kept.voices {
        let place = Place::last(&probe, &voice.name).ok_or("the text is not understood")?;
        if voice.measures.iter().any(|measure| measure.length != place.meter().bar_length()) {
            return Err(format!("the text is in {}", place.meter()));
        }
        bars.push(place.texts(&place.written(&voice.measures), Some(&[])));
    }
    let text = lay(&bars);
    let after = tune(&text, kept.scene)?;
    let exact = kept.voices.iter().all(|voice| same(&last(&after, &voice.name, voice.measures.len()), &voice.measures));
    Ok(Written { text, exact })
}

/// What the last bars of a voice in the text sound like.
fn last(tune: &Tune, name: &str, count: usize) -> Vec<Measure> {
    let bars = tune.voice(name).map_or(&[][..], |voice| &voice.bars);
    let mut carry = Carry::of(tune, name);
    bars[bars.len().saturating_sub(count)..].iter().map(|bar| measure(bar, &mut carry).0).collect()
}
