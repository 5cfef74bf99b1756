//! What is copied, for the terminal's clipboard: the sequence OSC 52, which most terminals honour and the rest pass over. Plain functions.

/// What to send, so that other programs can paste the text.
#[must_use]
pub fn sequence(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", base64(text.as_bytes()))
}

/// Whether a terminal of this name (`TERM`) may be sent that. The Linux console has no clipboard, and GNU screen prints what it does not know.
#[must_use]
pub fn is_taken(terminal: Option<&str>, in_screen: bool) -> bool {
    !in_screen && terminal.is_some_and(|name| !["", "linux", "dumb"].contains(&name))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |three: &[u8]| {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        let digit = move |at: usize| DIGITS[(number >> (18 - 6 * at)) as usize & 63] as char;
        let written = three.len() + 1;
        (0..4).map(move |at| if at < written { digit(at) } else { '=' })
    };
    bytes.chunks(3).flat_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648, section 10.
    #[test]
    fn the_text_is_written_in_base64() {
        for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
        assert_eq!(sequence("é\n"), "\x1b]52;c;w6kK\x07");
    }

    #[test]
    fn terminals_without_a_clipboard_are_left_alone() {
        assert!(is_taken(Some("xterm-256color"), false) && is_taken(Some("tmux-256color"), false));
        assert!(!is_taken(Some("linux"), false) && !is_taken(None, false) && !is_taken(Some("screen"), true));
    }
}
