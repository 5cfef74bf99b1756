//! The form in which a model is written to: what is said before the tune, and how its lines look. Pure; used on the decode thread.
//!
//! Whatever the form is, what the model reads stays a pure function of the prompt, and only its end changes from bar to bar.

use serde::Deserialize;

use super::Prompt;

/// In [`Form::turn`], the chat template of the model file.
pub const CHAT: &str = "chat";
/// In [`Form::turn`], the place of what is asked for.
pub const REQUEST: &str = "{request}";

/// Part of a profile; what is not given there is as for the bundled model.
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
    /// So many bars by rule stand before the music, for a model to go on from that was not taught to begin.
    pub example: u32,
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
        Form {
            turn: None,
            newline: "\n".into(),
            bar_end: String::new(),
            tags: Tags::Always,
            lines: Lines::Bar,
            example: 0,
        }
    }
}

impl Form {
    /// For a model of which nothing is known: as in tune books, and with something to go on from. Of the forms tried with two small models
    /// of text this one gave the most bars that differ, and the fewest tokens in a bar.
    #[must_use]
    pub fn guest() -> Form {
        Form { tags: Tags::Several, lines: Lines::Phrase, example: 4, ..Form::default() }
    }

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

#[cfg(test)]
mod tests {
    use super::super::obeyed::openings;
    use super::super::profile::Profile;
    use super::super::stream::Stream;
    use super::super::{PromptVoice, Role};

    /// What a model reads of two bars of one voice, and of two voices, without control words.
    fn read(profile: &str) -> [String; 2] {
        let profile: Profile = toml::from_str(profile).unwrap();
        [1, 2].map(|voices| {
            let mut prompt = openings(Role::Lead, (55, 88), 1).swap_remove(0);
            prompt.bars.truncate(2);
            let bass = PromptVoice { name: "bass".into(), role: Role::Bass, ..prompt.voices[0].clone() };
            prompt.voices.insert(0, bass);
            prompt.voices.drain(..2 - voices);
            for bar in &mut prompt.bars {
                bar.words = vec!["low".into()];
                bar.cells = vec![Some("G,6".into()), Some("GAB d3".into())];
                bar.cells.drain(..2 - voices);
            }
            let stream = Stream::new(&prompt, &profile);
            let turn = stream.turn().map_or_else(String::new, |(before, request, after)| {
                assert!(request.contains("6/8") && request.contains("of G,") && request.contains("low"), "{request}");
                format!("{before}…{after}")
            });
            let lines: String = (0..2).map(|bar| stream.line(bar).0.concat()).collect();
            format!("{turn}{}{lines}", stream.header())
        })
    }

    #[test]
    fn each_form_is_what_its_models_know() {
        let plain = "X:1\nM:6/8\nL:1/8\nK:G\n% low\n";
        let tagged = "[V:bass] G,6 | [V:lead] GAB d3 |\n[V:bass] G,6 | [V:lead] GAB d3 |\n";
        let mupt = "X:1<n>M:6/8<n>L:1/8<n>K:G<n>";
        let cases: [(&str, String, String); 4] = [
            ("", format!("{plain}[V:lead] GAB d3 |\n[V:lead] GAB d3 |\n"), format!("{plain}{tagged}")),
            ("tags = 'several'\nlines = 'phrase'", format!("{plain}GAB d3 | GAB d3 | "), format!("{plain}{tagged}")),
            (
                "turn = 'Human: {request} </s> Assistant: '\ntags = 'several'",
                format!("Human: … </s> Assistant: {plain}GAB d3 |\nGAB d3 |\n"),
                format!("Human: … </s> Assistant: {plain}{tagged}"),
            ),
            (
                "newline = '<n>'\nbar_end = ' <|> <|> '\ntags = 'never'\nwords = []",
                format!("{mupt}GAB d3 | <|> <|> GAB d3 | <|> <|> "),
                format!("{mupt}G,6 | GAB d3 | <|> <|> G,6 | GAB d3 | <|> <|> "),
            ),
        ];
        for (profile, one, two) in cases {
            assert_eq!(read(profile), [one, two], "{profile}");
        }
    }

    #[test]
    fn an_example_is_in_the_music_s_own_terms_and_never_changes() {
        let profile: Profile = toml::from_str("example = 2").unwrap();
        let mut prompt = openings(Role::Lead, (55, 88), 1).swap_remove(0);
        let example = Stream::new(&prompt, &profile).example();
        assert_eq!(example.matches("[V:lead] ").count(), 2);
        assert_eq!(example.matches(" |\n").count(), 2);
        prompt.bars.truncate(1);
        prompt.bars[0].cells[0] = Some("G6".into());
        prompt.seed = 9;
        assert_eq!(Stream::new(&prompt, &profile).example(), example);
        assert_eq!(Stream::new(&prompt, &Profile::default()).example(), "");
    }
}
