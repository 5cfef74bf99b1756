//! What a patch declares of its voices: how many, one line or chords, bound or not, gliding or not. Plain data.

use super::vocabulary::Parameter;

/// So many voices a patch may have.
pub const MAX_PATCH_VOICES: usize = 16;

/// What a key does that is struck while another is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Touch {
    /// It sounds beside it.
    #[default]
    Chords,
    /// It takes the one voice over, with a stroke of its own.
    Mono,
    /// It takes the one voice over without a stroke: envelopes go on.
    Legato,
}

/// How notes are given to the voices of a patch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Playing {
    /// As many as the patch asks for, 1 to [`MAX_PATCH_VOICES`].
    pub voices: Option<usize>,
    pub touch: Touch,
    /// Seconds from the pitch of the note before, to a thousandth of the interval.
    pub glide: Option<f32>,
}

/// One declaration, a statement of its own in a script.
pub struct Declaration {
    pub name: &'static str,
    pub parameter: Option<Parameter>,
    pub help: &'static str,
    declare: fn(&mut Playing, f64) -> Result<(), String>,
}

impl std::fmt::Debug for Declaration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every declaration, in the order of the manual.
pub static DECLARATIONS: &[Declaration] = &[
    Declaration {
        name: "voices",
        parameter: Some(Parameter { name: "count", least: 1.0, most: MAX_PATCH_VOICES as f32 }),
        help: "so many notes sound together; 8 without it",
        declare: |playing, count| {
            if count.fract() != 0.0 {
                return Err(format!("voices: count is a whole number, not {count}"));
            }
            if playing.touch != Touch::Chords {
                return Err(ONE_VOICE.to_owned());
            }
            once("voices", playing.voices.replace(count as usize))
        },
    },
    Declaration {
        name: "mono",
        parameter: None,
        help: "one note at a time: the last key counts, and the one before when it is let go",
        declare: |playing, _| touch(playing, "mono", Touch::Mono),
    },
    Declaration {
        name: "legato",
        parameter: None,
        help: "the same, and notes that overlap (slurs) are bound: no new stroke",
        declare: |playing, _| touch(playing, "legato", Touch::Legato),
    },
    Declaration {
        name: "glide",
        parameter: Some(Parameter { name: "seconds", least: 0.001, most: 10.0 }),
        help: "the pitch slides from the note before; with `legato()` only between notes that overlap",
        declare: |playing, seconds| once("glide", playing.glide.replace(seconds as f32)),
    },
];

const ONE_VOICE: &str = "mono() and legato() have one voice, voices(…) does not go with them";

fn once<T>(name: &str, before: Option<T>) -> Result<(), String> {
    before.map_or(Ok(()), |_| Err(format!("{name} is said twice")))
}

fn touch(playing: &mut Playing, name: &str, touch: Touch) -> Result<(), String> {
    if playing.voices.is_some() {
        return Err(ONE_VOICE.to_owned());
    }
    match std::mem::replace(&mut playing.touch, touch) {
        Touch::Chords => Ok(()),
        before if before == touch => Err(format!("{name} is said twice")),
        _ => Err("a patch is mono() or legato(), not both".to_owned()),
    }
}

impl Declaration {
    /// `glide(seconds)`.
    #[must_use]
    pub fn usage(&self) -> String {
        format!("{}({})", self.name, self.parameter.as_ref().map_or("", |parameter| parameter.name))
    }

    /// Adds it to what is declared, or says in a sentence why not. `arguments` are `None` where they are no numbers.
    pub(super) fn declare(&self, playing: &mut Playing, arguments: &[Option<f64>]) -> Result<(), String> {
        let number = match (&self.parameter, arguments) {
            (None, []) => 0.0,
            (Some(parameter), [Some(number)]) => {
                parameter.check(self.name, *number)?;
                *number
            }
            _ => return Err(format!("{} is used as {}", self.name, self.usage())),
        };
        (self.declare)(playing, number)
    }
}
