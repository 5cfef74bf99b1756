//! Fields of a scene's header, written into its text. Pure.

use super::tune;
use crate::abc::Span;
use crate::abc::parse::{comment_start, field_code, lines};

/// Gives fields of the header of a scene these values, such as `('M', "3/4")`: a line that says the field keeps its comment; a field that no line
/// says stands before `K:`. `Err` says why there is no place for them.
pub fn set_fields(text: &str, scene: u32, fields: &[(char, String)]) -> Result<String, String> {
    let header = tune(text, scene)?.header.span;
    let within = lines(&text[header.start..header.end])
        .map(|line| Span { start: header.start + line.start, end: header.start + line.end });
    let lines: Vec<(u8, Span)> =
        within.filter_map(|line| Some((field_code(&text[line.start..line.end], false)?, line))).collect();
    let key = lines.iter().rfind(|(code, _)| *code == b'K').map(|(_, line)| line.start);
    let key = key.ok_or("the header has no K:, before which fields stand")?;
    let mut edits: Vec<(Span, String)> = Vec::new();
    for (name, value) in fields {
        // The last line of a field is the one that counts.
        edits.push(if let Some((code, line)) = lines.iter().rfind(|(code, _)| char::from(*code) == *name) {
            let said = &text[line.start..line.end];
            let comment = comment_start(said, Some(*code));
            let gap = if comment < said.len() { " " } else { "" };
            (Span { start: line.start + 2, end: line.start + comment }, format!("{value}{gap}"))
        } else {
            let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
            (Span { start: key, end: key }, format!("{name}:{value}{line_break}"))
        });
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut written = text.to_owned();
    for (span, value) in edits.into_iter().rev() {
        written.replace_range(span.start..span.end, &value);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, fields: &[(char, &str)], expected: Result<&str, &str>) {
        let fields: Vec<(char, String)> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let written = set_fields(text, 2, &fields);
        assert_eq!(written.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn what_is_said_is_said_anew_and_the_rest_before_the_key() {
        let fields = [('M', "3/4"), ('Q', "1/4=92"), ('K', "Gdor")];
        check(
            "X:1\nK:C\nM:4/4\n\nX:2\nM:4/4 % common\nL:1/8\n% slow\nK:C\n|: C4 :|\nK:D\n",
            &fields,
            Ok("X:1\nK:C\nM:4/4\n\nX:2\nM:3/4 % common\nL:1/8\n% slow\nQ:1/4=92\nK:Gdor\n|: C4 :|\nK:D\n"),
        );
        check("X:2\r\nK:C clef=bass", &fields[..1], Ok("X:2\r\nM:3/4\r\nK:C clef=bass"));
        check("X:1\nK:C\n", &fields, Err("there is no X:2 in the text"));
        check("X:2\nT:none\n", &fields, Err("the header has no K:, before which fields stand"));
    }
}
