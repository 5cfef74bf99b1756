//! The properties of a voice that are for hardware: where it goes, what is to be set there, and controller lanes. Reads them into a [`Voice`].

use std::sync::Arc;

use super::property::Why;
use super::voice::Voice;
use crate::abc::Fault;
use crate::abc::ast::VoiceHeader;
use crate::abc::diagnostic::excerpt;
use crate::abc::field::Property;
use crate::rig::{Output, Rig, controller};

/// No ramp is longer, in bars.
const LONGEST: u32 = 999;

/// What a controller of a voice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// 0 to 119.
    pub controller: u8,
    /// 0 to 127.
    pub from: u8,
    pub to: u8,
    /// So many bars from the one value to the other, from the bar on in which it is first heard; 0 for a value that is set at once.
    pub bars: u32,
}

/// The output of the rig that a voice names, if it is one.
pub(super) fn output(header: &VoiceHeader, rig: &Rig) -> Option<Arc<Output>> {
    rig.output(header.get("out")?).cloned()
}

/// The port that a hand is heard on: what the rig calls `in=`, or a part of a port's name.
pub(super) fn input(header: &VoiceHeader, rig: &Rig) -> Option<String> {
    let value = header.get("in").filter(|value| !value.trim().is_empty())?;
    Some(rig.output(value).map_or(value, |output| &output.port).to_owned())
}

/// Takes a property over; `None` where it is none of these.
pub(super) fn set(voice: &mut Voice, property: &Property) -> Option<Result<(), Why>> {
    let (name, value) = (property.name.as_str(), property.value.as_str());
    let said = || Fault::new(format!("'{}' does not fit {name}=", excerpt(value)));
    let wrong = |help: String| Some(Err(Why::Wrong(said().with_help(help))));
    let base = voice.output.as_ref().map_or(0, |output| output.program_base);
    match name {
        "out" if value.trim().is_empty() => {
            return wrong("an output of the rig, a part of a MIDI port's name, or synth".into());
        }
        "in" if value.trim().is_empty() => {
            return wrong("what the rig calls it, or a part of a MIDI input's name".into());
        }
        // What the rig calls them is read already.
        "in" => {}
        "out" => voice.out = Some(voice.output.as_ref().map_or(value, |output| output.port.as_str()).to_owned()),
        "channel" => match within(value, 1, 16) {
            Some(channel) => voice.channel = Some(channel as u8),
            None => return wrong("channels go from 1 to 16".into()),
        },
        "prog" => match within(value, u16::from(base), u16::from(base) + 127) {
            Some(program) => voice.program = Some(program as u8 - base),
            None if base == 1 => return wrong("programs of this box go from 1 to 128".into()),
            None => return wrong("programs go from 0 to 127".into()),
        },
        "bank" => match bank(value) {
            Some(bank) => voice.bank = Some(bank),
            None => return wrong("a bank from 0 to 16383, or its two bytes, as in 87/64".into()),
        },
        _ => return lane(voice, property),
    }
    Some(Ok(()))
}

/// What is said of programs as a whole.
pub(super) fn check(voice: &Voice) -> Option<&'static str> {
    (voice.bank.is_some() && voice.program.is_none()).then_some("bank= does nothing without prog=")
}

fn lane(voice: &mut Voice, property: &Property) -> Option<Result<(), Why>> {
    let number = controller::number(&property.name, voice.output.as_deref())?;
    let wrong = |help: &'static str| {
        let fault = Fault::new(format!("'{}' does not fit {}=", excerpt(&property.value), property.name));
        Some(Err(Why::Wrong(fault.with_help(help))))
    };
    if let Some(other) = controller::property(number) {
        let fault = Fault::new(format!("controller {number} is what {other}= says"));
        return Some(Err(Why::Wrong(fault)));
    }
    let Some(lane) = read(number, &property.value) else {
        return wrong("a value from 0 to 127, or a ramp over bars, as in 20..110/8");
    };
    voice.lanes.retain(|other| other.controller != number);
    voice.lanes.push(lane);
    Some(Ok(()))
}

fn read(controller: u8, value: &str) -> Option<Lane> {
    let number = |text: &str| within(text, 0, 127).map(|number| number as u8);
    let Some((from, rest)) = value.split_once("..") else {
        let value = number(value)?;
        return Some(Lane { controller, from: value, to: value, bars: 0 });
    };
    let (to, bars) = rest.split_once('/')?;
    let bars = bars.parse().ok().filter(|bars| (1..=LONGEST).contains(bars))?;
    Some(Lane { controller, from: number(from)?, to: number(to)?, bars })
}

fn bank(value: &str) -> Option<u16> {
    match value.split_once('/') {
        Some((most, least)) => Some(within(most, 0, 127)? << 7 | within(least, 0, 127)?),
        None => within(value, 0, 16383),
    }
}

fn within(text: &str, least: u16, most: u16) -> Option<u16> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::prompt::{Lane, Voice, read_with};
    use crate::rig::Rig;
    use crate::steer::Lexicon;

    const RIG: &str = "bass = { port = 'Mini', channel = 2, program_base = 1, cc = { cutoff = 43, grit = 3 }, fallback = 'sub' }\n\
                       kit = { port = 'Drum', drums = { kick = [1, 36] } }\n";

    fn voice(properties: &str) -> (Voice, Vec<String>) {
        let patches = ["reed", "sub"].map(String::from);
        let (rig, said) = Rig::read(Path::new("rig.toml"), RIG, &patches);
        assert_eq!(said, []);
        let text = format!("X:1\nM:4/4\nL:1/4\nK:C\nV:a by=loop {properties}\n[V:a] CDEF |\n");
        let (scenes, said) = read_with(Path::new("t.abc"), &text, &patches, &Lexicon::default(), &rig);
        let said = said.iter().map(|said| said.display("t", &text).replace("t:5:13: ", "")).collect();
        (scenes[0].voices[0].clone(), said)
    }

    fn lane(controller: u8, from: u8, to: u8, bars: u32) -> Lane {
        Lane { controller, from, to, bars }
    }

    #[test]
    fn outputs_of_the_rig() {
        let (bass, said) = voice("cutoff=20..110/8 grit=5 resonance=70 prog=128 patch=reed bank=87/64 out=bass");
        assert_eq!(said, [""; 0]);
        assert_eq!((bass.out.as_deref(), bass.channel, bass.patch.as_str()), (Some("Mini"), Some(2), "sub"));
        assert_eq!((bass.program, bass.bank), (Some(127), Some(87 * 128 + 64)));
        assert_eq!(bass.lanes, [lane(43, 20, 110, 8), lane(3, 5, 5, 0), lane(71, 70, 70, 0)]);
        let (own, _) = voice("out=bass channel=5");
        assert_eq!(own.channel, Some(5));
        let (kit, said) = voice("out=kit patch=reed");
        assert_eq!((kit.channel, kit.patch.as_str(), said.len()), (None, "reed", 0));
        assert_eq!(kit.output.expect("of the rig").drums[&36], (1, 36));
        // Not of the rig: a port.
        let (port, said) = voice("out=Nord cutoff=9 cutoff=10 cc43=1 prog=127");
        assert_eq!((port.out.as_deref(), port.output, said.len()), (Some("Nord"), None, 0));
        assert_eq!(port.lanes, [lane(74, 10, 10, 0), lane(43, 1, 1, 0)]);
    }

    #[test]
    fn what_does_not_fit() {
        let fits = "a value from 0 to 127, or a ramp over bars, as in 20..110/8";
        for (properties, expected) in [
            (
                "out=\"\"",
                "error: '' does not fit out= (an output of the rig, a part of a MIDI port's name, or synth)".to_owned(),
            ),
            ("cutoff=128", format!("error: '128' does not fit cutoff= ({fits})")),
            ("cutoff=20..110", format!("error: '20..110' does not fit cutoff= ({fits})")),
            ("cutoff=20..110/0", format!("error: '20..110/0' does not fit cutoff= ({fits})")),
            ("cc7=20", "error: controller 7 is what gain= says".to_owned()),
            ("cc32=20", "error: controller 32 is what bank= says".to_owned()),
            ("bank=1", "warning: bank= does nothing without prog=".to_owned()),
            (
                "bank=16384 prog=1",
                "error: '16384' does not fit bank= (a bank from 0 to 16383, or its two bytes, as in 87/64)".to_owned(),
            ),
            ("prog=128", "error: '128' does not fit prog= (programs go from 0 to 127)".to_owned()),
            ("prog=0 out=bass", "error: '0' does not fit prog= (programs of this box go from 1 to 128)".to_owned()),
            ("channel=0", "error: '0' does not fit channel= (channels go from 1 to 16)".to_owned()),
            ("cutof=20", "warning: cutof= is not known here and does nothing (did you mean 'cutoff'?)".to_owned()),
            ("gnarl=20", "warning: gnarl= is not known here and does nothing".to_owned()),
            ("cc120=20", "warning: cc120= is not known here and does nothing".to_owned()),
        ] {
            assert_eq!(voice(properties).1, [expected], "{properties}");
        }
    }
}
