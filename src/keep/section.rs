//! Heard bars as a section at the end of the tune, beside what plays: the form names it when the performer says so. Pure.

use super::write::{BARS_A_LINE, Place, line_break, same};
use super::{Kept, Written, lay, tune};
use crate::abc::Meter;
use crate::abc::ast::{Change, Tune};
use crate::score::{Carry, Measure, measure};

/// `P:` with a letter that no section has, then the bars of each voice. A tune without a form gets the one that it is played in.
pub(super) fn keep(text: &str, kept: &Kept) -> Result<Written, String> {
    let before = tune(text, kept.scene)?;
    let order = before.header.order.as_ref().map_or("", |order| &order.text);
    let taken = |letter: char| order.contains(letter) || before.parts.iter().any(|part| part.name.contains(letter));
    let letter = ('A'..='Z').find(|&letter| !taken(letter)).ok_or("all sections from A to Z are there")?;
    let form = form(&before)?;
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
        let text = lay::append(text, &before, &lines.join(line_break(text)));
        // The last line of the header is `K:`.
        let key = text[..before.header.span.end].rfind(['\n', '\r']).map_or(0, |before| before + 1);
        match &form {
            Some(form) => [&text[..key], "P:", form, line_break(&text), &text[key..]].concat(),
            None => text,
        }
    };
    let probe = tune(&lay(&vec![vec!["Z".to_owned()]; kept.voices.len()]), kept.scene)?;
    let mut bars = Vec::new();
    for voice in &kept.voices {
        let place = Place::last(&probe, &voice.name)
            .ok_or_else(|| format!("there is no place for {} in the text", voice.name))?;
        if voice.measures.iter().any(|measure| measure.length != place.meter().bar_length()) {
            return Err(format!("the text is in {}", place.meter()));
        }
        bars.push(place.texts(&place.written(&voice.measures)));
    }
    let text = lay(&bars);
    let after = tune(&text, kept.scene)?;
    let exact = kept.voices.iter().all(|voice| same(&last(&after, &voice.name, voice.measures.len()), &voice.measures));
    Ok(Written { text, exact, letter: Some(letter) })
}

/// The form that `P:` in the header is to say, so that another section at the end does not play yet; `None` where it says one already.
fn form(tune: &Tune) -> Result<Option<String>, String> {
    let mut names: Vec<&str> = tune.parts.iter().map(|part| part.name.as_str()).collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    if let Some(order) = &tune.header.order {
        let plays = |letter: &char| names.iter().any(|name| name.starts_with(*letter));
        let plays = order.parts.is_empty() || order.parts.iter().any(plays);
        return if plays { Ok(None) } else { Err("P: asks for sections that are not there".to_owned()) };
    }
    let letter = |(at, name): (usize, &&str)| {
        let letter = name.chars().next().filter(|letter| letter.is_alphabetic())?;
        (names.iter().position(|name| name.starts_with(letter)) == Some(at)).then_some(letter)
    };
    let form: Option<String> = names.iter().enumerate().map(letter).collect();
    form.map(Some).ok_or_else(|| "not each section has a letter of its own, by which P: could name it".to_owned())
}

/// What the last bars of a voice in the text sound like.
fn last(tune: &Tune, name: &str, count: usize) -> Vec<Measure> {
    let bars = tune.voice(name).map_or(&[][..], |voice| &voice.bars);
    let mut carry = Carry::of(tune, name);
    bars[bars.len().saturating_sub(count)..].iter().map(|bar| measure(bar, &mut carry).0).collect()
}
