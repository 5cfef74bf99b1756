//! The form in which a model is written to: what is said before the tune, and how its lines look. Pure; used on the decode thread.
//!
//! Whatever the form is, what the model reads stays a pure function of the prompt, and only its end changes from bar to bar.

use serde::Deserialize;

use super::Prompt;

/// In [`Form::turn`], the chat template of the model file.
pub const CHAT: &str = "chat";
/// In [`Form::turn`], the place of what is asked for.
pub const REQUEST: &str = "{request}";

/// Part of a profile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Form {
    /// What stands before the tune: a text with `{request}` in it, in which control tokens count; `"chat"` for the model file's own template;
    /// empty for nothing. Not given, it is the template of a file that is named as a chat model, and nothing for others.
    pub turn: Option<String>,
    /// What ends a line of the header, and of words.
    pub newline: String,
    /// What stands behind a bar of all voices; empty for `newline` at the end of a line and a blank before.
    pub bar_end: String,
    /// Where `[V:name]` stands before a voice's bar.
    pub tags: Tags,
    /// Where lines of music end.
    pub lines: Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tags {
    Always,
    /// Only where several voices are shown.
    Several,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lines {
    /// After every bar.
    Bar,
    /// At phrase lines, as in tune books, where there is one voice; after every bar where there are several.
    Phrase,
}

impl Default for Form {
    fn default() -> Self {
        Form { turn: None, newline: "\n".into(), bar_end: String::new(), tags: Tags::Always, lines: Lines::Bar }
    }
}

impl Form {
    /// What stands before the tune: text in which control tokens count, the request, and such text again. `None` for nothing.
    #[must_use]
    pub fn turn(&self, prompt: &Prompt) -> Option<(&str, String, &str)> {
        let turn = self.turn.as_deref().filter(|turn| !turn.is_empty())?;
        let (before, after) = turn.split_once(REQUEST).unwrap_or((turn, ""));
        Some((before, request(prompt), after))
    }
}

/// What the user of a chat model would say. Words are those of the oldest bar that the model still sees; later ones stand in the tune.
fn request(prompt: &Prompt) -> String {
    let names: Vec<&str> = prompt.voices.iter().map(|voice| voice.name.as_str()).collect();
    let voices = match names.as_slice() {
        [] | [_] => "a tune for one voice".to_owned(),
        [others @ .., last] => {
            format!("music for {} voices, {} and {last}, one bar of each on a line,", names.len(), others.join(", "))
        }
    };
    let words = prompt.bars.first().map(|bar| bar.words.join(", ")).filter(|words| !words.is_empty());
    let words = words.map(|words| format!(" It should be: {words}.")).unwrap_or_default();
    let (meter, key) = (prompt.meter, prompt.key);
    format!(
        "Write {voices} in ABC notation, in {meter} and in the key of {key}, with L:1/8, all in notes and with few rests.{words}"
    )
}
